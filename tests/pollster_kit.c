/* SPDX-License-Identifier: Apache-2.0 */
/* pollster_kit: the checks of pollster_kit.h. Called by the tests of pollsters, on the test's only thread. */
#include "tests/pollster_kit.h"

#include <string.h>

#define RANDOM_GUESTS 300

/* -- guests -- */

KitGuest *
kit_guest_new (void)
{
  KitGuest *guest = g_new (KitGuest, 1);
  HmDomain *domain;

  guest->snapshot = hm_snapshot_new ();
  guest->domain = domain = kit_full_domain (guest->snapshot);
  guest->vcpus = g_memdup2 (domain->vcpus, domain->n_vcpus * sizeof (HmVcpu));
  guest->disks = g_memdup2 (domain->disks, domain->n_disks * sizeof (HmDisk));
  guest->nics = g_memdup2 (domain->nics, domain->n_nics * sizeof (HmNic));
  domain->vcpus = guest->vcpus;
  domain->disks = guest->disks;
  domain->nics = guest->nics;
  return guest;
}

void
kit_guest_free (KitGuest *guest)
{
  if (guest == NULL)
    return;
  hm_snapshot_free (guest->snapshot);
  g_free (guest->vcpus);
  g_free (guest->disks);
  g_free (guest->nics);
  g_free (guest);
}

static guint
count_parts (const HmDomain *domain, KitPart part)
{
  const guint counts[] = {
    [KIT_DOMAIN] = 1, [KIT_VCPU] = domain->n_vcpus, [KIT_DISK] = domain->n_disks, [KIT_NIC] = domain->n_nics
  };

  return counts[part];
}

static const char *
device_of (const KitGuest *guest, KitPart part, guint i)
{
  switch (part)
    {
    case KIT_VCPU:
      return guest->vcpus[i].device;
    case KIT_DISK:
      return guest->disks[i].device;
    case KIT_NIC:
      return guest->nics[i].device;
    case KIT_END:
    case KIT_DOMAIN:
      break;
    }
  return NULL;
}

static HmMaybe *
field_of (KitGuest *guest, const KitRow *row, guint i)
{
  char *const bases[] = { [KIT_DOMAIN] = (char *)guest->domain,
                          [KIT_VCPU] = (char *)(guest->vcpus + i),
                          [KIT_DISK] = (char *)(guest->disks + i),
                          [KIT_NIC] = (char *)(guest->nics + i) };

  return (HmMaybe *)(gpointer)(bases[row->part] + row->offset);
}

static HmMaybe
expected (KitGuest *guest, const KitRow *row, guint i)
{
  return row->derive != NULL ? row->derive (guest->domain) : *field_of (guest, row, i);
}

/* -- the one comparison that all checks come down to -- */

static void
check_one (const HmSink *sink, const HmPlugin *plugin, const KitRow *row, const char *device, HmMaybe value)
{
  if (value.given)
    kit_assert_sample (sink, plugin, row->meter, device, value.value);
  else if (hm_sink_find (sink, row->meter, device) != NULL)
    fail_msg ("%s of %s: a sample of what is absent", row->meter, device != NULL ? device : "the domain");
  else if (!hm_sink_is_absent (sink, row->meter, device))
    fail_msg ("%s of %s: absent, and nobody was told", row->meter, device != NULL ? device : "the domain");
}

static void
check_guest (const HmPlugin *plugin, const KitRow *rows, KitGuest *guest)
{
  g_autoptr (HmSink) sink = kit_emit (plugin, guest->domain);
  guint samples = 0, absent = 0;

  for (const KitRow *row = rows; row->part != KIT_END; row++)
    for (guint i = 0; i < count_parts (guest->domain, row->part); i++)
      {
        HmMaybe value = expected (guest, row, i);

        check_one (sink, plugin, row, device_of (guest, row->part, i), value);
        samples += value.given ? 1 : 0;
        absent += value.given ? 0 : 1;
      }
  assert_int_equal (hm_sink_size (sink), samples);
  assert_int_equal (hm_sink_absent (sink), absent);
}

/* -- checks -- */

