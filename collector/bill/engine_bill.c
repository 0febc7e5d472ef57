/* SPDX-License-Identifier: Apache-2.0 */
/* engine_bill: see engine_bill.h. What a request says is hostile text: names go into rows as they are, after their length was checked. */
#include "collector/bill/engine_bill.h"

#include "collector/bill/adjustment.h"
#include "collector/bill/engine_close.h"
#include "collector/engine/engine_private.h"
#include "collector/usage/fold_state.h"
#include "collector/bill/periods.h"
#include "metering/error.h"

#include <string.h>

#define NAME_MAX_BYTES 255 /* of a project, a resource … */

/* -- closing -- */

#define RETRY_MIN_NS HM_NSEC_PER_SEC
#define RETRY_MAX_NS (60 * HM_NSEC_PER_SEC)

static gint64
monotonic_now (const HmEngine *engine)
{
  const HmClock *clock = engine->close.clock != NULL ? engine->close.clock : hm_clock_system ();

  return clock->monotonic (clock);
}

static void
put_off (HmEngine *engine)
{
  HmCloseRetry *retry = &engine->close_retry;

  retry->wait_ns = retry->wait_ns == 0 ? RETRY_MIN_NS : MIN (2 * retry->wait_ns, RETRY_MAX_NS);
  retry->until = monotonic_now (engine) + retry->wait_ns;
}

/* Whether it is for another time, not for its author to know of. */
static gboolean
may_pass (const GError *failure)
{
  return g_error_matches (failure, HM_ERROR, HM_ERROR_TEMPORARY)
         || g_error_matches (failure, HM_ERROR, HM_ERROR_UNAVAILABLE);
}

static gboolean
close_now (HmEngine *engine, HmCloseOrder *order, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (hm_engine_close_period (engine, order, &failure))
    {
      engine->close_retry = (HmCloseRetry){ 0 };
      return TRUE;
    }
  if (may_pass (failure))
    put_off (engine);
  else
    engine->close_retry = (HmCloseRetry){ 0 };
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
says_yes (const HmAsked *asked, const char *member)
{
  return g_strcmp0 (hm_json_get_text (asked->target, member), "yes") == 0;
}

gboolean
hm_engine_ask_close (HmAsked *asked, GError **error)
{
  const HmRequestRow answered = hm_asked_answer (asked, NULL);
  HmCloseOrder order = { .name = hm_json_get_text (asked->target, "name"),
                         .zone = hm_json_get_text (asked->target, "zone"),
                         .accept = says_yes (asked, "accept"),
                         .accept_unrolled = says_yes (asked, "accept-unrolled"),
                         .accept_gap = says_yes (asked, "accept-gap"),
                         .author = asked->request->author,
                         .answered = &answered };

  if (asked->engine->close_retry.wait_ns != 0
      && monotonic_now (asked->engine) < asked->engine->close_retry.until)
    return TRUE; /* without an answer: at another turn */
  if (!close_now (asked->engine, &order, error))
    return FALSE;
  asked->answer = order.result;
  asked->stored = TRUE;
  return TRUE;
}

/* -- adjusting -- */

typedef struct
{
  const char *name;
  HmMeterType type;
  char *unit; /* NULL: not found */
} Wanted;

static gboolean
find_foreign (const HmMeterRow *row, gpointer user)
{
  Wanted *wanted = user;

  if (wanted->unit == NULL && strcmp (row->name, wanted->name) == 0)
    {
      wanted->type = row->type;
      wanted->unit = g_strdup (row->unit);
    }
  return TRUE;
}

/* A shipped one, one that the store knows, or the one that no agent sends: what statements can hold. */
static gboolean
find_meter (const HmAsked *asked, Wanted *wanted, GError **error)
{
  HmEngine *engine = asked->engine;
  const HmMeter *shipped = hm_meter_table_find (engine->meters, wanted->name);

  if (shipped != NULL)
    {
      wanted->type = shipped->type;
      wanted->unit = g_strdup (shipped->unit);
    }
  else if (strcmp (wanted->name, HM_METER_STATE_TIME) == 0)
    {
      wanted->type = HM_CUMULATIVE;
      wanted->unit = g_strdup ("ns");
    }
  else if (!engine->ops->list_meters (engine->store, find_foreign, wanted, error))
    return FALSE;
  if (wanted->unit == NULL)
    g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "there is no meter '%.64s'", wanted->name);
  return wanted->unit != NULL;
}

/* Text of the row, which lives as long as `rows`; "" where the target has none. */
static gboolean
keep_member (HmAsked *asked, const char *member, const char **ret_text, GError **error)
{
  const char *text = hm_json_get_text (asked->target, member);
  gboolean changed = FALSE;
  char *kept;

  if (text != NULL && strlen (text) > NAME_MAX_BYTES)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: more than %d bytes", member, NAME_MAX_BYTES);
      return FALSE;
    }
  kept = hm_text_clean (text != NULL ? text : "", NAME_MAX_BYTES, &changed);
  g_ptr_array_add (asked->rows->text, kept);
  if (changed)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_USAGE, "%s: holds what is no text", member);
      return FALSE;
    }
  *ret_text = kept;
  return TRUE;
}

