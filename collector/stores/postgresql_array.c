/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_array: the values of many rows, column by column, as PostgreSQL's binary arrays: one statement then writes
 * all rows (INSERT … SELECT … FROM unnest (…)). Plain memory; any thread. */
#include "collector/stores/postgresql.h"

#include <string.h>

/* Types' numbers, fixed by PostgreSQL (pg_type.dat). */
#define OID_BOOL  16
#define OID_BYTEA 17
#define OID_INT8  20
#define OID_TEXT  25

/* Dimensions, whether there are NULLs, type, number of elements, first index. */
#define HEADER_LENGTH    20
#define AT_NULLS         4
#define AT_TYPE          8
#define AT_COUNT         12
#define AT_FIRST         16
#define ARRAY_DIMENSIONS 1

struct HmPgRows
{
  GByteArray **columns;
  gint32 *counts;
  gboolean *nulls;
  char *types;
  guint n, at;
  gsize size;
};

static void
store_i32 (guint8 *at, gint32 number)
{
  guint32 bytes = GUINT32_TO_BE ((guint32)number);

  memcpy (at, &bytes, sizeof bytes);
}

void
hm_pg_append_i32 (GByteArray *bytes, gint32 number)
{
  guint8 four[4];

  store_i32 (four, number);
  g_byte_array_append (bytes, four, sizeof four);
}

void
hm_pg_append_i64 (GByteArray *bytes, gint64 number)
{
  guint64 eight = GUINT64_TO_BE ((guint64)number);

  g_byte_array_append (bytes, (const guint8 *)&eight, sizeof eight);
}

HmPgRows *
hm_pg_rows_new (const char *types)
{
  HmPgRows *rows = g_new0 (HmPgRows, 1);

  rows->types = g_strdup (types);
  rows->n = (guint)strlen (types);
  rows->columns = g_new (GByteArray *, rows->n);
  rows->counts = g_new0 (gint32, rows->n);
  rows->nulls = g_new0 (gboolean, rows->n);
  for (guint i = 0; i < rows->n; i++)
    rows->columns[i] = g_byte_array_new ();
  hm_pg_rows_clear (rows);
  return rows;
}

void
hm_pg_rows_free (HmPgRows *rows)
{
  if (rows == NULL)
    return;
  for (guint i = 0; i < rows->n; i++)
    g_byte_array_unref (rows->columns[i]);
  g_free (rows->columns);
  g_free (rows->counts);
  g_free (rows->nulls);
  g_free (rows->types);
  g_free (rows);
}

void
hm_pg_rows_clear (HmPgRows *rows)
{
  for (guint i = 0; i < rows->n; i++)
    {
      g_byte_array_set_size (rows->columns[i], HEADER_LENGTH);
      rows->counts[i] = 0;
      rows->nulls[i] = FALSE;
    }
  rows->at = 0;
  rows->size = 0;
}

/* -- values -- */

static GByteArray *
next_column (HmPgRows *rows, char type)
{
  guint i = rows->at++ % rows->n;

  g_assert (rows->types[i] == type);
  rows->counts[i]++;
  return rows->columns[i];
}

void
hm_pg_rows_bytes (HmPgRows *rows, const void *bytes, gsize length)
{
  guint i = rows->at % rows->n;
  GByteArray *column = next_column (rows, rows->types[i]);

  rows->nulls[i] |= bytes == NULL;
  hm_pg_append_i32 (column, bytes != NULL ? (gint32)length : -1);
  if (bytes != NULL)
    g_byte_array_append (column, bytes, (guint)length);
  rows->size += length + 4;
}

void
hm_pg_rows_text (HmPgRows *rows, const char *text)
{
  hm_pg_rows_bytes (rows, text, text != NULL ? strlen (text) : 0);
}

void
hm_pg_rows_i64 (HmPgRows *rows, gint64 number)
{
  GByteArray *column = next_column (rows, 'i');

  hm_pg_append_i32 (column, sizeof number);
  hm_pg_append_i64 (column, number);
  rows->size += sizeof number + 4;
}

void
hm_pg_rows_time (HmPgRows *rows, HmTime time)
{
  if (time != HM_TIME_UNKNOWN)
    hm_pg_rows_i64 (rows, time);
  else
    hm_pg_rows_bytes (rows, NULL, 0);
}

void
hm_pg_rows_bool (HmPgRows *rows, gboolean value)
{
  const guint8 byte = value ? 1 : 0;

  hm_pg_rows_bytes (rows, &byte, sizeof byte);
}

void
hm_pg_rows_int128 (HmPgRows *rows, HmInt128 number)
{
  char text[HM_NUMBER_MAX];

  hm_int128_print (number, 0, text);
  hm_pg_rows_text (rows, text);
}

/* -- the whole -- */

static gint32
type_of (char letter)
{
  switch (letter)
    {
    case 't':
      return OID_TEXT;
    case 'b':
      return OID_BYTEA;
    case 'o':
      return OID_BOOL;
    default:
      return OID_INT8;
    }
}

const GByteArray *
hm_pg_rows_column (HmPgRows *rows, guint i)
{
  guint8 *header = rows->columns[i]->data;

  store_i32 (header, ARRAY_DIMENSIONS);
  store_i32 (header + AT_NULLS, rows->nulls[i]);
  store_i32 (header + AT_TYPE, type_of (rows->types[i]));
  store_i32 (header + AT_COUNT, rows->counts[i]);
  store_i32 (header + AT_FIRST, 1);
  return rows->columns[i];
}

guint
hm_pg_rows_columns (const HmPgRows *rows)
{
  return rows->n;
}

guint
hm_pg_rows_count (const HmPgRows *rows)
{
  return rows->at / rows->n;
}

gsize
hm_pg_rows_size (const HmPgRows *rows)
{
  return rows->size;
}
