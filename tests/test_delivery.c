/* SPDX-License-Identifier: Apache-2.0 */
/* test_delivery: the thread between the outbox and a publisher, with the real outbox and a fake publisher. */
#include "agent/outbox/delivery.h"

#include <string.h>

#include "tests/fakes/fake_identity.h"
#include "tests/fakes/fake_publisher.h"

#define PATIENCE_NS (30 * HM_NSEC_PER_SEC)

typedef struct
{
  HmIdentity identity;
  HmOutbox *outbox;
  HmPluginContext context;
  HmDeliveryWorker *worker;
} Fixture;

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  static const HmDeliveryOptions quick
      = { .first_wait = HM_NSEC_PER_MSEC, .longest_wait = 4 * HM_NSEC_PER_MSEC };
  Fixture *f = g_new0 (Fixture, 1);

  fake_publisher_reset ();
  f->identity = fake_identity (hm_clock_system ());
  f->outbox = hm_outbox_memory_new (&f->identity, required, 1, 1 << 24, NULL);
  f->context = (HmPluginContext){ .clock = hm_clock_system (), .root = "" };
  f->worker = hm_delivery_new (fake_publisher_plugin (), &quick, NULL, &f->context, NULL);
  assert_non_null (f->worker);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  assert_true (hm_delivery_stop (f->worker, PATIENCE_NS));
  f->outbox->free (f->outbox);
  hm_delivery_free (f->worker);
  g_free (f);
  hm_log_capture (NULL, NULL);
  return 0;
}

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  assert_true (hm_delivery_start (f->worker, f->outbox, 0, &error));
}

static guint64
confirmed (Fixture *f)
{
  HmOutboxStatus status;

  f->outbox->status (f->outbox, &status);
  return status.confirmed;
}

/* The publisher was given these numbers of resource i-1, in this order, among whatever came before. */
static void
assert_ids_end_with (guint first, guint last)
{
  GPtrArray *ids = fake_publisher ()->ids;
  guint n = last - first + 1;

  assert_true (ids->len >= n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("node-1/epoch-1/i-1/%u", first + i);

      assert_string_equal (g_ptr_array_index (ids, ids->len - n + i), id);
    }
}

static void
delivery_hands_over_what_waited_and_what_comes_when_it_starts (void **state)
{
  Fixture *f = *state;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 50);
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 51, 100);
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
  assert_true (confirmed (f) == 100);
  assert_ids_end_with (1, 100);
}

static void
delivery_goes_on_when_the_publisher_has_room_again (void **state)
{
  Fixture *f = *state;

  fake_publisher ()->holds = TRUE;
  fake_publisher ()->room = 3;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 10);
  for (guint i = 1; i <= 10; i++)
    {
      fake_publisher_wait (i);
      fake_publisher_confirm (HM_DELIVERY_DONE, NULL);
    }
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
  assert_ids_end_with (1, 10);
  assert_int_equal (fake_publisher ()->ids->len, 10);
}

static gboolean
always_stuck (HmOutbox *outbox G_GNUC_UNUSED, guint publisher G_GNUC_UNUSED)
{
  return TRUE;
}

static void
delivery_is_not_drained_when_the_outbox_cannot_be_read (void **state)
{
  Fixture *f = *state;

  f->outbox->is_stuck = always_stuck;
  start (f);
  assert_false (hm_delivery_drain (f->worker, 50 * HM_NSEC_PER_MSEC));
}

static void
delivery_begins_again_in_order_when_one_is_to_be_retried (void **state)
{
  Fixture *f = *state;

  fake_publisher ()->holds = TRUE;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 5);
  fake_publisher_wait (5);
  fake_publisher_confirm (HM_DELIVERY_DONE, NULL);
  for (guint i = 0; i < 4; i++)
    fake_publisher_confirm (HM_DELIVERY_RETRY, "away");
  fake_publisher_wait (9);
  assert_ids_end_with (2, 5);
  for (guint i = 0; i < 4; i++)
    fake_publisher_confirm (HM_DELIVERY_DONE, NULL);
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
  assert_true (confirmed (f) == 5);
}

static guint warnings, notices;

