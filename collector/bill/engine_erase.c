/* SPDX-License-Identifier: Apache-2.0 */
/* engine_erase: reads the descriptions of a resource, and writes each again without its names, in the transaction of the answer. Their hash in
 * the raw row is what proves, and stays; so does all that is folded. The resource's row is written with its version
 * compared, so no description comes to it meanwhile. The engine's thread, between two batches. */
#include "collector/bill/engine_erase.h"

#include "collector/engine/engine_private.h"
#include "collector/bill/redact.h"
#include "metering/count.h"
#include "metering/error.h"

typedef struct
{
  HmBatchRows *rows;
  HmEntry *entry;
  HmEncoder *encoder;
  guint gone, said; /* names at hand: of those that are erased, and of those that stay */
  GError *error;    /* (nullable) */
} Erasing;

static gpointer
keep (HmBatchRows *rows, gpointer copy)
{
  g_ptr_array_add (rows->text, copy);
  return copy;
}

static gboolean
redact (Erasing *erasing, const HmRawRow *row, const HmRecord *record)
{
  g_auto (HmRedacted) left = { .description = NULL };
  HmRedactedRow redacted = { .grain = row->grain };
  GBytes *bytes;

  hm_redacted_init (&left, record);
  bytes = hm_encoder_encode (erasing->encoder, &left.record, &erasing->error);
  if (bytes == NULL)
    return FALSE;
  redacted.sha256 = keep (erasing->rows, g_strdup (row->sha256));
  redacted.value = keep (erasing->rows, g_bytes_unref_to_data (bytes, &redacted.length));
  g_array_append_val (erasing->rows->redacted, redacted);
  return TRUE;
}

static gboolean
take_description (const HmRawRow *row, const HmRecord *record, gboolean wanted, gpointer user)
{
  Erasing *erasing = user;
  guint names = hm_entry_names_in (erasing->entry, record);

  erasing->gone |= wanted ? names : 0;
  erasing->said |= wanted ? 0 : names;
  return !wanted || redact (erasing, row, record);
}

/* *@ret_names: what the resource is called by the erased ones alone. */
static gboolean
redact_all (HmAsked *asked, HmEntry *entry, const HmRedactWish *wish, guint *ret_names, GError **error)
{
  HmEngine *engine = asked->engine;
  g_autoptr (HmEncoder) encoder = hm_encoder_new ();
  Erasing erasing = { .rows = asked->rows, .entry = entry, .encoder = encoder };

  if (!hm_redact_each (engine->ops, engine->store, engine->decoder, wish, take_description, &erasing, error))
    return FALSE;
  *ret_names = erasing.gone & ~erasing.said;
  if (erasing.error == NULL)
    return TRUE;
  g_propagate_error (error, erasing.error);
  return FALSE;
}

static gboolean
is_theirs (const HmEntry *entry, const HmRedactWish *wish)
{
  return (wish->project == NULL || g_strcmp0 (entry->project, wish->project) == 0)
         && (wish->user == NULL || g_strcmp0 (entry->user, wish->user) == 0);
}

static void
note_erasure (HmAsked *asked, const HmRedactWish *wish)
{
  const HmRequestRow *request = asked->request;
  const HmClock *clock = hm_clock_system ();
  const HmErasureRow row = { .source = wish->source,
                             .resource = wish->resource,
                             .project = wish->project,
                             .user = wish->user,
                             .records = asked->rows->redacted->len,
                             .author = request->author,
                             .reason = request->reason,
                             .made = clock->wall (clock) };

  g_array_append_val (asked->rows->erasures, row);
}

/* One that no longer belongs to them is called what the next one calls it. */
static gboolean
erase (HmAsked *asked, HmEntry *entry, const HmRedactWish *wish, GError **error)
{
  HmBatchRows *rows = asked->rows;
  g_autofree char *descriptions = NULL;
  guint names;

  if (!redact_all (asked, entry, wish, &names, error))
    return FALSE;
  descriptions = hm_count_print (rows->redacted->len, "description");
  asked->answer = g_strconcat ("erased: ", descriptions, NULL);
  if (is_theirs (entry, wish))
    names = hm_entry_names (entry);
  if (names == 0 && rows->redacted->len == 0)
    return TRUE;
  hm_entry_forget_names (entry, names);
  g_ptr_array_add (rows->touched, entry);
  note_erasure (asked, wish);
  return TRUE;
}

gboolean
hm_engine_ask_erase (HmAsked *asked, GError **error)
{
  HmEngine *engine = asked->engine;
  const char *source = hm_asked_text (asked, "source", error);
  const char *resource = source != NULL ? hm_asked_text (asked, "resource", error) : NULL;
  HmRedactWish wish = { source, resource, NULL, NULL };
  HmEntry *entry;

  if (resource == NULL)
    return FALSE;
  wish.project = hm_json_get_text (asked->target, "project");
  wish.user = hm_json_get_text (asked->target, "user");
  if (engine->ops->list_erasures == NULL)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "this store erases nothing");
  else if ((entry = hm_entry_cache_get (engine->cache, source, resource, error)) != NULL
           && entry->version == 0)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no resource %s", resource);
  else
    return entry != NULL && erase (asked, entry, &wish, error);
  return FALSE;
}
