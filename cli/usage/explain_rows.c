/* SPDX-License-Identifier: Apache-2.0 */
/* explain_rows: an explanation as rows of one table, each of which says what part it is: the figure; its segments, one per counter life; time
 * that nothing covers, or in which it was another owner's; what was lost; readings that are held out; the records. The main thread's alone. */
#include "cli/usage/explain_private.h"

#include "cli/bill/anomalies.h"
#include "cli/usage/quantity.h"
#include "cli/usage/segments.h"
#include "cli/table.h"
#include "collector/bill/statement.h"
#include "metering/count.h"

#include <string.h>

#define DECIMALS   18
#define STATE_TIME "state.time"

static const HmColumn columns[] = {
  { "part",
    HM_COLUMN_TEXT }, /* figure, segment, uncovered, other-owner, bus-gap, loss, held, opening, record */
  { "meter", HM_COLUMN_TEXT },
  { "device", HM_COLUMN_TEXT },
  { "agent", HM_COLUMN_TEXT },
  { "life", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "from", HM_COLUMN_TIME },
  { "to", HM_COLUMN_TIME },
  { "first", HM_COLUMN_NUMBER }, /* readings */
  { "last", HM_COLUMN_NUMBER },
  { "quantity", HM_COLUMN_NUMBER, .grouped = TRUE },
  { "unit", HM_COLUMN_TEXT },
  { "covered_seconds", HM_COLUMN_NUMBER, .heading = "COVERED" },
  { "flags", HM_COLUMN_LIST },
  { "id",
    HM_COLUMN_TEXT }, /* of a held reading; of a record, its epoch and number; of what is lost, how much and why; otherwise of how many it is made */
  { "topic", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "partition", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "offset", HM_COLUMN_COUNT },
  { "verified", HM_COLUMN_BOOL },
};

void
hm_showing_row (const HmShowing *showing, const HmShowingRow *row)
{
  static const HmQuantityStyle style = { .decimals = DECIMALS };
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX], quantity[HM_NUMBER_MAX], seconds[HM_NUMBER_MAX];
  g_autofree char *unit = NULL, *flags = hm_flags_to_text (row->flags), *span = NULL;
  gboolean exact = row->figure != NULL && hm_quantity_print (row->figure, &style, quantity, &unit);
  gboolean of_meter = row->figure != NULL || row->device != NULL; /* what is lost may be of any */

  if (row->figure != NULL)
    hm_int128_print (row->figure->covered_ns, 9, seconds);
  if (row->figure != NULL && showing->reading->output == HM_OUTPUT_TABLE)
    span = hm_span_print (row->figure->covered_ns);
  hm_output_row (showing->output,
                 (const char *[]){ row->part, of_meter ? showing->it->meter : NULL, row->device, row->agent,
                                   row->life, hm_moment_print (row->from, from),
                                   hm_moment_print (row->to, to), row->first, row->last,
                                   exact ? quantity : NULL, unit != NULL ? unit : row->unit,
                                   span != NULL          ? span
                                   : row->figure != NULL ? seconds
                                                         : NULL,
                                   flags, row->id, row->topic, row->partition, row->offset, row->verified });
}

HmFigure
hm_showing_figure (const HmShowing *showing, HmInt128 quantity, HmInt128 covered_ns)
{
  const HmExplained *it = showing->it;

  return (HmFigure){
    .meter = it->meter, .unit = it->unit, .type = it->type, .quantity = quantity, .covered_ns = covered_ns
  };
}

/* The time in a state is between records; it is read of nothing. */
gboolean
hm_showing_has_readings (const HmShowing *showing)
{
  return strcmp (showing->it->meter, STATE_TIME) != 0;
}

/* -- segments -- */

