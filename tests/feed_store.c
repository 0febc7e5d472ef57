/* SPDX-License-Identifier: Apache-2.0 */
/* feed_store: a collector without a bus, for tests/rows.sh.
 *
 * Messages as the bus would give them (partition, append time, key, headers, bytes) are verified, decoded and taken by the engine into a store opened by its
 * module. Then everything that was asked of the collector is answered. The store goes on where the last run left it.
 *
 * Usage: feed_store URL METERS KEYS [MESSAGES]    KEYS: a collector's keys-dir; signatures are required. Plugins come from HYPERMETER_PLUGIN_PATH
 *   MESSAGES  a line each: partition, append time in ns, key, ce_id, hm-signature, value, with tabs between them; a header that is empty is not there. An empty
 *             line ends what is taken in one go
 *
 * Prints what became of the messages. */
#include <stdlib.h>
#include <string.h>

#include "collector/engine/engine_requests.h"
#include "collector/pipeline/verify.h"
#include "metering/registry.h"

#define TOPIC      "hypermeter.samples"
#define HOUR       (3600 * HM_NSEC_PER_SEC)
#define PARTITIONS 64

enum
{
  FIELD_PARTITION,
  FIELD_APPENDED,
  FIELD_KEY,
  FIELD_CE_ID,
  FIELD_SIGNATURE,
  FIELD_VALUE,
  N_FIELDS,
};

typedef struct
{
  HmRegistry *registry;
  const HmStoreOps *ops;
  HmStore *store;
  HmMeterTable *meters;
  HmEngine *engine;
  HmDecoder *decoder;
  HmVerifier *verifier;
  gint64 next[PARTITIONS]; /* offset; -1: the store has not been asked */
  GPtrArray *arrivals;     /* (element-type HmArrival) not stored yet */
} Feed;

static void G_GNUC_NORETURN
give_up (const char *what, const GError *error)
{
  g_printerr ("feed_store: %s: %s\n", what, error != NULL ? error->message : "failed");
  exit (70);
}

/* -- opening -- */

/* (transfer full) */
static HmVerifier *
load_keys (const char *folder)
{
  static const HmOption table[] = {
    { .key = "signatures", .type = HM_OPTION_CHOICE, .choices = HM_SIGNATURE_POLICIES, .help = "x" },
    { .key = "keys-dir", .type = HM_OPTION_TEXT, .help = "x" },
    { .key = NULL },
  };
  g_autofree char *keys = g_strconcat ("collector.keys-dir=", folder, NULL);
  const char *const overrides[] = { "collector.signatures=require", keys, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (HmSettings) settings = hm_settings_load (NULL, FALSE, overrides, &error);
  g_autoptr (HmOptions) options = NULL;
  g_autoptr (HmVerifyChoices) choices = NULL;
  HmVerifier *verifier = NULL;

  if (settings != NULL)
    options = hm_settings_section (settings, "collector", table, &error);
  if (options != NULL)
    choices = hm_verify_choices_new (settings, options, "feed_store", &error);
  if (choices != NULL)
    verifier = hm_verifier_new (choices, &error);
  if (verifier == NULL)
    give_up (folder, error);
  return verifier;
}

static void
open_all (Feed *feed, const char *url, const char *meters, const char *keys)
{
  static const char *const namespaces[] = { HM_NS_STORE, NULL };
  const HmEngineSettings settings = { .grain_ns = HOUR,
                                      .hold_intervals = 3,
                                      .fallback_interval_ns = 60 * HM_NSEC_PER_SEC,
                                      .cache_bytes = 1 << 20,
                                      .close = { .grace_ns = HOUR, .holder = "feed" } };
  g_autofree char *scheme = hm_store_scheme (url);
  g_autoptr (GError) error = NULL;
  const HmRegistered *found;

  feed->registry = hm_registry_new ();
  hm_registry_scan_path (feed->registry, NULL, namespaces);
  found = scheme != NULL ? hm_registry_find (feed->registry, HM_NS_STORE, scheme) : NULL;
  if (found == NULL)
    give_up (url, NULL);
  feed->ops = found->plugin->store;
  feed->meters = hm_meter_table_new ();
  if (!hm_meter_table_load (feed->meters, meters, &error)
      || (feed->store = feed->ops->open (url, HM_STORE_WRITE, settings.grain_ns, &error)) == NULL
      || (feed->engine = hm_engine_new (feed->ops, feed->store, feed->meters, &settings, &error)) == NULL)
    give_up (url, error);
  feed->decoder = hm_decoder_new (feed->meters);
  feed->verifier = load_keys (keys);
  feed->arrivals = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_arrival_free);
  memset (feed->next, -1, sizeof feed->next);
}

