/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_job: what is handed to a lane, how many calls hang, and what libvirt's errors mean to a caller.
 */
#include "agent/inspector/inspector_job.h"

#include <libvirt/virterror.h>

#include "metering/error.h"

struct HmHangs
{
  GMutex lock;
  guint limit, now, retired;
  guint64 returned, retired_total, connects, refused;
  gint refs;
};

/* -- calls that hang */

HmHangs *
hm_hangs_new (guint limit)
{
  HmHangs *hangs = g_new0 (HmHangs, 1);

  g_mutex_init (&hangs->lock);
  hangs->limit = limit;
  hangs->refs = 1;
  return hangs;
}

HmHangs *
hm_hangs_ref (HmHangs *hangs)
{
  g_atomic_int_inc (&hangs->refs);
  return hangs;
}

void
hm_hangs_unref (HmHangs *hangs)
{
  if (hangs == NULL || !g_atomic_int_dec_and_test (&hangs->refs))
    return;
  g_mutex_clear (&hangs->lock);
  g_free (hangs);
}

guint
hm_hangs_now (HmHangs *hangs)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hangs->lock);

  return hangs->now;
}

guint
hm_hangs_left (HmHangs *hangs)
{
  return hangs->limit - MIN (hm_hangs_now (hangs), hangs->limit);
}

gboolean
hm_hangs_are_enough (HmHangs *hangs)
{
  return hm_hangs_now (hangs) > hangs->limit;
}

guint64
hm_hangs_returned (HmHangs *hangs)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hangs->lock);

  return hangs->returned;
}

void
hm_hangs_begin (HmHangs *hangs, gboolean is_calling)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hangs->lock);

  hangs->now += is_calling ? 1 : 0;
  hangs->retired++;
  hangs->retired_total++;
}

void
hm_hangs_end (HmHangs *hangs, gboolean was_calling)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hangs->lock);

  hangs->now -= was_calling ? 1 : 0;
  hangs->returned += was_calling ? 1 : 0;
  hangs->retired--;
}

void
hm_hangs_opened (HmHangs *hangs, gboolean is_open)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hangs->lock);

  *(is_open ? &hangs->connects : &hangs->refused) += 1;
}

void
hm_hangs_health (HmHangs *hangs, HmInspectorHealth *health)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&hangs->lock);

  health->hanging_calls = hangs->now;
  health->hanging_limit = hangs->limit;
  health->is_sparing = hangs->now >= hangs->limit;
  health->retired = hangs->retired;
  health->retired_total = hangs->retired_total;
  health->connects_total = hangs->connects;
  health->refused_total = hangs->refused;
}

/* -- jobs */

void
hm_job_init (HmJob *job, void (*run) (HmJob *, HmLane *, virConnectPtr), void (*dispose) (HmJob *))
{
  job->run = run;
  job->dispose = dispose;
  job->refs = 1;
}

void
hm_job_unref (HmJob *job)
{
  if (job == NULL || !g_atomic_int_dec_and_test (&job->refs))
    return;
  g_clear_error (&job->error);
  job->dispose (job);
}

/* -- errors */

static HmError
code_of (const virError *cause)
{
  switch (cause->code)
    {
    case VIR_ERR_NO_DOMAIN:
      return HM_ERROR_GONE;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_ACCESS_DENIED:
      return HM_ERROR_PERMISSION;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
      return HM_ERROR_UNAVAILABLE;
    default:
      return HM_ERROR_TEMPORARY;
    }
}

void
hm_set_virt_error (GError **error, const char *what)
{
  const virError *cause = virGetLastError ();

  if (cause == NULL || cause->code == VIR_ERR_OK)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "%s: libvirt gives no reason", what);
  else
    g_set_error (error, HM_ERROR, code_of (cause), "%s: %s", what, cause->message);
}
