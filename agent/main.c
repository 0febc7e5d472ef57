/* SPDX-License-Identifier: Apache-2.0 */
/* main: the program hypermeter-agent: command line, signals, exit status. */
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/health/listing.h"
#include "agent/schedule/polling_notes.h"
#include "agent/health/serve.h"
#include "metering/error.h"
#include "metering/log.h"
#include "metering/program.h"

/* -- command line -- */

static struct
{
  char *list_meters;
  char **namespaces;
  gboolean once;
} own;

/* An option whose argument may be left out comes through a callback: GOption has no other way. */
static gboolean
take_list_meters (const char *option G_GNUC_UNUSED, const char *value, gpointer user G_GNUC_UNUSED,
                  GError **error G_GNUC_UNUSED)
{
  g_free (own.list_meters);
  own.list_meters = g_strdup (value != NULL ? value : "here");
  return TRUE;
}

static const GOptionEntry entries[] = {
  { "namespace", 0, 0, G_OPTION_ARG_STRING_ARRAY, &own.namespaces,
    "Runs the sources of this namespace only; may be given several times", "NS" },
  { "once", 0, 0, G_OPTION_ARG_NONE, &own.once, "Polls everything once, delivers it and ends", NULL },
  { "list-meters", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (gpointer)take_list_meters,
    "Lists every meter, whether this host gives it, and why not; or without a look at the host as text, json "
    "or markdown",
    "FORMAT" },
  { NULL },
};

static const char examples[]
    = "Examples:\n"
      "  hypermeter-agent --once -o publisher:file.path=/dev/stdout\n"
      "      one poll of this host's guests, printed\n"
      "  hypermeter-agent -o publisher:kafka.kafka.bootstrap.servers=broker:9092 -o agent.interval=10s\n"
      "      every ten seconds, to a broker\n"
      "  hypermeter-agent --config my.conf --check-config\n"
      "      whether it would start\n"
      "\n"
      "Exit status: 0 done, 64 wrong usage, 69 hypervisor or broker not there, 70 internal error,\n"
      "73 a file cannot be created, 75 another agent has the state folder, 77 not permitted, 78 "
      "configuration.\n";

static gboolean act (const HmCommandLine *command, GError **error);

static const HmProgram program = {
  .name = "hypermeter-agent",
  .summary = "Measures what the virtual machines of this host use and sends it on.",
  .details = examples,
  .config_file = HM_AGENT_CONFIG_FILE,
  .entries = entries,
  .act = act,
};

/* -- configuration -- */

typedef struct
{
  HmSettings *settings;
  HmAgentConfig *config;
  HmRegistry *registry;
  GPtrArray *choices; /* (element-type HmPluginChoice) */
} Setup;

static void
clear_setup (Setup *setup)
{
  g_clear_pointer (&setup->choices, g_ptr_array_unref);
  g_clear_pointer (&setup->config, hm_agent_config_free);
  g_clear_pointer (&setup->registry, hm_registry_free);
  g_clear_pointer (&setup->settings, hm_settings_free);
}

/* The agent's own sections. @path (nullable): none is read. */
static gboolean
load_config (const HmCommandLine *command, const char *path, HmSettings **ret_settings,
             HmAgentConfig **ret_config, GError **error)
{
  const char *const *namespaces = (const char *const *)own.namespaces;
  g_autoptr (HmSettings) settings = hm_command_line_load (command, path, error);
  HmAgentConfig *config;

  if (settings == NULL)
    return FALSE;
  config = hm_agent_config_new (settings, path != NULL ? path : "command line", namespaces, error);
  if (config == NULL)
    return FALSE;
  *ret_settings = g_steal_pointer (&settings);
  *ret_config = config;
  return TRUE;
}

/* The plugins' sections. (transfer full) */
static GPtrArray *
choose_plugins (const HmRegistry *registry, HmSettings *settings, const HmAgentConfig *config, GError **error)
{
  g_autoptr (GPtrArray) choices = hm_agent_plugins_choose (registry, settings, config->where,
                                                           (const char *const *)config->namespaces, error);

  return choices != NULL && hm_settings_finish (settings, error) ? g_steal_pointer (&choices) : NULL;
}

