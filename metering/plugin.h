/* SPDX-License-Identifier: Apache-2.0 */
/* plugin: the ABI between a program and its plugins.
 *
 * A plugin is a GLib module that exports one const data symbol, `hm_plugin`; nothing of it runs before it was
 * accepted. The same source can be linked in (HM_PLUGIN_STATIC) and then takes the same path. Every callback
 * that can fail takes a GError and must set it when it fails. */
#pragma once

#include <gmodule.h>

#include "metering/meter.h"
#include "metering/option.h"
#include "metering/record.h"
#include "metering/sink.h"

G_BEGIN_DECLS

/* Major: raised when a plugin must be rebuilt. Minor: raised when members are added at an end. A plugin is
 * taken when its major is ours and its minor is not above ours. */
#define HM_ABI_MAJOR 1
#define HM_ABI_MINOR 3

#define HM_NS_POLL_COMPUTE "hypermeter.poll.compute"
#define HM_NS_POLL_HOST    "hypermeter.poll.host"
#define HM_NS_SELF         "hypermeter.self"
#define HM_NS_NOTIFICATION "hypermeter.notification"
#define HM_NS_PUBLISHER    "hypermeter.publisher"
#define HM_NS_STORE        "hypermeter.store"

/* What a pollster or handler says of one call. */
typedef enum
{
  HM_OK,
  HM_NO_DATA, /* nothing to say this time */
  HM_RETRY,   /* failed, may work next time; counted */
  HM_GONE,    /* the thing is no more; quietly left out */
  HM_BROKEN,  /* quarantine this plugin for this resource, probe again with back-off */
  HM_REFUSED, /* a handler's word: the message is bad; counted, said, and not tried again */
} HmResult;

/* One of the figures that a program keeps of itself. @meter, @device (nullable): borrowed. */
typedef void (*HmFigureFunc) (const char *meter, const char *device, guint64 value, gpointer user);

/* What a plugin may know of the program it is in. Valid as long as the plugin runs. */
typedef struct
{
  const HmClock *clock;
  const char *root; /* prefix of every path that a reading pollster opens; "" on a real host */
  /* (nullable) Tells every figure that there is now, by the names of HM_NS_SELF's meters; called with `program` by a
   * pollster of that namespace, on its worker. A figure that is not known is not told. Since ABI 1.1. */
  void (*figures) (gpointer program, HmFigureFunc each, gpointer user);
  gpointer program;
  /* (nullable) Every meter of the plugins that are on, for a publisher that declares them. Grows never shorter; any thread, from a
   * publisher's start on. Since ABI 1.2. */
  const HmMeterTable *(*meters) (gpointer program);
} HmPluginContext;

/* -- pollsters ------------------------------------------------------------------------------------------- */

/* Pure: one domain in, samples out; no I/O, no clock, no state. Runs on a poll worker. */
typedef struct
{
  HmResult (*emit) (const HmDomain *domain, HmSink *sink);
} HmSnapshotPollster;

/* Pure as well: the hypervisor itself in, samples out. Namespace HM_NS_POLL_HOST alone. Since ABI 1.1. */
typedef struct
{
  HmResult (*emit) (const HmHost *host, HmSink *sink);
} HmHostPollster;

/* Gets its information elsewhere itself. Runs on a worker of its own, one call at a time, under a deadline. */
typedef struct
{
  gpointer (*create) (const HmOptions *options, const HmPluginContext *context, GError **error);
  /* (nullable) every tick, for windows and rates */
  HmResult (*sample) (gpointer self, GError **error);
  /* at the reporting interval */
  HmResult (*emit) (gpointer self, HmSink *sink, GError **error);
  void (*free) (gpointer self);
} HmReadingPollster;

/* -- notifications --------------------------------------------------------------------------------------- */

