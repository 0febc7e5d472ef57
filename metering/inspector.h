/* SPDX-License-Identifier: Apache-2.0 */
/* inspector: the port through which the agent looks at a hypervisor. The agent's libvirt inspector is one
 * implementation, the tests' synthetic fleet another; nothing else in the agent knows which one it has. */
#pragma once

#include "metering/snapshot.h"

G_BEGIN_DECLS

typedef struct HmInspector HmInspector;

/* How many of the domains that hang are told by name. */
#define HM_HUNG_TOLD 8

/* A domain whose hypervisor process does not answer. */
typedef struct
{
  char id[37];   /* UUID */
  char name[64]; /* the hypervisor's name, cut there */
  HmTime since;  /* wall clock, when it was found */
  guint probes;  /* since then */
} HmHungDomain;

/* How well the hypervisor answers; "total" is since the start, the rest is now. */
typedef struct
{
  guint hung; /* domains that are left out of what asks their process */
  HmHungDomain domains[HM_HUNG_TOLD];
  guint hanging_calls, hanging_limit;    /* calls that have not come back; how many may be risked */
  gboolean is_sparing;                   /* so many hang that no domain's process is asked */
  guint retired;                         /* connections left behind with a call that hangs */
  guint64 hung_total, retired_total;     /* domains found, connections left behind */
  guint64 connects_total, refused_total; /* connections opened; attempts that failed */
  guint64 probes_total;                  /* of domains that hang */
  guint instances;                       /* that are known, shut off ones too */
  guint owners_unknown,
      problems; /* those that name no owner; those whose metadata could not be used in full */
} HmInspectorHealth;

struct HmInspector
{
  /* Reads @fields of every domain, within @timeout_ns. Domains that did not answer in time are counted in the
   * snapshot's cost and left out. Called by one thread at a time.
   * Returns: (transfer full) NULL with HM_ERROR_UNAVAILABLE when the hypervisor is not there. */
  HmSnapshot *(*read) (HmInspector *self, HmFields fields, gint64 timeout_ns, GError **error);

  /* Has `exists` said of every instance, through the event function; any thread, never blocks. */
  void (*audit) (HmInspector *self);

  /* Lets go of everything; returns within @timeout_ns even when a call hangs. FALSE when a thread of it is still inside
   * the event function that it was made with: that, its user data and all that it uses must then stay as they are
   * until the process ends. */
  gboolean (*close) (HmInspector *self, gint64 timeout_ns);

  /* (nullable) Makes a read that is under way, and every later one, come back soon with HM_ERROR_TEMPORARY, whatever
   * hangs. Any thread; before close(). */
  void (*interrupt) (HmInspector *self);

  /* (nullable) Any thread; never waits for the hypervisor. */
  void (*health) (HmInspector *self, HmInspectorHealth *ret_health);
};

G_END_DECLS
