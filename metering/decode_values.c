/* SPDX-License-Identifier: Apache-2.0 */
/* decode_values: how a text or number of a record becomes a member of a C struct, or why it cannot; and the
 * shipped meters, ready to be found. Called by decode.c alone, on its thread. */
#include "metering/decode.h"

#include <string.h>

/* -- integers, in number or in string form -- */

static gboolean
is_integer (HmScalar scalar)
{
  gsize at = scalar.length > 0 && scalar.text[0] == '-';

  return at < scalar.length && strspn (scalar.text + at, "0123456789") >= scalar.length - at;
}

static HmRefusal
parse_integer (HmScalar scalar, guint64 least, guint64 most, guint64 *ret_number)
{
  HmValue value;

  if (!hm_value_parse (scalar.text, scalar.length, HM_VALUE_U64, &value))
    return is_integer (scalar) ? HM_REFUSED_OUT_OF_RANGE : HM_REFUSED_BAD_TYPE;
  if (value.u64 < least || value.u64 > most)
    return HM_REFUSED_OUT_OF_RANGE;
  *ret_number = value.u64;
  return HM_REFUSED_NOT;
}

static HmRefusal
store_count32 (HmScalar scalar, guint32 *at)
{
  guint64 number = 0;
  HmRefusal refusal = parse_integer (scalar, 0, G_MAXUINT32, &number);

  *at = (guint32)number;
  return refusal;
}

static HmRefusal
store_span (HmScalar scalar, gint64 *at)
{
  guint64 number = 0;
  HmRefusal refusal = parse_integer (scalar, 0, G_MAXINT64, &number);

  *at = (gint64)number;
  return refusal;
}

/* -- texts -- */

static HmRefusal
store_text (HmScalar scalar, gsize least, const char **at)
{
  *at = scalar.text;
  if (scalar.length > HM_ID_MAX)
    return HM_REFUSED_TOO_LARGE;
  return scalar.length < least ? HM_REFUSED_OUT_OF_RANGE : HM_REFUSED_NOT;
}

static HmRefusal
store_one_of (HmScalar scalar, const char *const *names, const char **at)
{
  *at = scalar.text;
  return g_strv_contains (names, scalar.text) ? HM_REFUSED_NOT : HM_REFUSED_OUT_OF_RANGE;
}

static HmRefusal
store_quoted (const HmMember *member, HmScalar scalar, gpointer at)
{
  static const char *const observations[] = { "event", "comparison", NULL };
  static const char *const events[] = { "described",
                                        "defined",
                                        "started",
                                        "suspended",
                                        "resumed",
                                        "shutdown",
                                        "stopped",
                                        "crashed",
                                        "migrated-in",
                                        "migrated-out",
                                        "undefined",
                                        "device-added",
                                        "device-removed",
                                        "owner-changed",
                                        "flavor-changed",
                                        "exists",
                                        "found",
                                        "lost",
                                        NULL };

  switch (member->kind)
    {
    case HM_MEMBER_ID:
      return store_text (scalar, 1, at);
    case HM_MEMBER_TEXT:
      return store_text (scalar, 0, at);
    case HM_MEMBER_TIME:
      return hm_time_parse (scalar.text, (gssize)scalar.length, at) ? HM_REFUSED_NOT : HM_REFUSED_BAD_TYPE;
    case HM_MEMBER_STATE:
      return hm_state_parse (scalar.text, at) ? HM_REFUSED_NOT : HM_REFUSED_OUT_OF_RANGE;
    case HM_MEMBER_METER_TYPE:
      return hm_meter_type_parse (scalar.text, at) ? HM_REFUSED_NOT : HM_REFUSED_BAD_TYPE;
    case HM_MEMBER_EVENT:
      return store_one_of (scalar, events, at);
    case HM_MEMBER_OBSERVED:
      return store_one_of (scalar, observations, at);
    default:
      return HM_REFUSED_BAD_TYPE;
    }
}

/* -- members -- */

HmRefusal
hm_member_store (const HmMember *member, gpointer base, HmScalar scalar)
{
  gpointer at = G_STRUCT_MEMBER_P (base, member->offset);

  switch (member->kind)
    {
    case HM_MEMBER_COUNT:
      return parse_integer (scalar, 0, G_MAXUINT64, at);
    case HM_MEMBER_ORDINAL:
      return parse_integer (scalar, 1, G_MAXUINT64, at);
    case HM_MEMBER_SPAN:
      return store_span (scalar, at);
    case HM_MEMBER_COUNT32:
      return store_count32 (scalar, at);
    default:
      return scalar.quoted ? store_quoted (member, scalar, at) : HM_REFUSED_BAD_TYPE;
    }
}

