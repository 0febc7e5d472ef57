/* SPDX-License-Identifier: Apache-2.0 */
/* topics_admin: asks a Kafka cluster about topics, and to make them. All that `hypermeter` knows of librdkafka. One thread. */
#pragma once

#include "cli/topics/topics_judge.h"

G_BEGIN_DECLS

/* The keys of a section that are read: the prefix kafka. as the agent and the collector have it. For an option table. */
#define HM_TOPICS_ADMIN_PREFIX "kafka."
#define HM_TOPICS_ADMIN_OPTION                                                                               \
  {                                                                                                          \
    .key = HM_TOPICS_ADMIN_PREFIX, .type = HM_OPTION_PREFIX, .help = "Any key of librdkafka"                 \
  }

typedef struct HmTopicsAdmin HmTopicsAdmin;

/* @options: of a table with HM_TOPICS_ADMIN_OPTION. @timeout_ns: for each answer. Connects to nobody yet. HM_ERROR_CONFIG names
 * a key that cannot be used, never its value. (transfer full) */
HmTopicsAdmin *hm_topics_admin_new (const HmOptions *options, gint64 timeout_ns, GError **error);
void hm_topics_admin_free (HmTopicsAdmin *admin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmTopicsAdmin, hm_topics_admin_free)

/* All three: HM_ERROR_UNAVAILABLE when no broker answers in time, HM_ERROR_PERMISSION when who asks is not known or not
 * allowed to, HM_ERROR_TEMPORARY when the cluster should be asked again, HM_ERROR_DATA when it refuses what was asked for. */

/* How many brokers the cluster has now. */
gboolean hm_topics_admin_brokers (HmTopicsAdmin *admin, guint *ret_brokers, GError **error);

/* Fills @ret_states, one for each of the @n names; each is to be cleared. Never makes a topic. */
gboolean hm_topics_admin_describe (HmTopicsAdmin *admin, const char *const *names, guint n,
                                   HmTopicState *ret_states, GError **error);

/* The same, once all of them are there: what was just made, the broker that answers may learn a little later.
 * HM_ERROR_TEMPORARY names one that it does not know in time. */
gboolean hm_topics_admin_describe_made (HmTopicsAdmin *admin, const char *const *names, guint n,
                                        HmTopicState *ret_states, GError **error);

/* Makes the topic and waits until it has leaders; with @dry_run asks the cluster whether it would. *@ret_created is FALSE when it
 * is there already, which is no error. */
gboolean hm_topics_admin_create (HmTopicsAdmin *admin, const HmTopicPlan *plan, gboolean dry_run,
                                 gboolean *ret_created, GError **error);

G_END_DECLS
