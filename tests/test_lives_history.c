/* SPDX-License-Identifier: Apache-2.0 */
/* Property tests of a disk's lives: random histories of plugs, events, looks, reads and restarts of the agent go through
 * the announcer and the marking of reads, and a bill of a few lines is made from the marks.
 *
 * Where every event comes before the next read, the bill is what each life had counted when it was read last, exactly.
 * Where events are lost or late, nothing is billed twice. HM_SEED repeats a history. */
#include "tests/kit.h"

#include <string.h>

#include "agent/inventory/announce.h"
#include "agent/inventory/lives.h"

#define ID   "4f0c6a52-0001-4000-8000-000000000001"
#define DISK "disk:vda"
#define WITH                                                                                                 \
  "<domain><devices><disk><target dev='vda'/><alias name='virtio-disk0'/></disk></devices></domain>"
#define WITHOUT "<domain><devices/></domain>"
#define STEPS   60
#define PENDING 64
#define RUNS    40
#define ADDED   "device-added"
#define REMOVED "device-removed"

typedef struct
{
  const char *word;
  HmTime time;
} Pending;

typedef struct
{
  GRand *dice;
  gboolean is_exact; /* every event comes before the next read */

  /* the machine */
  gboolean is_plugged;
  guint64 done;   /* by the disk in this life */
  guint64 former; /* in the life before, when it was read last */
  Pending pending[PENDING];
  guint n_pending;

  /* the agent */
  char *root;
  HmFakeClock *fake;
  HmInventory *inventory;
  HmGenerations *generations;
  HmAnnouncer *announcer;

  /* the bill */
  GHashTable *lives;          /* epoch → guint64, the value read last */
  guint64 billed, billed_now; /* the second: for what was done since the last plug */
  guint64 due;                /* what the lives before had counted when they were read last */
  guint64 due_last;           /* the present one */
  guint regresses, n_twice;
} World;

static void
begin_agent (World *world)
{
  HmAnnouncerOptions options = { .root = world->root, .clock = &world->fake->clock };

  world->inventory = hm_inventory_new ();
  world->generations = hm_generations_new (world->root, NULL);
  options.inventory = world->inventory;
  options.generations = world->generations;
  world->announcer = hm_announcer_new (&options, NULL);
  assert_non_null (world->announcer);
}

static void
end_agent (World *world)
{
  hm_announcer_free (world->announcer);
  hm_generations_free (world->generations);
  hm_inventory_free (world->inventory);
}

static HmSeenDomain *
see (const World *world)
{
  HmSeenDomain *seen = g_new0 (HmSeenDomain, 1);

  g_strlcpy (seen->id, ID, sizeof (seen->id));
  seen->name = g_strdup ("web");
  seen->xml = g_strdup (world->is_plugged ? WITH : WITHOUT);
  seen->state = HM_STATE_RUNNING;
  seen->domain_id = 1;
  seen->persistent = TRUE;
  return seen;
}

static void
look (World *world)
{
  HmSeenDomain *seen = see (world);

  hm_announcer_take_one (world->announcer, ID, seen, TRUE);
  hm_seen_domain_free (seen);
}

static void
deliver (World *world)
{
  for (guint i = 0; i < world->n_pending; i++)
    {
      HmSeenDomain *seen = see (world);
      HmHappening happening = { .word = world->pending[i].word, .time = world->pending[i].time };

      g_strlcpy (happening.id, ID, sizeof (happening.id));
      happening.name = g_strdup ("web");
      happening.alias = g_strdup ("virtio-disk0");
      hm_announcer_take_event (world->announcer, &happening, TRUE, seen);
      hm_happening_clear (&happening);
      hm_seen_domain_free (seen);
    }
  world->n_pending = 0;
}

static World *
new_world (guint32 seed, gboolean is_exact)
{
  World *world = g_new0 (World, 1);
  g_autofree char *folder = NULL;

  world->dice = g_rand_new_with_seed (seed);
  world->is_exact = is_exact;
  world->is_plugged = TRUE;
  world->root = kit_temp_folder ();
  folder = g_build_filename (world->root, "proc/sys/kernel/random", NULL);
  assert_int_equal (g_mkdir_with_parents (folder, 0755), 0);
  kit_write_file (folder, "boot_id", "0d1fc0de-0000-4000-8000-00000000b007\n");
  world->fake = hm_fake_clock_new (1700000000 * HM_NSEC_PER_SEC);
  world->lives = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  begin_agent (world);
  look (world);
  return world;
}

static void
free_world (World *world)
{
  end_agent (world);
  kit_remove_tree (world->root);
  g_hash_table_unref (world->lives);
  g_rand_free (world->dice);
  g_free (world->root);
  g_free (world->fake);
  g_free (world);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, free_world)

/* -- the bill */

