/* SPDX-License-Identifier: Apache-2.0 */
/* batch: collecting the rows of one transaction, each table's sorted by its key, so that the store writes
 * pages one after the other instead of at random. */
#include "collector/engine/batch.h"

#include <string.h>

HmBatchRows *
hm_batch_rows_new (void)
{
  HmBatchRows *rows = g_new0 (HmBatchRows, 1);

  rows->moves = g_array_new (FALSE, FALSE, sizeof (HmOffsetMove));
  rows->touched = g_ptr_array_new ();
  rows->raw = g_array_new (FALSE, FALSE, sizeof (HmRawRow));
  rows->resources = g_array_new (FALSE, FALSE, sizeof (HmResourceRow));
  rows->refolded = g_array_new (FALSE, FALSE, sizeof (HmRefold));
  rows->buckets = g_ptr_array_new ();
  rows->held = g_array_new (FALSE, FALSE, sizeof (HmHeldRow));
  rows->dead_letters = g_array_new (FALSE, FALSE, sizeof (HmDeadLetter));
  rows->meters = g_array_new (FALSE, FALSE, sizeof (HmMeterRow));
  rows->settled = g_array_new (FALSE, FALSE, sizeof (HmDeadLetter));
  rows->answered = g_array_new (FALSE, FALSE, sizeof (HmRequestRow));
  rows->gaps = g_array_new (FALSE, FALSE, sizeof (HmGapRow));
  rows->rollups = g_array_new (FALSE, FALSE, sizeof (HmRollupRow));
  rows->evidence = g_array_new (FALSE, FALSE, sizeof (HmEvidenceRow));
  rows->rolled = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_rollup_free);
  rows->decisions = g_array_new (FALSE, FALSE, sizeof (HmDecisionRow));
  rows->policies = g_array_new (FALSE, FALSE, sizeof (HmPolicyRow));
  rows->adjustments = g_array_new (FALSE, FALSE, sizeof (HmAdjustmentRow));
  rows->redacted = g_array_new (FALSE, FALSE, sizeof (HmRedactedRow));
  rows->erasures = g_array_new (FALSE, FALSE, sizeof (HmErasureRow));
  rows->tally = hm_tally_new ();
  rows->text = g_ptr_array_new_with_free_func (g_free);
  return rows;
}

void
hm_batch_rows_free (HmBatchRows *rows)
{
  if (rows == NULL)
    return;
  g_array_unref (rows->moves);
  g_ptr_array_unref (rows->touched);
  g_array_unref (rows->raw);
  g_array_unref (rows->resources);
  g_array_unref (rows->refolded);
  g_ptr_array_unref (rows->buckets);
  g_array_unref (rows->held);
  g_array_unref (rows->dead_letters);
  g_array_unref (rows->meters);
  g_array_unref (rows->settled);
  g_array_unref (rows->answered);
  g_array_unref (rows->gaps);
  g_array_unref (rows->rollups);
  g_array_unref (rows->evidence);
  g_ptr_array_unref (rows->rolled);
  g_array_unref (rows->decisions);
  g_array_unref (rows->policies);
  g_array_unref (rows->adjustments);
  g_array_unref (rows->redacted);
  g_array_unref (rows->erasures);
  hm_tally_free (rows->tally);
  g_ptr_array_unref (rows->text);
  g_free (rows);
}

/* What the consumer expected was not there, though what follows is. */
static void
add_gap (HmBatchRows *rows, const HmArrival *arrival)
{
  HmGapRow gap
      = { arrival->topic, arrival->partition, arrival->expected, arrival->offset, arrival->appended };

  g_array_append_val (rows->gaps, gap);
}

/* Arrivals of one partition come together, so the last move is nearly always the one. */
void
hm_batch_rows_move (HmBatchRows *rows, const HmArrival *arrival)
{
  HmOffsetMove fresh = { arrival->topic, arrival->partition, arrival->expected, arrival->offset + 1 };

  if (arrival->partition == HM_PARTITION_NONE)
    return;
  if (arrival->expected < arrival->offset)
    add_gap (rows, arrival);
  for (guint i = rows->moves->len; i-- > 0;)
    {
      HmOffsetMove *move = &g_array_index (rows->moves, HmOffsetMove, i);

      if (move->partition == arrival->partition && strcmp (move->topic, arrival->topic) == 0)
        {
          move->next = arrival->offset + 1;
          return;
        }
    }
  g_array_append_val (rows->moves, fresh);
}

