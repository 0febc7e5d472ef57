/* SPDX-License-Identifier: Apache-2.0 */
/* test_host_memory: the hypervisor's memory, from good, short and garbled files below an injected root. */
#include "tests/reader_kit.h"

#define FILE_NAME "proc/meminfo"
#define GOOD                                                                                                 \
  "MemTotal:        8132452 kB\nMemFree:          204800 kB\nMemAvailable:    5123456 kB\nBuffers:   1 "     \
  "kB\nHugePages_Total:       0\n"

static void
host_memory_gives_three_gauges_when_the_file_is_good (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_memory", NULL, NULL);

  (void)state;
  kit_reader_check_meters (reader);
  kit_reader_write (reader, FILE_NAME, GOOD);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  kit_assert_sample (reader->sink, reader->plugin, "host.memory.total", NULL, 8132452);
  kit_assert_sample (reader->sink, reader->plugin, "host.memory.free", NULL, 204800);
  kit_assert_sample (reader->sink, reader->plugin, "host.memory.available", NULL, 5123456);
  assert_int_equal (hm_sink_size (reader->sink), 3);
  kit_check_golden_sink ("host_memory", reader->sink);
}

static void
host_memory_leaves_out_what_a_kernel_does_not_tell (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_memory", NULL, NULL);

  (void)state;
  kit_reader_write (reader, FILE_NAME, "XMemFree: 7 kB\nMemTotal: 18446744073709551615 kB\n");
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  kit_assert_sample (reader->sink, reader->plugin, "host.memory.total", NULL, G_MAXUINT64);
  assert_int_equal (hm_sink_size (reader->sink), 1);
  assert_true (hm_sink_is_absent (reader->sink, "host.memory.free", NULL));
  assert_true (hm_sink_is_absent (reader->sink, "host.memory.available", NULL));
}

static void
host_memory_refuses_the_file_when_it_is_garbled (void **state)
{
  static const char *const texts[] = {
    "MemTotal: 18446744073709551616 kB\n",
    "MemTotal: -1 kB\n",
    "MemTotal: 1.5 kB\n",
    "MemTotal: 1 MB\n",
    "MemTotal: 1 kBytes\n",
    "MemTotal: 1\n",
    "MemTotal: kB\n",
    "MemTotal:\n",
    "MemTotal: 1 kB",
    "",
  };
  g_autoptr (KitReader) reader = kit_reader_new ("host_memory", NULL, NULL);

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      kit_reader_write (reader, FILE_NAME, texts[i]);
      kit_reader_assert_refused (reader, HM_ERROR_DATA, "/proc/meminfo");
      assert_int_equal (hm_sink_size (reader->sink), 0);
    }
}

static void
host_memory_says_which_file_when_it_is_not_there (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_memory", NULL, NULL);

  (void)state;
  kit_reader_assert_refused (reader, HM_ERROR_UNAVAILABLE, "/proc/meminfo");
}

static void
host_memory_reads_this_machine_when_the_root_is_empty (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_memory", NULL, NULL);
  HmPluginContext context = { .clock = hm_clock_system (), .root = "" };
  const HmReadingPollster *ops = reader->plugin->reading_pollster;
  gpointer here = ops->create (NULL, &context, NULL);

  (void)state;
  assert_int_equal (ops->emit (here, reader->sink, NULL), HM_OK);
  assert_true (hm_sink_find (reader->sink, "host.memory.total", NULL)->value.u64 > 0);
  ops->free (here);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_memory_gives_three_gauges_when_the_file_is_good),
    cmocka_unit_test (host_memory_leaves_out_what_a_kernel_does_not_tell),
    cmocka_unit_test (host_memory_refuses_the_file_when_it_is_garbled),
    cmocka_unit_test (host_memory_says_which_file_when_it_is_not_there),
    cmocka_unit_test (host_memory_reads_this_machine_when_the_root_is_empty),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
