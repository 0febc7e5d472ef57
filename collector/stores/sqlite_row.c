/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_row: from a statement's columns to the rows of the contract. Rows are borrowed: their text belongs
 * to the statement and is gone at its next step. Column order is that of sqlite_text.c. */
#include "collector/stores/sqlite.h"

#include "metering/error.h"

gboolean
hm_sqlite_visit (HmSqliteQuery *query, HmSqliteVisit *visit, HmSqliteRow row, GError **error)
{
  gboolean fine = hm_sqlite_each (query, "reading", row, visit, error);

  if (visit->error == NULL)
    return fine;
  g_clear_error (error);
  g_propagate_error (error, visit->error);
  return FALSE;
}

/* -- rows -- */

gboolean
hm_sqlite_raw_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmRawRow row = { .grain = sqlite3_column_int64 (st, 0),
                         .source = hm_sqlite_text (st, 1),
                         .resource = hm_sqlite_text (st, 2),
                         .agent = hm_sqlite_text (st, 3),
                         .epoch = hm_sqlite_text (st, 4),
                         .seq = (guint64)sqlite3_column_int64 (st, 5),
                         .time = sqlite3_column_int64 (st, 6),
                         .schema = hm_sqlite_text (st, 7),
                         .topic = hm_sqlite_text (st, 8),
                         .partition = sqlite3_column_int (st, 9),
                         .offset = sqlite3_column_int64 (st, 10),
                         .appended = sqlite3_column_int64 (st, 11),
                         .received = sqlite3_column_int64 (st, 12),
                         .signature = hm_sqlite_text (st, 13),
                         .description = sqlite3_column_int (st, 14),
                         .value = sqlite3_column_blob (st, 15),
                         .length = (gsize)sqlite3_column_bytes (st, 15),
                         .verified = sqlite3_column_int (st, 16),
                         .sha256 = hm_sqlite_text (st, 17),
                         .redacted = sqlite3_column_blob (st, 18),
                         .redacted_length = (gsize)sqlite3_column_bytes (st, 18) };

  return ((HmRawVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_resource_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmResourceRow row = { .source = hm_sqlite_text (st, 0),
                              .resource = hm_sqlite_text (st, 1),
                              .kind = hm_sqlite_text (st, 2),
                              .project = hm_sqlite_text (st, 3),
                              .user = hm_sqlite_text (st, 4),
                              .flavor = hm_sqlite_text (st, 5),
                              .name = hm_sqlite_text (st, 6),
                              .project_name = hm_sqlite_text (st, 7),
                              .user_name = hm_sqlite_text (st, 8),
                              .state = (HmState)sqlite3_column_int (st, 9),
                              .agent = hm_sqlite_text (st, 10),
                              .first_seen = sqlite3_column_int64 (st, 11),
                              .last_seen = sqlite3_column_int64 (st, 12),
                              .version = (guint64)sqlite3_column_int64 (st, 13),
                              .fold = hm_sqlite_text (st, 14),
                              .fold_length = (gsize)sqlite3_column_bytes (st, 14),
                              .seen = hm_sqlite_text (st, 15),
                              .seen_length = (gsize)sqlite3_column_bytes (st, 15),
                              .edge = sqlite3_column_int64 (st, 16),
                              .checkpoint = hm_sqlite_text (st, 17),
                              .checkpoint_length = (gsize)sqlite3_column_bytes (st, 17),
                              .rolled = sqlite3_column_int64 (st, 18),
                              .reached = sqlite3_column_int64 (st, 19),
                              .parked = sqlite3_column_int64 (st, 20),
                              .decided = (guint)sqlite3_column_int64 (st, 21) };

  return ((HmResourceVisit)visit->visit) (&row, visit->user);
}

/* The row after the one that was read last, with its cells: their texts are mostly the same. Visitors do not use the store, so there is one. */
static HmBucket *
next_row (HmStore *store)
{
  HmBucket *before = store->row;

  store->row = hm_bucket_new ();
  if (before != NULL)
    {
      GPtrArray *cells = store->row->cells;

      store->row->cells = before->cells;
      before->cells = cells;
    }
  hm_bucket_free (before);
  return store->row;
}

gboolean
hm_sqlite_bucket_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  HmBucket *bucket = next_row (visit->store);
  const char *cells = hm_sqlite_text (st, 9);

  bucket->grain = sqlite3_column_int64 (st, 0);
  bucket->source = g_strdup (hm_sqlite_text (st, 1));
  bucket->resource = g_strdup (hm_sqlite_text (st, 2));
  bucket->agent = g_strdup (hm_sqlite_text (st, 3));
  bucket->epoch = g_strdup (hm_sqlite_text (st, 4));
  bucket->project = g_strdup (hm_sqlite_text (st, 5));
  bucket->user = g_strdup (hm_sqlite_text (st, 6));
  bucket->flavor = g_strdup (hm_sqlite_text (st, 7));
  bucket->state = (HmState)sqlite3_column_int (st, 8);
  if (hm_bucket_cells_from_json (bucket, cells, (gsize)sqlite3_column_bytes (st, 9), &visit->error))
    return ((HmBucketVisit)visit->visit) (bucket, visit->user);
  g_prefix_error (&visit->error, "%s: usage of %s: ", visit->store->path, bucket->resource);
  return FALSE;
}

