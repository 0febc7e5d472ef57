/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_text_bill: the SQL of what a bill is built on: readings that are held out, decisions, rollups, periods and statements.
 * Numbers of 128 bits are numeric in the tables and decimal text on the way. */
#include "collector/stores/postgresql.h"

#define HELD_KEY          "source, resource, agent, epoch, seq, device, meter, sample_epoch"
#define HELD_REST         "unit, type, time, flag, value_type, value, base_time, base_type, base"
#define DECISION_COLUMNS  HELD_KEY ", decision, author, reason, made"
#define POLICY_COLUMNS    "\"from\", hold, network_limit, author, made"
#define ROLLUP_KEY        "source, resource, step, grain, project, \"user\", flavor, state"
#define EVIDENCE_COLUMNS  "day, source, resource, records, root"
#define PERIOD_COLUMNS    "name, zone, \"from\", \"to\", closed, author, accepted, touched"
#define STATEMENT_COLUMNS "number, period, corrects, made, author, lines, sha256, records, root, missing"
#define LINE_KEY          "number, line, source, project, \"user\", resource, device, meter, unit, type"
#define LINE_REST         "flags, adjustment"
#define ADJUSTMENT_KEY    "source, project, \"user\", resource, device, meter, unit, type"
#define ADJUSTMENT_REST   "reason, author, made, statement, key"

#define ERASURE_COLUMNS "source, resource, project, \"user\", records, author, reason, made"

#define MATCHES(column, parameter) "(" parameter "::text IS NULL OR " column " = " parameter ")"
#define FROM_1                     "coalesce ($1::bigint, '-9223372036854775808'::bigint)"
#define TO_2                       "coalesce ($2::bigint, 9223372036854775807)"
#define WITHIN(column)             column " >= " FROM_1 " AND " column " < " TO_2
#define OWNERS                     MATCHES ("project", "$4") " AND " MATCHES ("\"user\"", "$5")
#define WANTED                     MATCHES ("source", "$3") " AND " OWNERS " AND " MATCHES ("resource", "$6")

#define EVIDENCE_OF(table)                                                                                   \
  EVIDENCE_COLUMNS                                                                                           \
  " FROM " table " WHERE " WITHIN ("day") " AND " MATCHES ("source", "$3") " AND " MATCHES ("resource", "$"  \
                                                                                                        "4")

/* Days from $8 on and before $9 lie in the filter's time as a whole, months from $10 on and before $11. No month has a rollup from the
 * one on up to which the resource that is furthest is rolled up. */
#define BUCKETS "SELECT grain, source, resource, agent, epoch, project, \"user\", flavor, state, cells FROM "
#define ROLLUPS(from)                                                                                        \
  "SELECT x.grain, x.source, x.resource, '', '', x.project, x.\"user\", x.flavor, x.state, x.cells "         \
  "FROM " from
#define WANTED_X                                                                                             \
  MATCHES ("x.source", "$3")                                                                                 \
  " AND " MATCHES ("x.project", "$4") " AND " MATCHES ("x.\"user\"", "$5") " AND " MATCHES ("x.resource",    \
                                                                                            "$6")
#define MONTHS_END "(SELECT least ($11::bigint, coalesce (month_of (max (rolled)), 0)) FROM resource_state)"

