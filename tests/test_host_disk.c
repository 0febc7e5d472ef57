/* SPDX-License-Identifier: Apache-2.0 */
/* test_host_disk: the hypervisor's disks, from files below an injected root. */
#include "tests/reader_kit.h"

#define STAT                                                                                                 \
  "  985116    31946 27502015  1098134   976335   158873 369846508  3891167        0   261248  5077668   "   \
  "282710       70\n"

static void
add_disk (KitReader *reader, const char *name, const char *stat, gboolean is_hardware)
{
  g_autofree char *folder = g_strconcat ("sys/block/", name, NULL);
  g_autofree char *stat_path = g_strconcat (folder, "/stat", NULL);
  g_autofree char *device = g_strconcat (folder, "/device/model", NULL);

  kit_reader_write (reader, stat_path, stat);
  if (is_hardware)
    kit_reader_write (reader, device, "a disk\n");
}

static void
host_disk_gives_four_counters_when_a_disk_is_hardware (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", NULL, NULL);
  const HmSample *sample;

  (void)state;
  kit_reader_check_meters (reader);
  add_disk (reader, "sda", STAT, TRUE);
  add_disk (reader, "dm-0", STAT, FALSE);
  kit_reader_write (reader, "sys/block/sda/diskseq", "9\n");
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  kit_assert_sample (reader->sink, reader->plugin, "host.disk.device.read.bytes", "disk:sda",
                     G_GUINT64_CONSTANT (27502015) * 512);
  kit_assert_sample (reader->sink, reader->plugin, "host.disk.device.write.bytes", "disk:sda",
                     G_GUINT64_CONSTANT (369846508) * 512);
  kit_assert_sample (reader->sink, reader->plugin, "host.disk.device.read.requests", "disk:sda", 985116);
  kit_assert_sample (reader->sink, reader->plugin, "host.disk.device.write.requests", "disk:sda", 976335);
  assert_int_equal (hm_sink_size (reader->sink), 4);
  sample = hm_sink_get (reader->sink, 0);
  assert_string_equal (sample->epoch, "9");
  assert_true (sample->epoch_start == HM_TIME_UNKNOWN);
  kit_check_golden_sink ("host_disk", reader->sink);
}

static void
host_disk_has_the_hosts_life_when_the_kernel_numbers_no_disks (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", NULL, NULL);

  (void)state;
  add_disk (reader, "sda", STAT, TRUE);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_null (hm_sink_get (reader->sink, 0)->epoch);
}

static void
host_disk_takes_what_the_patterns_say_when_there_are_some (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", "devices", "dm-*");

  (void)state;
  add_disk (reader, "sda", STAT, TRUE);
  add_disk (reader, "dm-0", STAT, FALSE);
  add_disk (reader, "dm-1", STAT, FALSE);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_int_equal (hm_sink_size (reader->sink), 8);
  assert_null (hm_sink_find (reader->sink, "host.disk.device.read.bytes", "disk:sda"));
}

static void
host_disk_has_nothing_to_say_when_no_disk_is_hardware (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", NULL, NULL);

  (void)state;
  add_disk (reader, "loop0", STAT, FALSE);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_NO_DATA);
  assert_int_equal (hm_sink_size (reader->sink), 0);
}

static void
host_disk_leaves_a_disk_out_when_it_goes_while_it_is_read (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", NULL, NULL);

  (void)state;
  add_disk (reader, "sda", STAT, TRUE);
  kit_reader_write (reader, "sys/block/sdb/device/model", "gone\n");
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_int_equal (hm_sink_size (reader->sink), 4);
}

static void
host_disk_refuses_a_file_that_is_garbled (void **state)
{
  static const char *const texts[] = {
    "1 2 3 4 5 6 7\n",                      /* a column too few */
    "1 2 3 4 5 6 7 x\n",                    /* not a number */
    "1 2 -3 4 5 6 7 8\n",                   /* below zero */
    "1 2 36028797018963968 4 5 6 7 8\n",    /* beyond 64 bits once in bytes */
    "18446744073709551616 2 3 4 5 6 7 8\n", /* beyond 64 bits */
    "1 2 3 4 5 6 7 8",                      /* cut off */
    "\n",
  };
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", NULL, NULL);

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      add_disk (reader, "sda", texts[i], TRUE);
      kit_reader_assert_refused (reader, HM_ERROR_DATA, "/sys/block/sda/stat");
    }
}

static void
host_disk_says_which_folder_when_it_is_not_there (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_disk", NULL, NULL);

  (void)state;
  kit_reader_assert_refused (reader, HM_ERROR_UNAVAILABLE, "/sys/block");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_disk_gives_four_counters_when_a_disk_is_hardware),
    cmocka_unit_test (host_disk_has_the_hosts_life_when_the_kernel_numbers_no_disks),
    cmocka_unit_test (host_disk_takes_what_the_patterns_say_when_there_are_some),
    cmocka_unit_test (host_disk_has_nothing_to_say_when_no_disk_is_hardware),
    cmocka_unit_test (host_disk_leaves_a_disk_out_when_it_goes_while_it_is_read),
    cmocka_unit_test (host_disk_refuses_a_file_that_is_garbled),
    cmocka_unit_test (host_disk_says_which_folder_when_it_is_not_there),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
