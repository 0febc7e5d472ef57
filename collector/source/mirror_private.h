/* SPDX-License-Identifier: Apache-2.0 */
/* mirror_private: what mirror.c and mirror_client.c share: the client that sends. The mirror's thread only. */
#pragma once

#include "collector/source/mirror.h"

typedef struct HmMirrorClient HmMirrorClient;

/* NULL without an error: no topic is named. */
HmMirrorClient *hm_mirror_client_new (const HmOptions *options, GError **error);
/* What it has not sent is dropped. */
void hm_mirror_client_free (HmMirrorClient *client);
const char *hm_mirror_client_topic (const HmMirrorClient *client);

typedef enum
{
  HM_MIRROR_SENT,
  HM_MIRROR_REFUSED, /* for what it is: it would be refused again */
  HM_MIRROR_FAILED,  /* it may be sent later */
} HmMirrorFate;

/* Called from hm_mirror_client_send() and hm_mirror_client_poll(). @reason: for people; NULL when it was sent. */
typedef void (*HmMirrorTold) (gint64 letter, HmMirrorFate fate, const char *reason, gpointer user);

/* FALSE: no more fits in now; this one was not taken. */
gboolean hm_mirror_client_send (HmMirrorClient *client, const HmDeadLetter *letter, HmMirrorTold told,
                                gpointer user);
/* Waits for reports for a moment. TRUE: some are outstanding. */
gboolean hm_mirror_client_poll (HmMirrorClient *client);
