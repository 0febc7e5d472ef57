/* SPDX-License-Identifier: Apache-2.0 */
/* json: the writer and the streaming reader, on yajl, which no other file includes.
 *
 * Encoder and fold state write through it, decoder and tree read through it; each writer or read belongs to
 * one thread. What yajl is known to let pass is decided before it sees a byte: text by json_check, the order
 * of the writer's calls here (yajl would close an object behind a key that has no value). Numbers go through
 * as text; yajl converts none. */
#include "metering/json.h"

#include <string.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "metering/error.h"
#include "metering/json_check.h"

/* The largest integer that every reader of JSON keeps exactly (RFC 7493): 2^53 - 1. */
#define SAFE_INTEGER G_GUINT64_CONSTANT (9007199254740991)

/* More than any record; keeps a runaway text from growing the buffer without end. */
#define TEXT_MAX (64 * 1024 * 1024)

/* -- writer -- */

struct HmJsonWriter
{
  yajl_gen gen;
  const char *problem;          /* the first thing that could not be written; sticky */
  guint depth;                  /* open objects and arrays */
  gboolean begun;               /* the document has its value, or the begin of it */
  gboolean keyed;               /* a key waits for its value */
  char open[HM_JSON_DEPTH_MAX]; /* '{' or '[' */
};

HmJsonWriter *
hm_json_writer_new (gboolean pretty)
{
  HmJsonWriter *w = g_new0 (HmJsonWriter, 1);

  w->gen = yajl_gen_alloc (NULL);
  if (w->gen == NULL)
    g_error ("out of memory");
  if (pretty)
    {
      yajl_gen_config (w->gen, yajl_gen_beautify, 1);
      yajl_gen_config (w->gen, yajl_gen_indent_string, "  ");
    }
  return w;
}

void
hm_json_writer_free (HmJsonWriter *w)
{
  if (w == NULL)
    return;
  yajl_gen_free (w->gen);
  g_free (w);
}

static gboolean
fail (HmJsonWriter *w, const char *problem)
{
  if (w->problem == NULL)
    w->problem = problem;
  return FALSE;
}

static void
check (HmJsonWriter *w, yajl_gen_status status)
{
  if (status != yajl_gen_status_ok)
    fail (w, "the writer was used out of order");
}

static gboolean
in_object (const HmJsonWriter *w)
{
  return w->depth > 0 && w->open[w->depth - 1] == '{';
}

/* Whether a value may come now; takes it as come. */
static gboolean
begin_value (HmJsonWriter *w)
{
  if (w->problem != NULL)
    return FALSE;
  if (w->depth == 0 && w->begun)
    return fail (w, "a second document before the first was cleared");
  if (in_object (w) && !w->keyed)
    return fail (w, "a member without a key");
  w->begun = TRUE;
  w->keyed = FALSE;
  return TRUE;
}

static void
begin_container (HmJsonWriter *w, char kind)
{
  if (begin_value (w) && w->depth == HM_JSON_DEPTH_MAX)
    fail (w, "nested too deep");
  if (w->problem != NULL)
    return;
  w->open[w->depth++] = kind;
  check (w, kind == '{' ? yajl_gen_map_open (w->gen) : yajl_gen_array_open (w->gen));
}

static void
end_container (HmJsonWriter *w, char kind)
{
  if (w->problem != NULL)
    return;
  if (w->depth == 0 || w->open[w->depth - 1] != kind || w->keyed)
    {
      fail (w, "begin and end do not match");
      return;
    }
  w->depth--;
  check (w, kind == '{' ? yajl_gen_map_close (w->gen) : yajl_gen_array_close (w->gen));
}

void
hm_json_begin_object (HmJsonWriter *w)
{
  begin_container (w, '{');
}

void
hm_json_end_object (HmJsonWriter *w)
{
  end_container (w, '{');
}

void
hm_json_begin_array (HmJsonWriter *w)
{
  begin_container (w, '[');
}

