/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/sink.c and arena.c. */
#include "tests/kit.h"

#include <math.h>
#include <string.h>

static const HmMeter cpu = { .name = "cpu", .type = HM_CUMULATIVE, .unit = "ns", .help = "x" };
static const HmMeter cpu_user = { .name = "cpu.user", .type = HM_CUMULATIVE, .unit = "ns", .help = "x" };
static const HmMeter memory = { .name = "memory", .type = HM_GAUGE, .unit = "KiB", .help = "x" };
static const HmMeter vcpu_time
    = { .name = "vcpu.time", .type = HM_CUMULATIVE, .unit = "ns", .off = TRUE, .help = "x" };
static const HmMeter load
    = { .name = "load", .type = HM_GAUGE, .unit = "count", .value = HM_VALUE_DOUBLE, .help = "x" };
static const HmMeter balance
    = { .name = "balance", .type = HM_GAUGE, .unit = "count", .value = HM_VALUE_I64, .help = "x" };

/* -- filter -- */

static void
expect_wanted (const char *const *globs, const HmMeter *meter, gboolean wanted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (globs, &error);

  if (filter == NULL)
    fail_msg ("%s", error->message);
  if (hm_meter_filter_wants (filter, meter) != wanted)
    fail_msg ("%s: %s", meter->name, wanted ? "not wanted" : "wanted");
}

#define GLOBS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
filter_wants_what_is_on_by_default_when_nothing_is_asked_for (void **state)
{
  const char *const none[] = { NULL };

  (void)state;
  expect_wanted (NULL, &cpu, TRUE);
  expect_wanted (NULL, &vcpu_time, FALSE);
  expect_wanted (none, &cpu, TRUE);
  expect_wanted (none, &vcpu_time, FALSE);
  assert_true (hm_meter_filter_wants (NULL, &vcpu_time));
}

static void
filter_wants_only_what_an_including_glob_matches (void **state)
{
  (void)state;
  expect_wanted (GLOBS ("cpu"), &cpu, TRUE);
  expect_wanted (GLOBS ("cpu"), &cpu_user, FALSE);
  expect_wanted (GLOBS ("cpu*"), &cpu_user, TRUE);
  expect_wanted (GLOBS ("cpu*"), &memory, FALSE);
  expect_wanted (GLOBS ("cpu*", "mem?ry"), &memory, TRUE);
  expect_wanted (GLOBS ("cpu*"), &vcpu_time, FALSE);
  expect_wanted (GLOBS ("vcpu.*"), &vcpu_time, TRUE);
  expect_wanted (GLOBS ("*"), &vcpu_time, TRUE);
  expect_wanted (GLOBS ("[vm]cpu.*"), &vcpu_time, TRUE);
  expect_wanted (GLOBS ("[!v]cpu.*"), &vcpu_time, FALSE);
  expect_wanted (GLOBS ("radosgw.api-Usage"), &memory, FALSE);
}

static void
filter_wants_all_else_when_globs_exclude (void **state)
{
  (void)state;
  expect_wanted (GLOBS ("!cpu*"), &cpu, FALSE);
  expect_wanted (GLOBS ("!cpu*"), &memory, TRUE);
  expect_wanted (GLOBS ("!cpu*", "!memory"), &memory, FALSE);
  expect_wanted (GLOBS ("!cpu*"), &vcpu_time, FALSE);
}

static void
filter_takes_all_but_the_excluded_when_the_wildcard_is_there (void **state)
{
  (void)state;
  expect_wanted (GLOBS ("*", "!cpu*"), &cpu_user, FALSE);
  expect_wanted (GLOBS ("*", "!cpu*"), &vcpu_time, TRUE);
  expect_wanted (GLOBS ("!cpu*", "*"), &memory, TRUE);
  expect_wanted (GLOBS ("*.time", "!cpu*"), &vcpu_time, TRUE);
  expect_wanted (GLOBS ("*.time", "!cpu*"), &memory, FALSE);
  expect_wanted (GLOBS ("*.time", "!vcpu.*"), &vcpu_time, FALSE);
}

