/* SPDX-License-Identifier: Apache-2.0 */
/* pollster_kit: the checks that every snapshot pollster has to pass, driven by one table of its meters.
 *
 * A row says what a meter must be, from the fields of one guest alone; the checks then try it with every
 * field given, each one absent, each one as large as it can be, and with random guests. */
#pragma once

#include "tests/kit.h"

/* kit_full_domain() with devices that a test may write to. */
typedef struct
{
  HmSnapshot *snapshot;
  HmDomain *domain;
  HmVcpu *vcpus;
  HmDisk *disks;
  HmNic *nics;
} KitGuest;

KitGuest *kit_guest_new (void);
void kit_guest_free (KitGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KitGuest, kit_guest_free)

/* Whose member a field is. */
typedef enum
{
  KIT_END, /* ends a table */
  KIT_DOMAIN,
  KIT_VCPU,
  KIT_DISK,
  KIT_NIC,
} KitPart;

/* One meter that is one field as it is, or that @derive computes. */
typedef struct
{
  KitPart part;
  const char *meter;
  gsize offset; /* of the HmMaybe in HmDomain, HmVcpu, HmDisk or HmNic … */
  HmMaybe (*derive) (
      const HmDomain *domain); /* … or (nullable) what the meter must be instead, of a domain */
} KitRow;

#define KIT_ROW_DOMAIN(meter, field)                                                                         \
  {                                                                                                          \
    KIT_DOMAIN, meter, G_STRUCT_OFFSET (HmDomain, field), NULL                                               \
  }
#define KIT_ROW_VCPU(meter, field)                                                                           \
  {                                                                                                          \
    KIT_VCPU, meter, G_STRUCT_OFFSET (HmVcpu, field), NULL                                                   \
  }
#define KIT_ROW_DISK(meter, field)                                                                           \
  {                                                                                                          \
    KIT_DISK, meter, G_STRUCT_OFFSET (HmDisk, field), NULL                                                   \
  }
#define KIT_ROW_NIC(meter, field)                                                                            \
  {                                                                                                          \
    KIT_NIC, meter, G_STRUCT_OFFSET (HmNic, field), NULL                                                     \
  }
#define KIT_ROW_DERIVED(meter, function)                                                                     \
  {                                                                                                          \
    KIT_DOMAIN, meter, 0, function                                                                           \
  }

/* Every meter of the plugin is in @rows, and a full guest gives exactly what @rows say, no sample more. */
void kit_check_full (const HmPlugin *plugin, const KitRow *rows);
/* Each field that is taken away takes its sample with it, which is then reported absent, and no other one. */
void kit_check_absent (const HmPlugin *plugin, const KitRow *rows);
/* 18446744073709551615 in every field comes out of it digit by digit. */
void kit_check_largest (const HmPlugin *plugin, const KitRow *rows);
/* Random guests (the seed is printed; HM_SEED repeats it): what @rows say, nothing else, never a zero for an
 * absent field. */
void kit_check_random (const HmPlugin *plugin, const KitRow *rows);
/* The samples of a full guest equal tests/golden/<name>.golden. HM_REGENERATE=1 writes that file anew. */
void kit_check_golden (const HmPlugin *plugin);
/* The same for the samples of @sink; for pollsters that have no guest. */
void kit_check_golden_sink (const char *name, const HmSink *sink);
/* A guest without devices and without a single field yields nothing but @samples, and no crash. */
void kit_check_empty (const HmPlugin *plugin, guint samples);

/* One line per sample, in the order in which they were added. (transfer full) */
char *kit_print_sink (const HmSink *sink);
