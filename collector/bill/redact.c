/* SPDX-License-Identifier: Apache-2.0 */
/* redact: see redact.h. On the thread of whoever has the store. */
#include "collector/bill/redact.h"

#include "metering/error.h"

#include <string.h>

/* As many stored records as that are read at a time, and what more there is of the last one's grain. */
#define CHUNK 200

/* -- one record -- */

/* They are the operator's; an image's properties are whoever's who made it. */
static gboolean
is_kept (const char *key)
{
  return g_str_has_prefix (key, "flavor.") || strcmp (key, "image") == 0;
}

void
hm_redacted_init (HmRedacted *redacted, const HmRecord *record)
{
  HmRecord *left = &redacted->record;
  guint n = 0;

  *left = *record;
  left->description = redacted->description = g_new (HmAttr, record->n_description);
  left->samples = redacted->samples = g_memdup2 (record->samples, record->n_samples * sizeof (HmSample));
  for (guint i = 0; i < record->n_description; i++)
    if (is_kept (record->description[i].key))
      redacted->description[n++] = record->description[i];
  left->n_description = n;
  for (guint i = 0; i < record->n_samples;
       i++) /* nobody knows what a plugin says there, and nothing is counted by it */
    redacted->samples[i].n_attrs = 0;
}

void
hm_redacted_clear (HmRedacted *redacted)
{
  g_free (redacted->description);
  g_free (redacted->samples);
}

/* -- stored ones -- */

typedef struct
{
  HmDecoder *decoder;
  const HmRedactWish *wish;
  HmRedactVisit visit;
  gpointer user;
  guint read;
  HmTime grain; /* of the last one */
  gboolean over;
  GError *error; /* (nullable) */
} Reading;

static gboolean
is_wanted (const HmRedactWish *wish, const HmRecord *record)
{
  return (wish->project == NULL || g_strcmp0 (record->resource.project, wish->project) == 0)
         && (wish->user == NULL || g_strcmp0 (record->resource.user, wish->user) == 0);
}

static gboolean
read_row (const HmRawRow *row, gpointer user)
{
  Reading *reading = user;
  g_autofree char *detail = NULL;
  g_autoptr (HmDecoded) decoded = NULL;
  HmRefusal refusal;

  reading->read++;
  reading->grain = row->grain;
  if (!row->description || row->value == NULL)
    return TRUE;
  decoded = hm_decoder_decode (reading->decoder, row->value, row->length, &refusal, &detail);
  if (decoded == NULL)
    g_set_error (&reading->error, HM_ERROR, HM_ERROR_DATA,
                 "stored record %" G_GUINT64_FORMAT " of agent %s cannot be read: %s", row->seq, row->agent,
                 detail);
  else
    reading->over
        = !reading->visit (row, &decoded->record, is_wanted (reading->wish, &decoded->record), reading->user);
  return reading->error == NULL && !reading->over;
}

gboolean
hm_redact_each (const HmStoreOps *ops, HmStore *store, HmDecoder *decoder, const HmRedactWish *wish,
                HmRedactVisit visit, gpointer user, GError **error)
{
  Reading reading = { .decoder = decoder, .wish = wish, .visit = visit, .user = user };
  HmTime from = HM_TIME_UNKNOWN;

  do
    {
      reading.read = 0;
      if (!ops->raw_load (store, wish->source, wish->resource, from, CHUNK, read_row, &reading, error))
        return FALSE;
      from = reading.grain + 1;
    }
  while (reading.read >= CHUNK && reading.error == NULL && !reading.over);
  if (reading.error == NULL)
    return TRUE;
  g_propagate_error (error, reading.error);
  return FALSE;
}
