/* SPDX-License-Identifier: Apache-2.0 */
/* folder_watch: see folder_watch.h. Its own few lines of inotify: GFileMonitor would keep a thread for them, and libvirt has GLib's
 * default context. In the context, and so on the thread, of the program's main loop. */
#include "agent/schedule/folder_watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <glib-unix.h>

#include "metering/log.h"

#define SETTLE_MS 300 /* how long an editor's dance of renames may take */
#define WATCHED   (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)

struct HmFolderWatch
{
  GMainContext *context;
  void (*changed) (gpointer user);
  gpointer user;
  int fd;
  GSource *readable;
  GSource *settling; /* (nullable) */
};

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean
on_settled (gpointer user)
{
  HmFolderWatch *watch = user;

  drop_source (&watch->settling);
  watch->changed (watch->user);
  return G_SOURCE_REMOVE;
}

/* What happened does not matter: whoever is told looks anew. */
static void
drain (int fd)
{
  char buffer[4096];

  while (read (fd, buffer, sizeof buffer) > 0)
    continue;
}

static gboolean
on_readable (gint fd, GIOCondition condition G_GNUC_UNUSED, gpointer user)
{
  HmFolderWatch *watch = user;

  drain (fd);
  if (watch->settling != NULL)
    return G_SOURCE_CONTINUE;
  watch->settling = g_timeout_source_new (SETTLE_MS);
  g_source_set_callback (watch->settling, on_settled, watch, NULL);
  g_source_attach (watch->settling, watch->context);
  return G_SOURCE_CONTINUE;
}

HmFolderWatch *
hm_folder_watch_new (const char *folder, GMainContext *context, void (*changed) (gpointer user),
                     gpointer user)
{
  int fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  HmFolderWatch *watch;

  if (fd < 0 || inotify_add_watch (fd, folder, WATCHED) < 0)
    {
      if (errno != ENOENT)
        hm_warning ("%s: %s: a change of a file in it is found by SIGHUP alone", folder, g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  watch = g_new0 (HmFolderWatch, 1);
  *watch = (HmFolderWatch){ g_main_context_ref (context), changed, user, fd, NULL, NULL };
  watch->readable = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (watch->readable, G_SOURCE_FUNC (on_readable), watch, NULL);
  g_source_attach (watch->readable, context);
  return watch;
}

void
hm_folder_watch_free (HmFolderWatch *watch)
{
  if (watch == NULL)
    return;
  drop_source (&watch->settling);
  drop_source (&watch->readable);
  close (watch->fd);
  g_main_context_unref (watch->context);
  g_free (watch);
}
