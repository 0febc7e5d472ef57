/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_decide: what people decide about held readings, and what they set from a time on, is stored with its answer in one transaction, or
 * refused with a reason; and the resource is folded again with it. */
#include "tests/engine_kit.h"

#include "collector/usage/decisions.h"
#include "collector/engine/engine_decide.h"
#include "collector/engine/engine_private.h"
#include "collector/engine/engine_prune.h"
#include "collector/usage/policy.h"

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

/* -- asking -- */

static void
ask (EngineKit *kit, const char *action, const char *target, const char *reason)
{
  const HmRequestRow request
      = { .action = action, .target = target, .author = "somebody", .reason = reason, .asked = MORNING };
  g_autoptr (GError) error = NULL;
  gint64 id;

  if (!kit->real->request_add (kit->store, &request, &id, &error))
    fail_msg ("%s", error->message);
}

static gboolean
keep_result (const HmRequestRow *row, gpointer user)
{
  char **result = user;

  g_free (*result);
  *result = g_strdup (row->done != 0 ? row->result : "open");
  return TRUE;
}

/* The answer to the one that was asked last. */
static void
assert_answer (EngineKit *kit, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  gboolean more;

  if (!hm_engine_answer_requests (kit->engine, NULL, 10, &more, &error))
    fail_msg ("%s", error->message);
  assert_true (kit->real->list_requests (kit->store, FALSE, keep_result, &result, NULL));
  if (!g_str_has_prefix (result, expected))
    fail_msg ("'%s', not '%s'", result, expected);
}

static const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

static gboolean
append_decision (const HmDecisionRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s by %s: %s;", hm_decision_name (row->decision), row->resource,
                          row->author, row->reason);
  return TRUE;
}

static void
assert_decisions (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (kit->real->list_decisions (kit->store, &everything, append_decision, text, NULL));
  assert_string_equal (text->str, expected);
}

/* -- a reading that is held -- */

/* Minutes 1 to 5 of r1; the third one's value is lower than the second's, so it is held out. */
static void
take_regress (EngineKit *kit)
{
  static const guint64 values[] = { 100, 200, 50, 60, 70 };
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    engine_kit_add_reading (kit, arrivals, "r1", i + 1, values[i], HM_STATE_RUNNING);
  engine_kit_take (kit, arrivals);
}

typedef struct
{
  HmTime time;
  char id[HM_HELD_ID_MAX];
  HmDecision decision;
  guint n;
} Held;

static gboolean
note_held (const HmHeldRow *row, gpointer user)
{
  Held *held = user;

  held->n++;
  if (row->time != MORNING + 3 * MINUTE)
    return TRUE;
  hm_held_id (row, held->id);
  held->decision = row->decision;
  return TRUE;
}

static Held
held_at_third_minute (EngineKit *kit)
{
  Held held = { .n = 0 };

  assert_true (kit->real->list_held (kit->store, &everything, note_held, &held, NULL));
  return held;
}

static char *
target_of (const char *id)
{
  return g_strdup_printf ("{\"source\": \"site\", \"resource\": \"r1\", \"held\": \"%s\"}", id);
}

static void
decide (EngineKit *kit, const char *action, const char *reason, const char *answer)
{
  Held held = held_at_third_minute (kit);
  g_autofree char *target = target_of (held.id);

  ask (kit, action, target, reason);
  assert_answer (kit, answer);
}

static void
decision_rebases_a_counter_that_went_back (void **state)
{
  EngineKit *kit = *state;
  Held held;
  KitSum before, after;

  take_regress (kit);
  before = engine_kit_cpu (kit, "r1");
  held = held_at_third_minute (kit);
  assert_int_equal (held.n, 3); /* the fourth and the fifth are too low as well */
  decide (kit, "rebase", "restored", "rebased");
  assert_decisions (kit, "rebase r1 by somebody: restored;");
  after = engine_kit_cpu (kit, "r1");
  assert_true (after.quantity == before.quantity + 20); /* 50 to 70 */
  held = held_at_third_minute (kit);
  assert_int_equal (held.n, 1);
  assert_int_equal (held.decision, HM_DECISION_REBASE);
}

static void
prune (EngineKit *kit, HmTime edge)
{
  const HmRetention retention
      = { .raw = edge, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN };
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_prune (kit->engine, &retention, HM_NSEC_PER_SEC, &more, &error))
      fail_msg ("%s", error->message);
}

