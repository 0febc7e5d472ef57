/* SPDX-License-Identifier: Apache-2.0 */
/* test_forged: a backlog in which false records lie among the true ones, through verifier, decoder, engine and store. Each false one is refused for
 * its own reason and kept as evidence, the repeated ones change nothing, and what the true ones come to is what they come to alone.
 * HYPERMETER_TEST_FORGED: so many true records (100,000); there are a hundredth as many of each false kind. */
#include "tests/engine_kit.h"

#include <glib/gstdio.h>
#include <string.h>

#include "collector/config.h"
#include "collector/pipeline/verify.h"

#define AGENTS    20
#define RESOURCES 200
#define BATCH     10000
#define RECORDS   100000
#define FALSE_ONE 100 /* after so many true ones comes one of each false kind */

typedef enum
{
  TRUE_RECORD,
  FORGED,   /* signed by somebody who knows the key's name and not its secret */
  ALTERED,  /* a true one, one digit of its value another */
  CROSSED,  /* signed by another agent with its own key */
  UNSIGNED, /* not signed at all */
  REPLAYED, /* a true one once more, as it was */
  KINDS
} Kind;

static const struct
{
  const char *reason, *detail;
} expected[KINDS] = {
  [FORGED] = { "bad-signature", "does not match" },
  [ALTERED] = { "bad-signature", "does not match" },
  [CROSSED] = { "wrong-agent", "signed with another agent's key" },
  [UNSIGNED] = { "bad-signature", "unsigned" },
};

typedef struct
{
  char *folder;
  HmVerifier *verifier;
  HmSigner *signers[AGENTS], *forgers[AGENTS];
} Keys;

typedef struct
{
  EngineKit *kit;
  const Keys *keys;
  GPtrArray *batch;
  GArray *kinds; /* (element-type Kind) of each offset */
  guint64 letters[KINDS];
} Bus;

static guint64
records_wanted (void)
{
  const char *text = g_getenv ("HYPERMETER_TEST_FORGED");

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : RECORDS;
}

/* -- keys -- */

/* keys/node-3/key-3, and who signs with it; the forger's is of the same name. */
static void
make_key (Keys *keys, guint agent)
{
  g_autofree char *id = g_strdup_printf ("key-%u", agent);
  g_autofree char *name = g_strdup_printf ("keys/node-%u/%s", agent, id);
  g_autofree char *path = g_build_filename (keys->folder, name, NULL);
  g_autofree char *above = g_path_get_dirname (path);
  g_autofree char *hex = g_strdup_printf ("%064x", agent + 1);
  const guint8 secret[32] = { 0x66 };

  assert_int_equal (g_mkdir_with_parents (above, 0700), 0);
  kit_write_file (keys->folder, name, hex);
  assert_int_equal (g_chmod (path, 0600), 0);
  keys->signers[agent] = hm_signer_new_from_file (id, path, NULL);
  keys->forgers[agent] = hm_signer_new (id, secret);
  assert_non_null (keys->signers[agent]);
}

