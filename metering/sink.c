/* SPDX-License-Identifier: Apache-2.0 */
/* sink: takes a pollster's samples, and leaves out what nobody asked for.
 *
 * A poll worker owns one, fills it through one pollster after the other for one resource, turns it into a
 * record and clears it. Once warm it takes no memory from the allocator. */
#include "metering/sink.h"

#include <math.h>
#include <string.h>

#include "metering/arena.h"
#include "metering/record.h"

typedef struct
{
  const char *meter;
  const char *device; /* (nullable) */
} Absent;

struct HmSink
{
  const HmMeterFilter *filter;
  HmSinkWanted wanted; /* (nullable) */
  gconstpointer user;
  HmArena *arena;
  GArray *samples;     /* (element-type HmSample) */
  GArray *counters;    /* (element-type HmSample) of which a delta is to be made */
  GArray *absent;      /* (element-type Absent) */
  gboolean last_taken; /* whether the last value that was offered became the last sample */
  HmAttr *last_attrs;  /* the room for that sample's pairs */
};

HmSink *
hm_sink_new (const HmMeterFilter *filter)
{
  HmSink *sink = g_new0 (HmSink, 1);

  sink->filter = filter;
  sink->arena = hm_arena_new ();
  sink->samples = g_array_new (FALSE, FALSE, sizeof (HmSample));
  sink->counters = g_array_new (FALSE, FALSE, sizeof (HmSample));
  sink->absent = g_array_new (FALSE, FALSE, sizeof (Absent));
  return sink;
}

void
hm_sink_free (HmSink *sink)
{
  if (sink == NULL)
    return;
  g_array_unref (sink->samples);
  g_array_unref (sink->counters);
  g_array_unref (sink->absent);
  hm_arena_free (sink->arena);
  g_free (sink);
}

void
hm_sink_set_wanted (HmSink *sink, HmSinkWanted wanted, gconstpointer user)
{
  sink->wanted = wanted;
  sink->user = user;
}

static gboolean
is_wanted (const HmSink *sink, const HmMeter *meter)
{
  return hm_meter_filter_wants (sink->filter, meter)
         && (sink->wanted == NULL || sink->wanted (meter, sink->user));
}

static void
note_absent (HmSink *sink, const char *meter, const char *device)
{
  Absent absent = { meter, hm_arena_text (sink->arena, device) };

  g_array_append_val (sink->absent, absent);
}

static HmSample
make (HmSink *sink, const HmMeter *meter, const char *device, const HmLifeMark *life, HmValue value)
{
  gboolean has_life = life != NULL && life->epoch != NULL;

  return (HmSample){
    .meter = meter->name,
    .type = meter->type,
    .unit = meter->unit,
    .device = hm_arena_text (sink->arena, device),
    .value = value,
    .epoch = has_life ? hm_arena_text (sink->arena, life->epoch) : NULL,
    .epoch_start = has_life ? life->start : HM_TIME_UNKNOWN,
    .start = HM_TIME_UNKNOWN,
  };
}

static void
add (HmSink *sink, const HmMeter *meter, const char *device, const HmLifeMark *life, HmValue value)
{
  HmSample sample = make (sink, meter, device, life, value);

  g_array_append_val (sink->samples, sample);
  sink->last_taken = TRUE;
}

void
hm_sink_u64_life (HmSink *sink, const HmMeter *meter, const char *device, const HmLifeMark *life,
                  HmMaybe value)
{
  sink->last_taken = FALSE;
  g_return_if_fail (meter->value == HM_VALUE_U64);
  if (!is_wanted (sink, meter))
    return;
  if (value.given)
    add (sink, meter, device, life, (HmValue){ .type = HM_VALUE_U64, .u64 = value.value });
  else
    note_absent (sink, meter->name, device);
}

void
hm_sink_u64 (HmSink *sink, const HmMeter *meter, const char *device, HmMaybe value)
{
  hm_sink_u64_life (sink, meter, device, NULL, value);
}

void
hm_sink_delta (HmSink *sink, const HmMeter *meter, const char *device, const HmLifeMark *life,
               HmMaybe counter)
{
  HmSample sample;

  sink->last_taken = FALSE;
  g_return_if_fail (meter->type == HM_DELTA && meter->value == HM_VALUE_U64);
  if (!is_wanted (sink, meter))
    return;
  if (!counter.given)
    {
      note_absent (sink, meter->name, device);
      return;
    }
  sample = make (sink, meter, device, life, (HmValue){ .type = HM_VALUE_U64, .u64 = counter.value });
  g_array_append_val (sink->counters, sample);
}

