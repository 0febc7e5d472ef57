/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_partition: raw and buckets lie in partitions by time, so that what is too old goes as whole tables.
 *
 * A partition is made in the transaction that first needs it, before anything else is written, under a lock that
 * collectors take one after the other. It is made as a table of its own and then attached: that lets readers and
 * writers of the others go on. A record may state any time, and nobody can have a partition for each of a liar's days:
 * beyond the years that a store is about there is a limit, and what would need one more is refused like any bad
 * record. The storing thread. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"

#include <string.h>

#define DAY (24 * 3600 * HM_NSEC_PER_SEC)

/* A table has this many at most besides those of the present: from 400 days ago to two days ahead. */
#define PARTITIONS_MAX 500
#define PRESENT_BEFORE (400 * DAY)
#define PRESENT_AFTER  (2 * DAY)

typedef struct
{
  const char *table;
  gint64 width;
} Kind;

static const Kind raw = { "raw", DAY }, buckets = { "buckets", 30 * DAY };

/* raw_20260131: named after the first day that it holds. */
static char *
name_of (const Kind *kind, HmTime start)
{
  g_autoptr (GDateTime) day = g_date_time_new_from_unix_utc (start / HM_NSEC_PER_SEC);
  g_autofree char *date = g_date_time_format (day, "%Y%m%d");

  return g_strconcat (kind->table, "_", date, NULL);
}

/* The reverse. */
static HmTime
start_of (const char *name)
{
  guint64 date = g_ascii_strtoull (name + strcspn (name, "0123456789"), NULL, 10);
  g_autoptr (GDateTime) day
      = g_date_time_new_utc ((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100), 0, 0, 0);

  return day != NULL ? g_date_time_to_unix (day) * HM_NSEC_PER_SEC : HM_TIME_UNKNOWN;
}

static gboolean
is_present (HmTime start, gint64 width)
{
  const HmClock *clock = hm_clock_system ();
  HmTime now = clock->wall (clock);

  return start < now + PRESENT_AFTER && start + width > now - PRESENT_BEFORE;
}

static gboolean
lock (HmStore *store, GError **error)
{
  HmPgQuery query;

  return hm_pg_query (store, ST_PARTITION_LOCK, &query, error)
         && hm_pg_run (&query, "waiting to make a partition", NULL, error);
}

static gboolean
seek (HmStore *store, const Kind *kind, const char *name, gboolean *ret_there, gint64 *ret_count,
      GError **error)
{
  HmPgQuery query;
  PGresult *result;

  if (!hm_pg_query (store, ST_PARTITION_SEEK, &query, error))
    return FALSE;
  hm_pg_put_text (&query, name);
  hm_pg_put_text (&query, kind->table);
  result = hm_pg_ask (&query, "looking for a partition", error);
  if (result == NULL)
    return FALSE;
  *ret_there = hm_pg_i64 (result, 0, 0) != 0;
  *ret_count = hm_pg_i64 (result, 0, 1);
  PQclear (result);
  return TRUE;
}

static gboolean
create (HmStore *store, const Kind *kind, const char *name, HmTime start, GError **error)
{
  gint64 end = start > G_MAXINT64 - kind->width ? G_MAXINT64 : start + kind->width;
  g_autofree char *sql
      = g_strdup_printf ("CREATE TABLE %s (LIKE %s INCLUDING ALL); ALTER TABLE %s ATTACH PARTITION %s "
                         "FOR VALUES FROM (%" G_GINT64_FORMAT ") TO (%" G_GINT64_FORMAT ")",
                         name, kind->table, kind->table, name, start, end);

  return hm_pg_execute (store, sql, "making a partition", error);
}

static gboolean
make (HmStore *store, const Kind *kind, const char *name, HmTime start, GError **error)
{
  gboolean there;
  gint64 count;

  if (!lock (store, error) || !seek (store, kind, name, &there, &count, error))
    return FALSE;
  if (there || count < PARTITIONS_MAX || is_present (start, kind->width))
    return there || create (store, kind, name, start, error);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA,
               "%s: a time of its own day, far from now, and %s has %d such partitions already", store->name,
               kind->table, PARTITIONS_MAX);
  return FALSE;
}

/* *@known: the start of the last one that was asked for, so that a batch of one day asks once. */
static gboolean
see_to (HmStore *store, const Kind *kind, HmTime grain, HmTime *known, GError **error)
{
  HmTime start = grain - grain % kind->width;
  g_autofree char *name = NULL;

  if (start == *known)
    return TRUE;
  if (grain < 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: a time before 1970", store->name);
      return FALSE;
    }
  name = name_of (kind, start);
  if (!g_hash_table_contains (store->partitions, name) && !make (store, kind, name, start, error))
    return FALSE;
  g_hash_table_add (store->partitions, g_steal_pointer (&name));
  *known = start;
  return TRUE;
}

gboolean
hm_pg_partitions_make (HmStore *store, const HmBatch *batch, GError **error)
{
  HmTime known_raw = HM_TIME_UNKNOWN, known_buckets = HM_TIME_UNKNOWN;

  for (guint i = 0; i < batch->n_raw; i++)
    if (!see_to (store, &raw, batch->raw[i].grain, &known_raw, error))
      return FALSE;
  for (guint i = 0; i < batch->n_buckets; i++)
    if (!see_to (store, &buckets, batch->buckets[i]->grain, &known_buckets, error))
      return FALSE;
  return TRUE;
}

gboolean
hm_pg_partition_oldest (HmStore *store, HmTime before, char **ret_name, gboolean *ret_whole, GError **error)
{
  PGresult *result;
  HmTime start = HM_TIME_UNKNOWN;

  if (!hm_pg_ready (store, error))
    return FALSE;
  result = hm_pg_send (store, "SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
                              "WHERE inhparent = 'raw'::regclass ORDER BY relname LIMIT 1");
  if (PQresultStatus (result) != PGRES_TUPLES_OK)
    {
      hm_pg_fail (store, result, "looking for the oldest partition", error);
      PQclear (result);
      return FALSE;
    }
  if (PQntuples (result) > 0)
    start = start_of (PQgetvalue (result, 0, 0));
  *ret_whole = start != HM_TIME_UNKNOWN && start <= before - raw.width;
  *ret_name = start != HM_TIME_UNKNOWN && start < before ? g_strdup (PQgetvalue (result, 0, 0)) : NULL;
  PQclear (result);
  return TRUE;
}
