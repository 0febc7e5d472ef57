/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/pipeline/deltas.c, deltas_file.c and replace.c: single cases, files that are damaged or cannot be written, and random
 * histories of restarts and kills against what really came. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/pipeline/deltas.h"
#include "agent/replace.h"
#include "tests/chance.h"

#define START  (20000 * 86400 * HM_NSEC_PER_SEC)
#define MINUTE (60 * HM_NSEC_PER_SEC)
#define GUEST  "4f0c6a52-0001-4000-8000-000000000001"
#define NIC    "nic:52:54:00:00:00:01"
#define BOOT   "boot:1:0"
#define DAY    (86400 * HM_NSEC_PER_SEC)

static const HmMeter meter = { "network.incoming.bytes.delta",
                               HM_DELTA,
                               "B",
                               HM_VALUE_U64,
                               HM_FIELD_NIC_IO,
                               HM_HOLD_ACTIVITY,
                               0,
                               HM_LIFE_DEVICE,
                               TRUE,
                               "test" };

typedef struct
{
  char *folder, *path;
  HmFakeClock *clock;
  HmDeltas *deltas;
  HmSink *sink;
} Fixture;

static int
setup (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->folder = g_dir_make_tmp ("deltas-XXXXXX", NULL);
  assert_non_null (f->folder);
  f->path = g_build_filename (f->folder, HM_DELTAS_FILE, NULL);
  f->clock = hm_fake_clock_new (START);
  f->deltas = hm_deltas_new (f->folder, &f->clock->clock);
  f->sink = hm_sink_new (NULL);
  hm_replace_good_calls = -1;
  *state = f;
  return 0;
}

static int
teardown (void **state)
{
  Fixture *f = *state;
  static const char *const names[] = { "", ".new", ".damaged" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat (f->path, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (f->folder);
  hm_deltas_free (f->deltas);
  hm_sink_free (f->sink);
  g_free (f->clock);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

/* As a new process would. */
static void
restart (Fixture *f)
{
  hm_deltas_free (f->deltas);
  f->deltas = hm_deltas_new (f->folder, &f->clock->clock);
}

/* As what a record of the guest @id, in its life @boot, at @time is going to say. */
static void
settle (HmDeltas *deltas, const char *id, const char *boot, HmTime time, HmSink *sink)
{
  HmRecord record;

  hm_record_init (&record, HM_RECORD_SAMPLES);
  record.resource.id = id;
  record.resource.epoch = boot;
  record.resource.epoch_start = START;
  record.time = time;
  hm_deltas_settle (deltas, &record, sink);
}

typedef struct
{
  const char *boot, *device, *epoch;
  HmTime start, time;
} Reading;

/* (nullable) what it gave. */
static const HmSample *
take (Fixture *f, const Reading *reading, guint64 counter)
{
  HmLifeMark life = { reading->epoch, reading->start };

  hm_sink_clear (f->sink);
  hm_sink_delta (f->sink, &meter, reading->device, &life, HM_GIVEN (counter));
  settle (f->deltas, GUEST, reading->boot, reading->time, f->sink);
  assert_int_equal (hm_sink_size (f->sink) + hm_sink_absent (f->sink), 1);
  return hm_sink_find (f->sink, meter.name, reading->device);
}

/* A minute later. */
static const HmSample *
take_next (Fixture *f, Reading *reading, guint64 counter)
{
  hm_fake_clock_advance (f->clock, MINUTE);
  reading->time = f->clock->wall_ns;
  return take (f, reading, counter);
}

/* One reading a minute later. (nullable) what it gave. */
static const HmSample *
read_counter (Fixture *f, const char *epoch, HmTime start, guint64 counter)
{
  Reading reading = { .boot = BOOT, .device = NIC, .epoch = epoch, .start = start };

  return take_next (f, &reading, counter);
}

static void
assert_delta (const HmSample *sample, guint64 value, HmTime start)
{
  assert_non_null (sample);
  assert_int_equal (sample->type, HM_DELTA);
  assert_true (sample->value.u64 == value);
  assert_true (sample->start == start);
}

/* One more reading of a counter that was read a minute before. */
static void
assert_next (Fixture *f, const char *epoch, guint64 counter, guint64 value)
{
  HmTime before = f->clock->wall_ns;

  assert_delta (read_counter (f, epoch, HM_TIME_UNKNOWN, counter), value, before);
}

static guint
counters (const Fixture *f)
{
  HmDeltasStatus status;

  hm_deltas_status (f->deltas, &status);
  return status.counters;
}

/* In one record. */
static void
read_many (Fixture *f, const char *id, guint n)
{
  hm_sink_clear (f->sink);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *device = g_strdup_printf ("nic:%u", i);

      hm_sink_delta (f->sink, &meter, device, NULL, HM_GIVEN (i));
    }
  settle (f->deltas, id, BOOT, f->clock->wall_ns, f->sink);
}

/* -- cases -- */

static void
delta_is_the_difference_since_the_reading_before (void **state)
{
  Fixture *f = *state;
  HmTime first;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  first = f->clock->wall_ns;
  assert_delta (read_counter (f, "7", HM_TIME_UNKNOWN, 1300), 300, first);
  assert_delta (read_counter (f, "7", HM_TIME_UNKNOWN, 1300), 0, first + MINUTE);
}

static void
delta_goes_on_when_the_agent_was_restarted (void **state)
{
  Fixture *f = *state;
  HmTime first;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  first = f->clock->wall_ns;
  restart (f);
  assert_delta (read_counter (f, "7", HM_TIME_UNKNOWN, G_MAXUINT64), G_MAXUINT64 - 1000, first);
}

static void
delta_is_all_of_a_life_whose_start_is_known (void **state)
{
  Fixture *f = *state;
  HmTime start;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  start = f->clock->wall_ns + 5;
  assert_delta (read_counter (f, "8", start, 70), 70, start);
  restart (f);
  assert_delta (read_counter (f, "8", start, 90), 20, start - 5 + MINUTE);
}

static void
delta_is_none_of_a_life_that_may_be_counted_already (void **state)
{
  Fixture *f = *state;

  assert_null (read_counter (f, "7", START - 1, 1000)); /* from before anything was kept */
  assert_null (read_counter (f, "8", START + 1, 70));   /* older than the reading before */
  assert_null (read_counter (f, "9", HM_TIME_UNKNOWN, 70));
  assert_null (read_counter (f, "9", HM_TIME_UNKNOWN, 69));
}

static void
delta_takes_the_resources_life_when_the_device_has_none (void **state)
{
  Fixture *f = *state;

  assert_null (read_counter (f, NULL, 0, 10));
  assert_next (f, NULL, 12, 2);
}

static void
delta_holds_out_what_fell_until_it_is_past_its_peak (void **state)
{
  Fixture *f = *state;
  HmTime first;
  HmDeltasStatus status;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  first = f->clock->wall_ns;
  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 400));
  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 999));
  assert_delta (read_counter (f, "7", HM_TIME_UNKNOWN, 1001), 1, first);
  hm_deltas_status (f->deltas, &status);
  assert_int_equal (status.held_out, 2);
  assert_int_equal (status.baselines, 1);
}

