/* SPDX-License-Identifier: Apache-2.0 */
/* split: see split.h. What is too large is halved until it is not: how long a sample is in bytes nobody knows before it is written, and
 * records that need this are so rare that writing one several times costs nothing. */
#include "agent/pipeline/split.h"

#include "metering/error.h"

/* Of each part of hm_split_name()'s answer: what is too large may be so by its name. */
#define NAME_BYTES 64

typedef struct
{
  HmEncoder *encoder;
  gsize max_bytes;
  guint64 number;
  const HmSplitter *splitter;
} Split;

static gboolean
refuse (const Split *split, const HmRecord *part, gsize bytes, GError **error)
{
  if (part->kind == HM_RECORD_SAMPLES && part->n_samples == 1)
    {
      split->splitter->refused (part, bytes, split->splitter->user);
      return TRUE;
    }
  g_set_error (error, HM_ERROR, HM_ERROR_DATA,
               "record of %s: %" G_GSIZE_FORMAT " bytes without a sample are more than the %" G_GSIZE_FORMAT
               " of a record",
               part->resource.id, bytes, split->max_bytes);
  return FALSE;
}

/* What a samples record does not say is not written of it, so the event's fields may stay. */
static HmRecord
samples_of (const HmRecord *record, guint n)
{
  HmRecord part = *record;

  part.kind = HM_RECORD_SAMPLES;
  part.n_samples = n;
  return part;
}

static HmRecord
rest_of (const HmRecord *record, guint n)
{
  HmRecord part = *record;

  part.samples += n;
  part.n_samples -= n;
  return part;
}

/* A lifecycle record may be left without any sample, a samples record is not. */
static gboolean
is_divisible (const HmRecord *record)
{
  return record->n_samples > (record->kind == HM_RECORD_LIFECYCLE ? 0 : 1);
}

static gboolean
put (Split *split, HmRecord part, GError **error)
{
  gsize length;
  const char *text;
  HmRecord first, rest;

  part.seq = split->number + 1;
  text = hm_encoder_print (split->encoder, &part, &length, error);
  if (text == NULL)
    return FALSE;
  if (length <= split->max_bytes)
    {
      split->number++;
      split->splitter->part (&part, g_bytes_new (text, length), split->splitter->user);
      return TRUE;
    }
  if (!is_divisible (&part))
    return refuse (split, &part, length, error);
  first = samples_of (&part, (part.n_samples + 1) / 2);
  rest = rest_of (&part, first.n_samples);
  return put (split, first, error) && put (split, rest, error);
}

gboolean
hm_split (HmEncoder *encoder, const HmRecord *record, gsize max_bytes, guint64 *number,
          const HmSplitter *splitter, GError **error)
{
  Split split = { encoder, MIN (max_bytes, HM_RECORD_MAX), *number, splitter };

  if (!put (&split, *record, error))
    return FALSE;
  *number = split.number;
  return TRUE;
}

char *
hm_split_name (const HmRecord *part)
{
  const HmSample *sample = &part->samples[0];
  g_autofree char *meter = hm_text_clean (sample->meter, NAME_BYTES, NULL);
  g_autofree char *resource = hm_text_clean (part->resource.id, NAME_BYTES, NULL);
  g_autofree char *device = NULL;

  if (sample->device == NULL)
    return g_strdup_printf ("sample %s of %s", meter, resource);
  device = hm_text_clean (sample->device, NAME_BYTES, NULL);
  return g_strdup_printf ("sample %s of %s of %s", meter, device, resource);
}
