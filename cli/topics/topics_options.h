/* SPDX-License-Identifier: Apache-2.0 */
/* topics_options: what `hypermeter topics` was asked for, from its command line and the configuration that it names. */
#pragma once

#include "cli/output.h"
#include "cli/topics/topics_admin.h"

G_BEGIN_DECLS

typedef struct
{
  /* As written. */
  char *config, *brokers, *format, *retention, *timeout;
  char **pairs;
  gint partitions, replication;

  gboolean create, dry_run;
  HmOutputFormat output;
  gint64 retention_ns, timeout_ns;
  gboolean wanted[HM_TOPIC_ROLES];
  char *names[HM_TOPIC_ROLES];
} HmTopicsOptions;

void hm_topics_options_clear (HmTopicsOptions *o);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmTopicsOptions, hm_topics_options_clear)

/* Exits with @help behind the list of options on --help. HM_ERROR_USAGE */
gboolean hm_topics_options_parse (HmTopicsOptions *o, const char *summary, const char *help, int argc,
                                  char **argv, GError **error);
/* The section of the agent's or the collector's configuration, the command line's keys over it; fills in the names that no option
 * gave. (transfer full) HM_ERROR_CONFIG */
HmOptions *hm_topics_options_load (HmTopicsOptions *o, GError **error);

G_END_DECLS
