/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine: which pollster is left out for which resource, because it said that it is broken there or did not come back,
 * and until when. It is tried again with growing pauses, never given up. One line says when it enters, one when it
 * works again. What was not asked about for a while is forgotten (its resource went), and there is room for a limited number:
 * beyond it a broken pollster is just called again next time. Thread-safe. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

#define HM_QUARANTINE_MAX 4096

typedef struct HmQuarantine HmQuarantine;

/* @clock must outlive it. */
HmQuarantine *hm_quarantine_new (const HmClock *clock);
void hm_quarantine_free (HmQuarantine *quarantine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmQuarantine, hm_quarantine_free)

/* Whether @plugin is to be left out for @resource (an id) now. FALSE also when it is time to try it again. */
gboolean hm_quarantine_holds (HmQuarantine *quarantine, const char *plugin, const char *resource);

/* It is broken there. @why (nullable): for the line. */
void hm_quarantine_enter (HmQuarantine *quarantine, const char *plugin, const char *resource,
                          const char *why);

/* It worked there, after all or as ever. */
void hm_quarantine_leave (HmQuarantine *quarantine, const char *plugin, const char *resource);

/* Forgets everything about @resource, without a line: it is no more. */
void hm_quarantine_forget (HmQuarantine *quarantine, const char *resource);

typedef struct
{
  char *plugin, *resource;
  guint failures;     /* in a row */
  gint64 since_ns;    /* how long it has been in here */
  gint64 retry_in_ns; /* 0: at the next poll */
} HmQuarantined;

/* In no order. (transfer full) (element-type HmQuarantined) */
GArray *hm_quarantine_list (HmQuarantine *quarantine);

typedef struct
{
  guint size;                       /* pairs in it now */
  guint64 entered, left, forgotten; /* ever */
  guint64 overflowed;               /* times that there was no room */
} HmQuarantineCounts;

void hm_quarantine_counts (HmQuarantine *quarantine, HmQuarantineCounts *ret_counts);

G_END_DECLS
