/* SPDX-License-Identifier: Apache-2.0 */
/* system_file: all or nothing of a file of the kernel's.
 *
 * Called by reading pollsters on their workers. Such files tell no size, so they are read to their end; one that is not what the
 * kernel writes (a test's, or another system's in the same place) is an error and never a partial result. */
#include "metering/system_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/text_private.h"
#include "metering/value.h"

#define NUMBER_FILE_MAX 64

static void
set_errno (GError **error, const char *root, const char *path, int code)
{
  HmError ours = HM_ERROR_TEMPORARY;

  if (code == ENOENT || code == ENOTDIR || code == ENODEV)
    ours = HM_ERROR_UNAVAILABLE;
  else if (code == EACCES || code == EPERM)
    ours = HM_ERROR_PERMISSION;
  g_set_error (error, HM_ERROR, ours, "%s%s: %s", root, path, g_strerror (code));
}

/* Appends all of @fd, up to one byte beyond @max. */
static gboolean
read_all (int fd, gsize max, GString *text)
{
  char buffer[16384];
  ssize_t n;

  while (text->len <= max)
    {
      n = read (fd, buffer, sizeof buffer);
      if (n == 0)
        return TRUE;
      if (n > 0)
        g_string_append_len (text, buffer, n);
      else if (errno != EINTR)
        return FALSE;
    }
  return TRUE;
}

/* NULL when @text can be all of a file of the kernel's. */
static const char *
fault_of (const GString *text, gsize max)
{
  if (text->len > max)
    return "larger than it can be";
  if (text->len == 0 || text->str[text->len - 1] != '\n' || strlen (text->str) != text->len)
    return "cut off, or not what the kernel writes";
  return NULL;
}

char *
hm_system_file_read (const char *root, const char *path, gsize max, GError **error)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = open (full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gboolean good = fd >= 0 && read_all (fd, max, text);
  const char *fault;

  if (!good)
    set_errno (error, root, path, errno);
  if (fd >= 0)
    close (fd);
  if (!good)
    return NULL;
  fault = fault_of (text, max);
  if (fault != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: %s", full, fault);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
hm_system_text_number (const char **cursor, guint64 *ret_number)
{
  const char *digits = *cursor + strspn (*cursor, " \t");
  gsize length = strspn (digits, "0123456789");
  HmValue value;

  if (!hm_value_parse (digits, length, HM_VALUE_U64, &value) || strchr (" \t\n", digits[length]) == NULL)
    return FALSE;
  *cursor = digits + length;
  *ret_number = value.u64;
  return TRUE;
}

gboolean
hm_system_file_number (const char *root, const char *path, guint64 *ret_number, GError **error)
{
  g_autofree char *text = hm_system_file_read (root, path, NUMBER_FILE_MAX, error);
  const char *cursor = text;
  guint64 number;

  if (text == NULL)
    return FALSE;
  if (!hm_system_text_number (&cursor, &number) || strcmp (cursor, "\n") != 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s%s: not a number", root, path);
      return FALSE;
    }
  *ret_number = number;
  return TRUE;
}

/* -- folders -- */

static gboolean
is_plain (const char *name)
{
  g_autofree gunichar *text = g_utf8_to_ucs4 (name, -1, NULL, NULL, NULL);

  for (gsize i = 0; text != NULL && text[i] != 0; i++)
    if (hm_char_is_treacherous (text[i]))
      return FALSE;
  return text != NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
hm_system_folder_list (const char *root, const char *path, guint max, GError **error)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  GPtrArray *names;
  const char *name;
  GDir *folder;

  errno = 0;
  folder = g_dir_open (full, 0, NULL);
  if (folder == NULL)
    {
      set_errno (error, root, path, errno);
      return NULL;
    }
  names = g_ptr_array_new_with_free_func (g_free);
  while (names->len < max && (name = g_dir_read_name (folder)) != NULL)
    if (is_plain (name))
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (folder);
  g_ptr_array_sort (names, compare_names);
  return names;
}

gboolean
hm_system_device_is_wanted (const char *root, const char *folder, const char *name, char *const *patterns)
{
  g_autofree char *device = g_build_filename (root, folder, name, "device", NULL);

  for (guint i = 0; patterns[i] != NULL; i++)
    if (g_pattern_match_simple (patterns[i], name))
      return TRUE;
  return patterns[0] == NULL && g_file_test (device, G_FILE_TEST_EXISTS);
}
