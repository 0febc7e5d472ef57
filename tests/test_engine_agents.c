/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_agents: what a batch says of agents: counts of bins, what heartbeats and gap records say, anomalies, holes. The rows are
 * looked at as they are handed to the store. */
#include "tests/engine_kit.h"

#include "collector/engine/processes.h"
#include "metering/error.h"
#include "metering/signature.h"

#include <string.h>

/* What was handed over since it was last asked, as text; the store's functions have no room for it. */
static GString *written;
static HmBinState stored_bin; /* what the store says about bins; epoch NULL: nothing */

static const HmStoreOps *real;

static void
print_batch (const HmBatch *batch)
{
  for (guint i = 0; i < batch->n_bins; i++)
    g_string_append_printf (written, "bin %s %s %" G_GINT64_FORMAT ": %d %d late %d;", batch->bins[i].agent,
                            batch->bins[i].epoch, batch->bins[i].bin, (int)batch->bins[i].records,
                            (int)batch->bins[i].refused_records, (int)batch->bins[i].late);
  for (guint i = 0; i < batch->n_closed; i++)
    g_string_append_printf (written, "closed %s %" G_GINT64_FORMAT ": %d;", batch->closed[i].epoch,
                            batch->closed[i].bin, (int)batch->closed[i].records);
  for (guint i = 0; i < batch->n_losses; i++)
    g_string_append_printf (written, "loss %d %s from %s;", (int)batch->losses[i].records,
                            batch->losses[i].reason,
                            batch->losses[i].from == HM_TIME_UNKNOWN ? "unknown" : "known");
  for (guint i = 0; i < batch->n_anomalies; i++)
    g_string_append_printf (written, "%s %s: %s;", batch->anomalies[i].kind, batch->anomalies[i].subject,
                            batch->anomalies[i].detail);
  for (guint i = 0; i < batch->n_gaps; i++)
    g_string_append_printf (written, "gap %d %d-%d;", batch->gaps[i].partition, (int)batch->gaps[i].from,
                            (int)batch->gaps[i].to);
}

static gboolean
capture (HmStore *store, const HmBatch *batch, GError **error)
{
  print_batch (batch);
  return real->write (store, batch, error);
}

static gboolean
list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user, GError **error)
{
  (void)store, (void)error;
  assert_string_equal (filter->agent, "node");
  if (stored_bin.came.epoch != NULL && stored_bin.came.bin * HM_BIN_NS >= filter->from
      && stored_bin.came.bin * HM_BIN_NS < filter->to)
    visit (&stored_bin, user);
  return TRUE;
}

static int
set_up (void **state)
{
  EngineKit *kit = engine_kit_new ();

  real = kit->real;
  kit->ops.write = capture;
  kit->ops.list_bins = list_bins;
  written = g_string_new (NULL);
  stored_bin.came.epoch = NULL;
  *state = kit;
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  g_string_free (written, TRUE);
  return 0;
}

static void
assert_written (const char *expected)
{
  assert_string_equal (written->str, expected);
  g_string_truncate (written, 0);
}

static HmRecord
record_of (const char *epoch, guint64 seq, gint64 bin, HmTime time)
{
  HmRecord record;

  engine_kit_record (&record, "r1", seq, time);
  record.agent.epoch = epoch;
  record.agent.bin = bin;
  return record;
}

static HmRecord
of_agent (HmRecordKind kind, guint64 seq)
{
  HmRecord record;

  hm_record_init (&record, kind);
  record.source = "site";
  record.agent = (HmAgentStamp){ "node", "e1", 7, 0, HM_TIME_UNKNOWN };
  record.resource = (HmResourceStamp){ .id = "node", .kind = "agent", .epoch_start = HM_TIME_UNKNOWN };
  record.clock = (HmClockStamp){ "boot", 5, TRUE, -1 };
  record.seq = seq;
  record.time = MORNING + (gint64)MIN (seq, 1000) * MINUTE;
  return record;
}

