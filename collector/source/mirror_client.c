/* SPDX-License-Identifier: Apache-2.0 */
/* mirror_client: the producer of the mirror, over the connection that the consumer's keys describe. */
#include "collector/source/mirror_private.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

#include "metering/error.h"
#include "metering/log.h"
#include "metering/passthrough.h"

#define POLL_MS     100
#define PURGE_POLLS 20

/* A batch's worth; more waits in the store. */
#define OUTSTANDING_MAX   500
#define OUTSTANDING_BYTES (8 * 1024 * 1024)

struct HmMirrorClient
{
  rd_kafka_t *client;
  char *topic;
  guint outstanding;
  gsize bytes;
  HmMirrorTold told;
  gpointer user;
};

/* -- configuration -- */

static const HmPassPair defaults[] = {
  { "bootstrap.servers", "localhost:9092" },
  { "client.id", "hypermeter-collector" },
  { "message.max.bytes", "8388608" },
  { "log.connection.close", "false" },
  { NULL },
};

/* A report comes soon, and says no before the broker is known to have it nowhere. */
static const HmPassPair guarantee[] = {
  { "acks", "all" },
  { "message.timeout.ms", "5000" },
  { NULL },
};

static const char *const refused[] = { NULL };

/* The user's keys are the consumer's; these are about the connection, and so the mirror's too. */
static gboolean
is_connection (const char *key)
{
  static const char *const prefixes[] = { "bootstrap.servers",
                                          "metadata.",
                                          "broker.",
                                          "client.",
                                          "security.",
                                          "sasl.",
                                          "ssl.",
                                          "https.",
                                          "enable.ssl",
                                          "enable.sasl",
                                          "socket.",
                                          "reconnect.",
                                          "api.version",
                                          "log.",
                                          "debug",
                                          "connections.",
                                          "resolve.",
                                          "test.",
                                          "message.",
                                          "acks",
                                          NULL };

  for (guint i = 0; prefixes[i] != NULL; i++)
    if (g_str_has_prefix (key, prefixes[i]))
      return TRUE;
  return FALSE;
}

/* librdkafka's own text holds the value. */
static const char *
set (gpointer conf, const char *key, const char *value)
{
  if (!is_connection (key) || rd_kafka_conf_set (conf, key, value, NULL, 0) == RD_KAFKA_CONF_OK)
    return NULL;
  return "librdkafka refuses it for the mirror of dead letters";
}

static const HmPassthrough keys = {
  .prefix = "kafka.",
  .subject = "the mirror of dead letters",
  .defaults = defaults,
  .guarantee = guarantee,
  .refused = refused,
  .set = set,
};

static const char *
topic_of (const HmOptions *options)
{
  const char *topic = hm_options_text (options, "dead-letter-topic");

  return topic != NULL && *topic != '\0' ? topic : NULL;
}

static rd_kafka_conf_t *
new_conf (const HmOptions *options, GError **error)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  if (g_str_equal (topic_of (options), hm_options_text (options, "topic")))
    g_set_error_literal (
        error, HM_ERROR, HM_ERROR_CONFIG,
        "[source]: dead-letter-topic: what is refused would come back on the topic it came from");
  else if (hm_passthrough_apply (&keys, options, conf, error))
    return conf;
  else
    g_prefix_error (error, "[source]: ");
  rd_kafka_conf_destroy (conf);
  return NULL;
}

gboolean
hm_mirror_options_check (const HmOptions *options, GError **error)
{
  rd_kafka_conf_t *conf = topic_of (options) != NULL ? new_conf (options, error) : NULL;

  if (conf == NULL)
    return topic_of (options) == NULL;
  rd_kafka_conf_destroy (conf);
  return TRUE;
}

/* -- reports -- */

