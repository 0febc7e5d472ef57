/* SPDX-License-Identifier: Apache-2.0 */
/* test_outbox_memory: the outbox in memory: numbers, order, cursors, retry, reject, room. */
#include "tests/fakes/fake_identity.h"

#include <glib/gstdio.h>
#include <string.h>

#include "agent/outbox/keys.h"
#include "metering/signature.h"

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmOutbox *outbox;
  gint changes; /* atomic: calls of the watcher */
} Fixture;

static void
note_change (gpointer user)
{
  g_atomic_int_inc (&((Fixture *)user)->changes);
}

static void
open_outbox (Fixture *f, const gboolean *required, guint n, guint64 max_bytes)
{
  g_autoptr (GError) error = NULL;

  if (f->outbox != NULL)
    f->outbox->free (f->outbox);
  f->outbox = hm_outbox_memory_new (&f->identity, required, n, max_bytes, &error);
  assert_non_null (f->outbox);
  f->outbox->watch (f->outbox, note_change, f);
}

static int
set_up (void **state)
{
  static const gboolean required[] = { TRUE };
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = hm_fake_clock_new (FAKE_START);
  f->identity = fake_identity (&f->clock->clock);
  open_outbox (f, required, 1, 1 << 20);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  f->outbox->free (f->outbox);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static HmMessage *
next (Fixture *f, guint publisher)
{
  return f->outbox->next (f->outbox, publisher);
}

/* Takes the next message of @publisher, which must be that one, and confirms it. */
static void
take (Fixture *f, guint publisher, const char *id, HmDelivery delivery)
{
  g_autoptr (HmMessage) message = next (f, publisher);

  assert_non_null (message);
  assert_string_equal (message->id, id);
  f->outbox->confirm (f->outbox, publisher, message, delivery, "because");
}

static HmOutboxStatus
status_of (Fixture *f)
{
  HmOutboxStatus status;

  f->outbox->status (f->outbox, &status);
  return status;
}

static guint64
number_at (const HmJson *json, const char *path)
{
  guint64 value = G_MAXUINT64;

  assert_true (hm_json_get_u64 (json, path, &value));
  return value;
}

/* -- the way in -- */

static void
outbox_numbers_each_resource_without_gaps_when_records_come (void **state)
{
  Fixture *f = *state;
  static const char *const ids[] = { "i-1", "i-2", "i-1", "i-1", "i-2" };
  static const guint64 numbers[] = { 1, 1, 2, 3, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    fake_append (f->outbox, HM_CLASS_BILLING, ids[i], i, i);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (HmJson) json = fake_next (f->outbox);

      assert_string_equal (hm_json_get_text (json, "resource.id"), ids[i]);
      assert_true (number_at (json, "seq") == numbers[i]);
    }
}

static void
outbox_gives_no_number_when_a_record_cannot_be_encoded (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  HmRecord record;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  fake_record (&record, "i-1", 2);
  record.resource.project = "\xff";
  assert_false (f->outbox->append (f->outbox, HM_CLASS_BILLING, &record, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "");
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 3, 3);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
  assert_true (status_of (f).appended == 2);
}

static void
outbox_refuses_a_record_when_it_has_no_resource_or_time (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  HmRecord record;

  fake_record (&record, "", 1);
  assert_false (f->outbox->append (f->outbox, HM_CLASS_BILLING, &record, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "resource");
  fake_record (&record, "i-1", 1);
  record.time = HM_TIME_UNKNOWN;
  assert_false (f->outbox->append (f->outbox, HM_CLASS_BILLING, &record, &error));
  kit_assert_error (&error, HM_ERROR_DATA, "time");
}

static void
outbox_stamps_identity_when_a_record_enters (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) json = NULL;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  json = fake_next (f->outbox);
  assert_string_equal (hm_json_get_text (json, "source"), "site-a");
  assert_string_equal (hm_json_get_text (json, "agent.id"), "node-1");
  assert_string_equal (hm_json_get_text (json, "agent.epoch"), "epoch-1");
  assert_true (number_at (json, "agent.cpus") == 8);
  assert_string_equal (hm_json_get_text (json, "agent.metering_since"), "2026-11-21T01:27:00.000000000Z");
  assert_string_equal (hm_json_get_text (json, "clock.boot"), "boot-1");
  assert_true (number_at (json, "agent.bin") == (guint64)(FAKE_START / HM_BIN_NS));
}

/* Bins go by the time since boot: a step of the wall clock moves no record into another one. */
static void
outbox_counts_bins_by_boot_time_when_the_wall_clock_steps (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) stepped = NULL, later = NULL;
  guint64 first = (guint64)(FAKE_START / HM_BIN_NS);

  f->clock->wall_ns += 86400 * HM_NSEC_PER_SEC;
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  hm_fake_clock_advance (f->clock, HM_BIN_NS);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 2, 2);
  stepped = fake_next (f->outbox);
  later = fake_next (f->outbox);
  assert_true (number_at (stepped, "agent.bin") == first);
  assert_true (number_at (later, "agent.bin") == first + 1);
}

