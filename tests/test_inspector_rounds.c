/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_rounds.c and inspector_probe.c with all that is around them, on libvirt's test driver. Two of
 * libvirt's functions are this file's: one hangs at one domain until it is told not to, the other tells that somebody
 * waits for it, as libvirtd does of a QEMU that does not answer. */
#include "tests/kit.h"

#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <string.h>

#include "agent/inspector/inspector.h"
#include "metering/log.h"

#define URI  "test:///default"
#define LONG (60 * HM_NSEC_PER_SEC)
#define SHORT                                                                                                \
  (8 * HM_NSEC_PER_SEC) /* a read that meets what hangs waits half of that; the rest is for all others */
#define FIELDS (HM_FIELD_STATE | HM_FIELD_CPU_TIME | HM_FIELD_BALLOON)
#define WEB    "4f0c6a52-0001-4000-8000-000000000001"
#define WEB_2  "4f0c6a52-0001-4000-8000-000000000002"
#define DOMAIN_XML(name, id)                                                                                 \
  "<domain type='test'><name>" name "</name><uuid>" id "</uuid><memory unit='KiB'>65536</memory>"            \
  "<vcpu>2</vcpu><os><type>hvm</type></os><devices><memballoon model='virtio'/></devices></domain>"

/* -- libvirt's side */

static struct
{
  GMutex lock;
  GCond changed;
  gboolean hangs, in_job; /* libvirtd tells of a job of the domain instead of the call */
  guint hanging, asked;   /* calls that hang now; that were made at the domain while it hung */
  guint at_second;        /* of the former, those at web-2 */
} gate;

static gboolean
is_web (virDomainPtr domain)
{
  return g_str_has_prefix (virDomainGetName (domain), "web");
}

static gboolean
is_second (virDomainPtr domain)
{
  return strcmp (virDomainGetName (domain), "web-2") == 0;
}

/* Whether somebody waits for @domain; with the lock held. */
static gboolean
waits_for (virDomainPtr domain)
{
  return is_second (domain) ? gate.at_second > 0 : gate.hanging > gate.at_second;
}

static void
pass_gate (gboolean second)
{
  g_mutex_lock (&gate.lock);
  gate.asked += gate.hangs ? 1 : 0;
  gate.hanging++;
  gate.at_second += second ? 1 : 0;
  g_cond_broadcast (&gate.changed);
  while (gate.hangs)
    g_cond_wait (&gate.changed, &gate.lock);
  gate.hanging--;
  gate.at_second -= second ? 1 : 0;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

int
virDomainMemoryStats (virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned int n, unsigned int flags)
{
  int (*real) (virDomainPtr, virDomainMemoryStatPtr, unsigned int, unsigned int);

  *(void **)&real = dlsym (RTLD_NEXT, "virDomainMemoryStats");
  if (is_web (domain))
    pass_gate (is_second (domain));
  return real (domain, stats, n, flags);
}

int
virDomainGetControlInfo (virDomainPtr domain, virDomainControlInfoPtr info, unsigned int flags)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  (void)flags;
  *info = (virDomainControlInfo){ .state = VIR_DOMAIN_CONTROL_OK };
  if (is_web (domain) && waits_for (domain))
    *info
        = (virDomainControlInfo){ .state = gate.in_job ? VIR_DOMAIN_CONTROL_JOB : VIR_DOMAIN_CONTROL_OCCUPIED,
                                  .stateTime = 60000 };
  return 0;
}

