/* SPDX-License-Identifier: Apache-2.0 */
/* adjust_list: `hypermeter adjust --list`, and what was asked for before. An adjustment that waits for a collector is a request of the store; a person
 * who got no answer finds it here and does not ask twice. */
#include "cli/bill/adjust.h"

#include "collector/bill/periods.h"
#include "collector/bill/statement.h"
#include "metering/json.h"

#include <string.h>

/* Of `columns`. */
enum
{
  COLUMN_ID = 0,
  COLUMN_PROJECT = 3,
  COLUMN_STATUS = 10,
  COLUMN_KEY = 14,
};

typedef struct
{
  const HmReading *reading;
  HmOutput *output;
} Listing;

/* NULL: it is about nothing of ours. (transfer full) */
static HmJson *
parse_target (const HmRequestRow *row)
{
  if (row->target == NULL || strcmp (row->action, "adjust") != 0)
    return NULL;
  return hm_json_parse (row->target, strlen (row->target), NULL);
}

/* -- made -- */

static const HmColumn columns[] = {
  { "id", HM_COLUMN_COUNT },
  { "statement", HM_COLUMN_COUNT },
  { "source", HM_COLUMN_TEXT },
  { "project", HM_COLUMN_TEXT },
  { "user", HM_COLUMN_TEXT },
  { "resource", HM_COLUMN_TEXT },
  { "device", HM_COLUMN_TEXT },
  { "meter", HM_COLUMN_TEXT },
  { "quantity", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "unit", HM_COLUMN_TEXT },
  { "status", HM_COLUMN_TEXT }, /* billed, next-statement, asked */
  { "made", HM_COLUMN_TIME },
  { "author", HM_COLUMN_TEXT },
  { "reason", HM_COLUMN_TEXT },
  { "key", HM_COLUMN_TEXT }, /* --id */
};

static const char *
or_nothing (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

static gboolean
show_row (const HmAdjustmentRow *row, gpointer user)
{
  const Listing *listing = user;
  const HmStatementLine line = { .number = row->statement,
                                 .unit = row->unit,
                                 .type = row->type,
                                 .quantity = row->quantity,
                                 .adjustment = row->id };
  g_auto (HmLineText) text = hm_line_text (&line);
  char made[HM_TIME_TEXT_MAX];

  if (listing->reading->project != NULL && !g_str_equal (listing->reading->project, row->project))
    return TRUE;
  return hm_output_row (
      listing->output,
      (const char *[]){ text.adjustment, row->statement != 0 ? text.statement : NULL,
                        or_nothing (row->source), or_nothing (row->project), or_nothing (row->user),
                        or_nothing (row->resource), or_nothing (row->device), row->meter, text.quantity,
                        text.unit, row->statement != 0 ? "billed" : "next-statement",
                        hm_moment_print (row->made, made), row->author, row->reason, row->key });
}

/* -- asked -- */

/* What waits is no adjustment yet, and has no id; its quantity is as it was asked for. */
static gboolean
show_request (const HmRequestRow *row, gpointer user)
{
  const Listing *listing = user;
  const char *cells[G_N_ELEMENTS (columns)] = { NULL };
  g_autoptr (HmJson) target = parse_target (row);
  char asked[HM_TIME_TEXT_MAX];

  if (target == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    cells[i] = or_nothing (hm_json_get_text (target, columns[i].name));
  cells[COLUMN_KEY] = cells[COLUMN_ID]; /* the target's "id" */
  cells[COLUMN_ID] = NULL;
  cells[COLUMN_STATUS] = "asked";
  cells[COLUMN_STATUS + 1] = hm_moment_print (row->asked, asked);
  cells[COLUMN_STATUS + 2] = row->author;
  cells[COLUMN_STATUS + 3] = row->reason;
  if (listing->reading->project != NULL && g_strcmp0 (listing->reading->project, cells[COLUMN_PROJECT]) != 0)
    return TRUE;
  return hm_output_row (listing->output, cells);
}

gboolean
hm_adjust_list (const HmReading *r, GError **error)
{
  Listing listing = { .reading = r };
  gboolean listed;

  if (!hm_periods_check (r->ops, error))
    return FALSE;
  listing.output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  listed = r->ops->list_adjustments (r->store, show_row, &listing, error)
           && r->ops->list_requests (r->store, TRUE, show_request, &listing, error);
  return hm_output_end (listing.output, listed, error);
}

/* -- asked before -- */

typedef struct
{
  HmAsk *ask;
  const char *id, *wanted;
  gboolean known, other;
} Finding;

static gboolean
find_request (const HmRequestRow *row, gpointer user)
{
  Finding *finding = user;
  g_autoptr (HmJson) target = parse_target (row);

  if (target == NULL || g_strcmp0 (hm_json_get_text (target, "id"), finding->id) != 0
      || (row->result != NULL && g_str_has_prefix (row->result, "not done")))
    return TRUE;
  finding->known = TRUE;
  finding->other = strcmp (row->target, finding->wanted) != 0;
  g_hash_table_add (finding->ask->ours, g_memdup2 (&row->id, sizeof row->id));
  return FALSE;
}

gboolean
hm_adjust_find (HmAsk *ask, const HmReading *r, const char *id, const char *wanted, gboolean *ret_known,
                GError **error)
{
  Finding finding = { .ask = ask, .id = id, .wanted = wanted };

  if (!r->ops->list_requests (r->store, FALSE, find_request, &finding, error))
    return FALSE;
  if (finding.other)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--id: something else was asked for as '%.64s'", id);
      return FALSE;
    }
  *ret_known = finding.known;
  return TRUE;
}
