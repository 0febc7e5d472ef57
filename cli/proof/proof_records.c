/* SPDX-License-Identifier: Apache-2.0 */
/* proof_records: the segments of what is proven, and the stored records behind them, exported where that is asked for. */
#include "cli/proof/proof_private.h"

#include "cli/usage/segments.h"
#include "metering/count.h"

static void
show_segment (const HmProving *proving, const HmLifeSum *segment)
{
  const HmShadowInterval *first = segment->first;
  g_autofree char *count = hm_count_print (segment->intervals, "interval");
  const HmProofRow row = { .part = "segment",
                           .id = count,
                           .from = first->from,
                           .to = segment->last->to,
                           .device = first->device,
                           .agent = first->agent,
                           .life = *first->sample_epoch != '\0' ? first->sample_epoch : first->epoch,
                           .counts = TRUE,
                           .quantity = segment->quantity,
                           .covered_ns = segment->covered_ns,
                           .flags = segment->flags };

  hm_proof_row (proving, &row);
}

/* Whose it was else is not said: what is shown may be shown to this one. */
static void
show_others (const HmProving *proving, const GPtrArray *others)
{
  g_autoptr (GArray) spans = hm_spans_new (others);

  for (guint i = 0; i < spans->len; i++)
    {
      const HmSpan *span = &g_array_index (spans, HmSpan, i);
      const HmProofRow row
          = { .part = "other-owner", .device = span->device, .from = span->from, .to = span->to };

      hm_proof_row (proving, &row);
    }
}

/* Fills in what @row says of the record, writes it, and shows it. */
static gboolean
show_stored (HmProving *proving, HmProofRow *row, const HmShadowRecord *stored, GError **error)
{
  g_autoptr (HmProofRecord) record
      = hm_proof_record_read (&proving->reading, &proving->proven, stored, error);
  g_autofree char *file = NULL;

  if (record == NULL)
    return FALSE;
  row->agent = record->agent;
  row->id = record->ce_id;
  row->sha256 = record->sha256;
  row->record = record;
  if (proving->folder != NULL)
    {
      if (!hm_proof_export (proving->trees, record, proving->folder, ++proving->exported, error))
        return FALSE;
      row->file = file = g_strdup_printf ("%06u", proving->exported);
    }
  hm_proof_row (proving, row);
  return TRUE;
}

/* The record before: its reading is the value in force, or what the next one is the difference to. */
static gboolean
show_opening (HmProving *proving, const HmShadowInterval *interval, GError **error)
{
  HmTime at = interval->has_base ? interval->base_time : interval->opened->time;
  HmProofRow row = { .part = "opening",
                     .from = at,
                     .to = at,
                     .device = interval->device,
                     .life = *interval->sample_epoch != '\0' ? interval->sample_epoch : interval->epoch };

  if (interval->opened != NULL)
    return show_stored (proving, &row, interval->opened, error);
  hm_proof_row (proving, &row); /* it is gone */
  return TRUE;
}

static gboolean
show_record (HmProving *proving, const HmShadowInterval *interval, GError **error)
{
  HmProofRow row = { .part = "record",
                     .from = interval->from,
                     .to = interval->to,
                     .device = interval->device,
                     .life = *interval->sample_epoch != '\0' ? interval->sample_epoch : interval->epoch,
                     .counts = TRUE,
                     .quantity = interval->amount,
                     .covered_ns = interval->covered_ns,
                     .flags = interval->flags };

  return show_stored (proving, &row, interval->record, error);
}

gboolean
hm_proof_show_records (HmProving *proving, const HmShadowFolded *folded, GError **error)
{
  const GPtrArray *intervals = folded->intervals;
  g_autoptr (GArray) segments = hm_segments_new (intervals);
  g_autoptr (GHashTable) shown = hm_shown_new ();
  guint64 limit = (guint64)proving->reading.limit;

  for (guint i = 0; i < segments->len; i++)
    show_segment (proving, &g_array_index (segments, HmLifeSum, i));
  show_others (proving, folded->others);
  for (guint i = 0; i < intervals->len && (limit == 0 || i < limit); i++)
    {
      const HmShadowInterval *interval = g_ptr_array_index (intervals, i);

      if (interval->record == NULL)
        continue;
      if (hm_shown_opening (shown, interval) && !show_opening (proving, interval, error))
        return FALSE;
      if (!show_record (proving, interval, error))
        return FALSE;
    }
  return TRUE;
}
