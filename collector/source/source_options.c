/* SPDX-License-Identifier: Apache-2.0 */
/* source_options: section [source], and which of librdkafka's keys are the user's and which are not.
 *
 * Called at start, and by --check-config, before anything is opened: a wrong key stops the start.
 * librdkafka's own messages are not passed on, because they repeat the value, and that may be a secret. */
#include "collector/source/source_private.h"

#include "metering/error.h"
#include "metering/passthrough.h"

#define PREFIX "kafka."

const HmOption hm_source_options[] = {
  { .key = "topic",
    .type = HM_OPTION_TEXT,
    .fallback = "hypermeter.samples",
    .help = "The topic that agents send their records to; empty: none, there is no bus (records come over "
            "HTTP, section ingest). Until each source's records must be signed ([collector] signatures), who "
            "may write to the topic is for the broker to say" },
  { .key = "dead-letter-topic",
    .type = HM_OPTION_TEXT,
    .help
    = "A topic to which each refused record is sent as well, at least once and with the reason, such as "
      "hypermeter.dead-letter; default: none. They are in the store in any case" },
  { .key = "until-end-patience",
    .type = HM_OPTION_DURATION,
    .fallback = "30s",
    .min = HM_NSEC_PER_SEC,
    .max = 24 * 3600 * HM_NSEC_PER_SEC,
    .help
    = "With --until-end: without a word of a broker, or of the topic, for so long, or where at the end it "
      "cannot be noted for so long how far each partition is, the collector ends with exit status 69. "
      "What it has stored stays, and the next run goes on there. Without --until-end it "
      "waits for ever" },
  { .key = PREFIX,
    .type = HM_OPTION_PREFIX,
    .help
    = "Any key of librdkafka, such as kafka.bootstrap.servers (default localhost:9092), kafka.group.id "
      "(default "
      "hypermeter) or kafka.security.protocol. kafka.KEY.file=PATH takes the value of KEY from a file that "
      "others cannot read. Refused are the keys on which counting once rests: enable.auto.commit, "
      "auto.offset.reset, isolation.level, group.instance.id and their like" },
  { .key = NULL },
};

/* A user may set these otherwise. The client's own queue is small: what waits, waits in the broker. */
static const HmPassPair defaults[] = {
  { "bootstrap.servers", "localhost:9092" },
  { "group.id", "hypermeter" },
  { "client.id", "hypermeter-collector" },
  { "queued.max.messages.kbytes", "16384" },
  { "fetch.message.max.bytes", "2097152" },
  { "topic.metadata.refresh.interval.ms", "30000" },
  { "log.connection.close", "false" },
  { "statistics.interval.ms", "5000" },
  { NULL },
};

/* Nobody sets these but us: the position is the database's, and what it cannot give is an alarm, never a
 * jump. */
static const HmPassPair guarantee[] = {
  { "enable.auto.commit", "false" },
  { "enable.auto.offset.store", "false" },
  { "auto.offset.reset", "error" },
  { "isolation.level", "read_committed" },
  { "check.crcs", "true" },
  { "enable.partition.eof", "false" },
  { "allow.auto.create.topics", "false" },
  { "partition.assignment.strategy", "range" },
  { NULL },
};

/* Other names of the above, what would go around them, and the agents' half of the guarantee. */
static const char *const refused[] = {
  "auto.commit.enable",
  "auto.commit.interval.ms",
  "offset.store.method",
  "group.instance.id",
  "enabled_events",
  "log.queue",
  "acks",
  "request.required.acks",
  "enable.idempotence",
  "message.timeout.ms",
  "delivery.timeout.ms",
  "partitioner",
  NULL,
};

gboolean
hm_source_conf_set (rd_kafka_conf_t *conf, const char *key, const char *value, GError **error)
{
  char reason[256];

  if (rd_kafka_conf_set (conf, key, value, reason, sizeof reason) == RD_KAFKA_CONF_OK)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "librdkafka: %s", reason);
  return FALSE;
}

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
  .prefix = PREFIX,
  .subject = "counting once",
  .defaults = defaults,
  .guarantee = guarantee,
  .refused = refused,
  .set = set,
};

rd_kafka_conf_t *
hm_source_conf_new (const HmOptions *options, GError **error)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  if (hm_passthrough_apply (&keys, options, conf, error))
    return conf;
  g_prefix_error (error, "[source]: ");
  rd_kafka_conf_destroy (conf);
  return NULL;
}

gboolean
hm_source_is_off (const HmOptions *options)
{
  const char *topic = hm_options_text (options, "topic");

  return topic == NULL || *topic == '\0';
}

gboolean
hm_source_options_check (const HmOptions *options, GError **error)
{
  rd_kafka_conf_t *conf = hm_source_conf_new (options, error);

  if (conf == NULL)
    return FALSE;
  rd_kafka_conf_destroy (conf);
  return TRUE;
}
