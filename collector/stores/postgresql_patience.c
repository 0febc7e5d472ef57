/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_patience: waiting for the server, but not for ever for what a stopped collector holds.
 *
 * A collector that is stopped between two statements is ended by the server's idle_in_transaction_session_timeout; one
 * that is stopped within COPY is not: for the server it is busy. So whoever waits for a quarter of its lock_timeout asks
 * over another connection who is in its way, and a quarter later again. Those of the same role of which the server has
 * waited for a word of their program both times, and got none in between, are ended. Whoever works, or waits for
 * somebody else, gets on by itself: it is let be, or two live collectors could end each other for ever. So is who closes a period, as
 * long as it is between two statements: it reads and computes for longer than that, and the server's own limit is enough. The server
 * refuses to end others' connections, and an end costs a live collector one transaction that it then repeats. The store's thread. */
#include "collector/stores/postgresql.h"

#include "metering/log.h"

#include <errno.h>
#include <poll.h>

/* Who is in the way and silent, how far it has come, and whether it is ended, as it was no further the last time ($1). */
#define END_BLOCKERS                                                                                         \
  "SELECT a.pid, s.stand, CASE WHEN strpos ($1, s.stand) > 0 THEN pg_terminate_backend (a.pid) END "         \
  "FROM unnest (pg_blocking_pids (%d)) AS b (pid) JOIN pg_stat_activity a ON a.pid = b.pid%s "               \
  "CROSS JOIN LATERAL (SELECT format ('[%%s %%s %%s %%s]', a.pid, a.xact_start, a.state_change, %s) AS "     \
  "stand) s WHERE a.usename = current_user AND a.wait_event_type = 'Client' "                                \
  "AND NOT (a.state = 'idle in transaction' AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid "         \
  "AND l.locktype = 'advisory' AND l.classid = " HM_PG_LOCKS " AND l.objid = " HM_PG_PERIODS                 \
  " AND l.mode = 'ExclusiveLock' AND l.granted))"
#define COPIED_SINCE 140000 /* the version that tells it */
#define LOOKS        2
#define SLICE_MS     10

/* Waiting for one answer. */
typedef struct
{
  GString *stands; /* of those that were silent the last time */
  int silent_ms;   /* since the socket had a word of the server, or since it was looked who is in the way */
  int looks;       /* since then, for what encryption hides; the first LOOKS at once */
} Wait;

static char *
end_blockers_sql (const HmStore *store)
{
  gboolean tells = PQserverVersion (store->db) >= COPIED_SINCE;

  return g_strdup_printf (END_BLOCKERS, PQbackendPID (store->db),
                          tells ? " LEFT JOIN pg_stat_progress_copy p ON p.pid = a.pid" : "",
                          tells ? "p.bytes_processed" : "''");
}

static void
note_ended (const HmStore *store, const PGresult *result, int row)
{
  if (g_strcmp0 (hm_pg_text (result, row, 2), "t") == 0)
    hm_warning ("%s: server process %s of the same role holds what this collector needs, its program has "
                "said nothing for %d ms, and it was ended",
                store->name, PQgetvalue (result, row, 0), store->patience_ms);
}

/* @stands: of those that were silent the last time, and then of those that are now. */
static void
end_blockers (HmStore *store, GString *stands)
{
  g_autofree char *sql = end_blockers_sql (store);
  const char *const values[] = { stands->str };
  g_autoptr (GError) file = NULL;
  PGconn *db = hm_pg_connect (store, &file);
  PGresult *result
      = PQstatus (db) == CONNECTION_OK ? PQexecParams (db, sql, 1, NULL, values, NULL, NULL, 0) : NULL;

  if (PQresultStatus (result) != PGRES_TUPLES_OK)
    hm_warning ("%s: a statement waits, and what for cannot be asked: %s", store->name,
                file != NULL ? file->message : PQerrorMessage (db));
  g_string_truncate (stands, 0);
  for (int i = 0; i < PQntuples (result); i++)
    {
      g_string_append (stands, PQgetvalue (result, i, 1));
      note_ended (store, result, i);
    }
  PQclear (result);
  PQfinish (db);
}

static void
restart (Wait *wait)
{
  wait->silent_ms = wait->looks = 0;
}

/* What encryption has taken off the socket already poll() does not see. A piece has 16 KiB at most, of which libpq reads 8 KiB at least whenever it is asked: so it is asked twice
 * more at once. The second time it may have come upon the next piece, which nothing shows, so it is asked again later, and ever later the longer the server is silent. */
static int
slice_ms (const HmStore *store, const Wait *wait)
{
  int left = store->patience_ms - wait->silent_ms;

  if (!PQsslInUse (store->db) && !PQgssEncInUse (store->db))
    return left;
  return wait->looks < LOOKS ? 0 : MIN (SLICE_MS << (wait->looks - LOOKS), left);
}

/* FALSE: the connection is lost. */
static gboolean
wait_for (HmStore *store, short events, Wait *wait)
{
  struct pollfd fd = { PQsocket (store->db), events, 0 };
  int slice = slice_ms (store, wait), ready = poll (&fd, 1, slice);

  if (ready < 0)
    return errno == EINTR;
  wait->silent_ms += slice;
  wait->looks++;
  if (ready == 0 && wait->silent_ms >= store->patience_ms)
    {
      end_blockers (store, wait->stands);
      restart (wait);
    }
  if (ready > 0)
    restart (wait);
  return fd.revents == POLLOUT || PQconsumeInput (store->db) == 1;
}

void
hm_pg_wait_answer (HmStore *store)
{
  g_autoptr (GString) stands = g_string_new (NULL);
  Wait wait = { .stands = stands };

  if (store->patience_ms < 0) /* libpq waits itself */
    return;
  while (PQisBusy (store->db))
    if (!wait_for (store, POLLIN, &wait))
      return;
}

gboolean
hm_pg_wait_sent (HmStore *store)
{
  g_autoptr (GString) stands = g_string_new (NULL);
  Wait wait = { .stands = stands };
  int left = PQflush (store->db);

  while (left == 1 && wait_for (store, POLLIN | POLLOUT, &wait))
    left = PQflush (store->db);
  return left == 0;
}
