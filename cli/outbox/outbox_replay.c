/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_replay: `hypermeter outbox replay`. A publisher goes back to where it once was: an agent that runs is told so; of one that does
 * not, the marks in the journal are set back, under the lock that an agent holds on its state folder. */
#include "cli/outbox/outbox.h"
#include "cli/outbox/outbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const HmColumn columns[]
    = { { "publisher", HM_COLUMN_TEXT }, { "records", HM_COLUMN_COUNT, .grouped = TRUE } };

typedef struct
{
  char *publisher, **from, *socket;
  guint64 start[HM_LANES];
} Replay;

/* -- where to begin -- */

/* "billing:4711" */
static gboolean
parse_start (const char *text, guint64 start[HM_LANES], GError **error)
{
  const char *colon = strchr (text, ':');
  guint64 number;

  for (guint lane = 0; colon != NULL && lane < HM_LANES; lane++)
    if (strncmp (text, hm_lane_name (lane), (gsize)(colon - text)) == 0
        && strlen (hm_lane_name (lane)) == (gsize)(colon - text)
        && g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXINT64, &number, NULL))
      {
        start[lane] = number;
        return TRUE;
      }
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--from: '%s' is not LANE:NUMBER, as billing:1 is", text);
  return FALSE;
}

/* A lane that is not named is left out, unless none is. */
static gboolean
parse_starts (Replay *replay, GError **error)
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    replay->start[lane] = replay->from != NULL ? G_MAXUINT64 : 0;
  for (guint i = 0; replay->from != NULL && replay->from[i] != NULL; i++)
    if (!parse_start (replay->from[i], replay->start, error))
      return FALSE;
  return TRUE;
}

/* -- an agent that runs -- */

/* (transfer full) */
static char *
make_request (const Replay *replay, GError **error)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *text;
  gsize length;

  hm_json_begin_object (w);
  hm_json_set_text (w, "command", "replay");
  if (replay->publisher != NULL)
    hm_json_set_text (w, "publisher", replay->publisher);
  for (guint lane = 0; lane < HM_LANES; lane++)
    if (replay->start[lane] != G_MAXUINT64)
      hm_json_set_u64 (w, hm_lane_name (lane), replay->start[lane]);
  hm_json_end_object (w);
  text = hm_json_writer_finish (w, &length, error);
  return text != NULL ? g_strndup (text, length) : NULL;
}

static void
show_answer (const HmJson *answer, HmOutput *output)
{
  const HmJson *publishers = hm_json_at (answer, "publishers");

  for (guint i = 0; i < hm_json_size (publishers); i++)
    {
      const HmJson *row = hm_json_element (publishers, i);
      g_autofree char *name = hm_text_clean (hm_json_get_text (row, "publisher"), HM_NAME_MAX, NULL);
      guint64 records = 0;
      g_autofree char *count = NULL;

      hm_json_get_u64 (row, "records", &records);
      count = g_strdup_printf ("%" G_GUINT64_FORMAT, records);
      hm_output_row (output, (const char *[]){ name, count });
    }
}

/* -- an agent that does not -- */

/* The descriptor of the locked file, or −1. It is the one that an agent locks, and is not made here: it would be the wrong user's. */
static int
lock_folder (const char *state, GError **error)
{
  g_autofree char *path = g_build_filename (state, "lock", NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0 && errno == EWOULDBLOCK)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "%s: an agent runs with this folder; ask it by --socket", state);
  else
    g_set_error (error, HM_ERROR, errno == EACCES ? HM_ERROR_PERMISSION : HM_ERROR_UNAVAILABLE, "%s: %s",
                 path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Only back: what was not confirmed is never passed over. */
static void
set_back (const Replay *replay, const HmJournal *journal, HmJournalMark *mark)
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    mark->next[lane] = MIN (mark->next[lane], MAX (replay->start[lane], journal->released[lane]));
}

static gboolean
is_meant (const Replay *replay, const HmJournalMark *mark)
{
  return replay->publisher == NULL || g_str_equal (replay->publisher, mark->publisher);
}

