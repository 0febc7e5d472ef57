/* SPDX-License-Identifier: Apache-2.0 */
/* fold_state_json: the state as text, which the store keeps with the resource.
 *
 * One object: "clocks" (place_json.c), where there are any; and of arrays by position: "last" [time, agent, agent epoch, seq], and the state that it said
 * where the latest revision says another; "owner" [agent, until when, shortest hold], or [agent] of one that has ended or is missed; "other" [life, age, for how long], of one that says that it runs too; "known" [life, for how long]; "forgotten" and "sampled" a time; "revisions"
 * [[from, project, user, flavor, state], …]; "lives" [[agent, epoch, length of its latest read], …]; "series"
 * [[device, meter, type, unit, age, value, …], …], where a counter is followed by its segments
 * [[life, epoch], …] or, when their base is not the latest reading, [life, epoch, age, base], and, where its read is not the
 * life's latest, it was not counted or lower readings came after it, [life, epoch, age, base, length of its read, age of the base
 * at the end of what was counted, lower readings]. A gauge
 * that holds is followed by [life, epoch, for how long], a delta by the same of the one that counted last (before 0: what was read since has no exact
 * quantity) and, where another agent counted too, by its life and age: [life, epoch, for how long, life, age]. Ages and lengths are ns before the last record's and after the
 * reading's time: mostly 0, so the text is short. fold_state_read.c reads it. Called by the engine; any thread. */
#include "collector/usage/fold_state.h"

#include <string.h>

#include "metering/json.h"

/* -- writing -- */

static void
write_i128 (HmJsonWriter *w, HmInt128 number) /* one that was a sample's value */
{
  if (number < 0)
    hm_json_i64 (w, (gint64)number);
  else
    hm_json_u64 (w, (guint64)number);
}

static void
write_last (HmJsonWriter *w, const HmFoldState *state)
{
  hm_json_key (w, "last");
  hm_json_begin_array (w);
  hm_json_i64 (w, state->time);
  hm_json_text (w, state->agent);
  hm_json_text (w, state->agent_epoch);
  hm_json_u64 (w, state->seq);
  if (state->said != hm_fold_state_now (state))
    hm_json_u64 (w, state->said);
  hm_json_end_array (w);
  if (state->forgotten != HM_TIME_UNKNOWN)
    hm_json_set_i64 (w, "forgotten", state->forgotten);
  if (state->sampled != HM_TIME_UNKNOWN)
    hm_json_set_i64 (w, "sampled", state->sampled);
}

static void
write_other (HmJsonWriter *w, const HmFoldState *state)
{
  if (state->other == NULL)
    return;
  hm_json_key (w, "other");
  hm_json_begin_array (w);
  hm_json_u64 (w, state->other->number);
  hm_json_i64 (w, state->time - state->other_time);
  hm_json_i64 (w, state->other_hold);
  hm_json_end_array (w);
}

static void
write_owner (HmJsonWriter *w, const HmFoldState *state)
{
  const HmSeries *lasting = state->lasting;

  hm_json_key (w, "owner");
  hm_json_begin_array (w);
  hm_json_text (w, state->owner);
  if (state->owner_until >= state->time)
    {
      hm_json_i64 (w, state->owner_until - state->time);
      hm_json_i64 (w, state->owner_hold);
    }
  hm_json_end_array (w);
  write_other (w, state);
  if (lasting->holder == NULL)
    return;
  hm_json_key (w, "known");
  hm_json_begin_array (w);
  hm_json_u64 (w, lasting->holder->number);
  hm_json_i64 (w, lasting->until - state->time);
  hm_json_end_array (w);
}

static void
write_revisions (HmJsonWriter *w, const HmFoldState *state)
{
  hm_json_key (w, "revisions");
  hm_json_begin_array (w);
  for (guint i = 0; i < state->revisions->len; i++)
    {
      const HmRevision *revision = &g_array_index (state->revisions, HmRevision, i);

      hm_json_begin_array (w);
      hm_json_i64 (w, revision->from);
      hm_json_text (w, revision->project);
      hm_json_text (w, revision->user);
      hm_json_text (w, revision->flavor);
      hm_json_u64 (w, revision->state);
      hm_json_end_array (w);
    }
  hm_json_end_array (w);
}

