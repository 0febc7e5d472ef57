/* SPDX-License-Identifier: Apache-2.0 */
/* test_verify: what a signature is found to be, what each policy makes of it, and which keys a configuration can name. */
#include "tests/engine_kit.h"

#include <glib/gstdio.h>
#include <string.h>

#include "collector/config.h"
#include "collector/pipeline/pipeline.h"
#include "collector/pipeline/verify.h"
#include "metering/error.h"

#define NOON "2026-12-01T12:00:00Z"

typedef struct
{
  EngineKit *kit;
  char *folder, *conf;
  HmVerifier *verifier;
} Fixture;

/* 64 times that digit. */
static void
write_key (const Fixture *f, const char *name, char digit)
{
  g_autofree char *digits = g_strnfill (64, digit);
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autofree char *above = g_path_get_dirname (path);

  assert_int_equal (g_mkdir_with_parents (above, 0700), 0);
  kit_write_file (f->folder, name, digits);
  assert_int_equal (g_chmod (path, 0600), 0);
}

static HmSigner *
new_signer (const char *id, char digit)
{
  guint8 secret[32];
  guint8 nibble = (guint8)g_ascii_xdigit_value (digit);

  memset (secret, nibble << 4 | nibble, sizeof secret);
  return hm_signer_new (id, secret);
}

static int
set_up (void **state)
{
  Fixture *f = g_new0 (Fixture, 1);

  f->kit = engine_kit_new ();
  f->folder = kit_temp_folder ();
  f->conf = g_build_filename (f->folder, "collector.conf", NULL);
  write_key (f, "a", 'a');
  write_key (f, "b", 'b');
  *state = f;
  return 0;
}

static int
tear_down (void **state)
{
  Fixture *f = *state;

  hm_verifier_unref (f->verifier);
  engine_kit_free (f->kit);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->conf);
  g_free (f);
  return 0;
}

/* What the configuration @text names, in which FOLDER stands for the fixture's. (transfer full) (nullable) */
static HmVerifier *
load (const Fixture *f, const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "FOLDER", -1);
  g_autofree char *full = g_strjoinv (f->folder, parts);
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmCollectorConfig) config = NULL;

  kit_write_file (f->folder, "collector.conf", full);
  settings = hm_settings_load (f->conf, TRUE, NULL, error);
  if (settings != NULL)
    config = hm_collector_config_new (settings, f->conf, error);
  return config != NULL ? hm_verifier_new (config->verify, error) : NULL;
}

static void
use (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&f->verifier, hm_verifier_unref);
  f->verifier = load (f, text, &error);
  if (f->verifier == NULL)
    fail_msg ("%s", error->message);
}

/* -- records -- */

/* Of agent node and source site, signed by @key ("a" with file a's bytes) if there is one. (transfer full) */
static HmArrival *
arrive (const Fixture *f, const char *key)
{
  g_autoptr (HmSigner) signer = key != NULL ? new_signer (key, key[0]) : NULL;
  HmRecord record;

  engine_kit_record (&record, "i-1", 1, MORNING);
  return engine_kit_signed (f->kit, &record, signer);
}

static void
decode (const Fixture *f, HmArrival *arrival)
{
  hm_arrival_decode (arrival, f->kit->decoder, f->kit->meters, f->verifier);
}

/* Decodes @arrival (transfer full). @reason "": it is taken. */
static void
expect (const Fixture *f, HmArrival *arrival, HmVerdict verdict, const char *reason, const char *detail)
{
  decode (f, arrival);
  assert_int_equal (arrival->verdict, verdict);
  assert_int_equal (arrival->verified, verdict == HM_VERDICT_RIGHT);
  assert_string_equal (arrival->refusal != HM_REFUSED_NOT ? hm_refusal_name (arrival->refusal) : "", reason);
  assert_true ((arrival->decoded == NULL) == (*reason != '\0'));
  if (g_strcmp0 (arrival->detail, detail) != 0)
    fail_msg ("\"%s\" instead of \"%s\"", arrival->detail, detail);
  hm_arrival_free (arrival);
}

