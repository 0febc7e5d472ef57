/* SPDX-License-Identifier: Apache-2.0 */
/* collector_build: the collector's parts, made in order: folder, store, mirror, pipeline, watch, source, health. */
#include "collector/collector_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "collector/config_usage.h"
#include "collector/engine/engine_requests.h"
#include "collector/usage/policy.h"
#include "metering/error.h"
#include "metering/log.h"

#define REQUESTS_NS HM_NSEC_PER_SEC
#define REQUESTS    64 /* in one turn: other records wait for them */
#define WATCH_NS    (30 * HM_NSEC_PER_SEC)
#define SLICE_NS    (50 * HM_NSEC_PER_MSEC)

/* -- the state folder -- */

static gboolean
lock_folder (HmCollector *collector, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, HM_COLLECTOR_LOCK_FILE, NULL);

  if (g_mkdir_with_parents (folder, 0750) != 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", folder, g_strerror (errno));
      return FALSE;
    }
  collector->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (collector->lock_fd < 0)
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", path, g_strerror (errno));
  else if (flock (collector->lock_fd, LOCK_EX | LOCK_NB) != 0)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: another collector has this folder", folder);
  else
    return TRUE;
  return FALSE;
}

/* The same through all lives of this folder: so the group knows a collector that was killed as soon as it is
 * back, instead of waiting for its session to end. */
static char *
member_id (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "member-id", NULL);
  g_autofree char *id = NULL;
  g_autoptr (GError) local = NULL;

  if (g_file_get_contents (path, &id, NULL, NULL) && g_uuid_string_is_valid (g_strstrip (id)))
    return g_steal_pointer (&id);
  g_free (id);
  id = g_uuid_string_random ();
  if (g_file_set_contents (path, id, -1, &local))
    return g_steal_pointer (&id);
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", path, local->message);
  return NULL;
}

/* -- the parts -- */

const HmStoreOps *
hm_collector_find_store (HmRegistry *registry, const HmCollectorConfig *config, GError **error)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  const char *url = hm_options_text (config->store, "url");
  g_autofree char *scheme = hm_store_scheme (url), *reason = NULL;
  g_autoptr (GError) local = NULL;
  const HmRegistered *found = NULL;

  hm_registry_scan_path (registry, hm_options_text (config->collector, "plugin-path"), namespaces);
  if (scheme != NULL)
    found = hm_registry_find (registry, HM_NS_STORE, scheme);
  if (found != NULL && found->plugin->store->check (url, &local))
    return found->plugin->store;
  reason = g_strdup_printf ("there is no store '%s'",
                            scheme != NULL ? scheme : ""); /* the URL may hold a password */
  hm_options_refuse (config->store, "url", local != NULL ? local->message : reason, error);
  return NULL;
}

static gboolean
open_store (HmCollector *collector, const HmCollectorConfig *config, GError **error)
{
  const char *url = hm_options_text (config->store, "url");

  collector->registry = hm_registry_new ();
  collector->ops = hm_collector_find_store (collector->registry, config, error);
  if (collector->ops == NULL)
    return FALSE;
  collector->store
      = collector->ops->open (url, HM_STORE_WRITE, hm_options_integer (config->usage, "grain"), error);
  return collector->store != NULL;
}

/* On the storing thread. What is not answered now is at the next turn. */
static gboolean
answer_requests (HmEngine *engine, gpointer user)
{
  g_autoptr (GError) error = NULL;
  HmCollector *collector = user;
  g_autoptr (HmVerifier) verifier = hm_pipeline_verifier (collector->pipeline);
  gboolean more = FALSE;

  if (!hm_engine_answer_requests (engine, verifier, REQUESTS, &more, &error))
    hm_warning ("what is asked for waits: %s", error->message);
  return more;
}

