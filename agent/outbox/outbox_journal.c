/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_journal: what the next process must know, from the outbox to the journal and back; and the files that may only go once it
 * is noted that they do. The writer's, which alone writes it; the opener's before it runs. */
#include "agent/outbox/outbox_private.h"

#include <errno.h>

#include "metering/error.h"
#include "metering/log.h"

/* -- out; under the lock -- */

static HmJournalMark *
new_mark (const char *publisher, const guint64 next[HM_LANES], const guint64 given[HM_LANES])
{
  HmJournalMark *mark = g_new0 (HmJournalMark, 1);

  mark->publisher = g_strdup (publisher);
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      mark->next[lane] = next[lane];
      mark->given[lane] = given[lane] > next[lane] ? given[lane] : 0;
    }
  return mark;
}

static void
store_marks (const HmDiskOutbox *self, HmJournal *journal)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    {
      guint64 next[HM_LANES], given[HM_LANES];

      hm_feed_marks (self->ways[i].feed, next);
      hm_feed_given (self->ways[i].feed, given);
      g_ptr_array_add (journal->marks, new_mark (self->options.publishers[i].name, next, given));
    }
  for (guint i = 0; i < self->strangers->len && journal->marks->len < HM_JOURNAL_MARKS_MAX; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (self->strangers, i);

      g_ptr_array_add (journal->marks, new_mark (mark->publisher, mark->next, mark->given));
    }
}

/* Those that have no place of their own go with the last one: rather one loss said twice than one never. */
static void
store_losses (const HmDiskOutbox *self, HmJournal *journal)
{
  HmJournalLoss *loss = NULL;

  for (guint i = 0; i < self->unsaid->len; i++)
    {
      const HmUnsaid *unsaid = g_ptr_array_index (self->unsaid, i);

      if (journal->losses->len < HM_JOURNAL_LOSSES_MAX)
        {
          loss = g_new0 (HmJournalLoss, 1);
          *loss = (HmJournalLoss){ .id = unsaid->id,
                                   .reason = g_strdup (unsaid->reason),
                                   .from = unsaid->loss.from,
                                   .to = unsaid->loss.to };
          g_ptr_array_add (journal->losses, loss);
        }
      loss->records += unsaid->loss.records;
      loss->resources += hm_loss_resources (&unsaid->loss);
    }
}

/* What lies below all that is released needs no note any more; beyond the journal's places the oldest is not kept. */
static void
store_damages (HmDiskOutbox *self, HmJournal *journal)
{
  for (guint i = self->damages->len; i-- > 0;)
    {
      const HmJournalDamage *damage = &g_array_index (self->damages, HmJournalDamage, i);

      if (damage->first + damage->count <= self->released[damage->lane])
        g_array_remove_index (self->damages, i);
    }
  while (self->damages->len > HM_JOURNAL_DAMAGES_MAX)
    g_array_remove_index (self->damages, 0);
  g_array_append_vals (journal->damages, self->damages->data, self->damages->len);
}

static HmJournal *
take_state (HmDiskOutbox *self)
{
  HmJournal *journal = hm_journal_new ();

  hm_outbox_lose_refused (self);
  hm_outbox_losses_are_noted (self, TRUE);
  journal->generation = self->generation;
  journal->order = self->order;
  journal->next_loss = self->next_loss;
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      journal->released[lane] = self->released[lane];
      journal->counted[lane] = self->counted[lane];
    }
  store_marks (self, journal);
  store_losses (self, journal);
  store_damages (self, journal);
  hm_bins_store (self->bins, journal);
  self->is_dirty = FALSE;
  return journal;
}

/* -- the file; without the lock -- */

/* Tried again with the next journal where it fails; one line when that begins. */
static void
unlink_doomed (HmDiskOutbox *self)
{
  gboolean failed = self->unlink_fails;

  self->unlink_fails = FALSE;
  for (guint i = self->doomed->len; i-- > 0;)
    {
      const char *path = g_ptr_array_index (self->doomed, i);

      if (self->files->unlink (self->files, path) == 0 || errno == ENOENT)
        {
          g_ptr_array_remove_index_fast (self->doomed, i);
          continue;
        }
      if (!failed && !self->unlink_fails)
        hm_error_line ("outbox: %s cannot be removed, tried again, and no room is made until it is: %s", path,
                       g_strerror (errno));
      self->unlink_fails = TRUE;
    }
}

static void
note_result (HmDiskOutbox *self, const GError *error)
{
  if (error != NULL && !self->journal_fails)
    hm_error_line ("outbox: how far everybody is cannot be noted, tried again: %s", error->message);
  else if (error == NULL && self->journal_fails)
    hm_notice ("outbox: how far everybody is can be noted again");
  self->journal_fails = error != NULL;
}

/* Said once. */
static void
note_left_out (HmDiskOutbox *self, guint bins)
{
  if (bins > 0 && self->left_out == 0)
    hm_warning ("outbox: bins whose counts have no place in the journal: %u; after a fall the collector will "
                "not know whether they are whole",
                bins);
  self->left_out = MAX (self->left_out, bins);
}