HmDeadLetter *
hm_batch_rows_refuse (HmBatchRows *rows, const HmArrival *arrival, HmRefusal refusal, const char *detail)
{
  char *kept = g_strdup (detail != NULL ? detail : "");
  HmDeadLetter letter = { .topic = arrival->topic,
                          .partition = arrival->partition,
                          .offset = arrival->offset,
                          .appended = arrival->appended,
                          .received = arrival->received,
                          .key = arrival->key,
                          .key_length = arrival->key_length,
                          .ce_id = arrival->ce_id,
                          .signature = arrival->signature,
                          .verified = arrival->verified,
                          .headers_lost = arrival->headers_lost,
                          .value = arrival->value,
                          .length = arrival->length,
                          .reason = hm_refusal_name (refusal),
                          .detail = kept };

  g_ptr_array_add (rows->text, kept);
  g_array_append_val (rows->dead_letters, letter);
  rows->refused[refusal]++;
  return &g_array_index (rows->dead_letters, HmDeadLetter, rows->dead_letters->len - 1);
}

/* -- rows of an entry -- */

void
hm_batch_raw_row (const HmArrival *arrival, gint64 grain_ns, HmRawRow *ret_row)
{
  const HmRecord *record = &arrival->decoded->record;

  *ret_row = (HmRawRow){ .grain = hm_grain_of (record->time, grain_ns),
                         .source = record->source,
                         .resource = record->resource.id,
                         .agent = record->agent.id,
                         .epoch = record->agent.epoch,
                         .seq = record->seq,
                         .time = record->time,
                         .schema = hm_record_schema (record->kind),
                         .topic = arrival->topic,
                         .partition = arrival->partition,
                         .offset = arrival->offset,
                         .appended = arrival->appended,
                         .received = arrival->received,
                         .signature = arrival->signature,
                         .verified = arrival->verified,
                         .description = record->n_description > 0,
                         .value = arrival->value,
                         .length = arrival->length };
}

static void
add_raw (HmBatchRows *rows, const HmEntry *entry, const HmArrival *arrival, gint64 grain_ns)
{
  HmRawRow row;

  hm_batch_raw_row (arrival, grain_ns, &row);
  row.source = entry->source; /* one pointer per resource makes sorting cheap */
  row.resource = entry->resource;
  row.grain = hm_grain_of (hm_entry_kept_at (entry, row.time, row.appended), grain_ns);
  g_array_append_val (rows->raw, row);
}

/* The states as text, which lives as long as the entry's batch. */
static void
put_states (HmEntry *entry, HmResourceRow *row)
{
  entry->fold_json = hm_fold_state_to_json (entry->fold, &row->fold_length);
  entry->seen_json = hm_seen_to_json (entry->seen, &row->seen_length);
  row->fold = entry->fold_json;
  row->seen = entry->seen_json;
  if (entry->checkpoint == NULL || !entry->checkpoint->grown)
    return;
  entry->checkpoint_json = hm_checkpoint_to_json (entry->checkpoint, &row->checkpoint_length);
  row->checkpoint = entry->checkpoint_json;
}

/* Nothing was folded yet: all that came is from the future. The row says whose it is, and by a last record before the first that this
 * is all. */
static void
put_unseen (HmEntry *entry, HmResourceRow *row)
{
  HmTime at = entry->first_seen != HM_TIME_UNKNOWN ? entry->first_seen : entry->edge;

  if (entry->taken->len > 0)
    hm_entry_name (entry, &((const HmArrival *)g_ptr_array_index (entry->taken, 0))->decoded->record);
  row->kind = entry->kind;
  row->agent = entry->agent;
  row->first_seen = at;
  row->last_seen = at - 1;
}

void
hm_batch_rows_add_entry (HmBatchRows *rows, HmEntry *entry, gint64 grain_ns)
{
  HmResourceRow row = { .source = entry->source,
                        .resource = entry->resource,
                        .kind = entry->kind,
                        .project = entry->project,
                        .user = entry->user,
                        .flavor = entry->flavor,
                        .name = entry->name,
                        .project_name = entry->project_name,
                        .user_name = entry->user_name,
                        .state = entry->state,
                        .agent = entry->agent,
                        .first_seen = entry->first_seen,
                        .last_seen = entry->last_seen,
                        .version = entry->version,
                        .edge = entry->edge,
                        .rolled = entry->rolled,
                        .reached = entry->reached,
                        .parked = entry->parked,
                        .decided = entry->decided };
  const HmRefold refold = { entry->source, entry->resource, entry->refolded_from, entry->held_from };

  put_states (entry, &row);
  if (entry->last_seen == HM_TIME_UNKNOWN)
    put_unseen (entry, &row);
  g_array_append_val (rows->resources, row);
  if (entry->refolded)
    g_array_append_val (rows->refolded, refold);
  for (guint i = 0; i < entry->taken->len; i++)
    add_raw (rows, entry, g_ptr_array_index (entry->taken, i), grain_ns);
  g_array_append_vals (rows->held, entry->held->data, entry->held->len);
  for (guint i = 0; i < entry->buckets->len; i++)
    {
      const HmEntryBucket *at = &g_array_index (entry->buckets, HmEntryBucket, i);

      if (at->changed)
        g_ptr_array_add (rows->buckets, at->bucket);
    }
}