static HmRecord
gap (guint64 seq, HmTime from, HmTime to)
{
  HmRecord record = of_agent (HM_RECORD_GAP, seq);

  record.from = from;
  record.to = to;
  record.records = 5;
  record.resources = 1;
  record.reason = "room";
  return record;
}

/* The arrival at the next offset, appended then. (transfer full) */
static HmArrival *
arrival_at (EngineKit *kit, const HmRecord *record, HmTime appended)
{
  HmArrival *arrival = engine_kit_arrival (kit, record);

  arrival->appended = appended;
  return arrival;
}

static void
take_one (EngineKit *kit, HmArrival *arrival)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();

  g_ptr_array_add (one, arrival);
  engine_kit_take (kit, one);
}

/* -- bins -- */

static void
engine_counts_each_bin_of_each_process (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  const HmRecord records[]
      = { record_of ("e2", 1, 4, MORNING + 9 * MINUTE), record_of ("e1", 1, 3, MORNING),
          record_of ("e1", 2, 4, MORNING + MINUTE), record_of ("e1", 3, 3, MORNING + 2 * MINUTE),
          record_of ("e1", 2, 4, MORNING + MINUTE) /* a repetition */ };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    g_ptr_array_add (arrivals, arrival_at (kit, &records[i], MORNING + 7 * MINUTE));
  engine_kit_take (kit, arrivals);
  assert_written ("bin node e1 3: 2 0 late 1;bin node e1 4: 1 0 late 1;bin node e2 4: 1 0 late 0;");
}

static gboolean
check_sum (HmStore *store, const HmBatch *batch, GError **error)
{
  assert_int_equal (batch->n_bins, 1);
  assert_true (batch->bins[0].sum == hm_id_sum ("node/e1/r1/1") + hm_id_sum ("node/e1/r1/2"));
  return real->write (store, batch, error);
}

static void
engine_sums_ids_whether_or_not_the_message_has_one (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmRecord first = record_of ("e1", 1, 3, MORNING), second = record_of ("e1", 2, 3, MORNING + MINUTE);

  kit->ops.write = check_sum;
  g_ptr_array_add (arrivals, engine_kit_arrival (kit, &first));
  g_ptr_array_add (arrivals, engine_kit_arrival (kit, &second));
  ((HmArrival *)arrivals->pdata[1])->ce_id = g_strdup ("node/e1/r1/2");
  engine_kit_take (kit, arrivals);
}

static void
engine_counts_no_heartbeat_and_no_bin_that_is_at_no_time (void **state)
{
  EngineKit *kit = *state;
  HmRecord heartbeat = of_agent (HM_RECORD_HEARTBEAT, 1), far = record_of ("e1", 1, HM_BIN_MAX + 1, MORNING);

  engine_kit_take_record (kit, &heartbeat);
  assert_written ("");
  engine_kit_take_record (kit, &far);
  assert_written ("bin_out_of_range node: epoch e1 counts records in bin 30744573, which is at no time;");
}

static void
engine_notes_what_is_lost (void **state)
{
  EngineKit *kit = *state;
  HmRecord dated = gap (1, MORNING - HOUR, MORNING),
           undated = gap (2, MORNING + 2 * MINUTE, MORNING + 2 * MINUTE);

  engine_kit_take_record (kit, &dated);
  assert_written ("bin node e1 7: 1 0 late 1;loss 5 room from known;");
  engine_kit_take_record (kit, &undated);
  assert_written ("bin node e1 7: 1 0 late 1;loss 5 room from unknown;");
  engine_kit_take_record (kit, &dated);
  assert_written ("");
}

/* -- heartbeats -- */

static HmArrival *
heartbeat_of (EngineKit *kit, guint64 seq, const HmBinCount *bins, guint n)
{
  HmRecord record = of_agent (HM_RECORD_HEARTBEAT, seq);

  record.bins = bins;
  record.n_bins = n;
  return engine_kit_arrival (kit, &record);
}

