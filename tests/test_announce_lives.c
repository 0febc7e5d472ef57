/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/announce_lives.c: which lives events and comparisons begin. A read after each tells under which one a
 * device's counters go. */
#include "tests/kit.h"

#include <string.h>

#include "agent/inventory/announce.h"
#include "agent/inventory/lives.h"

#define ID      "4f0c6a52-0001-4000-8000-000000000001"
#define BOOT    "0d1fc0de-0000-4000-8000-00000000b007"
#define DISK    "disk:vda"
#define TAP     "nic:52:54:00:10:00:01"
#define NO_LIFE "-"

#define DISK_XML "<disk><target dev='vda'/><alias name='virtio-disk0'/></disk>"
#define NIC_XML                                                                                              \
  "<interface><mac address='52:54:00:10:00:01'/><target dev='vnet0'/><alias name='net0'/></interface>"
#define DOMAIN(devices) "<domain><devices>" devices "</devices></domain>"
#define BOTH            DOMAIN (DISK_XML NIC_XML)
#define NO_DISK         DOMAIN (NIC_XML)
#define NO_NIC          DOMAIN (DISK_XML)

typedef struct
{
  char *root;
  HmFakeClock *fake;
  HmInventory *inventory;
  HmGenerations *generations;
  HmAnnouncer *announcer;
} Fixture;

static void
write_below (const char *root, const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (root, folder, NULL);

  assert_int_equal (g_mkdir_with_parents (path, 0755), 0);
  kit_write_file (path, name, text);
}

static void
begin_agent (Fixture *fixture)
{
  HmAnnouncerOptions options = { .root = fixture->root, .clock = &fixture->fake->clock };

  fixture->inventory = hm_inventory_new ();
  fixture->generations = hm_generations_new (fixture->root, NULL);
  options.inventory = fixture->inventory;
  options.generations = fixture->generations;
  fixture->announcer = hm_announcer_new (&options, NULL);
  assert_non_null (fixture->announcer);
}

static void
end_agent (Fixture *fixture)
{
  hm_announcer_free (fixture->announcer);
  hm_generations_free (fixture->generations);
  hm_inventory_free (fixture->inventory);
}

static Fixture *
new_fixture (void)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->root = kit_temp_folder ();
  write_below (fixture->root, "proc/sys/kernel/random", "boot_id", BOOT "\n");
  fixture->fake = hm_fake_clock_new (1700000000 * HM_NSEC_PER_SEC);
  begin_agent (fixture);
  return fixture;
}

static void
free_fixture (Fixture *fixture)
{
  end_agent (fixture);
  kit_remove_tree (fixture->root);
  g_free (fixture->root);
  g_free (fixture->fake);
  g_free (fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static HmSeenDomain *
seen (const char *xml, int domain_id)
{
  HmSeenDomain *made = g_new0 (HmSeenDomain, 1);

  g_strlcpy (made->id, ID, sizeof (made->id));
  made->name = g_strdup ("web");
  made->xml = g_strdup (xml);
  made->state = HM_STATE_RUNNING;
  made->domain_id = domain_id;
  made->persistent = TRUE;
  return made;
}

static void
tick (Fixture *fixture)
{
  hm_fake_clock_advance (fixture->fake, 10 * HM_NSEC_PER_SEC);
}

/* The domain is looked at, and is so; ten seconds pass. */
static void
look (Fixture *fixture, const char *xml, int domain_id)
{
  HmSeenDomain *one = seen (xml, domain_id);

  hm_announcer_take_one (fixture->announcer, ID, one, TRUE);
  hm_seen_domain_free (one);
  tick (fixture);
}

/* An event, after which the domain is so. */
static void
tell (Fixture *fixture, const char *word, const char *alias, const char *xml)
{
  HmSeenDomain *one = seen (xml, 1);
  HmHappening happening
      = { .word = word, .state = HM_STATE_UNKNOWN, .needs_look = TRUE, .time = fixture->fake->wall_ns };

  g_strlcpy (happening.id, ID, sizeof (happening.id));
  happening.name = g_strdup ("web");
  happening.alias = g_strdup (alias);
  hm_announcer_take_event (fixture->announcer, &happening, TRUE, one);
  hm_happening_clear (&happening);
  hm_seen_domain_free (one);
  tick (fixture);
}

/* Under which life of @device the read that is made now goes, and since when that lasts. */
static void
expect (Fixture *fixture, const char *device, const char *epoch, HmTime start)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmInstance) instance = hm_inventory_get (fixture->inventory, ID);
  HmDisk disk = { .device = DISK };
  HmNic nic = { .device = TAP };
  HmDomain *domain = hm_snapshot_add (snapshot, instance->resource, "web");
  const HmLifeMark *life;

  domain->boot_ns = fixture->fake->boot_ns;
  domain->wall_ns = fixture->fake->wall_ns;
  domain->disks = &disk;
  domain->nics = &nic;
  domain->n_disks = domain->n_nics = 1;
  domain->minor_fault = HM_GIVEN (1);
  domain->balloon_last_update = HM_GIVEN ((guint64)(domain->wall_ns / HM_NSEC_PER_SEC));
  hm_lives_take (fixture->generations, snapshot, domain, FALSE);
  life = strcmp (device, DISK) == 0  ? &domain->disks[0].life
         : strcmp (device, TAP) == 0 ? &domain->nics[0].life
                                     : &domain->guest;
  assert_string_equal (life->epoch != NULL ? life->epoch : NO_LIFE, epoch);
  if (life->epoch != NULL)
    assert_int_equal (life->start, start);
}

