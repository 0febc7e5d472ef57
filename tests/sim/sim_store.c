/* SPDX-License-Identifier: Apache-2.0 */
/* sim_store: see the header. */
#include "tests/sim/sim_store.h"

#include <string.h>

#include "collector/engine/engine_private.h"
#include "collector/engine/engine_roll.h"
#include "collector/bill/shadow.h"

/* Instances in one store. */
#define FLEET 10

/* -- what people do -- */

static void
store_rows (EngineKit *kit, HmBatchRows *rows)
{
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  if (!hm_engine_store_rows (kit->engine, rows, &owned, &error))
    fail_msg ("%s", error->message);
  assert_true (owned);
}

void
sim_fleet_set_policies (const SimFleet *fleet, EngineKit *kit)
{
  const SimHistory *history = fleet->histories[0];
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();

  for (guint i = 0; i < history->n_policies; i++)
    {
      const SimPolicy *policy = &history->policies[i];
      const HmPolicyRow row = { .from = policy->from,
                                .hold = policy->hold,
                                .network_limit = policy->network_limit,
                                .author = "ada",
                                .made = policy->from };

      g_array_append_val (rows->policies, row);
    }
  if (history->n_policies > 0)
    store_rows (kit, rows);
  assert_true (hm_engine_load_policies (kit->engine, NULL));
}

static void
add_decisions (const SimDelivery *delivery, HmBatchRows *rows)
{
  const SimRecord *sim = delivery->record;

  for (guint i = 0; i < sim->record.n_samples; i++)
    {
      const HmSample *sample = &sim->samples[i];
      const HmDecisionRow row = { .source = "site",
                                  .resource = delivery->history->resource,
                                  .agent = sim->record.agent.id,
                                  .epoch = sim->record.agent.epoch,
                                  .seq = sim->record.seq,
                                  .device = sample->device != NULL ? sample->device : "",
                                  .meter = sample->meter,
                                  .sample_epoch = sample->epoch != NULL ? sample->epoch : "",
                                  .decision = sim->decisions[i],
                                  .author = "ada",
                                  .reason = "looked at it",
                                  .made = SIM_MORNING + 30 * DAY };

      if (row.decision != HM_DECISION_NONE)
        g_array_append_val (rows->decisions, row);
    }
}

/* Somebody decides about what has come between @from and @to. */
static void
decide (EngineKit *kit, const GArray *deliveries, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
      const SimDelivery *delivery = &g_array_index (deliveries, SimDelivery, i);
      g_autoptr (GError) error = NULL;

      add_decisions (delivery, rows);
      if (rows->decisions->len == 0)
        continue;
      if (!hm_engine_refold (kit->engine, rows, "site", delivery->history->resource, &error))
        fail_msg ("%s", error->message);
      store_rows (kit, rows);
    }
}

/* -- arrival -- */

static void
add_arrival (EngineKit *kit, GPtrArray *batch, const SimDelivery *delivery)
{
  HmArrival *arrival = engine_kit_arrival (kit, &delivery->record->record);

  arrival->appended = arrival->received = delivery->appended;
  g_ptr_array_add (batch, arrival);
}

static void
take (EngineKit *kit, const GArray *deliveries, guint from, guint to)
{
  g_autoptr (GPtrArray) batch = engine_kit_arrivals ();

  for (guint i = from; i < to; i++)
    add_arrival (kit, batch, &g_array_index (deliveries, SimDelivery, i));
  engine_kit_take (kit, batch);
}

static void
add_delivery (GArray *deliveries, const SimHistory *history, SimRecord *record)
{
  const SimDelivery delivery = { history, record, record->appended };

  g_array_append_val (deliveries, delivery);
}

void
sim_fleet_feed (const SimFleet *fleet, EngineKit *kit)
{
  g_autoptr (GArray) deliveries = g_array_new (FALSE, FALSE, sizeof (SimDelivery));

  for (guint h = 0; h < fleet->n; h++)
    for (guint i = 0; i < fleet->histories[h]->n_records; i++)
      if (!fleet->histories[h]->records[i].lost)
        add_delivery (deliveries, fleet->histories[h], &fleet->histories[h]->records[i]);
  take (kit, deliveries, 0, deliveries->len);
  decide (kit, deliveries, 0, deliveries->len);
}

