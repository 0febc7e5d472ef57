/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_report: what the client says, judged. Runs in rd_kafka_poll() on the plugin's thread, but for
 * on_log(), which the client calls from any of its own. What each delivery report means:
 *
 *   report                     what is done
 *   delivered, with an offset  the record is confirmed
 *   delivered, without one     it proves nothing (a duplicate, of a topic that was since made anew): sent
 *                              again by a new client, which has a new identity for the broker
 *   what comes after that      the same: the client counts the offsets of a batch up from its first, from -1 to 0
 *                              and on, so until it is built anew no offset of it proves anything
 *   too large, or invalid      the broker says that of a whole batch: what was in it is sent again one by one,
 *                              and only a record that is refused alone is rejected
 *   anything else              sent again; what stands behind it in the client's queue is called back first,
 *                              so that it does not overtake
 *
 * A report without a message of ours is that of a declaration (kafka_declare.c). */
#include "publishers/kafka_private.h"

#include <syslog.h>

/* -- confirming -- */

/* TRUE for whoever takes the message out of the hands: that one confirms it, and then calls hm_kafka_confirm_end(). */
static gboolean
take_out (HmKafka *self, HmMessage *message, gboolean *ret_was_alone)
{
  gboolean taken;

  g_mutex_lock (&self->lock);
  taken = g_hash_table_steal (self->in_hands, message);
  self->confirming += taken;
  *ret_was_alone = self->alone == message;
  if (*ret_was_alone)
    self->alone = NULL;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return taken;
}

void
hm_kafka_ask_to_renew (HmKafka *self, const char *reason)
{
  g_mutex_lock (&self->lock);
  if (self->renew == NULL)
    self->renew = reason;
  g_mutex_unlock (&self->lock);
}

gboolean
hm_kafka_is_about_content (rd_kafka_resp_err_t err)
{
  return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || err == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE
         || err == RD_KAFKA_RESP_ERR_INVALID_RECORD || err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

/* The broker refused a batch that this message was in: sort out which one it meant. */
static HmDelivery
judge_content (HmKafka *self, gboolean was_alone)
{
  g_mutex_lock (&self->lock);
  if (was_alone)
    self->careful -= self->careful > 0;
  else
    self->careful++;
  self->call_back |= !was_alone;
  g_mutex_unlock (&self->lock);
  return was_alone ? HM_DELIVERY_REJECT : HM_DELIVERY_RETRY;
}

void
hm_kafka_note_progress (HmKafka *self)
{
  self->renew_wait = HM_KAFKA_RENEW_FIRST_US;
  self->gone = FALSE;
  hm_kafka_note_there (self);
}

void
hm_kafka_note_there (HmKafka *self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->trouble, g_free);
  g_mutex_unlock (&self->lock);
  if (self->down)
    hm_log (G_LOG_LEVEL_MESSAGE, &(HmLogFields){ .plugin = "kafka" }, "kafka: a broker is there again");
  self->down = FALSE;
}

static HmDelivery
judge_success (HmKafka *self, const rd_kafka_message_t *report)
{
  gboolean proven;

  self->doubted |= report->offset < 0;
  proven = !self->doubted;
  g_mutex_lock (&self->lock);
  self->careful -= proven && self->careful > 0;
  self->counts.unproven += !proven;
  g_mutex_unlock (&self->lock);
  if (proven)
    hm_kafka_note_progress (self);
  else
    hm_kafka_ask_to_renew (self, "a record was acknowledged without an offset");
  return proven ? HM_DELIVERY_DONE : HM_DELIVERY_RETRY;
}