static void
show_segment (const HmShowing *showing, const HmLifeSum *segment)
{
  const HmShadowInterval *first = segment->first, *last = segment->last;
  const HmFigure figure = hm_showing_figure (showing, segment->quantity, segment->covered_ns);
  char from[HM_NUMBER_MAX], to[HM_NUMBER_MAX];
  g_autofree char *readings = hm_count_print (segment->intervals, "interval");
  const HmShowingRow row = { .part = "segment",
                             .device = first->device,
                             .agent = first->agent,
                             .life = *first->sample_epoch != '\0' ? first->sample_epoch : first->epoch,
                             .from = first->from,
                             .to = last->to,
                             .first = hm_showing_has_readings (showing) ? from : NULL,
                             .last = hm_showing_has_readings (showing) ? to : NULL,
                             .figure = &figure,
                             .flags = segment->flags,
                             .id = readings };

  hm_value_print (first->has_base ? first->base : first->value, from);
  hm_value_print (last->value, to);
  hm_showing_row (showing, &row);
}

/* -- what is not covered -- */

static void
show_span (const HmShowing *showing, const char *part, const char *device, HmTime from, HmTime to)
{
  const HmShowingRow row = { .part = part, .device = device, .from = from, .to = to };

  if (from != HM_TIME_UNKNOWN && to != HM_TIME_UNKNOWN && from < to)
    hm_showing_row (showing, &row);
}

/* Between what was asked for, one device after the other; where no time was asked for, between the first reading and the last. */
static void
show_uncovered (const HmShowing *showing)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GArray) spans = NULL;
  const HmSpan *last = NULL;

  g_ptr_array_extend (all, showing->folded->intervals, NULL, NULL);
  g_ptr_array_extend (all, showing->folded->others, NULL, NULL);
  spans = hm_spans_new (all);
  for (guint i = 0; i < spans->len; i++)
    {
      const HmSpan *span = &g_array_index (spans, HmSpan, i);
      gboolean same = last != NULL && strcmp (last->device, span->device) == 0;

      if (last != NULL && !same)
        show_span (showing, "uncovered", last->device, last->to, showing->to);
      show_span (showing, "uncovered", span->device, same ? last->to : showing->from, span->from);
      last = span;
    }
  if (last != NULL)
    show_span (showing, "uncovered", last->device, last->to, showing->to);
}

/* Whose it was else is not said: what is shown may be shown to this one. */
static void
show_others (const HmShowing *showing)
{
  g_autoptr (GArray) spans = hm_spans_new (showing->folded->others);

  for (guint i = 0; i < spans->len; i++)
    {
      const HmSpan *span = &g_array_index (spans, HmSpan, i);

      show_span (showing, "other-owner", span->device, span->from, span->to);
    }
}

/* -- what was lost -- */

static gboolean
touches (const HmShowing *showing, HmTime from, HmTime to)
{
  return (showing->to == HM_TIME_UNKNOWN || from == HM_TIME_UNKNOWN || from < showing->to)
         && (showing->from == HM_TIME_UNKNOWN || to == HM_TIME_UNKNOWN || to >= showing->from);
}

static gboolean
was_known (const HmShowing *showing, HmTime noticed)
{
  return showing->it->until == HM_TIME_UNKNOWN || noticed <= showing->it->until;
}

