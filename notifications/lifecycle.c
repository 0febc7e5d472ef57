/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle: turns what happened to a domain (libvirt.domain.*) into lifecycle records.
 *
 * The dispatcher calls it with one message at a time, on its own thread. The last part of an event type is
 * the record's word; a word that records do not have (rebooted, balloon-changed, agent-changed, device-removal-failed) is
 * none of ours. Text that describes a resource travels
 * only in `described` and `exists`, so that it can be erased later without touching anything that proves. */
#include "metering/hypermeter.h"

#include <string.h>

#define PREFIX "libvirt.domain."

typedef struct
{
  const char *name;
  gboolean describes;    /* carries the description */
  gboolean needs_device; /* is about a device, which it must name */
} Word;

static const Word words[] = {
  { "described", TRUE, FALSE },       { "exists", TRUE, FALSE },         { "defined", FALSE, FALSE },
  { "started", FALSE, FALSE },        { "suspended", FALSE, FALSE },     { "resumed", FALSE, FALSE },
  { "shutdown", FALSE, FALSE },       { "stopped", FALSE, FALSE },       { "crashed", FALSE, FALSE },
  { "migrated-in", FALSE, FALSE },    { "migrated-out", FALSE, FALSE },  { "undefined", FALSE, FALSE },
  { "device-added", FALSE, TRUE },    { "device-removed", FALSE, TRUE }, { "owner-changed", FALSE, FALSE },
  { "flavor-changed", FALSE, FALSE }, { "found", FALSE, FALSE },         { "lost", FALSE, FALSE },
};

static const Word *
find_word (const char *event_type)
{
  if (!g_str_has_prefix (event_type, PREFIX))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].name, event_type + strlen (PREFIX)))
      return &words[i];
  return NULL;
}

/* The pairs in one row, as a record has them; their text stays the resource's. (transfer container)
 * (nullable) */
static HmAttr *
list_description (const HmResource *resource, guint *ret_n)
{
  guint n = resource->description != NULL ? MIN (resource->description->len, HM_ATTRS_MAX) : 0;
  HmAttr *list = g_new (HmAttr, n);

  for (guint i = 0; i < n; i++)
    list[i] = *(const HmAttr *)g_ptr_array_index (resource->description, i);
  *ret_n = n;
  return list;
}

static void
make_record (const HmNotice *notice, const Word *word, HmNoticeSink *sink)
{
  g_autofree HmAttr *description = NULL;
  HmRecord record;

  hm_record_init (&record, HM_RECORD_LIFECYCLE);
  hm_record_set_resource (&record, notice->resource);
  record.time = notice->time;
  record.event = word->name;
  record.device = notice->device;
  record.not_before = notice->not_before;
  record.last_read = notice->last_read;
  record.read_ns = notice->read_ns;
  record.samples = notice->samples;
  record.n_samples = notice->n_samples;
  record.observed = notice->compared ? "comparison" : "event";
  if (word->describes)
    {
      description = list_description (notice->resource, &record.n_description);
      record.description = description;
    }
  sink->record (sink, &record);
}

static HmResult
process_notification (gpointer self G_GNUC_UNUSED, const HmNotice *notice, HmNoticeSink *sink, GError **error)
{
  const Word *word = find_word (notice->event_type);

  if (word == NULL)
    return HM_NO_DATA;
  if (notice->resource == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: it does not say which resource", notice->event_type);
      return HM_REFUSED;
    }
  if (word->needs_device && notice->device == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: it does not say which device", notice->event_type);
      return HM_REFUSED;
    }
  make_record (notice, word, sink);
  return HM_OK;
}

static const char *const event_types[] = { PREFIX "*", NULL };

static const HmNotification ops = {
  .event_types = event_types,
  .process_notification = process_notification,
};

HM_PLUGIN (lifecycle, .ns = HM_NS_NOTIFICATION, .summary = "Lifecycle records from libvirt's domain events",
           .notification = &ops);
