/* SPDX-License-Identifier: Apache-2.0 */
/* test_collector_pipeline: the threads between source and store, without a bus: what is pushed is stored
 * once, a fence holds, calls are answered even while the database is away, and a stop ends in time. */
#include "tests/engine_kit.h"

#include "collector/pipeline/pipeline.h"

#define LONG (60 * HM_NSEC_PER_SEC)

typedef struct
{
  EngineKit *kit;
  HmPipeline *pipeline;
  guint64 seq;
} Flow;

static const HmStoreOps *sound;
static gint refusals; /* atomic: so many begins are still to fail; negative: none */
static GMutex gate;   /* held by a test: the next begin waits for it */
static gint begins;   /* atomic: how many were called */
static gint live;     /* atomic: arrivals that have not given their bytes back */

static gboolean
slow_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  g_atomic_int_inc (&begins);
  g_mutex_lock (&gate);
  g_mutex_unlock (&gate);
  if (g_atomic_int_get (&refusals) <= 0 || g_atomic_int_add (&refusals, -1) <= 0)
    return sound->begin (store, moves, n, ret_owned, error);
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the database is away");
  return FALSE;
}

static gint often, thrice; /* atomic: how often the chores were run */

static gboolean
run_often (HmEngine *engine, gpointer user)
{
  assert_non_null (engine);
  g_atomic_int_inc ((gint *)user);
  return FALSE;
}

/* It has more to do, twice; then it is due in an hour. */
static gboolean
run_thrice (HmEngine *engine, gpointer user)
{
  assert_non_null (engine);
  return g_atomic_int_add ((gint *)user, 1) < 2;
}

static void
be_quiet (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level;
  (void)fields;
  (void)text;
  (void)user;
}

static int
set_up (void **state)
{
  const HmPipelineSettings settings = { .batch_records = 64, .batch_bytes = 1 << 20 };
  Flow *flow = g_new0 (Flow, 1);

  hm_log_capture (be_quiet, NULL);
  flow->kit = engine_kit_new ();
  sound = flow->kit->real;
  refusals = begins = 0;
  flow->kit->ops.begin = slow_begin;
  flow->pipeline = hm_pipeline_new (g_steal_pointer (&flow->kit->engine), flow->kit->meters, &settings);
  often = thrice = 0;
  hm_pipeline_every (flow->pipeline, HM_NSEC_PER_MSEC, run_often, &often);
  hm_pipeline_every (flow->pipeline, HOUR, run_thrice, &thrice);
  hm_pipeline_start (flow->pipeline);
  *state = flow;
  return 0;
}

static int
tear_down (void **state)
{
  Flow *flow = *state;

  if (flow->pipeline != NULL)
    {
      assert_true (hm_pipeline_stop (flow->pipeline, LONG));
      hm_pipeline_free (flow->pipeline);
    }
  engine_kit_free (flow->kit);
  hm_log_capture (NULL, NULL);
  g_free (flow);
  return 0;
}

static void
release (gpointer bytes)
{
  g_bytes_unref (bytes);
  g_atomic_int_add (&live, -1);
}

/* A chunk of @n records that were consumed just now, not decoded yet. */
static void
push (Flow *flow, guint n)
{
  GPtrArray *chunk = g_ptr_array_new ();

  for (guint i = 0; i < n; i++)
    {
      HmRecord record;
      HmArrival *arrival;

      flow->seq++;
      engine_kit_record (&record, "r1", flow->seq, MORNING + (gint64)flow->seq * MINUTE);
      arrival = engine_kit_arrival (flow->kit, &record);
      g_clear_pointer (&arrival->decoded, hm_decoded_free);
      arrival->foreign = FALSE;
      arrival->release = release;
      g_atomic_int_inc (&live);
      arrival->generation = hm_pipeline_generation (flow->pipeline);
      g_ptr_array_add (chunk, arrival);
    }
  assert_true (hm_pipeline_wait_room (flow->pipeline, LONG));
  hm_pipeline_push (flow->pipeline, chunk);
}

static void
ask_offset (HmEngine *engine, gpointer user)
{
  gboolean found;

  hm_engine_find_offset (engine, "t", 0, user, &found, NULL);
}

static gint64
offset_of (Flow *flow)
{
  gint64 next = -1;

  hm_pipeline_call (flow->pipeline, ask_offset, &next);
  return next;
}

static void
await_committed (Flow *flow, gint64 next)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  while (hm_pipeline_committed (flow->pipeline, 0) != next && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  assert_int_equal (hm_pipeline_committed (flow->pipeline, 0), next);
}

