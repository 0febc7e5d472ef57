/* SPDX-License-Identifier: Apache-2.0 */
/* test_journal: what the outbox keeps besides its records; one good slot is always left, and nothing wrong is believed. */
#include "tests/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "metering/bytes_private.h"
#include "metering/journal_private.h"
#include "tests/chance.h"
#include "tests/fakes/one_file.h"

#define SLOT        (HM_JOURNAL_BYTES / 2)
#define SLOT_HEADER 32

typedef struct
{
  char *folder, *path;
  HmFiles failing; /* the system's, of which one call can be made to fail */
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->folder = kit_temp_folder ();
  f->path = g_build_filename (f->folder, HM_JOURNAL_NAME, NULL);
  f->failing = *hm_files_system ();
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

/* -- journals */

static void
add_mark (HmJournal *journal, const char *publisher, guint64 billing, guint64 diagnostic)
{
  HmJournalMark mark = {
    .publisher = g_strdup (publisher),
    .next = { billing, diagnostic },
    .given = { billing % 2, diagnostic },
  };

  g_ptr_array_add (journal->marks, g_memdup2 (&mark, sizeof (mark)));
}

static void
add_bin (HmJournal *journal, const char *epoch, gint64 bin, guint64 records, guint64 sum)
{
  HmBinCount count = { g_string_chunk_insert_const (journal->text, epoch), bin, records, sum };

  g_array_append_val (journal->bins, count);
}

static void
add_loss (HmJournal *journal, guint64 id, guint64 records, HmTime from, const char *reason)
{
  HmJournalLoss loss = { .id = id, .records = records, .resources = 1, .from = from, .to = HM_TIME_UNKNOWN };

  loss.reason = g_strdup (reason);
  g_ptr_array_add (journal->losses, g_memdup2 (&loss, sizeof (loss)));
}

static void
add_damage (HmJournal *journal, guint lane, guint64 first, guint64 count)
{
  HmJournalDamage damage = { lane, first, count };

  g_array_append_val (journal->damages, damage);
}

static guint64
random_number (GRand *rand)
{
  return chance_any_u64 (rand) & HM_NUMBER_LAST;
}

static HmJournal *
random_journal (GRand *rand)
{
  HmJournal *journal = hm_journal_new ();

  journal->released[0] = random_number (rand);
  journal->released[1] = random_number (rand);
  journal->counted[0] = random_number (rand);
  journal->order = chance_any_u64 (rand);
  journal->next_loss = chance_any_u64 (rand);
  for (gint n = g_rand_int_range (rand, 0, 4); n > 0; n--)
    {
      g_autofree char *name = g_strdup_printf ("publisher \"%d\"", n);

      add_mark (journal, name, random_number (rand), random_number (rand));
      add_bin (journal, "an epoch", (gint64)chance_any_u64 (rand), chance_any_u64 (rand),
               chance_any_u64 (rand));
      add_loss (journal, chance_any_u64 (rand), chance_any_u64 (rand), n == 1 ? HM_TIME_UNKNOWN : n, "room");
      add_damage (journal, (guint)n % HM_LANES, random_number (rand) / 2, random_number (rand) / 2);
    }
  return journal;
}

/* All that stands in a journal, but for its generation. */
static char *
text_of (const HmJournal *journal)
{
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);
  GError *error = NULL;

  if (!hm_journal_print (journal, json, &error))
    fail_msg ("%s", error->message);
  return g_strdup (hm_json_writer_finish (json, NULL, NULL));
}

static void
assert_same (const HmJournal *a, const HmJournal *b)
{
  g_autofree char *text_a = text_of (a), *text_b = text_of (b);

  assert_string_equal (text_a, text_b);
  assert_int_equal (a->generation, b->generation);
}

static HmJournal *
read_back (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  HmJournal *journal = hm_journal_read (hm_files_system (), f->folder, &error);

  if (journal == NULL)
    fail_msg ("%s", error->message);
  return journal;
}

static HmJournalWriter *
open_writer (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  HmJournalWriter *writer = hm_journal_writer_new (&f->failing, f->folder, &error);

  if (writer == NULL)
    fail_msg ("%s", error->message);
  return writer;
}

