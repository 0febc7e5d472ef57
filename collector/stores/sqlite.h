/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite: what the files of the SQLite store share. Nothing outside this folder includes it. A connection and
 * its statements belong to the thread that opened it. */
#pragma once

#include <sqlite3.h>

#include "collector/stores/store.h"

/* The statements that are kept prepared; sqlite_text.c has their text. */
typedef enum
{
  ST_BEGIN,
  ST_COMMIT,
  ST_ROLLBACK,
  ST_POSITION_GET,
  ST_POSITION_INIT,
  ST_POSITION_MOVE,
  ST_POSITION_REACHED,
  ST_PERIODS_TOUCH,
  ST_PERIOD_ADD,
  ST_PERIOD_MARK,
  ST_STATEMENT_ADD,
  ST_LINE_ADD,
  ST_ADJUSTMENT_ADD,
  ST_ADJUSTMENT_TAKE,
  ST_RAW_ADD,
  ST_DESCRIPTION_ADD,
  ST_DESCRIPTION_REDACT,
  ST_ERASURE_ADD,
  ST_RESOURCE_ADD,
  ST_RESOURCE_UPDATE,
  ST_BUCKETS_REMOVE,
  ST_BUCKET_PUT,
  ST_DEAD_LETTER_ADD,
  ST_LETTER_SETTLE,
  ST_METER_ADD,
  ST_AGENT_ADD,
  ST_BIN_ADD,
  ST_BIN_CLOSE,
  ST_LOSS_ADD,
  ST_ANOMALY_ADD,
  ST_MESSAGE_ADD,
  ST_REQUEST_ADD,
  ST_REQUEST_ANSWER,
  ST_LEASE,
  ST_ROLLED_BACK,
  ST_ROLLUPS_REMOVE,
  ST_EVIDENCE_REMOVE,
  ST_ROLLUP_PUT,
  ST_EVIDENCE_PUT,
  ST_HELD_REMOVE,
  ST_HELD_PUT,
  ST_DECISION_ADD,
  ST_POLICY_ADD,
  ST_GAP_ADD,
  ST_RESOURCE_LOAD,
  ST_BUCKETS_LOAD,
  ST_USAGE_LOAD,
  ST_RAW_LOAD,
  ST_RAW_FIND,
  ST_RAW_SEEK,
  ST_DEAD_LETTER_FIND,
  ST_DEAD_LETTER_GET,
  ST_MESSAGE_FIND,
  ST_LIST_BUCKETS,
  ST_LIST_RESOURCES,
  ST_LIST_RAW,
  ST_LIST_DEAD_LETTERS,
  ST_LIST_METERS,
  ST_LIST_AGENTS,
  ST_LIST_POSITIONS,
  ST_LIST_GAPS,
  ST_LIST_BINS,
  ST_LIST_LOSSES,
  ST_LIST_ANOMALIES,
  ST_LIST_USAGE,
  ST_LIST_USAGE_OF_PROJECT,
  ST_LIST_USAGE_OF_RESOURCE,
  ST_LIST_EVIDENCE,
  ST_LIST_PERIODS,
  ST_LIST_STATEMENTS,
  ST_LIST_LINES,
  ST_LIST_ADJUSTMENTS,
  ST_LIST_ERASURES,
  ST_LIST_HELD,
  ST_LIST_HELD_OF,
  ST_LIST_DECISIONS,
  ST_LIST_DECISIONS_OF,
  ST_LIST_POLICIES,
  ST_LIST_REQUESTS,
  ST_LIST_REQUESTS_OPEN,
  ST_STATUS,
  ST_SIZE,
  ST_PRUNE_RAW,
  ST_PRUNE_DESCRIPTIONS,
  ST_PRUNE_BINS,
  ST_PRUNE_CLOSED,
  ST_PRUNE_LOSSES,
  ST_PRUNE_LETTERS,
  ST_PRUNE_REQUESTS,
  ST_PRUNE_MESSAGES,
  N_STATEMENTS
} HmSqliteStatement;

