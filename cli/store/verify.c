/* SPDX-License-Identifier: Apache-2.0 */
/* verify: `hypermeter verify`. Makes each resource's usage again from its stored records, in memory, and lists what is stored otherwise; then
 * adds up buckets per day and month and compares rollups, and hashes the records of each day and compares its evidence; and, where it is asked of all
 * resources, hashes the lines of each statement. Only reads, so a collector goes on meanwhile: each resource is looked at in one of
 * its versions. */
#include "cli/store/shadow.h"

#include "collector/bill/shadow_verify.h"
#include "collector/bill/statement_verify.h"
#include "metering/count.h"

#include <unistd.h>

static const HmColumn columns[] = {
  { "source", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "resource", HM_COLUMN_TEXT },
  { "what", HM_COLUMN_TEXT }, /* cell, day, month, held, state, evidence, statement */
  { "start", HM_COLUMN_TIME },
  { "device", HM_COLUMN_TEXT },
  { "meter", HM_COLUMN_TEXT },
  { "figure", HM_COLUMN_TEXT },
  { "stored", HM_COLUMN_TEXT },
  { "folded", HM_COLUMN_TEXT },
  { "statement", HM_COLUMN_COUNT },
};

typedef struct
{
  HmReading reading;
  HmShadow *shadow;
  HmOutput *output;
  GPtrArray *names;       /* (element-type HmShadowName) */
  const HmShadowName *at; /* the one that is looked at */
  guint64 differences;
} Verifying;

/* -- differences -- */

static gboolean
is_within (const HmStoreFilter *filter, HmTime start)
{
  return start == HM_TIME_UNKNOWN
         || ((filter->from == HM_TIME_UNKNOWN || start >= filter->from)
             && (filter->to == HM_TIME_UNKNOWN || start < filter->to));
}

static void
show_row (Verifying *verifying, const char *source, const char *resource, const HmDifference *difference,
          const char *statement)
{
  char start[HM_TIME_TEXT_MAX];

  verifying->differences++;
  hm_output_row (verifying->output,
                 (const char *[]){ source, resource, difference->what,
                                   hm_moment_print (difference->start, start), difference->device,
                                   difference->meter, difference->figure, difference->stored,
                                   difference->made, statement });
}

static void
show (const HmDifference *difference, gpointer user)
{
  Verifying *verifying = user;

  if (is_within (&verifying->reading.filter, difference->start))
    show_row (verifying, verifying->at->source, verifying->at->resource, difference, NULL);
}

static void
show_statement (gint64 statement, const HmDifference *difference, gpointer user)
{
  g_autofree char *number = statement != 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, statement) : NULL;

  show_row (user, NULL, NULL, difference, number);
}

/* -- all of them -- */

static void
say_progress (const Verifying *verifying, guint done)
{
  g_autofree char *resources = hm_count_print (verifying->names->len, "resource");

  if (isatty (STDERR_FILENO))
    g_printerr ("\r%u of %s%s", done, resources, done == verifying->names->len ? "\n" : "");
}

static gboolean
verify_all (Verifying *verifying, GError **error)
{
  for (guint i = 0; i < verifying->names->len; i++)
    {
      guint rows;

      verifying->at = g_ptr_array_index (verifying->names, i);
      say_progress (verifying, i);
      if (!hm_shadow_verify (verifying->shadow, verifying->at->source, verifying->at->resource, show,
                             verifying, &rows, error))
        return FALSE;
    }
  say_progress (verifying, verifying->names->len);
  return TRUE;
}

/* A statement is about everybody. */
static gboolean
verify_statements (Verifying *verifying, GError **error)
{
  const HmReading *r = &verifying->reading;

  if (r->filter.source != NULL || r->filter.project != NULL || r->filter.user != NULL
      || r->filter.resource != NULL)
    return TRUE;
  return hm_statements_verify (r->ops, r->store, show_statement, verifying, error);
}

static gboolean
verify (Verifying *verifying, GError **error)
{
  HmReading *r = &verifying->reading;
  gboolean done;

  verifying->names = hm_shadow_names (r, FALSE, error);
  if (verifying->names == NULL)
    return FALSE;
  verifying->shadow = hm_shadow_open (r, error);
  if (verifying->shadow == NULL)
    return FALSE;
  verifying->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  done = verify_all (verifying, error) && verify_statements (verifying, error);
  return hm_output_end (verifying->output, done, error);
}

static int
run (int argc, char **argv, GError **error)
{
  Verifying verifying = { 0 };
  gboolean done = hm_reading_open (&verifying.reading, &hm_command_verify, NULL, argc, argv, error)
                  && verify (&verifying, error);

  g_clear_pointer (&verifying.shadow, hm_shadow_free);
  g_clear_pointer (&verifying.names, g_ptr_array_unref);
  hm_reading_clear (&verifying.reading);
  return done && verifying.differences == 0 ? 0 : 1;
}

const HmCommand hm_command_verify = {
  "verify",
  "Makes usage again from the stored records, and lists what is stored otherwise",
  "Finds nothing and ends with 0 where all is as it has to be. Changes nothing: 'hypermeter recompute' "
  "does.\n"
  "Statements are looked at where none of --source, --project, --user and --resource is given.\n"
  "\n"
  "Examples:\n"
  "  hypermeter verify\n"
  "  hypermeter verify --project 9b1c --from this-month\n"
  "\n"
  "Exit status: 0 all is right, 1 something differs, 64 wrong usage, 69 the store is not there,\n"
  "75 a resource changes all the time, 78 configuration.\n",
  HM_ASKS_PERIOD | HM_ASKS_STEPS | HM_ASKS_OWNER | HM_ASKS_LIMIT,
  run,
};
