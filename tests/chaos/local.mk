# What pulls plugs: the whole agent on a host that does not exist, and a pollster that keeps books of its own. Driven by tests/e2e/chaos.sh
# and its like, which scripts/test runs; never installed.
noinst_PROGRAMS += %D%/chaos_agent
%C%_chaos_agent_SOURCES = agent/main.c %D%/fleet.c
%C%_chaos_agent_LDADD = agent/libagent.la metering/libhypermeter.la $(GLIB_LIBS)

# -rpath makes libtool build a module of what is not installed.
noinst_LTLIBRARIES += %D%/ledger.la
%C%_ledger_la_LDFLAGS = $(PLUGIN_LDFLAGS) -rpath /nowhere
%C%_ledger_la_LIBADD = $(PLUGIN_LIBADD)
%C%_ledger_la_DEPENDENCIES = metering/libhypermeter.la

EXTRA_DIST += %D%/lib.sh
EXTRA_DIST += %D%/compare.py
EXTRA_DIST += %D%/outbox.py
EXTRA_DIST += %D%/kill_after_poll.py
EXTRA_DIST += %D%/unsent.py
EXTRA_DIST += tests/e2e/chaos.sh
EXTRA_DIST += tests/e2e/broker_away.sh
EXTRA_DIST += tests/e2e/outbox_disk.sh
EXTRA_DIST += %D%/kills.sh
EXTRA_DIST += tests/e2e/store_bad.sh
noinst_LTLIBRARIES += %D%/stop_at.la
%C%_stop_at_la_SOURCES = %D%/stop_at.c
%C%_stop_at_la_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
%C%_stop_at_la_LDFLAGS = $(PLUGIN_LDFLAGS) -rpath /nowhere
%C%_stop_at_la_LIBADD = $(PQ_LIBS) $(GLIB_LIBS)
EXTRA_DIST += tests/e2e/fencing.sh
EXTRA_DIST += tests/e2e/collector_kills_postgresql.sh
