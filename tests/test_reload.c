/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of reload: what a running agent takes of a changed configuration, what it refuses, and what is said of it. */
#include "agent/schedule/reload.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/log.h"
#include "tests/kit.h"

#define ONE "sources:\n- name: a\n  interval: 60\n  meters: [cpu]\n"
#define TWO                                                                                                  \
  "sources:\n- name: a\n  interval: 10s\n  meters: [cpu]\n- name: b\n  interval: 1m\n  meters: [memory]\n"
#define BROKEN "sources:\n- name: a\n  interval: soon\n  meters: [cpu]\n"

typedef struct
{
  char *folder, *conf, *polling;
  GMainContext *context;
  HmSettings *settings;
  HmAgentConfig *config;
  HmKeys *keys;
  HmReload *reload;
  HmPolling *current; /* in force: the last that was applied */
  GString *said;
  guint applied;    /* times */
  gboolean refuses; /* what is to be applied */
} Fixture;

static void
take_line (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED, const char *text,
           gpointer user)
{
  Fixture *f = user;

  g_string_append_printf (f->said, "%s\n", text);
}

static gboolean
load (gpointer user, HmSettings **ret_settings, HmAgentConfig **ret_config, GError **error)
{
  const Fixture *f = user;
  g_autoptr (HmSettings) settings = hm_settings_load (f->conf, TRUE, NULL, error);
  HmAgentConfig *config = settings != NULL ? hm_agent_config_new (settings, f->conf, NULL, error) : NULL;

  if (config == NULL)
    return FALSE;
  *ret_settings = g_steal_pointer (&settings);
  *ret_config = config;
  return TRUE;
}

static gboolean
check (gpointer user, const HmPolling *polling G_GNUC_UNUSED, GError **error)
{
  const Fixture *f = user;

  if (f->refuses)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "not this one");
  return !f->refuses;
}

static void
apply (gpointer user, HmPolling *polling)
{
  Fixture *f = user;

  f->applied++;
  hm_polling_unref (f->current);
  f->current = hm_polling_ref (polling);
}

/* @more: of agent.conf, after the file's name. */
static void
write_conf (const Fixture *f, const char *more)
{
  g_autofree char *text = g_strdup_printf ("[agent]\npolling=%s\n%s", f->polling, more);

  kit_write_file (f->folder, "agent.conf", text);
}

/* Another file renamed over the old one, from another folder. */
static void
replace_polling (const Fixture *f, const char *text)
{
  g_autofree char *folder = g_build_filename (f->folder, "staging", NULL);
  g_autofree char *other = g_build_filename (folder, "new.yaml", NULL);

  assert_int_equal (g_mkdir (folder, 0700), 0);
  kit_write_file (folder, "new.yaml", text);
  assert_int_equal (g_rename (other, f->polling), 0);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);
  HmReloadParts parts = { load, f, check, apply, f, NULL, NULL };
  g_autoptr (GError) error = NULL;

  f->folder = kit_temp_folder ();
  f->conf = g_build_filename (f->folder, "agent.conf", NULL);
  f->polling = g_build_filename (f->folder, "polling.yaml", NULL);
  f->said = g_string_new (NULL);
  f->context = parts.context = g_main_context_new ();
  kit_write_file (f->folder, "polling.yaml", ONE);
  write_conf (f, "");
  if (!load (f, &f->settings, &f->config, &error))
    fail_msg ("%s", error->message);
  f->current = hm_polling_ref (f->config->polling);
  parts.keys = f->keys = hm_keys_new (f->config->keys, hm_clock_system (), NULL);
  f->reload = hm_reload_new (&parts, f->settings, f->config);
  hm_log_capture (take_line, f);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_log_capture (NULL, NULL);
  hm_reload_free (f->reload);
  hm_polling_unref (f->current);
  hm_keys_free (f->keys);
  hm_agent_config_free (f->config);
  hm_settings_free (f->settings);
  g_main_context_unref (f->context);
  g_string_free (f->said, TRUE);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->conf);
  g_free (f->polling);
  g_free (f);
  return 0;
}

static void
expect_said (const Fixture *f, const char *part)
{
  if (strstr (f->said->str, part) == NULL)
    fail_msg ("\"%s\" is not in: %s", part, f->said->str);
}

