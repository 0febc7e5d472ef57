/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/owner_map.c, of how metadata.c goes by it, and of the mappings in data/owners on domains as oVirt,
 * CloudStack and KubeVirt define them. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <string.h>

#include "agent/inventory/metadata.h"

#define UUID "4f0c6a52-0001-4000-8000-000000000001"

static char *
source_path (const char *folder, const char *name)
{
  const char *source = g_getenv ("HYPERMETER_SRCDIR");

  return g_build_filename (source != NULL ? source : ".", folder, name, NULL);
}

static HmOwnerMap *
map_of_file (const char *path, GError **error)
{
  g_autoptr (HmOwnerMap) map = hm_owner_map_new (NULL, NULL);
  g_autoptr (HmSettings) settings = hm_settings_load (path, TRUE, NULL, error);

  if (settings == NULL || !hm_owner_map_take (map, settings, "agent.conf", error)
      || !hm_settings_finish (settings, error))
    return NULL;
  return g_steal_pointer (&map);
}

/* @text: sections as a user writes them. */
static HmOwnerMap *
map_of (const char *text, GError **error)
{
  g_autofree char *path = NULL;
  HmOwnerMap *map;
  int fd = g_file_open_tmp ("owners-XXXXXX", &path, NULL);

  assert_true (fd >= 0);
  close (fd);
  assert_true (g_file_set_contents (path, text, -1, NULL));
  map = map_of_file (path, error);
  g_unlink (path);
  return map;
}

static HmOwnerMap *
sound_map (const char *text)
{
  g_autoptr (GError) error = NULL;
  HmOwnerMap *map = map_of (text, &error);

  assert_null (error);
  assert_non_null (map);
  return map;
}

static HmMetadata *
read_by_example (const char *example, const char *fixture, const char *name)
{
  g_autofree char *conf = source_path ("data/owners", example);
  g_autofree char *path = source_path ("tests/fixtures/domains", fixture);
  g_autoptr (GError) error = NULL;
  g_autoptr (HmOwnerMap) map = map_of_file (conf, &error);
  g_autofree char *xml = NULL;

  assert_null (error);
  assert_true (g_file_get_contents (path, &xml, NULL, NULL));
  return hm_metadata_read (UUID, name, xml, map);
}

static HmMetadata *
read_with (const char *sections, const char *metadata)
{
  g_autoptr (HmOwnerMap) map = sound_map (sections);
  g_autofree char *xml
      = g_strdup_printf ("<domain><name>a_b</name><metadata>%s</metadata></domain>", metadata);

  return hm_metadata_read (UUID, "a_b", xml, map);
}

static void
assert_described (const HmMetadata *metadata, const char *key, const char *value)
{
  const char *text = hm_resource_description (metadata->resource, key);

  assert_non_null (text);
  assert_string_equal (text, value);
}

/* -- the shipped examples */

static void
example_for_ovirt_reads_custom_properties (void **state)
{
  g_autoptr (HmMetadata) metadata = read_by_example ("ovirt.conf", "ovirt.xml", "shop-web");

  (void)state;
  assert_null (metadata->problem);
  assert_string_equal (metadata->resource->project, "shop");
  assert_string_equal (metadata->resource->user, "ada@example.org");
  assert_described (metadata, "display_name", "shop-web");
  assert_int_equal (metadata->devices->len, 2);
}

static void
example_for_cloudstack_takes_the_account_from_the_name (void **state)
{
  g_autoptr (HmMetadata) guest = read_by_example ("cloudstack.conf", "cloudstack.xml", "i-85-285-VM");
  g_autoptr (HmMetadata) router = read_by_example ("cloudstack.conf", "cloudstack.xml", "r-4-VM");

  (void)state;
  assert_null (guest->problem);
  assert_string_equal (guest->resource->project, "85");
  assert_string_equal (guest->resource->user, HM_OWNER_UNKNOWN);
  assert_true (router->owner_unknown);
}

