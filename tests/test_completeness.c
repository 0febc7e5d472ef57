/* SPDX-License-Identifier: Apache-2.0 */
/* test_completeness: what became of each record is drawn first; the rows that a collector would have of it must be judged so
 * that exactly what nobody accounts for is missing. The spending of budgets is compared with trying every way. */
#include "collector/usage/completeness.h"

#include "tests/chance.h"
#include "tests/kit.h"

#include <string.h>

#define BINS 6

/* -- rows by hand -- */

static HmBinJudged
closed (gint64 bin, const char *epoch, guint64 records, guint64 sum, guint64 said, guint64 said_sum)
{
  return (HmBinJudged){ .state = { .came = { .epoch = epoch, .bin = bin, .records = records, .sum = sum },
                                   .is_closed = TRUE,
                                   .records = said,
                                   .sum = said_sum } };
}

static HmLossRow
loss (gint64 first, gint64 last, guint64 records)
{
  return (HmLossRow){ .from = first * HM_BIN_NS, .to = last * HM_BIN_NS + 1, .records = records };
}

static void
assert_judged (const HmBinJudged *bin, HmBinVerdict verdict, guint64 accounted, guint64 missing)
{
  assert_string_equal (hm_bin_verdict_name (bin->verdict), hm_bin_verdict_name (verdict));
  assert_int_equal (bin->accounted, accounted);
  assert_int_equal (bin->missing, missing);
}

static void
judge_one (HmBinJudged bin, HmBinVerdict verdict, guint64 accounted, guint64 missing)
{
  hm_completeness_judge (&bin, 1, NULL, 0);
  assert_judged (&bin, verdict, accounted, missing);
}

static void
completeness_tells_each_verdict (void **state)
{
  HmBinJudged open = closed (1, "e", 5, 50, 0, 0), refused = closed (1, "e", 3, 30, 5, 50);

  (void)state;
  open.state.is_closed = FALSE;
  judge_one (open, HM_BIN_UNKNOWN, 0, 0);
  judge_one (closed (1, "e", 5, 50, 5, 50), HM_BIN_COMPLETE, 0, 0);
  judge_one (closed (1, "e", 3, 30, 5, 50), HM_BIN_INCOMPLETE, 0, 2);
  judge_one (closed (1, "e", 0, 0, 5, 50), HM_BIN_INCOMPLETE, 0, 5);
  judge_one (closed (1, "e", 6, 60, 5, 50), HM_BIN_ODD, 0, 0);
  judge_one (closed (1, "e", 5, 51, 5, 50), HM_BIN_ODD, 0, 1);
  refused.state.came.refused_records = 2;
  refused.state.came.refused_sum = 20;
  judge_one (refused, HM_BIN_ACCOUNTED, 2, 0);
  refused.state.came.refused_sum = 21; /* one of them is another one */
  judge_one (refused, HM_BIN_INCOMPLETE, 1, 1);
  refused.state.came.refused_records = 3; /* some came twice */
  judge_one (refused, HM_BIN_ACCOUNTED, 2, 0);
  refused.state.came.refused_records = (guint64)-1; /* taken back from elsewhere */
  judge_one (refused, HM_BIN_INCOMPLETE, 0, 2);
}

static void
completeness_is_complete_when_a_refused_record_was_taken_after_all (void **state)
{
  HmBinJudged bin = closed (1, "e", 5, 50, 5, 50);

  (void)state;
  bin.state.came.refused_records = 1;
  bin.state.came.refused_sum = 10;
  judge_one (bin, HM_BIN_COMPLETE, 0, 0);
}

static void
completeness_spends_a_gap_on_the_oldest_bins_of_its_period (void **state)
{
  HmBinJudged bins[] = { closed (8, "e", 8, 0, 10, 1), closed (2, "e", 9, 0, 10, 1),
                         closed (4, "e", 7, 0, 10, 1), closed (6, "e", 9, 0, 10, 1) };
  const HmLossRow losses[] = { loss (4, 6, 3), loss (8, 8, 1) };

  (void)state;
  hm_completeness_judge (bins, 4, losses, 2);
  assert_judged (&bins[0], HM_BIN_INCOMPLETE, 0, 1);
  assert_judged (&bins[1], HM_BIN_ACCOUNTED, 3, 0);
  assert_judged (&bins[2], HM_BIN_INCOMPLETE, 0, 1);
  assert_judged (&bins[3], HM_BIN_INCOMPLETE, 1, 1);
}

