/* SPDX-License-Identifier: Apache-2.0 */
/* shadow: opening a shadow on the store that is read, and naming what is to be folded again. */
#include "cli/store/shadow.h"

#include <string.h>

/* -- which -- */

typedef struct
{
  GPtrArray *names;
  GHashTable *seen; /* (element-type HmShadowName) the same */
} Naming;

static void
free_name (gpointer data)
{
  HmShadowName *name = data;

  g_free (name->source);
  g_free (name->resource);
  g_free (name);
}

static guint
name_hash (gconstpointer key)
{
  const HmShadowName *name = key;

  return g_str_hash (name->resource) * 31 + g_str_hash (name->source);
}

static gboolean
name_equal (gconstpointer a, gconstpointer b)
{
  const HmShadowName *left = a, *right = b;

  return strcmp (left->resource, right->resource) == 0 && strcmp (left->source, right->source) == 0;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const HmShadowName *left = *(const HmShadowName *const *)a, *right = *(const HmShadowName *const *)b;
  int order = strcmp (left->source, right->source);

  return order != 0 ? order : strcmp (left->resource, right->resource);
}

static void
note_name (Naming *naming, const char *source, const char *resource)
{
  HmShadowName key = { (char *)(gsize)source, (char *)(gsize)resource }, *name;

  if (g_hash_table_contains (naming->seen, &key))
    return;
  name = g_new (HmShadowName, 1);
  *name = (HmShadowName){ g_strdup (source), g_strdup (resource) };
  g_ptr_array_add (naming->names, name);
  g_hash_table_add (naming->seen, name);
}

static gboolean
note_resource (const HmResourceRow *row, gpointer naming)
{
  note_name (naming, row->source, row->resource);
  return TRUE;
}

static gboolean
note_bucket (const HmBucket *row, gpointer naming)
{
  note_name (naming, row->source, row->resource);
  return TRUE;
}

/* A resource's row says whose it is now; its usage says whose it was. */
GPtrArray *
hm_shadow_names (const HmReading *r, gboolean all, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (free_name);
  g_autoptr (GHashTable) seen = g_hash_table_new (name_hash, name_equal);
  HmStoreFilter filter = r->filter;
  Naming naming = { names, seen };
  gboolean listed;

  filter.limit = 0; /* of what is shown */
  if (all)
    filter.project = filter.user = NULL;
  if (filter.project == NULL && filter.user == NULL)
    filter.from = filter.to = HM_TIME_UNKNOWN;
  listed = r->ops->list_resources (r->store, &filter, note_resource, &naming, error)
           && ((filter.project == NULL && filter.user == NULL)
               || r->ops->list_buckets (r->store, &filter, note_bucket, &naming, error));
  g_ptr_array_sort (names, compare_names);
  return listed ? g_steal_pointer (&names) : NULL;
}

/* -- the shadow -- */

static const char *
meters_file (const HmReading *r)
{
  const char *path = r->meters != NULL ? r->meters : g_getenv ("HYPERMETER_METERS");

  return path != NULL ? path : HM_PKGDATADIR "/meters.json";
}

gboolean
hm_shadow_meters (HmReading *r, GError **error)
{
  HmMeterTable *table;

  if (r->table != NULL)
    return TRUE;
  table = hm_meter_table_new ();
  if (!hm_meter_table_load (table, meters_file (r), error))
    {
      if (r->meters == NULL)
        g_prefix_error (error, "the meters that folding needs: set HYPERMETER_METERS, or give --config with "
                               "[collector] meters: ");
      hm_meter_table_free (table);
      return FALSE;
    }
  r->table = table;
  return TRUE;
}

HmShadow *
hm_shadow_open (HmReading *r, GError **error)
{
  const HmEngineSettings settings = { .grain_ns = r->ops->grain (r->store) };

  if (!hm_shadow_meters (r, error))
    return NULL;
  return hm_shadow_new (r->ops, r->store, r->table, &settings, error);
}
