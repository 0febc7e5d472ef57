/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_raw: the cases about offsets, transactions, raw rows and several connections. */
#include "metering/signature.h"
#include "tests/store_suite.h"

#include <string.h>

/* -- offsets -- */

static void
offset_get_says_so_when_there_is_none (void **state)
{
  assert_int_equal (suite_offset (*state, 7), -1);
}

static void
offset_init_keeps_what_stands_there (void **state)
{
  Suite *suite = *state;
  gint64 next;

  assert_true (suite->ops->offset_init (suite->store, "t", 1, 40, &next, NULL));
  assert_int_equal (next, 40);
  assert_true (suite->ops->offset_init (suite->store, "t", 1, 99, &next, NULL));
  assert_int_equal (next, 40);
}

static void
begin_is_not_owned_when_one_offset_differs (void **state)
{
  Suite *suite = *state;
  gint64 next;
  gboolean owned = TRUE;
  HmOffsetMove moves[] = { { "t", 0, 0, 5 }, { "t", 1, 39, 50 } };

  assert_true (suite->ops->offset_init (suite->store, "t", 1, 40, &next, NULL));
  assert_true (suite->ops->begin (suite->store, moves, 2, &owned, NULL));
  assert_false (owned);
  assert_int_equal (suite_offset (suite, 0), 0);
  assert_int_equal (suite_offset (suite, 1), 40);
  moves[1].expected = 40;
  assert_true (suite->ops->begin (suite->store, moves, 2, &owned, NULL));
  assert_true (owned);
  assert_true (suite->ops->commit (suite->store, NULL));
  assert_int_equal (suite_offset (suite, 0), 5);
  assert_int_equal (suite_offset (suite, 1), 50);
}

/* What came another way than over the bus moves no offset. */
static void
begin_is_owned_when_there_is_nothing_to_move (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  gboolean owned = FALSE;

  row.partition = -1;
  assert_true (suite->ops->begin (suite->store, NULL, 0, &owned, NULL));
  assert_true (owned);
  assert_true (suite->ops->write (
      suite->store, &(HmBatch){ .raw = &row, .n_raw = 1, .resources = &resource, .n_resources = 1 }, NULL));
  assert_true (suite->ops->commit (suite->store, NULL));
  suite_assert_raw (suite, "r1", "r1/1=x;");
  assert_int_equal (suite_offset (suite, 0), 0);
}

static void
rollback_leaves_nothing_behind (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (
      suite->store, &(HmBatch){ .raw = &row, .n_raw = 1, .resources = &resource, .n_resources = 1 }, NULL));
  suite->ops->rollback (suite->store);
  assert_int_equal (suite_offset (suite, 0), 0);
  suite_assert_raw (suite, "r1", "");
}

static void
closing_in_a_transaction_leaves_nothing_behind (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  suite_reopen (suite);
  assert_int_equal (suite_offset (suite, 0), 0);
}

/* -- what the bus has lost -- */

static gboolean
append_gap (const HmGapRow *row, gpointer text)
{
  g_string_append_printf (text, "%s/%d %d-%d at %d;", row->topic, row->partition, (int)row->from,
                          (int)row->to, (int)row->noticed);
  return TRUE;
}