static void
delta_has_no_start_when_the_clock_was_set_back (void **state)
{
  Fixture *f = *state;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  f->clock->wall_ns -= 3600 * HM_NSEC_PER_SEC;
  assert_delta (read_counter (f, "7", HM_TIME_UNKNOWN, 1001), 1, HM_TIME_UNKNOWN);
}

static void
delta_begins_anew_when_the_resource_was_forgotten (void **state)
{
  Fixture *f = *state;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  hm_deltas_forget (f->deltas, GUEST);
  assert_int_equal (counters (f), 0);
  restart (f);
  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1001));
}

static void
deltas_write_nothing_when_there_is_no_counter (void **state)
{
  Fixture *f = *state;

  settle (f->deltas, GUEST, BOOT, f->clock->wall_ns, f->sink);
  hm_deltas_forget (f->deltas, GUEST);
  assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
}

static void
deltas_are_absent_when_nobody_makes_them (void **state)
{
  Fixture *f = *state;

  hm_sink_delta (f->sink, &meter, NIC, NULL, HM_GIVEN (1000));
  hm_sink_attr (f->sink, "ignored", "text");
  assert_int_equal (hm_sink_size (f->sink), 0);
  settle (NULL, GUEST, BOOT, START, f->sink);
  assert_int_equal (hm_sink_size (f->sink), 0);
  assert_true (hm_sink_is_absent (f->sink, meter.name, NIC));
}

/* -- lives that end -- */

/* A counter whose whole life was told: 70, at the fixture's time. */
static Reading
begin_told_life (Fixture *f)
{
  Reading reading = { .boot = BOOT, .device = NIC, .epoch = "8" };

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  reading.start = f->clock->wall_ns + 5;
  assert_delta (take_next (f, &reading, 70), 70, reading.start);
  return reading;
}

