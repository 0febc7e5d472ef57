# Tests of cli/.
unit_tests += %D%/test_moment %D%/test_group %D%/test_output %D%/test_quantity
%C%_test_moment_SOURCES = %D%/test_moment.c cli/moment.c
%C%_test_moment_LDADD = collector/libusage.la $(LDADD)
%C%_test_group_SOURCES = %D%/test_group.c cli/usage/group.c cli/moment.c
%C%_test_group_LDADD = collector/libusage.la $(LDADD)
%C%_test_output_SOURCES = %D%/test_output.c cli/output.c cli/table.c
%C%_test_quantity_SOURCES = %D%/test_quantity.c cli/usage/quantity.c cli/names.c
%C%_test_quantity_LDADD = collector/libusage.la $(LDADD)
unit_tests += %D%/test_expected
%C%_test_expected_SOURCES = %D%/test_expected.c cli/bill/expected.c
%C%_test_expected_LDADD = collector/libusage.la $(LDADD)
unit_tests += %D%/test_stretch
%C%_test_stretch_SOURCES = %D%/test_stretch.c cli/bill/stretch.c
unit_tests += %D%/test_policy
%C%_test_policy_LDADD = collector/libusage.la $(LDADD)
unit_tests += %D%/test_topics_judge
%C%_test_topics_judge_SOURCES = %D%/test_topics_judge.c cli/topics/topics_judge.c

# A store for cli.sh to ask questions of.
check_PROGRAMS += %D%/seed_store
%C%_seed_store_LDADD = collector/libcollect.la collector/libusage.la metering/libhypermeter.la $(GLIB_LIBS)
TESTS += %D%/cli.sh %D%/man_pages.sh %D%/data_files.sh %D%/check_config.sh
if !TSAN
TESTS += %D%/reload_signal.sh
endif
EXTRA_DIST += %D%/reload_signal.sh %D%/reload_signal.py
EXTRA_DIST += %D%/check_config.sh %D%/cli.sh %D%/cli_rows.py %D%/man_pages.sh %D%/data_files.sh

# An outbox for outbox_cli.sh; the fuzz target's corpus is made by it too.
check_PROGRAMS += %D%/seed_outbox
%C%_seed_outbox_LDADD = metering/libhypermeter.la $(GLIB_LIBS)
TESTS += %D%/outbox_cli.sh
TESTS += %D%/ask_cli.sh
EXTRA_DIST += %D%/ask_cli.sh
EXTRA_DIST += %D%/outbox_cli.sh
EXTRA_DIST += %D%/outbox_read.py
unit_tests += %D%/test_export
%C%_test_export_SOURCES = %D%/test_export.c cli/export/export_file.c cli/export/export_lock.c cli/export/export_manifest.c cli/export/export_verify.c
%C%_test_export_SOURCES += cli/export/export_filter.c
%C%_test_export_LDADD = tests/libcrash.la $(LDADD)

# The worked example of docs/audit.md.
TESTS += %D%/audit_doc.sh
EXTRA_DIST += %D%/audit_doc.sh
EXTRA_DIST += %D%/kit/ask.sh

# Bills, from the close to the export.
check_PROGRAMS += %D%/seed_bills
%C%_seed_bills_LDADD = collector/libcollect.la collector/libusage.la metering/libhypermeter.la $(GLIB_LIBS)
TESTS += %D%/bills.sh
EXTRA_DIST += %D%/bills.sh
TESTS += %D%/erase.sh
EXTRA_DIST += %D%/erase.sh

# A test per row of the tables in docs/usage.md.
check_PROGRAMS += %D%/feed_store
%C%_feed_store_LDADD = collector/libcollect.la collector/libusage.la metering/libhypermeter.la $(GLIB_LIBS)
TESTS += %D%/rows.sh
EXTRA_DIST += %D%/rows.sh
EXTRA_DIST += %D%/rows/rows.py
EXTRA_DIST += %D%/rows/case.py
EXTRA_DIST += %D%/rows/counters.py
EXTRA_DIST += %D%/rows/gauges.py
EXTRA_DIST += %D%/rows/owner.py
