/* SPDX-License-Identifier: Apache-2.0 */
/* engine_requests: a request is a row that a command has added; here it is answered, on the storing thread between two batches.
 *
 * What it changes and its answer are one transaction, so a process that ends anywhere leaves the request open and all as it was, or
 * both done. Where two collectors answer the same request, the first one's transaction has done it: the other's is refused, and it finds
 * the request answered at its next turn. */
#include "collector/engine/engine_requests.h"

#include "collector/engine/engine_private.h"
#include "metering/error.h"
#include "metering/log.h"

#include <string.h>

#define ANSWER_MAX 500

/* -- one answer -- */

static HmTime
now (void)
{
  const HmClock *clock = hm_clock_system ();

  return clock->wall (clock);
}

HmRequestRow
hm_asked_answer (const HmAsked *asked, const char *answer)
{
  return (HmRequestRow){ .id = asked->request->id, .done = now (), .result = answer };
}

static void
say_answer (const HmAsked *asked)
{
  const HmRequestRow *request = asked->request;
  const char *author = request->author != NULL ? request->author : "nobody";

  if (request->subject != 0)
    hm_info ("%s of %" G_GINT64_FORMAT ", asked by %s: %s", request->action, request->subject, author,
             asked->answer);
  else
    hm_info ("%s, asked by %s: %s", request->action, author, asked->answer);
}

/* Writes @rows with the answer in them. Where the transaction is given up nothing is answered, and nothing has failed. */
static gboolean
write_answer (HmAsked *asked, HmBatchRows *rows, GError **error)
{
  char *clean = hm_text_clean (asked->answer, ANSWER_MAX, NULL);
  HmRequestRow row;

  g_free (asked->answer);
  asked->answer = clean;
  row = hm_asked_answer (asked, clean);
  g_array_append_val (rows->answered, row);
  return hm_engine_store_rows (asked->engine, rows, &asked->stored, error);
}

/* The answer alone: nothing else has changed. */
static gboolean
refuse (HmAsked *asked, const char *why, GError **error)
{
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();

  g_free (asked->answer);
  asked->answer = g_strdup_printf ("not done: %s", why);
  return write_answer (asked, rows, error);
}

/* -- what is asked -- */

const char *
hm_asked_text (const HmAsked *asked, const char *member, GError **error)
{
  const char *text = hm_json_get_text (asked->target, member);

  if (text == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "what is asked for has no text '%s'", member);
  return text;
}

static HmJson *
read_target (const char *text, GError **error)
{
  gsize length = strlen (text);
  g_autoptr (HmJson) target = NULL;

  if (length > HM_TARGET_MAX)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "what is asked for takes more than %d bytes",
                   HM_TARGET_MAX);
      return NULL;
    }
  target = hm_json_parse (text, length, error);
  if (target == NULL || hm_json_is_object (target))
    return g_steal_pointer (&target);
  g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "what is asked for is no JSON object");
  return NULL;
}

/* What was put together and is thrown away is ahead of the store. */
static gboolean
run_action (HmAsked *asked, HmAction action, GError **error)
{
  gboolean done = action (asked, error);

  if ((!done || asked->answer == NULL) && asked->rows->touched->len > 0)
    hm_engine_forget (asked->engine);
  return done;
}

/* Somebody asks, and some things not without a reason. */
static gboolean
check_words (const HmRequestRow *request, gboolean needs_reason, GError **error)
{
  const char *wrong = NULL;

  if (request->author == NULL)
    wrong = "who asks? There is no author";
  else if (needs_reason && request->reason == NULL)
    wrong = "why? There is no reason";
  if (wrong != NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, wrong);
  return wrong == NULL;
}

