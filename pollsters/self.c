/* SPDX-License-Identifier: Apache-2.0 */
/* self: what the agent says of itself, as meters: how much it polls, how late, what that costs, what waits.
 *
 * Reading pollster of the namespace hypermeter.self: the program that it is in tells its figures by the names of these
 * rows, and they become samples as they are. Figures of one moment need not be of one moment to the nanosecond: each is
 * taken under the lock of its own part. */
#include "metering/hypermeter.h"

#include <string.h>

#define COUNTS(name, unit, help)                                                                             \
  {                                                                                                          \
    name, HM_CUMULATIVE, unit, HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE, help                \
  }
#define SHOWS(name, unit, help)                                                                              \
  {                                                                                                          \
    name, HM_GAUGE, unit, HM_VALUE_U64, 0, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE, help                     \
  }

/* All of them restart with the process. */
static const HmMeter meters[] = {
  COUNTS ("agent.uptime", "ns", "Time since the agent started"),
  COUNTS ("agent.cpu.time", "ns", "CPU time that the agent consumed"),
  SHOWS ("agent.memory.resident", "KiB", "Memory of the agent that is resident"),
  SHOWS ("agent.threads", "count", "Threads of the agent"),
  SHOWS ("agent.descriptors", "count", "Descriptors that the agent has open"),

  COUNTS ("agent.polls", "count", "Reads of the hypervisor"),
  COUNTS ("agent.polls.failed", "count", "Reads of the hypervisor that gave nothing"),
  COUNTS ("agent.ticks", "count", "Ticks of one source that were polled"),
  COUNTS ("agent.ticks.skipped", "count", "Ticks of one source that passed while a poll ran"),
  COUNTS ("agent.ticks.late", "ns", "How long after their moment the ticks of one source began, summed"),
  COUNTS ("agent.samples", "count", "Samples made"),
  COUNTS ("agent.samples.absent", "count", "Samples not made, as the hypervisor gave no value"),
  COUNTS ("agent.records", "count", "Records of samples made"),
  COUNTS ("agent.records.refused", "count", "Records that the outbox could not take"),
  SHOWS ("agent.instances", "instance", "Instances in the last poll"),
  SHOWS ("agent.instances.ownerless", "instance", "Those of them that name no owner"),

  COUNTS ("agent.plugin.calls", "count", "Calls of one pollster that came back"),
  COUNTS ("agent.plugin.time", "ns", "Time spent in one pollster"),
  COUNTS ("agent.plugin.failures", "count", "Calls of one pollster that failed"),
  SHOWS ("agent.quarantine", "count", "Pollsters left out for a resource as they are broken there"),

  COUNTS ("agent.libvirt.calls", "count", "Calls to libvirt that reads made"),
  SHOWS ("agent.libvirt.time", "ns", "How long the last read took, from the first call to the last answer"),
  COUNTS ("agent.libvirt.unanswered", "count", "Guests that did not answer a read in time"),
  COUNTS ("agent.libvirt.connects", "count", "Connections to libvirt that were opened"),
  SHOWS ("agent.libvirt.hanging", "count", "Calls to libvirt that have not come back"),
  SHOWS ("agent.hung.guests", "instance", "Guests left out as their process does not answer"),

  COUNTS ("agent.notifications", "count", "Events and messages that came in"),
  COUNTS ("agent.notifications.refused", "count", "Calls of handlers that found a message bad"),

  COUNTS ("agent.deltas.held", "count", "Counters that were lower than before within one life"),
  COUNTS ("agent.deltas.refused", "count", "New counters that were not kept, as there were too many"),
  COUNTS ("agent.deltas.failures", "count", "Writes of the counters' last values that failed"),

  SHOWS ("agent.outbox.waiting", "count", "Records that wait for a publisher"),
  SHOWS ("agent.outbox.bytes", "B", "Bytes of the records that wait"),
  SHOWS ("agent.outbox.age", "ns", "Age of the oldest record that waits"),
  COUNTS ("agent.outbox.confirmed", "count", "Records that every required publisher confirmed"),
  COUNTS ("agent.outbox.rejected", "count", "Records that a publisher gave up"),
  COUNTS ("agent.outbox.dropped", "count",
          "Records dropped for want of room, for their age, or as the disk took none"),
  COUNTS ("agent.outbox.refused", "count", "Samples that are larger alone than a record may be"),
  COUNTS ("agent.outbox.damaged", "count", "Records that were on disk and cannot be read"),
  SHOWS ("agent.outbox.unsaid", "count", "Lost records that no gap record has said yet"),
  COUNTS ("agent.outbox.bins.dropped", "count",
          "Counts of five minutes that were dropped, as too many waited"),
  SHOWS ("agent.outbox.unsynced", "count", "Records that are not on disk yet"),
  COUNTS ("agent.outbox.syncs", "count", "Groups of records that were brought to disk"),
  SHOWS ("agent.outbox.segments", "count", "Files of the outbox"),
  SHOWS ("agent.outbox.size", "B", "Bytes of these files"),

  SHOWS ("agent.publisher.waiting", "count", "Records that one publisher has not confirmed"),
  COUNTS ("agent.publisher.skipped", "count", "Records that were gone before one publisher had them"),
  COUNTS ("agent.publisher.delivered", "count", "Records that one publisher confirmed"),
  COUNTS ("agent.publisher.retried", "count",
          "Records that one publisher gave back, to be handed over again"),
  COUNTS ("agent.publisher.rejected", "count", "Records that one publisher gave up"),
  COUNTS ("agent.publisher.clients", "count", "Clients that one publisher built"),
  COUNTS ("agent.publisher.unproven", "count",
          "Records that were acknowledged without an offset, and sent again"),
  SHOWS ("agent.publisher.stuck", "count",
         "Records that the bus has not confirmed for long, while a broker is there"),
  COUNTS ("agent.publisher.declared", "count", "Declarations of meters that the bus took"),
  COUNTS ("agent.publisher.declared.refused", "count", "Declarations of meters that it did not take"),
  COUNTS ("agent.publisher.requests", "count", "Requests to the bus"),
  COUNTS ("agent.publisher.requests.repeated", "count", "Requests that were sent again"),
  COUNTS ("agent.publisher.bytes", "B", "Bytes of these requests"),
  SHOWS ("agent.publisher.brokers", "count", "Brokers that one publisher is connected to"),
  SHOWS ("agent.publisher.rtt", "ns", "Mean time from a request to its answer"),
  SHOWS ("agent.publisher.throttle", "ns", "Mean time that the brokers had it wait"),

  COUNTS ("agent.log.dropped", "count", "Lines of the log that were dropped"),
  { NULL },
};

static gpointer
self_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context, GError **error)
{
  if (context->figures != NULL)
    return g_memdup2 (context, sizeof *context);
  g_set_error_literal (error, HM_ERROR, HM_ERROR_UNAVAILABLE,
                       "only an agent that runs has figures of itself");
  return NULL;
}

/* A figure that is no meter of ours belongs to a newer program. */
static void
take_figure (const char *name, const char *device, guint64 value, gpointer sink)
{
  for (const HmMeter *meter = meters; meter->name != NULL; meter++)
    if (strcmp (meter->name, name) == 0)
      hm_sink_u64 (sink, meter, device, HM_GIVEN (value));
}

static HmResult
self_emit (gpointer self, HmSink *sink, GError **error G_GNUC_UNUSED)
{
  const HmPluginContext *context = self;

  context->figures (context->program, take_figure, sink);
  return HM_OK;
}

static const HmReadingPollster ops = {
  .create = self_create,
  .emit = self_emit,
  .free = g_free,
};

HM_PLUGIN (self, .ns = HM_NS_SELF, .summary = "What the agent does, how late it is and what it costs",
           .meters = meters, .reading_pollster = &ops);
