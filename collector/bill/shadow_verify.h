/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_verify: one resource verified: what is stored of it against what comes out when it is made again. */
#pragma once

#include "collector/bill/shadow.h"
#include "collector/bill/shadow_compare.h"

G_BEGIN_DECLS

/* Visits each difference in cells, held readings and state between what is stored and what the records give; in days and months between
 * rollups and buckets; and in evidence, of days from the edge on, between what is stored of them and what their records give. What cannot be read is one, too. *@ret_rows: rows of usage that were made. Errors as of hm_shadow_fold(), but
 * HM_ERROR_DATA. */
gboolean hm_shadow_verify (HmShadow *shadow, const char *source, const char *resource,
                           HmDifferenceVisit visit, gpointer user, guint *ret_rows, GError **error);

G_END_DECLS
