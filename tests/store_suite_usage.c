/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_usage: the cases about resources, usage, dead letters, meters, agents and lists. */
#include "tests/store_suite.h"

#include <string.h>

static void
commit_resource (Suite *suite, const char *resource, HmTime first, HmTime last, guint64 version)
{
  HmResourceRow row = suite_resource (resource, first, last, version);

  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
}

static HmBucket *
new_bucket (const char *resource, HmTime grain, const char *project, gint64 quantity)
{
  HmBucket *bucket = hm_bucket_new ();

  bucket->grain = grain;
  bucket->source = g_strdup ("site");
  bucket->resource = g_strdup (resource);
  bucket->agent = g_strdup ("node");
  bucket->epoch = g_strdup ("boot:1:0");
  bucket->project = g_strdup (project);
  bucket->user = g_strdup ("u1");
  bucket->flavor = g_strdup ("");
  bucket->state = HM_STATE_RUNNING;
  hm_bucket_cell (bucket, "disk:vda", "disk.device.read.bytes", "", HM_CUMULATIVE, "B")->quantity = quantity;
  return bucket;
}

static gboolean
append_bucket (const HmBucket *row, gpointer user)
{
  const HmCell *cell = g_ptr_array_index (row->cells, 0);

  assert_int_equal (row->cells->len, 1);
  g_string_append_printf (user, "%s@%" G_GINT64_FORMAT "/%s=%" G_GINT64_FORMAT ";", row->resource,
                          (row->grain - SUITE_MORNING) / SUITE_GRAIN, row->project, (gint64)cell->quantity);
  return TRUE;
}

static gboolean
append_resource (const HmResourceRow *row, gpointer user)
{
  g_string_append_printf (user, "%s v%" G_GUINT64_FORMAT " %s;", row->resource, row->version,
                          row->name != NULL ? row->name : "-");
  return TRUE;
}

static void
assert_buckets (Suite *suite, const HmStoreFilter *filter, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_buckets (suite->store, filter, append_bucket, text, NULL));
  assert_string_equal (text->str, expected);
}

/* -- resources and usage -- */

static gboolean
check_resource (const HmResourceRow *row, gpointer user)
{
  const HmResourceRow *expected = user;

  assert_string_equal (row->kind, expected->kind);
  assert_string_equal (row->project, expected->project);
  assert_null (row->user);
  assert_string_equal (row->name, expected->name);
  assert_int_equal (row->state, expected->state);
  assert_int_equal (row->first_seen, expected->first_seen);
  assert_int_equal (row->last_seen, expected->last_seen);
  assert_int_equal (row->version, expected->version + 1);
  assert_int_equal (row->fold_length, expected->fold_length);
  assert_memory_equal (row->fold, expected->fold, row->fold_length);
  assert_memory_equal (row->seen, expected->seen, row->seen_length);
  return TRUE;
}

static void
resource_comes_back_as_it_was (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING + 5, 0);

  row.user = NULL;
  row.name = "Zoë's web";
  row.fold = "{\"a\":1}and more";
  row.fold_length = 7;
  suite_commit (suite, &(HmBatch){ .resources = &row, .n_resources = 1 });
  suite_reopen (suite);
  assert_true (suite->ops->resource_load (suite->store, "site", "r1", check_resource, &row, NULL));
}

static void
resource_is_not_overwritten_when_its_version_moved_on (void **state)
{
  Suite *suite = *state;
  HmResourceRow row = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  HmBatch batch = { .resources = &row, .n_resources = 1 };

  suite_commit (suite, &batch);
  suite_assert_refused (suite, &batch, HM_ERROR_TEMPORARY, "r1");
  row.version = 1;
  suite_commit (suite, &batch);
  suite_assert_refused (suite, &batch, HM_ERROR_TEMPORARY, "r1");
  row.version = 9;
  suite_assert_refused (suite, &batch, HM_ERROR_TEMPORARY, "r1");
}

