# scripts
EXTRA_DIST += %D%/check-plugin-tests %D%/check-tarball %D%/format %D%/lint %D%/lint.awk %D%/new-plugin

# A plugin without a test fails the build, on each build, when all the rest is there.
all-local: $(PROGRAMS) $(LTLIBRARIES)
	$(AM_V_at)$(SHELL) $(srcdir)/%D%/check-plugin-tests $(srcdir)
check-plugin-tests:
	$(AM_V_at)$(SHELL) $(srcdir)/%D%/check-plugin-tests $(srcdir)

lint:
	$(srcdir)/%D%/lint --build $(builddir)
	@if command -v shellcheck > /dev/null; then cd $(srcdir) && $(SHELL) %D%/check-shell; else echo "no shellcheck here: shell scripts not checked"; fi

format:
	$(srcdir)/%D%/format
format-check:
	$(srcdir)/%D%/format --check
.PHONY: check-plugin-tests lint format format-check

# The demo, and the real parts that it starts.
dist_pkglibexec_SCRIPTS = %D%/real/demo %D%/real/libvirtd %D%/real/guest %D%/real/crowd %D%/real/kafka \
	%D%/real/postgres
realdir = $(pkglibexecdir)
dist_real_DATA = %D%/real/common.sh %D%/real/nova-metadata.sh %D%/real/kafka-pom.xml
EXTRA_DIST += %D%/demo %D%/test %D%/install-deps %D%/check-shell %D%/bench
