/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of polling: the sources, and which of them carries a meter. */
#include "metering/polling.h"

#include <string.h>

#include "metering/error.h"
#include "tests/kit.h"

static const HmMeter cpu = { .name = "cpu", .type = HM_CUMULATIVE, .unit = "ns", .help = "x" };
static const HmMeter usage = { .name = "memory.usage", .type = HM_GAUGE, .unit = "MiB", .help = "x" };
static const HmMeter hidden
    = { .name = "vcpu.wait", .type = HM_CUMULATIVE, .unit = "ns", .off = TRUE, .help = "x" };

#define GLOBS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* -- without a file -- */

static void
polling_has_one_source_of_everything_when_there_is_no_file (void **state)
{
  g_autoptr (HmPolling) polling = hm_polling_new_default (60 * HM_NSEC_PER_SEC, NULL, NULL);
  const HmPollingSource *source = hm_polling_find (polling, &cpu);

  (void)state;
  assert_int_equal (polling->sources->len, 1);
  assert_string_equal (source->name, "default");
  assert_int_equal (source->interval_ns, 60 * HM_NSEC_PER_SEC);
  assert_int_equal (source->line, 0);
  assert_null (source->meters[0]);
  assert_true (hm_polling_source_has (source, "any"));
  assert_null (hm_polling_find (polling, &hidden));
}

static void
polling_takes_only_the_default_meters_that_are_named (void **state)
{
  g_autoptr (HmPolling) polling = hm_polling_new_default (HM_NSEC_PER_SEC, GLOBS ("cpu*", "vcpu.*"), NULL);

  (void)state;
  assert_non_null (hm_polling_find (polling, &cpu));
  assert_non_null (hm_polling_find (polling, &hidden));
  assert_null (hm_polling_find (polling, &usage));
}

static void
polling_is_refused_when_the_default_meters_are_wrong (void **state)
{
  g_autoptr (GError) error = NULL;

  (void)state;
  assert_null (hm_polling_new_default (HM_NSEC_PER_SEC, GLOBS ("cpu", "!disk.*"), &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "!disk.*");
}

/* -- files -- */

static HmPolling *
load_fixture (const char *name)
{
  const char *source = g_getenv ("HYPERMETER_SRCDIR");
  g_autofree char *path
      = g_build_filename (source != NULL ? source : ".", "tests/fixtures/polling", name, NULL);
  g_autoptr (GError) error = NULL;
  HmPolling *polling = hm_polling_load (path, &error);

  if (polling == NULL)
    fail_msg ("%s", error->message);
  return polling;
}

static const HmPollingSource *
source_at (const HmPolling *polling, guint i)
{
  assert_true (i < polling->sources->len);
  return g_ptr_array_index (polling->sources, i);
}

/* @name: of the source that carries the meter; NULL: none does. */
static void
expect_found (const HmPolling *polling, const char *meter, const char *name)
{
  const HmMeter wanted = { .name = meter, .type = HM_GAUGE, .unit = "count", .help = "x" };
  const HmPollingSource *source = hm_polling_find (polling, &wanted);

  if (g_strcmp0 (source != NULL ? source->name : NULL, name) != 0)
    fail_msg ("%s: %s, not %s", meter, source != NULL ? source->name : "none", name != NULL ? name : "none");
}

static void
polling_takes_what_ceilometer_ships (void **state)
{
  static const char *const names[] = { "ceilometer-default.yaml", "ceilometer-volumes.yaml" };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HmPolling) polling = load_fixture (names[i]);
      const HmPollingSource *source = source_at (polling, 0);

      assert_int_equal (polling->sources->len, 1);
      assert_int_equal (polling->notes->len, 0);
      assert_string_equal (source->name, "some_pollsters");
      assert_int_equal (source->line, 5);
      assert_int_equal (source->interval_ns, 300 * HM_NSEC_PER_SEC);
      expect_found (polling, "cpu", "some_pollsters");
      expect_found (polling, "network.outgoing.bytes", "some_pollsters");
      expect_found (polling, "network.outgoing.packets.drop", NULL);
      expect_found (polling, "vcpus", NULL);
    }
}

static void
polling_takes_exclusions (void **state)
{
  g_autoptr (HmPolling) polling = load_fixture ("with-exclusions.yaml");

  (void)state;
  assert_int_equal (polling->sources->len, 2);
  assert_int_equal (source_at (polling, 1)->interval_ns, 600 * HM_NSEC_PER_SEC);
  assert_null (source_at (polling, 1)->resources);
  expect_found (polling, "cpu", "everything_but_disks");
  expect_found (polling, "network.incoming.bytes", "everything_but_disks");
  expect_found (polling, "disk.device.read.bytes", "disks");
  expect_found (polling, "disk.device.read.latency", NULL);
  assert_ptr_equal (hm_polling_find (polling, &hidden), source_at (polling, 1));
}

