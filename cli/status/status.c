/* SPDX-License-Identifier: Apache-2.0 */
/* status: `hypermeter status [agent|collector]`. How far the collector is, by what stands in its store: so it tells the truth
 * whether the collector runs or not; one that runs is asked, too, whether it is ready, also when the store is away. Progress, not life: the age of the last commit comes first. An agent of this host is
 * asked itself (status_agent.c). */
#include "cli/ask_agent.h"
#include "cli/command.h"
#include "cli/status/status_agent.h"
#include "cli/table.h"

#include "metering/resource.h"
#include "metering/unit.h"

#include <string.h>

#define SOCKET_NAME    "collector.sock"
#define LINE_MAX_BYTES 500

static const HmColumn columns[] = { { "what", HM_COLUMN_TEXT }, { "value", HM_COLUMN_TEXT } };

static gboolean
is_table (const HmOutput *output)
{
  return hm_output_format (output) == HM_OUTPUT_TABLE;
}

static gboolean
show (HmOutput *output, const char *what, const char *value)
{
  return hm_output_row (output, (const char *[]){ what, value });
}

static gboolean
show_count (HmOutput *output, const char *what, guint64 count)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, count);
  g_autofree char *grouped = is_table (output) ? hm_group_thousands (text) : NULL;

  return show (output, what, grouped != NULL ? grouped : text);
}

/* That of no partition is the mirror's: how far the dead letters got on their topic. */
static gboolean
show_offset (const HmOffsetRow *row, gpointer user)
{
  g_autofree char *what = row->partition < 0
                              ? g_strdup_printf ("last dead letter on %s", row->topic)
                              : g_strdup_printf ("next offset of %s/%d", row->topic, row->partition);

  return show_count (user, what, (guint64)row->next);
}

static void
show_size (HmOutput *output, guint64 bytes)
{
  const HmUnit *from = hm_unit_find ("B"), *to = hm_unit_for_people (from, bytes);
  char number[HM_NUMBER_MAX];
  g_autofree char *text = NULL;

  if (!is_table (output))
    {
      show_count (output, "bytes", bytes);
      return;
    }
  hm_unit_convert (bytes, 0, from, to, to == from ? 0 : 1, number);
  text = g_strdup_printf ("%s %s", number, to->name);
  show (output, "size", text);
}

/* The moment and how long ago that is: for people in one line. */
static void
show_commit (HmOutput *output, HmTime last)
{
  const HmClock *clock = hm_clock_system ();
  g_autofree char *span = NULL, *line = NULL;
  char text[HM_TIME_TEXT_MAX];
  gint64 since;

  if (last == HM_TIME_UNKNOWN)
    {
      show (output, "last commit", is_table (output) ? "never" : NULL);
      return;
    }
  since = clock->wall (clock) - last;
  since = MAX (since, 0);
  hm_time_print (last, text);
  span = hm_span_print (since);
  line = g_strdup_printf ("%s ago (%.10s %.8sZ)", span, text, text + strlen ("2026-01-31T"));
  show (output, "last commit", is_table (output) ? line : text);
  if (!is_table (output))
    show_count (output, "seconds since", (guint64)(since / HM_NSEC_PER_SEC));
}

static gboolean
show_all (HmReading *r, HmOutput *output, GError **error)
{
  HmStoreStatus status;

  if (!r->ops->status (r->store, &status, error))
    return FALSE;
  show_commit (output, status.last_commit);
  show_count (output, "raw records", status.raw);
  show_count (output, "resources", status.resources);
  show_count (output, "usage rows", status.buckets);
  show_count (output, "dead letters", status.dead_letters);
  show_size (output, status.bytes);
  return r->ops->list_offsets (r->store, show_offset, output, error);
}

/* -- the collector itself, where one runs -- */

/* Names of reasons, separated by commas. (transfer full) Cleaned: it is another process's word. */
static char *
join_reasons (const HmJson *reasons)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; reasons != NULL && i < hm_json_size (reasons); i++)
    {
      const char *name = hm_json_get_text (hm_json_element (reasons, i), "reason");
      g_autofree char *clean = hm_text_clean (name, HM_NAME_MAX, NULL);

      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", clean != NULL ? clean : "?");
    }
  return g_strdup (names->str);
}

/* (transfer full) (nullable) One that does not run is no failure: the store is told of all the same. */
static HmJson *
ask_running (const HmReading *r)
{
  g_autofree char *socket = NULL, *line = NULL;

  if (r->runtime_dir == NULL)
    return NULL;
  socket = g_build_filename (r->runtime_dir, SOCKET_NAME, NULL);
  return hm_agent_ask (socket, "{\"command\":\"status\"}", &line, NULL);
}

static void
show_running (const HmJson *answer, HmOutput *output)
{
  g_autofree char *summary = NULL, *reasons = NULL;

  if (answer == NULL)
    {
      show (output, "collector", is_table (output) ? "does not answer" : NULL);
      return;
    }
  summary = hm_text_clean (hm_json_get_text (answer, "summary"), LINE_MAX_BYTES, NULL);
  reasons = join_reasons (hm_json_at (answer, "reasons"));
  show (output, "collector", summary);
  if (*reasons != '\0' || !is_table (output))
    show (output, "not ready because", *reasons != '\0' ? reasons : NULL);
  else
    show (output, "ready", "yes");
}

/* What there is: the store, the collector that writes into it, the agent of this host. The store has to be there, unless nothing names
 * one and this host has an agent alone; without it what the collector says is shown all the same, as that is when it is needed. */
static int
show_both (HmReading *r, gboolean collector_alone, GError **error)
{
  g_autoptr (HmJson) answer = ask_running (r);
  g_autoptr (GError) local = NULL;
  gboolean has_store = hm_reading_connect (r, &hm_command_status, &local), shown = TRUE;
  g_autofree char *agent = collector_alone ? NULL : hm_status_agent_brief ();
  gboolean fails = !has_store && (agent == NULL || r->found_store || answer != NULL);
  HmOutput *output;

  if (fails)
    g_propagate_error (error, g_steal_pointer (&local));
  if (fails && answer == NULL)
    return 1;
  output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  if (agent != NULL)
    show (output, "agent of this host", agent);
  if (r->runtime_dir != NULL)
    show_running (answer, output);
  if (has_store)
    shown = show_all (r, output, error);
  return hm_output_end (output, shown, fails ? NULL : error) && !fails ? 0 : 1;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  gboolean collector_alone = argc > 1 && g_str_equal (argv[1], "collector");

  if (argc > 1 && g_str_equal (argv[1], "agent"))
    return hm_status_agent (argc - 1, argv + 1, error);
  argc -= collector_alone;
  argv += collector_alone;
  if (!hm_reading_parse (&r, &hm_command_status, NULL, argc, argv, error)
      || !hm_reading_configure (&r, error))
    return 1;
  return show_both (&r, collector_alone, error);
}

const HmCommand hm_command_status = {
  "status",
  "How far the collector is, and how the agent of this host fares",
  "Examples:\n"
  "  hypermeter status\n"
  "  hypermeter status --store sqlite:///var/lib/hypermeter/usage.db\n"
  "  hypermeter status agent\n"
  "      all that this host's agent says of itself; 'hypermeter status agent --help' tells more\n"
  "  hypermeter status collector\n"
  "      the store, and the collector itself where one runs\n" HM_READING_STATUS,
  0,
  run,
};
