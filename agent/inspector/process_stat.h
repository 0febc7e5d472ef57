/* SPDX-License-Identifier: Apache-2.0 */
/* process_stat: what the kernel accounts to a QEMU process and to each of its vCPU threads, from <root>/proc/<pid>.
 *
 * libvirt's own statistics of a guest that has no cgroup of its own are these numbers: cpu.user and .system are utime
 * and stime of /proc/<pid>/stat, cpu.time is their sum, balloon.rss its rss; vcpu.N.time is utime + stime of the
 * thread's stat, vcpu.N.delay the second number of its schedstat; a vCPU that is online has a thread. So they are the same counters, read without libvirtd.
 * Readable without rights, unless /proc hides other users' processes. Any thread; no state. Knows nothing of libvirt. */
#pragma once

#include "metering/value.h"

G_BEGIN_DECLS

typedef struct
{
  guint number;
  guint64 time_ns;
  HmMaybe delay_ns; /* absent where the kernel keeps no such account */
} HmVcpuAccount;

typedef struct
{
  guint64 user_ns, system_ns, cpu_ns; /* the last is their sum */
  guint64 resident_kib;
  gboolean is_sending; /* a thread of QEMU's sends the guest elsewhere: a migration, or a save to a file */
  GArray *vcpus;       /* (element-type HmVcpuAccount); empty where its vCPUs cannot be told apart */
} HmProcessAccount;

/* FALSE, with @ret_account untouched, when there is no process @pid that started @start_ticks after boot (field 22 of its
 * stat), when it cannot be read, or when what stands there is not what the kernel writes. */
gboolean hm_process_account_read (const char *root, gint64 pid, guint64 start_ticks,
                                  HmProcessAccount *ret_account);
void hm_process_account_clear (HmProcessAccount *account);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmProcessAccount, hm_process_account_clear)

G_END_DECLS
