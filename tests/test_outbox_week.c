/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_week: an outbox of 64 MiB while the broker is away for a week: what comes in the end and what gap records say is exactly what
 * was made, and what went is what the policy says: diagnostics first, billing last, the oldest of each. The clock is a fake one, the
 * folder is real; nothing is synced, as no power fails here. HYPERMETER_TEST_DAYS: fewer days, with as much less room. */
#include "tests/fakes/fake_identity.h"

#include <string.h>

#include "metering/segment.h"

#define MINUTE      (60 * HM_NSEC_PER_SEC)
#define RESOURCES   40 /* a billing record each in each minute */
#define DIAGNOSTICS 10 /* and these */
#define PATIENCE    (60 * HM_NSEC_PER_SEC)

/* What one class made, in the order in which it was made, and what of it came. */
typedef struct
{
  GHashTable *index;             /* id -> place in the order, from 1 */
  guint8 *came;                  /* by place */
  guint made, made_now, arrived; /* `made_now`: by this process */
  guint64 arrived_bytes;
} Class;

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmFiles files;
  char *root, *folder;
  HmOutbox *outbox;
  Class classes[HM_LANES];
  guint minutes;     /* that the broker is away */
  guint64 max_bytes; /* of the outbox */
  guint64 said, gaps;
  HmTime said_from, said_to;
} Week;

/* Fewer where everything takes its time (valgrind). */
static guint
n_days (void)
{
  const char *text = g_getenv ("HYPERMETER_TEST_DAYS");

  return text != NULL ? (guint)g_ascii_strtoull (text, NULL, 10) : 7;
}

static guint
n_records (const Week *week, HmRecordClass class)
{
  return week->minutes * (class == HM_CLASS_BILLING ? RESOURCES : DIAGNOSTICS);
}

static const HmOutboxPublisher publishers[] = { { "far", TRUE } };

static int
no_sync (HmFiles *files G_GNUC_UNUSED, int fd G_GNUC_UNUSED)
{
  return 0;
}

static int
no_sync_folder (HmFiles *files G_GNUC_UNUSED, const char *path G_GNUC_UNUSED)
{
  return 0;
}

static void
open_outbox (Week *week, char *epoch)
{
  HmOutboxOptions options = { .identity = &week->identity,
                              .publishers = publishers,
                              .n_publishers = G_N_ELEMENTS (publishers),
                              .folder = week->folder,
                              .max_bytes = week->max_bytes,
                              .files = &week->files };
  g_autoptr (GError) error = NULL;

  week->identity.agent_epoch = epoch;
  for (guint class = 0; class < HM_LANES; class ++)
    week->classes[class].made_now = 0;
  week->outbox = hm_outbox_new (&options, &error);
  if (week->outbox == NULL || !week->outbox->open (week->outbox, &error))
    fail_msg ("%s", error->message);
}

static int
set_up (void **state)
{
  Week *week = g_new0 (Week, 1);

  week->minutes = n_days () * 24 * 60;
  week->max_bytes = (G_GUINT64_CONSTANT (64) << 20) * n_days () / 7;
  week->clock = hm_fake_clock_new (FAKE_START);
  week->identity = fake_identity (&week->clock->clock);
  week->files = *hm_files_system ();
  week->files.sync = no_sync;
  week->files.sync_folder = no_sync_folder;
  week->root = kit_temp_folder ();
  week->folder = g_build_filename (week->root, "outbox", NULL);
  week->said_from = G_MAXINT64;
  week->said_to = G_MININT64;
  for (guint class = 0; class < HM_LANES; class ++)
    {
      week->classes[class].index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      week->classes[class].came = g_new0 (guint8, n_records (week, class) + 1);
    }
  *state = week;
  return 0;
}

static int
tear_down (void **state)
{
  Week *week = *state;

  if (week->outbox != NULL)
    week->outbox->free (week->outbox);
  for (guint class = 0; class < HM_LANES; class ++)
    {
      g_hash_table_unref (week->classes[class].index);
      g_free (week->classes[class].came);
    }
  kit_remove_tree (week->root);
  g_free (week->root);
  g_free (week->folder);
  g_free (week->clock);
  g_free (week);
  return 0;
}

/* -- what is made -- */

static void
make (Week *week, HmRecordClass class, guint resource)
{
  Class *of = &week->classes[class];
  guint number = of->made_now++ / (class == HM_CLASS_BILLING ? RESOURCES : DIAGNOSTICS) + 1;
  g_autofree char *name = g_strdup_printf ("%s-%u", class == HM_CLASS_BILLING ? "i" : "d", resource);
  g_autoptr (GError) error = NULL;
  HmRecord record;

  fake_record (&record, name, 1);
  record.time = week->clock->wall_ns;
  assert_true (week->outbox->append (week->outbox, class, &record, &error));
  g_hash_table_insert (of->index,
                       g_strdup_printf ("node-1/%s/%s/%u", week->identity.agent_epoch, name, number),
                       GUINT_TO_POINTER (++of->made));
}

