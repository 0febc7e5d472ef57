/* SPDX-License-Identifier: Apache-2.0 */
/* print_snapshot: reads a hypervisor once through the agent's inspector and prints the snapshot as text, a
 * line "domain key=value" for each number, named as `virsh domstats --raw` names it; with --events also what
 * was told.
 *
 * Usage: print_snapshot [--fields MASK] [--connections N] [--repeat N] [--pause MS] [--events] [--quiet] URI
 * The integration tests compare its output with virsh's; scripts count the calls that it makes in libvirtd's
 * log. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/inspector/inspector.h"
#include "metering/hypermeter.h"

static gint fields = ((1 << HM_FIELD_COUNT) - 1), connections = 3, repeat = 1, pause_ms, timeout_ms = 10000;
static gboolean with_events, quiet;
static char *root = NULL, *state_dir = NULL;

static const GOptionEntry entries[] = {
  { "fields", 0, 0, G_OPTION_ARG_INT, &fields, "Bit mask of HmField", "MASK" },
  { "connections", 0, 0, G_OPTION_ARG_INT, &connections, "Connections to read over", "N" },
  { "repeat", 0, 0, G_OPTION_ARG_INT, &repeat, "Reads", "N" },
  { "pause", 0, 0, G_OPTION_ARG_INT, &pause_ms, "Milliseconds between reads", "MS" },
  { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout_ms, "Milliseconds that a read may take", "MS" },
  { "root", 0, 0, G_OPTION_ARG_FILENAME, &root, "Prefix of /proc and /sys", "DIR" },
  { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &state_dir, "Where counter generations are kept", "DIR" },
  { "events", 0, 0, G_OPTION_ARG_NONE, &with_events, "Print events too", NULL },
  { "quiet", 0, 0, G_OPTION_ARG_NONE, &quiet, "Print only what a read cost", NULL },
  { NULL },
};

static void
print (const char *name, const char *key, HmMaybe value)
{
  if (value.given)
    printf ("%s %s=%" G_GUINT64_FORMAT "\n", name, key, value.value);
}

static void
print_of (const char *name, const char *device, const char *key, HmMaybe value)
{
  if (value.given)
    printf ("%s %s.%s=%" G_GUINT64_FORMAT "\n", name, device, key, value.value);
}

static void
print_disk (const char *name, const HmDisk *disk)
{
  print_of (name, disk->device, "rd.reqs", disk->rd_reqs);
  print_of (name, disk->device, "rd.bytes", disk->rd_bytes);
  print_of (name, disk->device, "rd.times", disk->rd_times);
  print_of (name, disk->device, "wr.reqs", disk->wr_reqs);
  print_of (name, disk->device, "wr.bytes", disk->wr_bytes);
  print_of (name, disk->device, "wr.times", disk->wr_times);
  print_of (name, disk->device, "fl.reqs", disk->fl_reqs);
  print_of (name, disk->device, "fl.times", disk->fl_times);
  print_of (name, disk->device, "errors", disk->errors);
  print_of (name, disk->device, "capacity", disk->capacity);
  print_of (name, disk->device, "allocation", disk->allocation);
  print_of (name, disk->device, "physical", disk->physical);
}

static void
print_nic (const char *name, const HmNic *nic)
{
  if (nic->life.epoch != NULL)
    printf ("%s %s.epoch=%s\n", name, nic->device, nic->life.epoch);
  print_of (name, nic->device, "rx.bytes", nic->rx_bytes);
  print_of (name, nic->device, "rx.pkts", nic->rx_pkts);
  print_of (name, nic->device, "rx.errs", nic->rx_errs);
  print_of (name, nic->device, "rx.drop", nic->rx_drop);
  print_of (name, nic->device, "tx.bytes", nic->tx_bytes);
  print_of (name, nic->device, "tx.pkts", nic->tx_pkts);
  print_of (name, nic->device, "tx.errs", nic->tx_errs);
  print_of (name, nic->device, "tx.drop", nic->tx_drop);
}

static void
print_scalars (const HmDomain *domain)
{
  const char *name = domain->name;

  print (name, "state.state", domain->state);
  print (name, "cpu.time", domain->cpu_time);
  print (name, "cpu.user", domain->cpu_user);
  print (name, "cpu.system", domain->cpu_system);
  print (name, "vcpu.current", domain->vcpu_current);
  print (name, "balloon.current", domain->balloon_current);
  print (name, "balloon.available", domain->balloon_available);
  print (name, "balloon.unused", domain->balloon_unused);
  print (name, "balloon.usable", domain->balloon_usable);
  print (name, "balloon.rss", domain->balloon_rss);
  print (name, "balloon.swap_in", domain->swap_in);
  print (name, "balloon.swap_out", domain->swap_out);
  print (name, "balloon.major_fault", domain->major_fault);
  print (name, "balloon.minor_fault", domain->minor_fault);
  print (name, "balloon.last-update", domain->balloon_last_update);
  print (name, "perf.cpu_cycles", domain->perf_cycles);
  print (name, "perf.instructions", domain->perf_instructions);
  print (name, "perf.cache_references", domain->perf_cache_references);
  print (name, "perf.cache_misses", domain->perf_cache_misses);
  print (name, "job.time_elapsed", domain->migration_elapsed);
  print (name, "job.data_total", domain->migration_total);
  print (name, "job.data_processed", domain->migration_processed);
  print (name, "job.data_remaining", domain->migration_remaining);
  print (name, "job.downtime", domain->migration_downtime);
}

static void
print_resource (const char *name, const HmResource *resource)
{
  const char *state = hm_state_name (resource->state);

  printf ("%s id=%s project=%s user=%s flavor=%s state=%s epoch=%s epoch_start=%" G_GINT64_FORMAT "\n", name,
          resource->id, resource->project, resource->user, resource->flavor != NULL ? resource->flavor : "-",
          state != NULL ? state : "-", resource->epoch != NULL ? resource->epoch : "-",
          resource->epoch_start);
}

static void
print_domain (const HmDomain *domain)
{
  print_resource (domain->name, domain->resource);
  printf ("%s got=%u read_ns=%" G_GINT64_FORMAT "\n", domain->name, domain->got, domain->read_ns);
  print_scalars (domain);
  for (guint i = 0; i < domain->n_vcpus; i++)
    {
      print_of (domain->name, domain->vcpus[i].device, "time", domain->vcpus[i].time);
      print_of (domain->name, domain->vcpus[i].device, "wait", domain->vcpus[i].wait);
      print_of (domain->name, domain->vcpus[i].device, "delay", domain->vcpus[i].delay);
    }
  for (guint i = 0; i < domain->n_disks; i++)
    print_disk (domain->name, &domain->disks[i]);
  for (guint i = 0; i < domain->n_nics; i++)
    print_nic (domain->name, &domain->nics[i]);
}

static void
print_host (const HmHost *host)
{
  print ("-", "node.cpus", host->cpus);
  print ("-", "node.memory", host->memory);
  print ("-", "instances", host->instances);
  print ("-", "vcpus.allocated", host->vcpus_allocated);
  print ("-", "memory.allocated", host->memory_allocated);
  for (guint i = 0; i < host->n_pools; i++)
    {
      print_of ("-", host->pools[i].device, "capacity", host->pools[i].capacity);
      print_of ("-", host->pools[i].device, "allocation", host->pools[i].allocation);
      print_of ("-", host->pools[i].device, "available", host->pools[i].available);
    }
}

static void
print_snapshot (HmSnapshot *snapshot)
{
  const HmReadCost *cost = hm_snapshot_cost (snapshot);

  for (guint i = 0; i < hm_snapshot_size (snapshot) && !quiet; i++)
    print_domain (hm_snapshot_get (snapshot, i));
  if (hm_snapshot_host (snapshot) != NULL && !quiet)
    print_host (hm_snapshot_host (snapshot));
  printf ("# domains=%u rpcs=%u unanswered=%u wall_us=%" G_GINT64_FORMAT "\n", hm_snapshot_size (snapshot),
          cost->rpcs, cost->unanswered, cost->wall_ns / 1000);
}

/* On the inspector's event worker. */
static void
on_event (const HmDomainEvent *event, gpointer user)
{
  const HmResource *resource = event->resource;
  const char *state = hm_state_name (resource->state);

  (void)user;
  printf ("! %s id=%s name=%s project=%s state=%s epoch=%s%s%s%s\n", event->event, resource->id,
          hm_resource_description (resource, "instance_name"), resource->project, state != NULL ? state : "-",
          resource->epoch != NULL ? resource->epoch : "-", event->device != NULL ? " device=" : "",
          event->device != NULL ? event->device : "", event->compared ? " (compared)" : "");
  fflush (stdout);
}

