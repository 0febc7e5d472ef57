/* SPDX-License-Identifier: Apache-2.0 */
/* log: where every line begins: the level, the folding, and which way it goes.
 *
 * Called from any thread. The lock is held to look at the table of repeats and to hand lines to the queue,
 * never while anything is written. */
#include "metering/log_private.h"

#include <string.h>

#define STOP_US G_TIME_SPAN_SECOND

static struct
{
  GMutex lock;
  /* under the lock */
  HmLogFold *fold;
  HmLogWriter *writer; /* NULL: lines are written at once */
  const HmClock *clock;
  HmLogCapture capture;
  gpointer capture_user;
  gboolean stalled; /* nobody read at the stop: writing at once would wait for ever */
  char *program;
  guint64 dropped;
} the;

/* The least important level that is written; g_atomic. */
static gint threshold = G_LOG_LEVEL_MESSAGE;

/* -- levels -- */

gboolean
hm_log_set_level (const char *name)
{
  static const struct
  {
    const char *name;
    GLogLevelFlags level;
  } levels[] = { { "debug", G_LOG_LEVEL_DEBUG },
                 { "info", G_LOG_LEVEL_INFO },
                 { "notice", G_LOG_LEVEL_MESSAGE },
                 { "warning", G_LOG_LEVEL_WARNING },
                 { "error", G_LOG_LEVEL_CRITICAL } };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_strcmp0 (name, levels[i].name) == 0)
      {
        g_atomic_int_set (&threshold, levels[i].level);
        return TRUE;
      }
  return FALSE;
}

/* GLib's levels grow with unimportance. */
static gboolean
is_shown (GLogLevelFlags level)
{
  return (gint)(level & G_LOG_LEVEL_MASK) <= g_atomic_int_get (&threshold);
}

/* -- the ways of a line -- */

static void
free_line (gpointer data)
{
  hm_log_line_free (data);
}

static gint64
now (void)
{
  const HmClock *clock = the.clock != NULL ? the.clock : hm_clock_system ();

  return clock->monotonic (clock);
}

/* Called under the lock. (transfer full) */
static char *
program_name (void)
{
  const char *name = the.program != NULL ? the.program : g_get_prgname ();

  return g_strdup (name != NULL ? name : "hypermeter");
}

/* Hands @lines to the queue; what it takes leaves @lines. Called under the lock. */
static void
enqueue (GPtrArray *lines)
{
  while (lines->len > 0)
    if (!hm_log_writer_put (the.writer, g_ptr_array_steal_index (lines, 0)))
      the.dropped++;
}

/* Writes @lines here and now, or gives them to the test that listens. Not under the lock. */
static void
write_now (GPtrArray *lines, HmLogCapture capture, gpointer user, const char *program)
{
  for (guint i = 0; i < lines->len; i++)
    {
      const HmLogLine *line = g_ptr_array_index (lines, i);
      const HmLogFields fields = { line->plugin, line->resource, line->meter, line->topic };

      if (capture != NULL)
        capture (line->level, &fields, line->text, user);
      else
        hm_log_line_write (line, program);
    }
}

/* Ends the critical section that began with locking: sends @lines their way. */
static void
send_and_unlock (GPtrArray *lines)
{
  HmLogCapture capture = the.capture;
  gpointer user = the.capture_user;
  g_autofree char *program = program_name ();

  if (capture == NULL && the.writer != NULL)
    enqueue (lines);
  else if (capture == NULL && the.stalled)
    {
      the.dropped += lines->len;
      g_ptr_array_set_size (lines, 0);
    }
  g_mutex_unlock (&the.lock);

  write_now (lines, capture, user, program);
}

/* Takes @line (transfer full). */
static void
submit (HmLogLine *line)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (free_line);

  g_mutex_lock (&the.lock);
  if (the.fold == NULL)
    the.fold = hm_log_fold_new ();
  if (hm_log_fold_take (the.fold, line, now (), lines))
    g_ptr_array_add (lines, line);
  else
    hm_log_line_free (line);
  send_and_unlock (lines);
}

