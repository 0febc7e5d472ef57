/* SPDX-License-Identifier: Apache-2.0 */
/* periods: the subcommands of `hypermeter periods`, each a command whose name begins with "periods ". */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

extern const HmCommand hm_periods_list, hm_periods_show, hm_periods_close;

/* When the period of that name begins and ends in @zone (nullable: UTC), at the store's grain. HM_ERROR_USAGE. */
gboolean hm_period_times (const HmReading *reading, const char *name, const char *zone, HmTime *ret_from,
                          HmTime *ret_to, GError **error);

G_END_DECLS
