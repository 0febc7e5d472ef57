/* SPDX-License-Identifier: Apache-2.0 */
/* fake_polling: see fake_polling.h. */
#include "tests/fakes/fake_polling.h"

const FakeSource fake_default[] = { { "default", 60 * HM_NSEC_PER_SEC, NULL, NULL }, { .name = NULL } };

static char **
split (const char *text)
{
  return text != NULL ? g_strsplit (text, ";", -1) : NULL;
}

/* Of one source, which the default is, and then the next ones are moved into it. */
static HmPolling *
of_one (const FakeSource *model)
{
  g_auto (GStrv) meters = split (model->meters);
  g_autoptr (GError) error = NULL;
  HmPolling *polling = hm_polling_new_default (model->interval_ns, (const char *const *)meters, &error);
  HmPollingSource *source;

  if (polling == NULL)
    fail_msg ("%s", error->message);
  source = g_ptr_array_index (polling->sources, 0);
  g_free (source->name);
  source->name = g_strdup (model->name);
  source->resources = split (model->resources);
  return polling;
}

HmPolling *
fake_polling (const FakeSource *sources)
{
  HmPolling *polling = of_one (&sources[0]);

  for (guint i = 1; sources[i].name != NULL; i++)
    {
      g_autoptr (HmPolling) next = of_one (&sources[i]);

      g_ptr_array_add (polling->sources, g_ptr_array_steal_index (next->sources, 0));
    }
  return polling;
}

HmRoster *
fake_roster (const FakeSource *sources, const HmPlugin *const *pollsters)
{
  g_autoptr (HmPolling) polling = fake_polling (sources);
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (const HmPlugin *));

  for (; *pollsters != NULL; pollsters++)
    g_array_append_vals (array, pollsters, 1);
  return hm_roster_new (polling, array);
}
