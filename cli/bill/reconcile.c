/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile: `hypermeter reconcile`: the cloud's own inventory against what was metered.
 *
 * The store is read a step at a time, so memory is bounded by the inventory, however long the period. Of each step it is known how much of it was metered
 * (the cell of the meter `instance`; where there is none, the one that covers most, but for what a counter says of a gap), so a stretch that
 * is missing is told to the nanosecond where it reaches over a step's edge, and by its step and its length where it does not. */
#include "cli/command.h"
#include "cli/bill/expected.h"
#include "cli/bill/stretch.h"
#include "cli/table.h"

#include <string.h>

#define EXISTS            "instance" /* the meter, and the kind of resource */
#define STATE_TIME        "state.time"
#define DEFAULT_TOLERANCE "5m"

static const HmColumn columns[] = {
  { "finding", HM_COLUMN_TEXT }, /* unmetered, partly, unknown */
  { "resource", HM_COLUMN_TEXT },
  { "name", HM_COLUMN_TEXT },
  { "project", HM_COLUMN_TEXT },
  { "from", HM_COLUMN_TIME },
  { "to", HM_COLUMN_TIME },
  { "missing_seconds", HM_COLUMN_NUMBER, .heading = "MISSING" }, /* unknown: that should not be there */
  { "detail", HM_COLUMN_TEXT },
};

typedef struct
{
  const HmExpected *expected; /* NULL: of a resource that is not expected */
  HmStretches stretches;
  gint64 covered_ns; /* of the step at hand */
  char *name, *project;
} Resource;

typedef struct
{
  HmReading reading;
  char *path, *tolerance, *zone;
  HmCalendar *calendar; /* (nullable) of times in the inventory that name no zone */
  gint64 tolerance_ns;
  HmTime from, to;
  HmTime oldest;       /* earliest time of any instance in the store */
  GPtrArray *expected; /* (element-type HmExpected) */
  GHashTable *by_id;   /* (element-type utf8 Resource) */
  Resource *resources; /* in the order of `expected` */
  Resource *at;        /* whose stretch is visited */
  HmOutput *output;
  gboolean full; /* no more rows are wanted */
  guint64 found;
} Reconciling;

