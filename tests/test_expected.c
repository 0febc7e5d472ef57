/* SPDX-License-Identifier: Apache-2.0 */
/* test_expected: the cloud's inventory, whoever wrote it. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cli/bill/expected.h"
#include "metering/resource.h"

typedef struct
{
  char *folder, *path;
  HmCalendar *zone; /* (nullable) of times that name none */
} Kit;

static int
set_up (void **state)
{
  Kit *kit = g_new0 (Kit, 1);

  kit->folder = g_dir_make_tmp ("hm-expected-XXXXXX", NULL);
  assert_non_null (kit->folder);
  kit->path = g_build_filename (kit->folder, "file", NULL);
  *state = kit;
  return 0;
}

static int
tear_down (void **state)
{
  Kit *kit = *state;

  g_remove (kit->path);
  g_rmdir (kit->folder);
  g_free (kit->path);
  g_free (kit->folder);
  hm_calendar_free (kit->zone);
  g_free (kit);
  return 0;
}

static GPtrArray *
read_bytes (const Kit *kit, const char *bytes, gssize length, GError **error)
{
  assert_true (g_file_set_contents (kit->path, bytes, length, NULL));
  return hm_expected_read (kit->path, kit->zone, error);
}

/* "resource created deleted;" of each, in nanoseconds since 2026. */
static void
assert_read (void **state, const char *bytes, const char *expected)
{
  static const HmTime year = G_GINT64_CONSTANT (1767225600) * HM_NSEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = read_bytes (*state, bytes, -1, &error);
  g_autoptr (GString) text = g_string_new (NULL);

  if (rows == NULL)
    fail_msg ("%s", error->message);
  for (guint i = 0; i < rows->len; i++)
    {
      const HmExpected *row = rows->pdata[i];

      g_string_append (text, row->resource);
      if (row->created != HM_TIME_UNKNOWN)
        g_string_append_printf (text, " from %" G_GINT64_FORMAT, row->created - year);
      if (row->deleted != HM_TIME_UNKNOWN)
        g_string_append_printf (text, " to %" G_GINT64_FORMAT, row->deleted - year);
      g_string_append_c (text, ';');
    }
  assert_string_equal (text->str, expected);
}

