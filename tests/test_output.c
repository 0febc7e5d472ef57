/* SPDX-License-Identifier: Apache-2.0 */
/* test_output: what cli/output.c and cli/table.c make of the same cells. Standard output is a file of the
 * test's while an answer is written. */
#include "tests/kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/table.h"
#include "metering/count.h"

static const HmColumn columns[] = {
  { "name", HM_COLUMN_TEXT },
  { "first_seen", HM_COLUMN_TIME, .machine_only = TRUE },
  { "owner", HM_COLUMN_TEXT, .people_only = TRUE },
  { "quantity", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "rows", HM_COLUMN_COUNT },
  { "shipped", HM_COLUMN_BOOL },
  { "flags", HM_COLUMN_LIST },
};

#define ROW(...) ((const char *[]){ __VA_ARGS__ })
#define FIRST    ROW ("web", "2026-01-31T21:30:00.123456789Z", "Research", "12345.5", "7", "yes", "moved,reset")
#define SECOND   ROW ("漢字", NULL, NULL, NULL, "18446744073709551615", "no", NULL)

/* -- catching standard output -- */

typedef struct
{
  int saved;
  FILE *file;
} Caught;

static void
catch_output (Caught *caught, const char *path)
{
  int fd;

  assert_int_equal (fflush (stdout), 0);
  caught->saved = dup (STDOUT_FILENO);
  caught->file = path == NULL ? tmpfile () : NULL;
  fd = path == NULL ? dup (fileno (caught->file)) : open (path, O_WRONLY);
  assert_true (fd >= 0);
  assert_int_equal (dup2 (fd, STDOUT_FILENO), STDOUT_FILENO);
  close (fd);
}

/* What was written since. (transfer full) */
static char *
release_output (Caught *caught)
{
  GString *text = g_string_new (NULL);
  char block[4096];
  gsize length;

  assert_int_equal (fflush (stdout), 0);
  assert_int_equal (dup2 (caught->saved, STDOUT_FILENO), STDOUT_FILENO);
  close (caught->saved);
  rewind (caught->file);
  while ((length = fread (block, 1, sizeof block, caught->file)) > 0)
    g_string_append_len (text, block, (gssize)length);
  fclose (caught->file);
  return g_string_free (text, FALSE);
}

static void
assert_written (HmOutputFormat format, const char *const *const *rows, guint n, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  Caught caught;
  HmOutput *output;
  gboolean ended;

  catch_output (&caught, NULL);
  output = hm_output_new (format, columns, G_N_ELEMENTS (columns), 0);
  for (guint i = 0; i < n; i++)
    hm_output_row (output, rows[i]);
  ended = hm_output_end (output, TRUE, &error);
  text = release_output (&caught);
  assert_string_equal (text, expected);
  assert_true (ended);
  assert_null (error);
}

/* -- forms -- */

static void
json_is_one_object_with_rows (void **state G_GNUC_UNUSED)
{
  const char *const *rows[] = { FIRST, SECOND };

  assert_written (
      HM_OUTPUT_JSON, rows, 2,
      "{\"rows\":[\n"
      "{\"name\":\"web\",\"first_seen\":\"2026-01-31T21:30:00.123456789Z\",\"quantity\":\"12345.5\","
      "\"rows\":7,\"shipped\":true,\"flags\":[\"moved\",\"reset\"]},\n"
      "{\"name\":\"漢字\",\"first_seen\":null,\"quantity\":null,"
      "\"rows\":\"18446744073709551615\",\"shipped\":false,\"flags\":[]}\n"
      "]}\n");
  assert_written (HM_OUTPUT_JSON, rows, 0, "{\"rows\":[]}\n");
}

static void
ndjson_is_an_object_a_line (void **state G_GNUC_UNUSED)
{
  const char *const *rows[] = { ROW ("a\nb", NULL, NULL, "1", "1", "no", "") };

  assert_written (HM_OUTPUT_NDJSON, rows, 1,
                  "{\"name\":\"a\\nb\",\"first_seen\":null,\"quantity\":\"1\",\"rows\":1,\"shipped\":false,"
                  "\"flags\":[]}\n");
  assert_written (HM_OUTPUT_NDJSON, rows, 0, "");
}