gboolean
hm_outbox_write_journal (HmDiskOutbox *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmJournal) journal = NULL;

  self->noted_at = g_get_monotonic_time ();
  g_mutex_lock (&self->lock);
  journal = take_state (self);
  g_mutex_unlock (&self->lock);
  hm_journal_write (self->journal, journal, &error);
  note_result (self, error);
  if (error != NULL)
    {
      g_mutex_lock (&self->lock);
      self->is_dirty = TRUE;
      hm_outbox_losses_are_noted (self, FALSE);
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  self->generation = journal->generation;
  note_left_out (self, journal->left_out);
  unlink_doomed (self);
  for (guint i = 0; i < self->options.n_publishers; i++)
    hm_feed_close_files (self->ways[i].feed);
  return TRUE;
}

/* -- in -- */

static void
load_losses (HmDiskOutbox *self, const HmJournal *journal)
{
  for (guint i = 0; i < journal->losses->len; i++)
    {
      const HmJournalLoss *loss = g_ptr_array_index (journal->losses, i);
      HmUnsaid *unsaid = hm_unsaid_new (loss->id, loss->reason);

      hm_loss_add_unread (&unsaid->loss, loss->records, loss->from, loss->to);
      unsaid->loss.more = loss->resources;
      g_ptr_array_add (self->unsaid, unsaid);
    }
}

static gboolean
is_configured (const HmDiskOutbox *self, const char *publisher)
{
  for (guint i = 0; i < self->options.n_publishers; i++)
    if (g_str_equal (self->options.publishers[i].name, publisher))
      return TRUE;
  return FALSE;
}

void
hm_outbox_load_journal (HmDiskOutbox *self, const HmJournal *journal)
{
  self->generation = journal->generation;
  self->order = journal->order;
  self->next_loss = MAX (journal->next_loss, 1);
  for (guint lane = 0; lane < HM_LANES; lane++)
    {
      self->released[lane] = MAX (journal->released[lane], 1);
      self->counted[lane] = journal->counted[lane];
    }
  for (guint i = 0; i < journal->marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (journal->marks, i);

      if (!is_configured (self, mark->publisher))
        g_ptr_array_add (self->strangers, new_mark (mark->publisher, mark->next, mark->given));
    }
  load_losses (self, journal);
  g_array_append_vals (self->damages, journal->damages->data, journal->damages->len);
  hm_bins_load (self->bins, journal);
}

/* -- the start -- */

/* (nullable) */
static HmJournal *
try_journal (HmDiskOutbox *self, GError **error)
{
  g_autoptr (GError) last = NULL;
  HmJournal *journal;
  guint tries = 0;

  do
    {
      g_clear_error (&last);
      journal = hm_journal_read (self->files, self->options.folder, &last);
    }
  while (g_error_matches (last, HM_ERROR, HM_ERROR_TEMPORARY) && ++tries < HM_OUTBOX_TRIES);
  if (journal == NULL)
    g_propagate_error (error, g_steal_pointer (&last));
  return journal;
}

/* @aside: (nullable) where one lies that could not be used. Where there is no room for a new one, that one is written anew in its place. */
static gboolean
open_writer (HmDiskOutbox *self, const char *aside, GError **error)
{
  const char *folder = self->options.folder;
  g_autofree char *path = g_build_filename (folder, HM_JOURNAL_NAME, NULL);
  g_autoptr (GError) first = NULL;

  self->journal = hm_journal_writer_new (self->files, folder, &first);
  if (self->journal == NULL && aside != NULL && self->files->rename (self->files, aside, path) == 0)
    self->journal = hm_journal_writer_new (self->files, folder, NULL);
  if (self->journal == NULL)
    g_propagate_error (error, g_steal_pointer (&first));
  return self->journal != NULL;
}

/* Without it all that is there is sent again, and bins that were open stay unknown. One that cannot be read now is not lost. */
gboolean
hm_outbox_open_journal (HmDiskOutbox *self, HmJournal **ret_journal, gboolean *ret_is_lost, GError **error)
{
  g_autoptr (GError) bad = NULL;
  g_autoptr (HmJournal) journal = try_journal (self, &bad);
  g_autofree char *aside = NULL;

  if (journal == NULL && bad->code != HM_ERROR_DATA && bad->code != HM_ERROR_CONFIG)
    {
      g_propagate_error (error, g_steal_pointer (&bad));
      return FALSE;
    }
  if (journal == NULL)
    {
      hm_error_line (
          "outbox: the journal cannot be used and is set aside; everything that is there is sent again: %s",
          bad->message);
      aside = hm_outbox_set_aside (self, HM_JOURNAL_NAME);
      journal = hm_journal_new ();
    }
  if (!open_writer (self, aside, error))
    return FALSE;
  *ret_is_lost = journal->generation == 0;
  *ret_journal = g_steal_pointer (&journal);
  return TRUE;
}
