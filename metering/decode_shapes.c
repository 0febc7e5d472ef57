/* SPDX-License-Identifier: Apache-2.0 */
/* decode_shapes: the members of each object in a record. Constant tables, read by decode.c. A new field of
 * the wire form is a row here, a line in encode.c and one in docs/schemas/. */
#include "metering/decode.h"

#define BIT(i) (1u << (i))
#define MEMBER(member_name, member_kind, type, path, ...)                                                    \
  {                                                                                                          \
    .name = member_name, .length = sizeof (member_name) - 1, .kind = HM_MEMBER_##member_kind,                \
    .offset = G_STRUCT_OFFSET (type, path), __VA_ARGS__                                                      \
  }

enum
{
  SAMPLE_METER,
  SAMPLE_TYPE,
  SAMPLE_UNIT,
  SAMPLE_DEVICE,
  SAMPLE_VALUE,
  SAMPLE_EPOCH,
  SAMPLE_EPOCH_START,
  SAMPLE_START,
  SAMPLE_ATTRS,
};

static const HmMember sample_members[] = {
  [SAMPLE_METER] = MEMBER ("meter", METER, HmSample, meter),
  [SAMPLE_TYPE] = MEMBER ("type", METER_TYPE, HmSample, type),
  [SAMPLE_UNIT] = MEMBER ("unit", ID, HmSample, unit),
  [SAMPLE_DEVICE] = MEMBER ("device", ID, HmSample, device),
  [SAMPLE_VALUE] = MEMBER ("value", VALUE, HmSample, value),
  [SAMPLE_EPOCH] = MEMBER ("epoch", ID, HmSample, epoch),
  [SAMPLE_EPOCH_START] = MEMBER ("epoch_start", TIME, HmSample, epoch_start),
  [SAMPLE_START] = MEMBER ("start", TIME, HmSample, start),
  [SAMPLE_ATTRS] = MEMBER ("attrs", PAIRS, HmSample, attrs),
};

const HmShape hm_shape_sample = {
  .members = sample_members,
  .n_members = G_N_ELEMENTS (sample_members),
  .required = BIT (SAMPLE_METER) | BIT (SAMPLE_TYPE) | BIT (SAMPLE_UNIT) | BIT (SAMPLE_VALUE),
};

static const HmMember bin_members[] = {
  MEMBER ("epoch", ID, HmBinCount, epoch),
  MEMBER ("bin", SPAN, HmBinCount, bin),
  MEMBER ("records", COUNT, HmBinCount, records),
  MEMBER ("sum", COUNT, HmBinCount, sum),
};

const HmShape hm_shape_bin = {
  .members = bin_members,
  .n_members = G_N_ELEMENTS (bin_members),
  .required = BIT (0) | BIT (1) | BIT (2) | BIT (3),
};

static const HmMember agent_members[] = {
  MEMBER ("id", ID, HmRecord, agent.id),
  MEMBER ("epoch", ID, HmRecord, agent.epoch),
  MEMBER ("bin", SPAN, HmRecord, agent.bin),
  MEMBER ("cpus", COUNT32, HmRecord, agent.cpus),
  MEMBER ("metering_since", TIME, HmRecord, agent.metering_since),
};

static const HmShape shape_agent = {
  .members = agent_members,
  .n_members = G_N_ELEMENTS (agent_members),
  .required = BIT (0) | BIT (1),
};

static const HmMember resource_members[] = {
  MEMBER ("id", ID, HmRecord, resource.id),
  MEMBER ("kind", ID, HmRecord, resource.kind),
  MEMBER ("project", TEXT, HmRecord, resource.project),
  MEMBER ("user", TEXT, HmRecord, resource.user),
  MEMBER ("state", STATE, HmRecord, resource.state),
  MEMBER ("flavor", TEXT, HmRecord, resource.flavor),
  MEMBER ("epoch", ID, HmRecord, resource.epoch),
  MEMBER ("epoch_start", TIME, HmRecord, resource.epoch_start),
};

static const HmShape shape_resource = {
  .members = resource_members,
  .n_members = G_N_ELEMENTS (resource_members),
  .required = BIT (0) | BIT (1),
};

static const HmMember clock_members[] = {
  MEMBER ("boot", ID, HmRecord, clock.boot),
  MEMBER ("boot_ns", SPAN, HmRecord, clock.boot_ns),
  MEMBER ("synced", FLAG, HmRecord, clock.synced),
  MEMBER ("max_error_ns", SPAN, HmRecord, clock.max_error_ns),
};

static const HmShape shape_clock = {
  .members = clock_members,
  .n_members = G_N_ELEMENTS (clock_members),
  .required = BIT (0) | BIT (1) | BIT (2),
};