gboolean
hm_sqlite_dead_letter_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmDeadLetter row = { .id = sqlite3_column_int64 (st, 0),
                             .topic = hm_sqlite_text (st, 1),
                             .partition = sqlite3_column_int (st, 2),
                             .offset = sqlite3_column_int64 (st, 3),
                             .received = sqlite3_column_int64 (st, 4),
                             .key = sqlite3_column_blob (st, 5),
                             .key_length = (gsize)sqlite3_column_bytes (st, 5),
                             .ce_id = hm_sqlite_text (st, 6),
                             .signature = hm_sqlite_text (st, 7),
                             .value = sqlite3_column_blob (st, 8),
                             .length = (gsize)sqlite3_column_bytes (st, 8),
                             .reason = hm_sqlite_text (st, 9),
                             .detail = hm_sqlite_text (st, 10),
                             .appended = hm_sqlite_time (st, 11),
                             .verified = sqlite3_column_int (st, 12),
                             .settled = sqlite3_column_int64 (st, 13),
                             .outcome = hm_sqlite_text (st, 14),
                             .headers_lost = sqlite3_column_int (st, 15),
                             .source = hm_sqlite_text (st, 16),
                             .agent = hm_sqlite_text (st, 17),
                             .epoch = hm_sqlite_text (st, 18),
                             .accounted = sqlite3_column_type (st, 19) != SQLITE_NULL,
                             .bin = sqlite3_column_int64 (st, 19),
                             .sum = (guint64)sqlite3_column_int64 (st, 20) };

  return ((HmDeadLetterVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_meter_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  HmMeterRow row = { .name = hm_sqlite_text (st, 0), .unit = hm_sqlite_text (st, 1) };

  if (hm_meter_type_parse (hm_sqlite_text (st, 2), &row.type)
      && hm_value_type_parse (hm_sqlite_text (st, 3), &row.value))
    return ((HmMeterVisit)visit->visit) (&row, visit->user);
  g_set_error (&visit->error, HM_ERROR, HM_ERROR_DATA, "%s: meter %s has an unknown type", visit->store->path,
               row.name);
  return FALSE;
}

gboolean
hm_sqlite_agent_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmAgentRow row = { .source = hm_sqlite_text (st, 0),
                           .agent = hm_sqlite_text (st, 1),
                           .epoch = hm_sqlite_text (st, 2),
                           .first_time = hm_sqlite_time (st, 3),
                           .last_time = sqlite3_column_int64 (st, 4),
                           .last_appended = sqlite3_column_int64 (st, 5),
                           .records = (guint64)sqlite3_column_int64 (st, 6),
                           .samples = (guint64)sqlite3_column_int64 (st, 7),
                           .duplicates = (guint64)sqlite3_column_int64 (st, 8),
                           .refused = (guint64)sqlite3_column_int64 (st, 9),
                           .heartbeat = sqlite3_column_int64 (st, 10),
                           .backlog = (guint64)sqlite3_column_int64 (st, 11),
                           .oldest_unsent = sqlite3_column_int64 (st, 12) };

  return ((HmAgentVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_offset_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmOffsetRow row = { .topic = hm_sqlite_text (st, 0),
                            .partition = sqlite3_column_int (st, 1),
                            .next = sqlite3_column_int64 (st, 2),
                            .committed = sqlite3_column_int64 (st, 3),
                            .reached = hm_sqlite_time (st, 4) };

  return ((HmOffsetVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_gap_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmGapRow row = { .topic = hm_sqlite_text (st, 0),
                         .partition = sqlite3_column_int (st, 1),
                         .from = sqlite3_column_int64 (st, 2),
                         .to = sqlite3_column_int64 (st, 3),
                         .noticed = sqlite3_column_int64 (st, 4) };

  return ((HmGapVisit)visit->visit) (&row, visit->user);
}

/* What was added up by halves. */
static guint64
whole (sqlite3_stmt *st, int high)
{
  return ((guint64)sqlite3_column_int64 (st, high) << 32) + (guint64)sqlite3_column_int64 (st, high + 1);
}

gboolean
hm_sqlite_bin_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmBinState row = { .came = { .source = hm_sqlite_text (st, 0),
                                     .agent = hm_sqlite_text (st, 1),
                                     .epoch = hm_sqlite_text (st, 2),
                                     .bin = sqlite3_column_int64 (st, 3),
                                     .records = (guint64)sqlite3_column_int64 (st, 4),
                                     .sum = whole (st, 5),
                                     .refused_records = (guint64)sqlite3_column_int64 (st, 7),
                                     .refused_sum = whole (st, 8),
                                     .late = (guint64)sqlite3_column_int64 (st, 10) },
                           .is_closed = sqlite3_column_type (st, 11) != SQLITE_NULL,
                           .records = (guint64)sqlite3_column_int64 (st, 11),
                           .sum = whole (st, 12),
                           .said = hm_sqlite_time (st, 14) };

  return ((HmBinVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_loss_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmLossRow row = { .source = hm_sqlite_text (st, 0),
                          .agent = hm_sqlite_text (st, 1),
                          .epoch = hm_sqlite_text (st, 2),
                          .seq = (guint64)sqlite3_column_int64 (st, 3),
                          .from = hm_sqlite_time (st, 4),
                          .to = hm_sqlite_time (st, 5),
                          .records = (guint64)sqlite3_column_int64 (st, 6),
                          .resources = (guint64)sqlite3_column_int64 (st, 7),
                          .reason = hm_sqlite_text (st, 8),
                          .appended = sqlite3_column_int64 (st, 9) };

  return ((HmLossVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_anomaly_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmAnomalyRow row = { .kind = hm_sqlite_text (st, 0),
                             .source = hm_sqlite_text (st, 1),
                             .subject = hm_sqlite_text (st, 2),
                             .detail = hm_sqlite_text (st, 3),
                             .noticed = sqlite3_column_int64 (st, 4) };

  return ((HmAnomalyVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_request_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmRequestRow row = { .id = sqlite3_column_int64 (st, 0),
                             .action = hm_sqlite_text (st, 1),
                             .subject = sqlite3_column_int64 (st, 2),
                             .author = hm_sqlite_text (st, 3),
                             .reason = hm_sqlite_text (st, 4),
                             .asked = sqlite3_column_int64 (st, 5),
                             .done = sqlite3_column_int64 (st, 6),
                             .result = hm_sqlite_text (st, 7),
                             .target = hm_sqlite_text (st, 8) };

  return ((HmRequestVisit)visit->visit) (&row, visit->user);
}
