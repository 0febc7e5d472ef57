/* SPDX-License-Identifier: Apache-2.0 */
/* race_kit: one day after another is closed while something else is done to it, and what was said of it is right whatever came first.
 *
 * Each day has a resource of its own that uses 600 in time and 200 late. Its first close says what was used by then; the next says what is missing, so
 * it is 800 in all, once. What happens between is the test's; the functions that act and close may be called by two threads where the store has room for two
 * collectors, and none of them fails the test. All others do, on the test's own thread. */
#pragma once

#include "tests/bill_kit.h"

/* What is done to the day beside its close. */
typedef enum
{
  RACE_NOTHING,
  RACE_FOLD,      /* the late record is stored; with all others that is done after it */
  RACE_ROLL,      /* the day is rolled up */
  RACE_RECOMPUTE, /* its buckets are wrong, and are made again */
  RACE_ERASE      /* its description loses its names */
} RaceAct;

typedef struct
{
  BillKit *folder, *closer; /* the same one where a store has one collector */
  HmStore *reader;
  RaceAct act;
  void (*execute) (const char *sql,
                   gpointer user); /* beside the collectors, for what they would not do by themselves */
  gpointer user;
  guint day;
  char name[HM_TIME_TEXT_MAX]; /* of the day */
  GPtrArray *late;             /* (element-type HmArrival) the record that is */
  guint64 used;                /* what the buckets said when it began */
} RaceKit;

/* @two: a second collector closes. */
RaceKit *race_kit_new (const char *scheme, const char *url, gboolean two, RaceAct act);
void race_kit_free (RaceKit *race);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RaceKit, race_kit_free)

/* The next day is over, and can be closed. */
void race_kit_begin_day (RaceKit *race);

/* What is done to the day. What has been done already is no error. */
gboolean race_kit_act (RaceKit *race, GError **error);
/* The day is closed. */
gboolean race_kit_close (RaceKit *race, GError **error);

/* The same by the other collector, which may be refused as the first is at it. */
gboolean race_kit_close_too (RaceKit *race, GError **error);

/* What a reader finds at this moment: all statements whole. */
void race_kit_look (RaceKit *race);

/* After both: closes once more. TRUE: the first statement shows that it was made after the act; of a description it never does. */
gboolean race_kit_end_day (RaceKit *race);

/* All days at once, from what is stored. */
void race_kit_check_all (RaceKit *race);