static void
clear_reconciling (Reconciling *rec)
{
  hm_reading_clear (&rec->reading);
  g_free (rec->path);
  g_free (rec->tolerance);
  g_free (rec->zone);
  hm_calendar_free (rec->calendar);
  for (guint i = 0; rec->resources != NULL && i < rec->expected->len; i++)
    {
      g_free (rec->resources[i].name);
      g_free (rec->resources[i].project);
    }
  g_free (rec->resources);
  g_clear_pointer (&rec->by_id, g_hash_table_unref);
  g_clear_pointer (&rec->expected, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reconciling, clear_reconciling)

/* -- findings -- */

static void
tell (Reconciling *rec, const char *finding, const char *resource, const char *name, const char *project,
      const HmStretch *stretch, const char *detail)
{
  char from[HM_TIME_TEXT_MAX], to[HM_TIME_TEXT_MAX], missing[HM_NUMBER_MAX];
  g_autofree char *span = hm_span_print (stretch->missing_ns);

  rec->found++;
  if (rec->full)
    return;
  hm_int128_print (stretch->missing_ns, 9, missing);
  rec->full = !hm_output_row (
      rec->output,
      (const char *[]){ finding, resource, name, project, hm_moment_print (stretch->from, from),
                        hm_moment_print (stretch->to, to),
                        hm_output_format (rec->output) == HM_OUTPUT_TABLE ? span : missing, detail });
}

static const char *
detail_of (const HmStretches *stretches, const HmStretch *stretch)
{
  if (stretch->missing_ns < stretch->to - stretch->from)
    return "somewhere in this step";
  if (stretch->from == stretches->from && stretch->to == stretches->to)
    return "nothing in this period";
  if (stretch->from == stretches->from)
    return "began late";
  return stretch->to == stretches->to ? "ended early" : "a gap";
}

static void
tell_missing (const HmStretch *stretch, gpointer user)
{
  Reconciling *rec = user;
  const Resource *resource = rec->at;
  gboolean never = resource->stretches.first_seen == HM_TIME_UNKNOWN;

  if (stretch->missing_ns <= rec->tolerance_ns)
    return;
  tell (rec, never ? "unmetered" : "partly", resource->expected->resource, resource->name, resource->project,
        stretch, never ? "never seen" : detail_of (&resource->stretches, stretch));
}

/* -- what the store has seen -- */

/* From when to when it was seen in the period, though it should not have been. */
static void
check_beyond (Reconciling *rec, const HmResourceRow *row, HmTime from, HmTime to, const char *detail)
{
  HmStretch stretch = { MAX (from, rec->from), MIN (to, rec->to), 0 };

  stretch.missing_ns = stretch.to - stretch.from;
  if (stretch.missing_ns > rec->tolerance_ns)
    tell (rec, "unknown", row->resource, row->name, row->project, &stretch, detail);
}

/* An instance that was seen once was seen for no time at all, and is unknown for all that. */
static void
check_unknown (Reconciling *rec, const HmResourceRow *row)
{
  HmStretch stretch = { MAX (row->first_seen, rec->from), MIN (row->last_seen, rec->to), 0 };

  if (row->first_seen >= rec->to || row->last_seen < rec->from)
    return;
  stretch.missing_ns = stretch.to - stretch.from;
  tell (rec, "unknown", row->resource, row->name, row->project, &stretch, "not expected at all");
}

static void
note_seen (Reconciling *rec, Resource *resource, const HmResourceRow *row)
{
  HmStretches *stretches = &resource->stretches;
  const HmExpected *expected = resource->expected;

  if (stretches->first_seen == HM_TIME_UNKNOWN || row->first_seen < stretches->first_seen)
    stretches->first_seen = row->first_seen;
  if (stretches->last_seen == HM_TIME_UNKNOWN || row->last_seen > stretches->last_seen)
    stretches->last_seen = row->last_seen;
  g_free (resource->name);
  g_free (resource->project);
  resource->name = g_strdup (row->name);
  resource->project = g_strdup (row->project);
  if (expected->created != HM_TIME_UNKNOWN)
    check_beyond (rec, row, row->first_seen, MIN (expected->created, row->last_seen),
                  "before it was created");
  if (expected->deleted != HM_TIME_UNKNOWN)
    check_beyond (rec, row, MAX (expected->deleted, row->first_seen), row->last_seen, "after it was deleted");
}

static gboolean
note_resource (const HmResourceRow *row, gpointer user)
{
  Reconciling *rec = user;
  Resource *resource = g_hash_table_lookup (rec->by_id, row->resource);

  if (strcmp (row->kind, EXISTS) != 0 || row->last_seen < row->first_seen)
    return TRUE;
  rec->oldest = rec->oldest == HM_TIME_UNKNOWN ? row->first_seen : MIN (rec->oldest, row->first_seen);
  if (resource != NULL)
    note_seen (rec, resource, row);
  else
    check_unknown (rec, row);
  return TRUE;
}

/* -- step by step -- */

/* A counter that went on over a gap says how much was used, not that anybody looked; nor does a state, which is known for hours after the last
 * look. It does where nothing else is there. */
static gint64
covered_of (const HmBucket *bucket)
{
  gint64 most = 0, known = 0;
  gboolean looked = FALSE;

  for (guint i = 0; i < bucket->cells->len; i++)
    {
      const HmCell *cell = bucket->cells->pdata[i];

      if (strcmp (cell->meter, EXISTS) == 0)
        return cell->covered_ns;
      if (strcmp (cell->meter, STATE_TIME) == 0)
        known = MAX (known, cell->covered_ns);
      else if ((cell->flags & HM_FLAG_ESTIMATED_DISTRIBUTION) == 0)
        most = MAX (most, cell->covered_ns);
      looked = looked || strcmp (cell->meter, STATE_TIME) != 0;
    }
  return looked ? most : known;
}

static gboolean
add_bucket (const HmBucket *bucket, gpointer user)
{
  Reconciling *rec = user;
  Resource *resource = g_hash_table_lookup (rec->by_id, bucket->resource);

  if (resource != NULL)
    resource->covered_ns += covered_of (bucket);
  return TRUE;
}

static gboolean
read_step (Reconciling *rec, HmTime start, HmTime end, GError **error)
{
  const HmReading *r = &rec->reading;
  HmStoreFilter filter = { .from = start, .to = end, .source = r->source };

  if (rec->oldest != HM_TIME_UNKNOWN && end > rec->oldest
      && !r->ops->list_buckets (r->store, &filter, add_bucket, rec, error))
    return FALSE;
  for (guint i = 0; i < rec->expected->len; i++)
    {
      Resource *resource = rec->at = &rec->resources[i];

      hm_stretches_step (&resource->stretches, start, end, resource->covered_ns, tell_missing, rec);
      resource->covered_ns = 0;
    }
  return TRUE;
}

static gboolean
read_steps (Reconciling *rec, GError **error)
{
  gint64 grain = rec->reading.ops->grain (rec->reading.store);

  for (HmTime start = rec->from; start < rec->to && !rec->full; start += grain)
    if (!read_step (rec, start, start + grain, error))
      return FALSE;
  for (guint i = 0; i < rec->expected->len; i++)
    {
      rec->at = &rec->resources[i];
      hm_stretches_end (&rec->at->stretches, tell_missing, rec);
    }
  return TRUE;
}

/* -- the period -- */

/* Without a word, from the first creation that the inventory tells of up to the last step that is over. */
static gboolean
choose_period (Reconciling *rec, GError **error)
{
  const HmReading *r = &rec->reading;
  gint64 grain = r->ops->grain (r->store);
  HmTime now = hm_clock_system ()->wall (hm_clock_system ()), first = now;
  gboolean is_told = r->filter.from != HM_TIME_UNKNOWN;

  for (guint i = 0; i < rec->expected->len; i++)
    {
      const HmExpected *expected = rec->expected->pdata[i];

      if (expected->created == HM_TIME_UNKNOWN)
        continue;
      first = MIN (first, expected->created);
      is_told = TRUE;
    }
  rec->from = r->filter.from != HM_TIME_UNKNOWN ? r->filter.from : first - first % grain;
  rec->to = MIN (r->filter.to != HM_TIME_UNKNOWN ? r->filter.to : now, now);
  rec->to -= rec->to % grain;
  if (rec->from < rec->to)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                       is_told ? "no step of that period is over"
                               : "since when? --from, as no line says when something was created");
  return FALSE;
}

