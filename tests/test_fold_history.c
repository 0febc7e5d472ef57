/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the fold's promises over random histories: the rules, whatever comes together; one result,
 * whatever the way to it. HYPERMETER_TEST_SEED repeats a run, HYPERMETER_TEST_HISTORIES sets its length. */
#include "tests/fold_history.h"
#include "tests/fold_model.h"

#include <string.h>

#include "collector/engine/seen.h"

#define RECORDS 30

static guint
number_from (const char *variable, guint otherwise)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint)g_ascii_strtoull (text, NULL, 10) : otherwise;
}

static guint32 current; /* seed of the history that is being looked at */

/* Runs @check on many histories, each of which can be repeated from its own seed alone. */
static void
for_histories (void (*check) (const KitHistory *history, GRand *rand))
{
  guint n = number_from ("HYPERMETER_TEST_HISTORIES", 1000);
  guint32 first = number_from ("HYPERMETER_TEST_SEED", g_random_int ());

  print_message ("# seed %u, %u histories\n", first, n);
  for (guint i = 0; i < n; i++)
    {
      GRand *rand = g_rand_new_with_seed (current = first + i);
      g_autoptr (KitHistory) history = kit_history_new (rand, RECORDS);
      g_autofree char *text = n == 1 ? kit_history_print (history) : NULL;

      if (text != NULL)
        print_message ("%s", text);
      check (history, rand);
      g_rand_free (rand);
    }
}

static int
print_last_seed (void **state G_GNUC_UNUSED)
{
  print_message ("# the last history: HYPERMETER_TEST_SEED=%u HYPERMETER_TEST_HISTORIES=1\n", current);
  return 0;
}

static HmFoldSettings
settings_of (const KitHistory *history, gint64 grain)
{
  return (HmFoldSettings){ grain, 3, MINUTE, history->meters, history->policies };
}

static void
fold_record (const KitHistory *history, HmFoldState *state, const HmRecord *record,
             const HmFoldSettings *settings, KitRows *rows)
{
  HmFoldContext context = kit_history_context (history, record);

  assert_true (hm_fold_in_order (state, record));
  assert_true (hm_fold (state, record, &context, settings, &rows->output));
}

static KitRows *
fold_all (const KitHistory *history, const HmFoldSettings *settings)
{
  g_autoptr (HmFoldState) state = hm_fold_state_new ();
  KitRows *rows = kit_rows_new ();

  for (guint i = 0; i < history->records->len; i++)
    fold_record (history, state, g_ptr_array_index (history->records, i), settings, rows);
  kit_rows_assert_traced (rows);
  return rows;
}

/* -- the rules -- */

static void
check_model (const KitHistory *history, GRand *rand)
{
  static const gint64 grains[] = { 5 * MINUTE, HOUR, DAY };
  HmFoldSettings settings = settings_of (history, grains[g_rand_int_range (rand, 0, G_N_ELEMENTS (grains))]);
  g_autoptr (KitModel) model = kit_model (history, &settings);
  g_autoptr (KitRows) rows = fold_all (history, &settings);

  kit_model_assert (model, rows);
}

static void
fold_agrees_with_the_naive_model (void **state G_GNUC_UNUSED)
{
  for_histories (check_model);
}

/* -- no more than there was -- */

static guint64
highest (const KitHistory *history, const char *agent, const char *epoch)
{
  guint64 most = 0;

  for (guint i = 0; i < history->records->len; i++)
    {
      const HmRecord *record = g_ptr_array_index (history->records, i);

      for (guint j = 0; j < record->n_samples; j++)
        if (strcmp (record->agent.id, agent) == 0 && strcmp (record->resource.epoch, epoch) == 0
            && strcmp (record->samples[j].meter, "cpu") == 0
            && record->samples[j].value.type != HM_VALUE_DOUBLE)
          most = MAX (most, record->samples[j].value.u64);
    }
  return most;
}

