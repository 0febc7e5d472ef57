/* SPDX-License-Identifier: Apache-2.0 */
/* fold_owner: of several hosts that tell of one resource, the one whose word counts.
 *
 * While a guest moves, two hosts have it, and what one says of it is not so at the other: it waits, paused, where it is about to
 * run, and is shut off where it is still defined. So its state, whose it is, and its gauges are one agent's to say at each moment. */
#include "collector/usage/fold_step.h"

#include <string.h>

static gboolean
is_gone (HmState state)
{
  return state == HM_STATE_UNDEFINED || state == HM_STATE_LOST;
}

static gboolean
is_end (HmState state)
{
  return state == HM_STATE_SHUTOFF || is_gone (state);
}

/* A record of @life @said what state an instance is in, and its values hold for @hold. */
static void
know (HmFoldStep *step, HmCounterLife *life, HmTime said, gint64 hold)
{
  HmSeries *lasting = step->state->lasting;

  if (g_strcmp0 (step->record->resource.kind, "instance") != 0)
    return;
  hm_series_hold (lasting, life, "", hm_time_after (said, MAX (hold, HM_KNOWN_NS)));
  lasting->number = said == step->record->time ? step->number : 0;
}

/* -- the other one -- */

static gboolean
is_of_other (const HmFoldStep *step)
{
  return step->state->other != NULL && strcmp (step->state->other->agent, step->record->agent.id) == 0;
}

static void
forget_other (HmFoldState *state, HmTime now)
{
  if (state->other != NULL && now - state->other_time > state->other_hold)
    state->other = NULL;
}

/* What an agent says that does not own it. */
static void
note_other (HmFoldStep *step)
{
  HmFoldState *state = step->state;
  HmState said = step->record->resource.state;

  if (said == HM_STATE_RUNNING)
    {
      state->other = step->life;
      state->other_time = step->record->time;
      state->other_hold = step->hold_ns;
    }
  else if (said != HM_STATE_UNKNOWN && is_of_other (step))
    state->other = NULL;
}

/* The owner's guest stands or is gone, and another host has said already that it runs there: the clocks of hosts differ, and events
 * may be missing. What the owner says is no end then: values hold on. */
static void
hand_over (HmFoldStep *step)
{
  static const HmResourceStamp runs = { .state = HM_STATE_RUNNING };
  HmFoldState *state = step->state;
  HmCounterLife *other = g_steal_pointer (&state->other);

  hm_fold_state_own (state, other->agent, hm_time_after (state->other_time, state->other_hold), 0);
  if (hm_fold_state_revise (state, step->record->time, &runs))
    hm_step_reset (step);
  know (step, other, state->other_time, state->other_hold);
}

/* -- the owner -- */

/* Whoever says that there is nothing owns nothing, and who knows of no state is no host of what has one. A host that runs the guest
 * owns it where the other one's guest stands, as when a migration is through; where both run it, the first one does. */
static gboolean
takes_over (const HmFoldStep *step)
{
  const HmFoldState *state = step->state;
  HmState said = step->record->resource.state, now = hm_fold_state_now (state);

  if (is_gone (said) || (said == HM_STATE_UNKNOWN && now != HM_STATE_UNKNOWN)
      || (said == HM_STATE_SHUTOFF && now == HM_STATE_RUNNING))
    return FALSE;
  if (state->owner_until == HM_TIME_UNKNOWN || step->record->time > state->owner_until)
    return TRUE;
  return (said == HM_STATE_RUNNING && now == HM_STATE_PAUSED)
         || (said != HM_STATE_UNKNOWN && now == HM_STATE_UNKNOWN);
}

/* The owner is missed by the source that is read most often. A record of no source lengthens that at most. */
static void
claim (HmFoldStep *step, gboolean goes_on)
{
  HmFoldState *state = step->state;
  const HmRecord *record = step->record;
  gint64 hold = goes_on ? state->owner_hold : 0;
  gint64 least = hold > 0 ? MIN (hold, step->hold_ns) : step->hold_ns;
  HmTime until = hm_time_after (record->time, least);

  if (record->interval_ns > 0)
    hold = least;
  else if (goes_on)
    until = MAX (until, state->owner_until);
  hm_fold_state_own (state, record->agent.id, until, hold);
}

void
hm_step_own (HmFoldStep *step)
{
  HmFoldState *state = step->state;
  const HmRecord *record = step->record;
  gboolean was = strcmp (state->owner, record->agent.id) == 0;
  HmState said = record->resource.state;

  forget_other (state, record->time);
  step->owns = was || state->time == HM_TIME_UNKNOWN || takes_over (step);
  if (was && state->other != NULL && (said == HM_STATE_PAUSED || is_end (said)))
    {
      step->owns = FALSE;
      hand_over (step);
    }
  else if (!step->owns)
    note_other (step);
  else if (is_end (said != HM_STATE_UNKNOWN ? said : hm_fold_state_now (state)))
    hm_fold_state_own (state, record->agent.id, HM_TIME_UNKNOWN, 0);
  else
    claim (step, was && state->owner_until != HM_TIME_UNKNOWN && record->time <= state->owner_until);
  if (step->owns && is_of_other (step))
    state->other = NULL;
}

gboolean
hm_step_advance_state (HmFoldStep *step)
{
  HmSeries *lasting = step->state->lasting;
  HmTime to = MIN (step->record->time, lasting->until);

  if (lasting->holder == NULL)
    return TRUE;
  if (to > step->state->time && !hm_step_integrate (step, lasting, 1, step->state->time, to, 0))
    return FALSE;
  if (lasting->until <= step->record->time)
    hm_series_end (lasting);
  return TRUE;
}

void
hm_step_know_state (HmFoldStep *step)
{
  const HmRecord *record = step->record;
  HmState said = record->resource.state;

  if (!step->owns || said == HM_STATE_UNKNOWN)
    return;
  if (is_gone (said))
    hm_series_end (step->state->lasting);
  else
    know (step, step->life, record->time, step->hold_ns);
}
