/* SPDX-License-Identifier: Apache-2.0 */
/* option: typed options. One table per section or plugin drives parsing, error messages, the generated
 * configuration, the reference page and `plugin show`. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

typedef enum
{
  HM_OPTION_TEXT,
  HM_OPTION_BOOL,     /* true, false */
  HM_OPTION_INTEGER,  /* decimal, within min and max */
  HM_OPTION_DURATION, /* "60s"; min and max in ns */
  HM_OPTION_SIZE,     /* "64MiB"; min and max in bytes */
  HM_OPTION_LIST,     /* semicolon-separated text */
  HM_OPTION_CHOICE,   /* one of the words in `choices`, separated by | */
  HM_OPTION_PREFIX,   /* any key that begins with `key`; value is text. For kafka.* */
} HmOptionType;

typedef struct
{
  const char *key;
  HmOptionType type;
  const char *fallback; /* (nullable) default, as a user would write it */
  gint64 min, max;      /* both 0: no bound but the type's own */
  gboolean required;
  gboolean secret; /* masked in every print. A PREFIX option masks *password*, *secret*, *.key*, … keys */
  const char *choices;
  const char *help;
} HmOption; /* a table ends with a row whose key is NULL */

/* NULL when @table (nullable) is sound: keys, types, ranges, defaults that its own rules take; else the reason why
 * not. (transfer full) (nullable) */
char *hm_option_table_check (const HmOption *table);

typedef struct HmOptions HmOptions;

/* Values that were checked against @table (nullable: no keys; must outlive the result). @pairs: key → value text (nullable: all defaults). @where: "file,
 * section" for messages. HM_ERROR_CONFIG "<where>: <key>: <reason>" for an unknown key (with the nearest known
 * one), wrong type, out of range, missing required. (transfer full) */
HmOptions *hm_options_new (const HmOption *table, GHashTable *pairs, const char *where, GError **error);
HmOptions *hm_options_ref (HmOptions *options);
void hm_options_unref (HmOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmOptions, hm_options_unref)

/* Values. Asking for a key that is not in the table, or by another type, is a programming error (aborts). */
const char *hm_options_text (const HmOptions *options, const char *key); /* (nullable) also CHOICE */
gboolean hm_options_bool (const HmOptions *options, const char *key);
gint64 hm_options_integer (const HmOptions *options, const char *key); /* also DURATION (ns), SIZE (bytes) */
const char *const *hm_options_list (const HmOptions *options, const char *key); /* never NULL */
/* HM_ERROR_CONFIG: what is said for @key is wrong, with the file or command line and the section where it is said. */
void hm_options_refuse (const HmOptions *options, const char *key, const char *reason, GError **error);
/* The same, for the reason that @local (transfer full) gives; always FALSE. */
gboolean hm_options_refuse_error (const HmOptions *options, const char *key, GError *local, GError **error);
gboolean hm_options_is_set (const HmOptions *options, const char *key); /* by the user, not by default */

typedef void (*HmOptionsVisit) (const char *key, const char *value, gpointer user);
/* Every pair under a PREFIX option; @key comes without the prefix. Sorted. */
void hm_options_prefixed (const HmOptions *options, const char *prefix, HmOptionsVisit visit, gpointer user);

/* "key=value" lines in table order; secrets as ******. With @comments the help, range and default above each,
 * and keys that are not set commented out (the form of --write-config). A password in a URL is masked too. */
void hm_options_print (const HmOptions *options, gboolean comments, GString *out);

G_END_DECLS
