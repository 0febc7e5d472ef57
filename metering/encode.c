/* SPDX-License-Identifier: Apache-2.0 */
/* encode: a record as the bytes that are signed, kept and sent; the wire form is docs/records.md.
 *
 * The agent's outbox calls it once per record, after the record has got its number; one encoder per thread.
 * Members are written in a fixed order and only where there is something to say, so equal records give equal
 * bytes. What a decoder would miss is refused here already, by name. */
#include "metering/codec.h"

#include "metering/error.h"
#include "metering/json.h"

struct HmEncoder
{
  HmJsonWriter *writer; /* its buffer grows to the largest record and stays */
};

HmEncoder *
hm_encoder_new (void)
{
  HmEncoder *encoder = g_new0 (HmEncoder, 1);

  encoder->writer = hm_json_writer_new (FALSE);
  return encoder;
}

void
hm_encoder_free (HmEncoder *encoder)
{
  if (encoder == NULL)
    return;
  hm_json_writer_free (encoder->writer);
  g_free (encoder);
}

/* -- pieces -- */

static void
put_text (HmJsonWriter *w, const char *key, const char *text)
{
  if (text != NULL)
    hm_json_set_text (w, key, text);
}

static void
put_time (HmJsonWriter *w, const char *key, HmTime time)
{
  char text[HM_TIME_TEXT_MAX];

  if (time < 0) /* unknown */
    return;
  hm_time_print (time, text);
  hm_json_set_text (w, key, text);
}

static void
put_positive (HmJsonWriter *w, const char *key, gint64 number)
{
  if (number != 0)
    hm_json_set_i64 (w, key, number);
}

static void
put_attrs (HmJsonWriter *w, const char *key, const HmAttr *attrs, guint n)
{
  if (n == 0)
    return;
  hm_json_key (w, key);
  hm_json_begin_object (w);
  for (guint i = 0; i < n; i++)
    hm_json_set_text (w, attrs[i].key, attrs[i].value);
  hm_json_end_object (w);
}

static void
put_agent (HmJsonWriter *w, const HmAgentStamp *agent)
{
  hm_json_key (w, "agent");
  hm_json_begin_object (w);
  hm_json_set_text (w, "id", agent->id);
  hm_json_set_text (w, "epoch", agent->epoch);
  put_positive (w, "bin", agent->bin);
  put_positive (w, "cpus", agent->cpus);
  put_time (w, "metering_since", agent->metering_since);
  hm_json_end_object (w);
}

static void
put_resource (HmJsonWriter *w, const HmResourceStamp *resource)
{
  hm_json_key (w, "resource");
  hm_json_begin_object (w);
  hm_json_set_text (w, "id", resource->id);
  hm_json_set_text (w, "kind", resource->kind);
  put_text (w, "project", resource->project);
  put_text (w, "user", resource->user);
  if (resource->state != HM_STATE_UNKNOWN)
    hm_json_set_text (w, "state", hm_state_name (resource->state));
  put_text (w, "flavor", resource->flavor);
  put_text (w, "epoch", resource->epoch);
  put_time (w, "epoch_start", resource->epoch_start);
  hm_json_end_object (w);
}

static void
put_clock (HmJsonWriter *w, const HmClockStamp *clock)
{
  if (clock->boot == NULL)
    return;
  hm_json_key (w, "clock");
  hm_json_begin_object (w);
  hm_json_set_text (w, "boot", clock->boot);
  hm_json_set_i64 (w, "boot_ns", clock->boot_ns);
  hm_json_set_bool (w, "synced", clock->synced);
  if (clock->max_error_ns >= 0)
    hm_json_set_i64 (w, "max_error_ns", clock->max_error_ns);
  hm_json_end_object (w);
}

static void
put_sample (HmJsonWriter *w, const HmSample *sample)
{
  hm_json_begin_object (w);
  hm_json_set_text (w, "meter", sample->meter);
  hm_json_set_text (w, "type", hm_meter_type_name (sample->type));
  hm_json_set_text (w, "unit", sample->unit);
  put_text (w, "device", sample->device);
  hm_json_key (w, "value");
  hm_json_value (w, sample->value);
  put_text (w, "epoch", sample->epoch);
  put_time (w, "epoch_start", sample->epoch_start);
  put_time (w, "start", sample->start);
  put_attrs (w, "attrs", sample->attrs, sample->n_attrs);
  hm_json_end_object (w);
}

static void
put_samples (HmJsonWriter *w, const HmRecord *record)
{
  hm_json_key (w, "samples");
  hm_json_begin_array (w);
  for (guint i = 0; i < record->n_samples; i++)
    put_sample (w, &record->samples[i]);
  hm_json_end_array (w);
}

static void
put_lifecycle (HmJsonWriter *w, const HmRecord *record)
{
  hm_json_set_text (w, "event", record->event);
  put_text (w, "device", record->device);
  put_time (w, "not_before", record->not_before);
  put_time (w, "last_read", record->last_read);
  put_text (w, "observed", record->observed);
  put_attrs (w, "description", record->description, record->n_description);
  if (record->n_samples > 0)
    put_samples (w, record);
}

