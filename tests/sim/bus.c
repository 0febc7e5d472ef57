/* SPDX-License-Identifier: Apache-2.0 */
/* bus: what becomes of records between the agents and the collector. See sim.h. */
#include "tests/sim/sim.h"

#include <string.h>

/* Nothing is late before that. */
#define LATE_NS (300 * SIM_SECOND)

/* -- what arrives -- */

static void
decide (SimHistory *history, SimRecord *record, gboolean loses)
{
  record->lost = loses && sim_chance (history, 15);
  record->copies = sim_chance (history, 15) ? 2 : 1;
  record->appended = record->moment + sim_between (history, 0, 10 * SIM_SECOND);
  if (!sim_chance (history, 10))
    return;
  record->appended += sim_between (history, LATE_NS, 2 * SIM_DAY);
  record->rows |= SIM_BIT (SIM_ROW_LATE);
}

void
sim_append (SimRecord *record, HmTime appended)
{
  record->appended = appended;
  record->rows &= ~SIM_BIT (SIM_ROW_LATE);
  if (appended - record->moment > LATE_NS)
    record->rows |= SIM_BIT (SIM_ROW_LATE);
}

/* Whether what arrives still has two lives and a lifecycle record. */
static gboolean
is_enough (const SimHistory *history)
{
  const char *first = NULL;
  gboolean lives = FALSE, told = FALSE;

  for (guint i = 0; i < history->n_records; i++)
    {
      const SimRecord *record = &history->records[i];

      if (record->lost)
        continue;
      told |= record->record.kind == HM_RECORD_LIFECYCLE;
      if (record->record.n_samples == 0)
        continue;
      lives |= first != NULL && first != record->record.resource.epoch;
      first = record->record.resource.epoch;
    }
  return lives && told;
}

void
sim_deliver (SimHistory *history)
{
  gboolean loses = sim_chance (history, 40);

  for (guint i = 0; i < history->n_records; i++)
    decide (history, &history->records[i], loses);
  if (!is_enough (history))
    for (guint i = 0; i < history->n_records; i++)
      history->records[i].lost = FALSE;
}

/* -- another day -- */

static void
shift_time (HmTime *time, gint64 by)
{
  if (*time != HM_TIME_UNKNOWN)
    *time += by;
}

static void
shift_record (SimRecord *record, gint64 by)
{
  record->moment += by;
  record->appended += by;
  record->record.time += by;
  shift_time (&record->record.agent.metering_since, by);
  shift_time (&record->record.resource.epoch_start, by);
  for (guint i = 0; i < record->record.n_samples; i++)
    {
      shift_time (&record->samples[i].epoch_start, by);
      shift_time (&record->samples[i].start, by);
    }
}

void
sim_shift (SimHistory *history, gint64 by)
{
  history->shift += by;
  for (guint i = 0; i < history->n_records; i++)
    shift_record (&history->records[i], by);
  for (guint i = 0; i < history->n_moments; i++)
    history->moments[i].from += by;
  for (guint i = 0; i < history->n_policies; i++)
    history->policies[i].from += by;
}

/* -- in which order -- */

/* The order that docs/usage.md states. */
static int
compare (const SimRecord *a, const SimRecord *b)
{
  int order = (a->placed.time > b->placed.time) - (a->placed.time < b->placed.time);

  if (order == 0)
    order = strcmp (a->record.agent.id, b->record.agent.id);
  if (order == 0)
    order = strcmp (a->record.agent.epoch, b->record.agent.epoch);
  return order != 0 ? order : (a->record.seq > b->record.seq) - (a->record.seq < b->record.seq);
}

guint
sim_order (SimHistory *history, SimRecord *ret_ordered[SIM_RECORDS])
{
  guint n = 0;

  sim_place (history);

  for (guint i = 0; i < history->n_records; i++)
    {
      SimRecord *record = &history->records[i];
      guint at = n;

      if (record->lost || record->parked)
        continue;
      for (; at > 0 && compare (ret_ordered[at - 1], record) > 0; at--)
        ret_ordered[at] = ret_ordered[at - 1];
      ret_ordered[at] = record;
      n++;
    }
  return n;
}

