/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_status: `hypermeter outbox status`. An agent that runs answers itself; of one that does not, an answer of the same form is made from
 * its files. Both are shown as `hypermeter status agent` shows its own. */
#include "cli/ask_agent.h"
#include "cli/outbox/outbox.h"
#include "cli/outbox/outbox_files.h"
#include "cli/status/status_agent.h"

/* -- the answer that the files give -- */

static void
set_time (HmJsonWriter *w, const char *key, HmTime time)
{
  char text[HM_TIME_TEXT_MAX];

  if (time == HM_TIME_UNKNOWN)
    return;
  hm_time_print (time, text);
  hm_json_set_text (w, key, text);
}

static guint64
unsaid (const HmJournal *journal)
{
  guint64 records = 0;

  for (guint i = 0; i < journal->losses->len; i++)
    records += ((const HmJournalLoss *)g_ptr_array_index (journal->losses, i))->records;
  return records;
}

static void
write_outbox (const char *folder, const HmJournal *journal, const HmOutboxFiles *files, HmJsonWriter *w)
{
  g_autofree char *name = hm_text_clean (folder, HM_NAME_MAX, NULL);

  hm_json_key (w, "outbox");
  hm_json_begin_object (w);
  hm_json_set_text (w, "state", "files");
  hm_json_set_text (w, "folder", name);
  set_time (w, "oldest", files->oldest);
  set_time (w, "newest", files->newest);
  hm_json_set_u64 (w, "damaged_bytes", files->damaged);
  hm_json_set_u64 (w, "unsaid", unsaid (journal));
  hm_json_set_u64 (w, "open_bins", journal->bins->len);
  hm_json_end_object (w);
}

static void
write_lanes (const HmJournal *journal, const HmOutboxFiles *files, HmJsonWriter *w)
{
  hm_json_key (w, "lanes");
  hm_json_begin_array (w);
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      const HmLaneFiles *row = &files->lanes[lane];

      hm_json_begin_object (w);
      hm_json_set_text (w, "lane", hm_lane_name (lane));
      hm_json_set_u64 (w, "segments", row->segments);
      hm_json_set_u64 (w, "files_bytes", row->bytes);
      hm_json_set_u64 (w, "records", row->records);
      hm_json_set_u64 (w, "first", row->first);
      hm_json_set_u64 (w, "last", row->last);
      hm_json_set_u64 (w, "released", journal->released[lane]);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

static void
write_publishers (const HmJournal *journal, const guint64 *counts, HmJsonWriter *w)
{
  hm_json_key (w, "publishers");
  hm_json_begin_array (w);
  for (guint i = 0; i < journal->marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (journal->marks, i);

      hm_json_begin_object (w);
      hm_json_set_text (w, "publisher", mark->publisher);
      hm_json_set_u64 (w, "waiting", counts[i]);
      for (guint lane = 0; lane < HM_LANES; lane++)
        hm_json_set_u64 (w, hm_lane_name (lane), mark->next[lane]);
      hm_json_end_object (w);
    }
  hm_json_end_array (w);
}

static gboolean
write_answer (const char *folder, HmJsonWriter *w, GError **error)
{
  g_autoptr (HmJournal) journal = hm_journal_read (hm_files_system (), folder, error);
  g_autofree guint64 *counts = NULL;
  g_autofree guint64 (*from)[HM_LANES] = NULL;
  HmOutboxFiles files;

  if (journal == NULL)
    return FALSE;
  counts = g_new0 (guint64, journal->marks->len + 1);
  from = g_malloc0_n (journal->marks->len + 1, sizeof *from);
  for (guint i = 0; i < journal->marks->len; i++)
    for (guint lane = 0; lane < HM_LANES; lane++)
      from[i][lane] = ((const HmJournalMark *)g_ptr_array_index (journal->marks, i))->next[lane];
  if (!hm_outbox_files_read (folder, from, journal->marks->len, &files, counts, error))
    return FALSE;
  hm_json_begin_object (w);
  write_outbox (folder, journal, &files, w);
  write_publishers (journal, counts, w);
  write_lanes (journal, &files, w);
  hm_json_end_object (w);
  return TRUE;
}

/* (transfer full) */
static HmJson *
read_files (const HmOutboxPlace *place, char **ret_line, GError **error)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *text = NULL;
  gsize length;

  if (hm_outbox_check (place, error) && write_answer (place->folder, w, error))
    text = hm_json_writer_finish (w, &length, error);
  if (text == NULL)
    return NULL;
  *ret_line = g_strndup (text, length);
  return hm_json_parse (text, length, error);
}

/* -- asking -- */

HmJson *
hm_outbox_ask (const HmOutboxPlace *place, const char *socket, const char *request, char **ret_line,
               GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) local = NULL;
  HmJson *answer;

  if (place->is_given)
    return NULL;
  path = hm_agent_socket (socket, place->config, error);
  if (path == NULL)
    return NULL;
  answer = hm_agent_ask (path, request, ret_line, &local);
  if (answer == NULL && (socket != NULL || !g_error_matches (local, HM_ERROR, HM_ERROR_UNAVAILABLE)))
    g_propagate_error (error, g_steal_pointer (&local));
  return answer;
}

/* -- the command -- */

typedef struct
{
  char *socket, *format;
} Own;

static void
own_clear (Own *own)
{
  g_free (own->socket);
  g_free (own->format);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Own, own_clear)

static gboolean
parse_format (const char *name, HmOutputFormat *ret_format, GError **error)
{
  if (name == NULL || hm_output_format_parse (name, ret_format))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "status: --output: '%s' is none of table, json, ndjson, csv",
               name);
  return FALSE;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmOutboxPlace) place = { 0 };
  g_auto (Own) own = { 0 };
  g_autoptr (HmJson) answer = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *line = NULL;
  HmOutputFormat format = HM_OUTPUT_TABLE;
  const GOptionEntry entries[] = {
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &own.socket, "The agent's control socket", "PATH" },
    { "output", 'o', 0, G_OPTION_ARG_STRING, &own.format, "table, json, ndjson or csv", "FORM" },
    { NULL },
  };

  if (!hm_outbox_find (&hm_outbox_status, entries, argc, argv, &place, error)
      || !parse_format (own.format, &format, error))
    return 1;
  answer = hm_outbox_ask (&place, own.socket, "{\"command\":\"outbox\"}", &line, &local);
  if (answer == NULL && local == NULL)
    answer = read_files (&place, &line, &local);
  if (answer != NULL)
    return hm_status_show (format, line, answer, error) ? 0 : 1;
  g_propagate_error (error, g_steal_pointer (&local));
  return 1;
}

const HmOutboxCommand hm_outbox_status = {
  "status",
  "What waits for whom, and how the disk takes it",
  "Examples:\n"
  "  hypermeter outbox status\n"
  "  hypermeter outbox status --output json | jq '.publishers[].waiting'\n"
  "  hypermeter outbox status --folder /mnt/old/var/lib/hypermeter/outbox\n"
  "\n"
  "Asks the agent of this host. Where none runs, and of a --folder, the files are read.\n"
  "\n"
  "Exit status: 0 done, 64 wrong usage, 69 there is no outbox, 75 the agent does not answer\n"
  "now, 77 not permitted, 78 configuration.\n",
  run,
};
