/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of metering/registry.c and plugin_check.c, with real modules from tests/plugins and with descriptors
 * that are linked in: what is wrong is wrong in both. */
#include "tests/kit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "metering/files.h"
#include "metering/registry.h"

/* -- descriptors that are linked in -- */

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  (void)domain;
  (void)sink;
  return HM_OK;
}

static gpointer
create (const HmOptions *options, const HmPluginContext *context, GError **error)
{
  (void)options;
  (void)context;
  (void)error;
  return NULL;
}

static HmResult
emit_reading (gpointer self, HmSink *sink, GError **error)
{
  (void)self;
  (void)sink;
  (void)error;
  return HM_OK;
}

static gpointer
create_publisher (const HmOptions *options, const HmPluginContext *context, HmConfirm confirm, gpointer user,
                  GError **error)
{
  (void)options;
  (void)context;
  (void)confirm;
  (void)user;
  (void)error;
  return NULL;
}

static gboolean
start (gpointer self, GError **error)
{
  (void)self;
  (void)error;
  return TRUE;
}

static gboolean
publish (gpointer self, HmMessage *message)
{
  (void)self;
  (void)message;
  return FALSE;
}

static void
flush (gpointer self, gint64 timeout_ns)
{
  (void)self;
  (void)timeout_ns;
}

static void
let_go (gpointer self)
{
  (void)self;
}

static HmResult
process (gpointer self, const HmNotice *notice, HmNoticeSink *sink, GError **error)
{
  (void)self;
  (void)notice;
  (void)sink;
  (void)error;
  return HM_OK;
}

static const HmMeter meters[] = {
  { .name = "test.good", .type = HM_GAUGE, .unit = "B", .help = "x" },
  { .name = NULL },
};
static const HmSnapshotPollster snapshot = { .emit = emit };
static HmResult
emit_host (const HmHost *host, HmSink *sink)
{
  hm_sink_u64 (sink, &meters[0], NULL, host->memory);
  return HM_OK;
}

static const HmHostPollster of_host = { .emit = emit_host };
static const HmReadingPollster reading = { .create = create, .emit = emit_reading, .free = let_go };
static const char *const event_types[] = { "libvirt.domain.*", NULL };
static const HmNotification notification = { .event_types = event_types, .process_notification = process };
static const HmPublisher publisher
    = { .create = create_publisher, .start = start, .publish = publish, .flush = flush, .free = let_go };

static const HmPlugin good = {
  .abi_major = HM_ABI_MAJOR,
  .abi_minor = HM_ABI_MINOR,
  .struct_size = sizeof (HmPlugin),
  .name = "good",
  .version = "1",
  .ns = HM_NS_POLL_COMPUTE,
  .summary = "For tests",
  .meters = meters,
  .snapshot_pollster = &snapshot,
};

static void
expect_added (const HmPlugin *plugin)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GError) error = NULL;

  if (!hm_registry_add (registry, plugin, "built in", &error))
    fail_msg ("%s", error->message);
  assert_non_null (hm_registry_find (registry, plugin->ns, plugin->name));
}

static void
expect_not_added (const HmPlugin *plugin, const char *part)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GError) error = NULL;

  assert_false (hm_registry_add (registry, plugin, "built in", &error));
  assert_true (g_str_has_prefix (error->message, "built in: "));
  kit_assert_error (&error, HM_ERROR_CONFIG, part);
  assert_null (hm_registry_find (registry, HM_NS_POLL_COMPUTE, "good"));
}

static void
registry_takes_each_kind_of_plugin (void **state)
{
  HmPlugin plugin = good;

  (void)state;
  expect_added (&plugin);
  plugin.ns = "hypermeter.poll.central";
  expect_added (&plugin);
  plugin.ns = HM_NS_SELF;
  expect_added (&plugin);
  plugin.snapshot_pollster = NULL;
  plugin.reading_pollster = &reading;
  expect_added (&plugin);
  assert_string_equal (hm_plugin_kind (&plugin), "pollster");
  (plugin = good, plugin.ns = HM_NS_POLL_HOST, plugin.snapshot_pollster = NULL,
   plugin.host_pollster = &of_host);
  expect_added (&plugin);

  (plugin = good, plugin.snapshot_pollster = NULL, plugin.meters = NULL);
  (plugin.ns = HM_NS_NOTIFICATION, plugin.notification = &notification);
  expect_added (&plugin);
  assert_string_equal (hm_plugin_kind (&plugin), "notification");
  (plugin.ns = HM_NS_PUBLISHER, plugin.notification = NULL, plugin.publisher = &publisher);
  expect_added (&plugin);
  assert_string_equal (hm_plugin_kind (&plugin), "publisher");
  (plugin.ns = HM_NS_STORE, plugin.publisher = NULL, plugin.store = (const struct HmStoreOps *)&publisher);
  expect_added (&plugin);
  assert_string_equal (hm_plugin_kind (&plugin), "store");
}

