# Agent Runner. `make help` lists the targets.

PREFIX = /usr/local
DESTDIR =
CC = cc
HOSTCC = $(CC)
CFLAGS = -O2 -g
CPPFLAGS =
LDFLAGS =
AR = ar
INSTALL = install
BATS = bats
# static: libgit2 linked in, less its network; shared: as a package wants it.
LIBGIT2 = $(libgit2_default)

# What a packager should not need to change.
VERSION := $(shell cat VERSION)
BUILD = build
BIN = bin
warnings = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wundef -Wvla -Wnull-dereference -Wswitch-enum \
	-Wimplicit-fallthrough -fno-common
hardening = -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-fPIE
fortify = -D_FORTIFY_SOURCE=3
werror =
our_cppflags = -D_POSIX_C_SOURCE=200809L -iquote lib -DVERSION='"$(VERSION)"' \
	-DDATADIR='"$(PREFIX)/share/necrocode"' $(fortify)
our_cflags = -std=c17 $(warnings) $(werror) $(hardening)
our_ldflags = -pie -Wl,-z,relro,-z,now -Wl,--as-needed
# What lib/git_no_network.c and git_attributes.c stand in for is a matter of
# the version.
libgit2_version = $(shell echo LIBGIT2_VERSION | \
	$(CC) -E -P -include git2/version.h - 2>/dev/null | tail -n 1)
libgit2_archive = $(wildcard $(shell $(CC) -print-file-name=libgit2.a))
libgit2_default = $(if $(and $(filter "1.5.%",$(libgit2_version)),\
	$(libgit2_archive)),static,shared)
git_libs_shared = -lgit2
git_libs_static = -Wl,--wrap=git_attr_get_many_with_session \
	-Wl,-Bstatic -lgit2 -Wl,-Bdynamic -lpcre2-8 -lz -lhttp_parser -lmbedcrypto
libs = $(git_libs_$(LIBGIT2)) -lcurl -lyaml -ljq -lexpat -lnettle -lmicrohttpd -lzstd -lz -lm