static gboolean
act (HmAsked *asked, GError **error)
{
  gboolean needs_reason = FALSE;
  HmAction action = hm_action_find (asked->request->action, &needs_reason);
  g_autoptr (HmJson) target = NULL;

  if (action == NULL)
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "this collector does not know what is asked");
      return FALSE;
    }
  if (!check_words (asked->request, needs_reason, error))
    return FALSE;
  if (asked->request->target != NULL && (target = read_target (asked->request->target, error)) == NULL)
    return FALSE;
  asked->target = target;
  if (!run_action (asked, action, error))
    return FALSE;
  return asked->stored || asked->answer == NULL || write_answer (asked, asked->rows, error);
}

/* What somebody else has changed meanwhile is left for the next turn: the request may be answered by then. */
static gboolean
answer_one (HmAsked *asked, GError **error)
{
  g_autoptr (GError) failure = NULL;

  asked->engine->gave_up = FALSE;
  if (!act (asked, &failure)
      && (g_error_matches (failure, HM_ERROR, HM_ERROR_USAGE)
          || g_error_matches (failure, HM_ERROR, HM_ERROR_DATA)))
    {
      g_autofree char *why = g_strdup (failure->message);

      g_clear_error (&failure);
      refuse (asked, why, &failure);
    }
  if (failure == NULL)
    return TRUE;
  asked->stored = asked->more = FALSE;
  if (g_error_matches (failure, HM_ERROR, HM_ERROR_TEMPORARY))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
end_one (HmAsked *asked, guint *done, gboolean *more)
{
  if (asked->stored && asked->answer != NULL)
    {
      say_answer (asked);
      ++*done;
    }
  *more = *more || (asked->answer == NULL && asked->more);
  hm_batch_rows_free (asked->rows);
  g_free (asked->answer);
}

/* -- a turn -- */

typedef struct
{
  HmRequestRow row; /* borrows: */
  char *action, *target, *author, *reason;
} Request;

typedef struct
{
  GPtrArray *requests; /* (element-type Request) */
  guint most;
} Listing;

static void
free_request (gpointer data)
{
  Request *request = data;

  g_free (request->action);
  g_free (request->target);
  g_free (request->author);
  g_free (request->reason);
  g_free (request);
}

/* Whoever may add a row may write into it what they like. The others are passed over: whoever stops in the middle of an answer may cost the store its connection. */
static gboolean
copy_request (const HmRequestRow *row, gpointer user)
{
  Listing *listing = user;
  Request *copy;

  if (listing->requests->len >= listing->most)
    return TRUE;
  copy = g_new (Request, 1);
  copy->action = g_strdup (row->action);
  copy->target = g_strdup (row->target);
  copy->author = hm_text_words (row->author, HM_WORDS_MAX);
  copy->reason = hm_text_words (row->reason, HM_WORDS_MAX);
  copy->row = (HmRequestRow){ .id = row->id,
                              .action = copy->action,
                              .subject = row->subject,
                              .target = copy->target,
                              .author = copy->author,
                              .reason = copy->reason,
                              .asked = row->asked };
  g_ptr_array_add (listing->requests, copy);
  return TRUE;
}

gboolean
hm_engine_answer_requests (HmEngine *engine, HmVerifier *verifier, guint most, gboolean *ret_more,
                           GError **error)
{
  g_autoptr (GPtrArray) requests = g_ptr_array_new_with_free_func (free_request);
  Listing listing = { requests, most };
  gboolean more = FALSE, answering = TRUE;
  guint done = 0;

  if (!engine->ops->list_requests (engine->store, TRUE, copy_request, &listing, error))
    return FALSE;
  for (guint i = 0; answering && i < requests->len; i++)
    {
      HmAsked asked = { .engine = engine,
                        .verifier = verifier,
                        .request = &((const Request *)g_ptr_array_index (requests, i))->row,
                        .rows = hm_batch_rows_new () };

      answering = answer_one (&asked, error);
      end_one (&asked, &done, &more);
    }
  if (done > 0)
    hm_notice ("requests answered: %u", done);
  if (answering)
    *ret_more = more || (requests->len == most && done == requests->len);
  return answering;
}
