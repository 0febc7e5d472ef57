/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_usage: the SQL that reads usage from rollups and buckets together, as a macro of what filters the rows. For sqlite_text.c alone.
 *
 * A resource's months that ended by `rolled` are read from its months' rollups, its other days before `rolled` from the days', and everything
 * from `rolled` on from its buckets. One statement, so all of it is of one moment. Keys lead with time: what is there is found by walking from
 * one start that exists to the next, and in each by what is asked for.
 *
 * Nearly all resources are rolled up to the same day, and rows from there on are read in a row. Those that are behind, after a late record say,
 * are looked for one by one (at most 1,000 of them), so that one of them costs no reader a scan of months.
 *
 * ?1 to ?7 are a filter's (sqlite_text.c). Whole days lie from ?8 to before ?9; whole months, if months are wanted, from ?10 to before ?11;
 * ?12 is the grain. */
#pragma once

/* The start of the UTC month that holds a time. */
#define HM_SQLITE_MONTH_OF(ns)                                                                               \
  "(unixepoch ((" ns ") / 1000000000, 'unixepoch', 'start of month') * 1000000000)"

#define HM_SQLITE_ROLLED_OF(row)                                                                             \
  "ifnull ((SELECT s.rolled FROM resource_state s INDEXED BY resource_rolled WHERE s.source = " row          \
  ".source AND s.resource = " row ".resource), 0)"

/* Resources of @of (SQL's AND …) with days that are in no month yet, and with buckets that are in no day yet: from where on. Those that are so
 * from the end of what is asked for on do not matter, and of a month that is long over that is all of them. */
#define HM_SQLITE_OPEN(of)                                                                                   \
  "open_day (source, resource, first, until) AS (SELECT source, resource, " HM_SQLITE_MONTH_OF (             \
      "rolled") ", rolled FROM resource_state WHERE rolled > 0 AND rolled < ?11 "                            \
                "AND last_grain >= " HM_SQLITE_MONTH_OF ("rolled") of "), "                                  \
                                                                      "open_bucket (source, resource, "      \
                                                                      "first, until) AS (SELECT source, "    \
                                                                      "resource, max (rolled, "              \
                                                                      "first_grain), last_grain + 1 FROM "   \
                                                                      "resource_state WHERE last_grain >= "  \
                                                                      "rolled AND rolled < ?9 "              \
                                                                      "AND first_grain < ?9" of ")"

/* From where on rows are read in a row, and what lies before for each that is behind: (source, resource, grain). */
#define HM_SQLITE_BEHIND                                                                                     \
  "day_bound (first) AS MATERIALIZED (SELECT max (?10, min (?11, ifnull ("                                   \
  "(SELECT first FROM open_day ORDER BY first LIMIT 1 OFFSET 1000), ?11)))), "                               \
  "bucket_bound (first) AS MATERIALIZED (SELECT max (?8, min (?9, ifnull ("                                  \
  "(SELECT first FROM open_bucket ORDER BY first LIMIT 1 OFFSET 1000), ?9)))), "                             \
  "behind_day (source, resource, grain, until) AS ("                                                         \
  "SELECT source, resource, max (open_day.first, ?10), min (until, day_bound.first) "                        \
  "FROM day_bound CROSS JOIN open_day WHERE open_day.first < day_bound.first UNION ALL "                     \
  "SELECT source, resource, grain + 86400000000000, until FROM behind_day "                                  \
  "WHERE grain + 86400000000000 < until), "                                                                  \
  "behind_bucket (source, resource, grain, until) AS ("                                                      \
  "SELECT source, resource, max (open_bucket.first, ?8), min (until, bucket_bound.first) "                   \
  "FROM bucket_bound CROSS JOIN open_bucket WHERE open_bucket.first < bucket_bound.first UNION ALL "         \
  "SELECT source, resource, grain + ?12, until FROM behind_bucket WHERE grain + ?12 < until)"

