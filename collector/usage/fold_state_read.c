/* SPDX-License-Identifier: Apache-2.0 */
/* fold_state_read: the text of fold_state_json.c back into a state. What no state has is refused, whatever wrote it. */
#include "collector/usage/fold_state.h"

#include <string.h>

#include "metering/error.h"
#include "metering/json.h"

/* Each function returns FALSE for what no state has -- */

static const char *
text_at (const HmJson *array, guint i)
{
  return hm_json_get_text (hm_json_element (array, i), NULL);
}

/* A number's digits, in either form. */
static const char *
digits_at (const HmJson *array, guint i)
{
  const char *number = hm_json_get_number (hm_json_element (array, i), NULL);

  return number != NULL ? number : text_at (array, i);
}

static gboolean
value_at (const HmJson *array, guint i, HmValue *ret_value)
{
  const char *text = digits_at (array, i);
  gsize length = text != NULL ? strlen (text) : 0;

  return length > 0
         && (hm_value_parse (text, length, HM_VALUE_U64, ret_value)
             || hm_value_parse (text, length, HM_VALUE_I64, ret_value)
             || hm_value_parse (text, length, HM_VALUE_DOUBLE, ret_value));
}

static gboolean
u64_at (const HmJson *array, guint i, guint64 most, guint64 *ret_number)
{
  HmValue value;

  if (!value_at (array, i, &value) || value.type != HM_VALUE_U64 || value.u64 > most)
    return FALSE;
  *ret_number = value.u64;
  return TRUE;
}

static gboolean
time_at (const HmJson *array, guint i, HmTime *ret_time)
{
  guint64 number;

  if (!u64_at (array, i, G_MAXINT64, &number))
    return FALSE;
  *ret_time = (HmTime)number;
  return TRUE;
}

/* A time that is given as its distance before the last record's. */
static gboolean
age_at (const HmFoldState *state, const HmJson *array, guint i, HmTime *ret_time)
{
  HmTime age;

  if (!time_at (array, i, &age) || age > state->time)
    return FALSE;
  *ret_time = state->time - age;
  return TRUE;
}

static gboolean
read_last (HmFoldState *state, const HmJson *last)
{
  const char *agent = text_at (last, 1), *epoch = text_at (last, 2);

  if (agent == NULL || epoch == NULL || !time_at (last, 0, &state->time)
      || !u64_at (last, 3, G_MAXUINT64, &state->seq))
    return FALSE;
  g_free (state->agent);
  g_free (state->agent_epoch);
  state->agent = g_strdup (agent);
  state->agent_epoch = g_strdup (epoch);
  return TRUE;
}

/* They must be in order: the fold cuts intervals by them from left to right. */
static gboolean
read_revision (HmFoldState *state, const HmJson *json)
{
  guint n = state->revisions->len;
  HmTime before = n > 0 ? g_array_index (state->revisions, HmRevision, n - 1).from : 0;
  HmRevision revision = { 0 };
  guint64 number;

  if (!time_at (json, 0, &revision.from) || revision.from < before || revision.from > state->time
      || text_at (json, 1) == NULL || text_at (json, 2) == NULL || text_at (json, 3) == NULL
      || !u64_at (json, 4, HM_STATE_LOST, &number))
    return FALSE;
  revision.project = g_strdup (text_at (json, 1));
  revision.user = g_strdup (text_at (json, 2));
  revision.flavor = g_strdup (text_at (json, 3));
  revision.state = (HmState)number;
  g_array_append_val (state->revisions, revision);
  return TRUE;
}

static gboolean
read_life (HmFoldState *state, const HmJson *json)
{
  if (text_at (json, 0) == NULL || text_at (json, 1) == NULL)
    return FALSE;
  hm_fold_state_append_life (state, text_at (json, 0), text_at (json, 1));
  if (hm_json_size (json) == 2)
    return TRUE;
  return time_at (json, 2,
                  &((HmCounterLife *)g_ptr_array_index (state->lives, state->lives->len - 1))->read_ns);
}

static HmCounterLife *
life_at (const HmFoldState *state, const HmJson *array, guint i)
{
  guint64 number;

  return u64_at (array, i, G_MAXUINT, &number) && number < state->lives->len
             ? g_ptr_array_index (state->lives, (guint)number)
             : NULL;
}

