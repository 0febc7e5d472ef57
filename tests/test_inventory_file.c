/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/inventory_file.c and inventory_json.c, and of what an announcer says that starts with what they remember. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/inventory/announce.h"
#include "agent/inventory/inventory_file.h"
#include "agent/replace.h"

#define ID    "4f0c6a52-0001-4000-8000-000000000001"
#define BOOT  "0d1fc0de-0000-4000-8000-00000000b007"
#define URI   "qemu:///system"
#define START (1700000000 * HM_NSEC_PER_SEC)

#define NOVA(owner)                                                                                           \
  "<domain><metadata><n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.1'><n:name>wéb</n:name>" \
  "<n:flavor name='m1'><n:disk>20</n:disk></n:flavor><n:owner><n:user uuid='u'/><n:project uuid='" owner      \
  "'/></n:owner></n:instance></metadata><devices><disk><target dev='vda'/><alias "                            \
  "name='virtio-disk0'/></disk>"                                                                              \
  "<interface><mac address='52:54:00:00:00:01'/><target dev='vnet0'/></interface></devices></domain>"

typedef struct
{
  char *root, *path;
  HmFakeClock *clock;
  HmInventory *inventory;
  HmInventoryFile *file;
  HmGenerations *generations;
  HmAnnouncer *announcer;
  GString *told;
  HmTime not_before;
  gboolean uses_other_driver; /* whose domains are no processes */
} Fixture;

static void
on_event (const HmDomainEvent *event, gpointer user)
{
  Fixture *f = user;

  g_string_append_printf (f->told, "%s %s%s, ", event->event, hm_state_name (event->resource->state),
                          event->compared ? " ~" : "");
  f->not_before = event->not_before;
}

/* As an agent's process would begin. */
static void
begin (Fixture *f, const char *uri)
{
  HmAnnouncerOptions options
      = { .has_processes = !f->uses_other_driver, .on_event = on_event, .user = f, .root = f->root };
  g_autoptr (GError) error = NULL;

  f->inventory = hm_inventory_new ();
  f->file = hm_inventory_file_new (f->inventory, f->root, uri, &f->clock->clock, &error);
  assert_null (error);
  f->generations = hm_generations_new (NULL, NULL);
  options.clock = &f->clock->clock;
  options.inventory = f->inventory;
  options.generations = f->generations;
  f->announcer = hm_announcer_new (&options, NULL);
  assert_non_null (f->announcer);
}

static void
end (Fixture *f)
{
  hm_announcer_free (f->announcer);
  hm_generations_free (f->generations);
  hm_inventory_file_free (f->file);
  hm_inventory_free (f->inventory);
}

static void
restart (Fixture *f)
{
  end (f);
  begin (f, URI);
}

static void
write_below (const char *root, const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (root, folder, NULL);

  assert_int_equal (g_mkdir_with_parents (path, 0755), 0);
  kit_write_file (path, name, text);
}

/* A process of the domain that started so many ticks after boot. */
static void
write_process (const Fixture *f, guint ticks)
{
  g_autofree char *command = g_build_filename (f->root, "proc/77/cmdline", NULL);
  g_autofree char *stat
      = g_strdup_printf ("77 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %u 0 0 0\n", ticks);

  write_below (f->root, "run/libvirt/qemu", "web.pid", "77\n");
  write_below (f->root, "proc/77", "stat", stat);
  assert_true (g_file_set_contents (command, "qemu\0-uuid\0" ID, sizeof ("qemu\0-uuid\0" ID), NULL));
}

static int
setup (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->root = kit_temp_folder ();
  f->path = g_build_filename (f->root, HM_INVENTORY_FILE, NULL);
  write_below (f->root, "proc/sys/kernel/random", "boot_id", BOOT "\n");
  write_process (f, 100);
  f->clock = hm_fake_clock_new (START);
  f->told = g_string_new (NULL);
  hm_replace_good_calls = -1;
  begin (f, URI);
  *state = f;
  return 0;
}

static int
teardown (void **state)
{
  Fixture *f = *state;

  hm_replace_good_calls = -1;
  end (f);
  kit_remove_tree (f->root);
  g_string_free (f->told, TRUE);
  g_free (f->clock);
  g_free (f->root);
  g_free (f->path);
  g_free (f);
  return 0;
}

static void
save (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  assert_true (hm_inventory_file_save (f->file, &error));
  assert_null (error);
}

static void
free_seen (gpointer data)
{
  hm_seen_domain_free (data);
}

