/* SPDX-License-Identifier: Apache-2.0 */
/* test_host_network: the hypervisor's interfaces, from files below an injected root. */
#include "tests/reader_kit.h"

static const char *const files[] = { "rx_bytes", "rx_packets", "rx_errors", "rx_dropped",
                                     "tx_bytes", "tx_packets", "tx_errors", "tx_dropped" };
static const char *const names[]
    = { "host.network.incoming.bytes",         "host.network.incoming.packets",
        "host.network.incoming.packets.error", "host.network.incoming.packets.drop",
        "host.network.outgoing.bytes",         "host.network.outgoing.packets",
        "host.network.outgoing.packets.error", "host.network.outgoing.packets.drop" };

static void
put (KitReader *reader, const char *interface, const char *file, const char *text)
{
  g_autofree char *path = g_strconcat ("sys/class/net/", interface, "/", file, NULL);

  kit_reader_write (reader, path, text);
}

/* Its counters are 1001, 1002, … in the order of `files`. */
static void
add_interface (KitReader *reader, const char *interface, gboolean is_hardware)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *file = g_strconcat ("statistics/", files[i], NULL);
      g_autofree char *text = g_strdup_printf ("%u\n", 1001 + i);

      put (reader, interface, file, text);
    }
  put (reader, interface, "ifindex", "3\n");
  if (is_hardware)
    put (reader, interface, "device/vendor", "0x8086\n");
}

static void
host_network_gives_each_counter_when_an_interface_is_hardware (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_network", NULL, NULL);

  (void)state;
  kit_reader_check_meters (reader);
  add_interface (reader, "eth0", TRUE);
  add_interface (reader, "vnet7", FALSE);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    kit_assert_sample (reader->sink, reader->plugin, names[i], "nic:eth0", 1001 + i);
  assert_int_equal (hm_sink_size (reader->sink), G_N_ELEMENTS (names));
  assert_string_equal (hm_sink_get (reader->sink, 0)->epoch, "3");
  kit_check_golden_sink ("host_network", reader->sink);
}

static void
host_network_takes_what_the_patterns_say_when_there_are_some (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_network", "devices", "br?;bond*");

  (void)state;
  add_interface (reader, "eth0", TRUE);
  add_interface (reader, "br0", FALSE);
  add_interface (reader, "bond0", FALSE);
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_int_equal (hm_sink_size (reader->sink), 2 * G_N_ELEMENTS (names));
  assert_null (hm_sink_find (reader->sink, names[0], "nic:eth0"));
}

static void
host_network_gives_all_or_nothing_of_an_interface_that_goes (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_network", NULL, NULL);

  (void)state;
  add_interface (reader, "eth0", TRUE);
  put (reader, "eth1", "device/vendor", "0x8086\n");
  put (reader, "eth1", "statistics/rx_bytes", "5\n");
  assert_int_equal (kit_reader_poll (reader, NULL), HM_OK);
  assert_int_equal (hm_sink_size (reader->sink), G_N_ELEMENTS (names));
  assert_null (hm_sink_find (reader->sink, names[0], "nic:eth1"));
}

static void
host_network_refuses_a_number_that_is_none (void **state)
{
  static const char *const texts[] = { "x\n", "-1\n", "1.5\n", "18446744073709551616\n", "1 2\n", "1", "" };
  g_autoptr (KitReader) reader = kit_reader_new ("host_network", NULL, NULL);

  (void)state;
  add_interface (reader, "eth0", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      put (reader, "eth0", "statistics/tx_dropped", texts[i]);
      kit_reader_assert_refused (reader, HM_ERROR_DATA, "eth0/statistics/tx_dropped");
    }
}

static void
host_network_says_which_folder_when_it_is_not_there (void **state)
{
  g_autoptr (KitReader) reader = kit_reader_new ("host_network", NULL, NULL);

  (void)state;
  kit_reader_assert_refused (reader, HM_ERROR_UNAVAILABLE, "/sys/class/net");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_network_gives_each_counter_when_an_interface_is_hardware),
    cmocka_unit_test (host_network_takes_what_the_patterns_say_when_there_are_some),
    cmocka_unit_test (host_network_gives_all_or_nothing_of_an_interface_that_goes),
    cmocka_unit_test (host_network_refuses_a_number_that_is_none),
    cmocka_unit_test (host_network_says_which_folder_when_it_is_not_there),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
