/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_connection.c and inspector_job.c on libvirt's test driver: nobody waits for a call
 * that hangs, and what hangs is let go of when it returns. */
#include "tests/kit.h"

#include "agent/inspector/inspector_connection.h"

#define URI  "test:///default"
#define LONG (60 * G_USEC_PER_SEC)

static gint64
soon (void)
{
  return g_get_monotonic_time () + LONG;
}

/* -- a job that hangs until it is told not to */

typedef struct
{
  HmJob job;
  GMutex *lock;
  GCond *changed;
  gboolean *is_running, *may_end;
  gint *disposed;
} Hanging;

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean is_running, may_end;
  gint disposed; /* atomic */
} Gate;

static void
hang (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  Hanging *self = (Hanging *)job;

  (void)lane;
  assert_non_null (connection);
  g_mutex_lock (self->lock);
  *self->is_running = TRUE;
  g_cond_broadcast (self->changed);
  while (!*self->may_end)
    g_cond_wait (self->changed, self->lock);
  g_mutex_unlock (self->lock);
}

static void
dispose_hanging (HmJob *job)
{
  g_atomic_int_inc (((Hanging *)job)->disposed);
  g_free (job);
}

static HmJob *
new_hanging (Gate *gate)
{
  Hanging *self = g_new0 (Hanging, 1);

  hm_job_init (&self->job, hang, dispose_hanging);
  self->lock = &gate->lock;
  self->changed = &gate->changed;
  self->is_running = &gate->is_running;
  self->may_end = &gate->may_end;
  self->disposed = &gate->disposed;
  return &self->job;
}

static void
wait_until_running (Gate *gate)
{
  gint64 deadline = soon ();

  g_mutex_lock (&gate->lock);
  while (!gate->is_running)
    assert_true (g_cond_wait_until (&gate->changed, &gate->lock, deadline));
  gate->is_running = FALSE;
  g_mutex_unlock (&gate->lock);
}