/* All that the hypervisor shows is the one domain, or with @xml NULL none. */
static void
show (Fixture *f, const char *xml, HmState domain_state, int domain_id)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (free_seen);
  HmSeenDomain *seen = g_new0 (HmSeenDomain, 1);

  g_strlcpy (seen->id, ID, sizeof (seen->id));
  seen->name = g_strdup ("web");
  seen->xml = g_strdup (xml);
  seen->state = domain_state;
  seen->domain_id = domain_id;
  seen->persistent = TRUE;
  if (xml != NULL)
    g_ptr_array_add (all, seen);
  else
    hm_seen_domain_free (seen);
  hm_announcer_take_all (f->announcer, all, TRUE);
}

static void
expect (Fixture *f, const char *told)
{
  assert_string_equal (f->told->str, told);
  g_string_truncate (f->told, 0);
}

/* The domain ran when the agent ended; an hour later it begins anew. */
static void
remember (Fixture *f, HmState domain_state, int domain_id)
{
  show (f, NOVA ("p"), domain_state, domain_id);
  g_string_truncate (f->told, 0);
  save (f);
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC);
  restart (f);
}

/* -- the file */

static void
file_gives_back_what_was_known (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) before = NULL;
  g_autoptr (HmInstance) after = NULL;
  HmInventoryStatus status;

  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  before = hm_inventory_get (f->inventory, ID);
  save (f);
  restart (f);
  after = hm_inventory_get (f->inventory, ID);
  assert_non_null (after);
  assert_true (after->is_remembered && !before->is_remembered);
  assert_int_equal (hm_instance_compare (before, after), 0);
  assert_true (after->resource->epoch_start == before->resource->epoch_start);
  assert_string_equal (hm_resource_description (after->resource, "display_name"), "wéb");
  assert_int_equal (after->resource->root_gib, 20);
  assert_true (after->looked == START && before->looked == START);
  assert_true (after->persistent && after->domain_id == 3);
  assert_string_equal (hm_instance_find_alias (after, "virtio-disk0")->device, "disk:vda");
  assert_string_equal (hm_instance_find_device (after, HM_DEVICE_NIC, "vnet0")->mac, "52:54:00:00:00:01");
  assert_true (hm_inventory_last_seen (f->inventory, ID) == START);
  hm_inventory_status (f->inventory, &status);
  assert_int_equal (status.remembered, 1);
}

static void
file_is_for_its_owner_alone (void **state)
{
  Fixture *f = *state;
  struct stat info;

  save (f);
  assert_int_equal (g_stat (f->path, &info), 0);
  assert_int_equal (info.st_mode & 0777, 0600);
}

static void
file_is_not_used_for_another_hypervisor (void **state)
{
  Fixture *f = *state;

  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  save (f);
  end (f);
  begin (f, "test:///default");
  assert_null (hm_inventory_get (f->inventory, ID));
  assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

#define HEAD "{\"format\":\"hypermeter.inventory\",\"version\":1,\"uri\":\"" URI "\",\"instances\":"

static void
file_is_set_aside_when_it_is_damaged (void **state)
{
  static const char *const damages[] = {
    "",
    "{}",
    "[]",
    HEAD,
    HEAD "{}}",
    HEAD "[1]}",
    HEAD "[{\"id\":\"a\"}]}",
    "{\"format\":\"hypermeter.inventory\",\"version\":2,\"instances\":[]}",
    HEAD "[{\"id\":\"a\",\"name\":\"n\",\"project\":\"p\",\"user\":\"u\",\"state\":\"asleep\","
         "\"description\":{},\"devices\":[]}]}",
    HEAD "[{\"id\":\"a\",\"name\":\"n\",\"project\":\"p\",\"user\":\"u\",\"description\":{\"k\":1},"
         "\"devices\":[]}]}",
    HEAD "[{\"id\":\"a\",\"name\":\"n\",\"project\":\"p\",\"user\":\"u\",\"description\":{},\"devices\":[{"
         "\"kind\":\"usb\",\"device\":\"d\"}]}]}",
  };
  Fixture *f = *state;
  g_autofree char *aside = g_strconcat (f->path, ".damaged", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autoptr (GPtrArray) all = NULL;

      kit_write_file (f->root, HM_INVENTORY_FILE, damages[i]);
      restart (f);
      all = hm_inventory_list (f->inventory);
      assert_int_equal (all->len, 0);
      assert_int_equal (g_unlink (aside), 0);
      assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
    }
}

/* Whichever call fails, what stands there is whole: the one of before, or the new one. */
static void
file_is_whole_whatever_call_fails (void **state)
{
  Fixture *f = *state;
  guint failures = 0;

  for (gint good = 0; good < 8; good++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HmInstance) known = NULL;

      show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
      save (f);
      show (f, NOVA ("q"), HM_STATE_RUNNING, 3);
      hm_replace_good_calls = good;
      failures += !hm_inventory_file_save (f->file, &error);
      hm_replace_good_calls = -1;
      restart (f);
      known = hm_inventory_get (f->inventory, ID);
      assert_non_null (known);
      assert_true (g_str_equal (known->resource->project, "p")
                   || g_str_equal (known->resource->project, "q"));
      assert_true (error != NULL || g_str_equal (known->resource->project, "q"));
    }
  assert_int_equal (failures, 5);
}

