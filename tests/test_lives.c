/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inventory/lives.c and of what generation_file.c keeps for it. */
#include "tests/kit.h"

#include "agent/inventory/lives.h"

#define ID    "4f0c6a52-0001-4000-8000-000000000001"
#define EPOCH "boot:5482231:0"
#define DISK  "disk:vda"
#define TAP   "nic:52:54:00:10:00:01"
#define START (1700000000 * HM_NSEC_PER_SEC) /* of the process */

/* A domain with one of each kind of part. */
typedef struct
{
  HmSnapshot *snapshot;
  HmDomain *domain;
  HmDisk disks[1];
  HmNic nics[1];
  HmVcpu vcpus[1];
} Read;

/* @at: by the boot clock, in seconds; the read itself took one second. */
static Read *
new_read (gint64 at)
{
  g_autoptr (HmResource) resource = hm_resource_new (ID, "instance");
  Read *read = g_new0 (Read, 1);

  resource->epoch = g_strdup (EPOCH);
  resource->epoch_start = START;
  read->snapshot = hm_snapshot_new ();
  read->domain = hm_snapshot_add (read->snapshot, resource, "web");
  read->domain->boot_ns = at * HM_NSEC_PER_SEC;
  read->domain->wall_ns = START + at * HM_NSEC_PER_SEC;
  read->domain->read_ns = HM_NSEC_PER_SEC;
  read->domain->cpu_time = HM_GIVEN ((guint64)at);
  read->disks[0] = (HmDisk){ .device = DISK };
  read->nics[0] = (HmNic){ .device = TAP };
  read->vcpus[0] = (HmVcpu){ .device = "vcpu:1" };
  read->domain->disks = read->disks;
  read->domain->nics = read->nics;
  read->domain->vcpus = read->vcpus;
  read->domain->n_disks = read->domain->n_nics = read->domain->n_vcpus = 1;
  return read;
}

static void
free_read (Read *read)
{
  hm_snapshot_free (read->snapshot);
  g_free (read);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Read, free_read)

static HmGenerations *
new_generations (const char *folder)
{
  GError *error = NULL;
  HmGenerations *generations = hm_generations_new (folder, &error);

  assert_null (error);
  return generations;
}

static void
take (HmGenerations *generations, Read *read)
{
  hm_lives_take (generations, read->snapshot, read->domain, hm_generations_fell (generations, read->domain));
}

static gboolean
begin (HmGenerations *generations, HmBirthKind kind, const char *device, gint64 at)
{
  HmBirth birth = { .kind = kind,
                    .device = device,
                    .start = kind == HM_BIRTH_TOLD ? START + at * HM_NSEC_PER_SEC : HM_TIME_UNKNOWN,
                    .time = START + at * HM_NSEC_PER_SEC,
                    .boot_ns = at * HM_NSEC_PER_SEC };

  return hm_lives_begin (generations, ID, EPOCH, &birth, NULL);
}

/* The epoch of a disk that had read so many bytes in so many requests; "-": the resource's, "": left out. */
static char *
disk_epoch (HmGenerations *generations, gint64 at, guint64 bytes, guint64 requests)
{
  g_autoptr (Read) read = new_read (at);

  read->disks[0].rd_bytes = HM_GIVEN (bytes);
  read->disks[0].rd_reqs = HM_GIVEN (requests);
  take (generations, read);
  if (read->domain->n_disks == 0)
    return g_strdup ("");
  return g_strdup (read->domain->disks[0].life.epoch != NULL ? read->domain->disks[0].life.epoch : "-");
}

static void
expect_disk (HmGenerations *generations, gint64 at, guint64 bytes, guint64 requests, const char *epoch)
{
  g_autofree char *got = disk_epoch (generations, at, bytes, requests);

  assert_string_equal (got, epoch);
}

/* -- births that are told */

static void
lives_mark_a_disk_when_its_plug_was_told (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);
  g_autoptr (Read) read = new_read (102);

  (void)state;
  expect_disk (generations, 100, 5000, 50, "-");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 101));
  take (generations, read);
  assert_string_equal (read->domain->disks[0].life.epoch, "g1");
  assert_int_equal (read->domain->disks[0].life.start, START + 101 * HM_NSEC_PER_SEC);
  assert_null (read->domain->nics[0].life.epoch);
  assert_null (read->domain->vcpus[0].life.epoch);
  assert_true (begin (generations, HM_BIRTH_TO_COME, DISK, 103));
  expect_disk (generations, 105, 1, 1, "g2");
}

