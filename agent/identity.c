/* SPDX-License-Identifier: Apache-2.0 */
/* identity: see identity.h. Once per process, by the agent's start. */
#include "agent/identity.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "metering/error.h"

#define BOOT_ID_PATH   "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LENGTH 36

/* GLib makes version 4 only; an agent's epochs are to sort by time. 48 bits of milliseconds, version, 74
 * random bits and the variant. The kernel gives 16 bytes whole, or not at all before it has seeded itself. */
char *
hm_uuid7_new (HmTime wall)
{
  guint64 ms = (guint64)(wall / HM_NSEC_PER_MSEC);
  guint8 b[16];

  while (getrandom (b, sizeof b, 0) != sizeof b)
    continue;
  for (guint i = 0; i < 6; i++)
    b[i] = (guint8)(ms >> (40 - 8 * i));
  b[6] = (guint8)(0x70 | (b[6] & 0x0f));
  b[8] = (guint8)(0x80 | (b[8] & 0x3f));
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                          b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                          b[15]);
}

/* (transfer full) (nullable) */
static char *
read_boot_id (const char *root)
{
  g_autofree char *path = g_strconcat (root, BOOT_ID_PATH, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_strstrip (text);
  if (strlen (text) != BOOT_ID_LENGTH || strspn (text, "0123456789abcdef-") != BOOT_ID_LENGTH)
    return NULL;
  return g_steal_pointer (&text);
}

gboolean
hm_uri_is_local (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NON_DNS, NULL);
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;
  const char *scheme = parsed != NULL ? g_uri_get_scheme (parsed) : "";

  return parsed != NULL && (host == NULL || *host == '\0') && !g_str_has_prefix (scheme, "test");
}

static guint32
count_cpus (void)
{
  long n = sysconf (_SC_NPROCESSORS_CONF);

  return n > 0 ? (guint32)n : 0;
}

void
hm_identity_fill (HmIdentity *identity, const char *agent_id, const char *source, const char *root,
                  gboolean is_local, const HmClock *clock)
{
  *identity = (HmIdentity){
    .source = g_strdup (source),
    .agent_id = g_strdup (agent_id),
    .agent_epoch = hm_uuid7_new (clock->wall (clock)),
    .cpus = is_local ? count_cpus () : 0,
    .metering_since = HM_TIME_UNKNOWN,
    .clock = clock,
    .boot_id = read_boot_id (root),
  };
}

void
hm_identity_clear (HmIdentity *identity)
{
  g_free (identity->source);
  g_free (identity->agent_id);
  g_free (identity->agent_epoch);
  g_free (identity->boot_id);
  *identity = (HmIdentity){ 0 };
}
