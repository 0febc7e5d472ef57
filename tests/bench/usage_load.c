/* SPDX-License-Identifier: Apache-2.0 */
/* usage_load: fills a store with the usage of so many series, written as the collector writes it but not folded: one batch after another, day
 * by day as rollups are made. What it puts there is in usage_kit.h. Usage: usage_load URL SERIES */
#include "tests/bench/timing.h"
#include "tests/bench/usage_kit.h"

#include <stdlib.h>
#include <string.h>

#define BATCH      1000 /* resources of one transaction */
#define STATE_SIZE 2000 /* of a resource's state, as it is with so many series */

typedef struct
{
  const char *device, *meter, *unit;
  HmMeterType type;
} Meter;

#define C HM_CUMULATIVE
#define G HM_GAUGE
static const Meter meters[SERIES_A_RESOURCE] = {
  { "", "instance", "instance", G },
  { "", "vcpus", "vcpu", G },
  { "", "memory", "KiB", G },
  { "", "memory.usage", "KiB", G },
  { "", "disk.root.size", "GiB", G },
  { "vda", "disk.device.capacity", "B", G },
  { "", "cpu", "ns", C },
  { "", "cpu.user", "ns", C },
  { "", "cpu.system", "ns", C },
  { "", "cpu.guest", "ns", C },
  { "", "cpu.steal", "ns", C },
  { "", "uptime", "ns", C },
  { "", "memory.major_faults", "fault", C },
  { "vda", "disk.device.read.requests", "request", C },
  { "vda", "disk.device.write.requests", "request", C },
  { "vda", "disk.device.flush.requests", "request", C },
  { "vda", "disk.device.read.bytes", "B", C },
  { "vda", "disk.device.write.bytes", "B", C },
  { "vda", "disk.device.read.latency", "ns", C },
  { "vda", "disk.device.write.latency", "ns", C },
  { "vda", "disk.device.flush.latency", "ns", C },
  { "vda", "disk.device.errors", "error", C },
  { "fa:16:3e:5a:00:01", "network.incoming.bytes", "B", C },
  { "fa:16:3e:5a:00:01", "network.incoming.packets", "packet", C },
  { "fa:16:3e:5a:00:01", "network.incoming.packets.error", "packet", C },
  { "fa:16:3e:5a:00:01", "network.incoming.packets.drop", "packet", C },
  { "fa:16:3e:5a:00:01", "network.outgoing.bytes", "B", C },
  { "fa:16:3e:5a:00:01", "network.outgoing.packets", "packet", C },
  { "fa:16:3e:5a:00:01", "network.outgoing.packets.error", "packet", C },
  { "fa:16:3e:5a:00:01", "network.outgoing.packets.drop", "packet", C },
};

/* One row for each resource of a batch; written over for the next. */
typedef struct
{
  UsageStore store;
  guint resources, projects;
  HmBucket *rows[BATCH];
  char *state; /* text */
  guint64 cells;
} Load;

static void
set_text (char **text, char *value)
{
  g_free (*text);
  *text = value;
}

static char *
resource_name (guint number)
{
  return g_strdup_printf ("%08x-5a1d-4c0e-9b1c-%012x", number * 2654435761u, number);
}

static char *
project_name (const Load *load, guint number)
{
  return g_strdup_printf ("%032x", number % load->projects);
}

/* -- one row -- */

static HmBucket *
new_row (void)
{
  HmBucket *row = hm_bucket_new ();

  row->source = g_strdup ("");
  row->agent = g_strdup ("");
  row->epoch = g_strdup ("");
  row->user = g_strdup ("0f0f0f0f0f0f4f0f8f0f0f0f0f0f0f0f");
  row->flavor = g_strdup ("m1.large");
  row->state = HM_STATE_RUNNING;
  for (guint i = 0; i < SERIES_A_RESOURCE; i++)
    hm_bucket_cell (row, meters[i].device, meters[i].meter, "", meters[i].type, meters[i].unit);
  return row;
}

static void
fill_cell (HmCell *cell, guint number, HmTime start, gint64 length)
{
  const guint64 value = (guint64)number * 7919 + (guint64)strlen (cell->meter) * 104729;

  cell->covered_ns = length;
  cell->count = (guint64)(length / (60 * HM_NSEC_PER_SEC));
  cell->last_time = start + length - 30 * HM_NSEC_PER_SEC;
  cell->has_range = cell->type == HM_GAUGE;
  cell->min = cell->max = cell->last = (HmValue){ HM_VALUE_U64, { .u64 = value } };
  cell->quantity = (HmInt128)value * (cell->has_range ? length : length / HM_NSEC_PER_SEC);
}

static void
fill_row (const Load *load, HmBucket *row, guint number, HmTime start, gint64 length, gboolean with_life)
{
  row->grain = start;
  set_text (&row->resource, resource_name (number));
  set_text (&row->project, project_name (load, number));
  set_text (&row->agent, with_life ? g_strdup_printf ("compute-%03u", number % 500) : g_strdup (""));
  set_text (&row->epoch, g_strdup (with_life ? "1760000000.123456" : ""));
  for (guint i = 0; i < row->cells->len; i++)
    fill_cell (row->cells->pdata[i], number, start, length);
}

