/* SPDX-License-Identifier: Apache-2.0 */
/* test_proof_path: paths from many records to a statement's root, and how often the store is asked for them. */
#include "tests/engine_kit.h"

#include "cli/proof/proof.h"
#include "collector/bill/evidence.h"

#include <string.h>

#define DAYS      3
#define RECORDS   24 /* of each day */
#define OTHERS    5  /* resources beside ours */
#define EVERY_MIN (1440 / RECORDS)

typedef struct
{
  EngineKit *kit;
  HmReading reading;
  HmProven proven;
  char root[2 * HM_HASH_BYTES + 1];
  GPtrArray *records; /* (element-type HmShadowRecord) */
} Proof;

/* -- what the store is asked -- */

static const HmStoreOps *real;
static guint evidence_asked, days_asked;

static gboolean
list_evidence (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit, gpointer user,
               GError **error)
{
  evidence_asked++;
  return real->list_evidence (store, filter, visit, user, error);
}

static gboolean
raw_load (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
          HmRawVisit visit, gpointer user, GError **error)
{
  days_asked++;
  return real->raw_load (store, source, resource, from, limit, visit, user, error);
}

/* -- a store with a period -- */

static void
take_readings (Proof *proof, const char *resource)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = 0; i < DAYS * RECORDS; i++)
    engine_kit_add_reading (proof->kit, arrivals, resource, 1 + i * EVERY_MIN, i, HM_STATE_RUNNING);
  engine_kit_take (proof->kit, arrivals);
}

static gboolean
write_row (const HmEvidenceRow *row, gpointer user)
{
  Proof *proof = user;
  const HmBatch batch = { .evidence = row, .n_evidence = 1 };

  assert_true (real->write (proof->kit->store, &batch, NULL));
  return TRUE;
}

static void
make_evidence (Proof *proof, const char *resource)
{
  const HmStoreFilter filter
      = { .from = MORNING, .to = MORNING + DAYS * DAY, .source = "site", .resource = resource };
  gboolean owned;

  assert_true (real->begin (proof->kit->store, NULL, 0, &owned, NULL));
  assert_true (hm_evidence_make (real, proof->kit->store, &filter, write_row, proof, NULL));
  assert_true (real->commit (proof->kit->store, NULL));
}

static gboolean
add_entry (const HmEvidenceRow *row, gpointer tree)
{
  g_autofree char *entry = hm_merkle_evidence_entry (row);

  hm_merkle_add (tree, entry, strlen (entry));
  return TRUE;
}

static gboolean
note_record (const HmRawRow *row, gpointer user)
{
  HmShadowRecord *record = g_new0 (HmShadowRecord, 1);

  record->agent = g_intern_string (row->agent);
  record->epoch = g_intern_string (row->epoch);
  record->seq = row->seq;
  record->time = row->time;
  g_ptr_array_add (user, record);
  return TRUE;
}

static int
set_up (void **state)
{
  Proof *proof = g_new0 (Proof, 1);
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  const HmStoreFilter ours = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .resource = "r0" };
  HmMerkle tree = { 0 };

  proof->kit = engine_kit_new ();
  real = proof->kit->real;
  for (guint i = 0; i <= OTHERS; i++)
    {
      g_autofree char *resource = g_strdup_printf ("r%u", i);

      take_readings (proof, resource);
      make_evidence (proof, resource);
    }
  assert_true (real->list_evidence (proof->kit->store, &all, add_entry, &tree, NULL));
  assert_int_equal (tree.leaves, DAYS * (1 + OTHERS));
  hm_hash_print (hm_merkle_root (&tree), proof->root);
  proof->records = g_ptr_array_new_with_free_func (g_free);
  assert_true (real->list_raw (proof->kit->store, &ours, note_record, proof->records, NULL));
  proof->kit->ops.list_evidence = list_evidence;
  proof->kit->ops.raw_load = raw_load;
  proof->reading = (HmReading){ .ops = &proof->kit->ops, .store = proof->kit->store };
  proof->proven = (HmProven){ .source = g_strdup ("site"),
                              .resource = g_strdup ("r0"),
                              .statement = 1,
                              .from = MORNING,
                              .to = MORNING + DAYS * DAY,
                              .root = g_strdup (proof->root) };
  evidence_asked = days_asked = 0;
  *state = proof;
  return 0;
}

static int
tear_down (void **state)
{
  Proof *proof = *state;

  hm_proven_clear (&proof->proven);
  g_ptr_array_unref (proof->records);
  engine_kit_free (proof->kit);
  g_free (proof);
  return 0;
}

/* -- paths -- */

