/* SPDX-License-Identifier: Apache-2.0 */
/* test_shadow: a resource folded again beside the store gives what the engine has stored; what was damaged is found; what came later is left
 * out. */
#include "tests/engine_kit.h"

#include <string.h>

#include "collector/engine/engine_private.h"
#include "collector/engine/engine_prune.h"
#include "collector/bill/shadow.h"
#include "collector/bill/shadow_compare.h"
#include "collector/bill/shadow_private.h"
#include "metering/error.h"

static const HmShadowWish all = {
  .until = HM_TIME_UNKNOWN, .stored = TRUE, .intervals = TRUE, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN
};

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

static HmShadow *
new_shadow (EngineKit *kit)
{
  const HmEngineSettings settings = { .grain_ns = HOUR };
  g_autoptr (GError) error = NULL;
  HmShadow *shadow = hm_shadow_new (&kit->ops, kit->store, kit->meters, &settings, &error);

  if (shadow == NULL)
    fail_msg ("%s", error->message);
  return shadow;
}

static HmShadowFolded *
fold (EngineKit *kit, const HmShadowWish *wish)
{
  g_autoptr (HmShadow) shadow = new_shadow (kit);
  g_autoptr (GError) error = NULL;
  HmShadowFolded *folded = hm_shadow_fold (shadow, "site", "r1", wish, &error);

  if (folded == NULL)
    fail_msg ("%s", error->message);
  return folded;
}

static void
fold_fails (EngineKit *kit, const HmShadowWish *wish, const char *resource, HmError code, const char *part)
{
  g_autoptr (HmShadow) shadow = new_shadow (kit);
  GError *error = NULL;

  assert_null (hm_shadow_fold (shadow, "site", resource, wish, &error));
  kit_assert_error (&error, code, part);
}

static void
append_difference (const HmDifference *difference, gpointer text)
{
  g_string_append_printf (text, "%s %s %s: %s, not %s;", difference->what, difference->meter,
                          difference->figure, difference->stored != NULL ? difference->stored : "none",
                          difference->made != NULL ? difference->made : "none");
}

static void
assert_differences (const HmShadowFolded *folded, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  hm_shadow_compare_cells (folded->stored, folded->buckets, append_difference, text);
  assert_string_equal (text->str, expected);
}

/* Readings @from to @to, a minute apart, appended at MORNING + 5 days + @late. */
static void
take_minutes (EngineKit *kit, guint from, guint to, HmTime late)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = from; i <= to; i++)
    {
      engine_kit_add_reading (kit, arrivals, "r1", i, 1000 * (guint64)i, HM_STATE_RUNNING);
      ((HmArrival *)g_ptr_array_index (arrivals, i - from))->appended += late;
    }
  engine_kit_take (kit, arrivals);
}

static HmInt128
sum (const GPtrArray *rows, const char *meter)
{
  HmInt128 total = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (rows, i);

      for (guint k = 0; k < row->cells->len; k++)
        {
          const HmCell *cell = g_ptr_array_index (row->cells, k);

          if (strcmp (cell->meter, meter) == 0)
            total += cell->quantity;
        }
    }
  return total;
}

/* -- all as it has to be -- */

static void
shadow_gives_what_is_stored (void **state)
{
  g_autoptr (HmShadowFolded) folded = NULL;

  take_minutes (*state, 1, 150, 0);
  folded = fold (*state, &all);
  assert_int_equal (g_hash_table_size (folded->known), 150);
  assert_true (folded->stored->len > 2);
  assert_differences (folded, "");
  assert_string_equal (folded->fold, folded->stored_fold);
  assert_true (sum (folded->buckets, "cpu") == 149 * 1000);
}

static void
shadow_gives_what_is_stored_when_a_record_came_late (void **state)
{
  g_autoptr (HmShadowFolded) folded = NULL;

  take_minutes (*state, 1, 10, 0);
  take_minutes (*state, 80, 90, 0);
  take_minutes (*state, 20, 30, 0);
  folded = fold (*state, &all);
  assert_int_equal (g_hash_table_size (folded->known), 32);
  assert_differences (folded, "");
}

