/* SPDX-License-Identifier: Apache-2.0 */
/* test_clock_step: hosts whose wall clocks are set, wrongly and rightly, while they meter. Single steps first; then random lives on two hosts that
 * boot, step, are synchronised or not and say times that have not come: the tables are the same in whatever order, number and batches
 * the records arrive, with restarts between, and also when raw records have gone. */
#include "collector/engine/engine_prune.h"
#include "tests/chance.h"
#include "tests/engine_kit.h"

#include <string.h>

#define SECOND HM_NSEC_PER_SEC
#define ROUNDS 30
#define LENGTH 60
#define BUDGET (G_GINT64_CONSTANT (1) << 40)

/* What one record says, and when it was appended. */
typedef struct
{
  HmTime time, appended;
  const char *agent, *boot; /* static, or interned */
  gint64 boot_ns;
  gboolean trusted;
  guint64 seq, cpu;
} Said;

static HmArrival *
arrival_of (EngineKit *kit, const Said *said)
{
  HmArrival *arrival;
  HmSample samples[2];
  HmRecord record;

  engine_kit_record (&record, "r", said->seq, said->time);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = said->cpu;
  record.samples = samples;
  record.agent.id = said->agent;
  record.clock
      = (HmClockStamp){ said->boot, said->boot_ns, said->trusted, said->trusted ? SECOND / 100 : -1 };
  arrival = engine_kit_arrival (kit, &record);
  arrival->appended = said->appended;
  return arrival;
}

static void
take_all (EngineKit *kit, const Said *said, guint n)
{
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (batch, arrival_of (kit, &said[i]));
  engine_kit_take (kit, batch);
}

static HmEngineCounts
counts_of (EngineKit *kit)
{
  HmEngineCounts counts;

  hm_engine_counts (kit->engine, &counts);
  return counts;
}

/* -- one step -- */

/* The @minute-th minute of one boot, by a wall clock that is wrong by @wrong. */
static Said
minute_of (guint minute, HmTime wrong, gboolean trusted)
{
  return (Said){ .time = MORNING + minute * MINUTE + wrong,
                 .appended = MORNING + minute * MINUTE + SECOND,
                 .agent = "node",
                 .boot = "boot",
                 .boot_ns = DAY + minute * MINUTE,
                 .trusted = trusted,
                 .seq = minute,
                 .cpu = minute * 1000 };
}

/* As tables that no clock was ever wrong in, but for flags. */
static void
assert_as_if_right (EngineKit *kit, guint minutes)
{
  g_autoptr (EngineKit) whole = engine_kit_new ();
  KitSum sum = engine_kit_cpu (kit, "r"), right;

  for (guint minute = 1; minute <= minutes; minute++)
    {
      Said said = minute_of (minute, 0, FALSE);

      take_all (whole, &said, 1);
    }
  right = engine_kit_cpu (whole, "r");
  assert_true (sum.quantity == right.quantity);
  assert_int_equal (sum.count, right.count);
  assert_int_equal (sum.cells, right.cells);
}

static void
engine_goes_by_boot_time_after_a_step_back (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();

  (void)state;
  for (guint minute = 1; minute <= 100; minute++)
    {
      Said said = minute_of (minute, minute > 50 ? -3 * HOUR : 0, FALSE);

      take_all (kit, &said, 1);
    }
  assert_as_if_right (kit, 100);
  assert_int_equal (counts_of (kit).refolds, 0);
}

/* Ahead of the bus, and yet not from the future. */
static void
engine_goes_by_boot_time_after_a_step_ahead (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();

  (void)state;
  for (guint minute = 1; minute <= 100; minute++)
    {
      Said said = minute_of (minute, minute > 50 && minute < 80 ? 3 * HOUR : 0, minute >= 80);

      take_all (kit, &said, 1);
    }
  assert_as_if_right (kit, 100);
  assert_int_equal (counts_of (kit).refolds, 0);
}

