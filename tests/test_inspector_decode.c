/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of agent/inspector/inspector_decode.c: libvirt's typed parameters to numbers. */
#include "tests/kit.h"

#include <string.h>

#include "agent/inspector/inspector_decode.h"

#define XML                                                                                                  \
  "<domain><devices><interface><mac address='52:54:00:10:00:01'/><target dev='vnet0'/></interface>"          \
  "<interface><mac address='52:54:00:10:00:02'/><target dev='vnet7'/></interface>"                           \
  "<disk><target dev='vda'/></disk><disk><target dev='sda'/></disk></devices></domain>"
#define ALL ((1u << HM_FIELD_COUNT) - 1)

typedef struct
{
  virTypedParameterPtr params;
  int n, max;
  HmInstance *instance;
  HmSnapshot *snapshot;
  HmStatsDecoder *decoder;
  HmDomain *domain;
} Fixture;

static Fixture *
new_fixture (void)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  GPtrArray *devices;

  fixture->instance = hm_instance_new (hm_metadata_read ("id", "web", XML, NULL), "web", 1);
  devices = fixture->instance->devices;
  ((HmDevice *)g_ptr_array_index (devices, devices->len - 1))->epoch = g_strdup ("17");
  fixture->snapshot = hm_snapshot_new ();
  fixture->decoder = hm_stats_decoder_new ();
  fixture->domain = hm_snapshot_add (fixture->snapshot, fixture->instance->resource, "web");
  return fixture;
}

static void
free_fixture (Fixture *fixture)
{
  virTypedParamsFree (fixture->params, fixture->n);
  hm_stats_decoder_free (fixture->decoder);
  hm_snapshot_free (fixture->snapshot);
  hm_instance_unref (fixture->instance);
  g_free (fixture);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static void
add (Fixture *fixture, const char *name, unsigned long long value)
{
  assert_int_equal (virTypedParamsAddULLong (&fixture->params, &fixture->n, &fixture->max, name, value), 0);
}

static void
add_text (Fixture *fixture, const char *name, const char *value)
{
  assert_int_equal (virTypedParamsAddString (&fixture->params, &fixture->n, &fixture->max, name, value), 0);
}

static void
decode (Fixture *fixture, HmFields take)
{
  hm_stats_decoder_begin (fixture->decoder);
  hm_stats_decoder_take (fixture->decoder, fixture->params, fixture->n, take);
  hm_stats_decoder_write (fixture->decoder, fixture->instance, fixture->snapshot, fixture->domain);
}

static void
assert_given (HmMaybe value, guint64 expected)
{
  assert_true (value.given);
  assert_true (value.value == expected);
}

static void
decoder_keeps_every_bit_of_a_number (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "cpu.time", G_MAXUINT64);
  add (fixture, "cpu.user", 9007199254740993);
  add (fixture, "balloon.current", 0);
  virTypedParamsAddUInt (&fixture->params, &fixture->n, &fixture->max, "vcpu.current", G_MAXUINT32);
  virTypedParamsAddInt (&fixture->params, &fixture->n, &fixture->max, "state.state", 5);
  virTypedParamsAddLLong (&fixture->params, &fixture->n, &fixture->max, "balloon.rss", G_MAXINT64);
  decode (fixture, ALL);
  assert_given (fixture->domain->cpu_time, G_MAXUINT64);
  assert_given (fixture->domain->cpu_user, 9007199254740993);
  assert_given (fixture->domain->balloon_current, 0);
  assert_given (fixture->domain->vcpu_current, G_MAXUINT32);
  assert_given (fixture->domain->state, 5);
  assert_given (fixture->domain->balloon_rss, G_MAXINT64);
  assert_int_equal (fixture->domain->got, HM_FIELD_CPU_TIME | HM_FIELD_CPU_MODES | HM_FIELD_MEMORY
                                              | HM_FIELD_VCPU_COUNT | HM_FIELD_STATE
                                              | HM_FIELD_MEMORY_RESIDENT);
}

static void
decoder_takes_those_events_that_are_enabled (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "perf.cpu_cycles", 5230000000);
  add (fixture, "perf.instructions", 0);
  add (fixture, "perf.cache_misses", G_MAXUINT64);
  add (fixture, "perf.cmt", 7);
  decode (fixture, ALL);
  assert_given (fixture->domain->perf_cycles, 5230000000);
  assert_given (fixture->domain->perf_instructions, 0);
  assert_given (fixture->domain->perf_cache_misses, G_MAXUINT64);
  assert_false (fixture->domain->perf_cache_references.given);
  assert_int_equal (fixture->domain->got, HM_FIELD_PERF);
}

