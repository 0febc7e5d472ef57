/* SPDX-License-Identifier: Apache-2.0 */
/* truth_owner: which host has the say after each record, and so whose the instance is and in what state. See truth.h. */
#include "tests/sim/truth_view.h"

static gboolean
is_end (HmState state)
{
  return state == HM_STATE_SHUTOFF || is_gone (state);
}

static gboolean
same_agent (const View *view, guint i, guint j)
{
  return record_at (view, i)->agent.id == record_at (view, j)->agent.id;
}

/* A record of whose agent it is after record @i. */
static guint
owner_after (const View *view, guint i)
{
  while (!view->owns[i] && view->handed[i] == i)
    i--;
  return view->handed[i];
}

/* Until when who owns it after record @i is not missed; HM_TIME_UNKNOWN: it has said that there is nothing (more) to say.
 * @ret_shortest: the shortest hold that it stated since it was missed last, 0 where it stated none. */
static HmTime
claimed_until (const View *view, guint i, gint64 *ret_shortest)
{
  const HmRecord *record = record_at (view, i);
  gint64 hold = hold_of (record), shortest = 0;
  HmTime until = HM_TIME_UNKNOWN;

  *ret_shortest = 0;
  if (view->handed[i] != i)
    return time_at (view, view->handed[i]) + hold_of (record_at (view, view->handed[i]));
  if (!view->owns[i])
    return claimed_until (view, i - 1, ret_shortest);
  if (is_end (view->said[i].state))
    return HM_TIME_UNKNOWN;
  if (i > 0 && same_agent (view, owner_after (view, i - 1), i))
    until = claimed_until (view, i - 1, &shortest);
  if (until == HM_TIME_UNKNOWN || until < record->time)
    until = shortest = 0;
  if (shortest > 0)
    hold = MIN (hold, shortest);
  *ret_shortest = record->interval_ns > 0 ? hold : shortest;
  return record->interval_ns > 0 ? record->time + hold : MAX (until, record->time + hold);
}

/* Whether the agent of record @i has the say, or takes it, when it speaks. */
static gboolean
has_say (const View *view, guint i)
{
  const HmRecord *record = record_at (view, i);
  HmState state = record->resource.state, before;
  HmTime until;
  gint64 shortest;

  if (i == 0 || !SIM_RULE_OWNERS || same_agent (view, owner_after (view, i - 1), i))
    return TRUE;
  before = view->said[i - 1].state;
  if (is_gone (state) || (state == HM_STATE_SHUTOFF && before == HM_STATE_RUNNING))
    return FALSE;
  if ((state == HM_STATE_UNKNOWN) != (before == HM_STATE_UNKNOWN))
    return before == HM_STATE_UNKNOWN;
  if (state == HM_STATE_RUNNING && before == HM_STATE_PAUSED)
    return TRUE;
  until = claimed_until (view, i - 1, &shortest);
  return until == HM_TIME_UNKNOWN || record->time > until;
}

/* The record of another host that says that the guest runs there, when the owner's record @i says that it does not here; @i: there
 * is none, or it is not known any more. */
static guint
handed_to (const View *view, guint i)
{
  HmState state = record_at (view, i)->resource.state;

  if (!SIM_RULE_OWNERS || i == 0 || !same_agent (view, owner_after (view, i - 1), i)
      || (state != HM_STATE_PAUSED && !is_end (state)))
    return i;
  for (guint j = i; j-- > 0;)
    {
      const HmRecord *other = record_at (view, j);

      if (same_agent (view, i, j) || (other->resource.state == HM_STATE_UNKNOWN && !view->owns[j]))
        continue;
      return other->resource.state == HM_STATE_RUNNING && !view->owns[j]
                     && time_at (view, i) - other->time <= hold_of (other)
                 ? j
                 : i;
    }
  return i;
}

void
sim_view_listen (View *view)
{
  Said said = { sim_nothing (), sim_nothing (), HM_STATE_UNKNOWN };

  for (guint i = 0; i < view->n; i++)
    {
      const HmResourceStamp *stamp = &record_at (view, i)->resource;
      Said before = said;

      view->handed[i] = handed_to (view, i);
      view->owns[i] = view->handed[i] == i && has_say (view, i);
      if (view->handed[i] != i)
        said.state = HM_STATE_RUNNING;
      if (view->owns[i])
        {
          said.project = stamp->project != NULL ? stamp->project : said.project;
          said.flavor = stamp->flavor != NULL ? stamp->flavor : said.flavor;
          said.state = stamp->state != HM_STATE_UNKNOWN ? stamp->state : said.state;
        }
      view->said[i] = said;
      view->changed[i]
          = i > 0
            && (said.project != before.project || said.flavor != before.flavor || said.state != before.state);
    }
}
