/* SPDX-License-Identifier: Apache-2.0 */
/* records: one complete record of each kind, and how two records are compared; for the codec's tests, the
 * schema check and the benchmark. */
#pragma once

#include "metering/codec.h"
#include "tests/kit.h"

/* A few meters as a program would ship them, of every value type. (transfer full) */
HmMeterTable *records_table (void);

/* Records in which every member that their kind can have is there. The samples record has 30 samples, like an
 * instance with two disks and two interfaces. Static memory; valid until the program ends. */
void records_samples (HmRecord *ret_record);
void records_lifecycle (HmRecord *ret_record);
void records_gap (HmRecord *ret_record);
void records_heartbeat (HmRecord *ret_record);

/* Fails the test unless both say the same, member by member. */
void records_assert_equal (const HmRecord *a, const HmRecord *b);
