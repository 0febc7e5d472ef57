/* SPDX-License-Identifier: Apache-2.0 */
/* engine_history: see the header. Failing one of its steps fails the calling test. */
#include "tests/engine_history.h"

#include <string.h>

/* A table meter's sample that is no integer is refused by the decoder, which is not what is tested here. */
static guint
keep_integers (HmSample *samples, guint n)
{
  guint kept = 0;

  for (guint i = 0; i < n; i++)
    if (samples[i].value.type != HM_VALUE_DOUBLE)
      samples[kept++] = samples[i];
  return kept;
}

static void
free_bytes (gpointer bytes)
{
  g_bytes_unref (bytes);
}

static void
add_encoded (GPtrArray *encoded, HmEncoder *encoder, const HmRecord *from, const char *resource)
{
  HmSample samples[HISTORY_SAMPLES_MAX];
  HmRecord record = *from;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  memcpy (samples, from->samples, sizeof (HmSample) * from->n_samples);
  record.resource.id = resource;
  record.samples = samples;
  record.n_samples = keep_integers (samples, from->n_samples);
  record.clock = (HmClockStamp){ "boot", from->time - MORNING + DAY, TRUE, -1 };
  bytes = hm_encoder_encode (encoder, &record, &error);
  if (bytes == NULL)
    fail_msg ("%s", error->message);
  g_ptr_array_add (encoded, bytes);
}

GPtrArray *
engine_history_encode (GRand *rand, const char *const *resources, guint n_resources, guint n)
{
  GPtrArray *encoded = g_ptr_array_new_with_free_func (free_bytes);
  g_autoptr (HmEncoder) encoder = hm_encoder_new ();

  for (guint r = 0; r < n_resources; r++)
    {
      g_autoptr (KitHistory) history = kit_history_new (rand, n);

      for (guint i = 0; i < history->records->len; i++)
        add_encoded (encoded, encoder, g_ptr_array_index (history->records, i), resources[r]);
    }
  return encoded;
}

HmArrival *
engine_history_arrive (EngineKit *kit, GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  static const char before_id[] = "\"resource\":{\"id\":\"";
  const char *id = g_strstr_len (text, (gssize)length, before_id) + strlen (before_id);
  g_autofree char *key = g_strndup (id, strcspn (id, "\""));
  HmArrival *arrival = engine_kit_arrival_of_bytes (kit, key, text, length);

  if (arrival->decoded == NULL)
    fail_msg ("%s: %s", hm_refusal_name (arrival->refusal), arrival->detail);
  return arrival;
}

void
engine_history_shuffle (GRand *rand, GPtrArray *array, guint reach)
{
  for (guint i = array->len; i > 1; i--)
    {
      guint j = (guint)g_rand_int_range (rand, i > reach ? (gint32)(i - reach) : 0, (gint32)i);
      gpointer swapped = array->pdata[i - 1];

      array->pdata[i - 1] = array->pdata[j];
      array->pdata[j] = swapped;
    }
}
