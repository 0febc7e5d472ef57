/* SPDX-License-Identifier: Apache-2.0 */
/* decode: what a record on the wire looks like, as tables. Private to the library.
 *
 * A shape is an object and its members; a member says of what kind its value is and where in the C struct it
 * goes. decode.c walks a document along the shapes that decode_shapes.c holds; decode_values.c judges and
 * stores what it finds there, and knows the shipped meters. */
#pragma once

#include "metering/codec.h"

G_BEGIN_DECLS

typedef enum
{
  HM_MEMBER_SCHEMA,     /* one of the four; decides what else is mandatory */
  HM_MEMBER_ID,         /* text of 1 to HM_ID_MAX bytes */
  HM_MEMBER_TEXT,       /* text of 0 to HM_ID_MAX bytes */
  HM_MEMBER_TIME,       /* RFC 3339 */
  HM_MEMBER_STATE,      /* HmState by name */
  HM_MEMBER_EVENT,      /* a lifecycle event by name */
  HM_MEMBER_OBSERVED,   /* event, comparison */
  HM_MEMBER_METER,      /* looked up among the known meters */
  HM_MEMBER_METER_TYPE, /* HmMeterType by name */
  HM_MEMBER_VALUE,      /* kept as it stands until the sample ends: its type is the meter's */
  HM_MEMBER_COUNT,      /* guint64 */
  HM_MEMBER_ORDINAL,    /* guint64, not zero */
  HM_MEMBER_SPAN,       /* gint64, not negative */
  HM_MEMBER_COUNT32,    /* guint32 */
  HM_MEMBER_FLAG,       /* boolean */
  HM_MEMBER_OBJECT,     /* of .shape */
  HM_MEMBER_LIST,       /* of objects of .shape */
  HM_MEMBER_PAIRS,      /* an object of texts */
} HmMemberKind;

typedef struct HmShape HmShape;

typedef struct
{
  const char *name;
  guint8 length; /* of the name */
  HmMemberKind kind;
  guint16 offset; /* in HmRecord, HmSample or HmBinCount */
  const HmShape *shape;
} HmMember;

struct HmShape
{
  const HmMember *members;
  guint n_members;  /* at most 32 */
  guint32 required; /* bit i: member i must be there */
};

extern G_GNUC_INTERNAL const HmShape hm_shape_record, hm_shape_sample, hm_shape_bin;

/* The members of hm_shape_record that a record of @kind must have besides hm_shape_record.required. */
G_GNUC_INTERNAL guint32 hm_shape_required (HmRecordKind kind);

/* A text or number as it stands in the document; a text is NUL-terminated. Small enough to be passed by value
 * in registers, which is worth a tenth of the decoder's time. */
typedef struct
{
  char *text;
  guint32 length;
  gboolean quoted;
} HmScalar;

/* Judges @scalar by @member's kind and stores it at @base + offset; text is not copied. Not for containers
 * and the kinds SCHEMA, METER, VALUE and FLAG. */
G_GNUC_INTERNAL HmRefusal hm_member_store (const HmMember *member, gpointer base, HmScalar scalar);

/* What a value of that member has to be, to end the sentence "… is not …". */
G_GNUC_INTERNAL const char *hm_member_expects (const HmMember *member);

/* @scalar as a value of @type, or of the type that its own form says where @type is NULL. *@ret_expected is
 * always set: what a value of that type is, to end the same sentence. */
G_GNUC_INTERNAL HmRefusal hm_scalar_to_value (HmScalar scalar, const HmValueType *type, HmValue *ret_value,
                                              const char **ret_expected);

/* The shipped meters by name, in a form that is quick to ask with text that ends anywhere. */
typedef struct HmMeterIndex HmMeterIndex;
G_GNUC_INTERNAL HmMeterIndex *hm_meter_index_new (const HmMeterTable *meters);
G_GNUC_INTERNAL void hm_meter_index_free (HmMeterIndex *index);
G_GNUC_INTERNAL const HmMeter *hm_meter_index_find (const HmMeterIndex *index, const char *name,
                                                    gsize length);

G_END_DECLS
