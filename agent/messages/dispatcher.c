/* SPDX-License-Identifier: Apache-2.0 */
/* dispatcher: see dispatcher.h. The inspector's event worker and the message reader call it; the handlers run
 * on their threads, one call at a time under the dispatcher's lock, so a handler needs none of its own. */
#include "agent/messages/dispatcher.h"

#include "agent/outbox/stamp.h"
#include "metering/error.h"
#include "metering/log.h"

typedef struct
{
  const HmPlugin *plugin;
  gpointer self;
  GPtrArray *globs; /* (element-type GPatternSpec) */
  gboolean failing; /* said, and not yet over */
} Handler;

struct HmDispatcher
{
  HmNoticeSink sink;
  HmOutbox *outbox;
  const HmClock *clock;
  GMutex lock;
  GPtrArray *handlers;     /* (element-type Handler) */
  const HmNotice *notice;  /* the one at hand */
  const HmPlugin *current; /* the handler at work */
  HmDispatcherCounts counts;
};

static void
free_glob (gpointer data)
{
  g_pattern_spec_free (data);
}

static void
free_handler (gpointer data)
{
  Handler *handler = data;

  if (handler->plugin->notification->free != NULL && handler->self != NULL)
    handler->plugin->notification->free (handler->self);
  g_ptr_array_unref (handler->globs);
  g_free (handler);
}

/* -- records that handlers make -- */

static gboolean
is_sound (const HmRecord *record)
{
  return (record->kind == HM_RECORD_LIFECYCLE || record->kind == HM_RECORD_SAMPLES)
         && record->resource.id != NULL && *record->resource.id != '\0';
}

/* What a handler has no means, or no business, to know. A notice may have waited: the boot time that is said is that of the record's time,
 * not of now, or readers would take the clock for one that was stepped. */
static void
complete (const HmDispatcher *dispatcher, HmRecord *record)
{
  const HmClock *clock = dispatcher->clock;

  if (record->time == HM_TIME_UNKNOWN)
    record->time = dispatcher->notice->time;
  hm_stamp_clock (clock, &record->clock);
  record->clock.boot_ns = MAX (record->clock.boot_ns - (clock->wall (clock) - record->time), 0);
}

static void
take_record (HmNoticeSink *sink, const HmRecord *made)
{
  HmDispatcher *dispatcher = (HmDispatcher *)sink;
  g_autoptr (GError) error = NULL;
  HmRecord record = *made;

  if (!is_sound (&record))
    g_set_error (&error, HM_ERROR, HM_ERROR_DATA, "it has no resource or is of the wrong kind");
  else
    {
      complete (dispatcher, &record);
      if (dispatcher->outbox->append (dispatcher->outbox, HM_CLASS_BILLING, &record, &error))
        {
          dispatcher->counts.records++;
          return;
        }
    }
  dispatcher->counts.unsound++;
  hm_warning ("notification %s: a record about %s is refused: %s", dispatcher->current->name,
              dispatcher->notice->event_type, error->message);
}

/* -- handlers -- */

HmDispatcher *
hm_dispatcher_new (HmOutbox *outbox, const HmClock *clock)
{
  HmDispatcher *dispatcher = g_new0 (HmDispatcher, 1);

  dispatcher->sink.record = take_record;
  dispatcher->outbox = outbox;
  dispatcher->clock = clock;
  dispatcher->handlers = g_ptr_array_new_with_free_func (free_handler);
  g_mutex_init (&dispatcher->lock);
  return dispatcher;
}

void
hm_dispatcher_free (HmDispatcher *dispatcher)
{
  if (dispatcher == NULL)
    return;
  g_ptr_array_unref (dispatcher->handlers);
  g_mutex_clear (&dispatcher->lock);
  g_free (dispatcher);
}

void
hm_dispatcher_add (HmDispatcher *dispatcher, const HmPlugin *plugin, gpointer self)
{
  Handler *handler = g_new0 (Handler, 1);

  handler->plugin = plugin;
  handler->self = self;
  handler->globs = g_ptr_array_new_with_free_func (free_glob);
  for (const char *const *glob = plugin->notification->event_types; *glob != NULL; glob++)
    g_ptr_array_add (handler->globs, g_pattern_spec_new (*glob));
  g_ptr_array_add (dispatcher->handlers, handler);
}

static gboolean
wants (const Handler *handler, const char *event_type)
{
  for (guint i = 0; i < handler->globs->len; i++)
    if (g_pattern_spec_match_string (g_ptr_array_index (handler->globs, i), event_type))
      return TRUE;
  return FALSE;
}

/* One line when a burst of failures or refusals begins. */
static void
note_result (HmDispatcher *dispatcher, Handler *handler, HmResult result, const GError *error)
{
  gboolean refuses = result == HM_REFUSED, fails = result == HM_RETRY || result == HM_BROKEN;
  HmLogFields fields = { .plugin = handler->plugin->name };

  dispatcher->counts.handled++;
  dispatcher->counts.failed += fails;
  dispatcher->counts.refused += refuses;
  if ((fails || refuses) && !handler->failing)
    hm_log (G_LOG_LEVEL_WARNING, &fields, "notification %s: %s: %s", handler->plugin->name,
            dispatcher->notice->event_type, error != NULL ? error->message : "it failed and gave no reason");
  handler->failing = fails || refuses;
}

static void
hand_to (HmDispatcher *dispatcher, Handler *handler)
{
  g_autoptr (GError) error = NULL;
  HmResult result;

  dispatcher->current = handler->plugin;
  result = handler->plugin->notification->process_notification (handler->self, dispatcher->notice,
                                                                &dispatcher->sink, &error);
  note_result (dispatcher, handler, result, error);
}

void
hm_dispatcher_dispatch (HmDispatcher *dispatcher, const HmNotice *notice)
{
  guint takers = 0;

  g_mutex_lock (&dispatcher->lock);
  dispatcher->notice = notice;
  for (guint i = 0; i < dispatcher->handlers->len; i++)
    {
      Handler *handler = g_ptr_array_index (dispatcher->handlers, i);

      if (!wants (handler, notice->event_type))
        continue;
      takers++;
      hand_to (dispatcher, handler);
    }
  dispatcher->counts.messages++;
  dispatcher->counts.ignored += takers == 0;
  dispatcher->notice = NULL;
  g_mutex_unlock (&dispatcher->lock);
}

void
hm_dispatcher_counts (HmDispatcher *dispatcher, HmDispatcherCounts *ret_counts)
{
  g_mutex_lock (&dispatcher->lock);
  *ret_counts = dispatcher->counts;
  g_mutex_unlock (&dispatcher->lock);
}