struct HmStore
{
  sqlite3 *db;
  char *path;
  int lock_fd;          /* -1: none */
  gboolean is_lock_new; /* this connection made the file */
  gboolean open;        /* the schema is this program's, and in HM_STORE_WRITE it could be written */
  gboolean durable;     /* what no bus gives again was written, and is not synced yet */
  gint64 grain_ns;
  HmBucket *row; /* (nullable) that a visitor has had last */
  HmStoreMode mode;
  sqlite3_stmt *statements[N_STATEMENTS];
};

/* Sets @error from the connection's last result: "<path>: <doing>: <reason>". HM_ERROR_DATA for what lies in
 * the rows themselves, HM_ERROR_INTERNAL for what waiting does not mend: a damaged file, or one that has
 * become read-only; HM_ERROR_UNAVAILABLE for everything else. Returns FALSE. */
gboolean hm_sqlite_fail (HmStore *store, const char *doing, GError **error);

/* -- sqlite.c -- */

HmStore *hm_sqlite_new (HmStoreMode mode); /* not connected; its path is the caller's to set */
void hm_sqlite_close (HmStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmStore, hm_sqlite_close)

char *hm_sqlite_path_of (const char *url, GError **error); /* (transfer full) HM_ERROR_CONFIG */
gboolean hm_sqlite_take_lock (HmStore *store, GError **error);
gboolean hm_sqlite_connect (HmStore *store, GError **error);

/* -- sqlite_schema.c -- */

/* Brings the schema up to this program's (HM_STORE_WRITE) or checks it (HM_STORE_READ). */
gboolean hm_sqlite_schema_open (HmStore *store, gint64 grain_ns, GError **error);
gboolean hm_sqlite_setting (HmStore *store, const char *name, gint64 value, gint64 *ret_value,
                            GError **error);

/* That it is a store of a schema this program knows, made from these very texts, and that SQLite finds no damage in it: reads all of it.
 * HM_ERROR_DATA. */
gboolean hm_sqlite_schema_check (HmStore *store, GError **error);

/* -- sqlite_text.c -- */

extern const char *const hm_sqlite_texts[N_STATEMENTS];

/* -- sqlite_statement.c -- */

/* A statement with its parameters, numbered from 1 in the order of the calls. */
typedef struct
{
  HmStore *store;
  sqlite3_stmt *statement;
  int at;
  gboolean failed;
} HmSqliteQuery;

/* Prepares it if it is not yet. FALSE and @error when it cannot be. */
gboolean hm_sqlite_query (HmStore *store, HmSqliteStatement which, HmSqliteQuery *ret_query, GError **error);

/* Borrowed until the statement is reset. A NULL text or blob is SQL's NULL. */
void hm_sqlite_put_text (HmSqliteQuery *query, const char *text);
void hm_sqlite_put_text_n (HmSqliteQuery *query, const char *text, gsize length);
void hm_sqlite_put_i64 (HmSqliteQuery *query, gint64 number);
void hm_sqlite_put_time (HmSqliteQuery *query, HmTime time); /* HM_TIME_UNKNOWN is NULL */
void hm_sqlite_put_limit (HmSqliteQuery *query, const HmStoreFilter *filter);
void hm_sqlite_put_blob (HmSqliteQuery *query, const void *bytes, gsize length);

/* Runs a statement without rows and resets it; *@ret_changes (nullable): rows that it changed. */
gboolean hm_sqlite_run (HmSqliteQuery *query, const char *doing, int *ret_changes, GError **error);

/* Visits each row until @row returns FALSE, then resets. */
typedef gboolean (*HmSqliteRow) (sqlite3_stmt *statement, gpointer user);
gboolean hm_sqlite_each (HmSqliteQuery *query, const char *doing, HmSqliteRow row, gpointer user,
                         GError **error);

const char *hm_sqlite_text (sqlite3_stmt *statement, int column); /* NULL for NULL */
HmTime hm_sqlite_time (sqlite3_stmt *statement, int column);

