/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite: the store contract (collector/stores/store.h), case by case. */
#include "tests/store_suite.h"

#include <string.h>

static const char *suite_scheme;
static char *(*suite_new_url) (const char *folder);

/* -- setting up -- */

static void
open_store (Suite *suite)
{
  g_autoptr (GError) error = NULL;

  suite->store = suite->ops->open (suite->url, HM_STORE_WRITE, SUITE_GRAIN, &error);
  if (suite->store == NULL)
    fail_msg ("%s", error->message);
}

static int
set_up (void **state)
{
  Suite *suite = g_new0 (Suite, 1);
  gint64 next;

  suite->ops = kit_plugin (HM_NS_STORE, suite_scheme)->store;
  suite->folder = kit_temp_folder ();
  suite->url = suite_new_url (suite->folder);
  open_store (suite);
  assert_true (suite->ops->offset_init (suite->store, "t", 0, 0, &next, NULL));
  *state = suite;
  return 0;
}

static int
tear_down (void **state)
{
  Suite *suite = *state;

  suite_close (suite);
  kit_remove_tree (suite->folder);
  g_free (suite->folder);
  g_free (suite->url);
  g_free (suite);
  return 0;
}

void
suite_close (Suite *suite)
{
  if (suite->store != NULL)
    suite->ops->close (suite->store);
  suite->store = NULL;
}

void
suite_reopen (Suite *suite)
{
  suite_close (suite);
  open_store (suite);
}

static HmStore *
open_second (Suite *suite, HmStoreMode mode)
{
  g_autoptr (GError) error = NULL;
  HmStore *second = suite->ops->open (suite->url, mode, 0, &error);

  if (second == NULL)
    fail_msg ("%s", error->message);
  return second;
}

HmStore *
suite_reader (Suite *suite)
{
  return open_second (suite, HM_STORE_READ);
}

HmStore *
suite_asker (Suite *suite)
{
  return open_second (suite, HM_STORE_ASK);
}

HmRawRow
suite_raw (const char *resource, guint64 seq, HmTime time, const char *value)
{
  return (HmRawRow){ .grain = time - time % SUITE_GRAIN,
                     .source = "site",
                     .resource = resource,
                     .agent = "node",
                     .epoch = "e1",
                     .seq = seq,
                     .time = time,
                     .schema = HM_SCHEMA_SAMPLES,
                     .topic = "t",
                     .partition = 0,
                     .offset = (gint64)seq,
                     .appended = MIN (time, G_MAXINT64 - 2) + 1,
                     .received = MIN (time, G_MAXINT64 - 2) + 2,
                     .value = value,
                     .length = strlen (value) };
}

gboolean
suite_begin (Suite *suite, GError **error)
{
  gint64 next;
  gboolean found, owned;
  HmOffsetMove move;

  assert_true (suite->ops->offset_get (suite->store, "t", 0, &next, &found, NULL));
  assert_true (found);
  move = (HmOffsetMove){ "t", 0, next, next + 1 };
  return suite->ops->begin (suite->store, &move, 1, &owned, error) && owned;
}

void
suite_commit (Suite *suite, const HmBatch *batch)
{
  g_autoptr (GError) error = NULL;

  if (!suite_begin (suite, &error) || !suite->ops->write (suite->store, batch, &error)
      || !suite->ops->commit (suite->store, &error))
    fail_msg ("%s", error != NULL ? error->message : "the offset is not where it was");
}

void
suite_commit_large (Suite *suite, guint64 seq, gsize length)
{
  g_autofree char *value = g_strnfill (length, 'v');
  HmRawRow row = suite_raw ("r1", seq, SUITE_MORNING + (HmTime)seq, value);

  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
}

void
suite_assert_refused (Suite *suite, const HmBatch *batch, HmError code, const char *part)
{
  GError *error = NULL;

  assert_true (suite_begin (suite, NULL));
  assert_false (suite->ops->write (suite->store, batch, &error));
  kit_assert_error (&error, code, part);
  suite->ops->rollback (suite->store);
}

/* -- rows -- */

const HmStoreFilter suite_everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

HmResourceRow
suite_resource (const char *resource, HmTime first, HmTime last, guint64 version)
{
  return (HmResourceRow){ .source = "site",
                          .resource = resource,
                          .kind = "instance",
                          .project = "p1",
                          .user = "u1",
                          .state = HM_STATE_RUNNING,
                          .agent = "node",
                          .first_seen = first,
                          .last_seen = last,
                          .version = version,
                          .fold = "{}",
                          .fold_length = 2,
                          .seen = "[]",
                          .seen_length = 2 };
}

HmDeadLetter
suite_letter (gint64 offset)
{
  return (HmDeadLetter){ .topic = "t",
                         .offset = offset,
                         .appended = HM_TIME_UNKNOWN,
                         .received = SUITE_MORNING + offset,
                         .value = "{}",
                         .length = 2,
                         .reason = "bad-json",
                         .detail = "at byte 3" };
}

gboolean
suite_append_raw (const HmRawRow *row, gpointer user)
{
  g_string_append_printf (user, "%s/%" G_GUINT64_FORMAT "=%.*s;", row->resource, row->seq, (int)row->length,
                          (const char *)row->value);
  return TRUE;
}

void
suite_assert_raw (Suite *suite, const char *resource, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->raw_load (suite->store, "site", resource, HM_TIME_UNKNOWN, 0, suite_append_raw,
                                     text, NULL));
  assert_string_equal (text->str, expected);
}

gint64
suite_offset (Suite *suite, gint32 partition)
{
  gint64 next = -1;
  gboolean found;

  assert_true (suite->ops->offset_get (suite->store, "t", partition, &next, &found, NULL));
  return found ? next : -1;
}

gboolean
suite_stop_at_once (const HmRawRow *row, gpointer user)
{
  (void)row;
  (*(guint *)user)++;
  return FALSE;
}

/* -- running -- */

static void
add_cases (GArray *all, const struct CMUnitTest *cases, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      struct CMUnitTest one = cases[i];

      one.setup_func = set_up;
      one.teardown_func = tear_down;
      g_array_append_val (all, one);
    }
}

static int
run_cases (const GArray *all)
{
  return _cmocka_run_group_tests (suite_scheme, (const struct CMUnitTest *)(gpointer)all->data, all->len,
                                  NULL, NULL);
}

int
suite_run (const char *scheme, char *(*new_url) (const char *folder), const struct CMUnitTest *own,
           guint n_own)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (struct CMUnitTest));

  suite_scheme = scheme;
  suite_new_url = new_url;
  add_cases (all, suite_raw_cases, suite_n_raw_cases);
  add_cases (all, suite_usage_cases, suite_n_usage_cases);
  add_cases (all, suite_count_cases, suite_n_count_cases);
  add_cases (all, suite_keep_cases, suite_n_keep_cases);
  add_cases (all, suite_ask_cases, suite_n_ask_cases);
  add_cases (all, suite_held_cases, suite_n_held_cases);
  add_cases (all, suite_rollup_cases, suite_n_rollup_cases);
  add_cases (all, suite_bill_cases, suite_n_bill_cases);
  add_cases (all, own, n_own);
  return run_cases (all);
}

int
suite_run_own (const char *scheme, char *(*new_url) (const char *folder), const struct CMUnitTest *own,
               guint n_own)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (struct CMUnitTest));

  suite_scheme = scheme;
  suite_new_url = new_url;
  add_cases (all, own, n_own);
  return run_cases (all);
}
