/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_write: the rows of one batch, inside the transaction of sqlite_transaction.c.
 *
 * What is refused for what it holds is HM_ERROR_DATA and the caller's to take apart; all else is the
 * database's trouble. Rows of one table are written in the order of their keys where that is the caller's
 * order: the engine sorts. What is counted, said and settled is sqlite_write_counts.c's. The storing thread only. */
#include "collector/stores/sqlite.h"

#include "collector/pipeline/arrival.h"
#include "metering/error.h"
#include "metering/signature.h"

gboolean
hm_sqlite_fits (HmStore *store, guint64 number, const char *what, GError **error)
{
  if (number <= G_MAXINT64)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s %" G_GUINT64_FORMAT " is beyond 2^63 - 1", store->path,
               what, number);
  return FALSE;
}

static gboolean
add_description (HmStore *store, const HmRawRow *row, const char *sha256, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_DESCRIPTION_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, row->grain);
  hm_sqlite_put_text (&query, sha256);
  hm_sqlite_put_blob (&query, row->value, row->length);
  return hm_sqlite_run (&query, "storing a description", NULL, error);
}

static gboolean
add_raw (HmStore *store, const HmRawRow *row, GError **error)
{
  HmSqliteQuery query;
  char sha256[65];

  if (!hm_sqlite_fits (store, row->seq, "sequence number", error))
    return FALSE;
  if (row->description)
    hm_sha256_hex (row->value, row->length, sha256);
  if ((row->description && !add_description (store, row, sha256, error))
      || !hm_sqlite_query (store, ST_RAW_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, row->grain);
  hm_sqlite_put_text (&query, row->source);
  hm_sqlite_put_text (&query, row->resource);
  hm_sqlite_put_text (&query, row->agent);
  hm_sqlite_put_text (&query, row->epoch);
  hm_sqlite_put_i64 (&query, (gint64)row->seq);
  hm_sqlite_put_i64 (&query, row->time);
  hm_sqlite_put_text (&query, row->schema);
  hm_sqlite_put_text (&query, row->topic);
  hm_sqlite_put_i64 (&query, row->partition);
  hm_sqlite_put_i64 (&query, row->offset);
  hm_sqlite_put_i64 (&query, row->appended);
  hm_sqlite_put_i64 (&query, row->received);
  hm_sqlite_put_text (&query, row->signature);
  hm_sqlite_put_text (&query, row->description ? sha256 : NULL);
  hm_sqlite_put_blob (&query, row->description ? NULL : row->value, row->description ? 0 : row->length);
  hm_sqlite_put_i64 (&query, row->verified != FALSE);
  store->durable = store->durable || row->partition == HM_PARTITION_NONE;
  return hm_sqlite_run (&query, "storing a record", NULL, error);
}

/* The grains of a resource's buckets in one batch. */
typedef struct
{
  HmTime first, last;
} Span;

static char *
span_key (const char *source, const char *resource)
{
  return g_strconcat (source, "\n", resource, NULL);
}

static GHashTable *
spans_of (const HmBatch *batch)
{
  GHashTable *spans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < batch->n_buckets; i++)
    {
      const HmBucket *bucket = batch->buckets[i];
      g_autofree char *key = span_key (bucket->source, bucket->resource);
      Span *span = g_hash_table_lookup (spans, key);

      if (span == NULL)
        {
          span = g_new (Span, 1);
          *span = (Span){ bucket->grain, bucket->grain };
          g_hash_table_insert (spans, g_steal_pointer (&key), span);
        }
      span->first = MIN (span->first, bucket->grain);
      span->last = MAX (span->last, bucket->grain);
    }
  return spans;
}

