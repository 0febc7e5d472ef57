/* SPDX-License-Identifier: Apache-2.0 */
/* journal_print: a journal as JSON text, within the limits that journal_json.c reads it by. Pure; on the writer's thread. */
#include "metering/journal_private.h"

#include <string.h>

#include "metering/error.h"
#include "metering/resource.h"

static void
print_lanes (HmJsonWriter *json, const guint64 numbers[HM_LANES])
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    hm_json_set_u64 (json, hm_lane_name (lane), numbers[lane]);
}

static void
print_lanes_object (HmJsonWriter *json, const char *key, const guint64 numbers[HM_LANES])
{
  hm_json_key (json, key);
  hm_json_begin_object (json);
  print_lanes (json, numbers);
  hm_json_end_object (json);
}

static gboolean
is_any (const guint64 numbers[HM_LANES])
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    if (numbers[lane] > 0)
      return TRUE;
  return FALSE;
}

static void
print_marks (HmJsonWriter *json, const GPtrArray *marks)
{
  hm_json_key (json, "publishers");
  hm_json_begin_array (json);
  for (guint i = 0; i < marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (marks, i);

      hm_json_begin_object (json);
      hm_json_set_text (json, "name", mark->publisher);
      print_lanes (json, mark->next);
      if (is_any (mark->given))
        print_lanes_object (json, "given", mark->given);
      hm_json_end_object (json);
    }
  hm_json_end_array (json);
}

/* Of a list that is too long the newest are kept. */
static guint
first_kept (guint length, guint max)
{
  return length > max ? length - max : 0;
}

static void
print_bins (HmJsonWriter *json, const GArray *bins)
{
  hm_json_key (json, "bins");
  hm_json_begin_array (json);
  for (guint i = first_kept (bins->len, HM_JOURNAL_BINS_MAX); i < bins->len; i++)
    {
      const HmBinCount *bin = &g_array_index (bins, HmBinCount, i);

      hm_json_begin_object (json);
      hm_json_set_text (json, "epoch", bin->epoch);
      hm_json_set_i64 (json, "bin", bin->bin);
      hm_json_set_u64 (json, "records", bin->records);
      hm_json_set_u64 (json, "sum", bin->sum);
      hm_json_end_object (json);
    }
  hm_json_end_array (json);
}

static void
print_time (HmJsonWriter *json, const char *key, HmTime time)
{
  if (time >= 0)
    hm_json_set_i64 (json, key, time);
}

static void
print_losses (HmJsonWriter *json, const GPtrArray *losses)
{
  hm_json_key (json, "losses");
  hm_json_begin_array (json);
  for (guint i = 0; i < losses->len; i++)
    {
      const HmJournalLoss *loss = g_ptr_array_index (losses, i);
      g_autofree char *reason = hm_text_clean (loss->reason, HM_ID_MAX, NULL);

      hm_json_begin_object (json);
      hm_json_set_u64 (json, "id", loss->id);
      hm_json_set_u64 (json, "records", loss->records);
      hm_json_set_u64 (json, "resources", loss->resources);
      print_time (json, "from", loss->from);
      print_time (json, "to", loss->to);
      hm_json_set_text (json, "reason", reason);
      hm_json_end_object (json);
    }
  hm_json_end_array (json);
}

static void
print_damages (HmJsonWriter *json, const GArray *damages)
{
  hm_json_key (json, "damages");
  hm_json_begin_array (json);
  for (guint i = first_kept (damages->len, HM_JOURNAL_DAMAGES_MAX); i < damages->len; i++)
    {
      const HmJournalDamage *damage = &g_array_index (damages, HmJournalDamage, i);

      hm_json_begin_object (json);
      hm_json_set_text (json, "lane", hm_lane_name (damage->lane));
      hm_json_set_u64 (json, "first", damage->first);
      hm_json_set_u64 (json, "count", damage->count);
      hm_json_end_object (json);
    }
  hm_json_end_array (json);
}

/* What is written must be readable: a journal that nobody takes is worse than one that is old. */
static gboolean
check_text (const char *text, const char *what, GError **error)
{
  if (*text != '\0' && strlen (text) <= HM_ID_MAX)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%s of %" G_GSIZE_FORMAT " bytes, not 1 to %d", what,
               strlen (text), HM_ID_MAX);
  return FALSE;
}

static gboolean
check_texts (const HmJournal *journal, GError **error)
{
  for (guint i = 0; i < journal->marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (journal->marks, i);

      if (!check_text (mark->publisher, "a publisher's name", error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_number (guint64 number, guint64 last, const char *what, GError **error)
{
  if (number <= last)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL,
               "%s is %" G_GUINT64_FORMAT ", more than %" G_GUINT64_FORMAT, what, number, last);
  return FALSE;
}

static gboolean
check_lanes (const guint64 numbers[HM_LANES], const char *what, GError **error)
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    if (!check_number (numbers[lane], HM_NUMBER_LAST, what, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_numbers (const HmJournal *journal, GError **error)
{
  if (!check_lanes (journal->released, "released", error)
      || !check_lanes (journal->counted, "counted", error))
    return FALSE;
  for (guint i = 0; i < journal->marks->len; i++)
    {
      const HmJournalMark *mark = g_ptr_array_index (journal->marks, i);

      if (!check_lanes (mark->next, "a publisher's mark", error)
          || !check_lanes (mark->given, "what a publisher was given", error))
        return FALSE;
    }
  for (guint i = 0; i < journal->damages->len; i++)
    {
      const HmJournalDamage *damage = &g_array_index (journal->damages, HmJournalDamage, i);

      if (!check_number (damage->first, HM_NUMBER_LAST, "a damage's first", error)
          || !check_number (damage->count, HM_NUMBER_LAST - damage->first, "a damage's count", error))
        return FALSE;
    }
  return TRUE;
}

/* Of a bin the worst that comes of its absence is that the collector calls it unknown. */
guint
hm_journal_leave_out_bad_bins (HmJournal *journal)
{
  guint n = 0;

  for (guint i = journal->bins->len; i-- > 0;)
    {
      const char *epoch = g_array_index (journal->bins, HmBinCount, i).epoch;

      if (check_text (epoch, "an epoch", NULL) && g_utf8_validate (epoch, -1, NULL))
        continue;
      g_array_remove_index (journal->bins, i);
      n++;
    }
  return n;
}

/* A loss is dropped never: who has so many adds them up before. */
static gboolean
check_length (const GPtrArray *list, guint max, const char *what, GError **error)
{
  if (list->len <= max)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_INTERNAL, "%u %s, more than the %u that a journal holds", list->len,
               what, max);
  return FALSE;
}

gboolean
hm_journal_print (const HmJournal *journal, HmJsonWriter *json, GError **error)
{
  if (!check_length (journal->losses, HM_JOURNAL_LOSSES_MAX, "losses", error)
      || !check_length (journal->marks, HM_JOURNAL_MARKS_MAX, "publishers", error)
      || !check_texts (journal, error) || !check_numbers (journal, error))
    return FALSE;
  hm_json_begin_object (json);
  print_lanes_object (json, "released", journal->released);
  print_lanes_object (json, "counted", journal->counted);
  hm_json_set_u64 (json, "order", journal->order);
  hm_json_set_u64 (json, "next_loss", journal->next_loss);
  print_marks (json, journal->marks);
  print_bins (json, journal->bins);
  print_losses (json, journal->losses);
  print_damages (json, journal->damages);
  hm_json_end_object (json);
  return TRUE;
}