static void
bucket_replaces_the_row_of_its_key (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) first = new_bucket ("r1", SUITE_MORNING, "p1", 10),
                       other = new_bucket ("r1", SUITE_MORNING, "p2", 20);
  g_autoptr (HmBucket) second = new_bucket ("r1", SUITE_MORNING, "p1", 30);

  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *[]){ first, other }, .n_buckets = 2 });
  suite_commit (suite, &(HmBatch){ .buckets = &second, .n_buckets = 1 });
  assert_buckets (suite, &suite_everything, "r1@0/p1=30;r1@0/p2=20;");
}

static void
buckets_load_gives_one_resource_and_grain (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (HmBucket) a = new_bucket ("r1", SUITE_MORNING, "p1", 1),
                       b = new_bucket ("r1", SUITE_MORNING, "p2", 2);
  g_autoptr (HmBucket) c = new_bucket ("r1", SUITE_MORNING + SUITE_GRAIN, "p1", 3),
                       d = new_bucket ("r2", SUITE_MORNING, "p1", 4);

  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *[]){ a, b, c, d }, .n_buckets = 4 });
  assert_true (
      suite->ops->buckets_load (suite->store, "site", "r1", SUITE_MORNING, append_bucket, text, NULL));
  assert_string_equal (text->str, "r1@0/p1=1;r1@0/p2=2;");
}

/* Those of others lie between them. */
static void
usage_load_gives_one_resource_and_grains_in_order (void **state)
{
  static const char *const resources[] = { "r0", "r1", "r2" }, *const projects[] = { "p2", "p1" };
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_bucket_free);

  for (gint64 grain = 6; grain >= -1; grain--)
    for (guint i = 0; grain != 3 && i < 6; i++)
      g_ptr_array_add (rows, new_bucket (resources[i % 3], SUITE_MORNING + grain * SUITE_GRAIN,
                                         projects[i / 3], 10 * grain + i));
  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *const *)rows->pdata, .n_buckets = rows->len });
  assert_true (suite->ops->usage_load (suite->store, "site", "r1", SUITE_MORNING + SUITE_GRAIN,
                                       SUITE_MORNING + 5 * SUITE_GRAIN, append_bucket, text, NULL));
  assert_string_equal (text->str, "r1@1/p1=14;r1@1/p2=11;r1@2/p1=24;r1@2/p2=21;r1@4/p1=44;r1@4/p2=41;");
  g_string_truncate (text, 0);
  assert_true (suite->ops->usage_load (suite->store, "site", "r1", SUITE_MORNING + 3 * SUITE_GRAIN,
                                       SUITE_MORNING + 4 * SUITE_GRAIN, append_bucket, text, NULL));
  assert_true (suite->ops->usage_load (suite->store, "site", "r1", SUITE_MORNING + 7 * SUITE_GRAIN,
                                       SUITE_MORNING + 900 * SUITE_GRAIN, append_bucket, text, NULL));
  assert_true (suite->ops->usage_load (suite->store, "other", "r1", SUITE_MORNING,
                                       SUITE_MORNING + 5 * SUITE_GRAIN, append_bucket, text, NULL));
  assert_string_equal (text->str, "");
}

static void
refolded_resource_loses_all_its_rows_first (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) early = new_bucket ("r1", SUITE_MORNING - 100 * SUITE_GRAIN, "p1", 1);
  g_autoptr (HmBucket) late = new_bucket ("r1", SUITE_MORNING, "p1", 2),
                       other = new_bucket ("r2", SUITE_MORNING, "p1", 3);
  g_autoptr (HmBucket) fresh = new_bucket ("r1", SUITE_MORNING, "p9", 4);
  HmResourceRow rows[] = { suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0),
                           suite_resource ("r2", SUITE_MORNING, SUITE_MORNING, 0) };
  const HmRefold all = { "site", "r1", HM_TIME_UNKNOWN };

  suite_commit (suite, &(HmBatch){ .resources = rows,
                                   .n_resources = 2,
                                   .buckets = (HmBucket *[]){ early, late, other },
                                   .n_buckets = 3 });
  rows[0].version = 1;
  suite_commit (suite, &(HmBatch){ .resources = rows,
                                   .n_resources = 1,
                                   .refolded = &all,
                                   .n_refolded = 1,
                                   .buckets = &fresh,
                                   .n_buckets = 1 });
  assert_buckets (suite, &suite_everything, "r1@0/p9=4;r2@0/p1=3;");
}

