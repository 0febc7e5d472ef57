/* SPDX-License-Identifier: Apache-2.0 */
/* chance: random numbers for property tests. The seed is printed; HM_TEST_SEED=<it> repeats a run. */
#pragma once

#include <glib.h>

/* (transfer full) */
static inline GRand *
chance_new (void)
{
  const char *given = g_getenv ("HM_TEST_SEED");
  guint32 seed = given != NULL ? (guint32)g_ascii_strtoull (given, NULL, 10) : g_random_int ();

  g_print ("# HM_TEST_SEED=%u\n", seed);
  return g_rand_new_with_seed (seed);
}

static inline guint64
chance_u64 (GRand *rand)
{
  return (guint64)g_rand_int (rand) << 32 | g_rand_int (rand);
}

/* All lengths are as likely as each other, and edges (all bits set, one bit, nothing) come often. */
static inline guint64
chance_any_u64 (GRand *rand)
{
  guint bits = (guint)g_rand_int_range (rand, 0, 65);
  guint64 mask = bits == 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << bits) - 1;

  switch (g_rand_int_range (rand, 0, 4))
    {
    case 0:
      return mask;
    case 1:
      return mask + 1;
    default:
      return chance_u64 (rand) & mask;
    }
}