const char *const hm_pg_bill_texts[N_STATEMENTS] = {
  /* -- what one batch writes -- */
  [ST_HELD_PUT]
  = "INSERT INTO held (" HELD_KEY ", " HELD_REST ", amount, decision) "
    "SELECT " HELD_KEY ", " HELD_REST ", amount::numeric, decision FROM unnest ($1::text[], $2::text[], "
    "$3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], "
    "$11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::bigint[], $16::text[], $17::text[], "
    "$18::text[], $19::bigint[]) AS u (" HELD_KEY ", " HELD_REST ", amount, decision) "
    "ORDER BY source COLLATE \"C\", resource COLLATE \"C\", agent COLLATE \"C\", epoch COLLATE \"C\", seq, "
    "device COLLATE \"C\", meter COLLATE \"C\", sample_epoch COLLATE \"C\" "
    "ON CONFLICT (" HELD_KEY ") DO UPDATE SET unit = excluded.unit, type = excluded.type, "
    "time = excluded.time, flag = excluded.flag, value_type = excluded.value_type, value = excluded.value, "
    "base_time = excluded.base_time, base_type = excluded.base_type, base = excluded.base, "
    "amount = excluded.amount, decision = excluded.decision",
  [ST_DECISION_ADD] = "INSERT INTO decision (" DECISION_COLUMNS ") SELECT * FROM unnest ($1::text[], "
                      "$2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], "
                      "$9::bigint[], $10::text[], $11::text[], $12::bigint[])",
  [ST_POLICY_ADD] = "INSERT INTO policy (" POLICY_COLUMNS ") SELECT * FROM unnest ($1::bigint[], "
                    "$2::boolean[], $3::bigint[], $4::text[], $5::bigint[])",
  [ST_ROLLUP_PUT]
  = "INSERT INTO rollup (" ROLLUP_KEY ", cells) SELECT * FROM unnest ($1::text[], $2::text[], $3::bigint[], "
    "$4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[]) "
    "ON CONFLICT (" ROLLUP_KEY ") DO UPDATE SET cells = excluded.cells",
  [ST_EVIDENCE_PUT]
  = "INSERT INTO evidence AS e (" EVIDENCE_COLUMNS ", since) SELECT u.*, "
    "(SELECT coalesce (max (number), 0) FROM statement) FROM unnest ($1::bigint[], $2::text[], "
    "$3::text[], $4::bigint[], $5::text[]) u "
    "ON CONFLICT (day, source, resource) DO UPDATE SET records = excluded.records, root = excluded.root, "
    "since = excluded.since WHERE (e.records, e.root) <> (excluded.records, excluded.root)",
  [ST_PERIOD_ADD] = "INSERT INTO period (" PERIOD_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, "
                    "$8::bigint <> 0) ON CONFLICT DO NOTHING RETURNING id",
  [ST_PERIOD_TOUCH] = "UPDATE period SET touched = $2::bigint <> 0 WHERE id = $1",
  [ST_STATEMENT_ADD] = "INSERT INTO statement (" STATEMENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, "
                       "$8, $9, $10) ON CONFLICT (number) DO NOTHING",
  [ST_LINE_ADD]
  = "INSERT INTO statement_line (" LINE_KEY ", quantity, covered_ns, " LINE_REST ") "
    "SELECT " LINE_KEY ", quantity::numeric, covered_ns::numeric, " LINE_REST " FROM unnest ($1::bigint[], "
    "$2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], "
    "$10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[]) "
    "AS u (" LINE_KEY ", quantity, covered_ns, " LINE_REST ")",
  [ST_ADJUSTMENT_ADD]
  = "INSERT INTO adjustment (" ADJUSTMENT_KEY ", quantity, " ADJUSTMENT_REST ") "
    "SELECT " ADJUSTMENT_KEY ", quantity::numeric, " ADJUSTMENT_REST " FROM unnest ($1::text[], $2::text[], "
    "$3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], "
    "$11::text[], $12::bigint[], $13::bigint[], $14::text[]) AS u (" ADJUSTMENT_KEY
    ", quantity, " ADJUSTMENT_REST ") ON CONFLICT DO NOTHING",
  [ST_ADJUSTMENT_TAKE] = "UPDATE adjustment SET statement = $2 WHERE id = $1 AND statement = 0",
  [ST_ERASURE_ADD]
  = "INSERT INTO erasure (" ERASURE_COLUMNS ") SELECT * FROM unnest ($1::text[], "
    "$2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[])",

  /* -- what is listed -- */
  [ST_LIST_USAGE] = BUCKETS
  "buckets WHERE grain >= " FROM_1 " AND grain < $8::bigint AND " WANTED " UNION ALL " BUCKETS
  "buckets WHERE grain >= $9::bigint AND grain < " TO_2 " AND " WANTED " UNION ALL " BUCKETS
  "open_bucket WHERE grain >= $8 AND grain < $9 AND " WANTED " UNION ALL " ROLLUPS (
      "rollup x") " WHERE x.step = 1 AND x.grain >= $8 AND x.grain < $10::bigint "
                  "AND " WANTED_X " UNION ALL " ROLLUPS (
                      "rollup x") " WHERE x.step = 1 AND x.grain >= greatest "
                                  "($10, " MONTHS_END ") AND x.grain < $9 AND " WANTED_X
                                  " UNION ALL " ROLLUPS (
                                      "resource_state r JOIN rollup x ON x.source "
                                      "= r.source "
                                      "AND x.resource = r.resource AND x.step = 1 "
                                      "AND x.grain >= greatest ($10, month_of "
                                      "(r.rolled))") " WHERE r.rolled > $10 AND "
                                                     "r.rolled < " MONTHS_END " AND x.grain < " MONTHS_END
                                                     " AND " WANTED_X
                                                     " UNION ALL " ROLLUPS ("rollup x") " WHERE "
                                                                                        "x.step = 2 "
                                                                                        "AND x.grain "
                                                                                        ">= $10 AND "
                                                                                        "x.grain "
                                                                                        "< " MONTHS_END " AND"
                                                                                        " " WANTED_X
                                                                                        " LIMIT $7",
  [ST_LIST_HELD]
  = "SELECT " HELD_KEY ", " HELD_REST
    ", amount::text, decision FROM held h WHERE " WITHIN ("time") " AND " MATCHES (
        "source",
        "$3") " AND " MATCHES ("resource",
                               "$6") " AND ($8::bigint = 0 OR decision = 0) "
                                     "AND (($4::text IS NULL AND $5::text IS NULL) OR EXISTS (SELECT FROM "
                                     "resource_state r "
                                     "WHERE r.source = h.source AND r.resource = h.resource AND " OWNERS "))"
                                     " ORDER BY time, source, resource, seq, agent, epoch, device, meter, "
                                     "sample_epoch LIMIT $7",
  [ST_LIST_DECISIONS] = "SELECT id, " DECISION_COLUMNS " FROM decision WHERE " WITHIN (
      "made") " AND " MATCHES ("source", "$3") " AND " MATCHES ("resource", "$4") " ORDER BY id LIMIT $5",
  [ST_LIST_POLICIES] = "SELECT " POLICY_COLUMNS " FROM policy ORDER BY \"from\", id",
  [ST_LIST_EVIDENCE]
  = "SELECT " EVIDENCE_OF ("evidence") " AND ($6::bigint = 0 OR since < $6) UNION ALL SELECT " EVIDENCE_OF (
      "evidence_was") " AND since < $6 AND until >= $6 ORDER BY day, source, resource LIMIT $5",
  [ST_LIST_PERIODS] = "SELECT id, " PERIOD_COLUMNS " FROM period ORDER BY \"from\", \"to\", zone",
  [ST_LIST_STATEMENTS] = "SELECT " STATEMENT_COLUMNS " FROM statement WHERE $1::bigint = 0 OR number = $1 "
                         "ORDER BY number LIMIT $2",
  [ST_LIST_LINES]
  = "SELECT " LINE_KEY ", quantity::text, covered_ns::text, " LINE_REST " FROM statement_line "
    "WHERE ($1::bigint = 0 OR number = $1) AND " WANTED " ORDER BY number, line LIMIT $2",
  [ST_LIST_ERASURES] = "SELECT id, " ERASURE_COLUMNS " FROM erasure ORDER BY id",
  [ST_LIST_ADJUSTMENTS]
  = "SELECT id, " ADJUSTMENT_KEY ", quantity::text, " ADJUSTMENT_REST " FROM adjustment ORDER BY id",
};