/* Its descriptor ends before the members that came later, whatever lies behind it. */
static void
registry_takes_a_plugin_of_an_older_minor (void **state)
{
  HmPlugin plugin = good;

  (void)state;
  plugin.abi_minor = 0;
  plugin.struct_size = G_STRUCT_OFFSET (HmPlugin, host_pollster);
  plugin.host_pollster = &of_host;
  expect_added (&plugin);
  assert_null (hm_plugin_host_pollster (&plugin));
  plugin.abi_minor = 1;
  expect_not_added (&plugin, "bytes, ABI 1.1 has");
}

/* -- one list of mistakes, both ways -- */

static void
make_abi_major (HmPlugin *plugin)
{
  plugin->abi_major = HM_ABI_MAJOR + 1;
}

static void
make_abi_minor (HmPlugin *plugin)
{
  plugin->abi_minor = HM_ABI_MINOR + 1;
}

static void
make_short_struct (HmPlugin *plugin)
{
  plugin->struct_size = 64;
}

static void
make_no_emit (HmPlugin *plugin)
{
  static const HmSnapshotPollster without = { .emit = NULL };

  plugin->snapshot_pollster = &without;
}

static void
make_other_unit (HmPlugin *plugin)
{
  static const HmMeter other[]
      = { { .name = "test.good", .type = HM_GAUGE, .unit = "KiB", .help = "x" }, { .name = NULL } };

  plugin->name = "other_unit";
  plugin->meters = other;
}

static const struct
{
  const char *name; /* of the module */
  void (*make) (HmPlugin *plugin);
  const char *reason;
} mistakes[] = {
  { "abi_major", make_abi_major, "it is built for ABI 2.3, this program has 1.3" },
  { "abi_minor", make_abi_minor, "it is built for the newer ABI 1.4, this program has 1.3" },
  { "short_struct", make_short_struct, "its descriptor has 64 bytes" },
  { "no_emit", make_no_emit, "its callback emit is missing" },
  { "other_unit", make_other_unit, "meter test.good" },
};

static char *
module_path (const char *name)
{
  return g_strdup_printf ("%s/%s.so", g_getenv ("HYPERMETER_TEST_PLUGINS"), name);
}

/* Puts a copy of the module @name into @folder, as @as. */
static void
copy_module (const char *name, const char *folder, const char *as)
{
  g_autofree char *from = module_path (name);
  g_autofree char *to = g_strdup_printf ("%s/%s.so", folder, as);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  if (!g_file_get_contents (from, &bytes, &length, &error)
      || !g_file_set_contents (to, bytes, (gssize)length, &error))
    fail_msg ("%s", error->message);
}

/* The one refusal that @registry has, of a file named @file. */
static void
expect_one_refusal (const HmRegistry *registry, const char *file, const char *reason)
{
  const GPtrArray *refused = hm_registry_refused (registry);
  const HmRefused *one;

  assert_int_equal (refused->len, 1);
  one = refused->pdata[0];
  if (!g_str_has_suffix (one->origin, file) || strstr (one->reason, reason) == NULL)
    fail_msg ("%s refused with \"%s\", where %s with \"%s\" was expected", one->origin, one->reason, file,
              reason);
}

static void
registry_refuses_each_mistake_when_linked_in (void **state)
{
  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autoptr (HmRegistry) registry = hm_registry_new ();
      g_autoptr (GError) error = NULL;
      HmPlugin plugin = good;

      plugin.name = "wrong";
      mistakes[i].make (&plugin);
      assert_true (hm_registry_add (registry, &good, "first", NULL));
      assert_false (hm_registry_add (registry, &plugin, "second", &error));
      kit_assert_error (&error, HM_ERROR_CONFIG, mistakes[i].reason);
    }
}