static void
set_hangs (gboolean hangs)
{
  g_mutex_lock (&gate.lock);
  gate.hangs = hangs;
  gate.in_job = FALSE;
  gate.asked = 0;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

/* -- fixture */

typedef struct
{
  virConnectPtr connection;
  virDomainPtr web;
  HmInspector *inspector;
} Fixture;

static void
ignore_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

static int
set_up (void **state)
{
  HmLibvirtOptions options = { .uri = URI, .connections = 1, .root = "", .clock = hm_clock_system () };
  Fixture *f = g_new0 (Fixture, 1);

  hm_log_capture (ignore_line, NULL);
  f->connection = virConnectOpen (URI);
  f->web = virDomainCreateXML (f->connection, DOMAIN_XML ("web", WEB), 0);
  assert_non_null (f->web);
  f->inspector = hm_libvirt_inspector_new (&options, NULL, NULL, NULL);
  assert_non_null (f->inspector);
  *state = f;
  return 0;
}

static HmInspectorHealth
health_of (Fixture *f)
{
  HmInspectorHealth health;

  f->inspector->health (f->inspector, &health);
  return health;
}

static void
wait_until_nothing_hangs (void)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  g_mutex_lock (&gate.lock);
  while (gate.hanging > 0)
    assert_true (g_cond_wait_until (&gate.changed, &gate.lock, deadline));
  g_mutex_unlock (&gate.lock);
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  set_hangs (FALSE);
  wait_until_nothing_hangs ();
  if (f->inspector != NULL)
    f->inspector->close (f->inspector, LONG);
  virDomainDestroy (f->web);
  virDomainFree (f->web);
  virConnectClose (f->connection);
  hm_log_capture (NULL, NULL);
  g_free (f);
  return 0;
}

static HmSnapshot *
read_now (Fixture *f, gint64 timeout_ns)
{
  GError *error = NULL;
  HmSnapshot *snapshot = f->inspector->read (f->inspector, FIELDS, timeout_ns, &error);

  if (snapshot == NULL)
    fail_msg ("no snapshot: %s", error->message);
  return snapshot;
}

/* What was got of web, and in *@ret_others of the driver's own domain. */
static HmFields
got_in (HmSnapshot *snapshot, HmFields *ret_others)
{
  HmFields web = 0;

  assert_int_equal (hm_snapshot_size (snapshot), 2);
  assert_int_equal (hm_snapshot_cost (snapshot)->unanswered, 0);
  for (guint i = 0; i < 2; i++)
    {
      const HmDomain *domain = hm_snapshot_get (snapshot, i);

      *(strcmp (domain->resource->id, WEB) == 0 ? &web : ret_others) = domain->got;
    }
  return web;
}

/* Reads until web is read as a whole, or a deadline that is far away. */
static gboolean
is_whole_again (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  while (g_get_monotonic_time () < deadline)
    {
      g_autoptr (HmSnapshot) snapshot = read_now (f, LONG);
      HmFields others;

      if (got_in (snapshot, &others) & HM_FIELD_BALLOON)
        return TRUE;
      g_usleep (1000);
    }
  return FALSE;
}

/* -- tests */

static void
read_names_the_domain_that_hangs_and_reads_the_others (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmSnapshot) before = read_now (f, LONG), during = NULL;
  HmFields others = 0;
  HmInspectorHealth health;

  assert_true (got_in (before, &others) & HM_FIELD_BALLOON);
  set_hangs (TRUE);
  during = read_now (f, SHORT);
  assert_int_equal (got_in (during, &others) & FIELDS, HM_FIELD_STATE | HM_FIELD_CPU_TIME);
  assert_int_equal (others & FIELDS, FIELDS);
  health = health_of (f);
  assert_int_equal (health.hung, 1);
  assert_string_equal (health.domains[0].id, WEB);
  assert_string_equal (health.domains[0].name, "web");
  assert_int_equal (health.hanging_calls, 1);
  assert_int_equal (health.retired, 1);
  assert_false (health.is_sparing);
}

static void
read_asks_a_domain_that_hangs_nothing_more (void **state)
{
  Fixture *f = *state;

  hm_snapshot_free (read_now (f, LONG));
  set_hangs (TRUE);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (HmSnapshot) snapshot = read_now (f, SHORT);
      HmFields others = 0;

      assert_int_equal (got_in (snapshot, &others) & FIELDS, HM_FIELD_STATE | HM_FIELD_CPU_TIME);
      assert_int_equal (others & FIELDS, FIELDS);
    }
  assert_int_equal (gate.asked, 1);
  assert_int_equal (health_of (f).hanging_calls, 1);
  assert_int_equal (health_of (f).retired_total, 1);
}

