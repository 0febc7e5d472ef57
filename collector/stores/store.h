/* SPDX-License-Identifier: Apache-2.0 */
/* store: the contract between the collector, the command line and a database.
 *
 * A store is a module of namespace hypermeter.store, named after its URL's scheme. One connection belongs to one
 * thread. Everything that one batch of records changes is written in one transaction that begins with moving the
 * offsets by compare-and-set: that is what makes each sample count exactly once. */
#pragma once

#include "collector/stores/store_rows.h"
#include "metering/plugin.h"
#include "metering/record.h"

G_BEGIN_DECLS

/* -- reading -- */

/* Every member that is NULL or HM_TIME_UNKNOWN does not filter. */
typedef struct
{
  HmTime from, to; /* half open */
  const char *source, *project, *user, *resource;
  const char *agent; /* of list_resources, list_bins, list_losses */
  HmTime
      edge_before; /* of list_resources: those whose edge is earlier, and that were first seen before it; 0: all */
  gboolean settled; /* of list_dead_letters: those too */
  gint64 after;     /* of list_dead_letters, which come in the order of their ids: those of a larger id */
  HmTime
      rolled_before; /* of list_resources: those whose `rolled` is earlier, that were first seen before it, and last in or after
                      * the UTC month of `rolled`: the last month of one that is gone becomes whole, and then it is let be. 0: all */
  HmUsageStep step;   /* of list_usage: rows no coarser than that */
  gboolean undecided; /* of list_held: those without a decision alone */
  gint64
      number; /* of list_lines, list_statements: of that statement; 0: all. Of list_evidence: as it was when that statement was
                       * made; 0: as it is now */
  guint64 limit; /* 0: none */
} HmStoreFilter;

/* Of all batches, as far as they are kept. */
typedef struct
{
  HmBinRow came;
  gboolean is_closed;
  guint64 records, sum; /* said by the heartbeat */
  HmTime said;
} HmBinState;

/* What is older goes. HM_TIME_UNKNOWN: nothing. */
typedef struct
{
  HmTime
      raw; /* grains before it, with the descriptions: the caller has seen to it that every resource's edge is there.
                   * A store that others write into as well looks again */
  HmTime bins;    /* bins (what came and what was said; never HM_BIN_NONE) and losses that ended before it */
  HmTime letters; /* dead letters that were settled before it, and requests that were done */
  HmTime messages;
} HmRetention;

typedef struct
{
  const char *topic;
  gint32 partition;
  gint64 next;
  HmTime committed; /* when that was written */
  HmTime reached;   /* all that was appended before it is stored; HM_TIME_UNKNOWN: nobody knows */
} HmOffsetRow;

typedef struct
{
  guint64 raw, resources, buckets;
  guint64 dead_letters; /* not settled */
  guint64 bytes;        /* of the database */
  HmTime oldest_raw;    /* the grain of the oldest; HM_TIME_UNKNOWN: there is none */
  HmTime last_commit;   /* what moves no offset counts by when it came; HM_TIME_UNKNOWN: there was none */
} HmStoreStatus;

/* Visitors get borrowed rows and return FALSE to stop. They do not use the store that they are called from. */
typedef gboolean (*HmRawVisit) (const HmRawRow *row, gpointer user);
typedef gboolean (*HmResourceVisit) (const HmResourceRow *row, gpointer user);
typedef gboolean (*HmBucketVisit) (const HmBucket *row, gpointer user);
typedef gboolean (*HmDeadLetterVisit) (const HmDeadLetter *row, gpointer user);
typedef gboolean (*HmMeterVisit) (const HmMeterRow *row, gpointer user);
typedef gboolean (*HmAgentVisit) (const HmAgentRow *row, gpointer user);
typedef gboolean (*HmOffsetVisit) (const HmOffsetRow *row, gpointer user);
typedef gboolean (*HmGapVisit) (const HmGapRow *row, gpointer user);
typedef gboolean (*HmBinVisit) (const HmBinState *row, gpointer user);
typedef gboolean (*HmLossVisit) (const HmLossRow *row, gpointer user);
typedef gboolean (*HmAnomalyVisit) (const HmAnomalyRow *row, gpointer user);
typedef gboolean (*HmRequestVisit) (const HmRequestRow *row, gpointer user);
typedef gboolean (*HmHeldVisit) (const HmHeldRow *row, gpointer user);
typedef gboolean (*HmDecisionVisit) (const HmDecisionRow *row, gpointer user);
typedef gboolean (*HmPolicyVisit) (const HmPolicyRow *row, gpointer user);
typedef gboolean (*HmEvidenceVisit) (const HmEvidenceRow *row, gpointer user);
typedef gboolean (*HmPeriodVisit) (const HmPeriodRow *row, gpointer user);
typedef gboolean (*HmStatementVisit) (const HmStatementRow *row, gpointer user);
typedef gboolean (*HmLineVisit) (const HmStatementLine *row, gpointer user);
typedef gboolean (*HmAdjustmentVisit) (const HmAdjustmentRow *row, gpointer user);
typedef gboolean (*HmErasureVisit) (const HmErasureRow *row, gpointer user);

