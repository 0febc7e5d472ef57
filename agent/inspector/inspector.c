/* SPDX-License-Identifier: Apache-2.0 */
/* inspector: makes and ends the agent's libvirt inspector, and is the port's two functions.
 *
 * read() runs on the scheduler's reading thread (inspector_cycle.c, inspector_compose.c). Beside it lives the
 * watch, which keeps the inventory and calls on_event (inspector_watch.c). Neither touches libvirt: that is
 * done by lanes, each a connection with its thread (inspector_connection.c), for which nobody waits without a
 * deadline. */
#include "agent/inspector/inspector.h"

#include "agent/inspector/inspector_cycle.h"
#include "agent/inspector/inspector_host.h"
#include "metering/error.h"
#include "metering/log.h"

/* Each call that hangs holds one of libvirtd's workers, which others share. At the limit only what needs no QMP is read,
 * until one came back. */
#define HANGS_MAX 3
/* How long a stop waits for a thread that is most likely inside a call that hangs. */
#define LANE_CLOSE_US (G_USEC_PER_SEC)
/* The inventory's file: after a change, and for the times at which instances were seen. */
#define INVENTORY_DELAY_NS    (2 * HM_NSEC_PER_SEC)
#define INVENTORY_INTERVAL_NS (60 * HM_NSEC_PER_SEC)

static HmSnapshot *
read_fields (HmInspector *port, HmFields fields, gint64 timeout_ns, GError **error)
{
  HmLibvirtInspector *self = (HmLibvirtInspector *)port;
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  HmCycle cycle = {
    .self = self,
    .deadline_us = g_get_monotonic_time () + timeout_ns / 1000,
    .fields = hm_host_expand (fields),
    .snapshot = snapshot,
    .cost = hm_snapshot_cost (snapshot),
    .later = g_ptr_array_new (),
    .fallen = g_ptr_array_new (),
  };
  gboolean is_done = hm_cycle_run (&cycle, error);

  if (is_done && cycle.error != NULL && cycle.cost->unanswered > 0)
    hm_warning ("%s (domains not read: %u)", cycle.error->message, cycle.cost->unanswered);
  hm_cycle_clear (&cycle);
  return is_done ? g_steal_pointer (&snapshot) : NULL;
}

/* Lanes let whoever waits for them go; none is made any more. */
static void
interrupt (HmInspector *port)
{
  HmLibvirtInspector *self = (HmLibvirtInspector *)port;

  g_mutex_lock (&self->lock);
  self->is_interrupted = TRUE;
  for (guint i = 0; i < self->n_slots; i++)
    if (self->slots[i].lane != NULL)
      hm_lane_retire (self->slots[i].lane);
  g_mutex_unlock (&self->lock);
  hm_watch_interrupt (self->watch);
}

static void
tell_health (HmInspector *port, HmInspectorHealth *ret_health)
{
  HmLibvirtInspector *self = (HmLibvirtInspector *)port;
  HmInventoryStatus inventory;

  *ret_health = (HmInspectorHealth){ 0 };
  hm_hung_health (self->hung, ret_health);
  hm_hangs_health (self->hangs, ret_health);
  hm_inventory_status (self->inventory, &inventory);
  ret_health->instances = inventory.instances;
  ret_health->owners_unknown = inventory.owners_unknown;
  ret_health->problems = inventory.problems;
}

static void
audit (HmInspector *port)
{
  hm_watch_audit (((HmLibvirtInspector *)port)->watch);
}

static void
free_inspector (HmLibvirtInspector *self)
{
  hm_inventory_free (self->inventory);
  hm_generations_free (self->generations);
  hm_stats_decoder_free (self->decoder);
  hm_hung_free (self->hung);
  hm_hangs_unref (self->hangs);
  hm_job_unref (self->hung_host);
  g_mutex_clear (&self->lock);
  g_free (self->uri);
  g_free (self->root);
  g_free (self);
}

/* A lane whose call hangs is left behind with what it needs; a watch that is stuck in on_event refers to the
 * inventory, so all of that is left behind too, and FALSE says so. Both end by themselves when the call returns, or with the
 * process. */
