/* SPDX-License-Identifier: Apache-2.0 */
/* proof_path: from one record up to the root of its day, and on to the root of a statement, in lines that a shell can follow:
 *
 *   leaf HASH       of the record's entry
 *   right HASH      what stands to the right: the next one is SHA-256 of a one byte, this far, and that
 *   left HASH       what stands to the left
 *   day HASH        what it has come to, as the evidence of its day says
 *   leaf HASH       of the day's entry, and so on in the statement's tree
 *   statement HASH  what that has come to */
#include "cli/proof/proof.h"

#include "collector/bill/evidence.h"

#include <string.h>

#define DAY_NS (86400 * HM_NSEC_PER_SEC)

/* What the evidence says of a day of the resource. */
typedef struct
{
  HmTime day;
  char *entry; /* in the statement's tree */
  guint at;    /* of `entry` */
  char *root;
  guint64 records;
} Day;

struct HmProofTrees
{
  const HmReading *reading;
  const HmProven *proven;
  GHashTable *days;     /* (nullable) (element-type Day) not read yet */
  GPtrArray *statement; /* (nullable) levels of the statement's tree; there is none, or its root is another */
  HmTime day;           /* that the next are of; HM_TIME_UNKNOWN: none */
  GPtrArray *levels;    /* (nullable) likewise of the day's tree */
  gboolean leads;       /* they lead to the root that the evidence says, if any */
};

static void
free_day (gpointer data)
{
  Day *day = data;

  g_free (day->entry);
  g_free (day->root);
  g_free (day);
}

HmProofTrees *
hm_proof_trees_new (const HmReading *reading, const HmProven *proven)
{
  HmProofTrees *trees = g_new0 (HmProofTrees, 1);

  trees->reading = reading;
  trees->proven = proven;
  trees->day = HM_TIME_UNKNOWN;
  return trees;
}

void
hm_proof_trees_free (HmProofTrees *trees)
{
  if (trees == NULL)
    return;
  g_clear_pointer (&trees->days, g_hash_table_unref);
  g_clear_pointer (&trees->statement, g_ptr_array_unref);
  g_clear_pointer (&trees->levels, g_ptr_array_unref);
  g_free (trees);
}

static HmHash
hash_of (const char *entry)
{
  return hm_merkle_leaf (entry, strlen (entry));
}

static gboolean
is_root (const GPtrArray *levels, const char *root)
{
  const GArray *top = levels->pdata[levels->len - 1];
  char hex[2 * HM_HASH_BYTES + 1];

  if (top->len != 1)
    return FALSE;
  hm_hash_print (g_array_index (top, HmHash, 0), hex);
  return strcmp (hex, root) == 0;
}

/* -- a path -- */

static guint
left_size (guint n)
{
  guint size = 1;

  while (size * 2 < n)
    size *= 2;
  return size;
}

/* On which side each sibling stands, nearest first. */
static void
sides_of (guint index, guint n, GString *sides)
{
  guint left = n > 1 ? left_size (n) : 0;

  if (n <= 1)
    return;
  if (index < left)
    sides_of (index, left, sides);
  else
    sides_of (index - left, n - left, sides);
  g_string_append_c (sides, index < left ? 'r' : 'l');
}

static void
append_path (GString *text, const GPtrArray *levels, guint index)
{
  const GArray *leaves = levels->pdata[0];
  g_autoptr (GArray) path = hm_merkle_path (levels, index);
  g_autoptr (GString) sides = g_string_new (NULL);
  char hex[2 * HM_HASH_BYTES + 1];

  sides_of (index, leaves->len, sides);
  hm_hash_print (g_array_index (leaves, HmHash, index), hex);
  g_string_append_printf (text, "leaf %s\n", hex);
  for (guint i = 0; i < path->len; i++)
    {
      hm_hash_print (g_array_index (path, HmHash, i), hex);
      g_string_append_printf (text, "%s %s\n", sides->str[i] == 'r' ? "right" : "left", hex);
    }
}

/* -- the statement's tree, and what it says of the days -- */

typedef struct
{
  HmProofTrees *trees;
  GArray *leaves; /* (element-type HmHash) */
} Reading;

/* In the order of (day, source, resource), in which the store gives them. */
static gboolean
add_evidence (const HmEvidenceRow *row, gpointer user)
{
  Reading *reading = user;
  const HmProven *proven = reading->trees->proven;
  g_autofree char *entry = hm_merkle_evidence_entry (row);
  HmHash leaf = hash_of (entry);

  if (strcmp (row->source, proven->source) == 0 && strcmp (row->resource, proven->resource) == 0)
    {
      Day *day = g_new (Day, 1);

      *day = (Day){ row->day, g_steal_pointer (&entry), reading->leaves->len, g_strdup (row->root),
                    row->records };
      g_hash_table_add (reading->trees->days, day);
    }
  g_array_append_val (reading->leaves, leaf);
  return TRUE;
}

