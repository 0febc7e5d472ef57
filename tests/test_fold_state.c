/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what the fold remembers: order, text, bounds, and what happens where something has no room. */
#include "tests/fold_kit.h"

#include <string.h>

/* -- order -- */

static void
record_order_is_time_then_agent_then_start_then_number (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    HmTime time;
    const char *agent, *epoch;
    guint64 seq;
  } keys[] = {
    { 1, "b", "b", 9 }, { 2, "a", "b", 9 },           { 2, "b", "a", 9 },
    { 2, "b", "b", 1 }, { 2, "b", "b", G_MAXUINT64 },
  };
  HmRecord records[G_N_ELEMENTS (keys)];

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      hm_record_init (&records[i], HM_RECORD_SAMPLES);
      records[i].time = keys[i].time;
      records[i].agent.id = keys[i].agent;
      records[i].agent.epoch = keys[i].epoch;
      records[i].seq = keys[i].seq;
      assert_int_equal (hm_record_compare (&records[i], &records[i]), 0);
      for (guint j = 0; j < i; j++)
        {
          assert_true (hm_record_compare (&records[j], &records[i]) < 0);
          assert_true (hm_record_compare (&records[i], &records[j]) > 0);
        }
    }
}

static void
fold_is_in_order_after_the_last_record_only (void **state)
{
  KitFold *f = *state;

  assert_true (hm_fold_in_order (f->state, &f->record));
  kit_fold_read (f, 1 * MINUTE, "cpu", 1);
  assert_false (hm_fold_in_order (f->state, &f->record));
  f->record.seq++;
  assert_true (hm_fold_in_order (f->state, &f->record));
  f->record.time--;
  assert_false (hm_fold_in_order (f->state, &f->record));
}

static void
fold_leaves_all_as_it_is_for_records_about_an_agents_work (void **state)
{
  static const HmRecordKind kinds[] = { HM_RECORD_GAP, HM_RECORD_HEARTBEAT };
  KitFold *f = *state;
  g_autofree char *before = NULL;

  kit_fold_read (f, 1 * MINUTE, "memory", 1);
  before = hm_fold_state_to_json (f->state, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *after = NULL;

      f->record.kind = kinds[i];
      kit_fold_at (f, 2 * MINUTE);
      f->record.time = MORNING;
      assert_true (hm_fold_in_order (f->state, &f->record));
      after = hm_fold_state_to_json (f->state, NULL);
      assert_string_equal (before, after);
    }
  kit_fold_assert (f, "memory", 0, 0, 0);
}

static void
fold_stops_when_a_row_cannot_be_had (void **state)
{
  for (int budget = 0; budget < 4; budget++)
    {
      KitFold *f = *state;
      gboolean done;

      /* one row for the first record; then one for what held, and three for the interval */
      f->rows->budget = 1;
      f->record.resource.epoch_start = HM_TIME_UNKNOWN;
      kit_fold_sample (f, "memory", 5);
      kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
      f->rows->budget = budget;
      f->record.time += 3 * HOUR;
      f->record.interval_ns = DAY;
      f->record.seq++;
      kit_fold_sample (f, "cpu", 2000);
      done = hm_fold (f->state, &f->record, NULL, &f->settings, &f->rows->output);
      assert_int_equal (done, budget == 3);
      kit_fold_teardown (state);
      kit_fold_setup (state);
    }
}

/* -- text -- */

/* A state with everything in it that a state can have. */
static void
fill (KitFold *f)
{
  f->settings.hold_intervals = 100000;
  for (guint i = 0; i < 3; i++)
    {
      HmSample *sample = kit_fold_sample (f, "disk.read", 100 * i);

      sample->device = "disk:\"vda\"";
      sample->epoch = i == 0 ? "1" : "2";
      sample->epoch_start = MORNING;
      kit_fold_sample (f, "cpu", i == 2 ? 5 : G_MAXUINT64 - i); /* held out in the end */
      kit_fold_sample (f, "memory", 7 * i);
      kit_fold_sample (f, "traffic", i);
      kit_fold_sample (f, "faults", 0)->value = (HmValue){ HM_VALUE_I64, { .i64 = -5 } };
      kit_fold_sample (f, "narrow", 0)->value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = i + 0.1 } };
      f->record.resource.flavor = i == 0 ? "f" : "g";
      f->record.agent.id = i == 2 ? "b" : "a";
      kit_fold_at (f, i * MINUTE);
    }
  kit_fold_read (f, 4 * MINUTE, "capacity", 1);
  kit_fold_event (f, 5 * MINUTE, "stopped", HM_STATE_SHUTOFF);
}

