-- SPDX-License-Identifier: Apache-2.0
-- What people and dashboards read; docs/store.md says what each column is. open_…, usage_part, usage_cell and usage_figure are
-- steps on the way to the three views of usage, and nobody else's: rows with their cells, single cells with numbers, numbers with text.

-- Buckets that are in no day's rollup yet. Most resources are rolled up to the same day, and all rows from there on are read in a row; at most
-- 1,000 that are behind are looked for one by one, so that one late record costs no reader a scan of months.
CREATE VIEW open_bucket AS
WITH RECURSIVE open (source, resource, first, until) AS (
  SELECT source, resource, max (rolled, first_grain), last_grain + 1 FROM resource_state WHERE last_grain >= rolled),
bound (first) AS MATERIALIZED (
  SELECT ifnull ((SELECT first FROM open ORDER BY first LIMIT 1 OFFSET 1000), 9223372036854775807)),
behind (source, resource, grain, until, length) AS (
  SELECT source, resource, open.first, min (until, bound.first), (SELECT CAST (value AS INTEGER) FROM setting WHERE name = 'grain_ns')
    FROM bound CROSS JOIN open WHERE open.first < bound.first
  UNION ALL
  SELECT source, resource, grain + length, until, length FROM behind WHERE grain + length < until)
SELECT b.grain, b.source, b.resource, b.project, b.user, b.flavor, b.state, b.cells FROM buckets b
 WHERE b.grain >= (SELECT first FROM bound)
   AND b.grain >= ifnull ((SELECT r.rolled FROM resource_state r INDEXED BY resource_rolled
                            WHERE r.source = b.source AND r.resource = b.resource), 0)
UNION ALL
SELECT b.grain, b.source, b.resource, b.project, b.user, b.flavor, b.state, b.cells
  FROM behind CROSS JOIN buckets b ON b.grain = behind.grain AND b.source = behind.source AND b.resource = behind.resource
 WHERE behind.grain < behind.until;

-- Days that are in no month's rollup yet: likewise.
CREATE VIEW open_day AS
WITH RECURSIVE open (source, resource, first, until) AS (
  SELECT source, resource, unixepoch (rolled / 1000000000, 'unixepoch', 'start of month') * 1000000000, rolled FROM resource_state
   WHERE rolled > 0 AND last_grain >= unixepoch (rolled / 1000000000, 'unixepoch', 'start of month') * 1000000000),
bound (first) AS MATERIALIZED (
  SELECT ifnull ((SELECT first FROM open ORDER BY first LIMIT 1 OFFSET 1000), 9223372036854775807)),
behind (source, resource, grain, until) AS (
  SELECT source, resource, open.first, min (until, bound.first) FROM bound CROSS JOIN open WHERE open.first < bound.first
  UNION ALL
  SELECT source, resource, grain + 86400000000000, until FROM behind WHERE grain + 86400000000000 < until)
SELECT d.grain, d.source, d.resource, d.project, d.user, d.flavor, d.state, d.cells FROM rollup d
 WHERE d.step = 1 AND d.grain >= (SELECT first FROM bound)
   AND d.grain >= (SELECT unixepoch (r.rolled / 1000000000, 'unixepoch', 'start of month') * 1000000000
                     FROM resource_state r INDEXED BY resource_rolled WHERE r.source = d.source AND r.resource = d.resource)
UNION ALL
SELECT d.grain, d.source, d.resource, d.project, d.user, d.flavor, d.state, d.cells
  FROM behind CROSS JOIN rollup d ON d.step = 1 AND d.grain = behind.grain AND d.source = behind.source
   AND d.resource = behind.resource
 WHERE behind.grain < behind.until;

-- A resource's months that ended by "rolled" are in its months' rollups, its other days before it in the days', the rest in its buckets.
CREATE VIEW usage_part AS
SELECT 'hour' AS step, grain, source, resource, project, user, flavor, state, cells FROM buckets
UNION ALL
SELECT 'day', grain, source, resource, project, user, flavor, state, cells FROM rollup WHERE step = 1
UNION ALL
SELECT 'day', grain, source, resource, project, user, flavor, state, cells FROM open_bucket
UNION ALL
SELECT 'month', grain, source, resource, project, user, flavor, state, cells FROM rollup WHERE step = 2
UNION ALL
SELECT 'month', grain, source, resource, project, user, flavor, state, cells FROM open_day
UNION ALL
SELECT 'month', grain, source, resource, project, user, flavor, state, cells FROM open_bucket;

