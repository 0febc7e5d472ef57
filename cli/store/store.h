/* SPDX-License-Identifier: Apache-2.0 */
/* store: the subcommands of `hypermeter store`, each a command whose name begins with "store ". */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

extern const HmCommand hm_store_status, hm_store_backup, hm_store_restore;

G_END_DECLS