lib_objects = $(patsubst lib/%.c,$(BUILD)/lib/%.o,$(wildcard lib/*.c)) \
	$(BUILD)/lib/mask_rules_default.o
programs = $(patsubst src/%.c,$(BIN)/%,$(wildcard src/nr-*.c))
scripts = $(BIN)/nr-run
script_parts = src/nr-run/begin.sh $(filter-out %/begin.sh %/main.sh,\
	$(wildcard src/nr-run/*.sh)) src/nr-run/main.sh
pages = $(wildcard man/*.[1-9])

test_programs = $(patsubst tests/lib/%.c,$(BUILD)/tests/%,\
	$(wildcard tests/lib/*.c)) \
	$(patsubst tests/escape/%.c,$(BUILD)/tests/escape/%,\
	$(wildcard tests/escape/*.c))
sources = $(wildcard lib/*.c lib/tools/*.c src/*.c tests/lib/*.c tests/fuzz/*.c \
	tests/escape/*.c)
headers = $(wildcard lib/*.h)
shell_scripts = $(scripts) $(wildcard share/examples/*.sh share/examples/*/*.sh tests/tools/*.sh \
	tests/bench/*.sh) .ci/run

# Debian packages by what they are for; `make deps` installs what is missing.
build_packages = gcc libc6-dev libgit2-dev libcurl4-openssl-dev libjq-dev \
	libyaml-dev libexpat1-dev nettle-dev libzstd-dev zlib1g-dev libmicrohttpd-dev
run_packages = git jq ca-certificates openssh-client
test_packages = bats parallel python3 python3-jsonschema python3-yaml \
	python3-pytest perl mandoc meson \
	procps util-linux openssl xxd nodejs file curl lighttpd \
	lighttpd-mod-openssl openssh-server gpg gpg-agent lighttpd-mod-webdav \
	python3-swift zstd python3-prometheus-client
lint_packages = clang-format clang-tidy cppcheck shellcheck clang \
	libclang-rt-14-dev
bench_packages = python3-git time ripgrep bc

.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all help deps check check-agents lint sanitize fuzz bench demo install uninstall clean \
	build-tests deps-build deps-test deps-lint deps-bench deps-agents deps-servers

all: $(programs) $(scripts)

help:
	@echo 'make            build the programs into bin/'
	@echo 'make demo       install what is missing, build, run a first task'
	@echo 'make check      install what is missing, build, run the tests'
	@echo 'make check-agents  the presets against real agents, from npm'
	@echo 'make lint       formatting and static analysis'
	@echo 'make sanitize   the tests under ASan and UBSan'
	@echo 'make fuzz       look for inputs that break something'
	@echo 'make bench      measure against sh + git, and Python'
	@echo 'make install    into DESTDIR and PREFIX ($(DESTDIR)$(PREFIX))'
	@echo 'make deps       install the Debian packages all of this needs'

# Phony prerequisites run in order only when asked to: `make -j` must not
# compile before the compiler is there.
demo:
	@$(MAKE) -s deps-build
	@$(MAKE) -s all
	@NR_BIN=$(abspath $(BIN)) share/examples/demo.sh

check:
	@$(MAKE) -s deps-build deps-test
	@$(MAKE) -s all build-tests
	NR_BIN=$(abspath $(BIN)) NR_TESTS=$(abspath $(BUILD))/tests \
		tests/tools/run-tests.sh $(TESTS)

# Real coding agents, in a place of their own.
agents = $(BUILD)/agents
check-agents:
	@$(MAKE) -s deps-build deps-test deps-agents
	@$(MAKE) -s all
	NR_BIN=$(abspath $(BIN)) NR_AGENTS=$(abspath $(agents)) \
		tests/tools/run-tests.sh tests/agents/agents.bats

deps: deps-build deps-test deps-lint deps-bench

deps-build:
	@tests/tools/install-packages.sh $(build_packages) $(run_packages)

# A machine may have an npm that is none of Debian's.
deps-test:
	@tests/tools/install-packages.sh $(test_packages) \
		$$(command -v npm >/dev/null || echo npm)
	@$(MAKE) -s deps-servers

deps-servers:
	@tests/tools/install-servers.sh build/servers

deps-agents:
	@tests/tools/install-agents.sh $(agents)

deps-lint:
	@tests/tools/install-packages.sh $(lint_packages)

deps-bench:
	@tests/tools/install-packages.sh $(bench_packages)

$(BIN)/nr-%: $(BUILD)/src/nr-%.o $(BUILD)/libnr.a
	@mkdir -p $(@D)
	$(CC) $(our_cflags) $(CFLAGS) $(our_ldflags) $(LDFLAGS) -o $@ $^ $(libs)

$(BIN)/nr-run: $(script_parts)
	@mkdir -p $(@D)
	rm -f $@
	cat $(script_parts) >$@
	chmod +x $@

$(BUILD)/libnr.a: $(lib_objects)
	rm -f $@
	$(AR) rcs $@ $^

# The table of share/patterns, compiled in. What compiles it runs here and
# now, whatever machine and checks the rest is built for.
compiler_sources = lib/tools/mask_rules_compile.c lib/mask_rules_read.c \
	lib/mask_rules_except.c lib/mask_finder_fill.c lib/buffer.c lib/error.c \
	lib/memory.c

$(BUILD)/mask_rules_compile: $(compiler_sources) $(wildcard lib/mask_*.h)
	@mkdir -p $(@D)
	$(HOSTCC) -std=c17 -O1 -D_POSIX_C_SOURCE=200809L -iquote lib -o $@ \
		$(compiler_sources)

$(BUILD)/lib/mask_rules_default.c: share/patterns/default.rules \
		$(BUILD)/mask_rules_compile
	@mkdir -p $(@D)
	$(BUILD)/mask_rules_compile $< >$@

$(BUILD)/%.o: $(BUILD)/%.c
	$(CC) $(our_cppflags) $(CPPFLAGS) $(our_cflags) $(CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(CC) $(our_cppflags) $(CPPFLAGS) $(our_cflags) $(CFLAGS) -MMD -MP \
		-c -o $@ $<

build-tests: $(test_programs)

$(BUILD)/tests/%: tests/lib/%.c $(BUILD)/libnr.a
	@mkdir -p $(@D)
	$(CC) $(our_cppflags) $(CPPFLAGS) $(our_cflags) $(CFLAGS) -MMD -MP \
		$(our_ldflags) $(LDFLAGS) -o $@ $< $(BUILD)/libnr.a $(libs)

# What tries to escape is no program of ours, and is built plainly.
$(BUILD)/tests/escape/%: tests/escape/%.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -O1 -Wall -Wextra -pthread -o $@ $<

# The whole suite again, built with the sanitizers, in a place of its own.
sanitizers = -fsanitize=address,undefined
sanitize:
	@$(MAKE) -s deps-build deps-test
	@$(MAKE) -s BUILD=build/sanitize BIN=build/sanitize/bin fortify= \
		CFLAGS='-O1 -g $(sanitizers) -fno-sanitize-recover=undefined' \
		LDFLAGS='$(sanitizers)' all build-tests
	NR_BIN=$(abspath build/sanitize/bin) \
		NR_TESTS=$(abspath build/sanitize)/tests NR_SANITIZE=1 \
		tests/tools/run-tests.sh $(TESTS)

# Longer than `make check`: libFuzzer for fuzz_seconds on each entry, and the
# property tests with new seeds.
fuzz_seconds = 60
fuzz_seed := $(shell date +%s)
fuzz_programs = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,\
	$(wildcard tests/fuzz/*.c))
fuzz_flags = -O1 -g -fsanitize=fuzzer,address,undefined

$(BUILD)/fuzz/%: tests/fuzz/%.c $(wildcard lib/*.[ch]) \
		$(BUILD)/lib/mask_rules_default.c
	@mkdir -p $(@D)
	clang $(our_cppflags) -U_FORTIFY_SOURCE $(fuzz_flags) -o $@ $< \
		$(wildcard lib/*.c) $(BUILD)/lib/mask_rules_default.c $(libs)

fuzz:
	@$(MAKE) -s deps-build deps-test deps-lint
	@$(MAKE) -s all build-tests $(fuzz_programs)
	for program in $(fuzz_programs); do \
		mkdir -p $$program.corpus && \
		$$program -max_total_time=$(fuzz_seconds) -max_len=2000 \
			-artifact_prefix=$$program. $$program.corpus \
			$$(ls -d tests/fuzz/$${program##*/}.seeds 2>/dev/null) \
			|| exit; \
	done
	$(BUILD)/tests/mask_property $(fuzz_seed) 1000
	PATH=$(abspath $(BIN)):$$PATH python3 tests/nr-mask/json_property.py \
		$(fuzz_seed) 50000
	NR_TESTS=$(abspath $(BUILD))/tests PATH=$(abspath $(BIN)):$$PATH \
		python3 tests/nr-mask/loose.py $(fuzz_seed) 100000

