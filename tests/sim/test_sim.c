/* SPDX-License-Identifier: Apache-2.0 */
/* test_sim: simulated histories through the fold in memory. It must come to what can be known of the records, to what the world really
 * counted, in every grain, and to the same rows in whatever order and however often they come. HYPERMETER_SIM_MEMORY histories. */
#include "tests/sim/sim_kit.h"

#include "collector/usage/fold.h"
#include "collector/usage/place.h"
#include "tests/fold_kit.h"

#include <string.h>

#define HISTORIES 100000
#define LEAST     1000

typedef struct
{
  HmFoldOutput output; /* first: the fold gets it */
  GPtrArray *rows;     /* (element-type HmBucket) */
  const HmDecisions *decisions;
  SimTruth *traced; /* by series and life; and what was held out */
} Rows;

typedef struct
{
  HmMeterTable *meters;
  SimHits hits;
  Rows rows;
  HmDecisions *decisions;
  GArray *policies; /* (element-type HmFoldPolicy) */
  SimTruth truth, got, traced;
} Bench;

static const gint64 grains[] = { HOUR, 30 * MINUTE, 15 * MINUTE, 5 * MINUTE };

/* -- rows -- */

static HmBucket *
get_row (HmFoldOutput *self, HmTime grain, const char *agent, const char *epoch, const char *project,
         const char *user, const char *flavor, HmState state)
{
  GPtrArray *rows = ((Rows *)self)->rows;
  HmBucket *row;

  for (guint i = rows->len; i-- > 0;)
    {
      row = g_ptr_array_index (rows, i);
      if (row->grain == grain && row->state == state && strcmp (row->epoch, epoch) == 0
          && strcmp (row->agent, agent) == 0 && strcmp (row->project, project) == 0
          && strcmp (row->user, user) == 0 && strcmp (row->flavor, flavor) == 0)
        return row;
    }
  row = hm_bucket_new ();
  row->grain = grain;
  row->agent = g_strdup (agent);
  row->epoch = g_strdup (epoch);
  row->project = g_strdup (project);
  row->user = g_strdup (user);
  row->flavor = g_strdup (flavor);
  row->state = state;
  g_ptr_array_add (rows, row);
  return row;
}

static void
keep_held (HmFoldOutput *self, const HmHeldRow *row)
{
  assert_true (sim_truth_add_held (((Rows *)self)->traced, row));
}

static void
keep_trace (HmFoldOutput *self, const HmFoldTrace *trace)
{
  SimTotal key = { .agent = g_intern_string (trace->agent),
                   .epoch = g_intern_string (trace->epoch),
                   .project = sim_nothing (),
                   .flavor = sim_nothing (),
                   .sample_epoch = g_intern_string (trace->sample_epoch) };
  SimTotal *total;

  assert_true (sim_series_find (trace->device, trace->meter, &key.series));
  assert_true (trace->from <= trace->to);
  total = sim_total (((Rows *)self)->traced, &key);
  total->quantity += trace->amount;
  total->covered_ns += trace->covered_ns;
  total->flags |= trace->flags;
}

static void
row_free (gpointer row)
{
  hm_bucket_free (row);
}

static Rows
rows_new (SimTruth *traced)
{
  return (Rows){ .output = { .bucket = get_row, .held = keep_held, .trace = keep_trace },
                 .rows = g_ptr_array_new_with_free_func (row_free),
                 .traced = traced };
}

/* -- folding -- */

static HmFoldSettings
settings_of (const Bench *bench, gint64 grain)
{
  return (HmFoldSettings){ .grain_ns = grain,
                           .hold_intervals = 3,
                           .fallback_interval = MINUTE,
                           .meters = bench->meters,
                           .policies = bench->policies };
}

static void
fold_record (HmFoldState *state, const SimRecord *record, const HmFoldSettings *settings, Rows *rows)
{
  const HmFoldContext context = { record->flags, rows->decisions };

  assert_true (hm_fold_in_order (state, &record->placed));
  assert_true (hm_fold (state, &record->placed, &context, settings, &rows->output));
}

static void
fold_all (const Bench *bench, SimHistory *history, gint64 grain, Rows *rows)
{
  HmFoldSettings settings = settings_of (bench, grain);
  g_autoptr (HmFoldState) state = hm_fold_state_new ();
  SimRecord *ordered[SIM_RECORDS];
  guint n = sim_order (history, ordered);

  g_ptr_array_set_size (rows->rows, 0);
  rows->traced->n = rows->traced->n_held = 0;
  for (guint i = 0; i < n; i++)
    fold_record (state, ordered[i], &settings, rows);
}