static void
completeness_spends_what_is_left_on_the_bin_after_the_period (void **state)
{
  HmBinJudged bins[]
      = { closed (4, "e", 9, 0, 10, 1), closed (5, "e", 7, 0, 10, 1), closed (6, "e", 7, 0, 10, 1) };
  const HmLossRow one = loss (4, 4, 3);

  (void)state;
  hm_completeness_judge (bins, 3, &one, 1);
  assert_judged (&bins[0], HM_BIN_ACCOUNTED, 1, 0);
  assert_judged (&bins[1], HM_BIN_INCOMPLETE, 2, 1);
  assert_judged (&bins[2], HM_BIN_INCOMPLETE, 0, 3);
}

static void
completeness_spends_a_gap_that_knows_no_time_anywhere (void **state)
{
  HmBinJudged bins[] = { closed (2, "e", 9, 0, 10, 1), closed (HM_BIN_MAX, "e", 9, 0, 10, 1) };
  const HmLossRow one = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .records = 2 };

  (void)state;
  hm_completeness_judge (bins, 2, &one, 1);
  assert_judged (&bins[0], HM_BIN_ACCOUNTED, 1, 0);
  assert_judged (&bins[1], HM_BIN_ACCOUNTED, 1, 0);
}

static void
completeness_spends_letters_without_a_bin_on_their_process_alone (void **state)
{
  HmBinJudged bins[] = { closed (2, "e1", 9, 0, 10, 1),
                         closed (2, "e2", 9, 0, 10, 1),
                         closed (4, "e2", 9, 0, 10, 1),
                         { .state.came = { .epoch = "e2", .bin = HM_BIN_NONE, .refused_records = 2 } } };
  HmCompleteness sums = { .expected = 0 };

  (void)state;
  hm_completeness_judge (bins, 4, NULL, 0);
  assert_judged (&bins[0], HM_BIN_UNKNOWN, 0, 0);
  assert_judged (&bins[1], HM_BIN_INCOMPLETE, 0, 1);
  assert_judged (&bins[2], HM_BIN_ACCOUNTED, 1, 0);
  assert_judged (&bins[3], HM_BIN_ACCOUNTED, 1, 0);
  hm_completeness_add (&sums, bins, 4);
  assert_int_equal (sums.expected, 30);
  assert_int_equal (sums.received, 27);
  assert_int_equal (sums.accounted, 2);
  assert_int_equal (sums.missing, 1);
  assert_int_equal (sums.bins[HM_BIN_UNKNOWN], 0);
}

/* -- what became of each record, drawn -- */

typedef struct
{
  HmBinJudged bins[BINS + 1];
  guint64 removed[BINS]; /* nobody says so */
  HmLossRow losses[64];
  guint n_losses;
} Drawn;

static guint
below (GRand *chance, guint end)
{
  return (guint)g_rand_int_range (chance, 0, (gint32)end);
}

/* Bins are two apart, so that none is the one after a period. */
static void
draw_record (GRand *chance, Drawn *drawn, guint at)
{
  HmBinState *bin = &drawn->bins[at].state;
  guint64 id = chance_u64 (chance);

  bin->records++;
  bin->sum += id;
  switch (below (chance, 12))
    {
    case 0:
      bin->came.refused_records++;
      bin->came.refused_sum += id;
      break;
    case 1:
      drawn->bins[BINS].state.came.refused_records++;
      break;
    case 2:
      drawn->losses[drawn->n_losses++]
          = loss (2 * (gint64)below (chance, at + 1), 2 * (gint64)(at + below (chance, BINS - at)), 1);
      break;
    case 3:
      drawn->removed[at]++;
      break;
    default:
      bin->came.records++;
      bin->came.sum += id;
    }
}

