# Tests of agent/.
# -- the agent's hypervisor side
INSPECTOR_LDADD = agent/libinspector.la agent/libagent.la $(LDADD)
unit_tests += %D%/test_plan
%C%_test_plan_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_metadata
%C%_test_metadata_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_owner_map
%C%_test_owner_map_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_epoch
%C%_test_epoch_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_generation
%C%_test_generation_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_lives
%C%_test_lives_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_lives_history
%C%_test_lives_history_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_announce_lives
%C%_test_announce_lives_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_inventory
%C%_test_inventory_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_announce
%C%_test_announce_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_counters
%C%_test_counters_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_announce_ends
%C%_test_announce_ends_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_edges
%C%_test_edges_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_inspector_decode
%C%_test_inspector_decode_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_decode_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_process_stat
%C%_test_process_stat_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_inspector_calls
%C%_test_inspector_calls_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_calls_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector_host
%C%_test_inspector_host_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_host_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector_connection
%C%_test_inspector_connection_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_connection_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector_hung
%C%_test_inspector_hung_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_inspector_rounds
%C%_test_inspector_rounds_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_rounds_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector_single
%C%_test_inspector_single_SOURCES = %D%/test_inspector_single.c %D%/fakes/hanging_domains.c %D%/fakes/hanging_domains.h
%C%_test_inspector_single_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_single_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector_moments
%C%_test_inspector_moments_SOURCES = %D%/test_inspector_moments.c %D%/fakes/hanging_domains.c %D%/fakes/hanging_domains.h
%C%_test_inspector_moments_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_moments_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector_events
%C%_test_inspector_events_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_events_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
unit_tests += %D%/test_inspector
%C%_test_inspector_LDADD = $(INSPECTOR_LDADD) $(LIBVIRT_LIBS)
%C%_test_inspector_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
noinst_PROGRAMS += %D%/print_snapshot
%C%_print_snapshot_LDADD = agent/libinspector.la agent/libagent.la metering/libhypermeter.la $(GLIB_LIBS)
EXTRA_DIST += %D%/fixtures/domains
# Driven by e2e/soak.sh, while the programs of `make check` may be under way: built before both.
noinst_PROGRAMS += %D%/soak
%C%_soak_SOURCES = %D%/soak.c %D%/fakes/outbox_memory.c %D%/fakes/backlog.c
%C%_soak_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
%C%_soak_LDADD = agent/libinspector.la agent/libagent.la metering/libhypermeter.la $(LIBVIRT_LIBS) $(GLIB_LIBS)

# -- the agent without its hypervisor side: synthetic fleet, fake publisher, fake clock
check_LTLIBRARIES += %D%/libfakes.la
%C%_libfakes_la_SOURCES = \
	%D%/fakes/fake_identity.c %D%/fakes/fake_identity.h %D%/fakes/fake_publisher.c %D%/fakes/fake_publisher.h \
	%D%/fakes/fake_inspector.c %D%/fakes/fake_inspector.h %D%/fakes/fake_polling.c %D%/fakes/fake_polling.h \
	%D%/fakes/fake_agent.c %D%/fakes/fake_agent.h
%C%_libfakes_la_SOURCES += %D%/fakes/outbox_memory.c
%C%_libfakes_la_SOURCES += %D%/fakes/outbox_memory.h
%C%_libfakes_la_SOURCES += %D%/fakes/backlog.c
%C%_libfakes_la_SOURCES += %D%/fakes/backlog.h
%C%_libfakes_la_SOURCES += %D%/outbox_kit.c
%C%_libfakes_la_SOURCES += %D%/outbox_kit.h
%C%_libfakes_la_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_libfakes_la_LIBADD = agent/libagent.la metering/libhypermeter.la $(GLIB_LIBS)
# -- files that can lose their power, points to stop at; of no part of the program, so that every part's tests can use them
check_LTLIBRARIES += %D%/libcrash.la
%C%_libcrash_la_SOURCES = \
	%D%/fakes/failpoint.c \
	%D%/fakes/failpoint.h \
	%D%/fakes/failpoint_files.c \
	%D%/fakes/failpoint_files.h \
	%D%/fakes/ledger.c \
	%D%/fakes/ledger.h \
	%D%/fakes/crash_inode.c \
	%D%/fakes/crash_inode.h \
	%D%/fakes/crash_files.c \
	%D%/fakes/crash_files.h
%C%_libcrash_la_LIBADD = metering/libhypermeter.la $(GLIB_LIBS)
AGENT_LDADD = tests/libfakes.la agent/libagent.la $(LDADD)
unit_tests += %D%/test_backoff
%C%_test_backoff_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_scheduler
%C%_test_scheduler_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_feed
%C%_test_feed_LDADD = tests/libcrash.la $(AGENT_LDADD)
%C%_test_outbox_points_LDADD = tests/libcrash.la $(AGENT_LDADD)
%C%_test_outbox_crash_LDADD = tests/libcrash.la $(AGENT_LDADD)
unit_tests += %D%/test_outbox
%C%_test_outbox_LDADD = $(AGENT_LDADD)
%C%_test_outbox_damage_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_outbox_start
%C%_test_outbox_start_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_outbox_memory
%C%_test_outbox_memory_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_delivery
%C%_test_delivery_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_pipeline
%C%_test_pipeline_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_pipeline_worker
%C%_test_pipeline_worker_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_roster
%C%_test_roster_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_quarantine
%C%_test_quarantine_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_readers
%C%_test_readers_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_dispatcher
%C%_test_dispatcher_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_messages_file
%C%_test_messages_file_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_state
%C%_test_state_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_identity
%C%_test_identity_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_reload
%C%_test_reload_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_agent_options
%C%_test_agent_options_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_agent
%C%_test_agent_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_agent_sources
%C%_test_agent_sources_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_control
%C%_test_control_LDADD = $(AGENT_LDADD)
if SYSTEMD
unit_tests += %D%/test_service
%C%_test_service_LDADD = $(AGENT_LDADD)
endif
unit_tests += %D%/test_health
%C%_test_health_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_health_ready
%C%_test_health_ready_LDADD = $(AGENT_LDADD)
# The program itself does not tell ThreadSanitizer what GLib's locks order; the tests above do.
if !TSAN
TESTS += %D%/agent_program.sh
endif
EXTRA_DIST += %D%/agent_program.sh
%C%_test_deltas_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_inventory_file
%C%_test_inventory_file_LDADD = $(INSPECTOR_LDADD)
unit_tests += %D%/test_deltas_fold
%C%_test_deltas_fold_LDADD = agent/libagent.la $(USAGE_LIBS)
unit_tests += %D%/test_bins
%C%_test_bins_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_split
%C%_test_split_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_heartbeat
%C%_test_heartbeat_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_keys
%C%_test_keys_LDADD = $(AGENT_LDADD)
unit_tests += %D%/test_outbox_lost
%C%_test_outbox_lost_LDADD = $(AGENT_LDADD)
%C%_test_outbox_week_LDADD = $(AGENT_LDADD)
%C%_test_outbox_room_LDADD = $(AGENT_LDADD)
