# The agent. All of it but main and the libvirt side is one convenience library, so that tests can link it.
noinst_LTLIBRARIES += %D%/libagent.la
%C%_libagent_la_SOURCES = \
	%D%/agent.c \
	%D%/agent.h \
	%D%/agent_build.c \
	%D%/agent_events.c \
	%D%/agent_private.h \
	%D%/agent_sources.c \
	%D%/identity.c \
	%D%/identity.h \
	%D%/options.c \
	%D%/options.h \
	%D%/plugins.c \
	%D%/plugins.h \
	%D%/replace.c \
	%D%/replace.h \
	%D%/state.c \
	%D%/state.h \
	%D%/health/commands.c \
	%D%/health/endpoint.c \
	%D%/health/endpoint.h \
	%D%/health/endpoint_private.h \
	%D%/health/figures.c \
	%D%/health/health.c \
	%D%/health/health.h \
	%D%/health/health_metrics.c \
	%D%/health/health_ready.c \
	%D%/health/health_status.c \
	%D%/health/listing.c \
	%D%/health/listing.h \
	%D%/health/process_use.c \
	%D%/health/serve.c \
	%D%/health/serve.h \
	%D%/health/survey.c \
	%D%/health/survey.h \
	%D%/inventory/owner_map.c \
	%D%/inventory/owner_map.h \
	%D%/inventory/owner_map_private.h \
	%D%/inventory/owner_name.c \
	%D%/messages/dispatcher.c \
	%D%/messages/dispatcher.h \
	%D%/messages/message_line.c \
	%D%/messages/messages_file.c \
	%D%/messages/messages_file.h \
	%D%/messages/messages_position.c \
	%D%/messages/messages_position.h \
	%D%/outbox/bins.c \
	%D%/outbox/bins.h \
	%D%/outbox/delivery.c \
	%D%/outbox/delivery.h \
	%D%/outbox/done.c \
	%D%/outbox/done.h \
	%D%/outbox/feed.c \
	%D%/outbox/feed.h \
	%D%/outbox/feed_lane.c \
	%D%/outbox/feed_lane.h \
	%D%/outbox/feed_private.h \
	%D%/outbox/feed_state.c \
	%D%/outbox/keys.c \
	%D%/outbox/keys.h \
	%D%/outbox/keys_options.c \
	%D%/outbox/loss.c \
	%D%/outbox/loss.h \
	%D%/outbox/outbox.h \
	%D%/outbox/outbox_count.c \
	%D%/outbox/outbox_damage.c \
	%D%/outbox/outbox_disk.c \
	%D%/outbox/outbox_group.c \
	%D%/outbox/outbox_in.c \
	%D%/outbox/outbox_journal.c \
	%D%/outbox/outbox_losses.c \
	%D%/outbox/outbox_out.c \
	%D%/outbox/outbox_private.h \
	%D%/outbox/outbox_recover.c \
	%D%/outbox/outbox_room.c \
	%D%/outbox/outbox_scan.c \
	%D%/outbox/outbox_writer.c \
	%D%/outbox/segments.c \
	%D%/outbox/segments.h \
	%D%/outbox/stamp.c \
	%D%/outbox/stamp.h \
	%D%/pipeline/deltas.c \
	%D%/pipeline/deltas.h \
	%D%/pipeline/deltas_file.c \
	%D%/pipeline/deltas_private.h \
	%D%/pipeline/edges.c \
	%D%/pipeline/edges.h \
	%D%/pipeline/heartbeat.c \
	%D%/pipeline/heartbeat.h \
	%D%/pipeline/pipeline.c \
	%D%/pipeline/pipeline.h \
	%D%/pipeline/pipeline_private.h \
	%D%/pipeline/pipeline_turn.c \
	%D%/pipeline/pipeline_worker.c \
	%D%/pipeline/samples.c \
	%D%/pipeline/samples.h \
	%D%/pipeline/split.c \
	%D%/pipeline/split.h \
	%D%/pipeline/tally.c \
	%D%/pipeline/tally.h \
	%D%/schedule/backoff.c \
	%D%/schedule/backoff.h \
	%D%/schedule/folder_watch.c \
	%D%/schedule/folder_watch.h \
	%D%/schedule/polling_notes.c \
	%D%/schedule/polling_notes.h \
	%D%/schedule/quarantine.c \
	%D%/schedule/quarantine.h \
	%D%/schedule/readers.c \
	%D%/schedule/readers.h \
	%D%/schedule/reload.c \
	%D%/schedule/reload.h \
	%D%/schedule/report.h \
	%D%/schedule/roster.c \
	%D%/schedule/roster.h \
	%D%/schedule/scheduler.c \
	%D%/schedule/scheduler.h \
	%D%/schedule/scheduler_grid.c \
	%D%/schedule/scheduler_jobs.c \
	%D%/schedule/scheduler_private.h
