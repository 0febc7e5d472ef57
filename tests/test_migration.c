/* SPDX-License-Identifier: Apache-2.0 */
/* test_migration: how far a migration is, and nothing of an instance that does not migrate. */
#include "tests/pollster_kit.h"

static const KitRow rows[] = {
  KIT_ROW_DOMAIN ("migration.time.elapsed", migration_elapsed),
  KIT_ROW_DOMAIN ("migration.data.total", migration_total),
  KIT_ROW_DOMAIN ("migration.data.processed", migration_processed),
  KIT_ROW_DOMAIN ("migration.data.remaining", migration_remaining),
  KIT_ROW_DOMAIN ("migration.downtime", migration_downtime),
  { KIT_END },
};

static const HmPlugin *
plugin (void)
{
  return kit_plugin (HM_NS_POLL_COMPUTE, "migration");
}

static void
migration_emits_each_field_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_full (plugin (), rows);
}

static void
migration_emits_nothing_for_a_field_when_it_is_absent (void **state G_GNUC_UNUSED)
{
  kit_check_absent (plugin (), rows);
}

static void
migration_keeps_every_digit_when_values_are_largest (void **state G_GNUC_UNUSED)
{
  kit_check_largest (plugin (), rows);
}

static void
migration_says_what_the_fields_say_when_they_are_random (void **state G_GNUC_UNUSED)
{
  kit_check_random (plugin (), rows);
}

static void
migration_equals_its_golden_file_when_all_are_given (void **state G_GNUC_UNUSED)
{
  kit_check_golden (plugin ());
}

static void
migration_emits_nothing_when_nothing_is_given (void **state G_GNUC_UNUSED)
{
  kit_check_empty (plugin (), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (migration_emits_each_field_when_all_are_given),
    cmocka_unit_test (migration_emits_nothing_for_a_field_when_it_is_absent),
    cmocka_unit_test (migration_keeps_every_digit_when_values_are_largest),
    cmocka_unit_test (migration_says_what_the_fields_say_when_they_are_random),
    cmocka_unit_test (migration_equals_its_golden_file_when_all_are_given),
    cmocka_unit_test (migration_emits_nothing_when_nothing_is_given),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
