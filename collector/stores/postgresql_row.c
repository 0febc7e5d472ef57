/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_row: from a result's columns to the rows of the contract. Rows are borrowed: their text belongs to the
 * result and is gone with it. Column order is that of postgresql_text.c. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"
#include "metering/json.h"

gboolean
hm_pg_visit (HmPgQuery *query, HmPgVisit *visit, HmPgRow row, GError **error)
{
  gboolean fine = hm_pg_each (query, "reading", row, visit, error);

  if (visit->error == NULL)
    return fine;
  g_clear_error (error);
  g_propagate_error (error, visit->error);
  return FALSE;
}

/* -- raw rows -- */

static gboolean
says (const HmJson *record, const char *path, const char *wanted)
{
  return wanted == NULL || g_strcmp0 (hm_json_get_text (record, path), wanted) == 0;
}

/* Whose a record is stands in its own bytes only. */
static gboolean
is_wanted (const HmStoreFilter *filter, const HmRawRow *row)
{
  g_autoptr (HmJson) record = NULL;

  if (filter == NULL || (filter->project == NULL && filter->user == NULL))
    return TRUE;
  if (row->value != NULL)
    record = hm_json_parse (row->value, row->length, NULL);
  else if (row->redacted != NULL)
    record = hm_json_parse (row->redacted, row->redacted_length, NULL);
  return record != NULL && says (record, "resource.project", filter->project)
         && says (record, "resource.user", filter->user);
}

gboolean
hm_pg_raw_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmRawRow row = { .grain = hm_pg_i64 (r, i, 0),
                   .source = hm_pg_text (r, i, 1),
                   .resource = hm_pg_text (r, i, 2),
                   .agent = hm_pg_text (r, i, 3),
                   .epoch = hm_pg_text (r, i, 4),
                   .seq = (guint64)hm_pg_i64 (r, i, 5),
                   .time = hm_pg_i64 (r, i, 6),
                   .schema = hm_pg_text (r, i, 7),
                   .topic = hm_pg_text (r, i, 8),
                   .partition = (gint32)hm_pg_i64 (r, i, 9),
                   .offset = hm_pg_i64 (r, i, 10),
                   .appended = hm_pg_i64 (r, i, 11),
                   .received = hm_pg_i64 (r, i, 12),
                   .signature = hm_pg_text (r, i, 13),
                   .verified = hm_pg_bool (r, i, 14),
                   .description = !PQgetisnull (r, i, 15),
                   .sha256 = hm_pg_text (r, i, 15) };

  row.length = hm_pg_blob (r, i, 16, &row.value);
  row.redacted_length = hm_pg_blob (r, i, 17, &row.redacted);
  if (!is_wanted (visit->filter, &row))
    return TRUE;
  return ((HmRawVisit)visit->visit) (&row, visit->user) && (visit->left == 0 || --visit->left > 0);
}

/* -- resources and usage -- */

