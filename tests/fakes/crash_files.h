/* SPDX-License-Identifier: Apache-2.0 */
/* crash_files: a file system in memory that can lose its power.
 *
 * It knows apart what a reader sees now and what is on the medium: of a file's bytes and size what sync() covered, of a folder's entries what
 * sync_folder() covered. In a power cut any part of the rest may be there or not: single sectors of a write, a size without its bytes, an
 * entry without the file's content, a removal but not the one before it. Worse than any real file system, and allowed by POSIX to
 * all of them. Any thread. */
#pragma once

#include "metering/files.h"

G_BEGIN_DECLS

typedef struct CrashFiles CrashFiles;

/* One folder is there, and durable: @root, an absolute path. */
CrashFiles *crash_files_new (const char *root);
void crash_files_free (CrashFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CrashFiles, crash_files_free)

HmFiles *crash_files_table (CrashFiles *files);

/* The power goes and comes again: open files are closed, and what was not synced is there or not. */
void crash_files_crash (CrashFiles *files, GRand *rand);

/* How many files are open. */
guint crash_files_open (CrashFiles *files);

/* The next @n syncs of a file fail. What it had not synced is on the medium or not, and no later sync writes it: the
 * kernel holds those pages to be clean. @rand must outlive that. */
void crash_files_fail_syncs (CrashFiles *files, guint n, GRand *rand);

/* Files grow by no more than @bytes in all, then ENOSPC; G_MAXUINT64: as much as they like. */
void crash_files_set_room (CrashFiles *files, guint64 bytes);

G_END_DECLS
