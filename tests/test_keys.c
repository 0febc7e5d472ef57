/* SPDX-License-Identifier: Apache-2.0 */
/* test_keys: which key signs when, how keys are exchanged, and what is refused. */
#include "agent/outbox/keys.h"

#include <glib/gstdio.h>
#include <string.h>

#include "agent/options.h"
#include "metering/error.h"
#include "metering/log.h"
#include "metering/signature.h"
#include "tests/kit.h"

#define NOON        "2026-12-01T12:00:00Z"
#define NOON_S      G_GINT64_CONSTANT (1796126400)
#define VALUE       "{\"n\":1}"
#define OTHER_BYTES 'f'
#define PATIENCE_S  120

typedef struct
{
  char *folder, *conf;
  HmFakeClock *clock;
  HmKeys *keys;
  GString *said;
} Fixture;

static void
take_line (GLogLevelFlags level G_GNUC_UNUSED, const HmLogFields *fields G_GNUC_UNUSED, const char *text,
           gpointer user)
{
  const Fixture *f = user;

  g_string_append_printf (f->said, "%s\n", text);
}

/* 64 times that digit. */
static void
write_key (const Fixture *f, const char *name, char digit)
{
  g_autofree char *digits = g_strnfill (64, digit);
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  kit_write_file (f->folder, name, digits);
  assert_int_equal (g_chmod (path, 0600), 0);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->folder = kit_temp_folder ();
  f->conf = g_build_filename (f->folder, "agent.conf", NULL);
  f->clock = hm_fake_clock_new ((NOON_S - 3600) * HM_NSEC_PER_SEC);
  f->said = g_string_new (NULL);
  write_key (f, "a", 'a');
  write_key (f, "b", 'b');
  write_key (f, "c", 'c');
  hm_log_capture (take_line, f);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_log_capture (NULL, NULL);
  hm_keys_free (f->keys);
  kit_remove_tree (f->folder);
  g_string_free (f->said, TRUE);
  g_free (f->clock);
  g_free (f->conf);
  g_free (f->folder);
  g_free (f);
  return 0;
}

/* What the configuration @text names, in which FOLDER stands for the fixture's. (transfer full) (nullable) */
static HmAgentConfig *
load (const Fixture *f, const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "FOLDER", -1);
  g_autofree char *full = g_strjoinv (f->folder, parts);
  g_autoptr (HmSettings) settings = NULL;

  kit_write_file (f->folder, "agent.conf", full);
  settings = hm_settings_load (f->conf, TRUE, NULL, error);
  return settings != NULL ? hm_agent_config_new (settings, f->conf, NULL, error) : NULL;
}

static void
use (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmAgentConfig) config = load (f, text, &error);

  if (config != NULL)
    f->keys = hm_keys_new (config->keys, &f->clock->clock, &error);
  if (f->keys == NULL)
    fail_msg ("%s", error->message);
}

static gboolean
replace (Fixture *f, const char *text, GError **error)
{
  g_autoptr (HmAgentConfig) config = load (f, text, error);

  return config != NULL && hm_keys_replace (f->keys, config->keys, error);
}

/* A record of now carries that id, and verifies with that key file alone. */
static void
expect_signed_by (const Fixture *f, const char *id, const char *file)
{
  g_autofree char *path = g_build_filename (f->folder, file, NULL);
  g_autoptr (HmSigner) signer = hm_signer_new_from_file (id, path, NULL);
  g_autofree char *signature = hm_keys_sign (f->keys, "i-1", "id-1", VALUE, strlen (VALUE));
  g_autofree char *prefix = g_strdup_printf ("v1;%s;", id);

  assert_non_null (signature);
  if (!g_str_has_prefix (signature, prefix))
    fail_msg ("%s does not begin with %s", signature, prefix);
  assert_true (hm_signer_verify (signer, signature, "i-1", 3, "id-1", 4, VALUE, strlen (VALUE)));
}

#define A       "[key:a]\nfile=FOLDER/a\n"
#define B_LATER "[key:b]\nfile=FOLDER/b\nfrom=" NOON "\n"
#define SHORT_A "[agent]\nkey-id=a\nkey-file=FOLDER/a\n"

/* -- which -- */