static void
expect_refused (const char *const *globs, const char *part)
{
  g_autoptr (GError) error = NULL;

  assert_null (hm_meter_filter_new (globs, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
filter_is_refused_when_globs_mix_or_cannot_match (void **state)
{
  (void)state;
  expect_refused (GLOBS ("cpu*", "!disk.*"), "!disk.*");
  expect_refused (GLOBS ("!disk.*", "cpu"), "\"cpu\"");
  expect_refused (GLOBS ("*", "!disk.*", "cpu"), "\"cpu\": a list either names meters or excludes");
  expect_refused (GLOBS ("*", "cpu"), "\"cpu\": a list either names meters or takes all");
  expect_refused (GLOBS ("cpu", "*"), "\"*\"");
  expect_refused (GLOBS (""), "\"\"");
  expect_refused (GLOBS ("!"), "\"!\"");
  expect_refused (GLOBS ("!!cpu"), "!!cpu");
  expect_refused (GLOBS ("cpu usage"), "cpu usage");
  expect_refused (GLOBS ("cpu\n"), "cpu\uFFFD");
}

/* -- samples -- */

static void
sink_takes_a_sample_with_all_that_its_row_says (void **state)
{
  g_autoptr (HmSink) sink = hm_sink_new (NULL);
  char device[] = "vcpu:0", epoch[] = "7";
  const HmLifeMark life = { epoch, 17 };
  const HmSample *sample;

  (void)state;
  hm_sink_u64_life (sink, &vcpu_time, device, &life, HM_GIVEN (G_MAXUINT64));
  device[0] = epoch[0] = 'x';
  assert_int_equal (hm_sink_size (sink), 1);
  sample = hm_sink_get (sink, 0);
  assert_string_equal (sample->meter, "vcpu.time");
  assert_int_equal (sample->type, HM_CUMULATIVE);
  assert_string_equal (sample->unit, "ns");
  assert_string_equal (sample->device, "vcpu:0");
  assert_string_equal (sample->epoch, "7");
  assert_int_equal (sample->value.type, HM_VALUE_U64);
  assert_true (sample->value.u64 == G_MAXUINT64);
  assert_true (sample->epoch_start == 17);
  assert_true (sample->start == HM_TIME_UNKNOWN);
  assert_int_equal (sample->n_attrs, 0);
  assert_null (hm_sink_get (sink, 1));
}

static void
sink_remembers_absence_when_a_value_is_not_given (void **state)
{
  g_autoptr (HmSink) sink = hm_sink_new (NULL);

  (void)state;
  hm_sink_u64 (sink, &cpu, NULL, HM_ABSENT);
  hm_sink_u64 (sink, &vcpu_time, "vcpu:1", HM_ABSENT);
  hm_sink_u64 (sink, &vcpu_time, "vcpu:0", HM_GIVEN (0));
  assert_int_equal (hm_sink_size (sink), 1);
  assert_int_equal (hm_sink_absent (sink), 2);
  assert_true (hm_sink_is_absent (sink, "cpu", NULL));
  assert_true (hm_sink_is_absent (sink, "vcpu.time", "vcpu:1"));
  assert_false (hm_sink_is_absent (sink, "vcpu.time", "vcpu:0"));
  assert_false (hm_sink_is_absent (sink, "cpu", "vcpu:1"));
  assert_null (hm_sink_find (sink, "cpu", NULL));
  assert_true (hm_sink_find (sink, "vcpu.time", "vcpu:0")->value.u64 == 0);
}

static void
sink_drops_what_its_filter_does_not_want_absent_or_not (void **state)
{
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (GLOBS ("memory"), NULL);
  g_autoptr (HmSink) sink = hm_sink_new (filter);

  (void)state;
  hm_sink_u64 (sink, &cpu, NULL, HM_GIVEN (1));
  hm_sink_u64 (sink, &cpu_user, NULL, HM_ABSENT);
  hm_sink_u64 (sink, &memory, NULL, HM_GIVEN (2));
  assert_int_equal (hm_sink_size (sink), 1);
  assert_int_equal (hm_sink_absent (sink), 0);
  assert_non_null (hm_sink_find (sink, "memory", NULL));
}

static void
sink_takes_signed_and_finite_double_values (void **state)
{
  g_autoptr (HmSink) sink = hm_sink_new (NULL);

  (void)state;
  hm_sink_value (sink, &balance, NULL, (HmValue){ .type = HM_VALUE_I64, .i64 = G_MININT64 });
  hm_sink_value (sink, &load, "a", (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = 0.25 });
  hm_sink_value (sink, &load, "b", (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = NAN });
  hm_sink_value (sink, &load, "c", (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = INFINITY });
  assert_int_equal (hm_sink_size (sink), 2);
  assert_true (hm_sink_find (sink, "balance", NULL)->value.i64 == G_MININT64);
  assert_true (hm_sink_is_absent (sink, "load", "b"));
  assert_true (hm_sink_is_absent (sink, "load", "c"));
}

static GLogWriterOutput
count_critical (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user)
{
  (void)fields;
  (void)n_fields;
  *(guint *)user += (level & G_LOG_LEVEL_CRITICAL) != 0;
  return G_LOG_WRITER_HANDLED;
}

static guint criticals;

static void
sink_refuses_a_value_of_another_type_than_its_row (void **state)
{
  g_autoptr (HmSink) sink = hm_sink_new (NULL);

  (void)state;
  criticals = 0;
  hm_sink_u64 (sink, &balance, NULL, HM_GIVEN (1));
  hm_sink_value (sink, &cpu, NULL, (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = 1 });
  hm_sink_attr (sink, "key", "value");
  assert_int_equal (criticals, 2);
  assert_int_equal (hm_sink_size (sink), 0);
}

static void
sink_adds_attrs_to_the_sample_just_taken (void **state)
{
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (GLOBS ("memory"), NULL);
  g_autoptr (HmSink) sink = hm_sink_new (filter);
  const HmSample *sample;

  (void)state;
  hm_sink_attr (sink, "before", "nothing");
  hm_sink_u64 (sink, &memory, NULL, HM_GIVEN (1));
  for (guint i = 0; i < HM_ATTRS_MAX; i++)
    {
      g_autofree char *key = g_strdup_printf ("key-%u", i);
      g_autofree char *value = g_strdup_printf ("value-%u", i);

      hm_sink_attr (sink, key, value);
    }
  hm_sink_u64 (sink, &cpu, NULL, HM_GIVEN (1));
  hm_sink_attr (sink, "of", "an unwanted sample");
  sample = hm_sink_get (sink, 0);
  assert_int_equal (sample->n_attrs, HM_ATTRS_MAX);
  for (guint i = 0; i < HM_ATTRS_MAX; i++)
    {
      g_autofree char *key = g_strdup_printf ("key-%u", i);
      g_autofree char *value = g_strdup_printf ("value-%u", i);

      assert_string_equal (sample->attrs[i].key, key);
      assert_string_equal (sample->attrs[i].value, value);
    }
  criticals = 0;
  hm_sink_u64 (sink, &memory, "x", HM_ABSENT);
  hm_sink_attr (sink, "of", "an absent sample");
  assert_int_equal (hm_sink_get (sink, 0)->n_attrs, HM_ATTRS_MAX);
  assert_int_equal (criticals, 0);
}

static void
fill (HmSink *sink, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      char device[32];

      g_snprintf (device, sizeof device, "disk:%u", i);
      hm_sink_u64 (sink, &memory, device, HM_GIVEN (i));
      hm_sink_attr (sink, "age", device);
    }
}

static void
sink_reuses_its_memory_when_it_is_cleared (void **state)
{
  g_autoptr (HmSink) sink = hm_sink_new (NULL);
  const HmSample *samples;
  const char *first, *last;

  (void)state;
  fill (sink, 2000);
  hm_sink_clear (sink);
  assert_int_equal (hm_sink_size (sink), 0);
  assert_int_equal (hm_sink_absent (sink), 0);
  fill (sink, 2000);
  samples = hm_sink_get (sink, 0);
  first = samples[0].device;
  last = samples[1999].device;
  for (guint round = 0; round < 3; round++)
    {
      hm_sink_clear (sink);
      fill (sink, 2000);
      assert_ptr_equal (hm_sink_get (sink, 0), samples);
      assert_ptr_equal (samples[0].device, first);
      assert_ptr_equal (samples[1999].device, last);
      assert_string_equal (last, "disk:1999");
      assert_string_equal (samples[1999].attrs[0].value, "disk:1999");
    }
}

static gboolean
is_named (const HmMeter *meter, gconstpointer name)
{
  return g_str_equal (meter->name, name);
}

/* Of what the filter lets through, and no longer than it was asked for. */
static void
sink_takes_what_is_wanted_now_when_somebody_says_so (void **state)
{
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (GLOBS ("cpu*"), NULL);
  g_autoptr (HmSink) sink = hm_sink_new (filter);

  (void)state;
  hm_sink_set_wanted (sink, is_named, "cpu.user");
  hm_sink_u64 (sink, &cpu, NULL, HM_GIVEN (1));
  hm_sink_u64 (sink, &cpu, NULL, HM_ABSENT);
  hm_sink_u64 (sink, &cpu_user, NULL, HM_GIVEN (1));
  assert_int_equal (hm_sink_size (sink), 1);
  assert_int_equal (hm_sink_absent (sink), 0);
  assert_string_equal (hm_sink_get (sink, 0)->meter, "cpu.user");
  hm_sink_set_wanted (sink, is_named, "memory");
  hm_sink_u64 (sink, &memory, NULL, HM_GIVEN (1));
  assert_int_equal (hm_sink_size (sink), 1);
}

/* A pollster that failed has read nothing, whatever it had put in by then. */
static void
sink_goes_back_to_a_mark (void **state)
{
  g_autoptr (HmSink) sink = hm_sink_new (NULL);
  HmSinkMark mark;

  (void)state;
  hm_sink_u64 (sink, &cpu, NULL, HM_GIVEN (1));
  mark = hm_sink_mark (sink);
  hm_sink_u64 (sink, &cpu_user, NULL, HM_GIVEN (2));
  hm_sink_u64 (sink, &memory, NULL, HM_ABSENT);
  hm_sink_rewind (sink, mark);
  hm_sink_attr (sink, "late", "to nothing");
  assert_int_equal (hm_sink_size (sink), 1);
  assert_int_equal (hm_sink_absent (sink), 0);
  assert_int_equal (hm_sink_get (sink, 0)->n_attrs, 0);
  assert_non_null (hm_sink_find (sink, "cpu", NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (filter_wants_what_is_on_by_default_when_nothing_is_asked_for),
    cmocka_unit_test (filter_wants_only_what_an_including_glob_matches),
    cmocka_unit_test (filter_wants_all_else_when_globs_exclude),
    cmocka_unit_test (filter_takes_all_but_the_excluded_when_the_wildcard_is_there),
    cmocka_unit_test (filter_is_refused_when_globs_mix_or_cannot_match),
    cmocka_unit_test (sink_takes_a_sample_with_all_that_its_row_says),
    cmocka_unit_test (sink_remembers_absence_when_a_value_is_not_given),
    cmocka_unit_test (sink_drops_what_its_filter_does_not_want_absent_or_not),
    cmocka_unit_test (sink_takes_what_is_wanted_now_when_somebody_says_so),
    cmocka_unit_test (sink_takes_signed_and_finite_double_values),
    cmocka_unit_test (sink_refuses_a_value_of_another_type_than_its_row),
    cmocka_unit_test (sink_adds_attrs_to_the_sample_just_taken),
    cmocka_unit_test (sink_reuses_its_memory_when_it_is_cleared),
    cmocka_unit_test (sink_goes_back_to_a_mark),
  };

  g_log_set_writer_func (count_critical, &criticals, NULL);
  return cmocka_run_group_tests_name ("sink", tests, NULL, NULL);
}
