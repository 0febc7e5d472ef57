/* SPDX-License-Identifier: Apache-2.0 */
/* inspector_decode: the one place that knows the names of libvirt's statistics.
 *
 * A parameter's name has up to three parts, "group.number.field". Scalars and the fields of a device are
 * found in tables by name and stored through the offset of the member, so a new statistic is a new row. */
#include "agent/inspector/inspector_decode_private.h"

#include <stddef.h>
#include <string.h>

typedef struct
{
  const char *name;
  HmFields field;
  gsize offset; /* of the HmMaybe */
} Row;

#define SCALAR(name_, field_, member_)                                                                       \
  {                                                                                                          \
    name_, HM_FIELD_##field_, offsetof (HmDomain, member_)                                                   \
  }
static const Row scalars[] = {
  SCALAR ("state.state", STATE, state),
  SCALAR ("cpu.time", CPU_TIME, cpu_time),
  SCALAR ("cpu.user", CPU_MODES, cpu_user),
  SCALAR ("cpu.system", CPU_MODES, cpu_system),
  SCALAR ("vcpu.current", VCPU_COUNT, vcpu_current),
  SCALAR ("balloon.current", MEMORY, balloon_current),
  SCALAR ("balloon.maximum", MEMORY, balloon_maximum),
  SCALAR ("balloon.rss", MEMORY_RESIDENT, balloon_rss),
  SCALAR ("balloon.available", BALLOON, balloon_available),
  SCALAR ("balloon.unused", BALLOON, balloon_unused),
  SCALAR ("balloon.usable", BALLOON, balloon_usable),
  SCALAR ("balloon.swap_in", BALLOON, swap_in),
  SCALAR ("balloon.swap_out", BALLOON, swap_out),
  SCALAR ("balloon.major_fault", BALLOON, major_fault),
  SCALAR ("balloon.minor_fault", BALLOON, minor_fault),
  SCALAR ("balloon.last-update", BALLOON, balloon_last_update),
  SCALAR ("job.time_elapsed", MIGRATION, migration_elapsed),
  SCALAR ("job.data_total", MIGRATION, migration_total),
  SCALAR ("job.data_processed", MIGRATION, migration_processed),
  SCALAR ("job.data_remaining", MIGRATION, migration_remaining),
  SCALAR ("job.downtime", MIGRATION, migration_downtime),
  SCALAR ("perf.cpu_cycles", PERF, perf_cycles),
  SCALAR ("perf.instructions", PERF, perf_instructions),
  SCALAR ("perf.cache_references", PERF, perf_cache_references),
  SCALAR ("perf.cache_misses", PERF, perf_cache_misses),
};

#define OF_VCPU(name_, field_, member_)                                                                      \
  {                                                                                                          \
    name_, HM_FIELD_##field_, offsetof (HmVcpu, member_)                                                     \
  }
static const Row vcpu_rows[] = {
  OF_VCPU ("time", VCPU_TIMES, time),
  OF_VCPU ("wait", VCPU_WAIT, wait),
  OF_VCPU ("delay", VCPU_DELAY, delay),
};

#define OF_DISK(name_, field_, member_)                                                                      \
  {                                                                                                          \
    name_, HM_FIELD_DISK_##field_, offsetof (HmDisk, member_)                                                \
  }
static const Row disk_rows[] = {
  OF_DISK ("rd.reqs", IO, rd_reqs),         OF_DISK ("rd.bytes", IO, rd_bytes),
  OF_DISK ("rd.times", IO, rd_times),       OF_DISK ("wr.reqs", IO, wr_reqs),
  OF_DISK ("wr.bytes", IO, wr_bytes),       OF_DISK ("wr.times", IO, wr_times),
  OF_DISK ("fl.reqs", IO, fl_reqs),         OF_DISK ("fl.times", IO, fl_times),
  OF_DISK ("errors", IO, errors),           OF_DISK ("capacity", SIZE, capacity),
  OF_DISK ("allocation", SIZE, allocation), OF_DISK ("physical", SIZE, physical),
};

#define OF_NIC(name_, member_)                                                                               \
  {                                                                                                          \
    name_, HM_FIELD_NIC_IO, offsetof (HmNic, member_)                                                        \
  }
static const Row nic_rows[] = {
  OF_NIC ("rx.bytes", rx_bytes), OF_NIC ("rx.pkts", rx_pkts),   OF_NIC ("rx.errs", rx_errs),
  OF_NIC ("rx.drop", rx_drop),   OF_NIC ("tx.bytes", tx_bytes), OF_NIC ("tx.pkts", tx_pkts),
  OF_NIC ("tx.errs", tx_errs),   OF_NIC ("tx.drop", tx_drop),
};

typedef struct
{
  const char *prefix;
  HmFields fields;
  const Row *rows;
  guint n_rows;
} Group;

static const Group groups[N_GROUPS] = {
  [VCPU] = { "vcpu.", HM_FIELD_VCPU_TIMES | HM_FIELD_VCPU_WAIT | HM_FIELD_VCPU_DELAY, vcpu_rows,
             G_N_ELEMENTS (vcpu_rows) },
  [DISK] = { "block.", HM_FIELD_DISK_IO | HM_FIELD_DISK_SIZE, disk_rows, G_N_ELEMENTS (disk_rows) },
  [NIC] = { "net.", HM_FIELD_NIC_IO, nic_rows, G_N_ELEMENTS (nic_rows) },
};