static void
assert_gaps (Suite *suite, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_gaps (suite->store, append_gap, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
pass_over_moves_the_offset_and_notes_the_gap (void **state)
{
  Suite *suite = *state;
  const HmGapRow gap = { "t", 0, 0, 40, 7 };
  gboolean owned = FALSE;

  assert_true (suite->ops->pass_over (suite->store, &gap, &owned, NULL));
  assert_true (owned);
  assert_int_equal (suite_offset (suite, 0), 40);
  suite_reopen (suite);
  assert_gaps (suite, "t/0 0-40 at 7;");
}

static void
commit_keeps_holes_once (void **state)
{
  Suite *suite = *state;
  const HmGapRow gaps[] = { { "t", 0, 3, 5, 7 }, { "t", 1, 0, 2, 7 } };

  suite_commit (suite, &(HmBatch){ .gaps = gaps, .n_gaps = 2 });
  suite_commit (suite, &(HmBatch){ .gaps = gaps, .n_gaps = 1 });
  suite_reopen (suite);
  assert_gaps (suite, "t/0 3-5 at 7;t/1 0-2 at 7;");
}

static void
pass_over_writes_nothing_when_the_offset_is_elsewhere (void **state)
{
  Suite *suite = *state;
  const HmGapRow moved = { "t", 0, 3, 40, 7 }, unknown = { "t", 9, 0, 40, 7 };
  gboolean owned = TRUE;

  assert_true (suite->ops->pass_over (suite->store, &moved, &owned, NULL));
  assert_false (owned);
  owned = TRUE;
  assert_true (suite->ops->pass_over (suite->store, &unknown, &owned, NULL));
  assert_false (owned);
  assert_int_equal (suite_offset (suite, 0), 0);
  assert_gaps (suite, "");
}

static void
pass_over_leaves_the_offset_when_the_gap_is_refused (void **state)
{
  Suite *suite = *state;
  const HmGapRow backwards = { "t", 0, 0, 0, 7 };
  gboolean owned;
  GError *error = NULL;

  assert_false (suite->ops->pass_over (suite->store, &backwards, &owned, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "");
  assert_int_equal (suite_offset (suite, 0), 0);
  assert_true (suite_begin (suite, NULL)); /* no transaction was left open */
  suite->ops->rollback (suite->store);
}

/* -- raw rows -- */

static gboolean
check_exact (const HmRawRow *row, gpointer user)
{
  const HmRawRow *expected = user;

  assert_int_equal (row->grain, expected->grain);
  assert_string_equal (row->source, expected->source);
  assert_string_equal (row->agent, expected->agent);
  assert_string_equal (row->epoch, expected->epoch);
  assert_int_equal (row->seq, expected->seq);
  assert_int_equal (row->time, expected->time);
  assert_string_equal (row->schema, expected->schema);
  assert_string_equal (row->topic, expected->topic);
  assert_int_equal (row->partition, expected->partition);
  assert_int_equal (row->offset, expected->offset);
  assert_int_equal (row->appended, expected->appended);
  assert_int_equal (row->received, expected->received);
  assert_string_equal (row->signature, expected->signature);
  assert_int_equal (row->verified, expected->verified);
  assert_int_equal (row->description, expected->description);
  assert_int_equal (row->length, expected->length);
  assert_memory_equal (row->value, expected->value, row->length);
  return TRUE;
}

static void
raw_row_keeps_its_exact_bytes (void **state)
{
  static const char bytes[] = "a\0\xff\xfe\r\n\"\\";
  Suite *suite = *state;

  for (guint description = 0; description < 2; description++)
    {
      HmRawRow row = suite_raw ("r1", description + 1, SUITE_MORNING + 123456789, "");

      row.value = bytes;
      row.length = sizeof bytes;
      row.signature = "v1;k;00";
      row.description = description == 1;
      row.verified = description == 0;
      suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
      suite_reopen (suite);
      assert_true (suite->ops->raw_find (suite->store, &row, check_exact, &row, NULL));
    }
}

/* -- what is erased -- */

static gboolean
append_left (const HmRawRow *row, gpointer text)
{
  g_string_append_printf (text, "%s/%d %s", row->resource, (int)row->seq,
                          row->description ? row->sha256 : "");
  if (row->value != NULL)
    g_string_append_printf (text, " is %.*s", (int)row->length, (const char *)row->value);
  if (row->redacted != NULL)
    g_string_append_printf (text, " left %.*s", (int)row->redacted_length, (const char *)row->redacted);
  g_string_append_c (text, ';');
  return TRUE;
}

static gboolean
append_erasure (const HmErasureRow *row, gpointer text)
{
  g_string_append_printf (text, "%d %s/%s %s %s %d %s %s %d;", (int)row->id, row->source, row->resource,
                          row->project != NULL ? row->project : "-", row->user != NULL ? row->user : "-",
                          (int)row->records, row->author, row->reason, (int)row->made);
  return TRUE;
}

#define LEFT "{\"resource\":{\"project\":\"p1\"}}"

/* The first of two descriptions, and a row that is none. */
static void
commit_redacted (Suite *suite)
{
  HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING, "Ada"), suite_raw ("r1", 2, SUITE_MORNING, "Bob"),
                      suite_raw ("r1", 3, SUITE_MORNING, "c") };
  const HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  char sha256[65];
  const HmRedactedRow left = { SUITE_MORNING, sha256, LEFT, strlen (LEFT) };
  const HmErasureRow erasures[] = { { 0, "site", "r1", NULL, "u1", 1, "me", "asked for", 7 },
                                    { 0, "site", "r1", "p1", NULL, 0, "me", "again", 8 } };

  hm_sha256_hex ("Ada", 3, sha256);
  rows[0].description = rows[1].description = TRUE;
  suite_commit (suite, &(HmBatch){ .raw = rows, .n_raw = 3, .resources = &resource, .n_resources = 1 });
  suite_commit (suite,
                &(HmBatch){ .redacted = &left, .n_redacted = 1, .erasures = erasures, .n_erasures = 2 });
}

static void
redacted_row_keeps_its_hash_and_what_is_left (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  char sha256[65];

  commit_redacted (suite);
  suite_reopen (suite);
  assert_true (
      suite->ops->raw_load (suite->store, "site", "r1", HM_TIME_UNKNOWN, 0, append_left, text, NULL));
  hm_sha256_hex ("Ada", 3, sha256);
  assert_true (g_str_has_prefix (text->str, "r1/1 "));
  assert_memory_equal (text->str + 5, sha256, 64);
  assert_true (g_str_has_prefix (text->str + 69, " left " LEFT ";r1/2 "));
  assert_non_null (strstr (text->str, " is Bob;r1/3  is c;"));
  g_string_truncate (text, 0);
  assert_true (suite->ops->list_erasures (suite->store, append_erasure, text, NULL));
  assert_string_equal (text->str, "1 site/r1 - u1 1 me asked for 7;2 site/r1 p1 - 0 me again 8;");
}

/* Whose it was is what is left of it. */
static void
redacted_row_is_still_its_projects (void **state)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .project = "p1" };
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "{\"resource\":{\"project\":\"p1\"},\"name\":\"Ada\"}");
  const HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING, 0);
  char sha256[65];
  const HmRedactedRow left = { SUITE_MORNING, sha256, LEFT, strlen (LEFT) };
  g_autoptr (GString) text = g_string_new (NULL);

  hm_sha256_hex (row.value, row.length, sha256);
  row.description = TRUE;
  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1, .resources = &resource, .n_resources = 1 });
  suite_commit (suite, &(HmBatch){ .redacted = &left, .n_redacted = 1 });
  assert_true (suite->ops->list_raw (suite->store, &filter, append_left, text, NULL));
  assert_non_null (strstr (text->str, " left " LEFT ";"));
  assert_null (strstr (text->str, "Ada"));
}

