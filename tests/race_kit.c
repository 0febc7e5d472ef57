/* SPDX-License-Identifier: Apache-2.0 */
/* race_kit: see the header. */
#include "tests/race_kit.h"

#include "collector/bill/engine_close.h"
#include "collector/bill/periods.h"
#include "collector/bill/shadow_verify.h"
#include "collector/bill/statement_verify.h"
#include "collector/engine/engine_private.h"
#include "collector/engine/engine_requests.h"
#include "collector/engine/engine_roll.h"
#include "metering/error.h"
#include "tests/bill_check.h"

#include <string.h>

#define DAY_MINUTES     (24 * 60)
#define IN_TIME         600
#define LATE            200
#define RECORDS_IN_TIME 3
#define DAY_TEXT        10 /* "2024-10-04" */

RaceKit *
race_kit_new (const char *scheme, const char *url, gboolean two, RaceAct act)
{
  RaceKit *race = g_new0 (RaceKit, 1);
  g_autoptr (GError) error = NULL;

  race->folder = bill_kit_open (scheme, url);
  race->closer = two ? bill_kit_open (scheme, url) : race->folder;
  race->reader = race->folder->kit->real->open (url, HM_STORE_READ, 0, &error);
  if (race->reader == NULL)
    fail_msg ("%s", error->message);
  race->act = act;
  race->late = engine_kit_arrivals ();
  race->folder->kit->engine->close.clock = &race->closer->clock->clock;
  if (two)
    race->folder->kit->engine->close.holder = "two";
  bill_kit_roll (race->folder, G_MAXINT64);
  hm_fake_clock_advance (race->closer->clock, 2 * DAY);
  return race;
}

void
race_kit_free (RaceKit *race)
{
  g_ptr_array_unref (race->late);
  race->folder->kit->real->close (race->reader);
  if (race->closer != race->folder)
    bill_kit_free (race->closer);
  bill_kit_free (race->folder);
  g_free (race);
}

/* -- a day -- */

static char *
resource_of (const RaceKit *race)
{
  return g_strdup_printf ("r%u", race->day);
}

/* Appended a minute after it was made, like all. */
static void
date (const RaceKit *race, GPtrArray *arrivals, guint minute)
{
  HmArrival *arrival = g_ptr_array_index (arrivals, arrivals->len - 1);

  arrival->appended = arrival->received = MORNING + (race->day * DAY_MINUTES + minute + 1) * MINUTE;
}

static void
add_reading (RaceKit *race, GPtrArray *arrivals, guint minute, guint64 value)
{
  g_autofree char *resource = resource_of (race);

  engine_kit_add_reading (race->folder->kit, arrivals, g_intern_string (resource),
                          race->day * DAY_MINUTES + minute, value, HM_STATE_RUNNING);
  date (race, arrivals, minute);
}

/* A record with a name that can be erased. */
static void
add_description (RaceKit *race, GPtrArray *arrivals, guint minute)
{
  static char key[] = "display_name", value[] = "web";
  static HmAttr name = { key, value };
  g_autofree char *resource = resource_of (race);
  guint at = race->day * DAY_MINUTES + minute;
  HmRecord record;

  engine_kit_record (&record, g_intern_string (resource), at, MORNING + at * MINUTE);
  record.kind = HM_RECORD_LIFECYCLE;
  record.event = "described";
  record.observed = "event";
  record.n_samples = 0;
  record.description = &name;
  record.n_description = 1;
  g_ptr_array_add (arrivals, engine_kit_arrival (race->folder->kit, &record));
  date (race, arrivals, minute);
}

/* As if long had passed: whoever comes first leads. */
static void
end_leases (const RaceKit *race)
{
  const BillKit *const collectors[] = { race->folder, race->closer };
  guint64 token;

  for (guint i = 0; i < G_N_ELEMENTS (collectors); i++)
    {
      EngineKit *kit = collectors[i]->kit;

      assert_true (
          kit->real->lease (kit->store, HM_CLOSE_LEASE, kit->engine->close.holder, -1, &token, NULL));
    }
}

static HmTime
start_of (const RaceKit *race)
{
  return MORNING + race->day * DAY;
}

static guint64
used (const RaceKit *race)
{
  g_autofree char *resource = resource_of (race);

  return (guint64)engine_kit_cpu (race->folder->kit, resource).quantity;
}

/* -- what is done to it -- */

static gboolean
fold (RaceKit *race, GError **error)
{
  gboolean owned;

  return hm_engine_take (race->folder->kit->engine, (HmArrival *const *)race->late->pdata, race->late->len,
                         &owned, error);
}

static const RaceKit *rolling;

/* The day's resource alone, or each day would take longer than the one before. */
static gboolean
list_resource (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit, gpointer user,
               GError **error)
{
  g_autofree char *resource = resource_of (rolling);
  HmStoreFilter one = *filter;

  one.source = "site";
  one.resource = resource;
  return rolling->folder->kit->real->list_resources (store, &one, visit, user, error);
}

