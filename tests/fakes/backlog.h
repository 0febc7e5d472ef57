/* SPDX-License-Identifier: Apache-2.0 */
/* backlog: the order of what waits, and how far each publisher is. The data structure below outbox_memory.c,
 * which holds a lock around every call.
 *
 * All entries lie in one list, in the order in which they came. Each publisher has a lane: a cursor into that
 * list (the next entry to hand over) and, after a RETRY, the place to go back to once nothing of its is in
 * flight. Each entry also lies in one of three queues that say who goes first when room is short. */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

#define HM_BACKLOG_LANES_MAX 31

typedef enum
{
  HM_QUEUE_BILLING = HM_CLASS_BILLING,
  HM_QUEUE_DIAGNOSTIC = HM_CLASS_DIAGNOSTIC,
  HM_QUEUE_SPARE, /* every required publisher has it: it waits for optional ones only */
  HM_QUEUE_COUNT,
} HmQueue;

typedef struct
{
  GList link;  /* in HmBacklog.all */
  GList place; /* in HmBacklog.queues[queue] */
  HmQueue queue;
  HmMessage *message;
  guint64 bytes;
  guint32 missing; /* required publishers that have not confirmed it, a bit each */
  guint32 open;    /* all publishers that have not */
  guint32 flight;  /* publishers that have it in their hands */
} HmBacklogEntry;

typedef struct
{
  GList *cursor;      /* the next to hand over; NULL: nothing new yet */
  gboolean rewinding; /* goes back to `back` when nothing is in flight; NULL: to the end */
  GList *back;
  guint flying;
} HmLane;

typedef struct
{
  guint32 required; /* a bit per publisher */
  guint n_lanes;
  guint64 bytes;         /* of all entries */
  guint64 waiting_bytes; /* of those that are not spare */
  GQueue all, queues[HM_QUEUE_COUNT];
  GHashTable *by_position; /* guint64 → HmBacklogEntry */
  HmLane lanes[HM_BACKLOG_LANES_MAX];
} HmBacklog;

void hm_backlog_init (HmBacklog *backlog, const gboolean *required, guint n_lanes);
void hm_backlog_release (HmBacklog *backlog);

/* @message: (transfer full), of a position above all before it. */
void hm_backlog_add (HmBacklog *backlog, HmRecordClass class, HmMessage *message);

/* The next message for @lane, from now on in flight; NULL when there is none now. (transfer full) */
HmMessage *hm_backlog_take (HmBacklog *backlog, guint lane);

/* @message came back from @lane's publisher: not taken after all, failed, or settled for good. NULL, and
 * nothing done, for one that is not in flight there. */
HmBacklogEntry *hm_backlog_land (HmBacklog *backlog, guint lane, const HmMessage *message);
void hm_backlog_put_back (HmBacklog *backlog, guint lane, HmBacklogEntry *entry);
void hm_backlog_go_back (HmBacklog *backlog, guint lane, HmBacklogEntry *entry);
/* TRUE when @lane's was the last required word on it. May free @entry. */
gboolean hm_backlog_settle (HmBacklog *backlog, guint lane, HmBacklogEntry *entry);

/* Who goes first when room is short; (nullable) when all there is is in flight or a gap record. */
HmBacklogEntry *hm_backlog_oldest_droppable (const HmBacklog *backlog);
void hm_backlog_remove (HmBacklog *backlog, HmBacklogEntry *entry);

guint64 hm_backlog_waiting (const HmBacklog *backlog);
HmTime hm_backlog_oldest (const HmBacklog *backlog); /* of what waits; HM_TIME_UNKNOWN: nothing */

G_END_DECLS