static void
state_comes_back_as_it_was (void **state)
{
  KitFold *f = *state;
  g_autofree char *before = NULL, *after = NULL;

  fill (f);
  before = hm_fold_state_to_json (f->state, NULL);
  f->state = kit_state_reload (f->state);
  after = hm_fold_state_to_json (f->state, NULL);
  assert_string_equal (before, after);
}

static void
state_comes_back_when_it_has_seen_nothing (void **state)
{
  KitFold *f = *state;

  f->state = kit_state_reload (f->state);
  assert_true (hm_fold_in_order (f->state, &f->record));
  kit_fold_read (f, 1 * MINUTE, "cpu", 1);
  kit_fold_assert (f, "cpu", 1, MINUTE, HM_FLAG_FROM_START);
}

static const char *const not_states[] = {
  "",
  "[]",
  "{}",
  "{\"version\":2}",
  "{\"version\":1,\"last\":[1,\"a\",\"e\",1]}",
  "{\"version\":1,\"last\":[1,\"a\",\"e\",1],\"revisions\":[],\"lives\":[],\"series\":[]}",
  "{\"version\":1,\"last\":[-1,\"a\",\"e\",1],\"revisions\":[[1,\"\",\"\",\"\",1]],\"lives\":[],\"series\":"
  "[]}",
  "{\"version\":1,\"last\":[1,\"a\",\"e\",1],\"revisions\":[[2,\"\",\"\",\"\",1]],\"lives\":[],\"series\":["
  "]}",
  "{\"version\":1,\"last\":[9,\"a\",\"e\",1],\"revisions\":[[2,\"\",\"\",\"\",1],[1,\"\",\"\",\"\",1]],"
  "\"lives\":[],\"series\":[]}",
  "{\"version\":1,\"last\":[1,\"a\",\"e\",1],\"revisions\":[[1,\"\",\"\",\"\",9]],\"lives\":[],\"series\":["
  "]}",
#define STATE(series)                                                                                        \
  "{\"version\":1,\"last\":[9,\"a\",\"e\",1],\"revisions\":[[1,\"\",\"\",\"\",1]],\"lives\":[[\"a\",\"x\"]]" \
  ","                                                                                                        \
  "\"series\":[" series "]}"
  STATE ("[\"\",\"m\",3,\"B\",0,5]"),
  STATE ("[\"\",\"m\",2,\"B\",10,5]"),
  STATE ("[\"\",\"m\",2,\"B\",0,5,[0,\"\",1]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,5,[0,\"\",-1]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,0.5,[0,\"\",1]]"),
  STATE ("[\"\",\"m\",1,\"B\",0,0.5,[0,\"\",0]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,null]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[1,\"\"]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0,\"\",10,5]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0,\"\",1]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,0.5,[[0,\"\"]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0,\"\",0,5,1]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0,\"\",0,5,1,10,0]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0,\"\",0,5,1,0,4]]]"),
  STATE ("[\"\",\"m\",0,\"B\",0,5,[[0,\"\",0,5,-1,0,0]]]"),
#define OWNED(said, owner, life)                                                                             \
  "{\"version\":1,\"last\":[9,\"a\",\"e\",1," said "],\"owner\":" owner                                      \
  ",\"revisions\":[[1,\"\",\"\",\"\",1]],"                                                                   \
  "\"lives\":[[\"a\",\"x\"" life "]],\"series\":[]}"
  OWNED ("7", "[\"a\"]", ""),
  OWNED ("1", "[1]", ""),
  OWNED ("1", "[\"a\",-1]", ""),
  OWNED ("1", "[\"a\",\"9223372036854775807\"]", ""),
  OWNED ("1", "[\"a\"]", ",-1"),
  OWNED ("1", "[\"a\"],\"known\":[1,5]", ""),
  OWNED ("1", "[\"a\"],\"known\":[0,-1]", ""),
  OWNED ("1", "[\"a\"],\"known\":[0,\"9223372036854775807\"]", ""),
  STATE ("[\"\",\"m\",1,\"B\",0,5,[0,\"\"]]"),
  STATE ("[\"\",\"m\",1,\"B\",0,5,[1,\"\",1]]"),
  STATE ("[\"\",\"m\",1,\"B\",0,5,[0,\"\",\"9223372036854775807\"]]"),
  STATE ("[\"\",\"m\",1,\"B\",0,5,[0,\"\",-1]]"),
  STATE ("[\"\",\"m\",1,\"B\",0,0.5,[0,\"\",0]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,5,[0,\"\",0.5]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,0.5,[0,\"\",-10]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,0.5,[0,\"\",1]]"),
  STATE ("[\"\",\"m\",1,\"B\",0,5,[0,\"\",1,0,1]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,5,[0,\"\",0,0]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,5,[0,\"\",0,1,1]]"),
  STATE ("[\"\",\"m\",2,\"B\",0,5,[0,\"\",0,0,10]]"),
};

