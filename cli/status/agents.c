/* SPDX-License-Identifier: Apache-2.0 */
/* agents: `hypermeter agents`. Who has sent records, and whether everything is there: what their heartbeats say was made against what
 * came, was accounted for and is missing. A row per agent, per agent process, or per five-minute bin. */
#include "cli/status/agents_rows.h"
#include "cli/command.h"

#define SILENT_AFTER "5m" /* the collector's default */

static gboolean each_process, each_bin, only_missing;
static char *agent, *site, *silent_after;
static gint64 silent_after_ns;

static const GOptionEntry entries[] = {
  { "agent", 0, 0, G_OPTION_ARG_FILENAME, &agent, "Only this agent", "ID" },
  { "source", 0, 0, G_OPTION_ARG_FILENAME, &site, "Only this site", "NAME" },
  { "silent-after", 0, 0, G_OPTION_ARG_STRING, &silent_after,
    "An agent of which nothing came for so long is silent; default: as the collector's configuration says",
    "DURATION" },
  { "processes", 0, 0, G_OPTION_ARG_NONE, &each_process, "A row per agent process", NULL },
  { "bins", 0, 0, G_OPTION_ARG_NONE, &each_bin, "A row per process and bin of five minutes", NULL },
  { "missing", 0, 0, G_OPTION_ARG_NONE, &only_missing, "Only where records are missing, or odd", NULL },
  { NULL }
};

static char *
count (guint64 number)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
}

/* -- a row per agent or process -- */

#define LINE_COLUMNS                                                                                         \
  { "last_received", HM_COLUMN_TIME, .heading = "LAST RECEIVED" }, { "state", HM_COLUMN_TEXT },              \
      { "last_time", HM_COLUMN_TIME, .machine_only = TRUE },                                                 \
      { "expected", HM_COLUMN_COUNT, .grouped = TRUE }, { "received", HM_COLUMN_COUNT, .grouped = TRUE },    \
      { "accounted", HM_COLUMN_COUNT, .grouped = TRUE }, { "missing", HM_COLUMN_COUNT, .grouped = TRUE },    \
      { "holes", HM_COLUMN_COUNT, .grouped = TRUE }, { "odd_bins", HM_COLUMN_COUNT, .machine_only = TRUE },  \
      { "open", HM_COLUMN_COUNT, .grouped = TRUE }, { "late", HM_COLUMN_COUNT, .grouped = TRUE },            \
      { "first_time", HM_COLUMN_TIME, .machine_only = TRUE },                                                \
      { "heartbeat", HM_COLUMN_TIME, .machine_only = TRUE }, { "backlog", HM_COLUMN_COUNT },                 \
      { "oldest_unsent", HM_COLUMN_TIME, .machine_only = TRUE },                                             \
      { "processes", HM_COLUMN_COUNT, .machine_only = TRUE },                                                \
      { "records", HM_COLUMN_COUNT, .machine_only = TRUE },                                                  \
      { "samples", HM_COLUMN_COUNT, .machine_only = TRUE },                                                  \
      { "duplicates", HM_COLUMN_COUNT, .machine_only = TRUE },                                               \
      { "refused", HM_COLUMN_COUNT, .grouped = TRUE },                                                       \
  {                                                                                                          \
    "projects", HM_COLUMN_LIST                                                                               \
  }

static const HmColumn agent_columns[] = { { "agent", HM_COLUMN_TEXT },
                                          { "source", HM_COLUMN_TEXT },
                                          { "epoch", HM_COLUMN_TEXT, .machine_only = TRUE },
                                          LINE_COLUMNS };
static const HmColumn process_columns[] = {
  { "agent", HM_COLUMN_TEXT }, { "source", HM_COLUMN_TEXT }, { "epoch", HM_COLUMN_TEXT }, LINE_COLUMNS
};

/* 0 stands for none. */
static const char *
moment (HmTime time, char buffer[HM_TIME_TEXT_MAX])
{
  return time > 0 && time < G_MAXINT64 ? hm_moment_print (time, buffer) : NULL;
}

