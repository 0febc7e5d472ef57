/* SPDX-License-Identifier: Apache-2.0 */
/* topic: what can be the name of a topic. For whoever is told one: a publisher, the collector.
 *
 * Among the installed headers, as a publisher of this tree is given no more than one from elsewhere. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* NULL, or why no broker takes @name: of any other name all records would wait for ever. Static text, which does not repeat the
 * name. As Kafka's org.apache.kafka.common.internals.Topic judges. */
const char *hm_topic_check (const char *name);

G_END_DECLS
