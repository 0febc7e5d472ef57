/* SPDX-License-Identifier: Apache-2.0 */
/* Writer, streaming reader and tree. */
#include "tests/kit.h"

#include <math.h>
#include <string.h>

/* -- writer -- */

static void
assert_written (HmJsonWriter *w, const char *expected)
{
  gsize length = 0;
  const char *text = hm_json_writer_finish (w, &length, NULL);

  assert_non_null (text);
  assert_int_equal (length, strlen (expected));
  assert_memory_equal (text, expected, length);
}

static void
writer_writes_members_in_call_order (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_object (w);
  hm_json_set_text (w, "z", "a \"b\" \\ \n \xe2\x82\xac");
  hm_json_set_text (w, "none", NULL);
  hm_json_set_bool (w, "yes", TRUE);
  hm_json_key (w, "list");
  hm_json_begin_array (w);
  hm_json_u64 (w, 1);
  hm_json_begin_object (w);
  hm_json_end_object (w);
  hm_json_null (w);
  hm_json_end_array (w);
  hm_json_set_i64 (w, "a", -1);
  hm_json_end_object (w);
  assert_written (
      w, "{\"z\":\"a \\\"b\\\" \\\\ \\n \xe2\x82\xac\",\"none\":null,\"yes\":true,\"list\":[1,{},null],"
         "\"a\":-1}");
}

static void
writer_quotes_integers_beyond_2_53 (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_array (w);
  hm_json_u64 (w, 9007199254740991);
  hm_json_u64 (w, 9007199254740992);
  hm_json_u64 (w, G_MAXUINT64);
  hm_json_i64 (w, -9007199254740991);
  hm_json_i64 (w, -9007199254740992);
  hm_json_i64 (w, G_MININT64);
  hm_json_value (w, (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = 9007199254740993.0 });
  hm_json_end_array (w);
  assert_written (w, "[9007199254740991,\"9007199254740992\",\"18446744073709551615\",-9007199254740991,"
                     "\"-9007199254740992\",\"-9223372036854775808\",9007199254740992.0]");
}

static void
writer_indents_when_pretty (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (TRUE);

  hm_json_begin_object (w);
  hm_json_set_u64 (w, "a", 1);
  hm_json_end_object (w);
  assert_written (w, "{\n  \"a\": 1\n}\n");
}

static void
assert_cannot_finish (HmJsonWriter *w, const char *part)
{
  GError *error = NULL;

  assert_null (hm_json_writer_finish (w, NULL, &error));
  kit_assert_error (&error, HM_ERROR_DATA, part);
}

static void
writer_refuses_what_json_cannot_hold (void **state G_GNUC_UNUSED)
{
  static const char *const texts[]
      = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "plain ascii, then \xe2\x82" };
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      hm_json_text (w, texts[i]);
      assert_cannot_finish (w, "UTF-8");
      hm_json_writer_clear (w);
    }
  hm_json_value (w, (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = NAN });
  assert_cannot_finish (w, "finite");
}

static void
writer_refuses_calls_out_of_order (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  assert_cannot_finish (w, "not complete");
  hm_json_writer_clear (w);
  hm_json_begin_array (w);
  assert_cannot_finish (w, "not complete");
  hm_json_writer_clear (w);
  hm_json_begin_array (w);
  hm_json_end_object (w);
  assert_cannot_finish (w, "do not match");
  hm_json_writer_clear (w);
  hm_json_begin_object (w);
  hm_json_u64 (w, 1);
  assert_cannot_finish (w, "without a key");
  hm_json_writer_clear (w);
  hm_json_begin_object (w);
  hm_json_key (w, "a");
  hm_json_end_object (w);
  assert_cannot_finish (w, "do not match");
  hm_json_writer_clear (w);
  hm_json_key (w, "a");
  assert_cannot_finish (w, "a key");
  hm_json_writer_clear (w);
  hm_json_u64 (w, 1);
  hm_json_u64 (w, 2);
  assert_cannot_finish (w, "second document");
}

static void
writer_refuses_to_nest_without_end (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  for (int i = 0; i < 1000; i++)
    hm_json_begin_array (w);
  assert_cannot_finish (w, "too deep");
}

static void
writer_keeps_the_first_error_until_cleared (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_object (w);
  hm_json_set_text (w, "a", "\xff");
  hm_json_end_array (w);
  assert_cannot_finish (w, "UTF-8");
  assert_cannot_finish (w, "UTF-8");
  hm_json_writer_clear (w);
  hm_json_text (w, "fine");
  assert_written (w, "\"fine\"");
}

