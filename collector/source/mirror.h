/* SPDX-License-Identifier: Apache-2.0 */
/* mirror: every dead letter once more, on a topic, for whoever watches there.
 *
 * A thread of its own reads the letters that are committed, over a connection of its own, and sends each at least once: to be refused by a broker, or to
 * find none, never delays what is consumed or stored. How far it got stands in the store, beside the offsets; of several collectors on one
 * database one mirrors, as long as it holds a lease. */
#pragma once

#include "collector/engine/engine.h"
#include "metering/option.h"

G_BEGIN_DECLS

typedef struct
{
  const HmOptions *options; /* section [source]: the broker, and the topic */
  const HmStoreOps *ops;
  const char *url;    /* of the store */
  const char *holder; /* what the lease knows this collector by */
  gint64 look_ns;     /* how often it is looked again for what has appeared late; 0: 30 s */
  gint64 hole_ns; /* so long a transaction may stay open once its letters have their ids; 0: ten minutes */
} HmMirrorSettings;

typedef struct HmMirror HmMirror;

/* NULL without an error: there is no topic to mirror to. HM_ERROR_CONFIG. Connects to nothing. */
HmMirror *hm_mirror_new (const HmMirrorSettings *settings, GError **error);
void hm_mirror_start (HmMirror *mirror);

/* The mirror's chore on the storing thread (an HmPipelineChore): the lease, and how far it got. */
#define HM_MIRROR_CHORE_NS (5 * HM_NSEC_PER_SEC)
gboolean hm_mirror_turn (HmEngine *engine, gpointer mirror);

/* FALSE: it is still busy after @timeout_ns; it may be asked again, or left alone until the process ends. */
gboolean hm_mirror_stop (HmMirror *mirror, gint64 timeout_ns);
void hm_mirror_free (HmMirror *mirror); /* stopped, or never started; the pipeline is, too */

typedef struct
{
  guint64 sent;    /* to the topic, repetitions too */
  guint64 refused; /* by the broker for what they are; they are in the store */
  gboolean failing;
} HmMirrorCounts;

void hm_mirror_counts (HmMirror *mirror, HmMirrorCounts *ret_counts);

/* Whether the options are sound. HM_ERROR_CONFIG. */
gboolean hm_mirror_options_check (const HmOptions *options, GError **error);

G_END_DECLS
