/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/inventory.c. */
#include "tests/kit.h"

#include "agent/inventory/inventory.h"

#define ID "4f0c6a52-0001-4000-8000-000000000001"

#define NOVA(owner, name, vcpus)                                                                             \
  "<domain><metadata><n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.1'><n:name>" name        \
  "</n:name>"                                                                                                \
  "<n:flavor name='m1'><n:vcpus>" vcpus "</n:vcpus></n:flavor>"                                              \
  "<n:owner><n:user uuid='u'/><n:project uuid='" owner "'/></n:owner></n:instance></metadata><devices>"      \
  "<disk><target dev='vda'/><alias name='virtio-disk0'/></disk>"                                             \
  "<interface><mac address='52:54:00:00:00:01'/><target dev='vnet0'/><alias name='net0'/></interface>"       \
  "</devices></domain>"

static HmInstance *
instance (const char *id, const char *xml, HmState state, int domain_id)
{
  HmInstance *made = hm_instance_new (hm_metadata_read (id, "web", xml, NULL), "web", domain_id);

  made->resource->state = state;
  made->resource->epoch = domain_id >= 0 ? g_strdup ("boot:1:0") : NULL;
  return made;
}

static HmInstance *
usual (void)
{
  return instance (ID, NOVA ("p", "web", "1"), HM_STATE_RUNNING, 1);
}

static void
inventory_gives_what_was_put_last (void **state)
{
  g_autoptr (HmInventory) inventory = hm_inventory_new ();
  g_autoptr (HmInstance) first = usual ();
  g_autoptr (HmInstance) second = instance (ID, NOVA ("q", "web", "1"), HM_STATE_PAUSED, 1);
  g_autoptr (HmInstance) found = NULL;

  (void)state;
  assert_null (hm_inventory_get (inventory, ID));
  hm_inventory_put (inventory, first);
  hm_inventory_put (inventory, second);
  found = hm_inventory_get (inventory, ID);
  assert_ptr_equal (found, second);
  assert_string_equal (first->resource->project, "p"); /* whoever has the old one still has it */
  hm_inventory_remove (inventory, ID);
  assert_null (hm_inventory_get (inventory, ID));
}

static void
inventory_lists_by_id_and_counts (void **state)
{
  g_autoptr (HmInventory) inventory = hm_inventory_new ();
  g_autoptr (HmInstance) b = instance ("bbb", NOVA ("p", "b", "1"), HM_STATE_RUNNING, 2);
  g_autoptr (HmInstance) a = instance ("aaa", "<domain/>", HM_STATE_SHUTOFF, -1);
  g_autoptr (HmInstance) c = instance ("ccc", "<broken", HM_STATE_RUNNING, 3);
  g_autoptr (GPtrArray) list = NULL;
  HmInventoryStatus status;

  (void)state;
  hm_inventory_put (inventory, b);
  hm_inventory_put (inventory, a);
  hm_inventory_put (inventory, c);
  list = hm_inventory_list (inventory);
  assert_int_equal (list->len, 3);
  assert_ptr_equal (g_ptr_array_index (list, 0), a);
  assert_ptr_equal (g_ptr_array_index (list, 2), c);
  hm_inventory_status (inventory, &status);
  assert_int_equal (status.instances, 3);
  assert_int_equal (status.owners_unknown, 2);
  assert_int_equal (status.problems, 2);
}

static void
inventory_last_seen_is_of_the_state_it_is_in (void **state)
{
  g_autoptr (HmInventory) inventory = hm_inventory_new ();
  g_autoptr (HmInstance) running = usual ();
  g_autoptr (HmInstance) renamed = instance (ID, NOVA ("p", "new name", "1"), HM_STATE_RUNNING, 1);
  g_autoptr (HmInstance) paused = hm_instance_with_state (running, HM_STATE_PAUSED, 1);

  (void)state;
  hm_inventory_seen (inventory, ID, HM_STATE_RUNNING, 100);
  hm_inventory_put (inventory, running);
  assert_int_equal (hm_inventory_last_seen (inventory, ID), HM_TIME_UNKNOWN);
  hm_inventory_seen (inventory, ID, HM_STATE_RUNNING, 200);
  hm_inventory_seen (inventory, ID, HM_STATE_PAUSED, 300);
  assert_int_equal (hm_inventory_last_seen (inventory, ID), 200);
  hm_inventory_put (inventory, renamed);
  assert_int_equal (hm_inventory_last_seen (inventory, ID), 200);
  hm_inventory_put (inventory, paused);
  assert_int_equal (hm_inventory_last_seen (inventory, ID), HM_TIME_UNKNOWN);
}

