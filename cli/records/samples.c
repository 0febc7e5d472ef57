/* SPDX-License-Identifier: Apache-2.0 */
/* samples: `hypermeter samples`. The raw records behind the figures, a row per sample, values digit by digit;
 * with
 * --records the records' exact bytes, one a line, and what they were signed with. */
#include "cli/records/samples.h"

#include "metering/codec.h"
#include "metering/count.h"

#include <string.h>

static const HmColumn sample_columns[] = {
  { "time", HM_COLUMN_TIME },
  { "resource", HM_COLUMN_TEXT },
  { "project", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "meter", HM_COLUMN_TEXT },
  { "device", HM_COLUMN_TEXT },
  { "type", HM_COLUMN_TEXT },
  { "value", HM_COLUMN_NUMBER },
  { "unit", HM_COLUMN_TEXT },
  { "agent", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "agent_epoch", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "seq", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "topic", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "partition", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "offset", HM_COLUMN_COUNT, .machine_only = TRUE },
};

typedef struct
{
  HmReading reading;
  GPatternSpec *glob;
  HmDecoder *decoder;
  HmOutput *output;
  guint64 unreadable;
} Samples;

static gboolean
show_sample (Samples *samples, const HmRawRow *row, const HmRecord *record, const HmSample *sample)
{
  char time[HM_TIME_TEXT_MAX], value[HM_NUMBER_MAX];
  g_autofree char *seq = g_strdup_printf ("%" G_GUINT64_FORMAT, row->seq);
  g_autofree char *partition = g_strdup_printf ("%d", row->partition);
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, row->offset);

  hm_value_print (sample->value, value);
  return hm_output_row (samples->output,
                        (const char *[]){ hm_moment_print (row->time, time), row->resource,
                                          record->resource.project, sample->meter, sample->device,
                                          hm_meter_type_name (sample->type), value, sample->unit, row->agent,
                                          row->epoch, seq, row->topic, partition, offset });
}

static gboolean
show_record (const HmRawRow *row, gpointer user)
{
  Samples *samples = user;
  gboolean whole = row->value != NULL;
  const char *bytes = whole ? row->value : row->redacted;
  HmRefusal refusal;
  g_autofree char *detail = NULL;
  g_autoptr (HmDecoded) decoded = NULL;

  if (bytes == NULL) /* erased, and nothing is left; what proves is still there, see --records */
    return TRUE;
  decoded = hm_decoder_decode (samples->decoder, bytes, whole ? row->length : row->redacted_length, &refusal,
                               &detail);
  if (decoded == NULL)
    {
      samples->unreadable++;
      return TRUE;
    }
  for (guint i = 0; i < decoded->record.n_samples; i++)
    {
      const HmSample *sample = &decoded->record.samples[i];

      if (samples->glob != NULL && !g_pattern_spec_match_string (samples->glob, sample->meter))
        continue;
      if (!show_sample (samples, row, &decoded->record, sample))
        return FALSE;
    }
  return TRUE;
}

static const HmColumn record_columns[] = {
  { "time", HM_COLUMN_TIME },
  { "schema", HM_COLUMN_TEXT },
  { "resource", HM_COLUMN_TEXT },
  { "agent", HM_COLUMN_TEXT },
  { "agent_epoch", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "seq", HM_COLUMN_COUNT },
  { "topic", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "partition", HM_COLUMN_COUNT },
  { "offset", HM_COLUMN_COUNT },
  { "signature", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "value", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "erased", HM_COLUMN_BOOL, .machine_only = TRUE }, /* `value` is gone; without names it was: */
  { "redacted", HM_COLUMN_TEXT, .machine_only = TRUE },
};