void
hm_sink_value (HmSink *sink, const HmMeter *meter, const char *device, HmValue value)
{
  sink->last_taken = FALSE;
  g_return_if_fail (meter->value == value.type);
  if (!is_wanted (sink, meter))
    return;
  if (value.type != HM_VALUE_DOUBLE || isfinite (value.f64))
    add (sink, meter, device, NULL, value);
  else
    note_absent (sink, meter->name, device);
}

/* Room for one more pair at the end of the last sample's. The arena cannot grow what it gave, so it doubles.
 */
static HmAttr *
attr_room (HmSink *sink, HmSample *sample)
{
  gboolean full
      = sample->n_attrs == 0 || (sample->n_attrs >= 4 && (sample->n_attrs & (sample->n_attrs - 1)) == 0);

  if (full)
    {
      HmAttr *room = hm_arena_alloc (sink->arena, MAX (4, 2 * sample->n_attrs) * sizeof (HmAttr));

      if (sample->n_attrs > 0)
        memcpy (room, sink->last_attrs, sample->n_attrs * sizeof (HmAttr));
      sample->attrs = sink->last_attrs = room;
    }
  return &sink->last_attrs[sample->n_attrs++];
}

void
hm_sink_attr (HmSink *sink, const char *key, const char *value)
{
  HmSample *sample;
  HmAttr *attr;

  if (!sink->last_taken)
    return;
  sample = &g_array_index (sink->samples, HmSample, sink->samples->len - 1);
  g_return_if_fail (sample->n_attrs < HM_ATTRS_MAX);
  attr = attr_room (sink, sample);
  attr->key = hm_arena_text (sink->arena, key);
  attr->value = hm_arena_text (sink->arena, value);
}

guint
hm_sink_size (const HmSink *sink)
{
  return sink->samples->len;
}

const HmSample *
hm_sink_get (const HmSink *sink, guint i)
{
  return i < sink->samples->len ? &g_array_index (sink->samples, HmSample, i) : NULL;
}

const HmSample *
hm_sink_find (const HmSink *sink, const char *meter, const char *device)
{
  for (guint i = 0; i < sink->samples->len; i++)
    {
      const HmSample *sample = hm_sink_get (sink, i);

      if (g_str_equal (sample->meter, meter) && g_strcmp0 (sample->device, device) == 0)
        return sample;
    }
  return NULL;
}

gboolean
hm_sink_is_absent (const HmSink *sink, const char *meter, const char *device)
{
  for (guint i = 0; i < sink->absent->len; i++)
    {
      const Absent *absent = &g_array_index (sink->absent, Absent, i);

      if (g_str_equal (absent->meter, meter) && g_strcmp0 (absent->device, device) == 0)
        return TRUE;
    }
  return FALSE;
}

guint
hm_sink_absent (const HmSink *sink)
{
  return sink->absent->len;
}

HmSinkMark
hm_sink_mark (const HmSink *sink)
{
  return (HmSinkMark){ sink->samples->len, sink->counters->len, sink->absent->len };
}

void
hm_sink_rewind (HmSink *sink, HmSinkMark mark)
{
  g_array_set_size (sink->samples, mark.samples);
  g_array_set_size (sink->counters, mark.counters);
  g_array_set_size (sink->absent, mark.absent);
  sink->last_taken = FALSE;
}

void
hm_sink_clear (HmSink *sink)
{
  g_array_set_size (sink->samples, 0);
  g_array_set_size (sink->counters, 0);
  g_array_set_size (sink->absent, 0);
  hm_arena_clear (sink->arena);
  sink->last_taken = FALSE;
}

/* -- deltas -- */

guint
hm_sink_counters (const HmSink *sink)
{
  return sink->counters->len;
}

const HmSample *
hm_sink_counter (const HmSink *sink, guint i)
{
  return i < sink->counters->len ? &g_array_index (sink->counters, HmSample, i) : NULL;
}

void
hm_sink_settle (HmSink *sink, guint i, HmMaybe delta, HmTime start)
{
  HmSample sample = *hm_sink_counter (sink, i);

  sink->last_taken = FALSE;
  if (!delta.given)
    {
      note_absent (sink, sample.meter, sample.device);
      return;
    }
  sample.value.u64 = delta.value;
  sample.start = start;
  g_array_append_val (sink->samples, sample);
}
