/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/announce_say.c and announce_compare.c: what is said at the ends of lives, with which values and times, and
 * the audits. */
#include "tests/kit.h"

#include "agent/inventory/announce.h"
#include "agent/inventory/counters.h"

#define ID   "4f0c6a52-0001-4000-8000-000000000001"
#define BOOT "0d1fc0de-0000-4000-8000-00000000b007"

#define CPU  HM_FIELD_CPU_TIME
#define DISK HM_FIELD_DISK_IO
#define ALL  (HM_FIELD_STATE | CPU | DISK)

typedef struct
{
  char *root;
  HmFakeClock *fake;
  HmInventory *inventory;
  HmGenerations *generations;
  HmAnnouncer *announcer;
  GString *told; /* "event state[ VALUE][ disk]", separated by ", "; VALUE: the CPU time that went with it */
  HmTime not_before, last_read;
  char *epoch;         /* (nullable) of the last event */
  guint64 first;       /* the CPU time of the last first values */
  gboolean has_uptime; /* the last event's values are of a process that runs */
  HmFields moments;    /* what is metered */
} Fixture;

static HmFields
moments (gpointer user)
{
  return ((Fixture *)user)->moments;
}

static void
on_event (const HmDomainEvent *event, gpointer user)
{
  Fixture *fixture = user;

  g_string_append_printf (fixture->told, "%s%s %s", fixture->told->len > 0 ? ", " : "", event->event,
                          hm_state_name (event->resource->state));
  if (event->values != NULL && event->values->cpu_time.given)
    g_string_append_printf (fixture->told, " %" G_GUINT64_FORMAT, event->values->cpu_time.value);
  if (event->values != NULL && event->values->n_disks > 0)
    g_string_append (fixture->told, " disk");
  fixture->has_uptime = event->values != NULL && event->values->resource->state == HM_STATE_RUNNING;
  fixture->not_before = event->not_before;
  fixture->last_read = event->last_read;
  g_free (fixture->epoch);
  fixture->epoch = g_strdup (event->resource->epoch);
}

static void
on_read (const HmDomain *domain, gpointer user)
{
  ((Fixture *)user)->first = domain->cpu_time.value;
}

static Fixture *
new_fixture (void)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  HmAnnouncerOptions options
      = { .on_event = on_event, .moments = moments, .on_read = on_read, .user = fixture };
  g_autofree char *folder = NULL;

  fixture->root = kit_temp_folder ();
  folder = g_build_filename (fixture->root, "proc/sys/kernel/random", NULL);
  assert_int_equal (g_mkdir_with_parents (folder, 0755), 0);
  kit_write_file (folder, "boot_id", BOOT "\n");
  fixture->fake = hm_fake_clock_new (1700000000 * HM_NSEC_PER_SEC);
  fixture->inventory = hm_inventory_new ();
  fixture->moments = ALL;
  fixture->generations = hm_generations_new (NULL, NULL);
  fixture->told = g_string_new (NULL);
  options.root = fixture->root;
  options.clock = &fixture->fake->clock;
  options.inventory = fixture->inventory;
  options.generations = fixture->generations;
  fixture->announcer = hm_announcer_new (&options, NULL);
  assert_non_null (fixture->announcer);
  return fixture;
}

