/* SPDX-License-Identifier: Apache-2.0 */
/* polling: which meters are polled how often, as polling.yaml says it (Ceilometer's grammar), or one source of everything where
 * there is no file. Immutable once made; shared by reference between the one who loads it and the polls that run by it. Here and
 * not in agent/, as the command `hypermeter config explain` reads the same file. Not installed: no plugin needs it. */
#pragma once

#include "metering/option.h"
#include "metering/sink.h"

G_BEGIN_DECLS

#define HM_POLLING_SOURCES_MAX     64
#define HM_POLLING_INTERVAL_MIN_NS (100 * HM_NSEC_PER_MSEC)
#define HM_POLLING_INTERVAL_MAX_NS (86400 * HM_NSEC_PER_SEC)

#define HM_POLLING_FILE HM_SYSCONFDIR "/hypermeter/polling.yaml"

/* The keys of [agent] that a polling comes from, as rows of a table of options. */
#define HM_POLLING_OPTIONS                                                                                   \
  { .key = "polling",                                                                                        \
    .type = HM_OPTION_TEXT,                                                                                  \
    .fallback = HM_POLLING_FILE,                                                                             \
    .help = "File of sources that says which meters are polled how often, see hypermeter-polling.yaml(5); "  \
            "read anew when "                                                                                \
            "it changes. The default one need not exist; none is read when this is empty. Without a file "   \
            "interval and "                                                                                  \
            "meters say it" },                                                                               \
      { .key = "interval",                                                                                   \
        .type = HM_OPTION_DURATION,                                                                          \
        .fallback = "60s",                                                                                   \
        .min = HM_POLLING_INTERVAL_MIN_NS,                                                                   \
        .max = HM_POLLING_INTERVAL_MAX_NS,                                                                   \
        .help = "Time between two polls, without a polling file" },                                          \
  {                                                                                                          \
    .key = "meters", .type = HM_OPTION_LIST,                                                                 \
    .help = "Which meters are taken without a polling file: patterns such as cpu*;memory.usage, or "         \
            "exclusions such as "                                                                            \
            "!disk.*; default: every meter that is on by default (--list-meters)"                            \
  }

typedef struct
{
  char *name;
  gint64 interval_ns;
  char **meters;         /* patterns as they are written */
  HmMeterFilter *filter; /* made of them */
  char **resources;      /* (nullable) patterns of instance ids that it is for; NULL: all */
  guint line;            /* of the file, from 1; 0 without one */
} HmPollingSource;

typedef struct
{
  char *where;        /* the file, or what stands for it; for messages */
  GPtrArray *sources; /* (element-type HmPollingSource) in the file's order */
  GPtrArray *
      notes; /* (element-type utf8) what was taken and does nothing here, each with file and line; for the log */
  gint refs;
} HmPolling;

/* One source "default" of @meters (nullable: all that are on by default) each @interval_ns. HM_ERROR_CONFIG for patterns that
 * can never match. (transfer full) */
HmPolling *hm_polling_new_default (gint64 interval_ns, const char *const *meters, GError **error);

/* Reads @path. HM_ERROR_CONFIG names file, line and reason. (transfer full) */
HmPolling *hm_polling_load (const char *path, GError **error);

/* What the keys of HM_POLLING_OPTIONS in @agent say: the file's sources, or one of their own where there is none and none was
 * asked for. HM_ERROR_CONFIG. (transfer full) */
HmPolling *hm_polling_from_options (const HmOptions *agent, GError **error);

HmPolling *hm_polling_ref (HmPolling *polling);
void hm_polling_unref (HmPolling *polling); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmPolling, hm_polling_unref)

/* Whether the source polls @resource_id at all. */
gboolean hm_polling_source_has (const HmPollingSource *source, const char *resource_id);

/* Of the sources that want @meter the one with the shortest interval (of equal ones the first): when several of them are due in
 * one tick, it alone carries the meter. NULL when none does. (transfer none) */
const HmPollingSource *hm_polling_find (const HmPolling *polling, const HmMeter *meter);

/* Which of the source's patterns decides on @meter: the exclusion that leaves it out, else the inclusion that takes it. NULL where
 * none speaks of it: then it is out, unless the source has none but exclusions and it is on by default. (nullable) */
const char *hm_polling_source_why (const HmPollingSource *source, const HmMeter *meter);

/* Whether a pattern as in HmPollingSource.meters names @meter, be it to take or to exclude it. */
gboolean hm_polling_pattern_names (const char *pattern, const HmMeter *meter);

G_END_DECLS
