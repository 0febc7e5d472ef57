/* SPDX-License-Identifier: Apache-2.0 */
/* bill_history: what a collector does beside taking records, as one script: it answers requests, rolls up, closes a period, takes late
 * records, corrects, recomputes, and removes what is too old. So it gives its store every statement that writes.
 *
 * Each life finds in the store how far the ones before have come, and goes on there; so it can be stopped anywhere. The program is linked with
 * --wrap=hm_clock_system, so time stands still. One thread. */
#pragma once

#include "tests/bus_history.h"

typedef struct BillHistory BillHistory;

BillHistory *bill_history_new (void);
void bill_history_free (BillHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BillHistory, bill_history_free)

/* One life, up to the end of the script. @settle: waits until the store's server has done what connections that are gone have asked
 * of it: whoever asks for something, unlike a collector, would ask twice. */
void bill_history_take (BillHistory *history, const HmStoreOps *ops, const char *url,
                        void (*settle) (gpointer user), gpointer user);
