/* SPDX-License-Identifier: Apache-2.0 */
/* test_collector_health: what follows from what the source and the pipeline say. */
#include "collector/health/health.h"

#include <string.h>

#include "tests/kit.h"

#define SECOND HM_NSEC_PER_SEC
#define START  (1000 * SECOND)

/* -- a pipeline of the test -- */

static HmPipelineCounts pipeline;

static void
tell_counts (HmPipeline *none G_GNUC_UNUSED, HmPipelineCounts *ret_counts)
{
  *ret_counts = pipeline;
}

typedef struct
{
  HmHealth *health;
  HmSourceCounts source;
  HmSourcePartition partition;
} Fixture;

static int
set_up (void **state)
{
  const HmHealthParts parts = { .stuck_ns = 10 * SECOND,
                                .lag_ns = 60 * SECOND,
                                .commit_ns = 30 * SECOND,
                                .counts = tell_counts,
                                .topic = "topic\"" };
  Fixture *f = g_new0 (Fixture, 1);

  pipeline = (HmPipelineCounts){ .since_commit_ns = -1 };
  f->health = hm_health_new (&parts, START);
  f->partition = (HmSourcePartition){ .id = 3, .committed = 100, .high = 100, .appended = HM_TIME_UNKNOWN };
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_health_free (f->health);
  g_free (f);
  return 0;
}

static void
note (Fixture *f, guint n, gint64 now)
{
  GArray *partitions = g_array_new (FALSE, FALSE, sizeof (HmSourcePartition));

  for (guint i = 0; i < n; i++)
    g_array_append_val (partitions, f->partition);
  hm_health_note (f->health, &f->source, partitions, now);
}

/* Asserts that the reasons are @names, separated by blanks. */
static void
assert_reasons (Fixture *f, gint64 now, const char *names)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  g_autoptr (GString) found = g_string_new (NULL);
  g_autoptr (HmJson) json = NULL;
  const HmJson *reasons;
  const char *text;
  gboolean ready;
  gsize length;

  hm_json_begin_object (w);
  ready = hm_health_write_ready (f->health, now, w);
  hm_json_end_object (w);
  text = hm_json_writer_finish (w, &length, NULL);
  json = hm_json_parse (text, length, NULL);
  assert_non_null (json);
  reasons = hm_json_at (json, "reasons");
  for (guint i = 0; i < hm_json_size (reasons); i++)
    g_string_append_printf (found, "%s%s", i > 0 ? " " : "",
                            hm_json_get_text (hm_json_element (reasons, i), "reason"));
  assert_string_equal (found->str, names);
  assert_int_equal (ready, *names == '\0');
}

static void
health_is_ready_when_all_is_stored (void **state)
{
  Fixture *f = *state;

  assert_reasons (f, START, "not_assigned");
  note (f, 1, START);
  assert_reasons (f, START, "");
  assert_true (hm_health_lives (f->health, START));
}

static void
health_names_the_reason_when_it_is_not_ready (void **state)
{
  Fixture *f = *state;

  f->source.broker_away = TRUE;
  note (f, 1, START);
  assert_reasons (f, START, "broker_away");
  f->source = (HmSourceCounts){ .halted = 1 };
  note (f, 1, START);
  assert_reasons (f, START, "halted");
  f->source = (HmSourceCounts){ .paused = TRUE };
  pipeline.store_away = TRUE;
  note (f, 1, START);
  assert_reasons (f, START, "paused store_away");
  f->source.paused = pipeline.store_away = FALSE;
  note (f, 1, START);
  assert_reasons (f, START, "");
}

static void
health_sorts_the_reasons_when_there_are_several (void **state)
{
  Fixture *f = *state;

  f->source = (HmSourceCounts){ .broker_away = TRUE, .halted = 1, .paused = TRUE };
  pipeline.store_away = TRUE;
  pipeline.storing = 1;
  pipeline.busy_ns = 60 * SECOND;
  note (f, 0, START);
  assert_reasons (f, START + 40 * SECOND,
                  "broker_away halted no_commit not_assigned paused store_away stuck");
}