static guint
count_said (const Fixture *f, const char *part)
{
  guint n = 0;

  for (const char *at = f->said->str; (at = strstr (at, part)) != NULL; at++)
    n++;
  return n;
}

static void
expect_silence (const Fixture *f)
{
  assert_string_equal (f->said->str, "");
}

static const HmPollingSource *
first (const Fixture *f)
{
  return g_ptr_array_index (f->current->sources, 0);
}

/* Lets the log say the same line again within a minute. */
static void
forget_lines (Fixture *f)
{
  hm_log_capture (take_line, f);
}

/* -- on SIGHUP -- */

static void
reload_applies_and_says_what_changed (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "polling.yaml", TWO);
  assert_true (hm_reload_all (f->reload));
  assert_int_equal (f->applied, 1);
  assert_int_equal (first (f)->interval_ns, 10 * HM_NSEC_PER_SEC);
  expect_said (f, "source a: interval 1m to 10s; source b: new, each 1m");
}

static void
reload_keeps_the_old_polling_when_the_new_one_is_wrong (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "polling.yaml", BROKEN);
  assert_false (hm_reload_all (f->reload));
  assert_int_equal (f->applied, 0);
  assert_int_equal (first (f)->interval_ns, 60 * HM_NSEC_PER_SEC);
  expect_said (f, "polling.yaml:3: source a: invalid interval value \"soon\"");
}

static void
reload_keeps_the_old_polling_when_it_cannot_be_applied (void **state)
{
  Fixture *f = *state;

  f->refuses = TRUE;
  kit_write_file (f->folder, "polling.yaml", TWO);
  assert_false (hm_reload_all (f->reload));
  assert_int_equal (first (f)->interval_ns, 60 * HM_NSEC_PER_SEC);
  expect_said (f, "not this one");
}

static void
reload_applies_nothing_when_nothing_changed (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "polling.yaml", "# a comment\n" ONE);
  assert_true (hm_reload_all (f->reload));
  assert_int_equal (f->applied, 0);
  expect_said (f, "is as it was");
}

static void
reload_keeps_all_when_the_configuration_is_wrong (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "polling.yaml", TWO);
  write_conf (f, "interval=soon\n");
  assert_false (hm_reload_all (f->reload));
  assert_int_equal (f->applied, 0);
  expect_said (f, "agent.conf, [agent]: interval:");
  expect_said (f, "the configuration in force stays");
}

static void
reload_takes_interval_and_meters_when_there_is_no_file_any_more (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "agent.conf", "[agent]\npolling=\ninterval=5s\nmeters=cpu\n");
  assert_true (hm_reload_all (f->reload));
  assert_int_equal (first (f)->interval_ns, 5 * HM_NSEC_PER_SEC);
  expect_said (f, "source default: new, each 5s; source a: gone");
  assert_int_equal (count_said (f, "needs a restart"), 0);
}

static void
reload_names_once_each_key_that_needs_a_restart (void **state)
{
  Fixture *f = *state;

  write_conf (f, "id=other\n[inspector]\nuri=test:///default\n");
  assert_true (hm_reload_all (f->reload));
  forget_lines (f);
  assert_true (hm_reload_all (f->reload));
  assert_int_equal (count_said (f, "[agent] id has changed: that needs a restart"), 1);
  assert_int_equal (count_said (f, "[inspector] uri has changed: that needs a restart"), 1);
  assert_int_equal (count_said (f, "[agent] polling"), 0);
  write_conf (f, "");
  assert_true (hm_reload_all (f->reload));
  write_conf (f, "id=third\n");
  forget_lines (f);
  assert_true (hm_reload_all (f->reload));
  assert_int_equal (count_said (f, "[agent] id has changed"), 2);
}

/* -- keys -- */

/* With a file that holds it 64 times. */
static void
write_key (const Fixture *f, char digit)
{
  g_autofree char *digits = g_strnfill (64, digit);
  g_autofree char *path = g_build_filename (f->folder, "key", NULL);
  g_autofree char *more = g_strdup_printf ("[key:%c]\nfile=%s\n", digit, path);

  kit_write_file (f->folder, "key", digits);
  assert_int_equal (g_chmod (path, 0600), 0);
  write_conf (f, more);
}

