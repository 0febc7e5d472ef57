/* SPDX-License-Identifier: Apache-2.0 */
/* host_power: energy that the hypervisor's processors used, from <root>/sys/class/powercap (the kernel's
 * Documentation/power/powercap/powercap.rst).
 *
 * Reading pollster: runs on a worker of its own, one call at a time. The kernel's counters begin again at a range of their own,
 * neither 32 nor 64 bits wide, and more than once a day on a busy machine. So they are added up here from the first reading on, at
 * every tick, and that sum is the counter: its life is this pollster's, its start the first reading. What was used while no agent
 * ran is not known. Zones nest; a zone's energy contains that of the zones in it. */
#include "metering/hypermeter.h"

#include <string.h>

#define FOLDER        "/sys/class/powercap"
#define ZONES_MAX     256
#define NAME_FILE_MAX 64

enum
{
  ENERGY,
};

static const HmMeter meters[] = {
  [ENERGY] = { .name = "host.power.energy",
               .type = HM_CUMULATIVE,
               .unit = "uJ",
               .value = HM_VALUE_U64,
               .life = HM_LIFE_DEVICE,
               .help = "Energy that one power zone of the host used since the agent first read it; a zone "
                       "contains those below it" },
  { NULL },
};

typedef struct
{
  char *device;      /* "zone:package-0" */
  guint64 last, sum; /* uJ */
  char *epoch;
  HmTime start;
  gboolean is_fresh; /* read since it was told last */
} Zone;

typedef struct
{
  const char *root;
  const HmClock *clock;
  GHashTable *zones; /* (element-type utf8 Zone) by the folder's name */
} HostPower;

static void
free_zone (gpointer data)
{
  Zone *zone = data;

  g_free (zone->device);
  g_free (zone->epoch);
  g_free (zone);
}

static gpointer
host_power_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context,
                   GError **error G_GNUC_UNUSED)
{
  HostPower *self = g_new (HostPower, 1);

  self->root = context->root;
  self->clock = context->clock;
  self->zones = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_zone);
  return self;
}

static void
host_power_free (gpointer data)
{
  HostPower *self = data;

  g_hash_table_unref (self->zones);
  g_free (self);
}

/* "package-0"; NULL where the zone has no usable name. (transfer full) (nullable) */
static char *
name_of (const HostPower *self, const char *folder)
{
  g_autofree char *path = g_strconcat (FOLDER "/", folder, "/name", NULL);
  char *name = hm_system_file_read (self->root, path, NAME_FILE_MAX, NULL);

  return name != NULL ? g_strstrip (name) : NULL;
}

/* Of the usual control type none; another one ("intel-rapl-mmio") counts zones of the same names once more. */
static char *
type_of (const char *folder)
{
  gsize length = strcspn (folder, ":");

  return strncmp (folder, "intel-rapl:", length + 1) == 0 ? g_strdup ("") : g_strndup (folder, length + 1);
}

/* "intel-rapl:0:1" lies in "intel-rapl:0": "zone:package-0:dram", as each socket has zones of the same names. */
static char *
device_of (const HostPower *self, const char *folder)
{
  const char *last = strrchr (folder, ':');
  g_autofree char *above = last != strchr (folder, ':') ? g_strndup (folder, (gsize)(last - folder)) : NULL;
  g_autofree char *outer = above != NULL ? name_of (self, above) : NULL;
  g_autofree char *inner = name_of (self, folder);
  g_autofree char *type = type_of (folder);

  if (inner == NULL)
    return g_strconcat ("zone:", folder, NULL);
  return g_strconcat ("zone:", type, outer != NULL ? outer : "", outer != NULL ? ":" : "", inner, NULL);
}

static Zone *
new_zone (HostPower *self, const char *folder, guint64 energy)
{
  Zone *zone = g_new0 (Zone, 1);

  zone->device = device_of (self, folder);
  zone->last = energy;
  zone->start = self->clock->wall (self->clock);
  zone->epoch = g_strdup_printf ("%" G_GINT64_FORMAT, self->clock->boot (self->clock));
  g_hash_table_insert (self->zones, g_strdup (folder), zone);
  return zone;
}