/* One message, from whatever source: libvirt's events and a bus's look the same. All borrowed. */
typedef struct
{
  const char *event_type; /* "libvirt.domain.started", "compute.instance.exists" */
  HmTime time;            /* when it arrived */
  const HmResource
      *resource; /* (nullable) what the inventory knows of it: after the event, unless it is gone */
  const struct HmJson *body; /* (nullable) a bus message's JSON */
  const char *device;        /* (nullable) the device that it is about */
  HmTime not_before;         /* last moment known in the state before; HM_TIME_UNKNOWN */
  gboolean compared;         /* found by comparison, not told by an event */
  HmTime last_read;          /* of an end: when all counters that ended were last read; HM_TIME_UNKNOWN */
  const HmSample *samples;   /* of an end: their final values … */
  guint n_samples;
  gint64 read_ns; /* … which were read no earlier than this before `time` */
} HmNotice;

/* Where a handler puts what it makes of a message. Each call makes one record. */
typedef struct HmNoticeSink HmNoticeSink;
struct HmNoticeSink
{
  /* @record: a lifecycle or samples record of which source, agent, seq and clock are filled in behind. Borrowed. */
  void (*record) (HmNoticeSink *self, const HmRecord *record);
};

typedef struct
{
  const char *const *event_types; /* globs, NULL-terminated */
  gpointer (*create) (const HmOptions *options, const HmPluginContext *context,
                      GError **error); /* (nullable) */
  HmResult (*process_notification) (gpointer self, const HmNotice *notice, HmNoticeSink *sink,
                                    GError **error);
  void (*free) (gpointer self); /* (nullable) */
} HmNotification;

/* -- publishers ------------------------------------------------------------------------------------------ */

/* A record that is encoded and signed, as it lies in the outbox. Immutable; thread-safe references. */
typedef struct
{
  guint64 position; /* in the outbox */
  HmRecordKind kind;
  char *key;       /* resource id, or agent id */
  char *id;        /* ce_id */
  char *source;    /* ce_source */
  HmTime time;     /* ce_time */
  char *signature; /* (nullable) hm-signature */
  GBytes *value;
  gint refs;
} HmMessage;

HmMessage *hm_message_ref (HmMessage *message);
void hm_message_unref (HmMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HmMessage, hm_message_unref)

typedef enum
{
  HM_DELIVERY_DONE,   /* it is where it should be */
  HM_DELIVERY_RETRY,  /* it is not; hand it over again later */
  HM_DELIVERY_REJECT, /* it never will be (too large, invalid); it becomes a gap record */
} HmDelivery;

/* Called by the publisher exactly once per message that it took, from any thread. */
typedef void (*HmConfirm) (gpointer user, HmMessage *message, HmDelivery delivery, const char *reason);

typedef struct
{
  /* Checks options; opens nothing. @confirm is valid until free. */
  gpointer (*create) (const HmOptions *options, const HmPluginContext *context, HmConfirm confirm,
                      gpointer user, GError **error);
  gboolean (*start) (gpointer self, GError **error);
  /* Takes a reference and TRUE; or FALSE: not now (queue full, no connection), ask again later. Never blocks. */
  gboolean (*publish) (gpointer self, HmMessage *message);
  /* Waits until all that was taken is confirmed, @timeout_ns at most. */
  void (*flush) (gpointer self, gint64 timeout_ns);
  /* Stops within 1 s; what is not confirmed by then is confirmed RETRY. */
  void (*free) (gpointer self);
  /* (nullable) The program was told to open its files anew (SIGHUP). Any thread; waits for nothing. Since ABI 1.2. */
  void (*reopen) (gpointer self);
  /* (nullable) Tells its own figures, as HmPluginContext.figures does. Any thread; waits for nothing. Since ABI 1.2. */
  void (*figures) (gpointer self, HmFigureFunc each, gpointer user);
  /* (nullable) Whether start() would find the files and folders that the options name, for --check-config: reads at most, makes and
   * changes nothing, connects to nothing. After create(). HM_ERROR_CONFIG: key and reason. Since ABI 1.3. */
  gboolean (*check) (gpointer self, GError **error);
} HmPublisher;

/* -- descriptor ------------------------------------------------------------------------------------------ */

