/* SPDX-License-Identifier: Apache-2.0 */
/* journal: the outbox's memory besides its records, in one file of two slots. The outbox's writer writes it on its thread; the agent reads it
 * at its start and `hypermeter outbox` at any time.
 *
 *   slot    header (32 bytes: magic, format, length, generation, zero, CRC-32 of all before it and of the text), JSON text
 *
 * A slot is overwritten in place while the other holds what was there before, so a stop at any moment leaves one that is good. The
 * JSON itself is journal_json.c's. */
#include "metering/journal_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <zlib.h>

#include "metering/bytes_private.h"
#include "metering/error.h"
#include "metering/json.h"

#define FORMAT        1
#define MAGIC         "\211HMJRN\r\n"
#define MAGIC_BYTES   8
#define SLOTS         2
#define SLOT_BYTES    (HM_JOURNAL_BYTES / SLOTS)
#define SLOT_HEADER   32
#define SLOT_TEXT_MAX (SLOT_BYTES - SLOT_HEADER)
#define NEW_NAME      HM_JOURNAL_NAME ".new"
#define FILE_MODE     0640

enum
{
  AT_FORMAT = 8,
  AT_LENGTH = 12,
  AT_GENERATION = 16,
  AT_ZERO = 24,
  AT_CRC = 28,
};

struct HmJournalWriter
{
  HmFiles *files;
  char *path;
  int fd;
  guint next;         /* the slot that does not hold the newest good one */
  guint64 generation; /* the highest that may be on disk */
};

/* -- slots */

/* All that is behind a slot's CRC. */
typedef struct
{
  gboolean is_good;
  guint32 format;
  guint64 generation;
  HmJournal *journal; /* (nullable) of a format that is known */
} Slot;

static guint32
crc_of (const guint8 *header, const guint8 *text, gsize length)
{
  uLong crc = crc32 (0, header, AT_CRC);

  return (guint32)crc32 (crc, text, (uInt)length);
}

/* Reads the slot's @length bytes of text. NULL: they are not there, or cannot be read, which errno tells apart (0: not there). */
static guint8 *
read_text (HmFiles *files, int fd, off_t at, gsize length)
{
  g_autofree guint8 *text = g_malloc (length);
  ssize_t n = hm_files_read (files, fd, text, length, at);

  if (n >= 0)
    errno = 0;
  return n == (ssize_t)length ? g_steal_pointer (&text) : NULL;
}

/* What is behind a good CRC and cannot be a journal all the same is no good slot either. */
static void
take_slot (const guint8 *header, const guint8 *text, gsize length, Slot *slot)
{
  if (crc_of (header, text, length) != hm_bytes_get_u32 (header + AT_CRC))
    return;
  slot->format = hm_bytes_get_u32 (header + AT_FORMAT);
  slot->generation = hm_bytes_get_u64 (header + AT_GENERATION);
  if (slot->format == FORMAT)
    slot->journal = hm_journal_parse ((const char *)text, length, NULL);
  if (slot->journal != NULL)
    slot->journal->generation = slot->generation;
  slot->is_good = slot->journal != NULL || slot->format != FORMAT;
}

/* FALSE and errno: it cannot be read. */
static gboolean
read_slot (HmFiles *files, int fd, guint i, Slot *ret_slot)
{
  off_t at = (off_t)i * SLOT_BYTES;
  guint8 header[SLOT_HEADER];
  ssize_t n = hm_files_read (files, fd, header, sizeof (header), at);
  g_autofree guint8 *text = NULL;
  guint32 length;

  *ret_slot = (Slot){ FALSE };
  if (n < (ssize_t)sizeof (header))
    return n >= 0;
  length = hm_bytes_get_u32 (header + AT_LENGTH);
  if (memcmp (header, MAGIC, MAGIC_BYTES) != 0 || length == 0 || length > SLOT_TEXT_MAX)
    return TRUE;
  text = read_text (files, fd, at + SLOT_HEADER, length);
  if (text != NULL)
    take_slot (header, text, length, ret_slot);
  return text != NULL || errno == 0;
}

static void
clear_slots (Slot slots[SLOTS])
{
  for (guint i = 0; i < SLOTS; i++)
    g_clear_pointer (&slots[i].journal, hm_journal_free);
}

static gboolean
read_slots (HmFiles *files, int fd, Slot ret_slots[SLOTS])
{
  for (guint i = 0; i < SLOTS; i++)
    ret_slots[i] = (Slot){ FALSE };
  for (guint i = 0; i < SLOTS; i++)
    if (!read_slot (files, fd, i, &ret_slots[i]))
      return FALSE;
  return TRUE;
}

