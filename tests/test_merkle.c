/* SPDX-License-Identifier: Apache-2.0 */
/* merkle: roots against values that were computed elsewhere (the test vectors of Certificate Transparency), paths against roots. */
#include "collector/bill/merkle.h"

#include <string.h>

#include "metering/error.h"
#include "metering/signature.h"
#include "tests/kit.h"

#define N_VECTORS 8

/* The leaves of the reference implementation's tests, and the roots of the first 1, 2, … of them. */
static const struct
{
  const char *bytes;
  gsize length;
} inputs[N_VECTORS] = {
  { "", 0 },
  { "\x00", 1 },
  { "\x10", 1 },
  { "\x20\x21", 2 },
  { "\x30\x31", 2 },
  { "\x40\x41\x42\x43", 4 },
  { "\x50\x51\x52\x53\x54\x55\x56\x57", 8 },
  { "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16 },
};

static const char *const roots[N_VECTORS] = {
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void
assert_hex (HmHash hash, const char *expected)
{
  char hex[2 * HM_HASH_BYTES + 1];

  hm_hash_print (hash, hex);
  assert_string_equal (hex, expected);
}

static void
merkle_has_the_known_roots (void **state G_GNUC_UNUSED)
{
  HmMerkle tree = { 0 };

  assert_hex (hm_merkle_root (&tree), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (guint i = 0; i < N_VECTORS; i++)
    {
      hm_merkle_add (&tree, inputs[i].bytes, inputs[i].length);
      assert_hex (hm_merkle_root (&tree), roots[i]);
    }
}

static GArray *
some_leaves (guint n)
{
  GArray *leaves = g_array_new (FALSE, FALSE, sizeof (HmHash));

  for (guint i = 0; i < n; i++)
    {
      HmHash leaf = hm_merkle_leaf (&i, sizeof i);

      g_array_append_val (leaves, leaf);
    }
  return leaves;
}

static HmHash
root_of (const GArray *leaves)
{
  HmMerkle tree = { 0 };

  for (guint i = 0; i < leaves->len; i++)
    hm_merkle_add_leaf (&tree, g_array_index (leaves, HmHash, i));
  return hm_merkle_root (&tree);
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

static guint64
left_size (guint64 n)
{
  guint64 size = 1;

  while (size * 2 < n)
    size *= 2;
  return size;
}

/* What whoever gets a path does with it (RFC 6962): the root that leaf @index of @n gives; FALSE when the path is not of that length. */
static gboolean
climb (HmHash leaf, guint64 index, guint64 n, const GArray *path, HmHash *ret_root)
{
  gboolean rights[64];
  guint depth = 0;

  if (index >= n)
    return FALSE;
  for (; n > 1; depth++)
    {
      guint64 left = left_size (n);

      rights[depth] = index >= left;
      n = rights[depth] ? n - left : left;
      index -= rights[depth] ? left : 0;
    }
  if (path->len != depth)
    return FALSE;
  for (guint i = 0; i < path->len; i++)
    {
      HmHash sibling = g_array_index (path, HmHash, i);

      leaf = rights[--depth] ? node (sibling, leaf) : node (leaf, sibling);
    }
  *ret_root = leaf;
  return TRUE;
}

static void
path_leads_to_the_root_of_every_tree (void **state G_GNUC_UNUSED)
{
  for (guint n = 1; n <= 40; n++)
    {
      GArray *leaves = some_leaves (n);
      g_autoptr (GPtrArray) levels = hm_merkle_levels (leaves);
      HmHash root = root_of (leaves);

      assert_memory_equal (((GArray *)levels->pdata[levels->len - 1])->data, &root, sizeof root);

      for (guint i = 0; i < n; i++)
        {
          g_autoptr (GArray) path = hm_merkle_path (levels, i);
          HmHash climbed;

          assert_true (climb (g_array_index (leaves, HmHash, i), i, n, path, &climbed));
          assert_memory_equal (&climbed, &root, sizeof root);
        }
    }
}

static void
path_does_not_lead_there_when_anything_is_another (void **state G_GNUC_UNUSED)
{
  GArray *leaves = some_leaves (11);
  g_autoptr (GPtrArray) levels = hm_merkle_levels (leaves);
  g_autoptr (GArray) path = hm_merkle_path (levels, 4);
  HmHash root = root_of (leaves), leaf = g_array_index (leaves, HmHash, 4), climbed;

  leaf.bytes[31] ^= 1;
  assert_true (climb (leaf, 4, 11, path, &climbed));
  assert_memory_not_equal (&climbed, &root, sizeof root);
  leaf.bytes[31] ^= 1;
  assert_true (climb (leaf, 5, 11, path, &climbed));
  assert_memory_not_equal (&climbed, &root, sizeof root);
  g_array_index (path, HmHash, 2).bytes[0] ^= 128;
  assert_true (climb (leaf, 4, 11, path, &climbed));
  assert_memory_not_equal (&climbed, &root, sizeof root);
}

static void
path_is_of_another_length_in_another_tree (void **state G_GNUC_UNUSED)
{
  GArray *leaves = some_leaves (8);
  g_autoptr (GPtrArray) levels = hm_merkle_levels (leaves);
  g_autoptr (GArray) path = hm_merkle_path (levels, 0);
  HmHash leaf = g_array_index (leaves, HmHash, 0), climbed;

  assert_false (climb (leaf, 0, 9, path, &climbed));
  assert_false (climb (leaf, 8, 8, path, &climbed));
  g_array_set_size (path, 2);
  assert_false (climb (leaf, 0, 8, path, &climbed));
}

/* A leaf that is made to look like a node is none: they begin with another byte. */
static void
leaf_is_no_node_when_it_holds_two_hashes (void **state G_GNUC_UNUSED)
{
  g_autoptr (GArray) leaves = some_leaves (2);
  HmHash root = root_of (leaves), leaf = hm_merkle_leaf (leaves->data, 2 * HM_HASH_BYTES);

  assert_memory_not_equal (&leaf, &root, sizeof root);
}

static void
raw_entry_is_the_same_when_the_bytes_are_erased (void **state G_GNUC_UNUSED)
{
  HmRawRow row = { .agent = "node 1", .epoch = "e", .resource = "r/1", .seq = 7, .value = "{}", .length = 2 };
  g_autofree char *whole = hm_merkle_raw_entry (&row, NULL), *erased = NULL, *expected = NULL;
  char hex[65];

  hm_sha256_hex ("{}", 2, hex);
  expected = g_strdup_printf ("node%%201/e/r%%2F1/7\n%s\n\n", hex);
  assert_string_equal (whole, expected);
  row.value = NULL;
  row.length = 0;
  row.sha256 = hex;
  erased = hm_merkle_raw_entry (&row, NULL);
  assert_string_equal (erased, whole);
}

/* Else all such records would have one hash, that of nothing. */
static void
raw_entry_is_refused_when_there_are_no_bytes_and_no_hash (void **state G_GNUC_UNUSED)
{
  const HmRawRow row = { .agent = "node", .epoch = "e", .resource = "r", .seq = 7 };
  GError *error = NULL;

  assert_null (hm_merkle_raw_entry (&row, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "the bytes of record node/e/r/7 are gone");
}

static void
evidence_entry_has_the_documented_form (void **state G_GNUC_UNUSED)
{
  const HmEvidenceRow row = { "site", "r1", 1763683200 * HM_NSEC_PER_SEC, 1440, roots[0] };
  g_autofree char *entry = hm_merkle_evidence_entry (&row);
  g_autofree char *expected = g_strdup_printf ("2025-11-21\nsite\nr1\n1440\n%s\n", roots[0]);

  assert_string_equal (entry, expected);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (merkle_has_the_known_roots),
    cmocka_unit_test (path_leads_to_the_root_of_every_tree),
    cmocka_unit_test (path_does_not_lead_there_when_anything_is_another),
    cmocka_unit_test (path_is_of_another_length_in_another_tree),
    cmocka_unit_test (leaf_is_no_node_when_it_holds_two_hashes),
    cmocka_unit_test (raw_entry_is_the_same_when_the_bytes_are_erased),
    cmocka_unit_test (raw_entry_is_refused_when_there_are_no_bytes_and_no_hash),
    cmocka_unit_test (evidence_entry_has_the_documented_form),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
