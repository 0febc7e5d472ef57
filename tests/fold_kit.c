/* SPDX-License-Identifier: Apache-2.0 */
/* fold_kit: see the header. Failing one of its checks fails the calling test. */
#include "tests/fold_kit.h"

#include <string.h>

HmMeterTable *
kit_fold_meters (void)
{
  static const HmMeter meters[] = {
    { "cpu", HM_CUMULATIVE, "ns", HM_VALUE_U64, .help = "a process's counter" },
    { "disk.read", HM_CUMULATIVE, "B", HM_VALUE_U64, .life = HM_LIFE_DEVICE, .help = "a device's counter" },
    { "faults", HM_CUMULATIVE, "fault", HM_VALUE_U64, .life = HM_LIFE_GUEST, .help = "a guest's counter" },
    { "network.incoming.bytes", HM_CUMULATIVE, "B", HM_VALUE_U64, .life = HM_LIFE_DEVICE,
      .help = "an interface's counter" },
    { "vcpu.time", HM_CUMULATIVE, "ns", HM_VALUE_U64, .help = "a thread's counter" },
    { "narrow", HM_CUMULATIVE, "B", HM_VALUE_U64, .wrap = 32, .help = "a counter of 32 bits" },
    { "existence", HM_GAUGE, "instance", HM_VALUE_U64, .hold = HM_HOLD_EXISTENCE, .help = "while defined" },
    { "memory", HM_GAUGE, "KiB", HM_VALUE_U64, .hold = HM_HOLD_ALLOCATION,
      .help = "while there is a process" },
    { "capacity", HM_GAUGE, "B", HM_VALUE_U64, .hold = HM_HOLD_DISK, .help = "renewed while shut off" },
    { "activity", HM_GAUGE, "B", HM_VALUE_U64, .hold = HM_HOLD_ACTIVITY, .help = "while it works" },
    { "state", HM_GAUGE, "state", HM_VALUE_U64, .hold = HM_HOLD_STATE, .help = "the state" },
    { "stateless", HM_GAUGE, "KiB", HM_VALUE_U64, .hold = HM_HOLD_NONE,
      .help = "of something without states" },
    { "traffic", HM_DELTA, "B", HM_VALUE_U64, .help = "a difference" },
  };
  HmMeterTable *table = hm_meter_table_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (meters); i++)
    if (!hm_meter_table_add (table, &meters[i], "the test", &error))
      fail_msg ("%s", error->message);
  return table;
}

static char *
row_key (const HmBucket *row)
{
  return g_strdup_printf ("%020" G_GINT64_FORMAT "|%s|%s|%s|%s|%s|%d", row->grain, row->agent, row->epoch,
                          row->project, row->user, row->flavor, (int)row->state);
}

static HmBucket *
get_row (HmFoldOutput *self, HmTime grain, const char *agent, const char *epoch, const char *project,
         const char *user, const char *flavor, HmState state)
{
  KitRows *rows = (KitRows *)self;
  g_autoptr (HmBucket) row = hm_bucket_new ();
  g_autofree char *key = NULL;
  HmBucket *found;

  row->grain = grain;
  row->agent = g_strdup (agent);
  row->epoch = g_strdup (epoch);
  row->project = g_strdup (project);
  row->user = g_strdup (user);
  row->flavor = g_strdup (flavor);
  row->state = state;
  key = row_key (row);
  found = g_hash_table_lookup (rows->rows, key);
  if (found != NULL || rows->budget == 0)
    return found;
  rows->budget -= rows->budget > 0;
  found = g_steal_pointer (&row);
  g_hash_table_insert (rows->rows, g_steal_pointer (&key), found);
  return found;
}

static void
row_free (gpointer data)
{
  hm_bucket_free (data);
}

static void
held_free (gpointer data)
{
  KitHeld *held = data;

  g_free (held->agent);
  g_free (held->epoch);
  g_free (held->meter);
  g_free (held);
}

