/* SPDX-License-Identifier: Apache-2.0 */
/* log_fold: a line that is said again within a minute of the first time is counted instead of written.
 *
 * Used by log.c under its lock. Remembers a few lines; when there are more kinds of them than that, the
 * oldest one's minute ends early. */
#include "metering/log_private.h"

#define WINDOW_NS (60 * HM_NSEC_PER_SEC)
#define LINES_MAX 64

typedef struct
{
  HmLogLine *line;
  gint64 until;
  guint repeats;
} Said;

struct HmLogFold
{
  GQueue said; /* (element-type Said), the oldest first */
};

static void
free_said (gpointer data)
{
  Said *said = data;

  hm_log_line_free (said->line);
  g_free (said);
}

HmLogFold *
hm_log_fold_new (void)
{
  HmLogFold *fold = g_new (HmLogFold, 1);

  g_queue_init (&fold->said);
  return fold;
}

void
hm_log_fold_free (HmLogFold *fold)
{
  if (fold == NULL)
    return;
  g_queue_clear_full (&fold->said, free_said);
  g_free (fold);
}

static void
end_oldest (HmLogFold *fold, GPtrArray *due)
{
  Said *said = g_queue_pop_head (&fold->said);

  if (said->repeats > 0)
    g_ptr_array_add (due, hm_log_line_repeated (said->line, said->repeats));
  free_said (said);
}

void
hm_log_fold_due (HmLogFold *fold, gint64 now, GPtrArray *due)
{
  while (fold->said.head != NULL && ((Said *)fold->said.head->data)->until <= now)
    end_oldest (fold, due);
}

gboolean
hm_log_fold_take (HmLogFold *fold, const HmLogLine *line, gint64 now, GPtrArray *due)
{
  Said *said;

  hm_log_fold_due (fold, now, due);
  for (GList *item = fold->said.tail; item != NULL; item = item->prev)
    {
      said = item->data;
      if (hm_log_line_equal (said->line, line))
        {
          said->repeats++;
          return FALSE;
        }
    }

  if (fold->said.length >= LINES_MAX)
    end_oldest (fold, due);
  said = g_new (Said, 1);
  said->line = hm_log_line_copy (line);
  said->until = now + WINDOW_NS;
  said->repeats = 0;
  g_queue_push_tail (&fold->said, said);
  return TRUE;
}