static void
delta_is_none_when_the_reading_settles_after_the_resource_was_forgotten (void **state)
{
  Fixture *f = *state;
  Reading late = begin_told_life (f);

  late.time += MINUTE;
  hm_fake_clock_advance (f->clock, 2 * MINUTE);
  hm_deltas_forget (f->deltas, GUEST);
  assert_null (take (f, &late, 90));
  assert_int_equal (counters (f), 0);
  restart (f);
  assert_null (take (f, &late, 90));
  late.start = f->clock->wall_ns + 5; /* there again */
  assert_delta (take_next (f, &late, 30), 30, late.start);
}

/* An instance that is undefined while it runs goes on running. */
static void
delta_begins_anew_when_a_forgotten_life_goes_on (void **state)
{
  Fixture *f = *state;
  Reading reading = begin_told_life (f);

  hm_deltas_forget (f->deltas, GUEST);
  restart (f);
  assert_null (take_next (f, &reading, 90));
  assert_next (f, "8", 95, 5);
}

static gboolean
file_says (const Fixture *f, const char *text)
{
  g_autofree char *all = NULL;

  assert_true (g_file_get_contents (f->path, &all, NULL, NULL));
  return strstr (all, text) != NULL;
}

static void
delta_stays_none_when_the_end_is_forgotten_too (void **state)
{
  Fixture *f = *state;
  Reading reading = begin_told_life (f);

  hm_deltas_forget (f->deltas, GUEST);
  hm_fake_clock_advance (f->clock, DAY);
  read_many (f, "another", 1);
  assert_false (file_says (f, GUEST));
  assert_null (take_next (f, &reading, 90));
}

static void
delta_is_all_when_the_same_device_life_is_of_a_new_boot (void **state)
{
  Fixture *f = *state;
  Reading reading = begin_told_life (f);

  reading.boot = "boot:2:0";
  reading.start = f->clock->wall_ns + 5;
  assert_delta (take_next (f, &reading, 90), 90, reading.start);
  reading.boot = "boot:3:0";
  reading.start = f->clock->wall_ns + 5;
  assert_delta (take_next (f, &reading, 10), 10, reading.start);
}

static void
delta_begins_anew_when_a_device_outlives_its_guest (void **state)
{
  Fixture *f = *state;
  Reading reading = begin_told_life (f);
  HmTime before = reading.time + MINUTE;

  reading.boot = "boot:2:0";
  assert_null (take_next (f, &reading, 90));
  assert_delta (take_next (f, &reading, 95), 5, before);
}

/* -- the table's bounds -- */

static void
counter_that_was_read_longest_ago_goes_when_a_resource_has_too_many (void **state)
{
  Fixture *f = *state;
  Reading oldest = begin_told_life (f);

  hm_fake_clock_advance (f->clock, MINUTE);
  read_many (f, GUEST, HM_DELTAS_OF_ONE - 1);
  assert_non_null (take_next (f, &oldest, 80));
  hm_fake_clock_advance (f->clock, MINUTE);
  read_many (f, GUEST, HM_DELTAS_OF_ONE);
  assert_int_equal (counters (f), HM_DELTAS_OF_ONE);
  assert_null (take_next (f, &oldest, 90)); /* it is gone, and its life was told of */
  restart (f);
  assert_non_null (take_next (f, &oldest, 95));
  assert_int_equal (counters (f), HM_DELTAS_OF_ONE);
}

static void
counter_is_forgotten_when_it_was_not_read_for_30_days (void **state)
{
  Fixture *f = *state;
  Reading silent = begin_told_life (f);

  for (guint day = 0; day < 32; day++)
    {
      hm_fake_clock_advance (f->clock, DAY);
      read_many (f, GUEST, 2);
    }
  assert_int_equal (counters (f), 2);
  assert_false (file_says (f, NIC));
  restart (f);
  assert_null (take_next (f, &silent, 90));
  assert_int_equal (counters (f), 3);
}

