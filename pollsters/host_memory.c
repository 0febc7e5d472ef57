/* SPDX-License-Identifier: Apache-2.0 */
/* host_memory: memory of the hypervisor itself, from <root>/proc/meminfo (proc(5)).
 *
 * Reading pollster: runs on a worker of its own, one call at a time. The kernel's "kB" are KiB. */
#include "metering/hypermeter.h"

#include <string.h>

#define MEMINFO     "/proc/meminfo"
#define MEMINFO_MAX 65536

#define GAUGE(meter_name, text)                                                                              \
  {                                                                                                          \
    .name = meter_name, .type = HM_GAUGE, .unit = "KiB", .value = HM_VALUE_U64, .help = text                 \
  }

/* In the order of `keys`. */
static const HmMeter meters[] = {
  GAUGE ("host.memory.total", "Memory of the host that its kernel can use"),
  GAUGE ("host.memory.free", "Memory of the host that nothing uses, caches included among what does"),
  GAUGE ("host.memory.available", "Memory of the host that a new process could have without swapping"),
  { NULL },
};

static const char *const keys[] = { "MemTotal:", "MemFree:", "MemAvailable:" };

typedef struct
{
  const char *root;
} HostMemory;

static gpointer
host_memory_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context,
                    GError **error G_GNUC_UNUSED)
{
  HostMemory *self = g_new (HostMemory, 1);

  self->root = context->root;
  return self;
}

/* "MemFree:        12345 kB". Absent where @text has no such line; FALSE where it has one that says something else. */
static gboolean
find (const char *text, const char *key, HmMaybe *ret_kib)
{
  const char *line = g_str_has_prefix (text, key) ? text : NULL;
  g_autofree char *needle = g_strconcat ("\n", key, NULL);
  guint64 number;

  if (line == NULL && (line = strstr (text, needle)) != NULL)
    line++;
  *ret_kib = HM_ABSENT;
  if (line == NULL)
    return TRUE;
  line += strlen (key);
  if (!hm_system_text_number (&line, &number) || !g_str_has_prefix (line, " kB\n"))
    return FALSE;
  *ret_kib = HM_GIVEN (number);
  return TRUE;
}

static HmResult
host_memory_emit (gpointer data, HmSink *sink, GError **error)
{
  const HostMemory *self = data;
  g_autofree char *text = hm_system_file_read (self->root, MEMINFO, MEMINFO_MAX, error);
  HmMaybe values[G_N_ELEMENTS (keys)];

  if (text == NULL)
    return HM_RETRY;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!find (text, keys[i], &values[i]))
      {
        g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s" MEMINFO ": %s is not a number of kB", self->root,
                     keys[i]);
        return HM_RETRY;
      }
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    hm_sink_u64 (sink, &meters[i], NULL, values[i]);
  return HM_OK;
}

static const HmReadingPollster ops = {
  .create = host_memory_create,
  .emit = host_memory_emit,
  .free = g_free,
};

HM_PLUGIN (host_memory, .ns = HM_NS_POLL_HOST, .summary = "Memory of the hypervisor", .meters = meters,
           .reading_pollster = &ops);
