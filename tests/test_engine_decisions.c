/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_decisions: what the fold holds out is kept with what was decided about it, whenever somebody decides; and folding again
 * takes back of the rollups what is not right any more, and no more. */
#include "collector/engine/engine_private.h"
#include "metering/error.h"
#include "tests/engine_kit.h"

#include <string.h>

/* Its cpu goes back at minute 30: held. */
static void
take_minutes (EngineKit *kit, guint from, guint to)
{
  for (guint minute = from; minute <= to; minute++)
    {
      g_autoptr (GPtrArray) one = engine_kit_arrivals ();

      engine_kit_add_reading (kit, one, "r", minute, minute < 30 ? 1000 * minute : 10 * minute,
                              HM_STATE_RUNNING);
      engine_kit_take (kit, one);
    }
}

/* The cpu reading of that minute, the counter began anew there. */
static void
rebase (EngineKit *kit, guint minute)
{
  const HmDecisionRow decision = { .source = "site",
                                   .resource = "r",
                                   .agent = "node",
                                   .epoch = "e1",
                                   .seq = minute,
                                   .device = "",
                                   .meter = "cpu",
                                   .sample_epoch = "",
                                   .decision = HM_DECISION_REBASE,
                                   .author = "ada",
                                   .reason = "the counter was reset",
                                   .made = MORNING + DAY };
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  g_array_append_val (rows->decisions, decision);
  if (!hm_engine_refold (kit->engine, rows, "site", "r", &error)
      || !hm_engine_store_rows (kit->engine, rows, &owned, &error))
    fail_msg ("%s", error->message);
  assert_true (owned);
}

static gboolean
count_held (const HmHeldRow *row, gpointer user)
{
  guint *held = user;

  held[row->decision]++;
  return TRUE;
}

static void
assert_held (EngineKit *kit, guint undecided, guint rebased)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  guint held[HM_DECISION_REBASE + 1] = { 0 };

  assert_true (kit->real->list_held (kit->store, &filter, count_held, held, NULL));
  assert_int_equal (held[HM_DECISION_NONE], undecided);
  assert_int_equal (held[HM_DECISION_REBASE], rebased);
}

static void
engine_keeps_readings_that_are_held (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();

  (void)state;
  take_minutes (kit, 1, 33);
  assert_held (kit, 4, 0);
  assert_int_equal (engine_kit_cpu (kit, "r").quantity, 28000);
}

static void
engine_heeds_a_decision_whenever_it_is_made (void **state)
{
  g_autoptr (EngineKit) early = engine_kit_new (), late = engine_kit_new ();
  g_autofree char *left = NULL, *right = NULL;

  (void)state;
  take_minutes (early, 1, 31);
  rebase (early, 30);
  engine_kit_restart (early);
  take_minutes (early, 33, 40);
  take_minutes (early, 32, 32);
  take_minutes (late, 1, 40);
  rebase (late, 30);
  assert_held (late, 0, 1);
  assert_int_equal (engine_kit_cpu (late, "r").quantity, 28000 + 100);
  left = engine_kit_dump (early);
  right = engine_kit_dump (late);
  assert_string_equal (left, right);
}

static void
engine_refuses_to_fold_what_it_does_not_know (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  g_autoptr (GError) error = NULL;

  (void)state;
  assert_false (hm_engine_refold (kit->engine, rows, "site", "nobody", &error));
  assert_true (g_error_matches (error, HM_ERROR, HM_ERROR_DATA));
}

/* -- one reading that is said twice -- */

static const HmStoreOps *real;
static guint written;

static gboolean
count_written (HmStore *store, const HmBatch *batch, GError **error)
{
  written += batch->n_held;
  return real->write (store, batch, error);
}

static gboolean
note_value (const HmHeldRow *row, gpointer value)
{
  *(guint64 *)value = row->value.u64;
  return TRUE;
}

/* No store is asked to keep two rows of one key. */
static void
engine_keeps_one_of_several_values_of_one_reading (void **state)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (EngineKit) kit = engine_kit_new ();
  HmSample twice[2];
  HmRecord record;
  guint64 value = 0;

  (void)state;
  take_minutes (kit, 1, 29);
  real = kit->real;
  written = 0;
  kit->ops.write = count_written;
  engine_kit_record (&record, "r", 30, MORNING + 30 * MINUTE);
  twice[0] = twice[1] = record.samples[0];
  twice[0].value.u64 = 5;
  twice[1].value.u64 = 6;
  record.samples = twice;
  record.n_samples = G_N_ELEMENTS (twice);
  engine_kit_take_record (kit, &record);
  assert_int_equal (written, 1);
  assert_true (kit->real->list_held (kit->store, &filter, note_value, &value, NULL));
  assert_int_equal (value, 6);
}

/* -- rollups -- */

static gboolean
say_rolled (const HmResourceRow *row, gpointer user)
{
  struct
  {
    HmResourceVisit visit;
    gpointer user;
  } *to = user;
  HmResourceRow rolled = *row;

  rolled.rolled = MORNING - MORNING % DAY + 4 * DAY;
  return to->visit (&rolled, to->user);
}

/* A store in which four days were rolled up. */
static gboolean
load_rolled (HmStore *store, const char *source, const char *resource, HmResourceVisit visit, gpointer user,
             GError **error)
{
  struct
  {
    HmResourceVisit visit;
    gpointer user;
  } to = { visit, user };

  return real->resource_load (store, source, resource, say_rolled, &to, error);
}

static gboolean
note_rolled (const HmResourceRow *row, gpointer rolled)
{
  *(HmTime *)rolled = row->rolled;
  return TRUE;
}

static void
assert_unrolled (EngineKit *kit, guint days)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  HmTime rolled = 0;

  assert_true (kit->real->list_resources (kit->store, &filter, note_rolled, &rolled, NULL));
  assert_true (rolled == MORNING - MORNING % DAY + days * DAY);
}

/* Every third hour of five days but one, and that one; it is of the third day, near its end. */
static void
engine_takes_back_the_days_that_a_late_record_changes (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();

  (void)state;
  for (guint hour = 0; hour < 5 * 24; hour += 3)
    if (hour != 69)
      take_minutes (kit, hour * 60 + 1, hour * 60 + 1);
  real = kit->real;
  kit->ops.resource_load = load_rolled;
  engine_kit_restart (kit);
  take_minutes (kit, 5 * 24 * 60, 5 * 24 * 60);
  assert_unrolled (kit, 4);
  engine_kit_restart (kit);
  take_minutes (kit, 69 * 60 + 1, 69 * 60 + 1);
  assert_unrolled (kit, 2);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (engine_keeps_readings_that_are_held),
    cmocka_unit_test (engine_heeds_a_decision_whenever_it_is_made),
    cmocka_unit_test (engine_refuses_to_fold_what_it_does_not_know),
    cmocka_unit_test (engine_keeps_one_of_several_values_of_one_reading),
    cmocka_unit_test (engine_takes_back_the_days_that_a_late_record_changes),
  };

  return cmocka_run_group_tests_name ("engine decisions", tests, NULL, NULL);
}
