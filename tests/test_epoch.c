/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/epoch.c below a made-up root. */
#include "tests/kit.h"

#include <string.h>
#include <unistd.h>

#include "agent/inventory/epoch.h"

#define UUID  "4f0c6a52-0001-4000-8000-000000000001"
#define OTHER "4f0c6a52-0001-4000-8000-000000000002"
#define BOOT  "0d1fc0de-0000-4000-8000-00000000b007"

static void
write_below (const char *root, const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (root, folder, NULL);

  assert_int_equal (g_mkdir_with_parents (path, 0755), 0);
  kit_write_file (path, name, text);
}

/* A process whose name is as nasty as the kernel allows. */
static void
add_process (const char *root, guint pid, const char *uuid, guint64 ticks)
{
  g_autofree char *folder = g_strdup_printf ("proc/%u", pid);
  g_autofree char *path = g_build_filename (root, folder, "cmdline", NULL);
  g_autofree char *stat = g_strdup_printf (
      "%u (CPU 0) R 1 (x) S 1 2 3 0 -1 4194560 6 7 8 9 10 11 12 13 20 0 3 0 %" G_GUINT64_FORMAT
      " 1000 200 18446744073709551615 1 1 0\n",
      pid, ticks);
  g_autoptr (GString) arguments = g_string_new ("/usr/bin/qemu-system-x86_64");

  g_string_append_len (arguments, "\0-name\0guest=web\0-uuid\0", 23);
  g_string_append_len (arguments, uuid, (gssize)strlen (uuid) + 1);
  g_string_append_len (arguments, "-display\0none", 14);
  write_below (root, folder, "stat", stat);
  assert_true (g_file_set_contents (path, arguments->str, (gssize)arguments->len, NULL));
}

static void
find (const char *root, HmProcess *ret_process)
{
  g_autoptr (HmProcessFinder) finder = hm_process_finder_new (root);

  assert_true (hm_process_find (finder, UUID, "web", ret_process));
}

static void
process_find_reads_start_ticks_behind_any_name (void **state)
{
  g_autofree char *root = kit_temp_folder ();
  HmProcess process;

  (void)state;
  add_process (root, 4242, UUID, 5482231);
  write_below (root, "run/libvirt/qemu", "web.pid", "4242\n");
  find (root, &process);
  assert_int_equal (process.pid, 4242);
  assert_int_equal (process.start_ticks, 5482231);
  assert_false (process.in_cgroup);
  kit_remove_tree (root);
}

/* The pid file's number is of another namespace, stale, or not even a number. */
static void
process_find_scans_when_the_pid_file_is_wrong (void **state)
{
  static const char *const texts[] = { "4243", "99999", "-1", "no number", "" };
  g_autofree char *root = kit_temp_folder ();
  HmProcess process;

  (void)state;
  add_process (root, 4242, UUID, 77);
  add_process (root, 4243, OTHER, 88);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      write_below (root, "run/libvirt/qemu", "web.pid", texts[i]);
      find (root, &process);
      assert_int_equal (process.pid, 4242);
      assert_int_equal (process.start_ticks, 77);
    }
  kit_remove_tree (root);
}

static void
process_find_believes_no_old_scan (void **state)
{
  g_autofree char *root = kit_temp_folder ();
  g_autoptr (HmProcessFinder) finder = hm_process_finder_new (root);
  HmProcess process;

  (void)state;
  add_process (root, 10, UUID, 1000);
  assert_true (hm_process_find (finder, UUID, "web", &process));
  add_process (root, 10, OTHER, 2000); /* the pid was given away again … */
  add_process (root, 11, UUID, 3000);  /* … and the guest started anew */
  assert_true (hm_process_find (finder, UUID, "web", &process));
  assert_int_equal (process.pid, 11);
  assert_int_equal (process.start_ticks, 3000);
  kit_remove_tree (root);
}

static void
process_find_finds_nothing_when_there_is_no_process (void **state)
{
  g_autofree char *root = kit_temp_folder ();
  g_autoptr (HmProcessFinder) finder = hm_process_finder_new (root);
  HmProcess process = { .pid = 123 };

  (void)state;
  assert_false (hm_process_find (finder, UUID, "web", &process));
  add_process (root, 10, OTHER, 1000);
  write_below (root, "proc/11", "cmdline", "");
  assert_false (hm_process_find (finder, UUID, "../../proc/10/stat", &process));
  assert_int_equal (process.pid, 123);
  kit_remove_tree (root);
}

static void
expect_cgroup (const char *lines, gboolean expected)
{
  g_autofree char *root = kit_temp_folder ();
  HmProcess process;

  add_process (root, 10, UUID, 1000);
  write_below (root, "proc/10", "cgroup", lines);
  find (root, &process);
  assert_int_equal (process.in_cgroup, expected);
  kit_remove_tree (root);
}

