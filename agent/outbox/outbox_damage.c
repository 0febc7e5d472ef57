/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_damage: what is on disk and cannot be read. Every publisher's feed comes across it, and so does who makes room: each stretch is noted
 * once in the journal, said once in a gap record, and its bytes are kept aside for a person. */
#include "agent/outbox/outbox_private.h"

#include <errno.h>
#include <fcntl.h>

#include "metering/count.h"
#include "metering/log.h"

#define CHUNK_BYTES (64 * 1024)
#define ASIDE_MAX   1000 /* of one name within a second */

/* -- numbers; under the lock -- */

static HmJournalDamage *
damage_at (const HmDiskOutbox *self, guint i)
{
  return &g_array_index (self->damages, HmJournalDamage, i);
}

static guint64
overlap (const HmJournalDamage *damage, guint64 first, guint64 end)
{
  guint64 from = MAX (damage->first, first), to = MIN (damage->first + damage->count, end);

  return to > from ? to - from : 0;
}

guint64
hm_outbox_unknown_holes (HmDiskOutbox *self, guint lane, guint64 first, guint64 count)
{
  guint64 unknown = count;

  for (guint i = 0; i < self->damages->len; i++)
    if (damage_at (self, i)->lane == lane)
      unknown -= overlap (damage_at (self, i), first, first + count);
  return unknown;
}

static gboolean
touches (const HmJournalDamage *damage, const HmJournalDamage *other)
{
  return damage->lane == other->lane && damage->first <= other->first + other->count
         && other->first <= damage->first + damage->count;
}

/* One hole of all that it touches. */
guint64
hm_outbox_note_hole (HmDiskOutbox *self, guint lane, guint64 first, guint64 count)
{
  HmJournalDamage hole = { .lane = lane, .first = first, .count = count };
  guint64 unknown = hm_outbox_unknown_holes (self, lane, first, count);

  for (guint i = self->damages->len; i-- > 0;)
    {
      const HmJournalDamage *other = damage_at (self, i);
      guint64 end = MAX (hole.first + hole.count, other->first + other->count);

      if (!touches (&hole, other))
        continue;
      hole.first = MIN (hole.first, other->first);
      hole.count = end - hole.first;
      g_array_remove_index_fast (self->damages, i);
    }
  if (hole.count > 0)
    g_array_append_val (self->damages, hole);
  self->is_dirty = TRUE;
  return unknown;
}

/* What is accounted for: rejected, or noted before. */
static HmDone
accounted (const HmDiskOutbox *self, guint lane)
{
  HmDone done = hm_done_copy (&self->lost[lane]);

  for (guint i = 0; i < self->damages->len; i++)
    {
      const HmJournalDamage *damage = damage_at (self, i);

      if (damage->lane == lane)
        hm_done_add (&done, damage->first, damage->first + damage->count);
    }
  return done;
}

static void
note_gaps (HmDiskOutbox *self, guint lane, const HmDone *done, guint64 first, guint64 end)
{
  HmDoneRange gap;

  for (guint64 from = first; hm_done_find_gap (done, from, end, &gap); from = gap.end)
    hm_outbox_note_hole (self, lane, gap.first, gap.end - gap.first);
}

/* What is lacked by those alone who have it in memory may be delivered yet, and is not noted: should it come again, it is found again. */
static void
note_what_is_gone (HmDiskOutbox *self, guint lane, const HmDone *lost, guint64 first, guint64 end)
{
  HmDone kept, others;

  hm_done_init (&kept, 0);
  hm_done_init (&others, 0);
  for (guint i = 0; i < self->options.n_publishers; i++)
    if (self->options.publishers[i].required)
      hm_feed_add_kept (self->ways[i].feed, lane, &kept);
  hm_done_add_gaps (&others, lost, first, end);
  note_gaps (self, lane, &kept, first, end);
  note_gaps (self, lane, &others, first, end);
  hm_done_clear (&kept);
  hm_done_clear (&others);
}