/* @range: the counter's greatest value, after which it is 0. One that fell although it has no such range began again. */
static void
add_up (Zone *zone, guint64 energy, guint64 range)
{
  if (energy >= zone->last)
    zone->sum += energy - zone->last;
  else if (zone->last <= range)
    zone->sum += range - zone->last + 1 + energy;
  else
    zone->sum += energy;
  zone->last = energy;
}

static gboolean
read_zone (HostPower *self, const char *folder, GError **error)
{
  g_autofree char *energy_path = g_strconcat (FOLDER "/", folder, "/energy_uj", NULL);
  g_autofree char *range_path = g_strconcat (FOLDER "/", folder, "/max_energy_range_uj", NULL);
  Zone *zone = g_hash_table_lookup (self->zones, folder);
  guint64 energy, range = 0;

  if (!hm_system_file_number (self->root, energy_path, &energy, error))
    return FALSE;
  hm_system_file_number (self->root, range_path, &range, NULL);
  if (zone == NULL)
    zone = new_zone (self, folder, energy);
  add_up (zone, energy, range);
  zone->is_fresh = TRUE;
  return TRUE;
}

/* A control type ("intel-rapl") is a folder here too, without a counter of its own. */
static gboolean
is_zone (const char *folder)
{
  return strchr (folder, ':') != NULL;
}

/* (transfer full) (nullable) (element-type utf8) */
static GPtrArray *
list_zones (HostPower *self, GError **error)
{
  GPtrArray *names = hm_system_folder_list (self->root, FOLDER, ZONES_MAX, error);

  for (guint i = names != NULL ? names->len : 0; i > 0; i--)
    if (!is_zone (g_ptr_array_index (names, i - 1)))
      g_ptr_array_remove_index (names, i - 1);
  return names;
}

static HmResult
read_zones (HostPower *self, GPtrArray *names, GError **error)
{
  gboolean good = TRUE;

  for (guint i = 0; i < names->len; i++)
    good &= read_zone (self, g_ptr_array_index (names, i), good ? error : NULL);
  return good ? HM_OK : HM_RETRY;
}

/* A machine without powercap is no failure: it has nothing to say. */
static HmResult
host_power_sample (gpointer data, GError **error)
{
  HostPower *self = data;
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) names = list_zones (self, &local);

  if (names == NULL && g_error_matches (local, HM_ERROR, HM_ERROR_UNAVAILABLE))
    return HM_NO_DATA;
  if (names == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return HM_RETRY;
    }
  return names->len > 0 ? read_zones (self, names, error) : HM_NO_DATA;
}

/* What the tick that this belongs to has read; a zone that is gone says nothing more. */
static HmResult
host_power_emit (gpointer data, HmSink *sink, GError **error G_GNUC_UNUSED)
{
  HostPower *self = data;
  g_autoptr (GList) folders = g_list_sort (g_hash_table_get_keys (self->zones), (GCompareFunc)strcmp);
  HmResult result = HM_NO_DATA;

  for (GList *folder = folders; folder != NULL; folder = folder->next)
    {
      Zone *zone = g_hash_table_lookup (self->zones, folder->data);
      HmLifeMark life = { zone->epoch, zone->start };

      if (!zone->is_fresh)
        continue;
      zone->is_fresh = FALSE;
      hm_sink_u64_life (sink, &meters[ENERGY], zone->device, &life, HM_GIVEN (zone->sum));
      result = HM_OK;
    }
  return result;
}

static const HmReadingPollster ops = {
  .create = host_power_create,
  .sample = host_power_sample,
  .emit = host_power_emit,
  .free = host_power_free,
};

HM_PLUGIN (host_power, .ns = HM_NS_POLL_HOST, .summary = "Energy that the hypervisor's processors used",
           .meters = meters, .reading_pollster = &ops);
