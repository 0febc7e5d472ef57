/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_hung.c: what is on the list of domains that hang, and when each is asked about again. */
#include "tests/kit.h"

#include <string.h>

#include "agent/inspector/inspector_hung.h"
#include "metering/log.h"

#define WEB "4f0c6a52-0001-4000-8000-000000000001"
#define DB  "4f0c6a52-0001-4000-8000-000000000002"

#define START (G_GINT64_CONSTANT (1795224420) * HM_NSEC_PER_SEC)

/* As the reads' rounds take it. */
#define ENOUGH_MS 500

typedef struct
{
  HmFakeClock *clock;
  HmHung *hung;
  guint lines;
} Fixture;

static void
count_lines (GLogLevelFlags level, const HmLogFields *fields, const char *text, gpointer user)
{
  (void)text;
  assert_true (level == G_LOG_LEVEL_WARNING || level == G_LOG_LEVEL_MESSAGE);
  assert_non_null (fields->resource);
  ((Fixture *)user)->lines++;
}

/* With one domain on the list. */
static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  hm_log_capture (count_lines, f);
  f->clock = hm_fake_clock_new (START);
  f->hung = hm_hung_new (&f->clock->clock);
  hm_hung_add (f->hung, WEB, 7, "web", 5000);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_hung_free (f->hung);
  hm_log_capture (NULL, NULL);
  g_free (f->clock);
  g_free (f);
  return 0;
}

static guint
count_due (Fixture *f)
{
  g_autoptr (GPtrArray) due = hm_hung_due (f->hung);

  return due->len;
}

/* What asking about the first domain brings. */
static void
take (Fixture *f, int result, guint waits_ms)
{
  HmProbed probed = { .id = WEB, .result = result, .waits_ms = waits_ms };

  hm_hung_take (f->hung, &probed, ENOUGH_MS);
}

static int
domain_id_is (const char *id, gpointer user)
{
  assert_string_equal (id, WEB);
  return GPOINTER_TO_INT (user);
}

/* -- tests */

static void
hung_names_a_domain_once (void **state)
{
  Fixture *f = *state;
  HmInspectorHealth health = { 0 };

  hm_hung_add (f->hung, WEB, 7, "web", 9000);
  assert_int_equal (f->lines, 1);
  assert_true (hm_hung_has (f->hung, WEB));
  assert_false (hm_hung_has (f->hung, DB));
  hm_hung_health (f->hung, &health);
  assert_int_equal (health.hung, 1);
  assert_int_equal (health.hung_total, 1);
  assert_string_equal (health.domains[0].id, WEB);
  assert_string_equal (health.domains[0].name, "web");
  assert_int_equal (health.domains[0].since, START);
  assert_int_equal (health.domains[0].probes, 0);
}

static void
hung_asks_again_later_and_later (void **state)
{
  static const guint pauses[] = { 1, 2, 4, 8, 16, 30, 30 };
  Fixture *f = *state;
  HmInspectorHealth health = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (pauses); i++)
    {
      hm_fake_clock_advance (f->clock, pauses[i] * HM_NSEC_PER_SEC - 1);
      assert_int_equal (count_due (f), 0);
      hm_fake_clock_advance (f->clock, 1);
      assert_int_equal (count_due (f), 1);
      take (f, HM_PROBE_WAITS, 60000);
    }
  assert_int_equal (f->lines, 1);
  hm_hung_health (f->hung, &health);
  assert_int_equal (health.domains[0].probes, G_N_ELEMENTS (pauses));
  assert_int_equal (health.probes_total, G_N_ELEMENTS (pauses));
}

static void
hung_asks_at_once_when_a_call_came_back (void **state)
{
  Fixture *f = *state;

  assert_int_equal (count_due (f), 0);
  hm_hung_hurry (f->hung);
  assert_int_equal (count_due (f), 1);
}

static void
hung_lets_go_of_a_domain_that_answers_or_has_ended (void **state)
{
  static const HmProbed free[] = {
    { .id = WEB, .result = HM_PROBE_FREE },
    { .id = WEB, .result = HM_PROBE_WAITS, .waits_ms = ENOUGH_MS - 1 },
    { .id = WEB, .result = HM_PROBE_GONE },
  };
  Fixture *f = *state;

  for (guint i = 0; i < G_N_ELEMENTS (free); i++)
    {
      hm_hung_add (f->hung, WEB, 7, "web", 5000);
      hm_hung_take (f->hung, &free[i], ENOUGH_MS);
      assert_int_equal (hm_hung_size (f->hung), 0);
    }
  assert_int_equal (f->lines, 3); /* found, answers, has ended: what is said twice is folded */
}

static void
hung_keeps_a_domain_that_is_waited_for (void **state)
{
  Fixture *f = *state;

  take (f, HM_PROBE_WAITS, ENOUGH_MS);
  take (f, HM_PROBE_BUSY, 0);
  take (f, HM_PROBE_UNKNOWN, 0);
  assert_int_equal (hm_hung_size (f->hung), 1);
  assert_int_equal (f->lines, 1);
}

static void
hung_lets_go_of_a_domain_of_another_life (void **state)
{
  Fixture *f = *state;

  hm_hung_keep (f->hung, domain_id_is, GINT_TO_POINTER (7));
  assert_int_equal (hm_hung_size (f->hung), 1);
  hm_hung_keep (f->hung, domain_id_is, GINT_TO_POINTER (8));
  assert_int_equal (hm_hung_size (f->hung), 0);
  assert_int_equal (f->lines, 2);
}

static void
hung_tells_no_more_than_fit (void **state)
{
  Fixture *f = *state;
  HmInspectorHealth health = { 0 };

  for (guint i = 0; i < HM_HUNG_TOLD; i++)
    {
      g_autofree char *id = g_strdup_printf ("4f0c6a52-0002-4000-8000-%012u", i);

      hm_hung_add (f->hung, id, 1, "\xff a name that is much too long for the place it is to be put, is it?",
                   1);
    }
  hm_hung_health (f->hung, &health);
  assert_int_equal (health.hung, HM_HUNG_TOLD + 1);
  assert_true (g_utf8_validate (health.domains[1].name, -1, NULL));
  assert_int_equal (strlen (health.domains[1].name), sizeof (health.domains[1].name) - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (hung_names_a_domain_once),
    TEST (hung_asks_again_later_and_later),
    TEST (hung_asks_at_once_when_a_call_came_back),
    TEST (hung_lets_go_of_a_domain_that_answers_or_has_ended),
    TEST (hung_keeps_a_domain_that_is_waited_for),
    TEST (hung_lets_go_of_a_domain_of_another_life),
    TEST (hung_tells_no_more_than_fit),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
