/* SPDX-License-Identifier: Apache-2.0 */
/* adjustment: what somebody adds to the next bill or takes from it, read from a request. Called by the storing thread. */
#pragma once

#include "collector/stores/store.h"
#include "metering/json.h"

G_BEGIN_DECLS

/* @text is @unit's: exact decimal text with a sign or without one. *@ret_quantity is as a line's of a meter of @type that has @meter_unit. HM_ERROR_USAGE: no
 * such number, 0, more than 10^30 of what the meter counts in, another dimension, or not a whole number of what the meter counts in. */
gboolean hm_quantity_read (const char *text, const char *unit, HmMeterType type, const char *meter_unit,
                           HmInt128 *ret_quantity, GError **error);

G_END_DECLS
