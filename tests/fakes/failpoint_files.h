/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint_files: files with a failpoint before and after each operation, over any others. The points are called
 * <prefix>.<operation>.<journal|segment|folder|other>.<before|after>. */
#pragma once

#include "metering/files.h"
#include "tests/fakes/failpoint.h"

G_BEGIN_DECLS

/* @below, @points, @prefix must outlive it. Free with g_free() after its last file is closed. */
HmFiles *failpoint_files_new (HmFiles *below, Failpoints *points, const char *prefix);

/* From now on every operation fails with EIO and changes nothing, as if the process were not there any more; or no longer. */
void failpoint_files_set_dead (HmFiles *files, gboolean dead);

G_END_DECLS
