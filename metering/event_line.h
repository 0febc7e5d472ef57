/* SPDX-License-Identifier: Apache-2.0 */
/* event_line: a message as one line, a CloudEvent in structured JSON form. For whoever shows or keeps records as text. */
#pragma once

#include "metering/json.h"
#include "metering/plugin.h"

G_BEGIN_DECLS

/* Sets @line to the line with its end. `data` is the last member and holds the value's bytes exactly as they were signed. @sent: `hmsent`;
 * HM_TIME_UNKNOWN: there is none. @json is used and left with nothing in it. HM_ERROR_DATA: it cannot be written as JSON. */
gboolean hm_event_line (HmJsonWriter *json, const HmMessage *message, HmTime sent, GString *line,
                        GError **error);

G_END_DECLS
