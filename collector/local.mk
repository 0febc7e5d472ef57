# The pure half of the collector, which the program, the stores and the command line share.
noinst_LTLIBRARIES += %D%/libusage.la
%C%_libusage_la_SOURCES = \
	%D%/bill/adjustment.c \
	%D%/bill/adjustment.h \
	%D%/bill/merkle.c \
	%D%/bill/merkle.h \
	%D%/bill/periods.c \
	%D%/bill/periods.h \
	%D%/bill/statement.c \
	%D%/bill/statement.h \
	%D%/bill/statement_due.c \
	%D%/bill/statement_due.h \
	%D%/bill/statement_text.c \
	%D%/bill/statement_verify.c \
	%D%/bill/statement_verify.h \
	%D%/engine/seen.c \
	%D%/engine/seen.h \
	%D%/stores/store.c \
	%D%/stores/store.h \
	%D%/stores/store_bill.h \
	%D%/stores/store_rows.h \
	%D%/usage/bucket.c \
	%D%/usage/bucket.h \
	%D%/usage/bucket_json.c \
	%D%/usage/bucket_read.c \
	%D%/usage/calendar.c \
	%D%/usage/calendar.h \
	%D%/usage/completeness.c \
	%D%/usage/completeness.h \
	%D%/usage/completeness_read.c \
	%D%/usage/decisions.c \
	%D%/usage/decisions.h \
	%D%/usage/divide.c \
	%D%/usage/fold.c \
	%D%/usage/fold.h \
	%D%/usage/fold_bound.c \
	%D%/usage/fold_cumulative.c \
	%D%/usage/fold_gauge.c \
	%D%/usage/fold_owner.c \
	%D%/usage/fold_revisions.c \
	%D%/usage/fold_span.c \
	%D%/usage/fold_state.c \
	%D%/usage/fold_state.h \
	%D%/usage/fold_state_json.c \
	%D%/usage/fold_state_read.c \
	%D%/usage/fold_step.h \
	%D%/usage/fold_tell.c \
	%D%/usage/place.c \
	%D%/usage/place.h \
	%D%/usage/place_json.c \
	%D%/usage/policy.c \
	%D%/usage/policy.h \
	%D%/usage/rollup.c \
	%D%/usage/rollup.h
%C%_libusage_la_LIBADD = metering/libhypermeter.la $(GLIB_LIBS)

# What `hypermeter demo` uses for a broker where none is given: librdkafka's mock cluster in a process of its own.
pkglibexec_PROGRAMS += %D%/hypermeter-evaluation-broker
%C%_hypermeter_evaluation_broker_SOURCES = %D%/evaluation_broker.c
%C%_hypermeter_evaluation_broker_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_hypermeter_evaluation_broker_LDADD = $(RDKAFKA_LIBS) $(GLIB_LIBS)

# The store in one SQLite file. Its migrations are compiled in.
plugin_LTLIBRARIES += %D%/stores/sqlite.la
%C%_stores_sqlite_la_SOURCES = \
	%D%/stores/sqlite.c \
	%D%/stores/sqlite.h \
	%D%/stores/sqlite_ask.c \
	%D%/stores/sqlite_backup.c \
	%D%/stores/sqlite_bill.c \
	%D%/stores/sqlite_erase.c \
	%D%/stores/sqlite_prune.c \
	%D%/stores/sqlite_read.c \
	%D%/stores/sqlite_read_bill.c \
	%D%/stores/sqlite_read_counts.c \
	%D%/stores/sqlite_read_held.c \
	%D%/stores/sqlite_row.c \
	%D%/stores/sqlite_schema.c \
	%D%/stores/sqlite_statement.c \
	%D%/stores/sqlite_text.c \
	%D%/stores/sqlite_transaction.c \
	%D%/stores/sqlite_usage.c \
	%D%/stores/sqlite_usage.h \
	%D%/stores/sqlite_write.c \
	%D%/stores/sqlite_write_counts.c \
	%D%/stores/sqlite_write_held.c
