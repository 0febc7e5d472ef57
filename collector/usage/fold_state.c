/* SPDX-License-Identifier: Apache-2.0 */
/* fold_state: keeps the state of one resource's fold, and keeps it small.
 *
 * Called by the other files of the fold only. What is dropped here is decided by the records' own times; what
 * that costs is stated at `forgotten`: no reading is ever counted from a start that lies before it. */
#include "collector/usage/fold_state.h"

#include <string.h>

/* -- memory -- */

static void
life_free (gpointer data)
{
  HmCounterLife *life = data;

  g_free (life->agent);
  g_free (life->epoch);
  g_free (life);
}

static void
revision_clear (gpointer data)
{
  HmRevision *revision = data;

  g_free (revision->project);
  g_free (revision->user);
  g_free (revision->flavor);
}

static void
segment_clear (gpointer data)
{
  g_ref_string_release (((HmSegment *)data)->epoch);
}

static void
series_free (gpointer data)
{
  HmSeries *series = data;

  if (series == NULL)
    return;
  g_ref_string_release (series->device);
  g_ref_string_release (series->meter);
  g_ref_string_release (series->unit);
  g_clear_pointer (&series->holder_epoch, g_ref_string_release);
  g_array_unref (series->segments);
  g_free (series);
}

static guint
key_hash (gconstpointer data)
{
  const HmSeriesKey *key = data;

  return g_str_hash (key->meter) * 31 + g_str_hash (key->device);
}

static gboolean
key_equal (gconstpointer a, gconstpointer b)
{
  const HmSeriesKey *x = a, *y = b;

  return strcmp (x->meter, y->meter) == 0 && strcmp (x->device, y->device) == 0;
}

static HmSeries *
series_new (const char *device, const char *meter, HmMeterType type, const char *unit)
{
  HmSeries *series = g_new0 (HmSeries, 1);

  series->device = g_ref_string_new_intern (device);
  series->meter = g_ref_string_new_intern (meter);
  series->key = (HmSeriesKey){ series->device, series->meter };
  series->unit = g_ref_string_new_intern (unit);
  series->type = type;
  series->bound = hm_bound_of (type, meter, unit);
  series->time = HM_TIME_UNKNOWN;
  series->segments = g_array_new (FALSE, TRUE, sizeof (HmSegment));
  g_array_set_clear_func (series->segments, segment_clear);
  return series;
}

HmFoldState *
hm_fold_state_new (void)
{
  HmFoldState *state = g_new0 (HmFoldState, 1);

  state->time = state->forgotten = state->owner_until = state->sampled = HM_TIME_UNKNOWN;
  state->agent = g_strdup ("");
  state->agent_epoch = g_strdup ("");
  state->clocks = hm_clocks_new ();
  state->owner = g_strdup ("");
  state->lasting = series_new ("", HM_METER_STATE_TIME, HM_CUMULATIVE, "ns");
  state->lasting->value = (HmValue){ HM_VALUE_U64, { .u64 = 1 } };
  state->revisions = g_array_new (FALSE, TRUE, sizeof (HmRevision));
  g_array_set_clear_func (state->revisions, revision_clear);
  state->lives = g_ptr_array_new_with_free_func (life_free);
  state->series = g_ptr_array_new_with_free_func (series_free);
  return state;
}

void
hm_fold_state_free (HmFoldState *state)
{
  if (state == NULL)
    return;
  g_free (state->agent);
  g_free (state->agent_epoch);
  g_free (state->owner);
  series_free (state->lasting);
  g_clear_pointer (&state->index, g_hash_table_unref);
  g_array_unref (state->revisions);
  g_ptr_array_unref (state->lives);
  g_ptr_array_unref (state->series);
  g_clear_pointer (&state->pieces, g_array_unref);
  hm_clocks_free (state->clocks);
  g_free (state);
}

static void
replace_text (char **text, const char *with)
{
  if (strcmp (*text, with) == 0)
    return;
  g_free (*text);
  *text = g_strdup (with);
}

void
hm_fold_state_note (HmFoldState *state, const HmRecord *record)
{
  state->time = record->time;
  replace_text (&state->agent, record->agent.id);
  replace_text (&state->agent_epoch, record->agent.epoch);
  state->seq = record->seq;
  if (record->resource.state != HM_STATE_UNKNOWN)
    state->said = record->resource.state;
}

void
hm_fold_state_own (HmFoldState *state, const char *agent, HmTime until, gint64 hold)
{
  replace_text (&state->owner, agent);
  state->owner_until = until;
  state->owner_hold = hold;
}

/* -- counter lives -- */

static void
sweep_lives (HmFoldState *state)
{
  guint kept = 0;

  for (guint i = 0; i < state->lives->len; i++)
    ((HmCounterLife *)g_ptr_array_index (state->lives, i))->used = FALSE;
  if (state->lasting->holder != NULL)
    state->lasting->holder->used = TRUE;
  if (state->other != NULL)
    state->other->used = TRUE;
  for (guint i = 0; i < state->series->len; i++)
    {
      const HmSeries *series = g_ptr_array_index (state->series, i);

      if (series->holder != NULL)
        series->holder->used = TRUE;
      if (series->rival != NULL)
        series->rival->used = TRUE;
      for (guint j = 0; j < series->segments->len; j++)
        g_array_index (series->segments, HmSegment, j).life->used = TRUE;
    }
  while (kept < state->lives->len)
    {
      HmCounterLife *life = g_ptr_array_index (state->lives, kept);

      life->number = kept;
      if (life->used)
        kept++;
      else
        g_ptr_array_remove_index (state->lives, kept);
    }
}

