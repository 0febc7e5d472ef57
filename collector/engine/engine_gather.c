/* SPDX-License-Identifier: Apache-2.0 */
/* engine_gather: each arrival to its resource; repetitions, conflicts and strangers sorted out.
 *
 * Repetitions are recognised from the resource's own state, which knows every number that was taken; only
 * then are bytes compared, with the record in this batch or the one in the store. */
#include "collector/engine/engine_private.h"

#include <string.h>

#define DAY_NS (86400 * HM_NSEC_PER_SEC)

typedef enum
{
  REPETITION_NOT,   /* news after all */
  REPETITION_SAME,  /* the same bytes again */
  REPETITION_OTHER, /* other bytes under the same number */
} Repetition;

static guint
number_hash (gconstpointer key)
{
  const HmRecord *record = &((const HmArrival *)key)->decoded->record;

  return g_str_hash (record->agent.epoch) + (guint)record->seq * 2654435761u;
}

static gboolean
number_equal (gconstpointer a, gconstpointer b)
{
  const HmRecord *left = &((const HmArrival *)a)->decoded->record,
                 *right = &((const HmArrival *)b)->decoded->record;

  return left->seq == right->seq && strcmp (left->agent.epoch, right->agent.epoch) == 0
         && strcmp (left->agent.id, right->agent.id) == 0;
}

/* The record of that number among those of this batch. Most batches repeat nothing, so the index waits for
 * the first repetition. */
static const HmArrival *
find_taken (HmEntry *entry, const HmArrival *arrival)
{
  if (entry->taken->len == 0)
    return NULL;
  if (entry->index == NULL)
    {
      entry->index = g_hash_table_new (number_hash, number_equal);
      for (guint i = 0; i < entry->taken->len; i++)
        g_hash_table_add (entry->index, g_ptr_array_index (entry->taken, i));
    }
  return g_hash_table_lookup (entry->index, arrival);
}

typedef struct
{
  const HmArrival *arrival;
  Repetition result;
} Comparison;

/* A description whose bytes were erased cannot be compared any more; what repeats its number repeats it. */
static gboolean
compare_stored (const HmRawRow *row, gpointer user)
{
  Comparison *comparison = user;
  gboolean same = (row->description && row->value == NULL)
                  || (row->length == comparison->arrival->length
                      && memcmp (row->value, comparison->arrival->value, row->length) == 0);

  comparison->result = same ? REPETITION_SAME : REPETITION_OTHER;
  return FALSE;
}

/* Under the grain of its own time, or, as one that was not folded, of the time at which it was appended. */
static gboolean
find_stored (HmEngine *engine, Comparison *comparison, GError **error)
{
  const HmArrival *arrival = comparison->arrival;
  HmRawRow key;

  hm_batch_raw_row (arrival, engine->settings.grain_ns, &key);
  if (!engine->ops->raw_find (engine->store, &key, compare_stored, comparison, error))
    return FALSE;
  if (comparison->result != REPETITION_NOT)
    return TRUE;
  key.grain = hm_grain_of (arrival->appended, engine->settings.grain_ns);
  return engine->ops->raw_find (engine->store, &key, compare_stored, comparison, error);
}

static gboolean
find_again (HmEngine *engine, const HmArrival *arrival, Repetition *ret_result, GError **error)
{
  Comparison comparison = { arrival, REPETITION_NOT };

  if (!find_stored (engine, &comparison, error))
    return FALSE;
  *ret_result = comparison.result;
  return TRUE;
}

static gboolean
compare (HmEngine *engine, HmEntry *entry, const HmArrival *arrival, Repetition *ret_result, GError **error)
{
  const HmArrival *taken = find_taken (entry, arrival);

  if (taken != NULL)
    {
      gboolean same
          = taken->length == arrival->length && memcmp (taken->value, arrival->value, taken->length) == 0;

      *ret_result = same ? REPETITION_SAME : REPETITION_OTHER;
      return TRUE;
    }
  if (hm_entry_is_beyond (entry, arrival->decoded->record.time))
    {
      *ret_result = REPETITION_SAME; /* the raw row may be gone; and nothing would be counted anyway */
      return TRUE;
    }
  return find_again (engine, arrival, ret_result, error);
}

/* Said once per resource and day that the records are about. @count, @latest: the entry's, of that kind. */
static void
note_day (HmEntry *entry, const HmArrival *arrival, HmBatchRows *rows, HmAnomaly kind, guint *count,
          HmTime *latest)
{
  HmTime day = hm_grain_of (arrival->decoded->record.time, DAY_NS);
  char text[HM_TIME_TEXT_MAX];

  if ((*count)++ > 0 && *latest == day)
    return;
  *latest = day;
  hm_time_print (day, text);
  text[strlen ("2026-01-01")] = '\0';
  hm_tally_note (rows->tally, kind, entry->source, entry->resource, text, arrival->appended);
}

static void
note_left_out (HmEntry *entry, const HmArrival *arrival, HmBatchRows *rows)
{
  const HmRecord *record = &arrival->decoded->record;

  if (!hm_fold_takes_part (record))
    return;
  if (hm_entry_is_beyond (entry, record->time))
    note_day (entry, arrival, rows, HM_ANOMALY_BEYOND_HORIZON, &entry->beyond, &entry->beyond_day);
  else if (hm_arrival_is_future (record->time, arrival->appended))
    note_day (entry, arrival, rows, HM_ANOMALY_FUTURE, &entry->future, &entry->future_day);
}

