/* SPDX-License-Identifier: Apache-2.0 */
/* deltas: judges each counter by what it was last, and remembers it before anybody hears of it.
 *
 * A poll's thread comes here between a resource's pollsters and its record. The table is in memory; the keeper
 * (deltas_file.c) appends what changes. The host's fall needs no care: it ends every counter's life, so the folder is not
 * synced. */
#include "agent/pipeline/deltas_private.h"

#include "metering/log.h"

/* What becomes of one counter. */
typedef struct
{
  HmMaybe delta;
  HmTime start;
  gboolean keep; /* it is the base of what follows */
} Verdict;

static void
free_resource (gpointer data)
{
  HmDeltaResource *resource = data;

  g_hash_table_unref (resource->entries);
  g_free (resource);
}

static void
free_entry (gpointer data)
{
  HmDeltaEntry *entry = data;

  g_free (entry->epoch);
  g_free (entry);
}

HmDeltas *
hm_deltas_new (const char *state_dir, const HmClock *clock)
{
  HmDeltas *self = g_new0 (HmDeltas, 1);

  g_mutex_init (&self->lock);
  self->path = g_build_filename (state_dir, HM_DELTAS_FILE, NULL);
  self->clock = clock;
  self->fd = -1;
  self->resources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_resource);
  return self;
}

void
hm_deltas_free (HmDeltas *self)
{
  if (self == NULL)
    return;
  hm_deltas_file_close (self);
  if (self->pending != NULL)
    g_string_free (self->pending, TRUE);
  g_hash_table_unref (self->resources);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self);
}

/* -- the table -- */

/* Of one sample: where its entry is. (transfer full) */
static char *
key_of (const char *device, const char *meter)
{
  return g_strconcat (meter, " ", device, NULL);
}

static HmDeltaEntry *
find (const HmDeltas *self, const char *id, const char *key)
{
  const HmDeltaResource *resource = g_hash_table_lookup (self->resources, id);

  return resource != NULL ? g_hash_table_lookup (resource->entries, key) : NULL;
}

static HmTime
floor_of (const HmDeltas *self, const char *id)
{
  const HmDeltaResource *resource = g_hash_table_lookup (self->resources, id);

  return resource != NULL ? resource->floor : 0;
}

static HmDeltaResource *
need_resource (HmDeltas *self, const char *id)
{
  HmDeltaResource *resource = g_hash_table_lookup (self->resources, id);

  if (resource != NULL)
    return resource;
  resource = g_new0 (HmDeltaResource, 1);
  resource->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_entry);
  g_hash_table_insert (self->resources, g_strdup (id), resource);
  return resource;
}

static void
drop_oldest (HmDeltas *self, HmDeltaResource *resource)
{
  GHashTableIter iter;
  gpointer key, data, oldest = NULL;
  HmTime time = G_MAXINT64;

  g_hash_table_iter_init (&iter, resource->entries);
  while (g_hash_table_iter_next (&iter, &key, &data))
    if (((HmDeltaEntry *)data)->time < time)
      {
        oldest = key;
        time = ((HmDeltaEntry *)data)->time;
      }
  if (oldest == NULL || !g_hash_table_remove (resource->entries, oldest))
    return;
  resource->floor = MAX (resource->floor, time);
  self->status.counters--;
}

static HmDeltaEntry *
need_entry (HmDeltas *self, HmDeltaResource *resource, const char *key)
{
  HmDeltaEntry *entry = g_hash_table_lookup (resource->entries, key);

  if (entry != NULL)
    return entry;
  if (g_hash_table_size (resource->entries) >= HM_DELTAS_OF_ONE)
    drop_oldest (self, resource);
  entry = g_new0 (HmDeltaEntry, 1);
  g_hash_table_insert (resource->entries, g_strdup (key), entry);
  self->status.counters++;
  return entry;
}

void
hm_deltas_put (HmDeltas *self, const char *id, const char *key, const char *epoch, guint64 value, HmTime time)
{
  HmDeltaEntry *entry = need_entry (self, need_resource (self, id), key);

  if (g_strcmp0 (entry->epoch, epoch) != 0)
    {
      g_free (entry->epoch);
      entry->epoch = g_strdup (epoch);
    }
  entry->value = value;
  entry->time = time;
}

/* Of too many that ended the time alone is kept, as everybody's: that can only make counts begin anew. */
void
hm_deltas_drop (HmDeltas *self, const char *id, HmTime time)
{
  HmDeltaResource *resource = need_resource (self, id);

  self->status.counters -= g_hash_table_size (resource->entries);
  g_hash_table_remove_all (resource->entries);
  resource->floor = MAX (resource->floor, time);
  if (g_hash_table_size (self->resources) <= HM_DELTAS_MAX)
    return;
  self->floor = MAX (self->floor, resource->floor);
  g_hash_table_remove (self->resources, id);
}

/* -- judging -- */

/* A life that is new here. Nothing of it was counted before where it began after @after: all of it is the delta then. Nor is
 * that to be known where its start is not. */
