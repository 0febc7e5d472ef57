/* SPDX-License-Identifier: Apache-2.0 */
/* network: traffic of each interface of an instance, named as the instance sees it.
 *
 * Snapshot pollster: a pure function of one domain, called by a poll worker. */
#include "metering/hypermeter.h"

enum
{
  IN_BYTES,
  IN_PACKETS,
  IN_ERRORS,
  IN_DROPS,
  OUT_BYTES,
  OUT_PACKETS,
  OUT_ERRORS,
  OUT_DROPS,
  COUNTERS,
  IN_DELTA = COUNTERS,
  OUT_DELTA,
};

/* Every row is a counter of one interface. */
#define COUNTER(meter_name, meter_unit, text)                                                                \
  {                                                                                                          \
    .name = meter_name, .type = HM_CUMULATIVE, .unit = meter_unit, .value = HM_VALUE_U64,                    \
    .needs = HM_FIELD_NIC_IO, .hold = HM_HOLD_ACTIVITY, .life = HM_LIFE_DEVICE, .help = text                 \
  }

/* The same, as what came since the reading before. */
#define DELTA(meter_name, text)                                                                              \
  {                                                                                                          \
    .name = meter_name, .type = HM_DELTA, .unit = "B", .value = HM_VALUE_U64, .needs = HM_FIELD_NIC_IO,      \
    .hold = HM_HOLD_ACTIVITY, .life = HM_LIFE_DEVICE, .off = TRUE, .help = text                              \
  }

static const HmMeter meters[] = {
  [IN_BYTES] = COUNTER ("network.incoming.bytes", "B", "Bytes that the instance received"),
  [IN_PACKETS] = COUNTER ("network.incoming.packets", "packet", "Packets that the instance received"),
  [IN_ERRORS] = COUNTER ("network.incoming.packets.error", "packet", "Incoming packets with an error"),
  [IN_DROPS] = COUNTER ("network.incoming.packets.drop", "packet", "Incoming packets that were dropped"),
  [OUT_BYTES] = COUNTER ("network.outgoing.bytes", "B", "Bytes that the instance sent"),
  [OUT_PACKETS] = COUNTER ("network.outgoing.packets", "packet", "Packets that the instance sent"),
  [OUT_ERRORS] = COUNTER ("network.outgoing.packets.error", "packet", "Outgoing packets with an error"),
  [OUT_DROPS] = COUNTER ("network.outgoing.packets.drop", "packet", "Outgoing packets that were dropped"),
  [IN_DELTA]
  = DELTA ("network.incoming.bytes.delta", "Bytes that the instance received since the reading before"),
  [OUT_DELTA]
  = DELTA ("network.outgoing.bytes.delta", "Bytes that the instance sent since the reading before"),
  { NULL },
};

static void
emit_nic (const HmNic *nic, HmSink *sink)
{
  const HmMaybe values[] = {
    [IN_BYTES] = nic->rx_bytes,  [IN_PACKETS] = nic->rx_pkts, [IN_ERRORS] = nic->rx_errs,
    [IN_DROPS] = nic->rx_drop,   [OUT_BYTES] = nic->tx_bytes, [OUT_PACKETS] = nic->tx_pkts,
    [OUT_ERRORS] = nic->tx_errs, [OUT_DROPS] = nic->tx_drop,
  };

  for (guint m = 0; m < COUNTERS; m++)
    hm_sink_u64_life (sink, &meters[m], nic->device, &nic->life, values[m]);
  hm_sink_delta (sink, &meters[IN_DELTA], nic->device, &nic->life, nic->rx_bytes);
  hm_sink_delta (sink, &meters[OUT_DELTA], nic->device, &nic->life, nic->tx_bytes);
}

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  for (guint i = 0; i < domain->n_nics; i++)
    emit_nic (&domain->nics[i], sink);
  return HM_OK;
}

HM_POLLSTER (network, HM_NS_POLL_COMPUTE, "Traffic of each interface of each instance", meters, emit);
