/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_usage: rollups and evidence, into the store and out of it; and the reading of usage from rollups and buckets together, of which
 * sqlite_usage.h has the SQL. On the connection's thread. */
#include "collector/stores/sqlite.h"

#define DAY_NS (24 * 3600 * HM_NSEC_PER_SEC)

static HmTime
day_of (HmTime time)
{
  return time - time % DAY_NS - (time % DAY_NS < 0 ? DAY_NS : 0);
}

/* -- writing -- */

static gboolean
remove_from (HmStore *store, HmSqliteStatement which, const HmResourceRow *row, HmTime from, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, which, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, row->source);
  hm_sqlite_put_text (&query, row->resource);
  hm_sqlite_put_i64 (&query, from);
  return hm_sqlite_run (&query, "removing rollups", NULL, error);
}

/* Evidence of days before the edge stays: the raw rows that it could be made of again are gone. */
gboolean
hm_sqlite_roll_back (HmStore *store, const HmResourceRow *row, gboolean *ret_done, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_ROLLED_BACK, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, row->source);
  hm_sqlite_put_text (&query, row->resource);
  hm_sqlite_put_i64 (&query, row->rolled);
  hm_sqlite_put_i64 (&query, (gint64)row->version);
  if (!hm_sqlite_run (&query, "moving rollups back", &changes, error))
    return FALSE;
  *ret_done = changes == 1;
  return changes != 1
         || (remove_from (store, ST_ROLLUPS_REMOVE, row, row->rolled, error)
             && remove_from (store, ST_EVIDENCE_REMOVE, row, MAX (row->rolled, day_of (row->edge)), error));
}

static gboolean
put_rollup (HmStore *store, gconstpointer row, GError **error)
{
  const HmRollupRow *rollup = row;
  const HmBucket *bucket = rollup->bucket;
  gsize length;
  g_autofree char *cells = hm_bucket_cells_to_json (bucket, &length);
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_ROLLUP_PUT, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, rollup->step);
  hm_sqlite_put_i64 (&query, bucket->grain);
  hm_sqlite_put_text (&query, bucket->source);
  hm_sqlite_put_text (&query, bucket->resource);
  hm_sqlite_put_text (&query, bucket->project);
  hm_sqlite_put_text (&query, bucket->user);
  hm_sqlite_put_text (&query, bucket->flavor);
  hm_sqlite_put_i64 (&query, bucket->state);
  hm_sqlite_put_text_n (&query, cells, length);
  return hm_sqlite_run (&query, "storing a rollup", NULL, error);
}

static gboolean
put_evidence (HmStore *store, gconstpointer row, GError **error)
{
  const HmEvidenceRow *evidence = row;
  HmSqliteQuery query;

  if (!hm_sqlite_fits (store, evidence->records, "number of records", error)
      || !hm_sqlite_query (store, ST_EVIDENCE_PUT, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, evidence->day);
  hm_sqlite_put_text (&query, evidence->source);
  hm_sqlite_put_text (&query, evidence->resource);
  hm_sqlite_put_i64 (&query, (gint64)evidence->records);
  hm_sqlite_put_text (&query, evidence->root);
  return hm_sqlite_run (&query, "storing evidence", NULL, error);
}

gboolean
hm_sqlite_write_rollups (HmStore *store, const HmBatch *batch, GError **error)
{
  const HmSqlitePart parts[] = {
    { batch->rollups, sizeof *batch->rollups, batch->n_rollups, put_rollup },
    { batch->evidence, sizeof *batch->evidence, batch->n_evidence, put_evidence },
  };

  return hm_sqlite_write_parts (store, parts, G_N_ELEMENTS (parts), error);
}

/* -- reading -- */

/* Half open; nothing where both are the same. */
typedef struct
{
  HmTime from, to;
} Span;

/* A time that is representable as nanoseconds always has a month. */
static HmTime
month_of (HmTime time)
{
  HmTime day = day_of (time) / HM_NSEC_PER_SEC;
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (day);

  return (day - (g_date_time_get_day_of_month (date) - 1) * (DAY_NS / HM_NSEC_PER_SEC)) * HM_NSEC_PER_SEC;
}

/* @enough: added to the start of any step it lies in the next one. */
typedef struct
{
  HmTime (*start_of) (HmTime time);
  gint64 enough;
} Step;

static const Step day_step = { day_of, DAY_NS }, month_step = { month_of, 32 * DAY_NS };

/* The whole steps within @of; none: both ends are its end. The two ends of time belong to whole steps. */
static Span
whole_steps (Span of, const Step *step)
{
  Span whole = of;

  if (of.from > G_MAXINT64 - step->enough)
    return (Span){ of.to, of.to };
  if (of.to != G_MAXINT64)
    whole.to = step->start_of (of.to);
  if (of.from != G_MININT64 && step->start_of (of.from) != of.from)
    whole.from = step->start_of (step->start_of (of.from) + step->enough);
  return whole.from < whole.to ? whole : (Span){ of.to, of.to };
}

/* One resource's rows and one project's are found by indices. */
static HmSqliteStatement
usage_of (const HmStoreFilter *filter)
{
  if (filter->source != NULL && filter->resource != NULL)
    return ST_LIST_USAGE_OF_RESOURCE;
  return filter->project != NULL ? ST_LIST_USAGE_OF_PROJECT : ST_LIST_USAGE;
}

static gboolean
list_steps (HmStore *store, const HmStoreFilter *filter, Span days, Span months, HmSqliteVisit *each,
            GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query_filtered (store, usage_of (filter), filter, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, days.from);
  hm_sqlite_put_i64 (&query, days.to);
  hm_sqlite_put_i64 (&query, months.from);
  hm_sqlite_put_i64 (&query, months.to);
  hm_sqlite_put_i64 (&query, store->grain_ns);
  return hm_sqlite_visit (&query, each, hm_sqlite_bucket_row, error);
}

gboolean
hm_sqlite_list_usage (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                      GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  const Span all = { filter->from != HM_TIME_UNKNOWN ? filter->from : G_MININT64,
                     filter->to != HM_TIME_UNKNOWN ? filter->to : G_MAXINT64 };
  Span days = { all.to, all.to }, months;

  if (filter->step != HM_STEP_GRAIN)
    days = whole_steps (all, &day_step);
  months = (Span){ days.to, days.to };
  if (filter->step == HM_STEP_MONTH)
    months = whole_steps (days, &month_step);
  return list_steps (store, filter, days, months, &each, error);
}

/* -- evidence -- */

static gboolean
evidence_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmEvidenceRow row = { .day = sqlite3_column_int64 (st, 0),
                              .source = hm_sqlite_text (st, 1),
                              .resource = hm_sqlite_text (st, 2),
                              .records = (guint64)sqlite3_column_int64 (st, 3),
                              .root = hm_sqlite_text (st, 4) };

  return ((HmEvidenceVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_list_evidence (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit, gpointer user,
                         GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  if (!hm_sqlite_query_filtered (store, ST_LIST_EVIDENCE, filter, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, filter->number);
  return hm_sqlite_visit (&query, &each, evidence_row, error);
}