/* A name means the same in every kind of record, so one shape serves all four. */
enum
{
  RECORD_SCHEMA,
  RECORD_SOURCE,
  RECORD_AGENT,
  RECORD_SEQ,
  RECORD_RESOURCE,
  RECORD_TIME,
  RECORD_READ_NS,
  RECORD_INTERVAL_NS,
  RECORD_CLOCK,
  RECORD_SAMPLES,
  RECORD_EVENT,
  RECORD_DEVICE,
  RECORD_NOT_BEFORE,
  RECORD_LAST_READ,
  RECORD_OBSERVED,
  RECORD_DESCRIPTION,
  RECORD_FROM,
  RECORD_TO,
  RECORD_RECORDS,
  RECORD_RESOURCES,
  RECORD_REASON,
  RECORD_BACKLOG,
  RECORD_OLDEST_UNSENT,
  RECORD_BINS,
};

static const HmMember record_members[] = {
  [RECORD_SCHEMA] = MEMBER ("schema", SCHEMA, HmRecord, kind),
  [RECORD_SOURCE] = MEMBER ("source", ID, HmRecord, source),
  [RECORD_AGENT] = MEMBER ("agent", OBJECT, HmRecord, agent, .shape = &shape_agent),
  [RECORD_SEQ] = MEMBER ("seq", ORDINAL, HmRecord, seq),
  [RECORD_RESOURCE] = MEMBER ("resource", OBJECT, HmRecord, resource, .shape = &shape_resource),
  [RECORD_TIME] = MEMBER ("time", TIME, HmRecord, time),
  [RECORD_READ_NS] = MEMBER ("read_ns", SPAN, HmRecord, read_ns),
  [RECORD_INTERVAL_NS] = MEMBER ("interval_ns", SPAN, HmRecord, interval_ns),
  [RECORD_CLOCK] = MEMBER ("clock", OBJECT, HmRecord, clock, .shape = &shape_clock),
  [RECORD_SAMPLES] = MEMBER ("samples", LIST, HmRecord, samples, .shape = &hm_shape_sample),
  [RECORD_EVENT] = MEMBER ("event", EVENT, HmRecord, event),
  [RECORD_DEVICE] = MEMBER ("device", ID, HmRecord, device),
  [RECORD_NOT_BEFORE] = MEMBER ("not_before", TIME, HmRecord, not_before),
  [RECORD_LAST_READ] = MEMBER ("last_read", TIME, HmRecord, last_read),
  [RECORD_OBSERVED] = MEMBER ("observed", OBSERVED, HmRecord, observed),
  [RECORD_DESCRIPTION] = MEMBER ("description", PAIRS, HmRecord, description),
  [RECORD_FROM] = MEMBER ("from", TIME, HmRecord, from),
  [RECORD_TO] = MEMBER ("to", TIME, HmRecord, to),
  [RECORD_RECORDS] = MEMBER ("records", COUNT, HmRecord, records),
  [RECORD_RESOURCES] = MEMBER ("resources", COUNT, HmRecord, resources),
  [RECORD_REASON] = MEMBER ("reason", ID, HmRecord, reason),
  [RECORD_BACKLOG] = MEMBER ("backlog", COUNT, HmRecord, backlog),
  [RECORD_OLDEST_UNSENT] = MEMBER ("oldest_unsent", TIME, HmRecord, oldest_unsent),
  [RECORD_BINS] = MEMBER ("bins", LIST, HmRecord, bins, .shape = &hm_shape_bin),
};

const HmShape hm_shape_record = {
  .members = record_members,
  .n_members = G_N_ELEMENTS (record_members),
  .required = BIT (RECORD_SCHEMA) | BIT (RECORD_SOURCE) | BIT (RECORD_AGENT) | BIT (RECORD_SEQ)
              | BIT (RECORD_RESOURCE) | BIT (RECORD_TIME),
};

guint32
hm_shape_required (HmRecordKind kind)
{
  static const guint32 required[] = {
    [HM_RECORD_SAMPLES] = BIT (RECORD_SAMPLES),
    [HM_RECORD_LIFECYCLE] = BIT (RECORD_EVENT),
    [HM_RECORD_GAP] = BIT (RECORD_FROM) | BIT (RECORD_TO) | BIT (RECORD_RECORDS) | BIT (RECORD_RESOURCES)
                      | BIT (RECORD_REASON),
    [HM_RECORD_HEARTBEAT] = BIT (RECORD_BACKLOG) | BIT (RECORD_BINS),
  };

  return required[kind];
}
