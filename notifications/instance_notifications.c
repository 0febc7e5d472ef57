/* SPDX-License-Identifier: Apache-2.0 */
/* instance_notifications: what Nova says on its bus about instances coming, being there and going.
 *
 * The dispatcher calls it with one message at a time, on its own thread. What each message proves is what it
 * becomes, no more:
 *
 *   compute.instance.create.end    `described`, then a sample of `instance`
 *                                  (it is there, whose it is, and what it is)
 *   compute.instance.exists        `exists`, then a sample of `instance`;
 *                                  of one deleted within the audited period, which Nova lists too:
 *                                  `undefined` alone, not before the moment of its deletion
 *   compute.instance.delete.start  a sample of `instance` alone: the last moment at which it surely existed
 *
 * No message proves the end when it comes: a deletion can still fail. The hypervisor tells the end, or the
 * next audit does.
 *
 * A record's time is the message's arrival, as everywhere: Nova's clock is not ours.
 *
 * Everything in the message is hostile: a field that is missing, of a wrong type, too long or unclean makes
 * this message refused, and nothing of it is used. */
#include "metering/hypermeter.h"

#include <string.h>

#define CREATED  "compute.instance.create.end"
#define EXISTS   "compute.instance.exists"
#define DELETING "compute.instance.delete.start"

static const HmMeter meters[] = {
  { "instance", HM_GAUGE, "instance", HM_VALUE_U64, 0, HM_HOLD_EXISTENCE, 0, HM_LIFE_PROCESS, FALSE,
    "1 while the instance exists, shut off too" },
  { NULL },
};

/* Nova's words for what an instance is doing. Of the ones that are not here (building, error,
 * shelved_offloaded, whatever comes) nobody can say whether there is a process: the state stays unknown. */
static const struct
{
  const char *nova;
  HmState state;
} states[] = {
  { "active", HM_STATE_RUNNING },      { "rescued", HM_STATE_RUNNING }, { "resized", HM_STATE_RUNNING },
  { "paused", HM_STATE_PAUSED },       { "stopped", HM_STATE_SHUTOFF }, { "suspended", HM_STATE_SHUTOFF },
  { "soft-delete", HM_STATE_SHUTOFF }, { "shelved", HM_STATE_SHUTOFF }, { "deleted", HM_STATE_UNDEFINED },
};

/* What goes into the description, by the keys that the domain's metadata give it too. */
static const struct
{
  const char *path, *key;
  gboolean is_number;
  gboolean optional; /* may be null or left out */
} described[] = {
  { "payload.display_name", "display_name", FALSE, FALSE },
  { "payload.created_at", "created", FALSE, FALSE },
  { "payload.image_meta.base_image_ref", "image", FALSE, TRUE },
  { "payload.instance_type", "flavor.name", FALSE, FALSE },
  { "payload.instance_flavor_id", "flavor.id", FALSE, TRUE },
  { "payload.vcpus", "flavor.vcpus", TRUE, FALSE },
  { "payload.memory_mb", "flavor.memory_mb", TRUE, FALSE },
  { "payload.root_gb", "flavor.disk_gb", TRUE, FALSE },
  { "payload.ephemeral_gb", "flavor.ephemeral_gb", TRUE, FALSE },
};

/* -- reading the message -- */

static gboolean
refuse (GError **error, const char *path, const char *reason)
{
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s", path, reason);
  return FALSE;
}

/* Why the text at @path cannot be taken, or NULL. */
static const char *
check_text (const HmJson *body, const char *path, const char **ret_text)
{
  const char *text = hm_json_get_text (body, path);

  if (hm_json_at (body, path) == NULL)
    return "missing";
  if (text == NULL)
    return "not a text";
  *ret_text = text;
  return NULL;
}

