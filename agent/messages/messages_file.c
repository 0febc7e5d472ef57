/* SPDX-License-Identifier: Apache-2.0 */
/* messages_file: see messages_file.h. One thread reads, cuts lines and dispatches. It sleeps in poll(2), on
 * the FIFO or, as a regular file cannot be polled for growth, for a second at a time; a pipe to itself wakes
 * it for the stop.
 *
 * How far a regular file was read is kept after each chunk whose lines were dispatched: a kill in between tells those
 * lines again, and never loses one. */
#include "agent/messages/messages_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/messages/messages_position.h"
#include "metering/error.h"
#include "metering/log.h"

#define NO_FILE       "neither a regular file nor a FIFO"
#define LOOK_AGAIN_MS 1000 /* at a file that may have grown, or that is not there yet */
#define CHUNK         65536

struct HmMessagesFile
{
  char *path;
  HmDispatcher *dispatcher;
  const HmClock *clock;
  int fd; /* -1: not there yet */
  gboolean is_fifo;
  off_t offset;    /* read so far, of a regular file */
  off_t taken;     /* behind the last line that ended */
  char *keep_path; /* (nullable) of the position's file */
  HmMessagesPosition position;
  GString *line;     /* begun and not yet ended */
  gboolean skipping; /* the rest of a line that is too long */
  gboolean complaining, complained_of_position;
  int wake[2];
  GThread *thread;
  gint is_stopping; /* atomic */
  GMutex lock;      /* of the next ones */
  GCond ended;
  gboolean is_running; /* the thread */
  HmMessagesCounts counts;
};

/* -- lines -- */

static void
count (HmMessagesFile *messages, guint64 *counter)
{
  g_mutex_lock (&messages->lock);
  (*counter)++;
  g_mutex_unlock (&messages->lock);
}

/* One line in the log when a burst of bad ones begins: who writes here may write a lot. */
static void
complain (HmMessagesFile *messages, const char *reason)
{
  if (!messages->complaining)
    hm_warning ("%s: a message is left out: %s", messages->path, reason);
  messages->complaining = TRUE;
}

static void
take_line (HmMessagesFile *messages)
{
  g_autoptr (GError) error = NULL;
  const GString *line = messages->line;

  if (line->len == 0 || (line->len == 1 && line->str[0] == '\r'))
    return;
  count (messages, &messages->counts.lines);
  if (hm_message_line_dispatch (messages->dispatcher, messages->clock, line->str, line->len, &error))
    {
      messages->complaining = FALSE;
      return;
    }
  count (messages, &messages->counts.bad);
  complain (messages, error->message);
}

static void
end_line (HmMessagesFile *messages)
{
  if (messages->skipping)
    {
      count (messages, &messages->counts.too_long);
      complain (messages, "its line is too long");
    }
  else
    take_line (messages);
  messages->skipping = FALSE;
  g_string_truncate (messages->line, 0);
}

static void
take_piece (HmMessagesFile *messages, const char *bytes, gsize length)
{
  if (messages->skipping || messages->line->len + length > HM_MESSAGE_LINE_MAX)
    {
      messages->skipping = TRUE;
      g_string_truncate (messages->line, 0);
      return;
    }
  g_string_append_len (messages->line, bytes, (gssize)length);
}

static gboolean
is_stopping (HmMessagesFile *messages)
{
  return g_atomic_int_get (&messages->is_stopping);
}

/* The next process goes on behind the last line of a file; what was read of a FIFO is nowhere else. */
static gboolean
must_leave_line (HmMessagesFile *messages)
{
  return !messages->is_fifo && is_stopping (messages);
}

static void
take_bytes (HmMessagesFile *messages, const char *bytes, gsize length)
{
  off_t at = messages->offset;
  const char *end;

  messages->offset += (off_t)length;
  while (!must_leave_line (messages) && (end = memchr (bytes, '\n', length)) != NULL)
    {
      take_piece (messages, bytes, (gsize)(end - bytes));
      end_line (messages);
      length -= (gsize)(end + 1 - bytes);
      at += end + 1 - bytes;
      messages->taken = at;
      bytes = end + 1;
    }
  take_piece (messages, bytes, length);
}

