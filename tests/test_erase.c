/* SPDX-License-Identifier: Apache-2.0 */
/* test_erase: request "erase": names go from a resource's descriptions and from its row; what is folded again, its rollups and what stands behind
 * them are what they are in a store where nothing was erased. */
#include "tests/engine_kit.h"

#include <string.h>

#include "collector/engine/engine_prune.h"
#include "collector/engine/engine_requests.h"
#include "collector/engine/engine_roll.h"
#include "collector/bill/shadow_verify.h"

#define R1    "{\"source\":\"site\",\"resource\":\"r1\"}"
#define OF_P2 "{\"source\":\"site\",\"resource\":\"r1\",\"project\":\"p2\"}"

static int
set_up (void **state)
{
  *state = engine_kit_new ();
  return 0;
}

static int
tear_down (void **state)
{
  engine_kit_free (*state);
  return 0;
}

/* -- records -- */

/* What its operator calls a flavor stays; all else that is said of r1 is somebody's. */
static void
describe (HmRecord *record, guint minute, const char *project, HmState state)
{
  static char keys[][20] = { "display_name",   "flavor.vcpus", "image",    "image.properties.a",
                             "port.1.address", "project_name", "user_name" };
  static char values[][20] = { "Ada's web", "2", "cirros", "by Ada", "192.0.2.7", "Ada's shop", "Ada L." };
  static HmAttr all[G_N_ELEMENTS (keys)];

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    all[i] = (HmAttr){ keys[i], values[i] };
  engine_kit_record (record, "r1", minute, MORNING + minute * MINUTE);
  record->kind = HM_RECORD_LIFECYCLE;
  record->event = "described";
  record->observed = "event";
  record->resource.project = project;
  record->resource.flavor = "m1";
  record->resource.state = state;
  record->n_samples = 0;
  record->description = all;
  record->n_description = G_N_ELEMENTS (all);
}

static void
take_description (EngineKit *kit, guint minute, const char *project, HmState state)
{
  HmRecord record;

  describe (&record, minute, project, state);
  engine_kit_take_record (kit, &record);
}

/* A description with the readings of an end, whose attrs are anybody's. */
static void
take_end (EngineKit *kit, guint minute)
{
  static char key[] = "who", value[] = "Ada";
  static const HmAttr attr = { key, value };
  HmSample samples[2];
  HmRecord record;

  describe (&record, minute, "p2", HM_STATE_SHUTOFF);
  memcpy (samples, record.samples, sizeof samples);
  samples[0].value.u64 = minute * 1000;
  samples[0].attrs = &attr;
  samples[0].n_attrs = 1;
  record.event = "exists";
  record.samples = samples;
  record.n_samples = G_N_ELEMENTS (samples);
  engine_kit_take_record (kit, &record);
}

static void
take_minute (EngineKit *kit, guint minute, HmState state)
{
  g_autoptr (GPtrArray) one = engine_kit_arrivals ();

  engine_kit_add_reading (kit, one, "r1", minute, minute * 1000, state);
  engine_kit_take (kit, one);
}

/* An hour and a half, in which descriptions alone say of a stop, a new owner and an end; minute 5 is missing. */
static void
take_life (EngineKit *kit)
{
  take_description (kit, 1, "p1", HM_STATE_RUNNING);
  for (guint minute = 2; minute <= 20; minute++)
    if (minute != 5)
      take_minute (kit, minute, HM_STATE_RUNNING);
  take_description (kit, 21, "p1", HM_STATE_PAUSED);
  take_description (kit, 50, "p2", HM_STATE_RUNNING);
  take_end (kit, 90);
}

static void
take_late (EngineKit *kit)
{
  take_minute (kit, 5, HM_STATE_RUNNING);
}

static void
roll (EngineKit *kit)
{
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_roll (kit->engine, MORNING - MORNING % DAY + DAY, HM_NSEC_PER_SEC, &more, &error))
      fail_msg ("%s", error->message);
}

/* -- asking -- */

static gboolean
take_result (const HmRequestRow *row, gpointer user)
{
  char **result = user;

  g_free (*result);
  *result = g_strdup (row->result);
  return TRUE;
}

