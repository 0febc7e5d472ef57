/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_private: the outbox on disk, for the files that it is made of. docs/adr/0011 says why it works this way.
 *
 *   outbox_disk     life, state and the table of functions
 *   outbox_in       append: numbers, and what waits to be written
 *   outbox_out      next, confirm: how far everybody is
 *   outbox_writer   the thread: when to write a group, to release, to note, to end
 *   outbox_group    a group of frames into segments
 *   outbox_count    the counts of bins
 *   outbox_room     what goes when room is short or too old
 *   outbox_losses   what is gone, until a gap record says it
 *   outbox_damage   what is on disk and cannot be read
 *   outbox_journal  the journal, and the unlinking that waits for it
 *   outbox_recover  the start, with outbox_scan for the single segment
 *
 * Everything is either the writer's, or guarded by the lock; below which nothing touches the disk. */
#pragma once

#include "agent/schedule/backoff.h"
#include "agent/outbox/bins.h"
#include "agent/outbox/feed.h"
#include "agent/outbox/loss.h"
#include "agent/outbox/outbox.h"
#include "agent/outbox/stamp.h"
#include "metering/codec.h"

G_BEGIN_DECLS

#define HM_OUTBOX_PENDING_MAX (16u << 20)  /* bytes that wait for the disk; diagnostics: half of it */
#define HM_OUTBOX_GROUP_WAKE  (256u << 10) /* the writer waits no longer for more */
#define HM_OUTBOX_GROUP_MAX   (1u << 20)
#define HM_OUTBOX_FRAME_EXTRA                                                                                \
  192 /* bytes of a frame besides its texts, at most; of memory besides them, about */
#define HM_OUTBOX_WATCHERS_MAX (HM_OUTBOX_PUBLISHERS_MAX + 1)
#define HM_OUTBOX_UNCOUNTED    G_MININT64 /* a frame's bin: its record was counted when it was written first */
#define HM_OUTBOX_QUARANTINE   "quarantine"

#define HM_OUTBOX_TRIES 5 /* of what fails and may pass: at the start, and of what goes */

#define HM_OUTBOX_FULL    "outbox full"
#define HM_OUTBOX_TOO_OLD "too old"
#define HM_OUTBOX_DAMAGED "damaged"

/* Records that are gone. In the journal from the moment it is noted until its gap record is on disk. */
typedef struct
{
  guint64 id;
  char *reason;
  HmLoss loss;
  gboolean is_noted; /* the journal has all of it */
  gboolean is_said;  /* its gap record is on its way to the disk: nothing is added any more */
} HmUnsaid;

/* The segment that a lane is being written to. */
typedef struct
{
  int fd;             /* −1: there is none */
  HmSegment *segment; /* in the list; what is in no group that was shown yet is not in it */
  guint64 end;        /* bytes that are good, shown or not */
} HmTail;

/* Where a lane's writing failed last: behind that may be frames that were not shown, which the next process would find, unless a newer
 * segment begins with their numbers. */
typedef struct
{
  char *path;  /* (nullable) there is nothing such */
  guint64 end; /* 0: the file is to go */
} HmTorn;

/* What a group adds to a segment, in force when all of the group is on disk. */
typedef struct
{
  guint lane;
  HmSegment *segment;
  guint64 last, bytes;
  HmTime newest;
  HmSegmentPoint point;
} HmAdvance;

typedef struct
{
  GPtrArray *frames;       /* (element-type HmFrame) in their order */
  guint written[HM_LANES]; /* of all frames, how many were passed by where all of this lane is on disk */
  guint64 bytes;           /* about */
  guint64 order;           /* the highest one */
  GArray *advances;        /* (element-type HmAdvance) */
  gboolean has_lost;       /* some of it is not written: the journal says so before the group is done */
} HmGroup;

/* A record that a required publisher has rejected, until its mark is beyond it or its segment is gone. */
typedef struct
{
  HmMessage *message;
  char *reason;
} HmRefused;

