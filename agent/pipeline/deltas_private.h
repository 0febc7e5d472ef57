/* SPDX-License-Identifier: Apache-2.0 */
/* deltas_private: what the table of counters and its file share. All of it under the lock. */
#pragma once

#include "agent/pipeline/deltas.h"

typedef struct
{
  char *epoch;
  guint64 value; /* the most that the counter was read as in that epoch … */
  HmTime time;   /* … and when */
} HmDeltaEntry;

typedef struct
{
  GHashTable *entries; /* "meter device" → HmDeltaEntry */
  HmTime floor;        /* 0: none; like the table's, and nothing is kept of what was read until then */
} HmDeltaResource;

struct HmDeltas
{
  GMutex lock;
  char *path;
  const HmClock *clock;
  GHashTable *resources; /* id → HmDeltaResource; those that ended are in it for a while */
  HmTime floor;          /* nothing that is not in the table was counted of a life that began after it */
  HmDeltasStatus status;

  /* The file's. */
  gboolean is_loaded;
  gboolean is_failing; /* and it was said */
  int fd;              /* -1: it has to be written anew first */
  GString *pending;    /* (nullable) lines */
  gsize size, compact_at;
  gint64 written_anew; /* monotonic */
};

/* @key: "meter device". Where the resource has too many, the one that was read longest ago goes. */
void hm_deltas_put (HmDeltas *self, const char *id, const char *key, const char *epoch, guint64 value,
                    HmTime time);
/* All of the resource's counters; @time is its floor from now on. */
void hm_deltas_drop (HmDeltas *self, const char *id, HmTime time);

/* Loads the file on the first call, writes it anew where that is due. FALSE, and said once: it cannot be kept now. */
gboolean hm_deltas_file_open (HmDeltas *self);
/* Lines for the next write. */
void hm_deltas_file_add (HmDeltas *self, const char *id, const char *key, const char *epoch, guint64 value,
                         HmTime time);
void hm_deltas_file_add_end (HmDeltas *self, const char *id, HmTime time);
/* Appends them all; FALSE: none of them stands. */
gboolean hm_deltas_file_write (HmDeltas *self);
void hm_deltas_file_close (HmDeltas *self);
