/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine: a batch is one transaction, each record counts once, and how records arrive leaves no trace.
 */
#include "metering/error.h"
#include "tests/engine_kit.h"

#include <string.h>

static const HmStoreOps *real; /* behind the one that a test replaced */

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

/* @n records of one instance, a minute apart, whose counter grows by 10. */
static void
add_minutes (EngineKit *kit, GPtrArray *arrivals, const char *resource, guint first, guint n)
{
  for (guint i = first; i < first + n; i++)
    engine_kit_add_reading (kit, arrivals, resource, i, 10 * (guint64)i, HM_STATE_RUNNING);
}

static void
assert_letters (EngineKit *kit, const char *expected)
{
  g_autofree char *letters = engine_kit_letters (kit);

  assert_string_equal (letters, expected);
}

static gint64
offset_of (EngineKit *kit)
{
  gint64 next;
  gboolean found;

  assert_true (kit->real->offset_get (kit->store, "t", 0, &next, &found, NULL));
  return found ? next : -1;
}

/* -- what is taken -- */

static void
engine_counts_usage_over_batches_and_grains (void **state)
{
  EngineKit *kit = *state;

  for (guint batch = 0; batch < 5; batch++)
    {
      g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

      add_minutes (kit, arrivals, "r1", 1 + batch * 30, 30);
      engine_kit_take (kit, arrivals);
    }
  assert_true (engine_kit_cpu (kit, "r1").quantity == 10 * 150 - 10);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 150);
  assert_int_equal (engine_kit_cpu (kit, "r1").cells, 3);
  assert_int_equal (engine_kit_raw_rows (kit), 150);
  assert_int_equal (offset_of (kit), 150);
}

static gboolean
check_agent (const HmAgentRow *row, gpointer user)
{
  const HmEngineCounts *counts = user;

  assert_string_equal (row->agent, "node");
  assert_int_equal (row->records, 20);
  assert_int_equal (row->samples, 40);
  assert_int_equal (row->duplicates, 1);
  assert_int_equal (counts->records, 20);
  assert_int_equal (counts->samples, 40);
  assert_int_equal (counts->duplicates, 1);
  assert_int_equal (counts->commits, 2);
  return TRUE;
}

static void
engine_counts_what_each_agent_sent (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) first = engine_kit_arrivals (), second = engine_kit_arrivals ();
  HmEngineCounts counts;

  add_minutes (kit, first, "r1", 1, 10);
  engine_kit_take (kit, first);
  add_minutes (kit, second, "r2", 1, 10);
  add_minutes (kit, second, "r1", 4, 1);
  engine_kit_take (kit, second);
  hm_engine_counts (kit->engine, &counts);
  assert_true (kit->real->list_agents (kit->store, check_agent, &counts, NULL));
}

static void
engine_describes_resources_by_their_latest_record (void **state)
{
  static char keys[][16] = { "display_name", "project_name" }, values[][8] = { "web-1", "Shop" };
  static const HmAttr names[] = { { keys[0], values[0] }, { keys[1], values[1] } };
  EngineKit *kit = *state;
  g_autofree char *dump = NULL;
  HmRecord record;

  engine_kit_record (&record, "r1", 1, MORNING);
  record.kind = HM_RECORD_LIFECYCLE;
  record.event = "described";
  record.observed = "event";
  record.n_samples = 0;
  record.description = names;
  record.n_description = G_N_ELEMENTS (names);
  engine_kit_take_record (kit, &record);
  engine_kit_record (&record, "r1", 3, MORNING + 2 * MINUTE);
  record.resource.project = "p2";
  record.resource.state = HM_STATE_PAUSED;
  engine_kit_take_record (kit, &record);
  engine_kit_record (&record, "r1", 2, MORNING + MINUTE);
  record.resource.project = "p-late";
  engine_kit_take_record (kit, &record);
  dump = engine_kit_dump (kit);
  assert_non_null (strstr (dump, "\nr1 instance p2 u1 (null) web-1 Shop (null) 2 node "));
}

