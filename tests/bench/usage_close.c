/* SPDX-License-Identifier: Apache-2.0 */
/* usage_close: closes the last month that is rolled up, as the collector does when it is asked to. Usage: usage_close URL */
#include "collector/bill/engine_close.h"
#include "tests/bench/timing.h"
#include "tests/bench/usage_kit.h"

int
main (int argc, char **argv)
{
  const HmEngineSettings settings = { .grain_ns = HOUR_NS,
                                      .hold_intervals = 3,
                                      .fallback_interval_ns = 60 * HM_NSEC_PER_SEC,
                                      .close = { .holder = "bench" } };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  HmCloseOrder order
      = { .name = "2025-10", .zone = "UTC", .accept = TRUE, .accept_unrolled = TRUE, .author = "bench" };
  double wall, cpu;
  HmEngine *engine;
  UsageStore store;

  if (argc != 2)
    return 64;
  store = usage_store_open (argv[1], HM_STORE_WRITE);
  engine = hm_engine_new (store.ops, store.store, table, &settings, &error);
  usage_must (engine != NULL, error);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  usage_must (hm_engine_close_period (engine, &order, &error), error);
  report ("close", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu, 1);
  g_free (order.result);
  hm_engine_free (engine);
  usage_store_close (&store);
  return 0;
}
