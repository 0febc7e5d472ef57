/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_row_bill: as postgresql_row.c, for the rows that a bill is built on. Column order is that of postgresql_text_bill.c. */
#include "collector/stores/postgresql.h"

#include "metering/error.h"

#include <string.h>

/* FALSE: what was stored was not written by this program. */
static gboolean
refuse (HmPgVisit *visit, const char *what)
{
  g_set_error (&visit->error, HM_ERROR, HM_ERROR_DATA, "%s: %s cannot be read", visit->store->name, what);
  return FALSE;
}

static gboolean
read_int128 (const PGresult *r, int i, int column, HmInt128 *ret_number)
{
  const char *text = hm_pg_text (r, i, column);

  return text != NULL && hm_int128_parse (text, ret_number);
}

/* A type's name, and the value in the next column. */
static gboolean
read_value (const PGresult *r, int i, int column, HmValue *ret_value)
{
  const char *text = hm_pg_text (r, i, column + 1);
  HmValueType type;

  return hm_value_type_parse (hm_pg_text (r, i, column), &type)
         && hm_value_parse (text, strlen (text), type, ret_value);
}

gboolean
hm_pg_held_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmHeldRow row = { .source = hm_pg_text (r, i, 0),
                    .resource = hm_pg_text (r, i, 1),
                    .agent = hm_pg_text (r, i, 2),
                    .epoch = hm_pg_text (r, i, 3),
                    .seq = (guint64)hm_pg_i64 (r, i, 4),
                    .device = hm_pg_text (r, i, 5),
                    .meter = hm_pg_text (r, i, 6),
                    .sample_epoch = hm_pg_text (r, i, 7),
                    .unit = hm_pg_text (r, i, 8),
                    .time = hm_pg_i64 (r, i, 10),
                    .flag = (guint32)hm_pg_i64 (r, i, 11),
                    .base_time = hm_pg_time (r, i, 14),
                    .decision = (HmDecision)hm_pg_i64 (r, i, 18) };

  if (!hm_meter_type_parse (hm_pg_text (r, i, 9), &row.type) || !read_value (r, i, 12, &row.value)
      || !read_value (r, i, 15, &row.base) || !read_int128 (r, i, 17, &row.amount))
    return refuse (visit, "a reading that is held out");
  return ((HmHeldVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_decision_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmDecisionRow row = { .id = hm_pg_i64 (r, i, 0),
                              .source = hm_pg_text (r, i, 1),
                              .resource = hm_pg_text (r, i, 2),
                              .agent = hm_pg_text (r, i, 3),
                              .epoch = hm_pg_text (r, i, 4),
                              .seq = (guint64)hm_pg_i64 (r, i, 5),
                              .device = hm_pg_text (r, i, 6),
                              .meter = hm_pg_text (r, i, 7),
                              .sample_epoch = hm_pg_text (r, i, 8),
                              .decision = (HmDecision)hm_pg_i64 (r, i, 9),
                              .author = hm_pg_text (r, i, 10),
                              .reason = hm_pg_text (r, i, 11),
                              .made = hm_pg_i64 (r, i, 12) };

  return ((HmDecisionVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_policy_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmPolicyRow row = { .from = hm_pg_i64 (r, i, 0),
                            .hold = hm_pg_bool (r, i, 1),
                            .network_limit = (guint64)hm_pg_i64 (r, i, 2),
                            .author = hm_pg_text (r, i, 3),
                            .made = hm_pg_i64 (r, i, 4) };

  return ((HmPolicyVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_evidence_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmEvidenceRow row = { .day = hm_pg_i64 (r, i, 0),
                              .source = hm_pg_text (r, i, 1),
                              .resource = hm_pg_text (r, i, 2),
                              .records = (guint64)hm_pg_i64 (r, i, 3),
                              .root = hm_pg_text (r, i, 4) };

  return ((HmEvidenceVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_period_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmPeriodRow row = { .id = hm_pg_i64 (r, i, 0),
                            .name = hm_pg_text (r, i, 1),
                            .zone = hm_pg_text (r, i, 2),
                            .from = hm_pg_i64 (r, i, 3),
                            .to = hm_pg_i64 (r, i, 4),
                            .closed = hm_pg_i64 (r, i, 5),
                            .author = hm_pg_text (r, i, 6),
                            .accepted = hm_pg_text (r, i, 7),
                            .touched = hm_pg_bool (r, i, 8) };

  return ((HmPeriodVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_statement_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  const HmStatementRow row = { .number = hm_pg_i64 (r, i, 0),
                               .period = hm_pg_i64 (r, i, 1),
                               .corrects = hm_pg_i64 (r, i, 2),
                               .made = hm_pg_i64 (r, i, 3),
                               .author = hm_pg_text (r, i, 4),
                               .lines = (guint64)hm_pg_i64 (r, i, 5),
                               .sha256 = hm_pg_text (r, i, 6),
                               .records = (guint64)hm_pg_i64 (r, i, 7),
                               .root = hm_pg_text (r, i, 8),
                               .missing = hm_pg_text (r, i, 9) };

  return ((HmStatementVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_line_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmStatementLine row = { .number = hm_pg_i64 (r, i, 0),
                          .line = hm_pg_i64 (r, i, 1),
                          .source = hm_pg_text (r, i, 2),
                          .project = hm_pg_text (r, i, 3),
                          .user = hm_pg_text (r, i, 4),
                          .resource = hm_pg_text (r, i, 5),
                          .device = hm_pg_text (r, i, 6),
                          .meter = hm_pg_text (r, i, 7),
                          .unit = hm_pg_text (r, i, 8),
                          .flags = (guint32)hm_pg_i64 (r, i, 12),
                          .adjustment = hm_pg_i64 (r, i, 13) };

  if (!hm_meter_type_parse (hm_pg_text (r, i, 9), &row.type) || !read_int128 (r, i, 10, &row.quantity)
      || !read_int128 (r, i, 11, &row.covered_ns))
    return refuse (visit, "a statement's line");
  return ((HmLineVisit)visit->visit) (&row, visit->user);
}

gboolean
hm_pg_adjustment_row (const PGresult *r, int i, gpointer user)
{
  HmPgVisit *visit = user;
  HmAdjustmentRow row = { .id = hm_pg_i64 (r, i, 0),
                          .source = hm_pg_text (r, i, 1),
                          .project = hm_pg_text (r, i, 2),
                          .user = hm_pg_text (r, i, 3),
                          .resource = hm_pg_text (r, i, 4),
                          .device = hm_pg_text (r, i, 5),
                          .meter = hm_pg_text (r, i, 6),
                          .unit = hm_pg_text (r, i, 7),
                          .reason = hm_pg_text (r, i, 10),
                          .author = hm_pg_text (r, i, 11),
                          .made = hm_pg_i64 (r, i, 12),
                          .statement = hm_pg_i64 (r, i, 13),
                          .key = hm_pg_text (r, i, 14) };

  if (!hm_meter_type_parse (hm_pg_text (r, i, 8), &row.type) || !read_int128 (r, i, 9, &row.quantity))
    return refuse (visit, "an adjustment");
  return ((HmAdjustmentVisit)visit->visit) (&row, visit->user);
}
