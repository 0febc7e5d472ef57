/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/option.c, option_value.c and option_print.c. */
#include "tests/kit.h"

#include <string.h>

static const HmOption table[] = {
  { .key = "id", .type = HM_OPTION_TEXT, .help = "Who this is" },
  { .key = "enabled", .type = HM_OPTION_BOOL, .fallback = "true", .help = "Whether it runs" },
  { .key = "workers", .type = HM_OPTION_INTEGER, .fallback = "2", .min = 1, .max = 16, .help = "Threads" },
  { .key = "offset", .type = HM_OPTION_INTEGER, .help = "Any whole number" },
  { .key = "interval",
    .type = HM_OPTION_DURATION,
    .fallback = "60s",
    .min = HM_NSEC_PER_SEC,
    .max = 3600 * HM_NSEC_PER_SEC,
    .help = "How often" },
  { .key = "max-bytes",
    .type = HM_OPTION_SIZE,
    .fallback = "1MiB",
    .min = 1,
    .max = G_MAXINT64,
    .help = "How much" },
  { .key = "namespaces", .type = HM_OPTION_LIST, .fallback = "a;b", .help = "Which\nof them" },
  { .key = "codec",
    .type = HM_OPTION_CHOICE,
    .fallback = "lz4",
    .choices = "none|lz4|zstd",
    .help = "Compression" },
  { .key = "secret", .type = HM_OPTION_TEXT, .secret = TRUE, .help = "Nobody's business" },
  { .key = "pin", .type = HM_OPTION_INTEGER, .secret = TRUE, .help = "Nobody's business either" },
  { .key = "kafka.", .type = HM_OPTION_PREFIX, .help = "For librdkafka" },
  { .key = "kafka.topic", .type = HM_OPTION_TEXT, .help = "Ours although it looks like librdkafka's" },
  { .key = NULL },
};

static const HmOption with_required[] = {
  { .key = "url", .type = HM_OPTION_TEXT, .required = TRUE, .help = "Where" },
  { .key = NULL },
};

/* Options of @first … (key, value, …, NULL). */
static HmOptions *G_GNUC_NULL_TERMINATED
make (const HmOption *rows, GError **error, ...)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new (g_str_hash, g_str_equal);
  va_list args;
  char *key;

  va_start (args, error);
  while ((key = va_arg (args, char *)) != NULL)
    g_hash_table_insert (pairs, key, va_arg (args, char *));
  va_end (args);
  return hm_options_new (rows, pairs, "agent.conf, [agent]", error);
}

static void
expect_refused (const HmOption *rows, const char *key, const char *value, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *whole = g_strdup_printf ("agent.conf, [agent]: %s: %s", key, message);

  assert_null (make (rows, &error, key, value, NULL));
  kit_assert_error (&error, HM_ERROR_CONFIG, whole);
}

static void
options_have_their_defaults_when_nothing_is_set (void **state)
{
  g_autoptr (HmOptions) options = hm_options_new (table, NULL, "nowhere", NULL);
  const char *const *list;

  (void)state;
  assert_non_null (options);
  assert_null (hm_options_text (options, "id"));
  assert_true (hm_options_bool (options, "enabled"));
  assert_int_equal (hm_options_integer (options, "workers"), 2);
  assert_int_equal (hm_options_integer (options, "offset"), 0);
  assert_true (hm_options_integer (options, "interval") == 60 * HM_NSEC_PER_SEC);
  assert_int_equal (hm_options_integer (options, "max-bytes"), 1024 * 1024);
  assert_string_equal (hm_options_text (options, "codec"), "lz4");
  list = hm_options_list (options, "namespaces");
  assert_string_equal (list[0], "a");
  assert_string_equal (list[1], "b");
  assert_null (list[2]);
  assert_false (hm_options_is_set (options, "workers"));
}