static void
example_for_kubevirt_takes_namespace_and_name_apart (void **state)
{
  g_autoptr (HmMetadata) guest = read_by_example ("kubevirt.conf", "kubevirt.xml", "shop_web-0");
  g_autoptr (HmMetadata) other = read_by_example ("kubevirt.conf", "cloudstack.xml", "shop_web-0");

  (void)state;
  assert_null (guest->problem);
  assert_string_equal (guest->resource->project, "shop");
  assert_described (guest, "display_name", "web-0");
  assert_true (other->owner_unknown);
}

/* -- order and limits */

static void
mapping_leaves_nova_the_first_word (void **state)
{
  g_autoptr (HmMetadata) metadata
      = read_with ("[owner:x]\ndomain-name={project}_{name}\n",
                   "<n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.1'><n:owner><n:project "
                   "uuid='p'/></n:owner></n:instance>");

  (void)state;
  assert_string_equal (metadata->resource->project, "p");
}

static void
mappings_are_tried_in_order_until_one_finds_a_project (void **state)
{
  g_autoptr (HmMetadata) metadata = read_with (
      "[owner:empty]\nnamespace=urn:e\nproject=p\nname=n\n"
      "[owner:first]\nnamespace=urn:x\nproject=p@id\nproject-name=p\nuser=u\nflavor=f\n"
      "[owner:second]\nnamespace=urn:x\nproject=other\n",
      "<e:a xmlns:e='urn:e'><e:n>not taken</e:n></e:a><x:any xmlns:x='urn:x'><p/><x:p id='p-1'> The shop "
      "</x:p><x:other>p-2</x:other><x:u>u-1</x:u><f>small</f></x:any>");

  (void)state;
  assert_string_equal (metadata->resource->project, "p-1");
  assert_string_equal (metadata->resource->user, "u-1");
  assert_string_equal (metadata->resource->flavor, "small");
  assert_described (metadata, "project_name", "The shop");
  assert_null (hm_resource_description (metadata->resource, "display_name"));
}

static void
mapping_does_not_take_an_id_that_would_have_to_be_cut (void **state)
{
  g_autofree char *id = g_strnfill (HM_ID_MAX + 1, 'p');
  g_autofree char *element = g_strdup_printf ("<x:v xmlns:x='urn:x'><x:p>%s</x:p></x:v>", id);
  g_autoptr (HmMetadata) metadata = read_with ("[owner:x]\nnamespace=urn:x\nproject=p\n", element);

  (void)state;
  assert_true (metadata->owner_unknown);
  assert_string_equal (metadata->resource->project, HM_OWNER_UNKNOWN);
  assert_non_null (strstr (metadata->problem, "too long"));
}

static void
mapping_reads_elements_of_its_own_namespace_alone (void **state)
{
  g_autoptr (HmMetadata) metadata
      = read_with ("[owner:x]\nnamespace=urn:x\nproject=p\n",
                   "<x:v xmlns:x='urn:x' xmlns:y='urn:y'><y:p>forged</y:p></x:v><v><p>forged</p></v>");

  (void)state;
  assert_true (metadata->owner_unknown);
}

static const HmOwnerRule *
rule_of (const HmOwnerMap *map)
{
  return g_ptr_array_index (map->rules, 0);
}

static void
assert_parts (const char *pattern, const char *name, const char *project, const char *rest)
{
  g_autofree char *text = g_strdup_printf ("[owner:x]\ndomain-name=%s\n", pattern);
  g_autoptr (HmOwnerMap) map = sound_map (text);
  char *texts[HM_OWNER_TEXTS] = { NULL };

  assert_int_equal (hm_owner_rule_match_name (rule_of (map), name, texts), project != NULL);
  if (project != NULL)
    assert_string_equal (texts[HM_OWNER_PROJECT], project);
  assert_int_equal (g_strcmp0 (texts[HM_OWNER_NAME], rest), 0);
  for (guint i = 0; i < HM_OWNER_TEXTS; i++)
    g_free (texts[i]);
}

