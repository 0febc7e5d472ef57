/* SPDX-License-Identifier: Apache-2.0 */
/* crash_inode: see crash_inode.h. */
#include "tests/fakes/crash_inode.h"

#include <string.h>

#define SECTOR 512

CrashInode *
crash_inode_ref (CrashInode *inode)
{
  g_atomic_ref_count_inc (&inode->refs);
  return inode;
}

static void
free_change (CrashChange *change)
{
  g_clear_pointer (&change->bytes, g_bytes_unref);
  g_free (change);
}

void
crash_inode_unref (CrashInode *inode)
{
  if (inode == NULL || !g_atomic_ref_count_dec (&inode->refs))
    return;
  g_byte_array_unref (inode->now);
  g_byte_array_unref (inode->medium);
  g_queue_clear_full (&inode->changes, (GDestroyNotify)free_change);
  g_free (inode);
}

CrashInode *
crash_inode_new (void)
{
  CrashInode *inode = g_new0 (CrashInode, 1);

  g_atomic_ref_count_init (&inode->refs);
  inode->now = g_byte_array_new ();
  inode->medium = g_byte_array_new ();
  return inode;
}

static void
set_size (GByteArray *content, gsize size)
{
  gsize before = content->len;

  g_byte_array_set_size (content, (guint)size);
  if (size > before)
    memset (content->data + before, 0, size - before);
}

static void
put (GByteArray *content, gsize offset, const guint8 *bytes, gsize length)
{
  if (content->len < offset + length)
    set_size (content, offset + length);
  if (length > 0)
    memcpy (content->data + offset, bytes, length);
}

static void
apply (GByteArray *content, const CrashChange *change)
{
  gsize length = 0;
  const guint8 *bytes = change->bytes != NULL ? g_bytes_get_data (change->bytes, &length) : NULL;

  if (change->truncates)
    set_size (content, change->offset);
  else
    put (content, change->offset, bytes, length);
}

/* Each sector of the write for itself, and perhaps the new size alone. */
static void
apply_torn (GByteArray *content, const CrashChange *change, GRand *rand)
{
  gsize length = 0, done = 0;
  const guint8 *bytes = g_bytes_get_data (change->bytes, &length);

  while (done < length)
    {
      gsize at = change->offset + done, part = MIN (length - done, SECTOR - at % SECTOR);

      if (g_rand_boolean (rand))
        put (content, at, bytes + done, part);
      done += part;
    }
  if (g_rand_boolean (rand))
    put (content, change->offset + length, NULL, 0);
}

void
crash_inode_keep_some (CrashInode *inode, GRand *rand)
{
  int habit = g_rand_int_range (rand, 0, 4);
  CrashChange *change;

  while ((change = g_queue_pop_head (&inode->changes)) != NULL)
    {
      int fate = habit < 2 ? habit : g_rand_int_range (rand, 0, 3);

      if (fate == 1)
        apply (inode->medium, change);
      else if (fate == 2 && !change->truncates)
        apply_torn (inode->medium, change, rand);
      free_change (change);
    }
}

void
crash_inode_copy (GByteArray *to, const GByteArray *from)
{
  g_byte_array_set_size (to, from->len);
  if (from->len > 0)
    memcpy (to->data, from->data, from->len);
}

void
crash_inode_sync (CrashInode *inode)
{
  CrashChange *change;

  while ((change = g_queue_pop_head (&inode->changes)) != NULL)
    {
      apply (inode->medium, change);
      free_change (change);
    }
}

void
crash_inode_change (CrashInode *inode, gboolean truncates, gsize offset, const void *bytes, gsize length)
{
  CrashChange *change = g_new0 (CrashChange, 1);

  change->truncates = truncates;
  change->offset = offset;
  change->bytes = truncates ? NULL : g_bytes_new (bytes, length);
  apply (inode->now, change);
  g_queue_push_tail (&inode->changes, change);
}
