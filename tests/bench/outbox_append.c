/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_append: N records of 1,000 resources through the outbox on disk, with nobody who takes them out again; what is measured ends when
 * the last one is on disk. The folder stays as it is, for an agent that is to find a backlog. Usage: outbox_append FOLDER RECORDS SAMPLES
 *
 * Prints its line (timing.h), and on standard error the bytes and the groups that were written. */
#include "agent/outbox/outbox.h"
#include "tests/bench/timing.h"
#include "tests/records.h"

#include <string.h>

#define RESOURCES 1000
/* Nobody polls more at once; past some number the outbox would have to let go of records instead of waiting. */
#define UNSYNCED_MAX 4000

static HmOutbox *
open_outbox (const char *folder)
{
  static const HmOutboxPublisher publishers[] = { { "kafka", TRUE } };
  static char source[] = "site-a", agent[] = "bench", epoch[] = "018f3c9e-7c1d-7b52-9d2c-0123456789ab",
              boot[] = "boot-1";
  static HmIdentity identity
      = { .source = source, .agent_id = agent, .agent_epoch = epoch, .cpus = 64, .boot_id = boot };
  static HmOutboxOptions options = { .identity = &identity,
                                     .publishers = publishers,
                                     .n_publishers = G_N_ELEMENTS (publishers),
                                     .max_bytes = G_GUINT64_CONSTANT (1) << 40,
                                     .linger_ns = 10 * HM_NSEC_PER_MSEC };
  HmOutbox *outbox;
  GError *error = NULL;

  identity.clock = hm_clock_system ();
  identity.metering_since = identity.clock->wall (identity.clock);
  options.folder = folder;
  options.files = hm_files_system ();
  outbox = hm_outbox_new (&options, &error);
  if (outbox == NULL || !outbox->open (outbox, &error))
    g_error ("%s: %s", folder, error->message);
  return outbox;
}

static void
wait_for_room (HmOutbox *outbox)
{
  HmOutboxStatus status;

  for (outbox->status (outbox, &status); status.unsynced > UNSYNCED_MAX; outbox->status (outbox, &status))
    g_usleep (100);
}

static void
append (HmOutbox *outbox, guint64 number, guint samples)
{
  char id[37];
  GError *error = NULL;
  HmRecord record;

  records_samples (&record);
  g_snprintf (id, sizeof id, "00000000-0000-4000-8000-%012x", (guint)(number % RESOURCES));
  record.resource.id = id;
  record.n_samples = MIN (record.n_samples, samples);
  if (!outbox->append (outbox, HM_CLASS_BILLING, &record, &error))
    g_error ("%s", error->message);
}

int
main (int argc, char **argv)
{
  guint64 records = argc == 4 ? g_ascii_strtoull (argv[2], NULL, 10) : 0;
  guint samples = argc == 4 ? (guint)g_ascii_strtoull (argv[3], NULL, 10) : 0;
  HmOutboxStatus status;
  HmOutbox *outbox;
  double wall, cpu;

  if (records == 0 || samples == 0)
    return 64;
  outbox = open_outbox (argv[1]);
  wall = seconds_of (CLOCK_MONOTONIC);
  cpu = seconds_of (CLOCK_PROCESS_CPUTIME_ID);
  for (guint64 i = 0; i < records; i++)
    {
      if (i % 100 == 0)
        wait_for_room (outbox);
      append (outbox, i, samples);
    }
  if (!outbox->flush (outbox, 600 * HM_NSEC_PER_SEC))
    g_error ("it is not on disk");
  report ("outbox-append", seconds_of (CLOCK_MONOTONIC) - wall, seconds_of (CLOCK_PROCESS_CPUTIME_ID) - cpu,
          records);
  outbox->status (outbox, &status);
  fprintf (stderr, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", status.bytes, status.syncs);
  outbox->free (outbox);
  return status.dropped == 0 ? 0 : 70;
}
