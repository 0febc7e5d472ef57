/* SPDX-License-Identifier: Apache-2.0 */
/* meter: what makes a meter's row sound, and the table of all that one program knows.
 *
 * The registry checks and collects the rows of plugins at start; the build writes them out as meters.json;
 * the collector loads that and its decoder looks meters up from then on. Filled on one thread, then
 * read-only. */
#include "metering/meter.h"

#include <string.h>

#include "metering/error.h"
#include "metering/unit.h"

#define NAME_MAX_LENGTH 64
#define HELP_MAX        1000

static const char *const type_names[]
    = { [HM_CUMULATIVE] = "cumulative", [HM_GAUGE] = "gauge", [HM_DELTA] = "delta" };
static const char *const hold_names[]
    = { [HM_HOLD_NONE] = "none", [HM_HOLD_EXISTENCE] = "existence", [HM_HOLD_ALLOCATION] = "allocation",
        [HM_HOLD_DISK] = "disk", [HM_HOLD_ACTIVITY] = "activity",   [HM_HOLD_STATE] = "state" };
static const char *const life_names[]
    = { [HM_LIFE_PROCESS] = "process", [HM_LIFE_DEVICE] = "device", [HM_LIFE_GUEST] = "guest" };
static const char *const value_names[]
    = { [HM_VALUE_U64] = "u64", [HM_VALUE_I64] = "i64", [HM_VALUE_DOUBLE] = "double" };

/* -- words of the enumerations -- */

static const char *
word_at (const char *const *words, gsize n, guint i)
{
  return i < n ? words[i] : NULL;
}

static gboolean
word_parse (const char *const *words, gsize n, const char *name, guint *ret_i)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (name, words[i]) == 0)
      {
        *ret_i = i;
        return TRUE;
      }
  return FALSE;
}

#define DEFINE_WORDS(prefix, Type, words)                                                                    \
  const char *prefix##_name (Type value)                                                                     \
  {                                                                                                          \
    return word_at (words, G_N_ELEMENTS (words), (guint)value);                                              \
  }                                                                                                          \
  gboolean prefix##_parse (const char *name, Type *ret_value)                                                \
  {                                                                                                          \
    guint i;                                                                                                 \
                                                                                                             \
    if (!word_parse (words, G_N_ELEMENTS (words), name, &i))                                                 \
      return FALSE;                                                                                          \
    *ret_value = (Type)i;                                                                                    \
    return TRUE;                                                                                             \
  }

DEFINE_WORDS (hm_meter_type, HmMeterType, type_names)
DEFINE_WORDS (hm_hold, HmHold, hold_names)
DEFINE_WORDS (hm_life, HmLife, life_names)
DEFINE_WORDS (hm_value_type, HmValueType, value_names)

/* -- one row -- */

gboolean
hm_meter_name_valid (const char *name)
{
  gsize length = name != NULL ? strlen (name) : 0;

  return length >= 1 && length <= NAME_MAX_LENGTH && g_ascii_islower (name[0])
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == length;
}

/* A counter that wraps counts whole numbers upwards. */
static gboolean
wrap_is_sound (const HmMeter *meter)
{
  if (meter->wrap == 0)
    return TRUE;
  return (meter->wrap == 32 || meter->wrap == 64) && meter->type == HM_CUMULATIVE
         && meter->value == HM_VALUE_U64;
}

