/* SPDX-License-Identifier: Apache-2.0 */
/* test_deltas_fold: the agent's deltas and the counter that they are made of come to the same usage, whatever happened: agent
 * restarted, device plugged anew, values that step back. */
#include "tests/fold_kit.h"

#include "agent/pipeline/deltas.h"
#include "tests/chance.h"

#define NIC "nic:52:54:00:00:00:01"

static const HmMeter traffic_meter
    = { "traffic", HM_DELTA,       "B",  HM_VALUE_U64, HM_FIELD_NIC_IO, HM_HOLD_ACTIVITY,
        0,         HM_LIFE_DEVICE, TRUE, "test" };

typedef struct
{
  KitFold *fold;
  GRand *rand;
  char *folder;
  HmFakeClock *clock;
  HmDeltas *deltas;
  HmSink *sink;
  guint life;
  HmTime start; /* of the life */
  guint64 counter;
} History;

static void
restart_agent (History *h)
{
  hm_deltas_free (h->deltas);
  h->deltas = hm_deltas_new (h->folder, &h->clock->clock);
}

static void
plug_anew (History *h)
{
  h->life++;
  h->start = h->clock->wall_ns;
  h->counter = 0;
}

/* The counter as it is, and what the agent makes of it, in one record. */
static void
read_both (History *h, guint64 value)
{
  KitFold *f = h->fold;
  g_autofree char *epoch = g_strdup_printf ("%u", h->life);
  HmLifeMark life = { epoch, h->start };
  const HmSample *delta;
  HmSample *counter;

  f->record.time = h->clock->wall_ns;
  hm_sink_clear (h->sink);
  hm_sink_delta (h->sink, &traffic_meter, NIC, &life, HM_GIVEN (value));
  hm_deltas_settle (h->deltas, &f->record, h->sink);
  delta = hm_sink_find (h->sink, "traffic", NIC);
  if (delta != NULL)
    *kit_fold_sample (f, "traffic", 0) = *delta;
  counter = kit_fold_sample (f, "disk.read", value);
  counter->device = NIC;
  counter->epoch = epoch;
  counter->epoch_start = h->start;
  kit_fold_at (f, h->clock->wall_ns - MORNING);
}

static void
step (History *h)
{
  guint64 fall = (guint64)g_rand_int_range (h->rand, 1, 50);

  hm_fake_clock_advance (h->clock, g_rand_int_range (h->rand, 1, 200) * SECOND);
  h->counter += (guint64)g_rand_int_range (h->rand, 0, 1000);
  switch (g_rand_int_range (h->rand, 0, 6))
    {
    case 0:
      restart_agent (h);
      break;
    case 1:
      plug_anew (h);
      break;
    case 2:
      read_both (h, h->counter > fall ? h->counter - fall : 0);
      break;
    default:
      read_both (h, h->counter);
      break;
    }
}

static void
deltas_come_to_the_usage_of_their_counter (void **state)
{
  History h
      = { .fold = *state, .rand = chance_new (), .folder = kit_temp_folder (), .start = HM_TIME_UNKNOWN };
  KitSum counter, deltas;

  h.clock = hm_fake_clock_new (MORNING + MINUTE);
  h.sink = hm_sink_new (NULL);
  restart_agent (&h);
  read_both (&h, 0); /* deltas are kept from the first reading on */
  for (guint i = 0; i < 2000; i++)
    step (&h);
  counter = kit_rows_sum (h.fold->rows, NIC, "disk.read");
  deltas = kit_rows_sum (h.fold->rows, NIC, "traffic");
  kit_assert_i128 (deltas.quantity, counter.quantity);
  assert_true (counter.quantity > 0 && deltas.covered_ns == counter.covered_ns);
  hm_deltas_free (h.deltas);
  hm_sink_free (h.sink);
  kit_remove_tree (h.folder);
  g_free (h.folder);
  g_free (h.clock);
  g_rand_free (h.rand);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    fold_test (deltas_come_to_the_usage_of_their_counter),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
