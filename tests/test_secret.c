/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a secret is taken from, and what of them. */
#include "tests/kit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "metering/secret.h"

typedef struct
{
  char *folder, *path;
} Fixture;

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->folder = kit_temp_folder ();
  f->path = g_build_filename (f->folder, "secret", NULL);
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->path);
  g_free (f);
  return 0;
}

static void
put (const Fixture *f, const char *bytes, gsize length, int mode)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (f->path, bytes, (gssize)length, &error))
    fail_msg ("%s", error->message);
  assert_int_equal (g_chmod (f->path, (mode_t)mode), 0);
}

static void
assert_text (const Fixture *f, const char *content, const char *expected)
{
  g_autoptr (GError) error = NULL;
  char *secret;

  put (f, content, strlen (content), 0600);
  secret = hm_secret_read (f->path, &error);
  if (secret == NULL)
    fail_msg ("%s", error->message);
  assert_string_equal (secret, expected);
  hm_secret_free (secret);
}

static void
assert_refused (const char *path, const char *part)
{
  GError *error = NULL;

  assert_null (hm_secret_read (path, &error));
  assert_non_null (strstr (error->message, path));
  assert_null (strstr (error->message, "hunter2"));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
secret_is_the_text_without_one_line_end (void **state)
{
  assert_text (*state, "hunter2", "hunter2");
  assert_text (*state, "hunter2\n", "hunter2");
  assert_text (*state, "hunter2\r\n", "hunter2");
  assert_text (*state, "hunter2\n\n", "hunter2\n");
  assert_text (*state, " a\nb \n", " a\nb ");
  assert_text (*state, "\n", "");
  assert_text (*state, "", "");
}

static void
secret_is_refused_when_others_have_any_permission (void **state)
{
  const Fixture *f = *state;

  put (f, "hunter2\n", 8, 0644);
  assert_refused (f->path, "mode is 0644");
  put (f, "hunter2\n", 8, 0602);
  assert_refused (f->path, "mode is 0602");
  put (f, "hunter2\n", 8, 0601);
  assert_refused (f->path, "mode is 0601");
}

static void
secret_is_taken_when_a_group_may_read_it (void **state)
{
  const Fixture *f = *state;
  char *secret;

  put (f, "hunter2\n", 8, 0640);
  secret = hm_secret_read (f->path, NULL);
  assert_non_null (secret);
  hm_secret_free (secret);
}

static void
secret_is_refused_when_there_is_no_regular_file (void **state)
{
  const Fixture *f = *state;

  assert_refused (f->path, g_strerror (ENOENT));
  assert_refused (f->folder, "regular file");
  assert_int_equal (mkfifo (f->path, 0600), 0); /* nobody writes into it: whoever waits for that hangs */
  assert_refused (f->path, "regular file");
}

static void
secret_is_judged_by_its_target_when_it_is_a_link (void **state)
{
  const Fixture *f = *state;
  g_autofree char *link = g_build_filename (f->folder, "link", NULL);
  char *secret;

  put (f, "hunter2\n", 8, 0600);
  assert_int_equal (symlink (f->path, link), 0);
  secret = hm_secret_read (link, NULL);
  assert_non_null (secret);
  hm_secret_free (secret);
  assert_int_equal (g_chmod (f->path, 0604), 0);
  assert_refused (link, "mode is 0604");
}

static void
secret_is_refused_when_it_is_larger_than_the_limit (void **state)
{
  const Fixture *f = *state;
  g_autofree char *text = g_strnfill (HM_SECRET_MAX + 1, 'x');
  char *secret;

  put (f, text, HM_SECRET_MAX + 1, 0600);
  assert_refused (f->path, "too large");
  put (f, text, HM_SECRET_MAX, 0600);
  secret = hm_secret_read (f->path, NULL);
  assert_non_null (secret);
  assert_int_equal (strlen (secret), HM_SECRET_MAX);
  hm_secret_free (secret);
}

static void
secret_is_refused_when_it_is_not_text (void **state)
{
  const Fixture *f = *state;

  put (f, "hunter2\0x\n", 10, 0600);
  assert_refused (f->path, "not text");
}

#define SECRET_TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    SECRET_TEST (secret_is_the_text_without_one_line_end),
    SECRET_TEST (secret_is_refused_when_others_have_any_permission),
    SECRET_TEST (secret_is_taken_when_a_group_may_read_it),
    SECRET_TEST (secret_is_refused_when_there_is_no_regular_file),
    SECRET_TEST (secret_is_judged_by_its_target_when_it_is_a_link),
    SECRET_TEST (secret_is_refused_when_it_is_larger_than_the_limit),
    SECRET_TEST (secret_is_refused_when_it_is_not_text),
  };

  return cmocka_run_group_tests_name ("secret", tests, NULL, NULL);
}
