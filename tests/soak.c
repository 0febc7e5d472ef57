/* SPDX-License-Identifier: Apache-2.0 */
/* soak: polls a hypervisor many times, one poll right after the other, through the agent's own inspector, pipeline and
 * outbox with the real pollsters, and tells whether the process has grown: memory of its own, descriptors and threads after the
 * first tenth of the polls against those at the end.
 *
 * Usage: soak [--polls N] [--churn N] [--connections N] URI
 * --churn N: starts or ends a domain of the test driver at every Nth poll, so that events, inventory and epochs have
 * work. Exit status 1 when it has grown. Run by tests/e2e/soak.sh. */
#include <libvirt/libvirt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/inspector/inspector.h"
#include "agent/pipeline/pipeline.h"
#include "metering/hypermeter.h"
#include "metering/registry.h"
#include "tests/fakes/outbox_memory.h"

/* What an allocator keeps between two polls of one size is no growth. */
#define MEMORY_SLACK_KIB 1024
#define BUFFER_BYTES     (64 * 1024 * 1024)
#define TIMEOUT_NS       (30 * HM_NSEC_PER_SEC)
#define DOMAIN_ID        "4f0c6a52-0001-4000-8000-000000000003"

/* How long something that is under way at the end, as the look at a domain that has just come, may take to be over. */
#define SETTLES_US (30 * G_USEC_PER_SEC)
#define LOOK_US    (G_USEC_PER_SEC / 20)

static gint polls = 1000, churn, connections = 2;

static const GOptionEntry entries[] = {
  { "polls", 0, 0, G_OPTION_ARG_INT, &polls, "How often", "N" },
  { "churn", 0, 0, G_OPTION_ARG_INT, &churn, "Start or end a domain at every Nth poll (test driver)", "N" },
  { "connections", 0, 0, G_OPTION_ARG_INT, &connections, "Connections to read over", "N" },
  { NULL },
};

/* -- what the process has */

typedef struct
{
  long memory_kib, threads, files;
} Size;

static long
number_after (const char *text, const char *key)
{
  const char *place = strstr (text, key);

  return place != NULL ? strtol (place + strlen (key), NULL, 10) : -1;
}

static Size
measure (void)
{
  g_autofree char *status = NULL;
  g_autoptr (GDir) files = g_dir_open ("/proc/self/fd", 0, NULL);
  Size size = { 0 };

  g_file_get_contents ("/proc/self/status", &status, NULL, NULL);
  while (files != NULL && g_dir_read_name (files) != NULL)
    size.files++;
  /* Pages of files come and go with the machine's memory. */
  size.memory_kib = number_after (status, "RssAnon:");
  if (size.memory_kib < 0)
    g_error ("/proc/self/status has no RssAnon");
  size.threads = number_after (status, "Threads:");
  return size;
}

static void
print_size (int done, const Size *size, guint64 samples)
{
  printf ("# %d polls: %ld KiB, %ld threads, %ld descriptors; %" G_GUINT64_FORMAT " samples\n", done,
          size->memory_kib, size->threads, size->files, samples);
  fflush (stdout);
}

/* -- churn */

/* Starts the domain, or ends it. */
static void
change_domain (virConnectPtr connection)
{
  static const char xml[]
      = "<domain type='test'><name>come-and-go</name><uuid>" DOMAIN_ID "</uuid>"
        "<memory unit='KiB'>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>";
  virDomainPtr domain = virDomainLookupByUUIDString (connection, DOMAIN_ID);

  if (domain != NULL)
    virDomainDestroy (domain);
  else
    domain = virDomainCreateXML (connection, xml, 0);
  if (domain == NULL)
    g_error ("the test driver starts no domain");
  virDomainFree (domain);
}

/* -- the agent's parts */

typedef struct
{
  HmIdentity identity;
  HmOutbox *outbox;
  HmInspector *inspector;
  HmRegistry *registry;
  HmRoster *roster;
  HmQuarantine *quarantine;
  HmPipeline *pipeline;
} Parts;

static void
fail_on (GError *error)
{
  if (error == NULL)
    return;
  fprintf (stderr, "soak: %s\n", error->message);
  exit (hm_error_exit_code (error));
}

static void
on_event (const HmDomainEvent *event, gpointer user)
{
  (void)event, (void)user;
}

/* Of all pollsters that read snapshots, with every meter that is on by default. (transfer full) */
static HmRoster *
make_roster (Parts *parts)
{
  g_autoptr (HmPolling) polling = hm_polling_new_default (60 * HM_NSEC_PER_SEC, NULL, NULL);
  g_autoptr (GArray) pollsters = g_array_new (FALSE, FALSE, sizeof (const HmPlugin *));
  g_autoptr (GPtrArray) found = NULL;

  hm_registry_scan_path (parts->registry, NULL, NULL);
  found = hm_registry_list (parts->registry, HM_NS_POLL_COMPUTE);
  for (guint i = 0; i < found->len; i++)
    {
      const HmRegistered *one = g_ptr_array_index (found, i);

      if (one->plugin->snapshot_pollster != NULL)
        g_array_append_val (pollsters, one->plugin);
    }
  if (pollsters->len == 0)
    g_error ("no pollster in HYPERMETER_PLUGIN_PATH");
  return hm_roster_new (polling, pollsters);
}