static gboolean
keep_members (HmAsked *asked, HmAdjustmentRow *row, GError **error)
{
  return keep_member (asked, "source", &row->source, error)
         && keep_member (asked, "project", &row->project, error)
         && keep_member (asked, "user", &row->user, error)
         && keep_member (asked, "resource", &row->resource, error)
         && keep_member (asked, "device", &row->device, error)
         && keep_member (asked, "meter", &row->meter, error);
}

/* Nobody pays for nobody. */
static gboolean
check_asked (const HmAsked *asked, GError **error)
{
  const char *project = hm_asked_text (asked, "project", error);

  if (project != NULL && *project == '\0')
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "whose usage? There is no project");
  return project != NULL && *project != '\0';
}

/* Absent, it has none; there, it names something, or what is asked for twice would be counted twice. */
static gboolean
keep_key (HmAsked *asked, HmAdjustmentRow *row, GError **error)
{
  if (hm_json_get_text (asked->target, "id") == NULL)
    return TRUE;
  if (!keep_member (asked, "id", &row->key, error))
    return FALSE;
  if (*row->key == '\0')
    g_set_error_literal (error, HM_ERROR, HM_ERROR_USAGE, "id: is empty");
  return *row->key != '\0';
}

static char *
describe (const HmAsked *asked, const char *done, const char *project, gint64 statement)
{
  g_autofree char *where = statement != 0 ? g_strdup_printf ("statement %" G_GINT64_FORMAT, statement)
                                          : g_strdup ("the next statement");

  return g_strdup_printf ("%s: %s %s of project %s, in %s", done,
                          hm_json_get_text (asked->target, "quantity"),
                          hm_json_get_text (asked->target, "unit"), project, where);
}

/* -- asked for before -- */

typedef struct
{
  const HmAdjustmentRow *wanted;
  gint64 id; /* of the one that has its key; 0: none has */
  gint64 statement;
  gboolean same;
} Known;

static gboolean
says_the_same (const HmAdjustmentRow *a, const HmAdjustmentRow *b)
{
  const char *const texts[][2]
      = { { a->source, b->source },     { a->project, b->project }, { a->user, b->user },
          { a->resource, b->resource }, { a->device, b->device },   { a->meter, b->meter },
          { a->unit, b->unit } };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (strcmp (texts[i][0], texts[i][1]) != 0)
      return FALSE;
  return a->type == b->type && a->quantity == b->quantity;
}

static gboolean
compare_adjustment (const HmAdjustmentRow *row, gpointer user)
{
  Known *known = user;

  if (g_strcmp0 (row->key, known->wanted->key) != 0)
    return TRUE;
  known->id = row->id;
  known->statement = row->statement;
  known->same = says_the_same (row, known->wanted);
  return TRUE;
}

/* Where another collector adds one of that key at this moment, the store refuses ours, and at the next turn it is found here. */
static gboolean
find_known (const HmAsked *asked, const HmAdjustmentRow *row, Known *known, GError **error)
{
  HmEngine *engine = asked->engine;

  *known = (Known){ .wanted = row };
  if (row->key != NULL && !engine->ops->list_adjustments (engine->store, compare_adjustment, known, error))
    return FALSE;
  if (known->id == 0 || known->same)
    return TRUE;
  g_set_error (error, HM_ERROR, HM_ERROR_USAGE,
               "'%.64s' is the id of adjustment %" G_GINT64_FORMAT " already, which says something else",
               row->key, known->id);
  return FALSE;
}

static gboolean
add_once (HmAsked *asked, const HmAdjustmentRow *row, GError **error)
{
  Known known;

  if (!find_known (asked, row, &known, error))
    return FALSE;
  if (known.id == 0)
    g_array_append_val (asked->rows->adjustments, *row);
  asked->answer
      = describe (asked, known.id == 0 ? "adjusted" : "adjusted already", row->project, known.statement);
  return TRUE;
}

gboolean
hm_engine_ask_adjust (HmAsked *asked, GError **error)
{
  HmAdjustmentRow row
      = { .author = asked->request->author, .reason = asked->request->reason, .made = asked->request->asked };
  const char *quantity = hm_asked_text (asked, "quantity", error), *unit = NULL;
  Wanted wanted = { .name = NULL };

  if (quantity != NULL)
    unit = hm_asked_text (asked, "unit", error);
  if (unit != NULL)
    wanted.name = hm_asked_text (asked, "meter", error);
  if (wanted.name == NULL || !hm_periods_check (asked->engine->ops, error) || !check_asked (asked, error)
      || !keep_members (asked, &row, error) || !keep_key (asked, &row, error)
      || !find_meter (asked, &wanted, error))
    return FALSE;
  g_ptr_array_add (asked->rows->text, wanted.unit);
  row.unit = wanted.unit;
  row.type = wanted.type;
  return hm_quantity_read (quantity, unit, wanted.type, wanted.unit, &row.quantity, error)
         && add_once (asked, &row, error);
}