CREATE VIEW usage_cell AS
SELECT p.step, p.grain, p.source, p.resource, p.project, p.user, p.flavor, p.state,
       ifnull (json_extract (c.value, '$.d'), '') AS device, json_extract (c.value, '$.m') AS meter,
       json_extract (c.value, '$.t') AS type, json_extract (c.value, '$.u') AS unit,
       ifnull (json_extract (c.value, '$.q[0]'), 0) AS limb0, ifnull (json_extract (c.value, '$.q[1]'), 0) AS limb1,
       ifnull (json_extract (c.value, '$.q[2]'), 0) AS limb2, ifnull (json_extract (c.value, '$.q[3]'), 0) AS limb3,
       ifnull (json_extract (c.value, '$.q[4]'), 0) AS limb4,
       CAST (json_extract (c.value, '$.c') AS INTEGER) AS covered_ns, ifnull (json_extract (c.value, '$.f'), 0) AS flags
  FROM usage_part p CROSS JOIN json_each (p.cells) c;

-- Names of flags: bit by bit, each with a comma in front.
CREATE VIEW flag_names AS
WITH RECURSIVE name (bit, text) AS (
  VALUES (1, 'from_start'), (2, 'baseline'), (4, 'reset'), (8, 'reset_inferred'), (16, 'regress'), (32, 'estimated_distribution'),
         (64, 'moved'), (128, 'conflict'), (256, 'inexact'), (512, 'wrap'), (1024, 'overflow'), (2048, 'overlap'), (4096, 'late'),
         (8192, 'duplicate'), (16384, 'regress_stuck'), (32768, 'implausible'), (65536, 'clock_step'), (131072, 'future'),
         (262144, 'released'), (524288, 'rebased'), (1048576, 'held'))
SELECT bit, text FROM name;

-- The exact number is written digit by digit from its limbs; of a gauge, whose limbs count unit·ns, nine of them are behind the point.
CREATE VIEW usage_figure AS
SELECT step, grain, source, project, user, flavor,
       CASE state WHEN 1 THEN 'running' WHEN 2 THEN 'paused' WHEN 3 THEN 'shutting-down' WHEN 4 THEN 'shutoff' WHEN 5 THEN 'undefined'
                  WHEN 6 THEN 'lost' ELSE '' END AS state,
       resource, device, meter, CASE type WHEN 'c' THEN 'cumulative' WHEN 'g' THEN 'gauge' ELSE 'delta' END AS type,
       iif (type = 'g', unit || '.s', unit) AS unit,
       iif (min (limb0, limb1, limb2, limb3, limb4) < 0, '-', '')
       || ifnull (nullif (ltrim (CASE type WHEN 'g'
            THEN printf ('%09d%09d%09d%09d', abs (limb4), abs (limb3), abs (limb2), abs (limb1))
            ELSE printf ('%09d%09d%09d%09d%09d', abs (limb4), abs (limb3), abs (limb2), abs (limb1), abs (limb0)) END, '0'), ''), '0')
       || iif (type = 'g', rtrim (rtrim (printf ('.%09d', abs (limb0)), '0'), '.'), '') AS quantity,
       iif (type = 'g', 9, 0) AS scale, limb0, limb1, limb2, limb3, limb4,
       rtrim (rtrim (printf ('%d.%09d', covered_ns / 1000000000, covered_ns % 1000000000), '0'), '.') AS covered_seconds,
       iif (flags = 0, '', (SELECT ifnull (group_concat (n.text, ','), '') FROM flag_names n WHERE flags & n.bit)) AS flags
  FROM usage_cell;

CREATE VIEW usage_hourly AS
SELECT source, project, user, flavor, state, resource, device, meter, type, unit,
       strftime ('%Y-%m-%dT%H:00:00Z', grain / 1000000000, 'unixepoch') AS bucket_start, grain AS bucket_ns,
       quantity, CAST (quantity AS REAL) AS quantity_approx, limb0, limb1, limb2, limb3, limb4, scale, covered_seconds, flags
  FROM usage_figure WHERE step = 'hour';

CREATE VIEW usage_daily AS
SELECT source, project, user, flavor, state, resource, device, meter, type, unit,
       strftime ('%Y-%m-%dT00:00:00Z', grain / 1000000000, 'unixepoch') AS bucket_start, grain AS bucket_ns,
       quantity, CAST (quantity AS REAL) AS quantity_approx, limb0, limb1, limb2, limb3, limb4, scale, covered_seconds, flags
  FROM usage_figure WHERE step = 'day';

CREATE VIEW usage_monthly AS
SELECT source, project, user, flavor, state, resource, device, meter, type, unit,
       strftime ('%Y-%m-01T00:00:00Z', grain / 1000000000, 'unixepoch') AS bucket_start, grain AS bucket_ns,
       quantity, CAST (quantity AS REAL) AS quantity_approx, limb0, limb1, limb2, limb3, limb4, scale, covered_seconds, flags
  FROM usage_figure WHERE step = 'month';

