/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_rounds: how the lanes of one read are asked, and asked again. The reading thread alone. */
#pragma once

#include "agent/inspector/inspector_cycle.h"

/* Deals the domains out to the cycle's lanes and reads until all have answered or the deadline is there. Sets the slots'
 * shares, NULL for a lane that did not answer; `spared`, `answers`, and of the cost `unanswered`. */
void hm_rounds_run (HmCycle *cycle);

void hm_rounds_drop_share (HmSlot *slot);
