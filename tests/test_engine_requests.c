/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_requests: what people ask about dead letters: each answer is one transaction with all that it says, nothing is lost and nothing counts
 * twice, wherever it fails and whoever else answers. */
#include "tests/engine_kit.h"

#include <string.h>

#include "collector/engine/engine_requests.h"
#include "collector/pipeline/verify_private.h"

static const HmStoreOps *sound;

static int
set_up (void **state)
{
  EngineKit *kit = engine_kit_new ();

  sound = kit->real;
  *state = kit;
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

/* -- a store that refuses one record -- */

#define POISON 5 /* its number */

static guint writes;

static gboolean
picky_write (HmStore *store, const HmBatch *batch, GError **error)
{
  writes++;
  for (guint i = 0; i < batch->n_raw; i++)
    if (batch->raw[i].seq == POISON)
      {
        g_set_error_literal (error, HM_ERROR, HM_ERROR_DATA, "number 5 is not wanted");
        return FALSE;
      }
  return sound->write (store, batch, error);
}

/* @n minutes of r1, of which the one that the store refuses is a dead letter. */
static void
take_with_poison (EngineKit *kit, guint n)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = 1; i <= n; i++)
    {
      engine_kit_add_reading (kit, arrivals, "r1", i, 10 * (guint64)i * i, HM_STATE_RUNNING);
      ((HmArrival *)g_ptr_array_index (arrivals, i - 1))->verified = TRUE;
    }
  kit->ops.write = picky_write;
  engine_kit_take (kit, arrivals);
  kit->ops.write = sound->write;
}

static void
take_bytes (EngineKit *kit, const char *bytes)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();

  g_ptr_array_add (one, engine_kit_arrival_of_bytes (kit, "r1", bytes, strlen (bytes)));
  engine_kit_take (kit, one);
}

/* -- asking -- */

static void
ask (EngineKit *kit, const char *action, gint64 letter)
{
  const HmRequestRow request
      = { .action = action, .subject = letter, .author = "somebody", .reason = "why not", .asked = MORNING };
  g_autoptr (GError) error = NULL;
  gint64 id;

  if (!sound->request_add (kit->store, &request, &id, &error))
    fail_msg ("%s", error->message);
}

static gboolean
answer_at_most (EngineKit *kit, guint most)
{
  g_autoptr (GError) error = NULL;
  gboolean more = FALSE;

  if (!hm_engine_answer_requests (kit->engine, NULL, most, &more, &error))
    fail_msg ("%s", error->message);
  return more;
}

static gboolean
append_request (const HmRequestRow *row, gpointer text)
{
  g_string_append_printf (text, "%s;", row->done != 0 ? row->result : "open");
  return TRUE;
}

/* Each request's answer, in the order in which they were asked. */
static void
assert_answers (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (sound->list_requests (kit->store, FALSE, append_request, text, NULL));
  assert_string_equal (text->str, expected);
}

static gboolean
append_letter (const HmDeadLetter *row, gpointer text)
{
  g_string_append_printf (text, "%" G_GINT64_FORMAT " %s;", row->id,
                          row->settled != 0 ? row->outcome : "open");
  return TRUE;
}

static void
assert_outcomes (EngineKit *kit, const char *expected)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .settled = TRUE };
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (sound->list_dead_letters (kit->store, &filter, append_letter, text, NULL));
  assert_string_equal (text->str, expected);
}

/* Everything there is of the same minutes without any trouble. */
static char *
dump_without_trouble (guint n)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  for (guint i = 1; i <= n; i++)
    engine_kit_add_reading (kit, arrivals, "r1", i, 10 * (guint64)i * i, HM_STATE_RUNNING);
  engine_kit_take (kit, arrivals);
  return engine_kit_dump (kit);
}

static void
assert_as_without_trouble (EngineKit *kit, guint n)
{
  g_autofree char *expected = dump_without_trouble (n), *dump = engine_kit_dump (kit);

  assert_string_equal (dump, expected);
}

static gboolean
append_bin (const HmBinState *row, gpointer text)
{
  g_string_append_printf (text, "%" G_GUINT64_FORMAT " taken, %" G_GUINT64_FORMAT " refused (%s);",
                          row->came.records, row->came.refused_records,
                          row->came.refused_sum != 0 ? "a sum" : "no sum");
  return TRUE;
}