static void
writer_starts_anew_after_clear (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  for (int i = 0; i < 3; i++)
    {
      hm_json_begin_array (w);
      hm_json_u64 (w, 1);
      hm_json_end_array (w);
      assert_written (w, "[1]");
      hm_json_writer_clear (w);
    }
  hm_json_begin_array (w); /* cleared in the middle */
  hm_json_writer_clear (w);
  hm_json_bool (w, FALSE);
  assert_written (w, "false");
}

/* -- streaming reader -- */

static gboolean
note_text (gpointer user, const char *text, gsize length)
{
  g_string_append_printf (user, "(%.*s)", (int)length, text);
  return TRUE;
}

static gboolean
note_end (gpointer user)
{
  g_string_append_c (user, '}');
  return TRUE;
}

static gboolean
stop_at_null (gpointer user G_GNUC_UNUSED)
{
  return FALSE;
}

static const HmJsonHandler noter = {
  .number = note_text, .string = note_text, .map_key = note_text, .end_map = note_end, .null = stop_at_null
};

static HmJsonResult
read_text (const char *text, gsize length)
{
  g_autoptr (GString) notes = g_string_new (NULL);
  g_autofree char *detail = NULL;
  HmJsonResult result = hm_json_read (text, length, &noter, notes, &detail);

  assert_true ((result == HM_JSON_OK) == (detail == NULL));
  return result;
}

static void
reader_hands_numbers_on_as_they_stand (void **state G_GNUC_UNUSED)
{
  static const char text[]
      = "{\"a\":[18446744073709551616, -0.10e+5, 1E400], \"b\" : \"x\\u20ac\\ud83d\\ude00\"} \n";
  g_autoptr (GString) notes = g_string_new (NULL);

  assert_int_equal (hm_json_read (text, strlen (text), &noter, notes, NULL), HM_JSON_OK);
  assert_string_equal (notes->str,
                       "(a)(18446744073709551616)(-0.10e+5)(1E400)(b)(x\xe2\x82\xac\xf0\x9f\x98\x80)}");
}

static void
reader_stops_when_a_callback_says_so (void **state G_GNUC_UNUSED)
{
  assert_int_equal (read_text ("[1,null,2]", 10), HM_JSON_STOPPED);
}

static void
reader_refuses_bad_syntax (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "",
                                       " ",
                                       "{",
                                       "}",
                                       "[1,]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{a:1}",
                                       "'a'",
                                       "01",
                                       "1.",
                                       ".5",
                                       "+1",
                                       "NaN",
                                       "[1] [2]",
                                       "[1] x",
                                       "nul",
                                       "\"a",
                                       "\"\n\"",
                                       "\"\\x\"",
                                       "\"\\u12\"",
                                       "\"\\u12g4\"",
                                       "/* c */ 1",
                                       "\\u0041",
                                       "\xef\xbb\xbf{}",
                                       "\"\\",
                                       "\"\\u",
                                       "[1 2]",
                                       "{\"a\" 1}" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (read_text (texts[i], strlen (texts[i])) != HM_JSON_SYNTAX)
      fail_msg ("took %s", texts[i]);
  assert_int_equal (read_text ("[1]\0", 4), HM_JSON_SYNTAX);
  assert_int_equal (read_text ("\"\xc3\xa4\0\"", 5), HM_JSON_SYNTAX);
}

static void
reader_refuses_nul_and_half_surrogates (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "\"\\u0000\"",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\u0041\"",
                                       "\"\\ud800\\\\dc00\"",
                                       "\"\\ud800\\ud800\"",
                                       "{\"\\udbff\\\\u \"@: \"",
                                       "\"a\\\\b\\udfff\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (read_text (texts[i], strlen (texts[i])) != HM_JSON_SYNTAX)
      fail_msg ("took %s", texts[i]);
  assert_int_equal (read_text ("\"\\\\u0000 \\\\ud800\"", 17), HM_JSON_OK); /* a backslash, then a u */
}

static void
reader_refuses_bad_utf8 (void **state G_GNUC_UNUSED)
{
  static const char *const texts[] = { "\"\xff\"",
                                       "\"\xc0\x80\"",
                                       "\"\xe0\x80\xaf\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xf5\x80\x80\x80\"",
                                       "\"\xe2\x82\"",
                                       "\"01234567\x80\"",
                                       "\xff",
                                       "{\"\xc3\":1}" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (read_text (texts[i], strlen (texts[i])) != HM_JSON_UTF8)
      fail_msg ("case %u was not refused as UTF-8", (guint)i);
}

/* -- tree -- */

static HmJson *
parse (const char *text)
{
  GError *error = NULL;
  HmJson *json = hm_json_parse (text, strlen (text), &error);

  if (json == NULL)
    fail_msg ("%s: %s", text, error->message);
  return json;
}

static void
tree_finds_members_by_path (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJson) json
      = parse ("{\"a\":{\"b\":{\"c\":\"deep\",\"cc\":\"other\"}},\"n\":12,\"t\":\"12\",\"f\":1.5}");
  guint64 number = 7;

  assert_string_equal (hm_json_get_text (json, "a.b.c"), "deep");
  assert_string_equal (hm_json_get_text (hm_json_at (json, "a.b"), "cc"), "other");
  assert_null (hm_json_at (json, "a.x.c"));
  assert_null (hm_json_at (json, "a.b.c.d"));
  assert_null (hm_json_at (json, ""));
  assert_null (hm_json_get_text (json, "n"));
  assert_string_equal (hm_json_get_number (json, "f"), "1.5");
  assert_null (hm_json_get_number (json, "t"));
  assert_false (hm_json_get_u64 (json, "f", &number));
  assert_false (hm_json_get_u64 (json, "nowhere", &number));
  assert_true (number == 7);
  assert_true (hm_json_get_u64 (json, "t", &number));
  assert_true (hm_json_get_u64 (json, "n", &number) && number == 12);
}

