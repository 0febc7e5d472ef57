/* SPDX-License-Identifier: Apache-2.0 */
/* place: the rule, and what is remembered of each boot. See place.h. */
#include "collector/usage/place.h"

#include "collector/pipeline/arrival.h"
#include "collector/usage/bucket.h"
#include "collector/usage/fold.h"

#include <string.h>

static void
clear_boot (gpointer data)
{
  g_free (((HmBootClock *)data)->boot);
}

HmClocks *
hm_clocks_new (void)
{
  HmClocks *clocks = g_new0 (HmClocks, 1);

  clocks->boots = g_array_new (FALSE, FALSE, sizeof (HmBootClock));
  g_array_set_clear_func (clocks->boots, clear_boot);
  clocks->moved = HM_TIME_UNKNOWN;
  return clocks;
}

HmClocks *
hm_clocks_copy (const HmClocks *clocks)
{
  HmClocks *copy = hm_clocks_new ();

  copy->forgotten = clocks->forgotten;
  copy->moved = clocks->moved;
  for (guint i = 0; i < clocks->boots->len; i++)
    {
      HmBootClock boot = g_array_index (clocks->boots, HmBootClock, i);

      boot.boot = g_strdup (boot.boot);
      g_array_append_val (copy->boots, boot);
    }
  return copy;
}

void
hm_clocks_free (HmClocks *clocks)
{
  if (clocks == NULL)
    return;
  g_array_unref (clocks->boots);
  g_free (clocks);
}

/* -- readings -- */

HmClockReading
hm_clock_reading (const HmRecord *record, HmTime appended)
{
  const HmClockStamp *clock = &record->clock;
  gboolean says = clock->boot != NULL && clock->boot_ns > 0 && hm_fold_takes_part (record);

  return (HmClockReading){ .boot = says ? clock->boot : NULL,
                           .boot_ns = says ? clock->boot_ns : 0,
                           .time = record->time,
                           .trusted = clock->synced && clock->max_error_ns >= 0
                                      && clock->max_error_ns < HM_PLACE_ERROR_NS,
                           .appended = appended,
                           .takes_part = hm_fold_takes_part (record) };
}

static int
compare_i64 (gint64 a, gint64 b)
{
  return (a > b) - (a < b);
}

static int
compare_within_boot (const HmClockReading *a, gint64 boot_ns, HmTime time, gboolean trusted)
{
  int order = compare_i64 (a->boot_ns, boot_ns);

  if (order == 0)
    order = compare_i64 (a->time, time);
  return order != 0 ? order : !!a->trusted - !!trusted;
}

int
hm_clock_reading_compare (const HmClockReading *a, const HmClockReading *b)
{
  int order = g_strcmp0 (a->boot, b->boot);

  return order != 0 ? order : compare_within_boot (a, b->boot_ns, b->time, b->trusted);
}

/* -- boots -- */

/* Where the boot of that name is, or would be put. A resource was on one host or two. */
static guint
position_of (const HmClocks *clocks, const char *boot, gboolean *ret_there)
{
  guint i = 0;
  int order = 1;

  for (; i < clocks->boots->len; i++)
    {
      order = strcmp (g_array_index (clocks->boots, HmBootClock, i).boot, boot);
      if (order >= 0)
        break;
    }
  *ret_there = order == 0;
  return i;
}

static HmBootClock *
find_boot (const HmClocks *clocks, const char *boot)
{
  gboolean there;
  guint i = position_of (clocks, boot, &there);

  return there ? &g_array_index (clocks->boots, HmBootClock, i) : NULL;
}

static HmBootClock *
need_boot (HmClocks *clocks, const char *boot)
{
  HmBootClock fresh = { 0 };
  gboolean there;
  guint i = position_of (clocks, boot, &there);

  if (!there)
    {
      fresh.boot = g_strdup (boot);
      g_array_insert_val (clocks->boots, i, fresh);
    }
  return &g_array_index (clocks->boots, HmBootClock, i);
}

/* -- placing -- */

static gint64
distance (HmTime a, HmTime b)
{
  gint64 apart;

  if (__builtin_sub_overflow (MAX (a, b), MIN (a, b), &apart))
    return G_MAXINT64;
  return apart;
}

/* Where the boot time says that @reading is; its own time where that is no time at all. */
static HmTime
expected_at (const HmBootClock *last, const HmClockReading *reading)
{
  gint64 passed;
  HmTime at;

  if (__builtin_sub_overflow (reading->boot_ns, last->boot_ns, &passed)
      || __builtin_add_overflow (last->place, passed, &at) || at < 0)
    return reading->time;
  return at;
}

static gboolean
is_apart (const HmBootClock *last, const HmClockReading *reading)
{
  return last != NULL && last->known
         && distance (reading->time, expected_at (last, reading)) > HM_PLACE_APART_NS;
}

static HmTime
place_at (const HmBootClock *last, const HmClockReading *reading)
{
  return is_apart (last, reading) && !reading->trusted ? expected_at (last, reading) : reading->time;
}

/* A record that waits is compared with the last one before it in boot time. Where that is @reading now, which is placed at @at, the first one
 * that waits may be placed as early as this. */
static HmTime
waits_until (const HmBootClock *last, const HmClockReading *reading, HmTime at)
{
  HmTime until;

  if (last == NULL || last->parked_first <= reading->boot_ns)
    return HM_TIME_UNKNOWN;
  return __builtin_add_overflow (at, last->parked_first - reading->boot_ns, &until) ? G_MAXINT64 : until;
}

