/* SPDX-License-Identifier: Apache-2.0 */
/* gaps: `hypermeter gaps`. What is known to be lost: offsets that the bus does not have, and what agents say in gap records. */
#include "cli/command.h"

#include <string.h>

static const HmColumn columns[] = {
  { "where", HM_COLUMN_TEXT }, /* bus, agent */
  { "noticed", HM_COLUMN_TIME },
  { "agent", HM_COLUMN_TEXT },
  { "source", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "epoch", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "topic", HM_COLUMN_TEXT },
  { "partition", HM_COLUMN_COUNT },
  { "first_offset", HM_COLUMN_COUNT },
  { "end_offset", HM_COLUMN_COUNT },
  { "from", HM_COLUMN_TIME },
  { "to", HM_COLUMN_TIME },
  { "records", HM_COLUMN_COUNT, .grouped = TRUE },
  { "resources", HM_COLUMN_COUNT, .grouped = TRUE },
  { "reason", HM_COLUMN_TEXT },
};

static char *agent;

static const GOptionEntry entries[]
    = { { "agent", 0, 0, G_OPTION_ARG_FILENAME, &agent, "Only what this agent says it lost", "ID" },
        { NULL } };

typedef struct
{
  const HmStoreFilter *filter;
  HmOutput *output;
  gboolean full;
} Listing;

static gboolean
show_bus (const HmGapRow *row, gpointer user)
{
  Listing *listing = user;
  const HmStoreFilter *filter = listing->filter;
  char noticed[HM_TIME_TEXT_MAX];
  g_autofree char *partition = g_strdup_printf ("%d", row->partition);
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, row->from);
  g_autofree char *end = g_strdup_printf ("%" G_GINT64_FORMAT, row->to);
  g_autofree char *records = g_strdup_printf ("%" G_GINT64_FORMAT, row->to - row->from);

  if ((filter->from != HM_TIME_UNKNOWN && row->noticed < filter->from)
      || (filter->to != HM_TIME_UNKNOWN && row->noticed >= filter->to))
    return TRUE;
  listing->full = !hm_output_row (listing->output,
                                  (const char *[]){ "bus", hm_moment_print (row->noticed, noticed), NULL,
                                                    NULL, NULL, row->topic, partition, first, end, NULL, NULL,
                                                    records, NULL, "the bus does not have these offsets" });
  return !listing->full;
}

static gboolean
show_loss (const HmLossRow *row, gpointer user)
{
  Listing *listing = user;
  char noticed[HM_TIME_TEXT_MAX], from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX];
  g_autofree char *records = g_strdup_printf ("%" G_GUINT64_FORMAT, row->records);
  g_autofree char *resources = g_strdup_printf ("%" G_GUINT64_FORMAT, row->resources);

  listing->full = !hm_output_row (
      listing->output,
      (const char *[]){ "agent", hm_moment_print (row->appended, noticed), row->agent, row->source,
                        row->epoch, NULL, NULL, NULL, NULL, hm_moment_print (row->from, from),
                        hm_moment_print (row->to, to), records, resources, row->reason });
  return !listing->full;
}

static gboolean
show (HmReading *r, GError **error)
{
  HmOutput *output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  Listing listing = { &r->filter, output, FALSE };
  gboolean listed;

  r->filter.agent = agent;
  r->filter.limit = 0; /* of both lists together */
  listed = (agent != NULL || r->ops->list_gaps (r->store, show_bus, &listing, error))
           && (listing.full || r->ops->list_losses (r->store, &r->filter, show_loss, &listing, error));
  return hm_output_end (output, listed, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  int status = hm_reading_open (&r, &hm_command_gaps, entries, argc, argv, error) && show (&r, error) ? 0 : 1;

  g_clear_pointer (&agent, g_free);
  return status;
}

const HmCommand hm_command_gaps = {
  "gaps",
  "What is known to be lost: on the bus, and by the agents' own word",
  "Examples:\n"
  "  hypermeter gaps\n"
  "  hypermeter gaps --agent node-17 --from this-month\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_LIMIT,
  run,
};
