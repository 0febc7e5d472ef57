/* SPDX-License-Identifier: Apache-2.0 */
/* usage: `hypermeter usage`. What was used, summed from the bucket rows, exactly; never from raw records.
 *
 * The machine-readable forms give exact figures in the meter's own unit (a gauge's in unit·seconds). A table
 * is for people: the unit that reads best, three decimals, thousands, names instead of ids where they are
 * known. */
#include "cli/usage/usage.h"

#include "cli/usage/as_of.h"
#include "cli/usage/explain.h"

#define DECIMALS_FOR_MACHINES 18
#define AS_FORM               G_MAXINT64
#define DECIMALS_MAX          38

/* -- reading -- */

static gboolean
add_bucket (const HmBucket *bucket, gpointer user)
{
  HmUsage *usage = user;

  return hm_groups_add (usage->groups, bucket, &usage->failed);
}

static gboolean
add_names (const HmResourceRow *row, gpointer user)
{
  hm_names_add (user, row);
  return TRUE;
}

/* The coarsest rows that still tell all columns apart. Rollups know no agents, and days of UTC alone. */
static HmUsageStep
choose_step (const HmUsage *usage)
{
  gboolean utc
      = usage->reading.calendar == NULL || g_str_equal (hm_calendar_zone (usage->reading.calendar), "UTC");

  if ((usage->columns & (1u << HM_BY_HOUR | 1u << HM_BY_AGENT)) != 0)
    return HM_STEP_GRAIN;
  if ((usage->columns & 1u << HM_BY_DAY) != 0)
    return utc ? HM_STEP_DAY : HM_STEP_GRAIN;
  return HM_STEP_MONTH;
}

static gboolean
read_rows (HmUsage *usage, const HmStoreFilter *filter, GError **error)
{
  const HmReading *r = &usage->reading;

  if (!r->ops->list_usage (r->store, filter, add_bucket, usage, error))
    return FALSE;
  if (usage->failed == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&usage->failed));
  return FALSE;
}

/* A local month is read by itself, so that days and months of UTC that lie over its edge are not taken whole. */
static gboolean
read_months (HmUsage *usage, HmStoreFilter filter, GError **error)
{
  const HmCalendar *calendar = usage->reading.calendar;
  HmTime end = filter.to;

  for (; filter.from < end; filter.from = filter.to)
    {
      filter.to = MIN (hm_calendar_next (calendar, HM_CALENDAR_MONTH, filter.from), end);
      if (!read_rows (usage, &filter, error))
        return FALSE;
    }
  return TRUE;
}

/* *@ret_until is HM_TIME_UNKNOWN where the present is asked for. */
static gboolean
parse_as_of (const HmUsage *usage, HmTime *ret_until, GError **error)
{
  *ret_until = HM_TIME_UNKNOWN;
  return usage->as_of == NULL || hm_as_of_parse (&usage->reading, usage->as_of, ret_until, error);
}

/* What there was by then, whatever rollups say now. */
static gboolean
read_as_of (HmUsage *usage, const HmStoreFilter *filter, GError **error)
{
  HmAsOf as_of = { .filter = filter, .columns = usage->columns, .ranges = usage->range };

  if (!parse_as_of (usage, &as_of.until, error)
      || !hm_as_of_read (&usage->reading, &as_of, add_bucket, usage, error))
    return FALSE;
  if (usage->failed == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&usage->failed));
  return FALSE;
}

static gboolean
read_usage (HmUsage *usage, GError **error)
{
  HmStoreFilter filter = usage->reading.filter;
  gboolean bounded = filter.from != HM_TIME_UNKNOWN && filter.to != HM_TIME_UNKNOWN;

  filter.limit = 0; /* of figures, not of rows */
  if (usage->as_of != NULL)
    return read_as_of (usage, &filter, error);
  filter.step = choose_step (usage);
  if (usage->reading.calendar == NULL || (usage->columns & 1u << HM_BY_MONTH) == 0)
    return read_rows (usage, &filter, error);
  if (bounded)
    return read_months (usage, filter, error);
  filter.step = HM_STEP_GRAIN;
  return read_rows (usage, &filter, error);
}

static gboolean
read_store (HmUsage *usage, GError **error)
{
  const HmReading *r = &usage->reading;
  HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

  return read_usage (usage, error)
         && (!hm_usage_is_table (usage) || usage->ids
             || r->ops->list_resources (r->store, &everything, add_names, usage->names, error));
}

/* -- the command -- */

/* What would not be heeded is refused: an answer to another question than was asked looks like the right one. */
static gboolean
check_explain (const HmUsage *usage, GError **error)
{
  const struct
  {
    const char *option;
    gboolean given;
  } sums[] = { { "--by", usage->by != NULL },
               { "--unit", usage->unit != NULL },
               { "--decimals", usage->decimals != AS_FORM },
               { "--top", usage->top != 0 },
               { "--range", usage->range },
               { "--ids", usage->ids } };

  for (guint i = 0; usage->explain && i < G_N_ELEMENTS (sums); i++)
    if (sums[i].given)
      {
        g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                     "%s: not with --explain, which shows one figure exactly, in the meter's own unit",
                     sums[i].option);
        return FALSE;
      }
  if (!usage->explain && usage->device != NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "--device: with --explain alone; else --by device");
  return usage->explain || usage->device == NULL;
}