static void
bill (World *world, const char *epoch, guint64 value)
{
  guint64 *last = g_hash_table_lookup (world->lives, epoch);
  guint64 before = world->billed;

  if (last == NULL)
    {
      world->billed += value;
      g_hash_table_replace (world->lives, g_strdup (epoch), g_memdup2 (&value, sizeof (value)));
    }
  else if (value < *last)
    world->regresses++;
  else
    {
      world->billed += value - *last;
      *last = value;
    }
  world->billed_now += world->billed - before;
  world->n_twice += world->billed_now > value;
}

/* -- what can happen */

static void
do_work (World *world)
{
  if (world->is_plugged)
    world->done += (guint64)g_rand_int_range (world->dice, 1, 1000);
}

/* An event that is late comes at most a second after a read, as the reads wait for it that long; and until then the disk
 * has not done again all that it did in its former life, or nobody could tell. */
static gboolean
may_read_first (const World *world)
{
  return !world->is_exact && world->done < world->former;
}

static void
read_counters (World *world)
{
  g_autoptr (HmSnapshot) snapshot = hm_snapshot_new ();
  g_autoptr (HmInstance) instance = NULL;
  HmDisk disk = { .device = DISK, .rd_bytes = HM_GIVEN (world->done), .rd_reqs = HM_GIVEN (world->done) };
  HmDomain *domain;

  if (world->n_pending > 0 && !may_read_first (world))
    deliver (world);
  hm_fake_clock_advance (world->fake, HM_NSEC_PER_SEC);
  instance = hm_inventory_get (world->inventory, ID);
  if (world->is_plugged && instance->devices->len == 0)
    look (world); /* so does a read that meets what nobody described */
  domain = hm_snapshot_add (snapshot, instance->resource, "web");
  domain->boot_ns = world->fake->boot_ns;
  domain->wall_ns = world->fake->wall_ns;
  domain->cpu_time = HM_GIVEN ((guint64)world->fake->boot_ns);
  domain->disks = &disk;
  domain->n_disks = world->is_plugged ? 1 : 0;
  hm_lives_take (world->generations, snapshot, domain, hm_generations_fell (world->generations, domain));
  if (domain->n_disks > 0)
    {
      const char *epoch = domain->disks[0].life.epoch;

      bill (world, epoch != NULL ? epoch : "-", world->done);
      world->due_last = world->done;
    }
  deliver (world);
}

static void
plug (World *world, const char *word)
{
  world->is_plugged = !world->is_plugged;
  if (world->is_plugged)
    {
      world->due += world->due_last;
      world->former = world->due_last;
      world->due_last = world->billed_now = 0;
      world->done = (guint64)g_rand_int_range (world->dice, 1, 20); /* the guest looks at what it got */
    }
  hm_fake_clock_advance (world->fake, 10 * HM_NSEC_PER_SEC);
  if (world->n_pending == PENDING || (!world->is_exact && g_rand_int_range (world->dice, 0, 3) == 0))
    return;
  world->pending[world->n_pending++] = (Pending){ word, world->fake->wall_ns };
}

/* What was told to the former agent only is lost. Without a loss, it had taken in everything. */
static void
restart (World *world)
{
  if (world->is_exact)
    deliver (world);
  world->n_pending = 0;
  end_agent (world);
  begin_agent (world);
  look (world);
}

static void
step (World *world)
{
  hm_fake_clock_advance (world->fake, HM_NSEC_PER_SEC);
  switch (g_rand_int_range (world->dice, 0, 10))
    {
    case 0:
    case 1:
      plug (world, world->is_plugged ? REMOVED : ADDED);
      break;
    case 2:
      look (world);
      break;
    case 3:
      restart (world);
      break;
    case 4:
      deliver (world);
      break;
    case 5:
    case 6:
      read_counters (world);
      break;
    default:
      do_work (world);
    }
}

static void
run (gboolean is_exact)
{
  const char *given = g_getenv ("HM_SEED");
  guint32 seed = given != NULL ? (guint32)g_ascii_strtoull (given, NULL, 10) : g_random_int ();

  print_message ("HM_SEED=%u\n", seed);
  for (guint i = 0; i < RUNS; i++)
    {
      g_autoptr (World) world = new_world (seed + i, is_exact);

      for (guint n = 0; n < STEPS; n++)
        {
          step (world);
          if (world->n_twice > 0)
            fail_msg ("history %u: something was billed twice", seed + i);
        }
      if (is_exact && (world->billed != world->due + world->due_last || world->regresses > 0))
        fail_msg ("history %u: %" G_GUINT64_FORMAT " billed, %" G_GUINT64_FORMAT " due, %u regresses",
                  seed + i, world->billed, world->due + world->due_last, world->regresses);
    }
}

static void
lives_bill_exactly_when_every_event_comes (void **state)
{
  (void)state;
  run (TRUE);
}

static void
lives_bill_nothing_twice_when_events_are_lost_or_late (void **state)
{
  (void)state;
  run (FALSE);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (lives_bill_exactly_when_every_event_comes),
    cmocka_unit_test (lives_bill_nothing_twice_when_events_are_lost_or_late),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