static void
write_journal (HmJournalWriter *writer, HmJournal *journal)
{
  g_autoptr (GError) error = NULL;

  if (!hm_journal_write (writer, journal, &error))
    fail_msg ("%s", error->message);
}

static HmJournal *
read_memory (const guint8 *bytes, gsize length, GError **error)
{
  OneFile file = one_file (bytes, length);
  HmJournal *journal = hm_journal_read (&file.files, "/outbox", error);

  assert_int_equal (file.opens, 0);
  return journal;
}

/* -- whole */

static void
journal_is_empty_when_there_is_no_file (void **state)
{
  g_autoptr (HmJournal) journal = read_back (*state);

  assert_int_equal (journal->generation, 0);
  assert_int_equal (journal->released[0], 1);
  assert_int_equal (journal->released[1], 1);
  assert_int_equal (journal->counted[0], 0);
  assert_int_equal (journal->next_loss, 1);
  assert_int_equal (journal->marks->len, 0);
}

static void
journal_gives_back_what_was_written (void **state)
{
  Fixture *f = *state;
  g_autoptr (GRand) rand = chance_new ();
  g_autoptr (HmJournalWriter) writer = open_writer (f);
  guint64 generation = 0;

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (HmJournal) journal = random_journal (rand);
      g_autoptr (HmJournal) read = NULL;

      if (i % 5 == 4)
        {
          hm_journal_writer_free (writer);
          writer = open_writer (f);
        }
      write_journal (writer, journal);
      assert_true (journal->generation > generation);
      generation = journal->generation;
      read = read_back (f);
      assert_same (read, journal);
    }
}

static void
journal_finds_a_publisher_by_its_name (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJournal) journal = hm_journal_new ();

  add_mark (journal, "kafka", 5, 6);
  add_mark (journal, "file", 7, 8);
  assert_int_equal (hm_journal_mark (journal, "file")->next[1], 8);
  assert_null (hm_journal_mark (journal, "amqp"));
}

static void
journal_has_its_room_from_the_start (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJournalWriter) writer = open_writer (f);
  g_autoptr (HmJournal) read = read_back (f);
  g_autofree char *other = g_build_filename (f->folder, "journal.new", NULL);
  GStatBuf st;

  assert_int_equal (g_stat (f->path, &st), 0);
  assert_int_equal (st.st_size, HM_JOURNAL_BYTES);
  assert_true (st.st_blocks * 512 >= HM_JOURNAL_BYTES);
  assert_int_equal (read->generation, 1);
  assert_false (g_file_test (other, G_FILE_TEST_EXISTS));
}

static void
journal_holds_the_most_that_it_may (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJournalWriter) writer = open_writer (f);
  g_autoptr (HmJournal) journal = hm_journal_new ();
  g_autoptr (HmJournal) read = NULL;
  g_autofree char *reason = g_strnfill (300, 'r');

  for (guint i = 0; i < HM_JOURNAL_BINS_MAX + 2; i++)
    {
      g_autofree char *epoch = g_strdup_printf ("01930a4e-6d2c-7cc2-b2a3-%012u", i);

      add_bin (journal, epoch, G_MAXINT64 - i, G_MAXUINT64, G_MAXUINT64);
    }
  for (guint i = 0; i < HM_JOURNAL_DAMAGES_MAX + 3; i++)
    add_damage (journal, 1, HM_NUMBER_LAST / 2 + i, HM_NUMBER_LAST / 4);
  for (guint i = 0; i < HM_JOURNAL_LOSSES_MAX; i++)
    add_loss (journal, G_MAXUINT64, G_MAXUINT64, G_MAXINT64, reason);
  for (guint i = 0; i < HM_JOURNAL_MARKS_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("%0255u", i);

      add_mark (journal, name, HM_NUMBER_LAST, HM_NUMBER_LAST);
    }
  write_journal (writer, journal);
  read = read_back (f);
  assert_int_equal (read->bins->len, HM_JOURNAL_BINS_MAX);
  assert_int_equal (g_array_index (read->bins, HmBinCount, 0).bin, G_MAXINT64 - 2);
  assert_int_equal (read->damages->len, HM_JOURNAL_DAMAGES_MAX);
  assert_int_equal (g_array_index (read->damages, HmJournalDamage, 0).first, HM_NUMBER_LAST / 2 + 3);
  assert_int_equal (read->losses->len, HM_JOURNAL_LOSSES_MAX);
  assert_int_equal (strlen (((HmJournalLoss *)read->losses->pdata[0])->reason), HM_ID_MAX);
  assert_int_equal (read->marks->len, HM_JOURNAL_MARKS_MAX);
}

