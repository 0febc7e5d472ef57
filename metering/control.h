/* SPDX-License-Identifier: Apache-2.0 */
/* control: a daemon's ear for people and programs on its host: a Unix socket, <runtime-dir>/agent.sock or collector.sock, for owner and
 * group alone. Of both daemons; not part of the library.
 *
 * A request is a line of JSON, {"command":"status"}; so is the answer, and every request gets one: {"ok":true, …}, or
 * {"ok":false,"error":"why","exit":64} with the exit status that the reason stands for. A talk ends after an answer to
 * what is no request, and when the client says nothing, or takes nothing, for a while. */
#pragma once

#include "metering/json.h"

G_BEGIN_DECLS

#define HM_CONTROL_SOCKET      "agent.sock"
#define HM_CONTROL_COLLECTOR   "collector.sock"
#define HM_CONTROL_REQUEST_MAX 65536 /* bytes of a line without its end */
#define HM_CONTROL_CLIENTS_MAX 16

/* One row per command; a table ends with a row whose name is NULL. */
typedef struct
{
  const char *name;
  /* Writes the answer's members, behind "ok", or fails: then what it wrote is dropped. On the control thread. */
  gboolean (*answer) (gpointer user, const HmJson *request, HmJsonWriter *answer, GError **error);
} HmControlCommand;

typedef struct
{
  const char *folder; /* is made (0750) where it is missing, its parent is not */
  const char *socket; /* (nullable) its name there; HM_CONTROL_SOCKET */
  const HmControlCommand *commands;
  gpointer user;    /* of the commands */
  guint timeout_ms; /* for a whole request, and for a client to take an answer; 0: ten seconds */
} HmControlParts;

typedef struct HmControl HmControl;

/* Listens from now on, on a thread of its own. A socket that a dead daemon left is replaced; HM_ERROR_TEMPORARY when a live
 * one has it, HM_ERROR_CREATE or HM_ERROR_PERMISSION when it cannot be made. (transfer full) */
HmControl *hm_control_new (const HmControlParts *parts, GError **error);

/* Ends every talk, and removes the socket. Waits for a command that runs. NULL is fine. */
void hm_control_free (HmControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmControl, hm_control_free)

/* Whether somebody of @uid and @groups may talk to a socket of @own_uid and @own_gid: the superuser, the owner, the
 * group. Pure. */
gboolean hm_control_admits (guint uid, const guint *groups, guint n_groups, guint own_uid, guint own_gid);

G_END_DECLS
