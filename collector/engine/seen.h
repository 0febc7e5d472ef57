/* SPDX-License-Identifier: Apache-2.0 */
/* seen: which records of a resource were there already.
 *
 * Per (agent, agent epoch) the highest sequence number and the holes below it. No time-to-live: a replay of a
 * year-old record is still recognised. Bounded: past HM_SEEN_HOLES_MAX ranges the oldest hole is written off, and
 * a record that fills it later is told apart from a repetition by looking for its raw row. Pure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_SEEN_HOLES_MAX 1024

typedef struct HmSeen HmSeen;

typedef enum
{
  HM_SEEN_NEW,      /* take it */
  HM_SEEN_REPEATED, /* at or below the highest, in no hole: the caller compares with the stored row */
} HmSeenResult;

HmSeen *hm_seen_new (void);
void hm_seen_free (HmSeen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSeen, hm_seen_free)

HmSeenResult hm_seen_check (const HmSeen *seen, const char *agent, const char *epoch, guint64 seq);
/* Notes @seq (≥ 1) as taken. */
void hm_seen_add (HmSeen *seen, const char *agent, const char *epoch, guint64 seq);

/* Of each agent process how many numbers are in holes. */
typedef void (*HmSeenVisit) (const char *agent, const char *epoch, guint64 missing, gpointer user);
void hm_seen_each (const HmSeen *seen, HmSeenVisit visit, gpointer user);

char *hm_seen_to_json (const HmSeen *seen, gsize *ret_length);
HmSeen *hm_seen_from_json (const char *json, gsize length, GError **error);

G_END_DECLS
