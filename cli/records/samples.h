/* SPDX-License-Identifier: Apache-2.0 */
/* samples: what the files of `hypermeter samples` share. */
#pragma once

#include "cli/command.h"

G_BEGIN_DECLS

/* Checks the signature of each record that the filter takes, with the keys in @folder (nullable) and those of the collector's configuration, and shows a row for
 * each. *@ret_wrong: how many have one that is not right, or have lost theirs. */
gboolean hm_samples_verify (HmReading *reading, const char *folder, guint64 *ret_wrong, GError **error);

G_END_DECLS
