/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_erase: descriptions without the names in them, in place of what was there, and who has asked for that. In the transaction of
 * sqlite_transaction.c; what is listed, on the connection's thread. */
#include "collector/stores/sqlite.h"

/* What this connection lets go of from now on is overwritten in the file, too; some builds of SQLite do nothing else. */
gboolean
hm_sqlite_overwrite (HmStore *store, GError **error)
{
  return sqlite3_exec (store->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL) == SQLITE_OK
         || hm_sqlite_fail (store, "erasing", error);
}

static gboolean
redact (HmStore *store, gconstpointer row, GError **error)
{
  const HmRedactedRow *redacted = row;
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_DESCRIPTION_REDACT, &query, error))
    return FALSE;
  hm_sqlite_put_i64 (&query, redacted->grain);
  hm_sqlite_put_text (&query, redacted->sha256);
  hm_sqlite_put_blob (&query, redacted->value, redacted->length);
  return hm_sqlite_run (&query, "erasing a description", NULL, error);
}

static gboolean
add_erasure (HmStore *store, gconstpointer row, GError **error)
{
  const HmErasureRow *erasure = row;
  HmSqliteQuery query;

  if (!hm_sqlite_query (store, ST_ERASURE_ADD, &query, error))
    return FALSE;
  hm_sqlite_put_text (&query, erasure->source);
  hm_sqlite_put_text (&query, erasure->resource);
  hm_sqlite_put_text (&query, erasure->project);
  hm_sqlite_put_text (&query, erasure->user);
  hm_sqlite_put_i64 (&query, (gint64)erasure->records);
  hm_sqlite_put_text (&query, erasure->author);
  hm_sqlite_put_text (&query, erasure->reason);
  hm_sqlite_put_i64 (&query, erasure->made);
  return hm_sqlite_run (&query, "storing an erasure", NULL, error);
}

gboolean
hm_sqlite_write_erasures (HmStore *store, const HmBatch *batch, GError **error)
{
  const HmSqlitePart parts[] = {
    { batch->redacted, sizeof *batch->redacted, batch->n_redacted, redact },
    { batch->erasures, sizeof *batch->erasures, batch->n_erasures, add_erasure },
  };

  return hm_sqlite_write_parts (store, parts, G_N_ELEMENTS (parts), error);
}

static gboolean
erasure_row (sqlite3_stmt *st, gpointer user)
{
  HmSqliteVisit *visit = user;
  const HmErasureRow row = { .id = sqlite3_column_int64 (st, 0),
                             .source = hm_sqlite_text (st, 1),
                             .resource = hm_sqlite_text (st, 2),
                             .project = hm_sqlite_text (st, 3),
                             .user = hm_sqlite_text (st, 4),
                             .records = (guint64)sqlite3_column_int64 (st, 5),
                             .author = hm_sqlite_text (st, 6),
                             .reason = hm_sqlite_text (st, 7),
                             .made = sqlite3_column_int64 (st, 8) };

  return ((HmErasureVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_sqlite_list_erasures (HmStore *store, HmErasureVisit visit, gpointer user, GError **error)
{
  HmSqliteVisit each = { store, (gpointer)visit, user, NULL };
  HmSqliteQuery query;

  return hm_sqlite_query (store, ST_LIST_ERASURES, &query, error)
         && hm_sqlite_visit (&query, &each, erasure_row, error);
}