static gboolean
show_raw (const HmRawRow *row, gpointer user)
{
  Samples *samples = user;
  char time[HM_TIME_TEXT_MAX];
  g_autofree char *seq = g_strdup_printf ("%" G_GUINT64_FORMAT, row->seq);
  g_autofree char *partition = g_strdup_printf ("%d", row->partition);
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, row->offset);
  g_autofree char *value = row->value != NULL ? g_strndup (row->value, row->length) : NULL;
  g_autofree char *left = row->redacted != NULL ? g_strndup (row->redacted, row->redacted_length) : NULL;

  return hm_output_row (samples->output,
                        (const char *[]){ hm_moment_print (row->time, time), row->schema, row->resource,
                                          row->agent, row->epoch, seq, row->topic, partition, offset,
                                          row->signature, value, value == NULL ? "yes" : "no", left });
}

static gboolean
list (Samples *samples, gboolean records, GError **error)
{
  HmReading *r = &samples->reading;
  HmStoreFilter filter = r->filter;
  gboolean listed;

  filter.limit = 0; /* of samples, not of records */
  samples->decoder = hm_decoder_new (NULL);
  samples->output = records ? hm_reading_output (r, record_columns, G_N_ELEMENTS (record_columns))
                            : hm_reading_output (r, sample_columns, G_N_ELEMENTS (sample_columns));
  listed = r->ops->list_raw (r->store, &filter, records ? show_raw : show_record, samples, error);
  if (samples->unreadable > 0)
    {
      g_autofree char *unreadable = hm_count_print (samples->unreadable, "record");

      hm_warning ("%s could not be read", unreadable);
    }
  return hm_output_end (samples->output, listed, error);
}

/* What asks for two things at once. */
static const char *
refusal (const char *meter, gboolean records, gboolean verify, const char *keys)
{
  if (records && meter != NULL)
    return "--meter picks samples, and --records shows whole records";
  if (verify && (meter != NULL || records))
    return "--verify checks whole records, and shows neither samples nor bytes";
  return keys != NULL && !verify ? "--keys-dir: of --verify alone" : NULL;
}

static gboolean
check_asked (const char *wrong, GError **error)
{
  if (wrong != NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, wrong);
  return wrong == NULL;
}

static int
run (int argc, char **argv, GError **error)
{
  Samples samples = { 0 };
  g_autofree char *meter = NULL, *keys = NULL;
  gboolean records = FALSE, verify = FALSE, ok;
  guint64 wrong = 0;
  const GOptionEntry entries[]
      = { { "meter", 'm', 0, G_OPTION_ARG_STRING, &meter, "Only meters that match", "GLOB" },
          { "records", 0, 0, G_OPTION_ARG_NONE, &records, "Whole records with their exact bytes, not samples",
            NULL },
          { "verify", 0, 0, G_OPTION_ARG_NONE, &verify, "Check the signature of each record again", NULL },
          { "keys-dir", 0, 0, G_OPTION_ARG_FILENAME, &keys,
            "Folder of keys for --verify, as the collector's; default: that of --config", "DIR" },
          { NULL } };

  ok = hm_reading_open (&samples.reading, &hm_command_samples, entries, argc, argv, error)
       && check_asked (refusal (meter, records, verify, keys), error);
  if (ok && verify)
    ok = hm_samples_verify (&samples.reading, keys, &wrong, error);
  else if (ok)
    {
      samples.glob = meter != NULL ? g_pattern_spec_new (meter) : NULL;
      ok = list (&samples, records, error);
    }
  g_clear_pointer (&samples.glob, g_pattern_spec_free);
  g_clear_pointer (&samples.decoder, hm_decoder_free);
  hm_reading_clear (&samples.reading);
  return ok && wrong == 0 ? 0 : 1;
}

const HmCommand hm_command_samples = {
  "samples",
  "The raw records behind the figures",
  "Examples:\n"
  "  hypermeter samples --from -1h --meter 'cpu*'\n"
  "  hypermeter samples --resource 4f0c6a52-0000-4000-8000-000000000001 --records --output ndjson\n"
  "  hypermeter samples --verify --from yesterday\n"
  "\n"
  "Exit status: 0 done, 1 a signature is wrong, 64 wrong usage, 69 the store is not there,\n"
  "78 configuration.\n",
  HM_ASKS_PERIOD | HM_ASKS_OWNER | HM_ASKS_LIMIT,
  run,
};
