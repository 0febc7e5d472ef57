/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_verify: see shadow_verify.h. Called by `hypermeter verify` and, before it is recomputed, by engine_recompute.c. What is compared is of one
 * version of the resource: where that has changed before all was read, all is read again, and nothing was told. */
#include "collector/bill/shadow_verify.h"

#include "collector/bill/evidence.h"
#include "collector/bill/shadow_private.h"
#include "metering/error.h"

#include <string.h>

#define DAY_NS (86400 * HM_NSEC_PER_SEC)

typedef struct
{
  HmShadow *shadow;
  const char *source, *resource;
  HmDifferenceVisit visit;
  gpointer user;
} Verifying;

static void
tell_state (const Verifying *verifying, const char *figure, const char *stored, const char *made)
{
  const HmDifference difference
      = { .what = "state", .start = HM_TIME_UNKNOWN, .figure = figure, .stored = stored, .made = made };

  verifying->visit (&difference, verifying->user);
}

/* -- what is made of usage and records, and stored beside them -- */

typedef struct
{
  GPtrArray *days, *months, *buckets; /* (element-type HmBucket) of before `rolled` */
  GHashTable *stored, *made;          /* (element-type HmEvidenceRow) by day, from the edge to `rolled` */
  GStringChunk *roots;
} Beside;

static void
free_row (gpointer row)
{
  hm_bucket_free (row);
}

static Beside *
new_beside (void)
{
  Beside *beside = g_new (Beside, 1);

  beside->days = g_ptr_array_new_with_free_func (free_row);
  beside->months = g_ptr_array_new_with_free_func (free_row);
  beside->buckets = g_ptr_array_new_with_free_func (free_row);
  beside->stored = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  beside->made = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  beside->roots = g_string_chunk_new (1024);
  return beside;
}

static void
free_beside (Beside *beside)
{
  g_ptr_array_unref (beside->days);
  g_ptr_array_unref (beside->months);
  g_ptr_array_unref (beside->buckets);
  g_hash_table_unref (beside->stored);
  g_hash_table_unref (beside->made);
  g_string_chunk_free (beside->roots);
  g_free (beside);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Beside, free_beside)

static gboolean
keep_row (const HmBucket *row, gpointer rows)
{
  g_ptr_array_add (rows, hm_bucket_copy (row));
  return TRUE;
}

static void
keep_evidence (Beside *beside, GHashTable *rows, const HmEvidenceRow *row)
{
  HmEvidenceRow *copy = g_memdup2 (row, sizeof *row);

  copy->source = copy->resource = NULL;
  copy->root = g_string_chunk_insert (beside->roots, row->root);
  g_hash_table_replace (rows, &copy->day, copy);
}

static gboolean
keep_stored (const HmEvidenceRow *row, gpointer beside)
{
  keep_evidence (beside, ((Beside *)beside)->stored, row);
  return TRUE;
}

static gboolean
keep_made (const HmEvidenceRow *row, gpointer beside)
{
  keep_evidence (beside, ((Beside *)beside)->made, row);
  return TRUE;
}

/* Of days before the edge the records may be gone. */
static gboolean
read_evidence (const Verifying *verifying, const HmShadowFolded *folded, Beside *beside, GError **error)
{
  const HmEngine *engine = verifying->shadow->engine;
  const HmStoreFilter filter = { .from = folded->edge + (DAY_NS - folded->edge % DAY_NS) % DAY_NS,
                                 .to = folded->rolled,
                                 .source = verifying->source,
                                 .resource = verifying->resource };

  return engine->ops->list_evidence == NULL || filter.from >= filter.to
         || (engine->ops->list_evidence (engine->store, &filter, keep_stored, beside, error)
             && hm_evidence_make (engine->ops, engine->store, &filter, keep_made, beside, error));
}

