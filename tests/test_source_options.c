/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_options: which kafka.* keys a user may set, and how secrets come in. */
#include "tests/kit.h"

#include "collector/config.h"
#include "collector/source/source.h"

#include <errno.h>

#include <glib/gstdio.h>

static HmOptions *
options_of (const char *key, const char *value)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  HmOptions *options;

  g_hash_table_insert (pairs, g_strdup (key), g_strdup (value));
  options = hm_options_new (hm_source_options, pairs, "the test", &error);
  if (options == NULL)
    fail_msg ("%s", error->message);
  return options;
}

static void
assert_taken (const char *key, const char *value)
{
  g_autoptr (HmOptions) options = options_of (key, value);
  g_autoptr (GError) error = NULL;

  if (!hm_source_options_check (options, &error))
    fail_msg ("%s", error->message);
}

static void
assert_refused (const char *key, const char *value, const char *part)
{
  g_autoptr (HmOptions) options = options_of (key, value);
  GError *error = NULL;

  assert_false (hm_source_options_check (options, &error));
  assert_non_null (strstr (error->message, key));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
options_take_any_key_of_librdkafka (void **state)
{
  (void)state;
  assert_taken ("kafka.bootstrap.servers", "a:9092,b:9092");
  assert_taken ("kafka.group.id", "billing");
  assert_taken ("kafka.session.timeout.ms", "10000");
  assert_taken ("topic", "other");
}

static void
options_refuse_keys_that_counting_once_rests_on (void **state)
{
  static const char *const keys[] = { "enable.auto.commit",
                                      "enable.auto.offset.store",
                                      "auto.offset.reset",
                                      "isolation.level",
                                      "check.crcs",
                                      "group.instance.id",
                                      "auto.commit.enable",
                                      "acks",
                                      "enable.idempotence",
                                      "partitioner",
                                      "partition.assignment.strategy",
                                      "message.timeout.ms" };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *key = g_strconcat ("kafka.", keys[i], NULL);
      g_autofree char *file = g_strconcat (key, ".file", NULL);

      assert_refused (key, "true", "counting once rests on this key");
      assert_refused (file, "/nowhere", "");
    }
}

static void
options_refuse_what_librdkafka_does_not_know (void **state)
{
  (void)state;
  assert_refused ("kafka.no.such.key", "1", "knows no such key");
  assert_refused ("kafka.session.timeout.ms", "soon", "refuses its value");
}

static void
options_never_repeat_a_value (void **state)
{
  g_autoptr (HmOptions) options = options_of ("kafka.security.protocol", "hunter2");
  g_autoptr (GError) error = NULL;

  (void)state;
  assert_false (hm_source_options_check (options, &error));
  assert_null (strstr (error->message, "hunter2"));
}

static void
options_take_a_secret_from_a_file_that_is_one (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "password", NULL);

  (void)state;
  assert_refused ("kafka.sasl.password.file", path, g_strerror (ENOENT));
  kit_write_file (folder, "password", "hunter2\n");
  assert_int_equal (g_chmod (path, 0644), 0);
  assert_refused ("kafka.sasl.password.file", path, "mode is 0644");
  assert_int_equal (g_chmod (path, 0600), 0);
  assert_taken ("kafka.sasl.password.file", path);
  kit_remove_tree (folder);
}

static HmCollectorConfig *
load (const char *override, GError **error)
{
  const char *const overrides[] = { override, NULL };
  g_autoptr (HmSettings) settings = hm_settings_load (NULL, FALSE, overrides, error);

  return settings != NULL ? hm_collector_config_new (settings, "the test", error) : NULL;
}

static void
config_refuses_what_it_does_not_know (void **state)
{
  static const struct
  {
    const char *override, *part;
  } wrong[]
      = { { "usage.grain=7m", "divide a day" },
          { "usage.grain=1m", "grain" },
          { "usage.grains=1h", "grains" },
          { "collectors.state-dir=/x", "collectors" },
          { "store.batch-records=0", "batch" },
          { "store.keep-raw=23h", "keep-raw: less than a day" },
          { "store.keep-dead-letters=1s", "keep-dead-letters: less than an hour" },
          { "store.keep-bins=1d", "keep-bins: less than two days" },
          { "store.message-horizon=59m", "message-horizon: less than an hour" },
          { "store.keep-raw=-1s", "keep-raw" },
          { "store.keep-raw=40000d", "keep-raw" },
          { "store.max-size=some", "max-size" },
          { "source.kafka.acks=1", "kafka.acks" },
          { "collector.log-level=loud", "log-level" },
          { "store.url=", "command line, [store]: url: no URL" },
          { "store.url=usage.db", "command line, [store]: url: no URL" },
          { "source.topic=", "command line, [source]: topic: empty, and section ingest" },
          { "source.topic=a b", "command line, [source]: topic: no topic has such a name" },
          { "source.topic=..", "command line, [source]: topic: no topic has such a name" },
          { "source.dead-letter-topic=bad topic!", "dead-letter-topic: no topic has such a name" },
          { "collector.listen=somewhere", "command line, [collector]: listen: " },
          { "collector.tls-key=/nope", "command line, [collector]: tls-key: there is no tls-certificate" },
          { "collector.tls-certificate=/nope",
            "command line, [collector]: tls-certificate: /nope: No such file" } };

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      GError *error = NULL;

      assert_null (load (wrong[i].override, &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, wrong[i].part);
    }
}

static void
config_takes_what_is_kept_for_ever (void **state)
{
  g_autoptr (HmCollectorConfig) config = load ("store.keep-raw=0s", NULL);
  HmKeeperSettings settings;

  (void)state;
  assert_non_null (config);
  hm_collector_config_keep (config, &settings);
  assert_int_equal (settings.raw_ns, 0);
  assert_int_equal (settings.letters_ns, 90 * 86400 * HM_NSEC_PER_SEC);
  assert_int_equal (settings.max_bytes, 0);
}

static void
config_prints_without_secrets (void **state)
{
  g_autoptr (HmCollectorConfig) config = load ("source.kafka.sasl.password=hunter2", NULL);
  g_autofree char *text = NULL;

  (void)state;
  assert_non_null (config);
  text = hm_collector_config_print (config, FALSE);
  assert_null (strstr (text, "hunter2"));
  assert_non_null (strstr (text, "kafka.sasl.password="));
  assert_non_null (strstr (text, "[usage]\n"));
}

static void
config_prints_the_url_without_passwords (void **state)
{
  g_autoptr (HmCollectorConfig) config
      = load ("store.url=postgresql://u:hunter2@h/db?password=hunter2&sslmode=require", NULL);
  g_autofree char *text = NULL;

  (void)state;
  assert_non_null (config);
  text = hm_collector_config_print (config, FALSE);
  assert_null (strstr (text, "hunter2"));
  assert_non_null (strstr (text, "\nurl=postgresql://u:******@h/db?password=******&sslmode=require\n"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (options_take_any_key_of_librdkafka),
    cmocka_unit_test (options_refuse_keys_that_counting_once_rests_on),
    cmocka_unit_test (options_refuse_what_librdkafka_does_not_know),
    cmocka_unit_test (options_never_repeat_a_value),
    cmocka_unit_test (options_take_a_secret_from_a_file_that_is_one),
    cmocka_unit_test (config_refuses_what_it_does_not_know),
    cmocka_unit_test (config_takes_what_is_kept_for_ever),
    cmocka_unit_test (config_prints_without_secrets),
    cmocka_unit_test (config_prints_the_url_without_passwords),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