/* @path (nullable): none is read. */
static gboolean
load_setup (Setup *setup, const HmCommandLine *command, const char *path, GError **error)
{
  if (!load_config (command, path, &setup->settings, &setup->config, error))
    return FALSE;
  setup->registry = hm_agent_plugins_scan (hm_options_text (setup->config->agent, "plugin-path"),
                                           (const char *const *)setup->config->namespaces);
  setup->choices = choose_plugins (setup->registry, setup->settings, setup->config, error);
  return setup->choices != NULL;
}

/* A module that was merely found and cannot be used is said and left out. */
static void
say_refused (const Setup *setup)
{
  const GPtrArray *refused = hm_registry_refused (setup->registry);

  for (guint i = 0; i < refused->len; i++)
    {
      const HmRefused *one = g_ptr_array_index (refused, i);

      hm_warning ("plugin %s: %s, left out", one->origin, one->reason);
    }
}

/* Whoever names a namespace wants something of it to run: a name that is misspelled runs nothing. */
static void
say_empty (const Setup *setup)
{
  for (char **ns = setup->config->namespaces; *ns != NULL; ns++)
    {
      g_autoptr (GPtrArray) plugins = hm_registry_list (setup->registry, *ns);

      if (plugins->len == 0)
        hm_warning ("%s, [agent]: namespaces: there is no plugin of %s, so nothing of it runs",
                    setup->config->where, *ns);
    }
}

/* Who sets a key wants to see it at work. */
static void
say_unused (const HmAgentConfig *config)
{
  static const char *const keys[] = { "interval", "meters" };
  const HmPollingSource *first = g_ptr_array_index (config->polling->sources, 0);

  for (guint i = 0; first->line > 0 && i < G_N_ELEMENTS (keys); i++)
    if (hm_options_is_set (config->agent, keys[i]))
      hm_notice ("[agent] %s is not used: %s says what is polled how often", keys[i], config->polling->where);
}

/* -- what only prints -- */

static gboolean
write_config (const HmCommandLine *command, GError **error)
{
  Setup setup = { 0 };
  g_autofree char *text = NULL;

  if (load_setup (&setup, command, NULL, error))
    text = hm_list_config (setup.config, setup.choices, TRUE);
  clear_setup (&setup);
  return text != NULL && hm_command_line_write_config (command, text, error);
}

static gboolean
list_meters (const Setup *setup, GError **error)
{
  HmAgentPorts ports = { .clock = hm_clock_system (), .inspector_new = hm_libvirt_inspector_new };
  g_autoptr (HmSurvey) survey = NULL;
  g_autofree char *text = NULL;

  if (g_str_equal (own.list_meters, "here"))
    {
      survey = hm_survey_run (setup->config, setup->choices, &ports);
      text = hm_list_meters_here (setup->registry, survey);
    }
  else
    text = hm_list_meters (setup->registry, own.list_meters, error);
  return text != NULL && hm_program_print (text, error);
}

static gboolean
list_plugins (const Setup *setup, GError **error)
{
  g_autofree char *text = hm_list_plugins (setup->registry, setup->choices);

  return hm_program_print (text, error);
}

static gboolean
print_config (const Setup *setup, GError **error)
{
  g_autofree char *text = hm_list_config (setup->config, setup->choices, FALSE);

  return hm_program_print (text, error);
}

/* -- the agent -- */

/* An agent that runs, and what it was started with. */
typedef struct
{
  const HmCommandLine *command;
  const Setup *setup;
  HmAgent *agent;
} Running;

/* The whole configuration as it is now, checked with the plugins that are loaded. */
static gboolean
load_anew (gpointer user, HmSettings **ret_settings, HmAgentConfig **ret_config, GError **error)
{
  const Running *running = user;
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmAgentConfig) config = NULL;
  g_autoptr (GPtrArray) choices = NULL;

  if (!load_config (running->command, hm_command_line_config_path (running->command), &settings, &config,
                    error))
    return FALSE;
  choices = choose_plugins (running->setup->registry, settings, config, error);
  if (choices == NULL)
    return FALSE;
  *ret_settings = g_steal_pointer (&settings);
  *ret_config = g_steal_pointer (&config);
  return TRUE;
}

