/* SPDX-License-Identifier: Apache-2.0 */
/* fake_polling: a polling as a test says it, and rosters made of it. */
#pragma once

#include "agent/schedule/roster.h"
#include "tests/kit.h"

typedef struct
{
  const char *name;
  gint64 interval_ns;
  const char *meters;    /* (nullable) patterns, separated by ";"; NULL: all that are on by default */
  const char *resources; /* (nullable) the same of ids; NULL: all */
} FakeSource;

/* @sources: ended by a NULL name. (transfer full) */
HmPolling *fake_polling (const FakeSource *sources);

/* @pollsters: ended by NULL. (transfer full) */
HmRoster *fake_roster (const FakeSource *sources, const HmPlugin *const *pollsters);

/* One source "default" of everything that is on by default, each minute. */
extern const FakeSource fake_default[];
