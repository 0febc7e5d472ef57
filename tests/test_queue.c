/* SPDX-License-Identifier: Apache-2.0 */
/* test_queue: order, bounds, waking and closing. */
#include "tests/kit.h"

#include "collector/pipeline/queue.h"

#define LONG (60 * HM_NSEC_PER_SEC)

static void
free_arrival (gpointer arrival)
{
  hm_arrival_free (arrival);
}

/* @n arrivals of @bytes each, whose offsets go on from @first. */
static GPtrArray *
chunk (gint64 first, guint n, gsize bytes)
{
  GPtrArray *array = g_ptr_array_new_with_free_func (free_arrival);

  for (guint i = 0; i < n; i++)
    {
      HmArrival *arrival = hm_arrival_new ();

      arrival->offset = first + i;
      arrival->length = bytes;
      g_ptr_array_add (array, arrival);
    }
  return array;
}

static void
assert_popped (HmQueue *queue, guint max, gsize max_bytes, gint64 first, guint n)
{
  g_autoptr (GPtrArray) got = hm_queue_pop (queue, max, max_bytes, 0);

  assert_non_null (got);
  assert_int_equal (got->len, n);
  for (guint i = 0; i < n; i++)
    assert_int_equal (((const HmArrival *)g_ptr_array_index (got, i))->offset, first + i);
  hm_queue_done (queue);
}

static void
queue_keeps_the_order_and_joins_chunks (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (100, 10000);

  (void)state;
  hm_queue_push (queue, chunk (0, 10, 5));
  hm_queue_push (queue, chunk (10, 10, 5));
  hm_queue_push (queue, chunk (20, 10, 5));
  assert_popped (queue, 25, 1000, 0, 20);
  hm_queue_push (queue, chunk (30, 10, 50));
  assert_popped (queue, 25, 100, 20, 10);
  assert_popped (queue, 1, 1, 30, 10); /* one chunk at least */
  assert_null (hm_queue_pop (queue, 10, 10, 0));
}

static void
queue_says_when_it_is_full (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (10, 100);

  (void)state;
  assert_true (hm_queue_wait_room (queue, 0));
  hm_queue_push (queue, chunk (0, 2, 50));
  assert_false (hm_queue_wait_room (queue, 0)); /* by bytes */
  assert_false (hm_queue_half_empty (queue));
  hm_queue_clear (queue);
  hm_queue_push (queue, chunk (0, 10, 1));
  assert_false (hm_queue_wait_room (queue, 0)); /* by number */
  assert_popped (queue, 10, 100, 0, 10);
  assert_true (hm_queue_wait_room (queue, 0));
  assert_true (hm_queue_half_empty (queue));
}

/* Small values under large keys and headers take as much memory as large values. */
static void
queue_says_when_keys_and_headers_fill_it (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (10, 100);
  GPtrArray *small = chunk (0, 2, 1);
  HmArrival *arrival = g_ptr_array_index (small, 0);

  (void)state;
  arrival->key_length = 50;
  hm_arrival_take_header (arrival, "x", "0123456789012345678901234567890123456789012345678", 49);
  hm_queue_push (queue, small);
  assert_false (hm_queue_wait_room (queue, 0));
  assert_popped (queue, 10, 1000, 0, 2);
}

static gpointer
pop_one (gpointer queue)
{
  return hm_queue_pop (queue, 10, 10, LONG);
}

static gpointer
wait_room (gpointer queue)
{
  return GINT_TO_POINTER (hm_queue_wait_room (queue, LONG));
}

static void
queue_wakes_who_waits_for_an_arrival (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (10, 100);
  GThread *thread = g_thread_new ("pop", pop_one, queue);
  g_autoptr (GPtrArray) got = NULL;

  (void)state;
  hm_queue_push (queue, chunk (7, 1, 1));
  got = g_thread_join (thread);
  assert_non_null (got);
}

static void
queue_wakes_who_waits_for_room (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (10, 100);
  GThread *thread;

  (void)state;
  hm_queue_push (queue, chunk (0, 10, 1));
  thread = g_thread_new ("room", wait_room, queue);
  assert_popped (queue, 10, 100, 0, 10);
  assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
}

static void
queue_wake_ends_one_wait_even_before_it_begins (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (10, 100);

  (void)state;
  hm_queue_wake (queue);
  assert_null (hm_queue_pop (queue, 10, 10, -1));
  hm_queue_push (queue, chunk (0, 1, 1));
  assert_popped (queue, 10, 100, 0, 1);
}

static void
queue_lets_everybody_go_when_it_is_closed (void **state)
{
  g_autoptr (HmQueue) queue = hm_queue_new (1, 100);
  GThread *thread = g_thread_new ("pop", pop_one, queue);

  (void)state;
  hm_queue_close (queue);
  assert_null (g_thread_join (thread));
  hm_queue_push (queue, chunk (0, 1, 1));
  assert_null (hm_queue_pop (queue, 10, 10, -1));
  assert_true (hm_queue_wait_room (queue, -1));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (queue_keeps_the_order_and_joins_chunks),
    cmocka_unit_test (queue_says_when_it_is_full),
    cmocka_unit_test (queue_says_when_keys_and_headers_fill_it),
    cmocka_unit_test (queue_wakes_who_waits_for_an_arrival),
    cmocka_unit_test (queue_wakes_who_waits_for_room),
    cmocka_unit_test (queue_wake_ends_one_wait_even_before_it_begins),
    cmocka_unit_test (queue_lets_everybody_go_when_it_is_closed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
