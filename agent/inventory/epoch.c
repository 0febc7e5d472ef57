/* SPDX-License-Identifier: Apache-2.0 */
/* epoch: finds a domain's process and names the life of its counters.
 *
 * The inventory's worker asks when a domain was started, appeared, or was compared. A pid is believed only
 * after its command line was read, so neither a stale pid file nor a number given away again names a wrong
 * process. */
#include "agent/inventory/epoch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metering/error.h"

#define STAT_START_FIELD 22

struct HmProcessFinder
{
  char *root;
  GHashTable
      *scanned; /* uuid → HmProcessFinder's own gint64 pid, of the last scan; believed only once verified */
};

HmProcessFinder *
hm_process_finder_new (const char *root)
{
  HmProcessFinder *finder = g_new0 (HmProcessFinder, 1);

  finder->root = g_strdup (root);
  finder->scanned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return finder;
}

void
hm_process_finder_free (HmProcessFinder *finder)
{
  if (finder == NULL)
    return;
  g_hash_table_unref (finder->scanned);
  g_free (finder->root);
  g_free (finder);
}

/* Files of /proc have no size, so they are read to their end. FALSE when it is not there (any more). */
static gboolean
read_proc (HmProcessFinder *finder, gint64 pid, const char *file, char **ret_text, gsize *ret_length)
{
  g_autofree char *path = g_strdup_printf ("%s/proc/%" G_GINT64_FORMAT "/%s", finder->root, pid, file);

  return g_file_get_contents (path, ret_text, ret_length, NULL);
}

/* What follows the argument "-uuid" in the NUL-separated @arguments, which end in a NUL of their own. */
static const char *
uuid_argument (const char *arguments, gsize length)
{
  const char *end = arguments + length;
  gboolean is_next = FALSE;

  for (const char *argument = arguments; argument < end; argument += strlen (argument) + 1)
    {
      if (is_next)
        return argument;
      is_next = strcmp (argument, "-uuid") == 0;
    }
  return NULL;
}

static gboolean
has_uuid (HmProcessFinder *finder, gint64 pid, const char *uuid)
{
  g_autofree char *arguments = NULL;
  gsize length;

  return read_proc (finder, pid, "cmdline", &arguments, &length)
         && g_strcmp0 (uuid_argument (arguments, length), uuid) == 0;
}

