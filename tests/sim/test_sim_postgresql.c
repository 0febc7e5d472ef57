/* SPDX-License-Identifier: Apache-2.0 */
/* test_sim_postgresql: simulated fleets through the engine into PostgreSQL. HYPERMETER_SIM_POSTGRESQL histories. The program starts a
 * server of its own; each fleet gets two databases in it, which it leaves there. */
#include "tests/postgresql_server.h"
#include "tests/sim/sim_store.h"

#define HISTORIES 50

static EngineKit *
open_new (void)
{
  g_autofree char *url = pg_kit_new_url (NULL);

  return engine_kit_open ("postgresql", url);
}

static void
postgresql_holds_what_can_be_known_however_records_arrive (void **state G_GNUC_UNUSED)
{
  sim_store_run (open_new, sim_seed (), sim_number ("HYPERMETER_SIM_POSTGRESQL", HISTORIES));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown (postgresql_holds_what_can_be_known_however_records_arrive, sim_print_last),
  };
  int failed;

  pg_kit_start ();
  failed = cmocka_run_group_tests (tests, NULL, NULL);
  pg_kit_stop ();
  return failed;
}