CREATE VIEW resources AS
SELECT source, resource, kind, project, user, flavor, name, project_name, user_name,
       CASE state WHEN 1 THEN 'running' WHEN 2 THEN 'paused' WHEN 3 THEN 'shutting-down' WHEN 4 THEN 'shutoff' WHEN 5 THEN 'undefined'
                  WHEN 6 THEN 'lost' ELSE '' END AS state,
       agent, strftime ('%Y-%m-%dT%H:%M:%SZ', first_seen / 1000000000, 'unixepoch') AS first_seen,
       strftime ('%Y-%m-%dT%H:%M:%SZ', last_seen / 1000000000, 'unixepoch') AS last_seen
  FROM resource_state;

-- Those that are not shipped.
CREATE VIEW meters AS
SELECT name, unit, type, value FROM meter;

CREATE VIEW agents AS
SELECT source, agent, epoch, strftime ('%Y-%m-%dT%H:%M:%SZ', first_time / 1000000000, 'unixepoch') AS first_time,
       strftime ('%Y-%m-%dT%H:%M:%SZ', last_time / 1000000000, 'unixepoch') AS last_time,
       strftime ('%Y-%m-%dT%H:%M:%SZ', last_appended / 1000000000, 'unixepoch') AS last_appended,
       records, samples, duplicates, refused,
       strftime ('%Y-%m-%dT%H:%M:%SZ', nullif (heartbeat, 0) / 1000000000, 'unixepoch') AS heartbeat, backlog,
       strftime ('%Y-%m-%dT%H:%M:%SZ', nullif (oldest_unsent, 0) / 1000000000, 'unixepoch') AS oldest_unsent
  FROM agent;

-- What was said once, and the readings that wait for a decision.
CREATE VIEW anomalies AS
SELECT kind, source, subject, detail, strftime ('%Y-%m-%dT%H:%M:%SZ', noticed / 1000000000, 'unixepoch') AS noticed FROM anomaly
UNION ALL
SELECT (SELECT n.text FROM flag_names n WHERE n.bit = flag), source, resource,
       trim (device || ' ' || meter) || ': ' || value || ' ' || unit || ' from ' || agent || ', number ' || seq
       || iif (base_time IS NULL, '', ', after ' || base),
       strftime ('%Y-%m-%dT%H:%M:%SZ', time / 1000000000, 'unixepoch')
  FROM held WHERE decision = 0;

-- Without their bytes.
CREATE VIEW dead_letters AS
SELECT id, topic, partition, "offset",
       strftime ('%Y-%m-%dT%H:%M:%SZ', appended / 1000000000, 'unixepoch') AS appended,
       strftime ('%Y-%m-%dT%H:%M:%SZ', received / 1000000000, 'unixepoch') AS received, ce_id, reason, detail, verified,
       strftime ('%Y-%m-%dT%H:%M:%SZ', nullif (settled, 0) / 1000000000, 'unixepoch') AS settled, outcome, source, agent, epoch
  FROM dead_letter;

CREATE VIEW statements AS
SELECT s.number, p.name AS period, p.zone,
       strftime ('%Y-%m-%dT%H:%M:%SZ', p."from" / 1000000000, 'unixepoch') AS period_start,
       strftime ('%Y-%m-%dT%H:%M:%SZ', p."to" / 1000000000, 'unixepoch') AS period_end, nullif (s.corrects, 0) AS corrects,
       strftime ('%Y-%m-%dT%H:%M:%SZ', s.made / 1000000000, 'unixepoch') AS made, s.author, s.lines, s.records, s.sha256, s.root,
       s.missing
  FROM statement s JOIN period p ON p.id = s.period;

-- Numbers are decimal text already; those that count ns get their point, over ten digits at least so that one is before it.
CREATE VIEW statement_figure AS
SELECT number, line, source, project, user, resource, device, meter, type, unit,
       iif (quantity LIKE '-%', '-', '') AS sign, ltrim (quantity, '-') AS digits, covered_ns LIKE '-%' AS uncovered,
       substr ('0000000000', 1, 10 - length (ltrim (quantity, '-'))) || ltrim (quantity, '-') AS padded,
       substr ('0000000000', 1, 10 - length (ltrim (covered_ns, '-'))) || ltrim (covered_ns, '-') AS covered, flags, adjustment
  FROM statement_line;

CREATE VIEW statement_lines AS
SELECT number, line, source, project, user, resource, device, meter, type, iif (type = 'gauge', unit || '.s', unit) AS unit,
       sign || iif (type = 'gauge', substr (padded, 1, length (padded) - 9) || rtrim (rtrim ('.' || substr (padded, -9), '0'), '.'), digits)
         AS quantity,
       CAST (sign || digits AS REAL) / iif (type = 'gauge', 1e9, 1.0) AS quantity_approx,
       iif (uncovered, '-', '') || substr (covered, 1, length (covered) - 9) || rtrim (rtrim ('.' || substr (covered, -9), '0'), '.')
         AS covered_seconds,
       iif (flags = 0, '', (SELECT ifnull (group_concat (n.text, ','), '') FROM flag_names n WHERE flags & n.bit)) AS flags,
       nullif (adjustment, 0) AS adjustment
  FROM statement_figure;