static void
deltas_go_on_when_the_table_is_full (void **state)
{
  Fixture *f = *state;
  HmDeltasStatus status;

  assert_null (read_counter (f, "7", HM_TIME_UNKNOWN, 1000));
  for (guint i = 0; i < HM_DELTAS_MAX / HM_DELTAS_OF_ONE; i++)
    {
      g_autofree char *id = g_strdup_printf ("guest %u", i);

      read_many (f, id, HM_DELTAS_OF_ONE);
    }
  assert_in_range (counters (f), HM_DELTAS_MAX, HM_DELTAS_MAX + HM_DELTAS_OF_ONE - 1);
  assert_next (f, "7", 1001, 1);
  restart (f);
  assert_next (f, "7", 1003, 2);
  read_many (f, "one more", 1);
  hm_deltas_status (f->deltas, &status);
  assert_int_equal (status.refused, 1);
}

static void
delta_stays_none_when_too_many_resources_ended (void **state)
{
  Fixture *f = *state;
  Reading reading;

  for (guint i = 0; i < HM_DELTAS_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("guest %u", i);

      read_many (f, id, 1);
      hm_deltas_forget (f->deltas, id);
    }
  reading = begin_told_life (f);
  hm_deltas_forget (f->deltas, GUEST);
  assert_null (take_next (f, &reading, 90));
  restart (f);
  assert_next (f, "8", 95, 5);
  assert_false (file_says (f, "[\"" GUEST "\",\"1")); /* but for its counter */
}

/* -- the file -- */

static void
file_is_for_its_owner_alone (void **state)
{
  Fixture *f = *state;
  struct stat info;

  read_counter (f, "7", HM_TIME_UNKNOWN, 1000);
  assert_int_equal (g_stat (f->path, &info), 0);
  assert_int_equal (info.st_mode & 0777, 0600);
}

static void
append_to_file (const Fixture *f, const char *text)
{
  FILE *file = fopen (f->path, "a");

  assert_non_null (file);
  assert_true (fputs (text, file) >= 0);
  assert_int_equal (fclose (file), 0);
}

static void
file_is_taken_without_its_last_line_when_that_was_cut (void **state)
{
  Fixture *f = *state;

  read_counter (f, "7", HM_TIME_UNKNOWN, 1000);
  append_to_file (f, "[\"" GUEST "\",\"net");
  restart (f);
  assert_next (f, "7", 1001, 1);
}

static void
file_is_set_aside_and_counts_begin_anew_when_it_is_damaged (void **state)
{
  static const char *const damages[]
      = { "[1,2,3]\n", "no JSON\n", "{}\n", "[\"a\",\"b\",\"c\",-1,2]\n", "[\"a\",\"b\"]\n", "[\"a\"]\n" };
  Fixture *f = *state;
  g_autofree char *aside = g_strconcat (f->path, ".damaged", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      read_counter (f, "7", START + MINUTE, 1000 + 2 * i);
      append_to_file (f, damages[i]);
      restart (f);
      assert_null (read_counter (f, "7", START + MINUTE, 1001 + 2 * i));
      assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
      g_unlink (aside);
    }
}

/* Whichever call fails: no delta then, and the next one has it all. */
static void
delta_comes_whole_later_when_it_cannot_be_kept (void **state)
{
  Fixture *f = *state;

  for (gint good = 0; good < 5; good++)
    {
      HmTime first;
      const HmSample *sample;

      restart (f);
      read_counter (f, "7", HM_TIME_UNKNOWN, 1000);
      if (good % 2 == 0)
        restart (f);
      first = f->clock->wall_ns;
      hm_replace_good_calls = good;
      sample = read_counter (f, "7", HM_TIME_UNKNOWN, 1010);
      hm_replace_good_calls = -1;
      if (sample != NULL)
        assert_delta (sample, 10, first);
      else
        assert_delta (read_counter (f, "7", HM_TIME_UNKNOWN, 1011), 11, first);
      hm_deltas_forget (f->deltas, GUEST);
    }
}

static void
file_stays_small_when_it_is_written_for_long (void **state)
{
  Fixture *f = *state;
  struct stat info;

  for (guint i = 0; i < 20000; i++)
    read_counter (f, "7", HM_TIME_UNKNOWN, i);
  assert_int_equal (g_stat (f->path, &info), 0);
  assert_true (info.st_size < 1200 * 1024);
  restart (f);
  assert_next (f, "7", 20000, 1);
}

/* -- histories -- */

typedef struct
{
  Fixture *f;
  GRand *rand;
  guint64 counter; /* of the device, in its life … */
  guint life;      /* … which has a number … */
  HmTime start;    /* … and a start that is known or not */
  guint64 came;    /* all that ever came */
  guint64 unseen;  /* of it, what nobody can be told of */
  guint64 tail;    /* what came since the last reading whose base was kept */
  guint64 told;    /* sum of all deltas that were handed on */
} History;

