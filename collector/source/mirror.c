/* SPDX-License-Identifier: Apache-2.0 */
/* mirror: the thread that reads committed letters and sends them, and the chore that keeps how far it got.
 *
 * Letters have rising ids, but where several collectors commit at once a smaller one may appear after a larger one. So what is stored as
 * done is what was sent before the last look but one, and ends before an id that is missing, for as long as a transaction may stay open;
 * each look, which comes twice a minute, begins there again. What was sent meanwhile is remembered and left out. A mirror that ends without
 * a word sends the letters since then once more. */
#include "collector/source/mirror_private.h"

#include "metering/error.h"
#include "metering/log.h"

#define LEASE_NS    (30 * HM_NSEC_PER_SEC)
#define LOOK_NS     (30 * HM_NSEC_PER_SEC)
#define HOLE_NS     (600 * HM_NSEC_PER_SEC)
#define PAUSE_NS    HM_NSEC_PER_SEC
#define RETRY_FIRST HM_NSEC_PER_SEC
#define RETRY_LAST  (60 * HM_NSEC_PER_SEC)

/* As many letters are asked for at a time: what is asked for is taken, or the connection would have to go. */
#define BATCH 100

struct HmMirror
{
  const HmStoreOps *ops;
  char *url, *holder;
  gint64 look_ns, hole_ns;
  HmMirrorClient *client;
  GThread *thread;

  GMutex lock; /* for moments only: the storing thread takes it */
  GCond changed;
  gboolean stopping, ended;
  gint64 leased_until; /* monotonic ns */
  gint64 done;         /* all up to this id was sent */
  gboolean taken_over; /* somebody else has mirrored meanwhile: go on from `done` */
  HmMirrorCounts counts;

  /* the thread's own */
  HmStore *store;     /* NULL: not open */
  gint64 cursor;      /* all up to this id was looked at since the last look began */
  gint64 mark;        /* the cursor when the last look began */
  gint64 whole;       /* no id is missing from where the look began up to this one */
  gint64 hole;        /* what `whole` was when a missing id was noticed; */
  gint64 hole_since;  /* when that was, monotonic ns; 0: none is missing; */
  gint64 hole_cursor; /* and the cursor then: whatever is missing before it is missing as long */
  gint64 look_at;     /* monotonic ns; 0: now */
  GHashTable *sent;   /* (element-type gint64) since `done` */
  gint64 last;        /* the largest id of the batch at hand */
  gboolean failed;    /* some of it could not be sent */
  gint64 retry_ns;    /* 0: nothing is wrong */
};

static gint64
monotonic_ns (void)
{
  return g_get_monotonic_time () * 1000;
}

/* -- the storing thread -- */

gboolean
hm_mirror_turn (HmEngine *engine, gpointer user)
{
  HmMirror *mirror = user;
  g_autoptr (GError) error = NULL;
  gint64 done, position = 0, now = monotonic_ns ();
  gboolean mine = FALSE;

  g_mutex_lock (&mirror->lock);
  done = mirror->done;
  g_mutex_unlock (&mirror->lock);
  if (!hm_engine_mirror (engine, hm_mirror_client_topic (mirror->client), mirror->holder, LEASE_NS, done,
                         &mine, &position, &error))
    hm_warning ("the mirror of dead letters waits: %s", error->message);
  g_mutex_lock (&mirror->lock);
  if (mine)
    {
      mirror->taken_over |= position > done;
      mirror->done = MAX (mirror->done, position);
      mirror->leased_until = now + LEASE_NS;
    }
  g_cond_broadcast (&mirror->changed);
  g_mutex_unlock (&mirror->lock);
  return FALSE;
}

/* -- waiting -- */

static gboolean
is_stopping (HmMirror *mirror)
{
  gboolean stopping;

  g_mutex_lock (&mirror->lock);
  stopping = mirror->stopping;
  g_mutex_unlock (&mirror->lock);
  return stopping;
}

static void
pause_for (HmMirror *mirror, gint64 ns)
{
  gint64 deadline = g_get_monotonic_time () + ns / 1000;

  g_mutex_lock (&mirror->lock);
  while (!mirror->stopping && g_cond_wait_until (&mirror->changed, &mirror->lock, deadline))
    ;
  g_mutex_unlock (&mirror->lock);
}

