/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_calls.c: what is taken of a job's statistics, as QEMU's driver gives them. */
#include "tests/kit.h"

#include "agent/inspector/inspector_calls.h"

typedef struct
{
  HmParams job, taken;
} Fixture;

static void
free_fixture (Fixture *self)
{
  virTypedParamsFree (self->job.params, self->job.n);
  virTypedParamsFree (self->taken.params, self->taken.n);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static void
add (Fixture *self, const char *name, unsigned long long value)
{
  assert_int_equal (virTypedParamsAddULLong (&self->job.params, &self->job.n, &self->job.max, name, value),
                    0);
}

/* A job of that operation as it was seen in the middle of a migration. */
static Fixture *
new_fixture (int operation)
{
  Fixture *self = g_new0 (Fixture, 1);

  virTypedParamsAddInt (&self->job.params, &self->job.n, &self->job.max, VIR_DOMAIN_JOB_OPERATION, operation);
  add (self, VIR_DOMAIN_JOB_TIME_ELAPSED, 4211);
  add (self, VIR_DOMAIN_JOB_DATA_TOTAL, 84688896);
  add (self, VIR_DOMAIN_JOB_DATA_PROCESSED, 9007199254740993);
  add (self, VIR_DOMAIN_JOB_DATA_REMAINING, 0);
  add (self, VIR_DOMAIN_JOB_MEMORY_TOTAL, 84688896);
  return self;
}

static void
assert_taken (Fixture *self, const char *name, guint64 expected)
{
  unsigned long long value = 0;

  assert_int_equal (virTypedParamsGetULLong (self->taken.params, self->taken.n, name, &value), 1);
  assert_true (value == expected);
}

static void
job_is_taken_of_a_migration_away (void **state)
{
  g_autoptr (Fixture) self = new_fixture (VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);

  (void)state;
  hm_calls_take_job (VIR_DOMAIN_JOB_UNBOUNDED, self->job.params, self->job.n, &self->taken);
  assert_int_equal (self->taken.n, 4); /* the downtime is not known yet */
  assert_taken (self, "job.time_elapsed", 4211);
  assert_taken (self, "job.data_total", 84688896);
  assert_taken (self, "job.data_processed", 9007199254740993);
  assert_taken (self, "job.data_remaining", 0);
}

static void
job_is_left_out_when_it_is_none_or_has_ended (void **state)
{
  static const int types[]
      = { VIR_DOMAIN_JOB_NONE, VIR_DOMAIN_JOB_COMPLETED, VIR_DOMAIN_JOB_FAILED, VIR_DOMAIN_JOB_CANCELLED };
  g_autoptr (Fixture) self = new_fixture (VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    hm_calls_take_job (types[i], self->job.params, self->job.n, &self->taken);
  assert_int_equal (self->taken.n, 0);
}

static void
job_is_left_out_when_it_is_another (void **state)
{
  static const int operations[] = { VIR_DOMAIN_JOB_OPERATION_SAVE, VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN,
                                    VIR_DOMAIN_JOB_OPERATION_DUMP, VIR_DOMAIN_JOB_OPERATION_UNKNOWN };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      g_autoptr (Fixture) self = new_fixture (operations[i]);

      hm_calls_take_job (VIR_DOMAIN_JOB_UNBOUNDED, self->job.params, self->job.n, &self->taken);
      hm_calls_take_job (VIR_DOMAIN_JOB_UNBOUNDED, self->job.params + 1, self->job.n - 1, &self->taken);
      assert_int_equal (self->taken.n, 0);
    }
}

/* libvirt's helpers use its storage per thread, which a connection would have set up. */
static int
initialize (void **state)
{
  (void)state;
  return virInitialize ();
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (job_is_taken_of_a_migration_away),
    cmocka_unit_test (job_is_left_out_when_it_is_none_or_has_ended),
    cmocka_unit_test (job_is_left_out_when_it_is_another),
  };

  return cmocka_run_group_tests (tests, initialize, NULL);
}
