/* SPDX-License-Identifier: Apache-2.0 */
/* sim_store: simulated histories on the wire, through the engine into a real store; and the parts of it for who has them brought there by a real bus. */
#pragma once

#include "tests/engine_kit.h"
#include "tests/sim/sim_kit.h"

/* Instances of one store. */
typedef struct
{
  SimHistory *histories[100];
  guint n;
} SimFleet;

/* One delivery of one record. */
typedef struct
{
  const SimHistory *history;
  SimRecord *record;
  HmTime appended;
} SimDelivery;

/* An engine over an empty store. (transfer full) */
typedef EngineKit *(*SimOpen) (void);

/* Plays @n histories, several to a store. Of each, the store must hold what can be known of its records, and everything it holds must
 * be the same when the records come late, doubled, shuffled, in other batches and with restarts between them. */
void sim_store_run (SimOpen open, guint32 seed, guint n);

/* -- a fleet -- */

/* @n histories from @seed on; what the first one's policies say holds for all. @fleet is {0} or reused. */
void sim_fleet_play (SimFleet *fleet, guint32 seed, guint n);
void sim_fleet_clear (SimFleet *fleet);

/* The same for one fleet that was played. NULL, or in words what is wrong. (transfer full) (nullable) */
char *sim_fleet_check (const SimFleet *fleet, SimOpen open, guint32 seed);
/* Fails the test: which of them it is, if it is one alone. */
void sim_fleet_blame (const SimFleet *fleet, SimOpen open, const char *wrong);

/* -- its parts -- */

void sim_fleet_set_policies (const SimFleet *fleet, EngineKit *kit);

/* As the bus brings them: by the time of their arrival, or in any order at all. (transfer full) (element-type SimDelivery) */
GArray *sim_fleet_disorder (const SimFleet *fleet, GRand *rand);

/* Takes each record once, as it came to be, all at once; and all decisions. */
void sim_fleet_feed (const SimFleet *fleet, EngineKit *kit);

/* What the store holds of @history, by counter lives, which its segments add up to; and by revisions as rollups have them where there are
 * some. NULL, or in words what is otherwise than it can be known. @hits (nullable): is told the flags. (transfer full) (nullable) */
char *sim_check_totals (EngineKit *kit, SimHistory *history, SimHits *hits);
char *sim_check_usage (EngineKit *kit, SimHistory *history);

/* NULL, or the first line that differs of all that does not depend on how records arrived. (transfer full) (nullable) */
char *sim_compare_stores (EngineKit *expected, EngineKit *got);
