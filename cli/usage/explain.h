/* SPDX-License-Identifier: Apache-2.0 */
/* explain: how one figure came about. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* Shows the figure that the filter of @reading, @meter (a glob) and @device (nullable) leave, with its segments, what is not covered, and the
 * records behind it; of what was appended by @until alone (HM_TIME_UNKNOWN: all there is). HM_ERROR_USAGE names what is to be narrowed where that is more than one. */
gboolean hm_explain (HmReading *reading, const char *meter, const char *device, HmTime until, GError **error);

G_END_DECLS
