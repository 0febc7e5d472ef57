/* SPDX-License-Identifier: Apache-2.0 */
/* roster: see roster.h. Made on the main thread and on the scheduler's, read by every worker that polls. */
#include "agent/schedule/roster.h"

typedef struct
{
  const HmMeter *meter;
  HmSourceSet wants;    /* sources whose patterns match it */
  HmSourceSet carriers; /* of those the ones that carry it for some resource */
} Entry;

typedef struct
{
  const HmPlugin *plugin;
  Entry *entries; /* one per row of its table */
  guint n_entries;
} Pollster;

struct HmRoster
{
  HmPolling *polling;
  GPtrArray *sources; /* (element-type HmPollingSource) by rank */
  GArray *pollsters;  /* (element-type Pollster) */
  GHashTable *by_row; /* (element-type HmMeter HmSourceSet) who wants a meter … */
  GHashTable *wants;  /* (element-type text HmSourceSet) … and the same by its name */
  gint refs;
};

G_STATIC_ASSERT (HM_POLLING_SOURCES_MAX <= 8 * sizeof (HmSourceSet));

static HmSourceSet
bit (guint rank)
{
  return G_GUINT64_CONSTANT (1) << rank;
}

/* Sources of one interval keep their order. */
static void
rank_sources (HmRoster *roster)
{
  const GPtrArray *sources = roster->polling->sources;

  for (guint i = 0; i < sources->len; i++)
    {
      HmPollingSource *source = g_ptr_array_index (sources, i);
      guint place = roster->sources->len;

      while (place > 0 && hm_roster_source (roster, place - 1)->interval_ns > source->interval_ns)
        place--;
      g_ptr_array_insert (roster->sources, (gint)place, source);
    }
}

/* From the first source that is for every resource on, nobody else ever carries the meter. */
static Entry
make_entry (const HmRoster *roster, const HmMeter *meter)
{
  Entry entry = { .meter = meter };
  gboolean taken = FALSE;

  for (guint i = 0; i < roster->sources->len; i++)
    {
      const HmPollingSource *source = hm_roster_source (roster, i);

      if (!hm_meter_filter_wants (source->filter, meter))
        continue;
      entry.wants |= bit (i);
      entry.carriers |= taken ? 0 : bit (i);
      taken |= source->resources == NULL;
    }
  return entry;
}

static void
add_pollster (HmRoster *roster, const HmPlugin *plugin)
{
  Pollster pollster = { .plugin = plugin };
  const HmMeter *meters = plugin->meters;

  while (meters != NULL && meters[pollster.n_entries].name != NULL)
    pollster.n_entries++;
  pollster.entries = g_new0 (Entry, pollster.n_entries + 1);
  for (guint i = 0; i < pollster.n_entries; i++)
    {
      pollster.entries[i] = make_entry (roster, &meters[i]);
      g_hash_table_insert (roster->by_row, (gpointer)(guintptr)&meters[i], &pollster.entries[i].wants);
      g_hash_table_insert (roster->wants, (gpointer)(guintptr)meters[i].name, &pollster.entries[i].wants);
    }
  g_array_append_val (roster->pollsters, pollster);
}

static void
clear_pollster (gpointer data)
{
  g_free (((Pollster *)data)->entries);
}

HmRoster *
hm_roster_new (HmPolling *polling, const GArray *pollsters)
{
  HmRoster *roster = g_new0 (HmRoster, 1);

  roster->polling = hm_polling_ref (polling);
  roster->sources = g_ptr_array_new ();
  roster->pollsters = g_array_new (FALSE, FALSE, sizeof (Pollster));
  g_array_set_clear_func (roster->pollsters, clear_pollster);
  roster->by_row = g_hash_table_new (NULL, NULL);
  roster->wants = g_hash_table_new (g_str_hash, g_str_equal);
  roster->refs = 1;
  rank_sources (roster);
  for (guint i = 0; i < pollsters->len; i++)
    add_pollster (roster, g_array_index (pollsters, const HmPlugin *, i));
  return roster;
}