/* It is the letter that the broker does not take, however often it is sent. */
static gboolean
is_lasting (rd_kafka_resp_err_t code)
{
  return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE
         || code == RD_KAFKA_RESP_ERR_INVALID_RECORD || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static void
tell (HmMirrorClient *client, gint64 letter, rd_kafka_resp_err_t code)
{
  HmMirrorFate fate = is_lasting (code) ? HM_MIRROR_REFUSED : HM_MIRROR_FAILED;

  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    client->told (letter, HM_MIRROR_SENT, NULL, client->user);
  else
    client->told (letter, fate, rd_kafka_err2str (code), client->user);
}

static void
report (rd_kafka_t *kafka, const rd_kafka_message_t *message, void *user)
{
  HmMirrorClient *client = user;
  gint64 *letter = message->_private;

  (void)kafka;
  client->outstanding--;
  tell (client, *letter, message->err);
  g_free (letter);
}

static void
log_line (const rd_kafka_t *client, int level, const char *facility, const char *text)
{
  (void)client;
  hm_log (level <= 4   ? G_LOG_LEVEL_WARNING
          : level <= 6 ? G_LOG_LEVEL_INFO
                       : G_LOG_LEVEL_DEBUG,
          NULL, "kafka: dead letters: %s: %s", facility, text);
}

/* -- life -- */

HmMirrorClient *
hm_mirror_client_new (const HmOptions *options, GError **error)
{
  HmMirrorClient *client;
  rd_kafka_conf_t *conf;
  char reason[512];

  if (topic_of (options) == NULL || (conf = new_conf (options, error)) == NULL)
    return NULL;
  client = g_new0 (HmMirrorClient, 1);
  rd_kafka_conf_set_opaque (conf, client);
  rd_kafka_conf_set_dr_msg_cb (conf, report);
  rd_kafka_conf_set_log_cb (conf, log_line);
  client->client = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
  if (client->client == NULL)
    {
      rd_kafka_conf_destroy (conf);
      g_free (client);
      g_set_error (error, HM_ERROR, HM_ERROR_CONFIG, "[source]: %s", reason);
      return NULL;
    }
  client->topic = g_strdup (topic_of (options));
  return client;
}

void
hm_mirror_client_free (HmMirrorClient *client)
{
  if (client == NULL)
    return;
  rd_kafka_purge (client->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  for (guint i = 0; i < PURGE_POLLS && client->outstanding > 0;
       i++) /* what was purged is reported, and frees its number */
    rd_kafka_poll (client->client, POLL_MS);
  rd_kafka_destroy (client->client);
  g_free (client->topic);
  g_free (client);
}

const char *
hm_mirror_client_topic (const HmMirrorClient *client)
{
  return client->topic;
}

/* -- sending -- */

static void
add_header (rd_kafka_headers_t *headers, const char *name, const char *value)
{
  if (value != NULL)
    rd_kafka_header_add (headers, name, -1, value, -1);
}

/* Those that the record came with and that are kept, and why it is here. (transfer full) */
static rd_kafka_headers_t *
headers_of (const HmDeadLetter *letter)
{
  rd_kafka_headers_t *headers = rd_kafka_headers_new (8);
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, letter->id);
  g_autofree char *partition = g_strdup_printf ("%d", letter->partition);
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, letter->offset);

  add_header (headers, "ce_id", letter->ce_id);
  add_header (headers, "hm-signature", letter->signature);
  add_header (headers, "hm-letter", id);
  add_header (headers, "hm-reason", letter->reason);
  add_header (headers, "hm-detail", letter->detail);
  add_header (headers, "hm-topic", letter->topic);
  add_header (headers, "hm-partition", partition);
  add_header (headers, "hm-offset", offset);
  return headers;
}

/* Everything is copied, so the letter need not outlive the call. */
static rd_kafka_resp_err_t
produce (HmMirrorClient *client, const HmDeadLetter *letter, gint64 *number)
{
  rd_kafka_headers_t *headers = headers_of (letter);
  gint64 appended = letter->appended != HM_TIME_UNKNOWN ? letter->appended : letter->received;
  rd_kafka_resp_err_t code = rd_kafka_producev (
      client->client, RD_KAFKA_V_TOPIC (client->topic), RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY (letter->key, letter->key_length),
      RD_KAFKA_V_VALUE ((gpointer)(guintptr)(letter->length > 0 ? letter->value : ""), letter->length),
      RD_KAFKA_V_TIMESTAMP (appended / HM_NSEC_PER_MSEC), RD_KAFKA_V_HEADERS (headers),
      RD_KAFKA_V_OPAQUE (number), RD_KAFKA_V_END);

  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) /* else they are librdkafka's */
    rd_kafka_headers_destroy (headers);
  return code;
}

gboolean
hm_mirror_client_send (HmMirrorClient *client, const HmDeadLetter *letter, HmMirrorTold told, gpointer user)
{
  gint64 *number;
  rd_kafka_resp_err_t code;

  if (client->outstanding == 0)
    client->bytes = 0;
  if (client->outstanding >= OUTSTANDING_MAX || client->bytes >= OUTSTANDING_BYTES)
    return FALSE;
  client->told = told;
  client->user = user;
  number = g_memdup2 (&letter->id, sizeof letter->id);
  code = produce (client, letter, number);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      client->outstanding++;
      client->bytes += letter->length;
      return TRUE;
    }
  g_free (number);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && client->outstanding > 0)
    return FALSE;
  tell (client, letter->id, code);
  return TRUE;
}

gboolean
hm_mirror_client_poll (HmMirrorClient *client)
{
  rd_kafka_poll (client->client, POLL_MS);
  return client->outstanding > 0;
}