/* *@ret_put FALSE: the stored row is not of that version, or is rolled up further. */
static gboolean
put_resource_row (HmStore *store, const HmResourceRow *row, const Span *span, gboolean *ret_put,
                  GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, row->version == 0 ? ST_RESOURCE_ADD : ST_RESOURCE_UPDATE, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, row->kind);
  hm_sqlite_put_text (&query, row->project);
  hm_sqlite_put_text (&query, row->user);
  hm_sqlite_put_text (&query, row->flavor);
  hm_sqlite_put_text (&query, row->name);
  hm_sqlite_put_text (&query, row->project_name);
  hm_sqlite_put_text (&query, row->user_name);
  hm_sqlite_put_i64 (&query, row->state);
  hm_sqlite_put_text (&query, row->agent);
  hm_sqlite_put_i64 (&query, row->first_seen);
  hm_sqlite_put_i64 (&query, row->last_seen);
  hm_sqlite_put_time (&query, span != NULL ? span->first : HM_TIME_UNKNOWN);
  hm_sqlite_put_time (&query, span != NULL ? span->last : HM_TIME_UNKNOWN);
  hm_sqlite_put_text_n (&query, row->fold, row->fold_length);
  hm_sqlite_put_text_n (&query, row->seen, row->seen_length);
  hm_sqlite_put_text (&query, row->source);
  hm_sqlite_put_text (&query, row->resource);
  hm_sqlite_put_i64 (&query, (gint64)row->version);
  hm_sqlite_put_i64 (&query, row->edge);
  hm_sqlite_put_text_n (&query, row->checkpoint, row->checkpoint_length);
  hm_sqlite_put_i64 (&query, row->rolled);
  hm_sqlite_put_i64 (&query, row->reached);
  hm_sqlite_put_i64 (&query, row->parked);
  hm_sqlite_put_i64 (&query, row->decided);
  if (!hm_sqlite_run (&query, "storing a resource", &changes, error))
    return FALSE;
  *ret_put = changes == 1;
  return TRUE;
}

static gboolean
put_resource (HmStore *store, const HmResourceRow *row, GHashTable *spans, GError **error)
{
  g_autofree char *key = span_key (row->source, row->resource);
  const Span *span = g_hash_table_lookup (spans, key);
  gboolean put, back = FALSE;

  if (!put_resource_row (store, row, span, &put, error)
      || (!put && row->version > 0 && !hm_sqlite_roll_back (store, row, &back, error))
      || (back && !put_resource_row (store, row, span, &put, error)))
    return FALSE;
  if (!put)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "resource %s is no longer at version %" G_GUINT64_FORMAT, row->resource, row->version);
  return put;
}

static void
add_grain (GHashTable *grains, HmTime grain)
{
  if (!g_hash_table_contains (grains, &grain))
    g_hash_table_add (grains, g_memdup2 (&grain, sizeof grain));
}

static gboolean
note_grain (sqlite3_stmt *statement, gpointer grains)
{
  add_grain (grains, sqlite3_column_int64 (statement, 0));
  return TRUE;
}

static gboolean
remove_buckets (HmStore *store, const HmRefold *refold, GHashTable *grains, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_BUCKETS_REMOVE, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, refold->source);
  hm_sqlite_put_text (&query, refold->resource);
  hm_sqlite_put_time (&query, refold->from);
  return hm_sqlite_each (&query, "replacing usage", note_grain, grains, error);
}

static gboolean
put_bucket (HmStore *store, const HmBucket *bucket, GError **error)
{
  gsize length;
  g_autofree char *cells = hm_bucket_cells_to_json (bucket, &length);
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_BUCKET_PUT, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, bucket->grain);
  hm_sqlite_put_text (&query, bucket->source);
  hm_sqlite_put_text (&query, bucket->resource);
  hm_sqlite_put_text (&query, bucket->agent);
  hm_sqlite_put_text (&query, bucket->epoch);
  hm_sqlite_put_text (&query, bucket->project);
  hm_sqlite_put_text (&query, bucket->user);
  hm_sqlite_put_text (&query, bucket->flavor);
  hm_sqlite_put_i64 (&query, bucket->state);
  hm_sqlite_put_text_n (&query, cells, length);
  return hm_sqlite_run (&query, "storing usage", NULL, error);
}