static void
outbox_signs_the_bytes_when_it_has_a_key (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "key", NULL);
  g_autofree char *digits = g_strnfill (64, 'a');
  g_autoptr (GPtrArray) choices = g_ptr_array_new ();
  g_autoptr (HmKeys) keys = NULL;
  g_autoptr (HmSigner) signer = NULL;
  g_autoptr (HmMessage) message = NULL;
  char key_id[] = "node-1-a";
  HmKeyChoice choice;
  gconstpointer bytes;
  gsize length;

  kit_write_file (folder, "key", digits);
  assert_int_equal (g_chmod (path, 0600), 0);
  choice = (HmKeyChoice){ .where = path, .id = key_id, .file = path, .from = HM_TIME_UNKNOWN };
  g_ptr_array_add (choices, &choice);
  keys = f->identity.keys = hm_keys_new (choices, f->identity.clock, NULL);
  assert_non_null (keys);
  open_outbox (f, required, 1, 1 << 20);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  message = next (f, 0);
  signer = hm_signer_new_from_file ("node-1-a", path, NULL);
  bytes = g_bytes_get_data (message->value, &length);
  assert_non_null (message->signature);
  assert_true (hm_signer_verify (signer, message->signature, message->key, strlen (message->key), message->id,
                                 strlen (message->id), bytes, length));
  f->identity.keys = NULL;
  kit_remove_tree (folder);
}

/* -- the way out -- */

static void
outbox_hands_out_in_order_when_several_wait (void **state)
{
  Fixture *f = *state;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 3);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/3", HM_DELIVERY_DONE);
  assert_null (next (f, 0));
  assert_true (status_of (f).confirmed == 3);
  assert_true (status_of (f).waiting == 0);
  assert_true (status_of (f).waiting_bytes == 0);
}

static void
outbox_hands_out_again_when_it_was_put_back (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) first = NULL;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 2);
  first = next (f, 0);
  f->outbox->put_back (f->outbox, 0, first);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
}

static void
outbox_waits_for_what_is_in_flight_when_one_is_to_be_retried (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) first = NULL, second = NULL, third = NULL;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 4);
  first = next (f, 0);
  second = next (f, 0);
  third = next (f, 0);
  f->outbox->confirm (f->outbox, 0, second, HM_DELIVERY_RETRY, "because");
  assert_null (next (f, 0));
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_DONE, NULL);
  assert_null (next (f, 0));
  f->outbox->confirm (f->outbox, 0, third, HM_DELIVERY_RETRY, "because");
  take (f, 0, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/3", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/4", HM_DELIVERY_DONE);
}

/* What was confirmed in the meantime is where it should be; it is still there because another publisher lacks
 * it. */
static void
outbox_passes_over_what_is_confirmed_when_it_goes_back (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE, TRUE };
  g_autoptr (HmMessage) first = NULL, second = NULL;

  open_outbox (f, required, 2, 1 << 20);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 3);
  first = next (f, 0);
  second = next (f, 0);
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_RETRY, "because");
  f->outbox->confirm (f->outbox, 0, second, HM_DELIVERY_DONE, NULL);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/3", HM_DELIVERY_DONE);
  take (f, 1, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 1, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
}

static void
outbox_includes_what_comes_meanwhile_when_the_last_is_retried (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) first = NULL, second = NULL;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 2);
  first = next (f, 0);
  second = next (f, 0);
  f->outbox->confirm (f->outbox, 0, second, HM_DELIVERY_RETRY, "because");
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 3, 3);
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_DONE, NULL);
  take (f, 0, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/3", HM_DELIVERY_DONE);
  assert_null (next (f, 0));
}

