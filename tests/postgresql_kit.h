/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_kit: the store suite's cases over a PostgreSQL server of the test's own, and a look behind the store's back.
 *
 * Some of libpq's functions come here first, so that a case knows the store's connection, can lose an answer, and can hide a part of one. */
#pragma once

#include <libpq-fe.h>

#include "tests/postgresql_server.h"
#include "tests/store_suite.h"

extern PGconn *pg_kit_db;           /* the connection that ran a prepared statement last */
extern gboolean pg_kit_lose_commit; /* the answer to the next COMMIT is lost, and its connection with it */

/* So often it must be asked for an answer before it is whole, the last times without a word on the socket. */
extern int pg_kit_hidden;

/* For how long the socket was waited for meanwhile, and whether it had a word. */
#define PG_KIT_WAITS 16
typedef struct
{
  int timeout_ms;
  gboolean heard;
} PgKitWait;
extern guint pg_kit_n_waits;
extern PgKitWait pg_kit_waits[PG_KIT_WAITS];

void pg_kit_assert (const Suite *suite, const char *text, const char *expected);
void pg_kit_await (const Suite *suite, const char *text, const char *expected); /* until it is so */

/* Another collector's connection to the suite's store; @options are added to the URL. */
HmStore *pg_kit_open (const Suite *suite, const char *options);

/* The server's process of the suite's store; ends that of @db, and waits until it is gone. */
int pg_kit_pid (const Suite *suite);
void pg_kit_end (const Suite *suite, PGconn *db);

/* Begins a transaction that moves topic t, partition 0, from @expected by one. */
gboolean pg_kit_begin (Suite *suite, HmStore *store, gint64 expected, gboolean *owned, GError **error);

/* Commits one raw row of resource r1. */
void pg_kit_commit_raw (Suite *suite, guint64 seq, HmTime time);

/* postgresql_rivals.c: cases about connections that go, and about several collectors. */
extern const struct CMUnitTest pg_rival_cases[];
extern const guint pg_n_rival_cases;

/* postgresql_bill.c: cases about views, and about the lock of periods. */
extern const struct CMUnitTest pg_bill_cases[];
extern const guint pg_n_bill_cases;