/* FALSE: stop. @done of @total in a unit of the store's own. */
typedef gboolean (*HmStoreProgress) (guint64 done, guint64 total, gpointer user);

typedef enum
{
  HM_STORE_READ, /* reading while a collector writes; the schema must be there */
  HM_STORE_ASK,  /* the same, and request_add() */
  HM_STORE_WRITE, /* the collector's: takes the lock where a store has room for one only, migrates the schema */
} HmStoreMode;

typedef struct HmStore HmStore; /* a store's own; opaque to everybody else */

typedef struct HmStoreOps
{
  /* Whether @url can be one of this store, without looking for what is there. HM_ERROR_CONFIG. */
  gboolean (*check) (const char *url, GError **error);
  /* (nullable) Whether HM_STORE_WRITE would find a place for its files, and those that @url names: looks, and opens, makes and changes
   * nothing. For --check-config alone: what is not there now may be when it is opened. @made: a folder that is made before, and need
   * not be there yet. HM_ERROR_CONFIG. */
  gboolean (*look) (const char *url, const char *made, GError **error);
  /* @url: "sqlite:///path", "postgresql://…". @grain_ns: fixed when the store is created; in HM_STORE_WRITE another one is
   * HM_ERROR_CONFIG. HM_ERROR_UNAVAILABLE when it is not there (HM_ERROR_CREATE: where it would be made is no folder), HM_ERROR_PERMISSION, HM_ERROR_TEMPORARY when another collector has it,
   * HM_ERROR_DATA for a foreign file or a schema of the future. */
  HmStore *(*open) (const char *url, HmStoreMode mode, gint64 grain_ns, GError **error);
  void (*close) (HmStore *store);
  gint64 (*grain) (HmStore *store);
  /* A number that was decided when the store was made, by its name (this program's own). In HM_STORE_WRITE @value is kept where there is none (0: is not).
   * *@ret_value: what stands there; 0: nothing does. */
  gboolean (*setting) (HmStore *store, const char *name, gint64 value, gint64 *ret_value, GError **error);

  /* -- the collector's half; errors: HM_ERROR_UNAVAILABLE (try again later), HM_ERROR_DATA (this batch),
   * HM_ERROR_INTERNAL (the database is damaged, or can no longer be written: trying again does not help) -- */
  gboolean (*offset_get) (HmStore *store, const char *topic, gint32 partition, gint64 *ret_next,
                          gboolean *ret_found, GError **error);
  /* Inserts where absent, and gives what stands there now. */
  gboolean (*offset_init) (HmStore *store, const char *topic, gint32 partition, gint64 next, gint64 *ret_next,
                           GError **error);
  /* Begins the transaction with the compare-and-set; @n 0: with nothing to move. *@ret_owned FALSE: somebody else moved on; rolled back. */
  gboolean (*begin) (HmStore *store, const HmOffsetMove *moves, guint n, gboolean *ret_owned, GError **error);
  /* HM_ERROR_TEMPORARY when a resource's version is not the expected one: roll back and load again. */
  gboolean (*write) (HmStore *store, const HmBatch *batch, GError **error);
  /* What holds a raw row or a dead letter that came over no bus (HM_PARTITION_NONE) is safe from a power cut when this returns; all else
   * comes from the bus again. */
  gboolean (*commit) (HmStore *store, GError **error);
  void (*rollback) (HmStore *store);

  gboolean (*resource_load) (HmStore *store, const char *source, const char *resource, HmResourceVisit visit,
                             gpointer user, GError **error);
  gboolean (*buckets_load) (HmStore *store, const char *source, const char *resource, HmTime grain,
                            HmBucketVisit visit, gpointer user, GError **error);
  /* The same of all grains from @from until @to, both the start of one; by grain, and within each in the order of buckets_load(). What it
   * costs goes by their number, not by that of other resources, as it does in list_buckets(). */
  gboolean (*usage_load) (HmStore *store, const char *source, const char *resource, HmTime from, HmTime to,
                          HmBucketVisit visit, gpointer user, GError **error);
  /* The raw rows of a resource from grain @from on (HM_TIME_UNKNOWN: all) in key order (the bytes of descriptions filled in, or what is left of them).
   * Whole grains: the one in which row number @limit is (0: none) is the last. */
  gboolean (*raw_load) (HmStore *store, const char *source, const char *resource, HmTime from, guint limit,
                        HmRawVisit visit, gpointer user, GError **error);
  /* The one raw row of that number (source, resource, agent, epoch, seq), if it is there (no visit otherwise). It is
   * looked for in the key's grain first, then in all others: a repetition may state another time. */
  gboolean (*raw_find) (HmStore *store, const HmRawRow *key, HmRawVisit visit, gpointer user, GError **error);

  /* The dead letters of one offset: none, or one, or as many topics of that name have had one there. */
  gboolean (*dead_letter_find) (HmStore *store, const char *topic, gint32 partition, gint64 offset,
                                HmDeadLetterVisit visit, gpointer user, GError **error);
  /* Passes over what is lost: in one transaction of its own moves the offset from @gap's `from` to its `to` by
   * compare-and-set and adds the row. *@ret_owned FALSE: the offset is not at `from`; nothing was written. */
  gboolean (*pass_over) (HmStore *store, const HmGapRow *gap, gboolean *ret_owned, GError **error);
  /* The time of the message of that id; *@ret_found FALSE: there is none. */
  gboolean (*message_find) (HmStore *store, const char *source, const char *id, gboolean *ret_found,
                            HmTime *ret_time, GError **error);
  /* One dead letter by its id, settled or not; no visit: there is none. */
  gboolean (*dead_letter_get) (HmStore *store, gint64 id, HmDeadLetterVisit visit, gpointer user,
                               GError **error);
  /* Removes what is too old, in transactions of its own that are small enough to be waited for; *@ret_more: there is more to be removed. */
  gboolean (*prune) (HmStore *store, const HmRetention *retention, gboolean *ret_more, GError **error);
  /* The row of that name is @holder's for @ttl_ns from now (by the database's clock, where it has one), if it is nobody else's or has run out.
   * *@ret_token rises with each new holder; 0: somebody else has it. */
  gboolean (*lease) (HmStore *store, const char *name, const char *holder, gint64 ttl_ns, guint64 *ret_token,
                     GError **error);

  /* Notes that all of that partition that the broker had appended before @reached lies below @next and is stored: where the row says @next or
   * more, and an earlier time. In a transaction of its own; where somebody else holds the row, it is left as it is. */
  gboolean (*offset_reached) (HmStore *store, const char *topic, gint32 partition, gint64 next,
                              HmTime reached, GError **error);
  /* After begin(), which shares it with all others: waits until no transaction that could change usage is under way but this one, and lets
   * none begin until this one ends. */
  gboolean (*lock_periods) (HmStore *store, GError **error);
  /* (nullable) Within a transaction: says that who has it is at work, where a server would end one that stands still. Costs a round trip. */
  gboolean (*keep_alive) (HmStore *store, GError **error);

  /* -- HM_STORE_ASK -- */
  gboolean (*request_add) (HmStore *store, const HmRequestRow *request, gint64 *ret_id, GError **error);
  gboolean (*list_requests) (HmStore *store, gboolean open_only, HmRequestVisit visit, gpointer user,
                             GError **error);
  /* (nullable) Copies the store, as it is at one moment and while it is written, to the file @path, which is not there yet
   * (HM_ERROR_CREATE). Of any mode. */
  gboolean (*backup) (HmStore *store, const char *path, HmStoreProgress progress, gpointer user,
                      GError **error);
  /* (nullable) Makes the store of @url, which is not there yet (HM_ERROR_CREATE), of a file that backup() has made, of this or an older
   * schema. HM_ERROR_TEMPORARY when a collector has the store, HM_ERROR_DATA when the file is no backup or damaged. */
  gboolean (*restore) (const char *url, const char *path, HmStoreProgress progress, gpointer user,
                       GError **error);

  /* -- the reader's half -- */
  gboolean (*list_buckets) (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                            GError **error);
  gboolean (*list_resources) (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit,
                              gpointer user, GError **error);
  gboolean (*list_raw) (HmStore *store, const HmStoreFilter *filter, HmRawVisit visit, gpointer user,
                        GError **error);
  gboolean (*list_dead_letters) (HmStore *store, const HmStoreFilter *filter, HmDeadLetterVisit visit,
                                 gpointer user, GError **error);
  gboolean (*list_meters) (HmStore *store, HmMeterVisit visit, gpointer user, GError **error);
  gboolean (*list_agents) (HmStore *store, HmAgentVisit visit, gpointer user, GError **error);
  gboolean (*list_offsets) (HmStore *store, HmOffsetVisit visit, gpointer user, GError **error);
  gboolean (*list_gaps) (HmStore *store, HmGapVisit visit, gpointer user, GError **error);
  /* In the order of (source, agent, epoch, bin); HM_BIN_NONE first. The filter's `from`, `to` are about the bin's period;
   * HM_BIN_NONE has none, and is always among them. */
  gboolean (*list_bins) (HmStore *store, const HmStoreFilter *filter, HmBinVisit visit, gpointer user,
                         GError **error);
  gboolean (*list_losses) (HmStore *store, const HmStoreFilter *filter, HmLossVisit visit, gpointer user,
                           GError **error);
  gboolean (*list_anomalies) (HmStore *store, const HmStoreFilter *filter, HmAnomalyVisit visit,
                              gpointer user, GError **error);
  /* Buckets and rollups that add up to what list_buckets gives, with as few rows as `filter->step` allows: whole months and days from
   * rollups where they are (HmResourceRow.rolled), the rest from buckets. Their `grain` is the start of grain, day or month. In no order. */
  gboolean (*list_usage) (HmStore *store, const HmStoreFilter *filter, HmBucketVisit visit, gpointer user,
                          GError **error);
  /* By (time, source, resource, seq). The filter's from and to are about `time`. */
  gboolean (*list_held) (HmStore *store, const HmStoreFilter *filter, HmHeldVisit visit, gpointer user,
                         GError **error);
  /* By id. */
  gboolean (*list_decisions) (HmStore *store, const HmStoreFilter *filter, HmDecisionVisit visit,
                              gpointer user, GError **error);
  /* By (from, in the order in which they were made). */
  gboolean (*list_policies) (HmStore *store, HmPolicyVisit visit, gpointer user, GError **error);
  /* By (day, source, resource). */
  gboolean (*list_evidence) (HmStore *store, const HmStoreFilter *filter, HmEvidenceVisit visit,
                             gpointer user, GError **error);
  /* By (from, to, zone). */
  gboolean (*list_periods) (HmStore *store, HmPeriodVisit visit, gpointer user, GError **error);
  /* By number. */
  gboolean (*list_statements) (HmStore *store, const HmStoreFilter *filter, HmStatementVisit visit,
                               gpointer user, GError **error);
  /* By (number, line); the filter's source, project, user, resource. */
  gboolean (*list_lines) (HmStore *store, const HmStoreFilter *filter, HmLineVisit visit, gpointer user,
                          GError **error);
  /* By id. */
  gboolean (*list_adjustments) (HmStore *store, HmAdjustmentVisit visit, gpointer user, GError **error);
  /* By id. */
  gboolean (*list_erasures) (HmStore *store, HmErasureVisit visit, gpointer user, GError **error);
  gboolean (*status) (HmStore *store, HmStoreStatus *ret_status, GError **error);
  /* (nullable) The status' bytes alone, which cost nothing to know. */
  gboolean (*size) (HmStore *store, guint64 *ret_bytes, GError **error);
} HmStoreOps;

/* The scheme of @url ("sqlite"), which is the name of the store's plugin; NULL for no URL. (transfer full) */
char *hm_store_scheme (const char *url);

G_END_DECLS
