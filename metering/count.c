/* SPDX-License-Identifier: Apache-2.0 */
/* count: see count.h. */
#include "metering/count.h"

char *
hm_count_print (guint64 count, const char *noun)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %s%s", count, noun, count == 1 ? "" : "s");
}
