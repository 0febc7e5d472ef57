/* SPDX-License-Identifier: Apache-2.0 */
/* topics_judge: see topics_judge.h. Each rule below is a thing that the promise "nothing is lost" rests on, and says so in its
 * reason. */
#include "cli/topics/topics_judge.h"

#include <string.h>

#define NSEC_PER_MSEC G_GINT64_CONSTANT (1000000)

typedef struct
{
  const char *word, *fallback;
  gboolean compacted;
  HmFindingLevel missing;  /* how bad it is when it is not there … */
  const char *why_missing; /* … and why */
} Role;

static const Role roles[HM_TOPIC_ROLES] = {
  [HM_TOPIC_SAMPLES] = { "samples", "hypermeter.samples", FALSE, HM_FINDING_BAD,
                         "agents keep their records in their outbox until it is there" },
  [HM_TOPIC_METERS] = { "meters", "hypermeter.meters", TRUE, HM_FINDING_WARNING,
                        "agents declare on it what their meters are; their records go without" },
  [HM_TOPIC_CONFIG] = { "config", "hypermeter.config", TRUE, HM_FINDING_WARNING,
                        "needed only for configuration that is sent to agents" },
  [HM_TOPIC_DEAD_LETTER] = { "dead-letter", "hypermeter.dead-letter", FALSE, HM_FINDING_WARNING,
                             "needed only where refused records are mirrored to the bus" },
};

const char *
hm_topic_role_name (HmTopicRole role)
{
  return roles[role].word;
}

gboolean
hm_topic_role_parse (const char *name, HmTopicRole *ret_role)
{
  for (guint i = 0; i < HM_TOPIC_ROLES; i++)
    if (g_str_equal (name, roles[i].word))
      {
        *ret_role = i;
        return TRUE;
      }
  return FALSE;
}

const char *
hm_topic_role_default (HmTopicRole role)
{
  return roles[role].fallback;
}

gboolean
hm_topic_role_is_compacted (HmTopicRole role)
{
  return roles[role].compacted;
}

const char *
hm_finding_level_name (HmFindingLevel level)
{
  static const char *const names[] = { "good", "warning", "bad" };

  return names[level];
}

void
hm_topic_state_clear (HmTopicState *state)
{
  g_clear_pointer (&state->settings, g_hash_table_unref);
}

/* -- making -- */

static void
set (GHashTable *settings, const char *key, const char *value)
{
  g_hash_table_insert (settings, g_strdup (key), g_strdup (value));
}

static void
set_number (GHashTable *settings, const char *key, gint64 number)
{
  g_hash_table_insert (settings, g_strdup (key), g_strdup_printf ("%" G_GINT64_FORMAT, number));
}

GHashTable *
hm_topic_plan_settings (const HmTopicPlan *plan)
{
  GHashTable *settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gboolean compacted = roles[plan->role].compacted;

  set (settings, "cleanup.policy", compacted ? "compact" : "delete");
  set (settings, "compression.type", "producer");
  set (settings, "message.timestamp.type", "LogAppendTime");
  set (settings, "unclean.leader.election.enable", "false");
  set_number (settings, "max.message.bytes", HM_TOPIC_MESSAGE_BYTES);
  set_number (settings, "min.insync.replicas", plan->replication > 1 ? plan->replication - 1 : 1);
  if (compacted)
    return settings;
  set_number (settings, "retention.ms", plan->retention_ns / NSEC_PER_MSEC);
  set_number (settings, "retention.bytes", -1);
  return settings;
}

/* -- judging -- */

typedef struct
{
  const HmTopicState *state;
  guint brokers;
  HmFindingVisit visit;
  gpointer user;
  HmFindingLevel worst;
} Judge;

static void
say (Judge *judge, HmFindingLevel level, const char *setting, const char *is, const char *wanted,
     const char *reason)
{
  judge->worst = MAX (judge->worst, level);
  judge->visit (&(HmFinding){ level, setting, is, wanted, reason }, judge->user);
}

static const char *
setting_of (const Judge *judge, const char *key)
{
  return judge->state->settings != NULL ? g_hash_table_lookup (judge->state->settings, key) : NULL;
}

/* FALSE, said as bad, when the broker does not give it as a number. */
static gboolean
number_of (Judge *judge, const char *key, gint64 *ret_number)
{
  const char *text = setting_of (judge, key);

  if (text != NULL && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, ret_number, NULL))
    return TRUE;
  say (judge, HM_FINDING_BAD, key, text, NULL, "the broker does not give it as a number");
  return FALSE;
}

/* As it should be: one of the words in @wanted, which "|" separates. */
static void
judge_word (Judge *judge, const char *key, const char *wanted, HmFindingLevel level, const char *reason)
{
  const char *is = setting_of (judge, key);
  g_auto (GStrv) words = g_strsplit (wanted, "|", -1);

  if (is == NULL || !g_strv_contains ((const char *const *)words, is))
    say (judge, level, key, is, wanted, reason);
}

static void
judge_least (Judge *judge, const char *key, gint64 least, const char *reason)
{
  g_autofree char *wanted = g_strdup_printf ("at least %" G_GINT64_FORMAT, least);
  gint64 number;

  if (number_of (judge, key, &number) && number < least)
    say (judge, HM_FINDING_BAD, key, setting_of (judge, key), wanted, reason);
}

