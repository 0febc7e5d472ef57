/* SPDX-License-Identifier: Apache-2.0 */
/* fake_identity: an agent "node-1" of source "site-a" on a fake clock, and records to feed its outbox with.
 */
#pragma once

#include "tests/fakes/outbox_memory.h"
#include "tests/kit.h"

/* The moment at which fake clocks begin: 2026-11-21T01:27:00Z. */
#define FAKE_START (G_GINT64_CONSTANT (1795224420) * HM_NSEC_PER_SEC)

/* Points into static text and @clock. */
HmIdentity fake_identity (const HmClock *clock);

/* A samples record of resource @id with one sample `cpu` of @value, at FAKE_START + @value s. Static memory,
 * good until the next call. */
void fake_record (HmRecord *ret_record, const char *id, guint64 value);

/* Appends fake_record()s of @id with the values @first to @last; fails the test when one is refused. */
void fake_append (HmOutbox *outbox, HmRecordClass class, const char *id, guint64 first, guint64 last);

/* The next message of publisher 0, confirmed DONE at once, as a tree; NULL when there is none. (transfer
 * full) */
HmJson *fake_next (HmOutbox *outbox);
