/* SPDX-License-Identifier: Apache-2.0 */
/* records: the records themselves, in static memory, and their comparison member by member. */
#include "tests/records.h"

#include <string.h>

/* -- meters -- */

static const HmMeter meters[] = {
  { .name = "instance", .type = HM_GAUGE, .unit = "instance", .help = "1 while it exists" },
  { .name = "cpu", .type = HM_CUMULATIVE, .unit = "ns", .help = "CPU time" },
  { .name = "cpu.user", .type = HM_CUMULATIVE, .unit = "ns", .help = "CPU time in user mode" },
  { .name = "cpu.system", .type = HM_CUMULATIVE, .unit = "ns", .help = "CPU time in system mode" },
  { .name = "vcpus", .type = HM_GAUGE, .unit = "vcpu", .help = "Virtual CPUs" },
  { .name = "memory", .type = HM_GAUGE, .unit = "KiB", .help = "Memory" },
  { .name = "disk.device.read.requests", .type = HM_CUMULATIVE, .unit = "request", .help = "Reads" },
  { .name = "disk.device.read.bytes", .type = HM_CUMULATIVE, .unit = "B", .help = "Bytes read" },
  { .name = "disk.device.write.requests", .type = HM_CUMULATIVE, .unit = "request", .help = "Writes" },
  { .name = "disk.device.write.bytes", .type = HM_CUMULATIVE, .unit = "B", .help = "Bytes written" },
  { .name = "disk.device.capacity", .type = HM_GAUGE, .unit = "B", .help = "Size" },
  { .name = "disk.device.allocation", .type = HM_GAUGE, .unit = "B", .help = "Blocks in use" },
  { .name = "network.incoming.bytes", .type = HM_CUMULATIVE, .unit = "B", .help = "Bytes received" },
  { .name = "network.outgoing.bytes", .type = HM_CUMULATIVE, .unit = "B", .help = "Bytes sent" },
  { .name = "network.incoming.packets", .type = HM_CUMULATIVE, .unit = "packet", .help = "Packets received" },
  { .name = "network.outgoing.packets", .type = HM_CUMULATIVE, .unit = "packet", .help = "Packets sent" },
  { .name = "network.incoming.packets.drop",
    .type = HM_CUMULATIVE,
    .unit = "packet",
    .help = "Packets dropped" },
  { .name = "network.outgoing.packets.drop",
    .type = HM_CUMULATIVE,
    .unit = "packet",
    .help = "Packets dropped" },
  { .name = "balance", .type = HM_GAUGE, .unit = "count", .value = HM_VALUE_I64, .help = "May be negative" },
  { .name = "load", .type = HM_GAUGE, .unit = "count", .value = HM_VALUE_DOUBLE, .help = "A fraction" },
};

HmMeterTable *
records_table (void)
{
  HmMeterTable *table = hm_meter_table_new ();

  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    {
      GError *error = NULL;

      if (!hm_meter_table_add (table, &meters[i], "tests", &error))
        g_error ("%s", error->message);
    }
  return table;
}

/* -- records -- */

#define NOON (G_GINT64_CONSTANT (1795237200) * HM_NSEC_PER_SEC)

#define SAMPLE(row, sample_device, ...)                                                                      \
  {                                                                                                          \
    .meter = meters[row].name, .type = meters[row].type, .unit = meters[row].unit, .device = sample_device,  \
    .value = { __VA_ARGS__ }, .epoch_start = HM_TIME_UNKNOWN, .start = HM_TIME_UNKNOWN                       \
  }
#define U64(number) .type = HM_VALUE_U64, .u64 = G_GUINT64_CONSTANT (number)

/* Counted by the positions in the table above. */
static HmSample samples[] = {
  SAMPLE (0, NULL, U64 (1)),
  SAMPLE (1, NULL, U64 (18446744073709551615)),
  SAMPLE (2, NULL, U64 (9007199254740991)),
  SAMPLE (3, NULL, U64 (9007199254740992)),
  SAMPLE (4, NULL, U64 (2)),
  SAMPLE (5, NULL, U64 (524288)),
  SAMPLE (6, "disk:vda", U64 (4711)),
  SAMPLE (7, "disk:vda", U64 (1234567890)),
  SAMPLE (8, "disk:vda", U64 (815)),
  SAMPLE (9, "disk:vda", U64 (98765432)),
  SAMPLE (10, "disk:vda", U64 (10737418240)),
  SAMPLE (11, "disk:vda", U64 (1073741824)),
  SAMPLE (6, "disk:vdb", U64 (0)),
  SAMPLE (7, "disk:vdb", U64 (0)),
  SAMPLE (8, "disk:vdb", U64 (1)),
  SAMPLE (9, "disk:vdb", U64 (4096)),
  SAMPLE (10, "disk:vdb", U64 (107374182400)),
  SAMPLE (11, "disk:vdb", U64 (200704)),
  SAMPLE (12, "nic:52:54:00:10:00:01", U64 (77)),
  SAMPLE (13, "nic:52:54:00:10:00:01", U64 (70000000000)),
  SAMPLE (14, "nic:52:54:00:10:00:01", U64 (1)),
  SAMPLE (15, "nic:52:54:00:10:00:01", U64 (46666667)),
  SAMPLE (16, "nic:52:54:00:10:00:01", U64 (0)),
  SAMPLE (17, "nic:52:54:00:10:00:01", U64 (3)),
  SAMPLE (12, "nic:52:54:00:10:00:02", U64 (123456)),
  SAMPLE (13, "nic:52:54:00:10:00:02", U64 (654321)),
  SAMPLE (14, "nic:52:54:00:10:00:02", U64 (1000)),
  SAMPLE (15, "nic:52:54:00:10:00:02", U64 (2000)),
  SAMPLE (16, "nic:52:54:00:10:00:02", U64 (0)),
  SAMPLE (17, "nic:52:54:00:10:00:02", U64 (0)),
};