/* An id or a word: it is compared and billed by, so it is taken as it is or not at all. (transfer full) */
static gboolean
read_name (const HmJson *body, const char *path, char **ret_name, GError **error)
{
  const char *text = NULL, *reason = check_text (body, path, &text);
  g_autofree char *clean = NULL;
  gboolean changed;

  if (reason != NULL)
    return refuse (error, path, reason);
  clean = hm_text_clean (text, HM_ID_MAX, &changed);
  if (*text == '\0' || changed)
    return refuse (error, path, *text == '\0' ? "empty" : "too long, or not clean text");
  g_free (*ret_name);
  *ret_name = g_steal_pointer (&clean);
  return TRUE;
}

static gboolean
read_state (const HmJson *body, HmState *ret_state, GError **error)
{
  g_autofree char *word = NULL;

  if (!read_name (body, "payload.state", &word, error))
    return FALSE;
  *ret_state = HM_STATE_UNKNOWN;
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_str_equal (states[i].nova, word))
      *ret_state = states[i].state;
  return TRUE;
}

static gboolean
describe_number (HmResource *resource, const HmJson *body, const char *path, const char *key, GError **error)
{
  char digits[HM_NUMBER_MAX];
  HmValue value = { HM_VALUE_U64 };

  if (hm_json_at (body, path) == NULL)
    return refuse (error, path, "missing");
  if (!hm_json_get_u64 (body, path, &value.u64))
    return refuse (error, path, "not a whole number of 64 bits");
  hm_value_print (value, digits);
  hm_resource_describe (resource, key, digits);
  return TRUE;
}

/* Nova writes null, or leaves the field out, where it has nothing to say. */
static gboolean
says_nothing (const HmJson *body, const char *path)
{
  const HmJson *node = hm_json_at (body, path);

  return node == NULL
         || (hm_json_get_text (node, NULL) == NULL && hm_json_get_number (node, NULL) == NULL
             && !hm_json_is_object (node) && !hm_json_is_array (node));
}

static gboolean
describe_text (HmResource *resource, const HmJson *body, const char *path, const char *key, GError **error)
{
  const char *text = NULL, *reason = check_text (body, path, &text);

  if (reason != NULL)
    return refuse (error, path, reason);
  if (*text != '\0')
    hm_resource_describe (resource, key, text);
  return TRUE;
}

static gboolean
read_description (HmResource *resource, const HmJson *body, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (described); i++)
    {
      const char *path = described[i].path, *key = described[i].key;
      gboolean good = TRUE;

      if (described[i].is_number)
        good = describe_number (resource, body, path, key, error);
      else if (!described[i].optional || !says_nothing (body, path))
        good = describe_text (resource, body, path, key, error);
      if (!good)
        return FALSE;
    }
  return TRUE;
}

/* The instance as the message has it, or NULL. An id of an instance is a UUID, in lower case as libvirt's
 * are. */
static HmResource *
read_resource (const HmJson *body, GError **error)
{
  g_autoptr (HmResource) resource = hm_resource_new ("", "instance");
  g_autofree char *id = NULL;

  if (!read_name (body, "payload.instance_id", &id, error))
    return NULL;
  g_free (resource->id);
  resource->id = g_ascii_strdown (id, -1);
  if (!g_uuid_string_is_valid (resource->id))
    {
      refuse (error, "payload.instance_id", "not a UUID");
      return NULL;
    }
  if (!read_name (body, "payload.tenant_id", &resource->project, error)
      || !read_name (body, "payload.user_id", &resource->user, error)
      || !read_name (body, "payload.instance_type", &resource->flavor, error)
      || !read_state (body, &resource->state, error) || !read_description (resource, body, error))
    return NULL;
  return g_steal_pointer (&resource);
}