static void
health_is_dead_when_a_thread_does_not_come_back (void **state)
{
  Fixture *f = *state;

  note (f, 1, START);
  assert_true (hm_health_lives (f->health, START + 10 * SECOND));
  assert_false (hm_health_lives (f->health, START + 11 * SECOND));
  assert_reasons (f, START + 11 * SECOND, "stuck");
  note (f, 1, START + 11 * SECOND);
  assert_true (hm_health_lives (f->health, START + 11 * SECOND));
  pipeline.busy_ns = 11 * SECOND;
  assert_false (hm_health_lives (f->health, START + 11 * SECOND));
  assert_reasons (f, START + 11 * SECOND, "stuck");
  pipeline.busy_ns = 0;
  pipeline.storing = 1; /* it waits, and nobody takes it */
  note (f, 1, START + 12 * SECOND);
  note (f, 1, START + 22 * SECOND);
  assert_true (hm_health_lives (f->health, START + 21 * SECOND));
  assert_false (hm_health_lives (f->health, START + 22 * SECOND));
  pipeline.steps++;
  assert_true (hm_health_lives (f->health, START + 22 * SECOND));
}

/* Even with nothing to store: the source's thread still notes, but does not get on. */
static void
health_is_dead_when_a_thread_is_awaited_for_too_long (void **state)
{
  Fixture *f = *state;

  pipeline.storing = 1;
  note (f, 1, START);
  pipeline.storing = 0;
  pipeline.awaited = TRUE;
  note (f, 1, START + 5 * SECOND);
  note (f, 1, START + 11 * SECOND);
  assert_true (hm_health_lives (f->health, START + 10 * SECOND));
  assert_false (hm_health_lives (f->health, START + 11 * SECOND));
  assert_reasons (f, START + 11 * SECOND, "stuck");
  pipeline.awaited = FALSE;
  note (f, 1, START + 11 * SECOND);
  assert_true (hm_health_lives (f->health, START + 11 * SECOND));
}

static void
health_wants_commits_when_records_wait (void **state)
{
  Fixture *f = *state;

  pipeline.since_commit_ns = 31 * SECOND;
  note (f, 1, START);
  assert_reasons (f, START, "");
  pipeline.storing = 1;
  assert_reasons (f, START, "no_commit");
  pipeline.storing = 0;
  f->partition.high = 101;
  note (f, 1, START);
  assert_reasons (f, START, "no_commit");
  pipeline.since_commit_ns = 30 * SECOND;
  assert_reasons (f, START, "");
}

static void
health_minds_lag_when_it_grows (void **state)
{
  const HmClock *clock = hm_clock_system ();
  Fixture *f = *state;

  pipeline.since_commit_ns = 0;
  f->partition.high = 1100;
  f->partition.appended = clock->wall (clock) - 3600 * SECOND;
  note (f, 1, START);
  assert_reasons (f, START, "lag_grows");
  f->partition.committed = 200; /* catching up */
  note (f, 1, START + SECOND);
  assert_reasons (f, START + SECOND, "");
  note (f, 1, START + 61 * SECOND); /* no longer */
  assert_reasons (f, START + 61 * SECOND, "lag_grows");
  f->partition.appended = clock->wall (clock);
  note (f, 1, START + 62 * SECOND);
  assert_reasons (f, START + 62 * SECOND, "");
}

/* -- figures -- */

static void
health_prints_figures_when_asked (void **state)
{
  Fixture *f = *state;
  g_autoptr (GBytes) none = NULL, some = NULL;
  g_autofree char *before = NULL, *after = NULL;

  f->partition.high = -1;
  note (f, 1, START);
  none = hm_health_metrics (f->health, START, 5000 * SECOND, 0);
  before = g_strndup (g_bytes_get_data (none, NULL), g_bytes_get_size (none));
  assert_null (strstr (before, "lag_records{")); /* not known is not zero */
  assert_null (strstr (before, "commit_age"));
  assert_null (strstr (before, "topic_partitions"));
  pipeline.engine.records = 7;
  pipeline.engine.fold_ns = 1500000000;
  pipeline.since_commit_ns = SECOND / 2;
  f->source.topic_partitions = 4;
  f->partition.high = 105;
  f->partition.appended = 4990 * SECOND;
  note (f, 1, START);
  some = hm_health_metrics (f->health, START, 5000 * SECOND, 0);
  after = g_strndup (g_bytes_get_data (some, NULL), g_bytes_get_size (some));
  assert_non_null (strstr (after, "hypermeter_collector_records_total 7\n"));
  assert_non_null (strstr (after, "hypermeter_collector_topic_partitions 4\n"));
  assert_non_null (strstr (after, "hypermeter_collector_work_seconds_total{part=\"fold\"} 1.500000000\n"));
  assert_non_null (
      strstr (after, "hypermeter_collector_lag_records{topic=\"topic\\\"\",partition=\"3\"} 5\n"));
  assert_non_null (
      strstr (after, "hypermeter_collector_lag_seconds{topic=\"topic\\\"\",partition=\"3\"} 10.000000000\n"));
  assert_non_null (strstr (after, "hypermeter_collector_commit_age_seconds 0.500000000\n"));
}

