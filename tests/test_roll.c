/* SPDX-License-Identifier: Apache-2.0 */
/* test_roll: an engine over a real store rolls up days and months; what is read is the same before, between and after, and what is hashed is what
 * is stored. */
#include "collector/engine/engine_roll.h"

#include <string.h>

#include "collector/bill/merkle.h"
#include "collector/usage/rollup.h"
#include "metering/error.h"
#include "tests/engine_kit.h"

#define READING_MINUTES 420
#define DAYS            40
#define NOVEMBER        (20028 * DAY)
#define DECEMBER        (20058 * DAY)

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

static HmState
state_at (guint minute)
{
  return minute / READING_MINUTES % 5 == 3 ? HM_STATE_PAUSED : HM_STATE_RUNNING;
}

/* What comes as it is made: kit's own arrivals are all of one moment. */
static void
add_reading (EngineKit *kit, GPtrArray *all, const char *resource, guint minute, guint64 value)
{
  HmArrival *arrival;

  engine_kit_add_reading (kit, all, resource, minute, value, state_at (minute));
  arrival = g_ptr_array_index (all, all->len - 1);
  arrival->appended = arrival->received = MORNING + minute * MINUTE;
}

static void
add_days (EngineKit *kit, const char *resource, guint first, guint days)
{
  g_autoptr (GPtrArray) all = engine_kit_arrivals ();

  for (guint minute = 1 + first * 24 * 60; minute < (first + days) * 24 * 60; minute += READING_MINUTES)
    add_reading (kit, all, resource, minute, 1000 * (guint64)minute + 7);
  engine_kit_take (kit, all);
}

static gboolean
roll (EngineKit *kit, HmTime until)
{
  g_autoptr (GError) error = NULL;
  gboolean more = FALSE;

  if (!hm_engine_roll (kit->engine, until, 0, &more, &error))
    fail_msg ("%s", error->message);
  return more;
}

static void
roll_to_the_end (EngineKit *kit, HmTime until)
{
  while (roll (kit, until))
    ;
}

static const HmStoreOps *sound;

/* -- what is read -- */

/* "resource project state meter: quantity covered count" of all rows, sorted. */
typedef struct
{
  GHashTable *sums; /* (element-type utf8 HmCell) */
  guint coarse;     /* rows without a counter life */
} Reading;

static gboolean
add_row (const HmBucket *row, gpointer user)
{
  Reading *reading = user;

  reading->coarse += *row->agent == '\0';
  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);
      char *key = g_strdup_printf ("%s %s %d %s/%s", row->resource, row->project, row->state, cell->device,
                                   cell->meter);
      HmCell *sum = g_hash_table_lookup (reading->sums, key);

      if (sum == NULL)
        {
          sum = g_new0 (HmCell, 1);
          g_hash_table_insert (reading->sums, g_strdup (key), sum);
        }
      sum->quantity += cell->quantity;
      sum->covered_ns += cell->covered_ns;
      sum->count += cell->count;
      sum->flags |= cell->flags;
      g_free (key);
    }
  return TRUE;
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static char *
print_reading (const Reading *reading)
{
  guint n;
  g_autofree const char **keys = (const char **)g_hash_table_get_keys_as_array (reading->sums, &n);
  GString *text = g_string_new (NULL);

  qsort (keys, n, sizeof *keys, compare_text);
  for (guint i = 0; i < n; i++)
    {
      const HmCell *sum = g_hash_table_lookup (reading->sums, keys[i]);
      char number[HM_NUMBER_MAX];

      hm_int128_print (sum->quantity, 0, number);
      g_string_append_printf (text, "%s: %s %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %x\n", keys[i], number,
                              sum->covered_ns, sum->count, sum->flags);
    }
  return g_string_free (text, FALSE);
}

typedef gboolean (*List) (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                          GError **error);

