/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_verify: `hypermeter outbox verify`. Reads every frame and the journal, and says of each file of the folder what it is and what of it
 * is damaged. Writes nothing, whatever it finds. */
#include "cli/outbox/outbox.h"

#include <string.h>

#include "metering/journal.h"

#define NOT_WHOLE     1
#define LOOKS         5 /* at the end of a lane, where an agent may be writing right now */
#define LOOK_AGAIN_US (100 * 1000)
#define QUARANTINE    "quarantine" /* the agent's folder for what it could not read */
#define RANGES_MAX    1000         /* that are named; more are counted */

static const HmColumn columns[] = {
  { "file", HM_COLUMN_TEXT },
  { "state", HM_COLUMN_TEXT },
  { "records", HM_COLUMN_COUNT },
  { "first", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "last", HM_COLUMN_COUNT, .machine_only = TRUE },
  { "bytes", HM_COLUMN_COUNT },
  { "missing", HM_COLUMN_COUNT },
  { "damaged_bytes", HM_COLUMN_COUNT, .heading = "DAMAGED BYTES" },
  { "damaged", HM_COLUMN_LIST, .machine_only = TRUE },
  { "detail", HM_COLUMN_TEXT },
};

/* What a segment turned out to be. */
typedef struct
{
  guint64 records, first, last, bytes;
  guint64 missing; /* numbers between its own that are not there */
  guint64 damaged_bytes, torn;
  guint n_ranges;
  GPtrArray *ranges; /* (element-type utf8) "offset+length" */
  GError *error;     /* why it cannot be read */
} Look;

static void
look_clear (Look *look)
{
  g_clear_pointer (&look->ranges, g_ptr_array_unref);
  g_clear_error (&look->error);
  *look = (Look){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

/* -- a segment */

static void
note_frame (Look *look, const HmOutboxFile *file, const HmFrame *frame)
{
  guint64 expected = look->records > 0 ? look->last + 1 : file->first;

  look->torn = 0;
  /* What the next segment begins with was written again there. */
  if (frame->number >= file->end)
    return;
  look->missing += frame->number - expected;
  if (look->records++ == 0)
    look->first = frame->number;
  look->last = frame->number;
}

static void
note_damage (Look *look, const HmSegmentItem *item)
{
  look->torn = item->length;
  look->damaged_bytes += item->length;
  if (look->n_ranges++ < RANGES_MAX)
    g_ptr_array_add (look->ranges, g_strdup_printf ("%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT, item->offset,
                                                    item->length));
}

static void
read_segment (HmSegmentReader *reader, const HmOutboxFile *file, Look *look)
{
  HmSegmentItem item;
  HmSegmentStep step;

  while ((step = hm_segment_reader_next (reader, G_MAXUINT64, &item, &look->error)) != HM_SEGMENT_END
         && step != HM_SEGMENT_FAILED)
    {
      if (step == HM_SEGMENT_FRAME)
        note_frame (look, file, &item.frame);
      else
        note_damage (look, &item);
      if (step == HM_SEGMENT_FRAME)
        hm_frame_clear (&item.frame);
    }
  look->bytes = hm_segment_reader_offset (reader);
}

static void
look_at (const HmOutboxFile *file, Look *look)
{
  g_autoptr (HmSegmentReader) reader = NULL;

  look_clear (look);
  look->ranges = g_ptr_array_new_with_free_func (g_free);
  reader = hm_segment_reader_new (hm_files_system (), file->path, &look->error);
  if (reader != NULL)
    read_segment (reader, file, look);
}

/* What an agent is writing looks torn for a moment; what it has deleted is gone. FALSE: it is. */
static gboolean
look_long (const HmOutboxFile *file, Look *look)
{
  gboolean is_last = file->end == G_MAXUINT64;

  look_at (file, look);
  for (guint i = 1; is_last && i < LOOKS && (look->torn > 0 || look->error != NULL); i++)
    {
      g_usleep (LOOK_AGAIN_US);
      look_at (file, look);
    }
  return look->error == NULL || g_file_test (file->path, G_FILE_TEST_EXISTS);
}

static const char *
state_of_error (const GError *error)
{
  if (g_error_matches (error, HM_ERROR, HM_ERROR_CONFIG))
    return "other format";
  return g_error_matches (error, HM_ERROR, HM_ERROR_DATA) ? "no segment" : "not readable";
}

static const char *
state_of (const HmOutboxFile *file, const Look *look)
{
  if (look->error != NULL)
    return state_of_error (look->error);
  if (look->damaged_bytes == 0 && look->missing == 0)
    return "whole";
  return file->end == G_MAXUINT64 && look->missing == 0 && look->torn == look->damaged_bytes ? "torn"
                                                                                             : "damaged";
}

/* -- rows */

/* One line for a person; (transfer full) (nullable) */
static char *
detail_of (const HmOutboxFile *file, const Look *look)
{
  const char *colon = look->error != NULL ? strstr (look->error->message, ": ") : NULL;

  if (look->error != NULL)
    return hm_text_clean (colon != NULL ? colon + 2 : look->error->message, 200, NULL);
  if (look->n_ranges == 0)
    return NULL;
  if (g_str_equal (state_of (file, look), "torn"))
    return g_strdup ("its end was being written when the agent fell; a start cuts it off");
  return g_strdup_printf ("%s%s", (const char *)look->ranges->pdata[0], look->n_ranges > 1 ? ", …" : "");
}

static gboolean
show_segment (HmOutput *output, const HmOutboxFile *file, const Look *look)
{
  const guint64 counts[]
      = { look->records, look->first, look->last, look->bytes, look->missing, look->damaged_bytes };
  char texts[G_N_ELEMENTS (counts)][HM_NUMBER_MAX];
  g_autofree char *ranges = NULL, *detail = detail_of (file, look);
  gboolean is_read = look->error == NULL, has_frames = look->records > 0;

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    g_snprintf (texts[i], sizeof (texts[i]), "%" G_GUINT64_FORMAT, counts[i]);
  g_ptr_array_add (look->ranges, NULL);
  ranges = g_strjoinv (",", (char **)look->ranges->pdata);
  return hm_output_row (output,
                        (const char *[]){ file->name, state_of (file, look), is_read ? texts[0] : NULL,
                                          has_frames ? texts[1] : NULL, has_frames ? texts[2] : NULL,
                                          is_read ? texts[3] : NULL, is_read ? texts[4] : NULL,
                                          is_read ? texts[5] : NULL, ranges, detail });
}

static void
show_plain (HmOutput *output, const char *file, const char *state, const char *detail)
{
  g_autofree char *clean = hm_text_clean (file, 200, NULL);

  hm_output_row (output, (const char *[]){ clean, state, NULL, NULL, NULL, NULL, NULL, NULL, NULL, detail });
}

static gboolean
verify_lane (HmOutput *output, const char *folder, char *const *names, guint lane)
{
  g_autoptr (GPtrArray) segments = hm_outbox_segments (folder, names, lane);
  gboolean is_whole = TRUE;

  for (guint i = 0; i < segments->len; i++)
    {
      const HmOutboxFile *file = g_ptr_array_index (segments, i);
      g_auto (Look) look = { 0 };

      if (!look_long (file, &look))
        continue;
      is_whole &= g_str_equal (state_of (file, &look), "whole");
      show_segment (output, file, &look);
    }
  return is_whole;
}

/* -- the rest of the folder */

static gboolean
verify_journal (HmOutput *output, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, HM_JOURNAL_NAME, NULL), *detail = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HmJournal) journal = hm_journal_read (hm_files_system (), folder, &error);
  const char *state = "whole";

  if (journal == NULL)
    {
      state = g_error_matches (error, HM_ERROR, HM_ERROR_DATA) ? "damaged" : state_of_error (error);
      detail = hm_text_clean (error->message, 200, NULL);
    }
  else if (journal->generation == 0)
    return TRUE;
  else
    detail
        = g_strdup_printf ("generation %" G_GUINT64_FORMAT ", %u loss%s not said, %u bin%s open",
                           journal->generation, journal->losses->len, journal->losses->len == 1 ? "" : "es",
                           journal->bins->len, journal->bins->len == 1 ? "" : "s");
  show_plain (output, HM_JOURNAL_NAME, state, detail);
  return journal != NULL;
}

