/* SPDX-License-Identifier: Apache-2.0 */
/* engine_erase: request "erase". The names in the descriptions of a resource go, from the store and from what is at hand; usage, evidence and what
 * is folded again stay as they are. */
#pragma once

#include "collector/engine/engine_requests.h"

G_BEGIN_DECLS

/* Target: {"source", "resource"} and, as wished, "project", "user": of those records alone that say so. The answer is
 * "erased: N descriptions". */
gboolean hm_engine_ask_erase (HmAsked *asked, GError **error);

G_END_DECLS