gboolean
hm_pg_resource_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmResourceRow row = { .source = hm_pg_text (r, i, 0),
                              .resource = hm_pg_text (r, i, 1),
                              .kind = hm_pg_text (r, i, 2),
                              .project = hm_pg_text (r, i, 3),
                              .user = hm_pg_text (r, i, 4),
                              .flavor = hm_pg_text (r, i, 5),
                              .name = hm_pg_text (r, i, 6),
                              .project_name = hm_pg_text (r, i, 7),
                              .user_name = hm_pg_text (r, i, 8),
                              .state = (HmState)hm_pg_i64 (r, i, 9),
                              .agent = hm_pg_text (r, i, 10),
                              .first_seen = hm_pg_i64 (r, i, 11),
                              .last_seen = hm_pg_i64 (r, i, 12),
                              .version = (guint64)hm_pg_i64 (r, i, 13),
                              .fold = hm_pg_text (r, i, 14),
                              .fold_length = (gsize)PQgetlength (r, i, 14),
                              .seen = hm_pg_text (r, i, 15),
                              .seen_length = (gsize)PQgetlength (r, i, 15),
                              .edge = hm_pg_i64 (r, i, 16),
                              .checkpoint = hm_pg_text (r, i, 17),
                              .checkpoint_length = (gsize)PQgetlength (r, i, 17),
                              .rolled = hm_pg_i64 (r, i, 18),
                              .reached = hm_pg_i64 (r, i, 19),
                              .parked = hm_pg_i64 (r, i, 20),
                              .decided = (guint)hm_pg_i64 (r, i, 21) };

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
hm_pg_bucket_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmBucket *bucket = next_row (visit->store);

  bucket->grain = hm_pg_i64 (r, i, 0);
  bucket->source = g_strdup (hm_pg_text (r, i, 1));
  bucket->resource = g_strdup (hm_pg_text (r, i, 2));
  bucket->agent = g_strdup (hm_pg_text (r, i, 3));
  bucket->epoch = g_strdup (hm_pg_text (r, i, 4));
  bucket->project = g_strdup (hm_pg_text (r, i, 5));
  bucket->user = g_strdup (hm_pg_text (r, i, 6));
  bucket->flavor = g_strdup (hm_pg_text (r, i, 7));
  bucket->state = (HmState)hm_pg_i64 (r, i, 8);
  if (hm_bucket_cells_from_json (bucket, hm_pg_text (r, i, 9), (gsize)PQgetlength (r, i, 9), &visit->error))
    return ((HmBucketVisit)visit->visit) (bucket, visit->user);
  g_prefix_error (&visit->error, "%s: usage of %s: ", visit->store->name, bucket->resource);
  return FALSE;
}

/* -- the others -- */