static void
file_is_written_at_the_end_when_it_is_kept (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) known = NULL;

  assert_true (hm_inventory_file_start (f->file, 3600 * HM_NSEC_PER_SEC, 3600 * HM_NSEC_PER_SEC, NULL));
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  restart (f);
  known = hm_inventory_get (f->inventory, ID);
  assert_non_null (known);
}

/* A kill may leave what was about to take the file's place. */
static void
file_is_written_when_half_a_one_was_left (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->root, HM_INVENTORY_FILE ".new", "{");
  save (f);
  assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

/* -- what is said then */

static void
start_describes_and_no_more_when_nothing_happened (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) known = NULL;

  remember (f, HM_STATE_RUNNING, 3);
  assert_true (hm_announcer_needs_look (f->announcer, ID));
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  expect (f, "described running ~, ");
  assert_false (hm_announcer_needs_look (f->announcer, ID));
  known = hm_inventory_get (f->inventory, ID);
  assert_false (known->is_remembered);
}

static void
start_finds_what_ended_since_it_was_seen_last (void **state)
{
  Fixture *f = *state;

  remember (f, HM_STATE_RUNNING, 3);
  show (f, NOVA ("p"), HM_STATE_SHUTOFF, -1);
  expect (f, "described shutoff ~, stopped shutoff ~, ");
  assert_true (f->not_before == START);
}

static void
start_finds_what_is_gone_since_it_was_seen_last (void **state)
{
  Fixture *f = *state;

  remember (f, HM_STATE_RUNNING, 3);
  show (f, NULL, HM_STATE_UNKNOWN, -1);
  assert_non_null (strstr (f->told->str, "lost lost ~, "));
  assert_true (f->not_before == START);
}

static void
start_finds_another_owner_and_another_process (void **state)
{
  Fixture *f = *state;

  remember (f, HM_STATE_RUNNING, 3);
  write_process (f, 200);
  show (f, NOVA ("q"), HM_STATE_RUNNING, 3);
  expect (f, "described running ~, owner-changed running ~, started running ~, ");
}

static void
hide_process (const Fixture *f)
{
  g_autofree char *pid = g_build_filename (f->root, "run/libvirt/qemu/web.pid", NULL);
  g_autofree char *process = g_build_filename (f->root, "proc/77", NULL);

  g_unlink (pid);
  kit_remove_tree (process);
}

static void
expect_epoch (Fixture *f, const char *epoch, HmTime start)
{
  g_autoptr (HmInstance) known = hm_inventory_get (f->inventory, ID);

  assert_non_null (known->resource->epoch);
  assert_string_equal (known->resource->epoch, epoch);
  assert_int_equal (known->resource->epoch_start, start);
}

/* The domain's process is hidden from this run of the agent, longer than one waits for it. */
static void
show_hidden (Fixture *f, int domain_id)
{
  show (f, NOVA ("p"), HM_STATE_RUNNING, domain_id);
  hm_fake_clock_advance (f->clock, 60 * HM_NSEC_PER_SEC);
  show (f, NOVA ("p"), HM_STATE_RUNNING, domain_id);
}

/* A new name would have all that it ever counted told again. libvirtd still reads the process, in calls of its own. */
static void
start_goes_on_with_an_epoch_when_its_process_is_hidden_by_then (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) before = NULL;
  g_autoptr (HmInstance) known = NULL;

  remember (f, HM_STATE_RUNNING, 3);
  before = hm_inventory_get (f->inventory, ID);
  before->kind.by_process = TRUE;
  hide_process (f);
  show_hidden (f, 3);
  expect_epoch (f, BOOT ":100:0", before->resource->epoch_start);
  known = hm_inventory_get (f->inventory, ID);
  assert_false (known->kind.by_process);
}

static void
start_believes_no_epoch_of_another_start_when_the_process_is_hidden (void **state)
{
  Fixture *f = *state;

  remember (f, HM_STATE_RUNNING, 3);
  hide_process (f);
  show_hidden (f, 4);
  expect_epoch (f, BOOT ":d4:0", HM_TIME_UNKNOWN);
}

