/* SPDX-License-Identifier: Apache-2.0 */
/* generation_file: keeps the numbers of counters' lives on disk, before they are used.
 *
 * The file holds a line "<resource id> <life> <generation>" for each generation that was ever raised, and a line
 * "<resource id> <life> <device> <number> <start>" for each part that has a life of its own. It is small,
 * and replaced whole, synced before and after its rename. */
#include "agent/inventory/generation_private.h"

#include <string.h>

#include "metering/error.h"
#include "metering/log.h"

#define NO_START "-"
#define GONE     "gone" /* the device is, and the life is to come */

/* -- memory */

static void
free_part (gpointer data)
{
  HmPartLife *part = data;

  g_free (part->device);
  g_free (part);
}

HmKeptLife *
hm_kept_life_new (const char *life, gsize length)
{
  HmKeptLife *kept = g_new0 (HmKeptLife, 1);

  kept->life = g_strndup (life, length);
  kept->parts = g_ptr_array_new_with_free_func (free_part);
  return kept;
}

void
hm_kept_life_free (HmKeptLife *kept)
{
  if (kept == NULL)
    return;
  g_free (kept->life);
  g_ptr_array_unref (kept->parts);
  g_free (kept);
}

HmPartLife *
hm_part_life_find (const HmKeptLife *kept, const char *device)
{
  for (guint i = 0; i < kept->parts->len; i++)
    {
      HmPartLife *part = g_ptr_array_index (kept->parts, i);

      if (strcmp (part->device, device) == 0)
        return part;
    }
  return NULL;
}

HmPartLife *
hm_part_life_ensure (HmKeptLife *kept, const char *device)
{
  HmPartLife *part = hm_part_life_find (kept, device);

  if (part != NULL)
    return part;
  part = g_new0 (HmPartLife, 1);
  part->device = g_strdup (device);
  part->start = part->found = part->read = HM_TIME_UNKNOWN;
  g_ptr_array_add (kept->parts, part);
  return part;
}

gsize
hm_life_length (const char *epoch)
{
  const char *colon = strrchr (epoch, ':');

  return colon != NULL ? (gsize)(colon - epoch) : strlen (epoch);
}

static gboolean
is_life (const HmKeptLife *kept, const char *life, gsize length)
{
  return strlen (kept->life) == length && strncmp (kept->life, life, length) == 0;
}

const HmKeptLife *
hm_kept_life_find (HmGenerations *self, const char *id, const char *epoch)
{
  const HmKeptLife *kept = g_hash_table_lookup (self->kept, id);

  return kept != NULL && is_life (kept, epoch, hm_life_length (epoch)) ? kept : NULL;
}

HmKeptLife *
hm_kept_life_edit (HmGenerations *self, const char *id, const char *epoch)
{
  const HmKeptLife *kept = hm_kept_life_find (self, id, epoch);
  gsize length = hm_life_length (epoch);
  HmKeptLife *copy = hm_kept_life_new (epoch, length);

  if (epoch[length] == ':')
    copy->generation = (guint)g_ascii_strtoull (epoch + length + 1, NULL, 10);
  for (guint i = 0; kept != NULL && i < kept->parts->len; i++)
    {
      const HmPartLife *part = g_ptr_array_index (kept->parts, i);
      HmPartLife *of_copy = hm_part_life_ensure (copy, part->device);
      char *device = of_copy->device;

      *of_copy = *part;
      of_copy->device = device;
    }
  return copy;
}

/* -- writing */

static void
write_part (GString *text, const char *id, const HmKeptLife *kept, const HmPartLife *part)
{
  g_autofree char *device = g_uri_escape_string (part->device, ":", FALSE);
  char start[HM_TIME_TEXT_MAX];

  if (part->start >= 0)
    hm_time_print (part->start, start);
  else
    g_strlcpy (start, part->is_awaited ? GONE : NO_START, sizeof (start));
  g_string_append_printf (text, "%s %s %s %u %s\n", id, kept->life, device, part->number, start);
}

static gboolean
save (HmGenerations *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) cause = NULL;
  GHashTableIter iter;
  gpointer id, data;

  if (self->path == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, &id, &data))
    {
      const HmKeptLife *kept = data;

      if (kept->generation > 0)
        g_string_append_printf (text, "%s %s %u\n", (const char *)id, kept->life, kept->generation);
      for (guint i = 0; i < kept->parts->len; i++)
        write_part (text, id, kept, g_ptr_array_index (kept->parts, i));
    }
  if (g_file_set_contents_full (self->path, text->str, (gssize)text->len,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0640, &cause))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "cannot keep the counter generations: %s", cause->message);
  return FALSE;
}

