/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql: what the files of the PostgreSQL store share. Nothing outside this folder includes it. A connection
 * and its statements belong to the thread that opened it. */
#pragma once

#include <libpq-fe.h>

#include "collector/stores/store.h"

/* The statements that are kept prepared; postgresql_text.c has their text. */
typedef enum
{
  ST_OFFSET_GET,
  ST_OFFSET_INIT,
  ST_OFFSET_MOVE,
  ST_OFFSET_REACHED,
  ST_GAP_ADD,
  ST_PARTITION_LOCK,
  ST_PARTITION_SEEK,
  ST_DESCRIPTION_ADD,
  ST_DESCRIPTION_REDACT,
  ST_RESOURCE_PUT,
  ST_USAGE_REMOVE,
  ST_BUCKET_PUT,
  ST_DEAD_LETTER_ADD,
  ST_DEAD_LETTER_SETTLE,
  ST_METER_ADD,
  ST_AGENT_ADD,
  ST_BIN_ADD,
  ST_BIN_CLOSE,
  ST_LOSS_ADD,
  ST_ANOMALY_ADD,
  ST_MESSAGE_ADD,
  ST_REQUEST_ANSWER,
  ST_REQUEST_ADD,
  ST_LEASE,
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
  ST_LIST_OFFSETS,
  ST_LIST_GAPS,
  ST_LIST_BINS,
  ST_LIST_LOSSES,
  ST_LIST_ANOMALIES,
  ST_LIST_REQUESTS,
  ST_STATUS,
  ST_SIZE,
  ST_HELD_PUT, /* from here on in postgresql_text_bill.c */
  ST_DECISION_ADD,
  ST_POLICY_ADD,
  ST_ROLLUP_PUT,
  ST_EVIDENCE_PUT,
  ST_PERIOD_ADD,
  ST_PERIOD_TOUCH,
  ST_STATEMENT_ADD,
  ST_LINE_ADD,
  ST_ADJUSTMENT_ADD,
  ST_ADJUSTMENT_TAKE,
  ST_ERASURE_ADD,
  ST_LIST_USAGE,
  ST_LIST_HELD,
  ST_LIST_DECISIONS,
  ST_LIST_POLICIES,
  ST_LIST_EVIDENCE,
  ST_LIST_PERIODS,
  ST_LIST_STATEMENTS,
  ST_LIST_LINES,
  ST_LIST_ADJUSTMENTS,
  ST_LIST_ERASURES,
  N_STATEMENTS
} HmPgStatement;

extern const char *const hm_pg_texts[N_STATEMENTS]; /* NULL where it is among: */
extern const char *const hm_pg_bill_texts[N_STATEMENTS];

/* The schema that this program knows. Each connection that writes says it, and the newest migration refuses who knows an older one. */
#define HM_PG_SCHEMA 5

/* The advisory lock that whoever changes usage shares, and that whoever closes a period has alone. */
#define HM_PG_LOCKS        "1213027410"
#define HM_PG_PERIODS      "3"
#define HM_PG_PERIODS_LOCK HM_PG_LOCKS ", " HM_PG_PERIODS

struct HmStore
{
  PGconn *db; /* NULL: not connected; the next call outside of a transaction connects again */
  char *url;  /* with its password: never shown */
  char *name; /* the same without, for messages */
  HmStoreMode mode;
  gint64 grain_ns;
  HmBucket *row; /* (nullable) that a visitor has had last */
  gboolean
      in_transaction; /* begun, and neither committed nor rolled back, whatever became of the connection */
  int patience_ms;    /* a statement that waits for so long looks who is in its way; -1: never */
  gboolean prepared[N_STATEMENTS]; /* on this connection */
  GHashTable *partitions;          /* (element-type utf8) names of those that are known to be there */
};

/* -- postgresql_connection.c -- */

/* What is to be known of @url without connecting. HM_ERROR_CONFIG. */
gboolean hm_pg_address (HmStore *store, const char *url, GError **error);

/* The files that @url names can be used, for what can be said beforehand. HM_ERROR_CONFIG. */
gboolean hm_pg_check_files (const char *url, GError **error);

/* A connection as every call needs it: there, and set up. Outside of a transaction a lost one is made anew. */
gboolean hm_pg_ready (HmStore *store, GError **error);

/* One more connection to the same database, not set up; NULL, without @error, when there is none to be had. @error: a
 * file without which the server would be trusted unverified cannot be used. */
PGconn *hm_pg_connect (const HmStore *store, GError **error);

/* Closes the connection; what was open in it is rolled back by the server. */
void hm_pg_drop (HmStore *store);