void
hm_json_end_array (HmJsonWriter *w)
{
  end_container (w, '[');
}

static void
write_text (HmJsonWriter *w, const char *text)
{
  gsize length = strlen (text);

  if (length > TEXT_MAX)
    fail (w, "a text is too long");
  else if (hm_json_find_bad_utf8 (text, length) != NULL)
    fail (w, "a text is not UTF-8");
  else
    check (w, yajl_gen_string (w->gen, (const guchar *)text, length));
}

void
hm_json_key (HmJsonWriter *w, const char *key)
{
  if (w->problem != NULL)
    return;
  if (!in_object (w) || w->keyed)
    {
      fail (w, "a key where none can be");
      return;
    }
  write_text (w, key);
  w->keyed = TRUE;
}

void
hm_json_text (HmJsonWriter *w, const char *text)
{
  if (text == NULL)
    hm_json_null (w);
  else if (begin_value (w))
    write_text (w, text);
}

static gboolean
is_safe (HmValue value)
{
  if (value.type == HM_VALUE_U64)
    return value.u64 <= SAFE_INTEGER;
  if (value.type == HM_VALUE_I64)
    return value.i64 <= (gint64)SAFE_INTEGER && value.i64 >= -(gint64)SAFE_INTEGER;
  return TRUE;
}

void
hm_json_value (HmJsonWriter *w, HmValue value)
{
  char text[HM_NUMBER_MAX];
  gsize length;

  if (!begin_value (w))
    return;
  length = hm_value_print (value, text);
  if (length == 0)
    fail (w, "a value is not a finite number");
  else if (is_safe (value))
    check (w, yajl_gen_number (w->gen, text, length));
  else
    check (w, yajl_gen_string (w->gen, (const guchar *)text, length));
}

void
hm_json_u64 (HmJsonWriter *w, guint64 value)
{
  hm_json_value (w, (HmValue){ .type = HM_VALUE_U64, .u64 = value });
}

void
hm_json_i64 (HmJsonWriter *w, gint64 value)
{
  hm_json_value (w, (HmValue){ .type = HM_VALUE_I64, .i64 = value });
}

void
hm_json_bool (HmJsonWriter *w, gboolean value)
{
  if (begin_value (w))
    check (w, yajl_gen_bool (w->gen, value));
}

void
hm_json_null (HmJsonWriter *w)
{
  if (begin_value (w))
    check (w, yajl_gen_null (w->gen));
}

void
hm_json_set_text (HmJsonWriter *w, const char *key, const char *text)
{
  hm_json_key (w, key);
  hm_json_text (w, text);
}

void
hm_json_set_u64 (HmJsonWriter *w, const char *key, guint64 value)
{
  hm_json_key (w, key);
  hm_json_u64 (w, value);
}

void
hm_json_set_i64 (HmJsonWriter *w, const char *key, gint64 value)
{
  hm_json_key (w, key);
  hm_json_i64 (w, value);
}

void
hm_json_set_bool (HmJsonWriter *w, const char *key, gboolean value)
{
  hm_json_key (w, key);
  hm_json_bool (w, value);
}

const char *
hm_json_writer_finish (HmJsonWriter *w, gsize *ret_length, GError **error)
{
  const guchar *text;
  gsize length;

  if (w->problem == NULL && (w->depth > 0 || !w->begun))
    fail (w, "the document is not complete");
  if (w->problem == NULL)
    check (w, yajl_gen_get_buf (w->gen, &text, &length));
  if (w->problem != NULL)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "cannot write as JSON: %s", w->problem);
      return NULL;
    }
  if (ret_length != NULL)
    *ret_length = length;
  return (const char *)text;
}

void
hm_json_writer_clear (HmJsonWriter *w)
{
  yajl_gen_reset (w->gen, NULL);
  yajl_gen_clear (w->gen);
  w->problem = NULL;
  w->depth = 0;
  w->begun = w->keyed = FALSE;
}

/* -- reader: yajl's callbacks, each handing on to the caller's; what the caller leaves out is passed over --
 */

