/* SPDX-License-Identifier: Apache-2.0 */
/* statement_write: the hash over the lines, the root over the evidence, and the rows in slices. */
#include "collector/bill/statement_write.h"

#include "collector/bill/merkle.h"

#define SLICE  1000 /* lines in one write, and between two words to the store */
#define DAY_NS (24 * 3600 * HM_NSEC_PER_SEC)
#define HEX    (2 * HM_HASH_BYTES + 1)

static gboolean
keep_alive (const HmStatementWriter *writer, GError **error)
{
  return writer->ops->keep_alive == NULL || writer->ops->keep_alive (writer->store, error);
}

char *
hm_statement_hash (const HmStatementWriter *writer, const GPtrArray *lines, GError **error)
{
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < lines->len; i++)
    {
      g_autofree char *text = hm_statement_line_to_json (lines->pdata[i], error);

      if (text == NULL || (i % SLICE == SLICE - 1 && !keep_alive (writer, error)))
        return NULL;
      g_checksum_update (hash, (const guchar *)text, -1);
    }
  return g_strdup (g_checksum_get_string (hash));
}

typedef struct
{
  HmMerkle tree;
  guint64 records;
} Evidence;

static gboolean
add_evidence (const HmEvidenceRow *row, gpointer user)
{
  Evidence *evidence = user;
  g_autofree char *entry = hm_merkle_evidence_entry (row);

  hm_merkle_add (&evidence->tree, entry, strlen (entry));
  evidence->records += row->records;
  return TRUE;
}

/* Of each day of UTC that has time in common with the period. */
static gboolean
read_evidence (const HmStatementWriter *writer, const HmPeriodRow *period, Evidence *ret_evidence,
               GError **error)
{
  const HmStoreFilter filter = { .from = period->from - period->from % DAY_NS,
                                 .to = period->to + (DAY_NS - period->to % DAY_NS) % DAY_NS };

  *ret_evidence = (Evidence){ .records = 0 };
  return writer->ops->list_evidence == NULL
         || writer->ops->list_evidence (writer->store, &filter, add_evidence, ret_evidence, error);
}

static gboolean
write_lines (const HmStatementWriter *writer, const GPtrArray *lines, GError **error)
{
  g_autoptr (GArray) slice = g_array_new (FALSE, FALSE, sizeof (HmStatementLine));

  for (guint i = 0; i < lines->len; i++)
    {
      g_array_append_vals (slice, lines->pdata[i], 1);
      if (slice->len == SLICE || i + 1 == lines->len)
        {
          const HmBatch batch
              = { .lines = (const HmStatementLine *)(gpointer)slice->data, .n_lines = slice->len };

          if (!writer->ops->write (writer->store, &batch, error))
            return FALSE;
          g_array_set_size (slice, 0);
        }
    }
  return TRUE;
}

static gboolean
write_head (const HmStatementWriter *writer, const HmPeriodRow *period, const HmStatementRow *statement,
            const GArray *adjusted, GError **error)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (HmAdjustmentRow));
  HmBatch batch = { .periods = period, .n_periods = 1, .statements = statement, .n_statements = 1 };

  for (guint i = 0; adjusted != NULL && i < adjusted->len; i++)
    {
      const HmAdjustmentRow row
          = { .id = g_array_index (adjusted, gint64, i), .statement = statement->number };

      g_array_append_val (rows, row);
    }
  batch.adjustments = (const HmAdjustmentRow *)(gpointer)rows->data;
  batch.n_adjustments = rows->len;
  return writer->ops->write (writer->store, &batch, error);
}

gboolean
hm_statement_write (HmStatementWriter *writer, const HmPeriodRow *period, gint64 corrects,
                    const GPtrArray *lines, const GArray *adjusted, GError **error)
{
  g_autofree char *sha256 = hm_statement_hash (writer, lines, error);
  char root[HEX];
  Evidence evidence;
  HmStatementRow row = { .number = writer->last + 1,
                         .period = period->id,
                         .corrects = corrects,
                         .made = writer->made,
                         .author = writer->author,
                         .lines = lines->len,
                         .sha256 = sha256,
                         .root = root,
                         .missing = period->accepted };

  if (sha256 == NULL || !read_evidence (writer, period, &evidence, error))
    return FALSE;
  hm_hash_print (hm_merkle_root (&evidence.tree), root);
  row.records = evidence.records;
  if (!write_head (writer, period, &row, adjusted, error) || !write_lines (writer, lines, error))
    return FALSE;
  writer->last++;
  return TRUE;
}
