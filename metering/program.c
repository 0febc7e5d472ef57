/* SPDX-License-Identifier: Apache-2.0 */
/* program: see program.h. */
#include "metering/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "metering/error.h"

#define STANDARD_OUTPUT "-"

/* -- command line -- */

/* An option whose argument may be left out comes through a callback: GOption has no other way. */
static gboolean
take_write_config (const char *option G_GNUC_UNUSED, const char *value, gpointer user,
                   GError **error G_GNUC_UNUSED)
{
  HmCommandLine *command = user;

  g_free (command->write_config);
  command->write_config = g_strdup (value != NULL ? value : "");
  return TRUE;
}

/* (transfer full) @config_help must outlive it. */
static GOptionGroup *
new_group (HmCommandLine *command, const char *config_help)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &command->config, config_help, "FILE" },
    { "option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &command->overrides,
      "Sets one key, over the file; may be given several times", "SECTION.KEY=VALUE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &command->check_config, "Checks the configuration and ends",
      NULL },
    { "print-config", 0, 0, G_OPTION_ARG_NONE, &command->print_config,
      "Prints the configuration in force, secrets masked", NULL },
    { "write-config", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (gpointer)take_write_config,
      "Writes a configuration with every key explained to FILE (default: that of --config; -: standard "
      "output)",
      "FILE" },
    { "force", 0, 0, G_OPTION_ARG_NONE, &command->force, "Lets --write-config replace a file", NULL },
    { "list-plugins", 0, 0, G_OPTION_ARG_NONE, &command->list_plugins,
      "Lists every plugin found, and what was refused", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &command->version, "Prints the version", NULL },
    { NULL },
  };
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, command, NULL);

  g_option_group_add_entries (group, entries);
  if (command->program->entries != NULL)
    g_option_group_add_entries (group, command->program->entries);
  return group;
}

static gboolean
parse (HmCommandLine *command, int argc, char **argv, GError **error)
{
  const HmProgram *program = command->program;
  g_autofree char *config_help
      = g_strdup_printf ("Configuration file (default %s, which need not exist)", program->config_file);
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) local = NULL;

  g_option_context_set_summary (context, program->summary);
  g_option_context_set_description (context, program->details);
  g_option_context_set_main_group (context, new_group (command, config_help));
  if (!g_option_context_parse (context, &argc, &argv, &local))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s; --help tells more", local->message);
  else if (argc > 1)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: arguments are not expected; --help tells more",
                 argv[1]);
  else
    return TRUE;
  return FALSE;
}

static void
clear_command (HmCommandLine *command)
{
  g_free (command->config);
  g_free (command->write_config);
  g_strfreev (command->overrides);
}

/* -- what the daemons ask for -- */

const char *
hm_command_line_config_path (const HmCommandLine *command)
{
  return command->config != NULL ? command->config : command->program->config_file;
}

HmSettings *
hm_command_line_load (const HmCommandLine *command, const char *path, GError **error)
{
  return hm_settings_load (path, path != NULL && command->config != NULL,
                           (const char *const *)command->overrides, error);
}

void
hm_command_line_hold_reload (const HmCommandLine *command)
{
  sigset_t reload;

  if (command->check_config || command->print_config || command->list_plugins
      || command->write_config != NULL)
    return;
  sigemptyset (&reload);
  sigaddset (&reload, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &reload, NULL);
}

gboolean
hm_program_print (const char *text, GError **error)
{
  if (fputs (text, stdout) >= 0 && fflush (stdout) == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "standard output: %s", g_strerror (errno));
  return FALSE;
}

gboolean
hm_program_print_good (GError **error)
{
  g_autofree char *text = g_strdup_printf (
      "the configuration is good\n"
      "files and folders were looked at with the rights of %s (uid %u); nothing was connected to\n",
      g_get_user_name (), (guint)geteuid ());

  return hm_program_print (text, error);
}

/* A new file, or with --force any: never one that somebody wrote, unasked. */
static gboolean
write_new_file (const char *path, gboolean force, const char *text, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0640);
  ssize_t length = (ssize_t)strlen (text), written = fd >= 0 ? write (fd, text, (gsize)length) : -1;
  gboolean good = written == length && fsync (fd) == 0;
  int number = written >= 0 && written < length ? ENOSPC : errno;

  if (fd >= 0)
    close (fd);
  if (!good)
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s%s", path, g_strerror (number),
                 number == EEXIST ? "; --force replaces it" : "");
  return good;
}

gboolean
hm_command_line_write_config (const HmCommandLine *command, const char *text, GError **error)
{
  const char *path
      = *command->write_config != '\0' ? command->write_config : hm_command_line_config_path (command);

  return g_str_equal (path, STANDARD_OUTPUT) ? hm_program_print (text, error)
                                             : write_new_file (path, command->force, text, error);
}

/* -- the program -- */

static gboolean
print_version (const HmProgram *program, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%s " PACKAGE_VERSION "\n", program->name);

  return hm_program_print (text, error);
}

int
hm_program_conclude (const HmProgram *program, const GError *error)
{
  if (error != NULL)
    g_printerr ("%s: %s\n", program->name, error->message);
  return hm_error_exit_code (error);
}

int
hm_program_run (const HmProgram *program, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  HmCommandLine command = { .program = program };

  if (parse (&command, argc, argv, &error))
    {
      if (command.version)
        print_version (program, &error);
      else
        program->act (&command, &error);
    }
  clear_command (&command);
  return hm_program_conclude (program, error);
}
