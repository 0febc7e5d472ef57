/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of bins: sums against vectors that Python's hashlib made, what has ended, what a heartbeat took, the journal. */
#include "tests/kit.h"

#include "agent/outbox/bins.h"

#define EPOCH "018f3c"
#define OLD   "017abc"
#define BIN   G_GINT64_CONSTANT (5984081)

/* int.from_bytes (hashlib.sha256 (b"node-17/018f3c/4f0c6a52/1").digest ()[:8], "big"), the same of …/2 and …/3, and all three
 * added modulo 2^64, which they go beyond. */
#define SUM_1     G_GUINT64_CONSTANT (13063339488554284858)
#define SUM_2     G_GUINT64_CONSTANT (3083751317023296817)
#define SUM_1_2_3 G_GUINT64_CONSTANT (11749401383506375271)

static HmBins *
count_three (void)
{
  HmBins *bins = hm_bins_new ();

  hm_bins_count (bins, EPOCH, BIN, "node-17/018f3c/4f0c6a52/1");
  hm_bins_count (bins, EPOCH, BIN, "node-17/018f3c/4f0c6a52/2");
  hm_bins_count (bins, EPOCH, BIN, "node-17/018f3c/4f0c6a52/3");
  return bins;
}

static void
assert_row (const GArray *rows, guint i, const char *epoch, gint64 bin, guint64 records, guint64 sum)
{
  const HmBinCount *row = &g_array_index (rows, HmBinCount, i);

  assert_true (i < rows->len);
  assert_string_equal (row->epoch, epoch);
  assert_true (row->bin == bin && row->records == records && row->sum == sum);
}

static void
bins_sum_ids_modulo_two_to_the_64 (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = count_three ();
  g_autoptr (GArray) ended = hm_bins_ended (bins, EPOCH, BIN + 1, 9);

  assert_int_equal (ended->len, 1);
  assert_row (ended, 0, EPOCH, BIN, 3, SUM_1_2_3);
}

/* sum (… f"a/e/r/{i}" for i in range (1, 1001)) % 2**64 */
static void
bins_sum_a_thousand_ids (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (GArray) ended = NULL;

  for (guint i = 1; i <= 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("a/e/r/%u", i);

      hm_bins_count (bins, EPOCH, BIN, id);
    }
  ended = hm_bins_ended (bins, "another", 0, 9);
  assert_row (ended, 0, EPOCH, BIN, 1000, G_GUINT64_CONSTANT (14326256704204511142));
}

static void
bins_ended_leaves_out_the_current_one_alone (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (GArray) ended = NULL;

  hm_bins_count (bins, EPOCH, BIN, "node-17/018f3c/4f0c6a52/2");
  hm_bins_count (bins, EPOCH, BIN - 1, "node-17/018f3c/4f0c6a52/1");
  /* The clock was set back between two processes: what the one before left is ended, wherever its bins lie. */
  hm_bins_count (bins, OLD, BIN + 7, "node-17/018f3c/4f0c6a52/2");
  hm_bins_count (bins, OLD, BIN, "node-17/018f3c/4f0c6a52/1");
  ended = hm_bins_ended (bins, EPOCH, BIN, 9);

  assert_int_equal (ended->len, 3);
  assert_row (ended, 0, EPOCH, BIN - 1, 1, SUM_1);
  assert_row (ended, 1, OLD, BIN, 1, SUM_1);
  assert_row (ended, 2, OLD, BIN + 7, 1, SUM_2);
}

static void
bins_ended_gives_the_oldest_up_to_a_limit (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (GArray) ended = NULL;

  for (gint64 bin = 5; bin > 0; bin--)
    hm_bins_count (bins, EPOCH, bin, "id");
  ended = hm_bins_ended (bins, EPOCH, BIN, 2);
  assert_int_equal (ended->len, 2);
  assert_int_equal (g_array_index (ended, HmBinCount, 1).bin, 2);
}

