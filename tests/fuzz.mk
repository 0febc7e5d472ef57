# libFuzzer on what reads hostile bytes: the outbox's files, records, headers, signatures. It takes clang and libclang-rt (scripts/install-deps test), and
# a build of its own of what it reads with; nothing of it is in `make all`. FUZZ_SECONDS: how long each; `make -j fuzz` runs them side by
# side. A finding fails the target and lies in fuzz-findings.
FUZZ_CC = clang
FUZZ_SECONDS = 600
FUZZ_FLAGS = -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_COMPILE = $(FUZZ_CC) $(FUZZ_FLAGS) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) $(GLIB_CFLAGS) $(YAJL_CFLAGS) $(ZLIB_CFLAGS) $(CRYPTO_CFLAGS)
FUZZ_LIBS = $(GLIB_LIBS) $(YAJL_LIBS) $(ZLIB_LIBS) $(CRYPTO_LIBS) -lm
fuzzed_files = %D%/fakes/one_file.c \
	metering/segment.c metering/segment_reader.c metering/journal.c metering/journal_json.c metering/journal_print.c \
	metering/files.c metering/message.c metering/error.c metering/json.c metering/json_tree.c metering/arena.c metering/json_check.c \
	metering/unit.c metering/value.c metering/clock.c metering/resource.c
fuzzed_files += metering/decode.c metering/decode_shapes.c metering/decode_values.c metering/decode_walk.c metering/decode_refuse.c \
	metering/decode_finish.c metering/encode.c metering/record.c metering/meter.c metering/signature.c metering/secret.c
fuzzed_files += collector/pipeline/arrival.c collector/pipeline/headers.c collector/pipeline/verify.c

EXTRA_DIST += %D%/fuzz/fuzz_segment.c
EXTRA_DIST += %D%/fuzz/fuzz_record.c
EXTRA_DIST += %D%/fuzz/fuzz_headers.c
EXTRA_DIST += %D%/fuzz/fuzz_signature.c
EXTRA_DIST += %D%/fuzz/make_corpus.py
EXTRA_DIST += %D%/fuzz/make_record_corpus.py
EXTRA_DIST += %D%/fuzz/corpus

# What all of them link: compiled once.
fuzz-objects/fuzzed.a: $(fuzzed_files)
	@rm -rf fuzz-objects && $(MKDIR_P) fuzz-objects
	@echo '  FUZZ     fuzz-objects/fuzzed.a'; set -e; for file in $(fuzzed_files); do \
	  $(FUZZ_COMPILE) -c -o fuzz-objects/`basename $$file .c`.o $(srcdir)/$$file; done
	@ar crs $@ fuzz-objects/*.o

fuzz_programs = fuzz-objects/fuzz_segment fuzz-objects/fuzz_record fuzz-objects/fuzz_headers fuzz-objects/fuzz_signature
.PHONY: fuzz fuzz-programs fuzz-segment fuzz-record fuzz-headers fuzz-signature
fuzz-programs: $(fuzz_programs)
fuzz-objects/fuzz_segment: %D%/fuzz/fuzz_segment.c
fuzz-objects/fuzz_record: %D%/fuzz/fuzz_record.c
fuzz-objects/fuzz_headers: %D%/fuzz/fuzz_headers.c
fuzz-objects/fuzz_signature: %D%/fuzz/fuzz_signature.c
$(fuzz_programs): fuzz-objects/fuzzed.a
	$(FUZZ_COMPILE) -o $@ $(srcdir)/%D%/fuzz/`basename $@`.c fuzz-objects/fuzzed.a $(FUZZ_LIBS)

# New inputs go into the build tree, so that the corpus that is checked in stays as small as it is.
fuzz: fuzz-segment fuzz-record fuzz-headers fuzz-signature
fuzz-segment fuzz-record fuzz-headers fuzz-signature: fuzz-programs
	@$(MKDIR_P) fuzz-findings
	set -e; target=`echo $@ | sed s/fuzz-//`; $(MKDIR_P) fuzz-corpus/$$target; \
	G_SLICE=always-malloc ./fuzz-objects/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=60 -rss_limit_mb=2048 \
	  -print_final_stats=1 -verbosity=1 -artifact_prefix=fuzz-findings/$$target- fuzz-corpus/$$target $(srcdir)/%D%/fuzz/corpus/$$target

# Written anew by hand when the format changes.
.PHONY: update-fuzz-corpus
update-fuzz-corpus: tests/seed_outbox$(EXEEXT) tests/print_records$(EXEEXT)
	rm -rf fuzz-outbox && mkdir fuzz-outbox && ./tests/seed_outbox$(EXEEXT) fuzz-outbox
	$(srcdir)/%D%/fuzz/make_corpus.py fuzz-outbox $(srcdir)/%D%/fuzz/corpus/segment
	rm -rf fuzz-outbox
	./tests/print_records$(EXEEXT) | $(srcdir)/%D%/fuzz/make_record_corpus.py $(srcdir)/%D%/fuzz/corpus

clean-local: clean-fuzz
.PHONY: clean-fuzz
clean-fuzz:
	rm -rf fuzz-corpus fuzz-findings fuzz-outbox fuzz-objects
