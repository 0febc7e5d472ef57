/* SPDX-License-Identifier: Apache-2.0 */
/* merkle: see merkle.h. The chore that rolls up days makes a tree for each (engine_roll.c), a close one for its statement, and whoever proves a line
 * climbs both. */
#include "collector/bill/merkle.h"

#include <string.h>

#include "metering/error.h"
#include "metering/record.h"
#include "metering/signature.h"

HmHash
hm_merkle_leaf (gconstpointer entry, gsize length)
{
  g_autofree guint8 *bytes = g_malloc (length + 1);
  HmHash hash;

  bytes[0] = 0;
  memcpy (bytes + 1, entry, length);
  hm_sha256 (bytes, length + 1, hash.bytes);
  return hash;
}

static HmHash
node (HmHash left, HmHash right)
{
  guint8 bytes[1 + 2 * HM_HASH_BYTES] = { 1 };
  HmHash hash;

  memcpy (bytes + 1, left.bytes, HM_HASH_BYTES);
  memcpy (bytes + 1 + HM_HASH_BYTES, right.bytes, HM_HASH_BYTES);
  hm_sha256 (bytes, sizeof bytes, hash.bytes);
  return hash;
}

/* As a binary number is counted up: each one that is carried joins two subtrees of the same size. */
void
hm_merkle_add_leaf (HmMerkle *tree, HmHash leaf)
{
  for (guint64 carry = tree->leaves; (carry & 1) != 0; carry >>= 1)
    leaf = node (tree->whole[--tree->depth], leaf);
  tree->whole[tree->depth++] = leaf;
  tree->leaves++;
}

void
hm_merkle_add (HmMerkle *tree, gconstpointer entry, gsize length)
{
  hm_merkle_add_leaf (tree, hm_merkle_leaf (entry, length));
}

HmHash
hm_merkle_root (const HmMerkle *tree)
{
  HmHash root;
  guint i = tree->depth;

  if (i == 0)
    {
      hm_sha256 ("", 0, root.bytes);
      return root;
    }
  root = tree->whole[--i];
  while (i-- > 0)
    root = node (tree->whole[i], root);
  return root;
}

/* -- paths -- */

/* The last one of an odd number goes up as it is: so the left one of two subtrees is always the largest that is complete. */
static GArray *
level_above (const GArray *below)
{
  GArray *level = g_array_sized_new (FALSE, FALSE, sizeof (HmHash), (below->len + 1) / 2);

  for (guint i = 0; i < below->len; i += 2)
    {
      HmHash hash = g_array_index (below, HmHash, i);

      if (i + 1 < below->len)
        hash = node (hash, g_array_index (below, HmHash, i + 1));
      g_array_append_val (level, hash);
    }
  return level;
}

GPtrArray *
hm_merkle_levels (GArray *leaves)
{
  GPtrArray *levels = g_ptr_array_new_with_free_func ((GDestroyNotify)g_array_unref);

  for (GArray *level = leaves; level != NULL; level = level->len > 1 ? level_above (level) : NULL)
    g_ptr_array_add (levels, level);
  return levels;
}

GArray *
hm_merkle_path (const GPtrArray *levels, guint index)
{
  GArray *path = g_array_new (FALSE, FALSE, sizeof (HmHash));

  for (guint i = 0; i < levels->len; i++, index /= 2)
    {
      const GArray *level = levels->pdata[i];
      guint sibling = index ^ 1;

      g_return_val_if_fail (index < level->len, path);
      if (sibling < level->len)
        g_array_append_vals (path, &g_array_index (level, HmHash, sibling), 1);
    }
  return path;
}

void
hm_hash_print (HmHash hash, char ret_hex[2 * HM_HASH_BYTES + 1])
{
  static const char digits[] = "0123456789abcdef";

  for (guint i = 0; i < HM_HASH_BYTES; i++)
    {
      ret_hex[2 * i] = digits[hash.bytes[i] >> 4];
      ret_hex[2 * i + 1] = digits[hash.bytes[i] & 15];
    }
  ret_hex[2 * HM_HASH_BYTES] = '\0';
}

/* -- entries -- */

char *
hm_merkle_raw_entry (const HmRawRow *row, GError **error)
{
  HmRecord record = { .agent = { .id = row->agent, .epoch = row->epoch }, .seq = row->seq };
  g_autofree char *id = NULL;
  char hex[65];

  record.resource.id = row->resource;
  id = hm_record_id (&record);
  if (row->sha256 == NULL && row->value == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA,
                   "the bytes of record %s are gone, and there is no hash of them", id);
      return NULL;
    }
  if (row->sha256 == NULL)
    hm_sha256_hex (row->value, row->length, hex);
  return g_strdup_printf ("%s\n%s\n%s\n", id, row->sha256 != NULL ? row->sha256 : hex,
                          row->signature != NULL ? row->signature : "");
}

char *
hm_merkle_evidence_entry (const HmEvidenceRow *row)
{
  char day[HM_TIME_TEXT_MAX];

  hm_time_print (row->day, day);
  return g_strdup_printf ("%.10s\n%s\n%s\n%" G_GUINT64_FORMAT "\n%s\n", day, row->source, row->resource,
                          row->records, row->root);
}
