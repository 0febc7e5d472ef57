/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_single*.c on libvirt's test driver: who is read at once while others hang, and what becomes of
 * an answer that comes late. */
#include "tests/kit.h"

#include <dlfcn.h>
#include <string.h>

#include "agent/inspector/inspector_loop.h"
#include "agent/inspector/inspector_single.h"
#include "metering/log.h"
#include "tests/fakes/hanging_domains.h"

#define URI    "test:///default"
#define LONG   (60 * G_USEC_PER_SEC)
#define START  (G_GINT64_CONSTANT (1795224420) * HM_NSEC_PER_SEC)
#define FIELDS HM_FIELD_BALLOON /* comes with the one call that can hang */
#define HANGS  3

/* This thread's waits are over when so many calls hang; 0: when their time is. */
static _Thread_local guint gives_up_at;

/* So that a read is given up as soon as its call hangs, and never before it began, however slow the machine. */
gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_us)
{
  gboolean (*real) (GCond *, GMutex *, gint64);

  *(void **)&real = dlsym (RTLD_NEXT, "g_cond_wait_until");
  if (gives_up_at == 0)
    return real (cond, mutex, end_us);
  real (cond, mutex, g_get_monotonic_time () + 1000);
  return hanging_now () < gives_up_at && g_get_monotonic_time () < end_us;
}

static void
ignore_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

typedef struct
{
  virConnectPtr connection;
  virDomainPtr domains[N_DOMAINS];
  HmInstance *instances[N_DOMAINS];
  HmFakeClock *clock;
  HmHangs *hangs;
  HmGenerations *generations;
  HmNewsQueue *queue;
  HmSingle *single;
} Fixture;

static HmInstance *
new_instance (virDomainPtr domain, guint i, const char *epoch)
{
  g_autofree char *xml = hanging_xml (i);
  HmInstance *instance = hm_instance_new (hm_metadata_read (hanging_ids[i], hanging_names[i], xml, NULL),
                                          hanging_names[i], (int)virDomainGetID (domain));

  instance->resource->state = HM_STATE_RUNNING;
  instance->resource->epoch = g_strdup (epoch);
  return instance;
}

static HmSingle *
new_single (Fixture *f, const char *uri)
{
  HmSingle *single = hm_single_new (uri, f->hangs, f->generations, "", &f->clock->clock);

  hm_single_set_queue (single, f->queue);
  hm_single_set_timeout (single, LONG);
  return single;
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  hm_log_capture (ignore_line, NULL);
  f->connection = virConnectOpen (URI);
  for (guint i = 0; i < N_DOMAINS; i++)
    {
      f->domains[i] = hanging_start (f->connection, i);
      f->instances[i] = new_instance (f->domains[i], i, "boot:1:0");
    }
  f->clock = hm_fake_clock_new (START);
  f->hangs = hm_hangs_new (HANGS);
  f->generations = hm_generations_new (NULL, NULL);
  f->queue = hm_news_queue_new (&f->clock->clock);
  f->single = new_single (f, URI);
  *state = f;
  return 0;
}

/* Lanes that were left behind ask the clock until they have ended. */
static gboolean
have_lanes_ended (gpointer hangs)
{
  HmInspectorHealth health;

  hm_hangs_health (hangs, &health);
  return health.retired == 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hanging_let_go ();
  hm_single_free (f->single);
  hanging_await (have_lanes_ended, f->hangs);
  hanging_reset ();
  for (guint i = 0; i < N_DOMAINS; i++)
    {
      virDomainDestroy (f->domains[i]);
      virDomainFree (f->domains[i]);
      hm_instance_unref (f->instances[i]);
    }
  hm_news_queue_unref (f->queue);
  hm_generations_free (f->generations);
  hm_hangs_unref (f->hangs);
  virConnectClose (f->connection);
  hm_log_capture (NULL, NULL);
  g_free (f->clock);
  g_free (f);
  return 0;
}

/* TRUE when the domain was read. */
static gboolean
reads (Fixture *f, guint i)
{
  g_autoptr (HmSnapshot) snapshot = NULL;

  if (!hm_single_read (f->single, f->instances[i], FIELDS, &snapshot))
    return FALSE;
  assert_non_null (snapshot);
  assert_int_equal (hm_snapshot_size (snapshot), 1);
  assert_string_equal (hm_snapshot_get (snapshot, 0)->resource->id, hanging_ids[i]);
  assert_true (hm_snapshot_get (snapshot, 0)->got & FIELDS);
  return TRUE;
}

static gboolean
is_prepared_again (gpointer before)
{
  return hanging_prepared () != GPOINTER_TO_UINT (before);
}