static void
announcer_begins_a_life_when_a_device_is_plugged_in_anew (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime added;

  (void)state;
  look (fixture, BOTH, 1);
  expect (fixture, DISK, NO_LIFE, 0);
  tell (fixture, "device-removed", "virtio-disk0", NO_DISK);
  added = fixture->fake->wall_ns;
  tell (fixture, "device-added", "virtio-disk0", BOTH);
  expect (fixture, DISK, "g1", added);
  expect (fixture, TAP, NO_LIFE, 0);
}

/* Both looks come after both events. */
static void
announcer_begins_a_life_when_the_device_is_back_before_it_is_looked_at (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime added;

  (void)state;
  look (fixture, BOTH, 1);
  tell (fixture, "device-removed", "net0", BOTH);
  expect (fixture, TAP, NO_LIFE, 0);
  added = fixture->fake->wall_ns;
  tell (fixture, "device-added", "net0", BOTH);
  expect (fixture, TAP, "g1", added);
}

static void
announcer_begins_a_life_when_a_comparison_finds_a_new_device (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime not_before;

  (void)state;
  look (fixture, BOTH, 1);
  not_before = fixture->fake->wall_ns;
  look (fixture, NO_NIC, 1);
  look (fixture, BOTH, 1);
  expect (fixture, TAP, "g1", not_before);
}

/* The device is known to be another one although it came back while nobody looked. */
static void
announcer_goes_on_with_lives_when_the_agent_is_another (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime added;

  (void)state;
  look (fixture, BOTH, 1);
  added = fixture->fake->wall_ns;
  tell (fixture, "device-added", "net0", BOTH);
  tell (fixture, "device-removed", "virtio-disk0", NO_DISK);
  end_agent (fixture);
  begin_agent (fixture);
  look (fixture, BOTH, 1);
  expect (fixture, TAP, "g1", added);
  expect (fixture, DISK, "g2", HM_TIME_UNKNOWN);
}

static void
announcer_begins_no_life_when_the_process_is_another (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  look (fixture, NO_DISK, 1);
  look (fixture, BOTH, 2);
  expect (fixture, DISK, NO_LIFE, 0);
  tell (fixture, "device-added", "virtio-disk0", BOTH);
}

/* A description that cannot be read shows no devices; that is no news of them. */
static void
announcer_begins_no_life_when_the_description_could_not_be_read (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  look (fixture, BOTH, 1);
  look (fixture, "<domain>", 1);
  look (fixture, BOTH, 1);
  expect (fixture, DISK, NO_LIFE, 0);
  expect (fixture, TAP, NO_LIFE, 0);
}

static void
announcer_begins_a_life_when_a_tap_is_another (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime not_before;

  (void)state;
  write_below (fixture->root, "sys/class/net/vnet0", "address", "fe:54:00:10:00:01\n");
  write_below (fixture->root, "sys/class/net/vnet0", "ifindex", "17\n");
  not_before = fixture->fake->wall_ns;
  look (fixture, BOTH, 1);
  write_below (fixture->root, "sys/class/net/vnet0", "ifindex", "18\n");
  look (fixture, BOTH, 1);
  expect (fixture, TAP, "g1", not_before);
}

