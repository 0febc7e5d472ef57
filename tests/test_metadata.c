/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/metadata.c and metadata_fill.c, on recorded and on hostile domain descriptions. */
#include "tests/kit.h"

#include <string.h>

#include "agent/inventory/metadata.h"

#define UUID "4f0c6a52-0001-4000-8000-000000000001"

static char *
fixture (const char *name)
{
  const char *source = g_getenv ("HYPERMETER_SRCDIR");
  g_autofree char *path
      = g_build_filename (source != NULL ? source : ".", "tests/fixtures/domains", name, NULL);
  char *text = NULL;

  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static HmMetadata *
read_fixture (const char *name)
{
  g_autofree char *xml = fixture (name);

  return hm_metadata_read (UUID, "the-name", xml, NULL);
}

static void
assert_described (const HmMetadata *metadata, const char *key, const char *value)
{
  const char *text = hm_resource_description (metadata->resource, key);

  if (value == NULL)
    assert_null (text);
  else
    {
      assert_non_null (text);
      assert_string_equal (text, value);
    }
}

static const HmDevice *
device (const HmMetadata *metadata, guint i)
{
  assert_true (i < metadata->devices->len);
  return g_ptr_array_index (metadata->devices, i);
}

static void
metadata_reads_all_of_nova_1_1 (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("nova-1.1.xml");
  const HmResource *resource = metadata->resource;

  (void)state;
  assert_null (metadata->problem);
  assert_false (metadata->owner_unknown);
  assert_string_equal (resource->id, UUID);
  assert_string_equal (resource->kind, "instance");
  assert_string_equal (resource->project, "9b1c0000000000000000000000c0ffee");
  assert_string_equal (resource->user, "77aa000000000000000000000000beef");
  assert_string_equal (resource->flavor, "m1.small");
  assert_true (resource->has_root_gib && resource->has_ephemeral_gib);
  assert_int_equal (resource->root_gib, 20);
  assert_int_equal (resource->ephemeral_gib, 5);
  assert_int_equal (resource->state, HM_STATE_UNKNOWN);
  assert_null (resource->epoch);
}

static void
metadata_describes_all_of_nova_1_1 (void **state)
{
  static const char *const pairs[][2] = {
    { "display_name", "shop & co: wéb <1>" },
    { "instance_name", "the-name" },
    { "nova_version", "32.0.0" },
    { "os_type", "hvm" },
    { "architecture", "x86_64" },
    { "machine", "pc-q35-9.2" },
    { "image.properties.hw_machine_type", "q35" },
    { "project_name", "shop" },
    { "user_name", "ada" },
    { "flavor.id", "b2a2c6f2-5d0e-4f4e-9f5b-6a1a5c5c0001" },
    { "flavor.name", "m1.small" },
    { "flavor.vcpus", "2" },
    { "flavor.memory_mb", "2048" },
    { "flavor.disk_gb", "20" },
    { "flavor.swap_mb", "512" },
    { "flavor.ephemeral_gb", "5" },
    { "flavor.extra_specs.hw:cpu_policy", "dedicated" },
    { "flavor.extra_specs.trait:COMPUTE_STATUS", "required" },
    { "image", "155d900f-4e14-4e4c-a73d-069cbf4541e6" },
    { "created", "2026-11-20T08:30:15Z" },
    { "port.0a1b2c3d-0000-4000-8000-00000000aaaa.address", "10.0.0.5" },
    { "port.0a1b2c3d-0000-4000-8000-00000000aaaa.address.2", "fd00::5" },
    { "port.0a1b2c3d-0000-4000-8000-00000000bbbb.address", "192.168.7.9" },
  };
  g_autoptr (HmMetadata) metadata = read_fixture ("nova-1.1.xml");

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    assert_described (metadata, pairs[i][0], pairs[i][1]);
  assert_int_equal (metadata->resource->description->len, G_N_ELEMENTS (pairs));
}

static void
metadata_reads_devices_with_their_names (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("nova-1.1.xml");

  (void)state;
  assert_int_equal (metadata->devices->len, 4);
  assert_string_equal (device (metadata, 0)->device, "disk:vda");
  assert_string_equal (device (metadata, 0)->alias, "virtio-disk0");
  assert_string_equal (device (metadata, 1)->device, "disk:sda");
  assert_string_equal (device (metadata, 2)->device, "nic:fa:16:3e:00:00:01");
  assert_string_equal (device (metadata, 2)->target, "tap0a1b2c3d-00");
  assert_string_equal (device (metadata, 3)->alias, "net1");
  assert_int_equal (device (metadata, 3)->kind, HM_DEVICE_NIC);
  assert_null (device (metadata, 3)->epoch);
}

static void
metadata_reads_nova_1_0 (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("nova-1.0.xml");

  (void)state;
  assert_null (metadata->problem);
  assert_string_equal (metadata->resource->project, "p-old");
  assert_string_equal (metadata->resource->user, "u-old");
  assert_string_equal (metadata->resource->flavor, "m1.tiny");
  assert_described (metadata, "flavor.id", NULL);
  assert_described (metadata, "image", "5f3a0000-0000-4000-8000-000000000000");
  assert_described (metadata, "created", "2015-05-01T00:00:00Z");
  assert_int_equal (metadata->resource->root_gib, 1);
}

static void
assert_unknown_owner (const HmMetadata *metadata, const char *problem)
{
  assert_true (metadata->owner_unknown);
  assert_string_equal (metadata->resource->project, HM_OWNER_UNKNOWN);
  assert_string_equal (metadata->resource->user, HM_OWNER_UNKNOWN);
  assert_non_null (metadata->problem);
  assert_non_null (strstr (metadata->problem, problem));
  assert_described (metadata, "instance_name", "the-name");
}

static void
metadata_gives_unknown_owner_when_none_is_named (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("no-owner.xml");

  (void)state;
  assert_unknown_owner (metadata, "names no owner");
  assert_int_equal (metadata->devices->len, 1);
}

static void
metadata_gives_default_owner_when_none_is_named (void **state)
{
  g_autofree char *xml = fixture ("no-owner.xml");
  g_autoptr (HmOwnerMap) lab = hm_owner_map_new ("the-lab", NULL);
  g_autoptr (HmMetadata) metadata = hm_metadata_read (UUID, "the-name", xml, lab);

  (void)state;
  assert_null (metadata->problem);
  assert_false (metadata->owner_unknown);
  assert_string_equal (metadata->resource->project, "the-lab");
  assert_string_equal (metadata->resource->user, HM_OWNER_UNKNOWN);
}

static void
metadata_ignores_other_namespaces (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("other-namespaces.xml");

  (void)state;
  assert_unknown_owner (metadata, "names no owner");
}

static void
metadata_expands_nothing_when_entities_are_declared (void **state)
{
  g_autoptr (HmMetadata) bomb = read_fixture ("entity-bomb.xml");
  g_autoptr (HmMetadata) external = read_fixture ("external-entity.xml");

  (void)state;
  assert_unknown_owner (bomb, "document type");
  assert_unknown_owner (external, "document type");
  assert_described (external, "display_name", NULL);
}

static void
metadata_gives_unknown_owner_when_xml_is_broken (void **state)
{
  g_autoptr (HmMetadata) broken = read_fixture ("broken.xml");
  g_autoptr (HmMetadata) empty = hm_metadata_read (UUID, "the-name", "", NULL);
  g_autoptr (HmMetadata) noise = hm_metadata_read (UUID, "the-name", "\xff\xfe<\x01>", NULL);

  (void)state;
  assert_unknown_owner (broken, "not well-formed");
  assert_unknown_owner (empty, "not well-formed");
  assert_unknown_owner (noise, "not well-formed");
}

static void
metadata_refuses_a_description_of_more_than_a_mebibyte (void **state)
{
  g_autofree char *filler = g_strnfill (HM_DOMAIN_XML_MAX, ' ');
  g_autofree char *xml = g_strconcat ("<domain>", filler, "</domain>", NULL);
  g_autoptr (HmMetadata) metadata = hm_metadata_read (UUID, "the-name", xml, NULL);

  (void)state;
  assert_unknown_owner (metadata, "larger than 1 MiB");
}

static void
metadata_refuses_elements_nested_without_end (void **state)
{
  GString *xml = g_string_new (NULL);
  g_autofree char *text = NULL;
  g_autoptr (HmMetadata) metadata = NULL;

  (void)state;
  for (guint i = 0; i < 100000; i++)
    g_string_append (xml, "<a>");
  text = g_string_free (xml, FALSE);
  metadata = hm_metadata_read (UUID, "the-name", text, NULL);
  assert_unknown_owner (metadata, "not well-formed");
}

/* An id that were cut could be another project's, so a name is cut and an id is not. */
static void
metadata_cuts_names_but_never_ids_when_they_are_long (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("long-owner.xml");

  (void)state;
  assert_true (metadata->owner_unknown);
  assert_string_equal (metadata->resource->project, HM_OWNER_UNKNOWN);
  assert_string_equal (metadata->resource->user, "u-1");
  assert_non_null (metadata->problem);
  assert_int_equal (strlen (hm_resource_description (metadata->resource, "project_name")), HM_NAME_MAX);
  assert_int_equal (strlen (hm_resource_description (metadata->resource, "display_name")), HM_NAME_MAX - 1);
  assert_int_equal (metadata->devices->len, 1);
}

static void
metadata_leaves_out_what_is_no_number_or_no_id (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("hostile-texts.xml");

  (void)state;
  assert_described (metadata, "display_name", "line\uFFFDbreak\uFFFDnosrever");
  assert_string_equal (metadata->resource->flavor, "m1\uFFFDsmall");
  assert_described (metadata, "flavor.memory_mb", NULL);
  assert_described (metadata, "flavor.disk_gb", NULL);
  assert_described (metadata, "flavor.swap_mb", NULL);
  assert_described (metadata, "flavor.ephemeral_gb", NULL);
  assert_described (metadata, "flavor.vcpus", "2");
  assert_false (metadata->resource->has_root_gib);
  assert_string_equal (metadata->resource->user, HM_OWNER_UNKNOWN);
  assert_true (metadata->owner_unknown);
}

static void
metadata_names_two_interfaces_of_one_address_apart (void **state)
{
  g_autoptr (HmMetadata) metadata = read_fixture ("hostile-texts.xml");

  (void)state;
  assert_int_equal (metadata->devices->len, 2);
  assert_string_equal (device (metadata, 0)->device, "nic:52:54:00:00:00:01");
  assert_string_equal (device (metadata, 1)->device, "nic:52:54:00:00:00:01.2");
}

static void
append_specs (GString *xml, guint n)
{
  g_string_append (xml, "<domain><metadata><i:instance xmlns:i='http://openstack.org/xmlns/libvirt/nova/1.1'>"
                        "<i:owner><i:project uuid='p'/></i:owner><i:flavor name='f'><i:extraSpecs>");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (xml, "<i:extraSpec name='s%u'>v</i:extraSpec>", i);
  g_string_append (xml, "</i:extraSpecs></i:flavor></i:instance></metadata><devices>");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (xml, "<disk><target dev='v%u'/></disk>", i);
  g_string_append (xml, "</devices></domain>");
}

static void
metadata_stops_at_its_limits_when_there_is_too_much (void **state)
{
  GString *xml = g_string_new (NULL);
  g_autofree char *text = NULL;
  g_autoptr (HmMetadata) metadata = NULL;

  (void)state;
  append_specs (xml, 2000);
  text = g_string_free (xml, FALSE);
  metadata = hm_metadata_read (UUID, "the-name", text, NULL);
  assert_string_equal (metadata->resource->project, "p");
  assert_described (metadata, "instance_name", "the-name");
  assert_int_equal (metadata->resource->description->len, HM_ATTRS_MAX);
  assert_int_equal (metadata->devices->len, 1024);
  assert_non_null (metadata->problem);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (metadata_reads_all_of_nova_1_1),
    cmocka_unit_test (metadata_describes_all_of_nova_1_1),
    cmocka_unit_test (metadata_reads_devices_with_their_names),
    cmocka_unit_test (metadata_reads_nova_1_0),
    cmocka_unit_test (metadata_gives_unknown_owner_when_none_is_named),
    cmocka_unit_test (metadata_gives_default_owner_when_none_is_named),
    cmocka_unit_test (metadata_ignores_other_namespaces),
    cmocka_unit_test (metadata_expands_nothing_when_entities_are_declared),
    cmocka_unit_test (metadata_gives_unknown_owner_when_xml_is_broken),
    cmocka_unit_test (metadata_refuses_a_description_of_more_than_a_mebibyte),
    cmocka_unit_test (metadata_refuses_elements_nested_without_end),
    cmocka_unit_test (metadata_cuts_names_but_never_ids_when_they_are_long),
    cmocka_unit_test (metadata_leaves_out_what_is_no_number_or_no_id),
    cmocka_unit_test (metadata_names_two_interfaces_of_one_address_apart),
    cmocka_unit_test (metadata_stops_at_its_limits_when_there_is_too_much),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