char *
hm_meter_check (const HmMeter *meter)
{
  if (!hm_meter_name_valid (meter->name))
    return g_strdup ("its name is not 1 to 64 characters of [a-z0-9_.] that start with a letter");
  if (hm_meter_type_name (meter->type) == NULL)
    return g_strdup_printf ("it has no type of number %d", (int)meter->type);
  if (meter->unit == NULL || hm_unit_find (meter->unit) == NULL)
    return g_strdup_printf ("its unit \"%s\" is not in the unit table",
                            meter->unit != NULL ? meter->unit : "");
  if (hm_value_type_name (meter->value) == NULL)
    return g_strdup_printf ("it has no value type of number %d", (int)meter->value);
  if (meter->needs >> HM_FIELD_COUNT != 0)
    return g_strdup_printf ("it needs snapshot fields that do not exist (0x%x)", meter->needs);
  if (hm_hold_name (meter->hold) == NULL)
    return g_strdup_printf ("it has no hold of number %d", (int)meter->hold);
  if (!wrap_is_sound (meter))
    return g_strdup ("its wrap is not 0, or 32 or 64 of a cumulative u64");
  if (hm_life_name (meter->life) == NULL)
    return g_strdup_printf ("it has no life of number %d", (int)meter->life);
  if (meter->help == NULL || *meter->help == '\0' || !g_utf8_validate (meter->help, -1, NULL))
    return g_strdup ("its help is empty or not UTF-8");
  return NULL;
}

/* -- the table -- */

typedef struct
{
  HmMeter meter; /* text of the table's chunk */
  const char *origin;
} Entry;

struct HmMeterTable
{
  GHashTable *entries; /* name → Entry */
  GStringChunk *text;
};

HmMeterTable *
hm_meter_table_new (void)
{
  HmMeterTable *table = g_new (HmMeterTable, 1);

  table->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  table->text = g_string_chunk_new (4096);
  return table;
}

void
hm_meter_table_free (HmMeterTable *table)
{
  if (table == NULL)
    return;
  g_hash_table_unref (table->entries);
  g_string_chunk_free (table->text);
  g_free (table);
}

static gboolean
check_same (const Entry *entry, const HmMeter *meter, const char *origin, GError **error)
{
  const HmMeter *first = &entry->meter;

  if (first->type == meter->type && first->value == meter->value && g_str_equal (first->unit, meter->unit))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "meter %s: %s makes it %s in %s (%s), but %s made it %s in %s (%s) before", meter->name,
               origin, hm_meter_type_name (meter->type), meter->unit, hm_value_type_name (meter->value),
               entry->origin, hm_meter_type_name (first->type), first->unit,
               hm_value_type_name (first->value));
  return FALSE;
}

/* The table is written out as JSON, so what would not fit there is not let in. */
static gboolean
check_writable (const HmMeter *meter, const char *origin, GError **error)
{
  if (hm_meter_name_valid (meter->name) && meter->unit != NULL && hm_unit_name_valid (meter->unit)
      && hm_meter_type_name (meter->type) != NULL && hm_value_type_name (meter->value) != NULL
      && hm_hold_name (meter->hold) != NULL && hm_life_name (meter->life) != NULL)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: a meter's row is not valid", origin);
  return FALSE;
}

gboolean
hm_meter_table_add (HmMeterTable *table, const HmMeter *meter, const char *origin, GError **error)
{
  g_autofree char *help = NULL;
  const Entry *known;
  Entry *entry;
  char *name;

  if (!check_writable (meter, origin, error))
    return FALSE;
  known = g_hash_table_lookup (table->entries, meter->name);
  if (known != NULL)
    return check_same (known, meter, origin, error);

  help = hm_text_clean (meter->help != NULL ? meter->help : "", HELP_MAX, NULL);
  entry = g_new (Entry, 1);
  entry->meter = *meter;
  entry->meter.name = name = g_string_chunk_insert (table->text, meter->name);
  entry->meter.unit = g_string_chunk_insert_const (table->text, meter->unit);
  entry->meter.help = g_string_chunk_insert (table->text, help);
  entry->origin = g_string_chunk_insert_const (table->text, origin);
  g_hash_table_insert (table->entries, name, entry);
  return TRUE;
}

const HmMeter *
hm_meter_table_find (const HmMeterTable *table, const char *name)
{
  const Entry *entry = g_hash_table_lookup (table->entries, name);

  return entry != NULL ? &entry->meter : NULL;
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  const HmMeter *const *left = a, *const *right = b;

  return strcmp ((*left)->name, (*right)->name);
}

GPtrArray *
hm_meter_table_list (const HmMeterTable *table)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (list, &((Entry *)value)->meter);
  g_ptr_array_sort (list, by_name);
  return list;
}
