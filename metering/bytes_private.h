/* SPDX-License-Identifier: Apache-2.0 */
/* bytes_private: numbers in files, the least significant byte first whatever the machine. Not installed. */
#pragma once

#include <glib.h>
#include <string.h>

static inline guint32
hm_bytes_get_u32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, sizeof (value));
  return GUINT32_FROM_LE (value);
}

static inline guint64
hm_bytes_get_u64 (const guint8 *bytes)
{
  guint64 value;

  memcpy (&value, bytes, sizeof (value));
  return GUINT64_FROM_LE (value);
}

static inline void
hm_bytes_put_u32 (guint8 *bytes, guint32 value)
{
  guint32 little = GUINT32_TO_LE (value);

  memcpy (bytes, &little, sizeof (little));
}

static inline void
hm_bytes_put_u64 (guint8 *bytes, guint64 value)
{
  guint64 little = GUINT64_TO_LE (value);

  memcpy (bytes, &little, sizeof (little));
}
