/* SPDX-License-Identifier: Apache-2.0 */
/* decisions: what people decided, found by the reading that it is about. See decisions.h. */
#include "collector/usage/decisions.h"

#include <string.h>

#include "metering/error.h"
#include "metering/signature.h"

struct HmDecisions
{
  GHashTable *by_reading; /* (element-type utf8 Made) by what names the reading in its resource */
};

typedef struct
{
  HmDecision decision;
  HmTime made;
} Made;

const char *
hm_decision_name (HmDecision decision)
{
  static const char *const names[] = {
    [HM_DECISION_RELEASE] = "release", [HM_DECISION_REJECT] = "reject", [HM_DECISION_REBASE] = "rebase"
  };

  return decision < G_N_ELEMENTS (names) ? names[decision] : NULL;
}

/* A lower value cannot be counted: what it would count is negative. Of two readings of one moment one counts already. */
gboolean
hm_decision_check (HmDecision decision, guint32 flag, GError **error)
{
  const char *why = NULL;

  if ((flag & HM_FLAG_CONFLICT) != 0 && decision != HM_DECISION_REJECT)
    why = "another reading of that moment counts already: it can be rejected alone";
  else if ((flag & (HM_FLAG_REGRESS | HM_FLAG_REGRESS_STUCK)) != 0 && decision == HM_DECISION_RELEASE)
    why = "a lower value of a counter cannot be counted: reject it, or rebase where the counter began anew";
  if (why != NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, why);
  return why == NULL;
}

static void
add_part (GString *text, const char *part)
{
  g_string_append_printf (text, "%" G_GSIZE_FORMAT ":%s", strlen (part), part);
}

static char *
key_of (const char *agent, const char *epoch, guint64 seq, const char *device, const char *meter,
        const char *sample_epoch)
{
  GString *text = g_string_new (NULL);
  const char *const parts[] = { agent, epoch, device, meter, sample_epoch };

  g_string_append_printf (text, "%" G_GUINT64_FORMAT ":", seq);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    add_part (text, parts[i]);
  return g_string_free (text, FALSE);
}

void
hm_held_id (const HmHeldRow *row, char ret_id[HM_HELD_ID_MAX])
{
  g_autofree char *key
      = key_of (row->agent, row->epoch, row->seq, row->device, row->meter, row->sample_epoch);
  g_autoptr (GString) text = g_string_new (NULL);
  char hex[65];

  add_part (text, row->source);
  add_part (text, row->resource);
  g_string_append (text, key);
  hm_sha256_hex (text->str, text->len, hex);
  memcpy (ret_id, hex, HM_HELD_ID_MAX - 1);
  ret_id[HM_HELD_ID_MAX - 1] = '\0';
}

HmDecisions *
hm_decisions_new (void)
{
  HmDecisions *decisions = g_new (HmDecisions, 1);

  decisions->by_reading = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return decisions;
}

void
hm_decisions_free (HmDecisions *decisions)
{
  if (decisions == NULL)
    return;
  g_hash_table_unref (decisions->by_reading);
  g_free (decisions);
}

void
hm_decisions_add (HmDecisions *decisions, const HmDecisionRow *row)
{
  const Made made = { row->decision, row->made };

  g_hash_table_insert (decisions->by_reading,
                       key_of (row->agent, row->epoch, row->seq, row->device, row->meter, row->sample_epoch),
                       g_memdup2 (&made, sizeof made));
}

HmTime
hm_decisions_made (const HmDecisions *decisions, const HmHeldRow *held)
{
  g_autofree char *key = NULL;
  const Made *made;

  if (decisions == NULL)
    return HM_TIME_UNKNOWN;
  key = key_of (held->agent, held->epoch, held->seq, held->device, held->meter, held->sample_epoch);
  made = g_hash_table_lookup (decisions->by_reading, key);
  return made != NULL ? made->made : HM_TIME_UNKNOWN;
}

HmDecision
hm_decisions_find (const HmDecisions *decisions, const HmRecord *record, const HmSample *sample)
{
  g_autofree char *key = NULL;
  const Made *made;

  if (decisions == NULL || g_hash_table_size (decisions->by_reading) == 0)
    return HM_DECISION_NONE;
  key = key_of (record->agent.id, record->agent.epoch, record->seq,
                sample->device != NULL ? sample->device : "", sample->meter,
                sample->epoch != NULL ? sample->epoch : "");
  made = g_hash_table_lookup (decisions->by_reading, key);
  return made != NULL ? made->decision : HM_DECISION_NONE;
}
