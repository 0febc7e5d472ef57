/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_others: two engines over one store. What one has at hand is older than what the other has stored, as after a partition went
 * from one collector to another and came back. */
#include "collector/engine/engine_prune.h"
#include "tests/engine_kit.h"

#include <string.h>

/* Hands the kit's engine over to the other one, and back. */
static void
swap (EngineKit *kit, HmEngine **other)
{
  HmEngine *mine = kit->engine;

  kit->engine = *other;
  if (kit->engine == NULL)
    engine_kit_restart (kit);
  *other = mine;
}

static void
take_minute (EngineKit *kit, guint minute)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();

  engine_kit_add_reading (kit, one, "r", minute, minute * 1000, HM_STATE_RUNNING);
  engine_kit_take (kit, one);
}

static void
engine_knows_a_repetition_that_another_stored (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autofree char *letters = NULL;
  HmEngine *other = NULL;
  HmEngineCounts counts;

  (void)state;
  take_minute (kit, 1);
  swap (kit, &other);
  take_minute (kit, 2);
  swap (kit, &other);
  take_minute (kit, 2);
  hm_engine_free (other);
  letters = engine_kit_letters (kit);
  assert_string_equal (letters, "");
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.duplicates, 1);
  assert_int_equal (engine_kit_raw_rows (kit), 2);
}

/* The other has moved the edge as well. */
static void
engine_recognises_what_another_stored (void **state)
{
  const HmRetention retention = {
    .raw = MORNING + DAY, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN
  };
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GPtrArray) again = engine_kit_arrivals ();
  HmEngine *other = NULL;
  gboolean more = TRUE, known = FALSE;

  (void)state;
  take_minute (kit, 1);
  swap (kit, &other);
  take_minute (kit, 2);
  while (more)
    assert_true (hm_engine_prune (kit->engine, &retention, G_MAXINT32, &more, NULL));
  assert_int_equal (engine_kit_raw_rows (kit), 0);
  swap (kit, &other);
  hm_engine_free (other);
  engine_kit_add_reading (kit, again, "r", 2, 2000, HM_STATE_RUNNING);
  assert_true (hm_engine_recognises (kit->engine, again->pdata[0], &known, NULL));
  assert_true (known);
}

/* More processes than are told apart: the first of them is forgotten, and its record is in the store. */
static void
engine_knows_a_repetition_that_nobody_remembers (void **state)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  g_autofree char *letters = NULL;
  HmEngineCounts counts;
  HmRecord record;

  (void)state;
  for (guint i = 0; i <= 4096; i++)
    {
      g_autofree char *epoch = g_strdup_printf ("e%u", i);

      engine_kit_record (&record, "r", 1, MORNING + i * HM_NSEC_PER_SEC);
      record.agent.epoch = epoch;
      g_ptr_array_add (arrivals, engine_kit_arrival (kit, &record));
    }
  engine_kit_take (kit, arrivals);
  engine_kit_record (&record, "r", 1, MORNING);
  record.agent.epoch = "e0";
  engine_kit_take_record (kit, &record);
  letters = engine_kit_letters (kit);
  assert_string_equal (letters, "");
  hm_engine_counts (kit->engine, &counts);
  assert_int_equal (counts.duplicates, 1);
  assert_int_equal (engine_kit_raw_rows (kit), 4097);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (engine_knows_a_repetition_that_another_stored),
    cmocka_unit_test (engine_recognises_what_another_stored),
    cmocka_unit_test (engine_knows_a_repetition_that_nobody_remembers),
  };

  return cmocka_run_group_tests_name ("engine_others", tests, NULL, NULL);
}