static gboolean
change_marks (const Replay *replay, const char *folder, HmJournal *journal, GError **error)
{
  g_autoptr (HmJournalWriter) writer = NULL;
  guint changed = 0;

  for (guint i = 0; i < journal->marks->len; i++)
    if (is_meant (replay, g_ptr_array_index (journal->marks, i)))
      {
        set_back (replay, journal, g_ptr_array_index (journal->marks, i));
        changed++;
      }
  if (changed == 0 && replay->publisher != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s has no publisher \"%s\"", folder, replay->publisher);
      return FALSE;
    }
  writer = hm_journal_writer_new (hm_files_system (), folder, error);
  return writer != NULL && hm_journal_write (writer, journal, error);
}

static gboolean
set_back_in (const Replay *replay, const char *folder, HmOutput *output, GError **error)
{
  g_autoptr (HmJournal) journal = hm_journal_read (hm_files_system (), folder, error);
  g_autofree char *count = NULL;
  HmOutboxFiles files;
  guint64 start[1][HM_LANES], records;

  if (journal == NULL)
    return FALSE;
  for (guint lane = 0; lane < HM_LANES; lane++)
    start[0][lane] = MAX (replay->start[lane], journal->released[lane]);
  if (!hm_outbox_files_read (folder, start, 1, &files, &records, error)
      || !change_marks (replay, folder, journal, error))
    return FALSE;
  count = g_strdup_printf ("%" G_GUINT64_FORMAT, records);
  for (guint i = 0; i < journal->marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (journal->marks, i);

      if (is_meant (replay, mark))
        hm_output_row (output, (const char *[]){ mark->publisher, count });
    }
  return TRUE;
}

static gboolean
replay_files (const Replay *replay, const HmOutboxPlace *place, HmOutput *output, GError **error)
{
  g_autofree char *state = g_path_get_dirname (place->folder);
  int lock = hm_outbox_check (place, error) ? lock_folder (state, error) : -1;
  gboolean done;

  if (lock < 0)
    return FALSE;
  done = set_back_in (replay, place->folder, output, error);
  close (lock);
  return done;
}

/* -- the command -- */

static gboolean
replay_all (const Replay *replay, const HmOutboxPlace *place, HmOutput *output, GError **error)
{
  g_autofree char *request = make_request (replay, error), *line = NULL;
  g_autoptr (HmJson) answer = NULL;
  g_autoptr (GError) local = NULL;

  if (request == NULL)
    return FALSE;
  answer = hm_outbox_ask (place, replay->socket, request, &line, &local);
  if (answer != NULL)
    show_answer (answer, output);
  else if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    return replay_files (replay, place, output, error);
  return answer != NULL;
}

static void
replay_clear (Replay *replay)
{
  g_free (replay->publisher);
  g_free (replay->socket);
  g_strfreev (replay->from);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Replay, replay_clear)

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmOutboxPlace) place = { 0 };
  g_auto (Replay) replay = { 0 };
  const GOptionEntry entries[] = {
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &replay.socket, "The agent's control socket", "PATH" },
    { "publisher", 0, 0, G_OPTION_ARG_STRING, &replay.publisher, "Only this one; default: all", "NAME" },
    { "from", 0, 0, G_OPTION_ARG_STRING_ARRAY, &replay.from,
      "From this record on, such as billing:4711; may be given for each lane", "LANE:NUMBER" },
    { NULL },
  };
  HmOutput *output;
  gboolean done;

  if (!hm_outbox_find (&hm_outbox_replay, entries, argc, argv, &place, error)
      || !parse_starts (&replay, error))
    return 1;
  output = hm_output_new (HM_OUTPUT_TABLE, columns, G_N_ELEMENTS (columns), 0);
  done = replay_all (&replay, &place, output, error);
  if (!hm_output_end (output, done, error))
    return 1;
  g_printerr (
      "They go out again under the ids that they have; the collector recognises what it has already.\n");
  return 0;
}

const HmOutboxCommand hm_outbox_replay = {
  "replay",
  "Gives a publisher again what is still on disk",
  "Examples:\n"
  "  hypermeter outbox replay\n"
  "  hypermeter outbox replay --publisher kafka\n"
  "  hypermeter outbox replay --publisher kafka --from billing:4711\n"
  "      from that record on, and no diagnostics\n"
  "\n"
  "A record that was delivered before arrives again, byte for byte, under the same id. The\n"
  "collector recognises it and counts it once; another consumer has to.\n"
  "\n"
  "Exit status: 0 done, 64 wrong usage or no such publisher, 69 there is no outbox, 75 the agent\n"
  "does not answer now, 77 not permitted, 78 configuration.\n",
  run,
};