static char *
read_with (EngineKit *kit, List list, HmUsageStep step, HmTime from, HmTime to, guint *ret_coarse)
{
  const HmStoreFilter filter = { .from = from, .to = to, .step = step };
  Reading reading = { .sums = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  char *text;

  assert_true (list (kit->store, &filter, add_row, &reading, NULL));
  text = print_reading (&reading);
  g_hash_table_unref (reading.sums);
  *ret_coarse = reading.coarse;
  return text;
}

static guint
assert_same (EngineKit *kit, HmUsageStep step, HmTime from, HmTime to)
{
  guint coarse, none;
  g_autofree char *rolled = read_with (kit, kit->real->list_usage, step, from, to, &coarse);
  g_autofree char *buckets = read_with (kit, kit->real->list_buckets, step, from, to, &none);

  assert_string_equal (rolled, buckets);
  assert_int_equal (none, 0);
  return coarse;
}

static void
assert_exact_between (EngineKit *kit, const HmTime *edges, guint n)
{
  for (guint i = 0; i < n; i++)
    for (guint j = i; j < n; j++)
      {
        assert_int_equal (assert_same (kit, HM_STEP_GRAIN, edges[i], edges[j]), 0);
        assert_same (kit, HM_STEP_DAY, edges[i], edges[j]);
        assert_same (kit, HM_STEP_MONTH, edges[i], edges[j]);
      }
}

static void
assert_exact (EngineKit *kit)
{
  static const HmTime edges[] = { MORNING - 2 * DAY,
                                  MORNING,
                                  MORNING + 5 * HOUR,
                                  MORNING + 3 * DAY,
                                  NOVEMBER - HOUR,
                                  NOVEMBER,
                                  NOVEMBER + 23 * HOUR,
                                  NOVEMBER + 3 * DAY,
                                  DECEMBER,
                                  DECEMBER + 40 * DAY };

  assert_exact_between (kit, edges, G_N_ELEMENTS (edges));
}

/* Edges of each kind, one of each: there are many turns. */
static void
assert_exact_in_a_turn (EngineKit *kit)
{
  static const HmTime edges[]
      = { MORNING - 2 * DAY, MORNING + 5 * HOUR, MORNING + 3 * DAY, NOVEMBER - HOUR, NOVEMBER, DECEMBER };

  assert_exact_between (kit, edges, G_N_ELEMENTS (edges));
}

static void
usage_is_the_same_after_every_turn (void **state)
{
  EngineKit *kit = *state;
  guint turns = 0;

  add_days (kit, "r1", 0, DAYS);
  add_days (kit, "r2", 13, DAYS - 13);
  assert_exact (kit);
  for (HmTime until = NOVEMBER - DAY; until <= NOVEMBER + 2 * DAY; until += DAY)
    do
      {
        assert_exact_in_a_turn (kit);
        turns++;
      }
    while (roll (kit, until));
  assert_exact (kit);
  assert_true (turns > 8);
  assert_true (assert_same (kit, HM_STEP_MONTH, MORNING, NOVEMBER) > 0);
}

/* One row of a month for each owner and state is all that is read of it. */
static void
month_is_read_from_its_rows_when_it_is_over (void **state)
{
  EngineKit *kit = *state;

  add_days (kit, "r1", 0, 70);
  assert_int_equal (assert_same (kit, HM_STEP_MONTH, NOVEMBER, DECEMBER), 0);
  roll_to_the_end (kit, DECEMBER);
  assert_int_equal (assert_same (kit, HM_STEP_MONTH, NOVEMBER, DECEMBER), 2);
  assert_true (assert_same (kit, HM_STEP_DAY, NOVEMBER, DECEMBER) >= 30);
  assert_int_equal (assert_same (kit, HM_STEP_MONTH, NOVEMBER - DAY, DECEMBER + DAY), 2 + 2);
}

static void
nothing_is_left_to_do_when_all_days_are_rolled (void **state)
{
  EngineKit *kit = *state;

  add_days (kit, "r1", 0, 3);
  roll_to_the_end (kit, NOVEMBER);
  engine_kit_restart (kit);
  assert_false (roll (kit, NOVEMBER));
  assert_exact (kit);
}

static void
rolled_days_stay_right_when_a_record_comes_late (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) late = engine_kit_arrivals ();

  add_days (kit, "r1", 0, DAYS);
  roll_to_the_end (kit, NOVEMBER + 4 * DAY);
  add_reading (kit, late, "r1", 2 * 24 * 60 + 11, 1000 * (2 * 24 * 60 + 11) + 3);
  engine_kit_take (kit, late);
  assert_exact (kit);
  roll_to_the_end (kit, NOVEMBER + 4 * DAY);
  assert_exact (kit);
}

/* -- how often the store is asked -- */

