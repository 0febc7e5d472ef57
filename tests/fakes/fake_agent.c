/* SPDX-License-Identifier: Apache-2.0 */
/* fake_agent: see fake_agent.h. */
#include "tests/fakes/fake_agent.h"

const HmMeter fake_pollster_meters[] = {
  { "t.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, HM_FIELD_CPU_TIME, HM_HOLD_NONE, 0, HM_LIFE_PROCESS, FALSE,
    "CPU time" },
  { NULL },
};

static HmResult
emit (const HmDomain *domain, HmSink *sink)
{
  hm_sink_u64 (sink, &fake_pollster_meters[0], NULL, domain->cpu_time);
  return HM_OK;
}

static const HmSnapshotPollster pollster_ops = { .emit = emit };
#define DESCRIPTOR                                                                                           \
  .abi_major = HM_ABI_MAJOR, .abi_minor = HM_ABI_MINOR, .struct_size = sizeof (HmPlugin), .version = "1"

const HmPlugin fake_pollster = { DESCRIPTOR,
                                 .name = "meterer",
                                 .ns = HM_NS_POLL_COMPUTE,
                                 .summary = "Measures",
                                 .meters = fake_pollster_meters,
                                 .snapshot_pollster = &pollster_ops };
int
fake_agent_set_up (void **state)
{
  FakeAgent *f = g_new0 (FakeAgent, 1);

  fake_publisher_reset ();
  f->folder = kit_temp_folder ();
  f->registry = hm_registry_new ();
  assert_true (hm_registry_add (f->registry, fake_publisher_plugin (), "built in", NULL));
  assert_true (hm_registry_add (f->registry, &fake_pollster, "built in", NULL));
  f->inspector = fake_inspector_new (hm_clock_system (), 2);
  fake_inspector_offer (f->inspector);
  f->ports = (HmAgentPorts){ .clock = hm_clock_system (), .inspector_new = fake_inspector_make };
  *state = f;
  return 0;
}

/* (nullable) with @error */
HmAgent *
fake_agent_make (FakeAgent *f, const char *more, GError **error)
{
  g_autofree char *state_dir = g_strdup_printf ("agent.state-dir=%s/state", f->folder);
  const char *overrides[] = { "publisher:fake.enabled=true",
                              "agent.id=node-1",
                              "agent.stop-timeout=10s",
                              state_dir,
                              "agent.interval=100ms",
                              more,
                              f->yet_more,
                              NULL };

  f->settings = hm_settings_load (NULL, FALSE, overrides, NULL);
  f->config = hm_agent_config_new (f->settings, "the file", NULL, error);
  if (f->config == NULL)
    return NULL;
  f->choices = hm_agent_plugins_choose (f->registry, f->settings, "the file",
                                        (const char *const *)f->config->namespaces, error);
  if (f->choices == NULL)
    return NULL;
  f->agent = hm_agent_new (f->config, f->choices, &f->ports, error);
  return f->agent;
}

void
fake_agent_make_well (FakeAgent *f, const char *more)
{
  g_autoptr (GError) error = NULL;

  if (fake_agent_make (f, more, &error) == NULL)
    fail_msg ("%s", error->message);
}

int
fake_agent_tear_down (void **state)
{
  FakeAgent *f = *state;

  hm_agent_free (f->agent);
  g_clear_pointer (&f->choices, g_ptr_array_unref);
  hm_agent_config_free (f->config);
  hm_settings_free (f->settings);
  hm_registry_free (f->registry);
  g_free (f->inspector);
  kit_remove_tree (f->folder);
  g_free (f->folder);
  g_free (f);
  hm_log_capture (NULL, NULL);
  return 0;
}

void
fake_agent_start (FakeAgent *f)
{
  g_autoptr (GError) error = NULL;

  if (!hm_agent_start (f->agent, &error))
    fail_msg ("%s", error->message);
}
