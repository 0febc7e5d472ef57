/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_rollups: the cases about usage per day and month, the evidence behind it, and usage read from rollups and buckets together.
 *
 * Days are numbers since 1970: 19000 is 2022-01-08, February begins with 19024 and March with 19052. */
#include "tests/store_suite.h"

#include <string.h>

#define DAY         (24 * SUITE_GRAIN)
#define FIRST_DAY   19000
#define LAST_DAY    19060
#define FEBRUARY    19024
#define MARCH       19052
#define N_RESOURCES 4

static HmTime
at (gint64 day, gint64 hour)
{
  return day * DAY + hour * SUITE_GRAIN;
}

static HmBucket *
new_bucket (const char *resource, HmTime grain, const char *project, const char *epoch, gint64 quantity)
{
  HmBucket *bucket = hm_bucket_new ();
  HmCell *cell;

  bucket->grain = grain;
  bucket->source = g_strdup ("site");
  bucket->resource = g_strdup (resource);
  bucket->agent = g_strdup (*epoch != '\0' ? "node" : "");
  bucket->epoch = g_strdup (epoch);
  bucket->project = g_strdup (project);
  bucket->user = g_strdup ("u1");
  bucket->flavor = g_strdup ("");
  bucket->state = HM_STATE_RUNNING;
  cell = hm_bucket_cell (bucket, "disk:vda", "disk.device.read.bytes", "", HM_CUMULATIVE, "B");
  cell->quantity = quantity;
  cell->covered_ns = SUITE_GRAIN;
  return bucket;
}

static HmRollupRow
new_rollup (HmUsageStep step, const char *resource, gint64 day, const char *project, gint64 quantity)
{
  return (HmRollupRow){ step, new_bucket (resource, at (day, 0), project, "", quantity) };
}

static void
clear_rollup (gpointer row)
{
  hm_bucket_free (((HmRollupRow *)row)->bucket);
}

