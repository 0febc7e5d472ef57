/* SPDX-License-Identifier: Apache-2.0 */
/* keeper: the turns of retention, on the storing thread between two transactions.
 *
 * What was removed up to once is not asked for again until the clock says more. Where periods are closed at all, raw rows of what is not closed yet stay,
 * however old they are: they are what its statement will be asked about. A lease keeps two collectors from doing the same work;
 * nothing depends on it: edges are written with the resource's version compared. */
#include "collector/tasks/keeper.h"

#include <string.h>

#include "collector/engine/engine_prune.h"
#include "metering/error.h"
#include "metering/log.h"

#define HOUR_NS   (3600 * HM_NSEC_PER_SEC)
#define DAY_NS    (24 * HOUR_NS)
#define BUDGET_NS (50 * HM_NSEC_PER_MSEC)
#define LEASE     "retention"
#define LEASE_NS  (5 * HM_KEEPER_EVERY_NS)

struct HmKeeper
{
  const HmStoreOps *ops;
  HmStore *store;
  HmKeeperSettings settings;
  char *holder;
  HmRetention done; /* all of it is removed */
  HmTime held;      /* raw rows from it on wait for their period to be closed; HM_TIME_UNKNOWN: none do */
  gint64 leased_until, asked_at; /* monotonic; 0: never */
  GMutex lock;                   /* of `counts` */
  HmKeeperCounts counts;
};

HmKeeper *
hm_keeper_new (const HmStoreOps *ops, HmStore *store, const HmKeeperSettings *settings)
{
  HmKeeper *keeper = g_new0 (HmKeeper, 1);

  keeper->ops = ops;
  keeper->store = store;
  keeper->settings = *settings;
  keeper->settings.holder = keeper->holder = g_strdup (settings->holder);
  keeper->held = HM_TIME_UNKNOWN;
  keeper->done = (HmRetention){ HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN, HM_TIME_UNKNOWN };
  g_mutex_init (&keeper->lock);
  return keeper;
}

void
hm_keeper_free (HmKeeper *keeper)
{
  if (keeper == NULL)
    return;
  g_free (keeper->holder);
  g_mutex_clear (&keeper->lock);
  g_free (keeper);
}

void
hm_keeper_counts (HmKeeper *keeper, HmKeeperCounts *ret_counts)
{
  g_mutex_lock (&keeper->lock);
  *ret_counts = keeper->counts;
  g_mutex_unlock (&keeper->lock);
}

/* -- size -- */

/* Once each time it becomes too large, and once when that is over. */
static void
judge_size (HmKeeper *keeper, guint64 bytes)
{
  guint64 most = keeper->settings.max_bytes;
  gboolean over = most > 0 && bytes > most, changed = over != keeper->counts.over;

  g_mutex_lock (&keeper->lock);
  keeper->counts.bytes = bytes;
  keeper->counts.over = over;
  keeper->counts.alarms += over && changed ? 1 : 0;
  g_mutex_unlock (&keeper->lock);
  if (changed && over)
    hm_warning ("the store takes %" G_GUINT64_FORMAT " bytes, more than max-size, %" G_GUINT64_FORMAT
                ": nothing is removed for that; %s",
                bytes, most,
                keeper->held != HM_TIME_UNKNOWN
                    ? "raw records older than keep-raw wait for their period to be closed"
                    : "keep-raw says for how long raw records are kept");
  else if (changed)
    hm_notice ("the store takes %" G_GUINT64_FORMAT " bytes, no more than max-size", bytes);
}

static gboolean
look_at_size (HmKeeper *keeper, gint64 now, GError **error)
{
  guint64 bytes;

  if (keeper->ops->size == NULL || (keeper->asked_at != 0 && now - keeper->asked_at < HM_KEEPER_EVERY_NS))
    return TRUE;
  keeper->asked_at = now;
  if (!keeper->ops->size (keeper->store, &bytes, error))
    return FALSE;
  judge_size (keeper, bytes);
  return TRUE;
}

/* -- age -- */

static HmTime
edge (HmTime now, gint64 keep_ns, gint64 unit_ns)
{
  HmTime before = now - keep_ns;

  return keep_ns > 0 && before > 0 ? before - before % unit_ns : HM_TIME_UNKNOWN;
}

