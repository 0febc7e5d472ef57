/* SPDX-License-Identifier: Apache-2.0 */
/* announce_lives: which devices of an instance are not those that its process began with, and when its guest booted.
 *
 * Events tell it, and where they were missed the descriptions of before and now do. A device that vanished and
 * came back under its name counts from zero, so each gets a new life before anything is read under it. */
#include "agent/inventory/announce_private.h"

#include <string.h>

#include "agent/inventory/lives.h"
#include "metering/log.h"

static void
begin (HmAnnouncer *self, const HmResource *resource, HmBirth birth)
{
  const HmClock *clock = self->options.clock;
  g_autoptr (GError) error = NULL;

  birth.boot_ns = clock->boot (clock);
  if (!hm_lives_begin (self->options.generations, resource->id, resource->epoch, &birth, &error))
    hm_log (G_LOG_LEVEL_WARNING, &(HmLogFields){ .resource = resource->id }, "%s: %s", birth.device,
            error->message);
}

static const HmDevice *
find (const HmInstance *instance, const HmDevice *like)
{
  for (guint i = 0; i < instance->devices->len; i++)
    {
      const HmDevice *device = g_ptr_array_index (instance->devices, i);

      if (strcmp (device->device, like->device) == 0)
        return device;
    }
  return NULL;
}

static gboolean
is_told (const HmAnnouncer *self, const HmDevice *device)
{
  const HmHappening *told = self->told;

  return told != NULL && g_strcmp0 (told->word, "device-added") == 0 && told->alias != NULL
         && g_strcmp0 (told->alias, device->alias) == 0;
}

static gboolean
is_another_tap (const HmDevice *old, const HmDevice *device)
{
  return old->epoch != NULL && device->epoch != NULL && strcmp (old->epoch, device->epoch) != 0;
}

static void
settle_device (HmAnnouncer *self, const HmInstance *instance, const HmDevice *device,
               const HmInstance *before)
{
  const HmDevice *old = before != NULL ? find (before, device) : NULL;
  HmBirth birth = { .device = device->device };

  if (is_told (self, device))
    {
      birth.kind = HM_BIRTH_TOLD;
      birth.start = birth.time = self->told->time;
    }
  else if (before != NULL && (old == NULL || is_another_tap (old, device)))
    {
      birth.kind = HM_BIRTH_FOUND;
      birth.start = before->looked; /* it began after that */
      birth.time = instance->looked;
    }
  else
    return;
  begin (self, instance->resource, birth);
}

static void
end_device (HmAnnouncer *self, const HmInstance *instance, const HmDevice *old)
{
  if (find (instance, old) == NULL)
    begin (self, instance->resource,
           (HmBirth){ .kind = HM_BIRTH_TO_COME,
                      .device = old->device,
                      .start = HM_TIME_UNKNOWN,
                      .time = instance->looked });
}

static gboolean
is_same_process (const HmInstance *before, const HmInstance *instance)
{
  const char *old = before->resource->epoch, *epoch = instance->resource->epoch;

  return before->domain_id == instance->domain_id && old != NULL
         && strrchr (old, ':') - old == strrchr (epoch, ':') - epoch
         && strncmp (old, epoch, (gsize)(strrchr (epoch, ':') - epoch)) == 0;
}

/* A description that could not be read has no devices either, which says nothing. */
static gboolean
has_devices (const HmInstance *instance)
{
  return instance->devices->len > 0 || !instance->is_unread;
}

void
hm_announcer_settle_lives (HmAnnouncer *self, const HmInstance *instance, const HmInstance *before)
{
  if (instance->resource->epoch == NULL || !has_devices (instance))
    return;
  if (before != NULL && (!is_same_process (before, instance) || !has_devices (before)))
    before = NULL;
  for (guint i = 0; i < instance->devices->len; i++)
    settle_device (self, instance, g_ptr_array_index (instance->devices, i), before);
  for (guint i = 0; before != NULL && i < before->devices->len; i++)
    end_device (self, instance, g_ptr_array_index (before->devices, i));
}

void
hm_announcer_tell_lives (HmAnnouncer *self, const HmHappening *happening, const HmInstance *known)
{
  self->told = happening;
  if (g_strcmp0 (happening->word, HM_WORD_REBOOTED) == 0 && known != NULL && known->resource->epoch != NULL)
    begin (self, known->resource,
           (HmBirth){ .kind = HM_BIRTH_TOLD,
                      .device = HM_LIVES_GUEST,
                      .start = happening->time,
                      .time = happening->time });
}