static void
prune (EngineKit *kit, HmTime raw)
{
  const HmRetention retention
      = { .raw = raw, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_prune (kit->engine, &retention, HM_NSEC_PER_SEC, &more, &error))
      fail_msg ("%s", error->message);
}

static void
shadow_begins_with_the_checkpoint (void **state)
{
  g_autoptr (HmShadowFolded) folded = NULL;

  take_minutes (*state, 1, 150, 0);
  prune (*state, MORNING + 2 * HOUR);
  folded = fold (*state, &all);
  assert_true (g_hash_table_size (folded->known) > 0 && g_hash_table_size (folded->known) < 150);
  assert_int_equal (folded->edge, MORNING + 2 * HOUR);
  assert_differences (folded, "");
  assert_string_equal (folded->fold, folded->stored_fold);
}

static void
shadow_refuses_a_resource_that_is_not_there (void **state)
{
  fold_fails (*state, &all, "r2", HM_ERROR_USAGE, "there is no resource r2");
}

/* -- damage -- */

static const HmStoreOps *sound;

static gboolean
change_cell (const HmBucket *row, gpointer user)
{
  HmBucketVisit visit = ((gpointer *)user)[0];
  HmBucket *copy = hm_bucket_copy (row);
  HmCell *cell = g_ptr_array_index (copy->cells, 0);
  gboolean more;

  cell->quantity += strcmp (cell->meter, "cpu") == 0;
  more = visit (copy, ((gpointer *)user)[1]);
  hm_bucket_free (copy);
  return more;
}

static gboolean
list_changed (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user, GError **error)
{
  gpointer pair[2] = { visit, user };

  return sound->list_buckets (store, filter, change_cell, pair, error);
}

static void
shadow_finds_a_cell_that_was_changed (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (HmShadowFolded) folded = NULL;

  sound = kit->real;
  take_minutes (kit, 1, 30, 0);
  kit->ops.list_buckets = list_changed;
  folded = fold (kit, &all);
  assert_differences (folded, "cell cpu quantity: 29001, not 29000;");
}

static gboolean
hide_one (const HmRawRow *row, gpointer user)
{
  HmRawVisit visit = ((gpointer *)user)[0];

  return row->seq == 30 || visit (row, ((gpointer *)user)[1]);
}

static gboolean
load_without_one (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
                  HmRawVisit visit, gpointer user, GError **error)
{
  gpointer pair[2] = { visit, user };

  return sound->raw_load (store, source, resource, from, limit, hide_one, pair, error);
}

static void
shadow_finds_that_a_record_is_gone (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (HmShadowFolded) folded = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  sound = kit->real;
  take_minutes (kit, 1, 30, 0);
  kit->ops.raw_load = load_without_one;
  folded = fold (kit, &all);
  hm_shadow_compare_cells (folded->stored, folded->buckets, append_difference, text);
  assert_non_null (strstr (text->str, "cell cpu quantity: 29000, not 28000;"));
  assert_string_not_equal (folded->fold, folded->stored_fold);
}

/* -- sums per day and month -- */

static HmBucket *
row_of (HmTime grain, const char *agent, HmInt128 quantity)
{
  HmBucket *row = hm_bucket_new ();
  HmCell *cell;

  row->grain = grain;
  row->agent = g_strdup (agent);
  row->epoch = g_strdup (agent);
  row->project = g_strdup ("p");
  row->user = g_strdup ("");
  row->flavor = g_strdup ("");
  cell = hm_bucket_cell (row, "", "cpu", agent, HM_CUMULATIVE, "ns");
  cell->quantity = quantity;
  cell->covered_ns = 1;
  return row;
}

