/* SPDX-License-Identifier: Apache-2.0 */
/* proof: `hypermeter proof`. Follows a line of a statement, or any figure, down to the stored records: buckets, segments, records with
 * their ids and hashes; and writes what public tools need to check them (docs/audit.md). */
#include "cli/proof/proof_private.h"

#include "cli/usage/quantity.h"
#include "cli/store/shadow.h"
#include "collector/bill/statement.h"

#include <string.h>

#define DECIMALS 18

static const HmColumn columns[] = {
  { "part",
    HM_COLUMN_TEXT }, /* line, statement, corrects, corrected-by, bucket, unexplained, segment, other-owner, opening, record */
  { "id", HM_COLUMN_TEXT }, /* of a record: its ce_id; of a statement: its number */
  { "from", HM_COLUMN_TIME },
  { "to", HM_COLUMN_TIME },
  { "device", HM_COLUMN_TEXT },
  { "agent", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "life", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "quantity", HM_COLUMN_NUMBER },
  { "unit", HM_COLUMN_TEXT },
  { "covered_seconds", HM_COLUMN_NUMBER, .machine_only = TRUE },
  { "flags", HM_COLUMN_LIST },
  { "key", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "sha256", HM_COLUMN_TEXT },
  { "root", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "signature", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "topic", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "partition", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "offset", HM_COLUMN_COUNT },
  { "verified", HM_COLUMN_BOOL },
  { "erased", HM_COLUMN_BOOL, .machine_only = TRUE }, /* its bytes are gone; the hash is theirs */
  { "file", HM_COLUMN_TEXT },                         /* number of the exported record */
};

void
hm_proof_row (const HmProving *proving, const HmProofRow *row)
{
  static const HmQuantityStyle style = { .decimals = DECIMALS };
  const HmProven *proven = &proving->proven;
  const HmProofRecord *record = row->record;
  const HmFigure figure = { .meter = proven->meter,
                            .unit = proven->unit,
                            .type = proven->type,
                            .quantity = row->quantity,
                            .covered_ns = row->covered_ns,
                            .flags = row->flags };
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX], quantity[HM_NUMBER_MAX], seconds[HM_NUMBER_MAX];
  g_autofree char *unit = NULL, *flags = hm_flags_to_text (row->flags);
  g_autofree char *partition = record != NULL ? g_strdup_printf ("%d", record->partition) : NULL;
  g_autofree char *offset = record != NULL ? g_strdup_printf ("%" G_GINT64_FORMAT, record->offset) : NULL;
  gboolean exact = row->counts && hm_quantity_print (&figure, &style, quantity, &unit);
  const char *verified = record == NULL ? NULL : record->verified ? "yes" : "no";
  const char *erased = record == NULL ? NULL : record->value == NULL ? "yes" : "no";

  hm_int128_print (row->covered_ns, 9, seconds);
  hm_output_row (proving->output, (const char *[]){ row->part,
                                                    row->id,
                                                    hm_moment_print (row->from, from),
                                                    hm_moment_print (row->to, to),
                                                    row->device,
                                                    row->agent,
                                                    row->life,
                                                    exact ? quantity : NULL,
                                                    unit,
                                                    row->counts ? seconds : NULL,
                                                    flags,
                                                    record != NULL ? record->key : NULL,
                                                    row->sha256,
                                                    row->root,
                                                    record != NULL ? record->signature : NULL,
                                                    record != NULL ? record->topic : NULL,
                                                    partition,
                                                    offset,
                                                    verified,
                                                    erased,
                                                    row->file });
}

/* -- the line -- */

static void
show_line (const HmProving *proving)
{
  const HmProven *proven = &proving->proven;
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, proven->statement);
  g_autofree char *line = g_strdup_printf ("%" G_GINT64_FORMAT, proven->line);
  const HmProofRow statement = { .part = "statement",
                                 .id = number,
                                 .from = proven->from,
                                 .to = proven->to,
                                 .sha256 = proven->sha256,
                                 .root = proven->root };
  const HmProofRow row = { .part = proven->adjustment != 0 ? "adjustment"
                                   : proven->corrects != 0 ? "correction"
                                                           : "line",
                           .id = line,
                           .from = proven->from,
                           .to = proven->to,
                           .device = proven->device,
                           .counts = TRUE,
                           .quantity = proven->quantity,
                           .covered_ns = proven->covered_ns,
                           .flags = proven->flags };

  hm_proof_row (proving, &statement);
  hm_proof_row (proving, &row);
}

/* -- buckets -- */

static gboolean
is_of_it (const HmProven *proven, const HmCell *cell)
{
  return strcmp (cell->meter, proven->meter) == 0
         && (proven->device == NULL || strcmp (cell->device, proven->device) == 0)
         && (proven->unit == NULL || strcmp (cell->unit, proven->unit) == 0);
}

