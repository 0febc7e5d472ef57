/* SPDX-License-Identifier: Apache-2.0 */
/* sim_kit: see the header. */
#include "tests/sim/sim_kit.h"

guint
sim_number (const char *variable, guint otherwise)
{
  const char *text = g_getenv (variable);

  return text != NULL ? (guint)g_ascii_strtoull (text, NULL, 10) : otherwise;
}

guint32
sim_seed (void)
{
  guint32 seed = sim_number ("HYPERMETER_SIM_SEED", g_random_int ());

  print_message ("# HYPERMETER_SIM_SEED=%u\n", seed);
  return seed;
}

static guint32 last;

void
sim_look_at (guint32 seed)
{
  last = seed;
}

int
sim_print_last (void **state G_GNUC_UNUSED)
{
  print_message ("# looked at HYPERMETER_SIM_SEED=%u last\n", last);
  return 0;
}

/* -- small -- */

static gboolean
fails_without (SimHistory *history, SimRecord *record, SimCheck check, gpointer user)
{
  g_autofree char *wrong = NULL;

  record->lost = TRUE;
  wrong = check (history, user);
  record->lost = wrong != NULL;
  return wrong != NULL;
}

void
sim_shrink (SimHistory *history, guint32 seed, SimCheck check, gpointer user)
{
  g_autofree char *wrong = NULL, *text = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean smaller;

  do
    {
      smaller = FALSE;
      for (guint i = history->n_records; i-- > 0;)
        if (!history->records[i].lost)
          smaller |= fails_without (history, &history->records[i], check, user);
    }
  while (smaller);
  wrong = check (history, user);
  text = sim_print (history);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    print_message ("%s\n", lines[i]);
  fail_msg ("HYPERMETER_SIM_SEED=%u and one history: %s", seed, wrong != NULL ? wrong : "not again");
}

/* -- many -- */

void
sim_count (const SimHistory *history, SimHits *hits)
{
  sim_hits_happen (hits, history->events);
  for (guint i = 0; i < history->n_records; i++)
    {
      const SimRecord *record = &history->records[i];

      if (record->lost)
        hits->played[SIM_ROW_LOST]++;
      else
        sim_hits_play (hits, record->rows);
      hits->played[SIM_ROW_REPEATED] += !record->lost && record->copies > 1;
    }
}

void
sim_run (guint32 seed, guint n, SimCheck check, gpointer user, SimHits *hits)
{
  SimHistory *history = g_new0 (SimHistory, 1);

  history->rand = g_rand_new_with_seed (seed);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *wrong = NULL;

      sim_look_at (seed + i);
      sim_play (history, seed + i, "r");
      assert_true (history->lives >= 2 && history->lifecycles >= 1);
      if (hits != NULL)
        sim_count (history, hits);
      wrong = check (history, user);
      if (wrong != NULL)
        sim_shrink (history, seed + i, check, user);
    }
  g_rand_free (history->rand);
  g_free (history);
}
