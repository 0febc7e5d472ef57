/* SPDX-License-Identifier: Apache-2.0 */
/* proof_export: a record as files that public tools check. Number 7 is
 *
 *   000007.value      its bytes, as they came; not there where they were erased:
 *   000007.redacted   then what is left of them, without names, if anything is
 *   000007.sha256     their SHA-256, as sha256sum --check reads it
 *   000007.key, .ce_id, .signature    as the message had them, without a line feed
 *   000007.signed     what the signature is an HMAC of (docs/records.md)
 *   000007.entry      its entry in the tree of its day
 *   000007.day        the day's entry in the statement's tree
 *   000007.path       the way from one root to the other (proof_path.c) */
#include "cli/proof/proof.h"

#include <errno.h>
#include <string.h>

static gboolean
write_file (const char *folder, guint n, const char *ending, gconstpointer bytes, gsize length,
            GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%06u.%s", folder, n, ending);
  g_autoptr (GError) failure = NULL;

  if (g_file_set_contents_full (path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0644, &failure))
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s", failure->message);
  return FALSE;
}

static gboolean
write_text (const char *folder, guint n, const char *ending, const char *text, GError **error)
{
  return text == NULL || write_file (folder, n, ending, text, strlen (text), error);
}

/* -- what is signed -- */

static void
append_part (GByteArray *bytes, gconstpointer part, gsize length)
{
  guint32 size = GUINT32_TO_BE ((guint32)length);

  g_byte_array_append (bytes, (const guint8 *)&size, sizeof size);
  g_byte_array_append (bytes, part, (guint)length);
}

static gboolean
write_bytes (const HmProofRecord *record, const char *folder, guint n, GError **error)
{
  g_autoptr (GByteArray) signed_bytes = g_byte_array_new ();
  g_autofree char *sum = g_strdup_printf ("%s  %06u.value\n", record->sha256, n);

  if (record->value == NULL)
    return record->redacted == NULL
           || write_file (folder, n, "redacted", record->redacted, record->redacted_length, error);
  append_part (signed_bytes, record->key, strlen (record->key));
  append_part (signed_bytes, record->ce_id, strlen (record->ce_id));
  append_part (signed_bytes, record->value, record->length);
  return write_file (folder, n, "value", record->value, record->length, error)
         && write_text (folder, n, "sha256", sum, error)
         && write_file (folder, n, "signed", signed_bytes->data, signed_bytes->len, error);
}

gboolean
hm_proof_export (HmProofTrees *trees, const HmProofRecord *record, const char *folder, guint n,
                 GError **error)
{
  g_autofree char *day = NULL;
  g_autofree char *path = hm_proof_path (trees, record, &day, error);

  if (path == NULL)
    return FALSE;
  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "%s: %s", folder, g_strerror (errno));
      return FALSE;
    }
  return write_bytes (record, folder, n, error) && write_text (folder, n, "key", record->key, error)
         && write_text (folder, n, "ce_id", record->ce_id, error)
         && write_text (folder, n, "signature", record->signature, error)
         && write_text (folder, n, "entry", record->entry, error) && write_text (folder, n, "day", day, error)
         && write_text (folder, n, "path", path, error);
}
