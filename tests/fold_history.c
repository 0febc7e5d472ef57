/* SPDX-License-Identifier: Apache-2.0 */
/* fold_history: plays an instance and its hosts, and writes down what their agents would send.
 *
 * Things happen that do happen: processes and agents start anew, the guest pauses, stops, moves, is resized
 * or given away, disks are plugged and unplugged, two hosts report at once, readings fall back, are repeated
 * contradict each other, are too low for a while or more than can be; and people decide about some of them. */
#include "tests/fold_history.h"

#define HOSTS 2

typedef struct
{
  guint agent_starts; /* names the agent's epoch */
  guint64 seq;
  HmTime metering_since;
  guint lives; /* names the resource's epoch */
  HmTime life_start;
  guint64 cpu, narrow, faults, disk;
  guint low; /* how many more readings of "cpu" are too low */
  guint32 cpus;
  HmState state; /* of the instance, as this host has it */
} Host;

typedef struct
{
  KitHistory *history;
  GRand *rand;
  HmTime now;
  Host hosts[HOSTS];
  guint host; /* where the instance is */
  guint project, flavor, device_life;
  HmTime device_start;
} World;

static gboolean
chance (World *world, guint percent)
{
  return (guint)g_rand_int_range (world->rand, 0, 100) < percent;
}

static gint64
between (World *world, gint64 least, gint64 most)
{
  return least + (gint64)(g_rand_double (world->rand) * (double)(most - least));
}

static const char *
name (World *world, const char *prefix, guint number)
{
  g_autofree char *text = g_strdup_printf ("%s%u", prefix, number);

  return g_string_chunk_insert_const (world->history->text, text);
}

/* -- records -- */

static HmRecord *
add_record (World *world, guint on)
{
  Host *host = &world->hosts[on];
  HmRecord *record = g_new (HmRecord, 1);

  hm_record_init (record, HM_RECORD_SAMPLES);
  record->source = "default";
  record->agent.id = name (world, "host-", on);
  record->agent.epoch = name (world, "start-", host->agent_starts);
  record->agent.metering_since = host->metering_since;
  record->agent.cpus = host->cpus;
  record->read_ns = chance (world, 80) ? between (world, 0, 3 * SECOND) : 0;
  record->seq = ++host->seq;
  record->time = world->now;
  record->interval_ns = chance (world, 80) ? MINUTE : chance (world, 50) ? 0 : 5 * MINUTE;
  record->resource = (HmResourceStamp){ .id = "r", .kind = "instance", .state = host->state };
  record->resource.project = chance (world, 95) ? name (world, "project-", world->project) : NULL;
  record->resource.user = "user";
  record->resource.flavor = chance (world, 95) ? name (world, "flavor-", world->flavor) : NULL;
  record->resource.epoch = name (world, "life-", host->lives);
  record->resource.epoch_start = host->life_start;
  record->samples = g_new0 (HmSample, HISTORY_SAMPLES_MAX);
  g_ptr_array_add (world->history->records, record);
  return record;
}

static HmSample *
add_sample (World *world, HmRecord *record, const char *meter, guint64 value)
{
  const HmMeter *row = hm_meter_table_find (world->history->meters, meter);
  HmSample *sample = &((HmSample *)(gsize)record->samples)[record->n_samples++];

  *sample = (HmSample){ .meter = row->name,
                        .type = row->type,
                        .unit = row->unit,
                        .epoch_start = HM_TIME_UNKNOWN,
                        .start = HM_TIME_UNKNOWN,
                        .value = { HM_VALUE_U64, { .u64 = value } } };
  if (chance (world, 1))
    sample->value = (HmValue){ HM_VALUE_DOUBLE, { .f64 = (double)value / 3 } };
  return sample;
}

/* What somebody decided about the sample that was added last. */
static void
decide (World *world, const HmRecord *record)
{
  const HmSample *sample = &record->samples[record->n_samples - 1];
  const HmDecisionRow row = { .source = "default",
                              .resource = "r",
                              .agent = record->agent.id,
                              .epoch = record->agent.epoch,
                              .seq = record->seq,
                              .device = sample->device != NULL ? sample->device : "",
                              .meter = sample->meter,
                              .sample_epoch = sample->epoch != NULL ? sample->epoch : "",
                              .decision = (HmDecision)g_rand_int_range (world->rand, HM_DECISION_RELEASE,
                                                                        HM_DECISION_REBASE + 1) };

  if (chance (world, 15))
    hm_decisions_add (world->history->decisions, &row);
}

static void
put_on_device (World *world, HmSample *sample)
{
  sample->device = "disk:vda";
  if (world->device_life == 0)
    return;
  sample->epoch = name (world, "plug-", world->device_life);
  sample->epoch_start = world->device_start;
}

static guint64
grow (World *world, guint64 *counter)
{
  if (chance (world, 80))
    *counter += (guint64)between (world, 0, 50 * SECOND);
  return chance (world, 4) ? (guint64)between (world, 0, (gint64)MIN (*counter, G_MAXINT32) + 1) : *counter;
}