static void
assert_erase (EngineKit *kit, const char *target, const char *reason, const char *expected)
{
  const HmRequestRow request
      = { .action = "erase", .target = target, .author = "somebody", .reason = reason, .asked = MORNING };
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  gboolean more = TRUE;
  gint64 id;

  if (!kit->real->request_add (kit->store, &request, &id, &error)
      || !hm_engine_answer_requests (kit->engine, NULL, 10, &more, &error)
      || !kit->real->list_requests (kit->store, FALSE, take_result, &result, &error))
    fail_msg ("%s", error->message);
  assert_string_equal (result, expected);
}

/* -- what is stored -- */

static const HmStoreFilter everything = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };

static gboolean
append_evidence (const HmEvidenceRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %" G_GUINT64_FORMAT " %s\n", row->resource, row->records, row->root);
  return TRUE;
}

static gboolean
append_usage (const HmBucket *row, gpointer text)
{
  g_autofree char *cells = hm_bucket_cells_to_json (row, NULL);

  g_string_append_printf (text, "%s %s %d %s\n", row->project, row->flavor, (int)row->state, cells);
  return TRUE;
}

static gboolean
append_anomaly (const HmAnomalyRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s\n", row->kind, row->subject, row->detail);
  return TRUE;
}

/* All tables but the bytes of records; names as if there were none. (transfer full) */
static char *
dump (EngineKit *kit)
{
  const HmStoreFilter days = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .step = HM_STEP_MONTH };
  g_autofree char *usage = engine_kit_dump_usage (kit);
  GString *text = g_string_new (usage);

  assert_true (kit->real->list_evidence (kit->store, &everything, append_evidence, text, NULL));
  assert_true (kit->real->list_usage (kit->store, &days, append_usage, text, NULL));
  assert_true (kit->real->list_anomalies (kit->store, &everything, append_anomaly, text, NULL));
  g_string_replace (text, "Ada's web", "(null)", 0);
  g_string_replace (text, "Ada's shop", "(null)", 0);
  g_string_replace (text, "Ada L.", "(null)", 0);
  return g_string_free (text, FALSE);
}

static void
count (const HmDifference *difference G_GNUC_UNUSED, gpointer n)
{
  ++*(guint *)n;
}

static void
assert_verified (EngineKit *kit)
{
  const HmEngineSettings settings = { .grain_ns = HOUR };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmShadow) shadow = hm_shadow_new (&kit->ops, kit->store, kit->meters, &settings, &error);
  guint n = 0, rows;

  if (shadow == NULL || !hm_shadow_verify (shadow, "site", "r1", count, &n, &rows, &error))
    fail_msg ("%s", error->message);
  assert_int_equal (n, 0);
}

static void
append_bytes (GString *text, const void *bytes, gsize length)
{
  if (bytes != NULL)
    g_string_append_len (text, bytes, (gssize)length);
}

static gboolean
append_raw (const HmRawRow *row, gpointer text)
{
  append_bytes (text, row->value, row->length);
  append_bytes (text, row->redacted, row->redacted_length);
  g_string_append_c (text, '\n');
  return TRUE;
}

/* (transfer full) */
static char *
raw_text (EngineKit *kit)
{
  GString *text = g_string_new (NULL);

  assert_true (kit->real->list_raw (kit->store, &everything, append_raw, text, NULL));
  return g_string_free (text, FALSE);
}

static gboolean
append_erasure (const HmErasureRow *row, gpointer text)
{
  g_string_append_printf (text, "%s/%s %s %" G_GUINT64_FORMAT " %s: %s;", row->source, row->resource,
                          row->project != NULL ? row->project : "all", row->records, row->author,
                          row->reason);
  return TRUE;
}

static void
assert_erasures (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (kit->real->list_erasures (kit->store, append_erasure, text, NULL));
  assert_string_equal (text->str, expected);
}

static gboolean
append_names (const HmResourceRow *row, gpointer text)
{
  g_string_append_printf (text, "%s %s %s %s;", row->project, row->name != NULL ? row->name : "-",
                          row->project_name != NULL ? row->project_name : "-",
                          row->user_name != NULL ? row->user_name : "-");
  return TRUE;
}

static void
assert_names (EngineKit *kit, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  assert_true (kit->real->list_resources (kit->store, &everything, append_names, text, NULL));
  assert_string_equal (text->str, expected);
}

