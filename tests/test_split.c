/* SPDX-License-Identifier: Apache-2.0 */
/* Records larger than the bus takes: what comes out of the stamper, decoded again, is exactly what went in; and what never comes out. */
#include "tests/fakes/fake_identity.h"

#include <string.h>

#include "agent/outbox/stamp.h"
#include "metering/codec.h"
#include "metering/error.h"

#define RESOURCE "4f0c6a52"
#define LIMIT    65536
#define COUNTERS 10000
#define HUGE     (2 * 1024 * 1024)

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  HmStamper *stamper;
  HmDecoder *decoder;
  GArray *samples; /* (element-type HmSample) that go in */
  GStringChunk *text;
  HmStamped stamped;
  GError *error;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->clock = hm_fake_clock_new (FAKE_START);
  f->identity = fake_identity (&f->clock->clock);
  f->stamper = hm_stamper_new (&f->identity);
  f->decoder = hm_decoder_new (NULL);
  f->samples = g_array_new (FALSE, TRUE, sizeof (HmSample));
  f->text = g_string_chunk_new (4096);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_stamped_clear (&f->stamped);
  g_clear_error (&f->error);
  g_string_chunk_free (f->text);
  g_array_unref (f->samples);
  hm_decoder_free (f->decoder);
  hm_stamper_free (f->stamper);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static void
add_sample (Fixture *f, const char *device, guint64 value)
{
  HmSample sample = { .meter = "disk.device.read.bytes",
                      .type = HM_CUMULATIVE,
                      .unit = "B",
                      .device = g_string_chunk_insert (f->text, device),
                      .value = { .type = HM_VALUE_U64, .u64 = value },
                      .epoch_start = HM_TIME_UNKNOWN,
                      .start = HM_TIME_UNKNOWN };

  g_array_append_val (f->samples, sample);
}

static void
add_counters (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *device = g_strdup_printf ("disk:vd%u", i);

      add_sample (f, device, G_MAXUINT64 - i);
    }
}

/* One whose device's name has HUGE bytes. */
static void
add_huge (Fixture *f)
{
  g_autofree char *device = g_strnfill (HUGE, 'x');

  add_sample (f, device, 1);
}

static void
fill_record (const Fixture *f, HmRecordKind kind, HmRecord *ret_record)
{
  hm_record_init (ret_record, kind);
  ret_record->resource.id = RESOURCE;
  ret_record->resource.kind = "instance";
  ret_record->time = FAKE_START;
  ret_record->read_ns = 4100000;
  ret_record->interval_ns = 60 * HM_NSEC_PER_SEC;
  ret_record->samples = (const HmSample *)f->samples->data;
  ret_record->n_samples = f->samples->len;
}

/* The number that this one gets, of one message. */
static guint64
next_number (Fixture *f, HmRecord *record)
{
  g_auto (HmStamped) stamped = { 0 };
  const HmMessage *message;

  assert_true (hm_stamper_stamp_parts (f->stamper, record, 0, &stamped, NULL));
  assert_int_equal (stamped.messages->len, 1);
  message = g_ptr_array_index (stamped.messages, 0);
  return g_ascii_strtoull (strrchr (message->id, '/') + 1, NULL, 10);
}

static void
stamp (Fixture *f, HmRecord *record)
{
  gboolean good = hm_stamper_stamp_parts (f->stamper, record, LIMIT, &f->stamped, &f->error);

  if (!good)
    fail_msg ("%s", f->error->message);
}

static HmDecoded *
decode (const Fixture *f, guint i)
{
  const HmMessage *message = g_ptr_array_index (f->stamped.messages, i);
  gsize length;
  const char *bytes = g_bytes_get_data (message->value, &length);
  HmRefusal refusal = HM_REFUSED_NOT;
  g_autofree char *detail = NULL;
  HmDecoded *decoded = hm_decoder_decode (f->decoder, bytes, length, &refusal, &detail);

  if (decoded == NULL)
    fail_msg ("part %u: %s", i, detail);
  assert_true (length <= LIMIT);
  return decoded;
}

/* @part goes on where @done samples of the record before it ended; returns where it ends. */
static guint
check_samples (const Fixture *f, const HmRecord *part, guint done)
{
  assert_true (done + part->n_samples <= f->samples->len);
  for (guint i = 0; i < part->n_samples; i++)
    {
      const HmSample *want = &g_array_index (f->samples, HmSample, done + i);

      assert_string_equal (part->samples[i].device, want->device);
      assert_true (part->samples[i].value.u64 == want->value.u64);
    }
  return done + part->n_samples;
}

