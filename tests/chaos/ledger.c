/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: a pollster that writes down each value before it gives it, so that what was measured is known without asking the code that must not
 * lose it.
 *
 * One line per value in the file that HM_LEDGER names: the run (process and moment of its first value), the resource, the value, and
 * the monotonic and the wall clock; one write(2) each, which a killed process leaves whole. A value is the wall clock, or one more than the last
 * where that has not moved on: it never comes twice. What cannot be written down is not given. Unlike real pollsters it has state and does I/O: it
 * is called by the agent's poll workers, and a lock orders them. */
#include "metering/hypermeter.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const HmMeter meters[] = {
  { "chaos.ledger", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_STATE, HM_HOLD_ACTIVITY, 0, HM_LIFE_PROCESS,
    FALSE, "A number that never comes twice" },
  { NULL },
};

static struct
{
  GMutex lock;
  int file; /* 0: not opened yet */
  char run[64];
  guint64 last;
} ledger;

static guint64
nanoseconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (guint64)now.tv_sec * HM_NSEC_PER_SEC + (guint64)now.tv_nsec;
}

/* Under the lock, as all below. */
static gboolean
open_ledger (void)
{
  const char *path = g_getenv ("HM_LEDGER");

  if (ledger.file > 0)
    return TRUE;
  if (path == NULL)
    return FALSE;
  ledger.file = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  g_snprintf (ledger.run, sizeof ledger.run, "%ld-%" G_GUINT64_FORMAT, (long)getpid (),
              nanoseconds (CLOCK_REALTIME));
  return ledger.file > 0;
}

static gboolean
note (const char *resource, guint64 *ret_value)
{
  guint64 wall = nanoseconds (CLOCK_REALTIME), value = MAX (wall, ledger.last + 1);
  char line[512];
  int length = g_snprintf (line, sizeof line,
                           "%s %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                           ledger.run, resource, value, nanoseconds (CLOCK_MONOTONIC), wall);

  if (length >= (int)sizeof line || write (ledger.file, line, (gsize)length) != length)
    return FALSE;
  *ret_value = ledger.last = value;
  return TRUE;
}

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  guint64 value = 0;
  gboolean noted;

  g_mutex_lock (&ledger.lock);
  noted = open_ledger () && note (domain->resource->id, &value);
  g_mutex_unlock (&ledger.lock);
  if (!noted)
    return HM_RETRY;
  hm_sink_u64 (sink, &meters[0], NULL, HM_GIVEN (value));
  return HM_OK;
}

HM_POLLSTER (ledger, HM_NS_POLL_COMPUTE, "Values that are written down before they are given", meters, emit);
