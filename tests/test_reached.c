/* SPDX-License-Identifier: Apache-2.0 */
/* test_reached: up to when everything of a partition is stored, as the source says it from what the broker and the pipeline say. */
#include "tests/kit.h"

#include "collector/source/source_private.h"

#define PARTITIONS 5

/* -- what the broker and the pipeline say -- */

static gint64 high[PARTITIONS], committed[PARTITIONS];
static HmTime appended[PARTITIONS];
static gboolean away, by_broker;
static guint asked[PARTITIONS];

gboolean __wrap_hm_source_ask_end (HmSource *source, gint32 partition, gint64 *ret_end, GError **error);
gint64 __wrap_hm_pipeline_committed (HmPipeline *pipeline, gint32 partition);
HmTime __wrap_hm_pipeline_reached (HmPipeline *pipeline, gint32 partition, gboolean *ret_by_broker);

gboolean
__wrap_hm_source_ask_end (HmSource *source, gint32 partition, gint64 *ret_end, GError **error)
{
  (void)source;
  (void)error;
  asked[partition]++;
  *ret_end = high[partition];
  return !away;
}

gint64
__wrap_hm_pipeline_committed (HmPipeline *pipeline, gint32 partition)
{
  (void)pipeline;
  return committed[partition];
}

HmTime
__wrap_hm_pipeline_reached (HmPipeline *pipeline, gint32 partition, gboolean *ret_by_broker)
{
  (void)pipeline;
  *ret_by_broker = by_broker;
  return appended[partition];
}

/* -- the source -- */

typedef struct
{
  HmSource source;
  GArray *rows; /* (element-type HmSourceReached) */
  HmTime before, reached;
  gboolean known;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  f->source.options = hm_options_new (hm_source_options, pairs, "the test", NULL);
  f->source.client = (rd_kafka_t *)&f->source; /* never looked into */
  f->source.partitions = g_array_new (FALSE, TRUE, sizeof (HmPartition));
  f->rows = g_array_new (FALSE, FALSE, sizeof (HmSourceReached));
  g_array_set_size (f->source.partitions, PARTITIONS);
  away = FALSE;
  by_broker = TRUE;
  for (gint32 i = 0; i < PARTITIONS; i++)
    {
      g_array_index (f->source.partitions, HmPartition, i) = (HmPartition){ .id = i, .stored = 5 };
      high[i] = committed[i] = 10;
      appended[i] = 1000 + i;
      asked[i] = 0;
    }
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_options_unref (f->source.options);
  g_array_unref (f->source.partitions);
  g_array_unref (f->rows);
  g_free (f);
  return 0;
}

static void
look (Fixture *f)
{
  const HmClock *clock = hm_clock_system ();

  f->before = clock->wall (clock);
  f->known = hm_source_reached (&f->source, f->rows, &f->reached);
}

static const HmSourceReached *
row (const Fixture *f, guint i)
{
  return &g_array_index (f->rows, HmSourceReached, i);
}

static void
reached_is_the_moment_before_the_broker_was_asked_where_all_is_stored (void **state)
{
  Fixture *f = *state;
  const HmClock *clock = hm_clock_system ();

  look (f);
  assert_true (f->known);
  assert_int_equal (f->rows->len, PARTITIONS);
  assert_int_equal (row (f, 2)->partition, 2);
  assert_int_equal (row (f, 2)->next, 10);
  assert_true (row (f, 2)->reached >= f->before - HM_SOURCE_SKEW_NS);
  assert_true (row (f, 2)->reached <= clock->wall (clock) - HM_SOURCE_SKEW_NS);
}

static void
reached_is_the_last_stored_record_where_more_waits (void **state)
{
  Fixture *f = *state;

  high[1] = 11;
  look (f);
  assert_true (f->known);
  assert_int_equal (row (f, 1)->reached, 1001);
  assert_int_equal (row (f, 1)->next, 10);
  assert_int_equal (f->reached, 1001); /* of all of them */
}

/* CreateTime, which is what a topic has unless it is told otherwise: records that were received just now may be weeks old. */
static void
reached_is_not_the_last_stored_record_where_the_broker_does_not_tell_its_time (void **state)
{
  Fixture *f = *state;

  by_broker = FALSE;
  high[1] = 1000;
  look (f);
  assert_false (f->known);
  assert_int_equal (f->rows->len, PARTITIONS - 1);
  assert_int_equal (row (f, 1)->partition, 2);
  committed[1] = 999; /* nearly there is not there */
  look (f);
  assert_false (f->known);
}

