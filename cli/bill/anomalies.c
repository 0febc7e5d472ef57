/* SPDX-License-Identifier: Apache-2.0 */
/* anomalies: `hypermeter anomalies`: finds the subcommand; without one, or with list, what somebody has to look at: what was noticed, each once, and
 * the readings that are held out until somebody decides. */
#include "cli/bill/anomalies.h"

#include <string.h>

static const HmCommand *const subcommands[]
    = { &hm_anomalies_show, &hm_anomalies_release, &hm_anomalies_reject, &hm_anomalies_rebase };

static const HmColumn columns[] = {
  { "id", HM_COLUMN_TEXT },       { "noticed", HM_COLUMN_TIME }, /* of a reading: its time */
  { "kind", HM_COLUMN_TEXT },     { "source", HM_COLUMN_TEXT },   { "subject", HM_COLUMN_TEXT },
  { "device", HM_COLUMN_TEXT },   { "meter", HM_COLUMN_TEXT },    { "value", HM_COLUMN_NUMBER },
  { "base", HM_COLUMN_NUMBER },   { "amount", HM_COLUMN_NUMBER }, { "unit", HM_COLUMN_TEXT },
  { "decision", HM_COLUMN_TEXT }, { "detail", HM_COLUMN_TEXT },
};

/* -- a held reading as text -- */