static void
write_lives (HmJsonWriter *w, const HmFoldState *state)
{
  hm_json_key (w, "lives");
  hm_json_begin_array (w);
  for (guint i = 0; i < state->lives->len; i++)
    {
      const HmCounterLife *life = g_ptr_array_index (state->lives, i);

      hm_json_begin_array (w);
      hm_json_text (w, life->agent);
      hm_json_text (w, life->epoch);
      if (life->read_ns > 0)
        hm_json_i64 (w, life->read_ns);
      hm_json_end_array (w);
    }
  hm_json_end_array (w);
}

/* What the reader takes for granted of a segment. */
static gboolean
is_usual (const HmSeries *series, const HmSegment *segment)
{
  return segment->counted == segment->time && segment->regressed == 0
         && segment->read_ns == (series->bound != HM_BOUND_NONE ? segment->life->read_ns : 0);
}

static void
write_segment (HmJsonWriter *w, const HmFoldState *state, const HmSeries *series, const HmSegment *segment)
{
  gboolean usual = is_usual (series, segment);

  hm_json_begin_array (w);
  hm_json_u64 (w, segment->life->number);
  hm_json_text (w, segment->epoch);
  if (!usual || segment->time != series->time || segment->value != hm_value_widen (series->value))
    {
      hm_json_i64 (w, state->time - segment->time);
      write_i128 (w, segment->value);
    }
  if (!usual)
    {
      hm_json_i64 (w, segment->read_ns);
      hm_json_i64 (w, segment->time - segment->counted);
      hm_json_u64 (w, segment->regressed);
    }
  hm_json_end_array (w);
}

static void
write_segments (HmJsonWriter *w, const HmFoldState *state, const HmSeries *series)
{
  hm_json_begin_array (w);
  for (guint i = 0; i < series->segments->len; i++)
    write_segment (w, state, series, &g_array_index (series->segments, HmSegment, i));
  hm_json_end_array (w);
}

static void
write_series (HmJsonWriter *w, const HmFoldState *state, const HmSeries *series)
{
  hm_json_begin_array (w);
  hm_json_text (w, series->device);
  hm_json_text (w, series->meter);
  hm_json_u64 (w, series->type);
  hm_json_text (w, series->unit);
  hm_json_i64 (w, state->time - series->time);
  hm_json_value (w, series->value);
  if (series->type == HM_CUMULATIVE)
    write_segments (w, state, series);
  if (series->holder != NULL)
    {
      hm_json_begin_array (w);
      hm_json_u64 (w, series->holder->number);
      hm_json_text (w, series->holder_epoch);
      hm_json_i64 (w, series->until - series->time);
      if (series->rival != NULL)
        {
          hm_json_u64 (w, series->rival->number);
          hm_json_i64 (w, state->time - series->rival_until);
        }
      hm_json_end_array (w);
    }
  hm_json_end_array (w);
}

static void
write_state (HmJsonWriter *w, const HmFoldState *state)
{
  hm_json_begin_object (w);
  hm_json_set_u64 (w, "version", HM_FOLD_STATE_FORM);
  hm_clocks_write (state->clocks, w);
  if (state->time != HM_TIME_UNKNOWN)
    {
      write_last (w, state);
      write_owner (w, state);
      write_revisions (w, state);
      write_lives (w, state);
      hm_json_key (w, "series");
      hm_json_begin_array (w);
      for (guint i = 0; i < state->series->len; i++)
        write_series (w, state, g_ptr_array_index (state->series, i));
      hm_json_end_array (w);
    }
  hm_json_end_object (w);
}

char *
hm_fold_state_to_json (const HmFoldState *state, gsize *ret_length)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *text;
  gsize length;

  write_state (w, state);
  text = hm_json_writer_finish (w, &length, NULL);
  g_assert (text != NULL); /* texts and values came through a decoder: UTF-8, finite */
  if (ret_length != NULL)
    *ret_length = length;
  return g_strndup (text, length);
}
