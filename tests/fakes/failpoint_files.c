/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint_files: see failpoint_files.h. Reading has points too, though nothing can be lost by it: a stop there is a stop between two
 * writes, and an error there is to be lived with. */
#include "tests/fakes/failpoint_files.h"

#include <errno.h>
#include <string.h>

#define MAX_FD 1024

typedef struct
{
  HmFiles files;
  HmFiles *below;
  Failpoints *points;
  const char *prefix;
  gint dead;                /* atomic */
  const char *kind[MAX_FD]; /* of each open file; static text */
} Layer;

static const char *
kind_of (const char *path)
{
  if (g_str_has_suffix (path, "journal"))
    return "journal";
  return g_str_has_suffix (path, ".segment") ? "segment" : "other";
}

static const char *
kind_of_fd (const Layer *self, int fd)
{
  return fd >= 0 && fd < MAX_FD && self->kind[fd] != NULL ? self->kind[fd] : "other";
}

/* FALSE and errno: it is to fail. */
static gboolean
pass (Layer *self, const char *operation, const char *kind, const char *moment)
{
  g_autofree char *name = g_strdup_printf ("%s.%s.%s.%s", self->prefix, operation, kind, moment);
  int error = 0;

  if (!g_atomic_int_get (&self->dead))
    error = failpoints_pass (self->points, name);
  if (g_atomic_int_get (&self->dead))
    error = EIO;
  if (error != 0)
    errno = error;
  return error == 0;
}

/* What has happened has happened, even if the process did not live to see it. */
static gboolean
pass_after (Layer *self, const char *operation, const char *kind)
{
  int saved = errno;
  gboolean good = pass (self, operation, kind, "after");

  if (good)
    errno = saved;
  return good;
}

static int
layer_open (HmFiles *files, const char *path, int flags, mode_t mode)
{
  Layer *self = (Layer *)files;
  const char *kind = kind_of (path);
  int fd;

  if (!pass (self, "open", kind, "before"))
    return -1;
  fd = self->below->open (self->below, path, flags, mode);
  g_assert (fd < MAX_FD);
  if (fd >= 0)
    self->kind[fd] = kind;
  if (pass_after (self, "open", kind))
    return fd;
  if (fd >= 0)
    self->below->close (self->below, fd);
  return -1;
}

static int
layer_close (HmFiles *files, int fd)
{
  Layer *self = (Layer *)files;

  return self->below->close (self->below, fd);
}

#define AROUND(type, operation, kind, call)                                                                  \
  Layer *self = (Layer *)files;                                                                              \
  const char *of = (kind);                                                                                   \
  type result;                                                                                               \
                                                                                                             \
  if (!pass (self, operation, of, "before"))                                                                 \
    return -1;                                                                                               \
  result = (call);                                                                                           \
  return pass_after (self, operation, of) ? result : -1

static ssize_t
layer_pread (HmFiles *files, int fd, void *bytes, size_t length, off_t offset)
{
  AROUND (ssize_t, "read", kind_of_fd (self, fd),
          self->below->pread (self->below, fd, bytes, length, offset));
}

static ssize_t
layer_pwrite (HmFiles *files, int fd, const void *bytes, size_t length, off_t offset)
{
  AROUND (ssize_t, "write", kind_of_fd (self, fd),
          self->below->pwrite (self->below, fd, bytes, length, offset));
}

static off_t
layer_size (HmFiles *files, int fd)
{
  AROUND (off_t, "size", kind_of_fd (self, fd), self->below->size (self->below, fd));
}

static int
layer_truncate (HmFiles *files, int fd, off_t length)
{
  AROUND (int, "truncate", kind_of_fd (self, fd), self->below->truncate (self->below, fd, length));
}

static int
layer_sync (HmFiles *files, int fd)
{
  AROUND (int, "sync", kind_of_fd (self, fd), self->below->sync (self->below, fd));
}

static int
layer_rename (HmFiles *files, const char *from, const char *to)
{
  AROUND (int, "rename", kind_of (from), self->below->rename (self->below, from, to));
}

static int
layer_rename_new (HmFiles *files, const char *from, const char *to)
{
  AROUND (int, "rename_new", kind_of (from), self->below->rename_new (self->below, from, to));
}

static int
layer_unlink (HmFiles *files, const char *path)
{
  AROUND (int, "unlink", kind_of (path), self->below->unlink (self->below, path));
}

static int
layer_make_folder (HmFiles *files, const char *path, mode_t mode)
{
  AROUND (int, "make_folder", "folder", self->below->make_folder (self->below, path, mode));
}

static int
layer_sync_folder (HmFiles *files, const char *path)
{
  AROUND (int, "sync", "folder", self->below->sync_folder (self->below, path));
}

static char **
layer_list (HmFiles *files, const char *path)
{
  Layer *self = (Layer *)files;

  return pass (self, "list", "folder", "before") ? self->below->list (self->below, path) : NULL;
}

HmFiles *
failpoint_files_new (HmFiles *below, Failpoints *points, const char *prefix)
{
  Layer *self = g_new0 (Layer, 1);

  self->files = (HmFiles){
    .open = layer_open,
    .pread = layer_pread,
    .pwrite = layer_pwrite,
    .size = layer_size,
    .truncate = layer_truncate,
    .sync = layer_sync,
    .close = layer_close,
    .rename = layer_rename,
    .rename_new = layer_rename_new,
    .unlink = layer_unlink,
    .make_folder = layer_make_folder,
    .sync_folder = layer_sync_folder,
    .list = layer_list,
  };
  self->below = below;
  self->points = points;
  self->prefix = prefix;
  return &self->files;
}

void
failpoint_files_set_dead (HmFiles *files, gboolean dead)
{
  g_atomic_int_set (&((Layer *)files)->dead, dead);
}