static void
check_frame (const Fixture *f, guint i, const HmRecord *part, guint64 seq)
{
  const HmMessage *message = g_ptr_array_index (f->stamped.messages, i);
  g_autofree char *id = hm_record_id (part);

  assert_string_equal (message->id, id);
  assert_string_equal (message->key, RESOURCE);
  assert_true (part->seq == seq && part->time == FAKE_START && part->read_ns == 4100000
               && part->interval_ns == 60 * HM_NSEC_PER_SEC);
}

static void
split_gives_exactly_the_same_samples_when_there_are_10000 (void **state)
{
  Fixture *f = *state;
  guint done = 0;
  HmRecord record;

  add_counters (f, COUNTERS);
  fill_record (f, HM_RECORD_SAMPLES, &record);
  stamp (f, &record);
  assert_true (f->stamped.messages->len > 10);
  for (guint i = 0; i < f->stamped.messages->len; i++)
    {
      g_autoptr (HmDecoded) part = decode (f, i);

      check_frame (f, i, &part->record, i + 1);
      assert_int_equal (part->record.kind, HM_RECORD_SAMPLES);
      assert_true (part->record.n_samples > 0);
      done = check_samples (f, &part->record, done);
    }
  assert_int_equal (done, COUNTERS);
  assert_int_equal (f->stamped.refused, 0);
}

static void
split_leaves_a_record_whole_when_it_fits (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmDecoded) part = NULL;
  HmRecord record;

  add_counters (f, 30);
  fill_record (f, HM_RECORD_SAMPLES, &record);
  stamp (f, &record);
  assert_int_equal (f->stamped.messages->len, 1);
  part = decode (f, 0);
  check_frame (f, 0, &part->record, 1);
  assert_int_equal (check_samples (f, &part->record, 0), 30);
}

static void
split_goes_on_with_the_numbers_after_it (void **state)
{
  Fixture *f = *state;
  guint parts;
  HmRecord record;

  add_counters (f, COUNTERS);
  fill_record (f, HM_RECORD_SAMPLES, &record);
  stamp (f, &record);
  parts = f->stamped.messages->len;
  record.n_samples = 1;
  assert_int_equal (next_number (f, &record), parts + 1);
}

/* -- what is too large alone -- */

static void
split_refuses_a_sample_of_2_mb_by_name_and_keeps_the_others (void **state)
{
  Fixture *f = *state;
  guint done = 0;
  HmRecord record;

  add_counters (f, 20);
  add_huge (f);
  add_counters (f, 20);
  fill_record (f, HM_RECORD_SAMPLES, &record);
  stamp (f, &record);
  assert_int_equal (f->stamped.refused, 1);
  assert_non_null (strstr (f->stamped.reason, "sample disk.device.read.bytes of xxxx"));
  assert_non_null (strstr (f->stamped.reason, "of " RESOURCE ": 20"));
  assert_true (strlen (f->stamped.reason) < 400);
  g_array_remove_index (f->samples, 20);
  for (guint i = 0; i < f->stamped.messages->len; i++)
    {
      g_autoptr (HmDecoded) part = decode (f, i);

      check_frame (f, i, &part->record, i + 1);
      done = check_samples (f, &part->record, done);
    }
  assert_int_equal (done, 40);
}

static void
split_makes_nothing_and_takes_no_number_when_all_is_refused (void **state)
{
  Fixture *f = *state;
  HmRecord record;

  add_huge (f);
  add_huge (f);
  fill_record (f, HM_RECORD_SAMPLES, &record);
  stamp (f, &record);
  assert_int_equal (f->stamped.messages->len, 0);
  assert_int_equal (f->stamped.refused, 2);
  record.n_samples = 0;
  assert_int_equal (next_number (f, &record), 1);
}

static void
split_takes_no_number_when_a_part_cannot_be_encoded (void **state)
{
  Fixture *f = *state;
  HmRecord record;

  add_counters (f, COUNTERS);
  g_array_index (f->samples, HmSample, COUNTERS - 1).device = "disk:\xff";
  fill_record (f, HM_RECORD_SAMPLES, &record);
  assert_false (hm_stamper_stamp_parts (f->stamper, &record, LIMIT, &f->stamped, &f->error));
  kit_assert_error (&f->error, HM_ERROR_DATA, RESOURCE);
  assert_null (f->stamped.messages);
  record.n_samples = 1;
  assert_int_equal (next_number (f, &record), 1);
}

/* -- what the outbox could not read back -- */

static void
expect_refusal (Fixture *f, const char *resource, HmTime time, const char *part)
{
  HmRecord record;

  fill_record (f, HM_RECORD_SAMPLES, &record);
  record.resource.id = resource;
  record.time = time;
  assert_false (hm_stamper_stamp_parts (f->stamper, &record, LIMIT, &f->stamped, &f->error));
  kit_assert_error (&f->error, HM_ERROR_DATA, part);
}