static void
await_runs (gint *runs, gint at_least)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  while (g_atomic_int_get (runs) < at_least && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  assert_true (g_atomic_int_get (runs) >= at_least);
}

/* Pushes @n records and waits until their transaction is held up at the gate. */
static void
push_up_to_the_gate (Flow *flow, guint n)
{
  push (flow, n);
  while (g_atomic_int_get (&begins) == 0)
    g_thread_yield ();
}

static void
pipeline_stores_what_is_pushed (void **state)
{
  Flow *flow = *state;
  HmPipelineCounts counts;

  for (guint i = 0; i < 40; i++)
    push (flow, 1 + i % 20);
  await_committed (flow, 420);
  assert_int_equal (offset_of (flow), 420);
  hm_pipeline_counts (flow->pipeline, &counts);
  assert_int_equal (counts.engine.records, 420);
  assert_int_equal (counts.engine.duplicates, 0);
  assert_int_equal (counts.decoding + counts.storing, 0);
}

static void
fence_waits_for_the_transaction_and_drops_the_rest (void **state)
{
  Flow *flow = *state;
  gint64 stored;

  for (guint i = 0; i < 5; i++)
    push (flow, 20);
  hm_pipeline_fence (flow->pipeline, FALSE);
  stored = offset_of (flow);
  flow->kit->offset = stored; /* consumed again from where the store is */
  flow->seq = (guint64)stored;
  push (flow, 30);
  await_committed (flow, stored + 30);
  assert_int_equal (offset_of (flow), stored + 30);
}

/* What is popped and not yet looked at is in nobody's queue: as many rounds as it takes to meet it there. */
static void
fence_leaves_no_arrival_of_before_alive (void **state)
{
  Flow *flow = *state;

  for (guint i = 0; i < 300; i++)
    {
      flow->kit->offset = offset_of (flow);
      flow->seq = (guint64)flow->kit->offset;
      for (guint chunks = 0; chunks < 1 + i % 4; chunks++)
        push (flow, 20);
      hm_pipeline_fence (flow->pipeline, i % 2 == 0);
      assert_int_equal (g_atomic_int_get (&live), 0);
    }
}

static void
committed_offset_is_forgotten_for_one_partition (void **state)
{
  Flow *flow = *state;

  push (flow, 5);
  await_committed (flow, 5);
  hm_pipeline_forget_committed (flow->pipeline, 1);
  assert_int_equal (hm_pipeline_committed (flow->pipeline, 0), 5);
  hm_pipeline_forget_committed (flow->pipeline, 0);
  assert_int_equal (hm_pipeline_committed (flow->pipeline, 0), -1);
}

static gpointer
fence_and_give_up (gpointer pipeline)
{
  hm_pipeline_fence (pipeline, TRUE);
  return NULL;
}

static void
fence_that_gives_up_leaves_the_transaction_without_a_trace (void **state)
{
  Flow *flow = *state;
  guint64 generation = hm_pipeline_generation (flow->pipeline);
  GThread *thread;

  g_mutex_lock (&gate);
  push_up_to_the_gate (flow, 20);
  thread = g_thread_new ("fence", fence_and_give_up, flow->pipeline);
  while (hm_pipeline_generation (flow->pipeline) == generation)
    g_thread_yield ();
  g_mutex_unlock (&gate);
  g_thread_join (thread);
  assert_int_equal (offset_of (flow), 0);
  assert_false (hm_pipeline_was_lost (flow->pipeline));
}

static void
pipeline_tries_again_while_the_database_is_away_and_answers_calls (void **state)
{
  Flow *flow = *state;

  g_atomic_int_set (&refusals, 3);
  push (flow, 20);
  while (g_atomic_int_get (&refusals) > 0)
    assert_true (offset_of (flow) >= 0);
  await_committed (flow, 20);
  assert_null (hm_pipeline_failure (flow->pipeline));
}

static void
pipeline_says_when_an_offset_was_moved (void **state)
{
  Flow *flow = *state;

  flow->kit->offset = 7; /* the store is at 0 */
  push (flow, 5);
  while (!hm_pipeline_was_lost (flow->pipeline))
    g_thread_yield ();
  assert_false (hm_pipeline_was_lost (flow->pipeline));
  assert_int_equal (offset_of (flow), 0);
}

