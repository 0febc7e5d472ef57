# Tests of pollsters, notifications and publishers.
%C%_libkit_la_SOURCES += %D%/pollster_kit.c %D%/pollster_kit.h %D%/notice_kit.c %D%/notice_kit.h \
	%D%/host_kit.c %D%/host_kit.h %D%/reader_kit.c %D%/reader_kit.h
unit_tests += %D%/test_instance
unit_tests += %D%/test_cpu
unit_tests += %D%/test_vcpu
unit_tests += %D%/test_memory
unit_tests += %D%/test_disk
unit_tests += %D%/test_network
unit_tests += %D%/test_perf
unit_tests += %D%/test_migration
unit_tests += %D%/test_host_cpu
unit_tests += %D%/test_self
unit_tests += %D%/test_host_instances
unit_tests += %D%/test_host_pools
unit_tests += %D%/test_host_memory
unit_tests += %D%/test_host_disk
unit_tests += %D%/test_host_network
unit_tests += %D%/test_host_power
unit_tests += %D%/test_lifecycle
unit_tests += %D%/test_instance_notifications
EXTRA_DIST += \
	%D%/golden/cpu.golden %D%/golden/disk.golden %D%/golden/host_cpu.golden %D%/golden/host_disk.golden %D%/golden/host_memory.golden \
	%D%/golden/host_instances.golden %D%/golden/host_network.golden %D%/golden/host_pools.golden %D%/golden/instance.golden \
	%D%/golden/memory.golden %D%/golden/migration.golden %D%/golden/network.golden %D%/golden/perf.golden %D%/golden/self.golden \
	%D%/golden/vcpu.golden
TESTS += %D%/lint_rules.sh %D%/meters_doc.sh %D%/meter_names.sh
EXTRA_DIST += %D%/lint_rules.sh %D%/meters_doc.sh %D%/meter_names.sh %D%/new_plugin.sh

# -- publishers
%C%_libkit_la_SOURCES += %D%/publisher_kit.c %D%/publisher_kit.h
unit_tests += %D%/test_file
EXTRA_DIST += %D%/golden/file.golden
unit_tests += %D%/test_file_write
%C%_test_file_write_SOURCES = %D%/test_file_write.c publishers/file_write.c publishers/file_rotate.c publishers/file_private.h
%C%_test_file_write_CFLAGS = $(AM_CFLAGS)
%C%_test_kafka_SOURCES = %D%/test_kafka.c %D%/kafka_kit.c %D%/kafka_kit.h
%C%_test_kafka_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_test_kafka_LDADD = $(LDADD) $(RDKAFKA_LIBS)
%C%_test_kafka_declare_SOURCES = %D%/test_kafka_declare.c %D%/kafka_kit.c %D%/kafka_kit.h
%C%_test_kafka_declare_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_test_kafka_declare_LDADD = $(LDADD) $(RDKAFKA_LIBS)
%C%_test_kafka_client_SOURCES = %D%/test_kafka_client.c %D%/kafka_kit.c %D%/kafka_kit.h
%C%_test_kafka_client_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_test_kafka_client_LDADD = $(LDADD) $(RDKAFKA_LIBS)
unit_tests += %D%/test_http
%C%_test_http_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
%C%_test_http_LDADD = metering/libhttp.la $(LDADD)
