/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/meter.c, meter_json.c and error.c. */
#include "tests/kit.h"

#include <string.h>

static const HmMeter sound = {
  .name = "disk.device.read.bytes",
  .type = HM_CUMULATIVE,
  .unit = "B",
  .value = HM_VALUE_U64,
  .needs = HM_FIELD_DISK_IO,
  .hold = HM_HOLD_ACTIVITY,
  .wrap = 64,
  .life = HM_LIFE_DEVICE,
  .help = "Bytes that were read, \"all\" of them",
};

static void
meter_name_is_valid_only_in_its_alphabet (void **state)
{
  static const char *const good[] = { "a", "cpu", "memory.swap.in", "host_cpu2" };
  static const char *const bad[]
      = { "", "Cpu", "2cpu", ".cpu", "_cpu", "cpu-time", "cpu time", "cpü", "cpu\n" };
  g_autofree char *longest = g_strnfill (64, 'a');
  g_autofree char *too_long = g_strnfill (65, 'a');

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    assert_true (hm_meter_name_valid (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_false (hm_meter_name_valid (bad[i]));
  assert_false (hm_meter_name_valid (NULL));
  assert_true (hm_meter_name_valid (longest));
  assert_false (hm_meter_name_valid (too_long));
}

static void
expect_reason (const HmMeter *meter, const char *part)
{
  g_autofree char *reason = hm_meter_check (meter);

  assert_non_null (reason);
  if (strstr (reason, part) == NULL)
    fail_msg ("\"%s\" where \"%s\" was expected", reason, part);
}

static void
meter_check_names_the_reason_when_a_row_is_unsound (void **state)
{
  HmMeter meter = sound;

  (void)state;
  assert_null (hm_meter_check (&meter));

  (meter = sound, meter.name = "Cpu", expect_reason (&meter, "name"));
  (meter = sound, meter.type = (HmMeterType)7, expect_reason (&meter, "type of number 7"));
  (meter = sound, meter.unit = "furlong", expect_reason (&meter, "\"furlong\""));
  (meter = sound, meter.unit = NULL, expect_reason (&meter, "unit"));
  (meter = sound, meter.value = (HmValueType)9, expect_reason (&meter, "value type of number 9"));
  (meter = sound, meter.needs = 1u << HM_FIELD_COUNT, expect_reason (&meter, "snapshot fields"));
  (meter = sound, meter.hold = (HmHold)8, expect_reason (&meter, "hold"));
  (meter = sound, meter.wrap = 16, expect_reason (&meter, "wrap"));
  (meter = sound, meter.type = HM_GAUGE, expect_reason (&meter, "wrap"));
  (meter = sound, meter.value = HM_VALUE_DOUBLE, expect_reason (&meter, "wrap"));
  (meter = sound, meter.life = (HmLife)3, expect_reason (&meter, "life"));
  (meter = sound, meter.help = "", expect_reason (&meter, "help"));
  (meter = sound, meter.help = "\xff", expect_reason (&meter, "help"));
}

static void
meter_words_read_back_what_they_print (void **state)
{
  HmMeterType type;
  HmHold hold;
  HmLife life;
  HmValueType value;

  (void)state;
  for (guint i = 0; i < 3; i++)
    {
      assert_true (hm_meter_type_parse (hm_meter_type_name ((HmMeterType)i), &type));
      assert_int_equal (type, i);
      assert_true (hm_life_parse (hm_life_name ((HmLife)i), &life));
      assert_int_equal (life, i);
      assert_true (hm_value_type_parse (hm_value_type_name ((HmValueType)i), &value));
      assert_int_equal (value, i);
    }
  for (guint i = 0; i < 6; i++)
    {
      assert_true (hm_hold_parse (hm_hold_name ((HmHold)i), &hold));
      assert_int_equal (hold, i);
    }
  assert_string_equal (hm_meter_type_name (HM_CUMULATIVE), "cumulative");
  assert_null (hm_meter_type_name ((HmMeterType)3));
  assert_false (hm_meter_type_parse ("counter", &type));
  assert_false (hm_meter_type_parse (NULL, &type));
}

static void
meter_table_keeps_a_copy_when_a_row_is_added (void **state)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  char name[] = "cpu", unit[] = "ns", help[] = "CPU time";
  HmMeter row = { .name = name, .type = HM_CUMULATIVE, .unit = unit, .help = help };
  const HmMeter *found;

  (void)state;
  assert_true (hm_meter_table_add (table, &row, "cpu.so", NULL));
  name[0] = unit[0] = help[0] = 'x';
  found = hm_meter_table_find (table, "cpu");
  assert_non_null (found);
  assert_string_equal (found->name, "cpu");
  assert_string_equal (found->unit, "ns");
  assert_string_equal (found->help, "CPU time");
  assert_null (hm_meter_table_find (table, "xpu"));
}

static void
meter_table_refuses_naming_both_origins_when_definitions_differ (void **state)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  g_autoptr (GError) error = NULL;
  HmMeter other = sound;

  (void)state;
  assert_true (hm_meter_table_add (table, &sound, "one.so", &error));
  other.help = "Said otherwise";
  assert_true (hm_meter_table_add (table, &other, "two.so", &error));
  other.unit = "KiB";
  assert_false (hm_meter_table_add (table, &other, "two.so", &error));
  assert_non_null (strstr (error->message, "one.so"));
  kit_assert_error (&error, HM_ERROR_CONFIG, "two.so");
  (other = sound, other.type = HM_GAUGE);
  assert_false (hm_meter_table_add (table, &other, "two.so", &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "gauge");
  (other = sound, other.value = HM_VALUE_I64);
  assert_false (hm_meter_table_add (table, &other, "two.so", &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "i64");
  assert_int_equal (hm_meter_table_find (table, sound.name)->type, HM_CUMULATIVE);
}

static void
meter_table_lists_sorted_by_name (void **state)
{
  static const char *const names[] = { "vcpus", "cpu", "memory", "cpu.user" };
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  g_autoptr (GPtrArray) list = NULL;

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      HmMeter row = sound;

      row.name = names[i];
      assert_true (hm_meter_table_add (table, &row, "test", NULL));
    }
  list = hm_meter_table_list (table);
  assert_int_equal (list->len, 4);
  for (guint i = 1; i < list->len; i++)
    assert_true (strcmp (((const HmMeter *)list->pdata[i - 1])->name, ((const HmMeter *)list->pdata[i])->name)
                 < 0);
}

static gboolean
load_text (HmMeterTable *table, const char *text, GError **error)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "meters.json", NULL);
  gboolean loaded;

  kit_write_file (folder, "meters.json", text);
  loaded = hm_meter_table_load (table, path, error);
  kit_remove_tree (folder);
  return loaded;
}