/* The slot of the highest generation that is good; SLOTS: none is. */
static guint
newest_of (const Slot slots[SLOTS])
{
  if (!slots[0].is_good && !slots[1].is_good)
    return SLOTS;
  if (slots[0].is_good && slots[1].is_good)
    return slots[1].generation > slots[0].generation ? 1 : 0;
  return slots[0].is_good ? 0 : 1;
}

/* -- reading */

static HmJournal *
take_newest (Slot slots[SLOTS], const char *path, GError **error)
{
  guint newest = newest_of (slots);
  HmJournal *journal = newest < SLOTS ? g_steal_pointer (&slots[newest].journal) : NULL;

  if (newest == SLOTS)
    g_set_error (error, HM_ERROR, HM_ERROR_DATA, "%s: damaged in both slots, or not a journal", path);
  else if (journal == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: of format %u, which is not known here", path,
                 slots[newest].format);
  return journal;
}

/* What is no file will be none later either. */
static HmError
code_of (int number)
{
  if (number == EISDIR || number == ELOOP || number == ENXIO || number == ESPIPE)
    return HM_ERROR_DATA;
  return number == EACCES || number == EPERM ? HM_ERROR_PERMISSION : HM_ERROR_TEMPORARY;
}

static void
set_errno (GError **error, HmError code, const char *path, int number)
{
  g_set_error (error, HM_ERROR, code, "%s: %s", path, g_strerror (number));
}

HmJournal *
hm_journal_read (HmFiles *files, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, HM_JOURNAL_NAME, NULL);
  int fd = files->open (files, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
  HmJournal *journal = NULL;
  Slot slots[SLOTS];

  if (fd < 0 && errno == ENOENT)
    return hm_journal_new ();
  if (fd < 0)
    {
      set_errno (error, code_of (errno), path, errno);
      return NULL;
    }
  if (read_slots (files, fd, slots))
    journal = take_newest (slots, path, error);
  else
    set_errno (error, code_of (errno), path, errno);
  clear_slots (slots);
  files->close (files, fd);
  return journal;
}

/* -- writing */

/* (nullable) */
static HmJsonWriter *
print (const HmJournal *journal, const char **ret_text, gsize *ret_length, GError **error)
{
  g_autoptr (HmJsonWriter) json = hm_json_writer_new (FALSE);

  if (!hm_journal_print (journal, json, error))
    return NULL;
  *ret_text = hm_json_writer_finish (json, ret_length, error);
  return *ret_text != NULL ? g_steal_pointer (&json) : NULL;
}

/* As many of the oldest bins as a text of @length bytes is too long by; at least one. FALSE: there is none. */
static gboolean
leave_out_bins (HmJournal *journal, gsize length)
{
  GArray *bins = journal->bins;
  guint n = (guint)(bins->len * (guint64)(length - SLOT_TEXT_MAX) / length) + 1;

  if (bins->len == 0)
    return FALSE;
  n = MIN (n, bins->len);
  g_array_remove_range (bins, 0, n);
  journal->left_out += n;
  return TRUE;
}

static GByteArray *
make_bytes (const char *text, gsize length, guint64 generation)
{
  GByteArray *slot = g_byte_array_new ();
  guint8 header[SLOT_HEADER] = { 0 };

  memcpy (header, MAGIC, MAGIC_BYTES);
  hm_bytes_put_u32 (header + AT_FORMAT, FORMAT);
  hm_bytes_put_u32 (header + AT_LENGTH, (guint32)length);
  hm_bytes_put_u64 (header + AT_GENERATION, generation);
  hm_bytes_put_u32 (header + AT_CRC, crc_of (header, (const guint8 *)text, length));
  g_byte_array_append (slot, header, sizeof (header));
  g_byte_array_append (slot, (const guint8 *)text, (guint)length);
  return slot;
}

/* The bytes of a slot. NULL: it is more than a slot holds, without any bin. (transfer full) */
static GByteArray *
make_slot (HmJournal *journal, guint64 generation, GError **error)
{
  const char *text;
  gsize length;

  journal->left_out = hm_journal_leave_out_bad_bins (journal);
  do
    {
      g_autoptr (HmJsonWriter) json = print (journal, &text, &length, error);

      if (json == NULL)
        return NULL;
      if (length <= SLOT_TEXT_MAX)
        return make_bytes (text, length, generation);
    }
  while (leave_out_bins (journal, length));
  g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "a journal of %" G_GSIZE_FORMAT " bytes, more than %d",
               length, SLOT_TEXT_MAX);
  return NULL;
}

