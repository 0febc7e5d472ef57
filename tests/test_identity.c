/* SPDX-License-Identifier: Apache-2.0 */
/* test_identity: who an agent process says it is. */
#include "agent/identity.h"

#include <string.h>

#include "tests/fakes/fake_identity.h"

static void
uuid7_has_version_variant_and_time_when_it_is_made (void **state)
{
  g_autofree char *id = hm_uuid7_new (FAKE_START);

  (void)state;
  assert_int_equal (strlen (id), 36);
  assert_true (g_uuid_string_is_valid (id));
  assert_int_equal (id[14], '7');
  assert_non_null (strchr ("89ab", id[19]));
  /* 1795224420000 ms */
  assert_memory_equal (id, "01a1fbb6-bea0", 13);
}

static void
uuid7_sorts_by_time_and_is_new_when_it_is_made_again (void **state)
{
  g_autofree char *a = hm_uuid7_new (FAKE_START);
  g_autofree char *b = hm_uuid7_new (FAKE_START);
  g_autofree char *later = hm_uuid7_new (FAKE_START + HM_NSEC_PER_MSEC);

  (void)state;
  assert_string_not_equal (a, b);
  assert_true (strcmp (a, later) < 0);
  assert_true (strcmp (b, later) < 0);
}

static void
uri_is_local_only_when_it_names_no_other_host (void **state)
{
  (void)state;
  assert_true (hm_uri_is_local ("qemu:///system"));
  assert_true (hm_uri_is_local ("qemu:///system?socket=/run/x"));
  assert_true (hm_uri_is_local ("qemu+unix:///system"));
  assert_true (hm_uri_is_local ("lxc:///"));
  assert_false (hm_uri_is_local ("qemu+ssh://root@other/system"));
  assert_false (hm_uri_is_local ("qemu+tls://other.example.org/system"));
  assert_false (hm_uri_is_local ("test:///default"));
  assert_false (hm_uri_is_local ("not a uri"));
}

static void
write_boot_id (const char *folder, const char *text)
{
  g_autofree char *path = g_build_filename (folder, "proc/sys/kernel/random", NULL);

  assert_int_equal (g_mkdir_with_parents (path, 0700), 0);
  kit_write_file (path, "boot_id", text);
}

static void
identity_knows_the_boot_only_when_the_kernel_says_it_well (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree HmFakeClock *clock = hm_fake_clock_new (FAKE_START);
  HmIdentity identity;

  (void)state;
  hm_identity_fill (&identity, "node-1", "site-a", folder, FALSE, &clock->clock);
  assert_null (identity.boot_id);
  assert_int_equal (identity.cpus, 0);
  hm_identity_clear (&identity);
  write_boot_id (folder, "9b5de2eb-afdd-40e2-ad1a-851d71eddaf2\n");
  hm_identity_fill (&identity, "node-1", "site-a", folder, TRUE, &clock->clock);
  assert_string_equal (identity.boot_id, "9b5de2eb-afdd-40e2-ad1a-851d71eddaf2");
  assert_true (identity.cpus >= 1);
  assert_string_equal (identity.agent_id, "node-1");
  hm_identity_clear (&identity);
  write_boot_id (folder, "nonsense\n");
  hm_identity_fill (&identity, "node-1", "site-a", folder, TRUE, &clock->clock);
  assert_null (identity.boot_id);
  hm_identity_clear (&identity);
  kit_remove_tree (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (uuid7_has_version_variant_and_time_when_it_is_made),
    cmocka_unit_test (uuid7_sorts_by_time_and_is_new_when_it_is_made_again),
    cmocka_unit_test (uri_is_local_only_when_it_names_no_other_host),
    cmocka_unit_test (identity_knows_the_boot_only_when_the_kernel_says_it_well),
  };

  return cmocka_run_group_tests_name ("identity", tests, NULL, NULL);
}
