/* SPDX-License-Identifier: Apache-2.0 */
/* announce_private: what the announcer's files share. */
#pragma once

#include "agent/inventory/announce.h"
#include "agent/inventory/epoch.h"

struct HmAnnouncer
{
  HmAnnouncerOptions options;
  char *root;
  HmOwnerMap *owners; /* (nullable) */
  char *boot_id;
  HmProcessFinder *finder;
  GHashTable *gone;      /* set of ids, until the next comparison: events about them may come late */
  GHashTable *suspects;  /* set of ids */
  GHashTable *processes; /* id → gint64, since when its process is missing */
  GHashTable *held;      /* id → HmSnapshot of that domain alone, its last values if it ends now */
  GHashTable *doubts; /* id → HmState that a look showed and no event told; HM_STATE_LOST: it was not there */
  HmTime heard;       /* until then nothing that happened was missed */
  const HmHappening *told; /* (nullable) what is being taken in */
};

/* The end of a life of counters. */
typedef struct
{
  const char *event;
  const HmInstance *before; /* (nullable) what was known of it */
  const HmInstance *after;
  HmTime time;
  gboolean compared;
} HmEnd;

void hm_announcer_say (HmAnnouncer *self, const char *event, const HmInstance *instance, const char *device,
                       HmTime time, gboolean compared);
/* @before (nullable): what was announced of it so far. */
void hm_announcer_say_changes (HmAnnouncer *self, const HmInstance *before, const HmInstance *instance,
                               HmTime time, gboolean compared);
/* With the last values, or when they were read. */
void hm_announcer_say_end (HmAnnouncer *self, const HmEnd *end);
/* The instance is no more, here at least: its end, if it still ran, and its last audit. */
void hm_announcer_say_gone (HmAnnouncer *self, const char *event, const HmInstance *instance, HmState state,
                            HmTime time, gboolean compared);

void hm_announcer_keep (HmAnnouncer *self, HmInstance *instance, HmTime time);
void hm_announcer_drop (HmAnnouncer *self, const char *id);

/* @may_tell_state: nothing is on its way that would tell it. */
void hm_announcer_compare (HmAnnouncer *self, const HmSeenDomain *seen, gboolean may_tell_state,
                           gboolean compared);

/* The instance as seen; what it keeps of its life comes from @before (nullable). (transfer full) */
HmInstance *hm_announcer_build (HmAnnouncer *self, const HmSeenDomain *seen, const HmInstance *before,
                                HmState state);

/* For an event about a domain that nobody ever saw and that is gone again. (transfer full) */
HmInstance *hm_announcer_build_unseen (HmAnnouncer *self, const HmHappening *happening);

/* Begins the lives of devices of @instance that were plugged in since @before (nullable), or as told. */
void hm_announcer_settle_lives (HmAnnouncer *self, const HmInstance *instance, const HmInstance *before);
/* To be called first when @happening, about @known (nullable), is taken in; `told` is cleared at its end. */
void hm_announcer_tell_lives (HmAnnouncer *self, const HmHappening *happening, const HmInstance *known);

/* Look at it again after a while. */
void hm_announcer_suspect (HmAnnouncer *self, const char *id);

/* Look again, for it was not as it is known: @shown. Shows that the same again, it is believed: no event is on its way. */
void hm_announcer_doubt (HmAnnouncer *self, const char *id, HmState shown);
gboolean hm_announcer_doubted (HmAnnouncer *self, const char *id, HmState shown);
