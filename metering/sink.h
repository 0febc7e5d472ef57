/* SPDX-License-Identifier: Apache-2.0 */
/* sink: where a pollster or a notification handler puts its samples.
 *
 * A sink takes one resource's samples of one read. It drops meters that nobody asked for, and remembers for
 * each statistic that was absent that it was: absent is never zero. Not thread-safe; one per worker. */
#pragma once

#include "metering/sample.h"

G_BEGIN_DECLS

typedef struct HmSink HmSink;

/* Which meters are wanted. @globs (nullable): patterns as in polling.yaml ("cpu*", "!disk.*", "disk.[rw]*");
 * only exclusions means all else that is on by default; NULL or empty: every meter that is on by default. A meter
 * that is off by default is taken only when an including glob matches it, and none excludes it. As in Ceilometer, names go
 * neither with exclusions nor with "*", while "*" or "*.bytes" go with exclusions: mixing, or what no meter of any
 * system is named by, is HM_ERROR_CONFIG. */
typedef struct HmMeterFilter HmMeterFilter;
HmMeterFilter *hm_meter_filter_new (const char *const *globs, GError **error);
void hm_meter_filter_free (HmMeterFilter *filter);
gboolean hm_meter_filter_wants (const HmMeterFilter *filter, const HmMeter *meter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmMeterFilter, hm_meter_filter_free)

/* @filter (nullable: everything is taken) must outlive the sink. */
HmSink *hm_sink_new (const HmMeterFilter *filter);
void hm_sink_free (HmSink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSink, hm_sink_free)

/* For the pipeline: from now on only what @wanted takes is taken, besides the filter. @user must outlive its use. */
typedef gboolean (*HmSinkWanted) (const HmMeter *meter, gconstpointer user);
void hm_sink_set_wanted (HmSink *sink, HmSinkWanted wanted, gconstpointer user);

/* For pollsters. @meter: a row of the pollster's table. @device (nullable) is copied. @life (nullable, copied)
 * is the counter's own. An absent value yields no sample, nor does a double that is not finite. A
 * value of another type than the row's is the pollster's mistake: a critical line, and no sample. */
void hm_sink_u64 (HmSink *sink, const HmMeter *meter, const char *device, HmMaybe value);
void hm_sink_u64_life (HmSink *sink, const HmMeter *meter, const char *device, const HmLifeMark *life,
                       HmMaybe value);
void hm_sink_value (HmSink *sink, const HmMeter *meter, const char *device, HmValue value);
/* For a meter of type delta: the counter as it stands; the agent keeps its last value and makes the difference of it, with
 * its start, right across restarts of agent, guest and device. Takes no attributes. */
void hm_sink_delta (HmSink *sink, const HmMeter *meter, const char *device, const HmLifeMark *life,
                    HmMaybe counter);
/* Adds a short text pair (copied; valid UTF-8) to the sample added last, HM_ATTRS_MAX at most; ignored when that
 * sample was not taken. */
void hm_sink_attr (HmSink *sink, const char *key, const char *value);

/* For the pipeline and tests. The samples lie in one array that begins at hm_sink_get (sink, 0), in the order in
 * which they were added; it moves when one is added. Their text is valid until the sink is cleared or freed. */
guint hm_sink_size (const HmSink *sink);
const HmSample *hm_sink_get (const HmSink *sink, guint i); /* NULL beyond the last */
const HmSample *hm_sink_find (const HmSink *sink, const char *meter, const char *device); /* (nullable) */
gboolean hm_sink_is_absent (const HmSink *sink, const char *meter, const char *device);
guint hm_sink_absent (const HmSink *sink); /* how many were absent since the sink was cleared */
void hm_sink_clear (HmSink *sink);

/* How full a sink is, and going back to that: what a pollster that then failed has put in is no reading. */
typedef struct
{
  guint samples, counters, absent;
} HmSinkMark;
HmSinkMark hm_sink_mark (const HmSink *sink);
void hm_sink_rewind (HmSink *sink, HmSinkMark mark);

/* For the agent's deltas: the counters that hm_sink_delta() took, as samples that are none yet. Settling one makes it a
 * sample with that value and start, or an absent one; those that nobody settles never leave the sink. */
guint hm_sink_counters (const HmSink *sink);
const HmSample *hm_sink_counter (const HmSink *sink, guint i);
void hm_sink_settle (HmSink *sink, guint i, HmMaybe delta, HmTime start);

G_END_DECLS
