/* SPDX-License-Identifier: Apache-2.0 */
/* ingest_body: a request's lines to arrivals, and what became of them to an answer. Pure.
 *
 * A line is what hm_event_line() writes: a CloudEvent in structured JSON form whose last member, `data`, is the record. The
 * record's bytes are taken out of the line as they are, since they are what was signed. */
#include "collector/ingest/ingest_private.h"

#include <string.h>

#include "metering/clock.h"
#include "metering/error.h"
#include "metering/json.h"
#include "metering/signature.h"

enum
{
  MEMBER_OTHER = -1,
  MEMBER_ID,
  MEMBER_SUBJECT,
  MEMBER_SIGNATURE,
  MEMBER_TYPE,
  MEMBER_DATA,
  MEMBERS
};

static const char *const members[MEMBERS] = { "id", "subject", "hmsignature", "type", "data" };
/* What the same is called beside a message of the bus. */
static const char *const headers[MEMBERS] = { "ce_id", NULL, "hm-signature", "ce_type", NULL };

typedef struct
{
  const char *bytes;
  gsize length;
  guint depth;
  int member; /* that the next value belongs to */
  guint seen; /* bits of the above */
  const char *data;
  HmIngestRecord *record;
  char *fault;
} Line;

static void
free_record (gpointer data)
{
  HmIngestRecord *record = data;

  hm_arrival_free (record->arrival);
  g_free (record->id);
  g_free (record->key);
  g_free (record);
}

/* -- one line -- */

static gboolean
spoil (Line *line, const char *name, const char *what)
{
  if (line->fault == NULL)
    line->fault = g_strdup_printf ("%s%s%s", name, *name != '\0' ? ": " : "", what);
  return FALSE;
}

/* A value of any kind, where a text may be needed. */
static gboolean
take_value (Line *line)
{
  if (line->depth == 0)
    return spoil (line, "", "no JSON object");
  if (line->depth == 1 && line->member != MEMBER_OTHER && line->member != MEMBER_DATA)
    return spoil (line, members[line->member], "no text");
  return TRUE;
}

static gboolean
on_plain (gpointer user)
{
  return take_value (user);
}

static gboolean
on_boolean (gpointer user, gboolean value G_GNUC_UNUSED)
{
  return take_value (user);
}

static gboolean
on_number (gpointer user, const char *text G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
  return take_value (user);
}

static gboolean
on_string (gpointer user, const char *text, gsize length)
{
  Line *line = user;
  HmIngestRecord *record = line->record;

  if (line->depth != 1 || line->member == MEMBER_OTHER || line->member == MEMBER_DATA)
    return take_value (line);
  if (line->member == MEMBER_SUBJECT)
    record->key = g_strndup (text, length);
  if (line->member == MEMBER_ID)
    record->id = g_strndup (text, length);
  if (headers[line->member] != NULL)
    hm_arrival_take_header (record->arrival, headers[line->member], text, length);
  return TRUE;
}

static gboolean
on_begin (gpointer user)
{
  Line *line = user;

  if (line->depth > 0 && !take_value (line))
    return FALSE;
  line->depth++;
  return TRUE;
}

static gboolean
on_begin_array (gpointer user)
{
  return take_value (user) && on_begin (user);
}

static gboolean
on_end (gpointer user)
{
  Line *line = user;

  line->depth--;
  return TRUE;
}

/* Where the value of `data` begins: its name ends at @at. What follows is not read yet, so it may be anything. NULL: the name is not
 * written as it is read, or nothing follows. */
static const char *
find_data (const Line *line, const char *at)
{
  const char *end = line->bytes + line->length;

  if (at < line->bytes || at >= end || *at != '"')
    return NULL;
  for (at++; at < end && g_ascii_isspace (*at); at++)
    ;
  if (at == end || *at != ':')
    return NULL;
  for (at++; at < end && g_ascii_isspace (*at); at++)
    ;
  return at;
}

static gboolean
on_key (gpointer user, const char *text, gsize length)
{
  Line *line = user;

  if (line->depth != 1)
    return TRUE;
  if (line->data != NULL)
    return spoil (line, members[MEMBER_DATA], "not the last member");
  line->member = MEMBERS - 1;
  while (line->member != MEMBER_OTHER
         && (strlen (members[line->member]) != length || memcmp (members[line->member], text, length) != 0))
    line->member--;
  if (line->member == MEMBER_OTHER)
    return TRUE;
  if ((line->seen & 1u << line->member) != 0)
    return spoil (line, members[line->member], "there more than once");
  line->seen |= 1u << line->member;
  if (line->member == MEMBER_DATA)
    line->data = find_data (line, text + length);
  return line->member != MEMBER_DATA || line->data != NULL
         || spoil (line, members[MEMBER_DATA], "its name is escaped, or nothing follows");
}

static const HmJsonHandler handler = {
  .null = on_plain,
  .boolean = on_boolean,
  .number = on_number,
  .string = on_string,
  .start_map = on_begin,
  .map_key = on_key,
  .end_map = on_end,
  .start_array = on_begin_array,
  .end_array = on_end,
};

static gboolean
has_all (Line *line)
{
  static const int needed[] = { MEMBER_ID, MEMBER_SUBJECT, MEMBER_DATA };

  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    if ((line->seen & 1u << needed[i]) == 0)
      return spoil (line, members[needed[i]], "missing");
  return TRUE;
}

