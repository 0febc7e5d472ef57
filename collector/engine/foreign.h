/* SPDX-License-Identifier: Apache-2.0 */
/* foreign: meters that are not shipped. One name has one type and one unit, whoever came first; a record that
 * says otherwise is refused, never the meter for everybody. The engine's thread only. */
#pragma once

#include "collector/engine/batch.h"

G_BEGIN_DECLS

/* So many names a store takes; more of them is somebody's mistake. */
#define HM_FOREIGN_METERS_MAX 10000

typedef struct HmForeign HmForeign;

/* It knows none before hm_foreign_load(). @ops, @store, @meters outlive it. */
HmForeign *hm_foreign_new (const HmStoreOps *ops, HmStore *store, const HmMeterTable *meters);
void hm_foreign_free (HmForeign *foreign);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmForeign, hm_foreign_free)

/* Checks @record's foreign meters and adds those that are new to @rows. NULL when all is well, else why the
 * record is refused (transfer full), with *@ret_refusal. */
char *hm_foreign_check (HmForeign *foreign, const HmRecord *record, HmBatchRows *rows,
                        HmRefusal *ret_refusal);

/* Reads the store's, unless they are known. FALSE and the store's error. */
gboolean hm_foreign_load (HmForeign *foreign, GError **error);

/* What is known may not be what is stored: a transaction has failed, or somebody else has written. */
void hm_foreign_forget (HmForeign *foreign);

G_END_DECLS