/* Each number that a required publisher lacks and that is not accounted for is a loss. */
void
hm_outbox_lose_hole (HmDiskOutbox *self, guint lane, guint64 first, guint64 count, HmTime from, HmTime to)
{
  HmDone lost = accounted (self, lane);
  guint64 end = first + count, before = hm_done_count (&lost, first, end), records;

  for (guint i = 0; i < self->options.n_publishers; i++)
    if (self->options.publishers[i].required)
      hm_feed_add_lacked (self->ways[i].feed, lane, first, end, &lost);
  records = hm_done_count (&lost, first, end) - before;
  note_what_is_gone (self, lane, &lost, first, end);
  hm_done_clear (&lost);
  if (records == 0)
    return;
  self->counts.damaged += records;
  hm_loss_add_unread (&hm_outbox_unsaid (self, HM_OUTBOX_DAMAGED)->loss, records, from, to);
}

/* -- bytes; without the lock -- */

static gboolean
copy (HmFiles *files, int from, int to, guint64 offset, guint64 length)
{
  g_autofree guint8 *bytes = g_malloc (CHUNK_BYTES);

  for (guint64 done = 0; done < length;)
    {
      ssize_t n = hm_files_read (files, from, bytes, (gsize)MIN (CHUNK_BYTES, length - done),
                                 (off_t)(offset + done));

      if (n <= 0)
        return n == 0;
      if (hm_files_write (files, to, bytes, (gsize)n, (off_t)done) < 0)
        return FALSE;
      done += (guint64)n;
    }
  return TRUE;
}

/* The best that can be done: the records are lost all the same. */
void
hm_outbox_quarantine (HmDiskOutbox *self, const char *path, guint64 offset, guint64 length)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *copy_name = g_strdup_printf ("%s-%" G_GUINT64_FORMAT, name, offset);
  g_autofree char *target = g_build_filename (self->options.folder, HM_OUTBOX_QUARANTINE, copy_name, NULL);
  int from = self->files->open (self->files, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  int to = from >= 0
               ? self->files->open (self->files, target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0640)
               : -1;

  if (to < 0 || !copy (self->files, from, to, offset, length))
    hm_warning ("outbox: damaged bytes cannot be kept aside: %s: %s", target, g_strerror (errno));
  if (from >= 0)
    self->files->close (self->files, from);
  if (to >= 0)
    self->files->close (self->files, to);
}

/* -- whole files -- */

static gboolean
is_there (HmDiskOutbox *self, const char *path)
{
  int fd = self->files->open (self->files, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);

  if (fd < 0)
    return errno != ENOENT;
  self->files->close (self->files, fd);
  return TRUE;
}

/* Where @name goes: under a name that nothing has that was set aside before. */
static char *
place_aside (HmDiskOutbox *self, const char *name)
{
  gint64 now = self->clock->wall (self->clock) / HM_NSEC_PER_SEC;
  char *path = NULL;

  for (guint i = 1; i <= ASIDE_MAX && (path == NULL || is_there (self, path)); i++)
    {
      g_autofree char *aside = g_strdup_printf ("%s-%" G_GINT64_FORMAT ".%u", name, now, i);

      g_free (path);
      path = g_build_filename (self->options.folder, HM_OUTBOX_QUARANTINE, aside, NULL);
    }
  return path;
}

char *
hm_outbox_set_aside (HmDiskOutbox *self, const char *name)
{
  g_autofree char *from = g_build_filename (self->options.folder, name, NULL);
  g_autofree char *to = place_aside (self, name);

  return self->files->rename (self->files, from, to) == 0 ? g_steal_pointer (&to) : NULL;
}

/* -- what the feeds tell -- */

void
hm_outbox_damaged (guint lane, guint64 first, guint64 count, const char *path, guint64 offset, guint64 length,
                   HmTime from, HmTime to, gpointer user)
{
  HmDiskOutbox *self = user;
  g_autofree char *bytes = NULL, *records = NULL;
  gboolean is_new;

  g_mutex_lock (&self->lock);
  is_new = count == 0 || hm_outbox_unknown_holes (self, lane, first, count) > 0;
  if (count > 0)
    hm_outbox_lose_hole (self, lane, first, count, from, to);
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->lock);
  if (!is_new || length == 0)
    return;
  bytes = hm_count_print (length, "byte");
  records = hm_count_print (count, "record");
  hm_warning ("outbox: %s: damaged and set aside: %s at %" G_GUINT64_FORMAT ", %s", path, bytes, offset,
              records);
  hm_outbox_quarantine (self, path, offset, length);
}

void
hm_outbox_read_failed (const GError *error, gpointer user)
{
  (void)user;
  hm_warning ("outbox: cannot be read now, tried again: %s", error->message);
}
