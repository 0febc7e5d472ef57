/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_cat: `hypermeter outbox cat`. The records of both lanes in the order in which they were taken, one a line; reads one segment of each
 * lane at a time, so any backlog is shown in the same memory.
 *
 * A running agent may add to the last segments and delete the first ones meanwhile: what is gone is delivered or said to be lost, and
 * what is half written at the end is not taken yet. Neither is damage. */
#include "cli/outbox/outbox.h"

#include <stdio.h>
#include <string.h>

#include "metering/count.h"
#include "metering/event_line.h"

#define DAMAGED 1

/* One lane on its way to standard output. */
typedef struct
{
  GPtrArray *segments;     /* (element-type HmOutboxFile) */
  guint at;                /* the one that is read */
  HmSegmentReader *reader; /* (nullable) */
  HmFrame frame;           /* the next one; no message: there is none */
} Lane;

typedef struct
{
  char *lane;
  gint64 from, limit;
  gboolean raw;
  Lane lanes[HM_LANES];
  HmJsonWriter *json;
  GString *line;
  gboolean is_damaged;
} Cat;

static void
cat_clear (Cat *cat)
{
  for (guint i = 0; i < HM_LANES; i++)
    {
      g_clear_pointer (&cat->lanes[i].segments, g_ptr_array_unref);
      g_clear_pointer (&cat->lanes[i].reader, hm_segment_reader_free);
      hm_frame_clear (&cat->lanes[i].frame);
    }
  g_clear_pointer (&cat->json, hm_json_writer_free);
  if (cat->line != NULL)
    g_string_free (cat->line, TRUE);
  g_free (cat->lane);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Cat, cat_clear)

/* -- one lane */

static void
complain (Cat *cat, const char *text)
{
  g_autofree char *clean = hm_text_clean (text, 500, NULL);

  cat->is_damaged = TRUE;
  g_printerr ("hypermeter outbox cat: %s\n", clean);
}

static const HmOutboxFile *
current (const Lane *lane)
{
  return lane->at < lane->segments->len ? g_ptr_array_index (lane->segments, lane->at) : NULL;
}

static void
leave_segment (Lane *lane)
{
  g_clear_pointer (&lane->reader, hm_segment_reader_free);
  lane->at++;
}

static void
open_segment (Cat *cat, Lane *lane)
{
  const HmOutboxFile *file = current (lane);
  g_autoptr (GError) error = NULL;

  lane->reader = hm_segment_reader_new (hm_files_system (), file->path, &error);
  if (lane->reader != NULL)
    return;
  if (g_file_test (file->path, G_FILE_TEST_EXISTS))
    complain (cat, error->message);
  leave_segment (lane);
}

/* Damage at the end of the last segment is what the agent is writing, or was when it fell. */
static void
pass_over (Cat *cat, Lane *lane, const HmSegmentItem *item)
{
  const HmOutboxFile *file = current (lane);
  g_autofree char *text = NULL, *bytes = NULL;
  HmSegmentItem next = { 0 };
  HmSegmentStep step = HM_SEGMENT_DAMAGED;

  if (file->end == G_MAXUINT64)
    step = hm_segment_reader_next (lane->reader, G_MAXUINT64, &next, NULL);
  hm_frame_clear (&next.frame);
  hm_segment_reader_seek (lane->reader, item->offset + item->length);
  if (step == HM_SEGMENT_END)
    return;
  bytes = hm_count_print (item->length, "byte");
  text = g_strdup_printf ("%s: %s at %" G_GUINT64_FORMAT " %s damaged", file->name, bytes, item->offset,
                          item->length == 1 ? "is" : "are");
  complain (cat, text);
}

/* FALSE: that was the last of the segment. */
static gboolean
read_step (Cat *cat, Lane *lane)
{
  const HmOutboxFile *file = current (lane);
  g_autoptr (GError) error = NULL;
  HmSegmentItem item;

  switch (hm_segment_reader_next (lane->reader, G_MAXUINT64, &item, &error))
    {
    case HM_SEGMENT_FRAME:
      if (item.frame.number >= (guint64)cat->from && item.frame.number < file->end)
        lane->frame = item.frame;
      else
        hm_frame_clear (&item.frame);
      return TRUE;
    case HM_SEGMENT_DAMAGED:
      pass_over (cat, lane, &item);
      return TRUE;
    case HM_SEGMENT_FAILED:
      complain (cat, error->message);
      return FALSE;
    case HM_SEGMENT_END:
      break;
    }
  return FALSE;
}

