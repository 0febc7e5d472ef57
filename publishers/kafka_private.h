/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_private: what the files of the plugin `kafka` share. kafka.c is the publisher, kafka_client.c builds
 * and renews librdkafka's client, kafka_report.c judges what the client says, kafka_declare.c declares the meters,
 * kafka_figures.c tells how it all fares, kafka_watch.c sees what goes on for too long, kafka_options.c reads the
 * configuration. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "metering/hypermeter.h"

G_BEGIN_DECLS

#define HM_KAFKA_RENEW_FIRST_US G_GINT64_CONSTANT (1000000) /* between two clients, doubled each time */

/* Declaring all meters once. The thread's own. */
typedef struct
{
  GPtrArray *meters;  /* (nullable) (element-type HmMeter) */
  guint next;         /* the first that the client was not given */
  guint answered;     /* what the brokers have spoken on … */
  guint refused;      /* … and how many of them they did not take */
  gint64 again, wait; /* when to try again, and how long after that */
  gboolean late;      /* records do not wait for it any more: what is open was counted as refused */
  gboolean said;      /* that they are refused */
} HmKafkaRound;

/* What the thread has seen of its client at its last turn. */
typedef struct
{
  gboolean there; /* a broker … */
  guint since;    /* … since then, by hm_kafka_now() */
  gboolean said;  /* that records are stuck */
  gboolean told;  /* the outbox as well */
} HmKafkaWatch;

/* Of one client, as its last statistics had it. */
typedef struct
{
  gboolean known;
  guint64 requests, bytes, resends;
  guint64 brokers; /* connected */
  HmMaybe rtt_ns, throttle_ns;
} HmKafkaTraffic;

typedef struct
{
  guint64 clients;           /* built */
  guint64 unproven;          /* acknowledged without an offset */
  guint64 declared, refused; /* declarations, by what the brokers said */
} HmKafkaCounts;

typedef struct
{
  char *topic;
  char *declare_topic; /* (nullable) */
  HmOptions *options;  /* what every client begins with: a secret's file is read anew for each */
  const HmPluginContext *context;
  HmConfirm confirm;
  gpointer user;
  GThread *thread;

  GMutex lock;
  GCond changed;
  rd_kafka_t *client;   /* (nullable) while one is being built */
  GHashTable *in_hands; /* HmMessage → hm_kafka_now(): taken then and not confirmed; owns a reference */
  guint confirming;     /* so many threads are about to confirm what they took out of the hands */
  guint careful;        /* so many messages are still to be sent alone */
  HmMessage *alone;     /* (nullable) (unowned) sent while nothing else was in hands */
  gboolean stop, finished;
  gboolean left;       /* free() did not wait for the thread, which frees all at its end */
  const char *renew;   /* (nullable) why the client must be built anew */
  gboolean call_back;  /* one failed: all that is in hands comes back before anything is taken */
  gboolean look_again; /* refuse one: it may have been on its way while others came back */
  gboolean declaring;  /* records wait for the declarations */
  gboolean full;       /* the last record that was offered was not taken */
  guint stuck;         /* in hands for too long */
  char *trouble;       /* (nullable) why none can be delivered, until the outbox was told */
  HmKafkaCounts counts;
  HmKafkaTraffic traffic, past; /* of this client, and of those before it */
  gint other_cluster;           /* atomic: the client said so, maybe with locks of its own held */

  /* The thread's own. */
  gboolean down; /* no broker: said */
  gint64 down_since, renewed, renew_wait;
  gboolean gone; /* this client lost all brokers, and none has taken anything since */
  HmKafkaWatch watch;
  gint64 asked;           /* when the cluster's id was last looked at */
  gboolean knows_cluster; /* this client has said an id */
  gboolean doubted;       /* it has acknowledged something without an offset */
  char *cluster;          /* (nullable) the id that was last seen */
  char *last_error;       /* (nullable) */
  HmKafkaRound round;
} HmKafka;

/* -- kafka.c -- */
/* Once no thread uses it any more. */
void hm_kafka_dispose (HmKafka *self);

/* -- kafka_report.c: callbacks of the client, on the plugin's thread but for the log -- */
/* Lets a client speak to @self. */
void hm_kafka_report_install (HmKafka *self, rd_kafka_conf_t *conf);
/* TRUE for an error that is about the message itself, and not about the way. */
gboolean hm_kafka_is_about_content (rd_kafka_resp_err_t err);

/* Under no lock. @reason: static. */
void hm_kafka_ask_to_renew (HmKafka *self, const char *reason);
/* A broker has taken something. */
void hm_kafka_note_progress (HmKafka *self);
/* One is there. */
void hm_kafka_note_there (HmKafka *self);

/* -- kafka_declare.c -- */
/* Before a client is there for publish(). */
void hm_kafka_declare_begin (HmKafka *self);
/* At each turn: hands the client what is not declared yet, as far as its queue takes it. */
void hm_kafka_declare_go_on (HmKafka *self, rd_kafka_t *client);
void hm_kafka_declare_report (HmKafka *self, const rd_kafka_message_t *report);
/* Records waited for @seconds: they wait no longer. */
void hm_kafka_declare_let_go (HmKafka *self, guint seconds);

/* -- kafka_watch.c -- */
guint hm_kafka_now (const HmKafka *self); /* seconds, monotonic */
/* Another client: nothing is known of its brokers yet. */
void hm_kafka_watch_begin (HmKafka *self);
/* At each turn. */
void hm_kafka_watch (HmKafka *self);

/* -- kafka_figures.c -- */
int hm_kafka_figures_take (HmKafka *self, const char *text, gsize length); /* a client's statistics */
void hm_kafka_figures_close (HmKafka *self); /* that client is no more; under the lock */
void hm_kafka_figures (gpointer self, HmFigureFunc each, gpointer user);

/* -- kafka_client.c -- */
/* Puts a new client there. Where there can be none now, the log and the outbox are told why, and the thread tries again. */
void hm_kafka_client_build (HmKafka *self);
/* Serves the client until `stop`, renewing it when that is due, and closes it: the thread's function. */
gpointer hm_kafka_client_run (gpointer self);
/* Confirms RETRY for all that is in hands. @leak: keeps their memory, as a client that is left behind still
 * reads it. */
void hm_kafka_give_back (HmKafka *self, const char *reason, gboolean leak);
/* What was counted in `confirming`, under the lock with taking it out, is confirmed. */
void hm_kafka_confirm_end (HmKafka *self);
/* Makes the thread look at `stop` now; under the lock. */
void hm_kafka_client_wake (HmKafka *self);

G_END_DECLS
