/* SPDX-License-Identifier: Apache-2.0 */
/* test_instance_notifications: Nova's messages, good and hostile, become what they prove and nothing else. */
#include "tests/notice_kit.h"

#include <string.h>

#define CREATED  "compute.instance.create.end"
#define EXISTS   "compute.instance.exists"
#define DELETING "compute.instance.delete.start"

#define FRAME "id=4f0c6a52-0000-4000-8000-0000000000aa kind=instance project=p-1 user=u-1 flavor=m1.small"
#define DESCRIPTION                                                                                          \
  " <created=2026-11-21 01:00:00+00:00> <display_name=db one> <flavor.disk_gb=20> <flavor.ephemeral_gb=0>"   \
  " <flavor.id=42> <flavor.memory_mb=2048> <flavor.name=m1.small> <flavor.vcpus=2> <image=img-1>"
#define SAMPLE " [instance gauge 1 instance]"
#define TIME   " time=2000000000000"

/* A payload as Nova sends it, a member a row. */
static const char *const payload[][2] = {
  { "instance_id", "\"4F0C6A52-0000-4000-8000-0000000000AA\"" },
  { "tenant_id", "\"p-1\"" },
  { "user_id", "\"u-1\"" },
  { "instance_type", "\"m1.small\"" },
  { "instance_flavor_id", "\"42\"" },
  { "state", "\"active\"" },
  { "display_name", "\"db one\"" },
  { "created_at", "\"2026-11-21 01:00:00+00:00\"" },
  { "launched_at", "\"2026-11-21T01:00:09.000000\"" },
  { "deleted_at", "\"\"" },
  { "vcpus", "2" },
  { "memory_mb", "2048" },
  { "root_gb", "20" },
  { "ephemeral_gb", "0" },
  { "image_meta", "{\"base_image_ref\": \"img-1\"}" },
  { "metadata", "{}" },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_NOTIFICATION, "instance_notifications");
}

/* The message with member @key written as @json instead, or left out where that is NULL. (transfer full) */
static HmJson *
message_with (const char *key, const char *json)
{
  g_autoptr (GString) text = g_string_new ("{\"priority\": \"INFO\", \"payload\": {\"host\": \"node-1\"");
  g_autoptr (GError) error = NULL;
  HmJson *body;

  for (guint i = 0; i < G_N_ELEMENTS (payload); i++)
    {
      const char *value = g_strcmp0 (payload[i][0], key) == 0 ? json : payload[i][1];

      if (value != NULL)
        g_string_append_printf (text, ", \"%s\": %s", payload[i][0], value);
    }
  g_string_append (text, "}}");
  body = hm_json_parse (text->str, text->len, &error);
  if (body == NULL)
    fail_msg ("%s in %s", error->message, text->str);
  return body;
}

static HmResult
notify (const char *event_type, const HmJson *body, KitNotices *notices, GError **error)
{
  HmNotice notice = { .event_type = event_type,
                      .time = 2000 * HM_NSEC_PER_SEC,
                      .body = body,
                      .not_before = HM_TIME_UNKNOWN,
                      .last_read = HM_TIME_UNKNOWN };

  kit_notices_init (notices);
  return kit_notify (plugin (), &notice, notices, error);
}

/* That the message so changed makes these records and no more (@second nullable). */
static void
assert_records (const char *event_type, const char *key, const char *json, const char *first,
                const char *second)
{
  g_autoptr (HmJson) body = message_with (key, json);
  g_auto (KitNotices) notices = { 0 };
  g_autoptr (GError) error = NULL;
  HmResult result = notify (event_type, body, &notices, &error);

  if (result != HM_OK)
    fail_msg ("%s with %s %s: %s", event_type, key, json, error != NULL ? error->message : "no reason");
  assert_string_equal (kit_notices_line (&notices, 0), first);
  assert_string_equal (kit_notices_line (&notices, 1), second != NULL ? second : "");
  assert_int_equal (notices.lines->len, second != NULL ? 2 : 1);
}

static void
assert_refused (const char *event_type, const char *key, const char *json)
{
  g_autoptr (HmJson) body = message_with (key, json);
  g_auto (KitNotices) notices = { 0 };
  GError *error = NULL;

  if (notify (event_type, body, &notices, &error) != HM_REFUSED || error == NULL)
    fail_msg ("%s with %s %s was taken", event_type, key, json != NULL ? json : "left out");
  kit_assert_error (&error, HM_ERROR_DATA, key);
  assert_int_equal (notices.lines->len, 0);
}

static void
nova_create_end_describes_and_counts_when_it_is_good (void **state G_GNUC_UNUSED)
{
  assert_records (CREATED, NULL, NULL,
                  "lifecycle event=described " FRAME " state=running" TIME " observed=event" DESCRIPTION,
                  "samples " FRAME " state=running" TIME SAMPLE);
}