static void
keep_held (HmFoldOutput *self, const HmHeldRow *row)
{
  KitRows *rows = (KitRows *)self;
  KitHeld *held = g_new (KitHeld, 1);

  *held = (KitHeld){ *row, g_strdup (row->agent), g_strdup (row->epoch), g_strdup (row->meter) };
  g_hash_table_insert (rows->held,
                       g_strdup_printf ("%s|%s|%" G_GUINT64_FORMAT "|%s|%s|%s", row->agent, row->epoch,
                                        row->seq, row->device, row->meter, row->sample_epoch),
                       held);
}

/* Of the context: a reading that is counted later, as a gauge's is, has them and no trace. */
#define CONTEXT_FLAGS (HM_FLAG_LATE | HM_FLAG_CLOCK_STEP | HM_FLAG_FUTURE)

/* The sum of that series and life, made if it is not there. */
static KitSum *
sum_of (GHashTable *sums, const char *agent, const char *epoch, const char *device, const char *meter,
        const char *sample_epoch)
{
  g_autofree char *key = g_strjoin ("|", agent, epoch, device, meter, sample_epoch, NULL);
  KitSum *sum = g_hash_table_lookup (sums, key);

  if (sum == NULL)
    {
      sum = g_new0 (KitSum, 1);
      g_hash_table_insert (sums, g_steal_pointer (&key), sum);
    }
  return sum;
}

static void
keep_trace (HmFoldOutput *self, const HmFoldTrace *trace)
{
  KitRows *rows = (KitRows *)self;
  KitSum *sum
      = sum_of (rows->traced, trace->agent, trace->epoch, trace->device, trace->meter, trace->sample_epoch);

  assert_true (trace->from <= trace->to && trace->to <= trace->record->time);
  sum->quantity += trace->amount;
  sum->covered_ns += trace->covered_ns;
  sum->flags |= trace->flags & ~CONTEXT_FLAGS;
  if (trace->from < trace->to || trace->amount != 0)
    return;
  assert_true (trace->covered_ns == 0);
  rows->uncounted += trace->flags != 0;
}

KitRows *
kit_rows_new (void)
{
  KitRows *rows = g_new0 (KitRows, 1);

  rows->output.bucket = get_row;
  rows->output.held = keep_held;
  rows->output.trace = keep_trace;
  rows->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, held_free);
  rows->traced = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rows->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, row_free);
  rows->budget = -1;
  return rows;
}

void
kit_rows_free (KitRows *rows)
{
  if (rows == NULL)
    return;
  g_hash_table_unref (rows->rows);
  g_hash_table_unref (rows->held);
  g_hash_table_unref (rows->traced);
  g_free (rows);
}

static void
print_held (GString *text, const KitRows *rows)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (rows->held), (GCompareFunc)strcmp);

  for (const GList *at = keys; at != NULL; at = at->next)
    {
      const HmHeldRow *row = &((const KitHeld *)g_hash_table_lookup (rows->held, at->data))->row;
      char value[HM_NUMBER_MAX], base[HM_NUMBER_MAX], amount[HM_NUMBER_MAX];

      hm_value_print (row->value, value);
      hm_value_print (row->base, base);
      hm_int128_print (row->amount, 0, amount);
      g_string_append_printf (text,
                              "held %s %" G_GINT64_FORMAT " %x %s after %s at %" G_GINT64_FORMAT ": %s, %d\n",
                              (const char *)at->data, row->time, row->flag, value, base, row->base_time,
                              amount, (int)row->decision);
    }
}

char *
kit_rows_text (const KitRows *rows)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (rows->rows), (GCompareFunc)strcmp);
  GString *text = g_string_new (NULL);

  for (const GList *at = keys; at != NULL; at = at->next)
    {
      g_autofree char *cells = hm_bucket_cells_to_json (g_hash_table_lookup (rows->rows, at->data), NULL);

      g_string_append_printf (text, "%s %s\n", (const char *)at->data, cells);
    }
  print_held (text, rows);
  return g_string_free (text, FALSE);
}

void
kit_rows_reload (KitRows *rows)
{
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    {
      gsize length;
      g_autofree char *text = hm_bucket_cells_to_json (row, &length);

      if (!hm_bucket_cells_from_json (row, text, length, &error))
        fail_msg ("%s: %s", text, error->message);
    }
}

