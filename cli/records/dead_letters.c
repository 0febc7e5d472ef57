/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letters: `hypermeter dead-letters`: finds the subcommand; without one, or with list, the records that were refused, with the
 * reason; the value as text where it is UTF-8, else (and always in value_base64) in base64, so that nothing is hidden or changed. */
#include "cli/records/dead_letters.h"

#include <string.h>

#include "metering/codec.h"

static const HmCommand *const subcommands[]
    = { &hm_dead_letters_show, &hm_dead_letters_replay, &hm_dead_letters_discard };

static const HmColumn columns[] = {
  { "id", HM_COLUMN_COUNT },
  { "received", HM_COLUMN_TIME },
  { "topic", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "partition", HM_COLUMN_COUNT },
  { "offset", HM_COLUMN_COUNT },
  { "reason", HM_COLUMN_TEXT },
  { "outcome", HM_COLUMN_TEXT },
  { "detail", HM_COLUMN_TEXT },
  { "key", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "ce_id", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "signature", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "verified", HM_COLUMN_BOOL, .machine_only = TRUE },
  { "settled", HM_COLUMN_TIME, .machine_only = TRUE },
  { "value", HM_COLUMN_TEXT, .machine_only = TRUE },
  { "value_base64", HM_COLUMN_TEXT, .machine_only = TRUE },
};

char *
hm_letter_text (const void *bytes, gsize length)
{
  return bytes != NULL && g_utf8_validate_len (bytes, length, NULL) ? g_strndup (bytes, length) : NULL;
}

GArray *
hm_letter_ids (char *const *words, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      guint64 number;
      gint64 id;

      if (!g_ascii_string_to_unsigned (words[i], 10, 1, G_MAXINT64, &number, NULL))
        {
          g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "'%s' is no dead letter's id", words[i]);
          return NULL;
        }
      id = (gint64)number;
      g_array_append_val (ids, id);
    }
  return g_steal_pointer (&ids);
}

gboolean
hm_letter_reason_check (const char *reason, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = HM_REFUSED_NOT + 1; i < HM_REFUSALS; i++)
    {
      if (reason == NULL || g_str_equal (reason, hm_refusal_name (i)))
        return TRUE;
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", hm_refusal_name (i));
    }
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--refused: '%s' is none of %s", reason, names->str);
  return FALSE;
}

typedef struct
{
  HmOutput *output;
  const char *refused; /* (nullable) */
} Listing;

static gboolean
show (const HmDeadLetter *row, gpointer user)
{
  const Listing *listing = user;
  char received[HM_TIME_TEXT_MAX], settled[HM_TIME_TEXT_MAX];
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autofree char *partition = g_strdup_printf ("%d", row->partition);
  g_autofree char *offset = g_strdup_printf ("%" G_GINT64_FORMAT, row->offset);
  g_autofree char *key = hm_letter_text (row->key, row->key_length);
  g_autofree char *value = hm_letter_text (row->value, row->length);
  g_autofree char *base64 = g_base64_encode (row->value, row->length);

  if (listing->refused != NULL && !g_str_equal (listing->refused, row->reason))
    return TRUE;
  return hm_output_row (listing->output,
                        (const char *[]){ id, hm_moment_print (row->received, received), row->topic,
                                          partition, offset, row->reason, row->outcome, row->detail, key,
                                          row->ce_id, row->signature, row->verified ? "yes" : "no",
                                          row->settled != 0 ? hm_moment_print (row->settled, settled) : NULL,
                                          value, base64 });
}

static int
list (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  g_autofree char *refused = NULL;
  gboolean settled = FALSE, listed;
  Listing listing;
  const GOptionEntry entries[]
      = { { "refused", 0, 0, G_OPTION_ARG_STRING, &refused, "Only those that were refused for this reason",
            "REASON" },
          { "settled", 0, 0, G_OPTION_ARG_NONE, &settled, "Those too that somebody has decided on", NULL },
          { NULL } };

  if (!hm_reading_parse (&r, &hm_command_dead_letters, entries, argc, argv, error)
      || !hm_letter_reason_check (refused, error) || !hm_reading_configure (&r, error)
      || !hm_reading_connect (&r, &hm_command_dead_letters, error))
    return 1;
  r.filter.settled = settled;
  if (refused != NULL)
    r.filter.limit = 0; /* the output's counts what is shown */
  listing = (Listing){ hm_reading_output (&r, columns, G_N_ELEMENTS (columns)), refused };
  listed = r.ops->list_dead_letters (r.store, &r.filter, show, &listing, error);
  return hm_output_end (listing.output, listed, error) ? 0 : 1;
}

static int
run (int argc, char **argv, GError **error)
{
  const char *word = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;

  for (guint i = 0; word != NULL && i < G_N_ELEMENTS (subcommands); i++)
    if (g_str_equal (strrchr (subcommands[i]->name, ' ') + 1, word))
      return subcommands[i]->run (argc - 1, argv + 1, error);
  if (word == NULL)
    return list (argc, argv, error);
  if (g_str_equal (word, "list"))
    return list (argc - 1, argv + 1, error);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
               "'%s' is none of list, show, replay, discard; see 'hypermeter dead-letters --help'", word);
  return 1;
}

const HmCommand hm_command_dead_letters = {
  "dead-letters",
  "Records that were refused, and why",
  "Subcommands:\n"
  "  list           those that nobody has decided on; the same as no subcommand\n"
  "  show           all that is known of one\n"
  "  replay         asks the collector to take some after all\n"
  "  discard        asks the collector to put some aside\n"
  "\n"
  "Examples:\n"
  "  hypermeter dead-letters\n"
  "  hypermeter dead-letters --output ndjson | jq -r .reason | sort | uniq -c\n"
  "  hypermeter dead-letters --refused bad-signature --from yesterday\n"
  "  hypermeter dead-letters show 1\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_LIMIT,
  run,
};
