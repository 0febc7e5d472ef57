/* SPDX-License-Identifier: Apache-2.0 */
/* identity: who this agent process is and on which host, as every record says. */
#pragma once

#include "agent/outbox/outbox.h"

G_BEGIN_DECLS

/* Fills all but metering_since (which the state folder knows). @root: before /proc. @is_local: the hypervisor
 * is this host, so the host's CPUs bound what its guests can use. Clear with hm_identity_clear(). */
void hm_identity_fill (HmIdentity *identity, const char *agent_id, const char *source, const char *root,
                       gboolean is_local, const HmClock *clock);
void hm_identity_clear (HmIdentity *identity);

/* A version 7 UUID (RFC 9562) of the moment @wall: sorts by time, new at every call. (transfer full) */
char *hm_uuid7_new (HmTime wall);

/* Whether libvirt's @uri means this very host and a real hypervisor, not its test driver. */
gboolean hm_uri_is_local (const char *uri);

G_END_DECLS
