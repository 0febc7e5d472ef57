/* SPDX-License-Identifier: Apache-2.0 */
/* engine_prune: what is too old goes, and what stands for it is made first. */
#pragma once

#include "collector/engine/engine.h"

G_BEGIN_DECLS

/* One turn: while a resource's edge is older than @retention's `raw` (a multiple of a grain) its next checkpoint is made, for as many as
 * @budget_ns of work allows and one at least, in a transaction of their own; when all of them have it, the store removes what
 * is too old, as much at a time as it likes. *@ret_more: there is more to do. HM_ERROR_TEMPORARY: another collector changed
 * the same resource meanwhile; nothing was written, and the next turn goes on. The engine's thread, between two batches. */
gboolean hm_engine_prune (HmEngine *engine, const HmRetention *retention, gint64 budget_ns,
                          gboolean *ret_more, GError **error);

G_END_DECLS
