/* SPDX-License-Identifier: Apache-2.0 */
/* proof_find: the line that is to be proven, and the bytes of a record. */
#include "cli/proof/proof.h"

#include "metering/record.h"
#include "metering/signature.h"

#include <string.h>

void
hm_proven_clear (HmProven *proven)
{
  char **const texts[]
      = { &proven->source, &proven->project, &proven->user, &proven->resource, &proven->device,
          &proven->meter,  &proven->unit,    &proven->root, &proven->sha256 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_clear_pointer (texts[i], g_free);
}

/* -- the line -- */

typedef struct
{
  HmProven *proven;
  gint64 period;
  gboolean found;
} Finding;

static gboolean
take_statement (const HmStatementRow *row, gpointer user)
{
  Finding *finding = user;
  HmProven *proven = finding->proven;

  if (row->number != proven->statement)
    return TRUE;
  finding->found = TRUE;
  finding->period = row->period;
  proven->corrects = row->corrects;
  proven->made = row->made;
  proven->root = g_strdup (row->root);
  proven->sha256 = g_strdup (row->sha256);
  return TRUE;
}

static gboolean
take_period (const HmPeriodRow *row, gpointer user)
{
  Finding *finding = user;

  if (row->id != finding->period)
    return TRUE;
  finding->found = TRUE;
  finding->proven->from = row->from;
  finding->proven->to = row->to;
  return TRUE;
}

static gboolean
take_line (const HmStatementLine *row, gpointer user)
{
  Finding *finding = user;
  HmProven *proven = finding->proven;

  if (row->line != proven->line || row->number != proven->statement)
    return TRUE;
  finding->found = TRUE;
  proven->source = g_strdup (row->source);
  proven->project = g_strdup (row->project);
  proven->user = g_strdup (row->user);
  proven->resource = g_strdup (row->resource);
  proven->device = g_strdup (row->device);
  proven->meter = g_strdup (row->meter);
  proven->unit = g_strdup (row->unit);
  proven->type = row->type;
  proven->quantity = row->quantity;
  proven->covered_ns = row->covered_ns;
  proven->flags = row->flags;
  proven->adjustment = row->adjustment;
  return TRUE;
}

static gboolean
is_found (Finding *finding, const char *what, gint64 number, GError **error)
{
  if (!finding->found)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no %s %" G_GINT64_FORMAT, what, number);
  return finding->found;
}

gboolean
hm_proof_find (const HmReading *r, HmProven *proven, GError **error)
{
  const HmStoreFilter filter
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .number = proven->statement };
  Finding finding = { .proven = proven };

  if (!r->ops->list_statements (r->store, &filter, take_statement, &finding, error)
      || !is_found (&finding, "statement", proven->statement, error))
    return FALSE;
  finding.found = FALSE;
  if (!r->ops->list_periods (r->store, take_period, &finding, error)
      || !is_found (&finding, "period", finding.period, error))
    return FALSE;
  finding.found = FALSE;
  return r->ops->list_lines (r->store, &filter, take_line, &finding, error)
         && is_found (&finding, "line", proven->line, error);
}

/* -- a record -- */

void
hm_proof_record_free (HmProofRecord *record)
{
  if (record == NULL)
    return;
  g_free (record->key);
  g_free (record->ce_id);
  g_free (record->agent);
  g_free (record->epoch);
  g_free (record->topic);
  g_free (record->signature);
  g_free (record->value);
  g_free (record->redacted);
  g_free (record->sha256);
  g_free (record->entry);
  g_free (record);
}

typedef struct
{
  HmProofRecord *record; /* (nullable) */
  GError *error;         /* (nullable) */
} FoundRow;

/* Its message's key and id follow from what it is: the collector takes none under others. */
static gboolean
copy_row (const HmRawRow *row, gpointer user)
{
  FoundRow *found = user;
  char *entry = hm_merkle_raw_entry (row, &found->error);
  HmProofRecord *record;
  HmRecord named = { .agent = { .id = row->agent, .epoch = row->epoch }, .seq = row->seq };

  if (entry == NULL)
    return FALSE;
  record = found->record = g_new0 (HmProofRecord, 1);
  named.resource.id = row->resource;
  *record = (HmProofRecord){ .key = g_strdup (row->resource),
                             .ce_id = hm_record_id (&named),
                             .agent = g_strdup (row->agent),
                             .epoch = g_strdup (row->epoch),
                             .topic = g_strdup (row->topic),
                             .seq = row->seq,
                             .grain = row->grain,
                             .time = row->time,
                             .appended = row->appended,
                             .partition = row->partition,
                             .offset = row->offset,
                             .signature = g_strdup (row->signature),
                             .verified = row->verified,
                             .value = row->value != NULL ? g_memdup2 (row->value, row->length) : NULL,
                             .length = row->length,
                             .redacted = g_memdup2 (row->redacted, row->redacted_length),
                             .redacted_length = row->redacted_length,
                             .sha256 = g_strdup (row->sha256),
                             .entry = entry };
  if (record->sha256 == NULL)
    {
      record->sha256 = g_malloc (2 * HM_HASH_BYTES + 1);
      hm_sha256_hex (row->value, row->length, record->sha256);
    }
  return FALSE;
}

HmProofRecord *
hm_proof_record_read (const HmReading *r, const HmProven *proven, const HmShadowRecord *record,
                      GError **error)
{
  gint64 grain_ns = r->ops->grain (r->store);
  const HmRawRow key = { .grain = record->time - record->time % grain_ns,
                         .source = proven->source,
                         .resource = proven->resource,
                         .agent = record->agent,
                         .epoch = record->epoch,
                         .seq = record->seq,
                         .time = record->time };
  FoundRow found = { NULL, NULL };

  if (!r->ops->raw_find (r->store, &key, copy_row, &found, error))
    return NULL;
  if (found.error != NULL)
    g_propagate_error (error, found.error);
  else if (found.record == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                 "record %" G_GUINT64_FORMAT " of agent %s is not stored any more", record->seq,
                 record->agent);
  return found.record;
}
