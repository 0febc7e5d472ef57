/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/process_stat.c: what the kernel accounts to a QEMU process, from a /proc of the test's making. */
#include "tests/kit.h"

#include <string.h>
#include <unistd.h>

#include "agent/inspector/process_stat.h"

#define PID   4711
#define START 5482231
/* Fields 3 to 13, 16 to 21, 23, and what follows 24, none of which is used. */
#define BEFORE  " S 1 4711 4711 0 -1 138412416 24093 0 0 0 "
#define BETWEEN " 0 0 20 0 8 0 "
#define AFTER   " 18446744073709551615 1 1 0 0 0 0 0 4096 16451 0 0 0 17 1 0 0 0 0 0 1 1 1 1 1 1 1 0\n"

typedef struct
{
  char *root;
  HmProcessAccount account;
} Fixture;

static Fixture *
new_fixture (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->root = kit_temp_folder ();
  return self;
}

static void
free_fixture (Fixture *self)
{
  hm_process_account_clear (&self->account);
  kit_remove_tree (self->root);
  g_free (self->root);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

/* A stat line of that name, with utime, stime, start and rss as text. (transfer full) */
static char *
stat_line (const char *name, const char *user, const char *system, const char *start, const char *resident)
{
  return g_strdup_printf ("%d (%s)" BEFORE "%s %s" BETWEEN "%s 780083200 %s" AFTER, PID, name, user, system,
                          start, resident);
}

static void
write_file (Fixture *self, const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->root, "proc", folder, NULL);

  assert_int_equal (g_mkdir_with_parents (path, 0700), 0);
  kit_write_file (path, name, text);
}

static void
write_stat (Fixture *self, const char *folder, const char *name, const char *user, const char *system)
{
  g_autofree char *text = stat_line (name, user, system, "5482231", "38902");

  write_file (self, folder, "stat", text);
}

static void
write_thread (Fixture *self, guint id, const char *name, const char *schedstat)
{
  g_autofree char *folder = g_strdup_printf ("4711/task/%u", id);

  write_stat (self, folder, name, "240", "24");
  if (schedstat != NULL)
    write_file (self, folder, "schedstat", schedstat);
}

static gboolean
read_it (Fixture *self)
{
  hm_process_account_clear (&self->account);
  return hm_process_account_read (self->root, PID, START, &self->account);
}

static const HmVcpuAccount *
vcpu_of (const Fixture *self, guint number)
{
  for (guint i = 0; i < self->account.vcpus->len; i++)
    if (g_array_index (self->account.vcpus, HmVcpuAccount, i).number == number)
      return &g_array_index (self->account.vcpus, HmVcpuAccount, i);
  fail_msg ("no vCPU %u", number);
  return NULL;
}

static guint64
tick_ns (void)
{
  return (guint64)(HM_NSEC_PER_SEC / sysconf (_SC_CLK_TCK));
}

static void
account_is_what_the_kernel_says (void **state)
{
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  write_stat (self, "4711", "qemu-system-x86", "463", "40");
  write_thread (self, 4711, "qemu-system-x86", "1 2 3\n");
  write_thread (self, 4712, "IO mon_iothread", "1 2 3\n");
  write_thread (self, 4713, "CPU 1/KVM", "2066670171 1460942096 4626\n");
  write_thread (self, 4714, "CPU 0/TCG", "2652498747 1521771703 4556\n");
  assert_true (read_it (self));
  assert_int_equal (self->account.user_ns, 463 * tick_ns ());
  assert_int_equal (self->account.system_ns, 40 * tick_ns ());
  assert_int_equal (self->account.cpu_ns, 503 * tick_ns ());
  assert_int_equal (self->account.resident_kib, 38902 * (guint64)sysconf (_SC_PAGESIZE) / 1024);
  assert_int_equal (self->account.vcpus->len, 2);
  assert_int_equal (vcpu_of (self, 0)->time_ns, 264 * tick_ns ());
  assert_int_equal (vcpu_of (self, 0)->delay_ns.value, 1521771703);
  assert_int_equal (vcpu_of (self, 1)->delay_ns.value, 1460942096);
}

