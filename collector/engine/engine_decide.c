/* SPDX-License-Identifier: Apache-2.0 */
/* engine_decide: see engine_decide.h. On the storing thread, between two batches. */
#include "collector/engine/engine_decide.h"

#include "collector/engine/engine_private.h"
#include "collector/usage/policy.h"
#include "metering/error.h"
#include "metering/log.h"

#include <string.h>

static HmTime
now (void)
{
  const HmClock *clock = hm_clock_system ();

  return clock->wall (clock);
}

/* -- decisions -- */

typedef struct
{
  HmBatchRows *rows;
  const char *id;
  HmDecisionRow row; /* its texts are the rows' */
  guint32 flag;
  HmTime time;
  HmDecision before;
  gboolean found;
} Deciding;

static const char *
keep (HmBatchRows *rows, const char *text)
{
  char *copy = g_strdup (text);

  g_ptr_array_add (rows->text, copy);
  return copy;
}

static gboolean
find_held (const HmHeldRow *held, gpointer user)
{
  Deciding *deciding = user;
  HmBatchRows *rows = deciding->rows;
  char id[HM_HELD_ID_MAX];

  hm_held_id (held, id);
  if (deciding->found || strcmp (id, deciding->id) != 0)
    return TRUE;
  deciding->row = (HmDecisionRow){ .source = keep (rows, held->source),
                                   .resource = keep (rows, held->resource),
                                   .agent = keep (rows, held->agent),
                                   .epoch = keep (rows, held->epoch),
                                   .seq = held->seq,
                                   .device = keep (rows, held->device),
                                   .meter = keep (rows, held->meter),
                                   .sample_epoch = keep (rows, held->sample_epoch) };
  deciding->flag = held->flag;
  deciding->time = held->time;
  deciding->before = held->decision;
  deciding->found = TRUE;
  return TRUE;
}

static gboolean
load_held (HmAsked *asked, Deciding *deciding, GError **error)
{
  HmStoreFilter filter = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN };
  HmEngine *engine = asked->engine;

  deciding->id = hm_asked_text (asked, "held", error);
  if (deciding->id == NULL || (filter.source = hm_asked_text (asked, "source", error)) == NULL
      || (filter.resource = hm_asked_text (asked, "resource", error)) == NULL
      || !engine->ops->list_held (engine->store, &filter, find_held, deciding, error))
    return FALSE;
  if (!deciding->found)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "no reading of that id is held");
  return deciding->found;
}

static HmDecision
decision_of (const char *action)
{
  for (HmDecision decision = HM_DECISION_RELEASE; hm_decision_name (decision) != NULL; decision++)
    if (strcmp (hm_decision_name (decision), action) == 0)
      return decision;
  return HM_DECISION_NONE;
}

static const char *
past_of (HmDecision decision)
{
  static const char *const words[] = {
    [HM_DECISION_RELEASE] = "released", [HM_DECISION_REJECT] = "rejected", [HM_DECISION_REBASE] = "rebased"
  };

  return words[decision];
}

static gboolean
check_decision (const Deciding *deciding, HmDecision decision, GError **error)
{
  if (deciding->before == decision)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "it is %s already", past_of (decision));
      return FALSE;
    }
  return hm_decision_check (decision, deciding->flag, error);
}

/* A decision counts by folding again, and what is before the edge is not folded again. `anomalies show` asks the same. */
static gboolean
check_edge (HmEngine *engine, const Deciding *deciding, GError **error)
{
  HmEntry *entry = hm_entry_cache_get (engine->cache, deciding->row.source, deciding->row.resource, error);
  char text[HM_TIME_TEXT_MAX];
  HmTime from;

  if (entry == NULL || !hm_engine_held_from (engine, entry, &from, error))
    return FALSE;
  if (deciding->time >= from)
    return TRUE;
  hm_time_print (from, text);
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
               "the raw records of that time are gone (before %s), so usage cannot be counted again; "
               "an adjustment can put it right",
               text);
  return FALSE;
}

