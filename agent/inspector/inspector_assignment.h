/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_assignment: which lane reads which instance in one read. Immutable once made, shared by reference, since a
 * lane whose call hangs may need it longer than the read. */
#pragma once

#include "agent/inspector/inspector_hung.h"
#include "agent/inventory/inventory.h"
#include "metering/snapshot.h"

typedef struct HmAssignment HmAssignment;

/* Deals the running ones of @instances (which it refers to, and nobody changes) out to @n_lanes in turn; those that do
 * not run are lane 0's. (transfer full) */
HmAssignment *hm_assignment_new (GPtrArray *instances, guint n_lanes);
/* @assignment again, but that those running of @hung go to the lane behind the last: hm_assignment_spare(). (transfer full) */
HmAssignment *hm_assignment_without (const HmAssignment *assignment, HmHung *hung);
guint hm_assignment_spare (const HmAssignment *assignment);
HmAssignment *hm_assignment_ref (HmAssignment *assignment);
void hm_assignment_unref (HmAssignment *assignment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmAssignment, hm_assignment_unref)

guint hm_assignment_size (const HmAssignment *assignment);
const HmInstance *hm_assignment_get (const HmAssignment *assignment, guint i);
/* (nullable) (transfer none) */
const HmInstance *hm_assignment_find (const HmAssignment *assignment, const char *id);
/* The lane that reads @id; 0 for one that is not known. */
guint hm_assignment_lane (const HmAssignment *assignment, const char *id);
/* Running instances that lane @lane is to read. */
guint hm_assignment_share (const HmAssignment *assignment, guint lane);

/* The reads that give @fields of all kinds of domains that there are, out of @available: see hm_plan(). */
guint32 hm_assignment_plan (const HmAssignment *assignment, HmFields fields, guint32 available);