/* What is neither is nobody's business here, but is named. What a start has set aside was said then. */
static void
show_foreign (HmOutput *output, char *const *names)
{
  guint64 first;
  guint lane;

  for (guint i = 0; names[i] != NULL; i++)
    if (!g_str_equal (names[i], HM_JOURNAL_NAME) && !hm_segment_parse_name (names[i], &lane, &first))
      show_plain (output, names[i], g_str_equal (names[i], QUARANTINE) ? "set aside" : "foreign", "not read");
}

static gboolean
verify (HmOutputFormat format, const char *folder, gboolean *ret_whole, GError **error)
{
  g_auto (GStrv) names = hm_outbox_list (folder, error);
  gboolean is_whole = TRUE;
  HmOutput *output;

  if (names == NULL)
    return FALSE;
  output = hm_output_new (format, columns, G_N_ELEMENTS (columns), 0);
  for (guint lane = 0; lane < HM_LANES; lane++)
    is_whole &= verify_lane (output, folder, names, lane);
  is_whole &= verify_journal (output, folder);
  show_foreign (output, names);
  *ret_whole = is_whole;
  return hm_output_end (output, TRUE, error);
}

static int
run (int argc, char **argv, GError **error)
{
  g_autofree char *folder = NULL, *form = NULL;
  HmOutputFormat format = HM_OUTPUT_TABLE;
  gboolean is_whole;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_STRING, &form, "table, json, ndjson or csv", "FORM" },
    { NULL },
  };

  if (!hm_outbox_parse (&hm_outbox_verify, entries, argc, argv, &folder, error))
    return 1;
  if (form != NULL && !hm_output_format_parse (form, &format))
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--output: '%s' is none of table, json, ndjson, csv",
                   form);
      return 1;
    }
  if (!verify (format, folder, &is_whole, error))
    return 1;
  return is_whole ? 0 : NOT_WHOLE;
}

const HmOutboxCommand hm_outbox_verify = {
  "verify",
  "Read all of it, and say what is damaged, missing or foreign",
  "Works beside a running agent and without one, and changes nothing.\n"
  "\n"
  "Examples:\n"
  "  hypermeter outbox verify\n"
  "  hypermeter outbox verify --output json | jq '.rows[] | select(.state != \"whole\")'\n"
  "  hypermeter outbox verify --folder /backup/outbox\n"
  "\n"
  "Exit status: 0 everything is whole, 1 something is not, 64 wrong usage, 69 there is\n"
  "no outbox, 77 not permitted, 78 configuration.\n",
  run,
};
