/* SPDX-License-Identifier: Apache-2.0 */
/* decode_walk: the JSON reader's events, taken along the shapes of a record. The most exposed code of the
 * project: whoever may write to the topic chooses every byte. Called by decode.c alone, on its thread.
 *
 * Text is not copied piece by piece: the document is a copy already, a text gets its NUL in the place of its
 * closing quote, which the reader has passed by then, and the record points into the document. Memory is
 * bounded by the size of the document, the stack by the frames.
 *
 * The first thing that is wrong is the reason, with one exception: of a schema that we do not know, nothing
 * else can be judged. So a walk that found something wrong before it saw the schema goes on, looking for the
 * schema alone. */
#include "metering/decode_walk.h"

#include <string.h>

#define DEPTH_MAX 16

/* -- values -- */

/* @text as the record's own, with a NUL. Only what was written with escapes lies outside of the document. */
static HmScalar
own (HmWalk *walk, const char *text, gsize length)
{
  HmDecoded *out = walk->out;
  guintptr at = (guintptr)text - (guintptr)out->document;

  if (at < walk->length)
    {
      out->document[at + length] = '\0';
      return (HmScalar){ out->document + at, (guint32)length, TRUE };
    }
  if (out->text == NULL)
    out->text = g_string_chunk_new (256);
  return (HmScalar){ g_string_chunk_insert_len (out->text, text, (gssize)length), (guint32)length, TRUE };
}

static gboolean
take_schema (HmWalk *walk, HmScalar scalar)
{
  for (HmRecordKind kind = HM_RECORD_SAMPLES; scalar.quoted && kind <= HM_RECORD_HEARTBEAT; kind++)
    if (strcmp (scalar.text, hm_record_schema (kind)) == 0)
      {
        walk->out->record.kind = kind;
        walk->schema_seen = TRUE;
        return walk->refusal == HM_REFUSED_NOT; /* what was wrong before is the reason now */
      }
  g_clear_pointer (&walk->detail, g_free);
  walk->refusal = HM_REFUSED_NOT;
  walk->schema_seen = TRUE;
  return hm_walk_refuse_value (walk, HM_REFUSED_BAD_SCHEMA, scalar, "a schema that is known");
}

static gboolean
take_meter (HmWalk *walk, const HmMember *member, HmScalar scalar)
{
  if (!scalar.quoted)
    return hm_walk_refuse_value (walk, HM_REFUSED_BAD_TYPE, scalar, hm_member_expects (member));
  walk->meter = hm_meter_index_find (walk->meters, scalar.text, scalar.length);
  walk->sample.meter = walk->meter != NULL ? walk->meter->name : scalar.text;
  if (walk->meter == NULL && !hm_meter_name_valid (scalar.text))
    return hm_walk_refuse_value (walk, HM_REFUSED_OUT_OF_RANGE, scalar, hm_member_expects (member));
  return TRUE;
}

static gboolean
take_member (HmWalk *walk, HmFrame *frame, HmScalar scalar)
{
  const HmMember *member = frame->member;
  HmRefusal refusal;

  if (member->kind == HM_MEMBER_SCHEMA)
    return take_schema (walk, scalar);
  if (member->kind == HM_MEMBER_METER)
    return take_meter (walk, member, scalar);
  if (member->kind == HM_MEMBER_VALUE)
    {
      walk->value = scalar;
      return TRUE;
    }
  refusal = hm_member_store (member, frame->base, scalar);
  return refusal == HM_REFUSED_NOT
         || hm_walk_refuse_value (walk, refusal, scalar, hm_member_expects (member));
}

static gboolean
take_pair (HmWalk *walk, HmFrame *frame, HmScalar scalar)
{
  if (!scalar.quoted)
    return hm_walk_refuse_value (walk, HM_REFUSED_BAD_TYPE, scalar, "a text");
  if (scalar.length > HM_ATTR_MAX)
    return hm_walk_refuse (walk, HM_REFUSED_TOO_LARGE, "a text of %u bytes, more than %d", scalar.length,
                           HM_ATTR_MAX);
  if (frame->rows->len - frame->first == HM_ATTRS_MAX)
    return hm_walk_refuse (walk, HM_REFUSED_TOO_LARGE, "more than %d pairs", HM_ATTRS_MAX);
  walk->pair.value = scalar.text;
  g_array_append_val (frame->rows, walk->pair);
  return TRUE;
}

/* Whether a value that comes now is one that we want. */
static gboolean
is_wanted (HmWalk *walk)
{
  return walk->skip == 0 && walk->n_frames > 0
         && (hm_walk_top (walk)->kind != HM_FRAME_OBJECT || hm_walk_top (walk)->member != NULL);
}

