/* SPDX-License-Identifier: Apache-2.0 */
/* polling_load: polling.yaml, from its tree to sources. The grammar is Ceilometer's, so that a file that it takes is taken here;
 * beyond it an interval may have a unit. What it would take and then ignore is refused where it is likely a slip (an unknown key),
 * and else noted for the log. Called by whoever loads the configuration, on its thread. */
#include "metering/polling_private.h"

#include <string.h>

#include "metering/clock.h"
#include "metering/error.h"
#include "metering/resource.h"
#include "metering/yaml.h"

#define TEXT_SHOWN   64
#define PATTERNS_MAX 1000 /* of one source */
#define LOCAL        "local_instances"
#define LOCAL_NODE   "local_node"

typedef struct
{
  HmPolling *polling;
  GError **error;
} Load;

/* What stands where, for a message: a source once it has a name. */
typedef struct
{
  Load *load;
  HmPollingSource *source;
  const HmYaml *map;
} Reading;

static gboolean G_GNUC_PRINTF (3, 4) refuse (const Load *load, guint line, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (load->error, HM_ERROR, HM_ERROR_CONFIG, "%s:%u: %s", load->polling->where, line, reason);
  return FALSE;
}

static void G_GNUC_PRINTF (3, 4) note (const Load *load, guint line, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (load->polling->notes, g_strdup_printf ("%s:%u: %s", load->polling->where, line, text));
}

/* "source NAME: reason" */
static gboolean
refuse_source (const Reading *r, guint line, const char *reason)
{
  return refuse (r->load, line, "source %s: %s", r->source->name, reason);
}

/* (transfer full) */
static char *
shown (const HmYaml *text)
{
  return hm_text_clean (text->text, TEXT_SHOWN, NULL);
}

/* -- keys -- */

/* Pipelines have them; Ceilometer reads over them here. */
static gboolean
is_of_pipelines (const char *key)
{
  return g_str_equal (key, "sinks") || g_str_equal (key, "transformers");
}

/* @what: "polling.yaml" or "a source". @known: what it may have, ended by NULL. */
static gboolean
check_keys (const Load *load, const HmYaml *map, const char *what, const char *const *known)
{
  for (guint i = 0; i < map->items->len; i += 2)
    {
      const HmYaml *key = g_ptr_array_index (map->items, i);
      g_autofree char *clean = shown (key), *all = NULL;

      if (g_strv_contains (known, key->text))
        continue;
      if (is_of_pipelines (key->text))
        {
          note (load, key->line, "%s belongs to a pipeline and does nothing here", clean);
          continue;
        }
      all = g_strjoinv (", ", (char **)(guintptr)known);
      return refuse (load, key->line, "unknown key %s; %s has %s", clean, what, all);
    }
  return TRUE;
}

/* -- one source -- */

static const HmPollingSource *
find_source (const HmPolling *polling, const char *name)
{
  for (guint i = 0; i < polling->sources->len; i++)
    {
      const HmPollingSource *source = g_ptr_array_index (polling->sources, i);

      if (g_str_equal (source->name, name))
        return source;
    }
  return NULL;
}

static gboolean
take_name (Reading *r)
{
  const HmYaml *name = hm_yaml_get (r->map, "name");
  const HmPollingSource *earlier;
  gboolean changed;
  g_autofree char *clean = NULL;

  if (name == NULL)
    return refuse (r->load, r->map->line, "required field name not specified");
  if (name->kind != HM_YAML_TEXT || hm_yaml_is_null (name) || *name->text == '\0')
    return refuse (r->load, name->line, "the name of a source is a text");
  clean = hm_text_clean (name->text, HM_NAME_MAX, &changed);
  if (changed)
    return refuse (r->load, name->line, "the name of a source has %d bytes at most and no control characters",
                   HM_NAME_MAX);
  earlier = find_source (r->load->polling, clean);
  if (earlier != NULL)
    return refuse (r->load, name->line, "source %s is there already, in line %u", clean, earlier->line);
  r->source->name = g_steal_pointer (&clean);
  return TRUE;
}

