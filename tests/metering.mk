# Tests of metering/.
unit_tests += %D%/test_clock %D%/test_codec %D%/test_decode_refusals %D%/test_json %D%/test_passthrough %D%/test_program %D%/test_record \
	%D%/test_secret %D%/test_signature %D%/test_unit %D%/test_value
%C%_test_codec_SOURCES = %D%/test_codec.c %D%/records.c %D%/records.h %D%/random_record.c \
	%D%/random_record.h %D%/chance.h
%C%_test_decode_refusals_SOURCES = %D%/test_decode_refusals.c %D%/records.c %D%/records.h
%C%_test_unit_SOURCES = %D%/test_unit.c %D%/chance.h
%C%_test_value_SOURCES = %D%/test_value.c %D%/chance.h
%C%_test_clock_SOURCES = %D%/test_clock.c %D%/chance.h
# Its output is held against docs/schemas by schemas.sh.
check_PROGRAMS += %D%/print_records
%C%_print_records_SOURCES = %D%/print_records.c %D%/records.c %D%/records.h
EXTRA_DIST += %D%/schemas.sh %D%/schemas.py
EXTRA_DIST += %D%/fixtures/polling

unit_tests += %D%/test_files
unit_tests += %D%/test_journal
%C%_test_journal_SOURCES = %D%/test_journal.c %D%/fakes/one_file.c %D%/fakes/one_file.h %D%/chance.h
%C%_test_journal_LDADD = $(LDADD) $(ZLIB_LIBS)
unit_tests += %D%/test_log
unit_tests += %D%/test_meter
unit_tests += %D%/test_option
unit_tests += %D%/test_polling
unit_tests += %D%/test_registry
unit_tests += %D%/test_resource
unit_tests += %D%/test_segment
%C%_test_segment_SOURCES = %D%/test_segment.c %D%/segment_kit.c %D%/segment_kit.h %D%/fakes/one_file.c %D%/fakes/one_file.h \
	%D%/records.c %D%/records.h %D%/random_record.c %D%/random_record.h %D%/chance.h
%C%_test_segment_LDADD = $(LDADD) $(ZLIB_LIBS)
unit_tests += %D%/test_settings
unit_tests += %D%/test_sink
unit_tests += %D%/test_yaml
unit_tests += %D%/test_system_file

# Plugins for test_registry: one source, right once and wrong in many ways. Never installed; -rpath makes libtool
# build a module all the same.
TEST_PLUGIN_LDFLAGS = $(HM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
check_LTLIBRARIES += \
	%D%/plugins/good.la \
	%D%/plugins/abi_major.la \
	%D%/plugins/abi_minor.la \
	%D%/plugins/short_struct.la \
	%D%/plugins/no_emit.la \
	%D%/plugins/misnamed.la \
	%D%/plugins/other_unit.la \
	%D%/plugins/no_symbol.la \
	%D%/plugins/undefined.la

%C%_plugins_good_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_good_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_good_la_LIBADD = $(PLUGIN_LIBADD)

%C%_plugins_abi_major_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_abi_major_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_abi_major_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_abi_major_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"abi_major"' -DVARIANT_MAJOR=2

%C%_plugins_abi_minor_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_abi_minor_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_abi_minor_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_abi_minor_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"abi_minor"' -DVARIANT_MINOR='(HM_ABI_MINOR + 1)'

%C%_plugins_short_struct_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_short_struct_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_short_struct_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_short_struct_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"short_struct"' -DVARIANT_SIZE=64

%C%_plugins_no_emit_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_no_emit_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_no_emit_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_no_emit_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"no_emit"' -DVARIANT_NO_EMIT

%C%_plugins_misnamed_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_misnamed_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_misnamed_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_misnamed_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"other"'

%C%_plugins_other_unit_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_other_unit_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_other_unit_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_other_unit_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"other_unit"' -DVARIANT_METER='"test.good"' -DVARIANT_UNIT='"KiB"'

%C%_plugins_no_symbol_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_no_symbol_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_no_symbol_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_no_symbol_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NO_SYMBOL

%C%_plugins_undefined_la_SOURCES = %D%/plugins/variant.c
%C%_plugins_undefined_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
%C%_plugins_undefined_la_LIBADD = $(PLUGIN_LIBADD)
%C%_plugins_undefined_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT_NAME='"undefined"' -DVARIANT_UNDEFINED

unit_tests += %D%/test_http_server
%C%_test_http_server_SOURCES = %D%/test_http_server.c
%C%_test_http_server_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_http_server_LDADD = metering/libhttp.la $(LDADD)
EXTRA_DIST += %D%/fixtures/tls

unit_tests += %D%/test_openmetrics
%C%_test_openmetrics_SOURCES = %D%/test_openmetrics.c
%C%_test_openmetrics_LDADD = metering/libdaemon.la $(LDADD)
EXTRA_DIST += %D%/openmetrics.py