/* Parameters that are not put are NULL. */
static void
put_counted (HmSqliteQuery *query, const HmDeadLetter *letter)
{
  hm_sqlite_put_text (query, letter->source);
  hm_sqlite_put_text (query, letter->agent);
  hm_sqlite_put_text (query, letter->epoch);
  if (!letter->accounted)
    return;
  hm_sqlite_put_i64 (query, letter->bin);
  hm_sqlite_put_i64 (query, (gint64)letter->sum);
}

static gboolean
add_dead_letter (HmStore *store, const HmDeadLetter *letter, GError **error)
{
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_DEAD_LETTER_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, letter->topic);
  hm_sqlite_put_i64 (&query, letter->partition);
  hm_sqlite_put_i64 (&query, letter->offset);
  hm_sqlite_put_i64 (&query, letter->received);
  hm_sqlite_put_blob (&query, letter->key, letter->key_length);
  hm_sqlite_put_text (&query, letter->ce_id);
  hm_sqlite_put_text (&query, letter->signature);
  hm_sqlite_put_blob (&query, letter->value != NULL ? letter->value : "", letter->length);
  hm_sqlite_put_text (&query, letter->reason);
  hm_sqlite_put_text (&query, letter->detail);
  hm_sqlite_put_time (&query, letter->appended);
  hm_sqlite_put_i64 (&query, letter->verified != FALSE);
  hm_sqlite_put_i64 (&query, letter->headers_lost != FALSE);
  put_counted (&query, letter);
  store->durable = store->durable || letter->partition == HM_PARTITION_NONE;
  return hm_sqlite_run (&query, "storing a dead letter", NULL, error);
}

static gboolean
add_meter (HmStore *store, const HmMeterRow *meter, GError **error)
{
  HmSqliteQuery query;
  int changes;

  if (!hm_sqlite_query (store, ST_METER_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, meter->name);
  hm_sqlite_put_text (&query, meter->unit);
  hm_sqlite_put_text (&query, hm_meter_type_name (meter->type));
  hm_sqlite_put_text (&query, hm_value_type_name (meter->value));
  if (!hm_sqlite_run (&query, "storing a meter", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "meter %s has another type or unit by now",
                 meter->name);
  return changes == 1;
}

static gboolean
put_resources (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (GHashTable) spans = spans_of (batch);
  g_autoptr (GHashTable) grains = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < batch->n_refolded; i++) /* before the rows' spans change below */
    if (!remove_buckets (store, &batch->refolded[i], grains, error)
        || !hm_sqlite_remove_held (store, &batch->refolded[i], error))
      return FALSE;
  for (guint i = 0; i < batch->n_resources; i++)
    if (!put_resource (store, &batch->resources[i], spans, error))
      return FALSE;
  for (guint i = 0; i < batch->n_buckets; i++)
    {
      add_grain (grains, batch->buckets[i]->grain);
      if (!put_bucket (store, batch->buckets[i], error))
        return FALSE;
    }
  return hm_sqlite_touch_periods (store, grains, error);
}

gboolean
hm_sqlite_write (HmStore *store, const HmBatch *batch, GError **error)
{
  if (batch->n_erasures > 0 && !hm_sqlite_overwrite (store, error))
    return FALSE;
  for (guint i = 0; i < batch->n_raw; i++)
    if (!add_raw (store, &batch->raw[i], error))
      return FALSE;
  if (!put_resources (store, batch, error))
    return FALSE;
  for (guint i = 0; i < batch->n_dead_letters; i++)
    if (!add_dead_letter (store, &batch->dead_letters[i], error))
      return FALSE;
  for (guint i = 0; i < batch->n_meters; i++)
    if (!add_meter (store, &batch->meters[i], error))
      return FALSE;
  return hm_sqlite_write_rollups (store, batch, error) && hm_sqlite_write_held (store, batch, error)
         && hm_sqlite_write_bill (store, batch, error) && hm_sqlite_write_erasures (store, batch, error)
         && hm_sqlite_write_counts (store, batch, error);
}
