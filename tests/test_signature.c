/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures against libcrypto's own command, and the files that keys come from. */
#include "tests/kit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "metering/signature.h"

#define HEX_SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY        "4f0c6a52"
#define ID         "node-17/e1/4f0c6a52/1"
#define VALUE      "{\"schema\":\"hypermeter.samples/1\"}"

/* printf '\0\0\0\10%s\0\0\0\25%s\0\0\0\41%s' KEY ID VALUE | openssl dgst -sha256 -mac HMAC -macopt
 * hexkey:SECRET */
#define EXPECTED "5ea2229d4904615dd192d02f4a6d97ebd412e86d99aa5be9a71e9c3ac41c9c2f"
/* the same with all three parts empty */
#define EXPECTED_EMPTY "3bb1a79535df1bf39745923048575eaf050c70a3ddb9eafb5171df270e31a9e0"

static HmSigner *
new_signer (void)
{
  guint8 secret[32];

  for (guint i = 0; i < sizeof (secret); i++)
    secret[i] = (guint8)i;
  return hm_signer_new ("node-17-a", secret);
}

static gboolean
verify (HmSigner *signer, const char *header, const char *key, const char *id, const char *value)
{
  return hm_signer_verify (signer, header, key, strlen (key), id, strlen (id), value, strlen (value));
}

static void
signer_agrees_with_openssl (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSigner) signer = new_signer ();
  g_autofree char *header = hm_signer_sign (signer, KEY, ID, VALUE, strlen (VALUE));
  g_autofree char *empty = hm_signer_sign (signer, "", "", "", 0);

  assert_string_equal (header, "v1;node-17-a;" EXPECTED);
  assert_string_equal (empty, "v1;node-17-a;" EXPECTED_EMPTY);
}

static void
signer_signs_the_same_again_after_others (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSigner) signer = new_signer ();

  for (int i = 0; i < 3; i++)
    {
      g_autofree char *other = hm_signer_sign (signer, "other", ID, VALUE, strlen (VALUE));
      g_autofree char *header = hm_signer_sign (signer, KEY, ID, VALUE, strlen (VALUE));

      assert_string_equal (header, "v1;node-17-a;" EXPECTED);
      assert_string_not_equal (other, header);
    }
}

static void
signer_verifies_its_own_alone (void **state G_GNUC_UNUSED)
{
  static const guint8 other_secret[32];
  g_autoptr (HmSigner) signer = new_signer ();
  g_autoptr (HmSigner) other = hm_signer_new ("node-17-a", other_secret);
  g_autofree char *header = hm_signer_sign (signer, KEY, ID, VALUE, strlen (VALUE));

  assert_true (verify (signer, header, KEY, ID, VALUE));
  assert_false (verify (other, header, KEY, ID, VALUE));
  assert_false (verify (signer, header, KEY "x", ID, VALUE));
  assert_false (verify (signer, header, KEY, ID "1", VALUE));
  assert_false (verify (signer, header, KEY, ID, VALUE " "));
  /* the same bytes in a row, divided otherwise */
  assert_false (verify (signer, header, KEY "n", "ode-17/e1/4f0c6a52/1", VALUE));
}

static void
signer_refuses_headers_of_another_form (void **state G_GNUC_UNUSED)
{
  static const char *const headers[] = { "",
                                         "v1",
                                         "v1;node-17-a",
                                         "v1;node-17-a;",
                                         EXPECTED,
                                         "v2;node-17-a;" EXPECTED,
                                         "v1;node-17-b;" EXPECTED,
                                         "v1;node-17-a;" EXPECTED "0",
                                         "v1;node-17-a; " EXPECTED,
                                         "v1;NODE-17-a;" EXPECTED };
  g_autoptr (HmSigner) signer = new_signer ();

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    if (verify (signer, headers[i], KEY, ID, VALUE))
      fail_msg ("took \"%s\"", headers[i]);
}

/* Every one of the 256 bits of the digest counts. */
static void
signer_refuses_a_digest_with_one_digit_changed (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmSigner) signer = new_signer ();
  g_autofree char *header = hm_signer_sign (signer, KEY, ID, VALUE, strlen (VALUE));

  for (gsize i = strlen ("v1;node-17-a;"); i < strlen (header); i++)
    {
      char digit = header[i];

      header[i] = digit == '0' ? '1' : '0';
      assert_false (verify (signer, header, KEY, ID, VALUE));
      header[i] = digit;
    }
  assert_true (verify (signer, header, KEY, ID, VALUE));
}

/* -- key files -- */

static void
assert_key_file (const char *text, int mode, const char *refused)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "key", NULL);
  g_autoptr (HmSigner) signer = NULL;
  GError *error = NULL;

  kit_write_file (folder, "key", text);
  assert_int_equal (g_chmod (path, mode), 0);
  signer = hm_signer_new_from_file ("node-17-a", path, &error);
  assert_true ((signer != NULL) == (refused == NULL));
  if (refused != NULL)
    kit_assert_error (&error, HM_ERROR_CONFIG, refused);
  else
    {
      g_autofree char *header = hm_signer_sign (signer, KEY, ID, VALUE, strlen (VALUE));

      assert_string_equal (header, "v1;node-17-a;" EXPECTED);
    }
  kit_remove_tree (folder);
}

