/* SPDX-License-Identifier: Apache-2.0 */
/* files: what the outbox asks of a file system, as a table of functions.
 *
 * The seam at which tests fail a call, stop the process between two, or forget what was not synced. Each behaves like the system
 * call that it is named after: -1 and errno. hm_files_system() is the real one; any thread. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct HmFiles HmFiles;

struct HmFiles
{
  int (*open) (HmFiles *self, const char *path, int flags, mode_t mode); /* O_CLOEXEC is added */
  ssize_t (*pread) (HmFiles *self, int fd, void *bytes, size_t length, off_t offset);
  ssize_t (*pwrite) (HmFiles *self, int fd, const void *bytes, size_t length, off_t offset);
  off_t (*size) (HmFiles *self, int fd);
  int (*truncate) (HmFiles *self, int fd, off_t length);
  int (*sync) (HmFiles *self, int fd); /* fdatasync */
  int (*close) (HmFiles *self, int fd);
  int (*rename) (HmFiles *self, const char *from, const char *to);
  int (*rename_new) (HmFiles *self, const char *from, const char *to); /* EEXIST: @to is there; renameat2 */
  int (*unlink) (HmFiles *self, const char *path);
  int (*make_folder) (HmFiles *self, const char *path, mode_t mode);
  int (*sync_folder) (HmFiles *self, const char *path);
  /* The names in @path, sorted by strcmp, without "." and ".."; NULL and errno. Free with g_strfreev(). */
  char **(*list) (HmFiles *self, const char *path);
};

HmFiles *hm_files_system (void);

/* All of @length bytes or -1, EINTR and short counts seen to; a short read at the end gives what there is. */
ssize_t hm_files_read (HmFiles *files, int fd, void *bytes, size_t length, off_t offset);
/* The same, where the 4 KiB pieces that the disk does not read (EIO) are zeros. */
ssize_t hm_files_salvage (HmFiles *files, int fd, void *bytes, size_t length, off_t offset);
int hm_files_write (HmFiles *files, int fd, const void *bytes, size_t length, off_t offset);

G_END_DECLS
