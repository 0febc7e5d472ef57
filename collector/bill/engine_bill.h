/* SPDX-License-Identifier: Apache-2.0 */
/* engine_bill: what people ask about bills: to close a period, to adjust the next statement. Actions of engine_actions.c, on the storing thread. */
#pragma once

#include "collector/engine/engine_requests.h"

G_BEGIN_DECLS

/* Target: "name" and "zone" of the period (neither: corrections alone), "accept",
 * "accept-unrolled", "accept-gap": "yes" where what is not stored, not rolled up, left out is accepted. */
gboolean hm_engine_ask_close (HmAsked *asked, GError **error);

/* Target: "project", "meter", "unit", "quantity" (exact decimal text with or without a sign); "source", "user", "resource", "device" where it is about one; "id",
 * the asker's own name for it: of one name there is one adjustment, and who asks for it again is told so. The request says who and why. */
gboolean hm_engine_ask_adjust (HmAsked *asked, GError **error);

G_END_DECLS