static gboolean
is_cell_of (const HmCell *cell, const char *device, const char *meter)
{
  return (device == NULL || strcmp (cell->device, device) == 0) && strcmp (cell->meter, meter) == 0;
}

static void
add_row (KitSum *sum, const HmBucket *row, const char *device, const char *meter)
{
  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);

      if (!is_cell_of (cell, device, meter))
        continue;
      sum->quantity += cell->quantity;
      sum->covered_ns += cell->covered_ns;
      sum->count += cell->count;
      sum->flags |= cell->flags;
      sum->cells++;
    }
}

KitSum
kit_rows_sum (const KitRows *rows, const char *device, const char *meter)
{
  KitSum sum = { 0 };
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    add_row (&sum, row, device, meter);
  return sum;
}

static void
assert_same_sums (GHashTable *a, GHashTable *b)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const KitSum *of_a = value, *of_b = g_hash_table_lookup (b, key);

      if (of_b == NULL || of_a->quantity != of_b->quantity || of_a->covered_ns != of_b->covered_ns
          || of_a->flags != of_b->flags)
        fail_msg ("%s: the traces say something else than the cells", (const char *)key);
    }
}

void
kit_rows_assert_traced (const KitRows *rows)
{
  g_autoptr (GHashTable) sums = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const HmBucket *row = value;

      for (guint i = 0; i < row->cells->len; i++)
        {
          const HmCell *cell = g_ptr_array_index (row->cells, i);
          KitSum *sum = sum_of (sums, row->agent, row->epoch, cell->device, cell->meter, cell->epoch);

          sum->quantity += cell->quantity;
          sum->covered_ns += cell->covered_ns;
          sum->flags |= cell->flags & ~CONTEXT_FLAGS;
        }
    }
  assert_same_sums (rows->traced, sums);
  g_hash_table_iter_init (&iter, sums);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((KitSum *)value)->quantity == 0 && ((KitSum *)value)->covered_ns == 0
        && ((KitSum *)value)->flags == 0)
      g_hash_table_iter_remove (&iter); /* a gauge that was read and did not hold */
  assert_same_sums (sums, rows->traced);
}

const KitHeld *
kit_rows_held (const KitRows *rows, const char *meter)
{
  const KitHeld *found = NULL;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, rows->held);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      if (strcmp (((KitHeld *)value)->meter, meter) != 0)
        continue;
      assert_null (found);
      found = value;
    }
  assert_non_null (found);
  return found;
}

const HmBucket *
kit_rows_at (const KitRows *rows, HmTime grain)
{
  const HmBucket *found = NULL;
  GHashTableIter iter;
  gpointer row;
  guint n = 0;

  g_hash_table_iter_init (&iter, rows->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    if (((const HmBucket *)row)->grain == grain)
      {
        found = row;
        n++;
      }
  assert_int_equal (n, 1);
  return found;
}

const HmCell *
kit_rows_cell (const KitRows *rows, HmTime grain, const char *meter)
{
  const HmBucket *row = kit_rows_at (rows, grain);
  const HmCell *found = NULL;

  for (guint i = 0; i < row->cells->len; i++)
    {
      const HmCell *cell = g_ptr_array_index (row->cells, i);

      if (!is_cell_of (cell, NULL, meter))
        continue;
      assert_null (found);
      found = cell;
    }
  return found;
}

HmFoldState *
kit_state_reload (HmFoldState *state)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  g_autofree char *text = hm_fold_state_to_json (state, &length);
  HmFoldState *read = hm_fold_state_from_json (text, length, &error);

  if (read == NULL)
    fail_msg ("%s: %s", text, error->message);
  hm_fold_state_free (state);
  return read;
}

void
kit_assert_i128 (HmInt128 value, HmInt128 expected)
{
  char text[HM_NUMBER_MAX], expected_text[HM_NUMBER_MAX];

  hm_int128_print (value, 0, text);
  hm_int128_print (expected, 0, expected_text);
  assert_string_equal (text, expected_text);
}

/* -- one resource being folded -- */