HmStatsDecoder *
hm_stats_decoder_new (void)
{
  HmStatsDecoder *decoder = g_new0 (HmStatsDecoder, 1);

  for (guint i = 0; i < N_GROUPS; i++)
    decoder->parts[i] = g_array_new (FALSE, TRUE, sizeof (Part));
  return decoder;
}

void
hm_stats_decoder_free (HmStatsDecoder *decoder)
{
  if (decoder == NULL)
    return;
  for (guint i = 0; i < N_GROUPS; i++)
    g_array_unref (decoder->parts[i]);
  g_free (decoder);
}

void
hm_stats_decoder_begin (HmStatsDecoder *decoder)
{
  memset (&decoder->scalars, 0, sizeof (decoder->scalars));
  decoder->got = 0;
  for (guint i = 0; i < N_GROUPS; i++)
    g_array_set_size (decoder->parts[i], 0);
}

/* -- taking */

static HmMaybe
not_negative (gint64 value)
{
  return value >= 0 ? HM_GIVEN ((guint64)value) : HM_ABSENT;
}

static HmMaybe
number_of (const virTypedParameter *param)
{
  switch (param->type)
    {
    case VIR_TYPED_PARAM_ULLONG:
      return HM_GIVEN (param->value.ul);
    case VIR_TYPED_PARAM_UINT:
      return HM_GIVEN (param->value.ui);
    case VIR_TYPED_PARAM_LLONG:
      return not_negative (param->value.l);
    case VIR_TYPED_PARAM_INT:
      return not_negative (param->value.i);
    default:
      return HM_ABSENT;
    }
}

/* Stores into @base what @rows says about @name; gives the field, 0 when nothing was stored. */
static HmFields
store (const Row *rows, guint n_rows, const char *name, gpointer base, const virTypedParameter *param,
       HmFields take)
{
  HmMaybe value;

  for (guint i = 0; i < n_rows; i++)
    {
      if (!(rows[i].field & take) || strcmp (rows[i].name, name) != 0)
        continue;
      value = number_of (param);
      if (!value.given)
        return 0;
      *(HmMaybe *)((char *)base + rows[i].offset) = value;
      return rows[i].field;
    }
  return 0;
}

/* Parameters of one device stand together, so the last part is nearly always the one. */
static Part *
part_of (HmStatsDecoder *decoder, guint group, guint number)
{
  GArray *parts = decoder->parts[group];
  Part part = { .number = number };

  for (guint i = parts->len; i > 0; i--)
    if (g_array_index (parts, Part, i - 1).number == number)
      return &g_array_index (parts, Part, i - 1);
  g_array_append_val (parts, part);
  return &g_array_index (parts, Part, parts->len - 1);
}

/* The number after a group's prefix, and what follows its dot. */
static gboolean
split_number (const char *text, guint *ret_number, const char **ret_rest)
{
  guint number = 0;
  const char *c = text;

  for (; g_ascii_isdigit (*c) && number < 1000000; c++)
    number = number * 10 + (guint)(*c - '0');
  if (c == text || *c != '.')
    return FALSE;
  *ret_number = number;
  *ret_rest = c + 1;
  return TRUE;
}

/* Numbers are of one answer: when two give one number to different devices, the later answer alone counts. */
static void
name_part (Part *part, const char *name)
{
  if (part->name != NULL && strcmp (part->name, name) != 0)
    *part = (Part){ .number = part->number };
  part->name = name;
}

static void
take_of_device (HmStatsDecoder *decoder, guint group, const virTypedParameter *param, HmFields take)
{
  const Group *known = &groups[group];
  const char *rest = param->field + strlen (known->prefix);
  guint number;
  Part *part;

  if (strcmp (rest, "count") == 0)
    decoder->got |= known->fields & take; /* none of them is an answer too */
  else if (split_number (rest, &number, &rest))
    {
      part = part_of (decoder, group, number);
      if (param->type == VIR_TYPED_PARAM_STRING && strcmp (rest, "name") == 0)
        name_part (part, param->value.s);
      else
        decoder->got |= store (known->rows, known->n_rows, rest, &part->vcpu, param, take);
    }
}

static void
take_one (HmStatsDecoder *decoder, const virTypedParameter *param, HmFields take)
{
  for (guint group = 0; group < N_GROUPS; group++)
    {
      const char *prefix = groups[group].prefix;

      if (strncmp (param->field, prefix, strlen (prefix)) != 0 || strcmp (param->field, "vcpu.current") == 0)
        continue;
      if (groups[group].fields & take)
        take_of_device (decoder, group, param, take);
      return;
    }
  decoder->got |= store (scalars, G_N_ELEMENTS (scalars), param->field, &decoder->scalars, param, take);
}

void
hm_stats_decoder_take (HmStatsDecoder *decoder, const virTypedParameter *params, int n, HmFields take)
{
  for (int i = 0; i < n; i++)
    take_one (decoder, &params[i], take);
}

HmMaybe
hm_stats_decoder_state (const HmStatsDecoder *decoder)
{
  return decoder->scalars.state;
}

void
hm_stats_decoder_write_scalars (const HmStatsDecoder *decoder, HmDomain *domain)
{
  for (guint i = 0; i < G_N_ELEMENTS (scalars); i++)
    memcpy ((char *)domain + scalars[i].offset, (const char *)&decoder->scalars + scalars[i].offset,
            sizeof (HmMaybe));
  domain->got = decoder->got;
}