static void
assert_not_written (HmJournalWriter *writer, HmJournal *journal, const char *part)
{
  GError *error = NULL;

  assert_false (hm_journal_write (writer, journal, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, part);
}

static void
journal_refuses_to_write_what_it_would_not_read (void **state)
{
  g_autoptr (HmJournalWriter) writer = open_writer (*state);
  g_autoptr (HmJournal) many = hm_journal_new ();
  g_autoptr (HmJournal) named = hm_journal_new ();
  g_autoptr (HmJournal) large = hm_journal_new ();
  g_autofree char *name = g_strnfill (HM_ID_MAX + 1, 'n');

  for (guint i = 0; i <= HM_JOURNAL_LOSSES_MAX; i++)
    add_loss (many, i, 1, 0, "room");
  assert_not_written (writer, many, "losses");
  add_mark (named, name, 1, 1);
  assert_not_written (writer, named, "publisher");
  add_damage (large, 0, HM_NUMBER_LAST, 1);
  assert_not_written (writer, large, "damage");
  add_mark (large, "file", 1, HM_NUMBER_LAST + 1);
  assert_not_written (writer, large, "mark");
  large->counted[1] = HM_NUMBER_LAST + 1;
  assert_not_written (writer, large, "counted");
}

/* -- failures */

static int
fail_with_eio (HmFiles *files G_GNUC_UNUSED, int fd G_GNUC_UNUSED)
{
  errno = EIO;
  return -1;
}

static void
journal_keeps_what_was_before_when_a_write_fails (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJournalWriter) writer = open_writer (f);
  g_autoptr (HmJournal) journal = hm_journal_new ();
  g_autofree char *before = NULL, *after = NULL;
  GError *error = NULL;
  gsize length;
  guint newest;

  journal->order = 1;
  write_journal (writer, journal);
  assert_true (g_file_get_contents (f->path, &before, &length, NULL));
  newest = journal->generation % 2 == 1 ? 0 : 1;
  f->failing.sync = fail_with_eio;
  for (journal->order = 2; journal->order < 5; journal->order++)
    {
      g_clear_pointer (&after, g_free);
      assert_false (hm_journal_write (writer, journal, &error));
      kit_assert_error (&error, HM_ERROR_TEMPORARY, g_strerror (EIO));
      assert_true (g_file_get_contents (f->path, &after, &length, NULL));
      assert_memory_equal (before + newest * SLOT, after + newest * SLOT, SLOT);
    }
  f->failing.sync = hm_files_system ()->sync;
  write_journal (writer, journal);
  g_clear_pointer (&journal, hm_journal_free);
  journal = read_back (f);
  assert_int_equal (journal->order, 5);
}

