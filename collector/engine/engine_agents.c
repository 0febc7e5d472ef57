/* SPDX-License-Identifier: Apache-2.0 */
/* engine_agents: what a batch says of agents, where the store has to be asked about it: whether a dead letter is there
 * already, and whether a heartbeat says of a bin what was said before. Called while a batch is gathered. */
#include "collector/engine/engine_private.h"

#include <string.h>

/* -- dead letters -- */

typedef struct
{
  const HmArrival *arrival;
  gboolean same;
} Letter;

static gboolean
compare_letter (const HmDeadLetter *letter, gpointer user)
{
  Letter *sought = user;
  const HmArrival *arrival = sought->arrival;

  sought->same = letter->length == arrival->length
                 && (letter->length == 0 || memcmp (letter->value, arrival->value, letter->length) == 0);
  return !sought->same;
}

gboolean
hm_engine_has_letter (HmEngine *engine, const HmArrival *arrival, gboolean *ret_has, GError **error)
{
  Letter sought = { arrival, FALSE };

  if ((arrival->partition != HM_PARTITION_NONE || arrival->told != NULL)
      && !engine->ops->dead_letter_find (engine->store, arrival->topic, arrival->partition, arrival->offset,
                                         compare_letter, &sought, error))
    return FALSE;
  *ret_has = sought.same;
  return TRUE;
}

/* The same message may be there twice in one batch, when it was sent again before there was a word. */
static gboolean
is_stored (HmEngine *engine, const HmArrival *arrival, const HmBatchRows *rows, gboolean *ret_stored,
           GError **error)
{
  for (guint i = 0; arrival->told != NULL && i < rows->dead_letters->len; i++)
    {
      const HmDeadLetter *letter = &g_array_index (rows->dead_letters, HmDeadLetter, i);
      Letter sought = { arrival, FALSE };

      if (letter->partition == arrival->partition && letter->offset == arrival->offset)
        compare_letter (letter, &sought);
      *ret_stored = sought.same;
      if (sought.same)
        return TRUE;
    }
  return hm_engine_has_letter (engine, arrival, ret_stored, error);
}

gboolean
hm_engine_refuse (HmEngine *engine, HmArrival *arrival, HmBatchRows *rows, HmRefusal refusal,
                  const char *detail, GError **error)
{
  gboolean stored;

  arrival->letter = refusal;
  if (!is_stored (engine, arrival, rows, &stored, error))
    return FALSE;
  if (stored)
    return TRUE;
  hm_tally_refuse (rows->tally, arrival, engine->processes, HM_TALLY_REFUSED,
                   hm_batch_rows_refuse (rows, arrival, refusal, detail));
  return TRUE;
}

static char *
describe_conflict (const HmRecord *record)
{
  return g_strdup_printf ("record %" G_GUINT64_FORMAT " of agent %s (%s) on %s is stored with other bytes",
                          record->seq, record->agent.id, record->agent.epoch, record->resource.id);
}

gboolean
hm_engine_refuse_conflict (HmEngine *engine, HmArrival *arrival, HmBatchRows *rows, GError **error)
{
  const HmRecord *record = &arrival->decoded->record;
  g_autofree char *text = describe_conflict (record), *detail = g_strconcat ("conflict: ", text, NULL);
  gboolean stored;

  arrival->letter = HM_REFUSED_STORE;
  if (!is_stored (engine, arrival, rows, &stored, error))
    return FALSE;
  if (stored)
    return TRUE;
  hm_tally_refuse (rows->tally, arrival, engine->processes, HM_TALLY_CONFLICT,
                   hm_batch_rows_refuse (rows, arrival, HM_REFUSED_STORE, detail));
  hm_tally_note (rows->tally, HM_ANOMALY_CONFLICT, record->source, record->resource.id, text,
                 arrival->appended);
  return TRUE;
}

/* -- what heartbeats say of bins -- */

/* The words of one heartbeat, until they are looked up. */
typedef struct
{
  HmBatchRows *rows;
  const HmArrival *arrival;
  GArray *closed; /* (element-type HmBinClosed) */
} Words;

static void
note_said_twice (Words *words, const HmBinClosed *now, guint64 records, guint64 sum)
{
  g_autofree char *detail = g_strdup_printf (
      "epoch %s, bin %" G_GINT64_FORMAT ": %" G_GUINT64_FORMAT " records (sum %" G_GUINT64_FORMAT
      ") were said first, then %" G_GUINT64_FORMAT " (sum %" G_GUINT64_FORMAT ")",
      now->epoch, now->bin, records, sum, now->records, now->sum);

  if (now->records != records || now->sum != sum)
    hm_tally_note (words->rows->tally, HM_ANOMALY_BIN_SAID_TWICE, now->source, now->agent, detail, now->said);
}

static gboolean
compare_words (const HmBinState *stored, gpointer user)
{
  Words *words = user;

  for (guint i = 0; stored->is_closed && i < words->closed->len; i++)
    {
      const HmBinClosed *now = &g_array_index (words->closed, HmBinClosed, i);

      if (now->bin == stored->came.bin && strcmp (now->epoch, stored->came.epoch) == 0)
        note_said_twice (words, now, stored->records, stored->sum);
    }
  return TRUE;
}

static void
collect_words (Words *words, HmStoreFilter *period)
{
  const HmRecord *record = &words->arrival->decoded->record;
  gint64 first = HM_BIN_MAX, last = 0;

  for (guint i = 0; i < record->n_bins; i++)
    {
      const HmBinCount *said = &record->bins[i];
      HmBinClosed closed = { .source = record->source,
                             .agent = record->agent.id,
                             .epoch = said->epoch,
                             .bin = said->bin,
                             .records = said->records,
                             .sum = said->sum,
                             .said = words->arrival->appended };

      if (said->bin > HM_BIN_MAX)
        continue;
      g_array_append_val (words->closed, closed);
      first = MIN (first, said->bin);
      last = MAX (last, said->bin);
    }
  period->from = first * HM_BIN_NS;
  period->to = (last + 1) * HM_BIN_NS;
}

/* What was said first stands, in the store as in the batch. */
gboolean
hm_engine_close_bins (HmEngine *engine, const HmArrival *arrival, HmBatchRows *rows, GError **error)
{
  const HmRecord *record = &arrival->decoded->record;
  g_autoptr (GArray) closed = g_array_new (FALSE, FALSE, sizeof (HmBinClosed));
  Words words = { rows, arrival, closed };
  HmStoreFilter filter = { .source = record->source, .agent = record->agent.id };

  collect_words (&words, &filter);
  if (closed->len > 0 && !engine->ops->list_bins (engine->store, &filter, compare_words, &words, error))
    return FALSE;
  for (guint i = 0; i < closed->len; i++)
    {
      const HmBinClosed *now = &g_array_index (closed, HmBinClosed, i);
      const HmBinClosed *before = hm_tally_close (rows->tally, now);

      if (before != NULL)
        note_said_twice (&words, now, before->records, before->sum);
    }
  return TRUE;
}
