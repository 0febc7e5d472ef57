/* SPDX-License-Identifier: Apache-2.0 */
/* one_file: a file system with one file, which is in memory and can only be read, whatever its path. For tests that read a file again
 * and again, each time with something else wrong. */
#pragma once

#include "metering/files.h"

typedef struct
{
  HmFiles files; /* the first member: a pointer to it is one to the whole */
  const guint8 *bytes;
  gsize length;
  int fails;   /* errno of each pread(); 0: none */
  guint opens; /* not closed yet */
  guint64 read_up_to;
} OneFile;

/* @bytes: borrowed. */
OneFile one_file (const guint8 *bytes, gsize length);