void
hm_keeper_retention (const HmKeeperSettings *settings, HmTime now, HmRetention *ret_retention)
{
  *ret_retention = (HmRetention){ .raw = edge (now, settings->raw_ns, DAY_NS),
                                  .bins = edge (now, settings->bins_ns, HOUR_NS),
                                  .letters = edge (now, settings->letters_ns, HOUR_NS),
                                  .messages = edge (now, settings->messages_ns, HOUR_NS) };
}

/* -- what is not closed -- */

static gboolean
note_closed (const HmPeriodRow *row, gpointer latest)
{
  *(HmTime *)latest = MAX (*(HmTime *)latest, row->to);
  return TRUE;
}

/* Once each time it begins. */
static void
note_held (HmKeeper *keeper, HmTime held)
{
  gboolean begins = keeper->held == HM_TIME_UNKNOWN && held != HM_TIME_UNKNOWN;
  char since[HM_TIME_TEXT_MAX];

  keeper->held = held;
  if (!begins)
    return;
  hm_time_print (held, since);
  if (keeper->counts.over)
    hm_warning ("raw records of %s and later are older than keep-raw and wait for their period to be closed, "
                "while the store takes more than max-size",
                since);
  else
    hm_notice ("raw records of %s and later are older than keep-raw and wait for their period to be closed",
               since);
}

/* No further than to the end of what was closed last. Who has never closed anything keeps nothing for it. */
static gboolean
hold_back (HmKeeper *keeper, HmRetention *wanted, GError **error)
{
  HmTime closed = HM_TIME_UNKNOWN;

  if (wanted->raw == HM_TIME_UNKNOWN || keeper->ops->list_periods == NULL)
    return TRUE;
  if (!keeper->ops->list_periods (keeper->store, note_closed, &closed, error))
    return FALSE;
  if (closed == HM_TIME_UNKNOWN || closed >= wanted->raw)
    {
      note_held (keeper, HM_TIME_UNKNOWN);
      return TRUE;
    }
  wanted->raw = closed - closed % DAY_NS;
  note_held (keeper, wanted->raw);
  return TRUE;
}

/* -- a turn -- */

/* A clock that was set back asks for nothing. */
static gboolean
is_due (const HmRetention *wanted, const HmRetention *done)
{
  return wanted->raw > done->raw || wanted->bins > done->bins || wanted->letters > done->letters
         || wanted->messages > done->messages;
}

static gboolean
has_lease (HmKeeper *keeper, gint64 now, gboolean *ret_mine, GError **error)
{
  guint64 token = 0;

  *ret_mine = keeper->leased_until - now > LEASE_NS / 2;
  if (*ret_mine)
    return TRUE;
  if (!keeper->ops->lease (keeper->store, LEASE, keeper->holder, LEASE_NS, &token, error))
    return FALSE;
  *ret_mine = token != 0;
  keeper->leased_until = token != 0 ? now + LEASE_NS : 0;
  return TRUE;
}

static gboolean
remove_some (HmKeeper *keeper, HmEngine *engine, gint64 now, gboolean *ret_more, GError **error)
{
  const HmClock *clock = keeper->settings.clock;
  HmRetention wanted;
  gboolean mine = FALSE;

  hm_keeper_retention (&keeper->settings, clock->wall (clock), &wanted);
  if (!is_due (&wanted, &keeper->done))
    return TRUE;
  if (!hold_back (keeper, &wanted, error))
    return FALSE;
  if (!is_due (&wanted, &keeper->done))
    return TRUE;
  if (!has_lease (keeper, now, &mine, error))
    return FALSE;
  if (!mine)
    return TRUE;
  if (!hm_engine_prune (engine, &wanted, BUDGET_NS, ret_more, error))
    return FALSE;
  if (!*ret_more)
    keeper->done = wanted;
  return TRUE;
}

gboolean
hm_keeper_turn (HmEngine *engine, gpointer user)
{
  HmKeeper *keeper = user;
  const HmClock *clock = keeper->settings.clock;
  gint64 now = clock->monotonic (clock);
  g_autoptr (GError) error = NULL;
  gboolean more = FALSE;

  if (!look_at_size (keeper, now, &error) || !remove_some (keeper, engine, now, &more, &error))
    {
      if (!g_error_matches (error, HM_ERROR, HM_ERROR_TEMPORARY)) /* another collector was there first */
        hm_warning ("what is too old is not removed now: %s", error->message);
      return FALSE;
    }
  return more;
}
