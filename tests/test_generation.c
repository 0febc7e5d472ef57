/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/generation.c. */
#include "tests/kit.h"

#include <glib/gstdio.h>

#include "agent/inventory/generation.h"

#define ID    "4f0c6a52-0001-4000-8000-000000000001"
#define LIFE  "boot:5482231"
#define EPOCH LIFE ":0"

static HmGenerations *
new_generations (const char *folder)
{
  GError *error = NULL;
  HmGenerations *generations = hm_generations_new (folder, &error);

  assert_null (error);
  return generations;
}

/* Whether this read of a domain with these counters is said to have fallen. */
static gboolean
fell (HmGenerations *generations, const char *epoch, HmMaybe cpu, HmMaybe disk, HmMaybe nic)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmResource) resource = hm_resource_new (ID, "instance");
  HmDisk disks[1] = { { .device = "disk:vda", .rd_bytes = disk } };
  HmNic nics[1] = { { .device = "nic:52:54:00:10:00:01", .rx_bytes = nic } };
  HmDomain *domain;

  resource->epoch = g_strdup (epoch);
  domain = hm_snapshot_add (snapshot, resource, "web");
  domain->cpu_time = cpu;
  domain->disks = disks;
  domain->n_disks = 1;
  domain->nics = nics;
  domain->n_nics = 1;
  return hm_generations_fell (generations, domain);
}

#define GIVEN(v) HM_GIVEN (v)
#define NONE     HM_ABSENT

static void
generations_fell_when_all_counters_are_lower (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  assert_false (fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000)));
  assert_false (fell (generations, EPOCH, GIVEN (1001), GIVEN (2000), GIVEN (3000)));
  assert_true (fell (generations, EPOCH, GIVEN (10), GIVEN (20), GIVEN (30)));
  assert_true (hm_generations_raise (generations, ID, EPOCH, NULL));
  assert_false (fell (generations, LIFE ":1", GIVEN (11), GIVEN (20), GIVEN (30)));
}

/* The disk was full: the next read must try once more. */
static void
generations_fell_again_when_the_raise_could_not_be_kept (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autoptr (HmGenerations) generations = new_generations (folder);

  (void)state;
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  kit_remove_tree (folder);
  assert_true (fell (generations, EPOCH, GIVEN (10), GIVEN (20), GIVEN (30)));
  assert_false (hm_generations_raise (generations, ID, EPOCH, NULL));
  assert_true (fell (generations, EPOCH, GIVEN (11), GIVEN (21), GIVEN (31)));
}

static void
generations_stand_when_one_counter_did_not_fall (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  assert_false (fell (generations, EPOCH, GIVEN (10), GIVEN (2000), GIVEN (30)));
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  assert_false (fell (generations, EPOCH, GIVEN (1000), GIVEN (20), GIVEN (30)));
}

/* Devices that were plugged in anew, or a single regress, are not the process's. */
static void
generations_stand_when_there_is_too_little_to_go_by (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  assert_false (fell (generations, EPOCH, NONE, GIVEN (20), GIVEN (30)));
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  assert_false (fell (generations, EPOCH, GIVEN (10), NONE, NONE));
  fell (generations, EPOCH, GIVEN (1000), GIVEN (0), GIVEN (0));
  assert_false (fell (generations, EPOCH, GIVEN (10), GIVEN (0), GIVEN (0)));
}

static void
generations_stand_when_the_life_is_another (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  assert_false (fell (generations, "boot:6000000:0", GIVEN (10), GIVEN (20), GIVEN (30)));
  assert_false (fell (generations, NULL, GIVEN (1), GIVEN (2), GIVEN (3)));
}

static void
generations_compare_with_the_last_value_of_another_pace (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  fell (generations, EPOCH, GIVEN (1000), GIVEN (2000), GIVEN (3000));
  fell (generations, EPOCH, GIVEN (1500), NONE, GIVEN (3500));
  assert_true (fell (generations, EPOCH, GIVEN (10), GIVEN (20), NONE));
}

