/* SPDX-License-Identifier: Apache-2.0 */
/* names: what people call the projects, users and resources of a table. */
#pragma once

#include "cli/usage/group.h"
#include "collector/stores/store.h"

G_BEGIN_DECLS

typedef struct HmNames HmNames;

HmNames *hm_names_new (void);
void hm_names_free (HmNames *names); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmNames, hm_names_free)

/* Notes the names that @row tells. */
void hm_names_add (HmNames *names, const HmResourceRow *row);

/* What to show for @id (nullable) of @column: its name; the id with the name behind it where two go by that
 * name, so that nobody's figures pass for another's; the id itself, or NULL, where there is no name. Valid as
 * long as @names. */
const char *hm_names_show (HmNames *names, HmBy column, const char *id);

G_END_DECLS
