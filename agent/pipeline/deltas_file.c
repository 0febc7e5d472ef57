/* SPDX-License-Identifier: Apache-2.0 */
/* deltas_file: the counters' last values in the state folder, a line of JSON for each change.
 *
 *   ["hypermeter.deltas",1,FLOOR]           first line
 *   [ID,"METER DEVICE",EPOCH,VALUE,TIME]    a counter was read
 *   [ID,FLOOR]                              the resource's counters are no more
 *
 * Only appended to, by one write per resource and reading; written anew, whole and without what is old, at its first use, when
 * it has grown to a multiple of what it says, and once a day. A last line that was cut by a kill says nothing; its reading was
 * told to nobody either. */
#include "agent/pipeline/deltas_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/replace.h"
#include "metering/error.h"
#include "metering/json.h"
#include "metering/log.h"

#define FORMAT       "hypermeter.deltas"
#define READ_MAX     (64 * 1024 * 1024) /* bytes */
#define COMPACT_MIN  (1024 * 1024)      /* bytes */
#define COMPACT_AT   4                  /* times what it was when it was written anew */
#define ANEW_AFTER   (86400 * HM_NSEC_PER_SEC)
#define FORGET_AFTER (30 * ANEW_AFTER)
#define ENDED_FOR    (3600 * HM_NSEC_PER_SEC) /* longer than any poll takes */

/* -- lines -- */

static void
append_line (GString *out, HmJsonWriter *w)
{
  gsize length;
  const char *text = hm_json_writer_finish (w, &length, NULL);

  if (text != NULL)
    g_string_append_len (g_string_append_len (out, text, (gssize)length), "\n", 1);
}

static void
append_counter (GString *out, const char *id, const char *key, const char *epoch, guint64 value, HmTime time)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_array (w);
  hm_json_text (w, id);
  hm_json_text (w, key);
  hm_json_text (w, epoch);
  hm_json_u64 (w, value);
  hm_json_i64 (w, time);
  hm_json_end_array (w);
  append_line (out, w);
}

static void
append_head (GString *out, HmTime floor)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_array (w);
  hm_json_text (w, FORMAT);
  hm_json_u64 (w, 1);
  hm_json_i64 (w, floor);
  hm_json_end_array (w);
  append_line (out, w);
}

static void
append_end (GString *out, const char *id, HmTime floor)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_array (w);
  hm_json_text (w, id);
  hm_json_i64 (w, floor);
  hm_json_end_array (w);
  append_line (out, w);
}

static void
append_resource (GString *out, const char *id, const HmDeltaResource *resource)
{
  GHashTableIter iter;
  gpointer key, data;

  if (resource->floor > 0)
    append_end (out, id, resource->floor);
  g_hash_table_iter_init (&iter, resource->entries);
  while (g_hash_table_iter_next (&iter, &key, &data))
    {
      const HmDeltaEntry *entry = data;

      append_counter (out, id, key, entry->epoch, entry->value, entry->time);
    }
}

static void
append_all (const HmDeltas *self, GString *out)
{
  GHashTableIter iter;
  gpointer id, resource;

  append_head (out, self->floor);
  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, &id, &resource))
    append_resource (out, id, resource);
}

/* -- loading -- */

static gboolean
take_time (const HmJson *json, HmTime *ret_time)
{
  guint64 number;

  if (!hm_json_get_u64 (json, NULL, &number) || number > G_MAXINT64)
    return FALSE;
  *ret_time = (HmTime)number;
  return TRUE;
}

static gboolean
take_head (HmDeltas *self, const HmJson *line)
{
  guint64 version;

  return hm_json_size (line) == 3
         && g_strcmp0 (hm_json_get_text (hm_json_element (line, 0), NULL), FORMAT) == 0
         && hm_json_get_u64 (hm_json_element (line, 1), NULL, &version) && version == 1
         && take_time (hm_json_element (line, 2), &self->floor);
}

static gboolean
take_change (HmDeltas *self, const HmJson *line)
{
  const char *id = hm_json_get_text (hm_json_element (line, 0), NULL);
  const char *key = hm_json_get_text (hm_json_element (line, 1), NULL);
  const char *epoch = hm_json_get_text (hm_json_element (line, 2), NULL);
  guint64 value;
  HmTime time;

  if (id == NULL)
    return FALSE;
  if (hm_json_size (line) == 2 && take_time (hm_json_element (line, 1), &time))
    {
      hm_deltas_drop (self, id, time);
      return TRUE;
    }
  if (hm_json_size (line) != 5 || key == NULL || epoch == NULL
      || !hm_json_get_u64 (hm_json_element (line, 3), NULL, &value)
      || !take_time (hm_json_element (line, 4), &time)
      || self->status.counters >= HM_DELTAS_MAX + HM_DELTAS_OF_ONE)
    return FALSE;
  hm_deltas_put (self, id, key, epoch, value, time);
  return TRUE;
}

