/* SPDX-License-Identifier: Apache-2.0 */
/* stamp: sequence, bin, identity, bytes and signature of every record that leaves this agent.
 *
 * The outbox calls it under its lock at the moment when a record enters, so that the numbers of a resource
 * are in the order of the queue and have no gaps. They are kept as long as the process lives: the collector
 * tells loss from repetition by them. */
#include "agent/outbox/stamp.h"

#include <string.h>

#include "agent/outbox/keys.h"
#include "agent/pipeline/split.h"
#include "metering/error.h"

struct HmStamper
{
  const HmIdentity *identity;
  HmTime start_wall; /* of this process, for the bins */
  gint64 start_boot;
  HmEncoder *encoder;
  GHashTable *numbers; /* resource id → guint64: the last one given */
};

HmStamper *
hm_stamper_new (const HmIdentity *identity)
{
  HmStamper *stamper = g_new0 (HmStamper, 1);

  stamper->identity = identity;
  stamper->start_wall = identity->clock->wall (identity->clock);
  stamper->start_boot = identity->clock->boot (identity->clock);
  stamper->encoder = hm_encoder_new ();
  stamper->numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return stamper;
}

void
hm_stamper_free (HmStamper *stamper)
{
  if (stamper == NULL)
    return;
  hm_encoder_free (stamper->encoder);
  g_hash_table_unref (stamper->numbers);
  g_free (stamper);
}

/* The wall clock is read once, at the start: a step of it must not move records between bins. */
gint64
hm_stamper_bin (const HmStamper *stamper)
{
  const HmClock *clock = stamper->identity->clock;

  return (stamper->start_wall + (clock->boot (clock) - stamper->start_boot)) / HM_BIN_NS;
}

static void
fill (const HmStamper *stamper, HmRecord *record)
{
  const HmIdentity *identity = stamper->identity;

  record->source = identity->source;
  record->agent.id = identity->agent_id;
  record->agent.epoch = identity->agent_epoch;
  record->agent.bin = hm_stamper_bin (stamper);
  record->agent.cpus = identity->cpus;
  record->agent.metering_since = identity->metering_since;
  record->clock.boot = identity->boot_id;
}

static guint64 *
last_number (HmStamper *stamper, const char *resource)
{
  guint64 *number = g_hash_table_lookup (stamper->numbers, resource);

  if (number == NULL)
    {
      number = g_new0 (guint64, 1);
      g_hash_table_insert (stamper->numbers, g_strdup (resource), number);
    }
  return number;
}

static HmMessage *
make_message (HmStamper *stamper, const HmRecord *record, GBytes *value)
{
  HmMessage *message = g_new0 (HmMessage, 1);
  gsize length;
  gconstpointer bytes = g_bytes_get_data (value, &length);

  message->refs = 1;
  message->kind = record->kind;
  message->key = g_strdup (record->resource.id);
  message->id = hm_record_id (record);
  message->source = g_strdup (record->source);
  message->time = record->time;
  message->value = value;
  if (stamper->identity->keys != NULL)
    message->signature = hm_keys_sign (stamper->identity->keys, message->key, message->id, bytes, length);
  return message;
}

/* What the outbox could not read back must not get into it. */
static gboolean
check_texts (const HmRecord *record, GError **error)
{
  const struct
  {
    const char *what, *text;
  } texts[] = { { "a resource's id", record->resource.id },
                { "a source", record->source },
                { "an agent's id", record->agent.id },
                { "an agent's epoch", record->agent.epoch } };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i].text == NULL || *texts[i].text == '\0' || strlen (texts[i].text) > HM_ID_MAX)
      {
        g_set_error (error, HM_ERROR, HM_ERROR_DATA, "a record with %s that is not of 1 to %d bytes",
                     texts[i].what, HM_ID_MAX);
        return FALSE;
      }
  return TRUE;
}

/* The last number of the record's resource, or NULL. */
static guint64 *
begin (HmStamper *stamper, HmRecord *record, GError **error)
{
  if (record->time < 0)
    {
      g_set_error (error, HM_ERROR, HM_ERROR_DATA, "a record without a time, or of one before 1970");
      return NULL;
    }
  fill (stamper, record);
  if (!check_texts (record, error))
    return NULL;
  return last_number (stamper, record->resource.id);
}

/* -- more than one message -- */

typedef struct
{
  HmStamper *stamper;
  gsize max_bytes;
  HmStamped stamped;
} Parts;

static void
take_part (const HmRecord *part, GBytes *value, gpointer user)
{
  Parts *parts = user;

  g_ptr_array_add (parts->stamped.messages, make_message (parts->stamper, part, value));
}

static void
take_refused (const HmRecord *part, gsize bytes, gpointer user)
{
  Parts *parts = user;
  g_autofree char *name = NULL;

  if (parts->stamped.refused++ > 0)
    return;
  name = hm_split_name (part);
  parts->stamped.reason
      = g_strdup_printf ("%s: %" G_GSIZE_FORMAT " bytes are more than the %" G_GSIZE_FORMAT " of a record",
                         name, bytes, parts->max_bytes);
}

gboolean
hm_stamper_stamp_parts (HmStamper *stamper, HmRecord *record, gsize max_bytes, HmStamped *ret_stamped,
                        GError **error)
{
  Parts parts = { stamper, max_bytes > 0 ? MIN (max_bytes, HM_RECORD_MAX) : HM_RECORD_MAX, { 0 } };
  const HmSplitter splitter = { take_part, take_refused, &parts };
  guint64 *number = begin (stamper, record, error);

  if (number == NULL)
    return FALSE;
  parts.stamped.messages = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_message_unref);
  if (hm_split (stamper->encoder, record, parts.max_bytes, number, &splitter, error))
    {
      *ret_stamped = parts.stamped;
      return TRUE;
    }
  hm_stamped_clear (&parts.stamped);
  return FALSE;
}

void
hm_stamped_clear (HmStamped *stamped)
{
  g_clear_pointer (&stamped->messages, g_ptr_array_unref);
  g_clear_pointer (&stamped->reason, g_free);
}

/* -- the clock -- */

void
hm_stamp_clock (const HmClock *clock, HmClockStamp *stamp)
{
  gint64 max_error = -1;

  stamp->boot_ns = clock->boot (clock);
  stamp->synced = clock->synced (clock, &max_error);
  stamp->max_error_ns = stamp->synced ? max_error : -1;
}
