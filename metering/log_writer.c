/* SPDX-License-Identifier: Apache-2.0 */
/* log_writer: a bounded queue and the one thread that may wait for whoever reads the log.
 *
 * Any thread puts lines in and never waits longer than it takes to link one into the queue; the writing
 * thread holds the lock only to take one out. When the reader has stalled for good the program can still end:
 * the thread is left to its write, and the queue belongs to it. */
#include "metering/log_private.h"

#include <signal.h>
#include <string.h>

#include "metering/count.h"

#define TICK_US (5 * G_TIME_SPAN_SECOND)

struct HmLogWriter
{
  gint refs; /* one of the starter, one of the thread */
  char *program;
  HmLogTick tick;
  GThread *thread;

  GMutex lock;
  GCond changed;
  /* under the lock */
  GQueue lines;    /* (element-type HmLogLine) */
  gboolean busy;   /* the thread is writing a line */
  gboolean ending; /* no more lines will come */
  gboolean ended;  /* the thread has nothing more to write */
  guint dropped;   /* lines since this was last said */
};

static void
free_line (gpointer data)
{
  hm_log_line_free (data);
}

static void
writer_unref (HmLogWriter *writer)
{
  if (!g_atomic_int_dec_and_test (&writer->refs))
    return;
  g_queue_clear_full (&writer->lines, free_line);
  g_mutex_clear (&writer->lock);
  g_cond_clear (&writer->changed);
  g_free (writer->program);
  g_free (writer);
}

/* -- the thread -- */

/* Queues a line that says how many are missing in its place. Called under the lock. */
static void
say_dropped (HmLogWriter *writer)
{
  g_autofree char *lines = NULL, *text = NULL;

  if (writer->dropped == 0)
    return;
  lines = hm_count_print (writer->dropped, "line");
  text = g_strconcat (lines, " of the log dropped here: nobody read them in time", NULL);
  writer->dropped = 0;
  g_queue_push_tail (&writer->lines, hm_log_line_new (G_LOG_LEVEL_WARNING, NULL, NULL, text));
}

/* What is to be written next. Called under the lock. (nullable) */
static HmLogLine *
next_line (HmLogWriter *writer)
{
  if (writer->lines.head == NULL)
    say_dropped (writer);
  return g_queue_pop_head (&writer->lines);
}

/* Waits for a line. NULL: a tick has passed without one, or this is the end. Called under the lock. */
static HmLogLine *
wait_for_line (HmLogWriter *writer)
{
  gint64 until = g_get_monotonic_time () + TICK_US;
  HmLogLine *line;

  while ((line = next_line (writer)) == NULL && !writer->ending)
    if (!g_cond_wait_until (&writer->changed, &writer->lock, until))
      break;
  return line;
}

static gpointer
run (gpointer data)
{
  HmLogWriter *writer = data;
  gboolean ended = FALSE;

  while (!ended)
    {
      g_autoptr (HmLogLine) line = NULL;

      g_mutex_lock (&writer->lock);
      writer->busy = FALSE;
      line = wait_for_line (writer);
      writer->busy = line != NULL;
      ended = writer->ended = line == NULL && writer->ending;
      g_cond_broadcast (&writer->changed);
      g_mutex_unlock (&writer->lock);

      if (line != NULL)
        hm_log_line_write (line, writer->program);
      else if (!ended)
        writer->tick ();
    }
  writer_unref (writer);
  return NULL;
}

/* Signals are for the program's other threads; and one that writes to a reader who left must not kill it. */
static GThread *
start_thread (HmLogWriter *writer)
{
  sigset_t all, before;
  GThread *thread;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_new ("log", run, writer);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return thread;
}

/* -- everybody else -- */

HmLogWriter *
hm_log_writer_start (const char *program, HmLogTick tick)
{
  HmLogWriter *writer = g_new0 (HmLogWriter, 1);

  writer->refs = 2;
  writer->program = g_strdup (program);
  writer->tick = tick;
  g_mutex_init (&writer->lock);
  g_cond_init (&writer->changed);
  g_queue_init (&writer->lines);
  writer->thread = start_thread (writer);
  return writer;
}

gboolean
hm_log_writer_put (HmLogWriter *writer, HmLogLine *line)
{
  gboolean fits;

  g_mutex_lock (&writer->lock);
  fits = writer->lines.length < HM_LOG_QUEUE_MAX;
  if (fits)
    {
      say_dropped (writer);
      g_queue_push_tail (&writer->lines, line);
    }
  else
    writer->dropped++;
  g_cond_broadcast (&writer->changed);
  g_mutex_unlock (&writer->lock);

  if (!fits)
    hm_log_line_free (line);
  return fits;
}

guint
hm_log_writer_stop (HmLogWriter *writer, gint64 timeout_us)
{
  gint64 until = g_get_monotonic_time () + timeout_us;
  GThread *thread = writer->thread;
  guint unwritten = 0;
  gboolean ended;

  g_mutex_lock (&writer->lock);
  writer->ending = TRUE;
  g_cond_broadcast (&writer->changed);
  while (!writer->ended && g_cond_wait_until (&writer->changed, &writer->lock, until))
    continue;
  ended = writer->ended;
  if (!ended)
    {
      unwritten = writer->lines.length + writer->busy;
      g_queue_clear_full (&writer->lines, free_line);
    }
  g_mutex_unlock (&writer->lock);

  if (ended)
    g_thread_join (thread);
  else
    g_thread_unref (thread);
  writer_unref (writer);
  return unwritten;
}

gboolean
hm_log_writer_is_self (const HmLogWriter *writer)
{
  return writer->thread == g_thread_self ();
}
