/* SPDX-License-Identifier: Apache-2.0 */
/* topic: see topic.h. Called when the configuration is read. Pure. */
#include "metering/topic.h"

#include <string.h>

#define LENGTH_MAX 249
#define CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-"

const char *
hm_topic_check (const char *name)
{
  gsize length = strlen (name);

  if (length > 0 && length <= LENGTH_MAX && strspn (name, CHARACTERS) == length && !g_str_equal (name, ".")
      && !g_str_equal (name, ".."))
    return NULL;
  return "no topic has such a name: 1 to 249 of A-Z, a-z, 0-9, '.', '_' and '-', neither '.' nor '..'";
}