static void
process_find_knows_a_cgroup_of_its_own (void **state)
{
  (void)state;
  expect_cgroup ("0::/\n", FALSE);
  expect_cgroup ("0::/system.slice/libvirtd.service\n", FALSE);
  expect_cgroup ("0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n", TRUE);
  expect_cgroup ("0::/machine/qemu-1-web.libvirt-qemu/emulator\n", TRUE);
  expect_cgroup ("5:memory:/machine.slice/machine-qemu\\x2d1\\x2dweb.scope\n3:cpu,cpuacct:/\n", FALSE);
  expect_cgroup ("5:memory:/\n3:cpu,cpuacct:/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/emulator\n",
                 TRUE);
  expect_cgroup ("nonsense\n", FALSE);
}

static void
epoch_text_names_boot_ticks_and_generation (void **state)
{
  HmProcess process = { .start_ticks = 5482231 };
  g_autofree char *life = hm_life_of_process (BOOT, &process);
  g_autofree char *epoch = hm_epoch_text (life, 0);
  g_autofree char *by_id = hm_life_of_domain_id (BOOT, 3);
  g_autofree char *epoch_by_id = hm_epoch_text (by_id, 2);

  (void)state;
  assert_string_equal (epoch, BOOT ":5482231:0");
  assert_string_equal (epoch_by_id, BOOT ":d3:2");
}

static void
process_start_is_boot_plus_ticks (void **state)
{
  HmFakeClock *fake = hm_fake_clock_new (1700000000 * HM_NSEC_PER_SEC);
  guint64 hz = (guint64)sysconf (_SC_CLK_TCK);
  HmProcess process = { .start_ticks = 500 * hz + hz / 4 };

  (void)state;
  fake->boot_ns = 1000 * HM_NSEC_PER_SEC;
  assert_int_equal (hm_process_start (&process, &fake->clock),
                    (1700000000 - 1000 + 500) * HM_NSEC_PER_SEC + HM_NSEC_PER_SEC / 4);
  g_free (fake);
}

static void
boot_id_is_refused_when_it_is_none (void **state)
{
  g_autofree char *root = kit_temp_folder ();
  g_autofree char *boot = NULL;
  GError *error = NULL;

  (void)state;
  assert_null (hm_boot_id (root, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "boot id");
  write_below (root, "proc/sys/kernel/random", "boot_id", "no uuid\n");
  assert_null (hm_boot_id (root, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "boot id");
  write_below (root, "proc/sys/kernel/random", "boot_id", BOOT "\n");
  boot = hm_boot_id (root, &error);
  assert_string_equal (boot, BOOT);
  kit_remove_tree (root);
}

static void
expect_tap (const char *root, const char *tap, const char *mac, const char *expected)
{
  g_autofree char *epoch = hm_tap_epoch (root, tap, mac);

  if (expected == NULL)
    assert_null (epoch);
  else
    {
      assert_non_null (epoch);
      assert_string_equal (epoch, expected);
    }
}

/* A tap of that name in this network namespace may be another guest's. */
static void
tap_epoch_is_the_ifindex_when_the_address_fits (void **state)
{
  g_autofree char *root = kit_temp_folder ();

  (void)state;
  write_below (root, "sys/class/net/vnet0", "address", "fe:54:00:10:00:01\n");
  write_below (root, "sys/class/net/vnet0", "ifindex", "17\n");
  expect_tap (root, "vnet0", "52:54:00:10:00:01", "17");
  expect_tap (root, "vnet0", "FE:54:00:10:00:01", "17");
  expect_tap (root, "vnet0", "52:54:00:10:00:02", NULL);
  expect_tap (root, "vnet1", "52:54:00:10:00:01", NULL);
  expect_tap (root, "../net/vnet0", "52:54:00:10:00:01", NULL);
  write_below (root, "sys/class/net/vnet0", "ifindex", "seventeen\n");
  expect_tap (root, "vnet0", "52:54:00:10:00:01", NULL);
  kit_remove_tree (root);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (process_find_reads_start_ticks_behind_any_name),
    cmocka_unit_test (process_find_scans_when_the_pid_file_is_wrong),
    cmocka_unit_test (process_find_believes_no_old_scan),
    cmocka_unit_test (process_find_finds_nothing_when_there_is_no_process),
    cmocka_unit_test (process_find_knows_a_cgroup_of_its_own),
    cmocka_unit_test (epoch_text_names_boot_ticks_and_generation),
    cmocka_unit_test (process_start_is_boot_plus_ticks),
    cmocka_unit_test (boot_id_is_refused_when_it_is_none),
    cmocka_unit_test (tap_epoch_is_the_ifindex_when_the_address_fits),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
