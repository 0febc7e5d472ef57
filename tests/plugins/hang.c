/* SPDX-License-Identifier: Apache-2.0 */
/* hang: a publisher as bad as one can be: it never comes back from publish() (HANG_IN_PUBLISH), or takes all and never confirms
 * any. Built once of each kind, for e2e/publishers.sh. */
#include "metering/hypermeter.h"

static gpointer
hang_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context G_GNUC_UNUSED,
             HmConfirm confirm G_GNUC_UNUSED, gpointer user G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return g_queue_new ();
}

static gboolean
hang_start (gpointer self G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
hang_publish (gpointer self, HmMessage *message)
{
  g_queue_push_tail (self, hm_message_ref (message));
#ifdef HANG_IN_PUBLISH
  for (;;)
    g_usleep (G_USEC_PER_SEC);
#endif
  return TRUE;
}

static void
hang_flush (gpointer self G_GNUC_UNUSED, gint64 timeout_ns G_GNUC_UNUSED)
{
}

static void
hang_free (gpointer self)
{
  g_queue_free_full (self, (GDestroyNotify)hm_message_unref);
}

static const HmPublisher ops = {
  .create = hang_create,
  .start = hang_start,
  .publish = hang_publish,
  .flush = hang_flush,
  .free = hang_free,
};

#ifdef HANG_IN_PUBLISH
HM_PLUGIN (stuck, .ns = HM_NS_PUBLISHER, .summary = "For tests: does not come back", .publisher = &ops);
#else
HM_PLUGIN (silent, .ns = HM_NS_PUBLISHER, .summary = "For tests: does not confirm", .publisher = &ops);
#endif
