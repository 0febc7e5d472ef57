/* SPDX-License-Identifier: Apache-2.0 */
/* plan: the cheapest reads that give the fields due. Pure: a table of providers and a search over it; knows nothing
 * of libvirt. What a provider costs was measured: docs/architecture.md. */
#pragma once

#include "metering/snapshot.h"

G_BEGIN_DECLS

/* A way to read fields of domains. The first seven are groups of the one bulk call. */
typedef enum
{
  HM_READ_BULK_STATE,
  HM_READ_BULK_CPU,
  HM_READ_BULK_BALLOON,
  HM_READ_BULK_VCPU,
  HM_READ_BULK_INTERFACE,
  HM_READ_BULK_BLOCK,
  HM_READ_BULK_PERF,
  HM_READ_INFO,         /* virDomainGetInfo for each domain */
  HM_READ_MEMORY_STATS, /* virDomainMemoryStats for each domain */
  HM_READ_VCPUS, /* virDomainGetVcpus for each domain; gives no wait time, so only where no bulk group does */
  HM_READ_BLOCK_STATS,     /* virDomainBlockStats(Flags) for each disk */
  HM_READ_BLOCK_INFO,      /* virDomainGetBlockInfo for each disk */
  HM_READ_INTERFACE_STATS, /* virDomainInterfaceStats for each interface */
  HM_READ_PROCESS,         /* /proc/<pid> of each domain; see process_stat.h */
  HM_READ_JOB, /* virDomainGetJobStats of those whose process is sending, as HM_READ_PROCESS showed */
  HM_READ_COUNT,
} HmRead;
#define HM_READ_BIT(read) (1u << (read))
#define HM_READS_BULK     (HM_READ_BIT (HM_READ_BULK_PERF + 1) - 1)
#define HM_READS_ALL      (HM_READ_BIT (HM_READ_COUNT) - 1)

typedef struct
{
  HmRead read;
  const char *name;
  HmFields gives;
  guint
      cost_us; /* per running guest, wall time, measured; a read of each device is counted for two of them */
  guint qmp;   /* QMP commands per guest */
} HmProvider;

/* The row of @read. For tests, which hold the table against a plan found by trying all. (transfer none) */
const HmProvider *hm_plan_provider (HmRead read);

/* The set of reads (a bit per HmRead) of least cost whose union gives @fields, out of @available. @settled: reads
 * that are made in any case, so what they give costs nothing more; they are part of the result. Fields that nothing
 * available gives are left out and come back in *@ret_missing (nullable). Of equal costs the one with fewer QMP
 * commands is taken.
 *
 * @settled is how one counter life keeps one provider; hm_plan_settled() says which reads those are. */
guint32 hm_plan (HmFields fields, guint32 available, guint32 settled, HmFields *ret_missing);

/* What a domain's counters are read from throughout one life of them, found out when that begins. */
typedef struct
{
  /* libvirtd gave it one of its own, or that cannot be told as its process is hidden: the bulk group "cpu" is that
   * cgroup's time, all else that tells CPU time is the process's, another counter. */
  gboolean in_cgroup;
  gboolean by_process; /* its process and the threads of its vCPUs can be read in /proc, and are */
} HmDomainKind;

/* The reads that a domain of that kind is settled on for counters among @fields, and what is to be taken of the answers
 * to @reads for it: a counter that is settled on another read is left out. */
guint32 hm_plan_settled (HmFields fields, HmDomainKind kind);
HmFields hm_plan_take (guint32 reads, HmDomainKind kind);

/* What all of @reads (a bit per HmRead) give together, and the QMP commands that they make per guest. */
HmFields hm_plan_gives (guint32 reads);
guint hm_plan_qmp (guint32 reads);

/* Those of @reads that ask no guest's QEMU, so that none can hang with it. */
guint32 hm_plan_without_qmp (guint32 reads);

G_END_DECLS