static void
meter_table_reads_back_what_it_wrote (void **state)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  g_autoptr (HmMeterTable) again = hm_meter_table_new ();
  g_autofree char *json = NULL, *json_again = NULL;
  g_autoptr (GError) error = NULL;
  HmMeter gauge = { .name = "memory",
                    .type = HM_GAUGE,
                    .unit = "KiB",
                    .hold = HM_HOLD_ALLOCATION,
                    .off = TRUE,
                    .help = "Memory" };
  const HmMeter *found;

  (void)state;
  assert_true (hm_meter_table_add (table, &sound, "disk.so", NULL));
  assert_true (hm_meter_table_add (table, &gauge, "memory.so", NULL));
  json = hm_meter_table_to_json (table);
  assert_true (load_text (again, json, &error));
  found = hm_meter_table_find (again, "disk.device.read.bytes");
  assert_int_equal (found->type, HM_CUMULATIVE);
  assert_string_equal (found->unit, "B");
  assert_int_equal (found->hold, HM_HOLD_ACTIVITY);
  assert_int_equal (found->wrap, 64);
  assert_int_equal (found->life, HM_LIFE_DEVICE);
  assert_false (found->off);
  assert_string_equal (found->help, sound.help);
  assert_true (hm_meter_table_find (again, "memory")->off);
  json_again = hm_meter_table_to_json (again);
  assert_string_equal (json_again, json);
}

