/* SPDX-License-Identifier: Apache-2.0 */
/* engine_kit: an engine over a real store, records made by hand, and everything that the store then holds as
 * one text. */
#pragma once

#include "collector/engine/engine.h"
#include "metering/signature.h"
#include "tests/fold_kit.h"

typedef struct
{
  char *folder; /* (nullable) removed in the end */
  HmMeterTable *meters;
  HmStoreOps ops; /* the store's, in which a test may replace one */
  const HmStoreOps *real;
  HmStore *store;
  HmEngine *engine;
  HmEncoder *encoder;
  HmDecoder *decoder;
  gint64 offset; /* of the next arrival, topic t, partition 0 */
  gsize cache_bytes;
} EngineKit;

/* An empty SQLite store and an engine with plenty of room. */
EngineKit *engine_kit_new (void);
/* The same over the empty store of that URL, which stays when it is freed. @scheme: the plugin. */
EngineKit *engine_kit_open (const char *scheme, const char *url);
void engine_kit_free (EngineKit *kit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngineKit, engine_kit_free)

/* A new engine over the same store, as after a restart. */
void engine_kit_restart (EngineKit *kit);

/* A samples record of an instance; its samples and text are static. */
void engine_kit_record (HmRecord *ret_record, const char *resource, guint64 seq, HmTime time);

/* Adds the arrival of such a record, made at MORNING + @minute, its number; its counter stood at @value. */
void engine_kit_add_reading (EngineKit *kit, GPtrArray *arrivals, const char *resource, guint minute,
                             guint64 value, HmState state);

/* The arrival of @record, encoded and decoded, at the next offset. (transfer full) */
HmArrival *engine_kit_arrival (EngineKit *kit, const HmRecord *record);
/* The same as it came: with its ce_id, signed where there is a @signer (nullable), not decoded. */
HmArrival *engine_kit_signed (EngineKit *kit, const HmRecord *record, HmSigner *signer);
/* The same of any bytes, under any key. */
HmArrival *engine_kit_arrival_of_bytes (EngineKit *kit, const char *key, const char *bytes, gsize length);

/* Takes the arrivals (element-type HmArrival); fails the test when that fails or they are not owned. */
void engine_kit_take (EngineKit *kit, const GPtrArray *arrivals);
/* Takes one record; so one commit. */
void engine_kit_take_record (EngineKit *kit, const HmRecord *record);
GPtrArray *engine_kit_arrivals (void); /* an empty array that frees its arrivals */

/* Everything that does not depend on how the records arrived: usage, resources and their folds, raw records'
 * bytes. (transfer full) */
char *engine_kit_dump (EngineKit *kit);
/* The same without the raw records. (transfer full) */
char *engine_kit_dump_usage (EngineKit *kit);
/* What was used, until when, and what is held, but for flags about arrival, those of @without, and what is remembered for the next record.
 * (transfer full) */
char *engine_kit_dump_figures (EngineKit *kit, guint32 without);
/* "reason: detail;" of each dead letter. (transfer full) */
char *engine_kit_letters (EngineKit *kit);
/* All stored cells of that resource's cpu added up. */
KitSum engine_kit_cpu (EngineKit *kit, const char *resource);
guint64 engine_kit_raw_rows (EngineKit *kit);