/* -- one batch -- */

static void
write_batch (Load *load, const HmBatch *batch)
{
  g_autoptr (GError) error = NULL;
  const HmStoreOps *ops = load->store.ops;
  gboolean owned;

  usage_must (ops->begin (load->store.store, NULL, 0, &owned, &error), error);
  usage_must (ops->write (load->store.store, batch, &error), error);
  usage_must (ops->commit (load->store.store, &error), error);
  load->cells += (guint64)(batch->n_rollups + batch->n_buckets) * SERIES_A_RESOURCE;
}

/* The resources, and their buckets of one hour. @version: 0 for the first hour. */
static void
write_hour (Load *load, guint first, guint n, HmTime hour, guint64 version)
{
  HmResourceRow rows[BATCH];
  const HmBatch batch = { .resources = rows, .n_resources = n, .buckets = load->rows, .n_buckets = n };

  for (guint i = 0; i < n; i++)
    {
      HmBucket *row = load->rows[i];

      fill_row (load, row, first + i, hour, HOUR_NS, TRUE);
      rows[i] = (HmResourceRow){ .source = "",
                                 .resource = row->resource,
                                 .kind = "instance",
                                 .project = row->project,
                                 .user = row->user,
                                 .flavor = row->flavor,
                                 .name = "web",
                                 .state = HM_STATE_RUNNING,
                                 .agent = row->agent,
                                 .first_seen = FIRST_MONTH,
                                 .last_seen = hour + HOUR_NS - 1,
                                 .version = version,
                                 .fold = load->state,
                                 .fold_length = STATE_SIZE,
                                 .seen = "{}",
                                 .seen_length = 2,
                                 .rolled = ROLLED };
    }
  write_batch (load, &batch);
}

static void
write_rollups (Load *load, guint first, guint n, HmUsageStep step, HmTime start, gint64 length)
{
  HmRollupRow rows[BATCH];
  const HmBatch batch = { .rollups = rows, .n_rollups = n };

  for (guint i = 0; i < n; i++)
    {
      fill_row (load, load->rows[i], first + i, start, length, FALSE);
      rows[i] = (HmRollupRow){ step, load->rows[i] };
    }
  write_batch (load, &batch);
}

static void
write_evidence (Load *load, guint first, guint n, HmTime day)
{
  HmEvidenceRow rows[BATCH];
  const HmBatch batch = { .evidence = rows, .n_evidence = n };

  for (guint i = 0; i < n; i++)
    {
      set_text (&load->rows[i]->resource, resource_name (first + i));
      rows[i] = (HmEvidenceRow){ "", load->rows[i]->resource, day, 1440,
                                 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" };
    }
  write_batch (load, &batch);
}

/* -- all of it -- */

#define EACH_BATCH(load, first, n)                                                                           \
  for (guint first = 0, n = MIN (BATCH, (load)->resources); first < (load)->resources;                       \
       first += n, n = MIN (BATCH, (load)->resources - first))

static void
load_all (Load *load)
{
  const HmTime months[] = { FIRST_MONTH, FIRST_MONTH + 31 * DAY_NS, LAST_MONTH, OPEN_MONTH };

  for (guint hour = 0; hour < N_HOURS; hour++)
    EACH_BATCH (load, first, n)
  write_hour (load, first, n, ROLLED + hour * HOUR_NS, hour);
  for (guint month = 0; month + 1 < G_N_ELEMENTS (months); month++)
    EACH_BATCH (load, first, n)
  write_rollups (load, first, n, HM_STEP_MONTH, months[month], months[month + 1] - months[month]);
  for (guint day = 0; day < N_DAYS; day++)
    EACH_BATCH (load, first, n)
  write_rollups (load, first, n, HM_STEP_DAY, OPEN_MONTH + day * DAY_NS, DAY_NS);
  for (HmTime day = LAST_MONTH; day < OPEN_MONTH; day += DAY_NS)
    EACH_BATCH (load, first, n)
  write_evidence (load, first, n, day);
}

int
main (int argc, char **argv)
{
  Load load = { 0 };
  double wall = seconds_of (CLOCK_MONOTONIC), cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);

  if (argc != 3 || strtoul (argv[2], NULL, 10) < SERIES_A_RESOURCE)
    return 64;
  load.resources = (guint)((strtoul (argv[2], NULL, 10) + SERIES_A_RESOURCE - 1) / SERIES_A_RESOURCE);
  load.projects = MAX (1, load.resources / RESOURCES_A_PROJECT);
  load.store = usage_store_open (argv[1], HM_STORE_WRITE);
  load.state = g_strnfill (STATE_SIZE, ' ');
  for (guint i = 0; i < BATCH; i++)
    load.rows[i] = new_row ();
  load_all (&load);
  for (guint i = 0; i < BATCH; i++)
    hm_bucket_free (load.rows[i]);
  usage_store_close (&load.store);
  report ("load", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          load.cells);
  g_free (load.state);
  return 0;
}
