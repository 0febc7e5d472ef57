/* SPDX-License-Identifier: Apache-2.0 */
/* epoch: the life of a domain's counters on this host, as "boot id:start ticks:generation".
 *
 * The start ticks are field 22 of /proc/<pid>/stat of the domain's QEMU, readable without rights. Where there is no
 * process to be seen (libvirt's test driver, a hypervisor elsewhere) the middle part is "d" and libvirt's domain id,
 * which is new at each start of the guest but begins again at 1 with each start of such a libvirtd. A domain that
 * does not run has no counters and no epoch.
 *
 * Used by the inventory's worker alone; not thread-safe. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

typedef struct HmProcessFinder HmProcessFinder;

/* A domain's process. */
typedef struct
{
  gint64 pid;
  guint64 start_ticks; /* since boot, in clock ticks */
  gboolean in_cgroup;  /* libvirtd gave it a cgroup of its own, see hm_plan() */
} HmProcess;

/* @root: prefix of /proc and /run. (transfer full) */
HmProcessFinder *hm_process_finder_new (const char *root);
void hm_process_finder_free (HmProcessFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmProcessFinder, hm_process_finder_free)

/* The process of the domain: that of libvirt's pid file, if "-uuid @uuid" stands in its command line (the number is
 * of libvirtd's own namespace), else the one that a scan of all command lines finds. FALSE when there is none. */
gboolean hm_process_find (HmProcessFinder *finder, const char *uuid, const char *name,
                          HmProcess *ret_process);

/* "boot:ticks" or "boot:d<id>": a life, to which a generation is added. (transfer full) */
char *hm_life_of_process (const char *boot_id, const HmProcess *process);
char *hm_life_of_domain_id (const char *boot_id, int domain_id);
char *hm_epoch_text (const char *life, guint generation);

/* When a process that started so many ticks after boot did so, in wall time as the clock tells it now. */
HmTime hm_process_start (const HmProcess *process, const HmClock *clock);

/* The host's boot id. NULL with HM_ERROR_UNAVAILABLE when it cannot be read. (transfer full) */
char *hm_boot_id (const char *root, GError **error);

/* The ifindex of the tap @name, in decimal, if there is one here and its address is that of the interface @mac (the
 * guest's, or libvirt's variant of it, which differs in the first byte): another network namespace may have a tap of
 * that name too. NULL otherwise. (transfer full) (nullable) */
char *hm_tap_epoch (const char *root, const char *name, const char *mac);

G_END_DECLS