/* In one go: nothing is tried, and no other record waits for it. */
static void
engine_refuses_numbers_that_no_store_takes (void **state)
{
  static const guint64 far = (guint64)G_MAXINT64 + 1;
  const HmBinCount bins[] = { { "e0", 3, 10, 99 }, { "e1", 4, far, 50 } };
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmRecord records[]
      = { record_of ("e1", far, 3, MORNING), gap (far, MORNING, MORNING), gap (1, MORNING, MORNING),
          gap (2, MORNING, MORNING), of_agent (HM_RECORD_HEARTBEAT, 3) };
  HmEngineCounts counts;

  records[2].records = records[3].resources = records[4].backlog = far;
  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    g_ptr_array_add (arrivals, engine_kit_arrival (kit, &records[i]));
  g_ptr_array_add (arrivals, heartbeat_of (kit, 4, bins, G_N_ELEMENTS (bins)));
  records[0].seq = far - 1;
  g_ptr_array_add (arrivals, engine_kit_arrival (kit, &records[0]));
  engine_kit_take (kit, arrivals);
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.commits, 1);
  assert_int_equal (counts.records, 1);
  assert_int_equal (counts.refused[HM_REFUSED_STORE], 6);
}

static void
engine_notes_when_a_bin_is_said_twice_with_other_numbers (void **state)
{
  const HmBinCount bins[] = { { "e0", 3, 10, 99 }, { "e1", 4, 5, 50 } }, others[] = { { "e1", 4, 6, 50 } };
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) both = engine_kit_arrivals ();

  take_one (kit, heartbeat_of (kit, 1, bins, 2));
  assert_written ("closed e0 3: 10;closed e1 4: 5;");
  stored_bin = (HmBinState){ .came = { .source = "site", .agent = "node", .epoch = "e1", .bin = 4 },
                             .is_closed = TRUE,
                             .records = 5,
                             .sum = 50 };
  take_one (kit, heartbeat_of (kit, 2, bins, 2));
  assert_written ("closed e0 3: 10;closed e1 4: 5;");
  take_one (kit, heartbeat_of (kit, 3, others, 1));
  assert_written (
      "closed e1 4: 6;bin_said_twice node: epoch e1, bin 4: 5 records (sum 50) were said first, then 6 "
      "(sum 50);");
  stored_bin.came.epoch = NULL;
  g_ptr_array_add (both, heartbeat_of (kit, 4, bins, 2));
  g_ptr_array_add (both, heartbeat_of (kit, 5, others, 1));
  engine_kit_take (kit, both);
  assert_written (
      "closed e0 3: 10;closed e1 4: 5;bin_said_twice node: epoch e1, bin 4: 5 records (sum 50) were said "
      "first, then 6 (sum 50);");
}

/* -- refused records -- */

static HmArrival *
refused (EngineKit *kit, const char *id, gboolean verified)
{
  HmArrival *arrival = engine_kit_arrival_of_bytes (kit, "r1", "{", 1);

  arrival->ce_id = g_strdup (id);
  arrival->verified = verified;
  return arrival;
}

static void
engine_accounts_for_refused_records_whose_signature_is_right (void **state)
{
  EngineKit *kit = *state;
  HmRecord known = record_of ("e1", 1, 3, MORNING), other = record_of ("e1", 2, 3, MORNING);
  HmArrival *arrival;

  take_one (kit, refused (kit, "node/e1/r1/9", TRUE));
  assert_written (""); /* nobody knows that agent's source */
  engine_kit_take_record (kit, &known);
  g_string_truncate (written, 0);
  take_one (kit, refused (kit, "node/e1/r1/9", TRUE));
  assert_written ("bin node e1 -9223372036854775808: 0 1 late 0;");
  take_one (kit, refused (kit, "node/e1/r1/10", FALSE));
  take_one (kit, refused (kit, "node/e1/node/1", TRUE)); /* it may be a heartbeat */
  take_one (kit, refused (kit, "node/e1/r1", TRUE));
  take_one (kit, refused (kit, "node/e9/r1/1", TRUE));
  assert_written ("");
  arrival = engine_kit_arrival (kit, &other);
  arrival->verified = TRUE;
  hm_arrival_refuse (arrival, HM_REFUSED_STORE, g_strdup ("no"));
  take_one (kit, arrival);
  assert_written ("bin node e1 3: 0 1 late 0;");
}

