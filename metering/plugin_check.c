/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_check: the rules that a plugin's descriptor is held to before anything of it runs.
 *
 * Called by the registry for modules and for linked-in plugins alike, on the thread that starts the program.
 * Each function returns the reason of a refusal, or NULL. */
#include "metering/plugin_check.h"

#include <string.h>

#include "metering/registry.h"

#define NAME_MAX_LENGTH 64
#define NS_POLL         "hypermeter.poll."
#define SHOWN_MAX       80

/* What the descriptor had when the plugin was built. */
static gsize
size_of_abi (guint16 minor)
{
  return minor == 0 ? G_STRUCT_OFFSET (HmPlugin, host_pollster) : sizeof (HmPlugin);
}

char *
hm_plugin_check_abi (const HmPlugin *plugin)
{
  if (plugin->abi_major != HM_ABI_MAJOR)
    return g_strdup_printf ("it is built for ABI %u.%u, this program has %u.%u", plugin->abi_major,
                            plugin->abi_minor, HM_ABI_MAJOR, HM_ABI_MINOR);
  if (plugin->abi_minor > HM_ABI_MINOR)
    return g_strdup_printf ("it is built for the newer ABI %u.%u, this program has %u.%u", plugin->abi_major,
                            plugin->abi_minor, HM_ABI_MAJOR, HM_ABI_MINOR);
  if (plugin->struct_size < size_of_abi (plugin->abi_minor))
    return g_strdup_printf ("its descriptor has %u bytes, ABI %u.%u has %" G_GSIZE_FORMAT,
                            plugin->struct_size, HM_ABI_MAJOR, plugin->abi_minor,
                            size_of_abi (plugin->abi_minor));
  return NULL;
}

/* -- name and namespace -- */

static gboolean
name_is_sound (const char *name)
{
  gsize length = name != NULL ? strlen (name) : 0;

  return length >= 1 && length <= NAME_MAX_LENGTH && g_ascii_islower (name[0])
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static gboolean
text_is_sound (const char *text)
{
  return text != NULL && *text != '\0' && g_utf8_validate (text, -1, NULL);
}

/* "hypermeter.poll.central" is as good as the shipped ones: such an agent is another kind of agent. */
static gboolean
is_poll_namespace (const char *ns)
{
  return g_str_has_prefix (ns, NS_POLL) && name_is_sound (ns + strlen (NS_POLL));
}

static const char *
kind_of_namespace (const char *ns)
{
  static const char *const kinds[][2] = {
    { HM_NS_SELF, "pollster" },
    { HM_NS_NOTIFICATION, "notification" },
    { HM_NS_PUBLISHER, "publisher" },
    { HM_NS_STORE, "store" },
  };

  if (is_poll_namespace (ns))
    return "pollster";
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (ns, kinds[i][0]))
      return kinds[i][1];
  return NULL;
}

const char *
hm_plugin_kind (const HmPlugin *plugin)
{
  return kind_of_namespace (plugin->ns);
}

static char *
check_names (const HmPlugin *plugin)
{
  if (!name_is_sound (plugin->name))
    return g_strdup ("its name is not 1 to 64 characters of [a-z0-9_] that start with a letter");
  if (!text_is_sound (plugin->version))
    return g_strdup ("its version is empty or not UTF-8");
  if (!text_is_sound (plugin->summary))
    return g_strdup ("its summary is empty or not UTF-8");
  if (plugin->ns == NULL)
    return g_strdup ("it has no namespace");
  if (kind_of_namespace (plugin->ns) == NULL)
    {
      g_autofree char *clean = hm_text_clean (plugin->ns, SHOWN_MAX, NULL);

      return g_strdup_printf ("there is no namespace \"%s\"", clean);
    }
  return NULL;
}

/* -- callbacks -- */

static const char *
missing_in_reading (const HmReadingPollster *reading)
{
  if (reading->create == NULL)
    return "create";
  if (reading->emit == NULL)
    return "emit";
  return reading->free == NULL ? "free" : NULL;
}

