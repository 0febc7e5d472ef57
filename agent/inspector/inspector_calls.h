/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_calls: the calls per domain, for what a driver does not give in bulk and where they are cheaper. Their
 * answers are put into the bulk call's own terms ("block.0.rd.bytes"), so that one decoder reads both. Lane threads. */
#pragma once

#include <libvirt/libvirt.h>

#include "agent/inventory/inventory.h"
#include "agent/inspector/plan.h"

/* Typed parameters that grow; freed with virTypedParamsFree(). */
typedef struct
{
  virTypedParameterPtr params;
  int n, max;
} HmParams;

/* What the kernel accounts to @instance's process, below <root>/proc. FALSE, with nothing added, when it is not there. */
gboolean hm_calls_read_process (const char *root, const HmInstance *instance, HmParams *params,
                                gboolean *ret_is_sending);

/* How far @domain's migration away from here is, if it migrates: one call, counted in *@rpcs. Statistics of a job that
 * has ended are left to whoever waits for them. */
void hm_calls_read_job (virDomainPtr domain, HmParams *params, guint *rpcs);
/* The same of an answer: @type is a virDomainJobType. */
void hm_calls_take_job (int type, virTypedParameterPtr job, int n, HmParams *params);

/* Makes those of @reads that are calls per domain. @instance: whose devices are asked for; (nullable) none then.
 * What cannot be had is left out. Adds the calls to *@rpcs. FALSE when the domain is gone. */
gboolean hm_calls_make (virDomainPtr domain, const HmInstance *instance, guint32 reads, HmParams *params,
                        guint *rpcs);
