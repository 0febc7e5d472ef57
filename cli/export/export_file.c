/* SPDX-License-Identifier: Apache-2.0 */
/* export_file: a file is written under a name that nobody else has, brought to the disk, and given its own where that is free: whoever looks at any moment
 * sees all of it or nothing, and so does whoever comes after a power cut. */
#include "cli/export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BUFFER   (64 << 10)
#define READ_MAX (64 << 20) /* of what is read as a whole: a manifest */

struct HmExportFile
{
  HmFiles *files;
  char *folder, *name, *path, *working;
  int fd; /* -1: closed */
  gboolean begun;
  off_t length;
  GString *buffer;
  GChecksum *hash;
};

static gboolean
fail (const char *path, const char *doing, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s: %s", path, doing, g_strerror (errno));
  return FALSE;
}

HmExportFile *
hm_export_file_new (HmFiles *files, const char *folder, const char *name, GError **error)
{
  g_autoptr (HmExportFile) file = g_new0 (HmExportFile, 1);
  g_autofree char *hidden = g_strdup_printf (".%s.%08x%08x.new", name, g_random_int (), g_random_int ());

  file->files = files;
  file->folder = g_strdup (folder);
  file->name = g_strdup (name);
  file->path = g_build_filename (folder, name, NULL);
  file->working = g_build_filename (folder, hidden, NULL);
  file->buffer = g_string_sized_new (BUFFER);
  file->hash = g_checksum_new (G_CHECKSUM_SHA256);
  file->fd = files->open (files, file->working, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0640);
  if (file->fd < 0)
    {
      fail (file->working, "cannot be written", error);
      return NULL;
    }
  file->begun = TRUE;
  return g_steal_pointer (&file);
}

HmExportFile *
hm_export_file_new_unwritten (void)
{
  HmExportFile *file = g_new0 (HmExportFile, 1);

  file->buffer = g_string_new (NULL);
  file->hash = g_checksum_new (G_CHECKSUM_SHA256);
  file->fd = -1;
  return file;
}

const char *
hm_export_file_sha256 (const HmExportFile *file)
{
  return g_checksum_get_string (file->hash);
}

void
hm_export_file_free (HmExportFile *file)
{
  if (file == NULL)
    return;
  if (file->fd >= 0)
    file->files->close (file->files, file->fd);
  if (file->begun)
    file->files->unlink (file->files, file->working);
  g_free (file->folder);
  g_free (file->name);
  g_free (file->path);
  g_free (file->working);
  g_string_free (file->buffer, TRUE);
  g_checksum_free (file->hash);
  g_free (file);
}

static gboolean
flush (HmExportFile *file, GError **error)
{
  if (hm_files_write (file->files, file->fd, file->buffer->str, file->buffer->len, file->length) != 0)
    return fail (file->working, "cannot be written", error);
  file->length += (off_t)file->buffer->len;
  g_string_truncate (file->buffer, 0);
  return TRUE;
}

gboolean
hm_export_file_put (HmExportFile *file, const char *text, GError **error)
{
  gsize length = strlen (text);

  g_checksum_update (file->hash, (const guchar *)text, (gssize)length);
  if (file->working == NULL)
    return TRUE;
  g_string_append_len (file->buffer, text, (gssize)length);
  return file->buffer->len < BUFFER || flush (file, error);
}

static gboolean
to_disk (HmExportFile *file, GError **error)
{
  int fd = file->fd;

  if (!flush (file, error))
    return FALSE;
  if (file->files->sync (file->files, fd) != 0)
    return fail (file->working, "cannot be brought to the disk", error);
  file->fd = -1;
  if (file->files->close (file->files, fd) != 0)
    return fail (file->working, "cannot be closed", error);
  return TRUE;
}

/* Whoever was here before may not have come to it. */
static gboolean
sync_name (const HmExportFile *file, GError **error)
{
  return file->files->sync_folder (file->files, file->folder) == 0
         || fail (file->folder, "cannot be brought to the disk", error);
}

/* The name is taken: by the same bytes, or it is an error. */
static gboolean
compare_with_present (const HmExportFile *file, const char *sha256, GError **error)
{
  char present[HM_EXPORT_HASH_MAX];
  g_autoptr (GError) local = NULL;
  guint64 lines;

  if (!hm_export_file_check (file->files, file->folder, file->name, present, &lines, &local))
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: cannot be given its name: %s", file->path,
                 local->message);
  else if (strcmp (present, sha256) == 0)
    return TRUE;
  else
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE,
                 "%s: is there already, and is another (SHA-256 %s, not %s): it is left as it is", file->path,
                 present, sha256);
  return FALSE;
}