typedef struct
{
  const HmJsonHandler *to;
  gpointer user;
} Relay;

#define RELAY_EVENT(event)                                                                                   \
  static int relay_##event (void *context)                                                                   \
  {                                                                                                          \
    const Relay *relay = context;                                                                            \
                                                                                                             \
    return relay->to->event == NULL || relay->to->event (relay->user);                                       \
  }

#define RELAY_TEXT(event, byte)                                                                              \
  static int relay_##event (void *context, const byte *text, size_t length)                                  \
  {                                                                                                          \
    const Relay *relay = context;                                                                            \
                                                                                                             \
    return relay->to->event == NULL || relay->to->event (relay->user, (const char *)text, length);           \
  }

RELAY_EVENT (null)
RELAY_EVENT (start_map)
RELAY_EVENT (end_map)
RELAY_EVENT (start_array)
RELAY_EVENT (end_array)
RELAY_TEXT (number, char)
RELAY_TEXT (string, guchar)
RELAY_TEXT (map_key, guchar)

static int
relay_boolean (void *context, int value)
{
  const Relay *relay = context;

  return relay->to->boolean == NULL || relay->to->boolean (relay->user, value != 0);
}

static const yajl_callbacks relays = {
  .yajl_null = relay_null,
  .yajl_boolean = relay_boolean,
  .yajl_number = relay_number,
  .yajl_string = relay_string,
  .yajl_start_map = relay_start_map,
  .yajl_map_key = relay_map_key,
  .yajl_end_map = relay_end_map,
  .yajl_start_array = relay_start_array,
  .yajl_end_array = relay_end_array,
};

static HmJsonResult
refuse (HmJsonResult result, char **ret_detail, const char *reason, gsize at)
{
  if (ret_detail != NULL)
    *ret_detail = g_strdup_printf ("%s at byte %" G_GSIZE_FORMAT, reason, at);
  return result;
}

static HmJsonResult
explain (yajl_handle parser, yajl_status status, const char *bytes, gsize length, char **ret_detail)
{
  guchar *text = yajl_get_error (parser, 0, (const guchar *)bytes, length);
  HmJsonResult result = status == yajl_status_client_canceled ? HM_JSON_STOPPED : HM_JSON_SYNTAX;

  refuse (result, ret_detail, g_strchomp ((char *)text), yajl_get_bytes_consumed (parser));
  yajl_free_error (parser, text);
  return result;
}

static HmJsonResult
parse (const char *bytes, gsize length, Relay *relay, char **ret_detail)
{
  yajl_handle parser = yajl_alloc (&relays, NULL, relay);
  HmJsonResult result = HM_JSON_OK;
  yajl_status status;

  if (parser == NULL)
    g_error ("out of memory");
  yajl_config (parser, yajl_dont_validate_strings, 1); /* done, and better */
  status = yajl_parse (parser, (const guchar *)bytes, length);
  if (status == yajl_status_ok)
    status = yajl_complete_parse (parser);
  if (status != yajl_status_ok)
    result = explain (parser, status, bytes, length, ret_detail);
  yajl_free (parser);
  return result;
}

HmJsonResult
hm_json_read (const char *bytes, gsize length, const HmJsonHandler *handler, gpointer user, char **ret_detail)
{
  Relay relay = { handler, user };
  const char *bad;

  if (length == 0)
    return refuse (HM_JSON_SYNTAX, ret_detail, "no text", 0);
  bad = hm_json_find_bad_utf8 (bytes, length);
  if (bad != NULL && *bad != '\0')
    return refuse (HM_JSON_UTF8, ret_detail, "not UTF-8", (gsize)(bad - bytes));
  bad = bad != NULL ? bad : hm_json_find_bad_escape (bytes, length);
  if (bad != NULL)
    return refuse (HM_JSON_SYNTAX, ret_detail, "NUL or half a surrogate pair", (gsize)(bad - bytes));
  return parse (bytes, length, &relay, ret_detail);
}