static void
decoder_leaves_absent_what_is_negative_or_no_integer (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  virTypedParamsAddLLong (&fixture->params, &fixture->n, &fixture->max, "cpu.time", -1);
  virTypedParamsAddInt (&fixture->params, &fixture->n, &fixture->max, "state.state", -1);
  virTypedParamsAddDouble (&fixture->params, &fixture->n, &fixture->max, "cpu.user", 5.0);
  virTypedParamsAddBoolean (&fixture->params, &fixture->n, &fixture->max, "cpu.system", 1);
  add_text (fixture, "balloon.current", "5");
  add (fixture, "cpu.times", 7);
  add (fixture, "", 7);
  decode (fixture, ALL);
  assert_false (fixture->domain->cpu_time.given);
  assert_false (fixture->domain->state.given);
  assert_false (fixture->domain->cpu_user.given);
  assert_false (fixture->domain->cpu_system.given);
  assert_false (fixture->domain->balloon_current.given);
  assert_int_equal (fixture->domain->got, 0);
}

static void
decoder_gathers_devices_by_number (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();
  const HmDomain *domain = fixture->domain;

  (void)state;
  add (fixture, "vcpu.current", 2);
  add (fixture, "vcpu.maximum", 4);
  add (fixture, "vcpu.3.time", 30);
  add (fixture, "vcpu.0.time", 10);
  add (fixture, "vcpu.0.delay", 11);
  add (fixture, "vcpu.3.wait", 31);
  add (fixture, "vcpu.3.exits.sum", 1);
  add (fixture, "block.count", 2);
  add_text (fixture, "block.0.name", "vda");
  add (fixture, "block.0.rd.bytes", 1);
  add (fixture, "block.0.fl.times", 2);
  add_text (fixture, "block.1.name", "sda");
  add (fixture, "block.1.capacity", 3);
  add (fixture, "block.2.capacity", 4); /* nobody says whose */
  decode (fixture, ALL);
  assert_int_equal (domain->n_vcpus, 2);
  assert_string_equal (domain->vcpus[0].device, "vcpu:3");
  assert_given (domain->vcpus[0].time, 30);
  assert_given (domain->vcpus[0].wait, 31);
  assert_false (domain->vcpus[0].delay.given);
  assert_given (domain->vcpus[1].delay, 11);
  assert_int_equal (domain->n_disks, 2);
  assert_string_equal (domain->disks[0].device, "disk:vda");
  assert_given (domain->disks[0].rd_bytes, 1);
  assert_given (domain->disks[0].fl_times, 2);
  assert_false (domain->disks[0].wr_bytes.given);
  assert_string_equal (domain->disks[1].device, "disk:sda");
  assert_given (domain->disks[1].capacity, 3);
}

static void
decoder_names_interfaces_by_their_address (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "net.count", 2);
  add_text (fixture, "net.0.name", "vnet0");
  add (fixture, "net.0.rx.bytes", 1);
  add_text (fixture, "net.1.name", "vnet7");
  add (fixture, "net.1.tx.drop", 2);
  decode (fixture, ALL);
  assert_true (hm_stats_decoder_fits (fixture->decoder, fixture->instance));
  assert_int_equal (fixture->domain->n_nics, 2);
  assert_string_equal (fixture->domain->nics[0].device, "nic:52:54:00:10:00:01");
  assert_null (fixture->domain->nics[0].life.epoch);
  assert_given (fixture->domain->nics[0].rx_bytes, 1);
  assert_string_equal (fixture->domain->nics[1].device, "nic:52:54:00:10:00:02");
  assert_string_equal (fixture->domain->nics[1].life.epoch, "17");
  assert_given (fixture->domain->nics[1].tx_drop, 2);
}

static void
decoder_fits_not_when_an_interface_is_unknown (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add_text (fixture, "net.0.name", "vnet9");
  add (fixture, "net.0.rx.bytes", 1);
  decode (fixture, ALL);
  assert_false (hm_stats_decoder_fits (fixture->decoder, fixture->instance));
  assert_int_equal (fixture->domain->n_nics, 0);
}

/* It may be another one than that of its name before. */
static void
decoder_leaves_a_disk_out_when_it_is_not_described (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "block.count", 1);
  add_text (fixture, "block.0.name", "vdz");
  add (fixture, "block.0.rd.bytes", 1);
  decode (fixture, ALL);
  assert_false (hm_stats_decoder_fits (fixture->decoder, fixture->instance));
  assert_int_equal (fixture->domain->n_disks, 0);
}

/* Nothing is known of its devices, and it is metered all the same. */
static void
decoder_takes_each_disk_when_the_description_cannot_be_read (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  hm_instance_unref (fixture->instance);
  fixture->instance = hm_instance_new (hm_metadata_read ("id", "web", "<domain>", NULL), "web", 1);
  add (fixture, "block.count", 1);
  add_text (fixture, "block.0.name", "vdz");
  add (fixture, "block.0.rd.bytes", 1);
  decode (fixture, ALL);
  assert_true (hm_stats_decoder_fits (fixture->decoder, fixture->instance));
  assert_int_equal (fixture->domain->n_disks, 1);
}