static void
assert_equal_dumps (EngineKit *kit, EngineKit *twin)
{
  g_autofree char *one = dump (kit), *other = dump (twin);

  assert_string_equal (one, other);
}

/* -- cases -- */

static void
erase_takes_names_and_no_more (void **state)
{
  g_autofree char *left = NULL;

  take_life (*state);
  assert_names (*state, "p2 Ada's web Ada's shop Ada L.;");
  assert_erase (*state, R1, "asked for", "erased: 4 descriptions");
  assert_names (*state, "p2 - - -;");
  left = raw_text (*state);
  assert_null (strstr (left, "Ada"));
  assert_null (strstr (left, "192.0.2.7"));
  assert_non_null (strstr (left, "\"description\":{\"flavor.vcpus\":\"2\",\"image\":\"cirros\"}"));
  assert_non_null (strstr (left, "\"value\":90000"));
  assert_erasures (*state, "site/r1 all 4 somebody: asked for;");
}

static void
erased_resource_is_folded_again_as_if_nothing_was_erased (void **state)
{
  g_autoptr (EngineKit) twin = engine_kit_new ();

  take_life (*state);
  take_life (twin);
  assert_erase (*state, R1, "asked for", "erased: 4 descriptions");
  assert_equal_dumps (*state, twin);
  take_late (*state);
  take_late (twin);
  assert_equal_dumps (*state, twin);
  assert_verified (*state);
  engine_kit_restart (*state);
  take_minute (*state, 95, HM_STATE_RUNNING);
  take_minute (twin, 95, HM_STATE_RUNNING);
  assert_equal_dumps (*state, twin);
  assert_names (*state, "p1 - - -;");
}

/* Its clock said three hours too much, so it is stored elsewhere than where it stands. */
static void
take_stepped (EngineKit *kit)
{
  HmRecord record;

  describe (&record, 30, "p3", HM_STATE_RUNNING);
  record.time += 3 * HOUR;
  record.clock.synced = FALSE;
  engine_kit_take_record (kit, &record);
}

static void
erased_record_keeps_its_place (void **state)
{
  g_autoptr (EngineKit) twin = engine_kit_new ();
  g_autofree char *dumped = NULL;
  EngineKit *kits[] = { *state, twin };

  for (guint i = 0; i < G_N_ELEMENTS (kits); i++)
    {
      take_life (kits[i]);
      take_stepped (kits[i]);
      if (i == 0)
        assert_erase (kits[i], R1, "asked for", "erased: 5 descriptions");
      take_late (kits[i]);
      take_minute (kits[i], 40, HM_STATE_RUNNING);
    }
  assert_equal_dumps (*state, twin);
  assert_verified (*state);
  dumped = dump (*state);
  assert_non_null (strstr (dumped, " p3 u1 m1 "));
}

static void
erasure_leaves_evidence_and_rollups (void **state)
{
  g_autofree char *before = NULL, *after = NULL;
  HmEngineCounts counts;

  take_life (*state);
  roll (*state);
  before = dump (*state);
  assert_non_null (strstr (before, "r1 22 "));
  assert_erase (*state, R1, "asked for", "erased: 4 descriptions");
  after = dump (*state);
  assert_string_equal (before, after);
  assert_verified (*state);
  hm_engine_counts (((EngineKit *)*state)->engine, &counts);
  assert_int_equal (counts.refolds, 0);
}

/* What the edge passes is folded for its checkpoint; what comes late then begins there. */
static void
erased_resource_has_the_same_checkpoint (void **state)
{
  g_autoptr (EngineKit) twin = engine_kit_new ();
  EngineKit *kits[] = { *state, twin };
  const HmRetention retention = {
    .raw = MORNING + DAY, .bins = HM_TIME_UNKNOWN, .letters = HM_TIME_UNKNOWN, .messages = HM_TIME_UNKNOWN
  };

  for (guint i = 0; i < G_N_ELEMENTS (kits); i++)
    {
      gboolean more = TRUE;

      take_life (kits[i]);
      if (i == 0)
        assert_erase (kits[i], R1, "asked for", "erased: 4 descriptions");
      while (more)
        assert_true (hm_engine_prune (kits[i]->engine, &retention, HM_NSEC_PER_SEC, &more, NULL));
      assert_int_equal (engine_kit_raw_rows (kits[i]), 0);
      take_minute (kits[i], 2000, HM_STATE_RUNNING);
      take_minute (kits[i], 1999, HM_STATE_RUNNING);
    }
  assert_equal_dumps (*state, twin);
}

