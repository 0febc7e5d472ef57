/* SPDX-License-Identifier: Apache-2.0 */
/* counters: which counters a read of a domain gave, and the same read without those that another one gave later.
 *
 * The polls' composer and the announcer call it. Pure; knows no libvirt. */
#pragma once

#include "agent/inventory/inventory.h"

G_BEGIN_DECLS

/* The fields of @domain that count and were given. Time counts with any read, as HM_FIELD_STATE. */
HmFields hm_counters_given (const HmDomain *domain);

/* When all counters among @wanted were last read: those that @instance needs, and those that it ever gave; HM_TIME_UNKNOWN
 * if one that it needs never was, or none. */
HmTime hm_counters_last_read (const HmInstance *instance, HmFields wanted, const HmReadTimes *reads);

/* The only domain of @snapshot without the counters of @fields, but for the time, which its resource makes count. Refers to
 * the snapshot's memory. */
HmDomain hm_counters_without (HmSnapshot *snapshot, HmFields fields);

G_END_DECLS