static void
keys_sign_with_the_next_from_its_moment_on (void **state)
{
  Fixture *f = *state;

  use (f, A B_LATER);
  expect_signed_by (f, "a", "a");
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC - 1);
  expect_signed_by (f, "a", "a");
  hm_fake_clock_advance (f->clock, 1);
  expect_signed_by (f, "b", "b");
  assert_non_null (strstr (f->said->str, "records are signed with key b from now on"));
}

static void
keys_sign_with_the_latest_when_the_sections_stand_in_another_order (void **state)
{
  Fixture *f = *state;

  use (f, "[key:c]\nfile=FOLDER/c\nfrom=2026-11-01T00:00:00+01:00\n" B_LATER A);
  expect_signed_by (f, "c", "c");
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC);
  expect_signed_by (f, "b", "b");
}

static void
keys_take_the_short_form_beside_sections (void **state)
{
  Fixture *f = *state;

  use (f, SHORT_A B_LATER);
  expect_signed_by (f, "a", "a");
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC);
  expect_signed_by (f, "b", "b");
}

/* A host whose clock is wrong signs all the same. */
static void
keys_sign_with_the_first_when_none_has_begun (void **state)
{
  Fixture *f = *state;

  use (f, B_LATER "[key:c]\nfile=FOLDER/c\nfrom=2027-01-01T00:00:00Z\n");
  expect_signed_by (f, "b", "b");
}

static void
keys_sign_nothing_when_there_are_none (void **state)
{
  Fixture *f = *state;

  use (f, "");
  assert_null (hm_keys_sign (f->keys, "i-1", "id-1", VALUE, strlen (VALUE)));
}

/* -- exchange -- */

static void
keys_go_over_to_others_when_they_are_replaced (void **state)
{
  Fixture *f = *state;

  use (f, SHORT_A);
  expect_signed_by (f, "a", "a");
  assert_true (replace (f, A "[key:c]\nfile=FOLDER/c\nfrom=2026-01-01T00:00:00Z\n" B_LATER, NULL));
  expect_signed_by (f, "c", "c");
  assert_non_null (strstr (f->said->str, "keys from now on: a, c from 2026-01-01T00:00:00.000000000Z, b from "
                                         "2026-12-01T12:00:00.000000000Z"));
  assert_true (replace (f, "", NULL));
  assert_null (hm_keys_sign (f->keys, "i-1", "id-1", VALUE, strlen (VALUE)));
  assert_non_null (strstr (f->said->str, "keys from now on: none, records are not signed"));
}

static void
keys_say_nothing_when_they_are_as_before (void **state)
{
  Fixture *f = *state;

  use (f, A B_LATER);
  expect_signed_by (f, "a", "a");
  g_string_truncate (f->said, 0);
  assert_true (replace (f, A B_LATER, NULL));
  expect_signed_by (f, "a", "a");
  assert_string_equal (f->said->str, "");
}

