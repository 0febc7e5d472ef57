/* SPDX-License-Identifier: Apache-2.0 */
/* store: `hypermeter store`, the store as a thing that has a size and can be copied. Finds the subcommand. */
#include "cli/store/store.h"

#include <string.h>

#define PREFIX "store "

static const HmCommand *const subcommands[] = {
  &hm_store_status,
  &hm_store_backup,
  &hm_store_restore,
};

static int
print_help (void)
{
  g_print ("Usage: hypermeter store SUBCOMMAND [OPTION...]\n\n%s\n\nSubcommands:\n",
           hm_command_store.summary);
  for (guint i = 0; i < G_N_ELEMENTS (subcommands); i++)
    g_print ("  %-14s %s\n", subcommands[i]->name + strlen (PREFIX), subcommands[i]->summary);
  g_print ("\nOptions:\n"
           "  -h, --help     this text; 'hypermeter store SUBCOMMAND --help' tells what one takes\n"
           "\n%s",
           hm_command_store.examples);
  return 0;
}

static int
run (int argc, char **argv, GError **error)
{
  const char *word = argc > 1 ? argv[1] : NULL;

  if (word != NULL && (g_str_equal (word, "--help") || g_str_equal (word, "-h")))
    return print_help ();
  for (guint i = 0; word != NULL && i < G_N_ELEMENTS (subcommands); i++)
    if (g_str_equal (subcommands[i]->name + strlen (PREFIX), word))
      return subcommands[i]->run (argc - 1, argv + 1, error);
  if (word == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "which subcommand? See 'hypermeter store --help'");
  else
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is no subcommand; see 'hypermeter store --help'",
                 word);
  return 1;
}

const HmCommand hm_command_store = {
  "store",
  "How large the collector's store is; a copy of it, and back",
  "Examples:\n"
  "  hypermeter store status\n"
  "  hypermeter store backup /backup/usage.db\n"
  "  hypermeter store restore /backup/usage.db\n" HM_STORE_STATUS,
  0,
  run,
};