static void
free_fixture (Fixture *fixture)
{
  hm_announcer_free (fixture->announcer);
  hm_generations_free (fixture->generations);
  hm_inventory_free (fixture->inventory);
  kit_remove_tree (fixture->root);
  g_string_free (fixture->told, TRUE);
  g_free (fixture->epoch);
  g_free (fixture->root);
  g_free (fixture->fake);
  g_free (fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

/* What was told since the last time; a second passes. */
static void
expect (Fixture *fixture, const char *told)
{
  assert_string_equal (fixture->told->str, told);
  g_string_truncate (fixture->told, 0);
  hm_fake_clock_advance (fixture->fake, HM_NSEC_PER_SEC);
}

static HmSeenDomain *
seen (HmState domain_state, int domain_id, gboolean persistent)
{
  HmSeenDomain *made = g_new0 (HmSeenDomain, 1);

  g_strlcpy (made->id, ID, sizeof (made->id));
  made->name = g_strdup ("web");
  made->xml = g_strdup (
      "<domain><devices><disk type='file' device='disk'><target dev='vda'/></disk></devices></domain>");
  made->state = domain_state;
  made->domain_id = domain_id;
  made->persistent = persistent;
  return made;
}

static void
free_seen (gpointer data)
{
  hm_seen_domain_free (data);
}

static void
begin_running (Fixture *fixture)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (free_seen);

  g_ptr_array_add (all, seen (HM_STATE_RUNNING, 1, TRUE));
  hm_announcer_take_all (fixture->announcer, all, TRUE);
  expect (fixture, "described running, found running");
}

static void
look (Fixture *fixture, HmSeenDomain *one, gboolean is_confirmed)
{
  hm_announcer_take_one (fixture->announcer, ID, one, is_confirmed);
  if (one != NULL)
    hm_seen_domain_free (one);
}

static void
happen_at (Fixture *fixture, const char *word, HmState after, HmTime time)
{
  HmHappening happening = { .id = ID, .name = g_strdup ("web"), .word = word, .state = after, .time = time };

  happening.has_ended = after == HM_STATE_SHUTOFF;
  hm_announcer_take_event (fixture->announcer, &happening, FALSE, NULL);
  hm_happening_clear (&happening);
}

static void
happen (Fixture *fixture, const char *word, HmState after)
{
  happen_at (fixture, word, after, fixture->fake->wall_ns);
}

/* The domain as it reads now, with that CPU time; of the disk, without DISK in @fields, there is the name. (transfer full) */
static HmSnapshot *
read_fields (Fixture *fixture, HmFields fields, guint64 cpu_time)
{
  g_autoptr (HmInstance) instance = hm_announcer_instance (fixture->announcer, ID);
  HmSnapshot *snapshot = hm_snapshot_new ();
  HmDomain *domain = hm_snapshot_add (snapshot, instance->resource, "web");
  HmDisk *disk = hm_snapshot_alloc (snapshot, 1, sizeof (HmDisk));

  domain->wall_ns = fixture->fake->wall_ns;
  domain->cpu_time = fields & CPU ? HM_GIVEN (cpu_time) : HM_ABSENT;
  domain->disks = disk;
  domain->n_disks = 1;
  disk->device = "disk:vda";
  disk->rd_bytes = fields & DISK ? HM_GIVEN (1) : HM_ABSENT;
  domain->got = fields | DISK; /* libvirt says how many there are */
  return snapshot;
}

static HmSnapshot *
read_now (Fixture *fixture, guint64 cpu_time)
{
  return read_fields (fixture, ALL, cpu_time);
}

/* A poll of @fields, as of now; a second passes. */
static void
poll_now (Fixture *fixture, HmFields fields)
{
  g_autoptr (HmSnapshot) snapshot = read_fields (fixture, fields, 1);

  hm_inventory_note_read (fixture->inventory, ID, hm_counters_given (hm_snapshot_get (snapshot, 0)),
                          fixture->fake->wall_ns);
  hm_fake_clock_advance (fixture->fake, HM_NSEC_PER_SEC);
}

/* -- last values */

static void
end_carries_what_was_read_when_the_cpus_stood (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime read;

  (void)state;
  begin_running (fixture);
  read = fixture->fake->wall_ns;
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  happen (fixture, "shutdown", HM_STATE_SHUTTING_DOWN);
  expect (fixture, "shutdown shutting-down");
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff 77 disk");
  assert_int_equal (fixture->last_read, read);
  assert_string_equal (fixture->epoch, BOOT ":d1:0"); /* of the life that the values are of */
}

static void
end_says_when_it_was_read_when_that_was_before (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime read;

  (void)state;
  begin_running (fixture);
  read = fixture->fake->wall_ns;
  poll_now (fixture, ALL);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff");
  assert_int_equal (fixture->last_read, read);
  assert_null (fixture->epoch);
}

static void
end_carries_nothing_when_a_poll_read_all_later (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  hm_fake_clock_advance (fixture->fake, HM_NSEC_PER_SEC);
  poll_now (fixture, ALL);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff");
  assert_int_equal (fixture->last_read, fixture->fake->wall_ns - 2 * HM_NSEC_PER_SEC);
}

/* A cheap poll, or one that found the guest's process busy: what it told must not be told again as of later, what it did not
 * tell must not be lost. */
static void
end_carries_what_no_poll_read_later (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime read;

  (void)state;
  begin_running (fixture);
  read = fixture->fake->wall_ns;
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  hm_fake_clock_advance (fixture->fake, HM_NSEC_PER_SEC);
  poll_now (fixture, HM_FIELD_STATE | CPU);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff disk");
  assert_int_equal (fixture->last_read, read);
  assert_false (fixture->has_uptime);
}

static void
end_says_when_its_disks_were_read_when_other_polls_came_later (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime costly;

  (void)state;
  begin_running (fixture);
  poll_now (fixture, CPU);
  costly = fixture->fake->wall_ns;
  poll_now (fixture, DISK);
  poll_now (fixture, CPU); /* cheap, or the guest's QEMU hangs */
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff");
  assert_int_equal (fixture->last_read, costly);
}

static void
end_does_not_say_when_it_was_read_when_its_disks_never_were (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  poll_now (fixture, CPU);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff");
  assert_int_equal (fixture->last_read, HM_TIME_UNKNOWN);
}

static void
end_says_when_what_is_metered_by_now_was_read (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  poll_now (fixture, ALL);
  fixture->moments = HM_FIELD_STATE | CPU;
  poll_now (fixture, CPU);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  assert_int_equal (fixture->last_read, fixture->fake->wall_ns - HM_NSEC_PER_SEC);
}

/* What was read when it was suspended was told to nobody. */
static void
end_says_when_a_poll_read_when_the_guest_ran_on (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime read;

  (void)state;
  begin_running (fixture);
  read = fixture->fake->wall_ns;
  poll_now (fixture, ALL);
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  happen (fixture, "suspended", HM_STATE_PAUSED);
  happen (fixture, "resumed", HM_STATE_RUNNING);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "suspended paused, resumed running, stopped shutoff");
  assert_int_equal (fixture->last_read, read);
}

