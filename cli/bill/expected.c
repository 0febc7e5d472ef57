/* SPDX-License-Identifier: Apache-2.0 */
/* expected: see expected.h. Whoever made the file may be wrong in any way: limits on every line, and no line that is not understood. */
#include "cli/bill/expected.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "metering/json.h"
#include "metering/resource.h"

typedef enum
{
  RESOURCE,
  CREATED,
  DELETED,
  N_FIELDS
} Field;

static const char *const names[N_FIELDS] = { "resource", "created", "deleted" };

typedef struct
{
  const char *path;
  const HmCalendar *zone; /* (nullable) of times that name none */
  FILE *file;
  char *line;
  guint number; /* of the line */
  gboolean is_json;
  int places[N_FIELDS];  /* of the header's columns; -1: none */
  GPtrArray *expected;   /* (element-type HmExpected) */
  GHashTable *resources; /* (element-type utf8 HmExpected) */
} Reading;

static void
free_expected (gpointer data)
{
  HmExpected *expected = data;

  g_free (expected->resource);
  g_free (expected);
}

static gboolean G_GNUC_PRINTF (3, 4) refuse (const Reading *reading, GError **error, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list arguments;

  va_start (arguments, format);
  why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s:%u: %s", reading->path, reading->number, why);
  return FALSE;
}

/* For a message: what it holds may be anything. (transfer full) */
static char *
show (const char *text)
{
  return hm_text_clean (text, 64, NULL);
}

/* -- lines -- */

/* *@ret_more FALSE: there is no other line. */
static gboolean
next_line (Reading *reading, gboolean *ret_more, GError **error)
{
  gsize length;

  *ret_more = fgets (reading->line, HM_EXPECTED_LINE_MAX, reading->file) != NULL;
  reading->number++;
  if (!*ret_more && ferror (reading->file))
    return refuse (reading, error, "%s", g_strerror (errno));
  if (!*ret_more)
    return TRUE;
  length = strlen (reading->line);
  if (length > 0 && reading->line[length - 1] == '\n')
    reading->line[--length] = '\0';
  else if (!feof (reading->file))
    return refuse (reading, error, "longer than %d bytes, or with a NUL in it", HM_EXPECTED_LINE_MAX - 2);
  if (length > 0 && reading->line[length - 1] == '\r')
    reading->line[--length] = '\0';
  if (!g_utf8_validate (reading->line, -1, NULL))
    return refuse (reading, error, "no UTF-8");
  return TRUE;
}

/* -- one resource -- */

/* "2026-11-21T01:00:00.000000", as if it were UTC's. */
static gboolean
parse_local (const char *text, HmTime *ret_local)
{
  g_autofree char *filled = g_strconcat (text, "Z", NULL);
  const gsize date = strlen ("2026-11-21");

  if (strlen (text) > date && filled[date] == ' ')
    filled[date] = 'T';
  return hm_time_parse (filled, -1, ret_local);
}

static gboolean
place_local (const Reading *reading, Field field, const char *shown, HmTime local, HmTime *ret_time,
             GError **error)
{
  const char *zone = reading->zone != NULL ? hm_calendar_zone (reading->zone) : NULL;
  guint n = zone != NULL ? hm_calendar_shows (reading->zone, local, ret_time) : 0;

  if (zone == NULL)
    return refuse (
        reading, error,
        "%s: '%s' does not say of which time zone it is; --expected-zone does for the file (UTC, if "
        "it is of Nova)",
        names[field], shown);
  if (n == 0)
    return refuse (reading, error, "%s: the clock of %s never shows '%s': it is put forward over it",
                   names[field], zone, shown);
  if (n > 1)
    return refuse (
        reading, error,
        "%s: the clock of %s shows '%s' twice, as it is put back; write the offset behind it, such as "
        "+01:00",
        names[field], zone, shown);
  return TRUE;
}

static gboolean
read_time (const Reading *reading, Field field, const char *text, HmTime *ret_time, GError **error)
{
  g_autofree char *shown = NULL;
  HmTime local;

  *ret_time = HM_TIME_UNKNOWN;
  if (text == NULL || *text == '\0' || hm_time_parse (text, -1, ret_time))
    return TRUE;
  shown = show (text);
  if (parse_local (text, &local))
    return place_local (reading, field, shown, local, ret_time, error);
  return refuse (reading, error, "%s: '%s' is no time; write 2026-11-21T01:00:00Z", names[field], shown);
}

static gboolean
add (Reading *reading, const char *const fields[N_FIELDS], GError **error)
{
  const char *id = fields[RESOURCE];
  const HmExpected *other;
  g_autofree char *shown = show (id != NULL ? id : "");
  HmTime created, deleted;
  HmExpected *expected;

  if (id == NULL || *id == '\0' || strlen (id) > HM_ID_MAX)
    return refuse (reading, error, "resource: an id has 1 to %d bytes", HM_ID_MAX);
  if (!read_time (reading, CREATED, fields[CREATED], &created, error)
      || !read_time (reading, DELETED, fields[DELETED], &deleted, error))
    return FALSE;
  if (created != HM_TIME_UNKNOWN && deleted != HM_TIME_UNKNOWN && deleted < created)
    return refuse (reading, error, "%s is deleted before it is created", shown);
  other = g_hash_table_lookup (reading->resources, id);
  if (other != NULL)
    return refuse (reading, error, "%s stands in line %u already", shown, other->line);
  if (reading->expected->len >= HM_EXPECTED_MAX)
    return refuse (reading, error, "more than %d resources", HM_EXPECTED_MAX);
  expected = g_new (HmExpected, 1);
  *expected = (HmExpected){ g_strdup (id), created, deleted, reading->number };
  g_ptr_array_add (reading->expected, expected);
  g_hash_table_insert (reading->resources, expected->resource, expected);
  return TRUE;
}

