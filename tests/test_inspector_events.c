/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_events.c: libvirt's events in the records' words, and the queue. */
#include "tests/kit.h"

#include <libvirt/libvirt.h>

#include "agent/inspector/inspector_events.h"

static void
expect (int event, int detail, const char *word, HmState domain_state, gboolean needs_look,
        gboolean has_ended)
{
  HmHappening happening = { .id = "" };

  assert_true (hm_events_translate (event, detail, &happening));
  if (word == NULL)
    assert_null (happening.word);
  else
    assert_string_equal (happening.word, word);
  assert_int_equal (happening.state, domain_state);
  assert_int_equal (happening.needs_look, needs_look);
  assert_int_equal (happening.has_ended, has_ended);
}

#define E(name) VIR_DOMAIN_EVENT_##name

static void
events_translate_starts_and_definitions (void **state)
{
  (void)state;
  expect (E (DEFINED), E (DEFINED_ADDED), "defined", HM_STATE_UNKNOWN, TRUE, FALSE);
  expect (E (DEFINED), E (DEFINED_UPDATED), NULL, HM_STATE_UNKNOWN, TRUE, FALSE);
  expect (E (DEFINED), E (DEFINED_RENAMED), NULL, HM_STATE_UNKNOWN, TRUE, FALSE);
  expect (E (UNDEFINED), E (UNDEFINED_REMOVED), "undefined", HM_STATE_UNDEFINED, TRUE, FALSE);
  expect (E (UNDEFINED), E (UNDEFINED_RENAMED), NULL, HM_STATE_UNKNOWN, TRUE, FALSE);
  expect (E (STARTED), E (STARTED_BOOTED), "started", HM_STATE_RUNNING, TRUE, FALSE);
  expect (E (STARTED), E (STARTED_RESTORED), "started", HM_STATE_RUNNING, TRUE, FALSE);
  expect (E (STARTED), E (STARTED_MIGRATED), "migrated-in", HM_STATE_PAUSED, TRUE, FALSE);
  expect (E (STARTED), E (STARTED_WAKEUP), "resumed", HM_STATE_RUNNING, FALSE, FALSE);
}

static void
events_translate_pauses_and_ends (void **state)
{
  (void)state;
  expect (E (SUSPENDED), E (SUSPENDED_PAUSED), "suspended", HM_STATE_PAUSED, FALSE, FALSE);
  expect (E (SUSPENDED), E (SUSPENDED_IOERROR), "suspended", HM_STATE_PAUSED, FALSE, FALSE);
  expect (E (RESUMED), E (RESUMED_MIGRATED), "resumed", HM_STATE_RUNNING, FALSE, FALSE);
  expect (E (PMSUSPENDED), E (PMSUSPENDED_DISK), "suspended", HM_STATE_PAUSED, FALSE, FALSE);
  expect (E (SHUTDOWN), E (SHUTDOWN_GUEST), "shutdown", HM_STATE_SHUTTING_DOWN, FALSE, FALSE);
  expect (E (STOPPED), E (STOPPED_SHUTDOWN), "stopped", HM_STATE_SHUTOFF, FALSE, TRUE);
  expect (E (STOPPED), E (STOPPED_DESTROYED), "stopped", HM_STATE_SHUTOFF, FALSE, TRUE);
  expect (E (STOPPED), E (STOPPED_FAILED), "crashed", HM_STATE_SHUTOFF, FALSE, TRUE);
  expect (E (STOPPED), E (STOPPED_CRASHED), "crashed", HM_STATE_SHUTOFF, FALSE, TRUE);
  expect (E (STOPPED), E (STOPPED_MIGRATED), "migrated-out", HM_STATE_SHUTOFF, TRUE, TRUE);
  expect (E (CRASHED), E (CRASHED_PANICKED), "crashed", HM_STATE_SHUTOFF, FALSE, FALSE);
}

/* Read while that can be: when its counters began, and when its CPUs stand. */
static void
events_say_when_a_domain_is_to_be_read (void **state)
{
  static const struct
  {
    int event, detail;
    HmReadAt read;
  } rows[] = {
    { E (STARTED), E (STARTED_BOOTED), HM_READ_AT_START },
    { E (STARTED), E (STARTED_MIGRATED), HM_READ_NOTHING },
    { E (SUSPENDED), E (SUSPENDED_MIGRATED), HM_READ_AT_END },
    { E (SHUTDOWN), E (SHUTDOWN_GUEST), HM_READ_AT_END },
    { E (CRASHED), E (CRASHED_PANICKED), HM_READ_AT_END },
    { E (STOPPED), E (STOPPED_DESTROYED), HM_READ_NOTHING },
  };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      HmHappening happening = { .id = "" };

      assert_true (hm_events_translate (rows[i].event, rows[i].detail, &happening));
      assert_int_equal (happening.read, rows[i].read);
    }
}

static void
events_know_every_detail_of_today (void **state)
{
  (void)state;
  expect (E (CRASHED), E (CRASHED_CRASHLOADED), NULL, HM_STATE_UNKNOWN, TRUE, FALSE);
  assert_true (hm_events_is_known (E (CRASHED), E (CRASHED_CRASHLOADED)));
  assert_true (hm_events_is_known (E (RESUMED), E (RESUMED_POSTCOPY_FAILED)));
  assert_false (hm_events_is_known (E (CRASHED), E (CRASHED_CRASHLOADED) + 1));
  assert_false (hm_events_is_known (E (CRASHED) + 1, 0));
  assert_false (hm_events_is_known (-1, 0));
}

