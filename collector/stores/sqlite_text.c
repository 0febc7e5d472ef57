/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_text: the SQL of the store, one text per statement. sqlite_statement.c prepares them, sqlite_row.c knows the order of their
 * columns. Constants alone. */
#include "collector/stores/sqlite.h"
#include "collector/stores/sqlite_usage.h"

/* Everything of one resource, although the keys lead with time: walk from one grain that exists to the next,
 * within the span of the resource's own, and look for the resource in each. Two index descents per grain, and
 * no second index to be kept up with each insert, which would be random and leave the cache as the table
 * grows. */
#define GRAINS(table, first, last)                                                                           \
  "WITH RECURSIVE g (grain) AS ("                                                                            \
  "SELECT min (grain) FROM " table " WHERE grain >= " first " UNION ALL "                                    \
  "SELECT (SELECT min (grain) FROM " table " WHERE grain > g.grain) FROM g WHERE g.grain < " last ") "
#define SPAN_OF(column) "(SELECT " column " FROM resource_state WHERE source = ?1 AND resource = ?2)"

/* A record that says a time that has not come lies under the grain of its append time; one whose clock is a little ahead under its own. */
#define LAST_RAW "max (last_seen, reached + 300000000000)"

/* A record's bytes, wherever they are kept. */
#define VALUE                                                                                                \
  "CASE WHEN r.sha256 IS NULL THEN r.value ELSE "                                                            \
  "(SELECT d.value FROM description d WHERE d.grain = r.grain AND d.sha256 = r.sha256 "                      \
  "AND d.redacted IS NULL) END"
/* What is left of them, where they were erased. */
#define REDACTED                                                                                             \
  "CASE WHEN r.sha256 IS NOT NULL THEN "                                                                     \
  "(SELECT d.redacted FROM description d WHERE d.grain = r.grain AND d.sha256 = r.sha256) END"
#define LEFT "ifnull (" VALUE ", " REDACTED ")"
#define RAW_COLUMNS                                                                                          \
  "r.grain, r.source, r.resource, r.agent, r.epoch, r.seq, r.time, r.schema, r.topic, r.partition, "         \
  "r.\"offset\", "                                                                                           \
  "r.appended, r.received, r.signature, r.sha256 IS NOT NULL, " VALUE ", r.verified, r.sha256, " REDACTED
#define RESOURCE_COLUMNS                                                                                     \
  "source, resource, kind, project, user, flavor, name, project_name, user_name, state, agent, first_seen, " \
  "last_seen, version, fold, seen, edge, checkpoint, rolled, reached, parked, decided"
#define LETTER_COLUMNS                                                                                       \
  "id, topic, partition, \"offset\", received, key, ce_id, signature, value, reason, detail, appended, "     \
  "verified, settled, outcome, headers_lost, source, agent, epoch, bin, sum"
#define BUCKET_COLUMNS "grain, source, resource, agent, epoch, project, user, flavor, state, cells"

#define LOSS_COLUMNS    "source, agent, epoch, seq, \"from\", \"to\", records, resources, reason, appended"
#define ANOMALY_COLUMNS "kind, source, subject, detail, noticed"
#define REQUEST_COLUMNS "id, action, subject, author, reason, asked, done, result, target"
#define HELD_COLUMNS                                                                                         \
  "source, resource, agent, epoch, seq, device, meter, sample_epoch, unit, type, time, flag, value, "        \
  "value_type, base_time, base, base_type, amount, decision"
#define DECISION_COLUMNS                                                                                     \
  "source, resource, agent, epoch, seq, device, meter, sample_epoch, decision, author, reason, made"
#define ROLLUP_COLUMNS    "step, grain, source, resource, project, user, flavor, state, cells"
#define PERIOD_COLUMNS    "name, zone, \"from\", \"to\", closed, author, accepted, touched"
#define STATEMENT_COLUMNS "number, period, corrects, made, author, lines, sha256, records, root, missing"
#define LINE_COLUMNS                                                                                         \
  "number, line, source, project, user, resource, device, meter, unit, type, quantity, covered_ns, flags, "  \
  "adjustment"
#define ADJUSTMENT_COLUMNS                                                                                   \
  "source, project, user, resource, device, meter, unit, type, quantity, reason, author, made, statement, "  \
  "key"
