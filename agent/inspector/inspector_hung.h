/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_hung: which domains hang, since when, and when each is to be asked again. Knows nothing of libvirt's calls.
 *
 * The reading thread changes it; anybody may ask how it stands. */
#pragma once

#include <glib.h>

#include "metering/inspector.h"

typedef struct HmHung HmHung;

/* What asking about one domain brought (inspector_probe.h). */
typedef struct
{
  char id[37];
  enum
  {
    HM_PROBE_UNKNOWN, /* no answer, or the driver cannot tell */
    HM_PROBE_FREE,    /* nobody waits for its process */
    HM_PROBE_WAITS,   /* somebody waits, for `waits_ms` */
    HM_PROBE_BUSY,    /* a long job is under way; that it also hangs cannot be told */
    HM_PROBE_GONE,    /* it does not run */
  } result;
  guint waits_ms;
} HmProbed;

/* @clock: borrowed; moments are its monotonic ones, and its wall clock's where they are told. */
HmHung *hm_hung_new (const HmClock *clock);
void hm_hung_free (HmHung *hung);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmHung, hm_hung_free)

/* Adds a domain and says so; of no effect when it is there. */
void hm_hung_add (HmHung *hung, const char *id, int domain_id, const char *name, guint waits_ms);
/* Takes out what has another domain id by now, or none: @domain_id_of gives it, -1 for one that does not run. */
void hm_hung_keep (HmHung *hung, int (*domain_id_of) (const char *id, gpointer user), gpointer user);

gboolean hm_hung_has (HmHung *hung, const char *id);
guint hm_hung_size (HmHung *hung);

/* Ids of those that are to be asked now. (transfer full) (element-type utf8) */
GPtrArray *hm_hung_due (HmHung *hung);
/* A call that hung has come back: all are due. */
void hm_hung_hurry (HmHung *hung);
/* What asking brought: a domain that answers is taken out, which is said; another is asked again later and later. A domain for
 * which somebody waits less than @enough_ms has answered meanwhile. */
void hm_hung_take (HmHung *hung, const HmProbed *probed, guint enough_ms);

/* Sets what it knows of: domains, hung, hung_total, probes_total. Any thread. */
void hm_hung_health (HmHung *hung, HmInspectorHealth *health);