/* What a path comes to, worked out step by step as docs/audit.md says; fails where a line is no such step. */
static void
node (char at[2 * HM_HASH_BYTES + 1], const char *left, const char *right)
{
  g_autofree char *hex = g_strconcat (left, right, NULL);
  guint8 bytes[1 + 2 * HM_HASH_BYTES] = { 1 };
  g_autofree char *sum = NULL;

  for (guint i = 0; i < 2 * HM_HASH_BYTES; i++)
    bytes[1 + i] = (guint8)(g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes, sizeof bytes);
  g_strlcpy (at, sum, 2 * HM_HASH_BYTES + 1);
}

static void
climb (char at[2 * HM_HASH_BYTES + 1], const char *step, const char *hash)
{
  if (strcmp (step, "leaf") == 0)
    g_strlcpy (at, hash, 2 * HM_HASH_BYTES + 1);
  else if (strcmp (step, "left") == 0)
    node (at, hash, at);
  else if (strcmp (step, "right") == 0)
    node (at, at, hash);
  else
    assert_string_equal (at, hash);
}

static void
assert_leads (const char *path, const char *root)
{
  g_auto (GStrv) lines = g_strsplit (path, "\n", -1);
  char at[2 * HM_HASH_BYTES + 1] = "";
  guint n = g_strv_length (lines) - 1;

  for (guint i = 0; i < n; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", 2);

      assert_int_equal (strlen (words[1]), 2 * HM_HASH_BYTES);
      climb (at, words[0], words[1]);
    }
  assert_true (g_str_has_prefix (lines[n - 1], "statement "));
  assert_string_equal (at, root);
}

static char *
path_of (Proof *proof, HmProofTrees *trees, const HmShadowRecord *wanted)
{
  g_autoptr (HmProofRecord) record = hm_proof_record_read (&proof->reading, &proof->proven, wanted, NULL);
  g_autofree char *day = NULL;
  g_autoptr (GError) error = NULL;
  char *path;

  assert_non_null (record);
  path = hm_proof_path (trees, record, &day, &error);
  if (path == NULL)
    fail_msg ("%s", error->message);
  return path;
}

static void
paths_of_a_period_read_its_evidence_once (void **state)
{
  Proof *proof = *state;
  g_autoptr (HmProofTrees) trees = hm_proof_trees_new (&proof->reading, &proof->proven);

  assert_int_equal (proof->records->len, DAYS * RECORDS);
  for (guint i = 0; i < proof->records->len; i++)
    {
      g_autofree char *path = path_of (proof, trees, proof->records->pdata[i]);

      assert_leads (path, proof->root);
    }
  assert_int_equal (evidence_asked, 1);
  assert_int_equal (days_asked, DAYS);
}

static void
path_of_no_statement_ends_with_its_day (void **state)
{
  Proof *proof = *state;
  g_autoptr (HmProofTrees) trees = NULL;

  proof->proven.statement = 0;
  trees = hm_proof_trees_new (&proof->reading, &proof->proven);
  for (guint i = 0; i < proof->records->len; i++)
    {
      g_autofree char *path = path_of (proof, trees, proof->records->pdata[i]);

      assert_non_null (strstr (path, "\nday "));
      assert_null (strstr (path, "statement"));
    }
  assert_int_equal (evidence_asked, 1);
  assert_int_equal (days_asked, DAYS);
}

static void
path_ends_before_a_root_that_its_evidence_does_not_make (void **state)
{
  Proof *proof = *state;
  g_autoptr (HmProofTrees) trees = hm_proof_trees_new (&proof->reading, &proof->proven);
  g_autofree char *path = NULL;

  proof->proven.root[0] = proof->proven.root[0] == '0' ? '1' : '0';
  path = path_of (proof, trees, proof->records->pdata[0]);
  assert_non_null (strstr (path, "\nno statement: "));
}

static void
path_of_a_record_that_came_late_is_none (void **state)
{
  Proof *proof = *state;
  g_autoptr (HmProofTrees) trees = hm_proof_trees_new (&proof->reading, &proof->proven);
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  HmShadowRecord late = *(const HmShadowRecord *)proof->records->pdata[RECORDS + 1];
  g_autofree char *path = NULL, *of_late = NULL;

  engine_kit_add_reading (proof->kit, arrivals, "r0", 1440 + 2, 900, HM_STATE_RUNNING);
  ((HmArrival *)arrivals->pdata[0])->received = MORNING + 2 * DAYS * DAY;
  engine_kit_take (proof->kit, arrivals);
  late.seq = 1440 + 2;
  late.time = MORNING + DAY + 2 * MINUTE;
  path = path_of (proof, trees, proof->records->pdata[RECORDS]); /* of that day, and there in time */
  assert_leads (path, proof->root);
  of_late = path_of (proof, trees, &late);
  assert_true (g_str_has_prefix (of_late, "no day: "));
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (paths_of_a_period_read_its_evidence_once),
    CASE (path_of_no_statement_ends_with_its_day),
    CASE (path_ends_before_a_root_that_its_evidence_does_not_make),
    CASE (path_of_a_record_that_came_late_is_none),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
