/* SPDX-License-Identifier: Apache-2.0 */
/* roster: which source polls which meter of which pollster, for which resource: the polling's sources applied to the pollsters
 * that run. Immutable once made; shared by reference between the one who makes it and the polls that run by it.
 *
 * A meter that several sources want belongs to the one with the shortest interval among those that poll the resource (of equal
 * ones to the first), whether it is due or not: so each series has one interval. */
#pragma once

#include "metering/polling.h"
#include "metering/plugin.h"

G_BEGIN_DECLS

/* Sources of one polling, one bit each, by rank: the shortest interval is bit 0. */
typedef guint64 HmSourceSet;

typedef struct HmRoster HmRoster;

/* @pollsters: (element-type const HmPlugin *), their order is the roster's. Takes a reference to @polling. (transfer full) */
HmRoster *hm_roster_new (HmPolling *polling, const GArray *pollsters);
HmRoster *hm_roster_ref (HmRoster *roster);
void hm_roster_unref (HmRoster *roster); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmRoster, hm_roster_unref)

guint hm_roster_n_pollsters (const HmRoster *roster);
const HmPlugin *hm_roster_pollster (const HmRoster *roster, guint pollster);
guint hm_roster_n_sources (const HmRoster *roster);
HmSourceSet hm_roster_all (const HmRoster *roster); /* every source */
const HmPollingSource *hm_roster_source (const HmRoster *roster, guint rank);

/* The sources that poll the resource @id at all. */
HmSourceSet hm_roster_of (const HmRoster *roster, const char *id);

/* Whether the sources @due may carry a meter of the pollster for some resource. */
gboolean hm_roster_has_duty (const HmRoster *roster, guint pollster, HmSourceSet due);

/* What the meters that the sources @due may carry are made of. */
HmFields hm_roster_fields (const HmRoster *roster, HmSourceSet due);

/* Who may carry which meter in one call: what is due, and what polls the resource. */
typedef struct
{
  HmRoster *roster;
  HmSourceSet due, of;
} HmDuty;

/* Whether a source that is due carries a meter of the pollster. */
gboolean hm_duty_has (const HmDuty *duty, guint pollster);

/* The source that carries @meter (a name). NULL: none that is due. */
const HmPollingSource *hm_duty_source (const HmDuty *duty, const char *meter);

/* For a sink: whether a source that is due carries @meter, a row of a pollster of the roster. @duty: HmDuty. */
gboolean hm_duty_wants (const HmMeter *meter, gconstpointer duty);

G_END_DECLS