/* -- sqlite_row.c -- */

/* What goes along while a statement is stepped. */
typedef struct
{
  HmStore *store;
  gpointer visit; /* one of the contract's visitor types */
  gpointer user;
  GError *error; /* why a row could not be read */
} HmSqliteVisit;

gboolean hm_sqlite_visit (HmSqliteQuery *query, HmSqliteVisit *visit, HmSqliteRow row, GError **error);

/* With the parameters of a filter bound, as sqlite_text.c numbers them. */
gboolean hm_sqlite_query_filtered (HmStore *store, HmSqliteStatement which, const HmStoreFilter *filter,
                                   HmSqliteQuery *ret_query, GError **error);

gboolean hm_sqlite_raw_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_resource_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_bucket_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_dead_letter_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_meter_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_agent_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_offset_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_gap_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_bin_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_loss_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_anomaly_row (sqlite3_stmt *statement, gpointer visit);
gboolean hm_sqlite_request_row (sqlite3_stmt *statement, gpointer visit);

/* -- sqlite_write*.c: parts of one batch -- */

/* Rows of one kind, and what writes one of them. */
typedef struct
{
  gconstpointer rows;
  gsize size;
  guint n;
  gboolean (*write) (HmStore *store, gconstpointer row, GError **error);
} HmSqlitePart;

gboolean hm_sqlite_write_parts (HmStore *store, const HmSqlitePart *parts, guint n, GError **error);

