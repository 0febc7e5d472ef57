/* SPDX-License-Identifier: Apache-2.0 */
/* owner_map: whose an instance is that does not say so in Nova's words: the sections [owner:NAME] of the configuration,
 * and the owner of those that say nothing.
 *
 * The configuration's reader makes it, the metadata's reader goes by it. Immutable once made, shared by reference;
 * nothing here knows XML. */
#pragma once

#include "metering/settings.h"

G_BEGIN_DECLS

#define HM_OWNER_SECTION    "owner:" /* before the name of a mapping */
#define HM_OWNER_RULES_MAX  32
#define HM_OWNER_STEPS_MAX  8
#define HM_OWNER_STEP_MAX   64 /* bytes */
#define HM_OWNER_PARTS_MAX  8
#define HM_OWNER_SOURCE_MAX 1024 /* bytes of a domain's name that is taken apart */

/* What a mapping can find. */
typedef enum
{
  HM_OWNER_PROJECT,
  HM_OWNER_PROJECT_NAME,
  HM_OWNER_USER,
  HM_OWNER_USER_NAME,
  HM_OWNER_NAME,   /* the display name */
  HM_OWNER_FLAVOR, /* its name */
  HM_OWNER_TEXTS,  /* how many; in a name's pattern: a part that nobody wants */
} HmOwnerText;

/* "step/step@attribute": elements from outside to inside, and an attribute of the last or its text. */
typedef struct
{
  gboolean
      from_domain; /* it began with "/": the steps begin below <domain>, else below the mapping's element */
  char **steps;    /* NULL-terminated; (nullable) when the key is not set; may be empty with an attribute */
  char *attribute; /* (nullable) */
} HmOwnerPath;

typedef struct
{
  char *section;      /* "owner:ovirt" */
  HmOptions *options; /* as configured, for prints */
  const char
      *namespace; /* (nullable) of the element in <metadata> without which the mapping is not for a domain */
  const char *element;     /* (nullable) its local name; NULL: any */
  GPtrArray *name_pattern; /* (nullable) the domain's name, in parts */
  HmOwnerPath paths[HM_OWNER_TEXTS];
} HmOwnerRule;

typedef struct
{
  char *default_project, *default_user; /* (nullable) */
  GPtrArray *rules;                     /* (element-type HmOwnerRule) in the order in which they are tried */
  gint refs;
} HmOwnerMap;

/* The keys of a section [owner:NAME]. */
const HmOption *hm_owner_map_table (void);

/* @project, @user (nullable): of instances that name none. (transfer full) */
HmOwnerMap *hm_owner_map_new (const char *project, const char *user);
HmOwnerMap *hm_owner_map_ref (HmOwnerMap *map);
void hm_owner_map_unref (HmOwnerMap *map); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmOwnerMap, hm_owner_map_unref)

/* Adds every section [owner:NAME] of @settings, in the order in which they stand. Before the map is shared.
 * HM_ERROR_CONFIG "<where>, [owner:NAME]: <key>: <reason>". */
gboolean hm_owner_map_take (HmOwnerMap *map, HmSettings *settings, const char *where, GError **error);

/* Whether @name is as the rule's pattern says; then puts its parts into @ret_texts (each one transfer full; those that are
 * not in the pattern untouched). A part ends where the text behind it in the pattern first occurs, the last one where
 * the name, or the pattern's last text at its end, does. A rule without a pattern takes any name. */
gboolean hm_owner_rule_match_name (const HmOwnerRule *rule, const char *name,
                                   char *ret_texts[HM_OWNER_TEXTS]);

G_END_DECLS