/* Nobody can say which of the two it read. */
/* The event was on its way when the device was read already. */
static void
lives_begin_once_when_a_device_that_was_gone_is_read_before_its_plug_is_told (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_disk (generations, 100, 5000, 50, "-");
  assert_true (begin (generations, HM_BIRTH_TO_COME, DISK, 101));
  expect_disk (generations, 103, 10, 1, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 103));
  expect_disk (generations, 104, 20, 2, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 110));
  expect_disk (generations, 112, 30, 3, "g2");
}

static void
lives_leave_a_device_out_when_it_was_plugged_during_the_read (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);
  g_autoptr (Read) read = new_read (100);

  (void)state;
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 100));
  assert_true (begin (generations, HM_BIRTH_TOLD, TAP, 100));
  take (generations, read);
  assert_int_equal (read->domain->n_disks, 0);
  assert_int_equal (read->domain->n_nics, 0);
  expect_disk (generations, 101, 10, 1, "g1");
}

static void
lives_take_an_event_for_what_was_found_when_it_comes_late (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  assert_true (begin (generations, HM_BIRTH_FOUND, DISK, 100));
  expect_disk (generations, 102, 10, 1, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 103));
  expect_disk (generations, 105, 20, 2, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 105));
  expect_disk (generations, 107, 30, 3, "g2");
  assert_true (begin (generations, HM_BIRTH_FOUND, DISK, 110));
  expect_disk (generations, 112, 40, 4, "g3");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 120));
  expect_disk (generations, 122, 50, 5, "g4");
}

/* The event had arrived, and waited, when the device was read first: both are of one plug. */
static void
lives_go_on_when_what_was_read_is_of_the_plug_that_is_told (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 100));
  expect_disk (generations, 111, 10, 1, "g1"); /* it began at 110 */
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 110));
  expect_disk (generations, 120, 20, 2, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 111));
  expect_disk (generations, 130, 30, 3, "g2");
}

/* -- births that are found */

static void
lives_begin_when_all_counters_of_a_part_fell (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_disk (generations, 100, 5000, 50, "-");
  expect_disk (generations, 110, 6000, 50, "-");
  expect_disk (generations, 120, 10, 50, "-"); /* one of the two proves nothing */
  expect_disk (generations, 130, 7000, 60, "-");
  expect_disk (generations, 140, 10, 1, "g1");
  expect_disk (generations, 150, 9, 0, "g2");
  expect_disk (generations, 160, 9, 2, "g2");
}

static void
lives_begin_once_when_the_event_comes_after_the_fall (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_disk (generations, 100, 5000, 50, "-");
  expect_disk (generations, 110, 10, 1, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 111));
  expect_disk (generations, 113, 20, 2, "g1");
}

/* Then the resource's own life is another, of which the parts' are the first. */
static void
lives_stand_when_the_whole_domain_fell (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);
  g_autoptr (Read) before = new_read (100), after = new_read (1);

  (void)state;
  before->disks[0].rd_bytes = HM_GIVEN (5000);
  take (generations, before);
  after->disks[0].rd_bytes = HM_GIVEN (1);
  take (generations, after);
  assert_null (after->domain->disks[0].life.epoch);
}

static void
lives_begin_when_a_virtual_cpu_counts_from_zero (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);
  g_autoptr (Read) before = new_read (100), after = new_read (110);

  (void)state;
  before->vcpus[0].time = HM_GIVEN (900);
  before->vcpus[0].wait = HM_GIVEN (0);
  take (generations, before);
  after->vcpus[0].time = HM_GIVEN (10);
  after->vcpus[0].wait = HM_GIVEN (0);
  take (generations, after);
  assert_string_equal (after->domain->vcpus[0].life.epoch, "g1");
  assert_int_equal (after->domain->vcpus[0].life.start, HM_TIME_UNKNOWN);
}

/* -- interfaces */

