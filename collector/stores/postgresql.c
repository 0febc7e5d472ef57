/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql: a store in a PostgreSQL database, for as many collectors as there are; the command line reads it at the
 * same time.
 *
 * READ COMMITTED: whatever two collectors could both change is compared (offsets, versions) or added, so nothing rests on
 * what a transaction saw earlier. One connection, one thread; a lost one is made anew by the next call.
 *
 * The parts: postgresql_connection.c (how it is made, what refusals mean), postgresql_schema.c (migrations), _text.c (the
 * SQL) and _text_bill.c, _query.c and _array.c (parameters and results), _patience.c (waiting), _transaction.c, _write.c with
 * _copy.c, _count.c, _settle.c, _held.c, _bill.c and _partition.c (what a batch writes), _read.c, _list.c and _row.c with
 * _list_bill.c and _row_bill.c, _usage.c, _prune.c. */
#include "collector/stores/postgresql.h"

static void
close_store (HmStore *store)
{
  if (store == NULL)
    return;
  PQfinish (store->db);
  hm_bucket_free (store->row);
  g_hash_table_unref (store->partitions);
  g_free (store->url);
  g_free (store->name);
  g_free (store);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmStore, close_store)

static HmStore *
open_store (const char *url, HmStoreMode mode, gint64 grain_ns, GError **error)
{
  g_autoptr (HmStore) store = g_new0 (HmStore, 1);

  store->mode = mode;
  store->partitions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!hm_pg_address (store, url, error) || !hm_pg_ready (store, error)
      || !hm_pg_schema_open (store, grain_ns, error))
    return NULL;
  return g_steal_pointer (&store);
}

static gint64
grain (HmStore *store)
{
  return store->grain_ns;
}

static gboolean
check (const char *url, GError **error)
{
  HmStore store = { .url = NULL };
  gboolean good = hm_pg_address (&store, url, error);

  g_free (store.url);
  g_free (store.name);
  return good;
}

static gboolean
look (const char *url, const char *made, GError **error)
{
  (void)made;
  return hm_pg_check_files (url, error);
}

static const HmStoreOps ops = {
  .check = check,
  .look = look,
  .open = open_store,
  .close = close_store,
  .grain = grain,
  .setting = hm_pg_setting,
  .offset_get = hm_pg_offset_get,
  .offset_init = hm_pg_offset_init,
  .begin = hm_pg_begin,
  .write = hm_pg_write,
  .commit = hm_pg_commit,
  .rollback = hm_pg_rollback,
  .resource_load = hm_pg_resource_load,
  .buckets_load = hm_pg_buckets_load,
  .usage_load = hm_pg_usage_load,
  .raw_load = hm_pg_raw_load,
  .raw_find = hm_pg_raw_find,
  .dead_letter_find = hm_pg_dead_letter_find,
  .pass_over = hm_pg_pass_over,
  .message_find = hm_pg_message_find,
  .dead_letter_get = hm_pg_dead_letter_get,
  .prune = hm_pg_prune,
  .lease = hm_pg_lease,
  .offset_reached = hm_pg_offset_reached,
  .lock_periods = hm_pg_lock_periods,
  .keep_alive = hm_pg_keep_alive,
  .request_add = hm_pg_request_add,
  .list_requests = hm_pg_list_requests,
  .list_buckets = hm_pg_list_buckets,
  .list_resources = hm_pg_list_resources,
  .list_raw = hm_pg_list_raw,
  .list_dead_letters = hm_pg_list_dead_letters,
  .list_meters = hm_pg_list_meters,
  .list_agents = hm_pg_list_agents,
  .list_offsets = hm_pg_list_offsets,
  .list_gaps = hm_pg_list_gaps,
  .list_bins = hm_pg_list_bins,
  .list_losses = hm_pg_list_losses,
  .list_anomalies = hm_pg_list_anomalies,
  .list_usage = hm_pg_list_usage,
  .list_held = hm_pg_list_held,
  .list_decisions = hm_pg_list_decisions,
  .list_policies = hm_pg_list_policies,
  .list_evidence = hm_pg_list_evidence,
  .list_periods = hm_pg_list_periods,
  .list_statements = hm_pg_list_statements,
  .list_lines = hm_pg_list_lines,
  .list_adjustments = hm_pg_list_adjustments,
  .list_erasures = hm_pg_list_erasures,
  .status = hm_pg_status,
  .size = hm_pg_size,
};

HM_PLUGIN (postgresql, .ns = HM_NS_STORE, .summary = "Keeps usage and evidence in a PostgreSQL database",
           .store = &ops);
