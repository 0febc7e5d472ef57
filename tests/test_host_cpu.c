/* SPDX-License-Identifier: Apache-2.0 */
/* test_host_cpu: the hypervisor's CPU time, from good, short, garbled and huge files below an injected root.
 */
#include "tests/pollster_kit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define GOOD                                                                                                 \
  "cpu  4705 356 584 3699176 23060 10 277 7 3 2\n"                                                           \
  "cpu0 2300 156 284 1699176 13060 5 177 4 2 1\n"                                                            \
  "cpu1 2405 200 300 2000000 10000 5 100 3 1 1\n"                                                            \
  "intr 1462898 0 9 0 0 4\nctxt 115315\nbtime 1732152000\nprocesses 43933\nsoftirq 1 2 3\n"

typedef struct
{
  char *root;
  const HmPlugin *plugin;
  HmPluginContext context;
  gpointer pollster;
  HmSink *sink;
} Fixture;

static int
set_up (void **state)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  g_autofree char *proc = NULL;
  g_autoptr (GError) error = NULL;

  fixture->root = kit_temp_folder ();
  proc = g_build_filename (fixture->root, "proc", NULL);
  assert_int_equal (g_mkdir (proc, 0700), 0);
  fixture->plugin = kit_plugin (HM_NS_POLL_HOST, "host_cpu");
  fixture->context = (HmPluginContext){ hm_clock_system (), fixture->root };
  fixture->pollster = fixture->plugin->reading_pollster->create (NULL, &fixture->context, &error);
  assert_non_null (fixture->pollster);
  fixture->sink = hm_sink_new (NULL);
  *state = fixture;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *fixture = *state;

  fixture->plugin->reading_pollster->free (fixture->pollster);
  hm_sink_free (fixture->sink);
  kit_remove_tree (fixture->root);
  g_free (fixture->root);
  g_free (fixture);
  return 0;
}

static HmResult
emit (Fixture *fixture, GError **error)
{
  return fixture->plugin->reading_pollster->emit (fixture->pollster, fixture->sink, error);
}

static void
write_stat (Fixture *fixture, const char *text)
{
  kit_write_file (fixture->root, "proc/stat", text);
}

static void
assert_refused (Fixture *fixture, HmError code, const char *part)
{
  GError *error = NULL;

  assert_int_equal (emit (fixture, &error), HM_RETRY);
  kit_assert_error (&error, code, part);
  assert_int_equal (hm_sink_size (fixture->sink), 0);
}

static void
host_cpu_emits_each_mode_in_nanoseconds_when_the_file_is_good (void **state)
{
  static const struct
  {
    const char *device;
    guint64 ticks;
  } modes[] = { { "mode:user", 4705 },    { "mode:nice", 356 },     { "mode:system", 584 },
                { "mode:idle", 3699176 }, { "mode:iowait", 23060 }, { "mode:irq", 10 },
                { "mode:softirq", 277 },  { "mode:steal", 7 },      { "mode:guest", 3 },
                { "mode:guest_nice", 2 } };
  Fixture *fixture = *state;
  guint64 tick = (guint64)HM_NSEC_PER_SEC / (guint64)sysconf (_SC_CLK_TCK);
  GError *error = NULL;

  write_stat (fixture, GOOD);
  assert_int_equal (emit (fixture, &error), HM_OK);
  assert_null (error);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    kit_assert_sample (fixture->sink, fixture->plugin, "host.cpu.time", modes[i].device,
                       modes[i].ticks * tick);
  kit_assert_sample (fixture->sink, fixture->plugin, "host.cpu.count", NULL, 2);
  assert_int_equal (hm_sink_size (fixture->sink), G_N_ELEMENTS (modes) + 1);
}

static void
host_cpu_has_sound_meters_when_it_is_loaded (void **state)
{
  Fixture *fixture = *state;

  for (const HmMeter *meter = fixture->plugin->meters; meter->name != NULL; meter++)
    assert_null (hm_meter_check (meter));
}

static void
host_cpu_ignores_further_columns_when_a_kernel_has_more (void **state)
{
  Fixture *fixture = *state;

  write_stat (fixture, "cpu  1 2 3 4 5 6 7 8 9 10 11 12\ncpu0 1 2 3 4 5 6 7 8 9 10 11 12\nintr 1\n");
  assert_int_equal (emit (fixture, NULL), HM_OK);
  assert_int_equal (hm_sink_size (fixture->sink), 11);
}

static void
host_cpu_equals_its_golden_file_when_the_file_is_good (void **state)
{
  Fixture *fixture = *state;

  write_stat (fixture, GOOD);
  assert_int_equal (emit (fixture, NULL), HM_OK);
  kit_check_golden_sink ("host_cpu", fixture->sink);
}

static void
host_cpu_says_which_file_when_it_is_not_there (void **state)
{
  assert_refused (*state, HM_ERROR_UNAVAILABLE, "/proc/stat");
}

static void
host_cpu_refuses_a_folder_when_it_lies_in_the_files_place (void **state)
{
  Fixture *fixture = *state;
  g_autofree char *path = g_build_filename (fixture->root, "proc", "stat", NULL);

  assert_int_equal (g_mkdir (path, 0700), 0);
  assert_refused (fixture, HM_ERROR_TEMPORARY, "/proc/stat");
}