static gboolean
roll (RaceKit *race, GError **error)
{
  EngineKit *kit = race->folder->kit;
  const HmStoreOps before = kit->ops;
  gboolean rolled, more;

  rolling = race;
  kit->ops.list_resources = list_resource;
  rolled = hm_engine_roll (kit->engine, start_of (race) + DAY, 0, &more, error);
  kit->ops = before;
  return rolled;
}

static void
ask (RaceKit *race, const char *action)
{
  g_autofree char *resource = resource_of (race);
  g_autofree char *target = g_strdup_printf ("{\"source\":\"site\",\"resource\":\"%s\"}", resource);
  const HmRequestRow request
      = { .action = action, .target = target, .author = "somebody", .reason = "why not", .asked = MORNING };
  gint64 id;

  assert_true (race->folder->kit->real->request_add (race->folder->kit->store, &request, &id, NULL));
}

static gboolean
count_request (const HmRequestRow *row, gpointer n)
{
  (void)row;
  ++*(guint *)n;
  return TRUE;
}

static gboolean
answer (RaceKit *race, GError **error)
{
  EngineKit *kit = race->folder->kit;
  gboolean more;
  guint open = 0;

  if (!hm_engine_answer_requests (kit->engine, NULL, 10, &more, error)
      || !kit->real->list_requests (kit->store, TRUE, count_request, &open, error))
    return FALSE;
  if (open > 0)
    g_set_error_literal (error, HM_ERROR, HM_ERROR_TEMPORARY, "there is no answer yet");
  return open == 0;
}

/* Beside the engine, which forgets what it has at hand. */
static void G_GNUC_PRINTF (2, 3) execute (RaceKit *race, const char *format, ...)
{
  g_autofree char *sql = NULL;
  va_list args;

  va_start (args, format);
  sql = g_strdup_vprintf (format, args);
  va_end (args);
  race->execute (sql, race->user);
  hm_engine_forget (race->folder->kit->engine);
}

static void
prepare (RaceKit *race)
{
  if (race->act == RACE_ROLL)
    execute (race, "UPDATE resource_state SET rolled = %" G_GINT64_FORMAT " WHERE resource = 'r%u'",
             start_of (race), race->day);
  if (race->act == RACE_RECOMPUTE)
    execute (race, "UPDATE buckets SET cells = replace (cells, '\"q\":[', '\"q\":[1') WHERE resource = 'r%u'",
             race->day);
  if (race->act == RACE_RECOMPUTE || race->act == RACE_ERASE)
    ask (race, race->act == RACE_ERASE ? "erase" : "recompute");
}

gboolean
race_kit_act (RaceKit *race, GError **error)
{
  switch (race->act)
    {
    case RACE_FOLD:
      return fold (race, error);
    case RACE_ROLL:
      return roll (race, error);
    case RACE_RECOMPUTE:
    case RACE_ERASE:
      return answer (race, error);
    case RACE_NOTHING:
      break;
    }
  return TRUE;
}

static void
take_in_time (RaceKit *race)
{
  g_autoptr (GPtrArray) arrivals = engine_kit_arrivals ();

  add_reading (race, arrivals, 1, 100);
  add_description (race, arrivals, 30);
  add_reading (race, arrivals, 90, 100 + IN_TIME);
  assert_int_equal (arrivals->len, RECORDS_IN_TIME);
  engine_kit_take (race->folder->kit, arrivals);
}

void
race_kit_begin_day (RaceKit *race)
{
  end_leases (race);
  race->day++;
  hm_time_print (start_of (race), race->name);
  race->name[DAY_TEXT] = '\0';
  hm_fake_clock_advance (race->closer->clock, DAY);
  take_in_time (race);
  bill_kit_reach (race->folder, start_of (race) + DAY + HOUR + SECOND);
  g_ptr_array_set_size (race->late, 0);
  add_reading (race, race->late, 120, 100 + IN_TIME + LATE);
  prepare (race);
  race->used = used (race);
}

static gboolean
close_named (const BillKit *closer, const char *name, GError **error)
{
  HmCloseOrder order = { .name = name, .zone = "UTC", .author = "somebody" };
  gboolean closed = hm_engine_close_period (closer->kit->engine, &order, error);

  g_free (order.result);
  return closed;
}

gboolean
race_kit_close (RaceKit *race, GError **error)
{
  return close_named (race->closer, race->name, error);
}

gboolean
race_kit_close_too (RaceKit *race, GError **error)
{
  return close_named (race->folder, race->name, error);
}

void
race_kit_look (RaceKit *race)
{
  bill_check_statements (race->folder->kit->real, race->reader);
}

/* -- what was said of it -- */

static gboolean
add_line (const HmStatementLine *line, gpointer sum)
{
  if (strcmp (line->meter, "cpu") == 0)
    *(HmInt128 *)sum += line->quantity;
  return TRUE;
}