static gboolean
make_mirror (HmCollector *collector, const HmCollectorConfig *config, const char *holder, GError **error)
{
  const HmMirrorSettings settings = { .options = config->source,
                                      .ops = collector->ops,
                                      .url = hm_options_text (config->store, "url"),
                                      .holder = holder };
  g_autoptr (GError) failure = NULL;

  collector->mirror = hm_mirror_new (&settings, &failure);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* (transfer full) */
void
hm_collector_use_verifier (HmCollector *collector, HmVerifier *verifier)
{
  g_autofree char *line = hm_verifier_describe (verifier);

  hm_notice ("signatures: %s", line);
  hm_pipeline_set_verifier (collector->pipeline, verifier);
}

static void
make_keeper (HmCollector *collector, const HmCollectorConfig *config, const char *holder)
{
  HmKeeperSettings settings;

  hm_collector_config_keep (config, &settings);
  settings.holder = holder;
  collector->keeper = hm_keeper_new (collector->ops, collector->store, &settings);
}

static void
make_watch (HmCollector *collector, const HmCollectorConfig *config)
{
  gint64 silent_after = hm_options_integer (config->collector, "silent-after");
  const HmWatchSettings settings
      = { .silent_after_ns = silent_after, .slice_ns = SLICE_NS, .clock = hm_clock_system () };

  collector->watch = hm_watch_new (collector->ops, collector->store, &settings);
  collector->watch_every_ns = MIN (WATCH_NS, silent_after / 5);
  hm_pipeline_every (collector->pipeline, collector->watch_every_ns, hm_collector_look_after_agents,
                     collector);
}

/* Another collector may have stored one. Where that cannot be read nothing is folded until it can. */
static gboolean
heed_policies (HmEngine *engine, gpointer user)
{
  g_autoptr (GError) error = NULL;

  (void)user;
  if (!hm_engine_load_policies (engine, &error))
    hm_warning ("what holds from when on is not known anew: %s", error->message);
  return FALSE;
}

static gboolean
check_holding (const HmEngine *engine, const HmCollectorConfig *config, GError **error)
{
  guint intervals;
  gint64 fallback_ns;

  hm_engine_holding (engine, &intervals, &fallback_ns);
  return hm_config_usage_check_holding (config->usage, intervals, fallback_ns, error);
}

static gboolean
start_pipeline (HmCollector *collector, const HmCollectorConfig *config, GError **error)
{
  const HmEngineSettings engine_settings = {
    .grain_ns = hm_options_integer (config->usage, "grain"),
    .hold_intervals = (guint)hm_options_integer (config->usage, "hold-intervals"),
    .fallback_interval_ns = hm_options_integer (config->usage, "fallback-interval"),
    .cache_bytes = (gsize)hm_options_integer (config->store, "cache-size"),
    .close = { .grace_ns = hm_options_integer (config->usage, "close-grace"), .holder = collector->holder },
  };
  const HmPipelineSettings settings = {
    .batch_records = (guint)hm_options_integer (config->store, "batch-records"),
    .batch_bytes = (gsize)hm_options_integer (config->store, "batch-size"),
  };
  const HmPolicyWish wish = hm_config_usage_wish (config->usage);
  g_autoptr (HmVerifier) verifier = hm_verifier_new (config->verify, error);
  g_autoptr (HmEngine) engine = NULL;

  if (verifier != NULL)
    engine = hm_engine_new (collector->ops, collector->store, collector->meters, &engine_settings, error);
  if (engine == NULL || !check_holding (engine, config, error)
      || !hm_engine_agree_policy (engine, &wish, error))
    return FALSE;
  collector->pipeline = hm_pipeline_new (g_steal_pointer (&engine), collector->meters, &settings);
  hm_pipeline_every (collector->pipeline, REQUESTS_NS, answer_requests, collector);
  hm_pipeline_every (collector->pipeline, HM_POLICY_RELOAD_NS, heed_policies, collector);
  make_watch (collector, config);
  hm_pipeline_every (collector->pipeline, HM_COLLECTOR_REACHED_NS, hm_collector_note_partitions, collector);
  hm_pipeline_every (collector->pipeline, HM_KEEPER_EVERY_NS, hm_keeper_turn, collector->keeper);
  hm_pipeline_every (collector->pipeline, HM_ROLLER_EVERY_NS, hm_roller_turn, collector->roller);
  if (collector->mirror != NULL)
    hm_pipeline_every (collector->pipeline, HM_MIRROR_CHORE_NS, hm_mirror_turn, collector->mirror);
  hm_collector_use_verifier (collector, g_steal_pointer (&verifier));
  hm_pipeline_start (collector->pipeline);
  if (collector->mirror != NULL)
    hm_mirror_start (collector->mirror);
  return TRUE;
}

/* -- whoever asks -- */

static gboolean
progresses (gpointer user)
{
  const HmCollector *collector = user;

  return hm_health_lives (collector->health, g_get_monotonic_time () * 1000);
}

static char *
describe (gpointer user)
{
  const HmCollector *collector = user;

  return hm_health_describe (collector->health, g_get_monotonic_time () * 1000);
}

/* Any thread, as long as the address is served. */
static void
tell_others (gpointer user, HmHealthOthers *ret_others)
{
  const HmCollector *collector = user;

  *ret_others
      = (HmHealthOthers){ .mirrors = collector->mirror != NULL, .ingests = collector->ingest != NULL };
  hm_watch_counts (collector->watch, &ret_others->watch);
  hm_keeper_counts (collector->keeper, &ret_others->keeper);
  if (collector->mirror != NULL)
    hm_mirror_counts (collector->mirror, &ret_others->mirror);
  if (collector->ingest != NULL)
    hm_ingest_counts (collector->ingest, &ret_others->ingest);
}

static gboolean
start_health (HmCollector *collector, const HmCollectorConfig *config, GError **error)
{
  const HmHealthParts parts = { .stuck_ns = hm_options_integer (config->collector, "stuck-after"),
                                .lag_ns = hm_options_integer (config->collector, "ready-lag"),
                                .commit_ns = hm_options_integer (config->collector, "ready-commit"),
                                .counts = hm_pipeline_counts,
                                .pipeline = collector->pipeline,
                                .topic = hm_options_text (config->source, "topic"),
                                .others = tell_others,
                                .others_user = collector };
  const HmServiceParts service = {
    .progresses = progresses, .describe = describe, .work = "the collector's threads", .user = collector
  };

  collector->health = hm_health_new (&parts, g_get_monotonic_time () * 1000);
  collector->service = hm_service_new (&service);
  collector->serve = hm_health_serve_new (config, collector->health, error);
  return collector->serve != NULL;
}

/* With --until-end the bus alone is taken. */
static gboolean
start_ingest (HmCollector *collector, const HmCollectorConfig *config, gboolean until_end, GError **error)
{
  if (until_end || !hm_ingest_is_on (config->ingest))
    return TRUE;
  collector->ingest = hm_ingest_new (config->ingest, collector->pipeline, error);
  return collector->ingest != NULL;
}

/* -- all of it -- */

gboolean
hm_collector_build (HmCollector *collector, const HmCollectorConfig *config, gboolean until_end,
                    GError **error)
{
  const char *folder = hm_options_text (config->collector, "state-dir");
  g_autofree char *member = NULL;
  HmSourceSettings settings = { .options = config->source,
                                .until_end = until_end,
                                .patience_ns = hm_options_integer (config->source, "until-end-patience"),
                                .tick = hm_collector_tick,
                                .at_end = hm_collector_at_end,
                                .user = collector };

  collector->meters = hm_meter_table_new ();
  if (!hm_meter_table_load (collector->meters, hm_collector_config_meters (config), error)
      || !lock_folder (collector, folder, error))
    return FALSE;
  member = member_id (folder, error);
  settings.member = member;
  if (member == NULL || !open_store (collector, config, error)
      || !make_mirror (collector, config, member, error))
    return FALSE;
  collector->holder = g_strdup (member);
  collector->topic = g_strdup (hm_options_text (config->source, "topic"));
  make_keeper (collector, config, member);
  collector->roller = hm_roller_new (collector->ops, collector->store, hm_clock_system (), member);
  if (!start_pipeline (collector, config, error))
    return FALSE;
  collector->source = hm_source_new (&settings, collector->pipeline, error);
  /* Health last: it is asked about all the others. */
  return collector->source != NULL && start_ingest (collector, config, until_end, error)
         && start_health (collector, config, error);
}
