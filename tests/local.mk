# One binary per file; all speak TAP. `make check` runs the unit tests; what needs a real hypervisor, broker or
# database is in scripts/test. G_SLICE: or the sanitizers and valgrind see GLib's own pools instead of each block.
AM_TESTS_ENVIRONMENT = HYPERMETER_PLUGIN_PATH='$(abs_top_builddir)/pollsters/.libs:$(abs_top_builddir)/notifications/.libs:$(abs_top_builddir)/publishers/.libs:$(abs_top_builddir)/collector/stores/.libs:$(abs_top_builddir)/agent/.libs'; \
	HYPERMETER_SRCDIR='$(abs_top_srcdir)'; HYPERMETER_TEST_PLUGINS='$(abs_builddir)/tests/plugins/.libs'; \
	CMOCKA_MESSAGE_OUTPUT=TAP; G_SLICE=always-malloc; \
	export HYPERMETER_PLUGIN_PATH HYPERMETER_SRCDIR HYPERMETER_TEST_PLUGINS CMOCKA_MESSAGE_OUTPUT G_SLICE;
# Nothing hangs for ever: what takes longer ends here, and its log says so.
TEST_LIMIT = timeout --verbose --kill-after=10
LOG_COMPILER = $(TEST_LIMIT) 600
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

check_LTLIBRARIES += %D%/libkit.la
%C%_libkit_la_SOURCES = %D%/kit.c %D%/kit.h
%C%_libkit_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_libkit_la_LIBADD = metering/libhypermeter.la $(GLIB_LIBS)

LDADD = $(KIT_TSAN) tests/libkit.la metering/libhypermeter.la $(CMOCKA_LIBS) $(GLIB_LIBS)

if TSAN
%C%_libkit_la_SOURCES += %D%/tsan.c
endif

# A test is one line in the part's own file: unit_tests += %D%/test_<file>. The longest are named here instead and begin first, so that no
# processor is left waiting for one of them at the end.
unit_tests = \
	%D%/test_postgresql \
	%D%/test_roll \
	%D%/test_collector_points \
	%D%/test_outbox_week \
	%D%/test_source \
	%D%/test_horizon \
	%D%/sim/test_sim \
	%D%/test_outbox_crash \
	%D%/test_engine_order \
	%D%/test_outbox_points \
	%D%/test_deltas \
	%D%/test_kafka_client \
	%D%/test_kafka_declare \
	%D%/test_outbox_damage \
	%D%/test_outbox_room \
	%D%/test_kafka \
	%D%/test_mirror \
	%D%/test_clock_step \
	%D%/sim/test_sim_sqlite \
	%D%/test_sqlite
include %D%/metering.mk
include %D%/plugins.mk
include %D%/agent.mk
include %D%/collector.mk
include %D%/cli.mk
include %D%/e2e.mk
include %D%/fuzz.mk
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

# The same programs below valgrind, with fewer random histories; no sanitizer may be in the build. Scripts are not
# run again: what they start has been below valgrind by then, and a shell is nobody's to mend.
VALGRIND_RUN = $(LIBTOOL) --tag=CC --mode=execute $(VALGRIND) --quiet --error-exitcode=99 --leak-check=full \
	--errors-for-leak-kinds=definite,indirect --num-callers=30 --suppressions=$(abs_top_srcdir)/%D%/valgrind.supp
EXTRA_DIST += %D%/valgrind.supp
# What check-valgrind leaves to check-valgrind-all, because it takes half an hour: long histories, many stops, what waits for servers and for threads.
# The sanitizers (check-asan) run all of it; valgrind adds reads of what was never written, and those it finds in the tests of each decoder, parser
# and row, which stay, and in the shorter tests of the same engine, outbox and stores.
VALGRIND_LONG = \
	tests/sim/test_sim \
	tests/sim/test_sim_sqlite \
	tests/test_agent \
	tests/test_agent_sources \
	tests/test_calendar \
	tests/test_close \
	tests/test_close_races \
	tests/test_collector_pipeline \
	tests/test_collector_points \
	tests/test_engine_agents \
	tests/test_engine_others \
	tests/test_engine_requests \
	tests/test_erase \
	tests/test_export \
	tests/test_fold_history \
	tests/test_forged \
	tests/test_future \
	tests/test_health \
	tests/test_health_ready \
	tests/test_horizon \
	tests/test_http \
	tests/test_http_server \
	tests/test_ingest \
	tests/test_kafka \
	tests/test_kafka_client \
	tests/test_kafka_declare \
	tests/test_keys \
	tests/test_mirror \
	tests/test_outbox_crash \
	tests/test_outbox_damage \
	tests/test_outbox_points \
	tests/test_outbox_room \
	tests/test_plan \
	tests/test_postgresql \
	tests/test_postgresql_points \
	tests/test_postgresql_races \
	tests/test_shadow \
	tests/test_source \
	tests/test_sqlite \
	tests/test_sqlite_views \
	tests/test_unit
