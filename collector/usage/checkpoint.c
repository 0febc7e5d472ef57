/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: its rows, and its text, which the store keeps with the resource.
 *
 * One object: "fold" the state's own text; "reached" the latest append time; "rows" [[grain, agent, epoch, project, user, flavor, state, cells], …], the
 * cells as a bucket row has them, in a text of their own, or null. Called by the engine; any thread. */
#include "collector/usage/checkpoint.h"

#include "metering/error.h"
#include "metering/json.h"

#include <string.h>

#define FORM    1 /* raised when the text means something else */
#define MEMBERS 8 /* of a row */

static void
free_row (gpointer row)
{
  hm_bucket_free (row);
}

HmCheckpoint *
hm_checkpoint_new (char *fold)
{
  HmCheckpoint *checkpoint = g_new0 (HmCheckpoint, 1);

  checkpoint->fold = fold;
  checkpoint->reached = G_MAXINT64;
  checkpoint->rows = g_ptr_array_new_with_free_func (free_row);
  return checkpoint;
}

void
hm_checkpoint_free (HmCheckpoint *checkpoint)
{
  if (checkpoint == NULL)
    return;
  g_free (checkpoint->fold);
  g_ptr_array_unref (checkpoint->rows);
  g_free (checkpoint);
}

gboolean
hm_checkpoint_has (const HmCheckpoint *checkpoint, const HmBucket *key)
{
  for (guint i = checkpoint->rows->len; i-- > 0;)
    if (hm_bucket_same_key (g_ptr_array_index (checkpoint->rows, i), key))
      return TRUE;
  return FALSE;
}

void
hm_checkpoint_add (HmCheckpoint *checkpoint, HmBucket *row)
{
  g_ptr_array_add (checkpoint->rows, row);
  checkpoint->grown = TRUE;
}

HmTime
hm_checkpoint_held_from (HmTime edge, const HmFoldState *fold)
{
  return fold->time != HM_TIME_UNKNOWN ? MAX (edge, fold->time + 1) : edge;
}

/* -- writing -- */

static void
write_row (HmJsonWriter *w, const HmBucket *row)
{
  g_autofree char *cells = row->cells->len > 0 ? hm_bucket_cells_to_json (row, NULL) : NULL;

  hm_json_begin_array (w);
  hm_json_i64 (w, row->grain);
  hm_json_text (w, row->agent);
  hm_json_text (w, row->epoch);
  hm_json_text (w, row->project);
  hm_json_text (w, row->user);
  hm_json_text (w, row->flavor);
  hm_json_u64 (w, row->state);
  hm_json_text (w, cells);
  hm_json_end_array (w);
}

char *
hm_checkpoint_to_json (const HmCheckpoint *checkpoint, gsize *ret_length)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);
  const char *text;

  hm_json_begin_object (w);
  hm_json_set_u64 (w, "version", FORM);
  hm_json_set_text (w, "fold", checkpoint->fold);
  hm_json_set_u64 (w, "reached", (guint64)checkpoint->reached);
  hm_json_key (w, "rows");
  hm_json_begin_array (w);
  for (guint i = 0; i < checkpoint->rows->len; i++)
    write_row (w, g_ptr_array_index (checkpoint->rows, i));
  hm_json_end_array (w);
  hm_json_end_object (w);
  text = hm_json_writer_finish (w, ret_length, NULL);
  g_assert (text != NULL); /* its texts came through a decoder */
  return g_strndup (text, *ret_length);
}

/* -- reading -- */

static char *
copy_text (const HmJson *row, guint i)
{
  return g_strdup (hm_json_get_text (hm_json_element (row, i), NULL));
}

static gboolean
read_cells (HmBucket *row, const HmJson *json, GError **error)
{
  const char *cells = hm_json_get_text (json, NULL);

  return cells == NULL || hm_bucket_cells_from_json (row, cells, strlen (cells), error);
}

static gboolean
read_row (HmCheckpoint *checkpoint, const HmJson *json, GError **error)
{
  g_autoptr (HmBucket) row = hm_bucket_new ();
  guint64 grain, state;

  if (hm_json_size (json) != MEMBERS || !hm_json_get_u64 (hm_json_element (json, 0), NULL, &grain)
      || grain > G_MAXINT64 || !hm_json_get_u64 (hm_json_element (json, 6), NULL, &state)
      || state > HM_STATE_LOST)
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_DATA, "wrong row");
      return FALSE;
    }
  row->grain = (HmTime)grain;
  row->agent = copy_text (json, 1);
  row->epoch = copy_text (json, 2);
  row->project = copy_text (json, 3);
  row->user = copy_text (json, 4);
  row->flavor = copy_text (json, 5);
  row->state = (HmState)state;
  if (!read_cells (row, hm_json_element (json, 7), error))
    return FALSE;
  g_ptr_array_add (checkpoint->rows, g_steal_pointer (&row));
  return TRUE;
}

static HmCheckpoint *
read_checkpoint (const HmJson *json, GError **error)
{
  g_autoptr (HmCheckpoint) checkpoint = hm_checkpoint_new (g_strdup (hm_json_get_text (json, "fold")));
  const HmJson *rows = hm_json_at (json, "rows");
  guint64 version, reached;

  if (!hm_json_get_u64 (json, "version", &version) || version != FORM || checkpoint->fold == NULL
      || !hm_json_is_array (rows))
    {
      g_set_error_literal (error, HM_ERROR, HM_ERROR_DATA, "not of a version that is known here");
      return NULL;
    }
  if (hm_json_get_u64 (json, "reached", &reached) && reached <= G_MAXINT64)
    checkpoint->reached = (HmTime)reached;
  for (guint i = 0; i < hm_json_size (rows); i++)
    if (!read_row (checkpoint, hm_json_element (rows, i), error))
      return NULL;
  return g_steal_pointer (&checkpoint);
}

HmCheckpoint *
hm_checkpoint_from_json (const char *json, gsize length, GError **error)
{
  g_autoptr (HmJson) tree = hm_json_parse (json, length, error);
  HmCheckpoint *checkpoint = tree != NULL ? read_checkpoint (tree, error) : NULL;

  if (checkpoint == NULL)
    g_prefix_error (error, "checkpoint: ");
  return checkpoint;
}
