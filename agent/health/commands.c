/* SPDX-License-Identifier: Apache-2.0 */
/* commands: what the control socket (control.c) can be asked, a row each. On the control thread, while the agent runs. */
#include "agent/agent_private.h"
#include "agent/health/health.h"

static gboolean
answer_status (gpointer agent, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
               GError **error G_GNUC_UNUSED)
{
  hm_agent_write_status (agent, answer);
  return TRUE;
}

static gboolean
answer_ping (gpointer agent G_GNUC_UNUSED, const HmJson *request G_GNUC_UNUSED,
             HmJsonWriter *answer G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
answer_version (gpointer agent G_GNUC_UNUSED, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
                GError **error G_GNUC_UNUSED)
{
  hm_json_set_text (answer, "version", PACKAGE_VERSION);
  return TRUE;
}

static gboolean
answer_outbox (gpointer agent, const HmJson *request G_GNUC_UNUSED, HmJsonWriter *answer,
               GError **error G_GNUC_UNUSED)
{
  hm_agent_write_outbox (agent, answer);
  return TRUE;
}

/* -- replay -- */

/* Where to begin: {"billing": 42} is that lane from there, and nothing of another; without any lane, all there is. */
static void
read_start (const HmJson *request, guint64 ret_from[HM_LANES])
{
  gboolean given[HM_LANES], any = FALSE;

  for (guint lane = 0; lane < HM_LANES; lane++)
    any |= given[lane] = hm_json_get_u64 (request, hm_lane_name (lane), &ret_from[lane]);
  for (guint lane = 0; lane < HM_LANES; lane++)
    if (!given[lane])
      ret_from[lane] = any ? G_MAXUINT64 : 0;
}

static gboolean
replay_to (HmAgent *agent, const char *publisher, const guint64 from[HM_LANES], HmJsonWriter *answer,
           GError **error)
{
  guint64 records;

  if (!agent->outbox->replay (agent->outbox, publisher, from, &records, error))
    return FALSE;
  hm_json_begin_object (answer);
  hm_json_set_text (answer, "publisher", publisher);
  hm_json_set_u64 (answer, "records", records);
  hm_json_end_object (answer);
  return TRUE;
}

static gboolean
replay_to_all (HmAgent *agent, const guint64 from[HM_LANES], HmJsonWriter *answer, GError **error)
{
  for (guint i = 0; i < agent->deliveries->len; i++)
    {
      HmDeliveryReport report;

      hm_delivery_report (g_ptr_array_index (agent->deliveries, i), &report);
      if (!replay_to (agent, report.plugin->name, from, answer, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
answer_replay (gpointer agent, const HmJson *request, HmJsonWriter *answer, GError **error)
{
  const char *publisher = hm_json_get_text (request, "publisher");
  guint64 from[HM_LANES];
  gboolean good;

  read_start (request, from);
  hm_json_key (answer, "publishers");
  hm_json_begin_array (answer);
  good = publisher != NULL ? replay_to (agent, publisher, from, answer, error)
                           : replay_to_all (agent, from, answer, error);
  hm_json_end_array (answer);
  return good;
}

const HmControlCommand hm_agent_commands[] = {
  { "ping", answer_ping },     { "status", answer_status }, { "version", answer_version },
  { "outbox", answer_outbox }, { "replay", answer_replay }, { NULL, NULL },
};
