/* SPDX-License-Identifier: Apache-2.0 */
/* crash_inode: one file of crash_files: its bytes as they are read, its bytes on the medium, and the changes between the two in their order. Under
 * the lock of crash_files. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean truncates; /* to `offset` */
  gsize offset;
  GBytes *bytes;
} CrashChange;

typedef struct
{
  gatomicrefcount refs;
  GByteArray *now, *medium;
  GQueue changes; /* (element-type CrashChange) */
} CrashInode;

CrashInode *crash_inode_new (void);
CrashInode *crash_inode_ref (CrashInode *inode);
void crash_inode_unref (CrashInode *inode);

/* @truncates: to @offset; else a write. */
void crash_inode_change (CrashInode *inode, gboolean truncates, gsize offset, const void *bytes,
                         gsize length);

/* All of it is on the medium now; or any part of what was not, and the rest never will be. */
void crash_inode_sync (CrashInode *inode);
void crash_inode_keep_some (CrashInode *inode, GRand *rand);
void crash_inode_copy (GByteArray *to, const GByteArray *from);

G_END_DECLS