static gboolean
give_name (HmExportFile *file, gboolean replaces, const char *sha256, GError **error)
{
  HmFiles *files = file->files;

  if ((replaces ? files->rename : files->rename_new) (files, file->working, file->path) == 0)
    file->begun = FALSE;
  else if (replaces || errno != EEXIST)
    return fail (file->path, "cannot be given its name", error);
  else if (!compare_with_present (file, sha256, error))
    return FALSE;
  return sync_name (file, error);
}

gboolean
hm_export_file_publish (HmExportFile *file, gboolean replaces, char ret_sha256[HM_EXPORT_HASH_MAX],
                        GError **error)
{
  char sha256[HM_EXPORT_HASH_MAX];

  g_strlcpy (sha256, g_checksum_get_string (file->hash), sizeof sha256);
  if (!to_disk (file, error) || !give_name (file, replaces, sha256, error))
    return FALSE;
  memcpy (ret_sha256, sha256, sizeof sha256);
  return TRUE;
}

/* -- reading -- */

/* What lies there may be a pipe, or a link to what has no end; no more is read of anything than its size. */
static gboolean
refuse (const char *path, GError **error)
{
  gboolean is_file = errno != ELOOP && errno != ESPIPE;

  g_set_error (error, HM_ERROR, errno == ENOENT ? HM_ERROR_GONE : HM_ERROR_DATA, "%s: %s", path,
               is_file ? g_strerror (errno) : "is no regular file");
  return FALSE;
}

static int
open_there (HmFiles *files, const char *path, GError **error)
{
  int fd = files->open (files, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

  if (fd < 0)
    refuse (path, error);
  return fd;
}

/* A line feed within quotes ends no row of CSV; JSON has none within quotes. */
typedef struct
{
  gboolean csv, quoted;
  guint64 lines;
} Counting;

static void
count_lines (Counting *counting, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (counting->csv && bytes[i] == '"')
      counting->quoted = !counting->quoted;
    else
      counting->lines += bytes[i] == '\n' && !counting->quoted;
}

gboolean
hm_export_file_check (HmFiles *files, const char *folder, const char *name,
                      char ret_sha256[HM_EXPORT_HASH_MAX], guint64 *ret_lines, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *bytes = g_malloc (BUFFER);
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);
  int fd = open_there (files, path, error);
  Counting counting = { .csv = g_str_has_suffix (name, ".csv") };
  off_t at = 0, size = fd >= 0 ? files->size (files, fd) : -1;
  ssize_t n = size < 0 ? -1 : 0;

  if (fd < 0)
    return FALSE;
  while (at <= size && (n = hm_files_read (files, fd, bytes, BUFFER, at)) > 0)
    {
      g_checksum_update (hash, (const guchar *)bytes, n);
      count_lines (&counting, bytes, (gsize)n);
      at += n;
    }
  if (n < 0)
    refuse (path, error);
  files->close (files, fd);
  if (n < 0)
    return FALSE;
  g_strlcpy (ret_sha256, g_checksum_get_string (hash), HM_EXPORT_HASH_MAX);
  *ret_lines = counting.lines - (counting.csv && counting.lines > 0);
  return TRUE;
}

char *
hm_export_file_read (HmFiles *files, const char *folder, const char *name, gsize *ret_length,
                     char ret_sha256[HM_EXPORT_HASH_MAX], GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *bytes = NULL, *hash = NULL;
  int fd = open_there (files, path, error);
  off_t size = fd >= 0 ? files->size (files, fd) : -1;
  ssize_t n = -1;

  if (fd < 0)
    return NULL;
  if (size >= 0 && size <= READ_MAX)
    {
      bytes = g_malloc ((gsize)size + 1);
      n = hm_files_read (files, fd, bytes, (gsize)size, 0);
    }
  files->close (files, fd);
  if (n != size || bytes == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: cannot be read, or is too large", path);
      return NULL;
    }
  bytes[n] = '\0';
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)bytes, (gsize)n);
  g_strlcpy (ret_sha256, hash, HM_EXPORT_HASH_MAX);
  *ret_length = (gsize)n;
  return g_steal_pointer (&bytes);
}