static void
state_is_refused_when_it_is_not_one (void **state G_GNUC_UNUSED)
{
  for (guint i = 0; i < G_N_ELEMENTS (not_states); i++)
    {
      g_autoptr (GError) error = NULL;

      if (hm_fold_state_from_json (not_states[i], strlen (not_states[i]), &error) != NULL)
        fail_msg ("taken: %s", not_states[i]);
      kit_assert_error (&error, HM_ERROR_DATA, "state of a fold");
    }
}

/* Folds one more record into what is left of @text after one byte of it was changed; FALSE when it was
 * refused. */
static gboolean
try_damaged (KitFold *f, char *text, gsize length, gsize at, char with)
{
  g_autoptr (KitRows) rows = kit_rows_new ();
  g_autofree char *again = NULL;
  char kept = text[at];
  HmFoldState *read;

  text[at] = with;
  read = hm_fold_state_from_json (text, length, NULL);
  text[at] = kept;
  if (read == NULL)
    return FALSE;
  f->record.time = G_MAXINT64; /* the last moment there is */
  assert_true (hm_fold (read, &f->record, NULL, &f->settings, &rows->output));
  again = hm_fold_state_to_json (read, NULL);
  hm_fold_state_free (read);
  return TRUE;
}

/* Whatever a damaged text still says, it is either refused or a state that works. */
static void
state_is_refused_or_sound_when_its_text_is_damaged (void **state)
{
  KitFold *f = *state;
  guint32 seed = g_random_int ();
  GRand *rand = g_rand_new_with_seed (seed);
  g_autofree char *text = NULL;
  gsize length;
  guint taken = 0;

  print_message ("# seed %u\n", seed);
  fill (f);
  text = hm_fold_state_to_json (f->state, &length);
  f->settings.grain_ns = DAY;
  kit_fold_sample (f, "traffic", 5);
  for (guint i = 0; i < 3000; i++)
    taken += try_damaged (f, text, length, (gsize)g_rand_int_range (rand, 0, (gint32)length),
                          "0129[]{},\":-x"[g_rand_int_range (rand, 0, 13)]);
  assert_true (taken > 0 && taken < 3000);
  g_rand_free (rand);
}

/* -- bounds -- */

static gsize
state_length (const KitFold *f)
{
  gsize length;

  g_free (hm_fold_state_to_json (f->state, &length));
  return length;
}

static guint64
count_of_project (const KitFold *f, const char *project)
{
  guint64 count = 0;
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    if (strcmp (((const HmBucket *)row)->project, project) == 0)
      count += hm_bucket_cell (row, "", "cpu", "", HM_CUMULATIVE, "ns")->count;
  return count;
}

static void
state_stays_small_when_the_owner_changes_all_the_time (void **state)
{
  KitFold *f = *state;

  f->record.interval_ns = HOUR;
  for (guint i = 0; i < 1000; i++)
    {
      f->record.resource.project = i % 2 == 0 ? "p" : "q";
      kit_fold_sample (f, "memory", 5);
      kit_fold_read (f, i * MINUTE, "cpu", i);
    }
  assert_true (state_length (f) < 4096);
  assert_int_equal (count_of_project (f, "p"), 500);
  assert_int_equal (count_of_project (f, "q"), 500);
}