/* Where nobody has decided anything, no life counts more than its counter ever said. */
static void
check_ceiling (const KitHistory *history, GRand *rand G_GNUC_UNUSED)
{
  HmFoldSettings settings = settings_of (history, HOUR);
  g_autoptr (HmFoldState) state = hm_fold_state_new ();
  g_autoptr (KitRows) rows = kit_rows_new ();
  GHashTableIter iter;
  gpointer key, value;

  for (guint i = 0; i < history->records->len; i++)
    assert_true (hm_fold (state, g_ptr_array_index (history->records, i), NULL, &settings, &rows->output));
  g_hash_table_iter_init (&iter, rows->traced);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_auto (GStrv) parts = g_strsplit (key, "|", -1);

      if (strcmp (parts[3], "cpu") == 0)
        assert_true (((const KitSum *)value)->quantity <= (HmInt128)highest (history, parts[0], parts[1]));
    }
}

static void
fold_counts_no_more_than_the_counters_said (void **state G_GNUC_UNUSED)
{
  for_histories (check_ceiling);
}

/* -- the grain -- */

static void
assert_same_sums (const KitHistory *history, const KitRows *a, const KitRows *b)
{
  g_autoptr (GPtrArray) meters = hm_meter_table_list (history->meters);

  for (guint i = 0; i < meters->len; i++)
    {
      const HmMeter *meter = g_ptr_array_index (meters, i);
      KitSum of_a = kit_rows_sum (a, NULL, meter->name), of_b = kit_rows_sum (b, NULL, meter->name);

      kit_assert_i128 (of_a.quantity, of_b.quantity);
      assert_int_equal (of_a.covered_ns, of_b.covered_ns);
      assert_int_equal (of_a.count, of_b.count);
      assert_int_equal (of_a.flags, of_b.flags);
    }
}

static void
check_grains (const KitHistory *history, GRand *rand G_GNUC_UNUSED)
{
  static const gint64 grains[] = { 5 * MINUTE, HOUR, DAY };
  g_autoptr (KitRows) first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (grains); i++)
    {
      HmFoldSettings settings = settings_of (history, grains[i]);
      g_autoptr (KitRows) rows = fold_all (history, &settings);

      if (first == NULL)
        first = g_steal_pointer (&rows);
      else
        assert_same_sums (history, first, rows);
    }
}

static void
fold_adds_up_to_the_same_in_every_grain (void **state G_GNUC_UNUSED)
{
  for_histories (check_grains);
}

/* -- the way there -- */

static void
assert_same_rows (const KitRows *a, const KitRows *b)
{
  g_autofree char *text_a = kit_rows_text (a), *text_b = kit_rows_text (b);
  g_auto (GStrv) lines_a = g_strsplit (text_a, "\n", -1), lines_b = g_strsplit (text_b, "\n", -1);

  for (guint i = 0; lines_a[i] != NULL && lines_b[i] != NULL; i++)
    assert_string_equal (lines_a[i], lines_b[i]);
  assert_string_equal (text_a, text_b);
}

static void
check_reload (const KitHistory *history, GRand *rand)
{
  HmFoldSettings settings = settings_of (history, HOUR);
  g_autoptr (KitRows) straight = fold_all (history, &settings), rows = kit_rows_new ();
  HmFoldState *state = hm_fold_state_new (), *never = hm_fold_state_new ();
  g_autoptr (KitRows) ignored = kit_rows_new ();
  g_autofree char *text = NULL, *text_never = NULL;

  for (guint i = 0; i < history->records->len; i++)
    {
      fold_record (history, state, g_ptr_array_index (history->records, i), &settings, rows);
      fold_record (history, never, g_ptr_array_index (history->records, i), &settings, ignored);
      if (g_rand_int_range (rand, 0, 4) != 0)
        continue;
      state = kit_state_reload (state);
      kit_rows_reload (rows);
    }
  assert_same_rows (straight, rows);
  text = hm_fold_state_to_json (state, NULL);
  text_never = hm_fold_state_to_json (never, NULL);
  assert_string_equal (text, text_never);
  hm_fold_state_free (state);
  hm_fold_state_free (never);
}

static void
fold_over_stored_states_gives_the_same_rows (void **state G_GNUC_UNUSED)
{
  for_histories (check_reload);
}