typedef struct
{
  guint16 abi_major, abi_minor;
  guint32 struct_size; /* sizeof (HmPlugin) as the plugin was built */
  const char *name;    /* the file's stem */
  const char *version;
  const char *ns;
  const char *summary;
  const HmOption *options; /* (nullable) ended by a NULL key */
  const HmMeter *meters;   /* (nullable) ended by a NULL name */
  /* Exactly one of these, the one that the namespace asks for. */
  const HmSnapshotPollster *snapshot_pollster;
  const HmReadingPollster *reading_pollster;
  const HmNotification *notification;
  const HmPublisher *publisher;
  const struct HmStoreOps *store;
  const HmHostPollster *host_pollster; /* since 1.1: read it by hm_plugin_host_pollster() */
} HmPlugin;

/* (nullable) A plugin that was built for ABI 1.0 has no such member. */
static inline const HmHostPollster *
hm_plugin_host_pollster (const HmPlugin *plugin)
{
  return plugin->struct_size >= sizeof (HmPlugin) ? plugin->host_pollster : NULL;
}

/* Whether the publisher's `reopen` and `figures` are there to be looked at: one that was built for less has none. */
static inline gboolean
hm_plugin_publisher_is_whole (const HmPlugin *plugin)
{
  return plugin->publisher != NULL && plugin->abi_minor >= 2;
}

/* Whether its `check` is: likewise. */
static inline gboolean
hm_plugin_publisher_checks (const HmPlugin *plugin)
{
  return plugin->publisher != NULL && plugin->abi_minor >= 3 && plugin->publisher->check != NULL;
}

#define HM_PLUGIN_SYMBOL "hm_plugin"

#ifdef HM_PLUGIN_STATIC
#define HM_PLUGIN_NAME_(name)      hm_plugin_##name
#define HM_PLUGIN_SYMBOL_FOR(name) HM_PLUGIN_NAME_ (name)
#else
#define HM_PLUGIN_SYMBOL_FOR(name) hm_plugin
#endif

/* HM_PLUGIN (network, .ns = HM_NS_POLL_COMPUTE, .summary = "…", .meters = meters, .snapshot_pollster = &ops); */
#define HM_PLUGIN(plugin_name, ...)                                                                          \
  G_MODULE_EXPORT extern const HmPlugin HM_PLUGIN_SYMBOL_FOR (plugin_name);                                  \
  const HmPlugin HM_PLUGIN_SYMBOL_FOR (plugin_name) = { .abi_major = HM_ABI_MAJOR,                           \
                                                        .abi_minor = HM_ABI_MINOR,                           \
                                                        .struct_size = sizeof (HmPlugin),                    \
                                                        .name = #plugin_name,                                \
                                                        .version = HM_PLUGIN_VERSION,                        \
                                                        __VA_ARGS__ }

/* A plugin outside the tree defines its own before it includes this. */
#ifndef HM_PLUGIN_VERSION
#ifdef PACKAGE_VERSION
#define HM_PLUGIN_VERSION PACKAGE_VERSION
#else
#define HM_PLUGIN_VERSION "0"
#endif
#endif

/* A snapshot pollster in one go: HM_POLLSTER (network, HM_NS_POLL_COMPUTE, "…", meters, emit); */
#define HM_POLLSTER(plugin_name, plugin_ns, plugin_summary, plugin_meters, plugin_emit)                      \
  static const HmSnapshotPollster hm_pollster_ops = { .emit = plugin_emit };                                 \
  HM_PLUGIN (plugin_name, .ns = plugin_ns, .summary = plugin_summary, .meters = plugin_meters,               \
             .snapshot_pollster = &hm_pollster_ops)

/* The same of the host: HM_HOST_POLLSTER (node, "…", meters, emit); */
#define HM_HOST_POLLSTER(plugin_name, plugin_summary, plugin_meters, plugin_emit)                            \
  static const HmHostPollster hm_pollster_ops = { .emit = plugin_emit };                                     \
  HM_PLUGIN (plugin_name, .ns = HM_NS_POLL_HOST, .summary = plugin_summary, .meters = plugin_meters,         \
             .host_pollster = &hm_pollster_ops)

G_END_DECLS