/* No store has room for more than 63 bits. (transfer full) NULL: all of them fit */
static char *
check_numbers (const HmRecord *record)
{
  const struct
  {
    const char *what;
    guint64 number;
  } numbers[] = { { "sequence number", record->seq },
                  { "backlog", record->backlog },
                  { "number of records", record->records },
                  { "number of resources", record->resources } };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (numbers[i].number > G_MAXINT64)
      return g_strdup_printf ("%s %" G_GUINT64_FORMAT " is beyond 2^63 - 1", numbers[i].what,
                              numbers[i].number);
  for (guint i = 0; i < record->n_bins; i++)
    if (record->bins[i].records > G_MAXINT64)
      return g_strdup_printf ("number of records of a bin %" G_GUINT64_FORMAT " is beyond 2^63 - 1",
                              record->bins[i].records);
  return NULL;
}

static gboolean
take (HmEngine *engine, HmEntry *entry, HmArrival *arrival, HmBatchRows *rows, GError **error)
{
  const HmRecord *record = &arrival->decoded->record;
  g_autofree char *reason = check_numbers (record);
  HmRefusal refusal = HM_REFUSED_STORE;

  if (reason == NULL && arrival->foreign)
    reason = hm_foreign_check (engine->foreign, record, rows, &refusal);
  if (reason != NULL)
    return hm_engine_refuse (engine, arrival, rows, refusal, reason, error);
  if (entry->taken->len == 0)
    g_ptr_array_add (rows->touched, entry);
  g_ptr_array_add (entry->taken, arrival);
  if (entry->index != NULL)
    g_hash_table_add (entry->index, arrival);
  hm_seen_add (entry->seen, record->agent.id, record->agent.epoch, record->seq);
  hm_tally_take (rows->tally, arrival);
  note_left_out (entry, arrival, rows);
  rows->verified += arrival->verified;
  return record->n_bins == 0 || hm_engine_close_bins (engine, arrival, rows, error);
}

static gboolean
gather_one (HmEngine *engine, HmArrival *arrival, HmBatchRows *rows, GError **error)
{
  const HmRecord *record = &arrival->decoded->record;
  HmEntry *entry = hm_entry_cache_get (engine->cache, record->source, record->resource.id, error);
  Repetition repetition = REPETITION_NOT;

  if (entry == NULL)
    return FALSE;
  if (hm_seen_check (entry->seen, record->agent.id, record->agent.epoch, record->seq) == HM_SEEN_REPEATED)
    {
      if (!compare (engine, entry, arrival, &repetition, error))
        return FALSE;
    }
  else if (engine->doubts && !find_again (engine, arrival, &repetition, error))
    return FALSE;
  if (repetition == REPETITION_NOT)
    return take (engine, entry, arrival, rows, error);
  if (repetition == REPETITION_OTHER)
    return hm_engine_refuse_conflict (engine, arrival, rows, error);
  arrival->repeated = TRUE;
  hm_tally_repeat (rows->tally, arrival);
  return TRUE;
}

gboolean
hm_engine_gather (HmEngine *engine, HmArrival *const *arrivals, guint *n, HmBatchRows *rows, GError **error)
{
  guint i = 0;

  if (!hm_foreign_load (engine->foreign, error) || !hm_engine_load_processes (engine, error))
    return FALSE;
  for (; i < *n && (i == 0 || !hm_entry_cache_is_full (engine->cache)); i++)
    {
      arrivals[i]->repeated = FALSE;
      arrivals[i]->letter = HM_REFUSED_NOT;
      hm_batch_rows_move (rows, arrivals[i]);
      rows->verdicts[arrivals[i]->verdict]++;
      if (!(arrivals[i]->decoded != NULL ? gather_one (engine, arrivals[i], rows, error)
                                         : hm_engine_refuse (engine, arrivals[i], rows, arrivals[i]->refusal,
                                                             arrivals[i]->detail, error)))
        return FALSE;
    }
  hm_tally_compare (rows->tally, engine->processes);
  *n = i;
  return TRUE;
}

/* -- recognising -- */

/* A number that was taken before the edge is known, though its bytes may be gone. */
static gboolean
recognise_record (HmEngine *engine, const HmArrival *arrival, Comparison *comparison, GError **error)
{
  const HmRecord *record = &arrival->decoded->record;
  HmEntry *entry = hm_entry_cache_get (engine->cache, record->source, record->resource.id, error);

  if (entry == NULL)
    return FALSE;
  if (!hm_entry_is_beyond (entry, record->time))
    return find_stored (engine, comparison, error);
  if (hm_seen_check (entry->seen, record->agent.id, record->agent.epoch, record->seq) == HM_SEEN_REPEATED)
    comparison->result = REPETITION_SAME;
  return TRUE;
}

gboolean
hm_engine_recognises (HmEngine *engine, HmArrival *arrival, gboolean *ret_known, GError **error)
{
  Comparison comparison = { arrival, REPETITION_NOT };

  hm_engine_forget (engine); /* another collector may have stored it */
  if (arrival->decoded == NULL && arrival->refusal == HM_REFUSED_NOT)
    hm_arrival_decode (arrival, engine->decoder, engine->meters, NULL);
  if (arrival->decoded != NULL && !recognise_record (engine, arrival, &comparison, error))
    return FALSE;
  if (comparison.result != REPETITION_SAME)
    return hm_engine_has_letter (engine, arrival, ret_known, error);
  *ret_known = TRUE;
  return TRUE;
}
