/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories of the outbox through power cuts, against a ledger.
 *
 * A history is a series of lives of one outbox folder over files that lose what was not synced (crash_files). Each life appends, delivers,
 * confirms, refuses, beats, meets failing calls, and ends: at a random point before or after any file operation, between two, or by a
 * proper stop. At last a good publisher takes everything, and the ledger says what is wrong. There is no writer's thread: the test
 * takes its turns, so that a seed repeats a history exactly.
 *
 * HM_CRASHES: how many; HM_CRASH_SEED: the first history's seed, or "random"; HM_CRASH_TRACE: what happens is printed. */
#include "agent/outbox/outbox_private.h"
#include "metering/log.h"
#include "tests/fakes/crash_files.h"
#include "tests/fakes/failpoint_files.h"
#include "tests/fakes/fake_identity.h"
#include "tests/fakes/ledger.h"

#include <errno.h>
#include <glib/gprintf.h>
#include <string.h>

#define ROOT       "/state"
#define FOLDER     ROOT "/outbox"
#define PUBLISHERS 2 /* the first is required, the other is not */
#define RESOURCES  4
#define LIVES_MAX  12
#define ROUNDS_MAX 100
#define OPENS_MAX  20

typedef struct
{
  GRand *rand;
  CrashFiles *memory;
  Failpoints *points;
  HmFiles *files;
  HmFakeClock *clock;
  HmIdentity identity;
  char epoch[32];
  HmOutboxOptions options;
  HmOutbox *outbox;
  HmDiskOutbox *disk; /* the same */
  HmEncoder *encoder;
  Ledger *ledger;
  GQueue hands[PUBLISHERS]; /* (element-type HmMessage) */
  guint lives;
  guint64 value;              /* of the last record */
  guint64 appended;           /* by this life */
  guint64 numbers[RESOURCES]; /* of each resource's last record in this life */
  gboolean is_traced, has_room;
  gboolean is_dead, refuses, fails; /* what it meets: rejections; calls that fail */
  guint crashes;                    /* in all: */
  guint at_points;
} World;

static const HmOutboxPublisher publishers[PUBLISHERS] = { { "bus", TRUE }, { "copy", FALSE } };

static gboolean
one_in (World *w, int n)
{
  return g_rand_int_range (w->rand, 0, n) == 0;
}

/* What a history of its own did. */
static void G_GNUC_PRINTF (2, 3) say (const World *w, const char *format, ...)
{
  va_list args;

  if (!w->is_traced)
    return;
  va_start (args, format);
  g_vprintf (format, args);
  va_end (args);
  g_printf ("\n");
}

/* -- lives -- */

static void
die (gpointer user)
{
  World *w = user;

  w->is_dead = TRUE;
  say (w, "# the power goes");
  failpoint_files_set_dead (w->files, TRUE);
}

/* FALSE: a call has failed. */
static gboolean
try_to_open (World *w)
{
  g_autoptr (GError) error = NULL;

  g_snprintf (w->epoch, sizeof w->epoch, "e-%03u", ++w->lives);
  w->identity = fake_identity (&w->clock->clock);
  w->identity.agent_epoch = w->epoch;
  say (w, "# life %s", w->epoch);
  w->appended = 0;
  memset (w->numbers, 0, sizeof w->numbers);
  ledger_begin (w->ledger);
  w->outbox = hm_outbox_new (&w->options, &error);
  assert_non_null (w->outbox);
  w->disk = (HmDiskOutbox *)w->outbox;
  w->disk->segment_bytes = w->has_room ? 4096 : w->options.max_bytes / 8;
  if (hm_outbox_recover (w->disk, &error) || w->is_dead)
    return TRUE;
  if (!w->fails)
    fail_msg ("the outbox does not open: %s", error->message);
  say (w, "# it does not start: %s", error->message);
  w->outbox->free (w->outbox);
  w->outbox = NULL;
  return FALSE;
}

/* A start that a call has failed is tried again, until none fails any more. */
static void
open_outbox (World *w)
{
  guint tries = 0;

  while (!try_to_open (w))
    assert_true (++tries < OPENS_MAX);
}

static void
close_outbox (World *w)
{
  HmOutboxStatus status;

  w->outbox->status (w->outbox, &status);
  ledger_own (w->ledger, w->epoch, status.appended - w->appended);
  for (guint i = 0; i < PUBLISHERS; i++)
    g_queue_clear_full (&w->hands[i], (GDestroyNotify)hm_message_unref);
  w->outbox->free (w->outbox);
  w->outbox = NULL;
}

