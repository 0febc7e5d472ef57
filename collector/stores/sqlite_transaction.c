/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_transaction: where the collector stands, and the transaction that moves it. The offsets move first, by
 * compare-and-set: no row changed means that somebody else owns the partition now. What is written in between is
 * sqlite_write.c's. The storing thread only. */
#include "collector/stores/sqlite.h"
#include "metering/error.h"

/* -- offsets -- */

static gboolean
take_number (sqlite3_stmt *statement, gpointer user)
{
  *(gint64 *)user = sqlite3_column_int64 (statement, 0);
  return FALSE;
}

gboolean
hm_sqlite_offset_get (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next,
                      gboolean *ret_found, GError **error)
{
  HmSqliteQuery query;
  gint64 next = -1;

  if (!hm_sqlite_query (store, ST_POSITION_GET, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, topic);
  hm_sqlite_put_i64 (&query, partition);
  if (!hm_sqlite_each (&query, "reading an offset", take_number, &next, error))
    return FALSE;
  *ret_found = next >= 0;
  if (next >= 0)
    *ret_next = next;
  return TRUE;
}

static gint64
now (void)
{
  const HmClock *clock = hm_clock_system ();

  return clock->wall (clock);
}

gboolean
hm_sqlite_offset_init (HmStore *store, const char *topic, gint32 partition, gint64 next, gint64 *ret_next,
                       GError **error)
{
  HmSqliteQuery query;
  gboolean found;

  if (!hm_sqlite_query (store, ST_POSITION_INIT, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, topic);
  hm_sqlite_put_i64 (&query, partition);
  hm_sqlite_put_i64 (&query, next);
  hm_sqlite_put_i64 (&query, now ());
  return hm_sqlite_run (&query, "noting an offset", NULL, error)
         && hm_sqlite_offset_get (store, topic, partition, ret_next, &found, error);
}

/* -- the transaction -- */

static gboolean
run_bare (HmStore *store, HmSqliteStatement which, const char *doing, GError **error)
{
  HmSqliteQuery query;

  return hm_sqlite_query (store, which, &query, error) && hm_sqlite_run (&query, doing, NULL, error);
}

static gboolean
move_offset (HmStore *store, const HmOffsetMove *move, gint64 time, gboolean *ret_moved, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_POSITION_MOVE, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, move->next);
  hm_sqlite_put_i64 (&query, time);
  hm_sqlite_put_text (&query, move->topic);
  hm_sqlite_put_i64 (&query, move->partition);
  hm_sqlite_put_i64 (&query, move->expected);
  if (!hm_sqlite_run (&query, "moving an offset", &changes, error))
    return FALSE;
  *ret_moved = changes == 1;
  return TRUE;
}

gboolean
hm_sqlite_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  gboolean moved = TRUE, fine;
  gint64 time = now ();

  fine = run_bare (store, ST_BEGIN, "beginning a transaction", error);
  for (guint i = 0; fine && moved && i < n; i++)
    fine = move_offset (store, &moves[i], time, &moved, error);
  if (!fine || !moved)
    hm_sqlite_rollback (store);
  if (fine)
    *ret_owned = moved;
  return fine;
}

/* After a commit with synchronous=NORMAL the transaction is in the log, if perhaps not on the disk yet; or, where the log was folded back
 * meanwhile, in the file, and synced. */
static gboolean
sync_log (HmStore *store, GError **error)
{
  sqlite3_file *log = NULL;

  if (sqlite3_file_control (store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log != NULL
      && log->pMethods != NULL && log->pMethods->xSync (log, SQLITE_SYNC_NORMAL) == SQLITE_OK)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s: the log cannot be synced to the disk",
               store->path);
  return FALSE;
}

/* What could not be synced is there and will not be written again: it stays to be synced. */
gboolean
hm_sqlite_commit (HmStore *store, GError **error)
{
  if (!run_bare (store, ST_COMMIT, "committing", error) || (store->durable && !sync_log (store, error)))
    return FALSE;
  store->durable = FALSE;
  return TRUE;
}

void
hm_sqlite_rollback (HmStore *store)
{
  g_autoptr (GError) ignored
      = NULL; /* closing the connection is what is left, and then it is rolled back too */

  if (!sqlite3_get_autocommit (store->db))
    run_bare (store, ST_ROLLBACK, "rolling back", &ignored);
}

/* -- what is lost -- */

gboolean
hm_sqlite_add_gap (HmStore *store, gconstpointer row, GError **error)
{
  const HmGapRow *gap = row;
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_GAP_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, gap->topic);
  hm_sqlite_put_i64 (&query, gap->partition);
  hm_sqlite_put_i64 (&query, gap->from);
  hm_sqlite_put_i64 (&query, gap->to);
  hm_sqlite_put_i64 (&query, gap->noticed);
  return hm_sqlite_run (&query, "noting what the bus does not have", NULL, error);
}

gboolean
hm_sqlite_pass_over (HmStore *store, const HmGapRow *gap, gboolean *ret_owned, GError **error)
{
  const HmOffsetMove move = { gap->topic, gap->partition, gap->from, gap->to };
  gboolean owned;

  if (!hm_sqlite_begin (store, &move, 1, &owned, error))
    return FALSE;
  if (owned && (!hm_sqlite_add_gap (store, gap, error) || !hm_sqlite_commit (store, error)))
    {
      hm_sqlite_rollback (store);
      return FALSE;
    }
  *ret_owned = owned;
  return TRUE;
}