/* Says how often what was repeated, for every minute that is over at @when. */
static void
submit_repeats (gint64 when)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (free_line);

  g_mutex_lock (&the.lock);
  if (the.fold != NULL)
    hm_log_fold_due (the.fold, when, lines);
  send_and_unlock (lines);
}

void
hm_log (GLogLevelFlags level, const HmLogFields *fields, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (!is_shown (level))
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  submit (hm_log_line_new (level, NULL, fields, text));
}

/* -- lines of other libraries -- */

/* The text of the field @key; NULL when there is none. (transfer full) */
static char *
field_text (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].length < 0 ? g_strdup (fields[i].value)
                                  : g_strndup (fields[i].value, (gsize)fields[i].length);
  return NULL;
}

/* GLib ends the program right after a fatal line, so that one must be out by then. */
static void
write_fatal (const HmLogLine *line)
{
  g_autofree char *program = NULL;
  gboolean own_thread;

  g_mutex_lock (&the.lock);
  own_thread = the.writer != NULL && hm_log_writer_is_self (the.writer);
  program = program_name ();
  g_mutex_unlock (&the.lock);
  if (!own_thread)
    hm_log_stop ();
  hm_log_line_write (line, program);
}

static GLogWriterOutput
take_foreign (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer unused)
{
  g_autofree char *text = field_text (fields, n_fields, "MESSAGE");
  g_autofree char *domain = field_text (fields, n_fields, "GLIB_DOMAIN");
  g_autoptr (HmLogLine) line = NULL;

  (void)unused;
  if (!is_shown (level))
    return G_LOG_WRITER_HANDLED;
  line = hm_log_line_new (level & G_LOG_LEVEL_MASK, domain, NULL, text != NULL ? text : "");
  if ((level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_ERROR)) != 0)
    write_fatal (line);
  else
    submit (g_steal_pointer (&line));
  return G_LOG_WRITER_HANDLED;
}

/* -- start and stop -- */

static void
tick (void)
{
  gint64 when;

  g_mutex_lock (&the.lock);
  when = now ();
  g_mutex_unlock (&the.lock);
  submit_repeats (when);
}

void
hm_log_start (const char *program)
{
  static gsize installed = 0;
  HmLogWriter *writer = NULL;

  if (g_once_init_enter (&installed))
    {
      g_log_set_writer_func (take_foreign, NULL, NULL);
      g_once_init_leave (&installed, 1);
    }
  if (the.writer == NULL) /* only this thread starts and stops it */
    writer = hm_log_writer_start (program, tick);
  g_mutex_lock (&the.lock);
  g_free (the.program);
  the.program = g_strdup (program);
  the.stalled = FALSE;
  if (writer != NULL)
    the.writer = writer;
  g_mutex_unlock (&the.lock);
}

void
hm_log_stop (void)
{
  HmLogWriter *writer;
  guint unwritten;

  submit_repeats (G_MAXINT64);
  g_mutex_lock (&the.lock);
  writer = g_steal_pointer (&the.writer);
  g_clear_pointer (&the.fold, hm_log_fold_free);
  g_mutex_unlock (&the.lock);
  if (writer == NULL)
    return;

  unwritten = hm_log_writer_stop (writer, STOP_US);
  g_mutex_lock (&the.lock);
  the.dropped += unwritten;
  the.stalled = unwritten > 0;
  g_mutex_unlock (&the.lock);
}

/* -- tests and self-metrics -- */

void
hm_log_capture (HmLogCapture capture, gpointer user)
{
  g_mutex_lock (&the.lock);
  the.capture = capture;
  the.capture_user = user;
  g_clear_pointer (&the.fold, hm_log_fold_free);
  g_mutex_unlock (&the.lock);
}

void
hm_log_set_clock (const HmClock *clock)
{
  g_mutex_lock (&the.lock);
  the.clock = clock;
  g_mutex_unlock (&the.lock);
}

guint64
hm_log_dropped (void)
{
  guint64 dropped;

  g_mutex_lock (&the.lock);
  dropped = the.dropped;
  g_mutex_unlock (&the.lock);
  return dropped;
}
