/* SPDX-License-Identifier: Apache-2.0 */
/* Records to bytes and back; what a decoder refuses is in test_decode_refusals.c. */
#include "tests/records.h"

#include <math.h>
#include <string.h>

#include "tests/chance.h"
#include "tests/random_record.h"

typedef struct
{
  HmMeterTable *table;
  HmEncoder *encoder;
  HmDecoder *decoder;
} Codec;

static int
set_up (void **state)
{
  Codec *codec = g_new0 (Codec, 1);

  codec->table = records_table ();
  codec->encoder = hm_encoder_new ();
  codec->decoder = hm_decoder_new (codec->table);
  *state = codec;
  return 0;
}

static int
tear_down (void **state)
{
  Codec *codec = *state;

  hm_encoder_free (codec->encoder);
  hm_decoder_free (codec->decoder);
  hm_meter_table_free (codec->table);
  g_free (codec);
  return 0;
}

static GBytes *
encode (Codec *codec, const HmRecord *record)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = hm_encoder_encode (codec->encoder, record, &error);

  if (bytes == NULL)
    fail_msg ("cannot encode: %s", error->message);
  return bytes;
}

static HmDecoded *
decode_text (Codec *codec, const char *text, gsize length)
{
  HmRefusal refusal = HM_REFUSED_NOT;
  g_autofree char *detail = NULL;
  HmDecoded *decoded = hm_decoder_decode (codec->decoder, text, length, &refusal, &detail);

  if (decoded == NULL)
    fail_msg ("%.*s\nis refused: %s (%s)", (int)length, text, hm_refusal_name (refusal), detail);
  return decoded;
}

static HmDecoded *
decode (Codec *codec, GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  return decode_text (codec, text, length);
}

static void
assert_survives (Codec *codec, const HmRecord *record)
{
  g_autoptr (GBytes) bytes = encode (codec, record);
  g_autoptr (HmDecoded) decoded = decode (codec, bytes);
  g_autoptr (GBytes) again = encode (codec, &decoded->record);

  records_assert_equal (record, &decoded->record);
  assert_true (g_bytes_equal (bytes, again));
}

/* -- the wire form -- */

static void
encoder_writes_the_documented_form (void **state)
{
  static const HmSample sample = { .meter = "cpu",
                                   .type = HM_CUMULATIVE,
                                   .unit = "ns",
                                   .value = { .type = HM_VALUE_U64, .u64 = G_MAXUINT64 },
                                   .epoch_start = HM_TIME_UNKNOWN,
                                   .start = HM_TIME_UNKNOWN };
  static const char expected[]
      = "{\"schema\":\"hypermeter.samples/1\",\"source\":\"site-a\","
        "\"agent\":{\"id\":\"node-17\",\"epoch\":\"01930a4e-6d2c-7cc2-b2a3-0d6f3a3f1f11\",\"bin\":5984124,"
        "\"cpus\":64,\"metering_since\":\"2026-11-21T04:00:00.000000000Z\"},\"seq\":18233,"
        "\"resource\":{\"id\":\"4f0c6a52-3d7e-4c9a-9c53-6b1f2a7e8d90\",\"kind\":\"instance\","
        "\"project\":\"9b1c7d1e5a6f4b3c8d2e1f0a9b8c7d6e\",\"user\":\"77aa0b1c2d3e4f5a6b7c8d9e0f1a2b3c\","
        "\"state\":\"running\",\"flavor\":\"m1.small\","
        "\"epoch\":\"0d1f8a6e-4f5b-4f7c-9c59-6f0a7d4e2b10:5482231:0\","
        "\"epoch_start\":\"2026-11-21T04:30:00.000000000Z\"},\"time\":\"2026-11-21T05:00:00.123456789Z\","
        "\"read_ns\":4100000,\"interval_ns\":60000000000,"
        "\"clock\":{\"boot\":\"0d1f8a6e-4f5b-4f7c-9c59-6f0a7d4e2b10\",\"boot_ns\":8123456789012,\"synced\":"
        "true,"
        "\"max_error_ns\":512000},"
        "\"samples\":[{\"meter\":\"cpu\",\"type\":\"cumulative\",\"unit\":\"ns\","
        "\"value\":\"18446744073709551615\"}]}";
  g_autoptr (GBytes) bytes = NULL;
  HmRecord record;

  records_samples (&record);
  record.samples = &sample;
  record.n_samples = 1;
  bytes = encode (*state, &record);
  assert_int_equal (g_bytes_get_size (bytes), strlen (expected));
  assert_memory_equal (g_bytes_get_data (bytes, NULL), expected, strlen (expected));
}