static void
replace_signature (HmArrival *arrival, const char *signature)
{
  g_free (arrival->signature);
  arrival->signature = g_strdup (signature);
}

#define KEY_A   "[key:a]\nagent=node\nfile=FOLDER/a\n"
#define KEY_B   "[key:b]\nagent=other\nfile=FOLDER/b\n"
#define REQUIRE "[collector]\nsignatures=require\n"
#define ACCEPT  "[collector]\nsignatures=accept\n"
#define OFF     "[collector]\nsignatures=off\n"

/* -- what a signature is -- */

static void
verify_takes_a_record_that_its_agent_signed (void **state)
{
  Fixture *f = *state;

  use (f, REQUIRE KEY_A KEY_B);
  expect (f, arrive (f, "a"), HM_VERDICT_RIGHT, "", NULL);
}

static void
verify_refuses_an_unsigned_record_when_signatures_are_required (void **state)
{
  Fixture *f = *state;

  use (f, REQUIRE KEY_A);
  expect (f, arrive (f, NULL), HM_VERDICT_UNSIGNED, "bad-signature", "unsigned");
}

static void
verify_refuses_what_is_no_signature (void **state)
{
  static const char *const headers[]
      = { "v1",
          "v1;;",
          "v1;a;00",
          "nonsense",
          "v1;a b;0000000000000000000000000000000000000000000000000000000000000000",
          "v1;a;000000000000000000000000000000000000000000000000000000000000000g",
          "v1;a;ABCDEF0000000000000000000000000000000000000000000000000000000000",
          "v1;a;00000000000000000000000000000000000000000000000000000000000000000",
          "v;x;00",
          "v2" };
  Fixture *f = *state;

  use (f, ACCEPT KEY_A);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      HmArrival *arrival = arrive (f, NULL);

      arrival->signature = g_strdup (headers[i]);
      expect (f, arrival, HM_VERDICT_MALFORMED, "bad-signature", "malformed hm-signature");
    }
}

static void
verify_refuses_a_key_that_nobody_named_when_signatures_are_required (void **state)
{
  Fixture *f = *state;
  HmArrival *other = arrive (f, NULL);

  use (f, REQUIRE KEY_A);
  expect (f, arrive (f, "c"), HM_VERDICT_UNKNOWN_KEY, "bad-signature", "unknown key: key c");
  other->signature = g_strdup ("v2;ed25519;abc");
  expect (f, other, HM_VERDICT_UNKNOWN_KEY, "bad-signature", "unknown key");
}

static void
verify_refuses_other_bytes_than_those_signed (void **state)
{
  static const char *const detail = "does not match: key a";
  Fixture *f = *state;
  g_autofree char *text = NULL;
  HmArrival *value = arrive (f, "a"), *key = arrive (f, "a"), *id = arrive (f, "a"),
            *forged = arrive (f, NULL);
  g_autoptr (HmSigner) guess = new_signer ("a", 'c');

  use (f, ACCEPT KEY_A);
  text = g_strndup (value->value, value->length);
  *strstr (text, "1000") = '9';
  value->value = text;
  expect (f, value, HM_VERDICT_MISMATCH, "bad-signature", detail);
  key->key = "i-2";
  expect (f, key, HM_VERDICT_MISMATCH, "bad-signature", detail);
  id->ce_id[strlen (id->ce_id) - 1] = '2';
  expect (f, id, HM_VERDICT_MISMATCH, "bad-signature", detail);
  forged->signature = hm_signer_sign (guess, forged->key, forged->ce_id, forged->value, forged->length);
  expect (f, forged, HM_VERDICT_MISMATCH, "bad-signature", detail);
}

static void
verify_refuses_a_signed_record_without_ce_id (void **state)
{
  Fixture *f = *state;
  HmArrival *arrival = arrive (f, "a");

  use (f, ACCEPT KEY_A);
  g_clear_pointer (&arrival->ce_id, g_free);
  expect (f, arrival, HM_VERDICT_NO_ID, "bad-signature", "no ce_id, which is part of what is signed: key a");
}