static void
put_gap (HmJsonWriter *w, const HmRecord *record)
{
  put_time (w, "from", record->from);
  put_time (w, "to", record->to);
  hm_json_set_u64 (w, "records", record->records);
  hm_json_set_u64 (w, "resources", record->resources);
  hm_json_set_text (w, "reason", record->reason);
}

static void
put_bin (HmJsonWriter *w, const HmBinCount *bin)
{
  char sum[HM_NUMBER_MAX];

  /* Always as text, whatever its size: it spreads over all of 64 bits. */
  hm_value_print ((HmValue){ .type = HM_VALUE_U64, .u64 = bin->sum }, sum);
  hm_json_begin_object (w);
  hm_json_set_text (w, "epoch", bin->epoch);
  hm_json_set_i64 (w, "bin", bin->bin);
  hm_json_set_u64 (w, "records", bin->records);
  hm_json_set_text (w, "sum", sum);
  hm_json_end_object (w);
}

static void
put_heartbeat (HmJsonWriter *w, const HmRecord *record)
{
  hm_json_set_u64 (w, "backlog", record->backlog);
  put_time (w, "oldest_unsent", record->oldest_unsent);
  hm_json_key (w, "bins");
  hm_json_begin_array (w);
  for (guint i = 0; i < record->n_bins; i++)
    put_bin (w, &record->bins[i]);
  hm_json_end_array (w);
}

static void
put_body (HmJsonWriter *w, const HmRecord *record)
{
  switch (record->kind)
    {
    case HM_RECORD_SAMPLES:
      put_samples (w, record);
      break;
    case HM_RECORD_LIFECYCLE:
      put_lifecycle (w, record);
      break;
    case HM_RECORD_GAP:
      put_gap (w, record);
      break;
    case HM_RECORD_HEARTBEAT:
      put_heartbeat (w, record);
      break;
    }
}

static void
put_record (HmJsonWriter *w, const HmRecord *record)
{
  hm_json_begin_object (w);
  hm_json_set_text (w, "schema", hm_record_schema (record->kind));
  hm_json_set_text (w, "source", record->source);
  put_agent (w, &record->agent);
  hm_json_set_u64 (w, "seq", record->seq);
  put_resource (w, &record->resource);
  put_time (w, "time", record->time);
  put_positive (w, "read_ns", record->read_ns);
  put_positive (w, "interval_ns", record->interval_ns);
  put_clock (w, &record->clock);
  put_body (w, record);
  hm_json_end_object (w);
}

/* -- what must be there -- */

/* The first mandatory field that @record lacks, or NULL. */
static const char *
missing_frame (const HmRecord *record)
{
  if (record->source == NULL)
    return "source";
  if (record->agent.id == NULL)
    return "agent.id";
  if (record->agent.epoch == NULL)
    return "agent.epoch";
  if (record->seq == 0)
    return "seq";
  if (record->resource.id == NULL)
    return "resource.id";
  if (record->resource.kind == NULL)
    return "resource.kind";
  return record->time < 0 ? "time" : NULL;
}

static const char *
missing_body (const HmRecord *record)
{
  for (guint i = 0; i < record->n_samples; i++)
    if (record->samples[i].meter == NULL || record->samples[i].unit == NULL)
      return "a sample's meter or unit";
  for (guint i = 0; i < record->n_bins; i++)
    if (record->bins[i].epoch == NULL)
      return "a bin's epoch";
  if (record->kind == HM_RECORD_LIFECYCLE && record->event == NULL)
    return "event";
  if (record->kind != HM_RECORD_GAP)
    return NULL;
  if (record->from < 0 || record->to < record->from)
    return "a from and a later to";
  return record->reason == NULL ? "reason" : NULL;
}

static gboolean
check_record (const HmRecord *record, GError **error)
{
  const char *missing = missing_frame (record);

  if (missing == NULL)
    missing = missing_body (record);
  if (missing != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "a %s record needs %s", hm_record_schema (record->kind),
                 missing);
  return missing == NULL;
}

const char *
hm_encoder_print (HmEncoder *encoder, const HmRecord *record, gsize *ret_length, GError **error)
{
  const char *text;

  if (!check_record (record, error))
    return NULL;
  hm_json_writer_clear (encoder->writer);
  put_record (encoder->writer, record);
  text = hm_json_writer_finish (encoder->writer, ret_length, error);
  if (text == NULL)
    g_prefix_error (error, "record of %s: ", record->resource.id);
  return text;
}

GBytes *
hm_encoder_encode (HmEncoder *encoder, const HmRecord *record, GError **error)
{
  gsize length;
  const char *text = hm_encoder_print (encoder, record, &length, error);

  if (text == NULL)
    return NULL;
  if (length > HM_RECORD_MAX)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                   "record of %s: %" G_GSIZE_FORMAT " bytes are more than the %d of a record",
                   record->resource.id, length, HM_RECORD_MAX);
      return NULL;
    }
  return g_bytes_new (text, length);
}