/* Sets @error from @result (nullable: from the connection): "<name>: <doing>: <reason>", and drops a connection that
 * is of no more use. Returns FALSE. The codes: docs/store.md. */
gboolean hm_pg_fail (HmStore *store, const PGresult *result, const char *doing, GError **error);

/* -- postgresql_schema.c -- */

/* Brings the schema up to this program's (HM_STORE_WRITE) or checks it, and takes the grain. */
gboolean hm_pg_schema_open (HmStore *store, gint64 grain_ns, GError **error);
gboolean hm_pg_setting (HmStore *store, const char *name, gint64 value, gint64 *ret_value, GError **error);

/* -- postgresql_patience.c -- */

/* Waits until the server's answer can be taken without waiting. What it needs may be held by another connection of the
 * same role whose program is stopped: those are ended by the server after the store's patience. */
void hm_pg_wait_answer (HmStore *store);

/* Waits until all that was given to the connection is on its way; the same holds. FALSE: the connection is lost. */
gboolean hm_pg_wait_sent (HmStore *store);

/* -- postgresql_array.c: columns of many rows, as parameters -- */

typedef struct HmPgRows HmPgRows;

/* @types: one letter a column: t text, i 64 bit integer, b bytes, o boolean. */
HmPgRows *hm_pg_rows_new (const char *types);
void hm_pg_rows_free (HmPgRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmPgRows, hm_pg_rows_free)

/* Each adds one value; the columns come in their order, row after row. NULL is SQL's. */
void hm_pg_rows_text (HmPgRows *rows, const char *text);
void hm_pg_rows_bytes (HmPgRows *rows, const void *bytes, gsize length);
void hm_pg_rows_i64 (HmPgRows *rows, gint64 number);
void hm_pg_rows_time (HmPgRows *rows, HmTime time); /* HM_TIME_UNKNOWN is NULL */
void hm_pg_rows_bool (HmPgRows *rows, gboolean value);

void hm_pg_rows_int128 (HmPgRows *rows, HmInt128 number); /* as decimal text */

/* Column @i as the bytes of an array. The next value that is added begins anew, after hm_pg_rows_clear(). */
const GByteArray *hm_pg_rows_column (HmPgRows *rows, guint i);
guint hm_pg_rows_columns (const HmPgRows *rows);
guint hm_pg_rows_count (const HmPgRows *rows);
gsize hm_pg_rows_size (const HmPgRows *rows);
void hm_pg_rows_clear (HmPgRows *rows);

void hm_pg_append_i32 (GByteArray *bytes,
                       gint32 number); /* in the order of the network, as everything there */
void hm_pg_append_i64 (GByteArray *bytes, gint64 number);

/* -- postgresql_query.c -- */

#define HM_PG_PARAMETERS_MAX 24

/* A statement with its parameters, numbered from 1 in the order of the calls. */
typedef struct
{
  HmStore *store;
  HmPgStatement which;
  int n;
  const char *values[HM_PG_PARAMETERS_MAX];
  int lengths[HM_PG_PARAMETERS_MAX];
  gint64 numbers[HM_PG_PARAMETERS_MAX]; /* what values[] points to where it is one */
} HmPgQuery;

/* Prepares it if it is not yet. FALSE and @error when it cannot be. */
gboolean hm_pg_query (HmStore *store, HmPgStatement which, HmPgQuery *ret_query, GError **error);

/* Borrowed until the statement has run. A NULL text or blob is SQL's NULL. */
void hm_pg_put_text (HmPgQuery *query, const char *text);
void hm_pg_put_blob (HmPgQuery *query, const void *bytes, gsize length);
void hm_pg_put_i64 (HmPgQuery *query, gint64 number);
void hm_pg_put_time (HmPgQuery *query, HmTime time);    /* HM_TIME_UNKNOWN is NULL */
void hm_pg_put_rows (HmPgQuery *query, HmPgRows *rows); /* each column */

/* Runs a statement; *@ret_changes (nullable): rows that it changed. */
gboolean hm_pg_run (HmPgQuery *query, const char *doing, guint64 *ret_changes, GError **error);

/* The same and gives its rows. (transfer full: PQclear) */
PGresult *hm_pg_ask (HmPgQuery *query, const char *doing, GError **error);

/* Visits each row as it comes, so that no more than one is in memory, until @row returns FALSE. */
typedef gboolean (*HmPgRow) (const PGresult *result, int row, gpointer user);
gboolean hm_pg_each (HmPgQuery *query, const char *doing, HmPgRow row, gpointer user, GError **error);

/* Statements that are not kept: several at once, without parameters and rows. */
gboolean hm_pg_execute (HmStore *store, const char *sql, const char *doing, GError **error);

