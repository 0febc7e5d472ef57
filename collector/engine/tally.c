/* SPDX-License-Identifier: Apache-2.0 */
/* tally: rows of agents, bins, losses and anomalies while a batch comes together.
 *
 * Each record adds to its process's row and to one of that process's bins. Nearly always it is the bin of the process's
 * record before, so that is looked at first; nothing is allocated per record. */
#include "collector/engine/tally_private.h"

#include <string.h>

#include "metering/signature.h"

/* -- keys -- */

static guint
hash_process (gconstpointer key)
{
  const HmAgentRow *row = key;

  return g_str_hash (row->epoch) * 31 + g_str_hash (row->agent);
}

static int
compare_text (const char *a, const char *b)
{
  return a == b ? 0 : strcmp (a, b);
}

int
hm_tally_compare_processes (gconstpointer a, gconstpointer b)
{
  const HmAgentRow *left = a, *right = b;
  int order = compare_text (left->source, right->source);

  if (order == 0)
    order = compare_text (left->agent, right->agent);
  return order != 0 ? order : compare_text (left->epoch, right->epoch);
}

static gboolean
equal_processes (gconstpointer a, gconstpointer b)
{
  return hm_tally_compare_processes (a, b) == 0;
}

/* The texts of a batch's bins are their process's, so their addresses tell them apart. */
static guint
hash_bin (gconstpointer key)
{
  const HmBinRow *row = key;

  return g_direct_hash (row->epoch) * 31 + g_int64_hash (&row->bin);
}

static gboolean
equal_bins (gconstpointer a, gconstpointer b)
{
  const HmBinRow *left = a, *right = b;

  return left->bin == right->bin && left->epoch == right->epoch && left->agent == right->agent;
}

static guint
hash_said (gconstpointer key)
{
  const HmBinClosed *row = key;

  return g_str_hash (row->epoch) * 31 + g_str_hash (row->agent) + g_int64_hash (&row->bin);
}

static gboolean
equal_said (gconstpointer a, gconstpointer b)
{
  const HmBinClosed *left = a, *right = b;

  return left->bin == right->bin && strcmp (left->epoch, right->epoch) == 0
         && strcmp (left->agent, right->agent) == 0 && strcmp (left->source, right->source) == 0;
}

/* -- life -- */

HmTally *
hm_tally_new (void)
{
  HmTally *tally = g_new0 (HmTally, 1);

  tally->processes = g_hash_table_new_full (hash_process, equal_processes, g_free, NULL);
  tally->bins = g_hash_table_new_full (hash_bin, equal_bins, g_free, NULL);
  tally->said = g_hash_table_new_full (hash_said, equal_said, g_free, NULL);
  tally->agent_rows = g_array_new (FALSE, FALSE, sizeof (HmAgentRow));
  tally->bin_rows = g_array_new (FALSE, FALSE, sizeof (HmBinRow));
  tally->closed = g_array_new (FALSE, FALSE, sizeof (HmBinClosed));
  tally->losses = g_array_new (FALSE, FALSE, sizeof (HmLossRow));
  tally->anomalies = g_array_new (FALSE, FALSE, sizeof (HmAnomalyRow));
  tally->text = g_ptr_array_new_with_free_func (g_free);
  return tally;
}

void
hm_tally_free (HmTally *tally)
{
  if (tally == NULL)
    return;
  g_hash_table_unref (tally->processes);
  g_hash_table_unref (tally->bins);
  g_hash_table_unref (tally->said);
  g_array_unref (tally->agent_rows);
  g_array_unref (tally->bin_rows);
  g_array_unref (tally->closed);
  g_array_unref (tally->losses);
  g_array_unref (tally->anomalies);
  g_ptr_array_unref (tally->text);
  g_free (tally);
}

guint64
hm_tally_samples (const HmTally *tally)
{
  return tally->samples;
}

guint64
hm_tally_duplicates (const HmTally *tally)
{
  return tally->duplicates;
}

/* -- places -- */

HmTallyProcess *
hm_tally_find (HmTally *tally, const char *source, const char *agent, const char *epoch)
{
  const HmAgentRow key = { .source = source, .agent = agent, .epoch = epoch };

  return g_hash_table_lookup (tally->processes, &key);
}

HmTallyProcess *
hm_tally_add (HmTally *tally, const HmAgentRow *row)
{
  HmTallyProcess *process = g_new0 (HmTallyProcess, 1);

  process->row = *row;
  g_hash_table_add (tally->processes, process);
  return process;
}

/* When it was, or, of one from the future, when it was appended: nothing that is there later would be the latest any more. */
static HmTime
time_of (const HmArrival *arrival)
{
  HmTime time = arrival->decoded->record.time;

  return hm_arrival_is_future (time, arrival->appended) ? arrival->appended : time;
}