static void
expect_signature (const Fixture *f, const char *prefix)
{
  g_autofree char *signature = hm_keys_sign (f->keys, "i-1", "id", "v", 1);

  if (signature == NULL || !g_str_has_prefix (signature, prefix))
    fail_msg ("\"%s\" does not begin with %s", signature, prefix);
}

static void
reload_takes_keys_without_a_restart (void **state)
{
  Fixture *f = *state;

  write_key (f, 'a');
  assert_true (hm_reload_all (f->reload));
  expect_said (f, "keys from now on: a");
  expect_signature (f, "v1;a;");
  write_key (f, 'b');
  assert_true (hm_reload_all (f->reload));
  expect_signature (f, "v1;b;");
  assert_int_equal (count_said (f, "needs a restart"), 0);
}

static void
reload_keeps_keys_and_polling_when_a_key_is_wrong (void **state)
{
  Fixture *f = *state;

  write_key (f, 'a');
  assert_true (hm_reload_all (f->reload));
  kit_write_file (f->folder, "polling.yaml", TWO);
  write_key (f, 'x');
  assert_false (hm_reload_all (f->reload));
  expect_said (f, "agent.conf, [key:x]: file: ");
  expect_said (f, "the configuration in force stays");
  assert_int_equal (f->applied, 0);
  expect_signature (f, "v1;a;");
}

static void
reload_keeps_keys_and_polling_when_the_polling_cannot_be_applied (void **state)
{
  Fixture *f = *state;

  write_key (f, 'a');
  assert_true (hm_reload_all (f->reload));
  kit_write_file (f->folder, "polling.yaml", TWO);
  write_key (f, 'b');
  f->refuses = TRUE;
  assert_false (hm_reload_all (f->reload));
  expect_said (f, "not this one: the configuration in force stays");
  assert_int_equal (count_said (f, "keys from now on: b"), 0);
  assert_int_equal (f->applied, 0);
  expect_signature (f, "v1;a;");
}

/* -- by a change of the file -- */

static gboolean
on_deadline (gpointer user G_GNUC_UNUSED)
{
  fail_msg ("nothing came of the change in time");
  return G_SOURCE_REMOVE;
}

/* Lets the context run until @done says so. */
static void
run_until (const Fixture *f, gboolean (*done) (const Fixture *f))
{
  GSource *deadline = g_timeout_source_new_seconds (60);

  g_source_set_callback (deadline, on_deadline, NULL, NULL);
  g_source_attach (deadline, f->context);
  while (!done (f))
    g_main_context_iteration (f->context, TRUE);
  g_source_destroy (deadline);
  g_source_unref (deadline);
}

static gboolean
was_applied (const Fixture *f)
{
  return f->applied > 0;
}

static gboolean
was_said (const Fixture *f)
{
  return f->said->len > 0;
}

static void
reload_follows_the_file_when_another_is_renamed_over_it (void **state)
{
  Fixture *f = *state;

  replace_polling (f, TWO);
  run_until (f, was_applied);
  assert_int_equal (first (f)->interval_ns, 10 * HM_NSEC_PER_SEC);
  expect_said (f, "source a: interval 1m to 10s");
}

static void
reload_follows_the_file_when_it_is_written_again_after_a_mistake (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "polling.yaml", BROKEN);
  run_until (f, was_said);
  expect_said (f, "polling.yaml:3: source a: invalid interval value");
  expect_said (f, "the polling in force stays");
  kit_write_file (f->folder, "polling.yaml", TWO);
  run_until (f, was_applied);
  assert_int_equal (first (f)->interval_ns, 10 * HM_NSEC_PER_SEC);
}

static void
reload_says_a_mistake_of_the_file_once (void **state)
{
  Fixture *f = *state;

  kit_write_file (f->folder, "polling.yaml", BROKEN);
  assert_false (hm_reload_polling (f->reload));
  g_string_truncate (f->said, 0);
  forget_lines (f);
  assert_false (hm_reload_polling (f->reload));
  expect_silence (f);
  kit_write_file (f->folder, "polling.yaml", ONE);
  assert_true (hm_reload_polling (f->reload));
  expect_said (f, "polling.yaml is good again");
  kit_write_file (f->folder, "polling.yaml", BROKEN);
  assert_false (hm_reload_polling (f->reload));
  expect_said (f, "the polling in force stays");
}

