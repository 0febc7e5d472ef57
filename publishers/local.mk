# The way out: one subject, one module.
plugin_LTLIBRARIES += %D%/file.la
%C%_file_la_SOURCES = %D%/file.c %D%/file_options.c %D%/file_write.c %D%/file_rotate.c %D%/file_private.h
%C%_file_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_file_la_LIBADD = $(PLUGIN_LIBADD)

plugin_LTLIBRARIES += %D%/kafka.la
%C%_kafka_la_SOURCES = %D%/kafka.c %D%/kafka_client.c %D%/kafka_report.c %D%/kafka_private.h %D%/kafka_options.c \
	%D%/kafka_options.h \
	%D%/kafka_declare.c \
	%D%/kafka_figures.c \
	%D%/kafka_watch.c
%C%_kafka_la_CFLAGS = $(AM_CFLAGS) $(RDKAFKA_CFLAGS)
%C%_kafka_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_kafka_la_LIBADD = $(PLUGIN_LIBADD) $(RDKAFKA_LIBS)

plugin_LTLIBRARIES += %D%/http.la
%C%_http_la_SOURCES = \
	%D%/http.c \
	%D%/http_answer.c \
	%D%/http_client.c \
	%D%/http_options.c \
	%D%/http_private.h \
	%D%/http_send.c
%C%_http_la_CFLAGS = $(AM_CFLAGS) $(SOUP_CFLAGS)
%C%_http_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_http_la_LIBADD = $(PLUGIN_LIBADD) $(SOUP_LIBS)