/* Of a figure that is in no statement: all days of its resource. */
static HmStoreFilter
evidence_filter (const HmProven *proven)
{
  if (proven->statement == 0)
    return (HmStoreFilter){
      .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .source = proven->source, .resource = proven->resource
    };
  return (HmStoreFilter){ .from = proven->from - proven->from % DAY_NS,
                          .to = proven->to + (DAY_NS - proven->to % DAY_NS) % DAY_NS,
                          .number = proven->statement };
}

static gboolean
read_evidence (HmProofTrees *trees, GError **error)
{
  const HmReading *r = trees->reading;
  const HmProven *proven = trees->proven;
  const HmStoreFilter filter = evidence_filter (proven);
  Reading reading = { trees, g_array_new (FALSE, FALSE, sizeof (HmHash)) };
  g_autoptr (GPtrArray) levels = NULL;
  gboolean read;

  trees->days = g_hash_table_new_full (g_int64_hash, g_int64_equal, free_day, NULL);
  read = r->ops->list_evidence (r->store, &filter, add_evidence, &reading, error);
  levels = hm_merkle_levels (reading.leaves);
  if (read && proven->statement != 0 && is_root (levels, proven->root))
    trees->statement = g_steal_pointer (&levels);
  return read;
}

static const Day *
day_of (const HmProofTrees *trees, HmTime day)
{
  return g_hash_table_lookup (trees->days, &day);
}

/* -- the day's tree -- */

static int
compare_received (gconstpointer a, gconstpointer b)
{
  const HmEvidenceLeaf *left = a, *right = b;

  return (left->received > right->received) - (left->received < right->received);
}

static GPtrArray *
levels_of (const GArray *leaves)
{
  GArray *hashes = g_array_sized_new (FALSE, FALSE, sizeof (HmHash), leaves->len);

  for (guint i = 0; i < leaves->len; i++)
    g_array_append_vals (hashes, &g_array_index (leaves, HmEvidenceLeaf, i).hash, 1);
  return hm_merkle_levels (hashes);
}

/* The records that the day had when its root was made: what came late was received later. Where it were others, `leads` is not set. */
static void
make_levels (HmProofTrees *trees, const Day *day, GArray *leaves)
{
  trees->levels = levels_of (leaves);
  trees->leads = day == NULL || is_root (trees->levels, day->root);
  if (trees->leads || day->records >= leaves->len)
    return;
  g_array_sort (leaves, compare_received);
  g_array_set_size (leaves, (guint)day->records);
  hm_evidence_sort (leaves);
  g_ptr_array_unref (trees->levels);
  trees->levels = levels_of (leaves);
  trees->leads = is_root (trees->levels, day->root);
}

static gboolean
read_day (HmProofTrees *trees, HmTime day, GError **error)
{
  const HmReading *r = trees->reading;
  g_autoptr (GArray) leaves = NULL;

  if (trees->day == day)
    return TRUE;
  trees->day = HM_TIME_UNKNOWN;
  g_clear_pointer (&trees->levels, g_ptr_array_unref);
  leaves = hm_evidence_leaves (r->ops, r->store, trees->proven->source, trees->proven->resource, day, error);
  if (leaves == NULL)
    return FALSE;
  make_levels (trees, day_of (trees, day), leaves);
  trees->day = day;
  return TRUE;
}

static gboolean
find_leaf (const GPtrArray *levels, HmHash hash, guint *ret_index)
{
  const GArray *leaves = levels->pdata[0];

  for (guint i = 0; i < leaves->len; i++)
    if (memcmp (&g_array_index (leaves, HmHash, i), &hash, sizeof hash) == 0)
      {
        *ret_index = i;
        return TRUE;
      }
  return FALSE;
}

/* -- from one to the other -- */

static void
append_statement (const HmProofTrees *trees, const Day *day, GString *text)
{
  if (day == NULL)
    {
      g_string_append (text, "no evidence: the day is not rolled up, or not of the statement's period\n");
      return;
    }
  g_string_append_printf (text, "day %s\n", day->root);
  if (trees->proven->statement == 0)
    return;
  if (trees->statement == NULL)
    {
      g_string_append (text, "no statement: the evidence of its period is not what it was made of\n");
      return;
    }
  append_path (text, trees->statement, day->at);
  g_string_append_printf (text, "statement %s\n", trees->proven->root);
}

char *
hm_proof_path (HmProofTrees *trees, const HmProofRecord *record, char **ret_day, GError **error)
{
  HmTime at = record->grain - record->grain % DAY_NS;
  g_autoptr (GString) text = g_string_new (NULL);
  const Day *day;
  guint index;

  if ((trees->days == NULL && !read_evidence (trees, error)) || !read_day (trees, at, error))
    return NULL;
  day = day_of (trees, at);
  if (trees->leads && find_leaf (trees->levels, hash_of (record->entry), &index))
    {
      append_path (text, trees->levels, index);
      append_statement (trees, day, text);
    }
  else
    g_string_append (
        text,
        "no day: the record, or others of its day, came after the day's evidence was made, or have gone\n");
  *ret_day = day != NULL ? g_strdup (day->entry) : NULL;
  return g_string_free (g_steal_pointer (&text), FALSE);
}
