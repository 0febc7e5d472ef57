/* SPDX-License-Identifier: Apache-2.0 */
/* policy: see policy.h. */
#include "collector/usage/policy.h"

#include "collector/pipeline/arrival.h"

#include <string.h>

#define BITS 8

static const struct
{
  const char *name;
  guint64 bits;
} rates[] = {
  { "Tbit", G_GUINT64_CONSTANT (1000000000000) },
  { "Gbit", G_GUINT64_CONSTANT (1000000000) },
  { "Mbit", G_GUINT64_CONSTANT (1000000) },
  { "kbit", G_GUINT64_CONSTANT (1000) },
  { "bit", 1 },
};

gboolean
hm_policy_limit_parse (const char *text, guint64 *ret_bytes)
{
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autofree char *digits = NULL;
      guint64 number;

      if (!g_str_has_suffix (text, rates[i].name))
        continue;
      digits = g_strndup (text, strlen (text) - strlen (rates[i].name));
      if (!g_ascii_string_to_unsigned (digits, 10, 1, (G_MAXINT64 - BITS) / rates[i].bits, &number, NULL))
        return FALSE;
      *ret_bytes = (number * rates[i].bits + BITS - 1) / BITS;
      return TRUE;
    }
  if (!g_str_equal (text, "0"))
    return FALSE;
  *ret_bytes = 0;
  return TRUE;
}

char *
hm_policy_limit_print (guint64 bytes)
{
  for (guint i = 0; bytes > 0 && bytes <= G_MAXUINT64 / BITS && i < G_N_ELEMENTS (rates); i++)
    if (bytes * BITS % rates[i].bits == 0)
      return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", bytes * BITS / rates[i].bits, rates[i].name);
  return bytes == 0 ? g_strdup ("0") : g_strdup_printf ("%" G_GUINT64_FORMAT "B/s", bytes);
}

gboolean
hm_policy_unknown_parse (const char *text, gboolean *ret_hold)
{
  gboolean hold = g_str_equal (text, "hold");

  if (!hold && !g_str_equal (text, "none"))
    return FALSE;
  *ret_hold = hold;
  return TRUE;
}

const char *
hm_policy_unknown_name (gboolean hold)
{
  return hold ? "hold" : "none";
}

HmTime
hm_policy_earliest (HmTime now, gint64 grain_ns)
{
  HmTime after = now + HM_ARRIVAL_AHEAD_MAX_NS + 2 * HM_POLICY_RELOAD_NS;

  return after + grain_ns - after % grain_ns;
}
