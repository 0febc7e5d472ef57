/* SPDX-License-Identifier: Apache-2.0 */
/* processes: the agent processes that have sent records, and from when to when. Two processes of one agent id whose
 * records interleave in time are two agents with one name. Loaded from the store once, kept up with each commit; the
 * engine's thread only. */
#pragma once

#include "collector/stores/store.h"

G_BEGIN_DECLS

/* As many are remembered at most; beyond, those go whose records are the oldest. */
#define HM_PROCESSES_MAX 100000

typedef struct
{
  const char *source;
  HmTime first, last; /* times of its earliest and latest record */
} HmProcess;

typedef struct HmProcesses HmProcesses;

/* Knows the store's. NULL and the store's error. @max: HM_PROCESSES_MAX; tests have less. */
HmProcesses *hm_processes_new (const HmStoreOps *ops, HmStore *store, guint max, GError **error);
void hm_processes_free (HmProcesses *processes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmProcesses, hm_processes_free)

/* The process of that agent and epoch, whatever its source. FALSE: it is not known. What it gives is valid until the next settle. */
gboolean hm_processes_find (const HmProcesses *processes, const char *agent, const char *epoch,
                            HmProcess *ret_process);

/* The process of @row interleaves with another one of the same agent. */
typedef void (*HmProcessesVisit) (const HmAgentRow *row, const char *other_epoch, gpointer user);

/* Visits each pair that @rows (of one batch, sorted by source, agent, epoch) show to interleave and that did not before. */
void hm_processes_compare (const HmProcesses *processes, const HmAgentRow *rows, guint n,
                           HmProcessesVisit visit, gpointer user);

/* @rows are stored. */
void hm_processes_settle (HmProcesses *processes, const HmAgentRow *rows, guint n);

/* How many are remembered. For tests: it has a bound that nothing else shows. */
guint hm_processes_size (const HmProcesses *processes);

G_END_DECLS