static HmVerifier *
load_verifier (const Keys *keys)
{
  g_autofree char *text
      = g_strdup_printf ("[collector]\nsignatures=require\nkeys-dir=%s/keys\n", keys->folder);
  g_autofree char *path = g_build_filename (keys->folder, "collector.conf", NULL);
  g_autoptr (HmSettings) settings = NULL;
  g_autoptr (HmCollectorConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  HmVerifier *verifier = NULL;

  kit_write_file (keys->folder, "collector.conf", text);
  settings = hm_settings_load (path, TRUE, NULL, &error);
  if (settings != NULL)
    config = hm_collector_config_new (settings, path, &error);
  if (config != NULL)
    verifier = hm_verifier_new (config->verify, &error);
  if (verifier == NULL)
    fail_msg ("%s", error->message);
  return verifier;
}

static int
set_up (void **state)
{
  Keys *keys = g_new0 (Keys, 1);

  keys->folder = kit_temp_folder ();
  for (guint i = 0; i < AGENTS; i++)
    make_key (keys, i);
  keys->verifier = load_verifier (keys);
  *state = keys;
  return 0;
}

static int
tear_down (void **state)
{
  Keys *keys = *state;

  for (guint i = 0; i < AGENTS; i++)
    {
      hm_signer_free (keys->signers[i]);
      hm_signer_free (keys->forgers[i]);
    }
  hm_verifier_unref (keys->verifier);
  kit_remove_tree (keys->folder);
  g_free (keys->folder);
  g_free (keys);
  return 0;
}

/* -- records -- */

static void
free_bytes (gpointer bytes)
{
  g_bytes_unref (bytes);
}

/* Its first sample's value becomes another one. */
static void
alter (HmArrival *arrival)
{
  char *text = g_strndup (arrival->value, arrival->length);
  char *digit = strstr (text, "\"value\":") + strlen ("\"value\":");

  assert_true (g_ascii_isdigit (*digit));
  *digit = *digit == '9' ? '1' : (char)(*digit + 1);
  arrival->release (arrival->owner);
  arrival->owner = g_bytes_new_take (text, arrival->length);
  arrival->release = free_bytes;
  arrival->value = g_bytes_get_data (arrival->owner, NULL);
}

static HmSigner *
signer_of (const Keys *keys, guint agent, Kind kind)
{
  switch (kind)
    {
    case FORGED:
      return keys->forgers[agent];
    case CROSSED:
      return keys->signers[(agent + 1) % AGENTS];
    case UNSIGNED:
      return NULL;
    default:
      return keys->signers[agent];
    }
}

static void
take_batch (Bus *bus)
{
  if (bus->batch->len > 0)
    engine_kit_take (bus->kit, bus->batch);
  g_ptr_array_set_size (bus->batch, 0);
}

/* The @number-th record; one that is made up has a number that no true one has. */
static void
send (Bus *bus, guint64 number, Kind kind)
{
  guint resource = (guint)(number % RESOURCES), agent = resource % AGENTS;
  guint64 seq = number / RESOURCES + 1;
  g_autofree char *id = g_strdup_printf ("r-%u", resource);
  g_autofree char *node = g_strdup_printf ("node-%u", agent);
  HmSample samples[2];
  HmRecord record;
  HmArrival *arrival;

  engine_kit_record (&record, id, seq, MORNING + (gint64)seq * MINUTE);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = seq * 1000 + resource;
  record.samples = samples;
  record.agent.id = node;
  if (kind == FORGED || kind == CROSSED || kind == UNSIGNED)
    record.seq += 1000000;
  arrival = engine_kit_signed (bus->kit, &record, signer_of (bus->keys, agent, kind));
  if (kind == ALTERED)
    alter (arrival);
  hm_arrival_decode (arrival, bus->kit->decoder, bus->kit->meters, bus->keys->verifier);
  g_array_append_val (bus->kinds, kind);
  g_ptr_array_add (bus->batch, arrival);
  if (bus->batch->len == BATCH)
    take_batch (bus);
}

static Bus *
bus_new (const Keys *keys)
{
  Bus *bus = g_new0 (Bus, 1);

  bus->kit = engine_kit_new ();
  bus->keys = keys;
  bus->batch = engine_kit_arrivals ();
  bus->kinds = g_array_new (FALSE, FALSE, sizeof (Kind));
  return bus;
}

static void
bus_free (Bus *bus)
{
  g_ptr_array_unref (bus->batch);
  g_array_unref (bus->kinds);
  engine_kit_free (bus->kit);
  g_free (bus);
}

static void
send_all (Bus *bus, gboolean with_false_ones)
{
  guint64 n = records_wanted ();

  for (guint64 i = 0; i < n; i++)
    {
      send (bus, i, TRUE_RECORD);
      if (with_false_ones && i % FALSE_ONE == FALSE_ONE - 1)
        for (Kind kind = FORGED; kind < KINDS; kind++)
          send (bus, i, kind);
    }
  take_batch (bus);
}

/* -- what is stored -- */

static gboolean
check_letter (const HmDeadLetter *row, gpointer user)
{
  Bus *bus = user;
  Kind kind = g_array_index (bus->kinds, Kind, (guint)row->offset);

  bus->letters[kind]++;
  assert_non_null (expected[kind].reason);
  assert_string_equal (row->reason, expected[kind].reason);
  if (!g_str_has_prefix (row->detail, expected[kind].detail))
    fail_msg ("%s", row->detail);
  assert_false (row->verified);
  assert_non_null (row->ce_id);
  assert_true ((row->signature == NULL) == (kind == UNSIGNED));
  assert_true (row->length > 0 && row->key_length > 0);
  return TRUE;
}

static void
check_letters (Bus *bus, guint64 each)
{
  const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

  assert_true (bus->kit->real->list_dead_letters (bus->kit->store, &everything, check_letter, bus, NULL));
  for (Kind kind = TRUE_RECORD; kind < KINDS; kind++)
    assert_int_equal (bus->letters[kind], expected[kind].reason != NULL ? each : 0);
}

static void
check_counts (Bus *bus, guint64 n, guint64 each)
{
  HmEngineCounts counts;

  hm_engine_counts (bus->kit->engine, &counts);
  assert_int_equal (counts.records, n);
  assert_int_equal (counts.verified, n);
  assert_int_equal (counts.unverified, 0);
  assert_int_equal (counts.duplicates, each);
  assert_int_equal (counts.dead_letters, 4 * each);
  assert_int_equal (counts.refused[HM_REFUSED_BAD_SIGNATURE], 3 * each);
  assert_int_equal (counts.refused[HM_REFUSED_WRONG_AGENT], each);
  assert_int_equal (counts.verdicts[HM_VERDICT_RIGHT], n + each);
  assert_int_equal (counts.verdicts[HM_VERDICT_MISMATCH], 2 * each);
  assert_int_equal (counts.verdicts[HM_VERDICT_OTHER_AGENT], each);
  assert_int_equal (counts.verdicts[HM_VERDICT_UNSIGNED], each);
}

static void
forged_records_are_refused_each_for_its_reason_and_touch_no_other (void **state)
{
  guint64 n = records_wanted ();
  Bus *alone = bus_new (*state), *among = bus_new (*state);
  g_autofree char *undisturbed = NULL;
  g_autofree char *disturbed = NULL;

  send_all (alone, FALSE);
  undisturbed = engine_kit_dump (alone->kit);
  bus_free (alone);
  send_all (among, TRUE);
  disturbed = engine_kit_dump (among->kit);
  assert_true (strcmp (undisturbed, disturbed) == 0);
  check_letters (among, n / FALSE_ONE);
  check_counts (among, n, n / FALSE_ONE);
  print_message ("# %" G_GUINT64_FORMAT " true records, %" G_GUINT64_FORMAT " of each false kind\n", n,
                 n / FALSE_ONE);
  bus_free (among);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown (
      forged_records_are_refused_each_for_its_reason_and_touch_no_other, set_up, tear_down) };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
