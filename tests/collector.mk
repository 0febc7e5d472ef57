# Tests of collector/.
# -- collector: store, engine, source
%C%_test_sqlite_SOURCES = %D%/test_sqlite.c %D%/store_suite.c %D%/store_suite.h \
	%D%/store_suite_raw.c %D%/store_suite_usage.c \
	%D%/store_suite_counts.c \
	%D%/store_suite_keep.c \
	%D%/store_suite_held.c \
	%D%/store_suite_bills.c \
	%D%/store_suite_rollups.c \
	%D%/store_suite_ask.c
%C%_test_sqlite_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
%C%_test_sqlite_LDADD = collector/libusage.la $(LDADD) $(SQLITE_LIBS)
%C%_test_postgresql_SOURCES = %D%/test_postgresql.c \
	%D%/postgresql_kit.c \
	%D%/postgresql_kit.h \
	%D%/postgresql_server.c \
	%D%/postgresql_server.h \
	%D%/postgresql_bill.c \
	%D%/postgresql_rivals.c \
	%D%/store_suite.c \
	%D%/store_suite.h \
	%D%/store_suite_ask.c \
	%D%/store_suite_counts.c \
	%D%/store_suite_keep.c \
	%D%/store_suite_held.c \
	%D%/store_suite_bills.c \
	%D%/store_suite_rollups.c \
	%D%/store_suite_raw.c \
	%D%/store_suite_usage.c
%C%_test_postgresql_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
%C%_test_postgresql_LDADD = collector/libcollect.la collector/libusage.la $(LDADD) $(PQ_LIBS)
unit_tests += %D%/test_sqlite_backup
%C%_test_sqlite_backup_SOURCES = %D%/test_sqlite_backup.c %D%/store_suite.c %D%/store_suite.h \
	%D%/store_suite_raw.c %D%/store_suite_usage.c \
	%D%/store_suite_counts.c \
	%D%/store_suite_keep.c \
	%D%/store_suite_held.c \
	%D%/store_suite_bills.c \
	%D%/store_suite_rollups.c \
	%D%/store_suite_ask.c
%C%_test_sqlite_backup_LDADD = collector/libusage.la $(LDADD)
unit_tests += %D%/test_sqlite_views
EXTRA_DIST += %D%/views.py
%C%_test_sqlite_views_SOURCES = %D%/test_sqlite_views.c \
	%D%/store_suite.c \
	%D%/store_suite.h \
	%D%/store_suite_ask.c \
	%D%/store_suite_bills.c \
	%D%/store_suite_counts.c \
	%D%/store_suite_held.c \
	%D%/store_suite_keep.c \
	%D%/store_suite_raw.c \
	%D%/store_suite_rollups.c \
	%D%/store_suite_usage.c
%C%_test_sqlite_views_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
%C%_test_sqlite_views_LDADD = collector/libusage.la $(LDADD) $(SQLITE_LIBS)
unit_tests += %D%/test_engine %D%/test_engine_rows
ENGINE_LIBS = collector/libcollect.la tests/libfoldkit.la $(LDADD)
%C%_test_engine_SOURCES = %D%/test_engine.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_LDADD = $(ENGINE_LIBS)
%C%_test_engine_rows_SOURCES = %D%/test_engine_rows.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_rows_LDADD = $(ENGINE_LIBS)
%C%_test_engine_order_SOURCES = %D%/test_engine_order.c %D%/engine_kit.c %D%/engine_kit.h %D%/chance.h \
	%D%/engine_history.c %D%/engine_history.h
%C%_test_engine_order_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_collector_pipeline %D%/test_queue %D%/test_source_options
%C%_test_collector_pipeline_SOURCES = %D%/test_collector_pipeline.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_collector_pipeline_LDADD = $(ENGINE_LIBS)
%C%_test_queue_LDADD = collector/libcollect.la $(LDADD)
%C%_test_source_SOURCES = %D%/test_source.c %D%/source_kit.c %D%/source_kit.h %D%/engine_kit.c %D%/engine_kit.h
%C%_test_source_CPPFLAGS = $(AM_CPPFLAGS) $(RDKAFKA_CFLAGS)
%C%_test_source_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=rd_kafka_subscribe \
	-Wl,--wrap=rd_kafka_offsets_for_times
