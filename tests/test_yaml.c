/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of yaml: what becomes of a file, and every reason to refuse one, with its line. */
#include "metering/yaml.h"

#include <string.h>

#include "metering/error.h"
#include "tests/kit.h"

/* -- trees -- */

static HmYaml *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  HmYaml *root = hm_yaml_parse (text, strlen (text), "f.yaml", &error);

  if (root == NULL)
    fail_msg ("%s", error->message);
  return root;
}

static void
expect_text (const HmYaml *node, const char *text, gboolean is_plain)
{
  assert_non_null (node);
  assert_int_equal (node->kind, HM_YAML_TEXT);
  assert_string_equal (node->text, text);
  assert_int_equal (node->is_plain, is_plain);
}

static void
yaml_gives_a_tree_with_lines_and_columns (void **state)
{
  g_autoptr (HmYaml) root = parse ("---\n# comment\na: one\nlist:\n  - x\n  - \"600\"\n  - {k: v}\n");
  const HmYaml *list = hm_yaml_get (root, "list"), *map;

  (void)state;
  assert_int_equal (root->kind, HM_YAML_MAP);
  expect_text (hm_yaml_get (root, "a"), "one", TRUE);
  assert_null (hm_yaml_get (root, "b"));
  assert_int_equal (list->kind, HM_YAML_LIST);
  assert_int_equal (list->items->len, 3);
  expect_text (g_ptr_array_index (list->items, 1), "600", FALSE);
  map = g_ptr_array_index (list->items, 2);
  assert_int_equal (map->line, 7);
  assert_int_equal (map->column, 5);
  expect_text (hm_yaml_get (map, "k"), "v", TRUE);
}

static void
yaml_tells_nothing_from_a_quoted_text (void **state)
{
  g_autoptr (HmYaml) root = parse ("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: no\n");

  (void)state;
  assert_true (hm_yaml_is_null (hm_yaml_get (root, "a")));
  assert_true (hm_yaml_is_null (hm_yaml_get (root, "b")));
  assert_true (hm_yaml_is_null (hm_yaml_get (root, "c")));
  assert_false (hm_yaml_is_null (hm_yaml_get (root, "d")));
  assert_false (hm_yaml_is_null (hm_yaml_get (root, "e")));
  assert_false (hm_yaml_is_null (hm_yaml_get (root, "f")));
}

static void
yaml_is_nothing_when_a_file_has_no_document (void **state)
{
  g_autoptr (HmYaml) empty = parse ("");
  g_autoptr (HmYaml) comment = parse ("# only this\n");
  g_autoptr (HmYaml) marked = parse ("---\n");

  (void)state;
  assert_true (hm_yaml_is_null (empty));
  assert_true (hm_yaml_is_null (comment));
  assert_true (hm_yaml_is_null (marked));
}

static void
yaml_takes_a_mark_of_byte_order_and_tags_that_change_nothing (void **state)
{
  g_autoptr (HmYaml) marked = parse ("\xEF\xBB\xBF"
                                     "a: !!str 5\nb: !!seq [x]\nc: !!map {}\nd: ! e\n");

  (void)state;
  expect_text (hm_yaml_get (marked, "a"), "5", TRUE);
  assert_int_equal (hm_yaml_get (marked, "b")->kind, HM_YAML_LIST);
}

/* -- refusals -- */

static void
expect_refused_bytes (const char *text, gsize length, const char *part)
{
  g_autoptr (GError) error = NULL;
  HmYaml *root = hm_yaml_parse (text, length, "f.yaml", &error);

  if (root != NULL)
    fail_msg ("taken, and not refused with \"%s\"", part);
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
}

static void
expect_refused (const char *text, const char *part)
{
  expect_refused_bytes (text, strlen (text), part);
}