static void
registry_refuses_each_mistake_when_loaded (void **state)
{
  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autoptr (HmRegistry) registry = hm_registry_new ();
      g_autofree char *folder = kit_temp_folder ();
      g_autofree char *file = g_strdup_printf ("/%s.so", mistakes[i].name);

      copy_module ("good", folder, "good");
      copy_module (mistakes[i].name, folder, mistakes[i].name);
      hm_registry_scan (registry, folder, NULL);
      expect_one_refusal (registry, file, mistakes[i].reason);
      kit_remove_tree (folder);
    }
}

/* -- the other rules of a descriptor -- */

static void
registry_refuses_names_that_are_not_sound (void **state)
{
  static const char *const bad[] = { NULL, "", "Good", "9good", "go-od", "../good", "good.so" };
  g_autofree char *too_long = g_strnfill (65, 'a');
  HmPlugin plugin = good;

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    (plugin.name = bad[i], expect_not_added (&plugin, "its name is not"));
  (plugin.name = too_long, expect_not_added (&plugin, "its name is not"));
  (plugin = good, plugin.version = NULL, expect_not_added (&plugin, "version"));
  (plugin = good, plugin.summary = "", expect_not_added (&plugin, "summary"));
  (plugin = good, plugin.ns = NULL, expect_not_added (&plugin, "no namespace"));
  (plugin = good, plugin.ns = "hypermeter.poll.",
   expect_not_added (&plugin, "no namespace \"hypermeter.poll.\""));
  (plugin = good, plugin.ns = "elsewhere.poll.x",
   expect_not_added (&plugin, "no namespace \"elsewhere.poll.x\""));
}

static void
registry_refuses_callbacks_of_another_kind (void **state)
{
  HmPlugin plugin = good;

  (void)state;
  plugin.publisher = &publisher;
  expect_not_added (&plugin, "more than one kind");
  (plugin = good, plugin.reading_pollster = &reading);
  expect_not_added (&plugin, "more than one kind");
  (plugin = good, plugin.host_pollster = &of_host);
  expect_not_added (&plugin, "more than one kind");
  plugin.snapshot_pollster = NULL;
  expect_not_added (&plugin, "belongs to the namespace hypermeter.poll.host");
  (plugin = good, plugin.ns = HM_NS_PUBLISHER);
  expect_not_added (&plugin, "asks for the callbacks of a publisher");
  (plugin = good, plugin.snapshot_pollster = NULL);
  expect_not_added (&plugin, "asks for the callbacks of a pollster");
  (plugin = good, plugin.ns = HM_NS_STORE, plugin.snapshot_pollster = NULL);
  expect_not_added (&plugin, "asks for the callbacks of a store");
}

static void
registry_refuses_each_callback_that_is_missing (void **state)
{
  static const char *const no_types[] = { NULL };
  HmPlugin plugin = good;
  HmReadingPollster r;
  HmNotification n;
  HmPublisher p;

  (void)state;
  (plugin.snapshot_pollster = NULL, plugin.reading_pollster = &r);
  (r = reading, r.create = NULL, expect_not_added (&plugin, "callback create"));
  (r = reading, r.emit = NULL, expect_not_added (&plugin, "callback emit"));
  (r = reading, r.free = NULL, expect_not_added (&plugin, "callback free"));
  (plugin.reading_pollster = NULL, plugin.ns = HM_NS_NOTIFICATION, plugin.notification = &n);
  (n = notification, n.event_types = NULL, expect_not_added (&plugin, "callback event_types"));
  (n = notification, n.event_types = no_types, expect_not_added (&plugin, "callback event_types"));
  (n = notification, n.process_notification = NULL,
   expect_not_added (&plugin, "callback process_notification"));
  (plugin.notification = NULL, plugin.ns = HM_NS_PUBLISHER, plugin.publisher = &p);
  (p = publisher, p.create = NULL, expect_not_added (&plugin, "callback create"));
  (p = publisher, p.start = NULL, expect_not_added (&plugin, "callback start"));
  (p = publisher, p.publish = NULL, expect_not_added (&plugin, "callback publish"));
  (p = publisher, p.flush = NULL, expect_not_added (&plugin, "callback flush"));
  (p = publisher, p.free = NULL, expect_not_added (&plugin, "callback free"));
}

