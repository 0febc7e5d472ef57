/* SPDX-License-Identifier: Apache-2.0 */
/* engine_history: random lives of instances (fold_history.h) on the wire, for an engine over a real store. */
#pragma once

#include "tests/engine_kit.h"
#include "tests/fold_history.h"

/* The records of a life of at most @n for each of @resources, one resource after the other. (transfer full)
 * (element-type GBytes) */
GPtrArray *engine_history_encode (GRand *rand, const char *const *resources, guint n_resources, guint n);

/* The next arrival, of such a record. (transfer full) */
HmArrival *engine_history_arrive (EngineKit *kit, GBytes *bytes);

/* No element goes further back than @reach. */
void engine_history_shuffle (GRand *rand, GPtrArray *array, guint reach);
