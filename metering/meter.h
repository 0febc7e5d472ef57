/* SPDX-License-Identifier: Apache-2.0 */
/* meter: what can be measured. Each meter is one const row in its pollster; the build collects all rows
 * into meters.json, which the collector loads through a meter table. */
#pragma once

#include "metering/snapshot.h"
#include "metering/value.h"

G_BEGIN_DECLS

typedef enum
{
  HM_CUMULATIVE, /* counts up within one counter life */
  HM_GAUGE,      /* a state that holds until the next reading */
  HM_DELTA,      /* what came since the sample's start */
} HmMeterType;

/* How long a gauge holds across the states of its instance (the columns of the clipping table). */
typedef enum
{
  HM_HOLD_NONE,
  HM_HOLD_EXISTENCE,  /* while the instance is defined, shut off too */
  HM_HOLD_ALLOCATION, /* vcpus, memory: while there is a process */
  HM_HOLD_DISK,       /* goes on while defined */
  HM_HOLD_ACTIVITY,   /* traffic: counted while there is a process */
  HM_HOLD_STATE,      /* the state itself */
} HmHold;

/* Whose life a counter has, that is, what restarts it. */
typedef enum
{
  HM_LIFE_PROCESS,
  HM_LIFE_DEVICE,
  HM_LIFE_GUEST,
} HmLife;

typedef struct
{
  const char *name;
  HmMeterType type;
  const char *unit; /* a name of the unit table */
  HmValueType value;
  HmFields needs; /* snapshot fields it is made of; 0 for a reading pollster's meter */
  HmHold hold;
  guint8 wrap; /* 0, 32 or 64: width at which the counter wraps */
  HmLife life;
  gboolean off; /* not taken unless a configuration asks for it by name */
  const char *help;
} HmMeter;

/* 1 to 64 characters of [a-z0-9_.], starting with a letter. */
gboolean hm_meter_name_valid (const char *name);

/* NULL when @meter is sound by itself, else the reason why not. (transfer full) (nullable) */
char *hm_meter_check (const HmMeter *meter);

const char *hm_meter_type_name (HmMeterType type);                      /* "cumulative" */
gboolean hm_meter_type_parse (const char *name, HmMeterType *ret_type); /* the reverse */
const char *hm_hold_name (HmHold hold);
gboolean hm_hold_parse (const char *name, HmHold *ret_hold);
const char *hm_life_name (HmLife life);
gboolean hm_life_parse (const char *name, HmLife *ret_life);
const char *hm_value_type_name (HmValueType type);
gboolean hm_value_type_parse (const char *name, HmValueType *ret_type);

/* The meters that one program knows; one name has one type and one unit. Not thread-safe while it is being
 * filled, read-only afterwards. */
typedef struct HmMeterTable HmMeterTable;

HmMeterTable *hm_meter_table_new (void);
void hm_meter_table_free (HmMeterTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmMeterTable, hm_meter_table_free)

/* Adds a copy of @meter. An equal one that is there already is fine; one that differs in type, unit or value
 * type is HM_ERROR_CONFIG, and the error names @origin and the first one's origin. */
gboolean hm_meter_table_add (HmMeterTable *table, const HmMeter *meter, const char *origin, GError **error);

/* (nullable) (transfer none), valid as long as the table. */
const HmMeter *hm_meter_table_find (const HmMeterTable *table, const char *name);

/* Sorted by name. (transfer container) (element-type HmMeter) */
GPtrArray *hm_meter_table_list (const HmMeterTable *table);

/* One row as meters.json has it, on one line: a meter's declaration on the bus. @meter is sound. (transfer full) */
char *hm_meter_to_json (const HmMeter *meter);

/* meters.json: written by the build, read by the collector. */
char *hm_meter_table_to_json (const HmMeterTable *table);
gboolean hm_meter_table_load (HmMeterTable *table, const char *path, GError **error);

G_END_DECLS
