/* SPDX-License-Identifier: Apache-2.0 */
/* readers: see readers.h. The scheduler's thread kicks; the workers call sample() and emit() and append the
 * records. One lock guards what all of them share; no plugin is called with it held. */
#include "agent/schedule/readers.h"

#include "agent/pipeline/samples.h"
#include "metering/error.h"
#include "metering/log.h"

typedef struct
{
  HmReaders *readers;
  const HmPlugin *plugin;
  gpointer self;
  HmSink *sink; /* the worker's own */
  GThread *thread;
  HmPluginTally tally; /* under the lock, as the next three */
  gboolean due, busy;
  gboolean skipping; /* the last round was skipped: said already */
  HmDuty duty;       /* of the round, with a reference to its roster */
  gboolean failing;  /* the worker's own: said already */
} Reader;

struct HmReaders
{
  HmReaderParts parts;
  GPtrArray *all;   /* (element-type Reader) */
  HmRoster *roster; /* (nullable) of the next round */
  GMutex lock;
  GCond changed;
  gboolean stop;
  HmReaderCounts counts;
};

static void
free_reader (gpointer data)
{
  Reader *reader = data;

  reader->plugin->reading_pollster->free (reader->self);
  hm_sink_free (reader->sink);
  hm_roster_unref (reader->duty.roster);
  g_free (reader);
}

HmReaders *
hm_readers_new (const HmReaderParts *parts)
{
  HmReaders *readers = g_new0 (HmReaders, 1);

  readers->parts = *parts;
  readers->all = g_ptr_array_new_with_free_func (free_reader);
  g_mutex_init (&readers->lock);
  g_cond_init (&readers->changed);
  return readers;
}

void
hm_readers_free (HmReaders *readers)
{
  if (readers == NULL)
    return;
  g_ptr_array_unref (readers->all);
  hm_roster_unref (readers->roster);
  g_mutex_clear (&readers->lock);
  g_cond_clear (&readers->changed);
  g_free (readers);
}

void
hm_readers_add (HmReaders *readers, const HmPlugin *pollster, gpointer self)
{
  Reader *reader = g_new0 (Reader, 1);

  reader->readers = readers;
  reader->plugin = pollster;
  reader->self = self;
  reader->tally.plugin = pollster;
  reader->sink = hm_sink_new (NULL);
  hm_sink_set_wanted (reader->sink, hm_duty_wants, &reader->duty);
  g_ptr_array_add (readers->all, reader);
}

void
hm_readers_set_roster (HmReaders *readers, HmRoster *roster)
{
  hm_roster_ref (roster);
  hm_roster_unref (readers->roster);
  readers->roster = roster;
}

/* -- one round of one worker -- */

/* A round in which nothing of it is due is for sample() alone. */
static gboolean
is_reporting (const Reader *reader)
{
  return reader->duty.due != 0;
}

static HmResult
call (const Reader *reader, GError **error)
{
  const HmReadingPollster *pollster = reader->plugin->reading_pollster;
  HmResult result = pollster->sample != NULL ? pollster->sample (reader->self, error) : HM_OK;

  if ((result == HM_OK || result == HM_NO_DATA) && is_reporting (reader))
    return pollster->emit (reader->self, reader->sink, error);
  return result;
}

/* One line when a burst of failures begins; the quarantine has its own. */
static void
take_result (Reader *reader, HmResult result, const GError *error)
{
  const HmReaderParts *parts = &reader->readers->parts;
  const char *name = reader->plugin->name;
  HmLogFields fields = { .plugin = name };

  if (result == HM_RETRY && !reader->failing)
    hm_log (G_LOG_LEVEL_WARNING, &fields, "pollster %s: %s", name,
            error != NULL ? error->message : "it failed and gave no reason");
  reader->failing = result == HM_RETRY;
  if (result == HM_BROKEN)
    hm_quarantine_enter (parts->quarantine, name, parts->host.agent_id,
                         error != NULL ? error->message : NULL);
  else if (is_reporting (reader) && (result == HM_OK || result == HM_NO_DATA))
    hm_quarantine_leave (parts->quarantine, name, parts->host.agent_id);
}

static void
count_round (Reader *reader, HmResult result, guint records, guint refused, gint64 took)
{
  HmReaders *readers = reader->readers;
  HmReaderCounts *counts = &readers->counts;
  gboolean late = took > readers->parts.deadline_ns;

  g_mutex_lock (&readers->lock);
  counts->rounds += is_reporting (reader);
  counts->records += records;
  counts->refused += refused;
  counts->samples += hm_sink_size (reader->sink);
  counts->no_data += result == HM_NO_DATA;
  counts->retry += result == HM_RETRY;
  counts->gone += result == HM_GONE;
  counts->broken += result == HM_BROKEN;
  counts->late += late;
  hm_tally_call (&reader->tally, result, took);
  reader->tally.late += late;
  g_mutex_unlock (&readers->lock);
}

/* What a failed round left in the sink is not a reading. */
static void
read_once (Reader *reader)
{
  const HmReaderParts *parts = &reader->readers->parts;
  const HmClock *clock = parts->host.clock;
  gint64 began = clock->monotonic (clock), took;
  g_autoptr (GError) error = NULL;
  HmRecord record;
  HmResult result;
  guint records = 0, refused = 0;

  hm_sink_clear (reader->sink);
  result = call (reader, &error);
  took = clock->monotonic (clock) - began;
  take_result (reader, result, error);
  if (result != HM_OK)
    hm_sink_clear (reader->sink);
  hm_samples_begin_host (&parts->host, reader->plugin->ns, took, &record);
  hm_deltas_settle (parts->deltas, &record, reader->sink);
  records = hm_samples_append (parts->outbox, HM_CLASS_DIAGNOSTIC, &record, &reader->duty, reader->sink,
                               &refused);
  count_round (reader, result, records, refused, took);
}

