/* SPDX-License-Identifier: Apache-2.0 */
/* health_ready: what stands between this agent and its work: /readyz. On the endpoint's thread (endpoint.h). */
#include "agent/health/health.h"

#include "agent/agent_private.h"
#include "metering/count.h"
#include "metering/reasons.h"

/* A broker that is away for a moment, or a large record, is no reason yet. */
#define UNDELIVERED_NS (5 * 60 * HM_NSEC_PER_SEC)

static void
judge_polls (const HmAgentHealth *health, HmReasons *reasons)
{
  const HmPipelineCounts *polls = &health->report.pipeline;

  if (health->report.is_away)
    hm_reasons_add (reasons, "hypervisor_away", "the hypervisor does not answer");
  else if (health->has_hypervisor && polls->polls <= polls->failed)
    hm_reasons_add (reasons, "not_read", "no read of the hypervisor has succeeded yet");
}

static void
judge_outbox (const HmAgentHealth *health, HmReasons *reasons)
{
  const HmOutboxStatus *outbox = &health->report.outbox;
  g_autofree char *waiting = hm_count_print (outbox->waiting, "record");

  if (*outbox->reason != '\0')
    hm_reasons_add (reasons, "disk_fails", "the outbox cannot write: %s", outbox->reason);
  if (health->outbox_age_ns > UNDELIVERED_NS)
    hm_reasons_add (reasons, "undelivered", "%s waiting, the oldest for %" G_GINT64_FORMAT " s", waiting,
                    health->outbox_age_ns / HM_NSEC_PER_SEC);
}

static void
judge_publishers (const HmAgentHealth *health, HmReasons *reasons)
{
  for (guint i = 0; i < health->publishers->len; i++)
    {
      const HmDeliveryReport *report = &g_array_index (health->publishers, HmDeliveryReport, i);

      if (report->fails)
        hm_reasons_add (reasons, "publisher_fails", "%s: %s", report->plugin->name, report->reason);
    }
}

gboolean
hm_agent_write_ready (gpointer agent, HmJsonWriter *w)
{
  g_autoptr (HmReasons) reasons = hm_reasons_new ();
  g_auto (HmAgentHealth) health = { 0 };

  hm_agent_health (agent, &health);
  if (!hm_agent_progresses (agent))
    hm_reasons_add (reasons, "stuck", "the thread that polls does not come back");
  judge_polls (&health, reasons);
  judge_outbox (&health, reasons);
  judge_publishers (&health, reasons);
  return hm_reasons_write (reasons, w);
}
