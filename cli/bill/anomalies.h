/* SPDX-License-Identifier: Apache-2.0 */
/* anomalies: what the subcommands of `hypermeter anomalies` share. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

extern const HmCommand hm_anomalies_show, hm_anomalies_release, hm_anomalies_reject, hm_anomalies_rebase;

/* A held reading's cells. */
typedef struct
{
  char id[HM_HELD_ID_MAX];
  char time[HM_TIME_TEXT_MAX], base_time[HM_TIME_TEXT_MAX];
  char value[HM_NUMBER_MAX], base[HM_NUMBER_MAX], amount[HM_NUMBER_MAX];
  const char *kind; /* what it is held for */
} HmHeldText;

void hm_held_print (const HmHeldRow *row, HmHeldText *ret_text);

/* Whether there is a reading that it was compared with, and an amount that would have been counted. */
gboolean hm_held_has_base (const HmHeldRow *row);
gboolean hm_held_has_amount (const HmHeldRow *row);

/* NULL for "". */
const char *hm_text_or_null (const char *text);

G_END_DECLS