%C%_libagent_la_LIBADD = metering/libdaemon.la metering/libhypermeter.la $(GLIB_LIBS)

sbin_PROGRAMS += %D%/hypermeter-agent
%C%_hypermeter_agent_SOURCES = %D%/main.c
%C%_hypermeter_agent_LDADD = %D%/libinspector.la %D%/libagent.la metering/libhypermeter.la $(GLIB_LIBS)

# What needs libsoup, loaded where [agent] listen asks for it. No plugin: its suffix keeps it out of their scan.
plugin_LTLIBRARIES += %D%/endpoint.la
%C%_endpoint_la_SOURCES = \
	%D%/health/endpoint_module.c \
	%D%/health/endpoint_private.h
%C%_endpoint_la_LDFLAGS = $(PLUGIN_LDFLAGS) -shrext .module
%C%_endpoint_la_LIBADD = metering/libhttp.la $(PLUGIN_LIBADD)

# -- the hypervisor's side: what talks to libvirt, and what it needs to know of domains
noinst_LTLIBRARIES += %D%/libinspector.la
%C%_libinspector_la_SOURCES = \
	%D%/inspector/inspector.c \
	%D%/inspector/inspector.h \
	%D%/inspector/inspector_assignment.c \
	%D%/inspector/inspector_assignment.h \
	%D%/inspector/inspector_calls.c \
	%D%/inspector/inspector_calls.h \
	%D%/inspector/inspector_compose.c \
	%D%/inspector/inspector_connection.c \
	%D%/inspector/inspector_connection.h \
	%D%/inspector/inspector_cycle.c \
	%D%/inspector/inspector_cycle.h \
	%D%/inspector/inspector_decode.c \
	%D%/inspector/inspector_decode.h \
	%D%/inspector/inspector_decode_private.h \
	%D%/inspector/inspector_decode_write.c \
	%D%/inspector/inspector_events.c \
	%D%/inspector/inspector_events.h \
	%D%/inspector/inspector_host.c \
	%D%/inspector/inspector_host.h \
	%D%/inspector/inspector_hung.c \
	%D%/inspector/inspector_hung.h \
	%D%/inspector/inspector_job.c \
	%D%/inspector/inspector_job.h \
	%D%/inspector/inspector_listen.c \
	%D%/inspector/inspector_look.c \
	%D%/inspector/inspector_look.h \
	%D%/inspector/inspector_loop.c \
	%D%/inspector/inspector_loop.h \
	%D%/inspector/inspector_probe.c \
	%D%/inspector/inspector_probe.h \
	%D%/inspector/inspector_read.c \
	%D%/inspector/inspector_read.h \
	%D%/inspector/inspector_rounds.c \
	%D%/inspector/inspector_rounds.h \
	%D%/inspector/inspector_single.c \
	%D%/inspector/inspector_single.h \
	%D%/inspector/inspector_single_private.h \
	%D%/inspector/inspector_single_read.c \
	%D%/inspector/inspector_traits.c \
	%D%/inspector/inspector_traits.h \
	%D%/inspector/inspector_watch.c \
	%D%/inspector/inspector_watch.h \
	%D%/inspector/inspector_watch_link.c \
	%D%/inspector/inspector_watch_moments.c \
	%D%/inspector/inspector_watch_private.h \
	%D%/inspector/plan.c \
	%D%/inspector/plan.h \
	%D%/inspector/process_stat.c \
	%D%/inspector/process_stat.h \
	%D%/inventory/announce.c \
	%D%/inventory/announce.h \
	%D%/inventory/announce_build.c \
	%D%/inventory/announce_compare.c \
	%D%/inventory/announce_lives.c \
	%D%/inventory/announce_private.h \
	%D%/inventory/announce_say.c \
	%D%/inventory/counters.c \
	%D%/inventory/counters.h \
	%D%/inventory/epoch.c \
	%D%/inventory/epoch.h \
	%D%/inventory/generation.c \
	%D%/inventory/generation.h \
	%D%/inventory/generation_file.c \
	%D%/inventory/generation_private.h \
	%D%/inventory/inventory.c \
	%D%/inventory/inventory.h \
	%D%/inventory/inventory_file.c \
	%D%/inventory/inventory_file.h \
	%D%/inventory/inventory_json.c \
	%D%/inventory/inventory_json.h \
	%D%/inventory/lives.c \
	%D%/inventory/lives.h \
	%D%/inventory/metadata.c \
	%D%/inventory/metadata.h \
	%D%/inventory/metadata_fill.c \
	%D%/inventory/metadata_nova.c \
	%D%/inventory/metadata_private.h \
	%D%/inventory/metadata_xml.c \
	%D%/inventory/metadata_xml.h
%C%_libinspector_la_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS) $(XML_CFLAGS)
%C%_libinspector_la_LIBADD = metering/libhypermeter.la $(LIBVIRT_LIBS) $(XML_LIBS) $(GLIB_LIBS)