/* Its place is before what was folded, though its clock says that it is the last. */
static void
engine_folds_again_when_a_record_is_placed_before_others (void **state)
{
  const Said said[] = { minute_of (1, 0, FALSE), minute_of (3, HOUR, FALSE), minute_of (2, 2 * HOUR, FALSE) };
  g_autoptr (EngineKit) kit = engine_kit_new ();

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (said); i++)
    take_all (kit, &said[i], 1);
  assert_as_if_right (kit, 3);
  assert_int_equal (counts_of (kit).refolds, 1);
}

/* -- random lives -- */

typedef struct
{
  const char *agent;
  char boot[16];
  HmTime began;
  gint64 wrong;
  guint boots;
  guint64 seq, cpu;
} Host;

static void
boot_host (GRand *rand, Host *host, HmTime now)
{
  g_snprintf (host->boot, sizeof host->boot, "%s-%u", host->agent, host->boots++);
  host->began = now - g_rand_int_range (rand, 1, 1000) * SECOND;
  host->wrong = g_rand_int_range (rand, 0, 3) == 0 ? g_rand_int_range (rand, -7200, 7200) * SECOND : 0;
}

static void
set_clock (GRand *rand, Host *host)
{
  switch (g_rand_int_range (rand, 0, 20))
    {
    case 0:
      host->wrong = g_rand_int_range (rand, -7200, 7200) * SECOND;
      break;
    case 1:
      host->wrong += g_rand_int_range (rand, -1500, 1500) * (SECOND / 1000);
      break;
    case 2:
    case 3:
      host->wrong = 0;
      break;
    default:
      break;
    }
}

static Said
read_host (GRand *rand, Host *host, HmTime now)
{
  gboolean late = g_rand_int_range (rand, 0, 6) == 0, odd = g_rand_int_range (rand, 0, 25) == 0;

  host->cpu += (guint64)g_rand_int_range (rand, 0, 5000);
  return (Said){ .time = now + host->wrong + (odd ? g_rand_int_range (rand, 0, 20000) * SECOND : 0),
                 .appended = now + g_rand_int_range (rand, 1, late ? 10000 : 10) * SECOND,
                 .agent = host->agent,
                 .boot = g_intern_string (host->boot),
                 .boot_ns = now - host->began,
                 .trusted = host->wrong == 0 && g_rand_int_range (rand, 0, 3) == 0,
                 .seq = ++host->seq,
                 .cpu = host->cpu };
}

/* (element-type Said) (transfer full) */
static GArray *
live (GRand *rand, guint n)
{
  GArray *said = g_array_new (FALSE, FALSE, sizeof (Said));
  Host hosts[] = { { .agent = "a" }, { .agent = "b" } };
  HmTime now = MORNING;
  guint at = 0;

  boot_host (rand, &hosts[0], now);
  boot_host (rand, &hosts[1], now);
  while (said->len < n)
    {
      Said one;

      now += g_rand_int_range (rand, 1, 1200) * SECOND;
      at = g_rand_int_range (rand, 0, 8) == 0 ? 1 - at : at;
      if (g_rand_int_range (rand, 0, 25) == 0)
        boot_host (rand, &hosts[at], now);
      set_clock (rand, &hosts[at]);
      one = read_host (rand, &hosts[at], now);
      g_array_append_val (said, one);
    }
  return said;
}

static void
shuffle (GRand *rand, GArray *said, guint reach)
{
  for (guint i = said->len; i > 1; i--)
    {
      guint j = (guint)g_rand_int_range (rand, i > reach ? (gint32)(i - reach) : 0, (gint32)i);
      Said swapped = g_array_index (said, Said, i - 1);

      g_array_index (said, Said, i - 1) = g_array_index (said, Said, j);
      g_array_index (said, Said, j) = swapped;
    }
}

/* Some of them twice. */
static GArray *
disorder (GRand *rand, const GArray *said)
{
  static const guint reaches[] = { 1, 3, 10, LENGTH * 2 };
  GArray *order = g_array_new (FALSE, FALSE, sizeof (Said));

  g_array_append_vals (order, said->data, said->len);
  for (guint i = 0; i < said->len; i++)
    if (g_rand_int_range (rand, 0, 4) == 0)
      g_array_append_val (order, g_array_index (said, Said, i));
  shuffle (rand, order, reaches[g_rand_int_range (rand, 0, G_N_ELEMENTS (reaches))]);
  return order;
}

