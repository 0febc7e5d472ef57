/* SPDX-License-Identifier: Apache-2.0 */
/* fold: from records to usage. One pure function.
 *
 * The records of one resource, in order of (time, agent id, agent epoch, seq), go in; bucket rows come out.
 * It reads nothing else: no clock, no file, no other resource. The state is what has to be known of the
 * records before; folding all records from an empty state, and folding them one by one over stored states,
 * give the same rows. A record that is not the latest cannot be folded in (hm_fold_in_order() says so): then
 * the caller folds the resource again from its raw records. */
#pragma once

#include "collector/usage/decisions.h"

G_BEGIN_DECLS

/* What somebody set for all records from a time on; rows of the store (HmPolicyRow), so a replay gives the same tables. */
typedef struct
{
  HmTime from;
  gboolean
      hold; /* a gauge's value goes on over time that nobody knows of, instead of ending after its hold */
  guint64 network_limit; /* bytes a second that one interface can carry; 0: no limit is known */
} HmFoldPolicy;

/* Settings of the store; the same for every record of a run. */
typedef struct
{
  gint64 grain_ns;            /* 1 h; divides a day */
  guint hold_intervals;       /* 3: a gauge's value holds that many intervals at most … */
  gint64 fallback_interval;   /* … of this length where a record states none; 60 s */
  const HmMeterTable *meters; /* hold, wrap and life of the shipped meters */
  const GArray
      *policies; /* (nullable) (element-type HmFoldPolicy), by `from`; before the first: none of it */
} HmFoldSettings;

/* What comes with one record, and is not in it. */
typedef struct
{
  guint32 flags; /* HM_FLAG_LATE, _CLOCK_STEP, _FUTURE: go into every cell that the record changes */
  const HmDecisions *decisions; /* (nullable) about this resource */
} HmFoldContext;

typedef struct HmFoldState HmFoldState;

HmFoldState *hm_fold_state_new (void);
void hm_fold_state_free (HmFoldState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmFoldState, hm_fold_state_free)

/* JSON text, and back; equal states give equal text. HM_ERROR_DATA. (transfer full) */
char *hm_fold_state_to_json (const HmFoldState *state, gsize *ret_length);
HmFoldState *hm_fold_state_from_json (const char *json, gsize length, GError **error);

/* FALSE of gap records and heartbeats, which are about an agent's work, not about what a resource uses. */
gboolean hm_fold_takes_part (const HmRecord *record);

/* Order of two records of one resource: by (time, agent id, agent epoch, seq). */
int hm_record_compare (const HmRecord *a, const HmRecord *b);

/* TRUE when @record comes after all that @state has seen (or is of a kind that takes no part). */
gboolean hm_fold_in_order (const HmFoldState *state, const HmRecord *record);

/* Whether @record, which must be in order, and the one before it show two agents that measure one running instance at once: this
 * agent's life of its counters had been there before the other's came. A guest that migrates begins another life, and waits,
 * paused, until the one that it comes from has ended. */
gboolean hm_fold_is_claimed_twice (const HmFoldState *state, const HmRecord *record);

/* What an interval was opened by: of a counter the reading that its amount is the difference to, of a gauge that of the value in force. */
typedef struct
{
  guint number;   /* of its record, as HmFoldOutput.number said; 0: it is not known, or there is none */
  gboolean known; /* the next are */
  HmTime time;
  HmValue value;
} HmFoldOpening;

/* One interval that a reading stands for, as far as it lies in one row, or that it was held out: what `--explain` shows and segments are
 * made of. The parts of one interval are told one after the other. All is borrowed and ends with the call. */
typedef struct
{
  const HmRecord *
      record; /* the one that was being folded: its reading closes the interval, or it brought the gauge to its time */
  const HmBucket *row; /* that it is counted in: whose it is, and of which grain */
  const char *device, *meter, *unit;
  HmMeterType type;
  const char *agent, *epoch, *sample_epoch; /* the counter life */
  HmTime from, to;                          /* equal: nothing was counted, `flags` say why */
  HmInt128 amount;                          /* cumulative, delta: in `unit`; gauge: in unit·ns */
  gint64 covered_ns;
  HmValue value; /* of the reading; of a gauge the value that was held */
  guint32 flags;
  HmFoldOpening opening;
} HmFoldTrace;

/* Where the fold puts what it finds. */
typedef struct HmFoldOutput HmFoldOutput;
struct HmFoldOutput
{
  /* The row of that key, to be added to; made empty, or loaded, if it is not at hand. Text is borrowed. The
   * row must stay where it is until hm_fold() returns. NULL when it cannot be loaded: the fold stops, returns
   * FALSE. */
  HmBucket *(*bucket) (HmFoldOutput *self, HmTime grain, const char *agent, const char *epoch,
                       const char *project, const char *user, const char *flavor, HmState state);
  /* (nullable) A reading that is not counted until somebody decides; the same again when it is folded again. Text is borrowed;
   * source and resource are NULL. */
  void (*held) (HmFoldOutput *self, const HmHeldRow *row);
  /* (nullable) A number for the record that is folded now, by which a later trace names it. */
  guint (*number) (HmFoldOutput *self, const HmRecord *record);
  /* (nullable) */
  void (*trace) (HmFoldOutput *self, const HmFoldTrace *trace);
};

/* Applies @record, which must be in order, to @state and @output. @context (nullable). FALSE when a row could not be had: then
 * both are half changed and are to be thrown away. Gap records and heartbeats change nothing. A state is used
 * with one meter table as long as it lives. */
gboolean hm_fold (HmFoldState *state, const HmRecord *record, const HmFoldContext *context,
                  const HmFoldSettings *settings, HmFoldOutput *output);

/* Divides @total over @n parts in proportion to @weights (all > 0, sum within int64) so that the parts add up
 * to
 * @total exactly: largest remainder, equal remainders to the earlier part. Negative totals mirror. */
void hm_divide (HmInt128 total, const gint64 *weights, guint n, HmInt128 *ret_parts);

G_END_DECLS
