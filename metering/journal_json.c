/* SPDX-License-Identifier: Apache-2.0 */
/* journal_json: a journal in memory, and out of its JSON text. Pure. docs/outbox.md has an example.
 *
 * What is read is a file's, so anybody's: every number must be there and fit, every text be as short as those that are written, every
 * list be within its limit, or nothing of it is taken. */
#include "metering/journal_private.h"

#include <string.h>

#include "metering/error.h"
#include "metering/resource.h"

/* -- memory */

static void
free_mark (gpointer data)
{
  HmJournalMark *mark = data;

  g_free (mark->publisher);
  g_free (mark);
}

static void
free_loss (gpointer data)
{
  HmJournalLoss *loss = data;

  g_free (loss->reason);
  g_free (loss);
}

HmJournal *
hm_journal_new (void)
{
  HmJournal *journal = g_new0 (HmJournal, 1);

  for (guint lane = 0; lane < HM_LANES; lane++)
    journal->released[lane] = 1;
  journal->next_loss = 1;
  journal->marks = g_ptr_array_new_with_free_func (free_mark);
  journal->bins = g_array_new (FALSE, FALSE, sizeof (HmBinCount));
  journal->losses = g_ptr_array_new_with_free_func (free_loss);
  journal->damages = g_array_new (FALSE, FALSE, sizeof (HmJournalDamage));
  journal->text = g_string_chunk_new (256);
  return journal;
}

void
hm_journal_free (HmJournal *journal)
{
  if (journal == NULL)
    return;
  g_ptr_array_unref (journal->marks);
  g_array_unref (journal->bins);
  g_ptr_array_unref (journal->losses);
  g_array_unref (journal->damages);
  g_string_chunk_free (journal->text);
  g_free (journal);
}

HmJournalMark *
hm_journal_mark (HmJournal *journal, const char *publisher)
{
  for (guint i = 0; i < journal->marks->len; i++)
    {
      HmJournalMark *mark = g_ptr_array_index (journal->marks, i);

      if (strcmp (mark->publisher, publisher) == 0)
        return mark;
    }
  return NULL;
}

/* -- out of JSON */

static gboolean
parse_lanes (const HmJson *json, guint64 ret_numbers[HM_LANES])
{
  for (guint lane = 0; lane < HM_LANES; lane++)
    if (!hm_json_get_u64 (json, hm_lane_name (lane), &ret_numbers[lane])
        || ret_numbers[lane] > HM_NUMBER_LAST)
      return FALSE;
  return TRUE;
}

/* NULL: it is none, or is too long. */
static const char *
parse_text (const HmJson *json, const char *key)
{
  const char *text = hm_json_get_text (json, key);

  return text != NULL && *text != '\0' && strlen (text) <= HM_ID_MAX ? text : NULL;
}

static gboolean
parse_i64 (const HmJson *json, const char *key, gint64 *ret_value)
{
  const char *text = hm_json_get_number (json, key);
  HmValue value;

  if (text == NULL)
    text = hm_json_get_text (json, key);
  if (text == NULL || !hm_value_parse (text, strlen (text), HM_VALUE_I64, &value))
    return FALSE;
  *ret_value = value.i64;
  return TRUE;
}

/* A time may be absent, but not be anything else. */
static gboolean
parse_time (const HmJson *json, const char *key, HmTime *ret_time)
{
  if (hm_json_at (json, key) != NULL)
    return parse_i64 (json, key, ret_time) && *ret_time >= 0;
  *ret_time = HM_TIME_UNKNOWN;
  return TRUE;
}

/* Absent where nothing was given, and in journals of before there was such a member. */
static gboolean
parse_given (const HmJson *json, guint64 ret_given[HM_LANES])
{
  const HmJson *given = hm_json_at (json, "given");

  return given == NULL || parse_lanes (given, ret_given);
}

static gboolean
parse_mark (HmJournal *journal, const HmJson *json)
{
  HmJournalMark mark = { NULL };
  const char *name = parse_text (json, "name");

  if (name == NULL || hm_journal_mark (journal, name) != NULL || !parse_lanes (json, mark.next)
      || !parse_given (json, mark.given))
    return FALSE;
  mark.publisher = g_strdup (name);
  g_ptr_array_add (journal->marks, g_memdup2 (&mark, sizeof (mark)));
  return TRUE;
}

