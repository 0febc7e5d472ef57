/* SPDX-License-Identifier: Apache-2.0 */
/* test_shadow_verify: what a resource is compared with beside its own rows: rollups, and the evidence of its days. All of it is of one moment, and of
 * what is still there. */
#include "tests/engine_kit.h"

#include <string.h>

#include "collector/engine/engine_prune.h"
#include "collector/engine/engine_roll.h"
#include "collector/bill/shadow_verify.h"

#define DAYS 3

static const HmStoreOps *sound;

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  sound = ((EngineKit *)*state)->real;
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

/* -- words -- */

static void
take_reading (EngineKit *kit, guint minute, guint64 value)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  engine_kit_add_reading (kit, arrivals, "r1", minute, value, HM_STATE_RUNNING);
  engine_kit_take (kit, arrivals);
}

/* A reading every four hours; each day is rolled up. */
static void
use_days (EngineKit *kit)
{
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  for (guint minute = 1; minute < DAYS * 24 * 60; minute += 240)
    take_reading (kit, minute, 1000 * (guint64)minute);
  while (more)
    if (!hm_engine_roll (kit->engine, MORNING + DAYS * DAY, HM_NSEC_PER_SEC, &more, &error))
      fail_msg ("%s", error->message);
}

static void
append_difference (const HmDifference *difference, gpointer text)
{
  g_string_append_printf (text, "%s ", difference->what);
  if (difference->start != HM_TIME_UNKNOWN)
    g_string_append_printf (text, "%" G_GINT64_FORMAT " ", (difference->start - MORNING) / DAY);
  g_string_append_printf (text, "%s%s%s;", difference->figure,
                          difference->stored == NULL ? " not stored" : "",
                          difference->made == NULL ? " not made" : "");
}

/* "what day figure;" of each, "what figure;" of what is of no time. (transfer full) */
static GString *
verify (EngineKit *kit)
{
  const HmEngineSettings settings = { .grain_ns = HOUR };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmShadow) shadow = hm_shadow_new (&kit->ops, kit->store, kit->meters, &settings, &error);
  GString *text = g_string_new (NULL);
  guint rows;

  if (shadow == NULL || !hm_shadow_verify (shadow, "site", "r1", append_difference, text, &rows, &error))
    fail_msg ("%s", error->message);
  return text;
}

static void
assert_differences (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = verify (kit);

  assert_string_equal (text->str, expected);
}

/* -- a collector that writes meanwhile -- */

static EngineKit *busy;
static guint changes;

static gboolean
change_behind_usage (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                     GError **error)
{
  gboolean listed = sound->list_usage (store, filter, visit, user, error);

  if (changes > 0)
    take_reading (busy, 31 + 24 * 60 + 7 * changes, 1000 * (31 + 24 * 60) + 500 * changes);
  changes -= changes > 0;
  return listed;
}

static void
verify_finds_nothing_when_a_record_comes_between_two_readings (void **state)
{
  busy = *state;
  use_days (busy);
  changes = 2;
  busy->ops.list_usage = change_behind_usage;
  assert_differences (busy, "");
  assert_int_equal (changes, 0);
}

/* -- evidence -- */

static HmRawRow
without (const HmRawRow *row)
{
  HmRawRow none = *row;

  none.agent = NULL;
  return none;
}

static HmRawRow
signed_otherwise (const HmRawRow *row)
{
  HmRawRow other = *row;

  other.signature = "v1;k;00";
  return other;
}

static HmRawRow
with_bytes_lost (const HmRawRow *row)
{
  HmRawRow lost = *row;

  lost.value = NULL;
  lost.sha256 = NULL;
  return lost;
}

/* Of the record of minute 1681, the second day's. */
static HmRawRow (*change) (const HmRawRow *row);

static gboolean
change_row (const HmRawRow *row, gpointer user)
{
  HmRawVisit visit = ((gpointer *)user)[0];
  HmRawRow changed = row->seq == 1681 ? change (row) : *row;

  return changed.agent == NULL || visit (&changed, ((gpointer *)user)[1]);
}

static gboolean
load_changed (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
              HmRawVisit visit, gpointer user, GError **error)
{
  gpointer pair[2] = { visit, user };

  return sound->raw_load (store, source, resource, from, limit, change_row, pair, error);
}

static void
verify_finds_nothing_where_all_is_right (void **state)
{
  use_days (*state);
  assert_differences (*state, "");
}

static void
verify_finds_a_record_that_was_changed_though_no_figure_is (void **state)
{
  EngineKit *kit = *state;

  use_days (kit);
  change = signed_otherwise;
  kit->ops.raw_load = load_changed;
  assert_differences (kit, "evidence 1 root;");
}

static void
verify_finds_a_record_that_is_gone (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GString) text = NULL;

  use_days (kit);
  change = without;
  kit->ops.raw_load = load_changed;
  text = verify (kit);
  assert_non_null (strstr (text->str, "evidence 1 root;"));
  assert_null (strstr (text->str, "evidence 0"));
  assert_null (strstr (text->str, "evidence 2"));
}

static void
verify_says_that_a_record_cannot_be_hashed (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GString) text = NULL;

  use_days (kit);
  change = with_bytes_lost;
  kit->ops.raw_load = load_changed;
  text = verify (kit);
  assert_non_null (strstr (text->str, "state"));
  assert_non_null (strstr (text->str, "1681"));
}

static gboolean
say_nothing (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit, gpointer user,
             GError **error)
{
  (void)store, (void)filter, (void)visit, (void)user, (void)error;
  return TRUE;
}

static void
verify_finds_evidence_that_is_gone (void **state)
{
  EngineKit *kit = *state;

  use_days (kit);
  kit->ops.list_evidence = say_nothing;
  assert_differences (kit,
                      "evidence 0 root not stored;evidence 1 root not stored;evidence 2 root not stored;");
}

static void
verify_asks_for_no_records_of_before_the_edge (void **state)
{
  const HmRetention retention = {
    .raw = MORNING + 2 * DAY, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN
  };
  EngineKit *kit = *state;
  gboolean more = TRUE;

  use_days (kit);
  while (more)
    assert_true (hm_engine_prune (kit->engine, &retention, HM_NSEC_PER_SEC, &more, NULL));
  assert_true (engine_kit_raw_rows (kit) < 7);
  assert_differences (kit, "");
  kit->ops.list_evidence = say_nothing;
  assert_differences (kit, "evidence 2 root not stored;");
}

#define CASE(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (verify_finds_nothing_when_a_record_comes_between_two_readings),
    CASE (verify_finds_nothing_where_all_is_right),
    CASE (verify_finds_a_record_that_was_changed_though_no_figure_is),
    CASE (verify_finds_a_record_that_is_gone),
    CASE (verify_says_that_a_record_cannot_be_hashed),
    CASE (verify_finds_evidence_that_is_gone),
    CASE (verify_asks_for_no_records_of_before_the_edge),
  };

  return cmocka_run_group_tests_name ("shadow_verify", tests, NULL, NULL);
}