/* What the collector does with one resource, in small. */
typedef struct
{
  HmSeen *seen;
  GPtrArray *kept; /* (element-type HmRecord), sorted */
  HmFoldState *state;
  KitRows *rows;
  const KitHistory *history;
  HmFoldSettings settings;
  guint refolds;
} Collector;

static void
keep (GPtrArray *kept, HmRecord *record)
{
  guint at = kept->len;

  while (at > 0 && hm_record_compare (g_ptr_array_index (kept, at - 1), record) > 0)
    at--;
  g_ptr_array_insert (kept, (gint)at, record);
}

static void
refold (Collector *collector)
{
  kit_rows_free (collector->rows);
  hm_fold_state_free (collector->state);
  collector->rows = kit_rows_new ();
  collector->state = hm_fold_state_new ();
  for (guint i = 0; i < collector->kept->len; i++)
    fold_record (collector->history, collector->state, g_ptr_array_index (collector->kept, i),
                 &collector->settings, collector->rows);
  collector->refolds++;
}

static void
arrive (Collector *collector, HmRecord *record)
{
  const HmAgentStamp *agent = &record->agent;

  if (hm_seen_check (collector->seen, agent->id, agent->epoch, record->seq) == HM_SEEN_REPEATED)
    return;
  hm_seen_add (collector->seen, agent->id, agent->epoch, record->seq);
  keep (collector->kept, record);
  if (hm_fold_in_order (collector->state, record))
    fold_record (collector->history, collector->state, record, &collector->settings, collector->rows);
  else
    refold (collector);
}

/* Every record at least once, some twice, most of them near their place. (transfer container) */
static GPtrArray *
shuffle (const GPtrArray *records, GRand *rand)
{
  GPtrArray *arrivals = g_ptr_array_new ();

  for (guint i = 0; i < records->len; i++)
    for (gint times = g_rand_int_range (rand, 0, 4) == 0 ? 2 : 1; times > 0; times--)
      g_ptr_array_add (arrivals, g_ptr_array_index (records, i));
  for (guint i = 0; i < arrivals->len / 4; i++)
    {
      guint a = (guint)g_rand_int_range (rand, 0, (gint32)arrivals->len);
      guint b = (guint)g_rand_int_range (rand, 0, (gint32)arrivals->len);
      gpointer moved = arrivals->pdata[a];

      arrivals->pdata[a] = arrivals->pdata[b];
      arrivals->pdata[b] = moved;
    }
  return arrivals;
}

static void
check_arrival (const KitHistory *history, GRand *rand)
{
  HmFoldSettings settings = settings_of (history, HOUR);
  g_autoptr (KitRows) straight = fold_all (history, &settings);
  g_autoptr (GPtrArray) arrivals = shuffle (history->records, rand);
  Collector collector
      = { hm_seen_new (), g_ptr_array_new (), hm_fold_state_new (), kit_rows_new (), history, settings, 0 };

  for (guint i = 0; i < arrivals->len; i++)
    arrive (&collector, g_ptr_array_index (arrivals, i));
  assert_int_equal (collector.kept->len, history->records->len);
  assert_same_rows (straight, collector.rows);
  hm_seen_free (collector.seen);
  g_ptr_array_unref (collector.kept);
  hm_fold_state_free (collector.state);
  kit_rows_free (collector.rows);
}

static void
fold_gives_the_same_rows_for_any_order_and_repetition (void **state G_GNUC_UNUSED)
{
  for_histories (check_arrival);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown (fold_agrees_with_the_naive_model, print_last_seed),
    cmocka_unit_test_teardown (fold_counts_no_more_than_the_counters_said, print_last_seed),
    cmocka_unit_test_teardown (fold_adds_up_to_the_same_in_every_grain, print_last_seed),
    cmocka_unit_test_teardown (fold_over_stored_states_gives_the_same_rows, print_last_seed),
    cmocka_unit_test_teardown (fold_gives_the_same_rows_for_any_order_and_repetition, print_last_seed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
