/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_look: the job that fetches how domains are: XML, state, whether they are defined. For the watch. */
#pragma once

#include "agent/inventory/announce.h"
#include "agent/inspector/inspector_connection.h"

typedef struct
{
  HmJob job;
  char *id;        /* (nullable) all domains */
  GPtrArray *seen; /* (element-type HmSeenDomain) what there is of them */
} HmLook;

/* @id (nullable). Free with hm_job_unref (&look->job). (transfer full) */
HmLook *hm_look_new (const char *id);

/* A job that makes one call, to prove that the connection is alive. (transfer full) */
HmJob *hm_ping_new (void);

/* What a number of virDomainState is in a record. */
HmState hm_state_of_virt (int state);
