/* SPDX-License-Identifier: Apache-2.0 */
/* engine_recompute: verifies the resource first, which is what the answer tells, then has the engine fold it again with the rows that the answer
 * is written with: whoever reads finds all as it was, or all as it has to be. The engine's thread, between two batches. */
#include "collector/bill/engine_recompute.h"

#include "collector/bill/shadow_private.h"
#include "collector/bill/shadow_verify.h"
#include "metering/count.h"

#include <string.h>

typedef struct
{
  guint cells, others;
  char *first; /* (nullable) the first difference, for people */
} Report;

static char *
text_of (const HmDifference *difference)
{
  char start[HM_TIME_TEXT_MAX] = "";

  if (difference->start != HM_TIME_UNKNOWN)
    hm_time_print (difference->start, start);
  return g_strdup_printf ("%s %s%s%s %s was %s, is %s", difference->what, start,
                          difference->meter != NULL ? " " : "",
                          difference->meter != NULL ? difference->meter : "", difference->figure,
                          difference->stored != NULL ? difference->stored : "not there",
                          difference->made != NULL ? difference->made : "gone");
}

/* A state is no text for people. */
static void
note (const HmDifference *difference, gpointer user)
{
  Report *report = user;

  if (strcmp (difference->what, "cell") == 0)
    report->cells++;
  else
    report->others++;
  if (report->first == NULL && strcmp (difference->what, "state") != 0)
    report->first = text_of (difference);
}

/* Rollups may be what is wrong; they are made of buckets. */
static gboolean
make_anew (HmAsked *asked, const char *source, const char *resource, GError **error)
{
  if (!hm_engine_refold (asked->engine, asked->rows, source, resource, error))
    return FALSE;
  for (guint i = 0; i < asked->rows->touched->len; i++)
    ((HmEntry *)g_ptr_array_index (asked->rows->touched, i))->rolled = 0;
  return TRUE;
}

gboolean
hm_engine_ask_recompute (HmAsked *asked, GError **error)
{
  const char *source = hm_asked_text (asked, "source", error);
  const char *resource = source != NULL ? hm_asked_text (asked, "resource", error) : NULL;
  g_autoptr (HmShadow) shadow = resource != NULL ? hm_shadow_beside (asked->engine) : NULL;
  Report report = { 0 };
  g_autofree char *row_count = NULL, *figure_count = NULL;
  guint rows;

  if (shadow == NULL || !hm_shadow_verify (shadow, source, resource, note, &report, &rows, error)
      || (report.cells + report.others > 0 && !make_anew (asked, source, resource, error)))
    {
      g_free (report.first);
      return FALSE;
    }
  row_count = hm_count_print (rows, "row");
  figure_count = hm_count_print (report.cells + report.others, "figure");
  asked->answer
      = g_strdup_printf ("recomputed: %s, %s changed%s%s", row_count, figure_count,
                         report.first != NULL ? ": " : "", report.first != NULL ? report.first : "");
  g_free (report.first);
  return TRUE;
}
