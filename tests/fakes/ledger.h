/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: what an agent took and what became of it, kept by a test beside the code under test.
 *
 * Each record by its id with the SHA-256 of its bytes: appended; taken (a flush that returned said that it is on disk); given to a required publisher; arrived. At
 * the end everything taken must have arrived or be counted in gap records that arrived, no id may have two contents, no resource's records may be first
 * given in another order than they were made in, and heartbeats must have closed each bin with what was in it (twice only in the same words). One thread. */
#pragma once

#include "metering/plugin.h"

G_BEGIN_DECLS

typedef struct Ledger Ledger;

typedef struct
{
  guint64 taken, arrived;
  guint64 missing; /* taken, not arrived */
  /* What gap records may say besides: appended, neither arrived nor known to be on disk; … */
  guint64 perhaps;
  /* … arrived, but the process ended before it had noted that, and no other gave it, and what such gap records say; … */
  guint64 unnoted;
  /* … numbers of the agent's own records (gaps, heartbeats) that never arrived. */
  guint64 own;
  guint64 said;
} LedgerSums;

Ledger *ledger_new (void);
/* A drop that could not be noted is undone by a fall: what it passed over is given after what came behind it. */
/* Nothing is dropped for want of room: so nothing is said to be lost that arrived, noted or not. */
void ledger_expect_room (Ledger *ledger);
void ledger_forgive_order (Ledger *ledger);
void ledger_free (Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ledger, ledger_free)

/* A process begins: what was not taken may be gone. */
void ledger_begin (Ledger *ledger);

void ledger_append (Ledger *ledger, const char *id, GBytes *value);
void ledger_take (Ledger *ledger); /* all that was appended by this process */

/* The process of @epoch made @n records of its own: gaps and heartbeats. */
void ledger_own (Ledger *ledger, const char *epoch, guint64 n);

void ledger_give (Ledger *ledger, const HmMessage *message);
void ledger_arrive (Ledger *ledger, const HmMessage *message);
/* It is noted for good that all below @next has arrived that did, by the position's low bit and the rest of it. */
void ledger_note (Ledger *ledger, const guint64 next[2]);

/* When nothing is on its way any more: what is wrong, a line each; NULL: nothing. (transfer full) */
char *ledger_findings (Ledger *ledger, LedgerSums *ret_sums);

G_END_DECLS
