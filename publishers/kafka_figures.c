/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_figures: what the publisher tells of itself, by names of hypermeter.self's meters. librdkafka's statistics
 * (JSON, every statistics.interval.ms, on the plugin's thread) give the traffic; what a client had counted is kept when
 * it is closed, so that no figure that counts ever goes back. */
#include "publishers/kafka_private.h"

#define NS_PER_US G_GUINT64_CONSTANT (1000)
#define NS_PER_MS G_GUINT64_CONSTANT (1000000)

/* 0 where it is not there: only for what is added up. */
static guint64
number (const HmJson *json, const char *path)
{
  guint64 value = 0;

  return hm_json_get_u64 (json, path, &value) ? value : 0;
}

/* Averages are weighed by what they are of. */
typedef struct
{
  guint64 rtt_us, rtts, throttle_ms, throttles;
} Averages;

static void
add_broker (const HmJson *broker, HmKafkaTraffic *traffic, Averages *averages)
{
  guint64 rtts = number (broker, "rtt.cnt"), throttles = number (broker, "throttle.cnt");

  traffic->resends += number (broker, "txretries");
  traffic->brokers += g_strcmp0 (hm_json_get_text (broker, "state"), "UP") == 0;
  averages->rtt_us += number (broker, "rtt.avg") * rtts;
  averages->rtts += rtts;
  averages->throttle_ms += number (broker, "throttle.avg") * throttles;
  averages->throttles += throttles;
}

static void
read_traffic (const HmJson *json, HmKafkaTraffic *ret_traffic)
{
  const HmJson *brokers = hm_json_at (json, "brokers");
  HmKafkaTraffic traffic
      = { .requests = number (json, "tx"), .bytes = number (json, "tx_bytes"), .known = TRUE };
  Averages averages = { 0 };

  for (guint i = 0; i < hm_json_size (brokers); i++)
    add_broker (hm_json_element (brokers, i), &traffic, &averages);
  if (averages.rtts > 0)
    traffic.rtt_ns = HM_GIVEN (averages.rtt_us * NS_PER_US / averages.rtts);
  if (averages.throttles > 0)
    traffic.throttle_ns = HM_GIVEN (averages.throttle_ms * NS_PER_MS / averages.throttles);
  *ret_traffic = traffic;
}

int
hm_kafka_figures_take (HmKafka *self, const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmJson) json = hm_json_parse (text, length, &error);
  HmKafkaTraffic traffic;

  if (json == NULL)
    {
      hm_debug ("kafka: statistics that cannot be read: %s", error->message);
      return 0;
    }
  read_traffic (json, &traffic);
  g_mutex_lock (&self->lock);
  self->traffic = traffic;
  g_mutex_unlock (&self->lock);
  return 0;
}

/* Under the lock. */
void
hm_kafka_figures_close (HmKafka *self)
{
  HmKafkaTraffic *past = &self->past, *traffic = &self->traffic;

  past->requests += traffic->requests;
  past->bytes += traffic->bytes;
  past->resends += traffic->resends;
  past->known |= traffic->known;
  *traffic = (HmKafkaTraffic){ 0 };
}

void
hm_kafka_figures (gpointer data, HmFigureFunc each, gpointer user)
{
  HmKafka *self = data;
  HmKafkaTraffic traffic, past;
  HmKafkaCounts counts;
  guint stuck;

  g_mutex_lock (&self->lock);
  traffic = self->traffic;
  past = self->past;
  counts = self->counts;
  stuck = self->stuck;
  g_mutex_unlock (&self->lock);
  each ("agent.publisher.clients", NULL, counts.clients, user);
  each ("agent.publisher.unproven", NULL, counts.unproven, user);
  each ("agent.publisher.stuck", NULL, stuck, user);
  each ("agent.publisher.declared", NULL, counts.declared, user);
  each ("agent.publisher.declared.refused", NULL, counts.refused, user);
  if (traffic.known || past.known)
    {
      each ("agent.publisher.requests", NULL, past.requests + traffic.requests, user);
      each ("agent.publisher.requests.repeated", NULL, past.resends + traffic.resends, user);
      each ("agent.publisher.bytes", NULL, past.bytes + traffic.bytes, user);
    }
  if (traffic.known)
    each ("agent.publisher.brokers", NULL, traffic.brokers, user);
  if (traffic.rtt_ns.given)
    each ("agent.publisher.rtt", NULL, traffic.rtt_ns.value, user);
  if (traffic.throttle_ns.given)
    each ("agent.publisher.throttle", NULL, traffic.throttle_ns.value, user);
}
