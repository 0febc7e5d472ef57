/* SPDX-License-Identifier: Apache-2.0 */
/* topics_admin_private: what the files of topics_admin share. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "cli/topics/topics_admin.h"

G_BEGIN_DECLS

struct HmTopicsAdmin
{
  rd_kafka_t *client;
  gint64 timeout_us;

  rd_kafka_resp_err_t refused; /* who asks was turned away: waiting is pointless */
  char *said;                  /* (nullable) the client's last words about an error */
};

/* Sets @error for @err of the client; @text (nullable): the broker's own words. */
void hm_topics_admin_fail (HmTopicsAdmin *admin, rd_kafka_resp_err_t err, const char *subject,
                           const char *text, GError **error);
/* Serves the client's callbacks. FALSE when waiting longer is pointless, because who asks was turned away or the time (of the
 * monotonic clock, µs) is over. */
gboolean hm_topics_admin_may_wait (HmTopicsAdmin *admin, gint64 deadline);
/* All topics, and the brokers. (nullable) free with rd_kafka_metadata_destroy() */
const rd_kafka_metadata_t *hm_topics_admin_metadata (HmTopicsAdmin *admin, GError **error);
/* The event that answers a request, or NULL and an error. (transfer full) */
rd_kafka_event_t *hm_topics_admin_await (HmTopicsAdmin *admin, rd_kafka_queue_t *queue, const char *subject,
                                         GError **error);
/* With the time limit. (transfer full) */
rd_kafka_AdminOptions_t *hm_topics_admin_options (const HmTopicsAdmin *admin, rd_kafka_admin_op_t operation);

G_END_DECLS