static void
options_take_what_the_user_wrote (void **state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmOptions) options
      = make (table, &error, "id", "node-17", "enabled", "false", "workers", "16", "offset",
              "-9223372036854775808", "interval", "500ms", "codec", "zstd", NULL);

  (void)state;
  assert_null (options); /* 500 ms is below the bound */
  kit_assert_error (&error, HM_ERROR_CONFIG,
                    "agent.conf, [agent]: interval: \"500ms\" is out of range, 1s to 1h");

  options = make (table, &error, "id", "node-17", "enabled", "false", "workers", "16", "offset",
                  "-9223372036854775808", "interval", "10m", "max-bytes", "9223372036854775807", "namespaces",
                  " x ; y;", "codec", "zstd", NULL);
  assert_null (error);
  assert_string_equal (hm_options_text (options, "id"), "node-17");
  assert_false (hm_options_bool (options, "enabled"));
  assert_int_equal (hm_options_integer (options, "workers"), 16);
  assert_true (hm_options_integer (options, "offset") == G_MININT64);
  assert_true (hm_options_integer (options, "interval") == 600 * HM_NSEC_PER_SEC);
  assert_true (hm_options_integer (options, "max-bytes") == G_MAXINT64);
  assert_string_equal (hm_options_list (options, "namespaces")[0], "x");
  assert_string_equal (hm_options_list (options, "namespaces")[1], "y");
  assert_null (hm_options_list (options, "namespaces")[2]);
  assert_string_equal (hm_options_text (options, "codec"), "zstd");
  assert_true (hm_options_is_set (options, "workers"));
  assert_false (hm_options_is_set (options, "secret"));
}

static void
options_refuse_a_wrong_value_with_its_reason (void **state)
{
  (void)state;
  expect_refused (table, "enabled", "yes", "\"yes\" is not true or false");
  expect_refused (table, "enabled", "", "\"\" is not true or false");
  expect_refused (table, "workers", "two", "\"two\" is not a whole number");
  expect_refused (table, "workers", "2.0", "\"2.0\" is not a whole number");
  expect_refused (table, "workers", "+2", "\"+2\" is not a whole number");
  expect_refused (table, "workers", " 2", "\" 2\" is not a whole number");
  expect_refused (table, "workers", "0", "\"0\" is out of range, 1 to 16");
  expect_refused (table, "workers", "17", "\"17\" is out of range, 1 to 16");
  expect_refused (table, "offset", "9223372036854775808", "\"9223372036854775808\" is not a whole number");
  expect_refused (table, "interval", "1 minute", "\"1 minute\" is not a duration like");
  expect_refused (table, "interval", "2h", "\"2h\" is out of range, 1s to 1h");
  expect_refused (table, "max-bytes", "1XB", "\"1XB\" is not a size like");
  expect_refused (table, "max-bytes", "9223372036854775808", "\"9223372036854775808\" is not a size");
  expect_refused (table, "namespaces", "a;;b", "\"a;;b\" is not a list without empty elements");
  expect_refused (table, "codec", "lz", "\"lz\" is not one of none|lz4|zstd");
  expect_refused (table, "codec", "none|lz4", "\"none|lz4\" is not one of");
  expect_refused (table, "id", "\xff", "it is not UTF-8");
  expect_refused (with_required, "url", "", "it must not be empty");
}

static void
options_name_the_nearest_key_when_one_is_unknown (void **state)
{
  static const HmOption empty[] = { { .key = NULL } };

  (void)state;
  expect_refused (table, "intervall", "60s", "unknown key, the nearest known one is \"interval\"");
  expect_refused (table, "woker", "2", "unknown key, the nearest known one is \"workers\"");
  expect_refused (table, "kafka.", "x", "unknown key, the nearest known one is \"kafka.\"");
  expect_refused (empty, "interval", "60s", "unknown key, no keys are known here");
}

static void
options_show_neither_secrets_nor_terminal_codes_in_errors (void **state)
{
  g_autoptr (GError) error = NULL;

  (void)state;
  expect_refused (table, "pin", "hunter2", "the value is not a whole number");
  assert_null (make (table, &error, "pin", "hunter2", NULL));
  assert_null (strstr (error->message, "hunter2"));
  g_clear_error (&error);
  expect_refused (table, "workers", "\x1b[2J", "\"\uFFFD[2J\" is not a whole number");
}