static gboolean
append_usage (const HmBucket *row, gpointer user)
{
  const HmCell *cell = g_ptr_array_index (row->cells, 0);

  g_ptr_array_add (user, g_strdup_printf ("%s@%d+%d/%s%s%s=%" G_GINT64_FORMAT, row->resource,
                                          (int)(row->grain / DAY), (int)(row->grain % DAY / SUITE_GRAIN),
                                          row->project, *row->epoch != '\0' ? "/" : "", row->epoch,
                                          (gint64)cell->quantity));
  return TRUE;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* Usage comes in no order: sorted here. */
static void
assert_usage (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;

  assert_true (suite->ops->list_usage (suite->store, filter, append_usage, rows, NULL));
  g_ptr_array_sort (rows, compare_texts);
  g_ptr_array_add (rows, NULL);
  text = g_strjoinv (";", (char **)rows->pdata);
  assert_string_equal (text, expected);
}

/* -- rolling up, and back -- */

/* One resource with a day in January, the last of January and the first of February, all rolled up: as of the chore, in one transaction. */
static void
commit_rolled (Suite *suite, const char *resource)
{
  HmResourceRow row = suite_resource (resource, at (FIRST_DAY, 0), at (FEBRUARY, 1), 0);
  g_autoptr (HmBucket) a = new_bucket (resource, at (FIRST_DAY, 3), "p1", "e", 1),
                       b = new_bucket (resource, at (FEBRUARY - 1, 23), "p1", "e", 10),
                       c = new_bucket (resource, at (FEBRUARY, 0), "p1", "e", 100);
  HmRollupRow rollups[] = { new_rollup (HM_STEP_DAY, resource, FIRST_DAY, "p1", 1),
                            new_rollup (HM_STEP_DAY, resource, FEBRUARY - 1, "p1", 10),
                            new_rollup (HM_STEP_DAY, resource, FEBRUARY, "p1", 100),
                            new_rollup (HM_STEP_MONTH, resource, FEBRUARY - 31, "p1", 11) };
  const HmEvidenceRow evidence[] = { { "site", resource, at (FIRST_DAY, 0), 3, "aa" },
                                     { "site", resource, at (FEBRUARY - 1, 0), 2, "bb" },
                                     { "site", resource, at (FEBRUARY, 0), 1, "cc" } };

  row.rolled = at (FEBRUARY + 1, 0);
  suite_commit (suite, &(HmBatch){ .resources = &row,
                                   .n_resources = 1,
                                   .buckets = (HmBucket *[]){ a, b, c },
                                   .n_buckets = 3,
                                   .rollups = rollups,
                                   .n_rollups = G_N_ELEMENTS (rollups),
                                   .evidence = evidence,
                                   .n_evidence = G_N_ELEMENTS (evidence) });
  for (guint i = 0; i < G_N_ELEMENTS (rollups); i++)
    clear_rollup (&rollups[i]);
}

static gboolean
append_evidence (const HmEvidenceRow *row, gpointer user)
{
  g_string_append_printf (user, "%d %s/%s %" G_GUINT64_FORMAT " %s;", (int)(row->day / DAY), row->source,
                          row->resource, row->records, row->root);
  return TRUE;
}

static void
assert_evidence (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_evidence (suite->store, filter, append_evidence, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
usage_is_read_in_the_steps_that_are_asked_for (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;

  commit_rolled (suite, "r1");
  assert_usage (suite, &filter, "r1@19000+3/p1/e=1;r1@19023+23/p1/e=10;r1@19024+0/p1/e=100");
  filter.step = HM_STEP_DAY;
  assert_usage (suite, &filter, "r1@19000+0/p1=1;r1@19023+0/p1=10;r1@19024+0/p1=100");
  filter.step = HM_STEP_MONTH;
  assert_usage (suite, &filter, "r1@18993+0/p1=11;r1@19024+0/p1=100");
  filter.from = at (FIRST_DAY, 0); /* not the whole of January */
  assert_usage (suite, &filter, "r1@19000+0/p1=1;r1@19023+0/p1=10;r1@19024+0/p1=100");
  filter.from = at (FIRST_DAY, 1); /* not the whole of that day */
  filter.to = at (FEBRUARY, 1);
  assert_usage (suite, &filter, "r1@19000+3/p1/e=1;r1@19023+0/p1=10;r1@19024+0/p1/e=100");
  filter.to = filter.from;
  assert_usage (suite, &filter, "");
}

static void
rollup_and_evidence_replace_those_of_their_keys (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", at (FIRST_DAY, 0), at (FEBRUARY, 1), 1);
  HmRollupRow rollup = new_rollup (HM_STEP_DAY, "r1", FEBRUARY, "p1", 200);
  const HmEvidenceRow evidence = { "site", "r1", at (FEBRUARY, 0), 9, "dd" };
  HmStoreFilter filter = { .from = at (FEBRUARY, 0), .to = HM_TIME_UNKNOWN, .step = HM_STEP_DAY };

  commit_rolled (suite, "r1");
  row.rolled = at (FEBRUARY + 1, 0);
  suite_commit (suite, &(HmBatch){ .resources = &row,
                                   .n_resources = 1,
                                   .rollups = &rollup,
                                   .n_rollups = 1,
                                   .evidence = &evidence,
                                   .n_evidence = 1 });
  assert_usage (suite, &filter, "r1@19024+0/p1=200");
  assert_evidence (suite, &filter, "19024 site/r1 9 dd;");
  clear_rollup (&rollup);
}

static void
roll_back (Suite *suite, guint64 version, HmTime rolled)
{
  HmResourceRow row = suite_resource ("r1", at (FIRST_DAY, 0), at (FEBRUARY, 1), version);

  row.rolled = rolled;
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
}

#define OTHER_EVIDENCE "19023 site/r2 2 bb;19024 site/r2 1 cc;"

static void
resource_that_is_rolled_back_loses_what_was_made_beyond (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .step = HM_STEP_MONTH };

  commit_rolled (suite, "r1");
  commit_rolled (suite, "r2");
  roll_back (suite, 1, at (FEBRUARY, 0));
  assert_usage (suite, &filter, "r1@18993+0/p1=11;r1@19024+0/p1/e=100;r2@18993+0/p1=11;r2@19024+0/p1=100");
  assert_evidence (suite, &suite_everything,
                   "19000 site/r1 3 aa;19000 site/r2 3 aa;19023 site/r1 2 bb;" OTHER_EVIDENCE);
  roll_back (suite, 2, at (FEBRUARY - 1, 0)); /* January is no longer whole */
  assert_usage (suite, &filter,
                "r1@19000+0/p1=1;r1@19023+23/p1/e=10;r1@19024+0/p1/e=100;r2@18993+0/p1=11;r2@19024+0/p1=100");
  assert_evidence (suite, &suite_everything, "19000 site/r1 3 aa;19000 site/r2 3 aa;" OTHER_EVIDENCE);
  roll_back (suite, 3, 0);
  assert_usage (
      suite, &filter,
      "r1@19000+3/p1/e=1;r1@19023+23/p1/e=10;r1@19024+0/p1/e=100;r2@18993+0/p1=11;r2@19024+0/p1=100");
  assert_evidence (suite, &suite_everything, "19000 site/r2 3 aa;" OTHER_EVIDENCE);
}

static void
evidence_of_records_that_are_gone_stays (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", at (FIRST_DAY, 0), at (FEBRUARY, 1), 1);

  commit_rolled (suite, "r1");
  row.edge = at (FEBRUARY, 5);
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  assert_evidence (suite, &suite_everything, "19000 site/r1 3 aa;19023 site/r1 2 bb;");
}

static void
commit_statement (Suite *suite, gint64 number, HmTime to)
{
  const HmPeriodRow period
      = { .name = "p", .zone = "UTC", .from = to - 1, .to = to, .closed = 1, .author = "a" };
  const HmStatementRow row
      = { .number = number, .author = "a", .lines = 0, .sha256 = "aa", .records = 1, .root = "bb" };

  suite_commit (suite,
                &(HmBatch){ .periods = &period, .n_periods = 1, .statements = &row, .n_statements = 1 });
}

static void
commit_evidence (Suite *suite, const char *resource, int day, guint64 records, const char *root)
{
  const HmEvidenceRow row = { "site", resource, at (day, 0), records, root };

  suite_commit (suite, &(HmBatch){ .evidence = &row, .n_evidence = 1 });
}

static void
assert_evidence_of (Suite *suite, gint64 number, const char *expected)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = number };

  assert_evidence (suite, &filter, expected);
}

