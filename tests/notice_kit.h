/* SPDX-License-Identifier: Apache-2.0 */
/* notice_kit: a notification sink that keeps what a handler makes of a message. */
#pragma once

#include "tests/kit.h"

/* The records that were made, each as one line of text: a handler's records live no longer than the call. */
typedef struct
{
  HmNoticeSink sink;
  GPtrArray *lines; /* (element-type utf8) */
} KitNotices;

/* Hands @notice to the plugin. The result's own. @error as the plugin left it. */
HmResult kit_notify (const HmPlugin *plugin, const HmNotice *notice, KitNotices *notices, GError **error);

void kit_notices_init (KitNotices *notices);
void kit_notices_clear (KitNotices *notices);
const char *kit_notices_line (const KitNotices *notices, guint i); /* "" beyond the last */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KitNotices, kit_notices_clear)