/* Fills in the lane's next frame; none when it has ended. */
static void
advance (Cat *cat, Lane *lane)
{
  const HmOutboxFile *file;

  while (lane->frame.message == NULL && (file = current (lane)) != NULL)
    {
      if (file->end <= (guint64)cat->from)
        leave_segment (lane);
      else if (lane->reader == NULL)
        open_segment (cat, lane);
      else if (!read_step (cat, lane))
        leave_segment (lane);
    }
}

/* -- both */

static gboolean
print_message (Cat *cat, const HmMessage *message, GError **error)
{
  gsize length;
  const char *value = g_bytes_get_data (message->value, &length);

  if (cat->raw)
    {
      g_string_truncate (cat->line, 0);
      g_string_append_len (cat->line, value, (gssize)length);
      g_string_append_c (cat->line, '\n');
    }
  else if (!hm_event_line (cat->json, message, HM_TIME_UNKNOWN, cat->line, error))
    return FALSE;
  if (fwrite (cat->line->str, 1, cat->line->len, stdout) == cat->line->len)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "standard output could not be written");
  return FALSE;
}

/* The lane whose next frame was appended first. (nullable) */
static Lane *
next_lane (Cat *cat)
{
  Lane *next = NULL;

  for (guint i = 0; i < HM_LANES; i++)
    {
      Lane *lane = &cat->lanes[i];

      advance (cat, lane);
      if (lane->frame.message != NULL && (next == NULL || lane->frame.order < next->frame.order))
        next = lane;
    }
  return next;
}

static gboolean
print_all (Cat *cat, GError **error)
{
  Lane *lane;

  for (gint64 i = 0; (cat->limit == 0 || i < cat->limit) && (lane = next_lane (cat)) != NULL; i++)
    {
      if (!print_message (cat, lane->frame.message, error))
        return FALSE;
      hm_frame_clear (&lane->frame);
    }
  if (fflush (stdout) == 0)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "standard output could not be written");
  return FALSE;
}

/* -- the command */

static gboolean
open_lanes (Cat *cat, const char *folder, GError **error)
{
  static char *const none[] = { NULL };
  g_auto (GStrv) names = hm_outbox_list (folder, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < HM_LANES; i++)
    {
      gboolean is_wanted = cat->lane == NULL || g_str_equal (cat->lane, hm_lane_name (i));

      cat->lanes[i].segments = hm_outbox_segments (folder, is_wanted ? names : none, i);
    }
  cat->json = hm_json_writer_new (FALSE);
  cat->line = g_string_new (NULL);
  return TRUE;
}

static gboolean
check (const Cat *cat, GError **error)
{
  if (cat->lane != NULL && !g_str_equal (cat->lane, hm_lane_name (0))
      && !g_str_equal (cat->lane, hm_lane_name (1)))
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--lane: '%s' is neither billing nor diagnostic",
                 cat->lane);
  else if (cat->from < 0 || cat->limit < 0)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "--from and --limit take no negative number");
  else
    return TRUE;
  return FALSE;
}

static int
run (int argc, char **argv, GError **error)
{
  g_auto (Cat) cat = { NULL };
  g_autofree char *folder = NULL;
  const GOptionEntry entries[] = {
    { "lane", 0, 0, G_OPTION_ARG_STRING, &cat.lane, "Only this lane: billing or diagnostic", "LANE" },
    { "from", 0, 0, G_OPTION_ARG_INT64, &cat.from, "Only records of this number and above in their lane",
      "NUMBER" },
    { "limit", 'n', 0, G_OPTION_ARG_INT64, &cat.limit, "So many records at most", "N" },
    { "raw", 0, 0, G_OPTION_ARG_NONE, &cat.raw, "Only the records' own bytes, as they were signed", NULL },
    { NULL },
  };

  if (!hm_outbox_parse (&hm_outbox_cat, entries, argc, argv, &folder, error) || !check (&cat, error)
      || !open_lanes (&cat, folder, error) || !print_all (&cat, error))
    return 1;
  return cat.is_damaged ? DAMAGED : 0;
}

const HmOutboxCommand hm_outbox_cat = {
  "cat",
  "Print the records, oldest first, a CloudEvent a line",
  "Works beside a running agent and without one.\n"
  "\n"
  "Examples:\n"
  "  hypermeter outbox cat --limit 10\n"
  "  hypermeter outbox cat --lane billing --from 4711 | jq .subject\n"
  "  hypermeter outbox cat --folder /backup/outbox --raw\n"
  "\n"
  "Exit status: 0 done, 1 something is damaged (named on standard error; all else is\n"
  "printed), 64 wrong usage, 69 there is no outbox, 77 not permitted, 78 configuration.\n",
  run,
};
