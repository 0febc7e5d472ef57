/* SPDX-License-Identifier: Apache-2.0 */
/* bucket_json: the cells of a row as the store keeps them; docs/store.md is the reference of the form.
 *
 * The engine writes every changed row with every commit, so this is the text that is written most often of
 * all: members have short names, are left out where they say nothing, and go straight into one buffer.
 * bucket_read.c is the way back. Any thread. */
#include "collector/usage/bucket.h"

#include <string.h>

#define LIMBS 5

/* Appends a text that is known when this is compiled. */
#define PUT(out, literal) g_string_append_len (out, "" literal, sizeof (literal) - 1)

static void
put_value (GString *out, HmValue value)
{
  char text[HM_NUMBER_MAX];
  gsize length = hm_value_print (value, text);

  g_string_append_len (out, text, (gssize)length);
}

static void
put_i64 (GString *out, gint64 number)
{
  put_value (out, (HmValue){ HM_VALUE_I64, { .i64 = number } });
}

/* Beyond what other readers keep of a number, in quotes. */
static void
put_wide (GString *out, HmValue value)
{
  gboolean safe = value.type == HM_VALUE_DOUBLE
                  || (value.type == HM_VALUE_U64 ? value.u64 < G_GUINT64_CONSTANT (1) << 53
                                                 : ABS (value.i64 / 2) < G_GINT64_CONSTANT (1) << 52);

  if (!safe)
    PUT (out, "\"");
  put_value (out, value);
  if (!safe)
    PUT (out, "\"");
}

static gboolean
must_escape (char c)
{
  return c == '"' || c == '\\' || (guchar)c < 0x20;
}

/* @text is UTF-8: it came through a decoder. */
static void
put_text (GString *out, const char *text)
{
  PUT (out, "\"");
  while (*text != '\0')
    {
      gsize plain = 0;

      while (text[plain] != '\0' && !must_escape (text[plain]))
        plain++;
      g_string_append_len (out, text, (gssize)plain);
      text += plain;
      if (*text != '\0')
        g_string_append_printf (out, "\\u%04x", (guint)*text++);
    }
  PUT (out, "\"");
}

static void
put_quantity (GString *out, HmInt128 quantity)
{
  gint64 limbs[LIMBS];
  guint n = LIMBS;

  hm_limbs_from_int128 (quantity, limbs);
  while (n > 0 && limbs[n - 1] == 0)
    n--;
  PUT (out, ",\"q\":[");
  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        PUT (out, ",");
      put_i64 (out, limbs[i]);
    }
  PUT (out, "]");
}

static void
put_key (GString *out, const HmCell *cell)
{
  static const char types[] = { [HM_CUMULATIVE] = 'c', [HM_GAUGE] = 'g', [HM_DELTA] = 'd' };

  PUT (out, "{\"m\":");
  put_text (out, cell->meter);
  if (*cell->device != '\0')
    {
      PUT (out, ",\"d\":");
      put_text (out, cell->device);
    }
  if (*cell->epoch != '\0')
    {
      PUT (out, ",\"e\":");
      put_text (out, cell->epoch);
    }
  PUT (out, ",\"t\":\"");
  g_string_append_c (out, types[cell->type]);
  PUT (out, "\",\"u\":");
  put_text (out, cell->unit);
}

static void
put_samples (GString *out, const HmCell *cell)
{
  PUT (out, ",\"n\":");
  put_wide (out, (HmValue){ HM_VALUE_U64, { .u64 = cell->count } });
  PUT (out, ",\"l\":");
  put_wide (out, (HmValue){ HM_VALUE_I64, { .i64 = cell->last_time } });
  if (!cell->has_range)
    return;
  PUT (out, ",\"min\":");
  put_wide (out, cell->min);
  PUT (out, ",\"max\":");
  put_wide (out, cell->max);
  PUT (out, ",\"last\":");
  put_wide (out, cell->last);
}

static void
put_cell (GString *out, const HmCell *cell)
{
  put_key (out, cell);
  put_quantity (out, cell->quantity);
  PUT (out, ",\"c\":");
  put_wide (out, (HmValue){ HM_VALUE_I64, { .i64 = cell->covered_ns } });
  if (cell->flags != 0)
    {
      PUT (out, ",\"f\":");
      put_i64 (out, cell->flags);
    }
  if (cell->count > 0)
    put_samples (out, cell);
  PUT (out, "}");
}

char *
hm_bucket_cells_to_json (const HmBucket *bucket, gsize *ret_length)
{
  GString *out = g_string_sized_new (192 * bucket->cells->len + 16);

  PUT (out, "[");
  for (guint i = 0; i < bucket->cells->len; i++)
    {
      if (i > 0)
        PUT (out, ",");
      put_cell (out, g_ptr_array_index (bucket->cells, i));
    }
  PUT (out, "]");
  if (ret_length != NULL)
    *ret_length = out->len;
  return g_string_free (out, FALSE);
}