/* The next start meets it. */
static void
let_start_fail (World *w)
{
  static const char *const names[] = { "outbox.read.*", "outbox.read.segment.*", "outbox.open.segment.*",
                                       "outbox.size.*", "outbox.*.journal.*",    "outbox.open.*",
                                       "outbox.list.*", "outbox.truncate.*",     "outbox.sync.*" };

  failpoints_fail (w->points, names[g_rand_int_range (w->rand, 0, G_N_ELEMENTS (names))],
                   (guint)g_rand_int_range (w->rand, 1, 10), one_in (w, 2) ? EIO : EMFILE);
}

/* Nothing reaches the disk from the moment that the power is gone. */
static void
cut_power (World *w)
{
  die (w);
  close_outbox (w);
  /* Sometimes the process alone is killed, and the system's memory keeps what it wrote, until the next time. */
  if (!one_in (w, 4))
    {
      crash_files_crash (w->memory, w->rand);
      w->crashes++;
    }
  crash_files_fail_syncs (w->memory, 0, w->rand);
  crash_files_set_room (w->memory, G_MAXUINT64);
  if (!w->fails || !one_in (w, 3))
    failpoints_fail (w->points, "*", 0, 0);
  failpoints_stop_at (w->points, 0, NULL, NULL);
  failpoint_files_set_dead (w->files, FALSE);
  w->is_dead = FALSE;
  if (w->fails && one_in (w, 3))
    let_start_fail (w);
}

/* -- acts -- */

/* The journal was written, with how far the bus is. */
static void
note (World *w)
{
  guint64 next[HM_LANES];

  hm_feed_marks (w->disk->ways[0].feed, next);
  if (!w->is_dead && !w->disk->journal_fails)
    ledger_note (w->ledger, next);
}

static void
take_turn (World *w, gboolean notes)
{
  say (w, "# turn%s", notes ? " with notes" : "");
  g_mutex_lock (&w->disk->lock);
  hm_outbox_step (w->disk, TRUE, notes);
  g_mutex_unlock (&w->disk->lock);
  if (w->outbox->flush (w->outbox, 0))
    ledger_take (w->ledger);
  if (notes)
    note (w);
}

static void
append (World *w)
{
  HmRecordClass class = one_in (w, 3) ? HM_CLASS_DIAGNOSTIC : HM_CLASS_BILLING;
  guint i = (guint)g_rand_int_range (w->rand, 0, RESOURCES);
  g_autofree char *resource = g_strdup_printf ("i-%u", i);
  g_autofree char *project = g_strnfill ((gsize)g_rand_int_range (w->rand, 1, 300), 'p');
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) value = NULL;
  HmRecord record;

  fake_record (&record, resource, ++w->value);
  record.resource.project = project;
  if (!w->outbox->append (w->outbox, class, &record, &error))
    fail_msg ("%s", error->message);
  w->appended++;
  record.seq = ++w->numbers[i];
  id = hm_record_id (&record);
  say (w, "# append %s %s", id, hm_lane_name (class));
  value = hm_encoder_encode (w->encoder, &record, &error);
  if (value == NULL)
    fail_msg ("%s", error->message);
  ledger_append (w->ledger, id, value);
}

static void
give (World *w, guint publisher)
{
  HmMessage *message = w->outbox->next (w->outbox, publisher);

  if (message == NULL)
    return;
  if (one_in (w, 10))
    {
      w->outbox->put_back (w->outbox, publisher, message);
      hm_message_unref (message);
      return;
    }
  say (w, "# %u is given %s", publisher, message->id);
  if (publisher == 0)
    ledger_give (w->ledger, message);
  g_queue_push_tail (&w->hands[publisher], message);
}

static void
confirm (World *w, guint publisher, HmMessage *message, HmDelivery delivery)
{
  say (w, "# %u says %d of %s: %.*s", publisher, delivery, message->id,
       message->kind == HM_RECORD_SAMPLES ? 0 : (int)g_bytes_get_size (message->value),
       (const char *)g_bytes_get_data (message->value, NULL));
  if (publisher == 0 && delivery == HM_DELIVERY_DONE)
    ledger_arrive (w->ledger, message);
  w->outbox->confirm (w->outbox, publisher, message, delivery, "because");
  hm_message_unref (message);
}

/* What is refused once is refused always. */
static gboolean
is_refused (const World *w, const HmMessage *message)
{
  return w->refuses && message->kind == HM_RECORD_SAMPLES && g_str_hash (message->id) % 15 == 0;
}

/* Most in the order in which they were given. */
static void
come_back (World *w, guint publisher)
{
  GQueue *hands = &w->hands[publisher];
  guint n = hands->length;
  HmMessage *message
      = n > 0 ? g_queue_pop_nth (hands, one_in (w, 4) ? (guint)g_rand_int_range (w->rand, 0, (gint32)n) : 0)
              : NULL;

  if (message == NULL)
    return;
  if (one_in (w, 12))
    confirm (w, publisher, message, HM_DELIVERY_RETRY);
  else if (publisher == 0 && is_refused (w, message))
    confirm (w, publisher, message, HM_DELIVERY_REJECT);
  else
    confirm (w, publisher, message, HM_DELIVERY_DONE);
}

