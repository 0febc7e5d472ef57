/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_rounds: one read's work on the lanes, whatever hangs.
 *
 *   those that hung: are they back? → every lane its share → who is late? name the domain, spare it, ask that lane's others again
 *   → … → what those that hang tell without being asked
 *
 * A domain's process that hangs holds up its whole lane. Whoever waits for it is known to libvirtd, which tells it without
 * waiting, so the domain is named, and from then on nobody asks its process: neither the second round nor the reads that
 * follow. A round ends after half of the time that is left; the last one asks no process at all. */
#include "agent/inspector/inspector_rounds.h"

#include "agent/inspector/inspector_probe.h"
#include "metering/log.h"

/* A late lane's domain hangs if it was waited for during most of the lane's time: the others were asked before it. */
#define ENOUGH_SHARE 2
/* One for which somebody waits less than this answers, if slowly. */
#define BACK_MS 500
/* Each round but the last costs a call that hangs, of which there are not many to risk. */
#define ROUNDS_MAX 8

/* -- shares */

static void
start_share (HmCycle *cycle, guint i, gboolean without_qmp)
{
  HmSlot *slot = &cycle->self->slots[i];

  slot->share = hm_share_new (cycle->assignment, i, cycle->fields, cycle->must_list, without_qmp,
                              cycle->self->root, cycle->self->clock);
  hm_lane_start (slot->lane, &slot->share->job);
}

void
hm_rounds_drop_share (HmSlot *slot)
{
  if (slot->share != NULL)
    hm_job_unref (&slot->share->job);
  slot->share = NULL;
}

static void
await_share (HmCycle *cycle, guint i, gint64 deadline_us)
{
  HmSlot *slot = &cycle->self->slots[i];

  if (slot->share == NULL)
    return;
  if (hm_cycle_await (cycle, slot, &slot->share->job, deadline_us))
    cycle->self->available = slot->share->available;
  else
    hm_rounds_drop_share (slot);
}

static void
assign (HmCycle *cycle)
{
  g_autoptr (GPtrArray) instances = hm_inventory_list (cycle->self->inventory);

  cycle->assignment = hm_assignment_new (instances, cycle->n_lanes);
}

/* -- those that hang */

static void
spare_hung (HmCycle *cycle)
{
  HmAssignment *before = cycle->assignment;

  cycle->assignment = hm_assignment_without (before, cycle->self->hung);
  hm_assignment_unref (before);
}

/* Asks about @ids on @slot. (nullable) (transfer full) */
static HmProbe *
ask_about (HmCycle *cycle, HmSlot *slot, const GPtrArray *ids)
{
  g_autoptr (HmJob) job = NULL;
  GError *error = NULL;

  if (!hm_cycle_have_lane (cycle->self, slot, &error))
    {
      hm_cycle_keep_error (cycle, error);
      return NULL;
    }
  job = &hm_probe_new (ids)->job;
  hm_lane_start (slot->lane, job);
  return hm_cycle_await (cycle, slot, job, cycle->deadline_us) ? (HmProbe *)g_steal_pointer (&job) : NULL;
}

static int
domain_id_of (const char *id, gpointer assignment)
{
  const HmInstance *instance = hm_assignment_find (assignment, id);

  return instance != NULL ? instance->domain_id : -1;
}

/* A call that came back may be the one that hung at them: so all of them are asked. */
static void
probe_hung (HmCycle *cycle)
{
  HmLibvirtInspector *self = cycle->self;
  guint64 returned = hm_hangs_returned (self->hangs);
  g_autoptr (GPtrArray) due = NULL;
  HmProbe *probe;

  hm_hung_keep (self->hung, domain_id_of, cycle->assignment);
  if (returned != self->returned)
    hm_hung_hurry (self->hung);
  self->returned = returned;
  due = hm_hung_due (self->hung);
  if (due->len == 0 || (probe = ask_about (cycle, &self->slots[0], due)) == NULL)
    return;
  for (guint i = 0; i < probe->probed->len; i++)
    hm_hung_take (self->hung, &g_array_index (probe->probed, HmProbed, i), BACK_MS);
  hm_job_unref (&probe->job);
}

static void
add_hung (HmCycle *cycle, const HmProbed *probed)
{
  const HmInstance *instance = hm_assignment_find (cycle->assignment, probed->id);

  hm_hung_add (cycle->self->hung, probed->id, instance->domain_id, instance->name, probed->waits_ms);
}

/* Of a domain in a long job (a migration) libvirtd does not say how long its process has been waited for: it is
 * taken for the one that hangs only when no other is. */
static void
name_among (HmCycle *cycle, const GArray *probed, guint enough_ms)
{
  guint before = hm_hung_size (cycle->self->hung);

  for (guint i = 0; i < probed->len; i++)
    {
      const HmProbed *one = &g_array_index (probed, HmProbed, i);

      if (one->result == HM_PROBE_WAITS && one->waits_ms >= enough_ms)
        add_hung (cycle, one);
    }
  for (guint i = 0; i < probed->len && hm_hung_size (cycle->self->hung) == before; i++)
    {
      const HmProbed *one = &g_array_index (probed, HmProbed, i);

      if (one->result == HM_PROBE_BUSY && one->waits_ms >= enough_ms)
        add_hung (cycle, one);
    }
}