/* A late record changes what stands behind a day; the statement was made of what stood there then. */
static void
evidence_stays_as_each_statement_has_seen_it (void **state)
{
  Suite *suite = *state;

  commit_rolled (suite, "r1");
  commit_statement (suite, 1, at (FEBRUARY, 0));
  commit_evidence (suite, "r1", FIRST_DAY, 4, "ee"); /* replaced */
  roll_back (suite, 1, at (FEBRUARY - 1, 0));        /* removed */
  assert_evidence_of (suite, 0, "19000 site/r1 4 ee;");
  commit_evidence (suite, "r1", FEBRUARY - 1, 2, "ff");
  commit_evidence (suite, "r2", FIRST_DAY, 1, "gg");
  assert_evidence_of (suite, 0, "19000 site/r1 4 ee;19000 site/r2 1 gg;19023 site/r1 2 ff;");
  assert_evidence_of (suite, 1, "19000 site/r1 3 aa;19023 site/r1 2 bb;");
  commit_statement (suite, 2, at (FEBRUARY - 5, 0));
  commit_evidence (suite, "r1", FIRST_DAY, 5, "hh");
  commit_evidence (suite, "r1", FIRST_DAY, 6, "ii"); /* none has seen what was between */
  assert_evidence_of (suite, 1, "19000 site/r1 3 aa;19023 site/r1 2 bb;");
  assert_evidence_of (suite, 2, "19000 site/r1 4 ee;19000 site/r2 1 gg;19023 site/r1 2 ff;");
  assert_evidence_of (suite, 3, "19000 site/r1 6 ii;19000 site/r2 1 gg;19023 site/r1 2 ff;");
}

/* The chore makes a day again that has not changed: that takes no place. */
static void
evidence_that_is_the_same_again_is_seen_by_all (void **state)
{
  Suite *suite = *state;

  commit_rolled (suite, "r1");
  commit_statement (suite, 1, at (FEBRUARY - 5, 0));
  commit_evidence (suite, "r1", FIRST_DAY, 3, "aa");
  commit_evidence (suite, "r1", FEBRUARY, 3, "jj"); /* of a day that is not closed */
  assert_evidence_of (suite, 1, "19000 site/r1 3 aa;19023 site/r1 2 bb;");
  assert_evidence_of (suite, 2, "19000 site/r1 3 aa;19023 site/r1 2 bb;19024 site/r1 3 jj;");
}

/* What is removed is gone: moving `rolled` on without new rollups finds none. */
static void
what_was_rolled_back_does_not_come_again (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .step = HM_STEP_MONTH };

  commit_rolled (suite, "r1");
  roll_back (suite, 1, at (FEBRUARY - 1, 0));
  roll_back (suite, 2, at (FEBRUARY + 1, 0));
  assert_usage (suite, &filter, "");
  filter.step = HM_STEP_DAY;
  assert_usage (suite, &filter, "r1@19000+0/p1=1");
}