static void
polling_notes_what_does_nothing_here (void **state)
{
  g_autoptr (HmPolling) polling = load_fixture ("with-everything.yaml");
  g_autofree char *notes = NULL;

  (void)state;
  g_ptr_array_add (polling->notes, NULL);
  notes = g_strjoinv ("\n", (char **)polling->notes->pdata);
  assert_int_equal (source_at (polling, 0)->interval_ns, 500 * HM_NSEC_PER_MSEC);
  assert_int_equal (source_at (polling, 1)->interval_ns, 300 * HM_NSEC_PER_SEC);
  assert_true (hm_polling_source_has (source_at (polling, 0), "0a0a0a0a-1"));
  assert_false (hm_polling_source_has (source_at (polling, 0), "0b0a0a0a-1"));
  assert_true (hm_polling_source_has (source_at (polling, 1), "any"));
  assert_false (hm_polling_source_has (source_at (polling, 2), "any"));
  assert_non_null (
      strstr (notes, "with-everything.yaml:14: source hardware_snmp: discovery tripleo_overcloud_nodes"));
  assert_non_null (strstr (notes, "a resource snmp://... is no instance here"));
  assert_non_null (strstr (notes, ":21: sinks belongs to a pipeline"));
  assert_non_null (strstr (notes, ":23: sinks belongs to a pipeline"));
  assert_null (strstr (notes, "192.0.2.27"));
}

/* -- which of several -- */

static HmPolling *
parse (const char *text, GError **error)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "polling.yaml", NULL);
  HmPolling *polling;

  kit_write_file (folder, "polling.yaml", text);
  polling = hm_polling_load (path, error);
  kit_remove_tree (folder);
  return polling;
}

static void
polling_gives_a_meter_to_the_shortest_interval_and_then_to_the_first (void **state)
{
  g_autoptr (HmPolling) polling = parse ("sources:\n"
                                         "- {name: slow, interval: 60, meters: ['*']}\n"
                                         "- {name: first, interval: 5s, meters: [cpu]}\n"
                                         "- {name: second, interval: 5000ms, meters: [cpu, memory]}\n",
                                         NULL);

  (void)state;
  expect_found (polling, "cpu", "first");
  expect_found (polling, "memory", "second");
  expect_found (polling, "vcpus", "slow");
}

static void
polling_takes_intervals_from_a_tenth_of_a_second_to_a_day (void **state)
{
  static const struct
  {
    const char *text;
    gint64 ns;
  } good[] = {
    { "100ms", HM_POLLING_INTERVAL_MIN_NS }, { "1d", HM_POLLING_INTERVAL_MAX_NS },
    { "86400", HM_POLLING_INTERVAL_MAX_NS }, { "'10'", 10 * HM_NSEC_PER_SEC },
    { "2h", 7200 * HM_NSEC_PER_SEC },
  };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *text
          = g_strdup_printf ("sources: [{name: a, interval: %s, meters: [cpu]}]\n", good[i].text);
      g_autoptr (GError) error = NULL;
      g_autoptr (HmPolling) polling = parse (text, &error);

      if (polling == NULL)
        fail_msg ("%s", error->message);
      assert_int_equal (source_at (polling, 0)->interval_ns, good[i].ns);
    }
}

static void
polling_polls_all_when_the_discovery_adds_all_to_its_resources (void **state)
{
  g_autoptr (HmPolling) polling = parse (
      "sources: [{name: a, interval: 1, meters: [cpu], resources: [x], discovery: [local_instances]}]\n",
      NULL);

  (void)state;
  assert_true (hm_polling_source_has (source_at (polling, 0), "any"));
  assert_int_equal (polling->notes->len, 0);
}

/* -- refusals -- */

#define SOURCE "sources:\n- name: a\n  interval: 60\n  meters:\n  - cpu\n"

