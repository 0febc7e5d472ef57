/* SPDX-License-Identifier: Apache-2.0 */
/* announce: one place decides what an instance is, when it is new, and what is said about it.
 *
 * Three ways lead here: all domains are compared (after a connection, and now and then), one is looked at (a
 * read met something unknown), or an event came. Each builds the instance anew from the XML and /proc where
 * it may have changed, puts it into the inventory and says what differs (announce_say.c), in this order: described,
 * owner-changed, flavor-changed, then the event itself. */
#include "agent/inventory/announce_private.h"

#include <string.h>

#include "metering/log.h"

/* -- what comes in */

void
hm_seen_domain_free (HmSeenDomain *seen)
{
  g_free (seen->name);
  g_free (seen->xml);
  g_free (seen);
}

void
hm_happening_clear (HmHappening *happening)
{
  g_clear_pointer (&happening->name, g_free);
  g_clear_pointer (&happening->alias, g_free);
}

static void
free_snapshot (gpointer data)
{
  hm_snapshot_free (data);
}

HmAnnouncer *
hm_announcer_new (const HmAnnouncerOptions *options, GError **error)
{
  g_autofree char *boot_id = hm_boot_id (options->root, error);
  HmAnnouncer *self;

  if (boot_id == NULL)
    return NULL;
  self = g_new0 (HmAnnouncer, 1);
  self->options = *options;
  self->root = g_strdup (options->root);
  self->owners = options->owners != NULL ? hm_owner_map_ref (options->owners) : NULL;
  self->boot_id = g_steal_pointer (&boot_id);
  self->finder = hm_process_finder_new (options->root);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->suspects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->processes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->doubts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->heard = HM_TIME_UNKNOWN;
  self->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_snapshot);
  return self;
}

void
hm_announcer_free (HmAnnouncer *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->gone);
  g_hash_table_unref (self->suspects);
  g_hash_table_unref (self->processes);
  g_hash_table_unref (self->held);
  g_hash_table_unref (self->doubts);
  hm_process_finder_free (self->finder);
  g_free (self->root);
  hm_owner_map_unref (self->owners);
  g_free (self->boot_id);
  g_free (self);
}

void
hm_announcer_suspect (HmAnnouncer *self, const char *id)
{
  g_hash_table_add (self->suspects, g_strdup (id));
}

void
hm_announcer_doubt (HmAnnouncer *self, const char *id, HmState shown)
{
  g_hash_table_replace (self->doubts, g_strdup (id), GINT_TO_POINTER (shown));
  hm_announcer_suspect (self, id);
}

gboolean
hm_announcer_doubted (HmAnnouncer *self, const char *id, HmState shown)
{
  gpointer doubt;

  return g_hash_table_lookup_extended (self->doubts, id, NULL, &doubt)
         && GPOINTER_TO_INT (doubt) == (int)shown;
}

GPtrArray *
hm_announcer_suspects (HmAnnouncer *self)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->suspects);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (ids, id);
    }
  return ids;
}

/* -- what is known */

/* What is known to run counts on from what was held of it. */
void
hm_announcer_keep (HmAnnouncer *self, HmInstance *instance, HmTime time)
{
  hm_inventory_put (self->options.inventory, instance);
  g_hash_table_remove (self->doubts, hm_instance_id (instance));
  if (instance->resource->state == HM_STATE_RUNNING)
    g_hash_table_remove (self->held, hm_instance_id (instance));
  hm_inventory_seen (self->options.inventory, hm_instance_id (instance), instance->resource->state, time);
}

void
hm_announcer_drop (HmAnnouncer *self, const char *id)
{
  g_hash_table_add (self->gone, g_strdup (id));
  hm_inventory_remove (self->options.inventory, id);
  g_hash_table_remove (self->processes, id);
  g_hash_table_remove (self->held, id);
  g_hash_table_remove (self->doubts, id);
  hm_generations_drop (self->options.generations, id);
}

static void
forget (HmAnnouncer *self, HmInstance *instance)
{
  g_autofree char *id = g_strdup (hm_instance_id (instance));
  g_autoptr (GError) error = NULL;

  hm_announcer_drop (self, id);
  if (!hm_generations_forget (self->options.generations, id, &error))
    hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = id }, "%s", error->message);
}

/* -- events */

gboolean
hm_announcer_needs_look (HmAnnouncer *self, const char *id)
{
  g_autoptr (HmInstance) known = hm_inventory_get (self->options.inventory, id);

  return known != NULL ? known->is_remembered : !g_hash_table_contains (self->gone, id);
}

/* What is new does not run yet, though it may do so by the time that it is looked at; the event of that is on its way. */
static HmState
state_when_defined (HmAnnouncer *self, const HmHappening *happening, const HmSeenDomain *seen)
{
  if (seen != NULL && seen->state != HM_STATE_SHUTOFF)
    hm_announcer_suspect (self, happening->id);
  return HM_STATE_SHUTOFF;
}