static gboolean
check_polling (gpointer user G_GNUC_UNUSED, const HmPolling *polling, GError **error)
{
  return hm_agent_check_polling (polling, error);
}

static void
apply_polling (gpointer user, HmPolling *polling)
{
  const Running *running = user;

  hm_agent_set_polling (running->agent, polling);
  hm_polling_notes_say (polling, running->setup->choices);
}

static gboolean
run (Running *running, GError **error)
{
  HmAgent *agent = running->agent;
  const HmServing serving = { .agent = agent,
                              .settings = running->setup->settings,
                              .config = running->setup->config,
                              .reload = { load_anew, running, check_polling, apply_polling, running, NULL,
                                          hm_agent_keys (agent) } };

  if (!hm_agent_start (agent, error))
    return FALSE;
  if (own.once)
    return hm_agent_once (agent, error);
  if (!hm_agent_run (agent, error))
    return FALSE;
  hm_serve (&serving);
  return TRUE;
}

static void
say_start (const Setup *setup)
{
  g_autofree char *line = hm_list_start (setup->config, setup->choices);

  hm_notice ("%s", line);
}

static gboolean
run_agent (const Setup *setup, const HmCommandLine *command, GError **error)
{
  HmAgentPorts ports = { .clock = hm_clock_system (),
                         .inspector_new = hm_libvirt_inspector_new,
                         .checks = command->check_config };
  HmAgent *agent = hm_agent_new (setup->config, setup->choices, &ports, error);
  Running running = { command, setup, agent };
  gboolean good, clean;

  if (agent == NULL)
    return FALSE;
  say_unused (setup->config);
  hm_polling_notes_say (setup->config->polling, setup->choices);
  if (command->check_config)
    {
      hm_agent_free (agent);
      return hm_program_print_good (error);
    }
  hm_log_start (program.name);
  say_start (setup);
  good = run (&running, error);
  clean = hm_agent_stop (agent);
  hm_log_stop ();
  /* Something hangs and still uses memory that a regular end would free. */
  if (!clean)
    _exit (hm_program_conclude (&program, error != NULL ? *error : NULL));
  hm_agent_free (agent);
  return good;
}

static gboolean
act_on (Setup *setup, const HmCommandLine *command, GError **error)
{
  if (command->write_config != NULL)
    return write_config (command, error);
  if (!load_setup (setup, command, hm_command_line_config_path (command), error))
    return FALSE;
  hm_log_set_level (hm_options_text (setup->config->agent, "log-level"));
  if (own.list_meters != NULL)
    return list_meters (setup, error);
  if (command->list_plugins)
    return list_plugins (setup, error);
  say_refused (setup);
  say_empty (setup);
  return command->print_config ? print_config (setup, error) : run_agent (setup, command, error);
}

static gboolean
act (const HmCommandLine *command, GError **error)
{
  Setup setup = { 0 };
  gboolean good;

  if (!own.once && own.list_meters == NULL)
    hm_command_line_hold_reload (command);
  good = act_on (&setup, command, error);
  clear_setup (&setup);
  return good;
}

/* Start: read the command line; read and check the whole configuration; load the plugins; create them all,
 * which opens nothing; lock the state folder; start the publishers, then the inspector with its events, the
 * readers and the message file, and the schedule last.
 *
 * Then this thread sleeps until a signal. The scheduler's thread polls, the inspector's thread hands in
 * events, each reading pollster has a thread, each publisher has one that feeds it and its own.
 *
 * Stop, in reverse and all of it whatever fails: no new poll begins, one that runs may end; the sources stop;
 * what waits is sent until the time limit (stop-timeout); the publishers are closed; the lock is given back.
 */
int
main (int argc, char **argv)
{
  int status;

  /* Threads that mostly sleep do not need a heap each. Before the first thread. */
  mallopt (M_ARENA_MAX, 2);
  signal (SIGPIPE, SIG_IGN);
  status = hm_program_run (&program, argc, argv);
  g_free (own.list_meters);
  g_strfreev (own.namespaces);
  return status;
}
