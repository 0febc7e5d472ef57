/* SPDX-License-Identifier: Apache-2.0 */
/* bucket_read: the cells of a row out of the text that bucket_json.c makes of them.
 *
 * Read as a stream, since a query reads very many rows, nearly all with the texts of the row before: those are looked for in the cells that
 * are to be replaced first. Only that form is taken: what is out of order,
 * doubled, unknown or out of range was not written here, and is refused like any bad input. Any thread. */
#include "collector/usage/bucket.h"

#include <string.h>

#include "metering/error.h"
#include "metering/json.h"

#define LIMBS 5

typedef struct Reader Reader;

/* Takes the text of one member; FALSE when it cannot be what that member holds. */
typedef gboolean (*Take) (Reader *reader, const char *text, gsize length);

typedef struct
{
  const char *name;
  gboolean number; /* may come as a number; a large one comes as text all the same */
  Take take;
} Member;

struct Reader
{
  GPtrArray *cells;
  const GPtrArray *before; /* (element-type HmCell) those that are replaced */
  HmCell *cell;            /* the one that is open, or NULL */
  const HmCell *like;      /* (nullable) the one that it replaces */
  const Member *member;    /* whose value is next, or NULL */
  guint32 members;         /* bits of those that the cell has had */
  gint64 limbs[LIMBS];
  guint n_limbs;
  guint depth;
};

/* @like (nullable): an interned text, which it may be. No text has a NUL in it. */
static char *
intern (const char *like, const char *text, gsize length)
{
  g_autofree char *copy = NULL;

  if (like != NULL && strncmp (like, text, length) == 0 && like[length] == '\0')
    return g_ref_string_acquire ((char *)(guintptr)like);
  copy = g_strndup (text, length);
  return g_ref_string_new_intern (copy);
}

static gboolean
take_device (Reader *reader, const char *text, gsize length)
{
  reader->cell->device = intern (reader->like != NULL ? reader->like->device : NULL, text, length);
  return TRUE;
}

static gboolean
take_meter (Reader *reader, const char *text, gsize length)
{
  reader->cell->meter = intern (reader->like != NULL ? reader->like->meter : NULL, text, length);
  return TRUE;
}

static gboolean
take_epoch (Reader *reader, const char *text, gsize length)
{
  reader->cell->epoch = intern (reader->like != NULL ? reader->like->epoch : NULL, text, length);
  return TRUE;
}

static gboolean
take_unit (Reader *reader, const char *text, gsize length)
{
  reader->cell->unit = intern (reader->like != NULL ? reader->like->unit : NULL, text, length);
  return TRUE;
}

