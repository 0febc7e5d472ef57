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

const char *
hm_anomaly_name (HmAnomaly anomaly)
{
  static const char *const names[HM_ANOMALIES] = {
    [HM_ANOMALY_AGENT_ID_TWICE] = "agent_id_twice",
    [HM_ANOMALY_RESOURCE_CLAIMED_TWICE] = "resource_claimed_twice",
    [HM_ANOMALY_NO_INTERVAL] = "no_interval",
    [HM_ANOMALY_CONFLICT] = "conflict",
    [HM_ANOMALY_BIN_SAID_TWICE] = "bin_said_twice",
    [HM_ANOMALY_BIN_OUT_OF_RANGE] = "bin_out_of_range",
    [HM_ANOMALY_BEYOND_HORIZON] = "beyond_horizon",
    [HM_ANOMALY_FUTURE] = "future",
    [HM_ANOMALY_FOLDED_WITHOUT_ERASED] = "folded_without_erased",
  };

  return anomaly < HM_ANOMALIES ? names[anomaly] : NULL;
}
