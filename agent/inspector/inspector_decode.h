/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_decode: libvirt's typed parameters of one domain, by their documented names, to numbers. Pure. The reading
 * thread; one decoder serves many domains, one after the other. */
#pragma once

#include <libvirt/libvirt.h>

#include "agent/inventory/inventory.h"
#include "metering/snapshot.h"

typedef struct HmStatsDecoder HmStatsDecoder;

HmStatsDecoder *hm_stats_decoder_new (void);
void hm_stats_decoder_free (HmStatsDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmStatsDecoder, hm_stats_decoder_free)

/* Begins a new domain. */
void hm_stats_decoder_begin (HmStatsDecoder *decoder);

/* Takes the fields @take of @params, which must stay until the domain is written. Unknown names are passed over; a
 * negative number where there can be none, or another type, is absent. */
void hm_stats_decoder_take (HmStatsDecoder *decoder, const virTypedParameter *params, int n, HmFields take);

/* The state taken, if any (virDomainState). */
HmMaybe hm_stats_decoder_state (const HmStatsDecoder *decoder);

/* FALSE when a device was taken that @instance does not have: its description has changed meanwhile. What still is not
 * described when it is written is left out. */
gboolean hm_stats_decoder_fits (const HmStatsDecoder *decoder, const HmInstance *instance);

/* Writes what was taken; devices that @instance does not have are left out. Times and cost are the caller's. */
void hm_stats_decoder_write (HmStatsDecoder *decoder, const HmInstance *instance, HmSnapshot *snapshot,
                             HmDomain *domain);
