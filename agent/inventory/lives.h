/* SPDX-License-Identifier: Apache-2.0 */
/* lives: the lives of counters that begin anew while their resource's process goes on: those of a disk or an
 * interface that was unplugged and plugged in again under the same name, of a virtual CPU, and of what the guest's
 * own kernel counts.
 *
 * Each such life has a number, greater than any before it in the same life of the process, and the epoch "g<number>";
 * what lives since the process began has none, and the resource's epoch. Numbers are kept with the generations, on disk
 * before they are used. The announcer tells what began (the watch's thread), the reader what it read; thread-safe. */
#pragma once

#include "agent/inventory/generation.h"

G_BEGIN_DECLS

/* The part that stands for what the guest's kernel counts. */
#define HM_LIVES_GUEST "guest"

/* How a birth came to be known. */
typedef enum
{
  HM_BIRTH_TOLD,    /* an event told it */
  HM_BIRTH_FOUND,   /* it was found to have happened; an event that tells it may still be on its way */
  HM_BIRTH_TO_COME, /* the device is gone: whatever comes back under its name is another one */
} HmBirthKind;

typedef struct
{
  HmBirthKind kind;
  const char *device;
  HmTime start;   /* of the new life; HM_TIME_UNKNOWN */
  HmTime time;    /* of the event's arrival, or of the look */
  gint64 boot_ns; /* CLOCK_BOOTTIME when it became known: what was read earlier may be the life before's */
} HmBirth;

/* A new life of a part of the resource @id in @epoch ("boot:ticks:generation"). A birth that is told just after it
 * was found is the same one, and nothing begins. HM_ERROR_CREATE when it cannot be kept; then it is as it was. */
gboolean hm_lives_begin (HmGenerations *generations, const char *id, const char *epoch, const HmBirth *birth,
                         GError **error);

/* Marks what was read of @domain (of @snapshot) with the lives it is of. What may be of the life before is taken out.
 * Counters of one part that all fell begin a life too, unless @fell: then the resource's own did. */
void hm_lives_take (HmGenerations *generations, HmSnapshot *snapshot, HmDomain *domain, gboolean fell);

G_END_DECLS
