/* SPDX-License-Identifier: Apache-2.0 */
/* merkle: one hash over many things, from which each can be shown to be among them with a few more hashes.
 *
 * The tree is that of RFC 6962, section 2.1: a leaf is SHA-256 of a zero byte and the entry, a node SHA-256 of a one byte and its two
 * children; of n leaves the left child has the largest power of two that is less than n. Pure. */
#pragma once

#include "collector/stores/store_rows.h"

G_BEGIN_DECLS

#define HM_HASH_BYTES 32

typedef struct
{
  guint8 bytes[HM_HASH_BYTES];
} HmHash;

/* A tree of which only what is needed for its root is kept: as many hashes as the number of leaves has bits. All zero: no leaf. */
typedef struct
{
  guint64 leaves;
  HmHash whole[64]; /* of each complete subtree, the largest first */
  guint depth;
} HmMerkle;

HmHash hm_merkle_leaf (gconstpointer entry, gsize length);
void hm_merkle_add (HmMerkle *tree, gconstpointer entry, gsize length);
void hm_merkle_add_leaf (HmMerkle *tree, HmHash leaf);
/* Of no leaf: SHA-256 of nothing. */
HmHash hm_merkle_root (const HmMerkle *tree);

/* All hashes of the tree over @leaves (transfer full) (element-type HmHash), level by level: they, what each two of them give, …, the root; without a leaf they alone.
 * Many paths are read from it. (transfer full) (element-type GArray) */
GPtrArray *hm_merkle_levels (GArray *leaves);
/* The hashes that lead from leaf @index to the root, nearest first. (transfer full) (element-type HmHash) */
GArray *hm_merkle_path (const GPtrArray *levels, guint index);

void hm_hash_print (HmHash hash, char ret_hex[2 * HM_HASH_BYTES + 1]);

/* -- entries -- */

/* What a raw row is in its day's tree: "<ce_id>\n<SHA-256 of its bytes, hex>\n<signature, or nothing>\n". (transfer full) HM_ERROR_DATA: the bytes are not
 * there, and no hash of them. */
char *hm_merkle_raw_entry (const HmRawRow *row, GError **error);
/* What a day of a resource is in a statement's tree: "<day>\n<source>\n<resource>\n<records>\n<root>\n", the day as 2026-11-21. (transfer full) */
char *hm_merkle_evidence_entry (const HmEvidenceRow *row);

G_END_DECLS