static void
registry_refuses_tables_that_are_not_sound (void **state)
{
  static const HmOption bad_default[]
      = { { .key = "workers", .type = HM_OPTION_INTEGER, .fallback = "many", .help = "x" }, { .key = NULL } };
  static const HmMeter bad_unit[] = { { .name = "a", .unit = "furlong", .help = "x" }, { .name = NULL } };
  static const HmMeter twice[] = { { .name = "a", .type = HM_GAUGE, .unit = "B", .help = "x" },
                                   { .name = "a", .type = HM_GAUGE, .unit = "B", .help = "x" },
                                   { .name = NULL } };
  HmPlugin plugin = good;

  (void)state;
  (plugin.options = bad_default, expect_not_added (&plugin, "option workers: \"many\""));
  (plugin = good, plugin.meters = bad_unit, expect_not_added (&plugin, "meter a: its unit \"furlong\""));
  (plugin = good, plugin.meters = twice, expect_not_added (&plugin, "meter a: it is there twice"));
  (plugin = good, plugin.meters = NULL, expect_not_added (&plugin, "must declare its meters"));
}

static void
registry_forgets_every_meter_of_a_plugin_that_it_refuses (void **state)
{
  static const HmMeter clashing[] = { { .name = "test.new", .type = HM_GAUGE, .unit = "B", .help = "x" },
                                      { .name = "test.good", .type = HM_DELTA, .unit = "B", .help = "x" },
                                      { .name = NULL } };
  static const HmMeter other_new[]
      = { { .name = "test.new", .type = HM_GAUGE, .unit = "KiB", .help = "x" }, { .name = NULL } };
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GError) error = NULL;
  HmPlugin refused = good, later = good;

  (void)state;
  (refused.name = "refused", refused.meters = clashing);
  (later.name = "later", later.meters = other_new);
  assert_true (hm_registry_add (registry, &good, "first", NULL));
  assert_false (hm_registry_add (registry, &refused, "second", &error));
  kit_assert_error (&error, HM_ERROR_CONFIG, "meter test.good");
  assert_true (hm_registry_add (registry, &later, "third", &error));
}

static void
registry_names_both_origins_when_a_plugin_is_there_twice (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GError) error = NULL;
  HmPlugin elsewhere = good;

  (void)state;
  assert_true (hm_registry_add (registry, &good, "first origin", NULL));
  assert_false (hm_registry_add (registry, &good, "second origin", &error));
  assert_non_null (strstr (error->message, "second origin: "));
  kit_assert_error (&error, HM_ERROR_CONFIG, "from first origin");
  elsewhere.ns = HM_NS_POLL_HOST;
  assert_true (hm_registry_add (registry, &elsewhere, "second origin", &error));
}

static void
registry_lists_by_namespace_and_name (void **state)
{
  static const char *const order[][2]
      = { { HM_NS_POLL_HOST, "b" }, { HM_NS_POLL_COMPUTE, "c" }, { HM_NS_POLL_COMPUTE, "a" } };
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (GPtrArray) all = NULL, some = NULL;
  HmPlugin plugins[G_N_ELEMENTS (order)];

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      (plugins[i] = good, plugins[i].ns = order[i][0], plugins[i].name = order[i][1]);
      assert_true (hm_registry_add (registry, &plugins[i], "built in", NULL));
    }
  all = hm_registry_list (registry, NULL);
  assert_int_equal (all->len, 3);
  assert_ptr_equal (((HmRegistered *)all->pdata[0])->plugin, &plugins[2]);
  assert_ptr_equal (((HmRegistered *)all->pdata[1])->plugin, &plugins[1]);
  assert_ptr_equal (((HmRegistered *)all->pdata[2])->plugin, &plugins[0]);
  some = hm_registry_list (registry, HM_NS_POLL_HOST);
  assert_int_equal (some->len, 1);
  assert_string_equal (((HmRegistered *)some->pdata[0])->origin, "built in");
}

/* -- modules -- */