static void
count_lines (GLogLevelFlags level, const HmLogFields *fields, const char *text G_GNUC_UNUSED,
             gpointer user G_GNUC_UNUSED)
{
  if (fields == NULL || g_strcmp0 (fields->plugin, "fake") != 0)
    return;
  warnings += level == G_LOG_LEVEL_WARNING;
  notices += level == G_LOG_LEVEL_MESSAGE;
}

static void
delivery_says_it_once_per_burst_when_everything_fails (void **state)
{
  Fixture *f = *state;

  warnings = notices = 0;
  hm_log_capture (count_lines, NULL);
  fake_publisher ()->retries = 20;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 30);
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
  assert_true (confirmed (f) == 30);
  assert_int_equal (warnings, 1);
  assert_int_equal (notices, 1);
}

/* Waits of an hour: only the drain, which waits for nothing, brings a second attempt. */
static void
delivery_waits_between_attempts_when_everything_fails (void **state)
{
  static const HmDeliveryOptions slow
      = { .first_wait = 3600 * HM_NSEC_PER_SEC, .longest_wait = 3600 * HM_NSEC_PER_SEC };
  Fixture *f = *state;

  hm_delivery_free (f->worker);
  f->worker = hm_delivery_new (fake_publisher_plugin (), &slow, NULL, &f->context, NULL);
  fake_publisher ()->retries = G_MAXUINT;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  fake_publisher_wait (1);
  assert_false (hm_delivery_drain (f->worker, 200 * HM_NSEC_PER_MSEC));
  assert_true (hm_delivery_stop (f->worker, PATIENCE_NS));
  assert_in_range (fake_publisher ()->ids->len, 1, 2);
}

/* It waits for an hour. */
static void
delivery_tries_again_at_once_when_it_is_woken (void **state)
{
  static const HmDeliveryOptions slow
      = { .first_wait = 3600 * HM_NSEC_PER_SEC, .longest_wait = 3600 * HM_NSEC_PER_SEC };
  Fixture *f = *state;

  hm_delivery_free (f->worker);
  f->worker = hm_delivery_new (fake_publisher_plugin (), &slow, NULL, &f->context, NULL);
  fake_publisher ()->holds = TRUE;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  fake_publisher_wait (1);
  fake_publisher_confirm (HM_DELIVERY_RETRY, "away");
  hm_delivery_wake (f->worker);
  fake_publisher_wait (2);
}

static void
delivery_lets_a_rejected_one_go_when_others_follow (void **state)
{
  Fixture *f = *state;

  fake_publisher ()->holds = TRUE;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 2);
  fake_publisher_wait (2);
  fake_publisher_confirm (HM_DELIVERY_REJECT, "too large");
  fake_publisher_confirm (HM_DELIVERY_DONE, NULL);
  /* The gap record. */
  fake_publisher_wait (3);
  assert_string_equal (g_ptr_array_index (fake_publisher ()->ids, 2), "node-1/epoch-1/node-1/1");
  fake_publisher_confirm (HM_DELIVERY_DONE, NULL);
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
}

static void
delivery_gives_up_draining_when_time_is_over (void **state)
{
  Fixture *f = *state;

  fake_publisher ()->holds = TRUE;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  fake_publisher_wait (1);
  assert_false (hm_delivery_drain (f->worker, HM_NSEC_PER_MSEC));
}

static void
delivery_asks_the_publisher_to_flush_when_it_drains (void **state)
{
  Fixture *f = *state;

  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
  assert_int_equal (fake_publisher ()->flushed, 1);
}

static void
delivery_tells_the_publisher_when_files_are_to_be_opened_anew (void **state)
{
  Fixture *f = *state;

  start (f);
  hm_delivery_reopen (f->worker);
  assert_int_equal (fake_publisher ()->reopened, 1);
}

/* What lies behind the end of such a publisher's table is not looked at. */
static void
delivery_asks_nothing_new_of_a_publisher_when_it_is_of_an_older_abi (void **state)
{
  Fixture *f = *state;
  HmPlugin old = *fake_publisher_plugin ();
  HmDeliveryOptions options = { .first_wait = HM_NSEC_PER_MSEC, .longest_wait = HM_NSEC_PER_MSEC };
  HmDeliveryWorker *worker;

  old.abi_minor = 1;
  worker = hm_delivery_new (&old, &options, NULL, &f->context, NULL);
  hm_delivery_reopen (worker);
  assert_int_equal (fake_publisher ()->reopened, 0);
  hm_delivery_free (worker);
}

