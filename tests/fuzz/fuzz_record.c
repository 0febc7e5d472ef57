/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_record: libFuzzer on the record decoder. Built by `make fuzz` alone, with clang.
 *
 * What is refused is refused with one short line that a terminal may see. What is taken can be written again, and is then read as the
 * same record: else a number or a text would come to mean something else on the way. */
#include <stdint.h>
#include <string.h>

#include "metering/codec.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);

static const HmMeter known[] = {
  { .name = "cpu", .type = HM_CUMULATIVE, .unit = "ns", .help = "integer" },
  { .name = "memory", .type = HM_GAUGE, .unit = "KiB", .help = "integer" },
  { .name = "balance", .type = HM_GAUGE, .unit = "count", .value = HM_VALUE_I64, .help = "may be negative" },
  { .name = "load", .type = HM_GAUGE, .unit = "count", .value = HM_VALUE_DOUBLE, .help = "a fraction" },
};

static HmMeterTable *
new_table (void)
{
  HmMeterTable *table = hm_meter_table_new ();

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_true (hm_meter_table_add (table, &known[i], "fuzz", NULL));
  return table;
}

static void
check_refusal (HmRefusal refusal, const char *detail)
{
  g_assert_true (refusal > HM_REFUSED_NOT && refusal < HM_REFUSALS);
  g_assert_nonnull (hm_refusal_name (refusal));
  g_assert_nonnull (detail);
  g_assert_cmpuint (strlen (detail), <=, 200);
  for (const char *c = detail; *c != '\0'; c++)
    g_assert_true (g_ascii_isprint (*c));
}

/* A foreign meter's "-0" is an I64; as 0 it comes back as a U64. */
static void
check_value (HmValue a, HmValue b)
{
  g_assert_true ((a.type == HM_VALUE_DOUBLE) == (b.type == HM_VALUE_DOUBLE));
  g_assert_cmpuint (a.u64, ==, b.u64);
}

static void
check_same (const HmRecord *a, const HmRecord *b)
{
  g_autofree char *left = hm_record_id (a), *right = hm_record_id (b);

  g_assert_cmpstr (left, ==, right);
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpint (a->time, ==, b->time);
  g_assert_cmpuint (a->n_samples, ==, b->n_samples);
  for (guint i = 0; i < a->n_samples; i++)
    {
      g_assert_cmpstr (a->samples[i].meter, ==, b->samples[i].meter);
      check_value (a->samples[i].value, b->samples[i].value);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static HmDecoder *decoder;
  static HmEncoder *encoder;
  static HmMeterTable *meters;
  g_autoptr (HmDecoded) decoded = NULL;
  g_autoptr (HmDecoded) again = NULL;
  g_autofree char *detail = NULL;
  HmRefusal refusal = HM_REFUSED_NOT;
  const char *text;
  gsize text_length;

  if (decoder == NULL)
    {
      meters = new_table ();
      decoder = hm_decoder_new (meters);
      encoder = hm_encoder_new ();
    }
  decoded = hm_decoder_decode (decoder, (const char *)bytes, length, &refusal, &detail);
  if (decoded == NULL)
    {
      check_refusal (refusal, detail);
      return 0;
    }
  text = hm_encoder_print (encoder, &decoded->record, &text_length, NULL);
  g_assert_nonnull (text);
  again = hm_decoder_decode (decoder, text, text_length, &refusal, &detail);
  g_assert_nonnull (again);
  check_same (&decoded->record, &again->record);
  return 0;
}
