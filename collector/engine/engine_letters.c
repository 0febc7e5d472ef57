/* SPDX-License-Identifier: Apache-2.0 */
/* engine_letters: what people ask about dead letters: to be taken after all, or put aside. Actions of engine_requests.c.
 *
 * Letter, record and answer change in one transaction. Where two collectors answer the same request, the one that settles the letter first
 * has done it. */
#include "collector/engine/engine_requests.h"

#include "collector/engine/engine_private.h"
#include "metering/error.h"

#include <string.h>

#define ACCEPTED  "accepted"
#define DISCARDED "discarded"

/* What was at hand of a resource may be older than the store, as after a rebalance; then a record that is there already is refused as one that
 * cannot be stored. What failed is loaded again, and judged by that. */
#define ATTEMPTS 2

typedef struct
{
  HmAsked *asked;
  HmArrival *letter; /* as it came; NULL: there is none of that id */
  HmDeadLetter
      counted; /* where it was, when it was refused; its texts are kept with the letter, other members are not set */
  char *outcome; /* (nullable) it is settled already */
} Answering;

static void
clear_answering (Answering *answering)
{
  g_clear_pointer (&answering->letter, hm_arrival_free);
  g_free (answering->outcome);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answering, clear_answering)

/* -- the letter -- */

static void
unref_kept (gpointer kept)
{
  g_ptr_array_unref (kept);
}

static const void *
keep (GPtrArray *kept, const void *bytes, gsize length)
{
  if (bytes == NULL)
    return NULL;
  g_ptr_array_add (kept, g_memdup2 (bytes, MAX (length, 1)));
  return g_ptr_array_index (kept, kept->len - 1);
}

static const char *
keep_text (GPtrArray *kept, const char *text)
{
  return text != NULL ? keep (kept, text, strlen (text) + 1) : NULL;
}

static void
copy_counted (const HmDeadLetter *row, GPtrArray *kept, HmDeadLetter *ret_counted)
{
  *ret_counted = (HmDeadLetter){ .source = keep_text (kept, row->source),
                                 .agent = keep_text (kept, row->agent),
                                 .epoch = keep_text (kept, row->epoch),
                                 .accounted = row->accounted,
                                 .bin = row->bin,
                                 .sum = row->sum };
}

static gboolean
copy_letter (const HmDeadLetter *row, gpointer user)
{
  Answering *answering = user;
  GPtrArray *kept = g_ptr_array_new_with_free_func (g_free);
  HmArrival *letter = hm_arrival_new ();

  letter->owner = kept;
  letter->release = unref_kept;
  letter->topic = keep_text (kept, row->topic);
  letter->partition = HM_PARTITION_NONE;
  letter->offset = letter->expected = row->offset;
  letter->generation = HM_GENERATION_NONE;
  letter->received = row->received;
  letter->appended = row->appended != HM_TIME_UNKNOWN ? row->appended : row->received;
  letter->key = keep (kept, row->key, row->key_length);
  letter->key_length = row->key_length;
  letter->ce_id = g_strdup (row->ce_id);
  letter->signature = g_strdup (row->signature);
  letter->headers_lost = row->headers_lost;
  letter->value = keep (kept, row->length > 0 ? row->value : "", row->length);
  letter->length = row->length;
  answering->letter = letter;
  copy_counted (row, kept, &answering->counted);
  answering->outcome = row->settled != 0 ? g_strdup (row->outcome != NULL ? row->outcome : "settled") : NULL;
  return FALSE;
}

/* -- answers -- */

static HmTime
now (void)
{
  const HmClock *clock = hm_clock_system ();

  return clock->wall (clock);
}

static void
add_settled (HmBatchRows *rows, gint64 letter, const char *outcome)
{
  const HmDeadLetter row = { .id = letter, .settled = now (), .outcome = outcome };

  g_array_append_val (rows->settled, row);
}