static void
account_is_refused_when_another_process_has_the_number (void **state)
{
  g_autoptr (Fixture) self = new_fixture ();
  HmProcessAccount untouched = { .user_ns = 7 };

  (void)state;
  assert_false (read_it (self)); /* there is none */
  write_stat (self, "4711", "qemu-system-x86", "463", "40");
  assert_true (read_it (self));
  assert_false (hm_process_account_read (self->root, PID, START + 1, &untouched));
  assert_false (hm_process_account_read (self->root, PID, START - 1, &untouched));
  assert_false (hm_process_account_read (self->root, PID + 1, START, &untouched));
  assert_true (untouched.user_ns == 7 && untouched.vcpus == NULL);
}

static void
account_reads_names_with_spaces_and_parentheses (void **state)
{
  static const char *const names[] = { "a b", "a) S 1 (b", "x) 9 9 9 9 9 9 9 9 9 9 9 9", ") (", "" };
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      write_stat (self, "4711", names[i], "463", "40");
      assert_true (read_it (self));
      assert_int_equal (self->account.cpu_ns, 503 * tick_ns ());
    }
}

/* Whatever its length, a file that was cut off is no answer. */
static void
account_is_refused_when_the_file_is_cut_off (void **state)
{
  g_autofree char *whole = stat_line ("qemu) (x", "463", "40", "5482231", "38902");
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  for (gsize length = 0; length < strlen (whole); length++)
    {
      g_autofree char *part = g_strndup (whole, length);

      write_file (self, "4711", "stat", part);
      assert_false (read_it (self));
    }
  write_file (self, "4711", "stat", whole);
  assert_true (read_it (self));
}

static void
account_is_refused_when_a_number_is_none (void **state)
{
  static const char *const bad[]
      = { "-1", "", "x", "1x", "1.5", "18446744073709551616", "184467440737095517", "+1" };
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *no_resident = stat_line ("q", "1", "1", "5482231", bad[i]);

      write_stat (self, "4711", "q", bad[i], "40");
      assert_false (read_it (self));
      write_stat (self, "4711", "q", "40", bad[i]);
      assert_false (read_it (self));
      if (i == 6)
        continue; /* that many pages are thinkable */
      write_file (self, "4711", "stat", no_resident);
      assert_false (read_it (self));
    }
}

static void
account_is_refused_when_times_do_not_fit (void **state)
{
  g_autoptr (Fixture) self = new_fixture ();
  g_autofree char *largest = g_strdup_printf ("%" G_GUINT64_FORMAT, G_MAXUINT64 / tick_ns ());

  (void)state;
  write_stat (self, "4711", "q", largest, "0");
  assert_true (read_it (self));
  assert_true (self->account.cpu_ns == G_MAXUINT64 / tick_ns () * tick_ns ());
  write_stat (self, "4711", "q", largest, "1000");
  assert_false (read_it (self));
}

static void
account_is_refused_when_the_file_is_huge_or_holds_a_nul (void **state)
{
  g_autofree char *whole = stat_line ("q", "463", "40", "5482231", "38902");
  g_autofree char *zeros = g_strnfill (100000, '0');
  g_autofree char *huge = stat_line ("q", zeros, "40", "5482231", "38902");
  g_autofree char *path = NULL;
  g_autoptr (Fixture) self = new_fixture ();
  gsize length = strlen (whole);

  (void)state;
  write_file (self, "4711", "stat", huge);
  assert_false (read_it (self));
  path = g_build_filename (self->root, "proc/4711/stat", NULL);
  whole[length - 2] = '\0';
  assert_true (g_file_set_contents (path, whole, (gssize)length, NULL));
  assert_false (read_it (self));
}

static void
account_has_no_vcpus_when_they_cannot_be_told_apart (void **state)
{
  g_autoptr (Fixture) twice = new_fixture (), all = new_fixture (), none = new_fixture ();

  (void)state;
  write_stat (twice, "4711", "qemu", "1", "1");
  write_thread (twice, 1, "CPU 0/KVM", "1 2 3\n");
  write_thread (twice, 2, "CPU 0/KVM", "1 2 3\n");
  assert_true (read_it (twice));
  assert_int_equal (twice->account.vcpus->len, 0);
  write_stat (all, "4711", "qemu", "1", "1");
  write_thread (all, 1, "ALL CPUs/TCG", "1 2 3\n");
  write_thread (all, 2, "CPU 0/TCG", "1 2 3\n");
  assert_true (read_it (all));
  assert_int_equal (all->account.vcpus->len, 0);
  write_stat (none, "4711", "qemu", "1", "1");
  assert_true (read_it (none));
  assert_int_equal (none->account.vcpus->len, 0);
}

