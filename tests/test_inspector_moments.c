/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_watch_moments.c with all that is around it, on libvirt's test driver: what becomes of the first
 * reading of a domain that was not answered in time, or not made. */
#include "tests/kit.h"

#include <string.h>

#include "agent/inspector/inspector.h"
#include "agent/inspector/inspector_loop.h"
#include "metering/log.h"
#include "tests/fakes/hanging_domains.h"

#define URI     "test:///default"
#define LONG_NS (60 * HM_NSEC_PER_SEC)
#define START   (G_GINT64_CONSTANT (1795224420) * HM_NSEC_PER_SEC)
#define FIELDS  HM_FIELD_BALLOON /* comes with the one call that can hang */

/* Calls that were given up may ask it after their case. */
static HmFakeClock *fake_clock;

static void
ignore_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

typedef struct
{
  GMutex lock;
  GCond changed;
  GPtrArray *told; /* "event id", or "read id" */
  gboolean holds;  /* the watch stays where it tells something */
  virConnectPtr connection;
  HmInspector *inspector;
} Fixture;

static void
add_line (Fixture *f, const char *word, const char *id)
{
  g_mutex_lock (&f->lock);
  g_ptr_array_add (f->told, g_strdup_printf ("%s %s", word, id));
  g_cond_broadcast (&f->changed);
  while (f->holds)
    g_cond_wait (&f->changed, &f->lock);
  g_mutex_unlock (&f->lock);
}

static void
set_holds (Fixture *f, gboolean holds)
{
  g_mutex_lock (&f->lock);
  f->holds = holds;
  g_cond_broadcast (&f->changed);
  g_mutex_unlock (&f->lock);
}

static void
on_event (const HmDomainEvent *event, gpointer user)
{
  add_line (user, event->event, event->resource->id);
}

static void
on_read (const HmDomain *domain, gpointer user)
{
  assert_true (domain->got & FIELDS);
  add_line (user, "read", domain->resource->id);
}

static HmFields
moments (gpointer user)
{
  (void)user;
  return FIELDS;
}

static guint
count_told (const Fixture *f, const char *line)
{
  guint n = 0;

  for (guint i = 0; i < f->told->len; i++)
    n += strcmp (g_ptr_array_index (f->told, i), line) == 0 ? 1 : 0;
  return n;
}

static gboolean
was_told (Fixture *f, const char *word, guint i)
{
  g_autofree char *line = g_strdup_printf ("%s %s", word, hanging_ids[i]);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&f->lock);

  return count_told (f, line) > 0;
}

static void
wait_told (Fixture *f, const char *word, guint i)
{
  g_autofree char *line = g_strdup_printf ("%s %s", word, hanging_ids[i]);
  gint64 deadline = hanging_deadline ();
  gboolean is_told = FALSE, is_late = FALSE;

  g_mutex_lock (&f->lock);
  while (!is_told && !is_late)
    {
      is_told = count_told (f, line) > 0;
      is_late = !is_told && !g_cond_wait_until (&f->changed, &f->lock, deadline);
    }
  g_mutex_unlock (&f->lock);
  if (!is_told)
    fail_msg ("never told: %s", line);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);
  HmLibvirtOptions options = { .uri = URI,
                               .connections = 1,
                               .root = "",
                               .clock = &fake_clock->clock,
                               .moments = moments,
                               .on_read = on_read };

  hm_log_capture (ignore_line, NULL);
  g_mutex_init (&f->lock);
  g_cond_init (&f->changed);
  f->told = g_ptr_array_new_with_free_func (g_free);
  f->connection = virConnectOpen (URI);
  f->inspector = hm_libvirt_inspector_new (&options, on_event, f, NULL);
  assert_non_null (f->inspector);
  /* What is there when it comes is found, not started. */
  hm_snapshot_free (f->inspector->read (f->inspector, 0, LONG_NS, NULL));
  *state = f;
  return 0;
}