static void
engine_stores_and_counts_a_dead_letter_once_when_the_topic_is_read_again (void **state)
{
  EngineKit *kit = *state;
  HmRecord known = record_of ("e1", 1, 3, MORNING);
  HmArrival *again = refused (kit, "node/e1/r1/9", TRUE);
  g_autofree char *letters = NULL;

  kit->offset = 0;
  engine_kit_take_record (kit, &known);
  take_one (kit, refused (kit, "node/e1/r1/9", TRUE));
  g_string_truncate (written, 0);
  again->offset = 1;
  again->expected = 2;
  take_one (kit, again);
  assert_written ("");
  letters = engine_kit_letters (kit);
  assert_ptr_equal (strstr (letters, "bad-json"), g_strrstr (letters, "bad-json"));
}

static void
engine_notes_other_bytes_under_one_number (void **state)
{
  EngineKit *kit = *state;
  HmRecord first = record_of ("e1", 1, 3, MORNING), other = record_of ("e1", 1, 3, MORNING + MINUTE);
  HmArrival *arrival;

  engine_kit_take_record (kit, &first);
  g_string_truncate (written, 0);
  arrival = engine_kit_arrival (kit, &other);
  arrival->verified = TRUE;
  take_one (kit, arrival);
  assert_written ("conflict r1: record 1 of agent node (e1) on r1 is stored with other bytes;");
}

/* -- holes -- */

static void
engine_notes_offsets_that_the_bus_does_not_have (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  gint64 next;
  gboolean found;

  for (guint64 seq = 1; seq <= 3; seq++)
    {
      HmRecord record = record_of ("e1", seq, 3, MORNING + (gint64)seq * MINUTE);
      HmArrival *arrival = engine_kit_arrival (kit, &record);

      arrival->offset = 10 * (gint64)seq;
      arrival->expected = seq == 1 ? 0 : arrival->offset - 9;
      g_ptr_array_add (arrivals, arrival);
    }
  engine_kit_take (kit, arrivals);
  assert_written ("bin node e1 3: 3 0 late 3;gap 0 0-10;gap 0 11-20;gap 0 21-30;");
  assert_true (kit->real->offset_get (kit->store, "t", 0, &next, &found, NULL));
  assert_int_equal (next, 31);
}

/* -- two agents of one name -- */

#define TWICE "agent_id_twice node: records of the processes e1 and e2 interleave;"

static void
take_time (EngineKit *kit, const char *epoch, guint64 seq, gint64 minute)
{
  HmRecord record = record_of (epoch, seq, 3, MORNING + minute * MINUTE);

  g_string_truncate (written, 0);
  take_one (kit, arrival_at (kit, &record, record.time));
}

static void
engine_says_once_that_two_processes_of_one_agent_interleave (void **state)
{
  EngineKit *kit = *state;

  take_time (kit, "e1", 1, 0);
  take_time (kit, "e1", 2, 10);
  take_time (kit, "e2", 1, 10);
  take_time (kit, "e2", 2, 30);
  assert_null (strstr (written->str, "twice"));
  take_time (kit, "e1", 3, 11);
  assert_non_null (strstr (written->str, TWICE));
  take_time (kit, "e1", 4, 12);
  assert_null (strstr (written->str, "twice"));
  take_time (kit, "e2", 3, 9);
  assert_null (strstr (written->str, "twice"));
  take_time (kit, "e0", 1, 40);
  assert_null (strstr (written->str, "twice"));
}