static void
end_carries_nothing_when_a_look_showed_that_the_guest_ran_on (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  happen (fixture, "suspended", HM_STATE_PAUSED);
  look (fixture, seen (HM_STATE_RUNNING, 1, TRUE), FALSE);
  look (fixture, seen (HM_STATE_RUNNING, 1, TRUE), TRUE); /* no event came */
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "suspended paused, resumed running, stopped shutoff");
}

/* QEMU exits while it is read the second time. */
static void
end_carries_the_whole_reading_when_a_later_one_lacks_something (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime read;

  (void)state;
  begin_running (fixture);
  read = fixture->fake->wall_ns;
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  hm_fake_clock_advance (fixture->fake, HM_NSEC_PER_SEC);
  hm_announcer_hold (fixture->announcer, read_fields (fixture, CPU, 78));
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff 77 disk");
  assert_int_equal (fixture->last_read, read);
}

static void
end_was_read_no_later_than_it_came_when_the_clock_was_set_back (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime time;

  (void)state;
  begin_running (fixture);
  time = fixture->fake->wall_ns - 3600 * HM_NSEC_PER_SEC;
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  happen_at (fixture, "stopped", HM_STATE_SHUTOFF, time);
  expect (fixture, "stopped shutoff 77 disk");
  assert_int_equal (fixture->last_read, time);
}