static void
verify_refuses_the_key_of_another_agent_although_it_matches (void **state)
{
  Fixture *f = *state;

  use (f, ACCEPT KEY_A KEY_B);
  expect (f, arrive (f, "b"), HM_VERDICT_OTHER_AGENT, "wrong-agent",
          "signed with another agent's key: key b");
  use (f, ACCEPT "[key:b]\nagent=nod\nfile=FOLDER/b\n");
  expect (f, arrive (f, "b"), HM_VERDICT_OTHER_AGENT, "wrong-agent",
          "signed with another agent's key: key b");
}

/* Whoever signs with his own key and says in ce_id that it is his has still not made another agent's record. */
static void
verify_refuses_another_agents_record_under_the_signers_own_ce_id (void **state)
{
  Fixture *f = *state;
  g_autoptr (HmSigner) signer = new_signer ("b", 'b');
  HmArrival *arrival = arrive (f, NULL);

  use (f, ACCEPT KEY_A KEY_B);
  g_free (arrival->ce_id);
  arrival->ce_id = g_strdup ("other/e1/i-1/1");
  arrival->signature = hm_signer_sign (signer, arrival->key, arrival->ce_id, arrival->value, arrival->length);
  decode (f, arrival);
  assert_int_equal (arrival->refusal, HM_REFUSED_WRONG_AGENT);
  assert_string_equal (arrival->detail, "ce_id is not the record's id, node/e1/i-1/1");
  assert_int_equal (arrival->verdict, HM_VERDICT_RIGHT);
  assert_false (arrival->verified); /* not node's to account for */
  hm_arrival_free (arrival);
}

static void
verify_holds_a_key_to_its_time_by_the_moment_of_arrival (void **state)
{
  static const char detail[] = "out of its key's time: key a";
  Fixture *f = *state;
  HmArrival *at[4];
  HmTime noon;

  assert_true (hm_time_parse (NOON, -1, &noon));
  for (guint i = 0; i < G_N_ELEMENTS (at); i++)
    {
      at[i] = arrive (f, "a");
      at[i]->appended = noon - (i % 2);
    }
  use (f, ACCEPT KEY_A "from=" NOON "\n");
  expect (f, at[0], HM_VERDICT_RIGHT, "", NULL);
  expect (f, at[1], HM_VERDICT_OUT_OF_TIME, "bad-signature", detail);
  use (f, ACCEPT KEY_A "until=" NOON "\n");
  expect (f, at[2], HM_VERDICT_OUT_OF_TIME, "bad-signature", detail);
  expect (f, at[3], HM_VERDICT_RIGHT, "", NULL);
}

static void
verify_takes_each_key_of_an_agent_while_one_replaces_the_other (void **state)
{
  Fixture *f = *state;

  use (f, REQUIRE KEY_A "[key:b]\nagent=node\nfile=FOLDER/b\n");
  expect (f, arrive (f, "a"), HM_VERDICT_RIGHT, "", NULL);
  expect (f, arrive (f, "b"), HM_VERDICT_RIGHT, "", NULL);
  use (f, REQUIRE "[key:b]\nagent=node\nfile=FOLDER/b\n");
  expect (f, arrive (f, "a"), HM_VERDICT_UNKNOWN_KEY, "bad-signature", "unknown key: key a");
  expect (f, arrive (f, "b"), HM_VERDICT_RIGHT, "", NULL);
}

static void
verify_holds_a_key_to_its_source (void **state)
{
  Fixture *f = *state;

  use (f, ACCEPT KEY_A "source=site\n");
  expect (f, arrive (f, "a"), HM_VERDICT_RIGHT, "", NULL);
  use (f, ACCEPT KEY_A "source=another\n");
  expect (f, arrive (f, "a"), HM_VERDICT_OTHER_SOURCE, "wrong-agent",
          "signed with another source's key: key a");
}

/* -- policies -- */

static void
verify_accepts_what_nobody_signed_but_nothing_signed_wrong (void **state)
{
  Fixture *f = *state;
  HmArrival *wrong = arrive (f, "a");

  use (f, ACCEPT KEY_A);
  expect (f, arrive (f, NULL), HM_VERDICT_UNSIGNED, "", NULL);
  expect (f, arrive (f, "c"), HM_VERDICT_UNKNOWN_KEY, "", NULL);
  wrong->key = "i-2";
  expect (f, wrong, HM_VERDICT_MISMATCH, "bad-signature", "does not match: key a");
}

