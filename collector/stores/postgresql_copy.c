/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_copy: raw records, by COPY in binary form straight into the table: the fastest way in, and the one part of
 * the transaction where the server waits for the collector. A key that is there already fails the whole COPY, as a
 * constraint does: HM_ERROR_DATA, and the caller's to take apart. The storing thread. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"
#include "metering/signature.h"

#include <string.h>

#define COPY_RAW                                                                                             \
  "COPY raw (grain, source, resource, agent, epoch, seq, time, schema, topic, partition, \"offset\", "       \
  "appended, received, signature, verified, sha256, value) FROM STDIN (FORMAT binary)"
#define COPY_COLUMNS 17
#define PIECE        (256 * 1024) /* bytes that are handed over at once */

/* -- descriptions: their bytes lie apart -- */

static gboolean
add_descriptions (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("itb");
  HmPgQuery query;
  char sha256[65];

  for (guint i = 0; i < batch->n_raw; i++)
    if (batch->raw[i].description)
      {
        hm_sha256_hex (batch->raw[i].value, batch->raw[i].length, sha256);
        hm_pg_rows_i64 (rows, batch->raw[i].grain);
        hm_pg_rows_text (rows, sha256);
        hm_pg_rows_bytes (rows, batch->raw[i].value, batch->raw[i].length);
      }
  if (hm_pg_rows_count (rows) == 0)
    return TRUE;
  if (!hm_pg_query (store, ST_DESCRIPTION_ADD, &query, error))
    return FALSE;
  hm_pg_put_rows (&query, rows);
  return hm_pg_run (&query, "storing descriptions", NULL, error);
}

/* -- one record -- */

static void
append_bytes (GByteArray *bytes, const void *value, gsize length)
{
  hm_pg_append_i32 (bytes, value != NULL ? (gint32)length : -1);
  if (value != NULL)
    g_byte_array_append (bytes, value, (guint)length);
}

static void
append_text (GByteArray *bytes, const char *text)
{
  append_bytes (bytes, text, text != NULL ? strlen (text) : 0);
}

static void
append_number (GByteArray *bytes, gint64 number)
{
  hm_pg_append_i32 (bytes, sizeof number);
  hm_pg_append_i64 (bytes, number);
}

static void
append_row (GByteArray *bytes, const HmRawRow *row)
{
  const guint8 columns[] = { 0, COPY_COLUMNS }, verified = row->verified ? 1 : 0;
  char sha256[65];

  if (row->description)
    hm_sha256_hex (row->value, row->length, sha256);
  g_byte_array_append (bytes, columns, sizeof columns);
  append_number (bytes, row->grain);
  append_text (bytes, row->source);
  append_text (bytes, row->resource);
  append_text (bytes, row->agent);
  append_text (bytes, row->epoch);
  append_number (bytes, (gint64)row->seq);
  append_number (bytes, row->time);
  append_text (bytes, row->schema);
  append_text (bytes, row->topic);
  append_number (bytes, row->partition);
  append_number (bytes, row->offset);
  append_number (bytes, row->appended);
  append_number (bytes, row->received);
  append_text (bytes, row->signature);
  append_bytes (bytes, &verified, sizeof verified);
  append_text (bytes, row->description ? sha256 : NULL);
  append_bytes (bytes, row->description ? NULL : row->value, row->length);
}

/* -- all of them -- */

static gboolean
hand_over (HmStore *store, GByteArray *bytes)
{
  gboolean sent
      = PQputCopyData (store->db, (const char *)bytes->data, (int)bytes->len) == 1 && hm_pg_wait_sent (store);

  g_byte_array_set_size (bytes, 0);
  return sent;
}

/* FALSE: the connection is lost. What the server refuses it says at the end. */
static gboolean
send_rows (HmStore *store, const HmBatch *batch)
{
  static const guint8 head[19] = "PGCOPY\n\377\r\n\0", tail[2] = { 0xff, 0xff };
  g_autoptr (GByteArray) bytes = g_byte_array_sized_new (2 * PIECE);
  gboolean sent = TRUE;

  g_byte_array_append (bytes, head, sizeof head);
  for (guint i = 0; sent && i < batch->n_raw; i++)
    {
      append_row (bytes, &batch->raw[i]);
      if (bytes->len >= PIECE)
        sent = hand_over (store, bytes);
    }
  g_byte_array_append (bytes, tail, sizeof tail);
  return sent && hand_over (store, bytes) && PQputCopyEnd (store->db, NULL) == 1 && hm_pg_wait_sent (store);
}

static gboolean
finish (HmStore *store, PGresult *result, gboolean sent, GError **error)
{
  gboolean done = sent && PQresultStatus (result) == PGRES_COMMAND_OK;

  if (!done)
    hm_pg_fail (store, result, "storing records", error);
  PQclear (result);
  return done;
}

/* Without blocking, or a server that waits for a lock would hold this thread, which then could not look who has it. */
static gboolean
copy_rows (HmStore *store, const HmBatch *batch, GError **error)
{
  PGresult *result;
  gboolean sent;

  if (!hm_pg_ready (store, error))
    return FALSE;
  result = hm_pg_send (store, COPY_RAW);
  if (PQresultStatus (result) != PGRES_COPY_IN)
    return finish (store, result, FALSE, error);
  PQclear (result);
  PQsetnonblocking (store->db, 1);
  sent = send_rows (store, batch);
  PQsetnonblocking (store->db, 0);
  return finish (store, hm_pg_answer (store), sent, error);
}

gboolean
hm_pg_put_raw (HmStore *store, const HmBatch *batch, GError **error)
{
  for (guint i = 0; i < batch->n_raw; i++)
    if (!hm_pg_fits (store, batch->raw[i].seq, "sequence number", error))
      return FALSE;
  return batch->n_raw == 0 || (add_descriptions (store, batch, error) && copy_rows (store, batch, error));
}
