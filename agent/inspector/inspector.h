/* SPDX-License-Identifier: Apache-2.0 */
/* inspector: the agent's libvirt side, behind the port of metering/inspector.h. Files named inspector_*.c are the
 * only ones that include a libvirt header. */
#pragma once

#include "agent/inventory/owner_map.h"
#include "metering/inspector.h"

G_BEGIN_DECLS

/* Something happened to a domain, or was found out about it by comparison. Everything is borrowed. */
typedef struct
{
  const char *event;          /* the record's word: "described", "started", "stopped", "found", … */
  const HmResource *resource; /* as it is after the event */
  const char *device;         /* (nullable) */
  HmTime time;                /* when it arrived here */
  HmTime not_before;          /* last moment known in the state before; HM_TIME_UNKNOWN */
  gboolean compared;
  HmTime
      last_read; /* of an end: when all counters that ended were last read; HM_TIME_UNKNOWN: not all were */
  const HmDomain *values; /* (nullable) of an end: what was read then; `resource` has the epoch of it */
} HmDomainEvent;

/* A domain was read besides the polls, as its counters had just begun. Called like HmDomainEventFunc. */
typedef void (*HmDomainReadFunc) (const HmDomain *domain, gpointer user);

/* Called on the inspector's event worker, one event at a time; `described` comes first for every resource. */
typedef void (*HmDomainEventFunc) (const HmDomainEvent *event, gpointer user);

/* What is metered of domains as of now; any thread. */
typedef HmFields (*HmFieldsFunc) (gpointer user);

typedef struct
{
  const char *uri;       /* "qemu:///system" */
  guint connections;     /* 1 to 8: reads are split over them */
  const char *root;      /* prefix of /proc and /sys; "" */
  const char *state_dir; /* (nullable) where counter generations are kept */
  HmOwnerMap *owners;    /* (nullable) */
  const HmClock
      *clock; /* must outlive the process' last call: one that hangs is left behind and may still ask it */
  HmFieldsFunc
      moments; /* (nullable) read at once of a domain that was started or may end; NULL, 0: nothing is */
  HmDomainReadFunc on_read; /* (nullable) */
} HmLibvirtOptions;

/* read() waits half of its timeout for a lane that hangs, then asks for the same domains from another connection, but those that it
 * finds to hang: of these it reads what needs no answer of theirs, until they answer again. It
 * gives no domain whose owner and epoch are not known yet, and comes back only after everything libvirt told before its
 * answers went through @on_event: a sample is never older news than an event.
 *
 * Opens nothing yet: connections are made, and made anew after a loss, by read() and by the event thread. Starts
 * listening at once; @on_event (nullable). (transfer full) */
HmInspector *hm_libvirt_inspector_new (const HmLibvirtOptions *options, HmDomainEventFunc on_event,
                                       gpointer user, GError **error);

G_END_DECLS
