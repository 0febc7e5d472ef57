/* SPDX-License-Identifier: Apache-2.0 */
/* outbox: `hypermeter outbox`, what an agent has not delivered yet. Finds the subcommand, and the folder for those that read it. */
#include "cli/outbox/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "metering/journal.h"
#include "metering/settings.h"

#define DEFAULT_CONFIG HM_SYSCONFDIR "/hypermeter/agent.conf"
#define DEFAULT_STATE  HM_LOCALSTATEDIR "/lib/hypermeter"
#define FOLDER_NAME    "outbox"

static const HmOutboxCommand *const subcommands[] = {
  &hm_outbox_status,
  &hm_outbox_cat,
  &hm_outbox_verify,
  &hm_outbox_replay,
};

/* -- the command line */

static int
print_help (void)
{
  g_print ("Usage: hypermeter outbox SUBCOMMAND [OPTION...]\n\n%s\n\nSubcommands:\n",
           hm_command_outbox.summary);
  for (guint i = 0; i < G_N_ELEMENTS (subcommands); i++)
    g_print ("  %-14s %s\n", subcommands[i]->name, subcommands[i]->summary);
  g_print ("\nOptions:\n"
           "  -h, --help     this text; 'hypermeter outbox SUBCOMMAND --help' tells what one takes\n"
           "\n%s",
           hm_command_outbox.examples);
  return 0;
}

static int
run (int argc, char **argv, GError **error)
{
  const char *word = argc > 1 ? argv[1] : NULL;

  if (word != NULL && (g_str_equal (word, "--help") || g_str_equal (word, "-h")))
    return print_help ();
  for (guint i = 0; word != NULL && i < G_N_ELEMENTS (subcommands); i++)
    if (g_str_equal (subcommands[i]->name, word))
      return subcommands[i]->run (argc - 1, argv + 1, error);
  if (word == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "which subcommand? See 'hypermeter outbox --help'");
  else
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is no subcommand; see 'hypermeter outbox --help'",
                 word);
  return 1;
}

const HmCommand hm_command_outbox = {
  "outbox",
  "What the agent of this host keeps until it is delivered",
  "Examples:\n"
  "  hypermeter outbox status\n"
  "  hypermeter outbox cat --limit 10\n"
  "  hypermeter outbox verify\n"
  "  hypermeter outbox replay --publisher kafka\n"
  "\n"
  "Exit status: 0 done, 1 something is damaged, 64 wrong usage, 69 there is no outbox,\n"
  "75 the agent does not answer now, 77 not permitted, 78 configuration.\n",
  0,
  run,
};

/* -- options of all */

/* (transfer full) */
static char *
folder_of (const char *folder, const char *config, GError **error)
{
  g_autoptr (HmSettings) settings = NULL;
  const char *state;

  if (folder != NULL)
    return g_strdup (folder);
  settings = hm_settings_load (config != NULL ? config : DEFAULT_CONFIG, config != NULL, NULL, error);
  if (settings == NULL)
    return NULL;
  state = hm_settings_peek (settings, "agent", "state-dir");
  return g_build_filename (state != NULL ? state : DEFAULT_STATE, FOLDER_NAME, NULL);
}

static gboolean
parse_options (const HmOutboxCommand *command, const GOptionEntry *common, const GOptionEntry *entries,
               int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *name = g_strdup_printf ("hypermeter outbox %s", command->name);
  g_autoptr (GError) local = NULL;

  g_set_prgname (name);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->examples);
  g_option_context_add_main_entries (context, common, NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &local))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: %s; see '%s --help'", command->name, local->message,
                 name);
  else if (argc > 1)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: '%s' is not expected here; see '%s --help'",
                 command->name, argv[1], name);
  else
    return TRUE;
  return FALSE;
}

void
hm_outbox_place_clear (HmOutboxPlace *place)
{
  g_free (place->folder);
  g_free (place->config);
}

gboolean
hm_outbox_find (const HmOutboxCommand *command, const GOptionEntry *entries, int argc, char **argv,
                HmOutboxPlace *ret_place, GError **error)
{
  g_autofree char *given = NULL, *config = NULL;
  char *folder;
  const GOptionEntry common[] = {
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &given, "The outbox's folder", "DIR" },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config,
      "Agent's configuration to take the folder's place from", "FILE" },
    { NULL },
  };

  if (!parse_options (command, common, entries, argc, argv, error))
    return FALSE;
  folder = folder_of (given, config, error);
  if (folder == NULL)
    return FALSE;
  *ret_place = (HmOutboxPlace){ folder, g_steal_pointer (&config), given != NULL };
  return TRUE;
}

/* An agent's has a journal from its start on; of a copy a segment may be all. What cannot be listed is told when it is read. */
static gboolean
is_outbox (const char *folder)
{
  g_auto (GStrv) names = hm_files_system ()->list (hm_files_system (), folder);
  gboolean is_one = names == NULL;
  guint64 first;
  guint lane;

  for (guint i = 0; !is_one && names[i] != NULL; i++)
    is_one = g_str_equal (names[i], HM_JOURNAL_NAME) || hm_segment_parse_name (names[i], &lane, &first);
  return is_one;
}

gboolean
hm_outbox_check (const HmOutboxPlace *place, GError **error)
{
  if (g_file_test (place->folder, G_FILE_TEST_IS_DIR) && is_outbox (place->folder))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "no outbox is there: %s", place->folder);
  return FALSE;
}

gboolean
hm_outbox_parse (const HmOutboxCommand *command, const GOptionEntry *entries, int argc, char **argv,
                 char **ret_folder, GError **error)
{
  g_auto (HmOutboxPlace) place = { 0 };

  if (!hm_outbox_find (command, entries, argc, argv, &place, error) || !hm_outbox_check (&place, error))
    return FALSE;
  *ret_folder = g_steal_pointer (&place.folder);
  return TRUE;
}

/* -- the folder */

char **
hm_outbox_list (const char *folder, GError **error)
{
  HmFiles *files = hm_files_system ();
  char **names = files->list (files, folder);

  if (names == NULL)
    g_set_error (error, HM_ERROR, errno == EACCES ? HM_ERROR_PERMISSION : HM_ERROR_TEMPORARY, "%s: %s",
                 folder, g_strerror (errno));
  return names;
}

static void
free_file (gpointer data)
{
  HmOutboxFile *file = data;

  g_free (file->name);
  g_free (file->path);
  g_free (file);
}

/* Names of one lane sort as their numbers do. */
GPtrArray *
hm_outbox_segments (const char *folder, char *const *names, guint lane)
{
  GPtrArray *segments = g_ptr_array_new_with_free_func (free_file);
  HmOutboxFile *before = NULL;

  for (guint i = 0; names[i] != NULL; i++)
    {
      HmOutboxFile *file;
      guint64 first;
      guint of_lane;

      if (!hm_segment_parse_name (names[i], &of_lane, &first) || of_lane != lane)
        continue;
      file = g_new0 (HmOutboxFile, 1);
      file->name = g_strdup (names[i]);
      file->path = g_build_filename (folder, names[i], NULL);
      file->first = first;
      file->end = G_MAXUINT64;
      if (before != NULL)
        before->end = first;
      g_ptr_array_add (segments, file);
      before = file;
    }
  return segments;
}