static gboolean
on_scalar (HmWalk *walk, HmScalar scalar)
{
  HmFrame *frame = hm_walk_top (walk);

  if (frame->kind == HM_FRAME_OBJECT)
    return take_member (walk, frame, scalar);
  if (frame->kind == HM_FRAME_PAIRS)
    return take_pair (walk, frame, scalar);
  return hm_walk_refuse_kind (walk, scalar.quoted ? "a text" : "a number");
}

static gboolean
refuse_document (HmWalk *walk)
{
  return hm_walk_stop (walk, HM_REFUSED_BAD_JSON, "the record is not an object");
}

static gboolean
on_string (gpointer user, const char *text, gsize length)
{
  HmWalk *walk = user;

  if (walk->depth == 0)
    return refuse_document (walk);
  return !is_wanted (walk) || on_scalar (walk, own (walk, text, length));
}

/* A number within an object always ends in the document, so it can be kept as it is, without a NUL. */
static gboolean
on_number (gpointer user, const char *text, gsize length)
{
  HmWalk *walk = user;
  guintptr at = (guintptr)text - (guintptr)walk->out->document;

  if (walk->depth == 0)
    return refuse_document (walk);
  if (at >= walk->length)
    return hm_walk_stop (walk, HM_REFUSED_BAD_JSON, "the text ends within a number");
  return !is_wanted (walk)
         || on_scalar (walk, (HmScalar){ walk->out->document + at, (guint32)length, FALSE });
}

static gboolean
on_boolean (gpointer user, gboolean value)
{
  HmWalk *walk = user;
  HmFrame *frame;

  if (walk->depth == 0)
    return refuse_document (walk);
  if (!is_wanted (walk))
    return TRUE;
  frame = hm_walk_top (walk);
  if (frame->kind != HM_FRAME_OBJECT || frame->member->kind != HM_MEMBER_FLAG)
    return hm_walk_refuse_kind (walk, value ? "true" : "false");
  *(gboolean *)G_STRUCT_MEMBER_P (frame->base, frame->member->offset) = value;
  return TRUE;
}

static gboolean
on_null (gpointer user)
{
  HmWalk *walk = user;

  if (walk->depth == 0)
    return refuse_document (walk);
  return !is_wanted (walk) || hm_walk_refuse_kind (walk, "null");
}

/* -- objects and lists -- */

static void
push (HmWalk *walk, HmFrame frame)
{
  g_assert (walk->n_frames < HM_FRAMES_MAX);
  walk->frames[walk->n_frames++] = frame;
}

static gboolean
push_element (HmWalk *walk)
{
  const HmFrame *list = hm_walk_top (walk);
  HmFrame frame = { .kind = HM_FRAME_OBJECT, .shape = list->shape };

  if (list->rows->len == HM_RECORD_SAMPLES_MAX)
    return hm_walk_refuse (walk, HM_REFUSED_TOO_LARGE, "more than %d of them", HM_RECORD_SAMPLES_MAX);
  if (list->shape == &hm_shape_sample)
    {
      walk->sample = (HmSample){ .epoch_start = HM_TIME_UNKNOWN, .start = HM_TIME_UNKNOWN };
      walk->meter = NULL;
      frame.base = &walk->sample;
    }
  else
    {
      walk->bin = (HmBinCount){ NULL };
      frame.base = &walk->bin;
    }
  push (walk, frame);
  return TRUE;
}

static gboolean
push_object (HmWalk *walk)
{
  const HmFrame *parent = hm_walk_top (walk);
  GArray *rows = parent->shape == &hm_shape_sample ? walk->attrs : walk->description;

  if (parent->kind == HM_FRAME_LIST)
    return push_element (walk);
  if (parent->kind != HM_FRAME_OBJECT
      || (parent->member->kind != HM_MEMBER_OBJECT && parent->member->kind != HM_MEMBER_PAIRS))
    return hm_walk_refuse_kind (walk, "an object");
  if (parent->member->kind == HM_MEMBER_OBJECT)
    push (walk, (HmFrame){ HM_FRAME_OBJECT, .shape = parent->member->shape, .base = &walk->out->record });
  else
    push (walk, (HmFrame){ HM_FRAME_PAIRS, .rows = rows, .first = rows->len });
  walk->pair = (HmAttr){ NULL };
  return TRUE;
}

static gboolean
push_list (HmWalk *walk)
{
  const HmFrame *parent = hm_walk_top (walk);

  if (parent->kind != HM_FRAME_OBJECT || parent->member->kind != HM_MEMBER_LIST)
    return hm_walk_refuse_kind (walk, "an array");
  push (walk, (HmFrame){ HM_FRAME_LIST, .shape = parent->member->shape,
                         .rows = parent->member->shape == &hm_shape_sample ? walk->samples : walk->bins });
  return TRUE;
}

static gboolean
start (HmWalk *walk, gboolean (*push_known) (HmWalk *walk))
{
  gboolean wanted = is_wanted (walk);

  if (walk->depth == DEPTH_MAX)
    return hm_walk_stop (walk, HM_REFUSED_BAD_JSON, "nested deeper than %d", DEPTH_MAX);
  walk->depth++;
  if (wanted)
    return push_known (walk);
  walk->skip++;
  return TRUE;
}