static gboolean
take_interval (Reading *r)
{
  const HmYaml *interval = hm_yaml_get (r->map, "interval");
  g_autofree char *clean = NULL, *reason = NULL;
  gint64 ns;

  if (interval == NULL)
    return refuse_source (r, r->map->line, "missing interval value");
  if (interval->kind != HM_YAML_TEXT)
    return refuse_source (r, interval->line, "the interval is seconds, or has a unit, as 60 or 500ms");
  clean = shown (interval);
  if ((clean[0] == '0' && clean[1] != '\0' && g_ascii_isdigit (clean[1]))
      || !hm_duration_parse (interval->text, &ns))
    reason = g_strdup_printf (
        "invalid interval value \"%s\": whole seconds, or with a unit, as 60, 500ms, 5m", clean);
  else if (ns < HM_POLLING_INTERVAL_MIN_NS || ns > HM_POLLING_INTERVAL_MAX_NS)
    reason = g_strdup_printf ("interval \"%s\" is out of range, 100ms to 1d", clean);
  if (reason != NULL)
    return refuse_source (r, interval->line, reason);
  r->source->interval_ns = ns;
  return TRUE;
}

/* The texts in @list, which has @max at most. NULL with an error. (transfer full) */
static char **
take_texts (const Reading *r, const HmYaml *list, const char *key, guint max)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  g_autofree char *reason = NULL;

  if (list->kind != HM_YAML_LIST)
    reason = g_strdup_printf ("%s should be a list", key);
  else if (list->items->len > max)
    reason = g_strdup_printf ("more than %u %s", max, key);
  if (reason != NULL)
    {
      refuse_source (r, list->line, reason);
      return NULL;
    }
  for (guint i = 0; i < list->items->len; i++)
    {
      const HmYaml *text = g_ptr_array_index (list->items, i);

      if (text->kind != HM_YAML_TEXT || hm_yaml_is_null (text) || *text->text == '\0')
        {
          reason = g_strdup_printf ("each of %s is a text", key);
          refuse_source (r, text->line, reason);
          return NULL;
        }
      g_strv_builder_add (texts, text->text);
    }
  return g_strv_builder_end (texts);
}

/* The filter takes the list as a whole: the line at fault is the first one with which it is refused. */
static gboolean
refuse_meters (const Reading *r, const HmYaml *list)
{
  char **meters = r->source->meters;

  for (guint i = 0; meters[i] != NULL; i++)
    {
      g_autoptr (GError) local = NULL;
      char *later = g_steal_pointer (&meters[i + 1]);
      g_autoptr (HmMeterFilter) filter = hm_meter_filter_new ((const char *const *)meters, &local);

      meters[i + 1] = later;
      if (filter == NULL)
        return refuse_source (r, ((const HmYaml *)g_ptr_array_index (list->items, i))->line, local->message);
    }
  g_return_val_if_reached (FALSE);
}

static gboolean
take_meters (Reading *r)
{
  const HmYaml *meters = hm_yaml_get (r->map, "meters");

  if (meters == NULL)
    return refuse_source (r, r->map->line, "missing meters value");
  if (hm_yaml_is_null (meters) || (meters->kind == HM_YAML_LIST && meters->items->len == 0))
    return refuse_source (r, meters->line, "no meters specified");
  r->source->meters = take_texts (r, meters, "meters", PATTERNS_MAX);
  if (r->source->meters == NULL)
    return FALSE;
  r->source->filter = hm_meter_filter_new ((const char *const *)r->source->meters, NULL);
  return r->source->filter != NULL || refuse_meters (r, meters);
}

/* An optional list; NULL also when it is empty. *@ret_texts (transfer full) (nullable) */
static gboolean
take_optional (const Reading *r, const char *key, char ***ret_texts)
{
  const HmYaml *list = hm_yaml_get (r->map, key);
  g_auto (GStrv) texts = NULL;

  if (list == NULL || hm_yaml_is_null (list))
    return TRUE;
  texts = take_texts (r, list, key, PATTERNS_MAX);
  if (texts == NULL)
    return FALSE;
  if (texts[0] != NULL)
    *ret_texts = g_steal_pointer (&texts);
  return TRUE;
}