static void
make_outbox (Parts *parts)
{
  static const gboolean required[] = { TRUE };
  HmIdentity *identity = &parts->identity;
  GError *error = NULL;

  identity->source = identity->agent_id = identity->agent_epoch = (char *)(guintptr) "soak";
  identity->cpus = 1;
  identity->metering_since = HM_TIME_UNKNOWN;
  identity->clock = hm_clock_system ();
  parts->outbox = hm_outbox_memory_new (identity, required, 1, BUFFER_BYTES, &error);
  fail_on (error);
}

static void
make_parts (Parts *parts, const char *uri)
{
  HmLibvirtOptions options
      = { .uri = uri, .connections = (guint)connections, .root = "", .clock = hm_clock_system () };
  HmPipelineParts ports = { .host = { .clock = hm_clock_system (), .agent_id = "soak" },
                            .timeout_ns = TIMEOUT_NS,
                            .budget_ns = TIMEOUT_NS };
  GError *error = NULL;

  make_outbox (parts);
  parts->inspector = hm_libvirt_inspector_new (&options, on_event, NULL, &error);
  fail_on (error);
  parts->quarantine = hm_quarantine_new (hm_clock_system ());
  parts->registry = hm_registry_new ();
  parts->roster = make_roster (parts);
  ports.outbox = parts->outbox;
  ports.inspector = parts->inspector;
  ports.quarantine = parts->quarantine;
  parts->pipeline = hm_pipeline_new (&ports, parts->roster);
}

/* As a publisher does to which all is delivered at once. */
static void
deliver (HmOutbox *outbox)
{
  HmMessage *message;

  while ((message = outbox->next (outbox, 0)) != NULL)
    {
      outbox->confirm (outbox, 0, message, HM_DELIVERY_DONE, NULL);
      hm_message_unref (message);
    }
}

static guint64
poll_once (Parts *parts)
{
  HmPipelineCounts counts;
  GError *error = NULL;

  hm_pipeline_poll (parts->pipeline, hm_roster_all (parts->roster), &error);
  fail_on (error);
  deliver (parts->outbox);
  hm_pipeline_counts (parts->pipeline, &counts);
  return counts.samples;
}

static gboolean
free_parts (Parts *parts)
{
  gboolean has_ended = hm_pipeline_stop (parts->pipeline, TIMEOUT_NS);

  has_ended &= parts->inspector->close (parts->inspector, TIMEOUT_NS);
  hm_pipeline_free (parts->pipeline);
  hm_roster_unref (parts->roster);
  hm_quarantine_free (parts->quarantine);
  hm_registry_free (parts->registry);
  parts->outbox->free (parts->outbox);
  return has_ended;
}

/* -- */

static gboolean
has_grown (const Size *then, const Size *now)
{
  return now->memory_kib > then->memory_kib + MEMORY_SLACK_KIB || now->threads > then->threads
         || now->files > then->files;
}

static gboolean
stays_grown (const Size *then, Size *now)
{
  gint64 deadline = g_get_monotonic_time () + SETTLES_US;

  while (has_grown (then, now) && g_get_monotonic_time () < deadline)
    {
      g_usleep (LOOK_US);
      malloc_trim (0);
      *now = measure ();
    }
  return has_grown (then, now);
}

static gboolean
soak (Parts *parts, virConnectPtr connection)
{
  Size then = { 0 }, now = { 0 };
  int tenth = MAX (polls / 10, 1);

  for (int i = 1; i <= polls; i++)
    {
      guint64 samples;

      if (churn > 0 && i % churn == 0)
        change_domain (connection);
      samples = poll_once (parts);
      if (i % tenth != 0)
        continue;
      malloc_trim (0);
      now = measure ();
      print_size (i, &now, samples);
      if (i == tenth)
        then = now;
    }
  return !stays_grown (&then, &now);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("URI");
  virConnectPtr connection = NULL;
  Parts parts = { 0 };
  GError *error = NULL;
  gboolean is_good;

  mallopt (M_ARENA_MAX, 2);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_parse (context, &argc, &argv, &error);
  if (error == NULL && argc != 2)
    g_set_error (&error, HM_ERROR, HM_ERROR_USAGE, "which URI?");
  fail_on (error);
  make_parts (&parts, argv[1]);
  if (churn > 0 && (connection = virConnectOpen (argv[1])) == NULL)
    return 69;
  is_good = soak (&parts, connection);
  is_good &= free_parts (&parts);
  if (connection != NULL)
    virConnectClose (connection);
  return is_good ? 0 : 1;
}
