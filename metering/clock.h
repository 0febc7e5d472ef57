/* SPDX-License-Identifier: Apache-2.0 */
/* clock: every time that the project reads comes through here, so that tests can inject it.
 *
 * Three clocks with one use each: wall (CLOCK_REALTIME) places a fact in time for people, monotonic
 * (CLOCK_MONOTONIC) holds deadlines, boot (CLOCK_BOOTTIME, which also counts suspend) orders facts within
 * one boot of a host. All in nanoseconds. Thread-safe. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HM_NSEC_PER_SEC  G_GINT64_CONSTANT (1000000000)
#define HM_NSEC_PER_MSEC G_GINT64_CONSTANT (1000000)

/* A point of wall time in ns since 1970-01-01T00:00:00Z; years 1970 to 2262. */
typedef gint64 HmTime;
#define HM_TIME_UNKNOWN G_MININT64

typedef struct HmClock HmClock;

struct HmClock
{
  HmTime (*wall) (const HmClock *clock);
  gint64 (*monotonic) (const HmClock *clock);
  gint64 (*boot) (const HmClock *clock);
  /* State of the kernel's clock discipline, adjtimex(2). @ret_max_error_ns is untouched when not synced. */
  gboolean (*synced) (const HmClock *clock, gint64 *ret_max_error_ns);
};

/* The machine's clocks. */
const HmClock *hm_clock_system (void);

/* A clock that stands still until it is told to move; for tests. Free with g_free(). */
typedef struct
{
  HmClock clock;
  HmTime wall_ns;
  gint64 monotonic_ns, boot_ns;
  gboolean is_synced;
  gint64 max_error_ns;
} HmFakeClock;

HmFakeClock *hm_fake_clock_new (HmTime wall);
void hm_fake_clock_advance (HmFakeClock *fake, gint64 ns); /* all three clocks */

#define HM_TIME_TEXT_MAX 32

/* RFC 3339 in UTC with nine digits and Z: "2026-11-21T01:27:00.123456789Z". @buffer: HM_TIME_TEXT_MAX.
 * Returns the length. @time must not be HM_TIME_UNKNOWN and not be negative. */
gsize hm_time_print (HmTime time, char *buffer);

/* RFC 3339 with any fraction of up to nine digits and any offset ("Z", "+01:00"). What is not a valid date,
 * is before 1970 or beyond 2262 is refused. @length -1: NUL-terminated. Does no locale or time zone look-up. */
gboolean hm_time_parse (const char *text, gssize length, HmTime *ret_time);

/* Durations for people: "60s", "500ms", "10m", "2h", "7d", "100us", "5ns"; a bare number is seconds. A
 * fraction, a sign, an unknown unit or an overflow is refused. */
gboolean hm_duration_parse (const char *text, gint64 *ret_ns);

/* The shortest exact form that hm_duration_parse() reads back. (transfer full) */
char *hm_duration_print (gint64 ns);

/* Sizes for people: "1GiB", "64MiB", "10kB", "512" (bytes). Same strictness. */
gboolean hm_size_parse (const char *text, guint64 *ret_bytes);

G_END_DECLS
