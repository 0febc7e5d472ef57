/* SPDX-License-Identifier: Apache-2.0 */
/* main: the program hypermeter-collector: command line, signals, exit status. */
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "collector/check.h"
#include "collector/collector.h"
#include "metering/error.h"
#include "metering/log.h"
#include "metering/program.h"
#include "metering/registry.h"

/* -- command line -- */

static gboolean until_end;

static const GOptionEntry entries[] = {
  { "until-end", 0, 0, G_OPTION_ARG_NONE, &until_end,
    "Collects what is on the bus now, to the end of each partition, and ends", NULL },
  { NULL },
};

static const char examples[]
    = "Examples:\n"
      "  hypermeter-collector -o source.kafka.bootstrap.servers=broker:9092 -o "
      "store.url=sqlite:///var/tmp/usage.db\n"
      "      collects into one file, for as long as it runs\n"
      "  hypermeter-collector --config my.conf --until-end\n"
      "      takes what is on the bus now, and ends\n"
      "  hypermeter-collector --config my.conf --check-config\n"
      "      whether it would start\n"
      "\n"
      "Exit status: 0 done, 1 a partition had to be halted or the store is not this "
      "program's,\n"
      "64 wrong usage, 69 broker or database not there, 70 the store is damaged, or a "
      "fault of the program,\n"
      "73 a file cannot be created, 75 another collector has the store or the state "
      "folder,\n"
      "77 not permitted, 78 configuration.\n";

static gboolean act (const HmCommandLine *command, GError **error);

static const HmProgram program = {
  .name = "hypermeter-collector",
  .summary = "Takes the records of all agents from Kafka and keeps usage, each sample once.",
  .details = examples,
  .config_file = HM_COLLECTOR_CONFIG_FILE,
  .entries = entries,
  .act = act,
};

/* -- what only prints -- */

/* @path (nullable): none is read. */
static HmCollectorConfig *
load_config (const HmCommandLine *command, const char *path, GError **error)
{
  g_autoptr (HmSettings) settings = hm_command_line_load (command, path, error);

  return settings != NULL ? hm_collector_config_new (settings, path != NULL ? path : "command line", error)
                          : NULL;
}

static gboolean
write_config (const HmCommandLine *command, GError **error)
{
  g_autoptr (HmCollectorConfig) config = load_config (command, NULL, error);
  g_autofree char *text = config != NULL ? hm_collector_config_print (config, TRUE) : NULL;

  return text != NULL && hm_command_line_write_config (command, text, error);
}

static gboolean
print_config (const HmCollectorConfig *config, GError **error)
{
  g_autofree char *text = hm_collector_config_print (config, FALSE);

  return hm_program_print (text, error);
}

static gboolean
list_plugins (const HmCollectorConfig *config, GError **error)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  const GPtrArray *refused = hm_registry_refused (registry);

  hm_registry_scan_path (registry, hm_options_text (config->collector, "plugin-path"), namespaces);
  found = hm_registry_list (registry, HM_NS_STORE);
  g_string_append_printf (out, "%-16s %-24s %-8s %s\n", "PLUGIN", "NAMESPACE", "VERSION", "SUMMARY");
  for (guint i = 0; i < found->len; i++)
    {
      const HmPlugin *plugin = ((const HmRegistered *)g_ptr_array_index (found, i))->plugin;

      g_string_append_printf (out, "%-16s %-24s %-8s %s\n", plugin->name, plugin->ns, plugin->version,
                              plugin->summary);
    }
  for (guint i = 0; i < refused->len; i++)
    {
      const HmRefused *one = g_ptr_array_index (refused, i);

      g_string_append_printf (out, "refused: %s: %s\n", one->origin, one->reason);
    }
  return hm_program_print (out->str, error);
}

/* -- signals -- */

static HmCollector *running;
static volatile sig_atomic_t signals;

/* The first one ends what is at hand in order, the second one ends the process. */
static void
on_stop_signal (int number)
{
  (void)number;
  if (signals++ > 0)
    _exit (75);
  if (running != NULL)
    hm_collector_stop (running);
}

static void
on_reload_signal (int number)
{
  (void)number;
  if (running != NULL)
    hm_collector_reload (running);
}

static void
watch_signals (HmCollector *collector)
{
  struct sigaction stop = { .sa_handler = on_stop_signal };
  struct sigaction reload = { .sa_handler = on_reload_signal };
  sigset_t held;

  running = collector;
  sigaction (SIGHUP, &reload, NULL);
  sigaction (SIGTERM, &stop, NULL);
  sigaction (SIGINT, &stop, NULL);
  /* One that came during the start, after its configuration was read, is taken here. */
  sigemptyset (&held);
  sigaddset (&held, SIGHUP);
  pthread_sigmask (SIG_UNBLOCK, &held, NULL);
}

/* -- the collector -- */

static HmCollectorConfig *
load_anew (gpointer user, GError **error)
{
  const HmCommandLine *command = user;

  return load_config (command, hm_command_line_config_path (command), error);
}

static gboolean
collect (const HmCollectorConfig *config, const HmCommandLine *command, GError **error)
{
  HmCollector *collector;
  gboolean good;

  hm_log_start (program.name);
  collector = hm_collector_new (config, until_end, error);
  good = collector != NULL;
  if (good)
    {
      hm_collector_load_with (collector, load_anew, (gpointer)(guintptr)command);
      watch_signals (collector);
      hm_notice ("running");
      good = hm_collector_run (collector, error);
      running = NULL;
      if (!hm_collector_close (collector)) /* something hangs and uses memory that a regular end would free */
        {
          hm_log_stop ();
          _exit (hm_program_conclude (&program, error != NULL ? *error : NULL));
        }
    }
  hm_log_stop ();
  return good;
}

static gboolean
act (const HmCommandLine *command, GError **error)
{
  g_autoptr (HmCollectorConfig) config = NULL;

  hm_command_line_hold_reload (command);
  if (command->write_config != NULL)
    return write_config (command, error);
  config = load_config (command, hm_command_line_config_path (command), error);
  if (config == NULL)
    return FALSE;
  hm_log_set_level (hm_options_text (config->collector, "log-level"));
  if (command->list_plugins)
    return list_plugins (config, error);
  if (command->print_config)
    return print_config (config, error);
  if (command->check_config)
    return hm_collector_check (config, error) && hm_program_print_good (error);
  return collect (config, command, error);
}

/* Start: read the command line; read and check the whole configuration; lock the state folder; open the
 * store, which brings its schema up to date; load the meters; start the decoding and the storing thread; then
 * this thread becomes the source's, joins the group and polls.
 *
 * Stop, within 5 s: polling ends; what waits in the queues is dropped, as the bus still has it; the
 * transaction at hand is finished, or ended without a trace; the consumer is destroyed on a thread of its
 * own. */
int
main (int argc, char **argv)
{
  /* Records are made on one thread and freed on another: with a heap per thread, each would keep what it once
   * had. */
  mallopt (M_ARENA_MAX, 2);
  signal (SIGPIPE, SIG_IGN);
  return hm_program_run (&program, argc, argv);
}