static void
let_calls_fail (World *w)
{
  static const char *const names[]
      = { "outbox.write.*",        "outbox.open.*",     "outbox.unlink.*",           "outbox.sync.folder.*",
          "outbox.sync.journal.*", "outbox.truncate.*", "outbox.sync.segment.before" };
  guint times = (guint)g_rand_int_range (w->rand, 1, 4);

  switch (g_rand_int_range (w->rand, 0, 4))
    {
    case 0:
      crash_files_set_room (w->memory, (guint64)g_rand_int_range (w->rand, 0, 3000));
      break;
    case 1:
      crash_files_set_room (w->memory, G_MAXUINT64);
      break;
    case 2:
      crash_files_fail_syncs (w->memory, times, w->rand);
      break;
    default:
      failpoints_fail (w->points, names[g_rand_int_range (w->rand, 0, G_N_ELEMENTS (names))], times,
                       one_in (w, 2) ? EIO : ENOSPC);
    }
}

static void
act (World *w)
{
  int what = g_rand_int_range (w->rand, 0, 100);

  if (what < 35)
    append (w);
  else if (what < 60)
    give (w, what % 3 == 0);
  else if (what < 80)
    come_back (w, what % 3 == 0);
  else if (what < 92)
    take_turn (w, one_in (w, 3));
  else if (what < 95)
    w->outbox->heartbeat (w->outbox);
  else if (what < 98)
    hm_fake_clock_advance (w->clock, g_rand_int_range (w->rand, 1, 400) * HM_NSEC_PER_SEC);
  else if (w->fails && one_in (w, 2))
    let_calls_fail (w);
}

/* A proper stop, as the writer's thread ends it. */
static void
stop (World *w)
{
  w->disk->is_stopping = TRUE;
  hm_outbox_write (w->disk);
  if (w->outbox->flush (w->outbox, 0))
    ledger_take (w->ledger);
  note (w);
}

static void
live (World *w)
{
  guint acts = (guint)g_rand_int_range (w->rand, 1, 160);

  if (!one_in (w, 4))
    failpoints_stop_at (w->points, (guint64)g_rand_int_range (w->rand, 1, one_in (w, 3) ? 30 : 400), die, w);
  open_outbox (w);
  for (guint i = 0; i < acts && !w->is_dead; i++)
    act (w);
  if (!w->is_dead && one_in (w, 3))
    stop (w);
  w->at_points += w->is_dead;
  cut_power (w);
}

/* -- the end -- */

static gboolean
deliver_all (World *w)
{
  gboolean any = FALSE;

  for (guint i = 0; i < PUBLISHERS; i++)
    {
      HmMessage *message;

      while ((message = w->outbox->next (w->outbox, i)) != NULL)
        {
          if (i == 0)
            ledger_give (w->ledger, message);
          any = any || message->kind != HM_RECORD_HEARTBEAT;
          confirm (w, i, message, i == 0 && is_refused (w, message) ? HM_DELIVERY_REJECT : HM_DELIVERY_DONE);
        }
    }
  return any;
}

/* Until nothing but heartbeats comes, twice: the last of them closes the bin that the last gap record is in. */
static void
drain (World *w)
{
  HmOutboxStatus status = { .waiting = 1 };
  guint quiet = 0, round = 0;

  failpoints_fail (w->points, "*", 0, 0);
  open_outbox (w);
  for (; quiet < 3 && round < ROUNDS_MAX; round++)
    {
      take_turn (w, TRUE);
      quiet = deliver_all (w) ? 0 : quiet + 1;
      hm_fake_clock_advance (w->clock, 2 * HM_BIN_NS);
      w->outbox->heartbeat (w->outbox);
      take_turn (w, TRUE);
      take_turn (w, TRUE);
    }
  deliver_all (w);
  w->outbox->status (w->outbox, &status);
  assert_true (round < ROUNDS_MAX);
  assert_true (status.unsaid == 0);
  assert_true (status.waiting == 0);
  close_outbox (w);
}