static void
encoder_leaves_out_what_is_absent (void **state)
{
  static const char expected[] = "{\"schema\":\"hypermeter.samples/1\",\"source\":\"s\","
                                 "\"agent\":{\"id\":\"a\",\"epoch\":\"e\"},\"seq\":1,"
                                 "\"resource\":{\"id\":\"a\",\"kind\":\"host\"},"
                                 "\"time\":\"1970-01-01T00:00:00.000000000Z\",\"samples\":[]}";
  g_autoptr (GBytes) bytes = NULL;
  HmRecord record;

  hm_record_init (&record, HM_RECORD_SAMPLES);
  record.source = "s";
  record.agent.id = record.resource.id = "a";
  record.agent.epoch = "e";
  record.resource.kind = "host";
  record.seq = 1;
  record.time = 0;
  bytes = encode (*state, &record);
  assert_int_equal (g_bytes_get_size (bytes), strlen (expected));
  assert_memory_equal (g_bytes_get_data (bytes, NULL), expected, strlen (expected));
}

static void
assert_cannot_encode (Codec *codec, const HmRecord *record, const char *part)
{
  GError *error = NULL;

  assert_null (hm_encoder_encode (codec->encoder, record, &error));
  kit_assert_error (&error, HM_ERROR_DATA, part);
}

static void
encoder_refuses_records_that_lack_something (void **state)
{
  HmRecord record;

  hm_record_init (&record, HM_RECORD_LIFECYCLE);
  assert_cannot_encode (*state, &record, "source");
  records_samples (&record);
  record.seq = 0;
  assert_cannot_encode (*state, &record, "seq");
  records_samples (&record);
  record.time = HM_TIME_UNKNOWN;
  assert_cannot_encode (*state, &record, "time");
  records_lifecycle (&record);
  record.event = NULL;
  assert_cannot_encode (*state, &record, "event");
  records_gap (&record);
  record.to = record.from - 1;
  assert_cannot_encode (*state, &record, "from and a later to");
  records_gap (&record);
  record.reason = NULL;
  assert_cannot_encode (*state, &record, "reason");
}

static void
encoder_refuses_text_and_values_that_json_cannot_hold (void **state)
{
  HmSample sample = { .meter = "load",
                      .unit = "count",
                      .value = { .type = HM_VALUE_DOUBLE, .f64 = NAN },
                      .epoch_start = HM_TIME_UNKNOWN,
                      .start = HM_TIME_UNKNOWN };
  HmRecord record;

  records_samples (&record);
  record.resource.flavor = "caf\xe9";
  assert_cannot_encode (*state, &record, "UTF-8");
  records_samples (&record);
  record.samples = &sample;
  record.n_samples = 1;
  assert_cannot_encode (*state, &record, "finite");
  records_samples (&record); /* nothing of the failures sticks */
  assert_survives (*state, &record);
}

static void
encoder_refuses_records_that_are_too_large (void **state)
{
  g_autofree char *text = g_strnfill (HM_RECORD_MAX, 'x');
  HmRecord record;

  records_gap (&record);
  record.reason = text;
  assert_cannot_encode (*state, &record, "bytes are more than");
}

/* -- and back -- */

static void
codec_keeps_every_member_of_every_kind (void **state)
{
  HmRecord record;

  records_samples (&record);
  assert_survives (*state, &record);
  records_lifecycle (&record);
  assert_survives (*state, &record);
  records_gap (&record);
  assert_survives (*state, &record);
  records_heartbeat (&record);
  assert_survives (*state, &record);
}

static void
decoder_interns_the_meters_of_its_table (void **state)
{
  Codec *codec = *state;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (HmDecoded) decoded = NULL;
  HmRecord record;

  records_samples (&record);
  bytes = encode (codec, &record);
  decoded = decode (codec, bytes);
  for (guint i = 0; i < decoded->record.n_samples; i++)
    {
      const HmSample *sample = &decoded->record.samples[i];
      const HmMeter *meter = hm_meter_table_find (codec->table, sample->meter);

      assert_ptr_equal (sample->meter, meter->name);
      assert_ptr_equal (sample->unit, meter->unit);
    }
}