static gboolean
has_measured (const HmShowing *showing, const char *agent)
{
  for (guint i = 0; i < showing->segments->len; i++)
    if (strcmp (g_array_index (showing->segments, HmLifeSum, i).first->agent, agent) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
show_loss (const HmLossRow *loss, gpointer user)
{
  const HmShowing *showing = user;
  g_autofree char *records = hm_count_print (loss->records, "record");
  g_autofree char *what = g_strconcat (records, ": ", loss->reason, NULL);
  const HmShowingRow row
      = { .part = "loss", .agent = loss->agent, .from = loss->from, .to = loss->to, .id = what };

  if (was_known (showing, loss->appended) && has_measured (showing, loss->agent)
      && touches (showing, loss->from, loss->to))
    hm_showing_row (showing, &row);
  return TRUE;
}

static gboolean
show_bus_gap (const HmGapRow *gap, gpointer user)
{
  const HmShowing *showing = user;
  g_autofree char *what = hm_count_print ((guint64)(gap->to - gap->from), "offset");
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, gap->from);
  g_autofree char *partition = g_strdup_printf ("%d", gap->partition);
  const HmShowingRow row = { .part = "bus-gap",
                             .from = gap->noticed,
                             .to = gap->noticed,
                             .id = what,
                             .topic = gap->topic,
                             .partition = partition,
                             .offset = offset };

  if (was_known (showing, gap->noticed) && touches (showing, gap->noticed, gap->noticed))
    hm_showing_row (showing, &row);
  return TRUE;
}

/* -- held readings -- */

/* As `hypermeter anomalies` has them. */
static void
show_held (const HmShowing *showing, const HmHeldRow *held)
{
  HmHeldRow named = *held;
  char id[HM_HELD_ID_MAX], value[HM_NUMBER_MAX], base[HM_NUMBER_MAX];
  const HmFigure figure = hm_showing_figure (showing, held->amount, 0);
  const HmShowingRow row = { .part = "held",
                             .device = held->device,
                             .agent = held->agent,
                             .life = held->sample_epoch,
                             .from = held->base_time,
                             .to = held->time,
                             .first = hm_held_has_base (held) ? base : NULL,
                             .last = value,
                             .figure = hm_held_has_amount (held) ? &figure : NULL,
                             .unit = held->unit,
                             .flags = held->flag,
                             .id = id };

  named.source = showing->it->source;
  named.resource = showing->it->resource;
  hm_held_id (&named, id);
  hm_value_print (held->value, value);
  hm_value_print (held->base, base);
  hm_showing_row (showing, &row);
}

static void
show_all_held (const HmShowing *showing)
{
  for (guint i = 0; i < showing->folded->held->len; i++)
    {
      const HmHeldRow *held = g_ptr_array_index (showing->folded->held, i);

      if (strcmp (held->meter, showing->it->meter) == 0
          && (showing->it->device == NULL || strcmp (held->device, showing->it->device) == 0)
          && touches (showing, held->time, held->time))
        show_held (showing, held);
    }
}

/* -- all of it -- */

/* Where no period was asked for, it is that of the segments. */
static void
bound_figure (const HmShowing *showing, HmTime *from, HmTime *to)
{
  HmTime first = HM_TIME_UNKNOWN, last = HM_TIME_UNKNOWN;

  for (guint i = 0; i < showing->segments->len; i++)
    {
      const HmLifeSum *segment = &g_array_index (showing->segments, HmLifeSum, i);

      if (first == HM_TIME_UNKNOWN || segment->first->from < first)
        first = segment->first->from;
      if (last == HM_TIME_UNKNOWN || segment->last->to > last)
        last = segment->last->to;
    }
  *from = showing->from != HM_TIME_UNKNOWN ? showing->from : first;
  *to = showing->to != HM_TIME_UNKNOWN ? showing->to : last;
}

static void
show_figure (const HmShowing *showing)
{
  const HmExplained *it = showing->it;
  const HmFigure figure = hm_showing_figure (showing, it->quantity, it->covered_ns);
  g_autofree char *segments = hm_count_print (showing->segments->len, "segment");
  HmShowingRow row
      = { .part = "figure", .device = it->device, .figure = &figure, .flags = it->flags, .id = segments };

  bound_figure (showing, &row.from, &row.to);

  hm_showing_row (showing, &row);
}

static gboolean
show_all (HmShowing *showing, GError **error)
{
  const HmReading *r = showing->reading;
  HmStoreFilter losses = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .source = showing->it->source };

  show_figure (showing);
  for (guint i = 0; i < showing->segments->len; i++)
    show_segment (showing, &g_array_index (showing->segments, HmLifeSum, i));
  show_uncovered (showing);
  show_others (showing);
  if (!r->ops->list_gaps (r->store, show_bus_gap, showing, error)
      || !r->ops->list_losses (r->store, &losses, show_loss, showing, error))
    return FALSE;
  show_all_held (showing);
  hm_showing_records (showing);
  return TRUE;
}

gboolean
hm_explain_show (HmReading *reading, const HmExplained *explained, const HmShadowFolded *folded,
                 GError **error)
{
  g_autoptr (GArray) segments = hm_segments_new (folded->intervals);
  HmShowing showing = { .reading = reading,
                        .it = explained,
                        .folded = folded,
                        .from = reading->filter.from,
                        .to = reading->filter.to,
                        .segments = segments };
  gboolean shown;

  showing.output = hm_output_new (reading->output, columns, G_N_ELEMENTS (columns), 0);
  shown = show_all (&showing, error);
  return hm_output_end (showing.output, shown, error);
}