static HmInstance *
after (HmAnnouncer *self, const HmHappening *happening, const HmSeenDomain *seen, const HmInstance *before)
{
  HmState state = happening->state;

  if (state == HM_STATE_UNKNOWN && before != NULL)
    state = before->resource->state;
  else if (state == HM_STATE_UNKNOWN && g_strcmp0 (happening->word, "defined") == 0)
    state = state_when_defined (self, happening, seen);
  if (seen != NULL)
    return hm_announcer_build (self, seen, before, state == HM_STATE_UNKNOWN ? seen->state : state);
  if (before == NULL)
    return hm_announcer_build_unseen (self, happening);
  return hm_instance_with_state (before, state, happening->has_ended ? -1 : before->domain_id);
}

/* "kind:id"; something that is neither disk nor interface goes by libvirt's alias. (nullable) */
static char *
device_of (const HmHappening *happening, const HmInstance *before, const HmInstance *instance)
{
  const HmDevice *device = NULL;

  if (happening->alias == NULL)
    return NULL;
  device = hm_instance_find_alias (instance, happening->alias);
  if (device == NULL && before != NULL)
    device = hm_instance_find_alias (before, happening->alias);
  return device != NULL ? g_strdup (device->device) : g_strconcat ("device:", happening->alias, NULL);
}

/* A domain that is not defined ceases to exist with its process. One that migrated away lives on elsewhere,
 * so its end here is not the instance's. */
static void
end_if_transient (HmAnnouncer *self, const HmHappening *happening, HmInstance *instance)
{
  if (!happening->has_ended || instance->persistent)
    return;
  if (!instance->has_migrated)
    hm_announcer_say_gone (self, "undefined", instance, HM_STATE_UNDEFINED, happening->time, TRUE);
  forget (self, instance);
}

static void
say_happening (HmAnnouncer *self, const HmHappening *happening, const HmInstance *known,
               const HmInstance *instance)
{
  g_autofree char *device = device_of (happening, known, instance);
  HmEnd end = { .event = happening->word, .before = known, .after = instance, .time = happening->time };

  if (happening->has_ended)
    hm_announcer_say_end (self, &end);
  else
    hm_announcer_say (self, happening->word, instance, device, happening->time, FALSE);
}

static void
take_change (HmAnnouncer *self, const HmHappening *happening, const HmSeenDomain *seen,
             const HmInstance *known, gboolean is_gone)
{
  g_autoptr (HmInstance) instance = after (self, happening, seen, known);

  if (is_gone)
    instance->persistent = FALSE;
  instance->has_migrated = strcmp (happening->word, "migrated-out") == 0;
  g_hash_table_remove (self->gone, happening->id);
  hm_announcer_say_changes (self, known, instance, happening->time, FALSE);
  say_happening (self, happening, known, instance);
  hm_announcer_keep (self, instance, happening->time);
  end_if_transient (self, happening, instance);
}

/* Its definition is gone. Does it still run, it goes on until it stops; did it stop here to run elsewhere,
 * nothing more is said. */
static void
take_undefined (HmAnnouncer *self, const HmHappening *happening, const HmSeenDomain *seen, HmInstance *known)
{
  if (seen != NULL && seen->domain_id >= 0)
    {
      hm_announcer_compare (self, seen, FALSE, FALSE);
      return;
    }
  if (known == NULL)
    return;
  if (!known->has_migrated)
    hm_announcer_say_gone (self, happening->word, known, HM_STATE_UNDEFINED, happening->time, FALSE);
  forget (self, known);
}

/* QEMU's driver tells of a start in two events, and first of all that the CPUs run. Does the second not come, the
 * comparison tells. */
static gboolean
is_first_half_of_start (const HmHappening *happening, const HmInstance *known)
{
  return happening->word != NULL && strcmp (happening->word, "resumed") == 0
         && (known == NULL || known->resource->state == HM_STATE_SHUTOFF);
}

void
hm_announcer_take_event (HmAnnouncer *self, const HmHappening *happening, gboolean has_looked,
                         const HmSeenDomain *seen)
{
  g_autoptr (HmInstance) known = hm_inventory_get (self->options.inventory, happening->id);
  gboolean was_forgotten = g_hash_table_contains (self->gone, happening->id);

  hm_announcer_tell_lives (self, happening, known);
  if (is_first_half_of_start (happening, known))
    hm_announcer_doubt (self, happening->id, HM_STATE_RUNNING);
  else if (happening->word == NULL && seen != NULL)
    hm_announcer_compare (self, seen, FALSE, FALSE);
  else if (happening->word == NULL)
    hm_debug ("%s: nothing to tell", happening->id);
  else if (happening->state == HM_STATE_UNDEFINED)
    take_undefined (self, happening, seen, known);
  else if (known != NULL || seen != NULL || (has_looked && !was_forgotten))
    take_change (self, happening, seen, known, has_looked && seen == NULL);
  self->told = NULL;
}