static void
assert_bins (EngineKit *kit, const char *expected)
{
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (sound->list_bins (kit->store, &filter, append_bin, text, NULL));
  assert_string_equal (text->str, expected);
}

/* -- what is answered -- */

static void
requests_discard_a_letter_and_keep_it (void **state)
{
  EngineKit *kit = *state;

  take_bytes (kit, "{");
  take_bytes (kit, "[");
  ask (kit, "discard", 1);
  assert_false (answer_at_most (kit, 10));
  assert_answers (kit, "discarded;");
  assert_outcomes (kit, "1 discarded;2 open;");
  assert_int_equal (engine_kit_raw_rows (kit), 0);
}

static gboolean
check_raw (const HmRawRow *row, gpointer user)
{
  if (row->seq == POISON)
    {
      *(gboolean *)user = TRUE;
      assert_int_equal (row->partition, HM_PARTITION_NONE);
      assert_int_equal (row->appended, MORNING + 5 * DAY); /* as the broker had said */
      assert_int_equal (row->received, MORNING + 5 * DAY);
    }
  return TRUE;
}

static void
requests_replay_a_letter_as_if_it_had_just_come (void **state)
{
  EngineKit *kit = *state;
  gboolean found = FALSE;

  take_with_poison (kit, 20);
  assert_int_equal (engine_kit_raw_rows (kit), 19);
  assert_bins (kit, "19 taken, 1 refused (a sum);");
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_bins (kit, "20 taken, 0 refused (no sum);");
  assert_answers (kit, "accepted;");
  assert_outcomes (kit, "1 accepted;");
  assert_true (sound->raw_load (kit->store, "site", "r1", HM_TIME_UNKNOWN, 0, check_raw, &found, NULL));
  assert_true (found);
  assert_as_without_trouble (kit, 20);
}

static void
requests_leave_open_what_is_refused_again (void **state)
{
  EngineKit *kit = *state;

  take_with_poison (kit, 20);
  take_bytes (kit, "{");
  kit->ops.write = picky_write;
  ask (kit, "replay", 1);
  ask (kit, "replay", 2);
  answer_at_most (kit, 10);
  assert_outcomes (kit, "1 open;2 open;");
  assert_answers (kit, "refused again: store-refused: number 5 is not wanted;"
                       "refused again: bad-json: parse error: premature EOF at byte 1;");
  kit->ops.write = sound->write;
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_outcomes (kit, "1 accepted;2 open;");
  assert_as_without_trouble (kit, 20);
}

static void
requests_settle_what_has_come_meanwhile (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) again = engine_kit_arrivals ();

  take_with_poison (kit, 20);
  engine_kit_add_reading (kit, again, "r1", POISON, 10 * POISON * POISON, HM_STATE_RUNNING);
  engine_kit_take (kit, again);
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_answers (kit, "accepted: it was stored already;");
  assert_outcomes (kit, "1 accepted;");
  assert_bins (kit, "20 taken, 0 refused (no sum);");
  assert_as_without_trouble (kit, 20);
}

/* -- what was counted is taken back, and nothing else -- */

/* A letter of the second reading of r1, whose record reads by now, with what the agent's counts had of it. */
static void
leave_letter (EngineKit *kit, HmDeadLetter *letter, const HmAgentRow *agent, const HmBinRow *bin)
{
  const HmBatch batch = { .dead_letters = letter,
                          .n_dead_letters = 1,
                          .agents = agent,
                          .n_agents = agent != NULL ? 1 : 0,
                          .bins = bin,
                          .n_bins = bin != NULL ? 1 : 0 };
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  const HmArrival *arrival;
  gboolean owned;

  engine_kit_add_reading (kit, arrivals, "r1", 2, 40, HM_STATE_RUNNING);
  arrival = g_ptr_array_index (arrivals, 0);
  letter->topic = "t";
  letter->offset = 77;
  letter->appended = letter->received = MORNING;
  letter->key = arrival->key;
  letter->key_length = arrival->key_length;
  letter->value = arrival->value;
  letter->length = arrival->length;
  letter->reason = "bad-schema";
  letter->detail = "was not known then";
  letter->verified = TRUE;
  assert_true (sound->begin (kit->store, NULL, 0, &owned, NULL));
  assert_true (sound->write (kit->store, &batch, NULL));
  assert_true (sound->commit (kit->store, NULL));
}

