/* SPDX-License-Identifier: Apache-2.0 */
/* store: the subcommands of `hypermeter store`, each a command whose name begins with "store ". */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* The end of their examples. */
#define HM_STORE_STATUS                                                                                      \
  "\n"                                                                                                       \
  "Exit status: 0 done, 1 the file is no backup or damaged, 64 wrong usage, 69 the store is\n"               \
  "not there, 73 the copy cannot be written or its place is taken, 75 a collector has the\n"                 \
  "store, 77 not permitted, 78 configuration.\n"

extern const HmCommand hm_store_status, hm_store_backup, hm_store_restore;

G_END_DECLS
