/* SPDX-License-Identifier: Apache-2.0 */
/* control: see control.h. A daemon makes it when it runs, and frees it before it stops.
 *
 * Who holds the lock beside the socket (flock(2), never removed) owns it: so a socket that lies there then is a dead
 * one's. Between bind and listen nobody can connect, which is when the socket gets its mode. Everything else happens on
 * the one thread, with a main context of its own: GLib's default one is libvirt's. */
#include "metering/control.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "metering/control_client.h"
#include "metering/error.h"
#include "metering/log.h"

#define TIMEOUT_MS     10000
#define RETRY_MS       1000
#define PEER_GROUPS    256
#define LOCK_SUFFIX    ".lock"
#define CONTROL_THREAD "control"

struct HmControl
{
  HmControlTalk talk;
  char *path;
  int lock; /* descriptor */
  GSocket *socket;
  GMainLoop *loop;
  GThread *thread; /* (nullable) */
  GList *clients;  /* (element-type HmControlClient), the control thread's */
};

/* -- making the socket -- */

static gboolean
fail (const char *path, int number, GError **error)
{
  HmError code = number == EACCES || number == EPERM ? HM_ERROR_PERMISSION : HM_ERROR_CREATE;

  g_set_error (error, HM_ERROR, code, "%s: %s", path, g_strerror (number));
  return FALSE;
}

static gboolean
make_folder (const char *folder, GError **error)
{
  return g_mkdir (folder, 0750) == 0 || errno == EEXIST || fail (folder, errno, error);
}

