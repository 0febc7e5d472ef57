/* SPDX-License-Identifier: Apache-2.0 */
/* state: see state.h. Opened by the agent's start before anything that could touch the folder.
 *
 * The lock is flock(2) on a file that is never removed: removing it would let two agents hold two locks of
 * one name. The kernel gives it back when the process dies, however it dies. */
#include "agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/log.h"

struct HmAgentState
{
  char *folder;
  int lock;
};

static void
set_file_error (const char *path, int number, GError **error)
{
  HmError code = number == EACCES || number == EPERM ? HM_ERROR_PERMISSION : HM_ERROR_CREATE;

  g_set_error (error, HM_ERROR, code, "%s: %s", path, g_strerror (number));
}

static gboolean
take_lock (HmAgentState *state, GError **error)
{
  g_autofree char *path = g_build_filename (state->folder, HM_STATE_LOCK_FILE, NULL);

  state->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (state->lock < 0)
    {
      set_file_error (path, errno, error);
      return FALSE;
    }
  if (flock (state->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno == EWOULDBLOCK)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: another agent runs with this folder",
                 state->folder);
  else
    set_file_error (path, errno, error);
  return FALSE;
}

HmAgentState *
hm_agent_state_open (const char *folder, GError **error)
{
  g_autoptr (HmAgentState) state = g_new0 (HmAgentState, 1);

  state->folder = g_strdup (folder);
  state->lock = -1;
  if (g_mkdir_with_parents (folder, 0750) != 0)
    {
      set_file_error (folder, errno, error);
      return NULL;
    }
  return take_lock (state, error) ? g_steal_pointer (&state) : NULL;
}

void
hm_agent_state_free (HmAgentState *state)
{
  if (state == NULL)
    return;
  if (state->lock >= 0)
    close (state->lock);
  g_free (state->folder);
  g_free (state);
}

/* -- metering_since -- */

/* The time and, in a line of its own, whose it is. */
static gboolean
write_since (const char *path, HmTime since, const char *whose, GError **error)
{
  char time[HM_TIME_TEXT_MAX];
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;

  hm_time_print (since, time);
  text = g_strdup_printf ("%s\n%s\n", time, whose);
  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                0640, &local))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s", local->message);
  return FALSE;
}

/* FALSE of what was not written there. @ret_whose: NULL where that does not stand beside the time, as in older folders. */
static gboolean
read_since (const char *text, HmTime *ret_since, char **ret_whose)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);

  if (lines[0] == NULL || !hm_time_parse (g_strstrip (lines[0]), -1, ret_since))
    return FALSE;
  *ret_whose = lines[1] != NULL && *lines[1] != '\0' ? g_strdup (lines[1]) : NULL;
  return TRUE;
}

/* What was metered under another name is counted already: the same counters would be counted from their beginning once more. */
static gboolean
keep_since (const char *path, const char *before, const char *whose, HmTime now, HmTime *since,
            GError **error)
{
  if (g_strcmp0 (before, whose) == 0)
    return TRUE;
  if (before != NULL)
    {
      *since = now;
      hm_warning ("this agent was %s and is %s now: metering of this host begins anew, and what its counters "
                  "say already is "
                  "nobody's",
                  before, whose);
    }
  return write_since (path, *since, whose, error);
}

gboolean
hm_agent_state_metering_since (HmAgentState *state, const char *id, const char *source, const HmClock *clock,
                               HmTime *ret_time, GError **error)
{
  g_autofree char *path = g_build_filename (state->folder, HM_STATE_SINCE_FILE, NULL), *text = NULL,
                  *before = NULL;
  g_autofree char *name = g_strdup_printf ("'%s' of '%s'", id, source), *whose = g_strescape (name, NULL);
  g_autoptr (GError) local = NULL;
  HmTime now = clock->wall (clock), since = now;

  if (!g_file_get_contents (path, &text, NULL, &local))
    {
      if (!g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        {
          g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s", local->message);
          return FALSE;
        }
    }
  else if (!read_since (text, &since, &before))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                   "%s: not a time; what counted before it is nobody's bill, so it cannot be guessed", path);
      return FALSE;
    }
  if (!keep_since (path, before, whose, now, &since, error))
    return FALSE;
  *ret_time = since;
  return TRUE;
}