static gpointer
run (gpointer data)
{
  Reader *reader = data;
  HmReaders *readers = reader->readers;

  g_mutex_lock (&readers->lock);
  while (!readers->stop)
    {
      if (!reader->due)
        {
          g_cond_wait (&readers->changed, &readers->lock);
          continue;
        }
      reader->due = FALSE;
      g_mutex_unlock (&readers->lock);
      read_once (reader);
      g_mutex_lock (&readers->lock);
      reader->busy = reader->tally.is_stuck = FALSE;
      g_cond_broadcast (&readers->changed);
    }
  reader->busy = FALSE;
  g_cond_broadcast (&readers->changed);
  g_mutex_unlock (&readers->lock);
  return NULL;
}

/* -- all of them -- */

static Reader *
reader_at (const HmReaders *readers, guint i)
{
  return g_ptr_array_index (readers->all, i);
}

gboolean
hm_readers_start (HmReaders *readers, GError **error)
{
  for (guint i = 0; i < readers->all->len; i++)
    {
      Reader *reader = reader_at (readers, i);

      reader->thread = g_thread_try_new (reader->plugin->name, run, reader, error);
      if (reader->thread == NULL)
        return FALSE;
    }
  return TRUE;
}

/* -- a round; all under the lock -- */

static void
skip (HmReaders *readers, Reader *reader)
{
  HmLogFields fields = { .plugin = reader->plugin->name };

  readers->counts.skipped++;
  reader->tally.skipped++;
  reader->tally.is_stuck = TRUE;
  if (!reader->skipping)
    hm_log (G_LOG_LEVEL_WARNING, &fields,
            "pollster %s: still busy with the round before, skipped until it is done", reader->plugin->name);
  reader->skipping = TRUE;
}

static void
begin_round (Reader *reader, const HmDuty *duty)
{
  hm_roster_unref (reader->duty.roster);
  reader->duty = *duty;
  hm_roster_ref (duty->roster);
  reader->busy = reader->due = TRUE;
  reader->skipping = FALSE;
}

static void
kick_one (HmReaders *readers, Reader *reader, const HmDuty *duty)
{
  if (reader->busy)
    skip (readers, reader);
  else if (hm_quarantine_holds (readers->parts.quarantine, reader->plugin->name,
                                readers->parts.host.agent_id))
    reader->tally.quarantined++;
  else
    begin_round (reader, duty);
}

void
hm_readers_kick (HmReaders *readers, HmSourceSet due)
{
  HmRoster *roster = readers->roster;
  HmSourceSet of = hm_roster_of (roster, readers->parts.host.agent_id);
  HmDuty duty = { roster, due, of }, any = { roster, of, of }, none = { roster, 0, of };

  g_mutex_lock (&readers->lock);
  for (guint i = 0; i < readers->all->len; i++)
    {
      Reader *reader = reader_at (readers, i);

      if (hm_duty_has (&duty, i))
        kick_one (readers, reader, &duty);
      else if (reader->plugin->reading_pollster->sample != NULL && hm_duty_has (&any, i))
        kick_one (readers, reader, &none);
    }
  g_cond_broadcast (&readers->changed);
  g_mutex_unlock (&readers->lock);
}

/* (nullable) a worker that runs; under the lock. */
static const Reader *
find_busy (const HmReaders *readers)
{
  for (guint i = 0; i < readers->all->len; i++)
    if (reader_at (readers, i)->thread != NULL && reader_at (readers, i)->busy)
      return reader_at (readers, i);
  return NULL;
}

/* Under the lock. (nullable) who still ran at the end. */
static const Reader *
wait_for_all (HmReaders *readers, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean in_time = TRUE;
  const Reader *busy;

  while ((busy = find_busy (readers)) != NULL && in_time)
    in_time = g_cond_wait_until (&readers->changed, &readers->lock, deadline);
  return busy;
}

gboolean
hm_readers_wait (HmReaders *readers, gint64 timeout_ns)
{
  const Reader *busy;

  g_mutex_lock (&readers->lock);
  busy = wait_for_all (readers, timeout_ns);
  g_mutex_unlock (&readers->lock);
  return busy == NULL;
}

void
hm_readers_counts (HmReaders *readers, HmReaderCounts *ret_counts)
{
  g_mutex_lock (&readers->lock);
  *ret_counts = readers->counts;
  g_mutex_unlock (&readers->lock);
}

void
hm_readers_tallies (HmReaders *readers, GArray *tallies)
{
  g_mutex_lock (&readers->lock);
  for (guint i = 0; i < readers->all->len; i++)
    g_array_append_val (tallies, reader_at (readers, i)->tally);
  g_mutex_unlock (&readers->lock);
}

gboolean
hm_readers_stop (HmReaders *readers, gint64 timeout_ns)
{
  const Reader *busy;

  g_mutex_lock (&readers->lock);
  readers->stop = TRUE;
  g_cond_broadcast (&readers->changed);
  busy = wait_for_all (readers, timeout_ns);
  g_mutex_unlock (&readers->lock);
  if (busy != NULL)
    {
      hm_warning ("pollster %s: does not come back, left behind", busy->plugin->name);
      return FALSE;
    }
  for (guint i = 0; i < readers->all->len; i++)
    if (reader_at (readers, i)->thread != NULL)
      g_thread_join (g_steal_pointer (&reader_at (readers, i)->thread));
  return TRUE;
}
