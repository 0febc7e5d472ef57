/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_settle: dead letters and what becomes of them, answers to requests, foreign meters, and messages that have
 * no number. Within the open transaction; the storing thread only. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"

/* -- dead letters -- */

static void
append_counted (HmPgRows *rows, const HmDeadLetter *letter)
{
  hm_pg_rows_text (rows, letter->source);
  hm_pg_rows_text (rows, letter->agent);
  hm_pg_rows_text (rows, letter->epoch);
  if (letter->accounted)
    {
      hm_pg_rows_i64 (rows, letter->bin);
      hm_pg_rows_i64 (rows, (gint64)letter->sum);
      return;
    }
  hm_pg_rows_bytes (rows, NULL, 0); /* NULL */
  hm_pg_rows_bytes (rows, NULL, 0);
}

static void
append_letter (HmPgRows *rows, const HmDeadLetter *letter)
{
  hm_pg_rows_text (rows, letter->topic);
  hm_pg_rows_i64 (rows, letter->partition);
  hm_pg_rows_i64 (rows, letter->offset);
  hm_pg_rows_time (rows, letter->appended);
  hm_pg_rows_i64 (rows, letter->received);
  hm_pg_rows_bytes (rows, letter->key, letter->key_length);
  hm_pg_rows_text (rows, letter->ce_id);
  hm_pg_rows_text (rows, letter->signature);
  hm_pg_rows_bytes (rows, letter->value != NULL ? letter->value : "", letter->length);
  hm_pg_rows_text (rows, letter->reason);
  hm_pg_rows_text (rows, letter->detail);
  hm_pg_rows_bool (rows, letter->verified);
  hm_pg_rows_i64 (rows, letter->settled);
  hm_pg_rows_text (rows, letter->outcome);
  hm_pg_rows_bool (rows, letter->headers_lost);
  append_counted (rows, letter);
}

static gboolean
add_letters (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("tiiiibttbttoitotttii");
  guint64 added;

  for (guint i = 0; i < batch->n_dead_letters; i++)
    append_letter (rows, &batch->dead_letters[i]);
  return hm_pg_put_all (store, ST_DEAD_LETTER_ADD, rows, "storing dead letters", &added, error);
}

static gboolean
settle_letters (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("iit");
  guint64 settled;

  for (guint i = 0; i < batch->n_settled; i++)
    {
      hm_pg_rows_i64 (rows, batch->settled[i].id);
      hm_pg_rows_i64 (rows, batch->settled[i].settled);
      hm_pg_rows_text (rows, batch->settled[i].outcome);
    }
  if (!hm_pg_put_all (store, ST_DEAD_LETTER_SETTLE, rows, "settling dead letters", &settled, error))
    return FALSE;
  if (settled != batch->n_settled)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "dead letter %" G_GINT64_FORMAT
                 " or one that is settled with it is not there or settled already",
                 batch->settled[0].id);
  return settled == batch->n_settled;
}

static gboolean
answer_requests (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("iit");
  guint64 answered;

  for (guint i = 0; i < batch->n_answered; i++)
    {
      hm_pg_rows_i64 (rows, batch->answered[i].id);
      hm_pg_rows_i64 (rows, batch->answered[i].done);
      hm_pg_rows_text (rows, batch->answered[i].result);
    }
  if (!hm_pg_put_all (store, ST_REQUEST_ANSWER, rows, "answering requests", &answered, error))
    return FALSE;
  if (answered != batch->n_answered)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "request %" G_GINT64_FORMAT
                 " or one that is answered with it is not there or answered already",
                 batch->answered[0].id);
  return answered == batch->n_answered;
}

/* -- meters and messages -- */

static gboolean
add_meter (HmStore *store, const HmMeterRow *meter, GError **error)
{
  HmPgQuery query;
  guint64 changes;

  if (!hm_pg_query (store, ST_METER_ADD, &query, error))
    return FALSE;
  hm_pg_put_text (&query, meter->name);
  hm_pg_put_text (&query, meter->unit);
  hm_pg_put_text (&query, hm_meter_type_name (meter->type));
  hm_pg_put_text (&query, hm_value_type_name (meter->value));
  if (!hm_pg_run (&query, "storing a meter", &changes, error))
    return FALSE;
  if (changes != 1)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY, "meter %s has another type or unit by now",
                 meter->name);
  return changes == 1;
}

static gboolean
add_messages (HmStore *store, const HmBatch *batch, GError **error)
{
  g_autoptr (HmPgRows) rows = hm_pg_rows_new ("tti");
  guint64 added;

  for (guint i = 0; i < batch->n_messages; i++)
    {
      hm_pg_rows_text (rows, batch->messages[i].source);
      hm_pg_rows_text (rows, batch->messages[i].id);
      hm_pg_rows_i64 (rows, batch->messages[i].time);
    }
  if (!hm_pg_put_all (store, ST_MESSAGE_ADD, rows, "storing messages' ids", &added, error))
    return FALSE;
  if (added != batch->n_messages)
    g_set_error (error, HM_ERROR, HM_ERROR_TEMPORARY,
                 "message %s or one that is stored with it has been stored meanwhile", batch->messages[0].id);
  return added == batch->n_messages;
}

gboolean
hm_pg_put_settled (HmStore *store, const HmBatch *batch, GError **error)
{
  for (guint i = 0; i < batch->n_meters; i++)
    if (!add_meter (store, &batch->meters[i], error))
      return FALSE;
  return add_messages (store, batch, error) && add_letters (store, batch, error)
         && settle_letters (store, batch, error) && answer_requests (store, batch, error);
}
