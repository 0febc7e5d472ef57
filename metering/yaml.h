/* SPDX-License-Identifier: Apache-2.0 */
/* yaml: a YAML file as a small tree in which each node knows its line. For configuration that people write: what they would not
 * write by hand (aliases, tags, several documents, keys that are not text) is refused, and everything has a limit. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_YAML_DEPTH_MAX 32
#define HM_YAML_NODES_MAX 100000

typedef enum
{
  HM_YAML_TEXT, /* any scalar: what it means is for the reader to say */
  HM_YAML_LIST,
  HM_YAML_MAP,
} HmYamlKind;

typedef struct
{
  HmYamlKind kind;
  guint line, column; /* from 1 */
  char *text;         /* of a text; valid UTF-8 */
  gboolean is_plain;  /* a text that is not quoted */
  GPtrArray *items;   /* (element-type HmYaml) of a list its elements, of a map each key and then its value */
} HmYaml;

/* Reads the file at @path: UTF-8, 1 MiB at most, one document. A file without any is an empty plain text. HM_ERROR_CONFIG
 * "path:line: reason". Result is the caller's. (transfer full) */
HmYaml *hm_yaml_load (const char *path, GError **error);

/* The same of @length bytes at @text; @where stands for the path. (transfer full) */
HmYaml *hm_yaml_parse (const char *text, gsize length, const char *where, GError **error);

void hm_yaml_free (HmYaml *node); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmYaml, hm_yaml_free)

/* The value of @key in @map; NULL when it is not there. (transfer none) (nullable) */
const HmYaml *hm_yaml_get (const HmYaml *map, const char *key);

/* Nothing, ~ or null, not quoted. */
gboolean hm_yaml_is_null (const HmYaml *node);

G_END_DECLS
