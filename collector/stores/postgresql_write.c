/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_write: the rows of one batch, inside the transaction of postgresql_transaction.c: the order in which its
 * parts are written, and the resources and their usage.
 *
 * Every collector takes the same path through the tables, and writes each one's rows in the order of their keys, so that
 * two of them wait for each other in a line and not in a circle; where they do, the server ends one, which is
 * HM_ERROR_TEMPORARY. What is refused for what it holds is HM_ERROR_DATA and the caller's to take apart. The storing
 * thread only. */
#include "collector/stores/postgresql.h"

#include "collector/pipeline/arrival.h"
#include "metering/error.h"

/* One statement's parameters grow no further than this. */
#define PIECE (4 * 1024 * 1024)

#define DURABLE                                                                                              \
  "SELECT set_config ('synchronous_commit', 'on', true) WHERE current_setting ('synchronous_commit') = "     \
  "'off'"

/* -- resources -- */

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

static void
append_resource (HmPgRows *rows, const HmResourceRow *row, const Span *span)
{
  hm_pg_rows_text (rows, row->source);
  hm_pg_rows_text (rows, row->resource);
  hm_pg_rows_text (rows, row->kind);
  hm_pg_rows_text (rows, row->project);
  hm_pg_rows_text (rows, row->user);
  hm_pg_rows_text (rows, row->flavor);
  hm_pg_rows_text (rows, row->name);
  hm_pg_rows_text (rows, row->project_name);
  hm_pg_rows_text (rows, row->user_name);
  hm_pg_rows_i64 (rows, row->state);
  hm_pg_rows_text (rows, row->agent);
  hm_pg_rows_i64 (rows, row->first_seen);
  hm_pg_rows_i64 (rows, row->last_seen);
  hm_pg_rows_time (rows, span != NULL ? span->first : HM_TIME_UNKNOWN);
  hm_pg_rows_time (rows, span != NULL ? span->last : HM_TIME_UNKNOWN);
  hm_pg_rows_i64 (rows, (gint64)row->version);
  hm_pg_rows_bytes (rows, row->fold, row->fold_length);
  hm_pg_rows_bytes (rows, row->seen, row->seen_length);
  hm_pg_rows_i64 (rows, row->edge);
  hm_pg_rows_bytes (rows, row->checkpoint, row->checkpoint_length);
  hm_pg_rows_i64 (rows, row->rolled);
  hm_pg_rows_i64 (rows, row->reached);
  hm_pg_rows_i64 (rows, row->parked);
  hm_pg_rows_i64 (rows, row->decided);
}

gboolean
hm_pg_put_all (HmStore *store, HmPgStatement which, HmPgRows *rows, const char *doing, guint64 *ret_changes,
               GError **error)
{
  HmPgQuery query;

  if (ret_changes != NULL)
    *ret_changes = 0;
  if (hm_pg_rows_count (rows) == 0)
    return TRUE;
  if (!hm_pg_query (store, which, &query, error))
    return FALSE;
  hm_pg_put_rows (&query, rows);
  if (!hm_pg_run (&query, doing, ret_changes, error))
    return FALSE;
  hm_pg_rows_clear (rows);
  return TRUE;
}

gboolean
hm_pg_put_piece (HmStore *store, HmPgStatement which, HmPgRows *rows, const char *doing, GError **error)
{
  return hm_pg_rows_size (rows) < PIECE || hm_pg_put_all (store, which, rows, doing, NULL, error);
}

/* @one: a resource that is among the rows, to be named. */
static gboolean
flush_resources (HmStore *store, HmPgRows *rows, const HmResourceRow *one, GError **error)
{
  guint n = hm_pg_rows_count (rows);
  guint64 changes;

  if (!hm_pg_put_all (store, ST_RESOURCE_PUT, rows, "storing resources", &changes, error))
    return FALSE;
  if (changes == n)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
               n == 1 ? "resource %s is no longer at version %" G_GUINT64_FORMAT
                      : "resource %s, version %" G_GUINT64_FORMAT
                        ", or one that is written with it has moved on",
               one->resource, one->version);
  return FALSE;
}

