/* SPDX-License-Identifier: Apache-2.0 */
/* decode_refuse: why a record is refused, in words that name the field. Called by the walk alone, on its
 * thread. A sender's own text is shown as printable ASCII and cut short: these lines go to logs and
 * terminals. */
#include "metering/decode_walk.h"

#include <string.h>

#define SHOWN_MAX 40 /* bytes of a sender's text */

static void
append_shown (GString *line, const char *text, gsize length)
{
  for (gsize i = 0; i < length && i < SHOWN_MAX; i++)
    g_string_append_c (line, g_ascii_isprint (text[i]) ? text[i] : '?');
  if (length > SHOWN_MAX)
    g_string_append (line, "...");
}

/* "samples[3].attrs.key" */
static void
append_path (GString *line, const HmWalk *walk)
{
  for (guint i = 0; i < walk->n_frames; i++)
    {
      const HmFrame *frame = &walk->frames[i];

      if (frame->kind == HM_FRAME_LIST)
        g_string_append_printf (line, "[%u]", frame->rows->len);
      else if (frame->kind == HM_FRAME_PAIRS && walk->pair.key != NULL)
        {
          g_string_append_c (line, '.');
          append_shown (line, walk->pair.key, strlen (walk->pair.key));
        }
      else if (frame->kind == HM_FRAME_OBJECT && frame->member != NULL)
        g_string_append_printf (line, "%s%s", i > 0 ? "." : "", frame->member->name);
    }
}

static G_GNUC_PRINTF (3, 0) void note (HmWalk *walk, HmRefusal refusal, const char *format, va_list arguments)
{
  GString *line;

  if (walk->refusal != HM_REFUSED_NOT)
    return;
  line = g_string_new (NULL);
  append_path (line, walk);
  if (line->len > 0)
    g_string_append (line, ": ");
  g_string_append_vprintf (line, format, arguments);
  walk->refusal = refusal;
  walk->detail = g_string_free (line, FALSE);
}

gboolean
hm_walk_stop (HmWalk *walk, HmRefusal refusal, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  note (walk, refusal, format, arguments);
  va_end (arguments);
  return FALSE;
}

gboolean
hm_walk_refuse (HmWalk *walk, HmRefusal refusal, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  note (walk, refusal, format, arguments);
  va_end (arguments);
  walk->skip = walk->depth - 1;
  walk->n_frames = 1;
  walk->frames[0].member = NULL;
  return !walk->schema_seen;
}

gboolean
hm_walk_refuse_value (HmWalk *walk, HmRefusal refusal, HmScalar scalar, const char *expected)
{
  g_autoptr (GString) shown = g_string_new (NULL);

  append_shown (shown, scalar.text, scalar.length);
  return hm_walk_refuse (walk, refusal, scalar.quoted ? "\"%s\" is not %s" : "%s is not %s", shown->str,
                         expected);
}

gboolean
hm_walk_refuse_kind (HmWalk *walk, const char *found)
{
  const HmFrame *frame = hm_walk_top (walk);
  const char *expected = "an object";

  if (frame->kind == HM_FRAME_PAIRS)
    expected = "a text";
  else if (frame->kind == HM_FRAME_OBJECT)
    expected = hm_member_expects (frame->member);
  if (frame->kind == HM_FRAME_OBJECT && frame->member->kind == HM_MEMBER_SCHEMA)
    return hm_walk_stop (walk, HM_REFUSED_BAD_SCHEMA, "%s is not %s", found, expected);
  return hm_walk_refuse (walk, HM_REFUSED_BAD_TYPE, "%s is not %s", found, expected);
}
