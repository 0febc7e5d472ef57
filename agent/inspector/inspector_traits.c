/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_traits: asks a driver what its bulk call can, without making it do anything.
 *
 * QEMU gives all groups; the test driver the state alone and refuses the flag NOWAIT; others have no bulk
 * call. What is missing is read by the calls per domain. */
#include "agent/inspector/inspector_traits.h"

static const struct
{
  HmRead read;
  unsigned int group;
} groups[] = {
  { HM_READ_BULK_STATE, VIR_DOMAIN_STATS_STATE },         { HM_READ_BULK_CPU, VIR_DOMAIN_STATS_CPU_TOTAL },
  { HM_READ_BULK_BALLOON, VIR_DOMAIN_STATS_BALLOON },     { HM_READ_BULK_VCPU, VIR_DOMAIN_STATS_VCPU },
  { HM_READ_BULK_INTERFACE, VIR_DOMAIN_STATS_INTERFACE }, { HM_READ_BULK_BLOCK, VIR_DOMAIN_STATS_BLOCK },
  { HM_READ_BULK_PERF, VIR_DOMAIN_STATS_PERF },
};

unsigned int
hm_traits_groups (guint32 reads)
{
  unsigned int mask = 0;

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (reads & HM_READ_BIT (groups[i].read))
      mask |= groups[i].group;
  return mask;
}

/* Asks for the statistics of domains that are both active and shut off, of which there are none. */
static gboolean
can (virConnectPtr connection, unsigned int mask, unsigned int flags, guint *rpcs)
{
  virDomainStatsRecordPtr *records = NULL;
  int n;

  *rpcs += 1;
  n = virConnectGetAllDomainStats (connection, mask, &records,
                                   VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
                                       | VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF
                                       | VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS | flags);
  if (n >= 0)
    virDomainStatsRecordListFree (records);
  return n >= 0;
}

void
hm_traits_probe (HmTraits *traits, virConnectPtr connection, guint *rpcs)
{
  *traits = (HmTraits){ .are_known = TRUE };
  if (can (connection, hm_traits_groups (HM_READS_BULK), VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, rpcs))
    {
      traits->bulk = HM_READS_BULK;
      traits->nowait = TRUE;
      return;
    }
  traits->nowait = can (connection, VIR_DOMAIN_STATS_STATE, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, rpcs);
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (can (connection, groups[i].group, 0, rpcs))
      traits->bulk |= HM_READ_BIT (groups[i].read);
}

/* virDomainGetVcpus knows no wait times, so it is no substitute for a bulk group that does. */
guint32
hm_traits_available (const HmTraits *traits)
{
  guint32 calls = HM_READS_ALL & ~HM_READS_BULK;

  if (traits->bulk & HM_READ_BIT (HM_READ_BULK_VCPU))
    calls &= ~HM_READ_BIT (HM_READ_VCPUS);
  return traits->bulk | calls;
}
