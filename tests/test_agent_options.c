/* SPDX-License-Identifier: Apache-2.0 */
/* test_agent_options: the agent's configuration: its own sections, which plugins run, and what is printed of
 * it. */
#include "agent/health/listing.h"
#include "agent/options.h"
#include "agent/plugins.h"

#include <string.h>

#include "tests/fakes/fake_publisher.h"

/* -- plugins -- */

static const HmOption publisher_keys[] = {
  { .key = "path", .type = HM_OPTION_TEXT, .required = TRUE, .help = "Where to" },
  { .key = "password", .type = HM_OPTION_TEXT, .secret = TRUE, .help = "A secret" },
  { .key = NULL },
};

static const HmMeter meters[] = {
  { "t.b", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "Bee" },
  { "t.a", HM_GAUGE, "KiB", HM_VALUE_U64, HM_FIELD_MEMORY, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, TRUE, "Ay" },
  { NULL },
};

static HmResult
emit (const HmDomain *domain G_GNUC_UNUSED, HmSink *sink G_GNUC_UNUSED)
{
  return HM_OK;
}

static const HmSnapshotPollster pollster_ops = { .emit = emit };

#define DESCRIPTOR                                                                                           \
  .abi_major = HM_ABI_MAJOR, .abi_minor = HM_ABI_MINOR, .struct_size = sizeof (HmPlugin), .version = "1"

static const HmPlugin pollster = { DESCRIPTOR,
                                   .name = "meterer",
                                   .ns = HM_NS_POLL_COMPUTE,
                                   .summary = "Measures",
                                   .meters = meters,
                                   .snapshot_pollster = &pollster_ops };

/* -- fixture -- */

typedef struct
{
  HmRegistry *registry;
  HmPlugin kafka, writer; /* the fake publisher under other names */
  char **namespaces;
} Fixture;

static void
add (Fixture *f, const HmPlugin *plugin)
{
  g_autoptr (GError) error = NULL;

  if (!hm_registry_add (f->registry, plugin, "built in", &error))
    fail_msg ("%s", error->message);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->registry = hm_registry_new ();
  f->kafka = f->writer = *fake_publisher_plugin ();
  f->kafka.name = "kafka";
  f->writer.name = "writer";
  f->writer.options = publisher_keys;
  add (f, &f->kafka);
  add (f, &f->writer);
  add (f, &pollster);
  f->namespaces = g_strsplit (HM_NS_POLL_COMPUTE ";" HM_NS_NOTIFICATION, ";", -1);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_registry_free (f->registry);
  g_strfreev (f->namespaces);
  g_free (f);
  return 0;
}

static HmSettings *
settings_of (const char *const *overrides)
{
  g_autoptr (GError) error = NULL;
  HmSettings *settings = hm_settings_load (NULL, FALSE, overrides, &error);

  if (settings == NULL)
    fail_msg ("%s", error->message);
  return settings;
}

/* (nullable) with @error */
static HmAgentConfig *
config_of (const char *override, GError **error)
{
  const char *overrides[] = { override, NULL };
  g_autoptr (HmSettings) settings = settings_of (overrides);

  return hm_agent_config_new (settings, "the file", NULL, error);
}

static GPtrArray *
choose (Fixture *f, const char *const *overrides, GError **error)
{
  g_autoptr (HmSettings) settings = settings_of (overrides);
  g_autoptr (GPtrArray) choices = NULL;

  choices = hm_agent_plugins_choose (f->registry, settings, "the file", (const char *const *)f->namespaces,
                                     error);
  if (choices == NULL || !hm_settings_finish (settings, error))
    return NULL;
  return g_steal_pointer (&choices);
}

static const HmPluginChoice *
choice_of (const GPtrArray *choices, const char *section)
{
  for (guint i = 0; i < choices->len; i++)
    {
      const HmPluginChoice *choice = g_ptr_array_index (choices, i);

      if (g_str_equal (choice->section, section))
        return choice;
    }
  fail_msg ("no %s", section);
  return NULL;
}

/* -- the agent's own sections -- */

