/* SPDX-License-Identifier: Apache-2.0 */
/* dispatcher: from one message, whatever its source, to every handler that wants it, and from what the
 * handlers make of it to the outbox. */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

typedef struct
{
  guint64 messages, ignored; /* came in; wanted by nobody */
  guint64 handled, failed;  /* calls of handlers; those that came to nothing though the message may be good */
  guint64 refused;          /* calls of handlers that found the message bad */
  guint64 records, unsound; /* made; not taken: without a resource, of a wrong kind or not to be encoded */
} HmDispatcherCounts;

typedef struct HmDispatcher HmDispatcher;

/* @outbox and @clock must outlive the dispatcher. */
HmDispatcher *hm_dispatcher_new (HmOutbox *outbox, const HmClock *clock);

/* Adds a handler and what its create() made (transfer full) (nullable). Before the first message. Handlers
 * are called in the order in which they were added. */
void hm_dispatcher_add (HmDispatcher *dispatcher, const HmPlugin *handler, gpointer self);

/* Any thread, one message at a time: a second caller waits. A handler that fails keeps no other from running.
 */
void hm_dispatcher_dispatch (HmDispatcher *dispatcher, const HmNotice *notice);

void hm_dispatcher_counts (HmDispatcher *dispatcher, HmDispatcherCounts *ret_counts);

void hm_dispatcher_free (HmDispatcher *dispatcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmDispatcher, hm_dispatcher_free)

G_END_DECLS
