/* SPDX-License-Identifier: Apache-2.0 */
/* option_private: what the option files share. Not installed. */
#pragma once

#include "metering/option.h"

/* The value of one row of a table. Of a PREFIX row only @pairs is used. */
typedef struct
{
  gboolean set;     /* by the user */
  char *origin;     /* (nullable) "FILE, [SECTION]" or "command line, [SECTION]": where */
  char *text;       /* (nullable) as the user or the table wrote it */
  gint64 number;    /* BOOL, INTEGER, DURATION, SIZE */
  GStrv list;       /* LIST */
  GPtrArray *pairs; /* (element-type HmOptionPair) (nullable), sorted */
} HmOptionValue;

typedef struct
{
  char *key; /* with the prefix */
  char *value;
} HmOptionPair;

struct HmOptions
{
  gint refs;
  const HmOption *table;
  HmOptionValue *values; /* one per row of @table */
  guint n_values;
  char *where; /* "FILE, [SECTION]" */
};

/* Reads @text as @option asks. NULL and *@ret_value filled, or the reason why not; a secret's text is never
 * part of a reason. @ret_value's text is a copy. (transfer full) (nullable) */
G_GNUC_INTERNAL char *hm_option_value_parse (const HmOption *option, const char *text,
                                             HmOptionValue *ret_value);
G_GNUC_INTERNAL void hm_option_value_clear (HmOptionValue *value);

/* hm_options_new() where each key has a place of its own: @origins (nullable), key → where. */
G_GNUC_INTERNAL HmOptions *hm_options_new_from (const HmOption *table, GHashTable *pairs, GHashTable *origins,
                                                const char *where, GError **error);

G_GNUC_INTERNAL gboolean hm_option_is_prefix_of (const HmOption *option, const char *key);