static void
refolded_resource_keeps_its_rows_before_a_grain (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) before = new_bucket ("r1", SUITE_MORNING, "p1", 1),
                       at = new_bucket ("r1", SUITE_MORNING + SUITE_GRAIN, "p1", 2),
                       after = new_bucket ("r1", SUITE_MORNING + 9 * SUITE_GRAIN, "p1", 3),
                       other = new_bucket ("r2", SUITE_MORNING + SUITE_GRAIN, "p1", 4);
  HmResourceRow rows[] = { suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0),
                           suite_resource ("r2", SUITE_MORNING, SUITE_MORNING, 0) };
  HmRefold some = { "site", "r1", SUITE_MORNING + SUITE_GRAIN };

  suite_commit (suite, &(HmBatch){ .resources = rows,
                                   .n_resources = 2,
                                   .buckets = (HmBucket *[]){ before, at, after, other },
                                   .n_buckets = 4 });
  rows[0].version = 1;
  suite_commit (suite, &(HmBatch){ .resources = rows, .n_resources = 1, .refolded = &some, .n_refolded = 1 });
  assert_buckets (suite, &suite_everything, "r1@0/p1=1;r2@1/p1=4;");
  some.from = SUITE_MORNING + 100 * SUITE_GRAIN;
  rows[0].version = 2;
  suite_commit (suite, &(HmBatch){ .resources = rows, .n_resources = 1, .refolded = &some, .n_refolded = 1 });
  assert_buckets (suite, &suite_everything, "r1@0/p1=1;r2@1/p1=4;");
}

/* -- dead letters, meters, agents -- */

static gboolean
check_letter (const HmDeadLetter *row, gpointer user)
{
  guint *n = user;

  assert_int_equal (row->offset, 11 + *n);
  assert_int_equal (row->length, *n == 0 ? 3 : 0);
  assert_memory_equal (row->value != NULL ? row->value : "", "\xff\0x", row->length);
  assert_int_equal (row->key == NULL, *n == 1);
  assert_string_equal (row->reason, "bad-json");
  assert_string_equal (row->detail, "at byte 3");
  (*n)++;
  return TRUE;
}

static gboolean
count_letter (const HmDeadLetter *row, gpointer user)
{
  (void)row;
  (*(guint *)user)++;
  return TRUE;
}

static void
assert_letters_at (Suite *suite, gint32 partition, gint64 offset, guint expected)
{
  guint n = 0;

  assert_true (suite->ops->dead_letter_find (suite->store, "t", partition, offset, count_letter, &n, NULL));
  assert_int_equal (n, expected);
}

static void
dead_letters_keep_any_bytes_even_none (void **state)
{
  Suite *suite = *state;
  HmDeadLetter letter = suite_letter (11);
  HmDeadLetter empty = letter;
  guint n = 0;

  letter.key = "\xfe";
  letter.key_length = 1;
  letter.value = "\xff\0x";
  letter.length = 3;
  empty.offset = 12;
  empty.value = NULL;
  empty.length = 0;
  suite_commit (suite, &(HmBatch){ .dead_letters = (HmDeadLetter[]){ letter, empty }, .n_dead_letters = 2 });
  assert_true (suite->ops->list_dead_letters (suite->store, &suite_everything, check_letter, &n, NULL));
  assert_letters_at (suite, letter.partition, letter.offset, 1);
  assert_letters_at (suite, letter.partition + 1, letter.offset, 0);
  assert_letters_at (suite, letter.partition, letter.offset + 1000, 0);
  assert_int_equal (n, 2);
}

static gboolean
append_meter (const HmMeterRow *row, gpointer user)
{
  g_string_append_printf (user, "%s %s %s;", row->name, row->unit, hm_meter_type_name (row->type));
  return TRUE;
}