%C%_test_source_LDADD = collector/libsource.la $(ENGINE_LIBS) $(RDKAFKA_LIBS)
%C%_test_source_options_SOURCES = %D%/test_source_options.c collector/config.c collector/config_usage.c
# -- stopped and failed at every statement: the functions of the databases' libraries are defined in the program itself
check_LTLIBRARIES += %D%/libpoints.la
%C%_libpoints_la_SOURCES = \
	%D%/points_kit.c \
	%D%/points_kit.h \
	%D%/points_bill.c \
	%D%/bill_check.c \
	%D%/bill_check.h \
	%D%/bill_history.c \
	%D%/bill_history.h \
	%D%/bus_history.c \
	%D%/bus_history.h \
	%D%/engine_kit.c \
	%D%/engine_kit.h \
	%D%/fakes/failpoint.c \
	%D%/fakes/failpoint.h \
	%D%/fakes/statements.c \
	%D%/fakes/statements.h
%C%_libpoints_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_collector_points_SOURCES = %D%/test_collector_points.c %D%/fakes/statements_sqlite.c \
	collector/stores/sqlite_text.c
%C%_test_collector_points_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
%C%_test_collector_points_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--wrap=hm_clock_system
%C%_test_collector_points_LDADD = %D%/libpoints.la $(ENGINE_LIBS) $(SQLITE_LIBS)
unit_tests += %D%/test_postgresql_points
%C%_test_postgresql_points_SOURCES = %D%/test_postgresql_points.c %D%/fakes/statements_postgresql.c \
	%D%/postgresql_server.c \
	%D%/postgresql_server.h \
	collector/stores/postgresql_text.c \
	collector/stores/postgresql_text_bill.c
%C%_test_postgresql_points_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
%C%_test_postgresql_points_LDFLAGS = $(AM_LDFLAGS) -export-dynamic -Wl,--wrap=hm_clock_system
%C%_test_postgresql_points_LDADD = %D%/libpoints.la $(ENGINE_LIBS) $(PQ_LIBS)
unit_tests += %D%/test_close_races
%C%_test_close_races_SOURCES = %D%/test_close_races.c %D%/race_kit.c %D%/race_kit.h %D%/bill_kit.c %D%/bill_kit.h \
	%D%/bill_check.c %D%/bill_check.h %D%/engine_kit.c %D%/engine_kit.h \
	%D%/fakes/failpoint.c %D%/fakes/failpoint.h %D%/fakes/statements.c %D%/fakes/statements.h %D%/fakes/statements_sqlite.c
%C%_test_close_races_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
%C%_test_close_races_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
%C%_test_close_races_LDADD = $(ENGINE_LIBS) $(SQLITE_LIBS)
unit_tests += %D%/test_postgresql_races
%C%_test_postgresql_races_SOURCES = %D%/test_postgresql_races.c %D%/race_kit.c %D%/race_kit.h %D%/bill_kit.c %D%/bill_kit.h \
	%D%/bill_check.c %D%/bill_check.h %D%/engine_kit.c %D%/engine_kit.h \
	%D%/postgresql_server.c %D%/postgresql_server.h \
	%D%/fakes/failpoint.c %D%/fakes/failpoint.h %D%/fakes/statements.c %D%/fakes/statements.h %D%/fakes/statements_postgresql.c
%C%_test_postgresql_races_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
%C%_test_postgresql_races_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
%C%_test_postgresql_races_LDADD = $(ENGINE_LIBS) $(PQ_LIBS)
unit_tests += %D%/test_engine_agents
%C%_test_engine_agents_SOURCES = %D%/test_engine_agents.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_agents_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_keeper
%C%_test_keeper_SOURCES = %D%/test_keeper.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_keeper_LDADD = $(ENGINE_LIBS)
%C%_test_horizon_SOURCES = %D%/test_horizon.c %D%/engine_kit.c %D%/engine_kit.h %D%/chance.h \
	%D%/engine_history.c %D%/engine_history.h
%C%_test_horizon_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_future
%C%_test_future_SOURCES = %D%/test_future.c %D%/engine_kit.c %D%/engine_kit.h %D%/chance.h
%C%_test_future_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_engine_others
%C%_test_engine_others_SOURCES = %D%/test_engine_others.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_others_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_watch
%C%_test_watch_LDADD = collector/libcollect.la $(LDADD)
unit_tests += %D%/test_completeness
%C%_test_completeness_SOURCES = %D%/test_completeness.c %D%/chance.h
%C%_test_completeness_LDADD = collector/libusage.la $(LDADD)
%C%_test_source_options_LDADD = collector/libingest.la metering/libhttp.la collector/libsource.la $(LDADD) $(RDKAFKA_LIBS)
# -- the pure half of the collector
usage_tests = %D%/test_fold_rows %D%/test_fold_held %D%/test_fold_owner %D%/test_bucket %D%/test_divide %D%/test_seen %D%/test_fold %D%/test_fold_gauge %D%/test_fold_state \
	%D%/test_fold_history
