/* SPDX-License-Identifier: Apache-2.0 */
/* fold_model: the rules of docs/usage.md once more, written as naively as they read: all records at hand,
 * every question answered by looking through them again. Shares no code with the fold but the order of
 * records. */
#pragma once

#include "tests/fold_history.h"

/* What a cell must hold. */
typedef struct
{
  HmInt128 quantity;
  gint64 covered_ns;
  guint64 count;
  guint32 flags;
} KitExpected;

/* A reading that must be held out. */
typedef struct
{
  guint32 flag;
  HmInt128 amount;
  HmTime base_time;
  HmDecision decision;
} KitExpectedHeld;

typedef struct
{
  GHashTable *
      cells; /* (element-type utf8 KitExpected) by "grain|agent|epoch|project|user|flavor|state|device|meter|epoch" */
  GHashTable *held; /* (element-type utf8 KitExpectedHeld) by the keys of KitRows.held */
} KitModel;

KitModel *kit_model (const KitHistory *history, const HmFoldSettings *settings);
void kit_model_free (KitModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KitModel, kit_model_free)

/* Fails the test unless @rows are exactly that. */
void kit_model_assert (const KitModel *model, const KitRows *rows);
