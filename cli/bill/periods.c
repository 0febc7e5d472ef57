/* SPDX-License-Identifier: Apache-2.0 */
/* periods: `hypermeter periods`, what bills are made of. Finds the subcommand. */
#include "cli/bill/periods.h"

#include "collector/usage/calendar.h"

#include <string.h>

#define PREFIX "periods "

static const HmCommand *const subcommands[] = {
  &hm_periods_list,
  &hm_periods_show,
  &hm_periods_close,
};

gboolean
hm_period_times (const HmReading *reading, const char *name, const char *zone, HmTime *ret_from,
                 HmTime *ret_to, GError **error)
{
  g_autoptr (HmCalendar) calendar = hm_calendar_new (zone != NULL ? zone : "UTC", error);

  return calendar != NULL && hm_calendar_parse (calendar, name, ret_from, ret_to, error)
         && hm_calendar_check_grain (calendar, *ret_from, *ret_to, reading->ops->grain (reading->store),
                                     error);
}

static int
print_help (void)
{
  g_print ("Usage: hypermeter periods SUBCOMMAND [OPTION...]\n\n%s\n\nSubcommands:\n",
           hm_command_periods.summary);
  for (guint i = 0; i < G_N_ELEMENTS (subcommands); i++)
    g_print ("  %-14s %s\n", subcommands[i]->name + strlen (PREFIX), subcommands[i]->summary);
  g_print ("\nOptions:\n"
           "  -h, --help     this text; 'hypermeter periods SUBCOMMAND --help' tells what one takes\n"
           "\n%s",
           hm_command_periods.examples);
  return 0;
}

static int
run (int argc, char **argv, GError **error)
{
  const char *word = argc > 1 ? argv[1] : "list";
  gboolean bare = argc <= 1 || *argv[1] == '-';

  if (g_str_equal (word, "--help") || g_str_equal (word, "-h"))
    return print_help ();
  if (bare)
    return hm_periods_list.run (argc, argv, error);
  for (guint i = 0; i < G_N_ELEMENTS (subcommands); i++)
    if (g_str_equal (subcommands[i]->name + strlen (PREFIX), word))
      return subcommands[i]->run (argc - 1, argv + 1, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is no subcommand; see 'hypermeter periods --help'",
               word);
  return 1;
}

const HmCommand hm_command_periods = {
  "periods",
  "Months that are open, or closed by a statement; closes one",
  "Examples:\n"
  "  hypermeter periods\n"
  "  hypermeter periods list --zone Europe/Berlin\n"
  "  hypermeter periods show 2026-10\n"
  "  hypermeter periods close 2026-10 --zone Europe/Berlin --author billing@example.org\n"
  "\n"
  "Exit status: 0 done, 1 it cannot be closed yet, 64 wrong usage, 69 the store is not there,\n"
  "75 not answered yet, 78 configuration.\n",
  0,
  run,
};
