/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_recover: the start: from what lies in the folder to an outbox that goes on where the process before it ended, however it did.
 * The opener's thread, before the writer runs and before there are publishers.
 *
 * Whatever is wrong with a file's bytes costs that file's records at most, and those are counted: what is missing is known by the numbers. A
 * call that fails is another thing, as the next one may not: nothing is removed, cut or set aside for it, and what cannot be opened, like a
 * folder that cannot be used, is an error. */
#include "agent/outbox/outbox_private.h"

#include <errno.h>
#include <fcntl.h>

#include "metering/error.h"
#include "metering/log.h"

#define FOLDER_MODE    0750
#define STRANGERS_SAID 8

/* What there is, and what was known of it. */
typedef struct
{
  GPtrArray *scans[HM_LANES]; /* (element-type HmScan) in the order of their numbers */
  HmJournal *journal;
  gboolean is_lost; /* the journal is: nothing is known of what was sent */
} Found;

static gboolean
fail (const char *path, int number, GError **error)
{
  HmError code = number == EACCES || number == EPERM ? HM_ERROR_PERMISSION : HM_ERROR_CREATE;

  g_set_error (error, HM_ERROR, code, "%s: %s", path, g_strerror (number));
  return FALSE;
}

/* -- the folder -- */

/* It is there for good when its parent is synced; who made it may have ended before that. */
static gboolean
make_folder (HmDiskOutbox *self, const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);

  if (self->files->make_folder (self->files, path, FOLDER_MODE) < 0 && errno != EEXIST)
    return fail (path, errno, error);
  return self->files->sync_folder (self->files, parent) == 0 || fail (parent, errno, error);
}

static gboolean
make_folders (HmDiskOutbox *self, GError **error)
{
  g_autofree char *quarantine = g_build_filename (self->options.folder, HM_OUTBOX_QUARANTINE, NULL);

  return make_folder (self, self->options.folder, error) && make_folder (self, quarantine, error);
}

/* -- the segments -- */

static void
name_stranger (const char *name, guint *n)
{
  if (++*n > STRANGERS_SAID)
    return;
  hm_warning ("outbox: \"%s\" is none of its files, left alone%s", name,
              *n == STRANGERS_SAID ? ", and others" : "");
}

static gboolean
list_segments (HmDiskOutbox *self, Found *found, GError **error)
{
  g_auto (GStrv) names = self->files->list (self->files, self->options.folder);
  guint strangers = 0;

  if (names == NULL)
    return fail (self->options.folder, errno, error);
  for (guint i = 0; names[i] != NULL; i++)
    {
      guint lane;
      guint64 first;

      if (hm_segment_parse_name (names[i], &lane, &first))
        g_ptr_array_add (found->scans[lane], hm_scan_new (self, names[i]));
      else if (!g_str_has_prefix (names[i], HM_JOURNAL_NAME) && !g_str_equal (names[i], HM_OUTBOX_QUARANTINE))
        name_stranger (names[i], &strangers);
    }
  return TRUE;
}

static HmScan *
scan_at (const Found *found, guint lane, guint i)
{
  return g_ptr_array_index (found->scans[lane], i);
}

/* The end of the process before: a file that was begun and never written. What is no file is not removed as one. */
static gboolean
remove_begun (HmDiskOutbox *self, const HmScan *scan, gboolean is_newest)
{
  return is_newest && scan->is_sized && scan->size <= HM_SEGMENT_HEADER_BYTES
         && self->files->unlink (self->files, scan->path) == 0;
}

/* Its bytes are none that can be used. Where it must stay, no new file takes its name. */
static void
refuse_segment (HmDiskOutbox *self, const HmScan *scan, gboolean is_newest)
{
  g_autofree char *aside = NULL;

  if (remove_begun (self, scan, is_newest))
    return;
  aside = hm_outbox_set_aside (self, scan->name);
  if (aside != NULL)
    {
      hm_error_line ("outbox: %s is set aside: %s", scan->name,
                     scan->error != NULL ? scan->error->message : "no record of it can be read");
      return;
    }
  hm_error_line ("outbox: %s cannot be read and cannot be set aside: %s", scan->name, g_strerror (errno));
  self->number[scan->lane] = MAX (self->number[scan->lane], scan->first);
}