static void
journal_fails_when_it_cannot_be_made_or_read (void **state)
{
  Fixture *f = *state;
  g_autofree char *nowhere = g_build_filename (f->folder, "nowhere", NULL);
  g_autofree guint8 *bytes = g_malloc0 (HM_JOURNAL_BYTES);
  OneFile file = one_file (bytes, HM_JOURNAL_BYTES);
  GError *error = NULL;

  assert_null (hm_journal_writer_new (hm_files_system (), nowhere, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, "nowhere");
  f->failing.sync = fail_with_eio;
  assert_null (hm_journal_writer_new (&f->failing, f->folder, &error));
  kit_assert_error (&error, HM_ERROR_CREATE, g_strerror (EIO));
  assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  file.fails = EIO;
  assert_null (hm_journal_read (&file.files, "/outbox", &error));
  kit_assert_error (&error, HM_ERROR_TEMPORARY, g_strerror (EIO));
  assert_int_equal (g_mkdir (f->path, 0700), 0);
  assert_null (hm_journal_read (hm_files_system (), f->folder, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "directory");
}

static void
journal_that_was_cut_gets_its_room_back (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJournalWriter) writer = open_writer (f);
  g_autoptr (HmJournal) journal = hm_journal_new ();
  g_autoptr (HmJournal) read = NULL;
  GStatBuf st;

  write_journal (writer, journal);
  g_clear_pointer (&writer, hm_journal_writer_free);
  assert_int_equal (truncate (f->path, SLOT + 10), 0);
  writer = open_writer (f);
  assert_int_equal (g_stat (f->path, &st), 0);
  assert_int_equal (st.st_size, HM_JOURNAL_BYTES);
  write_journal (writer, journal);
  read = read_back (f);
  assert_same (read, journal);
}

/* -- damage */

/* A file with @older in one slot and @newer in the other; where each begins and ends. */
typedef struct
{
  HmJournal *older, *newer;
  guint8 *bytes;
  gsize older_at, older_end, newer_at, newer_end;
} TwoSlots;

static gsize
end_of_slot (const guint8 *bytes, gsize at)
{
  return at + SLOT_HEADER + hm_bytes_get_u32 (bytes + at + 12);
}

static TwoSlots
two_slots_new (Fixture *f, GRand *rand)
{
  TwoSlots two = { .older = random_journal (rand), .newer = random_journal (rand) };
  HmJournalWriter *writer = open_writer (f);
  gsize length;

  write_journal (writer, two.older);
  write_journal (writer, two.newer);
  hm_journal_writer_free (writer);
  assert_true (g_file_get_contents (f->path, (char **)&two.bytes, &length, NULL));
  assert_int_equal (length, HM_JOURNAL_BYTES);
  two.older_at = hm_bytes_get_u64 (two.bytes + 16) == two.older->generation ? 0 : SLOT;
  two.newer_at = SLOT - two.older_at;
  two.older_end = end_of_slot (two.bytes, two.older_at);
  two.newer_end = end_of_slot (two.bytes, two.newer_at);
  return two;
}

static void
two_slots_clear (TwoSlots *two)
{
  hm_journal_free (two->older);
  hm_journal_free (two->newer);
  g_free (two->bytes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TwoSlots, two_slots_clear)

static void
assert_reads_as (const guint8 *bytes, gsize length, const HmJournal *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmJournal) read = read_memory (bytes, length, &error);

  if (read == NULL)
    fail_msg ("%s", error->message);
  assert_same (read, expected);
}

static void
journal_takes_the_other_slot_when_any_byte_is_another (void **state)
{
  g_autoptr (GRand) rand = chance_new ();
  g_auto (TwoSlots) two = two_slots_new (*state, rand);

  for (gsize at = two.newer_at; at < two.newer_end; at++)
    {
      guint8 flip = (guint8)g_rand_int_range (rand, 1, 256);

      two.bytes[at] ^= flip;
      assert_reads_as (two.bytes, HM_JOURNAL_BYTES, two.older);
      two.bytes[at] ^= flip;
    }
  for (gsize at = two.older_at; at < two.older_end; at++)
    {
      guint8 flip = (guint8)g_rand_int_range (rand, 1, 256);

      two.bytes[at] ^= flip;
      assert_reads_as (two.bytes, HM_JOURNAL_BYTES, two.newer);
      two.bytes[at] ^= flip;
    }
  assert_reads_as (two.bytes, HM_JOURNAL_BYTES, two.newer);
}

static void
journal_is_an_error_when_both_slots_are_damaged (void **state)
{
  g_autoptr (GRand) rand = chance_new ();
  g_auto (TwoSlots) two = two_slots_new (*state, rand);
  GError *error = NULL;

  two.bytes[two.newer_at + SLOT_HEADER] ^= 1;
  for (gsize at = two.older_at; at < two.older_end; at++)
    {
      two.bytes[at] ^= 0x10;
      assert_null (read_memory (two.bytes, HM_JOURNAL_BYTES, &error));
      kit_assert_error (&error, HM_ERROR_DATA, "damaged in both slots");
      two.bytes[at] ^= 0x10;
    }
}

/* What a file of @length bytes leaves: the newest slot that is whole in it. */
static void
journal_is_the_slot_that_is_whole_when_the_file_is_cut (void **state)
{
  g_autoptr (GRand) rand = chance_new ();
  g_auto (TwoSlots) two = two_slots_new (*state, rand);
  gsize ends[] = { two.older_end, two.newer_end, 0, SLOT, HM_JOURNAL_BYTES };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    for (gsize length = ends[i] - MIN (ends[i], 600); length < MIN (ends[i] + 40, HM_JOURNAL_BYTES); length++)
      {
        g_autofree guint8 *bytes = g_memdup2 (two.bytes, length);
        const HmJournal *left = length >= two.newer_end   ? two.newer
                                : length >= two.older_end ? two.older
                                                          : NULL;
        GError *error = NULL;

        if (left != NULL)
          assert_reads_as (bytes, length, left);
        else
          {
            assert_null (read_memory (bytes, length, &error));
            kit_assert_error (&error, HM_ERROR_DATA, "damaged in both slots");
          }
      }
}

/* -- slots with a good CRC that are none */

static GByteArray *
make_slot (guint32 format, guint64 generation, const char *text)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_set_size (bytes, SLOT_HEADER);
  memset (bytes->data, 0, SLOT_HEADER);
  memcpy (bytes->data, "\x89HMJRN\r\n", 8);
  hm_bytes_put_u32 (bytes->data + 8, format);
  hm_bytes_put_u32 (bytes->data + 12, (guint32)strlen (text));
  hm_bytes_put_u64 (bytes->data + 16, generation);
  g_byte_array_append (bytes, (const guint8 *)text, (guint)strlen (text));
  hm_bytes_put_u32 (bytes->data + 28,
                    (guint32)crc32 (crc32 (0, bytes->data, 28), (const guint8 *)text, (uInt)strlen (text)));
  return bytes;
}