nodist_%C%_stores_sqlite_la_SOURCES = %D%/stores/sqlite_migrations.h
%C%_stores_sqlite_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_stores_sqlite_la_LDFLAGS = -module $(PLUGIN_LDFLAGS)
%C%_stores_sqlite_la_LIBADD = %D%/libusage.la $(PLUGIN_LIBADD) $(SQLITE_LIBS)
sqlite_migrations = data/migrations/sqlite/0001.sql data/migrations/sqlite/0002.sql
sqlite_migrations += data/migrations/sqlite/0003.sql data/migrations/sqlite/0004.sql
sqlite_migrations += data/migrations/sqlite/0005.sql
sqlite_migrations += data/migrations/sqlite/0006.sql
sqlite_migrations += data/migrations/sqlite/0007.sql
EXTRA_DIST += $(sqlite_migrations) scripts/embed-sql
BUILT_SOURCES += %D%/stores/sqlite_migrations.h
CLEANFILES += %D%/stores/sqlite_migrations.h
%D%/stores/sqlite_migrations.h: $(sqlite_migrations) scripts/embed-sql
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cd $(srcdir) && scripts/embed-sql sqlite $(sqlite_migrations) > $(abs_builddir)/$@.new && mv $(abs_builddir)/$@.new $(abs_builddir)/$@

# The store in PostgreSQL, likewise.
plugin_LTLIBRARIES += %D%/stores/postgresql.la
%C%_stores_postgresql_la_SOURCES = \
	%D%/stores/postgresql.c \
	%D%/stores/postgresql.h \
	%D%/stores/postgresql_array.c \
	%D%/stores/postgresql_bill.c \
	%D%/stores/postgresql_connection.c \
	%D%/stores/postgresql_copy.c \
	%D%/stores/postgresql_count.c \
	%D%/stores/postgresql_erase.c \
	%D%/stores/postgresql_held.c \
	%D%/stores/postgresql_list.c \
	%D%/stores/postgresql_list_bill.c \
	%D%/stores/postgresql_partition.c \
	%D%/stores/postgresql_patience.c \
	%D%/stores/postgresql_prune.c \
	%D%/stores/postgresql_query.c \
	%D%/stores/postgresql_read.c \
	%D%/stores/postgresql_row.c \
	%D%/stores/postgresql_row_bill.c \
	%D%/stores/postgresql_schema.c \
	%D%/stores/postgresql_settle.c \
	%D%/stores/postgresql_text.c \
	%D%/stores/postgresql_text_bill.c \
	%D%/stores/postgresql_transaction.c \
	%D%/stores/postgresql_usage.c \
	%D%/stores/postgresql_write.c
nodist_%C%_stores_postgresql_la_SOURCES = %D%/stores/postgresql_migrations.h
%C%_stores_postgresql_la_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS)
%C%_stores_postgresql_la_LDFLAGS = -module $(PLUGIN_LDFLAGS)
%C%_stores_postgresql_la_LIBADD = %D%/libusage.la $(PLUGIN_LIBADD) $(PQ_LIBS)
postgresql_migrations = data/migrations/postgresql/0001.sql data/migrations/postgresql/0002.sql
postgresql_migrations += data/migrations/postgresql/0003.sql
postgresql_migrations += data/migrations/postgresql/0004.sql
postgresql_migrations += data/migrations/postgresql/0005.sql
EXTRA_DIST += $(postgresql_migrations)
BUILT_SOURCES += %D%/stores/postgresql_migrations.h
CLEANFILES += %D%/stores/postgresql_migrations.h
%D%/stores/postgresql_migrations.h: $(postgresql_migrations) scripts/embed-sql
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cd $(srcdir) && scripts/embed-sql postgresql $(postgresql_migrations) > $(abs_builddir)/$@.new && mv $(abs_builddir)/$@.new $(abs_builddir)/$@