/* -- the position -- */

static void
keep_position (HmMessagesFile *messages, const HmMessagesPosition *position)
{
  g_autoptr (GError) error = NULL;

  messages->position = *position;
  if (messages->keep_path == NULL || hm_messages_position_save (messages->keep_path, position, &error))
    {
      messages->complained_of_position = FALSE;
      return;
    }
  if (!messages->complained_of_position)
    hm_warning ("%s: %s; after a start its messages may be told again", messages->path, error->message);
  messages->complained_of_position = TRUE;
}

/* Notes that all lines up to the last that ended went through. */
static void
note_taken (HmMessagesFile *messages)
{
  HmMessagesPosition position = messages->position;

  if (messages->is_fifo || position.offset == (guint64)messages->taken)
    return;
  position.offset = (guint64)messages->taken;
  keep_position (messages, &position);
}

/* Finds where to go on in the file that was just opened. */
static gboolean
find_position (HmMessagesFile *messages, const struct stat *st)
{
  guint64 offset = hm_messages_position_in (&messages->position, messages->fd, st);

  messages->position = (HmMessagesPosition){ .device = st->st_dev, .inode = st->st_ino, .offset = offset };
  messages->offset = messages->taken = (off_t)offset;
  return lseek (messages->fd, messages->offset, SEEK_SET) == messages->offset;
}

/* -- the file -- */

static gboolean
refuse (const char *path, const char *reason, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", path, reason);
  return FALSE;
}

static gboolean
can_be_followed (const struct stat *st)
{
  return S_ISREG (st->st_mode) || S_ISFIFO (st->st_mode);
}

/* Opens what is there. A FIFO is opened for writing too: then it never ends, whoever else opens and closes
 * it. */
