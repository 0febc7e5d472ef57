/* SPDX-License-Identifier: Apache-2.0 */
/* resources: `hypermeter resources`. What is metered and whose it is, as the collector last heard. */
#include "cli/command.h"
#include "cli/names.h"

static const HmColumn columns[] = {
  { "resource", HM_COLUMN_TEXT },
  { "name", HM_COLUMN_TEXT },
  { "kind", HM_COLUMN_TEXT },
  { "state", HM_COLUMN_TEXT },
  { "project", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "project_name", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "project", HM_COLUMN_TEXT, .people_only = TRUE },
  { "user", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "user_name", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "user", HM_COLUMN_TEXT, .people_only = TRUE },
  { "flavor", HM_COLUMN_TEXT },
  { "agent", HM_COLUMN_TEXT },
  { "source", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "first_seen", HM_COLUMN_TIME, .machine_only = TRUE },
  { "last_seen", HM_COLUMN_TIME },
  { "names_erased", HM_COLUMN_TIME, .machine_only = TRUE },
};

typedef struct
{
  HmReading reading;
  gboolean ids;
  HmNames *names;
  GHashTable *erased; /* (element-type utf8 HmTime) by erased_key(): when its names were erased last */
  HmOutput *output;
} Resources;

/* (transfer full) */
static char *
erased_key (const char *source, const char *resource)
{
  return g_strconcat (source, "\n", resource, NULL);
}

static gboolean
note_erasure (const HmErasureRow *row, gpointer user)
{
  Resources *resources = user;

  g_hash_table_insert (resources->erased, erased_key (row->source, row->resource),
                       g_memdup2 (&row->made, sizeof row->made));
  return TRUE;
}

static HmTime
erased_at (const Resources *resources, const HmResourceRow *row)
{
  g_autofree char *key = erased_key (row->source, row->resource);
  const HmTime *made = g_hash_table_lookup (resources->erased, key);

  return made != NULL ? *made : HM_TIME_UNKNOWN;
}

/* What people call the owner; the id for --ids. */
static const char *
owner_of (Resources *resources, HmBy column, const char *id)
{
  return resources->ids ? id : hm_names_show (resources->names, column, id);
}

static gboolean
show (const HmResourceRow *row, gpointer user)
{
  Resources *resources = user;
  char first[HM_TIME_TEXT_MAX], last[HM_TIME_TEXT_MAX], erased[HM_TIME_TEXT_MAX];
  HmTime gone = erased_at (resources, row);
  gboolean table = hm_output_format (resources->output) == HM_OUTPUT_TABLE;
  const char *name = row->name == NULL && table && gone != HM_TIME_UNKNOWN ? "(erased)" : row->name;

  return hm_output_row (
      resources->output,
      (const char *[]){ row->resource, name, row->kind, hm_state_name (row->state), row->project,
                        row->project_name, owner_of (resources, HM_BY_PROJECT, row->project), row->user,
                        row->user_name, owner_of (resources, HM_BY_USER, row->user), row->flavor, row->agent,
                        row->source, hm_moment_print (row->first_seen, first),
                        hm_moment_print (row->last_seen, last), hm_moment_print (gone, erased) });
}

static gboolean
add_names (const HmResourceRow *row, gpointer user)
{
  hm_names_add (user, row);
  return TRUE;
}

/* Whether two go by one name can only be said when all are known, so they are gone through before. */
static gboolean
list (Resources *resources, GError **error)
{
  HmReading *r = &resources->reading;
  const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

  return (r->ops->list_erasures == NULL || r->ops->list_erasures (r->store, note_erasure, resources, error))
         && (r->output != HM_OUTPUT_TABLE || resources->ids
             || r->ops->list_resources (r->store, &everything, add_names, resources->names, error))
         && r->ops->list_resources (r->store, &r->filter, show, resources, error);
}

static gboolean
answer (Resources *resources, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = { { "ids", 0, 0, G_OPTION_ARG_NONE, &resources->ids,
                                     "Show ids of owners in the table, not names", NULL },
                                   { NULL } };

  if (!hm_reading_open (&resources->reading, &hm_command_resources, entries, argc, argv, error))
    return FALSE;
  resources->names = hm_names_new ();
  resources->erased = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  resources->output = hm_reading_output (&resources->reading, columns, G_N_ELEMENTS (columns));
  return hm_output_end (resources->output, list (resources, error), error);
}

static int
run (int argc, char **argv, GError **error)
{
  Resources resources = { .ids = FALSE };
  gboolean ok = answer (&resources, argc, argv, error);

  hm_names_free (resources.names);
  g_clear_pointer (&resources.erased, g_hash_table_unref);
  hm_reading_clear (&resources.reading);
  return ok ? 0 : 1;
}

const HmCommand hm_command_resources = {
  "resources",
  "What is metered, and whose it is",
  "Examples:\n"
  "  hypermeter resources\n"
  "  hypermeter resources --from -1h\n"
  "  hypermeter resources --project 9b1c --output json\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_OWNER | HM_ASKS_LIMIT,
  run,
};