static void
show_cell (HmProving *proving, const HmBucket *bucket, const HmCell *cell)
{
  HmProven *proven = &proving->proven;
  const HmProofRow row = { .part = "bucket",
                           .from = bucket->grain,
                           .to = bucket->grain + proving->reading.ops->grain (proving->reading.store),
                           .device = cell->device,
                           .agent = bucket->agent,
                           .life = *cell->epoch != '\0' ? cell->epoch : bucket->epoch,
                           .counts = TRUE,
                           .quantity = cell->quantity,
                           .covered_ns = cell->covered_ns,
                           .flags = cell->flags };

  if (proven->unit == NULL)
    proven->unit = g_strdup (cell->unit);
  if (proven->source == NULL)
    proven->source = g_strdup (bucket->source);
  proven->type = cell->type;
  proving->quantity += cell->quantity;
  hm_proof_row (proving, &row);
}

static gboolean
show_bucket (const HmBucket *bucket, gpointer user)
{
  HmProving *proving = user;

  for (guint i = 0; i < bucket->cells->len; i++)
    if (is_of_it (&proving->proven, g_ptr_array_index (bucket->cells, i)))
      show_cell (proving, bucket, g_ptr_array_index (bucket->cells, i));
  return TRUE;
}

static gboolean
is_wanted (const HmProven *proven, const HmBucket *bucket)
{
  return (proven->from == HM_TIME_UNKNOWN || bucket->grain >= proven->from)
         && (proven->to == HM_TIME_UNKNOWN || bucket->grain < proven->to)
         && (proven->project == NULL || strcmp (bucket->project, proven->project) == 0)
         && (proven->user == NULL || strcmp (bucket->user, proven->user) == 0);
}

/* Those that are stored, from before @end. */
static gboolean
show_stored_buckets (HmProving *proving, HmTime end, GError **error)
{
  const HmReading *r = &proving->reading;
  const HmProven *proven = &proving->proven;
  HmStoreFilter filter = { .from = proven->from,
                           .to = proven->to,
                           .source = proven->source,
                           .project = proven->project,
                           .user = proven->user,
                           .resource = proven->resource };

  if (end != HM_TIME_UNKNOWN && proven->from != HM_TIME_UNKNOWN && end <= proven->from)
    return TRUE;
  if (end != HM_TIME_UNKNOWN && (filter.to == HM_TIME_UNKNOWN || end < filter.to))
    filter.to = end;
  return r->ops->list_buckets (r->store, &filter, show_bucket, proving, error);
}

/* As of the statement those that were folded again; what was before them is as it is stored. */
static gboolean
show_buckets (HmProving *proving, const HmShadowFolded *folded, GError **error)
{
  HmProven *proven = &proving->proven;

  if (folded != NULL && folded->from != HM_TIME_UNKNOWN
      && !show_stored_buckets (proving, folded->from, error))
    return FALSE;
  for (guint i = 0; folded != NULL && i < folded->buckets->len; i++)
    if (is_wanted (proven, folded->buckets->pdata[i]))
      show_bucket (folded->buckets->pdata[i], proving);
  if (folded == NULL && !show_stored_buckets (proving, HM_TIME_UNKNOWN, error))
    return FALSE;
  if (proven->source == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "there is no such usage");
  return proven->source != NULL;
}

/* -- what is folded -- */

/* (transfer full) */
static HmShadowFolded *
fold (const HmProving *proving, HmShadow *shadow, HmTime until, GError **error)
{
  const HmProven *proven = &proving->proven;
  const HmShadowWish wish = { .until = until,
                              .intervals = TRUE,
                              .device = proven->device,
                              .meter = proven->meter,
                              .from = proven->from,
                              .to = proven->to,
                              .project = proven->project,
                              .user = proven->user };

  return hm_shadow_fold (shadow, proven->source, proven->resource, &wish, error);
}

/* What stands behind a figure that no statement has said. */
static gboolean
show_figure (HmProving *proving, GError **error)
{
  g_autoptr (HmShadow) shadow = NULL;
  g_autoptr (HmShadowFolded) folded = NULL;

  if (!show_buckets (proving, NULL, error))
    return FALSE;
  shadow = hm_shadow_open (&proving->reading, error);
  folded = shadow != NULL ? fold (proving, shadow, HM_TIME_UNKNOWN, error) : NULL;
  return folded != NULL && hm_proof_show_records (proving, folded, error);
}