static void
fill_frame (HmRecord *record, HmRecordKind kind)
{
  hm_record_init (record, kind);
  record->source = "site-a";
  record->agent = (HmAgentStamp){ .id = "node-17",
                                  .epoch = "01930a4e-6d2c-7cc2-b2a3-0d6f3a3f1f11",
                                  .bin = 5984124,
                                  .cpus = 64,
                                  .metering_since = NOON - 3600 * HM_NSEC_PER_SEC };
  record->seq = 18233;
  record->time = NOON + 123456789;
  record->read_ns = 4100000;
  record->interval_ns = 60 * HM_NSEC_PER_SEC;
  record->clock = (HmClockStamp){ .boot = "0d1f8a6e-4f5b-4f7c-9c59-6f0a7d4e2b10",
                                  .boot_ns = G_GINT64_CONSTANT (8123456789012),
                                  .synced = TRUE,
                                  .max_error_ns = 512000 };
}

static void
fill_instance (HmRecord *record)
{
  record->resource = (HmResourceStamp){ .id = "4f0c6a52-3d7e-4c9a-9c53-6b1f2a7e8d90",
                                        .kind = "instance",
                                        .project = "9b1c7d1e5a6f4b3c8d2e1f0a9b8c7d6e",
                                        .user = "77aa0b1c2d3e4f5a6b7c8d9e0f1a2b3c",
                                        .flavor = "m1.small",
                                        .state = HM_STATE_RUNNING,
                                        .epoch = "0d1f8a6e-4f5b-4f7c-9c59-6f0a7d4e2b10:5482231:0",
                                        .epoch_start = NOON - 1800 * HM_NSEC_PER_SEC };
}

void
records_samples (HmRecord *ret_record)
{
  fill_frame (ret_record, HM_RECORD_SAMPLES);
  fill_instance (ret_record);
  ret_record->samples = samples;
  ret_record->n_samples = G_N_ELEMENTS (samples);
}

void
records_lifecycle (HmRecord *ret_record)
{
  static char keys[][16] = { "display_name", "flavor.id", "image" };
  static char values[][32] = { "Datenbank \xe2\x84\x96 1 \"neu\"", "42", "" };
  static char attr_key[] = "age_s", attr_value[] = "3";
  static HmAttr description[] = { { keys[0], values[0] }, { keys[1], values[1] }, { keys[2], values[2] } };
  static const HmAttr attrs[] = { { attr_key, attr_value } };
  static HmSample final[] = {
    SAMPLE (1, NULL, U64 (5000000000)),
    SAMPLE (18, NULL, .type = HM_VALUE_I64, .i64 = G_MININT64),
    SAMPLE (19, NULL, .type = HM_VALUE_DOUBLE, .f64 = 1.0),
    { .meter = "plugin.foreign",
      .type = HM_DELTA,
      .unit = "furlong",
      .device = "disk:vda",
      .value = { .type = HM_VALUE_DOUBLE, .f64 = 0.1 },
      .epoch = "7",
      .epoch_start = NOON - 900 * HM_NSEC_PER_SEC,
      .start = NOON - 60 * HM_NSEC_PER_SEC,
      .attrs = attrs,
      .n_attrs = G_N_ELEMENTS (attrs) },
  };

  fill_frame (ret_record, HM_RECORD_LIFECYCLE);
  fill_instance (ret_record);
  ret_record->resource.state = HM_STATE_SHUTOFF;
  ret_record->event = "stopped";
  ret_record->device = "disk:vda";
  ret_record->not_before = NOON - 7 * HM_NSEC_PER_SEC;
  ret_record->observed = "comparison";
  ret_record->description = description;
  ret_record->n_description = G_N_ELEMENTS (description);
  ret_record->samples = final;
  ret_record->n_samples = G_N_ELEMENTS (final);
}

static void
fill_agent (HmRecord *record)
{
  record->resource.id = "node-17";
  record->resource.kind = "agent";
}