/* Nothing could be counted again by it. */
static void
decision_about_what_is_before_the_edge_is_refused (void **state)
{
  EngineKit *kit = *state;

  take_regress (kit);
  prune (kit, MORNING + DAY);
  decide (kit, "rebase", "restored", "not done: the raw records of that time are gone (before 2024-");
  assert_decisions (kit, "");
}

static void
decision_that_is_later_stands (void **state)
{
  EngineKit *kit = *state;
  KitSum before, after;

  take_regress (kit);
  before = engine_kit_cpu (kit, "r1");
  decide (kit, "rebase", "restored", "rebased");
  decide (kit, "rebase", "restored", "not done: it is rebased already");
  decide (kit, "reject", "it was not", "rejected: it had been rebased, and the later decision stands");
  assert_decisions (kit, "rebase r1 by somebody: restored;reject r1 by somebody: it was not;");
  after = engine_kit_cpu (kit, "r1");
  assert_true (after.quantity == before.quantity);
  assert_int_equal (held_at_third_minute (kit).decision, HM_DECISION_REJECT);
}

/* Whoever folds after a restart heeds them too. */
static void
decision_is_heeded_by_whoever_folds_later (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) late = engine_kit_arrivals ();
  KitSum before, after;

  take_regress (kit);
  decide (kit, "rebase", "restored", "rebased");
  before = engine_kit_cpu (kit, "r1");
  engine_kit_restart (kit);
  engine_kit_add_reading (kit, late, "r1", 6, 90, HM_STATE_RUNNING);
  engine_kit_take (kit, late);
  after = engine_kit_cpu (kit, "r1");
  assert_true (after.quantity == before.quantity + 20);
}

static void
decision_that_makes_no_sense_is_refused (void **state)
{
  EngineKit *kit = *state;

  take_regress (kit);
  decide (kit, "release", "why not", "not done: a lower value of a counter cannot be counted");
  ask (kit, "reject", "{\"source\": \"site\", \"resource\": \"r1\", \"held\": \"0123456789abcdef\"}", "x");
  assert_answer (kit, "not done: no reading of that id is held");
  ask (kit, "reject", "{\"source\": \"site\", \"resource\": \"r2\"}", "x");
  assert_answer (kit, "not done: what is asked for has no text 'held'");
  ask (kit, "reject", NULL, "x");
  assert_answer (kit, "not done: what is asked for has no text");
  assert_decisions (kit, "");
}

static void
target_that_is_hostile_is_refused (void **state)
{
  EngineKit *kit = *state;
  g_autofree char *filler = g_strnfill (HM_TARGET_MAX, 'x');
  g_autofree char *large = g_strdup_printf ("{\"held\": \"%s\"}", filler);

  ask (kit, "reject", "[]", "x");
  assert_answer (kit, "not done: what is asked for is no JSON object");
  ask (kit, "reject", "{\"held\"", "x");
  assert_answer (kit, "not done: ");
  ask (kit, "reject", large, "x");
  assert_answer (kit, "not done: what is asked for takes more than 16384 bytes");
  ask (kit, "eat", "{}", "x");
  assert_answer (kit, "not done: this collector does not know what is asked");
}

/* -- a store that fails -- */

static const HmStoreOps *sound;

static gboolean
failing_commit (HmStore *store G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the database went away");
  return FALSE;
}

static void
decision_is_stored_with_its_answer_or_not_at_all (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL, *target = NULL;
  gboolean more;

  take_regress (kit);
  before = engine_kit_dump (kit);
  target = target_of (held_at_third_minute (kit).id);
  ask (kit, "rebase", target, "restored");
  sound = kit->real;
  kit->ops.commit = failing_commit;
  assert_false (hm_engine_answer_requests (kit->engine, NULL, 10, &more, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "went away");
  kit->ops.commit = sound->commit;
  after = engine_kit_dump (kit);
  assert_string_equal (before, after);
  assert_decisions (kit, "");
  assert_answer (kit, "rebased");
  assert_decisions (kit, "rebase r1 by somebody: restored;");
}

/* -- policies -- */

static gboolean
append_policy (const HmPolicyRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %" G_GUINT64_FORMAT " by %s;", hm_policy_unknown_name (row->hold),
                          row->network_limit, row->author);
  return TRUE;
}