static void
assert_text_is_refused (const char *text)
{
  g_autoptr (GByteArray) slot = make_slot (1, 1, text);
  GError *error = NULL;

  if (read_memory (slot->data, slot->len, &error) != NULL)
    fail_msg ("taken for a journal: %s", text);
  kit_assert_error (&error, HM_ERROR_DATA, "");
}

/* The right text with one piece of it replaced. */
static char *
replace (const char *text, const char *piece, const char *by)
{
  g_auto (GStrv) parts = g_strsplit (text, piece, 2);

  if (g_strv_length (parts) != 2)
    fail_msg ("no '%s' in %s", piece, text);
  return g_strjoinv (by, parts);
}

static const char good[]
    = "{\"released\":{\"billing\":4,\"diagnostic\":5},\"counted\":{\"billing\":6,\"diagnostic\":7},"
      "\"order\":\"18446744073709551615\",\"next_loss\":2,"
      "\"publishers\":[{\"name\":\"kafka\",\"billing\":4,\"diagnostic\":9}],"
      "\"bins\":[{\"epoch\":\"e\",\"bin\":-3,\"records\":2,\"sum\":11}],"
      "\"losses\":[{\"id\":1,\"records\":12,\"resources\":13,\"from\":14,\"to\":15,\"reason\":\"room\"}],"
      "\"damages\":[{\"lane\":\"diagnostic\",\"first\":16,\"count\":17}]}";

static void
journal_refuses_a_slot_whose_text_is_none (void **state G_GNUC_UNUSED)
{
  static const char *const wrong[][2] = {
    { "\"billing\":4,", "" },
    { "\"diagnostic\":7", "\"diagnostic\":-7" },
    { "\"diagnostic\":9", "\"diagnostic\":\"9223372036854775808\"" },
    { "18446744073709551615", "18446744073709551616" },
    { "\"next_loss\":2", "\"next_loss\":2.0" },
    { "\"name\":\"kafka\"", "\"name\":\"\"" },
    { "\"name\":\"kafka\"", "\"name\":4" },
    { "{\"name\":\"kafka\"", "{\"name\":\"kafka\",\"billing\":4,\"diagnostic\":9},{\"name\":\"kafka\"" },
    { "\"epoch\":\"e\"", "\"epoch\":null" },
    { "\"bin\":-3", "\"bin\":9223372036854775808" },
    { "\"sum\":11", "\"sum\":\"x\"" },
    { "\"from\":14", "\"from\":-14" },
    { "\"to\":15", "\"to\":null" },
    { "\"reason\":\"room\"", "\"reason\":[]" },
    { "\"lane\":\"diagnostic\"", "\"lane\":\"other\"" },
    { "\"count\":17", "\"count\":\"9223372036854775807\"" },
    { "\"bins\":[", "\"bins\":[7," },
    { "\"damages\":[", "\"damages\":{},\"x\":[" },
    { "\"order\"", "\"order\":1,\"order\"" },
  };
  g_autoptr (GByteArray) slot = make_slot (1, 77, good);
  g_autoptr (HmJournal) journal = read_memory (slot->data, slot->len, NULL);

  assert_non_null (journal);
  assert_int_equal (journal->generation, 77);
  assert_int_equal (journal->order, G_MAXUINT64);
  assert_int_equal (g_array_index (journal->bins, HmBinCount, 0).bin, -3);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *text = replace (good, wrong[i][0], wrong[i][1]);

      assert_text_is_refused (text);
    }
  assert_text_is_refused ("[]");
  assert_text_is_refused ("not JSON");
}

