/* SPDX-License-Identifier: Apache-2.0 */
/* world: what happens to an instance and its hosts. See sim.h. */
#include "tests/sim/world.h"

#include <string.h>

/* No action makes more records. */
#define ACTION_MAX 10

static gint64
between (SimWorld *world, gint64 least, gint64 most)
{
  return sim_between (world->history, least, most);
}

static gboolean
chance (SimWorld *world, guint percent)
{
  return sim_chance (world->history, percent);
}

/* -- time -- */

/* A guest that waits uses next to nothing, its process a little. */
static void
consume (SimWorld *world, SimProcess *process, gint64 ns)
{
  gboolean runs = process->state == HM_STATE_RUNNING || process->state == HM_STATE_SHUTTING_DOWN;

  if (!process->exists)
    return;
  process->real[SIM_CPU] += (guint64)between (world, 0, (runs ? ns : ns / 1000) + 1);
  if (!runs)
    return;
  process->real[SIM_DISK] += (guint64)between (world, 0, ns / 100 + 1);
  process->real[SIM_NETWORK] += (guint64)between (world, 0, ns / 10 + 1);
  process->real[SIM_FAULTS] += (guint64)between (world, 0, ns / SIM_SECOND + 1);
  process->real[SIM_NARROW] += (guint64)between (world, 0, ns / 100000 + 1);
}

static void
pass (SimWorld *world, gint64 ns)
{
  world->now += ns;
  for (guint i = 0; i < SIM_HOSTS; i++)
    {
      consume (world, &world->processes[i], ns);
      world->hosts[i].traffic += (guint64)between (world, 0, ns / SIM_SECOND + 1);
    }
}

static void
pass_some (SimWorld *world)
{
  pass (world, between (world, 1, 50 * SIM_SECOND));
}

static void
note_moment (SimWorld *world)
{
  SimHistory *history = world->history;

  if (history->n_moments < G_N_ELEMENTS (history->moments))
    history->moments[history->n_moments++]
        = (SimMoment){ world->now, world->project, world->flavor, world->processes[world->on].state };
}

/* -- what agents do of their own accord -- */

/* Two agents hardly ever read in the same nanosecond. */
static SimRecord *
poll_on (SimWorld *world, guint on, guint64 rows)
{
  SimProcess *process = &world->processes[on];

  if (!chance (world, 2))
    pass (world, between (world, 1, SIM_SECOND));
  if (process->exists)
    return sim_agent_poll (world, on, rows);
  return sim_agent_tell (world, on, "exists",
                         process->state == HM_STATE_SHUTOFF ? SIM_BIT (SIM_ROW_SHUTOFF_EXISTS) : 0);
}

static void
poll (SimWorld *world)
{
  pass (world, between (world, 20 * SIM_SECOND, 90 * SIM_SECOND));
  poll_on (world, world->on, 0);
}

static void
tell (SimWorld *world, guint on, const char *event, HmState state, guint64 rows)
{
  world->processes[on].state = state;
  if (on == world->on)
    note_moment (world);
  sim_agent_tell (world, on, event, rows);
}

/* -- processes -- */

/* The counters of a new process have counted from its start on; it may be long before it is first read. */
static void
start_process (SimWorld *world, guint on, HmState state)
{
  SimProcess *process = &world->processes[on];
  gint64 age = chance (world, 80) ? between (world, 1, 5 * SIM_SECOND) : between (world, 1, 20 * SIM_MINUTE);

  *process = (SimProcess){ .life = ++world->history->lives,
                           .start = world->now - age + world->hosts[on].error,
                           .start_known = chance (world, 75),
                           .exists = TRUE,
                           .state = HM_STATE_RUNNING,
                           .real[SIM_NARROW] = G_MAXUINT32 - (guint64)between (world, 0, 4 * 1000 * 1000) };
  consume (world, process, age);
  process->state = state;
}

static guint64
row_of_start (const SimWorld *world, guint on, gboolean moved)
{
  const SimProcess *process = &world->processes[on];

  if (!process->start_known)
    return SIM_BIT (SIM_ROW_RESET_INFERRED);
  if (world->hosts[on].since != HM_TIME_UNKNOWN && process->start < world->hosts[on].since)
    return SIM_BIT (SIM_ROW_BASELINE);
  return SIM_BIT (moved ? SIM_ROW_MOVED : SIM_ROW_RESET);
}

static void
start_and_tell (SimWorld *world, guint on, const char *event, HmState state)
{
  gboolean moved = on != world->on;

  world->on = on;
  start_process (world, on, state);
  tell (world, on, event, state, 0);
  pass_some (world);
  poll_on (world, on, row_of_start (world, on, moved));
}

