/* SPDX-License-Identifier: Apache-2.0 */
/* settings_file: one configuration file, from bytes to pairs.
 *
 * GKeyFile does the parsing. A pass of our own before it says in which line something is wrong, and refuses
 * what GKeyFile takes silently: doubled keys and sections, of which one would win unseen, and translated
 * keys. */
#include "metering/settings_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "metering/error.h"
#include "metering/resource.h"

#define FILE_MAX   (1024 * 1024)
#define NAME_SHOWN 64

/* -- bytes -- */

static gboolean
read_all (int fd, GByteArray *bytes)
{
  guint8 buffer[16 * 1024];

  for (;;)
    {
      ssize_t n = read (fd, buffer, sizeof buffer);

      if (n == 0 || bytes->len > FILE_MAX)
        return TRUE;
      if (n < 0 && errno != EINTR)
        return FALSE;
      if (n > 0)
        g_byte_array_append (bytes, buffer, (guint)n);
    }
}

/* Takes @bytes (transfer full). (transfer full) */
static char *
to_text (GByteArray *bytes, const char *path, GError **error)
{
  guint length = bytes->len;
  g_autofree char *text = NULL;

  g_byte_array_append (bytes, (const guint8 *)"", 1);
  text = (char *)g_byte_array_free (bytes, FALSE);
  if (strlen (text) == length)
    return g_steal_pointer (&text);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: it has a NUL byte", path);
  return NULL;
}

char *
hm_settings_file_text (const char *path, gboolean must_exist, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
  gboolean readable = fd >= 0 && read_all (fd, bytes);
  int problem = errno;

  if (fd >= 0)
    close (fd);
  if (!readable && problem == ENOENT && !must_exist)
    return NULL;
  if (!readable)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", path, g_strerror (problem));
  else if (bytes->len > FILE_MAX)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: it is larger than %d bytes", path, FILE_MAX);
  else
    return to_text (g_steal_pointer (&bytes), path, error);
  return NULL;
}

/* -- the pass before -- */

typedef struct
{
  const char *path;
  guint line;
  GHashTable *sections; /* name → number of its line */
  GHashTable *keys;     /* of the section in which we are; NULL before the first one */
} Scan;

static void G_GNUC_PRINTF (3, 4) set_error_at (const Scan *scan, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s:%u: %s", scan->path, scan->line, message);
}

/* Notes @name (transfer full) of this line; FALSE when an earlier line had it. */
static gboolean
note_first (const Scan *scan, GHashTable *seen, char *name, const char *what, GError **error)
{
  guint earlier = GPOINTER_TO_UINT (g_hash_table_lookup (seen, name));

  if (earlier != 0)
    {
      g_autofree char *clean = hm_text_clean (name, NAME_SHOWN, NULL);

      set_error_at (scan, error, "%s %s is there already, in line %u", what, clean, earlier);
      g_free (name);
      return FALSE;
    }
  g_hash_table_insert (seen, name, GUINT_TO_POINTER (scan->line));
  return TRUE;
}

/* @line begins with [ and has no white space at its ends. */
static gboolean
scan_section (Scan *scan, const char *line, GError **error)
{
  gsize length = strlen (line);
  char *name;

  if (length < 3 || line[length - 1] != ']' || strcspn (line + 1, "[]") != length - 2)
    {
      set_error_at (scan, error, "a section is [name]");
      return FALSE;
    }
  name = g_strndup (line + 1, length - 2);
  g_clear_pointer (&scan->keys, g_hash_table_unref);
  scan->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return note_first (scan, scan->sections, name, "section", error);
}

static gboolean
scan_key (Scan *scan, const char *line, GError **error)
{
  const char *equals = strchr (line, '=');
  char *key;

  if (equals == NULL || equals == line)
    {
      set_error_at (scan, error, "it is neither # comment, [section] nor key=value");
      return FALSE;
    }
  if (scan->keys == NULL)
    {
      set_error_at (scan, error, "a key stands before the first [section]");
      return FALSE;
    }
  key = g_strchomp (g_strndup (line, (gsize)(equals - line)));
  if (strpbrk (key, "[]") != NULL)
    {
      g_free (key);
      set_error_at (scan, error, "a key has no [ or ] in it; there are no translated keys");
      return FALSE;
    }
  return note_first (scan, scan->keys, key, "key", error);
}

/* Tells lines apart exactly as GKeyFile does. */
static gboolean
scan_line (Scan *scan, char *line, GError **error)
{
  if (!g_utf8_validate (line, -1, NULL))
    {
      set_error_at (scan, error, "it is not UTF-8");
      return FALSE;
    }
  g_strstrip (line);
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  return line[0] == '[' ? scan_section (scan, line, error) : scan_key (scan, line, error);
}

static gboolean
scan_text (const char *path, const char *text, GError **error)
{
  g_autoptr (GHashTable) sections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Scan scan = { .path = path, .sections = sections };
  gboolean fine = TRUE;

  for (guint i = 0; fine && lines[i] != NULL; i++)
    {
      scan.line = i + 1;
      fine = scan_line (&scan, lines[i], error);
    }
  g_clear_pointer (&scan.keys, g_hash_table_unref);
  return fine;
}

/* -- pairs -- */

/* The value of one key: white space at its end is not part of it (\s there is), escapes are what they stand
 * for. (transfer full) */
static char *
read_value (GKeyFile *file, const char *path, const char *section, const char *key, GError **error)
{
  g_autofree char *raw = g_key_file_get_value (file, section, key, NULL);
  g_autofree char *value = NULL;
  g_autoptr (GError) local = NULL;

  g_key_file_set_value (file, section, key, g_strchomp (raw));
  value = g_key_file_get_string (file, section, key, &local);
  if (local == NULL)
    return g_steal_pointer (&value);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG,
               "%s, [%s]: %s: a backslash stands before s, n, t, r or another one", path, section, key);
  return NULL;
}

/* Every value of @file, or with @take NULL only whether each can be read. */
static gboolean
walk (GKeyFile *file, const char *path, HmSettingsTake take, gpointer user, GError **error)
{
  g_auto (GStrv) sections = g_key_file_get_groups (file, NULL);

  for (guint s = 0; sections[s] != NULL; s++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (file, sections[s], NULL, NULL);

      if (take != NULL)
        take (sections[s], NULL, NULL, user);
      for (guint k = 0; keys != NULL && keys[k] != NULL; k++)
        {
          g_autofree char *value = read_value (file, path, sections[s], keys[k], error);

          if (value == NULL)
            return FALSE;
          if (take != NULL)
            take (sections[s], keys[k], value, user);
        }
    }
  return TRUE;
}

gboolean
hm_settings_file_read (const char *path, gboolean must_exist, HmSettingsTake take, gpointer user,
                       GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  g_autofree char *text = hm_settings_file_text (path, must_exist, &local);

  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (text == NULL || *text == '\0')
    return TRUE;
  if (!scan_text (path, text, error))
    return FALSE;
  if (!g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, &local))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", path, local->message);
      return FALSE;
    }
  return walk (file, path, NULL, NULL, error) && walk (file, path, take, user, error);
}
