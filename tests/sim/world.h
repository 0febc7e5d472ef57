/* SPDX-License-Identifier: Apache-2.0 */
/* world: an instance, its hosts and what is true of them. Shared by the simulator's own files. */
#pragma once

#include "tests/sim/sim.h"

G_BEGIN_DECLS

/* What an agent reads every minute. */
#define SIM_INTERVAL SIM_MINUTE

/* The instance on one host. */
typedef struct
{
  guint life; /* names the process; 0: there never was one */
  HmTime start;
  gboolean start_known;
  gboolean exists; /* there is a process */
  HmState state;
  guint64 real[SIM_COUNTERS]; /* what was really consumed since the counter's beginning */
  guint64 read[SIM_COUNTERS]; /* the same at the latest reading */
  gboolean was_read;          /* in this life */
  guint plug;                 /* names the disk's life; 0: that of the process */
  HmTime plugged;
  gboolean plug_known;
} SimProcess;

typedef struct
{
  guint number;
  guint starts; /* names the agent's epoch */
  guint64 seq;
  HmTime since; /* when the host began to be metered; HM_TIME_UNKNOWN: nobody says */
  guint boot;   /* names the boot */
  HmTime booted;
  HmTime polled; /* when traffic was last read; HM_TIME_UNKNOWN: never by this process */
  guint64 traffic;
  gint64 error;       /* of its wall clock */
  gboolean was_wrong; /* it was so from the boot on */
} SimHost;

typedef struct
{
  SimHistory *history;
  HmTime now;
  SimHost hosts[SIM_HOSTS];
  SimProcess processes[SIM_HOSTS];
  guint on; /* the host that the instance is on */
  guint project, flavor;
  guint64 memory, capacity;
  guint measured; /* bits of SimSeries: what the agents are set up to read */
  guint64 latest; /* CPU time at the latest reading of any host */
} SimWorld;

/* -- agents.c -- */

/* What the agent of host @on records now. NULL where the history is full, and nothing was recorded. */
SimRecord *sim_agent_poll (SimWorld *world, guint on, guint64 rows);
SimRecord *sim_agent_tell (SimWorld *world, guint on, const char *event, guint64 rows);

/* The last record once more, as another process of the agent would record it; sound, or with one value that differs. */
void sim_agent_repeat (SimWorld *world, guint on, gboolean same);

/* A reading of a counter that is not what the counter says. */
void sim_agent_misread (SimWorld *world, SimRecord *record, SimReading how);

void sim_agent_restart (SimWorld *world, guint on);

G_END_DECLS
