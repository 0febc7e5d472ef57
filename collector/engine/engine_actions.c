/* SPDX-License-Identifier: Apache-2.0 */
/* engine_actions: which actions there are. A row here is all that a new one needs. */
#include "collector/engine/engine_requests.h"

#include "collector/bill/engine_bill.h"
#include "collector/engine/engine_decide.h"
#include "collector/bill/engine_erase.h"
#include "collector/bill/engine_recompute.h"

#include <string.h>

static const struct
{
  const char *name;
  HmAction action;
  gboolean needs_reason;
} actions[] = {
  { "replay", hm_engine_ask_replay, FALSE },      { "discard", hm_engine_ask_discard, FALSE },
  { "recompute", hm_engine_ask_recompute, TRUE }, { "close", hm_engine_ask_close, FALSE },
  { "adjust", hm_engine_ask_adjust, TRUE },       { "release", hm_engine_ask_decision, TRUE },
  { "reject", hm_engine_ask_decision, TRUE },     { "rebase", hm_engine_ask_decision, TRUE },
  { "policy", hm_engine_ask_policy, FALSE },      { "erase", hm_engine_ask_erase, TRUE },
};

HmAction
hm_action_find (const char *name, gboolean *ret_needs_reason)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (strcmp (actions[i].name, name) == 0)
      {
        *ret_needs_reason = actions[i].needs_reason;
        return actions[i].action;
      }
  return NULL;
}
