/* SPDX-License-Identifier: Apache-2.0 */
/* command: what every subcommand of `hypermeter` is made of: one row in the table of main.c, and the options
 * that all reading commands share. */
#pragma once

#include "cli/output.h"
#include "collector/usage/calendar.h"
#include "collector/stores/store.h"

G_BEGIN_DECLS

/* Which of the common options a command has; one that it could not heed is none of its options. */
typedef enum
{
  HM_ASKS_PERIOD = 1 << 0, /* --from, --to */
  HM_ASKS_STEPS = 1 << 1,  /* what it reads is kept in steps of the store's grain, and so are its moments */
  HM_ASKS_OWNER = 1 << 2,  /* --source, --project, --user, --resource */
  HM_ASKS_LIMIT = 1 << 3,  /* --limit */
  HM_ASKS_ZONE = 1 << 4,   /* --zone, in which days and months of --from and --to begin */
  HM_ASKS_FILES = 1 << 5,  /* its --output is that of files: csv or ndjson */
} HmAsks;

typedef struct
{
  const char *name;
  const char *summary;  /* one line of `hypermeter --help` */
  const char *examples; /* the end of its own --help */
  guint asks;           /* HmAsks */
  /* @argv[0] is the command's name. Returns the exit status; on failure sets @error instead of printing. */
  int (*run) (int argc, char **argv, GError **error);
} HmCommand;

/* The end of the examples of a command that reads, and of which nothing else is to be said. */
#define HM_READING_STATUS                                                                                    \
  "\nExit status: 0 done, 64 wrong usage, 69 the store is not there, 78 configuration.\n"

extern const HmCommand hm_command_usage, hm_command_resources, hm_command_meters, hm_command_samples,
    hm_command_dead_letters, hm_command_agents, hm_command_status, hm_command_config, hm_command_outbox,
    hm_command_topics, hm_command_demo, hm_command_store, hm_command_gaps, hm_command_anomalies,
    hm_command_policy, hm_command_reconcile, hm_command_verify, hm_command_recompute, hm_command_proof,
    hm_command_periods, hm_command_export, hm_command_adjust, hm_command_erase;

/* What the reading commands have in common: which store, which rows, which form. */
typedef struct
{
  char *store_url, *config, *plugin_path, *meters;
  char *runtime_dir;  /* (nullable) of the collector whose configuration was read */
  char *silent_after; /* (nullable) a duration, of the same */
  char *from, *to, *zone, *source, *project, *user, *resource, *format;
  gint64 limit;
  HmStoreMode mode;     /* HM_STORE_READ, unless a command asks for something */
  gboolean found_store; /* it was named by an option or a configuration, not by default */

  HmCalendar *calendar; /* (nullable) of the zone that was asked for */
  HmOutputFormat output;
  HmStoreFilter filter; /* borrows the text above */
  const HmStoreOps *ops;
  HmStore *store;
  struct HmRegistry *registry;
  HmMeterTable *table; /* (nullable) the shipped meters, for those who fold (cli/store/shadow.c) */
} HmReading;

/* Parses @argv by the common options and the command's own (@entries, nullable). Exits with the help text on
 * --help. */
gboolean hm_reading_parse (HmReading *reading, const HmCommand *command, const GOptionEntry *entries,
                           int argc, char **argv, GError **error);
/* Takes from the collector's configuration what no option said: the store's URL, the plugins' and the meters'
 * place. */
gboolean hm_reading_configure (HmReading *reading, GError **error);
/* Finds the plugin of the store, and opens nothing. */
gboolean hm_reading_find (HmReading *reading, GError **error);
/* Finds it where that was not done, opens the store, and fills the filter. */
gboolean hm_reading_connect (HmReading *reading, const HmCommand *command, GError **error);
/* All three. Whatever it returns, hm_reading_clear() comes at the end. */
gboolean hm_reading_open (HmReading *reading, const HmCommand *command, const GOptionEntry *entries, int argc,
                          char **argv, GError **error);
void hm_reading_clear (HmReading *reading);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmReading, hm_reading_clear)

/* An output of the form and with the limit that were asked for. */
HmOutput *hm_reading_output (const HmReading *reading, const HmColumn *columns, guint n_columns);

/* A moment as people write it: RFC 3339, "2026-01-31", "2026-01", "now", "today", "yesterday", "this-month",
 * "last-month", "-2h". Days and months are UTC's and mean their starts. What is relative is moved down to a
 * multiple of @grain (now: up, so that it ends no period too early); what is exact must be one.
 * HM_ERROR_USAGE names @option. */
gboolean hm_moment_parse (const char *text, HmTime now, gint64 grain, const char *option, HmTime *ret_time,
                          GError **error);

/* The same with days and months of @calendar (nullable: UTC's). Where these do not begin with a step of @grain the error names a grain that would do. */
gboolean hm_moment_parse_in (const HmCalendar *calendar, const char *text, HmTime now, gint64 grain,
                             const char *option, HmTime *ret_time, GError **error);

/* hm_time_print() of the local clock of @calendar (nullable: UTC): "2026-10-25T02:00:00.000000000+01:00". */
#define HM_MOMENT_MAX (HM_TIME_TEXT_MAX + sizeof "+00:00")
const char *hm_moment_print_in (const HmCalendar *calendar, HmTime time, char buffer[HM_MOMENT_MAX]);

/* hm_time_print() for a cell: NULL for HM_TIME_UNKNOWN, else @buffer. */
const char *hm_moment_print (HmTime time, char buffer[HM_TIME_TEXT_MAX]);

/* Starts of the UTC day and month that hold @time. */
HmTime hm_day_start (HmTime time);
HmTime hm_month_start (HmTime time);

G_END_DECLS
