/* SPDX-License-Identifier: Apache-2.0 */
/* announce_compare: what is found out by looking, where no event told it.
 *
 * The watch calls it, on its thread: with all domains after each connection and now and then, with one when a read met
 * something unknown. A state that an event may be about to tell is only noted as suspect. */
#include "agent/inventory/announce_private.h"

static const char *
word_for (HmState before, HmState after)
{
  switch (after)
    {
    case HM_STATE_RUNNING:
      return before == HM_STATE_PAUSED ? "resumed" : "started";
    case HM_STATE_PAUSED:
      return "suspended";
    case HM_STATE_SHUTTING_DOWN:
      return "shutdown";
    default:
      return "stopped"; /* no state of a domain that is there */
    }
}

static void
say_state (HmAnnouncer *self, const HmInstance *before, const HmInstance *instance, HmTime time)
{
  guint changes = hm_instance_compare (before, instance);
  HmState state = instance->resource->state;
  HmEnd end = { .event = "stopped", .before = before, .after = instance, .time = time, .compared = TRUE };

  if ((changes & HM_CHANGED_STATE) && state == HM_STATE_SHUTOFF)
    hm_announcer_say_end (self, &end);
  else if (changes & HM_CHANGED_STATE)
    hm_announcer_say (self, word_for (before->resource->state, state), instance, NULL, time, TRUE);
  else if ((changes & HM_CHANGED_EPOCH) && before->resource->epoch != NULL && state == HM_STATE_RUNNING)
    hm_announcer_say (self, "started", instance, NULL, time, TRUE);
}

static gboolean
differs (const HmInstance *before, const HmSeenDomain *seen)
{
  return before != NULL && before->resource->state != seen->state;
}

static void
take_seen (HmAnnouncer *self, const HmSeenDomain *seen, const HmInstance *before, gboolean may_tell_state,
           gboolean compared)
{
  gboolean waits = !may_tell_state && differs (before, seen);
  g_autoptr (HmInstance) instance
      = hm_announcer_build (self, seen, before, waits ? before->resource->state : seen->state);
  HmTime time = self->options.clock->wall (self->options.clock);

  g_hash_table_remove (self->gone, seen->id);
  hm_announcer_say_changes (self, before, instance, time, compared || before == NULL);
  if (before == NULL)
    hm_announcer_say (self, "found", instance, NULL, time, TRUE);
  else if (may_tell_state)
    say_state (self, before, instance, time);
  if (waits)
    hm_inventory_put (self->options.inventory, instance);
  else
    hm_announcer_keep (self, instance, time);
}

/* @may_tell_state: nothing is on its way that would tell it. What has ended meanwhile keeps its epoch until that is told, as the values that go with it are in that epoch. */
void
hm_announcer_compare (HmAnnouncer *self, const HmSeenDomain *seen, gboolean may_tell_state, gboolean compared)
{
  g_autoptr (HmInstance) before = hm_inventory_get (self->options.inventory, seen->id);
  gboolean waits = !may_tell_state && differs (before, seen);

  if (waits)
    hm_announcer_doubt (self, seen->id, seen->state);
  if (!waits || seen->domain_id >= 0 || before->domain_id < 0)
    take_seen (self, seen, before, may_tell_state, compared);
}

/* Its process may still be there: found again, it must go on with its generation. */
static void
lose (HmAnnouncer *self, HmInstance *instance)
{
  g_autofree char *id = g_strdup (hm_instance_id (instance));

  if (!instance->has_migrated)
    hm_announcer_say_gone (self, "lost", instance, HM_STATE_LOST,
                           self->options.clock->wall (self->options.clock), TRUE);
  hm_announcer_drop (self, id);
}

void
hm_announcer_take_one (HmAnnouncer *self, const char *id, const HmSeenDomain *seen, gboolean is_confirmed)
{
  g_autoptr (HmInstance) before = hm_inventory_get (self->options.inventory, id);
  HmState shown = seen != NULL ? seen->state : HM_STATE_LOST;
  gboolean is_believed = is_confirmed && hm_announcer_doubted (self, id, shown);

  if (seen != NULL)
    hm_announcer_compare (self, seen, is_believed, TRUE);
  else if (before != NULL && is_believed)
    lose (self, before);
  else if (before != NULL)
    hm_announcer_doubt (self, id, HM_STATE_LOST);
}

static void
compare_missing (HmAnnouncer *self, GHashTable *present, gboolean is_new)
{
  g_autoptr (GPtrArray) known = hm_inventory_list (self->options.inventory);

  for (guint i = 0; i < known->len; i++)
    {
      HmInstance *instance = g_ptr_array_index (known, i);

      if (g_hash_table_contains (present, hm_instance_id (instance)))
        continue;
      if (is_new)
        lose (self, instance);
      else
        hm_announcer_doubt (self, hm_instance_id (instance), HM_STATE_LOST);
    }
}

void
hm_announcer_take_all (HmAnnouncer *self, GPtrArray *seen, gboolean is_new)
{
  g_autoptr (GHashTable) present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_hash_table_remove_all (self->gone);
  for (guint i = 0; i < seen->len; i++)
    {
      const HmSeenDomain *one = g_ptr_array_index (seen, i);

      g_hash_table_add (present, g_strdup (one->id));
      hm_announcer_compare (self, one, is_new, TRUE);
    }
  compare_missing (self, present, is_new);
}
