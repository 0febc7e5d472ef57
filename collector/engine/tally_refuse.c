/* SPDX-License-Identifier: Apache-2.0 */
/* tally_refuse: whose a record is that was not taken, and counting it there.
 *
 * What cannot be read says by its ce_id whose it is: that is covered by the signature. Which source such an agent belongs
 * to is known from what was taken of the same process. */
#include "collector/engine/tally_private.h"

#include <string.h>

#include "metering/signature.h"

/* Whom a refused record is about. */
typedef struct
{
  char *agent, *epoch; /* NULL: it does not say */
  const char *source;  /* (nullable) */
  HmTime time;
  gint64 bin; /* HM_BIN_NONE where it does not say */
  guint64 sum;
  gboolean counts; /* it is one of those that heartbeats count */
} Claim;

static void
clear_claim (Claim *claim)
{
  g_free (claim->agent);
  g_free (claim->epoch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Claim, clear_claim)

static void
claim_of_record (const HmArrival *arrival, const HmRecord *record, Claim *claim)
{
  claim->agent = g_strdup (record->agent.id);
  claim->epoch = g_strdup (record->agent.epoch);
  claim->source = record->source;
  claim->time = record->time;
  claim->bin = record->agent.bin <= HM_BIN_MAX ? record->agent.bin : HM_BIN_NONE;
  claim->sum = hm_tally_sum (arrival, record);
  claim->counts = record->kind != HM_RECORD_HEARTBEAT;
}

/* agent/epoch/resource/seq. What is about the agent itself may be a heartbeat, which does not count. */
static void
claim_of_id (const char *ce_id, Claim *claim)
{
  g_auto (GStrv) parts = g_strsplit (ce_id, "/", 5);

  if (g_strv_length (parts) != 4)
    return;
  claim->agent = g_uri_unescape_string (parts[0], NULL);
  claim->epoch = g_uri_unescape_string (parts[1], NULL);
  claim->sum = hm_id_sum (ce_id);
  claim->counts = strcmp (parts[0], parts[2]) != 0;
}

static void
claim_of (const HmArrival *arrival, Claim *claim)
{
  const HmDecoded *decoded = arrival->decoded != NULL ? arrival->decoded : arrival->said;

  if (decoded != NULL)
    claim_of_record (arrival, &decoded->record, claim);
  else if (arrival->ce_id != NULL)
    claim_of_id (arrival->ce_id, claim);
}

/* The source of a process of this batch. */
static const char *
source_of (HmTally *tally, const Claim *claim)
{
  GHashTableIter iter;
  gpointer process;

  g_hash_table_iter_init (&iter, tally->processes);
  while (g_hash_table_iter_next (&iter, &process, NULL))
    if (strcmp (((HmAgentRow *)process)->epoch, claim->epoch) == 0
        && strcmp (((HmAgentRow *)process)->agent, claim->agent) == 0)
      return ((HmAgentRow *)process)->source;
  return NULL;
}

/* The process in this batch, or the known one, with times that change nothing, or a new one whose signature is right. */
static HmTallyProcess *
process_of (HmTally *tally, const HmProcesses *processes, Claim *claim, gboolean verified)
{
  HmProcess known = { .source = claim->source, .first = claim->time, .last = claim->time };
  gboolean is_known = hm_processes_find (processes, claim->agent, claim->epoch, &known);
  HmTallyProcess *process;
  HmAgentRow row;

  if (claim->source == NULL)
    claim->source = known.source != NULL ? known.source : source_of (tally, claim);
  if (claim->source == NULL)
    return NULL;
  process = hm_tally_find (tally, claim->source, claim->agent, claim->epoch);
  if (process != NULL || !(verified || is_known))
    return process;
  row = (HmAgentRow){ .source = claim->source,
                      .agent = claim->agent,
                      .epoch = claim->epoch,
                      .first_time = known.first,
                      .last_time = known.last };
  g_ptr_array_add (tally->text, g_steal_pointer (&claim->agent));
  g_ptr_array_add (tally->text, g_steal_pointer (&claim->epoch));
  return hm_tally_add (tally, &row);
}

static void
account (HmTally *tally, HmTallyProcess *process, const Claim *claim, HmDeadLetter *letter)
{
  HmBinRow *bin = hm_tally_bin (tally, process, claim->bin);

  bin->refused_records++;
  bin->refused_sum += claim->sum;
  letter->accounted = TRUE;
  letter->bin = claim->bin;
  letter->sum = claim->sum;
}

void
hm_tally_refuse (HmTally *tally, const HmArrival *arrival, const HmProcesses *processes,
                 HmTallyRefusal refusal, HmDeadLetter *letter)
{
  g_auto (Claim) claim = { .bin = HM_BIN_NONE };
  HmTallyProcess *process;

  claim_of (arrival, &claim);
  if (claim.agent == NULL || claim.epoch == NULL)
    return;
  process = process_of (tally, processes, &claim, arrival->verified);
  if (process == NULL)
    return;
  process->row.refused++;
  letter->source = process->row.source;
  letter->agent = process->row.agent;
  letter->epoch = process->row.epoch;
  if (arrival->verified && claim.counts && refusal != HM_TALLY_CONFLICT)
    account (tally, process, &claim, letter);
}

/* Its process needs no row in this batch: nothing new is said of it. */
void
hm_tally_take_back (HmTally *tally, const HmDeadLetter *letter)
{
  HmTallyProcess *process,
      alone = { .row = { .source = letter->source, .agent = letter->agent, .epoch = letter->epoch } };
  HmBinRow *bin;

  if (!letter->accounted)
    return;
  process = hm_tally_find (tally, letter->source, letter->agent, letter->epoch);
  bin = hm_tally_bin (tally, process != NULL ? process : &alone, letter->bin);
  bin->refused_records--;
  bin->refused_sum -= letter->sum;
}
