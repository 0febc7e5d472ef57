/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_count: what a frame that is on disk means for the counts of bins. The writer's, after each group; at the start, of what the process
 * before had not counted. */
#include "agent/outbox/outbox_private.h"

#include <string.h>

#include "metering/codec.h"

HmDecoded *
hm_outbox_decode (const HmMessage *message)
{
  g_autoptr (HmDecoder) decoder = hm_decoder_new (NULL);
  g_autofree char *detail = NULL;
  HmRefusal refusal;
  gsize length;
  const char *bytes = g_bytes_get_data (message->value, &length);

  return hm_decoder_decode (decoder, bytes, length, &refusal, &detail);
}

/* The second part of a record's id. NULL: it is none that an agent has, so there is no heartbeat for it. (nullable) (transfer full) */
static char *
epoch_of (const char *id)
{
  const char *from = strchr (id, '/'), *to = from != NULL ? strchr (from + 1, '/') : NULL;
  g_autofree char *epoch = to != NULL ? g_uri_unescape_segment (from + 1, to, NULL) : NULL;

  if (epoch == NULL || *epoch == '\0' || strlen (epoch) > HM_ID_MAX || !g_utf8_validate (epoch, -1, NULL))
    return NULL;
  return g_steal_pointer (&epoch);
}

void
hm_outbox_count_frame (HmDiskOutbox *self, const HmFrame *frame)
{
  g_autoptr (HmDecoded) heartbeat = NULL;
  g_autofree char *epoch = NULL;

  self->counted[HM_POSITION_LANE (frame->message->position)] = frame->number;
  if (frame->bin == HM_OUTBOX_UNCOUNTED)
    return;
  if (frame->message->kind == HM_RECORD_HEARTBEAT)
    {
      heartbeat = hm_outbox_decode (frame->message);
      if (heartbeat != NULL)
        hm_bins_take (self->bins, heartbeat->record.bins, heartbeat->record.n_bins);
      return;
    }
  epoch = epoch_of (frame->message->id);
  if (epoch != NULL)
    hm_bins_count (self->bins, epoch, frame->bin, frame->message->id);
}