static void
prepare (Fixture *f)
{
  guint before = hanging_prepared ();

  hm_single_prepare (f->single);
  hanging_await (is_prepared_again, GUINT_TO_POINTER (before));
}

/* A read of the domain that is given up while its call hangs. */
static void
give_up (Fixture *f, guint i)
{
  guint before = hanging_now ();
  gboolean is_read;

  prepare (f);
  hanging_set (i, TRUE);
  gives_up_at = before + 1;
  is_read = reads (f, i);
  gives_up_at = 0;
  assert_false (is_read);
  assert_int_equal (hanging_now (), before + 1);
}

/* Lets the call at the domain come back, and waits until that is told. */
static void
let_go (Fixture *f, guint i)
{
  HmNews *news;

  while ((news = hm_news_queue_pop (f->queue, 0)) != NULL)
    hm_news_free (news);
  hanging_set (i, FALSE);
  for (gboolean is_told = FALSE; !is_told; hm_news_free (news))
    {
      news = hm_news_queue_pop (f->queue, hanging_deadline ());
      assert_non_null (news);
      assert_int_equal (news->kind, HM_NEWS_ANSWERED);
      is_told = strcmp (news->happening.id, hanging_ids[i]) == 0;
    }
}

static void
single_reads_others_while_a_guest_hangs (void **state)
{
  Fixture *f = *state;

  give_up (f, WEB);
  assert_int_equal (hm_hangs_now (f->hangs), 1);
  assert_true (reads (f, DB));
  assert_true (reads (f, WEB_2));
  assert_int_equal (hm_hangs_now (f->hangs), 1);
}

static void
single_asks_a_guest_nothing_while_its_call_hangs (void **state)
{
  Fixture *f = *state;

  give_up (f, WEB);
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC);
  assert_false (reads (f, WEB));
  assert_int_equal (hanging_asked (WEB), 1);
  let_go (f, WEB);
  assert_true (reads (f, WEB));
}

/* The first time, libvirtd may just have been busy with it. */
static void
single_pauses_a_guest_that_is_late_again (void **state)
{
  Fixture *f = *state;

  give_up (f, WEB);
  let_go (f, WEB);
  give_up (f, WEB);
  let_go (f, WEB);
  assert_false (reads (f, WEB));
  assert_int_equal (hanging_asked (WEB), 2);
  assert_true (reads (f, DB));
  hm_fake_clock_advance (f->clock, 2 * HM_NSEC_PER_SEC);
  assert_true (reads (f, WEB));
  give_up (f, WEB);
  let_go (f, WEB);
  assert_true (reads (f, WEB));
}

static gboolean
are_two_left (gpointer hangs)
{
  return hm_hangs_left (hangs) == 2;
}

static void
single_leaves_the_last_call_to_the_polls_while_one_hangs (void **state)
{
  Fixture *f = *state;

  give_up (f, WEB);
  give_up (f, WEB_2);
  assert_int_equal (hm_hangs_left (f->hangs), 1);
  assert_false (reads (f, DB));
  assert_int_equal (hanging_asked (DB), 0);
  let_go (f, WEB_2);
  hanging_wait (1);
  hanging_await (are_two_left, f->hangs);
  assert_true (reads (f, DB));
}

static void
single_asks_nobody_when_no_call_is_left (void **state)
{
  Fixture *f = *state;

  hm_hangs_begin (f->hangs, TRUE);
  hm_hangs_begin (f->hangs, TRUE);
  assert_true (reads (f, DB));
  hm_hangs_begin (f->hangs, TRUE);
  assert_false (reads (f, DB));
  assert_int_equal (hanging_asked (DB), 1);
  for (guint i = 0; i < HANGS; i++)
    hm_hangs_end (f->hangs, TRUE);
}

static void
single_keeps_an_answer_that_comes_late (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmSnapshot) late = NULL;

  assert_null (hm_single_take_late (f->single, f->instances[WEB]));
  give_up (f, WEB);
  assert_false (hm_single_has_late (f->single, hanging_ids[WEB]));
  assert_null (hm_single_take_late (f->single, f->instances[WEB]));
  let_go (f, WEB);
  assert_true (hm_single_has_late (f->single, hanging_ids[WEB]));
  assert_false (hm_single_has_late (f->single, hanging_ids[DB]));
  assert_null (hm_single_take_late (f->single, f->instances[DB]));
  late = hm_single_take_late (f->single, f->instances[WEB]);
  assert_non_null (late);
  assert_string_equal (hm_snapshot_get (late, 0)->resource->id, hanging_ids[WEB]);
  assert_true (hm_snapshot_get (late, 0)->got & FIELDS);
  assert_false (hm_single_has_late (f->single, hanging_ids[WEB]));
  assert_null (hm_single_take_late (f->single, f->instances[WEB]));
}

