# The vocabulary: one shared library, whose headers are the plugin SDK.
lib_LTLIBRARIES += %D%/libhypermeter.la
%C%_libhypermeter_la_SOURCES = \
	%D%/access.c \
	%D%/count.c %D%/count.h \
	%D%/csv.c %D%/csv.h %D%/error.c %D%/value.c %D%/clock.c %D%/unit.c \
	%D%/meter.c %D%/meter_json.c %D%/resource.c %D%/text_private.h \
	%D%/snapshot.c %D%/meter_filter.c %D%/sink.c %D%/arena.c %D%/arena.h %D%/system_file.c %D%/topic.c \
	%D%/record.c %D%/message.c %D%/secret.c %D%/signature.c \
	%D%/json.c %D%/json_tree.c %D%/json_check.c %D%/json_check.h \
	%D%/encode.c %D%/decode.c %D%/decode.h %D%/decode_shapes.c %D%/decode_values.c \
	%D%/decode_walk.c %D%/decode_walk.h %D%/decode_refuse.c %D%/decode_finish.c \
	%D%/option.c %D%/option_value.c %D%/option_print.c %D%/option_private.h %D%/passthrough.c %D%/program.c \
	%D%/settings.c %D%/settings_file.c %D%/settings_expand.c %D%/settings_private.h \
	%D%/yaml.c %D%/yaml.h %D%/polling.c %D%/polling_load.c %D%/polling.h %D%/polling_private.h \
	%D%/registry.c %D%/plugin_check.c %D%/plugin_check.h \
	%D%/files.h %D%/segment.h %D%/journal.h \
	%D%/files.c \
	%D%/bytes_private.h \
	%D%/segment.c \
	%D%/segment_private.h \
	%D%/segment_reader.c \
	%D%/event_line.c \
	%D%/journal.c \
	%D%/journal_json.c \
	%D%/journal_print.c \
	%D%/journal_private.h \
	%D%/registry_open.c \
	%D%/registry_private.h \
	%D%/log.c %D%/log_line.c %D%/log_fold.c %D%/log_writer.c %D%/log_private.h
%C%_libhypermeter_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default $(YAJL_CFLAGS) $(YAML_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS)
%C%_libhypermeter_la_LDFLAGS = $(HM_LDFLAGS) $(HM_DEFS) -version-info 0:0:0 -export-symbols-regex '^hm_'
%C%_libhypermeter_la_LIBADD = $(GLIB_LIBS) $(YAJL_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)

hmincludedir = $(includedir)/hypermeter-1
nobase_hminclude_HEADERS = \
	%D%/hypermeter.h %D%/access.h %D%/clock.h %D%/codec.h %D%/error.h %D%/event_line.h %D%/inspector.h %D%/json.h %D%/log.h %D%/meter.h \
	%D%/option.h %D%/passthrough.h %D%/plugin.h %D%/program.h %D%/record.h %D%/registry.h %D%/resource.h %D%/sample.h \
	%D%/secret.h %D%/settings.h %D%/signature.h %D%/sink.h %D%/snapshot.h %D%/system_file.h %D%/topic.h %D%/unit.h %D%/value.h

pkgconfig_DATA = %D%/hypermeter.pc

# HTTP, for the daemons alone: plugins and the command do not get libsoup.
noinst_LTLIBRARIES += %D%/libhttp.la
%C%_libhttp_la_SOURCES = \
	%D%/http_connection.c \
	%D%/http_health.c \
	%D%/http_health.h \
	%D%/http_private.h \
	%D%/http_refuse.c \
	%D%/http_request.c \
	%D%/http_server.c \
	%D%/http_server.h
%C%_libhttp_la_CFLAGS = $(AM_CFLAGS) $(SOUP_CFLAGS)
%C%_libhttp_la_LIBADD = metering/libhypermeter.la $(SOUP_LIBS) $(GLIB_LIBS)

# What both daemons have in common.
noinst_LTLIBRARIES += %D%/libdaemon.la
%C%_libdaemon_la_SOURCES = \
	%D%/control.c \
	%D%/control.h \
	%D%/control_client.c \
	%D%/control_client.h \
	%D%/openmetrics.c \
	%D%/openmetrics.h \
	%D%/reasons.c \
	%D%/reasons.h \
	%D%/service.c \
	%D%/service.h
%C%_libdaemon_la_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_libdaemon_la_LIBADD = metering/libhypermeter.la $(GLIB_LIBS) $(SYSTEMD_LIBS)
