/* SPDX-License-Identifier: Apache-2.0 */
/* export: what the files of `hypermeter export` share: files that appear whole or not at all, and the manifest that proves that none is missing. */
#pragma once

#include "cli/export/export_filter.h"
#include "metering/error.h"
#include "metering/files.h"
#include "metering/value.h"

G_BEGIN_DECLS

#define HM_EXPORT_HASH_MAX 65 /* 64 hex digits of SHA-256 */
#define HM_EXPORT_ONLY                                                                                       \
  "-only-" /* in the name of a file that has a part of its statement; the filter's id follows */

/* -- export_lock.c -- */

/* Makes @folder where there is none. Nobody else exports into it until what it gives is closed; what was left half written there is taken away. -1 and, where somebody does, HM_ERROR_TEMPORARY. */
int hm_export_lock (HmFiles *files, const char *folder, GError **error);

/* -- export_file.c: one file on its way -- */

typedef struct HmExportFile HmExportFile;

/* Begins @name in @folder under another name. HM_ERROR_CREATE. */
HmExportFile *hm_export_file_new (HmFiles *files, const char *folder, const char *name, GError **error);
/* One that is hashed alone, and published nowhere; and what its hash is at its end. */
HmExportFile *hm_export_file_new_unwritten (void);
const char *hm_export_file_sha256 (const HmExportFile *file);
/* Takes away what was not published. */
void hm_export_file_free (HmExportFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmExportFile, hm_export_file_free)

gboolean hm_export_file_put (HmExportFile *file, const char *text, GError **error);

/* Brings it to the disk and gives it its name. One of that name with the same bytes is left as it is; with others it is HM_ERROR_CREATE, unless @replaces. */
gboolean hm_export_file_publish (HmExportFile *file, gboolean replaces, char ret_sha256[HM_EXPORT_HASH_MAX],
                                 GError **error);

/* All of a file, and its hash. NULL and, where it is not there, HM_ERROR_GONE. (transfer full) */
char *hm_export_file_read (HmFiles *files, const char *folder, const char *name, gsize *ret_length,
                           char ret_sha256[HM_EXPORT_HASH_MAX], GError **error);
/* Hash and lines of one that may be of any size: of CSV, rows without the header. */
gboolean hm_export_file_check (HmFiles *files, const char *folder, const char *name,
                               char ret_sha256[HM_EXPORT_HASH_MAX], guint64 *ret_lines, GError **error);

/* -- export_manifest.c -- */

typedef struct
{
  const char *file;
  gint64 statement;
  const char *period, *zone;
  gint64 corrects;       /* 0: nothing */
  guint64 lines;         /* without a header */
  const char *sha256;    /* of the file */
  const char *canonical; /* what the statement itself says: of its lines as NDJSON */
  const char *root;
  HmExportFilter filter;         /* empty: it has all lines, or sums of all */
  guint64 kept, statement_lines; /* else: lines that it has, or has sums of; and all that the statement has */
} HmManifestEntry;

typedef struct
{
  guint64 serial;     /* 0: there is none yet */
  char *previous;     /* (nullable) hash of the one before */
  char *own;          /* (nullable) hash of this one, as it was read */
  GPtrArray *entries; /* (element-type HmManifestEntry) by file */
  GHashTable *by_file;
} HmManifest;

/* The last one in @folder; an empty one where there is none. HM_ERROR_DATA: it is not what it claims to be, or
 * another than that of its number, or does not follow the one before. */
HmManifest *hm_manifest_load (HmFiles *files, const char *folder, GError **error);
/* That of a number. HM_ERROR_GONE. */
HmManifest *hm_manifest_load_serial (HmFiles *files, const char *folder, guint64 serial, GError **error);
void hm_manifest_free (HmManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmManifest, hm_manifest_free)

const HmManifestEntry *hm_manifest_find (const HmManifest *manifest, const char *file);
/* A copy of @entry. */
void hm_manifest_add (HmManifest *manifest, const HmManifestEntry *entry);

/* Publishes it as the next one. */
gboolean hm_manifest_publish (HmManifest *manifest, HmFiles *files, const char *folder, GError **error);

/* -- export_verify.c -- */

/* Whether all that the manifest names is there, unchanged, nothing else is there that could be taken for it, and no manifest is missing. *@ret_report (transfer full): a line a finding. */
gboolean hm_export_verify (HmFiles *files, const char *folder, char **ret_report, GError **error);

G_END_DECLS
