/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_kit: see outbox_kit.h. */
#include "tests/outbox_kit.h"

#include <string.h>

#include "metering/journal.h"

#define FILL_SAMPLES 16
#define FILL_BYTES   3600 /* of one record, about */
#define PATIENCE_US  (G_GINT64_CONSTANT (120) * G_USEC_PER_SEC)

static void
keep_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  OutboxKit *kit = user;

  (void)fields;
  if (level > G_LOG_LEVEL_WARNING)
    return;
  g_mutex_lock (&kit->lock);
  g_string_append_printf (kit->log, "%s\n", text);
  g_mutex_unlock (&kit->lock);
}

int
outbox_kit_set_up (void **state)
{
  static const HmOutboxPublisher publishers[] = { { "required", TRUE }, { "optional", FALSE } };
  OutboxKit *kit = g_new0 (OutboxKit, 1);

  g_mutex_init (&kit->lock);
  g_cond_init (&kit->changed);
  kit->log = g_string_new (NULL);
  kit->clock = hm_fake_clock_new (FAKE_START);
  kit->clock->is_synced = TRUE;
  kit->identity = fake_identity (&kit->clock->clock);
  kit->folder = kit_temp_folder ();
  kit->path = g_build_filename (kit->folder, "outbox", NULL);
  kit->options = (HmOutboxOptions){ .identity = &kit->identity,
                                    .publishers = publishers,
                                    .n_publishers = 2,
                                    .folder = kit->path,
                                    .max_bytes = 4 << 20,
                                    .files = hm_files_system () };
  hm_log_capture (keep_line, kit);
  *state = kit;
  return 0;
}

int
outbox_kit_tear_down (void **state)
{
  OutboxKit *kit = *state;

  outbox_kit_close (kit);
  hm_log_capture (NULL, NULL);
  kit_remove_tree (kit->folder);
  g_string_free (kit->log, TRUE);
  g_mutex_clear (&kit->lock);
  g_cond_clear (&kit->changed);
  g_free (kit->clock);
  g_free (kit->path);
  g_free (kit->folder);
  g_free (kit);
  return 0;
}

static void
note_change (gpointer user)
{
  OutboxKit *kit = user;

  g_mutex_lock (&kit->lock);
  kit->changes++;
  g_cond_broadcast (&kit->changed);
  g_mutex_unlock (&kit->lock);
}

void
outbox_kit_open (OutboxKit *kit)
{
  g_autoptr (GError) error = NULL;

  assert_null (kit->outbox);
  kit->outbox = hm_outbox_new (&kit->options, &error);
  if (kit->outbox == NULL || !kit->outbox->open (kit->outbox, &error))
    fail_msg ("%s", error->message);
  kit->outbox->watch (kit->outbox, note_change, kit);
}

void
outbox_kit_close (OutboxKit *kit)
{
  if (kit->outbox != NULL)
    kit->outbox->free (kit->outbox);
  kit->outbox = NULL;
}

void
outbox_kit_flush (OutboxKit *kit)
{
  assert_true (kit->outbox->flush (kit->outbox, PATIENCE_US * 1000));
}

HmOutboxStatus
outbox_kit_status (OutboxKit *kit)
{
  HmOutboxStatus status;

  kit->outbox->status (kit->outbox, &status);
  return status;
}

/* -- taking -- */

static HmMessage *
take (OutboxKit *kit, guint publisher)
{
  HmMessage *message = kit->outbox->next (kit->outbox, publisher);

  if (message != NULL)
    kit->outbox->confirm (kit->outbox, publisher, message, HM_DELIVERY_DONE, NULL);
  return message;
}

void
outbox_kit_expect (OutboxKit *kit, guint publisher, const char *expected)
{
  g_autoptr (GString) got = g_string_new (NULL);
  HmMessage *message;

  while ((message = take (kit, publisher)) != NULL)
    {
      g_string_append_printf (got, "%s%s/%s", got->len > 0 ? " " : "", message->key,
                              strrchr (message->id, '/') + 1);
      hm_message_unref (message);
    }
  assert_string_equal (got->str, expected);
}

guint
outbox_kit_take (OutboxKit *kit, guint publisher, guint n)
{
  HmMessage *message;
  guint taken = 0;

  while (taken < n && (message = take (kit, publisher)) != NULL)
    {
      hm_message_unref (message);
      taken++;
    }
  return taken;
}

static HmDecoded *
decode (const HmMessage *message)
{
  g_autoptr (HmDecoder) decoder = hm_decoder_new (NULL);
  g_autofree char *detail = NULL;
  HmRefusal refusal;
  gsize length;
  const char *bytes = g_bytes_get_data (message->value, &length);
  HmDecoded *decoded = hm_decoder_decode (decoder, bytes, length, &refusal, &detail);

  if (decoded == NULL)
    fail_msg ("%s", detail);
  return decoded;
}

