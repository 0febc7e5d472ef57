/* SPDX-License-Identifier: Apache-2.0 */
/* statements: failpoints before and after each statement that a store gives its database.
 *
 * It stands between: the test program defines the libraries' functions itself, and as it is linked with -export-dynamic the store's module,
 * which is loaded later, finds these and not the library's. They call the real ones. No line of a store is there for it, and a statement that
 * is added is a point at once: "sqlite.INSERT INTO raw.before". Of one thread: the one that watches. */
#pragma once

#include "tests/fakes/failpoint.h"

G_BEGIN_DECLS

/* From now on each statement passes two of these points; NULL: none. */
void statements_watch (Failpoints *points);

/* The same with the whole text of each; NULL: none. @moment: "before", "sent", "after". What @visit itself gives the database is no point. */
typedef void (*StatementVisit) (const char *sql, const char *moment, gpointer user);
void statements_each (StatementVisit visit, gpointer user);

/* For what happens at a point: the statement fails. Before it, it is not made; after it, it was, and nobody hears of it. @code is one of the
 * library's: SQLITE_BUSY. @rolls_back: the database takes the transaction back, as it may for some. */
void statements_fail (int code, gboolean rolls_back);

/* -- for the functions that stand between -- */

typedef struct
{
  int code; /* 0: it does not fail */
  gboolean rolls_back;
} StatementFault;

/* FALSE: nobody watches, or not this thread, or this call is made by another one that is watched. */
gboolean statements_enter (void);
void statements_leave (void);
/* Passes "@library.<first words of @sql>.@moment". */
StatementFault statements_pass (const char *library, const char *sql, const char *moment);

G_END_DECLS
