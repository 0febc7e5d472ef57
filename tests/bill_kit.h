/* SPDX-License-Identifier: Apache-2.0 */
/* bill_kit: an engine that closes periods over a real store, with a clock that the test moves. */
#pragma once

#include "tests/engine_kit.h"

typedef struct
{
  EngineKit *kit;
  HmFakeClock *clock; /* begins an hour after MORNING */
} BillKit;

BillKit *bill_kit_new (void);
/* As engine_kit_open(); all that are open are over stores of one kind. */
BillKit *bill_kit_open (const char *scheme, const char *url);
void bill_kit_free (BillKit *bill);

/* All that was appended before @time is stored. */
void bill_kit_reach (BillKit *bill, HmTime time);
/* All days before @day have rollups, as the close sees it. */
void bill_kit_roll (BillKit *bill, HmTime day);

/* The store's own. */
gboolean bill_kit_lock (HmStore *store, GError **error);

/* A visitor: adds the line's canonical text to a GChecksum. */
gboolean bill_kit_hash_line (const HmStatementLine *line, gpointer hash);
