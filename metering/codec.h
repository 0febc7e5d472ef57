/* SPDX-License-Identifier: Apache-2.0 */
/* codec: records to wire bytes and back. Pure; an encoder or decoder belongs to one thread. */
#pragma once

#include "metering/record.h"

G_BEGIN_DECLS

typedef struct HmEncoder HmEncoder;

HmEncoder *hm_encoder_new (void);
void hm_encoder_free (HmEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmEncoder, hm_encoder_free)

/* The JSON text of @record. (transfer full) The buffer is reused inside, so this is cheap to call often.
 * HM_ERROR_DATA when the record cannot be written: not UTF-8, NaN, larger than HM_RECORD_MAX. */
GBytes *hm_encoder_encode (HmEncoder *encoder, const HmRecord *record, GError **error);

/* The same text however long it is, for a caller with a limit of its own. Valid until the encoder's next call. */
const char *hm_encoder_print (HmEncoder *encoder, const HmRecord *record, gsize *ret_length, GError **error);

/* Why a record was refused. The names are those of dead letters on the command line and in the store. */
typedef enum
{
  HM_REFUSED_NOT,
  HM_REFUSED_BAD_JSON,
  HM_REFUSED_BAD_UTF8,
  HM_REFUSED_BAD_SCHEMA,
  HM_REFUSED_MISSING_FIELD,
  HM_REFUSED_BAD_TYPE,
  HM_REFUSED_OUT_OF_RANGE,
  HM_REFUSED_TOO_LARGE,
  HM_REFUSED_BAD_SIGNATURE,
  HM_REFUSED_WRONG_AGENT,
  HM_REFUSED_STORE,
} HmRefusal;
#define HM_REFUSALS (HM_REFUSED_STORE + 1)

const char *hm_refusal_name (HmRefusal refusal); /* "missing-field" */

typedef struct HmDecoder HmDecoder;

/* @meters (nullable): what is known of shipped meters. Their samples' value type is the table's, and a sample
 * whose type or unit differs from it is refused as bad-type. A sample of a meter that is not in the table
 * takes U64 for a non-negative integer, I64 for a negative one, else DOUBLE. @meters must outlive the decoder. */
HmDecoder *hm_decoder_new (const HmMeterTable *meters);
void hm_decoder_free (HmDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmDecoder, hm_decoder_free)

/* A record and all its memory, in one piece with the text that it was decoded from. */
typedef struct
{
  HmRecord record;
  /* Private. */
  GStringChunk *text; /* (nullable) what was written with escapes */
  gpointer rows;      /* samples, bins, attrs and description */
  char document[];    /* a copy of the wire bytes, in which each text has got its NUL */
} HmDecoded;

/* Decodes @length bytes. On success the record owns its memory and is freed with hm_decoded_free().
 * On refusal returns NULL, sets *@ret_refusal and *@ret_detail (transfer full: one line for a person, names
 * the field, holds at most 200 bytes of printable ASCII). Both are untouched on success.
 * Checks, in this order where several fail:
 *   too-large      more than HM_RECORD_MAX bytes
 *   bad-utf8       bytes that are not UTF-8 (anywhere)
 *   bad-json       half a surrogate pair or a NUL in a text
 *   bad-schema     a schema that is not known, wherever in the record it stands
 * and then the first in the order of the text:
 *   bad-json       not JSON, not an object, deeper than 16 levels, a known key (or one of attrs or description)
 *                  twice in its object
 *   bad-type       a value of another kind than its field, null too; a meter type that is none; a table meter's
 *                  sample of another type or unit
 *   out-of-range   an integer that does not fit its field, a text that must not be empty, a state, event or
 *                  observation that is none, a foreign meter's name or unit that cannot be one
 *   too-large      an id or text of more than HM_ID_MAX bytes, an attribute of more than HM_ATTR_MAX, more samples
 *                  or bins than HM_RECORD_SAMPLES_MAX, more pairs than HM_ATTRS_MAX
 *   missing-field  when the object that lacks it ends
 * Integers of up to 64 bits are taken exactly, in number or in string form. Unknown fields are ignored. Meter
 * names are interned: HmSample.meter and .unit of one table meter are always the table's own pointers. */
HmDecoded *hm_decoder_decode (HmDecoder *decoder, const char *bytes, gsize length, HmRefusal *ret_refusal,
                              char **ret_detail);
void hm_decoded_free (HmDecoded *decoded);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmDecoded, hm_decoded_free)

G_END_DECLS
