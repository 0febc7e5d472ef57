/* SPDX-License-Identifier: Apache-2.0 */
/* tally: see tally.h. The caller holds whatever guards the tally. */
#include "agent/pipeline/tally.h"

void
hm_tally_call (HmPluginTally *tally, HmResult result, gint64 took_ns)
{
  tally->calls++;
  tally->spent_ns += took_ns;
  tally->no_data += result == HM_NO_DATA;
  tally->retry += result == HM_RETRY;
  tally->gone += result == HM_GONE;
  tally->broken += result == HM_BROKEN;
}
