/* SPDX-License-Identifier: Apache-2.0 */
/* host_cpu: CPU time of the hypervisor itself, by mode, from <root>/proc/stat.
 *
 * Reading pollster: runs on a worker of its own, one call at a time. The whole file is read and understood
 * before the first sample is made: a file that is cut off, garbled or absurdly large is an error, never a
 * partial result. The modes are the kernel's (proc(5)): `guest` is contained in `user`, `guest_nice` in
 * `nice`. */
#include "metering/hypermeter.h"

#include <string.h>
#include <unistd.h>

#define STAT     "/proc/stat"
#define STAT_MAX (4 * 1024 * 1024) /* thousands of CPUs with all their interrupts stay below 1 MiB */

enum
{
  CPU_TIME,
  CPU_COUNT,
};

static const HmMeter meters[] = {
  [CPU_TIME]
  = { "host.cpu.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
      "CPU time of all the host's CPUs in one mode; guest is part of user, guest_nice of nice" },
  [CPU_COUNT] = { "host.cpu.count", HM_GAUGE, "cpu", HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
                  "CPUs of the host that are online" },
  { NULL },
};

/* In the order of the file's columns. */
static const char *const modes[]
    = { "mode:user", "mode:nice",    "mode:system", "mode:idle",  "mode:iowait",
        "mode:irq",  "mode:softirq", "mode:steal",  "mode:guest", "mode:guest_nice" };
#define N_MODES G_N_ELEMENTS (modes)

typedef struct
{
  const char *root;
  guint64 hz; /* units of the file per second */
} HostCpu;

typedef struct
{
  guint64 ns[N_MODES];
  guint64 cpus;
} Reading;

static gpointer
host_cpu_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context, GError **error)
{
  long hz = sysconf (_SC_CLK_TCK);
  HostCpu *self;

  if (hz <= 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                   "the system does not tell its clock ticks per second");
      return NULL;
    }
  self = g_new (HostCpu, 1);
  self->root = context->root;
  self->hz = (guint64)hz;
  return self;
}

/* One column: exactly as many ns as it has ticks. */
static gboolean
parse_ticks (const char **cursor, guint64 hz, guint64 *ret_ns)
{
  guint64 ticks;
  HmUint128 ns;

  if (!hm_system_text_number (cursor, &ticks))
    return FALSE;
  ns = (HmUint128)ticks * HM_NSEC_PER_SEC / hz;
  *ret_ns = (guint64)ns;
  return ns <= G_MAXUINT64;
}

/* "cpu  10 20 …": a newer kernel's further columns are none of ours. */
static gboolean
parse_total (const char *line, guint64 hz, Reading *reading)
{
  const char *cursor = line + strlen ("cpu");

  if (!g_str_has_prefix (line, "cpu "))
    return FALSE;
  for (guint m = 0; m < N_MODES; m++)
    if (!parse_ticks (&cursor, hz, &reading->ns[m]))
      return FALSE;
  return TRUE;
}

/* The total, one line per CPU, then another line: without it the list of CPUs may have been cut off. */
static gboolean
parse (const char *text, guint64 hz, Reading *reading)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint i = 1;

  if (!parse_total (lines[0], hz, reading))
    return FALSE;
  while (g_str_has_prefix (lines[i], "cpu"))
    {
      if (!g_ascii_isdigit (lines[i][3]))
        return FALSE;
      i++;
    }
  reading->cpus = i - 1;
  return reading->cpus > 0 && *lines[i] != '\0';
}

static HmResult
host_cpu_emit (gpointer data, HmSink *sink, GError **error)
{
  HostCpu *self = data;
  g_autofree char *text = hm_system_file_read (self->root, STAT, STAT_MAX, error);
  Reading reading;

  if (text == NULL)
    return HM_RETRY;
  if (!parse (text, self->hz, &reading))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s" STAT ": cut off, or not what the kernel writes",
                   self->root);
      return HM_RETRY;
    }
  for (guint m = 0; m < N_MODES; m++)
    hm_sink_u64 (sink, &meters[CPU_TIME], modes[m], HM_GIVEN (reading.ns[m]));
  hm_sink_u64 (sink, &meters[CPU_COUNT], NULL, HM_GIVEN (reading.cpus));
  return HM_OK;
}

static const HmReadingPollster ops = {
  .create = host_cpu_create,
  .emit = host_cpu_emit,
  .free = g_free,
};

HM_PLUGIN (host_cpu, .ns = HM_NS_POLL_HOST, .summary = "CPU time of the hypervisor by mode", .meters = meters,
           .reading_pollster = &ops);