static void
end_process (SimWorld *world, guint on, const char *event, HmState state, guint64 rows)
{
  tell (world, on, event, state, rows);
  world->processes[on].exists = FALSE;
}

/* -- actions -- */

static void
do_polls (SimWorld *world)
{
  for (guint n = 1 + g_rand_int (world->history->rand) % 2; n > 0; n--)
    poll (world);
}

/* Whether a policy says that values go on over unknown time. */
static gboolean
holds (const SimHistory *history, HmTime time)
{
  gboolean hold = FALSE;

  for (guint i = 0; i < history->n_policies; i++)
    if (history->policies[i].from <= time)
      hold = history->policies[i].hold;
  return hold;
}

static void
do_gap (SimWorld *world)
{
  pass (world, between (world, 4 * SIM_MINUTE, 50 * SIM_MINUTE));
  poll_on (world, world->on,
           SIM_BIT (SIM_ROW_GAP)
               | SIM_BIT (holds (world->history, world->now) ? SIM_ROW_HELD : SIM_ROW_UNKNOWN));
}

static void
do_suspend (SimWorld *world)
{
  pass_some (world);
  tell (world, world->on, "suspended", HM_STATE_PAUSED, SIM_BIT (SIM_ROW_PAUSED));
  if (chance (world, 50))
    poll (world);
  pass_some (world);
  tell (world, world->on, "resumed", HM_STATE_RUNNING, 0);
}

static void
stay_off (SimWorld *world)
{
  for (guint n = g_rand_int (world->history->rand) % 3; n > 0; n--)
    {
      pass (world, chance (world, 50) ? between (world, 1, 2 * SIM_MINUTE)
                                      : between (world, 2 * SIM_MINUTE, SIM_HOUR));
      poll_on (world, world->on, 0);
    }
}

static void
do_stop (SimWorld *world)
{
  pass_some (world);
  if (chance (world, 40))
    {
      tell (world, world->on, "shutdown", HM_STATE_SHUTTING_DOWN, SIM_BIT (SIM_ROW_SHUTTING_DOWN));
      if (chance (world, 50))
        poll (world);
      pass_some (world);
    }
  end_process (world, world->on, "stopped", HM_STATE_SHUTOFF, SIM_BIT (SIM_ROW_SHUTOFF));
  stay_off (world);
  pass_some (world);
  start_and_tell (world, world->on, "started", HM_STATE_RUNNING);
}

static void
do_crash (SimWorld *world)
{
  pass_some (world);
  end_process (world, world->on, "crashed", HM_STATE_SHUTOFF, SIM_BIT (SIM_ROW_SHUTOFF));
  pass_some (world);
  start_and_tell (world, world->on, "started", HM_STATE_RUNNING);
}

static void
do_reboot (SimWorld *world)
{
  pass_some (world);
  world->processes[world->on].real[SIM_FAULTS] = 0;
  poll (world);
}

static void
do_undefine (SimWorld *world)
{
  pass_some (world);
  end_process (world, world->on, "undefined", HM_STATE_UNDEFINED, SIM_BIT (SIM_ROW_UNDEFINED));
  pass_some (world);
  tell (world, world->on, "defined", HM_STATE_SHUTOFF, 0);
  pass_some (world);
  start_and_tell (world, world->on, "started", HM_STATE_RUNNING);
}

static void
do_lose (SimWorld *world)
{
  pass_some (world);
  tell (world, world->on, "lost", HM_STATE_LOST, SIM_BIT (SIM_ROW_LOST_STATE));
  pass_some (world);
  tell (world, world->on, "found", HM_STATE_RUNNING, 0);
  poll (world);
}

/* Where it goes to is heard of first: it ran on before its old host had cleaned up. */
static void
hand_over (SimWorld *world, guint from, guint to)
{
  tell (world, from, "suspended", HM_STATE_PAUSED, SIM_BIT (SIM_ROW_PAUSED));
  pass (world, between (world, 1, SIM_SECOND));
  world->on = to;
  tell (world, to, "resumed", HM_STATE_RUNNING, 0);
  pass (world, between (world, 1, SIM_SECOND));
  end_process (world, from, "migrated-out", HM_STATE_SHUTOFF, 0);
}