static void
nova_exists_says_exists_and_counts_when_it_is_good (void **state G_GNUC_UNUSED)
{
  assert_records (EXISTS, NULL, NULL,
                  "lifecycle event=exists " FRAME " state=running" TIME " observed=event" DESCRIPTION,
                  "samples " FRAME " state=running" TIME SAMPLE);
}

static void
nova_delete_start_counts_once_more_when_it_is_good (void **state G_GNUC_UNUSED)
{
  assert_records (DELETING, NULL, NULL, "samples " FRAME " state=running" TIME SAMPLE, NULL);
}

static void
nova_exists_ends_the_instance_when_it_was_deleted_in_the_period (void **state G_GNUC_UNUSED)
{
  static const char *const times[]
      = { "\"1970-01-01T00:30:00.000000\"", "\"1970-01-01 00:30:00+00:00\"", "\"1970-01-01T00:30:00Z\"" };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    assert_records (EXISTS, "deleted_at", times[i],
                    "lifecycle event=undefined " FRAME " state=undefined" TIME
                    " not_before=1800000000000 observed=comparison",
                    NULL);
}

static void
nova_exists_ends_the_instance_when_its_state_is_deleted (void **state G_GNUC_UNUSED)
{
  assert_records (EXISTS, "state", "\"deleted\"",
                  "lifecycle event=undefined " FRAME " state=undefined" TIME " observed=comparison", NULL);
}

