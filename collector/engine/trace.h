/* SPDX-License-Identifier: Apache-2.0 */
/* trace: tells a test whether a transaction is open, so that a kill can be said to have hit one. */
#pragma once

#include <glib.h>

/* Writes "1" or "0" as the first byte of the file that HYPERMETER_TRACE_TRANSACTIONS names; without that
 * variable it does nothing. What stands there when a process was killed is where it was killed. The storing
 * thread only. */
void hm_trace_transaction (gboolean open);