static void
raw_row_takes_the_largest_number_it_can (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", G_MAXINT64, SUITE_MORNING, "x");

  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
  row.seq++;
  suite_assert_refused (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }, HM_ERROR_DATA, "9223372036854775808");
}

static void
raw_row_is_refused_when_its_key_is_there (void **state)
{
  Suite *suite = *state;
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "x");

  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
  suite_assert_refused (suite, &(HmBatch){ .raw = &row, .n_raw = 1 }, HM_ERROR_DATA, "");
  assert_int_equal (suite_offset (suite, 0), 1);
}

static void
raw_load_gives_one_resource_grain_by_grain (void **state)
{
  Suite *suite = *state;
  const HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING + 5, "a"),
                            suite_raw ("r2", 1, SUITE_MORNING + SUITE_GRAIN, "no"),
                            suite_raw ("r1", 3, SUITE_MORNING + 9 * SUITE_GRAIN, "d"),
                            suite_raw ("r1", 4, SUITE_MORNING + 9 * SUITE_GRAIN + 7, "c"),
                            suite_raw ("r1", 2, SUITE_MORNING + 9000 * SUITE_GRAIN - 1, "b"),
                            suite_raw ("r2", 2, SUITE_MORNING + 9001 * SUITE_GRAIN, "no") };
  HmResourceRow resource
      = suite_resource ("r1", SUITE_MORNING + 5, SUITE_MORNING + 9000 * SUITE_GRAIN - 1, 0);

  suite_commit (
      suite,
      &(HmBatch){ .raw = rows, .n_raw = G_N_ELEMENTS (rows), .resources = &resource, .n_resources = 1 });
  suite_assert_raw (suite, "r1", "r1/1=a;r1/3=d;r1/4=c;r1/2=b;");
  suite_assert_raw (suite, "r3", "");
}

