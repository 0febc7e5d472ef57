/* SPDX-License-Identifier: Apache-2.0 */
/* What every daemon's command line does: what reaches the daemon, what becomes of its error, which file is
 * written. */
#include "tests/kit.h"

#include <string.h>

#include "metering/program.h"

/* What the daemon of these tests was told, and what it answers. */
static struct
{
  guint calls;
  char *config_path;
  gboolean check_config, own;
  const char *text; /* (nullable) written where --write-config says */
  HmError code;
  const char *message; /* (nullable) it succeeds */
} told;

static gboolean
act (const HmCommandLine *command, GError **error)
{
  told.calls++;
  g_free (told.config_path);
  told.config_path = g_strdup (hm_command_line_config_path (command));
  told.check_config = command->check_config;
  if (command->write_config != NULL && !hm_command_line_write_config (command, told.text, error))
    return FALSE;
  if (told.message != NULL)
    g_set_error_literal (error, HM_ERROR, (gint)told.code, told.message);
  return told.message == NULL;
}

static const GOptionEntry entries[] = {
  { "own", 0, 0, G_OPTION_ARG_NONE, &told.own, "Its own", NULL },
  { NULL },
};

static const HmProgram program = {
  .name = "hypermeter-test",
  .summary = "Tests.",
  .details = "None.",
  .config_file = "/nowhere/test.conf",
  .entries = entries,
  .act = act,
};

static int
set_up (void **state G_GNUC_UNUSED)
{
  memset (&told, 0, sizeof told);
  return 0;
}

static int
tear_down (void **state G_GNUC_UNUSED)
{
  g_free (told.config_path);
  return 0;
}

/* The exit status of the program with these arguments. */
static int G_GNUC_NULL_TERMINATED
run (const char *first, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *name = g_strdup (program.name);
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  va_list args;

  g_ptr_array_add (argv, name);
  va_start (args, first);
  for (const char *arg = first; arg != NULL; arg = va_arg (args, const char *))
    {
      g_ptr_array_add (owned, g_strdup (arg));
      g_ptr_array_add (argv, g_ptr_array_index (owned, owned->len - 1));
    }
  va_end (args);
  g_ptr_array_add (argv, NULL);
  return hm_program_run (&program, (int)argv->len - 1, (char **)argv->pdata);
}

static void
program_hands_the_command_line_to_the_daemon_when_it_is_sound (void **state G_GNUC_UNUSED)
{
  assert_int_equal (run (NULL, NULL), 0);
  assert_string_equal (told.config_path, "/nowhere/test.conf");
  assert_false (told.check_config);
  assert_int_equal (run ("--config", "/there.conf", "--check-config", "--own", NULL), 0);
  assert_string_equal (told.config_path, "/there.conf");
  assert_true (told.check_config);
  assert_true (told.own);
  assert_int_equal (told.calls, 2);
}

static void
program_ends_without_acting_when_the_usage_is_wrong (void **state G_GNUC_UNUSED)
{
  assert_int_equal (run ("--nonsense", NULL), 64);
  assert_int_equal (run ("surplus", NULL), 64);
  assert_int_equal (run ("--config", NULL), 64);
  assert_int_equal (told.calls, 0);
}

static void
program_prints_its_version_without_acting_when_asked (void **state G_GNUC_UNUSED)
{
  assert_int_equal (run ("--version", NULL), 0);
  assert_int_equal (told.calls, 0);
}

static void
program_ends_with_the_status_of_the_error_when_the_daemon_fails (void **state G_GNUC_UNUSED)
{
  told.message = "it does not work";
  told.code = HM_ERROR_UNAVAILABLE;
  assert_int_equal (run (NULL, NULL), 69);
  told.code = HM_ERROR_CONFIG;
  assert_int_equal (run (NULL, NULL), 78);
}

static void
assert_file (const char *path, const char *expected)
{
  g_autofree char *text = NULL;

  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_string_equal (text, expected);
}

static void
program_writes_a_configuration_over_one_when_forced_only (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "test.conf", NULL);
  g_autofree char *option = g_strconcat ("--write-config=", path, NULL);
  g_autofree char *nowhere = g_strconcat ("--write-config=", path, "/x", NULL);

  told.text = "[a]\n";
  assert_int_equal (run (option, NULL), 0);
  assert_file (path, "[a]\n");
  told.text = "[b]\n";
  assert_int_equal (run (option, NULL), 73);
  assert_file (path, "[a]\n");
  assert_int_equal (run (option, "--force", NULL), 0);
  assert_file (path, "[b]\n");
  assert_int_equal (run (nowhere, "--force", NULL), 73);
  kit_remove_tree (folder);
}

static void
program_writes_to_the_file_of_config_when_no_other_is_named (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "test.conf", NULL);

  told.text = "[a]\n";
  assert_int_equal (run ("--config", path, "--write-config", NULL), 0);
  assert_file (path, "[a]\n");
  kit_remove_tree (folder);
}

#define PROGRAM_TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    PROGRAM_TEST (program_hands_the_command_line_to_the_daemon_when_it_is_sound),
    PROGRAM_TEST (program_ends_without_acting_when_the_usage_is_wrong),
    PROGRAM_TEST (program_prints_its_version_without_acting_when_asked),
    PROGRAM_TEST (program_ends_with_the_status_of_the_error_when_the_daemon_fails),
    PROGRAM_TEST (program_writes_a_configuration_over_one_when_forced_only),
    PROGRAM_TEST (program_writes_to_the_file_of_config_when_no_other_is_named),
  };

  return cmocka_run_group_tests_name ("program", tests, NULL, NULL);
}
