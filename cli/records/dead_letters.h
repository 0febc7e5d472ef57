/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letters: what the subcommands of `hypermeter dead-letters` share. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

extern const HmCommand hm_dead_letters_show, hm_dead_letters_replay, hm_dead_letters_discard;

/* Bytes as text; NULL where they are none, or no UTF-8. (transfer full) (nullable) */
char *hm_letter_text (const void *bytes, gsize length);

/* The one id, or all of them, that @words name. HM_ERROR_USAGE: one is no number. (transfer full) (element-type gint64) */
GArray *hm_letter_ids (char *const *words, GError **error);

/* Whether @reason (nullable: any) is one that records are refused for. HM_ERROR_USAGE, with the list. */
gboolean hm_letter_reason_check (const char *reason, GError **error);

G_END_DECLS
