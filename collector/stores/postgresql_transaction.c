/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_transaction: where the collector stands, and the transaction that moves it. The offsets move first, by
 * compare-and-set: at READ COMMITTED one that has to wait for another collector's transaction looks again at the row
 * that it left, and no row changed means that somebody else owns the partition now. The same finds out
 * about a commit whose answer was lost. What is written in between is postgresql_write.c's. The storing thread only. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"

#include <string.h>

/* -- offsets -- */

gboolean
hm_pg_offset_get (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next, gboolean *ret_found,
                  GError **error)
{
  HmPgQuery query;
  PGresult *result;

  if (!hm_pg_query (store, ST_OFFSET_GET, &query, error))
    return FALSE;
  hm_pg_put_text (&query, topic);
  hm_pg_put_i64 (&query, partition);
  result = hm_pg_ask (&query, "reading an offset", error);
  if (result == NULL)
    return FALSE;
  *ret_found = PQntuples (result) > 0;
  if (*ret_found)
    *ret_next = hm_pg_i64 (result, 0, 0);
  PQclear (result);
  return TRUE;
}

static gint64
now (void)
{
  const HmClock *clock = hm_clock_system ();

  return clock->wall (clock);
}

gboolean
hm_pg_offset_init (HmStore *store, const char *topic, gint32 partition, gint64 next, gint64 *ret_next,
                   GError **error)
{
  HmPgQuery query;
  gboolean found;

  if (!hm_pg_query (store, ST_OFFSET_INIT, &query, error))
    return FALSE;
  hm_pg_put_text (&query, topic);
  hm_pg_put_i64 (&query, partition);
  hm_pg_put_i64 (&query, next);
  hm_pg_put_i64 (&query, now ());
  return hm_pg_run (&query, "noting an offset", NULL, error)
         && hm_pg_offset_get (store, topic, partition, ret_next, &found, error);
}

gboolean
hm_pg_offset_reached (HmStore *store, const char *topic, gint32 partition, gint64 next, HmTime reached,
                      GError **error)
{
  HmPgQuery query;

  if (!hm_pg_query (store, ST_OFFSET_REACHED, &query, error))
    return FALSE;
  hm_pg_put_text (&query, topic);
  hm_pg_put_i64 (&query, partition);
  hm_pg_put_i64 (&query, next);
  hm_pg_put_i64 (&query, reached);
  return hm_pg_run (&query, "noting how far a partition is stored", NULL, error);
}

/* -- the transaction -- */

/* Who changes usage shares this lock; who closes a period has it alone (hm_pg_lock_periods). One message for both: a transaction costs
 * no round trip more. */
#define BEGIN                                                                                                \
  "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock_shared (" HM_PG_PERIODS_LOCK ")"

static gboolean
move_offset (HmStore *store, const HmOffsetMove *move, gint64 time, gboolean *ret_moved, GError **error)
{
  HmPgQuery query;
  guint64 changes;

  if (!hm_pg_query (store, ST_OFFSET_MOVE, &query, error))
    return FALSE;
  hm_pg_put_i64 (&query, move->next);
  hm_pg_put_i64 (&query, time);
  hm_pg_put_text (&query, move->topic);
  hm_pg_put_i64 (&query, move->partition);
  hm_pg_put_i64 (&query, move->expected);
  if (!hm_pg_run (&query, "moving an offset", &changes, error))
    return FALSE;
  *ret_moved = changes == 1;
  return TRUE;
}

gboolean
hm_pg_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  gboolean moved = TRUE, fine;
  gint64 time = now ();

  fine = hm_pg_ready (store, error) && hm_pg_execute (store, BEGIN, "beginning a transaction", error);
  /* Begun, too, where the lock was not to be had. */
  store->in_transaction = store->db != NULL && PQtransactionStatus (store->db) != PQTRANS_IDLE;
  for (guint i = 0; fine && moved && i < n; i++)
    fine = move_offset (store, &moves[i], time, &moved, error);
  if (!fine || !moved)
    hm_pg_rollback (store);
  if (fine)
    *ret_owned = moved;
  return fine;
}

/* Between two of its statements a close sorts all lines that the period has, so the server's limit for those who stand still is raised to
 * ten minutes until the transaction ends; off, or longer than that, it is left as it is. */
#define LOCK_PERIODS                                                                                         \
  "SELECT pg_advisory_xact_lock (" HM_PG_PERIODS_LOCK "); "                                                  \
  "SELECT set_config (name, '10min', true) FROM pg_settings "                                                \
  "WHERE name = 'idle_in_transaction_session_timeout' AND setting::bigint BETWEEN 1 AND 600000"

/* Two closers that both share the lock wait for each other, and the server ends one of them. Whoever has it and is stopped is ended by
 * the patience of this connection (postgresql_patience.c); whoever only works for too long lets the closer come back later. */
gboolean
hm_pg_lock_periods (HmStore *store, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (!store->in_transaction)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%s: periods are locked within a transaction",
                   store->name);
      return FALSE;
    }
  if (!hm_pg_ready (store, error))
    return FALSE;
  if (hm_pg_execute (store, LOCK_PERIODS, "waiting to close a period", &failure))
    return TRUE;
  if (store->db != NULL)
    failure->code = HM_ERROR_TEMPORARY;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Any statement does. */
