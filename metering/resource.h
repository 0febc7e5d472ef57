/* SPDX-License-Identifier: Apache-2.0 */
/* resource: what is measured and whose it is.
 *
 * A resource is immutable once it is made and shared by reference: the inventory makes a new one when owner,
 * flavor or state change. Thread-safe reference counting. */
#pragma once

#include "metering/clock.h"

G_BEGIN_DECLS

typedef enum
{
  HM_STATE_UNKNOWN,
  HM_STATE_RUNNING, /* blocked too */
  HM_STATE_PAUSED,  /* pmsuspended too */
  HM_STATE_SHUTTING_DOWN,
  HM_STATE_SHUTOFF, /* crashed too */
  HM_STATE_UNDEFINED,
  HM_STATE_LOST,
} HmState;

const char *hm_state_name (HmState state); /* "shutting-down"; NULL for HM_STATE_UNKNOWN */
gboolean hm_state_parse (const char *name, HmState *ret_state);

/* Limits on text that tenants write; longer text is cut at a character boundary, and counted. */
#define HM_ID_MAX   255
#define HM_NAME_MAX 255

/* The project or user of an instance that says nothing (usable) about its owner. */
#define HM_OWNER_UNKNOWN "unknown"

typedef struct
{
  /* What every sample record says. */
  char *id;             /* domain UUID, agent id */
  char *kind;           /* "instance", "host", "agent" */
  char *project, *user; /* (nullable) for a host or agent */
  char *flavor;         /* (nullable) the flavor's name */
  HmState state;
  char *epoch;        /* (nullable) life of the counters on this host */
  HmTime epoch_start; /* HM_TIME_UNKNOWN when it is */

  /* What only a `described` lifecycle record says: pairs of text, sorted by key ("display_name",
   * "project_name", "user_name", "flavor.id", "flavor.vcpus", "image", "created", …). */
  GPtrArray *description; /* (element-type HmAttr) (nullable) */

  /* What pollsters take from the description's numbers. */
  gboolean has_root_gib, has_ephemeral_gib;
  guint64 root_gib, ephemeral_gib;
  gint refs;
} HmResource;

typedef struct
{
  char *key, *value;
} HmAttr;

HmAttr *hm_attr_new (const char *key, const char *value);
void hm_attr_free (HmAttr *attr);

/* A resource with one reference and every other member empty, to be filled by its maker before it is shared. */
HmResource *hm_resource_new (const char *id, const char *kind);
HmResource *hm_resource_copy (const HmResource *resource); /* a deep copy to change and share anew */
HmResource *hm_resource_ref (HmResource *resource);
void hm_resource_unref (HmResource *resource); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmResource, hm_resource_unref)

/* Adds or replaces one pair of the description; keeps the order. Both are cleaned by hm_text_clean() and cut at
 * HM_NAME_MAX. FALSE: there are HM_ATTRS_MAX pairs already and this one is left out, for the caller to count. */
gboolean hm_resource_describe (HmResource *resource, const char *key, const char *value);
const char *hm_resource_description (const HmResource *resource, const char *key); /* (nullable) */

/* A copy of @text that is valid UTF-8, holds no control, line-breaking or direction-changing characters and has
 * @max bytes at most, cut at a character boundary; what is bad becomes U+FFFD. *@ret_changed (nullable) says whether anything was changed. */
char *hm_text_clean (const char *text, gsize max, gboolean *ret_changed);

/* The same for what a person says, an author or a reason: without space around it. NULL: it says nothing. (transfer full) */
char *hm_text_words (const char *text, gsize max);

G_END_DECLS
