/* SPDX-License-Identifier: Apache-2.0 */
/* check: see check.h. In the order of a start (collector_build.c), with nothing of what that makes. */
#include "collector/check.h"

#include <unistd.h>

#include "collector/collector.h"
#include "collector/ingest/ingest.h"
#include "metering/access.h"
#include "metering/http_server.h"
#include "metering/meter.h"
#include "metering/registry.h"

static gboolean
check_meters (const HmCollectorConfig *config, GError **error)
{
  g_autoptr (HmMeterTable) table = hm_meter_table_new ();
  GError *local = NULL;

  return hm_meter_table_load (table, hm_collector_config_meters (config), &local)
         || hm_options_refuse_error (config->collector, "meters", local, error);
}

static gboolean
check_state (const HmCollectorConfig *config, GError **error)
{
  const char *folder = hm_options_text (config->collector, "state-dir");
  g_autofree char *lock = g_build_filename (folder, HM_COLLECTOR_LOCK_FILE, NULL);
  GError *local = NULL;

  return (hm_access_folder (folder, &local) && hm_access_there (lock, R_OK | W_OK, &local))
         || hm_options_refuse_error (config->collector, "state-dir", local, error);
}

static gboolean
check_verifier (const HmCollectorConfig *config, GError **error)
{
  g_autoptr (HmVerifier) verifier = hm_verifier_new (config->verify, error);

  return verifier != NULL;
}

static gboolean
check_store (const HmCollectorConfig *config, GError **error)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  const HmStoreOps *ops = hm_collector_find_store (registry, config, error);
  const char *made = hm_options_text (config->collector, "state-dir");
  GError *local = NULL;

  if (ops == NULL)
    return FALSE;
  return ops->look == NULL || ops->look (hm_options_text (config->store, "url"), made, &local)
         || hm_options_refuse_error (config->store, "url", local, error);
}

/* Both sections that listen have these keys. Certificate and key are read together, and named in the reason. */
static gboolean
check_tls (const HmOptions *options, GError **error)
{
  HmHttpSettings settings = { .listen = hm_options_text (options, "listen"),
                              .certificate = hm_options_text (options, "tls-certificate"),
                              .key = hm_options_text (options, "tls-key") };
  GError *local = NULL;

  if (settings.listen == NULL || *settings.listen == '\0')
    return TRUE;
  if (!hm_http_tls_check (&settings, &local))
    return hm_options_refuse_error (options, "tls-certificate", local, error);
  settings.client_ca = hm_options_text (options, "tls-client-ca");
  return hm_http_tls_check (&settings, &local)
         || hm_options_refuse_error (options, "tls-client-ca", local, error);
}

static gboolean
check_tokens (const HmOptions *ingest, GError **error)
{
  GError *local = NULL;

  return !hm_ingest_is_on (ingest) || hm_ingest_tokens_check (ingest, &local)
         || hm_options_refuse_error (ingest, "token-file", local, error);
}

gboolean
hm_collector_check (const HmCollectorConfig *config, GError **error)
{
  return check_meters (config, error) && check_state (config, error) && check_verifier (config, error)
         && check_store (config, error) && check_tokens (config->ingest, error)
         && check_tls (config->ingest, error) && check_tls (config->collector, error);
}
