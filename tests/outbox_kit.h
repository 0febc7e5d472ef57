/* SPDX-License-Identifier: Apache-2.0 */
/* outbox_kit: an outbox on disk in a folder of its own, with a required and an optional publisher, on a fake clock; and words for tests of it. */
#pragma once

#include "metering/codec.h"
#include "metering/error.h"
#include "metering/segment.h"
#include "tests/fakes/fake_identity.h"

typedef struct
{
  HmFakeClock *clock;
  HmIdentity identity;
  char *folder; /* "outbox" in it */
  char *path;
  HmOutboxOptions options; /* 4 MiB: segments of 256 KiB */
  HmOutbox *outbox;        /* (nullable) */
  GMutex lock;
  GCond changed;
  guint changes;
  GString *log; /* every line of a warning or worse */
} OutboxKit;

/* What gap records say together. */
typedef struct
{
  guint gaps, others; /* records */
  guint64 records, resources;
  HmTime from, to;
  char reason[64]; /* of the last one */
} OutboxGap;

int outbox_kit_set_up (void **state);
int outbox_kit_tear_down (void **state);
#define OUTBOX_TEST(name) cmocka_unit_test_setup_teardown (name, outbox_kit_set_up, outbox_kit_tear_down)

void outbox_kit_open (OutboxKit *kit);
void outbox_kit_close (OutboxKit *kit);
void outbox_kit_flush (OutboxKit *kit); /* fails the test when it is not on disk within two minutes */
HmOutboxStatus outbox_kit_status (OutboxKit *kit);

/* All that @publisher is given, confirmed DONE: "resource/seq" for each. */
void outbox_kit_expect (OutboxKit *kit, guint publisher, const char *expected);
/* Confirms up to @n; returns how many there were. */
guint outbox_kit_take (OutboxKit *kit, guint publisher, guint n);
/* Confirms all and sums up what gap records say. */
void outbox_kit_drain (OutboxKit *kit, guint publisher, OutboxGap *ret_gap);
/* The next, confirmed and decoded. */
HmDecoded *outbox_kit_next_record (OutboxKit *kit, guint publisher);

/* Appends records of instance "fill" until about so many bytes are on disk; returns how many records. */
guint outbox_kit_fill (OutboxKit *kit, HmRecordClass class, gsize bytes);

gboolean outbox_kit_has_said (OutboxKit *kit, const char *text); /* in the log */

/* Files of the outbox's folder whose name begins so. */
guint outbox_kit_files (OutboxKit *kit, const char *prefix);
/* (nullable) (transfer full) the path of the first, or of the last of them */
char *outbox_kit_file (OutboxKit *kit, const char *prefix, gboolean is_last);

/* Each waits for it, and fails the test after half a minute. */
void outbox_kit_wait_files (OutboxKit *kit, const char *prefix, guint n);
void outbox_kit_wait_change (OutboxKit *kit);
void outbox_kit_wait_waiting (OutboxKit *kit, guint64 n);
void outbox_kit_wait_said (OutboxKit *kit); /* no loss is left to be said */
/* The journal is written since it had that generation: taken before what it is to note. */
void outbox_kit_wait_note (OutboxKit *kit, guint64 before);
guint64 outbox_kit_generation (OutboxKit *kit);