static void
announcer_begins_a_guests_life_when_it_reboots (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime rebooted;

  (void)state;
  look (fixture, BOTH, 1);
  expect (fixture, HM_LIVES_GUEST, NO_LIFE, 0);
  rebooted = fixture->fake->wall_ns;
  tell (fixture, HM_WORD_REBOOTED, NULL, BOTH);
  expect (fixture, HM_LIVES_GUEST, "g1", rebooted);
  expect (fixture, DISK, NO_LIFE, 0);
}

static void
announcer_forgets_lives_when_the_domain_is_undefined (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmHappening stopped = { .word = "stopped", .state = HM_STATE_SHUTOFF, .has_ended = TRUE };
  HmHappening undefined = { .word = "undefined", .state = HM_STATE_UNDEFINED };
  g_autofree char *path = g_build_filename (fixture->root, "generations", NULL);
  g_autofree char *text = NULL;

  (void)state;
  look (fixture, BOTH, 1);
  tell (fixture, "device-added", "virtio-disk0", BOTH);
  g_strlcpy (stopped.id, ID, sizeof (stopped.id));
  g_strlcpy (undefined.id, ID, sizeof (undefined.id));
  stopped.time = undefined.time = fixture->fake->wall_ns;
  hm_announcer_take_event (fixture->announcer, &stopped, FALSE, NULL);
  hm_announcer_take_event (fixture->announcer, &undefined, TRUE, NULL);
  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_string_equal (text, "");
}

/* Whether what is read of the domain now is lower than what was read before. */
static gboolean
fell (Fixture *fixture, guint64 value)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmInstance) instance = hm_inventory_get (fixture->inventory, ID);
  HmDomain *domain = hm_snapshot_add (snapshot, instance->resource, "web");
  HmVcpu vcpu = { .device = "vcpu:0", .time = HM_GIVEN (value) };

  domain->cpu_time = HM_GIVEN (value);
  domain->vcpus = &vcpu;
  domain->n_vcpus = 1;
  return hm_generations_fell (fixture->generations, domain);
}

/* Instances come and go without end, and each may come back another way than it went. */
static void
announcer_keeps_no_values_when_the_domain_is_lost (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  (void)state;
  look (fixture, BOTH, 1);
  assert_false (fell (fixture, 1000));
  assert_true (fell (fixture, 10));
  hm_announcer_take_all (fixture->announcer, none, TRUE);
  look (fixture, BOTH, 1);
  assert_false (fell (fixture, 10));
}

/* The wall clock is set back by an hour between two looks. */
static void
announcer_keeps_the_start_when_the_wall_clock_is_stepped (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  HmTime added;

  (void)state;
  look (fixture, BOTH, 1);
  added = fixture->fake->wall_ns;
  tell (fixture, "device-added", "virtio-disk0", BOTH);
  fixture->fake->wall_ns -= 3600 * HM_NSEC_PER_SEC;
  look (fixture, BOTH, 1);
  expect (fixture, DISK, "g1", added);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (announcer_begins_a_life_when_a_device_is_plugged_in_anew),
    cmocka_unit_test (announcer_begins_a_life_when_the_device_is_back_before_it_is_looked_at),
    cmocka_unit_test (announcer_begins_a_life_when_a_comparison_finds_a_new_device),
    cmocka_unit_test (announcer_goes_on_with_lives_when_the_agent_is_another),
    cmocka_unit_test (announcer_begins_no_life_when_the_process_is_another),
    cmocka_unit_test (announcer_begins_no_life_when_the_description_could_not_be_read),
    cmocka_unit_test (announcer_begins_a_life_when_a_tap_is_another),
    cmocka_unit_test (announcer_begins_a_guests_life_when_it_reboots),
    cmocka_unit_test (announcer_forgets_lives_when_the_domain_is_undefined),
    cmocka_unit_test (announcer_keeps_no_values_when_the_domain_is_lost),
    cmocka_unit_test (announcer_keeps_the_start_when_the_wall_clock_is_stepped),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