static void
end_domain (virDomainPtr domain)
{
  virDomainDestroy (domain);
  virDomainFree (domain);
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  set_holds (f, FALSE);
  hanging_let_go ();
  assert_true (f->inspector->close (f->inspector, LONG_NS));
  hanging_reset ();
  for (guint i = 0; i < N_DOMAINS; i++)
    {
      virDomainPtr domain = virDomainLookupByUUIDString (f->connection, hanging_ids[i]);

      if (domain != NULL)
        end_domain (domain);
    }
  virConnectClose (f->connection);
  g_ptr_array_unref (f->told);
  g_mutex_clear (&f->lock);
  g_cond_clear (&f->changed);
  hm_log_capture (NULL, NULL);
  g_free (f);
  return 0;
}

/* Starts the domain, whose first reading is given up. */
static virDomainPtr
start_hanging (Fixture *f, guint i)
{
  virDomainPtr domain;
  guint before = hanging_now ();

  hanging_set (i, TRUE);
  domain = hanging_start (f->connection, i);
  hanging_wait (before + 1);
  return domain;
}

/* Waits until the watch is done with all that was asked before. */
static void
settle (Fixture *f)
{
  HmSnapshot *snapshot = f->inspector->read (f->inspector, 0, LONG_NS, NULL);

  assert_non_null (snapshot);
  hm_snapshot_free (snapshot);
}

/* Whether the calls that were given up are back. */
static gboolean
are_late_back (gpointer data)
{
  HmInspector *inspector = data;
  HmInspectorHealth health;

  inspector->health (inspector, &health);
  return health.retired == 0;
}

/* Waits for them, and until what they brought was seen. */
static void
settle_late (Fixture *f)
{
  hanging_await (are_late_back, f->inspector);
  settle (f);
}

static int
count_lifecycle (virConnectPtr connection, virDomainPtr domain, int event, int detail, void *n)
{
  (void)connection, (void)domain, (void)event, (void)detail;
  g_atomic_int_inc ((gint *)n);
  return 0;
}

static gboolean
was_counted (gpointer n)
{
  return g_atomic_int_get ((gint *)n) > 0;
}

/* Defines the running domain, and waits until libvirt has told that. The watch is told before, as it has listened for longer. */
static void
define (Fixture *f, guint i)
{
  g_autofree char *xml = hanging_xml (i);
  gint told = 0;
  int id = virConnectDomainEventRegisterAny (f->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                             VIR_DOMAIN_EVENT_CALLBACK (count_lifecycle), &told, NULL);

  assert_true (id >= 0);
  virDomainFree (virDomainDefineXML (f->connection, xml));
  hanging_await (was_counted, &told);
  virConnectDomainEventDeregisterAny (f->connection, id);
}

static gboolean
was_prepared (gpointer user)
{
  (void)user;
  return hanging_prepared () > 0;
}

static gboolean
was_refused (gpointer user)
{
  (void)user;
  return hanging_refused () > 0;
}

/* Beside the watch's and the read's. */
static void
watch_opens_a_connection_for_moments_when_it_connects (void **state)
{
  Fixture *f = *state;
  HmInspectorHealth health;

  hanging_await (was_prepared, NULL);
  f->inspector->health (f->inspector, &health);
  assert_int_equal (health.connects_total, 3);
}

static void
watch_tells_a_first_reading_that_comes_late (void **state)
{
  Fixture *f = *state;
  virDomainPtr web = start_hanging (f, WEB), db = hanging_start (f->connection, DB);

  wait_told (f, "read", DB);
  assert_false (was_told (f, "read", WEB));
  hanging_set (WEB, FALSE);
  wait_told (f, "read", WEB);
  assert_int_equal (hanging_asked (WEB), 1);
  virDomainFree (web);
  virDomainFree (db);
}

