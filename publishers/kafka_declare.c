/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_declare: every meter is declared on a compacted topic, key its name, value its row of meters.json, so that a
 * reader who begins anywhere knows what a sample's meter is. Each client declares them all before it is given a
 * record, as it may speak to another cluster than the one before.
 *
 * While no broker answers, declarations and records wait alike. Once the brokers have answered for every meter, records
 * go: a declaration that was refused (no such topic, no right to write there) is said once and tried again beside them.
 * A broker that is there and does not answer (the topic's partition has no leader, or not the replicas it needs, which
 * the client tries for ever) holds records back for some seconds only (kafka_watch.c).
 *
 * All of it on the plugin's thread, but for the first round's begin, which is before the thread. */
#include "publishers/kafka_private.h"

#include <string.h>

#define RETRY_FIRST_US G_GINT64_CONSTANT (1000000)
#define RETRY_LAST_US  G_GINT64_CONSTANT (300000000)

/* (nullable) None to declare. (transfer container) */
static GPtrArray *
list_meters (const HmPluginContext *context)
{
  const HmMeterTable *table = context->meters != NULL ? context->meters (context->program) : NULL;
  g_autoptr (GPtrArray) meters = table != NULL ? hm_meter_table_list (table) : NULL;

  return meters != NULL && meters->len > 0 ? g_steal_pointer (&meters) : NULL;
}

/* @hold: records wait until the round is over. */
static void
begin_round (HmKafka *self, gboolean hold)
{
  HmKafkaRound *round = &self->round;

  round->next = round->answered = round->refused = 0;
  round->late = FALSE;
  g_mutex_lock (&self->lock);
  self->declaring = hold;
  g_mutex_unlock (&self->lock);
}

void
hm_kafka_declare_begin (HmKafka *self)
{
  HmKafkaRound *round = &self->round;

  if (self->declare_topic == NULL)
    return;
  if (round->meters == NULL)
    round->meters = list_meters (self->context);
  round->wait = RETRY_FIRST_US;
  if (round->meters != NULL)
    begin_round (self, TRUE);
}

/* One line when it begins to fail, one when it is over. @refused: so many meters. */
static void
say (HmKafkaRound *round, const HmKafka *self, guint refused, const char *reason)
{
  HmLogFields fields = { .plugin = "kafka" };
  gboolean fails = refused > 0;

  if (fails && !round->said)
    hm_log (G_LOG_LEVEL_WARNING, &fields, "kafka: %u meter%s cannot be declared on %s, tried again: %s",
            refused, refused == 1 ? "" : "s", self->declare_topic, reason);
  if (!fails && round->said)
    hm_log (G_LOG_LEVEL_MESSAGE, &fields, "kafka: the meters are declared on %s", self->declare_topic);
  round->said = fails;
}

/* @err: of the last answer. */
static void
end_round (HmKafka *self, rd_kafka_resp_err_t err)
{
  HmKafkaRound *round = &self->round;

  say (round, self, round->refused, rd_kafka_err2str (err));
  round->again = g_get_monotonic_time () + round->wait;
  round->wait = MIN (round->wait * 2, RETRY_LAST_US);
  g_mutex_lock (&self->lock);
  self->declaring = FALSE;
  g_mutex_unlock (&self->lock);
}

static void
take_answer (HmKafka *self, rd_kafka_resp_err_t err)
{
  HmKafkaRound *round = &self->round;
  gboolean good = err == RD_KAFKA_RESP_ERR_NO_ERROR;

  g_mutex_lock (&self->lock);
  self->counts.declared += good;
  self->counts.refused += !good && !round->late;
  g_mutex_unlock (&self->lock);
  round->refused += !good;
  if (good)
    hm_kafka_note_progress (self);
  if (++round->answered == round->meters->len)
    end_round (self, err);
}

/* Those that are open stay with the client, which goes on trying. */
void
hm_kafka_declare_let_go (HmKafka *self, guint seconds)
{
  HmKafkaRound *round = &self->round;
  guint late = round->meters->len - round->answered;
  g_autofree char *reason
      = g_strdup_printf ("no answer for %u s: has its partition a leader and enough replicas?", seconds);

  round->late = TRUE;
  g_mutex_lock (&self->lock);
  self->declaring = FALSE;
  self->counts.refused += late;
  g_mutex_unlock (&self->lock);
  say (round, self, round->refused + late, reason);
}

/* The client copies the value. No opaque: that is how its report is known. */
static rd_kafka_resp_err_t
produce (const HmKafka *self, rd_kafka_t *client, const HmMeter *meter)
{
  g_autofree char *value = hm_meter_to_json (meter);

  return rd_kafka_producev (
      client, RD_KAFKA_V_TOPIC (self->declare_topic), RD_KAFKA_V_KEY (meter->name, strlen (meter->name)),
      RD_KAFKA_V_VALUE (value, strlen (value)), RD_KAFKA_V_HEADER ("content-type", "application/json", -1),
      RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
}

/* The client is about to be closed, or is. */
static gboolean
is_no_answer (rd_kafka_resp_err_t err)
{
  return err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT
         || err == RD_KAFKA_RESP_ERR__FATAL;
}

void
hm_kafka_declare_go_on (HmKafka *self, rd_kafka_t *client)
{
  HmKafkaRound *round = &self->round;

  if (round->meters == NULL)
    return;
  if (round->refused > 0 && round->answered == round->meters->len && g_get_monotonic_time () >= round->again)
    begin_round (self, FALSE);
  while (round->next < round->meters->len)
    {
      rd_kafka_resp_err_t err = produce (self, client, g_ptr_array_index (round->meters, round->next));

      if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL || is_no_answer (err))
        return;
      round->next++;
      if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
        take_answer (self, err);
    }
}

/* A round that holds records back is not ended by a client's end: the next client begins another. One that runs beside
 * them counts what was called back with them as refused, so that it is tried again. */
void
hm_kafka_declare_report (HmKafka *self, const rd_kafka_message_t *report)
{
  if (is_no_answer (report->err) && self->declaring)
    return;
  if (report->err == RD_KAFKA_RESP_ERR_NO_ERROR && report->offset < 0)
    hm_kafka_ask_to_renew (self, "a declaration was acknowledged without an offset");
  else
    take_answer (self, report->err);
}