static void
outbox_makes_a_gap_record_when_a_record_is_rejected (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmJson) gap = NULL;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 5, 5);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_REJECT);
  gap = fake_next (f->outbox);
  assert_non_null (gap);
  assert_string_equal (hm_json_get_text (gap, "schema"), HM_SCHEMA_GAP);
  assert_string_equal (hm_json_get_text (gap, "resource.id"), "node-1");
  assert_string_equal (hm_json_get_text (gap, "resource.kind"), "agent");
  assert_true (number_at (gap, "records") == 1);
  assert_true (number_at (gap, "resources") == 1);
  assert_string_equal (hm_json_get_text (gap, "from"), "2026-11-21T01:27:05.000000000Z");
  assert_string_equal (hm_json_get_text (gap, "to"), "2026-11-21T01:27:05.000000000Z");
  assert_string_equal (hm_json_get_text (gap, "reason"), "rejected: because");
  assert_true (status_of (f).rejected == 1);
}

static void
outbox_makes_no_second_gap_record_when_the_first_is_rejected (void **state)
{
  Fixture *f = *state;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 5, 5);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_REJECT);
  take (f, 0, "node-1/epoch-1/node-1/1", HM_DELIVERY_REJECT);
  assert_null (next (f, 0));
  assert_true (status_of (f).waiting == 0);
}

/* -- several publishers -- */

static void
outbox_keeps_a_record_when_one_of_two_required_has_it (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE, TRUE };

  open_outbox (f, required, 2, 1 << 20);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  assert_true (status_of (f).waiting == 1);
  assert_true (status_of (f).confirmed == 0);
  take (f, 1, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  assert_true (status_of (f).waiting == 0);
  assert_true (status_of (f).confirmed == 1);
}

static void
outbox_holds_nothing_back_when_an_optional_publisher_is_dead (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE, FALSE };

  open_outbox (f, required, 2, 1 << 16);
  for (guint64 i = 1; i <= 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("node-1/epoch-1/i-1/%" G_GUINT64_FORMAT, i);

      fake_append (f->outbox, HM_CLASS_BILLING, "i-1", i, i);
      take (f, 0, id, HM_DELIVERY_DONE);
    }
  assert_true (status_of (f).waiting == 0);
  assert_true (status_of (f).dropped == 0);
  assert_true (status_of (f).confirmed == 1000);
}

static void
outbox_gives_an_optional_publisher_what_is_left_when_it_comes_late (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE, FALSE };

  open_outbox (f, required, 2, 1 << 20);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 2);
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 0, "node-1/epoch-1/i-1/2", HM_DELIVERY_DONE);
  take (f, 1, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
  take (f, 1, "node-1/epoch-1/i-1/2", HM_DELIVERY_REJECT);
  /* A copy that an optional publisher cannot take is no loss, so no gap record came of it. */
  assert_null (next (f, 1));
  assert_null (next (f, 0));
}

/* -- room -- */

static void
outbox_drops_diagnostics_first_when_room_is_short (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  guint64 billing = 0, diagnostic = 0, gaps = 0;
  HmJson *json;

  open_outbox (f, required, 1, 100000);
  fake_append (f->outbox, HM_CLASS_BILLING, "bill", 1, 40);
  fake_append (f->outbox, HM_CLASS_DIAGNOSTIC, "diag", 1, 500);
  while ((json = fake_next (f->outbox)) != NULL)
    {
      const char *id = hm_json_get_text (json, "resource.id");

      billing += g_str_equal (id, "bill");
      diagnostic += g_str_equal (id, "diag");
      gaps += g_str_equal (id, "node-1");
      hm_json_free (json);
    }
  assert_true (billing == 40);
  assert_true (diagnostic > 0 && diagnostic < 500);
  assert_true (gaps == 1);
  assert_true (status_of (f).dropped == 500 - diagnostic);
}

static void
outbox_says_the_loss_once_when_there_is_room_again (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  g_autoptr (HmJson) gap = NULL;
  guint64 dropped;

  open_outbox (f, required, 1, 65536);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 300);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-2", 301, 600);
  dropped = status_of (f).dropped;
  assert_true (dropped > 300);
  for (;;)
    {
      HmJson *json = fake_next (f->outbox);

      assert_non_null (json);
      gap = json;
      if (g_str_equal (hm_json_get_text (json, "schema"), HM_SCHEMA_GAP))
        break;
      hm_json_free (g_steal_pointer (&gap));
    }
  assert_true (number_at (gap, "records") == dropped);
  assert_true (number_at (gap, "resources") == 2);
  assert_string_equal (hm_json_get_text (gap, "from"), "2026-11-21T01:27:01.000000000Z");
  assert_string_equal (hm_json_get_text (gap, "reason"), "outbox full");
  assert_null (next (f, 0));
}

