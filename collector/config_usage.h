/* SPDX-License-Identifier: Apache-2.0 */
/* config_usage: section usage of the collector's configuration: its keys, and what it wants to hold from now on. Read-only tables; main's thread. */
#pragma once

#include "collector/engine/engine_decide.h"
#include "metering/option.h"

G_BEGIN_DECLS

extern const HmOption hm_config_usage_options[];

/* What the table alone cannot say. HM_ERROR_CONFIG. */
gboolean hm_config_usage_check (const HmOptions *usage, GError **error);

/* Whether gauges hold as they do in the store, where @intervals and @fallback_ns stand. HM_ERROR_CONFIG. */
gboolean hm_config_usage_check_holding (const HmOptions *usage, guint intervals, gint64 fallback_ns,
                                        GError **error);

/* Of what was checked. */
HmPolicyWish hm_config_usage_wish (const HmOptions *usage);

G_END_DECLS