/* The guest's memory is copied while it runs; where it goes it waits, and both agents read it. */
static void
do_migrate_live (SimWorld *world)
{
  guint from = world->on, to = (from + 1) % SIM_HOSTS;

  pass_some (world);
  start_process (world, to, HM_STATE_PAUSED);
  tell (world, to, "started", HM_STATE_PAUSED, 0);
  pass_some (world);
  poll_on (world, to, row_of_start (world, to, TRUE));
  poll_on (world, from, 0);
  pass_some (world);
  if (chance (world, 50))
    poll_on (world, to, SIM_BIT (SIM_ROW_OVERLAP));
  if (chance (world, 50))
    {
      end_process (world, from, "migrated-out", HM_STATE_SHUTOFF, 0);
      world->on = to;
    }
  else
    hand_over (world, from, to);
  pass (world, between (world, 0, SIM_SECOND));
  tell (world, to, "migrated-in", HM_STATE_RUNNING, 0);
  poll (world);
}

static void
do_migrate_cold (SimWorld *world)
{
  guint from = world->on;

  pass_some (world);
  end_process (world, from, "stopped", HM_STATE_SHUTOFF, SIM_BIT (SIM_ROW_SHUTOFF));
  pass_some (world);
  tell (world, from, "undefined", HM_STATE_UNDEFINED, SIM_BIT (SIM_ROW_UNDEFINED));
  pass_some (world);
  start_and_tell (world, (from + 1) % SIM_HOSTS, "started", HM_STATE_RUNNING);
}

/* Both hosts run the guest, until one of them is stopped. */
static void
do_split (SimWorld *world)
{
  guint here = world->on, there = (here + 1) % SIM_HOSTS;

  pass_some (world);
  start_process (world, there, HM_STATE_RUNNING);
  tell (world, there, "started", HM_STATE_RUNNING, 0);
  pass_some (world);
  poll_on (world, there, row_of_start (world, there, TRUE));
  poll_on (world, here, 0);
  pass_some (world);
  poll_on (world, there, SIM_BIT (SIM_ROW_OVERLAP));
  poll_on (world, here, SIM_BIT (SIM_ROW_OVERLAP));
  end_process (world, there, "stopped", HM_STATE_SHUTOFF, 0);
  poll (world);
}

static void
do_give_away (SimWorld *world)
{
  pass_some (world);
  world->project = (world->project + 1) % 3;
  tell (world, world->on, "owner-changed", world->processes[world->on].state, SIM_BIT (SIM_ROW_OWNER));
  poll (world);
}

static void
do_resize (SimWorld *world)
{
  pass_some (world);
  world->flavor = (world->flavor + 1) % 3;
  world->memory = (guint64)between (world, 1, 1 << 20) * 1024;
  tell (world, world->on, "flavor-changed", world->processes[world->on].state, SIM_BIT (SIM_ROW_FLAVOR));
  poll (world);
}

static void
do_replug (SimWorld *world)
{
  SimProcess *process = &world->processes[world->on];

  pass_some (world);
  tell (world, world->on, "device-removed", process->state, SIM_BIT (SIM_ROW_REMOVED));
  pass_some (world);
  process->plug = ++world->history->lives;
  process->plugged = world->now + world->hosts[world->on].error;
  process->plug_known = chance (world, 75);
  process->real[SIM_DISK] = 0;
  world->capacity = (guint64)between (world, 1, 100) << 30;
  tell (world, world->on, "device-added", process->state, 0);
  poll (world);
}

static void
do_restart_agent (SimWorld *world)
{
  sim_agent_restart (world, world->on);
  poll (world);
}

/* What happened meanwhile is found out by comparison. */
static void
do_outage (SimWorld *world)
{
  SimHost *host = &world->hosts[world->on];
  guint64 rows = SIM_BIT (SIM_ROW_UNKNOWN);

  pass (world, between (world, SIM_MINUTE, 40 * SIM_MINUTE));
  if (chance (world, 40))
    start_process (world, world->on, HM_STATE_RUNNING);
  if (chance (world, 50))
    host->since = world->now + host->error;
  pass_some (world);
  sim_agent_restart (world, world->on);
  if (!world->processes[world->on].was_read)
    rows |= row_of_start (world, world->on, FALSE);
  tell (world, world->on, "found", HM_STATE_RUNNING, 0);
  poll_on (world, world->on, rows);
}

/* The wall clock is set wrong, and some time later right. */
static void
do_step (SimWorld *world)
{
  SimHost *host = &world->hosts[world->on];

  poll (world);
  host->error = between (world, 2 * SIM_SECOND, chance (world, 50) ? SIM_MINUTE : SIM_HOUR);
  if (chance (world, 50))
    host->error = -host->error;
  do_polls (world);
  if (chance (world, 40))
    return;
  host->error = 0;
  host->was_wrong = FALSE;
  poll (world);
}

