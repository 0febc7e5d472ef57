/* SPDX-License-Identifier: Apache-2.0 */
/* fold: one of the parts that the collector is held against: hm_fold() over records that are decoded already, into rows in memory.
 * Decoding is not timed, and is done a few thousand records at a time, so that memory holds them. Usage: fold METERS FILE (a record a line) */
#include "tests/bench/timing.h"

#include <string.h>

#include "collector/usage/fold.h"
#include "metering/codec.h"

#define BATCH 10000

/* A resource's rows of all grains; the one asked for is nearly always the last one made. */
typedef struct
{
  HmFoldOutput output; /* first: the fold hands it back */
  HmFoldState *state;
  GPtrArray *rows; /* (element-type HmBucket) */
} Resource;

typedef struct
{
  HmDecoder *decoder;
  HmFoldSettings settings;
  GHashTable *resources; /* (element-type utf8 Resource) */
  GPtrArray *decoded;    /* (element-type HmDecoded) */
  guint64 count;
  double wall, cpu;
} Bench;

static gboolean
is_row (const HmBucket *row, HmTime grain, const char *agent, const char *epoch, const char *project,
        const char *user, const char *flavor, HmState state)
{
  return row->grain == grain && row->state == state && strcmp (row->agent, agent) == 0
         && strcmp (row->epoch, epoch) == 0 && strcmp (row->project, project) == 0
         && strcmp (row->user, user) == 0 && strcmp (row->flavor, flavor) == 0;
}

static HmBucket *
give_row (HmFoldOutput *self, HmTime grain, const char *agent, const char *epoch, const char *project,
          const char *user, const char *flavor, HmState state)
{
  Resource *resource = (Resource *)(gpointer)self;
  HmBucket *row;

  for (guint i = resource->rows->len; i-- > 0;)
    if (is_row (resource->rows->pdata[i], grain, agent, epoch, project, user, flavor, state))
      return resource->rows->pdata[i];
  row = hm_bucket_new ();
  row->grain = grain;
  row->source = g_strdup ("");
  row->resource = g_strdup ("");
  row->agent = g_strdup (agent);
  row->epoch = g_strdup (epoch);
  row->project = g_strdup (project);
  row->user = g_strdup (user);
  row->flavor = g_strdup (flavor);
  row->state = state;
  g_ptr_array_add (resource->rows, row);
  return row;
}

static void
free_row (gpointer row)
{
  hm_bucket_free (row);
}

static void
free_resource (gpointer data)
{
  Resource *resource = data;

  hm_fold_state_free (resource->state);
  g_ptr_array_unref (resource->rows);
  g_free (resource);
}

static Resource *
find_resource (Bench *bench, const char *id)
{
  Resource *resource = g_hash_table_lookup (bench->resources, id);

  if (resource != NULL)
    return resource;
  resource = g_new0 (Resource, 1);
  resource->output.bucket = give_row;
  resource->state = hm_fold_state_new ();
  resource->rows = g_ptr_array_new_with_free_func (free_row);
  g_hash_table_insert (bench->resources, g_strdup (id), resource);
  return resource;
}

static void
fold_all (Bench *bench)
{
  double wall = seconds_of (CLOCK_MONOTONIC), cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);

  for (guint i = 0; i < bench->decoded->len; i++)
    {
      const HmRecord *record = &((const HmDecoded *)bench->decoded->pdata[i])->record;
      Resource *resource = find_resource (bench, record->resource.id);

      if (!hm_fold (resource->state, record, NULL, &bench->settings, &resource->output))
        g_error ("a record could not be folded");
    }
  bench->wall += seconds_of (CLOCK_MONOTONIC) - wall;
  bench->cpu += seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu;
  bench->count += bench->decoded->len;
  g_ptr_array_set_size (bench->decoded, 0);
}

static void
add_line (Bench *bench, const char *line, gsize length)
{
  g_autofree char *detail = NULL;
  HmRefusal refusal;
  HmDecoded *decoded = hm_decoder_decode (bench->decoder, line, length, &refusal, &detail);

  if (decoded == NULL)
    g_error ("a record was refused: %s", detail);
  g_ptr_array_add (bench->decoded, decoded);
  if (bench->decoded->len == BATCH)
    fold_all (bench);
}

static void
free_decoded (gpointer decoded)
{
  hm_decoded_free (decoded);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HmMeterTable) meters = hm_meter_table_new ();
  g_autofree char *bytes = NULL;
  gsize length;
  Bench bench = { 0 };

  if (argc != 3 || !hm_meter_table_load (meters, argv[1], &error)
      || !g_file_get_contents (argv[2], &bytes, &length, &error))
    return 64;
  bench.decoder = hm_decoder_new (meters);
  bench.settings
      = (HmFoldSettings){ G_GINT64_CONSTANT (3600) * HM_NSEC_PER_SEC, 3, 60 * HM_NSEC_PER_SEC, meters };
  bench.resources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_resource);
  bench.decoded = g_ptr_array_new_with_free_func (free_decoded);
  for (char *line = bytes, *end; (end = memchr (line, '\n', (gsize)(bytes + length - line))) != NULL;
       line = end + 1)
    add_line (&bench, line, (gsize)(end - line));
  fold_all (&bench);
  report ("fold", bench.wall, bench.cpu, bench.count);
  g_ptr_array_unref (bench.decoded);
  g_hash_table_unref (bench.resources);
  hm_decoder_free (bench.decoder);
  return 0;
}