static void
engine_stores_heartbeats_and_gaps_beside_usage (void **state)
{
  EngineKit *kit = *state;
  HmRecord record;

  hm_record_init (&record, HM_RECORD_HEARTBEAT);
  record.source = "site";
  record.agent = (HmAgentStamp){ "node", "e1", 1, 0, HM_TIME_UNKNOWN };
  record.resource = (HmResourceStamp){ .id = "node", .kind = "agent", .epoch_start = HM_TIME_UNKNOWN };
  record.clock = (HmClockStamp){ "boot", 5, TRUE, -1 };
  for (guint i = 3; i > 0; i--) /* late ones too */
    {
      record.seq = i;
      record.time = MORNING + i * MINUTE;
      engine_kit_take_record (kit, &record);
    }
  assert_int_equal (engine_kit_raw_rows (kit), 3);
  assert_letters (kit, "");
}

static void
engine_folds_on_after_it_folded_again (void **state)
{
  EngineKit *kit = *state;
  static const guint firsts[][2]
      = { { 1, 100 }, { 121, 20 }, { 101, 20 }, { 141, 10 } }; /* the third comes late */
  HmEngineCounts counts;

  for (guint i = 0; i < G_N_ELEMENTS (firsts); i++)
    {
      g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

      add_minutes (kit, arrivals, "r1", firsts[i][0], firsts[i][1]);
      engine_kit_take (kit, arrivals);
    }
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.refolds, 1);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 10 * 150 - 10);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 150);
}

/* -- repetitions and conflicts -- */

static void
engine_drops_repetitions_wherever_they_are (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) first = engine_kit_arrivals (), second = engine_kit_arrivals ();
  g_autofree char *before = NULL, *after = NULL;

  add_minutes (kit, first, "r1", 1, 70);
  add_minutes (kit, first, "r1", 1, 70);
  engine_kit_take (kit, first);
  assert_int_equal (engine_kit_raw_rows (kit), 70);
  before = engine_kit_dump (kit);
  add_minutes (kit, second, "r1", 1, 70);
  engine_kit_take (kit, second);
  engine_kit_restart (kit);
  g_ptr_array_set_size (second, 0);
  add_minutes (kit, second, "r1", 30, 20);
  engine_kit_take (kit, second);
  after = engine_kit_dump (kit);
  assert_string_equal (before, after);
  assert_int_equal (offset_of (kit), 230);
  assert_letters (kit, "");
}

static void
engine_refuses_other_bytes_under_a_number_that_is_taken (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();
  g_autofree char *before = NULL, *after = NULL;
  HmRecord record;
  const char *letter
      = "store-refused: conflict: record 1 of agent node (e1) on r1 is stored with other bytes;";
  g_autofree char *thrice = g_strconcat (letter, letter, letter, NULL);

  engine_kit_record (&record, "r1", 1, MORNING);
  g_ptr_array_add (batch, engine_kit_arrival (kit, &record));
  record.read_ns = 7;
  g_ptr_array_add (batch, engine_kit_arrival (kit, &record)); /* in the same batch */
  engine_kit_take (kit, batch);
  before = engine_kit_dump (kit);
  engine_kit_take_record (kit, &record); /* in a later one */
  record.time = MORNING + 9 * HOUR;      /* in another grain */
  engine_kit_take_record (kit, &record);
  after = engine_kit_dump (kit);
  assert_string_equal (before, after);
  assert_letters (kit, thrice);
}

/* -- what cannot be taken -- */

static void
engine_makes_dead_letters_and_goes_on (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();
  g_autofree char *letters = NULL;

  g_ptr_array_add (batch, engine_kit_arrival_of_bytes (kit, "r1", "no JSON", 7));
  add_minutes (kit, batch, "r1", 1, 3);
  g_ptr_array_add (batch, engine_kit_arrival_of_bytes (kit, "r1", "", 0));
  engine_kit_take (kit, batch);
  assert_int_equal (engine_kit_raw_rows (kit), 3);
  assert_int_equal (offset_of (kit), 5);
  letters = engine_kit_letters (kit);
  assert_true (g_str_has_prefix (letters, "bad-json: "));
  assert_non_null (strstr (letters, ";bad-json: "));
}

static gboolean
refuse_78 (HmStore *store, const HmBatch *batch, GError **error)
{
  for (guint i = 0; i < batch->n_raw; i++)
    if (batch->raw[i].seq == 78)
      {
        g_set_error_literal (error, HM_ERROR, HM_ERROR_DATA, "not number 78");
        return FALSE;
      }
  return real->write (store, batch, error);
}

static guint agents_listed;

static gboolean
count_lists (HmStore *store, HmAgentVisit visit, gpointer user, GError **error)
{
  agents_listed++;
  return real->list_agents (store, visit, user, error);
}

