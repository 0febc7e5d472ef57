/* SPDX-License-Identifier: Apache-2.0 */
/* process_use: what this process takes from its host, as the kernel says it. Part of health.h. Always the real /proc: the
 * injected root is for what is measured, not for who measures. */
#include "agent/health/health.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATUS_PATH "/proc/self/status"
#define FD_PATH     "/proc/self/fd"

/* "VmRSS:	   12345 kB": the number behind @key. */
static HmMaybe
find_number (const char *text, const char *key)
{
  const char *line = strstr (text, key);
  g_autofree char *digits = NULL;
  guint64 value;

  if (line == NULL)
    return HM_ABSENT;
  line += strlen (key);
  line += strspn (line, " \t");
  digits = g_strndup (line, strspn (line, "0123456789"));
  return g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64, &value, NULL) ? HM_GIVEN (value) : HM_ABSENT;
}

/* Without the one that counting takes. */
static HmMaybe
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open (FD_PATH, 0, NULL);
  guint64 n = 0;

  if (folder == NULL)
    return HM_ABSENT;
  while (g_dir_read_name (folder) != NULL)
    n++;
  return HM_GIVEN (n - 1);
}

static gint64
cpu_time (void)
{
  struct timespec used = { 0 };

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &used);
  return (gint64)used.tv_sec * HM_NSEC_PER_SEC + used.tv_nsec;
}

void
hm_process_use (HmProcessUse *ret_use)
{
  HmProcessUse use = { .cpu_ns = cpu_time () };
  g_autofree char *text = NULL;

  if (g_file_get_contents (STATUS_PATH, &text, NULL, NULL))
    {
      use.memory_kib = find_number (text, "\nVmRSS:");
      use.threads = find_number (text, "\nThreads:");
    }
  use.descriptors = count_descriptors ();
  *ret_use = use;
}