/* Whether it is this collector's to mirror, now. */
static gboolean
has_lease (HmMirror *mirror)
{
  gboolean leased, taken_over;
  gint64 done;

  g_mutex_lock (&mirror->lock);
  leased = mirror->leased_until > monotonic_ns ();
  taken_over = leased && mirror->taken_over;
  done = mirror->done;
  if (taken_over)
    mirror->taken_over = FALSE;
  g_mutex_unlock (&mirror->lock);
  if (taken_over)
    {
      mirror->cursor = mirror->mark = mirror->whole = done;
      g_hash_table_remove_all (mirror->sent);
    }
  return leased;
}

static void
note_trouble (HmMirror *mirror, const char *reason)
{
  if (!mirror->failed)
    hm_warning ("dead letters are not mirrored, trying again: %s", reason);
  mirror->failed = TRUE;
}

/* -- sending -- */

static void
take_fate (gint64 letter, HmMirrorFate fate, const char *reason, gpointer user)
{
  HmMirror *mirror = user;

  if (fate == HM_MIRROR_FAILED && is_stopping (mirror))
    return; /* it was thrown away */
  if (fate == HM_MIRROR_FAILED)
    {
      note_trouble (mirror, reason);
      return;
    }
  if (fate == HM_MIRROR_REFUSED)
    hm_warning ("dead letter %" G_GINT64_FORMAT " is not mirrored: %s", letter, reason);
  g_hash_table_add (mirror->sent, g_memdup2 (&letter, sizeof letter));
  g_mutex_lock (&mirror->lock);
  mirror->counts.sent += fate == HM_MIRROR_SENT;
  mirror->counts.refused += fate == HM_MIRROR_REFUSED;
  g_mutex_unlock (&mirror->lock);
}

static gboolean
send_one (const HmDeadLetter *letter, gpointer user)
{
  HmMirror *mirror = user;

  if (!g_hash_table_contains (mirror->sent, &letter->id)
      && !hm_mirror_client_send (mirror->client, letter, take_fate, mirror))
    return FALSE;
  mirror->last = letter->id;
  if (letter->id == mirror->whole + 1)
    mirror->whole = letter->id;
  return TRUE;
}

/* Sends what comes behind the cursor, as much as fits, and waits for the reports. */
static gboolean
send_batch (HmMirror *mirror, GError **error)
{
  const HmStoreFilter filter = {
    .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .settled = TRUE, .after = mirror->cursor, .limit = BATCH
  };

  mirror->last = mirror->cursor;
  if (mirror->store == NULL)
    mirror->store = mirror->ops->open (mirror->url, HM_STORE_READ, 0, error);
  if (mirror->store == NULL
      || !mirror->ops->list_dead_letters (mirror->store, &filter, send_one, mirror, error))
    return FALSE;
  while (hm_mirror_client_poll (mirror->client) && !is_stopping (mirror))
    ;
  return TRUE;
}

static gboolean
is_done (gpointer letter, gpointer value, gpointer user)
{
  (void)value;
  return *(const gint64 *)letter <= *(const gint64 *)user;
}

/* Up to where nothing can appear any more that is not sent. An id that nobody uses is waited for too, but not for ever. */
static gint64
end_of_whole (HmMirror *mirror)
{
  gint64 now = monotonic_ns ();

  if (mirror->whole >= mirror->cursor)
    {
      mirror->hole_since = 0;
      return mirror->cursor;
    }
  if (mirror->hole_since == 0 || mirror->hole != mirror->whole)
    {
      mirror->hole = mirror->whole;
      mirror->hole_since = now;
      mirror->hole_cursor = mirror->cursor;
    }
  if (now - mirror->hole_since < mirror->hole_ns)
    return mirror->whole;
  mirror->hole_since = 0;
  return mirror->hole_cursor;
}

/* All that was there at the last look is sent: that is done, and the next look begins behind it. */
static void
look_again (HmMirror *mirror)
{
  gint64 done = mirror->mark, end = end_of_whole (mirror);

  mirror->look_at = monotonic_ns () + mirror->look_ns;
  mirror->mark = MAX (done, end);
  mirror->cursor = mirror->whole = done;
  g_hash_table_foreach_remove (mirror->sent, is_done, &done);
  g_mutex_lock (&mirror->lock);
  mirror->done = MAX (mirror->done, done);
  g_mutex_unlock (&mirror->lock);
}

