/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: see ledger.h. It reads records with the plain JSON parser, not with the codec that made them, and counts bins from what
 * arrived, not from what was stamped. */
#include "tests/fakes/ledger.h"

#include <string.h>

#include "metering/json.h"

#define FINDINGS_MAX 20

typedef struct
{
  char *id, *sha;
  char *epoch, *resource; /* NULL: its bytes were never seen */
  guint64 seq, position;
  guint64 says; /* that many are lost */
  gint64 bin;
  guint process; /* that made it, or first gave it */
  gboolean appended, taken, given, arrived, is_heartbeat;
  gboolean is_unnoted; /* it arrived, and nobody may know when the process has ended */
} Entry;

typedef struct
{
  guint64 known, perhaps; /* records of it that were on disk for sure; that may have been */
  guint64 sum;            /* of the known */
  guint closed;           /* times */
  guint64 said_records, said_sum;
} Bin;

typedef struct
{
  guint64 made, seen;
} Own;

struct Ledger
{
  GHashTable *entries; /* id → Entry */
  GPtrArray *untaken;  /* (element-type Entry) of this process */
  GPtrArray *unnoted;  /* likewise: that arrived */
  GHashTable *last;    /* resource → Entry that was first given last */
  GHashTable *bins;    /* "epoch/bin" → Bin */
  GHashTable *own;     /* epoch → Own */
  guint process;
  gboolean forgives_order, has_room;
  guint64 said;
  guint n_findings;
  GString *findings;
};

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  g_free (entry->id);
  g_free (entry->sha);
  g_free (entry->epoch);
  g_free (entry->resource);
  g_free (entry);
}

Ledger *
ledger_new (void)
{
  Ledger *ledger = g_new0 (Ledger, 1);

  ledger->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_entry);
  ledger->untaken = g_ptr_array_new ();
  ledger->unnoted = g_ptr_array_new ();
  ledger->last = g_hash_table_new (g_str_hash, g_str_equal);
  ledger->bins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ledger->own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ledger->findings = g_string_new (NULL);
  return ledger;
}

void
ledger_free (Ledger *ledger)
{
  if (ledger == NULL)
    return;
  g_hash_table_unref (ledger->own);
  g_hash_table_unref (ledger->bins);
  g_hash_table_unref (ledger->last);
  g_ptr_array_unref (ledger->untaken);
  g_ptr_array_unref (ledger->unnoted);
  g_hash_table_unref (ledger->entries);
  g_string_free (ledger->findings, TRUE);
  g_free (ledger);
}

static void G_GNUC_PRINTF (2, 3) find (Ledger *ledger, const char *format, ...)
{
  va_list args;

  if (++ledger->n_findings > FINDINGS_MAX)
    return;
  va_start (args, format);
  g_string_append_vprintf (ledger->findings, format, args);
  va_end (args);
  g_string_append_c (ledger->findings, '\n');
}

/* The entry of @id with these bytes, with another's bytes a finding. */
static Entry *
note (Ledger *ledger, const char *id, GBytes *value)
{
  Entry *entry = g_hash_table_lookup (ledger->entries, id);
  g_autofree char *sha = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, value);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->id = g_strdup (id);
      entry->sha = g_steal_pointer (&sha);
      entry->process = ledger->process;
      g_hash_table_insert (ledger->entries, entry->id, entry);
    }
  else if (!g_str_equal (entry->sha, sha))
    find (ledger, "%s has two contents", id);
  return entry;
}

/* -- the bytes -- */

static gpointer
find_or_add (GHashTable *table, const char *key, gsize size)
{
  gpointer value = g_hash_table_lookup (table, key);

  if (value == NULL)
    {
      value = g_malloc0 (size);
      g_hash_table_insert (table, g_strdup (key), value);
    }
  return value;
}

static Bin *
bin_of (Ledger *ledger, const char *epoch, gint64 number)
{
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, epoch, number);

  return find_or_add (ledger->bins, key, sizeof (Bin));
}

