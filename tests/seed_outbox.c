/* SPDX-License-Identifier: Apache-2.0 */
/* seed_outbox: an outbox whose records are known, for outbox_cli.sh and as the fuzz target's corpus.
 *
 * Usage: seed_outbox FOLDER
 * Billing has the numbers 1 to 3 and 4 to 5 in two segments, diagnostic 1 to 2 in one; the order over both is 1 to 7 as the `n` of each
 * record's value has it. The journal has been written twice. */
#include "metering/journal.h"

#include <string.h>

#include "metering/hypermeter.h"

static const struct
{
  guint lane;
  guint64 number;
  HmRecordKind kind;
} records[] = { { 0, 1, HM_RECORD_SAMPLES },   { 0, 2, HM_RECORD_LIFECYCLE }, { 1, 1, HM_RECORD_SAMPLES },
                { 0, 3, HM_RECORD_HEARTBEAT }, { 0, 4, HM_RECORD_GAP },       { 1, 2, HM_RECORD_SAMPLES },
                { 0, 5, HM_RECORD_SAMPLES } };

static HmMessage *
make_message (guint i)
{
  g_autofree char *value = g_strdup_printf ("{\"n\":%u,\"text\":\"\xc3\xa4\"}", i + 1);
  HmMessage *message = g_new0 (HmMessage, 1);

  message->kind = records[i].kind;
  message->key = g_strdup (i % 2 == 0 ? "web" : "db");
  message->id = g_strdup_printf ("node-1/epoch/%s/%u", message->key, i + 1);
  message->source = g_strdup ("default");
  message->time = (G_GINT64_CONSTANT (1795224420) + i) * HM_NSEC_PER_SEC;
  message->signature = i % 2 == 0 ? g_strdup ("v1;key-1;00ff") : NULL;
  message->value = g_bytes_new (value, strlen (value));
  message->refs = 1;
  return message;
}

static gboolean
write_segment (const char *folder, guint lane, guint64 first, guint64 last, GError **error)
{
  g_autofree char *name = hm_segment_name (lane, first);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  hm_segment_write_header (lane, first, bytes);
  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    {
      HmFrame frame = { .number = records[i].number, .order = i + 1, .bin = 5984081 };

      if (records[i].lane != lane || frame.number < first || frame.number > last)
        continue;
      frame.loss = records[i].kind == HM_RECORD_GAP ? 1 : 0;
      frame.message = make_message (i);
      hm_frame_write (&frame, bytes);
      hm_frame_clear (&frame);
    }
  return g_file_set_contents (path, (const char *)bytes->data, (gssize)bytes->len, error);
}

static void
fill_journal (HmJournal *journal)
{
  const HmBinCount bin = { g_string_chunk_insert_const (journal->text, "epoch"), 5984081, 4, G_MAXUINT64 };
  const HmJournalDamage damage = { .lane = 1, .first = 1, .count = 1 };
  HmJournalMark *mark = g_new0 (HmJournalMark, 1);
  HmJournalLoss *loss = g_new0 (HmJournalLoss, 1);

  *mark = (HmJournalMark){ .publisher = g_strdup ("kafka"), .next = { 2, 1 } };
  g_ptr_array_add (journal->marks, mark);
  *loss = (HmJournalLoss){
    .id = 2, .records = 7, .resources = 2, .from = 1, .to = HM_TIME_UNKNOWN, .reason = g_strdup ("no room")
  };
  g_ptr_array_add (journal->losses, loss);
  g_array_append_val (journal->bins, bin);
  g_array_append_val (journal->damages, damage);
}

static gboolean
write_journal (const char *folder, GError **error)
{
  g_autoptr (HmJournalWriter) writer = hm_journal_writer_new (hm_files_system (), folder, error);
  g_autoptr (HmJournal) journal = hm_journal_new ();

  fill_journal (journal);
  return writer != NULL && hm_journal_write (writer, journal, error)
         && hm_journal_write (writer, journal, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 2)
    {
      g_printerr ("Usage: seed_outbox FOLDER\n");
      return 64;
    }
  if (write_segment (argv[1], 0, 1, 3, &error) && write_segment (argv[1], 0, 4, 5, &error)
      && write_segment (argv[1], 1, 1, 2, &error) && write_journal (argv[1], &error))
    return 0;
  g_printerr ("seed_outbox: %s\n", error->message);
  return 1;
}
