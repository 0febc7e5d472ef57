/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to refuse a record, by its name and by what it tells a person. */
#include "tests/records.h"

#include <string.h>

#define AGENT       "\"agent\":{\"id\":\"a\",\"epoch\":\"e\"}"
#define RESOURCE    "\"resource\":{\"id\":\"r\",\"kind\":\"instance\"}"
#define TIME        "\"time\":\"2026-11-21T01:27:00Z\""
#define FRAME       "\"source\":\"s\"," AGENT ",\"seq\":1," RESOURCE "," TIME
#define SAMPLES     "{\"schema\":\"hypermeter.samples/1\"," FRAME
#define ONE(sample) SAMPLES ",\"samples\":[" sample "]}"
#define CPU         "\"meter\":\"cpu\",\"type\":\"cumulative\",\"unit\":\"ns\""
#define FOREIGN     "\"meter\":\"foreign\",\"type\":\"gauge\",\"unit\":\"apples\""
#define GAP                                                                                                  \
  "{\"schema\":\"hypermeter.gap/1\"," FRAME                                                                  \
  ",\"from\":\"2026-11-21T01:00:00Z\",\"to\":\"2026-11-21T01:20:00Z\","                                      \
  "\"records\":1,\"resources\":1"
#define BEAT "{\"schema\":\"hypermeter.heartbeat/1\"," FRAME ",\"backlog\":0"
#define LIFE "{\"schema\":\"hypermeter.lifecycle/1\"," FRAME ",\"event\":\"started\""

typedef struct
{
  const char *text;
  HmRefusal refusal;
  const char *detail;
} Case;

/* The table is gone when this returns: nothing that comes from it may be looked at. */
static HmDecoded *
decode (const char *bytes, gsize length, HmRefusal *ret_refusal, char **ret_detail)
{
  g_autoptr (HmMeterTable) table = records_table ();
  g_autoptr (HmDecoder) decoder = hm_decoder_new (table);

  return hm_decoder_decode (decoder, bytes, length, ret_refusal, ret_detail);
}

static void
assert_refused (const char *bytes, gsize length, HmRefusal expected, const char *expected_detail)
{
  HmRefusal refusal = HM_REFUSED_NOT;
  g_autofree char *detail = NULL;
  g_autoptr (HmDecoded) decoded = decode (bytes, length, &refusal, &detail);

  if (decoded != NULL)
    fail_msg ("took %.300s", bytes);
  if (refusal != expected || strstr (detail, expected_detail) == NULL)
    fail_msg ("%.300s\nis %s (%s), expected %s (%s)", bytes, hm_refusal_name (refusal), detail,
              hm_refusal_name (expected), expected_detail);
  assert_true (strlen (detail) <= 200);
  for (const char *at = detail; *at != '\0'; at++)
    assert_true (g_ascii_isprint (*at));
}

static void
assert_all_refused (const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++)
    assert_refused (cases[i].text, strlen (cases[i].text), cases[i].refusal, cases[i].detail);
}

static void
assert_taken (const char *text)
{
  HmRefusal refusal = HM_REFUSED_NOT;
  g_autofree char *detail = NULL;
  g_autoptr (HmDecoded) decoded = decode (text, strlen (text), &refusal, &detail);

  if (decoded == NULL)
    fail_msg ("refused %.300s: %s (%s)", text, hm_refusal_name (refusal), detail);
}

/* The cases below differ from these in one thing each. */
static void
decoder_takes_what_the_cases_start_from (void **state G_GNUC_UNUSED)
{
  assert_taken (ONE ("{" CPU ",\"value\":1}"));
  assert_taken (ONE ("{" FOREIGN ",\"value\":1.5}"));
  assert_taken (SAMPLES ",\"samples\":[]}");
  assert_taken (GAP ",\"reason\":\"x\"}");
  assert_taken (BEAT ",\"bins\":[]}");
  assert_taken (LIFE "}");
}

