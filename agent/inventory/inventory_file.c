/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_file: writes the inventory off the polls' path, and reads it back at the start.
 *
 * The inspector owns it. Its thread sleeps until the inventory changed; the file is replaced whole, synced before and
 * after its rename, so that it is always one that was right some seconds ago. */
#include "agent/inventory/inventory_file.h"

#include <string.h>

#include "agent/inventory/inventory_json.h"
#include "agent/replace.h"
#include "metering/error.h"
#include "metering/log.h"

struct HmInventoryFile
{
  HmInventory *inventory;
  const HmClock *clock;
  char *path, *uri;
  gint64 delay_us, interval_us;
  GThread *thread; /* (nullable) */
  GMutex lock;
  GCond changed;
  gboolean is_dirty, stop;
  GMutex saving;       /* one at a time */
  gboolean is_failing; /* and it was said */
};

/* -- saving */

static gboolean
write_text (HmInventoryFile *self, GError **error)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  gsize length;
  const char *text;

  hm_inventory_write_json (self->inventory, self->uri, self->clock->wall (self->clock), w);
  text = hm_json_writer_finish (w, &length, error);
  if (text == NULL)
    return FALSE;
  if (length <= HM_INVENTORY_FILE_MAX)
    return hm_replace_file (self->path, text, length, TRUE, error);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: larger than %d MiB", self->path,
               HM_INVENTORY_FILE_MAX / (1024 * 1024));
  return FALSE;
}

gboolean
hm_inventory_file_save (HmInventoryFile *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->saving);

  return write_text (self, error);
}

/* One line when it begins to fail and one when it ends. */
static void
save_and_say (HmInventoryFile *self)
{
  g_autoptr (GError) error = NULL;
  gboolean good = hm_inventory_file_save (self, &error);

  if (!good && !self->is_failing)
    hm_warning ("the inventory cannot be kept: %s", error->message);
  else if (good && self->is_failing)
    hm_notice ("the inventory is kept again");
  self->is_failing = !good;
}

/* -- the thread */

static void
on_change (gpointer user)
{
  HmInventoryFile *self = user;

  g_mutex_lock (&self->lock);
  self->is_dirty = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Until something changed, it is time, or the end. Under the lock. */
static void
wait_for_change (HmInventoryFile *self)
{
  gint64 until = g_get_monotonic_time () + self->interval_us;
  gboolean in_time = TRUE;

  while (!self->stop && !self->is_dirty && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, until);
}

/* What changes at once with it is written with it. Under the lock. */
static void
wait_for_more (HmInventoryFile *self)
{
  gint64 until = g_get_monotonic_time () + self->delay_us;
  gboolean in_time = TRUE;

  while (!self->stop && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, until);
}

static gpointer
run (gpointer data)
{
  HmInventoryFile *self = data;

  g_mutex_lock (&self->lock);
  for (;;)
    {
      wait_for_change (self);
      wait_for_more (self);
      if (self->stop)
        break;
      self->is_dirty = FALSE;
      g_mutex_unlock (&self->lock);
      save_and_say (self);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

gboolean
hm_inventory_file_start (HmInventoryFile *self, gint64 delay_ns, gint64 interval_ns, GError **error)
{
  self->delay_us = delay_ns / 1000;
  self->interval_us = interval_ns / 1000;
  hm_inventory_watch (self->inventory, on_change, self);
  self->thread = g_thread_try_new ("inventory", run, self, error);
  if (self->thread == NULL)
    hm_inventory_watch (self->inventory, NULL, NULL);
  return self->thread != NULL;
}

/* -- loading */

static void
take (HmInventoryFile *self, const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmJson) json = length <= HM_INVENTORY_FILE_MAX ? hm_json_parse (text, length, &error) : NULL;
  gboolean is_other = FALSE;

  if (json == NULL)
    hm_set_aside (self->path, error != NULL ? error->message : "too large");
  else if (!hm_inventory_read_json (self->inventory, json, self->uri, &is_other))
    hm_set_aside (self->path, "not an inventory");
  else if (is_other)
    hm_notice ("%s: of another hypervisor, not used", self->path);
}

static gboolean
load (HmInventoryFile *self, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;
  gsize length;

  if (g_file_get_contents (self->path, &text, &length, &cause))
    {
      take (self, text, length);
      return TRUE;
    }
  if (g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s", cause->message);
  return FALSE;
}

HmInventoryFile *
hm_inventory_file_new (HmInventory *inventory, const char *state_dir, const char *uri, const HmClock *clock,
                       GError **error)
{
  g_autoptr (HmInventoryFile) self = g_new0 (HmInventoryFile, 1);

  g_mutex_init (&self->lock);
  g_mutex_init (&self->saving);
  g_cond_init (&self->changed);
  self->inventory = inventory;
  self->clock = clock;
  self->uri = g_strdup (uri);
  self->path = g_build_filename (state_dir, HM_INVENTORY_FILE, NULL);
  return load (self, error) ? g_steal_pointer (&self) : NULL;
}

void
hm_inventory_file_free (HmInventoryFile *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL)
    {
      hm_inventory_watch (self->inventory, NULL, NULL);
      g_mutex_lock (&self->lock);
      self->stop = TRUE;
      g_cond_signal (&self->changed);
      g_mutex_unlock (&self->lock);
      g_thread_join (self->thread);
      save_and_say (self);
    }
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->saving);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self->uri);
  g_free (self);
}
