/* SPDX-License-Identifier: Apache-2.0 */
/* place_json: what is remembered of clocks as text, within a state's (fold_state_json.c).
 *
 * One object: "moved" a time; "forgotten" true; "boots" [[boot, boot_ns, time, trusted, place, parked_first, parked_last], …], of which the last two are
 * left out where no record waits, and the place too where it is the time; of a boot without a record that was placed [boot, parked_first,
 * parked_last]. Any thread. */
#include "collector/usage/place.h"

#include <string.h>

/* -- writing -- */

static void
write_boot (HmJsonWriter *w, const HmBootClock *boot)
{
  gboolean waits = boot->parked_last > 0;

  hm_json_begin_array (w);
  hm_json_text (w, boot->boot);
  if (boot->known)
    {
      hm_json_i64 (w, boot->boot_ns);
      hm_json_i64 (w, boot->time);
      hm_json_u64 (w, boot->trusted);
      if (waits || boot->place != boot->time)
        hm_json_i64 (w, boot->place);
    }
  if (waits)
    {
      hm_json_i64 (w, boot->parked_first);
      hm_json_i64 (w, boot->parked_last);
    }
  hm_json_end_array (w);
}

void
hm_clocks_write (const HmClocks *clocks, HmJsonWriter *w)
{
  if (clocks->boots->len == 0 && clocks->moved == HM_TIME_UNKNOWN && !clocks->forgotten)
    return;
  hm_json_key (w, "clocks");
  hm_json_begin_object (w);
  if (clocks->moved != HM_TIME_UNKNOWN)
    hm_json_set_i64 (w, "moved", clocks->moved);
  if (clocks->forgotten)
    hm_json_set_bool (w, "forgotten", TRUE);
  hm_json_key (w, "boots");
  hm_json_begin_array (w);
  for (guint i = 0; i < clocks->boots->len; i++)
    write_boot (w, &g_array_index (clocks->boots, HmBootClock, i));
  hm_json_end_array (w);
  hm_json_end_object (w);
}

/* -- reading -- */

static gboolean
number_at (const HmJson *array, guint i, gint64 *ret_number)
{
  guint64 number;

  if (!hm_json_get_u64 (hm_json_element (array, i), NULL, &number) || number > G_MAXINT64)
    return FALSE;
  *ret_number = (gint64)number;
  return TRUE;
}

static gboolean
read_parked (HmBootClock *boot, const HmJson *json, guint at)
{
  return number_at (json, at, &boot->parked_first) && number_at (json, at + 1, &boot->parked_last);
}

static gboolean
read_known (HmBootClock *boot, const HmJson *json, guint n)
{
  gint64 trusted;

  if (!number_at (json, 1, &boot->boot_ns) || !number_at (json, 2, &boot->time)
      || !number_at (json, 3, &trusted) || trusted > 1)
    return FALSE;
  boot->known = TRUE;
  boot->trusted = trusted != 0;
  boot->place = boot->time;
  return (n < 5 || number_at (json, 4, &boot->place)) && (n < 7 || read_parked (boot, json, 5));
}

static gboolean
read_boot (HmClocks *clocks, const HmJson *json)
{
  const char *name = hm_json_get_text (hm_json_element (json, 0), NULL);
  const HmBootClock *before
      = clocks->boots->len > 0 ? &g_array_index (clocks->boots, HmBootClock, clocks->boots->len - 1) : NULL;
  HmBootClock boot = { 0 };
  guint n = hm_json_size (json);
  gboolean right;

  if (name == NULL || (before != NULL && strcmp (before->boot, name) >= 0))
    return FALSE;
  right = n == 3 ? read_parked (&boot, json, 1) : (n == 4 || n == 5 || n == 7) && read_known (&boot, json, n);
  if (!right)
    return FALSE;
  boot.boot = g_strdup (name);
  g_array_append_val (clocks->boots, boot);
  return TRUE;
}

gboolean
hm_clocks_read (HmClocks *clocks, const HmJson *json)
{
  const HmJson *boots = hm_json_at (json, "boots"), *moved = hm_json_at (json, "moved");
  guint64 latest;

  if (json == NULL)
    return TRUE;
  if (moved != NULL && (!hm_json_get_u64 (moved, NULL, &latest) || latest > G_MAXINT64))
    return FALSE;
  clocks->moved = moved != NULL ? (HmTime)latest : HM_TIME_UNKNOWN;
  clocks->forgotten = hm_json_at (json, "forgotten") != NULL;
  for (guint i = 0; i < hm_json_size (boots); i++)
    if (!read_boot (clocks, hm_json_element (boots, i)))
      return FALSE;
  return hm_json_is_array (boots);
}
