/* SPDX-License-Identifier: Apache-2.0 */
/* store_status: `hypermeter store status`. What the store holds and since when; how far the collector is, is `hypermeter status`'s. */
#include "cli/store/store.h"
#include "cli/table.h"

static const HmColumn columns[] = { { "what", HM_COLUMN_TEXT }, { "value", HM_COLUMN_TEXT } };

static void
show (HmOutput *output, const char *what, const char *value)
{
  hm_output_row (output, (const char *[]){ what, value });
}

static void
show_count (HmOutput *output, const char *what, guint64 count)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, count);
  g_autofree char *grouped = hm_output_format (output) == HM_OUTPUT_TABLE ? hm_group_thousands (text) : NULL;

  show (output, what, grouped != NULL ? grouped : text);
}

static gboolean
count_request (const HmRequestRow *row, gpointer user)
{
  (void)row;
  (*(guint64 *)user)++;
  return TRUE;
}

static gboolean
show_all (HmReading *r, HmOutput *output, GError **error)
{
  char oldest[HM_TIME_TEXT_MAX];
  HmStoreStatus status;
  guint64 open = 0;

  if (!r->ops->status (r->store, &status, error)
      || !r->ops->list_requests (r->store, TRUE, count_request, &open, error))
    return FALSE;
  show_count (output, "bytes in use", status.bytes);
  show_count (output, "raw records", status.raw);
  show (output, "raw records since", hm_moment_print (status.oldest_raw, oldest));
  show_count (output, "resources", status.resources);
  show_count (output, "usage rows", status.buckets);
  show_count (output, "dead letters not settled", status.dead_letters);
  show_count (output, "requests not answered", open);
  return TRUE;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (HmReading) r = { 0 };
  HmOutput *output;
  gboolean shown;

  if (!hm_reading_open (&r, &hm_store_status, NULL, argc, argv, error))
    return 1;
  output = hm_reading_output (&r, columns, G_N_ELEMENTS (columns));
  shown = show_all (&r, output, error);
  return hm_output_end (output, shown, error) ? 0 : 1;
}

const HmCommand hm_store_status = {
  "store status",
  "What it holds, since when, and how large it is",
  "Examples:\n"
  "  hypermeter store status\n"
  "  hypermeter store status --output json\n" HM_STORE_STATUS,
  0,
  run,
};