static const struct
{
  const char *text;
  const char *part; /* line and reason */
} broken[] = {
  { "", ":1: sources required" },
  { "# nothing\n", ":1: sources required" },
  { "- name: a\n", ":1: sources required" },
  { "{}\n", ":1: sources required" },
  { "\nsource:\n- name: a\n", ":2: unknown key source; the file has sources" },
  { "sources:\n", ":1: no source" },
  { "sources: []\n", ":1: no source" },
  { "sources: all\n", ":1: sources should be a list" },
  { "sources:\n  name: a\n", ":2: sources should be a list" },
  { "sources:\n- a\n", ":2: a source is a map" },
  { "sources:\n- interval: 60\n  meters: [cpu]\n", ":2: required field name not specified" },
  { "sources:\n- name:\n  interval: 60\n", ":2: the name of a source is a text" },
  { "sources:\n- name: \"a\\nb\"\n", ":2: the name of a source has 255 bytes at most" },
  { SOURCE "- name: b\n  interval: 1\n  meters: [cpu]\n- name: a\n",
    ":9: source a is there already, in line 2" },
  { "sources:\n- name: a\n  meters: [cpu]\n", ":2: source a: missing interval value" },
  { "sources:\n- name: a\n  interval: 60\n", ":2: source a: missing meters value" },
  { "sources:\n- name: a\n  interval: 60\n  meters:\n", ":4: source a: no meters specified" },
  { "sources:\n- name: a\n  interval: 60\n  meters: []\n", ":4: source a: no meters specified" },
  { "sources:\n- name: a\n  interval: 60\n  meters: cpu\n", ":4: source a: meters should be a list" },
  { "sources:\n- name: a\n  interval: 60\n  meters:\n  - cpu\n  - [disk]\n",
    ":6: source a: each of meters is a text" },
  { SOURCE "  - \"!disk.*\"\n", ":6: source a: \"!disk.*\": a list either names meters or excludes some" },
  { SOURCE "  - vcpus\n  - \"*\"\n", ":7: source a: \"*\": a list either names meters or takes all" },
  { SOURCE "  - !disk.*\n", ":6: !disk.* is a tag" },
  { SOURCE "  - *\n", ":6: a text that begins with * stands in quotes" },
  { SOURCE "  - disk usage\n", ":6: source a: \"disk usage\" is not a pattern" },
  { SOURCE "  intervall: 5\n", ":6: unknown key intervall; a source has name, interval" },
  { SOURCE "  interval: 5\n", ":6: key interval is there already, in line 3" },
  { SOURCE "  resources: x\n", ":6: source a: resources should be a list" },
  { SOURCE "  discovery: local_instances\n", ":6: source a: discovery should be a list" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: soon\n",
    ":4: source a: invalid interval value \"soon\"" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: 1.5\n",
    ":4: source a: invalid interval value \"1.5\"" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: -60\n",
    ":4: source a: invalid interval value \"-60\"" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: 0600\n",
    ":4: source a: invalid interval value \"0600\"" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval:\n", ":4: source a: invalid interval value \"\"" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: [60]\n", ":4: source a: the interval is seconds" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: 0\n", ":4: source a: interval \"0\" is out of range" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: 99ms\n",
    ":4: source a: interval \"99ms\" is out of range" },
  { "sources:\n- name: a\n  meters: [cpu]\n  interval: 25h\n",
    ":4: source a: interval \"25h\" is out of range" },
  { "sources:\n- name: a\n\tinterval: 60\n", ":3: " },
  { "sources:\n- name: a\n   interval: 60\n", ":3: " },
  { SOURCE "---\nsources: []\n", ":6: a second document" },
};

static void
polling_is_refused_with_line_and_reason (void **state)
{
  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *part = g_strdup_printf ("polling.yaml%s", broken[i].part);

      if (parse (broken[i].text, &error) != NULL)
        fail_msg ("taken, and not refused with \"%s\"", part);
      kit_assert_error (&error, HM_ERROR_CONFIG, part);
    }
}

static void
polling_is_refused_when_it_has_too_many_sources_or_patterns (void **state)
{
  g_autoptr (GString) sources = g_string_new ("sources:\n"),
                      patterns = g_string_new ("sources:\n- name: a\n  meters:\n");
  g_autoptr (GError) error = NULL;

  (void)state;
  for (guint i = 0; i <= HM_POLLING_SOURCES_MAX; i++)
    g_string_append_printf (sources, "- {name: s%u, interval: 60, meters: [cpu]}\n", i);
  for (guint i = 0; i <= 1000; i++)
    g_string_append (patterns, "  - cpu\n");
  assert_null (parse (sources->str, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, ":2: more than 64 sources");
  assert_null (parse (patterns->str, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, ":4: source a: more than 1000 meters");
}

/* No file may do more than be taken or refused; the sanitizers and valgrind watch. */
static void
polling_survives_every_cut_of_a_file (void **state)
{
  static const char good[]
      = "sources:\n- name: a\n  interval: 5m\n  meters: [\"*\", '!disk.*']\n  resources: [x://y]\n"
        "  discovery: [z]\n  sinks: [s]\n";
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "polling.yaml", NULL);

  (void)state;
  for (gsize i = 0; i < sizeof good; i++)
    {
      g_autofree char *cut = g_strndup (good, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (HmPolling) polling = NULL;

      kit_write_file (folder, "polling.yaml", cut);
      polling = hm_polling_load (path, &error);
      assert_true ((polling == NULL) == (error != NULL));
    }
  kit_remove_tree (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (polling_has_one_source_of_everything_when_there_is_no_file),
    cmocka_unit_test (polling_takes_only_the_default_meters_that_are_named),
    cmocka_unit_test (polling_is_refused_when_the_default_meters_are_wrong),
    cmocka_unit_test (polling_takes_what_ceilometer_ships),
    cmocka_unit_test (polling_takes_exclusions),
    cmocka_unit_test (polling_notes_what_does_nothing_here),
    cmocka_unit_test (polling_gives_a_meter_to_the_shortest_interval_and_then_to_the_first),
    cmocka_unit_test (polling_takes_intervals_from_a_tenth_of_a_second_to_a_day),
    cmocka_unit_test (polling_polls_all_when_the_discovery_adds_all_to_its_resources),
    cmocka_unit_test (polling_is_refused_with_line_and_reason),
    cmocka_unit_test (polling_is_refused_when_it_has_too_many_sources_or_patterns),
    cmocka_unit_test (polling_survives_every_cut_of_a_file),
  };

  return cmocka_run_group_tests_name ("polling", tests, NULL, NULL);
}
