/* SPDX-License-Identifier: Apache-2.0 */
/* options: see options.h. Read by main before anything runs; read-only afterwards. */
#include "agent/options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "metering/error.h"
#include "metering/plugin.h"
#include "metering/resource.h"

#define SECOND HM_NSEC_PER_SEC
#define MIB    (G_GINT64_CONSTANT (1) << 20)

static const HmOption agent_options[] = {
  { .key = "id",
    .type = HM_OPTION_TEXT,
    .help = "Name of this agent and its host in every record; default: the host's name. Two hosts never "
            "share one" },
  { .key = "source",
    .type = HM_OPTION_TEXT,
    .fallback = "default",
    .help = "Name of the site or cloud; ids of instances are unique within one" },
  { .key = "state-dir",
    .type = HM_OPTION_TEXT,
    .fallback = HM_LOCALSTATEDIR "/lib/hypermeter",
    .help = "What must outlive the agent. One agent per folder" },
  { .key = "runtime-dir",
    .type = HM_OPTION_TEXT,
    .fallback = HM_RUNSTATEDIR "/hypermeter",
    .help = "What lives only as long as the agent" },
  { .key = "listen",
    .type = HM_OPTION_TEXT,
    .fallback = "",
    .help = "Address and port, in numbers, where /livez, /readyz and /metrics are answered over HTTP; empty: "
            "nowhere. "
            "Loads the HTTP server, which takes memory" },
  HM_POLLING_OPTIONS,
  { .key = "exists-interval",
    .type = HM_OPTION_DURATION,
    .fallback = "1h",
    .min = SECOND,
    .max = 86400 * SECOND,
    .help = "Time between two audits: a record that says `exists`, and what it is, of every instance" },
  { .key = "heartbeat-interval",
    .type = HM_OPTION_DURATION,
    .fallback = "60s",
    .min = SECOND,
    .max = 3600 * SECOND,
    .help
    = "Time between two heartbeats: what waits, and how many records there are of the time that ended" },
  { .key = "align",
    .type = HM_OPTION_BOOL,
    .fallback = "false",
    .help = "Polls on the wall clock's multiples of the interval, every host at the same moment; else each "
            "host at a place of its own, by its id" },
  { .key = "namespaces",
    .type = HM_OPTION_LIST,
    .fallback = HM_NS_POLL_COMPUTE ";" HM_NS_POLL_HOST ";" HM_NS_SELF ";" HM_NS_NOTIFICATION,
    .help = "Which kinds of source this agent runs; publishers run in any case" },
  { .key = "plugin-path",
    .type = HM_OPTION_TEXT,
    .help
    = "Folders of plugins, separated by colons; default: HYPERMETER_PLUGIN_PATH, else the installed folder" },
  { .key = "key-id",
    .type = HM_OPTION_TEXT,
    .help = "Name of the key that records are signed with; belongs to this agent alone, and never means "
            "another key. "
            "For several keys, each from a time on, there are sections [key:ID]" },
  { .key = "key-file",
    .type = HM_OPTION_TEXT,
    .help = "File with that key: 64 hex digits, not readable by others" },
  { .key = "stop-timeout",
    .type = HM_OPTION_DURATION,
    .fallback = "5s",
    .min = SECOND / 10,
    .max = 300 * SECOND,
    .help = "How long a stop may take, so how long records are still sent" },
  { .key = "log-level",
    .type = HM_OPTION_CHOICE,
    .fallback = "notice",
    .choices = "debug|info|notice|warning|error",
    .help = "The least important lines that are logged" },
  { .key = NULL },
};

static const HmOption inspector_options[] = {
  { .key = "uri",
    .type = HM_OPTION_TEXT,
    .fallback = "qemu:///system",
    .help = "libvirt's URI of the hypervisor" },
  { .key = "connections",
    .type = HM_OPTION_INTEGER,
    .fallback = "2",
    .min = 1,
    .max = 8,
    .help = "Connections over which a read is split" },
  { .key = "timeout",
    .type = HM_OPTION_DURATION,
    .fallback = "10s",
    .min = SECOND / 10,
    .max = 600 * SECOND,
    .help = "How long a read may take; guests that have not answered by then are left out and counted" },
  { .key = "root", .type = HM_OPTION_TEXT, .fallback = "", .help = "Put before /proc and /sys; for tests" },
  { .key = NULL },
};