static void
options_say_so_when_a_required_one_is_missing (void **state)
{
  g_autoptr (GError) error = NULL;

  (void)state;
  assert_null (make (with_required, &error, NULL));
  kit_assert_error (&error, HM_ERROR_CONFIG, "agent.conf, [agent]: url: it is required and not set");
}

static void
append_pair (const char *key, const char *value, gpointer user)
{
  g_string_append_printf (user, "%s=%s;", key, value);
}

static void
options_pass_on_every_key_of_a_prefix_sorted (void **state)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (HmOptions) options = make (table, NULL, "kafka.linger.ms", "5", "kafka.bootstrap.servers",
                                        "a:1,b:2", "kafka.topic", "t", "kafka.empty", "", NULL);

  (void)state;
  assert_non_null (options);
  hm_options_prefixed (options, "kafka.", append_pair, seen);
  assert_string_equal (seen->str, "bootstrap.servers=a:1,b:2;empty=;linger.ms=5;");
  assert_string_equal (hm_options_text (options, "kafka.topic"), "t");
  assert_true (hm_options_is_set (options, "kafka."));
}

static void
options_print_what_is_in_force_without_secrets (void **state)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (HmOptions) options
      = make (table, NULL, "id", " a\\b $x\n", "secret", "hunter2", "kafka.ssl.key.password", "hunter2",
              "kafka.sasl.oauthbearer.client.secret", "hunter2", "kafka.ssl.key.pem", "hunter2",
              "kafka.ssl.key.location", "/etc/key", "kafka.proxy", "http://u:hunter2@h/p", NULL);

  (void)state;
  hm_options_print (options, FALSE, out);
  assert_string_equal (out->str, "id=\\sa\\\\b $$x\\n\n"
                                 "enabled=true\n"
                                 "workers=2\n"
                                 "interval=60s\n"
                                 "max-bytes=1MiB\n"
                                 "namespaces=a;b\n"
                                 "codec=lz4\n"
                                 "secret=******\n"
                                 "kafka.proxy=http://u:******@h/p\n"
                                 "kafka.sasl.oauthbearer.client.secret=******\n"
                                 "kafka.ssl.key.location=/etc/key\n"
                                 "kafka.ssl.key.password=******\n"
                                 "kafka.ssl.key.pem=******\n");
}

static void
options_print_urls_without_passwords (void **state)
{
  static const struct
  {
    const char *url, *printed;
  } urls[] = { { "postgresql://u:hunter2@h:5432/db", "postgresql://u:******@h:5432/db" },
               { "postgresql:///db?password=hunter2", "postgresql:///db?password=******" },
               { "postgresql://u@h/db?user=v&sslpassword=hunter2&sslmode=require",
                 "postgresql://u@h/db?user=v&sslpassword=******&sslmode=require" },
               { "postgresql://h?passw%6Frd=hunter2", "postgresql://h?passw%6Frd=******" },
               { "postgresql://h?%zz=hunter2", "postgresql://h?%zz=******" },
               { "postgresql://u:hunter?2@h/db?passfile=/p", "postgresql://u:******@h/db?passfile=/p" },
               { "sqlite:///var/lib/usage.db", "sqlite:///var/lib/usage.db" } };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (HmOptions) options = make (table, NULL, "id", urls[i].url, NULL);
      g_autofree char *line = g_strdup_printf ("id=%s\n", urls[i].printed);

      hm_options_print (options, FALSE, out);
      assert_true (g_str_has_prefix (out->str, line));
    }
}

