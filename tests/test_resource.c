/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/resource.c and snapshot.c. */
#include "tests/kit.h"

#include <string.h>

/* -- text of tenants -- */

static void
expect_clean (const char *text, gsize max, const char *expected, gboolean changed_expected)
{
  gboolean changed = !changed_expected;
  g_autofree char *clean = hm_text_clean (text, max, &changed);

  assert_string_equal (clean, expected);
  assert_int_equal (changed, changed_expected);
  assert_true (strlen (clean) <= max);
  assert_true (g_utf8_validate (clean, -1, NULL));
}

static void
text_clean_leaves_good_text_alone (void **state)
{
  (void)state;
  expect_clean ("", 10, "", FALSE);
  expect_clean ("web server №1 – 猫", 255, "web server №1 – 猫", FALSE);
  expect_clean ("exact", 5, "exact", FALSE);
}

static void
text_clean_replaces_what_is_not_text (void **state)
{
  (void)state;
  expect_clean ("a\nb\tc\x7f", 255, "a\uFFFDb\uFFFDc\uFFFD", TRUE);
  expect_clean ("\x1b[31mred", 255, "\uFFFD[31mred", TRUE);
  expect_clean ("\xc2\x85next", 255, "\uFFFDnext", TRUE);
  expect_clean ("\u202Edrowssap", 255, "\uFFFDdrowssap", TRUE);
  expect_clean ("line\u2028line", 255, "line\uFFFDline", TRUE);
  expect_clean ("\xff\xfe", 255, "\uFFFD\uFFFD", TRUE);
  expect_clean ("cut in the middle \xe7\x8c", 255, "cut in the middle \uFFFD\uFFFD", TRUE);
  expect_clean ("overlong \xc0\xaf", 255, "overlong \uFFFD\uFFFD", TRUE);
  expect_clean ("surrogate \xed\xa0\x80", 255, "surrogate \uFFFD\uFFFD\uFFFD", TRUE);
}

static void
text_words_are_without_space_around_them (void **state)
{
  g_autofree char *words = hm_text_words ("\xc2\xa0 node-3  was\tslow \xe3\x80\x80\n", HM_NAME_MAX);
  g_autofree char *letter = hm_text_words ("x", HM_NAME_MAX);

  (void)state;
  assert_string_equal (words, "node-3  was\xef\xbf\xbdslow");
  assert_string_equal (letter, "x");
}

static void
text_words_are_none_when_they_say_nothing (void **state)
{
  (void)state;
  assert_null (hm_text_words (NULL, HM_NAME_MAX));
  assert_null (hm_text_words ("", HM_NAME_MAX));
  assert_null (hm_text_words (" \xc2\xa0\t\n ", HM_NAME_MAX));
}

static void
text_clean_cuts_at_a_character_when_text_is_long (void **state)
{
  g_autofree char *huge = g_strnfill (10 * 1024, 'o');
  g_autofree char *clean = hm_text_clean (huge, HM_NAME_MAX, NULL);

  (void)state;
  assert_int_equal (strlen (clean), HM_NAME_MAX);
  expect_clean ("abc", 2, "ab", TRUE);
  expect_clean ("猫猫", 5, "猫", TRUE);
  expect_clean ("猫", 2, "", TRUE);
  expect_clean ("a\xff", 3, "a", TRUE);
  expect_clean ("x", 0, "", TRUE);
}

/* -- states -- */

static void
state_names_read_back (void **state)
{
  HmState parsed = HM_STATE_UNKNOWN;

  (void)state;
  for (guint i = HM_STATE_RUNNING; i <= HM_STATE_LOST; i++)
    {
      assert_true (hm_state_parse (hm_state_name ((HmState)i), &parsed));
      assert_int_equal (parsed, i);
    }
  assert_string_equal (hm_state_name (HM_STATE_SHUTTING_DOWN), "shutting-down");
  assert_null (hm_state_name (HM_STATE_UNKNOWN));
  assert_null (hm_state_name ((HmState)7));
  assert_false (hm_state_parse ("blocked", &parsed));
  assert_false (hm_state_parse (NULL, &parsed));
  assert_int_equal (parsed, HM_STATE_LOST);
}

