/* SPDX-License-Identifier: Apache-2.0 */
/* ask: see ask.h. The main thread of a command. */
#include "cli/ask.h"

#include "metering/resource.h"

#include <unistd.h>

#define LOOK_US  (200 * 1000)
#define TEXT_MAX 200

void
hm_ask_init (HmAsk *ask)
{
  *ask = (HmAsk){ .wait_s = HM_ASK_WAIT_S };
  ask->ours = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

void
hm_ask_clear (HmAsk *ask)
{
  g_free (ask->author);
  g_free (ask->reason);
  g_clear_pointer (&ask->ours, g_hash_table_unref);
}

/* Was given, and is empty or space alone. */
static gboolean
says_nothing (const char *text)
{
  g_autofree char *words = hm_text_words (text, TEXT_MAX);

  return text != NULL && words == NULL;
}

gboolean
hm_ask_check (const HmAsk *ask, GError **error)
{
  const char *wrong = NULL;

  if (ask->wait_s < 0)
    wrong = "--wait: must not be negative";
  else if (says_nothing (ask->author))
    wrong = "--author: says nothing";
  else if (says_nothing (ask->reason))
    wrong = "--reason: says nothing";
  if (wrong != NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, wrong);
  return wrong == NULL;
}

/* -- asking -- */

/* (transfer full) */
static char *
author_of (const HmAsk *ask)
{
  g_autofree char *here = g_strdup_printf ("%s@%s", g_get_user_name (), g_get_host_name ());

  return hm_text_words (ask->author != NULL ? ask->author : here, TEXT_MAX);
}

gboolean
hm_ask_add (HmAsk *ask, const HmReading *reading, const char *action, gint64 subject, const char *target,
            GError **error)
{
  const HmClock *clock = hm_clock_system ();
  g_autofree char *author = author_of (ask);
  g_autofree char *reason = hm_text_words (ask->reason, TEXT_MAX);
  const HmRequestRow row = { .action = action,
                             .subject = subject,
                             .target = target,
                             .author = author,
                             .reason = reason,
                             .asked = clock->wall (clock) };
  gint64 id;

  if (!reading->ops->request_add (reading->store, &row, &id, error))
    return FALSE;
  g_hash_table_add (ask->ours, g_memdup2 (&id, sizeof id));
  return TRUE;
}

/* -- answers -- */

static gboolean
note_open (const HmRequestRow *row, gpointer user)
{
  HmAsk *ask = user;

  if (g_hash_table_contains (ask->ours, &row->id))
    ask->unanswered++;
  return TRUE;
}

static void
say_progress (const HmAsk *ask, gint64 deadline)
{
  guint asked = g_hash_table_size (ask->ours);
  gint64 left = MAX (deadline - g_get_monotonic_time (), 0) / G_USEC_PER_SEC;

  if (isatty (STDERR_FILENO))
    g_printerr ("\r%u of %u answered by the collector; waits %" G_GINT64_FORMAT " s more for the next\033[K",
                asked - ask->unanswered, asked, left);
}

gboolean
hm_ask_wait (HmAsk *ask, const HmReading *reading, GError **error)
{
  guint before = G_MAXUINT;
  gint64 deadline = 0;

  while (!ask->no_wait)
    {
      ask->unanswered = 0;
      if (!reading->ops->list_requests (reading->store, TRUE, note_open, ask, error))
        return FALSE;
      if (ask->unanswered < before)
        deadline = g_get_monotonic_time () + ask->wait_s * G_USEC_PER_SEC;
      before = ask->unanswered;
      say_progress (ask, deadline);
      if (ask->unanswered == 0 || g_get_monotonic_time () >= deadline)
        break;
      g_usleep (LOOK_US);
    }
  if (!ask->no_wait && isatty (STDERR_FILENO))
    g_printerr ("\n");
  return TRUE;
}

typedef struct
{
  const HmAsk *ask;
  HmRequestVisit visit;
  gpointer user;
} Visiting;

static gboolean
visit_ours (const HmRequestRow *row, gpointer user)
{
  const Visiting *visiting = user;

  return !g_hash_table_contains (visiting->ask->ours, &row->id) || visiting->visit (row, visiting->user);
}

gboolean
hm_ask_visit (const HmAsk *ask, const HmReading *reading, HmRequestVisit visit, gpointer user, GError **error)
{
  Visiting visiting = { ask, visit, user };

  return reading->ops->list_requests (reading->store, FALSE, visit_ours, &visiting, error);
}

gboolean
hm_ask_check_answered (const HmAsk *ask, GError **error)
{
  if (ask->unanswered == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
               "%u of %u not answered: does a collector run? What was asked is kept in the store, and the "
               "next collector answers it: do not ask again%s%s%s",
               ask->unanswered, g_hash_table_size (ask->ours), ask->shown_by != NULL ? "; 'hypermeter " : "",
               ask->shown_by != NULL ? ask->shown_by : "",
               ask->shown_by != NULL ? "' shows when it is done" : "");
  return FALSE;
}
