/* SPDX-License-Identifier: Apache-2.0 */
/* record: what all record kinds share: their schema names, the empty record, the id. Pure, any thread. */
#include "metering/record.h"

const char *
hm_record_schema (HmRecordKind kind)
{
  static const char *const schemas[] = {
    [HM_RECORD_SAMPLES] = HM_SCHEMA_SAMPLES,
    [HM_RECORD_LIFECYCLE] = HM_SCHEMA_LIFECYCLE,
    [HM_RECORD_GAP] = HM_SCHEMA_GAP,
    [HM_RECORD_HEARTBEAT] = HM_SCHEMA_HEARTBEAT,
  };

  g_return_val_if_fail ((guint)kind < G_N_ELEMENTS (schemas), NULL);
  return schemas[kind];
}

void
hm_record_init (HmRecord *record, HmRecordKind kind)
{
  *record = (HmRecord){
    .kind = kind,
    .agent.metering_since = HM_TIME_UNKNOWN,
    .resource.epoch_start = HM_TIME_UNKNOWN,
    .time = HM_TIME_UNKNOWN,
    .clock.max_error_ns = -1,
    .not_before = HM_TIME_UNKNOWN,
    .last_read = HM_TIME_UNKNOWN,
    .from = HM_TIME_UNKNOWN,
    .to = HM_TIME_UNKNOWN,
    .oldest_unsent = HM_TIME_UNKNOWN,
  };
}

void
hm_record_set_resource (HmRecord *record, const HmResource *resource)
{
  record->resource = (HmResourceStamp){
    .id = resource->id,
    .kind = resource->kind,
    .project = resource->project,
    .user = resource->user,
    .flavor = resource->flavor,
    .state = resource->state,
    .epoch = resource->epoch,
    .epoch_start = resource->epoch_start,
  };
}

/* Whatever RFC 3986 does not call unreserved is escaped, the slash too, so the parts cannot run together. */
char *
hm_record_id (const HmRecord *record)
{
  GString *id = g_string_sized_new (128);

  g_string_append_uri_escaped (id, record->agent.id, NULL, FALSE);
  g_string_append_c (id, '/');
  g_string_append_uri_escaped (id, record->agent.epoch, NULL, FALSE);
  g_string_append_c (id, '/');
  g_string_append_uri_escaped (id, record->resource.id, NULL, FALSE);
  g_string_append_printf (id, "/%" G_GUINT64_FORMAT, record->seq);
  return g_string_free (id, FALSE);
}