static gboolean
parse_bin (HmJournal *journal, const HmJson *json)
{
  const char *epoch = parse_text (json, "epoch");
  HmBinCount bin;

  if (epoch == NULL || !parse_i64 (json, "bin", &bin.bin) || !hm_json_get_u64 (json, "records", &bin.records)
      || !hm_json_get_u64 (json, "sum", &bin.sum))
    return FALSE;
  bin.epoch = g_string_chunk_insert_const (journal->text, epoch);
  g_array_append_val (journal->bins, bin);
  return TRUE;
}

static gboolean
parse_loss (HmJournal *journal, const HmJson *json)
{
  HmJournalLoss loss;
  const char *reason = parse_text (json, "reason");

  if (reason == NULL || !hm_json_get_u64 (json, "id", &loss.id)
      || !hm_json_get_u64 (json, "records", &loss.records)
      || !hm_json_get_u64 (json, "resources", &loss.resources) || !parse_time (json, "from", &loss.from)
      || !parse_time (json, "to", &loss.to))
    return FALSE;
  loss.reason = g_strdup (reason);
  g_ptr_array_add (journal->losses, g_memdup2 (&loss, sizeof (loss)));
  return TRUE;
}

static gboolean
parse_damage (HmJournal *journal, const HmJson *json)
{
  const char *name = parse_text (json, "lane");
  HmJournalDamage damage = { 0 };

  while (damage.lane < HM_LANES && g_strcmp0 (name, hm_lane_name (damage.lane)) != 0)
    damage.lane++;
  if (damage.lane == HM_LANES || !hm_json_get_u64 (json, "first", &damage.first)
      || !hm_json_get_u64 (json, "count", &damage.count) || damage.first > HM_NUMBER_LAST
      || damage.count > HM_NUMBER_LAST - damage.first)
    return FALSE;
  g_array_append_val (journal->damages, damage);
  return TRUE;
}

/* The lists, each with what takes one element of it. */
static const struct
{
  const char *key;
  guint max;
  gboolean (*parse) (HmJournal *journal, const HmJson *json);
} lists[] = {
  { "publishers", HM_JOURNAL_MARKS_MAX, parse_mark },
  { "bins", HM_JOURNAL_BINS_MAX, parse_bin },
  { "losses", HM_JOURNAL_LOSSES_MAX, parse_loss },
  { "damages", HM_JOURNAL_DAMAGES_MAX, parse_damage },
};

/* What is not as it must be; NULL: everything is. */
static const char *
parse_lists (HmJournal *journal, const HmJson *json)
{
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      const HmJson *list = hm_json_at (json, lists[i].key);

      if (!hm_json_is_array (list) || hm_json_size (list) > lists[i].max)
        return lists[i].key;
      for (guint k = 0; k < hm_json_size (list); k++)
        if (!lists[i].parse (journal, hm_json_element (list, k)))
          return lists[i].key;
    }
  return NULL;
}

static const char *
parse_members (HmJournal *journal, const HmJson *json)
{
  if (!parse_lanes (hm_json_at (json, "released"), journal->released))
    return "released";
  if (!parse_lanes (hm_json_at (json, "counted"), journal->counted))
    return "counted";
  if (!hm_json_get_u64 (json, "order", &journal->order))
    return "order";
  if (!hm_json_get_u64 (json, "next_loss", &journal->next_loss))
    return "next_loss";
  return parse_lists (journal, json);
}

HmJournal *
hm_journal_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (HmJson) json = hm_json_parse (text, length, error);
  g_autoptr (HmJournal) journal = json != NULL ? hm_journal_new () : NULL;
  const char *bad;

  if (json == NULL)
    return NULL;
  bad = parse_members (journal, json);
  if (bad == NULL)
    return g_steal_pointer (&journal);
  g_set_error (error, HM_ERROR, HM_ERROR_DATA, "not a journal: \"%s\" is not what it must be", bad);
  return NULL;
}