static gboolean
open_path (HmMessagesFile *messages, GError **error)
{
  struct stat st, opened;

  if (stat (messages->path, &st) != 0)
    return errno == ENOENT || refuse (messages->path, g_strerror (errno), error);
  if (!can_be_followed (&st))
    return refuse (messages->path, NO_FILE, error);
  messages->is_fifo = S_ISFIFO (st.st_mode);
  messages->fd = open (messages->path, (messages->is_fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
  if (messages->fd >= 0
      && (messages->is_fifo || (fstat (messages->fd, &opened) == 0 && find_position (messages, &opened))))
    return TRUE;
  return refuse (messages->path, g_strerror (errno), error);
}

static void
close_path (HmMessagesFile *messages)
{
  if (messages->fd >= 0)
    close (messages->fd);
  messages->fd = -1;
  messages->skipping = FALSE;
  g_string_truncate (messages->line, 0);
}

/* A file that was replaced (rotated) or cut is begun anew, also by the next process. */
static void
follow_file (HmMessagesFile *messages)
{
  struct stat mine, theirs;

  if (messages->fd >= 0 && !messages->is_fifo && fstat (messages->fd, &mine) == 0
      && (stat (messages->path, &theirs) != 0 || mine.st_ino != theirs.st_ino || mine.st_dev != theirs.st_dev
          || mine.st_size < messages->offset))
    {
      close_path (messages);
      keep_position (messages, &(HmMessagesPosition){ 0 });
    }
}

static void
read_to_end (HmMessagesFile *messages)
{
  g_autofree char *chunk = g_malloc (CHUNK);
  ssize_t n;

  while (messages->fd >= 0 && !is_stopping (messages))
    {
      n = read (messages->fd, chunk, CHUNK);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return;
      take_bytes (messages, chunk, (gsize)n);
      note_taken (messages);
    }
}

guint64
hm_messages_file_read (HmMessagesFile *messages)
{
  guint64 before = messages->counts.lines;
  g_autoptr (GError) error = NULL;

  read_to_end (messages);
  follow_file (messages);
  if (messages->fd < 0 && !open_path (messages, &error))
    complain (messages, error->message);
  read_to_end (messages);
  return messages->counts.lines - before;
}

/* -- the thread -- */

static gboolean
is_stopped (const HmMessagesFile *messages)
{
  struct pollfd fds[2] = {
    { .fd = messages->wake[0], .events = POLLIN },
    { .fd = messages->is_fifo ? messages->fd : -1, .events = POLLIN },
  };
  gboolean forever = messages->fd >= 0 && messages->is_fifo;

  return poll (fds, G_N_ELEMENTS (fds), forever ? -1 : LOOK_AGAIN_MS) > 0 && fds[0].revents != 0;
}

static gpointer
run (gpointer data)
{
  HmMessagesFile *messages = data;

  do
    hm_messages_file_read (messages);
  while (!is_stopped (messages));
  g_mutex_lock (&messages->lock);
  messages->is_running = FALSE;
  g_cond_broadcast (&messages->ended);
  g_mutex_unlock (&messages->lock);
  return NULL;
}

gboolean
hm_messages_file_start (HmMessagesFile *messages, GError **error)
{
  messages->is_running = TRUE; /* before there is a thread that could say otherwise */
  messages->thread = g_thread_try_new ("messages", run, messages, error);
  if (messages->thread == NULL)
    messages->is_running = FALSE;
  return messages->thread != NULL;
}

HmMessagesFile *
hm_messages_file_new (const char *path, const char *state_dir, HmDispatcher *dispatcher, const HmClock *clock,
                      GError **error)
{
  HmMessagesFile *messages = g_new0 (HmMessagesFile, 1);

  messages->path = g_strdup (path);
  messages->dispatcher = dispatcher;
  messages->clock = clock;
  messages->fd = messages->wake[0] = messages->wake[1] = -1;
  messages->line = g_string_new (NULL);
  g_mutex_init (&messages->lock);
  g_cond_init (&messages->ended);
  if (state_dir != NULL)
    {
      messages->keep_path = g_build_filename (state_dir, "messages-position", NULL);
      hm_messages_position_load (messages->keep_path, &messages->position);
    }
  if (open_path (messages, error) && g_unix_open_pipe (messages->wake, FD_CLOEXEC, error))
    return messages;
  hm_messages_file_free (messages);
  return NULL;
}

gboolean
hm_messages_file_check (const char *path, GError **error)
{
  struct stat st;

  if (stat (path, &st) != 0)
    return errno == ENOENT || refuse (path, g_strerror (errno), error);
  if (!can_be_followed (&st))
    return refuse (path, NO_FILE, error);
  return access (path, S_ISFIFO (st.st_mode) ? R_OK | W_OK : R_OK) == 0
         || refuse (path, g_strerror (errno), error);
}

void
hm_messages_file_counts (HmMessagesFile *messages, HmMessagesCounts *ret_counts)
{
  g_mutex_lock (&messages->lock);
  *ret_counts = messages->counts;
  g_mutex_unlock (&messages->lock);
}

static void
close_wake (HmMessagesFile *messages, guint end)
{
  if (messages->wake[end] >= 0)
    close (messages->wake[end]);
  messages->wake[end] = -1;
}

gboolean
hm_messages_file_stop (HmMessagesFile *messages, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean in_time = TRUE, is_running;

  g_atomic_int_set (&messages->is_stopping, TRUE);
  close_wake (messages, 1);
  g_mutex_lock (&messages->lock);
  while (messages->is_running && in_time)
    in_time = g_cond_wait_until (&messages->ended, &messages->lock, deadline);
  is_running = messages->is_running;
  g_mutex_unlock (&messages->lock);
  if (!is_running && messages->thread != NULL)
    g_thread_join (g_steal_pointer (&messages->thread));
  return !is_running;
}

void
hm_messages_file_free (HmMessagesFile *messages)
{
  if (messages == NULL)
    return;
  close_wake (messages, 0);
  close_wake (messages, 1);
  close_path (messages);
  g_string_free (messages->line, TRUE);
  g_mutex_clear (&messages->lock);
  g_cond_clear (&messages->ended);
  g_free (messages->keep_path);
  g_free (messages->path);
  g_free (messages);
}