static void
requests_take_back_from_the_bin_that_had_counted_it (void **state)
{
  EngineKit *kit = *state;
  HmAgentRow agent = { .source = "site", .agent = "other", .epoch = "before", .refused = 1 };
  HmBinRow bin = { .source = "site",
                   .agent = "other",
                   .epoch = "before",
                   .bin = HM_BIN_NONE,
                   .refused_records = 1,
                   .refused_sum = G_MAXUINT64 - 5 };
  HmDeadLetter letter = { .source = "site",
                          .agent = "other",
                          .epoch = "before",
                          .accounted = TRUE,
                          .bin = HM_BIN_NONE,
                          .sum = G_MAXUINT64 - 5 };

  agent.first_time = agent.last_time = agent.last_appended = MORNING;
  leave_letter (kit, &letter, &agent, &bin);
  assert_bins (kit, "0 taken, 1 refused (a sum);");
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_answers (kit, "accepted;");
  assert_bins (kit, "1 taken, 0 refused (no sum);0 taken, 0 refused (no sum);");
}

static void
requests_take_nothing_back_that_was_not_counted (void **state)
{
  EngineKit *kit = *state;
  HmDeadLetter letter = { .source = NULL };

  leave_letter (kit, &letter, NULL, NULL);
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_answers (kit, "accepted;");
  assert_bins (kit, "1 taken, 0 refused (no sum);");
}

static gboolean
count_refused (const HmAgentRow *row, gpointer refused)
{
  *(guint64 *)refused += row->refused;
  return TRUE;
}

/* The second content of a number is one record too many, so no bin had counted it; once the first is gone it can be taken. */
static void
requests_take_nothing_back_for_a_conflict (void **state)
{
  EngineKit *kit = *state;
  const HmRetention retention = { MORNING + 10 * DAY, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN };
  guint64 refused = 0;
  gboolean more = TRUE;

  for (guint64 value = 10; value <= 20; value += 10)
    {
      g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

      engine_kit_add_reading (kit, arrivals, "r1", 1, value, HM_STATE_RUNNING);
      ((HmArrival *)g_ptr_array_index (arrivals, 0))->verified = TRUE;
      engine_kit_take (kit, arrivals);
    }
  assert_bins (kit, "1 taken, 0 refused (no sum);");
  assert_true (sound->list_agents (kit->store, count_refused, &refused, NULL));
  assert_int_equal (refused, 1);
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_outcomes (kit, "1 open;");
  while (more)
    assert_true (sound->prune (kit->store, &retention, &more, NULL));
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_outcomes (kit, "1 accepted;");
  assert_bins (kit, "2 taken, 0 refused (no sum);");
}

static gboolean
append_lost (const HmDeadLetter *row, gpointer text)
{
  g_string_append (text, row->headers_lost ? "lost;" : "whole;");
  return TRUE;
}

/* By the default policy unsigned records are taken; this one was none. */
static void
requests_take_no_letter_for_unsigned_whose_signature_was_no_good (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  const HmVerifyChoices accept = { .fallback = HM_SIGNATURES_ACCEPT, .keys = none, .sources = none };
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (HmVerifier) verifier = hm_verifier_new (&accept, NULL);
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();
  g_autoptr (GString) text = g_string_new (NULL);
  HmArrival *arrival;
  HmRecord record;
  gboolean more;

  assert_non_null (verifier);
  for (guint64 seq = 1; seq <= 2; seq++)
    {
      engine_kit_record (&record, "r1", seq, MORNING);
      g_ptr_array_add (arrivals, arrival = engine_kit_signed (kit, &record, NULL));
      for (guint i = 0; seq == 1 && i < 2; i++)
        hm_arrival_take_header (arrival, "hm-signature", "v1;x", 4);
      if (seq == 2)
        hm_arrival_refuse (arrival, HM_REFUSED_STORE, g_strdup ("full"));
    }
  engine_kit_take (kit, arrivals);
  assert_true (sound->list_dead_letters (kit->store, &filter, append_lost, text, NULL));
  assert_string_equal (text->str, "lost;whole;");
  ask (kit, "replay", 1);
  ask (kit, "replay", 2);
  assert_true (hm_engine_answer_requests (kit->engine, verifier, 10, &more, NULL));
  assert_answers (kit, "refused again: bad-signature: its ce_id or hm-signature was no good, and is not kept;"
                       "accepted;");
}

