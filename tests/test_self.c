/* SPDX-License-Identifier: Apache-2.0 */
/* test_self: the agent's own figures as samples, from a program that the test plays. */
#include "tests/pollster_kit.h"

#include <string.h>

/* -- a program with figures -- */

/* Of the plugin's rows, each a different number. */
static void
tell_all (gpointer program, HmFigureFunc each, gpointer user)
{
  const HmPlugin *plugin = program;
  guint64 value = 1000;

  for (const HmMeter *meter = plugin->meters; meter->name != NULL; meter++)
    each (meter->name, NULL, value++, user);
}

static void
tell_some (gpointer program G_GNUC_UNUSED, HmFigureFunc each, gpointer user)
{
  each ("agent.plugin.time", "plugin:cpu", 17, user);
  each ("agent.plugin.time", "plugin:disk", G_MAXUINT64, user);
  each ("agent.of.tomorrow", NULL, 1, user);
  each ("agent.threads", NULL, 0, user);
}

/* -- fixture -- */

typedef struct
{
  const HmPlugin *plugin;
  HmPluginContext context;
  HmSink *sink;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->plugin = kit_plugin (HM_NS_SELF, "self");
  f->context = (HmPluginContext){
    .clock = hm_clock_system (), .root = "", .figures = tell_all, .program = (gpointer)(guintptr)f->plugin
  };
  f->sink = hm_sink_new (NULL);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_sink_free (f->sink);
  g_free (f);
  return 0;
}

static void
emit (Fixture *f)
{
  const HmReadingPollster *ops = f->plugin->reading_pollster;
  g_autoptr (GError) error = NULL;
  gpointer pollster = ops->create (NULL, &f->context, &error);

  if (pollster == NULL)
    fail_msg ("%s", error->message);
  assert_int_equal (ops->emit (pollster, f->sink, &error), HM_OK);
  ops->free (pollster);
}

/* -- cases -- */

static void
self_emits_every_meter_when_the_program_tells_every_figure (void **state)
{
  Fixture *f = *state;
  guint64 value = 1000;

  emit (f);
  for (const HmMeter *meter = f->plugin->meters; meter->name != NULL; meter++)
    kit_assert_sample (f->sink, f->plugin, meter->name, NULL, value++);
  assert_int_equal (hm_sink_size (f->sink), value - 1000);
}

static void
self_emits_what_it_is_told_when_that_is_little_or_unknown (void **state)
{
  Fixture *f = *state;

  f->context.figures = tell_some;
  emit (f);
  kit_assert_sample (f->sink, f->plugin, "agent.plugin.time", "plugin:cpu", 17);
  kit_assert_sample (f->sink, f->plugin, "agent.plugin.time", "plugin:disk", G_MAXUINT64);
  kit_assert_sample (f->sink, f->plugin, "agent.threads", NULL, 0);
  assert_int_equal (hm_sink_size (f->sink), 3);
}

static void
self_equals_its_golden_file_when_every_figure_is_told (void **state)
{
  Fixture *f = *state;

  emit (f);
  kit_check_golden_sink ("self", f->sink);
}

static void
self_cannot_be_created_when_the_program_tells_nothing (void **state)
{
  Fixture *f = *state;
  GError *error = NULL;

  f->context.figures = NULL;
  assert_null (f->plugin->reading_pollster->create (NULL, &f->context, &error));
  kit_assert_error (&error, HM_ERROR_UNAVAILABLE, "only an agent that runs");
}

static void
self_has_sound_meters_when_it_is_loaded (void **state)
{
  Fixture *f = *state;

  for (const HmMeter *meter = f->plugin->meters; meter->name != NULL; meter++)
    {
      assert_null (hm_meter_check (meter));
      assert_true (g_str_has_prefix (meter->name, "agent."));
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (self_emits_every_meter_when_the_program_tells_every_figure, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (self_emits_what_it_is_told_when_that_is_little_or_unknown, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (self_equals_its_golden_file_when_every_figure_is_told, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (self_cannot_be_created_when_the_program_tells_nothing, set_up,
                                     tear_down),
    cmocka_unit_test_setup_teardown (self_has_sound_meters_when_it_is_loaded, set_up, tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
