/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_options: see kafka_options.h. Runs at create(), so that a wrong key stops the start, before anything
 * is opened. */
#include "publishers/kafka_options.h"

#define PREFIX "kafka."

/* What `hypermeter topics` makes topics for: the largest record, and its headers. */
#define MESSAGE_MAX   1114112
#define MESSAGE_BYTES G_STRINGIFY (MESSAGE_MAX)
G_STATIC_ASSERT (MESSAGE_MAX == HM_RECORD_MAX + 64 * 1024);

const HmOption hm_kafka_options[] = {
  { .key = "topic",
    .type = HM_OPTION_TEXT,
    .fallback = "hypermeter.samples",
    .help = "The topic that records are sent to" },
  { .key = "declare-topic",
    .type = HM_OPTION_TEXT,
    .fallback = "hypermeter.meters",
    .help = "The compacted topic on which each meter is declared before its first sample. Empty: none" },
  { .key = PREFIX,
    .type = HM_OPTION_PREFIX,
    .help = "Any key of librdkafka, such as kafka.bootstrap.servers (default localhost:9092) or "
            "kafka.security.protocol. "
            "kafka.KEY.file=PATH takes the value of KEY from a file that others cannot read: "
            "kafka.sasl.password.file=/etc/hypermeter/kafka.password. Refused are the keys on which delivery "
            "rests: "
            "acks, enable.idempotence, message.timeout.ms, partitioner, max.in.flight and their like, "
            "test.*, and a message.max.bytes below " MESSAGE_BYTES },
  { .key = NULL },
};

/* Delivery rests on these: nobody may change them. Patience is the outbox's, so the client has no time limit.
 */
static const HmPassPair guarantee[] = {
  { "enable.idempotence", "true" },
  { "acks", "all" },
  { "max.in.flight.requests.per.connection", "1" },
  { "message.timeout.ms", "0" },
  { "partitioner", "murmur2_random" },
  { "delivery.report.only.error", "false" },
  { NULL },
};

/* These a user may change. The client's own queue is small: what waits, waits in the outbox. */
static const HmPassPair defaults[] = {
  { "bootstrap.servers", "localhost:9092" },
  { "client.id", "hypermeter-agent" },
  { "compression.codec", "lz4" },
  { "message.max.bytes", MESSAGE_BYTES },
  { "queue.buffering.max.messages", G_STRINGIFY (HM_KAFKA_QUEUE_MAX) },
  { "queue.buffering.max.kbytes", "8192" },
  { "log.connection.close", "false" },
  { "statistics.interval.ms", "30000" },
  /* A topic that is not there is said to be missing after this, and asked for again: records wait in the outbox, not
   * in the client. */
  { "topic.metadata.propagation.max.ms", "1000" },
  { NULL },
};

/* Other names of the above, and what would take the guarantee away by another door. */
static const char *const refused[] = {
  "request.required.acks",
  "max.in.flight",
  "delivery.timeout.ms",
  "enable.gapless.guarantee",
  "transactional.id",
  "enable.auto.commit",
  "auto.offset.reset",
  "enable.auto.offset.store",
  "isolation.level",
  "enabled_events",
  "log.queue",
  "partitioner_cb",
  NULL,
};

/* What a configuration is for. */
typedef enum
{
  FOR_USE,
  FOR_TRIAL,               /* with nobody to connect to */
  FOR_TRIAL_WITHOUT_FILES, /* nor TLS material that lies in files */
} Use;

typedef struct
{
  rd_kafka_conf_t *conf;
  Use use;
} Target;

static gboolean
is_left_out (const Target *target, const char *key)
{
  if (target->use == FOR_USE)
    return FALSE;
  if (g_str_equal (key, "bootstrap.servers") || g_str_equal (key, "metadata.broker.list"))
    return TRUE;
  return target->use == FOR_TRIAL_WITHOUT_FILES && g_str_has_prefix (key, "ssl.")
         && g_str_has_suffix (key, ".location");
}

static const char *
set (gpointer data, const char *key, const char *value)
{
  const Target *target = data;

  if (g_str_has_prefix (key, "test."))
    return "it has librdkafka play the brokers itself, so nothing would be delivered";
  if (is_left_out (target, key))
    return NULL;
  switch (rd_kafka_conf_set (target->conf, key, value, NULL, 0))
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
  .prefix = PREFIX,
  .subject = "delivery",
  .defaults = defaults,
  .guarantee = guarantee,
  .refused = refused,
  .set = set,
};

/* The client gives up by itself what is larger, and so what the outbox may well hold would be lost. */
static gboolean
check_size (rd_kafka_conf_t *conf, GError **error)
{
  char text[32];
  size_t size = sizeof text;

  if (rd_kafka_conf_get (conf, "message.max.bytes", text, &size) == RD_KAFKA_CONF_OK
      && g_ascii_strtoull (text, NULL, 10) >= MESSAGE_MAX)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_CONFIG,
                       PREFIX
                       "message.max.bytes: the largest record and its headers need at least " MESSAGE_BYTES
                       "; [outbox] max-record-bytes makes records smaller");
  return FALSE;
}

static rd_kafka_conf_t *
make_conf (const HmOptions *options, Use use, GError **error)
{
  Target target = { rd_kafka_conf_new (), use };

  if (hm_passthrough_apply (&keys, options, &target, error) && check_size (target.conf, error))
    return target.conf;
  rd_kafka_conf_destroy (target.conf);
  return NULL;
}

rd_kafka_conf_t *
hm_kafka_conf_new (const HmOptions *options, GError **error)
{
  return make_conf (options, FOR_USE, error);
}

/* -- trying it -- */

/* What it says comes back as the reason. */
static void
on_log (const rd_kafka_t *client G_GNUC_UNUSED, int level G_GNUC_UNUSED, const char *facility G_GNUC_UNUSED,
        const char *text G_GNUC_UNUSED)
{
}

/* *@ret_reason: (nullable) (transfer full) why there would be no client. */
static gboolean
try_client (const HmOptions *options, Use use, char **ret_reason, GError **error)
{
  rd_kafka_conf_t *conf = make_conf (options, use, error);
  char reason[256] = "";
  rd_kafka_t *client;

  if (conf == NULL)
    return FALSE;
  rd_kafka_conf_set_log_cb (conf, on_log);
  client = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (client != NULL)
    rd_kafka_destroy (client);
  else
    rd_kafka_conf_destroy (conf);
  *ret_reason = client == NULL ? g_strdup (reason) : NULL;
  return TRUE;
}

static gboolean
check_topic (const HmOptions *options, const char *key, gboolean may_be_empty, GError **error)
{
  const char *name = hm_options_text (options, key);
  const char *reason = *name == '\0' && may_be_empty ? NULL : hm_topic_check (name);

  if (reason != NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "%s: %s", key, reason);
  return reason == NULL;
}

gboolean
hm_kafka_conf_try (const HmOptions *options, char **ret_trouble, GError **error)
{
  g_autofree char *trouble = NULL, *reason = NULL;

  if (!check_topic (options, "topic", FALSE, error) || !check_topic (options, "declare-topic", TRUE, error))
    return FALSE;
  if (!try_client (options, FOR_TRIAL, &trouble, error))
    return FALSE;
  if (trouble != NULL && !try_client (options, FOR_TRIAL_WITHOUT_FILES, &reason, error))
    return FALSE;
  if (reason != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, PREFIX "*: librdkafka: %s", reason);
      return FALSE;
    }
  *ret_trouble = g_steal_pointer (&trouble);
  return TRUE;
}
