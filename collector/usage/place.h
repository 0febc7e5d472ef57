/* SPDX-License-Identifier: Apache-2.0 */
/* place: where a record stands in time.
 *
 * The wall clock of a host can be set; the time since its boot cannot. Where the two disagree by more than a second from one record of a
 * resource and boot to the next, the record is placed at that record's place plus the difference in boot time, as long as the wall clock
 * is not known to be right. Records are folded in the order and at the time of their places. A record whose place had not come
 * when it was appended waits, until a record of the resource was appended that late.
 *
 * A place follows from the records of one boot, taken in the order of boot time, and from how far the resource has been appended, so
 * it is the same in whatever order they arrived. Part of the fold's state, used by the engine's files. Pure. */
#pragma once

#include "metering/json.h"
#include "metering/record.h"

G_BEGIN_DECLS

/* More than that and wall and boot time disagree. */
#define HM_PLACE_APART_NS HM_NSEC_PER_SEC
/* A clock that says to be synchronised is right when its error is less. */
#define HM_PLACE_ERROR_NS HM_NSEC_PER_SEC
/* That many boots of hosts are remembered; of others nobody knows where they stood, and the resource is folded again. */
#define HM_PLACE_BOOTS_MAX 32

/* What a record says of time, and what orders those of one boot: (boot_ns, time, trusted). */
typedef struct
{
  const char *boot; /* (nullable) it says nothing of boot time */
  gint64 boot_ns;
  HmTime time;
  gboolean trusted; /* the wall clock is known to be right */
  HmTime appended;
  gboolean takes_part; /* of one that does not nobody asks when its time has come */
} HmClockReading;

typedef struct
{
  HmTime time;
  guint32 flags;   /* HM_FLAG_CLOCK_STEP: it is not the record's own time; HM_FLAG_FUTURE: it had not come */
  gboolean parked; /* and has not come yet: the record is not folded */
  gboolean apart;  /* its wall clock and the boot time disagree */
  HmTime
      waits; /* one that waits may be placed as early as that now; HM_TIME_UNKNOWN: nothing about them has changed */
} HmPlace;

/* The last record of one boot, which the next one is compared with. */
typedef struct
{
  char *boot;
  gboolean known; /* there is such a record */
  gint64 boot_ns;
  HmTime time;
  gboolean trusted;
  HmTime place;
  gint64 parked_first, parked_last; /* boot times of records that wait; 0: none does */
} HmBootClock;

typedef struct
{
  GArray *boots;      /* (element-type HmBootClock), by name */
  gboolean forgotten; /* there were more */
  HmTime moved;       /* nothing later is placed elsewhere than where it says; HM_TIME_UNKNOWN: all are */
} HmClocks;

HmClocks *hm_clocks_new (void);
HmClocks *hm_clocks_copy (const HmClocks *clocks);
void hm_clocks_free (HmClocks *clocks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmClocks, hm_clocks_free)

HmClockReading hm_clock_reading (const HmRecord *record, HmTime appended);
int hm_clock_reading_compare (const HmClockReading *a,
                              const HmClockReading *b); /* by (boot, boot_ns, time, trusted) */

/* Whether @reading follows all that @clocks has seen of its boot, but for what waits and goes on waiting: otherwise it may change where
 * others are placed. */
gboolean hm_clocks_is_next (const HmClocks *clocks, const HmClockReading *reading, HmTime reached);

/* Forgets what waits, for placing it once more. */
void hm_clocks_unpark (HmClocks *clocks);

/* Where the record of @reading is placed when the resource is appended up to @reached; remembers it. */
HmPlace hm_clocks_place (HmClocks *clocks, const HmClockReading *reading, HmTime reached);

/* Forgets the boots that ended longest ago, if there are too many. Between two batches, and so at the end of folding again. */
void hm_clocks_trim (HmClocks *clocks);

/* Records are folded in this order. */
typedef struct
{
  HmTime at;
  const char *agent, *epoch;
  guint64 seq;
} HmPlaceKey;

int hm_place_key_compare (const HmPlaceKey *a, const HmPlaceKey *b);

/* @record as if its clock had shown @time: borrows from @record all but its samples, which are *@ret_samples. */
void hm_place_shift (const HmRecord *record, HmTime time, HmRecord *ret_record, HmSample **ret_samples);

/* The member "clocks" of a state's text, where there is anything to say; and back: FALSE for what none has. */
void hm_clocks_write (const HmClocks *clocks, HmJsonWriter *w);
gboolean hm_clocks_read (HmClocks *clocks, const HmJson *json);

G_END_DECLS
