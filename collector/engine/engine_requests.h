/* SPDX-License-Identifier: Apache-2.0 */
/* engine_requests: what people ask of the collector, done by the one who writes into the store: a row that a command has added
 * (HmRequestRow), an action that does it, one line that answers it. engine_actions.c has the table of actions. */
#pragma once

#include "collector/engine/batch.h"
#include "collector/engine/engine.h"
#include "metering/json.h"

G_BEGIN_DECLS

/* Bytes that the target of a request may take. */
#define HM_TARGET_MAX (16 * 1024)
/* … and its author and its reason each; what is longer is cut. */
#define HM_WORDS_MAX 200

/* One request on its way through its action. */
typedef struct
{
  HmEngine *engine;
  HmVerifier *verifier;        /* (nullable) the keys and policies of now */
  const HmRequestRow *request; /* its target is hostile text: */
  const HmJson *target;        /* (nullable) read, an object */
  HmBatchRows *rows; /* empty; what the action puts in is written with the answer, in one transaction */
  char *answer;      /* one line for people */
  gboolean
      stored; /* the action has written the answer itself, or has given up for now; `rows` are thrown away */
  gboolean more; /* there is no answer yet, and it is worth going on at once */
} HmAsked;

/* Does what is asked. TRUE with an `answer`: that is written with `rows`. TRUE without one: `rows` are thrown away, and it is called
 * again at the next turn; so it may take many turns, with transactions of its own.
 *
 * HM_ERROR_USAGE and HM_ERROR_DATA are answered "not done: …"; with HM_ERROR_TEMPORARY it is called again at the next turn; any other error
 * is the store's, and ends the turn. The engine's thread, between two batches. */
typedef gboolean (*HmAction) (HmAsked *asked, GError **error);

/* The action of that name, NULL where there is none; *@ret_needs_reason: nobody is to ask for it without one. */
HmAction hm_action_find (const char *name, gboolean *ret_needs_reason);

/* The row that answers it, for an action that writes in a transaction of its own and sets `stored`. Borrows @answer. Where somebody else has answered meanwhile,
 * the store refuses the transaction with HM_ERROR_TEMPORARY. */
HmRequestRow hm_asked_answer (const HmAsked *asked, const char *answer);

/* A member of the target that has to be there; NULL and HM_ERROR_USAGE where it is no text. Borrowed. */
const char *hm_asked_text (const HmAsked *asked, const char *member, GError **error);

/* Answers open requests, @most at most, each in a transaction of its own that holds the answer and all that it says.
 * @verifier (nullable): the keys and policies of now.
 *
 * *@ret_more: some may still be open, and it is worth going on at once. On failure the rest stays open too; the error is the store's. The engine's
 * thread, between two batches. */
gboolean hm_engine_answer_requests (HmEngine *engine, HmVerifier *verifier, guint most, gboolean *ret_more,
                                    GError **error);

/* -- engine_letters.c -- */

/* A discarded letter is settled; a replayed one is read and taken like a record that has just come, except that it moves no offset, and is settled
 * if it was taken or had been taken before. One that is refused again stays as it was. */
gboolean hm_engine_ask_replay (HmAsked *asked, GError **error);
gboolean hm_engine_ask_discard (HmAsked *asked, GError **error);

G_END_DECLS