static void
resource_of_another_version_is_not_rolled_back (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", at (FIRST_DAY, 0), at (FEBRUARY, 1), 7);
  HmStoreFilter filter = { .from = at (FEBRUARY, 0), .to = HM_TIME_UNKNOWN, .step = HM_STEP_DAY };

  commit_rolled (suite, "r1");
  suite_assert_refused (suite, &(HmBatch){ .resources = &row, .n_resources = 1 }, HM_ERROR_TEMPORARY, "r1");
  assert_usage (suite, &filter, "r1@19024+0/p1=100");
}

static void
list_evidence_filters_by_each_member (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter = suite_everything;

  commit_rolled (suite, "r1");
  commit_rolled (suite, "r2");
  filter.resource = "r2";
  filter.from = at (FIRST_DAY + 1, 0);
  assert_evidence (suite, &filter, OTHER_EVIDENCE);
  filter.source = "site";
  filter.to = at (FEBRUARY, 0);
  assert_evidence (suite, &filter, "19023 site/r2 2 bb;");
  filter = suite_everything;
  filter.limit = 2;
  assert_evidence (suite, &filter, "19000 site/r1 3 aa;19000 site/r2 3 aa;");
  filter.source = "elsewhere";
  assert_evidence (suite, &filter, "");
}

static void
list_usage_filters_by_each_member (void **state)
{
  Suite *suite = *state;
  HmStoreFilter all = { .from = at (FEBRUARY, 0), .to = HM_TIME_UNKNOWN, .step = HM_STEP_DAY };
  HmStoreFilter filter = all;

  commit_rolled (suite, "r1");
  commit_rolled (suite, "r2");
  filter.resource = "r2";
  assert_usage (suite, &filter, "r2@19024+0/p1=100");
  filter.source = "site";
  assert_usage (suite, &filter, "r2@19024+0/p1=100");
  filter.project = "p2";
  assert_usage (suite, &filter, "");
  filter = all;
  filter.project = "p1";
  assert_usage (suite, &filter, "r1@19024+0/p1=100;r2@19024+0/p1=100");
  filter.user = "u2";
  assert_usage (suite, &filter, "");
  filter = all;
  filter.source = "elsewhere";
  assert_usage (suite, &filter, "");
  filter = all;
  filter.limit = 1;
  filter.resource = "r1";
  assert_usage (suite, &filter, "r1@19024+0/p1=100");
}

/* -- the same as the buckets, whatever is asked for -- */

/* Not rolled up; up to the edge of a month; within one; all but the last days. */
static const gint64 rolled_days[N_RESOURCES] = { 0, FEBRUARY, FEBRUARY + 6, MARCH + 3 };

/* Two projects share each of them, day by day; hours at both ends of the day. */
static void
add_day (gint64 day, guint resource, GPtrArray *buckets, GArray *rollups)
{
  static const gint64 hours[] = { 0, 13, 23 };
  g_autofree char *name = g_strdup_printf ("r%u", resource);
  const char *project = (day + resource) % 2 == 0 ? "even" : "odd";
  HmRollupRow rollup = new_rollup (HM_STEP_DAY, name, day, project, 0);
  HmCell *cell = g_ptr_array_index (rollup.bucket->cells, 0);

  for (guint i = 0; i < G_N_ELEMENTS (hours); i++)
    {
      gint64 quantity = (day - FIRST_DAY + 1) * 100 + hours[i];

      g_ptr_array_add (buckets, new_bucket (name, at (day, hours[i]), project, "e", quantity));
      cell->quantity += quantity;
    }
  if (day < rolled_days[resource])
    g_array_append_val (rollups, rollup);
  else
    clear_rollup (&rollup);
}

static void
add_month (gint64 from, gint64 to, guint resource, const GPtrArray *buckets, GArray *rollups)
{
  static const char *const projects[] = { "even", "odd" };
  g_autofree char *name = g_strdup_printf ("r%u", resource);

  for (guint p = 0; p < 2 && to <= rolled_days[resource]; p++)
    {
      HmRollupRow rollup = new_rollup (HM_STEP_MONTH, name, from, projects[p], 0);
      HmCell *cell = g_ptr_array_index (rollup.bucket->cells, 0);

      for (guint i = 0; i < buckets->len; i++)
        {
          const HmBucket *bucket = g_ptr_array_index (buckets, i);

          if (bucket->grain >= at (from, 0) && bucket->grain < at (to, 0)
              && strcmp (bucket->project, projects[p]) == 0 && strcmp (bucket->resource, name) == 0)
            cell->quantity += ((const HmCell *)g_ptr_array_index (bucket->cells, 0))->quantity;
        }
      g_array_append_val (rollups, rollup);
    }
}

