/* SPDX-License-Identifier: Apache-2.0 */
/* bucket: the rows that usage is read from.
 *
 * A bucket row holds all that one resource used in one grain of time under one attribute revision and one
 * counter life: a cell per series. Rows are plain data; cells are kept as JSON text in the store. Part of the
 * store contract: the collector writes rows, the command line reads them. No thread affinity. */
#pragma once

#include "metering/clock.h"
#include "metering/meter.h"
#include "metering/resource.h"
#include "metering/value.h"

#include <string.h>

G_BEGIN_DECLS

/* What a figure has to say about itself; the names are those of the usage tables. */
typedef enum
{
  HM_FLAG_FROM_START = 1 << 0,
  HM_FLAG_BASELINE = 1 << 1,
  HM_FLAG_RESET = 1 << 2,
  HM_FLAG_RESET_INFERRED = 1 << 3,
  HM_FLAG_REGRESS = 1 << 4,
  HM_FLAG_ESTIMATED_DISTRIBUTION = 1 << 5,
  HM_FLAG_MOVED = 1 << 6,
  HM_FLAG_CONFLICT = 1 << 7,
  HM_FLAG_INEXACT = 1 << 8, /* a double-valued meter: no exact quantity is kept */
  HM_FLAG_WRAP = 1 << 9,
  HM_FLAG_OVERFLOW = 1 << 10,      /* something had no room, in the cell or in the state, and was left out */
  HM_FLAG_OVERLAP = 1 << 11,       /* another life of the series counted over the same time */
  HM_FLAG_LATE = 1 << 12,          /* came more than HM_BIN_NS after its time: about arrival alone */
  HM_FLAG_DUPLICATE = 1 << 13,     /* the same reading came in another record, too */
  HM_FLAG_REGRESS_STUCK = 1 << 14, /* three readings in a row were too low */
  HM_FLAG_IMPLAUSIBLE = 1 << 15,   /* more than physically possible: held out */
  HM_FLAG_CLOCK_STEP = 1 << 16,    /* placed by the host's boot time */
  HM_FLAG_FUTURE = 1 << 17,        /* was parked until its time had come */
  HM_FLAG_RELEASED = 1 << 18,      /* held out, and counted since somebody said so */
  HM_FLAG_REBASED = 1 << 19,       /* somebody said that the counter begins anew here */
  HM_FLAG_HELD = 1 << 20,          /* over time that nobody knows of, because the policy says hold */
} HmFlags;
#define HM_FLAG_COUNT 21
/* Flags that depend on when something came, not on what it says. */
#define HM_FLAGS_OF_ARRIVAL (HM_FLAG_LATE)
/* What a reading can be held out for. */
#define HM_FLAGS_HELD (HM_FLAG_REGRESS | HM_FLAG_CONFLICT | HM_FLAG_REGRESS_STUCK | HM_FLAG_IMPLAUSIBLE)

const char *hm_flag_name (guint bit); /* "from_start" for 0; NULL from HM_FLAG_COUNT on */

typedef struct
{
  /* key within the row; texts are interned GRefStrings, because thousands of resources have the same few */
  char *device; /* "" for the resource itself */
  char *meter;
  char *epoch; /* the sample's own epoch, "" where it is the resource's */
  /* what it holds */
  HmMeterType type;
  char *unit;        /* interned, too */
  HmInt128 quantity; /* cumulative, delta: in `unit`; gauge: in unit·ns */
  gint64 covered_ns; /* time that the quantity stands for */
  guint32 flags;     /* HmFlags */
  guint64 count;     /* samples taken in this grain */
  HmTime last_time;  /* of the latest sample in this grain; HM_TIME_UNKNOWN without one */
  /* of all these samples: a gauge's, and others' where each is a double */
  gboolean has_range;
  HmValue min, max, last;
} HmCell;

typedef struct
{
  HmTime grain; /* start */
  char *source, *resource;
  char *agent, *epoch;           /* the counter life: host's agent, resource epoch ("" where there is none) */
  char *project, *user, *flavor; /* attribute revision; "" where absent */
  HmState state;
  GPtrArray *cells; /* (element-type HmCell), sorted by (device, meter, epoch) */
} HmBucket;

/* The short way for texts that are mostly one string, or both empty. */
static inline gboolean
hm_text_equal (const char *a, const char *b)
{
  return a == b || (*a == *b && (*a == '\0' || strcmp (a, b) == 0));
}

HmBucket *hm_bucket_new (void);
void hm_bucket_free (HmBucket *bucket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmBucket, hm_bucket_free)

/* The same row, cells and all. (transfer full) */
HmBucket *hm_bucket_copy (const HmBucket *bucket);
/* A row of that key, without cells. (transfer full) */
HmBucket *hm_bucket_copy_key (const HmBucket *bucket);
/* Of one resource: whether both are the row of one grain, revision and counter life. */
gboolean hm_bucket_same_key (const HmBucket *a, const HmBucket *b);

/* The cell of that key, made empty if it is not there. */
HmCell *hm_bucket_cell (HmBucket *bucket, const char *device, const char *meter, const char *epoch,
                        HmMeterType type, const char *unit);

/* The same for a caller who has an idea where it is: looks at index *@hint first, and leaves the cell's there. */
HmCell *hm_bucket_cell_at (HmBucket *bucket, guint *hint, const char *device, const char *meter,
                           const char *epoch, HmMeterType type, const char *unit);

/* Adds what was read, not what was counted: number, time, least, greatest, latest; where one of both has samples without
 * a range, so has the sum. Of two latest values of one moment the greater one is kept. In whatever order cells are added,
 * the sum is the same. */
void hm_cell_add_readings (HmCell *sum, const HmCell *cell);

/* A cell's quantity as the store has it: limbs to the base 10^9, least first, each with the number's sign. */
void hm_limbs_from_int128 (HmInt128 number, gint64 ret_limbs[5]);
/* The reverse, for sums of limbs as well: a limb may be any number. FALSE when the result has no room in 128 bits. */
gboolean hm_limbs_to_int128 (const gint64 limbs[5], HmInt128 *ret_number);

/* The cells as JSON text, an array of objects (docs/store.md), and back. Equal cells have equal text. Reading
 * replaces the cells of @bucket, or leaves them as they are on failure. HM_ERROR_DATA. (transfer full) */
char *hm_bucket_cells_to_json (const HmBucket *bucket, gsize *ret_length);
gboolean hm_bucket_cells_from_json (HmBucket *bucket, const char *json, gsize length, GError **error);

G_END_DECLS
