/* SPDX-License-Identifier: Apache-2.0 */
/* policy: what somebody sets for all records from a time on (HmPolicyRow), as people write it, and from when on it may hold. Pure. */
#pragma once

#include "collector/stores/store_rows.h"

G_BEGIN_DECLS

/* "10Gbit" → bytes a second, rounded up; "0": no limit is known. */
gboolean hm_policy_limit_parse (const char *text, guint64 *ret_bytes);
/* The same the other way round. (transfer full) */
char *hm_policy_limit_print (guint64 bytes);

/* "none", "hold": what becomes of a gauge's value over time that nobody knows of. */
gboolean hm_policy_unknown_parse (const char *text, gboolean *ret_hold);
const char *hm_policy_unknown_name (gboolean hold);

/* Every collector reads them anew that often. */
#define HM_POLICY_RELOAD_NS (60 * HM_NSEC_PER_SEC)

/* The earliest start of a grain from which on a policy that is made at @now may hold: no record of a later time can have been folded
 * without it, by no collector: each has read it anew by then, also where one reading failed. */
HmTime hm_policy_earliest (HmTime now, gint64 grain_ns);

G_END_DECLS