static void
stop_ends_in_time_while_the_database_is_away (void **state)
{
  Flow *flow = *state;

  g_atomic_int_set (&refusals, G_MAXINT);
  push (flow, 20);
  while (g_atomic_int_get (&refusals) == G_MAXINT)
    g_thread_yield ();
  assert_true (hm_pipeline_stop (flow->pipeline, LONG));
  g_clear_pointer (&flow->pipeline, hm_pipeline_free);
}

static void
stop_says_so_when_a_transaction_does_not_end (void **state)
{
  Flow *flow = *state;

  g_mutex_lock (&gate);
  push_up_to_the_gate (flow, 1);
  assert_false (hm_pipeline_stop (flow->pipeline, HM_NSEC_PER_MSEC));
  g_mutex_unlock (&gate);
}

/* -- what is looked after meanwhile -- */

/* The storing thread is free once it was looked after often enough. */
static void
count_and_open_the_gate (gpointer user)
{
  guint *times = user;

  if (++*times == 3)
    g_mutex_unlock (&gate);
}

static void
fence_looks_after_the_rest_while_the_transaction_does_not_end (void **state)
{
  Flow *flow = *state;
  guint times = 0;

  hm_pipeline_set_meanwhile (flow->pipeline, count_and_open_the_gate, &times);
  g_mutex_lock (&gate);
  push_up_to_the_gate (flow, 20);
  hm_pipeline_fence (flow->pipeline, FALSE);
  assert_true (times >= 3);
  assert_int_equal (g_atomic_int_get (&live), 0);
  assert_int_equal (offset_of (flow), 20);
}

typedef struct
{
  Flow *flow;
  guint times, awaited;
  gint released; /* atomic */
} Hang;

static void
hang_until_told (HmEngine *engine, gpointer user)
{
  assert_non_null (engine);
  while (!g_atomic_int_get (&((Hang *)user)->released))
    g_thread_yield ();
}

static void
look_at_the_counts (gpointer user)
{
  Hang *hang = user;
  HmPipelineCounts counts;

  hm_pipeline_counts (hang->flow->pipeline, &counts);
  hang->awaited += counts.awaited;
  if (++hang->times == 3)
    g_atomic_int_set (&hang->released, TRUE);
}

static void
call_looks_after_the_rest_while_it_hangs (void **state)
{
  Hang hang = { .flow = *state };
  HmPipelineCounts counts;

  hm_pipeline_set_meanwhile (hang.flow->pipeline, look_at_the_counts, &hang);
  hm_pipeline_call (hang.flow->pipeline, hang_until_told, &hang);
  assert_true (hang.times >= 3);
  assert_int_equal (hang.awaited, hang.times);
  hm_pipeline_counts (hang.flow->pipeline, &counts);
  assert_false (counts.awaited);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

/* -- chores -- */

static void
pipeline_runs_chores_when_they_are_due (void **state)
{
  Flow *flow = *state;

  await_runs (&often, 3);
  push (flow, 10);
  await_committed (flow, 10);
  await_runs (&often, g_atomic_int_get (&often) + 3);
  assert_int_equal (g_atomic_int_get (&thrice),
                    3); /* at once as long as there was more, and then not again */
}

static void
pipeline_runs_no_chore_within_a_transaction (void **state)
{
  Flow *flow = *state;
  gint before;

  g_mutex_lock (&gate);
  push_up_to_the_gate (flow, 5);
  before = g_atomic_int_get (&often);
  push (flow, 5);
  assert_int_equal (g_atomic_int_get (&often), before);
  g_mutex_unlock (&gate);
  await_committed (flow, 10);
  await_runs (&often, before + 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (pipeline_runs_chores_when_they_are_due),
    CASE (pipeline_runs_no_chore_within_a_transaction),
    CASE (pipeline_stores_what_is_pushed),
    CASE (fence_waits_for_the_transaction_and_drops_the_rest),
    CASE (fence_leaves_no_arrival_of_before_alive),
    CASE (committed_offset_is_forgotten_for_one_partition),
    CASE (fence_that_gives_up_leaves_the_transaction_without_a_trace),
    CASE (pipeline_tries_again_while_the_database_is_away_and_answers_calls),
    CASE (pipeline_says_when_an_offset_was_moved),
    CASE (stop_ends_in_time_while_the_database_is_away),
    CASE (stop_says_so_when_a_transaction_does_not_end),
    CASE (fence_looks_after_the_rest_while_the_transaction_does_not_end),
    CASE (call_looks_after_the_rest_while_it_hangs),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