/* Nova writes its times in UTC, some with a zone and some without. Empty: not deleted. */
static gboolean
read_deletion (const HmJson *body, HmTime *ret_time, GError **error)
{
  const char *path = "payload.deleted_at", *text = NULL, *reason = check_text (body, path, &text);
  g_autofree char *utc = NULL;

  if (reason != NULL)
    return refuse (error, path, reason);
  *ret_time = HM_TIME_UNKNOWN;
  if (*text == '\0')
    return TRUE;
  utc = g_strdelimit (g_strconcat (text, strlen (text) < HM_TIME_TEXT_MAX ? "Z" : "", NULL), " ", 'T');
  if (hm_time_parse (utc, (gssize)strlen (text), ret_time) || hm_time_parse (utc, -1, ret_time))
    return TRUE;
  return refuse (error, path, "not a time");
}

/* -- making records -- */

static void
start_record (HmRecord *record, HmRecordKind kind, const HmNotice *notice, const HmResource *resource)
{
  hm_record_init (record, kind);
  record->time = notice->time;
  hm_record_set_resource (record, resource);
}

static void
put_sample (const HmNotice *notice, const HmResource *resource, HmNoticeSink *sink)
{
  HmSample sample = {
    .meter = meters[0].name,
    .type = meters[0].type,
    .unit = meters[0].unit,
    .value = { HM_VALUE_U64, { .u64 = 1 } },
    .epoch_start = HM_TIME_UNKNOWN,
    .start = HM_TIME_UNKNOWN,
  };
  HmRecord record;

  start_record (&record, HM_RECORD_SAMPLES, notice, resource);
  record.samples = &sample;
  record.n_samples = 1;
  sink->record (sink, &record);
}

static void
put_described (const HmNotice *notice, const HmResource *resource, const char *event, HmNoticeSink *sink)
{
  HmAttr description[G_N_ELEMENTS (described)];
  HmRecord record;

  start_record (&record, HM_RECORD_LIFECYCLE, notice, resource);
  record.event = event;
  record.observed = "event";
  record.description = description;
  record.n_description = resource->description != NULL ? resource->description->len : 0;
  for (guint i = 0; i < record.n_description; i++)
    description[i] = *(const HmAttr *)g_ptr_array_index (resource->description, i);
  sink->record (sink, &record);
}

static void
put_undefined (const HmNotice *notice, const HmResource *resource, HmTime deleted_at, HmNoticeSink *sink)
{
  HmRecord record;

  start_record (&record, HM_RECORD_LIFECYCLE, notice, resource);
  record.event = "undefined";
  record.observed = "comparison";
  record.resource.state = HM_STATE_UNDEFINED;
  record.not_before = deleted_at;
  sink->record (sink, &record);
}

static HmResult
process_notification (gpointer self G_GNUC_UNUSED, const HmNotice *notice, HmNoticeSink *sink, GError **error)
{
  gboolean exists = g_str_equal (notice->event_type, EXISTS);
  g_autoptr (HmResource) resource = NULL;
  HmTime deleted_at = HM_TIME_UNKNOWN;

  if (notice->body == NULL)
    {
      refuse (error, notice->event_type, "a message without a body");
      return HM_REFUSED;
    }
  resource = read_resource (notice->body, error);
  if (resource == NULL || (exists && !read_deletion (notice->body, &deleted_at, error)))
    return HM_REFUSED;

  if (!exists && resource->state == HM_STATE_UNDEFINED)
    {
      refuse (error, "payload.state", "deleted, in a message that says that it is there");
      return HM_REFUSED;
    }
  if (exists && (deleted_at != HM_TIME_UNKNOWN || resource->state == HM_STATE_UNDEFINED))
    {
      put_undefined (notice, resource, deleted_at, sink);
      return HM_OK;
    }
  if (!g_str_equal (notice->event_type, DELETING))
    put_described (notice, resource, exists ? "exists" : "described", sink);
  put_sample (notice, resource, sink);
  return HM_OK;
}

static const char *const event_types[] = { CREATED, EXISTS, DELETING, NULL };

static const HmNotification ops = {
  .event_types = event_types,
  .process_notification = process_notification,
};

HM_PLUGIN (instance_notifications, .ns = HM_NS_NOTIFICATION,
           .summary = "Existence and owner of instances from Nova's notifications", .meters = meters,
           .notification = &ops);
