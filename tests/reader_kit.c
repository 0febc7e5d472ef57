/* SPDX-License-Identifier: Apache-2.0 */
/* reader_kit: see reader_kit.h. */
#include "tests/reader_kit.h"

#include <glib/gstdio.h>

KitReader *
kit_reader_new (const char *name, const char *key, const char *value)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (HmOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  KitReader *reader = g_new0 (KitReader, 1);

  if (key != NULL)
    g_hash_table_insert (pairs, g_strdup (key), g_strdup (value));
  reader->root = kit_temp_folder ();
  reader->plugin = kit_plugin (HM_NS_POLL_HOST, name);
  reader->context = (HmPluginContext){ .clock = hm_clock_system (), .root = reader->root };
  options = hm_options_new (reader->plugin->options, pairs, "test", &error);
  assert_non_null (options);
  reader->pollster = reader->plugin->reading_pollster->create (options, &reader->context, &error);
  assert_non_null (reader->pollster);
  reader->sink = hm_sink_new (NULL);
  return reader;
}

void
kit_reader_free (KitReader *reader)
{
  reader->plugin->reading_pollster->free (reader->pollster);
  hm_sink_free (reader->sink);
  kit_remove_tree (reader->root);
  g_free (reader->root);
  g_free (reader);
}

void
kit_reader_write (KitReader *reader, const char *path, const char *text)
{
  g_autofree char *full = g_build_filename (reader->root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);

  assert_int_equal (g_mkdir_with_parents (folder, 0700), 0);
  assert_true (g_file_set_contents (full, text, -1, NULL));
}

HmResult
kit_reader_poll (KitReader *reader, GError **error)
{
  const HmReadingPollster *ops = reader->plugin->reading_pollster;
  HmResult result = HM_OK;

  hm_sink_clear (reader->sink);
  if (ops->sample != NULL)
    result = ops->sample (reader->pollster, error);
  return result == HM_OK || result == HM_NO_DATA ? ops->emit (reader->pollster, reader->sink, error) : result;
}

void
kit_reader_assert_refused (KitReader *reader, HmError code, const char *part)
{
  GError *error = NULL;

  assert_int_equal (kit_reader_poll (reader, &error), HM_RETRY);
  kit_assert_error (&error, code, part);
}

void
kit_reader_check_meters (KitReader *reader)
{
  for (const HmMeter *meter = reader->plugin->meters; meter->name != NULL; meter++)
    assert_null (hm_meter_check (meter));
}