#define ERASURE_COLUMNS "source, resource, project, user, records, author, reason, made"
#define POLICY_COLUMNS  "\"from\", hold, network_limit, author, made"

/* A filter's six values are ?1 from, ?2 to, ?3 source, ?4 project, ?5 user, ?6 resource; ?7 is its limit. */
#define MATCHES(column, parameter) "(" parameter " IS NULL OR " column " = " parameter ")"
#define MATCHES_ALL(row)                                                                                     \
  MATCHES (row ".source", "?3")                                                                              \
  " AND " MATCHES (row ".project", "?4") " AND " MATCHES (row ".user",                                       \
                                                          "?5") " AND " MATCHES (row ".resource", "?6")
#define WITHIN(column)                                                                                       \
  column " >= ifnull (?1, -9223372036854775808) AND " column " < ifnull (?2, 9223372036854775807)"

#define EVIDENCE_OF(table)                                                                                   \
  "day, source, resource, records, root FROM " table                                                         \
  " WHERE " WITHIN ("day") " AND " MATCHES ("source", "?3") " AND " MATCHES ("resource", "?6")

/* Of bins, losses and anomalies ?4 is the agent and ?5 the limit; ?1 and ?2 are bins there. */
#define IN_BINS(row)                                                                                         \
  "((" row ".bin >= ifnull (?1, -9223372036854775808) AND " row ".bin < ifnull (?2, 9223372036854775807)) "  \
  "OR " row                                                                                                  \
  ".bin = -9223372036854775808) AND " MATCHES (row ".source", "?3") " AND " MATCHES (row ".agent", "?4")

#define BYTES                                                                                                \
  "((SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)) "       \
  "* (SELECT page_size FROM pragma_page_size)"

