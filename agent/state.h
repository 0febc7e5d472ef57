/* SPDX-License-Identifier: Apache-2.0 */
/* state: the agent's folder on disk: one agent per folder, by lock, and what must outlive the process. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

#define HM_STATE_LOCK_FILE  "lock"
#define HM_STATE_SINCE_FILE "metering-since"

typedef struct HmAgentState HmAgentState;

/* Creates @folder (0750) where it is missing and locks it. HM_ERROR_TEMPORARY when another agent has it,
 * HM_ERROR_CREATE or HM_ERROR_PERMISSION when it cannot be used. One thread. (transfer full) */
HmAgentState *hm_agent_state_open (const char *folder, GError **error);

/* When metering of this host by agent @id of @source began: read from the folder, or now and written there (atomic, fsynced) the
 * first time, and when either was another before: what its counters say was counted under that one. HM_ERROR_DATA when what is there
 * cannot be read: it decides what is billed, so nobody guesses. */
gboolean hm_agent_state_metering_since (HmAgentState *state, const char *id, const char *source,
                                        const HmClock *clock, HmTime *ret_time, GError **error);

/* Gives the lock back. NULL is fine. */
void hm_agent_state_free (HmAgentState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmAgentState, hm_agent_state_free)

G_END_DECLS