static void
assert_policies (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (kit->real->list_policies (kit->store, append_policy, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
policy_is_stored_from_a_time_to_come (void **state)
{
  EngineKit *kit = *state;

  ask (kit, "policy",
       "{\"from\": \"2099-01-01T00:00:00Z\", \"unknown\": \"hold\", \"network_limit\": 1250000000}", NULL);
  assert_answer (kit, "stored: from 2099-01-01T00:00:00.000000000Z on unknown=hold network-limit=10Gbit");
  assert_policies (kit, "hold 1250000000 by somebody;");
}

static void
policy_that_makes_no_sense_is_refused (void **state)
{
  static const struct
  {
    const char *target, *answer;
  } cases[] = {
    { "{\"from\": \"2026-01-01T00:00:00Z\", \"unknown\": \"hold\", \"network_limit\": 0}",
      "not done: it may hold from " },
    { "{\"from\": \"2099-01-01T00:00:01Z\", \"unknown\": \"hold\", \"network_limit\": 0}",
      "not done: 'from' does not begin a step" },
    { "{\"from\": \"soon\", \"unknown\": \"hold\", \"network_limit\": 0}", "not done: 'from' is no time" },
    { "{\"from\": \"2099-01-01T00:00:00Z\", \"unknown\": \"maybe\", \"network_limit\": 0}",
      "not done: 'unknown' is none of none, hold" },
    { "{\"from\": \"2099-01-01T00:00:00Z\", \"unknown\": \"hold\"}", "not done: 'network_limit'" },
    { "{\"from\": \"2099-01-01T00:00:00Z\", \"unknown\": \"hold\", \"network_limit\": "
      "\"18446744073709551615\"}",
      "not done: 'network_limit'" },
    { "{\"unknown\": \"hold\", \"network_limit\": 0}", "not done: what is asked for has no text 'from'" },
  };
  EngineKit *kit = *state;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ask (kit, "policy", cases[i].target, NULL);
      assert_answer (kit, cases[i].answer);
    }
  assert_policies (kit, "");
}

static void
policy_of_the_configuration_is_stored_where_it_is_another_one (void **state)
{
  EngineKit *kit = *state;
  const HmPolicyWish nothing = { .unknown_said = FALSE },
                     fallback = { .unknown_said = TRUE, .limit_said = TRUE },
                     limit = { .limit_said = TRUE, .network_limit = 5 },
                     hold = { .unknown_said = TRUE, .hold = TRUE };
  const HmPolicyWish *const wishes[] = { &nothing, &fallback, &limit, &limit, &hold, &nothing };

  for (guint i = 0; i < G_N_ELEMENTS (wishes); i++)
    assert_true (hm_engine_agree_policy (kit->engine, wishes[i], NULL));
  assert_policies (kit, "none 5 by configuration;hold 5 by configuration;");
}

static gboolean
fail_to_list (HmStore *store G_GNUC_UNUSED, HmPolicyVisit visit G_GNUC_UNUSED, gpointer user G_GNUC_UNUSED,
              GError **error)
{
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the store is away");
  return FALSE;
}

static void
take_minute (EngineKit *kit, guint minute, gboolean taken)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();
  g_autoptr (GError) error = NULL;
  gboolean owned;

  engine_kit_add_reading (kit, one, "r1", minute, minute, HM_STATE_RUNNING);
  assert_int_equal (hm_engine_take (kit->engine, (HmArrival *const *)one->pdata, one->len, &owned, &error),
                    taken);
}

/* Without the policies that are in force nothing is folded. */
static void
policy_is_read_again_before_anything_is_folded (void **state)
{
  EngineKit *kit = *state;

  ask (kit, "policy", "{\"from\": \"2099-01-01T00:00:00Z\", \"unknown\": \"hold\", \"network_limit\": 0}",
       NULL);
  assert_answer (kit, "stored: ");
  take_minute (kit, 1, TRUE);
  assert_int_equal (kit->engine->settings.policies->len, 1);
  kit->ops.list_policies = fail_to_list;
  assert_false (hm_engine_load_policies (kit->engine, NULL));
  take_minute (kit, 2, FALSE);
  kit->ops.list_policies = kit->real->list_policies;
  take_minute (kit, 2, TRUE);
}

#define decide_test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    decide_test (decision_rebases_a_counter_that_went_back),
    decide_test (decision_about_what_is_before_the_edge_is_refused),
    decide_test (decision_that_is_later_stands),
    decide_test (decision_is_heeded_by_whoever_folds_later),
    decide_test (decision_that_makes_no_sense_is_refused),
    decide_test (target_that_is_hostile_is_refused),
    decide_test (decision_is_stored_with_its_answer_or_not_at_all),
    decide_test (policy_is_stored_from_a_time_to_come),
    decide_test (policy_is_read_again_before_anything_is_folded),
    decide_test (policy_that_makes_no_sense_is_refused),
    decide_test (policy_of_the_configuration_is_stored_where_it_is_another_one),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
