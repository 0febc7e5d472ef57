/* SPDX-License-Identifier: Apache-2.0 */
/* points_kit: see the header. */
#include "tests/points_kit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  const PointsStore *store;
  const HmStoreOps *ops;
  BusHistory *history;
  char *undisturbed; /* all tables afterwards */
  guint64 n;         /* points of one life */
} Points;

static void
assert_undisturbed (const Points *p, const char *what, guint64 k)
{
  g_autofree char *now = p->store->dump (p->store->user);

  if (strcmp (now, p->undisturbed) != 0)
    {
      g_printerr ("the tables are\n%sand should be\n%s", now, p->undisturbed); /* too long for cmocka */
      fail_msg ("%s %" G_GUINT64_FORMAT ": the tables are not as when nothing happens", what, k);
    }
  p->store->remove (p->store->user);
}

static void
take (const Points *p)
{
  bus_history_take (p->history, p->ops, p->store->url, NULL);
}

/* "#   sqlite.COMMIT 10" of each statement. */
static void
tell_points (Failpoints *points)
{
  g_autofree char *list = failpoints_list (points);
  g_auto (GStrv) lines = g_strsplit (list, "\n", -1);

  print_message ("# %" G_GUINT64_FORMAT " points, before and after\n", failpoints_passed (points));
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *moment = strstr (lines[i], ".before ");

      if (moment != NULL)
        print_message ("#   %.*s%s\n", (int)(moment - lines[i]), lines[i], strrchr (lines[i], ' '));
    }
}

static Points *
points_new (const PointsStore *store)
{
  Points *p = g_new0 (Points, 1);

  p->store = store;
  p->ops = kit_plugin (HM_NS_STORE, store->store)->store;
  p->history = bus_history_new ();
  take (p);
  p->undisturbed = store->dump (store->user);
  store->remove (store->user);
  return p;
}

static void
points_free (Points *p)
{
  bus_history_free (p->history);
  g_free (p->undisturbed);
  g_free (p);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Points, points_free)

/* One life that nothing happens to, to see which points it passes. */
static void
count_points (Points *p, gboolean tell)
{
  g_autoptr (Failpoints) points = failpoints_new ();

  statements_watch (points);
  take (p);
  statements_watch (NULL);
  assert_undisturbed (p, "not stopped", 0);
  assert_true (failpoints_passed_name (points, p->store->commit) > 3);
  p->n = failpoints_passed (points);
  if (tell)
    tell_points (points);
}

/* `make check-fault` meets each point; else at most as many as the store or the environment says. */
static gboolean
meets_all (void)
{
  return g_getenv ("HM_CRASHES") != NULL;
}

/* Not a multiple of 2 or 3: points come in twos or threes, before and after a statement, and all of these are met. */
static guint64
stride_of (const Points *p)
{
  const char *most = g_getenv ("HYPERMETER_TEST_POINTS");
  guint64 points = most != NULL ? g_ascii_strtoull (most, NULL, 10) : p->store->most_points;
  guint64 stride = meets_all () || points == 0 ? 1 : (p->n + points - 1) / points;

  while (stride % 2 == 0 || stride % 3 == 0)
    stride++;
  return stride;
}

/* -- stopped -- */

static void
leave (gpointer user)
{
  (void)user;
  kill (getpid (), SIGKILL);
}

static void
stop_at (const Points *p, guint64 k)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      Failpoints *points = failpoints_new ();

      failpoints_stop_at (points, k, leave, NULL);
      statements_watch (points);
      take (p);
      _exit (1);
    }
  assert_int_equal (waitpid (pid, &status, 0), pid);
  assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

void
points_stop_everywhere (void **state)
{
  g_autoptr (Points) p = points_new (*state);
  guint64 stopped = 0, stride;

  count_points (p, TRUE);
  stride = stride_of (p);
  for (guint64 k = 1; k <= p->n; k += stride, stopped++)
    {
      stop_at (p, k);
      take (p);
      assert_undisturbed (p, "stopped at point", k);
    }
  print_message ("# stopped at %" G_GUINT64_FORMAT " points\n", stopped);
}

/* -- failing -- */

static void
fail_here (gpointer user)
{
  const PointsFailure *failure = user;

  statements_fail (failure->code, failure->rolls_back);
}

static void
fail_at (const Points *p, guint64 k, PointsFailure failure)
{
  g_autoptr (Failpoints) points = failpoints_new ();

  failpoints_stop_at (points, k, fail_here, &failure);
  statements_watch (points);
  take (p);
  statements_watch (NULL);
  assert_undisturbed (p, "failed at point", k);
}

void
points_fail_everywhere (void **state)
{
  g_autoptr (Points) p = points_new (*state);
  guint64 failed = 0, stride;

  count_points (p, FALSE);
  stride = stride_of (p);
  for (guint64 k = 1; k <= p->n; k += stride, failed++)
    fail_at (p, k, p->store->failures[k % p->store->n_failures]);
  for (guint64 k = 1; meets_all () && k <= p->n; k++)
    for (guint i = 1; i < p->store->n_failures; i++, failed++)
      fail_at (p, k, p->store->failures[(k + i) % p->store->n_failures]);
  print_message ("# failed %" G_GUINT64_FORMAT " times\n", failed);
}
