# What is told: one file, one module.
plugin_LTLIBRARIES += %D%/lifecycle.la
%C%_lifecycle_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_lifecycle_la_LIBADD = $(PLUGIN_LIBADD)
plugin_LTLIBRARIES += %D%/instance_notifications.la
%C%_instance_notifications_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_instance_notifications_la_LIBADD = $(PLUGIN_LIBADD)