static void
events_translate_nothing_when_they_are_unknown (void **state)
{
  HmHappening happening = { .id = "" };

  (void)state;
  assert_false (hm_events_translate (4711, 0, &happening));
}

/* -- queue */

static HmNews *
new_news (HmNewsKind kind)
{
  HmNews *news = g_new0 (HmNews, 1);

  news->kind = kind;
  return news;
}

static void
queue_gives_news_in_order (void **state)
{
  HmNewsQueue *queue = hm_news_queue_new (hm_clock_system ());

  (void)state;
  assert_int_equal (hm_news_queue_push (queue, new_news (HM_NEWS_LOOK)), 1);
  assert_int_equal (hm_news_queue_push (queue, new_news (HM_NEWS_CLOSED)), 2);
  for (guint64 ticket = 1; ticket <= 2; ticket++)
    {
      HmNews *news = hm_news_queue_pop (queue, g_get_monotonic_time ());

      assert_int_equal (news->ticket, ticket);
      assert_int_equal (news->kind, ticket == 1 ? HM_NEWS_LOOK : HM_NEWS_CLOSED);
      hm_news_free (news);
    }
  assert_null (hm_news_queue_pop (queue, g_get_monotonic_time ()));
  hm_news_queue_unref (queue);
}

static void
queue_says_so_when_it_had_to_drop (void **state)
{
  HmNewsQueue *queue = hm_news_queue_new (hm_clock_system ());

  (void)state;
  for (guint i = 0; i < 65536; i++)
    hm_news_queue_push (queue, new_news (HM_NEWS_LOOK));
  assert_false (hm_news_queue_overflowed (queue));
  hm_news_queue_push (queue, new_news (HM_NEWS_LOOK));
  assert_true (hm_news_queue_overflowed (queue));
  assert_false (hm_news_queue_overflowed (queue));
  hm_news_queue_unref (queue);
}

static void
queue_counts_what_is_told_unknown_and_dropped (void **state)
{
  HmNewsQueue *queue = hm_news_queue_new (hm_clock_system ());
  HmNewsCounts counts;

  (void)state;
  hm_news_queue_note_told (queue, TRUE);
  hm_news_queue_note_told (queue, FALSE);
  hm_news_queue_close (queue);
  hm_news_queue_push (queue, new_news (HM_NEWS_LOOK));
  hm_news_queue_counts (queue, &counts);
  assert_int_equal (counts.told, 2);
  assert_int_equal (counts.unknown, 1);
  assert_int_equal (counts.dropped, 1);
  hm_news_queue_unref (queue);
}

static void
queue_tells_when_a_run_ends_in_it (void **state)
{
  HmNewsQueue *queue = hm_news_queue_new (hm_clock_system ());
  HmNews *resumed = new_news (HM_NEWS_HAPPENED), *stopped = new_news (HM_NEWS_HAPPENED);
  HmNews *undefined = new_news (HM_NEWS_HAPPENED);

  (void)state;
  g_strlcpy (resumed->happening.id, "a", sizeof (resumed->happening.id));
  resumed->happening.state = HM_STATE_RUNNING;
  g_strlcpy (stopped->happening.id, "b", sizeof (stopped->happening.id));
  stopped->happening.state = HM_STATE_SHUTOFF;
  g_strlcpy (undefined->happening.id, "d", sizeof (undefined->happening.id));
  assert_true (hm_events_translate (VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_REMOVED,
                                    &undefined->happening));
  resumed->happening.time = stopped->happening.time = undefined->happening.time = 7;
  hm_news_queue_push (queue, resumed);
  hm_news_queue_push (queue, undefined);
  hm_news_queue_push (queue, stopped);
  assert_false (hm_news_queue_ends_run (queue, "a", 8));
  assert_true (hm_news_queue_ends_run (queue, "b", 7));
  assert_false (hm_news_queue_ends_run (queue, "b", 6));
  assert_false (hm_news_queue_ends_run (queue, "c", 8));
  assert_false (hm_news_queue_ends_run (queue, "d", 8)); /* it may run on */
  hm_news_queue_unref (queue);
}

static gpointer
close_queue (gpointer queue)
{
  hm_news_queue_close (queue);
  return NULL;
}

static void
queue_lets_its_reader_go_when_it_is_closed (void **state)
{
  HmNewsQueue *queue = hm_news_queue_new (hm_clock_system ());
  GThread *other = g_thread_new ("close", close_queue, queue);

  (void)state;
  assert_null (hm_news_queue_pop (queue, G_MAXINT64));
  g_thread_join (other);
  hm_news_queue_push (queue, new_news (HM_NEWS_LOOK));
  assert_null (hm_news_queue_pop (queue, g_get_monotonic_time ()));
  hm_news_queue_unref (queue);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (events_translate_starts_and_definitions),
    cmocka_unit_test (events_translate_pauses_and_ends),
    cmocka_unit_test (events_say_when_a_domain_is_to_be_read),
    cmocka_unit_test (events_know_every_detail_of_today),
    cmocka_unit_test (events_translate_nothing_when_they_are_unknown),
    cmocka_unit_test (queue_counts_what_is_told_unknown_and_dropped),
    cmocka_unit_test (queue_tells_when_a_run_ends_in_it),
    cmocka_unit_test (queue_gives_news_in_order),
    cmocka_unit_test (queue_says_so_when_it_had_to_drop),
    cmocka_unit_test (queue_lets_its_reader_go_when_it_is_closed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