#define HEAD                                                                                                 \
  "{\"source\":\"s\",\"agent\":{\"epoch\":\"e\",\"id\":\"a\"},\"seq\":1,"                                    \
  "\"resource\":{\"kind\":\"instance\",\"id\":\"r\"},\"time\":\"2026-11-21T02:27:00+01:00\","
#define TAIL "\"schema\":\"hypermeter.samples/1\"}"

static void
assert_value (Codec *codec, const char *sample, HmValueType type, guint64 bits)
{
  g_autofree char *text = g_strconcat (HEAD "\"samples\":[{", sample, "}],", TAIL, NULL);
  g_autoptr (HmDecoded) decoded = decode_text (codec, text, strlen (text));

  assert_int_equal (decoded->record.n_samples, 1);
  assert_int_equal (decoded->record.samples[0].value.type, type);
  assert_true (decoded->record.samples[0].value.u64 == bits);
}

static guint64
bits_of (double number)
{
  return (HmValue){ .type = HM_VALUE_DOUBLE, .f64 = number }.u64;
}

static void
decoder_takes_both_forms_of_an_integer (void **state)
{
#define CPU     "\"meter\":\"cpu\",\"type\":\"cumulative\",\"unit\":\"ns\",\"value\":"
#define BALANCE "\"meter\":\"balance\",\"type\":\"gauge\",\"unit\":\"count\",\"value\":"
  assert_value (*state, CPU "18446744073709551615", HM_VALUE_U64, G_MAXUINT64);
  assert_value (*state, CPU "\"18446744073709551615\"", HM_VALUE_U64, G_MAXUINT64);
  assert_value (*state, CPU "\"12\"", HM_VALUE_U64, 12);
  assert_value (*state, CPU "\"\\u0031\\u0032\"", HM_VALUE_U64, 12);
  assert_value (*state, BALANCE "-9223372036854775808", HM_VALUE_I64, G_GUINT64_CONSTANT (1) << 63);
  assert_value (*state, BALANCE "\"-1\"", HM_VALUE_I64, G_MAXUINT64);
  assert_value (*state, BALANCE "5", HM_VALUE_I64, 5);
}

static void
decoder_takes_the_type_of_a_meter_from_its_table (void **state)
{
#define LOAD "\"meter\":\"load\",\"type\":\"gauge\",\"unit\":\"count\",\"value\":"
  assert_value (*state, LOAD "1", HM_VALUE_DOUBLE, bits_of (1));
  assert_value (*state, LOAD "18446744073709551616", HM_VALUE_DOUBLE, bits_of (18446744073709551616.0));
}

static void
decoder_takes_the_type_of_a_foreign_meter_from_its_form (void **state)
{
#define FOREIGN "\"meter\":\"foreign\",\"type\":\"delta\",\"unit\":\"apples\",\"value\":"
  assert_value (*state, FOREIGN "1", HM_VALUE_U64, 1);
  assert_value (*state, FOREIGN "-1", HM_VALUE_I64, G_MAXUINT64);
  assert_value (*state, FOREIGN "\"-9007199254740993\"", HM_VALUE_I64, (guint64)-9007199254740993);
  assert_value (*state, FOREIGN "1.0", HM_VALUE_DOUBLE, bits_of (1));
  assert_value (*state, FOREIGN "-1e2", HM_VALUE_DOUBLE, bits_of (-100));
}

static void
decoder_does_not_mind_the_order_of_members (void **state)
{
  assert_value (*state, "\"value\":7,\"attrs\":{},\"unit\":\"ns\",\"type\":\"cumulative\",\"meter\":\"cpu\"",
                HM_VALUE_U64, 7);
}

