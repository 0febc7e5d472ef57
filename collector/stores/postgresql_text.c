/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_text: the SQL of the store. Integers are bigint everywhere, so that a parameter is eight bytes whatever
 * column it is compared with. */
#include "collector/stores/postgresql.h"

/* Everything of one resource, although the keys lead with time: walk from one grain that exists to the next, within the
 * span of the resource's own, and look for the resource in each. Two index descents per grain, in the one partition that
 * has it, and no second index to be kept up at random places with each insert. */
#define GRAINS(table, first, last)                                                                           \
  "WITH RECURSIVE g (grain) AS (SELECT (SELECT min (grain) FROM " table " WHERE grain >= " first             \
  " AND grain <= " last ") UNION ALL "                                                                       \
  "SELECT (SELECT min (grain) FROM " table " WHERE grain > g.grain AND grain <= " last                       \
  ") FROM g WHERE g.grain IS NOT NULL) "
#define SPAN_OF(column) "(SELECT " column " FROM resource_state WHERE source = $1 AND resource = $2)"

/* The same as far as the grain in which row $5 is; OFFSET 0 keeps the rows from being counted twice. */
#define GRAINS_OF_ROWS(first, last)                                                                          \
  "WITH RECURSIVE g (grain, before) AS (SELECT (SELECT min (grain) FROM raw WHERE grain >= " first           \
  " AND grain <= " last "), 0::bigint UNION ALL "                                                            \
  "SELECT (SELECT min (grain) FROM raw WHERE grain > f.grain AND grain <= " last "), f.rows FROM "           \
  "(SELECT grain, before + (SELECT count (*) FROM raw WHERE raw.grain = g.grain AND raw.source = $1 "        \
  "AND raw.resource = $2) AS rows FROM g WHERE grain IS NOT NULL OFFSET 0) f WHERE f.rows < $5::bigint) "

/* A record's bytes, wherever they are kept. */
#define VALUE                                                                                                \
  "CASE WHEN r.sha256 IS NULL THEN r.value ELSE "                                                            \
  "(SELECT d.value FROM description d WHERE d.grain = r.grain AND d.sha256 = r.sha256 "                      \
  "AND d.redacted IS NULL) END"
/* What is left of them, where they were erased. */
#define REDACTED                                                                                             \
  "CASE WHEN r.sha256 IS NOT NULL THEN "                                                                     \
  "(SELECT d.redacted FROM description d WHERE d.grain = r.grain AND d.sha256 = r.sha256) END"
#define RAW_COLUMNS                                                                                          \
  "r.grain, r.source, r.resource, r.agent, r.epoch, r.seq, r.time, r.schema, r.topic, r.partition, "         \
  "r.\"offset\", r.appended, r.received, r.signature, r.verified, r.sha256, " VALUE ", " REDACTED
/* The planner would rather read all of an index once than look into it for each grain: the inner order keeps it from
 * turning the two around. */
#define RAW_OF_GRAINS(condition)                                                                             \
  "SELECT " RAW_COLUMNS " FROM g CROSS JOIN LATERAL (SELECT * FROM raw WHERE raw.grain = g.grain "           \
  "AND raw.source = $1 AND raw.resource = $2 ORDER BY raw.agent, raw.epoch, raw.seq) r WHERE "               \
  "true " condition
#define FIRST_GRAIN SPAN_OF ("first_seen - $3")
/* Records of the future lie where they were appended, which may be later than the last that has its place. */
#define LAST_GRAIN SPAN_OF ("greatest (last_seen, reached + 300000000000)")
#define BYTES                                                                                                \
  "SELECT sum (pg_total_relation_size (oid))::bigint FROM pg_class WHERE relkind = 'r' "                     \
  "AND relnamespace = 'hypermeter'::regnamespace"
#define RAW_ORDER "ORDER BY r.grain, r.source, r.resource, r.agent, r.epoch, r.seq"
#define RESOURCE_COLUMNS                                                                                     \
  "source, resource, kind, project, \"user\", flavor, name, project_name, user_name, state, agent, "         \
  "first_seen, last_seen, version, fold, seen, edge, checkpoint, rolled, reached, parked, decided"
#define LETTER_COLUMNS                                                                                       \
  "id, topic, partition, \"offset\", appended, received, key, ce_id, signature, value, reason, detail, "     \
  "verified, settled, outcome, headers_lost, source, agent, epoch, bin, sum"
