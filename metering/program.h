/* SPDX-License-Identifier: Apache-2.0 */
/* program: what the command line of every daemon does alike: --config, --option, --check-config, --print-config,
 * --write-config, --force, --list-plugins and --version; an error becomes one line and the exit status. Used by
 * the main functions, on the main thread. */
#pragma once

#include "metering/settings.h"

G_BEGIN_DECLS

typedef struct HmProgram HmProgram;

/* The command line as it was written. Borrowed from hm_program_run(). */
typedef struct
{
  const HmProgram *program;
  char *config;       /* (nullable) of --config */
  char **overrides;   /* (nullable) of --option */
  char *write_config; /* (nullable) of --write-config; "": no file was named */
  gboolean check_config, print_config, list_plugins, force, version;
} HmCommandLine;

/* What is a daemon's own; all of it static. */
struct HmProgram
{
  const char *name;            /* "hypermeter-agent" */
  const char *summary;         /* one sentence, for --help */
  const char *details;         /* for the end of --help: examples, exit statuses */
  const char *config_file;     /* read where --config is not given; need not exist */
  const GOptionEntry *entries; /* (nullable) options of its own; what they point to is static as well */
  /* Does what the command says; FALSE with an error. */
  gboolean (*act) (const HmCommandLine *command, GError **error);
};

/* Parses the command line and acts, or prints the version or the help. Result: the exit status (see error.h);
 * other than 0, standard error has said why in one line. */
int hm_program_run (const HmProgram *program, int argc, char **argv);

/* Says @error (nullable) in one line on standard error. Result: the exit status. For a daemon that cannot
 * return from its act(), as a thread of it hangs. */
int hm_program_conclude (const HmProgram *program, const GError *error);

/* The file of --config, or the program's. */
const char *hm_command_line_config_path (const HmCommandLine *command);

/* The sections of the file @path (nullable: of none), with --option over them. A file that --config names must
 * exist. Errors as hm_settings_load(). (transfer full) */
HmSettings *hm_command_line_load (const HmCommandLine *command, const char *path, GError **error);

/* Before the first thread: SIGHUP, which would end a process that has not come to answering it, waits until somebody takes it. Not where the command only checks, prints or
 * writes something: that ends with its terminal. */
void hm_command_line_hold_reload (const HmCommandLine *command);

/* Writes @text where --write-config says: to standard output for "-", else to a new file of mode 0640; with
 * --force to one that exists as well. HM_ERROR_CREATE names the file. */
gboolean hm_command_line_write_config (const HmCommandLine *command, const char *text, GError **error);

/* What --check-config says at its end, where nothing was found: with whose rights it has looked. HM_ERROR_CREATE. */
gboolean hm_program_print_good (GError **error);

/* To standard output, at once. HM_ERROR_CREATE: it cannot be written, as to a full disk. */
gboolean hm_program_print (const char *text, GError **error);

G_END_DECLS
