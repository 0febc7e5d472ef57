/* SPDX-License-Identifier: Apache-2.0 */
/* store_suite_ask: the cases about what people ask of a collector, and about leases. */
#include "tests/store_suite.h"

#define HOUR (3600 * HM_NSEC_PER_SEC)

static HmRequestRow
request (gint64 subject)
{
  return (HmRequestRow){ .action = "discard",
                         .subject = subject,
                         .author = "operator",
                         .reason = "not \xe2\x80\x9cours\xe2\x80\x9d",
                         .asked = SUITE_MORNING };
}

static gint64
ask (Suite *suite, HmStore *store, const HmRequestRow *row)
{
  g_autoptr (GError) error = NULL;
  gint64 id = -1;

  if (!suite->ops->request_add (store, row, &id, &error))
    fail_msg ("%s", error->message);
  return id;
}

static gboolean
append_request (const HmRequestRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %d by %s (%s) at %d", row->action, (int)row->subject, row->author,
                          row->reason != NULL ? row->reason : "-", (int)(row->asked - SUITE_MORNING));
  if (row->done != 0)
    g_string_append_printf (text, " done %d: %s", (int)(row->done - SUITE_MORNING),
                            row->result != NULL ? row->result : "-");
  g_string_append_c (text, ';');
  return TRUE;
}

static void
assert_requests (Suite *suite, gboolean open_only, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (suite->ops->list_requests (suite->store, open_only, append_request, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
answer (Suite *suite, gint64 id, HmTime done, const char *result)
{
  HmRequestRow row = { .id = id, .done = done, .result = result };

  suite_commit (suite, &(HmBatch){ .answered = &row, .n_answered = 1 });
}

static void
request_is_added_beside_the_collector (void **state)
{
  Suite *suite = *state;
  HmStore *asker = suite_asker (suite);
  HmRequestRow first = request (7), second = request (8);
  gint64 first_id, second_id;

  second.action = "replay";
  second.reason = NULL;
  second.asked++;
  first_id = ask (suite, asker, &first);
  second_id = ask (suite, asker, &second);
  assert_true (second_id > first_id);
  assert_requests (
      suite, TRUE,
      "discard 7 by operator (not \xe2\x80\x9cours\xe2\x80\x9d) at 0;replay 8 by operator (-) at 1;");
  suite->ops->close (asker);
}

static void
request_is_open_until_it_is_answered (void **state)
{
  Suite *suite = *state;
  HmStore *asker = suite_asker (suite);
  const HmRequestRow row = request (7);
  gint64 id = ask (suite, asker, &row);
  const HmRequestRow again = { .id = id, .done = SUITE_MORNING + 9, .result = "the first answer stands" };

  suite->ops->close (asker);
  assert_requests (suite, TRUE, "discard 7 by operator (not \xe2\x80\x9cours\xe2\x80\x9d) at 0;");
  answer (suite, id, SUITE_MORNING + 5, "discarded");
  suite_assert_refused (suite, &(HmBatch){ .answered = &again, .n_answered = 1 }, HM_ERROR_TEMPORARY,
                        "answered");
  assert_requests (suite, TRUE, "");
  assert_requests (suite, FALSE,
                   "discard 7 by operator (not \xe2\x80\x9cours\xe2\x80\x9d) at 0 done 5: discarded;");
}

static void
request_gets_an_id_of_its_own_after_pruning (void **state)
{
  Suite *suite = *state;
  const HmRequestRow row = request (7);
  const HmRetention retention = { HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, SUITE_MORNING + 5, HM_TIME_UNKNOWN };
  gint64 old = ask (suite, suite->store, &row), young = ask (suite, suite->store, &row);
  gboolean more;

  answer (suite, young, SUITE_MORNING + 4, "a");
  assert_true (suite->ops->prune (suite->store, &retention, &more, NULL));
  assert_requests (suite, FALSE, "discard 7 by operator (not \xe2\x80\x9cours\xe2\x80\x9d) at 0;");
  assert_true (ask (suite, suite->store, &row) > young);
  answer (suite, old, SUITE_MORNING + 5, "b");
  assert_true (suite->ops->prune (suite->store, &retention, &more, NULL));
  assert_requests (suite, TRUE, "discard 7 by operator (not \xe2\x80\x9cours\xe2\x80\x9d) at 0;");
}

static void
asker_reads_as_a_reader_does (void **state)
{
  Suite *suite = *state;
  HmStore *asker = suite_asker (suite);
  HmRawRow row = suite_raw ("r1", 1, SUITE_MORNING, "a");
  guint n = 0;

  suite_commit (suite, &(HmBatch){ .raw = &row, .n_raw = 1 });
  assert_true (suite->ops->list_raw (asker, &suite_everything, suite_stop_at_once, &n, NULL));
  assert_int_equal (n, 1);
  assert_int_equal (suite->ops->grain (asker), SUITE_GRAIN);
  suite->ops->close (asker);
}

/* -- leases -- */

static guint64
lease (Suite *suite, const char *holder, gint64 ttl)
{
  guint64 token = G_MAXUINT64;

  assert_true (suite->ops->lease (suite->store, "roll-call", holder, ttl, &token, NULL));
  return token;
}

static void
lease_is_one_holders_until_it_runs_out (void **state)
{
  Suite *suite = *state;
  guint64 first = lease (suite, "a", HOUR), second;

  assert_true (first > 0);
  assert_int_equal (lease (suite, "b", HOUR), 0);
  assert_int_equal (lease (suite, "a", 0), first); /* given up */
  second = lease (suite, "b", HOUR);
  assert_true (second > first);
  assert_int_equal (lease (suite, "a", HOUR), 0);
}

static void
leases_of_two_names_are_two (void **state)
{
  Suite *suite = *state;
  guint64 token = 0;

  assert_true (lease (suite, "a", HOUR) > 0);
  assert_true (suite->ops->lease (suite->store, "other", "b", HOUR, &token, NULL));
  assert_true (token > 0);
}

const struct CMUnitTest suite_ask_cases[] = {
  cmocka_unit_test (request_is_added_beside_the_collector),
  cmocka_unit_test (request_is_open_until_it_is_answered),
  cmocka_unit_test (request_gets_an_id_of_its_own_after_pruning),
  cmocka_unit_test (asker_reads_as_a_reader_does),
  cmocka_unit_test (lease_is_one_holders_until_it_runs_out),
  cmocka_unit_test (leases_of_two_names_are_two),
};
const guint suite_n_ask_cases = G_N_ELEMENTS (suite_ask_cases);
