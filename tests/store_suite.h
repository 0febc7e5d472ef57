/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite: what every store has to do, whatever database it is made of. A test program of a store gives
 * the URL of an empty one and cases of its own; both run as one group. */
#pragma once

#include "collector/stores/store.h"
#include "tests/kit.h"

#define SUITE_GRAIN   (3600 * HM_NSEC_PER_SEC)
#define SUITE_MORNING (19000 * 24 * SUITE_GRAIN)

/* The state of every case: an empty store, open for writing, in a folder of its own. */
typedef struct
{
  const HmStoreOps *ops;
  char *folder, *url;
  HmStore *store; /* NULL after suite_close() */
} Suite;

/* @scheme: the plugin. @new_url: the URL of a store that is not there yet, below @folder (transfer full). */
int suite_run (const char *scheme, char *(*new_url) (const char *folder), const struct CMUnitTest *own,
               guint n_own);

/* The same with the program's own cases alone. */
int suite_run_own (const char *scheme, char *(*new_url) (const char *folder), const struct CMUnitTest *own,
                   guint n_own);

void suite_close (Suite *suite);
void suite_reopen (Suite *suite);
/* A second connection: for reading, for asking; closed by the caller. */
HmStore *suite_reader (Suite *suite);
HmStore *suite_asker (Suite *suite);

/* A raw row of resource @resource with @seq at @time; the rest is the same for all. */
HmRawRow suite_raw (const char *resource, guint64 seq, HmTime time, const char *value);

/* Writes @batch in a transaction that moves the offset of topic t, partition 0, by one. */
void suite_commit (Suite *suite, const HmBatch *batch);

/* Commits one record of resource r1 whose value is of @length bytes. */
void suite_commit_large (Suite *suite, guint64 seq, gsize length);

/* Begins a transaction that does so; FALSE when it is not owned. */
gboolean suite_begin (Suite *suite, GError **error);

/* Asserts that writing @batch fails so, and rolls back. */
void suite_assert_refused (Suite *suite, const HmBatch *batch, HmError code, const char *part);

/* An instance's row. */
HmResourceRow suite_resource (const char *resource, HmTime first, HmTime last, guint64 version);

/* A refused record of topic t. */
HmDeadLetter suite_letter (gint64 offset);

/* Where topic t's @partition goes on; -1: the store does not say. */
gint64 suite_offset (Suite *suite, gint32 partition);

/* Asserts what raw_load gives: "resource/seq=value;" for each row. */
void suite_assert_raw (Suite *suite, const char *resource, const char *expected);

/* Visitors: appends that text to a GString; counts in a guint and stops. */
gboolean suite_append_raw (const HmRawRow *row, gpointer text);
gboolean suite_stop_at_once (const HmRawRow *row, gpointer count);

extern const HmStoreFilter suite_everything;

/* The cases that every store gets. */
extern const struct CMUnitTest suite_raw_cases[], suite_usage_cases[], suite_count_cases[],
    suite_keep_cases[], suite_ask_cases[], suite_held_cases[], suite_rollup_cases[], suite_bill_cases[];
extern const guint suite_n_raw_cases, suite_n_usage_cases, suite_n_count_cases, suite_n_keep_cases,
    suite_n_ask_cases, suite_n_held_cases, suite_n_rollup_cases, suite_n_bill_cases;
