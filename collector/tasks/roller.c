/* SPDX-License-Identifier: Apache-2.0 */
/* roller: the turns of engine_roll.c, on the storing thread between two transactions. A lease keeps two collectors from doing the same work;
 * nothing depends on it: what is rolled up is written with the resource's version compared. */
#include "collector/tasks/roller.h"

#include "collector/engine/engine_roll.h"
#include "metering/error.h"
#include "metering/log.h"

#define DAY_NS    (86400 * HM_NSEC_PER_SEC)
#define BUDGET_NS (50 * HM_NSEC_PER_MSEC)
#define LEASE     "rollups"
#define LEASE_NS  (5 * HM_ROLLER_EVERY_NS)

struct HmRoller
{
  const HmStoreOps *ops;
  HmStore *store;
  const HmClock *clock;
  char *holder;
  gint64 leased_until; /* monotonic; 0: not leased */
};

HmRoller *
hm_roller_new (const HmStoreOps *ops, HmStore *store, const HmClock *clock, const char *holder)
{
  HmRoller *roller = g_new0 (HmRoller, 1);

  roller->ops = ops;
  roller->store = store;
  roller->clock = clock;
  roller->holder = g_strdup (holder);
  return roller;
}

void
hm_roller_free (HmRoller *roller)
{
  if (roller == NULL)
    return;
  g_free (roller->holder);
  g_free (roller);
}

static gboolean
has_lease (HmRoller *roller, gboolean *ret_mine, GError **error)
{
  gint64 now = roller->clock->monotonic (roller->clock);
  guint64 token = 0;

  *ret_mine = roller->leased_until - now > LEASE_NS / 2;
  if (*ret_mine)
    return TRUE;
  if (!roller->ops->lease (roller->store, LEASE, roller->holder, LEASE_NS, &token, error))
    return FALSE;
  *ret_mine = token != 0;
  roller->leased_until = token != 0 ? now + LEASE_NS : 0;
  return TRUE;
}

gboolean
hm_roller_turn (HmEngine *engine, gpointer user)
{
  HmRoller *roller = user;
  HmTime now = roller->clock->wall (roller->clock) - HM_ROLLER_AFTER_NS;
  g_autoptr (GError) error = NULL;
  gboolean mine = FALSE, more = FALSE;

  if (now < DAY_NS)
    return FALSE;
  if (has_lease (roller, &mine, &error)
      && (!mine || hm_engine_roll (engine, now - now % DAY_NS, BUDGET_NS, &more, &error)))
    return more;
  if (!g_error_matches (error, HM_ERROR, HM_ERROR_TEMPORARY)) /* another collector was there first */
    hm_warning ("days that are over are not rolled up now: %s", error->message);
  return FALSE;
}