/* The host goes down with the guest, and nobody tells. */
static void
do_reboot_host (SimWorld *world)
{
  SimHost *host = &world->hosts[world->on];

  pass_some (world);
  pass (world, between (world, SIM_MINUTE, 10 * SIM_MINUTE));
  host->boot = world->history->boots++;
  host->booted = world->now - between (world, 20 * SIM_SECOND, SIM_MINUTE);
  host->was_wrong = chance (world, 20);
  host->error = host->was_wrong ? between (world, -SIM_HOUR, SIM_HOUR) : 0;
  sim_agent_restart (world, world->on);
  start_and_tell (world, world->on, "found", HM_STATE_RUNNING);
}

static void
do_low (SimWorld *world)
{
  poll (world);
  pass_some (world);
  sim_agent_misread (world, poll_on (world, world->on, SIM_BIT (SIM_ROW_REGRESS)), SIM_TOO_LOW);
  poll (world);
}

static void
do_stuck (SimWorld *world)
{
  poll (world);
  for (guint i = 0; i < 4; i++)
    {
      guint64 rows = SIM_BIT (SIM_ROW_REGRESS) | (i < 2 ? 0 : SIM_BIT (SIM_ROW_REGRESS_STUCK));

      pass_some (world);
      sim_agent_misread (world, poll_on (world, world->on, rows), SIM_TOO_LOW);
    }
  poll (world);
}

static void
do_too_much (SimWorld *world)
{
  poll (world);
  if (!SIM_RULE_HELD)
    return;
  pass_some (world);
  sim_agent_misread (world, poll_on (world, world->on, SIM_BIT (SIM_ROW_IMPLAUSIBLE)), SIM_TOO_MUCH);
  poll (world);
}

static void
do_twice (SimWorld *world)
{
  poll (world);
  if (world->history->n_records < SIM_RECORDS)
    sim_agent_repeat (world, world->on, TRUE);
}

static void
do_contradict (SimWorld *world)
{
  poll (world);
  if (world->history->n_records < SIM_RECORDS)
    sim_agent_repeat (world, world->on, FALSE);
  if (chance (world, 50))
    poll (world);
}

/* -- a life -- */

typedef void (*Play) (SimWorld *world);

static const Play plays[SIM_EVENTS] = {
  [SIM_EVENT_READ] = do_polls,
  [SIM_EVENT_SILENCE] = do_gap,
  [SIM_EVENT_SUSPEND] = do_suspend,
  [SIM_EVENT_STOP] = do_stop,
  [SIM_EVENT_CRASH] = do_crash,
  [SIM_EVENT_REBOOT] = do_reboot,
  [SIM_EVENT_UNDEFINE] = do_undefine,
  [SIM_EVENT_LOSE] = do_lose,
  [SIM_EVENT_MIGRATE_LIVE] = do_migrate_live,
  [SIM_EVENT_MIGRATE_COLD] = do_migrate_cold,
  [SIM_EVENT_SPLIT] = do_split,
  [SIM_EVENT_GIVE_AWAY] = do_give_away,
  [SIM_EVENT_RESIZE] = do_resize,
  [SIM_EVENT_REPLUG] = do_replug,
  [SIM_EVENT_RESTART_AGENT] = do_restart_agent,
  [SIM_EVENT_STEP] = do_step,
  [SIM_EVENT_OUTAGE] = do_outage,
  [SIM_EVENT_REBOOT_HOST] = do_reboot_host,
  [SIM_EVENT_LOW] = do_low,
  [SIM_EVENT_STUCK] = do_stuck,
  [SIM_EVENT_TOO_MUCH] = do_too_much,
  [SIM_EVENT_TWICE] = do_twice,
  [SIM_EVENT_CONTRADICT] = do_contradict,
};

const char *const sim_events[SIM_EVENTS] = {
  [SIM_EVENT_READ] = "read in time",
  [SIM_EVENT_SILENCE] = "not read for long",
  [SIM_EVENT_SUSPEND] = "suspended and resumed",
  [SIM_EVENT_STOP] = "stopped and started",
  [SIM_EVENT_CRASH] = "crashed",
  [SIM_EVENT_REBOOT] = "rebooted by its guest",
  [SIM_EVENT_UNDEFINE] = "undefined and defined",
  [SIM_EVENT_LOSE] = "lost and found",
  [SIM_EVENT_MIGRATE_LIVE] = "migrated live",
  [SIM_EVENT_MIGRATE_COLD] = "migrated cold",
  [SIM_EVENT_SPLIT] = "run by two hosts",
  [SIM_EVENT_GIVE_AWAY] = "owner changed",
  [SIM_EVENT_RESIZE] = "resized",
  [SIM_EVENT_REPLUG] = "disk plugged out and in",
  [SIM_EVENT_RESTART_AGENT] = "agent restarted",
  [SIM_EVENT_STEP] = "clock stepped",
  [SIM_EVENT_OUTAGE] = "agent away",
  [SIM_EVENT_REBOOT_HOST] = "host rebooted",
  [SIM_EVENT_LOW] = "read too low",
  [SIM_EVENT_STUCK] = "read too low again and again",
  [SIM_EVENT_TOO_MUCH] = "read too much",
  [SIM_EVENT_TWICE] = "read by two agents, alike",
  [SIM_EVENT_CONTRADICT] = "read by two agents, otherwise",
};