static guint64
said (const RaceKit *race)
{
  g_autofree char *resource = resource_of (race);
  const HmStoreFilter filter
      = { .from = HM_TIME_UNKNOWN, .to = HM_TIME_UNKNOWN, .source = "site", .resource = resource };
  HmInt128 sum = 0;

  assert_true (race->folder->kit->real->list_lines (race->reader, &filter, add_line, &sum, NULL));
  return (guint64)sum;
}

static gboolean
is_touched (const RaceKit *race)
{
  g_autoptr (GPtrArray) periods = hm_periods_load (race->folder->kit->real, race->reader, NULL);
  const HmPeriodRow *period = hm_periods_find (periods, race->name, "UTC");

  assert_non_null (period);
  return period->touched;
}

/* The hash of the day's own statement. (transfer full) */
static char *
hash_of (const RaceKit *race)
{
  const HmStoreOps *ops = race->folder->kit->real;
  g_autoptr (GPtrArray) periods = hm_periods_load (ops, race->reader, NULL);
  g_autoptr (GPtrArray) statements = hm_statements_load (ops, race->reader, NULL);

  return g_strdup (hm_statements_of (statements, hm_periods_find (periods, race->name, "UTC"))->sha256);
}

/* What it says of what stands behind the day. */
static guint64
records_of (const RaceKit *race)
{
  const HmStoreOps *ops = race->folder->kit->real;
  g_autoptr (GPtrArray) periods = hm_periods_load (ops, race->reader, NULL);
  g_autoptr (GPtrArray) statements = hm_statements_load (ops, race->reader, NULL);

  return hm_statements_of (statements, hm_periods_find (periods, race->name, "UTC"))->records;
}

static gboolean
keep_answer (const HmRequestRow *row, gpointer answer)
{
  g_free (*(char **)answer);
  *(char **)answer = g_strdup (row->result);
  return TRUE;
}

static void
check_answer (const RaceKit *race)
{
  g_autofree char *text = NULL;

  assert_true (race->folder->kit->real->list_requests (race->reader, FALSE, keep_answer, &text, NULL));
  if (race->act == RACE_ERASE)
    assert_string_equal (text, "erased: 1 description");
  else
    assert_true (g_str_has_prefix (text, "recomputed: ") && strstr (text, " 0 figures") == NULL);
}

/* Whether it was made after the act. */
static gboolean
check_first (const RaceKit *race, guint64 first)
{
  guint64 records = records_of (race), now = used (race);

  if (race->act == RACE_RECOMPUTE || race->act == RACE_ERASE)
    check_answer (race);
  assert_true (first == race->used || first == now);
  assert_int_equal (is_touched (race), first != now);
  assert_true (records == 0 || (race->act == RACE_ROLL && records == RECORDS_IN_TIME));
  assert_int_equal (now, race->act == RACE_FOLD ? IN_TIME + LATE : IN_TIME);
  return race->act == RACE_ROLL ? records > 0 : race->used != now && first == now;
}

static void
fail_difference (const HmDifference *difference, gpointer resource)
{
  fail_msg ("%s: %s %s", (const char *)resource, difference->what, difference->figure);
}

static void
verify (const RaceKit *race)
{
  const HmEngineSettings settings = { .grain_ns = HOUR };
  EngineKit *kit = race->folder->kit;
  g_autofree char *resource = resource_of (race);
  g_autoptr (GError) error = NULL;
  g_autoptr (HmShadow) shadow = hm_shadow_new (kit->real, race->reader, kit->meters, &settings, &error);
  guint rows;

  if (shadow == NULL
      || !hm_shadow_verify (shadow, "site", resource, fail_difference, resource, &rows, &error))
    fail_msg ("%s", error->message);
}

gboolean
race_kit_end_day (RaceKit *race)
{
  g_autofree char *before = hash_of (race), *after = NULL;
  gboolean acted = check_first (race, said (race));
  g_autoptr (GError) error = NULL;

  end_leases (race);
  if ((race->act != RACE_FOLD && !fold (race, &error)) || !close_named (race->closer, NULL, &error))
    fail_msg ("%s", error->message);
  after = hash_of (race);
  assert_string_equal (after, before);
  assert_int_equal (used (race), IN_TIME + LATE);
  assert_int_equal (said (race), IN_TIME + LATE);
  assert_false (is_touched (race));
  verify (race);
  return acted;
}

static void
fail_statement (gint64 statement, const HmDifference *difference, gpointer user)
{
  (void)user;
  fail_msg ("statement %" G_GINT64_FORMAT ": %s", statement, difference->figure);
}

void
race_kit_check_all (RaceKit *race)
{
  bill_check_statements (race->folder->kit->real, race->reader);
  bill_check_sums (race->folder->kit->real, race->reader);
  assert_true (hm_statements_verify (race->folder->kit->real, race->reader, fail_statement, NULL, NULL));
  assert_int_equal (engine_kit_raw_rows (race->folder->kit), (RECORDS_IN_TIME + 1) * race->day);
}
