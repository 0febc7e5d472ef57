/* SPDX-License-Identifier: Apache-2.0 */
/* announce: turns what is seen of domains, and what is told about them, into the inventory and into events.
 *
 * Knows no libvirt: the watch looks and listens, this decides. One thread, the watch's. What is promised: `described`
 * precedes everything else about an instance and follows each change of what it says; the words and states are those
 * of a lifecycle record; a state that events have not told yet is believed only when it is seen twice. */
#pragma once

#include "agent/inventory/generation.h"
#include "agent/inspector/inspector.h"
#include "agent/inventory/inventory.h"

/* One domain as libvirt showed it. */
typedef struct
{
  char id[37]; /* UUID */
  char *name;
  int domain_id; /* -1: not running */
  HmState state;
  gboolean persistent;
  char *xml;
} HmSeenDomain;

void hm_seen_domain_free (HmSeenDomain *seen);

/* What is to be read of a domain as soon as it is told. */
typedef enum
{
  HM_READ_NOTHING,
  HM_READ_AT_START, /* its counters began; after the event is told */
  HM_READ_AT_END,   /* it may end soon, and cannot be read then; before the event is told */
} HmReadAt;

/* Not a record's word: a notice for who wants to know. Restarts what the guest's own kernel counts. */
#define HM_WORD_REBOOTED "rebooted"

/* One thing that happened to a domain. */
typedef struct
{
  char id[37];
  char *name;
  const char *word; /* (nullable) the lifecycle record's; NULL: only look whether the description changed */
  HmState state;    /* after it; HM_STATE_UNKNOWN: as before */
  gboolean needs_look; /* it can have changed more than the state */
  gboolean has_ended;  /* its process is gone */
  HmReadAt read;
  char *alias; /* (nullable) of the device that it is about */
  HmTime time; /* when it arrived */
} HmHappening;

void hm_happening_clear (HmHappening *happening);

typedef struct HmAnnouncer HmAnnouncer;

typedef struct
{
  const char *root;       /* prefix of /proc, /run and /sys */
  HmOwnerMap *owners;     /* (nullable) */
  gboolean has_processes; /* domains are processes of this machine, so an epoch needs one */
  const HmClock *clock;
  HmInventory *inventory;     /* must outlive it */
  HmGenerations *generations; /* must outlive it */
  HmDomainEventFunc on_event; /* (nullable) */
  HmFieldsFunc moments;       /* (nullable) what is metered */
  HmDomainReadFunc on_read;   /* (nullable) */
  gpointer user;
} HmAnnouncerOptions;

/* HM_ERROR_UNAVAILABLE without a boot id. (transfer full) */
HmAnnouncer *hm_announcer_new (const HmAnnouncerOptions *options, GError **error);
void hm_announcer_free (HmAnnouncer *announcer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmAnnouncer, hm_announcer_free)

/* All domains as they are now. @is_new: events may have been missed since the last time, so what differs is announced
 * at once; else an event may be on its way, and it becomes a suspect. (element-type HmSeenDomain) */
void hm_announcer_take_all (HmAnnouncer *announcer, GPtrArray *seen, gboolean is_new);

/* One domain as it is now, or @seen NULL: it does not exist. @is_confirmed: it was a suspect, and time has passed. */
void hm_announcer_take_one (HmAnnouncer *announcer, const char *id, const HmSeenDomain *seen,
                            gboolean is_confirmed);

/* Something happened. @has_looked: @seen (nullable) is how the domain was afterwards. */
void hm_announcer_take_event (HmAnnouncer *announcer, const HmHappening *happening, gboolean has_looked,
                              const HmSeenDomain *seen);

/* What is known of a domain. (transfer full) (nullable) */
HmInstance *hm_announcer_instance (HmAnnouncer *announcer, const char *id);

/* Says `exists` of every instance there is. Of one that ceased to be here that was said at its end. */
void hm_announcer_audit (HmAnnouncer *announcer);

/* Until @until nothing that happened was missed. */
void hm_announcer_hear (HmAnnouncer *announcer, HmTime until);

/* What is metered of domains, so that it is to be read when one begins or may end. */
HmFields hm_announcer_moments (HmAnnouncer *announcer);

/* What may be the last values of the only domain in @snapshot, whose CPUs stand: if its life ends before it runs again, those
 * that no poll read later go with the end. What was held before stays where this read left out counters that it has.
 * (transfer full) */
void hm_announcer_hold (HmAnnouncer *announcer, HmSnapshot *snapshot);
/* Whether any counter of the life that the domain is in, or was in last, was read. */
gboolean hm_announcer_was_read (HmAnnouncer *announcer, const char *id);
/* The first values of a life. */
void hm_announcer_tell_first (HmAnnouncer *announcer, const HmDomain *domain);

/* TRUE where an event about @id can only be understood after a look. */
gboolean hm_announcer_needs_look (HmAnnouncer *announcer, const char *id);

/* Ids at which to look again after a while; forgets them. (transfer full) (element-type utf8) */
GPtrArray *hm_announcer_suspects (HmAnnouncer *announcer);
