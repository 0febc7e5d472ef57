/* SPDX-License-Identifier: Apache-2.0 */
/* reader_kit: a reading pollster over a folder of made-up system files. */
#pragma once

#include "tests/pollster_kit.h"

typedef struct
{
  char *root; /* below which the pollster reads */
  const HmPlugin *plugin;
  HmPluginContext context;
  gpointer pollster;
  HmSink *sink;
} KitReader;

/* @key, @value (nullable): one option of the pollster. */
KitReader *kit_reader_new (const char *name, const char *key, const char *value);
void kit_reader_free (KitReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KitReader, kit_reader_free)

/* Writes @text as <root>/@path; makes the folders above it. */
void kit_reader_write (KitReader *reader, const char *path, const char *text);

/* One round, as the agent makes it: sample where there is one, then emit. The sink is cleared first. */
HmResult kit_reader_poll (KitReader *reader, GError **error);
/* That round fails with HM_RETRY, @code and @part in its message. */
void kit_reader_assert_refused (KitReader *reader, HmError code, const char *part);
/* Every row of the plugin's meters is sound. */
void kit_reader_check_meters (KitReader *reader);