static void
commit_two_months (Suite *suite)
{
  g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);
  g_autoptr (GArray) rollups = g_array_new (FALSE, FALSE, sizeof (HmRollupRow));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  HmResourceRow rows[N_RESOURCES];

  g_array_set_clear_func (rollups, clear_rollup);
  for (guint r = 0; r < N_RESOURCES; r++)
    {
      g_ptr_array_add (names, g_strdup_printf ("r%u", r));
      rows[r] = suite_resource (g_ptr_array_index (names, r), at (FIRST_DAY, 0), at (LAST_DAY, 0), 0);
      rows[r].rolled = at (rolled_days[r], 0);
      for (gint64 day = FIRST_DAY; day < LAST_DAY; day++)
        add_day (day, r, buckets, rollups);
      add_month (FEBRUARY - 31, FEBRUARY, r, buckets, rollups);
      add_month (FEBRUARY, MARCH, r, buckets, rollups);
    }
  suite_commit (suite, &(HmBatch){ .resources = rows,
                                   .n_resources = N_RESOURCES,
                                   .buckets = (HmBucket *const *)buckets->pdata,
                                   .n_buckets = buckets->len,
                                   .rollups = (const HmRollupRow *)(gpointer)rollups->data,
                                   .n_rollups = rollups->len });
}

typedef struct
{
  gint64 of[N_RESOURCES][2]; /* by project */
  guint rows;
} Sums;

static gboolean
add_up (const HmBucket *row, gpointer user)
{
  Sums *sums = user;

  sums->of[row->resource[1] - '0'][row->project[0] == 'e' ? 0 : 1]
      += ((const HmCell *)g_ptr_array_index (row->cells, 0))->quantity;
  sums->rows++;
  return TRUE;
}

static guint
assert_adds_up (Suite *suite, const HmStoreFilter *filter)
{
  Sums usage = { 0 }, buckets = { 0 };

  assert_true (suite->ops->list_usage (suite->store, filter, add_up, &usage, NULL));
  assert_true (suite->ops->list_buckets (suite->store, filter, add_up, &buckets, NULL));
  assert_memory_equal (usage.of, buckets.of, sizeof usage.of);
  assert_true (usage.rows <= buckets.rows);
  return usage.rows;
}

static void
usage_adds_up_to_the_buckets_whatever_its_ends (void **state)
{
  Suite *suite = *state;
  const HmTime ends[]
      = { HM_TIME_UNKNOWN,       at (FEBRUARY - 31, 0), at (FIRST_DAY, 0), at (FIRST_DAY, 1),
          at (FEBRUARY - 1, 23), at (FEBRUARY, 0),      at (FEBRUARY, 1),  at (FEBRUARY + 5, 13),
          at (MARCH, 0),         at (MARCH + 3, 0),     at (LAST_DAY, 0),  at (MARCH + 31, 0) };

  commit_two_months (suite);
  for (guint step = HM_STEP_GRAIN; step <= HM_STEP_MONTH; step++)
    for (guint from = 0; from < G_N_ELEMENTS (ends); from++)
      for (guint to = 0; to < G_N_ELEMENTS (ends); to++)
        {
          HmStoreFilter filter = { .from = ends[from], .to = ends[to], .step = (HmUsageStep)step };

          assert_adds_up (suite, &filter);
          filter.project = "odd";
          assert_adds_up (suite, &filter);
          filter.project = NULL;
          filter.source = "site";
          filter.resource = "r2";
          assert_adds_up (suite, &filter);
        }
}

static void
usage_of_months_takes_few_rows (void **state)
{
  Suite *suite = *state;
  HmStoreFilter filter
      = { .from = at (FEBRUARY - 31, 0), .to = at (MARCH, 0), .step = HM_STEP_MONTH, .resource = "r3" };

  commit_two_months (suite);
  assert_int_equal (assert_adds_up (suite, &filter), 4); /* two projects, two months */
  filter.project = "even";
  assert_int_equal (assert_adds_up (suite, &filter), 2);
  filter.project = NULL;
  filter.resource = "r2"; /* January, six days, hours */
  assert_int_equal (assert_adds_up (suite, &filter), 2 + 6 + 22 * 3);
}

#define N_MANY 1200