/* What that project used of @meter. */
static gint64
quantity_of_project (const KitFold *f, const char *project, const char *meter)
{
  HmInt128 quantity = 0;
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, f->rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    for (guint i = 0; i < ((const HmBucket *)row)->cells->len; i++)
      {
        const HmCell *cell = g_ptr_array_index (((const HmBucket *)row)->cells, i);

        if (strcmp (((const HmBucket *)row)->project, project) == 0 && strcmp (cell->meter, meter) == 0)
          quantity += cell->quantity;
      }
  return (gint64)quantity;
}

static void
state_forgets_revisions_that_no_interval_can_reach (void **state)
{
  KitFold *f = *state;
  gsize before;

  for (guint i = 0; i < 20; i++)
    {
      f->record.resource.state = i % 2 == 0 ? HM_STATE_PAUSED : HM_STATE_RUNNING;
      kit_fold_read (f, i * MINUTE, "cpu", i);
    }
  before = state_length (f);
  for (guint i = 1; i <= 2; i++)
    {
      f->record.resource.state = i % 2 == 0 ? HM_STATE_PAUSED : HM_STATE_RUNNING;
      kit_fold_read (f, i * 2 * DAY, "cpu", 100);
    }
  assert_true (state_length (f) < before / 2);
}

/* A counter that is read late counts from its beginning, however long ago: to those who owned the resource meanwhile. */
static void
state_keeps_owners_longer_than_states (void **state)
{
  KitFold *f = *state;

  for (guint i = 0; i < 480; i++)
    {
      f->record.resource.project = i < 240 ? "p" : "q";
      f->record.resource.state = i % 24 == 0 ? HM_STATE_PAUSED : HM_STATE_RUNNING;
      kit_fold_read (f, i * HOUR, "memory", 1);
    }
  assert_true (state_length (f) < 700);
  f->state = kit_state_reload (f->state);
  kit_fold_read (f, 480 * HOUR, "cpu", 480000);
  assert_int_equal (quantity_of_project (f, "p", "cpu"), 240000);
  assert_int_equal (quantity_of_project (f, "q", "cpu"), 240000);
}

static void
state_keeps_owners_where_states_change_often (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 0, "memory", 1);
  f->record.resource.project = "q";
  for (guint i = 1; i < 1000; i++)
    {
      f->record.resource.state = i % 2 == 0 ? HM_STATE_PAUSED : HM_STATE_RUNNING;
      kit_fold_read (f, i * SECOND, "memory", 1);
    }
  kit_fold_read (f, 1000 * SECOND, "cpu", 1000);
  assert_int_equal (quantity_of_project (f, "p", "cpu"), 1);
  assert_int_equal (quantity_of_project (f, "q", "cpu"), 999);
}

static void
state_keeps_revisions_while_an_interval_is_open_in_them (void **state)
{
  static const char *const projects[] = { "p", "q", "r" };
  KitFold *f = *state;
  GHashTableIter iter;
  gpointer value;

  kit_fold_read (f, 0, "narrow", 0);
  for (guint i = 0; i < 3; i++)
    {
      f->record.resource.project = projects[i];
      kit_fold_read (f, (i * 2 + 1) * DAY, "cpu", 0);
    }
  kit_fold_read (f, 6 * DAY, "narrow", 14400);
  kit_fold_assert (f, "narrow", 14400, 6 * DAY, HM_FLAG_BASELINE | HM_FLAG_ESTIMATED_DISTRIBUTION);
  for (guint i = 0; i < 3; i++)
    {
      HmInt128 sum = 0;

      g_hash_table_iter_init (&iter, f->rows->rows);
      while (g_hash_table_iter_next (&iter, NULL, &value))
        if (strcmp (((HmBucket *)value)->project, projects[i]) == 0)
          sum += hm_bucket_cell (value, "", "narrow", "", HM_CUMULATIVE, "B")->quantity;
      kit_assert_i128 (sum, (const int[]){ 7200, 4800, 2400 }[i]);
    }
}

static void
state_stays_small_when_the_counters_restart_all_the_time (void **state)
{
  KitFold *f = *state;

  for (guint i = 1; i <= 1000; i++)
    {
      g_autofree char *epoch = g_strdup_printf ("boot:%u:0", i);

      f->record.resource.epoch = epoch;
      f->record.resource.epoch_start = MORNING + (i - 1) * MINUTE;
      kit_fold_read (f, i * MINUTE, "cpu", 5);
      f->record.resource.epoch = NULL;
    }
  kit_fold_assert (f, "cpu", 5000, 1000 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_RESET);
  assert_true (state_length (f) < 4096);
}

