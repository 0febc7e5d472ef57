/* SPDX-License-Identifier: Apache-2.0 */
/* generation_private: what is kept of counters' lives, shared by generation.c (a resource's own), lives.c (its
 * parts') and generation_file.c (the file). All under the lock. */
#pragma once

#include "agent/inventory/generation.h"

G_BEGIN_DECLS

/* The life of a part's counters that did not begin with the resource's. */
typedef struct
{
  char *device; /* "disk:vda", or HM_LIVES_GUEST */
  guint number; /* greater than that of any part's life before, within one life of the process */
  HmTime start; /* HM_TIME_UNKNOWN */
  HmTime
      found; /* when a comparison showed it, whose event may still come; HM_TIME_UNKNOWN; not in the file */
  gint64 boot_ns;      /* what was read, or reported, before then is of the life before; not in the file */
  gboolean is_awaited; /* the life that begins when its device, which is gone, comes back */
  HmTime read;         /* when its first read began; HM_TIME_UNKNOWN; not in the file */
  gboolean is_used;    /* something was, or may have been, told under its number; not in the file */
} HmPartLife;

typedef struct
{
  char *life;       /* "boot:ticks", the process's */
  guint generation; /* of the resource */
  GPtrArray *parts; /* (element-type HmPartLife) */
} HmKeptLife;

/* The counters of a part at its last read. */
#define HM_PART_COUNTERS_MAX 9
typedef struct
{
  guint number; /* of the life they are of; 0: the resource's */
  HmMaybe values[HM_PART_COUNTERS_MAX];
} HmPartCounters;

enum
{
  HM_SUM_CPU,
  HM_SUM_VCPUS,
  HM_SUM_DISKS,
  HM_SUM_NICS,
  HM_N_SUMS,
};

typedef struct
{
  char *epoch;
  HmMaybe sums[HM_N_SUMS];
  GHashTable *parts; /* device → HmPartCounters */
} HmLastCounters;

struct HmGenerations
{
  GMutex lock;
  char *path;       /* (nullable) */
  GHashTable *kept; /* id → HmKeptLife */
  GHashTable *last; /* id → HmLastCounters */
};

/* An empty one of @life (length @length). (transfer full) */
HmKeptLife *hm_kept_life_new (const char *life, gsize length);
void hm_kept_life_free (HmKeptLife *kept);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmKeptLife, hm_kept_life_free)

/* How much of "boot:ticks:generation" names the life. */
gsize hm_life_length (const char *epoch);
/* What is kept of @id in @epoch's life. (nullable) (transfer none) */
const HmKeptLife *hm_kept_life_find (HmGenerations *self, const char *id, const char *epoch);
/* A copy of it to be changed, or a new one with @epoch's generation. (transfer full) */
HmKeptLife *hm_kept_life_edit (HmGenerations *self, const char *id, const char *epoch);
/* (nullable) (transfer none) */
HmPartLife *hm_part_life_find (const HmKeptLife *kept, const char *device);
/* Adds it where there is none. */
HmPartLife *hm_part_life_ensure (HmKeptLife *kept, const char *device);

/* Keeps @changed (transfer full; nullable: nothing) of @id, on disk before it returns. HM_ERROR_CREATE when it
 * cannot be; then all is as it was. */
gboolean hm_generations_keep (HmGenerations *self, const char *id, HmKeptLife *changed, GError **error);

/* Reads the file. */
gboolean hm_generations_load (HmGenerations *self, GError **error);

G_END_DECLS