/* One that is too low is so for a while: somebody set it back. */
static guint64
grow_cpu (World *world, Host *host)
{
  if (host->low == 0 && chance (world, 3))
    host->low = (guint)g_rand_int_range (world->rand, 1, 6);
  if (host->low == 0)
    return grow (world, &host->cpu);
  host->low--;
  return (guint64)between (world, 0, (gint64)MIN (host->cpu, G_MAXINT32) + 1);
}

static void
add_counters (World *world, Host *host, HmRecord *record)
{
  if (chance (world, 5))
    host->faults = 0;
  host->narrow = (host->narrow + (guint64)between (world, 0, 1000 * 1000 * 1000)) & G_MAXUINT32;
  if (chance (world, 90))
    {
      add_sample (world, record, "cpu", grow_cpu (world, host));
      decide (world, record);
    }
  if (chance (world, 50))
    add_sample (world, record, "narrow", host->narrow);
  if (chance (world, 50))
    add_sample (world, record, "faults", grow (world, &host->faults));
  if (chance (world, 60))
    put_on_device (world, add_sample (world, record, "disk.read", grow (world, &host->disk)));
}

static void
add_gauges (World *world, HmRecord *record)
{
  static const char *const meters[] = { "existence", "memory", "activity", "state", "stateless" };

  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    if (chance (world, 40))
      {
        add_sample (world, record, meters[i], (guint64)between (world, 0, 1000));
        decide (world, record);
      }
  if (chance (world, 40))
    put_on_device (world, add_sample (world, record, "capacity", (guint64)between (world, 0, G_MAXINT64)));
  if (chance (world, 40))
    add_sample (world, record, "traffic", (guint64)between (world, 0, 1000))->start
        = chance (world, 70) ? world->now - between (world, 0, 5 * MINUTE) : HM_TIME_UNKNOWN;
}

static void
read_all (World *world, guint on)
{
  HmRecord *record = add_record (world, on);

  add_counters (world, &world->hosts[on], record);
  add_gauges (world, record);
}

static void
tell (World *world, const char *event)
{
  HmRecord *record = add_record (world, world->host);

  record->kind = HM_RECORD_LIFECYCLE;
  record->event = event;
  record->device = g_str_equal (event, "device-removed") ? "disk:vda" : NULL;
  record->n_samples = 0;
  if (chance (world, 20))
    add_counters (world, &world->hosts[world->host], record);
}

static void
read_both (World *world)
{
  read_all (world, 0);
  if (chance (world, 70))
    world->now += between (world, 0, SECOND);
  read_all (world, 1);
}

/* -- what happens -- */

static void
set_state (World *world, HmState state)
{
  world->hosts[world->host].state = state;
}

static void
restart_process (World *world)
{
  Host *host = &world->hosts[world->host];

  host->lives++;
  host->life_start
      = chance (world, 70) ? world->now - between (world, -SECOND, 30 * SECOND) : HM_TIME_UNKNOWN;
  host->cpu = host->faults = host->narrow = host->disk = 0;
  host->low = 0;
  if (chance (world, 20)) /* a counter that had grown past the old one before it was read */
    host->cpu = G_MAXUINT64 / 2;
  set_state (world, HM_STATE_RUNNING);
}

static void
restart_agent (World *world)
{
  Host *host = &world->hosts[g_rand_int_range (world->rand, 0, HOSTS)];

  host->agent_starts++;
  host->seq = 0;
}

static void
move (World *world)
{
  world->host = (world->host + 1) % HOSTS;
  restart_process (world);
}

static void
change_to (World *world, HmState state, const char *event)
{
  set_state (world, state);
  if (chance (world, 90))
    tell (world, event);
  world->now += between (world, 0, 20 * SECOND);
}

/* As libvirt's events come; any of them may be missing, or late by the difference of two clocks. */
static void
migrate (World *world)
{
  guint from = world->host, to = (from + 1) % HOSTS;

  move (world);
  change_to (world, HM_STATE_PAUSED, "migrated-in");
  for (gint reads = g_rand_int_range (world->rand, 0, 4); reads > 0; reads--)
    read_both (world);
  world->host = from;
  if (chance (world, 60))
    change_to (world, HM_STATE_PAUSED, "suspended");
  world->host = to;
  change_to (world, HM_STATE_RUNNING, "resumed");
  world->host = from;
  change_to (world, HM_STATE_SHUTOFF, "migrated-out");
  world->host = to;
}

static void
change_state (World *world)
{
  static const struct
  {
    HmState state;
    const char *event;
  } to[] = {
    { HM_STATE_RUNNING, "resumed" }, { HM_STATE_PAUSED, "suspended" }, { HM_STATE_SHUTTING_DOWN, "shutdown" },
    { HM_STATE_SHUTOFF, "stopped" }, { HM_STATE_SHUTOFF, "exists" },   { HM_STATE_UNDEFINED, "undefined" },
    { HM_STATE_LOST, "lost" },       { HM_STATE_UNKNOWN, "exists" },
  };
  guint which = (guint)g_rand_int_range (world->rand, 0, G_N_ELEMENTS (to));

  set_state (world, to[which].state);
  tell (world, to[which].event);
}