static void
meter_is_one_line_when_it_is_written_alone (void **state)
{
  g_autofree char *row = hm_meter_to_json (&sound);
  g_autofree char *file = g_strdup_printf ("{\"meters\":[%s]}", row);
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  g_autoptr (GError) error = NULL;

  (void)state;
  assert_null (strchr (row, '\n'));
  assert_true (load_text (table, file, &error));
  assert_string_equal (hm_meter_table_find (table, sound.name)->help, sound.help);
}

#define ROW(name, unit)                                                                                      \
  "{\"name\":\"" name "\",\"type\":\"gauge\",\"unit\":\"" unit                                               \
  "\",\"value\":\"u64\",\"hold\":\"none\",\"wrap\":0,\"life\":\"process\",\"default\":\"on\",\"help\":"      \
  "\"x\"}"

static void
meter_table_stays_as_it_was_when_a_file_is_wrong (void **state)
{
  static const struct
  {
    const char *text, *part;
  } cases[] = {
    { "", "meters.json" },
    { "{\"meters\":", "meters.json" },
    { "[]", "list \"meters\"" },
    { "{\"meters\":{}}", "list \"meters\"" },
    { "{\"meters\":[" ROW ("memory", "KiB") ",{}]}", "meter number 2" },
    { "{\"meters\":[" ROW ("memory", "KiB") "," ROW ("Memory", "KiB") "]}", "meter number 2: its name" },
    { "{\"meters\":[" ROW ("memory", "KiB") "," ROW ("disk", "furlong") "]}", "furlong" },
    { "{\"meters\":[" ROW ("memory", "KiB") "," ROW ("memory", "B") "]}", "meter memory" },
    { "{\"meters\":[" ROW ("memory", "KiB") "," ROW ("cpu", "B") "]}", "meter cpu" },
  };
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  HmMeter cpu = { .name = "cpu", .type = HM_CUMULATIVE, .unit = "ns", .help = "x" };

  (void)state;
  assert_true (hm_meter_table_add (table, &cpu, "cpu.so", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      assert_false (load_text (table, cases[i].text, &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, cases[i].part);
      assert_null (hm_meter_table_find (table, "memory"));
    }
}

static void
meter_table_says_so_when_the_file_is_missing (void **state)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  g_autoptr (GError) error = NULL;

  (void)state;
  assert_false (hm_meter_table_load (table, "/nonexistent/meters.json", &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "/nonexistent/meters.json");
}

static void
error_exit_code_follows_the_documented_table (void **state)
{
  static const int codes[] = {
    [HM_ERROR_INTERNAL] = 70,    [HM_ERROR_USAGE] = 64,     [HM_ERROR_CONFIG] = 78,
    [HM_ERROR_UNAVAILABLE] = 69, [HM_ERROR_TEMPORARY] = 75, [HM_ERROR_PERMISSION] = 77,
    [HM_ERROR_CREATE] = 73,      [HM_ERROR_DATA] = 1,       [HM_ERROR_GONE] = 1,
  };
  g_autoptr (GError) foreign = g_error_new_literal (g_quark_from_static_string ("elsewhere"), 1, "x");

  (void)state;
  assert_int_equal (hm_error_exit_code (NULL), 0);
  assert_int_equal (hm_error_exit_code (foreign), 70);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (HM_ERROR, (gint)i, "x");

      assert_int_equal (hm_error_exit_code (error), codes[i]);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (meter_name_is_valid_only_in_its_alphabet),
    cmocka_unit_test (meter_check_names_the_reason_when_a_row_is_unsound),
    cmocka_unit_test (meter_words_read_back_what_they_print),
    cmocka_unit_test (meter_table_keeps_a_copy_when_a_row_is_added),
    cmocka_unit_test (meter_table_refuses_naming_both_origins_when_definitions_differ),
    cmocka_unit_test (meter_table_lists_sorted_by_name),
    cmocka_unit_test (meter_table_reads_back_what_it_wrote),
    cmocka_unit_test (meter_is_one_line_when_it_is_written_alone),
    cmocka_unit_test (meter_table_stays_as_it_was_when_a_file_is_wrong),
    cmocka_unit_test (meter_table_says_so_when_the_file_is_missing),
    cmocka_unit_test (error_exit_code_follows_the_documented_table),
  };

  return cmocka_run_group_tests_name ("meter", tests, NULL, NULL);
}
