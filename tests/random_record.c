/* SPDX-License-Identifier: Apache-2.0 */
/* random_record: any record that an agent could send, and many that none ever will: every member there or
 * not, numbers at their edges, texts at their limits with everything in them that JSON has to escape. */
#include "tests/random_record.h"

#include <math.h>

#include "tests/chance.h"

/* What a random record points to, and the dice. */
typedef struct
{
  RandomRecord public;
  GRand *rand;
  HmMeterTable *table;
  GStringChunk *text;
  GPtrArray *arrays;
} Maker;

static gpointer
make_array (Maker *maker, guint n, gsize size)
{
  gpointer array = g_malloc0_n (n + 1, size);

  g_ptr_array_add (maker->arrays, array);
  return array;
}

static guint
roll (Maker *maker, guint n)
{
  return (guint)g_rand_int_range (maker->rand, 0, (gint32)n);
}

/* Text of @least to about @most bytes with everything in it that JSON has to escape, and what it need not. */
static char *
make_text (Maker *maker, guint least, guint most)
{
  static const char *const pieces[] = { "a",
                                        "Z",
                                        "0",
                                        " ",
                                        "\"",
                                        "\\",
                                        "/",
                                        "\n",
                                        "\x01",
                                        "\x7f",
                                        "\xc3\xa4",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "{",
                                        "\xef\xbf\xbd",
                                        "u0000" };
  guint length = roll (maker, 4) == 0 ? most : least + roll (maker, 12);
  g_autoptr (GString) text = g_string_new (NULL);

  while (text->len < least || text->len + 5 < length)
    g_string_append (text, pieces[roll (maker, G_N_ELEMENTS (pieces))]);
  return g_string_chunk_insert_len (maker->text, text->str, (gssize)text->len);
}

static char *
maybe_text (Maker *maker)
{
  return roll (maker, 2) == 0 ? NULL : make_text (maker, 1, HM_ID_MAX);
}

static HmTime
make_time (Maker *maker)
{
  return (HmTime)(chance_any_u64 (maker->rand) >> 1);
}

static HmTime
maybe_time (Maker *maker)
{
  return roll (maker, 2) == 0 ? HM_TIME_UNKNOWN : make_time (maker);
}

static gint64
make_span (Maker *maker)
{
  return (gint64)(chance_any_u64 (maker->rand) >> 1);
}

static HmAttr *
make_attrs (Maker *maker, guint n)
{
  HmAttr *attrs = make_array (maker, n, sizeof (HmAttr));

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *key = g_strdup_printf ("%s%u", make_text (maker, 0, 100), i);

      attrs[i].key = g_string_chunk_insert (maker->text, key);
      attrs[i].value = make_text (maker, 0, HM_ATTR_MAX);
    }
  return attrs;
}

static HmValue
make_value (Maker *maker, HmValueType type)
{
  HmValue value = { .type = type, .u64 = chance_any_u64 (maker->rand) };

  if (type == HM_VALUE_DOUBLE && !isfinite (value.f64))
    value.f64 = 0.5;
  return value;
}

static void
make_sample (Maker *maker, HmSample *sample)
{
  g_autoptr (GPtrArray) meters = hm_meter_table_list (maker->table);

  if (roll (maker, 3) != 0)
    {
      const HmMeter *meter = g_ptr_array_index (meters, roll (maker, meters->len));

      *sample = (HmSample){ .meter = meter->name, .type = meter->type, .unit = meter->unit };
      sample->value = make_value (maker, meter->value);
    }
  else
    {
      *sample = (HmSample){ .meter = "foreign", .type = (HmMeterType)roll (maker, 3), .unit = "apples/h" };
      sample->value = make_value (maker, (HmValueType)roll (maker, 3));
      if (sample->value.type == HM_VALUE_I64) /* what is not negative would be taken for a u64 */
        sample->value.i64 = -1 - (sample->value.i64 & G_MAXINT64);
    }
  sample->device = maybe_text (maker);
  sample->epoch = maybe_text (maker);
  sample->epoch_start = maybe_time (maker);
  sample->start = maybe_time (maker);
  sample->n_attrs = roll (maker, 4) == 0 ? roll (maker, 4) : 0;
  sample->attrs = make_attrs (maker, sample->n_attrs);
}

static void
make_samples (Maker *maker, HmRecord *record)
{
  HmSample *samples;

  record->n_samples = roll (maker, 6);
  samples = make_array (maker, record->n_samples, sizeof (HmSample));
  for (guint i = 0; i < record->n_samples; i++)
    make_sample (maker, &samples[i]);
  record->samples = samples;
}

