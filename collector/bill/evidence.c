/* SPDX-License-Identifier: Apache-2.0 */
/* evidence: see evidence.h. Rows come in the order of their grains, so a day is complete as soon as one of a later day comes; no more than a
 * day's hashes are held. */
#include "collector/bill/evidence.h"

#include <string.h>

#define DAY_NS (86400 * HM_NSEC_PER_SEC)
#define CHUNK  500 /* raw rows that are read at a time */

typedef struct
{
  const HmStoreFilter *filter;
  HmEvidenceVisit visit;
  gpointer user;
  GArray *leaves; /* (element-type HmEvidenceLeaf) of: */
  HmTime day;
  guint read;
  HmTime grain;  /* of the last row that was read */
  GError *error; /* (nullable) */
} Making;

static void
clear_leaf (gpointer data)
{
  HmEvidenceLeaf *leaf = data;

  g_free (leaf->agent);
  g_free (leaf->epoch);
}

static int
compare_leaves (gconstpointer a, gconstpointer b)
{
  const HmEvidenceLeaf *left = a, *right = b;
  int order = strcmp (left->agent, right->agent);

  if (order == 0)
    order = strcmp (left->epoch, right->epoch);
  return order != 0 ? order : (left->seq > right->seq) - (left->seq < right->seq);
}

void
hm_evidence_sort (GArray *leaves)
{
  g_array_sort (leaves, compare_leaves);
}

static void
end_day (Making *making)
{
  char hex[2 * HM_HASH_BYTES + 1];
  const HmEvidenceRow row
      = { making->filter->source, making->filter->resource, making->day, making->leaves->len, hex };
  HmMerkle tree = { 0 };

  if (making->leaves->len == 0)
    return;
  hm_evidence_sort (making->leaves);
  for (guint i = 0; i < making->leaves->len; i++)
    hm_merkle_add_leaf (&tree, g_array_index (making->leaves, HmEvidenceLeaf, i).hash);
  hm_hash_print (hm_merkle_root (&tree), hex);
  g_array_set_size (making->leaves, 0);
  making->visit (&row, making->user);
}

static gboolean
add_leaf (const HmRawRow *row, gpointer user)
{
  Making *making = user;
  g_autofree char *entry = NULL;
  HmEvidenceLeaf leaf;

  making->read++;
  making->grain = row->grain;
  if (row->grain >= making->filter->to)
    return TRUE;
  entry = hm_merkle_raw_entry (row, &making->error);
  if (entry == NULL)
    return FALSE;
  if (row->grain - row->grain % DAY_NS != making->day)
    end_day (making);
  making->day = row->grain - row->grain % DAY_NS;
  leaf = (HmEvidenceLeaf){ g_strdup (row->agent), g_strdup (row->epoch), row->seq, row->received,
                           hm_merkle_leaf (entry, strlen (entry)) };
  g_array_append_val (making->leaves, leaf);
  return TRUE;
}

static gboolean
read_chunk (const HmStoreOps *ops, HmStore *store, HmTime from, Making *making, GError **error)
{
  const HmStoreFilter *filter = making->filter;

  making->read = 0;
  if (!ops->raw_load (store, filter->source, filter->resource, from, CHUNK, add_leaf, making, error))
    return FALSE;
  if (making->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&making->error));
  return FALSE;
}

/* What of the last day is left in the end is the caller's. */
static gboolean
read_all (const HmStoreOps *ops, HmStore *store, Making *making, GError **error)
{
  making->leaves = g_array_new (FALSE, FALSE, sizeof (HmEvidenceLeaf));
  making->grain = making->filter->from - 1;
  g_array_set_clear_func (making->leaves, clear_leaf);
  do
    if (!read_chunk (ops, store, making->grain + 1, making, error))
      return FALSE;
  while (making->read >= CHUNK && making->grain < making->filter->to);
  return TRUE;
}

gboolean
hm_evidence_make (const HmStoreOps *ops, HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit,
                  gpointer user, GError **error)
{
  Making making = { .filter = filter, .visit = visit, .user = user };
  gboolean done = read_all (ops, store, &making, error);

  if (done)
    end_day (&making);
  g_array_unref (making.leaves);
  return done;
}

GArray *
hm_evidence_leaves (const HmStoreOps *ops, HmStore *store, const char *source, const char *resource,
                    HmTime day, GError **error)
{
  const HmStoreFilter filter = { .from = day, .to = day + DAY_NS, .source = source, .resource = resource };
  Making making = { .filter = &filter };

  if (read_all (ops, store, &making, error))
    {
      hm_evidence_sort (making.leaves);
      return making.leaves;
    }
  g_array_unref (making.leaves);
  return NULL;
}