static void
verify_looks_at_nothing_when_signatures_are_off (void **state)
{
  Fixture *f = *state;
  HmArrival *wrong = arrive (f, "a");

  use (f, OFF KEY_A);
  replace_signature (wrong, "nonsense");
  expect (f, wrong, HM_VERDICT_NONE, "", NULL);
  expect (f, arrive (f, "a"), HM_VERDICT_NONE, "", NULL);
}

static void
verify_goes_by_the_policy_of_the_records_own_source (void **state)
{
  Fixture *f = *state;
  HmArrival *wrong = arrive (f, "a");

  use (f, REQUIRE KEY_A "[source:site]\nsignatures=off\n");
  replace_signature (wrong, "nonsense");
  expect (f, wrong, HM_VERDICT_NONE, "", NULL);
  expect (f, arrive (f, "a"), HM_VERDICT_NONE, "", NULL);
  use (f, REQUIRE KEY_A "[source:site]\nsignatures=accept\n");
  expect (f, arrive (f, NULL), HM_VERDICT_UNSIGNED, "", NULL);
  use (f, OFF KEY_A "[source:site]\nsignatures=require\n");
  expect (f, arrive (f, NULL), HM_VERDICT_UNSIGNED, "bad-signature", "unsigned");
  expect (f, arrive (f, "a"), HM_VERDICT_RIGHT, "", NULL);
  use (f, REQUIRE KEY_A "[source:another]\nsignatures=off\n");
  expect (f, arrive (f, NULL), HM_VERDICT_UNSIGNED, "bad-signature", "unsigned");
}

static void
verify_lets_nothing_unsigned_be_decoded_where_every_source_requires_it (void **state)
{
  Fixture *f = *state;
  HmArrival *one = arrive (f, NULL), *other = arrive (f, NULL);

  one->value = other->value = "no record";
  one->length = other->length = strlen ("no record");
  use (f, REQUIRE KEY_A "[source:site]\nsignatures=require\n");
  expect (f, one, HM_VERDICT_UNSIGNED, "bad-signature", "unsigned");
  use (f, REQUIRE KEY_A "[source:another]\n"
                        "signatures=accept\n");
  decode (f, other);
  assert_int_equal (other->refusal, HM_REFUSED_BAD_JSON);
  hm_arrival_free (other);
}

/* -- the folder of keys -- */

static void
verify_finds_each_agents_keys_in_its_folder (void **state)
{
  Fixture *f = *state;

  write_key (f, "keys/node/a", 'a');
  write_key (f, "keys/node/c", 'c');
  write_key (f, "keys/a%2Fb/b", 'b');
  write_key (f, "keys/.new/d", 'd');
  write_key (f, "keys/node/.e.tmp", 'e');
  use (f, REQUIRE "keys-dir=FOLDER/keys\n");
  expect (f, arrive (f, "a"), HM_VERDICT_RIGHT, "", NULL);
  expect (f, arrive (f, "c"), HM_VERDICT_RIGHT, "", NULL);
  expect (f, arrive (f, "b"), HM_VERDICT_OTHER_AGENT, "wrong-agent",
          "signed with another agent's key: key b");
  expect (f, arrive (f, "d"), HM_VERDICT_UNKNOWN_KEY, "bad-signature", "unknown key: key d");
}

static void
verify_takes_a_section_without_file_for_a_key_of_the_folder (void **state)
{
  Fixture *f = *state;
  HmArrival *late = arrive (f, "a");

  write_key (f, "keys/node/a", 'a');
  late->appended = MORNING;
  use (f, REQUIRE "keys-dir=FOLDER/keys\n[key:a]\nuntil=1971-01-01T00:00:00Z\n");
  expect (f, late, HM_VERDICT_OUT_OF_TIME, "bad-signature", "out of its key's time: key a");
}