static gboolean
write_file (HmFiles *files, int fd, const GByteArray *bytes)
{
  return hm_files_write (files, fd, bytes->data, bytes->len, 0) == 0 && files->sync (files, fd) == 0;
}

/* A whole journal under another name first: whatever bears the journal's name has had a good slot. */
static gboolean
create (HmFiles *files, const char *folder, const char *path, GError **error)
{
  g_autofree char *new_path = g_build_filename (folder, NEW_NAME, NULL);
  g_autoptr (HmJournal) empty = hm_journal_new ();
  g_autoptr (GByteArray) bytes = make_slot (empty, 1, error);
  guint length = bytes != NULL ? bytes->len : 0;
  gboolean done;
  int fd;

  if (bytes == NULL)
    return FALSE;
  g_byte_array_set_size (bytes, HM_JOURNAL_BYTES);
  memset (bytes->data + length, 0, HM_JOURNAL_BYTES - length);
  fd = files->open (files, new_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
  done = fd >= 0 && write_file (files, fd, bytes);
  if (!done)
    set_errno (error, HM_ERROR_CREATE, new_path, errno);
  if (fd >= 0)
    files->close (files, fd);
  if (!done)
    return FALSE;
  if (files->rename (files, new_path, path) == 0)
    return TRUE;
  set_errno (error, HM_ERROR_CREATE, path, errno);
  return FALSE;
}

/* A file that was cut short gets its room back now, as later there may be none. */
static gboolean
fill_up (HmFiles *files, int fd)
{
  off_t size = files->size (files, fd);
  g_autofree guint8 *zeros = NULL;

  if (size < 0 || size >= HM_JOURNAL_BYTES)
    return size >= 0;
  zeros = g_malloc0 ((gsize)(HM_JOURNAL_BYTES - size));
  return hm_files_write (files, fd, zeros, (gsize)(HM_JOURNAL_BYTES - size), size) == 0
         && files->sync (files, fd) == 0;
}

static gboolean
find_slot (HmJournalWriter *writer)
{
  Slot slots[SLOTS];
  gboolean done = read_slots (writer->files, writer->fd, slots);
  guint newest = done ? newest_of (slots) : SLOTS;

  if (newest < SLOTS)
    {
      writer->generation = slots[newest].generation;
      writer->next = 1 - newest;
    }
  clear_slots (slots);
  return done;
}

static gboolean
open_writer (HmJournalWriter *writer, const char *folder, GError **error)
{
  HmFiles *files = writer->files;

  writer->fd = files->open (files, writer->path, O_RDWR | O_NOFOLLOW, 0);
  if (writer->fd < 0 && errno == ENOENT)
    {
      if (!create (files, folder, writer->path, error))
        return FALSE;
      writer->fd = files->open (files, writer->path, O_RDWR | O_NOFOLLOW, 0);
    }
  if (writer->fd >= 0 && fill_up (files, writer->fd) && find_slot (writer)
      && files->sync_folder (files, folder) == 0)
    return TRUE;
  set_errno (error, HM_ERROR_CREATE, writer->path, errno);
  return FALSE;
}

HmJournalWriter *
hm_journal_writer_new (HmFiles *files, const char *folder, GError **error)
{
  g_autoptr (HmJournalWriter) writer = g_new0 (HmJournalWriter, 1);

  writer->files = files;
  writer->path = g_build_filename (folder, HM_JOURNAL_NAME, NULL);
  writer->fd = -1;
  return open_writer (writer, folder, error) ? g_steal_pointer (&writer) : NULL;
}

void
hm_journal_writer_free (HmJournalWriter *writer)
{
  if (writer == NULL)
    return;
  if (writer->fd >= 0)
    writer->files->close (writer->files, writer->fd);
  g_free (writer->path);
  g_free (writer);
}

/* After a failure the slot may hold anything, a newer generation too; the next try overwrites it with a still newer one. */
gboolean
hm_journal_write (HmJournalWriter *writer, HmJournal *journal, GError **error)
{
  guint64 generation = MAX (writer->generation, journal->generation) + 1;
  g_autoptr (GByteArray) slot = make_slot (journal, generation, error);
  off_t at = (off_t)writer->next * SLOT_BYTES;

  if (slot == NULL)
    return FALSE;
  writer->generation = generation;
  if (hm_files_write (writer->files, writer->fd, slot->data, slot->len, at) != 0
      || writer->files->sync (writer->files, writer->fd) != 0)
    {
      set_errno (error, HM_ERROR_TEMPORARY, writer->path, errno);
      return FALSE;
    }
  journal->generation = generation;
  writer->next = 1 - writer->next;
  return TRUE;
}