static void
raw_load_begins_with_a_grain (void **state)
{
  Suite *suite = *state;
  const HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING + SUITE_GRAIN - 1, "a"),
                            suite_raw ("r1", 2, SUITE_MORNING + SUITE_GRAIN, "b"),
                            suite_raw ("r1", 3, SUITE_MORNING + 9 * SUITE_GRAIN, "c") };
  HmResourceRow resource = suite_resource ("r1", rows[0].time, rows[2].time, 0);
  g_autoptr (GString) text = g_string_new (NULL);

  suite_commit (
      suite,
      &(HmBatch){ .raw = rows, .n_raw = G_N_ELEMENTS (rows), .resources = &resource, .n_resources = 1 });
  assert_true (suite->ops->raw_load (suite->store, "site", "r1", SUITE_MORNING + SUITE_GRAIN, 0,
                                     suite_append_raw, text, NULL));
  assert_string_equal (text->str, "r1/2=b;r1/3=c;");
  assert_true (suite->ops->raw_load (suite->store, "site", "r1", SUITE_MORNING + 10 * SUITE_GRAIN, 0,
                                     suite_append_raw, text, NULL));
  assert_string_equal (text->str, "r1/2=b;r1/3=c;");
}

static void
assert_loaded (Suite *suite, HmTime from, guint limit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->raw_load (suite->store, "site", "r1", from, limit, suite_append_raw, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
raw_load_ends_with_a_whole_grain (void **state)
{
  Suite *suite = *state;
  const HmRawRow rows[] = { suite_raw ("r1", 1, SUITE_MORNING, "a"), suite_raw ("r2", 1, SUITE_MORNING, "no"),
                            suite_raw ("r1", 2, SUITE_MORNING + SUITE_GRAIN, "b"),
                            suite_raw ("r1", 3, SUITE_MORNING + SUITE_GRAIN + 1, "c"),
                            suite_raw ("r1", 4, SUITE_MORNING + 3 * SUITE_GRAIN, "d") };
  HmResourceRow resource = suite_resource ("r1", rows[0].time, rows[4].time, 0);

  suite_commit (
      suite,
      &(HmBatch){ .raw = rows, .n_raw = G_N_ELEMENTS (rows), .resources = &resource, .n_resources = 1 });
  assert_loaded (suite, HM_TIME_UNKNOWN, 1, "r1/1=a;");
  assert_loaded (suite, HM_TIME_UNKNOWN, 2, "r1/1=a;r1/2=b;r1/3=c;");
  assert_loaded (suite, HM_TIME_UNKNOWN, 3, "r1/1=a;r1/2=b;r1/3=c;");
  assert_loaded (suite, HM_TIME_UNKNOWN, 4, "r1/1=a;r1/2=b;r1/3=c;r1/4=d;");
  assert_loaded (suite, SUITE_MORNING + 1, 1, "r1/2=b;r1/3=c;");
}

static void
raw_find_finds_a_number_whatever_its_time (void **state)
{
  Suite *suite = *state;
  g_autoptr (GString) text = g_string_new (NULL);
  HmRawRow row = suite_raw ("r1", 7, SUITE_MORNING, "x");
  HmResourceRow resource = suite_resource ("r1", SUITE_MORNING, SUITE_MORNING + 3 * SUITE_GRAIN, 0);
  HmRawRow key = suite_raw ("r1", 7, SUITE_MORNING + 3 * SUITE_GRAIN, "other");

  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1, .resources = &resource, .n_resources = 1 });
  assert_true (suite->ops->raw_find (suite->store, &row, suite_append_raw, text, NULL));
  assert_true (suite->ops->raw_find (suite->store, &key, suite_append_raw, text, NULL));
  key.seq = 8;
  assert_true (suite->ops->raw_find (suite->store, &key, suite_append_raw, text, NULL));
  key.seq = G_MAXUINT64;
  assert_true (suite->ops->raw_find (suite->store, &key, suite_append_raw, text, NULL));
  assert_string_equal (text->str, "r1/7=x;r1/7=x;");
}