static void
tell_others (gpointer user G_GNUC_UNUSED, HmHealthOthers *ret_others)
{
  *ret_others = (HmHealthOthers){
    .watch = { .agents = 9, .silent = 2, .incomplete_agents = 3, .incomplete_bins = 4, .missing_records = 5 },
    .keeper = { .bytes = 12, .alarms = 13 },
    .mirrors = TRUE,
    .mirror = { .sent = 6, .refused = 7, .failing = TRUE },
    .ingests = TRUE,
    .ingest = { .requests = 21, .records = 22, .refused = 23, .put_off = 24, .http = 25, .waiting = 26 },
  };
}

static void
assert_line (const char *text, const char *line)
{
  g_autofree char *whole = g_strdup_printf ("\n%s\n", line);

  if (strstr (text, whole) == NULL)
    fail_msg ("there is no \"%s\" in\n%s", line, text);
}

static void
health_prints_what_other_parts_tell_when_there_are_some (void **state)
{
  const HmHealthParts parts = { .counts = tell_counts, .topic = "t", .others = tell_others };
  g_autoptr (HmHealth) health = hm_health_new (&parts, START);
  g_autoptr (GBytes) metrics = NULL;
  g_autofree char *text = NULL;

  (void)state;
  pipeline.engine.refused[HM_REFUSED_WRONG_AGENT] = 3;
  pipeline.engine.verdicts[HM_VERDICT_RIGHT] = 8;
  pipeline.engine.verified = 7;
  metrics = hm_health_metrics (health, START, START, 11);
  text = g_strndup (g_bytes_get_data (metrics, NULL), g_bytes_get_size (metrics));
  assert_line (text, "hypermeter_collector_refused_records_total{reason=\"wrong-agent\"} 3");
  assert_line (text, "hypermeter_collector_refused_records_total{reason=\"bad-json\"} 0");
  assert_line (text, "hypermeter_collector_signatures_total{verdict=\"right\"} 8");
  assert_line (text, "hypermeter_collector_signatures_total{verdict=\"mismatch\"} 0");
  assert_line (text, "hypermeter_collector_taken_records_total{verified=\"yes\"} 7");
  assert_line (text, "hypermeter_agents 9");
  assert_line (text, "hypermeter_agents_silent 2");
  assert_line (text, "hypermeter_agents_incomplete 3");
  assert_line (text, "hypermeter_bins_incomplete 4");
  assert_line (text, "hypermeter_records_missing 5");
  assert_line (text, "hypermeter_store_bytes 12");
  assert_line (text, "hypermeter_store_oversize_total 13");
  assert_line (text, "hypermeter_collector_mirror_sent_total 6");
  assert_line (text, "hypermeter_collector_mirror_refused_total 7");
  assert_line (text, "hypermeter_collector_mirror_failing 1");
  assert_line (text, "hypermeter_collector_ingest_requests_total 21");
  assert_line (text, "hypermeter_collector_ingest_records_total 22");
  assert_line (text, "hypermeter_collector_ingest_refused_total 23");
  assert_line (text, "hypermeter_collector_ingest_put_off_total 24");
  assert_line (text, "hypermeter_collector_ingest_http_refused_total 25");
  assert_line (text, "hypermeter_collector_ingest_waiting 26");
  assert_line (text, "hypermeter_collector_http_refused_total 11");
}

#define WITH_HEALTH(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    WITH_HEALTH (health_is_ready_when_all_is_stored),
    WITH_HEALTH (health_names_the_reason_when_it_is_not_ready),
    WITH_HEALTH (health_sorts_the_reasons_when_there_are_several),
    WITH_HEALTH (health_is_dead_when_a_thread_does_not_come_back),
    WITH_HEALTH (health_is_dead_when_a_thread_is_awaited_for_too_long),
    WITH_HEALTH (health_wants_commits_when_records_wait),
    WITH_HEALTH (health_minds_lag_when_it_grows),
    WITH_HEALTH (health_prints_figures_when_asked),
    WITH_HEALTH (health_prints_what_other_parts_tell_when_there_are_some),
  };

  return cmocka_run_group_tests_name ("collector_health", tests, NULL, NULL);
}