static void
compare_sums_takes_lives_together (void **state)
{
  g_autoptr (GPtrArray) rolled = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  g_autoptr (GString) text = g_string_new (NULL);
  HmBucket *day = row_of (MORNING - MORNING % DAY, "", 7);

  (void)state;
  ((HmCell *)g_ptr_array_index (day->cells, 0))->covered_ns = 2;
  g_ptr_array_add (rolled, day);
  g_ptr_array_add (rows, row_of (MORNING, "a", 3));
  g_ptr_array_add (rows, row_of (MORNING + HOUR, "b", 4));
  hm_shadow_compare_sums (rolled, rows, HM_STEP_DAY, append_difference, text);
  assert_string_equal (text->str, "");
  ((HmCell *)g_ptr_array_index (day->cells, 0))->quantity = 8;
  hm_shadow_compare_sums (rolled, rows, HM_STEP_DAY, append_difference, text);
  assert_string_equal (text->str, "day cpu quantity: 8, not 7;");
  g_string_truncate (text, 0);
  g_ptr_array_set_size (rolled, 0);
  hm_shadow_compare_sums (rolled, rows, HM_STEP_MONTH, append_difference, text);
  assert_string_equal (text->str, "month cpu quantity: none, not 7;");
}

/* -- as of a moment -- */