static HmDelivery
judge_failure (HmKafka *self, rd_kafka_resp_err_t err, gboolean was_alone)
{
  if (hm_kafka_is_about_content (err))
    return judge_content (self, was_alone);
  if (err != RD_KAFKA_RESP_ERR__PURGE_QUEUE && err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
    {
      g_mutex_lock (&self->lock);
      self->call_back = TRUE;
      g_mutex_unlock (&self->lock);
    }
  return HM_DELIVERY_RETRY;
}

/* What was called back has failed for the reason that no broker can be reached, if there is none. */
static const char *
reason_of (const HmKafka *self, const rd_kafka_message_t *report)
{
  gboolean called_back
      = report->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || report->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;

  if (called_back && self->down && self->last_error != NULL)
    return self->last_error;
  return report->err != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_err2str (report->err)
                                                   : "acknowledged without an offset";
}

/* Delivery report; on the thread, in rd_kafka_poll(). */
static void
on_report (rd_kafka_t *client G_GNUC_UNUSED, const rd_kafka_message_t *report, void *opaque)
{
  HmKafka *self = opaque;
  HmMessage *message = report->_private;
  gboolean was_alone;
  HmDelivery delivery;

  if (message == NULL)
    {
      hm_kafka_declare_report (self, report);
      return;
    }
  if (!take_out (self, message, &was_alone))
    return;
  delivery = report->err == RD_KAFKA_RESP_ERR_NO_ERROR ? judge_success (self, report)
                                                       : judge_failure (self, report->err, was_alone);
  self->confirm (self->user, message, delivery, reason_of (self, report));
  hm_kafka_confirm_end (self);
  hm_message_unref (message);
}

/* -- what else the client says -- */

/* Said once, to the log and to the outbox. */
static void
note_down (HmKafka *self, const char *reason)
{
  const char *why = self->last_error != NULL ? self->last_error : reason;

  self->gone = TRUE;
  if (self->down)
    return;
  self->down = TRUE;
  self->down_since = g_get_monotonic_time ();
  hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .plugin = "kafka" },
          "kafka: no broker can be reached, records wait: %s", why);
  g_mutex_lock (&self->lock);
  g_free (self->trouble);
  self->trouble = g_strdup (why);
  g_mutex_unlock (&self->lock);
}

static void
on_error (rd_kafka_t *client G_GNUC_UNUSED, int err, const char *reason, void *opaque)
{
  HmKafka *self = opaque;
  HmLogFields fields = { .plugin = "kafka" };

  if (err == RD_KAFKA_RESP_ERR__FATAL)
    hm_kafka_ask_to_renew (self, "the client met a fatal error");
  if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    {
      note_down (self, reason);
      return;
    }
  /* While no broker is there, that line says enough. */
  hm_log (err == RD_KAFKA_RESP_ERR__TRANSPORT || self->down ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING, &fields,
          "kafka: %s", reason);
  g_free (self->last_error);
  self->last_error = g_strdup (reason);
}

/* On any of the client's threads. Errors come through on_error() as well, so most of this is for the curious.
 */
static void
on_log (const rd_kafka_t *client, int level, const char *facility, const char *text)
{
  HmLogFields fields = { .plugin = "kafka" };

  if (level <= LOG_WARNING && g_str_equal (facility, "CLUSTERID"))
    g_atomic_int_set (&((HmKafka *)rd_kafka_opaque (client))->other_cluster, 1);
  hm_log (level <= LOG_CRIT   ? G_LOG_LEVEL_WARNING
          : level <= LOG_INFO ? G_LOG_LEVEL_INFO
                              : G_LOG_LEVEL_DEBUG,
          &fields, "kafka: %s: %s", facility, text);
}

static int
on_statistics (rd_kafka_t *client G_GNUC_UNUSED, char *json, size_t length, void *opaque)
{
  return hm_kafka_figures_take (opaque, json, length);
}

void
hm_kafka_report_install (HmKafka *self, rd_kafka_conf_t *conf)
{
  rd_kafka_conf_set_opaque (conf, self);
  rd_kafka_conf_set_dr_msg_cb (conf, on_report);
  rd_kafka_conf_set_error_cb (conf, on_error);
  rd_kafka_conf_set_stats_cb (conf, on_statistics);
  rd_kafka_conf_set_log_cb (conf, on_log);
}
