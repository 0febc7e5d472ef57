# What `make bench` runs beside the real programs; built by it alone.
bench_progs = %D%/bare_poll %D%/bare_client %D%/bare_consume %D%/bare_parse %D%/bare_insert %D%/codec
bench_progs += %D%/bare_append
bench_progs += %D%/bare_produce
bench_progs += %D%/outbox_append
bench_progs += %D%/bare_copy
bench_progs += %D%/fold
EXTRA_PROGRAMS += $(bench_progs)
CLEANFILES += $(bench_progs)

%C%_bare_poll_SOURCES = %D%/bare_poll.c %D%/timing.h
%C%_bare_poll_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS)
%C%_bare_poll_LDADD = $(LIBVIRT_LIBS) $(GLIB_LIBS)
%C%_bare_client_CFLAGS = $(AM_CFLAGS) $(LIBVIRT_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_bare_client_LDADD = $(LIBVIRT_LIBS) $(RDKAFKA_LIBS) $(GLIB_LIBS)
%C%_bare_consume_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_bare_consume_LDADD = $(RDKAFKA_LIBS) $(GLIB_LIBS)
%C%_bare_parse_CFLAGS = $(AM_CFLAGS) $(YAJL_CFLAGS) $(CRYPTO_CFLAGS)
%C%_bare_parse_LDADD = $(YAJL_LIBS) $(CRYPTO_LIBS) $(GLIB_LIBS)
%C%_bare_insert_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_bare_insert_LDADD = $(SQLITE_LIBS) $(GLIB_LIBS)

%C%_codec_SOURCES = %D%/codec.c tests/records.c tests/records.h
%C%_codec_LDADD = $(LDADD)

%C%_bare_append_SOURCES = %D%/bare_append.c %D%/timing.h
%C%_bare_append_LDADD = $(GLIB_LIBS)
%C%_bare_produce_SOURCES = %D%/bare_produce.c %D%/timing.h
%C%_bare_produce_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_bare_produce_LDADD = $(RDKAFKA_LIBS) $(GLIB_LIBS)
%C%_outbox_append_SOURCES = %D%/outbox_append.c %D%/timing.h tests/records.c tests/records.h
%C%_outbox_append_LDADD = agent/libagent.la $(LDADD)

%C%_bare_copy_SOURCES = %D%/bare_copy.c %D%/timing.h
%C%_bare_copy_CFLAGS = $(AM_CFLAGS) $(PQ_CFLAGS)
%C%_bare_copy_LDADD = $(PQ_LIBS) $(GLIB_LIBS)
%C%_fold_SOURCES = %D%/fold.c %D%/timing.h
%C%_fold_LDADD = collector/libusage.la metering/libhypermeter.la $(GLIB_LIBS)

.PHONY: bench
bench: all $(bench_progs)
	HM_BUILD='$(abs_top_builddir)' $(srcdir)/scripts/bench
EXTRA_DIST += %D%/longest_read.py
EXTRA_DIST += %D%/measure.py

bench_progs += %D%/usage_load
bench_progs += %D%/usage_read
bench_progs += %D%/usage_close
%C%_usage_load_SOURCES = %D%/usage_load.c %D%/usage_kit.c %D%/usage_kit.h %D%/timing.h
%C%_usage_load_LDADD = collector/libusage.la $(LDADD)
%C%_usage_read_SOURCES = %D%/usage_read.c %D%/usage_kit.c %D%/usage_kit.h %D%/timing.h cli/usage/group.c cli/moment.c
%C%_usage_read_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
%C%_usage_read_LDADD = collector/libusage.la $(LDADD) $(SQLITE_LIBS) $(PQ_LIBS)
%C%_usage_close_SOURCES = %D%/usage_close.c %D%/usage_kit.c %D%/usage_kit.h %D%/timing.h
%C%_usage_close_LDADD = collector/libcollect.la $(LDADD)
EXTRA_DIST += %D%/usage.sh