/* A prefix may still be a file of the kernel's form (it has one CPU less, or lacks what is not read); what is
 * cut inside the lines that are read, or has nothing behind them, never is. */
static void
host_cpu_gives_all_or_nothing_when_the_file_is_cut_anywhere (void **state)
{
  Fixture *fixture = *state;
  const char *behind = strstr (GOOD, "\nctxt");
  gsize complete = (gsize)(behind - GOOD) + 1;

  for (gsize length = 0; length < complete; length++)
    {
      g_autofree char *part = g_strndup (GOOD, length);

      write_stat (fixture, part);
      assert_refused (fixture, HM_ERROR_DATA, "cut off");
    }
  {
    g_autofree char *part = g_strndup (GOOD, complete);

    write_stat (fixture, part);
    assert_int_equal (emit (fixture, NULL), HM_OK);
  }
}

static void
host_cpu_refuses_the_file_when_it_is_garbled (void **state)
{
  static const char *const texts[] = {
    "cpu  1 2 3 4 5 6 7 8 9\ncpu0 1\nintr 1\n",                       /* a column too few */
    "cpu  1 2 3 4 5 6 7 8 9 x\ncpu0 1\nintr 1\n",                     /* not a number */
    "cpu  1 2 3 4 5 6 7 8 9 -1\ncpu0 1\nintr 1\n",                    /* below zero */
    "cpu  1 2 3 4 5 6 7 8 9 1.5\ncpu0 1\nintr 1\n",                   /* a fraction */
    "cpu  1 2 3 4 5 6 7 8 9 10x\ncpu0 1\nintr 1\n",                   /* text behind a number */
    "cpu  18446744073709551616 2 3 4 5 6 7 8 9 10\ncpu0 1\nintr 1\n", /* beyond 64 bits */
    "cpu  18446744073709551615 2 3 4 5 6 7 8 9 10\ncpu0 1\nintr 1\n", /* beyond 64 bits once in ns */
    "cpu  1 2 3 4 5 6 7 8 9 10\nintr 1\n",                            /* no CPU at all */
    "cpu  1 2 3 4 5 6 7 8 9 10\ncpux 1\nintr 1\n",                    /* a CPU without a number */
    "cpu0 1 2 3 4 5 6 7 8 9 10\ncpu1 1\nintr 1\n",                    /* no total */
    "intr 1\ncpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\nintr 1\n",            /* the total in the wrong place */
    "\n",
    "a file of another kind altogether\n",
  };
  Fixture *fixture = *state;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      write_stat (fixture, texts[i]);
      assert_refused (fixture, HM_ERROR_DATA, "/proc/stat");
    }
}

static void
host_cpu_refuses_the_file_when_it_holds_a_nul (void **state)
{
  Fixture *fixture = *state;
  g_autofree char *path = g_build_filename (fixture->root, "proc", "stat", NULL);
  static const char bytes[] = GOOD "\0more\n";

  assert_true (g_file_set_contents (path, bytes, sizeof bytes - 1, NULL));
  assert_refused (fixture, HM_ERROR_DATA, "cut off");
}

static void
host_cpu_refuses_the_file_when_it_is_huge (void **state)
{
  Fixture *fixture = *state;
  g_autofree char *path = g_build_filename (fixture->root, "proc", "stat", NULL);

  write_stat (fixture, GOOD);
  assert_int_equal (truncate (path, G_GINT64_CONSTANT (1) << 33), 0);
  assert_refused (fixture, HM_ERROR_DATA, "larger than");
}

static void
host_cpu_reads_this_machine_when_the_root_is_empty (void **state)
{
  Fixture *fixture = *state;
  const HmReadingPollster *ops = fixture->plugin->reading_pollster;
  HmPluginContext context = { hm_clock_system (), "" };
  gpointer pollster = ops->create (NULL, &context, NULL);

  assert_int_equal (ops->emit (pollster, fixture->sink, NULL), HM_OK);
  ops->free (pollster);
  kit_assert_sample (fixture->sink, fixture->plugin, "host.cpu.count", NULL,
                     (guint64)sysconf (_SC_NPROCESSORS_ONLN));
}

int
main (void)
{
#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE (host_cpu_emits_each_mode_in_nanoseconds_when_the_file_is_good),
    CASE (host_cpu_has_sound_meters_when_it_is_loaded),
    CASE (host_cpu_ignores_further_columns_when_a_kernel_has_more),
    CASE (host_cpu_equals_its_golden_file_when_the_file_is_good),
    CASE (host_cpu_says_which_file_when_it_is_not_there),
    CASE (host_cpu_refuses_a_folder_when_it_lies_in_the_files_place),
    CASE (host_cpu_gives_all_or_nothing_when_the_file_is_cut_anywhere),
    CASE (host_cpu_refuses_the_file_when_it_is_garbled),
    CASE (host_cpu_refuses_the_file_when_it_holds_a_nul),
    CASE (host_cpu_refuses_the_file_when_it_is_huge),
    CASE (host_cpu_reads_this_machine_when_the_root_is_empty),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
