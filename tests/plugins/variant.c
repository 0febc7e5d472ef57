/* SPDX-License-Identifier: Apache-2.0 */
/* variant: a plugin that is right, or wrong in the one way that the build asks for with -DVARIANT_….
 *
 * Built several times, loaded by test_registry.c. */
#include "metering/hypermeter.h"

#ifndef VARIANT_NO_SYMBOL

#ifndef VARIANT_NAME
#define VARIANT_NAME "good"
#endif
#ifndef VARIANT_MAJOR
#define VARIANT_MAJOR HM_ABI_MAJOR
#endif
#ifndef VARIANT_MINOR
#define VARIANT_MINOR HM_ABI_MINOR
#endif
#ifndef VARIANT_SIZE
#define VARIANT_SIZE sizeof (HmPlugin)
#endif
#ifndef VARIANT_METER
#define VARIANT_METER "test." VARIANT_NAME
#endif
#ifndef VARIANT_UNIT
#define VARIANT_UNIT "B"
#endif

static const HmMeter meters[] = {
  { .name = VARIANT_METER,
    .type = HM_GAUGE,
    .unit = VARIANT_UNIT,
    .needs = HM_FIELD_MEMORY,
    .help = "For tests" },
  { .name = NULL },
};

#ifdef VARIANT_UNDEFINED
HmResult nobody_defines_this (const HmDomain *domain, HmSink *sink);
#endif

#ifndef VARIANT_NO_EMIT
static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
#ifdef VARIANT_UNDEFINED
  return nobody_defines_this (domain, sink);
#else
  hm_sink_u64 (sink, &meters[0], NULL, domain->balloon_current);
  return HM_OK;
#endif
}
#endif

static const HmSnapshotPollster ops = {
#ifndef VARIANT_NO_EMIT
  .emit = emit,
#endif
};

G_MODULE_EXPORT extern const HmPlugin hm_plugin;
const HmPlugin hm_plugin = {
  .abi_major = VARIANT_MAJOR,
  .abi_minor = VARIANT_MINOR,
  .struct_size = VARIANT_SIZE,
  .name = VARIANT_NAME,
  .version = "1",
  .ns = HM_NS_POLL_COMPUTE,
  .summary = "For tests",
  .meters = meters,
  .snapshot_pollster = &ops,
};

#endif
