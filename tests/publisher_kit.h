/* SPDX-License-Identifier: Apache-2.0 */
/* publisher_kit: drives one publisher alone, as a delivery thread would, and keeps what it confirms. */
#pragma once

#include "tests/kit.h"

/* One word of a publisher. */
typedef struct
{
  HmMessage *message;
  HmDelivery delivery;
  char *reason; /* (nullable) */
} KitConfirmed;

typedef struct
{
  const HmPlugin *plugin;
  HmOptions *options;
  HmPluginContext context;
  HmFakeClock *clock;
  gpointer self; /* (nullable) after a create() that failed */
  GMutex lock;
  GCond changed;
  GPtrArray
      *confirmed;    /* (element-type KitConfirmed) in the order of the confirmations; read under the lock */
  gboolean by_steps; /* each confirmation holds the publisher's thread until kit_publisher_step() */
  guint steps;
  gboolean hold; /* confirmations wait; under the lock */
  guint held;    /* so many wait */
} KitPublisher;

/* (nullable) What the program's plugins measure: for publishers that are made from now on. */
extern const HmMeterTable *kit_publisher_meters;

/* Creates the plugin with @pairs: key, value, …, NULL. @error as create() or the options set it: then free it
 * all the same. */
KitPublisher *kit_publisher_new (const char *plugin, GError **error, ...) G_GNUC_NULL_TERMINATED;

/* Frees the plugin first (nothing of it may be confirmed twice), or only that. */
void kit_publisher_stop (KitPublisher *publisher);
void kit_publisher_free (KitPublisher *publisher);

/* A samples record's message with that key and value; its id is "id-@position". (transfer full) */
HmMessage *kit_message (guint64 position, const char *key, const char *value);

/* publish() until it is taken, for as long as kit_publisher_wait() would wait. */
void kit_publisher_publish (KitPublisher *publisher, HmMessage *message);

/* Waits until @n confirmations are there; fails the test after half a minute. */
void kit_publisher_wait (KitPublisher *publisher, guint n);

/* Has the publisher's thread go on behind one confirmation; or from now on behind each, unless @by_steps. */
void kit_publisher_step (KitPublisher *publisher, gboolean by_steps);

/* From now on confirmations wait in the publisher's own threads; kit_publisher_release() lets them on. */
void kit_publisher_hold (KitPublisher *publisher);
void kit_publisher_await_held (KitPublisher *publisher, guint n);
void kit_publisher_release (KitPublisher *publisher);

/* How many of them were @delivery. */
guint kit_publisher_count (KitPublisher *publisher, HmDelivery delivery);
/* The @i-th word; valid until the publisher is freed. */
const KitConfirmed *kit_publisher_word (KitPublisher *publisher, guint i);