static void
erase_of_a_project_leaves_the_others (void **state)
{
  g_autofree char *left = NULL;

  take_life (*state);
  assert_erase (*state, OF_P2, "asked for", "erased: 2 descriptions");
  assert_names (*state, "p2 - - -;");
  left = raw_text (*state);
  assert_non_null (strstr (left, "Ada's web"));
  assert_erasures (*state, "site/r1 p2 2 somebody: asked for;");
  take_minute (*state, 95, HM_STATE_RUNNING); /* it is p1's again */
  take_description (*state, 96, "p1", HM_STATE_RUNNING);
  assert_erase (*state, OF_P2, "once more", "erased: 0 descriptions");
  assert_names (*state, "p1 Ada's web Ada's shop Ada L.;");
  assert_erasures (*state, "site/r1 p2 2 somebody: asked for;");
}

/* What the next owner's descriptions do not say stays what the last one's said, until that is erased. */
static void
erase_of_a_project_takes_names_that_were_handed_on (void **state)
{
  HmRecord record;

  take_description (*state, 1, "p1", HM_STATE_RUNNING);
  describe (&record, 2, "p2", HM_STATE_RUNNING);
  record.n_description -= 2;
  engine_kit_take_record (*state, &record);
  assert_names (*state, "p2 Ada's web Ada's shop Ada L.;");
  assert_erase (*state, "{\"source\":\"site\",\"resource\":\"r1\",\"project\":\"p1\",\"user\":\"u1\"}",
                "asked for", "erased: 1 description");
  assert_names (*state, "p2 Ada's web - -;");
  assert_erase (*state, "{\"source\":\"site\",\"resource\":\"r1\",\"user\":\"u2\"}", "nobody",
                "erased: 0 descriptions");
}

static void
description_that_comes_later_brings_names_again (void **state)
{
  take_life (*state);
  assert_erase (*state, R1, "asked for", "erased: 4 descriptions");
  take_description (*state, 100, "p2", HM_STATE_RUNNING);
  assert_names (*state, "p2 Ada's web Ada's shop Ada L.;");
  assert_erase (*state, R1, "once more", "erased: 1 description");
  assert_names (*state, "p2 - - -;");
}

static void
erased_description_that_comes_again_is_known (void **state)
{
  g_autofree char *before = NULL, *after = NULL, *letters = NULL;

  take_life (*state);
  assert_erase (*state, R1, "asked for", "erased: 4 descriptions");
  before = raw_text (*state);
  take_description (*state, 21, "p1", HM_STATE_PAUSED);
  after = raw_text (*state);
  letters = engine_kit_letters (*state);
  assert_string_equal (before, after);
  assert_string_equal (letters, "");
}

static void
erase_refuses_what_it_cannot_do (void **state)
{
  assert_erase (*state, R1, "asked for", "not done: there is no resource r1");
  assert_erase (*state, "{\"source\":\"site\"}", "asked for",
                "not done: what is asked for has no text 'resource'");
  take_life (*state);
  assert_erase (*state, R1, NULL, "not done: why? There is no reason");
  assert_names (*state, "p2 Ada's web Ada's shop Ada L.;");
  assert_erasures (*state, "");
}

#define CASE(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    CASE (erase_takes_names_and_no_more),
    CASE (erased_resource_is_folded_again_as_if_nothing_was_erased),
    CASE (erased_record_keeps_its_place),
    CASE (erasure_leaves_evidence_and_rollups),
    CASE (erased_resource_has_the_same_checkpoint),
    CASE (erase_of_a_project_leaves_the_others),
    CASE (erase_of_a_project_takes_names_that_were_handed_on),
    CASE (description_that_comes_later_brings_names_again),
    CASE (erased_description_that_comes_again_is_known),
    CASE (erase_refuses_what_it_cannot_do),
  };

  return cmocka_run_group_tests_name ("erase", tests, NULL, NULL);
}