static void
options_have_usable_defaults_when_nothing_is_set (void **state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmAgentConfig) config = config_of (NULL, &error);

  (void)state;
  assert_non_null (config);
  assert_string_equal (config->id, g_get_host_name ());
  assert_string_equal (hm_options_text (config->agent, "source"), "default");
  assert_true (hm_options_integer (config->agent, "interval") == 60 * HM_NSEC_PER_SEC);
  assert_true (hm_options_integer (config->agent, "stop-timeout") == 5 * HM_NSEC_PER_SEC);
  assert_string_equal (hm_options_text (config->inspector, "uri"), "qemu:///system");
  assert_true (hm_options_integer (config->inspector, "connections") == 2);
  assert_null (hm_options_text (config->owner, "default-project"));
  assert_null (hm_options_text (config->notification, "file"));
  assert_true (g_strv_contains ((const char *const *)config->namespaces, HM_NS_POLL_COMPUTE));
}

static void
assert_refused (const char *override, const char *part)
{
  g_autoptr (GError) error = NULL;

  assert_null (config_of (override, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
options_are_refused_by_section_key_and_reason_when_they_are_wrong (void **state)
{
  (void)state;
  assert_refused ("agent.bogus=1", "[agent]: bogus: unknown key");
  assert_refused ("agent.interval=soon", "[agent]: interval:");
  assert_refused ("agent.interval=1ms", "[agent]: interval:");
  assert_refused ("agent.interval=8d", "[agent]: interval:");
  assert_refused ("agent.id=", "the file, [agent]: id:");
  assert_refused ("agent.id=a\nb", "the file, [agent]: id:");
  assert_refused ("agent.state-dir=here", "the file, [agent]: state-dir: not an absolute path");
  assert_refused ("agent.namespaces=hypermeter.store", "[agent]: namespaces: \"hypermeter.store\"");
  assert_refused ("agent.meters=cpu;!disk.*", "the file, [agent]: meters:");
  assert_refused ("agent.key-id=k", "[agent]: key-id:");
  assert_refused ("agent.log-level=loud", "[agent]: log-level:");
  assert_refused ("inspector.connections=9", "[inspector]: connections:");
  assert_refused ("outbox.max-bytes=lots", "[outbox]: max-bytes:");
}

static void
options_take_the_command_lines_namespaces_when_both_are_given (void **state)
{
  static const char *const overrides[] = { "agent.namespaces=hypermeter.self", NULL };
  static const char *const given[] = { HM_NS_POLL_HOST, NULL };
  g_autoptr (HmSettings) settings = settings_of (overrides);
  g_autoptr (HmAgentConfig) config = hm_agent_config_new (settings, "the file", given, NULL);

  (void)state;
  assert_non_null (config);
  assert_string_equal (config->namespaces[0], HM_NS_POLL_HOST);
  assert_null (config->namespaces[1]);
}

/* -- which plugins run -- */

static void
plugins_run_kafka_alone_when_no_publisher_is_configured (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) choices = choose (f, NULL, &error);

  assert_non_null (choices);
  assert_true (choice_of (choices, "publisher:kafka")->enabled);
  assert_true (choice_of (choices, "publisher:kafka")->required);
  assert_false (choice_of (choices, "publisher:writer")->enabled);
  assert_true (choice_of (choices, "pollster:meterer")->enabled);
}

static void
plugins_run_the_configured_publishers_alone_when_there_are_some (void **state)
{
  static const char *const overrides[]
      = { "publisher:writer.path=/x", "publisher:writer.required=false", NULL };
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) choices = choose (f, overrides, &error);
  const HmPluginChoice *writer;

  assert_non_null (choices);
  writer = choice_of (choices, "publisher:writer");
  assert_true (writer->enabled && writer->named);
  assert_false (writer->required);
  assert_string_equal (hm_options_text (writer->options, "path"), "/x");
  assert_false (choice_of (choices, "publisher:kafka")->enabled);
}

static void
plugins_come_in_the_order_of_the_configuration_when_it_names_them (void **state)
{
  static const char *const overrides[]
      = { "publisher:writer.path=/x", "publisher:kafka.enabled=true", "pollster:meterer.enabled=true", NULL };
  Fixture *f = *state;
  g_autoptr (GPtrArray) choices = choose (f, overrides, NULL);

  assert_non_null (choices);
  assert_string_equal (((const HmPluginChoice *)g_ptr_array_index (choices, 0))->section, "publisher:writer");
  assert_string_equal (((const HmPluginChoice *)g_ptr_array_index (choices, 1))->section, "publisher:kafka");
}

static void
plugins_stay_off_when_configured_so_or_of_another_namespace (void **state)
{
  static const char *const overrides[] = { "pollster:meterer.enabled=false", NULL };
  Fixture *f = *state;
  g_autoptr (GPtrArray) choices = choose (f, overrides, NULL);
  g_autoptr (GPtrArray) others = NULL;

  assert_false (choice_of (choices, "pollster:meterer")->enabled);
  g_strfreev (f->namespaces);
  f->namespaces = g_strsplit (HM_NS_POLL_HOST, ";", -1);
  others = choose (f, NULL, NULL);
  assert_false (choice_of (others, "pollster:meterer")->enabled);
  assert_true (choice_of (others, "publisher:kafka")->enabled);
}

static void
assert_choice_refused (Fixture *f, const char *override, const char *part)
{
  const char *overrides[] = { override, NULL };
  g_autoptr (GError) error = NULL;

  assert_null (choose (f, overrides, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
plugins_are_refused_by_name_when_the_configuration_is_wrong (void **state)
{
  Fixture *f = *state;

  assert_choice_refused (f, "publisher:nope.path=/x", "the file, [publisher:nope]: there is no such plugin");
  assert_choice_refused (f, "publisher:meterer.enabled=true", "[publisher:meterer]: there is no such plugin");
  assert_choice_refused (f, "publisher:writer.enabled=true", "[publisher:writer]: path: it is required");
  assert_choice_refused (f, "pollster:meterer.bogus=1", "[pollster:meterer]: bogus: unknown key");
  assert_choice_refused (f, "publisher:kafka.enabled=false", "no publisher is enabled");
  assert_choice_refused (f, "bogus.key=1", "[bogus]: unknown section");
}

/* Whoever removes a package need not edit the configuration first. */
static void
plugins_may_be_missing_when_they_are_switched_off (void **state)
{
  static const char *const overrides[] = { "pollster:gone.enabled=false", "pollster:gone.depth=7", NULL };
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) choices = choose (f, overrides, &error);

  assert_non_null (choices);
}

static void
plugins_need_no_option_when_they_are_switched_off (void **state)
{
  static const char *const overrides[]
      = { "publisher:writer.enabled=false", "publisher:kafka.enabled=true", NULL };
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) choices = choose (f, overrides, &error);

  if (choices == NULL)
    fail_msg ("%s", error->message);
  assert_false (choice_of (choices, "publisher:writer")->enabled);
  assert_choice_refused (f, "publisher:writer.enabled=true", "path");
}

/* -- what is printed -- */

static void
listing_masks_secrets_when_it_prints_the_configuration (void **state)
{
  static const char *const overrides[]
      = { "publisher:writer.path=/x", "publisher:writer.password=hunter2", NULL };
  Fixture *f = *state;
  g_autoptr (HmAgentConfig) config = config_of (NULL, NULL);
  g_autoptr (GPtrArray) choices = choose (f, overrides, NULL);
  g_autofree char *text = hm_list_config (config, choices, FALSE);

  assert_non_null (strstr (text, "[publisher:writer]"));
  assert_non_null (strstr (text, "path=/x\n"));
  assert_non_null (strstr (text, "password=******\n"));
  assert_null (strstr (text, "hunter2"));
  assert_null (strstr (text, "[publisher:kafka]"));
}

/* The file that --write-config writes must load, and mean the same as no file. */
static void
listing_writes_a_configuration_that_changes_nothing_when_it_is_loaded (void **state)
{
  Fixture *f = *state;
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "agent.conf", NULL);
  g_autoptr (HmAgentConfig) config = config_of (NULL, NULL);
  g_autoptr (GPtrArray) choices = choose (f, NULL, NULL);
  g_autofree char *written = hm_list_config (config, choices, TRUE);
  g_autofree char *before = hm_list_config (config, choices, FALSE);
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmAgentConfig) loaded = NULL;
  g_autoptr (GPtrArray) loaded_choices = NULL;

  kit_write_file (folder, "agent.conf", written);
  settings = hm_settings_load (path, TRUE, NULL, &error);
  assert_non_null (settings);
  loaded = hm_agent_config_new (settings, path, NULL, &error);
  assert_non_null (loaded);
  loaded_choices
      = hm_agent_plugins_choose (f->registry, settings, path, (const char *const *)f->namespaces, &error);
  assert_non_null (loaded_choices);
  assert_true (hm_settings_finish (settings, &error));
  after = hm_list_config (loaded, loaded_choices, FALSE);
  assert_non_null (strstr (after, "[publisher:kafka]"));
  assert_null (strstr (after, "[publisher:writer]"));
  assert_int_equal (strlen (after), strlen (before));
  kit_remove_tree (folder);
}