static void
make_resources (Reconciling *rec)
{
  rec->resources = g_new0 (Resource, MAX (rec->expected->len, 1));
  rec->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < rec->expected->len; i++)
    {
      const HmExpected *expected = rec->expected->pdata[i];
      HmTime from = expected->created != HM_TIME_UNKNOWN ? MAX (expected->created, rec->from) : rec->from;
      HmTime to = expected->deleted != HM_TIME_UNKNOWN ? MIN (expected->deleted, rec->to) : rec->to;

      rec->resources[i] = (Resource){
        .expected = expected,
        .stretches = { .from = from, .to = to, .first_seen = HM_TIME_UNKNOWN, .last_seen = HM_TIME_UNKNOWN }
      };
      g_hash_table_insert (rec->by_id, expected->resource, &rec->resources[i]);
    }
}

/* -- the command -- */

static gboolean
check_words (Reconciling *rec, GError **error)
{
  const char *tolerance = rec->tolerance != NULL ? rec->tolerance : DEFAULT_TOLERANCE;

  if (rec->path == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE,
                         "against what? --expected FILE; see 'hypermeter reconcile --help'");
  else if (!hm_duration_parse (tolerance, &rec->tolerance_ns))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--tolerance: '%s' is no duration; write 5m", tolerance);
  else
    return TRUE;
  return FALSE;
}

static gboolean
use_zone (Reconciling *rec, GError **error)
{
  if (rec->zone == NULL || (rec->calendar = hm_calendar_new (rec->zone, error)) != NULL)
    return TRUE;
  g_prefix_error (error, "--expected-zone: ");
  return FALSE;
}

static gboolean
reconcile (Reconciling *rec, GError **error)
{
  HmReading *r = &rec->reading;
  const HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .source = r->source };
  gboolean read;

  rec->expected = hm_expected_read (rec->path, rec->calendar, error);
  if (rec->expected == NULL || !hm_reading_configure (r, error)
      || !hm_reading_connect (r, &hm_command_reconcile, error) || !choose_period (rec, error))
    return FALSE;
  make_resources (rec);
  rec->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  read = r->ops->list_resources (r->store, &filter, note_resource, rec, error) && read_steps (rec, error);
  return hm_output_end (rec->output, read, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Reconciling) rec = { .oldest = HM_TIME_UNKNOWN };
  HmReading *r = &rec.reading;
  const GOptionEntry entries[] = {
    { "expected", 'e', 0, G_OPTION_ARG_FILENAME, &rec.path,
      "CSV or NDJSON of resource, created, deleted; -: standard input", "FILE" },
    { "expected-zone", 0, 0, G_OPTION_ARG_STRING, &rec.zone,
      "Of which time zone times in FILE are that name none, e.g. UTC (Nova's are); default: they are refused",
      "ZONE" },
    { "tolerance", 0, 0, G_OPTION_ARG_STRING, &rec.tolerance,
      "What is missing for no longer is not told; default: " DEFAULT_TOLERANCE, "DURATION" },
    { "source", 0, 0, G_OPTION_ARG_FILENAME, &r->source, "Only this site", "NAME" },
    { NULL }
  };

  return hm_reading_parse (r, &hm_command_reconcile, entries, argc, argv, error) && check_words (&rec, error)
                 && use_zone (&rec, error) && reconcile (&rec, error) && rec.found == 0
             ? 0
             : 1;
}

const HmCommand hm_command_reconcile = {
  "reconcile",
  "Instances that the cloud knows against those that were metered",
  "Findings: unmetered, which was expected and never seen; partly, which was not metered from one time to\n"
  "another; unknown, which was metered and not expected, or not any more.\n"
  "Times in FILE are RFC 3339 (2026-11-21T01:00:00Z). Nova's launched_at (2026-11-21T01:00:00.000000) names "
  "no\n"
  "time zone and is UTC's: say --expected-zone UTC. That is of FILE alone, --zone of --from and --to.\n"
  "\n"
  "Examples:\n"
  "  hypermeter reconcile --expected instances.csv --from last-month --to this-month\n"
  "  hypermeter reconcile --expected instances.ndjson --tolerance 15m --output csv\n"
  "  hypermeter reconcile --expected nova.csv --expected-zone UTC --from 2026-10 --to 2026-11 --zone "
  "Europe/Berlin\n"
  "\n"
  "Exit status: 0 both agree, 1 they do not, 64 wrong usage or a line that is wrong, 69 the store or the "
  "file is\n"
  "not there, 78 configuration.\n",
  HM_ASKS_PERIOD | HM_ASKS_STEPS | HM_ASKS_LIMIT | HM_ASKS_ZONE,
  run,
};