/* Every history has one of these, and so two lives of its counters and a lifecycle record. */
static const SimEvent turns[]
    = { SIM_EVENT_STOP, SIM_EVENT_CRASH, SIM_EVENT_MIGRATE_LIVE, SIM_EVENT_MIGRATE_COLD, SIM_EVENT_UNDEFINE };

static void
happen (SimWorld *world, SimEvent event)
{
  world->history->events |= 1u << event;
  plays[event](world);
}

static void
act (SimWorld *world)
{
  guint n = g_rand_int (world->history->rand) % SIM_EVENTS;

  if (world->history->n_records + ACTION_MAX <= SIM_RECORDS)
    happen (world, n);
}

static void
begin (SimWorld *world, SimHistory *history)
{
  *world = (SimWorld){ .history = history, .now = SIM_MORNING + sim_between (history, 0, 6 * SIM_HOUR) };
  world->memory = (guint64)between (world, 1, 1 << 20) * 1024;
  world->capacity = (guint64)between (world, 1, 100) << 30;
  world->measured = 1u << SIM_CPU | (g_rand_int (history->rand) & g_rand_int (history->rand) & 0xffff)
                    | 1u << g_rand_int_range (history->rand, 0, SIM_MEASURED);
  for (guint i = 0; i < SIM_HOSTS; i++)
    world->hosts[i] = (SimHost){ .number = i,
                                 .boot = history->boots++,
                                 .booted = world->now - SIM_DAY,
                                 .polled = HM_TIME_UNKNOWN,
                                 .since = chance (world, 85) ? world->now - between (world, 1, SIM_HOUR)
                                                             : HM_TIME_UNKNOWN };
  if (chance (world, 4))
    {
      SimHost *host = &world->hosts[g_rand_int (history->rand) % SIM_HOSTS];

      host->error = between (world, SIM_MINUTE, 2 * SIM_HOUR);
      host->was_wrong = TRUE;
    }
}

/* 1 GB/s: ten times what the guest gets. */
static void
set_policies (SimWorld *world)
{
  SimHistory *history = world->history;

  history->n_policies = g_rand_int (history->rand) % 3;
  for (guint i = 0; i < history->n_policies; i++)
    history->policies[i] = (SimPolicy){ world->now + (i == 0 ? -SIM_HOUR : 10 * SIM_MINUTE),
                                        chance (world, 50), chance (world, 70) ? SIM_SECOND : 0 };
}

static void
create (SimWorld *world)
{
  const SimProcess *process = &world->processes[0];
  HmTime since = world->hosts[0].since;

  start_process (world, 0, HM_STATE_RUNNING);
  if (chance (world, 70))
    tell (world, 0, "started", HM_STATE_RUNNING, 0);
  else
    note_moment (world);
  pass_some (world);
  poll_on (world, 0,
           SIM_BIT (process->start_known && since != HM_TIME_UNKNOWN && process->start >= since
                        ? SIM_ROW_FROM_START
                        : SIM_ROW_BASELINE));
}

void
sim_play (SimHistory *history, guint32 seed, const char *resource)
{
  SimWorld world;
  guint n;

  g_rand_set_seed (history->rand, seed);
  history->seed = seed;
  history->resource = resource;
  history->n_records = history->n_moments = history->lives = history->lifecycles = history->boots = 0;
  history->events = 0;
  history->shift = 0;
  history->terse = sim_chance (history, 15);
  begin (&world, history);
  set_policies (&world);
  create (&world);
  for (n = g_rand_int (history->rand) % 3; n > 0; n--)
    act (&world);
  happen (&world, turns[g_rand_int (history->rand) % G_N_ELEMENTS (turns)]);
  for (n = g_rand_int (history->rand) % 4; n > 0; n--)
    act (&world);
  poll (&world);
  if (sim_chance (history, 20))
    {
      pass_some (&world);
      end_process (&world, world.on, "undefined", HM_STATE_UNDEFINED, SIM_BIT (SIM_ROW_UNDEFINED));
    }
  sim_deliver (history);
}
