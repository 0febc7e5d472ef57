/* SPDX-License-Identifier: Apache-2.0 */
/* sim_kit: what the tests over simulated histories share: how many, from which seed, and how a failure becomes small. */
#pragma once

#include "tests/kit.h"
#include "tests/sim/truth.h"

/* Looks at one history. NULL, or in words what is wrong. (transfer full) (nullable) */
typedef char *(*SimCheck) (SimHistory *history, gpointer user);

/* The number that the environment gives for @variable. */
guint sim_number (const char *variable, guint otherwise);

/* The seed of the run, printed: HYPERMETER_SIM_SEED or a random one. */
guint32 sim_seed (void);

/* The seed of what is being looked at, for failures that come from elsewhere; a teardown that prints the last one. */
void sim_look_at (guint32 seed);
int sim_print_last (void **state);

/* Plays @n histories from @seed on, and looks at each. One that fails is made as small as it goes, by leaving out its records one by one
 * while it still fails, printed with its own seed, and fails the test. @hits (nullable) */
void sim_run (guint32 seed, guint n, SimCheck check, gpointer user, SimHits *hits);

/* Adds what was played. */
void sim_count (const SimHistory *history, SimHits *hits);

/* Fails the test with that history, if @wrong is not NULL, in the same way. */
void sim_shrink (SimHistory *history, guint32 seed, SimCheck check, gpointer user);
