/* SPDX-License-Identifier: Apache-2.0 */
/* hanging_domains: three domains of libvirt's test driver that hang when they are told to. virDomainMemoryStats of the program that
 * this is linked to answers, but stays at such a domain until it is let go. */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>

enum
{
  WEB,
  WEB_2,
  DB,
  N_DOMAINS
};

extern const char *const hanging_names[N_DOMAINS], *const hanging_ids[N_DOMAINS];

/* g_get_monotonic_time() a minute from now. */
gint64 hanging_deadline (void);

char *hanging_xml (guint i);
/* (transfer full) */
virDomainPtr hanging_start (virConnectPtr connection, guint i);

void hanging_set (guint i, gboolean hangs);
/* How many calls came to it, and how many hang now in all. */
guint hanging_asked (guint i);
guint hanging_now (void);
void hanging_wait (guint n);
/* virConnectGetCapabilities answers only when it is let go. */
void hanging_set_preparing (gboolean hangs);
/* How many times it has answered. */
guint hanging_prepared (void);
/* On the connection that was prepared last the domain's look-up fails, at once; how often it did. */
void hanging_refuse (guint i);
guint hanging_refused (void);
/* No domain hangs any more, and no preparing; those that did have come back. */
void hanging_let_go (void);
/* None is refused, and none was asked or prepared: once nobody of before asks any more. */
void hanging_reset (void);

/* Looks again each millisecond until @holds does; fails the test when that takes a minute. */
void hanging_await (gboolean (*holds) (gpointer user), gpointer user);
