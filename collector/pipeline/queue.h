/* SPDX-License-Identifier: Apache-2.0 */
/* queue: arrivals from one thread to the next, in order, bounded by number and bytes. Thread-safe.
 *
 * Arrivals travel in chunks, because a lock and a wake-up per record would cost more than the record. */
#pragma once

#include "collector/pipeline/arrival.h"

G_BEGIN_DECLS

typedef struct HmQueue HmQueue;

HmQueue *hm_queue_new (guint max_arrivals, gsize max_bytes);
void hm_queue_free (HmQueue *queue); /* frees what is in it; nobody may be waiting */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmQueue, hm_queue_free)

/* Puts @chunk (transfer full) (element-type HmArrival) behind the others, even where it is full: whether
 * there is room is asked before. A closed queue frees it. */
void hm_queue_push (HmQueue *queue, GPtrArray *chunk);

/* Waits until there is room, @timeout_ns at most (negative: for ever). FALSE: there is none. A closed queue
 * has room. */
gboolean hm_queue_wait_room (HmQueue *queue, gint64 timeout_ns);

/* TRUE when what is in it takes no more than half of what it may. */
gboolean hm_queue_half_empty (HmQueue *queue);

/* Waits for something, then takes chunks as long as they are there and @max_arrivals and @max_bytes are not
 * exceeded; at least one; hm_queue_done() ends the taker's hold on them. NULL: nothing came within @timeout_ns (negative: for ever), or it is closed, or
 * hm_queue_wake(). (transfer full) (element-type HmArrival) */
GPtrArray *hm_queue_pop (HmQueue *queue, guint max_arrivals, gsize max_bytes, gint64 timeout_ns);

/* Says that nothing of what was popped last is left in the hands of the one who popped it: all is freed, or
 * pushed on. One thread pops. */
void hm_queue_done (HmQueue *queue);

/* Ends one wait in hm_queue_pop(), now or the next one, so that its thread looks at something else. */
void hm_queue_wake (HmQueue *queue);

/* Throws away what is in it. */
void hm_queue_clear (HmQueue *queue);

/* The same, and waits until the one who pops is done with what he has taken out before, @timeout_ns at most. FALSE: he is not. */
gboolean hm_queue_drain (HmQueue *queue, gint64 timeout_ns);

/* From now on nothing is taken in or given out; everybody who waits returns. */
void hm_queue_close (HmQueue *queue);

void hm_queue_size (HmQueue *queue, guint *ret_arrivals, gsize *ret_bytes);

G_END_DECLS