static Verdict
judge_new (HmDeltas *self, HmTime epoch_start, HmTime after, guint64 value, HmTime time)
{
  if (epoch_start != HM_TIME_UNKNOWN && epoch_start >= after && epoch_start < time)
    return (Verdict){ .delta = HM_GIVEN (value), .start = epoch_start, .keep = TRUE };
  self->status.baselines++;
  return (Verdict){ .keep = TRUE };
}

/* A counter that fell in its life stays out, and the most it ever was the base: what it counts anew on its way up
 * there may be counted already. */
static Verdict
judge_next (HmDeltas *self, const HmDeltaEntry *entry, guint64 value, HmTime time)
{
  if (value < entry->value)
    {
      self->status.held_out++;
      return (Verdict){ .keep = FALSE };
    }
  return (Verdict){ .delta = HM_GIVEN (value - entry->value),
                    .start = entry->time < time ? entry->time : HM_TIME_UNKNOWN,
                    .keep = TRUE };
}

static Verdict
judge (HmDeltas *self, const HmDeltaEntry *entry, HmTime floor, const char *epoch, HmTime epoch_start,
       guint64 value, HmTime time)
{
  if (entry != NULL && g_str_equal (entry->epoch, epoch))
    return judge_next (self, entry, value, time);
  if (entry != NULL)
    return judge_new (self, epoch_start, entry->time, value, time);
  if (self->status.counters < HM_DELTAS_MAX)
    return judge_new (self, epoch_start, MAX (self->floor, floor), value, time);
  self->status.refused++;
  return (Verdict){ .keep = FALSE };
}

/* -- one resource's reading -- */

/* The counter's life: a device's own mark (an ifindex) comes again in another boot of its guest or host. (transfer full) */
static char *
epoch_of (const HmRecord *record, const HmSample *counter)
{
  const char *resource = record->resource.epoch != NULL ? record->resource.epoch : "";

  return g_strconcat (resource, "/", counter->epoch != NULL ? counter->epoch : "", NULL);
}

static Verdict
judge_counter (HmDeltas *self, const HmRecord *record, const HmSample *counter)
{
  g_autofree char *key = key_of (counter->device, counter->meter);
  g_autofree char *epoch = epoch_of (record, counter);
  HmTime start = counter->epoch != NULL ? counter->epoch_start : record->resource.epoch_start;
  const char *id = record->resource.id;
  Verdict verdict = judge (self, find (self, id, key), floor_of (self, id), epoch, start, counter->value.u64,
                           record->time);

  if (verdict.keep)
    hm_deltas_file_add (self, id, key, epoch, counter->value.u64, record->time);
  return verdict;
}

static void
commit (HmDeltas *self, const HmRecord *record, const HmSample *counter)
{
  g_autofree char *key = key_of (counter->device, counter->meter);
  g_autofree char *epoch = epoch_of (record, counter);

  hm_deltas_put (self, record->resource.id, key, epoch, counter->value.u64, record->time);
}

/* Once what is to be kept is written. Where it cannot be, nothing happened: the next reading's delta begins where this one's
 * would have. */
static void
settle (HmDeltas *self, const HmRecord *record, HmSink *sink)
{
  guint n = hm_sink_counters (sink);
  g_autofree Verdict *verdicts = g_new (Verdict, n);
  gboolean kept;

  for (guint i = 0; i < n; i++)
    verdicts[i] = judge_counter (self, record, hm_sink_counter (sink, i));
  kept = hm_deltas_file_write (self);
  for (guint i = 0; i < n; i++)
    {
      if (kept && verdicts[i].keep)
        commit (self, record, hm_sink_counter (sink, i));
      hm_sink_settle (sink, i, kept ? verdicts[i].delta : HM_ABSENT, verdicts[i].start);
    }
}

/* Read before the resource ended: its counters are gone, and with them what was told of their lives. */
static gboolean
is_too_late (const HmDeltas *self, const HmRecord *record)
{
  return record->time <= floor_of (self, record->resource.id);
}

void
hm_deltas_settle (HmDeltas *self, const HmRecord *record, HmSink *sink)
{
  g_autoptr (GMutexLocker) locker = NULL;

  if (hm_sink_counters (sink) == 0)
    return;
  if (self != NULL)
    locker = g_mutex_locker_new (&self->lock);
  if (self != NULL && hm_deltas_file_open (self) && !is_too_late (self, record))
    settle (self, record, sink);
  else
    for (guint i = 0; i < hm_sink_counters (sink); i++)
      hm_sink_settle (sink, i, HM_ABSENT, HM_TIME_UNKNOWN);
}

/* The time stays for a while: a poll may have read the resource already, and one that is undefined may be running still. */
void
hm_deltas_forget (HmDeltas *self, const char *id)
{
  g_autoptr (GMutexLocker) locker = self != NULL ? g_mutex_locker_new (&self->lock) : NULL;
  HmTime now;

  if (locker == NULL || !g_hash_table_contains (self->resources, id))
    return;
  now = self->clock->wall (self->clock);
  hm_deltas_drop (self, id, now);
  hm_deltas_file_add_end (self, id, now);
  hm_deltas_file_write (self);
}

void
hm_deltas_status (HmDeltas *self, HmDeltasStatus *ret_status)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  *ret_status = self->status;
}