static void
traffic (History *h)
{
  guint64 more = (guint64)g_rand_int_range (h->rand, 0, 1000);

  h->counter += more;
  h->came += more;
  h->tail += more;
}

/* The device is plugged anew or its guest started anew: what came since the last reading is gone with the life. */
static void
renew (History *h)
{
  hm_fake_clock_advance (h->f->clock, HM_NSEC_PER_SEC);
  h->unseen += h->tail;
  h->tail = h->counter = 0;
  h->life++;
  h->start = g_rand_boolean (h->rand) ? h->f->clock->wall_ns : HM_TIME_UNKNOWN;
  hm_fake_clock_advance (h->f->clock, HM_NSEC_PER_SEC);
}

/* @is_kept: the agent lives long enough to hand the record on. @good: calls to the file that go well; negative: all. */
static void
take_reading (History *h, gboolean is_kept, gint good)
{
  g_autofree char *epoch = g_strdup_printf ("%u", h->life);
  HmDeltasStatus before, after;
  const HmSample *sample;

  hm_deltas_status (h->f->deltas, &before);
  hm_replace_good_calls = good;
  sample = read_counter (h->f, epoch, h->start, h->counter);
  hm_replace_good_calls = -1;
  hm_deltas_status (h->f->deltas, &after);
  if (sample == NULL && after.failures > before.failures)
    return;
  if (sample == NULL || !is_kept)
    h->unseen += h->tail;
  else
    h->told += sample->value.u64;
  h->tail = 0;
}

static void
step (History *h)
{
  traffic (h);
  switch (g_rand_int_range (h->rand, 0, 8))
    {
    case 0:
      renew (h);
      break;
    case 1:
      restart (h->f);
      break;
    case 2: /* killed with the record in hand */
      take_reading (h, FALSE, -1);
      restart (h->f);
      break;
    case 3:
      take_reading (h, TRUE, g_rand_int_range (h->rand, 0, 6));
      break;
    default:
      take_reading (h, TRUE, -1);
      break;
    }
  assert_true (h->told + h->unseen + h->tail == h->came);
}

static void
deltas_and_known_losses_add_up_to_what_came (void **state)
{
  g_autoptr (GRand) rand = chance_new ();

  for (guint i = 0; i < 50; i++)
    {
      History h = { .f = *state, .rand = rand, .life = i * 1000000, .start = HM_TIME_UNKNOWN };

      for (guint n = 0; n < 200; n++)
        step (&h);
      hm_deltas_forget (h.f->deltas, GUEST);
    }
}

#define case_of(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    case_of (delta_is_the_difference_since_the_reading_before),
    case_of (delta_goes_on_when_the_agent_was_restarted),
    case_of (delta_is_all_of_a_life_whose_start_is_known),
    case_of (delta_is_none_of_a_life_that_may_be_counted_already),
    case_of (delta_takes_the_resources_life_when_the_device_has_none),
    case_of (delta_holds_out_what_fell_until_it_is_past_its_peak),
    case_of (delta_has_no_start_when_the_clock_was_set_back),
    case_of (delta_begins_anew_when_the_resource_was_forgotten),
    case_of (deltas_write_nothing_when_there_is_no_counter),
    case_of (deltas_are_absent_when_nobody_makes_them),
    case_of (delta_is_none_when_the_reading_settles_after_the_resource_was_forgotten),
    case_of (delta_begins_anew_when_a_forgotten_life_goes_on),
    case_of (delta_stays_none_when_the_end_is_forgotten_too),
    case_of (delta_is_all_when_the_same_device_life_is_of_a_new_boot),
    case_of (delta_begins_anew_when_a_device_outlives_its_guest),
    case_of (counter_that_was_read_longest_ago_goes_when_a_resource_has_too_many),
    case_of (counter_is_forgotten_when_it_was_not_read_for_30_days),
    case_of (deltas_go_on_when_the_table_is_full),
    case_of (delta_stays_none_when_too_many_resources_ended),
    case_of (file_is_for_its_owner_alone),
    case_of (file_is_taken_without_its_last_line_when_that_was_cut),
    case_of (file_is_set_aside_and_counts_begin_anew_when_it_is_damaged),
    case_of (delta_comes_whole_later_when_it_cannot_be_kept),
    case_of (file_stays_small_when_it_is_written_for_long),
    case_of (deltas_and_known_losses_add_up_to_what_came),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
