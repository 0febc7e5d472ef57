/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_probe: virDomainGetControlInfo, one call per domain, on a lane's thread. The reading thread makes the job:
 * after a lane was late, for all domains of that lane; and now and then for those that are known to hang.
 *
 * libvirtd answers it from what it knows itself: whether some call is at the domain's process, and since when. So it
 * tells of a process that hangs only while a call waits for it: that of ours which hangs, or anybody's. */
#include "agent/inspector/inspector_probe.h"

#include <libvirt/virterror.h>

/* The lane's handle, or one that is added to them. (transfer none) (nullable) */
static virDomainPtr
handle_of (HmProbe *self, HmLane *lane, virConnectPtr connection, const char *id)
{
  GHashTable *handles = hm_lane_handles (lane);
  virDomainPtr domain = g_hash_table_lookup (handles, id);

  if (domain != NULL)
    return domain;
  self->job.rpcs++;
  domain = virDomainLookupByUUIDString (connection, id);
  if (domain != NULL)
    g_hash_table_replace (handles, g_strdup (id), domain);
  return domain;
}

/* A domain that does not run has no control interface, and libvirtd calls the question invalid. */
static int
result_of_error (void)
{
  const virError *cause = virGetLastError ();

  return cause != NULL && (cause->code == VIR_ERR_NO_DOMAIN || cause->code == VIR_ERR_OPERATION_INVALID)
             ? HM_PROBE_GONE
             : HM_PROBE_UNKNOWN;
}

static void
take_info (HmProbed *probed, const virDomainControlInfo *info)
{
  switch (info->state)
    {
    case VIR_DOMAIN_CONTROL_OCCUPIED:
      probed->result = HM_PROBE_WAITS;
      probed->waits_ms = (guint)MIN (info->stateTime, G_MAXUINT);
      break;
    case VIR_DOMAIN_CONTROL_JOB:
      probed->result = HM_PROBE_BUSY;
      probed->waits_ms = (guint)MIN (info->stateTime, G_MAXUINT);
      break;
    default:
      probed->result = HM_PROBE_FREE;
    }
}

static void
probe (HmProbe *self, HmLane *lane, virConnectPtr connection, HmProbed *probed)
{
  virDomainPtr domain = handle_of (self, lane, connection, probed->id);
  virDomainControlInfo info;

  if (domain == NULL)
    {
      probed->result = result_of_error ();
      return;
    }
  self->job.rpcs++;
  if (virDomainGetControlInfo (domain, &info, 0) < 0)
    probed->result = result_of_error ();
  else
    take_info (probed, &info);
}

static void
run_probe (HmJob *job, HmLane *lane, virConnectPtr connection)
{
  HmProbe *self = (HmProbe *)job;

  for (guint i = 0; i < self->probed->len; i++)
    probe (self, lane, connection, &g_array_index (self->probed, HmProbed, i));
}

static void
dispose_probe (HmJob *job)
{
  HmProbe *self = (HmProbe *)job;

  g_array_unref (self->probed);
  g_free (self);
}

HmProbe *
hm_probe_new (const GPtrArray *ids)
{
  HmProbe *self = g_new0 (HmProbe, 1);

  hm_job_init (&self->job, run_probe, dispose_probe);
  self->probed = g_array_sized_new (FALSE, TRUE, sizeof (HmProbed), ids->len);
  g_array_set_size (self->probed, ids->len);
  for (guint i = 0; i < ids->len; i++)
    g_strlcpy (g_array_index (self->probed, HmProbed, i).id, g_ptr_array_index (ids, i),
               sizeof (((HmProbed *)NULL)->id));
  return self;
}
