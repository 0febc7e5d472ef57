/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_prune: what is too old goes: raw records a partition at a time where all of it is older, which costs no more
 * than removing a file; everything else a bounded number of rows at a time. Each step is a transaction of its own. Removing
 * a partition has to wait for everybody who reads raw, and holds up everybody who comes meanwhile: it
 * gives up after a moment (HM_ERROR_TEMPORARY) and is tried at the next round. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"
#include "metering/record.h"

/* Of each table; a raw row is some 3 kB. */
#define ROWS_MAX 5000

/* The caller has seen to it that each resource has its edge; another collector may have stored a new one since, with old
 * records. */
#define WITHOUT_EDGE "SELECT FROM resource_state WHERE edge < $1 AND first_seen < $1"

/* In two statements: a setting ends with its transaction, and the server takes the text as one. Whoever inserts waits at the table
 * itself, so nothing comes between the look and the removal. */
#define DROP_PARTITION                                                                                       \
  "SET LOCAL lock_timeout = '2s'; DO $do$ BEGIN LOCK TABLE ONLY raw IN ACCESS EXCLUSIVE MODE; "              \
  "IF EXISTS (SELECT FROM resource_state WHERE edge < %" G_GINT64_FORMAT                                     \
  " AND first_seen < %" G_GINT64_FORMAT                                                                      \
  ") THEN RAISE 'a resource has no edge yet'; END IF; DROP TABLE %s; END $do$"

/* The next owner of the partition looks there for what was taken last. */
#define NOT_LAST_TAKEN                                                                                       \
  "NOT EXISTS (SELECT FROM offsets o WHERE o.topic = dead_letter.topic "                                     \
  "AND o.partition = dead_letter.partition AND o.next - 1 = dead_letter.\"offset\")"

#define DELETE_SOME                                                                                          \
  "WITH gone AS (DELETE FROM %s WHERE ctid = ANY (ARRAY (SELECT ctid FROM %s WHERE %s LIMIT %d)) RETURNING " \
  "1) "                                                                                                      \
  "SELECT count (*) FROM gone"

static gboolean
remove_some (HmStore *store, const char *table, const char *condition, gboolean *more, GError **error)
{
  g_autofree char *sql = g_strdup_printf (DELETE_SOME, table, table, condition, ROWS_MAX);
  gint64 gone;

  if (!hm_pg_ask_number (store, sql, "removing what is too old", &gone, error))
    return FALSE;
  *more = *more || gone == ROWS_MAX;
  return TRUE;
}

/* @condition: with one number in it, which is @edge. */
static gboolean
remove_older (HmStore *store, const char *table, const char *condition, gint64 edge, gboolean *more,
              GError **error)
{
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, edge);
  g_auto (GStrv) parts = g_strsplit (condition, "$1", -1);
  g_autofree char *whole = g_strjoinv (number, parts);

  return edge == HM_TIME_UNKNOWN || remove_some (store, table, whole, more, error);
}

static gboolean
drop_partition (HmStore *store, const char *name, HmTime before, GError **error)
{
  g_autofree char *sql = g_strdup_printf (DROP_PARTITION, before, before, name);
  g_autoptr (GError) failure = NULL;

  g_hash_table_remove (store->partitions, name);
  if (hm_pg_execute (store, sql, "removing a partition", &failure))
    return TRUE;
  if (store->db != NULL) /* somebody reads it; the connection is fine */
    failure->code = HM_ERROR_TEMPORARY;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* The oldest partition, or some of its rows. A batch that is about to be written into a partition which goes is
 * refused by its insert and made again. */
static gboolean
prune_raw (HmStore *store, HmTime before, gboolean *more, GError **error)
{
  g_autofree char *name = NULL;
  gboolean whole;

  if (before == HM_TIME_UNKNOWN)
    return TRUE;
  if (!hm_pg_partition_oldest (store, before, &name, &whole, error))
    return FALSE;
  if (name == NULL || !whole)
    return name == NULL
           || remove_older (store, name, "grain < $1 AND NOT EXISTS (" WITHOUT_EDGE ")", before, more, error);
  *more = TRUE;
  return drop_partition (store, name, before, error);
}

gboolean
hm_pg_prune (HmStore *store, const HmRetention *retention, gboolean *ret_more, GError **error)
{
  /* Bins that have ended before it are those before the one that holds it. */
  gint64 bin = retention->bins == HM_TIME_UNKNOWN ? HM_TIME_UNKNOWN : retention->bins / HM_BIN_NS;
  gboolean more = FALSE;

  if (!hm_pg_ready (store, error) || !prune_raw (store, retention->raw, &more, error)
      || !remove_older (store, "description",
                        "grain < least ($1, (SELECT coalesce (min (grain), $1) FROM raw))", retention->raw,
                        &more, error)
      || !remove_older (store, "bin", "bin < $1 AND bin > '-9223372036854775808'", bin, &more, error)
      || !remove_older (store, "bin_closed", "bin < $1", bin, &more, error)
      || !remove_older (store, "loss", "coalesce (\"to\", appended) < $1", retention->bins, &more, error)
      || !remove_older (store, "dead_letter", "settled > 0 AND settled < $1 AND " NOT_LAST_TAKEN,
                        retention->letters, &more, error)
      || !remove_older (store, "request", "done > 0 AND done < $1", retention->letters, &more, error)
      || !remove_older (store, "message", "time < $1", retention->messages, &more, error))
    return FALSE;
  *ret_more = more;
  return TRUE;
}