static const HmOption owner_options[] = {
  { .key = "default-project",
    .type = HM_OPTION_TEXT,
    .help = "Project of an instance that names none; default: unknown" },
  { .key = "default-user",
    .type = HM_OPTION_TEXT,
    .help = "User of an instance that names none; default: unknown" },
  { .key = NULL },
};

static const HmOption outbox_options[] = {
  { .key = "max-bytes",
    .type = HM_OPTION_SIZE,
    .fallback = "1GiB",
    .min = MIB,
    .max = 1024 * 1024 * MIB,
    .help = "What may wait on disk. Past it the oldest go, diagnostics first, and a gap record says so. "
            "What a required publisher has in its hands never goes, so a small one may be exceeded" },
  { .key = "max-age",
    .type = HM_OPTION_DURATION,
    .fallback = "30d",
    .min = 0,
    .max = 3660 * 86400 * SECOND,
    .help = "Older records go too, while the clock is synchronised; 0s: none does" },
  { .key = "sync-interval",
    .type = HM_OPTION_DURATION,
    .fallback = "100ms",
    .min = 0,
    .max = 60 * SECOND,
    .help
    = "How long a record may wait for others to be synced to the disk with it. What is not synced is lost "
      "if the host falls" },
  { .key = "max-record-bytes",
    .type = HM_OPTION_SIZE,
    .fallback = "900KiB",
    .min = 65536,
    .max = HM_RECORD_MAX,
    .help = "A larger record is split by its samples. Below what the bus takes; Kafka's own limit is 1 MB" },
  { .key = NULL },
};

static const HmOption notification_options[] = {
  { .key = "file",
    .type = HM_OPTION_TEXT,
    .help = "Messages as NDJSON from this file or FIFO, bare or in oslo.messaging's envelope. A file is read "
            "from its start and then followed; the next start of the agent goes on where this one ended" },
  { .key = NULL },
};

static const HmAgentSection sections[] = {
  { "agent", agent_options, G_STRUCT_OFFSET (HmAgentConfig, agent) },
  { "inspector", inspector_options, G_STRUCT_OFFSET (HmAgentConfig, inspector) },
  { "owner", owner_options, G_STRUCT_OFFSET (HmAgentConfig, owner) },
  { "outbox", outbox_options, G_STRUCT_OFFSET (HmAgentConfig, outbox) },
  { "notification", notification_options, G_STRUCT_OFFSET (HmAgentConfig, notification) },
  { .name = NULL },
};

const HmAgentSection *
hm_agent_sections (void)
{
  return sections;
}

const HmOptions *
hm_agent_config_section (const HmAgentConfig *config, const HmAgentSection *section)
{
  const guint8 *member = (const guint8 *)config + section->offset;

  return *(HmOptions *const *)(gconstpointer)member;
}

/* -- checks across keys -- */

typedef struct
{
  const char *where;
  GError **error;
} Check;

static gboolean G_GNUC_PRINTF (3, 4) refuse (const Check *check, const char *key, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (check->error, HM_ERROR, HM_ERROR_CONFIG, "%s, [agent]: %s: %s", check->where, key, reason);
  return FALSE;
}

/* An id is compared and billed by, so it is taken as it is or not at all. */
static gboolean
check_id (const Check *check, const char *key, const char *id)
{
  gboolean changed;
  g_autofree char *clean = hm_text_clean (id, HM_ID_MAX, &changed);

  return (*id != '\0' && !changed)
         || refuse (check, key, "1 to %d bytes of text without control characters", HM_ID_MAX);
}

