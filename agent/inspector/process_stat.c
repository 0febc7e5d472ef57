/* SPDX-License-Identifier: Apache-2.0 */
/* process_stat: parses /proc/<pid>/stat and, below task/, stat and schedstat of each vCPU's thread.
 *
 * All is read below one descriptor of the process's folder, so that nothing is read of another process that got the
 * number meanwhile. QEMU names a vCPU's thread "CPU 0/KVM" or "CPU 0/TCG"; two of one number, or one thread for all
 * ("ALL CPUs/TCG"), tell nothing of any. */
#include "agent/inspector/process_stat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "metering/clock.h"

#define FILE_MAX    4096 /* bytes; 52 numbers of 20 digits and a name are 1,200 */
#define THREADS_MAX 65536
#define VCPUS_MAX   4096

/* What is used of a stat, by field numbers of proc(5). */
enum
{
  USER_TIME = 14,
  SYSTEM_TIME = 15,
  START = 22,
  RESIDENT = 24,
};

typedef struct
{
  char name[80]; /* the kernel's own are shorter */
  guint64 user_ns, system_ns, start_ticks, resident_pages;
} Stat;

/* The whole file, ended by a NUL. FALSE when it is not there, too long, empty, cut off or holds a NUL. */
static gboolean
read_file (int folder, const char *name, char text[static FILE_MAX])
{
  int fd = openat (folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gsize length = 0;
  ssize_t n = fd < 0 ? -1 : 1;

  while (n > 0 && length < FILE_MAX)
    {
      n = read (fd, text + length, FILE_MAX - length);
      if (n > 0)
        length += (gsize)n;
      else if (n < 0 && errno == EINTR)
        n = 1;
    }
  if (fd >= 0)
    close (fd);
  if (n != 0 || length == 0 || text[length - 1] != '\n' || memchr (text, '\0', length) != NULL)
    return FALSE;
  text[length - 1] = '\0';
  return TRUE;
}

/* -- parsing */

static gboolean
parse_number (const char *field, guint64 *ret_number)
{
  gsize length = strspn (field, "0123456789");
  HmValue value;

  if ((field[length] != ' ' && field[length] != '\0')
      || !hm_value_parse (field, length, HM_VALUE_U64, &value))
    return FALSE;
  *ret_number = value.u64;
  return TRUE;
}

/* As libvirt reckons: a whole number of nanoseconds per tick. */
static gboolean
parse_time (const char *field, guint64 *ret_ns)
{
  long hz = sysconf (_SC_CLK_TCK);
  guint64 ticks;

  return hz > 0 && hz <= HM_NSEC_PER_SEC && parse_number (field, &ticks)
         && g_uint64_checked_mul (ret_ns, ticks, (guint64)(HM_NSEC_PER_SEC / hz));
}

static gboolean
parse_field (guint number, const char *field, Stat *stat)
{
  switch (number)
    {
    case USER_TIME:
      return parse_time (field, &stat->user_ns);
    case SYSTEM_TIME:
      return parse_time (field, &stat->system_ns);
    case START:
      return parse_number (field, &stat->start_ticks);
    case RESIDENT:
      return parse_number (field, &stat->resident_pages);
    default:
      return TRUE;
    }
}

/* The second field, a name in parentheses, may hold spaces and parentheses itself: it ends at the last one. */
static gboolean
parse_stat (const char *text, Stat *ret_stat)
{
  const char *name = strchr (text, '('), *end = strrchr (text, ')');
  const char *field = end;

  if (name == NULL || end == NULL || end <= name || (gsize)(end - name) > sizeof (ret_stat->name))
    return FALSE;
  memcpy (ret_stat->name, name + 1, (gsize)(end - name - 1));
  ret_stat->name[end - name - 1] = '\0';
  for (guint number = 3; number <= RESIDENT; number++)
    {
      field = strchr (field, ' ');
      if (field == NULL || !parse_field (number, ++field, ret_stat))
        return FALSE;
    }
  return TRUE;
}

typedef enum
{
  OTHER_THREAD,
  ONE_VCPU,
  ALL_VCPUS,
  SENDER,
} ThreadKind;

static ThreadKind
kind_of_thread (const char *name, guint *ret_number)
{
  const char *digits = name + strlen ("CPU ");
  char *end = NULL;
  guint64 number;

  if (g_str_has_prefix (name, "ALL CPUs/"))
    return ALL_VCPUS;
  if (strcmp (name, "live_migration") == 0
      || strcmp (name, "mig/src/main") == 0) /* the latter since QEMU 9.1 */
    return SENDER;
  if (!g_str_has_prefix (name, "CPU ") || !g_ascii_isdigit (*digits))
    return OTHER_THREAD;
  number = g_ascii_strtoull (digits, &end, 10);
  if (number >= VCPUS_MAX || (strcmp (end, "/KVM") != 0 && strcmp (end, "/TCG") != 0))
    return OTHER_THREAD;
  *ret_number = (guint)number;
  return ONE_VCPU;
}

/* -- threads */

static gboolean
read_stat (int folder, Stat *ret_stat)
{
  char text[FILE_MAX];

  return read_file (folder, "stat", text) && parse_stat (text, ret_stat);
}

/* "run delay slices". A kernel without the account has zeros, or no such file. */
static HmMaybe
read_delay (int folder)
{
  char text[FILE_MAX];
  const char *second;
  guint64 run, delay;

  if (!read_file (folder, "schedstat", text) || !parse_number (text, &run))
    return HM_ABSENT;
  second = strchr (text, ' ');
  if (second == NULL || !parse_number (second + 1, &delay) || (run == 0 && delay == 0))
    return HM_ABSENT;
  return HM_GIVEN (delay);
}

static gboolean
has_vcpu (const GArray *vcpus, guint number)
{
  for (guint i = 0; i < vcpus->len; i++)
    if (g_array_index (vcpus, HmVcpuAccount, i).number == number)
      return TRUE;
  return FALSE;
}

/* Adds the thread if it is a vCPU's. FALSE: the vCPUs cannot be told apart. */
static gboolean
take_thread (int folder, HmProcessAccount *account)
{
  HmVcpuAccount vcpu = { 0 };
  Stat stat;

  if (!read_stat (folder, &stat))
    return TRUE; /* it has ended */
  switch (kind_of_thread (stat.name, &vcpu.number))
    {
    case SENDER:
      account->is_sending = TRUE;
      return TRUE;
    case OTHER_THREAD:
      return TRUE;
    case ALL_VCPUS:
      return FALSE;
    case ONE_VCPU:
      break;
    }
  if (has_vcpu (account->vcpus, vcpu.number)
      || !g_uint64_checked_add (&vcpu.time_ns, stat.user_ns, stat.system_ns))
    return FALSE;
  vcpu.delay_ns = read_delay (folder);
  g_array_append_val (account->vcpus, vcpu);
  return TRUE;
}

static gboolean
take_entry (DIR *threads, const struct dirent *entry, HmProcessAccount *account)
{
  gboolean is_clear = TRUE;
  int folder;

  if (!g_ascii_isdigit (entry->d_name[0]))
    return TRUE;
  folder = openat (dirfd (threads), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (folder < 0)
    return TRUE;
  is_clear = take_thread (folder, account);
  close (folder);
  return is_clear;
}

static gboolean
take_entries (DIR *threads, HmProcessAccount *account)
{
  const struct dirent *entry;
  guint n = 0;

  while ((entry = readdir (threads)) != NULL)
    if (++n > THREADS_MAX || !take_entry (threads, entry, account))
      return FALSE;
  return TRUE;
}

static void
read_threads (int process, HmProcessAccount *account)
{
  int fd = openat (process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *threads = fd >= 0 ? fdopendir (fd) : NULL;

  if (threads == NULL)
    {
      if (fd >= 0)
        close (fd);
      return;
    }
  if (!take_entries (threads, account))
    g_array_set_size (account->vcpus, 0);
  closedir (threads);
}

/* -- the process */

static gboolean
read_account (int process, guint64 start_ticks, HmProcessAccount *ret_account)
{
  guint64 page_kib = (guint64)sysconf (_SC_PAGESIZE) / 1024;
  HmProcessAccount account = { 0 };
  Stat stat;

  if (!read_stat (process, &stat) || stat.start_ticks != start_ticks
      || !g_uint64_checked_add (&account.cpu_ns, stat.user_ns, stat.system_ns)
      || !g_uint64_checked_mul (&account.resident_kib, stat.resident_pages, page_kib))
    return FALSE;
  account.user_ns = stat.user_ns;
  account.system_ns = stat.system_ns;
  account.vcpus = g_array_new (FALSE, FALSE, sizeof (HmVcpuAccount));
  read_threads (process, &account);
  *ret_account = account;
  return TRUE;
}

gboolean
hm_process_account_read (const char *root, gint64 pid, guint64 start_ticks, HmProcessAccount *ret_account)
{
  g_autofree char *path = g_strdup_printf ("%s/proc/%" G_GINT64_FORMAT, root, pid);
  int process = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean is_read;

  if (process < 0)
    return FALSE;
  is_read = read_account (process, start_ticks, ret_account);
  close (process);
  return is_read;
}

void
hm_process_account_clear (HmProcessAccount *account)
{
  g_clear_pointer (&account->vcpus, g_array_unref);
}