/* Those running that lane @lane reads; all for -1. */
static GPtrArray *
ids_of (HmCycle *cycle, int lane)
{
  GPtrArray *ids = g_ptr_array_new ();

  for (guint i = 0; i < hm_assignment_size (cycle->assignment); i++)
    {
      const HmInstance *instance = hm_assignment_get (cycle->assignment, i);
      const char *id = hm_instance_id (instance);

      if (instance->domain_id >= 0 && !hm_hung_has (cycle->self->hung, id)
          && (lane < 0 || hm_assignment_lane (cycle->assignment, id) == (guint)lane))
        g_ptr_array_add (ids, (gpointer)(guintptr)id);
    }
  return ids;
}

/* Finds out at which domains of lane @lane (-1: any) calls hang, on @slot. FALSE when not even that is answered. */
static gboolean
name_hung (HmCycle *cycle, HmSlot *slot, int lane, guint enough_ms)
{
  g_autoptr (GPtrArray) ids = ids_of (cycle, lane);
  HmProbe *probe = ask_about (cycle, slot, ids);

  cycle->self->must_name = probe == NULL;
  if (probe == NULL)
    return FALSE;
  name_among (cycle, probe->probed, enough_ms);
  hm_job_unref (&probe->job);
  return TRUE;
}

/* -- rounds */

/* @left: how many lanes may still be risked. */
static gboolean
ask_again (HmCycle *cycle, guint i, guint *left)
{
  HmSlot *slot = &cycle->self->slots[i];
  GError *error = NULL;

  if (!hm_cycle_have_lane (cycle->self, slot, &error))
    {
      hm_cycle_keep_error (cycle, error);
      return FALSE;
    }
  start_share (cycle, i, *left == 0);
  *left -= MIN (*left, 1);
  return TRUE;
}

/* Bit i: lane i was late, so that its slot has none any more. */
static guint
late_ones (const HmCycle *cycle)
{
  guint late = 0;

  for (guint i = 0; i < cycle->n_lanes; i++)
    if (cycle->self->slots[i].lane == NULL)
      late |= 1u << i;
  return late;
}

/* Asks the @late ones' domains again, without those at which calls hang, which began after @since_us. */
static void
run_again (HmCycle *cycle, guint late, gint64 since_us)
{
  HmLibvirtInspector *self = cycle->self;
  gint64 now_us = g_get_monotonic_time (), until_us;
  guint left, asked = 0;

  for (guint i = 0; i < cycle->n_lanes; i++)
    if ((late & (1u << i))
        && !name_hung (cycle, &self->slots[i], (int)i, (guint)((now_us - since_us) / 1000 / ENOUGH_SHARE)))
      return;
  spare_hung (cycle);
  left = hm_hangs_left (self->hangs);
  until_us = left == 0 ? cycle->deadline_us : now_us + (cycle->deadline_us - now_us) / 2;
  for (guint i = 0; i < cycle->n_lanes; i++)
    if ((late & (1u << i)) && ask_again (cycle, i, &left))
      asked |= 1u << i;
  for (guint i = 0; i < cycle->n_lanes; i++)
    if (asked & (1u << i))
      await_share (cycle, i, until_us);
}

static void
run_shares (HmCycle *cycle)
{
  gint64 since_us = g_get_monotonic_time ();
  guint late;

  for (guint i = 0; i < cycle->n_lanes; i++)
    if (cycle->self->slots[i].lane != NULL)
      start_share (cycle, i, cycle->without_qmp);
  for (guint i = 0; i < cycle->n_lanes; i++)
    await_share (cycle, i, cycle->patience_us);
  for (guint round = 0; round < ROUNDS_MAX && (late = late_ones (cycle)) != 0; round++)
    {
      gint64 again_us = g_get_monotonic_time ();

      if (again_us >= cycle->deadline_us)
        {
          cycle->self->must_name = TRUE;
          break;
        }
      run_again (cycle, late, since_us);
      since_us = again_us;
    }
}

/* What those that hang tell without their process, on any lane that answers. */
static void
read_spared (HmCycle *cycle)
{
  guint spare = hm_assignment_spare (cycle->assignment), i = 0;
  HmShare *share;

  if (hm_assignment_share (cycle->assignment, spare) == 0)
    return;
  while (i < cycle->n_lanes && cycle->self->slots[i].lane == NULL)
    i++;
  if (i == cycle->n_lanes)
    return;
  share = hm_share_new (cycle->assignment, spare, cycle->fields, cycle->must_list, TRUE, cycle->self->root,
                        cycle->self->clock);
  hm_lane_start (cycle->self->slots[i].lane, &share->job);
  if (hm_cycle_await (cycle, &cycle->self->slots[i], &share->job, cycle->deadline_us))
    cycle->spared = share;
  else
    hm_job_unref (&share->job);
}

static void
count_answers (HmCycle *cycle)
{
  for (guint i = 0; i < cycle->n_lanes; i++)
    if (cycle->self->slots[i].share != NULL)
      cycle->answers++;
    else
      cycle->cost->unanswered += hm_assignment_share (cycle->assignment, i);
  if (cycle->spared == NULL)
    cycle->cost->unanswered
        += hm_assignment_share (cycle->assignment, hm_assignment_spare (cycle->assignment));
}

void
hm_rounds_run (HmCycle *cycle)
{
  const HmClock *clock = cycle->self->clock;

  assign (cycle);
  if (hm_hung_size (cycle->self->hung) > 0)
    probe_hung (cycle);
  if (cycle->self->must_name && hm_hangs_now (cycle->self->hangs) > 0)
    name_hung (cycle, &cycle->self->slots[0], -1, BACK_MS);
  spare_hung (cycle);
  cycle->begun_ns = clock->monotonic (clock);
  run_shares (cycle);
  read_spared (cycle);
  count_answers (cycle);
  cycle->ended_ns = clock->monotonic (clock);
}
