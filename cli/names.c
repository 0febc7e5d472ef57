/* SPDX-License-Identifier: Apache-2.0 */
/* names: see names.h. Filled while the store streams its resources, asked while a table is laid out. Names
 * are tenants' text: one project may well take another's name, or another's id for a name. */
#include "cli/names.h"

#define SHOWN_MAX 60 /* bytes of a name; what is compared is what is shown */

typedef struct
{
  GHashTable *by_id; /* id → name */
  GHashTable *owner; /* what may be shown → the one id that it stands for, "" for more than one */
  GHashTable *both;  /* id → "id (name)" */
} Kind;

struct HmNames
{
  Kind kinds[HM_BY_COUNT];
};

HmNames *
hm_names_new (void)
{
  HmNames *names = g_new0 (HmNames, 1);

  for (guint i = 0; i < HM_BY_COUNT; i++)
    {
      names->kinds[i].by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      names->kinds[i].owner = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      names->kinds[i].both = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    }
  return names;
}

void
hm_names_free (HmNames *names)
{
  if (names == NULL)
    return;
  for (guint i = 0; i < HM_BY_COUNT; i++)
    {
      g_hash_table_unref (names->kinds[i].by_id);
      g_hash_table_unref (names->kinds[i].owner);
      g_hash_table_unref (names->kinds[i].both);
    }
  g_free (names);
}

static void
claim (Kind *kind, const char *shown, const char *id)
{
  const char *owner = g_hash_table_lookup (kind->owner, shown);

  if (owner == NULL || !g_str_equal (owner, id))
    g_hash_table_replace (kind->owner, g_strdup (shown), g_strdup (owner == NULL ? id : ""));
}

static void
add (Kind *kind, const char *id, const char *name)
{
  char *shown;

  if (id == NULL || *id == '\0')
    return;
  claim (kind, id, id);
  if (name == NULL || *name == '\0')
    return;
  shown = hm_text_clean (name, SHOWN_MAX, NULL);
  claim (kind, shown, id);
  g_hash_table_replace (kind->by_id, g_strdup (id), shown);
}

void
hm_names_add (HmNames *names, const HmResourceRow *row)
{
  add (&names->kinds[HM_BY_PROJECT], row->project, row->project_name);
  add (&names->kinds[HM_BY_USER], row->user, row->user_name);
  add (&names->kinds[HM_BY_RESOURCE], row->resource, row->name);
}

const char *
hm_names_show (HmNames *names, HmBy column, const char *id)
{
  Kind *kind = &names->kinds[column];
  const char *name = id != NULL ? g_hash_table_lookup (kind->by_id, id) : NULL;
  char *both;

  if (name == NULL || *(const char *)g_hash_table_lookup (kind->owner, name) != '\0')
    return name != NULL ? name : id;
  if (!g_hash_table_contains (kind->both, id))
    {
      both = g_strdup_printf ("%s (%s)", id, name);
      g_hash_table_insert (kind->both, g_strdup (id), both);
    }
  return g_hash_table_lookup (kind->both, id);
}
