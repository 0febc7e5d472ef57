/* SPDX-License-Identifier: Apache-2.0 */
/* proof_corrections: the lines of other statements that are about the same. A statement and its corrections add up to the figure. */
#include "cli/proof/proof_private.h"

typedef struct
{
  const HmProven *proven;
  GArray *
      numbers; /* (element-type gint64) of the statement and its corrections, but for the one that is proven */
  HmProving *proving;
  HmInt128 before;
} Correcting;

static gint64
original (const HmProven *proven)
{
  return proven->corrects != 0 ? proven->corrects : proven->statement;
}

static gboolean
note_statement (const HmStatementRow *row, gpointer user)
{
  Correcting *correcting = user;
  gint64 first = original (correcting->proven);

  if (row->number != correcting->proven->statement && (row->number == first || row->corrects == first))
    g_array_append_val (correcting->numbers, row->number);
  return TRUE;
}

static gboolean
is_same_line (const HmProven *proven, const HmStatementLine *row)
{
  return row->adjustment == 0 && g_strcmp0 (row->source, proven->source) == 0
         && g_strcmp0 (row->project, proven->project) == 0 && g_strcmp0 (row->user, proven->user) == 0
         && g_strcmp0 (row->resource, proven->resource) == 0 && g_strcmp0 (row->device, proven->device) == 0
         && g_strcmp0 (row->meter, proven->meter) == 0 && g_strcmp0 (row->unit, proven->unit) == 0;
}

static gboolean
show_line (const HmStatementLine *row, gpointer user)
{
  Correcting *correcting = user;
  const HmProven *proven = correcting->proven;
  gboolean earlier = row->number < proven->statement;
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, row->number, row->line);
  const HmProofRow shown = { .part = earlier ? "corrects" : "corrected-by",
                             .id = id,
                             .from = proven->from,
                             .to = proven->to,
                             .device = proven->device,
                             .counts = TRUE,
                             .quantity = row->quantity,
                             .covered_ns = row->covered_ns,
                             .flags = row->flags };

  if (!is_same_line (proven, row))
    return TRUE;
  if (earlier)
    correcting->before += row->quantity;
  hm_proof_row (correcting->proving, &shown);
  return TRUE;
}

gboolean
hm_proof_show_corrections (HmProving *proving, HmInt128 *ret_quantity, GError **error)
{
  const HmReading *r = &proving->reading;
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  Correcting correcting = { &proving->proven, numbers, proving, 0 };
  HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

  if (!r->ops->list_statements (r->store, &filter, note_statement, &correcting, error))
    return FALSE;
  for (guint i = 0; i < numbers->len; i++)
    {
      filter.number = g_array_index (numbers, gint64, i);
      if (!r->ops->list_lines (r->store, &filter, show_line, &correcting, error))
        return FALSE;
    }
  *ret_quantity = correcting.before + proving->proven.quantity;
  return TRUE;
}