static void
outbox_never_drops_when_a_publisher_has_it_in_hands (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  g_autoptr (HmMessage) first = NULL;

  open_outbox (f, required, 1, 65536);
  fake_append (f->outbox, HM_CLASS_DIAGNOSTIC, "i-1", 1, 1);
  first = next (f, 0);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-2", 2, 500);
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_RETRY, "because");
  take (f, 0, "node-1/epoch-1/i-1/1", HM_DELIVERY_DONE);
}

static void
outbox_goes_back_to_the_next_when_the_retried_one_was_dropped (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  g_autoptr (HmMessage) first = NULL, message = NULL;

  open_outbox (f, required, 1, 65536);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  first = next (f, 0);
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_RETRY, "because");
  fake_append (f->outbox, HM_CLASS_BILLING, "i-2", 2, 500);
  message = next (f, 0);
  assert_non_null (message);
  assert_string_equal (message->key, "i-2");
}

/* A record larger than the whole outbox: it and all before it are dropped, and what comes next is handed out
 * all the same, though the publisher was to go back to what is gone. */
static void
outbox_goes_on_when_everything_to_go_back_to_was_dropped (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  g_autofree char *large = g_strnfill (4000, 'x');
  g_autoptr (HmMessage) first = NULL, message = NULL;
  HmAttr attrs[20];
  HmRecord record;
  HmSample sample;

  open_outbox (f, required, 1, 65536);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 1);
  first = next (f, 0);
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_RETRY, "because");
  fake_record (&record, "i-2", 2);
  for (guint i = 0; i < G_N_ELEMENTS (attrs); i++)
    attrs[i] = (HmAttr){ g_strdup_printf ("key%u", i), large };
  sample = record.samples[0];
  sample.attrs = attrs;
  sample.n_attrs = G_N_ELEMENTS (attrs);
  record.samples = &sample;
  assert_true (f->outbox->append (f->outbox, HM_CLASS_BILLING, &record, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (attrs); i++)
    g_free (attrs[i].key);
  message = next (f, 0);
  assert_non_null (message);
  assert_int_equal (message->kind, HM_RECORD_GAP);
}

static void
outbox_stays_within_its_bytes_when_nothing_is_taken (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };

  open_outbox (f, required, 1, 65536);
  for (guint i = 0; i < 100; i++)
    {
      fake_append (f->outbox, i % 2 == 0 ? HM_CLASS_BILLING : HM_CLASS_DIAGNOSTIC, "i-1", 1, 10);
      assert_true (status_of (f).waiting_bytes <= 65536);
    }
}

/* -- watching -- */

static void
outbox_tells_its_watcher_when_something_may_be_new (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmMessage) first = NULL, second = NULL;
  gint before;

  fake_append (f->outbox, HM_CLASS_BILLING, "i-1", 1, 2);
  assert_int_equal (g_atomic_int_get (&f->changes), 2);
  first = next (f, 0);
  second = next (f, 0);
  f->outbox->confirm (f->outbox, 0, first, HM_DELIVERY_RETRY, "because");
  before = g_atomic_int_get (&f->changes);
  f->outbox->confirm (f->outbox, 0, second, HM_DELIVERY_DONE, NULL);
  assert_true (g_atomic_int_get (&f->changes) > before);
}

static void
outbox_says_how_old_the_oldest_is_when_asked (void **state)
{
  Fixture *f = *state;

  assert_true (status_of (f).oldest == HM_TIME_UNKNOWN);
  fake_append (f->outbox, HM_CLASS_DIAGNOSTIC, "i-1", 9, 9);
  fake_append (f->outbox, HM_CLASS_BILLING, "i-2", 4, 4);
  assert_true (status_of (f).oldest == FAKE_START + 4 * HM_NSEC_PER_SEC);
}

