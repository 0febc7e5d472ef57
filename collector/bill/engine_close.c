/* SPDX-License-Identifier: Apache-2.0 */
/* engine_close: see engine_close.h.
 *
 * First all that can be refused without a lock. Then one transaction: it locks out whoever could change usage, and asks for the lease again: who has stood
 * still for so long that somebody else has it by now gets another token, and gives up. From then on the row of the lease is the transaction's, so that nobody
 * takes it however long the rest lasts: periods and statements are read anew (another collector may have been here), and all is written. Were that not to help,
 * two statements of one number cannot be. */
#include "collector/bill/engine_close_private.h"

#include "collector/engine/trace.h"
#include "metering/error.h"
#include "metering/log.h"

#define LEASE_NS (120 * HM_NSEC_PER_SEC)

static void
clear_closing (HmClosing *closing)
{
  g_free (closing->missing);
  g_clear_pointer (&closing->periods, g_ptr_array_unref);
  g_clear_pointer (&closing->statements, g_ptr_array_unref);
  g_string_free (closing->done, TRUE);
  g_string_free (closing->waits, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HmClosing, clear_closing)

/* -- the transaction -- */

static HmTime
now_of (const HmEngine *engine)
{
  const HmClock *clock = engine->close.clock != NULL ? engine->close.clock : hm_clock_system ();

  return clock->wall (clock);
}

/* In the transaction it is what usage then is, so the time too is taken while no other can store any: whoever reads as of a statement's time
 * finds what was stored by it. */
static gboolean
load (HmClosing *closing, GError **error)
{
  const HmEngine *engine = closing->engine;

  g_clear_pointer (&closing->periods, g_ptr_array_unref);
  g_clear_pointer (&closing->statements, g_ptr_array_unref);
  closing->now = closing->period.closed = now_of (engine);
  closing->periods = hm_periods_load (engine->ops, engine->store, error);
  if (closing->periods != NULL)
    closing->statements = hm_statements_load (engine->ops, engine->store, error);
  if (closing->statements == NULL)
    return FALSE;
  closing->writer
      = (HmStatementWriter){ engine->ops, engine->store, closing->now, closing->order->author, 0 };
  if (closing->statements->len > 0)
    closing->writer.last
        = ((const HmStatementRow *)closing->statements->pdata[closing->statements->len - 1])->number;
  return TRUE;
}

static gboolean
write_answer (HmClosing *closing, GError **error)
{
  HmCloseOrder *order = closing->order;
  HmRequestRow row;
  const HmBatch batch = { .answered = &row, .n_answered = 1 };

  if (closing->done->len == 0 && closing->waits->len == 0)
    hm_closing_say (closing->done, "nothing to correct");
  if (closing->waits->len > 0)
    hm_closing_say (closing->done, "%s", closing->waits->str);
  order->result = g_strdup (closing->done->str);
  if (order->answered == NULL)
    return TRUE;
  row = *order->answered;
  row.done = closing->now;
  row.result = order->result;
  return closing->engine->ops->write (closing->engine->store, &batch, error);
}

static gboolean
take_lease (const HmClosing *closing, guint64 *ret_token, GError **error)
{
  const HmEngine *engine = closing->engine;

  if (!engine->ops->lease (engine->store, HM_CLOSE_LEASE,
                           engine->close.holder != NULL ? engine->close.holder : "collector", LEASE_NS,
                           ret_token, error))
    return FALSE;
  if (*ret_token != 0)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_TEMPORARY, "another collector closes a period");
  return FALSE;
}

static gboolean
still_leads (const HmClosing *closing, GError **error)
{
  guint64 token = 0;

  if (!take_lease (closing, &token, error))
    return FALSE;
  if (token == closing->token)
    return TRUE;
  g_set_error_literal (error, HM_ERROR, HM_ERROR_TEMPORARY,
                       "another collector has had the lease of periods meanwhile");
  return FALSE;
}

static gboolean
write_all (HmClosing *closing, GError **error)
{
  const HmEngine *engine = closing->engine;

  return engine->ops->lock_periods (engine->store, error) && still_leads (closing, error)
         && load (closing, error) && hm_closing_check (closing, error)
         && hm_closing_write_period (closing, error) && hm_closing_correct (closing, error)
         && write_answer (closing, error) && engine->ops->commit (engine->store, error);
}

static gboolean
transact (HmClosing *closing, GError **error)
{
  const HmEngine *engine = closing->engine;
  gboolean owned, done;

  if (!engine->ops->begin (engine->store, NULL, 0, &owned, error))
    return FALSE;
  hm_trace_transaction (TRUE);
  done = write_all (closing, error);
  if (!done)
    engine->ops->rollback (engine->store);
  hm_trace_transaction (FALSE);
  return done;
}

gboolean
hm_engine_close_period (HmEngine *engine, HmCloseOrder *order, GError **error)
{
  g_auto (HmClosing) closing
      = { .engine = engine, .order = order, .done = g_string_new (NULL), .waits = g_string_new (NULL) };

  if (!hm_periods_check (engine->ops, error) || (order->name != NULL && !hm_closing_find (&closing, error))
      || !take_lease (&closing, &closing.token, error) || !load (&closing, error)
      || !hm_closing_check (&closing, error))
    return FALSE;
  if (transact (&closing, error))
    {
      hm_notice ("asked by %s: %s", order->author, order->result);
      return TRUE;
    }
  g_clear_pointer (&order->result, g_free);
  return FALSE;
}
