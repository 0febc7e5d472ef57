/* SPDX-License-Identifier: Apache-2.0 */
/* agents: what the agents of the hosts record of the world. See sim.h. */
#include "tests/sim/world.h"

#include <string.h>

const SimSeriesRow sim_series[SIM_SERIES] = {
  [SIM_CPU] = { "cpu", "", "ns", HM_CUMULATIVE, HM_HOLD_NONE },
  [SIM_DISK] = { "disk.read", "disk:vda", "B", HM_CUMULATIVE, HM_HOLD_NONE },
  [SIM_FAULTS] = { "faults", "", "fault", HM_CUMULATIVE, HM_HOLD_NONE },
  [SIM_NARROW] = { "narrow", "", "B", HM_CUMULATIVE, HM_HOLD_NONE },
  [SIM_NETWORK] = { "network.incoming.bytes", "nic:tap0", "B", HM_CUMULATIVE, HM_HOLD_NONE },
  [SIM_TRAFFIC] = { "traffic", "", "B", HM_DELTA, HM_HOLD_NONE },
  [SIM_MEMORY] = { "memory", "", "KiB", HM_GAUGE, HM_HOLD_ALLOCATION },
  [SIM_CAPACITY] = { "capacity", "disk:vda", "B", HM_GAUGE, HM_HOLD_DISK },
  [SIM_EXISTENCE] = { "existence", "", "instance", HM_GAUGE, HM_HOLD_EXISTENCE },
  [SIM_STATE] = { "state.time", "", "ns", HM_CUMULATIVE, HM_HOLD_NONE },
};

const char *
sim_name (const char *prefix, guint number)
{
  g_autofree char *text = g_strdup_printf ("%s%u", prefix, number);

  return g_intern_string (text);
}

const char *
sim_nothing (void)
{
  static const char *nothing;

  if (nothing == NULL)
    nothing = g_intern_static_string ("");
  return nothing;
}

/* The few names that every history has are made once. */
static const char *
known_name (const char *prefix, const char **names, guint number)
{
  if (number >= SIM_RECORDS)
    return sim_name (prefix, number);
  if (names[number] == NULL)
    names[number] = sim_name (prefix, number);
  return names[number];
}

#define NAME(prefix, number)                                                                                 \
  ({                                                                                                         \
    static const char *names[SIM_RECORDS];                                                                   \
    known_name (prefix, names, number);                                                                      \
  })

/* -- stamps -- */

static void
stamp_agent (SimWorld *world, SimHost *host, HmRecord *record)
{
  record->source = "site";
  record->agent = (HmAgentStamp){ .id = NAME ("host-", host->number),
                                  .epoch = NAME ("start-", 10 + host->starts),
                                  .cpus = 4,
                                  .metering_since = host->since };
  record->seq = ++host->seq;
  record->time = world->now + host->error;
  record->interval_ns = SIM_INTERVAL;
  record->clock = (HmClockStamp){ NAME ("boot-", host->boot), world->now - host->booted, host->error == 0,
                                  host->error == 0 ? 1000 * 1000 : -1 };
}

static gboolean
says (SimWorld *world)
{
  return !world->history->terse || sim_chance (world->history, 80);
}

static void
stamp_resource (SimWorld *world, const SimProcess *process, HmRecord *record)
{
  record->resource
      = (HmResourceStamp){ .id = world->history->resource,
                           .kind = "instance",
                           .project = says (world) ? NAME ("project-", world->project) : NULL,
                           .user = "user",
                           .flavor = says (world) ? NAME ("flavor-", world->flavor) : NULL,
                           .state = says (world) ? process->state : HM_STATE_UNKNOWN,
                           .epoch = process->life > 0 ? NAME ("life-", process->life) : NULL,
                           .epoch_start = process->start_known ? process->start : HM_TIME_UNKNOWN };
}

static guint64
rows_of_clock (const SimHost *host)
{
  if (host->error == 0)
    return 0;
  if (!host->was_wrong)
    return SIM_BIT (SIM_ROW_CLOCK_STEP);
  return host->error > 310 * SIM_SECOND ? SIM_BIT (SIM_ROW_FUTURE) : 0;
}