static void
tree_lists_members_and_elements (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmJson) json = parse ("{\"one\":1,\"list\":[true,null,\"x\"]}");
  const HmJson *list = hm_json_element (json, 1);

  assert_true (hm_json_is_object (json));
  assert_int_equal (hm_json_size (json), 2);
  assert_string_equal (hm_json_member (json, 0), "one");
  assert_null (hm_json_member (json, 2));
  assert_true (hm_json_is_array (list));
  assert_int_equal (hm_json_size (list), 3);
  assert_string_equal (hm_json_get_text (hm_json_element (list, 2), NULL), "x");
  assert_null (hm_json_element (list, 3));
  assert_null (hm_json_member (list, 0));
}

static void
tree_asks_nothing_of_nothing (void **state G_GNUC_UNUSED)
{
  guint64 number;

  assert_null (hm_json_at (NULL, "a"));
  assert_null (hm_json_get_text (NULL, NULL));
  assert_false (hm_json_get_u64 (NULL, "a", &number));
  assert_false (hm_json_is_object (NULL));
  assert_int_equal (hm_json_size (NULL), 0);
  assert_null (hm_json_element (NULL, 0));
}

static void
assert_tree_refused (const char *text, const char *part)
{
  GError *error = NULL;

  assert_null (hm_json_parse (text, strlen (text), &error));
  kit_assert_error (&error, HM_ERROR_DATA, part);
}

static void
tree_refuses_doubled_keys (void **state G_GNUC_UNUSED)
{
  assert_tree_refused ("{\"a\":1,\"b\":2,\"a\":3}", "twice");
  assert_tree_refused ("[{\"x\":{\"a\":1,\"\\u0061\":3}}]", "twice");
  hm_json_free (parse ("[{\"a\":1},{\"a\":1}]"));
}

static void
tree_refuses_deep_and_broken_documents (void **state G_GNUC_UNUSED)
{
  g_autoptr (GString) deep = g_string_new (NULL);

  for (int i = 0; i < HM_JSON_DEPTH_MAX; i++)
    g_string_append_c (deep, '[');
  for (int i = 0; i < HM_JSON_DEPTH_MAX; i++)
    g_string_append_c (deep, ']');
  hm_json_free (parse (deep->str));
  g_string_prepend_c (deep, '[');
  g_string_append_c (deep, ']');
  assert_tree_refused (deep->str, "too deep");
  assert_tree_refused ("{\"a\":[1,2", "at byte");
  assert_tree_refused ("\"\xff\"", "UTF-8 at byte 1");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (writer_writes_members_in_call_order),
    cmocka_unit_test (writer_quotes_integers_beyond_2_53),
    cmocka_unit_test (writer_indents_when_pretty),
    cmocka_unit_test (writer_refuses_what_json_cannot_hold),
    cmocka_unit_test (writer_refuses_calls_out_of_order),
    cmocka_unit_test (writer_refuses_to_nest_without_end),
    cmocka_unit_test (writer_keeps_the_first_error_until_cleared),
    cmocka_unit_test (writer_starts_anew_after_clear),
    cmocka_unit_test (reader_hands_numbers_on_as_they_stand),
    cmocka_unit_test (reader_stops_when_a_callback_says_so),
    cmocka_unit_test (reader_refuses_bad_syntax),
    cmocka_unit_test (reader_refuses_nul_and_half_surrogates),
    cmocka_unit_test (reader_refuses_bad_utf8),
    cmocka_unit_test (tree_finds_members_by_path),
    cmocka_unit_test (tree_lists_members_and_elements),
    cmocka_unit_test (tree_asks_nothing_of_nothing),
    cmocka_unit_test (tree_refuses_doubled_keys),
    cmocka_unit_test (tree_refuses_deep_and_broken_documents),
  };

  return cmocka_run_group_tests_name ("json", tests, NULL, NULL);
}
