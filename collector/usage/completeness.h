/* SPDX-License-Identifier: Apache-2.0 */
/* completeness: whether everything is there that agents have made, per agent process and five-minute bin.
 *
 * A pure function of stored rows, for the command line, the alarm and the metrics alike. A bin is judged once a heartbeat has
 * closed it. What is missing then is accounted for by dead letters of that bin whose signature is right, by gap records
 * of its agent whose period touches it, and by dead letters of that process that do not say their bin. The latter two
 * are budgets: spent on bins in the order of time, the budget that ends first before the others. */
#pragma once

#include "collector/stores/store.h"

G_BEGIN_DECLS

typedef enum
{
  HM_BIN_UNKNOWN,    /* not closed yet */
  HM_BIN_COMPLETE,   /* as many as were made, and the very ones */
  HM_BIN_ACCOUNTED,  /* what is missing is known to be lost, or was refused */
  HM_BIN_INCOMPLETE, /* records are missing, and nobody says why */
  HM_BIN_ODD,        /* more came than was made, or as many but others: what was said cannot be right */
} HmBinVerdict;

const char *hm_bin_verdict_name (HmBinVerdict verdict);

typedef struct
{
  HmBinState state;
  HmBinVerdict verdict;
  guint64 accounted;
  guint64 missing; /* at least so many: where ids were exchanged for others nobody can say more */
} HmBinJudged;

typedef struct
{
  guint64 bins[HM_BIN_ODD + 1]; /* by verdict */
  guint64 expected;             /* what heartbeats say was made, of bins that are closed */
  guint64 received;             /* what came of these */
  guint64 accounted, missing;
  guint64 open; /* what came of bins that are not closed */
  guint64 late; /* of all that came */
} HmCompleteness;

/* Judges all bins of one agent and sorts them by (bin, epoch), the state of HM_BIN_NONE first; @losses are the same
 * agent's. The texts are only borrowed. */
void hm_completeness_judge (HmBinJudged *bins, guint n_bins, const HmLossRow *losses, guint n_losses);

/* Adds the bins up. */
void hm_completeness_add (HmCompleteness *sums, const HmBinJudged *bins, guint n_bins);

/* -- from a store -- */

/* One agent's bins, judged; borrowed. FALSE stops. */
typedef gboolean (*HmCompletenessVisit) (const char *source, const char *agent, const HmBinJudged *bins,
                                         guint n_bins, gpointer user);

/* Visits each agent of @filter (source, agent, from, to) that has bins there, in the order of (source, agent). Bins before the
 * filter's period are read as far as gap records reach that touch it, as these may be spent there; they are not visited. */
gboolean hm_completeness_each (const HmStoreOps *ops, HmStore *store, const HmStoreFilter *filter,
                               HmCompletenessVisit visit, gpointer user, GError **error);

G_END_DECLS