static SimRecord *
add (SimWorld *world, guint on, HmRecordKind kind, guint64 rows)
{
  SimHistory *history = world->history;
  SimRecord *added;

  if (history->n_records == SIM_RECORDS)
    return NULL;
  added = &history->records[history->n_records];
  added->number = history->n_records++;
  added->rows = rows;
  added->lost = FALSE;
  added->moment = world->now;
  added->rows |= rows_of_clock (&world->hosts[on]);
  hm_record_init (&added->record, kind);
  added->record.samples = added->samples;
  stamp_agent (world, &world->hosts[on], &added->record);
  stamp_resource (world, &world->processes[on], &added->record);
  if (kind != HM_RECORD_SAMPLES)
    history->lifecycles++;
  else if (sim_chance (history, history->terse ? 40 : 8))
    added->record.interval_ns = sim_chance (history, 50) ? 0 : 5 * SIM_INTERVAL;
  return added;
}

/* -- samples -- */

static HmSample *
add_sample (SimRecord *to, SimSeries series, guint64 value)
{
  const SimSeriesRow *row = &sim_series[series];
  guint n = to->record.n_samples++;

  to->series[n] = series;
  to->readings[n] = SIM_SOUND;
  to->decisions[n] = HM_DECISION_NONE;
  to->real[n] = value;
  to->samples[n] = (HmSample){ .meter = row->meter,
                               .type = row->type,
                               .unit = row->unit,
                               .device = *row->device != '\0' ? row->device : NULL,
                               .epoch_start = HM_TIME_UNKNOWN,
                               .start = HM_TIME_UNKNOWN,
                               .value = { HM_VALUE_U64, { .u64 = value } } };
  return &to->samples[n];
}

static void
put_on_plug (const SimProcess *process, HmSample *sample)
{
  if (process->plug == 0)
    return;
  sample->epoch = NAME ("plug-", process->plug);
  sample->epoch_start = process->plug_known ? process->plugged : HM_TIME_UNKNOWN;
}

static void
read_counters (SimWorld *world, SimProcess *process, SimRecord *to)
{
  for (guint i = 0; i < SIM_COUNTERS; i++)
    {
      guint64 value = i == SIM_NARROW ? process->real[i] & G_MAXUINT32 : process->real[i];
      HmSample *sample;

      if ((world->measured & 1u << i) == 0 || (i != SIM_CPU && sim_chance (world->history, 10)))
        continue;
      sample = add_sample (to, i, value);
      to->real[to->record.n_samples - 1] = process->real[i];
      if (i == SIM_DISK)
        put_on_plug (process, sample);
      process->read[i] = process->real[i];
    }
  process->was_read = TRUE;
  world->latest = process->real[SIM_CPU];
}

static void
read_traffic (SimWorld *world, SimHost *host, SimRecord *to)
{
  HmSample *sample;

  if ((world->measured & 1u << SIM_TRAFFIC) == 0)
    return;
  sample = add_sample (to, SIM_TRAFFIC, host->traffic);
  sample->start = sim_chance (world->history, 80) ? host->polled : HM_TIME_UNKNOWN;
  to->rows |= SIM_BIT (SIM_ROW_DELTA);
  host->polled = world->now + host->error;
  host->traffic = 0;
}

static void
read_gauges (SimWorld *world, const SimProcess *process, SimRecord *to)
{
  if ((world->measured & 1u << SIM_MEMORY) != 0)
    add_sample (to, SIM_MEMORY, world->memory);
  if ((world->measured & 1u << SIM_CAPACITY) != 0 && sim_chance (world->history, 80))
    put_on_plug (process, add_sample (to, SIM_CAPACITY, world->capacity));
  if ((world->measured & 1u << SIM_EXISTENCE) != 0)
    add_sample (to, SIM_EXISTENCE, 1);
}

/* What the readings of one poll are going to be, seen from the world. */
static guint64
rows_of_poll (const SimWorld *world, const SimProcess *process)
{
  const guint64 *real = process->real, *read = process->read;
  guint64 rows = process->was_read ? SIM_BIT (SIM_ROW_NEXT) : 0;

  if (process->was_read && (world->measured & 1u << SIM_FAULTS) != 0 && real[SIM_FAULTS] < read[SIM_FAULTS])
    rows |= SIM_BIT (SIM_ROW_GUEST_RESET);
  if (process->was_read && (world->measured & 1u << SIM_NARROW) != 0
      && real[SIM_NARROW] >> 32 != read[SIM_NARROW] >> 32)
    rows |= SIM_BIT (SIM_ROW_WRAP);
  if (!process->was_read && process->life > 1 && real[SIM_CPU] > world->latest)
    rows |= SIM_BIT (SIM_ROW_RESET_GROWN);
  if (process->state == HM_STATE_PAUSED)
    rows |= SIM_BIT (SIM_ROW_PAUSED);
  return rows;
}

