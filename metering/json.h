/* SPDX-License-Identifier: Apache-2.0 */
/* json: the one file that knows yajl.
 *
 * Three small things: a writer (canonical enough: members in call order, no white space, integers beyond
 * 2^53 − 1 as strings), a strict streaming reader, and a tree for messages that are small and foreign. */
#pragma once

#include "metering/value.h"

G_BEGIN_DECLS

/* Levels of objects and arrays that the writer writes and the tree holds. */
#define HM_JSON_DEPTH_MAX 32

/* -- writer -- */
typedef struct HmJsonWriter HmJsonWriter;

HmJsonWriter *hm_json_writer_new (gboolean pretty);
void hm_json_writer_free (HmJsonWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmJsonWriter, hm_json_writer_free)

void hm_json_begin_object (HmJsonWriter *w);
void hm_json_end_object (HmJsonWriter *w);
void hm_json_begin_array (HmJsonWriter *w);
void hm_json_end_array (HmJsonWriter *w);
void hm_json_key (HmJsonWriter *w, const char *key);
void hm_json_text (HmJsonWriter *w, const char *text); /* NULL writes null */
void hm_json_u64 (HmJsonWriter *w, guint64 value);     /* a string beyond 2^53 − 1 */
void hm_json_i64 (HmJsonWriter *w, gint64 value);      /* likewise, both ways */
void hm_json_value (HmJsonWriter *w, HmValue value);
void hm_json_bool (HmJsonWriter *w, gboolean value);
void hm_json_null (HmJsonWriter *w);
/* key and value at once */
void hm_json_set_text (HmJsonWriter *w, const char *key, const char *text);
void hm_json_set_u64 (HmJsonWriter *w, const char *key, guint64 value);
void hm_json_set_i64 (HmJsonWriter *w, const char *key, gint64 value);
void hm_json_set_bool (HmJsonWriter *w, const char *key, gboolean value);

/* What was written since the last clear; the pointer is valid until the next call on @w. NULL and HM_ERROR_DATA
 * when anything that was written was not possible (not UTF-8, NaN, unbalanced): errors are sticky until clear. */
const char *hm_json_writer_finish (HmJsonWriter *w, gsize *ret_length, GError **error);
void hm_json_writer_clear (HmJsonWriter *w);

/* -- streaming reader -- */
typedef struct
{
  gboolean (*null) (gpointer user);
  gboolean (*boolean) (gpointer user, gboolean value);
  gboolean (*number) (gpointer user, const char *text, gsize length);
  gboolean (*string) (gpointer user, const char *text, gsize length);
  gboolean (*start_map) (gpointer user);
  gboolean (*map_key) (gpointer user, const char *text, gsize length);
  gboolean (*end_map) (gpointer user);
  gboolean (*start_array) (gpointer user);
  gboolean (*end_array) (gpointer user);
} HmJsonHandler; /* a callback that returns FALSE stops the parse */

typedef enum
{
  HM_JSON_OK,
  HM_JSON_STOPPED, /* by a callback */
  HM_JSON_SYNTAX,
  HM_JSON_UTF8,
} HmJsonResult;

/* One complete document, nothing after it but white space. Strict: UTF-8 as RFC 3629 has it, no half surrogate
 * pair and no NUL in a text, neither plain nor escaped. Depth and doubled keys are the handler's to judge; a
 * callback that is NULL passes its piece over. Text handed to a callback is a piece of @bytes wherever it has
 * no escapes in it, otherwise valid until the callback returns; never NUL-terminated.
 * *@ret_detail (nullable, transfer full): why not, for a person; untouched on success. */
HmJsonResult hm_json_read (const char *bytes, gsize length, const HmJsonHandler *handler, gpointer user,
                           char **ret_detail);

/* -- tree -- */
typedef struct HmJson HmJson;

/* At most HM_JSON_DEPTH_MAX levels and @length bytes; a key that is twice in one object is refused.
 * (transfer full); HM_ERROR_DATA. */
HmJson *hm_json_parse (const char *bytes, gsize length, GError **error);
void hm_json_free (HmJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmJson, hm_json_free)

/* The node at @path ("payload.instance_id"; NULL: @json itself), or NULL. A NULL @json is fine and yields NULL,
 * FALSE or 0 throughout. (transfer none) */
const HmJson *hm_json_at (const HmJson *json, const char *path);
const char *hm_json_get_text (const HmJson *json, const char *path); /* NULL unless it is a string */
gboolean hm_json_get_u64 (const HmJson *json, const char *path,
                          guint64 *ret_value); /* number or string form */
const char *hm_json_get_number (const HmJson *json,
                                const char *path); /* a number's own text; NULL unless one */
gboolean hm_json_is_object (const HmJson *json);
gboolean hm_json_is_array (const HmJson *json);
guint hm_json_size (const HmJson *json);                     /* members or elements */
const HmJson *hm_json_element (const HmJson *json, guint i); /* of an array, or a member's value */
const char *hm_json_member (const HmJson *json, guint i);    /* a member's key */

G_END_DECLS