static void
add_up (const Rows *rows, SimTruth *ret_totals)
{
  ret_totals->n = 0;
  for (guint i = 0; i < rows->rows->len; i++)
    assert_true (sim_truth_add_row (ret_totals, g_ptr_array_index (rows->rows, i)));
}

static guint
n_histories (void)
{
  return sim_number ("HYPERMETER_SIM_MEMORY", HISTORIES);
}

/* -- what can be known -- */

static void
tell (Bench *bench)
{
  for (guint i = 0; i < bench->rows.rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (bench->rows.rows, i);

      for (guint j = 0; j < row->cells->len; j++)
        sim_hits_tell (&bench->hits, ((const HmCell *)g_ptr_array_index (row->cells, j))->flags);
    }
}

static void
add_decisions (HmDecisions *decisions, const SimRecord *record)
{
  for (guint i = 0; i < record->record.n_samples; i++)
    {
      const HmSample *sample = &record->samples[i];
      const HmDecisionRow row = { .source = "site",
                                  .resource = "r",
                                  .agent = record->record.agent.id,
                                  .epoch = record->record.agent.epoch,
                                  .seq = record->record.seq,
                                  .device = sample->device != NULL ? sample->device : "",
                                  .meter = sample->meter,
                                  .sample_epoch = sample->epoch != NULL ? sample->epoch : "",
                                  .decision = record->decisions[i] };

      if (row.decision != HM_DECISION_NONE)
        hm_decisions_add (decisions, &row);
    }
}

/* What people have decided and set. */
static void
heed (Bench *bench, const SimHistory *history)
{
  g_clear_pointer (&bench->decisions, hm_decisions_free);
  bench->rows.decisions = bench->decisions = hm_decisions_new ();
  g_array_set_size (bench->policies, 0);
  for (guint i = 0; i < history->n_records; i++)
    add_decisions (bench->decisions, &history->records[i]);
  for (guint i = 0; i < history->n_policies; i++)
    {
      const SimPolicy *set = &history->policies[i];
      const HmFoldPolicy policy = { set->from, set->hold, set->network_limit };

      g_array_append_val (bench->policies, policy);
    }
}

static char *
check_truth (SimHistory *history, gpointer user)
{
  Bench *bench = user;
  gint64 grain = grains[history->n_records % G_N_ELEMENTS (grains)];
  char *wrong;

  heed (bench, history);
  fold_all (bench, history, grain, &bench->rows);
  add_up (&bench->rows, &bench->got);
  tell (bench);
  sim_truth (history, grain, &bench->truth);
  wrong = sim_truth_compare (&bench->truth, &bench->got);
  if (wrong == NULL)
    wrong = sim_truth_compare_held (&bench->truth, &bench->traced);
  if (wrong == NULL)
    wrong = sim_truth_compare_lives (&bench->got, &bench->traced);
  return wrong != NULL ? wrong : sim_truth_compare_world (history, &bench->got);
}

static void
fold_comes_to_what_can_be_known (void **state)
{
  Bench *bench = *state;

  sim_run (sim_seed (), n_histories (), check_truth, bench, &bench->hits);
  sim_hits_assert (&bench->hits, n_histories () < HISTORIES ? 0 : LEAST);
}

/* -- grains and zones -- */

/* The first moment of the local day after the one that @time is in. */
static HmTime
next_day (GTimeZone *zone, HmTime time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / SECOND);
  g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);
  int year, month, day;
  g_autoptr (GDateTime) midnight = NULL, next = NULL;

  g_date_time_get_ymd (local, &year, &month, &day);
  midnight = g_date_time_new (zone, year, month, day, 0, 0, 0);
  next = g_date_time_add_days (midnight, 1);
  return g_date_time_to_unix (next) * SECOND;
}

/* A zone's days take whole rows: none lies on both sides of a midnight. */
static char *
check_zone (const Rows *rows, gint64 grain, const char *name)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (name);

  assert_non_null (zone);
  for (guint i = 0; i < rows->rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (rows->rows, i);

      if (row->grain % grain != 0 || row->grain + grain > next_day (zone, row->grain))
        return g_strdup_printf ("the row of %" G_GINT64_FORMAT " lies in two days of %s", row->grain, name);
    }
  return NULL;
}

