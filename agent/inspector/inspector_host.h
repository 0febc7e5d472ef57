/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_host: the hypervisor itself in a read: node, storage pools, totals over its domains.
 *
 * After the domains, on one of the lanes that answered, and for 2 s at most, so that a pool that hangs costs no domain
 * its sample. The reading thread. */
#pragma once

#include "agent/inspector/inspector_cycle.h"

#define HM_HOST_POOLS_MAX 1024 /* more are left out, and said */

/* @fields with those of the domains that the host's among them are made of. */
HmFields hm_host_expand (HmFields fields);

/* Adds the host to the cycle's snapshot, which has its domains, if a field of it is due. What cannot be had is absent. */
void hm_cycle_add_host (HmCycle *cycle);

/* The totals of @snapshot's domains. Absent when a domain is missing (@unanswered) or does not say its part: a sum
 * without it would be wrong. */
void hm_host_sum (HmHost *host, const HmSnapshot *snapshot, guint unanswered);

/* "pool:<name>"; NULL when @name is not clean text that fits into a device's id: a cut one could be another pool's.
 * (transfer full) (nullable) */
char *hm_host_pool_device (const char *name);
