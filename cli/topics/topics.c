/* SPDX-License-Identifier: Apache-2.0 */
/* topics: `hypermeter topics create|check`. Makes the topics on the bus as the promise of delivery needs them, and says of those
 * that are there what is wrong with them. Which topics and how: topics_judge.c. The cluster is asked by topics_admin.c. */
#include "cli/command.h"
#include "cli/topics/topics_admin.h"
#include "cli/topics/topics_options.h"
#include "metering/count.h"

#include <string.h>

#define REPLICATION 3
#define FOUND_BAD   1

static const HmColumn columns[] = {
  { "topic", HM_COLUMN_TEXT }, { "state", HM_COLUMN_TEXT },  { "setting", HM_COLUMN_TEXT },
  { "is", HM_COLUMN_TEXT },    { "wanted", HM_COLUMN_TEXT }, { "reason", HM_COLUMN_TEXT },
};

typedef struct
{
  HmTopicsOptions options;
  guint n_brokers, replication;
  HmTopicPlan plans[HM_TOPIC_ROLES];
  const char *names[HM_TOPIC_ROLES];
  guint n_plans;
  HmTopicsAdmin *admin;
  HmOutput *out;
} Topics;

static void
topics_clear (Topics *t)
{
  g_clear_pointer (&t->admin, hm_topics_admin_free);
  hm_topics_options_clear (&t->options);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Topics, topics_clear)

/* -- rows -- */

typedef struct
{
  Topics *topics;
  const char *name;
} Shown;

static void
show (const HmFinding *finding, gpointer user)
{
  const Shown *shown = user;

  hm_output_row (shown->topics->out,
                 (const char *[]){ shown->name, hm_finding_level_name (finding->level), finding->setting,
                                   finding->is, finding->wanted, finding->reason });
}

/* One row for what was made, or would be, with the settings that it got. */
static void
show_created (Topics *t, const HmTopicPlan *plan)
{
  g_autoptr (GHashTable) settings = hm_topic_plan_settings (plan);
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (settings), (GCompareFunc)strcmp);
  g_autofree char *replication = g_strdup_printf ("%u", plan->replication);
  g_autofree char *partitions = hm_count_print (plan->partitions, "partition");
  g_autoptr (GString) reason = g_string_new (t->options.dry_run ? "the cluster would make it" : "was made");

  g_string_append_printf (reason, ": %s", partitions);
  for (GList *key = keys; key != NULL; key = key->next)
    g_string_append_printf (reason, ", %s=%s", (char *)key->data,
                            (char *)g_hash_table_lookup (settings, key->data));
  hm_output_row (t->out, (const char *[]){ plan->name, t->options.dry_run ? "missing" : "created",
                                           "replication", replication, NULL, reason->str });
}

static void
show_there (Topics *t, const HmTopicPlan *plan)
{
  hm_output_row (t->out, (const char *[]){ plan->name, "exists", NULL, NULL, NULL,
                                           "is there already, and stays as it is:" });
}

/* -- what is done -- */

/* Makes those that are not there. */
static gboolean
create_missing (Topics *t, const HmTopicState *states, gboolean *ret_all_there, GError **error)
{
  for (guint i = 0; i < t->n_plans; i++)
    {
      gboolean created;

      if (states[i].exists)
        {
          show_there (t, &t->plans[i]);
          continue;
        }
      if (!hm_topics_admin_create (t->admin, &t->plans[i], t->options.dry_run, &created, error))
        return FALSE;
      if (created)
        show_created (t, &t->plans[i]);
      else
        show_there (t, &t->plans[i]);
      *ret_all_there &= !t->options.dry_run;
    }
  return TRUE;
}

static HmFindingLevel
judge_all (Topics *t, const HmTopicState *states)
{
  HmFindingLevel worst = HM_FINDING_GOOD;

  for (guint i = 0; i < t->n_plans; i++)
    {
      Shown shown = { t, t->plans[i].name };
      HmFindingLevel level = HM_FINDING_GOOD;

      if (states[i].exists || !t->options.create)
        level = hm_topic_judge (t->plans[i].role, &states[i], t->n_brokers, show, &shown);
      worst = MAX (worst, level);
    }
  return worst;
}