#define BUCKET_KEY      "grain, source, resource, agent, epoch, project, \"user\", flavor, state"
#define BUCKET_COLUMNS  BUCKET_KEY ", cells"
#define REQUEST_COLUMNS "id, action, subject, author, reason, asked, done, result, target"

/* Closed periods that hold a grain of those rows. Most have been touched already or are over long since. */
#define TOUCH(rows)                                                                                          \
  "UPDATE period p SET touched = true FROM (SELECT min (grain) AS first, max (grain) AS last FROM " rows     \
  ") s WHERE NOT p.touched AND p.\"to\" > s.first AND p.\"from\" <= s.last AND EXISTS (SELECT FROM " rows    \
  " x WHERE x.grain >= p.\"from\" AND x.grain < p.\"to\")"

/* A filter's six values are $1 from, $2 to, $3 source, $4 project, $5 user, $6 resource; $7 is its limit. */
#define MATCHES(column, parameter) "(" parameter "::text IS NULL OR " column " = " parameter ")"
#define FROM_1                     "coalesce ($1::bigint, '-9223372036854775808'::bigint)"
#define TO_2                       "coalesce ($2::bigint, 9223372036854775807)"
#define WITHIN(column)             column " >= " FROM_1 " AND " column " < " TO_2
#define OWNERS(p, u)               MATCHES ("project", p) " AND " MATCHES ("\"user\"", u)

/* A bin's period lies within the filter's in part; one that is none's is everybody's. $4 is a bin's length. Of each table
 * by itself, so that its index is asked for these bins and no others are read. */
#define IN_BINS(row)                                                                                         \
  "((" row ".bin >= coalesce ($1::bigint / $4::bigint, '-9223372036854775808'::bigint) AND " row             \
  ".bin <= coalesce (($2::bigint - 1) / $4, 9223372036854775807)) OR " row                                   \
  ".bin = '-9223372036854775808'::bigint) AND " MATCHES (row ".source", "$3") " AND " MATCHES (row ".agent", \
                                                                                               "$5")