typedef struct
{
  HmFeed *feed;
  GPtrArray *refused; /* (element-type HmRefused) */
  gboolean is_full;   /* it took nothing more: tell it when it confirms something */
  guint64 skipped;
} HmWayOut;

typedef struct
{
  void (*changed) (gpointer user);
  gpointer user;
} HmWatcher;

typedef struct
{
  HmOutbox outbox;
  HmOutboxOptions options;
  const HmClock *clock;
  HmFiles *files;
  guint64 segment_bytes;
  HmFeedEvents events;
  GThread *thread;

  GMutex lock; /* of all below, up to the writer's */
  HmWatcher watchers[HM_OUTBOX_WATCHERS_MAX];
  guint n_watchers;
  GCond wake; /* the writer */
  GCond written;
  HmStamper *stamper;
  gboolean is_stopping, has_ended;
  GQueue pending;        /* (element-type HmFrame) */
  guint64 pending_bytes; /* with the group's */
  guint64 pending_count;
  gint64 pending_since;     /* g_get_monotonic_time() */
  guint hurry;              /* somebody waits for the disk */
  guint64 order;            /* the last one given */
  guint64 number[HM_LANES]; /* the same, of what was gathered into groups */
  guint64 synced;           /* the order up to which all is on disk */
  HmSegments lanes[HM_LANES];
  HmWayOut ways[HM_OUTBOX_PUBLISHERS_MAX];
  guint64 released[HM_LANES];
  HmDone lost[HM_LANES]; /* that were rejected by a required publisher: said, or to be said, once */
  GArray *damages;       /* (element-type HmJournalDamage) that do not overlap */
  GPtrArray *unsaid;     /* (element-type HmUnsaid) */
  guint64 next_loss;
  gboolean is_dirty;       /* the journal is to be written */
  gboolean beats, beating; /* a heartbeat is wanted; one is on its way to the disk */
  gint64 beat_bin;         /* the current one, when it was wanted … */
  guint64 beat_order;      /* … and what must be on disk first */
  guint64 beaten;          /* order of the last one that was made */
  HmOutboxStatus counts;   /* only what is counted, and `reason` */

  /* The writer's (the opener's, before it runs). */
  HmJournalWriter *journal;
  guint64 generation;
  guint64 counted[HM_LANES];
  GPtrArray *strangers; /* (element-type HmJournalMark) of publishers that are not configured now */
  HmBins *bins;
  HmTail tails[HM_LANES];
  HmTorn torn[HM_LANES][2]; /* a segment that others are in, and one that was to be begun */
  HmGroup group;
  GByteArray *buffer;
  HmBackoff backoff;
  GPtrArray *doomed; /* (element-type char *) paths to be unlinked once the journal says so */
  gboolean journal_fails, unlink_fails;
  guint left_out;   /* bins, at most in one journal, that had no place in it */
  gint64 noted_at;  /* g_get_monotonic_time() of the last journal … */
  gint64 looked_at; /* … and of the last look for what is too old */
} HmDiskOutbox;

/* -- outbox_disk */
void hm_outbox_notify (HmDiskOutbox *self); /* without the lock */

/* -- outbox_in: of the table … */
gboolean hm_outbox_append (HmOutbox *outbox, HmRecordClass class, HmRecord *record, GError **error);
void hm_outbox_heartbeat (HmOutbox *outbox);
gboolean hm_outbox_flush (HmOutbox *outbox, gint64 timeout_ns);
/* … and under the lock. Gives @record its stamp and keeps it. @loss: which one it says, or 0. */
gboolean hm_outbox_take (HmDiskOutbox *self, guint lane, HmRecord *record, guint64 loss, GError **error);
/* FALSE: there is no memory for it, which is noted. @message: (transfer full) */
gboolean hm_outbox_keep (HmDiskOutbox *self, guint lane, HmMessage *message, gint64 bin, guint64 loss);
/* @message will not be on disk, which is a loss. */
void hm_outbox_lose_unwritten (HmDiskOutbox *self, const HmMessage *message);
void hm_outbox_frame_free (HmFrame *frame);
guint64 hm_frame_size (const HmFrame *frame); /* in memory and on disk, about */

