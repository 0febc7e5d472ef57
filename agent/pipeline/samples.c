/* SPDX-License-Identifier: Apache-2.0 */
/* samples: see samples.h. */
#include "agent/pipeline/samples.h"

#include "agent/outbox/stamp.h"
#include "metering/count.h"
#include "metering/log.h"

/* What is being divided over records. */
typedef struct
{
  HmOutbox *outbox;
  HmRecordClass class;
  const HmRecord *model;
  guint appended, refused;
} Division;

static void
append_one (Division *division, const HmSample *samples, guint n, gint64 interval_ns)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *count = NULL;
  HmRecord record = *division->model;
  HmLogFields fields = { .resource = record.resource.id };

  record.interval_ns = interval_ns;
  record.samples = samples;
  record.n_samples = n;
  if (division->outbox->append (division->outbox, division->class, &record, &error))
    {
      division->appended++;
      return;
    }
  division->refused++;
  count = hm_count_print (record.n_samples, "sample");
  hm_log (G_LOG_LEVEL_WARNING, &fields, "resource %s: its record of %s cannot be made: %s",
          record.resource.id, count, error->message);
}

static void
append_interval (Division *division, const HmSample *samples, guint n, gint64 interval_ns)
{
  for (guint first = 0; first < n; first += HM_SAMPLES_PER_RECORD)
    append_one (division, samples + first, MIN (n - first, HM_SAMPLES_PER_RECORD), interval_ns);
}

static void
append_selected (Division *division, const HmDuty *duty, const HmSink *sink, gint64 interval_ns)
{
  g_autoptr (GArray) selected = g_array_new (FALSE, FALSE, sizeof (HmSample));

  for (guint i = 0; i < hm_sink_size (sink); i++)
    {
      const HmSample *sample = hm_sink_get (sink, i);
      const HmPollingSource *source = hm_duty_source (duty, sample->meter);

      if (source != NULL && source->interval_ns == interval_ns)
        g_array_append_vals (selected, sample, 1);
    }
  append_interval (division, (const HmSample *)(gconstpointer)selected->data, selected->len, interval_ns);
}

/* Sources lie by interval, so equal ones follow each other. With one interval alone the sink is the record. */
guint
hm_samples_append (HmOutbox *outbox, HmRecordClass class, const HmRecord *model, const HmDuty *duty,
                   const HmSink *sink, guint *ret_refused)
{
  Division division = { .outbox = outbox, .class = class, .model = model };
  HmSourceSet left = duty->due & duty->of;
  gint64 first = 0, interval = 0;

  for (; left != 0; left &= left - 1)
    {
      gint64 next = hm_roster_source (duty->roster, (guint)__builtin_ctzll (left))->interval_ns;

      if (next != interval && interval != 0)
        append_selected (&division, duty, sink, interval);
      first = first == 0 ? next : first;
      interval = next;
    }
  if (interval != first)
    append_selected (&division, duty, sink, interval);
  else if (interval != 0)
    append_interval (&division, hm_sink_get (sink, 0), hm_sink_size (sink), interval);
  *ret_refused = division.refused;
  return division.appended;
}

void
hm_samples_begin_host (const HmHostStamp *host, const char *ns, gint64 read_ns, HmRecord *ret_record)
{
  gboolean is_self = g_str_equal (ns, HM_NS_SELF);

  hm_record_init (ret_record, HM_RECORD_SAMPLES);
  ret_record->resource.id = host->agent_id;
  ret_record->resource.kind = is_self ? "agent" : "host";
  ret_record->resource.epoch = is_self ? host->self_epoch : host->epoch;
  ret_record->resource.epoch_start = is_self ? host->self_start : host->epoch_start;
  ret_record->time = host->clock->wall (host->clock);
  ret_record->read_ns = read_ns;
  hm_stamp_clock (host->clock, &ret_record->clock);
}