static void
expect_nic (HmGenerations *generations, gint64 at, guint64 bytes, const char *tap, const char *epoch,
            HmTime start)
{
  g_autoptr (Read) read = new_read (at);

  read->nics[0].rx_bytes = HM_GIVEN (bytes);
  read->nics[0].life = (HmLifeMark){ tap, HM_TIME_UNKNOWN };
  take (generations, read);
  assert_int_equal (g_strcmp0 (read->domain->nics[0].life.epoch, epoch), 0);
  if (epoch != NULL)
    assert_int_equal (read->domain->nics[0].life.start, start);
}

static void
lives_say_since_when_a_tap_counts_when_its_ifindex_is_known (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_nic (generations, 100, 5000, "17", "17", START);
  assert_true (begin (generations, HM_BIRTH_TOLD, TAP, 110));
  expect_nic (generations, 120, 10, "18", "18", START + 110 * HM_NSEC_PER_SEC);
}

static void
lives_number_an_interface_when_its_tap_is_not_to_be_seen (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_nic (generations, 100, 5000, NULL, NULL, HM_TIME_UNKNOWN);
  assert_true (begin (generations, HM_BIRTH_TOLD, TAP, 110));
  expect_nic (generations, 120, 6000, NULL, "g1", START + 110 * HM_NSEC_PER_SEC);
  expect_nic (generations, 130, 10, NULL, "g2", HM_TIME_UNKNOWN);
}

/* -- the guest's own counters */

/* The epoch of a guest's faults, reported at @reported. */
static void
expect_guest (HmGenerations *generations, gint64 at, gint64 reported, guint64 faults, const char *epoch)
{
  g_autoptr (Read) read = new_read (at);
  HmDomain *domain = read->domain;

  domain->minor_fault = HM_GIVEN (faults);
  if (reported != 0)
    domain->balloon_last_update = HM_GIVEN ((guint64)(START / HM_NSEC_PER_SEC + reported));
  take (generations, read);
  assert_int_equal (domain->minor_fault.given, *epoch != '\0');
  if (*epoch != '\0')
    assert_string_equal (domain->guest.epoch != NULL ? domain->guest.epoch : "-", epoch);
}

static void
lives_leave_out_what_a_guest_said_before_its_boot (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_guest (generations, 100, 99, 5000, "-");
  assert_true (begin (generations, HM_BIRTH_TOLD, HM_LIVES_GUEST, 101));
  expect_guest (generations, 103, 99, 5000, "");
  expect_guest (generations, 104, 101, 5000, "");
  expect_guest (generations, 105, 0, 5000, "");
  expect_guest (generations, 106, 105, 10, "g1");
  expect_guest (generations, 107, 106, 20, "g1");
}

/* The reset was told, and the agent restarted before the guest's driver reported again. */
static void
lives_leave_out_what_a_guest_said_before_its_boot_when_the_process_is_another (void **state)
{
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);
    HmBirth birth = { .kind = HM_BIRTH_TOLD,
                      .device = HM_LIVES_GUEST,
                      .start = START + 101 * HM_NSEC_PER_SEC + 1,
                      .time = START + 101 * HM_NSEC_PER_SEC + 1,
                      .boot_ns = 101 * HM_NSEC_PER_SEC };

    expect_guest (generations, 100, 99, 5000, "-");
    assert_true (hm_lives_begin (generations, ID, EPOCH, &birth, NULL));
  }
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    expect_guest (generations, 103, 99, 5000, "");
    expect_guest (generations, 104, 101, 5000, ""); /* of the same second, before or after */
    expect_guest (generations, 105, 0, 5000, "");
    expect_guest (generations, 106, 102, 10, "g1");
  }
  kit_remove_tree (folder);
}

/* That a life began was found: nobody knows when, and it was read already. */
static void
lives_take_a_guests_word_when_the_start_is_unknown_and_the_process_is_another (void **state)
{
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    assert_true (begin (generations, HM_BIRTH_FOUND, HM_LIVES_GUEST, 101));
  }
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    expect_guest (generations, 103, 99, 10, "g1");
  }
  kit_remove_tree (folder);
}