lint:
	@$(MAKE) -s deps-build deps-test deps-lint
	clang-format --dry-run --Werror $(sources) $(headers)
	@$(MAKE) -s $(scripts)
	shellcheck -x $(shell_scripts)
	shellcheck -x -s bash tests/helper.bash tests/servers.bash
	mandoc -T lint -W warning $(pages)
	@$(MAKE) -s BUILD=build/lint BIN=build/lint/bin werror=-Werror \
		CC='gcc -fanalyzer -Wno-analyzer-too-complex' all build-tests
	cppcheck --quiet --library=posix --std=c11 --error-exitcode=1 \
		--inline-suppr --enable=warning,performance,portability \
		--suppress=readdirCalled --suppress=getpwuidCalled \
		-D_POSIX_C_SOURCE=200809L -DVERSION='""' -DDATADIR='""' \
		-I lib lib src
	@$(MAKE) -s -j$$(nproc) $(patsubst %.c,build/tidy/%,\
		$(wildcard lib/*.c src/*.c))

build/tidy/%: %.c $(headers) .clang-tidy
	clang-tidy --quiet $< -- $(our_cppflags) -std=c17
	@mkdir -p $(@D) && touch $@

bench:
	@$(MAKE) -s deps-build deps-bench
	@$(MAKE) -s all build-tests
	NR_BIN=$(abspath $(BIN)) tests/bench/run.sh $(TOPICS)

data = share/examples share/schema share/completions share/patterns \
	share/agents share/llm share/playbooks
install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin
	$(INSTALL) -m 755 $(programs) $(scripts) $(DESTDIR)$(PREFIX)/bin
	for page in $(pages); do \
		dir=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; \
		$(INSTALL) -d $$dir && $(INSTALL) -m 644 $$page $$dir || exit; \
	done
	for dir in $(wildcard $(data)); do \
		to=$(DESTDIR)$(PREFIX)/share/necrocode/$${dir#share/}; \
		$(INSTALL) -d $$to && cp -pR $$dir/. $$to || exit; \
	done

uninstall:
	cd $(DESTDIR)$(PREFIX)/bin && rm -f $(notdir $(programs) $(scripts))
	for page in $(notdir $(pages)); do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$page; \
	done
	rm -rf $(DESTDIR)$(PREFIX)/share/necrocode

clean:
	rm -rf build $(programs) $(scripts)

-include $(wildcard $(BUILD)/lib/*.d $(BUILD)/src/*.d $(BUILD)/tests/*.d)
