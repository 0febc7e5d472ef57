/* SPDX-License-Identifier: Apache-2.0 */
/* inventory: which instances there are, whose they are and what devices they have.
 *
 * An instance is immutable and shared by reference; when anything about it changes a new one takes its place. One
 * writer, the inspector's watch; any number of readers. Thread-safe. */
#pragma once

#include "agent/inventory/metadata.h"
#include "agent/inspector/plan.h"

G_BEGIN_DECLS

typedef struct
{
  HmResource *resource;  /* with state and epoch */
  char *name;            /* libvirt's */
  int domain_id;         /* -1: not running */
  gboolean persistent;   /* defined, so that it goes on to exist when it stops */
  gboolean has_migrated; /* it ended here to run elsewhere */
  HmDomainKind kind;     /* what its counters are read from, throughout their life */
  gint64 pid;            /* of its process here, if kind.by_process … */
  guint64 start_ticks;   /* … and what proves that it still is that one, see process_stat.h */
  HmTime looked;         /* when it had these devices; HM_TIME_UNKNOWN */
  GPtrArray *devices;    /* (element-type HmDevice) */
  char *problem;         /* (nullable) of its metadata */
  gboolean owner_unknown;
  gboolean is_unread;     /* its description could not be read, which says nothing of devices */
  gboolean is_remembered; /* from the run before; the hypervisor has not shown it to this one yet */
  gint refs;
} HmInstance;

/* @metadata: (transfer full) state and epoch are set by the caller before it is shared. (transfer full) */
HmInstance *hm_instance_new (HmMetadata *metadata, const char *name, int domain_id);
/* @instance with another state; a stopped one (@domain_id -1) has no epoch. (transfer full) */
HmInstance *hm_instance_with_state (const HmInstance *instance, HmState state, int domain_id);
HmInstance *hm_instance_ref (HmInstance *instance);
void hm_instance_unref (HmInstance *instance); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmInstance, hm_instance_unref)

const char *hm_instance_id (const HmInstance *instance);
/* (nullable) (transfer none) */
const HmDevice *hm_instance_find_device (const HmInstance *instance, HmDeviceKind kind, const char *target);
const HmDevice *hm_instance_find_alias (const HmInstance *instance, const char *alias);

/* What differs between two instances of one id. */
typedef enum
{
  HM_CHANGED_DESCRIPTION = 1 << 0, /* anything that a `described` record says */
  HM_CHANGED_OWNER = 1 << 1,
  HM_CHANGED_FLAVOR = 1 << 2,
  HM_CHANGED_STATE = 1 << 3,
  HM_CHANGED_EPOCH = 1 << 4,
} HmChange;
guint hm_instance_compare (const HmInstance *before, const HmInstance *after);

typedef struct HmInventory HmInventory;

/* By the number of the field's bit; HM_TIME_UNKNOWN: never. */
typedef struct
{
  HmTime of[HM_FIELD_COUNT];
} HmReadTimes;

typedef struct
{
  guint instances;
  guint owners_unknown;
  guint remembered; /* instances that are known from the run before alone */
  guint problems;   /* instances whose metadata could not be used in full */
} HmInventoryStatus;

HmInventory *hm_inventory_new (void);
void hm_inventory_free (HmInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmInventory, hm_inventory_free)

/* (transfer full) (nullable) */
HmInstance *hm_inventory_get (HmInventory *inventory, const char *id);
/* Adds @instance or replaces the one of its id. (transfer none) */
void hm_inventory_put (HmInventory *inventory, HmInstance *instance);
void hm_inventory_remove (HmInventory *inventory, const char *id);
/* Sorted by id. (transfer full) (element-type HmInstance) */
GPtrArray *hm_inventory_list (HmInventory *inventory);
/* @changed is called with the inventory locked, on whatever thread puts in or takes out an instance; NULL: nobody is. */
void hm_inventory_watch (HmInventory *inventory, void (*changed) (gpointer user), gpointer user);
void hm_inventory_status (HmInventory *inventory, HmInventoryStatus *ret_status);

/* The instance was seen in @state at @time; of no effect when that is not the state it is known in. */
void hm_inventory_seen (HmInventory *inventory, const char *id, HmState state, HmTime time);
/* Its @fields were read at @time. */
void hm_inventory_note_read (HmInventory *inventory, const char *id, HmFields fields, HmTime time);
/* When the fields of the life that it is in, or was in last, were read last. */
void hm_inventory_read_times (HmInventory *inventory, const char *id, HmReadTimes *ret_times);
/* When it was last seen in the state it is known in; HM_TIME_UNKNOWN if never. */
HmTime hm_inventory_last_seen (HmInventory *inventory, const char *id);

G_END_DECLS
