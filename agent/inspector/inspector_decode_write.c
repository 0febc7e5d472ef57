/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_decode_write: what the decoder took, as the domain of a snapshot. The reading thread. */
#include "agent/inspector/inspector_decode_private.h"

static const Part *
part_at (const HmStatsDecoder *decoder, guint group, guint i)
{
  return &g_array_index (decoder->parts[group], Part, i);
}

/* A disk whose description is not known may be another one than that of its name before. */
static gboolean
is_known_disk (const HmInstance *instance, const char *name)
{
  return instance->is_unread || hm_instance_find_device (instance, HM_DEVICE_DISK, name) != NULL;
}

static gboolean
is_known_nic (const HmInstance *instance, const char *name)
{
  return hm_instance_find_device (instance, HM_DEVICE_NIC, name) != NULL;
}

static gboolean
fits (const HmStatsDecoder *decoder, guint group, const HmInstance *instance,
      gboolean (*is_known) (const HmInstance *, const char *))
{
  for (guint i = 0; i < decoder->parts[group]->len; i++)
    if (part_at (decoder, group, i)->name != NULL && !is_known (instance, part_at (decoder, group, i)->name))
      return FALSE;
  return TRUE;
}

gboolean
hm_stats_decoder_fits (const HmStatsDecoder *decoder, const HmInstance *instance)
{
  return fits (decoder, NIC, instance, is_known_nic) && fits (decoder, DISK, instance, is_known_disk);
}

static gboolean
is_named_before (const HmStatsDecoder *decoder, guint group, guint i)
{
  for (guint k = 0; k < i; k++)
    if (g_strcmp0 (part_at (decoder, group, k)->name, part_at (decoder, group, i)->name) == 0)
      return TRUE;
  return FALSE;
}

static void
write_vcpus (HmStatsDecoder *decoder, HmSnapshot *snapshot, HmDomain *domain)
{
  guint n = decoder->parts[VCPU]->len;
  HmVcpu *vcpus = hm_snapshot_alloc (snapshot, n, sizeof (HmVcpu));

  for (guint i = 0; i < n; i++)
    {
      const Part *part = part_at (decoder, VCPU, i);
      char device[32];

      g_snprintf (device, sizeof (device), "vcpu:%u", part->number);
      vcpus[i] = part->vcpu;
      vcpus[i].device = hm_snapshot_text (snapshot, device);
    }
  domain->vcpus = vcpus;
  domain->n_vcpus = n;
}

static void
write_disks (HmStatsDecoder *decoder, const HmInstance *instance, HmSnapshot *snapshot, HmDomain *domain)
{
  HmDisk *disks = hm_snapshot_alloc (snapshot, decoder->parts[DISK]->len, sizeof (HmDisk));

  for (guint i = 0; i < decoder->parts[DISK]->len; i++)
    {
      const Part *part = part_at (decoder, DISK, i);
      HmDisk *disk = &disks[domain->n_disks];
      g_autofree char *device = NULL;

      if (part->name == NULL || !is_known_disk (instance, part->name) || is_named_before (decoder, DISK, i))
        continue;
      device = g_strconcat ("disk:", part->name, NULL);
      *disk = part->disk;
      disk->device = hm_snapshot_text (snapshot, device);
      domain->n_disks++;
    }
  domain->disks = disks;
}

static void
write_nics (HmStatsDecoder *decoder, const HmInstance *instance, HmSnapshot *snapshot, HmDomain *domain)
{
  HmNic *nics = hm_snapshot_alloc (snapshot, decoder->parts[NIC]->len, sizeof (HmNic));

  for (guint i = 0; i < decoder->parts[NIC]->len; i++)
    {
      const Part *part = part_at (decoder, NIC, i);
      const HmDevice *device = hm_instance_find_device (instance, HM_DEVICE_NIC, part->name);
      HmNic *nic = &nics[domain->n_nics];

      if (part->name == NULL || device == NULL || is_named_before (decoder, NIC, i))
        continue;
      *nic = part->nic;
      nic->device = hm_snapshot_text (snapshot, device->device);
      nic->life = (HmLifeMark){ hm_snapshot_text (snapshot, device->epoch), HM_TIME_UNKNOWN };
      domain->n_nics++;
    }
  domain->nics = nics;
}

void
hm_stats_decoder_write (HmStatsDecoder *decoder, const HmInstance *instance, HmSnapshot *snapshot,
                        HmDomain *domain)
{
  hm_stats_decoder_write_scalars (decoder, domain);
  write_vcpus (decoder, snapshot, domain);
  write_disks (decoder, instance, snapshot, domain);
  write_nics (decoder, instance, snapshot, domain);
}
