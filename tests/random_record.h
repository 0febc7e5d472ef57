/* SPDX-License-Identifier: Apache-2.0 */
/* random_record: records for property tests. */
#pragma once

#include "metering/record.h"

typedef struct
{
  HmRecord record;
} RandomRecord;

/* A sound record with meters of @table and others; owns all that it points to but the table's names. */
RandomRecord *random_record_new (GRand *rand, HmMeterTable *table);
void random_record_free (RandomRecord *random);