static int
by_arrival (gconstpointer a, gconstpointer b)
{
  const SimDelivery *x = a, *y = b;

  return (x->appended > y->appended) - (x->appended < y->appended);
}

GArray *
sim_fleet_disorder (const SimFleet *fleet, GRand *rand)
{
  GArray *deliveries = g_array_new (FALSE, FALSE, sizeof (SimDelivery));
  SimRecord *arrivals[3 * SIM_RECORDS];

  for (guint h = 0; h < fleet->n; h++)
    for (guint i = 0, n = sim_arrivals (fleet->histories[h], arrivals); i < n; i++)
      add_delivery (deliveries, fleet->histories[h], arrivals[i]);
  if (g_rand_boolean (rand))
    g_array_sort (deliveries, by_arrival);
  else
    for (guint i = deliveries->len; i > 1; i--)
      {
        SimDelivery *last = &g_array_index (deliveries, SimDelivery, i - 1), moved = *last;
        SimDelivery *other = &g_array_index (deliveries, SimDelivery, g_rand_int (rand) % i);

        *last = *other;
        *other = moved;
      }
  return deliveries;
}

/* Days that are over become rollups, of which a late record may take some back. */
static void
roll (EngineKit *kit, GRand *rand)
{
  static const gint64 days[] = { 20001, 20002, 20029, 20031 }; /* the last two: a month is over, too */
  HmTime until = days[g_rand_int (rand) % G_N_ELEMENTS (days)] * DAY;
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_roll (kit->engine, until, 0, &more, &error))
      fail_msg ("%s", error->message);
}

static void
feed_in_disorder (EngineKit *kit, const SimFleet *fleet, GRand *rand)
{
  g_autoptr (GArray) deliveries = sim_fleet_disorder (fleet, rand);
  guint most = (guint)g_rand_int_range (rand, 1, 120), decided = 0;

  if (g_rand_boolean (rand))
    kit->cache_bytes = 0;
  engine_kit_restart (kit);
  for (guint at = 0; at < deliveries->len;)
    {
      guint to = at + (guint)g_rand_int_range (rand, 1, (gint32)most + 1);

      to = MIN (to, deliveries->len);
      take (kit, deliveries, at, to);
      at = to;
      if (g_rand_int_range (rand, 0, 5) == 0)
        {
          decide (kit, deliveries, decided, at);
          decided = at;
        }
      if (g_rand_int_range (rand, 0, 10) == 0)
        engine_kit_restart (kit);
      if (g_rand_int_range (rand, 0, 10) == 0)
        roll (kit, rand);
    }
  decide (kit, deliveries, 0, deliveries->len);
}

/* -- what the store holds -- */

static gboolean
add_row (const HmBucket *row, gpointer got)
{
  assert_true (sim_truth_add_row (got, row));
  return TRUE;
}

static gboolean
add_held (const HmHeldRow *row, gpointer got)
{
  assert_true (sim_truth_add_held (got, row));
  return TRUE;
}

static void
add_interval (SimTruth *traced, const HmShadowInterval *interval)
{
  SimTotal key = { .agent = g_intern_string (interval->agent),
                   .epoch = g_intern_string (interval->epoch),
                   .project = sim_nothing (),
                   .flavor = sim_nothing (),
                   .sample_epoch = g_intern_string (interval->sample_epoch) };
  SimTotal *total;

  assert_true (sim_series_find (interval->device, interval->meter, &key.series));
  total = sim_total (traced, &key);
  total->quantity += interval->amount;
  total->covered_ns += interval->covered_ns;
  total->flags |= interval->flags;
}