void
hm_fold_state_append_life (HmFoldState *state, const char *agent, const char *epoch)
{
  HmCounterLife *life = g_new0 (HmCounterLife, 1);

  life->agent = g_strdup (agent);
  life->epoch = g_strdup (epoch);
  life->number = state->lives->len;
  g_ptr_array_add (state->lives, life);
}

HmCounterLife *
hm_fold_state_life (HmFoldState *state, const char *agent, const char *epoch)
{
  for (guint i = state->lives->len; i-- > 0;)
    {
      HmCounterLife *life = g_ptr_array_index (state->lives, i);

      if (strcmp (life->epoch, epoch) == 0 && strcmp (life->agent, agent) == 0)
        return life;
    }
  sweep_lives (state);
  hm_fold_state_append_life (state, agent, epoch);
  return g_ptr_array_index (state->lives, state->lives->len - 1);
}

/* -- series -- */

void
hm_series_end (HmSeries *series)
{
  series->holder = NULL;
  g_clear_pointer (&series->holder_epoch, g_ref_string_release);
}

void
hm_series_hold (HmSeries *series, HmCounterLife *life, const char *epoch, HmTime until)
{
  if (series->holder_epoch == NULL || !hm_text_equal (series->holder_epoch, epoch))
    {
      g_clear_pointer (&series->holder_epoch, g_ref_string_release);
      series->holder_epoch = g_ref_string_new_intern (epoch);
    }
  series->holder = life;
  series->until = until;
}

HmSeries *
hm_fold_state_append_series (HmFoldState *state, const char *device, const char *meter, HmMeterType type,
                             const char *unit)
{
  HmSeries *series = series_new (device, meter, type, unit);

  g_ptr_array_add (state->series, series);
  if (state->index != NULL)
    g_hash_table_insert (state->index, &series->key, GUINT_TO_POINTER (state->series->len - 1));
  return series;
}

static void
forget (HmFoldState *state, HmTime time)
{
  state->forgotten = MAX (state->forgotten, time);
}

static gboolean
is_outdated (const HmSeries *series, HmTime now)
{
  HmTime seen = series->holder != NULL ? MAX (series->time, series->until) : series->time;

  return now > HM_SERIES_AGE && seen < now - HM_SERIES_AGE;
}

static void
drop_outdated_series (HmFoldState *state, HmTime now)
{
  guint before = state->series->len;

  for (guint i = before; i-- > 0;)
    {
      const HmSeries *series = g_ptr_array_index (state->series, i);

      if (!is_outdated (series, now))
        continue;
      if (series->type == HM_CUMULATIVE)
        forget (state, series->time);
      g_ptr_array_remove_index (state->series, i);
    }
  if (state->series->len != before)
    g_clear_pointer (&state->index, g_hash_table_unref);
}

static gboolean
look_up (HmFoldState *state, const HmSeriesKey *key, guint *ret_at)
{
  gpointer at;

  if (state->index == NULL)
    {
      state->index = g_hash_table_new (key_hash, key_equal);
      for (guint i = 0; i < state->series->len; i++)
        g_hash_table_insert (state->index, &((HmSeries *)g_ptr_array_index (state->series, i))->key,
                             GUINT_TO_POINTER (i));
    }
  if (!g_hash_table_lookup_extended (state->index, key, NULL, &at))
    return FALSE;
  *ret_at = GPOINTER_TO_UINT (at);
  return TRUE;
}

/* Meters of the table have one pointer each, so most names need no comparison. */
static gboolean
has_key (const HmSeries *series, const HmSeriesKey *key)
{
  gboolean same = series->row != NULL && series->row->name == key->meter;

  return (same || strcmp (series->meter, key->meter) == 0) && hm_text_equal (series->device, key->device);
}

/* So that no agent's figure is added to what the collector itself says. */
static gboolean
is_reserved (const HmSeriesKey *key)
{
  return *key->device == '\0' && strcmp (key->meter, HM_METER_STATE_TIME) == 0;
}

HmSeries *
hm_fold_state_series (HmFoldState *state, const HmSample *sample, HmTime now, guint *hint)
{
  HmSeriesKey key = { sample->device != NULL ? sample->device : "", sample->meter };
  guint at = *hint;

  if (at >= state->series->len || !has_key (g_ptr_array_index (state->series, at), &key))
    if (!look_up (state, &key, &at))
      {
        drop_outdated_series (state, now);
        at = state->series->len;
        if (at >= HM_SERIES_MAX || is_reserved (&key))
          return NULL;
        hm_fold_state_append_series (state, key.device, key.meter, sample->type, sample->unit);
      }
  *hint = at + 1;
  return g_ptr_array_index (state->series, at);
}

static gboolean
is_superfluous (const GArray *segments, guint i, HmTime now)
{
  return i >= HM_SEGMENTS_MAX || g_array_index (segments, HmSegment, i).time < now - HM_SEGMENT_AGE;
}

HmSegment *
hm_fold_state_add_segment (HmFoldState *state, HmSeries *series, HmCounterLife *life, const char *epoch,
                           HmTime now)
{
  HmSegment segment = { .life = life, .epoch = g_ref_string_new_intern (epoch), .time = now };
  GArray *segments = series->segments;

  g_array_prepend_val (segments, segment);
  for (guint i = segments->len; i-- > 1;)
    if (is_superfluous (segments, i, now))
      {
        forget (state, g_array_index (segments, HmSegment, i).time);
        g_array_remove_index (segments, i);
      }
  return &g_array_index (segments, HmSegment, 0);
}