static gboolean
read_base (const HmFoldState *state, const HmJson *json, const HmSeries *series, HmSegment *segment)
{
  HmValue value = series->value;

  segment->time = series->time;
  if (hm_json_size (json) > 2 && (!age_at (state, json, 2, &segment->time) || !value_at (json, 3, &value)))
    return FALSE;
  segment->value = hm_value_widen (value);
  segment->counted = segment->time;
  segment->read_ns = series->bound != HM_BOUND_NONE ? segment->life->read_ns : 0;
  return value.type != HM_VALUE_DOUBLE;
}

static gboolean
read_unusual (const HmJson *json, HmSegment *segment)
{
  HmTime idle;
  guint64 regressed;

  if (!time_at (json, 4, &segment->read_ns) || !time_at (json, 5, &idle) || idle > segment->time
      || !u64_at (json, 6, HM_REGRESS_STUCK, &regressed))
    return FALSE;
  segment->counted = segment->time - idle;
  segment->regressed = (guint)regressed;
  return TRUE;
}

static gboolean
read_segment (const HmFoldState *state, const HmJson *json, HmSeries *series)
{
  HmSegment segment = { .life = life_at (state, json, 0) };

  if (segment.life == NULL || text_at (json, 1) == NULL || !read_base (state, json, series, &segment)
      || (hm_json_size (json) > 4 && !read_unusual (json, &segment)))
    return FALSE;
  segment.epoch = g_ref_string_new_intern (text_at (json, 1));
  g_array_append_val (series->segments, segment);
  return TRUE;
}

static gboolean
read_segments (const HmFoldState *state, const HmJson *json, HmSeries *series)
{
  for (guint i = 0; i < hm_json_size (json); i++)
    if (!read_segment (state, hm_json_element (json, i), series))
      return FALSE;
  return hm_json_is_array (json);
}

/* A value of a gauge holds beyond its reading; a delta counted until its reading, or until one before it where it has no exact quantity. */
static gboolean
until_at (const HmJson *json, const HmSeries *series, HmTime *ret_until)
{
  gboolean exact = series->value.type != HM_VALUE_DOUBLE;
  HmValue length;
  HmInt128 until;

  if (!value_at (json, 2, &length) || length.type == HM_VALUE_DOUBLE)
    return FALSE;
  until = series->time + hm_value_widen (length);
  *ret_until = (HmTime)until;
  if (until < 0 || until > G_MAXINT64)
    return FALSE;
  if (series->type == HM_DELTA)
    return exact ? until == series->time : until <= series->time;
  return exact && until >= series->time;
}

static gboolean
read_holder (const HmFoldState *state, const HmJson *json, HmSeries *series)
{
  HmCounterLife *life = life_at (state, json, 0);
  HmTime until;

  if (life == NULL || text_at (json, 1) == NULL || !until_at (json, series, &until))
    return FALSE;
  hm_series_hold (series, life, text_at (json, 1), until);
  if (hm_json_size (json) == 3)
    return TRUE;
  series->rival = life_at (state, json, 3);
  return series->rival != NULL && series->type == HM_DELTA && age_at (state, json, 4, &series->rival_until);
}

static gboolean
read_series (HmFoldState *state, const HmJson *json)
{
  HmSeries *series;
  guint64 type;

  if (text_at (json, 0) == NULL || text_at (json, 1) == NULL || text_at (json, 3) == NULL
      || !u64_at (json, 2, HM_DELTA, &type))
    return FALSE;
  series = hm_fold_state_append_series (state, text_at (json, 0), text_at (json, 1), (HmMeterType)type,
                                        text_at (json, 3));
  if (!age_at (state, json, 4, &series->time) || !value_at (json, 5, &series->value))
    return FALSE;
  if (type == HM_CUMULATIVE)
    return read_segments (state, hm_json_element (json, 6), series);
  return hm_json_size (json) == 6 || read_holder (state, hm_json_element (json, 6), series);
}

static gboolean
read_each (HmFoldState *state, const HmJson *array, gboolean (*read) (HmFoldState *, const HmJson *))
{
  for (guint i = 0; i < hm_json_size (array); i++)
    if (!read (state, hm_json_element (array, i)))
      return FALSE;
  return hm_json_is_array (array);
}