static void
verify_says_what_it_goes_by (void **state)
{
  Fixture *f = *state;
  g_autofree char *line = NULL;

  use (f, ACCEPT KEY_A KEY_B "[source:site]\nsignatures=require\n");
  line = hm_verifier_describe (f->verifier);
  assert_string_equal (line, "2 keys of 2 agents, signatures=accept, source site: require");
}

/* -- mistakes -- */

static const struct
{
  const char *text, *reason;
} mistakes[] = {
  { "[key:a]\nfile=FOLDER/a\n", "[key:a]: agent: missing" },
  { "[key:a]\nagent=\nfile=FOLDER/a\n", "[key:a]: agent: empty" },
  { "[key:a]\nagent=node\n", "[key:a]: file: missing, and keys-dir holds no key of that name" },
  { "[key:a]\nagent=node\nfile=FOLDER/none\n", "none: No such file" },
  { "[key:a]\nagent=node\nfile=FOLDER/open\n", "must not be open to others" },
  { "[key:a]\nagent=node\nfile=FOLDER/collector.conf\n", "collector.conf: " },
  { "[key:a]\nagent=node\nfile=FOLDER/short\n", "exactly 64 hex digits" },
  { "[key:a b]\nagent=node\nfile=FOLDER/a\n", "the key id must be" },
  { KEY_A "from=noon\n", "[key:a]: from: \"noon\" is not a time" },
  { KEY_A "until=noon\n", "[key:a]: until: \"noon\" is not a time" },
  { KEY_A "from=" NOON "\nuntil=" NOON "\n", "[key:a]: until: not after" },
  { KEY_A "form=" NOON "\n", "form" },
  { "[source:site]\nsignatures=maybe\n", "signatures" },
  { "[collector]\nsignatures=maybe\n", "signatures" },
  { "[collector]\nkeys-dir=keys\n", "[collector]: keys-dir: not an absolute path" },
  { "[collector]\nkeys-dir=FOLDER/none\n", "none" },
  { "[collector]\nkeys-dir=FOLDER/keys\n" KEY_A, "keys/node/a is the same key id" },
  { "[collector]\nkeys-dir=FOLDER/keys\n[key:a]\nagent=other\n", "keys/node/a is another agent's" },
  { "[collector]\nkeys-dir=FOLDER/twice\n", "is the same key id" },
  { "[collector]\nkeys-dir=FOLDER/odd\n", "no%2fde: not an agent's id as it stands in a ce_id" },
  { "[collector]\nkeys-dir=FOLDER\n", "" },
};

static void
verify_refuses_a_configuration_with_a_mistake (void **state)
{
  Fixture *f = *state;

  write_key (f, "open", 'a');
  write_key (f, "keys/node/a", 'a');
  write_key (f, "twice/node/a", 'a');
  write_key (f, "twice/other/a", 'b');
  write_key (f, "odd/no%2fde/a", 'a');
  kit_write_file (f->folder, "short", "abc");
  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autofree char *open_file = g_build_filename (f->folder, "open", NULL);
      g_autofree char *short_file = g_build_filename (f->folder, "short", NULL);
      g_autoptr (GError) error = NULL;

      assert_int_equal (g_chmod (open_file, 0644), 0);
      assert_int_equal (g_chmod (short_file, 0600), 0);
      if (load (f, mistakes[i].text, &error) != NULL)
        fail_msg ("taken: %s", mistakes[i].text);
      kit_assert_error (&error, HM_ERROR_CONFIG, mistakes[i].reason);
    }
}

/* -- headers -- */

static void
take_text (HmArrival *arrival, const char *name, const char *value)
{
  hm_arrival_take_header (arrival, name, value, strlen (value));
}

static void
headers_are_taken_as_they_came (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmArrival) arrival = hm_arrival_new ();

  take_text (arrival, "ce_specversion", "1.0");
  take_text (arrival, "ce_type", "hypermeter.samples/1");
  take_text (arrival, "ce_id", "a/e/r/1");
  take_text (arrival, "hm-signature", "v1;k;00");
  take_text (arrival, "hm-sent", "\xff");
  take_text (arrival, "hm-sent", "\xff");
  assert_int_equal (arrival->refusal, HM_REFUSED_NOT);
  assert_string_equal (arrival->ce_id, "a/e/r/1");
  assert_string_equal (arrival->signature, "v1;k;00");
  assert_int_equal (arrival->header_bytes, 17 + 27 + 12 + 19 + 8 + 8);
}