static gboolean
finds_nothing (gpointer self G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG, "path: it is not there");
  return FALSE;
}

/* The same of one that was built for 1.2, where `check` is another's memory. */
static void
delivery_checks_with_the_publisher_when_it_can (void **state)
{
  Fixture *f = *state;
  HmPlugin plugin = *fake_publisher_plugin ();
  HmPublisher publisher = *plugin.publisher;
  HmDeliveryOptions options = { .first_wait = HM_NSEC_PER_MSEC, .longest_wait = HM_NSEC_PER_MSEC };
  g_autoptr (HmDeliveryWorker) worker = NULL;
  g_autoptr (GError) error = NULL;

  assert_true (hm_delivery_check (f->worker, NULL)); /* has none */
  publisher.check = finds_nothing;
  plugin.publisher = &publisher;
  worker = hm_delivery_new (&plugin, &options, NULL, &f->context, NULL);
  assert_false (hm_delivery_check (worker, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "path: it is not there");
  plugin.abi_minor = 2;
  assert_true (hm_delivery_check (worker, NULL));
}

static void
delivery_gives_back_to_the_outbox_when_it_stops (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) again = NULL;

  fake_publisher ()->holds = TRUE;
  start (f);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 3);
  fake_publisher_wait (3);
  assert_true (hm_delivery_stop (f->worker, PATIENCE_NS));
  assert_int_equal (fake_publisher ()->freed, 1);
  again = f->outbox->next (f->outbox, 0);
  assert_non_null (again);
  assert_string_equal (again->id, "node-1/epoch-1/i-1/1");
}

static void
delivery_says_so_when_the_publisher_does_not_end_in_time (void **state)
{
  Fixture *f = *state;

  fake_publisher ()->stays = TRUE;
  start (f);
  assert_false (hm_delivery_stop (f->worker, HM_NSEC_PER_MSEC));
  fake_publisher_let_go ();
  assert_true (hm_delivery_stop (f->worker, PATIENCE_NS));
  assert_int_equal (fake_publisher ()->freed, 1);
}

static void
delivery_fails_to_start_when_its_publisher_does (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  fake_publisher ()->fails_start = TRUE;
  assert_false (hm_delivery_start (f->worker, f->outbox, 0, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "does not start");
  assert_true (hm_delivery_drain (f->worker, PATIENCE_NS));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define DELIVERY_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    DELIVERY_TEST (delivery_hands_over_what_waited_and_what_comes_when_it_starts),
    DELIVERY_TEST (delivery_goes_on_when_the_publisher_has_room_again),
    DELIVERY_TEST (delivery_is_not_drained_when_the_outbox_cannot_be_read),
    DELIVERY_TEST (delivery_begins_again_in_order_when_one_is_to_be_retried),
    DELIVERY_TEST (delivery_says_it_once_per_burst_when_everything_fails),
    DELIVERY_TEST (delivery_waits_between_attempts_when_everything_fails),
    DELIVERY_TEST (delivery_tries_again_at_once_when_it_is_woken),
    DELIVERY_TEST (delivery_lets_a_rejected_one_go_when_others_follow),
    DELIVERY_TEST (delivery_gives_up_draining_when_time_is_over),
    DELIVERY_TEST (delivery_asks_the_publisher_to_flush_when_it_drains),
    DELIVERY_TEST (delivery_tells_the_publisher_when_files_are_to_be_opened_anew),
    DELIVERY_TEST (delivery_asks_nothing_new_of_a_publisher_when_it_is_of_an_older_abi),
    DELIVERY_TEST (delivery_checks_with_the_publisher_when_it_can),
    DELIVERY_TEST (delivery_gives_back_to_the_outbox_when_it_stops),
    DELIVERY_TEST (delivery_says_so_when_the_publisher_does_not_end_in_time),
    DELIVERY_TEST (delivery_fails_to_start_when_its_publisher_does),
  };

  return cmocka_run_group_tests_name ("delivery", tests, NULL, NULL);
}
