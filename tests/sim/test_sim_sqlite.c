/* SPDX-License-Identifier: Apache-2.0 */
/* test_sim_sqlite: simulated fleets through the engine into SQLite. HYPERMETER_SIM_SQLITE histories. */
#include "tests/sim/sim_store.h"

#define HISTORIES 500

static void
sqlite_holds_what_can_be_known_however_records_arrive (void **state G_GNUC_UNUSED)
{
  sim_store_run (engine_kit_new, sim_seed (), sim_number ("HYPERMETER_SIM_SQLITE", HISTORIES));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown (sqlite_holds_what_can_be_known_however_records_arrive, sim_print_last),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
