/* SPDX-License-Identifier: Apache-2.0 */
/* file_rotate: another file in the place of the one that is open, by size and by time.
 *
 * Called by the publisher's thread between two lines, when all before is synced. The old file becomes PATH.TIME.COUNTER by
 * rename, and a new one takes PATH. The counter goes up by one with each, so it orders the files where the clock was stepped.
 * Until the new one is open the old one is written to, whatever its name: a failure on the way loses and doubles nothing. */
#include "publishers/file_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME_FORMAT "%Y%m%dT%H%M%SZ"
#define TIME_LENGTH 16
#define NAMES_TRIED 100

/* -- names -- */

/* The counter in the name of a file that was rotated away from @base; 0: it is none. */
static guint64
counter_of (const char *name, const char *base)
{
  gsize length = strlen (base);
  const char *time = name + length + 1;
  guint64 counter;

  if (strncmp (name, base, length) != 0 || name[length] != '.' || strlen (time) <= TIME_LENGTH + 1
      || time[8] != 'T' || time[TIME_LENGTH - 1] != 'Z' || time[TIME_LENGTH] != '.')
    return 0;
  return g_ascii_string_to_unsigned (time + TIME_LENGTH + 1, 10, 1, G_MAXUINT32, &counter, NULL) ? counter
                                                                                                 : 0;
}

typedef struct
{
  guint64 counter;
  char *path;
} Rotated;

static void
free_rotated (gpointer data)
{
  Rotated *rotated = data;

  g_free (rotated->path);
  g_free (rotated);
}

static gint
compare_rotated (gconstpointer a, gconstpointer b)
{
  const Rotated *x = *(const Rotated *const *)a, *y = *(const Rotated *const *)b;

  return (x->counter > y->counter) - (x->counter < y->counter);
}

/* (transfer full) (element-type Rotated) oldest first */
static GPtrArray *
list_rotated (const HmFile *file)
{
  g_autofree char *folder = g_path_get_dirname (file->path), *base = g_path_get_basename (file->path);
  GPtrArray *all = g_ptr_array_new_with_free_func (free_rotated);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      guint64 counter = counter_of (name, base);
      Rotated *rotated;

      if (counter == 0)
        continue;
      rotated = g_new (Rotated, 1);
      rotated->counter = counter;
      rotated->path = g_build_filename (folder, name, NULL);
      g_ptr_array_add (all, rotated);
    }
  g_ptr_array_sort (all, compare_rotated);
  return all;
}

/* (transfer full) */
static char *
next_name (HmFile *file)
{
  g_autoptr (GDateTime) now
      = g_date_time_new_from_unix_utc (file->clock->wall (file->clock) / HM_NSEC_PER_SEC);
  g_autofree char *time = g_date_time_format (now, TIME_FORMAT);

  return g_strdup_printf ("%s.%s.%06" G_GUINT64_FORMAT, file->path, time, ++file->counter);
}

/* -- when -- */

static gboolean
rotates (const HmFile *file)
{
  return file->rotate_size > 0 || file->rotate_interval > 0;
}

static gboolean
refuse_rotation (const HmFile *file, GError **error)
{
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "%s: only a regular file can be rotated, not a link, pipe or device", file->path);
  return FALSE;
}

/* A file that is rotated is renamed in its folder. */
static gboolean
check_place (const HmFile *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (file->path);
  struct stat status;

  if (!hm_access_file (file->path, error))
    return FALSE;
  if (rotates (file) && lstat (file->path, &status) == 0 && !S_ISREG (status.st_mode))
    return refuse_rotation (file, error);
  return !rotates (file) || hm_access_folder (folder, error);
}

gboolean
hm_file_check (const HmFile *file, GError **error)
{
  if (check_place (file, error))
    return TRUE;
  g_prefix_error (error, "path: ");
  return FALSE;
}

gboolean
hm_file_rotate_begin (HmFile *file, GError **error)
{
  g_autoptr (GPtrArray) rotated = NULL;
  struct stat status;

  if (!rotates (file))
    return TRUE;
  if (lstat (file->path, &status) != 0 || !S_ISREG (status.st_mode))
    return refuse_rotation (file, error);
  rotated = list_rotated (file);
  if (rotated->len > 0)
    file->counter = ((const Rotated *)g_ptr_array_index (rotated, rotated->len - 1))->counter;
  return TRUE;
}

static gint64
slot_now (const HmFile *file)
{
  return file->rotate_interval > 0 ? file->clock->wall (file->clock) / file->rotate_interval : 0;
}

gboolean
hm_file_rotate_is_due (HmFile *file, gsize length)
{
  off_t size = rotates (file) ? hm_file_size (file) : 0;

  if (size == 0)
    {
      file->slot = slot_now (file);
      return FALSE;
    }
  if (file->clock->monotonic (file->clock) < file->try_again)
    return FALSE;
  return (file->rotate_size > 0 && (guint64)size + length > file->rotate_size)
         || slot_now (file) != file->slot;
}

/* -- how -- */

/* Where the file system cannot refuse to replace a file, this looks before: nobody else gives such names. */
static int
rename_to_new (const char *from, const char *to)
{
  struct stat status;

  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  if (lstat (to, &status) != 0)
    return rename (from, to);
  errno = EEXIST;
  return -1;
}

/* *@ret_name (transfer full): where it is now; untouched when somebody else had moved it away. */
static gboolean
move_away (HmFile *file, char **ret_name, GError **error)
{
  for (guint i = 0; i < NAMES_TRIED; i++)
    {
      g_autofree char *name = next_name (file);

      if (rename_to_new (file->path, name) == 0)
        {
          *ret_name = g_steal_pointer (&name);
          return TRUE;
        }
      if (errno == ENOENT)
        return TRUE;
      if (errno != EEXIST)
        break;
    }
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", file->path, g_strerror (errno));
  return FALSE;
}

static void
drop_oldest (const HmFile *file)
{
  g_autoptr (GPtrArray) rotated = file->keep > 0 ? list_rotated (file) : NULL;

  for (guint i = 0; rotated != NULL && i + file->keep < rotated->len; i++)
    {
      const Rotated *oldest = g_ptr_array_index (rotated, i);

      if (unlink (oldest->path) != 0)
        hm_warning ("%s: %s", oldest->path, g_strerror (errno));
    }
}

/* The folder is synced with the first line, before anything of the new file is confirmed. */
static gboolean
replace (HmFile *file, GError **error)
{
  g_autofree char *name = NULL;

  if (!move_away (file, &name, error))
    return FALSE;
  if (hm_file_reopen (file, error))
    return TRUE;
  if (name != NULL && rename_to_new (name, file->path) != 0)
    hm_warning ("%s: %s; lines go on into it by that name", name, g_strerror (errno));
  return FALSE;
}

void
hm_file_rotate (HmFile *file)
{
  g_autoptr (GError) error = NULL;

  if (replace (file, &error))
    {
      file->slot = slot_now (file);
      drop_oldest (file);
      return;
    }
  file->try_again = file->clock->monotonic (file->clock) + HM_FILE_TRY_AGAIN_NS;
  hm_warning ("%s: not rotated, lines go on into the file that is open", error->message);
}
