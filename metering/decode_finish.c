/* SPDX-License-Identifier: Apache-2.0 */
/* decode_finish: the end of an object of a record: is everything there, does it fit together, and where does
 * it go. Called by the walk alone, on its thread. */
#include "metering/decode_walk.h"

#include <string.h>

#include "metering/unit.h"

/* Lays the refusal that follows at the door of one member of the object that ends. */
static void
blame (HmFrame *frame, const char *name)
{
  for (guint i = 0; i < frame->shape->n_members; i++)
    if (strcmp (frame->shape->members[i].name, name) == 0)
      frame->member = &frame->shape->members[i];
}

static gboolean
has_required (HmWalk *walk, HmFrame *frame)
{
  guint32 required = frame->shape->required, missing;

  if (frame->shape == &hm_shape_record && walk->schema_seen)
    required |= hm_shape_required (walk->out->record.kind);
  missing = required & ~frame->seen;
  if (missing == 0)
    return TRUE;
  frame->member = &frame->shape->members[g_bit_nth_lsf (missing, -1)];
  hm_walk_refuse (walk, HM_REFUSED_MISSING_FIELD, "missing");
  return FALSE;
}

/* A shipped meter is what its table says. */
static gboolean
is_known_meter (HmWalk *walk, HmFrame *frame, const HmMeter *meter)
{
  if (walk->sample.type != meter->type)
    {
      blame (frame, "type");
      hm_walk_refuse (walk, HM_REFUSED_BAD_TYPE, "%s, but %s is %s", hm_meter_type_name (walk->sample.type),
                      meter->name, hm_meter_type_name (meter->type));
      return FALSE;
    }
  if (strcmp (walk->sample.unit, meter->unit) != 0)
    {
      blame (frame, "unit");
      hm_walk_refuse (walk, HM_REFUSED_BAD_TYPE, "not %s, which is the unit of %s", meter->unit, meter->name);
      return FALSE;
    }
  walk->sample.unit = meter->unit;
  return TRUE;
}

static gboolean
is_foreign_meter (HmWalk *walk, HmFrame *frame)
{
  if (hm_unit_name_valid (walk->sample.unit))
    return TRUE;
  blame (frame, "unit");
  hm_walk_refuse (walk, HM_REFUSED_OUT_OF_RANGE, "not a unit's name");
  return FALSE;
}

static void
finish_sample (HmWalk *walk, HmFrame *frame)
{
  const HmMeter *meter = walk->meter;
  const char *expected;
  HmRefusal refusal;

  if (!(meter != NULL ? is_known_meter (walk, frame, meter) : is_foreign_meter (walk, frame)))
    return;
  refusal = hm_scalar_to_value (walk->value, meter != NULL ? &meter->value : NULL, &walk->sample.value,
                                &expected);
  if (refusal != HM_REFUSED_NOT)
    {
      blame (frame, "value");
      hm_walk_refuse_value (walk, refusal, walk->value, expected);
      return;
    }
  g_array_append_val (walk->samples, walk->sample);
}

static void
finish_record (HmWalk *walk, HmFrame *frame)
{
  const HmRecord *record = &walk->out->record;

  if (record->kind != HM_RECORD_GAP || record->to >= record->from)
    return;
  blame (frame, "to");
  hm_walk_refuse (walk, HM_REFUSED_OUT_OF_RANGE, "before from");
}

static void
finish_pairs (HmWalk *walk, const HmFrame *frame)
{
  guint n = frame->rows->len - frame->first;

  if (frame->rows == walk->attrs)
    walk->sample.n_attrs = n;
  else
    walk->out->record.n_description = n;
}

static void
finish_object (HmWalk *walk, HmFrame *frame)
{
  if (!has_required (walk, frame))
    return;
  if (frame->shape == &hm_shape_sample)
    finish_sample (walk, frame);
  else if (frame->shape == &hm_shape_bin)
    g_array_append_val (walk->bins, walk->bin);
  else if (frame->shape == &hm_shape_record)
    finish_record (walk, frame);
}

gboolean
hm_walk_finish (HmWalk *walk)
{
  HmFrame *frame = hm_walk_top (walk);

  /* Refused long ago: this is the end of a record that never said its schema. */
  if (walk->refusal != HM_REFUSED_NOT)
    return TRUE;
  if (frame->kind == HM_FRAME_OBJECT)
    finish_object (walk, frame);
  else if (frame->kind == HM_FRAME_PAIRS)
    finish_pairs (walk, frame);
  return walk->refusal == HM_REFUSED_NOT || !walk->schema_seen;
}