static void
start_believes_no_epoch_of_another_boot_when_the_process_is_hidden (void **state)
{
  static const char other[] = "0d1fc0de-0000-4000-8000-00000000b008";
  Fixture *f = *state;

  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  save (f);
  hide_process (f);
  write_below (f->root, "proc/sys/kernel/random", "boot_id", other);
  restart (f);
  show_hidden (f, 3);
  expect_epoch (f, "0d1fc0de-0000-4000-8000-00000000b008:d3:0", HM_TIME_UNKNOWN);
}

/* Runs 300 s after the boot, hidden, and is known in the next run by its domain id. */
static void
remember_hidden (Fixture *f)
{
  f->clock->boot_ns = 300 * HM_NSEC_PER_SEC;
  hide_process (f);
  show_hidden (f, 3);
  expect_epoch (f, BOOT ":d3:0", HM_TIME_UNKNOWN);
  save (f);
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC);
  restart (f);
}

static void
start_goes_on_with_a_domain_id_when_the_process_is_seen_by_then (void **state)
{
  Fixture *f = *state;
  guint hz = (guint)sysconf (_SC_CLK_TCK);

  remember_hidden (f);
  write_process (f, 100 * hz);
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  expect_epoch (f, BOOT ":d3:0", HM_TIME_UNKNOWN);
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  expect_epoch (f, BOOT ":d3:0", HM_TIME_UNKNOWN);
}

/* The process began after the domain was seen last, so it is another one, whatever its id. */
static void
start_believes_no_domain_id_when_the_process_is_younger (void **state)
{
  Fixture *f = *state;
  guint hz = (guint)sysconf (_SC_CLK_TCK);
  g_autofree char *epoch = g_strdup_printf (BOOT ":%u:0", 1000 * hz);

  remember_hidden (f);
  write_process (f, 1000 * hz);
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  expect_epoch (f, epoch, START + 700 * HM_NSEC_PER_SEC);
}

static void
start_goes_on_with_a_domain_id_when_the_process_stays_hidden (void **state)
{
  Fixture *f = *state;

  remember_hidden (f);
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  expect_epoch (f, BOOT ":d3:0", HM_TIME_UNKNOWN);
}

/* Whether it has a cgroup is hidden too: the bulk group knows, virDomainGetInfo has the process's time, another counter. */
static void
hidden_process_keeps_to_the_bulk_groups_cpu_time (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) first = NULL;
  g_autoptr (HmInstance) later = NULL;

  hide_process (f);
  show_hidden (f, 3);
  first = hm_inventory_get (f->inventory, ID);
  assert_true (first->kind.in_cgroup && !first->kind.by_process);
  remember (f, HM_STATE_RUNNING, 3);
  write_process (f, 0);
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  later = hm_inventory_get (f->inventory, ID);
  assert_true (later->kind.in_cgroup && !later->kind.by_process);
  assert_int_equal (hm_plan_settled (HM_FIELD_CPU_TIME, later->kind), HM_READ_BIT (HM_READ_BULK_CPU));
}

/* libvirt's test driver has no such group. */
static void
driver_without_processes_is_settled_on_nothing (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmInstance) known = NULL;

  end (f);
  f->uses_other_driver = TRUE;
  begin (f, URI);
  show (f, NOVA ("p"), HM_STATE_RUNNING, 3);
  known = hm_inventory_get (f->inventory, ID);
  assert_string_equal (known->resource->epoch, BOOT ":d3:0");
  assert_int_equal (hm_plan_settled (HM_FIELD_CPU_TIME, known->kind), 0);
}

#define case_of(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    case_of (file_gives_back_what_was_known),
    case_of (file_is_for_its_owner_alone),
    case_of (file_is_not_used_for_another_hypervisor),
    case_of (file_is_set_aside_when_it_is_damaged),
    case_of (file_is_whole_whatever_call_fails),
    case_of (file_is_written_at_the_end_when_it_is_kept),
    case_of (file_is_written_when_half_a_one_was_left),
    case_of (start_describes_and_no_more_when_nothing_happened),
    case_of (start_finds_what_ended_since_it_was_seen_last),
    case_of (start_finds_what_is_gone_since_it_was_seen_last),
    case_of (start_finds_another_owner_and_another_process),
    case_of (start_goes_on_with_an_epoch_when_its_process_is_hidden_by_then),
    case_of (start_believes_no_epoch_of_another_start_when_the_process_is_hidden),
    case_of (start_believes_no_epoch_of_another_boot_when_the_process_is_hidden),
    case_of (start_goes_on_with_a_domain_id_when_the_process_is_seen_by_then),
    case_of (start_believes_no_domain_id_when_the_process_is_younger),
    case_of (start_goes_on_with_a_domain_id_when_the_process_stays_hidden),
    case_of (hidden_process_keeps_to_the_bulk_groups_cpu_time),
    case_of (driver_without_processes_is_settled_on_nothing),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
