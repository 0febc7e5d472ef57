/* SPDX-License-Identifier: Apache-2.0 */
/* engine_decide: what people decide about readings that were held out, and what they set for all records from a time on. Actions of
 * engine_requests.h. */
#pragma once

#include "collector/engine/engine_requests.h"

G_BEGIN_DECLS

/* "release", "reject", "rebase". The target: source, resource, held: the reading's id (hm_held_id()). The decision is a row, and the resource is
 * folded again in the transaction that writes it. A later decision about the same reading stands. */
gboolean hm_engine_ask_decision (HmAsked *asked, GError **error);

/* "policy". The target: from (RFC 3339), unknown ("none", "hold"), network_limit (bytes a second, 0: none). */
gboolean hm_engine_ask_policy (HmAsked *asked, GError **error);

/* What the collector's configuration says; a member that it says nothing of stays as it is. */
typedef struct
{
  gboolean unknown_said, hold;
  gboolean limit_said;
  guint64 network_limit;
} HmPolicyWish;

/* Stores another policy from the next grain on where the latest one says something else than @wish. HM_ERROR_TEMPORARY where another collector was at it. Before the first
 * record is taken, on the engine's thread. */
gboolean hm_engine_agree_policy (HmEngine *engine, const HmPolicyWish *wish, GError **error);

G_END_DECLS
