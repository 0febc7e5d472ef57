/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_cycle: one read of the hypervisor, up to what the lanes bring.
 *
 * Makes sure of the connections and that the inventory belongs to the hypervisor behind them; then the lanes read
 * (inspector_rounds.c). */
#include "agent/inspector/inspector_cycle.h"

#include "agent/inspector/inspector_host.h"
#include "agent/inspector/inspector_look.h"
#include "agent/inspector/inspector_rounds.h"
#include "metering/error.h"
#include "metering/log.h"

/* -- lanes */

/* The slots are this thread's; the lock is for who interrupts it. */
static void
drop_lane (HmLibvirtInspector *self, HmSlot *slot)
{
  HmLane *lane;

  g_mutex_lock (&self->lock);
  lane = g_steal_pointer (&slot->lane);
  g_mutex_unlock (&self->lock);
  hm_lane_close (lane, 0);
  slot->openings = 0;
}

gboolean
hm_cycle_have_lane (HmLibvirtInspector *self, HmSlot *slot, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->is_interrupted)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "interrupted");
  else if (slot->lane == NULL)
    slot->lane = hm_lane_new (self->uri, self->hangs, NULL, error);
  return slot->lane != NULL && !self->is_interrupted;
}

void
hm_cycle_keep_error (HmCycle *cycle, GError *error)
{
  if (cycle->error == NULL)
    cycle->error = error;
  else
    g_error_free (error);
}

gboolean
hm_cycle_await (HmCycle *cycle, HmSlot *slot, HmJob *job, gint64 deadline_us)
{
  if (!hm_lane_wait (slot->lane, job, deadline_us))
    {
      hm_cycle_keep_error (
          cycle, g_error_new (HM_ERROR, HM_ERROR_TEMPORARY, "%s does not answer in time", cycle->self->uri));
      drop_lane (cycle->self, slot);
      return FALSE;
    }
  cycle->cost->rpcs += job->rpcs;
  if (job->error == NULL)
    return TRUE;
  hm_cycle_keep_error (cycle, g_error_copy (job->error));
  return FALSE;
}

static gboolean
is_open (const HmSlot *slot)
{
  return slot->lane != NULL && hm_lane_openings (slot->lane) > 0;
}

/* Brings the lanes that are open to the front, so that the others get no share. Returns how many they are. */
static guint
open_ones_first (HmLibvirtInspector *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint n = 0;

  for (guint i = 0; i < self->n_slots; i++)
    if (is_open (&self->slots[i]))
      {
        HmSlot open = self->slots[i];

        self->slots[i] = self->slots[n];
        self->slots[n++] = open;
      }
  return n;
}

/* Opens what is not open, side by side. */
static void
open_lanes (HmCycle *cycle)
{
  HmJob *pings[HM_CONNECTIONS_MAX] = { NULL };

  for (guint i = 0; i < cycle->n_lanes; i++)
    {
      HmSlot *slot = &cycle->self->slots[i];
      GError *error = NULL;

      if (slot->openings > 0)
        continue;
      if (!hm_cycle_have_lane (cycle->self, slot, &error))
        {
          hm_cycle_keep_error (cycle, error);
          continue;
        }
      pings[i] = hm_ping_new ();
      hm_lane_start (slot->lane, pings[i]);
    }
  for (guint i = 0; i < cycle->n_lanes; i++)
    if (pings[i] != NULL)
      {
        hm_cycle_await (cycle, &cycle->self->slots[i], pings[i], cycle->patience_us);
        hm_job_unref (pings[i]);
      }
}

/* Since when the youngest connection stands that the inventory was not verified for; 0: there is none. */
static gint64
unverified_since (HmCycle *cycle)
{
  gint64 since = 0;

  for (guint i = 0; i < cycle->n_lanes; i++)
    {
      const HmSlot *slot = &cycle->self->slots[i];

      if (slot->lane != NULL && hm_lane_openings (slot->lane) != slot->openings)
        since = MAX (since, hm_lane_opened_at (slot->lane));
    }
  return since;
}

static gboolean
verify (HmCycle *cycle, GError **error)
{
  gint64 since = unverified_since (cycle);

  if (since > 0 && !hm_watch_verify (cycle->self->watch, since, cycle->deadline_us, error))
    return FALSE;
  for (guint i = 0; i < cycle->n_lanes; i++)
    {
      HmSlot *slot = &cycle->self->slots[i];

      if (slot->lane != NULL)
        slot->openings = hm_lane_openings (slot->lane);
    }
  return TRUE;
}

/* -- reading */

/* Says when QMP is done without, and when that is over. */
static void
note_sparing (HmLibvirtInspector *self, gboolean is_sparing)
{
  if (is_sparing && !self->is_sparing)
    hm_warning ("%s: calls that hang: %u; only what needs no QMP is read until one comes back", self->uri,
                hm_hangs_now (self->hangs));
  else if (!is_sparing && self->is_sparing)
    hm_notice ("%s: a call that hung came back, all is read again", self->uri);
  self->is_sparing = is_sparing;
}

/* Reads that ask QEMU itself take their time one guest after the other, so they are split, but not over more lanes than
 * may hang; others are not worth a second list, nor are the few guests that migrate. */
static void
choose_lanes (HmCycle *cycle)
{
  HmLibvirtInspector *self = cycle->self;
  guint left = hm_hangs_left (self->hangs);
  HmFields of_all = cycle->fields & ~HM_FIELD_MIGRATION;
  gboolean asks_guests = hm_plan_qmp (hm_plan (of_all, self->available, 0, NULL)) > 0;

  cycle->without_qmp = left == 0;
  cycle->n_lanes = asks_guests ? CLAMP (left, 1, self->n_slots) : 1;
}

gboolean
hm_cycle_run (HmCycle *cycle, GError **error)
{
  gint64 now_us = g_get_monotonic_time ();

  cycle->patience_us = now_us + (cycle->deadline_us - now_us) / 2;
  choose_lanes (cycle);
  open_ones_first (cycle->self);
  open_lanes (cycle);
  cycle->n_lanes = MIN (cycle->n_lanes, open_ones_first (cycle->self));
  if (cycle->n_lanes == 0)
    {
      g_propagate_error (error, g_steal_pointer (&cycle->error));
      return FALSE;
    }
  if (!verify (cycle, error))
    return FALSE;
  cycle->must_list = !hm_watch_is_live (cycle->self->watch);
  hm_rounds_run (cycle);
  if (cycle->answers == 0)
    {
      g_propagate_error (error, g_steal_pointer (&cycle->error));
      return FALSE;
    }
  if (!verify (cycle, error))
    return FALSE;
  note_sparing (cycle->self, cycle->without_qmp);
  hm_cycle_compose (cycle);
  hm_cycle_add_host (cycle);
  return TRUE;
}

void
hm_cycle_clear (HmCycle *cycle)
{
  for (guint i = 0; i < cycle->n_lanes; i++)
    hm_rounds_drop_share (&cycle->self->slots[i]);
  if (cycle->spared != NULL)
    hm_job_unref (&cycle->spared->job);
  hm_assignment_unref (cycle->assignment);
  g_ptr_array_unref (cycle->later);
  g_ptr_array_unref (cycle->fallen);
  g_clear_error (&cycle->error);
}