/* A partition that never rests is at its end at no moment. */
static void
reached_is_when_the_broker_was_asked_once_all_of_then_is_stored (void **state)
{
  Fixture *f = *state;
  HmTime first;

  by_broker = FALSE;
  high[1] = 1000;
  look (f);
  first = f->before;
  high[1] = 2000;
  look (f);
  assert_false (f->known);
  high[1] = 3000;
  committed[1] = 1000;
  g_array_set_size (f->rows, 0);
  look (f);
  assert_true (f->known);
  assert_int_equal (f->rows->len, PARTITIONS);
  assert_int_equal (row (f, 1)->next, 1000);
  assert_true (row (f, 1)->reached >= first - HM_SOURCE_SKEW_NS);
  assert_true (row (f, 1)->reached < f->before - HM_SOURCE_SKEW_NS);
  assert_int_equal (f->reached, row (f, 1)->reached + HM_SOURCE_SKEW_NS);
  first = f->reached;
  look (f); /* 3000 is not reached, what was passed before still is */
  assert_true (f->known);
  assert_int_equal (f->reached, first);
}

/* Each of them passes where it ended in a look of its own. */
static void
reached_is_known_of_all_though_no_look_met_all_of_them_at_their_ends (void **state)
{
  Fixture *f = *state;
  HmTime first;

  by_broker = FALSE;
  high[1] = high[2] = 1000;
  look (f);
  first = f->before;
  high[1] = high[2] = 2000;
  committed[1] = 1000;
  look (f);
  assert_false (f->known);
  high[1] = high[2] = 3000;
  committed[2] = 1000;
  look (f);
  assert_true (f->known);
  assert_true (f->reached >= first);
  assert_true (f->reached < f->before);
}

static void
reached_is_not_known_of_partitions_of_which_nothing_was_stored (void **state)
{
  Fixture *f = *state;

  committed[0] = -1;
  appended[0] = HM_TIME_UNKNOWN;
  look (f);
  assert_false (f->known);
  assert_int_equal (f->rows->len, PARTITIONS - 1); /* the others are */
  assert_int_equal (row (f, 0)->partition, 1);
}

static void
reached_says_nothing_of_a_halted_partition_nor_without_the_broker (void **state)
{
  Fixture *f = *state;

  g_array_index (f->source.partitions, HmPartition, 2).halted = TRUE;
  look (f);
  assert_false (f->known);
  assert_int_equal (f->rows->len, PARTITIONS - 1);
  away = TRUE;
  look (f);
  assert_false (f->known);
  assert_int_equal (f->rows->len, PARTITIONS - 1);
}

/* Each question takes seconds then, on the thread that consumes. */
static void
reached_asks_three_partitions_that_do_not_answer_and_the_others_next_time (void **state)
{
  Fixture *f = *state;

  away = TRUE;
  look (f);
  assert_false (f->known);
  for (gint32 i = 0; i < PARTITIONS; i++)
    assert_int_equal (asked[i], i < 3 ? 1 : 0);
  look (f);
  assert_false (f->known);
  for (gint32 i = 0; i < PARTITIONS; i++)
    assert_int_equal (asked[i], i == 0 ? 2 : 1);
  away = FALSE;
  look (f);
  assert_true (f->known);
  assert_int_equal (f->rows->len, PARTITIONS);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (reached_is_the_moment_before_the_broker_was_asked_where_all_is_stored),
    CASE (reached_is_the_last_stored_record_where_more_waits),
    CASE (reached_is_not_the_last_stored_record_where_the_broker_does_not_tell_its_time),
    CASE (reached_is_when_the_broker_was_asked_once_all_of_then_is_stored),
    CASE (reached_is_known_of_all_though_no_look_met_all_of_them_at_their_ends),
    CASE (reached_is_not_known_of_partitions_of_which_nothing_was_stored),
    CASE (reached_says_nothing_of_a_halted_partition_nor_without_the_broker),
    CASE (reached_asks_three_partitions_that_do_not_answer_and_the_others_next_time),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
