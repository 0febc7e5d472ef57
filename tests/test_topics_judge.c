/* SPDX-License-Identifier: Apache-2.0 */
/* test_topics_judge: how topics are to be made, and what is said of those that are there. */
#include "tests/kit.h"

#include "cli/topics/topics_judge.h"

#include <string.h>

/* A topic as `create` makes it, on a cluster of three brokers. */
typedef struct
{
  HmTopicRole role;
  HmTopicState state;
  guint brokers;
  GString *said; /* "level setting;" for each finding */
} Case;

static Case
made (HmTopicRole role, guint replication)
{
  const HmTopicPlan plan
      = { role, hm_topic_role_default (role), 12, replication, 14 * 86400 * HM_NSEC_PER_SEC };
  Case c = { role, { .exists = TRUE, .partitions = 12, .replication = replication }, 3, g_string_new (NULL) };

  c.state.settings = hm_topic_plan_settings (&plan);
  return c;
}

static void
case_clear (Case *c)
{
  hm_topic_state_clear (&c->state);
  g_string_free (c->said, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static void
set (Case *c, const char *key, const char *value)
{
  g_hash_table_insert (c->state.settings, g_strdup (key), g_strdup (value));
}

static void
note (const HmFinding *finding, gpointer user)
{
  assert_non_null (finding->reason);
  g_string_append_printf (user, "%s %s;", hm_finding_level_name (finding->level), finding->setting);
}

static void
assert_said (Case *c, HmFindingLevel worst, const char *said)
{
  g_string_truncate (c->said, 0);
  assert_int_equal (hm_topic_judge (c->role, &c->state, c->brokers, note, c->said), worst);
  assert_string_equal (c->said->str, said);
}

/* Asserts that with @key at @value the topic's replication is said, and then this one finding. */
static void
assert_found (HmTopicRole role, const char *key, const char *value, HmFindingLevel level)
{
  g_auto (Case) c = made (role, 3);
  g_autofree char *said = g_strdup_printf ("good replication;%s %s;", hm_finding_level_name (level), key);

  set (&c, key, value);
  assert_said (&c, level, level == HM_FINDING_GOOD ? "good replication;" : said);
}

static void
judge_finds_nothing_when_create_made_it (void **state G_GNUC_UNUSED)
{
  for (guint role = 0; role < HM_TOPIC_ROLES; role++)
    {
      g_auto (Case) c = made (role, 3);

      assert_said (&c, HM_FINDING_GOOD, "good replication;");
    }
}

static void
judge_says_how_many_have_a_record (void **state G_GNUC_UNUSED)
{
  g_auto (Case) c = made (HM_TOPIC_SAMPLES, 3);

  assert_string_equal (g_hash_table_lookup (c.state.settings, "min.insync.replicas"), "2");
  set (&c, "min.insync.replicas", "1");
  assert_said (&c, HM_FINDING_BAD, "good replication;bad min.insync.replicas;");
  set (&c, "min.insync.replicas", "3");
  assert_said (&c, HM_FINDING_WARNING, "good replication;warning min.insync.replicas;");
  set (&c, "min.insync.replicas", "4");
  assert_said (&c, HM_FINDING_BAD, "good replication;bad min.insync.replicas;");
}

static void
judge_warns_when_there_are_two_copies (void **state G_GNUC_UNUSED)
{
  g_auto (Case) c = made (HM_TOPIC_SAMPLES, 2);

  assert_string_equal (g_hash_table_lookup (c.state.settings, "min.insync.replicas"), "1");
  assert_said (&c, HM_FINDING_WARNING, "good replication;warning min.insync.replicas;");
}

static void
judge_takes_one_copy_for_bad_unless_there_is_one_broker (void **state G_GNUC_UNUSED)
{
  g_auto (Case) c = made (HM_TOPIC_SAMPLES, 1);

  assert_string_equal (g_hash_table_lookup (c.state.settings, "min.insync.replicas"), "1");
  assert_said (&c, HM_FINDING_BAD, "good replication;bad replication;");
  c.brokers = 1;
  assert_said (&c, HM_FINDING_WARNING, "good replication;warning replication;");
}

static void
judge_finds_each_setting_that_delivery_rests_on (void **state G_GNUC_UNUSED)
{
  for (guint role = 0; role < HM_TOPIC_ROLES; role++)
    {
      assert_found (role, "unclean.leader.election.enable", "true", HM_FINDING_BAD);
      assert_found (role, "cleanup.policy", "compact,delete", HM_FINDING_BAD);
      assert_found (role, "cleanup.policy", hm_topic_role_is_compacted (role) ? "delete" : "compact",
                    HM_FINDING_BAD);
      assert_found (role, "max.message.bytes", "1048576", HM_FINDING_BAD);
      assert_found (role, "compression.type", "zstd", HM_FINDING_WARNING);
    }
}

static void
judge_finds_what_samples_alone_need (void **state G_GNUC_UNUSED)
{
  static const struct
  {
    const char *key, *value;
    HmFindingLevel level;
  } rows[] = {
    { "retention.ms", "604799999", HM_FINDING_BAD },
    { "retention.ms", "604800000", HM_FINDING_GOOD },
    { "retention.ms", "-1", HM_FINDING_GOOD },
    { "retention.ms", "0", HM_FINDING_BAD },
    { "retention.bytes", "1073741824", HM_FINDING_BAD },
    { "message.timestamp.type", "CreateTime", HM_FINDING_BAD },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      assert_found (HM_TOPIC_SAMPLES, rows[i].key, rows[i].value, rows[i].level);
      assert_found (HM_TOPIC_DEAD_LETTER, rows[i].key, rows[i].value, HM_FINDING_GOOD);
      assert_found (HM_TOPIC_METERS, rows[i].key, rows[i].value, HM_FINDING_GOOD);
    }
}

static void
judge_finds_what_the_broker_does_not_say (void **state G_GNUC_UNUSED)
{
  g_auto (Case) c = made (HM_TOPIC_SAMPLES, 3);

  set (&c, "min.insync.replicas", "many");
  assert_said (&c, HM_FINDING_BAD, "bad min.insync.replicas;");
  g_clear_pointer (&c.state.settings, g_hash_table_unref);
  assert_said (&c, HM_FINDING_BAD,
               "bad min.insync.replicas;bad cleanup.policy;bad retention.ms;bad retention.bytes;"
               "bad message.timestamp.type;bad max.message.bytes;warning compression.type;");
}

static void
judge_says_what_is_wrong_now (void **state G_GNUC_UNUSED)
{
  g_auto (Case) c = made (HM_TOPIC_SAMPLES, 3);

  c.state.short_of_copies = 12;
  assert_said (&c, HM_FINDING_WARNING, "good replication;warning partitions short of copies;");
  c.state.leaderless = 1;
  assert_said (&c, HM_FINDING_BAD,
               "good replication;bad partitions without leader;warning partitions short of copies;");
}

static void
judge_finds_what_is_missing_by_its_use (void **state G_GNUC_UNUSED)
{
  static const HmFindingLevel levels[HM_TOPIC_ROLES]
      = { HM_FINDING_BAD, HM_FINDING_WARNING, HM_FINDING_WARNING, HM_FINDING_WARNING };

  for (guint role = 0; role < HM_TOPIC_ROLES; role++)
    {
      g_auto (Case) c = made (role, 3);

      c.state.exists = FALSE;
      assert_said (&c, levels[role], levels[role] == HM_FINDING_BAD ? "bad topic;" : "warning topic;");
    }
}

static void
plan_keeps_samples_for_as_long_as_asked (void **state G_GNUC_UNUSED)
{
  g_auto (Case) samples = made (HM_TOPIC_SAMPLES, 3);
  g_auto (Case) meters = made (HM_TOPIC_METERS, 3);

  assert_string_equal (g_hash_table_lookup (samples.state.settings, "retention.ms"), "1209600000");
  assert_null (g_hash_table_lookup (meters.state.settings, "retention.ms"));
}

static void
role_reads_back_its_name (void **state G_GNUC_UNUSED)
{
  HmTopicRole role = HM_TOPIC_SAMPLES;

  for (guint i = 0; i < HM_TOPIC_ROLES; i++)
    {
      assert_true (hm_topic_role_parse (hm_topic_role_name (i), &role));
      assert_int_equal (role, i);
    }
  assert_false (hm_topic_role_parse ("sample", &role));
  assert_int_equal (role, HM_TOPIC_DEAD_LETTER);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (judge_finds_nothing_when_create_made_it),
    cmocka_unit_test (judge_says_how_many_have_a_record),
    cmocka_unit_test (judge_warns_when_there_are_two_copies),
    cmocka_unit_test (judge_takes_one_copy_for_bad_unless_there_is_one_broker),
    cmocka_unit_test (judge_finds_each_setting_that_delivery_rests_on),
    cmocka_unit_test (judge_finds_what_samples_alone_need),
    cmocka_unit_test (judge_finds_what_the_broker_does_not_say),
    cmocka_unit_test (judge_says_what_is_wrong_now),
    cmocka_unit_test (judge_finds_what_is_missing_by_its_use),
    cmocka_unit_test (plan_keeps_samples_for_as_long_as_asked),
    cmocka_unit_test (role_reads_back_its_name),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