static gboolean
take_options (HmUsage *usage, GError **error)
{
  usage->style.for_people = hm_usage_is_table (usage);
  usage->style.decimals = hm_usage_is_table (usage) ? HM_DECIMALS_FOR_PEOPLE : DECIMALS_FOR_MACHINES;
  if (usage->decimals != AS_FORM)
    usage->style.decimals = (guint)usage->decimals;
  usage->style.unit = usage->unit != NULL ? hm_unit_find (usage->unit) : NULL;
  if (usage->unit != NULL && usage->style.unit == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--unit: '%s' is no unit; see 'hypermeter meters --units'",
                 usage->unit);
  else if (usage->decimals != AS_FORM && (usage->decimals < 0 || usage->decimals > DECIMALS_MAX))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--decimals: 0 to %d", DECIMALS_MAX);
  else if (usage->top < 0 || usage->top > G_MAXINT)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--top: 1 to %d, or 0 for all", G_MAXINT);
  else if (hm_by_parse (usage->by != NULL ? usage->by : "project", &usage->columns, error))
    {
      usage->columns |= 1u << HM_BY_METER;
      return TRUE;
    }
  return FALSE;
}

static gboolean
explain (HmUsage *usage, GError **error)
{
  HmTime until;

  return parse_as_of (usage, &until, error)
         && hm_explain (&usage->reading, usage->meter, usage->device, until, error);
}

static gboolean
answer (HmUsage *usage, GError **error)
{
  if (!check_explain (usage, error) || !take_options (usage, error)
      || !hm_reading_configure (&usage->reading, error)
      || !hm_reading_connect (&usage->reading, &hm_command_usage, error))
    return FALSE;
  if (usage->explain)
    return explain (usage, error);
  usage->groups = hm_groups_new (usage->columns, usage->meter);
  hm_groups_use_calendar (usage->groups, usage->reading.calendar,
                          usage->reading.ops->grain (usage->reading.store));
  if (usage->range)
    hm_groups_keep_range (usage->groups);
  usage->names = hm_names_new ();
  return read_store (usage, error) && hm_usage_show (usage, error);
}

static void
clear (HmUsage *usage)
{
  hm_reading_clear (&usage->reading);
  g_clear_pointer (&usage->groups, hm_groups_free);
  hm_names_free (usage->names);
  g_clear_error (&usage->failed);
  g_free (usage->by);
  g_free (usage->meter);
  g_free (usage->unit);
  g_free (usage->as_of);
  g_free (usage->device);
}

static int
run (int argc, char **argv, GError **error)
{
  HmUsage usage = { .decimals = AS_FORM };
  const GOptionEntry entries[] = {
    { "by", 'b', 0, G_OPTION_ARG_STRING, &usage.by,
      "Columns: source,project,user,resource,flavor,state,agent,device,meter,hour,day,month", "LIST" },
    { "meter", 'm', 0, G_OPTION_ARG_STRING, &usage.meter, "Only meters that match", "GLOB" },
    { "unit", 'u', 0, G_OPTION_ARG_STRING, &usage.unit, "Show quantities in this unit, e.g. h, GiB, GiB.h",
      "UNIT" },
    { "decimals", 0, 0, G_OPTION_ARG_INT64, &usage.decimals,
      "Digits after the point at most, of a mean and where one unit is turned into another (3; not in tables "
      "18); the last one is rounded half to even, and nothing before it",
      "N" },
    { "top", 0, 0, G_OPTION_ARG_INT64, &usage.top, "Only the N largest of each meter, the largest first",
      "N" },
    { "range", 'r', 0, G_OPTION_ARG_NONE, &usage.range,
      "What was read, too: least, greatest, latest value, a gauge's mean by time (rounded to --decimals), "
      "number of readings",
      NULL },
    { "as-of", 0, 0, G_OPTION_ARG_STRING, &usage.as_of,
      "As it was known at that moment: of the records received by then; 'statement:3' is the moment at "
      "which statement 3 was made",
      "T" },
    { "explain", 0, 0, G_OPTION_ARG_NONE, &usage.explain,
      "What one figure is made of: segments, gaps, held readings, and --limit records", NULL },
    { "device", 0, 0, G_OPTION_ARG_FILENAME, &usage.device, "With --explain: of this device alone", "ID" },
    { "ids", 0, 0, G_OPTION_ARG_NONE, &usage.ids, "Show ids in tables, not names", NULL },
    { NULL }
  };
  gboolean ok = hm_reading_parse (&usage.reading, &hm_command_usage, entries, argc, argv, error)
                && answer (&usage, error);

  clear (&usage);
  return ok ? 0 : 1;
}

const HmCommand hm_command_usage = {
  "usage",
  "What was used, per project, resource, meter and time",
  "Examples:\n"
  "  hypermeter usage --from this-month\n"
  "  hypermeter usage --from 2026-01 --to 2026-02 --by project,resource,meter\n"
  "  hypermeter usage --from -24h --by project,hour --meter cpu --unit h\n"
  "  hypermeter usage --project 9b1c --by resource,device,meter --output csv\n"
  "  hypermeter usage --from last-month --to this-month --zone Europe/Berlin --by project,flavor,day\n"
  "  hypermeter usage --from today --by resource --meter cpu --top 10\n"
  "  hypermeter usage --from today --by resource,hour --meter memory.usage --unit GiB.h --range\n"
  "  hypermeter usage --from 2026-01 --to 2026-02 --by project --as-of statement:12\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_STEPS | HM_ASKS_OWNER | HM_ASKS_LIMIT | HM_ASKS_ZONE,
  run,
};
