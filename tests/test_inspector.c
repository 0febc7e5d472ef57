/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector.c with all that is behind it, on libvirt's test driver: connection, listing, calls
 * per domain, events. All connections of a process to test:///default see the same domains, so a second one
 * can change what the inspector sees. */
#include "tests/kit.h"

#include <libvirt/libvirt.h>
#include <string.h>

#include "agent/inspector/inspector.h"
#include "agent/inspector/inspector_cycle.h"
#include "agent/inspector/inspector_loop.h"

#define URI  "test:///default"
#define NOVA "http://openstack.org/xmlns/libvirt/nova/1.1"
#define ALL  ((1u << 12) - 1) /* what an instance gives without counters of the CPU or a migration */
#define LONG (60 * HM_NSEC_PER_SEC)

#define WEB "4f0c6a52-0001-4000-8000-000000000001"
#define DB  "4f0c6a52-0001-4000-8000-000000000002"

#define INSTANCE(owner, flavor)                                                                              \
  "<nova:instance xmlns:nova='" NOVA "'><nova:flavor name='" flavor "'/>"                                    \
  "<nova:owner><nova:user uuid='u'>ada</nova:user><nova:project uuid='" owner "'>shop</nova:project>"        \
  "</nova:owner></nova:instance>"

#define DOMAIN_XML(name, uuid, mac)                                                                          \
  "<domain type='test'><name>" name "</name><uuid>" uuid "</uuid>"                                           \
  "<metadata>" INSTANCE ("p-" name,                                                                          \
                         "m1.small") "</metadata><memory unit='KiB'>65536</memory><vcpu>2</vcpu>"            \
                                     "<os><type>hvm</type></os><devices>"                                    \
                                     "<disk type='file' device='disk'><source file='/x'/><target dev='vda' " \
                                     "bus='virtio'/></disk>"                                                 \
                                     "<interface type='network'><mac address='" mac                          \
                                     "'/><source network='default'/><target dev='tap-" name "'/>"            \
                                     "</interface><memballoon model='virtio'/></devices></domain>"

#define WEB_XML DOMAIN_XML ("web", WEB, "52:54:00:10:00:01")
#define DB_XML  DOMAIN_XML ("db", DB, "52:54:00:10:00:02")

/* -- what the inspector tells */

typedef struct
{
  GMutex lock;
  GCond changed;
  GPtrArray *told;  /* "event id state[ ~]" */
  const char *hold; /* (nullable) the event, as a line, in which to stay until it is cleared */
} Told;

static void
on_event (const HmDomainEvent *event, gpointer user)
{
  Told *told = user;
  const char *state = hm_state_name (event->resource->state);
  char *line = g_strdup_printf ("%s %s %s%s", event->event, event->resource->id, state != NULL ? state : "-",
                                event->compared ? " ~" : "");

  g_mutex_lock (&told->lock);
  g_ptr_array_add (told->told, line);
  g_cond_broadcast (&told->changed);
  while (g_strcmp0 (told->hold, line) == 0)
    g_cond_wait (&told->changed, &told->lock);
  g_mutex_unlock (&told->lock);
}

static void
hold_at (Told *told, const char *line)
{
  g_mutex_lock (&told->lock);
  told->hold = line;
  g_cond_broadcast (&told->changed);
  g_mutex_unlock (&told->lock);
}

static int
index_of (const Told *told, const char *line)
{
  for (guint i = 0; i < told->told->len; i++)
    if (strcmp (g_ptr_array_index (told->told, i), line) == 0)
      return (int)i;
  return -1;
}

/* Waits until @line was told and gives its place in the order. */
static int
expect_told (Told *told, const char *line)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  int index;

  g_mutex_lock (&told->lock);
  while ((index = index_of (told, line)) < 0)
    if (!g_cond_wait_until (&told->changed, &told->lock, deadline))
      break;
  g_mutex_unlock (&told->lock);
  if (index < 0)
    fail_msg ("never told: %s", line);
  return index;
}

/* -- fixture */

typedef struct
{
  virConnectPtr connection; /* changes what the inspector sees */
  virDomainPtr web;
  Told told;
  char *state_dir;
  HmInspector *inspector;
} Fixture;

