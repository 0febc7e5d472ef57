/* SPDX-License-Identifier: Apache-2.0 */
/* usage_kit: see the header. */
#include "tests/bench/usage_kit.h"

void
usage_must (gboolean done, const GError *error)
{
  if (!done)
    g_error ("%s", error != NULL ? error->message : "failed");
}

UsageStore
usage_store_open (const char *url, HmStoreMode mode)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  g_autofree char *scheme = hm_store_scheme (url);
  g_autoptr (GError) error = NULL;
  UsageStore self = { .registry = hm_registry_new () };
  const HmRegistered *found;

  hm_registry_scan_path (self.registry, NULL, namespaces);
  found = scheme != NULL ? hm_registry_find (self.registry, HM_NS_STORE, scheme) : NULL;
  if (found == NULL)
    g_error ("%s: no store, or no plugin for it", url);
  self.ops = found->plugin->store;
  self.store = self.ops->open (url, mode, HOUR_NS, &error);
  usage_must (self.store != NULL, error);
  return self;
}

void
usage_store_close (UsageStore *self)
{
  self->ops->close (self->store);
  hm_registry_free (self->registry);
}