static void
registry_loads_a_good_module_that_works (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autoptr (HmSnapshot) read = hm_snapshot_new ();
  g_autoptr (HmSink) sink = NULL;
  g_autofree char *folder = kit_temp_folder ();
  HmDomain *domain = kit_full_domain (read);
  const HmRegistered *found;

  (void)state;
  copy_module ("good", folder, "good");
  kit_write_file (folder, "README", "not a module");
  kit_write_file (folder, ".hidden.so", "not looked at");
  assert_int_equal (hm_registry_scan (registry, folder, NULL), 1);
  assert_int_equal (hm_registry_refused (registry)->len, 0);
  found = hm_registry_find (registry, HM_NS_POLL_COMPUTE, "good");
  assert_non_null (found);
  assert_true (g_str_has_suffix (found->origin, "/good.so"));
  assert_true (g_str_has_prefix (found->origin, folder));
  sink = kit_emit (found->plugin, domain);
  kit_assert_sample (sink, found->plugin, "test.good", NULL, domain->balloon_current.value);
  kit_remove_tree (folder);
}

static void
registry_refuses_a_module_whose_file_has_another_name (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  copy_module ("misnamed", folder, "misnamed");
  assert_int_equal (hm_registry_scan (registry, folder, NULL), 0);
  expect_one_refusal (registry, "/misnamed.so", "its name is \"other\", its file's is \"misnamed\"");
  kit_remove_tree (folder);
}

static void
registry_says_why_the_linker_cannot_load_a_file (void **state)
{
  static const struct
  {
    const char *name, *reason;
  } cases[] = {
    { "no_symbol", "undefined symbol: hm_plugin" },
    { "undefined", "undefined symbol: nobody_defines_this" },
  };
  g_autoptr (HmRegistry) junk = hm_registry_new ();
  g_autofree char *junk_folder = kit_temp_folder ();

  (void)state;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HmRegistry) registry = hm_registry_new ();
      g_autofree char *folder = kit_temp_folder ();
      g_autofree char *file = g_strdup_printf ("/%s.so", cases[i].name);

      copy_module (cases[i].name, folder, cases[i].name);
      assert_int_equal (hm_registry_scan (registry, folder, NULL), 0);
      expect_one_refusal (registry, file, cases[i].reason);
      kit_remove_tree (folder);
    }
  kit_write_file (junk_folder, "junk.so", "this is no ELF file");
  assert_int_equal (hm_registry_scan (junk, junk_folder, NULL), 0);
  expect_one_refusal (junk, "/junk.so", "junk.so: ");
  kit_remove_tree (junk_folder);
}

static void
registry_names_both_files_when_two_folders_hold_one_plugin (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autofree char *first = kit_temp_folder (), *second = kit_temp_folder ();
  g_autofree char *path = g_strdup_printf ("%s::%s:/nonexistent", first, second);

  (void)state;
  copy_module ("good", first, "good");
  copy_module ("good", second, "good");
  assert_int_equal (hm_registry_scan_path (registry, path, NULL), 1);
  expect_one_refusal (registry, "/good.so", first);
  assert_true (g_str_has_prefix (((HmRefused *)hm_registry_refused (registry)->pdata[0])->reason, second));
  kit_remove_tree (first);
  kit_remove_tree (second);
}

static void
registry_leaves_out_other_namespaces_without_a_word (void **state)
{
  const char *const host[] = { HM_NS_POLL_HOST, NULL };
  const char *const compute[] = { HM_NS_POLL_HOST, HM_NS_POLL_COMPUTE, NULL };
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  copy_module ("good", folder, "good");
  assert_int_equal (hm_registry_scan (registry, folder, host), 0);
  assert_int_equal (hm_registry_refused (registry)->len, 0);
  assert_int_equal (hm_registry_scan (registry, folder, compute), 1);
  kit_remove_tree (folder);
}

static void
registry_goes_on_with_the_rest_when_one_module_is_refused (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();

  (void)state;
  copy_module ("good", folder, "good");
  copy_module ("abi_major", folder, "abi_major");
  kit_write_file (folder, "junk.so", "");
  assert_int_equal (hm_registry_scan (registry, folder, NULL), 1);
  assert_int_equal (hm_registry_refused (registry)->len, 2);
  assert_non_null (hm_registry_find (registry, HM_NS_POLL_COMPUTE, "good"));
  kit_remove_tree (folder);
}

static void
registry_opens_nothing_that_others_may_write_to (void **state)
{
  g_autoptr (HmRegistry) of_file = hm_registry_new (), of_folder = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *file = g_build_filename (folder, "good.so", NULL);

  (void)state;
  copy_module ("good", folder, "good");
  assert_int_equal (g_chmod (file, 0646), 0);
  assert_int_equal (hm_registry_scan (of_file, folder, NULL), 0);
  expect_one_refusal (of_file, "/good.so", "everybody may write to it");
  assert_int_equal (g_chmod (file, 0644), 0);
  assert_int_equal (g_chmod (folder, 0707), 0);
  assert_int_equal (hm_registry_scan (of_folder, folder, NULL), 0);
  expect_one_refusal (of_folder, folder, "everybody may write to it");
  kit_remove_tree (folder);
}