static void
instance_with_state_has_no_epoch_when_it_is_stopped (void **state)
{
  g_autoptr (HmInstance) running = usual ();
  g_autoptr (HmInstance) paused = hm_instance_with_state (running, HM_STATE_PAUSED, 1);
  g_autoptr (HmInstance) stopped = hm_instance_with_state (running, HM_STATE_SHUTOFF, -1);

  (void)state;
  assert_string_equal (paused->resource->epoch, "boot:1:0");
  assert_int_equal (paused->resource->state, HM_STATE_PAUSED);
  assert_null (stopped->resource->epoch);
  assert_int_equal (stopped->resource->state, HM_STATE_SHUTOFF);
  assert_int_equal (running->resource->state, HM_STATE_RUNNING);
}

static void
instance_finds_devices_by_target_and_alias (void **state)
{
  g_autoptr (HmInstance) made = usual ();

  (void)state;
  assert_string_equal (hm_instance_find_device (made, HM_DEVICE_NIC, "vnet0")->device,
                       "nic:52:54:00:00:00:01");
  assert_null (hm_instance_find_device (made, HM_DEVICE_DISK, "vnet0"));
  assert_null (hm_instance_find_device (made, HM_DEVICE_NIC, "vnet1"));
  assert_string_equal (hm_instance_find_alias (made, "virtio-disk0")->device, "disk:vda");
  assert_null (hm_instance_find_alias (made, "virtio-disk1"));
}

static void
expect_change (const char *xml, HmState to, int domain_id, guint expected)
{
  g_autoptr (HmInstance) before = usual ();
  g_autoptr (HmInstance) after = instance (ID, xml, to, domain_id);

  assert_int_equal (hm_instance_compare (before, after), expected);
}

static void
instance_compare_tells_what_differs (void **state)
{
  (void)state;
  expect_change (NOVA ("p", "web", "1"), HM_STATE_RUNNING, 1, 0);
  expect_change (NOVA ("p", "other", "1"), HM_STATE_RUNNING, 1, HM_CHANGED_DESCRIPTION);
  expect_change (NOVA ("q", "web", "1"), HM_STATE_RUNNING, 1, HM_CHANGED_OWNER | HM_CHANGED_DESCRIPTION);
  expect_change (NOVA ("p", "web", "2"), HM_STATE_RUNNING, 1, HM_CHANGED_FLAVOR | HM_CHANGED_DESCRIPTION);
  expect_change (NOVA ("p", "web", "1"), HM_STATE_PAUSED, 1, HM_CHANGED_STATE);
  expect_change (NOVA ("p", "web", "1"), HM_STATE_SHUTOFF, -1, HM_CHANGED_STATE | HM_CHANGED_EPOCH);
}

/* -- threads */

typedef struct
{
  HmInventory *inventory;
  gint is_over;
} Shared;

static gpointer
read_for_ever (gpointer data)
{
  Shared *shared = data;

  while (!g_atomic_int_get (&shared->is_over))
    {
      g_autoptr (HmInstance) found = hm_inventory_get (shared->inventory, ID);
      g_autoptr (GPtrArray) list = hm_inventory_list (shared->inventory);

      hm_inventory_seen (shared->inventory, ID, HM_STATE_RUNNING, 1);
      g_assert_true (found == NULL || found->resource->project != NULL);
      g_assert_true (list->len <= 1);
    }
  return NULL;
}

static void
inventory_serves_readers_while_it_changes (void **state)
{
  g_autoptr (HmInventory) inventory = hm_inventory_new ();
  Shared shared = { .inventory = inventory };
  GThread *reader = g_thread_new ("reader", read_for_ever, &shared);

  (void)state;
  for (guint i = 0; i < 500; i++)
    {
      g_autoptr (HmInstance) made = usual ();

      hm_inventory_put (inventory, made);
      if (i % 3 == 0)
        hm_inventory_remove (inventory, ID);
    }
  g_atomic_int_set (&shared.is_over, TRUE);
  g_thread_join (reader);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (inventory_gives_what_was_put_last),
    cmocka_unit_test (inventory_lists_by_id_and_counts),
    cmocka_unit_test (inventory_last_seen_is_of_the_state_it_is_in),
    cmocka_unit_test (instance_with_state_has_no_epoch_when_it_is_stopped),
    cmocka_unit_test (instance_finds_devices_by_target_and_alias),
    cmocka_unit_test (instance_compare_tells_what_differs),
    cmocka_unit_test (inventory_serves_readers_while_it_changes),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
