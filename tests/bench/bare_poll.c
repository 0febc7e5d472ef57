/* SPDX-License-Identifier: Apache-2.0 */
/* bare_poll: what the agent's poll is held against: one bulk call for the six groups, answer freed unread, at the
 * agent's pace (a loop without a pause would find its caches warm, which no poller does).
 * Usage: bare_poll URI CYCLES INTERVAL_MS */
#include "tests/bench/timing.h"

#include <libvirt/libvirt.h>
#include <stdlib.h>

int
main (int argc, char **argv)
{
  const unsigned groups = VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON
                          | VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK;
  virConnectPtr connection = argc == 4 ? virConnectOpenReadOnly (argv[1]) : NULL;
  guint64 domains = 0;
  double wall = 0, cpu;

  if (connection == NULL)
    return 69;
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < atoi (argv[2]); i++)
    {
      virDomainStatsRecordPtr *records = NULL;
      double began = seconds_of (CLOCK_MONOTONIC);
      int n = virConnectGetAllDomainStats (connection, groups, &records,
                                           VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

      if (n < 0)
        return 70;
      domains += (guint64)n;
      virDomainStatsRecordListFree (records);
      wall += seconds_of (CLOCK_MONOTONIC) - began;
      g_usleep ((gulong)atoi (argv[3]) * 1000);
    }
  report ("bare-poll", wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu, domains);
  virConnectClose (connection);
  return 0;
}