static void
outbox_refuses_to_open_when_there_is_no_publisher (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  assert_null (hm_outbox_memory_new (&f->identity, NULL, 0, 1 << 20, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "publishers");
}

/* -- many threads -- */

#define THREADS    4
#define PER_THREAD 2000

static gpointer
append_many (gpointer data)
{
  Fixture *f = data;

  for (guint i = 0; i < PER_THREAD; i++)
    {
      HmRecord record;
      HmSample sample = { .meter = "cpu",
                          .type = HM_CUMULATIVE,
                          .unit = "ns",
                          .epoch_start = HM_TIME_UNKNOWN,
                          .start = HM_TIME_UNKNOWN };

      hm_record_init (&record, HM_RECORD_SAMPLES);
      record.resource.id = "shared";
      record.resource.kind = "instance";
      record.time = FAKE_START;
      record.samples = &sample;
      record.n_samples = 1;
      if (!f->outbox->append (f->outbox, HM_CLASS_BILLING, &record, NULL))
        return data;
    }
  return NULL;
}

/* One resource from four threads: its numbers are still 1 to n in the order of the queue. */
static void
outbox_keeps_numbers_in_order_when_threads_append (void **state)
{
  Fixture *f = *state;
  static const gboolean required[] = { TRUE };
  GThread *threads[THREADS];
  guint64 expected = 1;

  open_outbox (f, required, 1, 1 << 28);
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("append", append_many, f);
  while (expected <= THREADS * PER_THREAD)
    {
      g_autofree char *id = NULL;
      g_autoptr (HmMessage) message = next (f, 0);

      if (message == NULL)
        continue;
      id = g_strdup_printf ("node-1/epoch-1/shared/%" G_GUINT64_FORMAT, expected++);
      assert_string_equal (message->id, id);
      f->outbox->confirm (f->outbox, 0, message, HM_DELIVERY_DONE, NULL);
    }
  for (guint i = 0; i < THREADS; i++)
    assert_null (g_thread_join (threads[i]));
  assert_null (next (f, 0));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    OUTBOX_TEST (outbox_numbers_each_resource_without_gaps_when_records_come),
    OUTBOX_TEST (outbox_gives_no_number_when_a_record_cannot_be_encoded),
    OUTBOX_TEST (outbox_refuses_a_record_when_it_has_no_resource_or_time),
    OUTBOX_TEST (outbox_stamps_identity_when_a_record_enters),
    OUTBOX_TEST (outbox_counts_bins_by_boot_time_when_the_wall_clock_steps),
    OUTBOX_TEST (outbox_signs_the_bytes_when_it_has_a_key),
    OUTBOX_TEST (outbox_hands_out_in_order_when_several_wait),
    OUTBOX_TEST (outbox_hands_out_again_when_it_was_put_back),
    OUTBOX_TEST (outbox_waits_for_what_is_in_flight_when_one_is_to_be_retried),
    OUTBOX_TEST (outbox_passes_over_what_is_confirmed_when_it_goes_back),
    OUTBOX_TEST (outbox_includes_what_comes_meanwhile_when_the_last_is_retried),
    OUTBOX_TEST (outbox_makes_a_gap_record_when_a_record_is_rejected),
    OUTBOX_TEST (outbox_makes_no_second_gap_record_when_the_first_is_rejected),
    OUTBOX_TEST (outbox_keeps_a_record_when_one_of_two_required_has_it),
    OUTBOX_TEST (outbox_holds_nothing_back_when_an_optional_publisher_is_dead),
    OUTBOX_TEST (outbox_gives_an_optional_publisher_what_is_left_when_it_comes_late),
    OUTBOX_TEST (outbox_drops_diagnostics_first_when_room_is_short),
    OUTBOX_TEST (outbox_says_the_loss_once_when_there_is_room_again),
    OUTBOX_TEST (outbox_never_drops_when_a_publisher_has_it_in_hands),
    OUTBOX_TEST (outbox_goes_back_to_the_next_when_the_retried_one_was_dropped),
    OUTBOX_TEST (outbox_goes_on_when_everything_to_go_back_to_was_dropped),
    OUTBOX_TEST (outbox_stays_within_its_bytes_when_nothing_is_taken),
    OUTBOX_TEST (outbox_tells_its_watcher_when_something_may_be_new),
    OUTBOX_TEST (outbox_says_how_old_the_oldest_is_when_asked),
    OUTBOX_TEST (outbox_refuses_to_open_when_there_is_no_publisher),
    OUTBOX_TEST (outbox_keeps_numbers_in_order_when_threads_append),
  };

  return cmocka_run_group_tests_name ("outbox_memory", tests, NULL, NULL);
}