static void
reload_keeps_the_polling_when_its_file_goes_away (void **state)
{
  Fixture *f = *state;

  assert_int_equal (g_unlink (f->polling), 0);
  run_until (f, was_said);
  expect_said (f, "No such file or directory: the polling in force stays");
  assert_int_equal (f->applied, 0);
}

/* As Kubernetes mounts a configuration: the file is a link into a folder that is itself a link, and that one is turned. */
static void
reload_follows_the_file_when_a_link_on_its_way_is_turned (void **state)
{
  Fixture *f = *state;
  g_autofree char *old = g_build_filename (f->folder, "old", NULL),
                  *new = g_build_filename (f->folder, "new", NULL);
  g_autofree char *link = g_build_filename (f->folder, "data", NULL);
  g_autofree char *other = g_build_filename (f->folder, "other", NULL);

  assert_int_equal (g_mkdir (old, 0700) | g_mkdir (new, 0700), 0);
  kit_write_file (old, "polling.yaml", ONE);
  kit_write_file (new, "polling.yaml", TWO);
  assert_int_equal (symlink ("old", link) | g_unlink (f->polling) | symlink ("data/polling.yaml", f->polling),
                    0);
  assert_int_equal (symlink ("new", other) | g_rename (other, link), 0);
  run_until (f, was_applied);
  assert_int_equal (first (f)->interval_ns, 10 * HM_NSEC_PER_SEC);
}

/* -- words -- */

static HmPolling *
polling_of (const Fixture *f, const char *text)
{
  kit_write_file (f->folder, "polling.yaml", text);
  return hm_polling_load (f->polling, NULL);
}

static void
expect_described (const Fixture *f, const char *before_text, const char *after_text, const char *expected)
{
  g_autoptr (HmPolling) before = polling_of (f, before_text);
  g_autoptr (HmPolling) after = polling_of (f, after_text);
  g_autofree char *text = hm_reload_describe (before, after);

  if (g_strcmp0 (text, expected) != 0)
    fail_msg ("\"%s\", not \"%s\"", text, expected);
}

#define A "{name: a, interval: 60, meters: [cpu]}"
#define B "{name: b, interval: 60, meters: [cpu]}"

static void
reload_describes_every_kind_of_change (void **state)
{
  Fixture *f = *state;

  expect_described (f, "sources: [" A "]", "sources: [" A "]", NULL);
  expect_described (f, "sources: [" A "]", "sources: [{name: a, interval: 1m, meters: [cpu]}]", NULL);
  expect_described (f, "sources: [" A "]", "sources: [{name: a, interval: 60, meters: [cpu, memory]}]",
                    "source a: meters");
  expect_described (f, "sources: [" A "]",
                    "sources: [{name: a, interval: 60, meters: [cpu], resources: [x]}]",
                    "source a: resources");
  expect_described (f, "sources: [" A "]", "sources: [" B "]", "source b: new, each 1m; source a: gone");
  expect_described (f, "sources: [" A ", " B "]", "sources: [" B ", " A "]", "the order of the sources");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (reload_applies_and_says_what_changed),
    CASE (reload_keeps_the_old_polling_when_the_new_one_is_wrong),
    CASE (reload_keeps_the_old_polling_when_it_cannot_be_applied),
    CASE (reload_applies_nothing_when_nothing_changed),
    CASE (reload_keeps_all_when_the_configuration_is_wrong),
    CASE (reload_takes_interval_and_meters_when_there_is_no_file_any_more),
    CASE (reload_names_once_each_key_that_needs_a_restart),
    CASE (reload_takes_keys_without_a_restart),
    CASE (reload_keeps_keys_and_polling_when_a_key_is_wrong),
    CASE (reload_keeps_keys_and_polling_when_the_polling_cannot_be_applied),
    CASE (reload_follows_the_file_when_another_is_renamed_over_it),
    CASE (reload_follows_the_file_when_it_is_written_again_after_a_mistake),
    CASE (reload_says_a_mistake_of_the_file_once),
    CASE (reload_keeps_the_polling_when_its_file_goes_away),
    CASE (reload_follows_the_file_when_a_link_on_its_way_is_turned),
    CASE (reload_describes_every_kind_of_change),
  };

  return cmocka_run_group_tests_name ("reload", tests, NULL, NULL);
}
