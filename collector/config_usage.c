/* SPDX-License-Identifier: Apache-2.0 */
/* config_usage: see config_usage.h. */
#include "collector/config_usage.h"

#include "collector/usage/policy.h"

#define MINUTE (60 * HM_NSEC_PER_SEC)
#define DAY    (24 * 60 * MINUTE)

const HmOption hm_config_usage_options[] = {
  { .key = "grain",
    .type = HM_OPTION_DURATION,
    .fallback = "1h",
    .min = 5 * MINUTE,
    .max = 60 * MINUTE,
    .help = "The shortest period that usage is kept for; divides a day; fixed when the store is made" },
  { .key = "hold-intervals",
    .type = HM_OPTION_INTEGER,
    .fallback = "3",
    .min = 1,
    .max = 1000,
    .help = "A gauge's value holds that many intervals at most; later the time is unknown; fixed when the "
            "store is made" },
  { .key = "fallback-interval",
    .type = HM_OPTION_DURATION,
    .fallback = "60s",
    .min = HM_NSEC_PER_SEC,
    .max = DAY,
    .help = "The interval of records that state none; fixed when the store is made" },
  { .key = "close-grace",
    .type = HM_OPTION_DURATION,
    .fallback = "1h",
    .min = 0,
    .max = 31 * DAY,
    .help = "For how long after its end a period waits for late records until it can be closed" },
  { .key = "unknown",
    .type = HM_OPTION_CHOICE,
    .choices = "none|hold",
    .help
    = "What becomes of a gauge's value over time that nobody knows of: none, it ends; hold, it goes on. From "
      "the next step on; default: as it was set before, at first none" },
  { .key = "network-limit",
    .type = HM_OPTION_TEXT,
    .help
    = "What one network interface can carry, such as 10Gbit; what exceeds it is held out until somebody "
      "decides; 0: not known. From the next step on; default: as it was set before" },
  { .key = NULL },
};

static gboolean
check_limit (const HmOptions *usage, GError **error)
{
  const char *limit = hm_options_text (usage, "network-limit");
  guint64 bytes;

  if (limit == NULL || hm_policy_limit_parse (limit, &bytes))
    return TRUE;
  hm_options_refuse (usage, "network-limit", "no rate; write 10Gbit, 100Mbit, or 0 for none", error);
  return FALSE;
}

gboolean
hm_config_usage_check (const HmOptions *usage, GError **error)
{
  if (DAY % hm_options_integer (usage, "grain") == 0)
    return check_limit (usage, error);
  hm_options_refuse (usage, "grain", "does not divide a day", error);
  return FALSE;
}

static gboolean
refuse_holding (const HmOptions *usage, const char *key, const char *is, const char *asked, GError **error)
{
  g_autofree char *reason = g_strdup_printf (
      "the store was made with %s, and that holds for its life, because all that it keeps was counted so; %s "
      "is asked for. Set %s; what holds from a time on is changed by 'hypermeter policy'",
      is, asked, is);

  hm_options_refuse (usage, key, reason, error);
  return FALSE;
}

gboolean
hm_config_usage_check_holding (const HmOptions *usage, guint intervals, gint64 fallback_ns, GError **error)
{
  gint64 hold = hm_options_integer (usage, "hold-intervals");
  gint64 fallback = hm_options_integer (usage, "fallback-interval");
  g_autofree char *is = NULL, *asked = NULL;

  if (hold != intervals)
    {
      is = g_strdup_printf ("%u", intervals);
      asked = g_strdup_printf ("%" G_GINT64_FORMAT, hold);
      return refuse_holding (usage, "hold-intervals", is, asked, error);
    }
  if (fallback == fallback_ns)
    return TRUE;
  is = hm_duration_print (fallback_ns);
  asked = hm_duration_print (fallback);
  return refuse_holding (usage, "fallback-interval", is, asked, error);
}

HmPolicyWish
hm_config_usage_wish (const HmOptions *usage)
{
  const char *limit = hm_options_text (usage, "network-limit"), *unknown = hm_options_text (usage, "unknown");
  HmPolicyWish wish = { .unknown_said = unknown != NULL, .limit_said = limit != NULL };

  if (unknown != NULL)
    hm_policy_unknown_parse (unknown, &wish.hold);
  if (limit != NULL)
    hm_policy_limit_parse (limit, &wish.network_limit);
  return wish;
}