static void
change_owner (World *world)
{
  if (chance (world, 50))
    world->project = (guint)g_rand_int_range (world->rand, 0, 3);
  else
    world->flavor = (guint)g_rand_int_range (world->rand, 0, 3);
  if (chance (world, 50))
    tell (world, "owner-changed");
}

static void
replug (World *world)
{
  tell (world, "device-removed");
  world->device_life++;
  world->device_start = chance (world, 70) ? world->now + SECOND : HM_TIME_UNKNOWN;
  world->hosts[world->host].disk = 0;
}

static void
contradict (World *world)
{
  read_all (world, world->host);
  world->hosts[world->host].agent_starts++;
  world->hosts[world->host].seq = 0;
  read_all (world, world->host);
}

static void
happen (World *world)
{
  static void (*const things[]) (World *)
      = { restart_process, restart_agent, move,       change_state, change_state,
          change_owner,    replug,        contradict, read_both,    migrate };

  world->now += chance (world, 5) ? between (world, 5 * MINUTE, HOUR) : between (world, 1, 80 * SECOND);
  if (chance (world, 35))
    things[g_rand_int_range (world->rand, 0, G_N_ELEMENTS (things))](world);
  else
    read_all (world, world->host);
}

/* -- the history -- */

static void
record_free (gpointer data)
{
  HmRecord *record = data;

  g_free ((gpointer)(gsize)record->samples);
  g_free (record);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return hm_record_compare (*(const HmRecord *const *)a, *(const HmRecord *const *)b);
}

static void
add_policies (World *world)
{
  HmFoldPolicy policy = { .from = world->now };

  for (gint n = g_rand_int_range (world->rand, 0, 3); n > 0; n--)
    {
      policy.hold = !policy.hold;
      g_array_append_val (world->history->policies, policy);
      policy.from += between (world, 0, 2 * HOUR);
    }
}

KitHistory *
kit_history_new (GRand *rand, guint n)
{
  KitHistory *history = g_new0 (KitHistory, 1);
  World world = { .history = history, .rand = rand };

  history->records = g_ptr_array_new_with_free_func (record_free);
  history->text = g_string_chunk_new (1024);
  history->meters = kit_fold_meters ();
  history->decisions = hm_decisions_new ();
  history->policies = g_array_new (FALSE, FALSE, sizeof (HmFoldPolicy));
  world.now = MORNING + between (&world, 0, 6 * HOUR);
  for (guint i = 0; i < HOSTS; i++)
    {
      world.hosts[i].metering_since
          = chance (&world, 90) ? world.now - between (&world, 0, HOUR) : HM_TIME_UNKNOWN;
      world.hosts[i].life_start
          = chance (&world, 80) ? world.now - between (&world, 0, 2 * HOUR) : HM_TIME_UNKNOWN;
      world.hosts[i].cpu = (guint64)between (&world, 0, HOUR);
      world.hosts[i].cpus = chance (&world, 80) ? (guint32)g_rand_int_range (rand, 1, 4) : 0;
      world.hosts[i].state = HM_STATE_RUNNING;
    }
  add_policies (&world);
  for (guint i = 0; i < n && world.now < MORNING + 22 * HOUR; i++)
    happen (&world);
  g_ptr_array_sort (history->records, compare);
  return history;
}

void
kit_history_free (KitHistory *history)
{
  if (history == NULL)
    return;
  g_ptr_array_unref (history->records);
  g_string_chunk_free (history->text);
  hm_meter_table_free (history->meters);
  hm_decisions_free (history->decisions);
  g_array_unref (history->policies);
  g_free (history);
}

static void
print_sample (GString *out, const HmSample *sample)
{
  char number[HM_NUMBER_MAX];

  hm_value_print (sample->value, number);
  g_string_append_printf (out, " %s%s%s=%s", sample->meter, sample->epoch != NULL ? "#" : "",
                          sample->epoch != NULL ? sample->epoch : "", number);
}

char *
kit_history_print (const KitHistory *history)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < history->records->len; i++)
    {
      const HmRecord *record = g_ptr_array_index (history->records, i);
      char start[HM_TIME_TEXT_MAX] = "?", time[HM_TIME_TEXT_MAX];

      hm_time_print (record->time, time);
      if (record->resource.epoch_start != HM_TIME_UNKNOWN)
        hm_time_print (record->resource.epoch_start, start);
      g_string_append_printf (out,
                              "# %s %s/%s/%" G_GUINT64_FORMAT " %s since %s, %s, %s, state %d, %s:", time,
                              record->agent.id, record->agent.epoch, record->seq, record->resource.epoch,
                              start, record->resource.project != NULL ? record->resource.project : "-",
                              record->resource.flavor != NULL ? record->resource.flavor : "-",
                              (int)record->resource.state, record->event != NULL ? record->event : "read");
      for (guint j = 0; j < record->n_samples; j++)
        print_sample (out, &record->samples[j]);
      g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}
