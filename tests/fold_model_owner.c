/* SPDX-License-Identifier: Apache-2.0 */
/* fold_model_owner: whose the resource is and who has the say about it, as naively as the rules read. */
#include "tests/fold_model_private.h"

#include <string.h>

/* -- whose it is, and when that changed -- */

Attributes
attributes_after (const Model *model, guint i)
{
  Attributes said = { "", "", "", HM_STATE_UNKNOWN };

  for (guint j = 0; j <= i; j++)
    {
      const HmResourceStamp *stamp = &record_at (model, j)->resource;

      if (model->handed[j] != j)
        said.state = HM_STATE_RUNNING;
      if (!model->owns[j])
        continue;
      said.project = stamp->project != NULL ? stamp->project : said.project;
      said.user = stamp->user != NULL ? stamp->user : said.user;
      said.flavor = stamp->flavor != NULL ? stamp->flavor : said.flavor;
      said.state = stamp->state != HM_STATE_UNKNOWN ? stamp->state : said.state;
    }
  return said;
}

gboolean
changed_at (const Model *model, guint i)
{
  Attributes before, after = attributes_after (model, i);

  if (i == 0)
    return FALSE;
  before = attributes_after (model, i - 1);
  return before.state != after.state || strcmp (before.project, after.project) != 0
         || strcmp (before.user, after.user) != 0 || strcmp (before.flavor, after.flavor) != 0;
}

Attributes
attributes_at (const Model *model, HmTime time)
{
  guint last = 0;

  for (guint i = 0; i < model->records->len; i++)
    if (record_at (model, i)->time <= time)
      last = i;
  return attributes_after (model, last);
}

/* -- who has the say -- */

static gboolean
is_end (HmState state)
{
  return is_one_of (state, HM_STATE_SHUTOFF, HM_STATE_UNDEFINED, HM_STATE_LOST);
}

static gboolean
is_same_agent (const Model *model, guint i, guint j)
{
  return strcmp (record_at (model, i)->agent.id, record_at (model, j)->agent.id) == 0;
}

/* The record whose agent has the say after record @i. */
static guint
owner_after (const Model *model, guint i)
{
  while (i > 0 && !model->owns[i] && model->handed[i] == i)
    i--;
  return model->handed[i];
}

/* Until when nobody may take the place of who owns after record @i; HM_TIME_UNKNOWN: at once. */
static HmTime
claimed_until (const Model *model, guint i)
{
  HmTime until = HM_TIME_UNKNOWN;
  gint64 shortest = 0;

  for (guint j = 0; j <= i; j++)
    {
      const HmRecord *record = record_at (model, j);
      gboolean new = j == 0 || !is_same_agent (model, owner_after (model, j - 1), j) || until < record->time;
      gint64 length = hold (model, record);

      if (model->handed[j] != j)
        {
          until
              = record_at (model, model->handed[j])->time + hold (model, record_at (model, model->handed[j]));
          shortest = 0;
        }
      if (!model->owns[j])
        continue;
      shortest = new ? 0 : shortest;
      if (shortest > 0 && shortest < length)
        length = shortest;
      until = MAX (record->time + length, new || record->interval_ns != 0 ? 0 : until);
      if (record->interval_ns != 0)
        shortest = length;
      if (is_end (attributes_after (model, j).state))
        until = HM_TIME_UNKNOWN;
    }
  return until;
}

gboolean
has_the_say (const Model *model, guint i)
{
  const HmRecord *record = record_at (model, i);
  HmState said = record->resource.state, before;

  if (i == 0 || is_same_agent (model, owner_after (model, i - 1), i))
    return TRUE;
  before = attributes_after (model, i - 1).state;
  if (is_one_of (said, HM_STATE_UNDEFINED, HM_STATE_LOST, HM_STATE_LOST)
      || (said == HM_STATE_SHUTOFF && before == HM_STATE_RUNNING))
    return FALSE;
  if (said == HM_STATE_UNKNOWN || before == HM_STATE_UNKNOWN)
    return said != before ? before == HM_STATE_UNKNOWN : record->time > claimed_until (model, i - 1);
  return record->time > claimed_until (model, i - 1)
         || (said == HM_STATE_RUNNING && before == HM_STATE_PAUSED);
}

/* The record to which record @i, of the owner, leaves the say; @i: to none. */
guint
handed_to (const Model *model, guint i)
{
  const HmRecord *record = record_at (model, i);

  if (i == 0 || !is_same_agent (model, owner_after (model, i - 1), i)
      || !(record->resource.state == HM_STATE_PAUSED || is_end (record->resource.state)))
    return i;
  for (guint j = i; j-- > 0;)
    {
      const HmRecord *other = record_at (model, j);

      if (is_same_agent (model, i, j) || other->resource.state == HM_STATE_UNKNOWN)
        continue;
      return other->resource.state == HM_STATE_RUNNING && !model->owns[j]
                     && record->time - other->time <= hold (model, other)
                 ? j
                 : i;
    }
  return i;
}
