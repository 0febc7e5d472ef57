/* SPDX-License-Identifier: Apache-2.0 */
/* fake_identity: see fake_identity.h. */
#include "tests/fakes/fake_identity.h"

HmIdentity
fake_identity (const HmClock *clock)
{
  static char source[] = "site-a", agent_id[] = "node-1", epoch[] = "epoch-1", boot_id[] = "boot-1";

  return (HmIdentity){
    .source = source,
    .agent_id = agent_id,
    .agent_epoch = epoch,
    .cpus = 8,
    .metering_since = FAKE_START,
    .clock = clock,
    .boot_id = boot_id,
  };
}

void
fake_record (HmRecord *ret_record, const char *id, guint64 value)
{
  static HmSample sample;

  sample = (HmSample){
    .meter = "cpu",
    .type = HM_CUMULATIVE,
    .unit = "ns",
    .value = { .type = HM_VALUE_U64, .u64 = value },
    .epoch_start = HM_TIME_UNKNOWN,
    .start = HM_TIME_UNKNOWN,
  };
  hm_record_init (ret_record, HM_RECORD_SAMPLES);
  ret_record->resource.id = id;
  ret_record->resource.kind = "instance";
  ret_record->resource.project = "project-1";
  ret_record->resource.state = HM_STATE_RUNNING;
  ret_record->time = FAKE_START + (HmTime)value * HM_NSEC_PER_SEC;
  ret_record->samples = &sample;
  ret_record->n_samples = 1;
}

void
fake_append (HmOutbox *outbox, HmRecordClass class, const char *id, guint64 first, guint64 last)
{
  for (guint64 value = first; value <= last; value++)
    {
      g_autoptr (GError) error = NULL;
      HmRecord record;

      fake_record (&record, id, value);
      if (!outbox->append (outbox, class, &record, &error))
        fail_msg ("%s", error->message);
    }
}

HmJson *
fake_next (HmOutbox *outbox)
{
  g_autoptr (HmMessage) message = outbox->next (outbox, 0);
  g_autoptr (GError) error = NULL;
  gconstpointer bytes;
  gsize length;
  HmJson *json;

  if (message == NULL)
    return NULL;
  bytes = g_bytes_get_data (message->value, &length);
  json = hm_json_parse (bytes, length, &error);
  if (json == NULL)
    fail_msg ("%s", error->message);
  outbox->confirm (outbox, 0, message, HM_DELIVERY_DONE, NULL);
  return json;
}