/* Two answers for one domain, between which a disk was unplugged, so that another one got its number. */
static void
decoder_believes_the_later_answer_when_the_devices_have_changed (void **state)
{
  g_autoptr (Fixture) before = new_fixture (), fixture = new_fixture ();

  (void)state;
  add (before, "block.0.rd.bytes", 1);
  add_text (before, "block.0.name", "vda");
  add (before, "block.1.rd.bytes", 2);
  add_text (before, "block.1.name", "sda");
  add (fixture, "block.count", 1);
  add_text (fixture, "block.0.name", "sda");
  add (fixture, "block.0.capacity", 9);
  hm_stats_decoder_begin (fixture->decoder);
  hm_stats_decoder_take (fixture->decoder, before->params, before->n, ALL);
  hm_stats_decoder_take (fixture->decoder, fixture->params, fixture->n, ALL);
  hm_stats_decoder_write (fixture->decoder, fixture->instance, fixture->snapshot, fixture->domain);
  assert_int_equal (fixture->domain->n_disks, 1);
  assert_string_equal (fixture->domain->disks[0].device, "disk:sda");
  assert_false (fixture->domain->disks[0].rd_bytes.given); /* that was vda's */
  assert_given (fixture->domain->disks[0].capacity, 9);
}

static void
decoder_takes_only_the_fields_asked_for (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "cpu.time", 1);
  add (fixture, "cpu.user", 2);
  add_text (fixture, "block.0.name", "vda");
  add (fixture, "block.0.rd.bytes", 3);
  decode (fixture, ALL & ~(HM_FIELD_CPU_TIME | HM_FIELD_DISK_IO | HM_FIELD_DISK_SIZE));
  assert_false (fixture->domain->cpu_time.given);
  assert_given (fixture->domain->cpu_user, 2);
  assert_int_equal (fixture->domain->n_disks, 0);
  assert_int_equal (fixture->domain->got, HM_FIELD_CPU_MODES);
}

static void
decoder_counts_none_as_an_answer (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "net.count", 0);
  add (fixture, "block.count", 0);
  decode (fixture, ALL);
  assert_int_equal (fixture->domain->got, HM_FIELD_NIC_IO | HM_FIELD_DISK_IO | HM_FIELD_DISK_SIZE);
}

static void
decoder_forgets_the_domain_before (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "cpu.time", 1);
  add (fixture, "vcpu.0.time", 1);
  decode (fixture, ALL);
  hm_stats_decoder_begin (fixture->decoder);
  hm_stats_decoder_write (fixture->decoder, fixture->instance, fixture->snapshot, fixture->domain);
  assert_false (fixture->domain->cpu_time.given);
  assert_int_equal (fixture->domain->n_vcpus, 0);
  assert_int_equal (fixture->domain->got, 0);
}

static void
decoder_passes_over_numbers_that_are_none (void **state)
{
  g_autoptr (Fixture) fixture = new_fixture ();

  (void)state;
  add (fixture, "vcpu.x.time", 1);
  add (fixture, "vcpu.99999999999999999999.time", 1);
  add (fixture, "vcpu.1", 1);
  add (fixture, "vcpu.", 1);
  add (fixture, "net.-1.rx.bytes", 1);
  decode (fixture, ALL);
  assert_int_equal (fixture->domain->n_vcpus, 0);
  assert_int_equal (fixture->domain->n_nics, 0);
}

/* libvirt's helpers use its storage per thread, which a connection would have set up. */
static int
initialize (void **state)
{
  (void)state;
  return virInitialize ();
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (decoder_keeps_every_bit_of_a_number),
    cmocka_unit_test (decoder_takes_those_events_that_are_enabled),
    cmocka_unit_test (decoder_leaves_absent_what_is_negative_or_no_integer),
    cmocka_unit_test (decoder_gathers_devices_by_number),
    cmocka_unit_test (decoder_names_interfaces_by_their_address),
    cmocka_unit_test (decoder_fits_not_when_an_interface_is_unknown),
    cmocka_unit_test (decoder_leaves_a_disk_out_when_it_is_not_described),
    cmocka_unit_test (decoder_takes_each_disk_when_the_description_cannot_be_read),
    cmocka_unit_test (decoder_believes_the_later_answer_when_the_devices_have_changed),
    cmocka_unit_test (decoder_takes_only_the_fields_asked_for),
    cmocka_unit_test (decoder_counts_none_as_an_answer),
    cmocka_unit_test (decoder_forgets_the_domain_before),
    cmocka_unit_test (decoder_passes_over_numbers_that_are_none),
  };

  return cmocka_run_group_tests (tests, initialize, NULL);
}