# What the daemon is made of, so that tests can have it too. The engine knows nothing of Kafka.
noinst_LTLIBRARIES += %D%/libcollect.la
%C%_libcollect_la_SOURCES = \
	%D%/bill/engine_bill.c \
	%D%/bill/engine_bill.h \
	%D%/bill/engine_close.c \
	%D%/bill/engine_close.h \
	%D%/bill/engine_close_check.c \
	%D%/bill/engine_close_gap.c \
	%D%/bill/engine_close_private.h \
	%D%/bill/engine_close_write.c \
	%D%/bill/engine_erase.c \
	%D%/bill/engine_erase.h \
	%D%/bill/engine_recompute.c \
	%D%/bill/engine_recompute.h \
	%D%/bill/evidence.c \
	%D%/bill/evidence.h \
	%D%/bill/redact.c \
	%D%/bill/redact.h \
	%D%/bill/shadow.c \
	%D%/bill/shadow.h \
	%D%/bill/shadow_compare.c \
	%D%/bill/shadow_compare.h \
	%D%/bill/shadow_private.h \
	%D%/bill/shadow_trace.c \
	%D%/bill/shadow_verify.c \
	%D%/bill/shadow_verify.h \
	%D%/bill/statement_write.c \
	%D%/bill/statement_write.h \
	%D%/engine/batch.c \
	%D%/engine/batch.h \
	%D%/engine/engine.c \
	%D%/engine/engine.h \
	%D%/engine/engine_actions.c \
	%D%/engine/engine_agents.c \
	%D%/engine/engine_context.c \
	%D%/engine/engine_decide.c \
	%D%/engine/engine_decide.h \
	%D%/engine/engine_fold.c \
	%D%/engine/engine_gather.c \
	%D%/engine/engine_letters.c \
	%D%/engine/engine_order.c \
	%D%/engine/engine_place.c \
	%D%/engine/engine_private.h \
	%D%/engine/engine_prune.c \
	%D%/engine/engine_prune.h \
	%D%/engine/engine_refold.c \
	%D%/engine/engine_requests.c \
	%D%/engine/engine_requests.h \
	%D%/engine/engine_roll.c \
	%D%/engine/engine_roll.h \
	%D%/engine/engine_unroll.c \
	%D%/engine/engine_walk.c \
	%D%/engine/entry.c \
	%D%/engine/entry.h \
	%D%/engine/entry_cache.c \
	%D%/engine/foreign.c \
	%D%/engine/foreign.h \
	%D%/engine/processes.c \
	%D%/engine/processes.h \
	%D%/engine/tally.c \
	%D%/engine/tally.h \
	%D%/engine/tally_private.h \
	%D%/engine/tally_refuse.c \
	%D%/engine/tally_rows.c \
	%D%/engine/trace.c \
	%D%/engine/trace.h \
	%D%/health/health.c \
	%D%/health/health.h \
	%D%/health/health_metrics.c \
	%D%/health/health_private.h \
	%D%/pipeline/arrival.c \
	%D%/pipeline/arrival.h \
	%D%/pipeline/headers.c \
	%D%/pipeline/pipeline.c \
	%D%/pipeline/pipeline.h \
	%D%/pipeline/pipeline_private.h \
	%D%/pipeline/pipeline_threads.c \
	%D%/pipeline/queue.c \
	%D%/pipeline/queue.h \
	%D%/pipeline/verify.c \
	%D%/pipeline/verify.h \
	%D%/pipeline/verify_keys.c \
	%D%/pipeline/verify_options.c \
	%D%/pipeline/verify_private.h \
	%D%/tasks/keeper.c \
	%D%/tasks/keeper.h \
	%D%/tasks/roller.c \
	%D%/tasks/roller.h \
	%D%/tasks/watch.c \
	%D%/tasks/watch.h \
	%D%/usage/checkpoint.c \
	%D%/usage/checkpoint.h
%C%_libcollect_la_LIBADD = metering/libdaemon.la %D%/libusage.la metering/libhypermeter.la $(GLIB_LIBS)

sbin_PROGRAMS += %D%/hypermeter-collector
%C%_hypermeter_collector_SOURCES = \
	%D%/check.c \
	%D%/check.h \
	%D%/collector.c \
	%D%/collector.h \
	%D%/collector_build.c \
	%D%/collector_private.h \
	%D%/config.c \
	%D%/config.h \
	%D%/config_usage.c \
	%D%/config_usage.h \
	%D%/main.c \
	%D%/health/health_serve.c \
	%D%/health/health_serve.h
%C%_hypermeter_collector_LDADD = %D%/libingest.la %D%/libsource.la %D%/libcollect.la metering/libhttp.la metering/libdaemon.la $(GLIB_LIBS)

# The consumer: all of it that knows Kafka.
noinst_LTLIBRARIES += %D%/libsource.la
%C%_libsource_la_SOURCES = \
	%D%/source/mirror.c \
	%D%/source/mirror.h \
	%D%/source/mirror_client.c \
	%D%/source/mirror_private.h \
	%D%/source/source.c \
	%D%/source/source.h \
	%D%/source/source_assign.c \
	%D%/source/source_client.c \
	%D%/source/source_end.c \
	%D%/source/source_message.c \
	%D%/source/source_options.c \
	%D%/source/source_private.h
%C%_libsource_la_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_libsource_la_LIBADD = %D%/libcollect.la metering/libhypermeter.la $(RDKAFKA_LIBS) $(GLIB_LIBS)

# Records over HTTP.
noinst_LTLIBRARIES += %D%/libingest.la
%C%_libingest_la_SOURCES = \
	%D%/ingest/ingest.c \
	%D%/ingest/ingest.h \
	%D%/ingest/ingest_body.c \
	%D%/ingest/ingest_options.c \
	%D%/ingest/ingest_private.h \
	%D%/ingest/ingest_token.c
%C%_libingest_la_LIBADD = %D%/libcollect.la metering/libhttp.la metering/libhypermeter.la $(GLIB_LIBS)