static void
shadow_leaves_out_what_came_later (void **state)
{
  const HmShadowWish then = { .until = MORNING + 5 * DAY, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (HmShadowFolded) folded = NULL;

  take_minutes (*state, 1, 10, 0);
  take_minutes (*state, 11, 20, 1);
  folded = fold (*state, &then);
  assert_int_equal (g_hash_table_size (folded->known), 10);
  assert_true (sum (folded->buckets, "cpu") == 9 * 1000);
}

static void
shadow_refuses_a_moment_that_the_checkpoint_hides (void **state)
{
  HmShadowWish then = { .until = MORNING + 5 * DAY, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (HmShadowFolded) folded = NULL;

  take_minutes (*state, 1, 100, 0);
  take_minutes (*state, 101, 110, 7);
  take_minutes (*state, 111, 150, 9);
  prune (*state, MORNING + 2 * HOUR);
  then.until = MORNING + 5 * DAY + 6;
  fold_fails (*state, &then, "r1", HM_ERROR_USAGE, "cannot be told as of then");
  then.until = MORNING + 5 * DAY + 9;
  folded = fold (*state, &then);
  assert_int_equal (g_hash_table_size (folded->known), 31);
}

/* The cpu reading of minute 30, which is too low, is where the counter began anew. */
static void
rebase (EngineKit *kit, HmTime made)
{
  const HmDecisionRow decision = { .source = "site",
                                   .resource = "r1",
                                   .agent = "node",
                                   .epoch = "e1",
                                   .seq = 30,
                                   .device = "",
                                   .meter = "cpu",
                                   .sample_epoch = "",
                                   .decision = HM_DECISION_REBASE,
                                   .author = "ada",
                                   .reason = "the counter was reset",
                                   .made = made };
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  gboolean owned = FALSE;

  g_array_append_val (rows->decisions, decision);
  assert_true (hm_engine_refold (kit->engine, rows, "site", "r1", NULL)
               && hm_engine_store_rows (kit->engine, rows, &owned, NULL) && owned);
}

/* 28 times 1000, then ten times 10 that a decision lets count. */
static void
take_low_minutes (EngineKit *kit)
{
  for (guint minute = 1; minute <= 40; minute++)
    {
      g_autoptr (GPtrArray) one = engine_kit_arrivals ();

      engine_kit_add_reading (kit, one, "r1", minute, (minute < 30 ? 1000 : 10) * (guint64)minute,
                              HM_STATE_RUNNING);
      engine_kit_take (kit, one);
    }
}

static void
shadow_leaves_out_what_was_decided_later (void **state)
{
  HmShadowWish then = { .until = MORNING + 6 * DAY, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (HmShadowFolded) before = NULL, after = NULL;

  take_low_minutes (*state);
  rebase (*state, MORNING + 7 * DAY);
  before = fold (*state, &then);
  assert_true (sum (before->buckets, "cpu") == 28000);
  then.until = MORNING + 7 * DAY;
  after = fold (*state, &then);
  assert_true (sum (after->buckets, "cpu") == 28100);
}

static void
shadow_refuses_a_moment_before_a_decision_that_the_checkpoint_hides (void **state)
{
  HmShadowWish then = { .until = MORNING + 6 * DAY, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (HmShadowFolded) after = NULL;

  take_low_minutes (*state);
  take_minutes (*state, 200, 201, 0);
  rebase (*state, MORNING + 7 * DAY);
  prune (*state, MORNING + 2 * HOUR);
  fold_fails (*state, &then, "r1", HM_ERROR_USAGE, "cannot be told as of then");
  then.until = MORNING + 7 * DAY;
  after = fold (*state, &then);
  assert_int_equal (after->edge, MORNING + 2 * HOUR);
}

/* -- whose it was -- */

/* As take_minutes(), one reading that says whose the resource is. */
static void
take_owned (EngineKit *kit, guint minute, const char *project)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();
  HmSample samples[2];
  HmRecord record;

  engine_kit_record (&record, "r1", minute, MORNING + minute * MINUTE);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = 1000 * (guint64)minute;
  record.samples = samples;
  record.resource.project = project;
  g_ptr_array_add (one, engine_kit_arrival (kit, &record));
  engine_kit_take (kit, one);
}

static HmInt128
sum_of (const GPtrArray *intervals, HmTime *ret_from, HmTime *ret_to)
{
  HmInt128 total = 0;

  for (guint i = 0; i < intervals->len; i++)
    total += ((const HmShadowInterval *)intervals->pdata[i])->amount;
  *ret_from = ((const HmShadowInterval *)intervals->pdata[0])->from;
  *ret_to = ((const HmShadowInterval *)intervals->pdata[intervals->len - 1])->to;
  return total;
}

/* It is p2's from minute 50 on, and was read an hour later: 10 000 of that lie in the first hour. */
static void
shadow_cuts_what_is_another_owners (void **state)
{
  HmShadowWish wish = { .until = HM_TIME_UNKNOWN,
                        .intervals = TRUE,
                        .meter = "cpu",
                        .from = MORNING,
                        .to = MORNING + HOUR,
                        .project = "p2" };
  g_autoptr (HmShadowFolded) second = NULL, first = NULL;
  HmTime from, to;

  take_owned (*state, 10, "p1");
  take_owned (*state, 50, "p2");
  take_owned (*state, 110, "p2");
  second = fold (*state, &wish);
  assert_true (sum_of (second->intervals, &from, &to) == 10000);
  assert_true (from == MORNING + 50 * MINUTE && to == MORNING + HOUR);
  assert_true (sum_of (second->others, &from, &to) == 40000);
  assert_true (from == MORNING + 10 * MINUTE && to == MORNING + 50 * MINUTE);
  wish.project = "p1";
  wish.to = HM_TIME_UNKNOWN;
  first = fold (*state, &wish);
  assert_true (sum_of (first->intervals, &from, &to) == 40000);
  assert_true (sum_of (first->others, &from, &to) == 60000);
  assert_int_equal (first->others->len, 1); /* the hour's edge makes no difference */
}

static void
assert_opened (EngineKit *kit, const char *meter, guint64 seq, HmTime time, guint64 base)
{
  const HmShadowWish wish = {
    .until = HM_TIME_UNKNOWN, .intervals = TRUE, .meter = meter, .from = MORNING + HOUR, .to = HM_TIME_UNKNOWN
  };
  g_autoptr (HmShadowFolded) folded = fold (kit, &wish);
  const HmShadowInterval *first = g_ptr_array_index (folded->intervals, 0);

  assert_true (first->from == MORNING + HOUR);
  assert_non_null (first->opened);
  assert_true (first->opened->seq == seq);
  assert_true (first->has_base && first->base_time == time);
  assert_true (first->base.u64 == base);
}

static void
shadow_names_the_record_that_opened_an_interval (void **state)
{
  take_minutes (*state, 1, 59, 0);
  take_minutes (*state, 61, 62, 0);
  assert_opened (*state, "cpu", 59, MORNING + 59 * MINUTE, 59000);
  assert_opened (*state, "memory", 59, MORNING + 59 * MINUTE, 4096);
}

/* -- a collector that writes meanwhile -- */

static EngineKit *busy;
static guint changes;

static gboolean
change_meanwhile (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                  GError **error)
{
  if (changes > 0)
    {
      guint next = 100 - changes--;

      take_minutes (busy, next, next, 0);
    }
  return sound->list_buckets (store, filter, visit, user, error);
}

static void
shadow_looks_again_when_the_resource_changed (void **state)
{
  g_autoptr (HmShadowFolded) folded = NULL;

  busy = *state;
  sound = busy->real;
  changes = 3;
  take_minutes (busy, 1, 30, 0);
  busy->ops.list_buckets = change_meanwhile;
  folded = fold (busy, &all);
  assert_int_equal (changes, 0);
  assert_int_equal (g_hash_table_size (folded->known), 33);
  assert_differences (folded, "");
}

static void
shadow_gives_up_when_it_never_rests (void **state)
{
  busy = *state;
  sound = busy->real;
  changes = 90;
  take_minutes (busy, 1, 9, 0);
  busy->ops.list_buckets = change_meanwhile;
  fold_fails (busy, &all, "r1", HM_ERROR_TEMPORARY, "changes all the time");
}

/* -- how gauges hold -- */

static void
shadow_holds_as_the_store_says (void **state)
{
  EngineKit *kit = *state;
  const HmEngineSettings settings = { .grain_ns = HOUR, .hold_intervals = 6, .fallback_interval_ns = HOUR };
  g_autoptr (HmShadow) shadow = hm_shadow_new (&kit->ops, kit->store, kit->meters, &settings, NULL);
  gint64 fallback_ns;
  guint intervals;

  assert_non_null (shadow);
  hm_engine_holding (shadow->engine, &intervals, &fallback_ns);
  assert_int_equal (intervals, 3);
  assert_int_equal (fallback_ns, MINUTE);
}

static gboolean
keep_no_setting (HmStore *store, const char *name, gint64 value, gint64 *ret_value, GError **error)
{
  (void)store, (void)name, (void)value, (void)error;
  *ret_value = 0;
  return TRUE;
}

static void
shadow_refuses_a_store_that_does_not_say_how_gauges_hold (void **state)
{
  EngineKit *kit = *state;
  const HmEngineSettings settings = { .grain_ns = HOUR };
  GError *error = NULL;

  kit->ops.setting = keep_no_setting;
  assert_null (hm_shadow_new (&kit->ops, kit->store, kit->meters, &settings, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "for how long a gauge's value holds");
}

#define CASE(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (shadow_gives_what_is_stored),
    CASE (shadow_gives_what_is_stored_when_a_record_came_late),
    CASE (shadow_begins_with_the_checkpoint),
    CASE (shadow_refuses_a_resource_that_is_not_there),
    CASE (shadow_finds_a_cell_that_was_changed),
    CASE (shadow_finds_that_a_record_is_gone),
    cmocka_unit_test (compare_sums_takes_lives_together),
    CASE (shadow_leaves_out_what_came_later),
    CASE (shadow_refuses_a_moment_that_the_checkpoint_hides),
    CASE (shadow_leaves_out_what_was_decided_later),
    CASE (shadow_refuses_a_moment_before_a_decision_that_the_checkpoint_hides),
    CASE (shadow_cuts_what_is_another_owners),
    CASE (shadow_names_the_record_that_opened_an_interval),
    CASE (shadow_looks_again_when_the_resource_changed),
    CASE (shadow_gives_up_when_it_never_rests),
    CASE (shadow_holds_as_the_store_says),
    CASE (shadow_refuses_a_store_that_does_not_say_how_gauges_hold),
  };

  return cmocka_run_group_tests_name ("shadow", tests, NULL, NULL);
}
