/* SPDX-License-Identifier: Apache-2.0 */
/* reasons: why a daemon is not ready, gathered by whoever judges and told sorted by name, so that the same causes give the same answer.
 * Of one thread. */
#pragma once

#include "metering/json.h"

G_BEGIN_DECLS

typedef struct HmReasons HmReasons;

HmReasons *hm_reasons_new (void);
void hm_reasons_free (HmReasons *reasons);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmReasons, hm_reasons_free)

/* @name: a literal. The detail is cleaned, so it may hold what others said. */
void hm_reasons_add (HmReasons *reasons, const char *name, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Writes "reasons" (objects of "reason" and "detail") and "ready" into the object that is open. TRUE: ready, as there are none. */
gboolean hm_reasons_write (HmReasons *reasons, HmJsonWriter *w);

G_END_DECLS
