/* SPDX-License-Identifier: Apache-2.0 */
/* store_bill: the rows that a bill is made of: closed periods, statements and their lines, adjustments. Part of the contract,
 * collector/stores/store.h, as store_rows.h is. */
#pragma once

#include "metering/clock.h"
#include "metering/meter.h"
#include "metering/value.h"

G_BEGIN_DECLS

/* A period that was closed. One that was not has no row: it is open until it ends, and provisional from then on. */
typedef struct
{
  gint64 id;        /* given by the store */
  const char *name; /* "2026-11" */
  const char *zone; /* IANA name of the calendar that it is of */
  HmTime from, to;
  HmTime closed;
  const char *author;
  const char *accepted; /* (nullable) what was missing, and accepted by the author */
  gboolean touched;     /* usage in it has changed since its last statement */
} HmPeriodRow;

/* What was said once, and never changes. Numbers begin at 1 and have no gap. */
typedef struct
{
  gint64 number;
  gint64 period; /* HmPeriodRow.id: the period that its lines are about */
  gint64
      corrects; /* 0: the period's statement; else that statement's number, and lines are differences from it and earlier corrections */
  HmTime made;
  const char *author;
  guint64 lines;
  const char *sha256;  /* over its lines in their canonical form (docs/audit.md); 64 hex digits */
  guint64 records;     /* behind it */
  const char *root;    /* Merkle root over the evidence of its period; 64 hex digits */
  const char *missing; /* (nullable) what was missing, and accepted */
} HmStatementRow;

/* Key: (number, line). In the order of (source, project, user, resource, device, meter, unit, adjustment). */
typedef struct
{
  gint64 number;
  gint64 line; /* from 1 */
  const char *source, *project, *user, *resource, *device, *meter, *unit;
  HmMeterType type;
  HmInt128 quantity; /* in `unit`; a gauge's in unit·ns */
  HmInt128 covered_ns;
  guint32 flags;
  gint64 adjustment; /* HmAdjustmentRow.id that it is; 0: it was measured */
} HmStatementLine;

/* What somebody adds to a bill or takes from it; in the next statement. */
typedef struct
{
  gint64 id;                                                              /* given by the store */
  const char *source, *project, *user, *resource, *device, *meter, *unit; /* "" where it is about none */
  HmMeterType type;
  HmInt128 quantity; /* as of a line; never 0 */
  const char *reason, *author;
  HmTime made;
  gint64 statement; /* that has it; 0: none yet */
  const char *key;  /* (nullable) the name that who asked for it has given it; no two have the same */
} HmAdjustmentRow;

G_END_DECLS