/* SQLite's integers end at 2^63 - 1: HM_ERROR_DATA for what is greater. */
gboolean hm_sqlite_fits (HmStore *store, guint64 number, const char *what, GError **error);
gboolean hm_sqlite_write_counts (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_sqlite_remove_held (HmStore *store, const HmRefold *refold, GError **error);
gboolean hm_sqlite_write_held (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_sqlite_overwrite (HmStore *store, GError **error);
gboolean hm_sqlite_write_erasures (HmStore *store, const HmBatch *batch, GError **error);

/* Where the stored row is of @row's version and says a later `rolled`: moves it back to @row's, and removes what was rolled up beyond.
 * *@ret_done FALSE: it is not so, and nothing was written. */
gboolean hm_sqlite_roll_back (HmStore *store, const HmResourceRow *row, gboolean *ret_done, GError **error);
gboolean hm_sqlite_write_rollups (HmStore *store, const HmBatch *batch, GError **error);

/* @grains: (element-type gint64) those in which usage was written or removed. Closed periods that hold one are touched. */
gboolean hm_sqlite_touch_periods (HmStore *store, GHashTable *grains, GError **error);
gboolean hm_sqlite_write_bill (HmStore *store, const HmBatch *batch, GError **error);

/* -- the other files: operations of the contract (collector/stores/store.h) -- */

gboolean hm_sqlite_offset_get (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next,
                               gboolean *ret_found, GError **error);
gboolean hm_sqlite_offset_init (HmStore *store, const char *topic, gint32 partition, gint64 next,
                                gint64 *ret_next, GError **error);
gboolean hm_sqlite_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned,
                          GError **error);
gboolean hm_sqlite_write (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_sqlite_commit (HmStore *store, GError **error);
void hm_sqlite_rollback (HmStore *store);

gboolean hm_sqlite_resource_load (HmStore *store, const char *source, const char *resource,
                                  HmResourceVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_buckets_load (HmStore *store, const char *source, const char *resource, HmTime grain,
                                 HmBucketVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_usage_load (HmStore *store, const char *source, const char *resource, HmTime from,
                               HmTime to, HmBucketVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_raw_load (HmStore *store, const char *source, const char *resource, HmTime from,
                             guint limit, HmRawVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_raw_find (HmStore *store, const HmRawRow *key, HmRawVisit visit, gpointer user,
                             GError **error);

gboolean hm_sqlite_dead_letter_find (HmStore *store, const char *topic, gint32 partition, gint64 offset,
                                     HmDeadLetterVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_add_gap (HmStore *store, gconstpointer gap, GError **error);
gboolean hm_sqlite_pass_over (HmStore *store, const HmGapRow *gap, gboolean *ret_owned, GError **error);

gboolean hm_sqlite_message_find (HmStore *store, const char *source, const char *id, gboolean *ret_found,
                                 HmTime *ret_time, GError **error);
gboolean hm_sqlite_dead_letter_get (HmStore *store, gint64 id, HmDeadLetterVisit visit, gpointer user,
                                    GError **error);
gboolean hm_sqlite_prune (HmStore *store, const HmRetention *retention, gboolean *ret_more, GError **error);
gboolean hm_sqlite_lease (HmStore *store, const char *name, const char *holder, gint64 ttl_ns,
                          guint64 *ret_token, GError **error);
gboolean hm_sqlite_offset_reached (HmStore *store, const char *topic, gint32 partition, gint64 next,
                                   HmTime reached, GError **error);
gboolean hm_sqlite_lock_periods (HmStore *store, GError **error);
gboolean hm_sqlite_request_add (HmStore *store, const HmRequestRow *request, gint64 *ret_id, GError **error);
gboolean hm_sqlite_list_requests (HmStore *store, gboolean open_only, HmRequestVisit visit, gpointer user,
                                  GError **error);

gboolean hm_sqlite_backup (HmStore *store, const char *path, HmStoreProgress progress, gpointer user,
                           GError **error);
gboolean hm_sqlite_restore (const char *url, const char *path, HmStoreProgress progress, gpointer user,
                            GError **error);

gboolean hm_sqlite_list_buckets (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit,
                                 gpointer user, GError **error);
gboolean hm_sqlite_list_resources (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit,
                                   gpointer user, GError **error);
gboolean hm_sqlite_list_raw (HmStore *store, const HmStoreFilter *filter, HmRawVisit visit, gpointer user,
                             GError **error);
gboolean hm_sqlite_list_dead_letters (HmStore *store, const HmStoreFilter *filter, HmDeadLetterVisit visit,
                                      gpointer user, GError **error);
gboolean hm_sqlite_list_meters (HmStore *store, HmMeterVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_agents (HmStore *store, HmAgentVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_offsets (HmStore *store, HmOffsetVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_gaps (HmStore *store, HmGapVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user,
                              GError **error);
gboolean hm_sqlite_list_losses (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user,
                                GError **error);
gboolean hm_sqlite_list_anomalies (HmStore *store, const HmStoreFilter *filter, HmAnomalyVisit visit,
                                   gpointer user, GError **error);
gboolean hm_sqlite_list_usage (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit,
                               gpointer user, GError **error);
gboolean hm_sqlite_list_evidence (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit,
                                  gpointer user, GError **error);
gboolean hm_sqlite_list_periods (HmStore *store, HmPeriodVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_statements (HmStore *store, const HmStoreFilter *filter, HmStatementVisit visit,
                                    gpointer user, GError **error);
gboolean hm_sqlite_list_lines (HmStore *store, const HmStoreFilter *filter, HmLineVisit visit, gpointer user,
                               GError **error);
gboolean hm_sqlite_list_adjustments (HmStore *store, HmAdjustmentVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_erasures (HmStore *store, HmErasureVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_list_held (HmStore *store, const HmStoreFilter *filter, HmHeldVisit visit, gpointer user,
                              GError **error);
gboolean hm_sqlite_list_decisions (HmStore *store, const HmStoreFilter *filter, HmDecisionVisit visit,
                                   gpointer user, GError **error);
gboolean hm_sqlite_list_policies (HmStore *store, HmPolicyVisit visit, gpointer user, GError **error);
gboolean hm_sqlite_status (HmStore *store, HmStoreStatus *ret_status, GError **error);
gboolean hm_sqlite_size (HmStore *store, guint64 *ret_bytes, GError **error);