static void
pattern_takes_a_name_apart_or_leaves_it (void **state)
{
  (void)state;
  assert_parts ("{project}_{name}", "shop_web_1", "shop", "web_1");
  assert_parts ("{project}_{name}", "shop", NULL, NULL);
  assert_parts ("{project}_{name}", "_web", NULL, NULL);
  assert_parts ("{project}_{name}", "shop_", NULL, NULL);
  assert_parts ("i-{project}-{*}-VM", "i-2-3-VM", "2", NULL);
  assert_parts ("i-{project}-{*}-VM", "i-2-a-VM-VM", "2", NULL);
  assert_parts ("i-{project}-{*}-VM", "i-2-VM", NULL, NULL);
  assert_parts ("i-{project}-{*}-VM", "xi-2-3-VM", NULL, NULL);
  assert_parts ("i-{project}-{*}-VM", "i-2-3-VMs", NULL, NULL);
  assert_parts ("{project}", "all", "all", NULL);
  assert_parts ("{project}", "", NULL, NULL);
}

static void
pattern_without_parts_takes_that_name_alone (void **state)
{
  g_autoptr (HmOwnerMap) map = sound_map ("[owner:x]\ndomain-name=web\nproject=/title\n");

  (void)state;
  assert_true (hm_owner_rule_match_name (rule_of (map), "web", NULL));
  assert_false (hm_owner_rule_match_name (rule_of (map), "web2", NULL));
}

/* -- what is refused */

static void
assert_refused (const char *body, const char *part)
{
  g_autofree char *text = g_strconcat ("[owner:x]\n", body, NULL);
  g_autoptr (GError) error = NULL;

  assert_null (map_of (text, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
mappings_are_refused_by_section_key_and_reason_when_they_are_wrong (void **state)
{
  (void)state;
  assert_refused ("project=p\n", "[owner:x]: project: without a namespace only paths that begin with /");
  assert_refused ("project=/p\n", "[owner:x]: namespace: neither it nor domain-name");
  assert_refused ("namespace=urn:x\n", "[owner:x]: project: neither set");
  assert_refused ("namespace=urn:x\nproject=x:p\n",
                  "[owner:x]: project: \"x:p\" is not the name of an element");
  assert_refused ("namespace=urn:x\nproject=a//b\n", "[owner:x]: project: \"\" is not the name");
  assert_refused ("namespace=urn:x\nproject=a@\n",
                  "[owner:x]: project: \"\" is not the name of an attribute");
  assert_refused ("namespace=urn:x\nproject=/\n", "[owner:x]: project: not a path");
  assert_refused ("namespace=urn:x\nproject=a[1]\n", "[owner:x]: project: \"a[1]\"");
  assert_refused ("namespace=urn:x\nproject=a/b/c/d/e/f/g/h/i\n", "[owner:x]: project: more than 8 steps");
  assert_refused ("namespace=urn:x\nprojekt=a\n", "[owner:x]: projekt: unknown key");
  assert_refused ("element=v\ndomain-name={project}\n", "[owner:x]: element: needs a namespace");
  assert_refused ("domain-name={project\n", "[owner:x]: domain-name: a \"{\" without");
  assert_refused ("domain-name={project}{name}\n", "[owner:x]: domain-name: {name} follows another part");
  assert_refused ("domain-name={project}-{project}\n", "[owner:x]: domain-name: {project} stands twice");
  assert_refused ("domain-name={tenant}\n", "[owner:x]: domain-name: {tenant} is none of");
  assert_refused ("domain-name={name}\n", "[owner:x]: project: neither set");
  assert_refused ("domain-name={project}\nproject=/title\n",
                  "[owner:x]: project: the domain's name gives it");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (example_for_ovirt_reads_custom_properties),
    cmocka_unit_test (example_for_cloudstack_takes_the_account_from_the_name),
    cmocka_unit_test (example_for_kubevirt_takes_namespace_and_name_apart),
    cmocka_unit_test (mapping_leaves_nova_the_first_word),
    cmocka_unit_test (mappings_are_tried_in_order_until_one_finds_a_project),
    cmocka_unit_test (mapping_does_not_take_an_id_that_would_have_to_be_cut),
    cmocka_unit_test (mapping_reads_elements_of_its_own_namespace_alone),
    cmocka_unit_test (pattern_takes_a_name_apart_or_leaves_it),
    cmocka_unit_test (pattern_without_parts_takes_that_name_alone),
    cmocka_unit_test (mappings_are_refused_by_section_key_and_reason_when_they_are_wrong),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