/* -- order -- */

static int
compare_text (const char *a, const char *b)
{
  return a == b ? 0 : strcmp (a, b);
}

static int
compare_resource (const char *source_a, const char *resource_a, const char *source_b, const char *resource_b)
{
  int order = compare_text (source_a, source_b);

  return order != 0 ? order : compare_text (resource_a, resource_b);
}

static int
compare_moves (gconstpointer a, gconstpointer b)
{
  const HmOffsetMove *left = a, *right = b;
  int order = compare_text (left->topic, right->topic);

  return order != 0 ? order : (left->partition > right->partition) - (left->partition < right->partition);
}

static int
compare_resources (gconstpointer a, gconstpointer b)
{
  const HmResourceRow *left = a, *right = b;

  return compare_resource (left->source, left->resource, right->source, right->resource);
}

static int
compare_refolds (gconstpointer a, gconstpointer b)
{
  const HmRefold *left = a, *right = b;

  return compare_resource (left->source, left->resource, right->source, right->resource);
}

static int
compare_raw (gconstpointer a, gconstpointer b)
{
  const HmRawRow *left = a, *right = b;
  int order = (left->grain > right->grain) - (left->grain < right->grain);

  if (order == 0)
    order = compare_resource (left->source, left->resource, right->source, right->resource);
  if (order == 0)
    order = strcmp (left->agent, right->agent);
  if (order == 0)
    order = strcmp (left->epoch, right->epoch);
  return order != 0 ? order : (left->seq > right->seq) - (left->seq < right->seq);
}

static int
compare_buckets (gconstpointer a, gconstpointer b)
{
  const HmBucket *left = *(const HmBucket *const *)a, *right = *(const HmBucket *const *)b;
  int order = (left->grain > right->grain) - (left->grain < right->grain);

  return order != 0 ? order : compare_resource (left->source, left->resource, right->source, right->resource);
}

void
hm_batch_rows_finish (HmBatchRows *rows, HmBatch *ret_batch)
{
  g_array_sort (rows->moves, compare_moves);
  g_array_sort (rows->raw, compare_raw);
  g_array_sort (rows->resources, compare_resources);
  g_array_sort (rows->refolded, compare_refolds);
  g_ptr_array_sort (rows->buckets, compare_buckets);
  *ret_batch = (HmBatch){ .raw = (const HmRawRow *)(gpointer)rows->raw->data,
                          .n_raw = rows->raw->len,
                          .resources = (const HmResourceRow *)(gpointer)rows->resources->data,
                          .n_resources = rows->resources->len,
                          .buckets = (HmBucket *const *)rows->buckets->pdata,
                          .n_buckets = rows->buckets->len,
                          .refolded = (const HmRefold *)(gpointer)rows->refolded->data,
                          .n_refolded = rows->refolded->len,
                          .dead_letters = (const HmDeadLetter *)(gpointer)rows->dead_letters->data,
                          .n_dead_letters = rows->dead_letters->len,
                          .meters = (const HmMeterRow *)(gpointer)rows->meters->data,
                          .n_meters = rows->meters->len,
                          .settled = (const HmDeadLetter *)(gpointer)rows->settled->data,
                          .n_settled = rows->settled->len,
                          .answered = (const HmRequestRow *)(gpointer)rows->answered->data,
                          .n_answered = rows->answered->len,
                          .gaps = (const HmGapRow *)(gpointer)rows->gaps->data,
                          .n_gaps = rows->gaps->len,
                          .rollups = (const HmRollupRow *)(gpointer)rows->rollups->data,
                          .n_rollups = rows->rollups->len,
                          .evidence = (const HmEvidenceRow *)(gpointer)rows->evidence->data,
                          .n_evidence = rows->evidence->len,
                          .held = (const HmHeldRow *)(gpointer)rows->held->data,
                          .n_held = rows->held->len,
                          .decisions = (const HmDecisionRow *)(gpointer)rows->decisions->data,
                          .n_decisions = rows->decisions->len,
                          .policies = (const HmPolicyRow *)(gpointer)rows->policies->data,
                          .n_policies = rows->policies->len,
                          .adjustments = (const HmAdjustmentRow *)(gpointer)rows->adjustments->data,
                          .n_adjustments = rows->adjustments->len,
                          .redacted = (const HmRedactedRow *)(gpointer)rows->redacted->data,
                          .n_redacted = rows->redacted->len,
                          .erasures = (const HmErasureRow *)(gpointer)rows->erasures->data,
                          .n_erasures = rows->erasures->len };
  hm_tally_finish (rows->tally, ret_batch);
}