static void
engine_says_that_two_processes_interleave_within_a_batch (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmRecord records[]
      = { record_of ("e2", 1, 3, MORNING), record_of ("e1", 1, 3, MORNING + MINUTE),
          record_of ("e2", 2, 3, MORNING + 2 * MINUTE), record_of ("e3", 1, 3, MORNING + HOUR) };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    g_ptr_array_add (arrivals, engine_kit_arrival (kit, &records[i]));
  engine_kit_take (kit, arrivals);
  assert_non_null (strstr (written->str, TWICE));
  assert_null (strstr (written->str, "e3 interleave"));
}

/* What was found in a transaction that came to nothing is found again. */
static gboolean
refuse_to_commit (HmStore *store, GError **error)
{
  (void)store;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "away");
  return FALSE;
}

static void
engine_says_again_what_was_not_stored (void **state)
{
  EngineKit *kit = *state;
  HmRecord record = record_of ("e2", 1, 3, MORNING + MINUTE);
  g_autoptr (HmArrival) arrival = NULL;
  g_autoptr (GError) error = NULL;
  gboolean owned;

  take_time (kit, "e1", 1, 0);
  take_time (kit, "e1", 2, 10);
  arrival = arrival_at (kit, &record, record.time);
  kit->ops.commit = refuse_to_commit;
  assert_false (hm_engine_take (kit->engine, &arrival, 1, &owned, &error));
  kit->ops.commit = real->commit;
  g_string_truncate (written, 0);
  g_clear_error (&error);
  assert_true (hm_engine_take (kit->engine, &arrival, 1, &owned, &error));
  assert_non_null (strstr (written->str, TWICE));
}

/* -- processes -- */

static gboolean
list_many (HmStore *store, HmAgentVisit visit, gpointer user, GError **error)
{
  (void)store, (void)error;
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *epoch = g_strdup_printf ("e%u", i);
      const HmAgentRow row = { .source = "site",
                               .agent = i % 2 == 0 ? "even" : "odd",
                               .epoch = epoch,
                               .first_time = i == 99 ? HM_TIME_UNKNOWN : MORNING + i * MINUTE,
                               .last_time = MORNING + i * MINUTE };

      if (!visit (&row, user))
        break;
    }
  return TRUE;
}

static void
processes_keep_the_latest_when_there_are_too_many (void **state)
{
  const HmStoreOps ops = { .list_agents = list_many };
  g_autoptr (HmProcesses) processes = hm_processes_new (&ops, NULL, 20, NULL);
  HmProcess process;

  (void)state;
  assert_in_range (hm_processes_size (processes), 5, 20);
  assert_false (hm_processes_find (processes, "even", "e0", &process));
  assert_false (hm_processes_find (processes, "odd", "e98", &process));
  assert_true (hm_processes_find (processes, "even", "e98", &process));
  assert_true (hm_processes_find (processes, "odd", "e99", &process));
  assert_true (process.first == MORNING + 99 * MINUTE);
  assert_string_equal (process.source, "site");
}

/* -- two agents of one instance -- */

#define CLAIMED "resource_claimed_twice r1: agents a and b measure it at once;"

static HmRecord
seen_by (const char *agent, const char *life, HmState state, gint64 minute)
{
  HmRecord record = record_of ("e1", (guint64)minute + 1, 3, MORNING + minute * MINUTE);

  record.agent.id = agent;
  record.resource.epoch = life;
  record.resource.state = state;
  return record;
}

static gboolean
take_claims (EngineKit *kit, const HmRecord *records, guint n)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  g_string_truncate (written, 0);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (arrivals, engine_kit_arrival (kit, &records[i]));
  engine_kit_take (kit, arrivals);
  return strstr (written->str, CLAIMED) != NULL;
}