/* Writes @rows with the answer in them. Where the transaction is given up nothing is answered, and nothing has failed.
 * @result (transfer full) */
static gboolean
answer_with (Answering *answering, HmBatchRows *rows, char *result, GError **error)
{
  HmAsked *asked = answering->asked;
  const HmRequestRow row = hm_asked_answer (asked, result);

  g_free (asked->answer);
  asked->answer = result;
  g_array_append_val (rows->answered, row);
  if (!hm_engine_store_rows (asked->engine, rows, &asked->stored, error))
    return FALSE;
  if (!asked->stored)
    g_clear_pointer (&asked->answer, g_free);
  return TRUE;
}

/* The answer alone: nothing else has changed. @result (transfer full) */
static gboolean
answer (Answering *answering, char *result, GError **error)
{
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();

  return answer_with (answering, rows, result, error);
}

/* -- replaying -- */

/* Gathered: it was taken, or is known, or is refused again, which leaves nothing behind. */
static gboolean
store_letter (Answering *answering, HmBatchRows *rows, GError **error)
{
  HmEngine *engine = answering->asked->engine;
  guint one = 1;

  if (!hm_engine_gather (engine, &answering->letter, &one, rows, error))
    return hm_engine_store_rows (engine, NULL, &answering->asked->stored, error);
  if (rows->dead_letters->len > 0)
    {
      const HmDeadLetter *again = &g_array_index (rows->dead_letters, HmDeadLetter, 0);

      hm_foreign_forget (engine->foreign);
      return answer (answering, g_strdup_printf ("refused again: %s: %s", again->reason, again->detail),
                     error);
    }
  hm_tally_take_back (rows->tally, &answering->counted);
  add_settled (rows, answering->asked->request->subject, ACCEPTED);
  return answer_with (answering, rows,
                      g_strdup (rows->touched->len > 0 ? ACCEPTED : ACCEPTED ": it was stored already"),
                      error);
}

static gboolean
replay (Answering *answering, GError **error)
{
  HmEngine *engine = answering->asked->engine;
  const HmArrival *letter = answering->letter;

  hm_arrival_decode (answering->letter, engine->decoder, engine->meters, answering->asked->verifier);
  if (letter->decoded == NULL)
    return answer (
        answering,
        g_strdup_printf ("refused again: %s: %s", hm_refusal_name (letter->refusal), letter->detail), error);
  for (guint i = 1;; i++)
    {
      g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
      g_autoptr (GError) failure = NULL;

      if (store_letter (answering, rows, &failure))
        return TRUE;
      if (i < ATTEMPTS && g_error_matches (failure, HM_ERROR, HM_ERROR_DATA))
        continue;
      if (g_error_matches (failure, HM_ERROR, HM_ERROR_DATA))
        return answer (
            answering,
            g_strdup_printf ("refused again: %s: %s", hm_refusal_name (HM_REFUSED_STORE), failure->message),
            error);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
}

/* -- the actions -- */

static gboolean
load_letter (Answering *answering, GError **error)
{
  HmEngine *engine = answering->asked->engine;

  if (!engine->ops->dead_letter_get (engine->store, answering->asked->request->subject, copy_letter,
                                     answering, error))
    return FALSE;
  if (answering->letter == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "there is no such dead letter");
  else if (answering->outcome != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "it is %s already", answering->outcome);
  return answering->letter != NULL && answering->outcome == NULL;
}

gboolean
hm_engine_ask_discard (HmAsked *asked, GError **error)
{
  g_auto (Answering) answering = { .asked = asked };

  if (!load_letter (&answering, error))
    return FALSE;
  add_settled (asked->rows, asked->request->subject, DISCARDED);
  asked->answer = g_strdup (DISCARDED);
  return TRUE;
}

gboolean
hm_engine_ask_replay (HmAsked *asked, GError **error)
{
  g_auto (Answering) answering = { .asked = asked };

  return load_letter (&answering, error) && replay (&answering, error);
}