static void
end_carries_nothing_when_the_guest_ran_on (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  happen (fixture, "suspended", HM_STATE_PAUSED);
  happen (fixture, "resumed", HM_STATE_RUNNING);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "suspended paused, resumed running, stopped shutoff");
}

/* What QEMU did not tell any more was read last by the poll. */
static void
end_says_the_earlier_reading_when_the_last_lacks_something (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime read;

  (void)state;
  begin_running (fixture);
  read = fixture->fake->wall_ns;
  poll_now (fixture, ALL);
  hm_announcer_hold (fixture->announcer, read_fields (fixture, HM_FIELD_STATE | CPU, 77));
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff 77 disk"); /* its name */
  assert_int_equal (fixture->last_read, read);
}

static void
end_is_silent_about_readings_of_the_life_before (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  poll_now (fixture, ALL);
  look (fixture, seen (HM_STATE_RUNNING, 2, TRUE), FALSE);
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff");
  assert_int_equal (fixture->last_read, HM_TIME_UNKNOWN);
}

/* A look that is faster than the event must not take the life away from the values. */
static void
end_keeps_its_values_when_a_look_saw_it_first (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  hm_announcer_hold (fixture->announcer, read_now (fixture, 77));
  look (fixture, seen (HM_STATE_SHUTOFF, -1, TRUE), FALSE);
  expect (fixture, "");
  happen (fixture, "stopped", HM_STATE_SHUTOFF);
  expect (fixture, "stopped shutoff 77 disk");
}

static void
first_values_are_handed_on (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  g_autoptr (HmSnapshot) snapshot = NULL;
  HmReadTimes reads;

  (void)state;
  begin_running (fixture);
  snapshot = read_now (fixture, 5);
  hm_announcer_tell_first (fixture->announcer, hm_snapshot_get (snapshot, 0));
  assert_int_equal (fixture->first, 5);
  hm_inventory_read_times (fixture->inventory, ID, &reads);
  assert_int_equal (reads.of[1], fixture->fake->wall_ns); /* CPU */
}

/* -- times */

static void
not_before_is_left_out_when_the_clock_was_set_back (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  happen_at (fixture, "suspended", HM_STATE_PAUSED, fixture->fake->wall_ns - 3600 * HM_NSEC_PER_SEC);
  expect (fixture, "suspended paused");
  assert_int_equal (fixture->not_before, HM_TIME_UNKNOWN);
}

/* Polls went on while no event came: they say that it ran, not what it was. */
static void
not_before_of_a_change_is_when_nothing_was_missed (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime heard;

  (void)state;
  begin_running (fixture);
  heard = fixture->fake->wall_ns;
  hm_announcer_hear (fixture->announcer, heard);
  hm_fake_clock_advance (fixture->fake, HM_NSEC_PER_SEC);
  hm_inventory_seen (fixture->inventory, ID, HM_STATE_RUNNING, fixture->fake->wall_ns);
  {
    g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (free_seen);
    HmSeenDomain *renamed = seen (HM_STATE_RUNNING, 1, TRUE);

    g_free (renamed->name);
    renamed->name = g_strdup ("shop");
    g_ptr_array_add (all, renamed);
    hm_announcer_take_all (fixture->announcer, all, TRUE);
  }
  expect (fixture, "described running");
  assert_int_equal (fixture->not_before, heard);
}

/* -- looks and events */

/* It was looked at for another reason and had ended by then: the event tells that better. */
static void
announcer_does_not_lose_what_was_there_a_moment_ago (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  look (fixture, seen (HM_STATE_PAUSED, 1, TRUE), FALSE);
  look (fixture, NULL, TRUE);
  expect (fixture, "");
  look (fixture, NULL, TRUE);
  expect (fixture, "lost lost, exists lost");
  assert_false (hm_announcer_needs_look (fixture->announcer, ID));
}

