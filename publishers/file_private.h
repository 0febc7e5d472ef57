/* SPDX-License-Identifier: Apache-2.0 */
/* file_private: what the files of the plugin `file` share. file.c is the publisher: queue, thread, confirmations;
 * file_options.c is what it is told.
 * file_write.c writes whole lines to the file that is open; file_rotate.c puts another in its place. All calls of one HmFile
 * come from one thread. */
#pragma once

#include <sys/types.h>

#include "metering/hypermeter.h"

G_BEGIN_DECLS

typedef struct
{
  /* Set by the publisher before the first call. */
  char *path;
  guint64 rotate_size;    /* bytes of one file at most, unless one line has more; 0: any */
  gint64 rotate_interval; /* ns: a file holds lines of one such stretch of the wall clock alone; 0: any */
  guint keep;             /* files that were rotated away; 0: all */
  const HmClock *clock;
  int (*sync) (int fd);                                   /* fdatasync() */
  int (*open) (const char *path, int flags, mode_t mode); /* hm_file_open_path() */

  int fd; /* -1: not open */
  gboolean is_regular;
  gboolean name_is_new; /* its folder was not synced since it was opened */
  off_t synced;         /* so much of it is on disk */
  gint64 slot;          /* the stretch that its lines are of */
  guint64 counter;      /* of the file that was rotated away last */
  gint64 try_again;     /* monotonic: after a rotation that failed */
} HmFile;

/* What failed and can wait is tried again after this. */
#define HM_FILE_TRY_AGAIN_NS (10 * HM_NSEC_PER_SEC)

/* -- file_options.c -- */

extern const HmOption hm_file_options[];
gboolean hm_file_options_check (const HmOptions *values, GError **error); /* HM_ERROR_CONFIG */

/* -- file_write.c -- */

int hm_file_open_path (const char *path, int flags, mode_t mode); /* open() */

/* Opens, or makes, the file; a line that a crash cut off in it is ended. HM_ERROR_CREATE. */
gboolean hm_file_open (HmFile *file, GError **error);
void hm_file_close (HmFile *file);

/* Has the path opened anew, as another program may have moved the file away. Everything must be synced. Where that fails the
 * file that is open stays. HM_ERROR_CREATE. */
gboolean hm_file_reopen (HmFile *file, GError **error);

/* Appends a line, all of it or nothing. HM_ERROR_UNAVAILABLE. */
gboolean hm_file_append (HmFile *file, const char *line, gsize length, GError **error);

/* Comes back when all that was appended is on disk, by a name that is there too; after a failure, of which nobody knows what
 * it has left, all since the last sync is cut off, to be appended again. HM_ERROR_UNAVAILABLE. */
gboolean hm_file_sync (HmFile *file, GError **error);

/* Bytes in the file; 0 for what has no size. */
off_t hm_file_size (const HmFile *file);

/* -- file_rotate.c -- */

/* Sees what was rotated away earlier; refuses what cannot be rotated. After hm_file_open(). HM_ERROR_CONFIG. */
gboolean hm_file_rotate_begin (HmFile *file, GError **error);

/* Whether hm_file_open() and hm_file_rotate_begin() would do, with nothing opened and nothing made. HM_ERROR_CONFIG names key and path. */
gboolean hm_file_check (const HmFile *file, GError **error);

/* Whether another file must take the place of this one before @length bytes are appended. */
gboolean hm_file_rotate_is_due (HmFile *file, gsize length);

/* Gives the file a name with time and counter, and opens a new one. Everything must be synced. A failure is logged, and the file
 * that is open goes on for a while. */
void hm_file_rotate (HmFile *file);

G_END_DECLS
