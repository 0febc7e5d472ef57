/* SPDX-License-Identifier: Apache-2.0 */
/* metadata_private: what the reader of the XML fills a description with. */
#pragma once

#include "agent/inventory/metadata.h"

struct _xmlNode; /* libxml2's, for those who include it */

/* An instance of which nothing is known yet. (transfer full) */
HmMetadata *hm_metadata_new (const char *uuid);

/* Notes why something could not be used; the first problem is the one that is told. */
void hm_metadata_complain (HmMetadata *metadata, const char *problem);

/* One pair of the description; an empty @value (nullable) is none, a long one is cut. */
void hm_metadata_describe (HmMetadata *metadata, const char *key, const char *value);
/* The same for a decimal number; FALSE for anything else, which is left out. */
gboolean hm_metadata_describe_number (HmMetadata *metadata, const char *key, const char *text,
                                      guint64 *ret_number);

/* @id (nullable, transfer full) as it stands, or NULL when it cannot name anybody. (transfer full) */
char *hm_metadata_usable_id (HmMetadata *metadata, char *id);

void hm_metadata_add_disk (HmMetadata *metadata, const char *target, const char *alias);
/* Two interfaces of a domain may share a MAC address (one stands in for the other): the second is "nic:<MAC>.2", so
 * no device id names two counters. @target, @alias: (nullable) */
void hm_metadata_add_nic (HmMetadata *metadata, const char *mac, const char *target, const char *alias);

/* Gives it the owner that it named, else the default one of @owners (nullable), else the unknown one. */
void hm_metadata_settle_owner (HmMetadata *metadata, const HmOwnerMap *owners);

/* What Nova says, if anything. @element: (nullable) <metadata> */
void hm_metadata_read_nova (HmMetadata *metadata, const struct _xmlNode *element);