static void
assert_refused (void **state, const char *bytes, const char *part)
{
  const Kit *kit = *state;
  GError *error = NULL;
  g_autofree char *where = g_strdup_printf ("%s:%s", kit->path, part);

  assert_null (read_bytes (kit, bytes, -1, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, where);
}

static void
expected_reads_csv_with_its_columns_in_any_order (void **state)
{
  assert_read (state,
               "name,deleted,resource,created\r\n"
               "web,,a,2026-01-01T00:00:01Z\r\n"
               "\"x, \"\"y\"\"\",2026-01-01T00:00:03Z,\"b,1\",2026-01-01T00:00:02.5Z\r\n"
               "\r\n"
               ",2026-01-01T01:00:00+01:00,c,\n",
               "a from 1000000000;b,1 from 2500000000 to 3000000000;c to 0;");
}

static void
expected_reads_a_byte_order_mark_and_a_last_line_without_end (void **state)
{
  assert_read (state, "\xef\xbb\xbfresource,created,deleted\na,,", "a;");
}

static void
expected_reads_ndjson (void **state)
{
  assert_read (state,
               "{\"resource\": \"a\", \"created\": \"2026-01-01T00:00:01Z\", \"deleted\": null, \"x\": 7}\n"
               "{\"resource\": \"b\"}\n",
               "a from 1000000000;b;");
}

static void
expected_names_the_line_that_is_wrong (void **state)
{
#define HEADER "resource,created,deleted\n"
  assert_refused (state, "", "1: the file is empty");
  assert_refused (state, "resource,created\na,\n", "1: the header has no column 'deleted'");
  assert_refused (state, HEADER "a,,\nb,\n", "3: no cell 'deleted'");
  assert_refused (state, HEADER ",,\n", "2: resource: an id has 1 to 255 bytes");
  assert_refused (state, HEADER "a,yesterday,\n", "2: created: 'yesterday' is no time");
  assert_refused (state, HEADER "a,,2026-02-30T00:00:00Z\n", "2: deleted: '2026-02-30T00:00:00Z' is no time");
  assert_refused (state, HEADER "a,1969-12-31T23:59:59Z,\n", "2: created: '1969-12-31T23:59:59Z' is no time");
  assert_refused (state, HEADER "a,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z\n",
                  "2: a is deleted before it is created");
  assert_refused (state, HEADER "a,,\nb,,\na,,\n", "4: a stands in line 2 already");
  assert_refused (state, HEADER "\"a,,\n", "2: a quote that does not end");
  assert_refused (state, HEADER "\"a\"b,,\n", "2: a quote that does not end");
  assert_refused (state, HEADER "\xff,,\n", "2: no UTF-8");
  assert_refused (state, "{\"resource\": \"a\"}\n{\"resource\": \"b\"\n", "2: ");
  assert_refused (state, "{\"resource\": \"a\"}\n[]\n", "2: no JSON object");
  assert_refused (state, "{\"resource\": \"a\", \"created\": 17}\n", "1: created: no text");
  assert_refused (state, "{}\n", "1: resource: an id has 1 to 255 bytes");
}

static void
use_zone (void **state, const char *zone)
{
  Kit *kit = *state;

  hm_calendar_free (kit->zone);
  kit->zone = hm_calendar_new (zone, NULL);
  assert_non_null (kit->zone);
}

static void
expected_reads_times_without_a_zone_when_it_is_told_which (void **state)
{
  use_zone (state, "UTC");
  assert_read (state, HEADER "a,2026-01-01T00:00:01.000000,2026-01-01 00:00:02\n",
               "a from 1000000000 to 2000000000;");
  use_zone (state, "Europe/Berlin");
  assert_read (state, HEADER "a,2026-01-01T01:00:01.5,2026-01-01T00:00:02Z\n",
               "a from 1500000000 to 2000000000;");
  assert_read (state, "{\"resource\": \"a\", \"created\": \"2026-01-01T01:00:03\"}\n", "a from 3000000000;");
}

static void
expected_refuses_times_of_which_the_zone_is_not_known (void **state)
{
  assert_refused (
      state, HEADER "a,,\nb,2025-10-26T01:30:00.000000,\n",
      "3: created: '2025-10-26T01:30:00.000000' does not say of which time zone it is; --expected-zone");
  assert_refused (state, "{\"resource\": \"a\", \"deleted\": \"2025-10-26 01:30:00\"}\n",
                  "1: deleted: '2025-10-26 01:30:00' does not say of which time zone it is");
}

static void
expected_refuses_times_that_the_clock_shows_twice_or_never (void **state)
{
  use_zone (state, "Europe/Berlin");
  assert_refused (state, HEADER "a,2025-10-26T02:30:00,\n",
                  "2: created: the clock of Europe/Berlin shows '2025-10-26T02:30:00' twice");
  assert_refused (state, HEADER "a,,\nb,,2026-03-29T02:30:00\n",
                  "3: deleted: the clock of Europe/Berlin never shows '2026-03-29T02:30:00'");
  assert_refused (state, HEADER "a,2025-10-26,\n", "2: created: '2025-10-26' is no time");
  assert_refused (state, HEADER "a,2025-10-26T02:61:00,\n", "2: created: '2025-10-26T02:61:00' is no time");
  assert_refused (state, HEADER "a, 02:30:00,\n", "2: created: ' 02:30:00' is no time");
}

/* A terminal shows it. */
static void
expected_shows_nothing_that_could_steer (void **state)
{
  const Kit *kit = *state;
  GError *error = NULL;

  assert_null (read_bytes (kit, HEADER "a,\x1b[31m,\n", -1, &error));
  assert_null (strchr (error->message, '\x1b'));
  g_error_free (error);
}

static void
expected_reads_no_line_without_end (void **state)
{
  g_autofree char *id = g_strnfill (HM_ID_MAX + 1, 'x');
  g_autofree char *long_id = g_strconcat (HEADER, id, ",,\n", NULL);
  g_autofree char *line = g_strnfill (HM_EXPECTED_LINE_MAX, ' ');
  g_autofree char *long_line = g_strconcat (HEADER, line, NULL);
  GError *error = NULL;

  assert_refused (state, long_id, "2: resource");
  assert_refused (state, long_line, "2: longer than");
  assert_null (read_bytes (*state, HEADER "a\0,,\nb,,\n", sizeof HEADER "a\0,,\nb,,\n" - 1, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, ":2: longer than 65534 bytes, or with a NUL in it");
}

static void
expected_says_what_cannot_be_read (void **state)
{
  const Kit *kit = *state;
  g_autofree char *none = g_build_filename (kit->folder, "none", NULL);
  GError *error = NULL;

  assert_null (hm_expected_read (none, NULL, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, none);
  assert_null (hm_expected_read (kit->folder, NULL, &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "directory");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (expected_reads_csv_with_its_columns_in_any_order, set_up, tear_down),
    cmocka_unit_test_setup_teardown (expected_reads_a_byte_order_mark_and_a_last_line_without_end, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (expected_reads_ndjson, set_up, tear_down),
    cmocka_unit_test_setup_teardown (expected_names_the_line_that_is_wrong, set_up, tear_down),
    cmocka_unit_test_setup_teardown (expected_reads_times_without_a_zone_when_it_is_told_which, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (expected_refuses_times_of_which_the_zone_is_not_known, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (expected_refuses_times_that_the_clock_shows_twice_or_never, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (expected_shows_nothing_that_could_steer, set_up, tear_down),
    cmocka_unit_test_setup_teardown (expected_reads_no_line_without_end, set_up, tear_down),
    cmocka_unit_test_setup_teardown (expected_says_what_cannot_be_read, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