static HmTallyProcess *
process_of (HmTally *tally, const HmArrival *arrival)
{
  const HmRecord *record = &arrival->decoded->record;
  HmTime time = time_of (arrival);
  const HmAgentRow row = { .source = record->source,
                           .agent = record->agent.id,
                           .epoch = record->agent.epoch,
                           .first_time = time,
                           .last_time = time,
                           .oldest_unsent = 0 };
  HmTallyProcess *process = hm_tally_find (tally, row.source, row.agent, row.epoch);

  return process != NULL ? process : hm_tally_add (tally, &row);
}

HmBinRow *
hm_tally_bin (HmTally *tally, HmTallyProcess *process, gint64 bin)
{
  const HmBinRow key = {
    .source = process->row.source, .agent = process->row.agent, .epoch = process->row.epoch, .bin = bin
  };

  if (process->last != NULL && process->last->bin == bin)
    return process->last;
  process->last = g_hash_table_lookup (tally->bins, &key);
  if (process->last == NULL)
    {
      process->last = g_memdup2 (&key, sizeof key);
      g_hash_table_add (tally->bins, process->last);
    }
  return process->last;
}

/* -- what is taken -- */

guint64
hm_tally_sum (const HmArrival *arrival, const HmRecord *record)
{
  g_autofree char *id = arrival->ce_id == NULL ? hm_record_id (record) : NULL;

  return hm_id_sum (id != NULL ? id : arrival->ce_id);
}

static void
note_far_bin (HmTally *tally, const HmArrival *arrival, const HmRecord *record)
{
  g_autofree char *detail
      = g_strdup_printf ("epoch %s counts records in bin %" G_GINT64_FORMAT ", which is at no time",
                         record->agent.epoch, record->agent.bin);

  hm_tally_note (tally, HM_ANOMALY_BIN_OUT_OF_RANGE, record->source, record->agent.id, detail,
                 arrival->appended);
}

static void
count_bin (HmTally *tally, HmTallyProcess *process, const HmArrival *arrival, const HmRecord *record)
{
  HmBinRow *bin;

  if (record->agent.bin > HM_BIN_MAX)
    {
      note_far_bin (tally, arrival, record);
      return;
    }
  bin = hm_tally_bin (tally, process, record->agent.bin);
  bin->records++;
  bin->sum += hm_tally_sum (arrival, record);
  bin->late += arrival->appended > HM_BIN_NS && arrival->appended - HM_BIN_NS > record->time;
}

/* An agent that does not know when says the moment at which it speaks, for both. */
static void
take_loss (HmTally *tally, const HmArrival *arrival, const HmRecord *record)
{
  gboolean no_time = record->from == record->time && record->to == record->time;
  HmLossRow loss = { .source = record->source,
                     .agent = record->agent.id,
                     .epoch = record->agent.epoch,
                     .seq = record->seq,
                     .from = no_time ? HM_TIME_UNKNOWN : record->from,
                     .to = record->to,
                     .records = record->records,
                     .resources = record->resources,
                     .reason = record->reason,
                     .appended = arrival->appended };

  g_array_append_val (tally->losses, loss);
}

static void
take_heartbeat (HmAgentRow *row, const HmRecord *record, HmTime time)
{
  if (time < row->heartbeat)
    return;
  row->heartbeat = time;
  row->backlog = record->backlog;
  row->oldest_unsent = record->oldest_unsent != HM_TIME_UNKNOWN ? record->oldest_unsent : 0;
}

static HmAgentRow *
meet (HmTally *tally, const HmArrival *arrival, HmTallyProcess **ret_process)
{
  HmAgentRow *row = &(*ret_process = process_of (tally, arrival))->row;
  HmTime time = time_of (arrival);

  row->first_time = MIN (row->first_time, time);
  row->last_time = MAX (row->last_time, time);
  row->last_appended = MAX (row->last_appended, arrival->appended);
  return row;
}

void
hm_tally_take (HmTally *tally, const HmArrival *arrival)
{
  const HmRecord *record = &arrival->decoded->record;
  HmTallyProcess *process;
  HmAgentRow *row = meet (tally, arrival, &process);

  row->records++;
  row->samples += record->n_samples;
  tally->samples += record->n_samples;
  if (record->kind == HM_RECORD_HEARTBEAT)
    take_heartbeat (row, record, time_of (arrival));
  else
    count_bin (tally, process, arrival, record);
  if (record->kind == HM_RECORD_GAP)
    take_loss (tally, arrival, record);
}

void
hm_tally_repeat (HmTally *tally, const HmArrival *arrival)
{
  HmTallyProcess *process;

  meet (tally, arrival, &process)->duplicates++;
  tally->duplicates++;
}