static void
draw (GRand *chance, Drawn *drawn)
{
  memset (drawn, 0, sizeof *drawn);
  for (guint i = 0; i < BINS; i++)
    drawn->bins[i].state = (HmBinState){ .came = { .epoch = "e", .bin = 2 * i }, .is_closed = TRUE };
  drawn->bins[BINS].state.came = (HmBinRow){ .epoch = "e", .bin = HM_BIN_NONE };
  for (guint n = 0; n < 60; n++)
    draw_record (chance, drawn, below (chance, BINS));
}

static void
completeness_misses_exactly_what_was_removed (void **state)
{
  g_autoptr (GRand) chance = chance_new ();

  (void)state;
  for (guint round = 0; round < 2000; round++)
    {
      HmCompleteness sums = { .expected = 0 };
      guint64 removed = 0;
      Drawn drawn;

      draw (chance, &drawn);
      for (guint i = 0; i < BINS; i++)
        removed += drawn.removed[i];
      hm_completeness_judge (drawn.bins, BINS + 1, drawn.losses, drawn.n_losses);
      hm_completeness_add (&sums, drawn.bins, BINS + 1);
      assert_int_equal (sums.expected, 60);
      assert_int_equal (sums.missing, removed);
      assert_int_equal (sums.received + sums.accounted + sums.missing, sums.expected);
    }
}

/* -- every way to spend -- */

#define FEW 3

/* How many of the missing records, from bin @at on, can be accounted for at most. */
static guint64
try_all (const guint64 *missing, guint at, guint64 unit, const HmLossRow *losses, guint64 *left)
{
  guint64 best;

  if (at == FEW)
    return 0;
  if (unit == missing[at])
    return try_all (missing, at + 1, 0, losses, left);
  best = try_all (missing, at, unit + 1, losses, left);
  for (guint i = 0; i < FEW; i++)
    if (left[i] > 0 && losses[i].from / HM_BIN_NS <= 2 * at && losses[i].to / HM_BIN_NS >= 2 * at)
      {
        left[i]--;
        best = MAX (best, 1 + try_all (missing, at, unit + 1, losses, left));
        left[i]++;
      }
  return best;
}

static void
completeness_accounts_for_as_much_as_any_way_of_spending (void **state)
{
  g_autoptr (GRand) chance = chance_new ();

  (void)state;
  for (guint round = 0; round < 300; round++)
    {
      HmBinJudged bins[FEW];
      HmLossRow losses[FEW];
      guint64 missing[FEW], left[FEW], accounted = 0;

      for (guint i = 0; i < FEW; i++)
        {
          guint first = below (chance, FEW);

          missing[i] = below (chance, 3);
          bins[i] = closed (2 * i, "e", 0, 0, missing[i], missing[i] > 0);
          left[i] = below (chance, 4);
          losses[i] = loss (2 * (gint64)first, 2 * (gint64)(first + below (chance, FEW - first)), left[i]);
        }
      hm_completeness_judge (bins, FEW, losses, FEW);
      for (guint i = 0; i < FEW; i++)
        accounted += bins[i].accounted;
      assert_int_equal (accounted, try_all (missing, 0, 0, losses, left));
    }
}

/* -- from a store -- */

typedef struct
{
  const HmBinState *bins;
  guint n_bins;
  const HmLossRow *losses;
  guint n_losses;
  HmTime asked_from;
} FakeStore;

static FakeStore fake;

static gboolean
list_bins (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user, GError **error)
{
  (void)store, (void)error;
  fake.asked_from = filter->from;
  for (guint i = 0; i < fake.n_bins; i++)
    if ((filter->from == HM_TIME_UNKNOWN || (fake.bins[i].came.bin + 1) * HM_BIN_NS > filter->from)
        && !visit (&fake.bins[i], user))
      break;
  return TRUE;
}

