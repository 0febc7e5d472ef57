/* SPDX-License-Identifier: Apache-2.0 */
/* outbox: where every record waits until each publisher that must have it has confirmed it.
 *
 * An interface: the one on disk (hm_outbox_new()) is the agent's; tests of what lies around it have one in memory. append() may be called from any thread, confirm() too; next() and put_back() of a publisher are called by one thread.
 * Nothing blocks on a publisher or on the disk: sampling never waits for either. */
#pragma once

#include "metering/files.h"
#include "metering/plugin.h"
#include "metering/segment.h"

G_BEGIN_DECLS

typedef enum
{
  HM_CLASS_BILLING,    /* goes last when room is short */
  HM_CLASS_DIAGNOSTIC, /* goes first */
} HmRecordClass;

/* How far one publisher is. */
typedef struct
{
  const char *name;
  gboolean required;
  guint64 waiting; /* records that it has not confirmed */
  guint64 skipped; /* since the start: that were gone before it had them */
} HmOutboxPublisherStatus;

typedef struct
{
  guint64 appended, confirmed, rejected; /* records, since the start */
  guint64 dropped;                /* for want of room, for their age, or because the disk did not take them */
  guint64 refused;                /* samples that are larger alone than a record may be */
  guint64 damaged;                /* that were on disk and cannot be read */
  guint64 waiting, waiting_bytes; /* now */
  HmTime oldest;                  /* of what waits; HM_TIME_UNKNOWN when nothing does */
  guint64 unsynced;               /* records that are not on disk yet, now */
  guint64 bytes;                  /* of all segments, now */
  guint segments;
  guint64 syncs;        /* groups that were written */
  guint64 unsaid;       /* lost records that no gap record has said yet */
  guint64 bins_dropped; /* counts of five minutes, as too many waited for a heartbeat */
  char reason[160];     /* why the disk takes nothing now; "" : it does */
} HmOutboxStatus;

typedef struct HmOutbox HmOutbox;

struct HmOutbox
{
  /* Reads what is on disk and begins to write. Once, before everything else; what was left by a process before is given first. Damage
   * never fails it. HM_ERROR_CREATE, HM_ERROR_PERMISSION: the folder cannot be used. */
  gboolean (*open) (HmOutbox *self, GError **error);

  /* Gives @record its source, agent stamp (epoch, bin, …), clock's boot id and sequence number, encodes and
   * signs it, and keeps it. The sequence of a resource has no gaps: a record that cannot be encoded takes
   * none. HM_ERROR_DATA when it cannot be encoded. */
  gboolean (*append) (HmOutbox *self, HmRecordClass class, HmRecord *record, GError **error);

  /* The next message for @publisher in order, or NULL when there is none now: nothing waits, or messages
   * before it are to be handed over again and those in flight must come back first. (transfer full) */
  HmMessage *(*next) (HmOutbox *self, guint publisher);

  /* Whether the last next() gave nothing because what comes next could not be read: nobody will say when it can, so @publisher asks
   * again after a while. */
  gboolean (*is_stuck) (HmOutbox *self, guint publisher);

  /* What next() gave was not taken after all (the publisher is full); it comes again. @message stays the
   * caller's. */
  void (*put_back) (HmOutbox *self, guint publisher, HmMessage *message);

  /* The publisher's word on a message that it took. RETRY: it and all after it that it has not confirmed come
   * again, in order. REJECT: it is released and, if the publisher is a required one, a gap record says so (a
   * gap record that is rejected makes no other). @message stays the caller's. */
  void (*confirm) (HmOutbox *self, guint publisher, HmMessage *message, HmDelivery delivery,
                   const char *reason);

  /* @changed is called, on any thread and without locks held, whenever next() may have something new. Before
   * the first append() only. */
  void (*watch) (HmOutbox *self, void (*changed) (gpointer user), gpointer user);

  /* A heartbeat record as soon as all that was appended before is on disk, with the bins that have ended. Any thread; waits for nothing. */
  void (*heartbeat) (HmOutbox *self);

  /* Waits until all that was appended is on disk, @timeout_ns at most; FALSE: it is not. */
  gboolean (*flush) (HmOutbox *self, gint64 timeout_ns);

  /* Gives @publisher (by name) all that is still on disk again, from each lane's number in @from on; one beyond the lane's end: nothing
   * of it. Returns how many records that are in *@ret_records. HM_ERROR_USAGE: there is no such publisher. */
  gboolean (*replay) (HmOutbox *self, const char *publisher, const guint64 from[HM_LANES],
                      guint64 *ret_records, GError **error);

  void (*status) (HmOutbox *self, HmOutboxStatus *ret_status);
  void (*publisher_status) (HmOutbox *self, guint publisher, HmOutboxPublisherStatus *ret_status);

  /* Writes what was appended, notes how far everybody is, ends the writing; nothing may be appended any more. FALSE: the disk hangs and the
   * writer with it, so all that the outbox was given must stay. */
  gboolean (*end) (HmOutbox *self);

  /* Ends it where that was not done; frees nothing while the writer hangs. */
  void (*free) (HmOutbox *self);
};

/* What every record of this agent process carries. */
typedef struct
{
  char *source, *agent_id, *agent_epoch;
  guint32 cpus;
  HmTime metering_since;
  const HmClock *clock;
  char *boot_id;       /* (nullable) of the host */
  struct HmKeys *keys; /* (nullable) (unowned) signs with them */
} HmIdentity;

typedef struct
{
  const char *name;
  gboolean required;
} HmOutboxPublisher;

#define HM_OUTBOX_PUBLISHERS_MAX 31

typedef struct
{
  const HmIdentity *identity;
  const HmOutboxPublisher *publishers;
  guint n_publishers;
  const char *folder;     /* "outbox" in the state folder; made where it is missing */
  guint64 max_bytes;      /* of all segments */
  gint64 max_age_ns;      /* 0: none */
  gint64 linger_ns;       /* how long the writer waits for a group to grow */
  gsize max_record_bytes; /* of one encoded record: a larger one is split; 0: HM_RECORD_MAX */
  HmFiles *files;
} HmOutboxOptions;

/* The one on disk. Opens nothing yet. All that @options points to but the struct itself must outlive it. HM_ERROR_CONFIG. */
HmOutbox *hm_outbox_new (const HmOutboxOptions *options, GError **error);

/* Whether its open() could use @folder and what is there of it, for what can be said without reading any of it; nothing need be there. Opens,
 * makes and changes nothing. HM_ERROR_CONFIG. */
gboolean hm_outbox_check (const char *folder, GError **error);

G_END_DECLS