/* The number of the first line that is damaged; 0: none is. */
static guint
load_lines (HmDeltas *self, const char *text)
{
  guint number = 1;

  for (const char *end; (end = strchr (text, '\n')) != NULL; text = end + 1, number++)
    {
      g_autoptr (HmJson) line = hm_json_parse (text, (gsize)(end - text), NULL);

      if (line == NULL || !hm_json_is_array (line)
          || !(number == 1 ? take_head (self, line) : take_change (self, line)))
        return number;
    }
  return number == 1 ? 1 : 0;
}

static void
forget_all (HmDeltas *self)
{
  g_hash_table_remove_all (self->resources);
  self->status.counters = 0;
  self->floor = self->clock->wall (self->clock);
}

/* Of lives that began after their last reading nothing was counted, so that is where the floor then is. */
static void
drop_old_entries (HmDeltas *self, HmDeltaResource *resource, HmTime limit)
{
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, resource->entries);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    {
      HmTime time = ((HmDeltaEntry *)data)->time;

      if (time >= limit)
        continue;
      resource->floor = MAX (resource->floor, time);
      self->status.counters--;
      g_hash_table_iter_remove (&iter);
    }
}

/* The floor of a resource without counters becomes everybody's. */
static void
drop_old (HmDeltas *self)
{
  HmTime now = self->clock->wall (self->clock);
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, self->resources);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    {
      HmDeltaResource *resource = data;

      drop_old_entries (self, resource, now - FORGET_AFTER);
      if (g_hash_table_size (resource->entries) > 0 || resource->floor >= now - ENDED_FOR)
        continue;
      self->floor = MAX (self->floor, resource->floor);
      g_hash_table_iter_remove (&iter);
    }
}

/* What is damaged counts for nothing: who knows what else is missing. Every count begins anew. */
static gboolean
load (HmDeltas *self, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;
  gsize length = 0;
  guint damaged;

  forget_all (self);
  if (!g_file_get_contents (self->path, &text, &length, &cause))
    {
      if (g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s", cause->message);
      return FALSE;
    }
  damaged = length <= READ_MAX && strlen (text) == length ? load_lines (self, text) : 1;
  if (damaged > 0)
    {
      g_autofree char *reason = g_strdup_printf ("line %u is not one of the deltas' counters", damaged);

      hm_set_aside (self->path, reason);
      forget_all (self);
    }
  return TRUE;
}

/* -- keeping -- */

/* One line when it begins and one when it ends. */
static gboolean
conclude (HmDeltas *self, const GError *error)
{
  if (error != NULL)
    self->status.failures++;
  if (error != NULL && !self->is_failing)
    hm_warning ("deltas cannot be kept, so none are made: %s", error->message);
  else if (error == NULL && self->is_failing)
    hm_notice ("deltas are kept again");
  self->is_failing = error != NULL;
  return error == NULL;
}

static gboolean
write_anew (HmDeltas *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  hm_deltas_file_close (self);
  drop_old (self);
  append_all (self, text);
  if (!hm_replace_file (self->path, text->str, text->len, FALSE, error))
    return FALSE;
  self->fd = hm_replace_fails () ? -1 : open (self->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
  if (self->fd < 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", self->path, g_strerror (errno));
      return FALSE;
    }
  self->written_anew = self->clock->monotonic (self->clock);
  self->size = text->len;
  self->compact_at = MAX (COMPACT_MIN, COMPACT_AT * text->len);
  return TRUE;
}

static gboolean
is_due (const HmDeltas *self)
{
  return self->fd < 0 || self->size > self->compact_at
         || self->clock->monotonic (self->clock) - self->written_anew >= ANEW_AFTER;
}

gboolean
hm_deltas_file_open (HmDeltas *self)
{
  g_autoptr (GError) error = NULL;

  if (self->pending == NULL)
    self->pending = g_string_new (NULL);
  g_string_truncate (self->pending, 0);
  if (!self->is_loaded)
    self->is_loaded = load (self, &error);
  if (self->is_loaded && is_due (self))
    write_anew (self, &error);
  return error == NULL || conclude (self, error);
}

void
hm_deltas_file_add (HmDeltas *self, const char *id, const char *key, const char *epoch, guint64 value,
                    HmTime time)
{
  append_counter (self->pending, id, key, epoch, value, time);
}

void
hm_deltas_file_add_end (HmDeltas *self, const char *id, HmTime time)
{
  append_end (self->pending, id, time);
}

/* A failure may have left half a line, so the file is written anew before the next. */
gboolean
hm_deltas_file_write (HmDeltas *self)
{
  g_autoptr (GError) error = NULL;
  gsize length = self->pending->len;
  gssize written = 0;

  if (self->fd >= 0 && length > 0)
    written = hm_replace_fails () ? -1 : write (self->fd, self->pending->str, length);
  if (self->fd < 0 || written != (gssize)length)
    {
      g_set_error (&error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", self->path,
                   written < 0 ? g_strerror (errno) : "no room");
      hm_deltas_file_close (self);
      return conclude (self, error);
    }
  self->size += length;
  g_string_truncate (self->pending, 0);
  return conclude (self, NULL);
}

void
hm_deltas_file_close (HmDeltas *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}