/* -- several connections -- */

static void
reader_sees_commits_only (void **state)
{
  Suite *suite = *state;
  HmStore *reader = suite_reader (suite);
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "a");
  guint n = 0;

  assert_true (suite_begin (suite, NULL));
  assert_true (suite->ops->write (suite->store, &(HmBatch){ .raw = &row, .n_raw = 1 }, NULL));
  assert_true (suite->ops->list_raw (reader, &suite_everything, suite_stop_at_once, &n, NULL));
  assert_int_equal (n, 0);
  assert_true (suite->ops->commit (suite->store, NULL));
  assert_true (suite->ops->list_raw (reader, &suite_everything, suite_stop_at_once, &n, NULL));
  assert_int_equal (n, 1);
  assert_int_equal (suite->ops->grain (reader), SUITE_GRAIN);
  suite->ops->close (reader);
}

static void
another_grain_is_refused (void **state)
{
  Suite *suite = *state;
  GError *error = NULL;

  suite_close (suite);
  assert_null (suite->ops->open (suite->url, HM_STORE_WRITE, SUITE_GRAIN / 2, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "grain of 1h");
}

static void
setting_is_kept_once (void **state)
{
  Suite *suite = *state;
  HmStore *reader;
  gint64 value = 1;

  assert_true (suite->ops->setting (suite->store, "hold_intervals", 0, &value, NULL));
  assert_int_equal (value, 0);
  assert_true (suite->ops->setting (suite->store, "hold_intervals", 3, &value, NULL));
  assert_int_equal (value, 3);
  assert_true (suite->ops->setting (suite->store, "hold_intervals", 6, &value, NULL));
  assert_int_equal (value, 3);
  reader = suite_reader (suite);
  assert_true (suite->ops->setting (reader, "hold_intervals", 6, &value, NULL));
  assert_int_equal (value, 3);
  assert_true (suite->ops->setting (reader, "fallback_interval_ns", 6, &value, NULL));
  assert_int_equal (value, 0);
  suite->ops->close (reader);
}

const struct CMUnitTest suite_raw_cases[] = {
  cmocka_unit_test (offset_get_says_so_when_there_is_none),
  cmocka_unit_test (offset_init_keeps_what_stands_there),
  cmocka_unit_test (begin_is_not_owned_when_one_offset_differs),
  cmocka_unit_test (begin_is_owned_when_there_is_nothing_to_move),
  cmocka_unit_test (pass_over_moves_the_offset_and_notes_the_gap),
  cmocka_unit_test (commit_keeps_holes_once),
  cmocka_unit_test (pass_over_writes_nothing_when_the_offset_is_elsewhere),
  cmocka_unit_test (pass_over_leaves_the_offset_when_the_gap_is_refused),
  cmocka_unit_test (rollback_leaves_nothing_behind),
  cmocka_unit_test (closing_in_a_transaction_leaves_nothing_behind),
  cmocka_unit_test (raw_row_keeps_its_exact_bytes),
  cmocka_unit_test (redacted_row_keeps_its_hash_and_what_is_left),
  cmocka_unit_test (redacted_row_is_still_its_projects),
  cmocka_unit_test (raw_row_takes_the_largest_number_it_can),
  cmocka_unit_test (raw_row_is_refused_when_its_key_is_there),
  cmocka_unit_test (raw_load_gives_one_resource_grain_by_grain),
  cmocka_unit_test (raw_load_begins_with_a_grain),
  cmocka_unit_test (raw_load_ends_with_a_whole_grain),
  cmocka_unit_test (raw_find_finds_a_number_whatever_its_time),
  cmocka_unit_test (reader_sees_commits_only),
  cmocka_unit_test (another_grain_is_refused),
  cmocka_unit_test (setting_is_kept_once),
};
const guint suite_n_raw_cases = G_N_ELEMENTS (suite_raw_cases);