gboolean
hm_pg_dead_letter_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmDeadLetter row = { .id = hm_pg_i64 (r, i, 0),
                       .topic = hm_pg_text (r, i, 1),
                       .partition = (gint32)hm_pg_i64 (r, i, 2),
                       .offset = hm_pg_i64 (r, i, 3),
                       .appended = hm_pg_time (r, i, 4),
                       .received = hm_pg_i64 (r, i, 5),
                       .ce_id = hm_pg_text (r, i, 7),
                       .signature = hm_pg_text (r, i, 8),
                       .reason = hm_pg_text (r, i, 10),
                       .detail = hm_pg_text (r, i, 11),
                       .verified = hm_pg_bool (r, i, 12),
                       .settled = hm_pg_i64 (r, i, 13),
                       .outcome = hm_pg_text (r, i, 14),
                       .headers_lost = hm_pg_bool (r, i, 15),
                       .source = hm_pg_text (r, i, 16),
                       .agent = hm_pg_text (r, i, 17),
                       .epoch = hm_pg_text (r, i, 18),
                       .accounted = !PQgetisnull (r, i, 19),
                       .bin = hm_pg_i64 (r, i, 19),
                       .sum = (guint64)hm_pg_i64 (r, i, 20) };

  row.key_length = hm_pg_blob (r, i, 6, &row.key);
  row.length = hm_pg_blob (r, i, 9, &row.value);
  return ((HmDeadLetterVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_meter_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmMeterRow row = { .name = hm_pg_text (r, i, 0), .unit = hm_pg_text (r, i, 1) };

  if (hm_meter_type_parse (hm_pg_text (r, i, 2), &row.type)
      && hm_value_type_parse (hm_pg_text (r, i, 3), &row.value))
    return ((HmMeterVisit)visit->visit) (&row, visit->user);
  g_set_error (&visit->error, HM_ERROR, HM_ERROR_DATA, "%s: meter %s has an unknown type", visit->store->name,
               row.name);
  return FALSE;
}

gboolean
hm_pg_agent_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmAgentRow row = { .source = hm_pg_text (r, i, 0),
                           .agent = hm_pg_text (r, i, 1),
                           .epoch = hm_pg_text (r, i, 2),
                           .first_time = hm_pg_time (r, i, 3),
                           .last_time = hm_pg_time (r, i, 4),
                           .last_appended = hm_pg_time (r, i, 5),
                           .records = (guint64)hm_pg_i64 (r, i, 6),
                           .samples = (guint64)hm_pg_i64 (r, i, 7),
                           .duplicates = (guint64)hm_pg_i64 (r, i, 8),
                           .refused = (guint64)hm_pg_i64 (r, i, 9),
                           .heartbeat = hm_pg_i64 (r, i, 10),
                           .backlog = (guint64)hm_pg_i64 (r, i, 11),
                           .oldest_unsent = hm_pg_i64 (r, i, 12) };

  return ((HmAgentVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_offset_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmOffsetRow row = { .topic = hm_pg_text (r, i, 0),
                            .partition = (gint32)hm_pg_i64 (r, i, 1),
                            .next = hm_pg_i64 (r, i, 2),
                            .committed = hm_pg_i64 (r, i, 3),
                            .reached = hm_pg_time (r, i, 4) };

  return ((HmOffsetVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_gap_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmGapRow row = { .topic = hm_pg_text (r, i, 0),
                         .partition = (gint32)hm_pg_i64 (r, i, 1),
                         .from = hm_pg_i64 (r, i, 2),
                         .to = hm_pg_i64 (r, i, 3),
                         .noticed = hm_pg_i64 (r, i, 4) };

  return ((HmGapVisit)visit->visit) (&row, visit->user);
}

/* Modulo 2^64, as the sums are meant. */
static guint64
sum_at (const PGresult *r, int i, int column)
{
  return ((guint64)hm_pg_i64 (r, i, column) << 32) + (guint64)hm_pg_i64 (r, i, column + 1);
}

gboolean
hm_pg_bin_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmBinState row = { .came = { .source = hm_pg_text (r, i, 0),
                                     .agent = hm_pg_text (r, i, 1),
                                     .epoch = hm_pg_text (r, i, 2),
                                     .bin = hm_pg_i64 (r, i, 3),
                                     .records = (guint64)hm_pg_i64 (r, i, 4),
                                     .sum = sum_at (r, i, 5),
                                     .refused_records = (guint64)hm_pg_i64 (r, i, 7),
                                     .refused_sum = sum_at (r, i, 8),
                                     .late = (guint64)hm_pg_i64 (r, i, 10) },
                           .is_closed = !PQgetisnull (r, i, 11),
                           .records = (guint64)hm_pg_i64 (r, i, 11),
                           .sum = sum_at (r, i, 12),
                           .said = hm_pg_i64 (r, i, 14) };

  return ((HmBinVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_loss_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmLossRow row = { .source = hm_pg_text (r, i, 0),
                          .agent = hm_pg_text (r, i, 1),
                          .epoch = hm_pg_text (r, i, 2),
                          .seq = (guint64)hm_pg_i64 (r, i, 3),
                          .from = hm_pg_time (r, i, 4),
                          .to = hm_pg_time (r, i, 5),
                          .records = (guint64)hm_pg_i64 (r, i, 6),
                          .resources = (guint64)hm_pg_i64 (r, i, 7),
                          .reason = hm_pg_text (r, i, 8),
                          .appended = hm_pg_i64 (r, i, 9) };

  return ((HmLossVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_anomaly_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmAnomalyRow row = { .kind = hm_pg_text (r, i, 0),
                             .source = hm_pg_text (r, i, 1),
                             .subject = hm_pg_text (r, i, 2),
                             .detail = hm_pg_text (r, i, 3),
                             .noticed = hm_pg_i64 (r, i, 4) };

  return ((HmAnomalyVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_request_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmRequestRow row = { .id = hm_pg_i64 (r, i, 0),
                             .action = hm_pg_text (r, i, 1),
                             .subject = hm_pg_i64 (r, i, 2),
                             .author = hm_pg_text (r, i, 3),
                             .reason = hm_pg_text (r, i, 4),
                             .asked = hm_pg_i64 (r, i, 5),
                             .done = hm_pg_i64 (r, i, 6),
                             .result = hm_pg_text (r, i, 7),
                             .target = hm_pg_text (r, i, 8) };

  return ((HmRequestVisit)visit->visit) (&row, visit->user);
}