static void
decoder_ignores_unknown_fields (void **state)
{
  static const char text[]
      = "{\"x\":{\"schema\":\"other\",\"samples\":[{}]},\"schema\":\"hypermeter.samples/"
        "1\",\"y\":[[],{\"seq\":0}],"
        "\"source\":\"s\",\"agent\":{\"id\":\"a\",\"z\":null,\"epoch\":\"e\"},\"seq\":1,"
        "\"resource\":{\"id\":\"r\",\"kind\":\"k\",\"w\":\"x\",\"w\":true},\"time\":\"2026-11-21T01:27:00Z\","
        "\"samples\":[{\"meter\":\"cpu\",\"v\":{\"value\":-1},\"type\":\"cumulative\",\"unit\":\"ns\","
        "\"value\":5}]}";
  g_autoptr (HmDecoded) decoded = decode_text (*state, text, strlen (text));

  assert_string_equal (decoded->record.agent.id, "a");
  assert_true (decoded->record.seq == 1);
  assert_int_equal (decoded->record.n_samples, 1);
  assert_true (decoded->record.samples[0].value.u64 == 5);
}

static void
decoder_ignores_rows_of_another_kind (void **state)
{
  static const char text[]
      = HEAD "\"from\":\"2026-11-21T01:00:00Z\",\"to\":\"2026-11-21T01:00:00Z\",\"records\":1,"
             "\"resources\":1,\"reason\":\"x\",\"samples\":[{" CPU "1}],\"bins\":[{"
             "\"epoch\":\"e\",\"bin\":1,\"records\":1,\"sum\":\"1\"}],"
             "\"description\":{\"a\":\"b\"},\"schema\":\"hypermeter.gap/1\"}";
  g_autoptr (HmDecoded) decoded = decode_text (*state, text, strlen (text));

  assert_int_equal (decoded->record.kind, HM_RECORD_GAP);
  assert_true (decoded->record.n_samples == 0 && decoded->record.n_bins == 0
               && decoded->record.n_description == 0);
  assert_null (decoded->record.samples);
}

static void
decoder_undoes_escapes (void **state)
{
  static const char text[]
      = HEAD "\"samples\":[{\"meter\":\"c\\u0070u\",\"type\":\"cumulative\",\"unit\":\"ns\","
             "\"value\":1,\"device\":\"\\ud83d\\ude00\\\"\\n\",\"epoch\":\"\\\\\\/\"}]," TAIL;
  g_autoptr (HmDecoded) decoded = decode_text (*state, text, strlen (text));

  assert_string_equal (decoded->record.samples[0].meter, "cpu");
  assert_string_equal (decoded->record.samples[0].device, "\xf0\x9f\x98\x80\"\n");
  assert_string_equal (decoded->record.samples[0].epoch, "\\/");
}

static void
decoder_leaves_absent_what_is_absent (void **state)
{
  static const char text[] = HEAD "\"samples\":[]," TAIL;
  g_autoptr (HmDecoded) decoded = decode_text (*state, text, strlen (text));
  const HmRecord *record = &decoded->record;

  assert_null (record->resource.project);
  assert_null (record->resource.user);
  assert_null (record->clock.boot);
  assert_int_equal (record->resource.state, HM_STATE_UNKNOWN);
  assert_true (record->resource.epoch_start == HM_TIME_UNKNOWN);
  assert_true (record->agent.metering_since == HM_TIME_UNKNOWN);
  assert_true (record->clock.max_error_ns == -1);
  assert_true (record->time == 1795224420 * HM_NSEC_PER_SEC);
}

static void
decoder_needs_no_table (void **state)
{
  Codec codec = { .encoder = ((Codec *)*state)->encoder, .decoder = hm_decoder_new (NULL) };
  HmRecord record;

  records_samples (&record);
  assert_survives (&codec, &record);
  hm_decoder_free (codec.decoder);
}

/* -- properties -- */

static void
codec_keeps_any_record (void **state)
{
  Codec *codec = *state;
  g_autoptr (GRand) rand = chance_new ();

  for (int i = 0; i < 2000; i++)
    {
      RandomRecord *random = random_record_new (rand, codec->table);

      assert_survives (codec, &random->record);
      random_record_free (random);
    }
}

static const char *const tokens[] = { "{",
                                      "}",
                                      "[",
                                      "]",
                                      "\"",
                                      "\\",
                                      ",",
                                      ":",
                                      "null",
                                      "-",
                                      "\n",
                                      "1e999",
                                      "\\u0000",
                                      "\\ud800",
                                      "\xff",
                                      "\xc0\x80",
                                      "\"seq\":",
                                      "\"value\":",
                                      ".5",
                                      "18446744073709551616",
                                      "\"schema\":\"hypermeter.gap/1\"," };

