/* SPDX-License-Identifier: Apache-2.0 */
/* What all records share, and the life of a message. */
#include "tests/kit.h"

#include <string.h>

static void
record_schema_names_each_kind (void **state G_GNUC_UNUSED)
{
  assert_string_equal (hm_record_schema (HM_RECORD_SAMPLES), "hypermeter.samples/1");
  assert_string_equal (hm_record_schema (HM_RECORD_LIFECYCLE), "hypermeter.lifecycle/1");
  assert_string_equal (hm_record_schema (HM_RECORD_GAP), "hypermeter.gap/1");
  assert_string_equal (hm_record_schema (HM_RECORD_HEARTBEAT), "hypermeter.heartbeat/1");
}

static void
record_says_nothing_when_fresh (void **state G_GNUC_UNUSED)
{
  HmRecord record;

  memset (&record, 0xaa, sizeof (record));
  hm_record_init (&record, HM_RECORD_GAP);
  assert_int_equal (record.kind, HM_RECORD_GAP);
  assert_true (record.time == HM_TIME_UNKNOWN && record.from == HM_TIME_UNKNOWN
               && record.to == HM_TIME_UNKNOWN);
  assert_true (record.not_before == HM_TIME_UNKNOWN && record.oldest_unsent == HM_TIME_UNKNOWN);
  assert_true (record.agent.metering_since == HM_TIME_UNKNOWN);
  assert_true (record.resource.epoch_start == HM_TIME_UNKNOWN);
  assert_true (record.clock.max_error_ns == -1);
  assert_null (record.source);
  assert_true (record.seq == 0 && record.n_samples == 0);
  assert_int_equal (record.resource.state, HM_STATE_UNKNOWN);
}

static void
record_takes_all_but_the_description_when_it_is_given_a_resource (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmResource) resource = hm_resource_new ("4f0c6a52", "instance");
  HmRecord record;

  resource->project = g_strdup ("p");
  resource->user = g_strdup ("u");
  resource->flavor = g_strdup ("m1.small");
  resource->state = HM_STATE_PAUSED;
  resource->epoch = g_strdup ("e1");
  resource->epoch_start = 1700000000 * HM_NSEC_PER_SEC;
  hm_resource_describe (resource, "display_name", "web");
  hm_record_init (&record, HM_RECORD_SAMPLES);
  hm_record_set_resource (&record, resource);
  assert_ptr_equal (record.resource.id, resource->id);
  assert_ptr_equal (record.resource.kind, resource->kind);
  assert_ptr_equal (record.resource.project, resource->project);
  assert_ptr_equal (record.resource.user, resource->user);
  assert_ptr_equal (record.resource.flavor, resource->flavor);
  assert_int_equal (record.resource.state, HM_STATE_PAUSED);
  assert_ptr_equal (record.resource.epoch, resource->epoch);
  assert_true (record.resource.epoch_start == resource->epoch_start);
  assert_int_equal (record.n_description, 0);
}

static void
record_leaves_unknown_what_a_new_resource_does_not_know (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmResource) resource = hm_resource_new ("4f0c6a52", "instance");
  HmRecord record;

  hm_record_init (&record, HM_RECORD_SAMPLES);
  hm_record_set_resource (&record, resource);
  assert_null (record.resource.project);
  assert_null (record.resource.epoch);
  assert_int_equal (record.resource.state, HM_STATE_UNKNOWN);
  assert_true (record.resource.epoch_start == HM_TIME_UNKNOWN);
}

static void
assert_id (const char *agent, const char *epoch, const char *resource, guint64 seq, const char *expected)
{
  g_autofree char *id = NULL;
  HmRecord record;

  hm_record_init (&record, HM_RECORD_SAMPLES);
  record.agent.id = agent;
  record.agent.epoch = epoch;
  record.resource.id = resource;
  record.seq = seq;
  id = hm_record_id (&record);
  assert_string_equal (id, expected);
}

static void
record_id_escapes_all_but_unreserved_characters (void **state G_GNUC_UNUSED)
{
  assert_id ("node-17", "e1", "4f0c6a52", 1, "node-17/e1/4f0c6a52/1");
  assert_id ("AZaz09-._~", "e", "r", G_MAXUINT64, "AZaz09-._~/e/r/18446744073709551615");
  assert_id ("a/b", "c%2F", "d e:\xc3\xa4", 7, "a%2Fb/c%252F/d%20e%3A%C3%A4/7");
}

static void
message_is_freed_when_the_last_reference_goes (void **state G_GNUC_UNUSED)
{
  HmMessage *message = g_new0 (HmMessage, 1);
  GBytes *value = g_bytes_new ("x", 1);

  message->refs = 1;
  message->key = g_strdup ("key");
  message->id = g_strdup ("id");
  message->source = g_strdup ("source");
  message->signature = g_strdup ("signature");
  message->value = g_bytes_ref (value);
  assert_ptr_equal (hm_message_ref (message), message);
  hm_message_unref (message);
  assert_string_equal (message->key, "key");
  hm_message_unref (message);
  hm_message_unref (NULL);
  /* Ours is the only reference left: giving it up hands the bytes over instead of copying them. */
  g_free (g_bytes_unref_to_data (value, &(gsize){ 0 }));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (record_schema_names_each_kind),
    cmocka_unit_test (record_says_nothing_when_fresh),
    cmocka_unit_test (record_takes_all_but_the_description_when_it_is_given_a_resource),
    cmocka_unit_test (record_leaves_unknown_what_a_new_resource_does_not_know),
    cmocka_unit_test (record_id_escapes_all_but_unreserved_characters),
    cmocka_unit_test (message_is_freed_when_the_last_reference_goes),
  };

  return cmocka_run_group_tests_name ("record", tests, NULL, NULL);
}