/* -- outbox_out: of the table … */
HmMessage *hm_outbox_next (HmOutbox *outbox, guint publisher);
gboolean hm_outbox_is_stuck (HmOutbox *outbox, guint publisher);
void hm_outbox_put_back (HmOutbox *outbox, guint publisher, HmMessage *message);
void hm_outbox_confirm (HmOutbox *outbox, guint publisher, HmMessage *message, HmDelivery delivery,
                        const char *reason);
gboolean hm_outbox_replay (HmOutbox *outbox, const char *publisher, const guint64 from[HM_LANES],
                           guint64 *ret_records, GError **error);
/* … and under the lock. How far all required publishers are; without one, beyond everything. */
void hm_outbox_required_marks (HmDiskOutbox *self, guint64 ret_next[HM_LANES]);
gboolean hm_outbox_is_lacked (HmDiskOutbox *self, guint64 position); /* by a required one */
/* Everybody goes on as if @lane's numbers [@first, @end) were confirmed. */
void hm_outbox_pass (HmDiskOutbox *self, guint lane, guint64 first, guint64 end);

/* -- outbox_writer */
gpointer hm_outbox_write (gpointer self); /* the thread */
/* What it does when it is awake; for tests that take its turns. Under the lock, which it lets go of to work. */
void hm_outbox_step (HmDiskOutbox *self, gboolean writes, gboolean notes);

/* -- outbox_count; the writer's */
/* What a frame that is on disk means for the counts; also at the start. */
void hm_outbox_count_frame (HmDiskOutbox *self, const HmFrame *frame);
/* The bins that a heartbeat says; (nullable) (transfer full) */
HmDecoded *hm_outbox_decode (const HmMessage *message);

/* -- outbox_group; the writer's */
void hm_group_init (HmGroup *group);
void hm_group_clear (HmGroup *group);
/* Writes and syncs what of the group is not on disk. After a failure the next call goes on where this one was, in another segment. */
gboolean hm_outbox_write_group (HmDiskOutbox *self, GError **error);
/* Nothing is added to @lane's segment any more. */
void hm_outbox_seal (HmDiskOutbox *self, guint lane);
gboolean hm_outbox_is_advancing (const HmDiskOutbox *self, const HmSegment *segment);
/* Bytes of @lane's frames that are not on disk, about. */
guint64 hm_outbox_group_left (const HmDiskOutbox *self, guint lane);
/* The group's diagnostics that are not on disk are not written, which is a loss. FALSE: there are none, or some may be read by the next
 * process, so that they cannot be said to be lost. */
gboolean hm_outbox_lose_diagnostics (HmDiskOutbox *self);
/* Nothing that is not counted as written of @lane can be read by the next process. FALSE: that is not sure. */
gboolean hm_outbox_cut_torn (HmDiskOutbox *self, guint lane);

/* -- outbox_room; the writer's */
void hm_outbox_make_room (HmDiskOutbox *self);
/* For what of the group the disk refused. FALSE: nothing may go for that. */
gboolean hm_outbox_make_some_room (HmDiskOutbox *self);
void hm_outbox_drop_old (HmDiskOutbox *self);
void hm_outbox_release (HmDiskOutbox *self);