static void
bins_forgets_what_was_said_and_nothing_else (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = count_three ();
  g_autoptr (GArray) ended = hm_bins_ended (bins, EPOCH, BIN + 1, 9);
  const HmBinCount never = { .epoch = "never", .bin = BIN };

  hm_bins_count (bins, EPOCH, BIN + 1, "node-17/018f3c/4f0c6a52/1");
  hm_bins_take (bins, &never, 1);
  assert_int_equal (hm_bins_size (bins), 2);
  hm_bins_take (bins, (const HmBinCount *)ended->data, ended->len);
  assert_int_equal (hm_bins_size (bins), 1);
}

static void
bins_has_all_again_when_it_is_put_back (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = count_three ();
  g_autoptr (GArray) said = hm_bins_ended (bins, EPOCH, BIN + 1, 9);
  g_autoptr (GArray) again = NULL;

  hm_bins_take (bins, (const HmBinCount *)said->data, said->len);
  /* Not written, but nothing is lost where something came meanwhile. */
  hm_bins_count (bins, EPOCH, BIN, "node-17/018f3c/4f0c6a52/1");
  hm_bins_put_back (bins, (const HmBinCount *)said->data, said->len);
  again = hm_bins_ended (bins, EPOCH, BIN + 1, 9);
  assert_row (again, 0, EPOCH, BIN, 4, SUM_1_2_3 + SUM_1);
}

static void
bins_drops_the_oldest_and_counts_it_when_there_are_too_many (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (GArray) ended = NULL;

  for (gint64 bin = 1; bin <= HM_JOURNAL_BINS_MAX + 3; bin++)
    hm_bins_count (bins, EPOCH, bin, "id");
  assert_int_equal (hm_bins_size (bins), HM_JOURNAL_BINS_MAX);
  assert_int_equal (hm_bins_dropped (bins), 3);
  ended = hm_bins_ended (bins, EPOCH, BIN, 1);
  assert_int_equal (g_array_index (ended, HmBinCount, 0).bin, 4);
}

/* -- the journal -- */

static void
open_journal (HmJournal *journal)
{
  *journal = (HmJournal){ .bins = g_array_new (FALSE, FALSE, sizeof (HmBinCount)),
                          .text = g_string_chunk_new (64) };
}

static void
close_journal (HmJournal *journal)
{
  g_array_unref (journal->bins);
  g_string_chunk_free (journal->text);
}

static void
bins_comes_back_from_the_journal_as_it_was (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmBins) bins = count_three (), next = hm_bins_new ();
  g_autoptr (GArray) ended = NULL;
  HmJournal journal;

  open_journal (&journal);
  hm_bins_store (bins, &journal);
  hm_bins_count (bins, OLD, 7, "node-17/018f3c/4f0c6a52/2");
  hm_bins_store (bins, &journal);
  hm_bins_count (next, "forgotten", 1, "id");
  hm_bins_load (next, &journal);
  close_journal (&journal);

  assert_int_equal (hm_bins_size (next), 2);
  ended = hm_bins_ended (next, "new", 0, 9);
  assert_row (ended, 0, OLD, 7, 1, SUM_2);
  assert_row (ended, 1, EPOCH, BIN, 3, SUM_1_2_3);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (bins_sum_ids_modulo_two_to_the_64),
    cmocka_unit_test (bins_sum_a_thousand_ids),
    cmocka_unit_test (bins_ended_leaves_out_the_current_one_alone),
    cmocka_unit_test (bins_ended_gives_the_oldest_up_to_a_limit),
    cmocka_unit_test (bins_forgets_what_was_said_and_nothing_else),
    cmocka_unit_test (bins_has_all_again_when_it_is_put_back),
    cmocka_unit_test (bins_drops_the_oldest_and_counts_it_when_there_are_too_many),
    cmocka_unit_test (bins_comes_back_from_the_journal_as_it_was),
  };

  return cmocka_run_group_tests_name ("bins", tests, NULL, NULL);
}
