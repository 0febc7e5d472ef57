/* SPDX-License-Identifier: Apache-2.0 */
/* test_openmetrics: the text, as it is and as a strict reader takes it. */
#include "metering/openmetrics.h"

#include <gio/gio.h>
#include <string.h>

#include "tests/kit.h"

static char *
finish (HmOpenMetrics *metrics)
{
  g_autoptr (GBytes) bytes = hm_openmetrics_finish (metrics);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
writer_prints_families_when_they_are_added (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmOpenMetrics) metrics = hm_openmetrics_new ();
  g_autofree char *text = NULL;

  hm_openmetrics_family (metrics, HM_METRIC_COUNTER, "hm_records", NULL, "Taken");
  hm_openmetrics_count (metrics, G_MAXUINT64, "topic", "a", "partition", "0", NULL);
  hm_openmetrics_family (metrics, HM_METRIC_GAUGE, "hm_lag_seconds", "seconds", "Behind");
  hm_openmetrics_seconds (metrics, 1500000001, NULL);
  hm_openmetrics_seconds (metrics, -5, "partition", "1", NULL);
  hm_openmetrics_seconds (metrics, G_MININT64, "partition", "2", NULL);
  hm_openmetrics_add (metrics, HM_METRIC_GAUGE, "hm_one", "One", 1);
  text = finish (metrics);
  assert_string_equal (text, "# TYPE hm_records counter\n"
                             "# HELP hm_records Taken\n"
                             "hm_records_total{topic=\"a\",partition=\"0\"} 18446744073709551615\n"
                             "# TYPE hm_lag_seconds gauge\n"
                             "# UNIT hm_lag_seconds seconds\n"
                             "# HELP hm_lag_seconds Behind\n"
                             "hm_lag_seconds 1.500000001\n"
                             "hm_lag_seconds{partition=\"1\"} -0.000000005\n"
                             "hm_lag_seconds{partition=\"2\"} -9223372036.854775808\n"
                             "# TYPE hm_one gauge\n"
                             "# HELP hm_one One\n"
                             "hm_one 1\n"
                             "# EOF\n");
}

static void
writer_ends_the_text_when_nothing_was_added (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmOpenMetrics) metrics = hm_openmetrics_new ();
  g_autofree char *text = finish (metrics);

  assert_string_equal (text, "# EOF\n");
}

static void
writer_is_understood_when_labels_are_hostile (void **state G_GNUC_UNUSED)
{
  static const char *const hostile[]
      = { "", "a\"b", "back\\slash", "line\nbreak", "\xff\xfe", "\x1b[2J", "} 5", "é" };
  g_autofree char *script
      = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "openmetrics.py", NULL);
  g_autoptr (HmOpenMetrics) metrics = hm_openmetrics_new ();
  g_autoptr (GSubprocess) reader = NULL;
  g_autofree char *text = NULL, *read = NULL;
  g_auto (GStrv) lines = NULL;

  hm_openmetrics_family (metrics, HM_METRIC_GAUGE, "hm_hostile", NULL, "A \\ and a\nbreak");
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    hm_openmetrics_count (metrics, i, "name", hostile[i], NULL);
  text = finish (metrics);
  reader = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
                             "/usr/bin/python3", script, NULL);
  assert_non_null (reader);
  assert_true (g_subprocess_communicate_utf8 (reader, text, NULL, &read, NULL, NULL));
  assert_true (g_subprocess_get_successful (reader));
  lines = g_strsplit (g_strchomp (read), "\n", -1);
  assert_int_equal (g_strv_length (lines), G_N_ELEMENTS (hostile));
  assert_string_equal (lines[1], "hm_hostile{name=\"a\\\"b\"} 1");
  assert_string_equal (lines[7], "hm_hostile{name=\"é\"} 7");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (writer_prints_families_when_they_are_added),
    cmocka_unit_test (writer_ends_the_text_when_nothing_was_added),
    cmocka_unit_test (writer_is_understood_when_labels_are_hostile),
  };

  return cmocka_run_group_tests_name ("openmetrics", tests, NULL, NULL);
}