static char *
check_zones (const Rows *rows, gint64 grain)
{
  static const struct
  {
    const char *name;
    gint64 grain; /* the coarsest that serves it */
  } zones[] = { { "UTC", HOUR },
                { "Europe/Berlin", HOUR },
                { "America/New_York", HOUR },
                { "Asia/Kolkata", 30 * MINUTE },
                { "Australia/Lord_Howe", 30 * MINUTE },
                { "Asia/Kathmandu", 15 * MINUTE } };
  char *wrong = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (zones) && wrong == NULL; i++)
    if (grain <= zones[i].grain)
      wrong = check_zone (rows, grain, zones[i].name);
  return wrong;
}

static char *
check_grains (SimHistory *history, gpointer user)
{
  Bench *bench = user;
  gboolean zones = history->n_moments % 16 == 1;
  char *wrong = NULL;

  heed (bench, history);
  fold_all (bench, history, grains[0], &bench->rows);
  add_up (&bench->rows, &bench->truth);
  for (guint i = 0; i < G_N_ELEMENTS (grains) && wrong == NULL; i++)
    {
      fold_all (bench, history, grains[i], &bench->rows);
      add_up (&bench->rows, &bench->got);
      wrong = sim_truth_compare_lives (&bench->truth, &bench->got);
      if (wrong == NULL && zones)
        wrong = check_zones (&bench->rows, grains[i]);
    }
  return wrong;
}

static void
fold_adds_up_to_the_same_in_every_grain_and_zone (void **state)
{
  sim_run (sim_seed (), n_histories () / 5, check_grains, *state, NULL);
}

/* -- clocks -- */

/* The records of a boot in the order of its time, as the collector is given them. */
static char *
check_boot (GPtrArray *records, HmTime reached)
{
  HmClocks *clocks = hm_clocks_new ();
  char *wrong = NULL;

  for (guint i = 0; i < records->len && wrong == NULL; i++)
    {
      const SimRecord *sim = g_ptr_array_index (records, i);
      HmClockReading reading = hm_clock_reading (&sim->record, sim->appended);
      HmPlace place = hm_clocks_place (clocks, &reading, reached);

      if (place.time != sim->placed.time || place.flags != (sim->flags & ~(guint32)HM_FLAG_LATE)
          || place.parked != sim->parked)
        wrong = g_strdup_printf ("%s/%" G_GUINT64_FORMAT " at %" G_GINT64_FORMAT ", flags %x, not %x",
                                 sim->record.agent.id, sim->record.seq, place.time, place.flags, sim->flags);
    }
  hm_clocks_free (clocks);
  return wrong;
}