static void
listing_sorts_meters_when_it_lists_them (void **state)
{
  Fixture *f = *state;
  g_autofree char *text = hm_list_meters (f->registry, "text", NULL);
  g_autofree char *markdown = hm_list_meters (f->registry, "markdown", NULL);
  g_autofree char *json = hm_list_meters (f->registry, "json", NULL);
  g_autoptr (GError) error = NULL;

  assert_true (strstr (text, "t.a") < strstr (text, "t.b"));
  assert_non_null (strstr (markdown, "| `t.a` | gauge | KiB | off | meterer | Ay |\n"));
  assert_non_null (strstr (markdown, "| `t.b` | cumulative | ns | on | meterer | Bee |\n"));
  hm_json_free (hm_json_parse (json, strlen (json), &error));
  assert_null (error);
  assert_null (hm_list_meters (f->registry, "xml", &error));
  kit_assert_error (&error, HM_ERROR_USAGE, "xml");
}

static void
listing_says_which_plugins_are_on_when_it_lists_them (void **state)
{
  Fixture *f = *state;
  g_autoptr (GPtrArray) choices = choose (f, NULL, NULL);
  g_autofree char *text = hm_list_plugins (f->registry, choices);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "kafka "))
        assert_non_null (strstr (lines[i], "on, required"));
      if (g_str_has_prefix (lines[i], "writer "))
        assert_non_null (strstr (lines[i], " off "));
    }
  assert_int_equal (g_strv_length (lines), 5);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define OPTIONS_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    OPTIONS_TEST (options_have_usable_defaults_when_nothing_is_set),
    OPTIONS_TEST (options_are_refused_by_section_key_and_reason_when_they_are_wrong),
    OPTIONS_TEST (options_take_the_command_lines_namespaces_when_both_are_given),
    OPTIONS_TEST (plugins_run_kafka_alone_when_no_publisher_is_configured),
    OPTIONS_TEST (plugins_run_the_configured_publishers_alone_when_there_are_some),
    OPTIONS_TEST (plugins_come_in_the_order_of_the_configuration_when_it_names_them),
    OPTIONS_TEST (plugins_stay_off_when_configured_so_or_of_another_namespace),
    OPTIONS_TEST (plugins_are_refused_by_name_when_the_configuration_is_wrong),
    OPTIONS_TEST (plugins_may_be_missing_when_they_are_switched_off),
    OPTIONS_TEST (plugins_need_no_option_when_they_are_switched_off),
    OPTIONS_TEST (listing_masks_secrets_when_it_prints_the_configuration),
    OPTIONS_TEST (listing_writes_a_configuration_that_changes_nothing_when_it_is_loaded),
    OPTIONS_TEST (listing_sorts_meters_when_it_lists_them),
    OPTIONS_TEST (listing_says_which_plugins_are_on_when_it_lists_them),
  };

  return cmocka_run_group_tests_name ("agent_options", tests, NULL, NULL);
}