static gboolean
check_namespaces (const Check *check, char *const *namespaces)
{
  for (guint i = 0; namespaces[i] != NULL; i++)
    if (!g_str_has_prefix (namespaces[i], "hypermeter.poll.") && !g_str_equal (namespaces[i], HM_NS_SELF)
        && !g_str_equal (namespaces[i], HM_NS_NOTIFICATION) && !g_str_equal (namespaces[i], HM_NS_PUBLISHER))
      return refuse (check, "namespaces", "\"%s\" is none that an agent runs", namespaces[i]);
  return TRUE;
}

static gboolean
check_folder (const Check *check, const HmOptions *options, const char *key)
{
  return g_path_is_absolute (hm_options_text (options, key)) || refuse (check, key, "not an absolute path");
}

static gboolean
check_meters (const Check *check, const HmOptions *options)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (HmMeterFilter) filter = hm_meter_filter_new (hm_options_list (options, "meters"), &local);

  return filter != NULL || refuse (check, "meters", "%s", local->message);
}

static gboolean
take_polling (HmAgentConfig *config, const Check *check)
{
  const char *path = hm_options_text (config->agent, "polling");

  if (*path != '\0' && !g_path_is_absolute (path))
    return refuse (check, "polling", "not an absolute path");
  if (*path != '\0' && hm_options_is_set (config->agent, "polling") && access (path, R_OK) != 0)
    return refuse (check, "polling", "%s: %s", path, g_strerror (errno));
  config->polling = hm_polling_from_options (config->agent, check->error);
  return config->polling != NULL;
}

/* -- all of it -- */

static HmOptions **
slot (HmAgentConfig *config, const HmAgentSection *section)
{
  return G_STRUCT_MEMBER_P (config, section->offset);
}

static gboolean
take_sections (HmAgentConfig *config, HmSettings *settings, GError **error)
{
  for (const HmAgentSection *section = sections; section->name != NULL; section++)
    {
      *slot (config, section) = hm_settings_section (settings, section->name, section->table, error);
      if (*slot (config, section) == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_owners (HmAgentConfig *config, HmSettings *settings, GError **error)
{
  config->owners = hm_owner_map_new (hm_options_text (config->owner, "default-project"),
                                     hm_options_text (config->owner, "default-user"));
  return hm_owner_map_take (config->owners, settings, config->where, error);
}

static gboolean
take_keys (HmAgentConfig *config, HmSettings *settings, GError **error)
{
  config->keys = hm_key_choices_new (settings, config->agent, config->where, error);
  return config->keys != NULL;
}

static gboolean
check_all (HmAgentConfig *config, const Check *check)
{
  return check_id (check, "id", config->id)
         && check_id (check, "source", hm_options_text (config->agent, "source"))
         && check_folder (check, config->agent, "state-dir")
         && check_folder (check, config->agent, "runtime-dir") && check_namespaces (check, config->namespaces)
         && check_meters (check, config->agent) && take_polling (config, check);
}

HmAgentConfig *
hm_agent_config_new (HmSettings *settings, const char *where, const char *const *namespaces, GError **error)
{
  g_autoptr (HmAgentConfig) config = g_new0 (HmAgentConfig, 1);
  Check check = { where, error };
  const char *id;

  if (!take_sections (config, settings, error))
    return NULL;
  config->where = g_strdup (where);
  id = hm_options_text (config->agent, "id");
  config->id = g_strdup (id != NULL ? id : g_get_host_name ());
  config->namespaces = g_strdupv (
      (char **)(guintptr)(namespaces != NULL ? namespaces : hm_options_list (config->agent, "namespaces")));
  return check_all (config, &check) && take_keys (config, settings, error)
                 && take_owners (config, settings, error)
             ? g_steal_pointer (&config)
             : NULL;
}

void
hm_agent_config_free (HmAgentConfig *config)
{
  if (config == NULL)
    return;
  for (const HmAgentSection *section = sections; section->name != NULL; section++)
    hm_options_unref (*slot (config, section));
  hm_polling_unref (config->polling);
  hm_owner_map_unref (config->owners);
  g_clear_pointer (&config->keys, g_ptr_array_unref);
  g_strfreev (config->namespaces);
  g_free (config->id);
  g_free (config->where);
  g_free (config);
}
