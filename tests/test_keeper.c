/* SPDX-License-Identifier: Apache-2.0 */
/* test_keeper: what is too old by the clock goes, in one collector of several; what is too large is said once. */
#include "collector/tasks/keeper.h"
#include "tests/engine_kit.h"

#define KEEP (10 * DAY)

typedef struct
{
  EngineKit *kit;
  HmFakeClock *clock;
  HmKeeperSettings settings;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->kit = engine_kit_new ();
  f->clock = hm_fake_clock_new (MORNING + KEEP);
  f->settings = (HmKeeperSettings){ .raw_ns = KEEP, .clock = &f->clock->clock, .holder = "one" };
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  engine_kit_free (f->kit);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static HmKeeper *
keeper_of (Fixture *f)
{
  return hm_keeper_new (f->kit->real, f->kit->store, &f->settings);
}

static void
turn_to_the_end (Fixture *f, HmKeeper *keeper)
{
  while (hm_keeper_turn (f->kit->engine, keeper))
    ;
}

/* A record of resource r in each of @days days. */
static void
add_days (Fixture *f, guint days)
{
  g_autoptr (GPtrArray) all = engine_kit_arrivals ();

  for (guint day = 0; day < days; day++)
    engine_kit_add_reading (f->kit, all, "r", 1 + day * 24 * 60, 1000 * (day + 1), HM_STATE_RUNNING);
  engine_kit_take (f->kit, all);
}

static void
keeper_counts_back_from_now (void **state)
{
  Fixture *f = *state;
  HmRetention retention;

  f->settings.letters_ns = DAY;
  f->settings.messages_ns = 36500 * DAY;
  hm_keeper_retention (&f->settings, MORNING + KEEP + 90 * MINUTE, &retention);
  assert_int_equal (retention.raw, MORNING);
  assert_int_equal (retention.letters, MORNING + KEEP - DAY + HOUR);
  assert_int_equal (retention.bins, HM_TIME_UNKNOWN);
  assert_int_equal (retention.messages, HM_TIME_UNKNOWN);
}

static void
keeper_removes_raw_rows_as_their_days_pass (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = keeper_of (f);
  g_autofree char *before = NULL, *after = NULL;

  add_days (f, 5);
  before = engine_kit_dump_usage (f->kit);
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 5);
  hm_fake_clock_advance (f->clock, 2 * DAY);
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 3);
  hm_fake_clock_advance (f->clock, 7 * DAY);
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 0);
  after = engine_kit_dump_usage (f->kit);
  assert_string_equal (after, before);
}

static void
keeper_leaves_the_work_to_the_one_that_has_the_lease (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = keeper_of (f);
  guint64 token;

  add_days (f, 5);
  hm_fake_clock_advance (f->clock, 9 * DAY);
  assert_true (
      f->kit->real->lease (f->kit->store, "retention", "another", HM_NSEC_PER_SEC * 3600, &token, NULL));
  assert_false (hm_keeper_turn (f->kit->engine, keeper));
  assert_int_equal (engine_kit_raw_rows (f->kit), 5);
  assert_true (f->kit->real->lease (f->kit->store, "retention", "another", -1, &token, NULL));
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 0);
}

static void
keeper_keeps_everything_when_it_is_for_ever (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = NULL;

  f->settings.raw_ns = 0;
  keeper = keeper_of (f);
  add_days (f, 5);
  hm_fake_clock_advance (f->clock, 900 * DAY);
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 5);
}

/* -- periods -- */

static HmTime closed;

/* One that is over since long, and one that ends then. */
static gboolean
list_closed (HmStore *store, HmPeriodVisit visit, gpointer user, GError **error)
{
  const HmPeriodRow rows[] = { { .name = "the last", .from = closed - 2 * DAY, .to = closed },
                               { .name = "one before", .from = closed - 9 * DAY, .to = closed - 2 * DAY } };

  (void)store;
  (void)error;
  for (guint i = 0; i < G_N_ELEMENTS (rows) && visit (&rows[i], user); i++)
    ;
  return TRUE;
}

static void
keeper_keeps_what_is_not_closed_where_periods_are_closed (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = NULL;

  closed = MORNING + 2 * DAY + 22 * HOUR;
  f->kit->ops.list_periods = list_closed;
  keeper = hm_keeper_new (&f->kit->ops, f->kit->store, &f->settings);
  add_days (f, 5);
  hm_fake_clock_advance (f->clock, 900 * DAY);
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 3);
  closed = MORNING + 4 * DAY;
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 1);
}

static void
keeper_goes_by_age_alone_where_what_is_old_is_closed (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = NULL;

  closed = MORNING + 900 * DAY;
  f->kit->ops.list_periods = list_closed;
  keeper = hm_keeper_new (&f->kit->ops, f->kit->store, &f->settings);
  add_days (f, 5);
  hm_fake_clock_advance (f->clock, 2 * DAY);
  turn_to_the_end (f, keeper);
  assert_int_equal (engine_kit_raw_rows (f->kit), 3);
}

/* -- size -- */

static guint64 size;

static gboolean
say_size (HmStore *store, guint64 *ret_bytes, GError **error)
{
  (void)store;
  (void)error;
  *ret_bytes = size;
  return TRUE;
}

static void
assert_size (Fixture *f, HmKeeper *keeper, guint64 bytes, gboolean over, guint64 alarms)
{
  HmKeeperCounts counts;

  size = bytes;
  hm_fake_clock_advance (f->clock, HM_KEEPER_EVERY_NS);
  turn_to_the_end (f, keeper);
  hm_keeper_counts (keeper, &counts);
  assert_int_equal (counts.bytes, bytes);
  assert_int_equal (counts.over, over);
  assert_int_equal (counts.alarms, alarms);
}

static void
keeper_raises_an_alarm_once_when_the_store_is_too_large (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = NULL;

  f->settings.max_bytes = 1000;
  f->kit->ops.size = say_size;
  keeper = hm_keeper_new (&f->kit->ops, f->kit->store, &f->settings);
  add_days (f, 5);
  assert_size (f, keeper, 1000, FALSE, 0);
  assert_size (f, keeper, 1001, TRUE, 1);
  assert_size (f, keeper, 5000, TRUE, 1);
  assert_size (f, keeper, 999, FALSE, 1);
  assert_size (f, keeper, 1001, TRUE, 2);
  assert_int_equal (engine_kit_raw_rows (f->kit), 5);
}

static void
keeper_knows_the_size_of_its_store (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmKeeper) keeper = keeper_of (f);
  HmStoreStatus status;
  HmKeeperCounts counts;

  assert_false (hm_keeper_turn (f->kit->engine, keeper));
  assert_true (f->kit->real->status (f->kit->store, &status, NULL));
  hm_keeper_counts (keeper, &counts);
  assert_true (counts.bytes > 0);
  assert_int_equal (counts.bytes, status.bytes);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (keeper_counts_back_from_now),
    CASE (keeper_removes_raw_rows_as_their_days_pass),
    CASE (keeper_leaves_the_work_to_the_one_that_has_the_lease),
    CASE (keeper_keeps_everything_when_it_is_for_ever),
    CASE (keeper_keeps_what_is_not_closed_where_periods_are_closed),
    CASE (keeper_goes_by_age_alone_where_what_is_old_is_closed),
    CASE (keeper_raises_an_alarm_once_when_the_store_is_too_large),
    CASE (keeper_knows_the_size_of_its_store),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
