/* SPDX-License-Identifier: Apache-2.0 */
/* samples_verify: `hypermeter samples --verify`. Signatures of stored records, judged again by the collector's own verifier. A stored record has neither key nor
 * ce_id: both follow from what it is, since the collector takes none under others. */
#include "cli/records/samples.h"

#include "collector/pipeline/verify.h"
#include "metering/signature.h"

#include <string.h>

static const HmColumn columns[] = {
  { "time", HM_COLUMN_TIME },   { "resource", HM_COLUMN_TEXT },
  { "agent", HM_COLUMN_TEXT },  { "agent_epoch", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "seq", HM_COLUMN_COUNT },   { "key", HM_COLUMN_TEXT },
  { "result", HM_COLUMN_TEXT }, /* verified, wrong, no key, unsigned, erased */
  { "reason", HM_COLUMN_TEXT }, /* of what is wrong */
};

typedef struct
{
  HmVerifier *verifier;
  HmOutput *output;
  guint64 wrong;
} Verifying;

typedef struct
{
  const char *result, *reason;
} Finding;

/* -- keys -- */

#define DEFAULT_CONFIG HM_SYSCONFDIR "/hypermeter/collector.conf"

/* Keys as the collector's configuration names them, and no signature goes unlooked at. The rest of its section is passed over. (transfer full) */
static HmVerifier *
read_keys (const HmReading *r, const char *folder, GError **error)
{
  static const HmOption table[] = { { .key = "signatures", .type = HM_OPTION_TEXT, .help = "what is taken" },
                                    { .key = "keys-dir", .type = HM_OPTION_TEXT, .help = "folder of keys" },
                                    { .key = "", .type = HM_OPTION_PREFIX, .help = "anything else" },
                                    { .key = NULL } };
  const char *path = r->config != NULL ? r->config : DEFAULT_CONFIG;
  g_autofree char *absolute = folder != NULL ? g_canonicalize_filename (folder, NULL) : NULL;
  g_autofree char *keys = absolute != NULL ? g_strconcat ("collector.keys-dir=", absolute, NULL) : NULL;
  const char *const overrides[] = { "collector.signatures=accept", keys, NULL };
  g_autoptr (HmSettings) settings = hm_settings_load (path, r->config != NULL, overrides, error);
  g_autoptr (HmOptions) options
      = settings != NULL ? hm_settings_section (settings, "collector", table, error) : NULL;
  g_autoptr (HmVerifyChoices) choices
      = options != NULL ? hm_verify_choices_new (settings, options, path, error) : NULL;

  return choices != NULL ? hm_verifier_new (choices, error) : NULL;
}

/* -- one record -- */

static HmVerdict
judge (const Verifying *verifying, const HmRawRow *row)
{
  HmRecord named = { .agent = { .id = row->agent, .epoch = row->epoch }, .seq = row->seq };
  HmArrival *arrival = hm_arrival_new ();
  HmVerdict verdict;

  named.resource.id = row->resource;
  arrival->appended = row->appended;
  arrival->key = row->resource;
  arrival->key_length = strlen (row->resource);
  arrival->value = row->value;
  arrival->length = row->length;
  arrival->ce_id = hm_record_id (&named);
  arrival->signature = g_strdup (row->signature);
  hm_verifier_admit (verifying->verifier, arrival);
  verdict = arrival->verdict;
  hm_arrival_free (arrival);
  return verdict;
}

static Finding
find (const Verifying *verifying, const HmRawRow *row)
{
  HmVerdict verdict;

  if (row->value == NULL)
    return (Finding){ "erased", NULL };
  verdict = judge (verifying, row);
  switch (verdict)
    {
    case HM_VERDICT_RIGHT:
      return (Finding){ "verified", NULL };
    case HM_VERDICT_UNKNOWN_KEY:
      return (Finding){ "no key", NULL };
    case HM_VERDICT_UNSIGNED:
      return row->verified ? (Finding){ "wrong", "its signature is gone" } : (Finding){ "unsigned", NULL };
    default:
      return (Finding){ "wrong", hm_verdict_name (verdict) };
    }
}

static gboolean
show (const HmRawRow *row, gpointer user)
{
  Verifying *verifying = user;
  Finding finding = find (verifying, row);
  g_autofree char *seq = g_strdup_printf ("%" G_GUINT64_FORMAT, row->seq);
  char time[HM_TIME_TEXT_MAX], key[HM_KEY_ID_MAX + 1];
  gboolean named = row->signature != NULL && hm_signature_parse (row->signature, key) == HM_SIGNATURE_V1;

  verifying->wrong += strcmp (finding.result, "wrong") == 0;
  hm_output_row (verifying->output,
                 (const char *[]){ hm_moment_print (row->time, time), row->resource, row->agent, row->epoch,
                                   seq, named ? key : NULL, finding.result, finding.reason });
  return TRUE; /* beyond --limit, too: what is not shown is checked */
}

/* -- all -- */

gboolean
hm_samples_verify (HmReading *r, const char *folder, guint64 *ret_wrong, GError **error)
{
  Verifying verifying = { .verifier = read_keys (r, folder, error) };
  HmStoreFilter filter = r->filter;
  gboolean listed;

  if (verifying.verifier == NULL)
    return FALSE;
  filter.limit = 0;
  verifying.output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  listed = r->ops->list_raw (r->store, &filter, show, &verifying, error);
  hm_verifier_unref (verifying.verifier);
  *ret_wrong = verifying.wrong;
  return hm_output_end (verifying.output, listed, error);
}