/* -- NDJSON -- */

static gboolean
read_object (Reading *reading, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (HmJson) json = hm_json_parse (reading->line, strlen (reading->line), &local);
  const char *fields[N_FIELDS];

  if (json == NULL)
    return refuse (reading, error, "%s", local->message);
  if (!hm_json_is_object (json))
    return refuse (reading, error, "no JSON object");
  for (guint i = 0; i < N_FIELDS; i++)
    {
      fields[i] = hm_json_get_text (json, names[i]);
      if (fields[i] == NULL && hm_json_get_number (json, names[i]) != NULL)
        return refuse (reading, error, "%s: no text", names[i]);
    }
  return add (reading, fields, error);
}

/* -- CSV -- */

/* The cell that begins at *@at, which then is behind it; unquoted in place. NULL: a quote that has no end. */
static char *
cut_cell (char **at, gboolean *ret_last)
{
  char *cell = *at, *out = *at, *in = *at;
  gboolean quoted = *in == '"';

  if (quoted)
    in++;
  while (*in != '\0' && (quoted || *in != ','))
    {
      if (quoted && in[0] == '"' && in[1] != '"')
        break;
      in += quoted && in[0] == '"' ? 1 : 0;
      *out++ = *in++;
    }
  if (quoted && *in++ != '"')
    return NULL;
  if (*in != '\0' && *in != ',')
    return NULL;
  *ret_last = *in == '\0';
  *at = in + 1;
  *out = '\0';
  return cell;
}

/* (transfer container) (element-type utf8), of the line itself */
static GPtrArray *
cut_line (const Reading *reading, GError **error)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new ();
  char *at = reading->line;

  for (gboolean last = FALSE; !last;)
    {
      char *cell = cut_cell (&at, &last);

      if (cell == NULL)
        {
          refuse (reading, error, "a quote that does not end where its cell does");
          return NULL;
        }
      g_ptr_array_add (cells, cell);
    }
  return g_steal_pointer (&cells);
}

static gboolean
take_column (Reading *reading, Field field, const char *name, int place, GError **error)
{
  if (!g_str_equal (name, names[field]))
    return TRUE;
  if (reading->places[field] >= 0)
    return refuse (reading, error, "the header has column '%s' twice", name);
  reading->places[field] = place;
  return TRUE;
}

static gboolean
read_header (Reading *reading, GError **error)
{
  g_autoptr (GPtrArray) cells = cut_line (reading, error);

  if (cells == NULL)
    return FALSE;
  for (guint field = 0; field < N_FIELDS; field++)
    {
      reading->places[field] = -1;
      for (guint i = 0; i < cells->len; i++)
        if (!take_column (reading, (Field)field, cells->pdata[i], (int)i, error))
          return FALSE;
      if (reading->places[field] < 0)
        return refuse (reading, error, "the header has no column '%s'", names[field]);
    }
  return TRUE;
}

static gboolean
read_cells (Reading *reading, GError **error)
{
  g_autoptr (GPtrArray) cells = cut_line (reading, error);
  const char *fields[N_FIELDS];

  if (cells == NULL)
    return FALSE;
  for (guint i = 0; i < N_FIELDS; i++)
    {
      if ((guint)reading->places[i] >= cells->len)
        return refuse (reading, error, "no cell '%s'", names[i]);
      fields[i] = cells->pdata[reading->places[i]];
    }
  return add (reading, fields, error);
}

/* -- the file -- */

static gboolean
read_line (Reading *reading, GError **error)
{
  if (reading->number == 1)
    {
      if (g_str_has_prefix (reading->line, "\xef\xbb\xbf")) /* a byte order mark, as spreadsheets write it */
        memmove (reading->line, reading->line + 3, strlen (reading->line + 3) + 1);
      reading->is_json = reading->line[0] == '{';
      return reading->is_json ? read_object (reading, error) : read_header (reading, error);
    }
  if (reading->line[0] == '\0')
    return TRUE;
  return reading->is_json ? read_object (reading, error) : read_cells (reading, error);
}

static gboolean
read_lines (Reading *reading, GError **error)
{
  gboolean more = TRUE, good = TRUE;

  while (good && more)
    good = next_line (reading, &more, error) && (!more || read_line (reading, error));
  if (good && reading->number == 1)
    return refuse (reading, error, "the file is empty");
  return good;
}

GPtrArray *
hm_expected_read (const char *path, const HmCalendar *zone, GError **error)
{
  g_autoptr (GPtrArray) expected = g_ptr_array_new_with_free_func (free_expected);
  g_autoptr (GHashTable) resources = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *line = g_malloc (HM_EXPECTED_LINE_MAX);
  gboolean standard = g_str_equal (path, "-"), good;
  Reading reading = { .path = standard ? "standard input" : path,
                      .zone = zone,
                      .file = standard ? stdin : fopen (path, "re"),
                      .line = line,
                      .expected = expected,
                      .resources = resources };

  if (reading.file == NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_UNAVAILABLE, "%s: %s", path, g_strerror (errno));
      return NULL;
    }
  good = read_lines (&reading, error);
  if (!standard)
    fclose (reading.file);
  return good ? g_steal_pointer (&expected) : NULL;
}
