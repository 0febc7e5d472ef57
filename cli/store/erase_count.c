/* SPDX-License-Identifier: Apache-2.0 */
/* erase_count: what `hypermeter erase` would do, and what was done; read alone. */
#include "cli/store/erase.h"

#include "cli/store/shadow.h"
#include "collector/bill/redact.h"

/* -- dead letters -- */

static gboolean
count_letter (const HmDeadLetter *row, gpointer user)
{
  GHashTable *letters = user;
  g_autofree char *key = row->key != NULL ? g_strndup (row->key, row->key_length) : NULL;

  if (key != NULL)
    {
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (letters, key));

      g_hash_table_insert (letters, g_steal_pointer (&key), GUINT_TO_POINTER (n + 1));
    }
  return TRUE;
}

GHashTable *
hm_erase_letters (const HmReading *r, GError **error)
{
  const HmStoreFilter all = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .settled = TRUE };
  g_autoptr (GHashTable) letters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return r->ops->list_dead_letters (r->store, &all, count_letter, letters, error) ? g_steal_pointer (&letters)
                                                                                  : NULL;
}

/* -- what would be -- */

static const HmColumn counts[] = { { "resource", HM_COLUMN_TEXT },
                                   { "source", HM_COLUMN_TEXT, .machine_only = TRUE },
                                   { "descriptions", HM_COLUMN_COUNT },
                                   { "dead_letters", HM_COLUMN_COUNT } };

static gboolean
count_one (const HmRawRow *row G_GNUC_UNUSED, const HmRecord *record G_GNUC_UNUSED, gboolean wanted,
           gpointer n)
{
  *(guint *)n += wanted ? 1 : 0;
  return TRUE;
}

static gboolean
show_count (const HmReading *r, HmDecoder *decoder, const HmShadowName *name, GHashTable *letters,
            HmOutput *output, GError **error)
{
  const HmRedactWish wish = { name->source, name->resource, r->project, r->user };
  g_autofree char *left
      = g_strdup_printf ("%u", GPOINTER_TO_UINT (g_hash_table_lookup (letters, name->resource)));
  g_autofree char *descriptions = NULL;
  guint n = 0;

  if (!hm_redact_each (r->ops, r->store, decoder, &wish, count_one, &n, error))
    return FALSE;
  descriptions = g_strdup_printf ("%u", n);
  return hm_output_row (output, (const char *[]){ name->resource, name->source, descriptions, left });
}

gboolean
hm_erase_count (const HmReading *r, const GPtrArray *names, GHashTable *letters, GError **error)
{
  g_autoptr (HmDecoder) decoder = hm_decoder_new (NULL);
  HmOutput *output = hm_reading_output (r, counts, G_N_ELEMENTS (counts));
  gboolean shown = TRUE;
  GError *failure = NULL;

  for (guint i = 0; shown && i < names->len; i++)
    shown = show_count (r, decoder, g_ptr_array_index (names, i), letters, output, &failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return hm_output_end (output, failure == NULL, error);
}

/* -- what was -- */

static const HmColumn erasures[]
    = { { "id", HM_COLUMN_COUNT },           { "made", HM_COLUMN_TIME },    { "resource", HM_COLUMN_TEXT },
        { "source", HM_COLUMN_TEXT },        { "project", HM_COLUMN_TEXT }, { "user", HM_COLUMN_TEXT },
        { "descriptions", HM_COLUMN_COUNT }, { "author", HM_COLUMN_TEXT },  { "reason", HM_COLUMN_TEXT } };

typedef struct
{
  const HmReading *reading;
  HmOutput *output;
} Listing;

static gboolean
show_erasure (const HmErasureRow *row, gpointer user)
{
  const Listing *listing = user;
  const HmReading *r = listing->reading;
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autofree char *records = g_strdup_printf ("%" G_GUINT64_FORMAT, row->records);
  char made[HM_TIME_TEXT_MAX];

  if ((r->source != NULL && g_strcmp0 (r->source, row->source) != 0)
      || (r->resource != NULL && g_strcmp0 (r->resource, row->resource) != 0)
      || (r->project != NULL && g_strcmp0 (r->project, row->project) != 0)
      || (r->user != NULL && g_strcmp0 (r->user, row->user) != 0))
    return TRUE;
  return hm_output_row (listing->output,
                        (const char *[]){ id, hm_moment_print (row->made, made), row->resource, row->source,
                                          row->project, row->user, records, row->author, row->reason });
}

gboolean
hm_erase_list (const HmReading *r, GError **error)
{
  Listing listing = { r, hm_reading_output (r, erasures, G_N_ELEMENTS (erasures)) };
  gboolean listed
      = r->ops->list_erasures == NULL || r->ops->list_erasures (r->store, show_erasure, &listing, error);

  return hm_output_end (listing.output, listed, error);
}