static void
keys_stay_when_an_id_would_mean_another_key (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;

  use (f, A);
  expect_signed_by (f, "a", "a");
  assert_true (replace (f, "[key:c]\nfile=FOLDER/c\n", NULL));
  write_key (f, "a", OTHER_BYTES);
  assert_false (replace (f, A B_LATER, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "agent.conf, [key:a]: file: key a has signed records already");
  expect_signed_by (f, "c", "c");
}

/* A wrong file can be put right before the key begins. */
static void
keys_take_other_bytes_when_the_id_has_signed_nothing (void **state)
{
  Fixture *f = *state;

  use (f, A B_LATER);
  expect_signed_by (f, "a", "a");
  write_key (f, "b", OTHER_BYTES);
  assert_true (replace (f, A B_LATER, NULL));
  hm_fake_clock_advance (f->clock, 3600 * HM_NSEC_PER_SEC);
  expect_signed_by (f, "b", "b");
}

static void
keys_stay_when_a_file_is_wrong (void **state)
{
  Fixture *f = *state;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (f->folder, "b", NULL);

  use (f, A);
  assert_int_equal (g_chmod (path, 0644), 0);
  assert_false (replace (f, A B_LATER, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "agent.conf, [key:b]: file: ");
  expect_signed_by (f, "a", "a");
}

/* -- two threads -- */

typedef struct
{
  Fixture *f;
  gint stop, signed_so_far; /* atomic */
  guint signed_by_a, signed_by_c, others;
} Signing;

static gpointer
sign_until_stopped (gpointer data)
{
  Signing *signing = data;

  for (; !g_atomic_int_get (&signing->stop); g_atomic_int_inc (&signing->signed_so_far))
    {
      g_autofree char *signature = hm_keys_sign (signing->f->keys, "i-1", "id-1", VALUE, strlen (VALUE));

      signing->signed_by_a += signature != NULL && g_str_has_prefix (signature, "v1;a;");
      signing->signed_by_c += signature != NULL && g_str_has_prefix (signature, "v1;c;");
      signing->others += signature == NULL;
    }
  return NULL;
}

static void
keys_sign_without_a_pause_when_they_are_replaced (void **state)
{
  Fixture *f = *state;
  Signing signing = { .f = f };
  gint64 deadline = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;
  GThread *thread;

  use (f, A);
  thread = g_thread_new ("signing", sign_until_stopped, &signing);
  for (guint i = 0;
       i < 50 || (g_atomic_int_get (&signing.signed_so_far) < 50 && g_get_monotonic_time () < deadline); i++)
    assert_true (replace (f, i % 2 == 0 ? "[key:c]\nfile=FOLDER/c\n" : A, NULL));
  g_atomic_int_set (&signing.stop, TRUE);
  g_thread_join (thread);
  assert_int_equal (signing.others, 0);
  assert_true (signing.signed_by_a + signing.signed_by_c >= 50);
}

/* -- what is refused -- */

static void
expect_refused (const Fixture *f, const char *text, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmAgentConfig) config = load (f, text, &error);
  g_autoptr (HmKeys) keys = config != NULL ? hm_keys_new (config->keys, &f->clock->clock, &error) : NULL;

  assert_null (keys);
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
keys_are_refused_with_file_section_key_and_reason (void **state)
{
  const Fixture *f = *state;
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *path = g_build_filename (f->folder, "short", NULL);

  kit_write_file (f->folder, "short", "aa");
  assert_int_equal (g_chmod (path, 0600), 0);
  expect_refused (f, "[key:a]\n", "agent.conf, [key:a]: file: missing");
  expect_refused (f, "[key:a]\nfile=/nowhere\n", "agent.conf, [key:a]: file: /nowhere: No such file");
  expect_refused (f, "[agent]\nkey-id=a\nkey-file=/nowhere\n",
                  "agent.conf, [agent]: key-file: /nowhere: No such");
  expect_refused (f, "[agent]\nkey-id=a\n", "agent.conf, [agent]: key-id: key-id and key-file go together");
  expect_refused (f, "[key:a]\nfile=FOLDER/short\n", "exactly 64 hex digits");
  expect_refused (f, "[key:a b]\nfile=FOLDER/a\n", "the key id must be");
  expect_refused (f, "[key:a]\nfile=FOLDER/a\nfrom=tomorrow\n",
                  "agent.conf, [key:a]: from: \"tomorrow\" is not a time such as");
  expect_refused (f, A "[key:b]\nfile=FOLDER/b\n",
                  "agent.conf, [key:b]: from: key a begins at the same time");
  expect_refused (f, SHORT_A "[key:a]\nfile=FOLDER/a\nfrom=" NOON "\n",
                  "agent.conf, [key:a]: key: [agent] is the same key id");
  expect_refused (f, "[key:a]\nfile=FOLDER/a\nto=never\n", "agent.conf, [key:a]: to:");
  for (guint i = 0; i <= HM_KEYS_MAX; i++)
    g_string_append_printf (many, "[key:k%u]\nfile=FOLDER/a\nfrom=2026-12-01T12:00:%02uZ\n", i, i);
  expect_refused (f, many->str, "more than 32 keys");
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (keys_sign_with_the_next_from_its_moment_on),
    CASE (keys_sign_with_the_latest_when_the_sections_stand_in_another_order),
    CASE (keys_take_the_short_form_beside_sections),
    CASE (keys_sign_with_the_first_when_none_has_begun),
    CASE (keys_sign_nothing_when_there_are_none),
    CASE (keys_go_over_to_others_when_they_are_replaced),
    CASE (keys_say_nothing_when_they_are_as_before),
    CASE (keys_stay_when_an_id_would_mean_another_key),
    CASE (keys_take_other_bytes_when_the_id_has_signed_nothing),
    CASE (keys_stay_when_a_file_is_wrong),
    CASE (keys_sign_without_a_pause_when_they_are_replaced),
    CASE (keys_are_refused_with_file_section_key_and_reason),
  };

  return cmocka_run_group_tests_name ("keys", tests, NULL, NULL);
}