static void
back_off (HmMirror *mirror)
{
  g_clear_pointer (&mirror->store, mirror->ops->close);
  mirror->retry_ns = mirror->retry_ns == 0 ? RETRY_FIRST : MIN (mirror->retry_ns * 2, RETRY_LAST);
  pause_for (mirror, mirror->retry_ns);
}

static void
go_on (HmMirror *mirror)
{
  g_autoptr (GError) error = NULL;
  gboolean moved;

  mirror->failed = FALSE;
  if (!send_batch (mirror, &error))
    note_trouble (mirror, error->message);
  g_mutex_lock (&mirror->lock);
  mirror->counts.failing = mirror->failed;
  g_mutex_unlock (&mirror->lock);
  if (mirror->failed)
    {
      back_off (mirror);
      return;
    }
  mirror->retry_ns = 0;
  moved = mirror->last != mirror->cursor;
  mirror->cursor = mirror->last;
  if (!moved && monotonic_ns () >= mirror->look_at)
    look_again (mirror);
  else if (!moved)
    pause_for (mirror, PAUSE_NS);
}

static gpointer
run (gpointer user)
{
  HmMirror *mirror = user;

  while (!is_stopping (mirror))
    {
      if (has_lease (mirror))
        go_on (mirror);
      else
        pause_for (mirror, PAUSE_NS);
    }
  g_clear_pointer (&mirror->store, mirror->ops->close);
  g_clear_pointer (&mirror->client, hm_mirror_client_free);
  g_mutex_lock (&mirror->lock);
  mirror->ended = TRUE;
  g_cond_broadcast (&mirror->changed);
  g_mutex_unlock (&mirror->lock);
  return NULL;
}

/* -- life -- */

HmMirror *
hm_mirror_new (const HmMirrorSettings *settings, GError **error)
{
  HmMirrorClient *client = hm_mirror_client_new (settings->options, error);
  HmMirror *mirror;

  if (client == NULL)
    return NULL;
  mirror = g_new0 (HmMirror, 1);
  mirror->client = client;
  mirror->ops = settings->ops;
  mirror->url = g_strdup (settings->url);
  mirror->holder = g_strdup (settings->holder);
  mirror->look_ns = settings->look_ns != 0 ? settings->look_ns : LOOK_NS;
  mirror->hole_ns = settings->hole_ns != 0 ? settings->hole_ns : HOLE_NS;
  mirror->sent = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_mutex_init (&mirror->lock);
  g_cond_init (&mirror->changed);
  return mirror;
}

void
hm_mirror_start (HmMirror *mirror)
{
  mirror->thread = g_thread_new ("mirror", run, mirror);
}

gboolean
hm_mirror_stop (HmMirror *mirror, gint64 timeout_ns)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ns / 1000;
  gboolean ended;

  g_mutex_lock (&mirror->lock);
  mirror->stopping = TRUE;
  g_cond_broadcast (&mirror->changed);
  while (mirror->thread != NULL && !mirror->ended
         && g_cond_wait_until (&mirror->changed, &mirror->lock, deadline))
    ;
  ended = mirror->thread == NULL || mirror->ended;
  g_mutex_unlock (&mirror->lock);
  if (ended)
    g_clear_pointer (&mirror->thread, g_thread_join);
  return ended;
}

void
hm_mirror_free (HmMirror *mirror)
{
  if (mirror == NULL)
    return;
  hm_mirror_client_free (mirror->client);
  g_hash_table_unref (mirror->sent);
  g_mutex_clear (&mirror->lock);
  g_cond_clear (&mirror->changed);
  g_free (mirror->url);
  g_free (mirror->holder);
  g_free (mirror);
}

void
hm_mirror_counts (HmMirror *mirror, HmMirrorCounts *ret_counts)
{
  g_mutex_lock (&mirror->lock);
  *ret_counts = mirror->counts;
  g_mutex_unlock (&mirror->lock);
}