static void
key_file_is_read_with_white_space_around (void **state G_GNUC_UNUSED)
{
  assert_key_file (HEX_SECRET, 0600, NULL);
  assert_key_file (" \n" HEX_SECRET " \r\n\n", 0640, NULL);
  assert_key_file ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n", 0400, NULL);
}

static void
key_file_is_refused_when_not_64_hex_digits (void **state G_GNUC_UNUSED)
{
  g_autofree char *long_text = g_strnfill (5000, 'a');

  assert_key_file ("", 0600, "64 hex digits");
  assert_key_file ("\n", 0600, "64 hex digits");
  assert_key_file (HEX_SECRET "0", 0600, "64 hex digits");
  assert_key_file ("g" HEX_SECRET, 0600, "64 hex digits");
  assert_key_file ("x00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600, "64 hex digits");
  assert_key_file ("00010203 0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600,
                   "64 hex digits");
  assert_key_file (long_text, 0600, "64 hex digits");
}

static void
key_file_is_refused_when_others_may_use_it (void **state G_GNUC_UNUSED)
{
  assert_key_file (HEX_SECRET, 0604, "mode is 0604");
  assert_key_file (HEX_SECRET, 0602, "mode is 0602");
}

static void
key_file_is_refused_when_it_is_no_file (void **state G_GNUC_UNUSED)
{
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  GError *error = NULL;

  assert_null (hm_signer_new_from_file ("a", missing, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, missing);
  assert_null (hm_signer_new_from_file ("a", folder, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "regular file");
  assert_int_equal (mkfifo (fifo, 0600), 0);
  assert_null (hm_signer_new_from_file ("a", fifo, &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "regular file");
  kit_remove_tree (folder);
}

static void
key_id_is_refused_when_it_could_break_the_header (void **state G_GNUC_UNUSED)
{
  static const char *const ids[]
      = { "", "a;b", "a b", "\xc3\xa4", "abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_0123456789a" };
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *path = g_build_filename (folder, "key", NULL);

  kit_write_file (folder, "key", HEX_SECRET);
  assert_int_equal (g_chmod (path, 0600), 0);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      GError *error = NULL;

      assert_null (hm_signer_new_from_file (ids[i], path, &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, "key id");
    }
  kit_remove_tree (folder);
}

static void
sha256_agrees_with_the_standard (void **state G_GNUC_UNUSED)
{
  char hex[65];

  hm_sha256_hex ("abc", 3, hex);
  assert_string_equal (hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  hm_sha256_hex ("", 0, hex);
  assert_string_equal (hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
signature_is_taken_apart_when_it_is_one (void **state G_GNUC_UNUSED)
{
  g_autofree char *long_id = g_strnfill (HM_KEY_ID_MAX, 'k');
  g_autofree char *longest = g_strdup_printf ("v1;%s;" EXPECTED, long_id);
  g_autofree char *longer = g_strdup_printf ("v1;k%s;" EXPECTED, long_id);
  char id[HM_KEY_ID_MAX + 1] = "untouched";

  assert_int_equal (hm_signature_parse (longer, id), HM_SIGNATURE_MALFORMED);
  assert_int_equal (hm_signature_parse ("v1;k;" EXPECTED "0", id), HM_SIGNATURE_MALFORMED);
  assert_int_equal (hm_signature_parse ("v10;k;" EXPECTED, id), HM_SIGNATURE_OTHER);
  assert_int_equal (hm_signature_parse ("v2;", id), HM_SIGNATURE_OTHER);
  assert_int_equal (hm_signature_parse ("v1", id), HM_SIGNATURE_MALFORMED);
  assert_int_equal (hm_signature_parse ("", id), HM_SIGNATURE_MALFORMED);
  assert_string_equal (id, "untouched");
  assert_int_equal (hm_signature_parse (longest, id), HM_SIGNATURE_V1);
  assert_string_equal (id, long_id);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (signer_agrees_with_openssl),
    cmocka_unit_test (signer_signs_the_same_again_after_others),
    cmocka_unit_test (signer_verifies_its_own_alone),
    cmocka_unit_test (signer_refuses_headers_of_another_form),
    cmocka_unit_test (signer_refuses_a_digest_with_one_digit_changed),
    cmocka_unit_test (key_file_is_read_with_white_space_around),
    cmocka_unit_test (key_file_is_refused_when_not_64_hex_digits),
    cmocka_unit_test (key_file_is_refused_when_others_may_use_it),
    cmocka_unit_test (key_file_is_refused_when_it_is_no_file),
    cmocka_unit_test (key_id_is_refused_when_it_could_break_the_header),
    cmocka_unit_test (signature_is_taken_apart_when_it_is_one),
    cmocka_unit_test (sha256_agrees_with_the_standard),
  };

  return cmocka_run_group_tests_name ("signature", tests, NULL, NULL);
}