/* What the store's records are folded to once more, segment by segment. */
static void
add_segments (EngineKit *kit, const SimHistory *history, SimTruth *ret_traced)
{
  const HmEngineSettings settings = { .grain_ns = HOUR };
  const HmShadowWish wish
      = { .until = HM_TIME_UNKNOWN, .intervals = TRUE, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmShadow) shadow = hm_shadow_new (kit->real, kit->store, kit->meters, &settings, &error);
  g_autoptr (HmShadowFolded) folded
      = shadow != NULL ? hm_shadow_fold (shadow, "site", history->resource, &wish, &error) : NULL;

  if (folded == NULL)
    fail_msg ("%s", error->message);
  ret_traced->n = 0;
  for (guint i = 0; i < folded->intervals->len; i++)
    add_interval (ret_traced, g_ptr_array_index (folded->intervals, i));
}

char *
sim_check_totals (EngineKit *kit, SimHistory *history, SimHits *hits)
{
  static SimTruth truth, got, traced;
  const HmStoreFilter filter
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .resource = history->resource };
  char *wrong;

  got.n = got.n_held = 0;
  assert_true (kit->real->list_buckets (kit->store, &filter, add_row, &got, NULL));
  for (guint i = 0; hits != NULL && i < got.n; i++)
    sim_hits_tell (hits, got.totals[i].flags);
  sim_truth (history, HOUR, &truth);
  wrong = sim_truth_compare (&truth, &got);
  assert_true (kit->real->list_held (kit->store, &filter, add_held, &got, NULL));
  if (wrong == NULL)
    wrong = sim_truth_compare_held (&truth, &got);
  add_segments (kit, history, &traced);
  if (wrong == NULL)
    wrong = sim_truth_compare_lives (&got, &traced);
  return wrong != NULL ? wrong : sim_truth_compare_world (history, &got);
}

/* With flags of arrival, as a record's copies were appended at one moment. */
static gboolean
print_row (const HmBucket *row, gpointer text)
{
  g_autofree char *cells = hm_bucket_cells_to_json (row, NULL);

  g_string_append_printf (text, "%" G_GINT64_FORMAT " %s %s %s %s %s %s %d %s\n", row->grain, row->resource,
                          row->agent, row->epoch, row->project, row->user, row->flavor, (int)row->state,
                          cells);
  return TRUE;
}

static gboolean
print_resource (const HmResourceRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s %s %d %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.*s\n",
                          row->resource, row->project, row->user, row->flavor, (int)row->state, row->agent,
                          row->first_seen, row->last_seen, (int)row->fold_length, row->fold);
  return TRUE;
}

char *
sim_check_usage (EngineKit *kit, SimHistory *history)
{
  static SimTruth truth, got;
  const HmStoreFilter filter = {
    .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .resource = history->resource, .step = HM_STEP_MONTH
  };

  got.n = 0;
  assert_true (kit->real->list_usage (kit->store, &filter, add_row, &got, NULL));
  sim_truth (history, HOUR, &truth);
  return sim_truth_compare_usage (&truth, &got);
}

static gboolean
print_held (const HmHeldRow *row, gpointer text)
{
  char value[HM_NUMBER_MAX], base[HM_NUMBER_MAX], amount[HM_NUMBER_MAX];

  hm_value_print (row->value, value);
  hm_value_print (row->base, base);
  hm_int128_print (row->amount, 0, amount);
  g_string_append_printf (
      text, "%s %s %s %" G_GUINT64_FORMAT " %s %x %s, not %s at %" G_GINT64_FORMAT ": %s\n", row->resource,
      row->agent, row->epoch, row->seq, row->meter, row->flag, value, base, row->base_time, amount);
  return TRUE;
}

static gboolean
print_raw (const HmRawRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %" G_GUINT64_FORMAT " %.*s\n", row->resource, row->agent, row->seq,
                          (int)row->length, (const char *)row->value);
  return TRUE;
}

/* (transfer full) */
static char *
print_store (EngineKit *kit)
{
  static const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  GString *text = g_string_new (NULL);

  assert_true (kit->real->list_buckets (kit->store, &everything, print_row, text, NULL));
  assert_true (kit->real->list_resources (kit->store, &everything, print_resource, text, NULL));
  assert_true (kit->real->list_held (kit->store, &everything, print_held, text, NULL));
  assert_true (kit->real->list_raw (kit->store, &everything, print_raw, text, NULL));
  return g_string_free (text, FALSE);
}

