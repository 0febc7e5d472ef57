/* SPDX-License-Identifier: Apache-2.0 */
/* control_client: the talk with one client of the control socket. Part of control.c, on its thread alone. */
#pragma once

#include <gio/gio.h>

#include "metering/control.h"

G_BEGIN_DECLS

typedef struct HmControlClient HmControlClient;

/* What all talks have in common. */
typedef struct
{
  const HmControlCommand *commands;
  gpointer user; /* of the commands */
  guint timeout_ms;
  GMainContext *context;
  void (*ended) (HmControlClient *client, gpointer owner); /* the talk is over: free it */
  gpointer owner;
} HmControlTalk;

/* @talk must outlive the client. @socket: (transfer full). @refusal (nullable): all that is said, and then the end. */
HmControlClient *hm_control_client_new (GSocket *socket, const HmControlTalk *talk, const GError *refusal);
void hm_control_client_free (HmControlClient *client);

G_END_DECLS