static void
meter_belongs_to_whoever_came_first (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmMeterRow meter = { "x.heat", "K", HM_GAUGE, HM_VALUE_DOUBLE };
  HmBatch batch = { .meters = &meter, .n_meters = 1 };

  suite_commit (suite, &batch);
  suite_commit (suite, &batch);
  meter.unit = "C";
  suite_assert_refused (suite, &batch, HM_ERROR_TEMPORARY, "x.heat");
  assert_true (suite->ops->list_meters (suite->store, append_meter, text, NULL));
  assert_string_equal (text->str, "x.heat K gauge;");
}

static gboolean
append_agent (const HmAgentRow *row, gpointer user)
{
  g_string_append_printf (user, "%s/%s %d %d %d at %d;", row->agent, row->epoch, (int)row->records,
                          (int)row->samples, (int)row->duplicates, (int)(row->last_time - SUITE_MORNING));
  return TRUE;
}

static void
agent_counts_add_up (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmAgentRow first = { .source = "site",
                       .agent = "node",
                       .epoch = "e1",
                       .first_time = SUITE_MORNING + 5,
                       .last_time = SUITE_MORNING + 5,
                       .last_appended = SUITE_MORNING + 6,
                       .records = 10,
                       .samples = 300,
                       .duplicates = 1 };
  HmAgentRow second = first;

  second.first_time = second.last_time = SUITE_MORNING + 3;
  second.records = 2;
  second.samples = 60;
  second.duplicates = 0;
  suite_commit (suite, &(HmBatch){ .agents = &first, .n_agents = 1 });
  suite_commit (suite, &(HmBatch){ .agents = &second, .n_agents = 1 });
  assert_true (suite->ops->list_agents (suite->store, append_agent, text, NULL));
  assert_string_equal (text->str, "node/e1 12 360 1 at 5;");
}

/* -- lists -- */

static void
list_buckets_filters_by_each_member (void **state)
{
  Suite *suite = *state;
  g_autoptr (HmBucket) a = new_bucket ("r1", SUITE_MORNING, "p1", 1),
                       b = new_bucket ("r2", SUITE_MORNING + SUITE_GRAIN, "p1", 2);
  g_autoptr (HmBucket) c = new_bucket ("r2", SUITE_MORNING + 2 * SUITE_GRAIN, "p2", 3);
  HmStoreFilter filter = suite_everything;

  suite_commit (suite, &(HmBatch){ .buckets = (HmBucket *[]){ a, b, c }, .n_buckets = 3 });
  filter.from = SUITE_MORNING + SUITE_GRAIN;
  assert_buckets (suite, &filter, "r2@1/p1=2;r2@2/p2=3;");
  filter.to = SUITE_MORNING + 2 * SUITE_GRAIN;
  assert_buckets (suite, &filter, "r2@1/p1=2;");
  filter = suite_everything;
  filter.project = "p1";
  assert_buckets (suite, &filter, "r1@0/p1=1;r2@1/p1=2;");
  filter.resource = "r2";
  assert_buckets (suite, &filter, "r2@1/p1=2;");
  filter = suite_everything;
  filter.source = "elsewhere";
  assert_buckets (suite, &filter, "");
  filter = suite_everything;
  filter.user = "u1";
  filter.limit = 2;
  assert_buckets (suite, &filter, "r1@0/p1=1;r2@1/p1=2;");
}

static void
list_raw_filters_by_the_project_in_the_record (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING, "{\"resource\":{\"project\":\"p1\"}}"),
                      suite_raw ("r1", 2, SUITE_MORNING + 1, "{\"resource\":{\"project\":\"p2\"}}"),
                      suite_raw ("r1", 3, SUITE_MORNING + 2, "{\"resource\":{\"project\":\"p1\"}}") };
  HmStoreFilter filter = { .from = SUITE_MORNING, .to = SUITE_MORNING + 2, .project = "p1" };

  rows[0].description = TRUE;
  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = 3 });
  assert_true (suite->ops->list_raw (suite->store, &filter, suite_append_raw, text, NULL));
  assert_string_equal (text->str, "r1/1={\"resource\":{\"project\":\"p1\"}};");
  filter.to = HM_TIME_UNKNOWN;
  g_string_truncate (text, 0);
  assert_true (suite->ops->list_raw (suite->store, &filter, suite_append_raw, text, NULL));
  assert_non_null (strstr (text->str, "r1/3="));
}