static void
decoder_refuses_what_is_no_json (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { "", HM_REFUSED_BAD_JSON, "no text" },
    { "not json", HM_REFUSED_BAD_JSON, "at byte" },
    { "[]", HM_REFUSED_BAD_JSON, "not an object" },
    { "12", HM_REFUSED_BAD_JSON, "not an object" },
    { "\"x\"", HM_REFUSED_BAD_JSON, "not an object" },
    { "null", HM_REFUSED_BAD_JSON, "not an object" },
    { "true", HM_REFUSED_BAD_JSON, "not an object" },
    { SAMPLES ",\"samples\":[", HM_REFUSED_BAD_JSON, "at byte" },
    { SAMPLES ",\"seq\":12", HM_REFUSED_BAD_JSON, "seq: a key twice" },
    { SAMPLES ",\"read_ns\":12", HM_REFUSED_BAD_JSON, "the text ends within a number" },
    { ONE ("{" CPU ",\"value\":1}") "x", HM_REFUSED_BAD_JSON, "at byte" },
    { ONE ("{" CPU ",\"value\":01}"), HM_REFUSED_BAD_JSON, "at byte" },
    { ONE ("{" CPU ",\"value\":\"a\\u0000b\"}"), HM_REFUSED_BAD_JSON, "NUL" },
    { ONE ("{" CPU ",\"device\":\"\\ud800\",\"value\":1}"), HM_REFUSED_BAD_JSON, "surrogate" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
  assert_refused (NULL, 0, HM_REFUSED_BAD_JSON, "no text");
  assert_refused (SAMPLES ",\"samples\":[]}\0", sizeof (SAMPLES ",\"samples\":[]}"), HM_REFUSED_BAD_JSON,
                  "at byte");
}

static void
decoder_refuses_doubled_keys (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { SAMPLES ",\"source\":\"t\",\"samples\":[]}", HM_REFUSED_BAD_JSON, "source: a key twice" },
    { ONE ("{" CPU ",\"value\":1,\"value\":2}"), HM_REFUSED_BAD_JSON, "samples[0].value: a key twice" },
    { ONE ("{" CPU ",\"value\":1,\"attrs\":{\"k\":\"1\",\"l\":\"2\",\"k\":\"3\"}}"), HM_REFUSED_BAD_JSON,
      "samples[0].attrs.k: a key twice" },
    { ONE ("{" CPU ",\"value\":1,\"v\\u0061lue\":2}"), HM_REFUSED_BAD_JSON, "samples[0].value: a key twice" },
    { LIFE ",\"description\":{\"flavor.id\":\"1\",\"flavor.id\":\"1\"}}", HM_REFUSED_BAD_JSON,
      "description.flavor.id: a key twice" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_bad_utf8_wherever_it_is (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { SAMPLES ",\"unknown\":\"\xff\",\"samples\":[]}", HM_REFUSED_BAD_UTF8, "at byte" },
    { ONE ("{" CPU ",\"device\":\"\xc0\x80\",\"value\":1}"), HM_REFUSED_BAD_UTF8, "at byte" },
    { ONE ("{" CPU ",\"device\":\"\xed\xa0\x80\",\"value\":1}"), HM_REFUSED_BAD_UTF8, "at byte" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_unknown_schemas_before_all_else (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { "{\"schema\":\"hypermeter.samples/2\"}", HM_REFUSED_BAD_SCHEMA,
      "schema: \"hypermeter.samples/2\" is not" },
    { "{\"schema\":\"\"}", HM_REFUSED_BAD_SCHEMA, "schema" },
    { "{\"schema\":1}", HM_REFUSED_BAD_SCHEMA, "schema: 1 is not" },
    { "{\"schema\":null}", HM_REFUSED_BAD_SCHEMA, "schema: null is not" },
    { "{\"schema\":{}}", HM_REFUSED_BAD_SCHEMA, "schema: an object is not" },
    { "{\"schema\":[\"hypermeter.samples/1\"]}", HM_REFUSED_BAD_SCHEMA, "schema: an array is not" },
    /* nothing in a document of an unknown schema can be judged, even what comes before the schema */
    { "{\"seq\":\"x\",\"schema\":\"hypermeter.samples/2\"}", HM_REFUSED_BAD_SCHEMA, "samples/2" },
    { "{\"samples\":[{\"value\":{\"a\":[1]}}],\"agent\":7,\"schema\":\"other/1\"}", HM_REFUSED_BAD_SCHEMA,
      "other/1" },
    { "{\"samples\":[{\"meter\":\"cpu\"}],\"schema\":\"other/1\"}", HM_REFUSED_BAD_SCHEMA, "other/1" },
    { "{\"agent\":{\"id\":{\"schema\":\"hypermeter.samples/1\"}},\"schema\":\"other/1\"}",
      HM_REFUSED_BAD_SCHEMA, "other/1" },
    /* of a known one, what was wrong first is the reason */
    { "{\"seq\":\"x\",\"schema\":\"hypermeter.samples/1\"}", HM_REFUSED_BAD_TYPE, "seq: \"x\" is not a u64" },
    { "{\"seq\":\"x\"}", HM_REFUSED_BAD_TYPE, "seq: \"x\" is not a u64" },
    { "{\"samples\":[{\"meter\":\"cpu\"}],\"seq\":{}}", HM_REFUSED_MISSING_FIELD, "samples[0].type" },
    { "{\"seq\":\"x\",\"agent\":[", HM_REFUSED_BAD_TYPE, "seq: \"x\" is not a u64" },
    { "{}", HM_REFUSED_MISSING_FIELD, "schema: missing" },
    { "{\"schema\":\"a\\u001b[31m\\n\xc3\xa4\"}", HM_REFUSED_BAD_SCHEMA, "\"a?[31m???\" is not" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_names_the_field_that_is_missing (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { "{\"schema\":\"hypermeter.samples/1\"}", HM_REFUSED_MISSING_FIELD, "source: missing" },
    { SAMPLES "}", HM_REFUSED_MISSING_FIELD, "samples: missing" },
    { "{\"schema\":\"hypermeter.samples/1\",\"source\":\"s\",\"agent\":{\"id\":\"a\"}}",
      HM_REFUSED_MISSING_FIELD, "agent.epoch: missing" },
    { "{\"schema\":\"hypermeter.samples/1\",\"source\":\"s\",\"agent\":{\"epoch\":\"a\"}}",
      HM_REFUSED_MISSING_FIELD, "agent.id: missing" },
    { "{\"schema\":\"hypermeter.samples/1\",\"source\":\"s\"," AGENT "," RESOURCE "," TIME ",\"samples\":[]}",
      HM_REFUSED_MISSING_FIELD, "seq: missing" },
    { "{\"schema\":\"hypermeter.samples/1\",\"source\":\"s\"," AGENT ",\"seq\":1," RESOURCE
      ",\"samples\":[]}",
      HM_REFUSED_MISSING_FIELD, "time: missing" },
    { "{\"schema\":\"hypermeter.samples/1\",\"resource\":{\"id\":\"r\"}}", HM_REFUSED_MISSING_FIELD,
      "resource.kind: missing" },
    { "{\"schema\":\"hypermeter.samples/1\",\"resource\":{\"kind\":\"host\"}}", HM_REFUSED_MISSING_FIELD,
      "resource.id: missing" },
    { SAMPLES ",\"clock\":{\"boot\":\"b\",\"synced\":true}}", HM_REFUSED_MISSING_FIELD,
      "clock.boot_ns: missing" },
    { ONE ("{}"), HM_REFUSED_MISSING_FIELD, "samples[0].meter: missing" },
    { ONE ("{" CPU ",\"value\":1},{" CPU "}"), HM_REFUSED_MISSING_FIELD, "samples[1].value: missing" },
    { ONE ("{\"meter\":\"cpu\",\"unit\":\"ns\",\"value\":1}"), HM_REFUSED_MISSING_FIELD,
      "samples[0].type: missing" },
    { ONE ("{\"meter\":\"cpu\",\"type\":\"gauge\",\"value\":1}"), HM_REFUSED_MISSING_FIELD,
      "samples[0].unit: missing" },
    { "{\"schema\":\"hypermeter.lifecycle/1\"," FRAME "}", HM_REFUSED_MISSING_FIELD, "event: missing" },
    { GAP "}", HM_REFUSED_MISSING_FIELD, "reason: missing" },
    { "{\"schema\":\"hypermeter.gap/1\"," FRAME ",\"from\":\"2026-11-21T01:00:00Z\"}",
      HM_REFUSED_MISSING_FIELD, "to: missing" },
    { BEAT "}", HM_REFUSED_MISSING_FIELD, "bins: missing" },
    { BEAT ",\"bins\":[{\"epoch\":\"e\",\"bin\":1,\"records\":1}]}", HM_REFUSED_MISSING_FIELD,
      "bins[0].sum: missing" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_lists_and_elements_of_another_kind (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { SAMPLES ",\"samples\":{}}", HM_REFUSED_BAD_TYPE, "samples: an object is not an array" },
    { SAMPLES ",\"samples\":7}", HM_REFUSED_BAD_TYPE, "samples: 7 is not an array" },
    { SAMPLES ",\"samples\":null}", HM_REFUSED_BAD_TYPE, "samples: null is not an array" },
    { ONE ("7"), HM_REFUSED_BAD_TYPE, "samples[0]: a number is not an object" },
    { ONE ("{" CPU ",\"value\":1},\"x\""), HM_REFUSED_BAD_TYPE, "samples[1]: a text is not an object" },
    { ONE ("[]"), HM_REFUSED_BAD_TYPE, "samples[0]: an array is not an object" },
    { ONE ("null"), HM_REFUSED_BAD_TYPE, "samples[0]: null is not an object" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_sample_members_of_another_kind (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { ONE ("{\"meter\":1}"), HM_REFUSED_BAD_TYPE, "samples[0].meter: 1 is not a meter name" },
    { ONE ("{\"meter\":{}}"), HM_REFUSED_BAD_TYPE, "samples[0].meter: an object is not a meter name" },
    { ONE ("{\"meter\":\"cpu\",\"type\":\"counter\"}"), HM_REFUSED_BAD_TYPE,
      "samples[0].type: \"counter\" is not a meter type" },
    { ONE ("{" CPU ",\"value\":null}"), HM_REFUSED_BAD_TYPE, "samples[0].value: null is not" },
    { ONE ("{" CPU ",\"value\":true}"), HM_REFUSED_BAD_TYPE, "samples[0].value: true is not" },
    { ONE ("{" CPU ",\"value\":[1]}"), HM_REFUSED_BAD_TYPE, "samples[0].value: an array is not" },
    { ONE ("{" CPU ",\"value\":1.0}"), HM_REFUSED_BAD_TYPE, "samples[0].value: 1.0 is not a u64" },
    { ONE ("{" CPU ",\"value\":1e3}"), HM_REFUSED_BAD_TYPE, "samples[0].value: 1e3 is not a u64" },
    { ONE ("{" CPU ",\"value\":\"\"}"), HM_REFUSED_BAD_TYPE, "samples[0].value: \"\" is not a u64" },
    { ONE ("{" CPU ",\"value\":\"12 \"}"), HM_REFUSED_BAD_TYPE, "samples[0].value: \"12 \" is not a u64" },
    { ONE ("{" CPU ",\"value\":\"0x1\"}"), HM_REFUSED_BAD_TYPE, "is not a u64" },
    { ONE ("{" FOREIGN ",\"value\":\"1.5\"}"), HM_REFUSED_BAD_TYPE, "is not a finite number" },
    { ONE ("{\"meter\":\"load\",\"type\":\"gauge\",\"unit\":\"count\",\"value\":\"1\"}"), HM_REFUSED_BAD_TYPE,
      "is not a finite number" },
    { ONE ("{" CPU ",\"value\":1,\"device\":5}"), HM_REFUSED_BAD_TYPE, "samples[0].device: 5 is not a text" },
    { ONE ("{" CPU ",\"value\":1,\"attrs\":[]}"), HM_REFUSED_BAD_TYPE, "samples[0].attrs: an array is not" },
    { ONE ("{" CPU ",\"value\":1,\"attrs\":{\"k\":1}}"), HM_REFUSED_BAD_TYPE,
      "samples[0].attrs.k: 1 is not a text" },
    { ONE ("{" CPU ",\"value\":1,\"attrs\":{\"k\":{}}}"), HM_REFUSED_BAD_TYPE,
      "samples[0].attrs.k: an object is not a text" },
    { ONE ("{" CPU ",\"value\":1,\"attrs\":{\"k\":null}}"), HM_REFUSED_BAD_TYPE,
      "attrs.k: null is not a text" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_members_of_another_kind (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { SAMPLES ",\"agent\":[]}", HM_REFUSED_BAD_JSON, "agent: a key twice" },
    { "{\"schema\":\"hypermeter.samples/1\",\"agent\":\"a\"}", HM_REFUSED_BAD_TYPE,
      "agent: \"a\" is not an object" },
    { "{\"schema\":\"hypermeter.samples/1\",\"time\":0}", HM_REFUSED_BAD_TYPE,
      "time: 0 is not an RFC 3339 time" },
    { "{\"schema\":\"hypermeter.samples/1\",\"time\":\"today\"}", HM_REFUSED_BAD_TYPE,
      "time: \"today\" is not" },
    { "{\"schema\":\"hypermeter.samples/1\",\"time\":\"1969-12-31T23:59:59Z\"}", HM_REFUSED_BAD_TYPE,
      "1970" },
    { SAMPLES ",\"read_ns\":1.5}", HM_REFUSED_BAD_TYPE, "read_ns: 1.5 is not an i64 from 0" },
    { SAMPLES ",\"clock\":{\"synced\":\"true\"}}", HM_REFUSED_BAD_TYPE,
      "clock.synced: \"true\" is not true or false" },
    { SAMPLES ",\"clock\":{\"synced\":1}}", HM_REFUSED_BAD_TYPE, "clock.synced: 1 is not true or false" },
    { LIFE ",\"description\":\"x\"}", HM_REFUSED_BAD_TYPE, "description: \"x\" is not an object of texts" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_samples_that_differ_from_their_meter (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { ONE ("{\"meter\":\"cpu\",\"type\":\"gauge\",\"unit\":\"ns\",\"value\":1}"), HM_REFUSED_BAD_TYPE,
      "samples[0].type: gauge, but cpu is cumulative" },
    { ONE ("{\"value\":1,\"unit\":\"us\",\"type\":\"cumulative\",\"meter\":\"cpu\"}"), HM_REFUSED_BAD_TYPE,
      "samples[0].unit: not ns, which is the unit of cpu" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_numbers_that_do_not_fit (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { ONE ("{" CPU ",\"value\":-1}"), HM_REFUSED_OUT_OF_RANGE, "samples[0].value: -1 is not a u64" },
    { ONE ("{" CPU ",\"value\":18446744073709551616}"), HM_REFUSED_OUT_OF_RANGE,
      "samples[0].value: 18446744073709551616 is not a u64" },
    { ONE ("{" CPU ",\"value\":\"18446744073709551616\"}"), HM_REFUSED_OUT_OF_RANGE, "is not a u64" },
    { ONE ("{" FOREIGN ",\"value\":18446744073709551616}"), HM_REFUSED_OUT_OF_RANGE, "is not a u64" },
    { ONE ("{" FOREIGN ",\"value\":-9223372036854775809}"), HM_REFUSED_OUT_OF_RANGE, "is not an i64" },
    { ONE ("{" FOREIGN ",\"value\":1e400}"), HM_REFUSED_OUT_OF_RANGE, "is not a finite number" },
    { ONE ("{\"meter\":\"balance\",\"type\":\"gauge\",\"unit\":\"count\",\"value\":9223372036854775808}"),
      HM_REFUSED_OUT_OF_RANGE, "is not an i64" },
    { SAMPLES ",\"read_ns\":-1}", HM_REFUSED_OUT_OF_RANGE, "read_ns: -1 is not an i64 from 0" },
    { SAMPLES ",\"read_ns\":9223372036854775808}", HM_REFUSED_OUT_OF_RANGE, "read_ns" },
    { "{\"schema\":\"hypermeter.samples/1\",\"seq\":0}", HM_REFUSED_OUT_OF_RANGE,
      "seq: 0 is not a u64 from 1" },
    { "{\"schema\":\"hypermeter.samples/1\",\"agent\":{\"cpus\":4294967296}}", HM_REFUSED_OUT_OF_RANGE,
      "agent.cpus: 4294967296 is not a u32" },
    { BEAT ",\"bins\":[{\"sum\":\"-1\"}]}", HM_REFUSED_OUT_OF_RANGE, "bins[0].sum: \"-1\" is not a u64" },
    { "{\"schema\":\"hypermeter.gap/1\"," FRAME
      ",\"to\":\"2026-11-21T01:00:00Z\",\"from\":\"2026-11-21T01:20:00Z\","
      "\"records\":1,\"resources\":1,\"reason\":\"x\"}",
      HM_REFUSED_OUT_OF_RANGE, "to: before from" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

static void
decoder_refuses_texts_that_cannot_be_what_they_say (void **state G_GNUC_UNUSED)
{
  static const Case cases[] = {
    { "{\"schema\":\"hypermeter.samples/1\",\"source\":\"\"}", HM_REFUSED_OUT_OF_RANGE,
      "source: \"\" is not a text of" },
    { "{\"schema\":\"hypermeter.samples/1\",\"resource\":{\"id\":\"\"}}", HM_REFUSED_OUT_OF_RANGE,
      "resource.id" },
    { "{\"schema\":\"hypermeter.samples/1\",\"resource\":{\"state\":\"flying\"}}", HM_REFUSED_OUT_OF_RANGE,
      "resource.state: \"flying\" is not a state" },
    { "{\"schema\":\"hypermeter.lifecycle/1\",\"event\":\"exploded\"}", HM_REFUSED_OUT_OF_RANGE,
      "event: \"exploded\" is not a lifecycle event" },
    { LIFE ",\"observed\":\"rumour\"}", HM_REFUSED_OUT_OF_RANGE,
      "observed: \"rumour\" is not event or comparison" },
    { ONE ("{\"meter\":\"Not A Meter\"}"), HM_REFUSED_OUT_OF_RANGE,
      "samples[0].meter: \"Not A Meter\" is not" },
    { ONE ("{\"meter\":\"foreign\",\"type\":\"gauge\",\"unit\":\"two words\",\"value\":1}"),
      HM_REFUSED_OUT_OF_RANGE, "samples[0].unit: not a unit's name" },
    { ONE ("{" CPU ",\"value\":1,\"attrs\":{\"\":\"x\"}}"), HM_REFUSED_OUT_OF_RANGE, "a key of 0 bytes" },
  };

  assert_all_refused (cases, G_N_ELEMENTS (cases));
}

/* -- sizes -- */

static void
assert_refused_string (GString *text, HmRefusal refusal, const char *detail)
{
  assert_refused (text->str, text->len, refusal, detail);
  g_string_free (text, TRUE);
}

/* @head, then @n times @piece with commas between, then @tail; a %u in @piece is the number of the piece. */
static GString *
repeat (const char *head, const char *piece, guint n, const char *tail)
{
  GString *text = g_string_new (head);
  g_auto (GStrv) halves = g_strsplit (piece, "%u", 2);

  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (text, "%s%s", i > 0 ? "," : "", halves[0]);
      if (halves[1] != NULL)
        g_string_append_printf (text, "%u%s", i, halves[1]);
    }
  g_string_append (text, tail);
  return text;
}

static void
decoder_refuses_more_bytes_than_a_record_has (void **state G_GNUC_UNUSED)
{
  GString *text = g_string_new (SAMPLES ",\"samples\":[]}");

  while (text->len < HM_RECORD_MAX)
    g_string_append_c (text, ' ');
  assert_taken (text->str);
  g_string_append_c (text, ' ');
  assert_refused_string (text, HM_REFUSED_TOO_LARGE, "1048577 bytes");
}

static void
decoder_refuses_texts_beyond_their_limit (void **state G_GNUC_UNUSED)
{
  g_autofree char *id = g_strnfill (HM_ID_MAX + 1, 'i');
  g_autofree char *value = g_strnfill (HM_ATTR_MAX + 1, 'v');
  GString *text = g_string_new (NULL);

  g_string_printf (text, "{\"schema\":\"hypermeter.samples/1\",\"source\":\"%s\"}", id);
  assert_refused (text->str, text->len, HM_REFUSED_TOO_LARGE, "source: \"iiii");
  g_string_printf (text, LIFE ",\"description\":{\"name\":\"%s\"}}", value);
  assert_refused (text->str, text->len, HM_REFUSED_TOO_LARGE, "description.name: a text of 4097 bytes");
  g_string_printf (text, LIFE ",\"description\":{\"%s\":\"x\"}}", id);
  assert_refused_string (text, HM_REFUSED_TOO_LARGE, "a key of 256 bytes");
  assert_refused_string (repeat (LIFE ",\"description\":{", "\"k%u\":\"\"", HM_ATTRS_MAX + 1, "}}"),
                         HM_REFUSED_TOO_LARGE, "more than 256 pairs");
}

static void
decoder_takes_texts_at_their_limit (void **state G_GNUC_UNUSED)
{
  g_autofree char *id = g_strnfill (HM_ID_MAX, 'i');
  g_autofree char *value = g_strnfill (HM_ATTR_MAX, 'v');
  g_autofree char *text = g_strdup_printf (
      ONE ("{" CPU ",\"value\":1,\"device\":\"%s\",\"attrs\":{\"%s\":\"%s\"}}"), id, id, value);
  GString *many = repeat (LIFE ",\"description\":{", "\"k%u\":\"\"", HM_ATTRS_MAX, "}}");

  assert_taken (text);
  assert_taken (many->str);
  g_string_free (many, TRUE);
}

static void
decoder_refuses_to_go_deeper_than_it_may (void **state G_GNUC_UNUSED)
{
  GString *text = g_string_new (SAMPLES ",\"unknown\":");

  g_string_append (text,
                   "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]],\"samples\":[]}"); /* the record is the first of 16 */
  assert_taken (text->str);
  g_string_assign (text, SAMPLES ",\"unknown\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],\"samples\":[]}");
  assert_refused (text->str, text->len, HM_REFUSED_BAD_JSON, "nested deeper than 16");
  g_string_assign (text, SAMPLES ",\"unknown\":");
  for (int i = 0; i < 100000; i++)
    g_string_append (text, "{\"a\":");
  assert_refused_string (text, HM_REFUSED_BAD_JSON, "nested deeper than 16");
}

static void
decoder_goes_on_after_a_refusal (void **state G_GNUC_UNUSED)
{
  static const char bad[] = ONE ("{" CPU ",\"value\":1},{" CPU ",\"value\":-1}");
  static const char good[] = ONE ("{" CPU ",\"value\":3}");
  g_autoptr (HmMeterTable) table = records_table ();
  g_autoptr (HmDecoder) decoder = hm_decoder_new (table);
  g_autoptr (HmDecoded) decoded = NULL;
  g_autofree char *detail = NULL;
  HmRefusal refusal;

  assert_null (hm_decoder_decode (decoder, bad, strlen (bad), &refusal, &detail));
  decoded = hm_decoder_decode (decoder, good, strlen (good), &refusal, &detail);
  assert_non_null (decoded);
  assert_int_equal (decoded->record.n_samples, 1);
  assert_true (decoded->record.samples[0].value.u64 == 3);
}

static void
refusal_names_are_those_of_dead_letters (void **state G_GNUC_UNUSED)
{
  static const char *const names[]
      = { "bad-json",     "bad-utf8",  "bad-schema",    "missing-field", "bad-type",
          "out-of-range", "too-large", "bad-signature", "wrong-agent",   "store-refused" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    assert_string_equal (hm_refusal_name (HM_REFUSED_BAD_JSON + (HmRefusal)i), names[i]);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (decoder_takes_what_the_cases_start_from),
    cmocka_unit_test (decoder_refuses_what_is_no_json),
    cmocka_unit_test (decoder_refuses_doubled_keys),
    cmocka_unit_test (decoder_refuses_bad_utf8_wherever_it_is),
    cmocka_unit_test (decoder_refuses_unknown_schemas_before_all_else),
    cmocka_unit_test (decoder_names_the_field_that_is_missing),
    cmocka_unit_test (decoder_refuses_lists_and_elements_of_another_kind),
    cmocka_unit_test (decoder_refuses_sample_members_of_another_kind),
    cmocka_unit_test (decoder_refuses_members_of_another_kind),
    cmocka_unit_test (decoder_refuses_samples_that_differ_from_their_meter),
    cmocka_unit_test (decoder_refuses_numbers_that_do_not_fit),
    cmocka_unit_test (decoder_refuses_texts_that_cannot_be_what_they_say),
    cmocka_unit_test (decoder_refuses_more_bytes_than_a_record_has),
    cmocka_unit_test (decoder_refuses_texts_beyond_their_limit),
    cmocka_unit_test (decoder_takes_texts_at_their_limit),
    cmocka_unit_test (decoder_refuses_to_go_deeper_than_it_may),
    cmocka_unit_test (decoder_goes_on_after_a_refusal),
    cmocka_unit_test (refusal_names_are_those_of_dead_letters),
  };

  return cmocka_run_group_tests_name ("decode_refusals", tests, NULL, NULL);
}