/* The first value of the first row of @sql as a number; 0 without one, and for NULL. */
gboolean hm_pg_ask_number (HmStore *store, const char *sql, const char *doing, gint64 *ret_number,
                           GError **error);

/* Sends @sql and gives its last result, whatever it is, or the one that begins a COPY. (nullable) (transfer full) */
PGresult *hm_pg_send (HmStore *store, const char *sql);
PGresult *hm_pg_answer (HmStore *store);

/* Every number must fit into 63 bits. FALSE and HM_ERROR_DATA when it does not. */
gboolean hm_pg_fits (HmStore *store, guint64 number, const char *what, GError **error);

const char *hm_pg_text (const PGresult *result, int row, int column); /* NULL for NULL */
gint64 hm_pg_i64 (const PGresult *result, int row, int column);       /* 0 for NULL */
HmTime hm_pg_time (const PGresult *result, int row, int column);
gboolean hm_pg_bool (const PGresult *result, int row, int column);
/* *@ret_bytes NULL for NULL. */
gsize hm_pg_blob (const PGresult *result, int row, int column, const void **ret_bytes);

/* -- postgresql_row.c -- */

/* What goes along while rows come. */
typedef struct
{
  HmStore *store;
  gpointer visit; /* one of the contract's visitor types */
  gpointer user;
  GError *error;               /* why a row could not be read */
  const HmStoreFilter *filter; /* of raw rows: what only the record itself says */
  guint64 left;                /* rows that may still be visited */
} HmPgVisit;

gboolean hm_pg_visit (HmPgQuery *query, HmPgVisit *visit, HmPgRow row, GError **error);

gboolean hm_pg_raw_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_resource_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_bucket_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_dead_letter_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_meter_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_agent_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_offset_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_gap_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_bin_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_loss_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_anomaly_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_request_row (const PGresult *result, int row, gpointer visit);

/* -- postgresql_list.c: what several lists share -- */

void hm_pg_put_limit (HmPgQuery *query, guint64 limit); /* 0: none */
/* $1 from, $2 to, $3 source, $4 project, $5 user, $6 resource, $7 limit. */
gboolean hm_pg_query_filtered (HmStore *store, HmPgStatement which, const HmStoreFilter *filter,
                               HmPgQuery *ret_query, GError **error);
/* Of a statement without parameters. */
gboolean hm_pg_list_all (HmStore *store, HmPgStatement which, gpointer visit, HmPgRow row, gpointer user,
                         GError **error);

/* -- postgresql_row_bill.c -- */

gboolean hm_pg_held_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_decision_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_policy_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_evidence_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_period_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_statement_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_line_row (const PGresult *result, int row, gpointer visit);
gboolean hm_pg_adjustment_row (const PGresult *result, int row, gpointer visit);

/* -- postgresql_partition.c -- */

/* Sees to it, in the open transaction, that every raw and bucket row of @batch has a partition to lie in. */
gboolean hm_pg_partitions_make (HmStore *store, const HmBatch *batch, GError **error);

/* The oldest partition of raw that holds grains before @before. *@ret_name NULL: there is none; *@ret_whole: all of it is
 * older. (transfer full) */
gboolean hm_pg_partition_oldest (HmStore *store, HmTime before, char **ret_name, gboolean *ret_whole,
                                 GError **error);

/* -- postgresql_copy.c, _write.c, _count.c, _settle.c, _held.c, _bill.c: parts of write() -- */

/* Runs the statement with all rows at once, if there are any, and clears them. *@ret_changes (nullable): rows that it changed. */
gboolean hm_pg_put_all (HmStore *store, HmPgStatement which, HmPgRows *rows, const char *doing,
                        guint64 *ret_changes, GError **error);
/* The same where they have grown too large for one statement's parameters. */
gboolean hm_pg_put_piece (HmStore *store, HmPgStatement which, HmPgRows *rows, const char *doing,
                          GError **error);