static void
list_resources_gives_all_in_order (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);

  commit_resource (suite, "r2", SUITE_MORNING, SUITE_MORNING, 0);
  commit_resource (suite, "r1", SUITE_MORNING, SUITE_MORNING, 0);
  commit_resource (suite, "r2", SUITE_MORNING, SUITE_MORNING, 1);
  assert_true (suite->ops->list_resources (suite->store, &suite_everything, append_resource, text, NULL));
  assert_string_equal (text->str, "r1 v1 -;r2 v2 -;");
}

static void
visitor_stops_the_list (void **state)
{
  Suite *suite = *state;
  HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING, "a"), suite_raw ("r1", 2, SUITE_MORNING, "b") };
  guint n = 0;

  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = 2 });
  assert_true (suite->ops->list_raw (suite->store, &suite_everything, suite_stop_at_once, &n, NULL));
  assert_int_equal (n, 1);
  assert_true (suite_begin (suite, NULL)); /* nothing is left open that would be in the way */
  assert_true (suite->ops->commit (suite->store, NULL));
}

static void
status_counts_rows (void **state)
{
  Suite *suite = *state;
  HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING, "a"), suite_raw ("r1", 2, SUITE_MORNING, "b") };
  HmStoreStatus status;

  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = 2 });
  assert_true (suite->ops->status (suite->store, &status, NULL));
  assert_int_equal (status.raw, 2);
  assert_int_equal (status.resources, 0);
  assert_true (status.bytes > 0);
  assert_true (status.last_commit > SUITE_MORNING);
}

/* As records do that come over HTTP. */
static void
status_tells_of_a_commit_that_moved_no_offset (void **state)
{
  Suite *suite = *state;
  HmAgentRow agent = { .source = "site", .agent = "node", .epoch = "e1", .records = 1 };
  HmStoreStatus before, after;
  gboolean owned;

  assert_true (suite->ops->status (suite->store, &before, NULL));
  agent.first_time = agent.last_time = agent.last_appended = before.last_commit + 5 * HM_NSEC_PER_SEC;
  assert_true (suite->ops->begin (suite->store, NULL, 0, &owned, NULL) && owned);
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .agents = &agent, .n_agents = 1 }, NULL));
  assert_true (suite->ops->commit (suite->store, NULL));
  assert_true (suite->ops->status (suite->store, &after, NULL));
  assert_true (after.last_commit == agent.last_appended);
}

const struct CMUnitTest suite_usage_cases[] = {
  cmocka_unit_test (resource_comes_back_as_it_was),
  cmocka_unit_test (resource_is_not_overwritten_when_its_version_moved_on),
  cmocka_unit_test (bucket_replaces_the_row_of_its_key),
  cmocka_unit_test (buckets_load_gives_one_resource_and_grain),
  cmocka_unit_test (usage_load_gives_one_resource_and_grains_in_order),
  cmocka_unit_test (refolded_resource_loses_all_its_rows_first),
  cmocka_unit_test (refolded_resource_keeps_its_rows_before_a_grain),
  cmocka_unit_test (dead_letters_keep_any_bytes_even_none),
  cmocka_unit_test (meter_belongs_to_whoever_came_first),
  cmocka_unit_test (agent_counts_add_up),
  cmocka_unit_test (list_buckets_filters_by_each_member),
  cmocka_unit_test (list_raw_filters_by_the_project_in_the_record),
  cmocka_unit_test (list_resources_gives_all_in_order),
  cmocka_unit_test (visitor_stops_the_list),
  cmocka_unit_test (status_counts_rows),
  cmocka_unit_test (status_tells_of_a_commit_that_moved_no_offset),
};
const guint suite_n_usage_cases = G_N_ELEMENTS (suite_usage_cases);