void
records_gap (HmRecord *ret_record)
{
  fill_frame (ret_record, HM_RECORD_GAP);
  fill_agent (ret_record);
  ret_record->from = NOON - 600 * HM_NSEC_PER_SEC;
  ret_record->to = NOON;
  ret_record->records = 1200;
  ret_record->resources = 60;
  ret_record->reason = "outbox full";
}

void
records_heartbeat (HmRecord *ret_record)
{
  static const HmBinCount bins[] = {
    { .epoch = "01930a4e-6d2c-7cc2-b2a3-0d6f3a3f1f11", .bin = 5984123, .records = 400, .sum = G_MAXUINT64 },
    { .epoch = "01930a4e-0000-7cc2-b2a3-0d6f3a3f1f10", .bin = 5984122, .records = 1, .sum = 0 },
  };

  fill_frame (ret_record, HM_RECORD_HEARTBEAT);
  fill_agent (ret_record);
  ret_record->backlog = 3;
  ret_record->oldest_unsent = NOON - 90 * HM_NSEC_PER_SEC;
  ret_record->bins = bins;
  ret_record->n_bins = G_N_ELEMENTS (bins);
}

/* -- comparing -- */

#define ASSERT_TEXT(member)                                                                                  \
  if (g_strcmp0 (a->member, b->member) != 0)                                                                 \
  fail_msg (#member ": %s is not %s", a->member, b->member)
#define ASSERT_SAME(member) assert_true (a->member == b->member)

static void
assert_attrs_equal (const HmAttr *a, guint n_a, const HmAttr *b, guint n_b)
{
  assert_int_equal (n_a, n_b);
  for (guint i = 0; i < n_a; i++, a++, b++)
    {
      ASSERT_TEXT (key);
      ASSERT_TEXT (value);
    }
}

static void
assert_sample_equal (const HmSample *a, const HmSample *b)
{
  ASSERT_TEXT (meter);
  ASSERT_TEXT (unit);
  ASSERT_TEXT (device);
  ASSERT_TEXT (epoch);
  ASSERT_SAME (type);
  ASSERT_SAME (epoch_start);
  ASSERT_SAME (start);
  ASSERT_SAME (value.type);
  assert_memory_equal (&a->value.u64, &b->value.u64, sizeof (a->value.u64)); /* a double's bits too */
  assert_attrs_equal (a->attrs, a->n_attrs, b->attrs, b->n_attrs);
}

static void
assert_bin_equal (const HmBinCount *a, const HmBinCount *b)
{
  ASSERT_TEXT (epoch);
  ASSERT_SAME (bin);
  ASSERT_SAME (records);
  ASSERT_SAME (sum);
}

static void
assert_frame_equal (const HmRecord *a, const HmRecord *b)
{
  ASSERT_SAME (kind);
  ASSERT_TEXT (source);
  ASSERT_TEXT (agent.id);
  ASSERT_TEXT (agent.epoch);
  ASSERT_SAME (agent.bin);
  ASSERT_SAME (agent.cpus);
  ASSERT_SAME (agent.metering_since);
  ASSERT_SAME (seq);
  ASSERT_SAME (time);
  ASSERT_SAME (read_ns);
  ASSERT_SAME (interval_ns);
  ASSERT_TEXT (clock.boot);
  ASSERT_SAME (clock.boot_ns);
  ASSERT_SAME (clock.synced);
  ASSERT_SAME (clock.max_error_ns);
}

static void
assert_resource_equal (const HmResourceStamp *a, const HmResourceStamp *b)
{
  ASSERT_TEXT (id);
  ASSERT_TEXT (kind);
  ASSERT_TEXT (project);
  ASSERT_TEXT (user);
  ASSERT_TEXT (flavor);
  ASSERT_SAME (state);
  ASSERT_TEXT (epoch);
  ASSERT_SAME (epoch_start);
}

void
records_assert_equal (const HmRecord *a, const HmRecord *b)
{
  assert_frame_equal (a, b);
  assert_resource_equal (&a->resource, &b->resource);
  ASSERT_TEXT (event);
  ASSERT_TEXT (device);
  ASSERT_TEXT (observed);
  ASSERT_TEXT (reason);
  ASSERT_SAME (not_before);
  ASSERT_SAME (last_read);
  ASSERT_SAME (from);
  ASSERT_SAME (to);
  ASSERT_SAME (records);
  ASSERT_SAME (resources);
  ASSERT_SAME (backlog);
  ASSERT_SAME (oldest_unsent);
  ASSERT_SAME (n_samples);
  ASSERT_SAME (n_bins);
  for (guint i = 0; i < a->n_samples; i++)
    assert_sample_equal (&a->samples[i], &b->samples[i]);
  for (guint i = 0; i < a->n_bins; i++)
    assert_bin_equal (&a->bins[i], &b->bins[i]);
  assert_attrs_equal (a->description, a->n_description, b->description, b->n_description);
}
