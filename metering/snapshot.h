/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot: what one read of the hypervisor gave, field by field.
 *
 * The inspector fills it, snapshot pollsters read it, nobody changes it in between. Every number is in the
 * unit of the libvirt statistic that its comment names (virConnectGetAllDomainStats), so nothing is lost. */
#pragma once

#include "metering/clock.h"
#include "metering/resource.h"
#include "metering/value.h"

G_BEGIN_DECLS

/* Fields that a meter can need. The planner turns the union of what is due into reads. */
typedef enum
{
  HM_FIELD_STATE = 1 << 0,           /* state.state */
  HM_FIELD_CPU_TIME = 1 << 1,        /* cpu.time */
  HM_FIELD_CPU_MODES = 1 << 2,       /* cpu.user, cpu.system */
  HM_FIELD_VCPU_COUNT = 1 << 3,      /* vcpu.current */
  HM_FIELD_VCPU_TIMES = 1 << 4,      /* vcpu.N.time */
  HM_FIELD_VCPU_DELAY = 1 << 5,      /* vcpu.N.delay */
  HM_FIELD_MEMORY = 1 << 6,          /* balloon.current, .maximum */
  HM_FIELD_BALLOON = 1 << 7,         /* what the guest's balloon driver says */
  HM_FIELD_MEMORY_RESIDENT = 1 << 8, /* balloon.rss */
  HM_FIELD_DISK_IO = 1 << 9,         /* block.N.{rd,wr,fl}.* */
  HM_FIELD_DISK_SIZE = 1 << 10,      /* block.N.{capacity,allocation,physical} */
  HM_FIELD_NIC_IO = 1 << 11,         /* net.N.* */
  HM_FIELD_PERF = 1 << 12,           /* perf.* */
  HM_FIELD_MIGRATION = 1 << 13,      /* virDomainGetJobStats while the domain migrates */
  HM_FIELD_HOST_NODE = 1 << 14,      /* virNodeGetInfo: CPUs, memory */
  HM_FIELD_HOST_POOLS = 1 << 15,     /* virStoragePoolGetInfo of each active pool */
  HM_FIELD_HOST_TOTALS = 1 << 16,    /* sums over all domains: instances, vCPUs, memory */
  HM_FIELD_VCPU_WAIT = 1 << 17,      /* vcpu.N.wait */
} HmField;
typedef guint32 HmFields;
#define HM_FIELD_COUNT 18
#define HM_FIELDS_HOST (HM_FIELD_HOST_NODE | HM_FIELD_HOST_POOLS | HM_FIELD_HOST_TOTALS)

/* The life of a counter that is not its resource's: what restarts it. */
typedef struct
{
  const char *epoch; /* (nullable) the resource's; then `start` says nothing */
  HmTime start;      /* HM_TIME_UNKNOWN */
} HmLifeMark;

typedef struct
{
  const char *device;        /* "vcpu:0" */
  HmLifeMark life;           /* of this thread, where it is not the process's first of that number */
  HmMaybe time, wait, delay; /* ns */
} HmVcpu;

typedef struct
{
  const char *device;                     /* "disk:vda" */
  HmLifeMark life;                        /* a generation that plugging raises */
  HmMaybe rd_reqs, wr_reqs, fl_reqs;      /* requests */
  HmMaybe rd_bytes, wr_bytes;             /* bytes */
  HmMaybe rd_times, wr_times, fl_times;   /* ns */
  HmMaybe errors;                         /* errors */
  HmMaybe capacity, allocation, physical; /* bytes */
} HmDisk;

typedef struct
{
  const char *device;                          /* "nic:52:54:00:10:00:01" */
  HmLifeMark life;                             /* the tap's ifindex, where it is known */
  HmMaybe rx_bytes, rx_pkts, rx_errs, rx_drop; /* what the instance received */
  HmMaybe tx_bytes, tx_pkts, tx_errs, tx_drop; /* what it sent */
} HmNic;

/* One domain at one moment. All memory belongs to the snapshot. */
typedef struct
{
  HmResource *resource; /* owner, state, epoch; never NULL */
  const char *name;     /* libvirt's name, for logs */
  HmFields got;         /* fields whose read succeeded for this domain */
  HmTime wall_ns;       /* taken at the answer … */
  gint64 boot_ns;       /* … by CLOCK_BOOTTIME */
  gint64 read_ns;       /* how long the read took: the true moment is in [wall − read, wall] */

  HmMaybe state;                                                          /* virDomainState */
  HmMaybe cpu_time, cpu_user, cpu_system;                                 /* ns */
  HmMaybe vcpu_current;                                                   /* vCPUs */
  HmMaybe balloon_current, balloon_maximum;                               /* KiB */
  HmMaybe balloon_available, balloon_unused, balloon_usable, balloon_rss; /* KiB */
  HmMaybe swap_in, swap_out;                                              /* KiB */
  HmMaybe major_fault, minor_fault;                                       /* faults */
  HmMaybe balloon_last_update; /* s since 1970, the guest's statistics' age */
  HmLifeMark guest;            /* of what the guest's kernel counts: faults, swap */
  HmMaybe perf_cycles, perf_instructions, perf_cache_references, perf_cache_misses; /* events */
  HmMaybe migration_elapsed, migration_downtime;                                    /* ms */
  HmMaybe migration_total, migration_processed, migration_remaining;                /* bytes */
  const HmVcpu *vcpus;
  guint n_vcpus;
  const HmDisk *disks;
  guint n_disks;
  const HmNic *nics;
  guint n_nics;
} HmDomain;

typedef struct
{
  const char *device;                      /* "pool:default" */
  HmMaybe capacity, allocation, available; /* bytes */
} HmPool;

/* The hypervisor itself at one moment. All memory belongs to the snapshot. */
typedef struct
{
  HmFields got;
  HmTime wall_ns; /* as of a domain */
  gint64 boot_ns, read_ns;

  HmMaybe cpus;                                         /* virNodeGetInfo */
  HmMaybe memory;                                       /* KiB */
  HmMaybe instances, vcpus_allocated, memory_allocated; /* instances that run, vCPUs, KiB */
  const HmPool *pools;
  guint n_pools;
} HmHost;

/* What one poll cost, for the self-metrics and the log. */
typedef struct
{
  guint rpcs;       /* libvirt calls made */
  guint unanswered; /* domains that could not be read */
  gint64 wall_ns;   /* from the first call to the last answer */
} HmReadCost;

/* All domains of one read. (element-type HmDomain) */
typedef struct HmSnapshot HmSnapshot;

HmSnapshot *hm_snapshot_new (void);
void hm_snapshot_free (HmSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSnapshot, hm_snapshot_free)

/* For its maker: adds a domain, all members absent, that refers to @resource (takes a reference). The pointer
 * stays valid for the snapshot's life. */
HmDomain *hm_snapshot_add (HmSnapshot *snapshot, HmResource *resource, const char *name);
/* Memory that lives as long as the snapshot: text, and zeroed arrays. */
const char *hm_snapshot_text (HmSnapshot *snapshot, const char *text);
gpointer hm_snapshot_alloc (HmSnapshot *snapshot, gsize n, gsize size);

/* For its maker: the host, all members absent; of the same life. */
HmHost *hm_snapshot_add_host (HmSnapshot *snapshot);
/* (nullable) */
const HmHost *hm_snapshot_host (const HmSnapshot *snapshot);

guint hm_snapshot_size (const HmSnapshot *snapshot);
const HmDomain *hm_snapshot_get (const HmSnapshot *snapshot, guint i);
HmReadCost *hm_snapshot_cost (HmSnapshot *snapshot);

G_END_DECLS
