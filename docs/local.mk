# docs
EXTRA_DIST += %D%/meters.md %D%/first-pollster.md \
	%D%/adr/0001-licence.md %D%/adr/0002-meter-rows-declare-needs.md \
	%D%/adr/0003-what-waits.md %D%/adr/0004-the-fold-and-metering-since.md \
	%D%/adr/0005-one-way-to-rebalance.md %D%/adr/0006-counters-that-fall.md \
	%D%/adr/0007-described-by-each-agent-process.md %D%/adr/0008-first-and-final-values.md \
	%D%/adr/0009-proc-is-a-provider.md %D%/adr/0010-one-source-carries-a-meter.md

# `make check` compares docs/meters.md with what the plugins say now; this writes it anew.
update-docs: data/list_meters$(EXEEXT) $(plugin_LTLIBRARIES)
	./data/list_meters$(EXEEXT) markdown $(METERED_PATH) > docs-meters.new && mv docs-meters.new $(srcdir)/%D%/meters.md
.PHONY: update-docs
EXTRA_DIST += %D%/architecture.md %D%/adr/README.md
EXTRA_DIST += %D%/audit.md

# The wire form, for people and for programs.
EXTRA_DIST += %D%/records.md %D%/collector.md
schemasdir = $(pkgdatadir)/schemas
dist_schemas_DATA = %D%/schemas/samples-1.json %D%/schemas/lifecycle-1.json %D%/schemas/gap-1.json \
	%D%/schemas/heartbeat-1.json \
	%D%/schemas/ingest-1.json

# How a figure comes to be, and the form in which it is kept.
EXTRA_DIST += %D%/usage.md %D%/store.md
EXTRA_DIST += %D%/sizing.md
EXTRA_DIST += %D%/billing.md
EXTRA_DIST += %D%/agent.md
EXTRA_DIST += %D%/outbox.md

dist_man_MANS += %D%/man/hypermeter.1 %D%/man/hypermeter-agent.8 %D%/man/hypermeter-agent.conf.5 %D%/man/hypermeter-polling.yaml.5 \
	%D%/man/hypermeter-collector.8 %D%/man/hypermeter-collector.conf.5
EXTRA_DIST += %D%/adr/0013-records-over-http.md
EXTRA_DIST += %D%/adr/0011-the-outbox-on-disk.md
EXTRA_DIST += %D%/adr/0012-the-collector.md
EXTRA_DIST += %D%/adr/0014-usage-for-a-bill.md