static void
nova_states_become_ours_when_they_are_known (void **state G_GNUC_UNUSED)
{
  static const char *const states[][2] = {
    { "\"active\"", " state=running" },
    { "\"rescued\"", " state=running" },
    { "\"resized\"", " state=running" },
    { "\"paused\"", " state=paused" },
    { "\"stopped\"", " state=shutoff" },
    { "\"suspended\"", " state=shutoff" },
    { "\"shelved\"", " state=shutoff" },
    { "\"soft-delete\"", " state=shutoff" },
    { "\"building\"", "" },
    { "\"error\"", "" },
    { "\"shelved_offloaded\"", "" },
    { "\"a word of some later Nova\"", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autofree char *expected = g_strdup_printf ("samples " FRAME "%s" TIME SAMPLE, states[i][1]);

      assert_records (DELETING, "state", states[i][0], expected, NULL);
    }
}

static void
nova_message_is_refused_when_a_field_is_missing (void **state G_GNUC_UNUSED)
{
  static const char *const needed[]
      = { "instance_id", "tenant_id", "user_id",   "instance_type", "state",       "display_name",
          "created_at",  "vcpus",     "memory_mb", "root_gb",       "ephemeral_gb" };
  static const char *const types[] = { CREATED, EXISTS, DELETING };

  for (guint t = 0; t < G_N_ELEMENTS (types); t++)
    for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
      assert_refused (types[t], needed[i], NULL);
  assert_refused (EXISTS, "deleted_at", NULL);
}

static void
nova_message_is_refused_when_a_field_is_of_a_wrong_type (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "instance_id", "tenant_id",    "user_id",    "instance_type",
                                       "state",       "display_name", "created_at", "deleted_at" };
  static const char *const numbers[] = { "vcpus", "memory_mb", "root_gb", "ephemeral_gb" };
  static const char *const no_texts[] = { "null", "true", "17", "[\"x\"]", "{\"x\": 1}" };
  static const char *const no_numbers[]
      = { "null", "true", "\"many\"", "[1]", "{}", "-1", "1.5", "1e3", "18446744073709551616" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (guint v = 0; v < G_N_ELEMENTS (no_texts); v++)
      assert_refused (EXISTS, texts[i], no_texts[v]);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (guint v = 0; v < G_N_ELEMENTS (no_numbers); v++)
      assert_refused (EXISTS, numbers[i], no_numbers[v]);
}

static void
nova_message_is_refused_when_an_optional_field_is_of_a_wrong_type (void **state G_GNUC_UNUSED)
{
  assert_refused (CREATED, "instance_flavor_id", "42");
  assert_refused (CREATED, "instance_flavor_id", "[]");
  assert_refused (CREATED, "image_meta", "{\"base_image_ref\": {}}");
}

static void
nova_message_is_taken_when_an_optional_field_says_nothing (void **state G_GNUC_UNUSED)
{
  static const char *const nothing[]
      = { NULL, "null", "{}", "{\"base_image_ref\": null}", "{\"base_image_ref\": \"\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (nothing); i++)
    {
      g_autoptr (HmJson) body = message_with ("image_meta", nothing[i]);
      g_auto (KitNotices) notices = { 0 };

      assert_int_equal (notify (CREATED, body, &notices, NULL), HM_OK);
      assert_null (strstr (kit_notices_line (&notices, 0), "<image="));
      assert_non_null (strstr (kit_notices_line (&notices, 0), "<flavor.id=42>"));
    }
}

static void
nova_message_is_refused_when_an_id_is_hostile (void **state G_GNUC_UNUSED)
{
  g_autofree char *filler = g_strnfill (HM_ID_MAX + 1, 'x');
  g_autofree char *too_long = g_strdup_printf ("\"%s\"", filler);
  const char *const ids[] = { "\"\"", "\"a\\nb\"", too_long };
  static const char *const keys[] = { "tenant_id", "user_id", "instance_type", "state" };

  for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
    for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
      assert_refused (CREATED, keys[k], ids[i]);
  assert_refused (CREATED, "instance_id", "\"instance-1\"");
  assert_refused (CREATED, "instance_id", "\"../../etc/passwd\"");
}

static void
nova_message_is_refused_when_it_contradicts_itself (void **state G_GNUC_UNUSED)
{
  assert_refused (CREATED, "state", "\"deleted\"");
  assert_refused (DELETING, "state", "\"deleted\"");
  assert_refused (EXISTS, "deleted_at", "\"yesterday\"");
  assert_refused (EXISTS, "deleted_at", "\"2026-13-40T00:00:00\"");
}

static void
nova_names_are_cut_and_cleaned_when_a_tenant_wrote_them (void **state G_GNUC_UNUSED)
{
  g_autofree char *filler = g_strnfill (4 * HM_NAME_MAX, 'n');
  g_autofree char *json = g_strdup_printf ("\"a\\nb%s\"", filler);
  g_autoptr (HmJson) body = message_with ("display_name", json);
  g_auto (KitNotices) notices = { 0 };
  const char *line;

  assert_int_equal (notify (CREATED, body, &notices, NULL), HM_OK);
  line = kit_notices_line (&notices, 0);
  assert_null (strchr (line, '\n'));
  assert_in_range (strlen (line), HM_NAME_MAX, 3 * HM_NAME_MAX);
}

static void
nova_message_is_refused_when_there_is_no_payload (void **state G_GNUC_UNUSED)
{
  static const char *const bodies[]
      = { "{}", "[]", "null", "17", "{\"payload\": null}", "{\"payload\": [1]}" };
  g_auto (KitNotices) bare = { 0 };
  GError *error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (HmJson) body = hm_json_parse (bodies[i], strlen (bodies[i]), NULL);
      g_auto (KitNotices) notices = { 0 };

      assert_int_equal (notify (CREATED, body, &notices, &error), HM_REFUSED);
      kit_assert_error (&error, HM_ERROR_DATA, "payload.instance_id: missing");
      assert_int_equal (notices.lines->len, 0);
    }
  assert_int_equal (notify (CREATED, NULL, &bare, &error), HM_REFUSED);
  kit_assert_error (&error, HM_ERROR_DATA, "without a body");
}

static void
nova_meter_is_the_pollsters_own_when_tables_are_merged (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  const HmMeter *told = kit_meter (plugin (), "instance");
  const HmMeter *polled = kit_meter (kit_plugin (HM_NS_POLL_COMPUTE, "instance"), "instance");

  assert_true (hm_meter_table_add (table, polled, "pollster", NULL));
  assert_true (hm_meter_table_add (table, told, "notification", NULL));
  assert_string_equal (told->help, polled->help);
  assert_int_equal (told->hold, polled->hold);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (nova_create_end_describes_and_counts_when_it_is_good),
    cmocka_unit_test (nova_exists_says_exists_and_counts_when_it_is_good),
    cmocka_unit_test (nova_delete_start_counts_once_more_when_it_is_good),
    cmocka_unit_test (nova_exists_ends_the_instance_when_it_was_deleted_in_the_period),
    cmocka_unit_test (nova_exists_ends_the_instance_when_its_state_is_deleted),
    cmocka_unit_test (nova_states_become_ours_when_they_are_known),
    cmocka_unit_test (nova_message_is_refused_when_a_field_is_missing),
    cmocka_unit_test (nova_message_is_refused_when_a_field_is_of_a_wrong_type),
    cmocka_unit_test (nova_message_is_refused_when_an_optional_field_is_of_a_wrong_type),
    cmocka_unit_test (nova_message_is_taken_when_an_optional_field_says_nothing),
    cmocka_unit_test (nova_message_is_refused_when_an_id_is_hostile),
    cmocka_unit_test (nova_message_is_refused_when_it_contradicts_itself),
    cmocka_unit_test (nova_names_are_cut_and_cleaned_when_a_tenant_wrote_them),
    cmocka_unit_test (nova_message_is_refused_when_there_is_no_payload),
    cmocka_unit_test (nova_meter_is_the_pollsters_own_when_tables_are_merged),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