static void
read_takes_a_domain_back_when_it_answers (void **state)
{
  Fixture *f = *state;

  hm_snapshot_free (read_now (f, LONG));
  set_hangs (TRUE);
  hm_snapshot_free (read_now (f, SHORT));
  set_hangs (FALSE);
  assert_true (is_whole_again (f));
  assert_int_equal (health_of (f).hung, 0);
  assert_int_equal (health_of (f).hung_total, 1);
  assert_true (health_of (f).probes_total > 0);
}

/* Reads until nobody is held to hang, or a deadline that is far away: the event of the end comes when it comes. */
static gboolean
is_let_go (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  while (health_of (f).hung > 0 && g_get_monotonic_time () < deadline)
    {
      hm_snapshot_free (read_now (f, SHORT));
      g_usleep (1000);
    }
  return health_of (f).hung == 0;
}

static void
read_lets_go_of_a_domain_that_ended_while_it_hung (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmSnapshot) after = NULL;

  hm_snapshot_free (read_now (f, LONG));
  set_hangs (TRUE);
  hm_snapshot_free (read_now (f, SHORT));
  assert_int_equal (virDomainDestroy (f->web), 0);
  after = read_now (f, SHORT);
  assert_int_equal (hm_snapshot_size (after), 1);
  assert_true (is_let_go (f));
}

/* The first round names one of them: nobody has come to the other yet. */
static void
read_names_domains_that_hang_behind_one_another (void **state)
{
  Fixture *f = *state;
  virDomainPtr second = virDomainCreateXML (f->connection, DOMAIN_XML ("web-2", WEB_2), 0);
  g_autoptr (HmSnapshot) during = NULL;

  assert_non_null (second);
  hm_snapshot_free (read_now (f, LONG));
  set_hangs (TRUE);
  during = read_now (f, 2 * SHORT);
  assert_int_equal (hm_snapshot_size (during), 3);
  assert_int_equal (hm_snapshot_cost (during)->unanswered, 0);
  assert_int_equal (health_of (f).hung, 2);
  assert_int_equal (health_of (f).hanging_calls, 2);
  assert_int_equal (gate.asked, 2);
  virDomainDestroy (second);
  virDomainFree (second);
}

static void
read_names_a_domain_in_a_job_when_no_other_hangs (void **state)
{
  Fixture *f = *state;

  hm_snapshot_free (read_now (f, LONG));
  set_hangs (TRUE);
  gate.in_job = TRUE;
  hm_snapshot_free (read_now (f, SHORT));
  assert_int_equal (health_of (f).hung, 1);
  assert_string_equal (health_of (f).domains[0].name, "web");
}

/* -- interrupted */

typedef struct
{
  Fixture *f;
  HmSnapshot *snapshot;
} Reading;

static gpointer
read_long (gpointer data)
{
  Reading *reading = data;

  reading->snapshot = reading->f->inspector->read (reading->f->inspector, FIELDS, G_MAXINT64 / 2, NULL);
  return NULL;
}

static void
wait_until_a_call_hangs (void)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  g_mutex_lock (&gate.lock);
  while (gate.hanging == 0)
    assert_true (g_cond_wait_until (&gate.changed, &gate.lock, deadline));
  g_mutex_unlock (&gate.lock);
}

static void
read_comes_back_when_it_is_interrupted (void **state)
{
  Fixture *f = *state;
  Reading reading = { .f = f };
  GError *error = NULL;
  GThread *thread;

  hm_snapshot_free (read_now (f, LONG));
  set_hangs (TRUE);
  thread = g_thread_new ("reading", read_long, &reading);
  wait_until_a_call_hangs ();
  f->inspector->interrupt (f->inspector);
  g_thread_join (thread);
  assert_null (reading.snapshot);
  assert_null (f->inspector->read (f->inspector, FIELDS, LONG, &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, "interrupted");
  assert_true (f->inspector->close (g_steal_pointer (&f->inspector), LONG));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (read_names_the_domain_that_hangs_and_reads_the_others),
    TEST (read_asks_a_domain_that_hangs_nothing_more),
    TEST (read_takes_a_domain_back_when_it_answers),
    TEST (read_lets_go_of_a_domain_that_ended_while_it_hung),
    TEST (read_names_domains_that_hang_behind_one_another),
    TEST (read_names_a_domain_in_a_job_when_no_other_hangs),
    TEST (read_comes_back_when_it_is_interrupted),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