/* By what came, not by what the agent's clock says. */
static const char *
state_of (const HmAgentRow *row)
{
  const HmClock *clock = hm_clock_system ();

  if (row->last_appended <= 0)
    return NULL;
  return clock->wall (clock) - row->last_appended > silent_after_ns ? "silent" : "heard";
}

static gboolean
show_line (HmOutput *output, const HmAgentLine *line)
{
  char first[HM_TIME_TEXT_MAX], last[HM_TIME_TEXT_MAX], received[HM_TIME_TEXT_MAX], beat[HM_TIME_TEXT_MAX],
      unsent[HM_TIME_TEXT_MAX];
  const HmCompleteness *sums = &line->sums;
  const HmAgentRow *row = &line->row;
  gboolean spoke = row->heartbeat > 0;
  g_autofree char *expected = count (sums->expected), *came = count (sums->received),
                  *accounted = count (sums->accounted), *missing = count (sums->missing),
                  *holes = count (line->holes), *odd = count (sums->bins[HM_BIN_ODD]),
                  *open = count (sums->open), *late = count (sums->late), *backlog = count (row->backlog),
                  *processes = count (line->processes), *records = count (row->records),
                  *samples = count (row->samples), *duplicates = count (row->duplicates),
                  *refused = count (row->refused), *projects = hm_agent_line_projects (line);

  return hm_output_row (output, (const char *[]){
                                    line->agent,
                                    line->source,
                                    line->epoch,
                                    moment (row->last_appended, received),
                                    state_of (row),
                                    moment (row->last_time, last),
                                    expected,
                                    came,
                                    accounted,
                                    missing,
                                    holes,
                                    odd,
                                    open,
                                    late,
                                    moment (row->first_time, first),
                                    moment (row->heartbeat, beat),
                                    spoke ? backlog : NULL,
                                    moment (row->oldest_unsent, unsent),
                                    processes,
                                    records,
                                    samples,
                                    duplicates,
                                    refused,
                                    projects,
                                });
}

static gboolean
show_lines (HmReading *r, HmOutput *output, GError **error)
{
  g_autoptr (GPtrArray) lines = hm_agent_lines (r->ops, r->store, &r->filter, each_process, error);

  for (guint i = 0; lines != NULL && i < lines->len; i++)
    {
      const HmAgentLine *line = g_ptr_array_index (lines, i);

      if ((!only_missing || line->sums.missing > 0 || line->sums.bins[HM_BIN_ODD] > 0)
          && !show_line (output, line))
        break;
    }
  return lines != NULL;
}

/* -- a row per bin -- */

static const HmColumn bin_columns[] = {
  { "agent", HM_COLUMN_TEXT },
  { "source", HM_COLUMN_TEXT },
  { "epoch", HM_COLUMN_TEXT },
  { "bin", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "from", HM_COLUMN_TIME },
  { "state", HM_COLUMN_TEXT },
  { "expected", HM_COLUMN_COUNT, .grouped = TRUE },
  { "received", HM_COLUMN_COUNT, .grouped = TRUE },
  { "refused", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "accounted", HM_COLUMN_COUNT, .grouped = TRUE },
  { "missing", HM_COLUMN_COUNT, .grouped = TRUE },
  { "late", HM_COLUMN_COUNT, .grouped = TRUE },
  { "said", HM_COLUMN_TIME, .machine_only = TRUE },
};