gboolean
hm_pg_keep_alive (HmStore *store, GError **error)
{
  return hm_pg_ready (store, error) && hm_pg_execute (store, "SELECT 1", "keeping a transaction", error);
}

/* A transaction in which something failed answers COMMIT with ROLLBACK, and calls that a success. */
gboolean
hm_pg_commit (HmStore *store, GError **error)
{
  PGresult *result;
  gboolean done;

  if (!hm_pg_ready (store, error))
    return FALSE;
  result = hm_pg_send (store, "COMMIT");
  done = PQresultStatus (result) == PGRES_COMMAND_OK;
  if (!done)
    hm_pg_fail (store, result, "committing", error);
  else if (strcmp (PQcmdStatus (result), "COMMIT") != 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s: committing: the server had rolled back",
                   store->name);
      done = FALSE;
    }
  else
    store->in_transaction = FALSE;
  PQclear (result);
  return done;
}

void
hm_pg_rollback (HmStore *store)
{
  g_autoptr (GError) ignored
      = NULL; /* a connection that cannot roll back is closed, and the server does it */

  if (store->in_transaction && store->db != NULL
      && !hm_pg_execute (store, "ROLLBACK", "rolling back", &ignored))
    hm_pg_drop (store);
  g_hash_table_remove_all (store->partitions); /* those made in it are gone */
  store->in_transaction = FALSE;
}

/* -- what is lost -- */

gboolean
hm_pg_put_gap (HmStore *store, const HmGapRow *gap, GError **error)
{
  HmPgQuery query;

  if (!hm_pg_query (store, ST_GAP_ADD, &query, error))
    return FALSE;
  hm_pg_put_text (&query, gap->topic);
  hm_pg_put_i64 (&query, gap->partition);
  hm_pg_put_i64 (&query, gap->from);
  hm_pg_put_i64 (&query, gap->to);
  hm_pg_put_i64 (&query, gap->noticed);
  return hm_pg_run (&query, "noting what the bus has dropped", NULL, error);
}

gboolean
hm_pg_pass_over (HmStore *store, const HmGapRow *gap, gboolean *ret_owned, GError **error)
{
  const HmOffsetMove move = { gap->topic, gap->partition, gap->from, gap->to };
  gboolean owned;

  if (!hm_pg_begin (store, &move, 1, &owned, error))
    return FALSE;
  if (owned && (!hm_pg_put_gap (store, gap, error) || !hm_pg_commit (store, error)))
    {
      hm_pg_rollback (store);
      return FALSE;
    }
  *ret_owned = owned;
  return TRUE;
}

/* -- leases and requests: transactions of one statement -- */

/* The number that the statement returns; 0 when it returns none. */
static gboolean
ask_number (HmPgQuery *query, const char *doing, gint64 *ret_number, GError **error)
{
  PGresult *result = hm_pg_ask (query, doing, error);
  gboolean done = result != NULL;

  if (done)
    *ret_number = PQntuples (result) > 0 ? hm_pg_i64 (result, 0, 0) : 0;
  PQclear (result);
  return done;
}

gboolean
hm_pg_lease (HmStore *store, const char *name, const char *holder, gint64 ttl_ns, guint64 *ret_token,
             GError **error)
{
  HmPgQuery query;
  gint64 token;

  if (!hm_pg_query (store, ST_LEASE, &query, error))
    return FALSE;
  hm_pg_put_text (&query, name);
  hm_pg_put_text (&query, holder);
  hm_pg_put_i64 (&query, ttl_ns / 1000);
  if (!ask_number (&query, "taking a lease", &token, error))
    return FALSE;
  *ret_token = (guint64)token;
  return TRUE;
}

static gboolean
add_request (HmStore *store, const HmRequestRow *request, gint64 *ret_id, GError **error)
{
  HmPgQuery query;

  if (!hm_pg_query (store, ST_REQUEST_ADD, &query, error))
    return FALSE;
  hm_pg_put_text (&query, request->action);
  hm_pg_put_i64 (&query, request->subject);
  hm_pg_put_text (&query, request->author);
  hm_pg_put_text (&query, request->reason);
  hm_pg_put_i64 (&query, request->asked);
  hm_pg_put_text (&query, request->target);
  return ask_number (&query, "adding a request", ret_id, error);
}

/* The one thing that a connection for asking writes. */
gboolean
hm_pg_request_add (HmStore *store, const HmRequestRow *request, gint64 *ret_id, GError **error)
{
  gint64 id;

  if (store->mode == HM_STORE_READ)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%s: is open for reading", store->name);
      return FALSE;
    }
  if (!hm_pg_ready (store, error) || !hm_pg_execute (store, "BEGIN READ WRITE", "adding a request", error))
    return FALSE;
  store->in_transaction = TRUE;
  if (!add_request (store, request, &id, error) || !hm_pg_commit (store, error))
    {
      hm_pg_rollback (store);
      return FALSE;
    }
  *ret_id = id;
  return TRUE;
}