/* -- outbox_losses; under the lock */
/* The loss of @reason that no gap record says yet. A new one is a burst, and said in the log. */
HmUnsaid *hm_outbox_unsaid (HmDiskOutbox *self, const char *reason);
void hm_outbox_refuse (HmDiskOutbox *self, guint publisher, const HmMessage *message, const char *reason);
/* What was rejected and is settled by what is about to be noted is a loss that is noted with it. */
void hm_outbox_lose_refused (HmDiskOutbox *self);
void hm_outbox_losses_are_noted (HmDiskOutbox *self, gboolean noted);
void hm_refused_free (HmRefused *refused);
void hm_outbox_say_losses (HmDiskOutbox *self);
/* The gap record of @id is on disk. */
void hm_outbox_loss_is_said (HmDiskOutbox *self, guint64 id);
/* @message, a gap record whose segment goes, once more. (transfer full) */
void hm_outbox_say_again (HmDiskOutbox *self, HmMessage *message, const HmRecord *record);
HmUnsaid *hm_unsaid_new (guint64 id, const char *reason);
void hm_unsaid_free (HmUnsaid *unsaid);

/* -- outbox_damage */
/* For HmFeedEvents. */
void hm_outbox_damaged (guint lane, guint64 first, guint64 count, const char *path, guint64 offset,
                        guint64 length, HmTime from, HmTime to, gpointer self);
void hm_outbox_read_failed (const GError *error, gpointer self);
/* Copies those bytes beside; without the lock. */
void hm_outbox_quarantine (HmDiskOutbox *self, const char *path, guint64 offset, guint64 length);
/* The folder's file @name into quarantine. Where it lies now, a name that nothing else has; NULL and errno: where it was. (transfer full) */
char *hm_outbox_set_aside (HmDiskOutbox *self, const char *name);
/* Under the lock: @lane's numbers from @first on are gone. Only noted: how many of them were not noted before. */
guint64 hm_outbox_note_hole (HmDiskOutbox *self, guint lane, guint64 first, guint64 count);
guint64 hm_outbox_unknown_holes (HmDiskOutbox *self, guint lane, guint64 first, guint64 count);
/* Under the lock: the same, and what a required publisher lacks of it is a loss. */
void hm_outbox_lose_hole (HmDiskOutbox *self, guint lane, guint64 first, guint64 count, HmTime from,
                          HmTime to);

/* -- outbox_journal; the writer's */
/* Then unlinks what waits for it. */
gboolean hm_outbox_write_journal (HmDiskOutbox *self);
/* Reads it, and opens it to be written. Lost: nothing is known of what was sent. HM_ERROR_TEMPORARY, HM_ERROR_PERMISSION: it cannot be read now. */
gboolean hm_outbox_open_journal (HmDiskOutbox *self, HmJournal **ret_journal, gboolean *ret_is_lost,
                                 GError **error);
void hm_outbox_load_journal (HmDiskOutbox *self, const HmJournal *journal);

/* -- outbox_recover */
gboolean hm_outbox_recover (HmDiskOutbox *self, GError **error);

/* -- outbox_scan */
typedef struct
{
  guint lane;
  char *name, *path;
  guint64 first, last;    /* last = first − 1: no frame can be read */
  guint64 bytes;          /* up to the end of the last good frame */
  guint64 size;           /* of the file */
  gboolean is_sized;      /* it can be opened, and `size` is known */
  gboolean is_unreadable; /* some of it cannot be read now: `last` and `bytes` are what it may have at most */
  guint64 order;          /* the highest that was seen */
  HmTime newest;
  HmSegmentPoint point; /* of its first frame; its number 0: there is none */
  GError *error;        /* (nullable) it is no segment that can be used, or cannot be read */
} HmScan;

HmScan *hm_scan_new (HmDiskOutbox *self, const char *name);
void hm_scan_free (HmScan *scan);
/* Finds the last frame below @end (a number). @count: every frame above what was counted is counted. What fails is tried again a few times. */
void hm_scan_read (HmDiskOutbox *self, HmScan *scan, guint64 end, gboolean count);
/* Its error is none of the file's bytes: at another time there may be none. */
gboolean hm_scan_may_pass (const HmScan *scan);

G_END_DECLS