static void
close_all (Feed *feed)
{
  g_ptr_array_unref (feed->arrivals);
  hm_engine_free (feed->engine);
  feed->ops->close (feed->store);
  hm_verifier_unref (feed->verifier);
  hm_decoder_free (feed->decoder);
  hm_meter_table_free (feed->meters);
  hm_registry_free (feed->registry);
}

/* -- messages -- */

static gint64
next_offset (Feed *feed, gint32 partition)
{
  g_autoptr (GError) error = NULL;
  gint64 *next = &feed->next[partition];

  if (*next < 0 && !hm_engine_offset (feed->engine, TOPIC, partition, 0, next, &error))
    give_up ("asking for an offset", error);
  return (*next)++;
}

static void
take_header (HmArrival *arrival, const char *name, const char *value)
{
  if (*value != '\0')
    hm_arrival_take_header (arrival, name, value, strlen (value));
}

static void
arrive (Feed *feed, const char *line)
{
  char **fields = g_strsplit (line, "\t", N_FIELDS);
  HmArrival *arrival = hm_arrival_new ();
  gint64 partition;

  if (g_strv_length (fields) != N_FIELDS)
    give_up (line, NULL);
  partition = g_ascii_strtoll (fields[FIELD_PARTITION], NULL, 10);
  if (partition < 0 || partition >= PARTITIONS)
    give_up (line, NULL);
  arrival->topic = TOPIC;
  arrival->partition = (gint32)partition;
  arrival->offset = arrival->expected = next_offset (feed, arrival->partition);
  arrival->appended = arrival->received = g_ascii_strtoll (fields[FIELD_APPENDED], NULL, 10);
  arrival->by_broker = TRUE;
  arrival->key = fields[FIELD_KEY];
  arrival->key_length = strlen (fields[FIELD_KEY]);
  take_header (arrival, "ce_id", fields[FIELD_CE_ID]);
  take_header (arrival, "hm-signature", fields[FIELD_SIGNATURE]);
  arrival->value = fields[FIELD_VALUE];
  arrival->length = strlen (fields[FIELD_VALUE]);
  arrival->owner = fields;
  arrival->release = (GDestroyNotify)g_strfreev;
  hm_arrival_decode (arrival, feed->decoder, feed->meters, feed->verifier);
  g_ptr_array_add (feed->arrivals, arrival);
}

static void
take (Feed *feed)
{
  g_autoptr (GError) error = NULL;
  gboolean owned = FALSE;

  if (feed->arrivals->len == 0)
    return;
  if (!hm_engine_take (feed->engine, (HmArrival *const *)feed->arrivals->pdata, feed->arrivals->len, &owned,
                       &error)
      || !owned)
    give_up ("storing", error);
  g_ptr_array_set_size (feed->arrivals, 0);
}

static void
take_file (Feed *feed, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    give_up (path, error);
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0')
      arrive (feed, *line);
    else
      take (feed);
  take (feed);
}

/* -- what is asked -- */

static void
answer (Feed *feed)
{
  g_autoptr (GError) error = NULL;
  gboolean more = TRUE;

  while (more)
    if (!hm_engine_answer_requests (feed->engine, feed->verifier, 10, &more, &error))
      give_up ("answering", error);
}

static void
tell (const Feed *feed)
{
  HmEngineCounts counts;

  hm_engine_counts (feed->engine, &counts);
  g_print ("records=%" G_GUINT64_FORMAT " verified=%" G_GUINT64_FORMAT " repeated=%" G_GUINT64_FORMAT
           " dead_letters=%" G_GUINT64_FORMAT "\n",
           counts.records, counts.verified, counts.duplicates, counts.dead_letters);
}

int
main (int argc, char **argv)
{
  Feed feed = { 0 };

  if (argc != 4 && argc != 5)
    {
      g_printerr ("usage: feed_store URL METERS KEYS [MESSAGES]\n");
      return 64;
    }
  open_all (&feed, argv[1], argv[2], argv[3]);
  if (argc == 5)
    take_file (&feed, argv[4]);
  answer (&feed);
  tell (&feed);
  close_all (&feed);
  return 0;
}
