/* SPDX-License-Identifier: Apache-2.0 */
/* engine_roll: days that are over become rollups, and what stands behind them is hashed. */
#pragma once

#include "collector/engine/engine.h"

G_BEGIN_DECLS

/* One turn: resources that are not rolled up to @until (the start of a UTC day) get their next days and months, for as many as
 * @budget_ns of work allows and one at least, in a transaction of their own. *@ret_more: there is more to do. HM_ERROR_TEMPORARY: another
 * collector changed the same resource meanwhile; nothing was written, and the next turn goes on. The engine's thread, between two
 * batches. */
gboolean hm_engine_roll (HmEngine *engine, HmTime until, gint64 budget_ns, gboolean *ret_more,
                         GError **error);

G_END_DECLS
