/* SPDX-License-Identifier: Apache-2.0 */
/* shadow_trace: what a shadow keeps of the records that it is made of, and of the intervals that they close. Called while a resource is
 * folded, on the shadow's thread. */
#include "collector/bill/shadow_private.h"

#include <string.h>

const char *
hm_shadow_keep (HmShadowFolded *folded, const char *text)
{
  return text != NULL ? g_string_chunk_insert_const (folded->texts, text) : NULL;
}

/* -- records -- */

/* A record is its own key: (agent, epoch, seq). */
static guint
record_hash (gconstpointer key)
{
  const HmShadowRecord *record = key;

  return (g_str_hash (record->agent) * 31 + g_str_hash (record->epoch)) * 31 + g_int64_hash (&record->seq);
}

static gboolean
record_equal (gconstpointer a, gconstpointer b)
{
  const HmShadowRecord *left = a, *right = b;

  return left->seq == right->seq && strcmp (left->agent, right->agent) == 0
         && strcmp (left->epoch, right->epoch) == 0;
}

GHashTable *
hm_shadow_records_new (void)
{
  return g_hash_table_new_full (record_hash, record_equal, g_free, NULL);
}

/* It may be shown more than once; the first stays, because intervals point to it. */
void
hm_shadow_note_record (HmShadowFolded *folded, const HmRawRow *row)
{
  const HmShadowRecord key = { .agent = row->agent, .epoch = row->epoch, .seq = row->seq };
  HmShadowRecord *record;

  if (g_hash_table_contains (folded->known, &key))
    return;
  record = g_new (HmShadowRecord, 1);
  *record = (HmShadowRecord){ .agent = hm_shadow_keep (folded, row->agent),
                              .epoch = hm_shadow_keep (folded, row->epoch),
                              .seq = row->seq,
                              .time = row->time,
                              .appended = row->appended,
                              .topic = hm_shadow_keep (folded, row->topic),
                              .partition = row->partition,
                              .offset = row->offset,
                              .signature = hm_shadow_keep (folded, row->signature),
                              .verified = row->verified,
                              .length = row->length };
  g_hash_table_add (folded->known, record);
}

static HmShadowRecord *
find_record (const HmShadowFolded *folded, const HmRecord *record)
{
  const HmShadowRecord key = { .agent = record->agent.id, .epoch = record->agent.epoch, .seq = record->seq };

  return g_hash_table_lookup (folded->known, &key);
}

guint
hm_shadow_number (HmFoldOutput *self, const HmRecord *record)
{
  HmShadowFolded *folded = ((HmShadowing *)(gpointer)self)->folded;

  g_ptr_array_add (folded->numbered, find_record (folded, record));
  return folded->numbered->len;
}

/* -- intervals -- */

static gboolean
is_same (const char *wanted, const char *text)
{
  return wanted == NULL || strcmp (wanted, text) == 0;
}

static gboolean
is_wanted (const HmShadowWish *wish, const HmFoldTrace *trace)
{
  return is_same (wish->meter, trace->meter) && is_same (wish->device, trace->device)
         && (wish->from == HM_TIME_UNKNOWN || trace->row->grain >= wish->from)
         && (wish->to == HM_TIME_UNKNOWN || trace->row->grain < wish->to);
}

/* Adds the next part of the interval that was told last, where it is one. */
static gboolean
go_on (const GPtrArray *intervals, const HmShadowRecord *record, const HmFoldTrace *trace)
{
  HmShadowInterval *last = intervals->len > 0 ? intervals->pdata[intervals->len - 1] : NULL;

  if (last == NULL || last->record != record || last->to != trace->from || trace->from == trace->to
      || last->from == last->to || last->flags != trace->flags || strcmp (last->device, trace->device) != 0
      || strcmp (last->meter, trace->meter) != 0 || strcmp (last->sample_epoch, trace->sample_epoch) != 0)
    return FALSE;
  last->to = trace->to;
  last->amount += trace->amount;
  last->covered_ns += trace->covered_ns;
  return TRUE;
}

static HmShadowInterval *
copy_interval (HmShadowFolded *folded, const HmShadowRecord *record, const HmFoldTrace *trace)
{
  HmShadowInterval *interval = g_new (HmShadowInterval, 1);
  const HmFoldOpening *opening = &trace->opening;

  *interval = (HmShadowInterval){ .record = record,
                                  .device = hm_shadow_keep (folded, trace->device),
                                  .meter = hm_shadow_keep (folded, trace->meter),
                                  .unit = hm_shadow_keep (folded, trace->unit),
                                  .type = trace->type,
                                  .agent = hm_shadow_keep (folded, trace->agent),
                                  .epoch = hm_shadow_keep (folded, trace->epoch),
                                  .sample_epoch = hm_shadow_keep (folded, trace->sample_epoch),
                                  .from = trace->from,
                                  .to = trace->to,
                                  .amount = trace->amount,
                                  .covered_ns = trace->covered_ns,
                                  .value = trace->value,
                                  .flags = trace->flags,
                                  .opened
                                  = opening->number > 0 ? folded->numbered->pdata[opening->number - 1] : NULL,
                                  .has_base = opening->known,
                                  .base_time = opening->time,
                                  .base = opening->value };
  return interval;
}

void
hm_shadow_note_interval (HmFoldOutput *self, const HmFoldTrace *trace)
{
  HmShadowing *shadowing = (HmShadowing *)(gpointer)self;
  const HmShadowWish *wish = shadowing->wish;
  HmShadowFolded *folded = shadowing->folded;
  const HmShadowRecord *record = find_record (folded, trace->record);
  gboolean ours = is_same (wish->project, trace->row->project) && is_same (wish->user, trace->row->user);
  GPtrArray *intervals = ours ? folded->intervals : folded->others;

  if (is_wanted (wish, trace) && !go_on (intervals, record, trace))
    g_ptr_array_add (intervals, copy_interval (folded, record, trace));
}