static void
make_lifecycle (Maker *maker, HmRecord *record)
{
  static const char *const events[] = { "described", "started", "migrated-in", "flavor-changed", "lost" };

  record->event = events[roll (maker, G_N_ELEMENTS (events))];
  record->device = maybe_text (maker);
  record->not_before = maybe_time (maker);
  record->last_read = maybe_time (maker);
  record->observed = roll (maker, 2) == 0 ? "event" : "comparison";
  record->n_description = roll (maker, 6);
  record->description = make_attrs (maker, record->n_description);
  make_samples (maker, record);
}

static void
make_gap (Maker *maker, HmRecord *record)
{
  record->from = make_time (maker);
  record->to = make_time (maker);
  if (record->to < record->from)
    record->to = record->from;
  record->records = chance_any_u64 (maker->rand);
  record->resources = chance_any_u64 (maker->rand);
  record->reason = make_text (maker, 1, HM_ID_MAX);
}

static void
make_heartbeat (Maker *maker, HmRecord *record)
{
  HmBinCount *bins;

  record->backlog = chance_any_u64 (maker->rand);
  record->oldest_unsent = maybe_time (maker);
  record->n_bins = roll (maker, 4);
  bins = make_array (maker, record->n_bins, sizeof (HmBinCount));
  for (guint i = 0; i < record->n_bins; i++)
    bins[i] = (HmBinCount){ .epoch = make_text (maker, 1, HM_ID_MAX),
                            .bin = make_span (maker),
                            .records = chance_any_u64 (maker->rand),
                            .sum = chance_any_u64 (maker->rand) };
  record->bins = bins;
}

static void
make_frame (Maker *maker, HmRecord *record)
{
  record->source = make_text (maker, 1, HM_ID_MAX);
  record->agent = (HmAgentStamp){ .id = make_text (maker, 1, HM_ID_MAX),
                                  .epoch = make_text (maker, 1, HM_ID_MAX),
                                  .bin = make_span (maker),
                                  .cpus = (guint32)chance_any_u64 (maker->rand),
                                  .metering_since = maybe_time (maker) };
  record->seq = chance_any_u64 (maker->rand) | 1;
  record->resource = (HmResourceStamp){ .id = make_text (maker, 1, HM_ID_MAX),
                                        .kind = make_text (maker, 1, HM_ID_MAX),
                                        .project = maybe_text (maker),
                                        .user = make_text (maker, 0, HM_ID_MAX),
                                        .flavor = maybe_text (maker),
                                        .state = (HmState)roll (maker, HM_STATE_LOST + 1),
                                        .epoch = maybe_text (maker),
                                        .epoch_start = maybe_time (maker) };
  record->time = make_time (maker);
  record->read_ns = make_span (maker);
  record->interval_ns = make_span (maker);
  if (roll (maker, 4) != 0)
    record->clock = (HmClockStamp){ .boot = make_text (maker, 1, HM_ID_MAX),
                                    .boot_ns = make_span (maker),
                                    .synced = roll (maker, 2) == 1,
                                    .max_error_ns = roll (maker, 2) == 0 ? -1 : make_span (maker) };
}

static void
make_record (Maker *maker, HmRecord *record)
{
  hm_record_init (record, (HmRecordKind)roll (maker, HM_RECORD_HEARTBEAT + 1));
  make_frame (maker, record);
  if (record->kind == HM_RECORD_SAMPLES)
    make_samples (maker, record);
  else if (record->kind == HM_RECORD_LIFECYCLE)
    make_lifecycle (maker, record);
  else if (record->kind == HM_RECORD_GAP)
    make_gap (maker, record);
  else
    make_heartbeat (maker, record);
}

RandomRecord *
random_record_new (GRand *rand, HmMeterTable *table)
{
  Maker *maker = g_new0 (Maker, 1);

  maker->rand = rand;
  maker->table = table;
  maker->text = g_string_chunk_new (1024);
  maker->arrays = g_ptr_array_new_with_free_func (g_free);
  make_record (maker, &maker->public.record);
  return &maker->public;
}

void
random_record_free (RandomRecord *random)
{
  Maker *maker = (Maker *)random;

  g_string_chunk_free (maker->text);
  g_ptr_array_unref (maker->arrays);
  g_free (maker);
}