static int
by_boot_time (gconstpointer a, gconstpointer b)
{
  const SimRecord *x = *(const SimRecord *const *)a, *y = *(const SimRecord *const *)b;
  HmClockReading of_x = hm_clock_reading (&x->record, x->appended);
  HmClockReading of_y = hm_clock_reading (&y->record, y->appended);
  int order = hm_clock_reading_compare (&of_x, &of_y);

  return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static char *
check_places (SimHistory *history, gpointer user G_GNUC_UNUSED)
{
  HmTime reached = HM_TIME_UNKNOWN;
  char *wrong = NULL;

  sim_place (history);
  for (guint i = 0; i < history->n_records; i++)
    if (!history->records[i].lost)
      reached = MAX (reached, history->records[i].appended);
  for (guint boot = 0; boot < history->boots && wrong == NULL; boot++)
    {
      g_autoptr (GPtrArray) records = g_ptr_array_new ();

      for (guint i = 0; i < history->n_records; i++)
        if (!history->records[i].lost && history->records[i].record.clock.boot == sim_name ("boot-", boot))
          g_ptr_array_add (records, &history->records[i]);
      g_ptr_array_sort (records, by_boot_time);
      wrong = check_boot (records, reached);
    }
  return wrong;
}

static void
records_are_placed_where_they_can_be_known_to_have_been (void **state)
{
  sim_run (sim_seed (), n_histories () / 5, check_places, *state, NULL);
}

/* -- arrival -- */

static int
by_key (gconstpointer a, gconstpointer b)
{
  const HmBucket *x = *(const HmBucket *const *)a, *y = *(const HmBucket *const *)b;
  int order = (x->grain > y->grain) - (x->grain < y->grain);

  order = order != 0 ? order : strcmp (x->agent, y->agent);
  order = order != 0 ? order : strcmp (x->epoch, y->epoch);
  order = order != 0 ? order : strcmp (x->project, y->project);
  order = order != 0 ? order : strcmp (x->flavor, y->flavor);
  return order != 0 ? order : (int)x->state - (int)y->state;
}

/* (transfer full) */
static char *
print_rows (Rows *rows)
{
  GString *text = g_string_new (NULL);

  g_ptr_array_sort (rows->rows, by_key);
  for (guint i = 0; i < rows->rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (rows->rows, i);
      g_autofree char *cells = hm_bucket_cells_to_json (row, NULL);

      g_string_append_printf (text, "%" G_GINT64_FORMAT " %s %s %s %s %d %s\n", row->grain, row->agent,
                              row->epoch, row->project, row->flavor, (int)row->state, cells);
    }
  return g_string_free (text, FALSE);
}

/* A collector of one resource, as simple as it can be. */
typedef struct
{
  Rows *rows;
  HmFoldSettings settings;
  HmFoldState *state;
  SimHistory *history;
  gboolean taken[SIM_RECORDS];
} Collector;

static void
restart (Collector *collector)
{
  collector->state = kit_state_reload (collector->state);
}

/* Folds what has been taken once more. */
static void
fold_again (Collector *collector)
{
  SimRecord *ordered[SIM_RECORDS];
  guint n = sim_order (collector->history, ordered);

  hm_fold_state_free (collector->state);
  collector->state = hm_fold_state_new ();
  g_ptr_array_set_size (collector->rows->rows, 0);
  for (guint i = 0; i < n; i++)
    if (collector->taken[ordered[i]->number])
      fold_record (collector->state, ordered[i], &collector->settings, collector->rows);
}

static void
arrive (Collector *collector, const SimRecord *record)
{
  if (collector->taken[record->number])
    return;
  collector->taken[record->number] = TRUE;
  if (record->parked)
    return;
  if (hm_fold_in_order (collector->state, &record->placed))
    fold_record (collector->state, record, &collector->settings, collector->rows);
  else
    fold_again (collector);
  if (sim_chance (collector->history, 20))
    restart (collector);
}

static char *
check_arrival (SimHistory *history, gpointer user)
{
  Bench *bench = user;
  Collector collector
      = { &bench->rows, settings_of (bench, HOUR), hm_fold_state_new (), history, .taken = { FALSE } };
  SimRecord *arrivals[3 * SIM_RECORDS];
  guint n;
  g_autofree char *straight = NULL, *got = NULL;

  heed (bench, history);
  g_rand_set_seed (history->rand,
                   history->seed); /* the same order each time, so that a failure can be made small */
  n = history->seed % 2 == 0 ? sim_arrivals (history, arrivals) : sim_order (history, arrivals);
  fold_all (bench, history, HOUR, &bench->rows);
  straight = print_rows (&bench->rows);
  g_ptr_array_set_size (bench->rows.rows, 0);
  for (guint i = 0; i < n; i++)
    {
      bench->traced.n = bench->traced.n_held = 0;
      arrive (&collector, arrivals[i]);
    }
  hm_fold_state_free (collector.state);
  got = print_rows (&bench->rows);
  return strcmp (straight, got) == 0 ? NULL : g_strdup ("other rows when the records come in another order");
}

static void
fold_gives_the_same_rows_however_records_arrive (void **state)
{
  sim_run (sim_seed (), n_histories () / 5, check_arrival, *state, NULL);
}

static int
set_up (void **state)
{
  Bench *bench = g_new0 (Bench, 1);

  bench->meters = kit_fold_meters ();
  bench->rows = rows_new (&bench->traced);
  bench->policies = g_array_new (FALSE, FALSE, sizeof (HmFoldPolicy));
  *state = bench;
  return 0;
}

static int
tear_down (void **state)
{
  Bench *bench = *state;

  hm_meter_table_free (bench->meters);
  g_ptr_array_unref (bench->rows.rows);
  g_array_unref (bench->policies);
  g_clear_pointer (&bench->decisions, hm_decisions_free);
  g_free (bench);
  return sim_print_last (state);
}

#define sim_test(f) cmocka_unit_test_setup_teardown (f, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    sim_test (fold_comes_to_what_can_be_known),
    sim_test (fold_adds_up_to_the_same_in_every_grain_and_zone),
    sim_test (records_are_placed_where_they_can_be_known_to_have_been),
    sim_test (fold_gives_the_same_rows_however_records_arrive),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