static gboolean
put_resources (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("tttttttttitiiiiittitiiii");
  g_autoptr (GHashTable) spans = spans_of (batch);

  for (guint i = 0; i < batch->n_resources; i++)
    {
      const HmResourceRow *row = &batch->resources[i];
      g_autofree char *key = span_key (row->source, row->resource);

      if (!hm_pg_fits (store, row->version, "version", error))
        return FALSE;
      append_resource (rows, row, g_hash_table_lookup (spans, key));
      if ((hm_pg_rows_size (rows) >= PIECE || i + 1 == batch->n_resources)
          && !flush_resources (store, rows, row, error))
        return FALSE;
    }
  return TRUE;
}

/* -- usage -- */

static gboolean
remove_usage (HmStore *store, const HmRefold *refold, GError **error)
{
  HmPgQuery query;

  if (!hm_pg_query (store, ST_USAGE_REMOVE, &query, error))
    return FALSE;
  hm_pg_put_text (&query, refold->source);
  hm_pg_put_text (&query, refold->resource);
  hm_pg_put_time (&query, refold->from);
  hm_pg_put_time (&query, refold->held_from);
  return hm_pg_run (&query, "replacing usage", NULL, error);
}

static void
append_bucket (HmPgRows *rows, const HmBucket *bucket)
{
  gsize length;
  g_autofree char *cells = hm_bucket_cells_to_json (bucket, &length);

  hm_pg_rows_i64 (rows, bucket->grain);
  hm_pg_rows_text (rows, bucket->source);
  hm_pg_rows_text (rows, bucket->resource);
  hm_pg_rows_text (rows, bucket->agent);
  hm_pg_rows_text (rows, bucket->epoch);
  hm_pg_rows_text (rows, bucket->project);
  hm_pg_rows_text (rows, bucket->user);
  hm_pg_rows_text (rows, bucket->flavor);
  hm_pg_rows_i64 (rows, bucket->state);
  hm_pg_rows_bytes (rows, cells, length);
}

static gboolean
put_buckets (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("itttttttit");

  for (guint i = 0; i < batch->n_buckets; i++)
    {
      append_bucket (rows, batch->buckets[i]);
      if (!hm_pg_put_piece (store, ST_BUCKET_PUT, rows, "storing usage", error))
        return FALSE;
    }
  return hm_pg_put_all (store, ST_BUCKET_PUT, rows, "storing usage", NULL, error);
}

gboolean
hm_pg_put_resources (HmStore *store, const HmBatch *batch, GError **error)
{
  for (guint i = 0; i < batch->n_refolded; i++) /* before the rows' spans change below */
    if (!remove_usage (store, &batch->refolded[i], error))
      return FALSE;
  return put_resources (store, batch, error) && put_buckets (store, batch, error)
         && hm_pg_put_rollups (store, batch, error) && hm_pg_put_held (store, batch, error);
}

/* What came over no bus is given again by nobody: its commit waits for the disk, even where commits are said not to. */
static gboolean
make_durable (HmStore *store, const HmBatch *batch, GError **error)
{
  gboolean alone = FALSE;

  for (guint i = 0; !alone && i < batch->n_raw; i++)
    alone = batch->raw[i].partition == HM_PARTITION_NONE;
  for (guint i = 0; !alone && i < batch->n_dead_letters; i++)
    alone = batch->dead_letters[i].partition == HM_PARTITION_NONE;
  return !alone || hm_pg_execute (store, DURABLE, "making the transaction durable", error);
}

gboolean
hm_pg_write (HmStore *store, const HmBatch *batch, GError **error)
{
  return hm_pg_ready (store, error) && make_durable (store, batch, error)
         && hm_pg_partitions_make (store, batch, error) && hm_pg_put_raw (store, batch, error)
         && hm_pg_put_resources (store, batch, error) && hm_pg_put_counts (store, batch, error)
         && hm_pg_put_settled (store, batch, error) && hm_pg_put_bills (store, batch, error)
         && hm_pg_put_erasures (store, batch, error);
}
