/* SPDX-License-Identifier: Apache-2.0 */
/* meter_filter: which meters a list of patterns wants.
 *
 * Made when a configuration is read, asked for each value on its way into a sink. */
#include "metering/sink.h"

#include <fnmatch.h>
#include <string.h>

#include "metering/error.h"

/* GLib's patterns are fast, and know no [sets]. */
typedef struct
{
  GPatternSpec *spec; /* (nullable) */
  char *with_sets;    /* where there is none */
} Glob;

struct HmMeterFilter
{
  GPtrArray *included, *excluded; /* (element-type Glob) */
  gboolean names_some;            /* a pattern of `included` does not begin with * */
  gboolean has_all;               /* "*" is there */
};

static void
free_glob (gpointer data)
{
  Glob *glob = data;

  g_clear_pointer (&glob->spec, g_pattern_spec_free);
  g_free (glob->with_sets);
  g_free (glob);
}

static Glob *
new_glob (const char *pattern)
{
  Glob *glob = g_new0 (Glob, 1);

  if (strchr (pattern, '[') != NULL)
    glob->with_sets = g_strdup (pattern);
  else
    glob->spec = g_pattern_spec_new (pattern);
  return glob;
}

static gboolean
glob_matches (const Glob *glob, const char *name)
{
  return glob->spec != NULL ? g_pattern_spec_match_string (glob->spec, name)
                            : fnmatch (glob->with_sets, name, FNM_NOESCAPE) == 0;
}

static gboolean
refuse_glob (const char *glob, const char *reason, GError **error)
{
  g_autofree char *clean = hm_text_clean (glob, 64, NULL);

  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "\"%s\"%s", clean, reason);
  return FALSE;
}

/* What Ceilometer refuses together: names and exclusions, names and "*". A pattern that begins with * is no name to it. */
static gboolean
check_mix (const HmMeterFilter *filter, const char *glob, GError **error)
{
  if (filter->names_some && filter->excluded->len > 0)
    return refuse_glob (glob, ": a list either names meters or excludes some with \"!\", not both", error);
  if (filter->names_some && filter->has_all)
    return refuse_glob (glob, ": a list either names meters or takes all with \"*\", not both", error);
  return TRUE;
}

/* Names of other agents' meters too: a file may serve both. */
#define GLOB_CHARS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_.:/@-*?[]!"

static gboolean
add_glob (HmMeterFilter *filter, const char *glob, GError **error)
{
  gboolean excluding = glob[0] == '!';
  const char *pattern = glob + (excluding ? 1 : 0);
  gsize length = strlen (pattern);

  if (length == 0 || pattern[0] == '!' || strspn (pattern, GLOB_CHARS) != length)
    return refuse_glob (
        glob,
        " is not a pattern of meter names: letters, digits, _.:/@- and * ? [set], after an optional \"!\"",
        error);
  g_ptr_array_add (excluding ? filter->excluded : filter->included, new_glob (pattern));
  filter->names_some |= !excluding && pattern[0] != '*';
  filter->has_all |= !excluding && g_str_equal (pattern, "*");
  return check_mix (filter, glob, error);
}

HmMeterFilter *
hm_meter_filter_new (const char *const *globs, GError **error)
{
  g_autoptr (HmMeterFilter) filter = g_new0 (HmMeterFilter, 1);

  filter->included = g_ptr_array_new_with_free_func (free_glob);
  filter->excluded = g_ptr_array_new_with_free_func (free_glob);
  for (guint i = 0; globs != NULL && globs[i] != NULL; i++)
    if (!add_glob (filter, globs[i], error))
      return NULL;
  return g_steal_pointer (&filter);
}

void
hm_meter_filter_free (HmMeterFilter *filter)
{
  if (filter == NULL)
    return;
  g_ptr_array_unref (filter->included);
  g_ptr_array_unref (filter->excluded);
  g_free (filter);
}

static gboolean
matches_any (const GPtrArray *globs, const char *name)
{
  for (guint i = 0; i < globs->len; i++)
    if (glob_matches (g_ptr_array_index (globs, i), name))
      return TRUE;
  return FALSE;
}

gboolean
hm_meter_filter_wants (const HmMeterFilter *filter, const HmMeter *meter)
{
  if (filter == NULL)
    return TRUE;
  if (matches_any (filter->excluded, meter->name))
    return FALSE;
  return filter->included->len > 0 ? matches_any (filter->included, meter->name) : !meter->off;
}