gboolean hm_pg_put_raw (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_resources (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_counts (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_settled (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_gap (HmStore *store, const HmGapRow *gap, GError **error);
gboolean hm_pg_put_held (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_rollups (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_bills (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_put_erasures (HmStore *store, const HmBatch *batch, GError **error);

/* -- postgresql_*.c: operations of the contract (collector/stores/store.h) -- */

gboolean hm_pg_offset_get (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next,
                           gboolean *ret_found, GError **error);
gboolean hm_pg_offset_init (HmStore *store, const char *topic, gint32 partition, gint64 next,
                            gint64 *ret_next, GError **error);
gboolean hm_pg_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned,
                      GError **error);
gboolean hm_pg_write (HmStore *store, const HmBatch *batch, GError **error);
gboolean hm_pg_commit (HmStore *store, GError **error);
void hm_pg_rollback (HmStore *store);
gboolean hm_pg_resource_load (HmStore *store, const char *source, const char *resource, HmResourceVisit visit,
                              gpointer user, GError **error);
gboolean hm_pg_buckets_load (HmStore *store, const char *source, const char *resource, HmTime grain,
                             HmBucketVisit visit, gpointer user, GError **error);
gboolean hm_pg_usage_load (HmStore *store, const char *source, const char *resource, HmTime from, HmTime to,
                           HmBucketVisit visit, gpointer user, GError **error);
gboolean hm_pg_raw_load (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
                         HmRawVisit visit, gpointer user, GError **error);
gboolean hm_pg_raw_find (HmStore *store, const HmRawRow *key, HmRawVisit visit, gpointer user,
                         GError **error);
gboolean hm_pg_dead_letter_find (HmStore *store, const char *topic, gint32 partition, gint64 offset,
                                 HmDeadLetterVisit visit, gpointer user, GError **error);
gboolean hm_pg_pass_over (HmStore *store, const HmGapRow *gap, gboolean *ret_owned, GError **error);
gboolean hm_pg_message_find (HmStore *store, const char *source, const char *id, gboolean *ret_found,
                             HmTime *ret_time, GError **error);
gboolean hm_pg_dead_letter_get (HmStore *store, gint64 id, HmDeadLetterVisit visit, gpointer user,
                                GError **error);
gboolean hm_pg_prune (HmStore *store, const HmRetention *retention, gboolean *ret_more, GError **error);
gboolean hm_pg_lease (HmStore *store, const char *name, const char *holder, gint64 ttl_ns, guint64 *ret_token,
                      GError **error);
gboolean hm_pg_offset_reached (HmStore *store, const char *topic, gint32 partition, gint64 next,
                               HmTime reached, GError **error);
gboolean hm_pg_lock_periods (HmStore *store, GError **error);
gboolean hm_pg_keep_alive (HmStore *store, GError **error);
gboolean hm_pg_request_add (HmStore *store, const HmRequestRow *request, gint64 *ret_id, GError **error);
gboolean hm_pg_list_requests (HmStore *store, gboolean open_only, HmRequestVisit visit, gpointer user,
                              GError **error);
gboolean hm_pg_list_buckets (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                             GError **error);
gboolean hm_pg_list_resources (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit,
                               gpointer user, GError **error);
gboolean hm_pg_list_raw (HmStore *store, const HmStoreFilter *filter, HmRawVisit visit, gpointer user,
                         GError **error);
gboolean hm_pg_list_dead_letters (HmStore *store, const HmStoreFilter *filter, HmDeadLetterVisit visit,
                                  gpointer user, GError **error);
gboolean hm_pg_list_meters (HmStore *store, HmMeterVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_agents (HmStore *store, HmAgentVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_offsets (HmStore *store, HmOffsetVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_gaps (HmStore *store, HmGapVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user,
                          GError **error);
gboolean hm_pg_list_losses (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user,
                            GError **error);
gboolean hm_pg_list_anomalies (HmStore *store, const HmStoreFilter *filter, HmAnomalyVisit visit,
                               gpointer user, GError **error);
gboolean hm_pg_list_usage (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                           GError **error);
gboolean hm_pg_list_held (HmStore *store, const HmStoreFilter *filter, HmHeldVisit visit, gpointer user,
                          GError **error);
gboolean hm_pg_list_decisions (HmStore *store, const HmStoreFilter *filter, HmDecisionVisit visit,
                               gpointer user, GError **error);
gboolean hm_pg_list_policies (HmStore *store, HmPolicyVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_evidence (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit,
                              gpointer user, GError **error);
gboolean hm_pg_list_periods (HmStore *store, HmPeriodVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_statements (HmStore *store, const HmStoreFilter *filter, HmStatementVisit visit,
                                gpointer user, GError **error);
gboolean hm_pg_list_lines (HmStore *store, const HmStoreFilter *filter, HmLineVisit visit, gpointer user,
                           GError **error);
gboolean hm_pg_list_adjustments (HmStore *store, HmAdjustmentVisit visit, gpointer user, GError **error);
gboolean hm_pg_list_erasures (HmStore *store, HmErasureVisit visit, gpointer user, GError **error);
gboolean hm_pg_status (HmStore *store, HmStoreStatus *ret_status, GError **error);
gboolean hm_pg_size (HmStore *store, guint64 *ret_bytes, GError **error);