/* Instances are found by themselves, so `local_instances` says what is done anyway; with it `resources` adds nothing. Others find
 * nothing on a hypervisor: Ceilometer warns of them and falls back to what it does without. */
static gboolean
take_discovery (Reading *r)
{
  g_auto (GStrv) names = NULL;
  guint line = r->source->line;

  if (!take_optional (r, "discovery", &names))
    return FALSE;
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *clean = hm_text_clean (names[i], TEXT_SHOWN, NULL);

      if (g_str_equal (names[i], LOCAL))
        g_clear_pointer (&r->source->resources, g_strfreev);
      else if (!g_str_equal (names[i], LOCAL_NODE))
        note (r->load, line, "source %s: discovery %s finds nothing here", r->source->name, clean);
    }
  return TRUE;
}

/* Addresses of other machines, as snmp://…, are for another agent's pollsters. What follows the scheme may hold a password. */
static void
note_addresses (const Reading *r)
{
  char **resources = r->source->resources;

  for (guint i = 0; resources != NULL && resources[i] != NULL; i++)
    {
      const char *address = strstr (resources[i], "://");
      g_autofree char *scheme
          = address != NULL ? g_strndup (resources[i], (gsize)(address - resources[i])) : NULL;
      g_autofree char *clean = scheme != NULL ? hm_text_clean (scheme, TEXT_SHOWN, NULL) : NULL;

      if (clean != NULL)
        note (r->load, r->source->line, "source %s: a resource %s://... is no instance here", r->source->name,
              clean);
    }
}

static gboolean
take_source (Load *load, const HmYaml *map)
{
  static const char *const known[] = { "name", "interval", "meters", "resources", "discovery", NULL };
  g_autoptr (HmPollingSource) source = g_new0 (HmPollingSource, 1);
  Reading r = { load, source, map };

  if (map->kind != HM_YAML_MAP)
    return refuse (load, map->line, "a source is a map with name, interval and meters");
  source->line = map->line;
  if (!take_name (&r) || !check_keys (load, map, "a source", known) || !take_meters (&r)
      || !take_interval (&r) || !take_optional (&r, "resources", &source->resources) || !take_discovery (&r))
    return FALSE;
  note_addresses (&r);
  g_ptr_array_add (load->polling->sources, g_steal_pointer (&source));
  return TRUE;
}

/* -- the file -- */

static gboolean
take_sources (Load *load, const HmYaml *root)
{
  static const char *const known[] = { "sources", NULL };
  const HmYaml *sources;

  if (root->kind != HM_YAML_MAP)
    return refuse (load, root->line, "sources required: the file is a map with a list of them");
  if (!check_keys (load, root, "the file", known))
    return FALSE;
  sources = hm_yaml_get (root, "sources");
  if (sources == NULL)
    return refuse (load, root->line, "sources required");
  if (hm_yaml_is_null (sources) || (sources->kind == HM_YAML_LIST && sources->items->len == 0))
    return refuse (load, sources->line, "no source: nothing would be polled");
  if (sources->kind != HM_YAML_LIST)
    return refuse (load, sources->line, "sources should be a list");
  if (sources->items->len > HM_POLLING_SOURCES_MAX)
    return refuse (load, sources->line, "more than %d sources", HM_POLLING_SOURCES_MAX);
  for (guint i = 0; i < sources->items->len; i++)
    if (!take_source (load, g_ptr_array_index (sources->items, i)))
      return FALSE;
  return TRUE;
}

HmPolling *
hm_polling_load (const char *path, GError **error)
{
  g_autoptr (HmYaml) root = hm_yaml_load (path, error);
  g_autoptr (HmPolling) polling = NULL;
  Load load;

  if (root == NULL)
    return NULL;
  polling = hm_polling_new (path);
  load = (Load){ polling, error };
  return take_sources (&load, root) ? g_steal_pointer (&polling) : NULL;
}
