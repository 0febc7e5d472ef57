/* SPDX-License-Identifier: Apache-2.0 */
/* foreign: the store's meters at hand. */
#include "collector/engine/foreign.h"

#include <string.h>

typedef struct
{
  char *name, *unit;
  HmMeterType type;
} Meter;

struct HmForeign
{
  const HmStoreOps *ops;
  HmStore *store;
  const HmMeterTable *shipped;
  GHashTable *meters; /* by name; a Meter is its own key's owner */
  gboolean loaded;
};

static void
free_meter (gpointer data)
{
  Meter *meter = data;

  g_free (meter->name);
  g_free (meter->unit);
  g_free (meter);
}

static Meter *
add (HmForeign *foreign, const char *name, const char *unit, HmMeterType type)
{
  Meter *meter = g_new (Meter, 1);

  *meter = (Meter){ g_strdup (name), g_strdup (unit), type };
  g_hash_table_insert (foreign->meters, meter->name, meter);
  return meter;
}

static gboolean
load (const HmMeterRow *row, gpointer user)
{
  add (user, row->name, row->unit, row->type);
  return TRUE;
}

HmForeign *
hm_foreign_new (const HmStoreOps *ops, HmStore *store, const HmMeterTable *meters)
{
  HmForeign *foreign = g_new0 (HmForeign, 1);

  foreign->ops = ops;
  foreign->store = store;
  foreign->shipped = meters;
  foreign->meters = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_meter);
  return foreign;
}

gboolean
hm_foreign_load (HmForeign *foreign, GError **error)
{
  if (!foreign->loaded)
    foreign->loaded = foreign->ops->list_meters (foreign->store, load, foreign, error);
  if (!foreign->loaded)
    hm_foreign_forget (foreign); /* half of them */
  return foreign->loaded;
}

void
hm_foreign_forget (HmForeign *foreign)
{
  g_hash_table_remove_all (foreign->meters);
  foreign->loaded = FALSE;
}

void
hm_foreign_free (HmForeign *foreign)
{
  if (foreign == NULL)
    return;
  g_hash_table_unref (foreign->meters);
  g_free (foreign);
}

static char *
compare (const char *name, HmMeterType type, const char *unit, const HmSample *sample, HmRefusal *ret_refusal)
{
  if (type == sample->type && strcmp (unit, sample->unit) == 0)
    return NULL;
  *ret_refusal = HM_REFUSED_BAD_TYPE;
  return g_strdup_printf ("meter %s is a %s in %s, not a %s in %s", name, hm_meter_type_name (type), unit,
                          hm_meter_type_name (sample->type), sample->unit);
}

/* @named: (element-type HmSample) of the same record, by name: the first of each meter that is new. */
static char *
check (const HmForeign *foreign, const HmSample *sample, GHashTable *named, HmRefusal *ret_refusal)
{
  const Meter *known = g_hash_table_lookup (foreign->meters, sample->meter);
  const HmSample *first = known == NULL ? g_hash_table_lookup (named, sample->meter) : NULL;

  if (known != NULL)
    return compare (known->name, known->type, known->unit, sample, ret_refusal);
  if (first != NULL)
    return compare (first->meter, first->type, first->unit, sample, ret_refusal);
  if (g_hash_table_size (foreign->meters) + g_hash_table_size (named) >= HM_FOREIGN_METERS_MAX)
    {
      *ret_refusal = HM_REFUSED_OUT_OF_RANGE;
      return g_strdup_printf ("meter %s would be the %dth foreign one", sample->meter,
                              HM_FOREIGN_METERS_MAX + 1);
    }
  g_hash_table_insert (named, (gpointer)(gsize)sample->meter, (gpointer)(gsize)sample);
  return NULL;
}

static void
add_new (HmForeign *foreign, const HmSample *sample, HmBatchRows *rows)
{
  const Meter *added = add (foreign, sample->meter, sample->unit, sample->type);
  HmMeterRow row = { added->name, added->unit, added->type, sample->value.type };

  g_array_append_val (rows->meters, row);
}

/* Looks first and adds then, so that a record that is refused has defined nothing. */
char *
hm_foreign_check (HmForeign *foreign, const HmRecord *record, HmBatchRows *rows, HmRefusal *ret_refusal)
{
  g_autoptr (GHashTable) named = g_hash_table_new (g_str_hash, g_str_equal);
  char *reason = NULL;

  for (guint i = 0; reason == NULL && i < record->n_samples; i++)
    if (hm_meter_table_find (foreign->shipped, record->samples[i].meter) == NULL)
      reason = check (foreign, &record->samples[i], named, ret_refusal);
  for (guint i = 0; reason == NULL && i < record->n_samples; i++)
    if (g_hash_table_lookup (named, record->samples[i].meter) == &record->samples[i])
      add_new (foreign, &record->samples[i], rows);
  return reason;
}
