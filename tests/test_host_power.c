/* SPDX-License-Identifier: Apache-2.0 */
/* test_host_power: energy counters that begin again at a range of their own, from files below an injected root. */
#include "tests/reader_kit.h"

#include "tests/chance.h"

#define RANGE G_GUINT64_CONSTANT (262143328850)

static void
put (KitReader *reader, const char *zone, const char *file, const char *text)
{
  g_autofree char *path = g_strconcat ("sys/class/powercap/", zone, "/", file, NULL);

  kit_reader_write (reader, path, text);
}

static void
put_energy (KitReader *reader, const char *zone, guint64 energy)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT "\n", energy);

  put (reader, zone, "energy_uj", text);
}

static void
add_zone (KitReader *reader, const char *zone, const char *name, guint64 energy)
{
  put (reader, zone, "name", name);
  put (reader, zone, "max_energy_range_uj", "262143328850\n");
  put_energy (reader, zone, energy);
}

static guint64
sum_of (KitReader *reader, const char *device)
{
  const HmSample *sample;

  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  sample = hm_sink_find (reader->sink, "host.power.energy", device);
  assert_non_null (sample);
  return sample->value.u64;
}

static void
host_power_counts_from_its_first_reading_on (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);
  HmTime before = hm_clock_system ()->wall (hm_clock_system ());

  (void)state;
  kit_reader_check_meters (reader);
  add_zone (reader, "intel-rapl:0", "package-0\n", 5000);
  assert_true (sum_of (reader, "zone:package-0") == 0);
  assert_true (hm_sink_get (reader->sink, 0)->epoch_start >= before);
  assert_non_null (hm_sink_get (reader->sink, 0)->epoch);
  put_energy (reader, "intel-rapl:0", 5700);
  assert_true (sum_of (reader, "zone:package-0") == 700);
}

static void
host_power_goes_on_when_the_kernels_counter_begins_again (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);

  (void)state;
  add_zone (reader, "intel-rapl:0", "package-0\n", RANGE - 10);
  sum_of (reader, "zone:package-0");
  put_energy (reader, "intel-rapl:0", 5); /* RANGE − 10 … RANGE, 0 … 5 */
  assert_true (sum_of (reader, "zone:package-0") == 16);
}

/* Random steps below the range, against a counter that never begins again. */
static void
host_power_adds_up_exactly_over_a_random_history (void **state)
{
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);
  guint64 truth = 0, counter;

  (void)state;
  counter = chance_u64 (rand) % (RANGE + 1);
  add_zone (reader, "intel-rapl:0", "package-0\n", counter);
  sum_of (reader, "zone:package-0");
  for (guint i = 0; i < 200; i++)
    {
      guint64 step = chance_u64 (rand) % RANGE;

      truth += step;
      counter = (counter + step) % (RANGE + 1);
      put_energy (reader, "intel-rapl:0", counter);
      assert_true (sum_of (reader, "zone:package-0") == truth);
    }
}

static void
host_power_names_a_zone_by_the_one_that_it_lies_in (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);

  (void)state;
  put (reader, "intel-rapl", "enabled", "1\n"); /* a control type, not a zone */
  add_zone (reader, "intel-rapl:0", "package-0\n", 1);
  add_zone (reader, "intel-rapl:0:0", "dram\n", 2);
  add_zone (reader, "intel-rapl:1", "package-1\n", 3);
  add_zone (reader, "intel-rapl:1:0", "dram\n", 4);
  put_energy (reader, "intel-rapl:2", 5); /* without a name */
  add_zone (reader, "intel-rapl-mmio:0", "package-0\n", 6);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  for (guint i = 0; i < 6; i++)
    {
      static const char *const devices[]
          = { "zone:package-0",      "zone:package-0:dram", "zone:package-1",
              "zone:package-1:dram", "zone:intel-rapl:2",   "zone:intel-rapl-mmio:package-0" };

      kit_assert_sample (reader->sink, reader->plugin, "host.power.energy", devices[i], 0);
    }
  assert_int_equal (hm_sink_size (reader->sink), 6);
}

static void
host_power_has_nothing_to_say_when_there_is_no_powercap (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);
  GError *error = NULL;

  (void)state;
  assert_int_equal (kit_reader_poll (reader, &error), HM_NO_DATA);
  assert_null (error);
}

static void
host_power_tells_nothing_old_of_a_zone_that_cannot_be_read (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);

  (void)state;
  add_zone (reader, "intel-rapl:0", "package-0\n", 1);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  put (reader, "intel-rapl:0", "energy_uj", "-1\n");
  kit_reader_assert_refused (reader, HM_ERROR_DATA, "intel-rapl:0/energy_uj");
  assert_int_equal (hm_sink_size (reader->sink), 0);
}

static void
host_power_says_nothing_more_of_a_zone_that_is_gone (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_power", NULL, NULL);
  g_autofree char *folder = NULL;

  (void)state;
  add_zone (reader, "intel-rapl:0", "package-0\n", 1);
  add_zone (reader, "intel-rapl:1", "package-1\n", 1);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_int_equal (hm_sink_size (reader->sink), 2);
  folder = g_build_filename (reader->root, "sys/class/powercap/intel-rapl:1", NULL);
  kit_remove_tree (folder);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_int_equal (hm_sink_size (reader->sink), 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_power_counts_from_its_first_reading_on),
    cmocka_unit_test (host_power_goes_on_when_the_kernels_counter_begins_again),
    cmocka_unit_test (host_power_adds_up_exactly_over_a_random_history),
    cmocka_unit_test (host_power_names_a_zone_by_the_one_that_it_lies_in),
    cmocka_unit_test (host_power_has_nothing_to_say_when_there_is_no_powercap),
    cmocka_unit_test (host_power_says_nothing_more_of_a_zone_that_is_gone),
    cmocka_unit_test (host_power_tells_nothing_old_of_a_zone_that_cannot_be_read),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