static void
generations_raise_lasts_when_the_process_is_another (void **state)
{
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    assert_int_equal (hm_generations_get (generations, ID, LIFE), 0);
    assert_true (hm_generations_raise (generations, ID, EPOCH, NULL));
    assert_true (hm_generations_raise (generations, ID, LIFE ":1", NULL));
    assert_true (hm_generations_raise (generations, "other", EPOCH, NULL));
    assert_int_equal (hm_generations_get (generations, ID, LIFE), 2);
  }
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    assert_int_equal (hm_generations_get (generations, ID, LIFE), 2);
    assert_int_equal (hm_generations_get (generations, "other", LIFE), 1);
    assert_int_equal (hm_generations_get (generations, ID, "boot:6000000"), 0);
    assert_true (hm_generations_forget (generations, ID, NULL));
    assert_int_equal (hm_generations_get (generations, ID, LIFE), 0);
  }
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    assert_int_equal (hm_generations_get (generations, ID, LIFE), 0);
    assert_int_equal (hm_generations_get (generations, "other", LIFE), 1);
  }
  kit_remove_tree (folder);
}

static void
generations_raise_is_undone_when_it_cannot_be_kept (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autoptr (HmGenerations) generations = new_generations (folder);
  GError *error = NULL;

  (void)state;
  assert_true (hm_generations_raise (generations, ID, EPOCH, NULL));
  kit_remove_tree (folder);
  assert_false (hm_generations_raise (generations, ID, LIFE ":1", &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "generations");
  assert_false (hm_generations_raise (generations, "other", EPOCH, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "generations");
  assert_int_equal (hm_generations_get (generations, ID, LIFE), 1);
  assert_int_equal (hm_generations_get (generations, "other", LIFE), 0);
}

static void
generations_forget_is_undone_when_it_cannot_be_kept (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autoptr (HmGenerations) generations = new_generations (folder);
  GError *error = NULL;

  (void)state;
  assert_true (hm_generations_raise (generations, ID, EPOCH, NULL));
  kit_remove_tree (folder);
  assert_true (hm_generations_forget (generations, "other", NULL));
  assert_false (hm_generations_forget (generations, ID, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "generations");
  assert_int_equal (hm_generations_get (generations, ID, LIFE), 1);
}

/* What is found again may have counted anew elsewhere. */
static void
generations_compare_with_nothing_when_the_resource_was_dropped (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  assert_true (hm_generations_raise (generations, ID, EPOCH, NULL));
  assert_false (fell (generations, LIFE ":1", GIVEN (1000), GIVEN (2000), GIVEN (3000)));
  hm_generations_drop (generations, "other");
  assert_true (fell (generations, LIFE ":1", GIVEN (10), GIVEN (20), GIVEN (30)));
  hm_generations_drop (generations, ID);
  assert_false (fell (generations, LIFE ":1", GIVEN (10), GIVEN (20), GIVEN (30)));
  assert_int_equal (hm_generations_get (generations, ID, LIFE), 1);
}

static void
generations_set_the_file_aside_when_it_is_damaged (void **state)
{
  static const char *const damages[] = { "only-two parts", "id life minus", "id life -1", "id life 0" };
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *aside = g_build_filename (folder, "generations.damaged", NULL);

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *text = g_strdup_printf ("%s\n" ID " " LIFE " 3\n", damages[i]);
      g_autofree char *kept = NULL;

      kit_write_file (folder, "generations", text);
      for (guint process = 0; process < 2; process++)
        {
          g_autoptr (HmGenerations) generations = new_generations (folder);

          assert_int_equal (hm_generations_get (generations, ID, LIFE), 3);
        }
      assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
      assert_string_equal (kept, text);
    }
  kit_remove_tree (folder);
}

static void
generations_new_fails_when_the_file_cannot_be_read (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "generations", NULL);
  GError *error = NULL;

  (void)state;
  assert_int_equal (g_mkdir (path, 0700), 0);
  assert_null (hm_generations_new (folder, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "cannot read");
  kit_remove_tree (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (generations_fell_when_all_counters_are_lower),
    cmocka_unit_test (generations_fell_again_when_the_raise_could_not_be_kept),
    cmocka_unit_test (generations_stand_when_one_counter_did_not_fall),
    cmocka_unit_test (generations_stand_when_there_is_too_little_to_go_by),
    cmocka_unit_test (generations_stand_when_the_life_is_another),
    cmocka_unit_test (generations_compare_with_the_last_value_of_another_pace),
    cmocka_unit_test (generations_raise_lasts_when_the_process_is_another),
    cmocka_unit_test (generations_raise_is_undone_when_it_cannot_be_kept),
    cmocka_unit_test (generations_forget_is_undone_when_it_cannot_be_kept),
    cmocka_unit_test (generations_compare_with_nothing_when_the_resource_was_dropped),
    cmocka_unit_test (generations_set_the_file_aside_when_it_is_damaged),
    cmocka_unit_test (generations_new_fails_when_the_file_cannot_be_read),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
