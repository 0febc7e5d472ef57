/* SPDX-License-Identifier: Apache-2.0 */
/* agent_private: the agent's parts, for the file that makes them (agent_build.c) and the one that runs them
 * (agent.c). */
#pragma once

#include "agent/agent.h"
#include "agent/schedule/backoff.h"
#include "agent/outbox/delivery.h"
#include "agent/messages/dispatcher.h"
#include "agent/pipeline/edges.h"
#include "agent/health/endpoint.h"
#include "agent/outbox/keys.h"
#include "agent/messages/messages_file.h"
#include "agent/pipeline/pipeline.h"
#include "agent/schedule/readers.h"
#include "agent/schedule/scheduler.h"
#include "agent/state.h"

G_BEGIN_DECLS

/* One source's place in the schedule. The scheduler's thread's, once it runs. */
typedef struct
{
  HmAgent *agent;
  char *name;
  gint64 interval_ns;
  guint job;
  HmSourceSet bit; /* in the roster */
  gboolean due;    /* in the tick that runs */
} HmAgentSource;

struct HmAgent
{
  const HmAgentConfig *config;
  HmAgentPorts ports;
  HmPluginContext context;
  HmIdentity identity;
  HmTime started;    /* wall clock, when it was made … */
  gint64 started_ns; /* … and by the monotonic one */

  /* Made by agent_build.c. */
  HmKeys *keys;
  HmMeterTable *meters;     /* of every plugin that is on */
  HmMeterTable *own_meters; /* of HM_NS_SELF, on or off */
  HmEndpoint *endpoint;     /* (nullable) */
  HmOutbox *outbox;
  GArray *publishers; /* (element-type HmOutboxPublisher) the outbox's */
  char *outbox_folder;
  GPtrArray *deliveries; /* (element-type HmDeliveryWorker) in the order of the outbox's publishers */
  HmDispatcher *dispatcher;
  HmReaders *readers;
  GArray *pollsters; /* (element-type const HmPlugin *) snapshot pollsters, of domains and of the host */
  GArray *reading;   /* (element-type const HmPlugin *) the readers' */
  HmQuarantine *quarantine;
  HmDeltas *deltas;
  HmScheduler *scheduler;
  HmRoster *roster;      /* who polls what of the pollsters */
  GPtrArray *sources;    /* (element-type HmAgentSource) that are on the schedule, by rank */
  gboolean wants_events; /* somebody handles notifications */

  /* Made by the start. */
  HmAgentState *state;
  HmInspector *inspector;   /* (nullable) */
  HmPipeline *pipeline;     /* (nullable) */
  HmEdges *edges;           /* (nullable) */
  HmMessagesFile *messages; /* (nullable) */
  gboolean is_running;      /* on schedule */
  HmBackoff away;           /* the hypervisor is: the poll's own */
  GMutex lock;              /* of the next two */
  gboolean is_away;
  HmPolling *next_polling; /* (nullable) to be gone over to between two ticks */
  gint is_stopping;        /* atomic */
  gboolean is_in_use;      /* by a thread that hangs and was left behind */
  gboolean gave_up;        /* waited for the publishers already, in vain */
};

/* Creates every enabled plugin and the parts that need nothing from outside. */
gboolean hm_agent_build (HmAgent *agent, const GPtrArray *choices, GError **error);

/* What takes values besides the polls: needs the pollsters and the outbox. */
void hm_agent_make_edges (HmAgent *agent);
HmFields hm_agent_moments (gpointer user);

/* Puts the audits on the schedule. */
void hm_agent_schedule_audits (HmAgent *agent);

/* Puts the heartbeats on the schedule: one at once, then at their interval. */
void hm_agent_schedule_heartbeats (HmAgent *agent);
/* Asks the outbox for one now; @agent is an HmAgent. */
void hm_agent_beat (gpointer agent);

/* For the inspector (HmDomainEventFunc, HmDomainReadFunc), on its event worker; @user is the agent. */
void hm_agent_take_event (const HmDomainEvent *event, gpointer user);
void hm_agent_take_first_values (const HmDomain *domain, gpointer user);

HmHostStamp hm_agent_host (const HmAgent *agent);

/* agent_sources.c: goes over to @polling, on the scheduler's thread or while that does not run. */
void hm_agent_take_polling (HmAgent *agent, HmPolling *polling);
/* Puts the sources on the schedule. */
void hm_agent_schedule (HmAgent *agent);
void hm_agent_source_free (gpointer source);
/* A poll of what @due carries. */
gboolean hm_agent_poll (HmAgent *agent, HmSourceSet due, GError **error);

G_END_DECLS