static struct
{
  guint grains, ranges;
} asked;

static gboolean
count_grain (HmStore *store, const char *source, const char *resource, HmTime grain, HmBucketVisit visit,
             gpointer user, GError **error)
{
  asked.grains++;
  return sound->buckets_load (store, source, resource, grain, visit, user, error);
}

static gboolean
count_range (HmStore *store, const char *source, const char *resource, HmTime from, HmTime to,
             HmBucketVisit visit, gpointer user, GError **error)
{
  asked.ranges++;
  return sound->usage_load (store, source, resource, from, to, visit, user, error);
}

/* By grains it would be 24 of a day, and some 744 more at the end of a month; with a grain of a minute 60 times as many. */
static void
roll_reads_usage_once_a_day_and_once_a_month (void **state)
{
  EngineKit *kit = *state;

  add_days (kit, "r1", 0, DAYS);
  roll_to_the_end (kit, MORNING + DAY);
  sound = kit->real;
  kit->ops.buckets_load = count_grain;
  kit->ops.usage_load = count_range;
  asked.grains = asked.ranges = 0;
  roll_to_the_end (kit, MORNING + 2 * DAY);
  assert_int_equal (asked.grains, 0);
  assert_int_equal (asked.ranges, 1);
  roll_to_the_end (kit, NOVEMBER - DAY);
  asked.ranges = 0;
  roll_to_the_end (kit, NOVEMBER);
  assert_int_equal (asked.grains, 0);
  assert_int_equal (asked.ranges, 2);
}

/* -- evidence -- */

static gboolean
add_entry (const HmRawRow *row, gpointer entries)
{
  g_ptr_array_add (entries, hm_merkle_raw_entry (row, NULL));
  return TRUE;
}

/* By hand: numbers are shorter than texts, so they are compared by length first. */
static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const char *left = *(const char *const *)a, *right = *(const char *const *)b;
  gsize x = strcspn (left, "\n"), y = strcspn (right, "\n");

  return x != y ? (x > y) - (x < y) : strcmp (left, right);
}

typedef struct
{
  EngineKit *kit;
  guint days;
  guint64 records;
} Checking;

static gboolean
check_evidence (const HmEvidenceRow *row, gpointer user)
{
  Checking *checking = user;
  const HmStoreFilter filter = { .from = row->day, .to = row->day + DAY, .resource = row->resource };
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (g_free);
  HmMerkle tree = { 0 };
  char hex[2 * HM_HASH_BYTES + 1];
  HmStore *reader = checking->kit->store;

  assert_true (checking->kit->real->list_raw (reader, &filter, add_entry, entries, NULL));
  g_ptr_array_sort (entries, compare_entries);
  for (guint i = 0; i < entries->len; i++)
    hm_merkle_add (&tree, entries->pdata[i], strlen (entries->pdata[i]));
  hm_hash_print (hm_merkle_root (&tree), hex);
  assert_int_equal (row->records, entries->len);
  assert_string_equal (row->root, hex);
  checking->days++;
  checking->records += row->records;
  return TRUE;
}

static gboolean
copy_evidence (const HmEvidenceRow *row, gpointer list)
{
  HmEvidenceRow copy
      = { g_strdup (row->source), g_strdup (row->resource), row->day, row->records, g_strdup (row->root) };

  g_array_append_val ((GArray *)list, copy);
  return TRUE;
}

static void
clear_evidence (gpointer data)
{
  HmEvidenceRow *row = data;

  g_free ((char *)(gsize)row->source);
  g_free ((char *)(gsize)row->resource);
  g_free ((char *)(gsize)row->root);
}

static void
evidence_is_over_all_records_of_its_day (void **state)
{
  EngineKit *kit = *state;
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (HmEvidenceRow));
  Checking checking = { .kit = kit };

  g_array_set_clear_func (list, clear_evidence);
  add_days (kit, "r1", 0, 5);
  add_days (kit, "r2", 2, 3);
  roll_to_the_end (kit, MORNING + 5 * DAY);
  assert_true (kit->real->list_evidence (kit->store, &all, copy_evidence, list, NULL));
  for (guint i = 0; i < list->len; i++)
    check_evidence (&g_array_index (list, HmEvidenceRow, i), &checking);
  assert_int_equal (checking.days, 5 + 3);
  assert_int_equal (checking.records, engine_kit_raw_rows (kit));
}