static void
take_in_batches (GRand *rand, EngineKit *kit, const GArray *said)
{
  gint32 most = g_rand_int_range (rand, 1, 12);

  for (guint at = 0, n; at < said->len; at += n)
    {
      n = (guint)g_rand_int_range (rand, 1, most + 1);
      n = MIN (n, said->len - at);
      take_all (kit, &g_array_index (said, Said, at), n);
      if (g_rand_int_range (rand, 0, 8) == 0)
        engine_kit_restart (kit);
    }
}

static void
engine_places_records_alike_however_they_arrive (void **state)
{
  g_autoptr (GRand) rand = chance_new ();

  (void)state;
  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (EngineKit) whole = engine_kit_new (), kit = engine_kit_new ();
      g_autoptr (GArray) said = live (rand, LENGTH), order = disorder (rand, said);
      g_autofree char *expected = NULL, *got = NULL;

      take_all (whole, (const Said *)(gpointer)said->data, said->len);
      kit->cache_bytes = g_rand_boolean (rand) ? 0 : 1 << 20;
      engine_kit_restart (kit);
      take_in_batches (rand, kit, order);
      expected = engine_kit_dump (whole);
      got = engine_kit_dump (kit);
      assert_string_equal (got, expected);
    }
}

static void
prune (EngineKit *kit, HmTime edge)
{
  const HmRetention retention
      = { .raw = edge, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_prune (kit->engine, &retention, BUDGET, &more, &error))
      fail_msg ("%s", error->message);
}

/* The last two of them come the wrong way round, so that the resource is folded again from its edge. */
static void
engine_folds_again_from_an_edge_among_steps (void **state)
{
  g_autoptr (GRand) rand = chance_new ();

  (void)state;
  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (EngineKit) whole = engine_kit_new (), kit = engine_kit_new ();
      g_autoptr (GArray) said = live (rand, LENGTH);
      g_autofree char *expected = NULL, *got = NULL;
      const Said far = { MORNING + 2 * DAY, MORNING + 3 * DAY, "c", "c", HOUR, TRUE, 3, 1 };
      const Said end[]
          = { { MORNING + 3 * DAY + HOUR, MORNING + 3 * DAY + HOUR, "c", "c", DAY + HOUR, TRUE, 2, 9 },
              { MORNING + 3 * DAY, MORNING + 3 * DAY, "c", "c", DAY, TRUE, 1, 5 } };

      take_all (whole, (const Said *)(gpointer)said->data, said->len);
      take_in_batches (rand, kit, said);
      take_all (whole, &far, 1);
      take_all (kit, &far, 1); /* nothing waits any more: an edge would leave it behind */
      for (gint32 hour = g_rand_int_range (rand, 0, 8); hour < 12; hour += g_rand_int_range (rand, 1, 6))
        {
          prune (kit, MORNING + hour * HOUR);
          if (g_rand_boolean (rand))
            engine_kit_restart (kit);
        }
      for (guint i = 0; i < G_N_ELEMENTS (end); i++)
        {
          take_all (whole, &end[i], 1);
          take_all (kit, &end[i], 1);
        }
      assert_true (counts_of (kit).refolds > 0);
      expected = engine_kit_dump_usage (whole);
      got = engine_kit_dump_usage (kit);
      assert_string_equal (got, expected);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (engine_goes_by_boot_time_after_a_step_back),
    cmocka_unit_test (engine_goes_by_boot_time_after_a_step_ahead),
    cmocka_unit_test (engine_folds_again_when_a_record_is_placed_before_others),
    cmocka_unit_test (engine_places_records_alike_however_they_arrive),
    cmocka_unit_test (engine_folds_again_from_an_edge_among_steps),
  };

  return cmocka_run_group_tests_name ("clock step", tests, NULL, NULL);
}