int
kit_fold_setup (void **state)
{
  KitFold *f = g_new0 (KitFold, 1);

  f->meters = kit_fold_meters ();
  f->policies = g_array_new (FALSE, FALSE, sizeof (HmFoldPolicy));
  f->settings = (HmFoldSettings){ HOUR, 3, MINUTE, f->meters, f->policies };
  f->decisions = hm_decisions_new ();
  f->context.decisions = f->decisions;
  f->state = hm_fold_state_new ();
  f->rows = kit_rows_new ();
  hm_record_init (&f->record, HM_RECORD_SAMPLES);
  f->record.source = "default";
  f->record.agent.id = "a";
  f->record.agent.epoch = "a1";
  f->record.agent.metering_since = MORNING;
  f->record.resource = (HmResourceStamp){ .id = "r",
                                          .kind = "thing",
                                          .project = "p",
                                          .user = "u",
                                          .flavor = "f",
                                          .state = HM_STATE_RUNNING,
                                          .epoch = "boot:1:0",
                                          .epoch_start = MORNING };
  f->record.interval_ns = MINUTE;
  f->record.samples = f->samples;
  *state = f;
  return 0;
}

int
kit_fold_teardown (void **state)
{
  KitFold *f = *state;

  hm_fold_state_free (f->state);
  kit_rows_free (f->rows);
  hm_decisions_free (f->decisions);
  g_array_unref (f->policies);
  hm_meter_table_free (f->meters);
  g_free (f);
  return 0;
}

HmSample *
kit_fold_sample (KitFold *f, const char *meter, guint64 value)
{
  const HmMeter *row = hm_meter_table_find (f->meters, meter);
  HmSample *sample = &f->samples[f->record.n_samples++];

  assert_non_null (row);
  assert_true (f->record.n_samples <= G_N_ELEMENTS (f->samples));
  *sample = (HmSample){ .meter = row->name,
                        .type = row->type,
                        .unit = row->unit,
                        .value = { HM_VALUE_U64, { .u64 = value } },
                        .epoch_start = HM_TIME_UNKNOWN,
                        .start = HM_TIME_UNKNOWN };
  return sample;
}

void
kit_fold_decide (KitFold *f, const char *meter, HmDecision decision)
{
  const HmDecisionRow row = { .source = "default",
                              .resource = "r",
                              .agent = f->record.agent.id,
                              .epoch = f->record.agent.epoch,
                              .seq = f->record.seq + 1,
                              .device = "",
                              .meter = meter,
                              .sample_epoch = "",
                              .decision = decision };

  hm_decisions_add (f->decisions, &row);
}

void
kit_fold_policy (KitFold *f, gint64 after, gboolean hold, guint64 network_limit)
{
  const HmFoldPolicy policy = { MORNING + after, hold, network_limit };

  g_array_append_val (f->policies, policy);
}

void
kit_fold_at (KitFold *f, gint64 after)
{
  f->record.time = MORNING + after;
  f->record.seq++;
  assert_true (hm_fold_in_order (f->state, &f->record));
  assert_true (hm_fold (f->state, &f->record, &f->context, &f->settings, &f->rows->output));
  f->record.n_samples = 0;
}

void
kit_fold_read (KitFold *f, gint64 after, const char *meter, guint64 value)
{
  kit_fold_sample (f, meter, value);
  kit_fold_at (f, after);
}

void
kit_fold_event (KitFold *f, gint64 after, const char *event, HmState state)
{
  f->record.kind = HM_RECORD_LIFECYCLE;
  f->record.event = event;
  f->record.resource.state = state;
  kit_fold_at (f, after);
  f->record.kind = HM_RECORD_SAMPLES;
  f->record.event = NULL;
}

void
kit_fold_assert (const KitFold *f, const char *meter, HmInt128 quantity, gint64 covered_ns, guint32 flags)
{
  KitSum sum = kit_rows_sum (f->rows, NULL, meter);

  kit_rows_assert_traced (f->rows);
  kit_assert_i128 (sum.quantity, quantity);
  assert_int_equal (sum.covered_ns, covered_ns);
  assert_int_equal (sum.flags, flags);
}
