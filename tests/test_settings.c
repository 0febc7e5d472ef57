/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/settings.c and settings_file.c. */
#include "tests/kit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "metering/files.h"
#include "metering/settings.h"

static const HmOption agent_table[] = {
  { .key = "id", .type = HM_OPTION_TEXT, .help = "x" },
  { .key = "interval", .type = HM_OPTION_DURATION, .fallback = "60s", .help = "x" },
  { .key = "workers", .type = HM_OPTION_INTEGER, .help = "x" },
  { .key = NULL },
};

/* A folder with "a.conf" in it, and room for drop-ins. */
typedef struct
{
  char *folder, *path;
} Fixture;

static int
set_up (void **state)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  fixture->folder = kit_temp_folder ();
  fixture->path = g_build_filename (fixture->folder, "a.conf", NULL);
  *state = fixture;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *fixture = *state;

  kit_remove_tree (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
  g_free (fixture);
  return 0;
}

static HmSettings *
load (const Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;
  HmSettings *settings;

  kit_write_file (fixture->folder, "a.conf", text);
  settings = hm_settings_load (fixture->path, TRUE, NULL, &error);
  if (settings == NULL)
    fail_msg ("%s", error->message);
  return settings;
}

static void
add_drop_in (const Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *folder = g_strconcat (fixture->path, ".d", NULL);

  g_mkdir_with_parents (folder, 0700);
  kit_write_file (folder, name, text);
}

/* -- layers -- */

static void
settings_give_typed_values_of_a_section (void **state)
{
  g_autoptr (HmSettings) settings
      = load (*state, "# comment\n\n[agent]\n id = node 17 \ninterval=10s\r\n[other]\n");
  g_autoptr (HmOptions) options = hm_settings_section (settings, "agent", agent_table, NULL);

  assert_non_null (options);
  assert_string_equal (hm_options_text (options, "id"), "node 17");
  assert_true (hm_options_integer (options, "interval") == 10 * HM_NSEC_PER_SEC);
  assert_true (hm_settings_has (settings, "other"));
  assert_false (hm_settings_has (settings, "third"));
  assert_string_equal (hm_settings_peek (settings, "agent", "interval"), "10s");
  assert_null (hm_settings_peek (settings, "agent", "workers"));
  assert_null (hm_settings_peek (settings, "third", "x"));
}

static void
settings_are_defaults_when_there_is_no_file (void **state)
{
  const Fixture *fixture = *state;
  g_autoptr (HmSettings) without = hm_settings_load (NULL, TRUE, NULL, NULL);
  g_autoptr (HmSettings) missing = hm_settings_load (fixture->path, FALSE, NULL, NULL);
  g_autoptr (HmOptions) options = NULL;
  g_autoptr (GError) error = NULL;

  assert_non_null (without);
  assert_non_null (missing);
  options = hm_settings_section (missing, "agent", agent_table, NULL);
  assert_true (hm_options_integer (options, "interval") == 60 * HM_NSEC_PER_SEC);
  assert_true (hm_settings_finish (missing, NULL));

  assert_null (hm_settings_load (fixture->path, TRUE, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, fixture->path);
}

static void
settings_lay_drop_ins_and_overrides_over_the_file (void **state)
{
  const Fixture *fixture = *state;
  const char *const overrides[]
      = { "agent.workers=4", "publisher:kafka.kafka.bootstrap.servers=a=b.c", NULL };
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmOptions) options = NULL;

  kit_write_file (fixture->folder, "a.conf", "[agent]\nid=main\nworkers=1\n");
  add_drop_in (fixture, "20-late.conf", "[agent]\nworkers=3\ninterval=3s\n");
  add_drop_in (fixture, "10-early.conf", "[agent]\nworkers=2\ninterval=2s\n[extra]\n");
  add_drop_in (fixture, ".hidden.conf", "[agent]\nid=hidden\n");
  add_drop_in (fixture, "30-other.txt", "[agent]\nid=other\n");
  settings = hm_settings_load (fixture->path, TRUE, overrides, NULL);
  assert_non_null (settings);
  options = hm_settings_section (settings, "agent", agent_table, NULL);
  assert_string_equal (hm_options_text (options, "id"), "main");
  assert_int_equal (hm_options_integer (options, "workers"), 4);
  assert_true (hm_options_integer (options, "interval") == 3 * HM_NSEC_PER_SEC);
  assert_string_equal (hm_settings_peek (settings, "publisher:kafka", "kafka.bootstrap.servers"), "a=b.c");
}

static void
settings_list_sections_in_file_order (void **state)
{
  g_autoptr (HmSettings) settings = load (*state, "[publisher:z]\n[agent]\n[publisher:a]\n");
  g_auto (GStrv) names = hm_settings_sections (settings, "publisher:");
  g_auto (GStrv) none = hm_settings_sections (settings, "store:");

  assert_string_equal (names[0], "publisher:z");
  assert_string_equal (names[1], "publisher:a");
  assert_null (names[2]);
  assert_null (none[0]);
}

