/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_cycle: what the files of one read of the hypervisor share. The reading thread alone. */
#pragma once

#include "agent/inspector/inspector.h"
#include "agent/inspector/inspector_decode.h"
#include "agent/inspector/inspector_hung.h"
#include "agent/inspector/inspector_read.h"
#include "agent/inspector/inspector_watch.h"
#include "agent/inventory/inventory_file.h"

#define HM_CONNECTIONS_MAX 8

/* A lane of reads. */
typedef struct
{
  HmLane *lane;   /* (nullable) */
  guint openings; /* of the lane, when the inventory was verified for it */
  HmShare *share; /* (nullable) of the read under way */
} HmSlot;

typedef struct
{
  HmInspector port;
  char *uri, *root; /* the latter: prefix of /proc */
  const HmClock *clock;
  HmHangs *hangs;
  HmInventory *inventory;
  HmInventoryFile *inventory_file; /* (nullable) */
  HmGenerations *generations;
  HmWatch *watch;
  HmStatsDecoder *decoder;
  guint32 available;   /* reads that the driver has; all of them until one has told */
  gboolean is_sparing; /* so many calls hang that nothing is read that needs QMP; said */
  HmJob *hung_host;    /* (nullable) the reading of the host that was given up, see inspector_host.c */
  HmHung *hung;
  guint64 returned;   /* calls that hung and had come back when those that hang were last asked about */
  gboolean must_name; /* a lane was late, and which domain it hangs at was not found out yet */
  GMutex lock;        /* of the slots' lanes, for who interrupts, and of: */
  gboolean is_interrupted;
  guint n_slots;
  HmSlot slots[HM_CONNECTIONS_MAX];
} HmLibvirtInspector;

/* One read under way. */
typedef struct
{
  HmLibvirtInspector *self;
  gint64 deadline_us, patience_us; /* by the latter a lane has answered or is asked again */
  guint n_lanes;                   /* the first slots, and those alone, are read from */
  HmFields fields;
  gboolean must_list, without_qmp;
  HmAssignment *assignment;
  HmShare *spared; /* (nullable) of the domains that hang */
  HmSnapshot *snapshot;
  HmReadCost *cost;
  gint64 begun_ns, ended_ns;
  GError *error;     /* the first lane's that failed */
  guint answers;     /* lanes that answered */
  GPtrArray *later;  /* (element-type HmReading) need a look first; borrowed */
  GPtrArray *fallen; /* (element-type HmDomain) whose counters began again; borrowed */
} HmCycle;

/* Reads until every lane has answered or the deadline is there. FALSE when none did. */
gboolean hm_cycle_run (HmCycle *cycle, GError **error);

/* For the files of the cycle. A lane for @slot, opened or not. */
gboolean hm_cycle_have_lane (HmLibvirtInspector *self, HmSlot *slot, GError **error);
/* Waits for @job on @slot; TRUE when it was done well. When it is late the slot has no lane any more. */
gboolean hm_cycle_await (HmCycle *cycle, HmSlot *slot, HmJob *job, gint64 deadline_us);
/* @error: (transfer full) the first one is the cycle's. */
void hm_cycle_keep_error (HmCycle *cycle, GError *error);

/* Makes domains of what the lanes brought. */
void hm_cycle_compose (HmCycle *cycle);

/* Forgets what the lanes brought. */
void hm_cycle_clear (HmCycle *cycle);
