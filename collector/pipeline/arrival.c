/* SPDX-License-Identifier: Apache-2.0 */
/* arrival: making, verifying, decoding and refusing what came from the bus. */
#include "collector/pipeline/verify.h"

#include <string.h>

HmArrival *
hm_arrival_new (void)
{
  return g_new0 (HmArrival, 1);
}

void
hm_arrival_tell (HmArrival *arrival, HmArrivalFate fate)
{
  void (*told) (const HmArrival *, HmArrivalFate, gpointer) = g_steal_pointer (&arrival->told);

  if (told != NULL)
    told (arrival, fate, arrival->told_user);
}

void
hm_arrival_free (HmArrival *arrival)
{
  if (arrival == NULL)
    return;
  hm_arrival_tell (arrival, HM_ARRIVAL_NOT_TAKEN);
  hm_decoded_free (arrival->decoded);
  hm_decoded_free (arrival->said);
  g_free (arrival->detail);
  g_free (arrival->ce_id);
  g_free (arrival->signature);
  g_free (arrival->ce_type);
  if (arrival->release != NULL)
    arrival->release (arrival->owner);
  g_free (arrival);
}

static gboolean
holds_foreign (const HmRecord *record, const HmMeterTable *meters)
{
  for (guint i = 0; i < record->n_samples; i++)
    if (hm_meter_table_find (meters, record->samples[i].meter) == NULL)
      return TRUE;
  return FALSE;
}

/* Whose the record says it is must be whose it was sent as: key and ce_id are what a signature covers beside the value. A
 * signature under another record's id, so perhaps another agent's, says nothing of this one. (transfer full) NULL: all is well */
static char *
check_id (HmArrival *arrival)
{
  g_autofree char *id = NULL;

  if (arrival->ce_id == NULL)
    return NULL;
  id = hm_record_id (&arrival->decoded->record);
  if (strcmp (arrival->ce_id, id) == 0)
    return NULL;
  arrival->verified = FALSE;
  return g_strdup_printf ("ce_id is not the record's id, %s", id);
}

/* The key decides the partition, and with it the order. (transfer full) NULL: all is well */
static char *
check_key (const HmArrival *arrival)
{
  const HmRecord *record = &arrival->decoded->record;
  gboolean of_agent = record->kind == HM_RECORD_GAP || record->kind == HM_RECORD_HEARTBEAT;
  const char *whose = of_agent ? record->agent.id : record->resource.id;

  if (arrival->key != NULL && arrival->key_length == strlen (whose)
      && memcmp (arrival->key, whose, arrival->key_length) == 0)
    return NULL;
  return g_strdup_printf ("the message's key is not %s.id", of_agent ? "agent" : "resource");
}

static void
take_value (HmArrival *arrival, HmDecoder *decoder)
{
  g_autofree char *detail = NULL;
  HmRefusal refusal = HM_REFUSED_NOT;

  arrival->decoded = hm_decoder_decode (decoder, arrival->value != NULL ? arrival->value : "",
                                        arrival->length, &refusal, &detail);
  if (arrival->decoded == NULL)
    hm_arrival_refuse (arrival, refusal, g_steal_pointer (&detail));
}

void
hm_arrival_decode (HmArrival *arrival, HmDecoder *decoder, const HmMeterTable *meters, HmVerifier *verifier)
{
  char *detail;

  if (arrival->refusal != HM_REFUSED_NOT || (verifier != NULL && !hm_verifier_admit (verifier, arrival)))
    return;
  take_value (arrival, decoder);
  if (arrival->decoded == NULL || (verifier != NULL && !hm_verifier_admit_record (verifier, arrival)))
    return;
  detail = check_id (arrival);
  if (detail == NULL)
    detail = check_key (arrival);
  if (detail != NULL)
    hm_arrival_refuse (arrival, HM_REFUSED_WRONG_AGENT, detail);
  else
    arrival->foreign = holds_foreign (&arrival->decoded->record, meters);
}

void
hm_arrival_refuse (HmArrival *arrival, HmRefusal refusal, char *detail)
{
  if (arrival->decoded != NULL)
    {
      hm_decoded_free (arrival->said);
      arrival->said = g_steal_pointer (&arrival->decoded);
    }
  g_free (arrival->detail);
  arrival->refusal = refusal;
  arrival->detail = detail;
}