gboolean
hm_engine_ask_decision (HmAsked *asked, GError **error)
{
  const HmRequestRow *request = asked->request;
  HmDecision decision = decision_of (request->action);
  Deciding deciding = { .rows = asked->rows };

  if (!load_held (asked, &deciding, error) || !check_decision (&deciding, decision, error)
      || !check_edge (asked->engine, &deciding, error))
    return FALSE;
  deciding.row.decision = decision;
  deciding.row.author = request->author;
  deciding.row.reason = request->reason != NULL ? request->reason : "";
  deciding.row.made = now ();
  g_array_append_val (asked->rows->decisions, deciding.row);
  if (!hm_engine_refold (asked->engine, asked->rows, deciding.row.source, deciding.row.resource, error))
    return FALSE;
  asked->answer = deciding.before == HM_DECISION_NONE
                      ? g_strdup (past_of (decision))
                      : g_strdup_printf ("%s: it had been %s, and the later decision stands",
                                         past_of (decision), past_of (deciding.before));
  return TRUE;
}

/* -- policies -- */

static gboolean
read_policy (const HmAsked *asked, HmPolicyRow *ret_row, GError **error)
{
  const char *from = hm_asked_text (asked, "from", error);
  const char *unknown = from != NULL ? hm_asked_text (asked, "unknown", error) : NULL;

  if (unknown == NULL)
    return FALSE;
  if (!hm_time_parse (from, -1, &ret_row->from))
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "'from' is no time");
  else if (!hm_policy_unknown_parse (unknown, &ret_row->hold))
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "'unknown' is none of none, hold");
  else if (!hm_json_get_u64 (asked->target, "network_limit", &ret_row->network_limit)
           || ret_row->network_limit > G_MAXINT64)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "'network_limit' is no number of bytes");
  else
    return TRUE;
  return FALSE;
}

/* What is folded without it stays as it is; so it holds for no record that can be folded already. */
static gboolean
check_from (HmTime from, gint64 grain, GError **error)
{
  HmTime earliest = hm_policy_earliest (now (), grain);
  char text[HM_TIME_TEXT_MAX];

  if (from < earliest)
    {
      hm_time_print (earliest, text);
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "it may hold from %s on at the earliest", text);
      return FALSE;
    }
  if (from % grain != 0)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "'from' does not begin a step of usage");
  return from % grain == 0;
}

static char *
describe_policy (const HmPolicyRow *row)
{
  g_autofree char *limit = hm_policy_limit_print (row->network_limit);
  char from[HM_TIME_TEXT_MAX];

  hm_time_print (row->from, from);
  return g_strdup_printf ("stored: from %s on unknown=%s network-limit=%s", from,
                          hm_policy_unknown_name (row->hold), limit);
}

gboolean
hm_engine_ask_policy (HmAsked *asked, GError **error)
{
  HmPolicyRow row = { .author = asked->request->author };

  if (!read_policy (asked, &row, error) || !check_from (row.from, asked->engine->settings.grain_ns, error))
    return FALSE;
  row.made = now ();
  g_array_append_val (asked->rows->policies, row);
  asked->answer = describe_policy (&row);
  return TRUE;
}

/* The last one stands. */
static gboolean
take_latest (const HmPolicyRow *row, gpointer user)
{
  HmPolicyRow *latest = user;

  latest->hold = row->hold;
  latest->network_limit = row->network_limit;
  return TRUE;
}

gboolean
hm_engine_agree_policy (HmEngine *engine, const HmPolicyWish *wish, GError **error)
{
  g_autoptr (HmBatchRows) rows = hm_batch_rows_new ();
  g_autofree char *text = NULL;
  HmPolicyRow latest = { .author = "configuration" }, row;
  gboolean owned;

  if (!engine->ops->list_policies (engine->store, take_latest, &latest, error))
    return FALSE;
  row = latest;
  row.hold = wish->unknown_said ? wish->hold : latest.hold;
  row.network_limit = wish->limit_said ? wish->network_limit : latest.network_limit;
  if (row.hold == latest.hold && row.network_limit == latest.network_limit)
    return TRUE;
  row.made = now ();
  row.from = hm_policy_earliest (row.made, engine->settings.grain_ns);
  g_array_append_val (rows->policies, row);
  if (!hm_engine_store_rows (engine, rows, &owned, error))
    return FALSE;
  text = describe_policy (&row);
  hm_notice ("policy %s", text);
  return TRUE;
}