/* One small change at a random place: what a broken disk, a hostile sender or a fuzzer would do. */
static void
mutate (GRand *rand, GString *text)
{
  gssize at = g_rand_int_range (rand, 0, (gint32)text->len);
  gssize length = g_rand_int_range (rand, 1, 40);

  length = MIN (length, (gssize)text->len - at);
  switch (g_rand_int_range (rand, 0, 5))
    {
    case 0:
      text->str[at] = (char)(text->str[at] ^ 1 << g_rand_int_range (rand, 0, 8));
      break;
    case 1:
      g_string_truncate (text, (gsize)at);
      break;
    case 2:
      g_string_erase (text, at, length);
      break;
    case 3:
      g_string_insert (text, at, tokens[g_rand_int_range (rand, 0, G_N_ELEMENTS (tokens))]);
      break;
    default:
      g_string_insert_len (
          text, at, text->str + g_rand_int_range (rand, 0, (gint32)(text->len - (gsize)length) + 1), length);
      break;
    }
}

/* A refusal with a reason that can be shown; or, then TRUE, a record sound enough to be written and read
 * again. */
static gboolean
assert_refused_or_sound (Codec *codec, const GString *text)
{
  HmRefusal refusal = HM_REFUSED_NOT;
  g_autofree char *detail = NULL;
  g_autoptr (HmDecoded) decoded = hm_decoder_decode (codec->decoder, text->str, text->len, &refusal, &detail);

  if (decoded != NULL)
    {
      g_autoptr (GBytes) once = encode (codec, &decoded->record);
      g_autoptr (HmDecoded) again = decode (codec, once);
      g_autoptr (GBytes) twice = encode (codec, &again->record);

      assert_true (g_bytes_equal (once, twice));
      return TRUE;
    }
  assert_in_range (refusal, HM_REFUSED_BAD_JSON, HM_REFUSED_TOO_LARGE);
  assert_in_range (strlen (detail), 1, 200);
  for (const char *at = detail; *at != '\0'; at++)
    assert_true (g_ascii_isprint (*at));
  return FALSE;
}

static void
decoder_refuses_or_takes_any_mutation (void **state)
{
  static void (*const fill[]) (HmRecord * record)
      = { records_samples, records_lifecycle, records_gap, records_heartbeat };
  Codec *codec = *state;
  g_autoptr (GRand) rand = chance_new ();
  const int n = 8000;
  int taken = 0;

  for (int i = 0; i < n; i++)
    {
      HmRecord record;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GString) text = NULL;

      fill[i % (int)G_N_ELEMENTS (fill)](&record);
      record.n_samples = MIN (record.n_samples, 5);
      bytes = encode (codec, &record);
      text = g_string_new_len (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes));
      for (int changes = g_rand_int_range (rand, 1, 4); changes > 0 && text->len > 0; changes--)
        mutate (rand, text);
      taken += assert_refused_or_sound (codec, text);
    }
  assert_in_range (taken, n / 100, n - n / 100); /* both ends are exercised */
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (encoder_writes_the_documented_form),
    cmocka_unit_test (encoder_leaves_out_what_is_absent),
    cmocka_unit_test (encoder_refuses_records_that_lack_something),
    cmocka_unit_test (encoder_refuses_text_and_values_that_json_cannot_hold),
    cmocka_unit_test (encoder_refuses_records_that_are_too_large),
    cmocka_unit_test (codec_keeps_every_member_of_every_kind),
    cmocka_unit_test (decoder_interns_the_meters_of_its_table),
    cmocka_unit_test (decoder_takes_both_forms_of_an_integer),
    cmocka_unit_test (decoder_takes_the_type_of_a_meter_from_its_table),
    cmocka_unit_test (decoder_takes_the_type_of_a_foreign_meter_from_its_form),
    cmocka_unit_test (decoder_does_not_mind_the_order_of_members),
    cmocka_unit_test (decoder_ignores_unknown_fields),
    cmocka_unit_test (decoder_ignores_rows_of_another_kind),
    cmocka_unit_test (decoder_undoes_escapes),
    cmocka_unit_test (decoder_leaves_absent_what_is_absent),
    cmocka_unit_test (decoder_needs_no_table),
    cmocka_unit_test (codec_keeps_any_record),
    cmocka_unit_test (decoder_refuses_or_takes_any_mutation),
  };

  return cmocka_run_group_tests_name ("codec", tests, set_up, tear_down);
}
