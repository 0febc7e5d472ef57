/* SPDX-License-Identifier: Apache-2.0 */
/* polling_private: making a polling, for polling.c and for the file that reads one (polling_load.c). Not installed. */
#pragma once

#include "metering/polling.h"

G_BEGIN_DECLS

/* Without a source yet. (transfer full) */
G_GNUC_INTERNAL HmPolling *hm_polling_new (const char *where);

/* Everything in it is its own. NULL is fine. */
G_GNUC_INTERNAL void hm_polling_source_free (HmPollingSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmPollingSource, hm_polling_source_free)

G_END_DECLS