/* Ages are compared, not times: the wall clock was set back by an hour after the boot, the report is a second old. */
static void
lives_take_a_guests_word_when_the_wall_clock_was_stepped (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);
  g_autoptr (Read) read = new_read (110);
  HmDomain *domain = read->domain;

  (void)state;
  assert_true (begin (generations, HM_BIRTH_TOLD, HM_LIVES_GUEST, 101));
  domain->wall_ns -= 3600 * HM_NSEC_PER_SEC;
  domain->balloon_last_update = HM_GIVEN ((guint64)(domain->wall_ns / HM_NSEC_PER_SEC) - 1);
  domain->minor_fault = HM_GIVEN (10);
  take (generations, read);
  assert_true (domain->minor_fault.given);
  assert_string_equal (domain->guest.epoch, "g1");
}

static void
lives_follow_a_guests_word_once_a_minute_when_it_falls_without_end (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);

  (void)state;
  expect_guest (generations, 100, 100, 5000, "-");
  expect_guest (generations, 110, 110, 4000, "g1");
  expect_guest (generations, 120, 120, 3000, "g1");
  expect_guest (generations, 160, 160, 2000, "g1");
  expect_guest (generations, 170, 170, 1000, "g2");
}

static void
lives_write_nothing_when_a_guest_resets_itself_without_end (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autoptr (HmGenerations) generations = new_generations (folder);

  (void)state;
  assert_true (begin (generations, HM_BIRTH_TOLD, HM_LIVES_GUEST, 101));
  kit_remove_tree (folder);
  assert_true (begin (generations, HM_BIRTH_TOLD, HM_LIVES_GUEST, 102));
  expect_guest (generations, 104, 101, 10, "");
  expect_guest (generations, 105, 104, 10, "g1");
  assert_false (begin (generations, HM_BIRTH_TOLD, HM_LIVES_GUEST, 106));
}

/* -- keeping */

static void
lives_last_when_the_process_is_another (void **state)
{
  static const char odd[] = "disk:v d\na %20 \xc3\xa4";
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    assert_true (begin (generations, HM_BIRTH_TOLD, odd, 90));
    assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 100));
    assert_true (hm_generations_raise (generations, "other", EPOCH, NULL));
  }
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);
    g_autoptr (Read) read = new_read (110);

    take (generations, read);
    assert_string_equal (read->domain->disks[0].life.epoch, "g2");
    assert_int_equal (read->domain->disks[0].life.start, START + 100 * HM_NSEC_PER_SEC);
    assert_int_equal (hm_generations_get (generations, "other", "boot:5482231"), 1);
    assert_true (begin (generations, HM_BIRTH_TOLD, odd, 120));
    assert_true (hm_generations_forget (generations, ID, NULL));
    expect_disk (generations, 130, 1, 1, "-");
  }
  {
    g_autoptr (HmGenerations) generations = new_generations (folder);

    expect_disk (generations, 140, 1, 1, "-");
    assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 150));
    expect_disk (generations, 160, 1, 1, "g1");
  }
  kit_remove_tree (folder);
}

static void
lives_keep_no_other_boot_when_one_begins (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "generations", NULL);
  g_autofree char *text = NULL;
  g_autoptr (HmGenerations) generations = new_generations (folder);

  (void)state;
  assert_true (hm_generations_raise (generations, "gone", "former:1:0", NULL));
  assert_true (begin (generations, HM_BIRTH_TO_COME, DISK, 100));
  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_string_equal (text, ID " boot:5482231 " DISK " 1 gone\n");
  kit_remove_tree (folder);
}

/* The disk of the host was full: found again at the next read, and told under the old life until then. */
static void
lives_stand_when_a_new_one_cannot_be_kept (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autoptr (HmGenerations) generations = new_generations (folder);

  (void)state;
  expect_disk (generations, 100, 5000, 50, "-");
  kit_remove_tree (folder);
  expect_disk (generations, 110, 10, 1, "-");
  expect_disk (generations, 120, 20, 2, "-");
  assert_int_equal (g_mkdir_with_parents (folder, 0700), 0);
  expect_disk (generations, 130, 30, 3, "g1");
  kit_remove_tree (folder);
}

