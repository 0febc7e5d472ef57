/* SPDX-License-Identifier: Apache-2.0 */
/* ask: asking the collector for something. Nothing is changed here: a row says what is asked, and the collector, which is the store's one
 * writer, answers it. Without a collector it waits in the store for the next one. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* What a command's options say, and what was asked with them. Zeroed, then hm_ask_clear(). */
typedef struct
{
  char *author, *reason;
  gboolean no_wait;
  gint64 wait_s;
  GHashTable *ours; /* (element-type gint64) the requests that were made */
  guint unanswered;
  const char *shown_by; /* (nullable) the command that shows what has become of it */
} HmAsk;

/* --reason, --author, --no-wait, --wait, for a command's own table of options. */
#define HM_ASK_WAIT_S       10
#define HM_ASK_OPTIONS(ask) HM_ASK_OPTIONS_WAIT (ask, "10")
/* The same for a command that waits longer: it sets `wait_s` as well. */
#define HM_ASK_OPTIONS_WAIT(ask, seconds)                                                                    \
  { "reason", 0, 0, G_OPTION_ARG_STRING, &(ask)->reason, "Why, for whoever looks later", "TEXT" },           \
      { "author", 0, 0, G_OPTION_ARG_STRING, &(ask)->author, "Who asks; default: user@host", "NAME" },       \
      { "no-wait", 0, 0, G_OPTION_ARG_NONE, &(ask)->no_wait, "Does not wait for the answer", NULL },         \
  {                                                                                                          \
    "wait", 0, 0, G_OPTION_ARG_INT64, &(ask)->wait_s, "So long without one more answer; default: " seconds,  \
        "SECONDS"                                                                                            \
  }

void hm_ask_init (HmAsk *ask);
void hm_ask_clear (HmAsk *ask);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmAsk, hm_ask_clear)

/* HM_ERROR_USAGE where an option is wrong. */
gboolean hm_ask_check (const HmAsk *ask, GError **error);

/* Adds a request; @reading has its store open in HM_STORE_ASK. @target (nullable): one JSON object. */
gboolean hm_ask_add (HmAsk *ask, const HmReading *reading, const char *action, gint64 subject,
                     const char *target, GError **error);

/* Waits for the answers as long as they come, and a while longer; not at all where that was asked for. */
gboolean hm_ask_wait (HmAsk *ask, const HmReading *reading, GError **error);

/* Visits each request that was made, answered or not. */
gboolean hm_ask_visit (const HmAsk *ask, const HmReading *reading, HmRequestVisit visit, gpointer user,
                       GError **error);

/* HM_ERROR_TEMPORARY where one is not answered, though it was waited for. */
gboolean hm_ask_check_answered (const HmAsk *ask, GError **error);

G_END_DECLS