static void
clear_states (HmTopicState *states, guint n)
{
  for (guint i = 0; i < n; i++)
    hm_topic_state_clear (&states[i]);
}

/* What was made is described as well: the broker, not we, says how it is now. */
static gboolean
work (Topics *t, HmFindingLevel *ret_worst, GError **error)
{
  HmTopicState states[HM_TOPIC_ROLES] = { 0 };
  gboolean all_there = TRUE, done = TRUE;

  if (!hm_topics_admin_describe (t->admin, t->names, t->n_plans, states, error))
    return FALSE;
  if (t->options.create)
    done = create_missing (t, states, &all_there, error);
  if (done && t->options.create && all_there)
    {
      clear_states (states, t->n_plans);
      done = hm_topics_admin_describe_made (t->admin, t->names, t->n_plans, states, error);
    }
  if (done)
    *ret_worst = judge_all (t, states);
  clear_states (states, t->n_plans);
  return done;
}

/* -- the plan -- */

/* As asked for, or else as many copies as can be, up to what delivery should have. */
static gboolean
choose_replication (Topics *t, GError **error)
{
  g_autofree char *brokers = hm_count_print (t->n_brokers, "broker");

  t->replication
      = t->options.replication > 0 ? (guint)t->options.replication : MIN (REPLICATION, t->n_brokers);
  if (t->replication > t->n_brokers)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--replication=%u: the cluster has %s now",
                   t->replication, brokers);
      return FALSE;
    }
  if (t->options.create && t->options.replication == 0 && t->replication < REPLICATION)
    g_printerr ("hypermeter topics: the cluster has %s, so each record lies on %u and not on %d\n", brokers,
                t->replication, REPLICATION);
  return TRUE;
}

static void
make_plans (Topics *t)
{
  const HmTopicsOptions *o = &t->options;

  for (guint role = 0; role < HM_TOPIC_ROLES; role++)
    {
      guint partitions = hm_topic_role_is_compacted (role) ? 1 : (guint)o->partitions;

      if (!o->wanted[role])
        continue;
      t->names[t->n_plans] = o->names[role];
      t->plans[t->n_plans++]
          = (HmTopicPlan){ role, o->names[role], partitions, t->replication, o->retention_ns };
    }
}

static gboolean
connect (Topics *t, GError **error)
{
  g_autoptr (HmOptions) options = hm_topics_options_load (&t->options, error);

  t->admin = options != NULL ? hm_topics_admin_new (options, t->options.timeout_ns, error) : NULL;
  if (t->admin == NULL || !hm_topics_admin_brokers (t->admin, &t->n_brokers, error)
      || !choose_replication (t, error))
    return FALSE;
  make_plans (t);
  return TRUE;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Topics) t = { 0 };
  HmFindingLevel worst = HM_FINDING_GOOD;
  gboolean done;

  if (!hm_topics_options_parse (&t.options, hm_command_topics.summary, hm_command_topics.examples, argc, argv,
                                error)
      || !connect (&t, error))
    return 1;
  t.out = hm_output_new (t.options.output, columns, G_N_ELEMENTS (columns), 0);
  done = work (&t, &worst, error);
  if (!hm_output_end (t.out, done, error))
    return 1;
  return worst == HM_FINDING_BAD ? FOUND_BAD : 0;
}

const HmCommand hm_command_topics = {
  "topics",
  "create|check: the topics on the bus, as delivery needs them",
  "Examples:\n"
  "  hypermeter topics create --brokers broker-1:9092,broker-2:9092\n"
  "  hypermeter topics create samples --config /etc/hypermeter/agent.conf --partitions 24 --dry-run\n"
  "  hypermeter topics check --config /etc/hypermeter/agent.conf\n"
  "  hypermeter topics check --brokers broker-1:9093 --option kafka.security.protocol=SASL_SSL \\\n"
  "    --option kafka.sasl.mechanisms=PLAIN --option kafka.sasl.username=admin \\\n"
  "    --option kafka.sasl.password.file=admin.password --output json\n"
  "\n"
  "Exit status: 0 good, 1 something is bad, 64 wrong usage, 69 no broker answers, 75 try again, 77 not "
  "permitted,\n"
  "78 configuration.\n",
  0,
  run,
};