/* -- what cannot be rolled up -- */

#define DAMAGED 600

static gboolean mended; /* the first */

static gboolean
load_no_damaged (HmStore *store, const char *source, const char *resource, HmTime from, HmTime to,
                 HmBucketVisit visit, gpointer user, GError **error)
{
  if (*resource != 'a' || (mended && strcmp (resource, "a000") == 0))
    return sound->usage_load (store, source, resource, from, to, visit, user, error);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "rows of %s are damaged", resource);
  return FALSE;
}

static gboolean
count_resource (const HmResourceRow *row, gpointer n)
{
  (void)row;
  ++*(guint *)n;
  return TRUE;
}

static guint
count_waiting (EngineKit *kit, HmTime until)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .rolled_before = until };
  guint n = 0;

  assert_true (kit->real->list_resources (kit->store, &filter, count_resource, &n, NULL));
  return n;
}

/* That many damaged ones, whose names come first, and one that is not. */
static void
add_damaged (EngineKit *kit)
{
  g_autoptr (GPtrArray) all = engine_kit_arrivals ();

  for (guint i = 0; i < DAMAGED; i++)
    {
      g_autofree char *name = g_strdup_printf ("a%03u", i);

      add_reading (kit, all, name, 1, 7);
    }
  add_reading (kit, all, "z", 1, 7);
  add_reading (kit, all, "z", 2, 9);
  engine_kit_take (kit, all);
  sound = kit->real;
  kit->ops.usage_load = load_no_damaged;
}

/* Until no more than @left are not rolled up. */
static void
roll_until (EngineKit *kit, guint left)
{
  guint failures = 0;

  for (guint turns = 0; count_waiting (kit, MORNING + DAY) > left; turns++)
    {
      g_autoptr (GError) error = NULL;
      gboolean more;

      assert_true (turns < 60);
      if (hm_engine_roll (kit->engine, MORNING + DAY, HM_NSEC_PER_SEC, &more, &error))
        continue;
      kit_assert_error (&error, HM_ERROR_DATA, "are damaged");
      failures++;
    }
  assert_true (failures > 0);
}

static void
roll_reaches_those_behind_any_number_that_fail (void **state)
{
  EngineKit *kit = *state;

  add_damaged (kit);
  roll_until (kit, DAMAGED);
  mended = TRUE;
  roll_until (kit, DAMAGED - 1);
}

/* -- sums -- */

static HmBucket *
bucket_of (const char *epoch, const char *unit, HmInt128 quantity, guint64 value, HmTime time)
{
  HmBucket *bucket = hm_bucket_new ();
  HmCell *cell;

  bucket->source = g_strdup ("s");
  bucket->resource = g_strdup ("r");
  bucket->agent = g_strdup (epoch);
  bucket->epoch = g_strdup (epoch);
  bucket->project = g_strdup ("p");
  bucket->user = g_strdup ("");
  bucket->flavor = g_strdup ("");
  cell = hm_bucket_cell (bucket, "", "m", epoch, HM_GAUGE, unit);
  cell->quantity = quantity;
  cell->covered_ns = 5;
  cell->count = 1;
  cell->last_time = time;
  cell->has_range = TRUE;
  cell->min = cell->max = cell->last = (HmValue){ .type = HM_VALUE_U64, .u64 = value };
  return bucket;
}

static void
rollup_adds_lives_and_keeps_the_range (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmRollup) rollup = hm_rollup_new (NOVEMBER);
  g_autoptr (HmBucket) a = bucket_of ("e1", "B", 10, 7, MORNING + 2),
                       b = bucket_of ("e2", "B", 4, 9, MORNING + 1);
  const HmBucket *row;
  const HmCell *cell;

  hm_rollup_add (rollup, a);
  hm_rollup_add (rollup, b);
  assert_int_equal (rollup->rows->len, 1);
  row = g_ptr_array_index (rollup->rows, 0);
  assert_int_equal (row->grain, NOVEMBER);
  assert_string_equal (row->agent, "");
  assert_int_equal (row->cells->len, 1);
  cell = g_ptr_array_index (row->cells, 0);
  assert_true (cell->quantity == 14);
  assert_int_equal (cell->covered_ns, 10);
  assert_int_equal (cell->count, 2);
  assert_int_equal (cell->min.u64, 7);
  assert_int_equal (cell->max.u64, 9);
  assert_int_equal (cell->last.u64, 7); /* of the later one */
}

