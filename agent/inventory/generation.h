/* SPDX-License-Identifier: Apache-2.0 */
/* generation: the last part of a resource's epoch, for counters that began again although their process did not.
 *
 * When the CPU time of a domain and all its other cumulative counters of one read are lower than before, within one
 * life, they were restarted together: the generation of that life is raised, and is on disk before it is used. One
 * counter alone that is lower proves nothing, and neither do a device's after it was plugged in anew; what to do
 * about those is decided where usage is computed. Thread-safe. */
#pragma once

#include "metering/snapshot.h"

G_BEGIN_DECLS

#define HM_GENERATIONS_FILE "generations"

typedef struct HmGenerations HmGenerations;

/* @state_dir (nullable): the folder of the file "generations"; without one they last as long as the process. A file
 * that is damaged is set aside as "generations.damaged", with one warning, and what is sound in it goes on. One that
 * cannot be read at all is HM_ERROR_DATA, as guessing 0 would count usage twice; HM_ERROR_CREATE when the damaged one
 * cannot be replaced. (transfer full) */
HmGenerations *hm_generations_new (const char *state_dir, GError **error);
void hm_generations_free (HmGenerations *generations);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmGenerations, hm_generations_free)

/* The generation of the resource @id in @life ("boot:ticks"): 0 unless it was raised. */
guint hm_generations_get (HmGenerations *generations, const char *id, const char *life);

/* TRUE when all counters of @domain fell below what was remembered of the same epoch, and again so until the
 * generation is raised; else remembers them. */
gboolean hm_generations_fell (HmGenerations *generations, const HmDomain *domain);

/* Raises the generation of @epoch's life ("boot:ticks:generation"). HM_ERROR_CREATE when it cannot be kept; then it
 * is as it was. */
gboolean hm_generations_raise (HmGenerations *generations, const char *id, const char *epoch, GError **error);

/* The resource is not here, for now at least: forgets what was read of it last. Its generation stays. */
void hm_generations_drop (HmGenerations *generations, const char *id);

/* The resource has ceased to be, and its process with it. HM_ERROR_CREATE when that cannot be kept; then the generation
 * stays. */
gboolean hm_generations_forget (HmGenerations *generations, const char *id, GError **error);

G_END_DECLS