check_PROGRAMS += $(usage_tests)
TESTS += $(usage_tests)
check_LTLIBRARIES += %D%/libfoldkit.la
%C%_libfoldkit_la_SOURCES = \
	%D%/fold_kit.c %D%/fold_kit.h %D%/fold_history.c %D%/fold_history.h %D%/fold_model.c %D%/fold_model.h \
	%D%/fold_model_check.c %D%/fold_model_owner.c %D%/fold_model_private.h
%C%_libfoldkit_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_libfoldkit_la_LIBADD = collector/libusage.la $(GLIB_LIBS)
USAGE_LIBS = tests/libfoldkit.la collector/libusage.la $(LDADD)
%C%_test_bucket_LDADD = $(USAGE_LIBS)
%C%_test_divide_LDADD = $(USAGE_LIBS)
%C%_test_seen_LDADD = $(USAGE_LIBS)
%C%_test_fold_LDADD = $(USAGE_LIBS)
%C%_test_fold_gauge_LDADD = $(USAGE_LIBS)
%C%_test_fold_state_LDADD = $(USAGE_LIBS)
%C%_test_fold_history_LDADD = $(USAGE_LIBS)
%C%_test_fold_rows_LDADD = $(USAGE_LIBS)
%C%_test_fold_held_LDADD = $(USAGE_LIBS)
%C%_test_fold_owner_LDADD = $(USAGE_LIBS)
unit_tests += %D%/test_engine_requests
%C%_test_engine_requests_SOURCES = %D%/test_engine_requests.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_requests_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_engine_decide
%C%_test_engine_decide_SOURCES = %D%/test_engine_decide.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_decide_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_bad_input
%C%_test_bad_input_SOURCES = %D%/test_bad_input.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_bad_input_LDADD = $(ENGINE_LIBS)
# -- signatures
unit_tests += %D%/test_verify
%C%_test_verify_SOURCES = %D%/test_verify.c %D%/engine_kit.c %D%/engine_kit.h collector/config.c collector/config_usage.c
%C%_test_verify_LDADD = collector/libingest.la metering/libhttp.la collector/libsource.la $(ENGINE_LIBS) $(RDKAFKA_LIBS)
unit_tests += %D%/test_forged
%C%_test_forged_SOURCES = %D%/test_forged.c %D%/engine_kit.c %D%/engine_kit.h collector/config.c collector/config_usage.c
%C%_test_forged_LDADD = collector/libingest.la metering/libhttp.la collector/libsource.la $(ENGINE_LIBS) $(RDKAFKA_LIBS)
%C%_test_mirror_SOURCES = %D%/test_mirror.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_mirror_CPPFLAGS = $(AM_CPPFLAGS) $(RDKAFKA_CFLAGS)
%C%_test_mirror_LDADD = collector/libsource.la $(ENGINE_LIBS) $(RDKAFKA_LIBS)

unit_tests += %D%/test_collector_health
%C%_test_collector_health_SOURCES = %D%/test_collector_health.c
%C%_test_collector_health_LDADD = collector/libcollect.la metering/libdaemon.la $(LDADD)
# -- HTTP
unit_tests += %D%/test_ingest
%C%_test_ingest_SOURCES = %D%/test_ingest.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_ingest_LDADD = collector/libingest.la $(ENGINE_LIBS)
# -- the shadow: folding again beside the store
unit_tests += %D%/test_shadow
%C%_test_shadow_SOURCES = %D%/test_shadow.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_shadow_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_shadow_verify
%C%_test_shadow_verify_SOURCES = %D%/test_shadow_verify.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_shadow_verify_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_erase
%C%_test_erase_SOURCES = %D%/test_erase.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_erase_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_recompute
%C%_test_recompute_SOURCES = %D%/test_recompute.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_recompute_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
%C%_test_recompute_LDADD = $(ENGINE_LIBS) $(SQLITE_LIBS)
# -- periods and bills
unit_tests += %D%/test_calendar
%C%_test_calendar_LDADD = collector/libusage.la $(LDADD)

unit_tests += %D%/test_place
%C%_test_place_SOURCES = %D%/test_place.c
%C%_test_place_LDADD = $(USAGE_LIBS)