static void
journal_refuses_lists_that_are_too_long (void **state G_GNUC_UNUSED)
{
  g_autoptr (GString) text
      = g_string_new ("{\"released\":{\"billing\":4,\"diagnostic\":5},\"counted\":{\"billing\":6,"
                      "\"diagnostic\":7},\"order\":1,"
                      "\"next_loss\":2,\"publishers\":[],\"bins\":[],\"losses\":[],\"damages\":[");

  for (guint i = 0; i <= HM_JOURNAL_DAMAGES_MAX; i++)
    g_string_append_printf (text, "%s{\"lane\":\"billing\",\"first\":1,\"count\":1}", i > 0 ? "," : "");
  g_string_append (text, "]}");
  assert_text_is_refused (text->str);
}

static void
journal_of_another_format_is_not_taken_for_damaged (void **state)
{
  Fixture *f = *state;
  g_autoptr (GByteArray) slot = make_slot (2, 99, "whatever it is");
  g_autoptr (HmJournalWriter) writer = open_writer (f);
  g_autofree guint8 *bytes = NULL;
  g_autoptr (HmJournal) journal = NULL;
  GError *error = NULL;
  gsize length;

  assert_true (g_file_get_contents (f->path, (char **)&bytes, &length, NULL));
  memcpy (bytes + SLOT, slot->data, slot->len);
  assert_null (read_memory (bytes, length, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "format 2");
  bytes[SLOT + 40] ^= 1;
  journal = read_memory (bytes, length, NULL);
  assert_int_equal (journal->generation, 1);
}

static void
journal_reads_no_random_bytes (void **state G_GNUC_UNUSED)
{
  g_autoptr (GRand) rand = chance_new ();

  for (guint i = 0; i < 300; i++)
    {
      gsize length = (gsize)g_rand_int_range (rand, 0, 3000);
      g_autofree guint8 *bytes = g_malloc0 (length);
      GError *error = NULL;

      for (gsize at = 0; at < length; at++)
        bytes[at] = (guint8)g_rand_int (rand);
      if (length >= SLOT_HEADER && i % 2 == 0)
        {
          memcpy (bytes, "\x89HMJRN\r\n\x01\0\0", 12);
          hm_bytes_put_u32 (bytes + 12, (guint32)chance_any_u64 (rand));
        }
      assert_null (read_memory (bytes, length, &error));
      kit_assert_error (&error, HM_ERROR_DATA, "damaged in both slots");
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (journal_is_empty_when_there_is_no_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_gives_back_what_was_written, set_up, tear_down),
    cmocka_unit_test (journal_finds_a_publisher_by_its_name),
    cmocka_unit_test_setup_teardown (journal_has_its_room_from_the_start, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_holds_the_most_that_it_may, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_refuses_to_write_what_it_would_not_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_keeps_what_was_before_when_a_write_fails, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_fails_when_it_cannot_be_made_or_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_that_was_cut_gets_its_room_back, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_takes_the_other_slot_when_any_byte_is_another, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (journal_is_an_error_when_both_slots_are_damaged, set_up, tear_down),
    cmocka_unit_test_setup_teardown (journal_is_the_slot_that_is_whole_when_the_file_is_cut, set_up,
                                     tear_down),
    cmocka_unit_test (journal_refuses_a_slot_whose_text_is_none),
    cmocka_unit_test (journal_refuses_lists_that_are_too_long),
    cmocka_unit_test_setup_teardown (journal_of_another_format_is_not_taken_for_damaged, set_up, tear_down),
    cmocka_unit_test (journal_reads_no_random_bytes),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
