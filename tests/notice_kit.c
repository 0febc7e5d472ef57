/* SPDX-License-Identifier: Apache-2.0 */
/* notice_kit: see notice_kit.h. Called by the tests of notification plugins, on the test's only thread. */
#include "tests/notice_kit.h"

static void
print_text (GString *line, const char *key, const char *value)
{
  if (value != NULL)
    g_string_append_printf (line, " %s=%s", key, value);
}

static void
print_time (GString *line, const char *key, HmTime time)
{
  if (time != HM_TIME_UNKNOWN)
    g_string_append_printf (line, " %s=%" G_GINT64_FORMAT, key, time);
}

static void
print_samples (GString *line, const HmRecord *record)
{
  for (guint i = 0; i < record->n_samples; i++)
    {
      const HmSample *sample = &record->samples[i];
      char value[HM_NUMBER_MAX];

      hm_value_print (sample->value, value);
      g_string_append_printf (line, " [%s %s %s %s]", sample->meter, hm_meter_type_name (sample->type), value,
                              sample->unit);
    }
}

/* Everything in the record that a handler may fill, in one line. */
static char *
print_record (const HmRecord *record)
{
  GString *line = g_string_new (record->kind == HM_RECORD_LIFECYCLE ? "lifecycle" : "samples");

  assert_true (record->kind == HM_RECORD_LIFECYCLE || record->kind == HM_RECORD_SAMPLES);
  print_text (line, "event", record->event);
  print_text (line, "id", record->resource.id);
  print_text (line, "kind", record->resource.kind);
  print_text (line, "project", record->resource.project);
  print_text (line, "user", record->resource.user);
  print_text (line, "flavor", record->resource.flavor);
  print_text (line, "state", hm_state_name (record->resource.state));
  print_text (line, "epoch", record->resource.epoch);
  print_time (line, "epoch_start", record->resource.epoch_start);
  print_time (line, "time", record->time);
  print_text (line, "device", record->device);
  print_time (line, "not_before", record->not_before);
  print_time (line, "last_read", record->last_read);
  print_text (line, "observed", record->observed);
  for (guint i = 0; i < record->n_description; i++)
    g_string_append_printf (line, " <%s=%s>", record->description[i].key, record->description[i].value);
  print_samples (line, record);
  return g_string_free (line, FALSE);
}

static void
keep (HmNoticeSink *sink, const HmRecord *record)
{
  KitNotices *notices = (KitNotices *)sink;

  g_ptr_array_add (notices->lines, print_record (record));
}

void
kit_notices_init (KitNotices *notices)
{
  notices->sink.record = keep;
  notices->lines = g_ptr_array_new_with_free_func (g_free);
}

void
kit_notices_clear (KitNotices *notices)
{
  g_clear_pointer (&notices->lines, g_ptr_array_unref);
}

const char *
kit_notices_line (const KitNotices *notices, guint i)
{
  return i < notices->lines->len ? g_ptr_array_index (notices->lines, i) : "";
}

HmResult
kit_notify (const HmPlugin *plugin, const HmNotice *notice, KitNotices *notices, GError **error)
{
  return plugin->notification->process_notification (NULL, notice, &notices->sink, error);
}
