/* SPDX-License-Identifier: Apache-2.0 */
/* fake_agent: a whole agent "node-1" with a synthetic fleet of two, a fake publisher and real threads. */
#pragma once

#include "agent/agent_private.h"
#include "tests/fakes/fake_identity.h"
#include "tests/fakes/fake_inspector.h"
#include "tests/fakes/fake_publisher.h"

typedef struct
{
  char *folder;
  HmRegistry *registry;
  HmSettings *settings;
  HmAgentConfig *config;
  GPtrArray *choices;
  FakeInspector *inspector;
  HmAgentPorts ports;
  HmAgent *agent;       /* (nullable) */
  const char *yet_more; /* (nullable) one more override, beside make()'s */
} FakeAgent;

/* Measures t.time of every instance; in the registry from the set-up on, as the fake publisher is. */
extern const HmPlugin fake_pollster;
extern const HmMeter fake_pollster_meters[];

/* For cmocka. */
int fake_agent_set_up (void **state);
int fake_agent_tear_down (void **state);

/* Polls each 100 ms, stops within 10 s, a slow disk's sync and a loaded machine's threads included. @more (nullable): another override, "agent.interval=1s". (nullable) with @error */
HmAgent *fake_agent_make (FakeAgent *f, const char *more, GError **error);

/* The same, and hm_agent_start(); they fail the test. */
void fake_agent_make_well (FakeAgent *f, const char *more);
void fake_agent_start (FakeAgent *f);
