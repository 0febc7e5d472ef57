/* SPDX-License-Identifier: Apache-2.0 */
/* decode: the bytes of a record, judged and taken apart.
 *
 * The collector's decode thread calls it for each record (one that it cannot verify too, to say so by name);
 * commands call it for raw rows. The walk over the text is decode_walk.c; here are its begin and its end: the
 * record with all its memory in two pieces, the text and the rows. */
#include "metering/codec.h"

#include <string.h>

#include "metering/decode_walk.h"

#define DETAIL_MAX 200

struct HmDecoder
{
  HmWalk walk;
};

const char *
hm_refusal_name (HmRefusal refusal)
{
  static const char *const names[] = {
    [HM_REFUSED_NOT] = "not-refused",
    [HM_REFUSED_BAD_JSON] = "bad-json",
    [HM_REFUSED_BAD_UTF8] = "bad-utf8",
    [HM_REFUSED_BAD_SCHEMA] = "bad-schema",
    [HM_REFUSED_MISSING_FIELD] = "missing-field",
    [HM_REFUSED_BAD_TYPE] = "bad-type",
    [HM_REFUSED_OUT_OF_RANGE] = "out-of-range",
    [HM_REFUSED_TOO_LARGE] = "too-large",
    [HM_REFUSED_BAD_SIGNATURE] = "bad-signature",
    [HM_REFUSED_WRONG_AGENT] = "wrong-agent",
    [HM_REFUSED_STORE] = "store-refused",
  };

  g_return_val_if_fail ((guint)refusal < G_N_ELEMENTS (names), NULL);
  return names[refusal];
}

HmDecoder *
hm_decoder_new (const HmMeterTable *meters)
{
  HmDecoder *decoder = g_new0 (HmDecoder, 1);

  decoder->walk.meters = hm_meter_index_new (meters);
  decoder->walk.samples = g_array_new (FALSE, FALSE, sizeof (HmSample));
  decoder->walk.bins = g_array_new (FALSE, FALSE, sizeof (HmBinCount));
  decoder->walk.attrs = g_array_new (FALSE, FALSE, sizeof (HmAttr));
  decoder->walk.description = g_array_new (FALSE, FALSE, sizeof (HmAttr));
  return decoder;
}

void
hm_decoder_free (HmDecoder *decoder)
{
  if (decoder == NULL)
    return;
  hm_meter_index_free (decoder->walk.meters);
  g_array_unref (decoder->walk.samples);
  g_array_unref (decoder->walk.bins);
  g_array_unref (decoder->walk.attrs);
  g_array_unref (decoder->walk.description);
  g_free (decoder->walk.detail);
  g_free (decoder);
}

void
hm_decoded_free (HmDecoded *decoded)
{
  if (decoded == NULL)
    return;
  g_clear_pointer (&decoded->text, g_string_chunk_free);
  g_free (decoded->rows);
  g_free (decoded);
}

static HmDecoded *
new_decoded (const char *bytes, gsize length)
{
  HmDecoded *decoded = g_malloc (sizeof (HmDecoded) + length + 1);

  hm_record_init (&decoded->record, HM_RECORD_SAMPLES);
  decoded->text = NULL;
  decoded->rows = NULL;
  if (length > 0)
    memcpy (decoded->document, bytes, length);
  decoded->document[length] = '\0';
  return decoded;
}

/* -- rows -- */

static gsize
rows_size (const GArray *rows)
{
  return rows->len * g_array_get_element_size ((GArray *)(guintptr)rows);
}

/* Moves @rows to @at; returns where the next ones go. All of them are multiples of a pointer in size. */
static char *
move_rows (const GArray *rows, char *at)
{
  gsize size = rows_size (rows);

  if (size > 0)
    memcpy (at, rows->data, size);
  return at + size;
}

/* Attrs lie in the order of the samples that they belong to. */
static void
hand_out_attrs (HmSample *samples, guint n, const HmAttr *attrs)
{
  for (guint i = 0; i < n; i++)
    if (samples[i].n_attrs > 0)
      {
        samples[i].attrs = attrs;
        attrs += samples[i].n_attrs;
      }
}

/* What another kind of record has is unknown to this one, and unknown fields are ignored. */
static void
drop_foreign_rows (HmWalk *walk, HmRecord *record)
{
  if (record->kind == HM_RECORD_GAP || record->kind == HM_RECORD_HEARTBEAT)
    g_array_set_size (walk->samples, 0);
  if (record->kind != HM_RECORD_HEARTBEAT)
    g_array_set_size (walk->bins, 0);
  if (record->kind != HM_RECORD_LIFECYCLE)
    g_array_set_size (walk->description, 0);
}

static void
take_rows (HmWalk *walk, HmDecoded *out)
{
  HmRecord *record = &out->record;
  char *samples, *bins, *description, *attrs;

  drop_foreign_rows (walk, record);
  out->rows = g_malloc (rows_size (walk->samples) + rows_size (walk->bins) + rows_size (walk->description)
                        + rows_size (walk->attrs) + 1);
  samples = out->rows;
  bins = move_rows (walk->samples, samples);
  description = move_rows (walk->bins, bins);
  attrs = move_rows (walk->description, description);
  move_rows (walk->attrs, attrs);

  record->n_samples = walk->samples->len;
  record->n_bins = walk->bins->len;
  record->n_description = walk->description->len;
  record->samples = record->n_samples > 0 ? (const HmSample *)samples : NULL;
  record->bins = record->n_bins > 0 ? (const HmBinCount *)bins : NULL;
  record->description = record->n_description > 0 ? (const HmAttr *)description : NULL;
  hand_out_attrs ((HmSample *)samples, record->n_samples, (const HmAttr *)attrs);
}

/* -- decoding -- */

/* @detail is consumed. */
static HmDecoded *
refuse (HmRefusal refusal, char *detail, HmRefusal *ret_refusal, char **ret_detail)
{
  *ret_refusal = refusal;
  *ret_detail = detail;
  if (strlen (detail) > DETAIL_MAX)
    detail[DETAIL_MAX] = '\0';
  return NULL;
}

HmDecoded *
hm_decoder_decode (HmDecoder *decoder, const char *bytes, gsize length, HmRefusal *ret_refusal,
                   char **ret_detail)
{
  HmWalk *walk = &decoder->walk;
  g_autoptr (HmDecoded) out = NULL;

  if (length > HM_RECORD_MAX)
    return refuse (HM_REFUSED_TOO_LARGE,
                   g_strdup_printf ("%" G_GSIZE_FORMAT " bytes, more than %d", length, HM_RECORD_MAX),
                   ret_refusal, ret_detail);
  out = new_decoded (bytes, length);
  if (!hm_walk_run (walk, out, length))
    return refuse (walk->refusal, g_steal_pointer (&walk->detail), ret_refusal, ret_detail);
  take_rows (walk, out);
  return g_steal_pointer (&out);
}
