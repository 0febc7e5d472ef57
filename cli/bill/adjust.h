/* SPDX-License-Identifier: Apache-2.0 */
/* adjust: the parts of `hypermeter adjust`. */
#pragma once

#include "cli/ask.h"

G_BEGIN_DECLS

/* The adjustments that were made, and those that were asked for and wait for a collector. */
gboolean hm_adjust_list (const HmReading *reading, GError **error);

/* Looks for a request with that "id" in its target that was not refused, and makes it one of @ask's: *@ret_known. HM_ERROR_USAGE where it
 * asked for something other than @target. */
gboolean hm_adjust_find (HmAsk *ask, const HmReading *reading, const char *id, const char *target,
                         gboolean *ret_known, GError **error);

G_END_DECLS
