/* SPDX-License-Identifier: Apache-2.0 */
/* host_disk: what the hypervisor's disks read and wrote, from <root>/sys/block/<disk>/stat (the kernel's
 * Documentation/block/stat.rst).
 *
 * Reading pollster: runs on a worker of its own, one call at a time. By default those that are hardware, that is have a `device`:
 * a volume manager's disks, loops and RAM disks would count the same bytes once more. A disk's counter life is its `diskseq`,
 * which the kernel gives to no second disk within one boot. */
#include "metering/hypermeter.h"

#include <string.h>

#define FOLDER    "/sys/block"
#define DISKS_MAX 4096
#define STAT_MAX  1024
#define SECTOR    512 /* bytes, whatever the disk's own sectors are */

enum
{
  READ_BYTES,
  WRITE_BYTES,
  READ_REQUESTS,
  WRITE_REQUESTS,
  N_METERS,
};

#define COUNTER(meter_name, meter_unit, text)                                                                \
  {                                                                                                          \
    .name = meter_name, .type = HM_CUMULATIVE, .unit = meter_unit, .value = HM_VALUE_U64,                    \
    .life = HM_LIFE_DEVICE, .help = text                                                                     \
  }

static const HmMeter meters[] = {
  [READ_BYTES] = COUNTER ("host.disk.device.read.bytes", "B", "Bytes read from one of the host's disks"),
  [WRITE_BYTES] = COUNTER ("host.disk.device.write.bytes", "B", "Bytes written to one of the host's disks"),
  [READ_REQUESTS] = COUNTER ("host.disk.device.read.requests", "request", "Reads of one of the host's disks"),
  [WRITE_REQUESTS]
  = COUNTER ("host.disk.device.write.requests", "request", "Writes to one of the host's disks"),
  { NULL },
};

static const HmOption options[] = {
  { .key = "devices",
    .type = HM_OPTION_LIST,
    .help = "Which of the host's disks: patterns such as sd*;nvme*; default: those that are hardware" },
  { NULL },
};

typedef struct
{
  const char *root;
  char **devices; /* patterns; empty: hardware */
} HostDisk;

static gpointer
host_disk_create (const HmOptions *values, const HmPluginContext *context, GError **error G_GNUC_UNUSED)
{
  HostDisk *self = g_new (HostDisk, 1);

  self->root = context->root;
  self->devices = g_strdupv ((char **)(guintptr)hm_options_list (values, "devices"));
  return self;
}

static void
host_disk_free (gpointer data)
{
  HostDisk *self = data;

  g_strfreev (self->devices);
  g_free (self);
}

/* Columns: reads, merged, sectors, ms, writes, merged, sectors, ms; more follow. */
static gboolean
parse (const char *text, guint64 *ret_values)
{
  guint64 column[8];

  for (guint i = 0; i < G_N_ELEMENTS (column); i++)
    if (!hm_system_text_number (&text, &column[i]))
      return FALSE;
  ret_values[READ_REQUESTS] = column[0];
  ret_values[WRITE_REQUESTS] = column[4];
  return g_uint64_checked_mul (&ret_values[READ_BYTES], column[2], SECTOR)
         && g_uint64_checked_mul (&ret_values[WRITE_BYTES], column[6], SECTOR);
}

static gboolean
emit_disk (const HostDisk *self, const char *name, HmSink *sink, GError **error)
{
  g_autofree char *path = g_strconcat (FOLDER "/", name, "/stat", NULL);
  g_autofree char *sequence = g_strconcat (FOLDER "/", name, "/diskseq", NULL);
  g_autofree char *device = g_strconcat ("disk:", name, NULL);
  g_autofree char *text = hm_system_file_read (self->root, path, STAT_MAX, error);
  char epoch[HM_NUMBER_MAX];
  HmLifeMark life = { NULL, HM_TIME_UNKNOWN };
  guint64 values[N_METERS], number;

  if (text == NULL)
    return FALSE;
  if (!parse (text, values))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s%s: not what the kernel writes", self->root, path);
      return FALSE;
    }
  if (hm_system_file_number (self->root, sequence, &number, NULL))
    {
      hm_value_print ((HmValue){ HM_VALUE_U64, { .u64 = number } }, epoch);
      life.epoch = epoch;
    }
  for (guint m = 0; m < N_METERS; m++)
    hm_sink_u64_life (sink, &meters[m], device, &life, HM_GIVEN (values[m]));
  return TRUE;
}

/* A disk that goes while it is read is none any more. */
static gboolean
emit_if_there (const HostDisk *self, const char *name, HmSink *sink, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (emit_disk (self, name, sink, &local) || g_error_matches (local, HM_ERROR, HM_ERROR_UNAVAILABLE))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static HmResult
host_disk_emit (gpointer data, HmSink *sink, GError **error)
{
  const HostDisk *self = data;
  g_autoptr (GPtrArray) names = hm_system_folder_list (self->root, FOLDER, DISKS_MAX, error);

  if (names == NULL)
    return HM_RETRY;
  for (guint i = 0; i < names->len; i++)
    if (hm_system_device_is_wanted (self->root, FOLDER, g_ptr_array_index (names, i), self->devices)
        && !emit_if_there (self, g_ptr_array_index (names, i), sink, error))
      return HM_RETRY;
  return hm_sink_size (sink) > 0 ? HM_OK : HM_NO_DATA;
}

static const HmReadingPollster ops = {
  .create = host_disk_create,
  .emit = host_disk_emit,
  .free = host_disk_free,
};

HM_PLUGIN (host_disk, .ns = HM_NS_POLL_HOST, .summary = "What the hypervisor's disks read and wrote",
           .options = options, .meters = meters, .reading_pollster = &ops);