static void
requests_say_what_cannot_be_done (void **state)
{
  EngineKit *kit = *state;

  take_bytes (kit, "{");
  ask (kit, "discard", 1);
  ask (kit, "replay", 1);
  ask (kit, "replay", 99);
  answer_at_most (kit, 10);
  assert_answers (kit, "discarded;not done: it is discarded already;not done: there is no such dead letter;");
  assert_outcomes (kit, "1 discarded;");
}

static void
requests_are_answered_some_at_a_time (void **state)
{
  EngineKit *kit = *state;

  for (guint i = 1; i <= 5; i++)
    {
      take_bytes (kit, "{");
      ask (kit, "discard", i);
    }
  assert_true (answer_at_most (kit, 2));
  assert_answers (kit, "discarded;discarded;open;open;open;");
  assert_true (answer_at_most (kit, 2));
  assert_false (answer_at_most (kit, 2));
  assert_answers (kit, "discarded;discarded;discarded;discarded;discarded;");
}

/* -- what fails -- */

static guint steps_left; /* until a step fails, once */

static gboolean
step (GError **error)
{
  if (steps_left == 0 || --steps_left > 0)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "the database went away");
  return FALSE;
}

static gboolean
stepping_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  return step (error) && sound->begin (store, moves, n, ret_owned, error);
}

static gboolean
stepping_write (HmStore *store, const HmBatch *batch, GError **error)
{
  return step (error) && sound->write (store, batch, error) && step (error);
}

static gboolean
stepping_commit (HmStore *store, GError **error)
{
  return step (error) && sound->commit (store, error);
}

static gboolean
stepping_get (HmStore *store, gint64 id, HmDeadLetterVisit visit, gpointer user, GError **error)
{
  return step (error) && sound->dead_letter_get (store, id, visit, user, error);
}

static gboolean
stepping_load (HmStore *store, const char *source, const char *resource, HmResourceVisit visit, gpointer user,
               GError **error)
{
  return step (error) && sound->resource_load (store, source, resource, visit, user, error);
}

static void
let_steps_fail (EngineKit *kit)
{
  kit->ops.begin = stepping_begin;
  kit->ops.write = stepping_write;
  kit->ops.commit = stepping_commit;
  kit->ops.dead_letter_get = stepping_get;
  kit->ops.resource_load = stepping_load;
}

static void
requests_stay_open_wherever_the_store_fails (void **state)
{
  EngineKit *kit = *state;
  gboolean answered = FALSE;
  guint steps;

  take_with_poison (kit, 20);
  hm_engine_forget (kit->engine);
  let_steps_fail (kit);
  ask (kit, "replay", 1);
  for (steps = 1; !answered; steps++)
    {
      g_autoptr (GError) error = NULL;
      gboolean more;

      steps_left = steps;
      answered = hm_engine_answer_requests (kit->engine, NULL, 10, &more, &error);
      assert_true (answered || g_error_matches (error, HM_ERROR, HM_ERROR_UNAVAILABLE));
      assert_answers (kit, answered ? "accepted;" : "open;");
      assert_outcomes (kit, answered ? "1 accepted;" : "1 open;");
      assert_int_equal (engine_kit_raw_rows (kit), answered ? 20 : 19);
    }
  assert_int_equal (steps, 8); /* get, load, begin, before and after the rows, commit; and none */
  assert_as_without_trouble (kit, 20);
}

static gboolean
always (gpointer user)
{
  (void)user;
  return TRUE;
}