static void
lives_go_on_when_the_resource_gets_another_generation (void **state)
{
  g_autoptr (HmGenerations) generations = new_generations (NULL);
  g_autoptr (Read) read = new_read (110);

  (void)state;
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 100));
  assert_true (hm_generations_raise (generations, ID, EPOCH, NULL));
  g_free (read->domain->resource->epoch);
  read->domain->resource->epoch = g_strdup ("boot:5482231:1");
  take (generations, read);
  assert_string_equal (read->domain->disks[0].life.epoch, "g1");
  assert_int_equal (read->domain->disks[0].life.start, HM_TIME_UNKNOWN);
}

static void
lives_are_bounded_when_addresses_are_ever_new (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "generations", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (HmGenerations) generations = new_generations (folder);

  (void)state;
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 1));
  for (gint64 i = 0; i < 300; i++)
    {
      g_autofree char *device = g_strdup_printf ("nic:52:54:00:10:%02x:%02x", (guint)i >> 8, (guint)i & 255);

      assert_true (begin (generations, HM_BIRTH_TOLD, device, i));
    }
  expect_disk (generations, 400, 1, 1, "g1");
  assert_true (begin (generations, HM_BIRTH_TOLD, DISK, 401));
  expect_disk (generations, 403, 1, 1, "g302");
  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  assert_int_equal (g_strv_length (lines), 257);
  kit_remove_tree (folder);
}

static void
lives_set_the_file_aside_when_a_line_is_damaged (void **state)
{
  static const char *const damages[] = { ID " boot:5482231 " DISK " 0 -", ID " boot:5482231 " DISK " 7 noon",
                                         ID " boot:5482231 %zz 7 -", ID " boot:1 " DISK " 7 -" };
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *aside = g_build_filename (folder, "generations.damaged", NULL);

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *text = g_strdup_printf (ID " boot:5482231 " TAP " 3 -\n%s\n", damages[i]);
      g_autofree char *kept = NULL;
      g_autoptr (HmGenerations) generations = NULL;

      kit_write_file (folder, "generations", text);
      generations = new_generations (folder);
      expect_nic (generations, 100, 1, NULL, "g3", HM_TIME_UNKNOWN);
      assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
      assert_string_equal (kept, text);
    }
  kit_remove_tree (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (lives_mark_a_disk_when_its_plug_was_told),
    cmocka_unit_test (lives_begin_once_when_a_device_that_was_gone_is_read_before_its_plug_is_told),
    cmocka_unit_test (lives_leave_a_device_out_when_it_was_plugged_during_the_read),
    cmocka_unit_test (lives_take_an_event_for_what_was_found_when_it_comes_late),
    cmocka_unit_test (lives_go_on_when_what_was_read_is_of_the_plug_that_is_told),
    cmocka_unit_test (lives_begin_when_all_counters_of_a_part_fell),
    cmocka_unit_test (lives_begin_once_when_the_event_comes_after_the_fall),
    cmocka_unit_test (lives_stand_when_the_whole_domain_fell),
    cmocka_unit_test (lives_begin_when_a_virtual_cpu_counts_from_zero),
    cmocka_unit_test (lives_say_since_when_a_tap_counts_when_its_ifindex_is_known),
    cmocka_unit_test (lives_number_an_interface_when_its_tap_is_not_to_be_seen),
    cmocka_unit_test (lives_leave_out_what_a_guest_said_before_its_boot),
    cmocka_unit_test (lives_leave_out_what_a_guest_said_before_its_boot_when_the_process_is_another),
    cmocka_unit_test (lives_take_a_guests_word_when_the_start_is_unknown_and_the_process_is_another),
    cmocka_unit_test (lives_take_a_guests_word_when_the_wall_clock_was_stepped),
    cmocka_unit_test (lives_follow_a_guests_word_once_a_minute_when_it_falls_without_end),
    cmocka_unit_test (lives_write_nothing_when_a_guest_resets_itself_without_end),
    cmocka_unit_test (lives_last_when_the_process_is_another),
    cmocka_unit_test (lives_keep_no_other_boot_when_one_begins),
    cmocka_unit_test (lives_stand_when_a_new_one_cannot_be_kept),
    cmocka_unit_test (lives_go_on_when_the_resource_gets_another_generation),
    cmocka_unit_test (lives_are_bounded_when_addresses_are_ever_new),
    cmocka_unit_test (lives_set_the_file_aside_when_a_line_is_damaged),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
