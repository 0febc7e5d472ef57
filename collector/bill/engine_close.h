/* SPDX-License-Identifier: Apache-2.0 */
/* engine_close: closes periods, and corrects what was closed; docs/billing.md says what that means.
 *
 * On the storing thread, between two batches: one transaction that no usage changes beside. */
#pragma once

#include "collector/engine/engine.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name, *zone;  /* "2026-10" of "Europe/Berlin"; NULL: corrections alone */
  gboolean accept;          /* what is not stored */
  gboolean accept_unrolled; /* that its root is not over all that is behind it */
  gboolean accept_gap;      /* time between it and another closed period */
  const char *author;
  const HmRequestRow *answered; /* (nullable) is written with the rest; its `result` is set to: */
  char *result;                 /* (transfer full) one line for people, where it was done */
} HmCloseOrder;

/* Closes the period, if there is one to be closed, and makes a correction of each closed period whose usage has changed since.
 *
 * HM_ERROR_USAGE, with the reason: the period cannot be closed, or not yet; nothing was written. HM_ERROR_TEMPORARY: another collector is at it. Any other error is the
 * store's. */
gboolean hm_engine_close_period (HmEngine *engine, HmCloseOrder *order, GError **error);

/* The lease of who closes. */
#define HM_CLOSE_LEASE "periods"

G_END_DECLS