/* However often the batch is halved, who has sent is not asked again. */
static void
engine_finds_the_one_record_that_the_store_refuses (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();
  g_autofree char *letters = NULL;
  HmRecord record;

  real = kit->real;
  kit->ops.write = refuse_78;
  kit->ops.list_agents = count_lists;
  agents_listed = 0;
  add_minutes (kit, batch, "r1", 1, 20);
  engine_kit_record (&record, "r2", 78, MORNING);
  g_ptr_array_add (batch, engine_kit_arrival (kit, &record));
  add_minutes (kit, batch, "r1", 21, 20);
  add_minutes (kit, batch, "r2", 1, 5);
  engine_kit_take (kit, batch);
  assert_int_equal (engine_kit_raw_rows (kit), 45);
  assert_int_equal (offset_of (kit), 46);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 10 * 40 - 10);
  assert_true (engine_kit_cpu (kit, "r2").quantity == 10 * 5 - 10);
  letters = engine_kit_letters (kit);
  assert_string_equal (letters, "store-refused: not number 78;");
  assert_int_equal (agents_listed, 0);
}

/* A record with one sample of a foreign meter, and another one of "foreign.new". */
static void
take_foreign (EngineKit *kit, guint64 seq, HmMeterType type, const char *unit)
{
  HmSample samples[] = { { .meter = "foreign.new", .type = HM_GAUGE, .unit = unit },
                         { .meter = "foreign.heat", .type = type, .unit = unit } };
  HmRecord record;

  engine_kit_record (&record, "r1", seq, MORNING + (gint64)seq * MINUTE);
  for (guint i = 0; i < 2; i++)
    {
      samples[i].value = (HmValue){ HM_VALUE_U64, { .u64 = 300 } };
      samples[i].epoch_start = samples[i].start = HM_TIME_UNKNOWN;
    }
  record.samples = seq == 1 ? samples + 1 : samples;
  record.n_samples = seq == 1 ? 1 : 2;
  engine_kit_take_record (kit, &record);
}

/* Both samples are of one meter that nobody has named yet. */
static void
take_twice_named (EngineKit *kit, guint64 seq, const char *other_unit)
{
  HmSample samples[] = { { .meter = "foreign.twice", .type = HM_GAUGE, .unit = "K" },
                         { .meter = "foreign.twice", .type = HM_GAUGE, .unit = other_unit, .device = "d" } };
  HmRecord record;

  engine_kit_record (&record, "r1", seq, MORNING + (gint64)seq * MINUTE);
  for (guint i = 0; i < 2; i++)
    {
      samples[i].value = (HmValue){ HM_VALUE_U64, { .u64 = 300 } };
      samples[i].epoch_start = samples[i].start = HM_TIME_UNKNOWN;
    }
  record.samples = samples;
  record.n_samples = 2;
  engine_kit_take_record (kit, &record);
}

static gboolean
append_meter (const HmMeterRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s;", row->name, hm_meter_type_name (row->type), row->unit);
  return TRUE;
}