#define NOT_PLAIN ": empty, or with bytes that are not printable ASCII"

static void
expect_spoiled (const char *name, gconstpointer value, gsize size, const char *reason, const char *detail)
{
  g_autoptr (HmArrival) arrival = hm_arrival_new ();

  hm_arrival_take_header (arrival, name, value, size);
  assert_string_equal (hm_refusal_name (arrival->refusal), reason);
  assert_string_equal (arrival->detail, detail);
  assert_null (arrival->ce_id);
  assert_null (arrival->signature);
}

static void
headers_spoil_a_record_when_they_can_be_none (void **state G_GNUC_UNUSED)
{
  g_autofree char *large = g_strnfill (1 << 20, 'x');

  expect_spoiled ("ce_id", large, 1 << 20, "bad-signature", "ce_id: 1048576 bytes, of 2318 at most");
  expect_spoiled ("hm-signature", large, 1025, "bad-signature", "hm-signature: 1025 bytes, of 1024 at most");
  expect_spoiled ("ce_type", large, 256, "bad-schema", "ce_type: 256 bytes, of 255 at most");
  expect_spoiled ("ce_id", "a\0b", 3, "bad-signature", "ce_id" NOT_PLAIN);
  expect_spoiled ("hm-signature", "\xff\xfe", 2, "bad-signature", "hm-signature" NOT_PLAIN);
  expect_spoiled ("hm-signature", "v1;k;\n", 6, "bad-signature", "hm-signature" NOT_PLAIN);
  expect_spoiled ("hm-signature", "", 0, "bad-signature", "hm-signature" NOT_PLAIN);
  expect_spoiled ("ce_type", NULL, 0, "bad-schema", "ce_type" NOT_PLAIN);
}

static void
headers_spoil_a_record_when_one_is_there_twice (void **state G_GNUC_UNUSED)
{
  g_autoptr (HmArrival) arrival = hm_arrival_new ();

  for (guint i = 0; i < 3; i++)
    take_text (arrival, "hm-signature", "v1;k;00");
  take_text (arrival, "ce_id", "a/e/r/1");
  assert_int_equal (arrival->refusal, HM_REFUSED_BAD_SIGNATURE);
  assert_string_equal (arrival->detail, "hm-signature: there more than once");
  assert_null (arrival->signature);
  assert_string_equal (arrival->ce_id, "a/e/r/1");
}

static void
headers_that_are_no_good_refuse_a_record_whatever_the_policy (void **state)
{
  Fixture *f = *state;
  HmArrival *arrival = arrive (f, "a");

  use (f, OFF KEY_A);
  take_text (arrival, "ce_id", "another");
  expect (f, arrival, HM_VERDICT_NONE, "bad-signature", "ce_id: there more than once");
}

/* A replayed letter: what its headers said is not kept. */
static HmArrival *
arrive_again (const Fixture *f)
{
  HmArrival *arrival = arrive (f, NULL);

  arrival->headers_lost = TRUE;
  return arrival;
}

static void
headers_that_are_lost_are_none_that_never_came (void **state)
{
  static const char detail[] = "its ce_id or hm-signature was no good, and is not kept";
  Fixture *f = *state;
  g_autoptr (HmArrival) twice = arrive (f, "a"), typed = arrive (f, "a");

  take_text (twice, "hm-signature", "v1;another");
  assert_true (twice->headers_lost);
  take_text (typed, "ce_type", "one");
  take_text (typed, "ce_type", "two");
  assert_false (typed->headers_lost);
  use (f, ACCEPT KEY_A);
  expect (f, arrive_again (f), HM_VERDICT_LOST, "bad-signature", detail);
  use (f, REQUIRE KEY_A);
  expect (f, arrive_again (f), HM_VERDICT_LOST, "bad-signature", detail);
  use (f, OFF KEY_A);
  expect (f, arrive_again (f), HM_VERDICT_NONE, "", NULL);
}

/* -- exchange -- */

