/* SPDX-License-Identifier: Apache-2.0 */
/* main of `hypermeter`, the command at a person's prompt: finds the subcommand and turns its error into one
 * line and an exit status. Answers go to standard output, everything else to standard error. */
#include "cli/command.h"

#include <locale.h>
#include <stdio.h>

#define WRONG_USAGE 64
#define NOT_WRITTEN 73

static const HmCommand *const commands[] = {
  &hm_command_usage,        &hm_command_resources, &hm_command_meters,  &hm_command_samples,
  &hm_command_dead_letters, &hm_command_agents,    &hm_command_gaps,    &hm_command_anomalies,
  &hm_command_policy,       &hm_command_reconcile, &hm_command_verify,  &hm_command_recompute,
  &hm_command_proof,        &hm_command_status,    &hm_command_config,  &hm_command_outbox,
  &hm_command_store,        &hm_command_topics,    &hm_command_periods, &hm_command_export,
  &hm_command_adjust,       &hm_command_erase,     &hm_command_demo,
};

static const char help_end[]
    = "\nOptions:\n"
      "  -h, --help     this text; 'hypermeter COMMAND --help' tells what a command takes\n"
      "  --version      the version\n"
      "\nExamples:\n"
      "  hypermeter demo\n"
      "  hypermeter usage --from this-month --by project,meter\n"
      "  hypermeter config explain 'disk.*'\n"
      "  hypermeter usage --help\n"
      "\nExit status: 0 done, 1 the answer is no, 64 wrong usage, 69 the store, the agent or the bus is not "
      "there,\n"
      "73 standard output or a copy could not be written, 75 the agent does not answer now, 77 not "
      "permitted,\n"
      "78 configuration.\n";

static int
print_help (void)
{
  g_print ("Usage: hypermeter COMMAND [OPTION...]\n\n"
           "Asks what virtual machines used.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-14s %s\n", commands[i]->name, commands[i]->summary);
  g_print ("%s", help_end);
  return 0;
}

static const HmCommand *
find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i]->name, name))
      return commands[i];
  return NULL;
}

static int
run (const HmCommand *command, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status = command->run (argc, argv, &error);

  if (error == NULL)
    return status;
  g_printerr ("hypermeter %s: %s\n", command->name, error->message);
  return hm_error_exit_code (error);
}

static int
run_named (int argc, char **argv)
{
  const HmCommand *command = find (argv[0]);

  if (command != NULL)
    return run (command, argc, argv);
  g_printerr ("hypermeter: '%s' is no command; see 'hypermeter --help'\n", argv[0]);
  return WRONG_USAGE;
}

static gboolean
is_help (const char *word)
{
  return g_str_equal (word, "--help") || g_str_equal (word, "-h") || g_str_equal (word, "help");
}

/* "help periods show" is "periods show --help". */
static int
help_with (int argc, char **argv)
{
  static char long_help[] = "--help";
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (int i = 2; i < argc; i++)
    g_ptr_array_add (words, argv[i]);
  g_ptr_array_add (words, long_help);
  g_ptr_array_add (words, NULL);
  return run_named ((int)words->len - 1, (char **)words->pdata);
}

/* What was printed without an HmOutput may be lost as well. */
static int
check_output (int status)
{
  if (status != 0 || (fflush (stdout) == 0 && !ferror (stdout)))
    return status;
  g_printerr ("hypermeter: standard output could not be written\n");
  return NOT_WRITTEN;
}

static int
answer (int argc, char **argv)
{
  if (argc < 2)
    {
      g_printerr ("hypermeter: which command? See 'hypermeter --help'\n");
      return WRONG_USAGE;
    }
  if (is_help (argv[1]) && argc > 2)
    return help_with (argc, argv);
  if (is_help (argv[1]))
    return print_help ();
  if (g_str_equal (argv[1], "--version"))
    {
      g_print ("hypermeter %s\n", PACKAGE_VERSION);
      return 0;
    }
  return run_named (argc - 1, argv + 1);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  return check_output (answer (argc, argv));
}