static void
single_keeps_no_answer_of_another_life (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) next = new_instance (f->domains[WEB], WEB, "boot:2:0");

  give_up (f, WEB);
  let_go (f, WEB);
  assert_null (hm_single_take_late (f->single, next));
}

static void
single_keeps_no_answer_that_took_too_long (void **state)
{
  Fixture *f = *state;

  give_up (f, WEB);
  hm_fake_clock_advance (f->clock, 5 * HM_NSEC_PER_SEC + 1);
  let_go (f, WEB);
  assert_null (hm_single_take_late (f->single, f->instances[WEB]));
}

/* Nothing is to be tried again. */
static void
single_says_nothing_of_another_life (void **state)
{
  Fixture *f = *state;
  HmSnapshot *snapshot = NULL;

  f->instances[WEB]->domain_id += 1000;
  assert_true (hm_single_read (f->single, f->instances[WEB], FIELDS, &snapshot));
  assert_null (snapshot);
  virDomainDestroy (f->domains[DB]);
  assert_true (hm_single_read (f->single, f->instances[DB], FIELDS, &snapshot));
  assert_null (snapshot);
}

static HmInspectorHealth
health_of (Fixture *f)
{
  HmInspectorHealth health = { 0 };

  hm_hangs_health (f->hangs, &health);
  return health;
}

static void
single_opens_its_connection_before_it_is_needed (void **state)
{
  Fixture *f = *state;

  prepare (f);
  assert_int_equal (health_of (f).connects_total, 1);
  assert_true (reads (f, WEB));
  assert_int_equal (health_of (f).connects_total, 1);
}

/* The watch may lose its own connection again and again meanwhile. */
static void
single_prepares_once_at_a_time (void **state)
{
  Fixture *f = *state;

  hanging_set_preparing (TRUE);
  for (guint i = 0; i < 3; i++)
    hm_single_prepare (f->single);
  hanging_set_preparing (FALSE);
  assert_true (reads (f, WEB));
  assert_int_equal (health_of (f).retired_total, 0);
  assert_int_equal (hanging_prepared (), 1);
}

/* Which is no guest's doing either. */
static void
single_does_without_a_connection_whose_opening_hangs (void **state)
{
  Fixture *f = *state;

  hanging_set_preparing (TRUE);
  hm_single_prepare (f->single);
  hm_single_set_timeout (f->single, G_USEC_PER_SEC);
  assert_false (reads (f, WEB));
  assert_int_equal (hanging_asked (WEB), 0);
  hm_single_set_timeout (f->single, LONG);
  assert_true (reads (f, WEB));
  assert_int_equal (health_of (f).retired_total, 1);
  hanging_set_preparing (FALSE);
}

/* That nothing is there is no guest's doing. */
static void
single_is_to_be_asked_again_when_nothing_is_there (void **state)
{
  Fixture *f = *state;

  hm_single_free (f->single);
  f->single = new_single (f, "qemu:///system?socket=/nonexistent/socket");
  assert_false (reads (f, WEB));
  assert_false (reads (f, WEB));
  assert_false (hm_single_has_late (f->single, hanging_ids[WEB]));
  assert_true (health_of (f).refused_total > 0);
  assert_int_equal (health_of (f).retired_total, 0);
}

/* libvirt's event loop must stand before any connection is opened, the tests' own too. */
static int
start_loop (void **state)
{
  (void)state;
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
    TEST (single_reads_others_while_a_guest_hangs),
    TEST (single_asks_a_guest_nothing_while_its_call_hangs),
    TEST (single_pauses_a_guest_that_is_late_again),
    TEST (single_leaves_the_last_call_to_the_polls_while_one_hangs),
    TEST (single_asks_nobody_when_no_call_is_left),
    TEST (single_keeps_an_answer_that_comes_late),
    TEST (single_keeps_no_answer_of_another_life),
    TEST (single_keeps_no_answer_that_took_too_long),
    TEST (single_says_nothing_of_another_life),
    TEST (single_opens_its_connection_before_it_is_needed),
    TEST (single_prepares_once_at_a_time),
    TEST (single_does_without_a_connection_whose_opening_hangs),
    TEST (single_is_to_be_asked_again_when_nothing_is_there),
  };

  return cmocka_run_group_tests (tests, start_loop, stop_loop);
}