static void
yaml_is_refused_with_its_line (void **state)
{
  (void)state;
  expect_refused ("a: 1\nb: 2\na: 3\n", "f.yaml:3: key a is there already, in line 1");
  expect_refused ("a: 1\n? [x]\n: 2\n", "f.yaml:2: a key is a text");
  expect_refused ("a: &x 1\nb: *x\n", "f.yaml:2: there are no aliases");
  expect_refused ("a:\n  - !disk.*\n", "f.yaml:2: !disk.* is a tag");
  expect_refused ("a: !!binary aGk=\n", "f.yaml:1: tag:yaml.org,2002:binary is a tag");
  expect_refused ("a:\n  - *\n", "f.yaml:2: a text that begins with * stands in quotes");
  expect_refused ("a:\n  - *.bytes\n", "f.yaml:2: a text that begins with * stands in quotes");
  expect_refused ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document");
  expect_refused ("a: [1, 2\nb: 3\n", "f.yaml:2: ");
  expect_refused ("a: 1\n  b: 2\n", "f.yaml:2: ");
  expect_refused ("a:\n\t- x\n", "f.yaml:2: ");
  expect_refused ("a: \"x\n", "f.yaml:2: ");
  expect_refused ("a: 1\nb: \x01\n", "f.yaml:2: control characters are not allowed");
  expect_refused ("a: 1\nb: \xFF\n", "f.yaml:2: it is not UTF-8");
  expect_refused ("a: \"x\\0y\"\n", "f.yaml:1: a text with a NUL byte");
  expect_refused_bytes ("a: 1\nb\0: 2\n", 11, "f.yaml:2: it is not UTF-8");
}

static void
yaml_is_refused_when_it_is_too_deep_or_too_large (void **state)
{
  g_autofree char *deep = g_strnfill (100000, '[');
  g_autoptr (GString) wide = g_string_new ("[");

  (void)state;
  for (guint i = 0; i < HM_YAML_NODES_MAX; i++)
    g_string_append (wide, "x,");
  g_string_append (wide, "]");
  expect_refused (deep, "f.yaml:1: more than 32 levels");
  expect_refused (wide->str, "f.yaml:1: more than 100000 values");
}

static void
yaml_is_refused_when_its_file_is (void **state)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *missing = g_build_filename (folder, "missing.yaml", NULL);
  g_autofree char *large = g_build_filename (folder, "large.yaml", NULL);
  g_autofree char *spaces = g_strnfill (2 * 1024 * 1024, ' ');
  g_autoptr (GError) error = NULL;

  (void)state;
  kit_write_file (folder, "large.yaml", spaces);
  assert_null (hm_yaml_load (missing, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "missing.yaml: No such file");
  assert_null (hm_yaml_load (large, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "large.yaml: it is larger than");
  assert_null (hm_yaml_load (folder, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "directory");
  kit_remove_tree (folder);
}

/* -- whatever bytes -- */

/* No text may do more than be taken or refused; the sanitizers and valgrind watch. */
static void
yaml_survives_every_cut_and_every_changed_byte (void **state)
{
  static const char good[] = "---\n# c\nsources:\n  - name: \"a\\u00e9\"\n    interval: 10s\n    meters: "
                             "[cpu, 'x*']\n  - {k: >\n   folded\n  }\n"
                             "  - &a |\n    block\n  - !!str x\n...\n";
  static const char other[] = "\0\t\n -:!&*[]{}\"'%@|>?#\x80\xFF";
  gsize length = sizeof good - 1;

  (void)state;
  for (gsize i = 0; i <= length; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HmYaml) root = hm_yaml_parse (good, i, "f.yaml", &error);

      assert_true ((root == NULL) == (error != NULL));
    }
  for (gsize i = 0; i < length * (sizeof other - 1); i++)
    {
      g_autofree char *changed = g_memdup2 (good, length);
      g_autoptr (GError) error = NULL;
      g_autoptr (HmYaml) root = NULL;

      changed[i / (sizeof other - 1)] = other[i % (sizeof other - 1)];
      root = hm_yaml_parse (changed, length, "f.yaml", &error);
      assert_true ((root == NULL) == (error != NULL));
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (yaml_gives_a_tree_with_lines_and_columns),
    cmocka_unit_test (yaml_tells_nothing_from_a_quoted_text),
    cmocka_unit_test (yaml_is_nothing_when_a_file_has_no_document),
    cmocka_unit_test (yaml_takes_a_mark_of_byte_order_and_tags_that_change_nothing),
    cmocka_unit_test (yaml_is_refused_with_its_line),
    cmocka_unit_test (yaml_is_refused_when_it_is_too_deep_or_too_large),
    cmocka_unit_test (yaml_is_refused_when_its_file_is),
    cmocka_unit_test (yaml_survives_every_cut_and_every_changed_byte),
  };

  return cmocka_run_group_tests_name ("yaml", tests, NULL, NULL);
}
