/* SPDX-License-Identifier: Apache-2.0 */
/* bill_check: what holds of all statements of a store at every moment, and what does once everything that was late is corrected. It reads through the
 * store's contract and adds up by itself. Fails the calling test. */
#pragma once

#include "collector/stores/store.h"

/* Numbers have no gap; the lines of each statement are as many as it says, and their hash is the one it says; each adjustment is in the one
 * statement that has taken it. */
void bill_check_statements (const HmStoreOps *ops, HmStore *store);

/* And the lines of each period, corrections too, add up to its buckets, to the last digit. */
void bill_check_sums (const HmStoreOps *ops, HmStore *store);
