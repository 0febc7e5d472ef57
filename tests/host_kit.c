/* SPDX-License-Identifier: Apache-2.0 */
/* host_kit: the checks of host_kit.h. Called by the tests of host pollsters, on the test's only thread. */
#include "tests/host_kit.h"

#define RANDOM_HOSTS 300

typedef struct
{
  const HmPlugin *plugin;
  const KitHostRow *rows;
  guint n_rows;
} Check;

KitHost *
kit_host_new (void)
{
  KitHost *self = g_new0 (KitHost, 1);
  HmHost *host;

  self->snapshot = hm_snapshot_new ();
  self->host = host = hm_snapshot_add_host (self->snapshot);
  self->pools = hm_snapshot_alloc (self->snapshot, KIT_HOST_POOLS, sizeof (HmPool));
  host->got = HM_FIELDS_HOST;
  host->cpus = HM_GIVEN (8);
  host->memory = HM_GIVEN (3001);
  host->instances = HM_GIVEN (3002);
  host->vcpus_allocated = HM_GIVEN (3003);
  host->memory_allocated = HM_GIVEN (3004);
  for (guint i = 0; i < KIT_HOST_POOLS; i++)
    self->pools[i] = (HmPool){ i == 0 ? "pool:default" : "pool:images", HM_GIVEN (3010 + 3 * i),
                               HM_GIVEN (3011 + 3 * i), HM_GIVEN (3012 + 3 * i) };
  host->pools = self->pools;
  host->n_pools = KIT_HOST_POOLS;
  return self;
}

void
kit_host_free (KitHost *self)
{
  if (self == NULL)
    return;
  hm_snapshot_free (self->snapshot);
  g_free (self);
}

HmSink *
kit_emit_host (const HmPlugin *plugin, const HmHost *host)
{
  HmSink *sink = hm_sink_new (NULL);

  assert_non_null (hm_plugin_host_pollster (plugin));
  assert_int_equal (hm_plugin_host_pollster (plugin)->emit (host, sink), HM_OK);
  return sink;
}

static guint
n_of (const KitHostRow *row)
{
  return row->of_pool ? KIT_HOST_POOLS : 1;
}

static HmMaybe *
field_of (KitHost *self, const KitHostRow *row, guint i)
{
  char *base = row->of_pool ? (char *)&self->pools[i] : (char *)self->host;

  return (HmMaybe *)(gpointer)(base + row->offset);
}

static void
check_one (const Check *check, KitHost *self, const HmSink *sink, const KitHostRow *row, guint i)
{
  const char *device = row->of_pool ? self->pools[i].device : NULL;
  HmMaybe value = *field_of (self, row, i);

  if (value.given)
    kit_assert_sample (sink, check->plugin, row->meter, device, value.value);
  else if (hm_sink_find (sink, row->meter, device) != NULL || !hm_sink_is_absent (sink, row->meter, device))
    fail_msg ("%s: a sample of what is absent, or nobody was told", row->meter);
}

static void
check_host (const Check *check, KitHost *self)
{
  g_autoptr (HmSink) sink = kit_emit_host (check->plugin, self->host);
  guint n = 0;

  for (guint r = 0; r < check->n_rows; r++)
    for (guint i = 0; i < n_of (&check->rows[r]); i++, n++)
      check_one (check, self, sink, &check->rows[r], i);
  assert_int_equal (hm_sink_size (sink) + hm_sink_absent (sink), n);
}

static void
check_absences (const Check *check)
{
  for (guint r = 0; r < check->n_rows; r++)
    for (guint i = 0; i < n_of (&check->rows[r]); i++)
      {
        g_autoptr (KitHost) self = kit_host_new ();

        *field_of (self, &check->rows[r], i) = HM_ABSENT;
        check_host (check, self);
      }
}

static HmMaybe
random_value (void)
{
  guint64 value = (guint64)g_test_rand_int () << 32 | (guint32)g_test_rand_int ();

  return g_test_rand_bit () ? HM_GIVEN (value) : HM_ABSENT;
}

static void
check_values (const Check *check, gboolean is_random)
{
  g_autoptr (KitHost) self = kit_host_new ();

  for (guint r = 0; r < check->n_rows; r++)
    for (guint i = 0; i < n_of (&check->rows[r]); i++)
      *field_of (self, &check->rows[r], i) = is_random ? random_value () : HM_GIVEN (G_MAXUINT64);
  check_host (check, self);
}

static void
check_table (const Check *check)
{
  for (guint r = 0; r < check->n_rows; r++)
    assert_true (kit_meter (check->plugin, check->rows[r].meter)->needs & HM_FIELDS_HOST);
  assert_null (check->plugin->meters[check->n_rows].name);
}

void
kit_check_host (const HmPlugin *plugin, const KitHostRow *rows, guint n_rows)
{
  const Check check = { plugin, rows, n_rows };
  g_autoptr (KitHost) full = kit_host_new ();

  check_table (&check);
  check_host (&check, full);
  check_absences (&check);
  check_values (&check, FALSE);
  for (guint i = 0; i < RANDOM_HOSTS; i++)
    check_values (&check, TRUE);
}
