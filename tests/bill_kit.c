/* SPDX-License-Identifier: Apache-2.0 */
/* bill_kit: see the header. What a resource is rolled up to is the test's to say: what rolls up is tested elsewhere. */
#include "tests/bill_kit.h"

#include "collector/engine/engine_private.h"
#include "collector/bill/statement.h"

static const HmStoreOps *real;
static HmTime rolled;

/* As if each resource's `rolled` were what the test says. */
static gboolean
list_resources (HmStore *store, const HmStoreFilter *filter, HmResourceVisit visit, gpointer user,
                GError **error)
{
  HmStoreFilter without = *filter;

  if (filter->rolled_before != 0 && rolled >= filter->rolled_before)
    return TRUE;
  without.rolled_before = 0;
  return real->list_resources (store, &without, visit, user, error);
}

static BillKit *
bill_over (EngineKit *kit)
{
  BillKit *bill = g_new0 (BillKit, 1);

  bill->kit = kit;
  bill->clock = hm_fake_clock_new (MORNING + HOUR);
  bill->kit->engine->close
      = (HmCloseSettings){ .grace_ns = HOUR, .holder = "one", .clock = &bill->clock->clock };
  real = bill->kit->real;
  rolled = 0;
  bill->kit->ops.list_resources = list_resources;
  return bill;
}

BillKit *
bill_kit_new (void)
{
  return bill_over (engine_kit_new ());
}

BillKit *
bill_kit_open (const char *scheme, const char *url)
{
  return bill_over (engine_kit_open (scheme, url));
}

void
bill_kit_free (BillKit *bill)
{
  engine_kit_free (bill->kit);
  g_free (bill->clock);
  g_free (bill);
}

void
bill_kit_reach (BillKit *bill, HmTime time)
{
  g_autoptr (GError) error = NULL;

  if (!real->offset_reached (bill->kit->store, "t", 0, bill->kit->offset, time, &error))
    fail_msg ("%s", error->message);
}

void
bill_kit_roll (BillKit *bill, HmTime day)
{
  (void)bill;
  rolled = day;
}

gboolean
bill_kit_lock (HmStore *store, GError **error)
{
  return real->lock_periods (store, error);
}

gboolean
bill_kit_hash_line (const HmStatementLine *line, gpointer hash)
{
  g_autofree char *text = hm_statement_line_to_json (line, NULL);

  g_checksum_update (hash, (const guchar *)text, -1);
  return TRUE;
}