# The longest loops are in neither: what they call is called by shorter tests, too.
VALGRIND_LEAVES = tests/test_outbox_week tests/test_roll tests/test_engine_order tests/test_deltas tests/test_clock_step
.PHONY: check-valgrind check-valgrind-all
check-valgrind: VALGRIND_OMITS = $(VALGRIND_LEAVES) $(VALGRIND_LONG)
check-valgrind-all: VALGRIND_OMITS = $(VALGRIND_LEAVES)
check-valgrind check-valgrind-all:
	@test -n '$(VALGRIND)' || { echo '$@: there is no valgrind' >&2; exit 1; }
	@echo '$@: not below valgrind: $(VALGRIND_OMITS)'
	HYPERMETER_TEST_HISTORIES=50 HYPERMETER_TEST_FORGED=2000 HYPERMETER_TEST_POINTS=12 HYPERMETER_TEST_DAYS=1 \
	HYPERMETER_SIM_MEMORY=100 HYPERMETER_SIM_SQLITE=10 HYPERMETER_SIM_POSTGRESQL=10 $(MAKE) $(AM_MAKEFLAGS) check LOG_COMPILER='$(TEST_LIMIT) 900 $(VALGRIND_RUN)' \
		TESTS="`echo ' $(filter-out $(VALGRIND_OMITS), $(TESTS)) ' | tr ' ' '\n' | grep -v '\.sh$$' | tr '\n' ' '`"

# Whether the tarball is whole: it has every file of the tree, so what the tests find here is so there, too; and from a folder that is not to be
# written to it configures, builds, installs, uninstalls and cleans up after itself. Nothing is optimised for that, and of the tests only
# those run that need no program of their own: `make distcheck` builds and runs all of them.
TARBALL_TESTS = tests/lint_rules.sh tests/meters_doc.sh tests/meter_names.sh tests/data_files.sh tests/man_pages.sh
.PHONY: check-tarball
check-tarball:
	XZ_OPT=$${XZ_OPT--0} $(MAKE) $(AM_MAKEFLAGS) distcheck DISTCHECK_CONFIGURE_FLAGS='CFLAGS=-O0' check_PROGRAMS= TESTS='$(TARBALL_TESTS)'
	$(SHELL) $(srcdir)/scripts/check-tarball $(distdir).tar.xz

# Builds of their own, in folders beside; each configures itself once. The second is of what has threads.
# Up to GCC 13 the sanitizers take some blocks of thread-local storage for ones with a header that glibc has not had since 2.25, and the search
# for leaks crashes on it ("Tracer caught signal 11"); so they do not follow those of loaded modules, which keep nothing there.
.PHONY: build-asan check-asan check-tsan check-fault
build-asan:
	test -f asan/Makefile || { mkdir -p asan && cd asan && $(abs_top_srcdir)/configure -q --enable-asan CFLAGS='-O1 -g1'; }
	$(MAKE) -C asan
	$(MAKE) -C asan check TESTS=
check-asan: build-asan
	ASAN_OPTIONS=intercept_tls_get_addr=0 HYPERMETER_TEST_FORGED=$${HYPERMETER_TEST_FORGED-20000} HYPERMETER_TEST_POINTS=$${HYPERMETER_TEST_POINTS-40} \
	HYPERMETER_TEST_HISTORIES=$${HYPERMETER_TEST_HISTORIES-300} HYPERMETER_TEST_DAYS=$${HYPERMETER_TEST_DAYS-1} \
	HYPERMETER_SIM_MEMORY=$${HYPERMETER_SIM_MEMORY-10000} HYPERMETER_SIM_SQLITE=$${HYPERMETER_SIM_SQLITE-50} \
	HYPERMETER_SIM_POSTGRESQL=$${HYPERMETER_SIM_POSTGRESQL-10} $(MAKE) -C asan check

# Every test that starts threads, but for the longest of the outbox (test_outbox_week, test_outbox_crash, test_outbox_points): the shorter ones start the
# same. Programs do not tell the sanitizer what GLib's locks order, only tests do (tests/tsan.c), so no script is here that starts programs. What they run
# in threads is here, piece by piece.
THREADED_TESTS = \
	tests/test_log tests/test_queue tests/test_resource tests/test_dispatcher tests/test_control tests/test_http_server tests/test_http \
	tests/test_outbox tests/test_outbox_damage tests/test_outbox_lost tests/test_outbox_memory tests/test_outbox_room tests/test_outbox_start tests/test_feed tests/test_delivery tests/test_keys tests/test_file \
	tests/test_kafka tests/test_kafka_client tests/test_kafka_declare \
	tests/test_scheduler tests/test_readers tests/test_pipeline tests/test_pipeline_worker tests/test_messages_file tests/test_agent tests/test_agent_sources tests/test_health tests/test_health_ready \
	tests/test_inventory tests/test_inventory_file tests/test_inspector tests/test_inspector_connection tests/test_inspector_events tests/test_inspector_host tests/test_inspector_moments tests/test_inspector_rounds tests/test_inspector_single \
	tests/test_collector_pipeline tests/test_source tests/test_mirror tests/test_ingest tests/test_verify \
	tests/test_postgresql tests/test_postgresql_races
check-tsan:
	test -f tsan/Makefile || { mkdir -p tsan && cd tsan && $(abs_top_srcdir)/configure -q --enable-tsan CFLAGS='-O1 -g'; }
	$(MAKE) -C tsan
	$(MAKE) -C tsan check TESTS='$(THREADED_TESTS)'

# What writes, stopped and failed everywhere, more often than `make check` does it.
check-fault: all
	HM_CRASH_SEED=$${HM_CRASH_SEED-random} HM_CRASHES=$${HM_CRASHES-100000} $(MAKE) $(AM_MAKEFLAGS) check TESTS='tests/test_outbox_crash tests/test_outbox_points tests/test_collector_points tests/test_postgresql_points' \
		LOG_COMPILER=