/* The first line of @got that @expected has otherwise. (transfer full) */
static char *
first_difference (const char *expected, const char *got)
{
  guint at = 0;
  const char *line;

  while (expected[at] != '\0' && expected[at] == got[at])
    at++;
  for (line = got + at; line > got && line[-1] != '\n';)
    line--;
  return g_strdup_printf ("in another order: %.*s\ninstead of: %.*s", (int)strcspn (line, "\n"), line,
                          (int)strcspn (expected + (line - got), "\n"), expected + (line - got));
}

char *
sim_compare_stores (EngineKit *expected, EngineKit *got)
{
  g_autofree char *a = print_store (expected), *b = print_store (got);

  return strcmp (a, b) != 0 ? first_difference (a, b) : NULL;
}

/* -- a fleet -- */

char *
sim_fleet_check (const SimFleet *fleet, SimOpen open, guint32 seed)
{
  g_autoptr (EngineKit) straight = open (), shuffled = open ();
  GRand *rand = g_rand_new_with_seed (seed);
  char *wrong = NULL;

  for (guint i = 0; i < fleet->n; i++)
    {
      g_rand_set_seed (fleet->histories[i]->rand, seed + i);
      sim_place (fleet->histories[i]);
    }
  sim_fleet_set_policies (fleet, straight);
  sim_fleet_set_policies (fleet, shuffled);
  sim_fleet_feed (fleet, straight);
  feed_in_disorder (shuffled, fleet, rand);
  g_rand_free (rand);
  for (guint i = 0; i < fleet->n && wrong == NULL; i++)
    wrong = sim_check_totals (straight, fleet->histories[i], NULL);
  for (guint i = 0; i < fleet->n && wrong == NULL; i++)
    wrong = sim_check_usage (shuffled, fleet->histories[i]);
  return wrong != NULL ? wrong : sim_compare_stores (straight, shuffled);
}

static char *
check_alone (SimHistory *history, gpointer open)
{
  const SimFleet fleet = { .histories = { history }, .n = 1 };

  return sim_fleet_check (&fleet, *(SimOpen *)open, history->seed);
}

void
sim_fleet_blame (const SimFleet *fleet, SimOpen open, const char *wrong)
{
  for (guint i = 0; i < fleet->n; i++)
    {
      g_autofree char *alone = check_alone (fleet->histories[i], &open);

      if (alone != NULL)
        sim_shrink (fleet->histories[i], fleet->histories[i]->seed, check_alone, &open);
    }
  fail_msg ("HYPERMETER_SIM_SEED=%u and %u histories together: %s", fleet->histories[0]->seed, fleet->n,
            wrong);
}

void
sim_fleet_play (SimFleet *fleet, guint32 seed, guint n)
{
  g_assert (n <= G_N_ELEMENTS (fleet->histories));
  fleet->n = n;
  for (guint i = 0; i < n; i++)
    {
      SimHistory *history = fleet->histories[i];

      if (history == NULL)
        {
          history = fleet->histories[i] = g_new0 (SimHistory, 1);
          history->rand = g_rand_new ();
        }
      sim_play (history, seed + i, sim_name ("r", i));
      history->n_policies = fleet->histories[0]->n_policies;
      memcpy (history->policies, fleet->histories[0]->policies, sizeof history->policies);
    }
}

void
sim_fleet_clear (SimFleet *fleet)
{
  for (guint i = 0; i < G_N_ELEMENTS (fleet->histories); i++)
    if (fleet->histories[i] != NULL)
      {
        g_rand_free (fleet->histories[i]->rand);
        g_clear_pointer (&fleet->histories[i], g_free);
      }
}

void
sim_store_run (SimOpen open, guint32 seed, guint n)
{
  SimFleet fleet = { .n = 0 };

  for (guint done = 0; done < n; done += fleet.n)
    {
      g_autofree char *wrong = NULL;

      sim_look_at (seed + done);
      sim_fleet_play (&fleet, seed + done, MIN (FLEET, n - done));
      wrong = sim_fleet_check (&fleet, open, seed + done);
      if (wrong != NULL)
        sim_fleet_blame (&fleet, open, wrong);
    }
  sim_fleet_clear (&fleet);
}
