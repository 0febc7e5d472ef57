/* SPDX-License-Identifier: Apache-2.0 */
/* explain_records: the records of an explanation. The main thread's alone. */
#include "cli/usage/explain_private.h"

/* The record that opened the interval; what it read is told even where the record is gone. */
static void
show_opening (const HmShowing *showing, const HmShadowInterval *interval)
{
  const HmShadowRecord *record = interval->opened;
  HmTime at = interval->has_base ? interval->base_time : record->time;
  char value[HM_NUMBER_MAX];
  g_autofree char *id
      = record != NULL ? g_strdup_printf ("%s/%" G_GUINT64_FORMAT, record->epoch, record->seq) : NULL;
  g_autofree char *partition = record != NULL ? g_strdup_printf ("%d", record->partition) : NULL;
  g_autofree char *offset = record != NULL ? g_strdup_printf ("%" G_GINT64_FORMAT, record->offset) : NULL;
  HmShowingRow row = { .part = "opening",
                       .device = interval->device,
                       .life = *interval->sample_epoch != '\0' ? interval->sample_epoch : interval->epoch,
                       .from = at,
                       .to = at,
                       .last = hm_showing_has_readings (showing) && interval->has_base ? value : NULL,
                       .id = id };

  hm_value_print (interval->base, value);
  if (record != NULL)
    {
      row.agent = record->agent;
      row.topic = record->topic;
      row.partition = record->partition >= 0 ? partition : NULL;
      row.offset = record->partition >= 0 ? offset : NULL;
      row.verified = record->verified ? "yes" : "no";
    }
  hm_showing_row (showing, &row);
}

static void
show_record (HmShowing *showing, const HmShadowInterval *interval)
{
  const HmShadowRecord *record = interval->record;
  const HmFigure figure = hm_showing_figure (showing, interval->amount, interval->covered_ns);
  char value[HM_NUMBER_MAX], base[HM_NUMBER_MAX];
  g_autofree char *id = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, record->epoch, record->seq);
  g_autofree char *partition = g_strdup_printf ("%d", record->partition);
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, record->offset);
  const HmShowingRow row
      = { .part = "record",
          .device = interval->device,
          .agent = record->agent,
          .life = *interval->sample_epoch != '\0' ? interval->sample_epoch : interval->epoch,
          .from = interval->from,
          .to = interval->to,
          .first = hm_showing_has_readings (showing) && interval->has_base ? base : NULL,
          .last = hm_showing_has_readings (showing) ? value : NULL,
          .figure = &figure,
          .flags = interval->flags,
          .id = id,
          .topic = record->topic,
          .partition = record->partition >= 0 ? partition : NULL,
          .offset = record->partition >= 0 ? offset : NULL,
          .verified = record->verified ? "yes" : "no" };

  hm_value_print (interval->value, value);
  hm_value_print (interval->base, base);
  hm_showing_row (showing, &row);
}

void
hm_showing_records (HmShowing *showing)
{
  g_autoptr (GHashTable) shown = hm_shown_new ();
  gint64 limit = showing->reading->limit;

  for (guint i = 0; i < showing->folded->intervals->len; i++)
    {
      const HmShadowInterval *interval = g_ptr_array_index (showing->folded->intervals, i);

      if (interval->record == NULL)
        continue;
      showing->records++;
      if (limit != 0 && showing->records > (guint64)limit)
        continue;
      if (hm_shown_opening (shown, interval))
        show_opening (showing, interval);
      show_record (showing, interval);
    }
  if (limit > 0 && showing->records > (guint64)limit)
    g_printerr ("hypermeter usage: %" G_GINT64_FORMAT " of %" G_GUINT64_FORMAT
                " records %s shown, as --limit says\n",
                limit, showing->records, limit == 1 ? "is" : "are");
}