static HmInspector *
new_inspector (const char *uri, guint connections, const char *state_dir, Told *told)
{
  HmLibvirtOptions options = {
    .uri = uri, .connections = connections, .root = "", .state_dir = state_dir, .clock = hm_clock_system ()
  };
  GError *error = NULL;
  HmInspector *inspector = hm_libvirt_inspector_new (&options, told != NULL ? on_event : NULL, told, &error);

  assert_null (error);
  assert_non_null (inspector);
  return inspector;
}

static Fixture *
new_fixture (guint connections)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  g_mutex_init (&fixture->told.lock);
  g_cond_init (&fixture->told.changed);
  fixture->told.told = g_ptr_array_new_with_free_func (g_free);
  fixture->state_dir = kit_temp_folder ();
  fixture->connection = virConnectOpen (URI);
  assert_non_null (fixture->connection);
  fixture->web = virDomainDefineXML (fixture->connection, WEB_XML);
  assert_non_null (fixture->web);
  fixture->inspector = new_inspector (URI, connections, fixture->state_dir, &fixture->told);
  return fixture;
}

static void
free_fixture (Fixture *fixture)
{
  fixture->inspector->close (fixture->inspector, LONG);
  if (virDomainIsActive (fixture->web) == 1)
    virDomainDestroy (fixture->web);
  virDomainUndefine (fixture->web);
  virDomainFree (fixture->web);
  virConnectClose (fixture->connection);
  g_ptr_array_unref (fixture->told.told);
  kit_remove_tree (fixture->state_dir);
  g_free (fixture->state_dir);
  g_mutex_clear (&fixture->told.lock);
  g_cond_clear (&fixture->told.changed);
  g_free (fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static HmSnapshot *
read_all (Fixture *fixture, HmFields fields)
{
  GError *error = NULL;
  HmSnapshot *snapshot = fixture->inspector->read (fixture->inspector, fields, LONG, &error);

  if (snapshot == NULL)
    fail_msg ("no snapshot: %s", error->message);
  return snapshot;
}

static const HmDomain *
find (HmSnapshot *snapshot, const char *id)
{
  for (guint i = 0; i < hm_snapshot_size (snapshot); i++)
    if (strcmp (hm_snapshot_get (snapshot, i)->resource->id, id) == 0)
      return hm_snapshot_get (snapshot, i);
  return NULL;
}

static const HmDomain *
must_find (HmSnapshot *snapshot, const char *id)
{
  const HmDomain *domain = find (snapshot, id);

  assert_non_null (domain);
  return domain;
}

/* -- reads */

static void
inspector_reads_by_calls_per_domain_what_bulk_lacks (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  g_autoptr (HmSnapshot) snapshot = NULL;
  const HmDomain *web;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  snapshot = read_all (fixture, ALL);
  web = must_find (snapshot, WEB);
  assert_string_equal (web->name, "web");
  assert_int_equal (web->got, ALL & ~(HM_FIELD_CPU_MODES | HM_FIELD_VCPU_DELAY));
  assert_true (web->cpu_time.given && web->cpu_time.value > 0);
  assert_int_equal (web->vcpu_current.value, 2);
  assert_int_equal (web->balloon_current.value, 65536);
  assert_int_equal (web->n_vcpus, 2);
  assert_string_equal (web->vcpus[1].device, "vcpu:1");
  assert_int_equal (web->n_disks, 1);
  assert_string_equal (web->disks[0].device, "disk:vda");
  assert_true (web->disks[0].rd_bytes.given && web->disks[0].capacity.given);
  assert_int_equal (web->n_nics, 1);
  assert_string_equal (web->nics[0].device, "nic:52:54:00:10:00:01");
  assert_true (web->nics[0].tx_bytes.given);
}

static void
inspector_says_whose_each_domain_is (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (3);
  g_autoptr (HmSnapshot) snapshot = NULL;
  const HmResource *resource;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  snapshot = read_all (fixture, HM_FIELD_STATE);
  resource = must_find (snapshot, WEB)->resource;
  assert_string_equal (resource->project, "p-web");
  assert_string_equal (resource->user, "u");
  assert_string_equal (resource->flavor, "m1.small");
  assert_int_equal (resource->state, HM_STATE_RUNNING);
  assert_non_null (resource->epoch);
  assert_string_equal (hm_resource_description (resource, "project_name"), "shop");
}

/* A domain's owner was changed between two runs of the agent. */
static void
inspector_meters_nothing_by_what_it_remembers (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  g_autoptr (HmSnapshot) before = read_all (fixture, HM_FIELD_STATE);
  g_autoptr (HmSnapshot) after = NULL;
  g_auto (GStrv) parts = g_strsplit (WEB_XML, "p-web", 2);
  g_autofree char *xml = g_strjoinv ("p-new", parts);

  (void)state;
  assert_string_equal (must_find (before, WEB)->resource->project, "p-web");
  fixture->inspector->close (fixture->inspector, LONG);
  virDomainFree (fixture->web);
  fixture->web = virDomainDefineXML (fixture->connection, xml);
  assert_non_null (fixture->web);
  fixture->inspector = new_inspector (URI, 1, fixture->state_dir, &fixture->told);
  after = read_all (fixture, HM_FIELD_STATE);
  assert_string_equal (must_find (after, WEB)->resource->project, "p-new");
}

static void
inspector_stamps_each_domain_with_time_and_duration (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  const HmClock *clock = hm_clock_system ();
  g_autoptr (HmSnapshot) snapshot = NULL;
  gint64 before, after;
  const HmDomain *web;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  before = clock->boot (clock);
  snapshot = read_all (fixture, HM_FIELD_CPU_TIME);
  after = clock->boot (clock);
  web = must_find (snapshot, WEB);
  assert_in_range (web->boot_ns, before, after);
  assert_in_range (web->read_ns, 1, after - before);
  assert_true (web->wall_ns > 0);
  assert_in_range (hm_snapshot_cost (snapshot)->wall_ns, web->read_ns, after - before);
}

static void
inspector_asks_stopped_domains_for_their_state_alone (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  g_autoptr (HmSnapshot) snapshot = read_all (fixture, ALL);
  const HmDomain *web = must_find (snapshot, WEB);

  (void)state;
  assert_int_equal (web->got, HM_FIELD_STATE);
  assert_int_equal (web->state.value, VIR_DOMAIN_SHUTOFF);
  assert_int_equal (web->resource->state, HM_STATE_SHUTOFF);
  assert_null (web->resource->epoch);
  assert_false (web->cpu_time.given);
  assert_int_equal (web->n_disks, 0);
}

static void
inspector_lists_domains_when_no_field_is_due (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  g_autoptr (HmSnapshot) snapshot = NULL;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  snapshot = read_all (fixture, 0);
  assert_int_equal (must_find (snapshot, WEB)->got, 0);
  assert_int_equal (hm_snapshot_cost (snapshot)->unanswered, 0);
}

static void
inspector_reads_each_domain_once_over_any_number_of_connections (void **state)
{
  (void)state;
  for (guint connections = 1; connections <= 8; connections += 3)
    {
      g_autoptr (Fixture) fixture = new_fixture (connections);
      g_autoptr (HmSnapshot) snapshot = NULL;
      virDomainPtr db = virDomainCreateXML (fixture->connection, DB_XML, 0);

      assert_non_null (db);
      snapshot = read_all (fixture, ALL);
      assert_int_equal (hm_snapshot_size (snapshot), 3); /* with the driver's own */
      must_find (snapshot, WEB);
      must_find (snapshot, DB);
      assert_int_equal (hm_snapshot_cost (snapshot)->unanswered, 0);
      virDomainDestroy (db);
      virDomainFree (db);
    }
}

/* -- while calls hang */

/* As if @n calls hung, and the first lane had been lost to one of them. */
static void
lose_first_lane (Fixture *fixture, int n)
{
  HmLibvirtInspector *inspector = (HmLibvirtInspector *)fixture->inspector;

  assert_true (hm_lane_close (g_steal_pointer (&inspector->slots[0].lane), G_MAXINT64));
  inspector->slots[0].openings = 0;
  for (int i = 0; i < n; i++)
    hm_hangs_begin (inspector->hangs, TRUE);
}

static void
inspector_reads_what_no_guest_holds_up_when_enough_calls_hang (void **state)
{
  static const int hung[] = { 3, 4 }; /* at the latter no lane may be made anew */

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (hung); i++)
    {
      g_autoptr (Fixture) fixture = new_fixture (2);
      g_autoptr (HmSnapshot) before = NULL, sparing = NULL, after = NULL;

      assert_int_equal (virDomainCreate (fixture->web), 0);
      before = read_all (fixture, ALL);
      lose_first_lane (fixture, hung[i]);
      sparing = read_all (fixture, ALL);
      assert_int_equal (hm_snapshot_size (sparing), 2); /* with the driver's own */
      assert_int_equal (hm_snapshot_cost (sparing)->unanswered, 0);
      assert_true (must_find (sparing, WEB)->cpu_time.given);
      assert_int_equal (must_find (sparing, WEB)->got & (HM_FIELD_DISK_IO | HM_FIELD_BALLOON), 0);
      for (int n = 0; n < hung[i]; n++)
        hm_hangs_end (((HmLibvirtInspector *)fixture->inspector)->hangs, TRUE);
      after = read_all (fixture, ALL);
      assert_int_equal (must_find (after, WEB)->got, must_find (before, WEB)->got);
      assert_int_equal (hm_snapshot_cost (after)->unanswered, 0);
    }
}

/* Calls of a steady cycle: one bulk call where that gives all that is due; else a list, which tells the
 * domain ids, and what was planned per domain. */
static void
inspector_makes_no_call_in_vain (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (3);
  g_autoptr (HmSnapshot) first = NULL;
  g_autoptr (HmSnapshot) state_only = NULL;
  g_autoptr (HmSnapshot) cpu = NULL;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  first = read_all (fixture, HM_FIELD_STATE);
  state_only = read_all (fixture, HM_FIELD_STATE);
  assert_int_equal (hm_snapshot_cost (state_only)->rpcs, 1);
  cpu = read_all (fixture, HM_FIELD_CPU_TIME);
  assert_int_equal (hm_snapshot_cost (cpu)->rpcs, 1 + 2);
}

static void
inspector_knows_a_domain_that_has_just_appeared (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  g_autoptr (HmSnapshot) before = read_all (fixture, ALL);
  g_autoptr (HmSnapshot) after = NULL;
  virDomainPtr db = virDomainCreateXML (fixture->connection, DB_XML, 0);

  (void)state;
  assert_null (find (before, DB));
  after = read_all (fixture, HM_FIELD_CPU_TIME | HM_FIELD_NIC_IO);
  assert_string_equal (must_find (after, DB)->resource->project, "p-db");
  virDomainDestroy (db);
  virDomainFree (db);
}

/* Until it is in: as long as no event has told of its life, nobody can say whose values these are. */
static HmSnapshot *
read_with (Fixture *fixture, const char *id)
{
  gint64 deadline = g_get_monotonic_time () + LONG / 1000;

  for (;;)
    {
      HmSnapshot *snapshot = read_all (fixture, HM_FIELD_CPU_TIME);

      if (find (snapshot, id) != NULL || g_get_monotonic_time () > deadline)
        return snapshot;
      hm_snapshot_free (snapshot);
      g_usleep (1000);
    }
}

static void
inspector_never_mixes_two_lives_of_a_domain (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  g_autoptr (HmSnapshot) before = NULL;
  g_autoptr (HmSnapshot) after = NULL;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  before = read_with (fixture, WEB);
  assert_int_equal (virDomainDestroy (fixture->web), 0);
  assert_int_equal (virDomainCreate (fixture->web), 0);
  after = read_with (fixture, WEB);
  assert_string_not_equal (must_find (before, WEB)->resource->epoch, must_find (after, WEB)->resource->epoch);
}

/* While the events' worker is held up nobody can say which life a new domain id is of. */
static void
inspector_leaves_out_a_domain_whose_life_is_not_known (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  g_autoptr (HmSnapshot) before = NULL;
  g_autoptr (HmSnapshot) held = NULL;
  g_autoptr (HmSnapshot) after = NULL;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  before = read_with (fixture, WEB);
  must_find (before, WEB);
  hold_at (&fixture->told, "stopped " WEB " shutoff");
  assert_int_equal (virDomainDestroy (fixture->web), 0);
  assert_int_equal (virDomainCreate (fixture->web), 0);
  expect_told (&fixture->told, "stopped " WEB " shutoff");
  /* All of this goes by, as the worker does not come; half of it libvirt has for its answer. */
  held = fixture->inspector->read (fixture->inspector, HM_FIELD_CPU_TIME, 5 * HM_NSEC_PER_SEC, NULL);
  hold_at (&fixture->told, NULL);
  assert_non_null (held);
  assert_null (find (held, WEB));
  assert_int_equal (hm_snapshot_cost (held)->unanswered, 1);
  after = read_with (fixture, WEB);
  assert_string_not_equal (must_find (before, WEB)->resource->epoch, must_find (after, WEB)->resource->epoch);
}

static void
inspector_leaves_out_a_domain_that_has_vanished (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  virDomainPtr db = virDomainCreateXML (fixture->connection, DB_XML, 0);
  g_autoptr (HmSnapshot) before = read_all (fixture, ALL);
  g_autoptr (HmSnapshot) after = NULL;

  (void)state;
  must_find (before, DB);
  virDomainDestroy (db);
  virDomainFree (db);
  after = read_all (fixture, ALL);
  assert_null (find (after, DB));
}

/* -- events */

static void
inspector_tells_what_it_found_and_then_what_happens (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  g_autoptr (HmSnapshot) snapshot = read_all (fixture, HM_FIELD_STATE);
  int described = expect_told (&fixture->told, "described " WEB " shutoff ~");
  int found = expect_told (&fixture->told, "found " WEB " shutoff ~");
  int started, suspended, resumed, stopped;

  (void)state;
  assert_true (described < found);
  assert_int_equal (virDomainCreate (fixture->web), 0);
  assert_int_equal (virDomainSuspend (fixture->web), 0);
  assert_int_equal (virDomainResume (fixture->web), 0);
  assert_int_equal (virDomainShutdown (fixture->web), 0);
  started = expect_told (&fixture->told, "started " WEB " running");
  suspended = expect_told (&fixture->told, "suspended " WEB " paused");
  resumed = expect_told (&fixture->told, "resumed " WEB " running");
  stopped = expect_told (&fixture->told, "stopped " WEB " shutoff");
  assert_true (found < started && started < suspended && suspended < resumed && resumed < stopped);
}

static void
inspector_tells_the_life_of_a_transient_domain (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  g_autoptr (HmSnapshot) snapshot = read_all (fixture, HM_FIELD_STATE);
  virDomainPtr db = virDomainCreateXML (fixture->connection, DB_XML, 0);
  int described, started, stopped, undefined;

  (void)state;
  described = expect_told (&fixture->told, "described " DB " running");
  started = expect_told (&fixture->told, "started " DB " running");
  assert_int_equal (virDomainDestroy (db), 0);
  stopped = expect_told (&fixture->told, "stopped " DB " shutoff");
  undefined = expect_told (&fixture->told, "undefined " DB " undefined ~");
  assert_true (described < started && started < stopped && stopped < undefined);
  virDomainFree (db);
}

/* @xml: without namespace; libvirt adds it. */
static void
set_metadata (virDomainPtr domain, const char *xml)
{
  assert_int_equal (
      virDomainSetMetadata (domain, VIR_DOMAIN_METADATA_ELEMENT, xml, "nova", NOVA, VIR_DOMAIN_AFFECT_LIVE),
      0);
}

static void
inspector_tells_when_the_owner_changes (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  g_autoptr (HmSnapshot) before = NULL;
  g_autoptr (HmSnapshot) after = NULL;

  (void)state;
  assert_int_equal (virDomainCreate (fixture->web), 0);
  before = read_all (fixture, HM_FIELD_STATE);
  set_metadata (fixture->web,
                "<instance><flavor name='m1.small'/><owner><project uuid='p-new'/></owner></instance>");
  expect_told (&fixture->told, "owner-changed " WEB " running");
  after = read_all (fixture, HM_FIELD_STATE);
  assert_string_equal (must_find (before, WEB)->resource->project, "p-web");
  assert_string_equal (must_find (after, WEB)->resource->project, "p-new");
}

static void
inspector_describes_before_it_samples (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (2);
  g_autoptr (HmSnapshot) snapshot = read_all (fixture, HM_FIELD_STATE);

  (void)state;
  for (guint i = 0; i < hm_snapshot_size (snapshot); i++)
    {
      g_autofree char *found
          = g_strdup_printf ("found %s %s ~", hm_snapshot_get (snapshot, i)->resource->id,
                             hm_state_name (hm_snapshot_get (snapshot, i)->resource->state));

      g_mutex_lock (&fixture->told.lock);
      assert_true (index_of (&fixture->told, found) >= 0);
      g_mutex_unlock (&fixture->told.lock);
    }
}

/* -- trouble */

static void
inspector_is_unavailable_when_there_is_no_hypervisor (void **state)
{
  HmInspector *inspector
      = new_inspector ("qemu:///system?socket=/nonexistent/libvirt-sock-ro", 3, NULL, NULL);
  GError *error = NULL;

  (void)state;
  assert_null (inspector->read (inspector, ALL, LONG, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "/nonexistent/libvirt-sock-ro");
  inspector->close (inspector, LONG);
}

static void
inspector_new_refuses_what_it_cannot_do (void **state)
{
  g_autofree char *empty = kit_temp_folder ();
  HmLibvirtOptions options = { .uri = URI, .connections = 0, .root = "", .clock = hm_clock_system () };
  GError *error = NULL;

  (void)state;
  assert_null (hm_libvirt_inspector_new (&options, NULL, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "connections");
  options.connections = 9;
  assert_null (hm_libvirt_inspector_new (&options, NULL, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "connections");
  options.connections = 1;
  options.root = empty;
  assert_null (hm_libvirt_inspector_new (&options, NULL, NULL, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "boot id");
  kit_remove_tree (empty);
}

static void
inspector_closes_when_nothing_was_ever_read (void **state)
{
  HmInspector *inspector = new_inspector (URI, 3, NULL, NULL);

  (void)state;
  assert_true (inspector->close (inspector, LONG));
}

/* What a stop left behind on purpose; it may be in use as long as the process lives. */
static gpointer volatile left_behind[2];

/* A stop waits for nobody. */
static void
inspector_closes_when_a_handler_is_stuck (void **state)
{
  Told *told = g_new0 (Told, 1);
  HmInspector *inspector;

  (void)state;
  g_mutex_init (&told->lock);
  g_cond_init (&told->changed);
  told->told = g_ptr_array_new_with_free_func (g_free);
  told->hold = "found 6695eb01-f6a4-8304-79aa-97f2502e193f running ~"; /* the driver's own domain */
  inspector = new_inspector (URI, 1, NULL, told);
  expect_told (told, told->hold);
  assert_false (inspector->close (inspector, HM_NSEC_PER_SEC / 10));
  hold_at (told, NULL);
  left_behind[0] = inspector;
  left_behind[1] = told;
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

/* -- besides the polls */

static void
inspector_says_exists_of_every_instance_when_audited (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture (1);
  g_autoptr (HmSnapshot) snapshot = read_all (fixture, 0);
  int found;

  (void)state;
  fixture->inspector->audit (fixture->inspector);
  found = expect_told (&fixture->told, "found " WEB " shutoff ~");
  assert_true (expect_told (&fixture->told, "exists " WEB " shutoff ~") > found);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (inspector_reads_by_calls_per_domain_what_bulk_lacks),
    cmocka_unit_test (inspector_says_whose_each_domain_is),
    cmocka_unit_test (inspector_meters_nothing_by_what_it_remembers),
    cmocka_unit_test (inspector_stamps_each_domain_with_time_and_duration),
    cmocka_unit_test (inspector_asks_stopped_domains_for_their_state_alone),
    cmocka_unit_test (inspector_lists_domains_when_no_field_is_due),
    cmocka_unit_test (inspector_reads_each_domain_once_over_any_number_of_connections),
    cmocka_unit_test (inspector_reads_what_no_guest_holds_up_when_enough_calls_hang),
    cmocka_unit_test (inspector_makes_no_call_in_vain),
    cmocka_unit_test (inspector_knows_a_domain_that_has_just_appeared),
    cmocka_unit_test (inspector_never_mixes_two_lives_of_a_domain),
    cmocka_unit_test (inspector_leaves_out_a_domain_whose_life_is_not_known),
    cmocka_unit_test (inspector_leaves_out_a_domain_that_has_vanished),
    cmocka_unit_test (inspector_tells_what_it_found_and_then_what_happens),
    cmocka_unit_test (inspector_tells_the_life_of_a_transient_domain),
    cmocka_unit_test (inspector_tells_when_the_owner_changes),
    cmocka_unit_test (inspector_describes_before_it_samples),
    cmocka_unit_test (inspector_is_unavailable_when_there_is_no_hypervisor),
    cmocka_unit_test (inspector_new_refuses_what_it_cannot_do),
    cmocka_unit_test (inspector_closes_when_nothing_was_ever_read),
    cmocka_unit_test (inspector_closes_when_a_handler_is_stuck),
    cmocka_unit_test (inspector_says_exists_of_every_instance_when_audited),
  };

  return cmocka_run_group_tests (tests, start_loop, stop_loop);
}
