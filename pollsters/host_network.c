/* SPDX-License-Identifier: Apache-2.0 */
/* host_network: traffic of the hypervisor's network interfaces, from <root>/sys/class/net/<name>/statistics (the kernel's
 * Documentation/ABI/testing/sysfs-class-net-statistics).
 *
 * Reading pollster: runs on a worker of its own, one call at a time. By default those that are hardware, that is have a `device`:
 * bridges, bonds and the guests' taps would count the same bytes once more. An interface's counter life is its `ifindex`, which the
 * kernel gives anew to one that is made anew under the same name. Incoming and outgoing are as the host sees them. */
#include "metering/hypermeter.h"

#include <string.h>

#define FOLDER         "/sys/class/net"
#define INTERFACES_MAX 65536

#define COUNTER(meter_name, meter_unit, text)                                                                \
  {                                                                                                          \
    .name = meter_name, .type = HM_CUMULATIVE, .unit = meter_unit, .value = HM_VALUE_U64,                    \
    .life = HM_LIFE_DEVICE, .help = text                                                                     \
  }

/* In the order of `files`. */
static const HmMeter meters[] = {
  COUNTER ("host.network.incoming.bytes", "B", "Bytes that one of the host's interfaces received"),
  COUNTER ("host.network.incoming.packets", "packet", "Packets that one of the host's interfaces received"),
  COUNTER ("host.network.incoming.packets.error", "packet", "Incoming packets with an error"),
  COUNTER ("host.network.incoming.packets.drop", "packet", "Incoming packets that were dropped"),
  COUNTER ("host.network.outgoing.bytes", "B", "Bytes that one of the host's interfaces sent"),
  COUNTER ("host.network.outgoing.packets", "packet", "Packets that one of the host's interfaces sent"),
  COUNTER ("host.network.outgoing.packets.error", "packet", "Outgoing packets with an error"),
  COUNTER ("host.network.outgoing.packets.drop", "packet", "Outgoing packets that were dropped"),
  { NULL },
};

static const char *const files[] = { "rx_bytes", "rx_packets", "rx_errors", "rx_dropped",
                                     "tx_bytes", "tx_packets", "tx_errors", "tx_dropped" };

static const HmOption options[] = {
  { .key = "devices",
    .type = HM_OPTION_LIST,
    .help = "Which of the host's interfaces: patterns such as eth*;bond0; default: those that are hardware" },
  { NULL },
};

typedef struct
{
  const char *root;
  char **devices; /* patterns; empty: hardware */
} HostNetwork;

static gpointer
host_network_create (const HmOptions *values, const HmPluginContext *context, GError **error G_GNUC_UNUSED)
{
  HostNetwork *self = g_new (HostNetwork, 1);

  self->root = context->root;
  self->devices = g_strdupv ((char **)(guintptr)hm_options_list (values, "devices"));
  return self;
}

static void
host_network_free (gpointer data)
{
  HostNetwork *self = data;

  g_strfreev (self->devices);
  g_free (self);
}

static gboolean
read_number (const HostNetwork *self, const char *name, const char *file, guint64 *ret_number, GError **error)
{
  g_autofree char *path = g_strconcat (FOLDER "/", name, "/", file, NULL);

  return hm_system_file_number (self->root, path, ret_number, error);
}

/* All of an interface's counters or none. */
static gboolean
emit_interface (const HostNetwork *self, const char *name, HmSink *sink, GError **error)
{
  g_autofree char *device = g_strconcat ("nic:", name, NULL);
  guint64 values[G_N_ELEMENTS (files)], number;
  char epoch[HM_NUMBER_MAX];
  HmLifeMark life = { NULL, HM_TIME_UNKNOWN };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *file = g_strconcat ("statistics/", files[i], NULL);

      if (!read_number (self, name, file, &values[i], error))
        return FALSE;
    }
  if (read_number (self, name, "ifindex", &number, NULL))
    {
      hm_value_print ((HmValue){ HM_VALUE_U64, { .u64 = number } }, epoch);
      life.epoch = epoch;
    }
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    hm_sink_u64_life (sink, &meters[i], device, &life, HM_GIVEN (values[i]));
  return TRUE;
}

/* An interface that goes while it is read is none any more. */
static gboolean
emit_if_there (const HostNetwork *self, const char *name, HmSink *sink, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (emit_interface (self, name, sink, &local) || g_error_matches (local, HM_ERROR, HM_ERROR_UNAVAILABLE))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static HmResult
host_network_emit (gpointer data, HmSink *sink, GError **error)
{
  const HostNetwork *self = data;
  g_autoptr (GPtrArray) names = hm_system_folder_list (self->root, FOLDER, INTERFACES_MAX, error);

  if (names == NULL)
    return HM_RETRY;
  for (guint i = 0; i < names->len; i++)
    if (hm_system_device_is_wanted (self->root, FOLDER, g_ptr_array_index (names, i), self->devices)
        && !emit_if_there (self, g_ptr_array_index (names, i), sink, error))
      return HM_RETRY;
  return hm_sink_size (sink) > 0 ? HM_OK : HM_NO_DATA;
}

static const HmReadingPollster ops = {
  .create = host_network_create,
  .emit = host_network_emit,
  .free = host_network_free,
};

HM_PLUGIN (host_network, .ns = HM_NS_POLL_HOST, .summary = "Traffic of the hypervisor's network interfaces",
           .options = options, .meters = meters, .reading_pollster = &ops);
