/* SPDX-License-Identifier: Apache-2.0 */
/* log_private: what the log files share: a line, the folding of repeats, the writer. Not installed. */
#pragma once

#include "metering/log.h"

/* One line on its way; all text is clean. */
typedef struct
{
  GLogLevelFlags level;
  char *domain; /* (nullable) the library that said it, when it is not ours */
  char *text;
  char *plugin, *resource, *meter, *topic; /* (nullable) */
} HmLogLine;

/* Text is escaped and cut here, whoever it comes from. @fields and @domain (nullable). */
G_GNUC_INTERNAL HmLogLine *hm_log_line_new (GLogLevelFlags level, const char *domain,
                                            const HmLogFields *fields, const char *text);
G_GNUC_INTERNAL HmLogLine *hm_log_line_copy (const HmLogLine *line);
G_GNUC_INTERNAL void hm_log_line_free (HmLogLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmLogLine, hm_log_line_free)
G_GNUC_INTERNAL gboolean hm_log_line_equal (const HmLogLine *a, const HmLogLine *b);
/* @line with ": repeated @times times" behind its text. */
G_GNUC_INTERNAL HmLogLine *hm_log_line_repeated (const HmLogLine *line, guint times);
/* "program: level: text [field=value …]\n" */
G_GNUC_INTERNAL char *hm_log_line_print (const HmLogLine *line, const char *program);
/* To journald, or as text to standard error. May block. */
G_GNUC_INTERNAL void hm_log_line_write (const HmLogLine *line, const char *program);

/* Folding. Not thread-safe; times are monotonic ns. */
typedef struct HmLogFold HmLogFold;

G_GNUC_INTERNAL HmLogFold *hm_log_fold_new (void);
G_GNUC_INTERNAL void hm_log_fold_free (HmLogFold *fold);
/* TRUE: @line is to be written; FALSE: it repeats one that was. Adds to @due what hm_log_fold_due() would. */
G_GNUC_INTERNAL gboolean hm_log_fold_take (HmLogFold *fold, const HmLogLine *line, gint64 now,
                                           GPtrArray *due);
/* Adds to @due (element-type HmLogLine) the lines that say how often something was repeated in a minute that is
 * over at @now; G_MAXINT64 ends every minute. */
G_GNUC_INTERNAL void hm_log_fold_due (HmLogFold *fold, gint64 now, GPtrArray *due);

/* The writing thread with its queue. Thread-safe. */
typedef struct HmLogWriter HmLogWriter;

#define HM_LOG_QUEUE_MAX 1024

/* Called by the thread every few seconds while it has nothing to write. */
typedef void (*HmLogTick) (void);

G_GNUC_INTERNAL HmLogWriter *hm_log_writer_start (const char *program, HmLogTick tick);
/* Takes @line (transfer full); FALSE and it is freed when the queue is full. Never blocks. */
G_GNUC_INTERNAL gboolean hm_log_writer_put (HmLogWriter *writer, HmLogLine *line);
/* Writes what is queued, for @timeout_us at most, and lets go of @writer. Returns how many lines were not written:
 * then the thread hangs in a write and frees everything when it comes back. */
G_GNUC_INTERNAL guint hm_log_writer_stop (HmLogWriter *writer, gint64 timeout_us);
G_GNUC_INTERNAL gboolean hm_log_writer_is_self (const HmLogWriter *writer);
