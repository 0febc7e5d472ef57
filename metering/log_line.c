/* SPDX-License-Identifier: Apache-2.0 */
/* log_line: one line of the log, from hostile text to the terminal or the journal.
 *
 * Made on the thread that says it, written on the log's own thread or, before that is started, at once. */
#include "metering/log_private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "metering/count.h"
#include "metering/text_private.h"

#define TEXT_MAX   4000
#define FIELD_MAX  256
#define FIELDS_MAX 12

/* -- making -- */

static void
append_escape (GString *out, gunichar c)
{
  if (c == '\n')
    g_string_append (out, "\\n");
  else if (c == '\t')
    g_string_append (out, "\\t");
  else
    g_string_append_printf (out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
}

/* @text as it may be shown: what is not a printable character becomes an escape, what is too long is cut. */
static char *
clean (const char *text, gsize max)
{
  GString *out;

  if (text == NULL)
    return NULL;
  out = g_string_sized_new (MIN (strlen (text) + 8, max));
  while (*text != '\0' && out->len < max)
    {
      gunichar c = g_utf8_get_char_validated (text, -1);
      gboolean bad = (gint32)c < 0;

      if (bad)
        g_string_append_printf (out, "\\x%02x", (guchar)*text);
      else if (hm_char_is_treacherous (c))
        append_escape (out, c);
      else
        g_string_append_unichar (out, c);
      text += bad ? 1 : g_unichar_to_utf8 (c, NULL);
    }
  if (*text != '\0')
    g_string_append (out, "…");
  return g_string_free (out, FALSE);
}

HmLogLine *
hm_log_line_new (GLogLevelFlags level, const char *domain, const HmLogFields *fields, const char *text)
{
  static const HmLogFields none = { NULL, NULL, NULL, NULL };
  HmLogLine *line = g_new0 (HmLogLine, 1);

  if (fields == NULL)
    fields = &none;
  line->level = level;
  line->domain = clean (domain, FIELD_MAX);
  line->text = clean (text, TEXT_MAX);
  line->plugin = clean (fields->plugin, FIELD_MAX);
  line->resource = clean (fields->resource, FIELD_MAX);
  line->meter = clean (fields->meter, FIELD_MAX);
  line->topic = clean (fields->topic, FIELD_MAX);
  return line;
}

void
hm_log_line_free (HmLogLine *line)
{
  if (line == NULL)
    return;
  g_free (line->domain);
  g_free (line->text);
  g_free (line->plugin);
  g_free (line->resource);
  g_free (line->meter);
  g_free (line->topic);
  g_free (line);
}

gboolean
hm_log_line_equal (const HmLogLine *a, const HmLogLine *b)
{
  return a->level == b->level && g_str_equal (a->text, b->text) && g_strcmp0 (a->domain, b->domain) == 0
         && g_strcmp0 (a->plugin, b->plugin) == 0 && g_strcmp0 (a->resource, b->resource) == 0
         && g_strcmp0 (a->meter, b->meter) == 0 && g_strcmp0 (a->topic, b->topic) == 0;
}

HmLogLine *
hm_log_line_copy (const HmLogLine *line)
{
  HmLogLine *copy = g_new (HmLogLine, 1);

  copy->level = line->level;
  copy->domain = g_strdup (line->domain);
  copy->text = g_strdup (line->text);
  copy->plugin = g_strdup (line->plugin);
  copy->resource = g_strdup (line->resource);
  copy->meter = g_strdup (line->meter);
  copy->topic = g_strdup (line->topic);
  return copy;
}

HmLogLine *
hm_log_line_repeated (const HmLogLine *line, guint times)
{
  g_autofree char *count = hm_count_print (times, "time");
  HmLogLine *repeated = hm_log_line_copy (line);

  g_free (repeated->text);
  repeated->text = g_strconcat (line->text, ": repeated ", count, NULL);
  return repeated;
}

/* -- as text -- */

static const char *
level_word (GLogLevelFlags level)
{
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
    return "error";
  if ((level & G_LOG_LEVEL_WARNING) != 0)
    return "warning";
  if ((level & G_LOG_LEVEL_MESSAGE) != 0)
    return "notice";
  return (level & G_LOG_LEVEL_INFO) != 0 ? "info" : "debug";
}

static void
append_field (GString *out, const char *name, const char *value)
{
  if (value != NULL)
    g_string_append_printf (out, "%s%s=%s", out->str[out->len - 1] == '[' ? "" : " ", name, value);
}

char *
hm_log_line_print (const HmLogLine *line, const char *program)
{
  GString *out = g_string_new (NULL);

  g_string_printf (out, "%s: %s: ", program, level_word (line->level));
  if (line->domain != NULL)
    g_string_append_printf (out, "%s: ", line->domain);
  g_string_append (out, line->text);
  if (line->plugin != NULL || line->resource != NULL || line->meter != NULL || line->topic != NULL)
    {
      g_string_append (out, " [");
      append_field (out, "plugin", line->plugin);
      append_field (out, "resource", line->resource);
      append_field (out, "meter", line->meter);
      append_field (out, "topic", line->topic);
      g_string_append_c (out, ']');
    }
  g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}

/* One write per line, as far as the kernel lets us, so that lines of several processes do not mix. There is
 * nobody to tell when standard error itself does not work. */
static void
write_text (const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      ssize_t n = write (STDERR_FILENO, text, left);

      if (n >= 0)
        {
          text += n;
          left -= (gsize)n;
        }
      else if (errno == EAGAIN)
        {
          struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

          poll (&room, 1, -1);
        }
      else if (errno != EINTR)
        return;
    }
}

/* -- as fields -- */

/* Numbers of syslog(3), which journald takes. */
static const char *
priority (GLogLevelFlags level)
{
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
    return "3";
  if ((level & G_LOG_LEVEL_WARNING) != 0)
    return "4";
  if ((level & G_LOG_LEVEL_MESSAGE) != 0)
    return "5";
  return (level & G_LOG_LEVEL_INFO) != 0 ? "6" : "7";
}

static gboolean
write_fields (const HmLogLine *line, const char *program)
{
  const struct
  {
    const char *key, *value;
  } all[] = {
    { "MESSAGE", line->text },        { "PRIORITY", priority (line->level) },
    { "SYSLOG_IDENTIFIER", program }, { "GLIB_DOMAIN", line->domain },
    { "HM_PLUGIN", line->plugin },    { "HM_RESOURCE", line->resource },
    { "HM_METER", line->meter },      { "HM_TOPIC", line->topic },
  };
  GLogField fields[FIELDS_MAX];
  gsize n = 0;

  G_STATIC_ASSERT (G_N_ELEMENTS (all) <= FIELDS_MAX);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i].value != NULL)
      fields[n++] = (GLogField){ all[i].key, all[i].value, -1 };
  return g_log_writer_journald (line->level, fields, n, NULL) == G_LOG_WRITER_HANDLED;
}

void
hm_log_line_write (const HmLogLine *line, const char *program)
{
  g_autofree char *text = NULL;

  if (g_log_writer_is_journald (STDERR_FILENO) && write_fields (line, program))
    return;
  text = hm_log_line_print (line, program);
  write_text (text);
}