static void
engine_says_that_two_agents_measure_one_instance_at_once (void **state)
{
  const HmRecord records[]
      = { seen_by ("b", "one", HM_STATE_RUNNING, 0), seen_by ("a", "one", HM_STATE_RUNNING, 1),
          seen_by ("b", "one", HM_STATE_RUNNING, 2), seen_by ("a", "one", HM_STATE_RUNNING, 3) };

  assert_false (take_claims (*state, records, 2));
  assert_true (take_claims (*state, records + 2, 1));
  assert_ptr_equal (strstr (written->str, CLAIMED), g_strrstr (written->str, CLAIMED));
  assert_true (take_claims (*state, records + 3, 1)); /* stored once, by its key */
}

static void
engine_says_it_too_of_records_that_come_late_or_at_once (void **state)
{
  const HmRecord first = seen_by ("a", "one", HM_STATE_RUNNING, 0),
                 second = seen_by ("b", "two", HM_STATE_RUNNING, 1),
                 third = seen_by ("a", "one", HM_STATE_RUNNING, 2);

  assert_false (take_claims (*state, (const HmRecord[]){ first, third }, 2));
  assert_true (take_claims (*state, &second, 1));
}

static void
engine_takes_no_migration_there_and_back_for_two_claims (void **state)
{
  const HmRecord records[]
      = { seen_by ("a", "one", HM_STATE_RUNNING, 0),   seen_by ("b", "two", HM_STATE_PAUSED, 1),
          seen_by ("a", "one", HM_STATE_RUNNING, 2),   seen_by ("b", "two", HM_STATE_PAUSED, 3),
          seen_by ("b", "two", HM_STATE_RUNNING, 4),   seen_by ("a", "three", HM_STATE_PAUSED, 5),
          seen_by ("a", "three", HM_STATE_RUNNING, 6), seen_by ("a", "three", HM_STATE_RUNNING, 7) };

  assert_false (take_claims (*state, records, G_N_ELEMENTS (records)));
}

/* -- gauges of no interval -- */

static gboolean
take_unstated (EngineKit *kit, guint64 seq, gint64 interval_ns, guint n_samples)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmRecord record = record_of ("e1", seq, 3, MORNING + (gint64)seq * MINUTE);

  record.interval_ns = interval_ns;
  record.n_samples = MIN (record.n_samples, n_samples);
  g_string_truncate (written, 0);
  g_ptr_array_add (arrivals, engine_kit_arrival (kit, &record));
  engine_kit_take (kit, arrivals);
  return strstr (written->str, "no_interval r1: agent node states no interval for its gauges;") != NULL;
}

static void
engine_says_once_that_gauges_come_without_an_interval (void **state)
{
  assert_false (take_unstated (*state, 1, MINUTE, 9));
  assert_false (take_unstated (*state, 2, 0, 1)); /* a counter alone needs none */
  assert_true (take_unstated (*state, 4, 0, 9));
  assert_false (take_unstated (*state, 5, 0, 9));
  engine_kit_restart (*state);
  assert_true (take_unstated (*state, 3, 0, 9)); /* late: folded again; stored once, by its key */
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (engine_counts_each_bin_of_each_process, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_sums_ids_whether_or_not_the_message_has_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_counts_no_heartbeat_and_no_bin_that_is_at_no_time, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_refuses_numbers_that_no_store_takes, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_notes_what_is_lost, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_notes_when_a_bin_is_said_twice_with_other_numbers, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_accounts_for_refused_records_whose_signature_is_right, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_stores_and_counts_a_dead_letter_once_when_the_topic_is_read_again,
                                     set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_notes_other_bytes_under_one_number, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_notes_offsets_that_the_bus_does_not_have, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_says_once_that_two_processes_of_one_agent_interleave, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_says_that_two_processes_interleave_within_a_batch, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_says_again_what_was_not_stored, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_says_that_two_agents_measure_one_instance_at_once, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_says_it_too_of_records_that_come_late_or_at_once, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_takes_no_migration_there_and_back_for_two_claims, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (engine_says_once_that_gauges_come_without_an_interval, set_up,
                                     tear_down),
    cmocka_unit_test (processes_keep_the_latest_when_there_are_too_many),
  };

  return cmocka_run_group_tests_name ("engine_agents", tests, NULL, NULL);
}
