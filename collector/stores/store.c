/* SPDX-License-Identifier: Apache-2.0 */
/* store: what all stores have in common. The collector and the command line ask it which plugin serves a URL.
 */
#include "collector/stores/store.h"

char *
hm_store_scheme (const char *url)
{
  g_autofree char *scheme = g_uri_parse_scheme (url);

  if (scheme == NULL || !g_str_has_prefix (url + strlen (scheme), "://"))
    return NULL;
  return g_ascii_strdown (scheme, -1);
}
