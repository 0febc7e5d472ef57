/* SPDX-License-Identifier: Apache-2.0 */
/* bins: see bins.h. An array in the order of time. What is counted is nearly always of the newest bin, so it is looked for from the end. */
#include "agent/outbox/bins.h"

#include <string.h>

#include "metering/signature.h"

struct HmBins
{
  GArray *rows;         /* (element-type HmBinCount) by bin, then epoch */
  GStringChunk *epochs; /* of this process and of those before it that left something: few */
  guint64 dropped;
};

HmBins *
hm_bins_new (void)
{
  HmBins *bins = g_new0 (HmBins, 1);

  bins->rows = g_array_new (FALSE, FALSE, sizeof (HmBinCount));
  bins->epochs = g_string_chunk_new (256);
  return bins;
}

void
hm_bins_free (HmBins *bins)
{
  if (bins == NULL)
    return;
  g_array_unref (bins->rows);
  g_string_chunk_free (bins->epochs);
  g_free (bins);
}

static HmBinCount *
row_at (const HmBins *bins, guint i)
{
  return &g_array_index (bins->rows, HmBinCount, i);
}

static int
compare (const HmBinCount *row, const char *epoch, gint64 bin)
{
  if (row->bin != bin)
    return row->bin < bin ? -1 : 1;
  return strcmp (row->epoch, epoch);
}

/* Where the bin is, or would be. TRUE: it is there. */
static gboolean
find (const HmBins *bins, const char *epoch, gint64 bin, guint *ret_index)
{
  guint i = bins->rows->len;
  int order = -1;

  while (i > 0 && (order = compare (row_at (bins, i - 1), epoch, bin)) > 0)
    i--;
  *ret_index = order == 0 ? i - 1 : i;
  return order == 0;
}

static HmBinCount *
insert (HmBins *bins, const char *epoch, gint64 bin, guint index)
{
  HmBinCount row = { .epoch = g_string_chunk_insert_const (bins->epochs, epoch), .bin = bin };

  g_array_insert_val (bins->rows, index, row);
  return row_at (bins, index);
}

static void
add (HmBins *bins, const HmBinCount *count)
{
  guint index;
  gboolean known = find (bins, count->epoch, count->bin, &index);
  HmBinCount *row = known ? row_at (bins, index) : insert (bins, count->epoch, count->bin, index);

  row->records += count->records;
  row->sum += count->sum;
  if (bins->rows->len <= HM_JOURNAL_BINS_MAX)
    return;
  g_array_remove_index (bins->rows, 0);
  bins->dropped++;
}

void
hm_bins_count (HmBins *bins, const char *epoch, gint64 bin, const char *id)
{
  add (bins, &(HmBinCount){ .epoch = epoch, .bin = bin, .records = 1, .sum = hm_id_sum (id) });
}

void
hm_bins_take (HmBins *bins, const HmBinCount *said, guint n)
{
  guint index;

  for (guint i = 0; i < n; i++)
    if (find (bins, said[i].epoch, said[i].bin, &index))
      g_array_remove_index (bins->rows, index);
}

void
hm_bins_put_back (HmBins *bins, const HmBinCount *said, guint n)
{
  for (guint i = 0; i < n; i++)
    add (bins, &said[i]);
}

GArray *
hm_bins_ended (const HmBins *bins, const char *epoch, gint64 bin, guint max)
{
  GArray *ended = g_array_new (FALSE, FALSE, sizeof (HmBinCount));

  for (guint i = 0; i < bins->rows->len && ended->len < max; i++)
    {
      const HmBinCount *row = row_at (bins, i);

      if (row->bin < bin || !g_str_equal (row->epoch, epoch))
        g_array_append_val (ended, *row);
    }
  return ended;
}

guint
hm_bins_size (const HmBins *bins)
{
  return bins->rows->len;
}

guint64
hm_bins_dropped (const HmBins *bins)
{
  return bins->dropped;
}

/* -- the journal -- */

void
hm_bins_load (HmBins *bins, const HmJournal *journal)
{
  g_array_set_size (bins->rows, 0);
  for (guint i = 0; i < journal->bins->len; i++)
    add (bins, &g_array_index (journal->bins, HmBinCount, i));
}

void
hm_bins_store (const HmBins *bins, HmJournal *journal)
{
  g_array_set_size (journal->bins, 0);
  g_string_chunk_clear (journal->text);
  for (guint i = 0; i < bins->rows->len; i++)
    {
      HmBinCount row = *row_at (bins, i);

      row.epoch = g_string_chunk_insert_const (journal->text, row.epoch);
      g_array_append_val (journal->bins, row);
    }
}