/* One read; its exit code. */
static int
read_once (HmInspector *inspector)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSnapshot) snapshot
      = inspector->read (inspector, (HmFields)fields, timeout_ms * HM_NSEC_PER_MSEC, &error);

  if (snapshot != NULL)
    print_snapshot (snapshot);
  else
    fprintf (stderr, "print_snapshot: %s\n", error->message);
  fflush (stdout);
  return hm_error_exit_code (error);
}

/* Goes on after a failure; the last read counts. */
static int
read_often (HmInspector *inspector)
{
  int result = read_once (inspector);

  for (int i = 1; i < repeat; i++)
    {
      g_usleep ((gulong)pause_ms * 1000);
      result = read_once (inspector);
    }
  return result;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("URI");
  g_autoptr (GError) error = NULL;
  HmInspector *inspector;
  int result;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2)
    {
      fprintf (stderr, "print_snapshot: %s\n", error != NULL ? error->message : "which URI?");
      return 64;
    }
  inspector = hm_libvirt_inspector_new (&(HmLibvirtOptions){ .uri = argv[1],
                                                             .connections = (guint)connections,
                                                             .root = root != NULL ? root : "",
                                                             .state_dir = state_dir,
                                                             .clock = hm_clock_system () },
                                        with_events ? on_event : NULL, NULL, &error);
  if (inspector == NULL)
    {
      fprintf (stderr, "print_snapshot: %s\n", error->message);
      return hm_error_exit_code (error);
    }
  result = read_often (inspector);
  inspector->close (inspector, 5 * HM_NSEC_PER_SEC);
  g_free (root);
  g_free (state_dir);
  return result;
}
