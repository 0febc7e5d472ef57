/* SPDX-License-Identifier: Apache-2.0 */
/* test_lifecycle: libvirt's domain events become lifecycle records, word by word. */
#include "tests/notice_kit.h"

#define ARRIVED (2000 * HM_NSEC_PER_SEC)
#define FRAME                                                                                                \
  "id=4f0c6a52-0000-4000-8000-000000000001 kind=instance project=project-1 user=user-1 flavor=m1.small"      \
  " state=shutoff epoch=boot-1:77:0 epoch_start=1000000000000 time=2000000000000"

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_NOTIFICATION, "lifecycle");
}

static HmResource *
new_resource (void)
{
  HmResource *resource = hm_resource_new ("4f0c6a52-0000-4000-8000-000000000001", "instance");

  resource->project = g_strdup ("project-1");
  resource->user = g_strdup ("user-1");
  resource->flavor = g_strdup ("m1.small");
  resource->state = HM_STATE_SHUTOFF;
  resource->epoch = g_strdup ("boot-1:77:0");
  resource->epoch_start = 1000 * HM_NSEC_PER_SEC;
  hm_resource_describe (resource, "display_name", "db one");
  hm_resource_describe (resource, "flavor.vcpus", "2");
  return resource;
}

/* The one record that @event becomes, after its first word. (transfer full) */
static char *
record_of (const char *event, const char *device, HmTime not_before, gboolean compared)
{
  g_autoptr (HmResource) resource = new_resource ();
  g_autofree char *event_type = g_strconcat ("libvirt.domain.", event, NULL);
  g_auto (KitNotices) notices = { 0 };
  HmNotice notice = { .event_type = event_type,
                      .time = ARRIVED,
                      .resource = resource,
                      .device = device,
                      .not_before = not_before,
                      .last_read = HM_TIME_UNKNOWN,
                      .compared = compared };

  kit_notices_init (&notices);
  assert_int_equal (kit_notify (plugin (), &notice, &notices, NULL), HM_OK);
  assert_int_equal (notices.lines->len, 1);
  return g_strdup (kit_notices_line (&notices, 0));
}

static void
lifecycle_makes_one_record_when_the_word_is_known (void **state G_GNUC_UNUSED)
{
  static const char *const words[] = { "defined", "started", "suspended",     "resumed",       "shutdown",
                                       "stopped", "crashed", "migrated-in",   "undefined",     "migrated-out",
                                       "found",   "lost",    "owner-changed", "flavor-changed" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *record = record_of (words[i], NULL, HM_TIME_UNKNOWN, FALSE);
      g_autofree char *expected = g_strdup_printf ("lifecycle event=%s " FRAME " observed=event", words[i]);

      assert_string_equal (record, expected);
    }
}

static void
lifecycle_carries_the_description_when_the_event_describes (void **state G_GNUC_UNUSED)
{
  static const char *const words[] = { "described", "exists" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *record = record_of (words[i], NULL, HM_TIME_UNKNOWN, FALSE);
      g_autofree char *expected = g_strdup_printf (
          "lifecycle event=%s " FRAME " observed=event <display_name=db one> <flavor.vcpus=2>", words[i]);

      assert_string_equal (record, expected);
    }
}

static void
lifecycle_names_the_device_when_the_event_is_about_one (void **state G_GNUC_UNUSED)
{
  g_autofree char *added = record_of ("device-added", "disk:vdb", HM_TIME_UNKNOWN, FALSE);
  g_autofree char *removed = record_of ("device-removed", "nic:52:54:00:10:00:01", HM_TIME_UNKNOWN, FALSE);

  assert_string_equal (added, "lifecycle event=device-added " FRAME " device=disk:vdb observed=event");
  assert_string_equal (removed, "lifecycle event=device-removed " FRAME
                                " device=nic:52:54:00:10:00:01 observed=event");
}

static void
lifecycle_says_since_when_when_it_was_found_by_comparison (void **state G_GNUC_UNUSED)
{
  g_autofree char *record = record_of ("stopped", NULL, 1990 * HM_NSEC_PER_SEC, TRUE);

  assert_string_equal (record,
                       "lifecycle event=stopped " FRAME " not_before=1990000000000 observed=comparison");
}