static void
json_is_utf8_when_a_cell_is_not (void **state G_GNUC_UNUSED)
{
  const char *const *rows[] = { ROW ("a\xff"
                                     "b",
                                     NULL, NULL, "1", "1", "no", "") };

  assert_written (HM_OUTPUT_NDJSON, rows, 1,
                  "{\"name\":\"a\xef\xbf\xbd"
                  "b\",\"first_seen\":null,\"quantity\":\"1\",\"rows\":1,"
                  "\"shipped\":false,\"flags\":[]}\n");
}

static void
csv_quotes_what_would_break_a_line (void **state G_GNUC_UNUSED)
{
  const char *const *rows[] = { ROW ("plain", NULL, "left out", "1.5", "1", "yes", "a,b"),
                                ROW ("say \"hi\",\r\nnow", NULL, NULL, NULL, "2", "no", NULL) };

  assert_written (HM_OUTPUT_CSV, rows, 2,
                  "name,first_seen,quantity,rows,shipped,flags\r\n"
                  "plain,,1.5,1,yes,\"a,b\"\r\n"
                  "\"say \"\"hi\"\",\r\nnow\",,,2,no,\r\n");
  assert_written (HM_OUTPUT_CSV, rows, 0, "name,first_seen,quantity,rows,shipped,flags\r\n");
}

static void
csv_has_no_formulas (void **state G_GNUC_UNUSED)
{
  const char *const *rows[]
      = { ROW ("=cmd|' /C calc'!A0", NULL, NULL, "-9000", "1", "yes", NULL),
          ROW ("-x", NULL, NULL, "-0.5", "1", "yes", NULL), ROW ("-9-1", NULL, NULL, "-", "1", "yes", NULL) };

  assert_written (HM_OUTPUT_CSV, rows, 3,
                  "name,first_seen,quantity,rows,shipped,flags\r\n"
                  "'=cmd|' /C calc'!A0,,-9000,1,yes,\r\n"
                  "'-x,,-0.5,1,yes,\r\n"
                  "'-9-1,,'-,1,yes,\r\n");
}

static void
table_aligns_wide_letters_and_points (void **state G_GNUC_UNUSED)
{
  const char *const *rows[] = { FIRST, SECOND, ROW ("e\xcc\x81", NULL, "u", "1234567", "10", "no", ""),
                                ROW ("", NULL, "v", "-0.25", "0", "no", "wrap") };

  assert_written (HM_OUTPUT_TABLE, rows, 4,
                  "NAME  OWNER         QUANTITY                  ROWS  SHIPPED  FLAGS\n"
                  "web   Research     12,345.5                      7  yes      moved,reset\n"
                  "漢字  -                 -     18446744073709551615  no\n"
                  "e\xcc\x81     u         1,234,567                       10  no\n"
                  "-     v                -0.25                     0  no       wrap\n");
}

static void
table_shows_control_characters_and_sends_none (void **state G_GNUC_UNUSED)
{
  const char *const *rows[] = { ROW ("\x1b[31m\r\n\t\x07", NULL, "\xe2\x80\xae", "1", "1", "no", NULL) };

  assert_written (HM_OUTPUT_TABLE, rows, 1,
                  "NAME       OWNER  QUANTITY  ROWS  SHIPPED  FLAGS\n"
                  "�[31m����  �             1     1  no\n");
}