static gboolean
close_inspector (HmInspector *port, gint64 timeout_ns)
{
  HmLibvirtInspector *self = (HmLibvirtInspector *)port;
  gint64 deadline_us = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean has_ended;

  interrupt (port);
  has_ended = hm_watch_close (self->watch, deadline_us);
  g_clear_pointer (&self->inventory_file, hm_inventory_file_free);
  for (guint i = 0; i < self->n_slots; i++)
    hm_lane_close (self->slots[i].lane, MIN (deadline_us, g_get_monotonic_time () + LANE_CLOSE_US));
  if (has_ended)
    free_inspector (self);
  return has_ended;
}

/* Domains of a QEMU driver on this machine are processes that can be seen here. */
static gboolean
has_processes (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  const char *host;

  if (parsed == NULL || !g_str_has_prefix (g_uri_get_scheme (parsed), "qemu"))
    return FALSE;
  host = g_uri_get_host (parsed);
  return host == NULL || *host == '\0';
}

static gboolean
check_options (const HmLibvirtOptions *options, GError **error)
{
  if (options->connections >= 1 && options->connections <= HM_CONNECTIONS_MAX)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "connections: %u is not between 1 and %d",
               options->connections, HM_CONNECTIONS_MAX);
  return FALSE;
}

/* @inventory, @generations: (transfer none) */
static HmAnnouncer *
new_announcer (const HmLibvirtOptions *options, HmInventory *inventory, HmGenerations *generations,
               HmDomainEventFunc on_event, gpointer user, GError **error)
{
  HmAnnouncerOptions ours = {
    .root = options->root,
    .owners = options->owners,
    .has_processes = has_processes (options->uri),
    .clock = options->clock,
    .inventory = inventory,
    .generations = generations,
    .on_event = on_event,
    .moments = options->moments,
    .on_read = options->on_read,
    .user = user,
  };

  return hm_announcer_new (&ours, error);
}

/* Without a state folder nothing is kept. Keeps it from before the first change on. */
static gboolean
open_file (const HmLibvirtOptions *options, HmInventory *inventory, HmInventoryFile **ret_file,
           GError **error)
{
  g_autoptr (HmInventoryFile) file = NULL;

  if (options->state_dir == NULL)
    return TRUE;
  file = hm_inventory_file_new (inventory, options->state_dir, options->uri, options->clock, error);
  if (file == NULL || !hm_inventory_file_start (file, INVENTORY_DELAY_NS, INVENTORY_INTERVAL_NS, error))
    return FALSE;
  *ret_file = g_steal_pointer (&file);
  return TRUE;
}

HmInspector *
hm_libvirt_inspector_new (const HmLibvirtOptions *options, HmDomainEventFunc on_event, gpointer user,
                          GError **error)
{
  g_autoptr (HmInventory) inventory = hm_inventory_new ();
  g_autoptr (HmGenerations) generations = hm_generations_new (options->state_dir, error);
  g_autoptr (HmInventoryFile) file = NULL;
  HmAnnouncer *announcer;
  HmLibvirtInspector *self;

  if (generations == NULL || !check_options (options, error) || !open_file (options, inventory, &file, error))
    return NULL;
  announcer = new_announcer (options, inventory, generations, on_event, user, error);
  if (announcer == NULL)
    return NULL;
  self = g_new0 (HmLibvirtInspector, 1);
  self->port.read = read_fields;
  self->port.audit = audit;
  self->port.close = close_inspector;
  self->port.interrupt = interrupt;
  self->port.health = tell_health;
  g_mutex_init (&self->lock);
  self->uri = g_strdup (options->uri);
  self->root = g_strdup (options->root);
  self->clock = options->clock;
  self->hangs = hm_hangs_new (HANGS_MAX);
  self->hung = hm_hung_new (options->clock);
  self->inventory = g_steal_pointer (&inventory);
  self->inventory_file = g_steal_pointer (&file);
  self->generations = g_steal_pointer (&generations);
  self->decoder = hm_stats_decoder_new ();
  self->available = HM_READS_ALL & ~HM_READ_BIT (HM_READ_VCPUS);
  self->n_slots = options->connections;
  self->watch = hm_watch_new (
      options->uri, self->hangs, announcer,
      hm_single_new (options->uri, self->hangs, self->generations, options->root, options->clock),
      options->clock);
  return &self->port;
}
