/* SPDX-License-Identifier: Apache-2.0 */
/* migration: how far an instance's migration away from here is, while it goes on.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. An instance that does not migrate has no
 * such samples. */
#include "metering/hypermeter.h"

enum
{
  ELAPSED,
  TOTAL,
  PROCESSED,
  REMAINING,
  DOWNTIME,
};

#define GAUGE(meter_name, meter_unit, text)                                                                  \
  {                                                                                                          \
    .name = meter_name, .type = HM_GAUGE, .unit = meter_unit, .value = HM_VALUE_U64,                         \
    .needs = HM_FIELD_MIGRATION, .hold = HM_HOLD_NONE, .life = HM_LIFE_PROCESS, .help = text                 \
  }

static const HmMeter meters[] = {
  [ELAPSED] = GAUGE ("migration.time.elapsed", "ms", "Time since the migration began"),
  [TOTAL] = GAUGE ("migration.data.total", "B", "Data that is to be sent, as known now"),
  [PROCESSED] = GAUGE ("migration.data.processed", "B", "Data that was sent"),
  [REMAINING] = GAUGE ("migration.data.remaining", "B", "Data that is still to be sent"),
  [DOWNTIME]
  = GAUGE ("migration.downtime", "ms", "Time that the instance will stand still at the end, as expected"),
  { NULL },
};

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[ELAPSED], NULL, domain->migration_elapsed);
  hm_sink_u64 (sink, &meters[TOTAL], NULL, domain->migration_total);
  hm_sink_u64 (sink, &meters[PROCESSED], NULL, domain->migration_processed);
  hm_sink_u64 (sink, &meters[REMAINING], NULL, domain->migration_remaining);
  hm_sink_u64 (sink, &meters[DOWNTIME], NULL, domain->migration_downtime);
  return HM_OK;
}

HM_POLLSTER (migration, HM_NS_POLL_COMPUTE, "Progress of each instance's migration", meters, emit);