const char *const hm_sqlite_texts[N_STATEMENTS] = {
  [ST_BEGIN] = "BEGIN IMMEDIATE",
  [ST_COMMIT] = "COMMIT",
  [ST_ROLLBACK] = "ROLLBACK",
  [ST_POSITION_GET] = "SELECT next FROM offsets WHERE topic = ?1 AND partition = ?2",
  [ST_POSITION_INIT] = "INSERT INTO offsets (topic, partition, next, committed) VALUES (?1, ?2, ?3, ?4) "
                       "ON CONFLICT (topic, partition) DO NOTHING",
  [ST_POSITION_MOVE]
  = "UPDATE offsets SET next = ?1, committed = ?2 WHERE topic = ?3 AND partition = ?4 AND next = ?5",
  [ST_POSITION_REACHED]
  = "UPDATE offsets SET reached = ?4 WHERE topic = ?1 AND partition = ?2 AND next >= ?3 "
    "AND (reached IS NULL OR reached < ?4)",
  [ST_PERIODS_TOUCH] = "UPDATE period SET touched = 1 WHERE touched = 0 AND EXISTS (SELECT 1 "
                       "FROM json_each (?1) AS g WHERE g.value >= \"from\" AND g.value < \"to\")",
  [ST_PERIOD_ADD] = "INSERT INTO period (" PERIOD_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
                    "ON CONFLICT (\"from\", \"to\", zone) DO NOTHING",
  [ST_PERIOD_MARK] = "UPDATE period SET touched = ?2 WHERE id = ?1",
  [ST_STATEMENT_ADD] = "INSERT INTO statement (" STATEMENT_COLUMNS ") "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (number) DO NOTHING",
  [ST_LINE_ADD] = "INSERT INTO statement_line (" LINE_COLUMNS ") "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
  [ST_ADJUSTMENT_ADD] = "INSERT INTO adjustment (" ADJUSTMENT_COLUMNS ") "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) "
                        "ON CONFLICT DO NOTHING",
  [ST_ADJUSTMENT_TAKE] = "UPDATE adjustment SET statement = ?2 WHERE id = ?1 AND statement = 0",
  [ST_RAW_ADD]
  = "INSERT INTO raw (grain, source, resource, agent, epoch, seq, time, schema, topic, partition, "
    "\"offset\", appended, received, signature, sha256, value, verified) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
  [ST_DESCRIPTION_ADD] = "INSERT INTO description (grain, sha256, value) VALUES (?1, ?2, ?3) "
                         "ON CONFLICT (grain, sha256) DO NOTHING",
  [ST_DESCRIPTION_REDACT]
  = "UPDATE description SET value = x'', redacted = ?3 WHERE grain = ?1 AND sha256 = ?2",
  [ST_ERASURE_ADD] = "INSERT INTO erasure (" ERASURE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
  [ST_RESOURCE_ADD]
  = "INSERT INTO resource_state (kind, project, user, flavor, name, project_name, user_name, state, "
    "agent, first_seen, last_seen, first_grain, last_grain, fold, seen, source, resource, version, edge, "
    "checkpoint, rolled, reached, parked, decided) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18 + 1, ?19, ?20, "
    "?21, ?22, ?23, ?24) "
    "ON CONFLICT (source, resource) DO NOTHING",
  [ST_RESOURCE_UPDATE]
  = "UPDATE resource_state SET kind = ?1, project = ?2, user = ?3, flavor = ?4, name = ?5, project_name = "
    "?6, "
    "user_name = ?7, state = ?8, agent = ?9, first_seen = ?10, last_seen = ?11, "
    "first_grain = min (ifnull (first_grain, ?12), ifnull (?12, first_grain)), "
    "last_grain = max (ifnull (last_grain, ?13), ifnull (?13, last_grain)), "
    "fold = ?14, seen = ?15, version = ?18 + 1, edge = ?19, checkpoint = ifnull (?20, checkpoint), "
    "rolled = ?21, reached = ?22, parked = ?23, decided = ?24 WHERE source = ?16 AND resource = ?17 "
    "AND version = ?18 AND rolled <= ?21",
  [ST_BUCKETS_REMOVE] = GRAINS (
      "buckets", "max (" SPAN_OF ("first_grain") ", ifnull (?3, -9223372036854775808))",
      SPAN_OF ("last_grain")) "DELETE FROM buckets WHERE grain IN (SELECT grain FROM g) AND source = ?1 "
                              "AND resource = ?2 RETURNING grain",
  [ST_BUCKET_PUT]
  = "INSERT INTO buckets (" BUCKET_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
    "ON CONFLICT (grain, source, resource, agent, epoch, project, user, flavor, state) "
    "DO UPDATE SET cells = excluded.cells",
  [ST_DEAD_LETTER_ADD]
  = "INSERT INTO dead_letter (topic, partition, \"offset\", received, key, ce_id, signature, "
    "value, reason, detail, appended, verified, headers_lost, source, agent, epoch, bin, sum) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
  [ST_METER_ADD] = "INSERT INTO meter (name, unit, type, value) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) "
                   "DO UPDATE SET name = name WHERE unit = excluded.unit AND type = excluded.type",
  [ST_LETTER_SETTLE] = "UPDATE dead_letter SET settled = ?2, outcome = ?3 WHERE id = ?1 AND settled = 0",
  [ST_AGENT_ADD]
  = "INSERT INTO agent (source, agent, epoch, first_time, last_time, last_appended, records, samples, "
    "duplicates, refused, "
    "heartbeat, backlog, oldest_unsent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
    "ON CONFLICT (source, agent, epoch) DO UPDATE SET "
    "first_time = min (ifnull (first_time, excluded.first_time), ifnull (excluded.first_time, first_time)), "
    "last_time = max (last_time, excluded.last_time), "
    "last_appended = max (last_appended, excluded.last_appended), "
    "records = records + excluded.records, samples = samples + excluded.samples, "
    "duplicates = duplicates + excluded.duplicates, refused = refused + excluded.refused, "
    "heartbeat = max (heartbeat, excluded.heartbeat), "
    "backlog = iif (excluded.heartbeat > heartbeat, excluded.backlog, backlog), "
    "oldest_unsent = iif (excluded.heartbeat > heartbeat, excluded.oldest_unsent, oldest_unsent)",
  [ST_BIN_ADD] = "INSERT INTO bin (bin, source, agent, epoch, records, sum_high, sum_low, refused_records, "
                 "refused_high, refused_low, late) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (bin, source, agent, "
                 "epoch) DO UPDATE SET "
                 "records = records + excluded.records, sum_high = sum_high + excluded.sum_high, sum_low = "
                 "sum_low + excluded.sum_low, "
                 "refused_records = refused_records + excluded.refused_records, refused_high = refused_high "
                 "+ excluded.refused_high, "
                 "refused_low = refused_low + excluded.refused_low, late = late + excluded.late",
  [ST_BIN_CLOSE]
  = "INSERT INTO bin_closed (bin, source, agent, epoch, records, sum_high, sum_low, said) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (bin, source, agent, epoch) DO NOTHING",
  [ST_LOSS_ADD] = "INSERT INTO loss (" LOSS_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                  "ON CONFLICT (source, agent, epoch, seq) DO NOTHING",
  [ST_ANOMALY_ADD] = "INSERT INTO anomaly (" ANOMALY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5) "
                     "ON CONFLICT (kind, source, subject, detail) DO NOTHING",
  [ST_MESSAGE_ADD]
  = "INSERT INTO message (source, id, time) VALUES (?1, ?2, ?3) ON CONFLICT (source, id) DO NOTHING",
  [ST_REQUEST_ADD]
  = "INSERT INTO request (action, subject, target, author, reason, asked) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
  [ST_REQUEST_ANSWER] = "UPDATE request SET done = ?2, result = ?3 WHERE id = ?1 AND done = 0",
  [ST_LEASE]
  = "INSERT INTO lease (name, holder, until, token) VALUES (?1, ?2, ?3, 1) ON CONFLICT (name) DO UPDATE SET "
    "token = token + (holder <> excluded.holder), holder = excluded.holder, until = excluded.until "
    "WHERE holder = excluded.holder OR until <= ?4 RETURNING token",
  [ST_ROLLED_BACK] = "UPDATE resource_state SET rolled = ?3 WHERE source = ?1 AND resource = ?2 "
                     "AND version = ?4 AND rolled > ?3",
  [ST_ROLLUPS_REMOVE]
  = "WITH RECURSIVE span (step, first) AS ("
    "VALUES (1, ?3 - 86399999999999), (2, " HM_SQLITE_MONTH_OF (
        "?3") ")), "
              "r (step, grain) AS (SELECT step, (SELECT min (grain) FROM rollup "
              "WHERE rollup.step = span.step AND grain >= first) FROM span UNION ALL "
              "SELECT step, (SELECT min (grain) FROM rollup WHERE rollup.step = r.step "
              "AND rollup.grain > r.grain) FROM r WHERE r.grain IS NOT NULL) "
              "DELETE FROM rollup WHERE rowid IN (SELECT u.rowid FROM r CROSS JOIN rollup u "
              "ON u.step = r.step AND u.grain = r.grain WHERE u.source = ?1 AND u.resource = ?2)",
  [ST_EVIDENCE_REMOVE]
  = "WITH RECURSIVE e (day) AS (SELECT min (day) FROM evidence WHERE day > ?3 - 86400000000000 UNION ALL "
    "SELECT (SELECT min (day) FROM evidence WHERE evidence.day > e.day) FROM e WHERE e.day IS NOT NULL) "
    "DELETE FROM evidence WHERE day IN (SELECT day FROM e) AND source = ?1 AND resource = ?2",
  [ST_ROLLUP_PUT] = "INSERT INTO rollup (" ROLLUP_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                    "ON CONFLICT (step, grain, source, resource, project, user, flavor, state) "
                    "DO UPDATE SET cells = excluded.cells",
  /* Not with OR REPLACE, which the trigger does not see. */
  [ST_EVIDENCE_PUT]
  = "INSERT INTO evidence (day, source, resource, records, root, since) "
    "VALUES (?1, ?2, ?3, ?4, ?5, (SELECT ifnull (max (number), 0) FROM statement)) "
    "ON CONFLICT (day, source, resource) DO UPDATE SET records = excluded.records, root = excluded.root, "
    "since = excluded.since WHERE evidence.records <> excluded.records OR evidence.root <> excluded.root",
  [ST_HELD_REMOVE] = "DELETE FROM held WHERE source = ?1 AND resource = ?2 AND time >= ifnull (?3, time)",
  [ST_HELD_PUT] = "INSERT OR REPLACE INTO held (" HELD_COLUMNS ") "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
                  "?19)",
  [ST_DECISION_ADD] = "INSERT INTO decision (" DECISION_COLUMNS ") "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
  [ST_POLICY_ADD] = "INSERT INTO policy (" POLICY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)",
  [ST_GAP_ADD]
  = "INSERT INTO bus_gap (topic, partition, \"from\", \"to\", noticed) VALUES (?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT (topic, partition, \"from\", noticed) DO NOTHING",
  [ST_RESOURCE_LOAD] = "SELECT " RESOURCE_COLUMNS " FROM resource_state WHERE source = ?1 AND resource = ?2",
  [ST_BUCKETS_LOAD]
  = "SELECT " BUCKET_COLUMNS " FROM buckets WHERE grain = ?3 AND source = ?1 AND resource = ?2",
  [ST_USAGE_LOAD]
  = GRAINS ("buckets", "?3", "?4") "SELECT " BUCKET_COLUMNS
                                   " FROM g CROSS JOIN buckets USING (grain) WHERE g.grain < ?4 "
                                   "AND source = ?1 AND resource = ?2",
  [ST_RAW_LOAD]
  = GRAINS ("raw", "max (" SPAN_OF ("first_seen") " - ?3, ifnull (?4, -9223372036854775808))",
            SPAN_OF (LAST_RAW)) "SELECT " RAW_COLUMNS " FROM g CROSS JOIN raw r ON r.grain = g.grain "
                                "WHERE r.source = ?1 AND r.resource = ?2",
  [ST_RAW_FIND]
  = "SELECT " RAW_COLUMNS " FROM raw r WHERE r.grain = ?3 AND r.source = ?1 AND r.resource = ?2 "
    "AND r.agent = ?4 AND r.epoch = ?5 AND r.seq = ?6",
  [ST_RAW_SEEK]
  = GRAINS ("raw", SPAN_OF ("first_seen") " - ?3",
            SPAN_OF (LAST_RAW)) "SELECT " RAW_COLUMNS " FROM g CROSS JOIN raw r ON r.grain = g.grain "
                                "WHERE r.source = ?1 AND r.resource = ?2 AND r.agent = ?4 "
                                "AND r.epoch = ?5 AND r.seq = ?6 LIMIT 1",
  [ST_DEAD_LETTER_FIND] = "SELECT " LETTER_COLUMNS " FROM dead_letter "
                          "WHERE topic = ?1 AND partition = ?2 AND \"offset\" = ?3 ORDER BY id",
  [ST_DEAD_LETTER_GET] = "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE id = ?1",
  [ST_MESSAGE_FIND] = "SELECT time FROM message WHERE source = ?1 AND id = ?2",
  [ST_LIST_BUCKETS]
  = "SELECT " BUCKET_COLUMNS
    " FROM buckets WHERE " WITHIN ("grain") " AND " MATCHES ("source", "?3") " AND " MATCHES (
        "project", "?4") " AND " MATCHES ("user",
                                          "?5") " AND " MATCHES ("resource",
                                                                 "?6") " ORDER BY grain, source, resource, "
                                                                       "agent, epoch, project, user, "
                                                                       "flavor, state LIMIT ?7",
  [ST_LIST_RESOURCES]
  = "SELECT " RESOURCE_COLUMNS " FROM resource_state u WHERE last_seen >= ifnull (?1, last_seen) "
    "AND first_seen < ifnull (?2, first_seen + 1) AND " MATCHES_ALL ("u") " AND " MATCHES (
        "agent",
        "?8") " AND (?9 = 0 OR (edge < ?9 AND first_seen < ?9)) AND (?10 = 0 OR (rolled < ?10 AND first_seen "
              "< ?10 "
              "AND last_seen >= " HM_SQLITE_MONTH_OF ("rolled") ")) ORDER BY source, resource LIMIT ?7",
  [ST_LIST_RAW]
  = "SELECT " RAW_COLUMNS " FROM raw r WHERE r.grain > ifnull (?1 - ?8, -9223372036854775808) "
    "AND " WITHIN (
        "r.time") " AND r.grain < ifnull (?2, 9223372036854775807) "
                  "AND " MATCHES (
                      "r.source",
                      "?3") " AND "
                            "(?4 IS NULL OR json_extract (CAST (" LEFT
                            " AS TEXT), '$.resource.project') = ?4) AND "
                            "(?5 IS NULL OR json_extract (CAST (" LEFT " AS TEXT), '$.resource.user') = ?5) "
                            "AND " MATCHES ("r.resource", "?6") " ORDER BY r.grain, r.source, "
                                                                "r.resource, r.agent, r.epoch, r.seq "
                                                                "LIMIT ?7",
  [ST_LIST_DEAD_LETTERS] = "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE " WITHIN (
      "received") " AND id > ?9 AND (?8 OR settled = 0) ORDER BY id LIMIT ?7",
  [ST_LIST_METERS] = "SELECT name, unit, type, value FROM meter ORDER BY name",
  [ST_LIST_AGENTS] = "SELECT source, agent, epoch, first_time, last_time, last_appended, records, samples, "
                     "duplicates, refused, heartbeat, "
                     "backlog, oldest_unsent FROM agent ORDER BY source, agent, epoch",
  [ST_LIST_POSITIONS]
  = "SELECT topic, partition, next, committed, reached FROM offsets ORDER BY topic, partition",
  [ST_LIST_GAPS] = "SELECT topic, partition, \"from\", \"to\", noticed FROM bus_gap ORDER BY noticed, topic, "
                   "partition, \"from\"",
  [ST_LIST_BINS]
  = "SELECT b.source, b.agent, b.epoch, b.bin, b.records, b.sum_high, b.sum_low, b.refused_records, "
    "b.refused_high, "
    "b.refused_low, b.late, c.records, c.sum_high, c.sum_low, c.said FROM bin b "
    "LEFT JOIN bin_closed c ON c.bin = b.bin AND c.source = b.source AND c.agent = b.agent AND c.epoch = "
    "b.epoch "
    "WHERE " IN_BINS (
        "b") " UNION ALL "
             "SELECT c.source, c.agent, c.epoch, c.bin, 0, 0, 0, 0, 0, 0, 0, c.records, c.sum_high, "
             "c.sum_low, c.said FROM bin_closed c "
             "WHERE " IN_BINS (
                 "c") " AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.bin = c.bin AND b.source = c.source "
                      "AND b.agent = c.agent AND b.epoch = c.epoch) ORDER BY 1, 2, 3, 4 LIMIT ?5",
  [ST_LIST_LOSSES]
  = "SELECT " LOSS_COLUMNS " FROM loss WHERE (?1 IS NULL OR ifnull (\"to\", ?1) >= ?1) "
    "AND (?2 IS NULL OR ifnull (\"from\", ?2 - 1) < ?2) AND " MATCHES ("source", "?3") " AND " MATCHES (
        "agent", "?4") " ORDER BY source, agent, epoch, seq LIMIT ?5",
  [ST_LIST_ANOMALIES] = "SELECT " ANOMALY_COLUMNS " FROM anomaly WHERE " WITHIN ("noticed") " AND " MATCHES (
      "source", "?3") " ORDER BY noticed, kind, source, subject, detail LIMIT ?5",
  [ST_LIST_USAGE] = HM_SQLITE_USAGE ("", MATCHES_ALL ("u")),
  [ST_LIST_USAGE_OF_PROJECT] = HM_SQLITE_USAGE ("", "u.project = ?4 AND " MATCHES_ALL ("u")),
  [ST_LIST_USAGE_OF_RESOURCE] = HM_SQLITE_USAGE (" AND source = ?3 AND resource = ?6",
                                                 "u.source = ?3 AND u.resource = ?6 AND " MATCHES_ALL ("u")),
  [ST_LIST_EVIDENCE]
  = "SELECT " EVIDENCE_OF ("evidence") " AND (?8 = 0 OR since < ?8) UNION ALL SELECT " EVIDENCE_OF (
      "evidence_was") " AND ?8 BETWEEN since + 1 AND until ORDER BY day, source, resource LIMIT ?7",
  [ST_LIST_PERIODS] = "SELECT id, " PERIOD_COLUMNS " FROM period ORDER BY \"from\", \"to\", zone, id",
  [ST_LIST_STATEMENTS]
  = "SELECT " STATEMENT_COLUMNS " FROM statement WHERE (?1 = 0 OR number = ?1) ORDER BY number LIMIT ?2",
  [ST_LIST_LINES]
  = "SELECT " LINE_COLUMNS " FROM statement_line u WHERE number BETWEEN ?1 AND ?2 AND " MATCHES_ALL (
      "u") " ORDER BY number, line LIMIT ?7",
  [ST_LIST_ADJUSTMENTS] = "SELECT id, " ADJUSTMENT_COLUMNS " FROM adjustment ORDER BY id",
  [ST_LIST_ERASURES] = "SELECT id, " ERASURE_COLUMNS " FROM erasure ORDER BY id",
  [ST_LIST_HELD] = "SELECT " HELD_COLUMNS " FROM held WHERE " WITHIN (
      "time") " AND (?3 IS NULL OR source = ?3) "
              "AND (?6 IS NULL OR resource = ?6) AND (NOT ?8 OR decision = 0) "
              "ORDER BY time, source, resource, seq, agent, epoch, device, meter, sample_epoch LIMIT ?7",
  [ST_LIST_HELD_OF] = "SELECT " HELD_COLUMNS " FROM held WHERE " WITHIN (
      "time") " AND source = ?3 AND resource = ?6 "
              "AND (NOT ?8 OR decision = 0) "
              "ORDER BY time, source, resource, seq, agent, epoch, device, meter, sample_epoch LIMIT ?7",
  [ST_LIST_DECISIONS] = "SELECT " DECISION_COLUMNS ", id FROM decision WHERE " WITHIN (
      "made") " AND " MATCHES ("source", "?3") " AND " MATCHES ("resource", "?6") " ORDER BY id LIMIT ?7",
  [ST_LIST_DECISIONS_OF] = "SELECT " DECISION_COLUMNS ", id FROM decision WHERE " WITHIN (
      "made") " AND source = ?3 AND resource = ?6 ORDER BY id LIMIT ?7",
  [ST_LIST_POLICIES] = "SELECT " POLICY_COLUMNS " FROM policy ORDER BY \"from\", id",
  [ST_LIST_REQUESTS] = "SELECT " REQUEST_COLUMNS " FROM request ORDER BY id",
  [ST_LIST_REQUESTS_OPEN] = "SELECT " REQUEST_COLUMNS " FROM request WHERE done = 0 ORDER BY id",
  [ST_STATUS]
  = "SELECT (SELECT count (*) FROM raw), (SELECT count (*) FROM resource_state), "
    "(SELECT count (*) FROM buckets), (SELECT count (*) FROM dead_letter WHERE settled = 0), " BYTES ", "
    "(SELECT max (at) FROM (SELECT committed AS at FROM offsets UNION ALL SELECT last_appended FROM agent)), "
    "(SELECT min (grain) FROM raw)",
  [ST_SIZE] = "SELECT " BYTES,

  /* What is older than ?1, ?2 rows at most. An id is never given again: the last letter stays;
   * and so does the one that was taken last of its partition, for which the next owner looks. */
  [ST_PRUNE_RAW]
  = "DELETE FROM raw WHERE rowid IN (SELECT rowid FROM raw WHERE grain < ?1 ORDER BY grain LIMIT ?2)",
  [ST_PRUNE_DESCRIPTIONS]
  = "DELETE FROM description WHERE rowid IN (SELECT rowid FROM description WHERE grain < ?1 "
    "AND grain < (SELECT ifnull (min (grain), 9223372036854775807) FROM raw) ORDER BY grain LIMIT ?2)",
  [ST_PRUNE_BINS]
  = "DELETE FROM bin WHERE (bin, source, agent, epoch) IN (SELECT bin, source, agent, epoch FROM bin "
    "WHERE bin > -9223372036854775808 AND bin < ?1 ORDER BY bin LIMIT ?2)",
  [ST_PRUNE_CLOSED] = "DELETE FROM bin_closed WHERE (bin, source, agent, epoch) IN (SELECT bin, source, "
                      "agent, epoch FROM bin_closed "
                      "WHERE bin < ?1 ORDER BY bin LIMIT ?2)",
  [ST_PRUNE_LOSSES]
  = "DELETE FROM loss WHERE (source, agent, epoch, seq) IN (SELECT source, agent, epoch, seq FROM loss "
    "WHERE ifnull (\"to\", appended) < ?1 LIMIT ?2)",
  [ST_PRUNE_LETTERS]
  = "DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE settled > 0 AND settled < ?1 "
    "AND id < (SELECT max (id) FROM dead_letter) AND NOT EXISTS (SELECT 1 FROM offsets o "
    "WHERE o.topic = dead_letter.topic AND o.partition = dead_letter.partition "
    "AND o.next - 1 = dead_letter.\"offset\") LIMIT ?2)",
  [ST_PRUNE_REQUESTS]
  = "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE done > 0 AND done < ?1 LIMIT ?2)",
  [ST_PRUNE_MESSAGES] = "DELETE FROM message WHERE (source, id) IN (SELECT source, id FROM message WHERE "
                        "time < ?1 ORDER BY time LIMIT ?2)",
};