/* Which field of the plan brings a statistic. */
static const struct
{
  KitPart part;
  gsize first, last; /* offsets of statistics that lie side by side */
  HmFields field;
} sources[] = {
#define FROM(part, type, first, last, field)                                                                 \
  {                                                                                                          \
    part, G_STRUCT_OFFSET (type, first), G_STRUCT_OFFSET (type, last), field                                 \
  }
  FROM (KIT_DOMAIN, HmDomain, state, state, HM_FIELD_STATE),
  FROM (KIT_DOMAIN, HmDomain, cpu_time, cpu_time, HM_FIELD_CPU_TIME),
  FROM (KIT_DOMAIN, HmDomain, cpu_user, cpu_system, HM_FIELD_CPU_MODES),
  FROM (KIT_DOMAIN, HmDomain, vcpu_current, vcpu_current, HM_FIELD_VCPU_COUNT),
  FROM (KIT_DOMAIN, HmDomain, balloon_current, balloon_current, HM_FIELD_MEMORY),
  FROM (KIT_DOMAIN, HmDomain, balloon_available, balloon_usable, HM_FIELD_BALLOON),
  FROM (KIT_DOMAIN, HmDomain, balloon_rss, balloon_rss, HM_FIELD_MEMORY_RESIDENT),
  FROM (KIT_DOMAIN, HmDomain, swap_in, minor_fault, HM_FIELD_BALLOON),
  FROM (KIT_DOMAIN, HmDomain, perf_cycles, perf_cache_misses, HM_FIELD_PERF),
  FROM (KIT_DOMAIN, HmDomain, migration_elapsed, migration_remaining, HM_FIELD_MIGRATION),
  FROM (KIT_VCPU, HmVcpu, time, time, HM_FIELD_VCPU_TIMES),
  FROM (KIT_VCPU, HmVcpu, wait, wait, HM_FIELD_VCPU_WAIT),
  FROM (KIT_VCPU, HmVcpu, delay, delay, HM_FIELD_VCPU_DELAY),
  FROM (KIT_DISK, HmDisk, rd_reqs, errors, HM_FIELD_DISK_IO),
  FROM (KIT_DISK, HmDisk, capacity, physical, HM_FIELD_DISK_SIZE),
  FROM (KIT_NIC, HmNic, rx_bytes, tx_drop, HM_FIELD_NIC_IO),
#undef FROM
};

/* A row that does not name the field it is would be absent whenever nobody else needs that field. */
static void
check_needs (const HmPlugin *plugin, const KitRow *row)
{
  const HmMeter *meter = kit_meter (plugin, row->meter);

  for (guint i = 0; row->derive == NULL && i < G_N_ELEMENTS (sources); i++)
    if (sources[i].part == row->part && row->offset >= sources[i].first && row->offset <= sources[i].last
        && meter->needs != sources[i].field)
      fail_msg ("%s needs 0x%x, but is made of 0x%x", meter->name, meter->needs, sources[i].field);
}

static guint
count_rows (const KitRow *rows, const char *meter)
{
  guint n = 0;

  for (const KitRow *row = rows; row->part != KIT_END; row++)
    n += g_str_equal (row->meter, meter) ? 1 : 0;
  return n;
}

void
kit_check_full (const HmPlugin *plugin, const KitRow *rows)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  for (const HmMeter *meter = plugin->meters; meter->name != NULL; meter++)
    {
      g_autofree char *reason = hm_meter_check (meter);

      if (reason != NULL)
        fail_msg ("%s: %s", meter->name, reason);
      if (count_rows (rows, meter->name) != 1)
        fail_msg ("the test has not exactly one row for %s", meter->name);
      assert_int_not_equal (meter->needs, 0);
    }
  for (const KitRow *row = rows; row->part != KIT_END; row++)
    check_needs (plugin, row);
  check_guest (plugin, rows, guest);
}

void
kit_check_absent (const HmPlugin *plugin, const KitRow *rows)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  for (const KitRow *row = rows; row->part != KIT_END; row++)
    for (guint i = 0; row->derive == NULL && i < count_parts (guest->domain, row->part); i++)
      {
        HmMaybe *field = field_of (guest, row, i);
        HmMaybe saved = *field;

        *field = HM_ABSENT;
        check_guest (plugin, rows, guest);
        *field = saved;
      }
}

void
kit_check_largest (const HmPlugin *plugin, const KitRow *rows)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();

  for (const KitRow *row = rows; row->part != KIT_END; row++)
    for (guint i = 0; row->derive == NULL && i < count_parts (guest->domain, row->part); i++)
      *field_of (guest, row, i) = HM_GIVEN (G_MAXUINT64);
  check_guest (plugin, rows, guest);
}

/* What an absent field holds means nothing, so here it holds what would be seen at once. Never zero: a zero
 * among the samples can then only be a made-up one. */
static HmMaybe
random_value (GRand *rand)
{
  guint bits = (guint)g_rand_int_range (rand, 1, 65);
  guint64 value = ((guint64)g_rand_int (rand) << 32) | g_rand_int (rand);

  return (HmMaybe){ g_rand_boolean (rand), (value >> (64 - bits)) | 1 };
}