/* Starts of rollups: (step, grain). */
#define HM_SQLITE_ROLLUPS                                                                                    \
  "rollup_span (step, first, until) AS (VALUES (2, ?10, ?11), (1, ?8, ?10), (1, ?11, ?9) UNION ALL "         \
  "SELECT 1, first, ?11 FROM day_bound), "                                                                   \
  "r (step, grain, until) AS ("                                                                              \
  "SELECT step, (SELECT min (grain) FROM rollup WHERE rollup.step = rollup_span.step "                       \
  "AND grain >= first AND grain < until), until FROM rollup_span UNION ALL "                                 \
  "SELECT step, (SELECT min (grain) FROM rollup WHERE rollup.step = r.step "                                 \
  "AND rollup.grain > r.grain AND rollup.grain < r.until), until FROM r WHERE r.grain IS NOT NULL)"

/* Starts of buckets: (grain). */
#define HM_SQLITE_GRAINS                                                                                     \
  "bucket_span (first, until) AS ("                                                                          \
  "VALUES (ifnull (?1, -9223372036854775808), ?8), (?9, ifnull (?2, 9223372036854775807)) UNION ALL "        \
  "SELECT first, ?9 FROM bucket_bound), "                                                                    \
  "b (grain, until) AS ("                                                                                    \
  "SELECT (SELECT min (grain) FROM buckets WHERE grain >= first AND grain < until), until "                  \
  "FROM bucket_span UNION ALL "                                                                              \
  "SELECT (SELECT min (grain) FROM buckets WHERE buckets.grain > b.grain "                                   \
  "AND buckets.grain < b.until), until FROM b WHERE b.grain IS NOT NULL)"

#define HM_SQLITE_OF_ROLLUP                                                                                  \
  "SELECT u.grain, u.source, u.resource, '' AS agent, '' AS epoch, u.project, u.user, u.flavor, u.state, "   \
  "u.cells FROM "
#define HM_SQLITE_OF_BUCKET                                                                                  \
  "SELECT u.grain, u.source, u.resource, u.agent, u.epoch, u.project, u.user, u.flavor, u.state, u.cells "   \
  "FROM "

#define HM_SQLITE_USAGE(of, matches)                                                                         \
  "WITH RECURSIVE " HM_SQLITE_OPEN (                                                                         \
      of) ", " HM_SQLITE_BEHIND ", " HM_SQLITE_ROLLUPS ", " HM_SQLITE_GRAINS " " HM_SQLITE_OF_ROLLUP         \
          "r CROSS JOIN rollup u ON u.step = r.step AND u.grain = r.grain WHERE " matches                    \
          " AND (u.step = 2 OR u.grain < ?10 OR u.grain >= ?11 "                                             \
          "OR u.grain >= " HM_SQLITE_MONTH_OF (HM_SQLITE_ROLLED_OF (                                         \
              "u")) ") UNION ALL " HM_SQLITE_OF_ROLLUP                                                       \
                    "behind_day CROSS JOIN rollup u ON u.step = 1 AND u.grain = behind_day.grain "           \
                    "AND u.source = behind_day.source AND u.resource = behind_day.resource "                 \
                    "WHERE behind_day.grain < behind_day.until AND " matches                                 \
                    " UNION ALL " HM_SQLITE_OF_BUCKET                                                        \
                    "b CROSS JOIN buckets u ON u.grain = b.grain WHERE " matches                             \
                    " AND (u.grain < ?8 OR u.grain >= ?9 OR u.grain >= " HM_SQLITE_ROLLED_OF (               \
                        "u") ") UNION ALL " HM_SQLITE_OF_BUCKET                                              \
                             "behind_bucket CROSS JOIN buckets u ON u.grain = behind_bucket.grain "          \
                             "AND u.source = behind_bucket.source AND u.resource = behind_bucket.resource "  \
                             "WHERE behind_bucket.grain < behind_bucket.until AND " matches " LIMIT ?7"
