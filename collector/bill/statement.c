/* SPDX-License-Identifier: Apache-2.0 */
/* statement: sums by (source, project, user, resource, device, meter, unit, type). Each text is kept once, so that equal keys are equal
 * pointers; a line takes some 150 bytes, whatever its texts. */
#include "collector/bill/statement.h"

#include "metering/error.h"

struct HmStatementSum
{
  GStringChunk *text;
  GHashTable *lines;      /* (element-type HmStatementLine) a line is its own key */
  GPtrArray *adjustments; /* (element-type HmStatementLine) */
};

static guint
hash_line (gconstpointer key)
{
  const HmStatementLine *line = key;
  guint hash = g_direct_hash (line->resource);

  hash = hash * 31 + g_direct_hash (line->device);
  hash = hash * 31 + g_direct_hash (line->meter);
  hash = hash * 31 + g_direct_hash (line->project);
  return hash * 31 + g_direct_hash (line->user);
}

/* All texts are the sum's own. */
static gboolean
same_line (gconstpointer a, gconstpointer b)
{
  const HmStatementLine *left = a, *right = b;

  return left->source == right->source && left->project == right->project && left->user == right->user
         && left->resource == right->resource && left->device == right->device && left->meter == right->meter
         && left->unit == right->unit && left->type == right->type;
}

HmStatementSum *
hm_statement_sum_new (void)
{
  HmStatementSum *sum = g_new (HmStatementSum, 1);

  sum->text = g_string_chunk_new (1 << 16);
  sum->lines = g_hash_table_new_full (hash_line, same_line, g_free, NULL);
  sum->adjustments = g_ptr_array_new_with_free_func (g_free);
  return sum;
}

void
hm_statement_sum_free (HmStatementSum *sum)
{
  if (sum == NULL)
    return;
  g_hash_table_unref (sum->lines);
  g_ptr_array_unref (sum->adjustments);
  g_string_chunk_free (sum->text);
  g_free (sum);
}

static const char *
own (HmStatementSum *sum, const char *text)
{
  return g_string_chunk_insert_const (sum->text, text != NULL ? text : "");
}

/* @like, with texts of our own and nothing counted. */
static HmStatementLine
own_key (HmStatementSum *sum, const HmStatementLine *like)
{
  return (HmStatementLine){ .source = own (sum, like->source),
                            .project = own (sum, like->project),
                            .user = own (sum, like->user),
                            .resource = own (sum, like->resource),
                            .device = own (sum, like->device),
                            .meter = own (sum, like->meter),
                            .unit = own (sum, like->unit),
                            .type = like->type };
}

static HmStatementLine *
line_of (HmStatementSum *sum, const HmStatementLine *key)
{
  HmStatementLine *line = g_hash_table_lookup (sum->lines, key);

  if (line != NULL)
    return line;
  line = g_memdup2 (key, sizeof *key);
  g_hash_table_add (sum->lines, line);
  return line;
}

static gboolean
refuse (const HmStatementLine *line, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s of %s adds up to more than 128 bits hold", line->meter,
               line->resource);
  return FALSE;
}

gboolean
hm_statement_sum_add (HmStatementSum *sum, const HmBucket *bucket, GError **error)
{
  const HmStatementLine of_bucket = {
    .source = bucket->source, .project = bucket->project, .user = bucket->user, .resource = bucket->resource
  };
  HmStatementLine key = own_key (sum, &of_bucket);

  for (guint i = 0; i < bucket->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (bucket->cells, i);
      HmStatementLine *line;

      key.device = own (sum, cell->device);
      key.meter = own (sum, cell->meter);
      key.unit = own (sum, cell->unit);
      key.type = cell->type;
      line = line_of (sum, &key);
      line->flags |= cell->flags;
      if (__builtin_add_overflow (line->quantity, cell->quantity, &line->quantity)
          || __builtin_add_overflow (line->covered_ns, (HmInt128)cell->covered_ns, &line->covered_ns))
        return refuse (line, error);
    }
  return TRUE;
}

gboolean
hm_statement_sum_add_line (HmStatementSum *sum, const HmStatementLine *said, GError **error)
{
  HmStatementLine key = own_key (sum, said), *line = line_of (sum, &key);

  line->flags |= said->flags;
  if (!__builtin_add_overflow (line->quantity, said->quantity, &line->quantity)
      && !__builtin_add_overflow (line->covered_ns, said->covered_ns, &line->covered_ns))
    return TRUE;
  return refuse (line, error);
}

gboolean
hm_statement_sum_take_away (HmStatementSum *sum, const HmStatementLine *said, GError **error)
{
  HmStatementLine key, *line;

  if (said->adjustment != 0)
    return TRUE;
  key = own_key (sum, said);
  line = line_of (sum, &key);
  if (__builtin_sub_overflow (line->quantity, said->quantity, &line->quantity)
      || __builtin_sub_overflow (line->covered_ns, said->covered_ns, &line->covered_ns))
    return refuse (line, error);
  return TRUE;
}

void
hm_statement_sum_adjust (HmStatementSum *sum, const HmAdjustmentRow *row)
{
  const HmStatementLine like = { .source = row->source,
                                 .project = row->project,
                                 .user = row->user,
                                 .resource = row->resource,
                                 .device = row->device,
                                 .meter = row->meter,
                                 .unit = row->unit,
                                 .type = row->type };
  HmStatementLine line = own_key (sum, &like);

  line.quantity = row->quantity;
  line.adjustment = row->id;
  g_ptr_array_add (sum->adjustments, g_memdup2 (&line, sizeof line));
}

/* -- order -- */

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const HmStatementLine *left = *(const HmStatementLine *const *)a,
                        *right = *(const HmStatementLine *const *)b;
  const char *const texts[][2] = { { left->source, right->source }, { left->project, right->project },
                                   { left->user, right->user },     { left->resource, right->resource },
                                   { left->device, right->device }, { left->meter, right->meter },
                                   { left->unit, right->unit } };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      int order = texts[i][0] == texts[i][1] ? 0 : strcmp (texts[i][0], texts[i][1]);

      if (order != 0)
        return order;
    }
  if (left->adjustment != right->adjustment)
    return left->adjustment < right->adjustment ? -1 : 1;
  return (left->type > right->type) - (left->type < right->type);
}

GPtrArray *
hm_statement_sum_lines (HmStatementSum *sum, gint64 number, gboolean differences)
{
  GPtrArray *lines = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, sum->lines);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const HmStatementLine *line = key;

      if (!differences || line->quantity != 0 || line->covered_ns != 0)
        g_ptr_array_add (lines, key);
    }
  for (guint i = 0; i < sum->adjustments->len; i++)
    g_ptr_array_add (lines, sum->adjustments->pdata[i]);
  g_ptr_array_sort (lines, compare_lines);
  for (guint i = 0; i < lines->len; i++)
    {
      HmStatementLine *line = lines->pdata[i];

      line->number = number;
      line->line = i + 1;
    }
  return lines;
}