static gboolean
on_start_map (gpointer user)
{
  HmWalk *walk = user;

  if (walk->depth > 0)
    return start (walk, push_object);
  walk->depth = 1;
  push (walk, (HmFrame){ HM_FRAME_OBJECT, .shape = &hm_shape_record, .base = &walk->out->record });
  return TRUE;
}

static gboolean
on_start_array (gpointer user)
{
  HmWalk *walk = user;

  return walk->depth > 0 ? start (walk, push_list) : refuse_document (walk);
}

static const HmMember *
find_member (HmFrame *frame, const char *key, gsize length)
{
  const HmShape *shape = frame->shape;

  for (guint i = 0, at = frame->next; i < shape->n_members; i++, at++)
    {
      const HmMember *member;

      if (at >= shape->n_members)
        at = 0;
      member = &shape->members[at];
      if (member->length == length && memcmp (member->name, key, length) == 0)
        {
          frame->next = at + 1;
          return member;
        }
    }
  return NULL;
}

static gboolean
take_key (HmWalk *walk, HmFrame *frame, const char *key, gsize length)
{
  guint32 bit;

  frame->member = find_member (frame, key, length);
  if (walk->refusal != HM_REFUSED_NOT && frame->member != NULL && frame->member->kind != HM_MEMBER_SCHEMA)
    frame->member = NULL;
  if (frame->member == NULL)
    return TRUE;
  bit = 1u << (frame->member - frame->shape->members);
  if ((frame->seen & bit) != 0)
    return hm_walk_refuse (walk, HM_REFUSED_BAD_JSON, "a key twice");
  frame->seen |= bit;
  return TRUE;
}

static gboolean
take_pair_key (HmWalk *walk, HmFrame *frame, HmScalar key)
{
  walk->pair.key = key.text;
  if (key.length == 0 || key.length > HM_ID_MAX)
    return hm_walk_refuse (walk, key.length == 0 ? HM_REFUSED_OUT_OF_RANGE : HM_REFUSED_TOO_LARGE,
                           "a key of %u bytes, not 1 to %d", key.length, HM_ID_MAX);
  for (guint i = frame->first; i < frame->rows->len; i++)
    if (strcmp (g_array_index (frame->rows, HmAttr, i).key, key.text) == 0)
      return hm_walk_refuse (walk, HM_REFUSED_BAD_JSON, "a key twice");
  return TRUE;
}

static gboolean
on_map_key (gpointer user, const char *text, gsize length)
{
  HmWalk *walk = user;

  if (walk->skip > 0)
    return TRUE;
  if (hm_walk_top (walk)->kind == HM_FRAME_PAIRS)
    return take_pair_key (walk, hm_walk_top (walk), own (walk, text, length));
  return take_key (walk, hm_walk_top (walk), text, length);
}

static gboolean
on_end (gpointer user)
{
  HmWalk *walk = user;

  if (walk->skip == 0 && !hm_walk_finish (walk))
    return FALSE;
  /* Refused just now, this very object may be among those to pass over. */
  if (walk->skip > 0)
    walk->skip--;
  else
    walk->n_frames--;
  walk->depth--;
  return TRUE;
}

gboolean
hm_walk_run (HmWalk *walk, HmDecoded *out, gsize length)
{
  static const HmJsonHandler handler = {
    .null = on_null,
    .boolean = on_boolean,
    .number = on_number,
    .string = on_string,
    .start_map = on_start_map,
    .map_key = on_map_key,
    .end_map = on_end,
    .start_array = on_start_array,
    .end_array = on_end,
  };
  static const HmRefusal refusals[] = {
    [HM_JSON_SYNTAX] = HM_REFUSED_BAD_JSON,
    [HM_JSON_UTF8] = HM_REFUSED_BAD_UTF8,
  };
  g_autofree char *detail = NULL;
  HmJsonResult result;

  walk->out = out;
  walk->length = length;
  walk->n_frames = walk->depth = walk->skip = 0;
  walk->schema_seen = FALSE;
  walk->refusal = HM_REFUSED_NOT;
  g_clear_pointer (&walk->detail, g_free);
  g_array_set_size (walk->samples, 0);
  g_array_set_size (walk->bins, 0);
  g_array_set_size (walk->attrs, 0);
  g_array_set_size (walk->description, 0);

  result = hm_json_read (out->document, length, &handler, walk, &detail);
  if ((result == HM_JSON_SYNTAX || result == HM_JSON_UTF8) && walk->refusal == HM_REFUSED_NOT)
    {
      walk->refusal = refusals[result];
      walk->detail = g_steal_pointer (&detail);
    }
  return walk->refusal == HM_REFUSED_NOT;
}