const char *const hm_pg_texts[N_STATEMENTS] = {
  /* -- where the collector stands -- */
  [ST_OFFSET_GET] = "SELECT next FROM offsets WHERE topic = $1 AND partition = $2",
  [ST_OFFSET_INIT] = "INSERT INTO offsets (topic, partition, next, committed) VALUES ($1, $2, $3, $4) "
                     "ON CONFLICT (topic, partition) DO NOTHING",
  [ST_OFFSET_MOVE]
  = "UPDATE offsets SET next = $1, committed = $2 WHERE topic = $3 AND partition = $4 AND next = $5",
  [ST_GAP_ADD] = "INSERT INTO bus_gap (topic, partition, \"from\", \"to\", noticed) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
  /* One transaction of its own; whoever is about to move the offset is not waited for. */
  [ST_OFFSET_REACHED]
  = "WITH mine AS (SELECT topic, partition FROM offsets WHERE topic = $1 AND partition = $2 "
    "AND next >= $3::bigint AND (reached IS NULL OR reached < $4::bigint) FOR UPDATE SKIP LOCKED) "
    "UPDATE offsets o SET reached = $4 FROM mine m WHERE o.topic = m.topic AND o.partition = m.partition",
  [ST_PARTITION_LOCK] = "SELECT pg_advisory_xact_lock (1213027410, 2)",
  [ST_PARTITION_SEEK] = "SELECT (to_regclass ($1) IS NOT NULL)::int::bigint, "
                        "(SELECT count (*) FROM pg_inherits WHERE inhparent = to_regclass ($2))",

  /* -- what one batch writes -- */
  [ST_DESCRIPTION_ADD] = "INSERT INTO description (grain, sha256, value) SELECT grain, sha256, value FROM "
                         "unnest ($1::bigint[], $2::text[], $3::bytea[]) AS u (grain, sha256, value) "
                         "ORDER BY grain, sha256 COLLATE \"C\" ON CONFLICT (grain, sha256) DO NOTHING",
  [ST_DESCRIPTION_REDACT] = "UPDATE description d SET value = '', redacted = u.redacted FROM "
                            "unnest ($1::bigint[], $2::text[], $3::bytea[]) AS u (grain, sha256, redacted) "
                            "WHERE d.grain = u.grain AND d.sha256 = u.sha256",
  /* Where usage before "rolled" has changed, what was made of it goes in the same statement; not what stands behind days whose raw rows
   * may be gone. */
  [ST_RESOURCE_PUT]
  = "WITH u AS MATERIALIZED (SELECT u.*, r.version AS stands, r.rolled AS was FROM "
    "unnest ($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], "
    "$8::text[], $9::text[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], "
    "$15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::bigint[], $20::text[], $21::bigint[], "
    "$22::bigint[], $23::bigint[], $24::bigint[]) "
    "AS u (source, resource, kind, project, \"user\", flavor, name, project_name, user_name, state, agent, "
    "first_seen, last_seen, first_grain, last_grain, version, fold, seen, edge, checkpoint, rolled, "
    "reached, parked, decided) "
    "LEFT JOIN resource_state r ON r.source = u.source AND r.resource = u.resource), "
    "no_rollups AS (DELETE FROM rollup x USING u WHERE u.was > u.rolled AND x.source = u.source "
    "AND x.resource = u.resource AND x.step IN (1, 2) "
    "AND x.grain >= CASE x.step WHEN 1 THEN u.rolled ELSE month_of (u.rolled) END), "
    "no_evidence AS (DELETE FROM evidence e USING u WHERE u.was > u.rolled AND e.source = u.source "
    "AND e.resource = u.resource AND e.day >= greatest (u.rolled, u.edge - u.edge % 86400000000000)) "
    "INSERT INTO resource_state (source, resource, kind, project, \"user\", flavor, name, project_name, "
    "user_name, state, agent, first_seen, last_seen, first_grain, last_grain, version, fold, seen, edge, "
    "checkpoint, rolled, reached, parked, decided) "
    "SELECT source, resource, kind, project, \"user\", flavor, name, project_name, user_name, "
    "state, agent, first_seen, last_seen, first_grain, last_grain, version + 1, fold, seen, edge, "
    "checkpoint, "
    "rolled, reached, parked, decided FROM u WHERE version = 0 OR stands IS NOT NULL "
    "ORDER BY source COLLATE \"C\", resource COLLATE \"C\" "
    "ON CONFLICT (source, resource) DO UPDATE SET kind = excluded.kind, project = excluded.project, "
    "\"user\" = excluded.\"user\", flavor = excluded.flavor, name = excluded.name, "
    "project_name = excluded.project_name, user_name = excluded.user_name, state = excluded.state, "
    "agent = excluded.agent, first_seen = excluded.first_seen, last_seen = excluded.last_seen, "
    "first_grain = least (resource_state.first_grain, excluded.first_grain), "
    "last_grain = greatest (resource_state.last_grain, excluded.last_grain), version = excluded.version, "
    "fold = excluded.fold, seen = excluded.seen, edge = excluded.edge, "
    "checkpoint = coalesce (excluded.checkpoint, resource_state.checkpoint), rolled = excluded.rolled, "
    "reached = excluded.reached, parked = excluded.parked, decided = excluded.decided "
    "WHERE resource_state.version = excluded.version - 1",
  [ST_USAGE_REMOVE]
  = "WITH gone AS (DELETE FROM buckets WHERE source = $1 AND resource = $2 AND grain = ANY (ARRAY (" GRAINS (
      "buckets", "greatest (" SPAN_OF ("first_grain") ", $3::bigint)",
      SPAN_OF ("last_grain")) "SELECT grain FROM g)) RETURNING grain), "
                              "no_held AS (DELETE FROM held WHERE source = $1 AND resource = $2 AND "
                              "($4::bigint IS NULL OR time >= $4)) " TOUCH ("gone"),
  [ST_BUCKET_PUT]
  = "WITH u AS MATERIALIZED (SELECT " BUCKET_COLUMNS " FROM unnest ($1::bigint[], $2::text[], "
    "$3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[]) "
    "AS u (" BUCKET_COLUMNS ")), touched AS (" TOUCH (
        "u") ") "
             "INSERT INTO buckets (" BUCKET_COLUMNS ") SELECT " BUCKET_COLUMNS
             " FROM u ORDER BY grain, source COLLATE \"C\", resource COLLATE \"C\", agent COLLATE \"C\", "
             "epoch COLLATE \"C\", project COLLATE \"C\", \"user\" COLLATE \"C\", flavor COLLATE \"C\", "
             "state "
             "ON CONFLICT (" BUCKET_KEY ") DO UPDATE SET cells = excluded.cells",
  [ST_DEAD_LETTER_ADD] = "INSERT INTO dead_letter (topic, partition, \"offset\", appended, received, key, "
                         "ce_id, signature, value, reason, "
                         "detail, verified, settled, outcome, headers_lost, source, agent, epoch, bin, sum) "
                         "SELECT * FROM unnest ($1::text[], "
                         "$2::bigint[], $3::bigint[], $4::bigint[], "
                         "$5::bigint[], $6::bytea[], $7::text[], $8::text[], $9::bytea[], $10::text[], "
                         "$11::text[], $12::boolean[], "
                         "$13::bigint[], $14::text[], $15::boolean[], $16::text[], $17::text[], "
                         "$18::text[], $19::bigint[], $20::bigint[])",
  [ST_DEAD_LETTER_SETTLE]
  = "UPDATE dead_letter d SET settled = u.settled, outcome = u.outcome "
    "FROM unnest ($1::bigint[], $2::bigint[], $3::text[]) AS u (id, settled, outcome) "
    "WHERE d.id = u.id AND d.settled = 0",
  [ST_METER_ADD]
  = "INSERT INTO meter (name, unit, type, value) VALUES ($1, $2, $3, $4) ON CONFLICT (name) "
    "DO UPDATE SET name = meter.name WHERE meter.unit = excluded.unit AND meter.type = excluded.type",
  [ST_AGENT_ADD]
  = "INSERT INTO agent (source, agent, epoch, first_time, last_time, last_appended, records, samples, "
    "duplicates, "
    "refused, heartbeat, backlog, oldest_unsent) SELECT * FROM unnest ($1::text[], $2::text[], $3::text[], "
    "$4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], "
    "$11::bigint[], $12::bigint[], $13::bigint[]) AS u (source, agent, epoch) "
    "ORDER BY source COLLATE \"C\", agent COLLATE \"C\", epoch COLLATE \"C\" "
    "ON CONFLICT (source, agent, epoch) DO UPDATE SET "
    "first_time = least (agent.first_time, excluded.first_time), "
    "last_time = greatest (agent.last_time, excluded.last_time), "
    "last_appended = greatest (agent.last_appended, excluded.last_appended), "
    "records = agent.records + excluded.records, samples = agent.samples + excluded.samples, "
    "duplicates = agent.duplicates + excluded.duplicates, refused = agent.refused + excluded.refused, "
    "backlog = CASE WHEN excluded.heartbeat > agent.heartbeat THEN excluded.backlog ELSE agent.backlog END, "
    "oldest_unsent = CASE WHEN excluded.heartbeat > agent.heartbeat THEN excluded.oldest_unsent "
    "ELSE agent.oldest_unsent END, heartbeat = greatest (agent.heartbeat, excluded.heartbeat)",
  [ST_BIN_ADD]
  = "INSERT INTO bin (bin, source, agent, epoch, records, sum_high, sum_low, refused_records, refused_high, "
    "refused_low, late) SELECT * FROM unnest ($1::bigint[], $2::text[], $3::text[], $4::text[], "
    "$5::bigint[], "
    "$6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) "
    "AS u (bin, source, agent, epoch) "
    "ORDER BY bin, source COLLATE \"C\", agent COLLATE \"C\", epoch COLLATE \"C\" "
    "ON CONFLICT (bin, source, agent, epoch) DO UPDATE SET records = bin.records + excluded.records, "
    "sum_high = bin.sum_high + excluded.sum_high, sum_low = bin.sum_low + excluded.sum_low, "
    "refused_records = bin.refused_records + excluded.refused_records, "
    "refused_high = bin.refused_high + excluded.refused_high, refused_low = bin.refused_low + "
    "excluded.refused_low, "
    "late = bin.late + excluded.late",
  [ST_BIN_CLOSE] = "INSERT INTO bin_closed (bin, source, agent, epoch, records, sum_high, sum_low, said) "
                   "SELECT * FROM unnest ($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], "
                   "$6::bigint[], $7::bigint[], $8::bigint[]) AS u (bin, source, agent, epoch) "
                   "ORDER BY bin, source COLLATE \"C\", agent COLLATE \"C\", epoch COLLATE \"C\" "
                   "ON CONFLICT (bin, source, agent, epoch) DO NOTHING",
  [ST_LOSS_ADD]
  = "INSERT INTO loss (source, agent, epoch, seq, \"from\", \"to\", records, resources, reason, "
    "appended) SELECT * FROM unnest ($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], "
    "$6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[]) "
    "AS u (source, agent, epoch, seq) "
    "ORDER BY source COLLATE \"C\", agent COLLATE \"C\", epoch COLLATE \"C\", seq "
    "ON CONFLICT (source, agent, epoch, seq) DO NOTHING",
  [ST_ANOMALY_ADD] = "INSERT INTO anomaly (kind, source, subject, detail, noticed) SELECT * FROM unnest "
                     "($1::text[], $2::text[], "
                     "$3::text[], $4::text[], $5::bigint[]) AS u (kind, source, subject, detail) "
                     "ORDER BY kind COLLATE \"C\", source COLLATE \"C\", md5 (subject) COLLATE \"C\", md5 "
                     "(detail) COLLATE \"C\" "
                     "ON CONFLICT DO NOTHING",
  [ST_MESSAGE_ADD] = "INSERT INTO message (source, id, time) SELECT * FROM unnest ($1::text[], $2::text[], "
                     "$3::bigint[]) AS u (source, id) ORDER BY source COLLATE \"C\", id COLLATE \"C\" "
                     "ON CONFLICT (source, id) DO NOTHING",
  [ST_REQUEST_ANSWER] = "UPDATE request r SET done = u.done, result = u.result "
                        "FROM unnest ($1::bigint[], $2::bigint[], $3::text[]) AS u (id, done, result) "
                        "WHERE r.id = u.id AND r.done = 0",
  [ST_REQUEST_ADD] = "INSERT INTO request (action, subject, author, reason, asked, target) "
                     "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
  [ST_LEASE]
  = "INSERT INTO lease (name, holder, until, token) "
    "VALUES ($1, $2, clock_timestamp () + $3::bigint * interval '1 microsecond', 1) "
    "ON CONFLICT (name) DO UPDATE SET token = lease.token + (lease.holder <> excluded.holder)::int, "
    "holder = excluded.holder, until = clock_timestamp () + $3::bigint * interval '1 microsecond' "
    "WHERE lease.holder = excluded.holder OR lease.until <= clock_timestamp () RETURNING token",

  /* -- what the fold loads -- */
  [ST_RESOURCE_LOAD] = "SELECT " RESOURCE_COLUMNS " FROM resource_state WHERE source = $1 AND resource = $2",
  [ST_BUCKETS_LOAD]
  = "SELECT " BUCKET_COLUMNS " FROM buckets WHERE grain = $3 AND source = $1 AND resource = $2 "
    "ORDER BY " BUCKET_KEY,
  [ST_USAGE_LOAD]
  = "SELECT " BUCKET_COLUMNS
    " FROM (SELECT b.* FROM generate_series ($3::bigint, $4::bigint - 1, $5::bigint) AS g (grain) "
    "CROSS JOIN LATERAL (SELECT * FROM buckets i WHERE i.grain = g.grain AND i.source = $1 "
    "AND i.resource = $2 OFFSET 0) b) u ORDER BY " BUCKET_KEY,
  [ST_RAW_LOAD]
  = GRAINS_OF_ROWS ("greatest (" FIRST_GRAIN ", $4::bigint)", LAST_GRAIN) RAW_OF_GRAINS ("") " " RAW_ORDER,
  [ST_RAW_FIND]
  = "SELECT " RAW_COLUMNS " FROM raw r WHERE r.grain = $3 AND r.source = $1 AND r.resource = $2 "
    "AND r.agent = $4 AND r.epoch = $5 AND r.seq = $6",
  [ST_RAW_SEEK] = GRAINS ("raw", FIRST_GRAIN, LAST_GRAIN)
      RAW_OF_GRAINS ("AND r.agent = $4 AND r.epoch = $5 AND r.seq = $6 ") " LIMIT 1",
  [ST_DEAD_LETTER_FIND] = "SELECT " LETTER_COLUMNS " FROM dead_letter "
                          "WHERE topic = $1 AND partition = $2 AND \"offset\" = $3 ORDER BY id",
  [ST_DEAD_LETTER_GET] = "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE id = $1",
  [ST_MESSAGE_FIND] = "SELECT time FROM message WHERE source = $1 AND id = $2",

  /* -- what is listed -- */
  [ST_LIST_BUCKETS] = "SELECT " BUCKET_COLUMNS " FROM buckets WHERE " WITHIN ("grain") " AND " MATCHES (
      "source", "$3") " AND " OWNERS ("$4", "$5") " AND " MATCHES ("resource", "$6") " ORDER BY " BUCKET_KEY
                                                                                     " LIMIT $7",
  [ST_LIST_RESOURCES]
  = "SELECT " RESOURCE_COLUMNS " FROM resource_state WHERE last_seen >= " FROM_1 " AND first_seen < " TO_2
    " AND " MATCHES ("source", "$3") " AND " OWNERS ("$4", "$5") " AND " MATCHES (
        "resource", "$6") " AND " MATCHES ("agent",
                                           "$8") " AND ($9::bigint = 0 OR (edge < $9 AND first_seen < $9)) "
                                                 "AND ($10::bigint = 0 OR (rolled < $10 AND first_seen < $10 "
                                                 "AND last_seen >= month_of (rolled))) "
                                                 "ORDER BY source, resource LIMIT $7",
  [ST_LIST_RAW]
  = "SELECT " RAW_COLUMNS
    " FROM raw r WHERE r.grain > coalesce ($1::bigint - $6::bigint, '-9223372036854775808'::bigint) "
    "AND r.grain < " TO_2 " AND " WITHIN ("r.time") " AND " MATCHES ("r.source", "$3") " AND " MATCHES (
        "r.resource", "$4") " " RAW_ORDER " LIMIT $5",
  [ST_LIST_DEAD_LETTERS] = "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE " WITHIN (
      "received") " AND id > $4 AND ($5::bigint <> 0 OR settled = 0) ORDER BY id LIMIT $3",
  [ST_LIST_METERS] = "SELECT name, unit, type, value FROM meter ORDER BY name",
  [ST_LIST_AGENTS]
  = "SELECT source, agent, epoch, first_time, last_time, last_appended, records, samples, duplicates, "
    "refused, heartbeat, backlog, oldest_unsent FROM agent ORDER BY source, agent, epoch",
  [ST_LIST_OFFSETS]
  = "SELECT topic, partition, next, committed, reached FROM offsets ORDER BY topic, partition",
  [ST_LIST_GAPS] = "SELECT topic, partition, \"from\", \"to\", noticed FROM bus_gap ORDER BY noticed, topic, "
                   "partition, \"from\"",
  [ST_LIST_BINS]
  = "SELECT b.source, b.agent, b.epoch, b.bin, b.records, b.sum_high, b.sum_low, b.refused_records, "
    "b.refused_high, b.refused_low, b.late, c.records, c.sum_high, c.sum_low, c.said FROM bin b "
    "LEFT JOIN bin_closed c ON c.bin = b.bin AND c.source = b.source AND c.agent = b.agent "
    "AND c.epoch = b.epoch WHERE " IN_BINS (
        "b") " UNION ALL "
             "SELECT c.source, c.agent, c.epoch, c.bin, 0, 0, 0, 0, 0, 0, 0, c.records, c.sum_high, "
             "c.sum_low, c.said FROM bin_closed c "
             "WHERE " IN_BINS (
                 "c") " AND NOT EXISTS (SELECT FROM bin b WHERE b.bin = c.bin AND b.source = c.source "
                      "AND b.agent = c.agent AND b.epoch = c.epoch) ORDER BY 1, 2, 3, 4 LIMIT $6",
  [ST_LIST_LOSSES]
  = "SELECT source, agent, epoch, seq, \"from\", \"to\", records, resources, reason, appended FROM loss "
    "WHERE ($1::bigint IS NULL OR \"to\" IS NULL OR \"to\" >= $1) "
    "AND ($2::bigint IS NULL OR \"from\" IS NULL OR \"from\" < $2) AND " MATCHES (
        "source", "$3") " AND " MATCHES ("agent", "$4") " ORDER BY source, agent, epoch, seq LIMIT $5",
  [ST_LIST_ANOMALIES] = "SELECT kind, source, subject, detail, noticed FROM anomaly WHERE " WITHIN (
      "noticed") " AND " MATCHES ("source", "$3") " ORDER BY noticed, kind, source, subject, detail LIMIT $4",
  [ST_LIST_REQUESTS] = "SELECT " REQUEST_COLUMNS " FROM request WHERE $1::bigint = 0 OR done = 0 ORDER BY id",
  [ST_STATUS] = "SELECT (SELECT count (*) FROM raw), (SELECT count (*) FROM resource_state), "
                "(SELECT count (*) FROM buckets), (SELECT count (*) FROM dead_letter WHERE settled = 0), "
                "(" BYTES "), "
                "(SELECT min (grain) FROM raw), (SELECT max (at) FROM "
                "(SELECT committed AS at FROM offsets UNION ALL SELECT last_appended FROM agent) AS moments)",
  [ST_SIZE] = BYTES,
};