/* -- resources -- */

static void
resource_description_is_sorted_and_replaced_by_key (void **state)
{
  g_autoptr (HmResource) resource = hm_resource_new ("id-1", "instance");

  (void)state;
  assert_null (hm_resource_description (resource, "image"));
  assert_true (hm_resource_describe (resource, "image", "debian"));
  assert_true (hm_resource_describe (resource, "created", "2026"));
  assert_true (hm_resource_describe (resource, "user_name", "ann"));
  assert_true (hm_resource_describe (resource, "image", "fedora\n"));
  assert_int_equal (resource->description->len, 3);
  assert_string_equal (((HmAttr *)resource->description->pdata[0])->key, "created");
  assert_string_equal (((HmAttr *)resource->description->pdata[1])->key, "image");
  assert_string_equal (((HmAttr *)resource->description->pdata[2])->key, "user_name");
  assert_string_equal (hm_resource_description (resource, "image"), "fedora\uFFFD");
  assert_null (hm_resource_description (resource, "imag"));
  assert_null (hm_resource_description (resource, "zone"));
}

static void
resource_leaves_a_pair_out_when_the_description_is_full (void **state)
{
  g_autoptr (HmResource) resource = hm_resource_new ("id-1", "instance");

  (void)state;
  for (guint i = 0; i < HM_ATTRS_MAX; i++)
    {
      g_autofree char *key = g_strdup_printf ("key-%u", i);

      assert_true (hm_resource_describe (resource, key, "x"));
    }
  assert_false (hm_resource_describe (resource, "one-more", "x"));
  assert_null (hm_resource_description (resource, "one-more"));
  assert_true (hm_resource_describe (resource, "key-7", "changed"));
  assert_int_equal (resource->description->len, HM_ATTRS_MAX);
}

static void
resource_copy_is_independent_of_its_origin (void **state)
{
  g_autoptr (HmResource) copy = NULL;
  HmResource *resource = hm_resource_new ("id-1", "instance");

  (void)state;
  assert_true (resource->epoch_start == HM_TIME_UNKNOWN);
  resource->project = g_strdup ("project-1");
  resource->epoch = g_strdup ("boot:1:0");
  resource->state = HM_STATE_PAUSED;
  resource->root_gib = 20;
  hm_resource_describe (resource, "image", "debian");
  copy = hm_resource_copy (hm_resource_ref (resource));
  hm_resource_describe (copy, "image", "fedora");
  hm_resource_describe (copy, "zone", "a");
  assert_string_equal (hm_resource_description (resource, "image"), "debian");
  assert_null (hm_resource_description (resource, "zone"));
  hm_resource_unref (resource);
  hm_resource_unref (resource);

  assert_string_equal (copy->id, "id-1");
  assert_string_equal (copy->kind, "instance");
  assert_string_equal (copy->project, "project-1");
  assert_null (copy->user);
  assert_string_equal (copy->epoch, "boot:1:0");
  assert_int_equal (copy->state, HM_STATE_PAUSED);
  assert_true (copy->root_gib == 20);
  assert_int_equal (copy->refs, 1);
}

static gpointer
ref_and_unref (gpointer data)
{
  for (guint i = 0; i < 10000; i++)
    hm_resource_unref (hm_resource_ref (data));
  return NULL;
}

static void
resource_is_counted_right_when_threads_share_it (void **state)
{
  g_autoptr (HmResource) resource = hm_resource_new ("id-1", "instance");
  GThread *threads[4];

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("ref", ref_and_unref, resource);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_int_equal (resource->refs, 1);
  hm_resource_unref (NULL);
}

/* -- snapshots -- */

static void
snapshot_domain_starts_with_everything_absent (void **state)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmResource) resource = hm_resource_new ("id-1", "instance");
  char name[] = "guest";
  HmDomain *domain = hm_snapshot_add (snapshot, resource, name);

  (void)state;
  name[0] = 'x';
  assert_string_equal (domain->name, "guest");
  assert_ptr_equal (domain->resource, resource);
  assert_int_equal (resource->refs, 2);
  assert_int_equal (domain->got, 0);
  assert_true (domain->wall_ns == HM_TIME_UNKNOWN);
  assert_false (domain->cpu_time.given);
  assert_false (domain->balloon_last_update.given);
  assert_int_equal (domain->n_disks, 0);
  assert_int_equal (hm_snapshot_cost (snapshot)->rpcs, 0);
}