const char *
hm_text_or_null (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

gboolean
hm_held_has_base (const HmHeldRow *row)
{
  return row->base_time != HM_TIME_UNKNOWN;
}

gboolean
hm_held_has_amount (const HmHeldRow *row)
{
  return row->amount != 0;
}

void
hm_held_print (const HmHeldRow *row, HmHeldText *ret_text)
{
  hm_held_id (row, ret_text->id);
  hm_time_print (row->time, ret_text->time);
  if (hm_held_has_base (row))
    hm_time_print (row->base_time, ret_text->base_time);
  hm_value_print (row->value, ret_text->value);
  hm_value_print (row->base, ret_text->base);
  hm_int128_print (row->amount, 0, ret_text->amount); /* a counter's: of others there is none */
  ret_text->kind = NULL;
  for (guint bit = 0; ret_text->kind == NULL && bit < HM_FLAG_COUNT; bit++)
    if ((row->flag & 1u << bit) != 0)
      ret_text->kind = hm_flag_name (bit);
}

/* -- kinds -- */

static void
add_kind (GString *names, const char *name)
{
  g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
}

/* Both an anomaly and a held reading can be a conflict. @kind: nullable. */
static gboolean
check_kind (const char *kind, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  gboolean known = kind == NULL;

  for (HmAnomaly anomaly = 0; anomaly < HM_ANOMALIES; anomaly++)
    {
      add_kind (names, hm_anomaly_name (anomaly));
      known |= g_strcmp0 (kind, hm_anomaly_name (anomaly)) == 0;
    }
  for (guint bit = 0; bit < HM_FLAG_COUNT; bit++)
    {
      if ((HM_FLAGS_HELD & ~HM_FLAG_CONFLICT & 1u << bit) == 0)
        continue;
      add_kind (names, hm_flag_name (bit));
      known |= g_strcmp0 (kind, hm_flag_name (bit)) == 0;
    }
  if (!known)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--kind: '%s' is none of %s", kind, names->str);
  return known;
}

/* -- list -- */

typedef struct
{
  HmReading reading;
  char *kind;
  gboolean undecided;
  HmOutput *output;
  gboolean full;
} Listing;

static void
clear_listing (Listing *listing)
{
  hm_reading_clear (&listing->reading);
  g_free (listing->kind);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listing, clear_listing)

static gboolean
is_wanted (const Listing *listing, const char *kind)
{
  return listing->kind == NULL || g_strcmp0 (listing->kind, kind) == 0;
}

static gboolean
show_noticed (const HmAnomalyRow *row, gpointer user)
{
  Listing *listing = user;
  const HmStoreFilter *filter = &listing->reading.filter;
  char noticed[HM_TIME_TEXT_MAX];

  if (!is_wanted (listing, row->kind) || (filter->source != NULL && strcmp (filter->source, row->source) != 0)
      || (filter->resource != NULL && strcmp (filter->resource, row->subject) != 0))
    return TRUE;
  listing->full
      = !hm_output_row (listing->output, (const char *[]){ NULL, hm_moment_print (row->noticed, noticed),
                                                           row->kind, row->source, row->subject, NULL, NULL,
                                                           NULL, NULL, NULL, NULL, NULL, row->detail });
  return !listing->full;
}

static gboolean
show_held (const HmHeldRow *row, gpointer user)
{
  Listing *listing = user;
  HmHeldText text;

  hm_held_print (row, &text);
  if (!is_wanted (listing, text.kind))
    return TRUE;
  listing->full = !hm_output_row (listing->output,
                                  (const char *[]){ text.id, text.time, text.kind, row->source, row->resource,
                                                    hm_text_or_null (row->device), row->meter, text.value,
                                                    hm_held_has_base (row) ? text.base : NULL,
                                                    hm_held_has_amount (row) ? text.amount : NULL, row->unit,
                                                    hm_decision_name (row->decision), NULL });
  return !listing->full;
}

static gboolean
show (Listing *listing, GError **error)
{
  HmReading *r = &listing->reading;
  gboolean listed;

  listing->output = hm_reading_output (r, columns, G_N_ELEMENTS (columns));
  r->filter.limit = 0; /* of both lists together */
  r->filter.undecided = listing->undecided;
  listed = (listing->undecided || r->ops->list_anomalies (r->store, &r->filter, show_noticed, listing, error))
           && (listing->full || r->ops->list_held (r->store, &r->filter, show_held, listing, error));
  return hm_output_end (listing->output, listed, error);
}

static int
list (int argc, char **argv, GError **error)
{
  g_auto (Listing) listing = { .output = NULL };
  HmReading *r = &listing.reading;
  const GOptionEntry entries[]
      = { { "undecided", 0, 0, G_OPTION_ARG_NONE, &listing.undecided,
            "Only readings that are held out and wait for a decision", NULL },
          { "kind", 0, 0, G_OPTION_ARG_STRING, &listing.kind, "Only this kind, e.g. implausible", "NAME" },
          { "source", 0, 0, G_OPTION_ARG_FILENAME, &r->source, "Only this site", "NAME" },
          { "resource", 0, 0, G_OPTION_ARG_FILENAME, &r->resource, "Only this resource", "ID" },
          { NULL } };

  return hm_reading_parse (r, &hm_command_anomalies, entries, argc, argv, error)
                 && check_kind (listing.kind, error) && hm_reading_configure (r, error)
                 && hm_reading_connect (r, &hm_command_anomalies, error) && show (&listing, error)
             ? 0
             : 1;
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
               "'%s' is none of list, show, release, reject, rebase; see 'hypermeter anomalies --help'",
               word);
  return 1;
}

const HmCommand hm_command_anomalies = {
  "anomalies",
  "What cannot be right, and the readings that wait for a decision",
  "Subcommands:\n"
  "  list           all of them; the same as no subcommand\n"
  "  show           all that is known of one held reading, and what was decided\n"
  "  release        it was so: it counts\n"
  "  reject         it was not so: it never counts\n"
  "  rebase         the counter began anew there: it counts from that reading on\n"
  "\n"
  "Examples:\n"
  "  hypermeter anomalies\n"
  "  hypermeter anomalies --undecided\n"
  "  hypermeter anomalies --from -24h --output ndjson\n"
  "  hypermeter anomalies release 7d865e959b246691 --reason 'a load test, INC-1'\n" HM_READING_STATUS,
  HM_ASKS_PERIOD | HM_ASKS_LIMIT,
  run,
};