static void
requests_stay_open_when_the_transaction_is_given_up (void **state)
{
  EngineKit *kit = *state;

  take_with_poison (kit, 20);
  ask (kit, "replay", 1);
  hm_engine_give_up_when (kit->engine, always, NULL);
  assert_false (answer_at_most (kit, 1));
  assert_answers (kit, "open;");
  assert_outcomes (kit, "1 open;");
  hm_engine_give_up_when (kit->engine, NULL, NULL);
  answer_at_most (kit, 1);
  assert_as_without_trouble (kit, 20);
}

/* -- somebody else -- */

static EngineKit *rival; /* answers the same requests, once, before our transaction begins */

static gboolean
rival_begin (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error)
{
  EngineKit *kit = g_steal_pointer (&rival);
  HmEngine *ours;

  if (kit != NULL)
    {
      ours = kit->engine;
      kit->engine = NULL;
      engine_kit_restart (kit);
      answer_at_most (kit, 10);
      hm_engine_free (kit->engine);
      kit->engine = ours;
    }
  return sound->begin (store, moves, n, ret_owned, error);
}

static void
requests_are_answered_by_one_of_two_collectors (void **state)
{
  static const char *const actions[] = { "replay", "discard" };
  EngineKit *kit = *state;

  take_with_poison (kit, 20);
  take_bytes (kit, "{");
  kit->ops.begin = rival_begin;
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      ask (kit, actions[i], i + 1);
      rival = kit;
      answer_at_most (kit, 10);
      assert_null (rival);
    }
  assert_false (answer_at_most (kit, 10));
  assert_answers (kit, "accepted;discarded;");
  assert_outcomes (kit, "1 accepted;2 discarded;");
  assert_as_without_trouble (kit, 20);
}

/* What we have at hand of the resource does not know that the record has come. */
static void
requests_load_again_what_somebody_else_changed (void **state)
{
  EngineKit *kit = *state;
  g_autoptr (GPtrArray) again = engine_kit_arrivals ();
  HmEngine *ours = kit->engine;

  take_with_poison (kit, 20);
  engine_kit_add_reading (kit, again, "r1", 1, 10, HM_STATE_RUNNING);
  engine_kit_take (kit, again); /* so that r1 is at hand */
  kit->engine = NULL;
  engine_kit_restart (kit); /* the other one */
  engine_kit_add_reading (kit, again, "r1", POISON, 10 * POISON * POISON, HM_STATE_RUNNING);
  g_ptr_array_remove_index (again, 0);
  engine_kit_take (kit, again);
  hm_engine_free (kit->engine);
  kit->engine = ours;
  ask (kit, "replay", 1);
  answer_at_most (kit, 10);
  assert_answers (kit, "accepted: it was stored already;");
  assert_as_without_trouble (kit, 20);
}

/* -- finding the one that the store refuses -- */

static void
engine_finds_one_refused_record_in_few_transactions (void **state)
{
  EngineKit *kit = *state;

  writes = 0;
  take_with_poison (kit, 4096);
  assert_int_equal (engine_kit_raw_rows (kit), 4095);
  assert_in_range (
      writes, 13,
      2 * 12 + 3); /* a refusal and a good half for each of 12 halvings, the record twice, and its letter */
  ask (kit, "replay", 1);
  answer_at_most (kit, 1);
  assert_as_without_trouble (kit, 4096);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (requests_discard_a_letter_and_keep_it),
    CASE (requests_replay_a_letter_as_if_it_had_just_come),
    CASE (requests_leave_open_what_is_refused_again),
    CASE (requests_settle_what_has_come_meanwhile),
    CASE (requests_take_back_from_the_bin_that_had_counted_it),
    CASE (requests_take_nothing_back_that_was_not_counted),
    CASE (requests_take_nothing_back_for_a_conflict),
    CASE (requests_take_no_letter_for_unsigned_whose_signature_was_no_good),
    CASE (requests_say_what_cannot_be_done),
    CASE (requests_are_answered_some_at_a_time),
    CASE (requests_stay_open_wherever_the_store_fails),
    CASE (requests_stay_open_when_the_transaction_is_given_up),
    CASE (requests_are_answered_by_one_of_two_collectors),
    CASE (requests_load_again_what_somebody_else_changed),
    CASE (engine_finds_one_refused_record_in_few_transactions),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
