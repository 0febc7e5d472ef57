/* SPDX-License-Identifier: Apache-2.0 */
/* log: structured, for journald and for people; never blocks a poll.
 *
 * A line has a text and a fixed list of fields. It goes to journald where standard error is its stream, else to
 * standard error as "program: level: text"; what could forge another line is escaped. Once hm_log_start() was
 * called a bounded queue and a thread write lines (dropped ones are counted and said), and what other libraries
 * say through g_log() takes the same way; before that, and always in tests, lines are written at once. Repeats of
 * one line within a minute are folded into "…: repeated N times". Any thread. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

/* The fields that a line may carry besides its text. Unused ones are NULL. */
typedef struct
{
  const char *plugin;   /* HM_PLUGIN */
  const char *resource; /* HM_RESOURCE */
  const char *meter;    /* HM_METER */
  const char *topic;    /* HM_TOPIC */
} HmLogFields;

void hm_log (GLogLevelFlags level, const HmLogFields *fields, const char *format, ...) G_GNUC_PRINTF (3, 4);

#define hm_info(...)       hm_log (G_LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define hm_notice(...)     hm_log (G_LOG_LEVEL_MESSAGE, NULL, __VA_ARGS__)
#define hm_warning(...)    hm_log (G_LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define hm_error_line(...) hm_log (G_LOG_LEVEL_CRITICAL, NULL, __VA_ARGS__)
#define hm_debug(...)      hm_log (G_LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)

/* "debug", "info", "notice", "warning", "error"; FALSE for another word. Default: notice. */
gboolean hm_log_set_level (const char *name);

/* Sets the program's name (the prefix on a terminal) and starts the writing thread; hm_log_stop() writes what is
 * queued, for at most a second, and goes back to writing at once. Where nobody read standard error for that second
 * the rest is dropped, and so is everything after it. Called by the main thread. */
void hm_log_start (const char *program);
void hm_log_stop (void);

/* For tests: lines are handed to @capture, on the thread that says them, instead of being written; NULL restores.
 * Both forget what was said before, so nothing is folded into it. */
typedef void (*HmLogCapture) (GLogLevelFlags level, const HmLogFields *fields, const char *text,
                              gpointer user);
void hm_log_capture (HmLogCapture capture, gpointer user);

/* Lines dropped since the program began: because the queue was full, or nobody read them at the stop. */
guint64 hm_log_dropped (void);

/* For tests: the clock by which repeats are folded; NULL: the machine's. Must outlive its use. */
void hm_log_set_clock (const HmClock *clock);

G_END_DECLS
