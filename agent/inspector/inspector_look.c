/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_look: three calls per domain, made when something changed and at a comparison of everything,
 * never at a poll. Runs on the watch's lane. A domain that vanishes between two calls was not there. */
#include "agent/inspector/inspector_look.h"

#include <libvirt/virterror.h>
#include <string.h>

HmState
hm_state_of_virt (int state)
{
  switch (state)
    {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
      return HM_STATE_RUNNING;
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
      return HM_STATE_PAUSED;
    case VIR_DOMAIN_SHUTDOWN:
      return HM_STATE_SHUTTING_DOWN;
    case VIR_DOMAIN_SHUTOFF:
    case VIR_DOMAIN_CRASHED:
      return HM_STATE_SHUTOFF;
    default:
      return HM_STATE_UNKNOWN;
    }
}

static gboolean
domain_is_gone (void)
{
  const virError *cause = virGetLastError ();

  return cause != NULL && cause->code == VIR_ERR_NO_DOMAIN;
}

static void
free_seen (gpointer data)
{
  hm_seen_domain_free (data);
}

/* The state is asked first: a domain whose XML is newer than its state will be told about again. */
static HmSeenDomain *
look_at (HmLook *self, virDomainPtr domain)
{
  int state = VIR_DOMAIN_NOSTATE;
  char *xml;
  HmSeenDomain *seen;

  self->job.rpcs += 3;
  if (virDomainGetState (domain, &state, NULL, 0) < 0)
    return NULL;
  xml = virDomainGetXMLDesc (domain, 0);
  if (xml == NULL)
    return NULL;
  seen = g_new0 (HmSeenDomain, 1);
  virDomainGetUUIDString (domain, seen->id);
  seen->name = g_strdup (virDomainGetName (domain));
  seen->state = hm_state_of_virt (state);
  seen->persistent = virDomainIsPersistent (domain) == 1;
  seen->domain_id = (int)virDomainGetID (domain);
  seen->xml = g_strdup (xml);
  free (xml);
  return seen;
}

/* FALSE and the job's error unless the domain is merely gone. */
static gboolean
add (HmLook *self, virDomainPtr domain)
{
  HmSeenDomain *seen = look_at (self, domain);

  if (seen != NULL)
    g_ptr_array_add (self->seen, seen);
  else if (!domain_is_gone ())
    {
      hm_set_virt_error (&self->job.error, virDomainGetName (domain));
      return FALSE;
    }
  return TRUE;
}

static void
look_at_all (HmLook *self, virConnectPtr connection)
{
  virDomainPtr *domains = NULL;
  gboolean is_well = TRUE;
  int n;

  self->job.rpcs++;
  n = virConnectListAllDomains (connection, &domains, 0);
  if (n < 0)
    {
      hm_set_virt_error (&self->job.error, "cannot list the domains");
      return;
    }
  for (int i = 0; i < n; i++)
    {
      is_well = is_well && add (self, domains[i]);
      virDomainFree (domains[i]);
    }
  free (domains);
}

static void
look_at_one (HmLook *self, virConnectPtr connection)
{
  virDomainPtr domain;

  self->job.rpcs++;
  domain = virDomainLookupByUUIDString (connection, self->id);
  if (domain != NULL)
    {
      add (self, domain);
      virDomainFree (domain);
    }
  else if (!domain_is_gone ())
    hm_set_virt_error (&self->job.error, self->id);
}

static void
run_look (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  HmLook *self = (HmLook *)job;

  (void)lane;
  if (self->id != NULL)
    look_at_one (self, connection);
  else
    look_at_all (self, connection);
}

static void
dispose_look (HmJob *job)
{
  HmLook *self = (HmLook *)job;

  g_ptr_array_unref (self->seen);
  g_free (self->id);
  g_free (self);
}

HmLook *
hm_look_new (const char *id)
{
  HmLook *self = g_new0 (HmLook, 1);

  hm_job_init (&self->job, run_look, dispose_look);
  self->id = g_strdup (id);
  self->seen = g_ptr_array_new_with_free_func (free_seen);
  return self;
}

static void
run_ping (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  (void)lane;
  job->rpcs++;
  if (virConnectNumOfDomains (connection) < 0)
    hm_set_virt_error (&job->error, "no answer");
}

static void
dispose_ping (HmJob *job)
{
  g_free (job);
}

HmJob *
hm_ping_new (void)
{
  HmJob *job = g_new0 (HmJob, 1);

  hm_job_init (job, run_ping, dispose_ping);
  return job;
}