static void
table_cuts_long_text_but_in_the_last_column (void **state G_GNUC_UNUSED)
{
  static const HmColumn two[]
      = { { "a", HM_COLUMN_TEXT }, { "b", HM_COLUMN_TEXT }, { "c", HM_COLUMN_TEXT, .machine_only = TRUE } };
  g_autofree char *narrow = g_strnfill (65, 'x'), *fitting = g_strnfill (64, 'x'),
                  *cut = g_strnfill (63, 'x');
  g_autofree char *shown = g_strconcat (cut, "…", NULL);
  GString *wide = g_string_new (NULL), *wide_shown = g_string_new (NULL);
  g_auto (GStrv) row = NULL;

  row = hm_table_row (two, 3, ROW (narrow, narrow, narrow));
  assert_string_equal (row[0], shown);
  assert_string_equal (row[1], narrow);
  g_strfreev (row);
  row = hm_table_row (two, 3, ROW (fitting, "", NULL));
  assert_string_equal (row[0], fitting);
  assert_string_equal (row[1], "-");
  g_strfreev (row);
  for (guint i = 0; i < 33; i++)
    g_string_append (wide, "漢");
  for (guint i = 0; i < 31; i++)
    g_string_append (wide_shown, "漢");
  g_string_append (wide_shown, "…");
  row = hm_table_row (two, 3, ROW (wide->str, "", NULL));
  assert_string_equal (row[0], wide_shown->str);
  g_string_free (wide, TRUE);
  g_string_free (wide_shown, TRUE);
}

static void
table_shows_of_a_moment_what_its_column_is_about (void **state G_GNUC_UNUSED)
{
  static const HmColumn times[] = {
    { "a", HM_COLUMN_TIME }, { "b", HM_COLUMN_HOUR }, { "c", HM_COLUMN_DAY }, { "d", HM_COLUMN_MONTH }
  };
  static const char text[] = "2026-01-31T21:30:15.999999999Z";
  g_auto (GStrv) row = hm_table_row (times, 4, ROW (text, text, text, text));
  g_autofree char *line = g_strjoinv ("|", row);

  assert_string_equal (line, "2026-01-31 21:30:15Z|2026-01-31 21:30Z|2026-01-31|2026-01");
}

/* -- ends -- */

static void
output_wants_no_more_rows_when_the_limit_is_reached (void **state G_GNUC_UNUSED)
{
  g_autofree char *text = NULL;
  gboolean more[3];
  Caught caught;
  HmOutput *output;

  catch_output (&caught, NULL);
  output = hm_output_new (HM_OUTPUT_CSV, columns, 1, 2);
  for (guint i = 0; i < 3; i++)
    more[i] = hm_output_row (output, FIRST);
  assert_true (hm_output_end (output, TRUE, NULL));
  text = release_output (&caught);
  assert_string_equal (text, "name\r\nweb\r\nweb\r\n");
  assert_true (more[0]);
  assert_false (more[1]);
  assert_false (more[2]);
}

static void
output_does_not_make_half_an_answer_look_whole (void **state G_GNUC_UNUSED)
{
  static const HmOutputFormat formats[] = { HM_OUTPUT_JSON, HM_OUTPUT_TABLE };
  static const char *const expected[] = { "{\"rows\":[\n{\"name\":\"web\"}", "" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *text = NULL;
      Caught caught;
      HmOutput *output;
      gboolean ended;

      catch_output (&caught, NULL);
      output = hm_output_new (formats[i], columns, 1, 0);
      hm_output_row (output, FIRST);
      ended = hm_output_end (output, FALSE, NULL);
      text = release_output (&caught);
      assert_false (ended);
      assert_string_equal (text, expected[i]);
    }
}

/* A disk that is full takes what stays in the buffer, until it is flushed. */
static void
output_fails_when_standard_output_is_full (void **state G_GNUC_UNUSED)
{
  static const HmOutputFormat formats[]
      = { HM_OUTPUT_TABLE, HM_OUTPUT_JSON, HM_OUTPUT_NDJSON, HM_OUTPUT_CSV };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (GError) error = NULL;
      Caught caught;
      HmOutput *output;
      gboolean ended;

      catch_output (&caught, "/dev/full");
      output = hm_output_new (formats[i], columns, G_N_ELEMENTS (columns), 0);
      hm_output_row (output, FIRST);
      ended = hm_output_end (output, TRUE, &error);
      assert_int_equal (dup2 (caught.saved, STDOUT_FILENO), STDOUT_FILENO);
      close (caught.saved);
      clearerr (stdout);
      assert_false (ended);
      kit_assert_error (&error, HM_ERROR_CREATE, "standard output");
    }
}