static void
assert_meters (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (kit->real->list_meters (kit->store, append_meter, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
engine_refuses_a_record_that_names_one_meter_in_two_units (void **state)
{
  EngineKit *kit = *state;

  take_twice_named (kit, 1, "C");
  assert_meters (kit, "");
  assert_letters (kit, "bad-type: meter foreign.twice is a gauge in K, not a gauge in C;");
  take_twice_named (kit, 2, "K");
  assert_meters (kit, "foreign.twice gauge K;");
}

static void
engine_keeps_a_foreign_meter_as_it_came_first (void **state)
{
  EngineKit *kit = *state;

  take_foreign (kit, 1, HM_GAUGE, "K");
  take_foreign (kit, 2, HM_CUMULATIVE, "K"); /* defines nothing, as it is refused */
  assert_meters (kit, "foreign.heat gauge K;");
  engine_kit_restart (kit);
  take_foreign (kit, 3, HM_GAUGE, "C");
  assert_meters (kit, "foreign.heat gauge K;");
  assert_letters (kit, "bad-type: meter foreign.heat is a gauge in K, not a cumulative in K;"
                       "bad-type: meter foreign.heat is a gauge in K, not a gauge in C;");
  take_foreign (kit, 4, HM_GAUGE, "K");
  assert_meters (kit, "foreign.heat gauge K;foreign.new gauge K;");
  assert_int_equal (engine_kit_raw_rows (kit), 2);
}

/* -- a store that does not do as it is told -- */

static guint calls_left; /* of the operation that is to fail, until it does */
static const HmStoreOps *sound;

static gboolean
fails_now (GError **error)
{
  if (calls_left-- > 0)
    return FALSE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the database went away");
  return TRUE;
}

static gboolean
failing_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  return !fails_now (error) && sound->begin (store, moves, n, ret_owned, error);
}

static gboolean
failing_write (HmStore *store, const HmBatch *batch, GError **error)
{
  return sound->write (store, batch, error) && !fails_now (error);
}

static gboolean
failing_commit (HmStore *store, GError **error)
{
  return !fails_now (error) && sound->commit (store, error);
}

static gboolean
failing_load (HmStore *store, const char *source, const char *resource, HmResourceVisit visit, gpointer user,
              GError **error)
{
  return !fails_now (error) && sound->resource_load (store, source, resource, visit, user, error);
}

static void
assert_fails_once (EngineKit *kit, GPtrArray *arrivals)
{
  GError *error = NULL;
  gboolean owned;

  calls_left = 0;
  assert_false (
      hm_engine_take (kit->engine, (HmArrival *const *)arrivals->pdata, arrivals->len, &owned, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "went away");
  calls_left = 1000;
}

static void
engine_takes_the_same_again_after_an_outage (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  sound = kit->real;
  add_minutes (kit, arrivals, "r1", 1, 90);
  kit->ops.begin = failing_begin;
  assert_fails_once (kit, arrivals);
  kit->ops.write = failing_write;
  assert_fails_once (kit, arrivals);
  kit->ops = *sound;
  kit->ops.write = failing_write;
  assert_fails_once (kit, arrivals);
  kit->ops = *sound;
  kit->ops.commit = failing_commit;
  assert_fails_once (kit, arrivals);
  kit->ops = *sound;
  kit->ops.resource_load = failing_load;
  assert_fails_once (kit, arrivals);
  assert_int_equal (offset_of (kit), 0);
  assert_int_equal (engine_kit_raw_rows (kit), 0);
  engine_kit_take (kit, arrivals);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 10 * 90 - 10);
}

static void
engine_writes_nothing_when_somebody_else_moved_the_offset (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  const HmOffsetMove move = { "t", 0, 0, 40 };
  gboolean owned = FALSE;

  assert_true (kit->real->begin (kit->store, &move, 1, &owned, NULL));
  assert_true (kit->real->commit (kit->store, NULL));
  add_minutes (kit, arrivals, "r1", 1, 5);
  assert_true (
      hm_engine_take (kit->engine, (HmArrival *const *)arrivals->pdata, arrivals->len, &owned, NULL));
  assert_false (owned);
  assert_int_equal (engine_kit_raw_rows (kit), 0);
  assert_int_equal (offset_of (kit), 40);
}

static void
engine_loads_a_resource_again_when_another_wrote_it (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmEngine *mine = kit->engine;

  add_minutes (kit, arrivals, "r1", 1, 5);
  engine_kit_take (kit, arrivals);
  kit->engine = NULL;
  engine_kit_restart (kit); /* the other one */
  g_ptr_array_set_size (arrivals, 0);
  add_minutes (kit, arrivals, "r1", 6, 5);
  engine_kit_take (kit, arrivals);
  hm_engine_free (kit->engine);
  kit->engine = mine;
  g_ptr_array_set_size (arrivals, 0);
  add_minutes (kit, arrivals, "r1", 11, 5);
  engine_kit_take (kit, arrivals);
  assert_true (engine_kit_cpu (kit, "r1").quantity == 10 * 15 - 10);
  assert_int_equal (engine_kit_cpu (kit, "r1").count, 15);
}

static gboolean
count_down (gpointer user)
{
  guint *left = user;

  return *left == 0 || (*left)-- == 0;
}

static void
engine_gives_up_without_a_trace_at_every_step (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  gboolean owned = FALSE;
  guint steps = 0;

  add_minutes (kit, arrivals, "r1", 1, 5);
  add_minutes (kit, arrivals, "r2", 1, 5);
  for (; !owned; steps++)
    {
      guint left = steps;

      hm_engine_give_up_when (kit->engine, count_down, &left);
      assert_true (
          hm_engine_take (kit->engine, (HmArrival *const *)arrivals->pdata, arrivals->len, &owned, NULL));
      assert_int_equal (engine_kit_raw_rows (kit), owned ? 10 : 0);
      assert_int_equal (offset_of (kit), owned ? 10 : 0);
    }
  assert_true (steps > 3); /* before each resource, before the transaction, before the commit */
  assert_true (engine_kit_cpu (kit, "r2").quantity == 10 * 5 - 10);
}

/* -- the record before the next one -- */

static void
engine_recognises_what_it_has_stored (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();
  gboolean known = FALSE;
  HmRecord record;

  add_minutes (kit, batch, "r1", 1, 1);
  g_ptr_array_add (batch, engine_kit_arrival_of_bytes (kit, "r1", "{", 1));
  engine_kit_take (kit, batch);
  for (guint i = 0; i < batch->len; i++)
    {
      assert_true (hm_engine_recognises (kit->engine, g_ptr_array_index (batch, i), &known, NULL));
      assert_true (known);
    }
  engine_kit_record (&record, "r1", 1, MORNING + MINUTE);
  record.agent.epoch = "e2";
  g_ptr_array_add (batch, engine_kit_arrival (kit, &record));
  g_ptr_array_add (batch, engine_kit_arrival_of_bytes (kit, "r1", "{", 1));
  for (guint i = 2; i < batch->len; i++)
    {
      assert_true (hm_engine_recognises (kit->engine, g_ptr_array_index (batch, i), &known, NULL));
      assert_false (known);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

/* -- whose it is -- */

static void
assert_refused (EngineKit *kit, HmArrival *arrival, const char *detail)
{
  hm_arrival_decode (arrival, kit->decoder, kit->meters, NULL);
  assert_null (arrival->decoded);
  assert_int_equal (arrival->refusal, HM_REFUSED_WRONG_AGENT);
  assert_non_null (strstr (arrival->detail, detail));
}

static HmArrival *
undecoded (EngineKit *kit)
{
  HmRecord record;
  HmArrival *arrival;

  engine_kit_record (&record, "r1", 1, MORNING);
  arrival = engine_kit_arrival (kit, &record);
  g_clear_pointer (&arrival->decoded, hm_decoded_free);
  return arrival;
}

static void
arrival_is_refused_when_its_key_is_anothers (void **state)
{
  static const char *const keys[] = { "r2", "r", "r11", "node", "", NULL };
  EngineKit *kit = *state;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (HmArrival) arrival = undecoded (kit);

      arrival->key = keys[i];
      arrival->key_length = keys[i] != NULL ? strlen (keys[i]) : 0;
      assert_refused (kit, arrival, "resource.id");
    }
}

static void
arrival_is_refused_when_its_id_is_anothers (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (HmArrival) wrong = undecoded (kit), right = undecoded (kit);

  wrong->ce_id = g_strdup ("node/e1/r1/2");
  assert_refused (kit, wrong, "node/e1/r1/1");
  right->ce_id = g_strdup ("node/e1/r1/1");
  hm_arrival_decode (right, kit->decoder, kit->meters, NULL);
  assert_non_null (right->decoded);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (arrival_is_refused_when_its_key_is_anothers),
    CASE (arrival_is_refused_when_its_id_is_anothers),
    CASE (engine_counts_usage_over_batches_and_grains),
    CASE (engine_counts_what_each_agent_sent),
    CASE (engine_describes_resources_by_their_latest_record),
    CASE (engine_stores_heartbeats_and_gaps_beside_usage),
    CASE (engine_folds_on_after_it_folded_again),
    CASE (engine_drops_repetitions_wherever_they_are),
    CASE (engine_refuses_other_bytes_under_a_number_that_is_taken),
    CASE (engine_makes_dead_letters_and_goes_on),
    CASE (engine_finds_the_one_record_that_the_store_refuses),
    CASE (engine_keeps_a_foreign_meter_as_it_came_first),
    CASE (engine_refuses_a_record_that_names_one_meter_in_two_units),
    CASE (engine_takes_the_same_again_after_an_outage),
    CASE (engine_writes_nothing_when_somebody_else_moved_the_offset),
    CASE (engine_loads_a_resource_again_when_another_wrote_it),
    CASE (engine_gives_up_without_a_trace_at_every_step),
    CASE (engine_recognises_what_it_has_stored),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
