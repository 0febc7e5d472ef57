/* SPDX-License-Identifier: Apache-2.0 */
/* engine_recompute: request "recompute": the usage of one resource made anew from its stored records. */
#pragma once

#include "collector/engine/engine_requests.h"

G_BEGIN_DECLS

/* Target: {"source": …, "resource": …}. Where something is stored otherwise than it comes out, all of it from the edge on is replaced in the
 * transaction of the answer, and days and months are rolled up again; else nothing is written. An action (HmAction). */
gboolean hm_engine_ask_recompute (HmAsked *asked, GError **error);

G_END_DECLS