static gboolean
pid_of_file (HmProcessFinder *finder, const char *name, gint64 *ret_pid)
{
  g_autofree char *path = g_strdup_printf ("%s/run/libvirt/qemu/%s.pid", finder->root, name);
  g_autofree char *text = NULL;

  if (strchr (name, '/') != NULL || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  return g_ascii_string_to_signed (g_strstrip (text), 10, 1, G_MAXINT, ret_pid, NULL);
}

static void
scan_one (HmProcessFinder *finder, gint64 pid)
{
  g_autofree char *arguments = NULL;
  const char *uuid;
  gsize length;

  if (!read_proc (finder, pid, "cmdline", &arguments, &length))
    return;
  uuid = uuid_argument (arguments, length);
  if (uuid != NULL)
    g_hash_table_replace (finder->scanned, g_strdup (uuid), g_memdup2 (&pid, sizeof (pid)));
}

static void
scan (HmProcessFinder *finder)
{
  g_autofree char *path = g_strconcat (finder->root, "/proc", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *entry;
  gint64 pid;

  g_hash_table_remove_all (finder->scanned);
  while (folder != NULL && (entry = g_dir_read_name (folder)) != NULL)
    if (g_ascii_string_to_signed (entry, 10, 1, G_MAXINT, &pid, NULL))
      scan_one (finder, pid);
}

static gboolean
pid_of_scan (HmProcessFinder *finder, const char *uuid, gint64 *ret_pid)
{
  const gint64 *pid = g_hash_table_lookup (finder->scanned, uuid);

  if (pid == NULL)
    return FALSE;
  *ret_pid = *pid;
  return has_uuid (finder, *pid, uuid);
}

static gboolean
find_pid (HmProcessFinder *finder, const char *uuid, const char *name, gint64 *ret_pid)
{
  if (pid_of_file (finder, name, ret_pid) && has_uuid (finder, *ret_pid, uuid))
    return TRUE;
  if (pid_of_scan (finder, uuid, ret_pid))
    return TRUE;
  scan (finder);
  return pid_of_scan (finder, uuid, ret_pid);
}

/* The second field, a name in parentheses, may hold spaces and parentheses: fields are counted from its end.
 */
static gboolean
parse_start (const char *stat, guint64 *ret_ticks)
{
  const char *rest = strrchr (stat, ')');
  g_auto (GStrv) fields = rest != NULL ? g_strsplit (rest + 1, " ", STAT_START_FIELD) : NULL;

  /* The rest begins with a space, so the third field has index 1. */
  return fields != NULL && g_strv_length (fields) > STAT_START_FIELD - 2
         && g_ascii_string_to_unsigned (fields[STAT_START_FIELD - 2], 10, 1, G_MAXUINT64, ret_ticks, NULL);
}

/* libvirt names a domain's cgroup after it, under systemd ("machine-qemu\x2d1\x2dname.scope") and without
 * ("qemu-1-name.libvirt-qemu"). With several hierarchies the one that accounts for CPU time is meant. */
static gboolean
is_domain_cgroup (const char *line)
{
  g_auto (GStrv) parts = g_strsplit (line, ":", 3);

  if (g_strv_length (parts) != 3 || (*parts[1] != '\0' && strstr (parts[1], "cpuacct") == NULL))
    return FALSE;
  return strstr (parts[2], "machine-qemu") != NULL || strstr (parts[2], ".libvirt-qemu") != NULL;
}

static gboolean
has_cgroup (HmProcessFinder *finder, gint64 pid)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean found = FALSE;
  gsize length;

  if (!read_proc (finder, pid, "cgroup", &text, &length))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    found = found || is_domain_cgroup (lines[i]);
  return found;
}

gboolean
hm_process_find (HmProcessFinder *finder, const char *uuid, const char *name, HmProcess *ret_process)
{
  g_autofree char *stat = NULL;
  HmProcess process = { 0 };
  gsize length;

  if (!find_pid (finder, uuid, name, &process.pid))
    return FALSE;
  if (!read_proc (finder, process.pid, "stat", &stat, &length) || !parse_start (stat, &process.start_ticks))
    return FALSE;
  process.in_cgroup = has_cgroup (finder, process.pid);
  *ret_process = process;
  return TRUE;
}

char *
hm_life_of_process (const char *boot_id, const HmProcess *process)
{
  return g_strdup_printf ("%s:%" G_GUINT64_FORMAT, boot_id, process->start_ticks);
}

char *
hm_life_of_domain_id (const char *boot_id, int domain_id)
{
  return g_strdup_printf ("%s:d%d", boot_id, domain_id);
}

char *
hm_epoch_text (const char *life, guint generation)
{
  return g_strdup_printf ("%s:%u", life, generation);
}

HmTime
hm_process_start (const HmProcess *process, const HmClock *clock)
{
  guint64 hz = (guint64)sysconf (_SC_CLK_TCK);
  gint64 since_boot = (gint64)(process->start_ticks / hz) * HM_NSEC_PER_SEC
                      + (gint64)(process->start_ticks % hz) * HM_NSEC_PER_SEC / (gint64)hz;

  return clock->wall (clock) - clock->boot (clock) + since_boot;
}

char *
hm_boot_id (const char *root, GError **error)
{
  g_autofree char *path = g_strconcat (root, "/proc/sys/kernel/random/boot_id", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;

  if (!g_file_get_contents (path, &text, NULL, &cause))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "cannot read the boot id: %s", cause->message);
      return NULL;
    }
  g_strstrip (text);
  if (!g_uuid_string_is_valid (text))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s holds no boot id", path);
      return NULL;
    }
  return g_steal_pointer (&text);
}

static char *
read_tap_file (const char *root, const char *name, const char *file)
{
  g_autofree char *path = g_strdup_printf ("%s/sys/class/net/%s/%s", root, name, file);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_strstrip (text);
  return g_steal_pointer (&text);
}

char *
hm_tap_epoch (const char *root, const char *name, const char *mac)
{
  g_autofree char *address = NULL;
  g_autofree char *ifindex = NULL;
  guint64 number;

  if (strchr (name, '/') != NULL || *name == '.')
    return NULL;
  address = read_tap_file (root, name, "address");
  ifindex = read_tap_file (root, name, "ifindex");
  if (address == NULL || ifindex == NULL || strlen (address) != strlen (mac) || strlen (mac) < 3
      || g_ascii_strcasecmp (address + 2, mac + 2) != 0)
    return NULL;
  if (!g_ascii_string_to_unsigned (ifindex, 10, 1, G_MAXINT, &number, NULL))
    return NULL;
  return g_steal_pointer (&ifindex);
}
