/* SPDX-License-Identifier: Apache-2.0 */
/* serve: see serve.h. GLib's default context is libvirt's: this loop has its own. */
#include "agent/health/serve.h"

#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/health/health.h"
#include "metering/log.h"
#include "metering/service.h"

/* Of one call of hm_serve(). */
typedef struct
{
  GMainLoop *loop;
  HmService *service;
  HmReload *reload;
  HmAgent *agent;
} Serving;

static gboolean
on_stop (gpointer user)
{
  const Serving *serving = user;

  g_main_loop_quit (serving->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload (gint fd, GIOCondition condition G_GNUC_UNUSED, gpointer user)
{
  const Serving *serving = user;
  struct signalfd_siginfo taken;

  if (read (fd, &taken, sizeof taken) != sizeof taken)
    return G_SOURCE_CONTINUE;
  hm_service_reloading (serving->service);
  hm_agent_reopen (serving->agent);
  hm_reload_all (serving->reload);
  hm_service_ready (serving->service);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_beat (gpointer user)
{
  const Serving *serving = user;

  hm_service_beat (serving->service);
  return G_SOURCE_CONTINUE;
}

/* Runs the loop with @source (transfer full) in it, and calls @func with @serving when it is ready. */
static void
add_source (GPtrArray *sources, GSource *source, GSourceFunc func, Serving *serving)
{
  g_source_set_callback (source, func, serving, NULL);
  g_source_attach (source, g_main_loop_get_context (serving->loop));
  g_ptr_array_add (sources, source);
}

static void
end_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* GLib would let it go on to its default, which ends the process, as soon as nobody watches any more: until the stop has sent what waits. */
static int
open_reload (void)
{
  sigset_t reload;
  int fd;

  sigemptyset (&reload);
  sigaddset (&reload, SIGHUP);
  fd = signalfd (-1, &reload, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0)
    hm_warning ("SIGHUP is not heard: %s", g_strerror (errno));
  return fd;
}

/* From here on signals are answered, also one that came during the start. (transfer full) (element-type GSource) */
static GPtrArray *
watch_signals (Serving *serving, int reload_fd)
{
  GPtrArray *sources = g_ptr_array_new_with_free_func (end_source);
  guint interval = hm_service_interval_ms (serving->service);

  add_source (sources, g_unix_signal_source_new (SIGTERM), on_stop, serving);
  add_source (sources, g_unix_signal_source_new (SIGINT), on_stop, serving);
  if (reload_fd >= 0)
    add_source (sources, g_unix_fd_source_new (reload_fd, G_IO_IN), G_SOURCE_FUNC (on_reload), serving);
  if (interval > 0)
    add_source (sources, g_timeout_source_new (interval), on_beat, serving);
  return sources;
}

/* (nullable) Metering goes on without it: one that cannot be asked still measures. */
static HmControl *
start_control (const HmServing *what)
{
  HmControlParts parts = { .folder = hm_options_text (what->config->agent, "runtime-dir"),
                           .commands = hm_agent_commands,
                           .user = what->agent };
  g_autoptr (GError) error = NULL;
  HmControl *control = hm_control_new (&parts, &error);

  if (control == NULL)
    hm_warning ("control socket: %s; this agent cannot be asked for its status", error->message);
  return control;
}

/* The same. */
static void
start_endpoint (HmAgent *agent)
{
  g_autoptr (GError) error = NULL;

  if (!hm_agent_listen (agent, &error))
    hm_warning ("[agent] listen: %s; health is not served", error->message);
}

void
hm_serve (const HmServing *what)
{
  HmServiceParts service_parts = {
    .progresses = hm_agent_progresses, .describe = hm_agent_describe, .work = "the polls", .user = what->agent
  };
  HmReloadParts reload_parts = what->reload;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (context, FALSE);
  g_autoptr (HmService) service = hm_service_new (&service_parts);
  g_autoptr (HmControl) control = start_control (what);
  g_autoptr (HmReload) reload = NULL;
  g_autoptr (GPtrArray) sources = NULL;
  Serving serving = { .loop = loop, .service = service, .agent = what->agent };
  int reload_fd = open_reload ();

  reload_parts.context = context;
  reload = serving.reload = hm_reload_new (&reload_parts, what->settings, what->config);
  start_endpoint (what->agent);
  /* Before anybody is told that it runs, who may ask for something at once. */
  sources = watch_signals (&serving, reload_fd);
  hm_notice ("running");
  hm_service_ready (service);
  /* What the start needed and nobody will need again. */
  malloc_trim (0);
  g_main_loop_run (loop);
  g_clear_pointer (&sources, g_ptr_array_unref);
  if (reload_fd >= 0)
    close (reload_fd);
  hm_service_stopping (service);
  hm_notice ("stopping");
}
