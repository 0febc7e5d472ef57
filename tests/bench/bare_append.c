/* SPDX-License-Identifier: Apache-2.0 */
/* bare_append: what the outbox is held against: so many bytes in so many groups, each with one write(2) and one fdatasync(2). The bytes are
 * those of a file, over and over. Usage: bare_append FILE BYTES GROUPS FROM */
#include "tests/bench/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void
write_group (int file, const char *bytes, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (file, bytes, length);

      if (n <= 0)
        g_error ("write: %s", g_strerror (errno));
      bytes += n;
      length -= (gsize)n;
    }
  if (fdatasync (file) != 0)
    g_error ("fdatasync: %s", g_strerror (errno));
}

int
main (int argc, char **argv)
{
  guint64 bytes = argc == 5 ? g_ascii_strtoull (argv[2], NULL, 10) : 0;
  guint64 groups = argc == 5 ? g_ascii_strtoull (argv[3], NULL, 10) : 0;
  g_autofree char *from = NULL, *group = NULL;
  gsize length, size;
  double wall, cpu;
  int file;

  if (groups == 0 || !g_file_get_contents (argv[4], &from, &length, NULL) || length == 0)
    return 64;
  size = bytes / groups;
  group = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++)
    group[i] = from[i % length];
  file = open (argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  for (guint64 i = 0; i < groups; i++)
    write_group (file, group, size);
  report ("bare-append", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          groups);
  close (file);
  return 0;
}