/* Only root can give a file away; for anybody else that a file is one's own is all there is to see. */
static void
registry_opens_nothing_that_belongs_to_another_user (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *file = g_build_filename (folder, "good.so", NULL);
  gboolean given_away;

  (void)state;
  copy_module ("good", folder, "good");
  given_away = chown (file, 65534, (gid_t)-1) == 0;
  assert_int_equal (hm_registry_scan (registry, folder, NULL), given_away ? 0 : 1);
  if (given_away)
    expect_one_refusal (registry, "/good.so", "it belongs to user 65534");
  kit_remove_tree (folder);
}

static char **
list_fails (HmFiles *self G_GNUC_UNUSED, const char *path G_GNUC_UNUSED)
{
  errno = EIO;
  return NULL;
}

static void
registry_refuses_a_folder_that_is_none (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new (), unread = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  HmFiles *files = hm_files_system (), as_they_are = *files;

  (void)state;
  files->list = list_fails;
  hm_registry_scan (unread, folder, NULL);
  *files = as_they_are;
  expect_one_refusal (unread, folder, "Input/output error");
  kit_write_file (folder, "file", "");
  assert_int_equal (hm_registry_scan (registry, "/nonexistent", NULL), 0);
  assert_int_equal (hm_registry_refused (registry)->len, 0);
  assert_int_equal (hm_registry_scan (registry, file, NULL), 0);
  expect_one_refusal (registry, "/file", "it is not a folder");
  kit_remove_tree (folder);
}

static void
registry_takes_its_path_from_the_environment (void **state)
{
  g_autoptr (HmRegistry) registry = hm_registry_new ();
  g_autofree char *folder = kit_temp_folder ();
  g_autofree char *before = g_strdup (g_getenv ("HYPERMETER_PLUGIN_PATH"));

  (void)state;
  copy_module ("good", folder, "good");
  g_setenv ("HYPERMETER_PLUGIN_PATH", folder, TRUE);
  assert_int_equal (hm_registry_scan_path (registry, NULL, NULL), 1);
  if (before != NULL)
    g_setenv ("HYPERMETER_PLUGIN_PATH", before, TRUE);
  else
    g_unsetenv ("HYPERMETER_PLUGIN_PATH");
  kit_remove_tree (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (registry_takes_each_kind_of_plugin),
    cmocka_unit_test (registry_takes_a_plugin_of_an_older_minor),
    cmocka_unit_test (registry_refuses_each_mistake_when_linked_in),
    cmocka_unit_test (registry_refuses_each_mistake_when_loaded),
    cmocka_unit_test (registry_refuses_names_that_are_not_sound),
    cmocka_unit_test (registry_refuses_callbacks_of_another_kind),
    cmocka_unit_test (registry_refuses_each_callback_that_is_missing),
    cmocka_unit_test (registry_refuses_tables_that_are_not_sound),
    cmocka_unit_test (registry_forgets_every_meter_of_a_plugin_that_it_refuses),
    cmocka_unit_test (registry_names_both_origins_when_a_plugin_is_there_twice),
    cmocka_unit_test (registry_lists_by_namespace_and_name),
    cmocka_unit_test (registry_loads_a_good_module_that_works),
    cmocka_unit_test (registry_refuses_a_module_whose_file_has_another_name),
    cmocka_unit_test (registry_says_why_the_linker_cannot_load_a_file),
    cmocka_unit_test (registry_names_both_files_when_two_folders_hold_one_plugin),
    cmocka_unit_test (registry_leaves_out_other_namespaces_without_a_word),
    cmocka_unit_test (registry_goes_on_with_the_rest_when_one_module_is_refused),
    cmocka_unit_test (registry_opens_nothing_that_others_may_write_to),
    cmocka_unit_test (registry_opens_nothing_that_belongs_to_another_user),
    cmocka_unit_test (registry_refuses_a_folder_that_is_none),
    cmocka_unit_test (registry_takes_its_path_from_the_environment),
  };

  return cmocka_run_group_tests_name ("registry", tests, NULL, NULL);
}