static void
announcer_calls_shut_off_what_is_defined_and_runs_when_looked_at (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmHappening happening = { .id = ID, .word = "defined", .needs_look = TRUE, .time = fixture->fake->wall_ns };
  HmSeenDomain *running = seen (HM_STATE_RUNNING, 1, TRUE);

  (void)state;
  hm_announcer_take_event (fixture->announcer, &happening, TRUE, running);
  hm_seen_domain_free (running);
  expect (fixture, "described shutoff, defined shutoff");
  look (fixture, seen (HM_STATE_RUNNING, 1, TRUE), TRUE);
  expect (fixture, "");
  look (fixture, seen (HM_STATE_RUNNING, 1, TRUE), TRUE); /* no event came */
  expect (fixture, "started running");
}

/* -- audits */

static void
audit_says_of_every_instance_that_it_exists (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  hm_announcer_audit (fixture->announcer);
  expect (fixture, "exists running");
}

static void
audit_is_silent_about_what_migrated_away (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  begin_running (fixture);
  happen (fixture, "migrated-out", HM_STATE_SHUTOFF);
  expect (fixture, "migrated-out shutoff");
  look (fixture, seen (HM_STATE_SHUTOFF, -1, TRUE), FALSE);
  hm_announcer_audit (fixture->announcer);
  expect (fixture, "");
}

/* Its definition went with it: no event tells that. */
static void
announcer_forgets_what_migrated_with_its_definition (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmHappening happening = { .id = ID, .word = "migrated-out", .state = HM_STATE_SHUTOFF, .has_ended = TRUE };

  (void)state;
  begin_running (fixture);
  happening.time = fixture->fake->wall_ns;
  hm_announcer_take_event (fixture->announcer, &happening, TRUE, NULL);
  expect (fixture, "migrated-out shutoff");
  assert_null (hm_announcer_instance (fixture->announcer, ID));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (end_carries_what_was_read_when_the_cpus_stood),
    cmocka_unit_test (end_says_when_it_was_read_when_that_was_before),
    cmocka_unit_test (end_carries_nothing_when_a_poll_read_all_later),
    cmocka_unit_test (end_carries_what_no_poll_read_later),
    cmocka_unit_test (end_says_when_its_disks_were_read_when_other_polls_came_later),
    cmocka_unit_test (end_does_not_say_when_it_was_read_when_its_disks_never_were),
    cmocka_unit_test (end_says_when_what_is_metered_by_now_was_read),
    cmocka_unit_test (end_carries_nothing_when_a_look_showed_that_the_guest_ran_on),
    cmocka_unit_test (end_says_when_a_poll_read_when_the_guest_ran_on),
    cmocka_unit_test (end_carries_the_whole_reading_when_a_later_one_lacks_something),
    cmocka_unit_test (end_was_read_no_later_than_it_came_when_the_clock_was_set_back),
    cmocka_unit_test (end_carries_nothing_when_the_guest_ran_on),
    cmocka_unit_test (end_says_the_earlier_reading_when_the_last_lacks_something),
    cmocka_unit_test (end_is_silent_about_readings_of_the_life_before),
    cmocka_unit_test (end_keeps_its_values_when_a_look_saw_it_first),
    cmocka_unit_test (first_values_are_handed_on),
    cmocka_unit_test (not_before_is_left_out_when_the_clock_was_set_back),
    cmocka_unit_test (not_before_of_a_change_is_when_nothing_was_missed),
    cmocka_unit_test (announcer_does_not_lose_what_was_there_a_moment_ago),
    cmocka_unit_test (announcer_calls_shut_off_what_is_defined_and_runs_when_looked_at),
    cmocka_unit_test (audit_says_of_every_instance_that_it_exists),
    cmocka_unit_test (audit_is_silent_about_what_migrated_away),
    cmocka_unit_test (announcer_forgets_what_migrated_with_its_definition),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