/* By the time of their arrival; then what a retry may do: one batch of a partition overtakes the next. */
guint
sim_arrivals (SimHistory *history, SimRecord *ret_arrivals[3 * SIM_RECORDS])
{
  guint n = 0;

  for (guint i = 0; i < history->n_records; i++)
    for (guint copy = history->records[i].lost ? 0 : history->records[i].copies; copy > 0; copy--)
      ret_arrivals[n++] = &history->records[i];
  for (guint i = 1; i < n; i++)
    for (guint at = i; at > 0 && ret_arrivals[at - 1]->appended > ret_arrivals[at]->appended; at--)
      {
        SimRecord *later = ret_arrivals[at - 1];

        ret_arrivals[at - 1] = ret_arrivals[at];
        ret_arrivals[at] = later;
      }
  for (guint i = 1; i < n; i++)
    if (sim_chance (history, 20))
      {
        guint other = (guint)sim_between (history, i > 8 ? i - 8 : 0, i);
        SimRecord *moved = ret_arrivals[i];

        ret_arrivals[i] = ret_arrivals[other];
        ret_arrivals[other] = moved;
      }
  return n;
}

/* -- in words -- */

static void
print_samples (GString *out, const SimRecord *record, HmTime origin)
{
  static const char *const how[] = { "", " (too low)", " (too much)" };

  for (guint i = 0; i < record->record.n_samples; i++)
    {
      const HmSample *sample = &record->samples[i];

      g_string_append_printf (out, " %s%s%s=%" G_GUINT64_FORMAT "%s", sample->meter,
                              sample->epoch != NULL ? "#" : "", sample->epoch != NULL ? sample->epoch : "",
                              sample->value.u64, how[record->readings[i]]);
      if (sample->epoch != NULL && sample->epoch_start != HM_TIME_UNKNOWN)
        g_string_append_printf (out, " since %.3f", (double)(sample->epoch_start - origin) / SIM_SECOND);
      if (sample->start != HM_TIME_UNKNOWN)
        g_string_append_printf (out, " since %.3f", (double)(sample->start - origin) / SIM_SECOND);
    }
}

static void
print_place (GString *out, const SimRecord *sim, HmTime origin)
{
  if (sim->placed.time != sim->record.time)
    g_string_append_printf (out, ", placed at %.9f", (double)(sim->placed.time - origin) / SIM_SECOND);
  if ((sim->flags & HM_FLAG_FUTURE) != 0)
    g_string_append_printf (out, ", appended at %.3f%s", (double)(sim->appended - origin) / SIM_SECOND,
                            sim->parked ? ", waits" : "");
}

static void
print_record (GString *out, const SimRecord *sim, HmTime origin)
{
  const HmRecord *record = &sim->record;
  const HmResourceStamp *resource = &record->resource;

  g_string_append_printf (
      out, "# %.9f %s/%s/%" G_GUINT64_FORMAT " %s, %s of %s, %s, %s, every %" G_GINT64_FORMAT " s",
      (double)(record->time - origin) / SIM_SECOND, record->agent.id, record->agent.epoch, record->seq,
      record->event != NULL ? record->event : "read", resource->epoch != NULL ? resource->epoch : "-",
      resource->project != NULL ? resource->project : "-", resource->flavor != NULL ? resource->flavor : "-",
      resource->state != HM_STATE_UNKNOWN ? hm_state_name (resource->state) : "-",
      record->interval_ns / SIM_SECOND);
  if (resource->epoch_start != HM_TIME_UNKNOWN)
    g_string_append_printf (out, ", since %.3f", (double)(resource->epoch_start - origin) / SIM_SECOND);
  if (record->agent.metering_since != HM_TIME_UNKNOWN)
    g_string_append_printf (out, ", metered since %.3f",
                            (double)(record->agent.metering_since - origin) / SIM_SECOND);
  g_string_append_printf (out, ", up %.9f%s", (double)record->clock.boot_ns / SIM_SECOND,
                          record->clock.synced ? "" : ", not synchronised");
  print_place (out, sim, origin);
  g_string_append_c (out, ':');
  print_samples (out, sim, origin);
  g_string_append_c (out, '\n');
}

char *
sim_print (SimHistory *history)
{
  GString *out = g_string_new (NULL);

  sim_place (history);
  for (guint i = 0; i < history->n_records; i++)
    if (!history->records[i].lost)
      print_record (out, &history->records[i], SIM_MORNING + history->shift);
  return g_string_free (out, FALSE);
}