static void
open_gate (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->may_end = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static void
wait_for_no_hangs (HmHangs *hangs)
{
  gint64 deadline = soon ();

  while (hm_hangs_now (hangs) > 0)
    {
      assert_true (g_get_monotonic_time () < deadline);
      g_usleep (1000);
    }
}

static void
wait_for_disposed (Gate *gate, gint n)
{
  gint64 deadline = soon ();

  while (g_atomic_int_get (&gate->disposed) < n)
    {
      assert_true (g_get_monotonic_time () < deadline);
      g_usleep (1000);
    }
}

/* -- a job that asks for the driver's name */

typedef struct
{
  HmJob job;
  char *type;
  HmTraits traits;
} Asking;

static void
ask (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  Asking *self = (Asking *)job;

  self->type = g_strdup (virConnectGetType (connection));
  self->traits = *hm_lane_traits (lane, job, connection);
}

static void
dispose_asking (HmJob *job)
{
  g_free (((Asking *)job)->type);
  g_free (job);
}

static Asking *
new_asking (void)
{
  Asking *self = g_new0 (Asking, 1);

  hm_job_init (&self->job, ask, dispose_asking);
  return self;
}

static HmLane *
new_lane (const char *uri, HmHangs *hangs)
{
  GError *error = NULL;
  HmLane *lane = hm_lane_new (uri, hangs, NULL, &error);

  assert_null (error);
  return lane;
}

static HmInspectorHealth
health_of (HmHangs *hangs)
{
  HmInspectorHealth health = { 0 };

  hm_hangs_health (hangs, &health);
  return health;
}

/* -- tests */

static void
lane_runs_a_job_on_its_connection (void **state)
{
  g_autoptr (HmHangs) hangs = hm_hangs_new (3);
  HmLane *lane = new_lane (URI, hangs);
  Asking *asking = new_asking ();

  (void)state;
  assert_int_equal (hm_lane_openings (lane), 0);
  assert_true (hm_lane_run (lane, &asking->job, soon ()));
  assert_null (asking->job.error);
  assert_string_equal (asking->type, "TEST");
  assert_int_equal (asking->traits.bulk, HM_READ_BIT (HM_READ_BULK_STATE));
  assert_int_equal (asking->job.rpcs, 9);
  assert_int_equal (hm_lane_openings (lane), 1);
  assert_true (hm_lane_opened_at (lane) > 0);
  assert_int_equal (health_of (hangs).connects_total, 1);
  assert_int_equal (health_of (hangs).refused_total, 0);
  hm_job_unref (&asking->job);
  assert_true (hm_lane_close (lane, soon ()));
}

static void
lane_tells_why_when_nothing_is_there (void **state)
{
  g_autoptr (HmHangs) hangs = hm_hangs_new (3);
  HmLane *lane = new_lane ("qemu:///system?socket=/nonexistent/socket", hangs);

  (void)state;
  for (guint i = 0; i < 2; i++)
    {
      Asking *asking = new_asking ();

      assert_true (hm_lane_run (lane, &asking->job, soon ()));
      kit_assert_error (&asking->job.error, HM_ERROR_UNAVAILABLE, "/nonexistent/socket");
      hm_job_unref (&asking->job);
    }
  assert_int_equal (hm_lane_openings (lane), 0);
  assert_true (health_of (hangs).refused_total >= 1);
  assert_true (hm_lane_close (lane, soon ()));
}

static void
lane_is_left_behind_when_a_call_hangs (void **state)
{
  g_autoptr (HmHangs) hangs = hm_hangs_new (3);
  Gate gate = { .may_end = FALSE };
  HmLane *lane = new_lane (URI, hangs);
  HmJob *job = new_hanging (&gate);

  (void)state;
  hm_lane_start (lane, job);
  wait_until_running (&gate);
  assert_false (hm_lane_wait (lane, job, g_get_monotonic_time ()));
  assert_int_equal (hm_hangs_now (hangs), 1);
  assert_int_equal (health_of (hangs).retired, 1);
  hm_job_unref (job);
  assert_false (hm_lane_close (lane, g_get_monotonic_time ()));
  assert_int_equal (g_atomic_int_get (&gate.disposed), 0);
  open_gate (&gate);
  wait_for_disposed (&gate, 1);
  wait_for_no_hangs (hangs);
  assert_int_equal (health_of (hangs).retired, 0);
  assert_int_equal (health_of (hangs).retired_total, 1);
  assert_int_equal (hm_hangs_returned (hangs), 1);
}

static void
lane_is_refused_when_one_call_more_hangs_than_the_limit (void **state)
{
  g_autoptr (HmHangs) hangs = hm_hangs_new (2);
  Gate gate = { .may_end = FALSE };
  GError *error = NULL;

  (void)state;
  for (guint i = 0; i < 3; i++)
    {
      HmLane *lane;

      assert_int_equal (hm_hangs_left (hangs), i < 2 ? 2 - i : 0);
      lane = new_lane (URI, hangs);
      HmJob *job = new_hanging (&gate);

      hm_lane_start (lane, job);
      wait_until_running (&gate);
      assert_false (hm_lane_wait (lane, job, g_get_monotonic_time ()));
      hm_job_unref (job);
      hm_lane_close (lane, 0);
    }
  assert_null (hm_lane_new (URI, hangs, NULL, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "calls that hang: 3");
  open_gate (&gate);
  wait_for_no_hangs (hangs);
  wait_for_disposed (&gate, 3);
  assert_int_equal (hm_hangs_left (hangs), 2);
  assert_true (hm_lane_close (new_lane (URI, hangs), soon ()));
}

static gpointer
retire (gpointer lane)
{
  hm_lane_retire (lane);
  return NULL;
}

static void
lane_lets_its_caller_go_when_it_is_retired (void **state)
{
  g_autoptr (HmHangs) hangs = hm_hangs_new (3);
  Gate gate = { .may_end = FALSE };
  HmLane *lane = new_lane (URI, hangs);
  HmJob *job = new_hanging (&gate);
  GThread *other;

  (void)state;
  hm_lane_start (lane, job);
  wait_until_running (&gate);
  other = g_thread_new ("stop", retire, lane);
  assert_false (hm_lane_wait (lane, job, soon ()));
  g_thread_join (other);
  hm_job_unref (job);
  open_gate (&gate);
  assert_true (hm_lane_close (lane, soon ()));
  assert_int_equal (hm_hangs_now (hangs), 0);
  assert_int_equal (g_atomic_int_get (&gate.disposed), 1);
}

/* -- hooks */

static void
count (virConnectPtr connection, gpointer user)
{
  assert_non_null (connection);
  *(guint *)user += 1;
}

static void
count_ten (virConnectPtr connection, gpointer user)
{
  (void)connection;
  *(guint *)user += 10;
}

static void
count_hundred (gpointer user)
{
  *(guint *)user += 100;
}

static void
lane_calls_its_hooks_around_each_connection (void **state)
{
  g_autoptr (HmHangs) hangs = hm_hangs_new (3);
  guint counted = 0;
  HmLaneHooks hooks = { .opened = count, .closing = count_ten, .release = count_hundred, .user = &counted };
  HmLane *lane = hm_lane_new (URI, hangs, &hooks, NULL);
  Asking *asking = new_asking ();

  (void)state;
  assert_true (hm_lane_run (lane, &asking->job, soon ()));
  assert_int_equal (counted, 1);
  hm_job_unref (&asking->job);
  assert_true (hm_lane_close (lane, soon ()));
  assert_int_equal (counted, 111);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (lane_runs_a_job_on_its_connection),
    cmocka_unit_test (lane_tells_why_when_nothing_is_there),
    cmocka_unit_test (lane_is_left_behind_when_a_call_hangs),
    cmocka_unit_test (lane_is_refused_when_one_call_more_hangs_than_the_limit),
    cmocka_unit_test (lane_lets_its_caller_go_when_it_is_retired),
    cmocka_unit_test (lane_calls_its_hooks_around_each_connection),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
