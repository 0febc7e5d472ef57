/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_usage: usage with as few rows as will do: what the filter's time holds whole of UTC's months and days is read from rollups,
 * the rest from buckets. One statement, so the parts are of one moment. On the connection's thread. */
#include "collector/stores/postgresql.h"

#define DAY (24 * 3600 * HM_NSEC_PER_SEC)

/* Half open; in it days or months lie as a whole. */
typedef struct
{
  HmTime from, to;
} Whole;

/* The start of the month that holds @time, or of the next one. */
static HmTime
month_start (HmTime time, gboolean next)
{
  g_autoptr (GDateTime) at = g_date_time_new_from_unix_utc (time / HM_NSEC_PER_SEC);
  g_autoptr (GDateTime) start
      = g_date_time_new_utc (g_date_time_get_year (at), g_date_time_get_month (at), 1, 0, 0, 0);
  g_autoptr (GDateTime) later = g_date_time_add_months (start, next ? 1 : 0);

  return g_date_time_to_unix (later) * HM_NSEC_PER_SEC;
}

/* No grain begins before 1970; the last days before 2262 are read from buckets. */
static Whole
whole_days (const HmStoreFilter *filter)
{
  const HmTime last = G_MAXINT64 - G_MAXINT64 % DAY - 62 * DAY;
  HmTime from = CLAMP (filter->from, 0, last);
  HmTime to = filter->to == HM_TIME_UNKNOWN ? last : CLAMP (filter->to, 0, last);

  return (Whole){ from + (DAY - from % DAY) % DAY, to - to % DAY };
}

static Whole
whole_months (Whole days)
{
  HmTime start = month_start (days.from, FALSE);
  Whole months = { start == days.from ? start : month_start (days.from, TRUE), month_start (days.to, FALSE) };

  return months.from < months.to ? months : (Whole){ days.from, days.from };
}

gboolean
hm_pg_list_usage (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                  GError **error)
{
  HmPgVisit each = { .store = store, .visit = (gpointer)visit, .user = user };
  Whole days = whole_days (filter), months = { days.from, days.from };
  HmPgQuery query;

  if (filter->step == HM_STEP_GRAIN || days.from >= days.to)
    return hm_pg_list_buckets (store, filter, visit, user, error);
  if (filter->step == HM_STEP_MONTH)
    months = whole_months (days);
  if (!hm_pg_query_filtered (store, ST_LIST_USAGE, filter, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, days.from);
  hm_pg_put_i64 (&query, days.to);
  hm_pg_put_i64 (&query, months.from);
  hm_pg_put_i64 (&query, months.to);
  return hm_pg_visit (&query, &each, hm_pg_bucket_row, error);
}
