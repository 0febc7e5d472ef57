/* SPDX-License-Identifier: Apache-2.0 */
/* points_kit: the collector is stopped before and after every single statement that it gives its database, and each of them fails.
 *
 * A child runs one life over a small topic that holds all there is (bus_history) and kills itself at the k-th point; then another life goes
 * on from the offsets in the store, up to the end. All tables must then be as after an undisturbed life; for each k. The second half does
 * the same with statements that fail: before they are made, and after, so that only the answer was lost. The store is the test's. */
#pragma once

#include "tests/bus_history.h"
#include "tests/fakes/statements.h"

typedef struct
{
  int code;
  gboolean rolls_back;
} PointsFailure;

typedef struct
{
  const char *store;  /* the plugin's name */
  const char *commit; /* the point before one */
  const PointsFailure
      *failures; /* the statements fail in these ways by turns; in `make check-fault` each in each */
  guint n_failures;
  guint64 most_points; /* where lives are slow, at most so many are stopped and failed, and as many; 0: each.
                          HYPERMETER_TEST_POINTS says another number; `make check-fault` takes each */
  const char *url;     /* of the store that is not there yet */
  void (*remove) (gpointer user); /* what is there, so that it is not there again */
  char *(*dump) (
      gpointer
          user); /* all tables, without what is of one transaction and not of what was measured. (transfer full) */
  void (*settle) (
      gpointer
          user); /* (nullable) waits until what connections that are gone have asked for is done, or never will be */
  const char *(*texts) (guint i);                      /* the store's own list of its statements; */
  guint n_texts;                                       /* so many */
  gboolean (*writes) (const char *sql, gpointer user); /* whether it changes a table; the store is there */
  gpointer user;
} PointsStore;

/* @state: a PointsStore. */
void points_stop_everywhere (void **state);
void points_fail_everywhere (void **state);

/* points_bill.c: the same over what a bill needs (bill_history), at each moment of each different statement. One that writes and that the
 * history does not make the collector give fails them. HYPERMETER_TEST_POINTS: at so many moments. */
void points_stop_at_each_statement (void **state);
void points_fail_at_each_statement (void **state);
