/* SPDX-License-Identifier: Apache-2.0 */
/* messages_file: notifications as NDJSON from a file or a FIFO: Nova's and Ceilometer's messages, bare or in
 * the envelope of oslo.messaging. A file is read from its start and then followed as it grows, and begun anew
 * when it shrinks or another takes its place; the next process goes on behind the last line that this one
 * took. What is appended to a file that is moved away while no agent runs is not read. A FIFO is read for as long as the agent runs, whoever opens and closes it. */
#pragma once

#include "agent/messages/dispatcher.h"

G_BEGIN_DECLS

#define HM_MESSAGE_LINE_MAX (1024 * 1024) /* bytes; a longer line is dropped and counted */

typedef struct
{
  guint64 lines; /* complete ones, empty ones left out */
  guint64 bad;   /* not JSON, not UTF-8, no event type */
  guint64 too_long;
} HmMessagesCounts;

/* Parses one line and dispatches it. HM_ERROR_DATA when it is no message. Any thread. */
gboolean hm_message_line_dispatch (HmDispatcher *dispatcher, const HmClock *clock, const char *line,
                                   gsize length, GError **error);

typedef struct HmMessagesFile HmMessagesFile;

/* HM_ERROR_CONFIG when @path is neither a regular file nor a FIFO, or cannot be opened; one that is not there yet is waited for.
 * @state_dir (nullable): the folder of the file "messages-position"; without one, each object begins at the
 * beginning. */
HmMessagesFile *hm_messages_file_new (const char *path, const char *state_dir, HmDispatcher *dispatcher,
                                      const HmClock *clock, GError **error);

/* Whether that would be, with nothing opened. HM_ERROR_CONFIG. */
gboolean hm_messages_file_check (const char *path, GError **error);

/* Reads what is there now, up to the end, on the calling thread; returns the lines taken. Not beside a start.
 */
guint64 hm_messages_file_read (HmMessagesFile *messages);

gboolean hm_messages_file_start (HmMessagesFile *messages, GError **error);
void hm_messages_file_counts (HmMessagesFile *messages, HmMessagesCounts *ret_counts);

/* Ends the thread if there is one, after the message at hand (of a FIFO after what was read of it, which is nowhere else): what a
 * file holds besides is the next process's. FALSE when the thread still ran after @timeout_ns: then @messages and all that it
 * uses must stay in memory. May be called again. */
gboolean hm_messages_file_stop (HmMessagesFile *messages, gint64 timeout_ns);

/* A stopped one, or one that was never started. NULL is fine. */
void hm_messages_file_free (HmMessagesFile *messages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmMessagesFile, hm_messages_file_free)

G_END_DECLS