static const char *
missing_in_notification (const HmNotification *notification)
{
  if (notification->event_types == NULL || notification->event_types[0] == NULL)
    return "event_types";
  return notification->process_notification == NULL ? "process_notification" : NULL;
}

static const char *
missing_in_publisher (const HmPublisher *publisher)
{
  if (publisher->create == NULL)
    return "create";
  if (publisher->start == NULL)
    return "start";
  if (publisher->publish == NULL)
    return "publish";
  if (publisher->flush == NULL)
    return "flush";
  return publisher->free == NULL ? "free" : NULL;
}

/* The first callback that its kind must have and that is not there. A store's are its program's to check. */
static const char *
missing_callback (const HmPlugin *plugin)
{
  if (plugin->snapshot_pollster != NULL)
    return plugin->snapshot_pollster->emit == NULL ? "emit" : NULL;
  if (hm_plugin_host_pollster (plugin) != NULL)
    return plugin->host_pollster->emit == NULL ? "emit" : NULL;
  if (plugin->reading_pollster != NULL)
    return missing_in_reading (plugin->reading_pollster);
  if (plugin->notification != NULL)
    return missing_in_notification (plugin->notification);
  if (plugin->publisher != NULL)
    return missing_in_publisher (plugin->publisher);
  return NULL;
}

static char *
check_callbacks (const HmPlugin *plugin)
{
  const char *kind = hm_plugin_kind (plugin);
  const struct
  {
    const char *kind;
    gboolean set;
  } tables[] = {
    { "pollster", plugin->snapshot_pollster != NULL },
    { "pollster", hm_plugin_host_pollster (plugin) != NULL },
    { "pollster", plugin->reading_pollster != NULL },
    { "notification", plugin->notification != NULL },
    { "publisher", plugin->publisher != NULL },
    { "store", plugin->store != NULL },
  };
  guint n_set = 0, n_right = 0;
  const char *missing;

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if (tables[i].set)
      {
        n_set++;
        n_right += g_str_equal (tables[i].kind, kind);
      }
  if (n_set > 1)
    return g_strdup ("it has callbacks of more than one kind");
  if (n_right == 0)
    return g_strdup_printf ("its namespace %s asks for the callbacks of a %s, it has none", plugin->ns, kind);
  if (hm_plugin_host_pollster (plugin) != NULL && !g_str_equal (plugin->ns, HM_NS_POLL_HOST))
    return g_strdup_printf ("a pollster of the host belongs to the namespace %s, not to %s", HM_NS_POLL_HOST,
                            plugin->ns);
  missing = missing_callback (plugin);
  return missing != NULL ? g_strdup_printf ("its callback %s is missing", missing) : NULL;
}

/* -- meters -- */

static char *
check_meters (const HmPlugin *plugin)
{
  const HmMeter *meters = plugin->meters;
  gboolean none = meters == NULL || meters[0].name == NULL;

  if (none)
    return g_str_equal (hm_plugin_kind (plugin), "pollster") ? g_strdup ("a pollster must declare its meters")
                                                             : NULL;
  for (const HmMeter *meter = meters; meter->name != NULL; meter++)
    {
      g_autofree char *reason = hm_meter_check (meter);

      for (const HmMeter *earlier = meters; reason == NULL && earlier < meter; earlier++)
        if (g_str_equal (earlier->name, meter->name))
          reason = g_strdup ("it is there twice");
      if (reason != NULL)
        {
          g_autofree char *clean = hm_text_clean (meter->name, SHOWN_MAX, NULL);

          return g_strdup_printf ("meter %s: %s", clean, reason);
        }
    }
  return NULL;
}

char *
hm_plugin_check (const HmPlugin *plugin)
{
  char *reason = check_names (plugin);

  if (reason == NULL)
    reason = check_callbacks (plugin);
  if (reason == NULL)
    reason = hm_option_table_check (plugin->options);
  if (reason == NULL)
    reason = check_meters (plugin);
  return reason;
}
