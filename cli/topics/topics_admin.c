/* SPDX-License-Identifier: Apache-2.0 */
/* topics_admin: see topics_admin.h; what it asks is in topics_admin_ask.c. The client is a producer, since that is what agents
 * are to the cluster; nothing is produced.
 *
 * Topics are looked up among all that there are: to ask for one by its name makes it, where the broker is set to do so. */
#include "cli/topics/topics_admin_private.h"

#include "metering/passthrough.h"

#define STEP_MS    250 /* between two looks at what the client says */
#define TEXT_SHOWN 300

/* -- configuration -- */

static const HmPassPair defaults[] = {
  { "bootstrap.servers", "localhost:9092" },
  { "client.id", "hypermeter-topics" },
  { NULL },
};

static const HmPassPair guarantee[] = { { "allow.auto.create.topics", "false" }, { NULL } };

static const char *const refused[] = { "enabled_events", "log.queue", NULL };

static const char *
set (gpointer conf, const char *key, const char *value)
{
  switch (rd_kafka_conf_set (conf, key, value, NULL, 0))
    {
    case RD_KAFKA_CONF_OK:
      return NULL;
    case RD_KAFKA_CONF_UNKNOWN:
      return "librdkafka knows no such key";
    default:
      /* librdkafka's own text holds the value. */
      return "librdkafka refuses its value";
    }
}

static const HmPassthrough keys = {
  .prefix = HM_TOPICS_ADMIN_PREFIX,
  .subject = "looking without making",
  .defaults = defaults,
  .guarantee = guarantee,
  .refused = refused,
  .set = set,
};

static void
on_error (rd_kafka_t *client G_GNUC_UNUSED, int err, const char *reason, void *opaque)
{
  HmTopicsAdmin *admin = opaque;

  if (err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL)
    admin->refused = err;
  if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    return;
  g_free (admin->said);
  admin->said = hm_text_clean (reason, TEXT_SHOWN, NULL);
}

/* What matters comes through on_error() as well. */
static void
on_log (const rd_kafka_t *client G_GNUC_UNUSED, int level G_GNUC_UNUSED, const char *facility G_GNUC_UNUSED,
        const char *text G_GNUC_UNUSED)
{
}

HmTopicsAdmin *
hm_topics_admin_new (const HmOptions *options, gint64 timeout_ns, GError **error)
{
  g_autoptr (HmTopicsAdmin) admin = g_new0 (HmTopicsAdmin, 1);
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  char reason[256] = "";

  admin->timeout_us = timeout_ns / 1000;
  if (!hm_passthrough_apply (&keys, options, conf, error))
    {
      rd_kafka_conf_destroy (conf);
      return NULL;
    }
  rd_kafka_conf_set_opaque (conf, admin);
  rd_kafka_conf_set_error_cb (conf, on_error);
  rd_kafka_conf_set_log_cb (conf, on_log);
  admin->client = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (admin->client != NULL)
    return g_steal_pointer (&admin);
  rd_kafka_conf_destroy (conf);
  g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "librdkafka: %s", reason);
  return NULL;
}

void
hm_topics_admin_free (HmTopicsAdmin *admin)
{
  if (admin->client != NULL)
    rd_kafka_destroy (admin->client);
  g_free (admin->said);
  g_free (admin);
}

/* -- what went wrong -- */

static HmError
code_of (rd_kafka_resp_err_t err)
{
  switch (err)
    {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
      return HM_ERROR_UNAVAILABLE;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return HM_ERROR_PERMISSION;
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return HM_ERROR_TEMPORARY;
    default:
      return HM_ERROR_DATA;
    }
}

void
hm_topics_admin_fail (HmTopicsAdmin *admin, rd_kafka_resp_err_t err, const char *subject, const char *text,
                      GError **error)
{
  HmError code = code_of (err);
  g_autofree char *clean = hm_text_clean (text != NULL ? text : rd_kafka_err2str (err), TEXT_SHOWN, NULL);
  gboolean tell = admin->said != NULL && (code == HM_ERROR_UNAVAILABLE || err == admin->refused);

  g_set_error (error, HM_ERROR, code, "%s: %s", subject, tell ? admin->said : clean);
}

gboolean
hm_topics_admin_may_wait (HmTopicsAdmin *admin, gint64 deadline)
{
  rd_kafka_poll (admin->client, 0);
  return admin->refused == RD_KAFKA_RESP_ERR_NO_ERROR && g_get_monotonic_time () < deadline;
}

/* -- the cluster -- */

const rd_kafka_metadata_t *
hm_topics_admin_metadata (HmTopicsAdmin *admin, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + admin->timeout_us;
  const rd_kafka_metadata_t *metadata = NULL;
  rd_kafka_resp_err_t err;

  do
    err = rd_kafka_metadata (admin->client, 1, NULL, &metadata, STEP_MS);
  while (err != RD_KAFKA_RESP_ERR_NO_ERROR && hm_topics_admin_may_wait (admin, deadline));
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
    return metadata;
  hm_topics_admin_fail (admin, admin->refused != RD_KAFKA_RESP_ERR_NO_ERROR ? admin->refused : err,
                        "no broker answers", NULL, error);
  return NULL;
}

gboolean
hm_topics_admin_brokers (HmTopicsAdmin *admin, guint *ret_brokers, GError **error)
{
  const rd_kafka_metadata_t *metadata = hm_topics_admin_metadata (admin, error);

  if (metadata == NULL)
    return FALSE;
  *ret_brokers = (guint)metadata->broker_cnt;
  rd_kafka_metadata_destroy (metadata);
  return TRUE;
}

rd_kafka_event_t *
hm_topics_admin_await (HmTopicsAdmin *admin, rd_kafka_queue_t *queue, const char *subject, GError **error)
{
  /* The client itself answers by then, with what it waited for. */
  gint64 deadline = g_get_monotonic_time () + admin->timeout_us + G_USEC_PER_SEC;
  rd_kafka_event_t *event;

  do
    event = rd_kafka_queue_poll (queue, STEP_MS);
  while (event == NULL && hm_topics_admin_may_wait (admin, deadline));
  if (event == NULL)
    hm_topics_admin_fail (
        admin, admin->refused != RD_KAFKA_RESP_ERR_NO_ERROR ? admin->refused : RD_KAFKA_RESP_ERR__TIMED_OUT,
        subject, NULL, error);
  else if (rd_kafka_event_error (event) != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      hm_topics_admin_fail (admin, rd_kafka_event_error (event), subject, rd_kafka_event_error_string (event),
                            error);
      g_clear_pointer (&event, rd_kafka_event_destroy);
    }
  return event;
}

rd_kafka_AdminOptions_t *
hm_topics_admin_options (const HmTopicsAdmin *admin, rd_kafka_admin_op_t operation)
{
  rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new (admin->client, operation);
  int ms = (int)(admin->timeout_us / 1000);
  char reason[128];

  rd_kafka_AdminOptions_set_request_timeout (options, ms, reason, sizeof reason);
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS)
    rd_kafka_AdminOptions_set_operation_timeout (options, ms, reason, sizeof reason);
  return options;
}
