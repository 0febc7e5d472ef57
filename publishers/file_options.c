/* SPDX-License-Identifier: Apache-2.0 */
/* file_options: what [publisher:file] may say. Part of the plugin `file`; pure, called when the configuration is read. */
#include "publishers/file_private.h"

const HmOption hm_file_options[] = {
  { .key = "path",
    .type = HM_OPTION_TEXT,
    .required = TRUE,
    .help = "The file that lines are appended to; its folder must be there" },
  { .key = "rotate-size",
    .type = HM_OPTION_SIZE,
    .fallback = "0",
    .help
    = "A file that would grow beyond this is renamed to PATH.TIME.COUNTER, and a new one begun; 0: never" },
  { .key = "rotate-interval",
    .type = HM_OPTION_DURATION,
    .fallback = "0s",
    .max = 366 * 86400 * HM_NSEC_PER_SEC,
    .help = "The same with the first line after a multiple of this by the wall clock in UTC (1h: on the "
            "hour), from 1s; 0s: "
            "never" },
  { .key = "keep",
    .type = HM_OPTION_INTEGER,
    .fallback = "0",
    .max = 1000000,
    .help = "How many renamed files stay; older ones are deleted; 0: all stay" },
  { .key = "fsync",
    .type = HM_OPTION_CHOICE,
    .fallback = "always",
    .choices = "always|interval|never",
    .help = "When lines are brought to disk. always: at once. interval: once per fsync-interval; nothing is "
            "lost, as a record "
            "is confirmed after that, but what a power cut took is written again by a later start. never: "
            "when the kernel "
            "likes; a record is confirmed before it is on disk, so a power cut or a crash of the host loses "
            "records that "
            "count as delivered" },
  { .key = "fsync-interval",
    .type = HM_OPTION_DURATION,
    .fallback = "1s",
    .min = 10 * HM_NSEC_PER_MSEC,
    .max = 3600 * HM_NSEC_PER_SEC,
    .help = "Longest time between line and disk with fsync=interval" },
  { .key = NULL },
};

gboolean
hm_file_options_check (const HmOptions *values, GError **error)
{
  const char *path = hm_options_text (values, "path");
  gint64 interval = hm_options_integer (values, "rotate-interval");
  g_autofree char *shown = hm_duration_print (interval);

  if (!g_path_is_absolute (path))
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "path: \"%s\" is not absolute", path);
  else if (interval > 0 && interval < HM_NSEC_PER_SEC)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "rotate-interval: \"%s\" is less than 1s", shown);
  else
    return TRUE;
  return FALSE;
}