/* The last thing before the end of the line is the object's. */
static void
cut_data (Line *line)
{
  const char *end = line->bytes + line->length;

  while (*--end != '}')
    ;
  while (end > line->data && g_ascii_isspace (end[-1]))
    end--;
  line->record->arrival->value = line->data;
  line->record->arrival->length = (gsize)(end - line->data);
}

/* What came over no bus has no offset. Of the bytes, a dead letter that is sent again is known by it. */
static gint64
number_of (const HmArrival *arrival)
{
  char hex[65];

  hm_sha256_hex (arrival->value, arrival->length, hex);
  hex[15] = '\0';
  return g_ascii_strtoll (hex, NULL, 16);
}

static void
complete (HmIngestRecord *record)
{
  const HmClock *clock = hm_clock_system ();
  HmArrival *arrival = record->arrival;

  arrival->topic = HM_INGEST_TOPIC;
  arrival->partition = HM_PARTITION_NONE;
  arrival->generation = HM_GENERATION_NONE;
  arrival->offset = arrival->expected = number_of (arrival);
  arrival->appended = arrival->received = clock->wall (clock);
  arrival->key = record->key;
  arrival->key_length = strlen (record->key);
}

/* (transfer full) NULL: *@ret_fault (transfer full) says why not. */
static HmIngestRecord *
read_line (const char *bytes, gsize length, char **ret_fault)
{
  Line line = { .bytes = bytes, .length = length, .record = g_new0 (HmIngestRecord, 1) };
  g_autofree char *syntax = NULL;

  line.record->arrival = hm_arrival_new ();
  if (hm_json_read (bytes, length, &handler, &line, &syntax) != HM_JSON_OK)
    spoil (&line, "", syntax != NULL ? syntax : "no JSON");
  else if (has_all (&line))
    {
      cut_data (&line);
      complete (line.record);
      return line.record;
    }
  *ret_fault = line.fault;
  free_record (line.record);
  return NULL;
}

/* -- all lines -- */

/* @fault (transfer full) */
static gboolean
refuse (HmIngestBody *body, guint status, guint line, char *fault)
{
  body->status = status;
  body->detail = line > 0 ? g_strdup_printf ("line %u: %s", line, fault) : g_strdup (fault);
  g_free (fault);
  return FALSE;
}

static gboolean
take_line (HmIngestBody *body, const char *bytes, gsize length, guint number, guint records_max)
{
  HmIngestRecord *record;
  char *fault = NULL;

  if (body->records->len == records_max)
    return refuse (body, 413, 0, g_strdup_printf ("more records than %u", records_max));
  record = read_line (bytes, length, &fault);
  if (record == NULL)
    return refuse (body, 400, number, fault);
  g_ptr_array_add (body->records, record);
  return TRUE;
}

static gboolean
is_blank (const char *bytes, gsize length)
{
  while (length > 0 && g_ascii_isspace (bytes[length - 1]))
    length--;
  return length == 0;
}

gboolean
hm_ingest_body_read (HmIngestBody *ret_body, GBytes *body, guint records_max)
{
  gsize left;
  const char *at = g_bytes_get_data (body, &left);

  *ret_body = (HmIngestBody){ .records = g_ptr_array_new_with_free_func (free_record) };
  for (guint number = 1; left > 0; number++)
    {
      const char *end = memchr (at, '\n', left);
      gsize length = end != NULL ? (gsize)(end - at) : left, whole = length + (end != NULL);

      if (!is_blank (at, length) && !take_line (ret_body, at, length, number, records_max))
        return FALSE;
      at += whole;
      left -= whole;
    }
  return ret_body->records->len > 0 || refuse (ret_body, 400, 0, g_strdup ("no record"));
}

void
hm_ingest_body_clear (HmIngestBody *body)
{
  g_clear_pointer (&body->records, g_ptr_array_unref);
  g_clear_pointer (&body->detail, g_free);
}

/* -- answers -- */

static void
write_record (HmJsonWriter *w, const HmIngestRecord *record)
{
  hm_json_begin_object (w);
  hm_json_set_text (w, "id", record->id);
  if (record->letter != HM_REFUSED_NOT)
    {
      hm_json_set_text (w, "result", "refused");
      hm_json_set_text (w, "reason", hm_refusal_name (record->letter));
    }
  else
    hm_json_set_text (w, "result", record->repeated ? "repeated" : "stored");
  hm_json_end_object (w);
}

/* All its texts came as sound UTF-8. */
static GBytes *
finish (HmJsonWriter *w)
{
  gsize length = 0;
  const char *text = hm_json_writer_finish (w, &length, NULL);

  return g_bytes_new (text, length);
}

GBytes *
hm_ingest_body_answer (const HmIngestBody *body)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_object (w);
  hm_json_key (w, "records");
  hm_json_begin_array (w);
  for (guint i = 0; i < body->records->len; i++)
    write_record (w, g_ptr_array_index (body->records, i));
  hm_json_end_array (w);
  hm_json_end_object (w);
  return finish (w);
}

GBytes *
hm_ingest_body_refusal (const char *detail)
{
  g_autoptr (HmJsonWriter) w = hm_json_writer_new (FALSE);

  hm_json_begin_object (w);
  hm_json_set_text (w, "error", detail);
  hm_json_end_object (w);
  return finish (w);
}