/* No process outlives its host, so what was kept of those of another boot than @life's says nothing any more. */
static void
drop_other_boots (HmGenerations *self, const char *life)
{
  gsize length = strcspn (life, ":");
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    {
      const HmKeptLife *kept = data;

      if (strcspn (kept->life, ":") != length || strncmp (kept->life, life, length) != 0)
        g_hash_table_iter_remove (&iter);
    }
}

static void
put (HmGenerations *self, const char *id, HmKeptLife *kept)
{
  if (kept != NULL)
    g_hash_table_replace (self->kept, g_strdup (id), kept);
  else
    g_hash_table_remove (self->kept, id);
}

gboolean
hm_generations_keep (HmGenerations *self, const char *id, HmKeptLife *changed, GError **error)
{
  g_autofree char *old_id = NULL;
  g_autoptr (HmKeptLife) before = NULL;

  if (changed != NULL)
    drop_other_boots (self, changed->life);
  g_hash_table_steal_extended (self->kept, id, (gpointer *)&old_id, (gpointer *)&before);
  put (self, id, changed);
  if (save (self, error))
    return TRUE;
  put (self, id, g_steal_pointer (&before));
  return FALSE;
}

/* -- reading */

static HmKeptLife *
ensure_kept (HmGenerations *self, const char *id, const char *life)
{
  HmKeptLife *kept = g_hash_table_lookup (self->kept, id);

  if (kept == NULL)
    put (self, id, kept = hm_kept_life_new (life, strlen (life)));
  return is_life (kept, life, strlen (life)) ? kept : NULL;
}

static gboolean
read_number (const char *text, guint *ret_number)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT, &number, NULL))
    return FALSE;
  *ret_number = (guint)number;
  return TRUE;
}

static gboolean
load_part (HmGenerations *self, char **words)
{
  g_autofree char *device = g_uri_unescape_string (words[2], NULL);
  gboolean is_gone = strcmp (words[4], GONE) == 0;
  HmTime start = HM_TIME_UNKNOWN;
  HmKeptLife *kept;
  HmPartLife *part;
  guint number;

  if (device == NULL || *device == '\0' || !read_number (words[3], &number)
      || (!is_gone && strcmp (words[4], NO_START) != 0 && !hm_time_parse (words[4], -1, &start)))
    return FALSE;
  kept = ensure_kept (self, words[0], words[1]);
  if (kept == NULL)
    return FALSE;
  part = hm_part_life_ensure (kept, device);
  part->number = number;
  part->start = start;
  part->is_awaited = is_gone;
  part->is_used = !is_gone;
  return TRUE;
}

static gboolean
load_line (HmGenerations *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  HmKeptLife *kept;
  guint generation;

  if (g_strv_length (words) == 5)
    return load_part (self, words);
  if (g_strv_length (words) != 3 || !read_number (words[2], &generation))
    return FALSE;
  kept = ensure_kept (self, words[0], words[1]);
  if (kept == NULL)
    return FALSE;
  kept->generation = generation;
  return TRUE;
}

/* Takes what can be read of @text. Returns the number of the last line that is damaged; 0: none is. */
static guint
load_lines (HmGenerations *self, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint damaged = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0' && !load_line (self, lines[i]))
      damaged = i + 1;
  return damaged;
}

/* All of it is kept for a person to look at, then what is sound goes on under the usual name: at no moment is there
 * neither. */
static gboolean
set_aside (HmGenerations *self, const char *text, guint line, GError **error)
{
  g_autofree char *aside = g_strconcat (self->path, ".damaged", NULL);
  g_autoptr (GError) cause = NULL;

  if (!g_file_set_contents_full (aside, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0640, &cause))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CREATE,
                   "%s, line %u: not a counter generation; not to be set aside: %s", self->path, line,
                   cause->message);
      return FALSE;
    }
  hm_warning ("%s, line %u: not a counter generation; set aside as %s", self->path, line, aside);
  return save (self, error);
}

gboolean
hm_generations_load (HmGenerations *self, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;
  guint damaged;

  if (!g_file_get_contents (self->path, &text, NULL, &cause))
    {
      if (g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "cannot read the counter generations: %s", cause->message);
      return FALSE;
    }
  damaged = load_lines (self, text);
  return damaged == 0 || set_aside (self, text, damaged, error);
}