static gboolean
take_type (Reader *reader, const char *text, gsize length)
{
  static const char letters[] = { [HM_CUMULATIVE] = 'c', [HM_GAUGE] = 'g', [HM_DELTA] = 'd' };

  for (guint i = 0; i < G_N_ELEMENTS (letters); i++)
    if (length == 1 && *text == letters[i])
      {
        reader->cell->type = (HmMeterType)i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
take_i64 (const char *text, gsize length, gint64 least, gint64 *ret_number)
{
  HmValue value;

  if (!hm_value_parse (text, length, HM_VALUE_I64, &value) || value.i64 < least)
    return FALSE;
  *ret_number = value.i64;
  return TRUE;
}

static gboolean
take_limb (Reader *reader, const char *text, gsize length)
{
  return reader->depth == 3 && reader->n_limbs < LIMBS
         && take_i64 (text, length, G_MININT64, &reader->limbs[reader->n_limbs++]);
}

static gboolean
take_covered (Reader *reader, const char *text, gsize length)
{
  return take_i64 (text, length, 0, &reader->cell->covered_ns);
}

static gboolean
take_flags (Reader *reader, const char *text, gsize length)
{
  gint64 flags;

  if (!take_i64 (text, length, 0, &flags) || flags >> HM_FLAG_COUNT != 0)
    return FALSE;
  reader->cell->flags = (guint32)flags;
  return TRUE;
}

static gboolean
take_count (Reader *reader, const char *text, gsize length)
{
  HmValue value;

  if (!hm_value_parse (text, length, HM_VALUE_U64, &value))
    return FALSE;
  reader->cell->count = value.u64;
  return TRUE;
}

static gboolean
take_last_time (Reader *reader, const char *text, gsize length)
{
  return take_i64 (text, length, G_MININT64, &reader->cell->last_time);
}

static gboolean
take_value (const char *text, gsize length, HmValue *ret_value)
{
  return hm_value_parse (text, length, HM_VALUE_U64, ret_value)
         || hm_value_parse (text, length, HM_VALUE_I64, ret_value)
         || hm_value_parse (text, length, HM_VALUE_DOUBLE, ret_value);
}

static gboolean
take_min (Reader *reader, const char *text, gsize length)
{
  return take_value (text, length, &reader->cell->min);
}

static gboolean
take_max (Reader *reader, const char *text, gsize length)
{
  return take_value (text, length, &reader->cell->max);
}

static gboolean
take_last (Reader *reader, const char *text, gsize length)
{
  return take_value (text, length, &reader->cell->last);
}

enum
{
  MEMBER_DEVICE,
  MEMBER_METER,
  MEMBER_EPOCH,
  MEMBER_TYPE,
  MEMBER_UNIT,
  MEMBER_QUANTITY,
  MEMBER_COVERED,
  MEMBER_FLAGS,
  MEMBER_COUNT,
  MEMBER_LAST_TIME,
  MEMBER_MIN,
  MEMBER_MAX,
  MEMBER_LAST,
};

static const Member members[] = {
  [MEMBER_DEVICE] = { "d", FALSE, take_device },  [MEMBER_METER] = { "m", FALSE, take_meter },
  [MEMBER_EPOCH] = { "e", FALSE, take_epoch },    [MEMBER_TYPE] = { "t", FALSE, take_type },
  [MEMBER_UNIT] = { "u", FALSE, take_unit },      [MEMBER_QUANTITY] = { "q", TRUE, take_limb },
  [MEMBER_COVERED] = { "c", TRUE, take_covered }, [MEMBER_FLAGS] = { "f", TRUE, take_flags },
  [MEMBER_COUNT] = { "n", TRUE, take_count },     [MEMBER_LAST_TIME] = { "l", TRUE, take_last_time },
  [MEMBER_MIN] = { "min", TRUE, take_min },       [MEMBER_MAX] = { "max", TRUE, take_max },
  [MEMBER_LAST] = { "last", TRUE, take_last },
};

#define BIT(member) (1u << (member))
#define MANDATORY                                                                                            \
  (BIT (MEMBER_METER) | BIT (MEMBER_TYPE) | BIT (MEMBER_UNIT) | BIT (MEMBER_QUANTITY) | BIT (MEMBER_COVERED))
#define SAMPLED (BIT (MEMBER_COUNT) | BIT (MEMBER_LAST_TIME))
#define RANGE   (BIT (MEMBER_MIN) | BIT (MEMBER_MAX) | BIT (MEMBER_LAST))

static gboolean
all_or_none (guint32 had, guint32 of)
{
  return (had & of) == 0 || (had & of) == of;
}

static int
compare_cells (const HmCell *a, const HmCell *b)
{
  int order = strcmp (a->device, b->device);

  if (order == 0)
    order = strcmp (a->meter, b->meter);
  return order != 0 ? order : strcmp (a->epoch, b->epoch);
}

static gboolean
on_start_map (gpointer user)
{
  Reader *reader = user;

  if (reader->depth != 1)
    return FALSE;
  reader->depth = 2;
  reader->like = reader->cells->len < reader->before->len ? reader->before->pdata[reader->cells->len] : NULL;
  reader->cell = g_new0 (HmCell, 1);
  reader->cell->last_time = HM_TIME_UNKNOWN;
  reader->members = 0;
  reader->n_limbs = 0;
  memset (reader->limbs, 0, sizeof (reader->limbs));
  g_ptr_array_add (reader->cells, reader->cell);
  return TRUE;
}

/* The cells must be in order, which also says that no key is there twice. */
static gboolean
on_end_map (gpointer user)
{
  Reader *reader = user;
  HmCell *cell = reader->cell;
  const HmCell *before
      = reader->cells->len > 1 ? g_ptr_array_index (reader->cells, reader->cells->len - 2) : NULL;

  if (cell->device == NULL)
    take_device (reader, "", 0);
  if (cell->epoch == NULL)
    take_epoch (reader, "", 0);
  cell->has_range = (reader->members & RANGE) == RANGE;
  reader->cell = NULL;
  reader->depth = 1;
  return (reader->members & MANDATORY) == MANDATORY && all_or_none (reader->members, SAMPLED)
         && all_or_none (reader->members, RANGE) && hm_limbs_to_int128 (reader->limbs, &cell->quantity)
         && (before == NULL || compare_cells (before, cell) < 0);
}

static gboolean
on_map_key (gpointer user, const char *text, gsize length)
{
  Reader *reader = user;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (strlen (members[i].name) == length && memcmp (members[i].name, text, length) == 0)
      {
        gboolean twice = (reader->members & BIT (i)) != 0;

        reader->member = &members[i];
        reader->members |= BIT (i);
        return !twice;
      }
  return FALSE;
}

static gboolean
on_start_array (gpointer user)
{
  Reader *reader = user;
  gboolean limbs = reader->depth == 2 && reader->member == &members[MEMBER_QUANTITY];

  reader->depth++;
  return limbs || reader->depth == 1;
}

static gboolean
on_end_array (gpointer user)
{
  ((Reader *)user)->depth--;
  return TRUE;
}

static gboolean
on_string (gpointer user, const char *text, gsize length)
{
  Reader *reader = user;

  return reader->cell != NULL && reader->member->take (reader, text, length);
}

static gboolean
on_number (gpointer user, const char *text, gsize length)
{
  Reader *reader = user;

  return reader->cell != NULL && reader->member->number && reader->member->take (reader, text, length);
}

static gboolean
refuse (gpointer user G_GNUC_UNUSED)
{
  return FALSE;
}

static gboolean
refuse_boolean (gpointer user G_GNUC_UNUSED, gboolean value G_GNUC_UNUSED)
{
  return FALSE;
}

gboolean
hm_bucket_cells_from_json (HmBucket *bucket, const char *json, gsize length, GError **error)
{
  static const HmJsonHandler handler = { .null = refuse,
                                         .boolean = refuse_boolean,
                                         .number = on_number,
                                         .string = on_string,
                                         .start_map = on_start_map,
                                         .map_key = on_map_key,
                                         .end_map = on_end_map,
                                         .start_array = on_start_array,
                                         .end_array = on_end_array };
  g_autoptr (HmBucket) read = hm_bucket_new ();
  g_autofree char *detail = NULL;
  Reader reader = { .cells = read->cells, .before = bucket->cells };

  if (hm_json_read (json, length, &handler, &reader, &detail) != HM_JSON_OK)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "cells of a bucket: cell %u: %s", read->cells->len,
                   detail);
      return FALSE;
    }
  read->cells = g_steal_pointer (&bucket->cells);
  bucket->cells = reader.cells;
  return TRUE;
}
