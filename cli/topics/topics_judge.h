/* SPDX-License-Identifier: Apache-2.0 */
/* topics_judge: which topics there are, how each should be kept, and what is wrong with one that is there. Pure:
 * knows no client and prints nothing. `hypermeter topics` asks the broker (topics_admin.h) and shows the result. */
#pragma once

#include "metering/hypermeter.h"

G_BEGIN_DECLS

typedef enum
{
  HM_TOPIC_SAMPLES,
  HM_TOPIC_METERS,
  HM_TOPIC_CONFIG,
  HM_TOPIC_DEAD_LETTER,
  HM_TOPIC_ROLES,
} HmTopicRole;

/* The word for it on the command line: "samples". */
const char *hm_topic_role_name (HmTopicRole role);
gboolean hm_topic_role_parse (const char *name, HmTopicRole *ret_role);
/* "hypermeter.samples" */
const char *hm_topic_role_default (HmTopicRole role);
/* Kept by key, the last record of each, and not by time. */
gboolean hm_topic_role_is_compacted (HmTopicRole role);

#define HM_TOPIC_RETENTION_MIN                                                                               \
  (7 * 86400 * HM_NSEC_PER_SEC)                            /* of samples: what a collector may be away for */
#define HM_TOPIC_MESSAGE_BYTES (HM_RECORD_MAX + 64 * 1024) /* a record, its headers, and the batch's head */

/* How a topic is to be made. */
typedef struct
{
  HmTopicRole role;
  const char *name;
  guint partitions, replication;
  gint64 retention_ns; /* of a topic that is not compacted */
} HmTopicPlan;

/* The settings to make it with: key → value text. (transfer full) */
GHashTable *hm_topic_plan_settings (const HmTopicPlan *plan);

/* A topic as the broker describes it. */
typedef struct
{
  gboolean exists;
  guint partitions;
  guint replication;     /* of the partition that has the fewest copies */
  guint leaderless;      /* partitions that nobody leads now */
  guint short_of_copies; /* partitions some of whose copies lag behind now */
  GHashTable *settings;  /* (nullable) key → value text, defaults of the broker included */
} HmTopicState;

void hm_topic_state_clear (HmTopicState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmTopicState, hm_topic_state_clear)

typedef enum
{
  HM_FINDING_GOOD,    /* said because it should be known */
  HM_FINDING_WARNING, /* nothing is lost by it alone */
  HM_FINDING_BAD,     /* records can be lost, or cannot be sent */
} HmFindingLevel;

const char *hm_finding_level_name (HmFindingLevel level);

typedef struct
{
  HmFindingLevel level;
  const char *setting;
  const char *is;     /* (nullable) absent: the broker did not say */
  const char *wanted; /* (nullable) */
  const char *reason;
} HmFinding;

typedef void (*HmFindingVisit) (const HmFinding *finding, gpointer user);

/* Calls @visit for everything to be said of a topic of that role in a cluster of @brokers brokers: first, for one that is there,
 * its replication and min.insync.replicas. Result: the worst level. */
HmFindingLevel hm_topic_judge (HmTopicRole role, const HmTopicState *state, guint brokers,
                               HmFindingVisit visit, gpointer user);

G_END_DECLS
