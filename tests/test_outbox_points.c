/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox stopped at every single file operation, before and after it, on a real file system.
 *
 * A child runs one scenario of three lives and kills itself at the k-th point; what it took and what arrived it tells
 * in a file, at once, before it goes on. The parent then opens the outbox in that folder, drains it and asks the ledger; for each k. The
 * kernel keeps what a dead process wrote, so nothing is synced here: test_outbox_crash has the power cuts. */
#include "agent/outbox/outbox_private.h"
#include "metering/log.h"
#include "tests/fakes/failpoint_files.h"
#include "tests/fakes/fake_identity.h"
#include "tests/fakes/ledger.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVES 3
#define TOLD  "told"

typedef struct
{
  char *path, *folder;
  HmFiles plain, *files;
  Failpoints *points;
  HmFakeClock *clock;
  HmIdentity identity;
  char epoch[16];
  HmOutboxOptions options;
  HmOutbox *outbox;
  HmDiskOutbox *disk; /* the same */
  HmEncoder *encoder;
  Ledger *ledger; /* the parent's */
  int told;       /* the child's */
  guint64 value;
} Box;

static const HmOutboxPublisher publishers[] = { { "bus", TRUE } };

/* -- what the child tells -- */

typedef enum
{
  TELL_BEGIN,
  TELL_APPEND,
  TELL_TAKE,
  TELL_GIVE,
  TELL_ARRIVE,
  TELL_NOTE,
  TELL_OWN,
} What;

typedef struct
{
  What what;
  HmRecordKind kind;
  guint64 position, next[HM_LANES];
  char id[64];
  gsize length; /* of the value, which follows */
} Told;

/* One write, so that all of it is there or nothing. */
static void
tell (Box *b, const Told *told, GBytes *value)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *)told, sizeof *told);
  if (value != NULL)
    g_byte_array_append (bytes, g_bytes_get_data (value, NULL), (guint)g_bytes_get_size (value));
  if (b->told >= 0 && write (b->told, bytes->data, bytes->len) != (ssize_t)bytes->len)
    abort ();
}

static void
tell_message (Box *b, What what, const HmMessage *message)
{
  Told told = { .what = what,
                .kind = message->kind,
                .position = message->position,
                .length = g_bytes_get_size (message->value) };

  g_strlcpy (told.id, message->id, sizeof told.id);
  tell (b, &told, message->value);
}

static void
hear_message (Ledger *ledger, const Told *told, GBytes *value)
{
  HmMessage message
      = { .position = told->position, .kind = told->kind, .id = (char *)(guintptr)told->id, .value = value };

  if (told->what == TELL_GIVE)
    ledger_give (ledger, &message);
  else
    ledger_arrive (ledger, &message);
}

static void
hear_one (Ledger *ledger, const Told *told, GBytes *value)
{
  switch (told->what)
    {
    case TELL_BEGIN:
      ledger_begin (ledger);
      break;
    case TELL_APPEND:
      ledger_append (ledger, told->id, value);
      break;
    case TELL_TAKE:
      ledger_take (ledger);
      break;
    case TELL_NOTE:
      ledger_note (ledger, told->next);
      break;
    case TELL_OWN:
      ledger_own (ledger, told->id, told->position);
      break;
    case TELL_GIVE:
    case TELL_ARRIVE:
      hear_message (ledger, told, value);
    }
}

