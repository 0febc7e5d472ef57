/* SPDX-License-Identifier: Apache-2.0 */
/* kit: helpers of the unit tests. Failing one of its checks fails the calling test. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "metering/registry.h"

/* -- plugins -- */

/* One registry for the whole test program: a module can be loaded once only. */
static HmRegistry *
plugins (void)
{
  static HmRegistry *registry = NULL;

  if (registry == NULL)
    {
      registry = hm_registry_new ();
      hm_registry_scan_path (registry, NULL, NULL);
    }
  return registry;
}

static const char *
refusal_of (const HmRegistry *registry, const char *name)
{
  const GPtrArray *refused = hm_registry_refused (registry);
  g_autofree char *file = g_strdup_printf ("/%s.so", name);

  for (guint i = 0; i < refused->len; i++)
    {
      const HmRefused *one = g_ptr_array_index (refused, i);

      if (g_str_has_suffix (one->origin, file))
        return one->reason;
    }
  return "it is not in HYPERMETER_PLUGIN_PATH";
}

const HmPlugin *
kit_plugin (const char *ns, const char *name)
{
  const HmRegistered *found = hm_registry_find (plugins (), ns, name);

  if (found == NULL)
    {
      fail_msg ("plugin %s of %s: %s", name, ns, refusal_of (plugins (), name));
      return NULL;
    }
  return found->plugin;
}

const HmMeter *
kit_meter (const HmPlugin *plugin, const char *name)
{
  for (const HmMeter *meter = plugin->meters; meter != NULL && meter->name != NULL; meter++)
    if (g_str_equal (meter->name, name))
      return meter;
  fail_msg ("plugin %s has no meter %s", plugin->name, name);
  return NULL;
}

HmSink *
kit_emit (const HmPlugin *plugin, const HmDomain *domain)
{
  HmSink *sink = hm_sink_new (NULL);

  assert_non_null (plugin->snapshot_pollster);
  assert_int_equal (plugin->snapshot_pollster->emit (domain, sink), HM_OK);
  /* As if each counter had begun with this reading. */
  for (guint i = 0; i < hm_sink_counters (sink); i++)
    hm_sink_settle (sink, i, HM_GIVEN (hm_sink_counter (sink, i)->value.u64), HM_TIME_UNKNOWN);
  return sink;
}

void
kit_assert_sample (const HmSink *sink, const HmPlugin *plugin, const char *meter, const char *device,
                   guint64 value)
{
  const HmMeter *row = kit_meter (plugin, meter);
  const HmSample *found = NULL;
  guint n = 0;

  for (guint i = 0; i < hm_sink_size (sink); i++)
    {
      const HmSample *sample = hm_sink_get (sink, i);

      if (g_str_equal (sample->meter, meter) && g_strcmp0 (sample->device, device) == 0)
        {
          found = sample;
          n++;
        }
    }
  if (n != 1)
    fail_msg ("%u samples of %s, device %s, where 1 was expected", n, meter,
              device != NULL ? device : "none");
  assert_int_equal (found->type, row->type);
  assert_string_equal (found->unit, row->unit);
  assert_int_equal (found->value.type, row->value);
  assert_int_not_equal (found->value.type, HM_VALUE_DOUBLE);
  assert_true (found->value.u64 == value);
}

/* -- a domain -- */

static HmMaybe
next_value (guint64 *counter)
{
  return HM_GIVEN ((*counter)++);
}

static HmResource *
full_resource (void)
{
  HmResource *resource = hm_resource_new ("4f0c6a52-0000-4000-8000-000000000001", "instance");

  resource->project = g_strdup ("project-1");
  resource->user = g_strdup ("user-1");
  resource->flavor = g_strdup ("m1.small");
  resource->state = HM_STATE_RUNNING;
  resource->epoch = g_strdup ("boot-1:5482231:0");
  resource->epoch_start = 1000 * HM_NSEC_PER_SEC;
  resource->has_root_gib = resource->has_ephemeral_gib = TRUE;
  resource->root_gib = 20;
  resource->ephemeral_gib = 5;
  return resource;
}

static void
fill_vcpus (HmSnapshot *snapshot, HmDomain *domain, guint64 *counter)
{
  HmVcpu *vcpus = hm_snapshot_alloc (snapshot, 2, sizeof (HmVcpu));

  for (guint i = 0; i < 2; i++)
    {
      vcpus[i].device = i == 0 ? "vcpu:0" : "vcpu:1";
      vcpus[i].time = next_value (counter);
      vcpus[i].wait = next_value (counter);
      vcpus[i].delay = next_value (counter);
    }
  domain->vcpus = vcpus;
  domain->n_vcpus = 2;
}