static void
read_bins (Ledger *ledger, const HmJson *bins)
{
  for (guint i = 0; bins != NULL && i < hm_json_size (bins); i++)
    {
      const HmJson *each = hm_json_element (bins, i);
      const char *epoch = hm_json_get_text (each, "epoch");
      guint64 number = 0, records = 0, sum = 0;
      Bin *bin;

      if (epoch == NULL || !hm_json_get_u64 (each, "bin", &number)
          || !hm_json_get_u64 (each, "records", &records) || !hm_json_get_u64 (each, "sum", &sum))
        {
          find (ledger, "a heartbeat's bin cannot be read");
          continue;
        }
      bin = bin_of (ledger, epoch, (gint64)number);
      if (bin->closed++ > 0 && (bin->said_records != records || bin->said_sum != sum))
        find (ledger, "bin %s/%" G_GUINT64_FORMAT " was closed with two contents", epoch, number);
      bin->said_records = records;
      bin->said_sum = sum;
    }
}

static HmJson *
parse (Ledger *ledger, const char *id, GBytes *value)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *bytes = g_bytes_get_data (value, &length);
  HmJson *json = hm_json_parse (bytes, length, &error);

  if (json == NULL)
    find (ledger, "%s: %s", id, error->message);
  return json;
}

static void
read_stamp (Ledger *ledger, Entry *entry, const HmJson *json)
{
  guint64 bin = 0;

  if (entry->resource != NULL)
    return;
  entry->epoch = g_strdup (hm_json_get_text (json, "agent.epoch"));
  entry->resource = g_strdup (hm_json_get_text (json, "resource.id"));
  entry->is_heartbeat = g_str_has_prefix (hm_json_get_text (json, "schema"), "hypermeter.heartbeat/");
  if (!hm_json_get_u64 (json, "agent.bin", &bin) || !hm_json_get_u64 (json, "seq", &entry->seq))
    find (ledger, "%s has no stamp", entry->id);
  entry->bin = (gint64)bin;
}

/* -- what happens -- */

void
ledger_expect_room (Ledger *ledger)
{
  ledger->has_room = TRUE;
}

void
ledger_forgive_order (Ledger *ledger)
{
  ledger->forgives_order = TRUE;
}

void
ledger_begin (Ledger *ledger)
{
  ledger->process++;
  g_ptr_array_set_size (ledger->untaken, 0);
  g_ptr_array_set_size (ledger->unnoted, 0);
}

void
ledger_append (Ledger *ledger, const char *id, GBytes *value)
{
  Entry *entry = note (ledger, id, value);
  g_autoptr (HmJson) json = parse (ledger, id, value);

  if (json != NULL)
    read_stamp (ledger, entry, json);
  entry->appended = TRUE;
  g_ptr_array_add (ledger->untaken, entry);
}

void
ledger_take (Ledger *ledger)
{
  for (guint i = 0; i < ledger->untaken->len; i++)
    ((Entry *)g_ptr_array_index (ledger->untaken, i))->taken = TRUE;
  g_ptr_array_set_size (ledger->untaken, 0);
}

void
ledger_own (Ledger *ledger, const char *epoch, guint64 n)
{
  Own *own = find_or_add (ledger->own, epoch, sizeof (Own));

  own->made = n;
}

void
ledger_note (Ledger *ledger, const guint64 next[2])
{
  for (guint i = 0; i < ledger->unnoted->len;)
    {
      Entry *entry = g_ptr_array_index (ledger->unnoted, i);

      if (entry->position >> 1 >= next[entry->position & 1])
        {
          i++;
          continue;
        }
      entry->is_unnoted = FALSE;
      g_ptr_array_remove_index_fast (ledger->unnoted, i);
    }
}

/* The agent's own records are left out: a gap record whose segment goes is appended once more. */
static void
check_order (Ledger *ledger, Entry *entry)
{
  const Entry *last = g_hash_table_lookup (ledger->last, entry->resource);

  if (!entry->appended || ledger->forgives_order)
    return;
  if (last != NULL
      && (last->process > entry->process || (last->process == entry->process && last->seq > entry->seq)))
    find (ledger, "%s is first given after %s", entry->id, last->id);
  g_hash_table_insert (ledger->last, entry->resource, entry);
}

void
ledger_give (Ledger *ledger, const HmMessage *message)
{
  Entry *entry = note (ledger, message->id, message->value);
  g_autoptr (HmJson) json = NULL;

  entry->is_unnoted = FALSE;
  if (entry->given)
    return;
  entry->given = TRUE;
  json = parse (ledger, message->id, message->value);
  if (json == NULL)
    return;
  read_stamp (ledger, entry, json);
  check_order (ledger, entry);
}

