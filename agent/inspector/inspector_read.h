/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_read: the job that reads one lane's share of the domains, once.
 *
 * Each lane takes the domains that the assignment gives it, so none is read twice, or forgotten when one appears between
 * two lanes' lists. What comes back holds no libvirt object: it can be freed anywhere. */
#pragma once

#include "agent/inspector/inspector_assignment.h"
#include "agent/inspector/inspector_calls.h"
#include "agent/inspector/inspector_connection.h"
#include "agent/inspector/inspector_decode.h"

/* What was read of one domain. */
typedef struct
{
  char id[37];
  int domain_id; /* -1: not running */
  gboolean has_answered;
  HmTime wall_ns;                     /* at the last answer */
  gint64 boot_ns, begun_ns, ended_ns; /* the latter two monotonic */
  HmParams calls, bulk, process;
  guint64 start_ticks; /* of the process that `process` is of */
  gboolean is_sending; /* that process, the guest elsewhere */
  virDomainPtr domain; /* the lane's; NULL once the job is done */
} HmReading;

/* Gives @decoder of each answer what @instance's counters are settled on in this life; what its process said only if
 * that is this life's. */
void hm_reading_decode (const HmReading *reading, const HmInstance *instance, HmStatsDecoder *decoder);

typedef struct
{
  HmJob job;
  HmAssignment *assignment;
  guint lane;
  HmFields fields;
  gboolean must_list, without_qmp;
  const char *root; /* prefix of /proc; interned */
  const HmClock *clock;
  GPtrArray *readings; /* (element-type HmReading) */
  guint32 available;   /* reads that the driver has */
} HmShare;

/* Lane 0 takes domains that nobody was assigned, and the state of those that do not run. @must_list: the inventory may
 * have missed something. @without_qmp: only reads that no guest can hold up; what they do not give is absent. @root: prefix of /proc. @clock must outlive the process' last call. (transfer full) */
HmShare *hm_share_new (HmAssignment *assignment, guint lane, HmFields fields, gboolean must_list,
                       gboolean without_qmp, const char *root, const HmClock *clock);
