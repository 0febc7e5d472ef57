/* SPDX-License-Identifier: Apache-2.0 */
/* segments: see segments.h. Called by whoever explains or proves a figure. */
#include "cli/usage/segments.h"

#include <string.h>

static gboolean
is_of (const HmLifeSum *segment, const HmShadowInterval *interval)
{
  const HmShadowInterval *first = segment->first;

  return strcmp (first->device, interval->device) == 0 && strcmp (first->agent, interval->agent) == 0
         && strcmp (first->epoch, interval->epoch) == 0
         && strcmp (first->sample_epoch, interval->sample_epoch) == 0;
}

static HmLifeSum *
segment_of (GArray *segments, const HmShadowInterval *interval)
{
  const HmLifeSum fresh = { .first = interval };

  for (guint i = segments->len; i-- > 0;)
    if (is_of (&g_array_index (segments, HmLifeSum, i), interval))
      return &g_array_index (segments, HmLifeSum, i);
  g_array_append_val (segments, fresh);
  return &g_array_index (segments, HmLifeSum, segments->len - 1);
}

GArray *
hm_segments_new (const GPtrArray *intervals)
{
  GArray *segments = g_array_new (FALSE, FALSE, sizeof (HmLifeSum));

  for (guint i = 0; i < intervals->len; i++)
    {
      const HmShadowInterval *interval = g_ptr_array_index (intervals, i);
      HmLifeSum *segment = segment_of (segments, interval);

      segment->last = interval;
      segment->quantity += interval->amount;
      segment->covered_ns += interval->covered_ns;
      segment->flags |= interval->flags;
      segment->intervals++;
    }
  return segments;
}

static int
compare_intervals (gconstpointer a, gconstpointer b)
{
  const HmShadowInterval *left = *(const HmShadowInterval *const *)a,
                         *right = *(const HmShadowInterval *const *)b;
  int order = strcmp (left->device, right->device);

  return order != 0 ? order : (left->from > right->from) - (left->from < right->from);
}

GArray *
hm_spans_new (const GPtrArray *intervals)
{
  GArray *spans = g_array_new (FALSE, FALSE, sizeof (HmSpan));
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  HmSpan *last = NULL;

  for (guint i = 0; i < intervals->len; i++)
    if (((const HmShadowInterval *)intervals->pdata[i])->covered_ns > 0)
      g_ptr_array_add (sorted, intervals->pdata[i]);
  g_ptr_array_sort (sorted, compare_intervals);
  for (guint i = 0; i < sorted->len; i++)
    {
      const HmShadowInterval *interval = sorted->pdata[i];
      const HmSpan span = { interval->device, interval->from, interval->to };

      if (last != NULL && strcmp (last->device, span.device) == 0 && span.from <= last->to)
        last->to = MAX (last->to, span.to);
      else
        {
          g_array_append_val (spans, span);
          last = &g_array_index (spans, HmSpan, spans->len - 1);
        }
    }
  return spans;
}

GHashTable *
hm_shown_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static gboolean
note_shown (GHashTable *shown, const HmShadowInterval *interval, const HmShadowRecord *record)
{
  return g_hash_table_add (shown,
                           g_strdup_printf ("%p %s %s", (const void *)record,
                                            record == NULL ? interval->sample_epoch : "", interval->device));
}

gboolean
hm_shown_opening (GHashTable *shown, const HmShadowInterval *interval)
{
  gboolean is_new
      = (interval->opened != NULL || interval->has_base) && note_shown (shown, interval, interval->opened);

  note_shown (shown, interval, interval->record);
  return is_new;
}