%C%_test_roll_SOURCES = %D%/test_roll.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_roll_LDADD = $(ENGINE_LIBS)
%C%_test_clock_step_SOURCES = %D%/test_clock_step.c %D%/engine_kit.c %D%/engine_kit.h %D%/chance.h
%C%_test_clock_step_LDADD = $(ENGINE_LIBS)

unit_tests += %D%/test_merkle
%C%_test_merkle_SOURCES = %D%/test_merkle.c
%C%_test_merkle_LDADD = collector/libusage.la $(LDADD)
# -- the simulator
SIM_FILES = %D%/sim/sim.h \
	%D%/sim/world.c \
	%D%/sim/world.h \
	%D%/sim/agents.c \
	%D%/sim/bus.c \
	%D%/sim/clock.c \
	%D%/sim/rows.c \
	%D%/sim/rows.h \
	%D%/sim/truth.c \
	%D%/sim/truth.h \
	%D%/sim/truth_compare.c \
	%D%/sim/truth_owner.c \
	%D%/sim/truth_view.h \
	%D%/sim/sim_kit.c \
	%D%/sim/sim_kit.h
check_LTLIBRARIES += %D%/libsim.la
%C%_libsim_la_SOURCES = $(SIM_FILES)
%C%_libsim_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_libsim_la_LIBADD = tests/libfoldkit.la collector/libusage.la $(GLIB_LIBS)
%C%_sim_test_sim_SOURCES = %D%/sim/test_sim.c
%C%_sim_test_sim_LDADD = tests/libsim.la $(USAGE_LIBS)
%C%_sim_test_sim_sqlite_SOURCES = %D%/sim/test_sim_sqlite.c %D%/sim/sim_store.c %D%/sim/sim_store.h \
	%D%/engine_kit.c %D%/engine_kit.h
%C%_sim_test_sim_sqlite_LDADD = tests/libsim.la $(ENGINE_LIBS)
unit_tests += %D%/sim/test_sim_postgresql
%C%_sim_test_sim_postgresql_SOURCES = %D%/sim/test_sim_postgresql.c %D%/sim/sim_store.c %D%/sim/sim_store.h \
	%D%/postgresql_server.c \
	%D%/postgresql_server.h \
	%D%/engine_kit.c %D%/engine_kit.h
%C%_sim_test_sim_postgresql_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
%C%_sim_test_sim_postgresql_LDADD = tests/libsim.la $(ENGINE_LIBS) $(PQ_LIBS)
unit_tests += %D%/test_statement
%C%_test_statement_LDADD = collector/libusage.la $(LDADD)
unit_tests += %D%/test_close
%C%_test_close_SOURCES = %D%/test_close.c %D%/bill_kit.c %D%/bill_kit.h %D%/engine_kit.c %D%/engine_kit.h
%C%_test_close_LDADD = $(ENGINE_LIBS)

unit_tests += %D%/test_close_gap
%C%_test_close_gap_SOURCES = %D%/test_close_gap.c %D%/bill_kit.c %D%/bill_kit.h %D%/engine_kit.c %D%/engine_kit.h
%C%_test_close_gap_LDADD = $(ENGINE_LIBS)

unit_tests += %D%/test_adjust_id
%C%_test_adjust_id_SOURCES = %D%/test_adjust_id.c %D%/bill_kit.c %D%/bill_kit.h %D%/engine_kit.c %D%/engine_kit.h
%C%_test_adjust_id_LDADD = $(ENGINE_LIBS)

unit_tests += %D%/test_proof_path
%C%_test_proof_path_SOURCES = %D%/test_proof_path.c %D%/engine_kit.c %D%/engine_kit.h cli/proof/proof_find.c cli/proof/proof_path.c
%C%_test_proof_path_LDADD = $(ENGINE_LIBS)

unit_tests += %D%/test_engine_decisions
%C%_test_engine_decisions_SOURCES = %D%/test_engine_decisions.c %D%/engine_kit.c %D%/engine_kit.h
%C%_test_engine_decisions_LDADD = $(ENGINE_LIBS)
unit_tests += %D%/test_reached
%C%_test_reached_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=hm_source_ask_end -Wl,--wrap=hm_pipeline_committed \
	-Wl,--wrap=hm_pipeline_reached
%C%_test_reached_CPPFLAGS = $(AM_CPPFLAGS) $(RDKAFKA_CFLAGS)
%C%_test_reached_LDADD = collector/libsource.la $(ENGINE_LIBS) $(RDKAFKA_LIBS)
