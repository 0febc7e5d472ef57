/* SPDX-License-Identifier: Apache-2.0 */
/* hanging_domains: see hanging_domains.h. */
#include "tests/fakes/hanging_domains.h"

#include <dlfcn.h>
#include <string.h>

#include "tests/kit.h"

const char *const hanging_names[N_DOMAINS] = { "web", "web-2", "db" };
const char *const hanging_ids[N_DOMAINS]
    = { "4f0c6a52-0001-4000-8000-000000000001", "4f0c6a52-0001-4000-8000-000000000002",
        "4f0c6a52-0001-4000-8000-000000000003" };

gint64
hanging_deadline (void)
{
  return g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
}

static struct
{
  GMutex lock;
  GCond changed;
  gboolean hangs[N_DOMAINS];
  guint asked[N_DOMAINS];
  guint hanging; /* calls that hang now */
  guint prepared;
  gboolean holds_preparing;
  virConnectPtr prepared_on; /* not owned, compared only */
  gboolean refuses[N_DOMAINS];
  guint refused;
} gate;

static void
pass_gate (guint i)
{
  g_mutex_lock (&gate.lock);
  gate.asked[i]++;
  gate.hanging++;
  g_cond_broadcast (&gate.changed);
  while (gate.hangs[i])
    g_cond_wait (&gate.changed, &gate.lock);
  gate.hanging--;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

int
virDomainMemoryStats (virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned int n, unsigned int flags)
{
  int (*real) (virDomainPtr, virDomainMemoryStatPtr, unsigned int, unsigned int), answer;

  *(void **)&real = dlsym (RTLD_NEXT, "virDomainMemoryStats");
  answer = real (domain, stats, n, flags);
  for (guint i = 0; i < N_DOMAINS; i++)
    if (strcmp (virDomainGetName (domain), hanging_names[i]) == 0)
      pass_gate (i);
  return answer;
}

static gboolean
refuses (virConnectPtr connection, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  for (guint i = 0; i < N_DOMAINS; i++)
    if (gate.refuses[i] && gate.prepared_on == connection && strcmp (id, hanging_ids[i]) == 0)
      {
        gate.refused++;
        return TRUE;
      }
  return FALSE;
}

virDomainPtr
virDomainLookupByUUIDString (virConnectPtr connection, const char *id)
{
  virDomainPtr (*real) (virConnectPtr, const char *);

  *(void **)&real = dlsym (RTLD_NEXT, "virDomainLookupByUUIDString");
  return refuses (connection, id) ? NULL : real (connection, id);
}

char *
virConnectGetCapabilities (virConnectPtr connection)
{
  char *(*real) (virConnectPtr), *answer;

  *(void **)&real = dlsym (RTLD_NEXT, "virConnectGetCapabilities");
  answer = real (connection);
  g_mutex_lock (&gate.lock);
  while (gate.holds_preparing)
    g_cond_wait (&gate.changed, &gate.lock);
  gate.prepared++;
  gate.prepared_on = connection;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
  return answer;
}

void
hanging_set_preparing (gboolean hangs)
{
  g_mutex_lock (&gate.lock);
  gate.holds_preparing = hangs;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

void
hanging_refuse (guint i)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  gate.refuses[i] = TRUE;
}

guint
hanging_refused (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  return gate.refused;
}

guint
hanging_prepared (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  return gate.prepared;
}

void
hanging_set (guint i, gboolean hangs)
{
  g_mutex_lock (&gate.lock);
  gate.hangs[i] = hangs;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

guint
hanging_asked (guint i)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  return gate.asked[i];
}

guint
hanging_now (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&gate.lock);

  return gate.hanging;
}

void
hanging_wait (guint n)
{
  gint64 deadline = hanging_deadline ();

  g_mutex_lock (&gate.lock);
  while (gate.hanging != n)
    assert_true (g_cond_wait_until (&gate.changed, &gate.lock, deadline));
  g_mutex_unlock (&gate.lock);
}

void
hanging_let_go (void)
{
  for (guint i = 0; i < N_DOMAINS; i++)
    hanging_set (i, FALSE);
  hanging_set_preparing (FALSE);
  hanging_wait (0);
}

void
hanging_reset (void)
{
  g_mutex_lock (&gate.lock);
  memset (gate.asked, 0, sizeof (gate.asked));
  memset (gate.refuses, 0, sizeof (gate.refuses));
  gate.refused = gate.prepared = 0;
  g_mutex_unlock (&gate.lock);
}

void
hanging_await (gboolean (*holds) (gpointer user), gpointer user)
{
  gint64 deadline = hanging_deadline ();

  while (!holds (user))
    {
      assert_true (g_get_monotonic_time () < deadline);
      g_usleep (1000);
    }
}

char *
hanging_xml (guint i)
{
  return g_strdup_printf (
      "<domain type='test'><name>%s</name><uuid>%s</uuid><memory unit='KiB'>65536</memory>"
      "<vcpu>1</vcpu><os><type>hvm</type></os><devices><memballoon model='virtio'/></devices>"
      "</domain>",
      hanging_names[i], hanging_ids[i]);
}

virDomainPtr
hanging_start (virConnectPtr connection, guint i)
{
  g_autofree char *xml = hanging_xml (i);
  virDomainPtr domain = virDomainCreateXML (connection, xml, 0);

  assert_non_null (domain);
  return domain;
}