static void
stamp_refuses_what_no_segment_holds (void **state)
{
  Fixture *f = *state;
  g_autofree char *longest = g_strnfill (HM_ID_MAX, 'x'), *longer = g_strnfill (HM_ID_MAX + 1, 'x');
  char **const texts[] = { &f->identity.source, &f->identity.agent_id, &f->identity.agent_epoch };
  HmRecord record;

  add_counters (f, 1);
  expect_refusal (f, RESOURCE, -1, "time");
  expect_refusal (f, RESOURCE, HM_TIME_UNKNOWN, "time");
  expect_refusal (f, longer, FAKE_START, "a resource's id");
  expect_refusal (f, "", FAKE_START, "a resource's id");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      char *before = *texts[i];

      *texts[i] = longer;
      expect_refusal (f, RESOURCE, FAKE_START, "not of 1 to 255 bytes");
      *texts[i] = before;
    }
  fill_record (f, HM_RECORD_SAMPLES, &record);
  record.resource.id = longest;
  record.time = 0;
  assert_int_equal (next_number (f, &record), 1);
}

/* -- events -- */

static void
fill_event (const Fixture *f, HmRecord *ret_record)
{
  static char name[] = "name", value[] = "web";
  static const HmAttr description[] = { { name, value } };

  fill_record (f, HM_RECORD_LIFECYCLE, ret_record);
  ret_record->event = "stopped";
  ret_record->observed = "event";
  ret_record->device = "disk:vda";
  ret_record->not_before = ret_record->last_read = FAKE_START - 5;
  ret_record->description = description;
  ret_record->n_description = 1;
}

static void
check_event (const HmRecord *part)
{
  assert_int_equal (part->kind, HM_RECORD_LIFECYCLE);
  assert_string_equal (part->event, "stopped");
  assert_string_equal (part->device, "disk:vda");
  assert_string_equal (part->observed, "event");
  assert_true (part->not_before == FAKE_START - 5 && part->last_read == FAKE_START - 5);
  assert_int_equal (part->n_description, 1);
}

static void
split_says_an_event_once_and_last (void **state)
{
  Fixture *f = *state;
  guint done = 0, last;
  HmRecord record;

  add_counters (f, COUNTERS);
  fill_event (f, &record);
  stamp (f, &record);
  last = f->stamped.messages->len - 1;
  for (guint i = 0; i <= last; i++)
    {
      g_autoptr (HmDecoded) part = decode (f, i);

      check_frame (f, i, &part->record, i + 1);
      done = check_samples (f, &part->record, done);
      if (i == last)
        check_event (&part->record);
      else
        assert_true (part->record.kind == HM_RECORD_SAMPLES && part->record.event == NULL);
    }
  assert_int_equal (done, COUNTERS);
}

static void
split_says_an_event_whose_only_value_is_refused (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmDecoded) part = NULL;
  HmRecord record;

  add_huge (f);
  fill_event (f, &record);
  stamp (f, &record);
  assert_int_equal (f->stamped.refused, 1);
  assert_int_equal (f->stamped.messages->len, 1);
  part = decode (f, 0);
  check_event (&part->record);
  assert_int_equal (part->record.n_samples, 0);
}

static void
split_refuses_an_event_that_is_too_large_itself (void **state)
{
  Fixture *f = *state;
  g_autofree char *name = g_strdup ("name"), *value = g_strnfill (LIMIT, 'x');
  const HmAttr description[] = { { name, value } };
  HmRecord record;

  add_counters (f, 2);
  fill_event (f, &record);
  record.description = description;
  assert_false (hm_stamper_stamp_parts (f->stamper, &record, LIMIT, &f->stamped, &f->error));
  kit_assert_error (&f->error, HM_ERROR_DATA, "without a sample");
}

#define CASE(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (split_gives_exactly_the_same_samples_when_there_are_10000),
    CASE (split_leaves_a_record_whole_when_it_fits),
    CASE (split_goes_on_with_the_numbers_after_it),
    CASE (split_refuses_a_sample_of_2_mb_by_name_and_keeps_the_others),
    CASE (split_makes_nothing_and_takes_no_number_when_all_is_refused),
    CASE (split_takes_no_number_when_a_part_cannot_be_encoded),
    CASE (split_says_an_event_once_and_last),
    CASE (split_says_an_event_whose_only_value_is_refused),
    CASE (split_refuses_an_event_that_is_too_large_itself),
    CASE (stamp_refuses_what_no_segment_holds),
  };

  return cmocka_run_group_tests_name ("split", tests, NULL, NULL);
}
