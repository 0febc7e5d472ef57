/* SPDX-License-Identifier: Apache-2.0 */
/* arrival: one message of the bus on its way through the collector.
 *
 * The source makes it, the decoding thread fills in what it says, the engine stores it. It is one thread's at
 * a time: whoever takes it out of a queue. It knows nothing of Kafka: what keeps its bytes alive is a pointer
 * and a function. */
#pragma once

#include "metering/codec.h"

G_BEGIN_DECLS

#define HM_PARTITION_NONE  (-1)
#define HM_GENERATION_NONE 0

typedef enum
{
  HM_ARRIVAL_STORED, /* the transaction that holds it, or its dead letter (`letter`), or that knew it already (`repeated`), is committed */
  HM_ARRIVAL_NOT_TAKEN, /* it is given up, and may come again */
} HmArrivalFate;

/* What the signature says, before anybody asks what follows from it. */
typedef enum
{
  HM_VERDICT_NONE, /* nobody looked: signatures are off for its source */
  HM_VERDICT_RIGHT,
  HM_VERDICT_UNSIGNED,
  HM_VERDICT_MALFORMED, /* no signature of any scheme */
  HM_VERDICT_LOST,      /* a dead letter whose headers were no good is replayed: what they said is not kept */
  HM_VERDICT_NO_ID,     /* signed, but there is no ce_id, which the signature is about */
  HM_VERDICT_UNKNOWN_KEY, /* or another scheme */
  HM_VERDICT_MISMATCH,
  HM_VERDICT_OUT_OF_TIME,  /* right, by a key whose time had not begun or was over */
  HM_VERDICT_OTHER_AGENT,  /* right, by another agent's key */
  HM_VERDICT_OTHER_SOURCE, /* right, by a key that is for another source alone */
  HM_VERDICTS
} HmVerdict;

typedef struct HmVerifier HmVerifier; /* collector/pipeline/verify.h */

typedef struct HmArrival
{
  /* where it comes from */
  const char *topic; /* outlives every arrival */
  gint32 partition;  /* HM_PARTITION_NONE: it came another way than over the bus, and moves no offset */
  gint64 offset;
  gint64
      expected; /* what the store's offset says before this one: `offset`, unless the bus has left some out */
  HmTime appended;    /* by the broker's clock; where that does not tell, `received` */
  gboolean by_broker; /* it does tell */
  HmTime received;
  guint64
      generation; /* of the assignment under which it was consumed; HM_GENERATION_NONE: of none, so none makes it void */

  /* what came */
  const void *key; /* (nullable) */
  gsize key_length;
  char *ce_id;           /* (nullable) these three are plain ASCII: hm_arrival_take_header() */
  char *signature;       /* (nullable) */
  char *ce_type;         /* (nullable) what other consumers go by; the schema inside decides */
  guint spoiled;         /* which headers are no good; headers.c's own */
  gboolean headers_lost; /* ce_id or hm-signature is one of them: it is not to be taken for unsigned */
  const void *value;
  gsize length;
  gsize header_bytes; /* of all headers, names too: they are in memory as long as the arrival is */
  gpointer owner;     /* (nullable) keeps key and value; given back with `release`, on any thread */
  GDestroyNotify release;

  /* what it says, once it is decoded */
  HmDecoded *decoded; /* NULL when it was refused */
  HmDecoded *said;    /* (nullable) what a refused one says all the same */
  HmRefusal refusal;  /* before it is decoded: a header is no good */
  char *detail;
  gboolean foreign;  /* holds a sample of a meter that the table does not know */
  HmVerdict verdict; /* of the bytes alone */
  gboolean verified; /* it is HM_VERDICT_RIGHT, and what was signed is this record's id */

  /* what the last attempt to store it made of it */
  gboolean repeated; /* nothing new: it was stored already */
  HmRefusal letter;  /* why it is a dead letter; HM_REFUSED_NOT: it is none */

  /* what becomes of it: called once, before it is freed, on any thread; (nullable). Who waits for the word sends the same again
   * where it does not come, so a dead letter of it is looked for by `offset`, too. */
  void (*told) (const struct HmArrival *arrival, HmArrivalFate fate, gpointer user);
  gpointer told_user;
} HmArrival;

HmArrival *hm_arrival_new (void);
void hm_arrival_free (HmArrival *arrival);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmArrival, hm_arrival_free)

/* Calls `told`, if nobody has; freeing it says HM_ARRIVAL_NOT_TAKEN. */
void hm_arrival_tell (HmArrival *arrival, HmArrivalFate fate);

/* Takes one header of the message, in the order in which they came; one that is of no interest only counts. A ce_id,
 * ce_type or hm-signature that is there twice, is longer than any can be or has bytes that none has refuses the arrival: nobody
 * can say what was meant. */
void hm_arrival_take_header (HmArrival *arrival, const char *name, gconstpointer value, gsize size);

/* What it keeps in memory, about: by this queues and chunks are bounded. */
static inline gsize
hm_arrival_weight (const HmArrival *arrival)
{
  gsize weight = arrival->length + arrival->key_length + arrival->header_bytes;

  if (arrival->decoded != NULL) /* the text once more, and the rows that came of it */
    weight += sizeof *arrival->decoded + arrival->length
              + arrival->decoded->record.n_samples * sizeof (HmSample)
              + arrival->decoded->record.n_bins * sizeof (HmBinCount)
              + arrival->decoded->record.n_description * sizeof (HmAttr);
  return weight;
}

/* Verifies (@verifier (nullable): signatures are not looked at), then decodes the value, and refuses as wrong-agent a record that
 * is another's than key and ce_id (where there is one) say. What was refused before stays so. @decoder belongs to the calling
 * thread; @meters is the table it was made with. */
void hm_arrival_decode (HmArrival *arrival, HmDecoder *decoder, const HmMeterTable *meters,
                        HmVerifier *verifier);

/* An agent's clock may be that much ahead of the bus's. */
#define HM_ARRIVAL_AHEAD_MAX_NS (300 * HM_NSEC_PER_SEC)

/* Whether a record says a time that had not come when it was appended. Such a one is kept, and not folded: all that follows it
 * would be late. Its own append time alone decides, so it is judged the same whenever it is looked at. */
static inline gboolean
hm_arrival_is_future (HmTime time, HmTime appended)
{
  return time > appended && (guint64)time - (guint64)appended > HM_ARRIVAL_AHEAD_MAX_NS;
}

/* Makes a dead letter of it, whatever it was before. @detail (transfer full) */
void hm_arrival_refuse (HmArrival *arrival, HmRefusal refusal, char *detail);

G_END_DECLS
