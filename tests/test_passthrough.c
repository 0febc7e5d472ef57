/* SPDX-License-Identifier: Apache-2.0 */
/* What is passed on to a library, in which order, and what is not. The library here writes down what it is told. */
#include "tests/kit.h"

#include <string.h>

#include <glib/gstdio.h>

#include "metering/passthrough.h"

static const HmOption table[] = {
  { .key = "bus.", .type = HM_OPTION_PREFIX, .help = "For the library" },
  { .key = NULL },
};

/* Takes any pair but those of the keys `unknown` and `stale`. */
static const char *
note (gpointer target, const char *key, const char *value)
{
  if (g_str_equal (key, "unknown") || g_str_equal (key, "stale"))
    return "no such key";
  g_string_append_printf (target, "%s=%s;", key, value);
  return NULL;
}

static const HmPassPair defaults[] = { { "servers", "here" }, { NULL } };
static const HmPassPair guarantee[] = { { "acks", "all" }, { NULL } };
static const HmPassPair stale[] = { { "stale", "1" }, { NULL } };
static const char *const refused[] = { "required.acks", NULL };
static const HmPassthrough keys = {
  .prefix = "bus.",
  .subject = "delivery",
  .defaults = defaults,
  .guarantee = guarantee,
  .refused = refused,
  .set = note,
};

static gboolean
apply (const HmPassthrough *what, const char *key, const char *value, GString *ret_told, GError **error)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (HmOptions) options = NULL;

  if (key != NULL)
    g_hash_table_insert (pairs, g_strdup (key), g_strdup (value));
  options = hm_options_new (table, pairs, "the test", NULL);
  assert_non_null (options);
  return hm_passthrough_apply (what, options, ret_told, error);
}

static void
assert_told (const char *key, const char *value, const char *expected)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (!apply (&keys, key, value, told, &error))
    fail_msg ("%s", error->message);
  assert_string_equal (told->str, expected);
}

static void
assert_refused (const char *key, const char *value, const char *message)
{
  g_autoptr (GString) told = g_string_new (NULL);
  GError *error = NULL;

  assert_false (apply (&keys, key, value, told, &error));
  assert_null (strstr (error->message, "hunter2"));
  kit_assert_error (&error, HM_ERROR_CONFIG, message);
}

static void
passthrough_lets_the_user_have_the_word_between_defaults_and_guarantee (void **state G_GNUC_UNUSED)
{
  assert_told (NULL, NULL, "servers=here;acks=all;");
  assert_told ("bus.servers", "there", "servers=here;servers=there;acks=all;");
}

static void
passthrough_refuses_a_key_when_the_guarantee_rests_on_it (void **state G_GNUC_UNUSED)
{
  assert_refused ("bus.acks", "hunter2", "bus.acks: delivery rests on this key, so it cannot be set");
  assert_refused ("bus.required.acks", "1", "bus.required.acks: delivery rests on this key");
  assert_refused ("bus.acks.file", "/nowhere", "bus.acks.file: delivery rests on this key");
}

static void
passthrough_names_the_key_and_no_value_when_the_library_refuses_it (void **state G_GNUC_UNUSED)
{
  assert_refused ("bus.unknown", "hunter2", "bus.unknown: no such key");
}

static void
passthrough_takes_a_value_from_a_file_when_the_key_says_so (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "secret", NULL);
  g_autofree char *missing = g_strdup_printf ("bus.password.file: %s: ", path);

  assert_refused ("bus.password.file", path, missing);
  kit_write_file (folder, "secret", "hunter2\n");
  assert_int_equal (g_chmod (path, 0600), 0);
  assert_told ("bus.password.file", path, "servers=here;password=hunter2;acks=all;");
  assert_refused ("bus.unknown.file", path, "bus.unknown.file: no such key");
  kit_remove_tree (folder);
}

static void
passthrough_fails_as_ours_when_the_library_does_not_take_what_we_set (void **state G_GNUC_UNUSED)
{
  HmPassthrough first = keys, last = keys;
  g_autoptr (GString) told = g_string_new (NULL);
  GError *error = NULL;

  first.defaults = stale;
  assert_false (apply (&first, NULL, NULL, told, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, "bus.stale: no such key");
  last.guarantee = stale;
  assert_false (apply (&last, NULL, NULL, told, &error));
  kit_assert_error (&error, HM_ERROR_INTERNAL, "bus.stale: no such key");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (passthrough_lets_the_user_have_the_word_between_defaults_and_guarantee),
    cmocka_unit_test (passthrough_refuses_a_key_when_the_guarantee_rests_on_it),
    cmocka_unit_test (passthrough_names_the_key_and_no_value_when_the_library_refuses_it),
    cmocka_unit_test (passthrough_takes_a_value_from_a_file_when_the_key_says_so),
    cmocka_unit_test (passthrough_fails_as_ours_when_the_library_does_not_take_what_we_set),
  };

  return cmocka_run_group_tests_name ("passthrough", tests, NULL, NULL);
}