void
ledger_arrive (Ledger *ledger, const HmMessage *message)
{
  Entry *entry = note (ledger, message->id, message->value);
  g_autoptr (HmJson) json = NULL;
  guint64 records = 0;

  entry->position = message->position;
  entry->is_unnoted = TRUE;
  g_ptr_array_add (ledger->unnoted, entry);
  if (entry->arrived)
    return;
  entry->arrived = TRUE;
  if (message->kind != HM_RECORD_GAP && message->kind != HM_RECORD_HEARTBEAT)
    return;
  json = parse (ledger, message->id, message->value);
  if (json == NULL)
    return;
  read_bins (ledger, hm_json_at (json, "bins"));
  if (hm_json_get_u64 (json, "records", &records))
    ledger->said += entry->says = records;
}

/* -- what is wrong -- */

static guint64
sum_of (const char *id)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  guint64 value = 0;

  g_checksum_update (sum, (const guchar *)id, -1);
  g_checksum_get_digest (sum, digest, &length);
  for (guint i = 0; i < 8; i++)
    value = value << 8 | digest[i];
  return value;
}

static void
count_in_bin (Ledger *ledger, const Entry *entry)
{
  Bin *bin;

  if (entry->is_heartbeat || entry->epoch == NULL)
    return;
  bin = bin_of (ledger, entry->epoch, entry->bin);
  if (entry->taken || entry->given)
    {
      bin->known++;
      bin->sum += sum_of (entry->id);
    }
  else
    bin->perhaps++;
}

static void
count (Ledger *ledger, const Entry *entry, LedgerSums *sums)
{
  count_in_bin (ledger, entry);
  sums->taken += entry->taken;
  sums->arrived += entry->arrived;
  /* A gap record like any other may be dropped by the next process, which does not know that it arrived: then another says its losses anew. */
  if (entry->is_unnoted && !ledger->has_room)
    sums->unnoted += 1 + entry->says;
  if (entry->appended && !entry->arrived)
    {
      sums->missing += entry->taken || entry->given;
      sums->perhaps += !entry->taken && !entry->given;
    }
  if (!entry->appended && entry->epoch != NULL)
    {
      Own *own = find_or_add (ledger->own, entry->epoch, sizeof (Own));

      own->seen += entry->arrived;
    }
}

static void
check_bin (Ledger *ledger, const char *key, const Bin *bin)
{
  g_autofree char *epoch = g_strndup (key, (gsize)(strrchr (key, '/') - key));
  const Own *own = g_hash_table_lookup (ledger->own, epoch);
  guint64 spare = bin->perhaps + (own != NULL ? own->made - own->seen : 0);

  if (bin->closed == 0 && bin->known > 0)
    find (ledger, "bin %s was never closed", key);
  if (bin->closed == 0)
    return;
  if (bin->said_records < bin->known || bin->said_records > bin->known + spare)
    find (ledger,
          "bin %s says %" G_GUINT64_FORMAT " records, there were %" G_GUINT64_FORMAT
          " and perhaps %" G_GUINT64_FORMAT " more",
          key, bin->said_records, bin->known, spare);
  else if (bin->said_records == bin->known && bin->said_sum != bin->sum)
    find (ledger, "bin %s says another sum", key);
}

static void
check_bins (Ledger *ledger)
{
  GHashTableIter iter;
  gpointer key, bin;

  g_hash_table_iter_init (&iter, ledger->bins);
  while (g_hash_table_iter_next (&iter, &key, &bin))
    check_bin (ledger, key, bin);
}

static void
check_gaps (Ledger *ledger, LedgerSums *sums)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, ledger->own);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    sums->own += ((const Own *)value)->made - ((const Own *)value)->seen;
  sums->said = ledger->said;
  if (sums->said < sums->missing || sums->said > sums->missing + sums->perhaps + sums->own + sums->unnoted)
    find (ledger,
          "%" G_GUINT64_FORMAT " records are missing, perhaps %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
          " and %" G_GUINT64_FORMAT " more, and gap records say %" G_GUINT64_FORMAT,
          sums->missing, sums->perhaps, sums->own, sums->unnoted, sums->said);
}

char *
ledger_findings (Ledger *ledger, LedgerSums *ret_sums)
{
  LedgerSums sums = { 0 };
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, ledger->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    count (ledger, entry, &sums);
  check_bins (ledger);
  check_gaps (ledger, &sums);
  *ret_sums = sums;
  return ledger->n_findings > 0 ? g_strdup (ledger->findings->str) : NULL;
}
