/* SPDX-License-Identifier: Apache-2.0 */
/* A heartbeat on its whole way: bins, record, bytes, and what a collector's decoder makes of them. */
#include "tests/fakes/fake_identity.h"

#include <string.h>

#include "agent/outbox/bins.h"
#include "agent/pipeline/heartbeat.h"
#include "agent/outbox/stamp.h"
#include "metering/codec.h"
#include "metering/signature.h"

/* A heartbeat of @bins' bins that ended, as the collector sees it. (transfer full) */
static HmDecoded *
send_heartbeat (const HmIdentity *identity, const HmBins *bins, guint64 backlog, HmTime oldest)
{
  g_autoptr (HmStamper) stamper = hm_stamper_new (identity);
  g_autoptr (HmDecoder) decoder = hm_decoder_new (NULL);
  g_autoptr (GArray) ended
      = hm_bins_ended (bins, identity->agent_epoch, hm_stamper_bin (stamper), HM_HEARTBEAT_BINS_MAX);
  g_auto (HmStamped) stamped = { 0 };
  const HmMessage *message;
  g_autofree char *detail = NULL;
  HmRefusal refusal = HM_REFUSED_NOT;
  HmDecoded *decoded;
  HmRecord record;

  hm_heartbeat_record (identity, backlog, oldest, ended, &record);
  assert_true (hm_stamper_stamp_parts (stamper, &record, 0, &stamped, NULL));
  assert_int_equal (stamped.messages->len, 1);
  message = g_ptr_array_index (stamped.messages, 0);
  assert_int_equal (message->kind, HM_RECORD_HEARTBEAT);
  assert_string_equal (message->key, identity->agent_id);
  assert_true (g_bytes_get_size (message->value) < 65536);
  decoded = hm_decoder_decode (decoder, g_bytes_get_data (message->value, NULL),
                               g_bytes_get_size (message->value), &refusal, &detail);
  if (decoded == NULL)
    fail_msg ("refused: %s", detail);
  return decoded;
}

static void
heartbeat_says_what_waits_and_what_ended (void **state G_GNUC_UNUSED)
{
  g_autofree HmFakeClock *clock = hm_fake_clock_new (FAKE_START);
  HmIdentity identity = fake_identity (&clock->clock);
  const gint64 now = FAKE_START / HM_BIN_NS;
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (HmDecoded) decoded = NULL;
  const HmRecord *record;

  hm_bins_count (bins, "before", now, "a");
  hm_bins_count (bins, identity.agent_epoch, now - 1, "b");
  hm_bins_count (bins, identity.agent_epoch, now, "c");
  decoded = send_heartbeat (&identity, bins, 7, FAKE_START - HM_NSEC_PER_SEC);
  record = &decoded->record;
  assert_string_equal (record->resource.id, identity.agent_id);
  assert_string_equal (record->resource.kind, "agent");
  assert_true (record->backlog == 7 && record->oldest_unsent == FAKE_START - HM_NSEC_PER_SEC);
  assert_true (record->time == FAKE_START && record->seq == 1);
  assert_int_equal (record->n_bins, 2);
  assert_string_equal (record->bins[0].epoch, identity.agent_epoch);
  assert_true (record->bins[0].bin == now - 1 && record->bins[0].records == 1);
  assert_true (record->bins[0].sum == hm_id_sum ("b"));
  assert_string_equal (record->bins[1].epoch, "before");
}

static void
heartbeat_says_nothing_of_what_does_not_wait (void **state G_GNUC_UNUSED)
{
  g_autofree HmFakeClock *clock = hm_fake_clock_new (FAKE_START);
  HmIdentity identity = fake_identity (&clock->clock);
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (HmDecoded) decoded = send_heartbeat (&identity, bins, 0, HM_TIME_UNKNOWN);

  assert_true (decoded->record.backlog == 0 && decoded->record.oldest_unsent == HM_TIME_UNKNOWN);
  assert_int_equal (decoded->record.n_bins, 0);
}

/* The longest epochs, and more bins than one heartbeat takes: it stays below the least limit of a record. */
static void
heartbeat_is_small_however_much_ended (void **state G_GNUC_UNUSED)
{
  g_autofree HmFakeClock *clock = hm_fake_clock_new (FAKE_START);
  HmIdentity identity = fake_identity (&clock->clock);
  g_autofree char *epoch = g_strnfill (HM_ID_MAX, 'e');
  g_autoptr (HmBins) bins = hm_bins_new ();
  g_autoptr (HmDecoded) decoded = NULL;

  for (gint64 bin = 0; bin < HM_JOURNAL_BINS_MAX; bin++)
    hm_bins_count (bins, epoch, FAKE_START / HM_BIN_NS - bin, "id");
  decoded = send_heartbeat (&identity, bins, G_MAXUINT64, FAKE_START);
  assert_int_equal (decoded->record.n_bins, HM_HEARTBEAT_BINS_MAX);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (heartbeat_says_what_waits_and_what_ended),
    cmocka_unit_test (heartbeat_says_nothing_of_what_does_not_wait),
    cmocka_unit_test (heartbeat_is_small_however_much_ended),
  };

  return cmocka_run_group_tests_name ("heartbeat", tests, NULL, NULL);
}