static gboolean
take_lock (HmControl *control, GError **error)
{
  g_autofree char *path = g_strconcat (control->path, LOCK_SUFFIX, NULL);

  control->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (control->lock < 0)
    return fail (path, errno, error);
  if (flock (control->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    return fail (path, errno, error);
  g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: another process has it", control->path);
  return FALSE;
}

static gboolean
bind_socket (HmControl *control, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (control->path);
  g_autoptr (GError) local = NULL;

  control->socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, &local);
  if (control->socket != NULL)
    {
      g_socket_set_blocking (control->socket, FALSE);
      g_socket_set_listen_backlog (control->socket, HM_CONTROL_CLIENTS_MAX);
      if (g_socket_bind (control->socket, address, FALSE, &local))
        return TRUE;
    }
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", control->path, local->message);
  return FALSE;
}

static gboolean
listen_to (HmControl *control, GError **error)
{
  if (strlen (control->path) >= sizeof ((struct sockaddr_un *)NULL)->sun_path)
    return fail (control->path, ENAMETOOLONG, error);
  if (g_unlink (control->path) != 0 && errno != ENOENT)
    return fail (control->path, errno, error);
  if (!bind_socket (control, error))
    return FALSE;
  if (g_chmod (control->path, 0660) != 0)
    return fail (control->path, errno, error);
  return g_socket_listen (control->socket, error);
}

/* -- who may talk -- */

gboolean
hm_control_admits (guint uid, const guint *groups, guint n_groups, guint own_uid, guint own_gid)
{
  if (uid == 0 || uid == own_uid)
    return TRUE;
  for (guint i = 0; i < n_groups; i++)
    if (groups[i] == own_gid)
      return TRUE;
  return FALSE;
}

/* The mode of the socket says the same. This holds where somebody opened its folder wider than it was made. */
static gboolean
admits (int fd)
{
  struct ucred peer;
  guint groups[PEER_GROUPS + 1];
  socklen_t size = sizeof peer, groups_size = PEER_GROUPS * sizeof groups[0];
  guint n = 0;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return FALSE;
  if (getsockopt (fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) == 0)
    n = (guint)(groups_size / sizeof groups[0]);
  groups[n++] = peer.gid;
  return hm_control_admits (peer.uid, groups, n, geteuid (), getegid ());
}

/* -- on the thread -- */

static void
on_ended (HmControlClient *client, gpointer user)
{
  HmControl *control = user;

  control->clients = g_list_remove (control->clients, client);
  hm_control_client_free (client);
}

/* Who is refused is told why, which a new socket always has room for, and is gone then: so these need no limit. */
static void
take_client (HmControl *control, GSocket *socket)
{
  g_autoptr (GError) refusal = NULL;

  if (!admits (g_socket_get_fd (socket)))
    g_set_error_literal (&refusal, HM_ERROR, HM_ERROR_PERMISSION, "this socket is for owner and group only");
  else if (g_list_length (control->clients) >= HM_CONTROL_CLIENTS_MAX)
    g_set_error_literal (&refusal, HM_ERROR, HM_ERROR_TEMPORARY, "too many talk here now");
  control->clients
      = g_list_prepend (control->clients, hm_control_client_new (socket, &control->talk, refusal));
}

static void watch_socket (HmControl *control);

static gboolean
on_retry (gpointer user)
{
  watch_socket (user);
  return G_SOURCE_REMOVE;
}

/* Out of descriptors, most likely: who waits will wait, and this thread does not spin. */
static void
pause_listening (HmControl *control)
{
  GSource *source = g_timeout_source_new (RETRY_MS);

  g_source_set_callback (source, on_retry, control, NULL);
  g_source_attach (source, control->talk.context);
  g_source_unref (source);
}

static gboolean
on_client (GSocket *listener, GIOCondition condition G_GNUC_UNUSED, gpointer user)
{
  HmControl *control = user;
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_accept (listener, NULL, &error);

  if (socket != NULL)
    take_client (control, socket);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      hm_warning ("control socket: %s", error->message);
      pause_listening (control);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
watch_socket (HmControl *control)
{
  GSource *source = g_socket_create_source (control->socket, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_client), control, NULL);
  g_source_attach (source, control->talk.context);
  g_source_unref (source);
}

static void
free_client (gpointer client)
{
  hm_control_client_free (client);
}

static gpointer
run (gpointer user)
{
  HmControl *control = user;

  g_main_loop_run (control->loop);
  g_list_free_full (g_steal_pointer (&control->clients), free_client);
  return NULL;
}

/* -- life -- */

HmControl *
hm_control_new (const HmControlParts *parts, GError **error)
{
  g_autoptr (HmControl) control = g_new0 (HmControl, 1);

  control->lock = -1;
  control->path
      = g_build_filename (parts->folder, parts->socket != NULL ? parts->socket : HM_CONTROL_SOCKET, NULL);
  control->talk = (HmControlTalk){
    .commands = parts->commands,
    .user = parts->user,
    .timeout_ms = parts->timeout_ms > 0 ? parts->timeout_ms : TIMEOUT_MS,
    .context = g_main_context_new (),
    .ended = on_ended,
    .owner = control,
  };
  control->loop = g_main_loop_new (control->talk.context, FALSE);
  if (!make_folder (parts->folder, error) || !take_lock (control, error) || !listen_to (control, error))
    return NULL;
  watch_socket (control);
  control->thread = g_thread_try_new (CONTROL_THREAD, run, control, error);
  return control->thread != NULL ? g_steal_pointer (&control) : NULL;
}

static gboolean
on_quit (gpointer user)
{
  g_main_loop_quit (user);
  return G_SOURCE_REMOVE;
}

/* A quit before the loop runs would be lost: it is told to on its own thread. */
static void
stop_thread (HmControl *control)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, on_quit, control->loop, NULL);
  g_source_attach (source, control->talk.context);
  g_source_unref (source);
  g_thread_join (control->thread);
}

void
hm_control_free (HmControl *control)
{
  if (control == NULL)
    return;
  if (control->thread != NULL)
    stop_thread (control);
  if (control->socket != NULL)
    {
      g_unlink (control->path);
      g_object_unref (control->socket);
    }
  if (control->lock >= 0)
    close (control->lock);
  g_main_loop_unref (control->loop);
  g_main_context_unref (control->talk.context);
  g_free (control->path);
  g_free (control);
}