/* Three hours each: in a month that is rolled up, on a day that is, and on one that is not; every 400th is behind and has nothing rolled up. */
static void
add_one_of_many (guint i, GArray *resources, GPtrArray *names, GPtrArray *buckets, GArray *rollups)
{
  const gint64 days[] = { FEBRUARY - 3, FEBRUARY + 2, FEBRUARY + 7 };
  char *name = g_strdup_printf ("r%u", i);
  HmResourceRow row = suite_resource (name, at (FIRST_DAY, 0), at (FEBRUARY + 7, 5), 0);
  const HmRollupRow rolled[] = { new_rollup (HM_STEP_DAY, name, days[0], "odd", i),
                                 new_rollup (HM_STEP_DAY, name, days[1], "odd", i),
                                 new_rollup (HM_STEP_MONTH, name, FEBRUARY - 31, "odd", i) };

  g_ptr_array_add (names, name);
  row.rolled = i % 400 != 0 ? at (FEBRUARY + 7, 0) : 0;
  g_array_append_val (resources, row);
  for (guint d = 0; d < G_N_ELEMENTS (days); d++)
    g_ptr_array_add (buckets, new_bucket (name, at (days[d], 0), "odd", "e", i));
  for (guint r = 0; r < G_N_ELEMENTS (rolled); r++)
    if (row.rolled > 0)
      g_array_append_val (rollups, rolled[r]);
    else
      hm_bucket_free (rolled[r].bucket);
}

static gboolean
add_up_all (const HmBucket *row, gpointer user)
{
  Sums *sums = user;

  sums->of[0][0] += ((const HmCell *)g_ptr_array_index (row->cells, 0))->quantity;
  sums->rows++;
  return TRUE;
}

/* More than a store looks for one by one. */
static void
usage_of_many_resources_adds_up (void **state)
{
  Suite *suite = *state;
  g_autoptr (GArray) resources = g_array_new (FALSE, FALSE, sizeof (HmResourceRow)),
                     rollups = g_array_new (FALSE, FALSE, sizeof (HmRollupRow));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) buckets = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);

  g_array_set_clear_func (rollups, clear_rollup);
  for (guint i = 0; i < N_MANY; i++)
    add_one_of_many (i, resources, names, buckets, rollups);
  suite_commit (suite, &(HmBatch){ .resources = (const HmResourceRow *)(gpointer)resources->data,
                                   .n_resources = resources->len,
                                   .buckets = (HmBucket *const *)buckets->pdata,
                                   .n_buckets = buckets->len,
                                   .rollups = (const HmRollupRow *)(gpointer)rollups->data,
                                   .n_rollups = rollups->len });
  for (guint step = HM_STEP_GRAIN; step <= HM_STEP_MONTH; step++)
    {
      HmStoreFilter filter
          = { .from = at (FEBRUARY - 31, 0), .to = at (MARCH, 0), .step = (HmUsageStep)step };
      Sums sums = { 0 };

      assert_true (suite->ops->list_usage (suite->store, &filter, add_up_all, &sums, NULL));
      assert_int_equal (sums.of[0][0], 3 * (N_MANY - 1) * N_MANY / 2);
      assert_int_equal (sums.rows, 3 * N_MANY);
      memset (&sums, 0, sizeof sums);
      filter.project = "even";
      assert_true (suite->ops->list_usage (suite->store, &filter, add_up_all, &sums, NULL));
      assert_int_equal (sums.rows, 0);
    }
}

const struct CMUnitTest suite_rollup_cases[] = {
  cmocka_unit_test (usage_is_read_in_the_steps_that_are_asked_for),
  cmocka_unit_test (rollup_and_evidence_replace_those_of_their_keys),
  cmocka_unit_test (resource_that_is_rolled_back_loses_what_was_made_beyond),
  cmocka_unit_test (evidence_of_records_that_are_gone_stays),
  cmocka_unit_test (evidence_stays_as_each_statement_has_seen_it),
  cmocka_unit_test (evidence_that_is_the_same_again_is_seen_by_all),
  cmocka_unit_test (what_was_rolled_back_does_not_come_again),
  cmocka_unit_test (resource_of_another_version_is_not_rolled_back),
  cmocka_unit_test (list_evidence_filters_by_each_member),
  cmocka_unit_test (list_usage_filters_by_each_member),
  cmocka_unit_test (usage_adds_up_to_the_buckets_whatever_its_ends),
  cmocka_unit_test (usage_of_months_takes_few_rows),
  cmocka_unit_test (usage_of_many_resources_adds_up),
};
const guint suite_n_rollup_cases = G_N_ELEMENTS (suite_rollup_cases);
