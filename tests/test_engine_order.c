/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_order: random lives of several instances, sent in any order, any number of times, in batches of
 * any size, with restarts and with no room to remember: the tables are the same as if they had come in order,
 * once, at once. */
#include "tests/chance.h"
#include "tests/engine_history.h"

#define ROUNDS 12

static int
set_up (void **state)
{
  *state = chance_new ();
  return 0;
}

static int
tear_down (void **state)
{
  g_rand_free (*state);
  return 0;
}

static GPtrArray *
encode (GRand *rand)
{
  static const char *const resources[] = { "r1", "r2", "r3" };

  return engine_history_encode (rand, resources, G_N_ELEMENTS (resources), 60);
}

static char *
dump_in_order (const GPtrArray *encoded)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  g_autoptr (GPtrArray) all = engine_kit_arrivals ();

  for (guint i = 0; i < encoded->len; i++)
    g_ptr_array_add (all, engine_history_arrive (kit, g_ptr_array_index (encoded, i)));
  engine_kit_take (kit, all);
  return engine_kit_dump (kit);
}

/* Borrowed: some of @encoded twice or thrice, in any order or only a little out of order. */
static GPtrArray *
disorder (GRand *rand, const GPtrArray *encoded)
{
  GPtrArray *order = g_ptr_array_new ();

  for (guint i = 0; i < encoded->len; i++)
    for (gint32 times = g_rand_int_range (rand, 1, 4); times > 0; times--)
      g_ptr_array_add (order, encoded->pdata[i]);
  engine_history_shuffle (rand, order, g_rand_boolean (rand) ? order->len : 8);
  return order;
}

static char *
dump_in_disorder (GRand *rand, const GPtrArray *order)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  gint32 most = g_rand_int_range (rand, 1, 200);

  kit->cache_bytes = g_rand_boolean (rand) ? 0 : 1 << 20;
  engine_kit_restart (kit);
  for (guint at = 0; at < order->len;)
    {
      g_autoptr (GPtrArray) batch = engine_kit_arrivals ();

      for (gint32 n = g_rand_int_range (rand, 1, most + 1); n > 0 && at < order->len; n--)
        g_ptr_array_add (batch, engine_history_arrive (kit, order->pdata[at++]));
      engine_kit_take (kit, batch);
      if (g_rand_int_range (rand, 0, 20) == 0)
        engine_kit_restart (kit);
    }
  return engine_kit_dump (kit);
}

static void
engine_gives_the_same_tables_however_records_arrive (void **state)
{
  GRand *rand = *state;

  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (GPtrArray) encoded = encode (rand);
      g_autoptr (GPtrArray) order = disorder (rand, encoded);
      g_autofree char *expected = dump_in_order (encoded);
      g_autofree char *got = dump_in_disorder (rand, order);

      assert_string_equal (got, expected);
    }
}

/* As they came to be: nothing late, nothing twice, one engine with room for all of it. */
static char *
dump_in_batches (GRand *rand, const GPtrArray *encoded)
{
  g_autoptr (EngineKit) kit = engine_kit_new ();
  gint32 most = g_rand_int_range (rand, 1, 20);

  for (guint at = 0; at < encoded->len;)
    {
      g_autoptr (GPtrArray) batch = engine_kit_arrivals ();

      for (gint32 n = g_rand_int_range (rand, 1, most + 1); n > 0 && at < encoded->len; n--)
        g_ptr_array_add (batch, engine_history_arrive (kit, encoded->pdata[at++]));
      engine_kit_take (kit, batch);
    }
  return engine_kit_dump (kit);
}

static void
engine_gives_the_same_tables_however_records_are_batched (void **state)
{
  GRand *rand = *state;

  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (GPtrArray) encoded = encode (rand);
      g_autofree char *expected = dump_in_order (encoded);

      for (guint batching = 0; batching < 2; batching++)
        {
          g_autofree char *got = dump_in_batches (rand, encoded);

          assert_string_equal (got, expected);
        }
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (engine_gives_the_same_tables_however_records_arrive, set_up, tear_down),
    cmocka_unit_test_setup_teardown (engine_gives_the_same_tables_however_records_are_batched, set_up,
                                     tear_down),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
