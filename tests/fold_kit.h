/* SPDX-License-Identifier: Apache-2.0 */
/* fold_kit: what the tests of the fold share: a meter table, an output that keeps its rows in memory, and one
 * text that stands for all of them. */
#pragma once

#include "tests/kit.h"

#include "collector/usage/fold.h"

#define SECOND  HM_NSEC_PER_SEC
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define MORNING (20000 * DAY) /* the midnight at which the tests' day begins */

/* Meters of every kind that the fold treats differently. (transfer full) */
HmMeterTable *kit_fold_meters (void);

typedef struct
{
  HmFoldOutput output; /* first: the fold gets it */
  GHashTable *rows;    /* (element-type utf8 HmBucket) */
  int budget;          /* rows that may still be made; -1: any number */
  GHashTable *held;    /* (element-type utf8 KitHeld) */
  GHashTable *traced;  /* (element-type utf8 KitSum) by series and life */
  guint uncounted;     /* readings whose trace says that nothing was counted */
} KitRows;

/* A reading that was held out. */
typedef struct
{
  HmHeldRow row; /* its texts are not kept */
  char *agent, *epoch, *meter;
} KitHeld;

KitRows *kit_rows_new (void);
void kit_rows_free (KitRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KitRows, kit_rows_free)

/* Every row with key and cells, and every held reading, sorted: equal tables, equal text. (transfer full) */
char *kit_rows_text (const KitRows *rows);

/* Writes the cells of every row as JSON and reads them back in their place. */
void kit_rows_reload (KitRows *rows);

/* All cells of that series added up. */
typedef struct
{
  HmInt128 quantity;
  gint64 covered_ns;
  guint64 count;
  guint32 flags;
  guint cells;
} KitSum;

/* Asserts that the traces of each series and life add up to its cells. */
void kit_rows_assert_traced (const KitRows *rows);

/* The one reading of that meter that was held out; fails the test unless there is exactly one. */
const KitHeld *kit_rows_held (const KitRows *rows, const char *meter);

KitSum kit_rows_sum (const KitRows *rows, const char *device, const char *meter);

/* The row that begins at @grain, of any key; fails the test unless there is exactly one. */
const HmBucket *kit_rows_at (const KitRows *rows, HmTime grain);

/* The one cell of that series in the one row at @grain; NULL when the series has none there. */
const HmCell *kit_rows_cell (const KitRows *rows, HmTime grain, const char *meter);

/* Serialises and reads back. */
HmFoldState *kit_state_reload (HmFoldState *state);

void kit_assert_i128 (HmInt128 value, HmInt128 expected);

/* -- one resource being folded -- */

/* A fold and the record that comes next, with settings of one hour's grain. The record starts out as one of
 * agent "a", of something that is no instance (so no time in a state is counted) and runs since MORNING on a host that is metered since MORNING, read every
 * minute; a test changes in it what it is about. */
typedef struct
{
  HmMeterTable *meters;
  HmFoldSettings settings;
  HmFoldState *state;
  KitRows *rows;
  HmDecisions *decisions;
  HmFoldContext context; /* with `decisions` */
  GArray *policies;      /* (element-type HmFoldPolicy) in `settings` */
  HmRecord record;
  HmSample samples[16];
} KitFold;

/* For cmocka_unit_test_setup_teardown(): *@state becomes a KitFold. */
int kit_fold_setup (void **state);
int kit_fold_teardown (void **state);
#define fold_test(f) cmocka_unit_test_setup_teardown (f, kit_fold_setup, kit_fold_teardown)

/* One more sample of a meter of kit_fold_meters() in the next record; to be changed by the test. */
HmSample *kit_fold_sample (KitFold *f, const char *meter, guint64 value);

/* Decides about the reading of @meter in the record that comes next. */
void kit_fold_decide (KitFold *f, const char *meter, HmDecision decision);

/* What holds from MORNING + @after on. */
void kit_fold_policy (KitFold *f, gint64 after, gboolean hold, guint64 network_limit);

/* Folds the next record at MORNING + @after; its samples are gone afterwards, everything else stays. */
void kit_fold_at (KitFold *f, gint64 after);

/* Both at once, for a record with one sample. */
void kit_fold_read (KitFold *f, gint64 after, const char *meter, guint64 value);

/* A lifecycle record without samples. */
void kit_fold_event (KitFold *f, gint64 after, const char *event, HmState state);

/* Asserts what all rows together say about a meter, whatever its devices. */
void kit_fold_assert (const KitFold *f, const char *meter, HmInt128 quantity, gint64 covered_ns,
                      guint32 flags);
