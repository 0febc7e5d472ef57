/* SPDX-License-Identifier: Apache-2.0 */
/* host_kit: what the tests of host pollsters share. */
#pragma once

#include "tests/pollster_kit.h"

#define KIT_HOST_POOLS 2

/* A snapshot's host with every field given, each a different number, and pools that a test may write to. */
typedef struct
{
  HmSnapshot *snapshot;
  HmHost *host;
  HmPool *pools;
} KitHost;

KitHost *kit_host_new (void);
void kit_host_free (KitHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KitHost, kit_host_free)

/* Runs a host pollster into a fresh sink that takes everything. (transfer full) */
HmSink *kit_emit_host (const HmPlugin *plugin, const HmHost *host);

/* One meter that is one field of the host, or of each pool. */
typedef struct
{
  const char *meter;
  gboolean of_pool;
  gsize offset;
} KitHostRow;

/* Every meter of the plugin is one of @rows. Then, with each set of values (all given, each absent, all as large as can
 * be, random ones): what @rows say, nothing else, and each absence told. */
void kit_check_host (const HmPlugin *plugin, const KitHostRow *rows, guint n_rows);
