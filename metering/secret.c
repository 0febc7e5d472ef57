/* SPDX-License-Identifier: Apache-2.0 */
/* secret: see secret.h. Called at the start of a program, and by what checks its configuration. Not
 * g_file_get_contents(): it leaves copies behind in freed memory. */
#include "metering/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metering/error.h"

#define BUFFER_SIZE (HM_SECRET_MAX + 1) /* one byte more than there may be, which becomes the end */

static gboolean
refuse (const char *path, const char *reason, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", path, reason);
  return FALSE;
}

static gboolean
check_file (int fd, const char *path, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return refuse (path, g_strerror (errno), error);
  if (!S_ISREG (status.st_mode))
    return refuse (path, "a secret must be in a regular file", error);
  if ((status.st_mode & S_IRWXO) == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "%s: a file with a secret must not be open to others, but its mode is %04o", path,
               (guint)status.st_mode & 07777);
  return FALSE;
}

/* As much as there is, BUFFER_SIZE at most; -1: errno says why. */
static gssize
fill (int fd, char *buffer)
{
  gsize length = 0;

  while (length < BUFFER_SIZE)
    {
      gssize n = read (fd, buffer + length, BUFFER_SIZE - length);

      if (n < 0 && errno != EINTR)
        return -1;
      if (n == 0)
        break;
      length += n > 0 ? (gsize)n : 0;
    }
  return (gssize)length;
}

static gboolean
read_text (int fd, const char *path, char *buffer, GError **error)
{
  gssize length = fill (fd, buffer);

  if (length < 0)
    return refuse (path, g_strerror (errno), error);
  if (length == BUFFER_SIZE)
    return refuse (path, "too large for a secret", error);
  if (memchr (buffer, '\0', (gsize)length) != NULL)
    return refuse (path, "it is not text", error);
  if (length > 0 && buffer[length - 1] == '\n')
    length--;
  if (length > 0 && buffer[length - 1] == '\r')
    length--;
  buffer[length] = '\0';
  return TRUE;
}

char *
hm_secret_read (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  char *buffer;
  gboolean good;

  if (fd < 0)
    {
      refuse (path, g_strerror (errno), error);
      return NULL;
    }
  buffer = g_malloc0 (BUFFER_SIZE);
  good = check_file (fd, path, error) && read_text (fd, path, buffer, error);
  close (fd);
  if (good)
    return buffer;
  explicit_bzero (buffer, BUFFER_SIZE);
  g_free (buffer);
  return NULL;
}

void
hm_secret_free (char *secret)
{
  if (secret == NULL)
    return;
  explicit_bzero (secret, strlen (secret));
  g_free (secret);
}
