/* SPDX-License-Identifier: Apache-2.0 */
/* one_file: see one_file.h. Called on the test's thread. */
#include "tests/fakes/one_file.h"

#include <errno.h>
#include <string.h>

static int
one_open (HmFiles *files, const char *path G_GNUC_UNUSED, int flags G_GNUC_UNUSED, mode_t mode G_GNUC_UNUSED)
{
  ((OneFile *)files)->opens++;
  return 0;
}

static ssize_t
one_pread (HmFiles *files, int fd G_GNUC_UNUSED, void *bytes, size_t length, off_t offset)
{
  OneFile *self = (OneFile *)files;
  gsize at = MIN ((gsize)offset, self->length), n = MIN (length, self->length - at);

  if (self->fails != 0)
    {
      errno = self->fails;
      return -1;
    }
  if (n > 0)
    memcpy (bytes, self->bytes + at, n);
  self->read_up_to = MAX (self->read_up_to, at + n);
  return (ssize_t)n;
}

static off_t
one_size (HmFiles *files, int fd G_GNUC_UNUSED)
{
  return (off_t)((OneFile *)files)->length;
}

static int
one_close (HmFiles *files, int fd G_GNUC_UNUSED)
{
  ((OneFile *)files)->opens--;
  return 0;
}

OneFile
one_file (const guint8 *bytes, gsize length)
{
  return (OneFile){
    .files = { .open = one_open, .pread = one_pread, .size = one_size, .close = one_close },
    .bytes = bytes,
    .length = length,
  };
}