static void
state_counts_nothing_twice_when_a_life_that_was_dropped_comes_back (void **state)
{
  KitFold *f = *state;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  f->record.agent.id = "b";
  f->record.resource.epoch_start = MORNING + 2 * MINUTE;
  kit_fold_read (f, 3 * MINUTE, "cpu", 1);
  f->record.agent.id = "c";
  f->record.resource.epoch_start = MORNING + 8 * DAY;
  kit_fold_read (f, 8 * DAY + MINUTE, "cpu", 1); /* a and b are dropped */
  f->state = kit_state_reload (f->state);
  f->record.agent.id = "a";
  f->record.resource.epoch_start = MORNING;
  kit_fold_read (f, 8 * DAY + 2 * MINUTE, "cpu", 1001);
  kit_fold_assert (f, "cpu", 1002, 3 * MINUTE, HM_FLAG_FROM_START | HM_FLAG_MOVED | HM_FLAG_BASELINE);
}

static void
state_drops_devices_that_are_gone_for_long (void **state)
{
  KitFold *f = *state;
  gsize before;

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *device = g_strdup_printf ("nic:%u", i);

      kit_fold_sample (f, "disk.read", 1)->device = device;
      kit_fold_at (f, i * MINUTE);
    }
  before = state_length (f);
  kit_fold_read (f, 40 * DAY, "disk.read", 1);
  assert_true (state_length (f) > before);
  kit_fold_read (f, 46 * DAY, "cpu", 1);
  assert_true (state_length (f) < before / 10);
}

/* What is left has moved up, and is still found. */
static void
state_finds_the_other_series_after_one_was_dropped (void **state)
{
  static const char *const meters[] = { "narrow", "faults", "disk.read" };
  KitFold *f = *state;

  kit_fold_read (f, MINUTE, "cpu", 10); /* not seen again for long */
  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    kit_fold_sample (f, meters[i], 100 * i);
  kit_fold_at (f, 44 * DAY);
  kit_fold_read (f, 46 * DAY, "memory", 5); /* new: the first one goes */
  for (guint i = G_N_ELEMENTS (meters); i-- > 0;)
    kit_fold_sample (f, meters[i], 100 * i + 7);
  kit_fold_at (f, 46 * DAY + MINUTE);
  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    kit_assert_i128 (kit_rows_sum (f->rows, NULL, meters[i]).quantity, 100 * i + 7);
}

static void
state_leaves_series_out_when_there_are_too_many (void **state)
{
  KitFold *f = *state;
  KitSum sum;
  gsize full = 0;

  for (guint i = 0; i < 8192 + 100; i++)
    {
      g_autofree char *device = g_strdup_printf ("nic:%u", i);

      if (i == 8192)
        full = state_length (f);
      kit_fold_sample (f, "disk.read", 1)->device = device;
      kit_fold_at (f, MINUTE + i);
    }
  assert_true (state_length (f) < full + 1000);
  sum = kit_rows_sum (f->rows, NULL, "disk.read");
  kit_assert_i128 (sum.quantity, 8192);
  assert_int_equal (sum.flags, HM_FLAG_FROM_START | HM_FLAG_OVERFLOW);
}

/* -- no room -- */

static void
cell_says_overflow_when_an_amount_has_no_room (void **state)
{
  KitFold *f = *state;
  GHashTableIter iter;
  gpointer row;
  HmCell *cell;

  kit_fold_read (f, 1 * MINUTE, "cpu", 1000);
  g_hash_table_iter_init (&iter, f->rows->rows);
  assert_true (g_hash_table_iter_next (&iter, NULL, &row));
  cell = hm_bucket_cell (row, "", "cpu", "", HM_CUMULATIVE, "ns");
  cell->quantity = (HmInt128)(~(HmUint128)0 >> 1) - 5;
  kit_fold_read (f, 2 * MINUTE, "cpu", 1010);
  assert_int_equal (cell->flags, HM_FLAG_FROM_START | HM_FLAG_OVERFLOW);
  assert_int_equal (cell->covered_ns, MINUTE);
  kit_fold_read (f, 3 * MINUTE, "cpu", 1015);
  assert_true (cell->quantity == (HmInt128)(~(HmUint128)0 >> 1));
  cell->quantity = 0;
  cell->covered_ns = G_MAXINT64 - 5;
  kit_fold_read (f, 4 * MINUTE, "cpu", 1020);
  assert_true (cell->quantity == 0 && cell->covered_ns == G_MAXINT64 - 5);
}

