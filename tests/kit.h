/* SPDX-License-Identifier: Apache-2.0 */
/* kit: what unit tests share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metering/hypermeter.h"

/* The plugin of that namespace and name, loaded from HYPERMETER_PLUGIN_PATH through the registry as a program
 * would. Fails the test, with the registry's reason, when it is refused or not there. */
const HmPlugin *kit_plugin (const char *ns, const char *name);

/* The row of that name in the plugin's meter table; fails the test when there is none. */
const HmMeter *kit_meter (const HmPlugin *plugin, const char *name);

/* Runs a snapshot pollster on one domain into a fresh sink that takes everything. (transfer full) */
HmSink *kit_emit (const HmPlugin *plugin, const HmDomain *domain);

/* Asserts that @sink holds exactly one such sample with this integer value, and the table's type and unit. */
void kit_assert_sample (const HmSink *sink, const HmPlugin *plugin, const char *meter, const char *device,
                        guint64 value);

/* A snapshot domain with every field given, each a different number; for pollster tests. */
HmDomain *kit_full_domain (HmSnapshot *snapshot);

/* Asserts @error is set, of HM_ERROR and @code, and that its message holds @part; clears it. */
void kit_assert_error (GError **error, HmError code, const char *part);

/* A folder below the test's temporary folder, removed with kit_remove_tree(). (transfer full) */
char *kit_temp_folder (void);
void kit_remove_tree (const char *path);
void kit_write_file (const char *folder, const char *name, const char *text);