static void
options_print_help_and_defaults_when_comments_are_asked_for (void **state)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (HmOptions) options = make (table, NULL, "workers", "3", NULL);

  (void)state;
  hm_options_print (options, TRUE, out);
  assert_non_null (strstr (out->str, "# Who this is\n# (text)\n#id=\n\n"));
  assert_non_null (strstr (out->str, "# Threads\n# (whole number, 1 to 16; default 2)\nworkers=3\n\n"));
  assert_non_null (strstr (out->str, "# How often\n# (duration, 1s to 1h; default 60s)\n#interval=60s\n\n"));
  assert_non_null (strstr (out->str, "# Which\n# of them\n"));
  assert_non_null (strstr (out->str, "# (one of none|lz4|zstd; default lz4)\n"));
  assert_null (strstr (out->str, "\nkafka.="));
}

static void
expect_unsound (HmOption row, const char *part)
{
  const HmOption rows[] = { { .key = "fine", .type = HM_OPTION_TEXT, .help = "x" }, row, { .key = NULL } };
  g_autofree char *reason = hm_option_table_check (rows);

  if (reason == NULL || strstr (reason, part) == NULL)
    fail_msg ("\"%s\" where \"%s\" was expected", reason != NULL ? reason : "sound", part);
}

static void
option_table_check_names_the_row_that_is_unsound (void **state)
{
  (void)state;
  assert_null (hm_option_table_check (NULL));
  assert_null (hm_option_table_check (table));
  assert_null (hm_option_table_check (with_required));
  expect_unsound ((HmOption){ .key = "fine", .type = HM_OPTION_TEXT, .help = "x" },
                  "option fine: the key is there twice");
  expect_unsound ((HmOption){ .key = "Bad", .type = HM_OPTION_TEXT, .help = "x" }, "option Bad: the key");
  expect_unsound ((HmOption){ .key = "", .type = HM_OPTION_TEXT, .help = "x" }, "the key is not");
  expect_unsound ((HmOption){ .key = "t", .type = (HmOptionType)99, .help = "x" }, "type of number 99");
  expect_unsound ((HmOption){ .key = "h", .type = HM_OPTION_TEXT }, "help");
  expect_unsound ((HmOption){ .key = "r", .type = HM_OPTION_INTEGER, .min = 2, .max = 1, .help = "x" },
                  "range is empty");
  expect_unsound ((HmOption){ .key = "d", .type = HM_OPTION_INTEGER, .fallback = "x", .help = "x" },
                  "whole number");
  expect_unsound (
      (HmOption){ .key = "d", .type = HM_OPTION_INTEGER, .fallback = "9", .min = 1, .max = 8, .help = "x" },
      "out of range");
  expect_unsound ((HmOption){ .key = "c", .type = HM_OPTION_CHOICE, .help = "x" }, "words");
  expect_unsound ((HmOption){ .key = "c", .type = HM_OPTION_TEXT, .choices = "a|b", .help = "x" }, "words");
  expect_unsound (
      (HmOption){ .key = "c", .type = HM_OPTION_CHOICE, .choices = "a|b", .fallback = "c", .help = "x" },
      "one of a|b");
  expect_unsound (
      (HmOption){ .key = "q", .type = HM_OPTION_TEXT, .fallback = "x", .required = TRUE, .help = "x" },
      "default");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (options_have_their_defaults_when_nothing_is_set),
    cmocka_unit_test (options_take_what_the_user_wrote),
    cmocka_unit_test (options_refuse_a_wrong_value_with_its_reason),
    cmocka_unit_test (options_name_the_nearest_key_when_one_is_unknown),
    cmocka_unit_test (options_show_neither_secrets_nor_terminal_codes_in_errors),
    cmocka_unit_test (options_say_so_when_a_required_one_is_missing),
    cmocka_unit_test (options_pass_on_every_key_of_a_prefix_sorted),
    cmocka_unit_test (options_print_what_is_in_force_without_secrets),
    cmocka_unit_test (options_print_urls_without_passwords),
    cmocka_unit_test (options_print_help_and_defaults_when_comments_are_asked_for),
    cmocka_unit_test (option_table_check_names_the_row_that_is_unsound),
  };

  return cmocka_run_group_tests_name ("option", tests, NULL, NULL);
}