static void
watch_tells_no_first_reading_after_the_end (void **state)
{
  Fixture *f = *state;
  virDomainPtr web = start_hanging (f, WEB);

  end_domain (web);
  wait_told (f, "stopped", WEB);
  hanging_set (WEB, FALSE);
  settle_late (f);
  assert_false (was_told (f, "read", WEB));
}

/* The answer is of after the event, but the event is seen first. */
static void
watch_tells_a_late_first_reading_after_an_event_that_is_no_end (void **state)
{
  Fixture *f = *state;
  virDomainPtr web = start_hanging (f, WEB), db;

  set_holds (f, TRUE);
  db = hanging_start (f->connection, DB);
  wait_told (f, "described", DB); /* by then the other's reading was given up */
  define (f, WEB);
  hm_fake_clock_advance (fake_clock, HM_NSEC_PER_SEC);
  hanging_set (WEB, FALSE);
  hanging_await (are_late_back, f->inspector);
  set_holds (f, FALSE);
  wait_told (f, "read", WEB);
  assert_int_equal (hanging_asked (WEB), 1);
  virDomainUndefine (web);
  virDomainFree (web);
  virDomainFree (db);
}

/* A later one than the poll's would seem to step back. */
static void
watch_tells_no_first_reading_after_a_poll (void **state)
{
  Fixture *f = *state;
  virDomainPtr web = start_hanging (f, WEB), db = hanging_start (f->connection, DB);

  wait_told (f, "read", DB);
  hm_snapshot_free (f->inspector->read (f->inspector, HM_FIELD_CPU_TIME, LONG_NS, NULL));
  hanging_set (WEB, FALSE);
  settle_late (f);
  assert_false (was_told (f, "read", WEB));
  virDomainFree (web);
  virDomainFree (db);
}

static void
watch_tries_a_first_reading_again_that_could_not_be_risked (void **state)
{
  Fixture *f = *state;
  virDomainPtr web = start_hanging (f, WEB), second = start_hanging (f, WEB_2),
               db = hanging_start (f->connection, DB);

  wait_told (f, "started", DB);
  f->inspector->audit (f->inspector);
  wait_told (f, "exists", DB); /* by then its first reading was not made */
  assert_int_equal (hanging_asked (DB), 0);
  hanging_set (WEB, FALSE);
  hanging_set (WEB_2, FALSE);
  wait_told (f, "read", DB);
  virDomainFree (web);
  virDomainFree (second);
  virDomainFree (db);
}

/* It would fail again at once, without end. Each time that the watch is settled it may have tried once more; a loaded machine
 * may bring a few turns nearer. */
static void
watch_tries_a_first_reading_that_failed_at_once_only_in_its_turn (void **state)
{
  Fixture *f = *state;
  virDomainPtr web;

  hanging_await (was_prepared, NULL);
  hanging_refuse (WEB);
  web = hanging_start (f->connection, WEB);
  wait_told (f, "started", WEB);
  hanging_await (was_refused, NULL);
  for (guint i = 0; i < 100; i++)
    settle (f);
  assert_in_range (hanging_refused (), 1, 10);
  virDomainFree (web);
}

/* libvirt's event loop must stand before any connection is opened, the tests' own too. */
static int
start_loop (void **state)
{
  (void)state;
  fake_clock = hm_fake_clock_new (START);
  hm_loop_ref ();
  return 0;
}

static int
stop_loop (void **state)
{
  (void)state;
  hm_loop_unref ();
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (watch_opens_a_connection_for_moments_when_it_connects),
    TEST (watch_tells_a_first_reading_that_comes_late),
    TEST (watch_tells_a_late_first_reading_after_an_event_that_is_no_end),
    TEST (watch_tells_no_first_reading_after_the_end),
    TEST (watch_tells_no_first_reading_after_a_poll),
    TEST (watch_tries_a_first_reading_again_that_could_not_be_risked),
    TEST (watch_tries_a_first_reading_that_failed_at_once_only_in_its_turn),
  };

  return cmocka_run_group_tests (tests, start_loop, stop_loop);
}