static void
push (const Fixture *f, HmPipeline *pipeline, HmArrival *arrival)
{
  GPtrArray *chunk = g_ptr_array_new ();

  arrival->generation = hm_pipeline_generation (pipeline);
  arrival->offset = arrival->expected = f->kit->offset++;
  g_ptr_array_add (chunk, arrival);
  hm_pipeline_push (pipeline, chunk);
}

static HmPipelineCounts
wait_for_commit (HmPipeline *pipeline, gint64 next)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  HmPipelineCounts counts;

  while (hm_pipeline_committed (pipeline, 0) < next && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  assert_int_equal (hm_pipeline_committed (pipeline, 0), next);
  hm_pipeline_counts (pipeline, &counts);
  return counts;
}

static void
pipeline_verifies_with_the_keys_that_it_was_given_last (void **state)
{
  const HmPipelineSettings settings = { .batch_records = 64, .batch_bytes = 1 << 20 };
  Fixture *f = *state;
  HmPipeline *pipeline;
  HmPipelineCounts counts;
  HmArrival *first = arrive (f, "a"), *second = arrive (f, "a");

  f->kit->offset = 0;
  pipeline = hm_pipeline_new (g_steal_pointer (&f->kit->engine), f->kit->meters, &settings);
  hm_pipeline_start (pipeline);
  use (f, REQUIRE KEY_B);
  hm_pipeline_set_verifier (pipeline, hm_verifier_ref (f->verifier));
  push (f, pipeline, first);
  counts = wait_for_commit (pipeline, 1);
  assert_int_equal (counts.engine.refused[HM_REFUSED_BAD_SIGNATURE], 1);
  assert_int_equal (counts.engine.verdicts[HM_VERDICT_UNKNOWN_KEY], 1);
  use (f, REQUIRE KEY_A);
  hm_pipeline_set_verifier (pipeline, hm_verifier_ref (f->verifier));
  push (f, pipeline, second);
  counts = wait_for_commit (pipeline, 2);
  assert_int_equal (counts.engine.verified, 1);
  assert_int_equal (counts.engine.unverified, 0);
  assert_true (hm_pipeline_stop (pipeline, 60 * HM_NSEC_PER_SEC));
  hm_pipeline_free (pipeline);
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (verify_takes_a_record_that_its_agent_signed),
    CASE (verify_refuses_an_unsigned_record_when_signatures_are_required),
    CASE (verify_refuses_what_is_no_signature),
    CASE (verify_refuses_a_key_that_nobody_named_when_signatures_are_required),
    CASE (verify_refuses_other_bytes_than_those_signed),
    CASE (verify_refuses_a_signed_record_without_ce_id),
    CASE (verify_refuses_the_key_of_another_agent_although_it_matches),
    CASE (verify_refuses_another_agents_record_under_the_signers_own_ce_id),
    CASE (verify_holds_a_key_to_its_time_by_the_moment_of_arrival),
    CASE (verify_takes_each_key_of_an_agent_while_one_replaces_the_other),
    CASE (verify_holds_a_key_to_its_source),
    CASE (verify_accepts_what_nobody_signed_but_nothing_signed_wrong),
    CASE (verify_looks_at_nothing_when_signatures_are_off),
    CASE (verify_goes_by_the_policy_of_the_records_own_source),
    CASE (verify_lets_nothing_unsigned_be_decoded_where_every_source_requires_it),
    CASE (verify_finds_each_agents_keys_in_its_folder),
    CASE (verify_takes_a_section_without_file_for_a_key_of_the_folder),
    CASE (verify_says_what_it_goes_by),
    CASE (verify_refuses_a_configuration_with_a_mistake),
    cmocka_unit_test (headers_are_taken_as_they_came),
    cmocka_unit_test (headers_spoil_a_record_when_they_can_be_none),
    cmocka_unit_test (headers_spoil_a_record_when_one_is_there_twice),
    CASE (headers_that_are_no_good_refuse_a_record_whatever_the_policy),
    CASE (headers_that_are_lost_are_none_that_never_came),
    CASE (pipeline_verifies_with_the_keys_that_it_was_given_last),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