static void
account_passes_over_threads_that_only_look_like_vcpus (void **state)
{
  static const char *const names[]
      = { "CPU 0",         "CPU /KVM",  "CPU x/KVM", "CPU 1/KVMX",
          "CPU 99999/KVM", "CPU-0/KVM", "cpu 0/KVM", "CPU 18446744073709551616/KVM",
          "CPU  1/KVM" };
  g_autoptr (Fixture) self = new_fixture ();

  (void)state;
  write_stat (self, "4711", "qemu", "1", "1");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    write_thread (self, 100 + i, names[i], "1 2 3\n");
  write_file (self, "4711/task/200", "stat", "garbage\n");
  write_file (self, "4711/task/folder", "stat", "garbage\n");
  write_thread (self, 300, "CPU 7/KVM", "1 2 3\n");
  assert_true (read_it (self));
  assert_int_equal (self->account.vcpus->len, 1);
  assert_int_equal (vcpu_of (self, 7)->delay_ns.value, 2);
}

static void
account_tells_that_the_guest_is_sent_elsewhere (void **state)
{
  static const char *const names[] = { "live_migration", "mig/src/main", "live_migration2", "mig/dst/main" };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (Fixture) self = new_fixture ();

      write_stat (self, "4711", "qemu", "1", "1");
      write_thread (self, 1, "CPU 0/KVM", "1 2 3\n");
      write_thread (self, 2, names[i], "1 2 3\n");
      assert_true (read_it (self));
      assert_int_equal (self->account.is_sending, i < 2);
      assert_int_equal (self->account.vcpus->len, 1);
    }
}

static void
account_has_no_delay_when_the_kernel_keeps_none (void **state)
{
  static const char *const texts[] = { NULL, "0 0 0\n", "1\n", "1 x 3\n", "1 -2 3\n", "1 2 3", "" };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (Fixture) self = new_fixture ();

      write_stat (self, "4711", "qemu", "1", "1");
      write_thread (self, 1, "CPU 0/KVM", texts[i]);
      assert_true (read_it (self));
      assert_int_equal (vcpu_of (self, 0)->time_ns, 264 * tick_ns ());
      assert_false (vcpu_of (self, 0)->delay_ns.given);
    }
}

/* The kernel's own files, of this very process. */
static void
account_of_a_real_process_is_read (void **state)
{
  g_autofree char *text = NULL;
  g_auto (HmProcessAccount) account = { 0 };
  g_auto (GStrv) fields = NULL;

  (void)state;
  assert_true (g_file_get_contents ("/proc/self/stat", &text, NULL, NULL));
  fields = g_strsplit (strrchr (text, ')') + 2, " ", -1);
  assert_true (
      hm_process_account_read ("", getpid (), g_ascii_strtoull (fields[22 - 3], NULL, 10), &account));
  assert_true (account.resident_kib > 0);
  assert_int_equal (account.vcpus->len, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (account_is_what_the_kernel_says),
    cmocka_unit_test (account_is_refused_when_another_process_has_the_number),
    cmocka_unit_test (account_reads_names_with_spaces_and_parentheses),
    cmocka_unit_test (account_is_refused_when_the_file_is_cut_off),
    cmocka_unit_test (account_is_refused_when_a_number_is_none),
    cmocka_unit_test (account_is_refused_when_times_do_not_fit),
    cmocka_unit_test (account_is_refused_when_the_file_is_huge_or_holds_a_nul),
    cmocka_unit_test (account_has_no_vcpus_when_they_cannot_be_told_apart),
    cmocka_unit_test (account_passes_over_threads_that_only_look_like_vcpus),
    cmocka_unit_test (account_tells_that_the_guest_is_sent_elsewhere),
    cmocka_unit_test (account_has_no_delay_when_the_kernel_keeps_none),
    cmocka_unit_test (account_of_a_real_process_is_read),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