static void
snapshot_keeps_every_pointer_valid_while_it_grows (void **state)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmResource) resource = hm_resource_new ("id-1", "instance");
  HmDomain *first = hm_snapshot_add (snapshot, resource, "first");
  const char *text = hm_snapshot_text (snapshot, "disk:vda");
  guint8 *large = hm_snapshot_alloc (snapshot, 100, 1024);

  (void)state;
  first->cpu_time = HM_GIVEN (7);
  for (guint i = 0; i < 100 * 1024; i++)
    assert_int_equal (large[i], 0);
  memset (large, 0xAA, 100 * 1024);
  for (guint i = 0; i < 1000; i++)
    {
      HmDisk *disks = hm_snapshot_alloc (snapshot, 3, sizeof (HmDisk));

      hm_snapshot_add (snapshot, resource, "other");
      assert_false (disks[2].physical.given);
      memset (disks, 0xFF, 3 * sizeof (HmDisk));
    }
  assert_int_equal (hm_snapshot_size (snapshot), 1001);
  assert_ptr_equal (hm_snapshot_get (snapshot, 0), first);
  assert_true (first->cpu_time.value == 7);
  assert_string_equal (first->name, "first");
  assert_string_equal (text, "disk:vda");
  assert_null (hm_snapshot_text (snapshot, NULL));
}

static void
snapshot_lets_go_of_resources_when_it_is_freed (void **state)
{
  HmSnapshot *snapshot = hm_snapshot_new ();
  g_autoptr (HmResource) resource = hm_resource_new ("id-1", "instance");

  (void)state;
  hm_snapshot_add (snapshot, resource, "a");
  hm_snapshot_add (snapshot, resource, "b");
  assert_int_equal (resource->refs, 3);
  hm_snapshot_free (snapshot);
  assert_int_equal (resource->refs, 1);
  hm_snapshot_free (NULL);
}

static void
kit_full_domain_gives_every_field_another_number (void **state)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  HmDomain *domain = kit_full_domain (snapshot);

  (void)state;
  assert_int_equal (domain->got, (1u << HM_FIELD_COUNT) - 1);
  assert_true (domain->balloon_available.value > domain->balloon_usable.value);
  assert_true (domain->balloon_usable.value > domain->balloon_unused.value);
  assert_true (domain->cpu_time.given && domain->minor_fault.given && domain->balloon_last_update.given);
  assert_true (domain->vcpus[1].delay.value != domain->disks[0].rd_reqs.value);
  assert_true (domain->nics[1].tx_drop.given);
  assert_true (domain->vcpu_current.value == domain->n_vcpus);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (text_clean_leaves_good_text_alone),
    cmocka_unit_test (text_clean_replaces_what_is_not_text),
    cmocka_unit_test (text_clean_cuts_at_a_character_when_text_is_long),
    cmocka_unit_test (text_words_are_without_space_around_them),
    cmocka_unit_test (text_words_are_none_when_they_say_nothing),
    cmocka_unit_test (state_names_read_back),
    cmocka_unit_test (resource_description_is_sorted_and_replaced_by_key),
    cmocka_unit_test (resource_leaves_a_pair_out_when_the_description_is_full),
    cmocka_unit_test (resource_copy_is_independent_of_its_origin),
    cmocka_unit_test (resource_is_counted_right_when_threads_share_it),
    cmocka_unit_test (snapshot_domain_starts_with_everything_absent),
    cmocka_unit_test (snapshot_keeps_every_pointer_valid_while_it_grows),
    cmocka_unit_test (snapshot_lets_go_of_resources_when_it_is_freed),
    cmocka_unit_test (kit_full_domain_gives_every_field_another_number),
  };

  return cmocka_run_group_tests_name ("resource", tests, NULL, NULL);
}
