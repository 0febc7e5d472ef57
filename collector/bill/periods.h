/* SPDX-License-Identifier: Apache-2.0 */
/* periods: what the store says of closed periods and their statements, and what still keeps one from being closed.
 *
 * Called by engine_close.c on the storing thread and by the command line. Rows that are handed out own their texts. */
#pragma once

#include "collector/stores/store.h"

G_BEGIN_DECLS

/* HM_ERROR_UNAVAILABLE where the store keeps no periods. */
gboolean hm_periods_check (const HmStoreOps *ops, GError **error);

/* All of them, in the store's order. (transfer full) (element-type HmPeriodRow) (element-type HmStatementRow) */
GPtrArray *hm_periods_load (const HmStoreOps *ops, HmStore *store, GError **error);
GPtrArray *hm_statements_load (const HmStoreOps *ops, HmStore *store, GError **error);

/* NULL: none. (transfer none) */
const HmPeriodRow *hm_periods_find (const GPtrArray *periods, const char *name, const char *zone);
/* The first that has time in common with [@from, @to). */
const HmPeriodRow *hm_periods_overlapping (const GPtrArray *periods, HmTime from, HmTime to);
/* The last that ends by @time, the first that begins then or later. */
const HmPeriodRow *hm_periods_before (const GPtrArray *periods, HmTime time);
const HmPeriodRow *hm_periods_after (const GPtrArray *periods, HmTime time);
/* The statement that closed it, not a correction. */
const HmStatementRow *hm_statements_of (const GPtrArray *statements, const HmPeriodRow *period);

/* What a text of `missing` begins with that names partitions: see below. */
#define HM_PERIODS_NOT_STORED "not all that was sent is stored: "

/* Partitions of which not all that was appended before @past is stored, with what is known of each: "topic/0 (stored until 2026-10-31T23:59:10Z: offset 512 is next since
 * 2026-10-31T23:59:12Z), topic/1 (until when it is stored nobody has noted: offset 0 is next since …)"; NULL: there is none. *@ret_text (transfer full) */
gboolean hm_periods_behind (const HmStoreOps *ops, HmStore *store, HmTime past, char **ret_text,
                            GError **error);

/* Resources that have no rollups, and so no evidence, of all days before @day. No more than HM_PERIODS_COUNT_MAX are counted. */
#define HM_PERIODS_COUNT_MAX 1000
gboolean hm_periods_unrolled (const HmStoreOps *ops, HmStore *store, HmTime day, guint *ret_n,
                              GError **error);

/* Usage of [@from, @to), from rollups where there are some. */
gboolean hm_periods_list_usage (const HmStoreOps *ops, HmStore *store, HmTime from, HmTime to,
                                HmBucketVisit visit, gpointer user, GError **error);

G_END_DECLS