static void
randomize_maybes (GRand *rand, gpointer base, gsize first, gsize end)
{
  for (gsize offset = first; offset + sizeof (HmMaybe) <= end; offset += sizeof (HmMaybe))
    *(HmMaybe *)(gpointer)((char *)base + offset) = random_value (rand);
}

/* Every statistic of the guest; in each structure they lie side by side. */
static void
randomize (GRand *rand, KitGuest *guest)
{
  HmDomain *domain = guest->domain;

  randomize_maybes (rand, domain, G_STRUCT_OFFSET (HmDomain, state), G_STRUCT_OFFSET (HmDomain, guest));
  randomize_maybes (rand, domain, G_STRUCT_OFFSET (HmDomain, perf_cycles), G_STRUCT_OFFSET (HmDomain, vcpus));
  domain->n_vcpus = (guint)g_rand_int_range (rand, 0, 3);
  domain->n_disks = (guint)g_rand_int_range (rand, 0, 3);
  domain->n_nics = (guint)g_rand_int_range (rand, 0, 3);
  for (guint i = 0; i < 2; i++)
    {
      randomize_maybes (rand, &guest->vcpus[i], G_STRUCT_OFFSET (HmVcpu, time), sizeof (HmVcpu));
      randomize_maybes (rand, &guest->disks[i], G_STRUCT_OFFSET (HmDisk, rd_reqs), sizeof (HmDisk));
      randomize_maybes (rand, &guest->nics[i], G_STRUCT_OFFSET (HmNic, rx_bytes), sizeof (HmNic));
    }
}

void
kit_check_random (const HmPlugin *plugin, const KitRow *rows)
{
  const char *given = g_getenv ("HM_SEED");
  guint32 seed = given != NULL ? (guint32)g_ascii_strtoull (given, NULL, 10) : g_random_int ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  print_message ("# HM_SEED=%u\n", seed);
  for (guint n = 0; n < RANDOM_GUESTS; n++)
    {
      g_autoptr (KitGuest) guest = kit_guest_new ();

      randomize (rand, guest);
      check_guest (plugin, rows, guest);
    }
}

void
kit_check_empty (const HmPlugin *plugin, guint samples)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmResource) resource = hm_resource_new ("4f0c6a52-0000-4000-8000-000000000002", "instance");
  g_autoptr (HmSink) sink = kit_emit (plugin, hm_snapshot_add (snapshot, resource, "empty"));

  assert_int_equal (hm_sink_size (sink), samples);
}

/* -- golden files -- */

static void
print_sample (GString *out, const HmSample *sample)
{
  char value[HM_NUMBER_MAX];

  hm_value_print (sample->value, value);
  g_string_append_printf (out, "%s %s %s %s", sample->meter, hm_meter_type_name (sample->type), value,
                          sample->unit);
  if (sample->device != NULL)
    g_string_append_printf (out, " device=%s", sample->device);
  if (sample->epoch != NULL)
    g_string_append_printf (out, " epoch=%s", sample->epoch);
  for (guint i = 0; i < sample->n_attrs; i++)
    g_string_append_printf (out, " %s=%s", sample->attrs[i].key, sample->attrs[i].value);
  g_string_append_c (out, '\n');
}

char *
kit_print_sink (const HmSink *sink)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < hm_sink_size (sink); i++)
    print_sample (out, hm_sink_get (sink, i));
  return g_string_free (out, FALSE);
}

void
kit_check_golden_sink (const char *name, const HmSink *sink)
{
  g_autofree char *file = g_strconcat (name, ".golden", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("HYPERMETER_SRCDIR"), "tests", "golden", file, NULL);
  g_autofree char *text = kit_print_sink (sink);
  g_autofree char *golden = NULL;
  g_autoptr (GError) error = NULL;

  if (g_strcmp0 (g_getenv ("HM_REGENERATE"), "1") == 0 && !g_file_set_contents (path, text, -1, &error))
    fail_msg ("%s", error->message);
  if (!g_file_get_contents (path, &golden, NULL, &error))
    fail_msg ("%s (HM_REGENERATE=1 writes it)", error->message);
  assert_string_equal (text, golden);
}

void
kit_check_golden (const HmPlugin *plugin)
{
  g_autoptr (KitGuest) guest = kit_guest_new ();
  g_autoptr (HmSink) sink = kit_emit (plugin, guest->domain);

  kit_check_golden_sink (plugin->name, sink);
}