/* What is read here may be in the system's memory alone, and must be on disk before anybody is given it. What lies behind the last good frame
 * was never on disk. */
static void
settle_newest (HmDiskOutbox *self, const HmScan *scan)
{
  int fd = self->files->open (self->files, scan->path, O_RDWR | O_NOFOLLOW, 0);
  gboolean good = fd >= 0;

  if (good && !scan->is_unreadable && scan->size > scan->bytes)
    good = self->files->truncate (self->files, fd, (off_t)scan->bytes) == 0;
  good = good && self->files->sync (self->files, fd) == 0;
  if (!good)
    hm_error_line ("outbox: %s cannot be synced: %s", scan->name, g_strerror (errno));
  if (fd >= 0)
    self->files->close (self->files, fd);
}

static guint64
end_of (const Found *found, guint lane, guint i)
{
  return i + 1 < found->scans[lane]->len ? scan_at (found, lane, i + 1)->first : HM_NUMBER_LAST;
}

/* FALSE: it cannot be used. */
static gboolean
accept_segment (HmDiskOutbox *self, const HmScan *scan, gboolean is_newest)
{
  if (scan->last < scan->first)
    return FALSE;
  if (scan->is_unreadable)
    hm_error_line ("outbox: %s cannot be read in full, and is kept as it is: %s", scan->name,
                   scan->error->message);
  if (is_newest)
    settle_newest (self, scan);
  return TRUE;
}

/* From the oldest on, as the counts are. A file that is refused leaves the list, so that the one before it ends where the next good one begins. */
static gboolean
read_lane (HmDiskOutbox *self, Found *found, guint lane, GError **error)
{
  GPtrArray *scans = found->scans[lane];

  for (guint i = 0; i < scans->len;)
    {
      HmScan *scan = scan_at (found, lane, i);
      guint64 end = end_of (found, lane, i);
      gboolean is_newest = i + 1 == scans->len;

      hm_scan_read (self, scan, end, is_newest || end - 1 > self->counted[lane]);
      if (hm_scan_may_pass (scan) && !scan->is_sized)
        {
          g_propagate_error (error, g_steal_pointer (&scan->error));
          return FALSE;
        }
      if (accept_segment (self, scan, is_newest))
        {
          i++;
          continue;
        }
      refuse_segment (self, scan, is_newest);
      g_ptr_array_remove_index (scans, i);
    }
  return TRUE;
}

/* -- numbers -- */

/* The highest number of @lane that was ever on disk, as far as it was noted. */
static guint64
noted_last (const Found *found, guint lane)
{
  guint64 last = MAX (found->journal->counted[lane], MAX (found->journal->released[lane], 1) - 1);

  for (guint i = 0; i < found->journal->marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (found->journal->marks, i);

      last = MAX (last, MAX (mark->next[lane], 1) - 1);
    }
  return last;
}

/* Nothing of it is wanted: it should have been unlinked. */
static gboolean
is_left_over (HmDiskOutbox *self, const HmScan *scan)
{
  return scan->last < self->released[scan->lane]
         || hm_outbox_unknown_holes (self, scan->lane, scan->first, scan->last - scan->first + 1) == 0;
}

static void
add_segment (HmDiskOutbox *self, const HmScan *scan)
{
  HmSegments *segments = &self->lanes[scan->lane];
  HmSegment *segment;

  if (is_left_over (self, scan))
    {
      g_ptr_array_add (self->doomed, g_strdup (scan->path));
      return;
    }
  segment = hm_segments_add (segments, g_strdup (scan->path), scan->first);
  hm_segments_grow (segments, segment, scan->last, scan->bytes);
  segment->newest = scan->newest;
  segment->sealed = TRUE;
  if (scan->point.number != 0)
    hm_segment_note (segment, &scan->point);
}

static void
add_segments (HmDiskOutbox *self, Found *found, guint lane)
{
  GPtrArray *scans = found->scans[lane];

  if (found->is_lost && scans->len > 0)
    self->released[lane] = scan_at (found, lane, 0)->first;
  self->number[lane] = MAX (self->number[lane], noted_last (found, lane));
  for (guint i = 0; i < scans->len; i++)
    {
      const HmScan *scan = scan_at (found, lane, i);

      self->number[lane] = MAX (self->number[lane], scan->last);
      self->order = MAX (self->order, scan->order);
      add_segment (self, scan);
    }
  self->counted[lane] = MAX (self->counted[lane], self->number[lane]);
}