static gboolean
read_beside (const Verifying *verifying, const HmShadowFolded *folded, Beside *beside, GError **error)
{
  const HmEngine *engine = verifying->shadow->engine;
  HmStoreFilter filter = { .from = HM_TIME_UNKNOWN,
                           .to = folded->rolled,
                           .source = verifying->source,
                           .resource = verifying->resource,
                           .step = HM_STEP_DAY };

  if (folded->rolled == 0)
    return TRUE;
  if (!engine->ops->list_usage (engine->store, &filter, keep_row, beside->days, error)
      || !engine->ops->list_buckets (engine->store, &filter, keep_row, beside->buckets, error))
    return FALSE;
  filter.step = HM_STEP_MONTH;
  return engine->ops->list_usage (engine->store, &filter, keep_row, beside->months, error)
         && read_evidence (verifying, folded, beside, error);
}

/* -- all of one version -- */

static int
compare_days (gconstpointer a, gconstpointer b)
{
  const gint64 *left = a, *right = b;

  return (*left > *right) - (*left < *right);
}

static const char *
root_of (GHashTable *rows, const gint64 *day)
{
  const HmEvidenceRow *row = g_hash_table_lookup (rows, day);

  return row != NULL ? row->root : NULL;
}

static void
compare_evidence (const Verifying *verifying, const Beside *beside)
{
  g_autoptr (GList) days
      = g_list_concat (g_hash_table_get_keys (beside->stored), g_hash_table_get_keys (beside->made));
  const gint64 *before = NULL;

  days = g_list_sort (days, compare_days);
  for (const GList *at = days; at != NULL; before = at->data, at = at->next)
    {
      const HmDifference difference = { .what = "evidence",
                                        .start = *(const gint64 *)at->data,
                                        .figure = "root",
                                        .stored = root_of (beside->stored, at->data),
                                        .made = root_of (beside->made, at->data) };

      if ((before == NULL || *before != difference.start)
          && g_strcmp0 (difference.stored, difference.made) != 0)
        verifying->visit (&difference, verifying->user);
    }
}

static void
compare_all (const Verifying *verifying, const HmShadowFolded *folded, const Beside *beside)
{
  hm_shadow_compare_cells (folded->stored, folded->buckets, verifying->visit, verifying->user);
  hm_shadow_compare_held (folded->stored_held, folded->held, verifying->visit, verifying->user);
  if (strcmp (folded->stored_fold, folded->fold) != 0)
    tell_state (verifying, "fold", folded->stored_fold, folded->fold);
  hm_shadow_compare_sums (beside->days, beside->buckets, HM_STEP_DAY, verifying->visit, verifying->user);
  hm_shadow_compare_sums (beside->months, beside->buckets, HM_STEP_MONTH, verifying->visit, verifying->user);
  compare_evidence (verifying, beside);
}

/* Nothing is told where it fails. */
static gboolean
attempt (const Verifying *verifying, guint *ret_rows, GError **error)
{
  const HmShadowWish wish
      = { .until = HM_TIME_UNKNOWN, .stored = TRUE, .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  HmShadow *shadow = verifying->shadow;
  g_autoptr (HmShadowFolded) folded
      = hm_shadow_fold (shadow, verifying->source, verifying->resource, &wish, error);
  g_autoptr (Beside) beside = new_beside ();

  if (folded == NULL || !read_beside (verifying, folded, beside, error)
      || !hm_shadow_check_version (shadow, verifying->source, verifying->resource, folded, error))
    return FALSE;
  *ret_rows = folded->buckets->len;
  compare_all (verifying, folded, beside);
  return TRUE;
}

gboolean
hm_shadow_verify (HmShadow *shadow, const char *source, const char *resource, HmDifferenceVisit visit,
                  gpointer user, guint *ret_rows, GError **error)
{
  const Verifying verifying = { shadow, source, resource, visit, user };
  g_autoptr (GError) failure = NULL;

  for (guint i = 0; i < HM_SHADOW_ATTEMPTS; i++)
    {
      g_clear_error (&failure);
      if (attempt (&verifying, ret_rows, &failure))
        return TRUE;
      if (!g_error_matches (failure, HM_ERROR, HM_ERROR_TEMPORARY))
        break;
    }
  if (!g_error_matches (failure, HM_ERROR, HM_ERROR_DATA))
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  *ret_rows = 0;
  tell_state (&verifying, failure->message, NULL, NULL);
  return TRUE;
}
