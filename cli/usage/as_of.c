/* SPDX-License-Identifier: Apache-2.0 */
/* as_of: `hypermeter usage --as-of`. What statements have said is known for ever (as_of_stated.c); all else is folded again, as long as the raw records are there. A resource whose owner is another one by now may have been somebody's then, so every resource is folded, and
 * its rows are chosen afterwards. What was folded before a resource's edge is stored, and was known then, or the shadow says that nobody knows. */
#include "cli/usage/as_of.h"

#include "cli/store/shadow.h"

#include "metering/count.h"

#include <string.h>
#include <unistd.h>

typedef struct
{
  const HmStoreFilter *filter;
  HmBucketVisit visit;
  gpointer user;
} Choosing;

static gboolean
is_same (const char *wanted, const char *text)
{
  return wanted == NULL || strcmp (wanted, text) == 0;
}

static gboolean
is_chosen (const HmStoreFilter *filter, const HmBucket *row)
{
  return (filter->from == HM_TIME_UNKNOWN || row->grain >= filter->from)
         && (filter->to == HM_TIME_UNKNOWN || row->grain < filter->to)
         && is_same (filter->project, row->project) && is_same (filter->user, row->user);
}

static gboolean
visit_folded (const Choosing *choosing, const GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    {
      const HmBucket *row = g_ptr_array_index (rows, i);

      if (is_chosen (choosing->filter, row) && !choosing->visit (row, choosing->user))
        return FALSE;
    }
  return TRUE;
}

/* Before the edge: as it is stored. */
static gboolean
visit_stored (const HmReading *r, const Choosing *choosing, const HmShadowName *name, HmTime end,
              GError **error)
{
  HmStoreFilter filter = *choosing->filter;

  if (end == HM_TIME_UNKNOWN || (filter.from != HM_TIME_UNKNOWN && filter.from >= end))
    return TRUE;
  filter.source = name->source;
  filter.resource = name->resource;
  filter.to = filter.to != HM_TIME_UNKNOWN ? MIN (filter.to, end) : end;
  return r->ops->list_buckets (r->store, &filter, choosing->visit, choosing->user, error);
}

static gboolean
read_one (const HmReading *r, HmShadow *shadow, const HmShadowName *name, HmTime until,
          const Choosing *choosing, GError **error)
{
  const HmShadowWish wish = { .until = until, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  g_autoptr (HmShadowFolded) folded = hm_shadow_fold (shadow, name->source, name->resource, &wish, error);

  if (folded == NULL)
    {
      g_prefix_error (error, "--as-of: ");
      return FALSE;
    }
  return !visit_folded (choosing, folded->buckets) || visit_stored (r, choosing, name, folded->from, error);
}

static void
say_progress (guint done, guint all)
{
  g_autofree char *resources = hm_count_print (all, "resource");

  if (isatty (STDERR_FILENO))
    g_printerr ("\r%u of %s%s", done, resources, done == all ? "\n" : "");
}

static gboolean
fold_all (HmReading *reading, const HmAsOf *as_of, HmBucketVisit visit, gpointer user, GError **error)
{
  const Choosing choosing = { as_of->filter, visit, user };
  g_autoptr (HmShadow) shadow = hm_shadow_open (reading, error);
  g_autoptr (GPtrArray) names = shadow != NULL ? hm_shadow_names (reading, TRUE, error) : NULL;

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      say_progress (i, names->len);
      if (!read_one (reading, shadow, g_ptr_array_index (names, i), as_of->until, &choosing, error))
        return FALSE;
    }
  if (names != NULL)
    say_progress (names->len, names->len);
  return names != NULL;
}

gboolean
hm_as_of_read (HmReading *reading, const HmAsOf *as_of, HmBucketVisit visit, gpointer user, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *why = NULL;

  if (!hm_as_of_tell (reading, as_of, visit, user, &why, error))
    return FALSE;
  if (why == NULL || fold_all (reading, as_of, visit, user, &failure))
    return TRUE;
  if (g_error_matches (failure, HM_ERROR, HM_ERROR_USAGE))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s. Nor do statements tell: %s", failure->message, why);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
