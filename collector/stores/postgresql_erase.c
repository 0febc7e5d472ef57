/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_erase: descriptions without the names in them, in place of what was there, and who has asked for that. Within the open
 * transaction, after the resources' rows, whose versions say that no other collector has added one meanwhile; what is listed, on the
 * connection's thread. */
#include "collector/stores/postgresql.h"

static gboolean
redact (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("itb");

  for (guint i = 0; i < batch->n_redacted; i++)
    {
      const HmRedactedRow *row = &batch->redacted[i];

      hm_pg_rows_i64 (rows, row->grain);
      hm_pg_rows_text (rows, row->sha256);
      hm_pg_rows_bytes (rows, row->value, row->length);
      if (!hm_pg_put_piece (store, ST_DESCRIPTION_REDACT, rows, "erasing descriptions", error))
        return FALSE;
    }
  return hm_pg_put_all (store, ST_DESCRIPTION_REDACT, rows, "erasing descriptions", NULL, error);
}

gboolean
hm_pg_put_erasures (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("ttttitti");

  for (guint i = 0; i < batch->n_erasures; i++)
    {
      const HmErasureRow *row = &batch->erasures[i];

      hm_pg_rows_text (rows, row->source);
      hm_pg_rows_text (rows, row->resource);
      hm_pg_rows_text (rows, row->project);
      hm_pg_rows_text (rows, row->user);
      hm_pg_rows_i64 (rows, (gint64)row->records);
      hm_pg_rows_text (rows, row->author);
      hm_pg_rows_text (rows, row->reason);
      hm_pg_rows_i64 (rows, row->made);
    }
  return redact (store, batch, error)
         && hm_pg_put_all (store, ST_ERASURE_ADD, rows, "storing an erasure", NULL, error);
}

static gboolean
erasure_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmErasureRow row = { .id = hm_pg_i64 (r, i, 0),
                             .source = hm_pg_text (r, i, 1),
                             .resource = hm_pg_text (r, i, 2),
                             .project = hm_pg_text (r, i, 3),
                             .user = hm_pg_text (r, i, 4),
                             .records = (guint64)hm_pg_i64 (r, i, 5),
                             .author = hm_pg_text (r, i, 6),
                             .reason = hm_pg_text (r, i, 7),
                             .made = hm_pg_i64 (r, i, 8) };

  return ((HmErasureVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_list_erasures (HmStore *store, HmErasureVisit visit, gpointer user, GError **error)
{
  return hm_pg_list_all (store, ST_LIST_ERASURES, (gpointer)visit, erasure_row, user, error);
}
