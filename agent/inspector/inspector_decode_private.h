/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_decode_private: the decoder's inside, for the file that takes and the one that writes. */
#pragma once

#include "agent/inspector/inspector_decode.h"

/* A device while its parameters come in. */
typedef struct
{
  guint number;
  const char *name; /* (nullable) borrowed from the parameters: a disk's target, a tap */
  union
  {
    HmVcpu vcpu;
    HmDisk disk;
    HmNic nic;
  };
} Part;

enum
{
  VCPU,
  DISK,
  NIC,
  N_GROUPS,
};

struct HmStatsDecoder
{
  HmDomain scalars; /* only its numbers */
  HmFields got;
  GArray *parts[N_GROUPS]; /* (element-type Part) */
};

/* Writes all that is of no device. */
void hm_stats_decoder_write_scalars (const HmStatsDecoder *decoder, HmDomain *domain);