static void
lifecycle_makes_nothing_when_the_word_is_unknown (void **state G_GNUC_UNUSED)
{
  static const char *const types[] = { "libvirt.domain.rebooted",
                                       "libvirt.domain.",
                                       "libvirt.domain.starte",
                                       "libvirt.domain.startedd",
                                       "libvirt.network.started",
                                       "started",
                                       "" };
  g_autoptr (HmResource) resource = new_resource ();
  g_auto (KitNotices) notices = { 0 };
  g_autoptr (GError) error = NULL;

  kit_notices_init (&notices);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      HmNotice notice = { .event_type = types[i],
                          .resource = resource,
                          .not_before = HM_TIME_UNKNOWN,
                          .last_read = HM_TIME_UNKNOWN };

      assert_int_equal (kit_notify (plugin (), &notice, &notices, &error), HM_NO_DATA);
      assert_null (error);
    }
  assert_int_equal (notices.lines->len, 0);
}

static void
lifecycle_refuses_the_message_when_it_lacks_what_the_word_needs (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmResource) resource = new_resource ();
  g_auto (KitNotices) notices = { 0 };
  HmNotice unowned = { .event_type = "libvirt.domain.started",
                       .not_before = HM_TIME_UNKNOWN,
                       .last_read = HM_TIME_UNKNOWN };
  HmNotice deviceless = { .event_type = "libvirt.domain.device-added", .resource = resource };
  GError *error = NULL;

  kit_notices_init (&notices);
  assert_int_equal (kit_notify (plugin (), &unowned, &notices, &error), HM_REFUSED);
  kit_assert_error (&error, HM_ERROR_DATA, "which resource");
  assert_int_equal (kit_notify (plugin (), &deviceless, &notices, &error), HM_REFUSED);
  kit_assert_error (&error, HM_ERROR_DATA, "which device");
  assert_int_equal (notices.lines->len, 0);
}

static void
lifecycle_describes_with_nothing_when_nothing_is_known (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmResource) resource = hm_resource_new ("bare", "instance");
  g_auto (KitNotices) notices = { 0 };
  HmNotice notice = { .event_type = "libvirt.domain.described",
                      .time = ARRIVED,
                      .resource = resource,
                      .not_before = HM_TIME_UNKNOWN,
                      .last_read = HM_TIME_UNKNOWN };

  kit_notices_init (&notices);
  assert_int_equal (kit_notify (plugin (), &notice, &notices, NULL), HM_OK);
  assert_string_equal (kit_notices_line (&notices, 0),
                       "lifecycle event=described id=bare kind=instance time=2000000000000 observed=event");
}

static void
lifecycle_wants_every_domain_event_when_it_is_asked (void **state G_GNUC_UNUSED)
{
  const char *const *types = plugin ()->notification->event_types;

  assert_string_equal (types[0], "libvirt.domain.*");
  assert_null (types[1]);
}

static void
lifecycle_carries_final_values_when_an_end_has_them (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmResource) resource = new_resource ();
  g_auto (KitNotices) notices = { 0 };
  HmSample cpu
      = { .meter = "cpu", .type = HM_CUMULATIVE, .unit = "ns", .value = { HM_VALUE_U64, { .u64 = 9 } } };
  HmNotice notice = { .event_type = "libvirt.domain.stopped",
                      .time = ARRIVED,
                      .resource = resource,
                      .not_before = HM_TIME_UNKNOWN,
                      .last_read = ARRIVED - 5,
                      .samples = &cpu,
                      .n_samples = 1,
                      .read_ns = 7 };

  kit_notices_init (&notices);
  assert_int_equal (kit_notify (plugin (), &notice, &notices, NULL), HM_OK);
  assert_non_null (strstr (kit_notices_line (&notices, 0), " last_read=1999999999995 "));
  assert_non_null (strstr (kit_notices_line (&notices, 0), "cpu"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (lifecycle_makes_one_record_when_the_word_is_known),
    cmocka_unit_test (lifecycle_carries_the_description_when_the_event_describes),
    cmocka_unit_test (lifecycle_names_the_device_when_the_event_is_about_one),
    cmocka_unit_test (lifecycle_says_since_when_when_it_was_found_by_comparison),
    cmocka_unit_test (lifecycle_makes_nothing_when_the_word_is_unknown),
    cmocka_unit_test (lifecycle_refuses_the_message_when_it_lacks_what_the_word_needs),
    cmocka_unit_test (lifecycle_describes_with_nothing_when_nothing_is_known),
    cmocka_unit_test (lifecycle_wants_every_domain_event_when_it_is_asked),
    cmocka_unit_test (lifecycle_carries_final_values_when_an_end_has_them),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