static gboolean
show_bin (HmOutput *output, const char *source, const char *of, const HmBinJudged *judged)
{
  char from[HM_TIME_TEXT_MAX], said[HM_TIME_TEXT_MAX];
  const HmBinState *state = &judged->state;
  const HmBinRow *came = &state->came;
  g_autofree char *bin = g_strdup_printf ("%" G_GINT64_FORMAT, came->bin), *expected = count (state->records),
                  *received = count (came->records), *refused = count (came->refused_records),
                  *accounted = count (judged->accounted), *missing = count (judged->missing),
                  *late = count (came->late);

  return hm_output_row (
      output, (const char *[]){ of, source, came->epoch, bin, hm_moment_print (came->bin * HM_BIN_NS, from),
                                hm_bin_verdict_name (judged->verdict), state->is_closed ? expected : NULL,
                                received, refused, accounted, missing, late,
                                state->is_closed ? moment (state->said, said) : NULL });
}

static gboolean
show_bins (const char *source, const char *of, const HmBinJudged *bins, guint n_bins, gpointer output)
{
  for (guint i = 0; i < n_bins; i++)
    if (bins[i].state.came.bin != HM_BIN_NONE
        && (!only_missing || bins[i].missing > 0 || bins[i].verdict == HM_BIN_ODD)
        && !show_bin (output, source, of, &bins[i]))
      return FALSE;
  return TRUE;
}

/* -- the command -- */

static gboolean
show (HmReading *r, GError **error)
{
  HmOutput *output;
  gboolean listed;

  r->filter.agent = agent;
  r->filter.source = site;
  if (each_bin)
    {
      HmStoreFilter filter = r->filter;

      filter.limit = 0; /* of rows that are shown */
      output = hm_reading_output (r, bin_columns, G_N_ELEMENTS (bin_columns));
      listed = hm_completeness_each (r->ops, r->store, &filter, show_bins, output, error);
    }
  else
    {
      output = hm_reading_output (r, each_process ? process_columns : agent_columns,
                                  G_N_ELEMENTS (agent_columns));
      listed = show_lines (r, output, error);
    }
  return hm_output_end (output, listed, error);
}

/* What the option says, else the configuration that the store is taken from, else the collector's default. */
static gboolean
take_silent_after (const HmReading *r, GError **error)
{
  const char *text = silent_after != NULL ? silent_after : r->silent_after;

  if (hm_duration_parse (text != NULL ? text : SILENT_AFTER, &silent_after_ns) && silent_after_ns > 0)
    return TRUE;
  g_set_error (error, HM_ERROR, silent_after != NULL ? HM_ERROR_USAGE : HM_ERROR_CONFIG,
               "%s: '%s' is no duration such as 5m",
               silent_after != NULL ? "--silent-after" : "[collector] silent-after", text);
  return FALSE;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  int status = 1;

  if (hm_reading_parse (&r, &hm_command_agents, entries, argc, argv, error))
    {
      if (each_bin && each_process)
        g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "--bins and --processes: one of the two");
      else if (hm_reading_configure (&r, error) && take_silent_after (&r, error)
               && hm_reading_connect (&r, &hm_command_agents, error))
        status = show (&r, error) ? 0 : 1;
    }
  g_clear_pointer (&agent, g_free);
  g_clear_pointer (&site, g_free);
  g_clear_pointer (&silent_after, g_free);
  return status;
}

const HmCommand hm_command_agents = {
  "agents",
  "Which agents have sent records, when last, and what is missing",
  "EXPECTED is what the agents' heartbeats say was made, RECEIVED what came of it, ACCOUNTED what gap "
  "records and\n"
  "refused records with a right signature explain; MISSING is the rest. OPEN came of bins that no heartbeat "
  "has\n"
  "closed yet. HOLES are numbers left out between those that came of each resource, whatever the period: "
  "lost, refused\n"
  "or still to come, before any heartbeat says so. LAST RECEIVED is when the broker took its last record; an "
  "agent of which nothing came for "
  "--silent-after "
  "is\n"
  "silent. A period selects by bins of five minutes.\n\n"
  "Examples:\n"
  "  hypermeter agents\n"
  "  hypermeter agents --missing --from -24h\n"
  "  hypermeter agents --silent-after 15m\n"
  "  hypermeter agents --bins --agent node-17 --from today\n"
  "  hypermeter agents --processes --output ndjson\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_LIMIT,
  run,
};
