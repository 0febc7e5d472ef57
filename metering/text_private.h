/* SPDX-License-Identifier: Apache-2.0 */
/* text_private: what no text of others may carry on to a person's screen. Not installed. */
#pragma once

#include <glib.h>

/* Controls, and what turns the direction or the line of the text around it: with these a tenant's name could
 * forge a line of a log or of a table. */
static inline gboolean
hm_char_is_treacherous (gunichar c)
{
  return g_unichar_iscntrl (c) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}