static void
settings_read_back_what_options_printed (void **state)
{
  static const char *const texts[] = { " leading",  "trailing ",     " ", "back\\slash",
                                       "a\nb\tc\r", "$HOME ${X} $$", "",  "#no comment",
                                       "k=v" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GHashTable) pairs = g_hash_table_new (g_str_hash, g_str_equal);
      g_autoptr (GString) out = g_string_new ("[agent]\n");
      g_autoptr (HmOptions) options = NULL;
      g_autoptr (HmSettings) settings = NULL;

      g_autofree char *value = g_strdup (texts[i]);
      char key[] = "id";

      g_hash_table_insert (pairs, key, value);
      options = hm_options_new (agent_table, pairs, "x", NULL);
      hm_options_print (options, i % 2 == 0, out);
      settings = load (*state, out->str);
      assert_string_equal (hm_settings_peek (settings, "agent", "id"), texts[i]);
    }
}

/* -- variables -- */

static void
settings_replace_variables_from_the_environment (void **state)
{
  g_autoptr (HmSettings) settings = NULL;

  g_setenv ("HYPERMETER_TEST_A", "alpha ${HYPERMETER_TEST_B} $x", TRUE);
  settings = load (*state, "[agent]\nid=<${HYPERMETER_TEST_A}>$$${HYPERMETER_TEST_A}\n");
  g_unsetenv ("HYPERMETER_TEST_A");
  assert_string_equal (hm_settings_peek (settings, "agent", "id"),
                       "<alpha ${HYPERMETER_TEST_B} $x>$alpha ${HYPERMETER_TEST_B} $x");
}

/* -- refusals -- */

