/* SPDX-License-Identifier: Apache-2.0 */
/* journal: what the outbox must know after a fall besides the records themselves: how far each publisher is, what is released, the
 * counts of open bins, the losses that no gap record has said yet. One file, `journal`, of fixed size, with two slots that are written in
 * turn, each with generation, length and CRC-32; the newest good one counts. JSON inside. docs/outbox.md has the layout. */
#pragma once

#include "metering/segment.h"

G_BEGIN_DECLS

#define HM_JOURNAL_NAME        "journal"
#define HM_JOURNAL_BYTES       (1024 * 1024) /* of the file */
#define HM_JOURNAL_BINS_MAX    2048          /* open bins; beyond, the oldest is dropped and stays unknown */
#define HM_JOURNAL_LOSSES_MAX  64 /* more are not written: who adds one adds up the oldest two first */
#define HM_JOURNAL_MARKS_MAX   64 /* likewise: marks of publishers that are not configured go first */
#define HM_JOURNAL_DAMAGES_MAX 1024

/* How far a publisher is: in each lane the first number that it has not confirmed, and up to where (not included) it was given records, so that
 * they may have arrived all the same. 0: it was given none beyond. */
typedef struct
{
  char *publisher;
  guint64 next[HM_LANES], given[HM_LANES];
} HmJournalMark;

/* Records that are gone, and no gap record has said it yet. */
typedef struct
{
  guint64 id; /* from 1, never used twice in one outbox */
  guint64 records, resources;
  HmTime from, to; /* HM_TIME_UNKNOWN: not known */
  char *reason;    /* 1 to HM_ID_MAX bytes; a longer one is cut when it is written */
} HmJournalLoss;

/* Numbers of a lane that cannot be read, noted once, whoever comes across them again. */
typedef struct
{
  guint lane;
  guint64 first, count;
} HmJournalDamage;

typedef struct
{
  guint64 generation;
  guint64 released[HM_LANES]; /* all below is settled: its segments may be gone */
  guint64 counted[HM_LANES];  /* frames up to here are counted in `bins`, and their losses taken out */
  guint64 order;              /* the highest one given so far, at least */
  guint64 next_loss;          /* the id of the next loss */
  GPtrArray *marks;   /* (element-type HmJournalMark) also of publishers that are not configured now */
  GArray *bins;       /* (element-type HmBinCount) their epochs are in `text` */
  GPtrArray *losses;  /* (element-type HmJournalLoss) */
  GArray *damages;    /* (element-type HmJournalDamage) */
  GStringChunk *text; /* what `bins` points into */
  guint left_out;     /* bins that hm_journal_write() took out: no text holds them */
} HmJournal;

HmJournal *hm_journal_new (void); /* empty: `released` and `next_loss` begin at 1, everything else at 0 */
void hm_journal_free (HmJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmJournal, hm_journal_free)

HmJournalMark *hm_journal_mark (HmJournal *journal, const char *publisher); /* (nullable) */

/* Of @folder. An empty one where there is no file. HM_ERROR_DATA: there is one and neither slot is good, or it is no file; HM_ERROR_TEMPORARY,
 * HM_ERROR_PERMISSION: it cannot be read now; HM_ERROR_CONFIG: of a format that is not known here. */
HmJournal *hm_journal_read (HmFiles *files, const char *folder, GError **error);

/* The one that writes keeps the file open. Creates it in full where it is missing (as `journal.new`, then renamed), and syncs the
 * folder. HM_ERROR_CREATE. */
typedef struct HmJournalWriter HmJournalWriter;
HmJournalWriter *hm_journal_writer_new (HmFiles *files, const char *folder, GError **error);
void hm_journal_writer_free (HmJournalWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmJournalWriter, hm_journal_writer_free)

/* Raises the generation, writes the slot that does not hold the newest good one, and syncs. Of bins and damages the last are
 * written, as many as fit their limit; bins that do not fit the slot, or have an epoch that is not of 1 to HM_ID_MAX bytes, are taken out of
 * @journal and counted in `left_out`. HM_ERROR_TEMPORARY: then the other slot still holds what was there before; HM_ERROR_INTERNAL:
 * more losses or marks than there may be, a publisher's name that is not of 1 to HM_ID_MAX bytes, a number above HM_NUMBER_LAST. */
gboolean hm_journal_write (HmJournalWriter *writer, HmJournal *journal, GError **error);

G_END_DECLS