/* -- publishers -- */

/* One that is new begins at the oldest that there is. What the process before it gave may have arrived, so it is held as if in hands. */
static void
begin_feeds (HmDiskOutbox *self, Found *found)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      const HmJournalMark *mark = hm_journal_mark (found->journal, self->options.publishers[i].name);
      guint64 next[HM_LANES], given[HM_LANES];

      for (guint lane = 0; lane < HM_LANES; lane++)
        {
          next[lane] = MAX (mark != NULL ? mark->next[lane] : 1, self->released[lane]);
          given[lane] = mark != NULL ? MIN (mark->given[lane], self->number[lane] + 1) : 0;
        }
      hm_feed_begin (self->ways[i].feed, next, given);
    }
}

static void
pass (HmDiskOutbox *self, guint lane, guint64 first, guint64 end)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    hm_feed_pass (self->ways[i].feed, lane, first, end);
}

/* A hole that is noted is said to be lost, or had arrived. Where a segment went from the middle of its lane, the one before may still end with the
 * same frames, of a write that had failed: now nothing bounds it, and they would be given after all. */
static void
pass_noted_holes (HmDiskOutbox *self)
{
  for (guint i = 0; i < self->damages->len; i++)
    {
      const HmJournalDamage *hole = &g_array_index (self->damages, HmJournalDamage, i);

      pass (self, hole->lane, hole->first, hole->first + hole->count);
    }
}

static void
lose_range (HmDiskOutbox *self, guint lane, guint64 first, guint64 end)
{
  if (first >= end)
    return;
  hm_outbox_lose_hole (self, lane, first, end - first, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN);
  pass (self, lane, first, end);
}

/* Numbers above what is released that no segment has. */
static void
find_holes (HmDiskOutbox *self, guint lane)
{
  guint64 expected = self->released[lane];

  for (const GList *link = self->lanes[lane].list.head; link != NULL; link = link->next)
    {
      const HmSegment *segment = link->data;

      lose_range (self, lane, expected, segment->first);
      expected = segment->last + 1;
    }
  lose_range (self, lane, expected, self->number[lane] + 1);
}

/* -- all of it -- */

/* Without a journal nothing is counted. */
static gboolean
take_lane (HmDiskOutbox *self, Found *found, guint lane, GError **error)
{
  if (found->is_lost)
    self->counted[lane] = G_MAXUINT64;
  if (!read_lane (self, found, lane, error))
    return FALSE;
  if (found->is_lost)
    self->counted[lane] = 0;
  add_segments (self, found, lane);
  return TRUE;
}

/* Diagnostics first: a heartbeat takes out what it says, and that must have been counted before. */
static gboolean
take_over (HmDiskOutbox *self, Found *found, GError **error)
{
  hm_outbox_load_journal (self, found->journal);
  for (guint lane = HM_LANES; lane-- > 0;)
    if (!take_lane (self, found, lane, error))
      return FALSE;
  begin_feeds (self, found);
  pass_noted_holes (self);
  for (guint lane = 0; lane < HM_LANES; lane++)
    find_holes (self, lane);
  self->synced = self->order;
  return TRUE;
}

static gboolean
recover (HmDiskOutbox *self, Found *found, GError **error)
{
  gboolean good;

  if (!make_folders (self, error) || !hm_outbox_open_journal (self, &found->journal, &found->is_lost, error)
      || !list_segments (self, found, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  good = take_over (self, found, error);
  g_mutex_unlock (&self->lock);
  if (good)
    hm_outbox_write_journal (self);
  return good;
}

gboolean
hm_outbox_recover (HmDiskOutbox *self, GError **error)
{
  Found found = { 0 };
  gboolean good;

  for (guint lane = 0; lane < HM_LANES; lane++)
    found.scans[lane] = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_scan_free);
  good = recover (self, &found, error);
  for (guint lane = 0; lane < HM_LANES; lane++)
    g_ptr_array_unref (found.scans[lane]);
  hm_journal_free (found.journal);
  return good;
}
