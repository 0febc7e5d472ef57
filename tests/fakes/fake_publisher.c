/* SPDX-License-Identifier: Apache-2.0 */
/* fake_publisher: see fake_publisher.h. */
#include "tests/fakes/fake_publisher.h"

#define PATIENCE_US (120 * G_USEC_PER_SEC)

static FakePublisher fake;

static void
ensure_lists (void)
{
  if (fake.ids != NULL)
    return;
  fake.ids = g_ptr_array_new_with_free_func (g_free);
  fake.held = g_ptr_array_new_with_free_func ((GDestroyNotify)hm_message_unref);
  fake.room = G_MAXUINT;
}

FakePublisher *
fake_publisher (void)
{
  ensure_lists ();
  return &fake;
}

void
fake_publisher_reset (void)
{
  g_clear_pointer (&fake.ids, g_ptr_array_unref);
  g_clear_pointer (&fake.held, g_ptr_array_unref);
  fake = (FakePublisher){ 0 };
  ensure_lists ();
}

static gpointer
fake_create (const HmOptions *options G_GNUC_UNUSED, const HmPluginContext *context G_GNUC_UNUSED,
             HmConfirm confirm, gpointer user, GError **error G_GNUC_UNUSED)
{
  ensure_lists ();
  fake.confirm = confirm;
  fake.user = user;
  return &fake;
}

static gboolean
fake_start (gpointer self G_GNUC_UNUSED, GError **error)
{
  if (fake.fails_start)
    g_set_error (error, HM_ERROR, HM_ERROR_CREATE, "the fake does not start");
  fake.started++;
  return !fake.fails_start;
}

static gboolean
fake_publish (gpointer self G_GNUC_UNUSED, HmMessage *message)
{
  /* No two alike, or the log would fold the lines about them. */
  g_autofree char *reason = NULL;
  HmDelivery delivery = HM_DELIVERY_DONE;
  gboolean holds;

  g_mutex_lock (&fake.lock);
  if (fake.held->len >= fake.room)
    {
      g_mutex_unlock (&fake.lock);
      return FALSE;
    }
  g_ptr_array_add (fake.ids, g_strdup (message->id));
  reason = g_strdup_printf ("reason %u", fake.ids->len);
  holds = fake.holds;
  if (holds)
    g_ptr_array_add (fake.held, hm_message_ref (message));
  else if (fake.retries > 0)
    {
      fake.retries--;
      delivery = HM_DELIVERY_RETRY;
    }
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
  if (!holds)
    fake.confirm (fake.user, message, delivery, reason);
  return TRUE;
}

static void
fake_reopen (gpointer self G_GNUC_UNUSED)
{
  g_mutex_lock (&fake.lock);
  fake.reopened++;
  g_mutex_unlock (&fake.lock);
}

static void
fake_flush (gpointer self G_GNUC_UNUSED, gint64 timeout_ns)
{
  g_mutex_lock (&fake.lock);
  fake.flushed++;
  fake.timeout = timeout_ns;
  g_mutex_unlock (&fake.lock);
}

void
fake_publisher_confirm (HmDelivery delivery, const char *reason)
{
  g_autoptr (HmMessage) message = NULL;

  g_mutex_lock (&fake.lock);
  assert_true (fake.held->len > 0);
  message = g_ptr_array_steal_index (fake.held, 0);
  g_mutex_unlock (&fake.lock);
  fake.confirm (fake.user, message, delivery, reason);
}

static void
fake_free (gpointer self G_GNUC_UNUSED)
{
  while (fake.held->len > 0)
    fake_publisher_confirm (HM_DELIVERY_RETRY, "stopped");
  g_mutex_lock (&fake.lock);
  while (fake.stays)
    g_cond_wait (&fake.changed, &fake.lock);
  g_mutex_unlock (&fake.lock);
  fake.freed++;
}

void
fake_publisher_let_go (void)
{
  g_mutex_lock (&fake.lock);
  fake.stays = FALSE;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
}

void
fake_publisher_wait (guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;
  gboolean in_time = TRUE;
  guint have;

  g_mutex_lock (&fake.lock);
  while ((have = fake.ids->len) < n && in_time)
    in_time = g_cond_wait_until (&fake.changed, &fake.lock, deadline);
  g_mutex_unlock (&fake.lock);
  if (have < n)
    fail_msg ("%u messages were published, where %u were expected", have, n);
}

/* One of each that a publisher can tell. */
static void
fake_figures (gpointer self G_GNUC_UNUSED, HmFigureFunc each, gpointer user)
{
  static const char *const meters[]
      = { "clients",           "stuck", "unproven", "declared", "declared.refused", "requests",
          "requests.repeated", "bytes", "brokers",  "rtt",      "throttle" };

  for (guint64 i = 0; i < G_N_ELEMENTS (meters); i++)
    {
      g_autofree char *meter = g_strconcat ("agent.publisher.", meters[i], NULL);

      each (meter, NULL, i + 1, user);
    }
}

static const HmPublisher ops = {
  .create = fake_create,
  .start = fake_start,
  .publish = fake_publish,
  .flush = fake_flush,
  .reopen = fake_reopen,
  .free = fake_free,
  .figures = fake_figures,
};

const HmPlugin *
fake_publisher_plugin (void)
{
  static const HmPlugin plugin = {
    .abi_major = HM_ABI_MAJOR,
    .abi_minor = HM_ABI_MINOR,
    .struct_size = sizeof (HmPlugin),
    .name = "fake",
    .version = "1",
    .ns = HM_NS_PUBLISHER,
    .summary = "For tests",
    .publisher = &ops,
  };

  return &plugin;
}