static gboolean
read_time (const HmJson *json, HmTime *time)
{
  guint64 number;

  if (json == NULL)
    return TRUE;
  if (!hm_json_get_u64 (json, NULL, &number) || number > G_MAXINT64)
    return FALSE;
  *time = (HmTime)number;
  return TRUE;
}

/* The last record's agent where nothing is said: as it was before there were owners. */
static gboolean
read_owner (HmFoldState *state, const HmJson *json)
{
  HmTime length, until = HM_TIME_UNKNOWN;
  gint64 hold = 0;

  if (json == NULL)
    {
      hm_fold_state_own (state, state->agent, until, hold);
      return TRUE;
    }
  if (text_at (json, 0) == NULL)
    return FALSE;
  if (hm_json_size (json) > 1
      && (!time_at (json, 1, &length) || __builtin_add_overflow (state->time, length, &until)))
    return FALSE;
  if (hm_json_size (json) > 2 && !time_at (json, 2, &hold))
    return FALSE;
  hm_fold_state_own (state, text_at (json, 0), until, hold);
  return TRUE;
}

static gboolean
read_other (HmFoldState *state, const HmJson *json)
{
  if (json == NULL)
    return TRUE;
  state->other = life_at (state, json, 0);
  return state->other != NULL && age_at (state, json, 1, &state->other_time)
         && time_at (json, 2, &state->other_hold);
}

static gboolean
read_known (HmFoldState *state, const HmJson *json)
{
  HmCounterLife *life = json != NULL ? life_at (state, json, 0) : NULL;
  HmTime length, until;

  if (json == NULL)
    return TRUE;
  if (life == NULL || !time_at (json, 1, &length) || __builtin_add_overflow (state->time, length, &until))
    return FALSE;
  hm_series_hold (state->lasting, life, "", until);
  return TRUE;
}

static gboolean
read_said (HmFoldState *state, const HmJson *last)
{
  guint64 said = hm_fold_state_now (state);

  if (hm_json_size (last) > 4 && !u64_at (last, 4, HM_STATE_LOST, &said))
    return FALSE;
  state->said = (HmState)said;
  return TRUE;
}

/* NULL, or what is wrong. */
static const char *
read_state (HmFoldState *state, const HmJson *json)
{
  guint64 version;

  if (!hm_json_get_u64 (json, "version", &version) || version != HM_FOLD_STATE_FORM)
    return "not of a version that is known here";
  if (!hm_clocks_read (state->clocks, hm_json_at (json, "clocks")))
    return "wrong clocks";
  if (hm_json_size (json) == 1 + (hm_json_at (json, "clocks") != NULL))
    return NULL;
  if (!read_last (state, hm_json_at (json, "last"))
      || !read_time (hm_json_at (json, "forgotten"), &state->forgotten)
      || !read_time (hm_json_at (json, "sampled"), &state->sampled))
    return "wrong last record";
  if (!read_each (state, hm_json_at (json, "revisions"), read_revision) || state->revisions->len == 0)
    return "wrong revisions";
  if (!read_said (state, hm_json_at (json, "last")) || !read_owner (state, hm_json_at (json, "owner")))
    return "wrong owner";
  if (!read_each (state, hm_json_at (json, "lives"), read_life))
    return "wrong lives";
  if (!read_other (state, hm_json_at (json, "other")))
    return "wrong other agent";
  if (!read_known (state, hm_json_at (json, "known")))
    return "wrong length of a state";
  return read_each (state, hm_json_at (json, "series"), read_series) ? NULL : "wrong series";
}

HmFoldState *
hm_fold_state_from_json (const char *json, gsize length, GError **error)
{
  g_autoptr (HmFoldState) state = hm_fold_state_new ();
  g_autoptr (HmJson) tree = hm_json_parse (json, length, error);
  const char *problem;

  if (tree == NULL)
    {
      g_prefix_error (error, "state of a fold: ");
      return NULL;
    }
  problem = read_state (state, tree);
  if (problem == NULL)
    return g_steal_pointer (&state);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "state of a fold: %s", problem);
  return NULL;
}