/* Two agents may read in one moment; neither order of their rows may decide. */
static void
rollup_has_one_latest_value_in_any_order (void **state G_GNUC_UNUSED)
{
  for (guint turn = 0; turn < 2; turn++)
    {
      g_autoptr (HmRollup) rollup = hm_rollup_new (NOVEMBER);
      g_autoptr (HmBucket) a = bucket_of ("e1", "B", 10, 7, MORNING),
                           b = bucket_of ("e2", "B", 4, 9, MORNING);
      const HmBucket *row;

      hm_rollup_add (rollup, turn == 0 ? a : b);
      hm_rollup_add (rollup, turn == 0 ? b : a);
      row = g_ptr_array_index (rollup->rows, 0);
      assert_int_equal (((const HmCell *)row->cells->pdata[0])->last.u64, 9);
    }
}

static void
rollup_keeps_units_apart_when_they_differ (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmRollup) rollup = hm_rollup_new (NOVEMBER);
  g_autoptr (HmBucket) a = bucket_of ("e", "B", 10, 1, 1), b = bucket_of ("e", "KiB", 4, 1, 1);
  const HmBucket *row;

  hm_rollup_add (rollup, a);
  hm_rollup_add (rollup, b);
  hm_rollup_add (rollup, b);
  row = g_ptr_array_index (rollup->rows, 0);
  assert_int_equal (row->cells->len, 2);
  assert_true (((const HmCell *)row->cells->pdata[0])->quantity == 10);
  assert_true (((const HmCell *)row->cells->pdata[1])->quantity == 8);
}

static void
rollup_says_so_when_a_sum_has_no_room (void **state G_GNUC_UNUSED)
{
  const HmInt128 most = (HmInt128)(~(HmUint128)0 >> 1);
  g_autoptr (HmRollup) rollup = hm_rollup_new (NOVEMBER);
  g_autoptr (HmBucket) a = bucket_of ("e", "B", most, 1, 1), b = bucket_of ("e", "B", 1, 1, 1);
  const HmCell *cell;

  hm_rollup_add (rollup, a);
  hm_rollup_add (rollup, b);
  cell = g_ptr_array_index (((const HmBucket *)g_ptr_array_index (rollup->rows, 0))->cells, 0);
  assert_true (cell->quantity == most);
  assert_int_equal (cell->flags, HM_FLAG_OVERFLOW);
  assert_int_equal (cell->count, 1);
}

static void
months_begin_where_the_calendar_says (void **state G_GNUC_UNUSED)
{
  assert_int_equal (hm_rollup_month (NOVEMBER + 29 * DAY + HOUR), NOVEMBER);
  assert_int_equal (hm_rollup_month (NOVEMBER), NOVEMBER);
  assert_int_equal (hm_rollup_next_month (NOVEMBER + 3 * DAY), DECEMBER);
  assert_int_equal (hm_rollup_next_month (19754 * DAY), 19783 * DAY); /* February 2024 */
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (roll_reaches_those_behind_any_number_that_fail, set_up, tear_down),
    cmocka_unit_test_setup_teardown (usage_is_the_same_after_every_turn, set_up, tear_down),
    cmocka_unit_test_setup_teardown (month_is_read_from_its_rows_when_it_is_over, set_up, tear_down),
    cmocka_unit_test_setup_teardown (nothing_is_left_to_do_when_all_days_are_rolled, set_up, tear_down),
    cmocka_unit_test_setup_teardown (rolled_days_stay_right_when_a_record_comes_late, set_up, tear_down),
    cmocka_unit_test_setup_teardown (roll_reads_usage_once_a_day_and_once_a_month, set_up, tear_down),
    cmocka_unit_test_setup_teardown (evidence_is_over_all_records_of_its_day, set_up, tear_down),
    cmocka_unit_test (rollup_adds_lives_and_keeps_the_range),
    cmocka_unit_test (rollup_has_one_latest_value_in_any_order),
    cmocka_unit_test (rollup_keeps_units_apart_when_they_differ),
    cmocka_unit_test (rollup_says_so_when_a_sum_has_no_room),
    cmocka_unit_test (months_begin_where_the_calendar_says),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
