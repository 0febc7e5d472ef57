/* SPDX-License-Identifier: Apache-2.0 */
/* outbox: what the subcommands of `hypermeter outbox` share. */
#pragma once

#include "cli/command.h"
#include "metering/json.h"
#include "metering/segment.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  const char *summary;  /* one line of `hypermeter outbox --help` */
  const char *examples; /* the end of its own --help */
  /* @argv[0] is the subcommand's name. */
  int (*run) (int argc, char **argv, GError **error);
} HmOutboxCommand;

extern const HmOutboxCommand hm_outbox_cat, hm_outbox_verify, hm_outbox_status, hm_outbox_replay;

/* Parses @argv by --folder, --config and the subcommand's own @entries (ended by a NULL name), with its help. The folder is --folder, or
 * "outbox" in the state folder of the agent's configuration. HM_ERROR_USAGE, HM_ERROR_CONFIG; HM_ERROR_UNAVAILABLE: it is not there. */
gboolean hm_outbox_parse (const HmOutboxCommand *command, const GOptionEntry *entries, int argc, char **argv,
                          char **ret_folder, GError **error);

/* The same for a subcommand that asks an agent first: the folder need not be there. */
typedef struct
{
  char *folder;
  char *config;      /* (nullable) as it was given */
  gboolean is_given; /* the folder was */
} HmOutboxPlace;

void hm_outbox_place_clear (HmOutboxPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmOutboxPlace, hm_outbox_place_clear)

gboolean hm_outbox_find (const HmOutboxCommand *command, const GOptionEntry *entries, int argc, char **argv,
                         HmOutboxPlace *ret_place, GError **error);
gboolean hm_outbox_check (const HmOutboxPlace *place, GError **error);

/* Sends @request to the agent at @socket (nullable), or where the place's configuration says. NULL without @error: there is none, or a folder was
 * given; it is to be looked at by its files. (transfer full) */
HmJson *hm_outbox_ask (const HmOutboxPlace *place, const char *socket, const char *request, char **ret_line,
                       GError **error);

/* -- the folder */

typedef struct
{
  char *name, *path;
  guint64 first;
  guint64 end; /* the first number of the next segment: there it counts; G_MAXUINT64: there is none */
} HmOutboxFile;

/* All names. HM_ERROR_PERMISSION, HM_ERROR_TEMPORARY. Free with g_strfreev(). */
char **hm_outbox_list (const char *folder, GError **error);

/* Those of @names that are segments of @lane, oldest first. (transfer full) (element-type HmOutboxFile) */
GPtrArray *hm_outbox_segments (const char *folder, char *const *names, guint lane);

G_END_DECLS
