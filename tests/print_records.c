/* SPDX-License-Identifier: Apache-2.0 */
/* print_records: what the encoder really writes, one record a line, for a validator that is not ours
 * (tests/schemas.py): each kind with all that it can have, with as little as it may have, and at its limits.
 */
#include "tests/records.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void
print (HmEncoder *encoder, const HmRecord *record)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = hm_encoder_encode (encoder, record, &error);
  gsize length;
  const char *text;

  if (bytes == NULL)
    {
      fprintf (stderr, "print_records: %s\n", error->message);
      failures++;
      return;
    }
  text = g_bytes_get_data (bytes, &length);
  fwrite (text, 1, length, stdout);
  fputc ('\n', stdout);
}

/* As little as each kind may have. */
static void
fill_least (HmRecord *record, HmRecordKind kind)
{
  hm_record_init (record, kind);
  record->source = "s";
  record->agent.id = record->resource.id = "a";
  record->agent.epoch = "e";
  record->resource.kind = "agent";
  record->seq = 1;
  record->time = 0;
  if (kind == HM_RECORD_LIFECYCLE)
    record->event = "lost";
  record->from = record->to = 0;
  record->reason = "r";
}

/* The largest numbers and the longest texts. */
static void
fill_most (HmRecord *record, HmRecordKind kind)
{
  static char id[HM_ID_MAX + 1], value[HM_ATTR_MAX + 1];
  static HmAttr attrs[] = { { id, value } };
  static HmBinCount bins[] = { { id, G_MAXINT64, G_MAXUINT64, G_MAXUINT64 } };

  memset (id, 'i', HM_ID_MAX);
  memset (value, 'v', HM_ATTR_MAX);
  fill_least (record, kind);
  record->source = record->agent.id = record->agent.epoch = record->resource.id = record->resource.kind = id;
  record->resource.project = record->resource.user = record->resource.flavor = record->resource.epoch = id;
  record->resource.state = HM_STATE_SHUTTING_DOWN;
  record->agent.bin = record->read_ns = record->interval_ns = G_MAXINT64;
  record->agent.cpus = G_MAXUINT32;
  record->seq = record->records = record->resources = record->backlog = G_MAXUINT64;
  record->time = record->to = record->oldest_unsent = record->not_before = record->last_read = G_MAXINT64;
  record->agent.metering_since = record->resource.epoch_start = 0;
  record->clock = (HmClockStamp){ id, G_MAXINT64, FALSE, G_MAXINT64 };
  record->device = record->reason = id;
  record->observed = "event";
  record->description = attrs;
  record->n_description = G_N_ELEMENTS (attrs);
  record->bins = bins;
  record->n_bins = G_N_ELEMENTS (bins);
}

/* Values at the edges of their types, of a meter that no table knows. */
static void
print_values (HmEncoder *encoder)
{
  static const HmValue values[] = {
    { .type = HM_VALUE_U64, .u64 = 0 },
    { .type = HM_VALUE_U64, .u64 = 9007199254740991 },
    { .type = HM_VALUE_U64, .u64 = 9007199254740992 },
    { .type = HM_VALUE_U64, .u64 = G_MAXUINT64 },
    { .type = HM_VALUE_I64, .i64 = -9007199254740991 },
    { .type = HM_VALUE_I64, .i64 = G_MININT64 },
    { .type = HM_VALUE_DOUBLE, .f64 = -0.0 },
    { .type = HM_VALUE_DOUBLE, .f64 = 1e300 },
    { .type = HM_VALUE_DOUBLE, .f64 = 5e-324 },
  };
  HmSample samples[G_N_ELEMENTS (values)];
  HmRecord record;

  fill_least (&record, HM_RECORD_SAMPLES);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    samples[i] = (HmSample){ .meter = "foreign.meter_0",
                             .type = HM_GAUGE,
                             .unit = "apples/h~!",
                             .value = values[i],
                             .epoch_start = HM_TIME_UNKNOWN,
                             .start = HM_TIME_UNKNOWN };
  record.samples = samples;
  record.n_samples = G_N_ELEMENTS (values);
  print (encoder, &record);
}

int
main (void)
{
  static void (*const fill[]) (HmRecord * record)
      = { records_samples, records_lifecycle, records_gap, records_heartbeat };
  g_autoptr (HmEncoder) encoder = hm_encoder_new ();
  HmRecord record;

  for (guint i = 0; i < G_N_ELEMENTS (fill); i++)
    {
      fill[i](&record);
      print (encoder, &record);
      fill_least (&record, (HmRecordKind)i);
      print (encoder, &record);
      fill_most (&record, (HmRecordKind)i);
      print (encoder, &record);
    }
  print_values (encoder);
  return failures == 0 ? 0 : 1;
}