static void
fill_disks (HmSnapshot *snapshot, HmDomain *domain, guint64 *counter)
{
  HmDisk *disks = hm_snapshot_alloc (snapshot, 2, sizeof (HmDisk));

  for (guint i = 0; i < 2; i++)
    {
      HmDisk *disk = &disks[i];
      HmMaybe *const members[] = { &disk->rd_reqs,  &disk->wr_reqs,  &disk->fl_reqs,    &disk->rd_bytes,
                                   &disk->wr_bytes, &disk->rd_times, &disk->wr_times,   &disk->fl_times,
                                   &disk->errors,   &disk->capacity, &disk->allocation, &disk->physical };

      disk->device = i == 0 ? "disk:vda" : "disk:vdb";
      disk->life = (HmLifeMark){ i == 0 ? NULL : "2", HM_TIME_UNKNOWN };
      for (guint m = 0; m < G_N_ELEMENTS (members); m++)
        *members[m] = next_value (counter);
    }
  domain->disks = disks;
  domain->n_disks = 2;
}

static void
fill_nics (HmSnapshot *snapshot, HmDomain *domain, guint64 *counter)
{
  HmNic *nics = hm_snapshot_alloc (snapshot, 2, sizeof (HmNic));

  for (guint i = 0; i < 2; i++)
    {
      HmNic *nic = &nics[i];
      HmMaybe *const members[] = { &nic->rx_bytes, &nic->rx_pkts, &nic->rx_errs, &nic->rx_drop,
                                   &nic->tx_bytes, &nic->tx_pkts, &nic->tx_errs, &nic->tx_drop };

      nic->device = i == 0 ? "nic:52:54:00:10:00:01" : "nic:52:54:00:10:00:02";
      nic->life = (HmLifeMark){ i == 0 ? "7" : NULL, HM_TIME_UNKNOWN };
      for (guint m = 0; m < G_N_ELEMENTS (members); m++)
        *members[m] = next_value (counter);
    }
  domain->nics = nics;
  domain->n_nics = 2;
}

/* Memory in the order that a guest's has: available above usable above unused. */
static void
fill_memory (HmDomain *domain, guint64 *counter)
{
  HmMaybe *const members[]
      = { &domain->balloon_unused,     &domain->balloon_usable, &domain->balloon_available,
          &domain->balloon_current,    &domain->balloon_rss,    &domain->swap_in,
          &domain->swap_out,           &domain->major_fault,    &domain->minor_fault,
          &domain->balloon_last_update };

  for (guint m = 0; m < G_N_ELEMENTS (members); m++)
    {
      *members[m] = next_value (counter);
      *counter += 100;
    }
}

static void
fill_rare (HmDomain *domain, guint64 *counter)
{
  HmMaybe *const members[] = {
    &domain->perf_cycles,       &domain->perf_instructions,   &domain->perf_cache_references,
    &domain->perf_cache_misses, &domain->migration_elapsed,   &domain->migration_downtime,
    &domain->migration_total,   &domain->migration_processed, &domain->migration_remaining,
  };

  for (guint m = 0; m < G_N_ELEMENTS (members); m++)
    *members[m] = next_value (counter);
}

HmDomain *
kit_full_domain (HmSnapshot *snapshot)
{
  g_autoptr (HmResource) resource = full_resource ();
  HmDomain *domain = hm_snapshot_add (snapshot, resource, "instance-00000001");
  guint64 counter = 1001;

  domain->got = (1u << HM_FIELD_COUNT) - 1;
  domain->wall_ns = 2000 * HM_NSEC_PER_SEC;
  domain->boot_ns = 500 * HM_NSEC_PER_SEC;
  domain->read_ns = 4 * HM_NSEC_PER_MSEC;
  domain->state = HM_GIVEN (1);
  domain->cpu_time = next_value (&counter);
  domain->cpu_user = next_value (&counter);
  domain->cpu_system = next_value (&counter);
  domain->vcpu_current = HM_GIVEN (2);
  fill_memory (domain, &counter);
  fill_vcpus (snapshot, domain, &counter);
  fill_disks (snapshot, domain, &counter);
  fill_nics (snapshot, domain, &counter);
  fill_rare (domain, &counter);
  return domain;
}

/* -- errors and files -- */

void
kit_assert_error (GError **error, HmError code, const char *part)
{
  assert_non_null (*error);
  if (!g_error_matches (*error, HM_ERROR, (gint)code) || strstr ((*error)->message, part) == NULL)
    fail_msg ("error %s %d \"%s\", where HM_ERROR %d with \"%s\" was expected",
              g_quark_to_string ((*error)->domain), (*error)->code, (*error)->message, (int)code, part);
  g_clear_error (error);
}

char *
kit_temp_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("hypermeter-test-XXXXXX", &error);

  if (folder == NULL)
    fail_msg ("%s", error->message);
  return folder;
}

void
kit_remove_tree (const char *path)
{
  struct stat st;

  if (g_lstat (path, &st) != 0)
    return;
  if (S_ISDIR (st.st_mode))
    {
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          kit_remove_tree (child);
        }
    }
  if (g_remove (path) != 0)
    fail_msg ("%s cannot be removed", path);
}

void
kit_write_file (const char *folder, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (!g_file_set_contents (path, text, -1, &error))
    fail_msg ("%s", error->message);
}
