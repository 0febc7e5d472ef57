/* SPDX-License-Identifier: Apache-2.0 */
/* edges: samples from the edges of a guest's life, beside the polls.
 *
 * The first values of a guest that was started become a record of their own, so that one that ends before the next poll
 * has been measured too. The last values of one that ended go with the lifecycle record of its end. Called by one thread,
 * the inspector's event worker, but for the roster. */
#pragma once

#include "agent/outbox/outbox.h"
#include "agent/schedule/quarantine.h"
#include "agent/schedule/roster.h"

G_BEGIN_DECLS

typedef struct HmEdges HmEdges;

/* @roster: of the snapshot pollsters; takes a reference. The others must outlive it. (transfer full) */
HmEdges *hm_edges_new (HmOutbox *outbox, HmQuarantine *quarantine, const HmClock *clock, HmRoster *roster);
void hm_edges_free (HmEdges *edges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmEdges, hm_edges_free)

/* Who polls what from now on; any thread. */
void hm_edges_set_roster (HmEdges *edges, HmRoster *roster);

/* What the meters that anybody polls are made of. */
HmFields hm_edges_fields (HmEdges *edges);

/* Makes records of all meters of @domain. */
void hm_edges_begin (HmEdges *edges, const HmDomain *domain);

/* The counters of @domain: at its end a gauge has nothing more to say, as the event itself ends it. Valid until the next
 * call. (transfer none) */
const HmSample *hm_edges_end (HmEdges *edges, const HmDomain *domain, guint *ret_n);

G_END_DECLS