/* What is shown is not what was said, or less of it. */
static void
show_difference (const HmProving *proving, HmInt128 said)
{
  const HmProofRow row = { .part = "unexplained",
                           .from = proving->proven.from,
                           .to = proving->proven.to,
                           .device = proving->proven.device,
                           .counts = TRUE,
                           .quantity = said - proving->quantity };

  if (said == proving->quantity)
    return;
  hm_proof_row (proving, &row);
  g_printerr (
      "hypermeter proof: the buckets do not add up to what was said: they are not those of the moment "
      "at which statement %" G_GINT64_FORMAT " was made\n",
      proving->proven.statement);
}

/* What stood behind it when the statement was made, as far as that can be had. */
static gboolean
show_statement (HmProving *proving, GError **error)
{
  g_autoptr (HmShadow) shadow = hm_shadow_open (&proving->reading, error);
  g_autoptr (HmShadowFolded) then = NULL, now = NULL;
  g_autoptr (GError) failure = NULL;
  HmInt128 said = 0;

  if (shadow == NULL || !hm_proof_show_corrections (proving, &said, error))
    return FALSE;
  then = fold (proving, shadow, proving->proven.made, &failure);
  if (then == NULL && g_error_matches (failure, HM_ERROR, HM_ERROR_USAGE))
    {
      g_printerr ("hypermeter proof: %s; shown is what is stored now\n", failure->message);
      now = fold (proving, shadow, HM_TIME_UNKNOWN, error);
    }
  else if (then == NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  if ((then == NULL && now == NULL) || !show_buckets (proving, then, error))
    return FALSE;
  show_difference (proving, said);
  return hm_proof_show_records (proving, then != NULL ? then : now, error);
}

/* -- the command -- */

/* Either a line, or a resource and a meter. */
static gboolean
take_options (HmProving *proving, GError **error)
{
  const HmReading *r = &proving->reading;
  HmProven *proven = &proving->proven;
  gboolean line = proven->statement > 0 && proven->line > 0;
  gboolean figure
      = proven->statement == 0 && proven->line == 0 && r->resource != NULL && proving->meter != NULL;

  if (!line && !figure)
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                           "either --statement and --line, or --resource and --meter; see 'hypermeter proof "
                           "--help'");
      return FALSE;
    }
  if (line)
    return hm_proof_find (r, proven, error);
  proven->source = g_strdup (r->source);
  proven->project = g_strdup (r->project);
  proven->user = g_strdup (r->user);
  proven->resource = g_strdup (r->resource);
  proven->device = g_strdup (proving->device);
  proven->meter = g_strdup (proving->meter);
  proven->from = r->filter.from;
  proven->to = r->filter.to;
  return TRUE;
}

static gboolean
prove (HmProving *proving, GError **error)
{
  const HmProven *proven = &proving->proven;
  gboolean shown;

  if (!take_options (proving, error))
    return FALSE;
  proving->trees = hm_proof_trees_new (&proving->reading, proven);
  proving->output = hm_output_new (proving->reading.output, columns, G_N_ELEMENTS (columns), 0);
  if (proven->statement != 0)
    show_line (proving);
  shown = proven->adjustment != 0
          || (proven->statement != 0 ? show_statement (proving, error) : show_figure (proving, error));
  return hm_output_end (proving->output, shown, error);
}

static int
run (int argc, char **argv, GError **error)
{
  HmProving proving = { 0 };
  const GOptionEntry entries[]
      = { { "statement", 0, 0, G_OPTION_ARG_INT64, &proving.proven.statement, "A statement's number, and",
            "N" },
          { "line", 0, 0, G_OPTION_ARG_INT64, &proving.proven.line, "the number of its line", "N" },
          { "meter", 'm', 0, G_OPTION_ARG_STRING, &proving.meter, "Or, with --resource, the meter", "NAME" },
          { "device", 0, 0, G_OPTION_ARG_FILENAME, &proving.device, "and the device", "ID" },
          { "export", 0, 0, G_OPTION_ARG_FILENAME, &proving.folder,
            "Writes each record into this folder, with all that is needed to check it", "DIR" },
          { NULL } };
  gboolean done = hm_reading_open (&proving.reading, &hm_command_proof, entries, argc, argv, error)
                  && prove (&proving, error);

  hm_proof_trees_free (proving.trees);
  hm_proven_clear (&proving.proven);
  hm_reading_clear (&proving.reading);
  g_free (proving.meter);
  g_free (proving.device);
  g_free (proving.folder);
  return done ? 0 : 1;
}

const HmCommand hm_command_proof = {
  "proof",
  "What stands behind a line of a bill: buckets, segments, and the signed records",
  "Examples:\n"
  "  hypermeter proof --statement 12 --line 7\n"
  "  hypermeter proof --statement 12 --line 7 --export /tmp/proof --limit 3\n"
  "  hypermeter proof --resource 4f0c6a52 --meter cpu --from 2026-01-01 --to 2026-01-02\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_STEPS | HM_ASKS_OWNER | HM_ASKS_LIMIT,
  run,
};