/* -1 means without limit. */
static void
judge_retention (Judge *judge)
{
  gint64 least = HM_TOPIC_RETENTION_MIN / NSEC_PER_MSEC, ms, bytes;
  g_autofree char *wanted = g_strdup_printf ("at least %" G_GINT64_FORMAT, least);

  if (number_of (judge, "retention.ms", &ms) && ms >= 0 && ms < least)
    say (judge, HM_FINDING_BAD, "retention.ms", setting_of (judge, "retention.ms"), wanted,
         "a collector that is away for longer finds records gone");
  if (number_of (judge, "retention.bytes", &bytes) && bytes >= 0)
    say (judge, HM_FINDING_BAD, "retention.bytes", setting_of (judge, "retention.bytes"), "-1",
         "a full partition drops its oldest records, read or not");
}

/* What is always said: on how many brokers a record lies, and how many have it when it is confirmed. */
static void
tell_copies (Judge *judge, gint64 copies, gint64 confirmed)
{
  g_autofree char *is = g_strdup_printf ("%" G_GINT64_FORMAT, copies);
  g_autofree char *reason = g_strdup_printf (
      "%u partition%s; each record on %" G_GINT64_FORMAT " of %u broker%s, confirmed when %" G_GINT64_FORMAT
      " ha%s it (min.insync.replicas)",
      judge->state->partitions, judge->state->partitions == 1 ? "" : "s", copies, judge->brokers,
      judge->brokers == 1 ? "" : "s", confirmed, confirmed == 1 ? "s" : "ve");

  say (judge, HM_FINDING_GOOD, "replication", is, NULL, reason);
}

static void
judge_confirmation (Judge *judge, gint64 copies, gint64 confirmed)
{
  const char *is = setting_of (judge, "min.insync.replicas");
  g_autofree char *wanted = g_strdup_printf ("%" G_GINT64_FORMAT, MAX (copies - 1, 1));

  if (confirmed > copies)
    say (judge, HM_FINDING_BAD, "min.insync.replicas", is, wanted, "no record can ever be confirmed");
  else if (confirmed == copies && copies > 1)
    say (judge, HM_FINDING_WARNING, "min.insync.replicas", is, wanted,
         "nothing can be sent while one of these brokers is away; agents keep it meanwhile");
  else if (confirmed < 2 && copies > 2)
    say (judge, HM_FINDING_BAD, "min.insync.replicas", is, wanted,
         "a record may be confirmed while one broker alone has it, and go with that broker");
  else if (confirmed < 2 && copies == 2)
    say (judge, HM_FINDING_WARNING, "min.insync.replicas", is, "3 copies and 2",
         "while one of the two brokers is away, the other alone has what is confirmed");
}

static void
judge_copies (Judge *judge)
{
  gint64 copies = judge->state->replication, confirmed;

  if (!number_of (judge, "min.insync.replicas", &confirmed))
    return;
  tell_copies (judge, copies, confirmed);
  if (copies < 2)
    say (judge, judge->brokers > 1 ? HM_FINDING_BAD : HM_FINDING_WARNING, "replication", "1", "3",
         "what that one broker loses is lost");
  judge_confirmation (judge, copies, confirmed);
  judge_word (judge, "unclean.leader.election.enable", "false", HM_FINDING_BAD,
              "a broker that lags behind may become leader, and what it lacks is lost");
}

static void
judge_now (Judge *judge)
{
  g_autofree char *leaderless = g_strdup_printf ("%u", judge->state->leaderless);
  g_autofree char *lagging = g_strdup_printf ("%u", judge->state->short_of_copies);

  if (judge->state->leaderless > 0)
    say (judge, HM_FINDING_BAD, "partitions without leader", leaderless, "0",
         "now: their brokers are away, and agents keep what belongs there");
  if (judge->state->short_of_copies > 0)
    say (judge, HM_FINDING_WARNING, "partitions short of copies", lagging, "0",
         "now: a broker is away or lags behind");
}

static void
judge_kept (Judge *judge, HmTopicRole role)
{
  if (roles[role].compacted)
    judge_word (judge, "cleanup.policy", "compact", HM_FINDING_BAD,
                "what is said once must be kept for good, the last record of each key");
  else
    judge_word (judge, "cleanup.policy", "delete", HM_FINDING_BAD,
                "compaction keeps the last record of a key alone, and each record counts");
  if (role != HM_TOPIC_SAMPLES)
    return;
  judge_retention (judge);
  judge_word (judge, "message.timestamp.type", "LogAppendTime", HM_FINDING_BAD,
              "the broker's own time of arrival is what an agent's clock is judged by");
}

HmFindingLevel
hm_topic_judge (HmTopicRole role, const HmTopicState *state, guint brokers, HmFindingVisit visit,
                gpointer user)
{
  Judge judge = { state, brokers, visit, user, HM_FINDING_GOOD };

  if (!state->exists)
    {
      say (&judge, roles[role].missing, "topic", "absent", "present", roles[role].why_missing);
      return judge.worst;
    }
  judge_copies (&judge);
  judge_kept (&judge, role);
  judge_least (&judge, "max.message.bytes", HM_TOPIC_MESSAGE_BYTES,
               "a large record is refused, and a gap record takes its place");
  judge_word (&judge, "compression.type", "producer|lz4", HM_FINDING_WARNING,
              "the broker packs anew what arrived packed, which costs its time");
  judge_now (&judge);
  return judge.worst;
}
