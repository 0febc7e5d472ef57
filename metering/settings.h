/* SPDX-License-Identifier: Apache-2.0 */
/* settings: a program's configuration file, its drop-ins and the command line's overrides, checked as a whole
 * before anything runs. GKeyFile grammar; doubled keys and sections, which GKeyFile would silently merge, are
 * refused. */
#pragma once

#include "metering/option.h"

G_BEGIN_DECLS

typedef struct HmSettings HmSettings;

/* Reads @path and then @path.d (files named *.conf) in the order of their names (dot files left out, a later one overrides
 * key by key), then @overrides ("SECTION.KEY=VALUE", split at the first dot, so a section holds none; nullable).
 * @path NULL: defaults and overrides only. @must_exist FALSE: a missing file is empty.
 * ${NAME} in a value is replaced from the environment, $$ is a dollar; a missing variable is an error.
 * HM_ERROR_CONFIG with file, line or section and key, and reason. (transfer full) */
HmSettings *hm_settings_load (const char *path, gboolean must_exist, const char *const *overrides,
                              GError **error);
void hm_settings_free (HmSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmSettings, hm_settings_free)

/* The options of one section by its table; marks the section as known. (transfer full) */
HmOptions *hm_settings_section (HmSettings *settings, const char *section, const HmOption *table,
                                GError **error);

/* Whether the user wrote that section. Does not mark it. */
gboolean hm_settings_has (const HmSettings *settings, const char *section);
/* One raw value without its table, e.g. "enabled" of a plugin's section; (nullable) (transfer none) */
const char *hm_settings_peek (const HmSettings *settings, const char *section, const char *key);
/* Sections that begin with @prefix ("publisher:"), in file order. (transfer full) */
GStrv hm_settings_sections (const HmSettings *settings, const char *prefix);

/* After every known section was asked for: HM_ERROR_CONFIG for the first that nobody knows. */
gboolean hm_settings_finish (const HmSettings *settings, GError **error);

/* Calls @visit for each key whose value is not the same in both, and with @key NULL for each section that only one of them has.
 * Which layer a value came from does not matter. Sections in the order of @before, then of @after; keys sorted. */
typedef void (*HmSettingsDiffer) (const char *section, const char *key, gpointer user);
void hm_settings_compare (const HmSettings *before, const HmSettings *after, HmSettingsDiffer visit,
                          gpointer user);

G_END_DECLS