const char *
hm_member_expects (const HmMember *member)
{
  static const char *const expected[] = {
    [HM_MEMBER_SCHEMA] = "a schema that is known",
    [HM_MEMBER_ID] = "a text of 1 to 255 bytes",
    [HM_MEMBER_TEXT] = "a text of up to 255 bytes",
    [HM_MEMBER_TIME] = "an RFC 3339 time of 1970 to 2262",
    [HM_MEMBER_STATE] = "a state",
    [HM_MEMBER_EVENT] = "a lifecycle event",
    [HM_MEMBER_OBSERVED] = "event or comparison",
    [HM_MEMBER_METER] = "a meter name",
    [HM_MEMBER_METER_TYPE] = "a meter type",
    [HM_MEMBER_VALUE] = "a number or an integer as text",
    [HM_MEMBER_COUNT] = "a u64",
    [HM_MEMBER_ORDINAL] = "a u64 from 1",
    [HM_MEMBER_SPAN] = "an i64 from 0",
    [HM_MEMBER_COUNT32] = "a u32",
    [HM_MEMBER_FLAG] = "true or false",
    [HM_MEMBER_OBJECT] = "an object",
    [HM_MEMBER_LIST] = "an array",
    [HM_MEMBER_PAIRS] = "an object of texts",
  };

  return expected[member->kind];
}

/* A double that is whole is written with a point, so what looks like an integer is one. */
static HmValueType
type_by_form (HmScalar scalar)
{
  if (!is_integer (scalar))
    return HM_VALUE_DOUBLE;
  return scalar.text[0] == '-' ? HM_VALUE_I64 : HM_VALUE_U64;
}

HmRefusal
hm_scalar_to_value (HmScalar scalar, const HmValueType *type, HmValue *ret_value, const char **ret_expected)
{
  static const char *const expected[] = {
    [HM_VALUE_U64] = "a u64",
    [HM_VALUE_I64] = "an i64",
    [HM_VALUE_DOUBLE] = "a finite number",
  };
  HmValueType wanted = type != NULL ? *type : type_by_form (scalar);

  *ret_expected = expected[wanted];
  if (wanted == HM_VALUE_DOUBLE && scalar.quoted)
    return HM_REFUSED_BAD_TYPE;
  if (hm_value_parse (scalar.text, scalar.length, wanted, ret_value))
    return HM_REFUSED_NOT;
  return wanted == HM_VALUE_DOUBLE || is_integer (scalar) ? HM_REFUSED_OUT_OF_RANGE : HM_REFUSED_BAD_TYPE;
}

/* -- meters -- */

/* Open addressing at half load at most. The meters are ours, so whatever names a sender makes up, a look-up
 * ends at the first free slot. */
struct HmMeterIndex
{
  const HmMeter **slots;
  guint32 mask;
};

/* FNV-1a. */
static guint32
hash_name (const char *name, gsize length)
{
  guint32 hash = 2166136261u;

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guint8)name[i]) * 16777619u;
  return hash;
}

HmMeterIndex *
hm_meter_index_new (const HmMeterTable *meters)
{
  HmMeterIndex *index = g_new0 (HmMeterIndex, 1);
  g_autoptr (GPtrArray) list = meters != NULL ? hm_meter_table_list (meters) : g_ptr_array_new ();
  guint32 size = 2;

  while (size < 2 * list->len + 1)
    size *= 2;
  index->mask = size - 1;
  index->slots = g_new0 (const HmMeter *, size);
  for (guint i = 0; i < list->len; i++)
    {
      const HmMeter *meter = g_ptr_array_index (list, i);
      guint32 slot = hash_name (meter->name, strlen (meter->name)) & index->mask;

      while (index->slots[slot] != NULL)
        slot = (slot + 1) & index->mask;
      index->slots[slot] = meter;
    }
  return index;
}

void
hm_meter_index_free (HmMeterIndex *index)
{
  g_free (index->slots);
  g_free (index);
}

const HmMeter *
hm_meter_index_find (const HmMeterIndex *index, const char *name, gsize length)
{
  guint32 slot = hash_name (name, length) & index->mask;

  for (; index->slots[slot] != NULL; slot = (slot + 1) & index->mask)
    if (strncmp (index->slots[slot]->name, name, length) == 0 && index->slots[slot]->name[length] == '\0')
      return index->slots[slot];
  return NULL;
}