static void
expect_refused (const Fixture *fixture, const char *text, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = g_strconcat (fixture->path, part, NULL);

  kit_write_file (fixture->folder, "a.conf", text);
  assert_null (hm_settings_load (fixture->path, TRUE, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, message);
}

static void
settings_refuse_a_file_with_the_line_that_is_wrong (void **state)
{
  expect_refused (*state, "[agent]\nid=1\n\n[agent]\n", ":4: section agent is there already, in line 1");
  expect_refused (*state, "[agent]\nid=1\nworkers=2\n id =3\n", ":4: key id is there already, in line 2");
  expect_refused (*state, "[agent]\nid[de]=1\n", ":2: a key has no [ or ] in it");
  expect_refused (*state, "[agent]\nid=1\nid[de]=1\n", ":3: a key has no [ or ] in it");
  expect_refused (*state, "id=1\n[agent]\n", ":1: a key stands before the first [section]");
  expect_refused (*state, "[agent]\nid\n", ":2: it is neither");
  expect_refused (*state, "[agent]\n=1\n", ":2: it is neither");
  expect_refused (*state, "[agent\n", ":1: a section is [name]");
  expect_refused (*state, "[]\n", ":1: a section is [name]");
  expect_refused (*state, "[a[b]\n", ":1: a section is [name]");
  expect_refused (*state, "[agent] trailing\n", ":1: a section is [name]");
  expect_refused (*state, "[agent]\nid=\xff\n", ":2: it is not UTF-8");
}

static void
settings_take_the_same_key_in_two_sections (void **state)
{
  g_autoptr (HmSettings) settings = load (*state, "[a]\nid=1\n[b]\nid=2\n");

  assert_string_equal (hm_settings_peek (settings, "a", "id"), "1");
  assert_string_equal (hm_settings_peek (settings, "b", "id"), "2");
}

static void
settings_refuse_a_value_that_cannot_be_read (void **state)
{
  expect_refused (*state, "[agent]\nid=a\\q\n", ", [agent]: id: a backslash stands before");
  expect_refused (*state, "[agent]\nid=${HYPERMETER_TEST_NONE}\n",
                  ", [agent]: id: there is no environment variable HYPERMETER_TEST_NONE");
  expect_refused (*state, "[agent]\nid=${}\n", ", [agent]: id: a variable is ${NAME}");
  expect_refused (*state, "[agent]\nid=${OPEN\n", ", [agent]: id: a variable is ${NAME}");
  expect_refused (*state, "[agent]\nid=a$b\n", ", [agent]: id: a $ stands before");
  expect_refused (*state, "[agent]\nid=a$\n", ", [agent]: id: a $ stands before");
}

static void
settings_refuse_a_file_that_is_too_large_or_binary (void **state)
{
  const Fixture *fixture = *state;
  g_autofree char *large = g_strnfill (1024 * 1024 + 1, '#');
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSettings) fits = NULL;

  expect_refused (fixture, large, ": it is larger than 1048576 bytes");
  large[1024 * 1024] = '\0';
  fits = load (fixture, large);

  assert_true (g_file_set_contents (fixture->path, "[a]\nid=\0x\n", 10, NULL));
  assert_null (hm_settings_load (fixture->path, TRUE, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "NUL");
  assert_null (hm_settings_load (fixture->folder, TRUE, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, fixture->folder);
}

static void
settings_refuse_a_broken_drop_in_by_its_own_name (void **state)
{
  const Fixture *fixture = *state;
  g_autoptr (GError) error = NULL;

  kit_write_file (fixture->folder, "a.conf", "[agent]\n");
  add_drop_in (fixture, "10.conf", "[agent]\nid=1\nid=2\n");
  assert_null (hm_settings_load (fixture->path, TRUE, NULL, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "a.conf.d/10.conf:3: key id");
}

static char **
list_fails (HmFiles *self G_GNUC_UNUSED, const char *path G_GNUC_UNUSED)
{
  errno = EIO;
  return NULL;
}

/* As after the first of its names: what nobody has read may be what counts. */
static void
settings_refuse_a_folder_of_drop_ins_when_it_cannot_be_read (void **state)
{
  const Fixture *fixture = *state;
  HmFiles *files = hm_files_system (), as_they_are = *files;
  g_autoptr (GError) error = NULL;
  HmSettings *settings;

  kit_write_file (fixture->folder, "a.conf", "[agent]\n");
  add_drop_in (fixture, "10.conf", "[agent]\nid=1\n");
  files->list = list_fails;
  settings = hm_settings_load (fixture->path, TRUE, NULL, &error);
  *files = as_they_are;
  assert_null (settings);
  kit_assert_error (&error, HM_ERROR_CONFIG, "a.conf.d: Input/output error");
}

static void
settings_name_the_layer_that_brought_a_wrong_value (void **state)
{
  const Fixture *fixture = *state;
  const char *const overrides[] = { "agent.workers=x", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmSettings) overridden = NULL;

  kit_write_file (fixture->folder, "a.conf", "[agent]\nid=fine\n");
  add_drop_in (fixture, "10.conf", "[agent]\nintervall=1s\n");
  settings = hm_settings_load (fixture->path, TRUE, NULL, NULL);
  assert_null (hm_settings_section (settings, "agent", agent_table, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "a.conf.d/10.conf, [agent]: intervall: unknown key");

  add_drop_in (fixture, "10.conf", "");
  overridden = hm_settings_load (fixture->path, TRUE, overrides, NULL);
  assert_null (hm_settings_section (overridden, "agent", agent_table, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "command line, [agent]: workers: \"x\" is not a whole number");
}

static void
settings_refuse_an_override_that_is_not_one (void **state)
{
  static const char *const wrong[]
      = { "agent", "agent.id", "agent=1", ".id=1", "agent.=1", "agent=a.b", "=", "" };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *const overrides[] = { wrong[i], NULL };
      g_autoptr (GError) error = NULL;

      assert_null (hm_settings_load (NULL, FALSE, overrides, &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, "is not SECTION.KEY=VALUE");
    }
}

static void
settings_finish_refuses_a_section_that_nobody_asked_for (void **state)
{
  g_autoptr (HmSettings) settings = load (*state, "[agent]\n[agnet]\n");
  g_autoptr (HmOptions) options = hm_settings_section (settings, "agent", agent_table, NULL);
  g_autoptr (HmOptions) second = NULL;
  g_autoptr (GError) error = NULL;

  assert_true (hm_settings_has (settings, "agnet"));
  assert_false (hm_settings_finish (settings, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "a.conf, [agnet]: unknown section");
  second = hm_settings_section (settings, "agnet", agent_table, NULL);
  assert_true (hm_settings_finish (settings, &error));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    WITH_FOLDER (settings_give_typed_values_of_a_section),
    WITH_FOLDER (settings_are_defaults_when_there_is_no_file),
    WITH_FOLDER (settings_lay_drop_ins_and_overrides_over_the_file),
    WITH_FOLDER (settings_list_sections_in_file_order),
    WITH_FOLDER (settings_read_back_what_options_printed),
    WITH_FOLDER (settings_replace_variables_from_the_environment),
    WITH_FOLDER (settings_refuse_a_file_with_the_line_that_is_wrong),
    WITH_FOLDER (settings_take_the_same_key_in_two_sections),
    WITH_FOLDER (settings_refuse_a_value_that_cannot_be_read),
    WITH_FOLDER (settings_refuse_a_file_that_is_too_large_or_binary),
    WITH_FOLDER (settings_refuse_a_broken_drop_in_by_its_own_name),
    WITH_FOLDER (settings_refuse_a_folder_of_drop_ins_when_it_cannot_be_read),
    WITH_FOLDER (settings_name_the_layer_that_brought_a_wrong_value),
    WITH_FOLDER (settings_refuse_an_override_that_is_not_one),
    WITH_FOLDER (settings_finish_refuses_a_section_that_nobody_asked_for),
  };

  return cmocka_run_group_tests_name ("settings", tests, NULL, NULL);
}