gboolean
hm_clocks_is_next (const HmClocks *clocks, const HmClockReading *reading, HmTime reached)
{
  const HmBootClock *last = reading->boot != NULL ? find_boot (clocks, reading->boot) : NULL;
  HmTime until;

  if (reading->boot == NULL)
    return TRUE;
  if (last == NULL)
    return !clocks->forgotten;
  if (last->known && compare_within_boot (reading, last->boot_ns, last->time, last->trusted) < 0)
    return FALSE;
  if (reading->boot_ns > last->parked_last)
    return TRUE;
  until = waits_until (last, reading, place_at (last, reading));
  return until != HM_TIME_UNKNOWN && hm_arrival_is_future (until, MAX (reached, 0));
}

static void
note_moved (HmClocks *clocks, HmTime time)
{
  clocks->moved = MAX (clocks->moved, time);
}

static void
remember (HmClocks *clocks, const HmClockReading *reading, const HmPlace *place)
{
  HmBootClock *last = need_boot (clocks, reading->boot);

  if (place->parked)
    {
      last->parked_first
          = last->parked_last == 0 ? reading->boot_ns : MIN (last->parked_first, reading->boot_ns);
      last->parked_last = MAX (last->parked_last, reading->boot_ns);
    }
  else if (!last->known || compare_within_boot (reading, last->boot_ns, last->time, last->trusted) >= 0)
    {
      last->known = TRUE;
      last->boot_ns = reading->boot_ns;
      last->time = reading->time;
      last->trusted = reading->trusted;
      last->place = place->time;
    }
}

void
hm_clocks_unpark (HmClocks *clocks)
{
  for (guint i = 0; i < clocks->boots->len; i++)
    {
      HmBootClock *boot = &g_array_index (clocks->boots, HmBootClock, i);

      boot->parked_first = boot->parked_last = 0;
    }
}

HmPlace
hm_clocks_place (HmClocks *clocks, const HmClockReading *reading, HmTime reached)
{
  const HmBootClock *last = reading->boot != NULL ? find_boot (clocks, reading->boot) : NULL;
  HmPlace place = { .time = reading->time, .waits = HM_TIME_UNKNOWN };

  if (!reading->takes_part)
    {
      place.parked = hm_arrival_is_future (reading->time, reading->appended);
      return place;
    }
  place.time = place_at (last, reading);
  place.apart = is_apart (last, reading);
  if (place.apart)
    note_moved (clocks,
                MAX (MAX (reading->time, expected_at (last, reading)), MAX (last->time, last->place)));
  if (place.time != reading->time)
    place.flags |= HM_FLAG_CLOCK_STEP;
  if (hm_arrival_is_future (place.time, reading->appended))
    {
      place.flags |= HM_FLAG_FUTURE;
      place.parked = place.time > reached;
      if (!place.parked)
        note_moved (clocks, MAX (place.time, reading->time));
    }
  if (!place.parked)
    place.waits = waits_until (last, reading, place.time);
  if (reading->boot != NULL)
    remember (clocks, reading, &place);
  return place;
}

/* -- bounds -- */

static gboolean
ended_before (const HmBootClock *a, const HmBootClock *b)
{
  return !a->known ? b->known : b->known && a->place < b->place;
}

void
hm_clocks_trim (HmClocks *clocks)
{
  while (clocks->boots->len > HM_PLACE_BOOTS_MAX)
    {
      guint oldest = 0;

      for (guint i = 1; i < clocks->boots->len; i++)
        if (ended_before (&g_array_index (clocks->boots, HmBootClock, i),
                          &g_array_index (clocks->boots, HmBootClock, oldest)))
          oldest = i;
      g_array_remove_index (clocks->boots, oldest);
      clocks->forgotten = TRUE;
    }
}

/* -- records -- */

int
hm_place_key_compare (const HmPlaceKey *a, const HmPlaceKey *b)
{
  int order = compare_i64 (a->at, b->at);

  if (order == 0)
    order = strcmp (a->agent, b->agent);
  if (order == 0)
    order = strcmp (a->epoch, b->epoch);
  return order != 0 ? order : (a->seq > b->seq) - (a->seq < b->seq);
}

/* A time that is none afterwards was none before. */
static void
shift (HmTime *time, gint64 by)
{
  HmTime shifted;

  if (*time == HM_TIME_UNKNOWN)
    return;
  *time = __builtin_add_overflow (*time, by, &shifted) || shifted < 0 ? HM_TIME_UNKNOWN : shifted;
}

/* What began after the clock was set says so by that clock. It may have begun before, and must not be taken for what began after the
 * host was metered: that would count what nobody has read. */
static void
shift_start (HmTime *start, gint64 by, HmTime metering_since)
{
  HmTime shifted = *start;

  shift (&shifted, by);
  if (metering_since == HM_TIME_UNKNOWN || *start >= metering_since || shifted < metering_since)
    *start = shifted;
}

void
hm_place_shift (const HmRecord *record, HmTime time, HmRecord *ret_record, HmSample **ret_samples)
{
  gint64 by = time - record->time; /* neither is negative */
  HmTime since = record->agent.metering_since;
  HmSample *samples = g_memdup2 (record->samples, sizeof (HmSample) * record->n_samples);

  *ret_record = *record;
  ret_record->time = time;
  shift (&ret_record->not_before, by);
  shift (&ret_record->last_read, by);
  shift_start (&ret_record->resource.epoch_start, by, since);
  for (guint i = 0; i < record->n_samples; i++)
    {
      shift (&samples[i].start, by);
      shift_start (&samples[i].epoch_start, by, since);
    }
  ret_record->samples = samples;
  *ret_samples = samples;
}
