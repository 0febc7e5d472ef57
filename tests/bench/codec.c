/* SPDX-License-Identifier: Apache-2.0 */
/* bench/codec: nanoseconds of CPU to encode, sign, verify and decode one record of 30 samples. Prints the
 * best of several rounds, as a machine that does other things beside makes them longer, never shorter. */
#include <time.h>

#include "metering/signature.h"
#include "tests/records.h"

#define ROUNDS    9
#define PER_ROUND 20000

static gint64
cpu_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64)now.tv_sec * HM_NSEC_PER_SEC + now.tv_nsec;
}

typedef struct
{
  HmRecord record;
  HmEncoder *encoder;
  HmDecoder *decoder;
  HmSigner *signer;
  const char *bytes;
  gsize length;
  char *id, *signature;
} Bench;

static void
encode (Bench *bench)
{
  g_bytes_unref (hm_encoder_encode (bench->encoder, &bench->record, NULL));
}

static void
make_id (Bench *bench)
{
  g_free (hm_record_id (&bench->record));
}

static void
sign (Bench *bench)
{
  g_free (hm_signer_sign (bench->signer, bench->record.resource.id, bench->id, bench->bytes, bench->length));
}

static void
read_json (Bench *bench)
{
  static const HmJsonHandler nothing;

  hm_json_read (bench->bytes, bench->length, &nothing, NULL, NULL);
}

static void
decode (Bench *bench)
{
  HmRefusal refusal;
  char *detail;

  hm_decoded_free (hm_decoder_decode (bench->decoder, bench->bytes, bench->length, &refusal, &detail));
}

static void
measure (Bench *bench, const char *name, void (*step) (Bench *bench))
{
  gint64 best = G_MAXINT64;

  for (int round = 0; round < ROUNDS; round++)
    {
      gint64 start = cpu_ns ();

      for (int i = 0; i < PER_ROUND; i++)
        step (bench);
      best = MIN (best, cpu_ns () - start);
    }
  g_print ("%-34s %6" G_GINT64_FORMAT " ns\n", name, best / PER_ROUND);
}

int
main (void)
{
  static const guint8 secret[32];
  g_autoptr (HmMeterTable) table = records_table ();
  g_autoptr (GBytes) value = NULL;
  Bench bench = { .encoder = hm_encoder_new (),
                  .decoder = hm_decoder_new (table),
                  .signer = hm_signer_new ("node-17-a", secret) };

  records_samples (&bench.record);
  value = hm_encoder_encode (bench.encoder, &bench.record, NULL);
  bench.bytes = g_bytes_get_data (value, &bench.length);
  bench.id = hm_record_id (&bench.record);
  g_print ("one record, %u samples, %" G_GSIZE_FORMAT " bytes; CPU time of one step\n",
           bench.record.n_samples, bench.length);
  measure (&bench, "encode", encode);
  measure (&bench, "id", make_id);
  measure (&bench, "sign", sign);
  measure (&bench, "decode", decode);
  measure (&bench, "  of which reading the JSON alone", read_json);
  g_free (bench.id);
  hm_encoder_free (bench.encoder);
  hm_decoder_free (bench.decoder);
  hm_signer_free (bench.signer);
  return 0;
}
