/* SPDX-License-Identifier: Apache-2.0 */
/* usage_kit: what the programs that measure the reading of usage share: what there is in their store, and the way in. One thread; whatever
 * goes wrong ends the program. */
#pragma once

#include "collector/stores/store.h"
#include "metering/registry.h"

#define HOUR_NS             (3600 * HM_NSEC_PER_SEC)
#define DAY_NS              (24 * HOUR_NS)
#define SERIES_A_RESOURCE   30
#define RESOURCES_A_PROJECT 1000

/* 2025, of UTC: three months are rolled up, ten days of the fourth, and seven hours are in buckets alone. */
#define FIRST_MONTH G_GINT64_CONSTANT (1754006400) * HM_NSEC_PER_SEC /* August */
#define LAST_MONTH  G_GINT64_CONSTANT (1759276800) * HM_NSEC_PER_SEC /* October */
#define OPEN_MONTH  G_GINT64_CONSTANT (1761955200) * HM_NSEC_PER_SEC /* November */
#define N_DAYS      10
#define N_HOURS     7
#define ROLLED      (OPEN_MONTH + N_DAYS * DAY_NS)

typedef struct
{
  HmRegistry *registry;
  const HmStoreOps *ops;
  HmStore *store;
} UsageStore;

/* The store of @url, through its plugin. */
UsageStore usage_store_open (const char *url, HmStoreMode mode);
void usage_store_close (UsageStore *store);

/* Ends the program where @done is FALSE. */
void usage_must (gboolean done, const GError *error);
