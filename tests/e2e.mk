# With real parts; scripts/test runs them.
EXTRA_DIST += \
	%D%/e2e/lib.sh %D%/e2e/main_job.sh %D%/e2e/exact.sh %D%/e2e/providers.sh %D%/e2e/rpc_counts.sh %D%/e2e/collector_kills.sh \
	%D%/e2e/lifecycle.sh %D%/e2e/migration.sh %D%/e2e/check_lifecycle.py %D%/e2e/check_migration.py %D%/e2e/forward.py \
	%D%/e2e/kafka_three.sh %D%/e2e/kafka_bad.sh %D%/e2e/compare_bus.py \
	%D%/e2e/hung.sh %D%/e2e/hung_records.py %D%/e2e/standstill.py %D%/e2e/soak.sh \
	%D%/e2e/fuzz.sh %D%/e2e/epochs.sh %D%/e2e/epochs.py %D%/e2e/remember.sh %D%/e2e/remember.py %D%/e2e/rights.sh %D%/e2e/status.sh \
	%D%/e2e/compare_domstats.py %D%/e2e/compare_providers.py %D%/e2e/check_topic.py %D%/e2e/compare_sums.py %D%/e2e/kill_at.py
noinst_PROGRAMS += %D%/generate
%C%_generate_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_generate_LDADD = metering/libhypermeter.la $(RDKAFKA_LIBS) $(GLIB_LIBS)

.PHONY: soak
soak: all
	SOAK=full HM_BUILD='$(abs_top_builddir)' $(srcdir)/tests/e2e/soak.sh

# Hours of kills of the agent's side, HM_CHAOS_HOURS says how many; then 300 of collector, broker and database.
.PHONY: chaos
chaos: all
	HM_CHAOS_HOURS="$${HM_CHAOS_HOURS:-1}" HM_BUILD='$(abs_top_builddir)' $(srcdir)/tests/e2e/chaos.sh
	HM_KILLS=300 HM_RECORDS=1500000 HM_BUILD='$(abs_top_builddir)' $(srcdir)/tests/e2e/collector_kills.sh
	HM_KILLS=300 HM_RECORDS=1500000 HM_BUILD='$(abs_top_builddir)' $(srcdir)/tests/e2e/collector_kills_postgresql.sh

EXTRA_DIST += %D%/e2e/publishers.sh %D%/e2e/check_publishers.py
noinst_LTLIBRARIES += %D%/plugins/stuck.la
%C%_plugins_stuck_la_SOURCES = %D%/plugins/hang.c
%C%_plugins_stuck_la_CPPFLAGS = $(AM_CPPFLAGS) -DHANG_IN_PUBLISH
%C%_plugins_stuck_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_stuck_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_stuck_la_DEPENDENCIES = metering/libhypermeter.la
noinst_LTLIBRARIES += %D%/plugins/silent.la
%C%_plugins_silent_la_SOURCES = %D%/plugins/hang.c
%C%_plugins_silent_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_silent_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_silent_la_DEPENDENCIES = metering/libhypermeter.la
EXTRA_DIST += %D%/e2e/kafka_secure.sh %D%/e2e/postgres_secure.sh %D%/e2e/tls_proxy.py
EXTRA_DIST += %D%/e2e/losses.sh %D%/e2e/losses.py
EXTRA_DIST += %D%/e2e/dead_letters.sh %D%/e2e/check_mirror.py
EXTRA_DIST += %D%/e2e/forged.sh

EXTRA_DIST += %D%/e2e/health.sh %D%/e2e/notified.py %D%/e2e/stop_thread.py
EXTRA_DIST += %D%/e2e/halted.sh
EXTRA_DIST += %D%/e2e/http.sh %D%/e2e/http_store.py
EXTRA_DIST += %D%/e2e/billing.sh %D%/e2e/billing_records.py %D%/e2e/billing_check.py %D%/e2e/record_kit.py %D%/kit/both.sh
EXTRA_DIST += %D%/e2e/ten.sh %D%/e2e/ten_records.py
noinst_PROGRAMS += %D%/sim/sim_kafka
%C%_sim_sim_kafka_SOURCES = %D%/sim/sim_kafka.c %D%/sim/sim_store.c %D%/sim/sim_store.h %D%/engine_kit.c %D%/engine_kit.h
%C%_sim_sim_kafka_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_sim_sim_kafka_LDADD = tests/libsim.la $(ENGINE_LIBS) $(RDKAFKA_LIBS)
EXTRA_DIST += %D%/e2e/sim.sh
EXTRA_DIST += %D%/e2e/zones.sh %D%/e2e/zones.py