static void
hear (Box *b)
{
  g_autofree char *path = g_build_filename (b->path, TOLD, NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0, at = 0;

  assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  while (at < length)
    {
      Told told;
      g_autoptr (GBytes) value = NULL;

      memcpy (&told, bytes + at, sizeof told);
      at += sizeof told;
      value = g_bytes_new (bytes + at, told.length);
      at += told.length;
      hear_one (b->ledger, &told, value);
    }
}

/* -- the outbox; both processes -- */

static int
sync_nothing (HmFiles *files, int fd)
{
  (void)files, (void)fd;
  return 0;
}

static int
sync_no_folder (HmFiles *files, const char *path)
{
  (void)files, (void)path;
  return 0;
}

static Box *
box_new (void)
{
  Box *b = g_new0 (Box, 1);

  b->path = kit_temp_folder ();
  b->folder = g_build_filename (b->path, "outbox", NULL);
  b->plain = *hm_files_system ();
  b->plain.sync = sync_nothing;
  b->plain.sync_folder = sync_no_folder;
  b->points = failpoints_new ();
  b->files = failpoint_files_new (&b->plain, b->points, "outbox");
  b->clock = hm_fake_clock_new (FAKE_START);
  b->encoder = hm_encoder_new ();
  b->ledger = ledger_new ();
  b->told = -1;
  b->options = (HmOutboxOptions){ .identity = &b->identity,
                                  .publishers = publishers,
                                  .n_publishers = 1,
                                  .folder = b->folder,
                                  .max_bytes = 24 * 1024,
                                  .files = b->files };
  return b;
}

static void
box_free (Box *b)
{
  ledger_free (b->ledger);
  hm_encoder_free (b->encoder);
  g_free (b->clock);
  g_free (b->files);
  failpoints_free (b->points);
  kit_remove_tree (b->path);
  g_free (b->folder);
  g_free (b->path);
  g_free (b);
}

static void
open_box (Box *b, guint life)
{
  g_autoptr (GError) error = NULL;

  g_snprintf (b->epoch, sizeof b->epoch, "e-%u", life);
  b->identity = fake_identity (&b->clock->clock);
  b->identity.agent_epoch = b->epoch;
  b->outbox = hm_outbox_new (&b->options, &error);
  b->disk = (HmDiskOutbox *)b->outbox;
  b->disk->segment_bytes = 4096;
  tell (b, &(Told){ .what = TELL_BEGIN }, NULL);
  if (!hm_outbox_recover (b->disk, &error))
    fail_msg ("%s", error->message);
}

static void
take_turn (Box *b)
{
  Told note = { .what = TELL_NOTE };

  g_mutex_lock (&b->disk->lock);
  hm_outbox_step (b->disk, TRUE, TRUE);
  g_mutex_unlock (&b->disk->lock);
  if (b->outbox->flush (b->outbox, 0))
    tell (b, &(Told){ .what = TELL_TAKE }, NULL);
  hm_feed_marks (b->disk->ways[0].feed, note.next);
  tell (b, &note, NULL);
}

/* -- the child -- */

static void
append (Box *b, guint n, guint64 *number)
{
  for (guint i = 0; i < n; i++)
    {
      Told told = { .what = TELL_APPEND };
      g_autofree char *id = NULL;
      g_autoptr (GBytes) value = NULL;
      HmRecord record;

      fake_record (&record, "i-1", ++b->value);
      if (!b->outbox->append (b->outbox, i % 3 == 0 ? HM_CLASS_DIAGNOSTIC : HM_CLASS_BILLING, &record, NULL))
        abort ();
      record.seq = ++*number;
      id = hm_record_id (&record);
      g_strlcpy (told.id, id, sizeof told.id);
      value = hm_encoder_encode (b->encoder, &record, NULL);
      told.length = g_bytes_get_size (value);
      tell (b, &told, value);
    }
}

/* The first of them is rejected in each life, the last is not confirmed. */
static void
deliver (Box *b, guint n)
{
  HmMessage *message = NULL;

  for (guint i = 0; i < n && (message = b->outbox->next (b->outbox, 0)) != NULL; i++)
    {
      gboolean rejects = i == 0 && message->kind == HM_RECORD_SAMPLES;

      tell_message (b, TELL_GIVE, message);
      if (!rejects)
        tell_message (b, TELL_ARRIVE, message);
      if (i + 1 < n)
        b->outbox->confirm (b->outbox, 0, message, rejects ? HM_DELIVERY_REJECT : HM_DELIVERY_DONE,
                            "because");
      hm_message_unref (message);
    }
}

/* An upper bound of the agent's own records, told before there are any. */
static void
live (Box *b, guint life)
{
  Told own = { .what = TELL_OWN, .position = 100 };
  guint64 number = 0;

  g_snprintf (own.id, sizeof own.id, "e-%u", life);
  tell (b, &own, NULL);
  open_box (b, life);
  append (b, 15, &number);
  take_turn (b);
  deliver (b, 6);
  hm_fake_clock_advance (b->clock, HM_BIN_NS);
  b->outbox->heartbeat (b->outbox);
  take_turn (b);
  append (b, life == 2 ? 60 : 10, &number);
  take_turn (b);
  deliver (b, 20);
  take_turn (b);
  append (b, 3, &number);
  if (life % 2 == 1)
    {
      b->disk->is_stopping = TRUE;
      hm_outbox_write (b->disk);
    }
  b->outbox->free (b->outbox);
}

static void
leave (gpointer user)
{
  (void)user;
  kill (getpid (), SIGKILL);
}

/* Never comes back. Where the scenario came to its end, how many points it passed is told in a file. */
static void
run_child (Box *b, guint64 k)
{
  g_autofree char *told = g_build_filename (b->path, TOLD, NULL);
  g_autofree char *passed = g_build_filename (b->path, "passed", NULL);
  g_autofree char *text = NULL;

  /* Before and after a read the folder is the same. */
  failpoints_leave_out (b->points, "outbox.read.*");
  b->told = open (told, O_WRONLY | O_CREAT | O_APPEND, 0600);
  failpoints_stop_at (b->points, k, leave, NULL);
  for (guint life = 1; life <= LIVES; life++)
    live (b, life);
  text = g_strdup_printf ("%" G_GUINT64_FORMAT, failpoints_passed (b->points));
  g_file_set_contents (passed, text, -1, NULL);
  leave (NULL);
}

/* -- the parent -- */

static gboolean
deliver_all (Box *b)
{
  HmMessage *message;
  gboolean any = FALSE;

  while ((message = b->outbox->next (b->outbox, 0)) != NULL)
    {
      ledger_give (b->ledger, message);
      ledger_arrive (b->ledger, message);
      any = any || message->kind != HM_RECORD_HEARTBEAT;
      b->outbox->confirm (b->outbox, 0, message, HM_DELIVERY_DONE, NULL);
      hm_message_unref (message);
    }
  return any;
}

static void
drain (Box *b)
{
  guint quiet = 0;

  hm_fake_clock_advance (b->clock, 10 * HM_BIN_NS);
  ledger_begin (b->ledger);
  ledger_own (b->ledger, "e-9", 1000);
  open_box (b, 9);
  for (guint round = 0; quiet < 3; round++)
    {
      assert_true (round < 100);
      take_turn (b);
      quiet = deliver_all (b) ? 0 : quiet + 1;
      hm_fake_clock_advance (b->clock, 2 * HM_BIN_NS);
      b->outbox->heartbeat (b->outbox);
      take_turn (b);
    }
  deliver_all (b);
  b->outbox->free (b->outbox);
}

/* How many points there are when it came to its end, else 0. */
static guint64
run_to (guint64 k)
{
  Box *b = box_new ();
  g_autofree char *passed = g_build_filename (b->path, "passed", NULL);
  g_autofree char *findings = NULL;
  g_autofree char *text = NULL;
  LedgerSums sums;
  guint64 n;
  int status;
  pid_t pid;

  pid = fork ();
  if (pid == 0)
    run_child (b, k);
  assert_int_equal (waitpid (pid, &status, 0), pid);
  assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  assert_int_equal (g_file_test (passed, G_FILE_TEST_EXISTS), k == 0);
  hear (b);
  drain (b);
  findings = ledger_findings (b->ledger, &sums);
  if (findings != NULL)
    fail_msg ("stopped at point %" G_GUINT64_FORMAT ":\n%s", k, findings);
  n = g_file_get_contents (passed, &text, NULL, NULL) ? g_ascii_strtoull (text, NULL, 10) : 0;
  box_free (b);
  return n;
}

static void
outbox_loses_nothing_silently_when_it_is_stopped_at_any_file_operation (void **state)
{
  const char *histories = g_getenv ("HYPERMETER_TEST_HISTORIES");
  guint64 n = run_to (0), stride = 1;

  (void)state;
  assert_true (n > 100);
  if (histories != NULL)
    stride = MAX (n / g_ascii_strtoull (histories, NULL, 10), 1);
  for (guint64 k = 1; k <= n; k += stride)
    run_to (k);
  print_message ("# stopped at %" G_GUINT64_FORMAT " points\n", n / stride);
}

/* Each start of a stopped one has something to say. */
static void
drop_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (outbox_loses_nothing_silently_when_it_is_stopped_at_any_file_operation),
  };

  hm_log_capture (drop_line, NULL);
  return cmocka_run_group_tests_name ("outbox_points", tests, NULL, NULL);
}