static void
fold_reaches_back_a_bounded_number_of_grains_and_loses_nothing (void **state)
{
  KitFold *f = *state;

  f->settings.grain_ns = 5 * MINUTE;
  f->record.agent.metering_since = f->record.resource.epoch_start = 0;
  kit_fold_read (f, 1 * MINUTE, "cpu", G_MAXUINT64);
  kit_fold_assert (f, "cpu", (HmInt128)G_MAXUINT64, 743 * 5 * MINUTE + MINUTE,
                   HM_FLAG_FROM_START | HM_FLAG_ESTIMATED_DISTRIBUTION);
  assert_int_equal (g_hash_table_size (f->rows->rows), 744);
}

/* So the grains that are kept get no more than their share of the time. */
static void
fold_puts_what_lies_further_back_into_the_first_part_it_keeps (void **state)
{
  KitFold *f = *state;
  const HmTime first = MORNING - 743 * HOUR;
  const guint64 whole = 10 * (guint64)((MORNING + MINUTE) / SECOND); /* ten each second since 1970 */
  const HmCell *cell;

  f->record.agent.metering_since = f->record.resource.epoch_start = 0;
  kit_fold_read (f, 1 * MINUTE, "cpu", whole);
  cell = kit_rows_cell (f->rows, first, "cpu");
  kit_assert_i128 (cell->quantity, (HmInt128)whole - 742 * 36000 - 600);
  assert_int_equal (cell->covered_ns, HOUR);
  kit_assert_i128 (kit_rows_cell (f->rows, first + HOUR, "cpu")->quantity, 36000);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING - HOUR, "cpu")->quantity, 36000);
  kit_assert_i128 (kit_rows_cell (f->rows, MORNING, "cpu")->quantity, 600);
}

static void
fold_reaches_as_far_as_it_may_without_an_estimate (void **state)
{
  KitFold *f = *state;

  f->record.agent.metering_since = f->record.resource.epoch_start = MORNING - 743 * HOUR;
  kit_fold_read (f, 1 * HOUR, "cpu", 744);
  kit_fold_assert (f, "cpu", 744, 744 * HOUR, HM_FLAG_FROM_START);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (record_order_is_time_then_agent_then_start_then_number),
    fold_test (fold_is_in_order_after_the_last_record_only),
    fold_test (fold_leaves_all_as_it_is_for_records_about_an_agents_work),
    fold_test (fold_stops_when_a_row_cannot_be_had),
    fold_test (state_comes_back_as_it_was),
    fold_test (state_comes_back_when_it_has_seen_nothing),
    cmocka_unit_test (state_is_refused_when_it_is_not_one),
    fold_test (state_is_refused_or_sound_when_its_text_is_damaged),
    fold_test (state_stays_small_when_the_owner_changes_all_the_time),
    fold_test (state_forgets_revisions_that_no_interval_can_reach),
    fold_test (state_keeps_owners_longer_than_states),
    fold_test (state_keeps_owners_where_states_change_often),
    fold_test (state_keeps_revisions_while_an_interval_is_open_in_them),
    fold_test (state_stays_small_when_the_counters_restart_all_the_time),
    fold_test (state_counts_nothing_twice_when_a_life_that_was_dropped_comes_back),
    fold_test (state_drops_devices_that_are_gone_for_long),
    fold_test (state_finds_the_other_series_after_one_was_dropped),
    fold_test (state_leaves_series_out_when_there_are_too_many),
    fold_test (cell_says_overflow_when_an_amount_has_no_room),
    fold_test (fold_reaches_back_a_bounded_number_of_grains_and_loses_nothing),
    fold_test (fold_puts_what_lies_further_back_into_the_first_part_it_keeps),
    fold_test (fold_reaches_as_far_as_it_may_without_an_estimate),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