/* Nobody reads a million rows that nobody gets. */
static void
output_wants_no_more_rows_when_standard_output_is_full (void **state G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  guint rows = 0, most = 1000000;
  gboolean ended;
  Caught caught;
  HmOutput *output;

  catch_output (&caught, "/dev/full");
  output = hm_output_new (HM_OUTPUT_CSV, columns, G_N_ELEMENTS (columns), 0);
  while (rows < most && hm_output_row (output, FIRST))
    rows++;
  ended = hm_output_end (output, TRUE, &error);
  assert_int_equal (dup2 (caught.saved, STDOUT_FILENO), STDOUT_FILENO);
  close (caught.saved);
  clearerr (stdout);
  assert_false (ended);
  assert_in_range (rows, 1, most - 1);
}

static void
output_form_is_one_of_four (void **state G_GNUC_UNUSED)
{
  HmOutputFormat format = HM_OUTPUT_TABLE;

  assert_true (hm_output_format_parse ("ndjson", &format));
  assert_int_equal (format, HM_OUTPUT_NDJSON);
  assert_false (hm_output_format_parse ("JSON", &format));
  assert_false (hm_output_format_parse ("", &format));
  assert_int_equal (format, HM_OUTPUT_NDJSON);
}

/* -- pieces -- */

static void
thousands_are_set_apart (void **state G_GNUC_UNUSED)
{
  static const char *const cases[][2] = {
    { "0", "0" },
    { "999", "999" },
    { "1000", "1,000" },
    { "-1000", "-1,000" },
    { "1234567.8901", "1,234,567.8901" },
    { "-123456", "-123,456" },
    { "<0.001", "<0.001" },
    { "18446744073709551615", "18,446,744,073,709,551,615" },
    { "-", "-" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *grouped = hm_group_thousands (cases[i][0]);

      assert_string_equal (grouped, cases[i][1]);
    }
}

static void
spans_are_told_by_their_two_largest_units (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    gint64 seconds;
    const char *text;
  } cases[] = { { 59, "59s" },        { 60, "1m" },
                { 3599, "59m 59s" },  { 3600, "1h" },
                { 3601, "1h" },       { 3720, "1h 2m" },
                { 86399, "23h 59m" }, { 86400, "1d" },
                { 90000, "1d 1h" },   { 86400 * 1234, "1,234d" } };
  g_autofree char *trace = hm_span_print (HM_NSEC_PER_SEC - 1), *none = hm_span_print (0);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = hm_span_print (cases[i].seconds * HM_NSEC_PER_SEC + 1);

      assert_string_equal (text, cases[i].text);
    }
  assert_string_equal (trace, "<1s");
  assert_string_equal (none, "0s");
}

static void
count_tells_one_in_the_singular (void **state G_GNUC_UNUSED)
{
  static const guint64 counts[] = { 0, 1, 2, G_MAXUINT64 };
  static const char *const expected[] = { "0 files", "1 file", "2 files", "18446744073709551615 files" };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autofree char *text = hm_count_print (counts[i], "file");

      assert_string_equal (text, expected[i]);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (count_tells_one_in_the_singular),
    cmocka_unit_test (json_is_one_object_with_rows),
    cmocka_unit_test (ndjson_is_an_object_a_line),
    cmocka_unit_test (json_is_utf8_when_a_cell_is_not),
    cmocka_unit_test (csv_quotes_what_would_break_a_line),
    cmocka_unit_test (csv_has_no_formulas),
    cmocka_unit_test (table_aligns_wide_letters_and_points),
    cmocka_unit_test (table_shows_control_characters_and_sends_none),
    cmocka_unit_test (table_cuts_long_text_but_in_the_last_column),
    cmocka_unit_test (table_shows_of_a_moment_what_its_column_is_about),
    cmocka_unit_test (output_wants_no_more_rows_when_the_limit_is_reached),
    cmocka_unit_test (output_does_not_make_half_an_answer_look_whole),
    cmocka_unit_test (output_fails_when_standard_output_is_full),
    cmocka_unit_test (output_wants_no_more_rows_when_standard_output_is_full),
    cmocka_unit_test (output_form_is_one_of_four),
    cmocka_unit_test (thousands_are_set_apart),
    cmocka_unit_test (spans_are_told_by_their_two_largest_units),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
