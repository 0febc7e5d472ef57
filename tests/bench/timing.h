/* SPDX-License-Identifier: Apache-2.0 */
/* timing: what the benchmark programs share. Each prints one line: "NAME wall_s cpu_s count". */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <time.h>

static inline double
seconds_of (clockid_t clock)
{
  struct timespec t;

  clock_gettime (clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void
report (const char *name, double wall, double cpu, guint64 count)
{
  printf ("%s %.6f %.6f %" G_GUINT64_FORMAT "\n", name, wall, cpu, count);
}