SimRecord *
sim_agent_poll (SimWorld *world, guint on, guint64 rows)
{
  SimProcess *process = &world->processes[on];
  SimRecord *record = add (world, on, HM_RECORD_SAMPLES, rows);

  if (record == NULL)
    return NULL;
  record->rows |= rows_of_poll (world, process);
  record->record.read_ns = sim_between (world->history, 1, 50 * 1000 * 1000);
  read_counters (world, process, record);
  read_traffic (world, &world->hosts[on], record);
  read_gauges (world, process, record);
  return record;
}

SimRecord *
sim_agent_tell (SimWorld *world, guint on, const char *event, guint64 rows)
{
  SimRecord *record = add (world, on, HM_RECORD_LIFECYCLE, rows);

  if (record == NULL)
    return NULL;
  record->record.event = event;
  record->record.observed = "event";
  if (strcmp (event, "device-removed") == 0 || strcmp (event, "device-added") == 0)
    record->record.device = "disk:vda";
  if (strcmp (event, "stopped") == 0 && sim_chance (world->history, 40))
    read_counters (world, &world->processes[on], record);
  return record;
}

/* -- what goes wrong -- */

void
sim_agent_restart (SimWorld *world, guint on)
{
  SimHost *host = &world->hosts[on];

  host->starts++;
  host->seq = 0;
  host->polled = HM_TIME_UNKNOWN;
  host->traffic = 0;
}

void
sim_agent_repeat (SimWorld *world, guint on, gboolean same)
{
  SimHistory *history = world->history;
  const SimRecord *first = &history->records[history->n_records - 1];
  SimRecord *again;
  guint64 *value;

  sim_agent_restart (world, on);
  again = add (world, on, HM_RECORD_SAMPLES, SIM_BIT (same ? SIM_ROW_DUPLICATE : SIM_ROW_CONFLICT));
  if (again == NULL)
    return;
  again->record.n_samples = first->record.n_samples;
  memcpy (again->samples, first->samples, sizeof first->samples);
  memcpy (again->series, first->series, sizeof first->series);
  memcpy (again->readings, first->readings, sizeof first->readings);
  memcpy (again->real, first->real, sizeof first->real);
  memset (again->decisions, 0, sizeof again->decisions);
  if (same)
    return;
  value = &again->samples[0].value.u64;
  *value = sim_chance (history, 50) ? *value / 2 : *value + (guint64)sim_between (history, 1, SIM_SECOND);
  again->readings[0] = *value < again->real[0] ? SIM_TOO_LOW : SIM_TOO_MUCH;
}

/* Some readings that are no good are found by people, too. */
static HmDecision
decide (SimWorld *world, SimRecord *record, SimReading how)
{
  static const HmDecision any[] = { HM_DECISION_RELEASE, HM_DECISION_REJECT, HM_DECISION_REBASE };
  HmDecision decision;

  if (sim_chance (world->history, 50))
    return HM_DECISION_NONE;
  decision = any[g_rand_int (world->history->rand) % G_N_ELEMENTS (any)];
  if (decision == HM_DECISION_REBASE)
    record->rows |= SIM_BIT (SIM_ROW_REBASED);
  else if (decision == HM_DECISION_RELEASE && how == SIM_TOO_MUCH)
    record->rows |= SIM_BIT (SIM_ROW_RELEASED);
  return decision;
}

static void
misread_one (SimWorld *world, SimRecord *record, guint i, SimReading how)
{
  guint64 *value = &record->samples[i].value.u64;

  if (how == SIM_TOO_MUCH)
    *value += 1000 * (guint64)SIM_DAY;
  else if (*value > 0)
    *value = (guint64)sim_between (world->history, 0, (gint64)*value);
  record->readings[i] = how;
  record->decisions[i] = decide (world, record, how);
}

void
sim_agent_misread (SimWorld *world, SimRecord *record, SimReading how)
{
  for (guint i = 0; record != NULL && i < record->record.n_samples; i++)
    if (record->series[i] == SIM_CPU || record->series[i] == SIM_NETWORK)
      misread_one (world, record, i, how);
}
