/* SPDX-License-Identifier: Apache-2.0 */
/* fake_inspector: a synthetic fleet behind the inspector's port. */
#pragma once

#include "agent/agent.h"
#include "tests/kit.h"

typedef struct
{
  HmInspector inspector;
  const HmClock *clock;
  /* Set by the test. */
  guint domains;    /* "i-0", "i-1", …; i-0 names no owner */
  gboolean host;    /* the snapshot has one, with CPUs (4), read a millisecond ago */
  gboolean away;    /* read() fails */
  gboolean sticks;  /* close() says that the event function did not come back */
  guint unanswered; /* what the read's cost says */
  /* Seen. */
  guint reads, closed;
  gint audits;
  HmFields asked;    /* by the last read */
  gint64 timeout_ns; /* of the last read */
  HmDomainEventFunc on_event;
  gpointer user;
} FakeInspector;

/* The domains have a state, CPU time (1000 × (number + 1) ns) and vCPUs (2); nothing else is given. Free with
 * g_free(). */
FakeInspector *fake_inspector_new (const HmClock *clock, guint domains);

/* For HmAgentPorts: gives out the inspector set here. */
void fake_inspector_offer (FakeInspector *inspector);
HmInspector *fake_inspector_make (const HmLibvirtOptions *options, HmDomainEventFunc on_event, gpointer user,
                                  GError **error);
