/* SPDX-License-Identifier: Apache-2.0 */
/* disk: requests, bytes, time and size of each disk of an instance.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. The snapshot holds the top layer
 * of each disk only: a backing layer's requests are the same requests once more. */
#include "metering/hypermeter.h"

enum
{
  READ_REQUESTS,
  WRITE_REQUESTS,
  FLUSH_REQUESTS,
  READ_BYTES,
  WRITE_BYTES,
  READ_LATENCY,
  WRITE_LATENCY,
  FLUSH_LATENCY,
  ERRORS,
  CAPACITY,
  ALLOCATION,
  USAGE,
};

/* The two kinds of rows: what a disk did in its life, and how large it is. */
#define COUNTER(meter_name, meter_unit, text)                                                                \
  {                                                                                                          \
    .name = meter_name, .type = HM_CUMULATIVE, .unit = meter_unit, .value = HM_VALUE_U64,                    \
    .needs = HM_FIELD_DISK_IO, .hold = HM_HOLD_ACTIVITY, .life = HM_LIFE_DEVICE, .help = text                \
  }
#define SIZE(meter_name, text)                                                                               \
  {                                                                                                          \
    .name = meter_name, .type = HM_GAUGE, .unit = "B", .value = HM_VALUE_U64, .needs = HM_FIELD_DISK_SIZE,   \
    .hold = HM_HOLD_DISK, .life = HM_LIFE_DEVICE, .help = text                                               \
  }

static const HmMeter meters[] = {
  [READ_REQUESTS] = COUNTER ("disk.device.read.requests", "request", "Read requests"),
  [WRITE_REQUESTS] = COUNTER ("disk.device.write.requests", "request", "Write requests"),
  [FLUSH_REQUESTS] = COUNTER ("disk.device.flush.requests", "request", "Flush requests"),
  [READ_BYTES] = COUNTER ("disk.device.read.bytes", "B", "Bytes read, of the top layer alone"),
  [WRITE_BYTES] = COUNTER ("disk.device.write.bytes", "B", "Bytes written, of the top layer alone"),
  [READ_LATENCY] = COUNTER ("disk.device.read.latency", "ns", "Total time that read requests took"),
  [WRITE_LATENCY] = COUNTER ("disk.device.write.latency", "ns", "Total time that write requests took"),
  [FLUSH_LATENCY] = COUNTER ("disk.device.flush.latency", "ns", "Total time that flush requests took"),
  [ERRORS] = COUNTER ("disk.device.errors", "error", "Failed requests, where the driver counts them"),
  [CAPACITY] = SIZE ("disk.device.capacity", "Size that the instance sees"),
  [ALLOCATION] = SIZE ("disk.device.allocation", "Offset behind the highest byte written to the image"),
  [USAGE] = SIZE ("disk.device.usage", "Size of the image's file or device on the host"),
  { NULL },
};

static void
emit_disk (const HmDisk *disk, HmSink *sink)
{
  const HmMaybe values[] = {
    [READ_REQUESTS] = disk->rd_reqs,  [WRITE_REQUESTS] = disk->wr_reqs, [FLUSH_REQUESTS] = disk->fl_reqs,
    [READ_BYTES] = disk->rd_bytes,    [WRITE_BYTES] = disk->wr_bytes,   [READ_LATENCY] = disk->rd_times,
    [WRITE_LATENCY] = disk->wr_times, [FLUSH_LATENCY] = disk->fl_times, [ERRORS] = disk->errors,
    [CAPACITY] = disk->capacity,      [ALLOCATION] = disk->allocation,  [USAGE] = disk->physical,
  };

  for (guint m = 0; m < G_N_ELEMENTS (values); m++)
    hm_sink_u64_life (sink, &meters[m], disk->device, &disk->life, values[m]);
}

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  for (guint i = 0; i < domain->n_disks; i++)
    emit_disk (&domain->disks[i], sink);
  return HM_OK;
}

HM_POLLSTER (disk, HM_NS_POLL_COMPUTE, "Requests, bytes, time and size of each disk of each instance", meters,
             emit);
