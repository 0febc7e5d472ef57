/* SPDX-License-Identifier: Apache-2.0 */
/* fold_revisions: whose the resource is and what it is, from when on.
 *
 * Called by the other files of the fold only. Few are kept. An interval may begin as far back as a counter's beginning, which is known only when
 * it is read: so whose the resource was is forgotten last, and in which state it was as soon as no known interval begins there. */
#include "collector/usage/fold_state.h"

#include <string.h>

/* What a stamp leaves out it does not say: what was said before goes on. */
static gboolean
differs (const char *said, const char *before)
{
  return said != NULL && strcmp (said, before) != 0;
}

static gboolean
says_more (const HmResourceStamp *stamp, const HmRevision *before)
{
  return (stamp->state != HM_STATE_UNKNOWN && stamp->state != before->state)
         || differs (stamp->project, before->project) || differs (stamp->user, before->user)
         || differs (stamp->flavor, before->flavor);
}

static gboolean
is_same_but_for_state (const HmRevision *a, const HmRevision *b)
{
  return strcmp (a->project, b->project) == 0 && strcmp (a->user, b->user) == 0
         && strcmp (a->flavor, b->flavor) == 0;
}

/* The oldest time at which an interval of a counter that was read may still begin. */
static HmTime
oldest_open (const HmFoldState *state, HmTime now)
{
  HmTime oldest = now - HM_REVISION_AGE;

  for (guint i = 0; i < state->series->len; i++)
    {
      const HmSeries *series = g_ptr_array_index (state->series, i);

      for (guint j = 0; j < series->segments->len; j++)
        oldest = MIN (oldest, g_array_index (series->segments, HmSegment, j).time);
    }
  return oldest;
}

/* Lets the revision after the first one that differs in the state alone, and ends by @before, stand for it; FALSE: there is
 * none. The latest stands for itself alone: what is counted next may have begun before it. */
static gboolean
merge_first (GArray *revisions, HmTime before)
{
  for (guint i = 0; i + 2 < revisions->len; i++)
    {
      HmRevision *one = &g_array_index (revisions, HmRevision, i), *next = one + 1;

      if (next->from > before)
        return FALSE;
      if (!is_same_but_for_state (one, next))
        continue;
      next->from = one->from;
      g_array_remove_index (revisions, i);
      return TRUE;
    }
  return FALSE;
}

static void
trim_revisions (HmFoldState *state, HmTime now)
{
  HmTime oldest = oldest_open (state, now);

  while (merge_first (state->revisions, oldest))
    ;
  while (state->revisions->len > HM_REVISIONS_MAX)
    if (!merge_first (state->revisions, now))
      g_array_remove_index (state->revisions, 0);
}

static char *
copy_said (const char *said, const char *before)
{
  return g_strdup (said != NULL ? said : before);
}

gboolean
hm_fold_state_revise (HmFoldState *state, HmTime from, const HmResourceStamp *stamp)
{
  guint n = state->revisions->len;
  const HmRevision *before = n > 0 ? &g_array_index (state->revisions, HmRevision, n - 1) : NULL;
  HmRevision now = { .from = from };

  if (before != NULL && !says_more (stamp, before))
    return FALSE;
  now.project = copy_said (stamp->project, before != NULL ? before->project : "");
  now.user = copy_said (stamp->user, before != NULL ? before->user : "");
  now.flavor = copy_said (stamp->flavor, before != NULL ? before->flavor : "");
  now.state = stamp->state == HM_STATE_UNKNOWN && before != NULL ? before->state : stamp->state;
  g_array_append_val (state->revisions, now);
  trim_revisions (state, from);
  return TRUE;
}

HmState
hm_fold_state_now (const HmFoldState *state)
{
  const GArray *revisions = state->revisions;

  return revisions->len > 0 ? g_array_index (revisions, HmRevision, revisions->len - 1).state
                            : HM_STATE_UNKNOWN;
}

guint
hm_fold_state_revision_at (const HmFoldState *state, HmTime time)
{
  guint i = state->revisions->len - 1;

  while (i > 0 && g_array_index (state->revisions, HmRevision, i).from > time)
    i--;
  return i;
}