static gboolean
list_losses (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user, GError **error)
{
  (void)store, (void)filter, (void)error;
  for (guint i = 0; i < fake.n_losses; i++)
    if (!visit (&fake.losses[i], user))
      break;
  return TRUE;
}

static const HmStoreOps fake_ops = { .list_bins = list_bins, .list_losses = list_losses };

static gboolean
print_agent (const char *source, const char *agent, const HmBinJudged *bins, guint n_bins, gpointer text)
{
  g_string_append_printf (text, "%s/%s:", source, agent);
  for (guint i = 0; i < n_bins; i++)
    g_string_append_printf (text, " %" G_GINT64_FORMAT "=%s", bins[i].state.came.bin,
                            hm_bin_verdict_name (bins[i].verdict));
  g_string_append_c (text, ';');
  return strcmp (agent, "last") != 0;
}

static HmBinState
stored (const char *agent, gint64 bin, guint64 records)
{
  return (HmBinState){
    .came = { .source = "s", .agent = agent, .epoch = "e", .bin = bin, .records = records, .sum = records },
    .is_closed = TRUE,
    .records = 2,
    .sum = 2
  };
}

static void
assert_read (HmTime from, const char *expected)
{
  const HmStoreFilter filter = { .from = from, .to = HM_TIME_UNKNOWN };
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (hm_completeness_each (&fake_ops, NULL, &filter, print_agent, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
completeness_reads_each_agent_with_its_own_losses (void **state)
{
  const HmBinState bins[] = { stored ("a", 2, 1), stored ("a", 4, 2), stored ("b", 2, 1),
                              stored ("last", 2, 1), stored ("z", 2, 1) };
  HmLossRow losses[] = { loss (2, 2, 1), loss (2, 2, 1) };

  (void)state;
  losses[0].source = losses[1].source = "s";
  losses[0].agent = "b";
  losses[1].agent = "0";
  losses[0].epoch = losses[1].epoch = "e";
  fake = (FakeStore){ bins, G_N_ELEMENTS (bins), losses, 2, 0 };
  assert_read (HM_TIME_UNKNOWN, "s/a: 2=incomplete 4=complete;s/b: 2=accounted;s/last: 2=incomplete;");
}

static void
completeness_reads_back_as_far_as_gaps_reach (void **state)
{
  const HmBinState bins[] = { stored ("a", 2, 2), stored ("a", 4, 1), stored ("a", 6, 1), stored ("a", 8, 1),
                              stored ("a", 10, 1) };
  HmLossRow losses[] = { loss (7, 9, 1), loss (4, 8, 2) };

  (void)state;
  for (guint i = 0; i < 2; i++)
    losses[i].source = "s", losses[i].agent = "a", losses[i].epoch = "e";
  fake = (FakeStore){ bins, G_N_ELEMENTS (bins), losses, 2, 0 };
  assert_read (9 * HM_BIN_NS, "s/a: 10=incomplete;");
  assert_int_equal (fake.asked_from, 4 * HM_BIN_NS);
  assert_read (5 * HM_BIN_NS, "s/a: 6=accounted 8=accounted 10=incomplete;");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (completeness_tells_each_verdict),
    cmocka_unit_test (completeness_is_complete_when_a_refused_record_was_taken_after_all),
    cmocka_unit_test (completeness_spends_a_gap_on_the_oldest_bins_of_its_period),
    cmocka_unit_test (completeness_spends_what_is_left_on_the_bin_after_the_period),
    cmocka_unit_test (completeness_spends_a_gap_that_knows_no_time_anywhere),
    cmocka_unit_test (completeness_spends_letters_without_a_bin_on_their_process_alone),
    cmocka_unit_test (completeness_misses_exactly_what_was_removed),
    cmocka_unit_test (completeness_accounts_for_as_much_as_any_way_of_spending),
    cmocka_unit_test (completeness_reads_each_agent_with_its_own_losses),
    cmocka_unit_test (completeness_reads_back_as_far_as_gaps_reach),
  };

  return cmocka_run_group_tests_name ("completeness", tests, NULL, NULL);
}