HmRoster *
hm_roster_ref (HmRoster *roster)
{
  g_atomic_int_inc (&roster->refs);
  return roster;
}

void
hm_roster_unref (HmRoster *roster)
{
  if (roster == NULL || !g_atomic_int_dec_and_test (&roster->refs))
    return;
  g_hash_table_unref (roster->by_row);
  g_hash_table_unref (roster->wants);
  g_array_unref (roster->pollsters);
  g_ptr_array_unref (roster->sources);
  hm_polling_unref (roster->polling);
  g_free (roster);
}

/* -- what it says -- */

static const Pollster *
pollster_at (const HmRoster *roster, guint i)
{
  return &g_array_index (roster->pollsters, Pollster, i);
}

guint
hm_roster_n_pollsters (const HmRoster *roster)
{
  return roster->pollsters->len;
}

const HmPlugin *
hm_roster_pollster (const HmRoster *roster, guint pollster)
{
  return pollster_at (roster, pollster)->plugin;
}

guint
hm_roster_n_sources (const HmRoster *roster)
{
  return roster->sources->len;
}

HmSourceSet
hm_roster_all (const HmRoster *roster)
{
  HmSourceSet all = 0;

  for (guint i = 0; i < roster->sources->len; i++)
    all |= bit (i);
  return all;
}

const HmPollingSource *
hm_roster_source (const HmRoster *roster, guint rank)
{
  return g_ptr_array_index (roster->sources, rank);
}

HmSourceSet
hm_roster_of (const HmRoster *roster, const char *id)
{
  HmSourceSet of = 0;

  for (guint i = 0; i < roster->sources->len; i++)
    if (hm_polling_source_has (hm_roster_source (roster, i), id))
      of |= bit (i);
  return of;
}

gboolean
hm_roster_has_duty (const HmRoster *roster, guint pollster, HmSourceSet due)
{
  const Pollster *p = pollster_at (roster, pollster);

  for (guint i = 0; i < p->n_entries; i++)
    if ((p->entries[i].carriers & due) != 0)
      return TRUE;
  return FALSE;
}

HmFields
hm_roster_fields (const HmRoster *roster, HmSourceSet due)
{
  HmFields fields = 0;

  for (guint i = 0; i < roster->pollsters->len; i++)
    for (guint j = 0; j < pollster_at (roster, i)->n_entries; j++)
      {
        const Entry *entry = &pollster_at (roster, i)->entries[j];

        if ((entry->carriers & due) != 0)
          fields |= entry->meter->needs;
      }
  return fields;
}

/* -- one call -- */

/* The lowest bit is the shortest interval: it carries the meter, due or not. */
static HmSourceSet
carrier (const HmDuty *duty, HmSourceSet wants)
{
  HmSourceSet candidates = wants & duty->of;

  return candidates & (0 - candidates) & duty->due;
}

gboolean
hm_duty_has (const HmDuty *duty, guint pollster)
{
  const Pollster *p = pollster_at (duty->roster, pollster);

  for (guint i = 0; i < p->n_entries; i++)
    if (carrier (duty, p->entries[i].wants) != 0)
      return TRUE;
  return FALSE;
}

const HmPollingSource *
hm_duty_source (const HmDuty *duty, const char *meter)
{
  const HmSourceSet *wants = g_hash_table_lookup (duty->roster->wants, meter);
  HmSourceSet source = wants != NULL ? carrier (duty, *wants) : 0;

  return source != 0 ? hm_roster_source (duty->roster, (guint)__builtin_ctzll (source)) : NULL;
}

/* Once per sample, so not by its text. */
gboolean
hm_duty_wants (const HmMeter *meter, gconstpointer duty)
{
  const HmSourceSet *wants = g_hash_table_lookup (((const HmDuty *)duty)->roster->by_row, meter);

  return wants != NULL && carrier (duty, *wants) != 0;
}