HmDecoded *
outbox_kit_next_record (OutboxKit *kit, guint publisher)
{
  g_autoptr (HmMessage) message = take (kit, publisher);

  assert_non_null (message);
  return decode (message);
}

void
outbox_kit_drain (OutboxKit *kit, guint publisher, OutboxGap *ret_gap)
{
  HmMessage *message;

  *ret_gap = (OutboxGap){ .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  while ((message = take (kit, publisher)) != NULL)
    {
      g_autoptr (HmDecoded) record = decode (message);

      hm_message_unref (message);
      if (record->record.kind != HM_RECORD_GAP)
        {
          ret_gap->others++;
          continue;
        }
      ret_gap->gaps++;
      ret_gap->records += record->record.records;
      ret_gap->resources += record->record.resources;
      ret_gap->from = record->record.from;
      ret_gap->to = record->record.to;
      g_strlcpy (ret_gap->reason, record->record.reason, sizeof ret_gap->reason);
    }
}

guint
outbox_kit_fill (OutboxKit *kit, HmRecordClass class, gsize bytes)
{
  g_autofree char *device = g_strnfill (100, 'd');
  guint n = (guint)(bytes / FILL_BYTES);

  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (GError) error = NULL;
      HmSample samples[FILL_SAMPLES];
      HmRecord record;

      fake_record (&record, "fill", i);
      for (guint k = 0; k < FILL_SAMPLES; k++)
        {
          samples[k] = record.samples[0];
          samples[k].device = device;
        }
      record.samples = samples;
      record.n_samples = FILL_SAMPLES;
      if (!kit->outbox->append (kit->outbox, class, &record, &error))
        fail_msg ("%s", error->message);
    }
  outbox_kit_flush (kit);
  return n;
}

/* -- files -- */

static char **
list (OutboxKit *kit)
{
  HmFiles *files = hm_files_system ();
  char **names = files->list (files, kit->path);

  assert_non_null (names);
  return names;
}

guint
outbox_kit_files (OutboxKit *kit, const char *prefix)
{
  g_auto (GStrv) names = list (kit);
  guint n = 0;

  for (guint i = 0; names[i] != NULL; i++)
    n += g_str_has_prefix (names[i], prefix);
  return n;
}

char *
outbox_kit_file (OutboxKit *kit, const char *prefix, gboolean is_last)
{
  g_auto (GStrv) names = list (kit);
  char *path = NULL;

  for (guint i = 0; names[i] != NULL && (is_last || path == NULL); i++)
    if (g_str_has_prefix (names[i], prefix))
      {
        g_free (path);
        path = g_build_filename (kit->path, names[i], NULL);
      }
  return path;
}

/* -- waiting -- */

static void
wait_a_little (gint64 deadline)
{
  if (g_get_monotonic_time () > deadline)
    fail_msg ("two minutes are over");
  g_usleep (2000);
}

void
outbox_kit_wait_files (OutboxKit *kit, const char *prefix, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (outbox_kit_files (kit, prefix) != n)
    wait_a_little (deadline);
}

void
outbox_kit_wait_waiting (OutboxKit *kit, guint64 n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (outbox_kit_status (kit).waiting != n || outbox_kit_status (kit).unsynced > 0)
    wait_a_little (deadline);
}

void
outbox_kit_wait_said (OutboxKit *kit)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (outbox_kit_status (kit).unsaid > 0)
    wait_a_little (deadline);
}

void
outbox_kit_wait_change (OutboxKit *kit)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  g_mutex_lock (&kit->lock);
  while (kit->changes == 0)
    if (!g_cond_wait_until (&kit->changed, &kit->lock, deadline))
      break;
  assert_true (kit->changes > 0);
  g_mutex_unlock (&kit->lock);
}

guint64
outbox_kit_generation (OutboxKit *kit)
{
  g_autoptr (HmJournal) journal = hm_journal_read (hm_files_system (), kit->path, NULL);

  return journal != NULL ? journal->generation : 0;
}

void
outbox_kit_wait_note (OutboxKit *kit, guint64 before)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;

  while (outbox_kit_generation (kit) == before)
    wait_a_little (deadline);
}

gboolean
outbox_kit_has_said (OutboxKit *kit, const char *text)
{
  gboolean found;

  g_mutex_lock (&kit->lock);
  found = strstr (kit->log->str, text) != NULL;
  g_mutex_unlock (&kit->lock);
  return found;
}
