# data
# What can be metered, for the collector: collected from the modules that were just built.
noinst_PROGRAMS += %D%/list_meters
%C%_list_meters_LDADD = metering/libhypermeter.la $(GLIB_LIBS)
METERED_PATH = pollsters/.libs:notifications/.libs

pkgdata_DATA += %D%/meters.json
CLEANFILES += %D%/meters.json
%D%/meters.json: %D%/list_meters$(EXEEXT) $(plugin_LTLIBRARIES)
	$(AM_V_GEN)./%D%/list_meters$(EXEEXT) json $(METERED_PATH) > $@.new && mv $@.new $@

# Completion comes from the programs' own --help.
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = %D%/hypermeter
install-data-hook:
	cd $(DESTDIR)$(completiondir) && ln -sf hypermeter hypermeter-agent && ln -sf hypermeter hypermeter-collector
	$(MKDIR_P) $(DESTDIR)$(sysusersdir) && $(INSTALL_DATA) $(srcdir)/%D%/sysusers.conf $(DESTDIR)$(sysusersdir)/hypermeter.conf
uninstall-hook:
	cd $(DESTDIR)$(completiondir) && rm -f hypermeter-agent hypermeter-collector
	rm -f $(DESTDIR)$(sysusersdir)/hypermeter.conf

# Configurations to begin with.
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/polling.yaml %D%/agent.conf %D%/collector.conf
ownersdir = $(docdir)/examples/owners
dist_owners_DATA = %D%/owners/ovirt.conf %D%/owners/cloudstack.conf %D%/owners/kubevirt.conf

# Services. Under --prefix=/usr --sysconfdir=/etc --localstatedir=/var they find everything where systemd puts it.
systemdsystemunitdir = $(prefix)/lib/systemd/system
systemdsystemunit_DATA = %D%/hypermeter-agent.service %D%/hypermeter-collector.service
sysusersdir = $(prefix)/lib/sysusers.d
EXTRA_DIST += %D%/hypermeter-agent.service.in %D%/hypermeter-collector.service.in %D%/sysusers.conf
CLEANFILES += $(systemdsystemunit_DATA)
%D%/hypermeter-agent.service: %D%/hypermeter-agent.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's#@sbindir[@]#$(sbindir)#; s#@service_type[@]#$(SERVICE_TYPE)#; s#@service_watchdog[@]#$(SERVICE_WATCHDOG)#' \
		$(srcdir)/$@.in > $@.new && mv $@.new $@
%D%/hypermeter-collector.service: %D%/hypermeter-collector.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's#@sbindir[@]#$(sbindir)#; s#@service_type[@]#$(SERVICE_TYPE)#; s#@service_watchdog[@]#$(SERVICE_WATCHDOG)#' \
		$(srcdir)/$@.in > $@.new && mv $@.new $@
