/* SPDX-License-Identifier: Apache-2.0 */
/* journal_private: what the journal's file and its JSON share. Not installed. */
#pragma once

#include "metering/journal.h"
#include "metering/json.h"

/* Within the limits, or NULL and HM_ERROR_DATA. Its generation is not in the text. (transfer full) */
HmJournal *hm_journal_parse (const char *text, gsize length, GError **error);

/* Those whose epoch cannot be printed; how many. */
guint hm_journal_leave_out_bad_bins (HmJournal *journal);

/* HM_ERROR_INTERNAL: it holds more than it may. */
gboolean hm_journal_print (const HmJournal *journal, HmJsonWriter *json, GError **error);
