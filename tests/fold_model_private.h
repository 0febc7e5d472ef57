/* SPDX-License-Identifier: Apache-2.0 */
/* fold_model_private: what the model's files share. */
#pragma once

#include "tests/fold_model.h"

typedef struct
{
  const char *project, *user, *flavor;
  HmState state;
} Attributes;

typedef struct
{
  const KitHistory *history;
  const GPtrArray *records;
  const HmFoldSettings *settings;
  gboolean *owns; /* of each record, whether its agent has the say */
  guint *
      handed; /* of each record, the one of another host to which it left the say; that itself where to none */
  GHashTable *cells, *held;
} Model;

/* One sample of the series that is being looked at. */
typedef struct
{
  guint at; /* index of its record */
  const HmRecord *record;
  const HmSample *sample;
  guint32 held_out;
  gboolean counted, unknown; /* unknown: no life has begun with it */
} Point;

static inline const HmRecord *
record_at (const Model *model, guint i)
{
  return g_ptr_array_index (model->records, i);
}

static inline const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static inline gint64
hold (const Model *model, const HmRecord *record)
{
  return model->settings->hold_intervals
         * (record->interval_ns != 0 ? record->interval_ns : model->settings->fallback_interval);
}

static inline gboolean
is_one_of (HmState state, HmState a, HmState b, HmState c)
{
  return state == a || state == b || state == c;
}

/* Whose the resource is, by what was said by the record of that index, and at that time. */
Attributes attributes_after (const Model *model, guint i);
Attributes attributes_at (const Model *model, HmTime time);
gboolean changed_at (const Model *model, guint i);

/* Whether the agent of that record has the say about gauges and state when it comes; and the record of another host that it leaves the say to. */
gboolean has_the_say (const Model *model, guint i);
guint handed_to (const Model *model, guint i);