static World *
world_new (guint32 seed, gboolean fails)
{
  World *w = g_new0 (World, 1);

  w->rand = g_rand_new_with_seed (seed);
  w->memory = crash_files_new (ROOT);
  w->points = failpoints_new ();
  w->files = failpoint_files_new (crash_files_table (w->memory), w->points, "outbox");
  w->clock = hm_fake_clock_new (FAKE_START);
  w->encoder = hm_encoder_new ();
  w->ledger = ledger_new ();
  w->refuses = one_in (w, 2);
  w->fails = fails;
  w->has_room = one_in (w, 3);
  if (w->has_room && !fails)
    ledger_expect_room (w->ledger);
  if (fails)
    ledger_forgive_order (w->ledger);
  w->is_traced = g_getenv ("HM_CRASH_TRACE") != NULL;
  w->options
      = (HmOutboxOptions){ .identity = &w->identity,
                           .publishers = publishers,
                           .n_publishers = PUBLISHERS,
                           .folder = FOLDER,
                           .max_bytes = w->has_room ? 64u << 20 : 1u << g_rand_int_range (w->rand, 14, 19),
                           .files = w->files };
  return w;
}

static void
world_free (World *w)
{
  ledger_free (w->ledger);
  hm_encoder_free (w->encoder);
  g_free (w->clock);
  g_free (w->files);
  failpoints_free (w->points);
  crash_files_free (w->memory);
  g_rand_free (w->rand);
  g_free (w);
}

/* -- the test -- */

typedef struct
{
  guint crashes, at_points;
  LedgerSums sums;
} Totals;

static void
add (Totals *totals, const World *w, const LedgerSums *sums)
{
  totals->crashes += w->crashes;
  totals->at_points += w->at_points;
  totals->sums.taken += sums->taken;
  totals->sums.arrived += sums->arrived;
  totals->sums.missing += sums->missing;
  totals->sums.perhaps += sums->perhaps;
  totals->sums.unnoted += sums->unnoted;
  totals->sums.own += sums->own;
  totals->sums.said += sums->said;
}

static guint32 current; /* seed of the history that is being looked at */

static void
run_history (gboolean fails, Totals *totals)
{
  World *w = world_new (current, fails);
  guint lives = (guint)g_rand_int_range (w->rand, 1, LIVES_MAX);
  g_autofree char *findings = NULL;
  LedgerSums sums;

  for (guint i = 0; i < lives; i++)
    live (w);
  drain (w);
  findings = ledger_findings (w->ledger, &sums);
  if (findings != NULL)
    fail_msg ("HM_CRASH_SEED=%u HM_CRASHES=1:\n%s", current, findings);
  add (totals, w, &sums);
  world_free (w);
}

static guint
number_from (const char *variable, guint otherwise)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint)g_ascii_strtoull (text, NULL, 10) : otherwise;
}

/* The same histories in each `make check`, so that a change is held against what was good before; `make check-fault` takes others. */
static guint32
first_seed (void)
{
  return g_strcmp0 (g_getenv ("HM_CRASH_SEED"), "random") == 0 ? g_random_int ()
                                                               : number_from ("HM_CRASH_SEED", 20261121);
}

static void
run_histories (gboolean fails)
{
  guint n = number_from ("HM_CRASHES", number_from ("HYPERMETER_TEST_HISTORIES", 1500) * 4);
  Totals totals = { 0 };

  current = first_seed ();
  print_message ("# HM_CRASH_SEED=%u HM_CRASHES=%u\n", current, n);
  for (; totals.crashes < n; current++)
    run_history (fails, &totals);
  print_message ("# %u crashes, %u of them at a file operation\n", totals.crashes, totals.at_points);
  print_message ("# %" G_GUINT64_FORMAT " records taken, %" G_GUINT64_FORMAT
                 " arrived; of those taken %" G_GUINT64_FORMAT
                 " did not, and gap records say %" G_GUINT64_FORMAT "\n# %" G_GUINT64_FORMAT
                 " were not on disk yet, nor were %" G_GUINT64_FORMAT " of the agent's own\n",
                 totals.sums.taken, totals.sums.arrived, totals.sums.missing, totals.sums.said,
                 totals.sums.perhaps, totals.sums.own);
}

static void
outbox_loses_nothing_silently_when_the_power_goes (void **state)
{
  (void)state;
  run_histories (FALSE);
}

static void
outbox_loses_nothing_silently_when_calls_fail_and_the_power_goes (void **state)
{
  (void)state;
  run_histories (TRUE);
}

static int
print_last_seed (void **state)
{
  (void)state;
  print_message ("# the last history: HM_CRASH_SEED=%u HM_CRASHES=1\n", current);
  return 0;
}

/* Thousands of failures are meant to be; nobody reads of them. */
static void
drop_line (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)level, (void)fields, (void)text, (void)user;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown (outbox_loses_nothing_silently_when_the_power_goes, print_last_seed),
    cmocka_unit_test_teardown (outbox_loses_nothing_silently_when_calls_fail_and_the_power_goes,
                               print_last_seed),
  };

  if (g_getenv ("HM_CRASH_TRACE") == NULL)
    hm_log_capture (drop_line, NULL);
  return cmocka_run_group_tests_name ("outbox_crash", tests, NULL, NULL);
}