static void
make_minutes (Week *week, guint minutes)
{
  for (guint minute = 0; minute < minutes; minute++)
    {
      hm_fake_clock_advance (week->clock, MINUTE);
      for (guint i = 0; i < RESOURCES; i++)
        make (week, HM_CLASS_BILLING, i);
      for (guint i = 0; i < DIAGNOSTICS; i++)
        make (week, HM_CLASS_DIAGNOSTIC, i);
      assert_true (week->outbox->flush (week->outbox, PATIENCE));
    }
}

/* -- what comes -- */

static void
note_gap (Week *week, const HmMessage *message)
{
  gsize length;
  const char *bytes = g_bytes_get_data (message->value, &length);
  g_autoptr (HmJson) json = hm_json_parse (bytes, length, NULL);
  guint64 records = 0;
  HmTime from, to;

  assert_non_null (json);
  assert_true (hm_json_get_u64 (json, "records", &records));
  assert_true (hm_time_parse (hm_json_get_text (json, "from"), -1, &from));
  assert_true (hm_time_parse (hm_json_get_text (json, "to"), -1, &to));
  week->said += records;
  week->gaps++;
  week->said_from = MIN (week->said_from, from);
  week->said_to = MAX (week->said_to, to);
}

static void
note_sample (Week *week, const HmMessage *message)
{
  Class *of = &week->classes[message->key[0] == 'i' ? HM_CLASS_BILLING : HM_CLASS_DIAGNOSTIC];
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (of->index, message->id));

  assert_int_not_equal (place, 0);
  assert_int_equal (of->came[place], 0);
  of->came[place] = 1;
  of->arrived++;
  of->arrived_bytes += g_bytes_get_size (message->value);
}

static guint
take_all (Week *week)
{
  HmOutbox *outbox = week->outbox;
  HmMessage *message;
  guint n = 0;

  for (; (message = outbox->next (outbox, 0)) != NULL; n++)
    {
      if (message->kind == HM_RECORD_GAP)
        note_gap (week, message);
      else if (message->kind == HM_RECORD_SAMPLES)
        note_sample (week, message);
      outbox->confirm (outbox, 0, message, HM_DELIVERY_DONE, NULL);
      hm_message_unref (message);
    }
  return n;
}

static HmOutboxStatus
status_of (Week *week)
{
  HmOutboxStatus status;

  week->outbox->status (week->outbox, &status);
  return status;
}

/* The publisher is back: to the last record, and to the gap record that says the last loss. */
static void
come_back (Week *week)
{
  guint64 unsaid;
  guint came;

  do
    {
      unsaid = status_of (week).unsaid; /* before: what is said by then is taken below */
      assert_true (week->outbox->flush (week->outbox, PATIENCE));
      came = take_all (week);
    }
  while (came > 0 || unsaid > 0);
}

/* -- what must be so -- */

/* Of a class the oldest went: nothing is missing behind the first that came. Returns the place of that. */
static guint
assert_oldest_went (const Class *of)
{
  guint first = 1;

  while (first <= of->made && of->came[first] == 0)
    first++;
  for (guint place = first; place <= of->made; place++)
    assert_int_equal (of->came[place], 1);
  return first;
}

static void
outbox_loses_what_the_policy_says_and_says_it_when_the_broker_is_away_for_a_week (void **state)
{
  static char first_epoch[] = "epoch-1", second_epoch[] = "epoch-2";
  Week *week = *state;
  const Class *billing = &week->classes[HM_CLASS_BILLING], *diagnostic = &week->classes[HM_CLASS_DIAGNOSTIC];
  HmTime from = week->clock->wall_ns + MINUTE;
  guint64 lost;

  open_outbox (week, first_epoch);
  make_minutes (week, week->minutes / 2);
  week->outbox->free (week->outbox);
  open_outbox (week, second_epoch);
  make_minutes (week, week->minutes - week->minutes / 2);
  assert_true (status_of (week).bytes <= week->max_bytes);
  come_back (week);

  lost = billing->made - billing->arrived + diagnostic->made - diagnostic->arrived;
  g_print ("# made %u and %u, came %u and %u; %" G_GUINT64_FORMAT " said to be lost in %" G_GUINT64_FORMAT
           " gap records\n",
           billing->made, diagnostic->made, billing->arrived, diagnostic->arrived, week->said, week->gaps);
  assert_true (week->said == lost);
  assert_true (week->said_from == from);
  assert_oldest_went (billing);
  assert_oldest_went (diagnostic);
  /* Several times over; and what is there is used. */
  assert_true (billing->made > 3 * billing->arrived);
  assert_true (billing->arrived_bytes + diagnostic->arrived_bytes > week->max_bytes / 2);
  /* Billing went, so of diagnostics nothing is left but what is being written: a sixteenth of all. */
  assert_true (diagnostic->arrived_bytes < week->max_bytes / 16);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (
        outbox_loses_what_the_policy_says_and_says_it_when_the_broker_is_away_for_a_week, set_up, tear_down),
  };

  return cmocka_run_group_tests_name ("outbox_week", tests, NULL, NULL);
}
