/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_kit: what the cases of tests/postgresql_kit.h do to the server, and the functions of libpq that stand between. */
#include "tests/postgresql_kit.h"

#include <dlfcn.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

PGconn *pg_kit_db;
gboolean pg_kit_lose_commit;
int pg_kit_hidden;
guint pg_kit_n_waits;
PgKitWait pg_kit_waits[PG_KIT_WAITS];

/* Takes the answer off the wire, and cuts it. */
static void
lose_answer (int fd)
{
  struct pollfd wait = { fd, POLLIN, 0 };
  char answer[4096];

  pg_kit_lose_commit = FALSE;
  assert_int_equal (poll (&wait, 1, 60000), 1);
  assert_true (recv (fd, answer, sizeof answer, 0) > 0);
  assert_int_equal (shutdown (fd, SHUT_RDWR), 0);
}

G_MODULE_EXPORT int
PQsendQuery (PGconn *db, const char *text)
{
  int (*real) (PGconn *, const char *);
  int sent;

  *(void **)&real = dlsym (RTLD_NEXT, "PQsendQuery");
  sent = real (db, text);
  if (pg_kit_lose_commit && strcmp (text, "COMMIT") == 0)
    lose_answer (PQsocket (db));
  return sent;
}

G_MODULE_EXPORT int
PQsendQueryPrepared (PGconn *db, const char *name, int n, const char *const *values, const int *lengths,
                     const int *formats, int format)
{
  int (*real) (PGconn *, const char *, int, const char *const *, const int *, const int *, int);

  *(void **)&real = dlsym (RTLD_NEXT, "PQsendQueryPrepared");
  pg_kit_db = db;
  return real (db, name, n, values, lengths, formats, format);
}

/* What encryption has taken off the socket already is there for who asks for it once more, and for nobody who waits for the socket. */

G_MODULE_EXPORT int
PQsslInUse (PGconn *db)
{
  (void)db;
  return pg_kit_hidden > 0;
}

G_MODULE_EXPORT int
PQconsumeInput (PGconn *db)
{
  int (*real) (PGconn *);

  *(void **)&real = dlsym (RTLD_NEXT, "PQconsumeInput");
  pg_kit_hidden -= pg_kit_hidden > 0;
  return real (db);
}

G_MODULE_EXPORT int
PQisBusy (PGconn *db)
{
  static guint asked;
  int (*real) (PGconn *);
  gboolean hides
      = pg_kit_hidden > 0 && PQstatus (db) == CONNECTION_OK; /* libpq asks, too, while it connects */

  *(void **)&real = dlsym (RTLD_NEXT, "PQisBusy");
  if (hides && ++asked > 50)
    fail_msg ("what is hidden is not asked for");
  return hides || real (db);
}

G_MODULE_EXPORT int
poll (struct pollfd *fds, nfds_t n, int timeout)
{
  int (*real) (struct pollfd *, nfds_t, int);
  gboolean noted = pg_kit_hidden > 0 && pg_kit_n_waits < PG_KIT_WAITS;
  int ready;

  *(void **)&real = dlsym (RTLD_NEXT, "poll");
  ready = real (fds, n, timeout);
  if (noted)
    pg_kit_waits[pg_kit_n_waits++] = (PgKitWait){ timeout, ready > 0 };
  return ready;
}

void
pg_kit_assert (const Suite *suite, const char *text, const char *expected)
{
  g_autofree char *value = pg_kit_sql (suite->url, text);

  assert_string_equal (value, expected);
}

/* -- several connections -- */

HmStore *
pg_kit_open (const Suite *suite, const char *options)
{
  g_autofree char *url = g_strconcat (suite->url, options, NULL);
  g_autoptr (GError) error = NULL;
  HmStore *store = suite->ops->open (url, HM_STORE_WRITE, SUITE_GRAIN, &error);

  if (store == NULL)
    fail_msg ("%s", error->message);
  return store;
}

/* The server's process of the store that was used last. */
int
pg_kit_pid (const Suite *suite)
{
  gint64 next;
  gboolean found;

  assert_true (suite->ops->offset_get (suite->store, "t", 0, &next, &found, NULL));
  return PQbackendPID (pg_kit_db);
}

void
pg_kit_await (const Suite *suite, const char *text, const char *expected)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  g_autofree char *value = pg_kit_sql (suite->url, text);

  while (strcmp (value, expected) != 0 && g_get_monotonic_time () < deadline)
    {
      g_usleep (5000);
      g_free (value);
      value = pg_kit_sql (suite->url, text);
    }
  assert_string_equal (value, expected);
}

/* Ends the server's process of @db, and waits until it is gone. */
void
pg_kit_end (const Suite *suite, PGconn *db)
{
  g_autofree char *end = g_strdup_printf ("SELECT pg_terminate_backend (%d)", PQbackendPID (db));
  g_autofree char *count
      = g_strdup_printf ("SELECT count (*) FROM pg_stat_activity WHERE pid = %d", PQbackendPID (db));

  pg_kit_run (suite->url, end);
  pg_kit_await (suite, count, "0");
}

gboolean
pg_kit_begin (Suite *suite, HmStore *store, gint64 expected, gboolean *owned, GError **error)
{
  const HmOffsetMove move = { "t", 0, expected, expected + 1 };

  return suite->ops->begin (store, &move, 1, owned, error);
}

void
pg_kit_commit_raw (Suite *suite, guint64 seq, HmTime time)
{
  HmRawRow row = suite_raw ("r1", seq, time, "x");

  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
}
