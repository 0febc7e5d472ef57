/* SPDX-License-Identifier: Apache-2.0 */
/* fake_publisher: a publisher without an outside. A test says what it takes and what it confirms, and looks
 * at what it was given. One at a time. */
#pragma once

#include "tests/kit.h"

typedef struct
{
  GMutex lock;
  GCond changed;
  HmConfirm confirm;
  gpointer user;
  /* Set by the test. */
  guint room;     /* messages that it holds at most; more: publish() is FALSE */
  gboolean holds; /* the test confirms; else each is confirmed DONE in publish() */
  guint retries;  /* so many are confirmed RETRY first */
  gboolean fails_start;
  gboolean stays; /* free() does not come back; see fake_publisher_let_go() */
  /* Seen. */
  GPtrArray *held; /* (element-type HmMessage) taken, not yet confirmed */
  GPtrArray *ids;  /* (element-type char *) of every message that was taken, in order */
  guint started, flushed, reopened, freed;
  gint64 timeout; /* of the last flush() */
} FakePublisher;

/* A publisher with no options, in its initial state: everything is taken and confirmed DONE. */
const HmPlugin *fake_publisher_plugin (void);

/* The one instance; it is there before create() and after free(). */
FakePublisher *fake_publisher (void);

/* Waits until @n messages were taken in all; fails the test after half a minute. */
void fake_publisher_wait (guint n);

/* Confirms the first held message, from the calling thread. */
void fake_publisher_confirm (HmDelivery delivery, const char *reason);

/* Lets it come back. */
void fake_publisher_let_go (void);

/* Forgets all, for the next test. */
void fake_publisher_reset (void);
