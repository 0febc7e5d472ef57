/* SPDX-License-Identifier: Apache-2.0 */
/* explain: `hypermeter usage --explain`. Finds the one resource and meter that the filter leaves, adds up its figure as `usage` does, and has the
 * resource folded again to see what it is made of. */
#include "cli/usage/explain.h"

#include "cli/usage/as_of.h"
#include "cli/usage/group.h"
#include "cli/usage/explain_rows.h"
#include "cli/store/shadow.h"

#include <string.h>

typedef struct
{
  GPatternSpec *pattern; /* (nullable) */
  HmExplained it;
  const char *many; /* the option that would narrow it; NULL: it is one */
  char *other;      /* (nullable) what else there is */
} Finding;

/* -- the figure -- */

/* What there is more than one of. */
static void
note_other (Finding *finding, const char *option, const char *other)
{
  if (finding->many != NULL)
    return;
  finding->many = option;
  finding->other = g_strdup (other);
}

static gboolean
is_first_or_same (char **known, const char *text)
{
  if (*known == NULL)
    *known = g_strdup (text);
  return strcmp (*known, text) == 0;
}

static void
add_cell (Finding *finding, const HmBucket *row, const HmCell *cell)
{
  HmExplained *it = &finding->it;

  if (!is_first_or_same (&it->resource, row->resource))
    note_other (finding, "--resource", row->resource);
  else if (!is_first_or_same (&it->source, row->source))
    note_other (finding, "--source", row->source);
  else if (!is_first_or_same (&it->meter, cell->meter))
    note_other (finding, "--meter", cell->meter);
  if (it->unit == NULL)
    it->unit = g_strdup (cell->unit);
  it->type = cell->type;
  it->quantity += cell->quantity;
  it->covered_ns += cell->covered_ns;
  it->flags |= cell->flags;
}

static gboolean
add_row (const HmBucket *row, gpointer user)
{
  Finding *finding = user;

  for (guint i = 0; i < row->cells->len && finding->many == NULL; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);

      if ((finding->pattern == NULL || g_pattern_spec_match_string (finding->pattern, cell->meter))
          && (finding->it.device == NULL || strcmp (finding->it.device, cell->device) == 0))
        add_cell (finding, row, cell);
    }
  return TRUE;
}

static gboolean
find (HmReading *r, Finding *finding, GError **error)
{
  HmStoreFilter filter = r->filter;
  const HmAsOf as_of = { &filter, finding->it.until, 1u << HM_BY_HOUR,
                         FALSE }; /* statements know no hours, and no records */

  filter.limit = 0; /* of records */
  if (finding->it.until != HM_TIME_UNKNOWN
          ? !hm_as_of_read (r, &as_of, add_row, finding, error)
          : !r->ops->list_buckets (r->store, &filter, add_row, finding, error))
    return FALSE;
  if (finding->it.meter == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "--explain: there is no such usage");
  else if (finding->many != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
                 "--explain: one figure can be explained, of one resource and one meter; narrow it by %s, as "
                 "there is '%s' as well",
                 finding->many, finding->other);
  return finding->it.meter != NULL && finding->many == NULL;
}

static void
clear_finding (Finding *finding)
{
  g_clear_pointer (&finding->pattern, g_pattern_spec_free);
  g_free (finding->it.source);
  g_free (finding->it.resource);
  g_free (finding->it.meter);
  g_free (finding->it.device);
  g_free (finding->it.unit);
  g_free (finding->other);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Finding, clear_finding)

gboolean
hm_explain (HmReading *r, const char *meter, const char *device, HmTime until, GError **error)
{
  g_auto (Finding) finding = { .it = { .device = g_strdup (device), .until = until } };
  g_autoptr (HmShadowFolded) folded = NULL;
  g_autoptr (HmShadow) shadow = NULL;
  HmShadowWish wish = { .until = until, .intervals = TRUE, .device = device };

  finding.pattern = meter != NULL ? g_pattern_spec_new (meter) : NULL;
  if (!find (r, &finding, error))
    return FALSE;
  shadow = hm_shadow_open (r, error);
  if (shadow == NULL)
    return FALSE;
  wish.meter = finding.it.meter;
  wish.from = r->filter.from;
  wish.to = r->filter.to;
  wish.project = r->filter.project;
  wish.user = r->filter.user;
  folded = hm_shadow_fold (shadow, finding.it.source, finding.it.resource, &wish, error);
  return folded != NULL && hm_explain_show (r, &finding.it, folded, error);
}
