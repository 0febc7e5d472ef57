/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_options: from [publisher:kafka] to librdkafka's configuration. Part of the plugin `kafka`. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "metering/hypermeter.h"

G_BEGIN_DECLS

#define HM_KAFKA_QUEUE_MAX 1000 /* messages in the client's hands; the outbox keeps the rest */

extern const HmOption hm_kafka_options[];

/* A client's configuration: what the guarantee of delivery rests on, our defaults, then every kafka.* key
 * of the user. Free with rd_kafka_conf_destroy(). (transfer full) HM_ERROR_CONFIG names the key: unknown to
 * librdkafka, of a value that it refuses, one of the guarantee, or a secret's file that cannot be used. */
rd_kafka_conf_t *hm_kafka_conf_new (const HmOptions *options, GError **error);

/* Builds a client once, with no broker to connect to, and ends it: librdkafka judges keys together, and reads TLS
 * material, only then. FALSE, HM_ERROR_CONFIG: as above, or the keys contradict each other. When it would have a client but
 * for the files that ssl.*.location name, it succeeds, as a file may come while the agent runs: *@ret_trouble (nullable)
 * (transfer full) says what is wrong with them. */
gboolean hm_kafka_conf_try (const HmOptions *options, char **ret_trouble, GError **error);

G_END_DECLS
